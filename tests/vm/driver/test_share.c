/* SPDX-License-Identifier: MIT */
/*
 * Buffers that several address spaces use: which can be shared, and that all see the same bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define BYTES	(64u * 1024)
#define VA	(1ull << 34)

int buffer_export(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = flags | DRM_CLOEXEC };

	return call(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime) ? -1 : prime.fd;
}

uint32_t buffer_import(int fd, int dma_buf)
{
	struct drm_prime_handle prime = { .fd = dma_buf };

	return call(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) ? 0 : prime.handle;
}

uint32_t buffer_of(int fd, uint64_t size, uint32_t flags, uint32_t vm)
{
	struct drm_pumori_bo_create create = { .size = size, .flags = flags, .vm_id = vm };

	return call(fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) ? 0 : create.handle;
}

static void test_private(struct session *session)
{
	struct drm_pumori_vm_create other = { 0 };
	struct drm_pumori_bind_op op = { .va = VA, .size = PAGE };
	struct drm_pumori_vm_bind bind = { .ops = { .stride = sizeof(op), .count = 1, .pointer = (uintptr_t)&op } };
	uint32_t handle = buffer_of(session->fd, PAGE, 0, session->vm);

	refused(buffer_export(session->fd, handle, 0), EPERM, 0, "exporting a private buffer");
	ok(call(session->fd, DRM_IOCTL_PUMORI_VM_CREATE, &other) == 0, "a second VM");
	op.handle = handle;
	bind.vm_id = other.id;
	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind), EINVAL, 0, "a private buffer in another VM");
}

/* The first session's job writes the shared buffer, the second one's copies it into a buffer of its own. */
static void test_shared(struct session *first, struct session *second, uint32_t flags, const char *where)
{
	uint32_t handle = buffer_of(first->fd, BYTES, flags, 0), imported;
	struct buffer source, target;
	struct job job = { .variables = 2 };
	struct image image;
	int dma_buf = buffer_export(first->fd, handle, DRM_RDWR);
	uint64_t at = VA + ((uint64_t)flags << 32);

	imported = dma_buf < 0 ? 0 : buffer_import(second->fd, dma_buf);
	close(dma_buf);
	if (!ok(imported != 0, "a buffer in %s memory reaches another file", where) ||
	    !ok(bind_range(first, 0, handle, 0, at, BYTES) == 0 && bind_range(second, 0, imported, 0, at, BYTES) == 0,
		"both bind it") ||
	    !buffer_create(first, &source, BYTES, 0, at + (1ull << 31)) ||
	    !buffer_create(second, &target, BYTES, 0, at + (1ull << 31)) || !image_copy(&image, BYTES, 1))
		return;
	memset(source.data, 0x5a, BYTES);
	job.variable[0] = (struct drm_pumori_variable){ .va = source.va, .size = BYTES };
	job.variable[1] = (struct drm_pumori_variable){ .va = at, .size = BYTES, .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	ok(program_load(first, &image, &job.program, NULL) == 0 && run_job(first, &job, 30000, NULL) == PUMORI_HW_JOB_DONE,
	   "one writes it");
	job.variable[0] = (struct drm_pumori_variable){ .va = at, .size = BYTES };
	job.variable[1] = (struct drm_pumori_variable){ .va = target.va, .size = BYTES, .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	ok(program_load(second, &image, &job.program, NULL) == 0 && run_job(second, &job, 30000, NULL) == PUMORI_HW_JOB_DONE &&
	   target.data[0] == 0x5a && memcmp(target.data, target.data + 1, BYTES - 1) == 0, "the other reads the same bytes");
	image_destroy(&image);
}

void test_share(void)
{
	struct session first, second;

	if (!ok(session_open(&first, DRM_PUMORI_CORE_ANY) && session_open(&second, DRM_PUMORI_CORE_ANY), "two sessions"))
		return;
	test_private(&first);
	test_shared(&first, &second, 0, "host");
	test_shared(&first, &second, DRM_PUMORI_BO_HBM, "device");
	session_close(&first);
	session_close(&second);
}
