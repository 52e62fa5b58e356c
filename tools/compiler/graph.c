// SPDX-License-Identifier: MIT
/* Graph IR: creation of graphs, tensors and nodes. Editing is in graph_edit.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "graph.h"
#include "graph_internal.h"

struct pumori_graph *pumori_graph_create(const char *name,
					 struct pumori_diagnostics *diagnostics)
{
	struct pumori_graph *graph = calloc(1, sizeof(*graph));

	if (!graph) {
		pumori_out_of_memory(diagnostics);
		return NULL;
	}
	graph->diagnostics = diagnostics;
	graph->fold_budget = PUMORI_FOLD_BUDGET_START;
	graph->name = strdup(name);
	if (!graph->name) {
		pumori_out_of_memory(diagnostics);
		pumori_graph_destroy(graph);
		return NULL;
	}
	return graph;
}

void pumori_node_free(struct pumori_node *node)
{
	free(node->inputs);
	free(node);
}

void pumori_tensor_free(struct pumori_tensor *tensor)
{
	free(tensor->name);
	free(tensor->data);
	free(tensor->consumers);
	free(tensor);
}

void pumori_graph_destroy(struct pumori_graph *graph)
{
	if (!graph)
		return;
	while (graph->first) {
		struct pumori_node *next = graph->first->next;

		pumori_node_free(graph->first);
		graph->first = next;
	}
	for (size_t i = 0; i < graph->tensor_count; i++)
		pumori_tensor_free(graph->tensors[i]);
	pumori_string_map_release(&graph->names);
	pumori_string_map_release(&graph->strings);
	free(graph->tensors);
	free(graph->inputs);
	free(graph->outputs);
	free(graph->states);
	free(graph->name);
	free(graph);
}

struct pumori_tensor *pumori_graph_find(const struct pumori_graph *graph, const char *name)
{
	return pumori_string_map_get(&graph->names, name);
}

const char *pumori_graph_intern(struct pumori_graph *graph, const char *text)
{
	return pumori_string_map_key(&graph->strings, text);
}

/* --- tensors --- */

char *pumori_graph_fresh_name(struct pumori_graph *graph)
{
	char text[64];

	do {
		snprintf(text, sizeof(text), "%%%llu", (unsigned long long)graph->fresh_names++);
	} while (pumori_graph_find(graph, text));
	return strdup(text);
}

/* Grow *@array of @count pointers so that one more fits. */
int pumori_reserve_pointer(void *array, size_t count, size_t *capacity)
{
	void **pointers;
	size_t wanted;

	memcpy(&pointers, array, sizeof(pointers));
	if (count < *capacity)
		return 0;
	wanted = *capacity ? *capacity * 2 : 4;
	pointers = realloc(pointers, wanted * sizeof(*pointers));
	if (!pointers)
		return -ENOMEM;
	memcpy(array, &pointers, sizeof(pointers));
	*capacity = wanted;
	return 0;
}

struct pumori_tensor *pumori_graph_add_tensor(struct pumori_graph *graph, const char *name,
					      enum pumori_tensor_kind kind,
					      const struct pumori_tensor_type *type)
{
	struct pumori_location where = { .tensor = name };
	struct pumori_tensor *tensor;

	if (!pumori_type_check(type)) {
		pumori_error(graph->diagnostics, -EINVAL, &where, NULL,
			     "its shape is negative, or larger than the compiler handles");
		return NULL;
	}
	if (name && pumori_graph_find(graph, name)) {
		pumori_error(graph->diagnostics, -EINVAL, &where, NULL,
			     "two tensors of the graph have this name");
		return NULL;
	}
	if (pumori_reserve_pointer(&graph->tensors, graph->tensor_count, &graph->tensor_capacity))
		goto no_memory;
	tensor = calloc(1, sizeof(*tensor));
	if (!tensor)
		goto no_memory;
	tensor->name = name ? strdup(name) : pumori_graph_fresh_name(graph);
	if (!tensor->name || pumori_string_map_put(&graph->names, tensor->name, tensor)) {
		pumori_tensor_free(tensor);
		goto no_memory;
	}
	tensor->kind = kind;
	tensor->type = *type;
	tensor->index = graph->tensor_count;
	graph->tensors[graph->tensor_count++] = tensor;
	return tensor;

no_memory:
	pumori_out_of_memory(graph->diagnostics);
	return NULL;
}

static int append_pointer(struct pumori_tensor ***array, size_t *count,
			  struct pumori_tensor *tensor)
{
	struct pumori_tensor **grown = realloc(*array, (*count + 1) * sizeof(**array));

	if (!grown)
		return -ENOMEM;
	*array = grown;
	grown[(*count)++] = tensor;
	return 0;
}

struct pumori_tensor *pumori_graph_add_input(struct pumori_graph *graph, const char *name,
					     const struct pumori_tensor_type *type)
{
	struct pumori_tensor *tensor =
		pumori_graph_add_tensor(graph, name, PUMORI_TENSOR_INPUT, type);

	if (tensor && append_pointer(&graph->inputs, &graph->input_count, tensor)) {
		pumori_out_of_memory(graph->diagnostics);
		return NULL;
	}
	return tensor;
}

struct pumori_tensor *pumori_graph_adopt_constant(struct pumori_graph *graph, const char *name,
						  const struct pumori_tensor_type *type,
						  void *data)
{
	struct pumori_tensor *tensor =
		pumori_graph_add_tensor(graph, name, PUMORI_TENSOR_CONSTANT, type);

	if (!tensor) {
		free(data);
		return NULL;
	}
	tensor->data = data;
	return tensor;
}

struct pumori_tensor *pumori_graph_add_constant(struct pumori_graph *graph, const char *name,
						const struct pumori_tensor_type *type,
						const void *data)
{
	size_t bytes;
	void *copy;

	if (!pumori_type_check(type))
		return pumori_graph_adopt_constant(graph, name, type, NULL);
	bytes = pumori_type_bytes(type);
	copy = calloc(1, bytes ? bytes : 1);
	if (!copy) {
		pumori_out_of_memory(graph->diagnostics);
		return NULL;
	}
	if (data && bytes)
		memcpy(copy, data, bytes);
	return pumori_graph_adopt_constant(graph, name, type, copy);
}

struct pumori_tensor *pumori_graph_add_scalar(struct pumori_graph *graph,
					      enum pumori_element_type element, double value)
{
	struct pumori_tensor_type type = { .element = element };
	unsigned char data[8];

	pumori_store_value(element, data, 0, value);
	return pumori_graph_add_constant(graph, NULL, &type, data);
}

struct pumori_tensor *pumori_graph_add_int64s(struct pumori_graph *graph, const int64_t *values,
					      size_t count)
{
	struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_INT64, .rank = 1, .shape = { (int64_t)count },
	};

	return pumori_graph_add_constant(graph, NULL, &type, values);
}

int pumori_graph_add_output(struct pumori_graph *graph, struct pumori_tensor *tensor,
			    const char *name)
{
	struct pumori_tensor *taken = pumori_graph_find(graph, name);

	if (tensor->kind != PUMORI_TENSOR_INTERMEDIATE || (taken && taken != tensor)) {
		struct pumori_node *copy;

		if (taken && (taken->kind == PUMORI_TENSOR_INPUT ||
			      taken->kind == PUMORI_TENSOR_OUTPUT))
			return pumori_error(graph->diagnostics, -EINVAL,
					    &(struct pumori_location){ .tensor = name },
					    "rename one of them in the model",
					    "is an output and also an input or another output");
		if (taken && pumori_graph_rename(graph, taken, NULL))
			return -ENOMEM;
		copy = pumori_graph_add(graph, PUMORI_PRIMITIVE_COPY, NULL, &tensor, 1);
		if (!copy)
			return -ENOMEM;
		tensor = copy->outputs[0];
	}
	if (strcmp(tensor->name, name)) {
		int error = pumori_graph_rename(graph, tensor, name);

		if (error)
			return error;
	}
	if (append_pointer(&graph->outputs, &graph->output_count, tensor))
		return pumori_out_of_memory(graph->diagnostics);
	tensor->kind = PUMORI_TENSOR_OUTPUT;
	return 0;
}

/* --- nodes --- */

static int add_consumer(struct pumori_tensor *tensor, struct pumori_node *node)
{
	if (pumori_reserve_pointer(&tensor->consumers, tensor->consumer_count,
				   &tensor->consumer_capacity))
		return -ENOMEM;
	tensor->consumers[tensor->consumer_count++] = node;
	return 0;
}

static void drop_consumer(struct pumori_tensor *tensor, struct pumori_node *node)
{
	for (size_t i = 0; i < tensor->consumer_count; i++) {
		if (tensor->consumers[i] != node)
			continue;
		memmove(&tensor->consumers[i], &tensor->consumers[i + 1],
			(tensor->consumer_count - i - 1) * sizeof(*tensor->consumers));
		tensor->consumer_count--;
		return;
	}
}

int pumori_node_set_input(struct pumori_node *node, size_t position, struct pumori_tensor *tensor)
{
	struct pumori_tensor *old = node->inputs[position];

	if (add_consumer(tensor, node))
		return -ENOMEM;
	node->inputs[position] = tensor;
	drop_consumer(old, node);
	return 0;
}

int pumori_node_append_input(struct pumori_node *node, struct pumori_tensor *tensor)
{
	struct pumori_tensor **inputs =
		realloc(node->inputs, (node->input_count + 1) * sizeof(*inputs));

	if (!inputs)
		return -ENOMEM;
	node->inputs = inputs;
	if (add_consumer(tensor, node))
		return -ENOMEM;
	inputs[node->input_count++] = tensor;
	return 0;
}

void pumori_node_drop_inputs(struct pumori_node *node)
{
	for (size_t i = 0; i < node->input_count; i++)
		drop_consumer(node->inputs[i], node);
	node->input_count = 0;
}

static void link_node(struct pumori_graph *graph, struct pumori_node *node)
{
	struct pumori_node *next = graph->insert_before;

	node->next = next;
	node->previous = next ? next->previous : graph->last;
	if (node->previous)
		node->previous->next = node;
	else
		graph->first = node;
	if (next)
		next->previous = node;
	else
		graph->last = node;
	graph->node_count++;
}

void pumori_node_unlink(struct pumori_graph *graph, struct pumori_node *node)
{
	if (node->previous)
		node->previous->next = node->next;
	else
		graph->first = node->next;
	if (node->next)
		node->next->previous = node->previous;
	else
		graph->last = node->previous;
	if (graph->insert_before == node)
		graph->insert_before = node->next;
	graph->node_count--;
}

/* The types of all inputs of a node, in one allocation the caller frees. */
static const struct pumori_tensor_type **input_types(struct pumori_tensor *const *inputs,
						     size_t count)
{
	const struct pumori_tensor_type **types = calloc(count ? count : 1, sizeof(*types));

	for (size_t i = 0; types && i < count; i++)
		types[i] = &inputs[i]->type;
	return types;
}

int pumori_node_infer(const struct pumori_graph *graph, const struct pumori_node *node,
		      struct pumori_tensor_type *outputs)
{
	struct pumori_location where = {
		.node = node->origin, .operator_type = node->origin_operator,
	};
	const struct pumori_tensor_type **types = input_types(node->inputs, node->input_count);
	int error;

	if (!types)
		return pumori_out_of_memory(graph->diagnostics);
	error = pumori_infer(node->primitive, &node->attributes, types, node->input_count, outputs,
			     graph->diagnostics, &where);
	free(types);
	return error;
}

struct pumori_node *pumori_graph_add(struct pumori_graph *graph, enum pumori_primitive primitive,
				     const union pumori_attributes *attributes,
				     struct pumori_tensor *const *inputs, size_t input_count)
{
	static const unsigned char output_counts[] = {
#define OUTPUTS(name, text, minimum, maximum, outputs) outputs,
		PUMORI_PRIMITIVES(OUTPUTS)
	};
	struct pumori_tensor_type types[2];
	struct pumori_node *node = calloc(1, sizeof(*node));

	if (!node) {
		pumori_out_of_memory(graph->diagnostics);
		return NULL;
	}
	node->primitive = primitive;
	node->origin = graph->origin;
	node->origin_operator = graph->origin_operator;
	if (attributes)
		node->attributes = *attributes;
	while (input_count && !inputs[input_count - 1])
		input_count--;
	for (size_t i = 0; i < input_count; i++) {
		if (pumori_node_append_input(node, inputs[i])) {
			pumori_out_of_memory(graph->diagnostics);
			goto fail;
		}
	}
	if (pumori_node_infer(graph, node, types))
		goto fail;
	for (size_t i = 0; i < output_counts[primitive]; i++) {
		node->outputs[i] = pumori_graph_add_tensor(graph, NULL,
							   PUMORI_TENSOR_INTERMEDIATE, &types[i]);
		if (!node->outputs[i])
			goto fail;
		node->outputs[i]->producer = node;
		node->output_count++;
	}
	link_node(graph, node);
	return node;

fail:
	/* Outputs already created stay behind unproduced until the next sweep. */
	for (size_t i = 0; i < node->output_count; i++)
		node->outputs[i]->producer = NULL;
	pumori_node_drop_inputs(node);
	pumori_node_free(node);
	return NULL;
}
