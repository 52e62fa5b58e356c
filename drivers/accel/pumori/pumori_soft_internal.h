/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the units of the soft socket: the chip as threads of the kernel. */
#ifndef PUMORI_SOFT_INTERNAL_H
#define PUMORI_SOFT_INTERNAL_H

#include <linux/cpumask_types.h>
#include <linux/mutex.h>
#include <linux/wait.h>
#include <linux/xarray.h>
#include <linux/vmalloc.h>

#include "pumori_bus.h"
#include "pumori_device.h"
#include "silicon/silicon.h"

struct silicon_kernels;
struct task_struct;

/**
 * struct pumori_soft_core - the thread that is a core
 */
struct pumori_soft_core {
	/** @soft: its device */
	struct pumori_soft *soft;
	/** @index: number of the core */
	u32 index;
	/** @thread: the thread, NULL when it does not run */
	struct task_struct *thread;
	/** @parked: it stands still; changed by power management alone */
	bool parked;
	/** @wait: where the thread sleeps while the core is idle */
	wait_queue_head_t wait;
	/** @budget: units of work in one slice; used by the thread alone */
	u32 budget;
	/** @slots: how many context slots have memory, protected by slots_lock */
	u32 slots;
	/** @slot_memory: of these slots */
	void *slot_memory[PUMORI_HW_MAX_SLOTS];
};

/**
 * struct pumori_soft_hbm - the memory that stands for device memory
 */
struct pumori_soft_hbm {
	/** @pages: by offset, NULL where nothing is populated */
	struct page **pages;
	/** @contiguous: bit per 2 MiB: its pages lie one after the other */
	unsigned long *contiguous;
	/** @size: bytes */
	u64 size;
};

/**
 * struct pumori_soft - a device whose chip is software
 */
struct pumori_soft {
	/** @base: what the driver knows */
	struct pumori_device base;
	/** @bus: how it reaches the chip */
	struct pumori_bus bus;
	/** @chip: the chip */
	struct silicon_device *chip;
	/** @chip_memory: where it lies */
	void *chip_memory;
	/** @store: its instruction store */
	void *store;
	/** @kernels: its numeric kernels */
	const struct silicon_kernels *kernels;
	/** @hbm: its memory */
	struct pumori_soft_hbm hbm;
	/** @bus_pages: kernel address of each page that has a bus address */
	struct xarray bus_pages;
	/** @bus_next: where the search for a free bus address begins */
	u32 bus_next;
	/** @bus_base: added to the index of a page; random */
	u64 bus_base;
	/** @slots_lock: protects the slots of all cores */
	struct mutex slots_lock;
	/** @core_count: number of cores */
	u32 core_count;
	/** @cores: the cores */
	struct pumori_soft_core cores[PUMORI_HW_MAX_CORES];
};

/**
 * struct pumori_soft_parameters - what module parameters say about every device
 */
struct pumori_soft_parameters {
	/** @cores: cores a device */
	unsigned int cores;
	/** @slots: context slots a core */
	unsigned int slots;
	/** @hbm_mb: device memory in MiB, 0 for a choice by the amount of RAM */
	unsigned int hbm_mb;
	/** @instructions: capacity of the instruction store */
	unsigned int instructions;
	/** @kernels: kernel set, by name */
	const char *kernels;
	/** @cpumask: list of CPUs that threads may run on, empty for all */
	const char *cpumask;
};

static inline struct pumori_soft *to_pumori_soft(struct pumori_bus *bus)
{
	return container_of(bus, struct pumori_soft, bus);
}

extern const struct pumori_bus_ops pumori_soft_bus_ops;

void pumori_soft_bus_init(struct pumori_soft *soft);
void pumori_soft_bus_fini(struct pumori_soft *soft);
void *pumori_soft_bus_pointer(void *context, u64 address, u32 length);
int pumori_soft_map_memory(struct pumori_bus *bus, void *memory, u64 *address);
int pumori_soft_map_page(struct pumori_bus *bus, struct page *page, u64 *address);
void pumori_soft_unmap_page(struct pumori_bus *bus, u64 address);

int pumori_soft_hbm_init(struct pumori_soft *soft, u64 size);
void pumori_soft_hbm_fini(struct pumori_soft *soft);
void *pumori_soft_hbm_pointer(void *context, u64 offset, u64 *available);
int pumori_soft_hbm_populate(struct pumori_bus *bus, u64 offset, u64 size);
void pumori_soft_hbm_release(struct pumori_bus *bus, u64 offset, u64 size);
void pumori_soft_hbm_read(struct pumori_bus *bus, u64 offset, void *to);
void pumori_soft_hbm_write(struct pumori_bus *bus, u64 offset, const void *from);
unsigned long pumori_soft_hbm_frame(struct pumori_bus *bus, u64 offset);

int pumori_soft_cores_start(struct pumori_soft *soft, const char *cpus);
void pumori_soft_cores_stop(struct pumori_soft *soft);
int pumori_soft_cores_park(struct pumori_soft *soft);
void pumori_soft_cores_unpark(struct pumori_soft *soft);
void pumori_soft_core_wake(struct pumori_soft *soft, u32 core);
int pumori_soft_calibrate(struct pumori_soft *soft);
/* Memory of the chip's own, zeroed; vfree() frees it. Whether there is any, the caller says. */
static inline void *pumori_soft_alloc(size_t bytes)
{
	return __vmalloc(bytes, GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
}

int pumori_soft_prepare_queue(struct pumori_bus *bus, u32 core);

u32 pumori_soft_host_features(void);

#endif
