/* SPDX-License-Identifier: MIT */
/*
 * The ioctls as plain functions.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "driver_test.h"

int call(int fd, unsigned long request, void *argument)
{
	int result;

	do {
		result = ioctl(fd, request, argument);
	} while (result < 0 && (errno == EINTR || errno == EAGAIN));
	return result < 0 ? -1 : 0;
}

int device_open(void)
{
	return open("/dev/accel/accel0", O_RDWR | O_CLOEXEC);
}

int64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

bool device_info(int fd, struct drm_pumori_device_info *info)
{
	struct drm_pumori_dev_query query = {
		.type = DRM_PUMORI_QUERY_DEVICE,
		.size = sizeof(*info),
		.pointer = (uintptr_t)info,
	};

	memset(info, 0, sizeof(*info));
	return call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0;
}

static bool add_queue(struct session *session, uint32_t core, uint32_t priority)
{
	struct drm_pumori_queue_create queue = {
		.context_id = session->context,
		.core = core,
		.priority = priority,
	};
	void *page;

	if (call(session->fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue))
		return false;
	session->queue = queue.id;
	if (session->completion)
		munmap((void *)(uintptr_t)session->completion, PAGE);
	session->completion = NULL;
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, session->fd, (off_t)queue.completion_offset);
	if (page == MAP_FAILED)
		return false;
	session->completion = page;
	return true;
}

bool session_add_queue(struct session *session, uint32_t core)
{
	return add_queue(session, core, DRM_PUMORI_PRIORITY_NORMAL);
}

bool session_open(struct session *session, uint32_t core)
{
	return session_open_priority(session, core, DRM_PUMORI_PRIORITY_NORMAL);
}

bool session_open_priority(struct session *session, uint32_t core, uint32_t priority)
{
	return session_open_on(session, device_open(), core, priority);
}

bool session_open_on(struct session *session, int fd, uint32_t core, uint32_t priority)
{
	struct drm_pumori_vm_create vm = { 0 };
	struct drm_pumori_context_create context = { 0 };

	memset(session, 0, sizeof(*session));
	session->fd = fd;
	if (session->fd < 0 || call(session->fd, DRM_IOCTL_PUMORI_VM_CREATE, &vm))
		return false;
	session->vm = vm.id;
	context.vm_id = vm.id;
	if (call(session->fd, DRM_IOCTL_PUMORI_CONTEXT_CREATE, &context))
		return false;
	session->context = context.id;
	return add_queue(session, core, priority);
}

void session_close(struct session *session)
{
	while (session->mappings--)
		munmap(session->mapping[session->mappings].data, session->mapping[session->mappings].size);
	if (session->completion)
		munmap((void *)(uintptr_t)session->completion, PAGE);
	if (session->fd >= 0)
		close(session->fd);
	memset(session, 0, sizeof(*session));
	session->fd = -1;
}

int bind_range(struct session *session, uint32_t flags, uint32_t handle, uint64_t offset, uint64_t va, uint64_t size)
{
	struct drm_pumori_bind_op op = {
		.flags = flags,
		.handle = handle,
		.offset = offset,
		.va = va,
		.size = size,
	};
	struct drm_pumori_vm_bind bind = {
		.vm_id = session->vm,
		.ops = { .stride = sizeof(op), .count = 1, .pointer = (uintptr_t)&op },
	};

	return call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind);
}

bool buffer_create(struct session *session, struct buffer *buffer, uint64_t size, uint32_t flags, uint64_t va)
{
	struct drm_pumori_bo_create create = { .size = size, .flags = flags, .vm_id = session->vm };
	struct drm_pumori_bo_mmap_offset offset = { 0 };
	void *data;

	if (session->mappings == sizeof(session->mapping) / sizeof(session->mapping[0]))
		return false;
	memset(buffer, 0, sizeof(*buffer));
	if (call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create))
		return false;
	buffer->handle = create.handle;
	buffer->size = create.size;
	buffer->va = va;
	if (bind_range(session, DRM_PUMORI_BIND_MAP, buffer->handle, 0, va, create.size))
		return false;
	offset.handle = create.handle;
	if (call(session->fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset))
		return false;
	data = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, session->fd, (off_t)offset.offset);
	if (data == MAP_FAILED)
		return false;
	buffer->data = data;
	session->mapping[session->mappings].data = data;
	session->mapping[session->mappings++].size = create.size;
	return true;
}

int program_load(struct session *session, const struct image *image, uint32_t *id, uint64_t *detail)
{
	struct drm_pumori_program_create create = {
		.vm_id = session->vm,
		.pointer = (uintptr_t)image->bytes,
		.size = image->size,
	};
	int result = call(session->fd, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &create);

	if (detail)
		*detail = create.error_detail;
	*id = create.id;
	return result;
}

uint32_t syncobj_create(int fd)
{
	struct drm_syncobj_create create = { 0 };

	return call(fd, DRM_IOCTL_SYNCOBJ_CREATE, &create) ? 0 : create.handle;
}

bool syncobj_wait(int fd, uint32_t handle, int64_t ms)
{
	struct timespec time;
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)&handle,
		.count_handles = 1,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
	};

	clock_gettime(CLOCK_MONOTONIC, &time);
	wait.timeout_nsec = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec + ms * 1000000;
	return call(fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait) == 0;
}

int submit_jobs(struct session *session, struct job *jobs, uint32_t count)
{
	struct drm_pumori_job job[8] = { 0 };
	struct drm_pumori_sync sync[8][2] = { 0 };
	struct drm_pumori_submit submit = {
		.queue_id = session->queue,
		.jobs = { .stride = sizeof(job[0]), .count = count, .pointer = (uintptr_t)job },
	};
	uint32_t i, syncs;
	int result;

	for (i = 0; i < count; i++) {
		syncs = 0;
		if (jobs[i].wait)
			sync[i][syncs++].handle = jobs[i].wait;
		if (jobs[i].signal) {
			sync[i][syncs].handle = jobs[i].signal;
			sync[i][syncs++].flags = DRM_PUMORI_SYNC_SIGNAL;
		}
		job[i].program_id = jobs[i].program;
		job[i].entry = jobs[i].entry;
		job[i].budget_ms = jobs[i].budget_ms;
		job[i].variables.stride = sizeof(jobs[i].variable[0]);
		job[i].variables.count = jobs[i].variables;
		job[i].variables.pointer = (uintptr_t)jobs[i].variable;
		job[i].scalars.stride = sizeof(jobs[i].scalar[0]);
		job[i].scalars.count = jobs[i].scalars;
		job[i].scalars.pointer = (uintptr_t)jobs[i].scalar;
		job[i].syncs.stride = sizeof(sync[i][0]);
		job[i].syncs.count = syncs;
		job[i].syncs.pointer = (uintptr_t)sync[i];
	}
	result = call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit);
	for (i = 0; i < count; i++)
		jobs[i].sequence = job[i].sequence;
	return result;
}

int job_query(struct session *session, uint64_t sequence, struct drm_pumori_job_query *query)
{
	memset(query, 0, sizeof(*query));
	query->queue_id = session->queue;
	query->sequence = sequence;
	return call(session->fd, DRM_IOCTL_PUMORI_JOB_QUERY, query);
}

bool completed(const struct session *session, uint64_t sequence, int64_t ms)
{
	int64_t end = now_ms() + ms;

	while (session->completion->sequence < sequence) {
		if (now_ms() >= end)
			return false;
		usleep(1000);
	}
	return true;
}

int run_job(struct session *session, struct job *job, int64_t ms, struct drm_pumori_job_query *query)
{
	struct drm_pumori_job_query unused;
	uint32_t signal = syncobj_create(session->fd);

	if (!query)
		query = &unused;
	job->signal = signal;
	if (!signal || submit_jobs(session, job, 1)) {
		note("submit: %s", strerror(errno));
		return -1;
	}
	if (!syncobj_wait(session->fd, signal, ms)) {
		note("not done after %lld ms", (long long)ms);
		return -1;
	}
	if (job_query(session, job->sequence, query)) {
		note("JOB_QUERY: %s", strerror(errno));
		return -1;
	}
	return (int)query->status;
}
