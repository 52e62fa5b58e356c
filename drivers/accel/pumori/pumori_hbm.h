/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_HBM_H
#define PUMORI_HBM_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

struct drm_exec;
struct drm_gem_object;
struct drm_mm_node;
struct pumori_bo;
struct pumori_device;

/**
 * struct pumori_hbm_group - buffers in device memory that are used, and age, together
 *
 * The private buffers of a VM are a group, a shareable buffer is one by itself: a submission makes
 * a VM's group the youngest in one step, however many buffers it has.
 */
struct pumori_hbm_group {
	/** @kref: buffers, and the VM whose private buffers they are */
	struct kref kref;
	/** @link: in &struct pumori_device.hbm_groups, oldest first; protected by hbm_lock */
	struct list_head link;
	/** @buffers: &struct pumori_bo.hbm_link, protected by hbm_lock */
	struct list_head buffers;
	/** @object: whose reservation all of them have; not held, the buffers hold it */
	struct drm_gem_object *object;
	/** @victim_link: while buffers of it make room; protected by the reservation of @object */
	struct list_head victim_link;
};

int pumori_hbm_init(struct pumori_device *pumori);
struct pumori_hbm_group *pumori_hbm_group_create(struct drm_gem_object *object);
struct pumori_hbm_group *pumori_hbm_group_get(struct pumori_hbm_group *group);
void pumori_hbm_group_put(struct pumori_hbm_group *group);
void pumori_hbm_touch(struct pumori_device *pumori, struct pumori_hbm_group *group);
int pumori_hbm_take(struct pumori_device *pumori, struct pumori_bo *bo);
void pumori_hbm_give(struct pumori_device *pumori, struct pumori_bo *bo);
struct pumori_bo *pumori_hbm_victim(struct pumori_device *pumori, u64 size, struct drm_exec *exec,
				    bool busy);

#endif
