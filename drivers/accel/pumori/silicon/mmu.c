// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Virtual addresses to host memory: a walk over the driver's page tables, and a translation buffer a
 * core, tagged by address space. What it caches is dropped by TLB_INVALIDATE before the driver hears
 * the acknowledgement, so that a page is never freed while a core can still reach it.
 */
#include "internal.h"

/* One entry of one table; 0 and *fault when the table is not there. */
static u64 table_entry(const struct silicon_device *device, u64 table, u64 va, u32 shift, u32 *fault)
{
	u64 index = va >> shift & (PUMORI_HW_PT_ENTRIES - 1);
	const u64 *entry = silicon_bus(device, table + index * sizeof(u64), sizeof(u64), sizeof(u64));

	if (!entry) {
		*fault = PUMORI_HW_FAULT_BUS;
		return 0;
	}
	return silicon_load(entry);
}

/* Finds the leaf that maps @va; returns the bytes that it maps, 0 when there is none. */
static u32 walk(const struct silicon_device *device, u64 root, u64 va, u64 *leaf, u32 *fault)
{
	u64 table = root, entry;
	u32 level, shift, bytes;

	for (level = PUMORI_HW_PT_LEVELS; level-- > 0; table = entry & PUMORI_HW_PTE_ADDRESS) {
		shift = PUMORI_HW_PAGE_SHIFT + 9 * level;
		entry = table_entry(device, table, va, shift, fault);
		if (!(entry & PUMORI_HW_PTE_VALID))
			return 0;
		if (!(entry & PUMORI_HW_PTE_LEAF)) {
			/*
			 * Page tables lie in host memory, and the last level has nothing below it.
			 */
			if (!level || entry & PUMORI_HW_PTE_HBM)
				return 0;
			continue;
		}
		if (level > 1)
			return 0;
		bytes = 1u << shift;
		if (entry & PUMORI_HW_PTE_ADDRESS & (bytes - 1))
			return 0;
		*leaf = entry;
		return bytes;
	}
	return 0;
}

/* Host memory of a leaf around @va. Bus addresses are only contiguous within 4 KiB pages. */
static u8 *resolve(const struct silicon_device *device, u64 leaf, u64 va, u32 *bytes, u32 *fault)
{
	const struct silicon_host *host = &device->config.host;
	u64 base = leaf & PUMORI_HW_PTE_ADDRESS,
	    page = va & (*bytes - 1) & ~(u64)(PUMORI_HW_PAGE_SIZE - 1);
	u64 available = 0;
	u8 *memory;

	if (!(leaf & PUMORI_HW_PTE_HBM)) {
		*bytes = PUMORI_HW_PAGE_SIZE;
		memory = silicon_bus(device, base + page, PUMORI_HW_PAGE_SIZE, PUMORI_HW_PAGE_SIZE);
		if (!memory)
			*fault = PUMORI_HW_FAULT_BUS;
		return memory;
	}
	if (base >= device->config.hbm_bytes || device->config.hbm_bytes - base < *bytes) {
		*fault = PUMORI_HW_FAULT_MMU;
		return NULL;
	}
	memory = host->hbm(host->context, base, &available);
	if (memory && available >= *bytes)
		return memory;
	/* The page is not contiguous in the host: take the small one around the address. */
	*bytes = PUMORI_HW_PAGE_SIZE;
	memory = host->hbm(host->context, base + page, &available);
	if (memory && available >= *bytes)
		return memory;
	*fault = PUMORI_HW_FAULT_MMU;
	return NULL;
}

/* Buffers begin at round addresses: without the upper bits they would all meet in one place. */
static u64 spread(u64 page, u32 address_space)
{
	return page ^ page >> 9 ^ page >> 18 ^ page >> 27 ^ (u64)address_space * 37;
}

static struct silicon_tlb_entry *small_entry(struct silicon_core *core, u32 address_space, u64 va)
{
	return &core->mmu.small[spread(va >> PUMORI_HW_PAGE_SHIFT, address_space) %
				SILICON_TLB_ENTRIES];
}

static struct silicon_tlb_entry *huge_entry(struct silicon_core *core, u32 address_space, u64 va)
{
	return &core->mmu.huge[spread(va >> PUMORI_HW_HUGE_SHIFT, address_space) %
			       SILICON_TLB_HUGE_ENTRIES];
}

static bool hit(const struct silicon_tlb_entry *entry, u32 address_space, u64 va)
{
	return entry->address_space == address_space && va - entry->page < entry->bytes;
}

u8 *silicon_translate(struct silicon_core *core, const struct silicon_job *job, u64 va, bool write,
		      u64 *before, u64 *bytes, u32 *fault)
{
	struct silicon_tlb_entry *entry = small_entry(core, job->address_space, va);
	u64 leaf = 0, offset;
	u32 mapped;
	u8 *memory;

	if (!hit(entry, job->address_space, va)) {
		entry = huge_entry(core, job->address_space, va);
		if (!hit(entry, job->address_space, va)) {
			*fault = PUMORI_HW_FAULT_MMU;
			if (va >> PUMORI_HW_VA_BITS)
				return NULL;
			mapped = walk(core->device, job->page_table, va, &leaf, fault);
			if (!mapped)
				return NULL;
			memory = resolve(core->device, leaf, va, &mapped, fault);
			if (!memory)
				return NULL;
			if (mapped == PUMORI_HW_PAGE_SIZE)
				entry = small_entry(core, job->address_space, va);
			entry->page = va & ~(u64)(mapped - 1);
			entry->base = memory;
			entry->bytes = mapped;
			entry->address_space = job->address_space;
			entry->writable = leaf & PUMORI_HW_PTE_WRITABLE;
		}
	}
#ifndef PUMORI_MUTATE_MMU_PERMISSION
	if (write && !entry->writable) {
		*fault = PUMORI_HW_FAULT_MMU;
		return NULL;
	}
#else
	(void)write;
#endif
	offset = silicon_clamp(va - entry->page, entry->bytes);
	*before = offset;
	*bytes = entry->bytes - offset;
	return entry->base + offset;
}

static void drop(struct silicon_tlb_entry *entry, u32 address_space, u64 va, u64 length)
{
	if (entry->address_space != address_space)
		return;
	/*
	 * Written so that neither end can wrap: the pages touch when one begins inside the other.
	 */
	if (!length || va - entry->page < entry->bytes || entry->page - va < length)
		entry->bytes = 0;
}

void silicon_mmu_invalidate(struct silicon_core *core, u32 address_space, u64 va, u64 length)
{
	u32 i;

	for (i = 0; i < SILICON_TLB_ENTRIES; i++)
		drop(&core->mmu.small[i], address_space, va, length);
	for (i = 0; i < SILICON_TLB_HUGE_ENTRIES; i++)
		drop(&core->mmu.huge[i], address_space, va, length);
}

void silicon_mmu_reset(struct silicon_core *core)
{
	memset(&core->mmu, 0, sizeof(core->mmu));
}
