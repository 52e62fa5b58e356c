// SPDX-License-Identifier: GPL-2.0
/* Contexts: clients of a VM, for accounting and blame. */

#include <linux/pid.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include <pumori/hw.h>

#include "pumori_account.h"
#include "pumori_context.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_netlink.h"
#include "pumori_vm.h"

/**
 * struct pumori_context - what the queues of one client share
 */
struct pumori_context {
	/** @kref: files and queues that use it */
	struct kref kref;
	/** @vm: its address space, held */
	struct pumori_vm *vm;
	/** @pumori: the device, which the VM holds */
	struct pumori_device *pumori;
	/** @number: on the device */
	u32 number;
	/** @account: who pays, held */
	struct pumori_account *account;
	/** @pid: process that made it, held */
	struct pid *pid;
	/** @command: its name then */
	char command[TASK_COMM_LEN];
	/** @lock: protects what follows; taken when jobs complete, in any context */
	spinlock_t lock;
	/** @state: DRM_PUMORI_CONTEXT_* */
	u32 state;
	/** @busy_ns: device time of finished jobs */
	u64 busy_ns;
	/** @cycles: model cycles of finished jobs */
	u64 cycles;
	/** @jobs: finished jobs */
	u64 jobs;
	/** @faults: jobs that faulted or were killed */
	u64 faults;
	/** @losses: jobs that were lost without their fault */
	u64 losses;
	/** @queues: queues now, by core */
	u16 queues[PUMORI_HW_MAX_CORES];
};

/* All are numbered for as long as anything may tell about them. */
#define CONTEXT_NUMBERS	XA_LIMIT(1, S32_MAX)

static void context_release(struct kref *kref)
{
	struct pumori_context *context = container_of(kref, struct pumori_context, kref);

	xa_erase(&context->pumori->contexts, context->number);
	pumori_netlink_contexts_changed();
	pumori_account_uncharge(context->account, PUMORI_CHARGE_CONTEXT);
	pumori_account_put(context->account);
	put_pid(context->pid);
	/* May free the device. */
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
 * pumori_context_number() - number of a context on its device
 * @context: the context
 */
u32 pumori_context_number(const struct pumori_context *context)
{
	return context->number;
}

/**
 * pumori_context_add_queue() - let a context have one more queue
 * @context: the context
 * @core: on which core
 *
 * Return: 0, or -ENOSPC when its user has too many.
 */
int pumori_context_add_queue(struct pumori_context *context, u32 core)
{
	int ret = pumori_account_charge(context->account, PUMORI_CHARGE_QUEUE);

	if (ret)
		return ret;
	spin_lock_irq(&context->lock);
	context->queues[core]++;
	spin_unlock_irq(&context->lock);
	return 0;
}

/**
 * pumori_context_remove_queue() - undo pumori_context_add_queue()
 * @context: the context
 * @core: on which core
 */
void pumori_context_remove_queue(struct pumori_context *context, u32 core)
{
	spin_lock_irq(&context->lock);
	context->queues[core]--;
	spin_unlock_irq(&context->lock);
	pumori_account_uncharge(context->account, PUMORI_CHARGE_QUEUE);
}

static void read_info(struct pumori_context *context, struct pumori_context_info *info)
{
	struct pumori_account *account = context->account;
	u32 core;

	*info = (struct pumori_context_info) {
		.id = context->number,
		.client = account->client,
		.pid = get_pid(context->pid),
		.uid = account->user->uid,
		.hbm_bytes = atomic64_read(&account->hbm_bytes),
		.host_bytes = atomic64_read(&account->host_bytes),
		.state = pumori_vm_is_banned(context->vm) ? DRM_PUMORI_CONTEXT_VM_BANNED : 0,
	};
	strscpy(info->command, context->command, sizeof(info->command));

	spin_lock_irq(&context->lock);
	info->state |= context->state;
	info->busy_ns = context->busy_ns;
	info->cycles = context->cycles;
	info->jobs = context->jobs;
	info->faults = context->faults;
	for (core = 0; core < ARRAY_SIZE(context->queues); core++) {
		info->queues += context->queues[core];
		if (context->queues[core])
			info->core_mask |= BIT(core);
	}
	spin_unlock_irq(&context->lock);
}

/**
 * pumori_context_info() - look at a context of a device, whosever it is
 * @pumori: the device
 * @number: in: the lowest number looked for; out: the number found
 * @info: filled in; its pid must be put
 *
 * Return: whether there is one.
 */
bool pumori_context_info(struct pumori_device *pumori, unsigned long *number,
			 struct pumori_context_info *info)
{
	struct pumori_context *context;

	xa_lock(&pumori->contexts);
	context = xa_find(&pumori->contexts, number, ULONG_MAX, XA_PRESENT);
	/* It is erased before anything of it goes. */
	if (context)
		read_info(context, info);
	xa_unlock(&pumori->contexts);
	return context;
}

/**
 * pumori_context_account() - note how a job ended
 * @context: the context
 * @core: where it ran
 * @record: the chip's record of the job
 *
 * Any context.
 */
void pumori_context_account(struct pumori_context *context, u32 core,
			    const struct pumori_hw_record *record)
{
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	context->busy_ns += record->device_ns;
	context->cycles += record->cycles;
	context->jobs++;
	switch (record->status) {
	case PUMORI_HW_JOB_FAULT:
	case PUMORI_HW_JOB_KILLED:
		context->faults++;
		context->state |= DRM_PUMORI_CONTEXT_GUILTY;
		break;
	case PUMORI_HW_JOB_INNOCENT_RESET:
	case PUMORI_HW_JOB_DEVICE_LOST:
		context->losses++;
		context->state |= DRM_PUMORI_CONTEXT_INNOCENT;
		break;
	}
	spin_unlock_irqrestore(&context->lock, flags);
	pumori_account_job(context->account, core, record);
}

static struct pumori_context *context_create(struct pumori_device *pumori,
					     struct pumori_file *pfile, u32 vm_id)
{
	struct pumori_context *context;
	int ret;

	context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);
	if (!context)
		return ERR_PTR(-ENOMEM);

	kref_init(&context->kref);
	spin_lock_init(&context->lock);
	context->pumori = pumori;
	context->account = pfile->account;
	context->pid = task_tgid(current);
	get_task_comm(context->command, current);
	context->vm = pumori_vm_lookup(pfile, vm_id);
	if (!context->vm) {
		ret = -ENOENT;
		goto err_free;
	}
	ret = pumori_account_charge(context->account, PUMORI_CHARGE_CONTEXT);
	if (ret)
		goto err_put_vm;
	ret = xa_alloc_cyclic(&pumori->contexts, &context->number, context, CONTEXT_NUMBERS,
			      &pumori->next_context, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		goto err_uncharge;

	pumori_account_get(context->account);
	get_pid(context->pid);
	pumori_netlink_contexts_changed();
	return context;

err_uncharge:
	pumori_account_uncharge(context->account, PUMORI_CHARGE_CONTEXT);
err_put_vm:
	pumori_vm_put(context->vm);
err_free:
	kfree(context);
	return ERR_PTR(ret);
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

	context = context_create(to_pumori_device(drm), pfile, args->vm_id);
	if (IS_ERR(context))
		return PTR_ERR(context);

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
	args->losses = context->losses;
	spin_unlock_irq(&context->lock);

	if (pumori_vm_is_banned(context->vm))
		args->state |= DRM_PUMORI_CONTEXT_VM_BANNED;
	pumori_context_put(context);
	return 0;
}
