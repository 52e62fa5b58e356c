/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the two units that make up an address space: its life and its changes. */
#ifndef PUMORI_VM_INTERNAL_H
#define PUMORI_VM_INTERNAL_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

struct pumori_device;
struct pumori_hbm_group;
struct pumori_page_table;

/**
 * struct pumori_va - one mapping
 */
struct pumori_va {
	/** @base: range, buffer and offset */
	struct drm_gpuva base;
	/** @link: on the list of mappings whose buffers are held until the TLB invalidation */
	struct list_head link;
	/** @writable: the chip may write it */
	bool writable;
};

static inline struct pumori_va *to_pumori_va(struct drm_gpuva *va)
{
	return container_of(va, struct pumori_va, base);
}

/**
 * struct pumori_vm - an address space
 *
 * Two counts: @kref counts users (files, contexts, programs, buffers under creation). When it drops
 * to zero all mappings end; @base lives on until the last of them is gone.
 */
struct pumori_vm {
	/** @base: mappings and the reservation object of private buffers */
	struct drm_gpuvm base;
	/** @kref: users */
	struct kref kref;
	/** @pumori: the device */
	struct pumori_device *pumori;
	/**
	 * @table_lock: protects @table. Never held while allocating. The mappings themselves are
	 * protected by the reservation object of the VM.
	 */
	struct mutex table_lock;
	/** @table: what the chip walks */
	struct pumori_page_table *table;
	/** @sched: carries the dependencies of asynchronous binds */
	struct drm_gpu_scheduler sched;
	/** @entity: of @sched */
	struct drm_sched_entity entity;
	/** @bind_timeline: fence context of asynchronous binds */
	u64 bind_timeline;
	/** @bind_sequence: of the last one, protected by the VM's reservation */
	u64 bind_sequence;
	/** @last_bind: fence of the last one, protected by the VM's reservation */
	struct dma_fence *last_bind;
	/** @hbm_group: its private buffers in device memory */
	struct pumori_hbm_group *hbm_group;
	/** @address_space: id that tags the chip's translations */
	u32 address_space;
	/** @banned: a change of @table was not completed; nothing may use the VM any more */
	bool banned;
	/** @release: ends all mappings when @kref dropped to zero */
	struct work_struct release;
};

static inline struct pumori_vm *to_pumori_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct pumori_vm, base);
}

extern const struct drm_gpuvm_ops pumori_gpuvm_ops;

void pumori_vm_unmap_all(struct pumori_vm *vm);

#endif
