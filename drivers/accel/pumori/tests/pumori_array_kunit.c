// SPDX-License-Identifier: GPL-2.0
/* Arrays from user space: what is refused, and what older and newer callers see. */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <drm/pumori_accel.h>

#include "../pumori_array.h"

/**
 * struct element - as the kernel knows it: one field more than the first version had
 */
struct element {
	/** @first: always there */
	u64 first;
	/** @second: added later */
	u64 second;
};

#define FIRST_SIZE	offsetofend(struct element, first)

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

static unsigned long user_page(struct kunit *test)
{
	unsigned long at = kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
					 MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_NE(test, at, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(at));
	return at;
}

static void put(struct kunit *test, unsigned long at, u64 value)
{
	KUNIT_ASSERT_EQ(test, 0, copy_to_user((void __user *)at, &value, sizeof(value)));
}

static void older_caller(struct kunit *test)
{
	unsigned long at = user_page(test);
	struct drm_pumori_array array = make(FIRST_SIZE, 2, at);
	struct element element = { 1, 1 };

	put(test, at, 11);
	put(test, at + 8, 22);
	KUNIT_EXPECT_EQ(test, 0, pumori_array_read(&array, 1, &element, sizeof(element)));
	KUNIT_EXPECT_EQ(test, element.first, 22);
	KUNIT_EXPECT_EQ(test, element.second, 0);
}

static void newer_caller(struct kunit *test)
{
	unsigned long at = user_page(test);
	struct drm_pumori_array array = make(24, 2, at);
	struct element element;

	put(test, at + 24, 33);
	put(test, at + 32, 44);
	KUNIT_EXPECT_EQ(test, 0, pumori_array_read(&array, 1, &element, sizeof(element)));
	KUNIT_EXPECT_EQ(test, element.first, 33);
	KUNIT_EXPECT_EQ(test, element.second, 44);
	/* A field that is not known here is used: that must not be overlooked. */
	put(test, at + 40, 1);
	KUNIT_EXPECT_EQ(test, -E2BIG, pumori_array_read(&array, 1, &element, sizeof(element)));
}

static void bad_pointer(struct kunit *test)
{
	struct drm_pumori_array array = make(sizeof(struct element), 1, 16);
	struct element element;

	user_page(test);
	KUNIT_EXPECT_EQ(test, -EFAULT, pumori_array_read(&array, 0, &element, sizeof(element)));
	KUNIT_EXPECT_EQ(test, -EFAULT, pumori_array_write_u64(&array, 0, 0, 1));
}

static void write_back(struct kunit *test)
{
	unsigned long at = user_page(test);
	struct drm_pumori_array array = make(sizeof(struct element), 2, at);
	struct element element;

	KUNIT_EXPECT_EQ(test, 0, pumori_array_write_u64(&array, 1,
							offsetof(struct element, second), 77));
	KUNIT_EXPECT_EQ(test, 0, pumori_array_read(&array, 1, &element, sizeof(element)));
	KUNIT_EXPECT_EQ(test, element.first, 0);
	KUNIT_EXPECT_EQ(test, element.second, 77);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(check),
	KUNIT_CASE(empty_needs_nothing),
	KUNIT_CASE(older_caller),
	KUNIT_CASE(newer_caller),
	KUNIT_CASE(bad_pointer),
	KUNIT_CASE(write_back),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_array",
	.test_cases = cases,
};

kunit_test_suite(suite);
