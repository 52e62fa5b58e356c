// SPDX-License-Identifier: MIT
/* Quantised operators: zero points against a direct sum, and what dynamic quantisation becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compiler_model.h"
#include "evaluate.h"
#include "passes.h"

#define FLOAT	ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define UINT8	ONNX__TENSOR_PROTO__DATA_TYPE__UINT8

static struct model model;
static struct pumori_diagnostics diagnostics;
static struct pumori_graph *graph;

static int set_up(void **state)
{
	(void)state;
	model_init(&model, 13);
	pumori_diagnostics_init(&diagnostics);
	graph = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
	model_release(&model);
	return 0;
}

static void import(void)
{
	graph = model_import(&model, &diagnostics);
	if (!graph)
		pumori_diagnostics_print(&diagnostics, stderr);
	assert_non_null(graph);
	assert_int_equal(pumori_graph_verify(graph), 0);
}

static void evaluate(const void *x, void *y)
{
	struct pumori_binding input = { graph->inputs[0], (void *)x };
	struct pumori_binding output = { graph->outputs[0], y };

	assert_int_equal(pumori_evaluate_graph(graph, &input, 1, &output, 1, &diagnostics), 0);
}

/* x [5, 7] of uint8 by constant bytes [7, 3], with the given zero points. */
static void check_matmul(uint8_t x_zero, const uint8_t *w_zeros, int64_t w_zero_count)
{
	static const int64_t x_shape[] = { 5, 7 }, w_shape[] = { 7, 3 };
	uint8_t x[35], w[21];
	int32_t y[15];

	for (int i = 0; i < 35; i++)
		x[i] = (uint8_t)(i * 37 + 11);
	for (int i = 0; i < 21; i++)
		w[i] = (uint8_t)(i * 91 + 5);
	model_input(&model, "x", UINT8, 2, x_shape);
	model_bytes(&model, "w", 2, w_shape, w);
	model_bytes(&model, "xz", 0, NULL, &x_zero);
	model_bytes(&model, "wz", w_zero_count > 1, &w_zero_count, w_zeros);
	model_node(&model, "MatMulInteger", "x,w,xz,wz", "y");
	model_output(&model, "y");
	import();
	evaluate(x, y);
	for (int i = 0; i < 5; i++) {
		for (int j = 0; j < 3; j++) {
			int sum = 0;

			for (int k = 0; k < 7; k++)
				sum += (x[i * 7 + k] - x_zero) *
				       (w[k * 3 + j] - w_zeros[w_zero_count > 1 ? j : 0]);
			assert_int_equal(y[i * 3 + j], sum);
		}
	}
}

static void zero_points_are_exact(void **state)
{
	static const uint8_t zeros[3] = { 0, 128, 255 };

	(void)state;
	check_matmul(0, zeros, 1);
	for (int i = 0; i < 3; i++) {
		tear_down(NULL);
		set_up(NULL);
		check_matmul(zeros[2 - i], &zeros[i], 1);
		tear_down(NULL);
		set_up(NULL);
		check_matmul(zeros[i], zeros, 3);
	}
}

static void no_zero_points_no_corrections(void **state)
{
	static const uint8_t zero = 0;

	(void)state;
	check_matmul(0, &zero, 1);
	assert_int_equal(graph->node_count, 1);
}

/* y = dequantised(quantised(x) W) + b becomes one product behind the quantisation. */
static void dynamic_quantisation_is_one_product(void **state)
{
	static const int64_t x_shape[] = { 4, 6 }, w_shape[] = { 6, 5 }, five[] = { 5 };
	static const float scale = 0.02f, bias[] = { 1, -2, 3, -4, 5 };
	struct pumori_pass_options options = { .verify = true };
	float x[24], before[20], after[20];
	unsigned int products = 0;
	uint8_t w[30], zero = 128;

	(void)state;
	for (int i = 0; i < 24; i++)
		x[i] = sinf((float)i * 1.7f) * 3;
	for (int i = 0; i < 30; i++)
		w[i] = (uint8_t)(i * 53 + 7);
	model_input(&model, "x", FLOAT, 2, x_shape);
	model_bytes(&model, "w", 2, w_shape, w);
	model_bytes(&model, "wz", 0, NULL, &zero);
	model_floats(&model, "ws", 0, NULL, &scale);
	model_floats(&model, "b", 1, five, bias);
	model_node(&model, "DynamicQuantizeLinear", "x", "q,xs,xz");
	model_node(&model, "MatMulInteger", "q,w,xz", "sums");
	model_int(&model, model_node(&model, "Cast", "sums", "floats"), "to", FLOAT);
	model_node(&model, "Mul", "xs,ws", "s");
	model_node(&model, "Mul", "floats,s", "scaled");
	model_node(&model, "Add", "scaled,b", "y");
	model_output(&model, "y");
	import();
	evaluate(x, before);
	assert_int_equal(pumori_run_passes(graph, &options), 0);
	evaluate(x, after);
	for (int i = 0; i < 20; i++)
		assert_true(fabsf(before[i] - after[i]) < 1e-3f);
	for (const struct pumori_node *node = graph->first; node; node = node->next) {
		if (node->primitive != PUMORI_PRIMITIVE_MATMUL)
			continue;
		products++;
		assert_int_equal(node->input_count, 4);
		assert_ptr_equal(node->outputs[0], graph->outputs[0]);
	}
	assert_int_equal(products, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(zero_points_are_exact),
		TEST(no_zero_points_no_corrections),
		TEST(dynamic_quantisation_is_one_product),
	};

	return cmocka_run_group_tests_name("compiler quantisation", tests, NULL, NULL);
}
