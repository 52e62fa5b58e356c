// SPDX-License-Identifier: GPL-2.0
/* The DRM driver: files and the table of ioctls. */

#include <linux/module.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

#include "pumori_account.h"
#include "pumori_compat.h"
#include "pumori_context.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_fdinfo.h"
#include "pumori_gem.h"
#include "pumori_job.h"
#include "pumori_madvise.h"
#include "pumori_netlink.h"
#include "pumori_prime.h"
#include "pumori_program.h"
#include "pumori_query.h"
#include "pumori_queue.h"
#include "pumori_soft.h"
#include "pumori_vm.h"

struct workqueue_struct *pumori_release_wq;

/**
 * pumori_flush_releases() - wait for the end of objects that nobody uses any more
 */
void pumori_flush_releases(void)
{
	flush_workqueue(pumori_release_wq);
	/* The end of a queue or program may have been the end of its VM. */
	flush_workqueue(pumori_release_wq);
}

static int pumori_open(struct drm_device *drm, struct drm_file *file)
{
	struct pumori_file *pfile = kzalloc(sizeof(*pfile), GFP_KERNEL_ACCOUNT);

	if (!pfile)
		return -ENOMEM;

	pfile->account = pumori_account_create(to_pumori_device(drm), file->client_id);
	if (!pfile->account) {
		kfree(pfile);
		return -ENOMEM;
	}
	xa_init_flags(&pfile->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&pfile->programs, XA_FLAGS_ALLOC1);
	xa_init_flags(&pfile->contexts, XA_FLAGS_ALLOC1);
	xa_init_flags(&pfile->queues, XA_FLAGS_ALLOC1);
	file->driver_priv = pfile;
	return 0;
}

static void pumori_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct pumori_program *program;
	struct pumori_context *context;
	struct pumori_queue *queue;
	struct pumori_vm *vm;
	unsigned long id;

	/* Users before what they use. */
	xa_for_each(&pfile->queues, id, queue)
		pumori_queue_destroy(queue);
	xa_for_each(&pfile->contexts, id, context)
		pumori_context_put(context);
	xa_for_each(&pfile->programs, id, program)
		pumori_program_put(program);
	xa_for_each(&pfile->vms, id, vm)
		pumori_vm_put(vm);
	xa_destroy(&pfile->queues);
	xa_destroy(&pfile->contexts);
	xa_destroy(&pfile->programs);
	xa_destroy(&pfile->vms);
	pumori_account_put(pfile->account);
	kfree(pfile);
	/* Whoever opens the device next finds what this file had. */
	pumori_flush_releases();
}

#define PUMORI_IOCTL(name, function) \
	DRM_IOCTL_DEF_DRV(PUMORI_##name, pumori_ioctl_##function, 0)

static const struct drm_ioctl_desc pumori_ioctls[] = {
	PUMORI_IOCTL(DEV_QUERY, dev_query),
	PUMORI_IOCTL(VM_CREATE, vm_create),
	PUMORI_IOCTL(VM_DESTROY, vm_destroy),
	PUMORI_IOCTL(VM_BIND, vm_bind),
	PUMORI_IOCTL(BO_CREATE, bo_create),
	PUMORI_IOCTL(BO_MMAP_OFFSET, bo_mmap_offset),
	PUMORI_IOCTL(PROGRAM_CREATE, program_create),
	PUMORI_IOCTL(PROGRAM_DESTROY, program_destroy),
	PUMORI_IOCTL(CONTEXT_CREATE, context_create),
	PUMORI_IOCTL(CONTEXT_DESTROY, context_destroy),
	PUMORI_IOCTL(CONTEXT_QUERY, context_query),
	PUMORI_IOCTL(QUEUE_CREATE, queue_create),
	PUMORI_IOCTL(QUEUE_DESTROY, queue_destroy),
	PUMORI_IOCTL(SUBMIT, submit),
	PUMORI_IOCTL(JOB_QUERY, job_query),
	PUMORI_IOCTL(BO_WAIT, bo_wait),
	PUMORI_IOCTL(BO_MADVISE, bo_madvise),
	PUMORI_IOCTL(BO_LABEL, bo_label),
	PUMORI_IOCTL(BO_SYNC, bo_sync),
};

static const struct file_operations pumori_fops = {
	.owner = THIS_MODULE,
	DRM_ACCEL_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

const struct drm_driver pumori_drm_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = pumori_open,
	.postclose = pumori_postclose,
	.show_fdinfo = pumori_show_fdinfo,
	.gem_prime_import = pumori_prime_import,
	.prime_handle_to_fd = pumori_prime_handle_to_fd,
	.ioctls = pumori_ioctls,
	.num_ioctls = ARRAY_SIZE(pumori_ioctls),
	.fops = &pumori_fops,
	.name = "pumori",
	.desc = "Pumori inference accelerator",
	.major = DRM_PUMORI_DRIVER_MAJOR,
	.minor = DRM_PUMORI_DRIVER_MINOR,
};
EXPORT_SYMBOL_IF_KUNIT(pumori_drm_driver);

static int __init pumori_init(void)
{
	int ret;

	pumori_release_wq = alloc_workqueue("pumori-release", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!pumori_release_wq)
		return -ENOMEM;

	ret = pumori_netlink_register();
	if (ret)
		goto err_destroy_workqueue;
	ret = pumori_soft_register();
	if (ret)
		goto err_unregister_netlink;
	return 0;

err_unregister_netlink:
	pumori_netlink_unregister();
err_destroy_workqueue:
	destroy_workqueue(pumori_release_wq);
	return ret;
}

static void __exit pumori_exit(void)
{
	pumori_soft_unregister();
	pumori_netlink_unregister();
	/* Waits for objects of devices that are gone already; each may bring up another one. */
	destroy_workqueue(pumori_release_wq);
	/* Queues and job fences are freed after a grace period. */
	rcu_barrier();
}

module_init(pumori_init);
module_exit(pumori_exit);

MODULE_DESCRIPTION("Pumori inference accelerator");
MODULE_LICENSE("GPL");
PUMORI_IMPORT_NS(DMA_BUF);
