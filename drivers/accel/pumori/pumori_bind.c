// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Changing an address space
 *
 * VM_BIND takes a list of operations and carries out all or none. Everything that can fail
 * (arguments, buffers, memory for mappings and tables) happens first and changes nothing. Then the
 * reservations of the VM and of all buffers concerned are locked, and what follows cannot fail: the
 * mappings are changed, and after them the page table. What fell out of use, tables and buffers, is
 * kept until every core has acknowledged that it forgot the old translations.
 */

#include <linux/slab.h>
#include <kunit/visibility.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include "pumori_array.h"
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

#define MAX_OPS		4096
/* One for the new mapping and one for what is left on each side of it. */
#define SPARES		3

/**
 * struct bind_op - one operation, checked
 */
struct bind_op {
	/** @op: DRM_PUMORI_BIND_MAP or _UNMAP */
	u32 op;
	/** @writable: MAP: the chip may write */
	bool writable;
	/** @va: first address */
	u64 va;
	/** @size: bytes */
	u64 size;
	/** @offset: MAP: into @bo */
	u64 offset;
	/** @bo: MAP: the buffer, held */
	struct pumori_bo *bo;
	/** @vm_bo: MAP: connects buffer and VM, until it is used */
	struct drm_gpuvm_bo *vm_bo;
	/** @spare: mappings to be */
	struct pumori_va *spare[SPARES];
};

/**
 * struct bind - a call under way
 */
struct bind {
	/** @vm: whose mappings change */
	struct pumori_vm *vm;
	/** @ops: the operations */
	struct bind_op *ops;
	/** @count: how many */
	u32 count;
	/** @current_op: the one being carried out */
	struct bind_op *current_op;
	/** @reserve: page tables to be */
	struct pumori_table_reserve reserve;
	/** @garbage: page tables that were */
	struct list_head garbage;
	/** @dead: mappings that were; each holds its buffer */
	struct list_head dead;
};

/**
 * pumori_va_range_ok() - whether a range is one that user space may use
 * @va: first address
 * @size: bytes
 */
bool pumori_va_range_ok(u64 va, u64 size)
{
	return size && va >= PUMORI_VA_START && va < PUMORI_VA_END && size <= PUMORI_VA_END - va;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_va_range_ok);

static struct pumori_va *take_spare(struct bind_op *op)
{
	int i;

	for (i = 0; i < SPARES; i++) {
		struct pumori_va *va = op->spare[i];

		if (va) {
			op->spare[i] = NULL;
			return va;
		}
	}
	return NULL;
}

/* The connection ends, the buffer stays until the cores have forgotten it. */
static void end_mapping(struct bind *bind, struct pumori_va *va)
{
	drm_gem_object_get(va->base.gem.obj);
	drm_gpuva_unlink(&va->base);
	list_add_tail(&va->link, &bind->dead);
}

static int step_map(struct drm_gpuva_op *op, void *priv)
{
	struct bind *bind = priv;
	struct bind_op *request = bind->current_op;
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

static int step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct pumori_va *va = to_pumori_va(op->unmap.va);
	struct bind *bind = priv;

	drm_gpuva_unmap(&op->unmap);
	end_mapping(bind, va);
	return 0;
}

static int step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct pumori_va *va = to_pumori_va(op->remap.unmap->va);
	struct bind *bind = priv;
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

/* Lets go of buffers whose translations are forgotten. */
static void free_mappings(struct list_head *dead)
{
	struct pumori_va *va, *next;

	list_for_each_entry_safe(va, next, dead, link) {
		drm_gem_object_put(va->base.gem.obj);
		kfree(va);
	}
}

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

static int check_op(struct drm_device *drm, const struct drm_pumori_bind_op *user)
{
	u32 op = user->flags & DRM_PUMORI_BIND_OP_MASK;

	if (user->flags & ~(DRM_PUMORI_BIND_OP_MASK | DRM_PUMORI_BIND_READONLY)) {
		drm_dbg(drm, "unknown flags %x\n", user->flags);
		return -EINVAL;
	}
	if (op != DRM_PUMORI_BIND_MAP && op != DRM_PUMORI_BIND_UNMAP) {
		drm_dbg(drm, "unknown operation %u\n", op);
		return -EINVAL;
	}
	if ((user->va | user->size | user->offset) & (PUMORI_HW_PAGE_SIZE - 1)) {
		drm_dbg(drm, "va %llx, size %llx or offset %llx is not a multiple of pages\n",
			user->va, user->size, user->offset);
		return -EINVAL;
	}
	if (!pumori_va_range_ok(user->va, user->size)) {
		drm_dbg(drm, "range %llx+%llx is not available\n", user->va, user->size);
		return -EINVAL;
	}
	if (op == DRM_PUMORI_BIND_UNMAP &&
	    (user->handle || user->offset || user->flags & DRM_PUMORI_BIND_READONLY)) {
		drm_dbg(drm, "unmap takes neither buffer nor offset nor flags\n");
		return -EINVAL;
	}
	return 0;
}

static int prepare_op(struct bind *bind, struct bind_op *op, struct drm_file *file,
		      const struct drm_pumori_bind_op *user)
{
	struct pumori_vm *vm = bind->vm;
	struct drm_device *drm = &vm->pumori->drm;
	struct pumori_backing backing;
	struct drm_gem_object *obj;
	int ret, i;

	ret = check_op(drm, user);
	if (ret)
		return ret;

	op->op = user->flags & DRM_PUMORI_BIND_OP_MASK;
	op->va = user->va;
	op->size = user->size;
	op->offset = user->offset;
	op->writable = !(user->flags & DRM_PUMORI_BIND_READONLY);
	for (i = 0; i < SPARES; i++) {
		op->spare[i] = kzalloc(sizeof(*op->spare[i]), GFP_KERNEL_ACCOUNT);
		if (!op->spare[i])
			return -ENOMEM;
	}
	if (op->op == DRM_PUMORI_BIND_UNMAP)
		return pumori_table_reserve_unmap(vm->table, &bind->reserve);

	obj = drm_gem_object_lookup(file, user->handle);
	if (!obj) {
		drm_dbg(drm, "no buffer object %u\n", user->handle);
		return -ENOENT;
	}
	op->bo = to_pumori_bo(obj);
	if (op->bo->owner && op->bo->owner != pumori_vm_object(vm)) {
		drm_dbg(drm, "buffer object %u is private to another VM\n", user->handle);
		return -EINVAL;
	}
	if (op->offset > obj->size || op->size > obj->size - op->offset) {
		drm_dbg(drm, "buffer object %u ends before %llx+%llx\n", user->handle, op->offset,
			op->size);
		return -EINVAL;
	}

	op->vm_bo = drm_gpuvm_bo_create(&vm->base, obj);
	if (!op->vm_bo)
		return -ENOMEM;

	/* Where it is it may not stay; how it is aligned it will be, wherever it is. */
	backing.hbm = op->bo->hbm_group;
	backing.offset = op->offset;
	return pumori_table_reserve_map(vm->table, &bind->reserve, op->va, op->size, &backing);
}

/* Nothing in here can fail: all arguments are checked and all memory is there. */
static void change_mappings(struct bind *bind)
{
	struct drm_gpuvm *gpuvm = &bind->vm->base;
	u32 i;

	for (i = 0; i < bind->count; i++) {
		struct bind_op *op = &bind->ops[i];

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

/* As little can this: tables and pages of buffers are there. */
static int change_table(struct bind *bind)
{
	struct pumori_vm *vm = bind->vm;
	u64 first = U64_MAX, last = 0;
	int ret = 0;
	u32 i;

	mutex_lock(&vm->table_lock);
	for (i = 0; i < bind->count; i++) {
		struct bind_op *op = &bind->ops[i];
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
	if (ret)
		WRITE_ONCE(vm->banned, true);
	mutex_unlock(&vm->table_lock);
	return ret;
}

static int lock_op(struct bind *bind, struct drm_exec *exec, const struct bind_op *op)
{
	int ret = 0;

	if (op->bo)
		ret = drm_exec_lock_obj(exec, &op->bo->base);
	if (!ret)
		ret = drm_gpuvm_prepare_range(&bind->vm->base, exec, op->va, op->size, 0);
	return ret;
}

/* A buffer to be mapped has to be there, and so have its other mappings in the VM. */
static int validate_op(struct bind *bind, struct drm_exec *exec, const struct bind_op *op)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret = 0;

	if (!op->bo)
		return 0;
	if (op->bo->place == PUMORI_BO_EVICTED)
		ret = pumori_bo_restore(op->bo, exec);
	vm_bo = drm_gpuvm_bo_find(&bind->vm->base, &op->bo->base);
	if (!ret && vm_bo && vm_bo->evicted)
		ret = vm_bo_validate(vm_bo, exec);
	drm_gpuvm_bo_put(vm_bo);
	return ret;
}

static int bind_lock(struct bind *bind, struct drm_exec *exec)
{
	int ret = 0;
	u32 i;

	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&bind->vm->base, exec, 0);
		for (i = 0; i < bind->count && !ret; i++)
			ret = lock_op(bind, exec, &bind->ops[i]);
		for (i = 0; i < bind->count && !ret; i++)
			ret = validate_op(bind, exec, &bind->ops[i]);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret;
}

static void bind_fini(struct bind *bind)
{
	u32 i, j;

	pumori_page_table_free_garbage(bind->vm->table, &bind->garbage);
	pumori_table_reserve_fini(bind->vm->table, &bind->reserve);
	free_mappings(&bind->dead);

	for (i = 0; i < bind->count; i++) {
		struct bind_op *op = &bind->ops[i];

		for (j = 0; j < SPARES; j++)
			kfree(op->spare[j]);
		if (op->vm_bo) {
			dma_resv_lock(op->bo->base.resv, NULL);
			drm_gpuvm_bo_put(op->vm_bo);
			dma_resv_unlock(op->bo->base.resv);
		}
		if (op->bo)
			drm_gem_object_put(&op->bo->base);
	}
	kvfree(bind->ops);
}

static int bind_run(struct pumori_vm *vm, const struct drm_pumori_array *ops, struct drm_file *file)
{
	struct bind bind = {
		.vm = vm,
		.garbage = LIST_HEAD_INIT(bind.garbage),
		.dead = LIST_HEAD_INIT(bind.dead),
	};
	struct drm_exec exec;
	int ret = 0;
	u32 i;

	bind.ops = kvcalloc(ops->count, sizeof(*bind.ops), GFP_KERNEL_ACCOUNT);
	if (!bind.ops)
		return -ENOMEM;
	bind.count = ops->count;
	pumori_table_reserve_init(&bind.reserve);

	for (i = 0; i < ops->count && !ret; i++) {
		struct drm_pumori_bind_op user;

		ret = pumori_array_read(ops, i, &user, sizeof(user));
		if (!ret)
			ret = prepare_op(&bind, &bind.ops[i], file, &user);
	}

	if (!ret) {
		ret = bind_lock(&bind, &exec);
		if (!ret) {
			change_mappings(&bind);
			ret = change_table(&bind);
		}
		drm_exec_fini(&exec);
	}

	bind_fini(&bind);
	return ret;
}

/**
 * pumori_ioctl_vm_bind() - DRM_IOCTL_PUMORI_VM_BIND
 * @drm: the device
 * @data: struct drm_pumori_vm_bind
 * @file: the caller
 */
int pumori_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_vm_bind *args = data;
	struct pumori_vm *vm;
	int ret, idx;

	if (args->flags == DRM_PUMORI_VM_BIND_ASYNC) {
		drm_dbg(drm, "asynchronous binding is not offered\n");
		return -EOPNOTSUPP;
	}
	if (args->flags || args->syncs.count) {
		drm_dbg(drm, "unknown flags %x, or syncs without ASYNC\n", args->flags);
		return -EINVAL;
	}
	if (pumori_array_check(&args->ops, sizeof(struct drm_pumori_bind_op), MAX_OPS)) {
		drm_dbg(drm, "%u operations of %u bytes\n", args->ops.count, args->ops.stride);
		return -EINVAL;
	}

	vm = pumori_vm_lookup(file->driver_priv, args->vm_id);
	if (!vm)
		return -ENOENT;

	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_put;
	}
	if (pumori_device_is_lost(vm->pumori))
		ret = -EIO;
	else if (pumori_vm_is_banned(vm))
		ret = -ECANCELED;
	else if (args->ops.count)
		ret = bind_run(vm, &args->ops, file);
	else
		ret = 0;
	drm_dev_exit(idx);

out_put:
	pumori_vm_put(vm);
	return ret;
}
