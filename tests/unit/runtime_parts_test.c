// SPDX-License-Identifier: MIT
/* Parts of the runtime that stand alone: ranges, checksums, errors, element types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "checksum.h"
#include "error.h"
#include "range.h"

static void test_checksum_of_known_bytes(void **state)
{
	unsigned char bytes[32];
	int i;

	(void)state;
	/* The vectors of RFC 3720, appendix B.4. */
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(pumori_crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(pumori_crc32c(0, bytes, 32), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	assert_int_equal(pumori_crc32c(0, bytes, 32), 0x46dd794e);
	assert_int_equal(pumori_crc32c(0, "123456789", 9), 0xe3069283);
	assert_int_equal(pumori_crc32c_table(0, "123456789", 9), 0xe3069283);
	assert_int_equal(pumori_crc32c(0, "", 0), 0);
}

static void test_checksum_in_pieces(void **state)
{
	enum { BYTES = 100000 };
	unsigned char *source = malloc(BYTES), *copy = calloc(1, BYTES + 1);
	uint32_t whole, crc;
	int i;

	(void)state;
	for (i = 0; i < BYTES; i++)
		source[i] = (unsigned char)(i * 31 + i / 7);
	whole = pumori_crc32c_table(0, source, BYTES);
	for (i = 0; i < 64; i++) {
		crc = pumori_crc32c(0, source, (size_t)i * 997);
		crc = pumori_crc32c(crc, source + i * 997, BYTES - (size_t)i * 997);
		assert_int_equal(crc, whole);
	}
	assert_int_equal(pumori_crc32c_copy(0, copy, source, BYTES), whole);
	assert_memory_equal(copy, source, BYTES);
	assert_int_equal(copy[BYTES], 0);
	free(source);
	free(copy);
}

static void test_range_gives_and_takes(void **state)
{
	struct pumori_range range;
	uint64_t a, b, c, d;

	(void)state;
	assert_int_equal(pumori_range_create(&range, 100, 1000), 0);
	assert_int_equal(pumori_range_allocate(&range, 100, 1, &a), 0);
	assert_int_equal(a, 100);
	assert_int_equal(pumori_range_allocate(&range, 100, 256, &b), 0);
	assert_int_equal(b, 256);
	assert_int_equal(pumori_range_allocate(&range, 56, 1, &c), 0);
	assert_int_equal(c, 200);
	assert_int_equal(range.used, 256);
	assert_int_equal(pumori_range_allocate(&range, 645, 1, &d), PUMORI_ERROR_DEVICE_MEMORY);
	assert_int_equal(pumori_range_allocate(&range, 644, 1, &d), 0);
	assert_int_equal(d, 356);
	assert_int_equal(pumori_range_allocate(&range, 1, 1, &d), PUMORI_ERROR_DEVICE_MEMORY);
	pumori_range_free(&range, 100, 100);
	pumori_range_free(&range, 256, 100);
	pumori_range_free(&range, 200, 56);
	pumori_range_free(&range, 356, 644);
	assert_int_equal(range.count, 1);
	assert_int_equal(range.used, 0);
	assert_int_equal(pumori_range_allocate(&range, 900, 1, &a), 0);
	pumori_range_destroy(&range);
}

/* Against a map with one byte a number. */
static void test_range_against_a_map(void **state)
{
	enum { SIZE = 4096, LIVE = 200 };
	static unsigned char used[SIZE];
	uint64_t start[LIVE] = { 0 }, size[LIVE] = { 0 }, at;
	struct pumori_range range;
	unsigned int seed = 1, i, k, slot;

	(void)state;
	memset(used, 0, sizeof(used));
	assert_int_equal(pumori_range_create(&range, 0, SIZE), 0);
	for (i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		slot = (seed >> 16) % LIVE;
		if (size[slot]) {
			pumori_range_free(&range, start[slot], size[slot]);
			memset(used + start[slot], 0, size[slot]);
			size[slot] = 0;
			continue;
		}
		size[slot] = 1 + (seed >> 8) % 60;
		k = 1u << (seed >> 4) % 6;
		if (pumori_range_allocate(&range, size[slot], k, &at)) {
			size[slot] = 0;
			continue;
		}
		start[slot] = at;
		assert_int_equal(at % k, 0);
		assert_true(at + size[slot] <= SIZE);
		for (k = 0; k < size[slot]; k++)
			assert_int_equal(used[at + k]++, 0);
	}
	for (slot = 0; slot < LIVE; slot++)
		if (size[slot])
			pumori_range_free(&range, start[slot], size[slot]);
	assert_int_equal(range.count, 1);
	assert_int_equal(range.allocated, 0);
	assert_int_equal(range.used, 0);
	pumori_range_destroy(&range);
}

static void test_every_code_has_a_name(void **state)
{
	int i;

	(void)state;
	for (i = PUMORI_ERROR_BUSY; i <= 0; i++) {
		assert_non_null(pumori_error_name(i));
		assert_string_not_equal(pumori_error_name(i), "unknown error");
	}
	assert_string_equal(pumori_error_name(-1000), "unknown error");
	assert_string_equal(pumori_error_name(3), "success");
	assert_string_equal(pumori_error_name(PUMORI_ERROR_DEVICE_MEMORY),
			    "device memory exhausted");
}

static void test_error_words(void **state)
{
	(void)state;
	assert_string_equal(pumori_last_error(), "");
	assert_int_equal(pumori_fail(PUMORI_ERROR_IO, "file %s, byte %d", "x", 7), PUMORI_ERROR_IO);
	assert_string_equal(pumori_last_error(), "file x, byte 7");
	assert_int_equal(pumori_fail_errno(ENOSPC, "buffer"), PUMORI_ERROR_DEVICE_MEMORY);
	assert_string_equal(pumori_last_error(), "buffer: No space left on device");
}

static void test_element_types(void **state)
{
	int i;

	(void)state;
	assert_int_equal(pumori_dtype_size(PUMORI_FP32), 4);
	assert_int_equal(pumori_dtype_size(PUMORI_BF16), 2);
	assert_int_equal(pumori_dtype_size(PUMORI_BOOL), 1);
	assert_int_equal(pumori_dtype_size(PUMORI_INT64), 8);
	assert_int_equal(pumori_dtype_size(PUMORI_NONE), 0);
	assert_int_equal(pumori_dtype_size((enum pumori_dtype)99), 0);
	assert_string_equal(pumori_dtype_name(PUMORI_FP8E4M3), "fp8e4m3");
	assert_string_equal(pumori_dtype_name((enum pumori_dtype)7), "unknown");
	assert_string_equal(pumori_dtype_name((enum pumori_dtype)-1), "unknown");
	for (i = 1; i < 17; i++)
		assert_int_equal(pumori_dtype_size((enum pumori_dtype)i) != 0,
				 strcmp(pumori_dtype_name((enum pumori_dtype)i), "unknown") != 0);
	assert_int_equal(pumori_version() >> 16, PUMORI_VERSION_MAJOR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_words),
		cmocka_unit_test(test_checksum_of_known_bytes),
		cmocka_unit_test(test_checksum_in_pieces),
		cmocka_unit_test(test_range_gives_and_takes),
		cmocka_unit_test(test_range_against_a_map),
		cmocka_unit_test(test_every_code_has_a_name),
		cmocka_unit_test(test_element_types),
	};

	return cmocka_run_group_tests_name("runtime_parts", tests, NULL, NULL);
}
