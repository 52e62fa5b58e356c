// SPDX-License-Identifier: MIT
/*
 * Random bits and rounding by chance, as a statistician sees them. Seeds are fixed, so that a test that passes once
 * passes always; the bounds are five standard deviations.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include "kernels_rig.h"

#define SBUF_STRIDE	(16 * 1024 + 64)
#define ROW		2048u	/* elements a partition */
#define ELEMENTS	(ROW * PUMORI_ISA_PARTITIONS)
#define SIGMAS		5.0

static const struct silicon_kernels *kernels;

static struct pumori_isa_operand pattern(uint8_t dtype, uint32_t offset, int32_t step)
{
	return (struct pumori_isa_operand){ .space = PUMORI_ISA_SBUF, .dtype = dtype, .offset = offset, .dims = 1,
					    .partition_count = PUMORI_ISA_PARTITIONS, .partition_step = 1,
					    .count = { ROW }, .step = { step } };
}

static void random_bits(struct rig *rig, uint32_t seed, uint32_t *to)
{
	struct pumori_isa_instruction instruction = { .opcode = PUMORI_ISA_RANDOM };
	uint8_t fault;

	instruction.compute.out = pattern(PUMORI_ISA_UINT32, 0, 1);
	instruction.compute.compute = PUMORI_ISA_INT32;
	instruction.compute.imm[0] = seed;
	assert_true(silicon_kernels_supports(instruction.opcode, &instruction.compute));
	rig_run(rig, kernels, &instruction, ~0u, &fault);
	for (unsigned int p = 0; p < PUMORI_ISA_PARTITIONS; p++)
		memcpy(to + p * ROW, rig->sbuf + p * SBUF_STRIDE, ROW * 4);
}

static void assert_half(unsigned int count, unsigned int of)
{
	assert_true(fabs(count - of / 2.0) < SIGMAS * sqrt(of) / 2);
}

/* Every bit is set half of the time, and says nothing about its neighbours in any direction. */
static void bits_are_fair_and_independent(void **state)
{
	static uint32_t bits[ELEMENTS], other[ELEMENTS];
	struct rig rig;

	(void)state;
	rig_create(&rig, 1, SBUF_STRIDE, 64);
	random_bits(&rig, 20, bits);
	random_bits(&rig, 21, other);
	for (unsigned int b = 0; b < 32; b++) {
		unsigned int set = 0, next = 0, below = 0, seed = 0, left = 0;

		for (unsigned int i = 0; i < ELEMENTS; i++) {
			set += bits[i] >> b & 1;
			next += (bits[i] ^ bits[(i + 1) % ELEMENTS]) >> b & 1;
			below += (bits[i] ^ bits[(i + ROW) % ELEMENTS]) >> b & 1;
			seed += (bits[i] ^ other[i]) >> b & 1;
			left += (bits[i] ^ bits[i] >> 1) >> b & 1;
		}
		assert_half(set, ELEMENTS);
		assert_half(next, ELEMENTS);
		assert_half(below, ELEMENTS);
		assert_half(seed, ELEMENTS);
		assert_half(b == 31 ? ELEMENTS / 2 : left, ELEMENTS);
	}
	random_bits(&rig, 20, other);
	assert_memory_equal(bits, other, sizeof(bits));
	rig_destroy(&rig);
}

/* 256 equal classes: the sum of squared deviations is that of a uniform distribution. */
static void numbers_are_uniform(void **state)
{
	struct pumori_isa_instruction instruction = { .opcode = PUMORI_ISA_RANDOM };
	unsigned int classes[256] = { 0 };
	double chi = 0;
	struct rig rig;
	uint8_t fault;

	(void)state;
	rig_create(&rig, 1, SBUF_STRIDE, 64);
	instruction.compute.out = pattern(PUMORI_ISA_FP32, 0, 1);
	instruction.compute.compute = PUMORI_ISA_FP32;
	instruction.compute.imm[0] = 7;
	rig_run(&rig, kernels, &instruction, ~0u, &fault);
	for (unsigned int i = 0; i < ELEMENTS; i++) {
		float x;

		memcpy(&x, rig.sbuf + i / ROW * SBUF_STRIDE + i % ROW * 4, 4);
		assert_true(x >= 0 && x < 1);
		classes[(unsigned int)(x * 256)]++;
	}
	for (unsigned int i = 0; i < 256; i++)
		chi += pow(classes[i] - ELEMENTS / 256.0, 2) / (ELEMENTS / 256.0);
	assert_true(fabs(chi - 255) < SIGMAS * sqrt(2 * 255));
	rig_destroy(&rig);
}

/* Rounds one value in all elements; returns how often it went up, of the two neighbours that it may become. */
static unsigned int ups(struct rig *rig, uint8_t dtype, float value, float low, float high)
{
	struct pumori_isa_instruction copy = { .opcode = PUMORI_ISA_COPY };
	unsigned int count = 0;
	uint8_t fault;

	for (unsigned int p = 0; p < PUMORI_ISA_PARTITIONS; p++)
		memcpy(rig->sbuf + p * SBUF_STRIDE + 8192, &value, 4);
	copy.compute.out = pattern(dtype, 0, 1);
	copy.compute.in[0] = pattern(PUMORI_ISA_FP32, 8192, 0);
	copy.compute.modifiers = PUMORI_ISA_STOCHASTIC;
	copy.compute.imm[0] = oracle_bits(value) + dtype;
	assert_true(silicon_kernels_supports(copy.opcode, &copy.compute));
	rig_run(rig, kernels, &copy, ~0u, &fault);
	for (unsigned int p = 0; p < PUMORI_ISA_PARTITIONS; p++)
		for (unsigned int i = 0; i < ROW; i++) {
			float got;
			uint8_t raw[4];

			assert_int_equal(oracle_convert(raw, PUMORI_ISA_FP32, rig->sbuf + p * SBUF_STRIDE +
							i * oracle_size(dtype), dtype), 0);
			memcpy(&got, raw, 4);
			assert_true(got == low || got == high);
			count += got == high;
		}
	return count;
}

static void rounds_up_as_often_as_it_should(void **state)
{
	static const struct {
		uint8_t dtype;
		float low, high;	/* neighbours */
	} cases[] = {
		{ PUMORI_ISA_BF16, 1, 1 + 0x1p-7f }, { PUMORI_ISA_BF16, -0x1p100f, -0x1.02p100f },
		{ PUMORI_ISA_FP16, 1, 1 + 0x1p-10f }, { PUMORI_ISA_FP16, 0x1p-24f, 0x1p-23f },
		{ PUMORI_ISA_FP8E4M3, 16, 18 }, { PUMORI_ISA_FP8E4M3, 0, 0x1p-9f },
		{ PUMORI_ISA_FP8E5M2, -3, -3.5f }, { PUMORI_ISA_FP8E5M2, 0x1p-16f, 0x1p-15f },
	};
	static const float fractions[] = { 0, 1.0f / 64, 0.25f, 0.5f, 0.75f, 63.0f / 64 };
	struct rig rig;

	(void)state;
	rig_create(&rig, 1, SBUF_STRIDE, 64);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t f = 0; f < sizeof(fractions) / sizeof(fractions[0]); f++) {
			float value = cases[i].low + (cases[i].high - cases[i].low) * fractions[f];
			unsigned int count = ups(&rig, cases[i].dtype, value, cases[i].low, cases[i].high);
			double expected = ELEMENTS * (double)fractions[f];

			assert_true(fabs(count - expected) <= SIGMAS * sqrt(expected * (1 - fractions[f])));
		}
	rig_destroy(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_are_fair_and_independent),
		cmocka_unit_test(numbers_are_uniform),
		cmocka_unit_test(rounds_up_as_often_as_it_should),
	};

	kernels = silicon_kernels_select(SILICON_KERNELS_BEST, rig_host());
	return cmocka_run_group_tests_name("silicon_kernels_chance", tests, NULL, NULL);
}
