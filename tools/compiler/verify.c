// SPDX-License-Identifier: MIT
/* The graph verifier: every invariant that graph.h states. Run after each pass in tests. */
#include <errno.h>

#include "graph.h"
#include "graph_internal.h"

static int broken(const struct pumori_graph *graph, const struct pumori_node *node,
		  const struct pumori_tensor *tensor, const char *what)
{
	struct pumori_location where = {
		.node = node ? node->origin : NULL,
		.operator_type = node ? pumori_primitive_name(node->primitive) : NULL,
		.tensor = tensor ? tensor->name : NULL,
	};

	return pumori_error(graph->diagnostics, -EINVAL, &where, "this is a bug of the compiler",
			    "%s", what);
}

static bool owned(const struct pumori_graph *graph, const struct pumori_tensor *tensor)
{
	return tensor->index < graph->tensor_count && graph->tensors[tensor->index] == tensor;
}

static size_t uses_by(const struct pumori_tensor *tensor, const struct pumori_node *node)
{
	size_t uses = 0;

	for (size_t i = 0; i < tensor->consumer_count; i++)
		uses += tensor->consumers[i] == node;
	return uses;
}

static int verify_node(struct pumori_graph *graph, const struct pumori_node *node)
{
	struct pumori_tensor_type types[2];

	for (size_t i = 0; i < node->input_count; i++) {
		const struct pumori_tensor *tensor = node->inputs[i];
		size_t uses = 0;

		if (!owned(graph, tensor))
			return broken(graph, node, NULL, "an input is not of this graph");
		for (size_t j = 0; j < node->input_count; j++)
			uses += node->inputs[j] == tensor;
		if (uses_by(tensor, node) != uses)
			return broken(graph, node, tensor, "its list of consumers is wrong");
		if (tensor->producer ? tensor->producer->index >= node->index :
		    tensor->kind != PUMORI_TENSOR_INPUT && tensor->kind != PUMORI_TENSOR_CONSTANT)
			return broken(graph, node, tensor, "it is read before it is produced");
	}
	if (pumori_node_infer(graph, node, types))
		return -EINVAL;
	for (size_t i = 0; i < node->output_count; i++) {
		const struct pumori_tensor *tensor = node->outputs[i];

		if (!owned(graph, tensor) || tensor->producer != node)
			return broken(graph, node, tensor, "it has another producer");
		if (tensor->kind != PUMORI_TENSOR_INTERMEDIATE &&
		    tensor->kind != PUMORI_TENSOR_OUTPUT)
			return broken(graph, node, tensor, "a node produces an input or constant");
		if (!pumori_type_equal(&tensor->type, &types[i]))
			return broken(graph, node, tensor, "its type is not what its node gives");
	}
	return 0;
}

static int verify_tensor(const struct pumori_graph *graph, const struct pumori_tensor *tensor)
{
	size_t listed = 0;

	if (pumori_graph_find(graph, tensor->name) != tensor)
		return broken(graph, NULL, tensor, "it is not found by its name");
	if (!pumori_type_check(&tensor->type))
		return broken(graph, NULL, tensor, "its type is impossible");
	for (size_t i = 0; i < graph->input_count; i++)
		listed += graph->inputs[i] == tensor;
	if (listed != (tensor->kind == PUMORI_TENSOR_INPUT))
		return broken(graph, NULL, tensor, "its kind and the list of inputs disagree");
	listed = 0;
	for (size_t i = 0; i < graph->output_count; i++)
		listed += graph->outputs[i] == tensor;
	if (listed != (tensor->kind == PUMORI_TENSOR_OUTPUT))
		return broken(graph, NULL, tensor, "its kind and the list of outputs disagree");
	if (tensor->kind == PUMORI_TENSOR_OUTPUT && !tensor->producer)
		return broken(graph, NULL, tensor, "nothing produces this output");
	if ((tensor->kind == PUMORI_TENSOR_CONSTANT) != (tensor->data != NULL))
		return broken(graph, NULL, tensor, "constants and only they have data");
	return 0;
}

int pumori_graph_verify(struct pumori_graph *graph)
{
	const struct pumori_node *previous = NULL;
	size_t count = 0;

	pumori_graph_number(graph);
	for (size_t i = 0; i < graph->tensor_count; i++)
		if (verify_tensor(graph, graph->tensors[i]))
			return -EINVAL;
	for (const struct pumori_node *node = graph->first; node; node = node->next) {
		if (node->previous != previous)
			return broken(graph, node, NULL, "the list of nodes is not linked");
		if (verify_node(graph, node))
			return -EINVAL;
		previous = node;
		count++;
	}
	if (graph->last != previous || graph->node_count != count)
		return broken(graph, NULL, NULL, "the list of nodes is not what its head says");
	return 0;
}
