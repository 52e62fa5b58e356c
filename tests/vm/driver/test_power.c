/* SPDX-License-Identifier: MIT */
/*
 * The machine is suspended in the middle of a job, the device falls asleep between two, a core's processor goes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define WAIT_MS 120000
#define STATUS	"/sys/bus/platform/devices/pumori.0/power/runtime_status"
#define CPU1	"/sys/devices/system/cpu/cpu1/online"

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

static bool file_says(const char *path, const char *text, int64_t ms)
{
	int64_t end = now_ms() + ms;
	char line[64];
	ssize_t length;
	int fd;

	do {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		length = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
		if (fd >= 0)
			close(fd);
		line[length < 0 ? 0 : length] = 0;
		if (strncmp(line, text, strlen(text)) == 0)
			return true;
		usleep(10000);
	} while (now_ms() < end);
	note("%s says %s", path, line);
	return false;
}

/* Whether an endless job still gets somewhere. */
static bool progresses(const struct session *session)
{
	uint64_t progress = session->completion->progress;
	int64_t end = now_ms() + WAIT_MS;

	while (session->completion->progress == progress && now_ms() < end)
		usleep(1000);
	return session->completion->progress > progress;
}

/*
 * Everything but the firmware's part: devices are suspended, a second passes in a loop that keeps the processor (five
 * seconds by default, which an emulator may stretch to what looks like a lockup), they wake up.
 */
static bool suspend_machine(void)
{
	if (!write_file("/sys/module/suspend/parameters/pm_test_delay", "1"))
		note("the delay stays as it is");
	return write_file("/sys/power/pm_test", "devices") && write_file("/sys/power/state", "freeze") &&
	       write_file("/sys/power/pm_test", "none");
}

static void test_suspend(void)
{
	struct copier copier;
	struct session session;
	struct job job;
	size_t i, wrong = 0;

	if (access("/sys/power/pm_test", W_OK)) {
		ok(true, "suspend # SKIP this kernel cannot test it");
		return;
	}
	if (!ok(copier_open(&copier, 1) && copier_runs(&copier, 2) &&
		spin_open(&session, &job, 0, DRM_PUMORI_PRIORITY_NORMAL) && progresses(&session),
		"suspend: an idle client and an endless job"))
		return;
	memset(copier.target.data, 0xb7, copier.target.size);
	ok(suspend_machine(), "suspend: the machine goes to sleep and wakes up");
	ok(progresses(&session), "suspend: the job goes on");
	ok(!completed(&session, job.sequence, 0) && context_state(&session) == 0, "suspend: nobody takes it for hung");
	for (i = 0; i < copier.target.size; i++)
		wrong += copier.target.data[i] != 0xb7;
	ok(wrong == 0, "suspend: device memory has its contents");
	ok(copier_runs(&copier, 5), "suspend: the other core works");
	session_close(&session);
	ok(suspend_machine() && copier_runs(&copier, 2), "suspend: once more, with nothing to do");
	copier_close(&copier);
}

static void test_runtime(void)
{
	struct copier copier;
	struct session session;
	struct job job;

	if (!file_says(STATUS, "active", 0) && !file_says(STATUS, "suspended", 0)) {
		ok(true, "sleep # SKIP this kernel has no power management");
		return;
	}
	if (!ok(copier_open(&copier, 0) && copier_runs(&copier, 2), "sleep: a client"))
		return;
	ok(file_says(STATUS, "suspended", WAIT_MS), "sleep: the device falls asleep though it is open");
	ok(copier_runs(&copier, 2), "sleep: a job wakes it up");
	ok(spin_open(&session, &job, 0, DRM_PUMORI_PRIORITY_NORMAL), "sleep: an endless job");
	usleep(600000);
	ok(file_says(STATUS, "active", 0) && progresses(&session), "sleep: keeps it awake");
	session_close(&session);
	ok(file_says(STATUS, "suspended", WAIT_MS), "sleep: it falls asleep again");
	copier_close(&copier);
	ok(file_says(STATUS, "suspended", WAIT_MS), "sleep: closing a file wakes it for a moment");
	ok(driver_bind("unbind") && driver_bind("bind") && device_appears(WAIT_MS) && copier_open(&copier, 0) &&
	   copier_runs(&copier, 2), "sleep: a device can be taken away and come back from it");
	copier_close(&copier);
}

static pid_t find_thread(const char *name)
{
	char line[64];
	pid_t pid = 0;
	glob_t found;
	size_t i;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		return 0;
	for (i = 0; i < found.gl_pathc && !pid; i++) {
		FILE *file = fopen(found.gl_pathv[i], "re");

		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) && strncmp(line, name, strlen(name)) == 0)
			pid = atoi(found.gl_pathv[i] + strlen("/proc/"));
		fclose(file);
	}
	globfree(&found);
	return pid;
}

static void test_processor(void)
{
	struct session session;
	struct job job;
	cpu_set_t set;
	pid_t thread;

	if (access(CPU1, W_OK)) {
		ok(true, "a processor goes # SKIP there is none that can");
		return;
	}
	if (!ok(spin_open(&session, &job, 0, DRM_PUMORI_PRIORITY_NORMAL), "a processor goes: an endless job"))
		return;
	thread = find_thread("pumori0-core0");
	CPU_ZERO(&set);
	CPU_SET(1, &set);
	ok(thread && sched_setaffinity(thread, sizeof(set), &set) == 0 && progresses(&session),
	   "a processor goes: its core runs there alone");
	ok(write_file(CPU1, "0"), "a processor goes: it is taken offline");
	ok(progresses(&session), "a processor goes: the job goes on elsewhere");
	ok(write_file(CPU1, "1") && progresses(&session), "a processor goes: and when it is back");
	session_close(&session);
}

void test_power(void)
{
	test_runtime();
	test_suspend();
	test_processor();
}
