// SPDX-License-Identifier: MIT
/*
 * TOP_K in rounds of what the chip can do: the extreme of what is left, the first place that holds
 * it, and that place is taken. Each round is linear in the axis, so K has a limit.
 */
#include <math.h>

#include "pass_match.h"

#define MAX_K		256
/* Places are counted in float32. */
#define MAX_LENGTH	(1 << 24)

struct top_k {
	struct pumori_graph *graph;
	const struct pumori_node *node;
	struct pumori_tensor *x;
	struct pumori_tensor *order;	/* 0, 1, 2 .. along the axis */
	struct pumori_tensor *length;	/* no place, and behind all of them */
	struct pumori_tensor *worst;	/* what never wins */
	struct pumori_tensor *taken;	/* bool, of x's shape; NULL in the first round */
};

static struct pumori_tensor *make_order(struct pumori_graph *graph, unsigned int rank,
					unsigned int axis, int64_t length)
{
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_FLOAT32, .rank = rank };
	struct pumori_tensor *order;

	for (unsigned int i = 0; i < rank; i++)
		type.shape[i] = i == axis ? length : 1;
	order = pumori_graph_add_constant(graph, NULL, &type, NULL);
	for (int64_t i = 0; order && i < length; i++)
		((float *)order->data)[i] = (float)i;
	return order;
}

static void next_best(struct top_k *top, struct pumori_tensor **value, struct pumori_tensor **place)
{
	struct pumori_graph *graph = top->graph;
	uint32_t axes = 1u << top->node->attributes.top_k.axis;
	bool smallest = top->node->attributes.top_k.smallest;
	struct pumori_tensor *left = top->x, *is_best, *here;

	if (top->taken)
		left = pumori_build_select(graph, top->taken, top->worst, top->x);
	*value = pumori_build_reduce(graph, smallest ? PUMORI_REDUCTION_MIN : PUMORI_REDUCTION_MAX,
				     axes, true, left);
	is_best = pumori_build_binary(graph, PUMORI_BINARY_EQUAL, left, *value);
	/* Where the value itself is the worst one, taken places look the same. */
	here = pumori_build_select(graph, is_best, top->order, top->length);
	if (top->taken)
		here = pumori_build_select(graph, top->taken, top->length, here);
	*place = pumori_build_reduce(graph, PUMORI_REDUCTION_MIN, axes, true, here);
	here = pumori_build_binary(graph, PUMORI_BINARY_EQUAL, top->order, *place);
	top->taken = top->taken ? pumori_build_binary(graph, PUMORI_BINARY_OR, top->taken, here) : here;
}

static int expand(struct pumori_graph *graph, struct pumori_node *node)
{
	struct pumori_tensor *values[MAX_K], *places[MAX_K], *value, *place;
	const struct pumori_tensor_type *type = &node->inputs[0]->type;
	unsigned int axis = node->attributes.top_k.axis;
	int64_t length = type->shape[axis], k = node->attributes.top_k.k;
	double worst = node->attributes.top_k.smallest ? INFINITY : -INFINITY;
	struct top_k top = { .graph = graph, .node = node, .x = node->inputs[0] };
	int error;

	if (k < 1 || k > MAX_K || length > MAX_LENGTH)
		return 0;
	pumori_build_at(graph, node);
	top.order = make_order(graph, type->rank, axis, length);
	top.length = pumori_graph_add_scalar(graph, PUMORI_ELEMENT_FLOAT32, (double)length);
	top.worst = pumori_graph_add_scalar(graph, type->element, worst);
	for (int64_t i = 0; i < k; i++)
		next_best(&top, &values[i], &places[i]);
	value = pumori_build_concat(graph, axis, values, (size_t)k);
	place = pumori_build_cast(graph, pumori_build_concat(graph, axis, places, (size_t)k),
				  PUMORI_ELEMENT_INT64);
	if (!value || !place)
		return -ENOMEM;
	error = pumori_graph_replace(graph, node->outputs[0], value);
	if (!error)
		error = pumori_graph_replace(graph, node->outputs[1], place);
	if (error)
		return error;
	pumori_graph_remove(graph, node);
	return 1;
}

int pumori_pass_expand_top_k(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result;

		next = node->next;
		if (node->primitive != PUMORI_PRIMITIVE_TOP_K)
			continue;
		result = expand(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
