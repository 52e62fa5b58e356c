// SPDX-License-Identifier: MIT
/*
 * Random graphs of each primitive: what the compiled program computes on the chip must be what the
 * front end's evaluator computes. Each runs in fp32, in fp32 with every tensor in device memory, and
 * in bf16.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backend_bench.h"

#define ROUNDS 12

typedef void (*build_function)(struct bench_graph *bench);

static void run_all(build_function build, double fp32, double bf16, unsigned int rounds)
{
	const char *only = getenv("BENCH_SEED");

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		for (unsigned int mode = 0; mode < BENCH_MODES; mode++) {
			struct bench_graph bench;
			double tolerance = mode == BENCH_BFLOAT16 ? bf16 : fp32;

			if ((only && seed != strtoull(only, NULL, 0)) || tolerance < 0)
				continue;
			bench_begin(&bench, seed);
			build(&bench);
			if (getenv("BENCH_VERBOSE"))
				fprintf(stderr, "seed %llu mode %u\n", (unsigned long long)seed, mode);
			bench_finish(&bench, mode, tolerance, tolerance);
		}
	}
}

static int64_t pick(struct bench_graph *bench, const int64_t *values, size_t count)
{
	return values[bench_range(&bench->random, 0, count - 1)];
}

static struct pumori_tensor *unary(struct bench_graph *bench, struct pumori_tensor *x,
				   enum pumori_unary function, float alpha, float beta)
{
	union pumori_attributes attributes = { .unary = { function, alpha, beta } };

	return bench_node(bench, PUMORI_PRIMITIVE_UNARY, &attributes, &x, 1);
}

static struct pumori_tensor *binary(struct bench_graph *bench, struct pumori_tensor *a,
				    struct pumori_tensor *b, enum pumori_binary function)
{
	union pumori_attributes attributes = { .binary = { .function = function } };
	struct pumori_tensor *inputs[2] = { a, b };

	return bench_node(bench, PUMORI_PRIMITIVE_BINARY, &attributes, inputs, 2);
}

static void random_shape(struct bench_graph *bench, unsigned int rank, int64_t *shape)
{
	static const int64_t extents[] = { 1, 2, 3, 5, 7, 16, 31, 33 };

	for (unsigned int i = 0; i < rank; i++)
		shape[i] = pick(bench, extents, 8);
	if (bench_range(&bench->random, 0, 2) == 0)
		shape[bench_range(&bench->random, 0, rank - 1)] = bench_range(&bench->random, 120, 300);
}

/* --- elementwise -------------------------------------------------------------- */

static void build_binary(struct bench_graph *bench)
{
	static const enum pumori_binary functions[] = {
		PUMORI_BINARY_ADD, PUMORI_BINARY_SUBTRACT, PUMORI_BINARY_MULTIPLY,
		PUMORI_BINARY_MINIMUM, PUMORI_BINARY_MAXIMUM };
	unsigned int rank = bench_range(&bench->random, 1, 4);
	int64_t shape[4], other[4];
	struct pumori_tensor *a, *b, *c;

	random_shape(bench, rank, shape);
	memcpy(other, shape, sizeof(other));
	for (unsigned int i = 0; i < rank; i++)
		if (bench_range(&bench->random, 0, 2) == 0)
			other[i] = 1;
	a = bench_input(bench, PUMORI_ELEMENT_FLOAT32, rank, shape);
	b = bench_input(bench, PUMORI_ELEMENT_FLOAT32, rank, other);
	c = binary(bench, a, b, functions[bench_range(&bench->random, 0, 4)]);
	c = binary(bench, b, c, functions[bench_range(&bench->random, 0, 4)]);
	c = binary(bench, c, bench_constant(bench, 1, (int64_t[]){ 1 }, -2, 2),
		   functions[bench_range(&bench->random, 0, 4)]);
	c = binary(bench, bench_constant(bench, rank, other, -2, 2), c,
		   functions[bench_range(&bench->random, 0, 4)]);
	bench_output(bench, c);
}

static void test_binary(void **state)
{
	(void)state;
	run_all(build_binary, 1e-6, 0.06, 2 * ROUNDS);
}

static void build_integers(struct bench_graph *bench)
{
	static const enum pumori_element_type elements[] = {
		PUMORI_ELEMENT_INT32, PUMORI_ELEMENT_INT64, PUMORI_ELEMENT_INT32,
		PUMORI_ELEMENT_INT64, PUMORI_ELEMENT_INT16, PUMORI_ELEMENT_INT8 };
	enum pumori_element_type element = elements[bench_range(&bench->random, 0, 5)];
	unsigned int rank = bench_range(&bench->random, 1, 3);
	int64_t shape[4];
	struct pumori_tensor *a, *b, *c, *inputs[3];
	union pumori_attributes cast = { .cast = { PUMORI_ELEMENT_FLOAT32 } };

	bench->low = -50;
	bench->high = 50;
	random_shape(bench, rank, shape);
	a = bench_input(bench, element, rank, shape);
	b = bench_input(bench, element, rank, shape);
	c = binary(bench, a, b, PUMORI_BINARY_ADD);
	c = binary(bench, c, b, PUMORI_BINARY_DIVIDE);
	bench_output(bench, c);
	c = binary(bench, c, b, PUMORI_BINARY_MODULO);
	inputs[0] = binary(bench, a, c, PUMORI_BINARY_LESS);
	inputs[1] = unary(bench, c, PUMORI_UNARY_ABS, 0, 0);
	inputs[2] = unary(bench, b, PUMORI_UNARY_SIGN, 0, 0);
	c = bench_node(bench, PUMORI_PRIMITIVE_SELECT, NULL, inputs, 3);
	bench_output(bench, inputs[0]);
	bench_output(bench, c);
	c = bench_node(bench, PUMORI_PRIMITIVE_CAST, &cast, &c, 1);
	bench_output(bench, c);
	cast.cast.element = PUMORI_ELEMENT_INT32;
	c = binary(bench, c, bench_constant(bench, 1, (int64_t[]){ 1 }, 0.4f, 0.6f),
		   PUMORI_BINARY_MULTIPLY);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_CAST, &cast, &c, 1));
}

static void test_integers(void **state)
{
	(void)state;
	run_all(build_integers, 1e-6, -1, ROUNDS);
}

static enum pumori_unary unary_under_test;

static void build_unary(struct bench_graph *bench)
{
	int64_t shape[3] = { 3, 37, 61 };
	enum pumori_unary function = unary_under_test;

	if (function == PUMORI_UNARY_LOG || function == PUMORI_UNARY_SQRT ||
	    function == PUMORI_UNARY_RECIPROCAL)
		bench->low = 0.1f;
	if (function == PUMORI_UNARY_ACOSH)
		bench->low = 1.1f;
	if (function == PUMORI_UNARY_ASIN || function == PUMORI_UNARY_ACOS ||
	    function == PUMORI_UNARY_ATANH) {
		bench->low = -0.95f;
		bench->high = 0.95f;
	}
	if (function == PUMORI_UNARY_TAN) {
		bench->low = -1.4f;
		bench->high = 1.4f;
	}
	bench_output(bench, unary(bench, bench_input(bench, PUMORI_ELEMENT_FLOAT32, 3, shape),
				  function, 0.25f, 0.5f));
}

static void test_unary(void **state)
{
	(void)state;
	for (unary_under_test = 0; unary_under_test < PUMORI_UNARY_COUNT; unary_under_test++)
		if (unary_under_test != PUMORI_UNARY_NOT)
			run_all(build_unary, 1e-5, -1, 1);
}

/* --- convolutions and pools ------------------------------------------------------ */

static void random_window(struct bench_graph *bench, int64_t *kernel, int64_t *strides,
			  int64_t *pads, int64_t *dilations)
{
	for (unsigned int i = 0; i < 2; i++) {
		kernel[i] = bench_range(&bench->random, 1, 5);
		strides[i] = bench_range(&bench->random, 1, 3);
		dilations[i] = bench_range(&bench->random, 0, 3) ? 1 : 2;
		pads[i] = bench_range(&bench->random, 0, kernel[i] - 1);
		pads[2 + i] = bench_range(&bench->random, 0, kernel[i] - 1);
	}
}

static void random_activation(struct bench_graph *bench, struct pumori_activation *activation)
{
	static const struct pumori_activation choices[] = {
		{ PUMORI_UNARY_IDENTITY, 0, 0 }, { PUMORI_UNARY_RELU, 0, 0 },
		{ PUMORI_UNARY_CLAMP, -0.5f, 1 }, { PUMORI_UNARY_HARD_SWISH, 1.0f / 6, 0.5f },
		{ PUMORI_UNARY_HARD_SIGMOID, 0.2f, 0.5f }, { PUMORI_UNARY_LINEAR, 2, 0.5f },
		{ PUMORI_UNARY_ELU, 1, 0 }, { PUMORI_UNARY_SILU, 0, 0 } };

	*activation = choices[bench_range(&bench->random, 0, 7)];
}

/* Convolution of @x; @groups: 0 depthwise. */
static struct pumori_tensor *conv(struct bench_graph *bench, struct pumori_tensor *x,
				  int64_t outputs, int64_t groups, bool point)
{
	union pumori_attributes attributes = { 0 };
	int64_t channels = x->type.shape[1], kernel[2], shape[4];
	struct pumori_tensor *inputs[3];
	float bound;

	random_window(bench, kernel, attributes.conv2d.strides, attributes.conv2d.pads,
		      attributes.conv2d.dilations);
	if (point) {
		memset(&attributes, 0, sizeof(attributes));
		for (unsigned int i = 0; i < 2; i++)
			kernel[i] = attributes.conv2d.strides[i] = attributes.conv2d.dilations[i] = 1;
	}
	if (!groups)
		outputs = groups = channels;
	attributes.conv2d.groups = groups;
	random_activation(bench, &attributes.conv2d.activation);
	shape[0] = outputs;
	shape[1] = channels / groups;
	shape[2] = kernel[0];
	shape[3] = kernel[1];
	bound = 1.5f / sqrtf((float)(shape[1] * shape[2] * shape[3]));
	inputs[0] = x;
	inputs[1] = bench_constant(bench, 4, shape, -bound, bound);
	inputs[2] = bench_constant(bench, 1, &outputs, -0.5f, 0.5f);
	return bench_node(bench, PUMORI_PRIMITIVE_CONV2D, &attributes, inputs,
			  bench_range(&bench->random, 0, 3) ? 3 : 2);
}

static struct pumori_tensor *image(struct bench_graph *bench, int64_t channels)
{
	int64_t shape[4] = { bench_range(&bench->random, 0, 3) ? 1 : 2, channels,
			     bench_range(&bench->random, 9, 30), bench_range(&bench->random, 9, 40) };

	return bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape);
}

static void build_conv(struct bench_graph *bench)
{
	static const int64_t channels[] = { 1, 3, 5, 16, 24, 129, 200 };
	static const int64_t outputs[] = { 1, 7, 16, 130, 64, 200 };

	bench_output(bench, conv(bench, image(bench, pick(bench, channels, 7)),
				 pick(bench, outputs, 6), 1, false));
}

static void test_conv(void **state)
{
	(void)state;
	run_all(build_conv, 1e-4, 0.04, 2 * ROUNDS);
}

static void build_point(struct bench_graph *bench)
{
	static const int64_t channels[] = { 1, 8, 100, 128, 129, 300 };
	struct pumori_tensor *x = image(bench, pick(bench, channels, 6));

	x = conv(bench, x, pick(bench, channels, 6), 1, true);
	bench_output(bench, conv(bench, x, pick(bench, channels, 6), 1, true));
}

static void test_point(void **state)
{
	(void)state;
	run_all(build_point, 1e-4, 0.1, ROUNDS);
}

static void build_depthwise(struct bench_graph *bench)
{
	static const int64_t channels[] = { 2, 8, 100, 128, 129, 300 };

	bench_output(bench, conv(bench, image(bench, pick(bench, channels, 6)), 0, 0, false));
}

static void test_depthwise(void **state)
{
	(void)state;
	run_all(build_depthwise, 1e-4, 0.04, 2 * ROUNDS);
}

static void build_grouped(struct bench_graph *bench)
{
	static const int64_t groups[] = { 2, 3, 4, 7 };
	int64_t g = pick(bench, groups, 4), depth = bench_range(&bench->random, 1, 50);

	bench_output(bench, conv(bench, image(bench, g * depth),
				 g * bench_range(&bench->random, 1, 40), g, false));
}

static void test_grouped(void **state)
{
	(void)state;
	run_all(build_grouped, 1e-4, 0.04, ROUNDS);
}

/* Several maps with different margins, and a residual. */
static void build_network(struct bench_graph *bench)
{
	struct pumori_tensor *x = image(bench, 3), *y;
	union pumori_attributes mean = { .reduce = { PUMORI_REDUCTION_MEAN, 0xc } };

	x = conv(bench, x, 24, 1, false);
	y = conv(bench, x, 0, 0, false);
	y = conv(bench, y, 40, 1, true);
	x = conv(bench, x, 8, 1, false);
	bench_output(bench, x);
	x = bench_node(bench, PUMORI_PRIMITIVE_REDUCE, &mean, &y, 1);
	x = conv(bench, x, 10, 1, true);
	x = conv(bench, x, 40, 1, true);
	y = binary(bench, y, x, PUMORI_BINARY_MULTIPLY);
	bench_output(bench, y);
}

static void test_network(void **state)
{
	(void)state;
	run_all(build_network, 1e-4, 0.2, ROUNDS);
}

static void build_large_map(struct bench_graph *bench)
{
	int64_t shape[4] = { 1, 2, 220, 700 };
	struct pumori_tensor *x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape);

	x = conv(bench, x, 6, 1, false);
	bench_output(bench, conv(bench, x, 0, 0, false));
}

static void test_large_map(void **state)
{
	(void)state;
	run_all(build_large_map, 1e-4, 0.06, 2);
}

static void build_pool(struct bench_graph *bench)
{
	static const int64_t channels[] = { 1, 5, 128, 150 };
	struct pumori_tensor *x = image(bench, pick(bench, channels, 4));
	union pumori_attributes attributes = { 0 };

	random_window(bench, attributes.pool2d.kernel, attributes.pool2d.strides,
		      attributes.pool2d.pads, attributes.pool2d.dilations);
	attributes.pool2d.function = bench_range(&bench->random, 0, 1) ? PUMORI_REDUCTION_MAX :
									 PUMORI_REDUCTION_MEAN;
	attributes.pool2d.count_include_pad = bench_range(&bench->random, 0, 1);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_POOL2D, &attributes, &x, 1));
}

static void test_pool(void **state)
{
	(void)state;
	run_all(build_pool, 1e-5, 0.03, 2 * ROUNDS);
}

/* --- matrices ------------------------------------------------------------------------ */

static void build_matmul(struct bench_graph *bench)
{
	static const int64_t extents[] = { 1, 2, 17, 64, 128, 129, 260, 600 };
	int64_t m = pick(bench, extents, 8), n = pick(bench, extents, 8), k = pick(bench, extents, 8);
	int64_t batch = bench_range(&bench->random, 1, 3);
	union pumori_attributes attributes = { 0 };
	bool ta = bench_range(&bench->random, 0, 1), tb = bench_range(&bench->random, 0, 1);
	int64_t a[3] = { batch, ta ? k : m, ta ? m : k };
	int64_t b[3] = { bench_range(&bench->random, 0, 1) ? batch : 1, tb ? n : k, tb ? k : n };
	struct pumori_tensor *inputs[3];
	unsigned int constant = bench_range(&bench->random, 0, 2);
	float bound = 2.0f / sqrtf((float)k);

	attributes.matmul.transpose_a = ta;
	attributes.matmul.transpose_b = tb;
	attributes.matmul.scale = bench_range(&bench->random, 0, 1) ? 1.0f : 0.5f;
	random_activation(bench, &attributes.matmul.activation);
	inputs[0] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 3, a);
	inputs[1] = constant ? bench_constant(bench, 3, b, -bound, bound) :
			       bench_input(bench, PUMORI_ELEMENT_FLOAT32, 3, b);
	if (!constant) {
		union pumori_attributes linear = { .unary = { PUMORI_UNARY_LINEAR, bound / 2, 0 } };

		inputs[1] = bench_node(bench, PUMORI_PRIMITIVE_UNARY, &linear, &inputs[1], 1);
	}
	inputs[2] = bench_constant(bench, 1, &n, -1, 1);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &attributes, inputs,
				       bench_range(&bench->random, 0, 1) ? 3 : 2));
}

static void test_matmul(void **state)
{
	(void)state;
	run_all(build_matmul, 1e-4, 0.06, 3 * ROUNDS);
}

/* Scaled dot-product attention from one projection, as transformers write it. */
static void build_attention(struct bench_graph *bench)
{
	int64_t tokens = bench_range(&bench->random, 5, 150), heads = bench_range(&bench->random, 1, 4);
	int64_t depth = bench_range(&bench->random, 3, 40), width = heads * depth;
	int64_t shape[3] = { 1, tokens, width }, weights[2] = { width, 3 * width };
	struct pumori_tensor *x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 3, shape), *part[3];
	union pumori_attributes a = { .matmul = { .scale = 1 } };
	struct pumori_tensor *inputs[3];

	inputs[0] = x;
	inputs[1] = bench_constant(bench, 2, weights, -0.2f, 0.2f);
	x = bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &a, inputs, 2);
	a = (union pumori_attributes){ .reshape = { 5, { 1, tokens, 3, heads, depth } } };
	x = bench_node(bench, PUMORI_PRIMITIVE_RESHAPE, &a, &x, 1);
	a = (union pumori_attributes){ .transpose = { { 2, 0, 3, 1, 4 } } };
	x = bench_node(bench, PUMORI_PRIMITIVE_TRANSPOSE, &a, &x, 1);
	for (int i = 0; i < 3; i++) {
		a = (union pumori_attributes){ .slice = { .starts = { i },
							  .steps = { 1, 1, 1, 1, 1 },
							  .extents = { 1, 1, heads, tokens, depth } } };
		part[i] = bench_node(bench, PUMORI_PRIMITIVE_SLICE, &a, &x, 1);
		a = (union pumori_attributes){ .reshape = { 4, { 1, heads, tokens, depth } } };
		part[i] = bench_node(bench, PUMORI_PRIMITIVE_RESHAPE, &a, &part[i], 1);
	}
	a = (union pumori_attributes){ .matmul = { .scale = 0.3f, .transpose_b = true } };
	inputs[0] = part[0];
	inputs[1] = part[1];
	x = bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &a, inputs, 2);
	a = (union pumori_attributes){ .softmax = { .axis = 3 } };
	x = bench_node(bench, PUMORI_PRIMITIVE_SOFTMAX, &a, &x, 1);
	a = (union pumori_attributes){ .matmul = { .scale = 1 } };
	inputs[0] = x;
	inputs[1] = part[2];
	x = bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &a, inputs, 2);
	a = (union pumori_attributes){ .transpose = { { 0, 2, 1, 3 } } };
	x = bench_node(bench, PUMORI_PRIMITIVE_TRANSPOSE, &a, &x, 1);
	a = (union pumori_attributes){ .reshape = { 3, { 1, tokens, width } } };
	x = bench_node(bench, PUMORI_PRIMITIVE_RESHAPE, &a, &x, 1);
	a = (union pumori_attributes){ .layer_norm = { .axis = 2, .epsilon = 1e-5f } };
	inputs[0] = x;
	inputs[1] = bench_constant(bench, 1, &width, 0.5f, 1.5f);
	inputs[2] = bench_constant(bench, 1, &width, -0.5f, 0.5f);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_LAYER_NORM, &a, inputs, 3));
}

static void test_attention(void **state)
{
	(void)state;
	run_all(build_attention, 1e-3, 0.3, ROUNDS);
}

/* --- statistics ------------------------------------------------------------------------ */

static void build_reduce(struct bench_graph *bench)
{
	unsigned int rank = bench_range(&bench->random, 1, 4);
	union pumori_attributes attributes = { 0 };
	int64_t shape[4];
	struct pumori_tensor *x;

	random_shape(bench, rank, shape);
	x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, rank, shape);
	attributes.reduce.function = bench_range(&bench->random, 0, PUMORI_REDUCTION_COUNT - 1);
	if (attributes.reduce.function == PUMORI_REDUCTION_PRODUCT) {
		bench->low = 0.95f;
		bench->high = 1.05f;
	}
	attributes.reduce.axes = bench_range(&bench->random, 1, (1 << rank) - 1);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_REDUCE, &attributes, &x, 1));
}

static void test_reduce(void **state)
{
	(void)state;
	run_all(build_reduce, 1e-3, -1, 3 * ROUNDS);
}

static void build_rows(struct bench_graph *bench)
{
	unsigned int rank = bench_range(&bench->random, 1, 4), axis;
	union pumori_attributes a = { 0 };
	int64_t shape[4];
	struct pumori_tensor *x, *y;

	random_shape(bench, rank, shape);
	axis = bench_range(&bench->random, 0, rank - 1);
	x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, rank, shape);
	a.softmax.axis = axis;
	a.softmax.logarithm = bench_range(&bench->random, 0, 1);
	y = bench_node(bench, PUMORI_PRIMITIVE_SOFTMAX, &a, &x, 1);
	bench_output(bench, y);
	/* Normalisation over everything would be one row. */
	a = (union pumori_attributes){ .layer_norm = { .axis = rank > 1 && !axis ? 1 : axis,
						       .epsilon = 1e-3f } };
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_LAYER_NORM, &a, &x, 1));
	a = (union pumori_attributes){ .cumulative_sum = {
		axis, bench_range(&bench->random, 0, 1), bench_range(&bench->random, 0, 1) } };
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_CUMULATIVE_SUM, &a, &x, 1));
	a = (union pumori_attributes){ .arg_reduce = {
		axis, bench_range(&bench->random, 0, 1), bench_range(&bench->random, 0, 1) } };
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_ARG_REDUCE, &a, &x, 1));
}

static void test_rows(void **state)
{
	(void)state;
	run_all(build_rows, 1e-3, -1, 2 * ROUNDS);
}

/* --- movement ---------------------------------------------------------------------------- */

static void build_moves(struct bench_graph *bench)
{
	int64_t shape[4], t;
	unsigned int axis, order[4] = { 0, 1, 2, 3 };
	union pumori_attributes a = { 0 };
	struct pumori_tensor *x, *y, *inputs[2];

	random_shape(bench, 4, shape);
	x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape);
	x = unary(bench, x, PUMORI_UNARY_LINEAR, 2, 1);
	for (unsigned int i = 4; i > 1; i--) {
		unsigned int j = bench_range(&bench->random, 0, i - 1), o = order[j];

		order[j] = order[i - 1];
		order[i - 1] = o;
	}
	memcpy(a.transpose.permutation, order, sizeof(order));
	y = bench_node(bench, PUMORI_PRIMITIVE_TRANSPOSE, &a, &x, 1);
	y = unary(bench, y, PUMORI_UNARY_NEGATE, 0, 0);
	axis = bench_range(&bench->random, 0, 3);
	memset(&a, 0, sizeof(a));
	for (unsigned int i = 0; i < 4; i++) {
		t = y->type.shape[i];
		a.slice.steps[i] = bench_range(&bench->random, 0, 3) ? 1 : -1;
		a.slice.extents[i] = bench_range(&bench->random, 1, t);
		a.slice.starts[i] = a.slice.steps[i] == 1 ? t - a.slice.extents[i] : t - 1;
	}
	inputs[0] = bench_node(bench, PUMORI_PRIMITIVE_SLICE, &a, &y, 1);
	inputs[1] = unary(bench, inputs[0], PUMORI_UNARY_ABS, 0, 0);
	a = (union pumori_attributes){ .concat = { axis } };
	y = bench_node(bench, PUMORI_PRIMITIVE_CONCAT, &a, inputs, 2);
	memset(&a, 0, sizeof(a));
	a.pad.mode = bench_range(&bench->random, 0, 2);
	for (unsigned int i = 0; i < 4; i++) {
		int64_t limit = a.pad.mode == PUMORI_PAD_REFLECT ? y->type.shape[i] - 1 : 3;

		a.pad.before[i] = bench_range(&bench->random, 0, limit < 3 ? limit : 3);
		a.pad.after[i] = bench_range(&bench->random, 0, limit < 3 ? limit : 3);
	}
	a.pad.value = 1.5;
	y = bench_node(bench, PUMORI_PRIMITIVE_PAD, &a, &y, 1);
	a = (union pumori_attributes){ .reshape = { 3, { y->type.shape[0] * y->type.shape[1],
							 y->type.shape[3], y->type.shape[2] } } };
	y = bench_node(bench, PUMORI_PRIMITIVE_RESHAPE, &a, &y, 1);
	bench_output(bench, y);
	a = (union pumori_attributes){ .expand = { 4, { 3, y->type.shape[0], y->type.shape[1],
							y->type.shape[2] } } };
	y = bench_node(bench, PUMORI_PRIMITIVE_EXPAND, &a, &y, 1);
	bench_output(bench, unary(bench, y, PUMORI_UNARY_NEGATE, 0, 0));
}

static void test_moves(void **state)
{
	(void)state;
	run_all(build_moves, 1e-6, 0.03, 3 * ROUNDS);
}

static struct pumori_tensor *reshape(struct bench_graph *bench, struct pumori_tensor *x,
				     unsigned int rank, const int64_t *shape)
{
	union pumori_attributes attributes = { .reshape = { rank } };

	memcpy(attributes.reshape.shape, shape, rank * sizeof(*shape));
	return bench_node(bench, PUMORI_PRIMITIVE_RESHAPE, &attributes, &x, 1);
}

/* Channels that become neighbouring elements of a larger map, then every element twice. */
static void build_interleaved(struct bench_graph *bench)
{
	static const unsigned int order[] = { 0, 1, 4, 2, 5, 3 };
	int64_t channels = bench_range(&bench->random, 1, 70), height = bench_range(&bench->random, 9, 20);
	int64_t width = bench_range(&bench->random, 9, 20);
	int64_t shape[] = { 1, 4 * channels, height, width }, split[] = { 1, channels, 2, 2, height, width };
	int64_t merged[] = { 1, channels, 2 * height, 2 * width };
	int64_t once[] = { 1, channels, 2 * height, 1, 2 * width, 1 };
	int64_t twice[] = { 1, channels, 2 * height, 2, 2 * width, 2 };
	int64_t result[] = { 1, channels, 4 * height, 4 * width };
	union pumori_attributes transpose = { 0 }, expand = { .expand = { 6 } };
	struct pumori_tensor *x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape);

	memcpy(transpose.transpose.permutation, order, sizeof(order));
	memcpy(expand.expand.shape, twice, sizeof(twice));
	x = reshape(bench, x, 6, split);
	x = bench_node(bench, PUMORI_PRIMITIVE_TRANSPOSE, &transpose, &x, 1);
	x = reshape(bench, reshape(bench, x, 4, merged), 6, once);
	x = bench_node(bench, PUMORI_PRIMITIVE_EXPAND, &expand, &x, 1);
	bench_output(bench, reshape(bench, x, 4, result));
}

static void test_interleaved(void **state)
{
	(void)state;
	run_all(build_interleaved, 1e-6, 0.03, ROUNDS / 4 + 1);
}

static void build_gather(struct bench_graph *bench)
{
	unsigned int rank = bench_range(&bench->random, 1, 3), axis = bench_range(&bench->random, 0, rank - 1);
	int64_t shape[4], count[2] = { bench_range(&bench->random, 1, 5), bench_range(&bench->random, 1, 40) };
	union pumori_attributes a = { .gather = { axis } };
	struct pumori_tensor *inputs[2];

	random_shape(bench, rank, shape);
	shape[axis] = 7;
	bench->low = -7;
	bench->high = 6.9f;
	inputs[0] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, rank, shape);
	inputs[1] = bench_input(bench, PUMORI_ELEMENT_INT64, 2, count);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_GATHER, &a, inputs, 2));
}

static void test_gather(void **state)
{
	(void)state;
	run_all(build_gather, 0, -1, ROUNDS);
}

/* Indices within one axis of a table that is larger along the others. */
static void build_elements(struct bench_graph *bench)
{
	unsigned int rank = bench_range(&bench->random, 1, 3), axis = bench_range(&bench->random, 0, rank - 1);
	union pumori_attributes gather = { .gather_elements = { axis } };
	union pumori_attributes scatter = { .scatter_elements = { axis, PUMORI_SCATTER_ADD } };
	int64_t shape[4], count[4];
	struct pumori_tensor *inputs[3];

	random_shape(bench, rank, shape);
	shape[axis] = 7;
	for (unsigned int i = 0; i < rank; i++)
		count[i] = i == axis ? bench_range(&bench->random, 1, 40) :
				       bench_range(&bench->random, 1, shape[i]);
	bench->low = -7;
	bench->high = 6.9f;
	inputs[0] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, rank, shape);
	inputs[1] = bench_input(bench, PUMORI_ELEMENT_INT64, rank, count);
	inputs[2] = bench_node(bench, PUMORI_PRIMITIVE_GATHER_ELEMENTS, &gather, inputs, 2);
	bench_output(bench, inputs[2]);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_SCATTER_ELEMENTS, &scatter, inputs, 3));
	scatter.scatter_elements.mode = PUMORI_SCATTER_REPLACE;
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_SCATTER_ELEMENTS, &scatter, inputs, 3));
}

static void test_elements(void **state)
{
	(void)state;
	run_all(build_elements, 1e-5, -1, ROUNDS);
}

/* Tuples of the data's own making: floors of a small range, so that they repeat. */
static void build_tuples(struct bench_graph *bench)
{
	int64_t shape[4] = { bench_range(&bench->random, 3, 9), bench_range(&bench->random, 3, 9),
			     bench_range(&bench->random, 3, 9), bench_range(&bench->random, 1, 20) };
	int64_t count[2] = { bench_range(&bench->random, 1, 700), bench_range(&bench->random, 1, 3) };
	union pumori_attributes gather = { .gather_nd = { 0 } };
	union pumori_attributes scatter = { .scatter_nd = { 0, PUMORI_SCATTER_REPLACE } };
	struct pumori_tensor *inputs[3];

	bench->low = -3;
	bench->high = 2.9f;
	inputs[0] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape);
	inputs[1] = bench_input(bench, bench_range(&bench->random, 0, 1) ? PUMORI_ELEMENT_INT64 :
									   PUMORI_ELEMENT_INT32,
				2, count);
	inputs[2] = bench_node(bench, PUMORI_PRIMITIVE_GATHER_ND, &gather, inputs, 2);
	bench_output(bench, inputs[2]);
	inputs[2] = unary(bench, inputs[2], PUMORI_UNARY_NEGATE, 0, 0);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_SCATTER_ND, &scatter, inputs, 3));
}

static void test_tuples(void **state)
{
	(void)state;
	run_all(build_tuples, 0, -1, ROUNDS);
}

/* Everything about a convolution arrives at run time. */
static void build_dynamic_conv(struct bench_graph *bench)
{
	union pumori_attributes attributes = { 0 };
	int64_t kernel[2], groups = bench_range(&bench->random, 1, 3), depth, outputs, shape[4];
	struct pumori_tensor *inputs[3];

	depth = bench_range(&bench->random, 1, 60);
	outputs = groups * bench_range(&bench->random, 1, 60);
	if (!bench_range(&bench->random, 0, 2)) {
		depth = 1;
		outputs = groups;
	}
	bench->low = -0.5f;
	bench->high = 0.5f;
	random_window(bench, kernel, attributes.conv2d.strides, attributes.conv2d.pads,
		      attributes.conv2d.dilations);
	attributes.conv2d.groups = groups;
	random_activation(bench, &attributes.conv2d.activation);
	inputs[0] = image(bench, groups * depth);
	shape[0] = outputs;
	shape[1] = depth;
	shape[2] = kernel[0];
	shape[3] = kernel[1];
	inputs[1] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape);
	inputs[2] = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 1, &outputs);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_CONV2D, &attributes, inputs,
				       bench_range(&bench->random, 2, 3)));
}

static void test_dynamic_conv(void **state)
{
	(void)state;
	run_all(build_dynamic_conv, 1e-4, 0.1, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_binary), cmocka_unit_test(test_integers),
		cmocka_unit_test(test_unary), cmocka_unit_test(test_conv),
		cmocka_unit_test(test_point), cmocka_unit_test(test_depthwise),
		cmocka_unit_test(test_grouped), cmocka_unit_test(test_network),
		cmocka_unit_test(test_large_map), cmocka_unit_test(test_pool),
		cmocka_unit_test(test_matmul), cmocka_unit_test(test_attention),
		cmocka_unit_test(test_reduce), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_moves), cmocka_unit_test(test_interleaved),
		cmocka_unit_test(test_gather),
		cmocka_unit_test(test_elements), cmocka_unit_test(test_tuples),
		cmocka_unit_test(test_dynamic_conv),
	};

	if (getenv("BENCH_TEST"))
		cmocka_set_test_filter(getenv("BENCH_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
