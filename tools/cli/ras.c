// SPDX-License-Identifier: MIT
/* pumori ras: error counters of cores */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "record.h"
#include "render.h"
#include "sample.h"

struct options {
	bool clear;
	bool all;
	struct cli_number core;
	const char *error;
};

/* All counters of a device, to be freed; prints why not. Return: how many, or a negative exit code */
static int read_errors(struct pumori_telemetry *telemetry, uint32_t device, struct pumori_telemetry_error **errors)
{
	size_t capacity = 0;
	int found, code;

	*errors = NULL;
	for (;;) {
		found = pumori_telemetry_errors(telemetry, device, *errors, capacity);
		if (found >= 0 && (size_t)found <= capacity)
			return found;
		free(*errors);
		*errors = NULL;
		if (found < 0)
			break;
		capacity = (size_t)found;
		*errors = calloc(capacity, sizeof(**errors));
		if (!*errors)
			return -cli_fail_memory();
		(*errors)[0].size = sizeof(**errors);
	}
	code = found == PUMORI_ERROR_UNSUPPORTED ? cli_fail_no_family() :
	       cli_fail_runtime(found, "cannot read the error counters of accel%u", device);
	return -code;
}

static bool is_wanted(const struct options *options, const struct pumori_telemetry_error *error)
{
	return (!options->core.given || error->core == options->core.value) &&
	       (!options->error || !strcmp(options->error, error->name));
}

static int fail_unknown(const struct pumori_telemetry_error *errors, int count, const char *name)
{
	const char *names[64];
	const char *nearest;
	size_t known = 0;

	for (int i = 0; i < count && known < 64; i++)
		names[known++] = errors[i].name;
	nearest = cli_suggest(name, names, known);
	if (nearest)
		return cli_fail(CLI_USAGE, "no counter '%s'; did you mean '%s'?", name, nearest);
	return cli_fail(CLI_USAGE, "no counter '%s'; 'pumori ras --all' lists them", name);
}

/* Clears and shows the counters of a device. */
static int take_device(const struct options *options, struct pumori_telemetry *telemetry, uint32_t device,
		       struct record *record)
{
	struct pumori_telemetry_error *errors;
	int count = read_errors(telemetry, device, &errors), code = CLI_OK, error;
	uint32_t id = 0;

	if (count < 0)
		return -count;
	for (int i = 0; i < count && options->error && !id; i++)
		if (!strcmp(errors[i].name, options->error))
			id = (uint32_t)errors[i].id;
	if (options->error && !id)
		code = fail_unknown(errors, count, options->error);
	if (code == CLI_OK && options->clear) {
		error = pumori_telemetry_clear_errors(telemetry, device,
						      options->core.given ? (int32_t)options->core.value : -1, id);
		if (error)
			code = cli_fail_runtime(error, "accel%u", device);
		free(errors);
		errors = NULL;
		count = code == CLI_OK ? read_errors(telemetry, device, &errors) : 0;
		if (count < 0)
			return -count;
	}
	for (int i = 0; i < count && code == CLI_OK; i++) {
		struct record *row;

		if (!is_wanted(options, &errors[i]) || (!options->all && !options->error && !errors[i].value))
			continue;
		row = record_append(record, "errors");
		record_format(row, "device", "accel%" PRIu64, errors[i].index);
		cli_record_known(row, "core", errors[i].core);
		record_string(row, "error", errors[i].name);
		cli_record_known(row, "id", errors[i].id);
		cli_record_known(row, "value", errors[i].value);
	}
	free(errors);
	return code;
}

static int ras(const struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{ "device", "DEVICE", CLI_FORMAT_PLAIN },
		{ "core", "CORE", CLI_FORMAT_PLAIN },
		{ "error", "ERROR", CLI_FORMAT_PLAIN },
		{ "value", "COUNT", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { "errors", NULL, columns };
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	struct record *record;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	record = record_create();
	code = record ? cli_sample_take(call->globals, telemetry, 0, &sample) : cli_fail_memory();
	if (code == CLI_OK) {
		record_list(record, "errors");
		for (size_t i = 0; i < sample.count && code == CLI_OK; i++)
			code = take_device(call->options, telemetry, (uint32_t)sample.devices[i].info.index, record);
		cli_sample_free(&sample);
	}
	if (code == CLI_OK)
		code = cli_render(call->globals, "ras", record, &section, 1);
	record_destroy(record);
	pumori_telemetry_destroy(telemetry);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "all", .letter = 'a', .type = CLI_OPTION_FLAG, .help = "counters that are 0, too",
	  .offset = offsetof(struct options, all) },
	{ .name = "core", .type = CLI_OPTION_NUMBER, .argument = "N", .help = "of this core only",
	  .offset = offsetof(struct options, core), .maximum = INT32_MAX },
	{ .name = "error", .letter = 'e', .type = CLI_OPTION_STRING, .argument = "NAME", .help = "this counter only",
	  .offset = offsetof(struct options, error) },
	{ .name = "clear", .type = CLI_OPTION_FLAG, .help = "set them to 0; takes root",
	  .offset = offsetof(struct options, clear) },
	{ .name = NULL },
};

const struct cli_command cli_command_ras = {
	.name = "ras",
	.summary = "show the error counters of cores, or clear them",
	.description = "Memory errors, faults of programs, hangs. Without --all or --error only counters that are not 0.",
	.run = ras,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
	.watch = true,
};
