// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Submission
 *
 * An array of jobs is queued completely or not at all. All arguments are copied once and checked,
 * all memory is allocated and all locks are taken before the first job is armed; from there to the
 * last push nothing fails and nothing is allocated.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include "pumori_array.h"
#include "pumori_context.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_fence.h"
#include "pumori_job.h"
#include "pumori_query.h"
#include "pumori_queue.h"
#include "pumori_trace.h"
#include "pumori_vm.h"

/* Whether a queue takes jobs, under its submit lock. */
static int queue_state(const struct pumori_queue *queue)
{
	if (queue->closed)
		return -ENOENT;
	if (pumori_device_is_lost(queue->pumori))
		return -EIO;
	if (atomic_read(&queue->banned) || READ_ONCE(queue->cancelled) ||
	    pumori_vm_is_banned(pumori_context_vm(queue->context)))
		return -ECANCELED;
	return 0;
}

/* Nothing runs on memory that is being moved: each reservation's KERNEL fences come first. */
static int wait_for_moves(struct pumori_job *job, struct drm_gpuvm_exec *vm_exec)
{
	struct drm_gem_object *obj;
	int ret;

	drm_exec_for_each_locked_object(&vm_exec->exec, obj) {
		ret = drm_sched_job_add_resv_dependencies(&job->base, obj->resv,
							  DMA_RESV_USAGE_KERNEL);
		if (ret)
			return ret;
	}
	return 0;
}

static void commit(struct pumori_queue *queue, struct pumori_job **jobs, u32 count,
		   struct drm_gpuvm_exec *vm_exec)
{
	bool cookie = dma_fence_begin_signalling();
	u32 i;

	for (i = 0; i < count; i++) {
		struct pumori_job *job = jobs[i];

		drm_sched_job_arm(&job->base);
		job->command.sequence = ++queue->sequence;
		pumori_fence_init(job->fence, queue->fence_context, queue->sequence);
		trace_pumori_job_submit(queue, &job->command);
		drm_gpuvm_exec_resv_add_fence(vm_exec, &job->fence->base, DMA_RESV_USAGE_BOOKKEEP,
					      DMA_RESV_USAGE_BOOKKEEP);
		pumori_job_commit(job);
	}
	dma_fence_end_signalling(cookie);
}

static int submit_jobs(struct pumori_queue *queue, struct pumori_job **jobs,
		       const struct drm_pumori_array *array)
{
	struct drm_gpuvm_exec vm_exec;
	u32 i;
	int ret;

	ret = mutex_lock_interruptible(&queue->submit_lock);
	if (ret)
		return ret;
	ret = queue_state(queue);
	if (ret)
		goto out_unlock;

	/* The numbers are told first: that can fail, what follows cannot. */
	for (i = 0; i < array->count; i++) {
		ret = pumori_array_write_u64(array, i, offsetof(struct drm_pumori_job, sequence),
					     queue->sequence + 1 + i);
		if (ret)
			goto out_unlock;
	}

	ret = pumori_vm_lock_all(pumori_context_vm(queue->context), &vm_exec, array->count);
	if (ret)
		goto out_unlock;
	/* The ring keeps the order of the others. */
	ret = wait_for_moves(jobs[0], &vm_exec);
	if (!ret)
		commit(queue, jobs, array->count, &vm_exec);
	drm_gpuvm_exec_unlock(&vm_exec);

out_unlock:
	mutex_unlock(&queue->submit_lock);
	return ret;
}

static int submit(struct pumori_queue *queue, struct drm_file *file,
		  const struct drm_pumori_array *array)
{
	struct pumori_job *jobs[PUMORI_MAX_JOBS];
	struct drm_pumori_job user;
	u32 count;
	int ret = 0;

	for (count = 0; count < array->count; count++) {
		ret = pumori_array_read(array, count, &user, sizeof(user));
		if (ret)
			goto err_free;
		jobs[count] = pumori_job_create(queue, file, &user);
		if (IS_ERR(jobs[count])) {
			ret = PTR_ERR(jobs[count]);
			goto err_free;
		}
	}

	ret = submit_jobs(queue, jobs, array);
	if (!ret)
		return 0;

err_free:
	while (count--)
		pumori_job_free(jobs[count]);
	return ret;
}

/**
 * pumori_ioctl_submit() - DRM_IOCTL_PUMORI_SUBMIT
 * @drm: the device
 * @data: struct drm_pumori_submit
 * @file: the caller
 */
int pumori_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_submit *args = data;
	struct pumori_queue *queue;
	int ret, idx;

	if (args->flags) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}
	if (!args->jobs.count ||
	    pumori_array_check(&args->jobs, sizeof(struct drm_pumori_job), PUMORI_MAX_JOBS)) {
		drm_dbg(drm, "%u jobs of %u bytes\n", args->jobs.count, args->jobs.stride);
		return -EINVAL;
	}

	queue = pumori_queue_lookup(file->driver_priv, args->queue_id);
	if (!queue)
		return -ENOENT;
	if (drm_dev_enter(drm, &idx)) {
		ret = submit(queue, file, &args->jobs);
		drm_dev_exit(idx);
	} else {
		ret = -ENODEV;
	}
	pumori_queue_put(queue);
	return ret;
}
