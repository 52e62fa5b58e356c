// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Buffer objects
 *
 * A buffer object has all its memory from creation to its end, in host pages or in a contiguous
 * range of device memory, and is always cached on the CPU. One in device memory may have to make
 * room for others for a while, see pumori_evict.c.
 */

#include <linux/mm.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include "pumori_account.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_evict.h"
#include "pumori_gem.h"
#include "pumori_hbm.h"
#include "pumori_madvise.h"
#include "pumori_pagetable.h"
#include "pumori_prime.h"
#include "pumori_vm.h"

/* Keeps the lists of its pages far below what one allocation may have. */
#define HOST_BO_MAX	BIT_ULL(38)
/* What one fault maps: 2 MiB. */
#define FAULT_AROUND_PAGES	512

/**
 * pumori_bo_free_pages() - free a buffer's host pages
 * @bo: the buffer, whose pages nobody uses
 */
void pumori_bo_free_pages(struct pumori_bo *bo)
{
	u64 count = bo->base.size >> PAGE_SHIFT;

	while (count--) {
		if (bo->pages[count])
			__free_page(bo->pages[count]);
	}
	kvfree(bo->pages);
	bo->pages = NULL;
}

/**
 * pumori_bo_alloc_pages() - allocate zeroed host pages for a buffer
 * @bo: the buffer, which has none
 */
int pumori_bo_alloc_pages(struct pumori_bo *bo)
{
	u64 count = bo->base.size >> PAGE_SHIFT, i;
	int ret = -ENOMEM;

	bo->pages = kvcalloc(count, sizeof(*bo->pages), GFP_KERNEL_ACCOUNT);
	if (!bo->pages)
		return -ENOMEM;

	for (i = 0; i < count; i++) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_free;
		}
		bo->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_RETRY_MAYFAIL |
					  __GFP_NOWARN);
		if (!bo->pages[i])
			goto err_free;
	}
	return 0;

err_free:
	pumori_bo_free_pages(bo);
	return ret;
}

static void unmap_pages(struct pumori_device *pumori, struct pumori_bo *bo, u64 count)
{
	while (count--)
		pumori->bus->ops->unmap_page(pumori->bus, bo->bus_addresses[count]);
	kvfree(bo->bus_addresses);
	bo->bus_addresses = NULL;
}

/* Makes host pages that the chip can reach. */
static int make_host_memory(struct pumori_device *pumori, struct pumori_bo *bo)
{
	u64 count = bo->base.size >> PAGE_SHIFT, i;
	int ret;

	bo->bus_addresses = kvcalloc(count, sizeof(*bo->bus_addresses), GFP_KERNEL_ACCOUNT);
	if (!bo->bus_addresses)
		return -ENOMEM;
	ret = pumori_bo_alloc_pages(bo);
	if (ret) {
		unmap_pages(pumori, bo, 0);
		return ret;
	}

	for (i = 0; i < count; i++) {
		ret = pumori->bus->ops->map_page(pumori->bus, bo->pages[i], &bo->bus_addresses[i]);
		if (ret) {
			unmap_pages(pumori, bo, i);
			pumori_bo_free_pages(bo);
			return ret;
		}
	}
	return 0;
}

/* Takes room in device memory, and memory behind it. */
static int make_device_memory(struct pumori_bo *bo)
{
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &bo->base);
		if (!ret)
			ret = pumori_bo_place(bo, &exec);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	drm_exec_fini(&exec);
	return ret;
}

/**
 * pumori_bo_free_memory() - give a buffer's memory back
 * @bo: the buffer, which nobody reaches any more
 */
void pumori_bo_free_memory(struct pumori_bo *bo)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);

	if (bo->place == PUMORI_BO_HBM)
		pumori_hbm_give(pumori, bo);
	if (bo->bus_addresses)
		unmap_pages(pumori, bo, bo->base.size >> PAGE_SHIFT);
	if (bo->pages)
		pumori_bo_free_pages(bo);
}

/**
 * pumori_bo_unmap() - take a buffer out of all page tables of CPU and chip
 * @bo: the buffer, its reservation locked; no job uses it
 *
 * From here on the CPU reaches the contents by a fault alone, which waits for the reservation.
 */
void pumori_bo_unmap(struct pumori_bo *bo)
{
	drm_vma_node_unmap(&bo->base.vma_node, bo->base.dev->anon_inode->i_mapping);
	pumori_vm_forget_buffer(&bo->base);
}

static void pumori_bo_free(struct drm_gem_object *obj)
{
	struct pumori_bo *bo = to_pumori_bo(obj);

	/* What chooses victims looks at the reservation, so that comes last. */
	pumori_bo_set_purgeable(bo, false);
	pumori_import_free(bo);
	pumori_bo_free_memory(bo);
	pumori_hbm_group_put(bo->hbm_group);
	drm_gem_object_release(obj);
	if (bo->account) {
		pumori_account_uncharge_memory(bo->account, bo->flags & DRM_PUMORI_BO_HBM,
					       obj->size);
		pumori_account_put(bo->account);
	}
	if (bo->owner)
		drm_gem_object_put(bo->owner);
	kfree(bo->label);
	kfree(bo);
}

static int map_host_pages(struct pumori_bo *bo, struct vm_area_struct *vma, unsigned long first)
{
	unsigned long count = vma_pages(vma);
	int ret = -ENODATA;

	if (first + count > bo->base.size >> PAGE_SHIFT)
		return -EINVAL;
	dma_resv_lock(bo->base.resv, NULL);
	if (bo->pages)
		ret = vm_insert_pages(vma, vma->vm_start, bo->pages + first, &count);
	dma_resv_unlock(bo->base.resv);
	return ret;
}

static int pumori_bo_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct pumori_bo *bo = to_pumori_bo(obj);
	unsigned long first = vma->vm_pgoff - drm_vma_node_start(&obj->vma_node);

	if (bo->flags & DRM_PUMORI_BO_NO_MMAP)
		return -EACCES;
	/* A private mapping would copy on write what the device should see. */
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (bo->read_only) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	if (bo->import || bo->view_of)
		return pumori_import_mmap(bo, vma);

	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP);
	if (bo->flags & DRM_PUMORI_BO_HBM) {
		/* Pages that may move are nobody's to hold. */
		vm_flags_set(vma, VM_PFNMAP);
		return 0;
	}
	/* All pages are there: mapping them now saves a fault for each. */
	return map_host_pages(bo, vma, first);
}

/*
 * Locks the buffer a fault is about. When that would take long, the lock of the address space is
 * given back meanwhile and the fault begins again.
 */
static vm_fault_t fault_lock(struct drm_gem_object *obj, struct vm_fault *vmf)
{
	if (dma_resv_trylock(obj->resv))
		return 0;
	if (!fault_flag_allow_retry_first(vmf->flags))
		return dma_resv_lock_interruptible(obj->resv, NULL) ? VM_FAULT_NOPAGE : 0;

	if (!(vmf->flags & FAULT_FLAG_RETRY_NOWAIT)) {
		drm_gem_object_get(obj);
		mmap_read_unlock(vmf->vma->vm_mm);
		if (!dma_resv_lock_interruptible(obj->resv, NULL))
			dma_resv_unlock(obj->resv);
		drm_gem_object_put(obj);
	}
	return VM_FAULT_RETRY;
}

static unsigned long frame_of(struct pumori_bo *bo, u64 offset)
{
	struct pumori_bus *bus = to_pumori_device(bo->base.dev)->bus;

	return bo->place == PUMORI_BO_HBM ? bus->ops->hbm_frame(bus, bo->hbm.start + offset) :
					    page_to_pfn(bo->pages[offset >> PAGE_SHIFT]);
}

static vm_fault_t fault_frames(struct pumori_bo *bo, struct vm_fault *vmf, u64 offset)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long address = vmf->address & PAGE_MASK;
	u32 i;

	for (i = 0; i < FAULT_AROUND_PAGES; i++) {
		vm_fault_t ret = vmf_insert_pfn(vma, address, frame_of(bo, offset));

		/* Only the first one has to succeed. */
		if (ret & VM_FAULT_ERROR)
			return i ? VM_FAULT_NOPAGE : ret;
		address += PAGE_SIZE;
		offset += PAGE_SIZE;
		if (address == vma->vm_end || offset == bo->base.size)
			break;
	}
	return VM_FAULT_NOPAGE;
}

/* Maps what moving the buffer, or unplugging the device, took out of all mappings. */
static vm_fault_t pumori_bo_fault(struct vm_fault *vmf)
{
	struct drm_gem_object *obj = vmf->vma->vm_private_data;
	struct pumori_bo *bo = to_pumori_bo(obj);
	u64 offset = (u64)(vmf->pgoff - drm_vma_node_start(&obj->vma_node)) << PAGE_SHIFT;
	vm_fault_t ret;

	if (offset >= obj->size)
		return VM_FAULT_SIGBUS;
	ret = fault_lock(obj, vmf);
	if (ret)
		return ret;

	if (bo->place == PUMORI_BO_PURGED) {
		ret = VM_FAULT_SIGBUS;
	} else if (vmf->vma->vm_flags & VM_PFNMAP) {
		ret = fault_frames(bo, vmf, offset);
	} else {
		vmf->page = bo->pages[offset >> PAGE_SHIFT];
		get_page(vmf->page);
	}
	dma_resv_unlock(obj->resv);
	return ret;
}

static const struct vm_operations_struct pumori_bo_vm_ops = {
	.fault = pumori_bo_fault,
	.open = drm_gem_vm_open,
	.close = drm_gem_vm_close,
};

static const struct drm_gem_object_funcs pumori_bo_funcs = {
	.free = pumori_bo_free,
	.export = pumori_prime_export,
	.mmap = pumori_bo_mmap,
	.vm_ops = &pumori_bo_vm_ops,
};

/**
 * pumori_bo_alloc() - make a buffer object without memory
 * @pumori: the device
 * @size: bytes, multiple of the page size, not zero
 * @flags: DRM_PUMORI_BO_*
 * @resv: its reservation, or NULL for one of its own
 */
struct pumori_bo *pumori_bo_alloc(struct pumori_device *pumori, u64 size, u32 flags,
				  struct dma_resv *resv)
{
	struct pumori_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	bo->flags = flags;
	INIT_LIST_HEAD(&bo->hbm_link);
	INIT_LIST_HEAD(&bo->purge_link);
	bo->base.funcs = &pumori_bo_funcs;
	bo->base.resv = resv;
	drm_gem_private_object_init(&pumori->drm, &bo->base, size);
	drm_gem_gpuva_init(&bo->base);
	return bo;
}

/**
 * pumori_bo_lookup() - find the buffer that a handle means and take a reference
 * @file: whose handle
 * @handle: the handle
 * @read_only: set to whether it may only be read through this handle; may be NULL
 */
struct drm_gem_object *pumori_bo_lookup(struct drm_file *file, u32 handle, bool *read_only)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	struct pumori_bo *view;

	if (!obj) {
		drm_dbg(file->minor->dev, "no buffer object %u\n", handle);
		return ERR_PTR(-ENOENT);
	}
	if (read_only)
		*read_only = to_pumori_bo(obj)->read_only;
	view = to_pumori_bo(obj);
	if (view->view_of) {
		drm_gem_object_get(&view->view_of->base);
		obj = &view->view_of->base;
		drm_gem_object_put(&view->base);
	}
	return obj;
}

/**
 * pumori_bo_create() - make a zeroed buffer object
 * @pumori: the device
 * @size: bytes, multiple of the page size, not zero
 * @flags: DRM_PUMORI_BO_*
 * @vm: the VM it is private to, or NULL
 */
struct pumori_bo *pumori_bo_create(struct pumori_device *pumori, u64 size, u32 flags,
				   struct pumori_vm *vm)
{
	struct drm_gem_object *owner = vm ? pumori_vm_object(vm) : NULL;
	struct pumori_bo *bo = pumori_bo_alloc(pumori, size, flags, owner ? owner->resv : NULL);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	if (owner) {
		drm_gem_object_get(owner);
		bo->owner = owner;
	}

	if (flags & DRM_PUMORI_BO_HBM) {
		bo->hbm_group = vm ? pumori_hbm_group_get(pumori_vm_hbm_group(vm)) :
				     pumori_hbm_group_create(&bo->base);
		ret = bo->hbm_group ? make_device_memory(bo) : -ENOMEM;
	} else {
		ret = make_host_memory(pumori, bo);
	}
	if (ret) {
		drm_gem_object_put(&bo->base);
		return ERR_PTR(ret);
	}
	return bo;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_bo_create);

/**
 * pumori_bo_backing() - describe a buffer's memory to the page table
 * @bo: the buffer
 * @offset: where the mapping begins, multiple of the page size
 * @backing: filled in
 */
void pumori_bo_backing(const struct pumori_bo *bo, u64 offset, struct pumori_backing *backing)
{
	backing->hbm = bo->place == PUMORI_BO_HBM;
	backing->offset = backing->hbm ? bo->hbm.start + offset : 0;
	backing->pages = backing->hbm ? NULL : bo->bus_addresses + (offset >> PAGE_SHIFT);
}

/**
 * pumori_ioctl_bo_create() - DRM_IOCTL_PUMORI_BO_CREATE
 * @drm: the device
 * @data: struct drm_pumori_bo_create
 * @file: the caller
 */
int pumori_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_device *pumori = to_pumori_device(drm);
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_bo_create *args = data;
	struct pumori_vm *vm = NULL;
	struct pumori_bo *bo;
	u64 size, limit;
	int ret, idx;
	bool hbm;

	if (args->flags & ~(DRM_PUMORI_BO_HBM | DRM_PUMORI_BO_NO_MMAP) || args->pad) {
		drm_dbg(drm, "unknown flags %x or padding not zero\n", args->flags);
		return -EINVAL;
	}
	limit = args->flags & DRM_PUMORI_BO_HBM ? pumori->info.hbm_bytes :
						  min((u64)totalram_pages() << PAGE_SHIFT,
						      HOST_BO_MAX);
	if (!args->size) {
		drm_dbg(drm, "size of a buffer object is zero\n");
		return -EINVAL;
	}
	if (args->size > limit) {
		drm_dbg(drm, "buffer object of %llu bytes is beyond any memory\n", args->size);
		return args->flags & DRM_PUMORI_BO_HBM ? -ENOSPC : -ENOMEM;
	}
	size = round_up(args->size, PAGE_SIZE);

	if (args->vm_id) {
		vm = pumori_vm_lookup(file->driver_priv, args->vm_id);
		if (!vm)
			return -ENOENT;
	}
	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_put_vm;
	}

	hbm = args->flags & DRM_PUMORI_BO_HBM;
	ret = pumori_account_charge_memory(pfile->account, hbm, size);
	if (ret)
		goto out_exit;
	bo = pumori_bo_create(pumori, size, args->flags, vm);
	if (IS_ERR(bo)) {
		pumori_account_uncharge_memory(pfile->account, hbm, size);
		ret = PTR_ERR(bo);
		goto out_exit;
	}
	bo->account = pumori_account_get(pfile->account);

	ret = drm_gem_handle_create(file, &bo->base, &args->handle);
	if (!ret)
		args->size = size;
	drm_gem_object_put(&bo->base);

out_exit:
	drm_dev_exit(idx);
out_put_vm:
	pumori_vm_put(vm);
	return ret;
}

/**
 * pumori_ioctl_bo_mmap_offset() - DRM_IOCTL_PUMORI_BO_MMAP_OFFSET
 * @drm: the device
 * @data: struct drm_pumori_bo_mmap_offset
 * @file: the caller
 */
int pumori_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->flags) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}

	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	if (to_pumori_bo(obj)->flags & DRM_PUMORI_BO_NO_MMAP) {
		drm_dbg(drm, "buffer object %u was created without mmap\n", args->handle);
		ret = -EACCES;
		goto out_put;
	}
	ret = drm_gem_create_mmap_offset(obj);
	if (!ret)
		args->offset = drm_vma_node_offset_addr(&obj->vma_node);

out_put:
	drm_gem_object_put(obj);
	return ret;
}
