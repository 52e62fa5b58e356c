// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Buffers of and for others
 *
 * A shareable buffer is exported as a dma-buf, writable or not; that is a property of the dma-buf,
 * so while one exists the other kind cannot be had. Importing a read-only one of the same device
 * gives a view: a handle that can be mapped by neither CPU nor chip but for reading. While another
 * device is attached, the buffer stays where it is.
 *
 * Memory of others is reached through the exporter's kernel mapping: the chip of the soft socket
 * is software, so nothing is mapped for DMA and nothing can be bounced. Others reach ours through
 * the DMA API, unless that would bounce: then what one side writes the other would never see.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "pumori_compat.h"
#include "pumori_device.h"
#include "pumori_evict.h"
#include "pumori_gem.h"
#include "pumori_prime.h"

static bool writable(const struct dma_buf *dma_buf)
{
	return dma_buf->file->f_mode & FMODE_WRITE;
}

static int attach(struct dma_buf *dma_buf, struct dma_buf_attachment *attachment)
{
	struct pumori_bo *bo = to_pumori_bo(dma_buf->priv);
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &bo->base);
		if (!ret && bo->place == PUMORI_BO_EVICTED)
			ret = pumori_bo_restore(bo, &exec);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	if (!ret && bo->place == PUMORI_BO_PURGED)
		ret = -ENODATA;
	if (!ret)
		WRITE_ONCE(bo->pins, bo->pins + 1);
	drm_exec_fini(&exec);
	return ret;
}

static void unpin(struct pumori_bo *bo)
{
	dma_resv_assert_held(bo->base.resv);
	WRITE_ONCE(bo->pins, bo->pins - 1);
}

static void detach(struct dma_buf *dma_buf, struct dma_buf_attachment *attachment)
{
	struct pumori_bo *bo = to_pumori_bo(dma_buf->priv);

	dma_resv_lock(bo->base.resv, NULL);
	unpin(bo);
	dma_resv_unlock(bo->base.resv);
}

/* The pages of a buffer that is pinned; the caller frees the array. */
static struct page **pages_of(struct pumori_bo *bo)
{
	struct pumori_bus *bus = to_pumori_device(bo->base.dev)->bus;
	u64 count = bo->base.size >> PAGE_SHIFT, i;
	struct page **pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);

	if (!pages)
		return NULL;
	for (i = 0; i < count; i++)
		pages[i] = bo->place == PUMORI_BO_HBM ?
			   pfn_to_page(bus->ops->hbm_frame(bus, bo->hbm.start + (i << PAGE_SHIFT))) :
			   bo->pages[i];
	return pages;
}

static struct sg_table *map(struct dma_buf_attachment *attachment, enum dma_data_direction direction)
{
	struct pumori_bo *bo = to_pumori_bo(attachment->dmabuf->priv);
	struct sg_table *table;
	struct page **pages;
	int ret;

	if (dma_max_mapping_size(attachment->dev) != SIZE_MAX) {
		drm_dbg(bo->base.dev, "memory for %s would be bounced\n",
			dev_name(attachment->dev));
		return ERR_PTR(-EOPNOTSUPP);
	}
	pages = pages_of(bo);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	table = drm_prime_pages_to_sg(bo->base.dev, pages, bo->base.size >> PAGE_SHIFT);
	kvfree(pages);
	if (IS_ERR(table))
		return table;

	ret = dma_map_sgtable(attachment->dev, table, direction, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret) {
		sg_free_table(table);
		kfree(table);
		return ERR_PTR(ret);
	}
	return table;
}

static int map_for_cpu(struct dma_buf *dma_buf, struct iosys_map *mapping)
{
	struct pumori_bo *bo = to_pumori_bo(dma_buf->priv);
	struct page **pages;
	void *address;

	if (bo->place == PUMORI_BO_EVICTED || bo->place == PUMORI_BO_PURGED)
		return -EBUSY;
	pages = pages_of(bo);
	if (!pages)
		return -ENOMEM;
	address = vmap(pages, bo->base.size >> PAGE_SHIFT, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	if (!address)
		return -ENOMEM;
	WRITE_ONCE(bo->pins, bo->pins + 1);
	iosys_map_set_vaddr(mapping, address);
	return 0;
}

static void unmap_for_cpu(struct dma_buf *dma_buf, struct iosys_map *mapping)
{
	vunmap(mapping->vaddr);
	unpin(to_pumori_bo(dma_buf->priv));
}

static const struct dma_buf_ops pumori_dma_buf_ops = {
	.attach = attach,
	.detach = detach,
	.map_dma_buf = map,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = drm_gem_dmabuf_release,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = map_for_cpu,
	.vunmap = unmap_for_cpu,
};

/**
 * pumori_prime_export() - make a dma-buf of a buffer
 * @obj: the buffer
 * @flags: DRM_CLOEXEC, DRM_RDWR
 */
struct dma_buf *pumori_prime_export(struct drm_gem_object *obj, int flags)
{
	struct pumori_bo *bo = to_pumori_bo(obj);
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	/* The reservation object of a private one is the VM's: it cannot be handed out. */
	if (bo->owner)
		return ERR_PTR(-EPERM);
	if (bo->read_only && flags & DRM_RDWR)
		return ERR_PTR(-EACCES);

	info.ops = &pumori_dma_buf_ops;
	info.size = obj->size;
	info.flags = flags;
	info.priv = obj;
	info.resv = obj->resv;
	return drm_gem_dmabuf_export(obj->dev, &info);
}

/**
 * pumori_prime_handle_to_fd() - DRM_IOCTL_PRIME_HANDLE_TO_FD
 * @drm: the device
 * @file: the caller
 * @handle: of the buffer
 * @flags: DRM_CLOEXEC, DRM_RDWR
 * @fd: set to the file descriptor
 *
 * The core gives whatever dma-buf exists, writable or not; here nobody gets other rights than asked for.
 */
int pumori_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle, u32 flags,
			      int *fd)
{
	struct dma_buf *dma_buf = drm_gem_prime_handle_to_dmabuf(drm, file, handle, flags);
	int ret;

	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);
	if (writable(dma_buf) != !!(flags & DRM_RDWR)) {
		drm_dbg(drm, "buffer object %u is exported %s\n", handle,
			writable(dma_buf) ? "writable" : "read-only");
		ret = writable(dma_buf) ? -EBUSY : -EACCES;
	} else {
		ret = dma_buf_fd(dma_buf, flags & DRM_CLOEXEC);
	}
	if (ret < 0) {
		dma_buf_put(dma_buf);
		return ret;
	}
	*fd = ret;
	return 0;
}

/* A handle that can only read what another one can write. */
static struct drm_gem_object *make_view(struct pumori_bo *target)
{
	struct pumori_bo *view;
	int ret;

	ret = drm_gem_create_mmap_offset(&target->base);
	if (ret)
		return ERR_PTR(ret);
	view = pumori_bo_alloc(to_pumori_device(target->base.dev), target->base.size, target->flags,
			       NULL);
	if (!view)
		return ERR_PTR(-ENOMEM);
	drm_gem_object_get(&target->base);
	view->view_of = target;
	view->read_only = true;
	return &view->base;
}

static int import_memory(struct pumori_bo *bo, struct dma_buf *dma_buf)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);
	u64 count = bo->base.size >> PAGE_SHIFT, i;
	int ret;

	ret = dma_buf_vmap_unlocked(dma_buf, &bo->import_map);
	if (ret)
		return ret == -EINVAL ? -EOPNOTSUPP : ret;
	bo->import = true;
	/* Memory of a device is no memory for a chip that is software. */
	if (bo->import_map.is_iomem)
		return -EOPNOTSUPP;

	bo->bus_addresses = kvcalloc(count, sizeof(*bo->bus_addresses), GFP_KERNEL_ACCOUNT);
	if (!bo->bus_addresses)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		ret = pumori->bus->ops->map_memory(pumori->bus,
						   bo->import_map.vaddr + (i << PAGE_SHIFT),
						   &bo->bus_addresses[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static struct drm_gem_object *import_foreign(struct pumori_device *pumori, struct dma_buf *dma_buf)
{
	struct dma_buf_attachment *attachment;
	struct pumori_bo *bo;
	int ret;

	if (!dma_buf->size || dma_buf->size & ~PAGE_MASK)
		return ERR_PTR(-EINVAL);
	attachment = dma_buf_attach(dma_buf, pumori->drm.dev);
	if (IS_ERR(attachment))
		return ERR_CAST(attachment);
	bo = pumori_bo_alloc(pumori, dma_buf->size, 0, dma_buf->resv);
	if (!bo) {
		dma_buf_detach(dma_buf, attachment);
		return ERR_PTR(-ENOMEM);
	}
	/* From here on pumori_import_free() ends all of it. */
	get_dma_buf(dma_buf);
	bo->base.import_attach = attachment;
	bo->read_only = !writable(dma_buf);

	ret = import_memory(bo, dma_buf);
	if (ret) {
		drm_dbg(&pumori->drm, "a buffer of %s cannot be imported: %d\n",
			dma_buf->exp_name, ret);
		drm_gem_object_put(&bo->base);
		return ERR_PTR(ret);
	}
	return &bo->base;
}

/**
 * pumori_prime_import() - make a buffer of a dma-buf
 * @drm: the device
 * @dma_buf: the dma-buf
 */
struct drm_gem_object *pumori_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (dma_buf->ops != &pumori_dma_buf_ops || obj->dev != drm)
		return import_foreign(to_pumori_device(drm), dma_buf);
	if (!writable(dma_buf))
		return make_view(to_pumori_bo(obj));
	drm_gem_object_get(obj);
	return obj;
}

/**
 * pumori_import_free() - let go of another's memory, or of what a view shows
 * @bo: the import or the view, also one that was never finished; nothing happens for others
 */
void pumori_import_free(struct pumori_bo *bo)
{
	struct pumori_device *pumori = to_pumori_device(bo->base.dev);
	u64 count = bo->base.size >> PAGE_SHIFT;

	if (bo->view_of)
		drm_gem_object_put(&bo->view_of->base);
	if (!bo->base.import_attach)
		return;
	while (bo->bus_addresses && count--) {
		if (bo->bus_addresses[count])
			pumori->bus->ops->unmap_page(pumori->bus, bo->bus_addresses[count]);
	}
	kvfree(bo->bus_addresses);
	bo->bus_addresses = NULL;
	if (bo->import)
		dma_buf_vunmap_unlocked(bo->base.import_attach->dmabuf, &bo->import_map);
	drm_prime_gem_destroy(&bo->base, NULL);
}

/**
 * pumori_import_mmap() - map what belongs to another buffer
 * @bo: an import or a view; whether it may be written was checked
 * @vma: where to
 */
int pumori_import_mmap(struct pumori_bo *bo, struct vm_area_struct *vma)
{
	unsigned long first = vma->vm_pgoff - drm_vma_node_start(&bo->base.vma_node);
	struct drm_gem_object *target;
	int ret;

	if (bo->import) {
		/* The exporter keeps its own reference for the mapping. */
		vma->vm_private_data = NULL;
		vma->vm_ops = NULL;
		ret = dma_buf_mmap(bo->base.import_attach->dmabuf, vma, first);
		if (!ret) {
			vm_flags_set(vma, VM_DONTEXPAND);
			drm_gem_object_put(&bo->base);
		}
		return ret;
	}

	target = &bo->view_of->base;
	vma->vm_pgoff = drm_vma_node_start(&target->vma_node) + first;
	vma->vm_private_data = target;
	drm_gem_object_get(target);
	ret = target->funcs->mmap(target, vma);
	/* The mapping holds what it shows, in place of the view. */
	drm_gem_object_put(ret ? target : &bo->base);
	return ret;
}
