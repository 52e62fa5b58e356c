/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_FENCE_H
#define PUMORI_FENCE_H

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/spinlock.h>

/**
 * struct pumori_fence - signalled when a job has ended, however it ended
 *
 * It is what user space gets and what the scheduler waits for. It outlives its queue and its
 * device: it refers to nothing but the module, which it keeps loaded.
 */
struct pumori_fence {
	/** @base: the fence; its number is the sequence of the job */
	struct dma_fence base;
	/** @lock: of @base */
	spinlock_t lock;
	/** @link: in the queue's list of jobs that the chip has */
	struct list_head link;
	/** @initialized: @base was initialised */
	bool initialized;
};

struct pumori_fence *pumori_fence_alloc(void);
void pumori_fence_init(struct pumori_fence *fence, u64 context, u64 sequence);
void pumori_fence_signal(struct pumori_fence *fence, int error);
void pumori_fence_put(struct pumori_fence *fence);

#endif
