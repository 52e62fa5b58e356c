// SPDX-License-Identifier: GPL-2.0
/* Fences of jobs. */

#include <linux/module.h>
#include <linux/slab.h>

#include "pumori_fence.h"

static const char *get_driver_name(struct dma_fence *fence)
{
	return "pumori";
}

static const char *get_timeline_name(struct dma_fence *fence)
{
	return "pumori-queue";
}

static void release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops pumori_fence_ops = {
	.get_driver_name = get_driver_name,
	.get_timeline_name = get_timeline_name,
	.release = release,
};

/**
 * pumori_fence_alloc() - allocate a fence, to be initialised when its job is armed
 */
struct pumori_fence *pumori_fence_alloc(void)
{
	struct pumori_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL_ACCOUNT);

	if (!fence)
		return NULL;

	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	INIT_LIST_HEAD(&fence->link);
	return fence;
}

/**
 * pumori_fence_init() - give a fence its place in its queue's timeline
 * @fence: the fence
 * @context: the timeline
 * @sequence: number of the job
 */
void pumori_fence_init(struct pumori_fence *fence, u64 context, u64 sequence)
{
	dma_fence_init(&fence->base, &pumori_fence_ops, &fence->lock, context, sequence);
	fence->initialized = true;
}

/**
 * pumori_fence_signal() - say that the job has ended
 * @fence: the fence, not signalled yet
 * @error: how, 0 for well
 *
 * Any context.
 */
void pumori_fence_signal(struct pumori_fence *fence, int error)
{
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal(&fence->base);
}

/**
 * pumori_fence_put() - drop a reference, of a fence that may never have been initialised
 * @fence: the fence, or NULL
 */
void pumori_fence_put(struct pumori_fence *fence)
{
	if (!fence)
		return;
	if (fence->initialized) {
		dma_fence_put(&fence->base);
		return;
	}
	kfree(fence);
	module_put(THIS_MODULE);
}
