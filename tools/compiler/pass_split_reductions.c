// SPDX-License-Identifier: MIT
/*
 * A reduction of many elements to few, over several axes, in two: the innermost axis first, whose
 * rows share the partitions, then what is left. In one step all elements would have to lie on the
 * few partitions of the result.
 */
#include "pass_match.h"

/* Below so many rows of the result most partitions would idle. */
#define FEW_ROWS	64
/* Elements of one row that are worth a second step. */
#define MANY_ELEMENTS	4096

/* The innermost reduced axis if @node should be split, else -1. */
static int axis_to_split(const struct pumori_node *node)
{
	const struct pumori_tensor_type *type = &node->inputs[0]->type;
	uint32_t axes = node->attributes.reduce.axes;
	int64_t rows = 1, elements = 1;
	int reduced = 0, last = -1;

	for (unsigned int i = 0; i < type->rank; i++) {
		if (!(axes & (1u << i))) {
			rows *= type->shape[i];
			continue;
		}
		elements *= type->shape[i];
		if (type->shape[i] > 1) {
			reduced++;
			last = (int)i;
		}
	}
	return reduced > 1 && rows < FEW_ROWS && elements >= MANY_ELEMENTS ? last : -1;
}

static int split(struct pumori_graph *graph, struct pumori_node *node, int axis)
{
	enum pumori_reduction function = node->attributes.reduce.function;
	uint32_t axes = node->attributes.reduce.axes;
	struct pumori_tensor *x;

	pumori_build_at(graph, node);
	x = pumori_build_reduce(graph, function, 1u << axis, true, node->inputs[0]);
	if (function == PUMORI_REDUCTION_SUM_SQUARE)
		function = PUMORI_REDUCTION_SUM;
	return pumori_replace_node(graph, node,
				   pumori_build_reduce(graph, function, axes & ~(1u << axis), true, x));
}

int pumori_pass_split_reductions(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int axis, result;

		next = node->next;
		axis = node->primitive == PUMORI_PRIMITIVE_REDUCE ? axis_to_split(node) : -1;
		if (axis < 0)
			continue;
		result = split(graph, node, axis);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
