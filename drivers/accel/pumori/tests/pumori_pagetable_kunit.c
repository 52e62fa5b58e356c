// SPDX-License-Identifier: GPL-2.0
/* Page tables, on a bus that only counts. */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include <pumori/hw.h>

#include "../pumori_bus.h"
#include "../pumori_pagetable.h"

#define BASE		0x123456000000ull
#define WINDOW_PAGES	2048u
#define HUGE_BYTES	BIT_ULL(PUMORI_HW_HUGE_SHIFT)
#define NOTHING		0ull

/**
 * struct fixture - a page table and what it should say
 */
struct fixture {
	/** @bus: the counting bus */
	struct pumori_bus bus;
	/** @mapped: pages that have a bus address now */
	u32 mapped;
	/** @calls: how many were ever given one */
	u32 calls;
	/** @fail_after: calls that succeed before all others fail, 0 for no limit */
	u32 fail_after;
	/** @table: under test */
	struct pumori_page_table *table;
	/** @garbage: what unmapping leaves */
	struct list_head garbage;
	/** @expected: leaf entry by page of the window, without the bits of its size */
	u64 *expected;
	/** @host: bus addresses of host pages to map */
	u64 *host;
};

static int count_map(struct pumori_bus *bus, struct page *page, u64 *address)
{
	struct fixture *fixture = container_of(bus, struct fixture, bus);

	if (fixture->fail_after && fixture->calls >= fixture->fail_after)
		return -ENOMEM;
	fixture->mapped++;
	fixture->calls++;
	*address = 0x7000000000ull + ((u64)fixture->calls << PAGE_SHIFT);
	return 0;
}

static void count_unmap(struct pumori_bus *bus, u64 address)
{
	container_of(bus, struct fixture, bus)->mapped--;
}

static const struct pumori_bus_ops count_ops = {
	.name = "count",
	.map_page = count_map,
	.unmap_page = count_unmap,
};

static int fixture_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	fixture->bus.ops = &count_ops;
	INIT_LIST_HEAD(&fixture->garbage);
	fixture->expected = kunit_kcalloc(test, WINDOW_PAGES, sizeof(u64), GFP_KERNEL);
	fixture->host = kunit_kcalloc(test, WINDOW_PAGES, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fixture->expected);
	KUNIT_ASSERT_NOT_NULL(test, fixture->host);
	for (i = 0; i < WINDOW_PAGES; i++)
		fixture->host[i] = 0x5000000000ull + ((u64)(i ^ 5) << PAGE_SHIFT);
	fixture->table = pumori_page_table_create(&fixture->bus);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture->table));
	test->priv = fixture;
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	pumori_page_table_free_garbage(fixture->table, &fixture->garbage);
	pumori_page_table_destroy(fixture->table);
	KUNIT_EXPECT_EQ(test, fixture->mapped, 0);
}

static u64 page_va(u32 page)
{
	return BASE + ((u64)page << PUMORI_HW_PAGE_SHIFT);
}

static void map(struct kunit *test, u32 page, u32 count, const struct pumori_backing *backing,
		bool writable)
{
	struct fixture *fixture = test->priv;
	u64 size = (u64)count << PUMORI_HW_PAGE_SHIFT;
	struct pumori_table_reserve reserve;
	u32 calls, i;

	pumori_table_reserve_init(&reserve);
	KUNIT_ASSERT_EQ(test, 0, pumori_table_reserve_map(fixture->table, &reserve, page_va(page),
							  size, backing));
	calls = fixture->calls;
	pumori_page_table_unmap(fixture->table, &reserve, page_va(page), size, &fixture->garbage);
	pumori_page_table_map(fixture->table, &reserve, page_va(page), size, backing, writable);
	KUNIT_EXPECT_EQ(test, calls, fixture->calls);
	pumori_table_reserve_fini(fixture->table, &reserve);

	for (i = 0; i < count; i++)
		fixture->expected[page + i] = PUMORI_HW_PTE_VALID | PUMORI_HW_PTE_LEAF |
			(writable ? PUMORI_HW_PTE_WRITABLE : 0) |
			(backing->hbm ? PUMORI_HW_PTE_HBM |
					(backing->offset + ((u64)i << PUMORI_HW_PAGE_SHIFT)) :
					backing->pages[i]);
}

static bool unmap(struct kunit *test, u32 page, u32 count)
{
	struct fixture *fixture = test->priv;
	struct pumori_table_reserve reserve;
	bool changed;
	u32 calls;

	pumori_table_reserve_init(&reserve);
	KUNIT_ASSERT_EQ(test, 0, pumori_table_reserve_unmap(fixture->table, &reserve));
	calls = fixture->calls;
	changed = pumori_page_table_unmap(fixture->table, &reserve, page_va(page),
					  (u64)count << PUMORI_HW_PAGE_SHIFT, &fixture->garbage);
	KUNIT_EXPECT_EQ(test, calls, fixture->calls);
	pumori_table_reserve_fini(fixture->table, &reserve);
	memset64(fixture->expected + page, NOTHING, count);
	return changed;
}

/* What the chip would find at every page of the window. */
static void compare(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	u32 page;

	for (page = 0; page < WINDOW_PAGES; page++) {
		unsigned int shift = 0;
		u64 entry = pumori_page_table_lookup(fixture->table, page_va(page), &shift);

		if (entry && shift == PUMORI_HW_HUGE_SHIFT)
			entry += page_va(page) & (HUGE_BYTES - 1);
		if (entry != fixture->expected[page]) {
			KUNIT_FAIL(test, "page %u: %llx instead of %llx", page, entry,
				   fixture->expected[page]);
			return;
		}
	}
}

static void empty_table(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned int shift;

	KUNIT_EXPECT_EQ(test, 0, pumori_page_table_lookup(fixture->table, 0, &shift));
	KUNIT_EXPECT_EQ(test, 0, pumori_page_table_lookup(fixture->table, (1ull << 48) - 1,
							  &shift));
	KUNIT_EXPECT_NE(test, 0, pumori_page_table_root(fixture->table));
	KUNIT_EXPECT_EQ(test, fixture->mapped, 1);
	KUNIT_EXPECT_FALSE(test, unmap(test, 0, WINDOW_PAGES));
}

static void one_host_page(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .pages = fixture->host };
	unsigned int shift;

	map(test, 3, 1, &backing, true);
	KUNIT_EXPECT_EQ(test, pumori_page_table_lookup(fixture->table, page_va(3), &shift),
			fixture->host[0] | PUMORI_HW_PTE_VALID | PUMORI_HW_PTE_WRITABLE |
			PUMORI_HW_PTE_LEAF);
	KUNIT_EXPECT_EQ(test, shift, PUMORI_HW_PAGE_SHIFT);
	compare(test);
}

static void read_only(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .hbm = true, .offset = 0x4000 };
	unsigned int shift;

	map(test, 0, 2, &backing, false);
	KUNIT_EXPECT_EQ(test, 0, pumori_page_table_lookup(fixture->table, page_va(1), &shift) &
				 PUMORI_HW_PTE_WRITABLE);
	compare(test);
}

static void huge_leaf(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .hbm = true, .offset = 8 * HUGE_BYTES };
	unsigned int shift;

	map(test, 512, 1024, &backing, true);
	pumori_page_table_lookup(fixture->table, page_va(512), &shift);
	KUNIT_EXPECT_EQ(test, shift, PUMORI_HW_HUGE_SHIFT);
	/* Root, two directories; the leaves are in the last one. */
	KUNIT_EXPECT_EQ(test, fixture->mapped, 3);
	compare(test);
}

static void huge_leaf_needs_alignment(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .hbm = true, .offset = 8 * HUGE_BYTES + 4096 };
	unsigned int shift;

	map(test, 512, 1024, &backing, true);
	pumori_page_table_lookup(fixture->table, page_va(600), &shift);
	KUNIT_EXPECT_EQ(test, shift, PUMORI_HW_PAGE_SHIFT);
	compare(test);
}

static void huge_leaf_splits(struct kunit *test)
{
	struct pumori_backing backing = { .hbm = true, .offset = 0 };

	map(test, 0, 1024, &backing, true);
	KUNIT_EXPECT_TRUE(test, unmap(test, 500, 24));
	compare(test);
	map(test, 510, 4, &backing, false);
	compare(test);
}

static void tables_are_freed(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .pages = fixture->host };

	map(test, 0, WINDOW_PAGES, &backing, true);
	KUNIT_EXPECT_TRUE(test, unmap(test, 0, WINDOW_PAGES));
	compare(test);
	/* Not before the chip has forgotten them. */
	KUNIT_EXPECT_GT(test, fixture->mapped, 1);
	pumori_page_table_free_garbage(fixture->table, &fixture->garbage);
	KUNIT_EXPECT_EQ(test, fixture->mapped, 1);
}

static void reserve_fails_cleanly(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .pages = fixture->host };
	struct pumori_table_reserve reserve;
	u32 succeed, before = fixture->mapped;
	int ret = -ENOMEM;

	for (succeed = 1; ret; succeed++) {
		KUNIT_ASSERT_LT(test, succeed, 64);
		fixture->fail_after = fixture->calls + succeed;
		pumori_table_reserve_init(&reserve);
		ret = pumori_table_reserve_map(fixture->table, &reserve, BASE,
					       (u64)WINDOW_PAGES << PUMORI_HW_PAGE_SHIFT, &backing);
		pumori_table_reserve_fini(fixture->table, &reserve);
		KUNIT_EXPECT_EQ(test, fixture->mapped, before);
	}
	KUNIT_EXPECT_GT(test, succeed, 4);
}

/* The whole address space is unmapped without visiting what was never mapped. */
static void unmap_everything(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_backing backing = { .pages = fixture->host };
	struct pumori_table_reserve reserve;

	map(test, 7, 9, &backing, true);
	pumori_table_reserve_init(&reserve);
	KUNIT_ASSERT_EQ(test, 0, pumori_table_reserve_unmap(fixture->table, &reserve));
	KUNIT_EXPECT_TRUE(test, pumori_page_table_unmap(fixture->table, &reserve, 0, 1ull << 48,
							&fixture->garbage));
	pumori_table_reserve_fini(fixture->table, &reserve);
	memset64(fixture->expected, NOTHING, WINDOW_PAGES);
	compare(test);
}

static void random_changes(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct rnd_state random;
	u32 i;

	prandom_seed_state(&random, 20251122);
	for (i = 0; i < 200; i++) {
		u32 page = prandom_u32_state(&random) % WINDOW_PAGES;
		u32 count = 1 + prandom_u32_state(&random) % (WINDOW_PAGES - page);
		u32 what = prandom_u32_state(&random) % 4;
		struct pumori_backing backing = { .hbm = what < 2 };

		if (what == 3) {
			unmap(test, page, count);
		} else if (backing.hbm) {
			backing.offset = (u64)(prandom_u32_state(&random) % 100000)
					 << PUMORI_HW_PAGE_SHIFT;
			/* Half of them such that large leaves are possible. */
			if (what)
				backing.offset = (backing.offset & ~(HUGE_BYTES - 1)) |
						 (page_va(page) & (HUGE_BYTES - 1));
			map(test, page, count, &backing, prandom_u32_state(&random) & 1);
		} else {
			backing.pages = fixture->host + page;
			map(test, page, count, &backing, true);
		}
		compare(test);
		pumori_page_table_free_garbage(fixture->table, &fixture->garbage);
		cond_resched();
	}
	unmap(test, 0, WINDOW_PAGES);
	pumori_page_table_free_garbage(fixture->table, &fixture->garbage);
	KUNIT_EXPECT_EQ(test, fixture->mapped, 1);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(empty_table),
	KUNIT_CASE(one_host_page),
	KUNIT_CASE(read_only),
	KUNIT_CASE(huge_leaf),
	KUNIT_CASE(huge_leaf_needs_alignment),
	KUNIT_CASE(huge_leaf_splits),
	KUNIT_CASE(tables_are_freed),
	KUNIT_CASE(reserve_fails_cleanly),
	KUNIT_CASE(unmap_everything),
	KUNIT_CASE(random_changes),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_pagetable",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
