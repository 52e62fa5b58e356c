// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of an address space: what drm_gpuvm knows, and after it the page table that the chip
 * walks. A mapping is changed under the reservations of the VM and of its buffer, the page table
 * under the VM's table_lock: at once, or later, in the order of the changes.
 */

#include <linux/fault-inject.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/pumori_accel.h>

#include "pumori_bind.h"
#include "pumori_compat.h"
#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_evict.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"
#include "pumori_pagetable.h"
#include "pumori_trace.h"
#include "pumori_vm.h"
#include "pumori_vm_internal.h"

/* Changes of page tables that fail as if the chip had not answered; set up through debugfs. */
static DECLARE_FAULT_ATTR(fail_bind);

static struct pumori_va *take_spare(struct pumori_bind_op *op)
{
	int i;

	for (i = 0; i < PUMORI_BIND_SPARES; i++) {
		struct pumori_va *va = op->spare[i];

		if (va) {
			op->spare[i] = NULL;
			return va;
		}
	}
	return NULL;
}

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct pumori_bind *bind = priv;
	struct pumori_bind_op *request = bind->current_op;
	struct pumori_va *va = take_spare(request);

	va->writable = request->writable;
	drm_gpuva_map(&bind->vm->base, &va->base, &op->map);

	request->vm_bo = drm_gpuvm_bo_obtain_prealloc(request->vm_bo);
	drm_gpuva_link(&va->base, request->vm_bo);
	drm_gpuvm_bo_extobj_add(request->vm_bo);
	drm_gpuvm_bo_put(request->vm_bo);
	request->vm_bo = NULL;
	return 0;
}

/* The connection ends, the buffer stays until the cores have forgotten it. */
static void end_mapping(struct pumori_bind *bind, struct pumori_va *va)
{
	drm_gem_object_get(va->base.gem.obj);
	drm_gpuva_unlink(&va->base);
	list_add_tail(&va->link, &bind->dead);
}

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct pumori_va *va = to_pumori_va(op->unmap.va);
	struct pumori_bind *bind = priv;

	drm_gpuva_unmap(&op->unmap);
	end_mapping(bind, va);
	return 0;
}

static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct pumori_va *va = to_pumori_va(op->remap.unmap->va);
	struct pumori_bind *bind = priv;
	struct pumori_va *prev = op->remap.prev ? take_spare(bind->current_op) : NULL;
	struct pumori_va *next = op->remap.next ? take_spare(bind->current_op) : NULL;

	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, &op->remap);

	if (prev) {
		prev->writable = va->writable;
		drm_gpuva_link(&prev->base, va->base.vm_bo);
	}
	if (next) {
		next->writable = va->writable;
		drm_gpuva_link(&next->base, va->base.vm_bo);
	}
	end_mapping(bind, va);
	return 0;
}

static void vm_free(struct drm_gpuvm *gpuvm)
{
	struct pumori_vm *vm = to_pumori_vm(gpuvm);

	pumori_hbm_group_put(vm->hbm_group);
	mutex_destroy(&vm->table_lock);
	kfree(vm);
}

static int map_again(struct pumori_vm *vm, const struct pumori_va *va)
{
	struct pumori_table_reserve reserve;
	struct pumori_backing backing;
	int ret;

	pumori_bo_backing(to_pumori_bo(va->base.gem.obj), va->base.gem.offset, &backing);
	pumori_table_reserve_init(&reserve);
	ret = pumori_table_reserve_map(vm->table, &reserve, va->base.va.addr, va->base.va.range,
				       &backing);
	if (!ret) {
		mutex_lock(&vm->table_lock);
		pumori_page_table_map(vm->table, &reserve, va->base.va.addr, va->base.va.range,
				      &backing, va->writable);
		mutex_unlock(&vm->table_lock);
	}
	pumori_table_reserve_fini(vm->table, &reserve);
	return ret;
}

static void forget_range(struct pumori_vm *vm, u64 va, u64 size)
{
	struct pumori_table_reserve reserve;
	LIST_HEAD(garbage);

	/* A large leaf never reaches beyond its mapping, so nothing is split. */
	pumori_table_reserve_init(&reserve);
	mutex_lock(&vm->table_lock);
	if (pumori_page_table_unmap(vm->table, &reserve, va, size, &garbage) &&
	    pumori_control_invalidate(vm->pumori, vm->address_space, va, size))
		WRITE_ONCE(vm->banned, true);
	mutex_unlock(&vm->table_lock);
	pumori_page_table_free_garbage(vm->table, &garbage);
}

static void forget_mappings(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;

	drm_gpuvm_bo_for_each_va(va, vm_bo)
		forget_range(to_pumori_vm(vm_bo->vm), va->va.addr, va->va.range);
}

/* Brings a buffer back to where the chip can reach it, before a job of the VM needs it. */
static int vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct pumori_bo *bo = to_pumori_bo(vm_bo->obj);
	struct drm_gpuva *va;
	int ret;

	if (bo->place == PUMORI_BO_EVICTED) {
		ret = pumori_bo_restore(bo, exec);
		if (ret)
			return ret;
	}
	/* What is gone for good is mapped nowhere: a job that reads it faults. */
	if (bo->place == PUMORI_BO_PURGED) {
		drm_gpuvm_bo_evict(vm_bo, false);
		return 0;
	}
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		ret = map_again(to_pumori_vm(vm_bo->vm), to_pumori_va(va));
		if (ret) {
			forget_mappings(vm_bo);
			return ret;
		}
	}
	drm_gpuvm_bo_evict(vm_bo, false);
	return 0;
}

/**
 * pumori_vm_forget_buffer() - take a buffer out of the page tables of all VMs
 * @obj: the buffer, its reservation locked; no job uses it
 *
 * On return no core can reach its memory. Submissions validate it before they use it again.
 */
void pumori_vm_forget_buffer(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		forget_mappings(vm_bo);
		drm_gpuvm_bo_evict(vm_bo, true);
	}
}

const struct drm_gpuvm_ops pumori_gpuvm_ops = {
	.vm_bo_validate = vm_bo_validate,
	.vm_free = vm_free,
	.sm_step_map = step_map,
	.sm_step_remap = step_remap,
	.sm_step_unmap = step_unmap,
};

/**
 * pumori_vm_unmap_all() - end all mappings of a VM that nothing uses
 * @vm: the VM
 */
void pumori_vm_unmap_all(struct pumori_vm *vm)
{
	struct drm_gpuva *va, *next;

	/* On a lost device there is nobody left to forget anything. */
	pumori_control_invalidate(vm->pumori, vm->address_space, 0, 0);

	drm_gpuvm_for_each_va_safe(va, next, &vm->base) {
		struct drm_gem_object *obj = va->gem.obj;

		if (va == &vm->base.kernel_alloc_node)
			continue;
		/* The mapping may hold the last reference to the object and to its lock. */
		drm_gem_object_get(obj);
		drm_gpuva_remove(va);
		dma_resv_lock(obj->resv, NULL);
		drm_gpuva_unlink(va);
		dma_resv_unlock(obj->resv);
		drm_gem_object_put(obj);
		kfree(to_pumori_va(va));
	}
}

/* A buffer to be mapped has to be there, and so have its other mappings in the VM. */
static int validate_op(struct pumori_bind *bind, struct drm_exec *exec, const struct pumori_bind_op *op)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret = 0;

	if (!op->bo)
		return 0;
	if (op->bo->place == PUMORI_BO_PURGED)
		return -ENODATA;
	if (op->bo->place == PUMORI_BO_EVICTED)
		ret = pumori_bo_restore(op->bo, exec);
	vm_bo = drm_gpuvm_bo_find(&bind->vm->base, &op->bo->base);
	if (!ret && vm_bo && vm_bo->evicted)
		ret = vm_bo_validate(vm_bo, exec);
	drm_gpuvm_bo_put(vm_bo);
	return ret;
}

/**
 * pumori_mappings_validate() - bring back what is to be mapped
 * @bind: the call
 * @exec: where the reservations of the VM and all buffers concerned are locked
 *
 * Return: as pumori_bo_place().
 */
int pumori_mappings_validate(struct pumori_bind *bind, struct drm_exec *exec)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < bind->count && !ret; i++)
		ret = validate_op(bind, exec, &bind->ops[i]);
	return ret;
}

/**
 * pumori_mappings_change() - change the mappings of a VM, but not yet what the chip sees
 * @bind: the call, validated
 *
 * Nothing in here can fail: all arguments are checked and all memory is there.
 */
void pumori_mappings_change(struct pumori_bind *bind)
{
	struct drm_gpuvm *gpuvm = &bind->vm->base;
	u32 i;

	for (i = 0; i < bind->count; i++) {
		struct pumori_bind_op *op = &bind->ops[i];

		bind->current_op = op;
		trace_pumori_bind(bind->vm->pumori, bind->vm->address_space, op->op, op->va,
				  op->size);
		if (op->op == DRM_PUMORI_BIND_MAP) {
			struct drm_gpuvm_map_req request = {
				.map.va.addr = op->va,
				.map.va.range = op->size,
				.map.gem.obj = &op->bo->base,
				.map.gem.offset = op->offset,
			};

			pumori_gpuvm_sm_map(gpuvm, bind, &request);
		} else {
			drm_gpuvm_sm_unmap(gpuvm, bind, op->va, op->size);
		}
	}
}

/**
 * pumori_mappings_apply() - let the chip see changed mappings
 * @bind: the call, after pumori_mappings_change()
 *
 * Waits for the cores to forget what they knew; allocates nothing. Fails only when they do not, or
 * when a test asks for that; then the VM is banned.
 */
int pumori_mappings_apply(struct pumori_bind *bind)
{
	struct pumori_vm *vm = bind->vm;
	u64 first = U64_MAX, last = 0;
	int ret = 0;
	u32 i;

	mutex_lock(&vm->table_lock);
	for (i = 0; i < bind->count; i++) {
		struct pumori_bind_op *op = &bind->ops[i];
		struct pumori_backing backing;

		if (pumori_page_table_unmap(vm->table, &bind->reserve, op->va, op->size,
					    &bind->garbage)) {
			first = min(first, op->va);
			last = max(last, op->va + op->size - 1);
		}
		if (op->op != DRM_PUMORI_BIND_MAP)
			continue;
		pumori_bo_backing(op->bo, op->offset, &backing);
		pumori_page_table_map(vm->table, &bind->reserve, op->va, op->size, &backing,
				      op->writable);
	}
	if (first <= last)
		ret = pumori_control_invalidate(vm->pumori, vm->address_space, first,
						last - first + 1);
	if (should_fail(&fail_bind, 1))
		ret = -EIO;
	if (ret)
		WRITE_ONCE(vm->banned, true);
	mutex_unlock(&vm->table_lock);
	return ret;
}

/**
 * pumori_mappings_free() - let go of buffers whose translations are forgotten
 * @dead: struct pumori_va
 */
void pumori_mappings_free(struct list_head *dead)
{
	struct pumori_va *va, *next;

	list_for_each_entry_safe(va, next, dead, link) {
		drm_gem_object_put(va->base.gem.obj);
		kfree(va);
	}
}

/**
 * pumori_mapping_debugfs_init() - offer the failing of binds to tests
 * @drm: the device
 */
void pumori_mapping_debugfs_init(struct drm_device *drm)
{
	fault_create_debugfs_attr("fail_bind", drm->debugfs_root, &fail_bind);
}
