// SPDX-License-Identifier: MIT
/* Queues of the kernel driver: submission, waiting on the completion page and then in the driver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xf86drm.h>

#include "device_drm.h"
#include "error.h"

#define SECOND_NS	1000000000ull

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
	error = drm_call(device->file, DRM_IOCTL_PUMORI_QUEUE_CREATE, &create);
	if (error) {
		error = pumori_fail_errno(error, "cannot create a queue (core %d, priority %u)",
					  device->core, device->priority);
		goto free_queue;
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
	free(old);
}

/* The kernel runs every job whether somebody waits or not. */
int drm_queue_submit(struct pumori_backend_queue *queue, struct pumori_job *job, uint64_t residency,
		     int detached, uint64_t *sequence)
{
	struct drm_queue *to = queue_of(queue);
	struct drm_job *what = (struct drm_job *)job;
	struct drm_pumori_job request = {
		.program_id = job->program,
		.entry = job->entry,
		.flags = DRM_PUMORI_JOB_CHECK_NAN,
		.budget_ms = job->budget_ms,
		.residency = residency,
		.variables = { sizeof(what->variable[0]), job->variables,
			       (uintptr_t)what->variable },
		.syncs = { sizeof(struct drm_pumori_sync), 0, 0 },
	};
	struct drm_pumori_submit submit = {
		.queue_id = to->id,
		.jobs = { sizeof(request), 1, (uintptr_t)&request },
	};
	int error = drm_call(device_of(queue)->file, DRM_IOCTL_PUMORI_SUBMIT, &submit);

	(void)detached;
	if (error)
		return pumori_fail_errno(error, "cannot submit a job");
	*sequence = request.sequence;
	return 0;
}

uint64_t drm_queue_finished(struct pumori_backend_queue *queue)
{
	return __atomic_load_n(&queue_of(queue)->completion->sequence, __ATOMIC_ACQUIRE);
}

static void relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

/* Sleeping and waking up costs more than a short job: so look for a while first. */
static int poll_page(struct pumori_backend_queue *queue, uint64_t sequence, uint64_t start,
		     uint64_t deadline)
{
	uint64_t end = start + device_of(queue)->poll_ns;

	if (end > deadline)
		end = deadline;
	do {
		relax();
		if (drm_queue_finished(queue) >= sequence)
			return 1;
	} while (now_ns() < end);
	return 0;
}

int drm_queue_wait(struct pumori_backend_queue *queue, uint64_t sequence, int64_t timeout_ns)
{
	struct drm_pumori_job_query query = { .queue_id = queue_of(queue)->id,
					      .flags = DRM_PUMORI_JOB_QUERY_WAIT,
					      .sequence = sequence,
					      .deadline_ns = INT64_MAX };
	uint64_t start;
	int error;

	if (drm_queue_finished(queue) >= sequence)
		return 0;
	if (timeout_ns) {
		start = now_ns();
		if (timeout_ns > 0 && (uint64_t)timeout_ns < INT64_MAX - start)
			query.deadline_ns = (int64_t)start + timeout_ns;
		if (device_of(queue)->poll_ns &&
		    poll_page(queue, sequence, start, (uint64_t)query.deadline_ns))
			return 0;
	} else {
		query.deadline_ns = 1;
	}
	error = drm_call(device_of(queue)->file, DRM_IOCTL_PUMORI_JOB_QUERY, &query);
	/* It has ended, even if it is so long ago that its record is gone. */
	if (error && error != ENODATA)
		return pumori_fail_errno(error, "waiting for job %llu",
					 (unsigned long long)sequence);
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
		.residency = query.residency,
		.nan_count = query.nan_count,
		.started = query.started,
		.ended = query.ended,
	};
	return 0;
}
