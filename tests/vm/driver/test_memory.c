/* SPDX-License-Identifier: MIT */
/*
 * Buffer objects: creation, mapping, accounting.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver_test.h"

static void test_refusals(struct session *session)
{
	struct drm_pumori_bo_create create;
	struct drm_pumori_bo_mmap_offset offset = { .handle = 0xffffff };

	create = (struct drm_pumori_bo_create){ .size = 0 };
	refused(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create), EINVAL, 0, "a buffer of no bytes");
	create = (struct drm_pumori_bo_create){ .size = PAGE, .flags = 1u << 30 };
	refused(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create), EINVAL, 0, "an unknown buffer flag");
	create = (struct drm_pumori_bo_create){ .size = PAGE, .pad = 1 };
	refused(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create), EINVAL, 0, "buffer padding that is not zero");
	create = (struct drm_pumori_bo_create){ .size = PAGE, .vm_id = 0xfffff };
	refused(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create), ENOENT, EINVAL, "a buffer of an unknown VM");
	create = (struct drm_pumori_bo_create){ .size = ~0ull - PAGE };
	ok(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) < 0, "a buffer of nearly 2^64 bytes is refused");
	create = (struct drm_pumori_bo_create){ .size = 1ull << 46, .flags = DRM_PUMORI_BO_HBM };
	ok(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) < 0, "more device memory than there is is refused");
	refused(call(session->fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset), ENOENT, EINVAL, "mapping an unknown buffer");
	create = (struct drm_pumori_bo_create){ .size = PAGE, .flags = DRM_PUMORI_BO_NO_MMAP };
	ok(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) == 0, "a buffer that the CPU never maps");
	offset.handle = create.handle;
	ok(call(session->fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset) < 0, "mapping it is refused");
}

static void test_contents(struct session *session, uint32_t flags, const char *where, uint64_t va)
{
	struct buffer buffer;
	size_t i, dirty = 0;

	if (!ok(buffer_create(session, &buffer, 3 * PAGE + 1, flags, va), "a buffer in %s memory", where))
		return;
	ok(buffer.size == 4 * PAGE, "its size is rounded up to pages");
	for (i = 0; i < buffer.size; i++)
		dirty += buffer.data[i] != 0;
	ok(dirty == 0, "it is zeroed");
	for (i = 0; i < buffer.size; i++)
		buffer.data[i] = (uint8_t)(i * 7 + (i >> 8));
	for (i = 0; i < buffer.size; i++)
		dirty += buffer.data[i] != (uint8_t)(i * 7 + (i >> 8));
	ok(dirty == 0, "it holds what was written");
}

static void test_accounting(void)
{
	struct drm_pumori_device_info before, during, after;
	struct session session;
	struct buffer buffer;
	int fd = device_open();
	int64_t end;

	device_info(fd, &before);
	if (session_open(&session, DRM_PUMORI_CORE_ANY) &&
	    ok(buffer_create(&session, &buffer, 4u << 20, DRM_PUMORI_BO_HBM, 1ull << 32), "4 MiB of device memory")) {
		device_info(fd, &during);
		ok(during.hbm_used >= before.hbm_used + (4u << 20), "they are counted as used");
	}
	session_close(&session);
	for (end = now_ms() + 5000; ; usleep(10000)) {
		device_info(fd, &after);
		if (after.hbm_used == before.hbm_used || now_ms() > end)
			break;
	}
	ok(after.hbm_used == before.hbm_used, "they are free again after close");
	close(fd);
}

void test_memory(void)
{
	struct session session;

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY), "a session"))
		return;
	test_refusals(&session);
	test_contents(&session, 0, "host", 1ull << 32);
	test_contents(&session, DRM_PUMORI_BO_HBM, "device", 2ull << 32);
	session_close(&session);
	test_accounting();
}
