// SPDX-License-Identifier: GPL-2.0
/* What user space may know about the device. */

#include <linux/capability.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include <pumori/isa.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_query.h"
#include "pumori_vm.h"

/**
 * pumori_priorities_allowed() - bit per priority that the caller may use
 */
u32 pumori_priorities_allowed(void)
{
	u32 allowed = BIT(DRM_PUMORI_PRIORITY_LOW) | BIT(DRM_PUMORI_PRIORITY_NORMAL);

	if (capable(CAP_SYS_NICE))
		allowed |= BIT(DRM_PUMORI_PRIORITY_HIGH) | BIT(DRM_PUMORI_PRIORITY_REALTIME);
	return allowed;
}

/* An older caller gets what it has room for, a newer one zeroes for what is not known here. */
static int give(struct drm_pumori_dev_query *args, const void *info, u32 size)
{
	void __user *to = u64_to_user_ptr(args->pointer);
	u32 known = min(args->size, size);

	if (args->pointer) {
		if (copy_to_user(to, info, known) || clear_user(to + known, args->size - known))
			return -EFAULT;
	}
	args->size = size;
	return 0;
}

static int query_device(struct pumori_device *pumori, struct drm_pumori_dev_query *args)
{
	struct drm_pumori_device_info info = {
		.hw_version = pumori->info.version,
		.isa_version = pumori->info.isa_version,
		.features = pumori->info.features,
		.serial = pumori->info.serial,
		.cores = pumori->info.cores,
		.slots = pumori->info.slots,
		.hbm_bytes = pumori->info.hbm_bytes,
		.va_start = PUMORI_VA_START,
		.va_end = PUMORI_VA_END,
		.instructions = pumori->info.instructions,
		.clock_khz = pumori->info.clock_khz,
		.units_per_ms = pumori_read(pumori, PUMORI_HW_REG_UNITS_PER_MS),
		.max_variables = PUMORI_ISA_VARIABLES,
		.max_jobs = PUMORI_MAX_JOBS,
		.job_timeout_ms = PUMORI_JOB_TIMEOUT_MS,
		.job_timeout_max_ms = PUMORI_JOB_TIMEOUT_MAX_MS,
		.page_size = PUMORI_HW_PAGE_SIZE,
	};

	mutex_lock(&pumori->hbm_lock);
	info.hbm_used = pumori->hbm_used;
	mutex_unlock(&pumori->hbm_lock);
	mutex_lock(&pumori->store_lock);
	info.instructions_used = pumori->store_used;
	mutex_unlock(&pumori->store_lock);
	strscpy_pad(info.name, pumori->info.name, sizeof(info.name));
	strscpy_pad(info.socket, pumori->bus->ops->name, sizeof(info.socket));
	return give(args, &info, sizeof(info));
}

static u64 read_core64(struct pumori_core *core, u32 reg)
{
	return pumori_read64(core->pumori, PUMORI_HW_CORE(core->index, reg));
}

static int query_core(struct pumori_device *pumori, struct drm_pumori_dev_query *args)
{
	struct drm_pumori_core_info info = {};
	struct pumori_core *core;

	if (args->index >= pumori->info.cores) {
		drm_dbg(&pumori->drm, "no core %u\n", args->index);
		return -EINVAL;
	}
	core = pumori->core[array_index_nospec(args->index, pumori->info.cores)];
	info.busy_ns = read_core64(core, PUMORI_HW_CORE_BUSY_NS);
	info.cycles = read_core64(core, PUMORI_HW_CORE_CYCLES);
	info.instructions = read_core64(core, PUMORI_HW_CORE_INSTRUCTIONS);
	info.jobs = read_core64(core, PUMORI_HW_CORE_JOBS);
	info.queues = READ_ONCE(core->queue_count);
	info.resets = READ_ONCE(core->resets);
	return give(args, &info, sizeof(info));
}

static int query_priorities(struct drm_pumori_dev_query *args)
{
	struct drm_pumori_priorities_info info = { .allowed = pumori_priorities_allowed() };

	return give(args, &info, sizeof(info));
}

/**
 * pumori_ioctl_dev_query() - DRM_IOCTL_PUMORI_DEV_QUERY
 * @drm: the device
 * @data: struct drm_pumori_dev_query
 * @file: the caller
 */
int pumori_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_device *pumori = to_pumori_device(drm);
	struct drm_pumori_dev_query *args = data;
	int ret, idx;

	if (args->pad || (args->index && args->type != DRM_PUMORI_QUERY_CORE)) {
		drm_dbg(drm, "padding or index is not zero\n");
		return -EINVAL;
	}
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;

	switch (args->type) {
	case DRM_PUMORI_QUERY_DEVICE:
		ret = query_device(pumori, args);
		break;
	case DRM_PUMORI_QUERY_CORE:
		ret = query_core(pumori, args);
		break;
	case DRM_PUMORI_QUERY_PRIORITIES:
		ret = query_priorities(args);
		break;
	default:
		drm_dbg(drm, "unknown query %u\n", args->type);
		ret = -EINVAL;
		break;
	}
	drm_dev_exit(idx);
	return ret;
}
