/* SPDX-License-Identifier: MIT */
/*
 * One misbehaves, another on the same core goes on.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define SOURCE_VA	(1ull << 32)
#define TARGET_VA	(2ull << 32)
#define BYTES		(16u * 1024)
#define BUDGET_MS	300
#define WAIT_MS		120000

static void check_guilty(struct session *session, struct job *job, const char *what, uint32_t fault)
{
	struct drm_pumori_context_query context = { .id = session->context };
	struct drm_pumori_job_query query;

	ok(completed(session, job->sequence, WAIT_MS), "%s: its job ends all the same", what);
	ok(job_query(session, job->sequence, &query) == 0 && query.status != PUMORI_HW_JOB_DONE, "%s: status %u, fault %u",
	   what, query.status, query.fault);
	ok(query.status != PUMORI_HW_JOB_FAULT || query.fault == fault, "%s: the fault says why", what);
	ok(call(session->fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &context) == 0 && (context.state & DRM_PUMORI_CONTEXT_GUILTY),
	   "%s: its context is guilty", what);
	refused(submit_jobs(session, job, 1), ECANCELED, 0, "another job on that queue");
}

static void misbehave(const char *what, bool (*make)(struct image *image), uint32_t fault)
{
	struct drm_pumori_context_query context;
	struct session guilty, innocent;
	struct buffer source, target;
	struct image bad, good;
	struct job bad_job = { .budget_ms = BUDGET_MS };
	struct job good_job = { .variables = 2 };
	int i, done = 0;

	if (!session_open(&guilty, 0) || !session_open(&innocent, 0) ||
	    !buffer_create(&innocent, &source, BYTES, 0, SOURCE_VA) ||
	    !buffer_create(&innocent, &target, BYTES, DRM_PUMORI_BO_HBM, TARGET_VA) ||
	    !make(&bad) || !image_copy(&good, BYTES, 1) || program_load(&guilty, &bad, &bad_job.program, NULL) ||
	    program_load(&innocent, &good, &good_job.program, NULL)) {
		ok(false, "%s: two sessions on one core: %s", what, strerror(errno));
		return;
	}
	good_job.variable[0] = (struct drm_pumori_variable){ .va = SOURCE_VA, .size = BYTES };
	good_job.variable[1] = (struct drm_pumori_variable){ .va = TARGET_VA, .size = BYTES,
							     .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	memset(source.data, 0x3c, source.size);
	ok(submit_jobs(&guilty, &bad_job, 1) == 0, "%s: submitted", what);
	for (i = 0; i < 20; i++)
		done += run_job(&innocent, &good_job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE;
	ok(done == 20, "%s: the neighbour's 20 jobs end well meanwhile", what);
	ok(memcmp(source.data, target.data, BYTES) == 0, "%s: with the right result", what);
	check_guilty(&guilty, &bad_job, what, fault);
	context = (struct drm_pumori_context_query){ .id = innocent.context };
	ok(call(innocent.fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &context) == 0 && context.state == 0 && context.faults == 0,
	   "%s: the neighbour's context is not blamed", what);
	ok(run_job(&innocent, &good_job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE, "%s: the neighbour goes on afterwards", what);
	image_destroy(&bad);
	image_destroy(&good);
	session_close(&guilty);
	session_close(&innocent);
}

/* A new queue of the guilty process works: what is banned is the queue. */
static void test_new_queue(void)
{
	struct drm_pumori_destroy destroy;
	struct session session;
	struct image bad, good;
	struct job job = { .budget_ms = BUDGET_MS };
	struct buffer source, target;

	if (!session_open(&session, 0) || !buffer_create(&session, &source, BYTES, 0, SOURCE_VA) ||
	    !buffer_create(&session, &target, BYTES, 0, TARGET_VA) || !image_deadlock(&bad) ||
	    !image_copy(&good, BYTES, 1) || program_load(&session, &bad, &job.program, NULL)) {
		ok(false, "a session: %s", strerror(errno));
		return;
	}
	run_job(&session, &job, WAIT_MS, NULL);
	destroy = (struct drm_pumori_destroy){ .id = session.queue };
	ok(call(session.fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy) == 0, "a banned queue can be destroyed");
	ok(session_add_queue(&session, 0), "the same context gets a new one");
	job = (struct job){ .variables = 2 };
	job.variable[0] = (struct drm_pumori_variable){ .va = SOURCE_VA, .size = BYTES };
	job.variable[1] = (struct drm_pumori_variable){ .va = TARGET_VA, .size = BYTES,
							.flags = DRM_PUMORI_VARIABLE_WRITABLE };
	ok(program_load(&session, &good, &job.program, NULL) == 0 &&
	   run_job(&session, &job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE, "and it works");
	image_destroy(&bad);
	image_destroy(&good);
	session_close(&session);
}

void test_blame(void)
{
	misbehave("an endless loop", image_spin, PUMORI_HW_FAULT_BUDGET);
	misbehave("a deadlock", image_deadlock, PUMORI_HW_FAULT_DEADLOCK);
	test_new_queue();
}
