/* SPDX-License-Identifier: MIT */
/*
 * Classes that are about what ends before what.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sync_file.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define BUDGET_MS	2000

/* Passes a file to another process. */
static bool send_file(int socket, int fd)
{
	char byte = '!', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1;
}

static int receive_file(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd = -1;

	if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* A session with an endless job on the core. */
static bool start_endless(struct session *session, struct job *job)
{
	struct image image;

	*job = (struct job){ .budget_ms = BUDGET_MS };
	if (!session_open(session, 0) || !image_spin(&image))
		return expect(false, "a session");
	if (program_load(session, &image, &job->program, NULL) || submit_jobs(session, job, 1))
		return expect(false, "an endless job");
	image_destroy(&image);
	return true;
}

/* A child starts a job and goes, in one of several ways; what it leaves must not outlive it for long. */
static void child_goes(int how)
{
	int sockets[2], status, fd;
	struct session session;
	struct job job;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return;
	pid = fork();
	if (pid == 0) {
		if (!start_endless(&session, &job))
			_exit(1);
		send_file(sockets[1], session.fd);
		switch (how) {
		case 0:		/* an orderly end with the job under way; the file lives on in the parent */
			_exit(0);
		case 1:		/* killed */
			raise(SIGKILL);
			break;
		case 2:		/* replaced: the file is closed on exec */
			execl("/bin/true", "true", NULL);
			execl("/bin/busybox", "busybox", "true", NULL);
			_exit(2);
		default:	/* a grandchild inherits file and mappings and ends later */
			if (fork() == 0) {
				usleep(100000);
				_exit(session.completion->sequence == ~0ull);
			}
			_exit(0);
		}
	}
	close(sockets[1]);
	fd = receive_file(sockets[0]);
	expect(fd >= 0, "the child's file");
	if (how & 1)
		close(fd);
	waitpid(pid, &status, 0);
	expect(how == 1 ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's end: %x", status);
	if (!(how & 1)) {
		struct drm_pumori_device_info info;

		/* Used by another process, the file still works, and its objects are still there. */
		expect(device_info(fd, &info), "the file after its opener's end");
		close(fd);
	}
	close(sockets[0]);
	expect(device_works(), "the device after a child went in way %d", how);
}

void class_07_lifetime_of_processes(void)
{
	int how;

	for (how = 0; how < 4; how++)
		child_goes(how);
}

void class_08_failed_create_then_close(void)
{
	struct drm_pumori_device_info info, before, after;
	struct drm_pumori_bo_create create;
	uint32_t handles[32], count, i, round;
	int64_t end;
	int fd = device_open(), client;

	device_info(fd, &before);
	for (round = 0; round < 3; round++) {
		client = device_open();
		device_info(client, &info);
		for (i = 0; i < odd_value_count; i++) {
			create = (struct drm_pumori_bo_create){ .size = odd_values[i], .flags = DRM_PUMORI_BO_HBM,
								.vm_id = i & 1 ? 77 : 0 };
			expect(call(client, DRM_IOCTL_PUMORI_BO_CREATE, &create) < 0 || odd_values[i] <= info.hbm_bytes,
			       "device memory of %#llx bytes", (unsigned long long)odd_values[i]);
			create = (struct drm_pumori_bo_create){ .size = odd_values[i] | 1ull << 62, .vm_id = i & 1 ? 77 : 0 };
			expect(call(client, DRM_IOCTL_PUMORI_BO_CREATE, &create) < 0, "host memory of %#llx bytes",
			       (unsigned long long)create.size);
		}
		/* Until nothing is left, or, where others are evicted, twice of what there is. */
		for (count = 0; count < ARRAY_LENGTH(handles); count++) {
			handles[count] = buffer_of(client, info.hbm_bytes / 16, DRM_PUMORI_BO_HBM, 0);
			if (!handles[count])
				break;
		}
		expect(count == ARRAY_LENGTH(handles) || (count > 0 && (errno == ENOSPC || errno == ENOMEM)),
		       "device memory has an end after %u pieces", count);
		close(client);
	}
	for (end = now_ms() + 20000; ; usleep(10000)) {
		device_info(fd, &after);
		if (after.hbm_used == before.hbm_used || now_ms() > end)
			break;
	}
	expect(after.hbm_used == before.hbm_used, "all device memory is free again");
	close(fd);
}

/* Calls of one client without end, on a device that comes and goes. */
static volatile bool stop_hammering;

static void *hammer(void *unused)
{
	struct bench bench;
	(void)unused;

	while (!stop_hammering) {
		memset(&bench, 0, sizeof(bench));
		/* Any of this may fail: the device is away half of the time. */
		if (session_open(&bench.session, DRM_PUMORI_CORE_ANY) &&
		    buffer_create(&bench.session, &bench.source, PAGE, 0, SOURCE_VA) &&
		    buffer_create(&bench.session, &bench.target, PAGE, DRM_PUMORI_BO_HBM, TARGET_VA)) {
			bench.source.data[0] = bench.target.data[0];
			submit_jobs(&bench.session, &bench.job, 1);
			bind_range(&bench.session, DRM_PUMORI_BIND_UNMAP, 0, 0, SOURCE_VA, PAGE);
		}
		session_close(&bench.session);
	}
	return NULL;
}

void class_10_reset_and_removal(void)
{
	struct drm_pumori_device_info info;
	struct session session;
	pthread_t threads[2];
	struct job job;
	uint32_t round, i;

	/* Removed while a job hangs: it ends, and whatever the file still asks for is refused. */
	if (!start_endless(&session, &job))
		return;
	expect(ask_helper(HELP_UNBIND) == 0, "unbind");
	expect(completed(&session, job.sequence, 20000), "the hanging job ends");
	expect(!device_info(session.fd, &info) && errno == ENODEV, "a query afterwards");
	expect(submit_jobs(&session, &job, 1) < 0, "a job afterwards");
	expect(!buffer_of(session.fd, PAGE, 0, 0), "a buffer afterwards");
	expect(ask_helper(HELP_BIND) == 0, "bind with the old file open");
	session_close(&session);
	expect(ask_helper(HELP_UNBIND) == 0 && ask_helper(HELP_BIND) == 0, "once more without");

	/* Removed while two threads open, create, submit and close. */
	stop_hammering = false;
	for (i = 0; i < 2; i++)
		expect(pthread_create(&threads[i], NULL, hammer, NULL) == 0, "a thread");
	for (round = 0; round < 5; round++) {
		usleep(30000);
		expect(ask_helper(HELP_UNBIND) == 0, "unbind in round %u", round);
		expect(ask_helper(HELP_BIND) == 0, "bind in round %u", round);
	}
	stop_hammering = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* With all files closed the device gets its first name back. */
	expect(ask_helper(HELP_UNBIND) == 0 && ask_helper(HELP_BIND) == 0, "once more, idle");
}

static void *create_and_destroy(void *argument)
{
	int fd = *(int *)argument;
	uint32_t i;

	while (!stop_hammering) {
		struct drm_pumori_vm_create vm = { 0 };
		struct drm_pumori_context_create context = { 0 };
		struct drm_pumori_queue_create queue = { .core = 0, .priority = DRM_PUMORI_PRIORITY_NORMAL };
		struct drm_pumori_destroy destroy = { 0 };

		if (call(fd, DRM_IOCTL_PUMORI_VM_CREATE, &vm))
			continue;
		context.vm_id = vm.id;
		call(fd, DRM_IOCTL_PUMORI_CONTEXT_CREATE, &context);
		queue.context_id = context.id;
		for (i = 0; i < 3; i++) {
			if (call(fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue))
				continue;
			destroy.id = queue.id;
			expect(call(fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy) == 0, "destroy a queue");
		}
		destroy.id = context.id;
		call(fd, DRM_IOCTL_PUMORI_CONTEXT_DESTROY, &destroy);
		destroy.id = vm.id;
		call(fd, DRM_IOCTL_PUMORI_VM_DESTROY, &destroy);
	}
	return NULL;
}

void class_11_completion_against_creation(void)
{
	struct bench bench;
	pthread_t thread;
	int64_t end;
	uint32_t jobs = 0;

	if (!bench_open(&bench, 0))
		return;
	stop_hammering = false;
	if (!expect(pthread_create(&thread, NULL, create_and_destroy, &bench.session.fd) == 0, "a second thread"))
		return;
	for (end = now_ms() + 1500; now_ms() < end || !jobs; jobs++) {
		if (!expect(bench_works(&bench), "job %u beside creation and destruction", jobs))
			break;
	}
	stop_hammering = true;
	pthread_join(thread, NULL);
	bench_close(&bench);
}

void class_13_failing_probe(void)
{
	int count;

	expect(ask_helper(HELP_UNBIND) == 0, "unbind");
	count = ask_helper(HELP_BIND_FAILING);
	/* Kernels without fault injection bind at once. */
	if (expect(count >= 0, "the device is bound after all"))
		note("%d allocations of the probe failed, one after another", count);
}

void class_15_names_of_old_fences(void)
{
	struct drm_syncobj_handle handle = { .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE };
	struct sync_fence_info fences[4];
	struct sync_file_info info;
	struct bench bench;
	struct job job;
	int round;

	for (round = 0; round < 3; round++) {
		if (!bench_open(&bench, 0))
			return;
		job = bench.job;
		job.signal = syncobj_create(bench.session.fd);
		handle.handle = job.signal;
		expect(submit_jobs(&bench.session, &job, 1) == 0 &&
		       call(bench.session.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle) == 0, "a sync_file");
		bench_close(&bench);
		if (round > 0)
			expect(ask_helper(HELP_UNBIND) == 0, "unbind");
		expect(ask_helper(HELP_UNLOAD) == 0, "the driver is not removed below its fence");
		memset(&info, 0, sizeof(info));
		memset(fences, 0, sizeof(fences));
		info.num_fences = ARRAY_LENGTH(fences);
		info.sync_fence_info = (uintptr_t)fences;
		expect(ioctl(handle.fd, SYNC_IOC_FILE_INFO, &info) == 0 && info.num_fences >= 1, "ask it");
		expect(info.status != 0, "its job has ended");
		expect(strnlen(fences[0].driver_name, sizeof(fences[0].driver_name)) < sizeof(fences[0].driver_name) &&
		       fences[0].driver_name[0], "the driver's name");
		expect(strnlen(fences[0].obj_name, sizeof(fences[0].obj_name)) < sizeof(fences[0].obj_name) &&
		       fences[0].obj_name[0], "the timeline's name");
		close(handle.fd);
		if (round > 0)
			expect(ask_helper(HELP_BIND) == 0, "bind");
	}
}
