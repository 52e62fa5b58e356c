// SPDX-License-Identifier: MIT
/*
 * Graph passes: each pattern becomes the primitive it should, and nothing changes in value. The
 * same pattern with a wrong constant or a second reader must be left alone or stay equal.
 */
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

static void scalar(const char *name, float value)
{
	model_floats(&model, name, 0, NULL, &value);
}

/* Values without pattern, never 0. */
static void random_floats(const char *name, unsigned int rank, const int64_t *shape, uint32_t seed)
{
	int64_t count = 1;
	float *values;

	for (unsigned int i = 0; i < rank; i++)
		count *= shape[i];
	values = calloc(count, sizeof(*values));
	assert_non_null(values);
	for (int64_t i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		values[i] = (seed >> 8) * (1.0f / (1 << 24)) + 0.1f;
	}
	model_floats(&model, name, rank, shape, values);
	free(values);
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

static const struct pumori_node *only_node(void)
{
	assert_int_equal(graph->node_count, 1);
	return graph->first;
}

static unsigned int count_primitive(enum pumori_primitive primitive)
{
	unsigned int count = 0;

	for (const struct pumori_node *node = graph->first; node; node = node->next)
		count += node->primitive == primitive;
	return count;
}

/* --- folding and dead code --- */

static void constants_fold(void **state)
{
	static const int64_t shape[] = { 2, 3 }, cut[] = { 0 }, to[] = { 1 }, minus[] = { -1 };

	(void)state;
	/* The reshape target is computed from the shape, as exporters do. */
	model_input(&model, "x", FLOAT, 2, shape);
	model_integers(&model, "cut", 1, cut);
	model_integers(&model, "to", 1, to);
	model_integers(&model, "minus", 1, minus);
	model_node(&model, "Shape", "x", "s");
	model_node(&model, "Slice", "s,cut,to", "n");
	model_int(&model, model_node(&model, "Concat", "n,minus,to", "target"), "axis", 0);
	model_node(&model, "Reshape", "x,target", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_RESHAPE);
	assert_int_equal(graph->outputs[0]->type.rank, 3);
	assert_int_equal(graph->outputs[0]->type.shape[0], 2);
	assert_int_equal(graph->outputs[0]->type.shape[1], 3);
}

static void large_broadcasts_stay(void **state)
{
	static const int64_t shape[] = { 1, 1 }, large[] = { 8192, 8192 };
	struct pumori_pass_options options = { .verify = true };

	(void)state;
	/* 256 MiB of the same number are not put into the executable. */
	model_input(&model, "x", FLOAT, 2, shape);
	model_integers(&model, "large", 2, large);
	model_node(&model, "ConstantOfShape", "large", "zeros");
	model_node(&model, "Add", "x,zeros", "y");
	model_output(&model, "y");
	graph = model_import(&model, &diagnostics);
	assert_non_null(graph);
	assert_int_equal(pumori_run_passes(graph, &options), 0);
	for (size_t i = 0; i < graph->tensor_count; i++)
		if (graph->tensors[i]->kind == PUMORI_TENSOR_CONSTANT)
			assert_true(pumori_type_bytes(&graph->tensors[i]->type) < 1024);
}

static void dead_nodes_go(void **state)
{
	static const int64_t shape[] = { 4 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Exp", "x", "y");
	model_node(&model, "Sin", "x", "unused");
	model_node(&model, "Cos", "unused", "unused2");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_EXP);
}

/* --- moves --- */

static void moves_cancel(void **state)
{
	static const int64_t shape[] = { 2, 3, 4 }, flat[] = { 24 }, back[] = { 2, 3, 4 };
	static const int64_t there[] = { 1, 2, 0 }, home[] = { 2, 0, 1 };

	(void)state;
	model_input(&model, "x", FLOAT, 3, shape);
	model_integers(&model, "flat", 1, flat);
	model_integers(&model, "back", 3, back);
	model_node(&model, "Reshape", "x,flat", "a");
	model_node(&model, "Reshape", "a,back", "b");
	model_ints(&model, model_node(&model, "Transpose", "b", "c"), "perm", 3, there);
	model_ints(&model, model_node(&model, "Transpose", "c", "d"), "perm", 3, home);
	model_node(&model, "Identity", "d", "e");
	model_node(&model, "Exp", "e", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_UNARY);
	assert_ptr_equal(only_node()->inputs[0], graph->inputs[0]);
}

static void input_to_output_is_a_copy(void **state)
{
	static const int64_t shape[] = { 5 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Identity", "x", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_COPY);
	assert_string_equal(graph->outputs[0]->name, "y");
}

static void unit_axes_make_reshapes(void **state)
{
	static const int64_t shape[] = { 1, 3, 1, 4 }, perm[] = { 1, 0, 3, 2 };

	(void)state;
	model_input(&model, "x", FLOAT, 4, shape);
	model_ints(&model, model_node(&model, "Transpose", "x", "y"), "perm", 4, perm);
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_RESHAPE);
}

static void products_absorb_transposes(void **state)
{
	static const int64_t shape[] = { 2, 5, 3 }, perm[] = { 0, 2, 1 };

	(void)state;
	model_input(&model, "x", FLOAT, 3, shape);
	model_ints(&model, model_node(&model, "Transpose", "x", "t"), "perm", 3, perm);
	model_node(&model, "MatMul", "x,t", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_MATMUL);
	assert_true(only_node()->attributes.matmul.transpose_b);
	assert_false(only_node()->attributes.matmul.transpose_a);
}

static void broadcasts_stay_implicit(void **state)
{
	static const int64_t shape[] = { 4, 1 }, full[] = { 4, 6 };

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	model_integers(&model, "full", 2, full);
	random_floats("w", 2, full, 7);
	model_node(&model, "Expand", "x,full", "wide");
	model_node(&model, "Mul", "wide,w", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_BINARY);
}

/* --- arithmetic --- */

static void scalar_chains_are_linear(void **state)
{
	static const int64_t shape[] = { 3, 4 };

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	scalar("two", 2);
	scalar("three", 3);
	model_node(&model, "Mul", "x,two", "a");
	model_node(&model, "Add", "three,a", "b");
	model_node(&model, "Div", "b,two", "c");
	model_node(&model, "Sub", "three,c", "d");
	model_node(&model, "Neg", "d", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_LINEAR);
	assert_true(only_node()->attributes.unary.alpha == 1);
	assert_true(only_node()->attributes.unary.beta == -1.5f);
}

static void neutral_arithmetic_vanishes(void **state)
{
	static const int64_t shape[] = { 3 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("zero", 0);
	scalar("one", 1);
	model_node(&model, "Add", "x,zero", "a");
	model_node(&model, "Mul", "one,a", "b");
	model_node(&model, "Div", "b,one", "c");
	model_node(&model, "Pow", "c,one", "d");
	model_node(&model, "Tanh", "d", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_TANH);
}

static void growing_operands_stay(void **state)
{
	static const int64_t shape[] = { 1, 3 }, tall[] = { 4, 1 };
	static const float ones[] = { 1, 1, 1, 1 };

	(void)state;
	/* Adding [4,1] of one number repeats x: not a function of one value. */
	model_input(&model, "x", FLOAT, 2, shape);
	model_floats(&model, "tall", 2, tall, ones);
	model_node(&model, "Add", "x,tall", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_BINARY);
}

static void clamps_merge(void **state)
{
	static const int64_t shape[] = { 16 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("one", 1);
	scalar("two", 2);
	model_node(&model, "Relu", "x", "a");
	model_node(&model, "Min", "a,two", "b");
	model_node(&model, "Max", "b,one", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_CLAMP);
	assert_true(only_node()->attributes.unary.alpha == 1);
	assert_true(only_node()->attributes.unary.beta == 2);
}

static void disjoint_clamps_stay(void **state)
{
	static const int64_t shape[] = { 16 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("one", 1);
	scalar("two", 2);
	model_node(&model, "Min", "x,one", "a");
	model_node(&model, "Max", "a,two", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(graph->node_count, 2);
}

/* --- activations written out --- */

static void hard_swish_is_found(void **state)
{
	static const int64_t shape[] = { 64 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("zero", 0);
	scalar("three", 3);
	scalar("six", 6);
	model_node(&model, "Add", "x,three", "a");
	model_node(&model, "Clip", "a,zero,six", "b");
	model_node(&model, "Mul", "x,b", "c");
	model_node(&model, "Div", "c,six", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_HARD_SWISH);
}

static void hard_sigmoid_is_found(void **state)
{
	static const int64_t shape[] = { 64 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("zero", 0);
	scalar("three", 3);
	scalar("six", 6);
	model_node(&model, "Add", "x,three", "a");
	model_node(&model, "Clip", "a,zero,six", "b");
	model_node(&model, "Div", "b,six", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_HARD_SIGMOID);
}

static void other_products_are_not_hard_swish(void **state)
{
	static const int64_t shape[] = { 64 };

	(void)state;
	/* The gate is of sin(x), not of x. */
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("zero", 0);
	scalar("three", 3);
	scalar("six", 6);
	model_node(&model, "Sin", "x", "s");
	model_node(&model, "Add", "s,three", "a");
	model_node(&model, "Clip", "a,zero,six", "b");
	model_node(&model, "Mul", "x,b", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(count_primitive(PUMORI_PRIMITIVE_BINARY), 1);
}

static void silu_is_found(void **state)
{
	static const int64_t shape[] = { 64 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Sigmoid", "x", "a");
	model_node(&model, "Mul", "a,x", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_SILU);
}

static void gelu_is_found(void **state)
{
	static const int64_t shape[] = { 64 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("root", 1.4142135f);
	scalar("one", 1);
	scalar("half", 0.5f);
	model_node(&model, "Div", "x,root", "a");
	model_node(&model, "Erf", "a", "b");
	model_node(&model, "Add", "b,one", "c");
	model_node(&model, "Mul", "x,c", "d");
	model_node(&model, "Mul", "d,half", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_GELU);
}

static void gelu_of_half_first_is_found(void **state)
{
	static const int64_t shape[] = { 64 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	scalar("root", 0.70710678f);
	scalar("one", 1);
	scalar("half", 0.5f);
	model_node(&model, "Mul", "x,root", "a");
	model_node(&model, "Erf", "a", "b");
	model_node(&model, "Add", "b,one", "c");
	model_node(&model, "Mul", "x,half", "h");
	model_node(&model, "Mul", "h,c", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_GELU);
}

/* As GPT-2 is exported, with another factor of the cube in a second one. */
static void written_gelu_tanh(float factor)
{
	static const int64_t shape[] = { 64 };

	model_input(&model, "x", FLOAT, 1, shape);
	scalar("three", 3);
	scalar("cubic", factor);
	scalar("root", 0.7978845608f);
	scalar("one", 1);
	scalar("half", 0.5f);
	model_node(&model, "Pow", "x,three", "a");
	model_node(&model, "Mul", "a,cubic", "b");
	model_node(&model, "Add", "x,b", "c");
	model_node(&model, "Mul", "c,root", "d");
	model_node(&model, "Tanh", "d", "e");
	model_node(&model, "Add", "e,one", "f");
	model_node(&model, "Mul", "x,half", "h");
	model_node(&model, "Mul", "h,f", "y");
	model_output(&model, "y");
	run_passes();
}

static void gelu_by_tanh_is_found(void **state)
{
	(void)state;
	written_gelu_tanh(0.044715f);
	assert_int_equal(only_node()->attributes.unary.function, PUMORI_UNARY_GELU_TANH);
}

static void another_cubic_is_no_gelu(void **state)
{
	(void)state;
	written_gelu_tanh(0.05f);
	assert_int_equal(count_primitive(PUMORI_PRIMITIVE_BINARY), 4);
}

static void written_layer_norm(const char *power, float epsilon)
{
	static const int64_t shape[] = { 3, 5, 8 }, vector[] = { 8 }, last[] = { -1 };
	Onnx__NodeProto *node;

	model_input(&model, "x", FLOAT, 3, shape);
	random_floats("scale", 1, vector, 3);
	random_floats("bias", 1, vector, 4);
	scalar("two", 2);
	scalar("epsilon", epsilon);
	node = model_node(&model, "ReduceMean", "x", "mean");
	model_ints(&model, node, "axes", 1, last);
	model_node(&model, "Sub", "x,mean", "d");
	model_node(&model, *power ? "Pow" : "Mul", *power ? "d,two" : "d,d", "square");
	node = model_node(&model, "ReduceMean", "square", "variance");
	model_ints(&model, node, "axes", 1, last);
	model_node(&model, "Add", "variance,epsilon", "shifted");
	model_node(&model, "Sqrt", "shifted", "deviation");
	model_node(&model, "Div", "d,deviation", "normal");
	model_node(&model, "Mul", "normal,scale", "scaled");
	model_node(&model, "Add", "scaled,bias", "y");
	model_output(&model, "y");
}

static void layer_norm_is_found(void **state)
{
	(void)state;
	written_layer_norm("Pow", 1e-5f);
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_LAYER_NORM);
	assert_int_equal(only_node()->input_count, 3);
	assert_int_equal(only_node()->attributes.layer_norm.axis, 2);
	assert_true(only_node()->attributes.layer_norm.epsilon == 1e-5f);
}

static void layer_norm_by_product_is_found(void **state)
{
	(void)state;
	written_layer_norm("", 1e-3f);
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_LAYER_NORM);
}

/* --- folding into weights --- */

static void conv_and_normalisation(bool depthwise)
{
	static const int64_t shape[] = { 1, 4, 6, 5 }, dense[] = { 4, 4, 3, 3 };
	static const int64_t separate[] = { 4, 1, 3, 3 }, vector[] = { 4 }, pads[] = { 1, 1, 1, 1 };
	Onnx__NodeProto *conv;

	model_input(&model, "x", FLOAT, 4, shape);
	random_floats("w", 4, depthwise ? separate : dense, 1);
	random_floats("b", 1, vector, 2);
	random_floats("gamma", 1, vector, 3);
	random_floats("beta", 1, vector, 4);
	random_floats("mean", 1, vector, 5);
	random_floats("variance", 1, vector, 6);
	conv = model_node(&model, "Conv", "x,w,b", "c");
	model_ints(&model, conv, "pads", 4, pads);
	if (depthwise)
		model_int(&model, conv, "group", 4);
	model_node(&model, "BatchNormalization", "c,gamma,beta,mean,variance", "n");
	model_node(&model, "Relu", "n", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_CONV2D);
	assert_int_equal(only_node()->input_count, 3);
	assert_int_equal(only_node()->attributes.conv2d.activation.function, PUMORI_UNARY_RELU);
}

static void batch_norm_folds_into_conv(void **state)
{
	(void)state;
	conv_and_normalisation(false);
}

static void batch_norm_folds_into_depthwise_conv(void **state)
{
	(void)state;
	conv_and_normalisation(true);
}

static void affine_before_conv(bool padded)
{
	static const int64_t shape[] = { 1, 4, 6, 5 }, weight[] = { 6, 2, 3, 3 };
	static const int64_t channel[] = { 1, 4, 1, 1 }, pads[] = { 1, 1, 1, 1 };
	Onnx__NodeProto *conv;

	model_input(&model, "x", FLOAT, 4, shape);
	random_floats("w", 4, weight, 1);
	random_floats("factor", 4, channel, 2);
	random_floats("offset", 4, channel, 3);
	model_node(&model, "Mul", "x,factor", "a");
	model_node(&model, "Add", "a,offset", "b");
	conv = model_node(&model, "Conv", "b,w", "y");
	model_int(&model, conv, "group", 2);
	if (padded)
		model_ints(&model, conv, "pads", 4, pads);
	model_output(&model, "y");
	run_passes();
}

static void affine_folds_forward(void **state)
{
	(void)state;
	affine_before_conv(false);
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_CONV2D);
	assert_int_equal(only_node()->input_count, 3);
}

static void offset_before_padding_stays(void **state)
{
	(void)state;
	affine_before_conv(true);
	assert_int_equal(count_primitive(PUMORI_PRIMITIVE_BINARY), 2);
}

static void linear_layer(void **state)
{
	static const int64_t shape[] = { 2, 3, 8 }, weight[] = { 8, 5 }, vector[] = { 5 };

	(void)state;
	model_input(&model, "x", FLOAT, 3, shape);
	random_floats("w", 2, weight, 1);
	random_floats("b", 1, vector, 2);
	scalar("half", 0.5f);
	scalar("one", 1);
	model_node(&model, "Add", "x,one", "a");
	model_node(&model, "MatMul", "a,w", "c");
	model_node(&model, "Mul", "c,half", "d");
	model_node(&model, "Add", "b,d", "e");
	model_node(&model, "Tanh", "e", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_MATMUL);
	assert_int_equal(only_node()->input_count, 3);
	assert_int_equal(only_node()->attributes.matmul.activation.function, PUMORI_UNARY_TANH);
}

static void attention_scale_folds(void **state)
{
	static const int64_t shape[] = { 2, 4, 8 }, perm[] = { 0, 2, 1 };

	(void)state;
	model_input(&model, "x", FLOAT, 3, shape);
	scalar("scale", 0.35f);
	scalar("two", 2);
	model_node(&model, "Mul", "x,scale", "q");
	model_ints(&model, model_node(&model, "Transpose", "x", "k"), "perm", 3, perm);
	model_node(&model, "MatMul", "q,k", "s");
	model_node(&model, "Div", "s,two", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(only_node()->primitive, PUMORI_PRIMITIVE_MATMUL);
	assert_true(fabsf(only_node()->attributes.matmul.scale - 0.175f) < 1e-7f);
}

static void second_reader_forbids_folding(void **state)
{
	static const int64_t shape[] = { 2, 8 }, weight[] = { 8, 8 };

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	random_floats("w", 2, weight, 1);
	scalar("half", 0.5f);
	model_node(&model, "MatMul", "x,w", "c");
	model_node(&model, "Mul", "c,half", "d");
	model_node(&model, "Tanh", "c", "t");
	model_node(&model, "Add", "d,t", "y");
	model_output(&model, "y");
	run_passes();
	assert_int_equal(count_primitive(PUMORI_PRIMITIVE_UNARY), 2);
}

static void outputs_are_not_fused_away(void **state)
{
	static const int64_t shape[] = { 2, 8 }, weight[] = { 8, 8 };
	struct pumori_pass_options options = { .verify = true };

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	random_floats("w", 2, weight, 1);
	model_node(&model, "MatMul", "x,w", "c");
	model_node(&model, "Tanh", "c", "y");
	model_output(&model, "c");
	model_output(&model, "y");
	graph = model_import(&model, &diagnostics);
	assert_non_null(graph);
	assert_int_equal(pumori_run_passes(graph, &options), 0);
	assert_int_equal(graph->node_count, 2);
	assert_string_equal(graph->outputs[0]->name, "c");
	assert_string_equal(graph->outputs[1]->name, "y");
}

static void every_pass_has_a_name(void **state)
{
	(void)state;
	assert_false(pumori_has_pass("no-such-pass"));
	for (const struct pumori_pass *pass = pumori_passes; pass->name; pass++) {
		assert_true(pumori_has_pass(pass->name));
		assert_true(strlen(pass->summary) > 10);
	}
}

static void dump_shows_the_graph(void **state)
{
	static const int64_t shape[] = { 4 };
	struct pumori_pass_options options = { .dump_after = "fold-constants" };
	char text[4096] = "";

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Exp", "x", "y");
	model_output(&model, "y");
	graph = model_import(&model, &diagnostics);
	assert_non_null(graph);
	options.dump = fmemopen(text, sizeof(text), "w");
	assert_non_null(options.dump);
	assert_int_equal(pumori_run_passes(graph, &options), 0);
	fclose(options.dump);
	assert_non_null(strstr(text, "after fold-constants"));
	assert_non_null(strstr(text, "input x: float32[4]"));
	assert_non_null(strstr(text, "y: float32[4] = unary(x) function=exp"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(constants_fold),
		TEST(large_broadcasts_stay),
		TEST(dead_nodes_go),
		TEST(moves_cancel),
		TEST(input_to_output_is_a_copy),
		TEST(unit_axes_make_reshapes),
		TEST(products_absorb_transposes),
		TEST(broadcasts_stay_implicit),
		TEST(scalar_chains_are_linear),
		TEST(neutral_arithmetic_vanishes),
		TEST(growing_operands_stay),
		TEST(clamps_merge),
		TEST(disjoint_clamps_stay),
		TEST(hard_swish_is_found),
		TEST(hard_sigmoid_is_found),
		TEST(other_products_are_not_hard_swish),
		TEST(silu_is_found),
		TEST(gelu_is_found),
		TEST(gelu_of_half_first_is_found),
		TEST(gelu_by_tanh_is_found),
		TEST(another_cubic_is_no_gelu),
		TEST(layer_norm_is_found),
		TEST(layer_norm_by_product_is_found),
		TEST(batch_norm_folds_into_conv),
		TEST(batch_norm_folds_into_depthwise_conv),
		TEST(affine_folds_forward),
		TEST(offset_before_padding_stays),
		TEST(linear_layer),
		TEST(attention_scale_folds),
		TEST(second_reader_forbids_folding),
		TEST(outputs_are_not_fused_away),
		TEST(every_pass_has_a_name),
		TEST(dump_shows_the_graph),
	};

	return cmocka_run_group_tests_name("graph passes", tests, NULL, NULL);
}
