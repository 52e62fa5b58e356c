/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_GEM_H
#define PUMORI_GEM_H

#include <linux/iosys-map.h>

#include <drm/drm_gem.h>
#include <drm/drm_mm.h>

struct drm_device;
struct drm_file;
struct pumori_account;
struct pumori_backing;
struct pumori_device;
struct pumori_hbm_group;
struct pumori_vm;

/**
 * enum pumori_bo_place - where a buffer's contents are
 */
enum pumori_bo_place {
	/** @PUMORI_BO_HOST: in host memory, where it belongs */
	PUMORI_BO_HOST,
	/** @PUMORI_BO_HBM: in device memory, where it belongs */
	PUMORI_BO_HBM,
	/** @PUMORI_BO_EVICTED: in host memory, until a job needs it in device memory */
	PUMORI_BO_EVICTED,
	/** @PUMORI_BO_PURGED: nowhere, for good */
	PUMORI_BO_PURGED,
};

/**
 * struct pumori_bo - a buffer object, in host memory or in device memory
 */
struct pumori_bo {
	/** @base: the GEM object */
	struct drm_gem_object base;
	/** @owner: object of the only VM that may map it, held; NULL when it is shareable */
	struct drm_gem_object *owner;
	/** @account: who pays, held; NULL for what the driver needs itself */
	struct pumori_account *account;
	/** @flags: DRM_PUMORI_BO_* */
	u32 flags;
	/** @read_only: user space may only read it */
	bool read_only;
	/** @place: where the contents are, protected by the reservation */
	enum pumori_bo_place place;
	/** @pins: who needs it to stay where it is, protected by the reservation */
	u32 pins;
	/** @hbm: range of device memory, when @place is PUMORI_BO_HBM */
	struct drm_mm_node hbm;
	/** @hbm_group: with whom it ages, held; NULL without DRM_PUMORI_BO_HBM */
	struct pumori_hbm_group *hbm_group;
	/** @hbm_link: in &struct pumori_hbm_group.buffers, protected by hbm_lock */
	struct list_head hbm_link;
	/** @scan_link: during the choice of a victim, protected by hbm_lock */
	struct list_head scan_link;
	/** @purgeable: the contents may go, protected by the reservation */
	bool purgeable;
	/** @purge_link: in &struct pumori_device.purgeable, protected by purge_lock */
	struct list_head purge_link;
	/** @label: what user space calls it, or NULL; protected by the reservation */
	char *label;
	/** @view_of: a read-only view of this buffer, held; it has no memory of its own */
	struct pumori_bo *view_of;
	/** @import: @import_map is the memory, which is another's */
	bool import;
	/** @import_map: kernel mapping of an import */
	struct iosys_map import_map;
	/** @pages: host pages, when it is not in device memory */
	struct page **pages;
	/** @bus_addresses: of @pages, when @place is PUMORI_BO_HOST */
	u64 *bus_addresses;
};

static inline struct pumori_bo *to_pumori_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct pumori_bo, base);
}

struct pumori_bo *pumori_bo_create(struct pumori_device *pumori, u64 size, u32 flags,
				   struct pumori_vm *owner);
struct pumori_bo *pumori_bo_alloc(struct pumori_device *pumori, u64 size, u32 flags,
				  struct dma_resv *resv);
struct drm_gem_object *pumori_bo_lookup(struct drm_file *file, u32 handle, bool *read_only);
void pumori_bo_unmap(struct pumori_bo *bo);
void pumori_bo_free_memory(struct pumori_bo *bo);
int pumori_bo_alloc_pages(struct pumori_bo *bo);
void pumori_bo_free_pages(struct pumori_bo *bo);
void pumori_bo_backing(const struct pumori_bo *bo, u64 offset, struct pumori_backing *backing);

int pumori_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_bo_label(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_bo_sync(struct drm_device *drm, void *data, struct drm_file *file);

#endif
