// SPDX-License-Identifier: MIT
/*
 * ONNX losses. The class index becomes a mask along the class axis, so that picking an element is
 * a masked sum: classes are few, and no index can be out of range.
 */
#include "importer.h"

enum loss { NEGATIVE_LOG_LIKELIHOOD, CROSS_ENTROPY };

/* scores [N, C, d...] and target [N, d...] to bool [N, C, d...]: is this the target's class? */
static struct pumori_tensor *class_mask(struct pumori_importer *importer,
					struct pumori_tensor *scores,
					struct pumori_tensor *target)
{
	struct pumori_graph *graph = importer->graph;
	int64_t shape[PUMORI_MAX_RANK], classes = scores->type.shape[1];
	struct pumori_tensor *indices = pumori_graph_add_int64s(graph, NULL, classes);

	for (int64_t i = 0; indices && i < classes; i++)
		((int64_t *)indices->data)[i] = i;
	for (unsigned int i = 0; i < scores->type.rank; i++)
		shape[i] = i == 1 ? 1 : scores->type.shape[i];
	target = pumori_build_cast(graph, target, PUMORI_ELEMENT_INT64);
	target = pumori_build_reshape(graph, target, scores->type.rank, shape);
	indices = pumori_along_axis(importer, indices, 1, scores->type.rank);
	return pumori_build_binary(graph, PUMORI_BINARY_EQUAL, target, indices);
}

/* The weight of each class where it is the target and not ignored, else 0. */
static struct pumori_tensor *class_weights(struct pumori_importer *importer,
					   struct pumori_tensor *scores,
					   struct pumori_tensor *target,
					   struct pumori_tensor *weight)
{
	struct pumori_graph *graph = importer->graph;
	enum pumori_element_type element = scores->type.element;
	struct pumori_tensor *mask = class_mask(importer, scores, target), *zero, *one;

	zero = pumori_graph_add_scalar(graph, element, 0);
	one = weight ? pumori_along_axis(importer, weight, 1, scores->type.rank) :
	      pumori_graph_add_scalar(graph, element, 1);
	mask = pumori_build_select(graph, mask, one, zero);
	if (pumori_has_attribute(importer, "ignore_index")) {
		int64_t ignored = pumori_attribute_int(importer, "ignore_index", 0);
		int64_t classes = scores->type.shape[1];
		struct pumori_tensor *kept = pumori_graph_add_int64s(graph, NULL, classes);

		/* An index that is no class matches nothing already. */
		if (!kept || ignored < 0 || ignored >= classes)
			return kept ? mask : NULL;
		((int64_t *)kept->data)[ignored] = 1;
		kept = pumori_build_cast(graph, kept, PUMORI_ELEMENT_BOOL);
		kept = pumori_along_axis(importer, kept, 1, scores->type.rank);
		mask = pumori_build_select(graph, kept, zero, mask);
	}
	return mask;
}

static void import_loss(struct pumori_importer *importer, int kind)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *scores = importer->inputs[0], *target = importer->inputs[1];
	bool none = pumori_attribute_is(importer, "reduction", "mean", "none");
	bool mean = pumori_attribute_is(importer, "reduction", "mean", "mean");
	union pumori_attributes attributes = { .softmax = { .axis = 1, .logarithm = true } };
	struct pumori_tensor *weights, *loss;
	unsigned int rank = scores->type.rank;
	uint32_t all;

	if (rank < 2 || target->type.rank + 1 != rank || scores->type.shape[1] < 1 ||
	    scores->type.shape[1] > PUMORI_IMPORT_MAX_MADE) {
		pumori_reject(importer, "scores of rank %u and targets of rank %u", rank,
			      target->type.rank);
		return;
	}
	if (!none && !mean && !pumori_attribute_is(importer, "reduction", "mean", "sum")) {
		pumori_reject(importer, "unknown reduction");
		return;
	}
	if (kind == CROSS_ENTROPY) {
		scores = pumori_build(graph, PUMORI_PRIMITIVE_SOFTMAX, &attributes, &scores, 1);
		importer->outputs[1] = scores;
	}
	if (!scores)
		return;
	weights = class_weights(importer, scores, target, pumori_input(importer, 2));
	loss = pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, scores, weights);
	loss = pumori_build_unary(graph, PUMORI_UNARY_NEGATE, 0, 0, loss);
	all = ((uint32_t)1 << rank) - 1;
	loss = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, none ? 2 : all, false, loss);
	if (mean)
		loss = pumori_build_binary(graph, PUMORI_BINARY_DIVIDE, loss,
					   pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, all,
							       false, weights));
	importer->outputs[0] = loss;
}

const struct pumori_import_row pumori_import_losses[] = {
	{ "NegativeLogLikelihoodLoss", import_loss, NEGATIVE_LOG_LIKELIHOOD, 2 },
	{ "SoftmaxCrossEntropyLoss", import_loss, CROSS_ENTROPY, 2 },
	{ .name = NULL },
};
