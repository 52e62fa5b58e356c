// SPDX-License-Identifier: GPL-2.0
/* Device memory: which range belongs to which buffer, and whose turn it is to leave. */

#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include <drm/drm_exec.h>
#include <drm/drm_managed.h>
#include <drm/drm_mm.h>
#include <drm/drm_print.h>

#include "pumori_device.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"

static void hbm_takedown(struct drm_device *drm, void *unused)
{
	drm_mm_takedown(&to_pumori_device(drm)->hbm);
}

/**
 * pumori_hbm_init() - start with all of device memory free
 * @pumori: the device
 */
int pumori_hbm_init(struct pumori_device *pumori)
{
	int ret = drmm_mutex_init(&pumori->drm, &pumori->hbm_lock);

	if (ret)
		return ret;
	INIT_LIST_HEAD(&pumori->hbm_groups);
	drm_mm_init(&pumori->hbm, 0, round_down(pumori->info.hbm_bytes, PAGE_SIZE));
	return drmm_add_action_or_reset(&pumori->drm, hbm_takedown, NULL);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_hbm_init);

/**
 * pumori_hbm_group_create() - make a group without buffers
 * @object: whose reservation its buffers will have
 */
struct pumori_hbm_group *pumori_hbm_group_create(struct drm_gem_object *object)
{
	struct pumori_hbm_group *group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);

	if (!group)
		return NULL;
	kref_init(&group->kref);
	INIT_LIST_HEAD(&group->link);
	INIT_LIST_HEAD(&group->buffers);
	INIT_LIST_HEAD(&group->victim_link);
	group->object = object;
	return group;
}

/**
 * pumori_hbm_group_get() - take a reference
 * @group: the group
 */
struct pumori_hbm_group *pumori_hbm_group_get(struct pumori_hbm_group *group)
{
	kref_get(&group->kref);
	return group;
}

static void group_release(struct kref *kref)
{
	kfree(container_of(kref, struct pumori_hbm_group, kref));
}

/**
 * pumori_hbm_group_put() - drop a reference
 * @group: the group, or NULL
 */
void pumori_hbm_group_put(struct pumori_hbm_group *group)
{
	if (group)
		kref_put(&group->kref, group_release);
}

/**
 * pumori_hbm_touch() - note that a group is used
 * @pumori: the device
 * @group: the group
 */
void pumori_hbm_touch(struct pumori_device *pumori, struct pumori_hbm_group *group)
{
	/* Age is a hint: it is not worth waiting for. */
	if (list_empty_careful(&group->link) || !mutex_trylock(&pumori->hbm_lock))
		return;
	if (!list_empty(&group->link))
		list_move_tail(&group->link, &pumori->hbm_groups);
	mutex_unlock(&pumori->hbm_lock);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_hbm_touch);

/* Ranges of 2 MiB or more start where a large leaf of the page table can begin. */
static u64 alignment_of(u64 size)
{
	return size >= BIT_ULL(PUMORI_HW_HUGE_SHIFT) ? BIT_ULL(PUMORI_HW_HUGE_SHIFT) : PAGE_SIZE;
}

static void remove(struct pumori_device *pumori, struct pumori_bo *bo)
{
	mutex_lock(&pumori->hbm_lock);
	list_del_init(&bo->hbm_link);
	if (list_empty(&bo->hbm_group->buffers))
		list_del_init(&bo->hbm_group->link);
	pumori->hbm_used -= bo->base.size;
	drm_mm_remove_node(&bo->hbm);
	mutex_unlock(&pumori->hbm_lock);
}

/**
 * pumori_hbm_take() - take a range of device memory and put zeroed memory behind it
 * @pumori: the device
 * @bo: the buffer, its reservation locked
 *
 * From now on the buffer may be chosen to make room; its reservation keeps it until it is unlocked.
 *
 * Return: 0, -ENOSPC when no range is free, -ENOMEM when there is no memory behind it.
 */
int pumori_hbm_take(struct pumori_device *pumori, struct pumori_bo *bo)
{
	u64 size = bo->base.size;
	int ret;

	mutex_lock(&pumori->hbm_lock);
	ret = drm_mm_insert_node_generic(&pumori->hbm, &bo->hbm, size, alignment_of(size), 0,
					 DRM_MM_INSERT_BEST);
	if (!ret) {
		pumori->hbm_used += size;
		list_add_tail(&bo->hbm_link, &bo->hbm_group->buffers);
		list_move_tail(&bo->hbm_group->link, &pumori->hbm_groups);
	}
	mutex_unlock(&pumori->hbm_lock);
	if (ret)
		return ret;

	ret = pumori->bus->ops->hbm_populate(pumori->bus, bo->hbm.start, size);
	if (ret)
		remove(pumori, bo);
	return ret;
}

/**
 * pumori_hbm_give() - give a range back
 * @pumori: the device
 * @bo: the buffer, which no page table maps; its reservation locked, unless nobody else knows it
 */
void pumori_hbm_give(struct pumori_device *pumori, struct pumori_bo *bo)
{
	pumori->bus->ops->hbm_release(pumori->bus, bo->hbm.start, bo->hbm.size);
	remove(pumori, bo);
}

/*
 * What the caller has locked it needs, unless it was locked to make room, or ahead, after contention.
 */
static bool needed_by(const struct drm_exec *exec, const struct pumori_hbm_group *group)
{
	return dma_resv_locking_ctx(group->object->resv) == &exec->ticket &&
	       list_empty(&group->victim_link) && exec->prelocked != group->object;
}

static bool scan(struct pumori_device *pumori, struct drm_mm_scan *scan, struct list_head *scanned,
		 const struct drm_exec *exec, bool busy)
{
	struct pumori_hbm_group *group;
	struct pumori_bo *bo;

	list_for_each_entry(group, &pumori->hbm_groups, link) {
		if (needed_by(exec, group) ||
		    (!busy && !dma_resv_test_signaled(group->object->resv,
						      DMA_RESV_USAGE_BOOKKEEP)))
			continue;
		list_for_each_entry(bo, &group->buffers, hbm_link) {
			if (READ_ONCE(bo->pins))
				continue;
			list_add(&bo->scan_link, scanned);
			if (drm_mm_scan_add_block(scan, &bo->hbm))
				return true;
		}
	}
	return false;
}

/**
 * pumori_hbm_victim() - choose a buffer that shall make room
 * @pumori: the device
 * @size: bytes of room
 * @exec: what the caller has locked, and therefore needs
 * @busy: also buffers that jobs use
 *
 * The oldest of those that, together, leave a hole of this size when they go.
 *
 * Return: the buffer, held; NULL when there are none such; -EAGAIN when they are going already.
 */
struct pumori_bo *pumori_hbm_victim(struct pumori_device *pumori, u64 size, struct drm_exec *exec,
				    bool busy)
{
	struct pumori_bo *victim = NULL, *bo, *next;
	struct drm_mm_scan state;
	LIST_HEAD(scanned);
	bool found;

	mutex_lock(&pumori->hbm_lock);
	drm_mm_scan_init(&state, &pumori->hbm, size, alignment_of(size), 0, DRM_MM_INSERT_BEST);
	found = scan(pumori, &state, &scanned, exec, busy);
	/* Youngest first, as the scan wants them back. */
	list_for_each_entry_safe(bo, next, &scanned, scan_link) {
		list_del(&bo->scan_link);
		if (drm_mm_scan_remove_block(&state, &bo->hbm) && found)
			victim = bo;
	}
	/* One whose last reference is gone frees its range by itself. */
	if (victim && !kref_get_unless_zero(&victim->base.refcount))
		victim = ERR_PTR(-EAGAIN);
	mutex_unlock(&pumori->hbm_lock);
	return victim;
}
