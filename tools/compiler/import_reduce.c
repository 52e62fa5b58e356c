// SPDX-License-Identifier: MIT
/* ONNX reductions, arg max, softmax and running sums. */
#include "importer.h"

/* What an operator computes around its reduction. */
enum composition {
	PLAIN_SUM, PLAIN_MEAN, PLAIN_MAX, PLAIN_MIN, PLAIN_PRODUCT, SQUARES,
	L1, L2, LOG_SUM, LOG_SUM_EXP,
};

/* The largest finite value where the maximum is infinite, so that x - max is never NaN. */
static struct pumori_tensor *log_sum_exp(struct pumori_graph *graph, struct pumori_tensor *x,
					 uint32_t axes, bool keep)
{
	struct pumori_tensor *maximum, *result;

	maximum = pumori_build_reduce(graph, PUMORI_REDUCTION_MAX, axes, true, x);
	maximum = pumori_build_unary(graph, PUMORI_UNARY_CLAMP, -3.4028234664e38f, 3.4028234664e38f,
				     maximum);
	result = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, x, maximum);
	result = pumori_build_unary(graph, PUMORI_UNARY_EXP, 0, 0, result);
	result = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, axes, keep, result);
	result = pumori_build_unary(graph, PUMORI_UNARY_LOG, 0, 0, result);
	if (!result)
		return NULL;
	maximum = pumori_build_reshape(graph, maximum, result->type.rank, result->type.shape);
	return pumori_build_binary(graph, PUMORI_BINARY_ADD, result, maximum);
}

static struct pumori_tensor *compose(struct pumori_graph *graph, enum composition composition,
				     uint32_t axes, bool keep, struct pumori_tensor *x)
{
	static const enum pumori_reduction plain[] = {
		[PLAIN_SUM] = PUMORI_REDUCTION_SUM, [PLAIN_MEAN] = PUMORI_REDUCTION_MEAN,
		[PLAIN_MAX] = PUMORI_REDUCTION_MAX, [PLAIN_MIN] = PUMORI_REDUCTION_MIN,
		[PLAIN_PRODUCT] = PUMORI_REDUCTION_PRODUCT, [SQUARES] = PUMORI_REDUCTION_SUM_SQUARE,
	};

	switch (composition) {
	case L1:
		x = pumori_build_unary(graph, PUMORI_UNARY_ABS, 0, 0, x);
		return pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, axes, keep, x);
	case L2:
		x = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM_SQUARE, axes, keep, x);
		return pumori_build_unary(graph, PUMORI_UNARY_SQRT, 0, 0, x);
	case LOG_SUM:
		x = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, axes, keep, x);
		return pumori_build_unary(graph, PUMORI_UNARY_LOG, 0, 0, x);
	case LOG_SUM_EXP:
		return log_sum_exp(graph, x, axes, keep);
	default:
		return pumori_build_reduce(graph, plain[composition], axes, keep, x);
	}
}

static void import_reduction(struct pumori_importer *importer, int composition)
{
	struct pumori_tensor *x = importer->inputs[0];
	bool keep = pumori_attribute_int(importer, "keepdims", 1);
	bool nothing = pumori_attribute_int(importer, "noop_with_empty_axes", 0);
	int64_t axes[PUMORI_MAX_RANK];
	int count = pumori_integers(importer, "axes", 1, axes, PUMORI_MAX_RANK);
	uint32_t mask;

	if (importer->error)
		return;
	if (count <= 0 && nothing) {
		importer->outputs[0] = x;
		return;
	}
	mask = count <= 0 ? ((uint32_t)1 << x->type.rank) - 1 :
	       pumori_axes(importer, axes, count, x->type.rank);
	if (importer->error)
		return;
	if (!mask) {
		/* A scalar is its own sum; as a vector of one it has an axis to work along. */
		struct pumori_tensor *vector = pumori_build_reshape(importer->graph, x, 1,
								    (int64_t[]){ 1 });

		importer->outputs[0] = compose(importer->graph, composition, 1, false, vector);
		return;
	}
	importer->outputs[0] = compose(importer->graph, composition, mask, keep, x);
}

static struct pumori_tensor *remove_axis(struct pumori_importer *importer,
					 struct pumori_tensor *x, unsigned int axis)
{
	int64_t shape[PUMORI_MAX_RANK];
	unsigned int rank = 0;

	if (!x)
		return NULL;
	for (unsigned int i = 0; i < x->type.rank; i++)
		if (i != axis)
			shape[rank++] = x->type.shape[i];
	return pumori_build_reshape(importer->graph, x, rank, shape);
}

static void import_arg(struct pumori_importer *importer, int minimum)
{
	struct pumori_tensor *x = importer->inputs[0];
	unsigned int axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", 0),
					x->type.rank);
	bool keep = pumori_attribute_int(importer, "keepdims", 1);
	union pumori_attributes attributes = {
		.arg_reduce = {
			.axis = axis,
			.minimum = minimum,
			.last = pumori_attribute_int(importer, "select_last_index", 0),
		},
	};

	if (importer->error)
		return;
	x = pumori_build(importer->graph, PUMORI_PRIMITIVE_ARG_REDUCE, &attributes, &x, 1);
	importer->outputs[0] = keep ? x : remove_axis(importer, x, axis);
}

/* Before opset 13 softmax works on a matrix: all axes from @axis on together. */
static void import_softmax(struct pumori_importer *importer, int logarithm)
{
	struct pumori_tensor *x = importer->inputs[0];
	bool matrix = importer->opset < 13;
	unsigned int rank = x->type.rank;
	unsigned int axis = pumori_axis(importer,
					pumori_attribute_int(importer, "axis", matrix ? 1 : -1),
					rank);
	union pumori_attributes attributes = {
		.softmax = { .axis = axis, .logarithm = logarithm },
	};
	struct pumori_tensor *result = x;
	int64_t shape[PUMORI_MAX_RANK + 1];

	if (importer->error)
		return;
	if (matrix && axis + 1 < rank) {
		for (unsigned int i = 0; i <= axis; i++)
			shape[i] = x->type.shape[i];
		for (unsigned int i = axis + 1; i < rank; i++)
			shape[axis] *= x->type.shape[i];
		result = pumori_build_reshape(importer->graph, x, axis + 1, shape);
	}
	result = pumori_build(importer->graph, PUMORI_PRIMITIVE_SOFTMAX, &attributes, &result, 1);
	importer->outputs[0] = pumori_build_reshape(importer->graph, result, rank, x->type.shape);
}

/* 1 where the first maximum is, else 0. */
static void import_hardmax(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *index, *positions;
	bool matrix = importer->opset < 13;
	unsigned int rank = x->type.rank;
	unsigned int axis = pumori_axis(importer,
					pumori_attribute_int(importer, "axis", matrix ? 1 : -1),
					rank);
	union pumori_attributes attributes = { .arg_reduce = { .axis = axis } };

	(void)parameter;
	if (matrix && axis + 1 < rank)
		pumori_refuse(importer, "more than one axis at a time is not supported");
	if (importer->error)
		return;
	index = pumori_build(graph, PUMORI_PRIMITIVE_ARG_REDUCE, &attributes, &x, 1);
	positions = pumori_graph_add_int64s(graph, NULL, x->type.shape[axis]);
	for (int64_t i = 0; positions && i < x->type.shape[axis]; i++)
		((int64_t *)positions->data)[i] = i;
	positions = pumori_along_axis(importer, positions, axis, rank);
	index = pumori_build_binary(graph, PUMORI_BINARY_EQUAL, index, positions);
	importer->outputs[0] = pumori_build_cast(graph, index, x->type.element);
}

static void import_cumulative_sum(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	union pumori_attributes attributes = {
		.cumulative_sum = {
			.exclusive = pumori_attribute_int(importer, "exclusive", 0),
			.reverse = pumori_attribute_int(importer, "reverse", 0),
		},
	};
	int64_t axis = 0;

	(void)parameter;
	if (pumori_input_integers(importer, 1, &axis, 1, 0) < 0)
		return;
	attributes.cumulative_sum.axis = pumori_axis(importer, axis, x->type.rank);
	if (!importer->error)
		importer->outputs[0] = pumori_build(importer->graph,
						    PUMORI_PRIMITIVE_CUMULATIVE_SUM, &attributes, &x,
						    1);
}

const struct pumori_import_row pumori_import_reduce[] = {
	{ "ArgMax", import_arg, 0, 1 },
	{ "ArgMin", import_arg, 1, 1 },
	{ "CumSum", import_cumulative_sum, 0, 2 },
	{ "Hardmax", import_hardmax, 0, 1 },
	{ "LogSoftmax", import_softmax, 1, 1 },
	{ "ReduceL1", import_reduction, L1, 1 },
	{ "ReduceL2", import_reduction, L2, 1 },
	{ "ReduceLogSum", import_reduction, LOG_SUM, 1 },
	{ "ReduceLogSumExp", import_reduction, LOG_SUM_EXP, 1 },
	{ "ReduceMax", import_reduction, PLAIN_MAX, 1 },
	{ "ReduceMean", import_reduction, PLAIN_MEAN, 1 },
	{ "ReduceMin", import_reduction, PLAIN_MIN, 1 },
	{ "ReduceProd", import_reduction, PLAIN_PRODUCT, 1 },
	{ "ReduceSum", import_reduction, PLAIN_SUM, 1 },
	{ "ReduceSumSquare", import_reduction, SQUARES, 1 },
	{ "Softmax", import_softmax, 0, 1 },
	{ .name = NULL },
};
