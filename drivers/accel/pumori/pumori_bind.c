// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Changing an address space
 *
 * VM_BIND takes a list of operations and carries out all or none. Everything that can fail
 * (arguments, buffers, memory for mappings and tables) happens first and changes nothing. Then the
 * reservations of the VM and of all buffers concerned are locked, and what follows cannot fail: the
 * mappings are changed, and after them the page table: at once, or when a job of the VM's scheduler
 * says that its turn has come. What fell out of use, tables and buffers, is kept until every core
 * has acknowledged that it forgot the old translations.
 */

#include <linux/slab.h>
#include <kunit/visibility.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include "pumori_array.h"
#include "pumori_bind.h"
#include "pumori_compat.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_fence.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"
#include "pumori_pagetable.h"
#include "pumori_vm.h"
#include "pumori_vm_internal.h"

#define MAX_OPS		4096

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

static int prepare_op(struct pumori_bind *bind, struct pumori_bind_op *op, struct drm_file *file,
		      const struct drm_pumori_bind_op *user)
{
	struct pumori_vm *vm = bind->vm;
	struct drm_device *drm = &vm->pumori->drm;
	struct pumori_backing backing;
	struct drm_gem_object *obj;
	bool read_only;
	int ret, i;

	ret = check_op(drm, user);
	if (ret)
		return ret;

	op->op = user->flags & DRM_PUMORI_BIND_OP_MASK;
	op->va = user->va;
	op->size = user->size;
	op->offset = user->offset;
	op->writable = !(user->flags & DRM_PUMORI_BIND_READONLY);
	for (i = 0; i < PUMORI_BIND_SPARES; i++) {
		op->spare[i] = kzalloc(sizeof(*op->spare[i]), GFP_KERNEL_ACCOUNT);
		if (!op->spare[i])
			return -ENOMEM;
	}
	if (op->op == DRM_PUMORI_BIND_UNMAP)
		return pumori_table_reserve_unmap(vm->table, &bind->reserve);

	obj = pumori_bo_lookup(file, user->handle, &read_only);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	op->bo = to_pumori_bo(obj);
	if (read_only && op->writable) {
		drm_dbg(drm, "buffer object %u is read-only\n", user->handle);
		return -EACCES;
	}
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

static int lock_op(struct pumori_bind *bind, struct drm_exec *exec, const struct pumori_bind_op *op)
{
	int ret = 0;

	if (op->bo)
		ret = drm_exec_prepare_obj(exec, &op->bo->base, 1);
	if (!ret)
		ret = drm_gpuvm_prepare_range(&bind->vm->base, exec, op->va, op->size, 1);
	return ret;
}

static int lock(struct pumori_bind *bind, struct drm_exec *exec)
{
	int ret = 0;
	u32 i;

	drm_exec_init(exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&bind->vm->base, exec, 1);
		for (i = 0; i < bind->count && !ret; i++)
			ret = lock_op(bind, exec, &bind->ops[i]);
		if (!ret)
			ret = pumori_mappings_validate(bind, exec);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret;
}

/* A later change of the page table must not overtake an earlier one. */
static int wait_for_earlier(struct pumori_vm *vm)
{
	struct dma_fence *fence;
	int ret;

	ret = dma_resv_lock_interruptible(vm->base.r_obj->resv, NULL);
	if (ret)
		return ret;
	fence = dma_fence_get(vm->last_bind);
	dma_resv_unlock(vm->base.r_obj->resv);

	ret = fence ? dma_fence_wait(fence, true) : 0;
	dma_fence_put(fence);
	return ret;
}

static int run_now(struct pumori_bind *bind)
{
	struct drm_exec exec;
	int ret;

	for (;;) {
		ret = wait_for_earlier(bind->vm);
		if (ret)
			return ret;
		ret = lock(bind, &exec);
		if (ret || !bind->vm->last_bind || dma_fence_is_signaled(bind->vm->last_bind))
			break;
		/* One came between. */
		drm_exec_fini(&exec);
	}
	if (!ret && pumori_vm_is_banned(bind->vm))
		ret = -ECANCELED;
	if (!ret) {
		pumori_mappings_change(bind);
		ret = pumori_mappings_apply(bind);
	}
	drm_exec_fini(&exec);
	return ret;
}

static void bind_free(struct pumori_bind *bind)
{
	struct pumori_vm *vm = bind->vm;
	u32 i, j;

	if (bind->initialized)
		drm_sched_job_cleanup(&bind->base);
	pumori_syncs_free(&bind->syncs);
	pumori_fence_put(bind->fence);
	pumori_page_table_free_garbage(vm->table, &bind->garbage);
	pumori_table_reserve_fini(vm->table, &bind->reserve);
	pumori_mappings_free(&bind->dead);

	for (i = 0; i < bind->count; i++) {
		struct pumori_bind_op *op = &bind->ops[i];

		for (j = 0; j < PUMORI_BIND_SPARES; j++)
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
	kfree(bind);
	pumori_vm_put(vm);
}

static struct dma_fence *run_job(struct drm_sched_job *job)
{
	struct pumori_bind *bind = container_of(job, struct pumori_bind, base);
	bool cookie = dma_fence_begin_signalling();
	bool banned = pumori_vm_is_banned(bind->vm);
	int ret;

	/* Also after a failure: what user space gave up must leave the page table. */
	ret = pumori_mappings_apply(bind);
	pumori_fence_signal(bind->fence, banned ? -ECANCELED : ret);
	dma_fence_end_signalling(cookie);
	return NULL;
}

static void free_job(struct drm_sched_job *job)
{
	struct pumori_bind *bind = container_of(job, struct pumori_bind, base);

	bind_free(bind);
}

const struct drm_sched_backend_ops pumori_bind_sched_ops = {
	.run_job = run_job,
	.free_job = free_job,
};

static void commit(struct pumori_bind *bind, struct drm_exec *exec)
{
	bool cookie = dma_fence_begin_signalling();
	struct pumori_vm *vm = bind->vm;
	struct drm_gem_object *obj;

	drm_sched_job_arm(&bind->base);
	pumori_fence_init(bind->fence, vm->bind_timeline, ++vm->bind_sequence);
	drm_exec_for_each_locked_object(exec, obj)
		dma_resv_add_fence(obj->resv, &bind->fence->base, DMA_RESV_USAGE_BOOKKEEP);
	dma_fence_put(vm->last_bind);
	vm->last_bind = dma_fence_get(&bind->fence->base);
	pumori_syncs_commit(&bind->syncs, &bind->fence->base);
	drm_sched_entity_push_job(&bind->base);
	dma_fence_end_signalling(cookie);
}

/* On success the scheduler frees the bind. */
static int run_later(struct pumori_bind *bind, const struct drm_pumori_array *syncs,
		     struct drm_file *file)
{
	struct pumori_vm *vm = bind->vm;
	struct drm_exec exec;
	int ret;

	bind->fence = pumori_fence_alloc();
	if (!bind->fence)
		return -ENOMEM;
	ret = pumori_sched_job_init(&bind->base, &vm->entity, 1, file, file->client_id);
	if (ret)
		return ret;
	bind->initialized = true;
	ret = pumori_syncs_read(&bind->syncs, &bind->base, vm->bind_timeline, file, syncs);
	if (ret)
		return ret;

	ret = lock(bind, &exec);
	if (!ret && pumori_vm_is_banned(vm))
		ret = -ECANCELED;
	if (!ret) {
		/* From here on nothing fails. */
		pumori_mappings_change(bind);
		commit(bind, &exec);
	}
	drm_exec_fini(&exec);
	return ret;
}

static struct pumori_bind *bind_create(struct pumori_vm *vm, struct drm_file *file,
				       const struct drm_pumori_array *ops)
{
	struct pumori_bind *bind = kzalloc(sizeof(*bind), GFP_KERNEL_ACCOUNT);
	int ret = 0;
	u32 i;

	if (!bind)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&bind->garbage);
	INIT_LIST_HEAD(&bind->dead);
	pumori_table_reserve_init(&bind->reserve);
	bind->vm = pumori_vm_get(vm);

	bind->ops = kvcalloc(ops->count, sizeof(*bind->ops), GFP_KERNEL_ACCOUNT);
	if (!bind->ops)
		ret = ops->count ? -ENOMEM : 0;
	else
		bind->count = ops->count;
	for (i = 0; i < bind->count && !ret; i++) {
		struct drm_pumori_bind_op user;

		ret = pumori_array_read(ops, i, &user, sizeof(user));
		if (!ret)
			ret = prepare_op(bind, &bind->ops[i], file, &user);
	}
	if (ret) {
		bind_free(bind);
		return ERR_PTR(ret);
	}
	return bind;
}

static int bind_run(struct pumori_vm *vm, const struct drm_pumori_vm_bind *args,
		    struct drm_file *file)
{
	struct pumori_bind *bind = bind_create(vm, file, &args->ops);
	int ret;

	if (IS_ERR(bind))
		return PTR_ERR(bind);
	if (args->flags & DRM_PUMORI_VM_BIND_ASYNC) {
		ret = run_later(bind, &args->syncs, file);
		if (!ret)
			return 0;
	} else {
		ret = run_now(bind);
	}
	bind_free(bind);
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

	if (args->flags & ~DRM_PUMORI_VM_BIND_ASYNC || (!args->flags && args->syncs.count)) {
		drm_dbg(drm, "unknown flags %x, or syncs without ASYNC\n", args->flags);
		return -EINVAL;
	}
	if (pumori_array_check(&args->syncs, sizeof(struct drm_pumori_sync), PUMORI_MAX_SYNCS)) {
		drm_dbg(drm, "%u syncs of %u bytes\n", args->syncs.count, args->syncs.stride);
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
	else
		ret = bind_run(vm, args, file);
	drm_dev_exit(idx);

out_put:
	pumori_vm_put(vm);
	return ret;
}
