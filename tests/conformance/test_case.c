// SPDX-License-Identifier: MIT
/* Reading and comparing test data; see test_case.h. */
#include "test_case.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/compiler/element.h"
#include "../../tools/compiler/onnx_file.h"

static bool is_initializer(const Onnx__GraphProto *graph, const char *name)
{
	for (size_t i = 0; i < graph->n_initializer; i++)
		if (graph->initializer[i]->name && !strcmp(graph->initializer[i]->name, name))
			return true;
	return false;
}

static void release_set(struct conformance_case *test)
{
	for (size_t i = 0; i < CONFORMANCE_MAX_VALUES; i++) {
		free(test->inputs[i].data);
		test->inputs[i].data = NULL;
		free(test->outputs[i].data);
		test->outputs[i].data = NULL;
	}
	test->output_count = 0;
}

int conformance_open(struct conformance_case *test, const char *folder)
{
	Onnx__ModelProto *model;
	char path[4096];
	int error;

	memset(test, 0, sizeof(*test));
	pumori_diagnostics_init(&test->diagnostics);
	test->folder = strdup(folder);
	snprintf(path, sizeof(path), "%s/model.onnx", folder);
	error = pumori_read_file(path, &test->model, &test->model_size, &test->diagnostics);
	if (!error)
		error = pumori_onnx_parse(test->model, test->model_size, &model, &test->diagnostics);
	if (error)
		return error;
	for (size_t i = 0; model->graph && i < model->graph->n_input; i++) {
		const char *name = model->graph->input[i]->name;

		if (name && !is_initializer(model->graph, name) &&
		    test->input_count < CONFORMANCE_MAX_VALUES)
			test->inputs[test->input_count++].name = strdup(name);
	}
	onnx__model_proto__free_unpacked(model, NULL);
	return 0;
}

void conformance_close(struct conformance_case *test)
{
	release_set(test);
	for (size_t i = 0; i < test->input_count; i++)
		free(test->inputs[i].name);
	pumori_diagnostics_release(&test->diagnostics);
	free(test->model);
	free(test->folder);
}

/* A file that does not hold a supported tensor leaves data NULL. */
static int read_value(struct conformance_case *test, const char *path,
		      struct conformance_value *value)
{
	struct pumori_diagnostics ignored;
	Onnx__TensorProto *tensor = NULL;
	void *data;
	size_t size;
	int error = pumori_read_file(path, &data, &size, &test->diagnostics);

	if (error)
		return error;
	pumori_diagnostics_init(&ignored);
	value->data = NULL;
	if (!pumori_onnx_parse_tensor(data, size, &tensor, &ignored))
		pumori_onnx_tensor_data(tensor, NULL, &value->type, &value->data, &ignored, NULL);
	pumori_diagnostics_release(&ignored);
	if (tensor)
		onnx__tensor_proto__free_unpacked(tensor, NULL);
	free(data);
	return 0;
}

int conformance_read_set(struct conformance_case *test, unsigned int number)
{
	char path[4096];
	int error = 0;

	release_set(test);
	snprintf(path, sizeof(path), "%s/test_data_set_%u", test->folder, number);
	if (access(path, R_OK))
		return 0;
	for (size_t i = 0; !error && i < test->input_count; i++) {
		snprintf(path, sizeof(path), "%s/test_data_set_%u/input_%zu.pb", test->folder,
			 number, i);
		error = read_value(test, path, &test->inputs[i]);
	}
	while (!error && test->output_count < CONFORMANCE_MAX_VALUES) {
		snprintf(path, sizeof(path), "%s/test_data_set_%u/output_%zu.pb", test->folder,
			 number, test->output_count);
		if (access(path, R_OK))
			break;
		error = read_value(test, path, &test->outputs[test->output_count++]);
	}
	return error ? error : 1;
}

const struct conformance_value *conformance_input(const struct conformance_case *test,
						  const char *name)
{
	for (size_t i = 0; i < test->input_count; i++)
		if (!strcmp(test->inputs[i].name, name))
			return &test->inputs[i];
	return NULL;
}

static bool is_listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

void conformance_options(const struct conformance_case *test, const char *const *constants,
			 size_t constant_count, struct conformance_options *options)
{
	memset(options, 0, sizeof(*options));
	options->import.shapes = options->shapes;
	options->import.constants = options->constants;
	options->import.folder = test->folder;
	for (size_t i = 0; i < test->input_count; i++) {
		const struct conformance_value *value = &test->inputs[i];
		struct pumori_shape_option *shape = &options->shapes[options->import.shape_count];

		if (!value->data)
			continue;
		if (is_listed(constants, constant_count, value->name)) {
			options->constants[options->import.constant_count++] =
				(struct pumori_constant_option){
					.name = value->name, .type = value->type, .data = value->data,
				};
			continue;
		}
		shape->name = value->name;
		shape->rank = value->type.rank;
		memcpy(shape->shape, value->type.shape, sizeof(shape->shape));
		options->import.shape_count++;
	}
}

bool conformance_compare(const struct conformance_value *expected,
			 const struct pumori_tensor_type *type, const void *data, double rtol,
			 double atol, char *text, size_t size)
{
	int64_t count = pumori_type_elements(type);
	char want[128], have[128];

	pumori_type_format(&expected->type, want, sizeof(want));
	pumori_type_format(type, have, sizeof(have));
	/* The data sets hold bfloat16 as its bits, in uint16 tensors. */
	if (!pumori_shape_equal(type, &expected->type) ||
	    (type->element != expected->type.element &&
	     !(type->element == PUMORI_ELEMENT_BFLOAT16 &&
	       expected->type.element == PUMORI_ELEMENT_UINT16))) {
		snprintf(text, size, "%s instead of %s", have, want);
		return false;
	}
	for (int64_t i = 0; i < count; i++) {
		double a = pumori_load_value(type->element, data, i);
		double b = pumori_load_value(type->element, expected->data, i);
		bool equal = a == b || (isnan(a) && isnan(b));

		if (!pumori_element_is_float(type->element))
			equal = pumori_load_integer(type->element, data, i) ==
				pumori_load_integer(type->element, expected->data, i);
		else if (!equal && isfinite(a) && isfinite(b))
			equal = fabs(a - b) <= atol + rtol * fabs(b);
		if (equal)
			continue;
		snprintf(text, size, "element %lld of %s: %.9g instead of %.9g", (long long)i, have,
			 a, b);
		return false;
	}
	return true;
}
