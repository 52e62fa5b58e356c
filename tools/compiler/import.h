/* SPDX-License-Identifier: MIT */
/* From ONNX to graph IR. */
#ifndef PUMORI_COMPILER_IMPORT_H
#define PUMORI_COMPILER_IMPORT_H

#include "graph.h"

/* --shape NAME=D,D: the static shape of a dynamic input. */
struct pumori_shape_option {
	const char *name;
	unsigned int rank;
	int64_t shape[PUMORI_MAX_RANK];
};

/* --const NAME=FILE: an input that becomes a constant. */
struct pumori_constant_option {
	const char *name;
	struct pumori_tensor_type type;
	const void *data;
};

struct pumori_import_options {
	const struct pumori_shape_option *shapes;
	size_t shape_count;
	const struct pumori_constant_option *constants;
	size_t constant_count;
	const char *folder;		/* where external data lies; NULL: there is none */
	int64_t loop_limit;		/* --loop-limit: trips of loops that data end; 0: 64 */
};

/*
 * Import a model from memory. Everything that follows from constants and static shapes is folded
 * on the way. On failure *graph is NULL and @diagnostics, which must outlive the graph, says why;
 * as many nodes as possible are named, not only the first.
 */
int pumori_import(const void *data, size_t size, const struct pumori_import_options *options,
		  struct pumori_graph **graph, struct pumori_diagnostics *diagnostics);

/* The same from a file; external data is searched beside it. */
int pumori_import_file(const char *path, const struct pumori_import_options *options,
		       struct pumori_graph **graph, struct pumori_diagnostics *diagnostics);

#endif
