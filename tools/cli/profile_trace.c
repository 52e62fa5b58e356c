// SPDX-License-Identifier: MIT
#include "profile_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "cli.h"
#include "profile_layers.h"
#include "profile_usage.h"

/* Numbers of groups within a profile: the application, then two a queue. */
#define GROUPS		1000000u
#define GROUP_HOST	1u
#define JOB_TRACK	0u

/** struct trace - a file in the making */
struct trace {
	FILE *file;
	/** @profile: what is written */
	const struct cli_profile *profile;
	/** @base: number of its first group */
	uint64_t base;
	/** @origin_ns: time of the trace's zero */
	uint64_t origin_ns;
	/** @flows: flows so far */
	uint64_t flows;
	/** @started: an event was written, a comma is due */
	bool started;
	bool failed;
};

static const char *mnemonic(uint8_t opcode)
{
	static const char *const names[] = {
#define ROW(name, value, text, streams, format, inputs, output) [value] = text,
		PUMORI_ISA_OPCODES(ROW)
#undef ROW
	};

	return opcode < sizeof(names) / sizeof(names[0]) && names[opcode] ? names[opcode] : "unknown";
}

/* --- Events ------------------------------------------------------------------------------------- */

/* One event; @format are its members behind the phase. */
static void __attribute__((format(printf, 3, 4))) event(struct trace *trace, char phase, const char *format, ...)
{
	va_list arguments;

	fprintf(trace->file, "%s\n{\"ph\":\"%c\",", trace->started ? "," : "", phase);
	va_start(arguments, format);
	vfprintf(trace->file, format, arguments);
	va_end(arguments);
	fputc('}', trace->file);
	trace->started = true;
}

/* A string with its quotes; to be freed. Bytes that are no UTF-8 become '?'. */
static char *quote(struct trace *trace, const char *text)
{
	struct json_object *object;
	char *clean = strdup(text), *quoted = NULL;

	for (char *c = clean; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	object = clean ? json_object_new_string(clean) : NULL;
	if (object)
		quoted = strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
	free(clean);
	trace->failed |= !quoted;
	return quoted;
}

/* Microseconds with the nanoseconds behind the point, so that nothing is rounded. */
#define TIME		"%" PRIu64 ".%03u"
#define TIME_OF(ns)	(uint64_t)(ns) / 1000, (unsigned int)((uint64_t)(ns) % 1000)

static void name_group(struct trace *trace, uint64_t group, uint64_t order, const char *name)
{
	char *quoted = quote(trace, name);

	event(trace, 'M', "\"pid\":%" PRIu64 ",\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":%s}", group,
	      quoted ? quoted : "\"\"");
	event(trace, 'M', "\"pid\":%" PRIu64 ",\"tid\":0,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":%" PRIu64
	      "}", group, order);
	free(quoted);
}

static void name_track(struct trace *trace, uint64_t group, uint64_t track, const char *name)
{
	event(trace, 'M', "\"pid\":%" PRIu64 ",\"tid\":%" PRIu64 ",\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}",
	      group, track, name);
	event(trace, 'M', "\"pid\":%" PRIu64 ",\"tid\":%" PRIu64
	      ",\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":%" PRIu64 "}", group, track, track);
}

/* --- The application ---------------------------------------------------------------------------- */

static void write_event(struct trace *trace, const struct pumori_profile_event *e)
{
	static const char *const names[] = {
		[PUMORI_PROFILE_MODEL] = "load", [PUMORI_PROFILE_SUBMIT] = "submit", [PUMORI_PROFILE_COMPLETE] = "wait",
	};
	uint64_t begin = e->begin_ns - trace->origin_ns;
	char *name;

	switch (e->type) {
	case PUMORI_PROFILE_MEMORY:
		event(trace, 'C', "\"pid\":%" PRIu64 ",\"tid\":0,\"ts\":" TIME ",\"name\":\"HBM used\",\"args\":{\"bytes\":%"
		      PRIu64 "}", trace->base, TIME_OF(begin), e->value);
		break;
	case PUMORI_PROFILE_MARK:
		name = quote(trace, e->name);
		event(trace, 'i', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"s\":\"t\",\"name\":%s", trace->base,
		      e->thread, TIME_OF(begin), name ? name : "\"\"");
		free(name);
		break;
	case PUMORI_PROFILE_SUBMIT:
	case PUMORI_PROFILE_COMPLETE:
		event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME
		      ",\"cat\":\"runtime\",\"name\":\"%s\",\"args\":{\"queue\":%u,\"job\":%" PRIu64 "}", trace->base, e->thread,
		      TIME_OF(begin), TIME_OF(e->end_ns - e->begin_ns), names[e->type], e->queue, e->sequence);
		break;
	default:
		name = quote(trace, e->type == PUMORI_PROFILE_MODEL ? names[e->type] : e->name);
		event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME ",\"cat\":\"%s\",\"name\":%s",
		      trace->base, e->thread, TIME_OF(begin), TIME_OF(e->end_ns - e->begin_ns),
		      e->type == PUMORI_PROFILE_MODEL ? "runtime" : "range", name ? name : "\"\"");
		free(name);
	}
}

/* --- Jobs --------------------------------------------------------------------------------------- */

/* Slices of one stream that belong to one layer become a slice around them. */
static void write_stream(struct trace *trace, const struct cli_profile_job *job, const struct cli_layers *layers,
			 char **names, uint32_t stream, uint64_t group, uint64_t model_ns)
{
	const struct pumori_profile_instruction *record, *first = NULL, *last = NULL;
	const double period_ns = 1e6 / trace->profile->header.clock_khz;
	size_t layer = 0;

#define MODEL_TIME(cycles) (model_ns + (uint64_t)((double)(cycles) * period_ns))
	for (size_t i = 0; i <= job->record_count; i++) {
		record = i < job->record_count ? &trace->profile->records[job->records[i]] : NULL;
		if (record && record->stream != stream)
			continue;
		if (first && (!record || cli_layers_find(layers, record->pc) != layer)) {
			event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME
			      ",\"cat\":\"layer\",\"name\":%s", group + 1, stream + 1, TIME_OF(MODEL_TIME(first->begin)),
			      TIME_OF(MODEL_TIME(last->end) - MODEL_TIME(first->begin)), names[layer]);
			event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME
			      ",\"cat\":\"layer\",\"name\":%s", group, stream + 1, TIME_OF(first->begin_ns - trace->origin_ns),
			      TIME_OF(last->begin_ns + last->host_ns - first->begin_ns), names[layer]);
			first = NULL;
		}
		if (!record)
			break;
		if (!first) {
			first = record;
			layer = cli_layers_find(layers, record->pc);
		}
		last = record;
		event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME
		      ",\"cat\":\"instruction\",\"name\":\"%s\",\"args\":{\"pc\":%u,\"waited\":%" PRIu64 ",\"bytes\":%" PRIu64
		      ",\"work\":%" PRIu64 ",\"energy_pj\":%" PRIu64 ",\"host_ns\":%" PRIu64 "}",
		      group + 1, stream + 1, TIME_OF(MODEL_TIME(record->begin)),
		      TIME_OF(MODEL_TIME(record->end) - MODEL_TIME(record->begin)), mnemonic(record->opcode), record->pc,
		      record->waited, record->bytes, record->work, record->energy_pj, record->host_ns);
	}
#undef MODEL_TIME
}

static void write_usage(struct trace *trace, const struct cli_profile_job *job, uint64_t group, uint64_t model_ns)
{
	const double period_ns = 1e6 / trace->profile->header.clock_khz;
	struct cli_usage *usage = malloc(sizeof(*usage));

	if (!usage || cli_usage_compute(usage, trace->profile, job)) {
		trace->failed = true;
		free(usage);
		return;
	}
	for (uint32_t b = 0; b <= usage->bins; b++) {
		/* The end of the job is the end of all its use. */
		bool end = b == usage->bins;
		uint64_t cycle = end ? job->cycles : b * usage->bin_cycles;
		uint64_t time = model_ns + (uint64_t)((double)cycle * period_ns);
		double seconds = (double)usage->bin_cycles * period_ns / 1e9;

		event(trace, 'C', "\"pid\":%" PRIu64 ",\"tid\":0,\"ts\":" TIME ",\"name\":\"SBUF used\",\"args\":{\"bytes\":%" PRId64
		      "}", group + 1, TIME_OF(time), end ? 0 : usage->sbuf[b]);
		event(trace, 'C', "\"pid\":%" PRIu64 ",\"tid\":0,\"ts\":" TIME ",\"name\":\"PSUM used\",\"args\":{\"bytes\":%" PRId64
		      "}", group + 1, TIME_OF(time), end ? 0 : usage->psum[b]);
		event(trace, 'C', "\"pid\":%" PRIu64 ",\"tid\":0,\"ts\":" TIME ",\"name\":\"memory traffic\",\"args\":{\"GB/s\":%.6g}",
		      group + 1, TIME_OF(time), end ? 0 : usage->memory[b] / seconds / 1e9);
		event(trace, 'C', "\"pid\":%" PRIu64 ",\"tid\":0,\"ts\":" TIME ",\"name\":\"power\",\"args\":{\"W\":%.6g}",
		      group + 1, TIME_OF(time), end ? 0 : usage->energy_pj[b] / 1e12 / seconds);
	}
	free(usage);
}

/* From the submission to the job to whoever waited for it. */
static void write_flow(struct trace *trace, const struct cli_profile_job *job, uint64_t group)
{
	const struct pumori_profile_event *submitted, *completed;
	uint64_t seen;

	if (job->submitted == SIZE_MAX || job->completed == SIZE_MAX)
		return;
	submitted = &trace->profile->events[job->submitted];
	completed = &trace->profile->events[job->completed];
	seen = job->end_ns > completed->begin_ns ? job->end_ns : completed->begin_ns;
	if (submitted->begin_ns > job->begin_ns || seen > completed->end_ns)
		return;
	trace->flows++;
	event(trace, 's', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"cat\":\"job\",\"name\":\"job\",\"id\":%" PRIu64,
	      trace->base, submitted->thread, TIME_OF(submitted->begin_ns - trace->origin_ns), trace->flows);
	event(trace, 't', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"cat\":\"job\",\"name\":\"job\",\"bp\":\"e\",\"id\":%"
	      PRIu64, group, JOB_TRACK, TIME_OF(job->begin_ns - trace->origin_ns), trace->flows);
	event(trace, 'f', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"cat\":\"job\",\"name\":\"job\",\"bp\":\"e\",\"id\":%"
	      PRIu64, trace->base, completed->thread, TIME_OF(seen - trace->origin_ns), trace->flows);
}

static void write_job(struct trace *trace, const struct cli_profile_job *job, const struct cli_layers *layers,
		      char **names, uint64_t group, uint64_t model_ns)
{
	const double period_ns = 1e6 / trace->profile->header.clock_khz;

	event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME
	      ",\"cat\":\"job\",\"name\":\"job %" PRIu64 "\",\"args\":{\"cycles\":%" PRIu64 ",\"energy_pj\":%" PRIu64 "}", group,
	      JOB_TRACK, TIME_OF(job->begin_ns - trace->origin_ns), TIME_OF(job->end_ns - job->begin_ns), job->sequence,
	      job->cycles, job->energy_pj);
	event(trace, 'X', "\"pid\":%" PRIu64 ",\"tid\":%u,\"ts\":" TIME ",\"dur\":" TIME
	      ",\"cat\":\"job\",\"name\":\"job %" PRIu64 "\",\"args\":{\"cycles\":%" PRIu64 ",\"energy_pj\":%" PRIu64 "}",
	      group + 1, JOB_TRACK, TIME_OF(model_ns), TIME_OF((uint64_t)((double)job->cycles * period_ns)), job->sequence,
	      job->cycles, job->energy_pj);
	for (uint32_t s = 0; s < CLI_PROFILE_STREAMS; s++)
		write_stream(trace, job, layers, names, s, group, model_ns);
	write_usage(trace, job, group, model_ns);
	write_flow(trace, job, group);
}

static void name_queue(struct trace *trace, uint64_t group, const struct cli_profile_job *job)
{
	char text[96], stream[16];

	snprintf(text, sizeof(text), "core %u queue %u, time of the host", job->core, job->queue);
	name_group(trace, group, group, text);
	snprintf(text, sizeof(text), "core %u queue %u, modelled chip at %u kHz", job->core, job->queue,
		 trace->profile->header.clock_khz);
	name_group(trace, group + 1, group + 1, text);
	for (uint64_t g = group; g <= group + 1; g++) {
		name_track(trace, g, JOB_TRACK, "jobs");
		for (uint32_t s = 0; s < CLI_PROFILE_STREAMS; s++) {
			cli_stream_name(stream, sizeof(stream), s);
			name_track(trace, g, s + 1, stream);
		}
	}
}

/** struct lane - a queue, in the order in which they appear */
struct lane {
	uint32_t queue;
	uint32_t core;
	/** @model_ns: until when it is taken on the modelled chip */
	uint64_t model_ns;
};

/** struct place - where a job is drawn */
struct place {
	uint64_t group;
	/** @model_ns: when the modelled chip begins it */
	uint64_t model_ns;
};

/* On a chip slower than the host, the jobs of a queue wait for each other. Return: a place a job, or NULL */
static struct place *place_jobs(struct trace *trace)
{
	const struct cli_profile *profile = trace->profile;
	struct place *places = calloc(profile->job_count + 1, sizeof(*places));
	struct lane *lanes = calloc(profile->job_count + 1, sizeof(*lanes));
	const double period_ns = 1e6 / profile->header.clock_khz;
	size_t count = 0;

	for (size_t i = 0; places && lanes && i < profile->job_count; i++) {
		const struct cli_profile_job *job = &profile->jobs[i];
		uint64_t begin = job->begin_ns - trace->origin_ns;
		struct lane *lane = lanes;

		while (lane < lanes + count && (lane->queue != job->queue || lane->core != job->core))
			lane++;
		places[i].group = trace->base + GROUP_HOST + 2 * (uint64_t)(lane - lanes);
		if (lane == lanes + count) {
			lanes[count++] = (struct lane){ job->queue, job->core, 0 };
			name_queue(trace, places[i].group, job);
		}
		places[i].model_ns = lane->model_ns > begin ? lane->model_ns : begin;
		lane->model_ns = places[i].model_ns + (uint64_t)((double)job->cycles * period_ns) + 1;
	}
	free(lanes);
	return places;
}

/* Names of layers as they are written; NULL when memory ran out. */
static char **quote_layers(struct trace *trace, const struct cli_layers *layers)
{
	char **names = calloc(layers->count, sizeof(*names));

	for (size_t i = 0; names && i < layers->count; i++)
		names[i] = quote(trace, layers->layers[i].node);
	trace->failed |= !names;
	return names;
}

static void write_jobs_of_model(struct trace *trace, uint32_t model, const char *fallback, const struct place *places)
{
	const struct cli_profile *profile = trace->profile;
	const char *path = cli_profile_model_path(profile, model);
	struct cli_layers layers;
	char **names;

	if (cli_layers_open(&layers, path ? path : fallback)) {
		trace->failed = true;
		return;
	}
	names = quote_layers(trace, &layers);
	for (size_t i = 0; i < profile->job_count && !trace->failed; i++)
		if (profile->jobs[i].model == model)
			write_job(trace, &profile->jobs[i], &layers, names, places[i].group, places[i].model_ns);
	for (size_t i = 0; names && i < layers.count; i++)
		free(names[i]);
	free(names);
	cli_layers_close(&layers);
}

static void write_profile(struct trace *trace, const char *fallback)
{
	const struct cli_profile *profile = trace->profile;
	struct place *places;
	char text[64];

	snprintf(text, sizeof(text), "application, process %u", profile->header.process);
	name_group(trace, trace->base, trace->base, text);
	for (size_t i = 0; i < profile->header.events; i++)
		write_event(trace, &profile->events[i]);
	places = place_jobs(trace);
	trace->failed |= !places;
	for (uint32_t model = 0; model <= profile->models && !trace->failed; model++)
		write_jobs_of_model(trace, model, fallback, places);
	free(places);
}

int cli_trace_write(const char *path, const struct cli_profile *profiles, size_t count, const char *fallback)
{
	struct trace trace = { .origin_ns = UINT64_MAX };
	bool written;

	trace.file = fopen(path, "we");
	if (!trace.file)
		return cli_fail(CLI_INPUT, "cannot write '%s': %s", path, strerror(errno));
	for (size_t i = 0; i < count; i++)
		if (profiles[i].header.begin_ns < trace.origin_ns)
			trace.origin_ns = profiles[i].header.begin_ns;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", trace.file);
	for (size_t i = 0; i < count && !trace.failed; i++) {
		trace.profile = &profiles[i];
		trace.base = GROUPS * (i + 1);
		write_profile(&trace, fallback);
	}
	fputs("\n]}\n", trace.file);
	written = !ferror(trace.file);
	written &= !fclose(trace.file);
	if (trace.failed)
		return cli_fail_memory();
	return written ? CLI_OK : cli_fail(CLI_INPUT, "cannot write '%s': %s", path, strerror(errno));
}
