// SPDX-License-Identifier: MIT
/*
 * Products of 8-bit integers. The tensor engine multiplies the bytes as they are; zero points come
 * in as corrections, most of which constants make zero or a vector:
 *   sum (a - az)(b - bz) = sum ab - bz sum a - az sum (b - bz)
 */
#include "import_integer.h"

#include <string.h>

#include "import_window.h"

static bool is_zero(const struct pumori_tensor *zero)
{
	const unsigned char *data;
	size_t bytes;

	if (!zero)
		return true;
	if (!pumori_tensor_is_constant(zero))
		return false;
	data = zero->data;
	bytes = pumori_type_bytes(&zero->type);
	return !bytes || (!data[0] && !memcmp(data, data + 1, bytes - 1));
}

/* int32, a scalar or along one axis. */
static struct pumori_tensor *widened(struct pumori_importer *importer, struct pumori_tensor *zero,
				     unsigned int axis, unsigned int rank)
{
	struct pumori_graph *graph = importer->graph;

	if (pumori_type_elements(&zero->type) == 1)
		zero = pumori_build_reshape(graph, zero, 0, NULL);
	else if (zero->type.rank < 2)
		zero = pumori_along_axis(importer, zero, axis, rank);
	return pumori_build_cast(graph, zero, PUMORI_ELEMENT_INT32);
}

/* x - zero in int32. */
static struct pumori_tensor *centred(struct pumori_importer *importer, struct pumori_tensor *x,
				     struct pumori_tensor *zero, unsigned int axis)
{
	struct pumori_tensor *wide = pumori_build_cast(importer->graph, x, PUMORI_ELEMENT_INT32);

	if (is_zero(zero))
		return wide;
	return pumori_build_binary(importer->graph, PUMORI_BINARY_SUBTRACT, wide,
				   widened(importer, zero, axis, x->type.rank));
}

static struct pumori_tensor *subtract_product(struct pumori_graph *graph,
					      struct pumori_tensor *from, struct pumori_tensor *a,
					      struct pumori_tensor *b)
{
	return pumori_build_binary(graph, PUMORI_BINARY_SUBTRACT, from,
				   pumori_build_binary(graph, PUMORI_BINARY_MULTIPLY, a, b));
}

struct pumori_tensor *pumori_import_integer_matmul(struct pumori_importer *importer,
						   struct pumori_tensor *a,
						   struct pumori_tensor *a_zero,
						   struct pumori_tensor *b,
						   struct pumori_tensor *b_zero)
{
	struct pumori_graph *graph = importer->graph;
	unsigned int last = a->type.rank - 1, column = b->type.rank - 1;
	struct pumori_tensor *sums = pumori_build_matmul(graph, a, b);

	if (!is_zero(b_zero)) {
		struct pumori_tensor *rows = pumori_build_cast(graph, a, PUMORI_ELEMENT_INT32);

		rows = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, 1u << last, true, rows);
		sums = subtract_product(graph, sums, rows, widened(importer, b_zero, column,
								   b->type.rank));
	}
	if (!is_zero(a_zero)) {
		struct pumori_tensor *columns = centred(importer, b, b_zero, column);

		columns = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, 1u << (column - 1), true,
					      columns);
		sums = subtract_product(graph, sums, columns, widened(importer, a_zero, last - 1,
								      a->type.rank));
	}
	return sums;
}

/* @shape filled with ones of @element. */
static struct pumori_tensor *ones(struct pumori_graph *graph, enum pumori_element_type element,
				  unsigned int rank, const int64_t *shape)
{
	return pumori_build_expand(graph, pumori_graph_add_scalar(graph, element, 1), rank, shape);
}

/* How much of weight - zero lies inside the map, place by place: what a map of ones gives. */
static struct pumori_tensor *weight_inside(struct pumori_importer *importer,
					   const struct pumori_tensor *x,
					   struct pumori_tensor *weight,
					   struct pumori_tensor *zero, int64_t groups)
{
	struct pumori_graph *graph = importer->graph;
	unsigned int rank = x->type.rank;
	struct pumori_tensor *map, *sums;
	int64_t shape[PUMORI_MAX_RANK];

	memcpy(shape, x->type.shape, sizeof(shape));
	shape[0] = 1;
	if (pumori_tensor_is_constant(weight)) {
		/* A channel a group will do, and all of it is constant. */
		weight = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, 1u << 1, true,
					     centred(importer, weight, zero, 0));
		shape[1] = groups;
		map = ones(graph, PUMORI_ELEMENT_INT32, rank, shape);
		return map && weight ? pumori_import_convolution(importer, map, weight, NULL) : NULL;
	}
	map = ones(graph, PUMORI_ELEMENT_UINT8, rank, shape);
	sums = map ? pumori_import_convolution(importer, map, weight, NULL) : NULL;
	if (!sums || is_zero(zero))
		return sums;
	weight = ones(graph, PUMORI_ELEMENT_INT8, rank, weight->type.shape);
	return subtract_product(graph, sums,
				weight ? pumori_import_convolution(importer, map, weight, NULL) : NULL,
				widened(importer, zero, 1, rank));
}

struct pumori_tensor *pumori_import_integer_convolution(struct pumori_importer *importer,
							struct pumori_tensor *x,
							struct pumori_tensor *x_zero,
							struct pumori_tensor *weight,
							struct pumori_tensor *weight_zero)
{
	int64_t groups = pumori_attribute_int(importer, "group", 1), shape[PUMORI_MAX_RANK];
	struct pumori_tensor *sums = pumori_import_convolution(importer, x, weight, NULL);
	struct pumori_graph *graph = importer->graph;
	unsigned int rank = x->type.rank;

	if (!sums)
		return NULL;
	if (!is_zero(weight_zero)) {
		struct pumori_tensor *inside;

		/* One output channel stands for all where they read the same channels. */
		memcpy(shape, weight->type.shape, sizeof(shape));
		if (groups == 1)
			shape[0] = 1;
		inside = pumori_import_convolution(importer, x,
						   ones(graph, PUMORI_ELEMENT_INT8, rank, shape),
						   NULL);
		sums = subtract_product(graph, sums, inside, widened(importer, weight_zero, 1, rank));
	}
	if (!is_zero(x_zero))
		sums = subtract_product(graph, sums,
					weight_inside(importer, x, weight, weight_zero, groups),
					widened(importer, x_zero, 1, rank));
	return sums;
}
