// SPDX-License-Identifier: MIT
/* Moves that move nothing, and chains of moves that are one move. */
#include "graph_internal.h"
#include "pass_match.h"

/* One that leaves type and order of all elements as they are. */
static bool is_identity(const struct pumori_node *node)
{
	const struct pumori_tensor_type *from = &node->inputs[0]->type;
	const struct pumori_tensor_type *to = &node->outputs[0]->type;

	if (!pumori_type_equal(from, to))
		return false;
	switch (node->primitive) {
	case PUMORI_PRIMITIVE_COPY:
	case PUMORI_PRIMITIVE_CAST:
	case PUMORI_PRIMITIVE_RESHAPE:
	case PUMORI_PRIMITIVE_EXPAND:
	case PUMORI_PRIMITIVE_PAD:
		return true;
	case PUMORI_PRIMITIVE_CONCAT:
		return node->input_count == 1;
	case PUMORI_PRIMITIVE_UNARY:
		return node->attributes.unary.function == PUMORI_UNARY_IDENTITY;
	case PUMORI_PRIMITIVE_SLICE:
		for (unsigned int i = 0; i < from->rank; i++)
			if (node->attributes.slice.steps[i] != 1 && to->shape[i] > 1)
				return false;
		return true;
	case PUMORI_PRIMITIVE_TRANSPOSE:
		for (unsigned int i = 0; i < from->rank; i++)
			if (node->attributes.transpose.permutation[i] != i)
				return false;
		return true;
	default:
		return false;
	}
}

/* A transposition that keeps the order of all axes longer than 1 is a reshape. */
static bool keeps_order(const struct pumori_node *node)
{
	const struct pumori_tensor_type *from = &node->inputs[0]->type;
	int last = -1;

	for (unsigned int i = 0; i < from->rank; i++) {
		int axis = node->attributes.transpose.permutation[i];

		if (from->shape[axis] == 1)
			continue;
		if (axis < last)
			return false;
		last = axis;
	}
	return true;
}

static int simplify_transpose(struct pumori_graph *graph, struct pumori_node *node)
{
	const struct pumori_tensor_type *type = &node->outputs[0]->type;
	struct pumori_node *inner = pumori_match(node->inputs[0], PUMORI_PRIMITIVE_TRANSPOSE);
	unsigned int permutation[PUMORI_MAX_RANK];

	if (keeps_order(node)) {
		pumori_build_at(graph, node);
		return pumori_replace_node(graph, node,
					   pumori_build_reshape(graph, node->inputs[0], type->rank,
								type->shape));
	}
	if (!inner)
		return 0;
	for (unsigned int i = 0; i < type->rank; i++)
		permutation[i] = inner->attributes.transpose.permutation[
			node->attributes.transpose.permutation[i]];
	pumori_build_at(graph, node);
	return pumori_replace_node(graph, node, pumori_build_transpose(graph, inner->inputs[0],
								       permutation));
}

static int simplify_reshape(struct pumori_graph *graph, struct pumori_node *node)
{
	const struct pumori_tensor_type *type = &node->outputs[0]->type;
	struct pumori_node *inner = pumori_match(node->inputs[0], PUMORI_PRIMITIVE_RESHAPE);

	if (!inner)
		return 0;
	pumori_build_at(graph, node);
	return pumori_replace_node(graph, node, pumori_build_reshape(graph, inner->inputs[0],
								     type->rank, type->shape));
}

/* Operands broadcast by themselves; spelling it out is only needed if the result grows by it. */
static int simplify_broadcast(struct pumori_graph *graph, struct pumori_node *node)
{
	int changes = 0;

	for (size_t i = 0; i < node->input_count; i++) {
		struct pumori_node *expand = pumori_match(node->inputs[i], PUMORI_PRIMITIVE_EXPAND);
		struct pumori_tensor *kept;
		struct pumori_tensor_type types[2];
		int error;

		if (!expand)
			continue;
		kept = node->inputs[i];
		error = pumori_node_set_input(node, i, expand->inputs[0]);
		if (!error)
			error = pumori_node_infer(graph, node, types);
		if (!error && !pumori_type_equal(&types[0], &node->outputs[0]->type))
			error = pumori_node_set_input(node, i, kept);
		else
			changes++;
		if (error)
			return error;
	}
	return changes;
}

/* A product reads either operand transposed for free. */
static int absorb_transpose(struct pumori_node *node)
{
	int changes = 0;

	for (size_t i = 0; i < 2; i++) {
		struct pumori_node *inner = pumori_match(node->inputs[i], PUMORI_PRIMITIVE_TRANSPOSE);
		unsigned int rank = node->inputs[i]->type.rank;
		const unsigned int *permutation;
		bool last_two;

		if (!inner)
			continue;
		permutation = inner->attributes.transpose.permutation;
		last_two = permutation[rank - 1] == rank - 2 && permutation[rank - 2] == rank - 1;
		for (unsigned int j = 0; j + 2 < rank; j++)
			last_two = last_two && permutation[j] == j;
		if (!last_two)
			continue;
		if (pumori_node_set_input(node, i, inner->inputs[0]))
			return -ENOMEM;
		if (i)
			node->attributes.matmul.transpose_b = !node->attributes.matmul.transpose_b;
		else
			node->attributes.matmul.transpose_a = !node->attributes.matmul.transpose_a;
		changes++;
	}
	return changes;
}

static int simplify(struct pumori_graph *graph, struct pumori_node *node)
{
	if (node->input_count && is_identity(node) &&
	    (node->outputs[0]->kind != PUMORI_TENSOR_OUTPUT ||
	     node->inputs[0]->kind == PUMORI_TENSOR_INTERMEDIATE))
		return pumori_replace_node(graph, node, node->inputs[0]);
	switch (node->primitive) {
	case PUMORI_PRIMITIVE_TRANSPOSE:
		return simplify_transpose(graph, node);
	case PUMORI_PRIMITIVE_RESHAPE:
		return simplify_reshape(graph, node);
	case PUMORI_PRIMITIVE_BINARY:
	case PUMORI_PRIMITIVE_SELECT:
		return simplify_broadcast(graph, node);
	case PUMORI_PRIMITIVE_MATMUL:
		return absorb_transpose(node);
	default:
		return 0;
	}
}

int pumori_pass_simplify_moves(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		int result;

		next = node->next;
		result = simplify(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
