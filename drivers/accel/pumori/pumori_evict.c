// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Eviction
 *
 * When device memory is short, buffers that were not used for longest move to host memory; the next
 * submission of an address space that maps them brings them back. The CPU copies, while it holds the
 * buffer's reservation and after all jobs that use it have ended, so there is no moment at which
 * a job could see half of a buffer.
 *
 * Victims are locked through the drm_exec of whoever needs the room. Two clients that want each
 * other's memory therefore back off like any two users of wait/wound locks: one of them starts its
 * submission again, none of them fails.
 */

#include <linux/dma-resv.h>
#include <linux/delay.h>
#include <kunit/visibility.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>

#include "pumori_device.h"
#include "pumori_evict.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"
#include "pumori_madvise.h"

/* How long room is waited for: a job's largest budget and a little more. */
#define BUSY_TIMEOUT_MS	(PUMORI_JOB_TIMEOUT_MAX_MS + 1000)

/**
 * pumori_bo_evict() - move a buffer from device memory to host memory, or let it go if it may
 * @bo: the buffer, its reservation locked
 *
 * Return: 0, -EBUSY when jobs do not end in time, -ENOMEM, or -ERESTARTSYS.
 */
int pumori_bo_evict(struct pumori_bo *bo)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);
	u64 count = bo->base.size >> PAGE_SHIFT, i;
	long left;
	int ret;

	dma_resv_assert_held(bo->base.resv);

	left = dma_resv_wait_timeout(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP, true,
				     msecs_to_jiffies(BUSY_TIMEOUT_MS));
	if (left <= 0)
		return left ?: -EBUSY;
	if (bo->purgeable) {
		pumori_bo_purge(bo);
		return 0;
	}

	ret = pumori_bo_alloc_pages(bo);
	if (ret)
		return ret;

	/* When this is done, no core uses the old place. */
	pumori_bo_unmap(bo);
	for (i = 0; i < count; i++)
		pumori->bus->ops->hbm_read(pumori->bus, bo->hbm.start + (i << PAGE_SHIFT),
					   page_address(bo->pages[i]));
	bo->place = PUMORI_BO_EVICTED;
	pumori_hbm_give(pumori, bo);
	drm_dbg(&pumori->drm, "%zu KiB of device memory evicted\n", bo->base.size >> 10);
	return 0;
}

static int make_room(struct pumori_bo *bo, struct drm_exec *exec, bool busy,
		     struct list_head *victims)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);
	struct pumori_hbm_group *group;
	struct pumori_bo *victim;
	int ret;

	victim = pumori_hbm_victim(pumori, bo->base.size, exec, busy);
	if (!victim)
		return -ENOSPC;
	if (IS_ERR(victim)) {
		fsleep(100);
		return 0;
	}

	group = victim->hbm_group;
	if (list_empty_careful(&group->victim_link) ||
	    dma_resv_locking_ctx(group->object->resv) != &exec->ticket) {
		ret = drm_exec_lock_obj(exec, group->object);
		if (ret)
			goto out_put;
		list_add(&pumori_hbm_group_get(group)->victim_link, victims);
	}
	/* Somebody may have moved or pinned it before it was locked. */
	ret = 0;
	if (victim->place == PUMORI_BO_HBM && !victim->pins)
		ret = pumori_bo_evict(victim);
out_put:
	drm_gem_object_put(&victim->base);
	return ret;
}

/**
 * pumori_bo_place() - put a buffer into device memory, zeroed, and evict others if it must be
 * @bo: the buffer, which has no place there
 * @exec: where its reservation is locked, and those of all others that the caller needs
 *
 * Victims are unlocked again on success.
 *
 * Return: 0; -EDEADLK: the caller begins again, by drm_exec_retry_on_contention(); -ENOSPC when
 * nothing can leave; -ENOMEM or -ERESTARTSYS.
 */
int pumori_bo_place(struct pumori_bo *bo, struct drm_exec *exec)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);
	struct pumori_hbm_group *group, *next;
	LIST_HEAD(victims);
	bool busy = false;
	int ret;

	for (;;) {
		ret = pumori_hbm_take(pumori, bo);
		if (ret != -ENOSPC)
			break;
		ret = make_room(bo, exec, busy, &victims);
		if (ret == -ENOSPC && !busy) {
			/* Only then somebody's job is waited for. */
			busy = true;
			continue;
		}
		if (!ret && signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret)
			break;
	}

	/* Held until now so that no victim could return before its room was taken. */
	list_for_each_entry_safe(group, next, &victims, victim_link) {
		list_del_init(&group->victim_link);
		if (!ret)
			drm_exec_unlock_obj(exec, group->object);
		pumori_hbm_group_put(group);
	}
	if (!ret)
		bo->place = PUMORI_BO_HBM;
	return ret == -EBUSY ? -ENOSPC : ret;
}

/**
 * pumori_bo_restore() - bring an evicted buffer back
 * @bo: the buffer, evicted
 * @exec: where its reservation is locked, and those of all others that the caller needs
 *
 * Return: as pumori_bo_place().
 */
int pumori_bo_restore(struct pumori_bo *bo, struct drm_exec *exec)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);
	u64 count = bo->base.size >> PAGE_SHIFT, i;
	int ret;

	ret = pumori_bo_place(bo, exec);
	if (ret)
		return ret;

	drm_vma_node_unmap(&bo->base.vma_node, bo->base.dev->anon_inode->i_mapping);
	for (i = 0; i < count; i++)
		pumori->bus->ops->hbm_write(pumori->bus, bo->hbm.start + (i << PAGE_SHIFT),
					    page_address(bo->pages[i]));
	pumori_bo_free_pages(bo);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_bo_restore);
