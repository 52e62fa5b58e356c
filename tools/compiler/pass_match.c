// SPDX-License-Identifier: MIT
/* Matching and replacing; see pass_match.h. */
#include "pass_match.h"

#include <math.h>

struct pumori_node *pumori_match(const struct pumori_tensor *tensor,
				 enum pumori_primitive primitive)
{
	return tensor->producer && tensor->producer->primitive == primitive ?
	       tensor->producer : NULL;
}

struct pumori_node *pumori_match_unary(const struct pumori_tensor *tensor,
				       enum pumori_unary function)
{
	struct pumori_node *node = pumori_match(tensor, PUMORI_PRIMITIVE_UNARY);

	return node && node->attributes.unary.function == function ? node : NULL;
}

struct pumori_node *pumori_match_binary(const struct pumori_tensor *tensor,
					enum pumori_binary function)
{
	struct pumori_node *node = pumori_match(tensor, PUMORI_PRIMITIVE_BINARY);

	return node && node->attributes.binary.function == function &&
	       node->attributes.binary.activation.function == PUMORI_UNARY_IDENTITY ? node : NULL;
}

int pumori_input_position(const struct pumori_node *node, const struct pumori_tensor *tensor)
{
	return node->inputs[0] == tensor ? 0 : node->inputs[1] == tensor ? 1 : -1;
}

void pumori_build_at(struct pumori_graph *graph, struct pumori_node *node)
{
	graph->insert_before = node;
	graph->origin = node->origin;
	graph->origin_operator = node->origin_operator;
}

int pumori_replace_node(struct pumori_graph *graph, struct pumori_node *node,
			struct pumori_tensor *replacement)
{
	int error = replacement ? pumori_graph_replace(graph, node->outputs[0], replacement) :
		    -ENOMEM;

	if (error)
		return error;
	pumori_graph_remove(graph, node);
	return 1;
}

bool pumori_nearly(double a, double b)
{
	return fabs(a - b) <= 4e-7 * fabs(b);
}
