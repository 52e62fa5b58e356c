/* SPDX-License-Identifier: MIT */
/*
 * A process that keeps the privileges which the others give up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define NODE	"/dev/accel/accel0"
#define FIRST	44
#define LIMIT	4000

static int request_pipe[2], answer_pipe[2];
static pid_t helper;

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -1;
	result = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -1;
	close(fd);
	return result;
}

static void wait_for_node(void)
{
	int64_t end = now_ms() + 10000;

	while (access(NODE, F_OK) && now_ms() < end)
		usleep(10000);
	chmod(NODE, 0666);
}

static int bind_device(void)
{
	int result = write_text("/sys/bus/platform/drivers/pumori/bind", "pumori.0");

	if (result == 0)
		wait_for_node();
	return result;
}

/* By default only allocations that may not sleep fail. */
static void let_all_allocations_fail(void)
{
	write_text("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	write_text("/sys/kernel/debug/failslab/verbose", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_text("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	write_text("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_text("/sys/kernel/debug/fail_page_alloc/verbose", "0");
}

/*
 * The first allocations are those of sysfs, the driver core and the DRM device itself, whose unwinding in 6.12 treats
 * an error for a minor's kdev as a pointer; the driver's own come after them.
 */
static int bind_failing(void)
{
	int device = open("/sys/bus/platform/drivers/pumori/bind", O_WRONLY | O_CLOEXEC);
	int fail = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	char text[16];
	int nth;

	if (device < 0 || fail < 0)
		return -1;
	let_all_allocations_fail();
	for (nth = FIRST; nth < LIMIT; nth++) {
		bool bound, armed;

		snprintf(text, sizeof(text), "%d", nth);
		if (pwrite(fail, text, strlen(text), 0) < 0)
			return -1;
		bound = pwrite(device, "pumori.0", 8, 0) == 8;
		memset(text, 0, sizeof(text));
		armed = pread(fail, text, sizeof(text) - 1, 0) > 0 && strcmp(text, "0\n") != 0;
		if (pwrite(fail, "0", 1, 0) < 0)
			return -1;
		if (bound && armed)
			break;
		if (bound && write_text("/sys/bus/platform/drivers/pumori/unbind", "pumori.0"))
			return -1;
	}
	close(device);
	close(fail);
	wait_for_node();
	return nth < LIMIT ? nth - FIRST : -1;
}

static int help(char what)
{
	switch (what) {
	case HELP_UNBIND:
		return write_text("/sys/bus/platform/drivers/pumori/unbind", "pumori.0");
	case HELP_BIND:
		return bind_device();
	case HELP_BIND_FAILING:
		return bind_failing();
	case HELP_UNLOAD:
		return syscall(SYS_delete_module, "pumori", O_NONBLOCK) == 0 ? -1 : 0;
	default:
		return -1;
	}
}

bool helper_start(void)
{
	char what;
	int answer;

	if (pipe2(request_pipe, O_CLOEXEC) || pipe2(answer_pipe, O_CLOEXEC) || chmod(NODE, 0666))
		return false;
	helper = fork();
	if (helper == 0) {
		close(request_pipe[1]);
		while (read(request_pipe[0], &what, 1) == 1) {
			answer = help(what);
			if (write(answer_pipe[1], &answer, sizeof(answer)) != sizeof(answer))
				break;
		}
		_exit(0);
	}
	close(request_pipe[0]);
	return helper > 0;
}

void helper_stop(void)
{
	close(request_pipe[1]);
	waitpid(helper, NULL, 0);
}

int ask_helper(enum help what)
{
	char request = (char)what;
	int answer = -1;

	if (write(request_pipe[1], &request, 1) != 1 || read(answer_pipe[0], &answer, sizeof(answer)) != sizeof(answer))
		return -1;
	return answer;
}
