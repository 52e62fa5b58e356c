/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One name for interfaces that differ between kernels: the newest one's. pumori_probe.h is made by
 * probe.sh from the kernel's own headers.
 */
#ifndef PUMORI_COMPAT_H
#define PUMORI_COMPAT_H

#include <linux/module.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#include "pumori_probe.h"

#ifndef PUMORI_HAVE_DRM_GPUVM_MAP_REQ
/**
 * struct drm_gpuvm_map_req - a mapping to be made
 */
struct drm_gpuvm_map_req {
	/** @map: range, object and offset */
	struct drm_gpuva_op_map map;
};

static inline int pumori_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv,
				      const struct drm_gpuvm_map_req *request)
{
	return drm_gpuvm_sm_map(gpuvm, priv, request->map.va.addr, request->map.va.range,
				request->map.gem.obj, request->map.gem.offset);
}
#else
static inline int pumori_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv,
				      const struct drm_gpuvm_map_req *request)
{
	return drm_gpuvm_sm_map(gpuvm, priv, request);
}
#endif

#ifndef PUMORI_HAVE_DRM_SCHED_INIT_ARGS
/**
 * struct drm_sched_init_args - parameters of a scheduler
 */
struct drm_sched_init_args {
	/** @ops: callbacks */
	const struct drm_sched_backend_ops *ops;
	/** @submit_wq: where jobs are run from */
	struct workqueue_struct *submit_wq;
	/** @timeout_wq: where time-outs are handled */
	struct workqueue_struct *timeout_wq;
	/** @num_rqs: number of run queues */
	u32 num_rqs;
	/** @credit_limit: credits of jobs under way */
	u32 credit_limit;
	/** @hang_limit: zero */
	unsigned int hang_limit;
	/** @timeout: in jiffies */
	long timeout;
	/** @score: shared load, or NULL */
	atomic_t *score;
	/** @name: name of the scheduler */
	const char *name;
	/** @dev: its device */
	struct device *dev;
};

static inline int pumori_sched_init(struct drm_gpu_scheduler *sched,
				    const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs, args->credit_limit,
			      args->hang_limit, args->timeout, args->timeout_wq, args->score,
			      args->name, args->dev);
}
#else
static inline int pumori_sched_init(struct drm_gpu_scheduler *sched,
				    const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args);
}
#endif

static inline int pumori_sched_job_init(struct drm_sched_job *job,
					struct drm_sched_entity *entity, u32 credits, void *owner,
					u64 drm_client_id)
{
#ifdef PUMORI_HAVE_DRM_SCHED_CLIENT_ID
	return drm_sched_job_init(job, entity, credits, owner, drm_client_id);
#else
	return drm_sched_job_init(job, entity, credits, owner);
#endif
}

/* The namespace of a symbol became a string. */
#ifdef PUMORI_HAVE_NAMESPACE_STRING
#define PUMORI_IMPORT_NS(name)	MODULE_IMPORT_NS(#name)
#else
#define PUMORI_IMPORT_NS(name)	MODULE_IMPORT_NS(name)
#endif

#endif
