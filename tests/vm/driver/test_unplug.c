/* SPDX-License-Identifier: MIT */
/*
 * The device is taken from its driver while it works, and given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define WAIT_MS 120000
#define BYTES (64u << 10)
#define BEHIND 3

static bool tell_driver(const char *what)
{
	static const char device[] = "pumori.0";
	char path[64] = "/sys/bus/platform/drivers/pumori/";
	int fd = open(strcat(path, what), O_WRONLY | O_CLOEXEC);
	bool told;

	if (fd < 0)
		return false;
	told = write(fd, device, sizeof(device) - 1) == (ssize_t)(sizeof(device) - 1);
	close(fd);
	return told;
}

static bool runs_a_job(void)
{
	struct session session;
	struct image image;
	struct job job = { .variables = 2 };
	struct buffer source, target;
	bool done = false;

	if (session_open(&session, 0) && buffer_create(&session, &source, PAGE, 0, 1ull << 32) &&
	    buffer_create(&session, &target, PAGE, 0, 2ull << 32) && image_copy(&image, PAGE, 1)) {
		memset(source.data, 0x5a, PAGE);
		job.variable[0] = (struct drm_pumori_variable){ .va = 1ull << 32, .size = PAGE };
		job.variable[1] = (struct drm_pumori_variable){ .va = 2ull << 32, .size = PAGE,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
		done = program_load(&session, &image, &job.program, NULL) == 0 &&
		       run_job(&session, &job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE &&
		       memcmp(source.data, target.data, PAGE) == 0;
		image_destroy(&image);
	}
	session_close(&session);
	return done;
}

static void check_lost(struct session *session, const struct job *jobs)
{
	struct drm_pumori_device_info info;
	uint32_t i, lost = 0;

	ok(completed(session, jobs[BEHIND].sequence, 10000), "all jobs end");
	for (i = 0; i <= BEHIND; i++) {
		const volatile struct pumori_hw_record *record =
			&session->completion->record[jobs[i].sequence % PUMORI_HW_RECORDS];

		lost += record->sequence == jobs[i].sequence && record->status == PUMORI_HW_JOB_DEVICE_LOST;
	}
	ok(lost == BEHIND + 1, "%u of %u say that the device is lost", lost, BEHIND + 1);
	ok(session->completion->state == PUMORI_HW_QUEUE_KILLED, "their queue is dead");
	ok(!device_info(session->fd, &info) && errno == ENODEV, "further calls are refused");
}

void test_unplug(void)
{
	struct session session;
	struct buffer buffer;
	struct image image;
	struct job jobs[1 + BEHIND] = { { .budget_ms = 9000 } };
	uint32_t i, wrong = 0;
	int64_t start;

	if (!ok(session_open(&session, 0) &&
		buffer_create(&session, &buffer, BYTES, DRM_PUMORI_BO_HBM, 1ull << 32) && image_spin(&image) &&
		program_load(&session, &image, &jobs[0].program, NULL) == 0, "a session with an endless program"))
		return;
	image_destroy(&image);
	for (i = 1; i <= BEHIND; i++)
		jobs[i] = jobs[0];
	memset(buffer.data, 0xc3, BYTES);
	ok(submit_jobs(&session, jobs, 1 + BEHIND) == 0, "an endless job with others behind it");
	while (session.completion->state != PUMORI_HW_QUEUE_RUNNING && !completed(&session, jobs[0].sequence, 0))
		usleep(1000);

	start = now_ms();
	ok(tell_driver("unbind"), "the device is taken away: %s", strerror(errno));
	ok(now_ms() - start < 10000, "within %lld ms", (long long)(now_ms() - start));
	check_lost(&session, jobs);
	for (i = 0; i < BYTES; i++)
		wrong += buffer.data[i] != 0xc3;
	ok(wrong == 0, "device memory stays readable where it was mapped");

	ok(tell_driver("bind"), "the device comes back: %s", strerror(errno));
	for (start = now_ms(); access("/dev/accel/accel0", F_OK) && access("/dev/accel/accel1", F_OK) &&
	     now_ms() - start < 10000; )
		usleep(10000);
	session_close(&session);
	/* With the old file closed nothing is left of the old device, and the new one has the first name. */
	ok(tell_driver("unbind") && tell_driver("bind"), "and goes and comes once more, idle");
	for (start = now_ms(); access("/dev/accel/accel0", F_OK) && now_ms() - start < 10000; )
		usleep(10000);
	ok(runs_a_job(), "it runs a job");
}
