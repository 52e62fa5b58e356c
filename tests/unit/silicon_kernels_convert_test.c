// SPDX-License-Identifier: MIT
/* The inner loop of DMA: every type to every type, dense and strided, on every kernel set. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "kernels_rig.h"

#define BYTES	(64 * 1024)

static const uint8_t dtypes[] = {
	PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_INT8, PUMORI_ISA_UINT8, PUMORI_ISA_INT16, PUMORI_ISA_UINT16,
	PUMORI_ISA_INT32, PUMORI_ISA_UINT32, PUMORI_ISA_INT64, PUMORI_ISA_UINT64, PUMORI_ISA_BOOL,
	PUMORI_ISA_FP16, PUMORI_ISA_FP8E4M3, PUMORI_ISA_FP8E5M2,
};
#define DTYPES	(sizeof(dtypes) / sizeof(dtypes[0]))

static void pair(struct rig *rig, const struct silicon_kernels *kernels, uint8_t to, uint8_t from, unsigned int mode)
{
	static const int steps[] = { 1, 2, -1, 3 };
	static uint8_t source[BYTES] __attribute__((aligned(64))), got[BYTES] __attribute__((aligned(64))), want[BYTES];
	unsigned int to_size = oracle_size(to), from_size = oracle_size(from), count = 1 + rig_random(rig, 1000);
	int64_t to_step = steps[rig_random(rig, 4)] * (int)to_size, from_step = steps[rig_random(rig, 4)] * (int)from_size;
	int result, expected = 0;

	if (rig_random(rig, 6) == 0)
		from_step = 0;
	rig_fill(rig, source, BYTES, from, mode);
	memset(got, 0x77, BYTES);
	memset(want, 0x77, BYTES);
	for (unsigned int i = 0; i < count && !expected; i++)
		expected = oracle_convert(want + BYTES / 2 + i * to_step, to, source + BYTES / 2 + i * from_step, from);
	result = kernels->convert(got + BYTES / 2, to, to_step, source + BYTES / 2, from, from_step, count);
	assert_int_equal(result, expected);
	assert_memory_equal(got, want, BYTES);
}

static void test_set(void **state)
{
	static const uint32_t choices[] = { SILICON_KERNELS_GENERIC, SILICON_KERNELS_AVX2, SILICON_KERNELS_AVX512 };
	const unsigned int *set = *state;
	const struct silicon_kernels *kernels = silicon_kernels_select(choices[*set], rig_host());
	struct rig rig;

	if (!kernels) {
		print_message("# SKIP this host lacks the set's instructions\n");
		skip();
	}
	rig_create(&rig, 11, 64, 64);
	for (unsigned int to = 0; to < DTYPES; to++)
		for (unsigned int from = 0; from < DTYPES; from++)
			for (unsigned int i = 0; i < 12; i++)
				pair(&rig, kernels, dtypes[to], dtypes[from], i % 3);
	rig_destroy(&rig);
}

int main(void)
{
	static unsigned int sets[] = { 0, 1, 2 };
	const struct CMUnitTest tests[] = {
		{ "convert on generic", test_set, NULL, NULL, &sets[0] },
		{ "convert on avx2", test_set, NULL, NULL, &sets[1] },
		{ "convert on avx512", test_set, NULL, NULL, &sets[2] },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
