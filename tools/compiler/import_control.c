// SPDX-License-Identifier: MIT
/* ONNX operators with subgraphs, as far as constants decide which part runs. */
#include "importer.h"

static void import_if(struct pumori_importer *importer, int parameter)
{
	const Onnx__AttributeProto *then_branch = pumori_attribute(importer, "then_branch");
	const Onnx__AttributeProto *else_branch = pumori_attribute(importer, "else_branch");
	struct pumori_tensor *results[PUMORI_IMPORT_MAX_OUTPUTS];
	const Onnx__AttributeProto *branch;
	size_t count = importer->node->n_output;
	int64_t condition;

	(void)parameter;
	if (pumori_input_integers(importer, 0, &condition, 1, -1) != 1) {
		if (!importer->error)
			pumori_reject(importer, "the condition is not a single bool");
		return;
	}
	branch = condition ? then_branch : else_branch;
	if (!branch || !branch->g || count > PUMORI_IMPORT_MAX_OUTPUTS) {
		pumori_reject(importer, "the branch to take is missing or has too many outputs");
		return;
	}
	if (pumori_import_subgraph(importer, branch->g, results, count))
		return;
	for (size_t i = 0; i < count; i++)
		importer->outputs[i] = results[i];
}

const struct pumori_import_row pumori_import_control[] = {
	{ "If", import_if, 0, 1 },
	{ .name = NULL },
};
