/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the two units that change an address space: what is asked for, and what is done. */
#ifndef PUMORI_BIND_H
#define PUMORI_BIND_H

#include <linux/list.h>

#include <drm/gpu_scheduler.h>

#include "pumori_pagetable.h"
#include "pumori_sync.h"

struct drm_exec;
struct drm_gpuvm_bo;
struct pumori_bo;
struct pumori_fence;
struct pumori_va;
struct pumori_vm;

/* Mappings an operation may need: the new one and what is left on each side of it. */
#define PUMORI_BIND_SPARES	3

/**
 * struct pumori_bind_op - one operation, checked
 */
struct pumori_bind_op {
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
	struct pumori_va *spare[PUMORI_BIND_SPARES];
};

/**
 * struct pumori_bind - a call under way
 */
struct pumori_bind {
	/** @base: asynchronous: what the scheduler knows */
	struct drm_sched_job base;
	/** @initialized: @base was initialised */
	bool initialized;
	/** @syncs: asynchronous: what user space wants to know the end by */
	struct pumori_syncs syncs;
	/** @fence: asynchronous: the end, held */
	struct pumori_fence *fence;
	/** @vm: whose mappings change, held */
	struct pumori_vm *vm;
	/** @ops: the operations */
	struct pumori_bind_op *ops;
	/** @count: how many */
	u32 count;
	/** @current_op: the one being carried out */
	struct pumori_bind_op *current_op;
	/** @reserve: page tables to be */
	struct pumori_table_reserve reserve;
	/** @garbage: page tables that were */
	struct list_head garbage;
	/** @dead: mappings that were; each holds its buffer */
	struct list_head dead;
};

int pumori_mappings_validate(struct pumori_bind *bind, struct drm_exec *exec);
void pumori_mappings_change(struct pumori_bind *bind);
int pumori_mappings_apply(struct pumori_bind *bind);
void pumori_mappings_free(struct list_head *dead);

extern const struct drm_sched_backend_ops pumori_bind_sched_ops;

#endif
