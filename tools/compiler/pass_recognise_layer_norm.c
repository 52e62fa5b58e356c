// SPDX-License-Identifier: MIT
/*
 * Layer normalisation written out in arithmetic: d = x - mean(x); d / sqrt(mean(d * d) + epsilon),
 * and then maybe * scale + bias. Also with a product by the reciprocal instead of the division.
 */
#include "pass_match.h"

/* The single first axis of a mask of trailing axes, or -1. */
static int trailing_axis(uint32_t axes, unsigned int rank)
{
	for (unsigned int axis = 0; axis < rank; axis++)
		if (axes == ((uint32_t)1 << rank) - ((uint32_t)1 << axis))
			return axis;
	return -1;
}

/* mean(x) over axes that are set in *axes, or that *axes takes over if it is 0. */
static struct pumori_tensor *match_mean(const struct pumori_tensor *tensor, uint32_t *axes)
{
	struct pumori_node *mean = pumori_match(tensor, PUMORI_PRIMITIVE_REDUCE);

	if (!mean || mean->attributes.reduce.function != PUMORI_REDUCTION_MEAN ||
	    (*axes && mean->attributes.reduce.axes != *axes))
		return NULL;
	*axes = mean->attributes.reduce.axes;
	return mean->inputs[0];
}

/* Is @tensor sqrt(mean(d * d) + epsilon)? */
static bool match_deviation(const struct pumori_tensor *tensor, const struct pumori_tensor *d,
			    uint32_t *axes, float *epsilon)
{
	struct pumori_node *root = pumori_match_unary(tensor, PUMORI_UNARY_SQRT), *plus, *square;
	struct pumori_tensor *mean_of;

	plus = root ? pumori_match_unary(root->inputs[0], PUMORI_UNARY_LINEAR) : NULL;
	if (!plus || plus->attributes.unary.alpha != 1)
		return false;
	*epsilon = plus->attributes.unary.beta;
	mean_of = match_mean(plus->inputs[0], axes);
	square = mean_of ? pumori_match_binary(mean_of, PUMORI_BINARY_MULTIPLY) : NULL;
	return square && square->inputs[0] == d && square->inputs[1] == d;
}

/* Does @node divide x - mean(x) by its deviation? Gives x, or NULL. */
static struct pumori_tensor *match_quotient(const struct pumori_node *node, uint32_t *axes,
					    float *epsilon)
{
	bool product = pumori_match_binary(node->outputs[0], PUMORI_BINARY_MULTIPLY);

	if (!product && !pumori_match_binary(node->outputs[0], PUMORI_BINARY_DIVIDE))
		return NULL;
	for (int i = 0; i < (product ? 2 : 1); i++) {
		const struct pumori_tensor *d = node->inputs[i], *by = node->inputs[1 - i];
		struct pumori_node *difference = pumori_match_binary(d, PUMORI_BINARY_SUBTRACT);

		*axes = 0;
		if (product) {
			struct pumori_node *inverse = pumori_match_unary(by,
									 PUMORI_UNARY_RECIPROCAL);

			by = inverse ? inverse->inputs[0] : NULL;
		}
		if (difference && by && match_deviation(by, d, axes, epsilon) &&
		    match_mean(difference->inputs[1], axes) == difference->inputs[0])
			return difference->inputs[0];
	}
	return NULL;
}

/*
 * @tensor as scale or bias: in the shape of the normalised axes, whatever axes of extent 1 stand
 * before them. NULL when it has another shape; *error tells failure.
 */
static struct pumori_tensor *as_parameter(struct pumori_graph *graph, struct pumori_tensor *tensor,
					  const struct pumori_tensor_type *x, unsigned int axis,
					  int *error)
{
	const struct pumori_tensor_type *type = &tensor->type;
	struct pumori_tensor *result;

	if (!pumori_tensor_is_constant(tensor) || type->rank < x->rank - axis ||
	    type->rank > x->rank || type->element != x->element)
		return NULL;
	for (unsigned int i = 0; i < type->rank; i++) {
		unsigned int at = x->rank - type->rank + i;

		if (type->shape[i] != (at < axis ? 1 : x->shape[at]))
			return NULL;
	}
	result = pumori_build_reshape(graph, tensor, x->rank - axis, x->shape + axis);
	if (!result)
		*error = -ENOMEM;
	return result;
}

static int recognise(struct pumori_graph *graph, struct pumori_node *node)
{
	union pumori_attributes attributes = { .layer_norm = { .axis = 0 } };
	struct pumori_tensor *x;
	uint32_t axes;
	float epsilon;
	int axis;

	x = match_quotient(node, &axes, &epsilon);
	axis = x ? trailing_axis(axes, x->type.rank) : -1;
	if (axis < 0)
		return 0;
	attributes.layer_norm.axis = axis;
	attributes.layer_norm.epsilon = epsilon;
	pumori_build_at(graph, node);
	return pumori_replace_node(graph, node, pumori_build(graph, PUMORI_PRIMITIVE_LAYER_NORM,
							     &attributes, &x, 1));
}

/* layer_norm(x) * scale, or layer_norm(x, scale) + bias */
static int absorb_parameter(struct pumori_graph *graph, struct pumori_node *node)
{
	bool product = pumori_match_binary(node->outputs[0], PUMORI_BINARY_MULTIPLY);
	size_t inputs = product ? 1 : 2;

	if (!product && !pumori_match_binary(node->outputs[0], PUMORI_BINARY_ADD))
		return 0;
	for (int i = 0; i < 2; i++) {
		struct pumori_node *norm = pumori_match(node->inputs[i], PUMORI_PRIMITIVE_LAYER_NORM);
		struct pumori_tensor *parameter;
		struct pumori_tensor *operands[3];
		int error = 0;

		if (!norm || norm->input_count != inputs ||
		    !pumori_tensor_has_one_use(node->inputs[i]))
			continue;
		pumori_build_at(graph, node);
		parameter = as_parameter(graph, node->inputs[1 - i], &norm->inputs[0]->type,
					 norm->attributes.layer_norm.axis, &error);
		if (!parameter) {
			if (error)
				return error;
			continue;
		}
		operands[0] = norm->inputs[0];
		operands[1] = product ? parameter : norm->inputs[1];
		operands[2] = parameter;
		return pumori_replace_node(graph, node,
					   pumori_build(graph, PUMORI_PRIMITIVE_LAYER_NORM,
							&norm->attributes, operands, inputs + 1));
	}
	return 0;
}

int pumori_pass_recognise_layer_norm(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result;

		next = node->next;
		if (!pumori_element_is_float(node->outputs[0]->type.element))
			continue;
		result = recognise(graph, node);
		if (!result)
			result = absorb_parameter(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
