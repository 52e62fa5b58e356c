// SPDX-License-Identifier: MIT
/* If, Loop and Scan, decided by the data or by constants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "compiler_model.h"
#include "evaluate.h"

#define BOOL	ONNX__TENSOR_PROTO__DATA_TYPE__BOOL
#define FLOAT	ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define INT64	ONNX__TENSOR_PROTO__DATA_TYPE__INT64

static struct model model;
static struct pumori_diagnostics diagnostics;
static struct pumori_graph *graph;

static int set_up(void **state)
{
	(void)state;
	model_init(&model, 16);
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

/* Run the graph on inputs in their order; the first output's error or 0. */
static int evaluate(const void *const *inputs, size_t count, void *output)
{
	struct pumori_binding bindings[4], result = { graph->outputs[0], output };

	assert_int_equal(graph->input_count, count);
	for (size_t i = 0; i < count; i++)
		bindings[i] = (struct pumori_binding){ graph->inputs[i], (void *)inputs[i] };
	return pumori_evaluate_graph(graph, bindings, count, &result, 1, &diagnostics);
}

static void assert_refused(const char *reason)
{
	graph = model_import(&model, &diagnostics);
	assert_null(graph);
	assert_non_null(diagnostics.first);
	if (!strstr(diagnostics.first->reason, reason))
		print_error("\"%s\" does not say \"%s\"\n", diagnostics.first->reason, reason);
	assert_non_null(strstr(diagnostics.first->reason, reason));
}

/* --- If --- */

static const int64_t two[] = { 2 };

static void build_if(const char *then_type, const char *else_type)
{
	Onnx__NodeProto *node;

	model_input(&model, "c", BOOL, 0, NULL);
	model_input(&model, "x", FLOAT, 1, two);
	node = model_node(&model, "If", "c", "y");
	model_begin_graph(&model, node, "then_branch");
	model_node(&model, then_type, "x", "same name");
	model_output(&model, "same name");
	model_begin_graph(&model, node, "else_branch");
	model_node(&model, else_type, "x", "same name");
	model_output(&model, "same name");
	model_end_graph(&model);
	model_output(&model, "y");
}

static void if_selects_by_data(void **state)
{
	static const float x[] = { -3, 4 };
	const uint8_t yes = 1, no = 0;
	float y[2];

	(void)state;
	build_if("Neg", "Abs");
	import();
	assert_int_equal(evaluate((const void *[]){ &yes, x }, 2, y), 0);
	assert_true(y[0] == 3 && y[1] == -4);
	assert_int_equal(evaluate((const void *[]){ &no, x }, 2, y), 0);
	assert_true(y[0] == 3 && y[1] == 4);
}

static void if_refuses_different_types(void **state)
{
	(void)state;
	build_if("Neg", "IsNaN");
	assert_refused("differ in the type of output 0");
}

/* The branch that is not taken gathers far out of range, and nobody sees it. */
static void if_guards_the_other_branch(void **state)
{
	static const float x[] = { 5, 6 };
	static const int64_t bad[] = { 99 };
	static const int64_t one[] = { 1 };
	const uint8_t yes = 1, no = 0;
	Onnx__NodeProto *node;
	float y[1];

	(void)state;
	model_input(&model, "c", BOOL, 0, NULL);
	model_input(&model, "x", FLOAT, 1, two);
	model_input(&model, "i", INT64, 1, one);
	node = model_node(&model, "If", "c", "y");
	model_begin_graph(&model, node, "then_branch");
	model_node(&model, "Gather", "x,i", "t");
	model_output(&model, "t");
	model_begin_graph(&model, node, "else_branch");
	model_node(&model, "ReduceMax", "x", "e");
	model_output(&model, "e");
	model_end_graph(&model);
	model_output(&model, "y");
	import();
	assert_int_equal(evaluate((const void *[]){ &no, x, bad }, 3, y), 0);
	assert_true(y[0] == 6);
	assert_true(evaluate((const void *[]){ &yes, x, bad }, 3, y) < 0);
}

/* --- Loop --- */

/* while (x < 100) x = 2 x, as often as @trips (an input or "") allows */
static void build_doubling(const char *trips)
{
	static const float hundred = 100, two_float = 2;
	char inputs[64];
	Onnx__NodeProto *node;

	if (*trips)
		model_input(&model, trips, INT64, 0, NULL);
	model_input(&model, "x", FLOAT, 0, NULL);
	model_floats(&model, "hundred", 0, NULL, &hundred);
	model_floats(&model, "two", 0, NULL, &two_float);
	model_node(&model, "Less", "x,hundred", "first");
	snprintf(inputs, sizeof(inputs), "%s,first,x", trips);
	node = model_node(&model, "Loop", inputs, "y");
	model_begin_graph(&model, node, "body");
	model_input(&model, "k", INT64, 0, NULL);
	model_input(&model, "go", BOOL, 0, NULL);
	model_input(&model, "v", FLOAT, 0, NULL);
	model_node(&model, "Mul", "v,two", "w");
	model_node(&model, "Less", "w,hundred", "go on");
	model_output(&model, "go on");
	model_output(&model, "w");
	model_end_graph(&model);
	model_output(&model, "y");
}

static void loop_ends_by_data(void **state)
{
	static const float starts[] = { 200, 99, 13, 1 }, ends[] = { 200, 198, 104, 128 };
	float y;

	(void)state;
	build_doubling("");
	import();
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(evaluate((const void *[]){ &starts[i] }, 1, &y), 0);
		assert_true(y == ends[i]);
	}
}

static void loop_counts_by_data(void **state)
{
	const float x = 1;
	float y;

	(void)state;
	build_doubling("n");
	import();
	for (int64_t n = 0; n < 9; n++) {
		assert_int_equal(evaluate((const void *[]){ &n, &x }, 2, &y), 0);
		assert_true(y == (float)(1 << (n < 7 ? n : 7)));
	}
}

/* 64 trips are the limit; a loop that wants more must not give half a result. */
static void loop_beyond_its_limit_faults(void **state)
{
	const float slow = 0x1p-60f;
	float y;

	(void)state;
	build_doubling("");
	import();
	assert_true(evaluate((const void *[]){ &slow }, 1, &y) < 0);
	assert_non_null(strstr(diagnostics.first->reason, "out of"));
}

static void loop_without_end_is_refused(void **state)
{
	Onnx__NodeProto *node;

	(void)state;
	model_input(&model, "x", FLOAT, 0, NULL);
	node = model_node(&model, "Loop", ",,x", "y");
	model_begin_graph(&model, node, "body");
	model_input(&model, "k", INT64, 0, NULL);
	model_input(&model, "go", BOOL, 0, NULL);
	model_input(&model, "v", FLOAT, 0, NULL);
	model_node(&model, "Identity", "go", "go on");
	model_node(&model, "Neg", "v", "w");
	model_output(&model, "go on");
	model_output(&model, "w");
	model_end_graph(&model);
	model_output(&model, "y");
	assert_refused("more than 64 trips");
}

/* A thousand trips of a thousand trips. */
static void loops_in_loops_have_a_limit(void **state)
{
	static const int64_t thousand[] = { 1000 };
	Onnx__NodeProto *node;

	(void)state;
	model_input(&model, "x", FLOAT, 0, NULL);
	model_integers(&model, "n", 1, thousand);
	node = model_node(&model, "Loop", "n,,x", "y");
	model_begin_graph(&model, node, "body");
	for (int depth = 0; depth < 2; depth++) {
		model_input(&model, "k", INT64, 0, NULL);
		model_input(&model, "go", BOOL, 0, NULL);
		model_input(&model, "v", FLOAT, 0, NULL);
		if (!depth) {
			node = model_node(&model, "Loop", "n,,v", "w");
			model_output(&model, "go");
			model_output(&model, "w");
			model_begin_graph(&model, node, "body");
		}
	}
	model_node(&model, "Neg", "v", "w");
	model_output(&model, "go");
	model_output(&model, "w");
	model_end_graph(&model);
	model_output(&model, "y");
	assert_refused("unroll to more than");
}

/* y = 0 + 1 + 2 over the counter, beside a scan of the sums. */
static void loop_with_a_constant_count_scans(void **state)
{
	static const int64_t three[] = { 3 };
	Onnx__NodeProto *node;
	const float x = 0.5f;
	float y[3];

	(void)state;
	model_input(&model, "x", FLOAT, 0, NULL);
	model_integers(&model, "three", 1, three);
	node = model_node(&model, "Loop", "three,,x", "last,y");
	model_begin_graph(&model, node, "body");
	model_input(&model, "k", INT64, 0, NULL);
	model_input(&model, "go", BOOL, 0, NULL);
	model_input(&model, "v", FLOAT, 0, NULL);
	model_int(&model, model_node(&model, "Cast", "k", "number"), "to", FLOAT);
	model_node(&model, "Add", "v,number", "w");
	model_output(&model, "go");
	model_output(&model, "w");
	model_output(&model, "w");
	model_end_graph(&model);
	model_output(&model, "y");
	import();
	assert_int_equal(graph->outputs[0]->type.rank, 1);
	assert_int_equal(evaluate((const void *[]){ &x }, 1, y), 0);
	assert_true(y[0] == 0.5f && y[1] == 1.5f && y[2] == 3.5f);
}

/* --- Scan --- */

/* Running sums along axis 1 from its end on, put along axis 0 of the output. */
static void scan_takes_axes_and_directions(void **state)
{
	static const int64_t shape[] = { 2, 3 }, axis[] = { 1 }, backward[] = { 1 };
	static const float x[] = { 1, 2, 3, 10, 20, 30 };
	static const float expected[] = { 3, 30, 5, 50, 6, 60 };
	static const float zeros[2] = { 0 };
	Onnx__NodeProto *node;
	float y[6];

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	model_floats(&model, "zeros", 1, two, zeros);
	node = model_node(&model, "Scan", "zeros,x", "last,y");
	model_int(&model, node, "num_scan_inputs", 1);
	model_ints(&model, node, "scan_input_axes", 1, axis);
	model_ints(&model, node, "scan_input_directions", 1, backward);
	model_begin_graph(&model, node, "body");
	model_input(&model, "sum", FLOAT, 1, two);
	model_input(&model, "next", FLOAT, 1, two);
	model_node(&model, "Add", "sum,next", "total");
	model_output(&model, "total");
	model_output(&model, "total");
	model_end_graph(&model);
	model_output(&model, "y");
	import();
	assert_int_equal(graph->outputs[0]->type.shape[0], 3);
	assert_int_equal(evaluate((const void *[]){ x }, 1, y), 0);
	assert_memory_equal(y, expected, sizeof(y));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(if_selects_by_data),
		TEST(if_refuses_different_types),
		TEST(if_guards_the_other_branch),
		TEST(loop_ends_by_data),
		TEST(loop_counts_by_data),
		TEST(loop_beyond_its_limit_faults),
		TEST(loop_without_end_is_refused),
		TEST(loops_in_loops_have_a_limit),
		TEST(loop_with_a_constant_count_scans),
		TEST(scan_takes_axes_and_directions),
	};

	return cmocka_run_group_tests_name("compiler control flow", tests, NULL, NULL);
}
