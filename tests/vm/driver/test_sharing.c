/* SPDX-License-Identifier: MIT */
/*
 * Several clients on one core: equal ones get equal device time, urgent ones come first, nobody starves,
 * also when there are more of them than context slots.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver_test.h"

#define MS		1000000ull
#define WAIT_MS		120000
#define FOOTPRINT	1024u	/* bytes a partition: what is moved when slots are short */
#define EQUALS		3u
#define CROWD		6u	/* more than slots */
#define CONTEXTS	64u

/* A session whose queue has a job that does not end by itself. */
static bool busy_session(struct session *session, uint32_t core, uint32_t priority)
{
	struct image image;
	struct job job = { 0 };
	bool good;

	if (!session_open_priority(session, core, priority) || !image_spin(&image))
		return false;
	image.header->sbuf_bytes = FOOTPRINT;
	good = program_load(session, &image, &job.program, NULL) == 0 &&
	       submit_jobs(session, &job, 1) == 0;
	image_destroy(&image);
	return good;
}

static uint64_t busy_ns(const struct session *session)
{
	return session->completion->busy_ns;
}

/*
 * Whether there comes a moment at which each has had @least of device time and none more than a tenth above
 * or below the average. The chip makes up for what disturbs a slice, so that one bad moment says nothing.
 */
static bool shared_equally(const struct session *sessions, uint32_t count, uint64_t least)
{
	int64_t end = now_ms() + WAIT_MS;
	uint64_t low, high, sum;
	uint32_t i;

	do {
		usleep(20000);
		low = ~0ull;
		high = sum = 0;
		for (i = 0; i < count; i++) {
			uint64_t busy = busy_ns(&sessions[i]);

			low = busy < low ? busy : low;
			high = busy > high ? busy : high;
			sum += busy;
		}
		if (low >= least && high * count * 10 <= sum * 11 && low * count * 10 >= sum * 9)
			return true;
	} while (now_ms() < end);
	note("after %llu to %llu ms of device time", (unsigned long long)(low / MS),
	     (unsigned long long)(high / MS));
	return false;
}

static void test_equal_shares(uint32_t count, const char *what)
{
	struct session sessions[CROWD];
	uint32_t i, ready = 0;

	for (i = 0; i < count; i++)
		ready += busy_session(&sessions[i], 0, DRM_PUMORI_PRIORITY_NORMAL);
	ok(ready == count, "%s on one core", what);
	ok(shared_equally(sessions, count, 100 * MS), "%s: equal device time within a tenth", what);
	for (i = 0; i < count; i++)
		session_close(&sessions[i]);
}

/* All slots are in the middle of endless jobs. */
static void test_urgent(void)
{
	struct drm_pumori_device_info info = { 0 };
	struct session sessions[CROWD], urgent;
	uint32_t i, running = 0;
	struct image image;
	struct job job = { 0 };

	for (i = 0; i < CROWD; i++)
		if (!busy_session(&sessions[i], 0, DRM_PUMORI_PRIORITY_LOW))
			ok(false, "a session of low priority");
	if (!ok(session_open_priority(&urgent, 0, DRM_PUMORI_PRIORITY_HIGH), "a queue of high priority") ||
	    !ok(device_info(urgent.fd, &info) && info.slots < CROWD, "more clients than slots") ||
	    !ok(image_create(&image, 1, 0), "an empty program"))
		return;
	image.code[0].opcode = PUMORI_ISA_END;
	image.header->sbuf_bytes = FOOTPRINT;
	ok(program_load(&urgent, &image, &job.program, NULL) == 0 &&
	   run_job(&urgent, &job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE, "its job is done");
	for (i = 0; i < CROWD; i++)
		running += sessions[i].completion->sequence == 0;
	ok(running == CROWD, "before any of the endless ones has used its budget up");
	image_destroy(&image);
	session_close(&urgent);
	for (i = 0; i < CROWD; i++)
		session_close(&sessions[i]);
}

static void test_many_contexts(void)
{
	static struct session sessions[CONTEXTS];
	int64_t end = now_ms() + WAIT_MS;
	uint32_t i, ready = 0, served = 0;

	for (i = 0; i < CONTEXTS; i++)
		ready += busy_session(&sessions[i], i % 2, DRM_PUMORI_PRIORITY_NORMAL);
	if (!ok(ready == CONTEXTS, "%u contexts on two cores", ready))
		note("%s", strerror(errno));
	while (served < CONTEXTS && now_ms() < end) {
		usleep(20000);
		for (i = 0, served = 0; i < CONTEXTS; i++)
			served += sessions[i].completion->progress > 0 && busy_ns(&sessions[i]) >= MS;
	}
	ok(served == CONTEXTS, "%u of them are served", served);
	for (i = 0; i < CONTEXTS; i++)
		session_close(&sessions[i]);
}

/* As another user: what a process without CAP_SYS_NICE may have. Its exit status has a bit per priority. */
static int priorities_of_nobody(struct session *session)
{
	struct drm_pumori_priorities_info info = { 0 };
	struct drm_pumori_dev_query query = {
		.type = DRM_PUMORI_QUERY_PRIORITIES,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};
	uint32_t priority, made = 0;

	if (setuid(65534))
		return 0xff;
	for (priority = 0; priority <= DRM_PUMORI_PRIORITY_REALTIME; priority++) {
		struct drm_pumori_queue_create queue = {
			.context_id = session->context,
			.core = 0,
			.priority = priority,
		};

		if (!call(session->fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue))
			made |= 1u << priority;
		else if (errno != EACCES)
			return 0xff;
	}
	if (call(session->fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query))
		return 0xff;
	return (int)(made | info.allowed << 4);
}

static void test_permission(void)
{
	struct session session;
	uint32_t priority;
	int status = 0;
	pid_t child;

	if (!ok(session_open(&session, 0), "a session"))
		return;
	for (priority = 0; priority <= DRM_PUMORI_PRIORITY_REALTIME; priority++) {
		struct drm_pumori_queue_create queue = {
			.context_id = session.context,
			.core = 0,
			.priority = priority,
		};

		ok(!call(session.fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue), "root may have priority %u", priority);
	}
	child = fork();
	if (!child)
		_exit(priorities_of_nobody(&session));
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && (WEXITSTATUS(status) & 15) == 3, "without CAP_SYS_NICE only low and normal (%x)",
	   WEXITSTATUS(status));
	ok(WEXITSTATUS(status) >> 4 == 3, "and the query says so");
	session_close(&session);
}

void test_sharing(void)
{
	test_permission();
	test_equal_shares(EQUALS, "three clients");
	test_equal_shares(CROWD, "more clients than slots");
	test_urgent();
	test_many_contexts();
}
