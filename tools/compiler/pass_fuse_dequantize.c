// SPDX-License-Identifier: MIT
/*
 * Sums of bytes that become floats at once: float32(a x b - row) * factor + bias, as dynamic
 * quantisation writes it (row is the zero point of a times the columns' sums of b), becomes the
 * product's own factor and bias, which are applied while the result leaves PSUM.
 */
#include "pass_match.h"

/* One number for each column of @product's result, as a vector; else NULL. */
static struct pumori_tensor *as_columns(struct pumori_graph *graph, struct pumori_tensor *tensor,
					const struct pumori_tensor *result)
{
	int64_t columns = result->type.shape[result->type.rank - 1];

	if (!tensor->type.rank || tensor->type.shape[tensor->type.rank - 1] != columns ||
	    pumori_type_elements(&tensor->type) != columns)
		return NULL;
	return pumori_build_reshape(graph, tensor, 1, &columns);
}

static struct pumori_node *match_product(const struct pumori_tensor *tensor, size_t inputs)
{
	struct pumori_node *product = pumori_match(tensor, PUMORI_PRIMITIVE_MATMUL);

	return product && product->input_count == inputs && pumori_tensor_has_one_use(tensor) &&
	       pumori_element_bytes(product->inputs[0]->type.element) == 1 ? product : NULL;
}

/* The product behind int32 @sums; what is subtracted from it goes to *@row, NULL if nothing is. */
static struct pumori_node *match_sums(struct pumori_graph *graph, struct pumori_tensor *sums,
				      struct pumori_tensor **row)
{
	struct pumori_node *difference = pumori_match_binary(sums, PUMORI_BINARY_SUBTRACT);
	struct pumori_node *product = match_product(sums, 2);

	*row = NULL;
	if (product || !difference || !pumori_tensor_has_one_use(sums))
		return product;
	product = match_product(difference->inputs[0], 2);
	if (!product)
		return NULL;
	*row = as_columns(graph, difference->inputs[1], sums);
	return *row ? product : NULL;
}

/* A node that multiplies float32(sums) by one number: the sums; the number goes to *@factor. */
static struct pumori_tensor *match_scaling(struct pumori_graph *graph, struct pumori_node *node,
					   struct pumori_tensor **factor)
{
	struct pumori_tensor *result = node->outputs[0];
	struct pumori_node *cast = NULL;

	*factor = NULL;
	if (pumori_match_unary(result, PUMORI_UNARY_LINEAR) && node->attributes.unary.beta == 0) {
		cast = pumori_match(node->inputs[0], PUMORI_PRIMITIVE_CAST);
		if (cast)
			*factor = pumori_graph_add_scalar(graph, PUMORI_ELEMENT_FLOAT32,
							  node->attributes.unary.alpha);
	} else if (pumori_match_binary(result, PUMORI_BINARY_MULTIPLY)) {
		for (int i = 0; i < 2 && !*factor; i++) {
			cast = pumori_match(node->inputs[i], PUMORI_PRIMITIVE_CAST);
			if (cast && pumori_type_elements(&node->inputs[1 - i]->type) == 1)
				*factor = node->inputs[1 - i];
		}
	}
	if (!*factor || result->type.element != PUMORI_ELEMENT_FLOAT32 ||
	    cast->inputs[0]->type.element != PUMORI_ELEMENT_INT32 ||
	    !pumori_tensor_has_one_use(cast->outputs[0]) ||
	    !pumori_shape_equal(&result->type, &cast->outputs[0]->type))
		return NULL;
	return cast->inputs[0];
}

static struct pumori_tensor *rebuild(struct pumori_graph *graph, const struct pumori_node *product,
				     struct pumori_tensor *bias, struct pumori_tensor *factor)
{
	struct pumori_tensor *inputs[4] = { product->inputs[0], product->inputs[1], bias, factor };

	return bias && factor ? pumori_build(graph, PUMORI_PRIMITIVE_MATMUL, &product->attributes,
					     inputs, 4) : NULL;
}

static int fuse_factor(struct pumori_graph *graph, struct pumori_node *node)
{
	struct pumori_tensor *factor, *sums, *row, *bias;
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_FLOAT32, .rank = 1 };
	struct pumori_node *product;

	pumori_build_at(graph, node);
	sums = match_scaling(graph, node, &factor);
	product = sums ? match_sums(graph, sums, &row) : NULL;
	if (!product)
		return 0;
	type.shape[0] = sums->type.shape[sums->type.rank - 1];
	factor = pumori_build_reshape(graph, factor, 0, NULL);
	if (row) {
		bias = pumori_build_cast(graph, row, PUMORI_ELEMENT_FLOAT32);
		bias = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, bias, factor);
		bias = pumori_build_unary(graph, PUMORI_UNARY_LINEAR, -1, 0, bias);
	} else {
		bias = pumori_graph_add_constant(graph, NULL, &type, NULL);
	}
	return pumori_replace_node(graph, node, rebuild(graph, product, bias, factor));
}

static int fuse_bias(struct pumori_graph *graph, struct pumori_node *node)
{
	for (int i = 0; i < 2 && node->input_count == 2; i++) {
		struct pumori_node *product = match_product(node->inputs[i], 4);
		struct pumori_tensor *bias;

		if (!product || !pumori_match_binary(node->outputs[0], PUMORI_BINARY_ADD) ||
		    product->attributes.matmul.activation.function != PUMORI_UNARY_IDENTITY ||
		    !pumori_shape_equal(&node->outputs[0]->type, &node->inputs[i]->type))
			continue;
		pumori_build_at(graph, node);
		bias = as_columns(graph, node->inputs[1 - i], node->inputs[i]);
		if (!bias)
			continue;
		bias = pumori_build_binary(graph, PUMORI_BINARY_ADD, product->inputs[2], bias);
		return pumori_replace_node(graph, node, rebuild(graph, product, bias,
								product->inputs[3]));
	}
	return 0;
}

int pumori_pass_fuse_dequantize(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result = 0;

		next = node->next;
		if (node->primitive == PUMORI_PRIMITIVE_UNARY ||
		    node->primitive == PUMORI_PRIMITIVE_BINARY)
			result = fuse_factor(graph, node);
		if (!result && node->primitive == PUMORI_PRIMITIVE_BINARY)
			result = fuse_bias(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
