/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_VM_H
#define PUMORI_VM_H

#include <linux/bits.h>
#include <linux/types.h>

#include <pumori/hw.h>

struct dma_fence;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_gpuvm_exec;
struct pumori_device;
struct pumori_file;
struct pumori_hbm_group;
struct pumori_vm;

/* The first 2 MiB stay unmapped, so that a null address with any offset faults. */
#define PUMORI_VA_START		0x200000ull
#define PUMORI_VA_END		BIT_ULL(PUMORI_HW_VA_BITS)

struct pumori_vm *pumori_vm_create(struct pumori_device *pumori);
struct pumori_vm *pumori_vm_get(struct pumori_vm *vm);
void pumori_vm_put(struct pumori_vm *vm);
struct pumori_vm *pumori_vm_lookup(struct pumori_file *pfile, u32 id);
struct drm_gem_object *pumori_vm_object(struct pumori_vm *vm);
struct pumori_hbm_group *pumori_vm_hbm_group(struct pumori_vm *vm);
struct pumori_device *pumori_vm_device(struct pumori_vm *vm);
u32 pumori_vm_address_space(const struct pumori_vm *vm);
u64 pumori_vm_root(const struct pumori_vm *vm);
bool pumori_vm_is_banned(const struct pumori_vm *vm);
void pumori_vm_forget_buffer(struct drm_gem_object *obj);
int pumori_vm_lock_all(struct pumori_vm *vm, struct drm_gpuvm_exec *vm_exec, u32 fences);
bool pumori_va_range_ok(u64 va, u64 size);

void pumori_mapping_debugfs_init(struct drm_device *drm);

int pumori_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif
