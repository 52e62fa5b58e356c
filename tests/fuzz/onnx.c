// SPDX-License-Identifier: MIT
/*
 * Any bytes as an ONNX model: import and all passes. A failure must come with a diagnostic, a
 * success with a graph that the verifier accepts.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../tools/compiler/import.h"
#include "../../tools/compiler/passes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pumori_import_options options = { .folder = NULL };
	struct pumori_pass_options passes = { .verify = true };
	struct pumori_diagnostics diagnostics;
	struct pumori_graph *graph;

	pumori_diagnostics_init(&diagnostics);
	if (pumori_import(data, size, &options, &graph, &diagnostics)) {
		if (!diagnostics.error_count || graph)
			abort();
	} else if (pumori_graph_verify(graph)) {
		abort();
	} else if (pumori_run_passes(graph, &passes)) {
		/* A constant index may be out of range, but no pass breaks a graph. */
		if (pumori_graph_verify(graph))
			abort();
		if (!diagnostics.error_count)
			abort();
	}
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
	return 0;
}
