/* SPDX-License-Identifier: MIT */
/*
 * Graph passes: one file each, run in the order of the table in passes.c until nothing changes.
 * They keep the graph's meaning within float rounding.
 * A pass is generic: it looks at structure and never at names.
 */
#ifndef PUMORI_COMPILER_PASSES_H
#define PUMORI_COMPILER_PASSES_H

#include "graph.h"

/* Returns how many changes it made, or a negative errno value with a diagnostic. */
typedef int pumori_pass_function(struct pumori_graph *graph);

/* Fusing hides what other passes look for, so it comes when they have settled. */
enum pumori_phase {
	PUMORI_PHASE_SIMPLIFY,
	PUMORI_PHASE_FUSE,
};

struct pumori_pass {
	const char *name;
	const char *summary;
	pumori_pass_function *run;
	enum pumori_phase phase;
};

/* The table, in order; it ends with a row without a name. */
extern const struct pumori_pass pumori_passes[];

pumori_pass_function pumori_pass_fold_constants;
pumori_pass_function pumori_pass_simplify_moves;
pumori_pass_function pumori_pass_simplify_arithmetic;
pumori_pass_function pumori_pass_recognise_activation;
pumori_pass_function pumori_pass_recognise_layer_norm;
pumori_pass_function pumori_pass_fold_scale;
pumori_pass_function pumori_pass_split_windows;
pumori_pass_function pumori_pass_expand_top_k;
pumori_pass_function pumori_pass_fuse_dequantize;
pumori_pass_function pumori_pass_split_reductions;
pumori_pass_function pumori_pass_fuse_activation;

/* Run after every pass: removes nodes whose results nobody reads. */
pumori_pass_function pumori_pass_remove_dead;

struct pumori_pass_options {
	const char *dump_after;		/* name of a pass, or NULL */
	FILE *dump;			/* where to */
	bool verify;			/* check all invariants after each pass */
};

int pumori_run_passes(struct pumori_graph *graph, const struct pumori_pass_options *options);

bool pumori_has_pass(const char *name);

#endif
