/* SPDX-License-Identifier: MIT */
/* States stay on the device: what a run makes of them is what the next one reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pumori/pumori.h>

#include "../../tools/compiler/backend.h"
#include "../../tools/compiler/build.h"
#include "../../tools/compiler/state.h"

#define ROWS	4
#define COLUMNS	32

static struct pumori_diagnostics diagnostics;
static struct pumori_graph *graph;
static struct pumori_device *device;
static struct pumori_model *model;
static struct pumori_run *run;
static struct pumori_tensor *inputs[2], *output;

static struct pumori_tensor *input(const char *name, enum pumori_element_type element, unsigned int rank,
				   const int64_t *shape)
{
	struct pumori_tensor_type type = { .element = element, .rank = rank };

	memcpy(type.shape, shape, rank * sizeof(*shape));
	return pumori_graph_add_input(graph, name, &type);
}

static int set_up(void **state)
{
	(void)state;
	pumori_diagnostics_init(&diagnostics);
	graph = pumori_graph_create("state", &diagnostics);
	return graph ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	if (run)
		pumori_run_destroy(run);
	for (size_t i = 0; i < 2; i++)
		if (inputs[i])
			pumori_tensor_destroy(inputs[i]);
	if (output)
		pumori_tensor_destroy(output);
	if (model)
		pumori_model_unload(model);
	if (device)
		pumori_device_close(device);
	run = NULL;
	model = NULL;
	device = NULL;
	inputs[0] = inputs[1] = output = NULL;
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
	return 0;
}

static int pair(const char *in, const char *out)
{
	struct pumori_state_option option = { .input = in, .output = out };

	return pumori_graph_add_states(graph, &option, 1);
}

static void load(uint32_t input_count)
{
	char path[] = "/tmp/pumori-state-XXXXXX";
	struct pumori_compile_options options = { 0 };
	struct pumori_model_info info = { .size = sizeof(info) };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(pumori_backend_compile(graph, &options, &diagnostics, path), 0);
	assert_int_equal(pumori_device_open(&device, "inproc", NULL), 0);
	assert_int_equal(pumori_model_load(&model, device, path), 0);
	unlink(path);
	assert_int_equal(pumori_model_info(model, &info), 0);
	assert_int_equal(info.inputs, input_count);
	assert_int_equal(info.outputs, 1);
	assert_int_equal(pumori_run_create(&run, model), 0);
	for (uint32_t i = 0; i < input_count; i++) {
		assert_int_equal(pumori_tensor_create_for(&inputs[i], model, PUMORI_INPUT, i), 0);
		assert_int_equal(pumori_run_bind(run, PUMORI_INPUT, i, inputs[i]), 0);
	}
	assert_int_equal(pumori_tensor_create_for(&output, model, PUMORI_OUTPUT, 0), 0);
	assert_int_equal(pumori_run_bind(run, PUMORI_OUTPUT, 0, output), 0);
}

/* The sum is read before and after it grows: by what was and by what will be. */
static void sums_go_on(void **state)
{
	static const int64_t shape[] = { ROWS, COLUMNS };
	struct pumori_tensor *x = input("x", PUMORI_ELEMENT_FLOAT32, 2, shape);
	struct pumori_tensor *past = input("past", PUMORI_ELEMENT_FLOAT32, 2, shape);
	struct pumori_tensor *present = pumori_build_binary(graph, PUMORI_BINARY_ADD, past, x);
	struct pumori_tensor *both = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, present, past);

	(void)state;
	both = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, both, present);
	assert_int_equal(pumori_graph_add_output(graph, both, "y"), 0);
	assert_int_equal(pumori_graph_add_output(graph, present, "present"), 0);
	assert_int_equal(pair("past", "present"), 0);
	load(1);
	for (int i = 1; i <= 4; i++) {
		for (size_t e = 0; e < ROWS * COLUMNS; e++)
			((float *)pumori_tensor_data(inputs[0]))[e] = 3;
		assert_int_equal(pumori_run_execute(run), 0);
		for (size_t e = 0; e < ROWS * COLUMNS; e++)
			assert_float_equal(((float *)pumori_tensor_data(output))[e], 9 * i, 0);
	}
}

/* Rows written one a run stay, and are written where they are. */
static void rows_accumulate(void **state)
{
	static const int64_t shape[] = { ROWS, COLUMNS }, row[] = { 1, COLUMNS }, place[] = { 1, 1 };
	struct pumori_tensor *update = input("update", PUMORI_ELEMENT_FLOAT32, 2, row), *y;
	struct pumori_tensor *index = input("index", PUMORI_ELEMENT_INT64, 2, place);
	struct pumori_tensor *past = input("past.0", PUMORI_ELEMENT_FLOAT32, 2, shape);
	struct pumori_tensor *operands[3] = { past, index, update };
	union pumori_attributes attributes = { .scatter_nd = { .mode = PUMORI_SCATTER_REPLACE } };
	struct pumori_node *scatter = pumori_graph_add(graph, PUMORI_PRIMITIVE_SCATTER_ND, &attributes,
						       operands, 3);

	(void)state;
	assert_non_null(scatter);
	y = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, 2, 1, scatter->outputs[0]);
	assert_int_equal(pumori_graph_add_output(graph, y, "y"), 0);
	assert_int_equal(pumori_graph_add_output(graph, scatter->outputs[0], "present.0"), 0);
	assert_int_equal(pair("past.*", "present.*"), 0);
	assert_true(pumori_graph_updates_state(graph, scatter));
	load(2);
	for (int i = 0; i < ROWS; i++) {
		*(int64_t *)pumori_tensor_data(inputs[1]) = i;
		for (size_t e = 0; e < COLUMNS; e++)
			((float *)pumori_tensor_data(inputs[0]))[e] = (float)(i + 1);
		assert_int_equal(pumori_run_execute(run), 0);
		for (int r = 0; r < ROWS; r++)
			assert_float_equal(((float *)pumori_tensor_data(output))[r * COLUMNS + 5],
					   r <= i ? 2 * (r + 1) + 1 : 1, 0);
	}
}

static void pairs_must_fit(void **state)
{
	static const int64_t shape[] = { 2 }, other[] = { 3 };
	struct pumori_tensor *a = input("a", PUMORI_ELEMENT_FLOAT32, 1, shape);
	struct pumori_tensor *b = input("b", PUMORI_ELEMENT_FLOAT32, 1, other);

	(void)state;
	a = pumori_build_unary(graph, PUMORI_UNARY_RELU, 0, 0, a);
	b = pumori_build_unary(graph, PUMORI_UNARY_ABS, 0, 0, b);
	assert_int_equal(pumori_graph_add_output(graph, a, "y"), 0);
	assert_int_equal(pumori_graph_add_output(graph, b, "z"), 0);
	assert_true(pair("a", "nothing") < 0);
	assert_true(pair("nothing", "y") < 0);
	assert_true(pair("b", "y") < 0);
	assert_int_equal(pair("a", "y"), 0);
	assert_true(pair("a", "y") < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(sums_go_on), TEST(rows_accumulate), TEST(pairs_must_fit) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
