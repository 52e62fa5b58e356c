/* SPDX-License-Identifier: MIT */
/*
 * What root finds after a failure: a core dump that says what happened, and an event that says what to do.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "driver_test.h"

#define NOWHERE_VA	(3ull << 32)
#define WAIT_MS		60000
#define DUMPS		"/sys/class/devcoredump/devcd*/data"

/* The number of dumps that are there, and the path of the first. */
static size_t find_dumps(char *path, size_t size)
{
	size_t count = 0;
	glob_t found;

	if (glob(DUMPS, 0, NULL, &found) == 0) {
		count = found.gl_pathc;
		snprintf(path, size, "%s", found.gl_pathv[0]);
		globfree(&found);
	}
	return count;
}

static size_t wait_for_dump(char *path, size_t size)
{
	int64_t end = now_ms() + WAIT_MS;
	size_t count;

	while (!(count = find_dumps(path, size)) && now_ms() < end)
		usleep(10000);
	return count;
}

static ssize_t read_all(const char *path, char *text, size_t size)
{
	size_t used = 0;
	ssize_t length = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && used < size - 1 && (length = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)length;
	if (fd >= 0)
		close(fd);
	text[used] = 0;
	return fd < 0 || length < 0 ? -1 : (ssize_t)used;
}

/* Writing to a dump removes it. */
static bool drop_dump(const char *path)
{
	int64_t end = now_ms() + WAIT_MS;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "1", 1) != 1)
		return false;
	close(fd);
	while (access(path, F_OK) == 0 && now_ms() < end)
		usleep(10000);
	return access(path, F_OK) != 0;
}

static void read_nowhere(struct copier *client)
{
	client->job.variable[0].va = NOWHERE_VA;
	ok(run_job(&client->session, &client->job, WAIT_MS, NULL) == PUMORI_HW_JOB_FAULT, "a job reads what is not mapped");
}

static void expect_text(const char *text, const char *part)
{
	const char *line = part + strspn(part, "\n");

	ok(strstr(text, part), "the dump says \"%.*s\"", (int)strcspn(line, "\n"), line);
}

static void test_dump(void)
{
	static char text[128 * 1024];
	struct copier client, second;
	char path[256], line[64];
	struct stat status;
	ssize_t length;

	while (find_dumps(path, sizeof(path)))
		if (!drop_dump(path))
			break;
	if (!ok(copier_open(&client, 1) && copier_open(&second, 0) && copier_runs(&client, 3), "two clients"))
		return;
	memset(client.source.data, 0x77, client.source.size);
	read_nowhere(&client);
	ok(wait_for_dump(path, sizeof(path)) == 1, "there is a core dump");
	read_nowhere(&second);
	usleep(100000);
	ok(find_dumps(path, sizeof(path)) == 1, "a second failure adds no other");
	ok(stat(path, &status) == 0 && !(status.st_mode & 077), "nobody but root may read it");
	length = read_all(path, text, sizeof(text));
	ok(length > 500 && length <= 64 * 1024, "it has %zd bytes", length);
	expect_text(text, "reason: a queue is killed\n");
	expect_text(text, "process: driver-test[");
	snprintf(line, sizeof(line), "[%d]\n", getpid());
	expect_text(text, line);
	expect_text(text, "on core 1, priority 1,");
	expect_text(text, "job: sequence 4, fault, fault mmu, stream dma0, pc 0, address 0x300000000,");
	expect_text(text, "instruction: dma_copy destination=sbuf/uint8/p0+128*1@0[128:1] source=memory/uint8/v0@0[16384:1]\n");
	expect_text(text, "bytes:\n 4000");
	expect_text(text, "ring: head 4, tail 4\n");
	expect_text(text, ": sequence 4, program ");
	expect_text(text, "\nregisters:\n  id: 0x52554d50\n");
	expect_text(text, "\ncore 1:\n  enable: 0x00000001\n");
	expect_text(text, "type 3, queue ");
	ok(!strstr(text, "77777777"), "it tells nothing of what buffers hold");
	ok(drop_dump(path), "writing to it removes it");
	copier_close(&client);
	copier_close(&second);
}

static void test_dump_goes(void)
{
	struct copier client;
	char path[256];

	ok(copier_open(&client, 0), "a client");
	read_nowhere(&client);
	ok(wait_for_dump(path, sizeof(path)) == 1, "another core dump");
	copier_close(&client);
	ok(driver_bind("unbind") && find_dumps(path, sizeof(path)) == 0, "it goes with its device");
	ok(driver_bind("bind") && device_appears(WAIT_MS), "which comes back");
}

static int listen_events(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Whether an event of the device says @wanted; zeros part the strings of an event. */
static bool event_says(int fd, const char *wanted)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + WAIT_MS;
	char text[4096];
	ssize_t length, i;

	while (now_ms() < end && poll(&ready, 1, 1000) >= 0) {
		bool ours = false, says = false;

		length = ready.revents & POLLIN ? recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) : 0;
		if (length <= 0)
			continue;
		text[length] = 0;
		for (i = 0; i < length; i += (ssize_t)strlen(text + i) + 1) {
			ours = ours || strncmp(text + i, "DEVNAME=accel/accel", 19) == 0;
			says = says || strcmp(text + i, wanted) == 0;
		}
		if (ours && says)
			return true;
	}
	return false;
}

static void test_events(void)
{
	int fd = listen_events();

	if (!ok(fd >= 0, "kernel events can be heard"))
		return;
	ok(control_write("reset", "device") && event_says(fd, "WEDGED=none"), "a reset of the device says that it is over");
	ok(control_write("reset", "core 0"), "a core can be reset, too");
	ok(control_write("inject", "gone 0"), "the device goes");
	control_write("reset", "core 0");
	ok(event_says(fd, "WEDGED=rebind"), "a lost device says what brings it back");
	ok(driver_bind("unbind") && driver_bind("bind") && device_appears(WAIT_MS), "and that does");
	close(fd);
}

void test_coredump(void)
{
	if (!have_injection("core dumps"))
		return;
	if (access("/sys/class/devcoredump", F_OK)) {
		ok(true, "core dumps # SKIP this kernel keeps none");
	} else {
		test_dump();
		test_dump_goes();
	}
	test_events();
}
