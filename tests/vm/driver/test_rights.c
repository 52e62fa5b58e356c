/* SPDX-License-Identifier: MIT */
/*
 * Who may do what with a buffer of another: read-only sharing, memory of other drivers and devices, and what
 * may be said about a buffer: that it may go, its name, waiting for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver_test.h"

#define BYTES	(64u * 1024)
#define VA	(1ull << 36)

static void *map_handle(int fd, uint32_t handle, int protection)
{
	struct drm_pumori_bo_mmap_offset offset = { .handle = handle };

	if (call(fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset))
		return MAP_FAILED;
	return mmap(NULL, BYTES, protection, MAP_SHARED, fd, (off_t)offset.offset);
}

/* Copies BYTES on the device; PUMORI_HW_JOB_* or -1. */
static int device_copy(struct session *session, uint64_t from, uint64_t to)
{
	struct job job = { .variables = 2 };
	struct image image;
	int status = -1;

	job.variable[0] = (struct drm_pumori_variable){ .va = from, .size = BYTES };
	job.variable[1] = (struct drm_pumori_variable){ .va = to, .size = BYTES, .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	if (!image_copy(&image, BYTES, 1))
		return -1;
	if (program_load(session, &image, &job.program, NULL) == 0)
		status = run_job(session, &job, 60000, NULL);
	image_destroy(&image);
	return status;
}

static bool all(const uint8_t *data, uint8_t value)
{
	return data[0] == value && memcmp(data, data + 1, BYTES - 1) == 0;
}

/* Weights of one process, used by another one that can read them and nothing more. */
static void test_read_only(uint32_t flags, const char *where)
{
	struct session owner, user;
	struct buffer target;
	uint32_t weights, view;
	uint8_t *bytes, *seen;
	int dma_buf, again;

	if (!ok(session_open(&owner, DRM_PUMORI_CORE_ANY) && session_open(&user, DRM_PUMORI_CORE_ANY) &&
		buffer_create(&user, &target, BYTES, 0, VA), "an owner and a user of weights in %s memory", where))
		return;
	weights = buffer_of(owner.fd, BYTES, flags, 0);
	bytes = map_handle(owner.fd, weights, PROT_READ | PROT_WRITE);
	memset(bytes, 0x77, BYTES);
	dma_buf = buffer_export(owner.fd, weights, 0);
	view = buffer_import(user.fd, dma_buf);
	ok(view != 0, "exported without DRM_RDWR they can be imported");
	refused(buffer_export(owner.fd, weights, DRM_RDWR), EACCES, 0, "a writable dma-buf beside the read-only one");

	seen = map_handle(user.fd, view, PROT_READ | PROT_WRITE);
	ok(seen == MAP_FAILED && errno == EACCES, "the user cannot map them writable");
	seen = map_handle(user.fd, view, PROT_READ);
	ok(seen != MAP_FAILED && all(seen, 0x77), "it can read them");
	ok(mprotect(seen, BYTES, PROT_READ | PROT_WRITE) < 0 && errno == EACCES, "nor make a mapping writable later");
	ok(mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, dma_buf, 0) == MAP_FAILED, "nor map the dma-buf so");
	refused(bind_range(&user, 0, view, 0, VA + (1u << 30), BYTES), EACCES, 0, "binding them writable");
	ok(bind_range(&user, DRM_PUMORI_BIND_READONLY, view, 0, VA + (1u << 30), BYTES) == 0, "they can be bound for reading");
	ok(device_copy(&user, VA + (1u << 30), VA) == PUMORI_HW_JOB_DONE && all(target.data, 0x77), "the device reads them");
	again = buffer_export(user.fd, view, 0);
	ok(again >= 0, "the user can pass them on");
	close(again);
	refused(buffer_export(user.fd, view, DRM_RDWR), EACCES, 0, "passing them on writable");
	memset(bytes, 0x78, BYTES);
	ok(all(seen, 0x78), "what the owner writes the user sees");
	ok(device_copy(&user, VA, VA + (1u << 30)) == PUMORI_HW_JOB_FAULT && all(bytes, 0x78), "the device cannot write them");

	close(dma_buf);
	session_close(&owner);
	ok(all(seen, 0x78), "they live as long as somebody uses them");
	munmap(seen, BYTES);
	munmap(bytes, BYTES);
	session_close(&user);

	/* The other way round. */
	if (!session_open(&owner, DRM_PUMORI_CORE_ANY))
		return;
	weights = buffer_of(owner.fd, BYTES, flags, 0);
	dma_buf = buffer_export(owner.fd, weights, DRM_RDWR);
	refused(buffer_export(owner.fd, weights, 0), EBUSY, 0, "a read-only dma-buf beside the writable one");
	close(dma_buf);
	session_close(&owner);
}

static int make_udmabuf(uint8_t **memory)
{
	struct udmabuf_create create = { .size = BYTES, .flags = UDMABUF_FLAGS_CLOEXEC };
	int memfd = memfd_create("pumori", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int dma_buf = -1;

	if (memfd >= 0 && device >= 0 && ftruncate(memfd, BYTES) == 0 && fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) == 0) {
		create.memfd = (uint32_t)memfd;
		*memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
		dma_buf = ioctl(device, UDMABUF_CREATE, &create);
	}
	if (memfd >= 0)
		close(memfd);
	if (device >= 0)
		close(device);
	return dma_buf;
}

static void test_udmabuf(void)
{
	struct session session;
	struct buffer own;
	uint8_t *memory = NULL, *seen;
	uint32_t handle;
	int dma_buf = make_udmabuf(&memory);
	int again;

	if (dma_buf < 0) {
		ok(true, "memory of udmabuf # SKIP this kernel has no udmabuf: %s", strerror(errno));
		return;
	}
	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY) && buffer_create(&session, &own, BYTES, DRM_PUMORI_BO_HBM, VA),
		"a session"))
		return;
	handle = buffer_import(session.fd, dma_buf);
	ok(handle != 0, "memory of udmabuf can be imported");
	memset(memory, 0x21, BYTES);
	ok(bind_range(&session, 0, handle, 0, VA + (1u << 30), BYTES) == 0 &&
	   device_copy(&session, VA + (1u << 30), VA) == PUMORI_HW_JOB_DONE && all(own.data, 0x21), "the device reads it");
	memset(own.data, 0x22, BYTES);
	ok(device_copy(&session, VA, VA + (1u << 30)) == PUMORI_HW_JOB_DONE && all(memory, 0x22), "and writes it");
	seen = map_handle(session.fd, handle, PROT_READ | PROT_WRITE);
	ok(seen != MAP_FAILED && all(seen, 0x22), "it can be mapped through the device's file");
	again = buffer_export(session.fd, handle, DRM_RDWR);
	ok(again >= 0 && buffer_import(session.fd, again) == handle, "exported again it is the same");
	close(again);
	close(dma_buf);
	session_close(&session);
	ok(seen != MAP_FAILED && all(seen, 0x22), "the mapping outlives the file");
	munmap(seen, BYTES);
	munmap(memory, BYTES);
}

/* A second device of the same driver is as foreign as any. */
static void test_second_device(uint32_t flags, const char *where)
{
	struct session session;
	struct buffer own;
	uint32_t theirs, handle;
	uint8_t *bytes;
	int other = open("/dev/accel/accel1", O_RDWR | O_CLOEXEC);
	int dma_buf;

	if (other < 0) {
		ok(true, "memory of a second device # SKIP there is one");
		return;
	}
	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY) && buffer_create(&session, &own, BYTES, 0, VA), "a session"))
		return;
	theirs = buffer_of(other, BYTES, flags, 0);
	bytes = map_handle(other, theirs, PROT_READ | PROT_WRITE);
	memset(bytes, 0x31, BYTES);
	dma_buf = buffer_export(other, theirs, DRM_RDWR);
	handle = buffer_import(session.fd, dma_buf);
	ok(handle != 0, "%s memory of a second device can be imported", where);
	ok(bind_range(&session, 0, handle, 0, VA + (1u << 30), BYTES) == 0 &&
	   device_copy(&session, VA + (1u << 30), VA) == PUMORI_HW_JOB_DONE && all(own.data, 0x31), "the first one reads it");
	memset(own.data, 0x32, BYTES);
	ok(device_copy(&session, VA, VA + (1u << 30)) == PUMORI_HW_JOB_DONE && all(bytes, 0x32), "and writes it");
	close(dma_buf);

	theirs = buffer_of(other, BYTES, flags, 0);
	dma_buf = buffer_export(other, theirs, 0);
	handle = buffer_import(session.fd, dma_buf);
	refused(bind_range(&session, 0, handle, 0, VA + (2ull << 30), BYTES), EACCES, 0, "binding a read-only import writable");
	ok(bind_range(&session, DRM_PUMORI_BIND_READONLY, handle, 0, VA + (2ull << 30), BYTES) == 0, "binding it for reading");
	ok(map_handle(session.fd, handle, PROT_READ | PROT_WRITE) == MAP_FAILED, "nor can it be mapped writable");
	refused(buffer_export(session.fd, handle, DRM_RDWR), EACCES, 0, "exporting it writable");
	close(dma_buf);
	munmap(bytes, BYTES);
	close(other);
	session_close(&session);
}

/* A job's end as a file, and a file as something to wait for. */
static void test_sync_files(void)
{
	struct drm_syncobj_handle handle = { .flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE };
	struct session session;
	struct buffer buffer;
	struct image image;
	struct job job = { .variables = 2 };

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY) && buffer_create(&session, &buffer, 2 * BYTES, 0, VA) &&
		image_copy(&image, BYTES, 1) && program_load(&session, &image, &job.program, NULL) == 0, "a session"))
		return;
	job.variable[0] = (struct drm_pumori_variable){ .va = VA, .size = BYTES };
	job.variable[1] = (struct drm_pumori_variable){ .va = VA + BYTES, .size = BYTES, .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	job.signal = syncobj_create(session.fd);
	handle.handle = job.signal;
	ok(submit_jobs(&session, &job, 1) == 0 && call(session.fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle) == 0,
	   "the end of a job as a sync file");
	handle.handle = syncobj_create(session.fd);
	handle.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE;
	ok(call(session.fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &handle) == 0, "and back into a syncobj");
	job.wait = handle.handle;
	job.signal = syncobj_create(session.fd);
	ok(submit_jobs(&session, &job, 1) == 0 && syncobj_wait(session.fd, job.signal, 60000), "for which another job waits");
	close(handle.fd);
	image_destroy(&image);
	session_close(&session);
}

static int madvise_handle(int fd, uint32_t handle, uint32_t advice, uint32_t *retained)
{
	struct drm_pumori_bo_madvise args = { .handle = handle, .advice = advice };
	int result = call(fd, DRM_IOCTL_PUMORI_BO_MADVISE, &args);

	*retained = args.retained;
	return result;
}

static bool shrink(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, "2", 1) == 1;

	if (fd >= 0)
		close(fd);
	return written;
}

static void test_madvise(uint32_t flags, const char *where)
{
	struct drm_pumori_bo_madvise bad = { .advice = 9 };
	struct session session;
	struct buffer buffer, target;
	uint32_t retained = 9, private_one;

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY) && buffer_create(&session, &buffer, BYTES, flags, VA) &&
		buffer_create(&session, &target, BYTES, 0, 2 * VA), "a buffer in %s memory", where))
		return;
	bad.handle = buffer.handle;
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_MADVISE, &bad), EINVAL, 0, "an unknown advice");
	memset(buffer.data, 0x41, BYTES);
	ok(madvise_handle(session.fd, buffer.handle, DRM_PUMORI_MADVISE_DONTNEED, &retained) == 0 && retained == 1,
	   "it may go");
	ok(madvise_handle(session.fd, buffer.handle, DRM_PUMORI_MADVISE_WILLNEED, &retained) == 0 && retained == 1 &&
	   all(buffer.data, 0x41), "in time it is wanted again");
	ok(shrink() && all(buffer.data, 0x41), "a kernel that looks for memory leaves it alone");
	ok(device_copy(&session, VA, 2 * VA) == PUMORI_HW_JOB_DONE, "a job uses it");
	private_one = buffer_of(session.fd, BYTES, flags, 0);
	madvise_handle(session.fd, buffer.handle, DRM_PUMORI_MADVISE_DONTNEED, &retained);
	madvise_handle(session.fd, private_one, DRM_PUMORI_MADVISE_DONTNEED, &retained);
	shrink();
	ok(madvise_handle(session.fd, buffer.handle, DRM_PUMORI_MADVISE_WILLNEED, &retained) == 0 && retained == 0 &&
	   madvise_handle(session.fd, private_one, DRM_PUMORI_MADVISE_WILLNEED, &retained) == 0 && retained == 0,
	   "what may go goes when the kernel looks for memory");
	refused(bind_range(&session, 0, buffer.handle, 0, 3 * VA, BYTES), ENODATA, 0, "binding what is gone");
	ok(device_copy(&session, VA, 2 * VA) == PUMORI_HW_JOB_FAULT, "a job that reads it faults");
	session_close(&session);
}

static void test_wait_and_label(void)
{
	struct drm_pumori_bo_wait wait = { .timeout_ns = 0 };
	struct drm_pumori_bo_label label = { .size = 7, .pointer = (uintptr_t)"weights" };
	struct drm_pumori_bo_sync sync = { .flags = DRM_PUMORI_SYNC_TO_DEVICE, .size = BYTES };
	struct session session;
	struct image image;
	struct job spin = { .budget_ms = 400 };

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY) && image_spin(&image), "a session"))
		return;
	wait.handle = buffer_of(session.fd, BYTES, 0, session.vm);
	ok(call(session.fd, DRM_IOCTL_PUMORI_BO_WAIT, &wait) == 0, "nobody uses a new buffer");
	ok(program_load(&session, &image, &spin.program, NULL) == 0 && submit_jobs(&session, &spin, 1) == 0, "a job of its VM runs");
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_WAIT, &wait), ETIME, 0, "not waiting for it");
	wait.timeout_ns = (now_ms() + 60000) * 1000000;
	ok(call(session.fd, DRM_IOCTL_PUMORI_BO_WAIT, &wait) == 0 && completed(&session, spin.sequence, 0), "waiting for it");
	wait.flags = 1;
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_WAIT, &wait), EINVAL, 0, "an unknown flag");
	wait = (struct drm_pumori_bo_wait){ .handle = 0xfffff };
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_WAIT, &wait), ENOENT, 0, "waiting for an unknown buffer");

	label.handle = sync.handle = buffer_of(session.fd, BYTES, 0, 0);
	ok(call(session.fd, DRM_IOCTL_PUMORI_BO_LABEL, &label) == 0, "a buffer gets a name");
	label.size = 0;
	ok(call(session.fd, DRM_IOCTL_PUMORI_BO_LABEL, &label) == 0, "and loses it");
	label.size = DRM_PUMORI_LABEL_BYTES + 1;
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_LABEL, &label), E2BIG, 0, "a name that is too long");
	label.size = 9;
	label.pointer = 8;
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_LABEL, &label), EFAULT, 0, "a name that is nowhere");

	ok(call(session.fd, DRM_IOCTL_PUMORI_BO_SYNC, &sync) == 0, "a range is made coherent");
	sync.offset = 1;
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_SYNC, &sync), EINVAL, 0, "a range beyond the end");
	sync.offset = ~0ull;
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_SYNC, &sync), EINVAL, 0, "a range that wraps");
	sync = (struct drm_pumori_bo_sync){ .handle = sync.handle, .size = BYTES };
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_SYNC, &sync), EINVAL, 0, "no direction");
	sync = (struct drm_pumori_bo_sync){ .handle = sync.handle, .flags = 4, .size = BYTES };
	refused(call(session.fd, DRM_IOCTL_PUMORI_BO_SYNC, &sync), EINVAL, 0, "an unknown direction");
	image_destroy(&image);
	session_close(&session);
}

void test_rights(void)
{
	test_read_only(0, "host");
	test_read_only(DRM_PUMORI_BO_HBM, "device");
	test_udmabuf();
	test_second_device(0, "host");
	test_second_device(DRM_PUMORI_BO_HBM, "device");
	test_sync_files();
	test_madvise(0, "host");
	test_madvise(DRM_PUMORI_BO_HBM, "device");
	test_wait_and_label();
}
