/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The seam between the driver and the way a chip is attached: as software in kernel threads or
 * behind a real bus. Everything above it is the same code.
 */
#ifndef PUMORI_BUS_H
#define PUMORI_BUS_H

#include <linux/types.h>

struct page;
struct pumori_bus;

/**
 * struct pumori_bus_ops - what a bus offers the driver
 *
 * Unless said otherwise the functions may sleep.
 */
struct pumori_bus_ops {
	/** @name: "soft" or "pci", shown to user space */
	const char *name;
	/** @read: read a register of BAR0; any context */
	u32 (*read)(struct pumori_bus *bus, u32 offset);
	/** @write: write a register of BAR0; any context */
	void (*write)(struct pumori_bus *bus, u32 offset, u32 value);
	/** @doorbell: ring the doorbell of a queue on a core; any context */
	void (*doorbell)(struct pumori_bus *bus, u32 core, u32 queue);
	/** @map_page: give a page of host memory a bus address */
	int (*map_page)(struct pumori_bus *bus, struct page *page, u64 *address);
	/** @map_memory: the same for a page of kernel memory at @memory, vmalloc() memory too */
	int (*map_memory)(struct pumori_bus *bus, void *memory, u64 *address);
	/** @unmap_page: end the use of a bus address that the chip no longer knows */
	void (*unmap_page)(struct pumori_bus *bus, u64 address);
	/** @hbm_populate: put zeroed memory behind a range of device memory */
	int (*hbm_populate)(struct pumori_bus *bus, u64 offset, u64 size);
	/** @hbm_release: take the memory away again */
	void (*hbm_release)(struct pumori_bus *bus, u64 offset, u64 size);
	/** @hbm_read: copy the page at @offset of device memory to @to */
	void (*hbm_read)(struct pumori_bus *bus, u64 offset, void *to);
	/** @hbm_write: copy a page from @from to @offset of device memory */
	void (*hbm_write)(struct pumori_bus *bus, u64 offset, const void *from);
	/** @hbm_frame: number of the page frame at @offset, for the CPU's page tables */
	unsigned long (*hbm_frame)(struct pumori_bus *bus, u64 offset);
	/** @prepare_queue: called before a core gets one more queue */
	int (*prepare_queue)(struct pumori_bus *bus, u32 core);
	/**
	 * @pause: let the chip stand still in the middle of what it does, until @resume. Nothing
	 * happens when it does already, or was stopped. May be called where fences are signalled.
	 */
	int (*pause)(struct pumori_bus *bus);
	/** @resume: let it go on. May be called where fences are signalled. */
	void (*resume)(struct pumori_bus *bus);
	/**
	 * @stop: after it returned, the chip touches no memory and raises no interrupt. Called when
	 * the device is lost and again when it goes away. May be called where fences are signalled.
	 */
	void (*stop)(struct pumori_bus *bus);
};

/**
 * struct pumori_bus - base of what an implementer keeps per device
 */
struct pumori_bus {
	/** @ops: the functions */
	const struct pumori_bus_ops *ops;
	/**
	 * @units_per_ms_floor: time limits are converted to work at no less than this rate, so that
	 * an emulated host gets more time for the same work; 0 for a chip of constant speed
	 */
	u32 units_per_ms_floor;
};

/**
 * struct pumori_shared - one page of host memory that driver and chip share
 */
struct pumori_shared {
	/** @address: kernel address, NULL when there is none */
	void *address;
	/** @bus_address: what the chip calls it */
	u64 bus_address;
};

int pumori_shared_alloc(struct pumori_bus *bus, struct pumori_shared *shared);
void pumori_shared_free(struct pumori_bus *bus, struct pumori_shared *shared);

#endif
