// SPDX-License-Identifier: GPL-2.0
/* Device memory: which range belongs to which buffer object. */

#include <drm/drm_managed.h>
#include <drm/drm_mm.h>
#include <drm/drm_print.h>

#include "pumori_device.h"
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
	drm_mm_init(&pumori->hbm, 0, round_down(pumori->info.hbm_bytes, PAGE_SIZE));
	return drmm_add_action_or_reset(&pumori->drm, hbm_takedown, NULL);
}

/**
 * pumori_hbm_alloc() - take a range of device memory and put zeroed memory behind it
 * @pumori: the device
 * @node: the range
 * @size: bytes, multiple of the page size
 *
 * Ranges of 2 MiB or more start where a large leaf of the page table can begin.
 */
int pumori_hbm_alloc(struct pumori_device *pumori, struct drm_mm_node *node, u64 size)
{
	u64 alignment = size >= BIT_ULL(PUMORI_HW_HUGE_SHIFT) ? BIT_ULL(PUMORI_HW_HUGE_SHIFT) :
								PAGE_SIZE;
	int ret;

	mutex_lock(&pumori->hbm_lock);
	ret = drm_mm_insert_node_generic(&pumori->hbm, node, size, alignment, 0,
					 DRM_MM_INSERT_BEST);
	if (!ret)
		pumori->hbm_used += size;
	mutex_unlock(&pumori->hbm_lock);
	if (ret)
		return ret;

	ret = pumori->bus->ops->hbm_populate(pumori->bus, node->start, size);
	if (ret) {
		mutex_lock(&pumori->hbm_lock);
		pumori->hbm_used -= size;
		drm_mm_remove_node(node);
		mutex_unlock(&pumori->hbm_lock);
	}
	return ret;
}

/**
 * pumori_hbm_free() - give a range back
 * @pumori: the device
 * @node: the range, which no page table maps
 */
void pumori_hbm_free(struct pumori_device *pumori, struct drm_mm_node *node)
{
	pumori->bus->ops->hbm_release(pumori->bus, node->start, node->size);

	mutex_lock(&pumori->hbm_lock);
	pumori->hbm_used -= node->size;
	drm_mm_remove_node(node);
	mutex_unlock(&pumori->hbm_lock);
}
