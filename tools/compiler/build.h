/* SPDX-License-Identifier: MIT */
/*
 * Short ways to add nodes, for import functions and passes. All of them add at
 * graph->insert_before, return the (first) result, and return NULL with a diagnostic on failure;
 * a NULL argument gives NULL again, so that a composition needs one check at its end. A node whose
 * inputs are all constant is evaluated at once and its result is a constant.
 */
#ifndef PUMORI_COMPILER_BUILD_H
#define PUMORI_COMPILER_BUILD_H

#include "graph.h"

struct pumori_tensor *pumori_build(struct pumori_graph *graph, enum pumori_primitive primitive,
				   const union pumori_attributes *attributes,
				   struct pumori_tensor *const *inputs, size_t input_count);

struct pumori_tensor *pumori_build_unary(struct pumori_graph *graph, enum pumori_unary function,
					 float alpha, float beta, struct pumori_tensor *x);
struct pumori_tensor *pumori_build_binary(struct pumori_graph *graph,
					  enum pumori_binary function, struct pumori_tensor *a,
					  struct pumori_tensor *b);
/* function(x, value), with a constant scalar of x's type. */
struct pumori_tensor *pumori_build_binary_scalar(struct pumori_graph *graph,
						 enum pumori_binary function,
						 struct pumori_tensor *x, double value);
struct pumori_tensor *pumori_build_select(struct pumori_graph *graph,
					  struct pumori_tensor *condition,
					  struct pumori_tensor *a, struct pumori_tensor *b);
/* These four give @x itself when there is nothing to do. */
struct pumori_tensor *pumori_build_cast(struct pumori_graph *graph, struct pumori_tensor *x,
					enum pumori_element_type element);
struct pumori_tensor *pumori_build_reshape(struct pumori_graph *graph, struct pumori_tensor *x,
					   unsigned int rank, const int64_t *shape);
struct pumori_tensor *pumori_build_transpose(struct pumori_graph *graph, struct pumori_tensor *x,
					     const unsigned int *permutation);
struct pumori_tensor *pumori_build_expand(struct pumori_graph *graph, struct pumori_tensor *x,
					  unsigned int rank, const int64_t *shape);
/* Reduce the axes of the bit mask; without @keep they are removed. No axes: nothing happens. */
struct pumori_tensor *pumori_build_reduce(struct pumori_graph *graph,
					  enum pumori_reduction function, uint32_t axes, bool keep,
					  struct pumori_tensor *x);
/* @extent elements of one axis from @start on, @step apart. */
struct pumori_tensor *pumori_build_slice_axis(struct pumori_graph *graph, struct pumori_tensor *x,
					      unsigned int axis, int64_t start, int64_t step,
					      int64_t extent);
struct pumori_tensor *pumori_build_concat(struct pumori_graph *graph, unsigned int axis,
					  struct pumori_tensor *const *inputs, size_t count);
struct pumori_tensor *pumori_build_gather(struct pumori_graph *graph, unsigned int axis,
					  struct pumori_tensor *x, struct pumori_tensor *indices);
struct pumori_tensor *pumori_build_matmul(struct pumori_graph *graph, struct pumori_tensor *a,
					  struct pumori_tensor *b);

/*
 * Evaluate @node, whose inputs are all constant, let everything read the results instead and
 * remove it. Returns 1 when done, 0 when it is left alone (an output of the graph, or a result
 * out of proportion), negative on failure.
 */
int pumori_fold_node(struct pumori_graph *graph, struct pumori_node *node);

#endif
