// SPDX-License-Identifier: MIT
/*
 * ONNX If. With a constant condition one branch is imported. Else both are, and the outputs are
 * selected by the condition: a program has no jumps, and branches are rarely long.
 */
#include "importer.h"

static bool index_input(const struct pumori_node *node)
{
	switch (node->primitive) {
	case PUMORI_PRIMITIVE_GATHER:
	case PUMORI_PRIMITIVE_GATHER_ELEMENTS:
	case PUMORI_PRIMITIVE_GATHER_ND:
	case PUMORI_PRIMITIVE_SCATTER_ELEMENTS:
	case PUMORI_PRIMITIVE_SCATTER_ND:
		return !pumori_tensor_is_constant(node->inputs[1]);
	default:
		return false;
	}
}

int pumori_import_predicate(struct pumori_importer *importer, struct pumori_node *before,
			    struct pumori_tensor *condition, bool inverted)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_node *next;
	int error = 0;

	for (struct pumori_node *node = before ? before->next : graph->first; node && !error;
	     node = next) {
		struct pumori_tensor *zero, *index;

		next = node->next;
		if (!index_input(node))
			continue;
		graph->insert_before = node;
		index = node->inputs[1];
		zero = pumori_graph_add_scalar(graph, index->type.element, 0);
		index = pumori_build_select(graph, condition, inverted ? zero : index,
					    inverted ? index : zero);
		error = index ? pumori_node_set_input(node, 1, index) : -ENOMEM;
	}
	graph->insert_before = NULL;
	return error;
}

static void import_branch(struct pumori_importer *importer, const char *name,
			  struct pumori_tensor **results)
{
	const Onnx__AttributeProto *branch = pumori_attribute(importer, name);

	if (!branch || !branch->g || importer->node->n_output > PUMORI_IMPORT_MAX_OUTPUTS) {
		pumori_reject(importer, "%s is missing or has too many outputs", name);
		return;
	}
	pumori_import_subgraph(importer, branch->g, NULL, 0, results, importer->node->n_output);
}

static void import_both(struct pumori_importer *importer, struct pumori_tensor *condition)
{
	struct pumori_tensor *yes[PUMORI_IMPORT_MAX_OUTPUTS], *no[PUMORI_IMPORT_MAX_OUTPUTS];
	struct pumori_node *before;

	condition = pumori_build_reshape(importer->graph, condition, 0, NULL);
	before = importer->graph->last;
	import_branch(importer, "then_branch", yes);
	if (!importer->error)
		importer->error = pumori_import_predicate(importer, before, condition, false);
	before = importer->graph->last;
	if (!importer->error)
		import_branch(importer, "else_branch", no);
	if (!importer->error)
		importer->error = pumori_import_predicate(importer, before, condition, true);
	for (size_t i = 0; i < importer->node->n_output && !importer->error; i++) {
		if (!pumori_type_equal(&yes[i]->type, &no[i]->type))
			pumori_refuse(importer, "the condition depends on the data, and the branches "
				      "differ in the type of output %zu", i);
		else
			importer->outputs[i] = pumori_build_select(importer->graph, condition,
								   yes[i], no[i]);
	}
}

static void import_if(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *condition = pumori_input(importer, 0);
	struct pumori_tensor *results[PUMORI_IMPORT_MAX_OUTPUTS];
	int64_t value;

	(void)parameter;
	pumori_attribute(importer, "then_branch");
	pumori_attribute(importer, "else_branch");
	if (condition->type.element != PUMORI_ELEMENT_BOOL ||
	    pumori_type_elements(&condition->type) != 1) {
		pumori_reject(importer, "the condition is not a single bool");
		return;
	}
	if (!pumori_tensor_is_constant(condition)) {
		import_both(importer, condition);
		return;
	}
	if (pumori_input_integers(importer, 0, &value, 1, -1) != 1)
		return;
	import_branch(importer, value ? "then_branch" : "else_branch", results);
	for (size_t i = 0; i < importer->node->n_output && !importer->error; i++)
		importer->outputs[i] = results[i];
}

const struct pumori_import_row pumori_import_control[] = {
	{ "If", import_if, 0, 1 },
	{ .name = NULL },
};
