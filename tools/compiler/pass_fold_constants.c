// SPDX-License-Identifier: MIT
/* Constant folding: nodes all of whose inputs are constant are evaluated. */
#include "build.h"
#include "passes.h"

int pumori_pass_fold_constants(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		bool constant = true;
		int result;

		next = node->next;
		for (size_t i = 0; i < node->input_count; i++)
			constant = constant && pumori_tensor_is_constant(node->inputs[i]);
		if (!constant)
			continue;
		result = pumori_fold_node(graph, node);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
