/* SPDX-License-Identifier: MIT */
/* What graph.c and graph_edit.c share and nobody else needs. */
#ifndef PUMORI_COMPILER_GRAPH_INTERNAL_H
#define PUMORI_COMPILER_GRAPH_INTERNAL_H

#include "graph.h"

struct pumori_tensor *pumori_graph_add_tensor(struct pumori_graph *graph, const char *name,
					      enum pumori_tensor_kind kind,
					      const struct pumori_tensor_type *type);
/* A name that no tensor has, from malloc. */
char *pumori_graph_fresh_name(struct pumori_graph *graph);
int pumori_reserve_pointer(void *array, size_t count, size_t *capacity);

void pumori_node_free(struct pumori_node *node);
void pumori_tensor_free(struct pumori_tensor *tensor);
void pumori_node_drop_inputs(struct pumori_node *node);
void pumori_node_unlink(struct pumori_graph *graph, struct pumori_node *node);
int pumori_node_infer(const struct pumori_graph *graph, const struct pumori_node *node,
		      struct pumori_tensor_type *outputs);

#endif
