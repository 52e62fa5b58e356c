// SPDX-License-Identifier: MIT
/*
 * The functions of ACTIVATE: every kernel set against the oracle's steps, and the steps against long double
 * arithmetic, over a dense sweep of all FP32 bit patterns. The bounds are those of Documentation/isa.md.
 */
#include <stdarg.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "kernels_rig.h"

/* A prime step: about a million patterns, over every exponent and both signs. */
#define SWEEP_STEP	4093u

static long double reference(uint8_t function, long double x)
{
	switch (function) {
	case PUMORI_ISA_FUNCTION_EXP: return expl(x);
	case PUMORI_ISA_FUNCTION_LOG: return logl(x);
	case PUMORI_ISA_FUNCTION_TANH: return tanhl(x);
	case PUMORI_ISA_FUNCTION_SIGMOID: return 1 / (1 + expl(-x));
	case PUMORI_ISA_FUNCTION_SILU: return x == -INFINITY ? 0 : x / (1 + expl(-x));
	case PUMORI_ISA_FUNCTION_ERF: return erfl(x);
	case PUMORI_ISA_FUNCTION_GELU: return x == -INFINITY ? 0 : x * 0.5L * erfcl(-x * sqrtl(0.5L));
	case PUMORI_ISA_FUNCTION_GELU_TANH: {
		long double u = 2 * sqrtl(2 / acosl(-1)) * (x + 0.044715L * x * x * x);

		return x == -INFINITY ? 0 : x / (1 + expl(-u));
	}
	case PUMORI_ISA_FUNCTION_SOFTPLUS: return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x));
	case PUMORI_ISA_FUNCTION_RSQRT: return 1 / sqrtl(x);
	case PUMORI_ISA_FUNCTION_SIN: return sinl(x);
	default: return cosl(x);
	}
}

/* Units in the last place of FP32 at @value, which are those of the smallest normal number below it. */
static long double ulp(long double value)
{
	int exponent;

	frexpl(value, &exponent);
	return ldexpl(1, (exponent < -125 ? -125 : exponent) - 24);
}

struct bound {
	const char *name;
	uint8_t function;
	double ulps;
	double absolute;	/* accepted whatever the ulps: times max(|x|, 1) */
};

static void test_bounds(void **state)
{
	static const struct bound bounds[] = {
		{ "exp", PUMORI_ISA_FUNCTION_EXP, 1.0, 0 },
		{ "log", PUMORI_ISA_FUNCTION_LOG, 1.0, 0 },
		{ "tanh", PUMORI_ISA_FUNCTION_TANH, 1.5, 0 },
		{ "sigmoid", PUMORI_ISA_FUNCTION_SIGMOID, 2.5, 0 },
		{ "silu", PUMORI_ISA_FUNCTION_SILU, 3.0, 0x1p-120 },
		{ "erf", PUMORI_ISA_FUNCTION_ERF, 1.0, 0 },
		{ "gelu", PUMORI_ISA_FUNCTION_GELU, 2.0, 0x1p-24 },
		{ "gelu_tanh", PUMORI_ISA_FUNCTION_GELU_TANH, 2.5, 0x1p-24 },
		{ "softplus", PUMORI_ISA_FUNCTION_SOFTPLUS, 2.0, 0 },
		{ "rsqrt", PUMORI_ISA_FUNCTION_RSQRT, 1.5, 0 },
		{ "sin", PUMORI_ISA_FUNCTION_SIN, 0.51, 0 },
		{ "cos", PUMORI_ISA_FUNCTION_COS, 0.51, 0 },
	};
	bool failed = false;

	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		double worst = 0, absolute = 0;
		float worst_at = 0;

		for (uint64_t bits = 0; bits <= 0xffffffff; bits += SWEEP_STEP) {
			float x = oracle_from_bits((uint32_t)bits), got;
			long double want, error;

			if (isnan(x))
				continue;
			got = oracle_function(bounds[i].function, x, 0, 0);
			want = reference(bounds[i].function, x);
			if (isnan(want)) {
				if (!isnan(got)) {
					failed = true;
					print_message("%s(%a) is %a, not NaN\n", bounds[i].name, x, got);
				}
				continue;
			}
			/* Beyond the largest number both must be infinite. */
			if (fabsl(want) > FLT_MAX || isinf(got)) {
				if (fabsl(want) >= FLT_MAX * (1 - 0x1p-23L) && (isinf(got) || fabsf(got) > 3e38f))
					continue;
			}
			error = fabsl((long double)got - want);
			if (error <= bounds[i].absolute * fmax(fabs(x), 1)) {
				absolute = fmax(absolute, (double)error / fmax(fabs(x), 1));
				continue;
			}
			if ((double)(error / ulp(want)) > worst) {
				worst = (double)(error / ulp(want));
				worst_at = x;
			}
		}
		print_message("%-10s %.3f ulp at %a; below the absolute bound %.2g\n", bounds[i].name, worst, worst_at,
			      absolute);
		if (worst > bounds[i].ulps)
			failed = true;
	}
	assert_false(failed);
}

/* Power against long double, where the result is finite and normal. */
static void test_power(void **state)
{
	struct rig rig;
	double worst = 0;

	(void)state;
	rig_create(&rig, 5, 64, 64);
	for (int i = 0; i < 300000; i++) {
		float x = oracle_from_bits(rig_random(&rig, 0x7f800000)), y, got;
		long double want;

		if (i % 2)
			x = 1.0f + (float)((int)rig_random(&rig, 2000000) - 1000000) * 0x1p-23f;
		y = i % 3 ? (float)((int)rig_random(&rig, 2000) - 1000) / 16 :
			    (float)((int)rig_random(&rig, 2000000) - 1000000) / 64;
		want = powl(x, y);
		if (!(want > FLT_MIN && want < FLT_MAX))
			continue;
		got = oracle_float_operation(PUMORI_ISA_ALU_POWER, x, y);
		worst = fmax(worst, (double)(fabsl(got - want) / ulp(want)));
	}
	print_message("power      %.3f ulp\n", worst);
	assert_true(worst <= 0.51);
	rig_destroy(&rig);
}

#define COLUMNS		2048u

static void test_set(void **state)
{
	static const uint32_t choices[] = { SILICON_KERNELS_GENERIC, SILICON_KERNELS_AVX2, SILICON_KERNELS_AVX512 };
	const unsigned int *set = *state;
	const struct silicon_kernels *kernels = silicon_kernels_select(choices[*set], rig_host());
	struct pumori_isa_instruction instruction = { .opcode = PUMORI_ISA_ACTIVATE };
	struct pumori_isa_compute *c = &instruction.compute;
	struct rig rig;
	uint8_t fault;

	if (!kernels) {
		print_message("# SKIP this host lacks the set's instructions\n");
		skip();
	}
	rig_create(&rig, 1, 2 * COLUMNS * 4, 64);
	c->out = (struct pumori_isa_operand){ .space = PUMORI_ISA_SBUF, .dtype = PUMORI_ISA_FP32, .partition_count = 128,
					      .partition_step = 1, .dims = 1, .count = { COLUMNS }, .step = { 1 } };
	c->in[0] = c->out;
	c->out.offset = COLUMNS * 4;
	c->compute = PUMORI_ISA_FP32;
	c->imm[0] = oracle_bits(0.2f);
	c->imm[1] = oracle_bits(0.5f);
	c->imm[2] = oracle_bits(1.0f);
	c->imm[3] = oracle_bits(-0.0f);
	for (unsigned int function = 0; function <= PUMORI_ISA_FUNCTION_COS; function++) {
		uint32_t first = function * 77;

		c->op0 = (uint8_t)function;
		assert_true(silicon_kernels_supports(instruction.opcode, c));
		/* All exponents: 2^32 patterns in 2^18 steps. */
		for (uint32_t p = 0; p < 128; p++)
			for (uint32_t i = 0; i < COLUMNS; i++) {
				uint32_t bits = first + (p * COLUMNS + i) * 16381u;

				memcpy(rig.sbuf + p * rig.sbuf_stride + 4 * i, &bits, 4);
			}
		rig_run(&rig, kernels, &instruction, ~0u, &fault);
		for (uint32_t p = 0; p < 128; p++)
			for (uint32_t i = 0; i < COLUMNS; i++) {
				uint32_t bits = first + (p * COLUMNS + i) * 16381u, got, want;
				float y = oracle_function((uint8_t)function, fmaf(oracle_from_bits(bits), 1.0f, -0.0f),
							  0.2f, 0.5f);

				want = isnan(y) ? 0x7fc00000 : oracle_bits(y);
				memcpy(&got, rig.sbuf + p * rig.sbuf_stride + COLUMNS * 4 + 4 * i, 4);
				if (got != want)
					fail_msg("function %u of 0x%08x is 0x%08x, not 0x%08x", function, bits, got, want);
			}
	}
	rig_destroy(&rig);
}

int main(void)
{
	static unsigned int sets[] = { 0, 1, 2 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_power),
		{ "sweep on generic", test_set, NULL, NULL, &sets[0] },
		{ "sweep on avx2", test_set, NULL, NULL, &sets[1] },
		{ "sweep on avx512", test_set, NULL, NULL, &sets[2] },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
