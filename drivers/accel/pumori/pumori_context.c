// SPDX-License-Identifier: GPL-2.0
/* Contexts: clients of a VM, for accounting and blame. */

#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include <pumori/hw.h>

#include "pumori_context.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_vm.h"

/**
 * struct pumori_context - what the queues of one client share
 */
struct pumori_context {
	/** @kref: files and queues that use it */
	struct kref kref;
	/** @vm: its address space, held */
	struct pumori_vm *vm;
	/** @lock: protects what follows; taken when jobs complete, in any context */
	spinlock_t lock;
	/** @state: DRM_PUMORI_CONTEXT_* */
	u32 state;
	/** @busy_ns: device time of finished jobs */
	u64 busy_ns;
	/** @jobs: finished jobs */
	u64 jobs;
	/** @faults: jobs that faulted or were killed */
	u64 faults;
};

static void context_release(struct kref *kref)
{
	struct pumori_context *context = container_of(kref, struct pumori_context, kref);

	pumori_vm_put(context->vm);
	kfree(context);
}

/**
 * pumori_context_get() - take a reference
 * @context: the context
 */
struct pumori_context *pumori_context_get(struct pumori_context *context)
{
	kref_get(&context->kref);
	return context;
}

/**
 * pumori_context_put() - drop a reference
 * @context: the context, or NULL
 */
void pumori_context_put(struct pumori_context *context)
{
	if (context)
		kref_put(&context->kref, context_release);
}

/**
 * pumori_context_lookup() - find a context of a file and take a reference
 * @pfile: the file
 * @id: id of the context
 */
struct pumori_context *pumori_context_lookup(struct pumori_file *pfile, u32 id)
{
	struct pumori_context *context;

	xa_lock(&pfile->contexts);
	context = xa_load(&pfile->contexts, id);
	if (context)
		kref_get(&context->kref);
	xa_unlock(&pfile->contexts);
	return context;
}

/**
 * pumori_context_vm() - address space of a context
 * @context: the context
 */
struct pumori_vm *pumori_context_vm(const struct pumori_context *context)
{
	return context->vm;
}

/**
 * pumori_context_account() - note how a job ended
 * @context: the context
 * @record: the chip's record of the job
 *
 * Any context.
 */
void pumori_context_account(struct pumori_context *context, const struct pumori_hw_record *record)
{
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	context->busy_ns += record->device_ns;
	context->jobs++;
	switch (record->status) {
	case PUMORI_HW_JOB_FAULT:
	case PUMORI_HW_JOB_KILLED:
		context->faults++;
		context->state |= DRM_PUMORI_CONTEXT_GUILTY;
		break;
	case PUMORI_HW_JOB_INNOCENT_RESET:
	case PUMORI_HW_JOB_DEVICE_LOST:
		context->state |= DRM_PUMORI_CONTEXT_INNOCENT;
		break;
	}
	spin_unlock_irqrestore(&context->lock, flags);
}

/**
 * pumori_ioctl_context_create() - DRM_IOCTL_PUMORI_CONTEXT_CREATE
 * @drm: the device
 * @data: struct drm_pumori_context_create
 * @file: the caller
 */
int pumori_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_context_create *args = data;
	struct pumori_context *context;
	int ret;

	if (args->flags || args->pad) {
		drm_dbg(drm, "unknown flags %x or padding not zero\n", args->flags);
		return -EINVAL;
	}

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return -ENOMEM;
	kref_init(&context->kref);
	spin_lock_init(&context->lock);
	context->vm = pumori_vm_lookup(pfile, args->vm_id);
	if (!context->vm) {
		kfree(context);
		return -ENOENT;
	}

	ret = xa_alloc(&pfile->contexts, &args->id, context, PUMORI_FILE_IDS, GFP_KERNEL_ACCOUNT);
	if (ret)
		pumori_context_put(context);
	return ret;
}

/**
 * pumori_ioctl_context_destroy() - DRM_IOCTL_PUMORI_CONTEXT_DESTROY
 * @drm: the device
 * @data: struct drm_pumori_destroy
 * @file: the caller
 */
int pumori_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_destroy *args = data;
	struct pumori_context *context;

	if (args->pad) {
		drm_dbg(drm, "padding is not zero\n");
		return -EINVAL;
	}
	context = xa_erase(&pfile->contexts, args->id);
	if (!context)
		return -ENOENT;
	pumori_context_put(context);
	return 0;
}

/**
 * pumori_ioctl_context_query() - DRM_IOCTL_PUMORI_CONTEXT_QUERY
 * @drm: the device
 * @data: struct drm_pumori_context_query
 * @file: the caller
 */
int pumori_ioctl_context_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_context_query *args = data;
	struct pumori_context *context;

	context = pumori_context_lookup(file->driver_priv, args->id);
	if (!context)
		return -ENOENT;

	spin_lock_irq(&context->lock);
	args->state = context->state;
	args->busy_ns = context->busy_ns;
	args->jobs = context->jobs;
	args->faults = context->faults;
	spin_unlock_irq(&context->lock);

	if (pumori_vm_is_banned(context->vm))
		args->state |= DRM_PUMORI_CONTEXT_VM_BANNED;
	pumori_context_put(context);
	return 0;
}
