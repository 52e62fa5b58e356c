// SPDX-License-Identifier: MIT
/* GATHER_ND, SCATTER_ND: tuples of indices become row numbers, DMA moves the rows. */
#include <errno.h>
#include <string.h>

#include "../state.h"
#include "lower.h"

#define INDEX_CHUNK 512
/* Added to a row number when a component is out of range, so that the DMA faults. */
#define OUT_OF_RANGE 0x40000000

struct tuples {
	unsigned int width;		/* indices of a tuple */
	const int64_t *dims;		/* extents that they index */
	int64_t rows, row_elements;	/* of the table */
	struct pumori_place indices;	/* [count, width] in memory */
};

static void scalar(struct pumori_lowering *lowering, const struct pumori_place *out,
		   const struct pumori_place *in, enum pumori_isa_alu_op op0, int64_t imm0,
		   enum pumori_isa_alu_op op1, int64_t imm1)
{
	pumori_emit(lowering->program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_TENSOR_SCALAR, .out = out, .in = { in }, .op0 = op0,
		.op1 = op1, .compute = PUMORI_ISA_INT64,
		.imm = { (uint32_t)imm0, (uint32_t)imm1 } });
}

/* out = (in * factor) + other */
static void multiply_add(struct pumori_lowering *lowering, const struct pumori_place *out,
			 const struct pumori_place *in, int64_t factor,
			 const struct pumori_place *other)
{
	pumori_emit(lowering->program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_SCALAR_TENSOR_TENSOR, .out = out, .in = { in, other },
		.op0 = PUMORI_ISA_ALU_MULTIPLY, .op1 = PUMORI_ISA_ALU_ADD,
		.compute = PUMORI_ISA_INT64, .imm = { (uint32_t)factor } });
}

/* The row numbers of tuples @first .. @first + @run - 1, as INT64 in one partition. */
static struct pumori_place row_numbers(struct pumori_lowering *lowering,
				       const struct tuples *tuples, int64_t first, int64_t run)
{
	int64_t starts[2] = { first, 0 }, extents[2] = { run, tuples->width };
	struct pumori_place part = tuples->indices, list, rows, component, low, high;

	pumori_place_slice(&part, starts, extents, NULL);
	list = pumori_lower_temporary(lowering, PUMORI_ISA_INT64, 2, extents, 0);
	pumori_move(lowering->program, &list, &part);
	rows = pumori_lower_temporary(lowering, PUMORI_ISA_INT64, 1, &run, 0);
	low = pumori_lower_temporary(lowering, PUMORI_ISA_INT64, 1, &run, 0);
	high = pumori_lower_temporary(lowering, PUMORI_ISA_INT64, 1, &run, 0);
	pumori_emit_fill(lowering->program, &rows, 0);
	for (unsigned int k = 0; k < tuples->width; k++) {
		int64_t dim = tuples->dims[k];

		component = list;
		component.rank = 1;
		component.offset = list.offset + k;
		/* A negative index counts from the end. */
		scalar(lowering, &low, &component, PUMORI_ISA_ALU_LESS, 0,
		       PUMORI_ISA_ALU_MULTIPLY, dim);
		pumori_emit_binary(lowering->program, &low, &low, &component, PUMORI_ISA_ALU_ADD,
				   PUMORI_ISA_INT64);
		multiply_add(lowering, &rows, &rows, dim, &low);
		scalar(lowering, &high, &low, PUMORI_ISA_ALU_GREATER_EQUAL, dim,
		       PUMORI_ISA_ALU_MULTIPLY, OUT_OF_RANGE);
		pumori_emit_binary(lowering->program, &rows, &rows, &high, PUMORI_ISA_ALU_ADD,
				   PUMORI_ISA_INT64);
		scalar(lowering, &low, &low, PUMORI_ISA_ALU_LESS, 0, PUMORI_ISA_ALU_MULTIPLY,
		       OUT_OF_RANGE);
		pumori_emit_binary(lowering->program, &rows, &rows, &low, PUMORI_ISA_ALU_ADD,
				   PUMORI_ISA_INT64);
	}
	return rows;
}

/* Rows of the table at @table_offset (elements) to or from lines at @line_offset. */
static void move_rows(struct pumori_lowering *lowering, const struct tuples *tuples,
		      const struct pumori_place *table, int64_t table_offset,
		      const struct pumori_place *lines, int64_t line_offset, int64_t count,
		      bool scatter)
{
	unsigned int bytes = pumori_isa_bytes(table->dtype);

	for (int64_t from = 0; from < count && !lowering->program->error; from += INDEX_CHUNK) {
		int64_t run = count - from < INDEX_CHUNK ? count - from : INDEX_CHUNK;
		int64_t first = line_offset / tuples->row_elements + from;
		struct pumori_place rows = row_numbers(lowering, tuples, first, run);
		struct pumori_tile_instruction *instruction = pumori_tile_append(
			lowering->program, scatter ? PUMORI_ISA_DMA_SCATTER : PUMORI_ISA_DMA_GATHER);
		int64_t counts[1] = { run }, steps[1] = { 1 };
		struct pumori_isa_dma_side whole, line;

		if (!instruction)
			return;
		whole = (struct pumori_isa_dma_side){
			.space = PUMORI_ISA_MEMORY, .dtype = table->dtype, .dims = 2,
			.offset = (uint64_t)(table->offset + table_offset) * bytes,
			.count = { tuples->rows, tuples->row_elements },
			.step = { tuples->row_elements, 1 } };
		line = (struct pumori_isa_dma_side){
			.space = PUMORI_ISA_MEMORY, .dtype = table->dtype, .dims = 2,
			.offset = (uint64_t)(lines->offset + line_offset +
					     from * tuples->row_elements) * bytes,
			.count = { run, tuples->row_elements },
			.step = { tuples->row_elements, 1 } };
		instruction->isa.dma.destination = scatter ? whole : line;
		instruction->isa.dma.source = scatter ? line : whole;
		instruction->isa.dma.index = pumori_place_operand(&rows, 0, 1, 0, 1, counts, steps);
		instruction->tiles[PUMORI_TILE_OUT] = scatter ? table->tile : lines->tile;
		instruction->tiles[PUMORI_TILE_IN0] = scatter ? lines->tile : table->tile;
		instruction->tiles[PUMORI_TILE_IN1] = rows.tile;
	}
}

/* The common part: what the tuples in input 1 index, from axis @batch of input 0 on. */
static bool tuples_of(struct pumori_lowering *lowering, const struct pumori_node *node,
		      unsigned int batch, struct tuples *tuples)
{
	const struct pumori_tensor_type *table = &node->inputs[0]->type;
	const struct pumori_tensor_type *type = &node->inputs[1]->type;
	struct pumori_place source = pumori_lower_input(lowering, node, 1);
	int64_t shape[2];

	tuples->width = type->shape[type->rank - 1];
	tuples->dims = table->shape + batch;
	tuples->rows = tuples->row_elements = 1;
	for (unsigned int i = batch; i < table->rank; i++) {
		if (i < batch + tuples->width)
			tuples->rows *= table->shape[i];
		else
			tuples->row_elements *= table->shape[i];
	}
	if (tuples->rows >= OUT_OF_RANGE || tuples->row_elements > INT32_MAX || !tuples->width) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "the indexed tensor is too large");
		return false;
	}
	shape[0] = pumori_type_elements(type) / tuples->width;
	shape[1] = tuples->width;
	tuples->indices = pumori_lower_spill(lowering, &source);
	pumori_place_reshape(&tuples->indices, 2, shape);
	return true;
}

void pumori_lower_gather_nd(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	unsigned int batch = node->attributes.gather_nd.batch_dimensions;
	struct pumori_place source = pumori_lower_input(lowering, node, 0), table, lines, out;
	int64_t batches = 1, count, table_elements;
	struct tuples tuples;

	if (!tuples_of(lowering, node, batch, &tuples))
		return;
	out = pumori_lower_output(lowering, node, 0);
	table = pumori_lower_spill(lowering, &source);
	lines = pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)pumori_place_elements(&out) *
						       pumori_isa_bytes(table.dtype)),
		table.dtype, out.rank, out.shape);
	for (unsigned int i = 0; i < batch; i++)
		batches *= node->inputs[0]->type.shape[i];
	count = tuples.indices.shape[0] / batches;
	table_elements = tuples.rows * tuples.row_elements;
	for (int64_t b = 0; b < batches && !lowering->program->error; b++)
		move_rows(lowering, &tuples, &table, b * table_elements, &lines,
			  b * count * tuples.row_elements, count, false);
	pumori_move(lowering->program, &out, &lines);
}

void pumori_lower_scatter_nd(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	struct pumori_place data = pumori_lower_input(lowering, node, 0);
	struct pumori_place updates = pumori_lower_input(lowering, node, 2), table, lines, out;
	struct tuples tuples;

	if (node->attributes.scatter_nd.mode != PUMORI_SCATTER_REPLACE) {
		pumori_tile_fail(lowering->program, -ENOTSUP,
				 "scattering that combines rows has no lowering");
		return;
	}
	if (!tuples_of(lowering, node, 0, &tuples))
		return;
	out = pumori_lower_output(lowering, node, 0);
	table = out.tile == data.tile ? out : pumori_lower_spill(lowering, &data);
	lines = pumori_place_memory(
		pumori_tile_scratch(lowering->program, (uint64_t)pumori_place_elements(&updates) *
						       pumori_isa_bytes(table.dtype)),
		table.dtype, updates.rank, updates.shape);
	pumori_move(lowering->program, &lines, &updates);
	move_rows(lowering, &tuples, &table, 0, &lines, 0, tuples.indices.shape[0], true);
	/* Rows of a state are written where they are. */
	if (table.tile != out.tile)
		pumori_move(lowering->program, &out, &table);
}
