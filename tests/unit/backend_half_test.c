// SPDX-License-Identifier: MIT
/*
 * Graphs of float16, as models are exported at half size: what runs on the chip must agree with the
 * evaluator, which computes in float32 and rounds every tensor.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../tools/compiler/element.h"
#include "backend_bench.h"

#define ROUNDS 8

static struct pumori_tensor *half(struct bench_graph *bench, struct pumori_tensor *x)
{
	union pumori_attributes attributes = { .cast = { PUMORI_ELEMENT_FLOAT16 } };

	return bench_node(bench, PUMORI_PRIMITIVE_CAST, &attributes, &x, 1);
}

static struct pumori_tensor *half_constant(struct bench_graph *bench, unsigned int rank,
					   const int64_t *shape, float bound)
{
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_FLOAT16, .rank = rank };
	struct pumori_tensor *tensor;

	memcpy(type.shape, shape, rank * sizeof(*shape));
	tensor = pumori_graph_add_constant(bench->graph, NULL, &type, NULL);
	assert_non_null(tensor);
	for (int64_t i = 0; i < pumori_type_elements(&type); i++)
		pumori_store_value(type.element, tensor->data, i,
				   bench_float(&bench->random, -bound, bound));
	return tensor;
}

static void run_all(void (*build)(struct bench_graph *bench))
{
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		for (unsigned int mode = 0; mode < BENCH_MODES; mode++) {
			struct bench_graph bench;

			bench_begin(&bench, seed);
			build(&bench);
			bench_finish(&bench, mode, mode == BENCH_BFLOAT16 ? 0.05 : 0.01, 0.01);
		}
	}
}

static void build_attention(struct bench_graph *bench)
{
	int64_t tokens = bench_range(&bench->random, 3, 140), width = bench_range(&bench->random, 8, 150);
	int64_t shape[2] = { tokens, width }, square[2] = { width, width };
	union pumori_attributes product = { .matmul = { .scale = 1 } };
	union pumori_attributes turned = { .matmul = { .scale = 0.2f, .transpose_b = true } };
	union pumori_attributes softmax = { .softmax = { .axis = 1 } };
	union pumori_attributes add = { .binary = { .function = PUMORI_BINARY_ADD } };
	float bound = 1.0f / sqrtf((float)width);
	struct pumori_tensor *x = half(bench, bench_input(bench, PUMORI_ELEMENT_FLOAT32, 2, shape));
	struct pumori_tensor *part[3], *inputs[3];

	for (int i = 0; i < 3; i++) {
		inputs[0] = x;
		inputs[1] = half_constant(bench, 2, square, bound);
		inputs[2] = half_constant(bench, 1, &width, 0.1f);
		part[i] = bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &product, inputs, 3);
	}
	part[0] = bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &turned, part, 2);
	inputs[0] = bench_node(bench, PUMORI_PRIMITIVE_SOFTMAX, &softmax, part, 1);
	inputs[1] = part[2];
	inputs[0] = bench_node(bench, PUMORI_PRIMITIVE_MATMUL, &product, inputs, 2);
	inputs[1] = x;
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_BINARY, &add, inputs, 2));
}

static void test_attention(void **state)
{
	(void)state;
	run_all(build_attention);
}

static void build_convolution(struct bench_graph *bench)
{
	int64_t channels = bench_range(&bench->random, 1, 40), outputs = bench_range(&bench->random, 1, 40);
	int64_t image[4] = { 1, channels, bench_range(&bench->random, 6, 20),
			     bench_range(&bench->random, 6, 20) };
	int64_t weight[4] = { outputs, channels, 3, 3 }, depthwise[4] = { outputs, 1, 3, 3 };
	union pumori_attributes conv = { .conv2d = { .strides = { 1, 1 }, .pads = { 1, 1, 1, 1 },
						     .dilations = { 1, 1 }, .groups = 1,
						     .activation = { PUMORI_UNARY_RELU, 0, 0 } } };
	union pumori_attributes pool = { .pool2d = { .function = PUMORI_REDUCTION_MAX, .kernel = { 2, 2 },
						     .strides = { 2, 2 }, .dilations = { 1, 1 } } };
	struct pumori_tensor *inputs[3];

	inputs[0] = half(bench, bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, image));
	inputs[1] = half_constant(bench, 4, weight, 1.0f / (3 * sqrtf((float)channels)));
	inputs[2] = half_constant(bench, 1, &outputs, 0.1f);
	inputs[0] = bench_node(bench, PUMORI_PRIMITIVE_CONV2D, &conv, inputs, 3);
	conv.conv2d.groups = outputs;
	inputs[1] = half_constant(bench, 4, depthwise, 0.4f);
	if (outputs > 1)
		inputs[0] = bench_node(bench, PUMORI_PRIMITIVE_CONV2D, &conv, inputs, 2);
	bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_POOL2D, &pool, inputs, 1));
}

static void test_convolution(void **state)
{
	(void)state;
	run_all(build_convolution);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attention),
		cmocka_unit_test(test_convolution),
	};

	return cmocka_run_group_tests_name("back end, float16", tests, NULL, NULL);
}
