/* SPDX-License-Identifier: MIT */
/*
 * Jobs that do what they may not: each ends with the fault that says so, and the queue is banned.
 */
#include <errno.h>
#include <string.h>

#include "driver_test.h"

#define SOURCE_VA	(1ull << 32)
#define TARGET_VA	(2ull << 32)
#define NOWHERE_VA	(3ull << 32)
#define WAIT_MS		60000

/* A new session a case, for a fault bans its queue. */
static void expect_fault(const char *what, uint64_t source_va, uint64_t target_va, uint64_t target_bytes,
			 uint32_t target_flags, bool readonly, uint32_t fault)
{
	struct drm_pumori_context_query context = { 0 };
	struct drm_pumori_job_query query = { 0 };
	struct session session;
	struct buffer source, target;
	struct image image;
	struct job job = { .variables = 2 };
	size_t i, changed = 0;
	int status;

	if (!session_open(&session, DRM_PUMORI_CORE_ANY) ||
	    !buffer_create(&session, &source, 4 * PAGE, 0, SOURCE_VA) ||
	    !buffer_create(&session, &target, 4 * PAGE, 0, TARGET_VA) ||
	    !image_copy(&image, 4 * PAGE, 1) || program_load(&session, &image, &job.program, NULL)) {
		ok(false, "%s: a session", what);
		return;
	}
	if (readonly)
		bind_range(&session, DRM_PUMORI_BIND_READONLY, target.handle, 0, TARGET_VA, 4 * PAGE);
	memset(source.data, 0x5a, source.size);
	job.variable[0] = (struct drm_pumori_variable){ .va = source_va, .size = 4 * PAGE };
	job.variable[1] = (struct drm_pumori_variable){ .va = target_va, .size = target_bytes, .flags = target_flags };
	status = run_job(&session, &job, WAIT_MS, &query);
	ok(status == PUMORI_HW_JOB_FAULT && query.fault == fault, "%s: status %d, fault %u", what, status, query.fault);
	for (i = 0; readonly && i < target.size; i++)
		changed += target.data[i] != 0;
	ok(changed == 0, "%s: memory that may not be written is unchanged", what);
	refused(submit_jobs(&session, &job, 1), ECANCELED, 0, "another job on that queue");
	context.id = session.context;
	ok(call(session.fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &context) == 0 && (context.state & DRM_PUMORI_CONTEXT_GUILTY) &&
	   context.faults == 1, "%s: its context is guilty", what);
	image_destroy(&image);
	session_close(&session);
}

void test_faults(void)
{
	const uint32_t writable = DRM_PUMORI_VARIABLE_WRITABLE;

	expect_fault("reading what is not mapped", NOWHERE_VA, TARGET_VA, 4 * PAGE, writable, false, PUMORI_HW_FAULT_MMU);
	expect_fault("writing what is not mapped", SOURCE_VA, NOWHERE_VA, 4 * PAGE, writable, false, PUMORI_HW_FAULT_MMU);
	expect_fault("writing a read-only mapping", SOURCE_VA, TARGET_VA, 4 * PAGE, writable, true, PUMORI_HW_FAULT_MMU);
	expect_fault("running over the end of a mapping", SOURCE_VA + PAGE, TARGET_VA, 4 * PAGE, writable, false,
		     PUMORI_HW_FAULT_MMU);
	expect_fault("writing a read-only variable", SOURCE_VA, TARGET_VA, 4 * PAGE, 0, false, PUMORI_HW_FAULT_VARIABLE);
	expect_fault("writing beyond a variable", SOURCE_VA, TARGET_VA, 3 * PAGE, writable, false,
		     PUMORI_HW_FAULT_VARIABLE);
}
