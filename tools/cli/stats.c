// SPDX-License-Identifier: MIT
/* pumori stats: counters of cores, and how busy they are */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "cli.h"
#include "clients.h"
#include "cores.h"
#include "record.h"
#include "render.h"

struct options {
	struct cli_number interval;
};

static void record_core(struct record *row, const struct pumori_telemetry_core *before,
			const struct pumori_telemetry_core *after)
{
	uint64_t elapsed = before ? after->time_ns - before->time_ns : 0;

	record_format(row, "device", "accel%" PRIu64, after->index);
	record_unsigned(row, "core", after->core);
	record_double(row, "utilisation", before ? cli_core_utilisation(before, after) : NAN);
	record_double(row, "jobs_per_s", before ? cli_rate(before->jobs, after->jobs, elapsed) : NAN);
	cli_record_known(row, "busy_ns", after->busy_ns);
	cli_record_known(row, "cycles", after->cycles);
	cli_record_known(row, "instructions", after->instructions);
	cli_record_known(row, "jobs", after->jobs);
	cli_record_known(row, "jobs_failed", after->jobs_failed);
	cli_record_known(row, "jobs_lost", after->jobs_lost);
	cli_record_known(row, "resets", after->resets);
	cli_record_known(row, "queues", after->queues);
	cli_record_known(row, "pending", after->pending);
	cli_record_known(row, "energy_uj", after->energy_uj);
}

int cli_cores_record(struct record *record, const struct cli_sample *before, const struct cli_sample *after)
{
	record_list(record, "cores");
	for (size_t i = 0; i < after->count; i++) {
		const struct cli_sampled_device *device = &after->devices[i];
		const struct cli_sampled_device *earlier = cli_sample_device(before, device->info.index);

		if (device->core_error)
			return cli_fail_runtime(device->core_error, "cannot read the counters of accel%" PRIu64,
						device->info.index);
		for (size_t c = 0; c < device->core_count; c++)
			record_core(record_append(record, "cores"),
				    earlier && c < earlier->core_count ? &earlier->cores[c] : NULL, &device->cores[c]);
	}
	return CLI_OK;
}

static int render(const struct cli_globals *globals, const struct record *record)
{
	static const struct cli_column columns[] = {
		{ "device", "DEVICE", CLI_FORMAT_PLAIN },
		{ "core", "CORE", CLI_FORMAT_PLAIN },
		{ "utilisation", "UTIL", CLI_FORMAT_PERCENT },
		{ "jobs_per_s", "JOBS/S", CLI_FORMAT_COUNT },
		{ "jobs", "JOBS", CLI_FORMAT_PLAIN },
		{ "jobs_failed", "FAILED", CLI_FORMAT_PLAIN },
		{ "jobs_lost", "LOST", CLI_FORMAT_PLAIN },
		{ "pending", "PENDING", CLI_FORMAT_PLAIN },
		{ "queues", "QUEUES", CLI_FORMAT_PLAIN },
		{ "resets", "RESETS", CLI_FORMAT_PLAIN },
		{ "busy_ns", "BUSY", CLI_FORMAT_NANOSECONDS },
		{ "instructions", "INSTRUCTIONS", CLI_FORMAT_COUNT },
		{ "cycles", "CYCLES", CLI_FORMAT_COUNT },
		{ .key = NULL },
	};
	static const struct cli_section section = { "cores", NULL, columns };

	return cli_render(globals, "stats", record, &section, 1);
}

static int stats(const struct cli_call *call)
{
	const struct options *options = call->options;
	uint64_t interval_ms = options->interval.given ? options->interval.value : CLI_SAMPLE_MS;
	struct pumori_telemetry *telemetry;
	struct cli_sample before, after;
	struct record *record;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	record = record_create();
	code = record ? cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CORES, &before) : cli_fail_memory();
	if (code == CLI_OK) {
		cli_pause(interval_ms * 1000000u);
		code = cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CORES, &after);
		if (code == CLI_OK) {
			record_unsigned(record, "interval_ns", after.time_ns - before.time_ns);
			code = cli_cores_record(record, &before, &after);
			if (code == CLI_OK)
				code = render(call->globals, record);
			cli_sample_free(&after);
		}
		cli_sample_free(&before);
	}
	record_destroy(record);
	pumori_telemetry_destroy(telemetry);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "interval", .type = CLI_OPTION_SECONDS, .argument = "S", .help = "time over which UTIL and JOBS/S are taken, 0.2 without it",
	  .offset = offsetof(struct options, interval), .minimum = 10, .maximum = 3600000 },
	{ .name = NULL },
};

const struct cli_command cli_command_stats = {
	.name = "stats",
	.summary = "show the counters of cores and how busy they are",
	.description = "Counters are totals since the driver found the device.",
	.run = stats,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
	.watch = true,
};
