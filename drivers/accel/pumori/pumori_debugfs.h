/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_DEBUGFS_H
#define PUMORI_DEBUGFS_H

struct drm_device;

#ifdef CONFIG_DEBUG_FS
void pumori_debugfs_init(struct drm_device *drm);
#else
static inline void pumori_debugfs_init(struct drm_device *drm)
{
}
#endif

#endif
