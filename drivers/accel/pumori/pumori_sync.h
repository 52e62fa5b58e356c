/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_SYNC_H
#define PUMORI_SYNC_H

#include <linux/types.h>

struct dma_fence;
struct drm_file;
struct drm_pumori_array;
struct drm_sched_job;
struct pumori_signal;

/* Fences that one job or bind may wait for or signal. */
#define PUMORI_MAX_SYNCS	64

/**
 * struct pumori_syncs - syncobjs that will get a job's fence
 */
struct pumori_syncs {
	/** @signals: the syncobjs */
	struct pumori_signal *signals;
	/** @count: used elements of @signals */
	u32 count;
};

int pumori_syncs_read(struct pumori_syncs *syncs, struct drm_sched_job *job, u64 own_timeline,
		      struct drm_file *file, const struct drm_pumori_array *array);
void pumori_syncs_commit(struct pumori_syncs *syncs, struct dma_fence *fence);
void pumori_syncs_free(struct pumori_syncs *syncs);

#endif
