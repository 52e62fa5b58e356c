/* SPDX-License-Identifier: MIT */
/*
 * VM_BIND: what it refuses, that it is all or nothing, and that objects keep to their VM.
 */
#include <errno.h>
#include <string.h>

#include "driver_test.h"

#define VA (1ull << 33)

static void test_refusals(struct session *session, uint32_t handle)
{
	struct drm_pumori_device_info info;
	struct drm_pumori_vm_bind bind = { .vm_id = session->vm, .flags = 1u << 31 };
	struct drm_pumori_vm_create create = { .flags = 1 };
	struct drm_pumori_destroy destroy = { .id = 0xfffff };

	device_info(session->fd, &info);
	refused(bind_range(session, 0, handle, 0, VA + 1, PAGE), EINVAL, 0, "a VA inside a page");
	refused(bind_range(session, 0, handle, 0, VA, PAGE + 1), EINVAL, 0, "a size that is no multiple of pages");
	refused(bind_range(session, 0, handle, 1, VA, PAGE), EINVAL, 0, "an offset inside a page");
	refused(bind_range(session, 0, handle, 0, VA, 0), EINVAL, 0, "an empty range");
	refused(bind_range(session, 0, handle, 0, VA, 64 * PAGE), EINVAL, 0, "more than the buffer has");
	refused(bind_range(session, 0, handle, ~0ull - PAGE + 1, VA, 2 * PAGE), EINVAL, 0, "an offset that wraps");
	refused(bind_range(session, 0, handle, 0, info.va_end, PAGE), EINVAL, 0, "a VA beyond the end");
	refused(bind_range(session, 0, handle, 0, ~0ull - PAGE + 1, PAGE), EINVAL, 0, "a VA that wraps");
	refused(bind_range(session, 0, 0xfffff, 0, VA, PAGE), ENOENT, EINVAL, "an unknown buffer");
	refused(bind_range(session, 77, handle, 0, VA, PAGE), EINVAL, 0, "an unknown operation");
	refused(bind_range(session, 1u << 31, handle, 0, VA, PAGE), EINVAL, 0, "an unknown bind flag");
	refused(bind_range(session, DRM_PUMORI_BIND_UNMAP, handle, 0, VA, PAGE), EINVAL, 0, "unmapping with a handle");
	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind), EINVAL, 0, "an unknown flag");
	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_CREATE, &create), EINVAL, 0, "an unknown VM flag");
	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_DESTROY, &destroy), ENOENT, EINVAL, "destroying an unknown VM");
}

static void test_all_or_nothing(struct session *session, uint32_t handle)
{
	struct drm_pumori_bind_op ops[2] = {
		{ .handle = handle, .va = VA + 16 * PAGE, .size = PAGE },
		{ .handle = handle, .va = VA + 17 * PAGE + 1, .size = PAGE },
	};
	struct drm_pumori_vm_bind bind = {
		.vm_id = session->vm,
		.ops = { .stride = sizeof(ops[0]), .count = 2, .pointer = (uintptr_t)ops },
	};
	struct job job = { .variables = 2 };
	struct drm_pumori_job_query query;
	struct image image;
	int status;

	refused(call(session->fd, DRM_IOCTL_PUMORI_VM_BIND, &bind), EINVAL, 0, "an array whose second element is bad");
	if (!image_copy(&image, PAGE, 1) || program_load(session, &image, &job.program, NULL)) {
		ok(false, "a program that copies");
		return;
	}
	job.variable[0] = (struct drm_pumori_variable){ .va = VA + 16 * PAGE, .size = PAGE };
	job.variable[1] = (struct drm_pumori_variable){ .va = VA, .size = PAGE, .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	status = run_job(session, &job, 30000, &query);
	ok(status == PUMORI_HW_JOB_FAULT && query.fault == PUMORI_HW_FAULT_MMU, "its first element was not mapped");
	image_destroy(&image);
}

void test_bind(void)
{
	struct session session, other;
	struct buffer buffer;

	if (!ok(session_open(&session, DRM_PUMORI_CORE_ANY), "a session") ||
	    !ok(buffer_create(&session, &buffer, 4 * PAGE, 0, VA), "a buffer"))
		return;
	test_refusals(&session, buffer.handle);
	ok(bind_range(&session, 0, buffer.handle, PAGE, VA, PAGE) == 0, "mapping over a mapping replaces it");
	ok(bind_range(&session, DRM_PUMORI_BIND_UNMAP, 0, 0, VA + PAGE, PAGE) == 0, "unmapping the middle splits it");
	ok(bind_range(&session, DRM_PUMORI_BIND_UNMAP, 0, 0, VA + (1ull << 30), 1u << 20) == 0, "unmapping nothing is no error");
	if (ok(session_open(&other, DRM_PUMORI_CORE_ANY), "a second session")) {
		refused(bind_range(&other, 0, buffer.handle, 0, VA, PAGE), ENOENT, EINVAL, "a handle of another file");
		session_close(&other);
	}
	test_all_or_nothing(&session, buffer.handle);
	session_close(&session);
}
