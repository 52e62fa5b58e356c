// SPDX-License-Identifier: MIT
#include "profile_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Jobs under way at once on a device; older ones get no further instructions. */
#define OPEN_JOBS	64

static bool event_is_sound(struct pumori_profile_event *event, const struct pumori_profile_header *header)
{
	event->name[sizeof(event->name) - 1] = '\0';
	return event->begin_ns <= event->end_ns && event->begin_ns >= header->begin_ns &&
	       event->end_ns <= header->end_ns && event->type >= PUMORI_PROFILE_RANGE &&
	       event->type <= PUMORI_PROFILE_MEMORY;
}

static bool record_is_sound(const struct pumori_profile_instruction *record, const struct pumori_profile_header *header)
{
	/* Far from any overflow when such numbers are added. */
	const uint64_t limit = 1ull << 56;

	return record->begin <= record->end && record->end < limit && record->waited <= record->begin &&
	       record->begin_ns >= header->begin_ns && record->begin_ns <= header->end_ns &&
	       record->host_ns <= header->end_ns - record->begin_ns && record->bytes < limit && record->work < limit &&
	       record->energy_pj < limit && record->stream < CLI_PROFILE_STREAMS && record->core < header->cores;
}

static bool check_header(const struct pumori_profile_header *header, size_t bytes, const char **reason)
{
	uint64_t rest = bytes - sizeof(*header);

	*reason = "it is no profile";
	if (header->magic != PUMORI_PROFILE_MAGIC)
		return false;
	*reason = "it is of another version of the library";
	if (header->version != PUMORI_PROFILE_VERSION ||
	    header->event_bytes != sizeof(struct pumori_profile_event) ||
	    header->instruction_bytes != sizeof(struct pumori_profile_instruction))
		return false;
	*reason = "it is damaged, or was not completed";
	if (header->events > rest / header->event_bytes)
		return false;
	rest -= header->events * header->event_bytes;
	return header->instructions <= UINT32_MAX && rest % header->instruction_bytes == 0 &&
	       header->instructions == rest / header->instruction_bytes && header->begin_ns <= header->end_ns &&
	       header->end_ns < 1ull << 62 && header->clock_khz && header->cores && header->cores <= 64;
}

/* The job of a record: one of the last, or a new one; NULL when memory ran out. */
static struct cli_profile_job *job_of(struct cli_profile *profile, const struct pumori_profile_instruction *record)
{
	size_t oldest = profile->job_count > OPEN_JOBS ? profile->job_count - OPEN_JOBS : 0;
	struct cli_profile_job *job;

	for (size_t i = profile->job_count; i > oldest; i--) {
		job = &profile->jobs[i - 1];
		if (job->queue == record->queue && job->sequence == record->sequence && job->core == record->core)
			return job;
	}
	if (profile->job_count == profile->job_capacity) {
		size_t capacity = profile->job_capacity ? 2 * profile->job_capacity : 64;
		void *grown = reallocarray(profile->jobs, capacity, sizeof(*job));

		if (!grown)
			return NULL;
		profile->jobs = grown;
		profile->job_capacity = capacity;
	}
	job = &profile->jobs[profile->job_count++];
	*job = (struct cli_profile_job){
		.queue = record->queue, .core = record->core, .sequence = record->sequence,
		.submitted = SIZE_MAX, .completed = SIZE_MAX, .begin_ns = UINT64_MAX,
	};
	return job;
}

static int take_record(struct cli_profile *profile, uint32_t index)
{
	const struct pumori_profile_instruction *record = &profile->records[index];
	struct cli_profile_job *job = job_of(profile, record);
	uint64_t end_ns = record->begin_ns + record->host_ns;

	if (!job)
		return -1;
	if (job->record_count == job->record_capacity) {
		size_t capacity = job->record_capacity ? 2 * job->record_capacity : 256;
		void *grown = reallocarray(job->records, capacity, sizeof(*job->records));

		if (!grown)
			return -1;
		job->records = grown;
		job->record_capacity = capacity;
	}
	job->records[job->record_count++] = index;
	job->begin_ns = record->begin_ns < job->begin_ns ? record->begin_ns : job->begin_ns;
	job->end_ns = end_ns > job->end_ns ? end_ns : job->end_ns;
	job->host_ns += record->host_ns;
	job->cycles = record->end > job->cycles ? record->end : job->cycles;
	job->energy_pj += record->energy_pj;
	return 0;
}

/* Each submission and each end belongs to the first job of that number that has none yet. */
static void match_events(struct cli_profile *profile)
{
	size_t first = 0;

	for (size_t e = 0; e < profile->header.events; e++) {
		const struct pumori_profile_event *event = &profile->events[e];

		if (event->type != PUMORI_PROFILE_SUBMIT && event->type != PUMORI_PROFILE_COMPLETE)
			continue;
		while (first < profile->job_count && profile->jobs[first].completed != SIZE_MAX)
			first++;
		for (size_t i = first; i < profile->job_count; i++) {
			struct cli_profile_job *job = &profile->jobs[i];
			size_t *place = event->type == PUMORI_PROFILE_SUBMIT ? &job->submitted : &job->completed;

			if (job->queue != event->queue || job->sequence != event->sequence || *place != SIZE_MAX)
				continue;
			*place = e;
			if (event->type == PUMORI_PROFILE_SUBMIT)
				job->model = event->model;
			break;
		}
	}
}

/* In each stream of a job instructions follow each other, in both times. */
static bool streams_are_ordered(const struct cli_profile *profile)
{
	for (size_t j = 0; j < profile->job_count; j++) {
		const struct cli_profile_job *job = &profile->jobs[j];
		uint64_t end[CLI_PROFILE_STREAMS] = { 0 }, end_ns[CLI_PROFILE_STREAMS] = { 0 };

		for (size_t i = 0; i < job->record_count; i++) {
			const struct pumori_profile_instruction *record = &profile->records[job->records[i]];

			if (record->begin < end[record->stream] || record->begin_ns < end_ns[record->stream])
				return false;
			end[record->stream] = record->end;
			end_ns[record->stream] = record->begin_ns + record->host_ns;
		}
	}
	return true;
}

static int copy_parts(struct cli_profile *profile, const char *data)
{
	size_t events = (size_t)profile->header.events * sizeof(*profile->events);
	size_t records = (size_t)profile->header.instructions * sizeof(*profile->records);

	profile->events = malloc(events + 1);
	profile->records = malloc(records + 1);
	if (!profile->events || !profile->records)
		return -1;
	memcpy(profile->events, data, events);
	memcpy(profile->records, data + events, records);
	return 0;
}

int cli_profile_parse(struct cli_profile *profile, const void *data, size_t bytes, const char **reason)
{
	const struct pumori_profile_header *header = &profile->header;

	memset(profile, 0, sizeof(*profile));
	*reason = "it is no profile";
	if (bytes < sizeof(*header))
		return -1;
	memcpy(&profile->header, data, sizeof(*header));
	profile->header.chip[sizeof(header->chip) - 1] = '\0';
	if (!check_header(header, bytes, reason))
		return -1;
	*reason = "out of host memory";
	if (copy_parts(profile, (const char *)data + sizeof(*header)))
		goto fail;
	*reason = "it is damaged";
	for (size_t i = 0; i < header->events; i++) {
		if (!event_is_sound(&profile->events[i], header))
			goto fail;
		profile->models += profile->events[i].type == PUMORI_PROFILE_MODEL;
	}
	/* They are numbered from 1. */
	for (size_t i = 0; i < header->events; i++)
		if (profile->events[i].model > profile->models)
			goto fail;
	for (size_t i = 0; i < header->instructions; i++) {
		if (!record_is_sound(&profile->records[i], header))
			goto fail;
		if (take_record(profile, (uint32_t)i)) {
			*reason = "out of host memory";
			goto fail;
		}
	}
	if (!streams_are_ordered(profile))
		goto fail;
	match_events(profile);
	return 0;
fail:
	cli_profile_free(profile);
	return -1;
}

void cli_profile_free(struct cli_profile *profile)
{
	for (size_t i = 0; i < profile->job_count; i++)
		free(profile->jobs[i].records);
	free(profile->jobs);
	free(profile->events);
	free(profile->records);
	memset(profile, 0, sizeof(*profile));
}

const char *cli_profile_model_path(const struct cli_profile *profile, uint32_t model)
{
	for (size_t i = 0; i < profile->header.events; i++)
		if (profile->events[i].type == PUMORI_PROFILE_MODEL && profile->events[i].model == model && model)
			return profile->events[i].name[0] ? profile->events[i].name : NULL;
	return NULL;
}

bool cli_profile_is(const char *path)
{
	FILE *file = fopen(path, "rbe");
	uint32_t magic = 0;
	bool is;

	if (!file)
		return false;
	is = fread(&magic, sizeof(magic), 1, file) == 1 && magic == PUMORI_PROFILE_MAGIC;
	fclose(file);
	return is;
}

int cli_profile_load(struct cli_profile *profile, const char *path)
{
	FILE *file = fopen(path, "rbe");
	const char *reason;
	char *data = NULL;
	size_t bytes = 0;
	long end = 0;
	int code = CLI_OK;

	if (!file)
		return cli_fail(CLI_INPUT, "cannot read '%s': %s", path, strerror(errno));
	if (fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0 || fseek(file, 0, SEEK_SET))
		code = cli_fail(CLI_INPUT, "cannot read '%s': %s", path, strerror(errno));
	if (code == CLI_OK) {
		data = malloc((size_t)end + 1);
		bytes = data ? fread(data, 1, (size_t)end, file) : 0;
		code = data ? CLI_OK : cli_fail_memory();
	}
	fclose(file);
	if (code == CLI_OK && cli_profile_parse(profile, data, bytes, &reason))
		code = cli_fail(CLI_INPUT, "cannot use '%s': %s; make it again", path, reason);
	free(data);
	return code;
}
