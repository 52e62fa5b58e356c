/* SPDX-License-Identifier: MIT */
/*
 * The three steps of getting rid of a job that does not end: its queue, its core, the device. Whoever is not to
 * blame goes on or is told so.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define WAIT_MS 120000

/* From the fault to the first good job on the core that had it. */
static int64_t fault_time;

static bool recovers(const char *what, uint32_t core)
{
	struct copier copier;
	bool fine = copier_open(&copier, core) && copier_runs(&copier, 1);

	note("%s: %lld ms from the fault to the first good job", what, (long long)(now_ms() - fault_time));
	copier_close(&copier);
	return ok(fine, "%s: the core works for others", what);
}

static int status_of(struct session *session, uint64_t sequence, uint32_t *fault)
{
	struct drm_pumori_job_query query;

	if (!completed(session, sequence, WAIT_MS) || job_query(session, sequence, &query))
		return -1;
	if (fault)
		*fault = query.fault;
	return (int)query.status;
}

static void expect_guilty(const char *what, struct session *session, struct job *job, int expected)
{
	int status = status_of(session, job->sequence, NULL);

	ok(status == expected, "%s: the guilty job ends with status %d", what, status);
	ok(context_state(session) == DRM_PUMORI_CONTEXT_GUILTY && context_counts(session, 1, 0),
	   "%s: its context is guilty of one job and nothing else", what);
	refused(submit_jobs(session, job, 1), ECANCELED, 0, "another job on its queue");
}

static void test_ecc(void)
{
	struct copier beside, after;
	struct session guilty;
	struct job job;
	uint32_t fault = 0;

	if (!ok(copier_open(&beside, 1) && copier_open(&after, 0) && copier_runs(&after, 1) &&
		spin_open(&guilty, &job, 0, DRM_PUMORI_PRIORITY_NORMAL), "ECC: three clients"))
		return;
	ok(control_write("inject", "ecc-corrected 0 3") && injected(0, WAIT_MS), "ECC: corrected errors");
	ok(!completed(&guilty, job.sequence, 0), "ECC: do no harm");
	ok(control_write("inject", "ecc 0"), "ECC: an uncorrectable one");
	ok(copier_runs(&beside, 10), "ECC: the other core does not notice");
	ok(status_of(&guilty, job.sequence, &fault) == PUMORI_HW_JOB_FAULT && fault == PUMORI_HW_FAULT_ECC,
	   "ECC: the job that ran ends with that fault");
	expect_guilty("ECC", &guilty, &job, PUMORI_HW_JOB_FAULT);
	ok(copier_runs(&after, 10) && context_state(&after.session) == 0, "ECC: another queue of the core goes on");
	copier_close(&beside);
	copier_close(&after);
	session_close(&guilty);
}

static void test_hang(void)
{
	struct copier beside;
	struct session guilty;
	struct job job;

	if (!ok(copier_open(&beside, 0) && copier_runs(&beside, 1) &&
		spin_open(&guilty, &job, 0, DRM_PUMORI_PRIORITY_NORMAL), "hang: two clients of a core"))
		return;
	fault_time = now_ms();
	ok(control_write("inject", "hang 0") && injected(0, WAIT_MS), "hang: the job that runs stops making progress");
	ok(copier_runs(&beside, 20), "hang: its neighbour's jobs end well");
	expect_guilty("hang", &guilty, &job, PUMORI_HW_JOB_KILLED);
	recovers("hang", 0);
	ok(copier_runs(&beside, 5) && context_state(&beside.session) == 0, "hang: nobody else is blamed");
	copier_close(&beside);
	session_close(&guilty);
}

/* The guilty queue comes first, so it is the one that the core served when it got stuck. */
static void test_stuck(void)
{
	struct session guilty, innocent;
	struct job job, lost;
	struct copier beside;
	uint64_t behind;
	int status;

	if (!ok(copier_open(&beside, 1) && spin_open(&innocent, &lost, 0, DRM_PUMORI_PRIORITY_LOW) &&
		spin_open(&guilty, &job, 0, DRM_PUMORI_PRIORITY_NORMAL), "stuck core: three clients"))
		return;
	behind = job.sequence;
	ok(submit_jobs(&guilty, &job, 1) == 0, "stuck core: a job waits behind the guilty one");
	job.sequence = behind;
	fault_time = now_ms();
	ok(control_write("inject", "stuck 0"), "stuck core: nothing is served any more");
	ok(copier_runs(&beside, 20), "stuck core: the other core does not notice");
	expect_guilty("stuck core", &guilty, &job, PUMORI_HW_JOB_KILLED);
	recovers("stuck core", 0);
	status = status_of(&guilty, behind + 1, NULL);
	ok(status == PUMORI_HW_JOB_CANCELED, "stuck core: the job behind it is cancelled: %d", status);
	status = status_of(&innocent, lost.sequence, NULL);
	ok(status == PUMORI_HW_JOB_INNOCENT_RESET, "stuck core: a job that was half done is lost: %d", status);
	ok(context_state(&innocent) == DRM_PUMORI_CONTEXT_INNOCENT, "stuck core: and its context is innocent");
	ok(submit_jobs(&innocent, &lost, 1) == 0, "stuck core: its queue takes jobs again");
	ok(copier_runs(&beside, 5) && context_state(&beside.session) == 0, "stuck core: the other core was not reset");
	copier_close(&beside);
	session_close(&guilty);
	session_close(&innocent);
}

static void expect_lost(const char *what, struct session *session, struct job *job)
{
	int status = status_of(session, job->sequence, NULL);

	ok(status == PUMORI_HW_JOB_DEVICE_LOST, "%s: the job ends with status %d", what, status);
	ok(context_state(session) == DRM_PUMORI_CONTEXT_INNOCENT && context_counts(session, 0, 1),
	   "%s: its context lost a job and is innocent", what);
	refused(submit_jobs(session, job, 1), ECANCELED, EIO, "another job on its queue");
}

/* Who was there loses queue and program, keeps address space and buffers, and goes on with new ones. */
static void test_device_reset(const char *what, const char *file, const char *line)
{
	struct copier beside;
	struct session other;
	struct job job;
	uint8_t kept;

	if (!ok(copier_open(&beside, 1) && copier_runs(&beside, 1) &&
		spin_open(&other, &job, 0, DRM_PUMORI_PRIORITY_NORMAL), "%s: a client on each core", what))
		return;
	kept = beside.target.data[0];
	fault_time = now_ms();
	ok(control_write(file, line), "%s: it comes", what);
	expect_lost(what, &other, &job);
	recovers(what, 0);
	ok(beside.session.completion->state == PUMORI_HW_QUEUE_KILLED, "%s: an idle queue has ended, too", what);
	refused(submit_jobs(&beside.session, &beside.job, 1), ECANCELED, 0, "a job on a queue from before");
	ok(session_add_queue(&beside.session, 1), "%s: a new queue of the same context", what);
	refused(submit_jobs(&beside.session, &beside.job, 1), ECANCELED, 0, "a program from before");
	ok(beside.target.data[0] == kept, "%s: device memory keeps its contents", what);
	ok(copier_prepare(&beside) && copier_runs(&beside, 10), "%s: with a new program all is well", what);
	copier_close(&beside);
	session_close(&other);
	ok(copier_open(&beside, 0) && copier_runs(&beside, 10), "%s: others come", what);
	copier_close(&beside);
}

static void test_gone(void)
{
	struct drm_pumori_queue_create queue = { .priority = DRM_PUMORI_PRIORITY_NORMAL };
	struct copier beside;
	struct session other;
	struct job job;

	if (!ok(copier_open(&beside, 1) && spin_open(&other, &job, 0, DRM_PUMORI_PRIORITY_NORMAL),
		"a device that has gone: a client on each core"))
		return;
	ok(control_write("inject", "gone 0"), "a device that has gone: it does not answer any more");
	expect_lost("a device that has gone", &other, &job);
	queue.context_id = beside.session.context;
	refused(call(beside.session.fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue), EIO, 0, "a new queue");
	refused(bind_range(&beside.session, DRM_PUMORI_BIND_UNMAP, 0, 0, 1ull << 32, PAGE), EIO, 0, "a binding");
	ok(beside.target.data[0] == 0, "a device that has gone: mappings can be read");
	copier_close(&beside);
	session_close(&other);
	ok(driver_bind("unbind") && driver_bind("bind") && device_appears(WAIT_MS),
	   "a device that has gone: unbinding and binding brings it back");
	ok(copier_open(&beside, 0) && copier_runs(&beside, 5), "a device that has gone: and it works");
	copier_close(&beside);
}

static void test_demand(void)
{
	struct copier other;
	struct session session;
	struct job job;
	int status;

	ok(copier_open(&other, 0) && copier_runs(&other, 1), "reset of a core on demand: an idle client");
	ok(spin_open(&session, &job, 0, DRM_PUMORI_PRIORITY_NORMAL) && control_write("reset", "core 0"),
	   "reset of a core on demand: it is done");
	status = status_of(&session, job.sequence, NULL);
	ok(status == PUMORI_HW_JOB_INNOCENT_RESET && context_state(&session) == DRM_PUMORI_CONTEXT_INNOCENT,
	   "reset of a core on demand: nobody is to blame: %d", status);
	ok(copier_runs(&other, 5), "reset of a core on demand: the idle client goes on");
	ok(!control_write("reset", "core 99") && errno == ENOENT, "reset of a core that is not there is refused");
	ok(!control_write("reset", "queue 65535") && errno == ENOENT, "reset of a queue that is not there is refused");
	ok(!control_write("reset", "everything") && errno == EINVAL, "reset of nothing is refused");
	ok(!control_write("inject", "joy 0") && errno == EINVAL, "an unknown fault is refused");
	ok(!control_write("inject", "hang 99") && errno == EINVAL, "a fault on no core is refused");
	session_close(&session);
	copier_close(&other);
}

void test_resets(void)
{
	if (!have_injection("resets"))
		return;
	test_ecc();
	test_hang();
	test_stuck();
	test_demand();
	test_device_reset("a dead core", "inject", "dead 0");
	test_device_reset("reset of the device on demand", "reset", "device");
	test_gone();
}
