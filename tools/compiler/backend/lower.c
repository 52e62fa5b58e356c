// SPDX-License-Identifier: MIT
/* The driver of lowering: the table of primitives, places of inputs, outputs and constants. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../element.h"
#include "../state.h"
#include "lower.h"

typedef void (*lower_function)(struct pumori_lowering *lowering, const struct pumori_node *node);

static const lower_function lower_table[PUMORI_PRIMITIVE_COUNT] = {
	[PUMORI_PRIMITIVE_COPY] = pumori_lower_view,
	[PUMORI_PRIMITIVE_CAST] = pumori_lower_cast,
	[PUMORI_PRIMITIVE_UNARY] = pumori_lower_unary,
	[PUMORI_PRIMITIVE_BINARY] = pumori_lower_binary,
	[PUMORI_PRIMITIVE_SELECT] = pumori_lower_select,
	[PUMORI_PRIMITIVE_QUANTIZE] = pumori_lower_quantize,
	[PUMORI_PRIMITIVE_MATMUL] = pumori_lower_matmul,
	[PUMORI_PRIMITIVE_CONV2D] = pumori_lower_conv2d,
	[PUMORI_PRIMITIVE_POOL2D] = pumori_lower_pool2d,
	[PUMORI_PRIMITIVE_REDUCE] = pumori_lower_reduce,
	[PUMORI_PRIMITIVE_SOFTMAX] = pumori_lower_softmax,
	[PUMORI_PRIMITIVE_LAYER_NORM] = pumori_lower_layer_norm,
	[PUMORI_PRIMITIVE_RESHAPE] = pumori_lower_view,
	[PUMORI_PRIMITIVE_TRANSPOSE] = pumori_lower_view,
	[PUMORI_PRIMITIVE_EXPAND] = pumori_lower_view,
	[PUMORI_PRIMITIVE_SLICE] = pumori_lower_view,
	[PUMORI_PRIMITIVE_CONCAT] = pumori_lower_concat,
	[PUMORI_PRIMITIVE_PAD] = pumori_lower_pad,
	[PUMORI_PRIMITIVE_GATHER] = pumori_lower_gather,
	[PUMORI_PRIMITIVE_GATHER_ELEMENTS] = pumori_lower_gather_elements,
	[PUMORI_PRIMITIVE_SCATTER_ELEMENTS] = pumori_lower_scatter_elements,
	[PUMORI_PRIMITIVE_GATHER_ND] = pumori_lower_gather_nd,
	[PUMORI_PRIMITIVE_SCATTER_ND] = pumori_lower_scatter_nd,
	[PUMORI_PRIMITIVE_CUMULATIVE_SUM] = pumori_lower_cumulative_sum,
	[PUMORI_PRIMITIVE_ARG_REDUCE] = pumori_lower_arg_reduce,
};

static uint16_t bfloat16_bits(float value)
{
	uint32_t bits = pumori_float_bits(value);

	if ((bits & 0x7fffffff) > 0x7f800000)
		return bits >> 16 | 0x40;
	return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

float *pumori_lower_floats(struct pumori_lowering *lowering, const struct pumori_tensor *tensor)
{
	size_t count = pumori_type_elements(&tensor->type);
	float *values = malloc((count + 1) * sizeof(*values));

	if (!values) {
		pumori_tile_fail(lowering->program, -ENOMEM, "memory");
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		uint16_t half;

		switch (tensor->type.element) {
		case PUMORI_ELEMENT_FLOAT32:
			values[i] = ((const float *)tensor->data)[i];
			break;
		case PUMORI_ELEMENT_BFLOAT16: {
			uint32_t bits;

			memcpy(&half, (const uint8_t *)tensor->data + 2 * i, 2);
			bits = (uint32_t)half << 16;
			memcpy(&values[i], &bits, 4);
			break;
		}
		case PUMORI_ELEMENT_FLOAT16:
			values[i] = (float)pumori_load_value(PUMORI_ELEMENT_FLOAT16, tensor->data, i);
			break;
		case PUMORI_ELEMENT_INT8:
			values[i] = ((const int8_t *)tensor->data)[i];
			break;
		case PUMORI_ELEMENT_UINT8:
			values[i] = ((const uint8_t *)tensor->data)[i];
			break;
		default:
			pumori_tile_fail(lowering->program, -ENOTSUP,
					 "%s constants as matrix operands",
					 pumori_element_name(tensor->type.element));
			free(values);
			return NULL;
		}
	}
	return values;
}

struct pumori_place pumori_lower_weights(struct pumori_lowering *lowering, const float *values,
					 unsigned int dtype, unsigned int rank,
					 const int64_t *shape)
{
	struct pumori_place place = pumori_place_memory(PUMORI_NO_TILE, dtype, rank, shape);
	int64_t count = pumori_place_elements(&place);
	void *data;

	place.tile = pumori_tile_weights(lowering->program,
					 (uint64_t)count * pumori_isa_bytes(dtype), &data);
	if (!data)
		return place;
	for (int64_t i = 0; i < count; i++) {
		if (dtype == PUMORI_ISA_BF16)
			((uint16_t *)data)[i] = bfloat16_bits(values[i]);
		else if (dtype == PUMORI_ISA_FP16)
			pumori_store_value(PUMORI_ELEMENT_FLOAT16, data, i, values[i]);
		else if (dtype == PUMORI_ISA_INT8 || dtype == PUMORI_ISA_UINT8)
			((uint8_t *)data)[i] = (uint8_t)(int)values[i];
		else
			((float *)data)[i] = values[i];
	}
	return place;
}

struct pumori_place pumori_lower_constant(struct pumori_lowering *lowering,
					  const struct pumori_tensor *tensor, unsigned int dtype)
{
	const struct pumori_tensor_type *type = &tensor->type;
	struct pumori_place place = pumori_place_memory(PUMORI_NO_TILE, dtype, type->rank,
							type->shape);
	void *data;

	if (dtype != pumori_isa_type(type->element)) {
		float *values = pumori_lower_floats(lowering, tensor);

		if (values)
			place = pumori_lower_weights(lowering, values, dtype, type->rank,
						     type->shape);
		free(values);
		return place;
	}
	place.tile = pumori_tile_weights(lowering->program, pumori_type_bytes(type), &data);
	if (data)
		memcpy(data, tensor->data, pumori_type_bytes(type));
	return place;
}

static struct pumori_place variable_place(struct pumori_lowering *lowering,
					  const struct pumori_tensor *tensor)
{
	const struct pumori_state *state = pumori_graph_state(lowering->graph, tensor);

	return pumori_place_memory(lowering->variables[tensor->index],
				   state ? state->stored : pumori_isa_type(tensor->type.element),
				   tensor->type.rank, tensor->type.shape);
}

static struct pumori_place make_tile(struct pumori_lowering *lowering,
				     const struct pumori_tensor *tensor)
{
	const struct pumori_layout *layout = &lowering->layouts[tensor->index];
	const struct pumori_place *place = &layout->place;
	bool margins = place->halo[0] | place->halo[1] | place->halo[2] | place->halo[3];
	struct pumori_place made;

	made = pumori_place_sbuf(lowering->program, place->dtype, place->rank, place->shape,
				 place->rows, margins ? place->halo : NULL);
	if (margins)
		pumori_emit_halo(lowering->program, &made, 0);
	return made;
}

struct pumori_place pumori_lower_input(struct pumori_lowering *lowering,
				       const struct pumori_node *node, size_t index)
{
	const struct pumori_tensor *tensor = node->inputs[index];
	struct pumori_place *place = &lowering->places[tensor->index];

	if (lowering->placed[tensor->index])
		return *place;
	lowering->placed[tensor->index] = true;
	if (pumori_tensor_is_constant(tensor)) {
		*place = pumori_lower_constant(lowering, tensor,
					       pumori_isa_type(tensor->type.element));
		return *place;
	}
	/* A graph input at its first use. */
	*place = variable_place(lowering, tensor);
	if (lowering->layouts[tensor->index].resident && pumori_type_elements(&tensor->type)) {
		struct pumori_place source = *place;

		*place = make_tile(lowering, tensor);
		pumori_move(lowering->program, place, &source);
	}
	return *place;
}

struct pumori_place pumori_lower_output(struct pumori_lowering *lowering,
					const struct pumori_node *node, size_t index)
{
	const struct pumori_tensor *tensor = node->outputs[index];
	const struct pumori_layout *layout = &lowering->layouts[tensor->index];
	struct pumori_place *place = &lowering->places[tensor->index];

	if (layout->resident) {
		*place = make_tile(lowering, tensor);
	} else if (tensor->kind == PUMORI_TENSOR_OUTPUT &&
		   (!pumori_graph_state(lowering->graph, tensor) ||
		    pumori_graph_updates_state(lowering->graph, node))) {
		*place = variable_place(lowering, tensor);
	} else {
		*place = pumori_place_memory(PUMORI_NO_TILE, layout->place.dtype,
					     tensor->type.rank, tensor->type.shape);
		place->tile = pumori_tile_scratch(lowering->program,
						  (uint64_t)pumori_place_elements(place) *
						  pumori_isa_bytes(place->dtype));
	}
	lowering->placed[tensor->index] = true;
	return *place;
}

struct pumori_place pumori_lower_temporary(struct pumori_lowering *lowering, unsigned int dtype,
					   unsigned int rank, const int64_t *shape,
					   unsigned int rows)
{
	return pumori_place_sbuf(lowering->program, dtype, rank, shape, rows, NULL);
}

struct pumori_place pumori_lower_spill(struct pumori_lowering *lowering,
				       const struct pumori_place *place)
{
	struct pumori_place memory = pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)pumori_place_elements(place) *
						       pumori_isa_bytes(place->dtype)),
		place->dtype, place->rank, place->shape);

	pumori_move(lowering->program, &memory, place);
	return memory;
}

struct pumori_place pumori_lower_fetch(struct pumori_lowering *lowering,
				       const struct pumori_place *source, unsigned int rank,
				       const int64_t *shape, unsigned int rows, unsigned int dtype,
				       bool exact)
{
	struct pumori_place view = *source, from = *source, copy;
	int64_t extents[PUMORI_MAX_RANK];
	struct pumori_place wanted = pumori_place_template(dtype, rank, shape, rows, NULL);
	unsigned int shift = rank - source->rank;
	bool expand = exact;

	if (source->space != PUMORI_ISA_MEMORY && pumori_place_broadcast(&view, rank, shape)) {
		pumori_place_spread(&view, rows);
		if (pumori_place_row_axes(&view) == pumori_place_row_axes(&wanted) &&
		    !(exact && (view.spread || view.dtype != dtype)))
			return view;
	}
	for (unsigned int i = 0; i < rank; i++) {
		extents[i] = i < shift ? 1 : source->shape[i - shift];
		if ((rows & (1u << i)) && extents[i] != 1)
			expand = true;
	}
	for (unsigned int i = 0; i < rank; i++)
		if ((rows & (1u << i)) && expand)
			extents[i] = shape[i];
	copy = pumori_lower_temporary(lowering, dtype, rank, extents, rows);
	if (!pumori_place_broadcast(&from, rank, extents)) {
		/* Some rows repeat and some do not: only memory repeats both. */
		from = pumori_lower_spill(lowering, source);
		if (!pumori_place_broadcast(&from, rank, extents))
			pumori_tile_fail(lowering->program, -EINVAL,
					 "shapes that do not broadcast");
	}
	pumori_move(lowering->program, &copy, &from);
	if (!pumori_place_broadcast(&copy, rank, shape))
		pumori_tile_fail(lowering->program, -EINVAL, "shapes that do not broadcast");
	pumori_place_spread(&copy, rows);
	return copy;
}

/*
 * The result's place may look like the source where the source cannot look like the result, as with elements
 * that repeat. False if it does not.
 */
static bool copy_reshaped(struct pumori_lowering *lowering, const struct pumori_place *out,
			  const struct pumori_place *source)
{
	struct pumori_place target = *out;
	struct pumori_region region;

	if (source->spread || !pumori_place_reshape(&target, source->rank, source->shape))
		return false;
	if (source->space == PUMORI_ISA_MEMORY || target.space != PUMORI_ISA_MEMORY) {
		if (source->space != target.space || !pumori_same_rows(&target, source))
			return false;
		pumori_move(lowering->program, &target, source);
		return true;
	}
	/* An engine reorders what DMA then stores in runs. */
	pumori_region_begin(&region, target.rank, target.shape, source->rows, 0,
			    pumori_isa_bytes(target.dtype), PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !lowering->program->error) {
		struct pumori_place to = pumori_region_part(lowering, &region, &target);
		struct pumori_place from = pumori_region_part(lowering, &region, source);
		struct pumori_place part = pumori_lower_temporary(lowering, target.dtype, to.rank,
								  to.shape, source->rows);

		pumori_move(lowering->program, &part, &from);
		pumori_move(lowering->program, &to, &part);
	}
	return true;
}

void pumori_lower_view(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	const struct pumori_tensor *tensor = node->outputs[0];
	struct pumori_place source = pumori_lower_input(lowering, node, 0), out;

	if (pumori_layout_view(node, &source)) {
		lowering->places[tensor->index] = source;
		lowering->placed[tensor->index] = true;
		return;
	}
	/* The view needs other rows: write the result in its own layout, from memory. */
	out = pumori_lower_output(lowering, node, 0);
	source = pumori_lower_input(lowering, node, 0);
	if (node->primitive == PUMORI_PRIMITIVE_RESHAPE && copy_reshaped(lowering, &out, &source))
		return;
	if (source.space != PUMORI_ISA_MEMORY) {
		/* A permutation of axes may be a mere exchange of partitions and columns. */
		if (node->primitive == PUMORI_PRIMITIVE_TRANSPOSE &&
		    out.space != PUMORI_ISA_MEMORY) {
			const unsigned int *order = node->attributes.transpose.permutation;
			unsigned int inverse[PUMORI_MAX_RANK];
			struct pumori_place target = out;

			for (unsigned int i = 0; i < out.rank; i++)
				inverse[order[i]] = i;
			if (pumori_place_permute(&target, inverse)) {
				pumori_move(lowering->program, &target, &source);
				return;
			}
		}
		source = pumori_lower_spill(lowering, &source);
	}
	if (!pumori_layout_view(node, &source)) {
		/* A reshape of something that does not lie densely in memory. */
		source = pumori_lower_spill(lowering, &source);
		if (!pumori_layout_view(node, &source)) {
			pumori_tile_fail(lowering->program, -ENOTSUP,
					 "no view expresses this operator");
			return;
		}
	}
	pumori_move(lowering->program, &out, &source);
}

static void describe(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	char text[256], type[160];
	const char *name = node->origin ? node->origin : node->outputs[0]->name;

	pumori_type_format(&node->outputs[0]->type, type, sizeof(type));
	snprintf(text, sizeof(text), "%s%s%s %s", node->origin_operator ? node->origin_operator : "",
		 node->origin_operator ? ":" : "", pumori_primitive_name(node->primitive), type);
	pumori_tile_begin_node(lowering->program, name, pumori_graph_intern(lowering->graph, text));
}

static void lower_all(struct pumori_lowering *lowering)
{
	struct pumori_tile_program *program = lowering->program;
	struct pumori_graph *graph = lowering->graph;

	for (size_t i = 0; i < graph->input_count; i++)
		lowering->variables[graph->inputs[i]->index] =
			pumori_tile_variable(program, PUMORI_KIND_INPUT, graph->inputs[i]);
	for (size_t i = 0; i < graph->output_count; i++)
		lowering->variables[graph->outputs[i]->index] =
			pumori_tile_variable(program, PUMORI_KIND_OUTPUT, graph->outputs[i]);
	for (size_t i = 0; i < graph->state_count; i++)
		lowering->variables[graph->outputs[graph->states[i].output]->index] =
			lowering->variables[graph->inputs[graph->states[i].input]->index];
	for (const struct pumori_node *node = graph->first; node && !program->error;
	     node = node->next) {
		lower_function lower = lower_table[node->primitive];
		bool empty = true, starved = false;

		describe(lowering, node);
		for (size_t i = 0; i < node->input_count; i++)
			starved = starved || !pumori_type_elements(&node->inputs[i]->type);
		for (size_t i = 0; i < node->output_count; i++)
			empty = empty && !pumori_type_elements(&node->outputs[i]->type);
		if (!lower) {
			pumori_tile_fail(program, -ENOTSUP, "primitive '%s' has no lowering",
					 pumori_primitive_name(node->primitive));
		} else if (empty) {
			for (size_t i = 0; i < node->output_count; i++)
				pumori_lower_output(lowering, node, i);
		} else if (starved && node->primitive != PUMORI_PRIMITIVE_CONCAT &&
			   node->primitive != PUMORI_PRIMITIVE_PAD) {
			pumori_tile_fail(program, -ENOTSUP, "a result out of an empty tensor");
		} else {
			lower(lowering, node);
		}
		for (size_t i = 0; i < node->output_count && !program->error; i++) {
			const struct pumori_tensor *tensor = node->outputs[i];
			struct pumori_place *place = &lowering->places[tensor->index];
			struct pumori_place target;

			if (tensor->kind != PUMORI_TENSOR_OUTPUT ||
			    place->tile == lowering->variables[tensor->index] ||
			    pumori_graph_state(graph, tensor))
				continue;
			target = variable_place(lowering, tensor);
			pumori_move(program, &target, place);
		}
	}
	/* Nobody reads the old states any more. */
	for (size_t i = 0; i < graph->state_count && !program->error; i++) {
		const struct pumori_tensor *tensor = graph->outputs[graph->states[i].output];
		struct pumori_place *place = &lowering->places[tensor->index], target;

		if (place->tile == lowering->variables[tensor->index])
			continue;
		target = variable_place(lowering, tensor);
		pumori_move(program, &target, place);
	}
}

int pumori_lower(struct pumori_graph *graph, const struct pumori_layout *layouts,
		 struct pumori_tile_program *program)
{
	struct pumori_lowering lowering = {
		.program = program, .graph = graph, .layouts = layouts,
		.places = calloc(graph->tensor_count + 1, sizeof(struct pumori_place)),
		.placed = calloc(graph->tensor_count + 1, sizeof(bool)),
		.variables = calloc(graph->tensor_count + 1, sizeof(uint32_t)),
	};

	if (lowering.places && lowering.placed && lowering.variables)
		lower_all(&lowering);
	else
		pumori_tile_fail(program, -ENOMEM, "memory");
	free(lowering.places);
	free(lowering.placed);
	free(lowering.variables);
	return program->error;
}
