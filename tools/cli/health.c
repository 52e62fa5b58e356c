// SPDX-License-Identifier: MIT
/* pumori health: can the devices be relied on? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "cli.h"
#include "sample.h"

/* Above this the modelled chip would be damaged; the driver warns before. */
#define TEMPERATURE_LIMIT_MC	100000

struct options {
	bool quick;
};

static void check_state(struct cli_checks *checks, const char *subject, const struct pumori_telemetry_device *device)
{
	const char *state = cli_state_name(device->state);

	if (device->state == PUMORI_DEVICE_UNKNOWN)
		cli_check(checks, subject, "state", CLI_CHECK_FAILED, CLI_PERMISSION,
			  "join the group 'render' or run as root", "it cannot be asked");
	else if (device->state == PUMORI_DEVICE_LOST || device->state == PUMORI_DEVICE_REMOVED)
		cli_check(checks, subject, "state", CLI_CHECK_FAILED, CLI_DEVICE_LOST,
			  "'pumori reset', then look at 'dmesg'", "%s", state);
	else
		cli_check(checks, subject, "state", CLI_CHECK_PASSED, CLI_OK, NULL, "%s", state);
}

static void check_temperature(struct cli_checks *checks, const char *subject,
			      const struct pumori_telemetry_device *device)
{
	if (device->temperature_mc == PUMORI_UNKNOWN_SIGNED)
		cli_check(checks, subject, "temperature", CLI_CHECK_SKIPPED, CLI_OK, NULL, "not known");
	else if (device->temperature_mc > TEMPERATURE_LIMIT_MC)
		cli_check(checks, subject, "temperature", CLI_CHECK_FAILED, CLI_UNHEALTHY,
			  "let it cool, look after its fan", "%.1f C", (double)device->temperature_mc / 1000);
	else
		cli_check(checks, subject, "temperature", CLI_CHECK_PASSED, CLI_OK, NULL, "%.1f C",
			  (double)device->temperature_mc / 1000);
}

static void check_resets(struct cli_checks *checks, const char *subject, const struct cli_sampled_device *device)
{
	uint64_t resets = 0;

	if (device->core_error) {
		cli_check(checks, subject, "resets", CLI_CHECK_SKIPPED, CLI_OK, NULL, "not known");
		return;
	}
	for (size_t i = 0; i < device->core_count; i++)
		if (device->cores[i].resets != PUMORI_UNKNOWN)
			resets += device->cores[i].resets;
	cli_check(checks, subject, "resets", CLI_CHECK_PASSED, CLI_OK, NULL, "%" PRIu64 " core resets so far", resets);
}

static void check_device(struct cli_checks *checks, const struct cli_sampled_device *device, bool quick)
{
	uint64_t cycles = 0;
	char subject[32];

	snprintf(subject, sizeof(subject), "accel%" PRIu64, device->info.index);
	check_state(checks, subject, &device->info);
	check_temperature(checks, subject, &device->info);
	check_resets(checks, subject, device);
	if (quick || device->info.cores == PUMORI_UNKNOWN)
		return;
	cli_check_cores(checks, subject, device->info.node, NULL, (uint32_t)device->info.cores, &cycles);
}

/* The chip in process has nothing to look at but its answers. */
static int check_in_process(struct cli_checks *checks)
{
	struct pumori_device_info info = { .size = sizeof(info) };
	struct pumori_device *device;
	uint64_t cycles = 0;
	int error = pumori_device_open(&device, "inproc", NULL);

	if (error)
		return cli_fail_runtime(error, "cannot open the chip in process");
	error = pumori_device_info(device, &info);
	pumori_device_close(device);
	if (error)
		return cli_fail_runtime(error, "cannot ask the chip in process");
	cli_check_cores(checks, "inproc", "inproc", NULL, info.cores, &cycles);
	return CLI_OK;
}

static int check_devices(const struct cli_call *call, struct cli_checks *checks)
{
	const struct options *options = call->options;
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	code = cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CORES, &sample);
	if (code == CLI_OK) {
		for (size_t i = 0; i < sample.count; i++)
			check_device(checks, &sample.devices[i], options->quick);
		cli_sample_free(&sample);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

static int health(const struct cli_call *call)
{
	const char *name = call->globals->device ? call->globals->device : getenv("PUMORI_DEVICE");
	struct cli_checks checks = { .record = record_create() };
	int code;

	if (!checks.record)
		return cli_fail_memory();
	if (name && !strcmp(name, "inproc"))
		code = check_in_process(&checks);
	else
		code = check_devices(call, &checks);
	if (code == CLI_OK)
		code = cli_checks_render(call->globals, "health", &checks);
	record_destroy(checks.record);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "quick", .letter = 'q', .type = CLI_OPTION_FLAG, .help = "do not run the self test",
	  .offset = offsetof(struct options, quick) },
	{ .name = NULL },
};

const struct cli_command cli_command_health = {
	.name = "health",
	.summary = "check whether devices can be relied on",
	.description = "State, temperature and resets of each device, and a small model with known answers on each of its\n"
		       "cores. Ends with 10 when a check fails (4 without permission, 15 when the device is lost).",
	.run = health,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
	.watch = true,
};
