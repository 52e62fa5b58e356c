/* SPDX-License-Identifier: MIT */
/*
 * Every allocation that the driver makes for a client fails once: the first, then the second, until a whole
 * life of a client passes without a failure. Each call answers with success or with an error, nothing leaks
 * (kmemleak and the device's own accounting say so) and nothing breaks (KASAN and lockdep say so).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define BYTES	(16u * 1024)
#define LIMIT	3000

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* Asks the kernel to fail the @nth allocation of this thread from now on; 0 ends it. True when it was still armed. */
static bool fail_nth(int nth)
{
	char text[16] = "";
	bool armed;
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return true;
	if (nth == 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	armed = text[0] && strcmp(text, "0\n") != 0;
	snprintf(text, sizeof(text), "%d", nth);
	if (write(fd, text, strlen(text)) < 0)
		armed = true;
	close(fd);
	return armed;
}

/* One client's life; true when all of it went well. */
static bool live(void)
{
	struct session session;
	struct buffer source, target;
	struct image image = { 0 };
	struct job job = { .variables = 2 };
	struct drm_pumori_job_query query;
	bool fine;

	fine = session_open(&session, DRM_PUMORI_CORE_ANY) &&
	       buffer_create(&session, &source, BYTES, 0, 1ull << 32) &&
	       buffer_create(&session, &target, BYTES, DRM_PUMORI_BO_HBM, 2ull << 32) &&
	       image_copy(&image, BYTES, 1) && program_load(&session, &image, &job.program, NULL) == 0;
	if (fine) {
		job.variable[0] = (struct drm_pumori_variable){ .va = 1ull << 32, .size = BYTES };
		job.variable[1] = (struct drm_pumori_variable){ .va = 2ull << 32, .size = BYTES,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
		job.signal = syncobj_create(session.fd);
		fine = job.signal && submit_jobs(&session, &job, 1) == 0;
		/* Accepted is accepted: from here on the job must end well, whatever fails. */
		if (fine && (!completed(&session, job.sequence, 60000) ||
			     job_query(&session, job.sequence, &query) || query.status != PUMORI_HW_JOB_DONE))
			ok(false, "a job that was accepted ends well");
		fine = fine && syncobj_wait(session.fd, job.signal, 60000);
		fine = fine && bind_range(&session, DRM_PUMORI_BIND_UNMAP, 0, 0, (1ull << 32) + PAGE, PAGE) == 0;
	}
	image_destroy(&image);
	session_close(&session);
	return fine;
}

static bool given_back(int fd, const struct drm_pumori_device_info *before)
{
	struct drm_pumori_device_info after;
	int64_t end = now_ms() + 10000;

	do {
		device_info(fd, &after);
		if (after.hbm_used == before->hbm_used && after.instructions_used == before->instructions_used)
			return true;
		usleep(5000);
	} while (now_ms() < end);
	return false;
}

void test_failures(void)
{
	struct drm_pumori_device_info before;
	int nth, failed = 0, leaked = 0;
	bool armed = false, fine = false;
	int fd;

	if (access("/proc/thread-self/fail-nth", W_OK) ||
	    !write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N")) {
		ok(true, "failing allocations # SKIP this kernel has no fault injection");
		return;
	}
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	fd = device_open();
	/* Counted like any other failure; its stack would look like a complaint. */
	control_write("fail_bind/verbose", "0");
	ok(live(), "a client without failures");
	device_info(fd, &before);
	for (nth = 1; nth <= LIMIT; nth++) {
		fail_nth(nth);
		fine = live();
		armed = fail_nth(0);
		failed += !fine;
		if (!given_back(fd, &before))
			leaked++;
		if (armed)
			break;
	}
	ok(armed && fine, "%d allocations failed, one after another; %d times the client noticed", nth - 1, failed);
	ok(failed > 10, "failures reach the client");
	ok(leaked == 0, "device memory and instructions are always given back");
	close(fd);
}
