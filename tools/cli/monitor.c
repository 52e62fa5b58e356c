// SPDX-License-Identifier: MIT
/* pumori monitor: one JSON object a period, for programs */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "cli.h"
#include "clients.h"
#include "cores.h"
#include "devices.h"
#include "record.h"
#include "render.h"

#define PERIOD_MS	5000u

struct options {
	const char *groups;
	const char *process;
};

enum group {
	GROUP_DEVICES = 1u << 0,
	GROUP_CORES = 1u << 1,
	GROUP_PROCESSES = 1u << 2,
	GROUP_ERRORS = 1u << 3,
	GROUP_SYSTEM = 1u << 4,
};

static const struct {
	const char *name;
	enum group group;
} groups[] = {
	{ "devices", GROUP_DEVICES }, { "cores", GROUP_CORES }, { "processes", GROUP_PROCESSES },
	{ "errors", GROUP_ERRORS }, { "system", GROUP_SYSTEM },
};
#define GROUP_COUNT (sizeof(groups) / sizeof(groups[0]))

/** struct memory - from one period to the next */
struct memory {
	struct pumori_telemetry *telemetry;
	/** @before: of the period before; empty in the first */
	struct cli_sample before;
	unsigned int groups;
	/** @process: which processes are wanted; valid when @filtered */
	regex_t process;
	bool filtered;
};

static int parse_groups(const char *list, unsigned int *wanted)
{
	const char *names[GROUP_COUNT];
	const char *nearest;
	char name[32];

	*wanted = 0;
	for (size_t i = 0; i < GROUP_COUNT; i++) {
		names[i] = groups[i].name;
		if (!list)
			*wanted |= groups[i].group;
	}
	while (list && *list) {
		size_t length = strcspn(list, ","), i;

		snprintf(name, sizeof(name), "%.*s", (int)length, list);
		for (i = 0; i < GROUP_COUNT && strcmp(groups[i].name, name); i++)
			;
		if (i == GROUP_COUNT) {
			nearest = cli_suggest(name, names, GROUP_COUNT);
			return cli_fail(CLI_USAGE, "no group '%s'; %s%s%s", name, nearest ? "did you mean '" : "there are ",
					nearest ? nearest : "devices, cores, processes, errors, system", nearest ? "'?" : "");
		}
		*wanted |= groups[i].group;
		list += length + (list[length] == ',');
	}
	return *wanted ? CLI_OK : cli_fail(CLI_USAGE, "--groups needs a group");
}

static void forget(void *pointer)
{
	struct memory *memory = pointer;

	cli_sample_free(&memory->before);
	pumori_telemetry_destroy(memory->telemetry);
	if (memory->filtered)
		regfree(&memory->process);
	free(memory);
}

static int remember(const struct cli_call *call, struct memory **place)
{
	const struct options *options = call->options;
	struct memory *memory = calloc(1, sizeof(*memory));
	int code;

	if (!memory)
		return cli_fail_memory();
	code = parse_groups(options->groups, &memory->groups);
	if (code == CLI_OK && options->process) {
		char words[128];
		int error = regcomp(&memory->process, options->process, REG_EXTENDED | REG_NOSUB);

		memory->filtered = !error;
		if (error) {
			regerror(error, &memory->process, words, sizeof(words));
			code = cli_fail(CLI_USAGE, "--process '%s': %s", options->process, words);
		}
	}
	if (code == CLI_OK)
		code = cli_telemetry_open(&memory->telemetry);
	if (code != CLI_OK) {
		forget(memory);
		return code;
	}
	*place = memory;
	*call->memory = memory;
	return CLI_OK;
}

/* Drops the processes that nobody asked for. */
static void filter(const struct memory *memory, struct cli_sample *sample)
{
	for (size_t i = 0; memory->filtered && i < sample->count; i++) {
		struct cli_sampled_device *device = &sample->devices[i];
		size_t kept = 0;

		for (size_t j = 0; j < device->client_count; j++)
			if (!regexec(&memory->process, device->clients[j].command, 0, NULL, 0))
				device->clients[kept++] = device->clients[j];
		device->client_count = kept;
	}
}

static void record_devices(struct record *record, const struct cli_sample *before, const struct cli_sample *after)
{
	record_list(record, "devices");
	for (size_t i = 0; i < after->count; i++) {
		const struct cli_sampled_device *device = &after->devices[i];
		struct record *row = record_append(record, "devices");

		cli_device_record(row, &device->info);
		record_double(row, "utilisation",
			      cli_device_utilisation(cli_sample_device(before, device->info.index), device));
		record_unsigned(row, "processes", cli_count_processes(device));
	}
}

static void record_errors(struct record *record, struct pumori_telemetry *telemetry, const struct cli_sample *sample)
{
	static struct pumori_telemetry_error errors[512];
	bool known = true;

	for (size_t i = 0; i < sample->count && known; i++) {
		int count;

		errors[0].size = sizeof(errors[0]);
		count = pumori_telemetry_errors(telemetry, (uint32_t)sample->devices[i].info.index, errors,
						sizeof(errors) / sizeof(errors[0]));
		known = count >= 0;
		for (int k = 0; k < count && (size_t)k < sizeof(errors) / sizeof(errors[0]); k++) {
			struct record *row = record_append(record, "errors");

			cli_record_known(row, "device", errors[k].index);
			cli_record_known(row, "core", errors[k].core);
			record_string(row, "error", errors[k].name);
			cli_record_known(row, "value", errors[k].value);
		}
	}
	if (known)
		record_list(record, "errors");
	else
		record_null(record, "errors");
}

static void record_system(struct record *record)
{
	struct sysinfo info;

	if (sysinfo(&info))
		return;
	record_unsigned(record, "host_memory_bytes", (uint64_t)info.totalram * info.mem_unit);
	record_unsigned(record, "host_memory_free_bytes", (uint64_t)info.freeram * info.mem_unit);
	record_double(record, "host_load_1m", (double)info.loads[0] / (1 << SI_LOAD_SHIFT));
	record_unsigned(record, "host_uptime_s", (uint64_t)info.uptime);
}

/* Not without permission; a stream goes on all the same. */
static bool cores_are_known(const struct cli_sample *sample)
{
	for (size_t i = 0; i < sample->count; i++)
		if (sample->devices[i].core_error)
			return false;
	return true;
}

static int fill(struct memory *memory, struct record *record, const struct cli_sample *sample)
{
	const struct cli_sample *before = &memory->before;
	struct timespec now;
	int code = CLI_OK;

	clock_gettime(CLOCK_REALTIME, &now);
	record_string(record, "version", PUMORI_VERSION);
	record_unsigned(record, "unix_time_ns", (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
	if (before->time_ns)
		record_unsigned(record, "period_ns", sample->time_ns - before->time_ns);
	else
		record_null(record, "period_ns");
	record_bool(record, "driver_loaded", cli_driver_loaded());
	if (memory->groups & GROUP_DEVICES)
		record_devices(record, before, sample);
	if (memory->groups & GROUP_CORES && !cores_are_known(sample))
		record_null(record, "cores");
	else if (memory->groups & GROUP_CORES)
		code = cli_cores_record(record, before, sample);
	if (memory->groups & GROUP_PROCESSES)
		cli_clients_record(record, before, sample);
	if (memory->groups & GROUP_ERRORS)
		record_errors(record, memory->telemetry, sample);
	if (memory->groups & GROUP_SYSTEM)
		record_system(record);
	return code;
}

static int monitor(const struct cli_call *call)
{
	static const struct cli_column columns[] = { { .key = NULL } };
	static const struct cli_section section = { NULL, NULL, columns };
	struct cli_globals globals = *call->globals;
	struct memory *memory = *call->memory;
	struct cli_sample sample;
	struct record *record;
	int code = memory ? CLI_OK : remember(call, &memory);

	if (globals.csv)
		return cli_fail(CLI_USAGE, "monitor prints JSON; 'pumori stats --csv --watch 5' prints rows");
	/* A device that comes later is seen, so none at all is no error. */
	if (code == CLI_OK)
		code = cli_sample_take_any(&globals, memory->telemetry, CLI_SAMPLE_CORES | CLI_SAMPLE_CLIENTS, &sample);
	if (code != CLI_OK)
		return code;
	filter(memory, &sample);
	globals.json = true;
	globals.lines = true;
	record = record_create();
	code = record ? fill(memory, record, &sample) : cli_fail_memory();
	if (code == CLI_OK)
		code = cli_render(&globals, "monitor", record, &section, 1);
	record_destroy(record);
	cli_sample_free(&memory->before);
	memory->before = sample;
	return code;
}

static const struct cli_option options[] = {
	{ .name = "groups", .letter = 'g', .type = CLI_OPTION_STRING, .argument = "LIST",
	  .help = "of devices,cores,processes,errors,system; all without it", .offset = offsetof(struct options, groups) },
	{ .name = "process", .letter = 'p', .type = CLI_OPTION_STRING, .argument = "REGEX",
	  .help = "only processes whose name matches", .offset = offsetof(struct options, process) },
	{ .name = NULL },
};

const struct cli_command cli_command_monitor = {
	.name = "monitor",
	.summary = "print one JSON object a period, for programs",
	.description = "Every 5 seconds, or as --watch says, until interrupted or --count objects were printed. Utilisation and\n"
		       "rates are those of the period; they are null in the first.",
	.run = monitor,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
	.watch = true,
	.period_ms = PERIOD_MS,
	.forget = forget,
};
