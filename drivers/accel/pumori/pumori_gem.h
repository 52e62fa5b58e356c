/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_GEM_H
#define PUMORI_GEM_H

#include <drm/drm_gem.h>
#include <drm/drm_mm.h>

struct drm_device;
struct drm_file;
struct pumori_backing;
struct pumori_device;

/**
 * struct pumori_bo - a buffer object, in host memory or in device memory
 */
struct pumori_bo {
	/** @base: the GEM object */
	struct drm_gem_object base;
	/** @owner: object of the only VM that may map it, held; NULL when it is shareable */
	struct drm_gem_object *owner;
	/** @flags: DRM_PUMORI_BO_* */
	u32 flags;
	/** @read_only: user space may only read it */
	bool read_only;
	/** @hbm: range of device memory, when DRM_PUMORI_BO_HBM is set */
	struct drm_mm_node hbm;
	/** @pages: host pages, when it is not */
	struct page **pages;
	/** @bus_addresses: of @pages */
	u64 *bus_addresses;
};

static inline struct pumori_bo *to_pumori_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct pumori_bo, base);
}

struct pumori_bo *pumori_bo_create(struct pumori_device *pumori, u64 size, u32 flags,
				   struct drm_gem_object *owner);
void pumori_bo_backing(const struct pumori_bo *bo, u64 offset, struct pumori_backing *backing);

int pumori_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);

#endif
