// SPDX-License-Identifier: MIT
/* ONNX quantisation: integers with a scale and a zero point, composed of exact int32 arithmetic. */

#include "import_integer.h"

/* A per-axis parameter in the shape of its axis; scalars stay as they are. */
static struct pumori_tensor *spread(struct pumori_importer *importer, struct pumori_tensor *x,
				    unsigned int axis, unsigned int rank)
{
	if (!x || pumori_type_elements(&x->type) == 1)
		return pumori_build_reshape(importer->graph, x, 0, (const int64_t[]){ 1 });
	return pumori_along_axis(importer, x, axis, rank);
}

/* saturate(round(x / scale) + zero point), or of x * scale */
static struct pumori_tensor *quantize(struct pumori_graph *graph, struct pumori_tensor *x,
				      struct pumori_tensor *scale, struct pumori_tensor *zero,
				      enum pumori_element_type element, bool multiply)
{
	union pumori_attributes attributes = {
		.quantize = { .element = element, .multiply = multiply },
	};

	zero = zero ? pumori_build_cast(graph, zero, PUMORI_ELEMENT_INT32) :
		      pumori_graph_add_scalar(graph, PUMORI_ELEMENT_INT32, 0);
	return zero ? pumori_build(graph, PUMORI_PRIMITIVE_QUANTIZE, &attributes,
				   (struct pumori_tensor *[]){ x, scale, zero }, 3) : NULL;
}

static void import_quantize(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0], *zero = pumori_input(importer, 2);
	int64_t axis = pumori_attribute_int(importer, "axis", 1);
	enum pumori_element_type element = zero ? zero->type.element : PUMORI_ELEMENT_UINT8;
	struct pumori_tensor *scale = importer->inputs[1];

	(void)parameter;
	pumori_attribute_ignore(importer, "saturate");	/* only of 8-bit floats */
	if (pumori_type_elements(&scale->type) > 1) {
		unsigned int along = pumori_axis(importer, axis, x->type.rank);

		scale = spread(importer, scale, along, x->type.rank);
		zero = zero ? spread(importer, zero, along, x->type.rank) : NULL;
	} else {
		scale = spread(importer, scale, 0, 1);
		zero = zero ? spread(importer, zero, 0, 1) : NULL;
	}
	if (element != PUMORI_ELEMENT_UINT8 && element != PUMORI_ELEMENT_INT8)
		pumori_refuse(importer, "quantising to %s", pumori_element_name(element));
	if (importer->error)
		return;
	x = pumori_build_cast(importer->graph, x, PUMORI_ELEMENT_FLOAT32);
	importer->outputs[0] = quantize(importer->graph, x, scale, zero, element, false);
}

/* x - zero point, as int32. */
static struct pumori_tensor *centred(struct pumori_importer *importer, struct pumori_tensor *x,
				     struct pumori_tensor *zero, unsigned int axis)
{
	struct pumori_graph *graph = importer->graph;
	unsigned int rank = x->type.rank;

	x = pumori_build_cast(graph, x, PUMORI_ELEMENT_INT32);
	if (!zero)
		return x;
	zero = pumori_build_cast(graph, zero, PUMORI_ELEMENT_INT32);
	if (zero && zero->type.rank < 2)
		zero = spread(importer, zero, axis, rank);
	return pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, x, zero);
}

static void import_dequantize(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *scale = importer->inputs[1];
	int64_t axis = pumori_attribute_int(importer, "axis", 1);
	unsigned int along = pumori_type_elements(&scale->type) > 1 ?
			     pumori_axis(importer, axis, x->type.rank) : 0;

	(void)parameter;
	if (importer->error)
		return;
	x = centred(importer, x, pumori_input(importer, 2), along);
	x = pumori_build_cast(graph, x, PUMORI_ELEMENT_FLOAT32);
	if (x)
		scale = spread(importer, scale, along, x->type.rank);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, scale);
}

/* Scale and zero point from the data's own range, widened to hold 0. */
static void import_dynamic_quantize(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *low, *high, *scale, *zero;
	uint32_t axes = ((uint32_t)1 << x->type.rank) - 1;

	(void)parameter;
	low = pumori_build_reduce(graph, PUMORI_REDUCTION_MIN, axes, false, x);
	low = pumori_build_binary_scalar(graph, PUMORI_BINARY_MINIMUM, low, 0);
	high = pumori_build_reduce(graph, PUMORI_REDUCTION_MAX, axes, false, x);
	high = pumori_build_binary_scalar(graph, PUMORI_BINARY_MAXIMUM, high, 0);
	scale = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, high, low);
	scale = pumori_build_binary_scalar(graph, PUMORI_BINARY_DIVIDE, scale, 255);
	zero = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, low, scale);
	zero = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, -1, 0, zero);
	zero = pumori_build_unary(graph, PUMORI_UNARY_ROUND, 0, 0, zero);
	zero = pumori_build_unary(graph, PUMORI_UNARY_CLAMP, 0, 255, zero);
	zero = pumori_build_cast(graph, zero, PUMORI_ELEMENT_UINT8);
	importer->outputs[0] = quantize(graph, x, scale, zero, PUMORI_ELEMENT_UINT8, false);
	importer->outputs[1] = scale;
	importer->outputs[2] = zero;
}

static void import_matmul_integer(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *a = importer->inputs[0], *b = importer->inputs[1];

	(void)parameter;
	if (a->type.rank < 2 || b->type.rank < 2) {
		pumori_refuse(importer, "products of vectors are not supported");
		return;
	}
	importer->outputs[0] = pumori_import_integer_matmul(importer, a, pumori_input(importer, 2),
							    b, pumori_input(importer, 3));
}

static void import_conv_integer(struct pumori_importer *importer, int parameter)
{
	(void)parameter;
	importer->outputs[0] = pumori_import_integer_convolution(importer, importer->inputs[0],
								 pumori_input(importer, 2),
								 importer->inputs[1],
								 pumori_input(importer, 3));
}

/* sums * (scale a * scale b / scale y), rounded onto y's grid. */
static struct pumori_tensor *requantize(struct pumori_importer *importer,
					struct pumori_tensor *sums, struct pumori_tensor *a_scale,
					struct pumori_tensor *b_scale, unsigned int b_axis,
					struct pumori_tensor *y_scale, struct pumori_tensor *y_zero)
{
	struct pumori_graph *graph = importer->graph;

	b_scale = spread(importer, b_scale, b_axis, sums->type.rank);
	a_scale = spread(importer, a_scale, 0, 1);
	b_scale = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, b_scale, a_scale);
	b_scale = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, b_scale,
				      spread(importer, y_scale, 0, 1));
	/* The chip takes the zero point of int32 from the instruction. */
	if (!pumori_tensor_is_constant(y_zero))
		sums = pumori_build_cast(graph, sums, PUMORI_ELEMENT_FLOAT32);
	return quantize(graph, sums, b_scale, spread(importer, y_zero, 0, 1), y_zero->type.element,
			true);
}

static void import_qlinear_matmul(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor **in = importer->inputs, *sums;
	(void)parameter;
	if (in[0]->type.rank < 2 || in[3]->type.rank < 2 || pumori_type_elements(&in[1]->type) != 1) {
		pumori_refuse(importer, "this shape of scales is not supported");
		return;
	}
	sums = pumori_import_integer_matmul(importer, in[0], in[2], in[3], in[5]);
	if (sums)
		importer->outputs[0] = requantize(importer, sums, in[1], in[4],
						  sums->type.rank - 1, in[6], in[7]);
}

static void import_qlinear_conv(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor **in = importer->inputs, *sums, *bias = pumori_input(importer, 8);

	(void)parameter;
	sums = pumori_import_integer_convolution(importer, in[0], in[2], in[3], in[5]);
	if (sums && bias)
		sums = pumori_build_binary(importer->graph, PUMORI_BINARY_ADD, sums,
					   pumori_along_axis(importer, bias, 1, sums->type.rank));
	if (sums)
		importer->outputs[0] = requantize(importer, sums, in[1], in[4], 1, in[6], in[7]);
}

const struct pumori_import_row pumori_import_quantize[] = {
	{ "ConvInteger", import_conv_integer, 0, 2 },
	{ "DequantizeLinear", import_dequantize, 0, 2 },
	{ "DynamicQuantizeLinear", import_dynamic_quantize, 0, 1 },
	{ "MatMulInteger", import_matmul_integer, 0, 2 },
	{ "QLinearConv", import_qlinear_conv, 0, 8 },
	{ "QLinearMatMul", import_qlinear_matmul, 0, 8 },
	{ "QuantizeLinear", import_quantize, 0, 2 },
	{ .name = NULL },
};
