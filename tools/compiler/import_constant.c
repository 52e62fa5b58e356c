// SPDX-License-Identifier: MIT
/* ONNX operators that make tensors out of nothing. */
#include <math.h>

#include "element.h"
#include "importer.h"

static void constant_tensor(struct pumori_importer *importer, const Onnx__TensorProto *message)
{
	struct pumori_tensor_type type;
	void *data;

	if (!message) {
		pumori_reject(importer, "its value is missing");
		return;
	}
	importer->error = pumori_onnx_tensor_data(message, importer->options->folder, &type, &data,
						  importer->diagnostics, &importer->where);
	if (importer->error)
		return;
	importer->graph->fold_budget += PUMORI_FOLD_BUDGET_ELEMENT *
					(uint64_t)pumori_type_elements(&type);
	importer->outputs[0] = pumori_graph_adopt_constant(importer->graph, NULL, &type, data);
}

static void import_constant(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_FLOAT32 };
	const Onnx__AttributeProto *attribute;
	const int64_t *integers;
	const float *floats;

	(void)parameter;
	if ((attribute = pumori_attribute(importer, "value"))) {
		constant_tensor(importer, attribute->t);
	} else if (pumori_has_attribute(importer, "value_float")) {
		float value = pumori_attribute_float(importer, "value_float", 0);

		importer->outputs[0] = pumori_graph_add_constant(importer->graph, NULL, &type,
								 &value);
	} else if (pumori_has_attribute(importer, "value_int")) {
		int64_t value = pumori_attribute_int(importer, "value_int", 0);

		type.element = PUMORI_ELEMENT_INT64;
		importer->outputs[0] = pumori_graph_add_constant(importer->graph, NULL, &type,
								 &value);
	} else if (pumori_has_attribute(importer, "value_floats")) {
		type.rank = 1;
		type.shape[0] = pumori_attribute_floats(importer, "value_floats", &floats);
		importer->outputs[0] = pumori_graph_add_constant(importer->graph, NULL, &type,
								 floats);
	} else if (pumori_has_attribute(importer, "value_ints")) {
		size_t count = pumori_attribute_ints(importer, "value_ints", &integers);

		importer->outputs[0] = pumori_graph_add_int64s(importer->graph, integers, count);
	} else {
		pumori_refuse(importer, "this form of value is not supported");
	}
}

/* A scalar broadcast to a shape: cheap however large the shape is. */
static void import_constant_of_shape(struct pumori_importer *importer, int parameter)
{
	const Onnx__AttributeProto *attribute = pumori_attribute(importer, "value");
	int64_t shape[PUMORI_MAX_RANK];
	int rank = pumori_input_integers(importer, 0, shape, PUMORI_MAX_RANK, 0);
	struct pumori_tensor *value;

	(void)parameter;
	if (rank < 0)
		return;
	if (attribute)
		constant_tensor(importer, attribute->t);
	else
		importer->outputs[0] = pumori_graph_add_scalar(importer->graph,
							       PUMORI_ELEMENT_FLOAT32, 0);
	value = importer->outputs[0];
	if (importer->error || !value)
		return;
	if (pumori_type_elements(&value->type) != 1) {
		pumori_reject(importer, "its value is not a single element");
		return;
	}
	value = pumori_build_reshape(importer->graph, value, 0, shape);
	importer->outputs[0] = pumori_build_expand(importer->graph, value, rank, shape);
}

static void import_eye_like(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor_type type = importer->inputs[0]->type;
	int64_t k = pumori_attribute_int(importer, "k", 0);
	struct pumori_tensor *result;

	(void)parameter;
	if (pumori_has_attribute(importer, "dtype"))
		importer->error = pumori_onnx_element(pumori_attribute_int(importer, "dtype", 0),
						      &type.element, importer->diagnostics,
						      &importer->where);
	if (importer->error)
		return;
	if (type.rank != 2 || pumori_type_elements(&type) > PUMORI_IMPORT_MAX_MADE) {
		pumori_refuse(importer, "rank %u, or too large", type.rank);
		return;
	}
	result = pumori_graph_add_constant(importer->graph, NULL, &type, NULL);
	for (int64_t i = 0; result && i < type.shape[0]; i++)
		if (k > -INT32_MAX && k < INT32_MAX && i + k >= 0 && i + k < type.shape[1])
			pumori_store_value(type.element, result->data, i * type.shape[1] + i + k, 1);
	importer->outputs[0] = result;
}

static void import_range(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor_type type = { .rank = 1 };
	double bounds[3], count;
	struct pumori_tensor *result;

	(void)parameter;
	type.element = importer->inputs[0]->type.element;
	for (size_t i = 0; i < 3; i++) {
		const struct pumori_tensor *bound = importer->inputs[i];

		if (!pumori_tensor_is_constant(bound) || bound->type.element != type.element ||
		    pumori_type_elements(&bound->type) != 1) {
			pumori_refuse(importer, "its bounds must be constant scalars of one type");
			return;
		}
		bounds[i] = pumori_load_value(type.element, bound->data, 0);
	}
	count = ceil((bounds[1] - bounds[0]) / bounds[2]);
	if (isnan(count) || count > PUMORI_IMPORT_MAX_MADE) {
		pumori_refuse(importer, "a range of %g elements", count);
		return;
	}
	type.shape[0] = count > 0 ? count : 0;
	result = pumori_graph_add_constant(importer->graph, NULL, &type, NULL);
	for (int64_t i = 0; result && i < type.shape[0]; i++)
		pumori_store_value(type.element, result->data, i, bounds[0] + i * bounds[2]);
	importer->outputs[0] = result;
}

enum window { HANN, HAMMING, BLACKMAN };

/* a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N) */
static void import_window(struct pumori_importer *importer, int kind)
{
	static const double coefficients[][3] = {
		[HANN] = { 0.5, 0.5, 0 },
		[HAMMING] = { 25.0 / 46, 21.0 / 46, 0 },
		[BLACKMAN] = { 0.42, 0.5, 0.08 },
	};
	const double *a = coefficients[kind];
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_FLOAT32, .rank = 1 };
	bool periodic = pumori_attribute_int(importer, "periodic", 1);
	int64_t size, datatype = pumori_attribute_int(importer, "output_datatype", 1);
	struct pumori_tensor *result;

	importer->error = pumori_onnx_element(datatype, &type.element, importer->diagnostics,
					      &importer->where);
	if (importer->error || pumori_input_integers(importer, 0, &size, 1, -1) != 1) {
		if (!importer->error)
			pumori_reject(importer, "its size is not a scalar");
		return;
	}
	if (size < 0 || size > PUMORI_IMPORT_MAX_MADE) {
		pumori_refuse(importer, "a window of %lld elements", (long long)size);
		return;
	}
	type.shape[0] = size;
	result = pumori_graph_add_constant(importer->graph, NULL, &type, NULL);
	for (int64_t i = 0; result && i < size; i++) {
		int64_t length = periodic ? size : size - 1;
		double phase = length ? 2 * M_PI * i / length : 0;

		pumori_store_value(type.element, result->data, i,
				   a[0] - a[1] * cos(phase) + a[2] * cos(2 * phase));
	}
	importer->outputs[0] = result;
}

/* Positions of what is not zero; their number must not depend on data. */
static void import_non_zero(struct pumori_importer *importer, int parameter)
{
	const struct pumori_tensor *x = importer->inputs[0];
	struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_INT64, .rank = 2, .shape = { x->type.rank, 0 },
	};
	int64_t count = pumori_type_elements(&x->type), strides[PUMORI_MAX_RANK], found = 0;
	struct pumori_tensor *result;

	(void)parameter;
	if (!pumori_tensor_is_constant(x) || !x->type.rank) {
		pumori_refuse(importer, "its input must be constant");
		return;
	}
	for (int64_t i = 0; i < count; i++)
		type.shape[1] += pumori_load_value(x->type.element, x->data, i) != 0;
	result = pumori_graph_add_constant(importer->graph, NULL, &type, NULL);
	pumori_type_strides(&x->type, strides);
	for (int64_t i = 0; result && i < count; i++) {
		if (pumori_load_value(x->type.element, x->data, i) == 0)
			continue;
		for (unsigned int axis = 0; axis < x->type.rank; axis++)
			((int64_t *)result->data)[axis * type.shape[1] + found] =
				i / strides[axis] % x->type.shape[axis];
		found++;
	}
	importer->outputs[0] = result;
}

const struct pumori_import_row pumori_import_constant[] = {
	{ "BlackmanWindow", import_window, BLACKMAN, 1 },
	{ "Constant", import_constant, 0, 0 },
	{ "ConstantOfShape", import_constant_of_shape, 0, 1 },
	{ "EyeLike", import_eye_like, 0, 1 },
	{ "HammingWindow", import_window, HAMMING, 1 },
	{ "HannWindow", import_window, HANN, 1 },
	{ "NonZero", import_non_zero, 0, 1 },
	{ "Range", import_range, 0, 3 },
	{ .name = NULL },
};
