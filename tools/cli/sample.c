// SPDX-License-Identifier: MIT
#include "sample.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli.h"
#include "record.h"
#include "session.h"

#define SELECTOR_BYTES	128

int cli_telemetry_open(struct pumori_telemetry **telemetry)
{
	int error = pumori_telemetry_create(telemetry, NULL);

	return error ? cli_fail_runtime(error, "cannot look at the devices") : CLI_OK;
}

int cli_fail_no_device(void)
{
	if (!cli_driver_loaded())
		return cli_fail(CLI_NO_DRIVER, "no device: the driver is not loaded; try 'modprobe pumori', "
				"or look at the chip in process with '-d inproc'");
	return cli_fail(CLI_NO_DEVICE, "no device: the driver is loaded but has found none; the kernel log says why "
			"('dmesg')");
}

int cli_fail_no_family(void)
{
	if (!cli_driver_loaded())
		return cli_fail(CLI_NO_DRIVER, "the driver is not loaded; try 'modprobe pumori'");
	return cli_fail(CLI_UNSUPPORTED, "this driver has no netlink family 'pumori'; install a newer one "
			"('pumori config' and 'pumori stats' work without)");
}

/* --- Which ones --------------------------------------------------------------------------------- */

static bool is_named(const struct pumori_telemetry_device *device, const char *name)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, device->index);
	if (!strcmp(name, text) || !strcmp(name, device->node))
		return true;
	if (!strncmp(name, "accel", 5) && !strcmp(name + 5, text))
		return true;
	snprintf(text, sizeof(text), "%016" PRIx64, device->serial);
	return !strcasecmp(name, device->bus_name) || (device->uuid[0] && !strcasecmp(name, device->uuid)) ||
	       (device->serial != PUMORI_UNKNOWN && !strcasecmp(name, text));
}

/* The next name of a list with commas; false at its end. */
static bool next_name(const char **list, char name[SELECTOR_BYTES])
{
	size_t length = strcspn(*list, ",");

	if (!**list)
		return false;
	snprintf(name, SELECTOR_BYTES, "%.*s", (int)length, *list);
	*list += length + ((*list)[length] == ',');
	return true;
}

/* Keeps the devices that -d names, in the order of their indices. */
static int select_devices(const struct cli_globals *globals, struct pumori_telemetry_device *devices, int *count)
{
	const char *list = globals->device;
	char name[SELECTOR_BYTES];
	bool *wanted;
	int kept = 0;

	if (!list)
		return CLI_OK;
	wanted = calloc((size_t)*count + 1, sizeof(*wanted));
	if (!wanted)
		return cli_fail_memory();
	while (next_name(&list, name)) {
		bool found = false;

		for (int i = 0; i < *count; i++)
			if (is_named(&devices[i], name)) {
				wanted[i] = true;
				found = true;
			}
		if (found)
			continue;
		free(wanted);
		if (!strcmp(name, "inproc"))
			return cli_fail(CLI_UNSUPPORTED, "the chip in process has no telemetry: it ends with its process; "
					"'pumori info -d inproc' describes it");
		if (!*count)
			return cli_fail_no_device();
		return cli_fail(CLI_NO_DEVICE, "no device '%s'; 'pumori ls' lists the devices", name);
	}
	for (int i = 0; i < *count; i++)
		if (wanted[i])
			devices[kept++] = devices[i];
	*count = kept;
	free(wanted);
	return CLI_OK;
}

/* A device may appear between two calls, hence the loop. */
static int list_devices(struct pumori_telemetry *telemetry, struct pumori_telemetry_device **devices)
{
	size_t capacity = 0;

	*devices = NULL;
	for (;;) {
		int found = pumori_telemetry_devices(telemetry, *devices, capacity);

		if (found < 0 || (size_t)found <= capacity)
			return found;
		free(*devices);
		capacity = (size_t)found;
		*devices = calloc(capacity, sizeof(**devices));
		if (!*devices)
			return PUMORI_ERROR_MEMORY;
		(*devices)[0].size = sizeof(**devices);
	}
}

/* --- Taking it ---------------------------------------------------------------------------------- */

static int take_cores(struct pumori_telemetry *telemetry, struct cli_sampled_device *device)
{
	uint32_t index = (uint32_t)device->info.index;
	size_t capacity = 0;

	for (;;) {
		int found = pumori_telemetry_cores(telemetry, index, device->cores, capacity);

		if (found == PUMORI_ERROR_MEMORY)
			return found;
		if (found < 0) {
			device->core_error = found;
			free(device->cores);
			device->cores = NULL;
			return 0;
		}
		if ((size_t)found <= capacity) {
			device->core_count = (size_t)found;
			return 0;
		}
		free(device->cores);
		capacity = (size_t)found;
		device->cores = calloc(capacity, sizeof(*device->cores));
		if (!device->cores)
			return PUMORI_ERROR_MEMORY;
		device->cores[0].size = sizeof(*device->cores);
	}
}

static int take_clients(struct pumori_telemetry *telemetry, struct cli_sampled_device *device)
{
	uint32_t index = (uint32_t)device->info.index;
	size_t capacity = 0;

	for (;;) {
		int found = pumori_telemetry_clients(telemetry, index, device->clients, capacity);

		if (found < 0)
			return found;
		if ((size_t)found <= capacity) {
			device->client_count = (size_t)found;
			return 0;
		}
		/* Some more may come meanwhile; without room to spare this could go on for long. */
		free(device->clients);
		capacity = (size_t)found + 16;
		device->clients = calloc(capacity, sizeof(*device->clients));
		if (!device->clients)
			return PUMORI_ERROR_MEMORY;
		device->clients[0].size = sizeof(*device->clients);
	}
}

static int take_parts(struct pumori_telemetry *telemetry, unsigned int what, struct cli_sample *sample)
{
	int error = 0;

	for (size_t i = 0; i < sample->count && !error; i++) {
		if (what & CLI_SAMPLE_CORES)
			error = take_cores(telemetry, &sample->devices[i]);
		if (!error && what & CLI_SAMPLE_CLIENTS)
			error = take_clients(telemetry, &sample->devices[i]);
	}
	return error;
}

int cli_sample_take_any(const struct cli_globals *globals, struct pumori_telemetry *telemetry, unsigned int what,
			struct cli_sample *sample)
{
	struct pumori_telemetry_device *devices;
	int count = list_devices(telemetry, &devices), code, error;

	memset(sample, 0, sizeof(*sample));
	if (count < 0) {
		free(devices);
		return cli_fail_runtime(count, "cannot list the devices");
	}
	code = select_devices(globals, devices, &count);
	if (code == CLI_OK) {
		sample->devices = calloc((size_t)count + 1, sizeof(*sample->devices));
		if (!sample->devices)
			code = cli_fail_memory();
	}
	if (code == CLI_OK) {
		for (int i = 0; i < count; i++)
			sample->devices[i].info = devices[i];
		sample->count = (size_t)count;
		sample->time_ns = cli_now_ns();
		error = take_parts(telemetry, what, sample);
		if (error)
			code = cli_fail_runtime(error, "cannot look at the devices");
	}
	free(devices);
	if (code != CLI_OK)
		cli_sample_free(sample);
	return code;
}

int cli_sample_take(const struct cli_globals *globals, struct pumori_telemetry *telemetry, unsigned int what,
		    struct cli_sample *sample)
{
	int code = cli_sample_take_any(globals, telemetry, what, sample);

	if (code == CLI_OK && !sample->count) {
		cli_sample_free(sample);
		return cli_fail_no_device();
	}
	return code;
}

void cli_sample_free(struct cli_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++) {
		free(sample->devices[i].cores);
		free(sample->devices[i].clients);
	}
	free(sample->devices);
	memset(sample, 0, sizeof(*sample));
}

const struct cli_sampled_device *cli_sample_device(const struct cli_sample *sample, uint64_t index)
{
	for (size_t i = 0; i < sample->count; i++)
		if (sample->devices[i].info.index == index)
			return &sample->devices[i];
	return NULL;
}

/* --- Two of them -------------------------------------------------------------------------------- */

double cli_rate(uint64_t before, uint64_t after, uint64_t elapsed_ns)
{
	/* A counter that went back belongs to a device that was found anew. */
	if (before == PUMORI_UNKNOWN || after == PUMORI_UNKNOWN || after < before || !elapsed_ns)
		return NAN;
	return (double)(after - before) * 1e9 / (double)elapsed_ns;
}

double cli_core_utilisation(const struct pumori_telemetry_core *before, const struct pumori_telemetry_core *after)
{
	double busy;

	if (before->time_ns == PUMORI_UNKNOWN || after->time_ns == PUMORI_UNKNOWN || after->time_ns <= before->time_ns)
		return NAN;
	busy = cli_rate(before->busy_ns, after->busy_ns, after->time_ns - before->time_ns) / 1e9;
	/* The two clocks are read one after the other. */
	return busy > 1 ? 1 : busy;
}

double cli_device_utilisation(const struct cli_sampled_device *before, const struct cli_sampled_device *after)
{
	double sum = 0;

	if (!before || !after || !after->core_count || before->core_count != after->core_count)
		return NAN;
	for (size_t i = 0; i < after->core_count; i++)
		sum += cli_core_utilisation(&before->cores[i], &after->cores[i]);
	return sum / (double)after->core_count;
}

/* --- Into records ------------------------------------------------------------------------------- */

const char *cli_state_name(uint64_t state)
{
	static const char *const names[] = { NULL, "running", "resetting", "lost", "removed" };

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

void cli_record_known(struct record *record, const char *key, uint64_t value)
{
	if (value == PUMORI_UNKNOWN)
		record_null(record, key);
	else
		record_unsigned(record, key, value);
}

void cli_record_scaled(struct record *record, const char *key, uint64_t value, double divisor)
{
	record_double(record, key, value == PUMORI_UNKNOWN ? NAN : (double)value / divisor);
}

void cli_record_version(struct record *record, const char *key, uint64_t version)
{
	if (version == PUMORI_UNKNOWN)
		record_null(record, key);
	else
		record_format(record, key, "%" PRIu64 ".%" PRIu64, version >> 16, version & 0xffff);
}

void cli_record_text(struct record *record, const char *key, const char *text)
{
	record_string(record, key, text[0] ? text : NULL);
}

void cli_pause(uint64_t nanoseconds)
{
	struct timespec left = { (time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u) };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}
