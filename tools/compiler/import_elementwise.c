// SPDX-License-Identifier: MIT
/* ONNX elementwise arithmetic, comparison, logic and casts. Activations: import_activation.c. */
#include "importer.h"

static void import_unary(struct pumori_importer *importer, int function)
{
	importer->outputs[0] = pumori_build_unary(importer->graph, function, 0, 0,
						  importer->inputs[0]);
}

/*
 * Before opset 7 the second operand is only broadcast when asked to, and may stand at any axis of
 * the first: it gets axes of extent 1 behind it.
 */
static struct pumori_tensor *align_operand(struct pumori_importer *importer)
{
	struct pumori_tensor *a = importer->inputs[0], *b = importer->inputs[1];
	int64_t shape[PUMORI_MAX_RANK], axis;
	unsigned int rank;

	if (importer->opset >= 7)
		return b;
	pumori_attribute_ignore(importer, "broadcast");
	axis = pumori_attribute_int(importer, "axis", (int64_t)a->type.rank - b->type.rank);
	if (axis < 0 || axis + b->type.rank > a->type.rank) {
		pumori_reject(importer, "its second operand does not fit at axis %lld",
			      (long long)axis);
		return NULL;
	}
	rank = a->type.rank - axis;
	for (unsigned int i = 0; i < rank; i++)
		shape[i] = i < b->type.rank ? b->type.shape[i] : 1;
	return pumori_build_reshape(importer->graph, b, rank, shape);
}

static void import_binary(struct pumori_importer *importer, int function)
{
	struct pumori_tensor *b = align_operand(importer);

	importer->outputs[0] = pumori_build_binary(importer->graph, function, importer->inputs[0],
						   b);
}

/* Sum, Max, Min of any number of inputs. */
static void import_variadic(struct pumori_importer *importer, int function)
{
	struct pumori_tensor *result = importer->inputs[0];

	for (size_t i = 1; i < importer->input_count; i++)
		result = pumori_build_binary(importer->graph, function, result,
					     importer->inputs[i]);
	importer->outputs[0] = result;
}

static void import_mean(struct pumori_importer *importer, int parameter)
{
	(void)parameter;
	import_variadic(importer, PUMORI_BINARY_ADD);
	importer->outputs[0] = pumori_build_binary_scalar(importer->graph, PUMORI_BINARY_MULTIPLY,
							  importer->outputs[0],
							  1.0 / importer->input_count);
}

static void import_pow(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *base = importer->inputs[0], *exponent = importer->inputs[1];
	enum pumori_element_type element = base->type.element;

	(void)parameter;
	/* The result has the base's type; a fractional exponent is computed with as float. */
	if (pumori_element_is_float(exponent->type.element) && !pumori_element_is_float(element))
		base = pumori_build_cast(graph, base, exponent->type.element);
	exponent = pumori_build_cast(graph, exponent, base ? base->type.element : element);
	importer->outputs[0] =
		pumori_build_cast(graph, pumori_build_binary(graph, PUMORI_BINARY_POWER, base,
							     exponent), element);
}

static void import_mod(struct pumori_importer *importer, int parameter)
{
	bool truncating = pumori_attribute_int(importer, "fmod", 0);

	(void)parameter;
	import_binary(importer, truncating ? PUMORI_BINARY_REMAINDER : PUMORI_BINARY_MODULO);
}

static void import_bit_shift(struct pumori_importer *importer, int parameter)
{
	bool left = pumori_attribute_is(importer, "direction", "", "LEFT");

	(void)parameter;
	if (!left && !pumori_attribute_is(importer, "direction", "", "RIGHT"))
		pumori_reject(importer, "direction is neither LEFT nor RIGHT");
	else
		import_binary(importer, left ? PUMORI_BINARY_SHIFT_LEFT : PUMORI_BINARY_SHIFT_RIGHT);
}

static void import_where(struct pumori_importer *importer, int parameter)
{
	(void)parameter;
	importer->outputs[0] = pumori_build_select(importer->graph, importer->inputs[0],
						   importer->inputs[1], importer->inputs[2]);
}

static void import_is_inf(struct pumori_importer *importer, int parameter)
{
	bool positive = pumori_attribute_int(importer, "detect_positive", 1);
	bool negative = pumori_attribute_int(importer, "detect_negative", 1);

	(void)parameter;
	importer->outputs[0] = pumori_build_unary(importer->graph, PUMORI_UNARY_IS_INF, positive,
						  negative, importer->inputs[0]);
}

static void import_cast(struct pumori_importer *importer, int parameter)
{
	enum pumori_element_type element;

	(void)parameter;
	pumori_attribute_ignore(importer, "saturate");	/* only of 8-bit floats */
	importer->error = pumori_onnx_element(pumori_attribute_int(importer, "to", 0), &element,
					      importer->diagnostics, &importer->where);
	if (!importer->error)
		importer->outputs[0] = pumori_build_cast(importer->graph, importer->inputs[0],
							 element);
}

static void import_cast_like(struct pumori_importer *importer, int parameter)
{
	(void)parameter;
	pumori_attribute_ignore(importer, "saturate");
	importer->outputs[0] = pumori_build_cast(importer->graph, importer->inputs[0],
						 importer->inputs[1]->type.element);
}

static void import_identity(struct pumori_importer *importer, int parameter)
{
	(void)parameter;
	importer->outputs[0] = importer->inputs[0];
}

/* In inference the data passes through and the mask, if asked for, is true everywhere. */
static void import_dropout(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	int64_t training = 0;

	(void)parameter;
	pumori_attribute_ignore(importer, "ratio");
	pumori_attribute_ignore(importer, "seed");
	if (pumori_input_integers(importer, 2, &training, 1, 0) < 0)
		return;
	if (training) {
		pumori_refuse(importer, "training mode is not supported");
		return;
	}
	importer->outputs[0] = x;
	if (importer->node->n_output > 1) {
		struct pumori_tensor *truth =
			pumori_graph_add_scalar(importer->graph, PUMORI_ELEMENT_BOOL, 1);

		importer->outputs[1] = pumori_build_expand(importer->graph, truth, x->type.rank,
							   x->type.shape);
	}
}

const struct pumori_import_row pumori_import_elementwise[] = {
	{ "Abs", import_unary, PUMORI_UNARY_ABS, 1 },
	{ "Acos", import_unary, PUMORI_UNARY_ACOS, 1 },
	{ "Acosh", import_unary, PUMORI_UNARY_ACOSH, 1 },
	{ "Add", import_binary, PUMORI_BINARY_ADD, 2 },
	{ "And", import_binary, PUMORI_BINARY_AND, 2 },
	{ "Asin", import_unary, PUMORI_UNARY_ASIN, 1 },
	{ "Asinh", import_unary, PUMORI_UNARY_ASINH, 1 },
	{ "Atan", import_unary, PUMORI_UNARY_ATAN, 1 },
	{ "Atanh", import_unary, PUMORI_UNARY_ATANH, 1 },
	{ "BitShift", import_bit_shift, 0, 2 },
	{ "BitwiseAnd", import_binary, PUMORI_BINARY_AND, 2 },
	{ "BitwiseNot", import_unary, PUMORI_UNARY_NOT, 1 },
	{ "BitwiseOr", import_binary, PUMORI_BINARY_OR, 2 },
	{ "BitwiseXor", import_binary, PUMORI_BINARY_XOR, 2 },
	{ "Cast", import_cast, 0, 1 },
	{ "CastLike", import_cast_like, 0, 2 },
	{ "Ceil", import_unary, PUMORI_UNARY_CEIL, 1 },
	{ "Cos", import_unary, PUMORI_UNARY_COS, 1 },
	{ "Cosh", import_unary, PUMORI_UNARY_COSH, 1 },
	{ "Div", import_binary, PUMORI_BINARY_DIVIDE, 2 },
	{ "Dropout", import_dropout, 0, 1 },
	{ "Equal", import_binary, PUMORI_BINARY_EQUAL, 2 },
	{ "Erf", import_unary, PUMORI_UNARY_ERF, 1 },
	{ "Exp", import_unary, PUMORI_UNARY_EXP, 1 },
	{ "Floor", import_unary, PUMORI_UNARY_FLOOR, 1 },
	{ "Greater", import_binary, PUMORI_BINARY_GREATER, 2 },
	{ "GreaterOrEqual", import_binary, PUMORI_BINARY_GREATER_OR_EQUAL, 2 },
	{ "Identity", import_identity, 0, 1 },
	{ "IsInf", import_is_inf, 0, 1 },
	{ "IsNaN", import_unary, PUMORI_UNARY_IS_NAN, 1 },
	{ "Less", import_binary, PUMORI_BINARY_LESS, 2 },
	{ "LessOrEqual", import_binary, PUMORI_BINARY_LESS_OR_EQUAL, 2 },
	{ "Log", import_unary, PUMORI_UNARY_LOG, 1 },
	{ "Max", import_variadic, PUMORI_BINARY_MAXIMUM, 1 },
	{ "Mean", import_mean, 0, 1 },
	{ "Min", import_variadic, PUMORI_BINARY_MINIMUM, 1 },
	{ "Mod", import_mod, 0, 2 },
	{ "Mul", import_binary, PUMORI_BINARY_MULTIPLY, 2 },
	{ "Neg", import_unary, PUMORI_UNARY_NEGATE, 1 },
	{ "Not", import_unary, PUMORI_UNARY_NOT, 1 },
	{ "Or", import_binary, PUMORI_BINARY_OR, 2 },
	{ "Pow", import_pow, 0, 2 },
	{ "Reciprocal", import_unary, PUMORI_UNARY_RECIPROCAL, 1 },
	{ "Round", import_unary, PUMORI_UNARY_ROUND, 1 },
	{ "Sign", import_unary, PUMORI_UNARY_SIGN, 1 },
	{ "Sin", import_unary, PUMORI_UNARY_SIN, 1 },
	{ "Sinh", import_unary, PUMORI_UNARY_SINH, 1 },
	{ "Sqrt", import_unary, PUMORI_UNARY_SQRT, 1 },
	{ "Sub", import_binary, PUMORI_BINARY_SUBTRACT, 2 },
	{ "Sum", import_variadic, PUMORI_BINARY_ADD, 1 },
	{ "Tan", import_unary, PUMORI_UNARY_TAN, 1 },
	{ "Where", import_where, 0, 3 },
	{ "Xor", import_binary, PUMORI_BINARY_XOR, 2 },
	{ .name = NULL },
};
