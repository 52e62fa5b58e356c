/* SPDX-License-Identifier: MIT */
/*
 * The reference evaluator: plain C, one function a primitive, no tricks. It folds constants and is
 * the oracle that compiled graphs are compared with. Floats are computed in float32 or better;
 * float16 and bfloat16 tensors are widened before a node and rounded after it.
 */
#ifndef PUMORI_COMPILER_EVALUATE_H
#define PUMORI_COMPILER_EVALUATE_H

#include "graph.h"

/* Data of one input or output; for outputs the memory is the caller's, of pumori_type_bytes(). */
struct pumori_binding {
	const struct pumori_tensor *tensor;
	void *data;
};

/*
 * Evaluate one node. inputs[i] and outputs[i] hold row-major data of node->inputs[i] and
 * node->outputs[i]. Fails with -EINVAL when an index in the data is out of range.
 */
int pumori_evaluate_node(const struct pumori_node *node, const void *const *inputs,
			 void *const *outputs, struct pumori_diagnostics *diagnostics);

/*
 * Evaluate a whole graph. Every graph input must be bound in @inputs; @outputs names the tensors
 * wanted, which may be any tensors of the graph.
 */
int pumori_evaluate_graph(struct pumori_graph *graph, const struct pumori_binding *inputs,
			  size_t input_count, const struct pumori_binding *outputs,
			  size_t output_count, struct pumori_diagnostics *diagnostics);

/* A float through a unary function; shared with passes that fold scalars. */
float pumori_unary_value(const struct pumori_activation *function, float x);

#endif
