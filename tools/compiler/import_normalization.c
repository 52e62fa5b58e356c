// SPDX-License-Identifier: MIT
/* ONNX normalisations. */

#include "importer.h"

/*
 * Inference: (x - mean) / sqrt(variance + epsilon) * scale + bias = x * factor + offset, with one
 * factor and offset a channel; constant statistics make both constant.
 */
static void import_batch(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *factor, *offset;
	float epsilon = pumori_attribute_float(importer, "epsilon", 1e-5f);

	(void)parameter;
	pumori_attribute_ignore(importer, "momentum");
	pumori_attribute_require(importer, "training_mode", 0);
	if (importer->opset < 7)
		pumori_attribute_require(importer, "is_test", 1);
	pumori_attribute_ignore(importer, "consumed_inputs");	/* opset 1 to 5: memory reuse */
	pumori_attribute_require(importer, "spatial", 1);
	if (importer->error)
		return;
	if (x->type.rank < 2) {
		pumori_reject(importer, "its input has rank %u", x->type.rank);
		return;
	}
	factor = pumori_build_binary_scalar(graph, PUMORI_BINARY_ADD, importer->inputs[4], epsilon);
	factor = pumori_build_unary(graph, PUMORI_UNARY_SQRT, 0, 0, factor);
	factor = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, importer->inputs[1], factor);
	offset = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, importer->inputs[3], factor);
	offset = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, importer->inputs[2], offset);
	factor = pumori_along_axis(importer, factor, 1, x->type.rank);
	offset = pumori_along_axis(importer, offset, 1, x->type.rank);
	x = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, factor);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_ADD, x, offset);
}

static struct pumori_tensor *layer_norm(struct pumori_graph *graph, struct pumori_tensor *x,
					unsigned int axis, float epsilon)
{
	union pumori_attributes attributes = {
		.layer_norm = { .axis = axis, .epsilon = epsilon },
	};

	return pumori_build(graph, PUMORI_PRIMITIVE_LAYER_NORM, &attributes, &x, 1);
}

/* Every map of every image by itself; scale and bias a channel. */
static void import_instance(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *scale, *bias;
	float epsilon = pumori_attribute_float(importer, "epsilon", 1e-5f);
	unsigned int rank = x->type.rank;

	(void)parameter;
	if (rank < 3) {
		pumori_reject(importer, "its input has rank %u", rank);
		return;
	}
	scale = pumori_along_axis(importer, importer->inputs[1], 1, rank);
	bias = pumori_along_axis(importer, importer->inputs[2], 1, rank);
	x = layer_norm(graph, x, 2, epsilon);
	x = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, scale);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_ADD, x, bias);
}

/*
 * Groups of channels of every image by themselves. Scale and bias are of a channel from opset 21
 * on, of a group before.
 */
static void import_group(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *parameters[2];
	float epsilon = pumori_attribute_float(importer, "epsilon", 1e-5f);
	int64_t groups = pumori_attribute_int(importer, "num_groups", 0), shape[3], flat[3];
	unsigned int rank = x->type.rank;

	(void)parameter;
	pumori_attribute_require(importer, "stash_type", 1);
	if (importer->error)
		return;
	if (rank < 3 || groups < 1 || x->type.shape[1] % groups ||
	    !pumori_type_elements(&x->type)) {
		pumori_reject(importer, "%lld groups do not fit its input", (long long)groups);
		return;
	}
	shape[0] = flat[0] = x->type.shape[0];
	shape[1] = groups;
	shape[2] = pumori_type_elements(&x->type) / shape[0] / groups;
	flat[1] = importer->opset < 21 ? groups : x->type.shape[1];
	flat[2] = pumori_type_elements(&x->type) / shape[0] / flat[1];
	for (int i = 0; i < 2; i++)
		parameters[i] = pumori_along_axis(importer, importer->inputs[1 + i], 1, 3);
	x = pumori_build_reshape(graph, x, 3, shape);
	x = layer_norm(graph, x, 2, epsilon);
	x = pumori_build_reshape(graph, x, 3, flat);
	x = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, parameters[0]);
	x = pumori_build_binary(graph, PUMORI_BINARY_ADD, x, parameters[1]);
	importer->outputs[0] = pumori_build_reshape(graph, x, rank, importer->inputs[0]->type.shape);
}

/* Scale and bias may have any shape that broadcasts to the normalised axes. */
static struct pumori_tensor *whole(struct pumori_graph *graph, struct pumori_tensor *x,
				   unsigned int axis, struct pumori_tensor *parameter)
{
	return parameter ? pumori_build_expand(graph, parameter, x->type.rank - axis,
					       x->type.shape + axis) : NULL;
}

static void import_layer(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *mean, *deviation;
	struct pumori_tensor *bias = pumori_input(importer, 2);
	unsigned int axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", -1),
					x->type.rank);
	float epsilon = pumori_attribute_float(importer, "epsilon", 1e-5f);
	union pumori_attributes attributes = {
		.layer_norm = { .axis = axis, .epsilon = epsilon },
	};
	uint32_t axes = ((uint32_t)1 << x->type.rank) - ((uint32_t)1 << axis);

	(void)parameter;
	pumori_attribute_require(importer, "stash_type", 1);
	if (importer->error)
		return;
	importer->outputs[0] =
		pumori_build(graph, PUMORI_PRIMITIVE_LAYER_NORM, &attributes,
			     (struct pumori_tensor *[]){ x, whole(graph, x, axis, importer->inputs[1]),
							 whole(graph, x, axis, bias) }, 3);
	if (importer->node->n_output < 2)
		return;
	/* The optional outputs: mean and 1 / standard deviation. */
	mean = pumori_build_reduce(graph, PUMORI_REDUCTION_MEAN, axes, true, x);
	importer->outputs[1] = mean;
	deviation = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, x, mean);
	deviation = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, deviation, deviation);
	deviation = pumori_build_reduce(graph, PUMORI_REDUCTION_MEAN, axes, true, deviation);
	deviation = pumori_build_binary_scalar(graph, PUMORI_BINARY_ADD, deviation, epsilon);
	deviation = pumori_build_unary(graph, PUMORI_UNARY_SQRT, 0, 0, deviation);
	importer->outputs[2] = pumori_build_unary(graph, PUMORI_UNARY_RECIPROCAL, 0, 0, deviation);
}

/* (x - E x) / sqrt(E x^2 - (E x)^2), over any axes. */
static void import_mean_variance(struct pumori_importer *importer, int parameter)
{
	static const int64_t usual[] = { 0, 2, 3 };
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *variance;
	const int64_t *axes;
	size_t count = pumori_attribute_ints(importer, "axes", &axes);
	uint32_t mask = pumori_axes(importer, count ? axes : usual, count ? count : 3, x->type.rank);

	(void)parameter;
	if (importer->error)
		return;
	x = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, x,
				pumori_build_reduce(graph, PUMORI_REDUCTION_MEAN, mask, true, x));
	variance = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, x);
	variance = pumori_build_reduce(graph, PUMORI_REDUCTION_MEAN, mask, true, variance);
	variance = pumori_build_unary(graph, PUMORI_UNARY_SQRT, 0, 0, variance);
	variance = pumori_build_binary_scalar(graph, PUMORI_BINARY_ADD, variance, 1e-9);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, x, variance);
}

static void import_lp(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *norm;
	int64_t p = pumori_attribute_int(importer, "p", 2);
	unsigned int axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", -1),
					x->type.rank);
	uint32_t mask = (uint32_t)1 << axis;

	(void)parameter;
	if (p != 1 && p != 2)
		pumori_refuse(importer, "p = %lld is not supported", (long long)p);
	if (importer->error)
		return;
	if (p == 1) {
		norm = pumori_build_unary(graph, PUMORI_UNARY_ABS, 0, 0, x);
		norm = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, mask, true, norm);
	} else {
		norm = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM_SQUARE, mask, true, x);
		norm = pumori_build_unary(graph, PUMORI_UNARY_SQRT, 0, 0, norm);
	}
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, x, norm);
}

/*
 * Local response: x / (bias + alpha / size * sum of squares of neighbouring channels) ^ beta.
 * The sum runs along the channels: an average pool with the channels laid along a map's rows.
 */
static void import_local_response(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *sum;
	int64_t size = pumori_attribute_int(importer, "size", 0), positions = 1;
	float alpha = pumori_attribute_float(importer, "alpha", 1e-4f);
	float beta = pumori_attribute_float(importer, "beta", 0.75f);
	float bias = pumori_attribute_float(importer, "bias", 1);
	union pumori_attributes attributes = {
		.pool2d = {
			.function = PUMORI_REDUCTION_MEAN, .kernel = { size, 1 },
			.strides = { 1, 1 }, .dilations = { 1, 1 },
			.pads = { (size - 1) / 2, 0, size / 2, 0 }, .count_include_pad = true,
		},
	};

	(void)parameter;
	if (x->type.rank < 3 || size < 1 || size > INT32_MAX) {
		pumori_reject(importer, "a size of %lld in rank %u", (long long)size, x->type.rank);
		return;
	}
	for (unsigned int i = 2; i < x->type.rank; i++)
		positions *= x->type.shape[i];
	sum = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, x);
	sum = pumori_build_reshape(graph, sum, 4, (int64_t[]){ x->type.shape[0], 1,
							       x->type.shape[1], positions });
	sum = pumori_build(graph, PUMORI_PRIMITIVE_POOL2D, &attributes, &sum, 1);
	sum = pumori_build_reshape(graph, sum, x->type.rank, x->type.shape);
	sum = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, alpha, bias, sum);
	sum = pumori_build_binary_scalar(graph, PUMORI_BINARY_POWER, sum, beta);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, x, sum);
}

const struct pumori_import_row pumori_import_normalization[] = {
	{ "BatchNormalization", import_batch, 0, 5 },
	{ "GroupNormalization", import_group, 0, 3 },
	{ "InstanceNormalization", import_instance, 0, 3 },
	{ "LRN", import_local_response, 0, 1 },
	{ "LayerNormalization", import_layer, 0, 2 },
	{ "LpNormalization", import_lp, 0, 1 },
	{ "MeanVarianceNormalization", import_mean_variance, 0, 1 },
	{ .name = NULL },
};
