// SPDX-License-Identifier: MIT
/* Layout assignment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../state.h"
#include "layout.h"

unsigned int pumori_matrix_type(const struct pumori_graph *graph, enum pumori_element_type element)
{
	if (element == PUMORI_ELEMENT_FLOAT32 && graph->cast_mode == PUMORI_CAST_FLOAT32)
		return PUMORI_ISA_FP32;
	return element == PUMORI_ELEMENT_FLOAT32 ? PUMORI_ISA_BF16 : pumori_isa_type(element);
}

bool pumori_layout_view(const struct pumori_node *node, struct pumori_place *place)
{
	const struct pumori_tensor_type *type = &node->outputs[0]->type;

	switch (node->primitive) {
	case PUMORI_PRIMITIVE_COPY:
		return true;
	case PUMORI_PRIMITIVE_RESHAPE:
		return pumori_place_reshape(place, type->rank, type->shape);
	case PUMORI_PRIMITIVE_TRANSPOSE:
		return pumori_place_permute(place, node->attributes.transpose.permutation);
	case PUMORI_PRIMITIVE_EXPAND:
		return pumori_place_broadcast(place, type->rank, type->shape);
	case PUMORI_PRIMITIVE_SLICE:
		return pumori_place_slice(place, node->attributes.slice.starts,
					  node->attributes.slice.extents,
					  node->attributes.slice.steps);
	default:
		return false;
	}
}

/* How far a window reaches beyond the map: top, left, bottom, right, never negative. */
void pumori_window_margins(const struct pumori_node *node, int64_t *margins)
{
	const struct pumori_tensor_type *in = &node->inputs[0]->type;
	const struct pumori_tensor_type *out = &node->outputs[0]->type;

	for (unsigned int i = 0; i < 2; i++) {
		bool conv = node->primitive == PUMORI_PRIMITIVE_CONV2D;
		int64_t kernel = conv ? node->inputs[1]->type.shape[2 + i] :
					node->attributes.pool2d.kernel[i];
		int64_t stride = conv ? node->attributes.conv2d.strides[i] :
					node->attributes.pool2d.strides[i];
		int64_t dilation = conv ? node->attributes.conv2d.dilations[i] :
					  node->attributes.pool2d.dilations[i];
		int64_t pad = conv ? node->attributes.conv2d.pads[i] :
				     node->attributes.pool2d.pads[i];
		int64_t last = (out->shape[2 + i] - 1) * stride + (kernel - 1) * dilation - pad;
		int64_t after = last - (in->shape[2 + i] - 1);

		margins[i] = pad > 0 ? pad : 0;
		margins[2 + i] = after > 0 ? after : 0;
	}
}

/* The margins that convolutions and averages reading @tensor want around it. */
static bool wanted_halo(const struct pumori_tensor *tensor, int64_t *halo)
{
	bool any = false;

	memset(halo, 0, 4 * sizeof(*halo));
	for (size_t i = 0; i < tensor->consumer_count; i++) {
		const struct pumori_node *node = tensor->consumers[i];
		int64_t margins[4];

		if (node->inputs[0] != tensor ||
		    !(node->primitive == PUMORI_PRIMITIVE_CONV2D ||
		      (node->primitive == PUMORI_PRIMITIVE_POOL2D &&
		       node->attributes.pool2d.function == PUMORI_REDUCTION_MEAN)))
			continue;
		pumori_window_margins(node, margins);
		for (unsigned int m = 0; m < 4; m++) {
			if (margins[m] > halo[m])
				halo[m] = margins[m];
			any = any || margins[m];
		}
	}
	return any;
}

static bool reads_windows(const struct pumori_tensor *tensor)
{
	for (size_t i = 0; i < tensor->consumer_count; i++)
		if ((tensor->consumers[i]->primitive == PUMORI_PRIMITIVE_CONV2D ||
		     tensor->consumers[i]->primitive == PUMORI_PRIMITIVE_POOL2D) &&
		    tensor->consumers[i]->inputs[0] == tensor)
			return true;
	return false;
}

/* All axes but the last. */
static unsigned int default_rows(const struct pumori_tensor *tensor)
{
	if (tensor->type.rank == 4 && reads_windows(tensor))
		return 1u << 1;
	return tensor->type.rank ? (1u << (tensor->type.rank - 1)) - 1 : 0;
}

/* Rows without the axes in @forbidden; all others when nothing is left but there is something. */
static unsigned int rows_without(unsigned int rows, unsigned int forbidden,
				 const struct pumori_tensor_type *type)
{
	unsigned int all = (1u << type->rank) - 1;

	return rows & forbidden ? all & ~forbidden : rows;
}

/* The rows of the first input that is not constant and has the output's shape. */
static unsigned int rows_of_inputs(const struct pumori_node *node,
				   const struct pumori_layout *layouts)
{
	const struct pumori_tensor *out = node->outputs[0];

	for (size_t i = 0; i < node->input_count; i++) {
		const struct pumori_tensor *in = node->inputs[i];

		if (!pumori_tensor_is_constant(in) && pumori_shape_equal(&in->type, &out->type))
			return layouts[in->index].place.rows;
	}
	for (size_t i = 0; i < node->input_count; i++)
		if (!pumori_tensor_is_constant(node->inputs[i]) &&
		    node->inputs[i]->type.rank == out->type.rank)
			return layouts[node->inputs[i]->index].place.rows;
	return default_rows(out);
}

static unsigned int matmul_rows(const struct pumori_node *node)
{
	const struct pumori_tensor_type *b = &node->inputs[1]->type;
	const struct pumori_tensor_type *out = &node->outputs[0]->type;
	bool shared = !node->attributes.matmul.transpose_a;

	for (unsigned int i = 0; i + 2 < b->rank; i++)
		shared = shared && b->shape[i] == 1;
	return shared ? (1u << (out->rank - 1)) - 1 : 1u << (out->rank - 2);
}

/* Rows with which the result of a reshape lies on the partitions of its source; else the default. */
static unsigned int reshape_rows(const struct pumori_node *node, const struct pumori_place *source)
{
	const struct pumori_tensor_type *type = &node->outputs[0]->type;
	unsigned int rows = default_rows(node->outputs[0]);

	for (unsigned int axis = 0; axis <= type->rank; axis++) {
		unsigned int candidate = axis ? 1u << (axis - 1) : rows;
		struct pumori_place place = pumori_place_template(PUMORI_ISA_FP32, type->rank,
								  type->shape, candidate, NULL);

		if (pumori_place_reshape(&place, source->rank, source->shape) &&
		    pumori_place_row_axes(&place) == pumori_place_row_axes(source))
			return candidate;
	}
	return rows;
}

static unsigned int choose_rows(const struct pumori_node *node,
				const struct pumori_layout *layouts)
{
	const struct pumori_tensor_type *type = &node->inputs[0]->type;
	unsigned int in_rows = layouts[node->inputs[0]->index].place.rows;
	unsigned int tail = 0;

	switch (node->primitive) {
	case PUMORI_PRIMITIVE_CONV2D:
	case PUMORI_PRIMITIVE_POOL2D:
		return 1u << 1;
	case PUMORI_PRIMITIVE_MATMUL:
		return matmul_rows(node);
	case PUMORI_PRIMITIVE_REDUCE:
		return rows_without(in_rows, node->attributes.reduce.axes, type);
	case PUMORI_PRIMITIVE_ARG_REDUCE:
		return rows_without(in_rows, 1u << node->attributes.arg_reduce.axis, type);
	case PUMORI_PRIMITIVE_SOFTMAX:
		return rows_without(in_rows, 1u << node->attributes.softmax.axis, type);
	case PUMORI_PRIMITIVE_CUMULATIVE_SUM:
		return rows_without(in_rows, 1u << node->attributes.cumulative_sum.axis, type);
	case PUMORI_PRIMITIVE_TOP_K:
		return rows_without(in_rows, 1u << node->attributes.top_k.axis, type);
	case PUMORI_PRIMITIVE_GATHER_ELEMENTS:
		return rows_without(in_rows, 1u << node->attributes.gather_elements.axis, type);
	case PUMORI_PRIMITIVE_SCATTER_ELEMENTS:
		return rows_without(in_rows, 1u << node->attributes.scatter_elements.axis, type);
	case PUMORI_PRIMITIVE_LAYER_NORM:
		for (unsigned int i = node->attributes.layer_norm.axis; i < type->rank; i++)
			tail |= 1u << i;
		return rows_without(in_rows, tail, type);
	case PUMORI_PRIMITIVE_RESHAPE:
		return reshape_rows(node, &layouts[node->inputs[0]->index].place);
	case PUMORI_PRIMITIVE_GATHER:
	case PUMORI_PRIMITIVE_GATHER_ND:
	case PUMORI_PRIMITIVE_SCATTER_ND:
	case PUMORI_PRIMITIVE_TRANSPOSE:
		return default_rows(node->outputs[0]);
	default:
		return rows_of_inputs(node, layouts);
	}
}

static bool is_depthwise(const struct pumori_node *node)
{
	return node->attributes.conv2d.groups == node->inputs[0]->type.shape[1] &&
	       node->attributes.conv2d.groups == node->outputs[0]->type.shape[1] &&
	       node->attributes.conv2d.groups > 1;
}

/*
 * Only what the tensor engine reads, at once or after being moved about, is worth rounding: all
 * other engines compute in fp32 anyway.
 */
/* Maps beyond the caches of a host cost their bytes: half as many are worth the rounding anyway. */
#define LARGE_ELEMENTS (1 << 18)

static bool wants_float32(const struct pumori_graph *graph, const struct pumori_tensor *tensor,
			  const bool *float32)
{
	bool rounded = false;

	if (tensor->kind == PUMORI_TENSOR_OUTPUT && !pumori_graph_state(graph, tensor))
		return true;
	for (size_t i = 0; i < tensor->consumer_count; i++) {
		const struct pumori_node *node = tensor->consumers[i];

		switch (node->primitive) {
		case PUMORI_PRIMITIVE_SOFTMAX:
		case PUMORI_PRIMITIVE_LAYER_NORM:
		case PUMORI_PRIMITIVE_ARG_REDUCE:
		case PUMORI_PRIMITIVE_TOP_K:
		case PUMORI_PRIMITIVE_CUMULATIVE_SUM:
		case PUMORI_PRIMITIVE_QUANTIZE:
			return true;
		case PUMORI_PRIMITIVE_MATMUL:
			/* Factor and bias of sums of bytes, which cancel each other. */
			if (node->input_count > 3)
				return true;
			rounded = true;
			break;
		case PUMORI_PRIMITIVE_CONV2D:
			rounded = rounded || !is_depthwise(node) ||
				  pumori_type_elements(&tensor->type) >= LARGE_ELEMENTS;
			break;
		case PUMORI_PRIMITIVE_UNARY:
		case PUMORI_PRIMITIVE_BINARY:
		case PUMORI_PRIMITIVE_SELECT:
		case PUMORI_PRIMITIVE_REDUCE:
		case PUMORI_PRIMITIVE_POOL2D:
		case PUMORI_PRIMITIVE_CAST:
			break;
		default:
			rounded = rounded || !float32[node->outputs[0]->index];
		}
	}
	return !rounded;
}

static unsigned int stored_type(const struct pumori_graph *graph,
				const struct pumori_tensor *tensor, const bool *float32)
{
	if (tensor->type.element == PUMORI_ELEMENT_FLOAT32 && !float32[tensor->index] &&
	    graph->cast_mode == PUMORI_CAST_BFLOAT16)
		return PUMORI_ISA_BF16;
	return pumori_isa_type(tensor->type.element);
}

static bool *choose_float32(const struct pumori_graph *graph)
{
	bool *float32 = calloc(graph->tensor_count + 1, sizeof(*float32));

	if (!float32)
		return NULL;
	for (const struct pumori_node *node = graph->last; node; node = node->previous)
		for (size_t i = 0; i < node->output_count; i++)
			float32[node->outputs[i]->index] = wants_float32(graph, node->outputs[i],
									 float32);
	/* A state is of one type in both its roles. */
	for (size_t i = 0; i < graph->state_count; i++) {
		const struct pumori_tensor *in = graph->inputs[graph->states[i].input];
		const struct pumori_tensor *out = graph->outputs[graph->states[i].output];

		float32[in->index] = wants_float32(graph, in, float32) || float32[out->index];
		float32[out->index] = float32[in->index];
		graph->states[i].stored = stored_type(graph, in, float32);
	}
	return float32;
}

static void assign_output(const struct pumori_graph *graph, const struct pumori_node *node,
			  size_t output, const bool *float32, struct pumori_layout *layouts)
{
	const struct pumori_tensor *tensor = node->outputs[output];
	const struct pumori_tensor_type *type = &tensor->type;
	struct pumori_layout *layout = &layouts[tensor->index];
	int64_t halo[4];
	unsigned int rows;

	layout->root = tensor->index;
	if (!pumori_tensor_is_constant(node->inputs[0]) && output == 0) {
		const struct pumori_layout *source = &layouts[node->inputs[0]->index];

		layout->place = source->place;
		if (pumori_layout_view(node, &layout->place)) {
			layout->root = source->root;
			return;
		}
	}
	rows = choose_rows(node, layouts);
	if (type->rank >= 2 && !(rows & (3u << (type->rank - 2))) && wanted_halo(tensor, halo))
		layout->place = pumori_place_template(stored_type(graph, tensor, float32),
						      type->rank, type->shape, rows, halo);
	else
		layout->place = pumori_place_template(stored_type(graph, tensor, float32),
						      type->rank, type->shape, rows, NULL);
}

static void assign_input(const struct pumori_graph *graph, const struct pumori_tensor *tensor,
			 const bool *float32, struct pumori_layout *layout)
{
	unsigned int rows = default_rows(tensor);
	int64_t halo[4];
	bool margins = tensor->type.rank == 4 && rows == 1u << 1 && wanted_halo(tensor, halo);

	layout->root = tensor->index;
	layout->place = pumori_place_template(stored_type(graph, tensor, float32),
					      tensor->type.rank, tensor->type.shape, rows,
					      margins ? halo : NULL);
}

/*
 * A great many rows of a few elements: each access would be scattered over blocks of partitions.
 * Such shapes are steps of data movement, which memory does by strides alone.
 */
#define SHREDDED_ROWS 16384
#define SHREDDED_ELEMENTS 32

static bool is_shredded(const struct pumori_place *place)
{
	int64_t rows = pumori_place_rows(place);

	return rows > SHREDDED_ROWS && pumori_place_elements(place) / rows < SHREDDED_ELEMENTS;
}

/* Keep tensors in SBUF in the order of their making as long as the budget lasts. */
static int choose_resident(struct pumori_graph *graph, struct pumori_layout *layouts,
			   uint64_t budget)
{
	size_t *last = calloc(graph->tensor_count + 1, sizeof(*last));
	uint64_t *ending = calloc(graph->node_count + 2, sizeof(*ending));
	uint64_t used = 0;

	if (!last || !ending) {
		free(last);
		free(ending);
		return -ENOMEM;
	}
	for (const struct pumori_node *node = graph->first; node; node = node->next)
		for (size_t i = 0; i < node->input_count; i++)
			last[layouts[node->inputs[i]->index].root] = node->index;
	for (size_t t = 0; t < graph->tensor_count; t++)
		layouts[t].resident = false;
	for (size_t i = 0; i < graph->input_count; i++) {
		struct pumori_layout *layout = &layouts[graph->inputs[i]->index];
		uint64_t bytes = pumori_place_bytes(&layout->place);

		if (used + bytes > budget || is_shredded(&layout->place) ||
		    pumori_graph_state(graph, graph->inputs[i]))
			continue;
		layout->resident = true;
		used += bytes;
		ending[last[layout->root]] += bytes;
	}
	for (const struct pumori_node *node = graph->first; node; node = node->next) {
		for (size_t i = 0; i < node->output_count; i++) {
			size_t index = node->outputs[i]->index;
			struct pumori_layout *layout = &layouts[index];
			uint64_t bytes = pumori_place_bytes(&layout->place);

			if (layout->root != index) {
				layout->resident = layouts[layout->root].resident;
				continue;
			}
			if (used + bytes > budget || is_shredded(&layout->place) ||
			    pumori_graph_updates_state(graph, node))
				continue;
			layout->resident = true;
			used += bytes;
			ending[last[index] > node->index ? last[index] : node->index] += bytes;
		}
		used -= ending[node->index];
	}
	free(last);
	free(ending);
	return 0;
}

struct pumori_layout *pumori_layout_assign(struct pumori_graph *graph, uint64_t budget)
{
	struct pumori_layout *layouts;
	bool *float32;

	pumori_graph_number(graph);
	layouts = calloc(graph->tensor_count + 1, sizeof(*layouts));
	float32 = choose_float32(graph);
	if (!layouts || !float32) {
		free(layouts);
		free(float32);
		return NULL;
	}
	for (size_t t = 0; t < graph->tensor_count; t++)
		assign_input(graph, graph->tensors[t], float32, &layouts[t]);
	for (const struct pumori_node *node = graph->first; node; node = node->next)
		for (size_t i = 0; i < node->output_count; i++)
			assign_output(graph, node, i, float32, layouts);
	free(float32);
	if (choose_resident(graph, layouts, budget)) {
		free(layouts);
		return NULL;
	}
	return layouts;
}

void pumori_layout_print(const struct pumori_graph *graph, const struct pumori_layout *layouts,
			 FILE *stream)
{
	for (size_t t = 0; t < graph->tensor_count; t++) {
		const struct pumori_tensor *tensor = graph->tensors[t];
		const struct pumori_place *place = &layouts[t].place;
		char text[160];

		if (pumori_tensor_is_constant(tensor))
			continue;
		pumori_type_format(&tensor->type, text, sizeof(text));
		fprintf(stream, "%s: %s rows 0x%x", tensor->name, text, place->rows);
		if (place->halo[0] | place->halo[1] | place->halo[2] | place->halo[3])
			fprintf(stream, " halo %lld,%lld,%lld,%lld", (long long)place->halo[0],
				(long long)place->halo[1], (long long)place->halo[2],
				(long long)place->halo[3]);
		fprintf(stream, " type %u %s", place->dtype,
			layouts[t].resident ? "sbuf" : "memory");
		if (layouts[t].root != t)
			fprintf(stream, " view of %s", graph->tensors[layouts[t].root]->name);
		fputc('\n', stream);
	}
}
