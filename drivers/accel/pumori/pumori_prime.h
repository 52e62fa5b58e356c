/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_PRIME_H
#define PUMORI_PRIME_H

#include <linux/types.h>

struct dma_buf;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct pumori_bo;
struct vm_area_struct;

struct dma_buf *pumori_prime_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *pumori_prime_import(struct drm_device *drm, struct dma_buf *dma_buf);
int pumori_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle, u32 flags,
			      int *fd);
void pumori_import_free(struct pumori_bo *bo);
int pumori_import_mmap(struct pumori_bo *bo, struct vm_area_struct *vma);

#endif
