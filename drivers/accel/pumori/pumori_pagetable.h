/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_PAGETABLE_H
#define PUMORI_PAGETABLE_H

#include <linux/list.h>
#include <linux/types.h>

struct pumori_bus;
struct pumori_page_table;

/**
 * struct pumori_table_reserve - tables allocated before a change, so that the change cannot fail
 */
struct pumori_table_reserve {
	/** @leaves: tables of level 0 */
	struct list_head leaves;
	/** @directories: tables of the levels above */
	struct list_head directories;
};

/**
 * struct pumori_backing - the memory behind a range of device addresses
 */
struct pumori_backing {
	/** @hbm: true: device memory from @offset on; false: host pages */
	bool hbm;
	/** @offset: offset into device memory of the first byte */
	u64 offset;
	/** @pages: bus addresses of the host pages, the first one first */
	const u64 *pages;
};

struct pumori_page_table *pumori_page_table_create(struct pumori_bus *bus);
void pumori_page_table_destroy(struct pumori_page_table *table);
u64 pumori_page_table_root(const struct pumori_page_table *table);

void pumori_table_reserve_init(struct pumori_table_reserve *reserve);
int pumori_table_reserve_map(struct pumori_page_table *table, struct pumori_table_reserve *reserve,
			     u64 va, u64 size, const struct pumori_backing *backing);
int pumori_table_reserve_unmap(struct pumori_page_table *table,
			       struct pumori_table_reserve *reserve);
void pumori_table_reserve_fini(struct pumori_page_table *table,
			       struct pumori_table_reserve *reserve);

void pumori_page_table_map(struct pumori_page_table *table, struct pumori_table_reserve *reserve,
			   u64 va, u64 size, const struct pumori_backing *backing, bool writable);
bool pumori_page_table_unmap(struct pumori_page_table *table, struct pumori_table_reserve *reserve,
			     u64 va, u64 size, struct list_head *garbage);
void pumori_page_table_free_garbage(struct pumori_page_table *table, struct list_head *garbage);
u64 pumori_page_table_lookup(const struct pumori_page_table *table, u64 va, unsigned int *shift);

#endif
