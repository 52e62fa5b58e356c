/* SPDX-License-Identifier: MIT */
/* States: pairs of an input and an output that stay on the device, the output being the next run's input. */
#ifndef PUMORI_COMPILER_STATE_H
#define PUMORI_COMPILER_STATE_H

#include "graph.h"

/* Names of a pair; if both end in '*', of all pairs that agree in what stands there. */
struct pumori_state_option {
	const char *input;
	const char *output;
};

/*
 * Pair inputs and outputs of @graph. Returns 0 or a negative errno value, with an error in the graph's
 * diagnostics, if a name is unknown, a type differs or a tensor belongs to another pair already.
 */
int pumori_graph_add_states(struct pumori_graph *graph, const struct pumori_state_option *options,
			    size_t count);

/* The state that @tensor is the input or the output of, or NULL. */
const struct pumori_state *pumori_graph_state(const struct pumori_graph *graph,
					      const struct pumori_tensor *tensor);

/*
 * Does @node write rows of a state's input, which nobody reads afterwards, and is the result that state's
 * output? Then it may write them where they are.
 */
bool pumori_graph_updates_state(const struct pumori_graph *graph, const struct pumori_node *node);

#endif
