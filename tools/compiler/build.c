// SPDX-License-Identifier: MIT
/* Adding nodes in short, with constants folded on the way; see build.h. */
#include "build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate.h"

/* A constant this much larger than what it is made from is cheaper computed than stored. */
#define FOLD_BYTES ((size_t)64 << 20)
#define FOLD_GROWTH 4

/* Decides, and takes what it costs from the budget. */
static bool worth_folding(struct pumori_graph *graph, const struct pumori_node *node)
{
	double steps = pumori_type_elements(&node->outputs[0]->type), reads = 0;
	size_t bytes = 0, from = 0;

	for (size_t i = 0; i < node->output_count; i++)
		bytes += pumori_type_bytes(&node->outputs[i]->type);
	for (size_t i = 0; i < node->input_count; i++) {
		from += pumori_type_bytes(&node->inputs[i]->type);
		reads += pumori_type_elements(&node->inputs[i]->type);
	}
	if (node->primitive == PUMORI_PRIMITIVE_MATMUL) {
		const struct pumori_tensor_type *a = &node->inputs[0]->type;

		steps *= a->shape[a->rank - 1 - node->attributes.matmul.transpose_a];
	} else if (node->primitive == PUMORI_PRIMITIVE_CONV2D) {
		const int64_t *weight = node->inputs[1]->type.shape;

		steps *= (double)weight[1] * weight[2] * weight[3];
	} else if (node->primitive == PUMORI_PRIMITIVE_POOL2D) {
		steps *= (double)node->attributes.pool2d.kernel[0] *
			 node->attributes.pool2d.kernel[1];
	} else if (node->primitive == PUMORI_PRIMITIVE_TOP_K) {
		steps = reads * node->attributes.top_k.k;
	}
	if (steps + reads > (double)graph->fold_budget ||
	    (bytes > FOLD_BYTES && bytes / FOLD_GROWTH > from))
		return false;
	graph->fold_budget -= (uint64_t)(steps + reads);
	return true;
}

static int evaluate_to(const struct pumori_node *node, void **data,
		       struct pumori_diagnostics *diagnostics)
{
	const void **inputs = calloc(node->input_count + 1, sizeof(*inputs));
	int error = inputs ? 0 : pumori_out_of_memory(diagnostics);

	for (size_t i = 0; !error && i < node->input_count; i++)
		inputs[i] = node->inputs[i]->data;
	for (size_t i = 0; !error && i < node->output_count; i++) {
		size_t bytes = pumori_type_bytes(&node->outputs[i]->type);

		data[i] = calloc(1, bytes ? bytes : 1);
		if (!data[i])
			error = pumori_out_of_memory(diagnostics);
	}
	if (!error)
		error = pumori_evaluate_node(node, inputs, data, diagnostics);
	free(inputs);
	return error;
}

int pumori_fold_node(struct pumori_graph *graph, struct pumori_node *node)
{
	void *data[2] = { NULL, NULL };
	int error;

	for (size_t i = 0; i < node->output_count; i++)
		if (node->outputs[i]->kind == PUMORI_TENSOR_OUTPUT)
			return 0;
	if (!worth_folding(graph, node))
		return 0;
	error = evaluate_to(node, data, graph->diagnostics);
	for (size_t i = 0; i < node->output_count; i++) {
		struct pumori_tensor *constant;

		if (error) {
			free(data[i]);
			continue;
		}
		constant = pumori_graph_adopt_constant(graph, NULL, &node->outputs[i]->type,
						       data[i]);
		error = constant ? pumori_graph_replace(graph, node->outputs[i], constant) : -ENOMEM;
	}
	if (error)
		return error;
	pumori_graph_remove(graph, node);
	return 1;
}

struct pumori_tensor *pumori_build(struct pumori_graph *graph, enum pumori_primitive primitive,
				   const union pumori_attributes *attributes,
				   struct pumori_tensor *const *inputs, size_t input_count)
{
	bool constant = true;
	struct pumori_node *node;
	void *data[2] = { NULL, NULL };

	for (size_t i = 0; i < input_count; i++) {
		/* An absent bias at the end is allowed, anything else has failed before. */
		if (!inputs[i] && i < 2)
			return NULL;
		constant = constant && (!inputs[i] || pumori_tensor_is_constant(inputs[i]));
	}
	node = pumori_graph_add(graph, primitive, attributes, inputs, input_count);
	if (!node)
		return NULL;
	if (constant && node->output_count == 1 && worth_folding(graph, node)) {
		struct pumori_tensor_type type = node->outputs[0]->type;
		int error = evaluate_to(node, data, graph->diagnostics);

		pumori_graph_remove(graph, node);
		if (error) {
			free(data[0]);
			return NULL;
		}
		return pumori_graph_adopt_constant(graph, NULL, &type, data[0]);
	}
	return node->outputs[0];
}

struct pumori_tensor *pumori_build_unary(struct pumori_graph *graph, enum pumori_unary function,
					 float alpha, float beta, struct pumori_tensor *x)
{
	union pumori_attributes attributes = {
		.unary = { .function = function, .alpha = alpha, .beta = beta },
	};

	return pumori_build(graph, PUMORI_PRIMITIVE_UNARY, &attributes, &x, 1);
}

struct pumori_tensor *pumori_build_binary(struct pumori_graph *graph,
					  enum pumori_binary function, struct pumori_tensor *a,
					  struct pumori_tensor *b)
{
	union pumori_attributes attributes = { .binary = { .function = function } };

	return pumori_build(graph, PUMORI_PRIMITIVE_BINARY, &attributes,
			    (struct pumori_tensor *[]){ a, b }, 2);
}

struct pumori_tensor *pumori_build_binary_scalar(struct pumori_graph *graph,
						 enum pumori_binary function,
						 struct pumori_tensor *x, double value)
{
	if (!x)
		return NULL;
	return pumori_build_binary(graph, function, x,
				   pumori_graph_add_scalar(graph, x->type.element, value));
}

struct pumori_tensor *pumori_build_select(struct pumori_graph *graph,
					  struct pumori_tensor *condition,
					  struct pumori_tensor *a, struct pumori_tensor *b)
{
	if (!b)
		return NULL;
	return pumori_build(graph, PUMORI_PRIMITIVE_SELECT, NULL,
			    (struct pumori_tensor *[]){ condition, a, b }, 3);
}

struct pumori_tensor *pumori_build_cast(struct pumori_graph *graph, struct pumori_tensor *x,
					enum pumori_element_type element)
{
	union pumori_attributes attributes = { .cast = { .element = element } };

	if (!x || x->type.element == element)
		return x;
	return pumori_build(graph, PUMORI_PRIMITIVE_CAST, &attributes, &x, 1);
}

struct pumori_tensor *pumori_build_reshape(struct pumori_graph *graph, struct pumori_tensor *x,
					   unsigned int rank, const int64_t *shape)
{
	union pumori_attributes attributes = { .reshape = { .rank = rank } };
	struct pumori_tensor_type wanted = { .rank = rank };

	if (!x)
		return NULL;
	/* A scalar has no shape to copy. */
	if (rank) {
		memcpy(attributes.reshape.shape, shape, rank * sizeof(*shape));
		memcpy(wanted.shape, shape, rank * sizeof(*shape));
	}
	if (pumori_shape_equal(&wanted, &x->type))
		return x;
	return pumori_build(graph, PUMORI_PRIMITIVE_RESHAPE, &attributes, &x, 1);
}

struct pumori_tensor *pumori_build_transpose(struct pumori_graph *graph, struct pumori_tensor *x,
					     const unsigned int *permutation)
{
	union pumori_attributes attributes = { .transpose = { .permutation = { 0 } } };
	bool identity = true;

	if (!x)
		return NULL;
	for (unsigned int i = 0; i < x->type.rank; i++) {
		attributes.transpose.permutation[i] = permutation[i];
		identity = identity && permutation[i] == i;
	}
	if (identity)
		return x;
	return pumori_build(graph, PUMORI_PRIMITIVE_TRANSPOSE, &attributes, &x, 1);
}

struct pumori_tensor *pumori_build_expand(struct pumori_graph *graph, struct pumori_tensor *x,
					  unsigned int rank, const int64_t *shape)
{
	union pumori_attributes attributes = { .expand = { .rank = rank } };
	struct pumori_tensor_type wanted = { .rank = rank };

	if (!x)
		return NULL;
	memcpy(attributes.expand.shape, shape, rank * sizeof(*shape));
	memcpy(wanted.shape, shape, rank * sizeof(*shape));
	if (pumori_shape_equal(&wanted, &x->type))
		return x;
	return pumori_build(graph, PUMORI_PRIMITIVE_EXPAND, &attributes, &x, 1);
}

struct pumori_tensor *pumori_build_reduce(struct pumori_graph *graph,
					  enum pumori_reduction function, uint32_t axes, bool keep,
					  struct pumori_tensor *x)
{
	union pumori_attributes attributes = {
		.reduce = { .function = function, .axes = axes },
	};
	int64_t shape[PUMORI_MAX_RANK];
	unsigned int rank = 0;

	if (!x || !axes)
		return x;
	for (unsigned int i = 0; i < x->type.rank; i++)
		if (!(axes >> i & 1))
			shape[rank++] = x->type.shape[i];
	x = pumori_build(graph, PUMORI_PRIMITIVE_REDUCE, &attributes, &x, 1);
	return keep ? x : pumori_build_reshape(graph, x, rank, shape);
}

struct pumori_tensor *pumori_build_slice_axis(struct pumori_graph *graph, struct pumori_tensor *x,
					      unsigned int axis, int64_t start, int64_t step,
					      int64_t extent)
{
	union pumori_attributes attributes = { .slice = { .starts = { 0 } } };

	if (!x || (!start && step == 1 && extent == x->type.shape[axis]))
		return x;
	for (unsigned int i = 0; i < x->type.rank; i++) {
		attributes.slice.steps[i] = 1;
		attributes.slice.extents[i] = x->type.shape[i];
	}
	attributes.slice.starts[axis] = start;
	attributes.slice.steps[axis] = step;
	attributes.slice.extents[axis] = extent;
	return pumori_build(graph, PUMORI_PRIMITIVE_SLICE, &attributes, &x, 1);
}

struct pumori_tensor *pumori_build_concat(struct pumori_graph *graph, unsigned int axis,
					  struct pumori_tensor *const *inputs, size_t count)
{
	union pumori_attributes attributes = { .concat = { .axis = axis } };

	for (size_t i = 0; i < count; i++)
		if (!inputs[i])
			return NULL;
	return pumori_build(graph, PUMORI_PRIMITIVE_CONCAT, &attributes, inputs, count);
}

struct pumori_tensor *pumori_build_gather(struct pumori_graph *graph, unsigned int axis,
					  struct pumori_tensor *x, struct pumori_tensor *indices)
{
	union pumori_attributes attributes = { .gather = { .axis = axis } };

	return pumori_build(graph, PUMORI_PRIMITIVE_GATHER, &attributes,
			    (struct pumori_tensor *[]){ x, indices }, 2);
}

struct pumori_tensor *pumori_build_matmul(struct pumori_graph *graph, struct pumori_tensor *a,
					  struct pumori_tensor *b)
{
	union pumori_attributes attributes = { .matmul = { .scale = 1 } };

	return pumori_build(graph, PUMORI_PRIMITIVE_MATMUL, &attributes,
			    (struct pumori_tensor *[]){ a, b }, 2);
}
