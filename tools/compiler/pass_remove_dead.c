// SPDX-License-Identifier: MIT
/* Dead code: nodes none of whose results is read or an output, from the end backwards. */
#include "passes.h"

int pumori_pass_remove_dead(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->last, *previous; node; node = previous) {
		bool used = false;

		previous = node->previous;
		for (size_t i = 0; i < node->output_count; i++)
			used = used || node->outputs[i]->consumer_count ||
			       node->outputs[i]->kind == PUMORI_TENSOR_OUTPUT;
		if (used)
			continue;
		pumori_graph_remove(graph, node);
		changes++;
	}
	pumori_graph_sweep(graph);
	return changes;
}
