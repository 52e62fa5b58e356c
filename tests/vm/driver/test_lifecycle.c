/* SPDX-License-Identifier: MIT */
/*
 * Things that outlive what they came from: files in other processes, fences, mappings.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sync_file.h>

#include "driver_test.h"

#define WAIT_MS 120000

static uint64_t hbm_used(int fd)
{
	struct drm_pumori_device_info info;

	return device_info(fd, &info) ? info.hbm_used : ~0ull;
}

static bool freed(int fd, uint64_t before)
{
	int64_t end = now_ms() + 30000;

	while (hbm_used(fd) != before) {
		if (now_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}

static int export_fence(struct session *session, uint32_t syncobj)
{
	struct drm_syncobj_handle handle = {
		.handle = syncobj,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};

	return call(session->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle) ? -1 : handle.fd;
}

/* What a sync file says of its fence; also its names, for which the kernel calls whoever made it. */
static int fence_status(int fd)
{
	struct sync_fence_info fence = { 0 };
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };

	if (ioctl(fd, SYNC_IOC_FILE_INFO, &info) || info.num_fences != 1)
		return -EINVAL;
	note("%s %s: %d", fence.driver_name, fence.obj_name, fence.status);
	return fence.status;
}

static bool signals(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, WAIT_MS) == 1;
}

static bool module_stays(void)
{
	return syscall(SYS_delete_module, "pumori", O_NONBLOCK) != 0 && (errno == EWOULDBLOCK || errno == EBUSY);
}

/* An endless job whose end is a sync file. */
static int spin_with_fence(struct session *session, struct job *job)
{
	if (!spin_open(session, job, 0, DRM_PUMORI_PRIORITY_NORMAL))
		return -1;
	/* The job of spin_open() has no fence to tell: another one behind it has. */
	job->signal = syncobj_create(session->fd);
	if (!job->signal || submit_jobs(session, job, 1))
		return -1;
	return export_fence(session, job->signal);
}

static void test_fence_after_queue(void)
{
	struct drm_pumori_destroy destroy = { 0 };
	struct session session;
	struct job job;
	int fence = spin_with_fence(&session, &job);

	if (!ok(fence >= 0, "the end of a job as a sync file"))
		return;
	ok(fence_status(fence) == 0, "it has not come");
	destroy.id = session.queue;
	ok(call(session.fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy) == 0 && signals(fence), "destroying the queue ends it");
	ok(fence_status(fence) == -ECANCELED, "as cancelled");
	session_close(&session);
	ok(fence_status(fence) == -ECANCELED, "it can be asked after the device was closed");
	ok(module_stays(), "the module stays as long as it is there");
	close(fence);
}

static void test_fence_after_unbind(void)
{
	struct session session;
	struct job job;
	int fence = spin_with_fence(&session, &job);

	if (!ok(fence >= 0, "the end of another job as a sync file"))
		return;
	ok(driver_bind("unbind") && signals(fence), "taking the device away ends it");
	ok(fence_status(fence) == -ENODEV, "as lost");
	ok(module_stays(), "the module stays while a file is open");
	session_close(&session);
	ok(fence_status(fence) == -ENODEV, "it can be asked when nothing is left of the device");
	ok(module_stays(), "the module stays as long as it is there");
	close(fence);
	ok(driver_bind("bind") && device_appears(WAIT_MS), "the device comes back");
}

/* A child has the parent's file and mappings: its end takes nothing from the parent. */
static void test_fork(void)
{
	struct copier client;
	int status = -1;
	pid_t pid;

	if (!ok(copier_open(&client, 0) && copier_runs(&client, 2), "fork: a client"))
		return;
	pid = fork();
	if (pid == 0)
		_exit(copier_runs(&client, 3) ? 0 : 1);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "fork: the child works with its parent's objects");
	ok(copier_runs(&client, 3), "fork: the parent goes on after its end");
	copier_close(&client);
}

/* The file is closed by exec: what it had is given back though the process lives on. */
static void test_exec(void)
{
	int fd = device_open(), ready[2], status;
	uint64_t before = hbm_used(fd);
	struct session session;
	struct buffer buffer;
	struct job job;
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return;
	pid = fork();
	if (pid == 0) {
		if (!spin_open(&session, &job, 0, DRM_PUMORI_PRIORITY_NORMAL) ||
		    !buffer_create(&session, &buffer, 1u << 20, DRM_PUMORI_BO_HBM, 1ull << 40))
			_exit(1);
		execl("/proc/self/exe", "driver-test", "pause", NULL);
		_exit(2);
	}
	close(ready[1]);
	/* The pipe is closed by the exec, too. */
	ok(read(ready[0], &byte, 1) == 0, "exec: a process with an endless job becomes another");
	close(ready[0]);
	ok(freed(fd, before), "exec: its device memory is free");
	ok(waitpid(pid, &status, WNOHANG) == 0, "exec: and it lives");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fd);
}

static bool send_fd(int channel, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = '!';
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(channel, &message, 0) == 1;
}

static int receive_fd(int channel)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd = -1;

	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* A file that is passed on lives as long as somebody has it, with its jobs; also in a queue of messages. */
static void test_passed_file(void)
{
	int channel[2], fd = device_open(), received;
	uint64_t before = hbm_used(fd);
	struct session session, taken;
	struct buffer buffer;
	struct job job;

	if (!ok(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, channel) == 0 &&
		spin_open(&session, &job, 0, DRM_PUMORI_PRIORITY_NORMAL) &&
		buffer_create(&session, &buffer, 1u << 20, DRM_PUMORI_BO_HBM, 1ull << 40), "fd passing: a busy client"))
		return;
	ok(send_fd(channel[0], session.fd), "fd passing: its file is sent");
	session_close(&session);
	ok(hbm_used(fd) > before, "fd passing: it has everything while it is on its way");
	received = receive_fd(channel[1]);
	ok(session_open_on(&taken, received, 0, DRM_PUMORI_PRIORITY_NORMAL) && taken.vm > 1,
	   "fd passing: the receiver makes further objects in it");
	ok(send_fd(channel[0], received), "fd passing: it is sent again");
	session_close(&taken);
	close(channel[0]);
	close(channel[1]);
	ok(freed(fd, before), "fd passing: with the last one who could receive it everything goes");
	close(fd);
}

/* A mapping holds its memory, no matter who goes: never another's bytes, never lost ones. */
static void test_mapping(void)
{
	struct drm_gem_close close_handle = { 0 };
	int fd = device_open();
	uint64_t before = hbm_used(fd);
	struct session session, other;
	struct buffer buffer, fresh;
	uint8_t *kept;
	size_t i, wrong = 0;

	if (!ok(session_open(&session, 0) && buffer_create(&session, &buffer, 1u << 20, DRM_PUMORI_BO_HBM, 1ull << 32),
		"mapping: a buffer"))
		return;
	memset(buffer.data, 0xa5, buffer.size);
	kept = buffer.data;
	session.mappings = 0;
	close_handle.handle = buffer.handle;
	ok(call(session.fd, DRM_IOCTL_GEM_CLOSE, &close_handle) == 0, "mapping: its handle is closed");
	session_close(&session);
	ok(hbm_used(fd) >= before + buffer.size, "mapping: it holds the memory after the file");
	ok(session_open(&other, 0) && buffer_create(&other, &fresh, 1u << 20, DRM_PUMORI_BO_HBM, 1ull << 32),
	   "mapping: somebody else has a buffer");
	for (i = 0; i < fresh.size; i++)
		wrong += fresh.data[i] != 0;
	memset(fresh.data, 0x11, fresh.size);
	for (i = 0; i < buffer.size; i++)
		wrong += kept[i] != 0xa5;
	ok(wrong == 0, "mapping: neither sees the other's bytes");
	session_close(&other);
	close(fd);

	ok(driver_bind("unbind"), "mapping: the device is taken away");
	for (i = 0; i < buffer.size; i++)
		wrong += kept[i] != 0xa5;
	memset(kept, 0x5a, buffer.size);
	ok(wrong == 0 && kept[buffer.size - 1] == 0x5a, "mapping: it can be read and written all the same");
	ok(driver_bind("bind"), "mapping: the device comes back");
	/* The old device has the first node as long as its memory is mapped. */
	munmap(kept, buffer.size);
	ok(driver_bind("unbind") && driver_bind("bind") && device_appears(WAIT_MS), "mapping: and again, with nothing left");
	ok(session_open(&other, 0) && buffer_create(&other, &fresh, 1u << 20, DRM_PUMORI_BO_HBM, 1ull << 32),
	   "mapping: a buffer of the new device");
	for (i = 0; i < fresh.size; i++)
		wrong += fresh.data[i] != 0;
	ok(wrong == 0, "mapping: which is zero");
	session_close(&other);
}

void test_lifecycle(void)
{
	test_fence_after_queue();
	test_fence_after_unbind();
	test_fork();
	test_exec();
	test_passed_file();
	test_mapping();
}
