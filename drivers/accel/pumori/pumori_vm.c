// SPDX-License-Identifier: GPL-2.0
/* Address spaces: life and lookup. Their changes are in pumori_bind.c. */

#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "pumori_bind.h"
#include "pumori_compat.h"
#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"
#include "pumori_pagetable.h"
#include "pumori_vm.h"
#include "pumori_vm_internal.h"

static void vm_release_work(struct work_struct *work)
{
	struct pumori_vm *vm = container_of(work, struct pumori_vm, release);
	struct pumori_device *pumori = vm->pumori;

	drm_sched_entity_fini(&vm->entity);
	drm_sched_fini(&vm->sched);
	dma_fence_put(vm->last_bind);
	pumori_vm_unmap_all(vm);
	pumori_page_table_destroy(vm->table);
	ida_free(&pumori->address_spaces, vm->address_space);
	drm_gpuvm_put(&vm->base);
}

static int init_scheduler(struct pumori_vm *vm)
{
	struct drm_gpu_scheduler *sched = &vm->sched;
	struct drm_sched_init_args args = {
		.ops = &pumori_bind_sched_ops,
		.submit_wq = vm->pumori->sched_wq,
		.timeout_wq = vm->pumori->sched_wq,
		.num_rqs = 1,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "pumori-bind",
		.dev = vm->pumori->drm.dev,
	};
	int ret;

	ret = pumori_sched_init(sched, &args);
	if (ret)
		return ret;
	ret = drm_sched_entity_init(&vm->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);
	return ret;
}

/**
 * pumori_vm_create() - make an empty address space
 * @pumori: the device
 */
struct pumori_vm *pumori_vm_create(struct pumori_device *pumori)
{
	struct drm_gem_object *object;
	struct pumori_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	kref_init(&vm->kref);
	mutex_init(&vm->table_lock);
	INIT_WORK(&vm->release, vm_release_work);
	vm->pumori = pumori;

	ret = ida_alloc_min(&pumori->address_spaces, 1, GFP_KERNEL);
	if (ret < 0)
		goto err_free;
	vm->address_space = ret;

	vm->table = pumori_page_table_create(pumori->bus);
	if (IS_ERR(vm->table)) {
		ret = PTR_ERR(vm->table);
		goto err_free_id;
	}

	vm->bind_timeline = dma_fence_context_alloc(1);
	ret = init_scheduler(vm);
	if (ret)
		goto err_destroy_table;

	ret = -ENOMEM;
	object = drm_gpuvm_resv_object_alloc(&pumori->drm);
	if (!object)
		goto err_fini_scheduler;
	vm->hbm_group = pumori_hbm_group_create(object);
	if (!vm->hbm_group) {
		drm_gem_object_put(object);
		goto err_fini_scheduler;
	}
	drm_gpuvm_init(&vm->base, "pumori-vm", 0, &pumori->drm, object, 0, PUMORI_VA_END, 0,
		       PUMORI_VA_START, &pumori_gpuvm_ops);
	/* The VM holds its own reference. */
	drm_gem_object_put(object);
	return vm;

err_fini_scheduler:
	drm_sched_entity_fini(&vm->entity);
	drm_sched_fini(&vm->sched);
err_destroy_table:
	pumori_page_table_destroy(vm->table);
err_free_id:
	ida_free(&pumori->address_spaces, vm->address_space);
err_free:
	mutex_destroy(&vm->table_lock);
	kfree(vm);
	return ERR_PTR(ret);
}

/**
 * pumori_vm_get() - take a reference
 * @vm: the VM
 */
struct pumori_vm *pumori_vm_get(struct pumori_vm *vm)
{
	kref_get(&vm->kref);
	return vm;
}

static void vm_release(struct kref *kref)
{
	struct pumori_vm *vm = container_of(kref, struct pumori_vm, kref);

	/* The end waits for the chip, which the caller may not be able to do. */
	queue_work(pumori_release_wq, &vm->release);
}

/**
 * pumori_vm_put() - drop a reference
 * @vm: the VM, or NULL
 */
void pumori_vm_put(struct pumori_vm *vm)
{
	if (vm)
		kref_put(&vm->kref, vm_release);
}

/**
 * pumori_vm_lookup() - find a VM of a file and take a reference
 * @pfile: the file
 * @id: id of the VM
 */
struct pumori_vm *pumori_vm_lookup(struct pumori_file *pfile, u32 id)
{
	struct pumori_vm *vm;

	xa_lock(&pfile->vms);
	vm = xa_load(&pfile->vms, id);
	if (vm)
		kref_get(&vm->kref);
	xa_unlock(&pfile->vms);
	return vm;
}

/**
 * pumori_vm_object() - the object that owns private buffers' reservation
 * @vm: the VM
 */
struct drm_gem_object *pumori_vm_object(struct pumori_vm *vm)
{
	return vm->base.r_obj;
}

/**
 * pumori_vm_hbm_group() - the group of private buffers in device memory
 * @vm: the VM
 */
struct pumori_hbm_group *pumori_vm_hbm_group(struct pumori_vm *vm)
{
	return vm->hbm_group;
}

/**
 * pumori_vm_device() - device of a VM
 * @vm: the VM
 */
struct pumori_device *pumori_vm_device(struct pumori_vm *vm)
{
	return vm->pumori;
}

/**
 * pumori_vm_address_space() - id for queue descriptors
 * @vm: the VM
 */
u32 pumori_vm_address_space(const struct pumori_vm *vm)
{
	return vm->address_space;
}

/**
 * pumori_vm_root() - page table for queue descriptors
 * @vm: the VM
 */
u64 pumori_vm_root(const struct pumori_vm *vm)
{
	return pumori_page_table_root(vm->table);
}

/**
 * pumori_vm_is_banned() - whether nothing may use the VM any more
 * @vm: the VM
 */
bool pumori_vm_is_banned(const struct pumori_vm *vm)
{
	return READ_ONCE(vm->banned);
}

static int validate(struct drm_gpuvm_exec *vm_exec)
{
	return drm_gpuvm_validate(vm_exec->vm, &vm_exec->exec);
}

/**
 * pumori_vm_lock_all() - lock the reservations of a VM and of its shareable buffers
 * @vm: the VM
 * @vm_exec: filled in; drm_gpuvm_exec_unlock() ends it
 * @fences: fences that will be added to each
 *
 * All buffers that it maps are where the chip can reach them then.
 */
int pumori_vm_lock_all(struct pumori_vm *vm, struct drm_gpuvm_exec *vm_exec, u32 fences)
{
	struct drm_gem_object *obj;
	int ret;

	*vm_exec = (struct drm_gpuvm_exec) {
		.vm = &vm->base,
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		.num_fences = fences,
		.extra.fn = validate,
	};
	ret = drm_gpuvm_exec_lock(vm_exec);
	if (ret)
		return ret;

	pumori_hbm_touch(vm->pumori, vm->hbm_group);
	drm_exec_for_each_locked_object(&vm_exec->exec, obj) {
		if (drm_gpuvm_is_extobj(&vm->base, obj) && to_pumori_bo(obj)->hbm_group)
			pumori_hbm_touch(vm->pumori, to_pumori_bo(obj)->hbm_group);
	}
	return 0;
}

/**
 * pumori_ioctl_vm_create() - DRM_IOCTL_PUMORI_VM_CREATE
 * @drm: the device
 * @data: struct drm_pumori_vm_create
 * @file: the caller
 */
int pumori_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_vm_create *args = data;
	struct pumori_vm *vm;
	int ret;

	if (args->flags) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}

	vm = pumori_vm_create(to_pumori_device(drm));
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = xa_alloc(&pfile->vms, &args->id, vm, PUMORI_FILE_IDS, GFP_KERNEL_ACCOUNT);
	if (ret)
		pumori_vm_put(vm);
	return ret;
}

/**
 * pumori_ioctl_vm_destroy() - DRM_IOCTL_PUMORI_VM_DESTROY
 * @drm: the device
 * @data: struct drm_pumori_destroy
 * @file: the caller
 */
int pumori_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_destroy *args = data;
	struct pumori_vm *vm;

	if (args->pad) {
		drm_dbg(drm, "padding is not zero\n");
		return -EINVAL;
	}
	vm = xa_erase(&pfile->vms, args->id);
	if (!vm)
		return -ENOENT;
	pumori_vm_put(vm);
	/* Its buffers are free when the call returns, unless something uses the VM. */
	pumori_flush_releases();
	return 0;
}
