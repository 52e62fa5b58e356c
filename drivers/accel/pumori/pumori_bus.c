// SPDX-License-Identifier: GPL-2.0
/* Pages that driver and chip share. */

#include <linux/gfp.h>
#include <linux/mm.h>
#include <kunit/visibility.h>

#include <pumori/hw.h>

#include "pumori_bus.h"

/* The contract counts in pages of 4 KiB; a host with larger pages would have to share them out. */
static_assert(PAGE_SIZE == PUMORI_HW_PAGE_SIZE);

/**
 * pumori_shared_alloc() - allocate a zeroed page and give it a bus address
 * @bus: bus of the device
 * @shared: filled in
 *
 * The memory is accounted to the caller's control group: user space decides how much is needed.
 */
int pumori_shared_alloc(struct pumori_bus *bus, struct pumori_shared *shared)
{
	void *address = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	int ret;

	if (!address)
		return -ENOMEM;

	ret = bus->ops->map_page(bus, virt_to_page(address), &shared->bus_address);
	if (ret) {
		free_page((unsigned long)address);
		return ret;
	}

	shared->address = address;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_shared_alloc);

/**
 * pumori_shared_free() - undo pumori_shared_alloc(); nothing happens when there is no page
 * @bus: bus of the device
 * @shared: the page, which the chip no longer uses
 */
void pumori_shared_free(struct pumori_bus *bus, struct pumori_shared *shared)
{
	if (!shared->address)
		return;

	bus->ops->unmap_page(bus, shared->bus_address);
	free_page((unsigned long)shared->address);
	shared->address = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_shared_free);
