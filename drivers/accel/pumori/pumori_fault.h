/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Misbehaviour on request, for tests. Callers make sure that root asks.
 */
#ifndef PUMORI_FAULT_H
#define PUMORI_FAULT_H

#include <linux/types.h>

struct drm_device;
struct pumori_device;

int pumori_fault_inject(struct pumori_device *pumori, u32 core, u32 kind, u32 count);
int pumori_fault_find(const char *name);
const char *pumori_fault_name(u32 kind);

#ifdef CONFIG_DEBUG_FS
void pumori_fault_debugfs_init(struct drm_device *drm);
#else
static inline void pumori_fault_debugfs_init(struct drm_device *drm)
{
}
#endif

#endif
