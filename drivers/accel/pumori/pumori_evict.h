/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_EVICT_H
#define PUMORI_EVICT_H

struct drm_exec;
struct pumori_bo;

int pumori_bo_place(struct pumori_bo *bo, struct drm_exec *exec);
int pumori_bo_evict(struct pumori_bo *bo);
int pumori_bo_restore(struct pumori_bo *bo, struct drm_exec *exec);

#endif
