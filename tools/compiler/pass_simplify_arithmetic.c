// SPDX-License-Identifier: MIT
/*
 * Arithmetic with one constant number becomes a function of one value: x + c, x * c, x / c and
 * their chains are linear, max(x, c) and min(x, c) clamp, small powers are products. That is one
 * instruction instead of several, and one form for the other passes to look for.
 */
#include <math.h>

#include "pass_match.h"

/* The operand that is one constant number without any influence on the shape, or -1. */
static int constant_operand(const struct pumori_node *node, double *value)
{
	for (int i = 0; i < 2; i++)
		if (pumori_tensor_is_uniform(node->inputs[i], value) &&
		    !pumori_tensor_is_constant(node->inputs[1 - i]) &&
		    pumori_shape_equal(&node->inputs[1 - i]->type, &node->outputs[0]->type))
			return i;
	return -1;
}

static struct pumori_tensor *linear(struct pumori_graph *graph, struct pumori_tensor *x,
				    double factor, double offset)
{
	return pumori_build_unary(graph, PUMORI_UNARY_LINEAR, factor, offset, x);
}

static struct pumori_tensor *power(struct pumori_graph *graph, struct pumori_tensor *x,
				   double exponent)
{
	if (exponent == 1)
		return x;
	if (exponent == 2)
		return pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, x);
	if (exponent == 3)
		return pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY,
					   pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, x, x), x);
	if (exponent == 0.5)
		return pumori_build_unary(graph, PUMORI_UNARY_SQRT, 0, 0, x);
	if (exponent == -1)
		return pumori_build_unary(graph, PUMORI_UNARY_RECIPROCAL, 0, 0, x);
	return NULL;
}

/*
 * Is @tensor rounded to whole numbers next? Then the last bit matters: a quotient must not become
 * a product by the reciprocal.
 */
static bool is_rounded(const struct pumori_tensor *tensor)
{
	for (size_t i = 0; i < tensor->consumer_count; i++) {
		const struct pumori_node *node = tensor->consumers[i];

		if (node->primitive == PUMORI_PRIMITIVE_CAST)
			return true;
		if (node->primitive == PUMORI_PRIMITIVE_UNARY &&
		    (node->attributes.unary.function == PUMORI_UNARY_ROUND ||
		     node->attributes.unary.function == PUMORI_UNARY_FLOOR ||
		     node->attributes.unary.function == PUMORI_UNARY_CEIL))
			return true;
	}
	return false;
}

/* Does it have a simpler form? */
static bool is_simple(enum pumori_binary function, bool constant_first, double c)
{
	switch (function) {
	case PUMORI_BINARY_ADD:
	case PUMORI_BINARY_SUBTRACT:
	case PUMORI_BINARY_MULTIPLY:
	case PUMORI_BINARY_MINIMUM:
	case PUMORI_BINARY_MAXIMUM:
		return isfinite(c);
	case PUMORI_BINARY_DIVIDE:
		/* The reciprocal of a denormal number overflows. */
		return constant_first || (isfinite(c) && isfinite(1.0f / (float)c));
	case PUMORI_BINARY_POWER:
		return !constant_first && (c == 1 || c == 2 || c == 3 || c == 0.5 || c == -1);
	default:
		return false;
	}
}

static int simplify_binary(struct pumori_graph *graph, struct pumori_node *node)
{
	enum pumori_binary function = node->attributes.binary.function;
	struct pumori_tensor *x, *result;
	double c;
	int position = constant_operand(node, &c);

	if (position < 0 || !is_simple(function, !position, c) ||
	    (function == PUMORI_BINARY_DIVIDE && is_rounded(node->outputs[0])) ||
	    node->attributes.binary.activation.function != PUMORI_UNARY_IDENTITY)
		return 0;
	x = node->inputs[1 - position];
	pumori_build_at(graph, node);
	switch (function) {
	case PUMORI_BINARY_ADD:
		result = linear(graph, x, 1, c);
		break;
	case PUMORI_BINARY_SUBTRACT:
		result = position ? linear(graph, x, 1, -c) : linear(graph, x, -1, c);
		break;
	case PUMORI_BINARY_MULTIPLY:
		result = linear(graph, x, c, 0);
		break;
	case PUMORI_BINARY_DIVIDE:
		result = position ? linear(graph, x, 1 / c, 0) :
			 linear(graph, pumori_build_unary(graph, PUMORI_UNARY_RECIPROCAL, 0, 0, x),
				c, 0);
		break;
	case PUMORI_BINARY_MINIMUM:
		result = pumori_build_unary(graph, PUMORI_UNARY_CLAMP, -INFINITY, c, x);
		break;
	case PUMORI_BINARY_MAXIMUM:
		result = pumori_build_unary(graph, PUMORI_UNARY_CLAMP, c, INFINITY, x);
		break;
	default:
		result = power(graph, x, c);
		break;
	}
	return pumori_replace_node(graph, node, result);
}

/* ReLU and clamps as the range they leave. */
static bool is_clamp(const struct pumori_activation *function, float *low, float *high)
{
	bool relu = function->function == PUMORI_UNARY_RELU;

	*low = relu ? 0 : function->alpha;
	*high = relu ? INFINITY : function->beta;
	return relu || function->function == PUMORI_UNARY_CLAMP;
}

/* f(g(x)) of two linear functions, or of two clamps whose ranges overlap. */
static int merge_unary(struct pumori_graph *graph, struct pumori_node *node)
{
	const struct pumori_activation *outer = &node->attributes.unary, *inner;
	struct pumori_node *before = pumori_match(node->inputs[0], PUMORI_PRIMITIVE_UNARY);
	float low, high, inner_low, inner_high;
	struct pumori_tensor *result;

	if (!before)
		return 0;
	inner = &before->attributes.unary;
	pumori_build_at(graph, node);
	if (outer->function == PUMORI_UNARY_LINEAR && inner->function == PUMORI_UNARY_LINEAR) {
		result = linear(graph, before->inputs[0], (double)outer->alpha * inner->alpha,
				(double)outer->alpha * inner->beta + outer->beta);
	} else if (is_clamp(outer, &low, &high) && is_clamp(inner, &inner_low, &inner_high) &&
		   low <= inner_high && inner_low <= high) {
		result = pumori_build_unary(graph, PUMORI_UNARY_CLAMP, fmaxf(low, inner_low),
					    fminf(high, inner_high), before->inputs[0]);
	} else {
		return 0;
	}
	return pumori_replace_node(graph, node, result);
}

static int simplify_unary(struct pumori_graph *graph, struct pumori_node *node)
{
	struct pumori_activation *function = &node->attributes.unary;

	if (!pumori_element_is_float(node->inputs[0]->type.element))
		return 0;
	if (function->function == PUMORI_UNARY_NEGATE) {
		*function = (struct pumori_activation){ PUMORI_UNARY_LINEAR, -1, 0 };
		return 1;
	}
	if (function->function == PUMORI_UNARY_CLAMP && function->alpha == 0 &&
	    function->beta == INFINITY) {
		*function = (struct pumori_activation){ PUMORI_UNARY_RELU, 0, 0 };
		return 1;
	}
	if ((function->function == PUMORI_UNARY_LINEAR && function->alpha == 1 &&
	     function->beta == 0) ||
	    (function->function == PUMORI_UNARY_CLAMP && function->alpha == -INFINITY &&
	     function->beta == INFINITY)) {
		*function = (struct pumori_activation){ PUMORI_UNARY_IDENTITY, 0, 0 };
		return 1;
	}
	return merge_unary(graph, node);
}

/* (a * x) * y = a * (x * y): factors travel towards the end, where they meet others. */
static int hoist_factor(struct pumori_graph *graph, struct pumori_node *node)
{
	for (int i = 0; i < 2; i++) {
		struct pumori_node *factor = pumori_match_unary(node->inputs[i], PUMORI_UNARY_LINEAR);
		struct pumori_tensor *product;
		struct pumori_tensor *operands[2];

		/* A small operand is cheaper to scale than the product. */
		if (!factor || factor->attributes.unary.beta != 0 ||
		    !pumori_shape_equal(&node->inputs[i]->type, &node->outputs[0]->type) ||
		    !pumori_tensor_has_one_use(node->inputs[i]))
			continue;
		operands[i] = factor->inputs[0];
		operands[1 - i] = node->inputs[1 - i];
		pumori_build_at(graph, node);
		product = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, operands[0],
					      operands[1]);
		return pumori_replace_node(graph, node, linear(graph, product,
							       factor->attributes.unary.alpha, 0));
	}
	return 0;
}

static int simplify(struct pumori_graph *graph, struct pumori_node *node)
{
	int result;

	if (node->primitive == PUMORI_PRIMITIVE_UNARY)
		return simplify_unary(graph, node);
	if (node->primitive != PUMORI_PRIMITIVE_BINARY ||
	    !pumori_element_is_float(node->inputs[0]->type.element))
		return 0;
	result = simplify_binary(graph, node);
	if (!result && node->attributes.binary.function == PUMORI_BINARY_MULTIPLY &&
	    node->attributes.binary.activation.function == PUMORI_UNARY_IDENTITY)
		result = hoist_factor(graph, node);
	return result;
}

int pumori_pass_simplify_arithmetic(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result;

		next = node->next;
		result = simplify(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
