/* SPDX-License-Identifier: MIT */
/*
 * Layout assignment: for each tensor the axes that lie on partitions, the stored element type, the
 * margins its readers want, and whether it stays in SBUF or in device memory between its nodes.
 */
#ifndef PUMORI_COMPILER_LAYOUT_H
#define PUMORI_COMPILER_LAYOUT_H

#include "place.h"

struct pumori_layout {
	struct pumori_place place;	/* template, as if it were resident; a view of @root's */
	size_t root;			/* index of the tensor whose tile it lies in */
	bool resident;
};

/*
 * Layouts for all tensors, by tensor->index. @budget is the number of bytes of a partition that
 * resident tensors may take at any time. NULL when out of memory.
 */
struct pumori_layout *pumori_layout_assign(struct pumori_graph *graph, uint64_t budget);

/* Turn the place of a node's input into that of its output, where the node is a mere view. */
bool pumori_layout_view(const struct pumori_node *node, struct pumori_place *place);

/* Element type that matrix operands of float tensors have. */
unsigned int pumori_matrix_type(const struct pumori_graph *graph, enum pumori_element_type element);

/* Extent and row axes of a convolution or pooling: what both layout and lowering compute. */
void pumori_window_margins(const struct pumori_node *node, int64_t *margins);

void pumori_layout_print(const struct pumori_graph *graph, const struct pumori_layout *layouts,
			 FILE *stream);

#endif
