// SPDX-License-Identifier: MIT
/*
 * A function of one value behind a convolution, product or binary operation, and read nowhere
 * else, becomes that node's activation: it is applied while the result is stored.
 */
#include "pass_match.h"

static struct pumori_activation *activation_of(struct pumori_node *node)
{
	switch (node->primitive) {
	case PUMORI_PRIMITIVE_CONV2D:
		return &node->attributes.conv2d.activation;
	case PUMORI_PRIMITIVE_MATMUL:
		return &node->attributes.matmul.activation;
	case PUMORI_PRIMITIVE_BINARY:
		return &node->attributes.binary.activation;
	default:
		return NULL;
	}
}

static int fuse(struct pumori_graph *graph, struct pumori_node *node)
{
	struct pumori_node *producer = node->inputs[0]->producer;
	struct pumori_activation *activation = producer ? activation_of(producer) : NULL;

	if (!activation || activation->function != PUMORI_UNARY_IDENTITY ||
	    !pumori_tensor_has_one_use(node->inputs[0]) ||
	    !pumori_type_equal(&node->inputs[0]->type, &node->outputs[0]->type) ||
	    !pumori_element_is_float(node->outputs[0]->type.element))
		return 0;
	*activation = node->attributes.unary;
	return pumori_replace_node(graph, node, producer->outputs[0]);
}

int pumori_pass_fuse_activation(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result;

		next = node->next;
		if (node->primitive != PUMORI_PRIMITIVE_UNARY)
			continue;
		result = fuse(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
