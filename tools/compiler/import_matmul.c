// SPDX-License-Identifier: MIT
/* ONNX matrix products. */

#include "importer.h"

/* numpy's rules for vectors: a missing row or column is added, and removed from the result. */
static struct pumori_tensor *product(struct pumori_importer *importer,
					    struct pumori_tensor *a, struct pumori_tensor *b)
{
	struct pumori_graph *graph = importer->graph;
	bool row = a && a->type.rank == 1, column = b && b->type.rank == 1;
	struct pumori_tensor *result;
	int64_t shape[PUMORI_MAX_RANK];
	unsigned int rank = 0;

	if (row)
		a = pumori_build_reshape(graph, a, 2, (int64_t[]){ 1, a->type.shape[0] });
	if (column)
		b = pumori_build_reshape(graph, b, 2, (int64_t[]){ b->type.shape[0], 1 });
	result = pumori_build_matmul(graph, a, b);
	if (!result || (!row && !column))
		return result;
	for (unsigned int i = 0; i < result->type.rank; i++)
		if (!(row && i + 2 == result->type.rank) && !(column && i + 1 == result->type.rank))
			shape[rank++] = result->type.shape[i];
	return pumori_build_reshape(graph, result, rank, shape);
}

/* Integer products are computed as int32, then given the type they came with. */
static void import_matmul(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *a = importer->inputs[0], *b = importer->inputs[1], *result;
	enum pumori_element_type element = a->type.element;

	(void)parameter;
	if (element == PUMORI_ELEMENT_INT64 || element == PUMORI_ELEMENT_UINT64) {
		pumori_refuse(importer, "matrix product of %s", pumori_element_name(element));
		return;
	}
	if (!pumori_element_is_float(element)) {
		a = pumori_build_cast(importer->graph, a, PUMORI_ELEMENT_INT32);
		b = pumori_build_cast(importer->graph, b, PUMORI_ELEMENT_INT32);
	}
	result = product(importer, a, b);
	importer->outputs[0] = pumori_build_cast(importer->graph, result, element);
}

/* alpha * A' x B' + beta * C, C broadcast to the result. */
static void import_gemm(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *a = importer->inputs[0], *b = importer->inputs[1];
	struct pumori_tensor *c = pumori_input(importer, 2), *result;
	enum pumori_element_type element = a->type.element;
	float alpha = pumori_attribute_float(importer, "alpha", 1);
	float beta = pumori_attribute_float(importer, "beta", 1);
	union pumori_attributes attributes = {
		.matmul = {
			.transpose_a = pumori_attribute_int(importer, "transA", 0),
			.transpose_b = pumori_attribute_int(importer, "transB", 0),
			.scale = alpha,
		},
	};

	(void)parameter;
	pumori_attribute_ignore(importer, "broadcast");		/* opset 6; later always so */
	if (a->type.rank != 2 || b->type.rank != 2) {
		pumori_reject(importer, "its matrices have ranks %u and %u", a->type.rank,
			      b->type.rank);
		return;
	}
	if (!pumori_element_is_float(element) && (alpha != 1 || beta != 1 ||
						  element != PUMORI_ELEMENT_INT32)) {
		pumori_refuse(importer, "matrix product of %s", pumori_element_name(element));
		return;
	}
	result = pumori_build(graph, PUMORI_PRIMITIVE_MATMUL, &attributes,
			      (struct pumori_tensor *[]){ a, b }, 2);
	if (c && beta != 0) {
		if (beta != 1)
			c = pumori_build_binary_scalar(graph, PUMORI_BINARY_MULTIPLY, c, beta);
		result = pumori_build_binary(graph, PUMORI_BINARY_ADD, result, c);
	}
	importer->outputs[0] = result;
}

const struct pumori_import_row pumori_import_matmul[] = {
	{ "Gemm", import_gemm, 0, 2 },
	{ "MatMul", import_matmul, 0, 2 },
	{ .name = NULL },
};
