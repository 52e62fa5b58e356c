// SPDX-License-Identifier: MIT
/* GATHER, GATHER_ELEMENTS, SCATTER_ELEMENTS: movement that data directs. */
#include <errno.h>
#include <string.h>

#include "lower.h"

#define INDEX_CHUNK 1024

void pumori_lower_gather(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	const struct pumori_tensor_type *type = &node->inputs[0]->type;
	unsigned int axis = node->attributes.gather.axis;
	struct pumori_place source = pumori_lower_input(lowering, node, 0);
	struct pumori_place indices = pumori_lower_input(lowering, node, 1);
	struct pumori_place out = pumori_lower_output(lowering, node, 0), target, flat;
	int64_t outer = 1, inner = 1, count = pumori_type_elements(&node->inputs[1]->type);
	int64_t shape[3], extent[1] = { count };

	for (unsigned int i = 0; i < type->rank; i++) {
		if (i < axis)
			outer *= type->shape[i];
		if (i > axis)
			inner *= type->shape[i];
	}
	/* DMA_GATHER picks rows of memory: [outer, axis, inner] to [outer, indices, inner]. */
	shape[0] = outer;
	shape[1] = type->shape[axis];
	shape[2] = inner;
	flat = source;
	if (source.space != PUMORI_ISA_MEMORY || !pumori_place_reshape(&flat, 3, shape)) {
		flat = pumori_lower_spill(lowering, &source);
		pumori_place_reshape(&flat, 3, shape);
	}
	if (!pumori_place_reshape(&indices, 1, extent)) {
		indices = pumori_lower_spill(lowering, &indices);
		pumori_place_reshape(&indices, 1, extent);
	}
	if (inner > INT32_MAX || type->shape[axis] > INT32_MAX) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "the gathered rows are too long");
		return;
	}
	shape[1] = count;
	target = pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)outer * count * inner *
						       pumori_isa_bytes(flat.dtype)),
		flat.dtype, 3, shape);
	for (int64_t from = 0; from < count && !lowering->program->error; from += INDEX_CHUNK) {
		int64_t run = count - from < INDEX_CHUNK ? count - from : INDEX_CHUNK;
		struct pumori_place chunk = indices, list;

		pumori_place_slice(&chunk, &from, &run, NULL);
		list = pumori_lower_temporary(lowering, indices.dtype, 1, &run, 0);
		pumori_move(lowering->program, &list, &chunk);
		for (int64_t o = 0; o < outer; o++) {
			struct pumori_tile_instruction *instruction = pumori_tile_append(
				lowering->program, PUMORI_ISA_DMA_GATHER);
			unsigned int bytes = pumori_isa_bytes(flat.dtype);
			int64_t counts[1] = { run }, steps[1] = { 1 };
			struct pumori_isa_dma *dma;

			if (!instruction)
				return;
			dma = &instruction->isa.dma;
			instruction->tiles[PUMORI_TILE_OUT] = target.tile;
			instruction->tiles[PUMORI_TILE_IN0] = flat.tile;
			instruction->tiles[PUMORI_TILE_IN1] = list.tile;
			dma->destination = (struct pumori_isa_dma_side){
				.space = PUMORI_ISA_MEMORY, .dtype = flat.dtype, .dims = 2,
				.offset = (uint64_t)(o * count + from) * inner * bytes,
				.count = { run, inner }, .step = { inner, 1 } };
			dma->source = (struct pumori_isa_dma_side){
				.space = PUMORI_ISA_MEMORY, .dtype = flat.dtype, .dims = 2,
				.offset = (uint64_t)(flat.offset + o * flat.step[0]) * bytes,
				.count = { type->shape[axis], inner },
				.step = { flat.step[1], flat.step[2] } };
			dma->index = pumori_place_operand(&list, 0, 1, 0, 1, counts, steps);
		}
	}
	pumori_place_reshape(&target, out.rank, out.shape);
	pumori_move(lowering->program, &out, &target);
}

/* One axis of a node on the free dimension, all others on partitions. */
struct indexed {
	unsigned int rank, axis, rows;
	int64_t shape[PUMORI_MAX_RANK];		/* of the indices */
};

static bool indexed_of(struct pumori_lowering *lowering, const struct pumori_node *node,
		       unsigned int axis, struct indexed *indexed)
{
	const struct pumori_tensor_type *type = &node->inputs[1]->type;

	indexed->rank = type->rank;
	indexed->axis = axis;
	indexed->rows = ((1u << type->rank) - 1) & ~(1u << axis);
	memcpy(indexed->shape, type->shape, sizeof(indexed->shape));
	/* One dimension of an operand holds the axis. */
	if (type->shape[axis] > 65535 || node->inputs[0]->type.shape[axis] > 65535) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "the indexed axis is too long");
		return false;
	}
	return true;
}

/* The region's part of @place, with @extent elements of the axis, in SBUF. */
static struct pumori_place fetch_part(struct pumori_lowering *lowering,
				      const struct indexed *indexed,
				      const struct pumori_region *region,
				      const struct pumori_place *place, struct pumori_place *part)
{
	int64_t starts[PUMORI_MAX_RANK], extents[PUMORI_MAX_RANK];

	memcpy(starts, region->start, sizeof(starts));
	memcpy(extents, region->extent, sizeof(extents));
	starts[indexed->axis] = 0;
	extents[indexed->axis] = place->shape[indexed->axis];
	*part = *place;
	if (!pumori_place_slice(part, starts, extents, NULL))
		pumori_tile_fail(lowering->program, -EINVAL, "a tensor that cannot be cut");
	return pumori_lower_fetch(lowering, part, indexed->rank, part->shape, indexed->rows,
				  place->dtype, true);
}

/* @line has the indices' extents, @table is indexed by them; @out is one of the two. */
static void emit_indexed(struct pumori_lowering *lowering, const struct indexed *indexed,
			 enum pumori_isa_opcode opcode, const struct pumori_place *table,
			 const struct pumori_place *line, const struct pumori_place *indices,
			 unsigned int modifiers)
{
	bool gather = opcode == PUMORI_ISA_GATHER;
	int64_t rows = pumori_place_rows(indices);
	unsigned int axis = indexed->axis;

	for (int64_t row = 0, run; row < rows; row += run) {
		struct pumori_tile_instruction *instruction;
		struct pumori_isa_operand operands[3];
		struct pumori_isa_compute *compute;

		run = pumori_place_run(table, row, rows - row);
		run = pumori_place_run(line, row, run);
		run = pumori_place_run(indices, row, run);
		instruction = pumori_tile_append(lowering->program, opcode);
		if (!instruction)
			return;
		operands[0] = pumori_place_operand(table, row, run, 0, 1, &table->shape[axis],
						   &table->step[axis]);
		operands[1] = pumori_place_operand(line, row, run, 0, 1, &line->shape[axis],
						   &line->step[axis]);
		operands[2] = pumori_place_operand(indices, row, run, 0, 1, &indices->shape[axis],
						   &indices->step[axis]);
		compute = &instruction->isa.compute;
		compute->in[0] = operands[gather ? 0 : 1];
		compute->out = operands[gather ? 1 : 0];
		compute->in[1] = operands[2];
		instruction->tiles[PUMORI_TILE_IN0] = gather ? table->tile : line->tile;
		instruction->tiles[PUMORI_TILE_OUT] = gather ? line->tile : table->tile;
		instruction->tiles[PUMORI_TILE_IN1] = indices->tile;
		compute->compute = pumori_compute_type(table->dtype);
		compute->modifiers = modifiers;
	}
}

/* Places that any slice can be cut from. */
static struct pumori_place in_memory(struct pumori_lowering *lowering,
				     const struct pumori_place *place)
{
	return place->space == PUMORI_ISA_MEMORY ? *place : pumori_lower_spill(lowering, place);
}

void pumori_lower_gather_elements(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	struct pumori_place source = pumori_lower_input(lowering, node, 0);
	struct pumori_place indices = pumori_lower_input(lowering, node, 1);
	struct pumori_place out = pumori_lower_output(lowering, node, 0);
	struct pumori_region region;
	struct indexed indexed;

	if (!indexed_of(lowering, node, node->attributes.gather_elements.axis, &indexed))
		return;
	source = in_memory(lowering, &source);
	indices = in_memory(lowering, &indices);
	pumori_region_begin(&region, indexed.rank, indexed.shape, indexed.rows,
			    1u << indexed.axis, 8, PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !lowering->program->error) {
		struct pumori_place table, list, line, part;

		table = fetch_part(lowering, &indexed, &region, &source, &part);
		list = fetch_part(lowering, &indexed, &region, &indices, &part);
		line = pumori_lower_temporary(lowering, table.dtype, indexed.rank, region.extent,
					      indexed.rows);
		emit_indexed(lowering, &indexed, PUMORI_ISA_GATHER, &table, &line, &list, 0);
		part = pumori_region_part(lowering, &region, &out);
		pumori_move(lowering->program, &part, &line);
	}
}

void pumori_lower_scatter_elements(struct pumori_lowering *lowering,
				   const struct pumori_node *node)
{
	bool add = node->attributes.scatter_elements.mode == PUMORI_SCATTER_ADD;
	struct pumori_place data = pumori_lower_input(lowering, node, 0);
	struct pumori_place indices = pumori_lower_input(lowering, node, 1);
	struct pumori_place updates = pumori_lower_input(lowering, node, 2);
	struct pumori_place out = pumori_lower_output(lowering, node, 0), memory;
	struct pumori_region region;
	struct indexed indexed;

	if (node->attributes.scatter_elements.mode == PUMORI_SCATTER_MULTIPLY) {
		pumori_tile_fail(lowering->program, -ENOTSUP,
				 "scattering by multiplication has no lowering");
		return;
	}
	if (!indexed_of(lowering, node, node->attributes.scatter_elements.axis, &indexed))
		return;
	indices = in_memory(lowering, &indices);
	updates = in_memory(lowering, &updates);
	memory = pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)pumori_place_elements(&out) *
						       pumori_isa_bytes(out.dtype)),
		out.dtype, out.rank, out.shape);
	pumori_move(lowering->program, &memory, &data);
	pumori_region_begin(&region, indexed.rank, indexed.shape, indexed.rows,
			    1u << indexed.axis, 8, PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !lowering->program->error) {
		struct pumori_place table, list, line, part;

		line = fetch_part(lowering, &indexed, &region, &updates, &part);
		list = fetch_part(lowering, &indexed, &region, &indices, &part);
		if (line.dtype != memory.dtype)
			line = pumori_lower_fetch(lowering, &line, line.rank, line.shape,
						  indexed.rows, memory.dtype, true);
		table = fetch_part(lowering, &indexed, &region, &memory, &part);
		emit_indexed(lowering, &indexed, PUMORI_ISA_SCATTER, &table, &line, &list,
			     add ? PUMORI_ISA_SCATTER_ADD : 0);
		pumori_move(lowering->program, &part, &table);
	}
	pumori_move(lowering->program, &out, &memory);
}
