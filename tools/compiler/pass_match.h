/* SPDX-License-Identifier: MIT */
/* What the passes share: recognising producers, and replacing nodes. */
#ifndef PUMORI_COMPILER_PASS_MATCH_H
#define PUMORI_COMPILER_PASS_MATCH_H

#include <errno.h>

#include "build.h"
#include "passes.h"

/* The node behind @tensor if it is of this primitive, else NULL. */
struct pumori_node *pumori_match(const struct pumori_tensor *tensor,
				 enum pumori_primitive primitive);
struct pumori_node *pumori_match_unary(const struct pumori_tensor *tensor,
				       enum pumori_unary function);
/* A binary node without a fused activation. */
struct pumori_node *pumori_match_binary(const struct pumori_tensor *tensor,
					enum pumori_binary function);

/* Which of a node's first two inputs is @tensor, or -1. */
int pumori_input_position(const struct pumori_node *node, const struct pumori_tensor *tensor);

/* Nodes built from here on stand before @node and come from the same ONNX node. */
void pumori_build_at(struct pumori_graph *graph, struct pumori_node *node);

/*
 * Let all readers of @node's only result read @replacement, which was built at @node, and remove
 * the node. NULL, from a failed build, is passed on as failure. Returns 1 or negative.
 */
int pumori_replace_node(struct pumori_graph *graph, struct pumori_node *node,
			struct pumori_tensor *replacement);

/* Does @a equal @b within a few units of float32's last place? */
bool pumori_nearly(double a, double b);

#endif
