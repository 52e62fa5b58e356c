// SPDX-License-Identifier: MIT
/*
 * Pooling whose window spans more of the map than a band of SBUF holds, as dilation makes it, one
 * axis after the other: the maximum of maxima along rows, or the mean of means. A mean divides by
 * one number only as long as no window reaches over the map's edge.
 */
#include "pass_match.h"

/* What lowering gives to the input of one band, in bytes a partition. */
#define BAND_BYTES	(36 * 1024)

/* Input elements that one output needs along an axis. */
static int64_t span(const struct pumori_node *node, unsigned int axis)
{
	return (node->attributes.pool2d.kernel[axis] - 1) * node->attributes.pool2d.dilations[axis] + 1;
}

static bool divides_evenly(const struct pumori_node *node)
{
	for (unsigned int i = 0; i < 4; i++)
		if (node->attributes.pool2d.pads[i])
			return false;
	return !node->attributes.pool2d.excess[0] && !node->attributes.pool2d.excess[1];
}

static bool is_too_wide(const struct pumori_node *node)
{
	int64_t blocks = (node->inputs[0]->type.shape[1] + 127) / 128;

	return node->attributes.pool2d.kernel[0] > 1 && node->attributes.pool2d.kernel[1] > 1 &&
	       span(node, 0) * span(node, 1) * blocks * (int64_t)sizeof(float) > BAND_BYTES;
}

static struct pumori_tensor *pool_axis(struct pumori_graph *graph, const struct pumori_node *node,
				       unsigned int axis, struct pumori_tensor *x)
{
	union pumori_attributes attributes = node->attributes;
	unsigned int other = 1 - axis;

	attributes.pool2d.kernel[other] = attributes.pool2d.strides[other] = 1;
	attributes.pool2d.dilations[other] = 1;
	attributes.pool2d.pads[other] = attributes.pool2d.pads[2 + other] = 0;
	attributes.pool2d.excess[other] = 0;
	return pumori_build(graph, PUMORI_PRIMITIVE_POOL2D, &attributes, &x, 1);
}

int pumori_pass_split_windows(struct pumori_graph *graph)
{
	int changes = 0;

	for (struct pumori_node *node = graph->first, *next; node; node = next) {
		struct pumori_tensor *rows;
		int result;

		next = node->next;
		if (node->primitive != PUMORI_PRIMITIVE_POOL2D || !is_too_wide(node) ||
		    (node->attributes.pool2d.function != PUMORI_REDUCTION_MAX &&
		     !divides_evenly(node)))
			continue;
		pumori_build_at(graph, node);
		rows = pool_axis(graph, node, 1, node->inputs[0]);
		result = pumori_replace_node(graph, node,
					     rows ? pool_axis(graph, node, 0, rows) : NULL);
		if (result < 0)
			return result;
		changes += result;
	}
	return changes;
}
