// SPDX-License-Identifier: MIT
/*
 * Operators that import composes of primitives, against a direct loop over their definition:
 * Einsum and ConvTranspose, which the ONNX node tests cover little or only in double.
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

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define MAX_ELEMENTS 4096

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

static void start_over(void)
{
	tear_down(NULL);
	set_up(NULL);
}

static int64_t fill(float *values, unsigned int rank, const int64_t *shape, uint32_t seed)
{
	int64_t count = 1;

	for (unsigned int i = 0; i < rank; i++)
		count *= shape[i];
	assert_true(count <= MAX_ELEMENTS);
	for (int64_t i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		values[i] = (seed >> 8) * (2.0f / (1 << 24)) - 1;
	}
	return count;
}

/* Import, evaluate on @x and compare. */
static void assert_gives(float *x, const float *expected, int64_t count)
{
	static float result[MAX_ELEMENTS];
	struct pumori_binding input, output;

	graph = model_import(&model, &diagnostics);
	if (!graph)
		pumori_diagnostics_print(&diagnostics, stderr);
	assert_non_null(graph);
	assert_int_equal(pumori_type_elements(&graph->outputs[0]->type), count);
	input = (struct pumori_binding){ graph->inputs[0], x };
	output = (struct pumori_binding){ graph->outputs[0], result };
	assert_int_equal(pumori_evaluate_graph(graph, &input, 1, &output, 1, &diagnostics), 0);
	for (int64_t i = 0; i < count; i++)
		assert_true(fabsf(result[i] - expected[i]) < 1e-4f);
}

/* --- Einsum: letters a to h without ellipsis, by counting through all their values --- */

static int64_t offset_of(const char *term, size_t length, const int64_t *extents,
			 const int64_t *values)
{
	int64_t offset = 0;

	for (size_t i = 0; i < length; i++)
		offset = offset * extents[term[i] - 'a'] + values[term[i] - 'a'];
	return offset;
}

static void check_einsum(const char *equation, const char *plain)
{
	static const int64_t extents[8] = { 2, 3, 4, 5, 2, 3, 2, 1 };
	static float x[MAX_ELEMENTS], w[MAX_ELEMENTS], expected[MAX_ELEMENTS];
	const char *comma = strchr(plain, ','), *arrow = strchr(plain, '>');
	size_t left = comma - plain, right = arrow - comma - 2, result = strlen(arrow + 1);
	int64_t x_shape[8], w_shape[8], values[8] = { 0 }, count = 1;
	bool used[8] = { false }, more = true;

	start_over();
	for (size_t i = 0; i < left; i++)
		x_shape[i] = extents[plain[i] - 'a'];
	for (size_t i = 0; i < right; i++)
		w_shape[i] = extents[comma[1 + i] - 'a'];
	for (size_t i = 0; i < result; i++)
		count *= extents[arrow[1 + i] - 'a'];
	for (const char *c = plain; *c; c++)
		if (*c >= 'a' && *c <= 'h')
			used[*c - 'a'] = true;
	fill(x, left, x_shape, 1);
	fill(w, right, w_shape, 2);
	memset(expected, 0, sizeof(expected));
	while (more) {
		expected[offset_of(arrow + 1, result, extents, values)] +=
			x[offset_of(plain, left, extents, values)] *
			w[offset_of(comma + 1, right, extents, values)];
		more = false;
		for (int i = 0; i < 8 && !more; i++) {
			if (!used[i])
				continue;
			values[i] = (values[i] + 1) % extents[i];
			more = values[i] != 0;
		}
	}
	model_input(&model, "x", FLOAT, left, x_shape);
	model_floats(&model, "w", right, w_shape, w);
	model_string(&model, model_node(&model, "Einsum", "x,w", "y"), "equation", equation);
	model_output(&model, "y");
	assert_gives(x, expected, count);
}

static void einsum_follows_its_definition(void **state)
{
	(void)state;
	check_einsum("ab,bc->ac", "ab,bc->ac");
	check_einsum("ab , bc", "ab,bc->ac");
	check_einsum("abc,acd->abd", "abc,acd->abd");
	check_einsum("abcd,abed->abce", "abcd,abed->abce");
	check_einsum("acbd,aebd->abce", "acbd,aebd->abce");
	check_einsum("ab,ab->ab", "ab,ab->ab");
	check_einsum("ab,ab->", "ab,ab->");
	check_einsum("ab,cd->dbca", "ab,cd->dbca");
	check_einsum("abc,cd->bd", "abc,cd->bd");
	check_einsum("...b,bc->...c", "adb,bc->adc");
	check_einsum("a...,...->...a", "abc,bc->bca");
	check_einsum("abcde,fbgc->adfeg", "abcde,fbgc->adfeg");
}

static void broken_equations_are_refused(void **state)
{
	static const char *const equations[] = {
		"", "ab", "ab,bc,cd->ad", "ab,bc->ad", "abc,bc->a", "ab,bc->ac->a", "ab,bc-ac",
		"a b,b1->a", "ab,..->a", "aa,ab->a", ",->", "ab,bc->a.c", "ab,bc->", "->",
	};
	static const int64_t shape[] = { 2, 2 };
	static const float values[4] = { 1, 2, 3, 4 };

	(void)state;
	for (size_t i = 0; i < sizeof(equations) / sizeof(equations[0]); i++) {
		start_over();
		model_input(&model, "x", FLOAT, 2, shape);
		model_floats(&model, "w", 2, shape, values);
		model_string(&model, model_node(&model, "Einsum", "x,w", "y"), "equation",
			     equations[i]);
		model_output(&model, "y");
		graph = model_import(&model, &diagnostics);
		/* One of them is sound: the sum of everything. */
		assert_int_equal(graph != NULL, !strcmp(equations[i], "ab,bc->"));
		assert_int_equal(diagnostics.error_count > 0, graph == NULL);
	}
}

/* --- ConvTranspose: every input element spreads the kernel over the output --- */

struct transposed {
	int64_t size[2], kernel[2], strides[2], dilations[2], pads[4], extra[2];
	int64_t channels, outputs, groups;	/* @outputs: of a group */
};

static void check_transposed(const struct transposed *t)
{
	static float x[MAX_ELEMENTS], w[MAX_ELEMENTS], bias[64], expected[MAX_ELEMENTS];
	int64_t outputs = t->outputs * t->groups, out[2], count;
	int64_t x_shape[4] = { 1, t->channels, t->size[0], t->size[1] };
	int64_t w_shape[4] = { t->channels, t->outputs, t->kernel[0], t->kernel[1] };
	Onnx__NodeProto *node;

	start_over();
	for (int i = 0; i < 2; i++)
		out[i] = t->strides[i] * (t->size[i] - 1) + t->extra[i] +
			 (t->kernel[i] - 1) * t->dilations[i] + 1 - t->pads[i] - t->pads[2 + i];
	count = outputs * out[0] * out[1];
	assert_true(count <= MAX_ELEMENTS);
	fill(x, 4, x_shape, 1);
	fill(w, 4, w_shape, 2);
	fill(bias, 1, &outputs, 3);
	for (int64_t i = 0; i < count; i++)
		expected[i] = bias[i / (out[0] * out[1])];
	for (int64_t c = 0; c < t->channels; c++)
		for (int64_t m = 0; m < t->outputs; m++)
			for (int64_t i = 0; i < t->size[0] * t->size[1] * t->kernel[0] * t->kernel[1]; i++) {
				int64_t kw = i % t->kernel[1], kh = i / t->kernel[1] % t->kernel[0];
				int64_t at = i / t->kernel[1] / t->kernel[0];
				int64_t row = at / t->size[1] * t->strides[0] +
					      kh * t->dilations[0] - t->pads[0];
				int64_t column = at % t->size[1] * t->strides[1] +
						 kw * t->dilations[1] - t->pads[1];
				int64_t map = c / (t->channels / t->groups) * t->outputs + m;

				if (row < 0 || row >= out[0] || column < 0 || column >= out[1])
					continue;
				expected[(map * out[0] + row) * out[1] + column] +=
					x[c * t->size[0] * t->size[1] + at] *
					w[((c * t->outputs + m) * t->kernel[0] + kh) * t->kernel[1] + kw];
			}
	model_input(&model, "x", FLOAT, 4, x_shape);
	model_floats(&model, "w", 4, w_shape, w);
	model_floats(&model, "b", 1, &outputs, bias);
	node = model_node(&model, "ConvTranspose", "x,w,b", "y");
	model_ints(&model, node, "strides", 2, t->strides);
	model_ints(&model, node, "dilations", 2, t->dilations);
	model_ints(&model, node, "pads", 4, t->pads);
	model_ints(&model, node, "output_padding", 2, t->extra);
	model_int(&model, node, "group", t->groups);
	model_output(&model, "y");
	assert_gives(x, expected, count);
}

static void transposed_convolution_follows_its_definition(void **state)
{
	static const struct transposed cases[] = {
		{ { 3, 4 }, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 0 }, { 0 }, 2, 3, 1 },
		{ { 3, 4 }, { 3, 3 }, { 2, 2 }, { 1, 1 }, { 1, 1, 1, 1 }, { 1, 1 }, 2, 3, 1 },
		{ { 3, 4 }, { 2, 3 }, { 2, 3 }, { 1, 1 }, { 0 }, { 0 }, 4, 3, 1 },
		{ { 3, 4 }, { 2, 2 }, { 2, 2 }, { 1, 1 }, { 0 }, { 0 }, 4, 3, 2 },
		{ { 5, 2 }, { 3, 2 }, { 2, 1 }, { 2, 3 }, { 1, 0, 2, 1 }, { 1, 0 }, 6, 1, 3 },
		{ { 1, 1 }, { 4, 4 }, { 4, 4 }, { 1, 1 }, { 0 }, { 3, 2 }, 3, 2, 1 },
		{ { 4, 4 }, { 1, 1 }, { 3, 2 }, { 1, 1 }, { 0 }, { 0 }, 2, 2, 1 },
		{ { 4, 5 }, { 2, 2 }, { 1, 2 }, { 1, 1 }, { 1, 1, 1, 1 }, { 0 }, 2, 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_transposed(&cases[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(einsum_follows_its_definition),
		TEST(broken_equations_are_refused),
		TEST(transposed_convolution_follows_its_definition),
	};

	return cmocka_run_group_tests_name("composed operators", tests, NULL, NULL);
}
