// SPDX-License-Identifier: GPL-2.0
/* Jobs: made from what user space asks for, run by the scheduler, freed when they have ended. */

#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/pumori_accel.h>

#include "pumori_array.h"
#include "pumori_compat.h"
#include "pumori_context.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_fence.h"
#include "pumori_job.h"
#include "pumori_pm.h"
#include "pumori_program.h"
#include "pumori_queue.h"
#include "pumori_vm.h"

static struct pumori_job *to_pumori_job(struct drm_sched_job *job)
{
	return container_of(job, struct pumori_job, base);
}

static struct dma_fence *run_job(struct drm_sched_job *sched_job)
{
	struct pumori_job *job = to_pumori_job(sched_job);
	bool cookie = dma_fence_begin_signalling();

	job->started = true;
	atomic_inc(&job->queue->started);
	pumori_queue_push(job->queue, &job->command, job->fence);
	dma_fence_end_signalling(cookie);
	return dma_fence_get(&job->fence->base);
}

static void free_job(struct drm_sched_job *sched_job)
{
	struct pumori_job *job = to_pumori_job(sched_job);

	/* Its queue was destroyed before it could run. */
	if (!dma_fence_is_signaled(&job->fence->base))
		pumori_fence_signal(job->fence, -ECANCELED);
	pumori_job_free(job);
}

const struct drm_sched_backend_ops pumori_sched_ops = {
	.run_job = run_job,
	.free_job = free_job,
};

/**
 * pumori_job_free() - free a job that has ended or was never armed
 * @job: the job
 */
void pumori_job_free(struct pumori_job *job)
{
	if (job->initialized)
		drm_sched_job_cleanup(&job->base);
	pumori_syncs_free(&job->syncs);
	pumori_queue_return_job_page(job->queue, job->page);
	pumori_fence_put(job->fence);
	pumori_program_put(job->program);
	if (job->started && atomic_dec_and_test(&job->queue->started))
		wake_up_all(&job->queue->drained);
	pumori_pm_put(job->queue->pumori);
	pumori_queue_put(job->queue);
	kfree(job);
}

static int read_variables(struct pumori_job *job, struct drm_device *drm,
			  const struct drm_pumori_array *variables)
{
	struct pumori_hw_job *hw = job->page->shared.address;
	struct drm_pumori_variable user;
	u32 i;
	int ret;

	for (i = 0; i < variables->count; i++) {
		ret = pumori_array_read(variables, i, &user, sizeof(user));
		if (ret)
			return ret;
		if (user.flags & ~DRM_PUMORI_VARIABLE_WRITABLE || user.pad || user.va & 63 ||
		    !pumori_va_range_ok(user.va, user.size)) {
			drm_dbg(drm, "variable %u: va %llx, size %llx, flags %x\n", i, user.va,
				user.size, user.flags);
			return -EINVAL;
		}
		hw->variable[i] = (struct pumori_hw_variable) {
			.address = user.va,
			.length = user.size,
			.flags = user.flags & DRM_PUMORI_VARIABLE_WRITABLE ?
				 PUMORI_HW_VARIABLE_WRITABLE : 0,
		};
	}
	hw->variables = variables->count;
	return 0;
}

static int read_scalars(struct pumori_job *job, const struct drm_pumori_array *scalars)
{
	struct pumori_hw_job *hw = job->page->shared.address;
	u32 i;
	int ret;

	for (i = 0; i < scalars->count; i++) {
		ret = pumori_array_read(scalars, i, &hw->scalar[i], sizeof(hw->scalar[i]));
		if (ret)
			return ret;
	}
	hw->scalars = scalars->count;
	return 0;
}

static int check_job(struct pumori_job *job, struct drm_device *drm,
		     const struct drm_pumori_job *user)
{
	u32 variables, scalars;

	if (user->flags & ~DRM_PUMORI_JOB_CHECK_NAN) {
		drm_dbg(drm, "unknown flags %x\n", user->flags);
		return -EINVAL;
	}
	if (user->budget_ms > PUMORI_JOB_TIMEOUT_MAX_MS) {
		drm_dbg(drm, "a budget of %u ms is too much\n", user->budget_ms);
		return -EINVAL;
	}
	if (!pumori_program_in_vm(job->program, pumori_context_vm(job->queue->context))) {
		drm_dbg(drm, "program %u is of another VM\n", user->program_id);
		return -EINVAL;
	}
	if (pumori_program_is_lost(job->program)) {
		drm_dbg(drm, "program %u was lost in a reset of the device\n", user->program_id);
		return -ECANCELED;
	}
	if (pumori_program_entry(job->program, user->entry, &variables, &scalars)) {
		drm_dbg(drm, "program %u has no entry %u\n", user->program_id, user->entry);
		return -EINVAL;
	}
	if (user->variables.count != variables || user->scalars.count != scalars) {
		drm_dbg(drm, "%u variables and %u scalars, the entry wants %u and %u\n",
			user->variables.count, user->scalars.count, variables, scalars);
		return -EINVAL;
	}
	if (pumori_array_check(&user->variables, sizeof(struct drm_pumori_variable), variables) ||
	    pumori_array_check(&user->scalars, sizeof(u32), scalars) ||
	    pumori_array_check(&user->syncs, sizeof(struct drm_pumori_sync), PUMORI_MAX_SYNCS)) {
		drm_dbg(drm, "an array of the job has too many or too short elements\n");
		return -EINVAL;
	}
	return 0;
}

static int fill_job(struct pumori_job *job, struct drm_file *file,
		    const struct drm_pumori_job *user)
{
	struct pumori_device *pumori = job->queue->pumori;
	struct drm_device *drm = &pumori->drm;
	int ret;

	job->program = pumori_program_lookup(file->driver_priv, user->program_id);
	if (!job->program) {
		drm_dbg(drm, "no program %u\n", user->program_id);
		return -ENOENT;
	}
	ret = check_job(job, drm, user);
	if (ret)
		return ret;

	ret = pumori_queue_reserve(job->queue, pumori_program_footprint(job->program));
	if (ret)
		return ret;
	job->page = pumori_queue_take_job_page(job->queue);
	job->fence = pumori_fence_alloc();
	if (!job->page || !job->fence)
		return -ENOMEM;
	ret = pumori_sched_job_init(&job->base, &job->queue->entity, 1, file, file->client_id);
	if (ret)
		return ret;
	job->initialized = true;

	ret = read_variables(job, drm, &user->variables);
	if (!ret)
		ret = read_scalars(job, &user->scalars);
	if (!ret)
		ret = pumori_syncs_read(&job->syncs, &job->base, job->queue->fence_context, file,
					&user->syncs);
	if (ret)
		return ret;

	job->command = (struct pumori_hw_command) {
		.opcode = PUMORI_HW_COMMAND_RUN,
		.flags = PUMORI_HW_COMMAND_INTERRUPT |
			 (user->flags & DRM_PUMORI_JOB_CHECK_NAN ? PUMORI_HW_COMMAND_CHECK_NAN : 0),
		.job = job->page->shared.bus_address,
		.program = pumori_program_hw_id(job->program),
		.entry = user->entry,
		.residency = user->residency,
		.budget_units = pumori_device_budget_units(pumori, user->budget_ms ?:
							   PUMORI_JOB_TIMEOUT_MS),
	};
	return 0;
}

/**
 * pumori_job_create() - make a job from what user space asks for
 * @queue: where it shall run
 * @file: the caller
 * @user: the request, copied from user space
 */
struct pumori_job *pumori_job_create(struct pumori_queue *queue, struct drm_file *file,
				     const struct drm_pumori_job *user)
{
	struct pumori_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);

	pumori_pm_get(queue->pumori);
	job->queue = pumori_queue_get(queue);
	ret = fill_job(job, file, user);
	if (ret) {
		pumori_job_free(job);
		return ERR_PTR(ret);
	}
	return job;
}

/**
 * pumori_job_commit() - make the end of an armed job known and hand it to the scheduler
 * @job: the job, which the scheduler may have freed on return
 *
 * Cannot fail, allocates nothing.
 */
void pumori_job_commit(struct pumori_job *job)
{
	pumori_syncs_commit(&job->syncs, &job->fence->base);
	drm_sched_entity_push_job(&job->base);
}
