// SPDX-License-Identifier: MIT
/* The order of the graph passes, and their runner. */
#include "passes.h"

#include <errno.h>
#include <string.h>

/* One pass makes room for another; real graphs settle after three or four rounds. */
#define MAX_ROUNDS 12

const struct pumori_pass pumori_passes[] = {
	{ "fold-constants", "evaluate what depends on constants alone",
	  pumori_pass_fold_constants },
	{ "remove-dead", "drop nodes whose results nobody reads", pumori_pass_remove_dead },
	{ .name = NULL },
};

bool pumori_has_pass(const char *name)
{
	for (const struct pumori_pass *pass = pumori_passes; pass->name; pass++)
		if (!strcmp(pass->name, name))
			return true;
	return false;
}

static int run_round(struct pumori_graph *graph, const struct pumori_pass_options *options,
		     unsigned int round)
{
	int changes = 0;

	for (const struct pumori_pass *pass = pumori_passes; pass->name; pass++) {
		int result;

		graph->insert_before = NULL;
		graph->origin = NULL;
		graph->origin_operator = NULL;
		result = pass->run(graph);
		if (result < 0)
			return result;
		changes += result;
		if (options->dump_after && !strcmp(options->dump_after, pass->name)) {
			fprintf(options->dump, "# after %s, round %u, %d changes\n", pass->name,
				round + 1, result);
			pumori_graph_print(graph, options->dump);
		}
		if (options->verify && pumori_graph_verify(graph))
			return pumori_error(graph->diagnostics, -EINVAL, NULL,
					    "this is a bug of the compiler",
					    "the graph is broken after pass %s", pass->name);
	}
	return changes;
}

int pumori_run_passes(struct pumori_graph *graph, const struct pumori_pass_options *options)
{
	for (unsigned int round = 0; round < MAX_ROUNDS; round++) {
		int changes = run_round(graph, options, round);

		if (changes < 0)
			return changes;
		if (!changes)
			break;
	}
	pumori_graph_sweep(graph);
	pumori_graph_number(graph);
	return 0;
}
