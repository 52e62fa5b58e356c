// SPDX-License-Identifier: MIT
/* pumori reset: put a core or a whole device back to work */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "record.h"
#include "render.h"
#include "sample.h"
#include "session.h"

struct options {
	struct cli_number core;
	bool force;
};

/* Whose work would be lost? */
static int check_users(const struct cli_sampled_device *device)
{
	size_t others = 0;

	for (size_t i = 0; i < device->client_count; i++)
		others += device->clients[i].pid != (uint64_t)getpid();
	if (!others)
		return CLI_OK;
	return cli_fail(CLI_JOB, "accel%" PRIu64 " is in use by %zu process%s; 'pumori ps' lists them, --force resets it all "
			"the same", device->info.index, others, others == 1 ? "" : "es");
}

static int reset_device(const struct options *options, struct pumori_telemetry *telemetry,
			const struct cli_sampled_device *device, struct record *record)
{
	uint64_t start = cli_now_ns();
	struct record *row;
	int error, code = options->force || options->core.given ? CLI_OK : check_users(device);

	if (code != CLI_OK)
		return code;
	error = pumori_telemetry_reset(telemetry, (uint32_t)device->info.index,
				       options->core.given ? (int32_t)options->core.value : -1);
	if (error == PUMORI_ERROR_UNSUPPORTED)
		return cli_fail_no_family();
	if (error)
		return cli_fail_runtime(error, "accel%" PRIu64, device->info.index);
	row = record_append(record, "resets");
	record_format(row, "device", "accel%" PRIu64, device->info.index);
	if (options->core.given)
		record_unsigned(row, "core", options->core.value);
	else
		record_null(row, "core");
	record_unsigned(row, "time_ns", cli_now_ns() - start);
	return CLI_OK;
}

static int reset(const struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{ "device", "DEVICE", CLI_FORMAT_PLAIN },
		{ "core", "CORE", CLI_FORMAT_PLAIN },
		{ "time_ns", "TOOK", CLI_FORMAT_NANOSECONDS },
		{ .key = NULL },
	};
	static const struct cli_section section = { "resets", NULL, columns };
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	struct record *record;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	record = record_create();
	code = record ? cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CLIENTS, &sample) : cli_fail_memory();
	if (code == CLI_OK) {
		if (sample.count > 1 && !call->globals->device)
			code = cli_fail(CLI_USAGE, "there are %zu devices; say with -d which to reset", sample.count);
		for (size_t i = 0; i < sample.count && code == CLI_OK; i++)
			code = reset_device(call->options, telemetry, &sample.devices[i], record);
		cli_sample_free(&sample);
	}
	if (code == CLI_OK)
		code = cli_render(call->globals, "reset", record, &section, 1);
	record_destroy(record);
	pumori_telemetry_destroy(telemetry);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "core", .type = CLI_OPTION_NUMBER, .argument = "N", .help = "this core only; the others go on",
	  .offset = offsetof(struct options, core), .maximum = INT32_MAX },
	{ .name = "force", .letter = 'f', .type = CLI_OPTION_FLAG, .help = "although processes use the device",
	  .offset = offsetof(struct options, force) },
	{ .name = NULL },
};

const struct cli_command cli_command_reset = {
	.name = "reset",
	.summary = "reset a device, or one core of it",
	.description = "Takes root. A whole device is only reset when no process uses it, or with --force: their jobs end with\n"
		       "an error. Afterwards 'pumori health' tells whether it helped.",
	.run = reset,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
};
