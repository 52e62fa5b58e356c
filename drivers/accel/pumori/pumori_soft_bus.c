// SPDX-License-Identifier: GPL-2.0
/*
 * Bus addresses of the soft socket: an index into a table of pages, plus a random base, so that no
 * layer can take one for a physical address. An index is not used again for as long as possible: an
 * address that is used too long is an address without an answer.
 */

#include <linux/mm.h>
#include <linux/random.h>

#include <drm/drm_print.h>

#include "pumori_soft_internal.h"

/* 64 GiB of host memory. */
#define MAX_PAGES	BIT(24)

/**
 * pumori_soft_bus_init() - start with an empty table
 * @soft: the device
 */
void pumori_soft_bus_init(struct pumori_soft *soft)
{
	xa_init_flags(&soft->bus_pages, XA_FLAGS_ALLOC1);
	/* Between 2^40 and 2^50, with room for the table above. */
	soft->bus_base = (BIT_ULL(40) + (get_random_u64() & (BIT_ULL(50) - 1))) & PAGE_MASK;
}

/**
 * pumori_soft_bus_fini() - free the table, in which nothing is left
 * @soft: the device
 */
void pumori_soft_bus_fini(struct pumori_soft *soft)
{
	drm_WARN_ON(&soft->base.drm, !xa_empty(&soft->bus_pages));
	xa_destroy(&soft->bus_pages);
}

/**
 * pumori_soft_bus_pointer() - host memory at a bus address, for the chip
 * @context: the device
 * @address: first byte
 * @length: bytes; all in one page
 *
 * Never sleeps, takes no lock.
 */
void *pumori_soft_bus_pointer(void *context, u64 address, u32 length)
{
	struct pumori_soft *soft = context;
	u64 index = (address - soft->bus_base) >> PAGE_SHIFT;
	u32 at = offset_in_page(address);
	void *page;

	if (address < soft->bus_base || index >= MAX_PAGES || length > PAGE_SIZE - at)
		return NULL;

	page = xa_load(&soft->bus_pages, index);
	return page ? page + at : NULL;
}

/**
 * pumori_soft_map_memory() - give a page of kernel memory a bus address
 * @bus: the bus
 * @memory: where it begins
 * @address: set to the address
 */
int pumori_soft_map_memory(struct pumori_bus *bus, void *memory, u64 *address)
{
	struct pumori_soft *soft = to_pumori_soft(bus);
	u32 index;
	int ret;

	ret = xa_alloc_cyclic(&soft->bus_pages, &index, memory, XA_LIMIT(1, MAX_PAGES - 1),
			      &soft->bus_next, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		return ret == -EBUSY ? -ENOMEM : ret;

	*address = soft->bus_base + ((u64)index << PAGE_SHIFT);
	return 0;
}

/**
 * pumori_soft_map_page() - give a page a bus address
 * @bus: the bus
 * @page: the page
 * @address: set to the address
 */
int pumori_soft_map_page(struct pumori_bus *bus, struct page *page, u64 *address)
{
	return pumori_soft_map_memory(bus, page_address(page), address);
}

/**
 * pumori_soft_unmap_page() - take a bus address back
 * @bus: the bus
 * @address: the address
 */
void pumori_soft_unmap_page(struct pumori_bus *bus, u64 address)
{
	struct pumori_soft *soft = to_pumori_soft(bus);

	xa_erase(&soft->bus_pages, (address - soft->bus_base) >> PAGE_SHIFT);
}
