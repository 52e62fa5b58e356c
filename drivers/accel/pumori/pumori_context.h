/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_CONTEXT_H
#define PUMORI_CONTEXT_H

#include <linux/types.h>

struct drm_device;
struct drm_file;
struct pumori_context;
struct pumori_file;
struct pumori_hw_record;
struct pumori_vm;

struct pumori_context *pumori_context_lookup(struct pumori_file *pfile, u32 id);
struct pumori_context *pumori_context_get(struct pumori_context *context);
void pumori_context_put(struct pumori_context *context);
struct pumori_vm *pumori_context_vm(const struct pumori_context *context);
void pumori_context_account(struct pumori_context *context, const struct pumori_hw_record *record);

int pumori_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_context_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif
