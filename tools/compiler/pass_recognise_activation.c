// SPDX-License-Identifier: MIT
/*
 * Activations that exporters write out in arithmetic, after simplify-arithmetic has made their
 * constants linear functions:
 *   hard sigmoid  clamp(a x + b, 0, h) / h
 *   hard swish    x * hard sigmoid(x), or x * clamp(a x + b, 0, h)
 *   SiLU          x * sigmoid(x)
 *   GELU          x * (1 + erf(x / sqrt 2)) [/ 2]
 *   GELU by tanh  x * (1 + tanh(p)) [/ 2], or x * sigmoid(2 p), p = sqrt(2 / pi) (x + 0.044715 x^3)
 */
#include <math.h>
#include <string.h>

#include "pass_match.h"

/* Is @tensor clamp(a * x + b, 0, h), of whatever x? The plain clamp(x, 0, h) has a = 1, b = 0. */
static struct pumori_tensor *match_ramp(const struct pumori_tensor *tensor, float *a, float *b,
					float *h)
{
	struct pumori_node *clamp = pumori_match_unary(tensor, PUMORI_UNARY_CLAMP), *linear;

	if (!clamp || clamp->attributes.unary.alpha != 0 || !(clamp->attributes.unary.beta > 0) ||
	    isinf(clamp->attributes.unary.beta))
		return NULL;
	*h = clamp->attributes.unary.beta;
	linear = pumori_match_unary(clamp->inputs[0], PUMORI_UNARY_LINEAR);
	*a = linear ? linear->attributes.unary.alpha : 1;
	*b = linear ? linear->attributes.unary.beta : 0;
	return linear ? linear->inputs[0] : clamp->inputs[0];
}

/* x * @other = h * hard_swish(x) */
static int recognise_hard_swish(struct pumori_graph *graph, struct pumori_node *node,
				struct pumori_tensor *x, struct pumori_tensor *other)
{
	struct pumori_node *sigmoid = pumori_match_unary(other, PUMORI_UNARY_HARD_SIGMOID);
	float a, b, h = 1;
	struct pumori_tensor *result;

	if (sigmoid && sigmoid->inputs[0] == x) {
		a = sigmoid->attributes.unary.alpha;
		b = sigmoid->attributes.unary.beta;
	} else if (match_ramp(other, &a, &b, &h) != x) {
		return 0;
	}
	pumori_build_at(graph, node);
	result = pumori_build_unary(graph, PUMORI_UNARY_HARD_SWISH, a / h, b / h, x);
	if (h != 1)
		result = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, h, 0, result);
	return pumori_replace_node(graph, node, result);
}

/* @other = 1 + erf(x / sqrt 2)? */
static bool is_gelu_gate(const struct pumori_tensor *x, const struct pumori_tensor *other)
{
	struct pumori_node *plus = pumori_match_unary(other, PUMORI_UNARY_LINEAR), *erf, *scale;

	if (!plus || plus->attributes.unary.alpha != 1 || plus->attributes.unary.beta != 1)
		return false;
	erf = pumori_match_unary(plus->inputs[0], PUMORI_UNARY_ERF);
	scale = erf ? pumori_match_unary(erf->inputs[0], PUMORI_UNARY_LINEAR) : NULL;
	return scale && scale->inputs[0] == x && scale->attributes.unary.beta == 0 &&
	       pumori_nearly(scale->attributes.unary.alpha, sqrt(0.5));
}

/*
 * Coefficients of @tensor as a polynomial of @x, up to the third power; false if it is none.
 * However the powers, sums and factors are arranged, they come to the same.
 */
static bool match_polynomial(const struct pumori_tensor *tensor, const struct pumori_tensor *x,
			     double *coefficients, unsigned int depth)
{
	double left[4], right[4];
	struct pumori_node *node = tensor->producer;
	bool sum;

	memset(coefficients, 0, 4 * sizeof(*coefficients));
	if (tensor == x) {
		coefficients[1] = 1;
		return true;
	}
	if (!node || !depth)
		return false;
	if (pumori_match_unary(tensor, PUMORI_UNARY_LINEAR)) {
		if (!match_polynomial(node->inputs[0], x, coefficients, depth - 1))
			return false;
		for (unsigned int i = 0; i < 4; i++)
			coefficients[i] *= (double)node->attributes.unary.alpha;
		coefficients[0] += (double)node->attributes.unary.beta;
		return true;
	}
	sum = pumori_match_binary(tensor, PUMORI_BINARY_ADD);
	if ((!sum && !pumori_match_binary(tensor, PUMORI_BINARY_MULTIPLY)) ||
	    !match_polynomial(node->inputs[0], x, left, depth - 1) ||
	    !match_polynomial(node->inputs[1], x, right, depth - 1))
		return false;
	for (unsigned int i = 0; i < 4; i++) {
		if (sum)
			coefficients[i] = left[i] + right[i];
		for (unsigned int j = 0; !sum && j < 4; j++) {
			if (i + j < 4)
				coefficients[i + j] += left[i] * right[j];
			else if (left[i] * right[j] != 0)
				return false;
		}
	}
	return true;
}

#define POLYNOMIAL_DEPTH 6

/* Is @tensor @factor * sqrt(2 / pi) * (x + 0.044715 x^3)? */
static bool is_gelu_argument(const struct pumori_tensor *tensor, const struct pumori_tensor *x,
			     double factor)
{
	double c[4], first = factor * sqrt(2 / M_PI);

	return match_polynomial(tensor, x, c, POLYNOMIAL_DEPTH) && c[0] == 0 && c[2] == 0 &&
	       fabs(c[1] - first) <= 1e-4 * first && fabs(c[3] - first * 0.044715) <= 1e-4 * first * 0.044715;
}

/* x * (1 + tanh(p)) gives 2, x * sigmoid(2 p) gives 1: so many times GELU by tanh; else 0. */
static float gelu_tanh_factor(const struct pumori_tensor *x, const struct pumori_tensor *other)
{
	struct pumori_node *plus = pumori_match_unary(other, PUMORI_UNARY_LINEAR), *function;

	function = pumori_match_unary(other, PUMORI_UNARY_SIGMOID);
	if (function)
		return is_gelu_argument(function->inputs[0], x, 2) ? 1 : 0;
	if (!plus || plus->attributes.unary.alpha != 1 || plus->attributes.unary.beta != 1)
		return 0;
	function = pumori_match_unary(plus->inputs[0], PUMORI_UNARY_TANH);
	return function && is_gelu_argument(function->inputs[0], x, 1) ? 2 : 0;
}

static int recognise_product(struct pumori_graph *graph, struct pumori_node *node)
{
	for (int i = 0; i < 2; i++) {
		struct pumori_tensor *x = node->inputs[i], *other = node->inputs[1 - i];
		struct pumori_node *sigmoid = pumori_match_unary(other, PUMORI_UNARY_SIGMOID);
		struct pumori_tensor *result;
		float factor;
		int changes;

		if (sigmoid && sigmoid->inputs[0] == x) {
			pumori_build_at(graph, node);
			result = pumori_build_unary(graph, PUMORI_UNARY_SILU, 0, 0, x);
			return pumori_replace_node(graph, node, result);
		}
		if (is_gelu_gate(x, other)) {
			pumori_build_at(graph, node);
			result = pumori_build_unary(graph, PUMORI_UNARY_GELU, 0, 0, x);
			result = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, 2, 0, result);
			return pumori_replace_node(graph, node, result);
		}
		factor = gelu_tanh_factor(x, other);
		if (factor != 0) {
			pumori_build_at(graph, node);
			result = pumori_build_unary(graph, PUMORI_UNARY_GELU_TANH, 0, 0, x);
			result = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, factor, 0, result);
			return pumori_replace_node(graph, node, result);
		}
		changes = recognise_hard_swish(graph, node, x, other);
		if (changes)
			return changes;
	}
	return 0;
}

/* s * clamp(a x + b, 0, h) with s h = 1 */
static int recognise_hard_sigmoid(struct pumori_graph *graph, struct pumori_node *node)
{
	float a, b, h, s = node->attributes.unary.alpha;
	struct pumori_tensor *x;

	if (node->attributes.unary.function != PUMORI_UNARY_LINEAR ||
	    node->attributes.unary.beta != 0)
		return 0;
	x = match_ramp(node->inputs[0], &a, &b, &h);
	if (!x || !pumori_nearly((double)s * h, 1))
		return 0;
	pumori_build_at(graph, node);
	return pumori_replace_node(graph, node,
				   pumori_build_unary(graph, PUMORI_UNARY_HARD_SIGMOID, a * s,
						      b * s, x));
}

int pumori_pass_recognise_activation(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result = 0;

		next = node->next;
		if (!pumori_element_is_float(node->outputs[0]->type.element))
			continue;
		if (pumori_match_binary(node->outputs[0], PUMORI_BINARY_MULTIPLY))
			result = recognise_product(graph, node);
		else if (node->primitive == PUMORI_PRIMITIVE_UNARY)
			result = recognise_hard_sigmoid(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
