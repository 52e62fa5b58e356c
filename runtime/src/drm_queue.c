// SPDX-License-Identifier: MIT
/* Queues of the kernel driver: submission, waiting on the completion page and then on a timeline. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xf86drm.h>

#include "device_drm.h"
#include "error.h"

#define SECOND_NS	1000000000ull
#define POLL_NS		5000	/* about what sleeping and waking up costs */

static struct drm_queue *queue_of(struct pumori_backend_queue *queue)
{
	return (struct drm_queue *)queue;
}

static struct drm_device *device_of(struct pumori_backend_queue *queue)
{
	return (struct drm_device *)queue->backend;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void destroy_id(struct drm_device *device, uint32_t id)
{
	struct drm_pumori_destroy destroy = { .id = id };

	drm_call(device->file, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy);
}

int drm_queue_create(struct pumori_backend *backend, struct pumori_backend_queue **queue)
{
	struct drm_device *device = (struct drm_device *)backend;
	struct drm_pumori_queue_create create = {
		.context_id = device->context,
		.core = device->core < 0 ? DRM_PUMORI_CORE_ANY : (uint32_t)device->core,
		.priority = device->priority,
	};
	struct drm_queue *new = calloc(1, sizeof(*new));
	void *page;
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a queue");
	error = drmSyncobjCreate(device->file, 0, &new->syncobj);
	if (error) {
		error = pumori_fail_errno(errno, "cannot create a timeline");
		goto free_queue;
	}
	error = drm_call(device->file, DRM_IOCTL_PUMORI_QUEUE_CREATE, &create);
	if (error) {
		error = pumori_fail_errno(error, "cannot create a queue (core %d, priority %u)",
					  device->core, device->priority);
		goto free_syncobj;
	}
	page = mmap(NULL, sizeof(struct pumori_hw_completion), PROT_READ, MAP_SHARED, device->file,
		    create.completion_offset);
	if (page == MAP_FAILED) {
		error = pumori_fail_errno(errno, "cannot map the completion page");
		goto free_id;
	}
	new->base.backend = backend;
	new->base.core = ~0u;
	new->id = create.id;
	new->completion = page;
	*queue = &new->base;
	return 0;
free_id:
	destroy_id(device, create.id);
free_syncobj:
	drmSyncobjDestroy(device->file, new->syncobj);
free_queue:
	free(new);
	return error;
}

void drm_queue_destroy(struct pumori_backend_queue *queue)
{
	struct drm_queue *old = queue_of(queue);
	struct drm_device *device = device_of(queue);

	munmap((void *)(uintptr_t)old->completion, sizeof(*old->completion));
	destroy_id(device, old->id);
	drmSyncobjDestroy(device->file, old->syncobj);
	free(old);
}

/* The kernel runs every job whether somebody waits or not. */
int drm_queue_submit(struct pumori_backend_queue *queue, struct pumori_job *job, uint64_t residency,
		     int detached, uint64_t *sequence)
{
	struct drm_queue *to = queue_of(queue);
	struct drm_job *what = (struct drm_job *)job;
	struct drm_pumori_sync sync = {
		.flags = DRM_PUMORI_SYNC_TIMELINE | DRM_PUMORI_SYNC_SIGNAL,
		.handle = to->syncobj,
		.value = to->submitted + 1,
	};
	struct drm_pumori_job request = {
		.program_id = job->program,
		.entry = job->entry,
		.flags = DRM_PUMORI_JOB_CHECK_NAN,
		.budget_ms = job->budget_ms,
		.residency = residency,
		.variables = { sizeof(what->variable[0]), job->variables,
			       (uintptr_t)what->variable },
		.syncs = { sizeof(sync), 1, (uintptr_t)&sync },
	};
	struct drm_pumori_submit submit = {
		.queue_id = to->id,
		.jobs = { sizeof(request), 1, (uintptr_t)&request },
	};
	int error = drm_call(device_of(queue)->file, DRM_IOCTL_PUMORI_SUBMIT, &submit);

	(void)detached;
	if (error)
		return pumori_fail_errno(error, "cannot submit a job");
	to->submitted = request.sequence;
	*sequence = request.sequence;
	return 0;
}

uint64_t drm_queue_finished(struct pumori_backend_queue *queue)
{
	struct drm_queue *of = queue_of(queue);
	uint64_t page = __atomic_load_n(&of->completion->sequence, __ATOMIC_ACQUIRE);
	uint64_t signalled = __atomic_load_n(&of->signalled, __ATOMIC_ACQUIRE);

	return page > signalled ? page : signalled;
}

/* A fence of a device that died is signalled though the page may say nothing. */
static void remember(struct drm_queue *queue, uint64_t sequence)
{
	uint64_t before = __atomic_load_n(&queue->signalled, __ATOMIC_RELAXED);

	while (before < sequence &&
	       !__atomic_compare_exchange_n(&queue->signalled, &before, sequence, 0,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

int drm_queue_wait(struct pumori_backend_queue *queue, uint64_t sequence, int64_t timeout_ns)
{
	struct drm_queue *on = queue_of(queue);
	uint64_t start, deadline = INT64_MAX, poll_end;
	int error;

	if (drm_queue_finished(queue) >= sequence)
		return 0;
	if (timeout_ns) {
		start = now_ns();
		if (timeout_ns > 0 && (uint64_t)timeout_ns < INT64_MAX - start)
			deadline = start + timeout_ns;
		poll_end = deadline - start < POLL_NS ? deadline : start + POLL_NS;
		do {
			relax();
			if (drm_queue_finished(queue) >= sequence)
				return 0;
		} while (now_ns() < poll_end);
	} else {
		deadline = 0;
	}
	error = -drmSyncobjTimelineWait(device_of(queue)->file, &on->syncobj, &sequence, 1,
					(int64_t)deadline, DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL, NULL);
	if (error)
		return pumori_fail_errno(error, "waiting for job %llu",
					 (unsigned long long)sequence);
	remember(on, sequence);
	return 0;
}

/* From the page when the device left it there, which it does for all but lost devices, else from the kernel. */
int drm_queue_record(struct pumori_backend_queue *queue, uint64_t sequence,
		     struct pumori_hw_record *record)
{
	const struct pumori_hw_record *place =
		&queue_of(queue)->completion->record[sequence % PUMORI_HW_RECORDS];
	struct drm_pumori_job_query query = { .queue_id = queue_of(queue)->id,
					      .sequence = sequence };
	int error;

	if (__atomic_load_n(&place->sequence, __ATOMIC_ACQUIRE) == sequence) {
		*record = *place;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&place->sequence, __ATOMIC_RELAXED) == sequence)
			return 0;
	}
	error = drm_call(device_of(queue)->file, DRM_IOCTL_PUMORI_JOB_QUERY, &query);
	if (error)
		return pumori_fail_errno(error, "cannot ask how job %llu ended",
					 (unsigned long long)sequence);
	*record = (struct pumori_hw_record){
		.sequence = sequence,
		.status = query.status,
		.fault = query.fault,
		.pc = query.pc,
		.stream = query.stream,
		.address = query.address,
		.cycles = query.cycles,
		.device_ns = query.device_ns,
	};
	return 0;
}
