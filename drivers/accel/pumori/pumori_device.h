/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_DEVICE_H
#define PUMORI_DEVICE_H

#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_mm.h>

#include <pumori/hw.h>

#include "pumori_bus.h"

struct pumori_core;
struct pumori_coredump;
struct pumori_events;
struct pumori_sensor;

/* Time limits of a job on the device. */
#define PUMORI_JOB_TIMEOUT_MS		5000
#define PUMORI_JOB_TIMEOUT_MAX_MS	9000
/* How long a reset may take. */
#define PUMORI_RESET_TRIES		1000
#define PUMORI_RESET_STEP_US		1000

/**
 * struct pumori_hw_info - constant facts of the chip, read once
 */
struct pumori_hw_info {
	/** @version: of the hardware contract */
	u32 version;
	/** @isa_version: of the instruction set */
	u32 isa_version;
	/** @features: PUMORI_HW_FEATURE_* */
	u64 features;
	/** @serial: serial number */
	u64 serial;
	/** @hbm_bytes: device memory */
	u64 hbm_bytes;
	/** @cores: number of cores */
	u32 cores;
	/** @slots: context slots a core */
	u32 slots;
	/** @save_bytes: what a saved job takes besides its footprint */
	u32 save_bytes;
	/** @instructions: capacity of the instruction store */
	u32 instructions;
	/** @clock_khz: model clock */
	u32 clock_khz;
	/** @name: chip name */
	char name[PUMORI_HW_NAME_BYTES + 1];
};

/**
 * struct pumori_device - one accelerator
 */
struct pumori_device {
	/** @drm: the DRM device; its last reference frees all of this */
	struct drm_device drm;
	/** @bus: how the chip is attached */
	struct pumori_bus *bus;
	/** @info: constant facts */
	struct pumori_hw_info info;
	/** @core: one a core of the chip */
	struct pumori_core *core[PUMORI_HW_MAX_CORES];

	/** @hbm_lock: protects @hbm, @hbm_used and @hbm_groups. Never held while allocating. */
	struct mutex hbm_lock;
	/** @hbm: which device memory is in use */
	struct drm_mm hbm;
	/** @hbm_used: bytes of device memory in use */
	u64 hbm_used;
	/** @hbm_groups: struct pumori_hbm_group with buffers in device memory, oldest first */
	struct list_head hbm_groups;

	/** @purge_lock: protects @purgeable and @purgeable_pages */
	spinlock_t purge_lock;
	/** @purgeable: struct pumori_bo whose contents may go, oldest first */
	struct list_head purgeable;
	/** @purgeable_pages: what they would give */
	unsigned long purgeable_pages;

	/** @store_lock: protects @store and @store_used */
	struct mutex store_lock;
	/** @store: which part of the instruction store is in use */
	struct drm_mm store;
	/** @store_used: instructions in the store */
	u32 store_used;
	/** @programs: loaded programs by id, NULL until they are loaded */
	struct xarray programs;

	/** @address_spaces: ids of page tables */
	struct ida address_spaces;
	/** @queues: struct pumori_queue by id, as long as its core may send events about it */
	struct xarray queues;
	/** @next_queue: where the search for a free id begins, protected by the lock of @queues */
	u32 next_queue;
	/** @contexts: struct pumori_context by number; those of all files */
	struct xarray contexts;
	/** @next_context: where the search for a free number begins, protected by the lock of @contexts */
	u32 next_context;
	/** @users_lock: protects @users and the number of accounts of each */
	struct mutex users_lock;
	/** @users: struct pumori_user */
	struct list_head users;
	/** @events: events on their way to listeners */
	struct pumori_events *events;
	/** @sensor: samples of power and temperature */
	struct pumori_sensor *sensor;
	/** @sched_wq: shared by the schedulers of all queues */
	struct workqueue_struct *sched_wq;
	/** @watchdog: looks for queues without progress while there is work, and resets */
	struct delayed_work watchdog;
	/** @paused: the machine is suspended, the watchdog looks at nothing */
	bool paused;
	/** @reset_wq: where @watchdog runs, not behind what waits for it */
	struct workqueue_struct *reset_wq;
	/** @reset_wanted: bit per core, and PUMORI_WANT_DEVICE */
	unsigned long reset_wanted;
	/** @coredump: what the device looked like when it failed */
	struct pumori_coredump *coredump;
	/** @generation: resets of the device since probe; written by the watchdog */
	u32 generation;
	/** @lost: the chip is gone or does not answer; never cleared */
	bool lost;
};

static inline struct pumori_device *to_pumori_device(struct drm_device *drm)
{
	return container_of(drm, struct pumori_device, drm);
}

static inline bool pumori_device_is_lost(const struct pumori_device *pumori)
{
	return READ_ONCE(pumori->lost);
}

static inline u32 pumori_read(struct pumori_device *pumori, u32 offset)
{
	return pumori->bus->ops->read(pumori->bus, offset);
}

static inline u64 pumori_read64(struct pumori_device *pumori, u32 offset)
{
	u32 low = pumori_read(pumori, offset);

	return low | (u64)pumori_read(pumori, offset + 4) << 32;
}

static inline void pumori_write(struct pumori_device *pumori, u32 offset, u32 value)
{
	pumori->bus->ops->write(pumori->bus, offset, value);
}

static inline void pumori_write64(struct pumori_device *pumori, u32 offset, u64 value)
{
	pumori_write(pumori, offset, lower_32_bits(value));
	pumori_write(pumori, offset + 4, upper_32_bits(value));
}

int pumori_device_init(struct pumori_device *pumori, struct pumori_bus *bus);
int pumori_device_register(struct pumori_device *pumori);
void pumori_device_unplug(struct pumori_device *pumori);
void pumori_device_enable(struct pumori_device *pumori);
void pumori_device_cancel(struct pumori_device *pumori);
void pumori_device_interrupt(struct pumori_device *pumori);
u64 pumori_device_budget_units(struct pumori_device *pumori, u32 milliseconds);

/* Runs work that ends the life of objects; outlives every device. */
extern struct workqueue_struct *pumori_release_wq;

void pumori_flush_releases(void);

#endif
