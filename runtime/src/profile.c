// SPDX-License-Identifier: MIT
/* Profiles: events of the host's side in memory, instructions in the traces of cores, all into one file at the end. */
#include "profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "error.h"
#include "profile_ranges.h"
#include "silicon.h"

#define DEFAULT_INSTRUCTIONS	(1ull << 22)
#define MAX_INSTRUCTIONS	(1ull << 32)
#define MAX_EVENTS		(1u << 20)
#define COPY_RECORDS		256u

/** struct pumori_profile - a recording under way */
struct pumori_profile {
	/** @file: where it goes */
	FILE *file;
	/** @lock: guards the members down to @models */
	pthread_mutex_t lock;
	/** @events: so far */
	struct pumori_profile_event *events;
	/** @event_count: how many */
	size_t event_count;
	/** @event_capacity: how many have room */
	size_t event_capacity;
	/** @lost: events that had none */
	uint64_t lost;
	/** @models: loaded so far */
	uint32_t models;
	/** @memory: device memory in use when last looked */
	uint64_t memory;
	/** @device: what is profiled */
	struct pumori_device *device;
	/** @begin_ns: when it began */
	uint64_t begin_ns;
	/** @trace: one a core */
	struct silicon_trace trace[PUMORI_HW_MAX_CORES];
	/** @info: of the device */
	struct pumori_device_info info;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t pumori_profile_now(const struct pumori_profile *profile)
{
	return profile ? now_ns() : 0;
}

/* --- Events ------------------------------------------------------------------------------------- */

static void append_locked(struct pumori_profile *profile, const struct pumori_profile_event *event)
{
	if (profile->event_count == profile->event_capacity) {
		size_t capacity = profile->event_capacity ? 2 * profile->event_capacity : 256;
		void *grown = capacity > MAX_EVENTS ? NULL :
			      reallocarray(profile->events, capacity, sizeof(*event));

		if (!grown) {
			profile->lost++;
			return;
		}
		profile->events = grown;
		profile->event_capacity = capacity;
	}
	profile->events[profile->event_count++] = *event;
}

/* A step in the use of device memory, seen whenever something else happens. */
static void look_at_memory(struct pumori_profile *profile, uint64_t time, uint32_t thread)
{
	const struct pumori_backend *backend = profile->device->backend;
	struct pumori_device_info info = { 0 };

	if (backend->ops->info(profile->device->backend, &info) || info.hbm_used == profile->memory)
		return;
	profile->memory = info.hbm_used;
	append_locked(profile, &(struct pumori_profile_event){
		.begin_ns = time, .end_ns = time, .value = info.hbm_used,
		.type = PUMORI_PROFILE_MEMORY, .thread = thread,
	});
}

void pumori_profile_event(struct pumori_profile *profile, struct pumori_profile_event *event, uint64_t begin_ns,
			  const char *name)
{
	size_t length;

	if (!profile)
		return;
	event->end_ns = now_ns();
	/* What began before the profile began with it, as far as it is concerned. */
	event->begin_ns = begin_ns < profile->begin_ns ? profile->begin_ns : begin_ns;
	event->thread = (uint32_t)syscall(SYS_gettid);
	if (name) {
		length = strlen(name);
		if (length >= sizeof(event->name))
			name += length - sizeof(event->name) + 1;
		snprintf(event->name, sizeof(event->name), "%s", name);
	}
	pthread_mutex_lock(&profile->lock);
	append_locked(profile, event);
	if (event->type == PUMORI_PROFILE_MODEL || event->type == PUMORI_PROFILE_SUBMIT)
		look_at_memory(profile, event->end_ns, event->thread);
	pthread_mutex_unlock(&profile->lock);
}

uint32_t pumori_profile_model(struct pumori_profile *profile, const char *path, uint64_t begin_ns)
{
	struct pumori_profile_event event = { .type = PUMORI_PROFILE_MODEL };

	if (!profile)
		return 0;
	pthread_mutex_lock(&profile->lock);
	event.model = ++profile->models;
	pthread_mutex_unlock(&profile->lock);
	pumori_profile_event(profile, &event, begin_ns, path);
	return event.model;
}

/* --- Writing ------------------------------------------------------------------------------------ */

static struct pumori_profile_operand operand(const struct silicon_trace_operand *from)
{
	return (struct pumori_profile_operand){
		.offset = from->offset, .extent = from->extent, .partition = from->partition,
		.partitions = from->partitions, .psum = from->psum,
	};
}

static void convert(struct pumori_profile_instruction *to, const struct silicon_trace_record *from, uint32_t core)
{
	*to = (struct pumori_profile_instruction){
		.begin = from->begin, .end = from->end, .waited = from->waited, .begin_ns = from->time,
		.host_ns = from->host_ns, .sequence = from->sequence, .bytes = from->bytes, .work = from->work,
		.energy_pj = from->energy_pj, .queue = from->queue, .pc = from->pc, .core = core,
		.opcode = from->opcode, .stream = from->stream, .dtype = from->dtype, .out = operand(&from->out),
		.in = { operand(&from->in[0]), operand(&from->in[1]), operand(&from->in[2]) },
	};
}

static int write_instructions(struct pumori_profile *profile, uint32_t core)
{
	struct pumori_profile_instruction buffer[COPY_RECORDS];
	const struct silicon_trace *trace = &profile->trace[core];
	uint64_t done = 0, i, count;

	for (; done < trace->count; done += count) {
		count = trace->count - done < COPY_RECORDS ? trace->count - done : COPY_RECORDS;
		for (i = 0; i < count; i++)
			convert(&buffer[i], &trace->record[done + i], core);
		if (fwrite(buffer, sizeof(buffer[0]), count, profile->file) != count)
			return -1;
	}
	return 0;
}

static int write_file(struct pumori_profile *profile)
{
	struct pumori_profile_header header = {
		.magic = PUMORI_PROFILE_MAGIC,
		.version = PUMORI_PROFILE_VERSION,
		.event_bytes = sizeof(struct pumori_profile_event),
		.instruction_bytes = sizeof(struct pumori_profile_instruction),
		.events = profile->event_count,
		.lost = profile->lost,
		.begin_ns = profile->begin_ns,
		.end_ns = now_ns(),
		.clock_khz = profile->info.clock_khz,
		.cores = profile->info.cores,
		.process = (uint32_t)getpid(),
	};
	uint32_t i;

	snprintf(header.chip, sizeof(header.chip), "%.31s", profile->info.name);
	for (i = 0; i < profile->info.cores; i++) {
		header.instructions += profile->trace[i].count;
		header.lost += profile->trace[i].lost;
	}
	if (fwrite(&header, sizeof(header), 1, profile->file) != 1)
		return -1;
	if (profile->event_count &&
	    fwrite(profile->events, sizeof(*profile->events), profile->event_count, profile->file) !=
		    profile->event_count)
		return -1;
	for (i = 0; i < profile->info.cores; i++)
		if (write_instructions(profile, i))
			return -1;
	return fflush(profile->file);
}

/* --- Start and stop ----------------------------------------------------------------------------- */

static void free_profile(struct pumori_profile *profile)
{
	struct pumori_backend *backend = profile->device->backend;

	backend->ops->trace(backend, profile->trace, 0);
	if (profile->file)
		fclose(profile->file);
	pthread_mutex_destroy(&profile->lock);
	free(profile->events);
	free(profile);
}

static int read_options(const struct pumori_profile_options *options, uint64_t *instructions)
{
	struct pumori_profile_options known = { 0 };
	int error;

	if (options) {
		error = pumori_options_check(options, options->size, sizeof(known), "pumori_profile_options");
		if (error)
			return error;
		memcpy(&known, options, options->size < sizeof(known) ? options->size : sizeof(known));
	}
	if (known.instructions > MAX_INSTRUCTIONS)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_profile_options: %llu instructions",
				   (unsigned long long)known.instructions);
	*instructions = known.instructions ? known.instructions : DEFAULT_INSTRUCTIONS;
	return 0;
}

static int start(struct pumori_device *device, const char *path, uint64_t instructions)
{
	struct pumori_backend *backend = device->backend;
	struct pumori_profile *profile = calloc(1, sizeof(*profile));
	int error;

	if (!profile)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a profile");
	profile->device = device;
	pthread_mutex_init(&profile->lock, NULL);
	profile->begin_ns = now_ns();
	error = backend->ops->info(backend, &profile->info);
	if (!error) {
		profile->file = fopen(path, "wbe");
		if (!profile->file)
			error = pumori_fail_errno(errno, "cannot write %s", path);
	}
	if (!error)
		error = backend->ops->trace(backend, profile->trace, instructions);
	if (error) {
		free_profile(profile);
		return error == PUMORI_ERROR_NO_DEVICE ? PUMORI_ERROR_IO : error;
	}
	backend->profile = profile;
	pumori_ranges_add(profile);
	return 0;
}

int pumori_profile_start(struct pumori_device *device, const char *path, const struct pumori_profile_options *options)
{
	PUMORI_KEEP_ERRNO();
	uint64_t instructions = 0;
	int error;

	if (!device || !path)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_profile_start: no device or no path");
	error = read_options(options, &instructions);
	if (error)
		return error;
	if (!device->backend->ops->trace)
		return pumori_fail(PUMORI_ERROR_UNSUPPORTED,
				   "the driver traces no instructions; profile the chip in process (\"inproc\")");
	if (device->backend->profile)
		return pumori_fail(PUMORI_ERROR_BUSY, "the device is being profiled already");
	return start(device, path, instructions);
}

int pumori_profile_stop(struct pumori_device *device)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_profile *profile = device ? device->backend->profile : NULL;
	int error = 0;

	if (!profile)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_profile_stop: nothing is profiled");
	pumori_ranges_remove(profile);
	device->backend->profile = NULL;
	if (write_file(profile))
		error = pumori_fail(PUMORI_ERROR_IO, "the profile could not be written; is the disk full?");
	free_profile(profile);
	return error;
}

int pumori_profile_environment(struct pumori_device *device)
{
	const char *folder = secure_getenv("PUMORI_PROFILE");
	static uint32_t devices;
	char path[4096];

	if (!folder || !*folder || !device->backend->ops->trace)
		return 0;
	snprintf(path, sizeof(path), "%s/%d-%u.profile", folder, (int)getpid(),
		 __atomic_fetch_add(&devices, 1, __ATOMIC_RELAXED));
	return start(device, path, DEFAULT_INSTRUCTIONS);
}
