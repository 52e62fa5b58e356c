// SPDX-License-Identifier: MIT
/* compile OUTPUT.pex: compiles the model of the self test; runs while the tool is built. */
#include <stdio.h>

#include "backend.h"
#include "build.h"
#include "model.h"
#include "passes.h"

static struct pumori_tensor *add_matrix(struct pumori_graph *graph, unsigned int rows,
					unsigned int columns,
					float (*value)(unsigned int row, unsigned int column))
{
	const struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_FLOAT32, .rank = 2, .shape = { rows, columns },
	};
	struct pumori_tensor *tensor = pumori_graph_add_constant(graph, NULL, &type, NULL);

	for (unsigned int i = 0; tensor && i < rows * columns; i++)
		((float *)tensor->data)[i] = value(i / columns, i % columns);
	return tensor;
}

static float bias_of(unsigned int row, unsigned int column)
{
	(void)row;
	return selftest_bias(column);
}

static int build(struct pumori_graph *graph)
{
	const struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_FLOAT32, .rank = 2, .shape = { SELFTEST_ROWS, SELFTEST_INNER },
	};
	struct pumori_tensor *x, *scores, *best, *turned;
	int error;

	graph->origin = pumori_graph_intern(graph, "selftest");
	graph->origin_operator = pumori_graph_intern(graph, "SelfTest");
	x = pumori_graph_add_input(graph, "x", &type);
	scores = pumori_build_matmul(graph, x, add_matrix(graph, SELFTEST_INNER, SELFTEST_COLUMNS, selftest_weight));
	scores = pumori_build_binary(graph, PUMORI_BINARY_ADD, scores,
				     add_matrix(graph, 1, SELFTEST_COLUMNS, bias_of));
	scores = pumori_build_unary(graph, PUMORI_UNARY_RELU, 0, 0, scores);
	best = pumori_build_reduce(graph, PUMORI_REDUCTION_MAX, 1u << 1, false, scores);
	turned = pumori_build_slice_axis(graph, scores, 0, SELFTEST_ROWS - 1, -1, SELFTEST_ROWS);
	if (!best || !turned)
		return -1;
	error = pumori_graph_add_output(graph, scores, "scores");
	if (!error)
		error = pumori_graph_add_output(graph, best, "best");
	if (!error)
		error = pumori_graph_add_output(graph, turned, "turned");
	return error;
}

int main(int argc, char **argv)
{
	const struct pumori_pass_options passes = { .verify = true };
	const struct pumori_compile_options options = { .target = PUMORI_TARGET_SOFTWARE };
	struct pumori_diagnostics diagnostics;
	struct pumori_graph *graph;
	int error;

	if (argc != 2)
		return 2;
	pumori_diagnostics_init(&diagnostics);
	graph = pumori_graph_create("selftest", &diagnostics);
	error = graph ? build(graph) : -1;
	if (!error)
		error = pumori_run_passes(graph, &passes);
	if (!error)
		error = pumori_backend_compile(graph, &options, &diagnostics, argv[1]);
	if (graph)
		pumori_graph_destroy(graph);
	pumori_diagnostics_print(&diagnostics, stderr);
	pumori_diagnostics_release(&diagnostics);
	return error ? 1 : 0;
}
