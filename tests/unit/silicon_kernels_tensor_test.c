// SPDX-License-Identifier: MIT
/*
 * LOAD_STATIONARY and MULTIPLY_MOVING of every kernel set against the oracle: all sizes and edges, general patterns,
 * accumulation, transposed loads, subnormals, NaN and infinity; results and units wherever a task stops.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "kernels_rig.h"

#define SBUF_STRIDE	(8 * 1024 + 64)
#define PSUM_STRIDE	(4 * 1024 + 64)
#define MOVING		4096	/* where the moving matrix's half of a partition begins */

/* Sanitizers look at the same code paths ten times as long: a part of the cases is enough for them. */
#ifdef __SANITIZE_ADDRESS__
#define CASES		20
#else
#define CASES		150
#endif

static struct oracle_machine machine;

static uint16_t pick_size(struct rig *rig, uint16_t limit)
{
	static const uint16_t edges[] = { 1, 2, 3, 5, 6, 7, 15, 16, 17, 31, 33, 48, 63, 64, 65, 127, 128, 480, 512 };
	uint16_t size;

	if (rig_random(rig, 2))
		return (uint16_t)(1 + rig_random(rig, limit));
	do
		size = edges[rig_random(rig, sizeof(edges) / sizeof(edges[0]))];
	while (size > limit);
	return size;
}

/* Splits @n columns into one or two dimensions. */
static void pick_counts(struct rig *rig, uint16_t n, uint16_t *counts)
{
	memset(counts, 0, 5 * sizeof(*counts));
	counts[0] = n;
	for (uint16_t d = 2; d <= 8; d++)
		if (n % d == 0 && rig_random(rig, 4) == 0) {
			counts[0] = d;
			counts[1] = n / d;
			return;
		}
}

static void fill(struct rig *rig, uint8_t dtype)
{
	unsigned int kind = rig_random(rig, 5);

	for (size_t i = 0; i < rig->sbuf_bytes; i += 4) {
		uint32_t bits = rig_random(rig, ~0u);

		if (kind == 0) {
			/* Exponents near the middle: sums that round. */
			bits = (bits & 0x81ffffff) | 0x3e000000;
		} else if (kind == 1) {
			/* Products near the smallest normal number and below. */
			bits = (bits & 0x807fffff) | (60 + (bits >> 24 & 7)) << 23;
		} else if (kind == 2) {
			/* Subnormals and their neighbours. */
			bits &= 0x81ffffff;
		} else if (kind == 3) {
			bits = (bits & 0x80ffffff) | 0x3f000000;
		}
		if (dtype == PUMORI_ISA_BF16)
			bits = (bits & 0xffff0000) | ((bits ^ bits << 5) & 0x7f) | (bits >> 16 & 0xff80);
		memcpy(rig->sbuf + i, &bits, 4);
	}
	for (size_t i = 0; i < rig->psum_bytes; i += 4) {
		uint32_t bits = rig_random(rig, ~0u);

		bits = kind == 4 ? bits : kind == 2 ? bits & 0x80ffffff : (bits & 0x80ffffff) | 0x3f000000;
		memcpy(rig->psum + i, &bits, 4);
	}
}

/* One for each row of the result, or one for all. */
static bool zero_points(struct rig *rig, struct pumori_isa_operand *column, uint16_t m)
{
	rig_pattern(rig, column, PUMORI_ISA_INT32, 0, 0, (uint16_t[]){ 1, 0 }, false);
	column->partition_count = (uint8_t)m;
	column->partition_start = (uint8_t)rig_random(rig, 129 - m);
	column->partition_step = rig_random(rig, 4) != 0;
	return rig_place(rig, column, 0, 8192);
}

static void generate(struct rig *rig, struct pumori_isa_instruction *load, struct pumori_isa_instruction *multiply)
{
	static const uint8_t dtypes[] = { PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_INT8, PUMORI_ISA_UINT8,
					  PUMORI_ISA_FP16, PUMORI_ISA_FP8E4M3, PUMORI_ISA_FP8E5M2 };
	uint8_t dtype = dtypes[rig_random(rig, 7)], moving = dtype;
	bool fp8 = dtype == PUMORI_ISA_FP8E4M3 || dtype == PUMORI_ISA_FP8E5M2;
	bool bytes = dtype == PUMORI_ISA_INT8 || dtype == PUMORI_ISA_UINT8;
	uint16_t k = pick_size(rig, 128), m = pick_size(rig, 128), n, counts[5];
	bool transposed = rig_random(rig, 3) == 0;
	struct pumori_isa_compute *c = &load->compute;

	memset(load, 0, sizeof(*load));
	load->opcode = PUMORI_ISA_LOAD_STATIONARY;
	do {
		pick_counts(rig, transposed ? k : m, counts);
		rig_pattern(rig, &c->in[0], dtype, 0, 0, counts, false);
	} while (!rig_place(rig, &c->in[0], 0, MOVING));
	c->in[0].partition_count = (uint8_t)(transposed ? m : k);
	c->in[0].partition_start = (uint8_t)rig_random(rig, 129 - c->in[0].partition_count);
	c->modifiers = (transposed ? PUMORI_ISA_LOAD_TRANSPOSED : 0) | (rig_random(rig, 2) ? PUMORI_ISA_BUFFER1 : 0);
	assert_true(silicon_kernels_supports(load->opcode, c));

	memset(multiply, 0, sizeof(*multiply));
	multiply->opcode = PUMORI_ISA_MULTIPLY_MOVING;
	multiply->compute.modifiers = (c->modifiers & PUMORI_ISA_BUFFER1) | (rig_random(rig, 2) ? PUMORI_ISA_ACCUMULATE : 0);
	c = &multiply->compute;
	if (bytes) {
		moving = rig_random(rig, 2) ? PUMORI_ISA_INT8 : PUMORI_ISA_UINT8;
		c->compute = PUMORI_ISA_INT32;
	}
	if (fp8)
		moving = rig_random(rig, 2) ? PUMORI_ISA_FP8E4M3 : PUMORI_ISA_FP8E5M2;
	do {
		n = pick_size(rig, 512);
		pick_counts(rig, n, counts);
		rig_pattern(rig, &c->in[0], moving, 0, 0, counts, false);
		pick_counts(rig, n, counts);
		rig_pattern(rig, &c->out, bytes ? PUMORI_ISA_INT32 : PUMORI_ISA_FP32, 0, 0, counts, true);
	} while (!rig_place(rig, &c->in[0], MOVING, 4096) || !rig_place(rig, &c->out, 0, 4096));
	c->in[0].partition_count = (uint8_t)k;
	c->in[0].partition_start = (uint8_t)rig_random(rig, 129 - k);
	c->out.space = PUMORI_ISA_PSUM;
	c->out.partition_count = (uint8_t)m;
	c->out.partition_start = (uint8_t)rig_random(rig, 129 - m);
	for (int i = 0; bytes && i < 2; i++) {
		if (rig_random(rig, 2))
			c->imm[i] = rig_random(rig, 2) ? (uint32_t[]){ 128, 0, -128u }[rig_random(rig, 3)] : rig_random(rig, ~0u);
		else if (rig_random(rig, 2))
			assert_true(zero_points(rig, &c->in[1 + i], m));
	}
	assert_true(silicon_kernels_supports(multiply->opcode, c));
}

static void products(const struct silicon_kernels *kernels, unsigned int cases)
{
	static const uint32_t budgets[] = { ~0u, 1, 0 };
	struct rig rig;
	uint8_t *before, *expected, fault;

	rig_create(&rig, 17, SBUF_STRIDE, PSUM_STRIDE);
	before = malloc(rig.psum_bytes);
	expected = malloc(rig.psum_bytes);
	for (unsigned int number = 0; number < cases; number++) {
		struct pumori_isa_instruction load, multiply;
		uint64_t units[3];
		struct rig replay;

		generate(&rig, &load, &multiply);
		fill(&rig, load.compute.in[0].dtype);
		memcpy(before, rig.psum, rig.psum_bytes);
		memcpy(expected, rig.psum, rig.psum_bytes);
		machine.sbuf = rig.sbuf;
		machine.psum = expected;
		machine.sbuf_stride = rig.sbuf_stride;
		machine.psum_stride = rig.psum_stride;
		assert_int_equal(oracle_compute(&machine, &load), 0);
		assert_int_equal(oracle_compute(&machine, &multiply), 0);
		replay = rig;
		for (int b = 0; b < 3; b++) {
			memcpy(rig.psum, before, rig.psum_bytes);
			rig_run(&replay, kernels, &load, budgets[b], &fault);
			units[b] = rig_run(&replay, kernels, &multiply, budgets[b], &fault);
			assert_int_equal(units[b], units[0]);
			for (size_t i = 0; i < rig.psum_bytes; i += 4)
				if (memcmp(rig.psum + i, expected + i, 4)) {
					uint32_t got, want;

					memcpy(&got, rig.psum + i, 4);
					memcpy(&want, expected + i, 4);
					fail_msg("case %u, dtype %u, K %u M %u N %u, row %zu byte %zu: 0x%08x, not 0x%08x",
						 number, load.compute.in[0].dtype, multiply.compute.in[0].partition_count,
						 multiply.compute.out.partition_count,
						 multiply.compute.in[0].count[0] *
						 (multiply.compute.in[0].dims > 1 ? multiply.compute.in[0].count[1] : 1),
						 i / rig.psum_stride, i % rig.psum_stride, got, want);
				}
		}
	}
	free(before);
	free(expected);
	rig_destroy(&rig);
}

static void test_set(void **state)
{
	static const uint32_t choices[] = { SILICON_KERNELS_GENERIC, SILICON_KERNELS_AVX2, SILICON_KERNELS_AVX512 };
	const unsigned int *set = *state;
	const struct silicon_kernels *kernels = silicon_kernels_select(choices[*set], rig_host());

	if (!kernels) {
		print_message("# SKIP this host lacks the set's instructions\n");
		skip();
	}
	products(kernels, CASES);
}

/* Every pair of values near where a product or a sum becomes subnormal, through one multiplication. */
static void test_subnormal_borders(void **state)
{
	static const uint32_t choices[] = { SILICON_KERNELS_GENERIC, SILICON_KERNELS_AVX2, SILICON_KERNELS_AVX512 };
	struct pumori_isa_instruction load = { .opcode = PUMORI_ISA_LOAD_STATIONARY };
	struct pumori_isa_instruction multiply = { .opcode = PUMORI_ISA_MULTIPLY_MOVING };
	struct pumori_isa_operand *in = &load.compute.in[0], *moving = &multiply.compute.in[0], *out = &multiply.compute.out;
	struct rig rig;
	uint8_t fault;

	(void)state;
	rig_create(&rig, 3, SBUF_STRIDE, PSUM_STRIDE);
	*in = (struct pumori_isa_operand){ .space = PUMORI_ISA_SBUF, .dtype = PUMORI_ISA_BF16, .partition_count = 1,
					   .partition_step = 1, .dims = 1, .count = { 128 }, .step = { 1 } };
	*moving = *in;
	moving->offset = MOVING;
	moving->count[0] = 256;
	*out = *moving;
	out->space = PUMORI_ISA_PSUM;
	out->dtype = PUMORI_ISA_FP32;
	out->offset = 0;
	out->partition_count = 128;
	multiply.compute.modifiers = PUMORI_ISA_ACCUMULATE;
	for (unsigned int i = 0; i < 256; i++) {
		/* Significands 1.0 to 1.99, exponents whose sum is about -126. */
		uint16_t a = (uint16_t)(0x2000 - 0x80 + 2 * i), b = (uint16_t)(0x1f80 + i);

		memcpy(rig.sbuf + 2 * i, &a, 2);
		memcpy(rig.sbuf + MOVING + 2 * i, &b, 2);
	}
	for (unsigned int set = 0; set < 3; set++) {
		const struct silicon_kernels *kernels = silicon_kernels_select(choices[set], rig_host());

		if (!kernels)
			continue;
		rig_run(&rig, kernels, &load, ~0u, &fault);
		for (unsigned int round = 0; round < 8; round++) {
			static const uint32_t accumulators[] = {
				0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x80800001,
			};

			for (unsigned int p = 0; p < 128; p++)
				for (unsigned int i = 0; i < 256; i++)
					memcpy(rig.psum + p * PSUM_STRIDE + 4 * i, &accumulators[round], 4);
			rig_run(&rig, kernels, &multiply, ~0u, &fault);
			for (unsigned int p = 0; p < 128; p++)
				for (unsigned int i = 0; i < 256; i++) {
					uint16_t a, b;
					uint32_t got;
					float want;

					memcpy(&a, rig.sbuf + 2 * p, 2);
					memcpy(&b, rig.sbuf + MOVING + 2 * i, 2);
					memcpy(&got, rig.psum + p * PSUM_STRIDE + 4 * i, 4);
					want = oracle_bf16_step(0, 0, oracle_from_bits(accumulators[round]));
					want = oracle_bf16_step(oracle_from_bits((uint32_t)a << 16),
								oracle_from_bits((uint32_t)b << 16), want);
					assert_int_equal(got, oracle_bits(want));
				}
		}
	}
	rig_destroy(&rig);
}

int main(void)
{
	static unsigned int sets[] = { 0, 1, 2 };
	const struct CMUnitTest tests[] = {
		{ "products on generic", test_set, NULL, NULL, &sets[0] },
		{ "products on avx2", test_set, NULL, NULL, &sets[1] },
		{ "products on avx512", test_set, NULL, NULL, &sets[2] },
		cmocka_unit_test(test_subnormal_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
