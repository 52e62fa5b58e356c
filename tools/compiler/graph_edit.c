// SPDX-License-Identifier: MIT
/* Graph IR: replacing, removing, numbering, and the small questions passes ask. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "graph.h"
#include "graph_internal.h"

int pumori_graph_rename(struct pumori_graph *graph, struct pumori_tensor *tensor,
			 const char *name)
{
	char *copy = name ? strdup(name) : pumori_graph_fresh_name(graph);

	if (!copy || pumori_string_map_put(&graph->names, tensor->name, NULL) ||
	    pumori_string_map_put(&graph->names, copy, tensor)) {
		free(copy);
		return pumori_out_of_memory(graph->diagnostics);
	}
	free(tensor->name);
	tensor->name = copy;
	return 0;
}

static int replace_output(struct pumori_graph *graph, size_t position,
			  struct pumori_tensor *replacement)
{
	struct pumori_tensor *old = graph->outputs[position];
	const char *name = pumori_graph_intern(graph, old->name);
	int error;

	if (!name)
		return pumori_out_of_memory(graph->diagnostics);
	if (replacement->kind != PUMORI_TENSOR_INTERMEDIATE) {
		struct pumori_node *before = graph->insert_before;
		struct pumori_node *copy;

		graph->insert_before = NULL;
		copy = pumori_graph_add(graph, PUMORI_PRIMITIVE_COPY, NULL, &replacement, 1);
		graph->insert_before = before;
		if (!copy)
			return -ENOMEM;
		replacement = copy->outputs[0];
	}
	error = pumori_graph_rename(graph, old, NULL);
	if (!error)
		error = pumori_graph_rename(graph, replacement, name);
	if (error)
		return error;
	old->kind = PUMORI_TENSOR_INTERMEDIATE;
	replacement->kind = PUMORI_TENSOR_OUTPUT;
	graph->outputs[position] = replacement;
	return 0;
}

int pumori_graph_replace(struct pumori_graph *graph, struct pumori_tensor *old,
			 struct pumori_tensor *new)
{
	size_t i = 0;

	if (old == new)
		return 0;
	while (i < old->consumer_count) {
		struct pumori_node *node = old->consumers[i];
		size_t position = 0;

		if (node == new->producer) {
			i++;
			continue;
		}
		while (node->inputs[position] != old)
			position++;
		/* Takes the first entry of @node off the list, which is this one. */
		if (pumori_node_set_input(node, position, new))
			return pumori_out_of_memory(graph->diagnostics);
	}
	for (i = 0; i < graph->output_count; i++) {
		if (graph->outputs[i] == old) {
			int error = replace_output(graph, i, new);

			if (error)
				return error;
			break;
		}
	}
	return 0;
}

void pumori_graph_remove(struct pumori_graph *graph, struct pumori_node *node)
{
	pumori_node_drop_inputs(node);
	for (size_t i = 0; i < node->output_count; i++)
		node->outputs[i]->producer = NULL;
	pumori_node_unlink(graph, node);
	pumori_node_free(node);
}

void pumori_graph_sweep(struct pumori_graph *graph)
{
	size_t kept = 0;

	for (size_t i = 0; i < graph->tensor_count; i++) {
		struct pumori_tensor *tensor = graph->tensors[i];
		bool unused = !tensor->producer && !tensor->consumer_count &&
			      (tensor->kind == PUMORI_TENSOR_INTERMEDIATE ||
			       tensor->kind == PUMORI_TENSOR_CONSTANT);

		if (unused) {
			/* The name is in the map, so this cannot want memory. */
			pumori_string_map_put(&graph->names, tensor->name, NULL);
			pumori_tensor_free(tensor);
			continue;
		}
		tensor->index = kept;
		graph->tensors[kept++] = tensor;
	}
	graph->tensor_count = kept;
}

void pumori_graph_number(struct pumori_graph *graph)
{
	size_t index = 0;

	for (size_t i = 0; i < graph->tensor_count; i++)
		graph->tensors[i]->index = i;
	for (struct pumori_node *node = graph->first; node; node = node->next)
		node->index = index++;
}

bool pumori_tensor_is_constant(const struct pumori_tensor *tensor)
{
	return tensor->kind == PUMORI_TENSOR_CONSTANT;
}

bool pumori_tensor_has_one_use(const struct pumori_tensor *tensor)
{
	return tensor->consumer_count == 1 && tensor->kind == PUMORI_TENSOR_INTERMEDIATE;
}

bool pumori_tensor_is_uniform(const struct pumori_tensor *tensor, double *value)
{
	int64_t count = pumori_type_elements(&tensor->type);
	size_t bytes = pumori_element_bytes(tensor->type.element);
	const unsigned char *data = tensor->data;

	if (!pumori_tensor_is_constant(tensor) || count < 1 ||
	    !pumori_element_is_float(tensor->type.element))
		return false;
	/* All bytes equal their neighbours one element on: all elements equal the first. */
	if (memcmp(data, data + bytes, (count - 1) * bytes))
		return false;
	*value = pumori_load_value(tensor->type.element, data, 0);
	return true;
}
