// SPDX-License-Identifier: MIT
/*
 * Constant factors and offsets around convolutions and matrix products disappear into constant
 * weights and biases: normalisation layers, biases written as additions, scalar chains. Behind the
 * node they apply to its output channels (columns of a product), in front of it to its input
 * channels (everything a product sums over).
 */
#include <math.h>
#include <stdlib.h>

#include "pass_match.h"

/* y = factor * x + offset, one pair a channel (count > 1) or one for all. */
struct affine {
	int64_t count;
	float *factor;
	float *offset;
};

static void affine_release(struct affine *affine)
{
	free(affine->factor);
	free(affine->offset);
}

static int affine_init(struct affine *affine, int64_t count)
{
	affine->count = count;
	affine->factor = calloc(count, sizeof(float));
	affine->offset = calloc(count, sizeof(float));
	return affine->factor && affine->offset ? 0 : -ENOMEM;
}

/* Does constant @tensor vary along @axis of @type alone (or not at all)? */
static bool is_along_axis(const struct pumori_tensor *tensor,
			  const struct pumori_tensor_type *type, unsigned int axis)
{
	unsigned int rank = tensor->type.rank;

	if (!pumori_tensor_is_constant(tensor) || rank > type->rank ||
	    tensor->type.element != PUMORI_ELEMENT_FLOAT32)
		return false;
	for (unsigned int i = 0; i < rank; i++) {
		unsigned int at = type->rank - rank + i;

		if (tensor->type.shape[i] != 1 &&
		    (at != axis || tensor->type.shape[i] != type->shape[axis]))
			return false;
	}
	return true;
}

/*
 * Read @node as an affine function of one of its inputs along @axis: 1 with *x set, 0 if it is
 * something else, or negative.
 */
static int read_affine(const struct pumori_node *node, unsigned int axis, struct affine *affine,
		       struct pumori_tensor **x)
{
	const struct pumori_tensor_type *type = &node->outputs[0]->type;
	const struct pumori_tensor *constant;
	enum pumori_binary function;
	const float *values;
	int position;

	if (pumori_match_unary(node->outputs[0], PUMORI_UNARY_LINEAR)) {
		if (affine_init(affine, 1))
			return -ENOMEM;
		affine->factor[0] = node->attributes.unary.alpha;
		affine->offset[0] = node->attributes.unary.beta;
		*x = node->inputs[0];
		return 1;
	}
	if (node->primitive != PUMORI_PRIMITIVE_BINARY ||
	    node->attributes.binary.activation.function != PUMORI_UNARY_IDENTITY)
		return 0;
	function = node->attributes.binary.function;
	position = is_along_axis(node->inputs[1], type, axis) ? 1 :
		   is_along_axis(node->inputs[0], type, axis) ? 0 : -1;
	if (position < 0 || !pumori_type_equal(&node->inputs[1 - position]->type, type) ||
	    (function != PUMORI_BINARY_ADD && function != PUMORI_BINARY_MULTIPLY &&
	     function != PUMORI_BINARY_SUBTRACT &&
	     !(function == PUMORI_BINARY_DIVIDE && position)))
		return 0;
	constant = node->inputs[position];
	*x = node->inputs[1 - position];
	values = constant->data;
	if (affine_init(affine, pumori_type_elements(&constant->type)))
		return -ENOMEM;
	for (int64_t i = 0; i < affine->count; i++) {
		bool difference = function == PUMORI_BINARY_SUBTRACT;

		affine->factor[i] = function == PUMORI_BINARY_MULTIPLY ? values[i] :
				    function == PUMORI_BINARY_DIVIDE ? 1 / values[i] :
				    difference && !position ? -1 : 1;
		affine->offset[i] = function == PUMORI_BINARY_ADD ? values[i] :
				    difference ? (position ? -values[i] : values[i]) : 0;
	}
	return 1;
}

/* Infinite or absurd factors stay visible where they are. */
static bool is_finite(const struct affine *affine)
{
	for (int64_t i = 0; i < affine->count; i++)
		if (!isfinite(affine->factor[i]) || !isfinite(affine->offset[i]))
			return false;
	return true;
}

/* --- the weights as one matrix: what each element multiplies and adds to --- */

struct weights {
	struct pumori_node *node;
	struct pumori_tensor *tensor;
	const struct pumori_tensor *bias;
	int64_t outputs;	/* output channels: length of the bias */
};

static bool read_weights(struct pumori_node *node, struct weights *weights)
{
	bool conv = node->primitive == PUMORI_PRIMITIVE_CONV2D;

	if (!conv && node->primitive != PUMORI_PRIMITIVE_MATMUL)
		return false;
	weights->node = node;
	weights->tensor = node->inputs[1];
	weights->bias = node->input_count > 2 ? node->inputs[2] : NULL;
	weights->outputs = node->outputs[0]->type.shape[conv ? 1 : node->outputs[0]->type.rank - 1];
	return pumori_tensor_is_constant(weights->tensor) &&
	       weights->tensor->type.element == PUMORI_ELEMENT_FLOAT32 &&
	       (!weights->bias || pumori_tensor_is_constant(weights->bias));
}

/* Output and input channel of element @index of the weights. */
static void locate(const struct weights *weights, int64_t index, int64_t *output, int64_t *input)
{
	const struct pumori_tensor_type *type = &weights->tensor->type;
	const int64_t *shape = type->shape;

	if (weights->node->primitive == PUMORI_PRIMITIVE_CONV2D) {
		int64_t taps = shape[2] * shape[3], groups = weights->node->attributes.conv2d.groups;

		*output = index / (shape[1] * taps);
		*input = *output / (shape[0] / groups) * shape[1] + index / taps % shape[1];
	} else {
		int64_t column = index % shape[type->rank - 1];
		int64_t row = index / shape[type->rank - 1] % shape[type->rank - 2];
		bool transposed = weights->node->attributes.matmul.transpose_b;

		*output = transposed ? row : column;
		*input = transposed ? column : row;
	}
}

/* Give the node new weights and, if @bias is not NULL, a new bias. */
static int replace_weights(struct pumori_graph *graph, struct weights *weights,
			   const float *values, const float *bias)
{
	struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_FLOAT32, .rank = 1, .shape = { weights->outputs },
	};
	struct pumori_tensor *tensor;

	tensor = pumori_graph_add_constant(graph, NULL, &weights->tensor->type, values);
	if (!tensor || pumori_node_set_input(weights->node, 1, tensor))
		return -ENOMEM;
	if (!bias)
		return 0;
	tensor = pumori_graph_add_constant(graph, NULL, &type, bias);
	if (!tensor)
		return -ENOMEM;
	return weights->bias ? pumori_node_set_input(weights->node, 2, tensor) :
	       pumori_node_append_input(weights->node, tensor);
}

static bool any_nonzero(const float *values, int64_t count)
{
	for (int64_t i = 0; i < count; i++)
		if (values[i] != 0)
			return true;
	return false;
}

/* affine(W x + bias) = (factor W) x + (factor bias + offset) */
static int apply_behind(struct pumori_graph *graph, struct weights *weights,
			const struct affine *affine)
{
	const float *old = weights->tensor->data;
	int64_t count = pumori_type_elements(&weights->tensor->type);
	float *values = calloc(count + 1, sizeof(*values));
	float *bias = calloc(weights->outputs + 1, sizeof(*bias));
	int error = values && bias ? 0 : -ENOMEM;

	for (int64_t i = 0; !error && i < count; i++) {
		int64_t output, input;

		locate(weights, i, &output, &input);
		values[i] = old[i] * affine->factor[affine->count > 1 ? output : 0];
	}
	for (int64_t i = 0; !error && i < weights->outputs; i++) {
		int64_t at = affine->count > 1 ? i : 0;

		bias[i] = affine->offset[at];
		if (weights->bias)
			bias[i] += affine->factor[at] * ((const float *)weights->bias->data)[i];
	}
	if (!error)
		error = replace_weights(graph, weights, values, weights->bias ||
					any_nonzero(bias, weights->outputs) ? bias : NULL);
	free(values);
	free(bias);
	return error;
}

/* W affine(x) + bias = (W factor) x + (bias + W offset) */
static int apply_before(struct pumori_graph *graph, struct weights *weights,
			const struct affine *affine)
{
	const float *old = weights->tensor->data;
	int64_t count = pumori_type_elements(&weights->tensor->type);
	float *values = calloc(count + 1, sizeof(*values));
	double *sums = calloc(weights->outputs + 1, sizeof(*sums));
	float *bias = calloc(weights->outputs + 1, sizeof(*bias));
	bool product = weights->node->primitive == PUMORI_PRIMITIVE_MATMUL;
	double scale = product ? weights->node->attributes.matmul.scale : 1;
	int error = values && bias && sums ? 0 : -ENOMEM;

	for (int64_t i = 0; !error && i < count; i++) {
		int64_t output, input;

		locate(weights, i, &output, &input);
		input = affine->count > 1 ? input : 0;
		values[i] = old[i] * affine->factor[input];
		sums[output] += scale * old[i] * affine->offset[input];
	}
	for (int64_t i = 0; !error && i < weights->outputs; i++) {
		bias[i] = sums[i];
		if (weights->bias)
			bias[i] += ((const float *)weights->bias->data)[i];
	}
	if (!error)
		error = replace_weights(graph, weights, values, weights->bias ||
					any_nonzero(bias, weights->outputs) ? bias : NULL);
	free(values);
	free(bias);
	free(sums);
	return error;
}

static const struct pumori_activation *activation_of(const struct pumori_node *node)
{
	return node->primitive == PUMORI_PRIMITIVE_CONV2D ? &node->attributes.conv2d.activation :
	       &node->attributes.matmul.activation;
}

/* A product of two variable matrices takes a factor as its scale. */
static int fold_product_scale(struct pumori_graph *graph, struct pumori_node *node)
{
	struct pumori_node *product = pumori_match(node->inputs[0], PUMORI_PRIMITIVE_MATMUL);

	if (!product || !pumori_match_unary(node->outputs[0], PUMORI_UNARY_LINEAR) ||
	    node->attributes.unary.beta != 0 || product->input_count > 2 ||
	    product->attributes.matmul.activation.function != PUMORI_UNARY_IDENTITY ||
	    !pumori_tensor_has_one_use(node->inputs[0]))
		return 0;
	product->attributes.matmul.scale *= node->attributes.unary.alpha;
	return pumori_replace_node(graph, node, product->outputs[0]);
}

/* The factor in front of either operand of a product of two variable matrices. */
static int fold_operand_scale(struct pumori_node *product)
{
	int changes = 0;

	if (product->primitive != PUMORI_PRIMITIVE_MATMUL)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		struct pumori_node *factor = pumori_match_unary(product->inputs[i],
								PUMORI_UNARY_LINEAR);

		if (!factor || factor->attributes.unary.beta != 0 ||
		    !pumori_tensor_has_one_use(product->inputs[i]))
			continue;
		product->attributes.matmul.scale *= factor->attributes.unary.alpha;
		if (pumori_node_set_input(product, i, factor->inputs[0]))
			return -ENOMEM;
		changes++;
	}
	return changes;
}

/* @node is the affine function; its input is the convolution or product. */
static int fold_behind(struct pumori_graph *graph, struct pumori_node *node)
{
	struct affine affine = { .count = 0 };
	struct pumori_tensor *x = NULL;
	struct weights weights;
	int result = 0;

	for (size_t i = 0; i < node->input_count && !x; i++)
		if (node->inputs[i]->producer && read_weights(node->inputs[i]->producer, &weights))
			x = node->inputs[i];
	if (!x || !pumori_tensor_has_one_use(x) ||
	    activation_of(weights.node)->function != PUMORI_UNARY_IDENTITY)
		return 0;
	if (weights.node->primitive == PUMORI_PRIMITIVE_MATMUL &&
	    weights.node->attributes.matmul.scale != 1)
		return 0;
	result = read_affine(node, weights.node->primitive == PUMORI_PRIMITIVE_CONV2D ? 1 :
			     node->outputs[0]->type.rank - 1, &affine, &x);
	if (result > 0 && (x->producer != weights.node || !is_finite(&affine)))
		result = 0;
	if (result > 0) {
		result = apply_behind(graph, &weights, &affine);
		if (!result)
			result = pumori_replace_node(graph, node, weights.node->outputs[0]);
	}
	affine_release(&affine);
	return result;
}

/* @node is the convolution or product; its first input the affine function. */
static int fold_before(struct pumori_graph *graph, struct pumori_node *node)
{
	struct affine affine = { .count = 0 };
	struct pumori_node *before = node->inputs[0]->producer;
	bool conv = node->primitive == PUMORI_PRIMITIVE_CONV2D, padded = false;
	struct pumori_tensor *x;
	struct weights weights;
	int result;

	if (!before || !read_weights(node, &weights) || !pumori_tensor_has_one_use(node->inputs[0]))
		return 0;
	for (int i = 0; conv && i < 4; i++)
		padded = padded || node->attributes.conv2d.pads[i] > 0;
	/* What a product sums over is its last axis, or the one before if transposed. */
	result = read_affine(before, conv ? 1 : node->inputs[0]->type.rank - 1 -
			     node->attributes.matmul.transpose_a, &affine, &x);
	if (result > 0 && (!is_finite(&affine) ||
			   /* Padding is zero before the offset, so it cannot come later. */
			   (padded && any_nonzero(affine.offset, affine.count)) ||
			   /* A batch of weight matrices would need a batch of biases. */
			   (!conv && weights.tensor->type.rank > 2 &&
			    any_nonzero(affine.offset, affine.count))))
		result = 0;
	if (result > 0) {
		result = apply_before(graph, &weights, &affine);
		if (!result)
			result = pumori_node_set_input(node, 0, x) ? -ENOMEM : 1;
	}
	affine_release(&affine);
	return result;
}

int pumori_pass_fold_scale(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result = 0;

		next = node->next;
		if (node->outputs[0]->type.element != PUMORI_ELEMENT_FLOAT32)
			continue;
		if (node->primitive == PUMORI_PRIMITIVE_UNARY ||
		    node->primitive == PUMORI_PRIMITIVE_BINARY) {
			result = fold_behind(graph, node);
			if (!result)
				result = fold_product_scale(graph, node);
		} else if (node->primitive == PUMORI_PRIMITIVE_CONV2D ||
			   node->primitive == PUMORI_PRIMITIVE_MATMUL) {
			result = fold_before(graph, node);
			if (!result)
				result = fold_operand_scale(node);
		}
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
