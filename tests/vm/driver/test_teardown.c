/* SPDX-License-Identifier: MIT */
/*
 * Processes that leave in the middle of a job.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver_test.h"

#define WAIT_MS 120000

/* In a child: an endless job with device memory, then "go" to the parent, then whatever @how says. */
static void child(int ready, bool destroy_first)
{
	struct drm_pumori_destroy destroy;
	struct session session;
	struct buffer buffer;
	struct image image;
	struct job job = { .budget_ms = 5000 };
	char go = '!';

	if (!session_open(&session, 0) || !buffer_create(&session, &buffer, 1u << 20, DRM_PUMORI_BO_HBM, 1ull << 32) ||
	    !image_spin(&image) || program_load(&session, &image, &job.program, NULL) || submit_jobs(&session, &job, 1))
		_exit(1);
	while (session.completion->state != PUMORI_HW_QUEUE_RUNNING && !completed(&session, job.sequence, 0))
		usleep(1000);
	if (destroy_first) {
		destroy = (struct drm_pumori_destroy){ .id = session.queue };
		if (call(session.fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy))
			_exit(2);
		destroy.id = session.context;
		if (call(session.fd, DRM_IOCTL_PUMORI_CONTEXT_DESTROY, &destroy))
			_exit(3);
		destroy.id = session.vm;
		if (call(session.fd, DRM_IOCTL_PUMORI_VM_DESTROY, &destroy))
			_exit(4);
	}
	if (write(ready, &go, 1) != 1)
		_exit(5);
	if (destroy_first)
		_exit(0);
	for (;;)
		pause();
}

static void leave(const char *what, bool destroy_first)
{
	struct drm_pumori_device_info before, after;
	struct session session;
	struct image image;
	struct job job = { .variables = 2 };
	struct buffer source, target;
	int fd = device_open();
	int64_t start, end;
	int ready[2], status;
	char go = 0;
	pid_t pid;

	device_info(fd, &before);
	if (pipe(ready))
		return;
	pid = fork();
	if (pid == 0)
		child(ready[1], destroy_first);
	close(ready[1]);
	ok(read(ready[0], &go, 1) == 1, "%s: a process with an endless job", what);
	close(ready[0]);
	start = now_ms();
	if (!destroy_first)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(now_ms() - start < 20000, "%s: it is gone after %lld ms", what, (long long)(now_ms() - start));
	ok(destroy_first ? WIFEXITED(status) && WEXITSTATUS(status) == 0 : WIFSIGNALED(status), "%s: as it should", what);

	/* The core serves others at once, and everything is given back. */
	if (session_open(&session, 0) && buffer_create(&session, &source, PAGE, 0, 1ull << 32) &&
	    buffer_create(&session, &target, PAGE, 0, 2ull << 32) && image_copy(&image, PAGE, 1) &&
	    program_load(&session, &image, &job.program, NULL) == 0) {
		job.variable[0] = (struct drm_pumori_variable){ .va = 1ull << 32, .size = PAGE };
		job.variable[1] = (struct drm_pumori_variable){ .va = 2ull << 32, .size = PAGE,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
		ok(run_job(&session, &job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE, "%s: the core runs the next job", what);
		image_destroy(&image);
	} else {
		ok(false, "%s: a session afterwards: %s", what, strerror(errno));
	}
	session_close(&session);
	for (end = now_ms() + 30000; ; usleep(20000)) {
		device_info(fd, &after);
		if ((after.hbm_used == before.hbm_used && after.instructions_used == before.instructions_used) ||
		    now_ms() > end)
			break;
	}
	ok(after.hbm_used == before.hbm_used, "%s: its device memory is free again", what);
	ok(after.instructions_used == before.instructions_used, "%s: its program is gone", what);
	close(fd);
}

void test_teardown(void)
{
	leave("SIGKILL in a job", false);
	leave("destroying all in a job", true);
}
