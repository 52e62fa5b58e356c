// SPDX-License-Identifier: MIT
/* Passes that write one node as several: the chip has what they are made of, not the whole. */
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

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT

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

/* Import, run all passes, and demand the same values as before within rounding. */
static void run_passes(void)
{
	struct pumori_pass_options options = { .verify = true };
	float *before, *after;
	int64_t count;

	graph = model_import(&model, &diagnostics);
	if (!graph)
		pumori_diagnostics_print(&diagnostics, stderr);
	assert_non_null(graph);
	assert_int_equal(pumori_graph_verify(graph), 0);
	before = model_evaluate(graph, &diagnostics);
	assert_non_null(before);
	assert_int_equal(pumori_run_passes(graph, &options), 0);
	after = model_evaluate(graph, &diagnostics);
	assert_non_null(after);
	count = pumori_type_elements(&graph->outputs[0]->type);
	for (int64_t i = 0; i < count; i++)
		assert_true(fabsf(before[i] - after[i]) <= 1e-5f + 1e-5f * fabsf(before[i]));
	free(before);
	free(after);
}

static unsigned int count_primitive(enum pumori_primitive primitive)
{
	unsigned int count = 0;

	for (const struct pumori_node *node = graph->first; node; node = node->next)
		count += node->primitive == primitive;
	return count;
}

/* One window of 60 x 80 elements, 10 apart, spans 591 x 791: no band of SBUF holds that. */
static void pool_wide(const char *type, int64_t pad)
{
	static const int64_t shape[] = { 1, 1, 600, 800 }, kernel[] = { 60, 80 };
	static const int64_t apart[] = { 10, 10 }, strides[] = { 2, 3 };
	const int64_t pads[] = { pad, 0, pad, 0 };
	Onnx__NodeProto *node;

	model_input(&model, "x", FLOAT, 4, shape);
	node = model_node(&model, type, "x", "y");
	model_ints(&model, node, "kernel_shape", 2, kernel);
	model_ints(&model, node, "dilations", 2, apart);
	model_ints(&model, node, "strides", 2, strides);
	model_ints(&model, node, "pads", 4, pads);
	model_output(&model, "y");
	run_passes();
}

static void wide_maximum_is_split(void **state)
{
	(void)state;
	pool_wide("MaxPool", 5);
	assert_int_equal(graph->node_count, 2);
	assert_int_equal(graph->first->attributes.pool2d.kernel[0], 1);
	assert_int_equal(graph->first->next->attributes.pool2d.kernel[1], 1);
}

static void wide_padded_mean_stays(void **state)
{
	(void)state;
	model_release(&model);
	model_init(&model, 19);
	pool_wide("AveragePool", 5);
	assert_int_equal(graph->node_count, 1);
}

/* Equal elements, the worst value itself, and more than one row. */
static void check_top_k(bool smallest)
{
	static const float x[] = { 3, -INFINITY, 3, 7, -INFINITY, 1, INFINITY, 2, 2, INFINITY, 0, 2 };
	static const int64_t shape[] = { 2, 6 }, k[] = { 5 };
	struct pumori_pass_options options = { .verify = true };
	float values[2][10];
	int64_t indices[2][10];
	Onnx__NodeProto *node;

	model_input(&model, "x", FLOAT, 2, shape);
	model_integers(&model, "k", 1, k);
	node = model_node(&model, "TopK", "x,k", "v,i");
	model_int(&model, node, "largest", !smallest);
	model_output(&model, "v");
	model_output(&model, "i");
	graph = model_import(&model, &diagnostics);
	assert_non_null(graph);
	for (int after = 0; after < 2; after++) {
		struct pumori_binding in = { graph->inputs[0], (void *)x };
		struct pumori_binding out[] = { { graph->outputs[0], values[after] },
						{ graph->outputs[1], indices[after] } };

		assert_int_equal(pumori_evaluate_graph(graph, &in, 1, out, 2, &diagnostics), 0);
		if (!after)
			assert_int_equal(pumori_run_passes(graph, &options), 0);
	}
	assert_int_equal(count_primitive(PUMORI_PRIMITIVE_TOP_K), 0);
	assert_memory_equal(values[0], values[1], sizeof(values[0]));
	assert_memory_equal(indices[0], indices[1], sizeof(indices[0]));
}

static void top_k_becomes_rounds(void **state)
{
	(void)state;
	check_top_k(false);
}

static void smallest_k_becomes_rounds(void **state)
{
	(void)state;
	check_top_k(true);
}

/* Sums over everything go by rows first. */
static void large_reductions_are_split(void **state)
{
	static const int64_t shape[] = { 1, 64, 80 };

	(void)state;
	model_input(&model, "x", FLOAT, 3, shape);
	model_int(&model, model_node(&model, "ReduceSumSquare", "x", "y"), "keepdims", 0);
	model_output(&model, "y");
	run_passes();
	assert_int_equal(graph->first->primitive, PUMORI_PRIMITIVE_REDUCE);
	assert_int_equal(graph->first->attributes.reduce.axes, 4);
	assert_int_equal(graph->first->next->primitive, PUMORI_PRIMITIVE_REDUCE);
	assert_int_equal(graph->first->next->attributes.reduce.function, PUMORI_REDUCTION_SUM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(wide_maximum_is_split),
		TEST(wide_padded_mean_stays),
		TEST(top_k_becomes_rounds),
		TEST(smallest_k_becomes_rounds),
		TEST(large_reductions_are_split),
	};

	return cmocka_run_group_tests_name("passes that expand", tests, NULL, NULL);
}
