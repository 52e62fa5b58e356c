/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_HBM_H
#define PUMORI_HBM_H

#include <linux/types.h>

struct drm_mm_node;
struct pumori_device;

int pumori_hbm_init(struct pumori_device *pumori);
int pumori_hbm_alloc(struct pumori_device *pumori, struct drm_mm_node *node, u64 size);
void pumori_hbm_free(struct pumori_device *pumori, struct drm_mm_node *node);

#endif
