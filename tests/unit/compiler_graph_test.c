// SPDX-License-Identifier: MIT
/* Graph IR: editing keeps the invariants, the verifier sees each broken one, elements convert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "element.h"
#include "evaluate.h"
#include "graph.h"

static struct pumori_diagnostics diagnostics;
static struct pumori_graph *graph;
static struct pumori_tensor *x;

static const struct pumori_tensor_type matrix = {
	.element = PUMORI_ELEMENT_FLOAT32, .rank = 2, .shape = { 2, 3 },
};

static int set_up(void **state)
{
	(void)state;
	pumori_diagnostics_init(&diagnostics);
	graph = pumori_graph_create("test", &diagnostics);
	assert_non_null(graph);
	x = pumori_graph_add_input(graph, "x", &matrix);
	assert_non_null(x);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
	return 0;
}

static struct pumori_tensor *exponential(struct pumori_tensor *tensor)
{
	struct pumori_tensor *result = pumori_build_unary(graph, PUMORI_UNARY_EXP, 0, 0, tensor);

	assert_non_null(result);
	return result;
}

static void names_are_unique(void **state)
{
	(void)state;
	assert_ptr_equal(pumori_graph_find(graph, "x"), x);
	assert_null(pumori_graph_add_input(graph, "x", &matrix));
	assert_int_equal(diagnostics.first->code, -EINVAL);
	assert_int_equal(pumori_graph_rename(graph, x, "renamed"), 0);
	assert_null(pumori_graph_find(graph, "x"));
	assert_ptr_equal(pumori_graph_find(graph, "renamed"), x);
	assert_non_null(pumori_graph_add_input(graph, "x", &matrix));
	assert_int_equal(pumori_graph_verify(graph), 0);
}

static void many_names_are_found(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "tensor %d", i);
		assert_non_null(pumori_graph_add_input(graph, name, &matrix));
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "tensor %d", i);
		assert_string_equal(pumori_graph_find(graph, name)->name, name);
	}
	assert_int_equal(pumori_graph_verify(graph), 0);
}

static void impossible_types_are_refused(void **state)
{
	struct pumori_tensor_type type = matrix;

	(void)state;
	type.shape[1] = -1;
	assert_null(pumori_graph_add_input(graph, "a", &type));
	type.shape[1] = INT64_MAX;
	assert_null(pumori_graph_add_input(graph, "a", &type));
	/* A zero must not hide what the other dimensions overflow to. */
	type.rank = 3;
	type.shape[0] = 0;
	type.shape[1] = type.shape[2] = INT64_C(1) << 40;
	assert_null(pumori_graph_add_input(graph, "a", &type));
	type.rank = PUMORI_MAX_RANK + 1;
	assert_false(pumori_type_check(&type));
	type = matrix;
	type.shape[0] = 0;
	assert_non_null(pumori_graph_add_input(graph, "empty", &type));
}

static void replacing_moves_all_uses(void **state)
{
	struct pumori_tensor *a = exponential(x), *sum, *b;

	(void)state;
	sum = pumori_build_binary(graph, PUMORI_BINARY_ADD, a, a);
	assert_non_null(sum);
	assert_int_equal(pumori_graph_add_output(graph, sum, "y"), 0);
	graph->insert_before = sum->producer;
	b = pumori_build_unary(graph, PUMORI_UNARY_TANH, 0, 0, a);
	assert_non_null(b);
	/* b's own producer goes on reading a. */
	assert_int_equal(pumori_graph_replace(graph, a, b), 0);
	assert_int_equal(a->consumer_count, 1);
	assert_int_equal(b->consumer_count, 2);
	assert_ptr_equal(b->producer->inputs[0], a);
	assert_int_equal(pumori_graph_verify(graph), 0);
}

static void replacing_an_output_keeps_its_name(void **state)
{
	struct pumori_tensor *a = exponential(x), *b = exponential(x);

	(void)state;
	assert_int_equal(pumori_graph_add_output(graph, a, "y"), 0);
	assert_int_equal(pumori_graph_replace(graph, a, b), 0);
	assert_ptr_equal(graph->outputs[0], b);
	assert_string_equal(b->name, "y");
	assert_int_equal(b->kind, PUMORI_TENSOR_OUTPUT);
	assert_int_equal(a->kind, PUMORI_TENSOR_INTERMEDIATE);
	assert_int_equal(pumori_graph_verify(graph), 0);
	/* An input cannot be an output itself, so it is copied. */
	assert_int_equal(pumori_graph_replace(graph, b, x), 0);
	assert_int_equal(graph->outputs[0]->producer->primitive, PUMORI_PRIMITIVE_COPY);
	assert_string_equal(graph->outputs[0]->name, "y");
	assert_int_equal(pumori_graph_verify(graph), 0);
}

static void one_tensor_may_be_two_outputs(void **state)
{
	struct pumori_tensor *a = exponential(x);

	(void)state;
	assert_int_equal(pumori_graph_add_output(graph, a, "y"), 0);
	assert_int_equal(pumori_graph_add_output(graph, a, "z"), 0);
	assert_int_equal(graph->output_count, 2);
	assert_string_equal(graph->outputs[1]->name, "z");
	assert_int_equal(pumori_graph_add_output(graph, a, "y"), -EINVAL);
}

static void sweeping_drops_orphans(void **state)
{
	struct pumori_tensor *a = exponential(x);
	size_t count = graph->tensor_count;

	(void)state;
	pumori_graph_remove(graph, a->producer);
	assert_int_equal(graph->node_count, 0);
	assert_int_equal(x->consumer_count, 0);
	pumori_graph_sweep(graph);
	assert_int_equal(graph->tensor_count, count - 1);
	assert_int_equal(pumori_graph_verify(graph), 0);
}

static void constants_fold_on_building(void **state)
{
	struct pumori_tensor *two = pumori_graph_add_scalar(graph, PUMORI_ELEMENT_FLOAT32, 2);
	struct pumori_tensor *sum = pumori_build_binary(graph, PUMORI_BINARY_ADD, two, two);
	double value;

	(void)state;
	assert_non_null(sum);
	assert_true(pumori_tensor_is_constant(sum));
	assert_true(pumori_tensor_is_uniform(sum, &value));
	assert_true(value == 4);
	assert_int_equal(graph->node_count, 0);
}

/* --- the verifier --- */

static void assert_broken(const char *reason)
{
	pumori_diagnostics_release(&diagnostics);
	assert_int_equal(pumori_graph_verify(graph), -EINVAL);
	assert_non_null(strstr(diagnostics.first->reason, reason));
}

static void verifier_sees_wrong_types(void **state)
{
	struct pumori_tensor *a = exponential(x);

	(void)state;
	a->type.shape[0] = 7;
	assert_broken("not what its node gives");
	a->type.shape[0] = 2;
	a->type.element = PUMORI_ELEMENT_INT32;
	assert_broken("not what its node gives");
}

static void verifier_sees_wrong_order(void **state)
{
	struct pumori_tensor *a = exponential(x), *b = exponential(a);
	struct pumori_node *first = a->producer, *second = b->producer;

	(void)state;
	graph->first = second;
	graph->last = first;
	second->previous = NULL;
	second->next = first;
	first->previous = second;
	first->next = NULL;
	assert_broken("before it is produced");
}

static void verifier_sees_wrong_consumers(void **state)
{
	struct pumori_tensor *a = exponential(x);

	(void)state;
	x->consumer_count = 0;
	assert_broken("list of consumers");
	x->consumer_count = 1;
	a->producer->inputs[0] = a;
	assert_broken("list of consumers");
	a->producer->inputs[0] = x;
}

static void verifier_sees_wrong_kinds(void **state)
{
	struct pumori_tensor *a = exponential(x);

	(void)state;
	a->kind = PUMORI_TENSOR_OUTPUT;
	assert_broken("list of outputs");
	a->kind = PUMORI_TENSOR_CONSTANT;
	assert_broken("constants and only they");
	a->kind = PUMORI_TENSOR_INPUT;
	assert_broken("list of inputs");
}

static void verifier_sees_wrong_count(void **state)
{
	(void)state;
	exponential(x);
	graph->node_count = 2;
	assert_broken("not what its head says");
	graph->node_count = 1;
}

/* --- shape rules that no ONNX file reaches --- */

static void rules_refuse(void **state)
{
	union pumori_attributes attributes = { .reduce = { .axes = 0 } };

	(void)state;
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_REDUCE, &attributes, &x, 1));
	attributes.reduce.axes = 4;
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_REDUCE, &attributes, &x, 1));
	memset(&attributes, 0, sizeof(attributes));
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_TRANSPOSE, &attributes, &x, 1));
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_SLICE, &attributes, &x, 1));
	attributes.slice.steps[0] = attributes.slice.steps[1] = 1;
	attributes.slice.extents[0] = 3;
	attributes.slice.extents[1] = 1;
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_SLICE, &attributes, &x, 1));
	memset(&attributes, 0, sizeof(attributes));
	attributes.pad.before[0] = -1;
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_PAD, &attributes, &x, 1));
	attributes.pad.before[0] = INT64_MAX;
	attributes.pad.after[0] = INT64_MAX;
	assert_null(pumori_build(graph, PUMORI_PRIMITIVE_PAD, &attributes, &x, 1));
	assert_int_equal(graph->node_count, 0);
	assert_int_equal(diagnostics.error_count, 7);
}

/* --- elements --- */

static void half_floats_round_trip(void **state)
{
	(void)state;
	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		float half = pumori_float16_to_float32(bits), brain = pumori_bfloat16_to_float32(bits);

		if (isnan(half))
			assert_true(isnan(pumori_float16_to_float32(pumori_float32_to_float16(half))));
		else
			assert_int_equal(pumori_float32_to_float16(half), bits);
		if (isnan(brain))
			assert_true(isnan(pumori_bfloat16_to_float32(
				pumori_float32_to_bfloat16(brain))));
		else
			assert_int_equal(pumori_float32_to_bfloat16(brain), bits);
	}
}

static void half_floats_round_to_nearest_even(void **state)
{
	(void)state;
	assert_int_equal(pumori_float32_to_float16(1 + 0x1p-11f), 0x3c00);
	assert_int_equal(pumori_float32_to_float16(1 + 3 * 0x1p-11f), 0x3c02);
	assert_int_equal(pumori_float32_to_float16(65519.996f), 0x7bff);
	assert_int_equal(pumori_float32_to_float16(65520), 0x7c00);
	assert_int_equal(pumori_float32_to_float16(0x1p-25f), 0);
	assert_int_equal(pumori_float32_to_float16(-3 * 0x1p-25f), 0x8002);
	assert_int_equal(pumori_float32_to_bfloat16(1 + 0x1p-8f), 0x3f80);
	assert_int_equal(pumori_float32_to_bfloat16(1 + 3 * 0x1p-8f), 0x3f82);
	assert_int_equal(pumori_float32_to_bfloat16(3.4e38f), 0x7f80);
}

static void integers_saturate(void **state)
{
	int8_t small = 0;
	uint64_t large = 0;
	int64_t wide = 0;

	(void)state;
	pumori_store_value(PUMORI_ELEMENT_INT8, &small, 0, 1000);
	assert_int_equal(small, 127);
	pumori_store_value(PUMORI_ELEMENT_INT8, &small, 0, -1000);
	assert_int_equal(small, -128);
	pumori_store_value(PUMORI_ELEMENT_INT8, &small, 0, NAN);
	assert_int_equal(small, 0);
	pumori_store_value(PUMORI_ELEMENT_INT8, &small, 0, -3.9);
	assert_int_equal(small, -3);
	pumori_store_value(PUMORI_ELEMENT_UINT64, &large, 0, 1e30);
	assert_true(large == UINT64_MAX);
	pumori_store_value(PUMORI_ELEMENT_INT64, &wide, 0, 1e30);
	assert_true(wide == INT64_MAX);
	pumori_store_integer(PUMORI_ELEMENT_INT8, &small, 0, 300);
	assert_int_equal(small, 44);
}

static void evaluation_wants_its_inputs(void **state)
{
	struct pumori_tensor *a = exponential(x);
	float result[6];
	struct pumori_binding output = { a, result };

	(void)state;
	assert_int_equal(pumori_evaluate_graph(graph, NULL, 0, &output, 1, &diagnostics), -EINVAL);
	assert_string_equal(diagnostics.first->tensor, "x");
}

static void wrong_indices_are_an_error(void **state)
{
	int64_t index[] = { 2 };
	float data[6] = { 0 }, result[3];
	struct pumori_tensor_type type = { PUMORI_ELEMENT_INT64, 1, { 1 } };
	struct pumori_tensor *indices = pumori_graph_add_input(graph, "i", &type);
	struct pumori_tensor *picked = pumori_build_gather(graph, 0, x, indices);
	struct pumori_binding inputs[] = { { x, data }, { indices, index } };
	struct pumori_binding output = { picked, result };

	(void)state;
	assert_non_null(picked);
	assert_int_equal(pumori_evaluate_graph(graph, inputs, 2, &output, 1, &diagnostics), -EINVAL);
	index[0] = -3;
	assert_int_equal(pumori_evaluate_graph(graph, inputs, 2, &output, 1, &diagnostics), -EINVAL);
	index[0] = -2;
	assert_int_equal(pumori_evaluate_graph(graph, inputs, 2, &output, 1, &diagnostics), 0);
}

static void messages_are_bounded(void **state)
{
	char text[512] = "";
	FILE *stream;

	(void)state;
	for (int i = 0; i < 2 * PUMORI_DIAGNOSTICS_LIMIT; i++)
		pumori_error(&diagnostics, -EINVAL, NULL, NULL, "message %d", i);
	assert_int_equal(diagnostics.error_count, 2 * PUMORI_DIAGNOSTICS_LIMIT);
	assert_true(diagnostics.incomplete);
	pumori_diagnostics_release(&diagnostics);
	/* Names come from files: terminals must not obey them. */
	pumori_error(&diagnostics, -EINVAL,
		     &(struct pumori_location){ .node = "a\x1b[2J", .tensor = "t" }, "advice",
		     "reason");
	stream = fmemopen(text, sizeof(text), "w");
	assert_non_null(stream);
	pumori_diagnostics_print(&diagnostics, stream);
	fclose(stream);
	assert_string_equal(text, "error: node 'a?[2J': tensor 't': reason (advice)\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_are_unique),
		TEST(many_names_are_found),
		TEST(impossible_types_are_refused),
		TEST(replacing_moves_all_uses),
		TEST(replacing_an_output_keeps_its_name),
		TEST(one_tensor_may_be_two_outputs),
		TEST(sweeping_drops_orphans),
		TEST(constants_fold_on_building),
		TEST(verifier_sees_wrong_types),
		TEST(verifier_sees_wrong_order),
		TEST(verifier_sees_wrong_consumers),
		TEST(verifier_sees_wrong_kinds),
		TEST(verifier_sees_wrong_count),
		TEST(rules_refuse),
		TEST(half_floats_round_trip),
		TEST(half_floats_round_to_nearest_even),
		TEST(integers_saturate),
		TEST(evaluation_wants_its_inputs),
		TEST(wrong_indices_are_an_error),
		TEST(messages_are_bounded),
	};

	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
