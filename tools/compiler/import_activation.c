// SPDX-License-Identifier: MIT
/* ONNX activation functions. */
#include <float.h>
#include <math.h>

#include "importer.h"

static void import_plain(struct pumori_importer *importer, int function)
{
	importer->outputs[0] = pumori_build_unary(importer->graph, function, 0, 0,
						  importer->inputs[0]);
}

/* Functions of one parameter alpha; a table of the defaults ONNX gives them. */
static void import_alpha(struct pumori_importer *importer, int function)
{
	float value = function == PUMORI_UNARY_LEAKY_RELU ? 0.01f : 1;

	importer->outputs[0] = pumori_build_unary(importer->graph, function,
						  pumori_attribute_float(importer, "alpha", value), 0,
						  importer->inputs[0]);
}

static void import_hard_sigmoid(struct pumori_importer *importer, int function)
{
	float alpha = pumori_attribute_float(importer, "alpha", 0.2f);
	float beta = pumori_attribute_float(importer, "beta", 0.5f);

	importer->outputs[0] = pumori_build_unary(importer->graph, function, alpha, beta,
						  importer->inputs[0]);
}

static void import_hard_swish(struct pumori_importer *importer, int function)
{
	importer->outputs[0] = pumori_build_unary(importer->graph, function, 1.0f / 6, 0.5f,
						  importer->inputs[0]);
}

static void import_selu(struct pumori_importer *importer, int function)
{
	float alpha = pumori_attribute_float(importer, "alpha", 1.67326319217681884765625f);
	float gamma = pumori_attribute_float(importer, "gamma", 1.05070102214813232421875f);

	importer->outputs[0] = pumori_build_unary(importer->graph, function, alpha, gamma,
						  importer->inputs[0]);
}

/* max(0, x) + min(0, alpha * (exp(x / alpha) - 1)) = alpha * elu(x / alpha; 1) */
static void import_celu(struct pumori_importer *importer, int parameter)
{
	float alpha = pumori_attribute_float(importer, "alpha", 1);
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x;

	(void)parameter;
	if (!(alpha > 0)) {
		pumori_refuse(importer, "alpha = %g is not supported", alpha);
		return;
	}
	x = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, 1 / alpha, 0, importer->inputs[0]);
	x = pumori_build_unary(graph, PUMORI_UNARY_ELU, 1, 0, x);
	importer->outputs[0] = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, alpha, 0, x);
}

/* x / (1 + |x|) */
static void import_softsign(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *divisor;

	(void)parameter;
	divisor = pumori_build_unary(graph, PUMORI_UNARY_ABS, 0, 0, x);
	divisor = pumori_build_binary_scalar(graph, PUMORI_BINARY_ADD, divisor, 1);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, x, divisor);
}

/* The tanh form: x * sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)). */
static void import_gelu(struct pumori_importer *importer, int function)
{
	if (pumori_attribute_is(importer, "approximate", "none", "tanh"))
		function = PUMORI_UNARY_GELU_TANH;
	else if (!pumori_attribute_is(importer, "approximate", "none", "none"))
		pumori_reject(importer, "approximate is neither none nor tanh");
	importer->outputs[0] = pumori_build_unary(importer->graph, function, 0, 0,
						  importer->inputs[0]);
}

/* x * tanh(softplus(x)) */
static void import_mish(struct pumori_importer *importer, int function)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *gate = pumori_build_unary(graph, function, 0, 0, importer->inputs[0]);

	gate = pumori_build_unary(graph, PUMORI_UNARY_TANH, 0, 0, gate);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY,
						   importer->inputs[0], gate);
}

/* x < -lambd: x + bias; x > lambd: x - bias; else 0 */
static void import_shrink(struct pumori_importer *importer, int parameter)
{
	float lambda = pumori_attribute_float(importer, "lambd", 0.5f);
	float bias = pumori_attribute_float(importer, "bias", 0);
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *zero, *result;

	(void)parameter;
	zero = pumori_graph_add_scalar(graph, x->type.element, 0);
	result = pumori_build_select(graph, pumori_build_binary_scalar(graph, PUMORI_BINARY_GREATER,
								       x, lambda),
				     pumori_build_binary_scalar(graph, PUMORI_BINARY_SUBTRACT, x,
								bias), zero);
	importer->outputs[0] =
		pumori_build_select(graph, pumori_build_binary_scalar(graph, PUMORI_BINARY_LESS, x,
								      -lambda),
				    pumori_build_binary_scalar(graph, PUMORI_BINARY_ADD, x, bias),
				    result);
}

/* max(x, 0) + slope * min(x, 0) */
static void import_prelu(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *slope = importer->inputs[1];
	struct pumori_tensor *negative;
	double uniform;

	(void)parameter;
	if (pumori_tensor_is_uniform(slope, &uniform)) {
		importer->outputs[0] = pumori_build_unary(graph, PUMORI_UNARY_LEAKY_RELU, uniform, 0,
							  x);
		return;
	}
	negative = pumori_build_binary_scalar(graph, PUMORI_BINARY_MINIMUM, x, 0);
	negative = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, negative, slope);
	importer->outputs[0] = pumori_build_binary(graph, PUMORI_BINARY_ADD,
						   pumori_build_unary(graph, PUMORI_UNARY_RELU, 0, 0,
								      x), negative);
}

/* The bounds are attributes before opset 11 and optional inputs from then on. */
static void import_clip(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0];
	struct pumori_tensor *low = pumori_input(importer, 1), *high = pumori_input(importer, 2);
	double low_value = -INFINITY, high_value = INFINITY;
	bool uniform = pumori_element_is_float(x->type.element);

	(void)parameter;
	if (importer->opset < 11) {
		low_value = pumori_attribute_float(importer, "min", -FLT_MAX);
		high_value = pumori_attribute_float(importer, "max", FLT_MAX);
		if (!uniform)
			pumori_refuse(importer, "Clip of integers before opset 11");
		low = high = NULL;
	}
	if (low)
		uniform = pumori_tensor_is_uniform(low, &low_value) && uniform;
	if (high)
		uniform = pumori_tensor_is_uniform(high, &high_value) && uniform;
	if (uniform) {
		importer->outputs[0] = pumori_build_unary(graph, PUMORI_UNARY_CLAMP, low_value,
							  high_value, x);
		return;
	}
	if (low)
		x = pumori_build_binary(graph, PUMORI_BINARY_MAXIMUM, x, low);
	if (high)
		x = pumori_build_binary(graph, PUMORI_BINARY_MINIMUM, x, high);
	importer->outputs[0] = x;
}

const struct pumori_import_row pumori_import_activation[] = {
	{ "Celu", import_celu, 0, 1 },
	{ "Clip", import_clip, 0, 1 },
	{ "Elu", import_alpha, PUMORI_UNARY_ELU, 1 },
	{ "Gelu", import_gelu, PUMORI_UNARY_GELU, 1 },
	{ "HardSigmoid", import_hard_sigmoid, PUMORI_UNARY_HARD_SIGMOID, 1 },
	{ "HardSwish", import_hard_swish, PUMORI_UNARY_HARD_SWISH, 1 },
	{ "LeakyRelu", import_alpha, PUMORI_UNARY_LEAKY_RELU, 1 },
	{ "Mish", import_mish, PUMORI_UNARY_SOFTPLUS, 1 },
	{ "PRelu", import_prelu, 0, 2 },
	{ "Relu", import_plain, PUMORI_UNARY_RELU, 1 },
	{ "Selu", import_selu, PUMORI_UNARY_SELU, 1 },
	{ "Shrink", import_shrink, 0, 1 },
	{ "Sigmoid", import_plain, PUMORI_UNARY_SIGMOID, 1 },
	{ "Softplus", import_plain, PUMORI_UNARY_SOFTPLUS, 1 },
	{ "Softsign", import_softsign, 0, 1 },
	{ "Tanh", import_plain, PUMORI_UNARY_TANH, 1 },
	{ "ThresholdedRelu", import_alpha, PUMORI_UNARY_THRESHOLDED_RELU, 1 },
	{ .name = NULL },
};
