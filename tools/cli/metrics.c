// SPDX-License-Identifier: MIT
#include "metrics.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define KEY_BYTES	192

/** struct counter - one time series that only grows */
struct counter {
	char key[KEY_BYTES];
	/** @last: of the device, when last read */
	uint64_t last;
	/** @base: what it had counted before it began anew */
	uint64_t base;
};

struct cli_metrics {
	struct counter *counters;
	size_t count;
	size_t capacity;
	bool failed;
	FILE *out;
};

struct cli_metrics *cli_metrics_create(void)
{
	return calloc(1, sizeof(struct cli_metrics));
}

void cli_metrics_destroy(struct cli_metrics *metrics)
{
	if (metrics)
		free(metrics->counters);
	free(metrics);
}

/* The value of a counter since this began to look, also when the device was found anew meanwhile. */
static uint64_t advance(struct cli_metrics *metrics, const char *key, uint64_t value)
{
	struct counter *counter = NULL;

	for (size_t i = 0; i < metrics->count && !counter; i++)
		if (!strcmp(metrics->counters[i].key, key))
			counter = &metrics->counters[i];
	if (!counter) {
		if (metrics->count == metrics->capacity) {
			size_t capacity = metrics->capacity ? 2 * metrics->capacity : 128;
			void *grown = reallocarray(metrics->counters, capacity, sizeof(*counter));

			if (!grown) {
				metrics->failed = true;
				return value;
			}
			metrics->counters = grown;
			metrics->capacity = capacity;
		}
		counter = &metrics->counters[metrics->count++];
		memset(counter, 0, sizeof(*counter));
		snprintf(counter->key, sizeof(counter->key), "%s", key);
	}
	if (value < counter->last)
		counter->base += counter->last;
	counter->last = value;
	return counter->base + value;
}

static void head(struct cli_metrics *metrics, const char *name, const char *type, const char *help)
{
	fprintf(metrics->out, "# HELP pumori_%s %s\n# TYPE pumori_%s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line end are escaped, what is no ASCII becomes '?'. */
static void label(struct cli_metrics *metrics, const char *name, const char *value, bool first)
{
	fprintf(metrics->out, "%s%s=\"", first ? "" : ",", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', metrics->out);
		fputc((unsigned char)*value < 0x20 || (unsigned char)*value >= 0x7f ? '?' : *value, metrics->out);
	}
	fputc('"', metrics->out);
}

/* What names a device over boots: its UUID where there is one. */
static const char *identity(const struct pumori_telemetry_device *device)
{
	return device->uuid[0] ? device->uuid : device->bus_name;
}

static void device_labels(struct cli_metrics *metrics, const struct pumori_telemetry_device *device)
{
	char index[24];

	snprintf(index, sizeof(index), "accel%" PRIu64, device->index);
	label(metrics, "device", index, true);
	label(metrics, "bus", device->bus_name, false);
	label(metrics, "uuid", device->uuid, false);
}

/* --- Devices ------------------------------------------------------------------------------------ */

/** struct device_metric - a number of each device */
struct device_metric {
	const char *name;
	const char *help;
	size_t offset;
	/** @divisor: from the unit of the library to that of the metric */
	double divisor;
	bool counter;
};

#define DEVICE(member) offsetof(struct pumori_telemetry_device, member)
static const struct device_metric device_metrics[] = {
	{ "device_cores", "NeuronCores of the device.", DEVICE(cores), 1, false },
	{ "device_hbm_bytes", "Device memory.", DEVICE(hbm_bytes), 1, false },
	{ "device_hbm_used_bytes", "Device memory in buffers.", DEVICE(hbm_used), 1, false },
	{ "device_instructions_capacity", "Instructions that the store can hold.", DEVICE(instructions), 1, false },
	{ "device_instructions_used", "Instructions in the store.", DEVICE(instructions_used), 1, false },
	{ "device_contexts", "Contexts of all users.", DEVICE(contexts), 1, false },
	{ "device_power_watts", "Power of the modelled chip.", DEVICE(power_mw), 1e3, false },
	{ "device_energy_joules_total", "Energy of the modelled chip.", DEVICE(energy_uj), 1e6, true },
	{ "device_resets_total", "Resets of the whole device.", DEVICE(resets), 1, true },
	{ "device_events_lost_total", "Events that were never sent because there were too many.", DEVICE(events_lost), 1,
	  true },
};

static void write_device_metric(struct cli_metrics *metrics, const struct cli_sample *sample,
				const struct device_metric *metric)
{
	bool started = false;

	for (size_t i = 0; i < sample->count; i++) {
		const struct pumori_telemetry_device *device = &sample->devices[i].info;
		char key[KEY_BYTES];
		uint64_t value;

		memcpy(&value, (const char *)device + metric->offset, sizeof(value));
		if (value == PUMORI_UNKNOWN)
			continue;
		if (!started)
			head(metrics, metric->name, metric->counter ? "counter" : "gauge", metric->help);
		started = true;
		snprintf(key, sizeof(key), "%s %s", metric->name, identity(device));
		if (metric->counter)
			value = advance(metrics, key, value);
		fprintf(metrics->out, "pumori_%s{", metric->name);
		device_labels(metrics, device);
		fprintf(metrics->out, "} %.17g\n", (double)value / metric->divisor);
	}
}

static void write_temperature(struct cli_metrics *metrics, const struct cli_sample *sample)
{
	bool started = false;

	for (size_t i = 0; i < sample->count; i++) {
		const struct pumori_telemetry_device *device = &sample->devices[i].info;

		if (device->temperature_mc == PUMORI_UNKNOWN_SIGNED)
			continue;
		if (!started)
			head(metrics, "device_temperature_celsius", "gauge", "Temperature of the modelled chip.");
		started = true;
		fputs("pumori_device_temperature_celsius{", metrics->out);
		device_labels(metrics, device);
		fprintf(metrics->out, "} %.17g\n", (double)device->temperature_mc / 1000);
	}
}

static void write_states(struct cli_metrics *metrics, const struct cli_sample *sample)
{
	if (!sample->count)
		return;
	head(metrics, "device_state", "gauge", "1 for the state that the device is in.");
	for (size_t i = 0; i < sample->count; i++)
		for (uint64_t state = PUMORI_DEVICE_RUNNING; state <= PUMORI_DEVICE_LOST; state++) {
			fputs("pumori_device_state{", metrics->out);
			device_labels(metrics, &sample->devices[i].info);
			label(metrics, "state", cli_state_name(state), false);
			fprintf(metrics->out, "} %d\n", sample->devices[i].info.state == state);
		}
	head(metrics, "device_info", "gauge", "What the device is; always 1.");
	for (size_t i = 0; i < sample->count; i++) {
		const struct pumori_telemetry_device *device = &sample->devices[i].info;
		char version[24] = "";

		if (device->driver_version != PUMORI_UNKNOWN)
			snprintf(version, sizeof(version), "%" PRIu64 ".%" PRIu64, device->driver_version >> 16,
				 device->driver_version & 0xffff);
		fputs("pumori_device_info{", metrics->out);
		device_labels(metrics, device);
		label(metrics, "chip", device->name, false);
		label(metrics, "socket", device->socket, false);
		label(metrics, "driver_version", version, false);
		fputs("} 1\n", metrics->out);
	}
}

/* --- Cores -------------------------------------------------------------------------------------- */

#define CORE(member) offsetof(struct pumori_telemetry_core, member)
static const struct device_metric core_metrics[] = {
	{ "core_busy_seconds_total", "Time with work.", CORE(busy_ns), 1e9, true },
	{ "core_cycles_total", "Model cycles of finished jobs.", CORE(cycles), 1, true },
	{ "core_instructions_total", "Instructions retired.", CORE(instructions), 1, true },
	{ "core_jobs_total", "Jobs that ended, with any status.", CORE(jobs), 1, true },
	{ "core_jobs_failed_total", "Jobs that ended with a fault or were killed.", CORE(jobs_failed), 1, true },
	{ "core_jobs_lost_total", "Jobs that ended by a reset they were not to blame for.", CORE(jobs_lost), 1, true },
	{ "core_resets_total", "Resets of the core.", CORE(resets), 1, true },
	{ "core_energy_joules_total", "Energy of the modelled core.", CORE(energy_uj), 1e6, true },
	{ "core_queues", "Queues on the core.", CORE(queues), 1, false },
	{ "core_pending_jobs", "Jobs running or waiting.", CORE(pending), 1, false },
};

static void write_core_metric(struct cli_metrics *metrics, const struct cli_sample *sample,
			      const struct device_metric *metric)
{
	bool started = false;

	for (size_t i = 0; i < sample->count; i++)
		for (size_t c = 0; c < sample->devices[i].core_count; c++) {
			const struct pumori_telemetry_core *core = &sample->devices[i].cores[c];
			const struct pumori_telemetry_device *device = &sample->devices[i].info;
			char key[KEY_BYTES], number[24];
			uint64_t value;

			memcpy(&value, (const char *)core + metric->offset, sizeof(value));
			if (value == PUMORI_UNKNOWN)
				continue;
			if (!started)
				head(metrics, metric->name, metric->counter ? "counter" : "gauge", metric->help);
			started = true;
			snprintf(number, sizeof(number), "%" PRIu64, core->core);
			snprintf(key, sizeof(key), "%s %s %s", metric->name, identity(device), number);
			if (metric->counter)
				value = advance(metrics, key, value);
			fprintf(metrics->out, "pumori_%s{", metric->name);
			device_labels(metrics, device);
			label(metrics, "core", number, false);
			fprintf(metrics->out, "} %.17g\n", (double)value / metric->divisor);
		}
}

static void write_errors(struct cli_metrics *metrics, const struct cli_sample *sample,
			 const struct pumori_telemetry_error *errors, size_t count)
{
	bool started = false;

	for (size_t i = 0; i < count; i++) {
		const struct cli_sampled_device *device = cli_sample_device(sample, errors[i].index);
		char key[KEY_BYTES], core[24];

		if (!device || errors[i].value == PUMORI_UNKNOWN)
			continue;
		if (!started)
			head(metrics, "core_errors_total", "counter", "Errors by kind.");
		started = true;
		snprintf(core, sizeof(core), "%" PRIu64, errors[i].core);
		snprintf(key, sizeof(key), "errors %s %s %s", identity(&device->info), core, errors[i].name);
		fputs("pumori_core_errors_total{", metrics->out);
		device_labels(metrics, &device->info);
		label(metrics, "core", core, false);
		label(metrics, "error", errors[i].name, false);
		fprintf(metrics->out, "} %.17g\n", (double)advance(metrics, key, errors[i].value));
	}
}

char *cli_metrics_text(struct cli_metrics *metrics, const struct cli_sample *sample,
		       const struct pumori_telemetry_error *errors, size_t error_count, size_t *bytes)
{
	char *text = NULL;

	metrics->failed = false;
	metrics->out = open_memstream(&text, bytes);
	if (!metrics->out)
		return NULL;
	head(metrics, "build_info", "gauge", "Version of the exporter; always 1.");
	fprintf(metrics->out, "pumori_build_info{version=\"%s\"} 1\n", PUMORI_VERSION);
	head(metrics, "driver_loaded", "gauge", "1 when the kernel module is there.");
	fprintf(metrics->out, "pumori_driver_loaded %d\n", cli_driver_loaded());
	head(metrics, "devices", "gauge", "Devices of this machine.");
	fprintf(metrics->out, "pumori_devices %zu\n", sample->count);
	write_states(metrics, sample);
	write_temperature(metrics, sample);
	for (size_t i = 0; i < sizeof(device_metrics) / sizeof(device_metrics[0]); i++)
		write_device_metric(metrics, sample, &device_metrics[i]);
	for (size_t i = 0; i < sizeof(core_metrics) / sizeof(core_metrics[0]); i++)
		write_core_metric(metrics, sample, &core_metrics[i]);
	write_errors(metrics, sample, errors, error_count);
	metrics->failed |= ferror(metrics->out) != 0;
	if (fclose(metrics->out) || metrics->failed) {
		free(text);
		return NULL;
	}
	return text;
}
