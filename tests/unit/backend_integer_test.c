// SPDX-License-Identifier: MIT
/*
 * Products and convolutions of bytes, in all mixtures of signs, and quantisation: exact whatever
 * the layout, equal to the evaluator's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend_bench.h"

#define ROUNDS 16

static enum pumori_element_type byte_type(struct bench_graph *bench)
{
	return bench_range(&bench->random, 0, 1) ? PUMORI_ELEMENT_INT8 : PUMORI_ELEMENT_UINT8;
}

/* Bytes of all values, constant or an input. */
static struct pumori_tensor *bytes(struct bench_graph *bench, bool constant, unsigned int rank,
				   const int64_t *shape)
{
	struct pumori_tensor_type type = { .element = byte_type(bench), .rank = rank };
	struct pumori_tensor *tensor;

	if (!constant)
		return bench_input(bench, type.element, rank, shape);
	memcpy(type.shape, shape, rank * sizeof(*shape));
	tensor = pumori_graph_add_constant(bench->graph, NULL, &type, NULL);
	assert_non_null(tensor);
	for (int64_t i = 0; i < pumori_type_elements(&type); i++)
		((uint8_t *)tensor->data)[i] = (uint8_t)bench_next(&bench->random);
	return tensor;
}

/* With a tolerance there are floats, which bf16 would round before they are used. */
static void run_all(void (*build)(struct bench_graph *bench), double tolerance)
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		for (unsigned int mode = 0; mode < BENCH_MODES; mode++) {
			struct bench_graph bench;

			if (tolerance > 0 && mode == BENCH_BFLOAT16)
				continue;
			bench_begin(&bench, seed);
			bench.low = -128;
			bench.high = 255;
			build(&bench);
			bench_finish(&bench, mode, tolerance, tolerance);
		}
	}
}

static void build_matmul(struct bench_graph *bench)
{
	static const int64_t extents[] = { 1, 3, 17, 64, 128, 131, 600 };
	int64_t m = extents[bench_range(&bench->random, 0, 6)];
	int64_t n = extents[bench_range(&bench->random, 0, 6)];
	int64_t k = extents[bench_range(&bench->random, 0, 6)];
	bool ta = bench_range(&bench->random, 0, 1), tb = bench_range(&bench->random, 0, 1);
	int64_t a[3] = { bench_range(&bench->random, 1, 2), ta ? k : m, ta ? m : k };
	int64_t b[2] = { tb ? n : k, tb ? k : n };
	union pumori_attributes attributes = {
		.matmul = { .transpose_a = ta, .transpose_b = tb, .scale = 1 } };
	struct pumori_tensor *inputs[2];

	inputs[0] = bytes(bench, false, 3, a);
	inputs[1] = bytes(bench, bench_range(&bench->random, 0, 2), 2, b);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &attributes, inputs, 2));
}

static void test_matmul(void **state)
{
	(void)state;
	run_all(build_matmul, 0);
}

static void build_conv(struct bench_graph *bench)
{
	static const int64_t depths[] = { 1, 3, 16, 130 };
	int64_t groups = bench_range(&bench->random, 0, 2) ? 1 : bench_range(&bench->random, 2, 3);
	int64_t depth = depths[bench_range(&bench->random, 0, 3)];
	int64_t image[4] = { bench_range(&bench->random, 1, 2), groups * depth,
			     bench_range(&bench->random, 9, 20), bench_range(&bench->random, 9, 20) };
	int64_t weight[4] = { groups * bench_range(&bench->random, 1, 70), depth };
	union pumori_attributes attributes = { .conv2d = { .groups = groups } };
	struct pumori_tensor *inputs[2];

	if (!bench_range(&bench->random, 0, 3)) {
		/* Depthwise. */
		image[1] = weight[0] = attributes.conv2d.groups = groups * depth;
		weight[1] = 1;
	}
	for (unsigned int i = 0; i < 2; i++) {
		weight[2 + i] = bench_range(&bench->random, 1, 4);
		attributes.conv2d.strides[i] = bench_range(&bench->random, 1, 2);
		attributes.conv2d.dilations[i] = bench_range(&bench->random, 0, 3) ? 1 : 2;
		attributes.conv2d.pads[i] = bench_range(&bench->random, 0, weight[2 + i] - 1);
		attributes.conv2d.pads[2 + i] = bench_range(&bench->random, 0, weight[2 + i] - 1);
	}
	inputs[0] = bytes(bench, false, 4, image);
	inputs[1] = bytes(bench, bench_range(&bench->random, 0, 2), 4, weight);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_CONV2D, &attributes, inputs, 2));
}

static void test_conv(void **state)
{
	(void)state;
	run_all(build_conv, 0);
}

/* Sums that leave as floats, with a factor and a bias of the data's own. */
static void build_scaled(struct bench_graph *bench)
{
	int64_t m = bench_range(&bench->random, 1, 200), n = bench_range(&bench->random, 1, 1100);
	int64_t k = bench_range(&bench->random, 1, 300), one = 1;
	int64_t a[2] = { m, k }, b[2] = { k, n };
	union pumori_attributes linear = { .unary = { PUMORI_UNARY_LINEAR, 1e-5f, 1e-3f } };
	union pumori_attributes attributes = { .matmul = { .scale = 1 } };
	struct pumori_tensor *inputs[4];

	if (bench_range(&bench->random, 0, 1))
		attributes.matmul.activation.function = PUMORI_UNARY_RELU;
	inputs[0] = bytes(bench, false, 2, a);
	inputs[1] = bytes(bench, true, 2, b);
	inputs[2] = bench_range(&bench->random, 0, 1) ? bench_constant(bench, 1, &n, -50, 50) :
			    bench_input(bench, PUMORI_ELEMENT_FLOAT32, 1, &n);
	inputs[3] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 1, &one);
	inputs[3] = bench_node(bench, PUMORI_PRIMITIVE_UNARY, &linear, &inputs[3], 1);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &attributes, inputs, 4));
}

static void test_scaled(void **state)
{
	(void)state;
	run_all(build_scaled, 1e-4);
}

/* Scales and zero points that are constant, one an axis or one for all, or come from the data. */
static void build_quantize(struct bench_graph *bench)
{
	int64_t shape[3] = { bench_range(&bench->random, 1, 3), bench_range(&bench->random, 1, 140),
			     bench_range(&bench->random, 1, 90) };
	bool sums = bench_range(&bench->random, 0, 1), constant = sums || bench_range(&bench->random, 0, 1);
	unsigned int axis = bench_range(&bench->random, 0, 3);
	int64_t along[3] = { axis == 0 ? shape[0] : 1, axis == 1 ? shape[1] : 1,
			     axis == 2 ? shape[2] : 1 };
	union pumori_attributes cast = { .cast = { PUMORI_ELEMENT_INT32 } }, attributes = {
		.quantize = { .element = byte_type(bench), .multiply = bench_range(&bench->random, 0, 1) } };
	struct pumori_tensor *inputs[3], *zero;

	inputs[0] = bench_input(bench, sums ? PUMORI_ELEMENT_INT32 : PUMORI_ELEMENT_FLOAT32, 3, shape);
	inputs[1] = bench_constant(bench, 3, along, 0.5f, 2.0f);
	zero = pumori_graph_add_scalar(bench->graph, PUMORI_ELEMENT_INT32,
				       (double)bench_range(&bench->random, 0, 100));
	if (!constant) {
		union pumori_attributes linear = { .unary = { PUMORI_UNARY_LINEAR, 0.001f, 1.5f } };

		/* 1.5 and a little, of the data's own. */
		inputs[1] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 3, along);
		inputs[1] = bench_node(bench, PUMORI_PRIMITIVE_UNARY, &linear, &inputs[1], 1);
		zero = bench_input(bench, attributes.quantize.element, 3, along);
		zero = bench_node(bench, PUMORI_PRIMITIVE_CAST, &cast, &zero, 1);
	}
	inputs[2] = zero;
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_QUANTIZE, &attributes, inputs, 3));
}

static void test_quantize(void **state)
{
	(void)state;
	run_all(build_quantize, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matmul),
		cmocka_unit_test(test_conv),
		cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_quantize),
	};

	return cmocka_run_group_tests_name("back end, integers", tests, NULL, NULL);
}
