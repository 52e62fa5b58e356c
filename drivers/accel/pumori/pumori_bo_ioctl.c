// SPDX-License-Identifier: GPL-2.0
/* What else can be asked of a buffer object: that its jobs end, a name, coherence. */

#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/drm_syncobj.h>
#include <drm/pumori_accel.h>

#include "pumori_device.h"
#include "pumori_gem.h"

/**
 * pumori_ioctl_bo_wait() - DRM_IOCTL_PUMORI_BO_WAIT
 * @drm: the device
 * @data: struct drm_pumori_bo_wait
 * @file: the caller
 */
int pumori_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_bo_wait *args = data;
	struct drm_gem_object *obj;
	long ret;

	if (args->flags) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}
	obj = pumori_bo_lookup(file, args->handle, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP, true,
				    drm_timeout_abs_to_jiffies(args->timeout_ns));
	drm_gem_object_put(obj);
	if (ret < 0)
		return ret;
	return ret ? 0 : -ETIME;
}

/**
 * pumori_ioctl_bo_label() - DRM_IOCTL_PUMORI_BO_LABEL
 * @drm: the device
 * @data: struct drm_pumori_bo_label
 * @file: the caller
 */
int pumori_ioctl_bo_label(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_bo_label *args = data;
	struct drm_gem_object *obj;
	char *label = NULL;
	bool read_only;
	int ret = 0;

	if (args->size > DRM_PUMORI_LABEL_BYTES) {
		drm_dbg(drm, "a label of %u bytes is too long\n", args->size);
		return -E2BIG;
	}
	obj = pumori_bo_lookup(file, args->handle, &read_only);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (read_only) {
		ret = -EACCES;
		goto out_put;
	}
	if (args->size) {
		label = memdup_user_nul(u64_to_user_ptr(args->pointer), args->size);
		if (IS_ERR(label)) {
			ret = PTR_ERR(label);
			goto out_put;
		}
	}
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (!ret) {
		swap(to_pumori_bo(obj)->label, label);
		dma_resv_unlock(obj->resv);
	}
	kfree(label);
out_put:
	drm_gem_object_put(obj);
	return ret;
}

/**
 * pumori_ioctl_bo_sync() - DRM_IOCTL_PUMORI_BO_SYNC
 * @drm: the device
 * @data: struct drm_pumori_bo_sync
 * @file: the caller
 *
 * All memory is cached and coherent on every bus there is, so there is nothing to do but to check.
 */
int pumori_ioctl_bo_sync(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_bo_sync *args = data;
	struct drm_gem_object *obj;
	int ret = 0;

	if (!args->flags || args->flags & ~(DRM_PUMORI_SYNC_TO_DEVICE | DRM_PUMORI_SYNC_FROM_DEVICE)) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}
	obj = pumori_bo_lookup(file, args->handle, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (!args->size || args->offset > obj->size || args->size > obj->size - args->offset) {
		drm_dbg(drm, "buffer object %u ends before %llx+%llx\n", args->handle, args->offset,
			args->size);
		ret = -EINVAL;
	}
	drm_gem_object_put(obj);
	return ret;
}
