// SPDX-License-Identifier: MIT
/* Copies between places: by an engine, by TRANSPOSE or by DMA, through memory where need be. */
#include <errno.h>
#include <string.h>

#include "shuffle.h"

#define SBUF_DIMS 4
#define MEMORY_DIMS 5
#define COUNT_MAX 65535

bool pumori_same_rows(const struct pumori_place *a, const struct pumori_place *b)
{
	return pumori_place_row_axes(a) == pumori_place_row_axes(b);
}

/* A copy inside SBUF along the same rows. */
static void copy(struct pumori_tile_program *program, const struct pumori_place *destination,
		 const struct pumori_place *source)
{
	pumori_emit(program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_COPY, .out = destination, .in = { source },
		.compute = pumori_compute_type(source->dtype) });
}

/* The dimensions of one side of a DMA. */
struct dma_dims {
	unsigned int count;
	int64_t extent[PUMORI_MAX_RANK], step[PUMORI_MAX_RANK];
};

static void add_dim(struct dma_dims *dims, int64_t extent, int64_t step)
{
	dims->extent[dims->count] = extent;
	dims->step[dims->count++] = step;
}

static void fill_side(struct pumori_tile_program *program, struct pumori_isa_dma_side *side,
		      const struct pumori_place *place, int64_t offset,
		      const struct dma_dims *dims)
{
	side->space = place->space;
	side->dtype = place->dtype;
	side->offset = (uint64_t)offset * pumori_isa_bytes(place->dtype);
	side->dims = dims->count ? dims->count : 1;
	side->count[0] = 1;
	side->step[0] = 1;
	for (unsigned int i = 0; i < dims->count; i++) {
		side->count[i] = dims->extent[i];
		side->step[i] = dims->step[i];
		if (side->count[i] != dims->extent[i] || side->step[i] != dims->step[i])
			pumori_tile_fail(program, -ENOTSUP,
					 "%lld elements, %lld apart, are too many for a DMA",
					 (long long)dims->extent[i], (long long)dims->step[i]);
	}
}

static struct pumori_isa_dma *append_dma(struct pumori_tile_program *program,
					 uint32_t destination, uint32_t source)
{
	struct pumori_tile_instruction *instruction = pumori_tile_append(program,
									PUMORI_ISA_DMA_COPY);

	if (!instruction)
		return NULL;
	instruction->tiles[PUMORI_TILE_OUT] = destination;
	instruction->tiles[PUMORI_TILE_IN0] = source;
	return &instruction->isa.dma;
}

/* Memory to memory: both sides walk the same dimensions. */
static void move_memory(struct pumori_tile_program *program,
			const struct pumori_place *destination, const struct pumori_place *source)
{
	int64_t extent[PUMORI_MAX_RANK], step[2][PUMORI_MAX_RANK], index[PUMORI_MAX_RANK] = { 0 };
	unsigned int rank, loops, inner = 0;

	memcpy(extent, destination->shape, sizeof(extent));
	memcpy(step[0], destination->step, sizeof(step[0]));
	memcpy(step[1], source->step, sizeof(step[1]));
	rank = pumori_collapse(destination->rank, extent, step, 2, &inner);
	loops = rank > MEMORY_DIMS ? rank - MEMORY_DIMS : 0;
	for (;;) {
		struct dma_dims to = { 0 }, from = { 0 };
		int64_t offset[2] = { destination->offset, source->offset };
		struct pumori_isa_dma *dma = append_dma(program, destination->tile, source->tile);
		unsigned int i;

		if (!dma)
			return;
		for (i = 0; i < rank; i++) {
			if (i < loops) {
				offset[0] += index[i] * step[0][i];
				offset[1] += index[i] * step[1][i];
				continue;
			}
			add_dim(&to, extent[i], step[0][i]);
			add_dim(&from, extent[i], step[1][i]);
		}
		fill_side(program, &dma->destination, destination, offset[0], &to);
		fill_side(program, &dma->source, source, offset[1], &from);
		for (i = loops; i > 0; i--) {
			if (++index[i - 1] < extent[i - 1])
				break;
			index[i - 1] = 0;
		}
		if (!i)
			return;
	}
}

/* One DMA of @run rows from @row on (of the innermost row axis), @blocks full blocks of them. */
struct transfer {
	const struct pumori_place *sbuf, *memory;
	bool load;
	unsigned int free_rank;
	int64_t extent[PUMORI_MAX_RANK], step[2][PUMORI_MAX_RANK];
	int64_t row_step;		/* in memory */
};

static void transfer_rows(struct pumori_tile_program *program, const struct transfer *transfer,
			  int64_t row, int64_t run, int64_t blocks, int64_t memory_offset)
{
	const struct pumori_place *sbuf = transfer->sbuf;
	int64_t index[PUMORI_MAX_RANK] = { 0 };
	unsigned int room = SBUF_DIMS - (blocks > 1);
	unsigned int loops = transfer->free_rank > room ? transfer->free_rank - room : 0;

	for (;;) {
		struct dma_dims inside = { 0 }, outside = { 0 };
		int64_t inner = sbuf->offset + row / PUMORI_ISA_PARTITIONS * sbuf->block_step;
		int64_t outer = memory_offset;
		struct pumori_isa_dma_side *side;
		struct pumori_isa_dma *dma;
		unsigned int i;

		dma = transfer->load ? append_dma(program, sbuf->tile, transfer->memory->tile) :
				       append_dma(program, transfer->memory->tile, sbuf->tile);
		if (!dma)
			return;
		if (run > 1)
			add_dim(&outside, run, transfer->row_step);
		if (blocks > 1) {
			add_dim(&inside, blocks, sbuf->block_step);
			add_dim(&outside, blocks, transfer->row_step * PUMORI_ISA_PARTITIONS);
		}
		for (i = 0; i < transfer->free_rank; i++) {
			if (i < loops) {
				inner += index[i] * transfer->step[0][i];
				outer += index[i] * transfer->step[1][i];
				continue;
			}
			add_dim(&inside, transfer->extent[i], transfer->step[0][i]);
			add_dim(&outside, transfer->extent[i], transfer->step[1][i]);
		}
		side = transfer->load ? &dma->destination : &dma->source;
		fill_side(program, side, sbuf, inner, &inside);
		side->partition_start = row % PUMORI_ISA_PARTITIONS;
		side->partition_count = run;
		side->partition_step = sbuf->spread && run > 1 ? 0 : 1;
		fill_side(program, transfer->load ? &dma->source : &dma->destination,
			  transfer->memory, outer, &outside);
		for (i = loops; i > 0; i--) {
			if (++index[i - 1] < transfer->extent[i - 1])
				break;
			index[i - 1] = 0;
		}
		if (!i)
			return;
	}
}

/* Between SBUF and memory. */
static void move_through(struct pumori_tile_program *program, const struct pumori_place *sbuf,
			 const struct pumori_place *memory, bool load)
{
	struct transfer transfer = { .sbuf = sbuf, .memory = memory, .load = load };
	int64_t extent[PUMORI_MAX_RANK], step[1][PUMORI_MAX_RANK], index[PUMORI_MAX_RANK] = { 0 };
	unsigned int rank = 0, inner = 0, i;
	int64_t rows, base = 0;

	for (i = 0; i < sbuf->rank; i++) {
		if (sbuf->rows & (1u << i)) {
			extent[rank] = sbuf->shape[i];
			step[0][rank++] = memory->step[i];
		} else {
			transfer.extent[transfer.free_rank] = sbuf->shape[i];
			transfer.step[0][transfer.free_rank] = sbuf->step[i];
			transfer.step[1][transfer.free_rank++] = memory->step[i];
		}
	}
	transfer.free_rank = pumori_collapse(transfer.free_rank, transfer.extent, transfer.step, 2,
					     &inner);
	rank = pumori_collapse(rank, extent, step, 1, &inner);
	rows = rank ? extent[rank - 1] : 1;
	transfer.row_step = rank ? step[0][rank - 1] : 1;
	for (;;) {
		int64_t offset = memory->offset, row = 0;

		for (i = 0; i + 1 < rank; i++)
			offset += index[i] * step[0][i];
		while (row < rows && !program->error) {
			int64_t global = sbuf->first_row + (sbuf->spread ? 0 : base + row);
			int64_t run = PUMORI_ISA_PARTITIONS - global % PUMORI_ISA_PARTITIONS;
			int64_t blocks = 1;

			if (sbuf->spread)
				run = PUMORI_ISA_PARTITIONS;
			if (run > rows - row)
				run = rows - row;
			if (run == PUMORI_ISA_PARTITIONS && !sbuf->spread)
				blocks = (rows - row) / PUMORI_ISA_PARTITIONS;
			transfer_rows(program, &transfer, global, run, blocks,
				      offset + row * transfer.row_step);
			row += run * blocks;
		}
		base += rows;
		for (i = rank ? rank - 1 : 0; i > 0; i--) {
			if (++index[i - 1] < extent[i - 1])
				break;
			index[i - 1] = 0;
		}
		if (!i || program->error)
			return;
	}
}

static int only_axis(unsigned int mask)
{
	return mask && !(mask & (mask - 1)) ? __builtin_ctz(mask) : -1;
}

/*
 * Both in SBUF with at most one axis each on partitions: tiles of up to 128 x 128 change places.
 */
static bool transpose(struct pumori_tile_program *program, const struct pumori_place *to,
		      const struct pumori_place *from)
{
	unsigned int in_rows = pumori_place_row_axes(from), out_rows = pumori_place_row_axes(to);
	int a = only_axis(in_rows), b = only_axis(out_rows);
	int64_t p_extent, f_extent, p_step, f_step, index[PUMORI_MAX_RANK] = { 0 };
	unsigned int i;

	if (from->dtype != to->dtype || from->spread || to->spread || (in_rows && a < 0) ||
	    (out_rows && b < 0))
		return false;
	p_extent = a < 0 ? 1 : from->shape[a];
	f_extent = b < 0 ? 1 : from->shape[b];
	p_step = a < 0 ? 1 : to->step[a];
	f_step = b < 0 ? 1 : from->step[b];
	for (;;) {
		int64_t in_base = from->offset, out_base = to->offset;

		for (i = 0; i < from->rank; i++) {
			in_base += (int)i == a ? 0 : index[i] * from->step[i];
			out_base += (int)i == b ? 0 : index[i] * to->step[i];
		}
		for (int64_t p = 0, p_run; p < p_extent; p += p_run) {
			int64_t row = from->first_row + p;

			p_run = PUMORI_ISA_PARTITIONS - row % PUMORI_ISA_PARTITIONS;
			if (p_run > p_extent - p)
				p_run = p_extent - p;
			for (int64_t f = 0, f_run; f < f_extent; f += f_run) {
				int64_t column = to->first_row + f;
				struct pumori_tile_instruction *instruction;
				struct pumori_isa_operand *in, *out;

				f_run = PUMORI_ISA_PARTITIONS - column % PUMORI_ISA_PARTITIONS;
				if (f_run > f_extent - f)
					f_run = f_extent - f;
				instruction = pumori_tile_append(program, PUMORI_ISA_TRANSPOSE);
				if (!instruction)
					return true;
				instruction->tiles[PUMORI_TILE_OUT] = to->tile;
				instruction->tiles[PUMORI_TILE_IN0] = from->tile;
				instruction->isa.compute.compute = pumori_compute_type(to->dtype);
				in = &instruction->isa.compute.in[0];
				out = &instruction->isa.compute.out;
				*in = (struct pumori_isa_operand){
					.space = from->space, .dtype = from->dtype,
					.partition_start = row % PUMORI_ISA_PARTITIONS,
					.partition_count = p_run, .partition_step = 1, .dims = 1,
					.count = { f_run }, .step = { f_step },
					.offset = (in_base + f * f_step +
						   row / PUMORI_ISA_PARTITIONS * from->block_step) *
						  pumori_isa_bytes(from->dtype) };
				*out = (struct pumori_isa_operand){
					.space = to->space, .dtype = to->dtype,
					.partition_start = column % PUMORI_ISA_PARTITIONS,
					.partition_count = f_run, .partition_step = 1, .dims = 1,
					.count = { p_run }, .step = { p_step },
					.offset = (out_base + p * p_step +
						   column / PUMORI_ISA_PARTITIONS * to->block_step) *
						  pumori_isa_bytes(to->dtype) };
			}
		}
		for (i = from->rank; i > 0; i--) {
			if ((int)i - 1 == a || (int)i - 1 == b)
				continue;
			if (++index[i - 1] < from->shape[i - 1])
				break;
			index[i - 1] = 0;
		}
		if (!i)
			return true;
	}
}

/* Shorter sides are not worth two steps. */
#define TURNED_ELEMENTS 16

/*
 * From memory where neighbours belong to different partitions: lines are loaded as they lie and
 * turned in SBUF, not element by element.
 */
static bool load_turned(struct pumori_tile_program *program, const struct pumori_place *sbuf,
			const struct pumori_place *memory)
{
	int a = only_axis(pumori_place_row_axes(sbuf)), b = -1;
	struct pumori_place lines;

	if (a < 0 || memory->step[a] != 1 || memory->shape[a] < TURNED_ELEMENTS || sbuf->spread ||
	    pumori_isa_bytes(sbuf->dtype) > 4)
		return false;
	for (unsigned int i = 0; i < memory->rank; i++) {
		if ((int)i == a || memory->shape[i] == 1)
			continue;
		if (b >= 0)
			return false;
		b = i;
	}
	if (b < 0 || memory->shape[b] < TURNED_ELEMENTS || memory->step[b] < memory->shape[a])
		return false;
	lines = pumori_place_sbuf(program, sbuf->dtype, memory->rank, memory->shape, 1u << b, NULL);
	move_through(program, &lines, memory, true);
	return transpose(program, sbuf, &lines);
}

void pumori_move(struct pumori_tile_program *program, const struct pumori_place *destination,
		 const struct pumori_place *source)
{
	bool to_memory = destination->space == PUMORI_ISA_MEMORY;
	bool from_memory = source->space == PUMORI_ISA_MEMORY;
	struct pumori_place through = *source, memory;

	if (pumori_place_spread(&through, destination->rows))
		source = &through;
	if (program->error || !pumori_place_elements(destination))
		return;
	if (to_memory && from_memory) {
		if (!pumori_shuffle(program, destination, source))
			move_memory(program, destination, source);
	} else if (to_memory) {
		move_through(program, source, destination, false);
	} else if (from_memory) {
		if (!load_turned(program, destination, source))
			move_through(program, destination, source, true);
	} else if (pumori_same_rows(destination, source)) {
		copy(program, destination, source);
	} else if (!transpose(program, destination, source)) {
		uint64_t bytes = pumori_place_elements(source) * pumori_isa_bytes(source->dtype);

		memory = pumori_place_memory(pumori_tile_scratch(program, bytes), source->dtype,
					     source->rank, source->shape);
		move_through(program, source, &memory, false);
		move_through(program, destination, &memory, true);
	}
}
