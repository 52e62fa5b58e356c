// SPDX-License-Identifier: MIT
/* The order of the graph passes, and their runner. */
#include "passes.h"

#include <errno.h>
#include <string.h>

/* One pass makes room for another; real graphs settle after three or four rounds. */
#define MAX_ROUNDS 12

const struct pumori_pass pumori_passes[] = {
	{ "fold-constants", "evaluate what depends on constants alone",
	  pumori_pass_fold_constants, PUMORI_PHASE_SIMPLIFY },
	{ "simplify-moves", "drop moves that move nothing, merge chains of moves",
	  pumori_pass_simplify_moves, PUMORI_PHASE_SIMPLIFY },
	{ "simplify-arithmetic", "make arithmetic with one number a function of one value",
	  pumori_pass_simplify_arithmetic, PUMORI_PHASE_SIMPLIFY },
	{ "recognise-activation", "find activations written out in arithmetic",
	  pumori_pass_recognise_activation, PUMORI_PHASE_SIMPLIFY },
	{ "recognise-layer-norm", "find layer normalisation written out in arithmetic",
	  pumori_pass_recognise_layer_norm, PUMORI_PHASE_SIMPLIFY },
	{ "fold-scale", "fold factors and offsets into weights and biases",
	  pumori_pass_fold_scale, PUMORI_PHASE_SIMPLIFY },
	{ "split-windows", "pool along one axis after the other where windows are wide",
	  pumori_pass_split_windows, PUMORI_PHASE_SIMPLIFY },
	{ "split-reductions", "reduce many elements to few in two steps",
	  pumori_pass_split_reductions, PUMORI_PHASE_SIMPLIFY },
	{ "expand-top-k", "find the K best in rounds",
	  pumori_pass_expand_top_k, PUMORI_PHASE_SIMPLIFY },
	{ "fuse-dequantize", "let products of bytes scale their sums",
	  pumori_pass_fuse_dequantize, PUMORI_PHASE_SIMPLIFY },
	{ "fuse-activation", "let the producing node apply an activation",
	  pumori_pass_fuse_activation, PUMORI_PHASE_FUSE },
	{ .name = NULL },
};

bool pumori_has_pass(const char *name)
{
	for (const struct pumori_pass *pass = pumori_passes; pass->name; pass++)
		if (!strcmp(pass->name, name))
			return true;
	return false;
}

static int verify_after(struct pumori_graph *graph, const char *name)
{
	if (!pumori_graph_verify(graph))
		return 0;
	return pumori_error(graph->diagnostics, -EINVAL, NULL, "this is a bug of the compiler",
			    "the graph is broken after pass %s", name);
}

/* Dead nodes would count as readers for the next pass, so they go at once. */
static int run_pass(struct pumori_graph *graph, const struct pumori_pass *pass,
		    const struct pumori_pass_options *options, unsigned int round)
{
	int changes, removed;

	graph->insert_before = NULL;
	graph->origin = NULL;
	graph->origin_operator = NULL;
	changes = pass->run(graph);
	if (changes < 0)
		return changes;
	graph->insert_before = NULL;
	removed = pumori_pass_remove_dead(graph);
	if (options->dump_after && !strcmp(options->dump_after, pass->name)) {
		fprintf(options->dump, "# after %s, round %u, %d changes\n", pass->name, round + 1,
			changes);
		pumori_graph_print(graph, options->dump);
	}
	if (options->verify && verify_after(graph, pass->name))
		return -EINVAL;
	return changes + removed;
}

static int run_phase(struct pumori_graph *graph, const struct pumori_pass_options *options,
		     enum pumori_phase phase)
{
	int changes = 1;

	for (unsigned int round = 0; changes && round < MAX_ROUNDS; round++) {
		changes = 0;
		for (const struct pumori_pass *pass = pumori_passes; pass->name; pass++) {
			int result;

			if (pass->phase != phase)
				continue;
			result = run_pass(graph, pass, options, round);
			if (result < 0)
				return result;
			changes += result;
		}
	}
	return 0;
}

int pumori_run_passes(struct pumori_graph *graph, const struct pumori_pass_options *options)
{
	int error = run_phase(graph, options, PUMORI_PHASE_SIMPLIFY);

	if (!error)
		error = run_phase(graph, options, PUMORI_PHASE_FUSE);
	pumori_graph_sweep(graph);
	pumori_graph_number(graph);
	/* Small edits fail for want of memory alone and leave saying so to their callers. */
	if (error == -ENOMEM && !graph->diagnostics->error_count)
		pumori_out_of_memory(graph->diagnostics);
	return error;
}
