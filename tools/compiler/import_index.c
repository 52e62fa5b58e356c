// SPDX-License-Identifier: MIT
/* ONNX operators that address elements by index: gathers, scatters, top k, one-hot, masks. */
#include <stdlib.h>

#include "importer.h"

static void import_gather(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	unsigned int axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", 0),
					x->type.rank);

	(void)parameter;
	if (!importer->error)
		importer->outputs[0] = pumori_build_gather(importer->graph, axis, x,
							   importer->inputs[1]);
}

static void import_gather_elements(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	union pumori_attributes attributes = {
		.gather_elements.axis = pumori_axis(importer,
						    pumori_attribute_int(importer, "axis", 0),
						    x->type.rank),
	};

	(void)parameter;
	if (!importer->error)
		importer->outputs[0] = pumori_build(importer->graph,
						    PUMORI_PRIMITIVE_GATHER_ELEMENTS, &attributes,
						    importer->inputs, 2);
}

static void import_gather_nd(struct pumori_importer *importer, int parameter)
{
	int64_t batch_dimensions = pumori_attribute_int(importer, "batch_dims", 0);
	union pumori_attributes attributes = {
		.gather_nd.batch_dimensions = batch_dimensions,
	};

	(void)parameter;
	if (batch_dimensions < 0 || batch_dimensions >= PUMORI_MAX_RANK)
		pumori_reject(importer, "batch_dims = %lld", (long long)batch_dimensions);
	else
		importer->outputs[0] = pumori_build(importer->graph, PUMORI_PRIMITIVE_GATHER_ND,
						    &attributes, importer->inputs, 2);
}

static enum pumori_scatter_mode read_reduction(struct pumori_importer *importer)
{
	if (pumori_attribute_is(importer, "reduction", "none", "add"))
		return PUMORI_SCATTER_ADD;
	if (pumori_attribute_is(importer, "reduction", "none", "mul"))
		return PUMORI_SCATTER_MULTIPLY;
	if (!pumori_attribute_is(importer, "reduction", "none", "none"))
		pumori_refuse(importer, "this reduction is not supported");
	return PUMORI_SCATTER_REPLACE;
}

static void import_scatter_elements(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	union pumori_attributes attributes = {
		.scatter_elements = {
			.axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", 0),
					    x->type.rank),
			.mode = read_reduction(importer),
		},
	};

	(void)parameter;
	if (!importer->error)
		importer->outputs[0] = pumori_build(importer->graph,
						    PUMORI_PRIMITIVE_SCATTER_ELEMENTS, &attributes,
						    importer->inputs, 3);
}

static void import_scatter_nd(struct pumori_importer *importer, int parameter)
{
	union pumori_attributes attributes = {
		.scatter_nd = { .mode = read_reduction(importer) },
	};

	(void)parameter;
	if (!importer->error)
		importer->outputs[0] = pumori_build(importer->graph, PUMORI_PRIMITIVE_SCATTER_ND,
						    &attributes, importer->inputs, 3);
}

/* k is an attribute before opset 10. */
static void import_top_k(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	int64_t k = pumori_attribute_int(importer, "k", -1);
	union pumori_attributes attributes = {
		.top_k = {
			.axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", -1),
					    x->type.rank),
			.smallest = !pumori_attribute_int(importer, "largest", 1),
		},
	};
	struct pumori_node *node;

	(void)parameter;
	pumori_attribute_ignore(importer, "sorted");	/* sorted is always allowed */
	if (pumori_input_integers(importer, 1, &k, 1, 1) < 0 || importer->error)
		return;
	attributes.top_k.k = k;
	node = pumori_graph_add(importer->graph, PUMORI_PRIMITIVE_TOP_K, &attributes,
				importer->inputs, 1);
	if (!node)
		return;
	importer->outputs[0] = node->outputs[0];
	importer->outputs[1] = node->outputs[1];
}

/* 0, 1, 2, ... along one axis of a tensor of @rank. */
static struct pumori_tensor *iota(struct pumori_importer *importer, int64_t count,
				  unsigned int axis, unsigned int rank)
{
	struct pumori_tensor *vector;

	if (count < 0 || count > PUMORI_IMPORT_MAX_MADE) {
		pumori_refuse(importer, "an extent of %lld is not supported", (long long)count);
		return NULL;
	}
	vector = pumori_graph_add_int64s(importer->graph, NULL, count);
	for (int64_t i = 0; vector && i < count; i++)
		((int64_t *)vector->data)[i] = i;
	return pumori_along_axis(importer, vector, axis, rank);
}

/* off + (on - off) * (index == iota), as a select. */
static void import_one_hot(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *indices = importer->inputs[0], *values = importer->inputs[2];
	struct pumori_tensor *depth_tensor, *wrapped, *equal, *on, *off;
	unsigned int rank = indices->type.rank + 1, axis;
	int64_t depth = 0, shape[PUMORI_MAX_RANK];

	(void)parameter;
	axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", -1), rank);
	depth_tensor = pumori_build_cast(graph, importer->inputs[1], PUMORI_ELEMENT_INT64);
	if (!depth_tensor)
		return;
	importer->inputs[1] = depth_tensor;
	if (pumori_input_integers(importer, 1, &depth, 1, 0) < 0 || importer->error)
		return;
	if (rank > PUMORI_MAX_RANK || depth < 1) {
		pumori_refuse(importer, "a depth of %lld in rank %u", (long long)depth, rank);
		return;
	}
	for (unsigned int i = 0; i < rank; i++)
		shape[i] = i < axis ? indices->type.shape[i] : i == axis ? 1 :
			   indices->type.shape[i - 1];
	/* Negative indices count from the end; those outside match nothing. */
	indices = pumori_build_cast(graph, indices, PUMORI_ELEMENT_INT64);
	indices = pumori_build_reshape(graph, indices, rank, shape);
	wrapped = pumori_build_binary_scalar(graph, PUMORI_BINARY_ADD, indices, depth);
	if (!wrapped)
		return;
	wrapped = pumori_build_select(graph,
				      pumori_build_binary_scalar(graph, PUMORI_BINARY_LESS, indices,
								 0), wrapped, indices);
	equal = pumori_build_binary(graph, PUMORI_BINARY_EQUAL, wrapped,
				    iota(importer, depth, axis, rank));
	off = pumori_build_slice_axis(graph, values, 0, 0, 1, 1);
	on = pumori_build_slice_axis(graph, values, 0, 1, 1, 1);
	importer->outputs[0] = pumori_build_select(graph, equal, on, off);
}

/* Keep one triangle of the last two axes: columns from row + k on, or up to it. */
static void import_trilu(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *rows, *columns, *mask, *zero;
	bool upper = pumori_attribute_int(importer, "upper", 1);
	unsigned int rank = x->type.rank;
	int64_t k = 0;

	(void)parameter;
	if (pumori_input_integers(importer, 1, &k, 1, 0) < 0)
		return;
	if (rank < 2) {
		pumori_reject(importer, "its input has rank %u", rank);
		return;
	}
	rows = iota(importer, x->type.shape[rank - 2], 0, 2);
	columns = iota(importer, x->type.shape[rank - 1], 1, 2);
	rows = rows ? pumori_build_binary(graph, PUMORI_BINARY_ADD, rows,
					  pumori_graph_add_int64s(graph, &k, 1)) : NULL;
	mask = pumori_build_binary(graph, upper ? PUMORI_BINARY_GREATER_OR_EQUAL :
				   PUMORI_BINARY_LESS_OR_EQUAL, columns, rows);
	zero = pumori_graph_add_scalar(graph, x->type.element, 0);
	importer->outputs[0] = pumori_build_select(graph, mask, x, zero);
}

/* Each sequence reversed up to its length: gathered with indices computed from the lengths. */
static void import_reverse_sequence(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *lengths, *index, *reversed;
	unsigned int time = pumori_axis(importer, pumori_attribute_int(importer, "time_axis", 0),
					x->type.rank);
	unsigned int batch = pumori_axis(importer, pumori_attribute_int(importer, "batch_axis", 1),
					 x->type.rank);
	union pumori_attributes attributes = { .gather_elements.axis = time };

	(void)parameter;
	if (importer->error)
		return;
	lengths = pumori_build_cast(graph, importer->inputs[1], PUMORI_ELEMENT_INT64);
	lengths = pumori_along_axis(importer, lengths, batch, x->type.rank);
	index = iota(importer, x->type.shape[time], time, x->type.rank);
	if (!lengths || !index)
		return;
	reversed = pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, lengths, index);
	reversed = pumori_build_binary_scalar(graph, PUMORI_BINARY_SUBTRACT, reversed, 1);
	index = pumori_build_select(graph, pumori_build_binary(graph, PUMORI_BINARY_LESS, index,
							       lengths), reversed, index);
	index = pumori_build_expand(graph, index, x->type.rank, x->type.shape);
	importer->outputs[0] = pumori_build(graph, PUMORI_PRIMITIVE_GATHER_ELEMENTS, &attributes,
					    (struct pumori_tensor *[]){ x, index }, 2);
}

/* Only with a constant condition: otherwise the shape of the result depends on data. */
static void import_compress(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *condition = importer->inputs[1], *indices;
	int64_t count = pumori_type_elements(&condition->type), picked = 0, axis;
	int64_t *picks;

	(void)parameter;
	if (!pumori_tensor_is_constant(condition) ||
	    condition->type.element != PUMORI_ELEMENT_BOOL) {
		pumori_refuse(importer, "the condition must be constant");
		return;
	}
	axis = pumori_attribute_int(importer, "axis", INT64_MAX);
	if (axis == INT64_MAX) {
		int64_t elements = pumori_type_elements(&x->type);

		x = pumori_build_reshape(graph, x, 1, &elements);
		axis = 0;
	}
	if (!x)
		return;
	axis = pumori_axis(importer, axis, x->type.rank);
	picks = calloc(count + 1, sizeof(*picks));
	for (int64_t i = 0; picks && i < count && i < x->type.shape[axis]; i++)
		if (((unsigned char *)condition->data)[i])
			picks[picked++] = i;
	indices = picks ? pumori_graph_add_int64s(graph, picks, picked) : NULL;
	free(picks);
	importer->outputs[0] = pumori_build_gather(graph, axis, x, indices);
}

const struct pumori_import_row pumori_import_index[] = {
	{ "Compress", import_compress, 0, 2 },
	{ "Gather", import_gather, 0, 2 },
	{ "GatherElements", import_gather_elements, 0, 2 },
	{ "GatherND", import_gather_nd, 0, 2 },
	{ "OneHot", import_one_hot, 0, 3 },
	{ "ReverseSequence", import_reverse_sequence, 0, 2 },
	{ "Scatter", import_scatter_elements, 0, 3 },
	{ "ScatterElements", import_scatter_elements, 0, 3 },
	{ "ScatterND", import_scatter_nd, 0, 3 },
	{ "TopK", import_top_k, 0, 1 },
	{ "Trilu", import_trilu, 0, 1 },
	{ .name = NULL },
};
