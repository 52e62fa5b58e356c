// SPDX-License-Identifier: MIT
/* CONCAT and PAD: data movement that no view expresses. */
#include <errno.h>
#include <string.h>

#include "lower.h"

/*
 * A place into which slices along any axis can be written: the output itself or, where its rows
 * cannot be cut so, memory.
 */
static struct pumori_place sliceable(struct pumori_lowering *lowering,
				     const struct pumori_place *out, unsigned int axes)
{
	unsigned int rows = pumori_place_row_axes(out);

	if (out->space == PUMORI_ISA_MEMORY || !(axes & rows) || (rows & -rows) == (axes & rows))
		return *out;
	return pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)pumori_place_elements(out) *
						       pumori_isa_bytes(out->dtype)),
		out->dtype, out->rank, out->shape);
}

void pumori_lower_concat(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	unsigned int axis = node->attributes.concat.axis;
	struct pumori_place out = pumori_lower_output(lowering, node, 0);
	struct pumori_place target = sliceable(lowering, &out, 1u << axis);
	int64_t starts[PUMORI_MAX_RANK] = { 0 };

	for (size_t i = 0; i < node->input_count && !lowering->program->error; i++) {
		struct pumori_place source = pumori_lower_input(lowering, node, i), part = target;

		if (!pumori_place_elements(&source))
			continue;
		if (!pumori_place_slice(&part, starts, node->inputs[i]->type.shape, NULL))
			pumori_tile_fail(lowering->program, -EINVAL, "a tensor that cannot be cut");
		pumori_move(lowering->program, &part, &source);
		starts[axis] += source.shape[axis];
	}
	if (target.tile != out.tile)
		pumori_move(lowering->program, &out, &target);
}

static void pad_constant(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	const struct pumori_tensor_type *type = &node->inputs[0]->type;
	struct pumori_place out = pumori_lower_output(lowering, node, 0);
	struct pumori_place in = pumori_lower_input(lowering, node, 0);
	unsigned int rows = lowering->layouts[node->outputs[0]->index].place.rows;
	bool resident = out.space != PUMORI_ISA_MEMORY;
	struct pumori_region region;

	pumori_region_begin(&region, out.rank, out.shape, rows, 0, pumori_isa_bytes(out.dtype),
			    resident ? UINT64_MAX / 2 : PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !lowering->program->error) {
		struct pumori_place part = pumori_region_part(lowering, &region, &out);
		struct pumori_place tile = part, inside, source = in;
		int64_t to[PUMORI_MAX_RANK], from[PUMORI_MAX_RANK], extents[PUMORI_MAX_RANK];
		bool any = true;

		if (!resident)
			tile = pumori_lower_temporary(lowering, out.dtype, part.rank, part.shape,
						      rows);
		pumori_emit_fill(lowering->program, &tile, node->attributes.pad.value);
		for (unsigned int i = 0; i < type->rank; i++) {
			int64_t before = node->attributes.pad.before[i];
			int64_t low = region.start[i] > before ? region.start[i] : before;
			int64_t high = region.start[i] + region.extent[i];

			if (high > before + type->shape[i])
				high = before + type->shape[i];
			any = any && high > low;
			to[i] = low - region.start[i];
			from[i] = low - before;
			extents[i] = high - low;
		}
		inside = tile;
		if (any) {
			if (!pumori_place_slice(&source, from, extents, NULL)) {
				source = pumori_lower_spill(lowering, &in);
				pumori_place_slice(&source, from, extents, NULL);
			}
			if (pumori_place_slice(&inside, to, extents, NULL)) {
				pumori_move(lowering->program, &inside, &source);
			} else {
				/* Rows that cannot be cut: in memory instead. */
				struct pumori_place memory = pumori_lower_spill(lowering, &tile);

				inside = memory;
				pumori_place_slice(&inside, to, extents, NULL);
				pumori_move(lowering->program, &inside, &source);
				pumori_move(lowering->program, &tile, &memory);
			}
		}
		if (!resident)
			pumori_move(lowering->program, &part, &tile);
	}
}

/* EDGE and REFLECT: axis by axis, each padding slab copied from the slab it repeats. */
static void pad_repeat(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	bool edge = node->attributes.pad.mode == PUMORI_PAD_EDGE;
	struct pumori_place out = pumori_lower_output(lowering, node, 0);
	struct pumori_place in = pumori_lower_input(lowering, node, 0);
	const int64_t *before = node->attributes.pad.before, *after = node->attributes.pad.after;
	int64_t extents[PUMORI_MAX_RANK], starts[PUMORI_MAX_RANK];
	struct pumori_place memory, part;

	memory = pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)pumori_place_elements(&out) *
						       pumori_isa_bytes(out.dtype)),
		out.dtype, out.rank, out.shape);
	part = memory;
	pumori_place_slice(&part, before, in.shape, NULL);
	pumori_move(lowering->program, &part, &in);
	/* The part that is filled grows with each axis. */
	memcpy(starts, before, sizeof(starts));
	memcpy(extents, in.shape, sizeof(extents));
	for (unsigned int axis = 0; axis < out.rank; axis++) {
		int64_t first = before[axis], count = in.shape[axis];

		extents[axis] = 1;
		for (int64_t i = 0; i < before[axis] + after[axis]; i++) {
			bool low = i < before[axis];
			int64_t distance = low ? before[axis] - i : i - before[axis] + 1;
			int64_t to = low ? i : first + count + (i - before[axis]);
			int64_t from = low ? first + (edge ? 0 : distance) :
					     first + count - 1 - (edge ? 0 : distance);
			struct pumori_place target = memory;

			if (from < 0 || from >= out.shape[axis]) {
				pumori_tile_fail(lowering->program, -ENOTSUP,
						 "reflection beyond the tensor");
				return;
			}
			part = memory;
			starts[axis] = from;
			pumori_place_slice(&part, starts, extents, NULL);
			starts[axis] = to;
			pumori_place_slice(&target, starts, extents, NULL);
			pumori_move(lowering->program, &target, &part);
		}
		starts[axis] = 0;
		extents[axis] = out.shape[axis];
	}
	pumori_move(lowering->program, &out, &memory);
}

void pumori_lower_pad(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	if (node->attributes.pad.mode == PUMORI_PAD_CONSTANT)
		pad_constant(lowering, node);
	else
		pad_repeat(lowering, node);
}
