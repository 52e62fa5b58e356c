// SPDX-License-Identifier: GPL-2.0
/* What a job waits for and what it signals: syncobjs, binary and timeline. */

#include <linux/dma-fence-chain.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>
#include <drm/pumori_accel.h>

#include "pumori_array.h"
#include "pumori_sync.h"

/**
 * struct pumori_signal - a syncobj to signal
 */
struct pumori_signal {
	/** @syncobj: held */
	struct drm_syncobj *syncobj;
	/** @chain: for a timeline: its new node, until it is added */
	struct dma_fence_chain *chain;
	/** @point: for a timeline: the point */
	u64 point;
};

static int check_sync(struct drm_device *drm, const struct drm_pumori_sync *sync)
{
	u32 type = sync->flags & DRM_PUMORI_SYNC_TYPE_MASK;

	if (sync->flags & ~(DRM_PUMORI_SYNC_TYPE_MASK | DRM_PUMORI_SYNC_SIGNAL)) {
		drm_dbg(drm, "unknown flags %x\n", sync->flags);
		return -EINVAL;
	}
	if (type > DRM_PUMORI_SYNC_TIMELINE) {
		drm_dbg(drm, "unknown kind of sync %u\n", type);
		return -EINVAL;
	}
	if (!sync->value != (type == DRM_PUMORI_SYNC_SYNCOBJ)) {
		drm_dbg(drm, "point %llu of sync of type %u\n", sync->value, type);
		return -EINVAL;
	}
	return 0;
}

static int add_signal(struct pumori_syncs *syncs, struct drm_file *file,
		      const struct drm_pumori_sync *sync)
{
	struct pumori_signal *signal = &syncs->signals[syncs->count];

	signal->syncobj = drm_syncobj_find(file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	/* From here on pumori_syncs_free() lets go of it. */
	syncs->count++;
	if (!sync->value)
		return 0;

	signal->point = sync->value;
	signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

static int add_wait(struct drm_sched_job *job, u64 own_timeline, struct drm_file *file,
		    const struct drm_pumori_sync *sync)
{
	struct dma_fence *fence;
	int ret;

	ret = drm_syncobj_find_fence(file, sync->handle, sync->value, 0, &fence);
	if (ret)
		return ret;
	/* A timeline keeps its own order: waiting for it would let it run dry between jobs. */
	if (fence->context == own_timeline) {
		dma_fence_put(fence);
		return 0;
	}
	return drm_sched_job_add_dependency(job, fence);
}

/**
 * pumori_syncs_read() - take over what user space says about the order of a job
 * @syncs: what the job will signal; zeroed
 * @job: the job, initialised and not armed; gets what it waits for
 * @own_timeline: fence context of the job, which needs no waiting
 * @file: the caller
 * @array: struct drm_pumori_sync, at most PUMORI_MAX_SYNCS
 *
 * pumori_syncs_free() lets go of what was taken, also on an error.
 */
int pumori_syncs_read(struct pumori_syncs *syncs, struct drm_sched_job *job, u64 own_timeline,
		      struct drm_file *file, const struct drm_pumori_array *array)
{
	struct drm_device *drm = file->minor->dev;
	struct drm_pumori_sync sync;
	u32 i;
	int ret;

	if (!array->count)
		return 0;
	syncs->signals = kvcalloc(array->count, sizeof(*syncs->signals), GFP_KERNEL_ACCOUNT);
	if (!syncs->signals)
		return -ENOMEM;

	for (i = 0; i < array->count; i++) {
		ret = pumori_array_read(array, i, &sync, sizeof(sync));
		if (!ret)
			ret = check_sync(drm, &sync);
		if (!ret)
			ret = sync.flags & DRM_PUMORI_SYNC_SIGNAL ?
			      add_signal(syncs, file, &sync) :
			      add_wait(job, own_timeline, file, &sync);
		if (ret) {
			drm_dbg(drm, "sync %u: handle %u: %d\n", i, sync.handle, ret);
			return ret;
		}
	}
	return 0;
}

/**
 * pumori_syncs_commit() - let the syncobjs have the fence of an armed job
 * @syncs: from pumori_syncs_read()
 * @fence: the fence
 *
 * Cannot fail, allocates nothing.
 */
void pumori_syncs_commit(struct pumori_syncs *syncs, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < syncs->count; i++) {
		struct pumori_signal *signal = &syncs->signals[i];

		if (signal->chain) {
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence, signal->point);
			/* It belongs to the timeline now, which takes a reference of the fence. */
			signal->chain = NULL;
		} else {
			drm_syncobj_replace_fence(signal->syncobj, fence);
		}
	}
}

/**
 * pumori_syncs_free() - let go of syncobjs
 * @syncs: from pumori_syncs_read()
 */
void pumori_syncs_free(struct pumori_syncs *syncs)
{
	u32 i;

	for (i = 0; i < syncs->count; i++) {
		dma_fence_chain_free(syncs->signals[i].chain);
		drm_syncobj_put(syncs->signals[i].syncobj);
	}
	kvfree(syncs->signals);
}
