// SPDX-License-Identifier: MIT
/* A profile in words and numbers: what each layer and engine took, and what held it up. */
#include "profile_summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "cli.h"
#include "profile_layers.h"
#include "record.h"
#include "render.h"

/** struct runs - the jobs of one model */
struct runs {
	uint64_t count;
	/** @fastest: of those that were waited for, or of all, or NULL */
	const struct cli_profile_job *fastest;
};

static struct runs find_runs(const struct cli_profile *profile, uint32_t model)
{
	struct runs runs = { 0 };
	bool waited = false;

	for (size_t i = 0; i < profile->job_count; i++) {
		const struct cli_profile_job *job = &profile->jobs[i];
		bool better = !runs.fastest || job->host_ns < runs.fastest->host_ns;

		if (job->model != model)
			continue;
		/* A preload is a job that nobody waits for by its own. */
		if (job->completed != SIZE_MAX && !waited) {
			waited = true;
			better = true;
			runs.count = 0;
		}
		if (waited && job->completed == SIZE_MAX)
			continue;
		runs.count++;
		if (better)
			runs.fastest = job;
	}
	return runs;
}

static double period_ns(const struct cli_profile *profile)
{
	return 1e6 / profile->header.clock_khz;
}

static void record_engines(struct record *record, const char *model, const struct cli_profile *profile,
			   const struct cli_profile_job *job)
{
	uint64_t busy[CLI_PROFILE_STREAMS] = { 0 }, waited[CLI_PROFILE_STREAMS] = { 0 };
	uint64_t host[CLI_PROFILE_STREAMS] = { 0 }, energy[CLI_PROFILE_STREAMS] = { 0 };
	uint64_t instructions[CLI_PROFILE_STREAMS] = { 0 }, bytes[CLI_PROFILE_STREAMS] = { 0 };

	for (size_t i = 0; i < job->record_count; i++) {
		const struct pumori_profile_instruction *r = &profile->records[job->records[i]];

		busy[r->stream] += r->end - r->begin;
		waited[r->stream] += r->waited;
		host[r->stream] += r->host_ns;
		energy[r->stream] += r->energy_pj;
		bytes[r->stream] += r->bytes;
		instructions[r->stream]++;
	}
	for (uint32_t s = 0; s < CLI_PROFILE_STREAMS; s++) {
		struct record *row;
		char name[16];

		if (!instructions[s])
			continue;
		row = record_append(record, "engines");
		cli_stream_name(name, sizeof(name), s);
		record_string(row, "model", model);
		record_string(row, "engine", name);
		record_unsigned(row, "instructions", instructions[s]);
		record_unsigned(row, "cycles", busy[s]);
		record_double(row, "utilisation", job->cycles ? (double)busy[s] / (double)job->cycles : NAN);
		record_unsigned(row, "waited_cycles", waited[s]);
		record_unsigned(row, "bytes", bytes[s]);
		record_double(row, "energy_uj", (double)energy[s] / 1e6);
		record_unsigned(row, "host_ns", host[s]);
	}
}

static int by_begin(const void *a, const void *b)
{
	const struct cli_layer *left = a, *right = b;

	return left->begin < right->begin ? -1 : left->begin > right->begin;
}

/* In the order in which they begin, which ends what @layers can be asked about instructions. */
static void record_layers(struct record *record, const char *model, const struct cli_profile *profile,
			  const struct cli_profile_job *job, struct cli_layers *layers)
{
	qsort(layers->layers, layers->count, sizeof(*layers->layers), by_begin);
	for (size_t i = 0; i < layers->count; i++) {
		const struct cli_layer *layer = &layers->layers[i];
		struct record *row;
		char bound[16];

		if (!layer->instructions)
			continue;
		row = record_append(record, "layers");
		cli_layer_bound(layer, bound, sizeof(bound));
		record_string(row, "model", model);
		record_string(row, "node", layer->node);
		record_string(row, "operation", layer->operation);
		record_unsigned(row, "instructions", layer->instructions);
		record_unsigned(row, "cycles", layer->end - layer->begin);
		record_double(row, "predicted_ns", (double)(layer->end - layer->begin) * period_ns(profile));
		record_string(row, "bound", bound);
		record_unsigned(row, "waited_cycles", layer->waited);
		record_unsigned(row, "host_ns", layer->host_ns);
		record_double(row, "host_share", job->host_ns ? (double)layer->host_ns / (double)job->host_ns : NAN);
		record_unsigned(row, "macs", layer->macs);
		record_unsigned(row, "memory_bytes", layer->bytes);
		record_double(row, "energy_uj", (double)layer->energy_pj / 1e6);
	}
}

static int record_model(struct record *record, const struct cli_profile *profile, uint32_t model, const char *fallback)
{
	const char *path = cli_profile_model_path(profile, model);
	struct runs runs = find_runs(profile, model);
	const struct cli_profile_job *job = runs.fastest;
	struct cli_layers layers;
	struct record *row;

	if (!job)
		return CLI_OK;
	path = path ? path : fallback;
	if (cli_layers_open(&layers, path))
		return cli_fail_memory();
	cli_layers_add(&layers, profile, job);
	row = record_append(record, "models");
	record_string(row, "model", path);
	record_unsigned(row, "process", profile->header.process);
	record_string(row, "chip", profile->header.chip);
	record_unsigned(row, "runs", runs.count);
	record_unsigned(row, "host_ns", job->host_ns);
	record_unsigned(row, "cycles", job->cycles);
	record_double(row, "predicted_ns", (double)job->cycles * period_ns(profile));
	record_unsigned(row, "clock_khz", profile->header.clock_khz);
	record_double(row, "energy_uj", (double)job->energy_pj / 1e6);
	record_double(row, "power_w", job->cycles ? (double)job->energy_pj / 1e3 / ((double)job->cycles * period_ns(profile)) : NAN);
	record_unsigned(row, "instructions", job->record_count);
	record_engines(record, path, profile, job);
	record_layers(record, path, profile, job, &layers);
	cli_layers_close(&layers);
	return CLI_OK;
}

int cli_profile_record(struct record *record, const struct cli_profile *profiles, size_t count, const char *fallback)
{
	uint64_t lost = 0;
	int code = CLI_OK;

	record_list(record, "models");
	record_list(record, "engines");
	record_list(record, "layers");
	for (size_t i = 0; i < count; i++) {
		lost += profiles[i].header.lost;
		for (uint32_t model = 0; model <= profiles[i].models && code == CLI_OK; model++)
			code = record_model(record, &profiles[i], model, fallback);
	}
	record_unsigned(record, "lost", lost);
	return code;
}

int cli_profile_render(const struct cli_globals *globals, struct record *record)
{
	static const struct cli_column models[] = {
		{ "model", "MODEL", CLI_FORMAT_PLAIN },
		{ "runs", "RUNS", CLI_FORMAT_PLAIN },
		{ "host_ns", "HOST TIME", CLI_FORMAT_NANOSECONDS },
		{ "cycles", "CYCLES", CLI_FORMAT_PLAIN },
		{ "predicted_ns", "PREDICTED", CLI_FORMAT_NANOSECONDS },
		{ "energy_uj", "ENERGY uJ", CLI_FORMAT_SHORT },
		{ "power_w", "POWER W", CLI_FORMAT_SHORT },
		{ "instructions", "INSTRUCTIONS", CLI_FORMAT_PLAIN },
		{ "chip", "CHIP", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column engines[] = {
		{ "engine", "ENGINE", CLI_FORMAT_PLAIN },
		{ "instructions", "INSTRUCTIONS", CLI_FORMAT_PLAIN },
		{ "cycles", "CYCLES", CLI_FORMAT_PLAIN },
		{ "utilisation", "UTIL", CLI_FORMAT_PERCENT },
		{ "waited_cycles", "WAITED", CLI_FORMAT_PLAIN },
		{ "bytes", "BYTES", CLI_FORMAT_BYTES },
		{ "energy_uj", "ENERGY uJ", CLI_FORMAT_SHORT },
		{ "host_ns", "HOST TIME", CLI_FORMAT_NANOSECONDS },
		{ .key = NULL },
	};
	static const struct cli_column layers[] = {
		{ "node", "LAYER", CLI_FORMAT_PLAIN },
		{ "operation", "OPERATION", CLI_FORMAT_PLAIN },
		{ "cycles", "CYCLES", CLI_FORMAT_PLAIN },
		{ "bound", "BOUND BY", CLI_FORMAT_PLAIN },
		{ "host_ns", "HOST TIME", CLI_FORMAT_NANOSECONDS },
		{ "host_share", "SHARE", CLI_FORMAT_PERCENT },
		{ "macs", "MACS", CLI_FORMAT_COUNT },
		{ "memory_bytes", "MEMORY", CLI_FORMAT_BYTES },
		{ "energy_uj", "ENERGY uJ", CLI_FORMAT_SHORT },
		{ .key = NULL },
	};
	static const struct cli_section sections[] = {
		{ "models", "Models", models },
		{ "engines", "Engines", engines },
		{ "layers", "Layers", layers },
	};

	return cli_render(globals, "profile", record, sections, sizeof(sections) / sizeof(sections[0]));
}
