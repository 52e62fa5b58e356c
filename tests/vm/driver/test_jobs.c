/* SPDX-License-Identifier: MIT */
/*
 * Jobs that end well: results, order, fences, the completion page.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "driver_test.h"

#define SOURCE_VA	(1ull << 32)
#define TARGET_VA	(2ull << 32)
#define BYTES		(64u * 1024)
#define WAIT_MS		60000

static void fill(struct buffer *buffer, uint32_t seed)
{
	size_t i;

	for (i = 0; i < buffer->size; i++) {
		seed = seed * 1664525u + 1013904223u;
		buffer->data[i] = (uint8_t)(seed >> 24);
	}
}

static struct job copy_job(uint32_t program)
{
	return (struct job){
		.program = program,
		.variables = 2,
		.variable = {
			{ .va = SOURCE_VA, .size = BYTES },
			{ .va = TARGET_VA, .size = BYTES, .flags = DRM_PUMORI_VARIABLE_WRITABLE },
		},
	};
}

static void test_copies(struct session *session, uint32_t program, struct buffer *source, struct buffer *target)
{
	struct job job = copy_job(program);
	struct job array[3] = { job, job, job };
	struct drm_pumori_job_query query;
	uint32_t signal, gate;
	struct drm_syncobj_array release = { .count_handles = 1 };
	int status;

	fill(source, 1);
	status = run_job(session, &job, WAIT_MS, &query);
	ok(status == PUMORI_HW_JOB_DONE, "a job that copies ends well");
	ok(memcmp(source->data, target->data, BYTES) == 0, "its result is there");
	ok(query.cycles > 0, "it took %llu cycles", (unsigned long long)query.cycles);
	ok(session->completion->sequence == job.sequence, "the completion page shows it");

	fill(source, 2);
	signal = syncobj_create(session->fd);
	array[2].signal = signal;
	ok(submit_jobs(session, array, 3) == 0, "three jobs in one call");
	ok(array[1].sequence == array[0].sequence + 1 && array[2].sequence == array[0].sequence + 2, "they are in order");
	ok(syncobj_wait(session->fd, signal, WAIT_MS), "the last one signals");
	ok(memcmp(source->data, target->data, BYTES) == 0, "after all have run");

	/* A job that waits for a fence which is signalled by the previous one. */
	fill(source, 3);
	gate = syncobj_create(session->fd);
	signal = syncobj_create(session->fd);
	array[0] = copy_job(program);
	array[0].signal = gate;
	array[1] = copy_job(program);
	array[1].wait = gate;
	array[1].signal = signal;
	ok(submit_jobs(session, &array[0], 1) == 0 && submit_jobs(session, &array[1], 1) == 0, "a job that waits for another");
	ok(syncobj_wait(session->fd, signal, WAIT_MS), "both end");

	release.handles = (uintptr_t)&signal;
	ok(call(session->fd, DRM_IOCTL_SYNCOBJ_RESET, &release) == 0, "reset the syncobj");
	array[0] = copy_job(program);
	array[0].wait = signal;
	refused(submit_jobs(session, &array[0], 1), EINVAL, ENOENT, "waiting for what was never submitted");
}

static void test_refusals(struct session *session, uint32_t program)
{
	struct drm_pumori_submit submit = { .queue_id = session->queue, .flags = 1 };
	struct drm_pumori_job_query query;
	struct job jobs[2] = { copy_job(program), copy_job(program) };
	uint64_t last;

	refused(call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit), EINVAL, 0, "an unknown submit flag");
	submit = (struct drm_pumori_submit){ .queue_id = 0xfffff };
	refused(call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit), ENOENT, EINVAL, "an unknown queue");
	submit = (struct drm_pumori_submit){ .queue_id = session->queue,
					     .jobs = { .stride = 8, .count = 1, .pointer = (uintptr_t)&submit } };
	refused(call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit), EINVAL, 0, "a stride below the first version's");
	submit.jobs = (struct drm_pumori_array){ .stride = sizeof(struct drm_pumori_job), .count = 0x7fffffff,
						 .pointer = (uintptr_t)&submit };
	ok(call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit) < 0, "two thousand million jobs are refused");

	jobs[0].program = 0xfffff;
	refused(submit_jobs(session, jobs, 1), ENOENT, EINVAL, "an unknown program");
	jobs[0] = copy_job(program);
	jobs[0].entry = 9;
	refused(submit_jobs(session, jobs, 1), EINVAL, 0, "an unknown entry");
	jobs[0] = copy_job(program);
	jobs[0].variables = 1;
	refused(submit_jobs(session, jobs, 1), EINVAL, 0, "too few variables");
	jobs[0] = copy_job(program);
	jobs[0].variable[0].va = SOURCE_VA + 1;
	refused(submit_jobs(session, jobs, 1), EINVAL, 0, "a variable that is not aligned");
	jobs[0] = copy_job(program);
	jobs[0].variable[0].size = ~0ull;
	refused(submit_jobs(session, jobs, 1), EINVAL, 0, "a variable that wraps");
	jobs[0] = copy_job(program);
	jobs[0].budget_ms = 0xffffffffu;
	refused(submit_jobs(session, jobs, 1), EINVAL, 0, "a budget above the limit");

	jobs[0] = copy_job(program);
	if (run_job(session, &jobs[0], WAIT_MS, NULL) != PUMORI_HW_JOB_DONE)
		ok(false, "a good job still runs");
	last = jobs[0].sequence;
	jobs[0] = copy_job(program);
	jobs[1].program = 0xfffff;
	refused(submit_jobs(session, jobs, 2), ENOENT, EINVAL, "an array whose second job is bad");
	jobs[0] = copy_job(program);
	ok(run_job(session, &jobs[0], WAIT_MS, NULL) == PUMORI_HW_JOB_DONE && jobs[0].sequence == last + 1,
	   "and its first job was not queued");
	refused(job_query(session, last + 1000, &query), ENOENT, EINVAL, "asking for a job that never was");
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int wait_for(struct session *session, uint64_t sequence, int64_t deadline_ns,
		    struct drm_pumori_job_query *query)
{
	*query = (struct drm_pumori_job_query){
		.queue_id = session->queue,
		.flags = DRM_PUMORI_JOB_QUERY_WAIT,
		.sequence = sequence,
		.deadline_ns = deadline_ns,
	};
	return call(session->fd, DRM_IOCTL_PUMORI_JOB_QUERY, query);
}

/* The end of a job is waited for without a syncobj, and its times are told. */
static void test_waits(struct session *session, uint32_t program)
{
	uint64_t before = monotonic_ns();
	struct drm_pumori_job_query query;
	struct job job = copy_job(program), spin = { .budget_ms = 200 };
	struct image image;

	ok(submit_jobs(session, &job, 1) == 0 && wait_for(session, job.sequence, INT64_MAX, &query) == 0 &&
	   query.status == PUMORI_HW_JOB_DONE, "JOB_QUERY waits for a job");
	ok(query.started && query.started < query.ended && query.ended - query.started >= query.device_ns,
	   "it tells the device's times");
	while (!query.host_ended && job_query(session, job.sequence, &query) == 0)
		usleep(1000);
	ok(query.host_ended > before && query.host_ended <= monotonic_ns(), "and the host's");
	ok(wait_for(session, job.sequence, 1, &query) == 0, "a job that has ended needs no time");
	query.deadline_ns = 1;
	query.flags = 0;
	refused(call(session->fd, DRM_IOCTL_PUMORI_JOB_QUERY, &query), EINVAL, 0, "a deadline without a wait");
	query.deadline_ns = 0;
	query.flags = 2;
	refused(call(session->fd, DRM_IOCTL_PUMORI_JOB_QUERY, &query), EINVAL, 0, "an unknown query flag");
	query.flags = 0;
	query.pad = 1;
	refused(call(session->fd, DRM_IOCTL_PUMORI_JOB_QUERY, &query), EINVAL, 0, "padding in a query");

	if (!ok(image_spin(&image) && program_load(session, &image, &spin.program, NULL) == 0 &&
		submit_jobs(session, &spin, 1) == 0, "an endless job"))
		return;
	refused(wait_for(session, spin.sequence, 1, &query), ETIME, EBUSY, "waiting until long ago");
	ok(wait_for(session, spin.sequence, INT64_MAX, &query) == 0 && query.status == PUMORI_HW_JOB_FAULT,
	   "a job that is ended by its budget tells those who wait");
	image_destroy(&image);
}

/* Elements of an array may be longer than this kernel knows, but then the rest is zero. */
static void test_long_elements(struct session *session, uint32_t program)
{
	struct job plain = copy_job(program);
	struct {
		struct drm_pumori_job known;
		uint64_t unknown;
	} job = {
		.known = {
			.program_id = program,
			.variables = { sizeof(plain.variable[0]), 2, (uintptr_t)plain.variable },
			.scalars = { sizeof(uint32_t), 0, 0 },
			.syncs = { sizeof(struct drm_pumori_sync), 0, 0 },
		},
		.unknown = 1,
	};
	struct drm_pumori_submit submit = {
		.queue_id = session->queue,
		.jobs = { sizeof(job), 1, (uintptr_t)&job },
	};

	refused(call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit), E2BIG, 0, "a job with a field of the future");
	job.unknown = 0;
	ok(call(session->fd, DRM_IOCTL_PUMORI_SUBMIT, &submit) == 0, "which may be there when it is zero");
	ok(completed(session, job.known.sequence, WAIT_MS), "and the job runs");
}

/* Far more than the ring holds. */
static void test_full_ring(struct session *session, uint32_t program)
{
	struct job job = copy_job(program);
	uint32_t i, done = 0;

	for (i = 0; i < 200; i++)
		done += submit_jobs(session, &job, 1) == 0;
	ok(done == 200, "%u of 200 jobs are queued without waiting", done);
	ok(completed(session, job.sequence, WAIT_MS), "and all of them run");
}

/* One program, a queue on each core. */
static void test_every_core(void)
{
	struct drm_pumori_device_info info = { 0 };
	struct session session;
	struct buffer source, target;
	struct image image;
	uint32_t program, core;
	struct job job;

	if (!session_open(&session, 0) || !device_info(session.fd, &info) ||
	    !buffer_create(&session, &source, BYTES, 0, SOURCE_VA) ||
	    !buffer_create(&session, &target, BYTES, 0, TARGET_VA) || !image_copy(&image, BYTES, 1) ||
	    program_load(&session, &image, &program, NULL)) {
		ok(false, "a session");
		return;
	}
	for (core = 0; core < info.cores; core++) {
		fill(&source, core + 100);
		job = copy_job(program);
		ok(core == 0 || session_add_queue(&session, core), "a queue on core %u", core);
		ok(run_job(&session, &job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE &&
		   memcmp(source.data, target.data, BYTES) == 0, "a job on core %u", core);
	}
	image_destroy(&image);
	session_close(&session);
}

void test_jobs(void)
{
	struct session session;
	struct buffer source, target;
	struct image image;
	uint32_t program = 0;

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY), "a session") ||
	    !ok(buffer_create(&session, &source, BYTES, 0, SOURCE_VA), "a source in host memory") ||
	    !ok(buffer_create(&session, &target, BYTES, DRM_PUMORI_BO_HBM, TARGET_VA), "a target in device memory") ||
	    !ok(image_copy(&image, BYTES, 1) && program_load(&session, &image, &program, NULL) == 0, "a program"))
		return;
	test_copies(&session, program, &source, &target);
	test_refusals(&session, program);
	test_long_elements(&session, program);
	test_full_ring(&session, program);
	ok(mprotect((void *)(uintptr_t)session.completion, PAGE, PROT_READ | PROT_WRITE) < 0,
	   "the completion page can not be made writable");
	/* Its last job faults: nothing comes after it. */
	test_waits(&session, program);
	image_destroy(&image);
	session_close(&session);
	test_every_core();
}
