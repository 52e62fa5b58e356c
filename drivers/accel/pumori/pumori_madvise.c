// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers whose contents may go when memory is short: who marks one says that it can make the
 * contents again. The shrinker takes idle ones, and device memory takes them rather than evicting.
 * What is gone stays gone: such a buffer can only be closed.
 */

#include <kunit/visibility.h>
#include <linux/dma-resv.h>
#include <linux/shrinker.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include "pumori_device.h"
#include "pumori_evict.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"
#include "pumori_madvise.h"
#include "pumori_vm.h"

/**
 * pumori_bo_set_purgeable() - change whether a buffer's contents may go
 * @bo: the buffer, its reservation locked, unless nobody else knows it
 * @purgeable: whether
 */
void pumori_bo_set_purgeable(struct pumori_bo *bo, bool purgeable)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);

	spin_lock(&pumori->purge_lock);
	if (purgeable && list_empty(&bo->purge_link)) {
		list_add_tail(&bo->purge_link, &pumori->purgeable);
		pumori->purgeable_pages += bo->base.size >> PAGE_SHIFT;
	} else if (!purgeable && !list_empty(&bo->purge_link)) {
		list_del_init(&bo->purge_link);
		pumori->purgeable_pages -= bo->base.size >> PAGE_SHIFT;
	}
	spin_unlock(&pumori->purge_lock);
	bo->purgeable = purgeable;
}

/**
 * pumori_bo_purge() - let a buffer's contents go
 * @bo: the buffer, purgeable and idle, its reservation locked
 */
void pumori_bo_purge(struct pumori_bo *bo)
{
	dma_resv_assert_held(bo->base.resv);

	pumori_bo_set_purgeable(bo, false);
	pumori_bo_unmap(bo);
	pumori_bo_free_memory(bo);
	bo->place = PUMORI_BO_PURGED;
}

static struct pumori_device *device_of(struct shrinker *shrinker)
{
	return shrinker->private_data;
}

static unsigned long count(struct shrinker *shrinker, struct shrink_control *control)
{
	return READ_ONCE(device_of(shrinker)->purgeable_pages) ?: SHRINK_EMPTY;
}

/* The oldest one, held, and at the end of the list now. */
static struct pumori_bo *next_candidate(struct pumori_device *pumori)
{
	struct pumori_bo *bo;

	spin_lock(&pumori->purge_lock);
	bo = list_first_entry_or_null(&pumori->purgeable, struct pumori_bo, purge_link);
	if (bo) {
		list_move_tail(&bo->purge_link, &pumori->purgeable);
		/* Its last reference may be gone already; then it frees itself. */
		if (!kref_get_unless_zero(&bo->base.refcount))
			bo = NULL;
	}
	spin_unlock(&pumori->purge_lock);
	return bo;
}

static unsigned long scan(struct shrinker *shrinker, struct shrink_control *control)
{
	struct pumori_device *pumori = device_of(shrinker);
	unsigned long freed = 0, looked_at = 0;
	struct pumori_bo *bo;

	while (looked_at < control->nr_to_scan) {
		bo = next_candidate(pumori);
		if (!bo)
			break;
		looked_at += bo->base.size >> PAGE_SHIFT;
		if (dma_resv_trylock(bo->base.resv)) {
			if (bo->purgeable && !bo->pins &&
			    dma_resv_test_signaled(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP)) {
				pumori_bo_purge(bo);
				freed += bo->base.size >> PAGE_SHIFT;
			}
			dma_resv_unlock(bo->base.resv);
		}
		drm_gem_object_put(&bo->base);
	}
	return freed ?: SHRINK_STOP;
}

static void free_shrinker(struct drm_device *drm, void *shrinker)
{
	shrinker_free(shrinker);
}

/**
 * pumori_madvise_init() - begin to listen to the kernel's need for memory
 * @pumori: the device
 */
int pumori_madvise_init(struct pumori_device *pumori)
{
	struct shrinker *shrinker = shrinker_alloc(0, "drm-pumori:%s",
						   dev_name(pumori->drm.dev));

	if (!shrinker)
		return -ENOMEM;
	spin_lock_init(&pumori->purge_lock);
	INIT_LIST_HEAD(&pumori->purgeable);
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker->private_data = pumori;
	shrinker_register(shrinker);
	return drmm_add_action_or_reset(&pumori->drm, free_shrinker, shrinker);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_madvise_init);

/**
 * pumori_ioctl_bo_madvise() - DRM_IOCTL_PUMORI_BO_MADVISE
 * @drm: the device
 * @data: struct drm_pumori_bo_madvise
 * @file: the caller
 */
int pumori_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_bo_madvise *args = data;
	struct drm_gem_object *obj;
	struct pumori_bo *bo;
	int ret;

	if (args->pad || args->advice > DRM_PUMORI_MADVISE_DONTNEED) {
		drm_dbg(drm, "unknown advice %u or padding not zero\n", args->advice);
		return -EINVAL;
	}
	obj = pumori_bo_lookup(file, args->handle, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	bo = to_pumori_bo(obj);
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		goto out_put;
	args->retained = bo->place != PUMORI_BO_PURGED;
	if (args->advice == DRM_PUMORI_MADVISE_DONTNEED && bo->import) {
		drm_dbg(drm, "the memory of buffer object %u is another's\n", args->handle);
		ret = -EINVAL;
	} else if (args->retained) {
		pumori_bo_set_purgeable(bo, args->advice == DRM_PUMORI_MADVISE_DONTNEED);
	}
	dma_resv_unlock(obj->resv);
out_put:
	drm_gem_object_put(obj);
	return ret;
}
