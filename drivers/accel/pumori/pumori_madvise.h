/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_MADVISE_H
#define PUMORI_MADVISE_H

struct drm_device;
struct drm_file;
struct pumori_bo;
struct pumori_device;

int pumori_madvise_init(struct pumori_device *pumori);
void pumori_bo_purge(struct pumori_bo *bo);
void pumori_bo_set_purgeable(struct pumori_bo *bo, bool purgeable);

int pumori_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file);

#endif
