// SPDX-License-Identifier: MIT
#include "../../tools/compiler/element.h"
#include "backend_bench.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

uint32_t bench_next(struct bench_random *random)
{
	random->state = random->state * 6364136223846793005ull + 1442695040888963407ull;
	return random->state >> 33;
}

int64_t bench_range(struct bench_random *random, int64_t low, int64_t high)
{
	return low + bench_next(random) % (uint64_t)(high - low + 1);
}

float bench_float(struct bench_random *random, float low, float high)
{
	return low + (high - low) * ((float)(bench_next(random) & 0xffffff) / 16777216.0f);
}

void bench_begin(struct bench_graph *bench, uint64_t seed)
{
	memset(bench, 0, sizeof(*bench));
	bench->random.state = seed * 2654435761u + 1;
	bench->low = -2.0f;
	bench->high = 2.0f;
	pumori_diagnostics_init(&bench->diagnostics);
	bench->graph = pumori_graph_create("bench", &bench->diagnostics);
	assert_non_null(bench->graph);
}

static void explain(struct bench_graph *bench)
{
	pumori_diagnostics_print(&bench->diagnostics, stderr);
	pumori_graph_print(bench->graph, stderr);
}

struct pumori_tensor *bench_input(struct bench_graph *bench, enum pumori_element_type element,
				  unsigned int rank, const int64_t *shape)
{
	struct pumori_tensor_type type = { .element = element, .rank = rank };
	struct pumori_tensor *tensor;

	for (unsigned int i = 0; i < rank; i++)
		type.shape[i] = shape[i];
	tensor = pumori_graph_add_input(bench->graph, NULL, &type);
	if (!tensor)
		explain(bench);
	assert_non_null(tensor);
	return tensor;
}

struct pumori_tensor *bench_constant(struct bench_graph *bench, unsigned int rank,
				     const int64_t *shape, float low, float high)
{
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_FLOAT32, .rank = rank };
	struct pumori_tensor *tensor;

	for (unsigned int i = 0; i < rank; i++)
		type.shape[i] = shape[i];
	tensor = pumori_graph_add_constant(bench->graph, NULL, &type, NULL);
	assert_non_null(tensor);
	for (int64_t i = 0; i < pumori_type_elements(&type); i++)
		((float *)tensor->data)[i] = bench_float(&bench->random, low, high);
	return tensor;
}

struct pumori_tensor *bench_node(struct bench_graph *bench, enum pumori_primitive primitive,
				 const union pumori_attributes *attributes,
				 struct pumori_tensor *const *inputs, size_t input_count)
{
	struct pumori_node *node = pumori_graph_add(bench->graph, primitive, attributes, inputs,
						    input_count);

	if (!node)
		explain(bench);
	assert_non_null(node);
	return node->outputs[0];
}

void bench_output(struct bench_graph *bench, struct pumori_tensor *tensor)
{
	char name[32];

	snprintf(name, sizeof(name), "output%zu", bench->graph->output_count);
	assert_int_equal(pumori_graph_add_output(bench->graph, tensor, name), 0);
}

static void fill(struct bench_graph *bench, const struct pumori_tensor_type *type, void *data)
{
	int64_t count = pumori_type_elements(type);
	size_t bytes = pumori_element_bytes(type->element);

	for (int64_t i = 0; i < count; i++) {
		float value = bench_float(&bench->random, bench->low, bench->high);
		int64_t integer = (int64_t)floorf(value);

		if (type->element == PUMORI_ELEMENT_FLOAT32)
			((float *)data)[i] = value;
		else if (type->element == PUMORI_ELEMENT_BOOL)
			((uint8_t *)data)[i] = value > 0;
		else
			memcpy((uint8_t *)data + i * bytes, &integer, bytes);
	}
}

/* Where the first difference is; the number of them. */
static size_t compare(const struct pumori_tensor_type *type, const void *expected,
		      const void *actual, double rtol, double atol, size_t *first, double *worst)
{
	int64_t count = pumori_type_elements(type);
	size_t bytes = pumori_element_bytes(type->element), different = 0;

	*worst = 0;
	for (int64_t i = 0; i < count; i++) {
		bool equal;

		if (pumori_element_is_float(type->element)) {
			double e = pumori_load_value(type->element, expected, i);
			double a = pumori_load_value(type->element, actual, i);
			double error = fabs(e - a);

			equal = error <= atol + rtol * fabs(e) || e == a || (isnan(e) && isnan(a));
			if (error > *worst)
				*worst = error;
		} else {
			equal = !memcmp((const uint8_t *)expected + i * bytes,
					(const uint8_t *)actual + i * bytes, bytes);
		}
		if (!equal && !different++)
			*first = i;
	}
	return different;
}

static void *slurp(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	void *data;

	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*bytes = ftell(file);
	rewind(file);
	data = malloc(*bytes + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *bytes, file), *bytes);
	fclose(file);
	return data;
}

static void compile(struct bench_graph *bench, enum bench_mode mode, void **file, size_t *bytes)
{
	char path[] = "/tmp/pumori-backend-XXXXXX";
	struct pumori_compile_options options = { .resident_bytes = mode == BENCH_MEMORY,
						  .preload = mode == BENCH_PRELOAD,
						  .target = mode == BENCH_PRELOAD ?
							    PUMORI_TARGET_SILICON :
							    PUMORI_TARGET_SOFTWARE };
	int fd = mkstemp(path), result;

	assert_true(fd >= 0);
	close(fd);
	if (getenv("BENCH_DUMP")) {
		options.dump = stderr;
		options.dump_after = getenv("BENCH_DUMP");
	}
	bench->graph->cast_mode = mode == BENCH_BFLOAT16 ? PUMORI_CAST_BFLOAT16 :
							   PUMORI_CAST_FLOAT32;
	result = pumori_backend_compile(bench->graph, &options, &bench->diagnostics, path);
	if (result)
		explain(bench);
	else
		*file = slurp(path, bytes);
	unlink(path);
	assert_int_equal(result, 0);
}

static void require(struct bench_graph *bench, int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s: %s\n", what, pumori_error_name(result),
			pumori_last_error());
		explain(bench);
	}
	assert_true(result >= 0);
}

void bench_finish(struct bench_graph *bench, enum bench_mode mode, double rtol, double atol)
{
	struct pumori_graph *graph = bench->graph;
	size_t inputs = graph->input_count, outputs = graph->output_count, bytes = 0;
	struct pumori_binding in[8] = { 0 }, out[8] = { 0 };
	struct pumori_tensor_type types[8];
	struct pumori_tensor *tensors[16];
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run;
	bool failed = false;
	void *file = NULL;
	int result;

	assert_true(inputs <= 8 && outputs <= 8);
	for (size_t i = 0; i < inputs; i++) {
		in[i].tensor = graph->inputs[i];
		in[i].data = malloc(pumori_type_bytes(&graph->inputs[i]->type) + 1);
		fill(bench, &graph->inputs[i]->type, in[i].data);
	}
	for (size_t i = 0; i < outputs; i++) {
		types[i] = graph->outputs[i]->type;
		out[i].tensor = graph->outputs[i];
		out[i].data = malloc(pumori_type_bytes(&types[i]) + 1);
	}
	result = pumori_evaluate_graph(graph, in, inputs, out, outputs, &bench->diagnostics);
	if (result)
		explain(bench);
	assert_int_equal(result, 0);

	compile(bench, mode, &file, &bytes);
	require(bench, pumori_device_open(&device, "inproc", NULL), "open");
	require(bench, pumori_model_load_memory(&model, device, file, bytes), "load");
	require(bench, pumori_run_create(&run, model), "run");
	for (size_t i = 0; i < inputs + outputs; i++) {
		enum pumori_direction direction = i < inputs ? PUMORI_INPUT : PUMORI_OUTPUT;
		size_t index = i < inputs ? i : i - inputs;

		require(bench, pumori_tensor_create_for(&tensors[i], model, direction, index), "tensor");
		require(bench, pumori_run_bind(run, direction, index, tensors[i]), "bind");
		if (i < inputs)
			memcpy(pumori_tensor_data(tensors[i]), in[i].data,
			       pumori_type_bytes(&in[i].tensor->type));
	}
	result = pumori_run_execute(run);
	if (result >= 0 && mode == BENCH_PRELOAD) {
		/* The second run finds the weights as the first one left them. */
		for (size_t i = inputs; i < inputs + outputs; i++)
			memset(pumori_tensor_data(tensors[i]), 0x55, pumori_tensor_bytes(tensors[i]));
		result = pumori_run_execute(run);
	}
	if (result < 0) {
		struct pumori_run_status status = { .size = sizeof(status) };

		pumori_run_status(run, &status);
		fprintf(stderr, "pc %u stream %u fault %u\n", status.pc, status.stream, status.fault);
	}
	require(bench, result, "execute");
	for (size_t i = 0; i < outputs; i++) {
		const void *actual = pumori_tensor_data(tensors[inputs + i]);
		size_t first = 0, different;
		double worst;

		different = compare(&types[i], out[i].data, actual, rtol, atol, &first, &worst);
		if (!different)
			continue;
		fprintf(stderr, "mode %d, output %zu: %zu of %lld differ, worst %g, first at %zu",
			mode, i, different, (long long)pumori_type_elements(&types[i]), worst, first);
		if (pumori_element_is_float(types[i].element))
			fprintf(stderr, ": %g instead of %g",
				pumori_load_value(types[i].element, actual, first),
				pumori_load_value(types[i].element, out[i].data, first));
		fputc('\n', stderr);
		failed = true;
	}
	if (failed)
		explain(bench);
	pumori_run_destroy(run);
	for (size_t i = 0; i < inputs + outputs; i++)
		pumori_tensor_destroy(tensors[i]);
	pumori_model_unload(model);
	pumori_device_close(device);
	free(file);
	for (size_t i = 0; i < inputs; i++)
		free(in[i].data);
	for (size_t i = 0; i < outputs; i++)
		free(out[i].data);
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&bench->diagnostics);
	assert_false(failed);
}
