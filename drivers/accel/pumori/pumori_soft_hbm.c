// SPDX-License-Identifier: GPL-2.0
/*
 * Device memory of the soft socket: pages that come and go with buffer objects, in 2 MiB pieces
 * where the kernel has them. All of it is allocated here, in the context of whoever creates a
 * buffer, never by the chip.
 */

#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "pumori_soft_internal.h"

#define CHUNK_ORDER	(PUMORI_HW_HUGE_SHIFT - PAGE_SHIFT)
#define CHUNK_PAGES	BIT(CHUNK_ORDER)
#define PAGE_GFP	(GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL)

/**
 * pumori_soft_hbm_init() - set the size of device memory, all of it empty
 * @soft: the device
 * @size: bytes, multiple of 2 MiB
 */
int pumori_soft_hbm_init(struct pumori_soft *soft, u64 size)
{
	struct pumori_soft_hbm *hbm = &soft->hbm;

	hbm->size = size;
	hbm->pages = kvcalloc(size >> PAGE_SHIFT, sizeof(*hbm->pages), GFP_KERNEL);
	hbm->contiguous = bitmap_zalloc(size >> PUMORI_HW_HUGE_SHIFT, GFP_KERNEL);
	if (!hbm->pages || !hbm->contiguous) {
		pumori_soft_hbm_fini(soft);
		return -ENOMEM;
	}
	return 0;
}

/**
 * pumori_soft_hbm_fini() - undo pumori_soft_hbm_init(); nothing is populated
 * @soft: the device
 */
void pumori_soft_hbm_fini(struct pumori_soft *soft)
{
	bitmap_free(soft->hbm.contiguous);
	kvfree(soft->hbm.pages);
	soft->hbm.contiguous = NULL;
	soft->hbm.pages = NULL;
}

/**
 * pumori_soft_hbm_pointer() - device memory at an offset, for the chip
 * @context: the device
 * @offset: first byte
 * @available: set to the bytes that lie one after the other from there on
 *
 * Never sleeps, takes no lock.
 */
void *pumori_soft_hbm_pointer(void *context, u64 offset, u64 *available)
{
	const struct pumori_soft_hbm *hbm = &((struct pumori_soft *)context)->hbm;
	struct page *page;

	if (offset >= hbm->size)
		return NULL;
	page = READ_ONCE(hbm->pages[offset >> PAGE_SHIFT]);
	if (!page)
		return NULL;

	if (test_bit(offset >> PUMORI_HW_HUGE_SHIFT, hbm->contiguous))
		*available = BIT_ULL(PUMORI_HW_HUGE_SHIFT) -
			     (offset & (BIT_ULL(PUMORI_HW_HUGE_SHIFT) - 1));
	else
		*available = PAGE_SIZE - offset_in_page(offset);
	return page_address(page) + offset_in_page(offset);
}

static bool populate_chunk(struct pumori_soft_hbm *hbm, u64 index)
{
	struct page *page;
	u32 i;

	page = alloc_pages((PAGE_GFP & ~__GFP_RETRY_MAYFAIL) | __GFP_NORETRY, CHUNK_ORDER);
	if (!page)
		return false;

	/* From now on each page is mapped and freed by itself. */
	split_page(page, CHUNK_ORDER);
	for (i = 0; i < CHUNK_PAGES; i++)
		WRITE_ONCE(hbm->pages[index + i], page + i);
	set_bit(index >> CHUNK_ORDER, hbm->contiguous);
	return true;
}

/**
 * pumori_soft_hbm_populate() - put zeroed memory behind a range
 * @bus: the bus
 * @offset: first byte, multiple of the page size
 * @size: bytes, multiple of the page size
 */
int pumori_soft_hbm_populate(struct pumori_bus *bus, u64 offset, u64 size)
{
	struct pumori_soft_hbm *hbm = &to_pumori_soft(bus)->hbm;
	u64 first = offset >> PAGE_SHIFT, end = (offset + size) >> PAGE_SHIFT, index = first;
	struct page *page;
	int ret = 0;

	while (index < end) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_release;
		}
		if (IS_ALIGNED(index, CHUNK_PAGES) && end - index >= CHUNK_PAGES &&
		    populate_chunk(hbm, index)) {
			index += CHUNK_PAGES;
			cond_resched();
			continue;
		}
		page = alloc_page(PAGE_GFP);
		if (!page) {
			ret = -ENOMEM;
			goto err_release;
		}
		WRITE_ONCE(hbm->pages[index++], page);
	}
	return 0;

err_release:
	if (index > first)
		pumori_soft_hbm_release(bus, offset, (index - first) << PAGE_SHIFT);
	return ret;
}

/**
 * pumori_soft_hbm_release() - take the memory behind a range away
 * @bus: the bus
 * @offset: first byte
 * @size: bytes
 */
void pumori_soft_hbm_release(struct pumori_bus *bus, u64 offset, u64 size)
{
	struct pumori_soft_hbm *hbm = &to_pumori_soft(bus)->hbm;
	u64 first = offset >> PAGE_SHIFT, end = (offset + size) >> PAGE_SHIFT, index;

	for (index = first; index < end; index++) {
		struct page *page = hbm->pages[index];

		clear_bit(index >> CHUNK_ORDER, hbm->contiguous);
		WRITE_ONCE(hbm->pages[index], NULL);
		__free_page(page);
	}
}

/**
 * pumori_soft_hbm_read() - copy a page of device memory out
 * @bus: the bus
 * @offset: where it begins, populated
 * @to: where to
 */
void pumori_soft_hbm_read(struct pumori_bus *bus, u64 offset, void *to)
{
	copy_page(to, page_address(to_pumori_soft(bus)->hbm.pages[offset >> PAGE_SHIFT]));
}

/**
 * pumori_soft_hbm_write() - copy a page into device memory
 * @bus: the bus
 * @offset: where it begins, populated
 * @from: where from
 */
void pumori_soft_hbm_write(struct pumori_bus *bus, u64 offset, const void *from)
{
	copy_page(page_address(to_pumori_soft(bus)->hbm.pages[offset >> PAGE_SHIFT]), (void *)from);
}

/**
 * pumori_soft_hbm_frame() - what a process has to map to see a page of device memory
 * @bus: the bus
 * @offset: where it begins, populated
 */
unsigned long pumori_soft_hbm_frame(struct pumori_bus *bus, u64 offset)
{
	return page_to_pfn(to_pumori_soft(bus)->hbm.pages[offset >> PAGE_SHIFT]);
}
