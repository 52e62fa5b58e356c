// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Page tables
 *
 * Four levels of 512 entries in host pages that only the driver can write, leaves of 4 KiB and,
 * for device memory, 2 MiB. A change is made in three steps: reserve allocates every table that the
 * change could need, the change itself cannot fail, and tables that fell out of use are put on a
 * garbage list that the caller frees when every core has acknowledged the TLB invalidation.
 *
 * The caller serialises changes of one page table; the chip reads it at any time.
 */

#include <linux/mm.h>
#include <linux/slab.h>
#include <kunit/visibility.h>

#include <pumori/hw.h>

#include "pumori_bus.h"
#include "pumori_pagetable.h"

#define HUGE_SIZE	BIT_ULL(PUMORI_HW_HUGE_SHIFT)
#define INDEX_BITS	9
#define ROOT_LEVEL	(PUMORI_HW_PT_LEVELS - 1)

/**
 * struct pumori_table - one table of any level
 */
struct pumori_table {
	/** @page: the entries */
	struct pumori_shared page;
	/** @link: in a reserve or on a garbage list */
	struct list_head link;
	/** @used: number of valid entries */
	u32 used;
	/** @child: tables below, for levels above 0 */
	struct pumori_table *child[];
};

/**
 * struct pumori_page_table - an address space as the chip walks it
 */
struct pumori_page_table {
	/** @bus: where tables get their bus addresses */
	struct pumori_bus *bus;
	/** @root: table of the highest level */
	struct pumori_table *root;
};

static unsigned int level_shift(unsigned int level)
{
	return PUMORI_HW_PAGE_SHIFT + level * INDEX_BITS;
}

static u32 entry_index(u64 va, unsigned int level)
{
	return (va >> level_shift(level)) & (PUMORI_HW_PT_ENTRIES - 1);
}

static u64 read_entry(const struct pumori_table *table, u32 index)
{
	return ((const u64 *)table->page.address)[index];
}

/* The chip reads entries while they change: each store is one aligned word. */
static void write_entry(struct pumori_table *table, u32 index, u64 entry)
{
	WRITE_ONCE(((u64 *)table->page.address)[index], entry);
}

static struct pumori_table *table_alloc(struct pumori_bus *bus, bool directory)
{
	struct pumori_table *table;

	table = kzalloc(struct_size(table, child, directory ? PUMORI_HW_PT_ENTRIES : 0),
			GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;

	if (pumori_shared_alloc(bus, &table->page)) {
		kfree(table);
		return NULL;
	}
	return table;
}

static void table_free(struct pumori_bus *bus, struct pumori_table *table)
{
	pumori_shared_free(bus, &table->page);
	kfree(table);
}

/**
 * pumori_page_table_create() - make an empty page table
 * @bus: bus of the device
 */
struct pumori_page_table *pumori_page_table_create(struct pumori_bus *bus)
{
	struct pumori_page_table *table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);

	if (!table)
		return ERR_PTR(-ENOMEM);

	table->bus = bus;
	table->root = table_alloc(bus, true);
	if (!table->root) {
		kfree(table);
		return ERR_PTR(-ENOMEM);
	}
	return table;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_create);

static void free_below(struct pumori_bus *bus, struct pumori_table *table, unsigned int level)
{
	u32 index;

	if (level) {
		for (index = 0; index < PUMORI_HW_PT_ENTRIES; index++) {
			if (table->child[index])
				free_below(bus, table->child[index], level - 1);
		}
	}
	table_free(bus, table);
}

/**
 * pumori_page_table_destroy() - free a page table that no core uses any more
 * @table: the page table
 */
void pumori_page_table_destroy(struct pumori_page_table *table)
{
	free_below(table->bus, table->root, ROOT_LEVEL);
	kfree(table);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_destroy);

/**
 * pumori_page_table_root() - bus address for the queue descriptor
 * @table: the page table
 */
u64 pumori_page_table_root(const struct pumori_page_table *table)
{
	return table->root->page.bus_address;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_root);

/**
 * pumori_table_reserve_init() - start with an empty reserve
 * @reserve: the reserve
 */
void pumori_table_reserve_init(struct pumori_table_reserve *reserve)
{
	INIT_LIST_HEAD(&reserve->leaves);
	INIT_LIST_HEAD(&reserve->directories);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_table_reserve_init);

static int reserve_add(struct pumori_bus *bus, struct list_head *list, bool directory, u64 count)
{
	struct pumori_table *table;

	while (count--) {
		if (fatal_signal_pending(current))
			return -EINTR;

		table = table_alloc(bus, directory);
		if (!table)
			return -ENOMEM;
		list_add(&table->link, list);
	}
	return 0;
}

static u64 blocks_touched(u64 va, u64 size, unsigned int shift)
{
	return ((va + size - 1) >> shift) - (va >> shift) + 1;
}

static bool huge_possible(u64 va, const struct pumori_backing *backing)
{
	return backing->hbm && !((va ^ backing->offset) & (HUGE_SIZE - 1));
}

/**
 * pumori_table_reserve_map() - allocate what mapping a range can need at most
 * @table: the page table
 * @reserve: where the tables go
 * @va: first address
 * @size: bytes, not zero
 * @backing: what will be mapped
 *
 * Includes what unmapping the former contents of the range can need.
 */
int pumori_table_reserve_map(struct pumori_page_table *table, struct pumori_table_reserve *reserve,
			     u64 va, u64 size, const struct pumori_backing *backing)
{
	u64 leaves = blocks_touched(va, size, level_shift(1));
	u64 directories = blocks_touched(va, size, level_shift(2)) +
			  blocks_touched(va, size, level_shift(3));
	int ret;

	/* Only the ends of a range can be too short for a 2 MiB leaf. */
	if (huge_possible(va, backing))
		leaves = min(leaves, 2);

	ret = reserve_add(table->bus, &reserve->leaves, false, leaves);
	if (!ret)
		ret = reserve_add(table->bus, &reserve->directories, true, directories);
	if (!ret)
		ret = pumori_table_reserve_unmap(table, reserve);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_table_reserve_map);

/**
 * pumori_table_reserve_unmap() - allocate what unmapping a range can need at most
 * @table: the page table
 * @reserve: where the tables go
 *
 * A 2 MiB leaf at either end of the range may have to be split.
 */
int pumori_table_reserve_unmap(struct pumori_page_table *table,
			       struct pumori_table_reserve *reserve)
{
	return reserve_add(table->bus, &reserve->leaves, false, 2);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_table_reserve_unmap);

/**
 * pumori_table_reserve_fini() - free what was not needed
 * @table: the page table
 * @reserve: the reserve
 */
void pumori_table_reserve_fini(struct pumori_page_table *table,
			       struct pumori_table_reserve *reserve)
{
	pumori_page_table_free_garbage(table, &reserve->leaves);
	pumori_page_table_free_garbage(table, &reserve->directories);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_table_reserve_fini);

static struct pumori_table *reserve_take(struct list_head *list)
{
	struct pumori_table *table = list_first_entry(list, struct pumori_table, link);

	list_del_init(&table->link);
	return table;
}

static void attach(struct pumori_table *parent, u32 index, struct pumori_table *child)
{
	parent->child[index] = child;
	parent->used++;
	/* The child's entries before the way to them. */
	dma_wmb();
	write_entry(parent, index, child->page.bus_address | PUMORI_HW_PTE_VALID);
}

/* The table of @level that covers @va, made from the reserve where it is missing. */
static struct pumori_table *walk(struct pumori_page_table *table,
				 struct pumori_table_reserve *reserve, u64 va, unsigned int level)
{
	struct pumori_table *current_table = table->root;
	unsigned int at;

	for (at = ROOT_LEVEL; at > level; at--) {
		u32 index = entry_index(va, at);

		if (!current_table->child[index])
			attach(current_table, index,
			       reserve_take(at == 1 ? &reserve->leaves : &reserve->directories));
		current_table = current_table->child[index];
	}
	return current_table;
}

/**
 * pumori_page_table_map() - map a range in which nothing is mapped
 * @table: the page table
 * @reserve: filled by pumori_table_reserve_map() for this range
 * @va: first address
 * @size: bytes, not zero
 * @backing: the memory
 * @writable: whether the chip may write it
 */
void pumori_page_table_map(struct pumori_page_table *table, struct pumori_table_reserve *reserve,
			   u64 va, u64 size, const struct pumori_backing *backing, bool writable)
{
	u64 flags = PUMORI_HW_PTE_VALID | PUMORI_HW_PTE_LEAF |
		    (writable ? PUMORI_HW_PTE_WRITABLE : 0) |
		    (backing->hbm ? PUMORI_HW_PTE_HBM : 0);
	bool huge = huge_possible(va, backing);
	u64 done = 0, step;

	for (; done < size; done += step) {
		u64 address = backing->hbm ? backing->offset + done :
					     backing->pages[done >> PUMORI_HW_PAGE_SHIFT];
		bool leaf = huge && !((va + done) & (HUGE_SIZE - 1)) && size - done >= HUGE_SIZE;
		unsigned int level = leaf ? 1 : 0;
		struct pumori_table *at = walk(table, reserve, va + done, level);

		write_entry(at, entry_index(va + done, level), address | flags);
		at->used++;
		step = 1ull << level_shift(level);
	}
	/* Before the doorbell of a job that uses the range. */
	dma_wmb();
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_map);

/* Replaces a 2 MiB leaf by a table that translates the same. */
static void split(struct pumori_table *parent, u32 index, struct pumori_table_reserve *reserve)
{
	struct pumori_table *child = reserve_take(&reserve->leaves);
	u64 entry = read_entry(parent, index);
	u32 i;

	for (i = 0; i < PUMORI_HW_PT_ENTRIES; i++)
		write_entry(child, i, entry + ((u64)i << PUMORI_HW_PAGE_SHIFT));
	child->used = PUMORI_HW_PT_ENTRIES;
	/* attach() counts the entry again. */
	parent->used--;
	attach(parent, index, child);
}

static bool clear_range(struct pumori_table *table, unsigned int level,
			struct pumori_table_reserve *reserve, u64 va, u64 last,
			struct list_head *garbage)
{
	u64 entry_size = 1ull << level_shift(level);
	bool changed = false;

	for (;;) {
		u32 index = entry_index(va, level);
		u64 entry_last = min(va | (entry_size - 1), last);
		struct pumori_table *child = level ? table->child[index] : NULL;
		u64 entry = read_entry(table, index);

		if (child || (entry & PUMORI_HW_PTE_VALID)) {
			bool whole = entry_last - va == entry_size - 1;

			if (!child && level && !whole) {
				split(table, index, reserve);
				child = table->child[index];
			}
			if (child) {
				changed |= clear_range(child, level - 1, reserve, va, entry_last,
						       garbage);
				if (!child->used) {
					write_entry(table, index, 0);
					table->child[index] = NULL;
					table->used--;
					list_add(&child->link, garbage);
				}
			} else {
				write_entry(table, index, 0);
				table->used--;
				changed = true;
			}
		}
		if (entry_last == last)
			return changed;
		va = entry_last + 1;
	}
}

/**
 * pumori_page_table_unmap() - forget whatever is mapped in a range
 * @table: the page table
 * @reserve: filled by pumori_table_reserve_unmap() for this range
 * @va: first address
 * @size: bytes, not zero
 * @garbage: list to which tables are added that the chip may still read
 *
 * Return: whether anything was mapped, that is, whether an invalidation is needed.
 */
bool pumori_page_table_unmap(struct pumori_page_table *table, struct pumori_table_reserve *reserve,
			     u64 va, u64 size, struct list_head *garbage)
{
	return clear_range(table->root, ROOT_LEVEL, reserve, va, va + size - 1, garbage);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_unmap);

/**
 * pumori_page_table_free_garbage() - free tables that no core can read any more
 * @table: the page table
 * @garbage: from pumori_page_table_unmap(); empty afterwards
 */
void pumori_page_table_free_garbage(struct pumori_page_table *table, struct list_head *garbage)
{
	struct pumori_table *at, *next;

	list_for_each_entry_safe(at, next, garbage, link) {
		list_del(&at->link);
		table_free(table->bus, at);
	}
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_free_garbage);

/**
 * pumori_page_table_lookup() - translate an address as the chip would
 * @table: the page table
 * @va: the address
 * @shift: set to the size of the leaf, as a power of two
 *
 * Return: the leaf's entry, 0 when the address is not mapped.
 */
u64 pumori_page_table_lookup(const struct pumori_page_table *table, u64 va, unsigned int *shift)
{
	const struct pumori_table *at = table->root;
	unsigned int level;

	for (level = ROOT_LEVEL; ; level--) {
		u32 index = entry_index(va, level);
		u64 entry = read_entry(at, index);

		if (!(entry & PUMORI_HW_PTE_VALID))
			return 0;
		if (entry & PUMORI_HW_PTE_LEAF) {
			*shift = level_shift(level);
			return entry;
		}
		at = at->child[index];
	}
}
EXPORT_SYMBOL_IF_KUNIT(pumori_page_table_lookup);
