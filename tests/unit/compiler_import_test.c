// SPDX-License-Identifier: MIT
/* Import: what is refused and how it is said; damaged files never do worse than fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler_model.h"
#include "npy.h"

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
#define DOUBLE ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE

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

/* x [2,3] through one node of @type to y. */
static Onnx__NodeProto *one_node(const char *type)
{
	static const int64_t shape[] = { 2, 3 };
	Onnx__NodeProto *node;

	model_input(&model, "x", FLOAT, 2, shape);
	node = model_node(&model, type, "x", "y");
	node->name = "the node";
	model_output(&model, "y");
	return node;
}

static void assert_refused(int code, const char *reason)
{
	graph = model_import(&model, &diagnostics);
	assert_null(graph);
	assert_non_null(diagnostics.first);
	assert_int_equal(diagnostics.first->code, code);
	if (!strstr(diagnostics.first->reason, reason))
		pumori_diagnostics_print(&diagnostics, stderr);
	assert_non_null(strstr(diagnostics.first->reason, reason));
}

static void unknown_operator_is_named(void **state)
{
	char text[256] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");

	(void)state;
	one_node("Frobnicate");
	assert_refused(-ENOTSUP, "not supported");
	assert_string_equal(diagnostics.first->operator_type, "Frobnicate");
	assert_string_equal(diagnostics.first->node, "the node");
	assert_non_null(stream);
	pumori_diagnostics_print(&diagnostics, stream);
	fclose(stream);
	assert_string_equal(text, "error: Frobnicate 'the node': this operator is not supported\n");
}

static void every_unknown_operator_is_named(void **state)
{
	static const int64_t shape[] = { 2 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Frobnicate", "x", "a");
	model_node(&model, "Relu", "a", "b");
	model_node(&model, "Defenestrate", "x", "c");
	model_output(&model, "b");
	assert_refused(-ENOTSUP, "not supported");
	assert_int_equal(diagnostics.error_count, 2);
	assert_string_equal(diagnostics.last->operator_type, "Defenestrate");
}

static void unknown_attribute_is_named(void **state)
{
	(void)state;
	model_int(&model, one_node("Relu"), "leakiness", 3);
	assert_refused(-ENOTSUP, "leakiness");
}

static void wrong_attribute_type_is_named(void **state)
{
	(void)state;
	model_float(&model, one_node("Softmax"), "axis", 1);
	assert_refused(-EINVAL, "axis is not an integer");
}

static void foreign_domain_is_named(void **state)
{
	(void)state;
	one_node("Relu")->domain = "com.example";
	assert_refused(-ENOTSUP, "com.example");
}

static void missing_input_is_named(void **state)
{
	(void)state;
	one_node("Add");
	assert_refused(-EINVAL, "input 1 is missing");
}

static void undefined_value_is_an_error(void **state)
{
	static const int64_t shape[] = { 2 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Add", "x,nowhere", "y");
	model_output(&model, "y");
	assert_refused(-EINVAL, "not produced");
}

static void twice_defined_value_is_an_error(void **state)
{
	static const int64_t shape[] = { 2 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_node(&model, "Relu", "x", "y");
	model_node(&model, "Exp", "x", "y");
	model_output(&model, "y");
	assert_refused(-EINVAL, "defined twice");
}

static void missing_output_is_an_error(void **state)
{
	(void)state;
	one_node("Relu");
	model_output(&model, "z");
	assert_refused(-EINVAL, "nothing produces");
	assert_string_equal(diagnostics.first->tensor, "z");
}

static void double_is_refused(void **state)
{
	static const int64_t shape[] = { 2 };

	(void)state;
	model_input(&model, "x", DOUBLE, 1, shape);
	model_node(&model, "Relu", "x", "y");
	model_output(&model, "y");
	assert_refused(-ENOTSUP, "double");
	assert_non_null(strstr(diagnostics.first->advice, "float32"));
}

static void data_dependent_shape_is_refused(void **state)
{
	static const int64_t shape[] = { 4 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_input(&model, "s", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, shape);
	model_node(&model, "Reshape", "x,s", "y");
	model_output(&model, "y");
	assert_refused(-ENOTSUP, "must be constant");
	assert_non_null(strstr(diagnostics.first->advice, "--const"));
}

static void unsupported_opset_is_refused(void **state)
{
	(void)state;
	one_node("Relu");
	model.proto.opset_import[0]->version = 99;
	assert_refused(-ENOTSUP, "99");
}

static void shapes_must_fit(void **state)
{
	static const int64_t a[] = { 2, 3 }, b[] = { 4 };

	(void)state;
	model_input(&model, "a", FLOAT, 2, a);
	model_input(&model, "b", FLOAT, 1, b);
	model_node(&model, "Add", "a,b", "y");
	model_output(&model, "y");
	assert_refused(-EINVAL, "float32[2,3] and float32[4] do not fit");
}

static void dynamic_shapes_are_listed(void **state)
{
	static const int64_t shape[] = { -1, 3 };

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	model_input(&model, "z", FLOAT, 2, shape);
	model_node(&model, "Add", "x,z", "y");
	model_output(&model, "y");
	assert_refused(-EINVAL, "dynamic: [batch,3]");
	assert_string_equal(diagnostics.first->tensor, "x");
	assert_non_null(strstr(diagnostics.first->advice, "--shape"));
	assert_int_equal(diagnostics.error_count, 2);
	assert_string_equal(diagnostics.last->tensor, "z");
}

static int import_with(const struct pumori_import_options *options)
{
	model_pack(&model);
	return pumori_import(model.bytes, model.size, options, &graph, &diagnostics);
}

static void shape_option_decides(void **state)
{
	static const int64_t shape[] = { -1, 3 };
	struct pumori_shape_option option = { .name = "x", .rank = 2, .shape = { 5, 3 } };
	struct pumori_import_options options = { .shapes = &option, .shape_count = 1 };

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	model_node(&model, "Relu", "x", "y");
	model_output(&model, "y");
	assert_int_equal(import_with(&options), 0);
	assert_int_equal(graph->outputs[0]->type.shape[0], 5);
	pumori_graph_destroy(graph);
	/* It may not contradict the model, have another rank, or name nothing. */
	option.shape[1] = 4;
	assert_int_equal(import_with(&options), -EINVAL);
	option.rank = 1;
	assert_int_equal(import_with(&options), -EINVAL);
	option.name = "nothing";
	assert_int_equal(import_with(&options), -EINVAL);
	assert_int_equal(diagnostics.error_count, 3);
}

static void constant_option_binds(void **state)
{
	static const int64_t shape[] = { 6 }, target[] = { 2, 3 }, two[] = { 2 };
	struct pumori_constant_option option = {
		.name = "s", .type = { PUMORI_ELEMENT_INT64, 1, { 2 } }, .data = target,
	};
	struct pumori_import_options options = { .constants = &option, .constant_count = 1 };

	(void)state;
	model_input(&model, "x", FLOAT, 1, shape);
	model_input(&model, "s", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, two);
	model_node(&model, "Reshape", "x,s", "y");
	model_output(&model, "y");
	assert_int_equal(import_with(&options), 0);
	assert_int_equal(graph->input_count, 1);
	assert_int_equal(graph->outputs[0]->type.rank, 2);
}

static void clip_of_both_generations(void **state)
{
	static const float bounds[] = { -1, 2 };
	static const int64_t shape[] = { 2, 3 };

	(void)state;
	for (int64_t opset = 6; opset <= 12; opset += 6) {
		const union pumori_attributes *attributes;
		Onnx__NodeProto *node;

		model_release(&model);
		model_init(&model, opset);
		model_input(&model, "x", FLOAT, 2, shape);
		model_floats(&model, "low", 0, NULL, &bounds[0]);
		model_floats(&model, "high", 0, NULL, &bounds[1]);
		node = model_node(&model, "Clip", opset < 11 ? "x" : "x,low,high", "y");
		if (opset < 11) {
			model_float(&model, node, "min", -1);
			model_float(&model, node, "max", 2);
		}
		model_output(&model, "y");
		graph = model_import(&model, &diagnostics);
		assert_non_null(graph);
		attributes = &graph->first->attributes;
		assert_int_equal(attributes->unary.function, PUMORI_UNARY_CLAMP);
		assert_true(attributes->unary.alpha == -1 && attributes->unary.beta == 2);
		pumori_graph_destroy(graph);
		graph = NULL;
	}
}

static void softmax_of_both_generations(void **state)
{
	static const int64_t shape[] = { 2, 3, 4 };

	(void)state;
	/* Before opset 13 all axes from the given one on are one. */
	for (int64_t opset = 11; opset <= 13; opset += 2) {
		const struct pumori_node *node;

		model_release(&model);
		model_init(&model, opset);
		model_input(&model, "x", FLOAT, 3, shape);
		model_int(&model, model_node(&model, "Softmax", "x", "y"), "axis", 1);
		model_output(&model, "y");
		graph = model_import(&model, &diagnostics);
		assert_non_null(graph);
		for (node = graph->first; node->primitive != PUMORI_PRIMITIVE_SOFTMAX;)
			node = node->next;
		assert_int_equal(node->inputs[0]->type.rank, opset < 13 ? 2 : 3);
		pumori_graph_destroy(graph);
		graph = NULL;
	}
}

/* --- damaged files --- */

static void build_small_network(void)
{
	static const int64_t shape[] = { 1, 3, 8, 8 }, weight[] = { 4, 3, 3, 3 }, minus[] = { 1, -1 };
	float values[108];

	for (int i = 0; i < 108; i++)
		values[i] = i * 0.01f;
	model_input(&model, "x", FLOAT, 4, shape);
	model_floats(&model, "w", 4, weight, values);
	model_integers(&model, "flat", 2, minus);
	model_node(&model, "Conv", "x,w", "c");
	model_node(&model, "Relu", "c", "r");
	model_node(&model, "GlobalAveragePool", "r", "g");
	model_node(&model, "Reshape", "g,flat", "f");
	model_int(&model, model_node(&model, "Softmax", "f", "y"), "axis", 1);
	model_output(&model, "y");
	model_pack(&model);
}

/* Import must not crash; when it succeeds the graph must be sound. */
static void try_import(const void *bytes, size_t size)
{
	struct pumori_import_options options = { .folder = NULL };

	pumori_diagnostics_release(&diagnostics);
	if (pumori_import(bytes, size, &options, &graph, &diagnostics)) {
		assert_null(graph);
		assert_true(diagnostics.error_count > 0);
		return;
	}
	assert_int_equal(pumori_graph_verify(graph), 0);
	pumori_graph_destroy(graph);
	graph = NULL;
}

static void truncated_files_fail(void **state)
{
	(void)state;
	build_small_network();
	for (size_t size = 0; size < model.size; size++) {
		void *copy = malloc(size + 1);

		assert_non_null(copy);
		memcpy(copy, model.bytes, size);
		try_import(copy, size);
		free(copy);
	}
}

static void flipped_bits_do_not_crash(void **state)
{
	(void)state;
	build_small_network();
	for (size_t bit = 0; bit < 8 * model.size; bit++) {
		((unsigned char *)model.bytes)[bit / 8] ^= 1 << bit % 8;
		try_import(model.bytes, model.size);
		((unsigned char *)model.bytes)[bit / 8] ^= 1 << bit % 8;
	}
}

static void deep_nesting_is_refused(void **state)
{
	/* Graphs of nodes of attributes of graphs, far deeper than a stack could follow. */
	static const unsigned char fields[] = { 0x0a, 0x2a, 0x32 };
	const unsigned int levels = 30000;
	size_t length = 0;
	unsigned char *bytes = malloc(8 * levels);

	(void)state;
	assert_non_null(bytes);
	/* From the innermost outwards: each shifts the rest by a header that states its size. */
	for (unsigned int level = levels; level-- > 0;) {
		unsigned char header[8] = { level ? fields[(level - 1) % 3] : 0x3a };
		unsigned int used = 1;
		size_t rest = length;

		do {
			header[used++] = (rest & 0x7f) | (rest >> 7 ? 0x80 : 0);
			rest >>= 7;
		} while (rest);
		memmove(bytes + used, bytes, length);
		memcpy(bytes, header, used);
		length += used;
	}
	try_import(bytes, length);
	assert_non_null(strstr(diagnostics.first->reason, "not an ONNX file"));
	free(bytes);
}

static void absurd_sizes_are_refused(void **state)
{
	static const int64_t shape[] = { 2, 3 };
	static const float value = 1;
	Onnx__TensorProto *tensor;

	(void)state;
	model_input(&model, "x", FLOAT, 2, shape);
	tensor = model_floats(&model, "w", 1, (int64_t[]){ 1 }, &value);
	tensor->dims[0] = INT64_MAX / 2;
	model_node(&model, "Add", "x,w", "y");
	model_output(&model, "y");
	assert_refused(-EINVAL, "larger than the compiler handles");
	pumori_diagnostics_release(&diagnostics);
	tensor->dims[0] = 1 << 30;
	assert_refused(-EINVAL, "less data");
	pumori_diagnostics_release(&diagnostics);
	tensor->dims[0] = -1;
	assert_refused(-EINVAL, "negative");
}

/* --- external data --- */

static void external_tensor(Onnx__TensorProto *tensor, Onnx__StringStringEntryProto *entries,
			    Onnx__StringStringEntryProto **list, char *location, char *offset)
{
	tensor->n_float_data = 0;
	tensor->has_data_location = true;
	tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	for (int i = 0; i < 2; i++) {
		onnx__string_string_entry_proto__init(&entries[i]);
		list[i] = &entries[i];
	}
	entries[0].key = "location";
	entries[0].value = location;
	entries[1].key = "offset";
	entries[1].value = offset;
	tensor->external_data = list;
	tensor->n_external_data = 2;
}

static void external_data_is_read(void **state)
{
	static const int64_t shape[] = { 3 };
	static const float zeros[3], values[] = { 9, 8, 1, 2, 3 };
	char folder[] = "/tmp/pumori-test-XXXXXX", path[64];
	Onnx__StringStringEntryProto entries[2], *list[2];
	struct pumori_import_options options = { .folder = folder };
	Onnx__TensorProto *tensor;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/weights.bin", folder);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(values, sizeof(values), 1, file), 1);
	fclose(file);
	model_input(&model, "x", FLOAT, 1, shape);
	tensor = model_floats(&model, "w", 1, shape, zeros);
	external_tensor(tensor, entries, list, "weights.bin", "8");
	model_node(&model, "Add", "x,w", "y");
	model_output(&model, "y");
	assert_int_equal(import_with(&options), 0);
	assert_true(((float *)pumori_graph_find(graph, "w")->data)[2] == 3);
	pumori_graph_destroy(graph);
	graph = NULL;
	/* Past the end, outside the folder, and without a folder. */
	entries[1].value = "12";
	assert_int_equal(import_with(&options), -EIO);
	entries[0].value = "../weights.bin";
	assert_int_equal(import_with(&options), -EIO);
	entries[0].value = path;
	assert_int_equal(import_with(&options), -EIO);
	options.folder = NULL;
	assert_int_equal(import_with(&options), -EINVAL);
	unlink(path);
	rmdir(folder);
}

/* --- .npy --- */

static void npy_is_read(void **state)
{
	char file[80 + 24] = "\x93NUMPY\x01\x00\x46\x00"
		"{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }";
	struct pumori_tensor_type type;
	void *data;

	(void)state;
	file[80] = 7;
	assert_int_equal(pumori_npy_parse(file, sizeof(file), &type, &data, &diagnostics), 0);
	assert_int_equal(type.element, PUMORI_ELEMENT_INT64);
	assert_int_equal(type.rank, 1);
	assert_int_equal(type.shape[0], 3);
	assert_ptr_equal(data, file + 80);
	assert_int_equal(pumori_npy_parse(file, 96, &type, &data, &diagnostics), -EINVAL);
	for (size_t size = 0; size < 80; size++)
		assert_int_equal(pumori_npy_parse(file, size, &type, &data, &diagnostics), -EINVAL);
	memcpy(strstr(file + 10, "False"), "True ", 5);
	assert_int_equal(pumori_npy_parse(file, sizeof(file), &type, &data, &diagnostics), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unknown_operator_is_named),
		TEST(every_unknown_operator_is_named),
		TEST(unknown_attribute_is_named),
		TEST(wrong_attribute_type_is_named),
		TEST(foreign_domain_is_named),
		TEST(missing_input_is_named),
		TEST(undefined_value_is_an_error),
		TEST(twice_defined_value_is_an_error),
		TEST(missing_output_is_an_error),
		TEST(double_is_refused),
		TEST(data_dependent_shape_is_refused),
		TEST(unsupported_opset_is_refused),
		TEST(shapes_must_fit),
		TEST(dynamic_shapes_are_listed),
		TEST(shape_option_decides),
		TEST(constant_option_binds),
		TEST(clip_of_both_generations),
		TEST(softmax_of_both_generations),
		TEST(truncated_files_fail),
		TEST(flipped_bits_do_not_crash),
		TEST(deep_nesting_is_refused),
		TEST(absurd_sizes_are_refused),
		TEST(external_data_is_read),
		TEST(npy_is_read),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
