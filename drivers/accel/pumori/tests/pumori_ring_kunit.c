// SPDX-License-Identifier: GPL-2.0
/* Arithmetic on ring indices, and the address range that user space may use. */

#include <kunit/test.h>

#include "../pumori_image.h"
#include "../pumori_ring.h"
#include "../pumori_vm.h"

static void event_phase(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pumori_event_phase(0), 1);
	KUNIT_EXPECT_EQ(test, pumori_event_phase(PUMORI_HW_EVENT_ENTRIES - 1), 1);
	KUNIT_EXPECT_EQ(test, pumori_event_phase(PUMORI_HW_EVENT_ENTRIES), 2);
	KUNIT_EXPECT_EQ(test, pumori_event_phase(5 * PUMORI_HW_EVENT_ENTRIES + 3), 6);
}

/* The chip asks to be woken by a tail beyond the index that it has seen. */
static void doorbell(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, pumori_ring_needs_doorbell(0, 0, 1));
	KUNIT_EXPECT_TRUE(test, pumori_ring_needs_doorbell(7, 7, 8));
	KUNIT_EXPECT_TRUE(test, pumori_ring_needs_doorbell(7, 5, 9));
	KUNIT_EXPECT_FALSE(test, pumori_ring_needs_doorbell(7, 8, 9));
	KUNIT_EXPECT_FALSE(test, pumori_ring_needs_doorbell(9, 7, 8));
}

static void doorbell_wraps(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, pumori_ring_needs_doorbell(U32_MAX, U32_MAX, 0));
	KUNIT_EXPECT_TRUE(test, pumori_ring_needs_doorbell(0, U32_MAX, 1));
	KUNIT_EXPECT_FALSE(test, pumori_ring_needs_doorbell(U32_MAX - 1, U32_MAX, 0));
}

static void record_slots(struct kunit *test)
{
	u64 sequence;

	/* Neighbours never share a slot, and every slot is inside the page. */
	for (sequence = 1; sequence < 200; sequence++) {
		KUNIT_EXPECT_LT(test, pumori_record_slot(sequence), PUMORI_HW_RECORDS);
		KUNIT_EXPECT_NE(test, pumori_record_slot(sequence),
				pumori_record_slot(sequence + PUMORI_HW_RECORDS - 1));
	}
	KUNIT_EXPECT_EQ(test, pumori_record_slot(U64_MAX), U64_MAX % PUMORI_HW_RECORDS);
}

static void image_lists(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, pumori_image_lists(1), 1);
	KUNIT_EXPECT_EQ(test, pumori_image_lists(512), 1);
	/* 511 pages and the way to the next list, then one page. */
	KUNIT_EXPECT_EQ(test, pumori_image_lists(513), 2);
	KUNIT_EXPECT_EQ(test, pumori_image_lists(511 + 512), 2);
	KUNIT_EXPECT_EQ(test, pumori_image_lists(511 + 513), 3);
	KUNIT_EXPECT_EQ(test, pumori_image_lists(2 * 511 + 512), 3);
}

static void va_ranges(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, pumori_va_range_ok(PUMORI_VA_START, 4096));
	KUNIT_EXPECT_TRUE(test, pumori_va_range_ok(PUMORI_VA_END - 4096, 4096));
	KUNIT_EXPECT_TRUE(test, pumori_va_range_ok(PUMORI_VA_START,
						   PUMORI_VA_END - PUMORI_VA_START));
	KUNIT_EXPECT_FALSE(test, pumori_va_range_ok(PUMORI_VA_START, 0));
	KUNIT_EXPECT_FALSE(test, pumori_va_range_ok(PUMORI_VA_START - 4096, 8192));
	KUNIT_EXPECT_FALSE(test, pumori_va_range_ok(PUMORI_VA_END - 4096, 8192));
	KUNIT_EXPECT_FALSE(test, pumori_va_range_ok(PUMORI_VA_END, 4096));
	KUNIT_EXPECT_FALSE(test, pumori_va_range_ok(U64_MAX - 4095, 4096));
	KUNIT_EXPECT_FALSE(test, pumori_va_range_ok(PUMORI_VA_START, U64_MAX));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(event_phase),
	KUNIT_CASE(doorbell),
	KUNIT_CASE(doorbell_wraps),
	KUNIT_CASE(record_slots),
	KUNIT_CASE(image_lists),
	KUNIT_CASE(va_ranges),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_ring",
	.test_cases = cases,
};

kunit_test_suite(suite);
