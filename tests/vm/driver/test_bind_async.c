/* SPDX-License-Identifier: MIT */
/*
 * VM_BIND later, when fences say so: order, what it refuses, and what a failure costs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver_test.h"

#define BYTES	(16u * 1024)
#define VA	(1ull << 35)
#define SOURCE	(2ull << 35)
#define TARGET	(3ull << 35)

struct fixture {
	struct session session;
	struct buffer source[2];
	struct buffer target;
	struct job copy;
	struct job spin;
};

static int bind_async(struct session *session, struct drm_pumori_bind_op *ops, uint32_t count,
		      struct drm_pumori_sync *syncs, uint32_t sync_count)
{
	struct drm_pumori_vm_bind bind = {
		.vm_id = session->vm,
		.flags = DRM_PUMORI_VM_BIND_ASYNC,
		.ops = { .stride = sizeof(*ops), .count = count, .pointer = (uintptr_t)ops },
		.syncs = { .stride = sizeof(*syncs), .count = sync_count, .pointer = (uintptr_t)syncs },
	};

	return call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind);
}

static struct drm_pumori_bind_op map_op(const struct buffer *buffer)
{
	return (struct drm_pumori_bind_op){ .handle = buffer->handle, .va = VA, .size = BYTES };
}

static struct drm_pumori_bind_op unmap_op(void)
{
	return (struct drm_pumori_bind_op){ .flags = DRM_PUMORI_BIND_UNMAP, .va = VA, .size = BYTES };
}

static struct drm_pumori_sync sync_of(uint32_t handle, uint64_t value, uint32_t signal)
{
	return (struct drm_pumori_sync){
		.flags = (value ? DRM_PUMORI_SYNC_TIMELINE : DRM_PUMORI_SYNC_SYNCOBJ) | signal,
		.handle = handle,
		.value = value,
	};
}

static bool point_wait(int fd, uint32_t handle, uint64_t point, int64_t ms)
{
	struct drm_syncobj_timeline_wait wait = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.timeout_nsec = (now_ms() + ms) * 1000000,
	};

	return call(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait) == 0;
}

/* A session whose program copies from VA, where nothing is, to the target; the sources are full of 1 and 2. */
static bool fixture_open(struct fixture *fixture)
{
	struct image copy, spin;
	bool fine;

	memset(fixture, 0, sizeof(*fixture));
	if (!session_open(&fixture->session, DRM_PUMORI_CORE_ANY) ||
	    !buffer_create(&fixture->session, &fixture->source[0], BYTES, 0, SOURCE) ||
	    !buffer_create(&fixture->session, &fixture->source[1], BYTES, DRM_PUMORI_BO_HBM, SOURCE + (1u << 30)) ||
	    !buffer_create(&fixture->session, &fixture->target, BYTES, 0, TARGET) || !image_copy(&copy, BYTES, 1) ||
	    !image_spin(&spin))
		return false;
	memset(fixture->source[0].data, 1, BYTES);
	memset(fixture->source[1].data, 2, BYTES);
	fixture->copy.variables = 2;
	fixture->copy.variable[0] = (struct drm_pumori_variable){ .va = VA, .size = BYTES };
	fixture->copy.variable[1] = (struct drm_pumori_variable){ .va = TARGET, .size = BYTES,
								  .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	fine = program_load(&fixture->session, &copy, &fixture->copy.program, NULL) == 0 &&
	       program_load(&fixture->session, &spin, &fixture->spin.program, NULL) == 0;
	image_destroy(&copy);
	image_destroy(&spin);
	return fine;
}

/* What a copy from VA gives: 1 or 2, 0 when it faults; its queue is made anew then. */
static int found_at_va(struct fixture *fixture)
{
	struct drm_pumori_job_query query;

	memset(fixture->target.data, 0, BYTES);
	if (run_job(&fixture->session, &fixture->copy, 60000, &query) == PUMORI_HW_JOB_DONE)
		return fixture->target.data[0] == fixture->target.data[BYTES - 1] ? fixture->target.data[0] : -1;
	if (query.fault != PUMORI_HW_FAULT_MMU || !session_add_queue(&fixture->session, DRM_PUMORI_CORE_ANY))
		return -1;
	return 0;
}

static void test_refusals(struct fixture *fixture)
{
	struct session *session = &fixture->session;
	struct drm_pumori_bind_op ops[2] = { map_op(&fixture->source[0]), map_op(&fixture->source[0]) };
	struct drm_pumori_sync sync = sync_of(syncobj_create(session->fd), 0, 0);
	struct drm_pumori_vm_bind bind = {
		.vm_id = session->vm,
		.syncs = { .stride = sizeof(sync), .count = 1, .pointer = (uintptr_t)&sync },
	};

	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind), EINVAL, 0, "syncs of a synchronous bind");
	bind.flags = DRM_PUMORI_VM_BIND_ASYNC;
	bind.syncs.count = 1000;
	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind), EINVAL, 0, "a thousand syncs");
	bind.syncs.count = 0;
	bind.flags = DRM_PUMORI_VM_BIND_ASYNC | 2;
	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind), EINVAL, 0, "an unknown flag beside ASYNC");
	refused(bind_async(session, ops, 1, &sync, 1), EINVAL, ENOENT, "waiting for a syncobj without a fence");
	sync.handle = 0xfffff;
	refused(bind_async(session, ops, 1, &sync, 1), EINVAL, ENOENT, "waiting for an unknown syncobj");
	sync.flags = DRM_PUMORI_SYNC_SIGNAL;
	refused(bind_async(session, ops, 1, &sync, 1), ENOENT, 0, "signalling an unknown syncobj");
	ops[1].va += 1;
	refused(bind_async(session, ops, 2, NULL, 0), EINVAL, 0, "a second operation that is bad");
	ok(found_at_va(fixture) == 0, "nothing of all this was mapped");
}

static void test_syncs(struct fixture *fixture)
{
	struct session *session = &fixture->session;
	struct drm_pumori_bind_op op = map_op(&fixture->source[0]);
	uint32_t binary = syncobj_create(session->fd), timeline = syncobj_create(session->fd);
	struct drm_pumori_sync sync[2] = { sync_of(binary, 0, DRM_PUMORI_SYNC_SIGNAL),
					   sync_of(timeline, 7, DRM_PUMORI_SYNC_SIGNAL) };

	ok(bind_async(session, &op, 1, sync, 2) == 0 && syncobj_wait(session->fd, binary, 30000) &&
	   point_wait(session->fd, timeline, 7, 30000), "a bind signals a syncobj and a point of a timeline");
	ok(found_at_va(fixture) == 1, "then the mapping is there");

	op = map_op(&fixture->source[1]);
	sync[0] = sync_of(timeline, 7, 0);
	sync[1] = sync_of(binary, 0, DRM_PUMORI_SYNC_SIGNAL);
	fixture->copy.wait = binary;
	ok(bind_async(session, &op, 1, sync, 2) == 0 && found_at_va(fixture) == 2,
	   "a job that waits for a bind that waits for a point sees the new mapping");
	fixture->copy.wait = 0;
	ok(bind_async(session, NULL, 0, sync + 1, 1) == 0 && syncobj_wait(session->fd, binary, 30000),
	   "a bind without operations is a point in the order");
}

/* The chip spins for a while; all binds below wait for that. */
static void test_order(struct fixture *fixture)
{
	struct session *session = &fixture->session, other;
	struct drm_pumori_bind_op op[3] = { unmap_op(), map_op(&fixture->source[0]), map_op(&fixture->source[1]) };
	uint32_t spun = syncobj_create(session->fd), bound = syncobj_create(session->fd);
	struct drm_pumori_sync sync[2] = { sync_of(spun, 0, 0), sync_of(bound, 0, DRM_PUMORI_SYNC_SIGNAL) };

	fixture->spin.budget_ms = 300;
	fixture->spin.signal = spun;
	if (!ok(submit_jobs(session, &fixture->spin, 1) == 0, "a job that takes its time"))
		return;
	ok(bind_async(session, &op[0], 1, sync, 1) == 0 && bind_async(session, &op[1], 1, sync, 1) == 0 &&
	   bind_async(session, &op[2], 1, sync, 2) == 0, "three binds wait for it");
	ok(bind_range(session, DRM_PUMORI_BIND_READONLY, fixture->source[0].handle, 0, VA, BYTES) == 0 &&
	   completed(session, fixture->spin.sequence, 0) && syncobj_wait(session->fd, bound, 0),
	   "a synchronous one comes after all of them");
	ok(session_add_queue(session, DRM_PUMORI_CORE_ANY) && found_at_va(fixture) == 1, "the last one counts");

	/* Closed while a bind waits: nothing is leaked, nothing is freed too early. */
	if (session_open(&other, DRM_PUMORI_CORE_ANY)) {
		struct fixture *short_lived = fixture;
		uint32_t handle = buffer_of(other.fd, 4u << 20, DRM_PUMORI_BO_HBM, other.vm);
		struct drm_pumori_bind_op map = { .handle = handle, .va = VA, .size = 4u << 20 };
		int shared;
		struct drm_syncobj_handle fence = { .handle = spun };

		ok(submit_jobs(&short_lived->session, &fixture->spin, 1) == 0, "the job takes its time again");
		shared = call(session->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &fence) ? -1 : fence.fd;
		fence.fd = shared;
		ok(shared >= 0 && call(other.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &fence) == 0, "another file knows its end");
		sync[0].handle = fence.handle;
		ok(bind_async(&other, &map, 1, sync, 1) == 0, "and binds then");
		close(shared);
		session_close(&other);
		ok(completed(session, fixture->spin.sequence, 30000) && session_add_queue(session, DRM_PUMORI_CORE_ANY),
		   "closing the file before that is nobody's problem");
	}
}

/* What a job uses is unmapped when it has ended, not before. */
static void test_unmap_after_job(struct fixture *fixture)
{
	struct session *session = &fixture->session;
	struct drm_pumori_bind_op op = unmap_op();
	uint32_t done = syncobj_create(session->fd), unbound = syncobj_create(session->fd);
	struct drm_pumori_sync sync[2] = { sync_of(done, 0, 0), sync_of(unbound, 0, DRM_PUMORI_SYNC_SIGNAL) };
	struct drm_pumori_job_query query;

	fixture->copy.signal = done;
	ok(submit_jobs(session, &fixture->copy, 1) == 0 && bind_async(session, &op, 1, sync, 2) == 0 &&
	   syncobj_wait(session->fd, unbound, 30000) && job_query(session, fixture->copy.sequence, &query) == 0 &&
	   query.status == PUMORI_HW_JOB_DONE, "an unmap that waits for a job leaves the job alone");
	ok(found_at_va(fixture) == 0, "after that nothing is there");
}

static void test_ban(struct fixture *fixture)
{
	struct session *session = &fixture->session, other;
	struct drm_pumori_context_query query = { .id = session->context };
	struct drm_pumori_queue_create queue = { .context_id = session->context, .core = DRM_PUMORI_CORE_ANY };
	struct drm_pumori_bind_op op = map_op(&fixture->source[0]);
	uint32_t bound = syncobj_create(session->fd);
	struct drm_pumori_sync sync = sync_of(bound, 0, DRM_PUMORI_SYNC_SIGNAL);

	if (!control_write("fail_bind/probability", "100") || !control_write("fail_bind/times", "1")) {
		ok(true, "a failed bind bans its VM # SKIP this kernel has no fault injection");
		return;
	}
	control_write("fail_bind/verbose", "0");
	ok(bind_async(session, &op, 1, &sync, 1) == 0 && syncobj_wait(session->fd, bound, 30000),
	   "a bind that fails later is accepted, and its fence signals");
	ok(call(session->fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &query) == 0 &&
	   query.state & DRM_PUMORI_CONTEXT_VM_BANNED, "the context knows that its VM is banned");
	refused(submit_jobs(session, &fixture->copy, 1), ECANCELED, 0, "a job");
	refused(bind_async(session, &op, 1, &sync, 1), ECANCELED, 0, "another bind");
	refused(bind_range(session, 0, fixture->source[0].handle, 0, VA, BYTES), ECANCELED, 0, "a synchronous bind");
	refused(call(session->fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue), ECANCELED, 0, "a queue");
	control_write("fail_bind/probability", "0");
	if (ok(session_open(&other, DRM_PUMORI_CORE_ANY), "others go on")) {
		ok(bind_range(&other, 0, buffer_of(other.fd, PAGE, 0, 0), 0, VA, PAGE) == 0, "and bind");
		session_close(&other);
	}
}

void test_bind_async(void)
{
	struct fixture fixture;

	if (!ok(fixture_open(&fixture), "a session"))
		return;
	test_refusals(&fixture);
	test_syncs(&fixture);
	test_unmap_after_job(&fixture);
	test_order(&fixture);
	test_ban(&fixture);
	session_close(&fixture.session);
}
