/* SPDX-License-Identifier: MIT */
/*
 * The seam between the compiler's halves: the front end hands over a verified, optimised graph;
 * the back end lowers it to tile IR, allocates, encodes and writes the executable.
 */
#ifndef PUMORI_COMPILER_BACKEND_H
#define PUMORI_COMPILER_BACKEND_H

#include <stddef.h>
#include <stdio.h>

#include "graph.h"

enum pumori_target {
	PUMORI_TARGET_SOFTWARE,	/* schedule for the chip in software: engines add up */
	PUMORI_TARGET_SILICON,	/* schedule for hardware: engines overlap */
};

/* One piece of metadata to store in the executable; the value may hold any bytes. */
struct pumori_metadata {
	const char *key;
	const void *value;
	size_t size;
};

struct pumori_compile_options {
	enum pumori_target target;
	const struct pumori_metadata *metadata;
	size_t metadata_count;
	FILE *report;		/* where the per-layer report goes, or NULL */
	FILE *dump;		/* where dump_after writes */
	const char *dump_after;	/* name of a back-end pass to print after, or NULL */
	/*
	 * Most bytes of a partition of SBUF that tensors may keep between nodes; 0: what fits.
	 * Tests force device memory with 1.
	 */
	unsigned int resident_bytes;
	/* Keep weights in SBUF between runs, loaded by an entry of their own. */
	bool preload;
};

/*
 * Compile @graph (which the back end may change) into the file @output_path. Returns 0 or a
 * negative errno value with an error in @diagnostics; on failure no file is left behind.
 */
int pumori_backend_compile(struct pumori_graph *graph,
			   const struct pumori_compile_options *options,
			   struct pumori_diagnostics *diagnostics, const char *output_path);

/* Is @name a back-end pass that dump_after accepts? */
bool pumori_backend_has_pass(const char *name);

#endif
