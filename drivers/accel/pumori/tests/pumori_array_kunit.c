// SPDX-License-Identifier: GPL-2.0
/* Arrays from user space: what is refused before anything is copied. */

#include <kunit/test.h>
#include <linux/mm.h>

#include <drm/pumori_accel.h>

#include "../pumori_array.h"

#define FIRST_SIZE	8

static struct drm_pumori_array make(u32 stride, u32 count, u64 pointer)
{
	return (struct drm_pumori_array) { .stride = stride, .count = count, .pointer = pointer };
}

/* One valid array, then each time one thing wrong with it. */
static void check(struct kunit *test)
{
	struct drm_pumori_array array = make(FIRST_SIZE, 4, 4096);

	KUNIT_EXPECT_EQ(test, 0, pumori_array_check(&array, FIRST_SIZE, 4));
	array = make(FIRST_SIZE, 5, 4096);
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_array_check(&array, FIRST_SIZE, 4));
	array = make(FIRST_SIZE - 1, 4, 4096);
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_array_check(&array, FIRST_SIZE, 4));
	array = make(0, 4, 4096);
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_array_check(&array, FIRST_SIZE, 4));
	array = make(PAGE_SIZE + 1, 4, 4096);
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_array_check(&array, FIRST_SIZE, 4));
	array = make(FIRST_SIZE, 4, U64_MAX - 4);
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_array_check(&array, FIRST_SIZE, 4));
	array = make(U32_MAX, U32_MAX, U64_MAX);
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_array_check(&array, FIRST_SIZE, U32_MAX));
}

static void empty_needs_nothing(struct kunit *test)
{
	struct drm_pumori_array array = make(0, 0, U64_MAX);

	KUNIT_EXPECT_EQ(test, 0, pumori_array_check(&array, FIRST_SIZE, 0));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(check),
	KUNIT_CASE(empty_needs_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_array",
	.test_cases = cases,
};

kunit_test_suite(suite);
