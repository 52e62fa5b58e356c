/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_QUERY_H
#define PUMORI_QUERY_H

#include <linux/types.h>

struct drm_device;
struct drm_file;

/* Jobs in one SUBMIT. */
#define PUMORI_MAX_JOBS		16

u32 pumori_priorities_allowed(void);

int pumori_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif
