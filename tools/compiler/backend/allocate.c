// SPDX-License-Identifier: MIT
/* Allocation: life times of tiles, then first fit by address, in program order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../state.h"
#include "passes.h"

/* The tiles of one space that live at the current instruction, by ascending address. */
struct arena {
	uint32_t *live;
	uint32_t count;
	uint64_t base, limit, high;
};

static void find_lives(struct pumori_tile_program *program)
{
	for (uint32_t i = 0; i < program->instruction_count; i++) {
		for (unsigned int o = 0; o < PUMORI_TILE_OPERANDS; o++) {
			uint32_t index = program->instructions[i].tiles[o];
			struct pumori_tile *tile;

			if (index == PUMORI_NO_TILE)
				continue;
			tile = &program->tiles[index];
			if (!tile->used)
				tile->first = i;
			tile->used = true;
			tile->last = i;
		}
	}
}

static void retire(const struct pumori_tile_program *program, struct arena *arena, uint32_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < arena->count; i++)
		if (program->tiles[arena->live[i]].last >= now)
			arena->live[kept++] = arena->live[i];
	arena->count = kept;
}

static uint64_t aligned(const struct pumori_tile *tile, uint64_t address)
{
	uint64_t step = tile->space == PUMORI_ISA_PSUM ? PUMORI_ISA_PSUM_BANK_BYTES :
							 PUMORI_TILE_ALIGNMENT;

	return (address + step - 1) / step * step;
}

static bool place(struct pumori_tile_program *program, struct arena *arena, uint32_t index)
{
	struct pumori_tile *tile = &program->tiles[index];
	uint64_t address = arena->base;
	uint32_t at;

	for (at = 0; at < arena->count; at++) {
		const struct pumori_tile *other = &program->tiles[arena->live[at]];

		if (address + tile->bytes <= other->address)
			break;
		address = aligned(tile, other->address + other->bytes);
	}
	if (address + tile->bytes > arena->limit)
		return false;
	memmove(arena->live + at + 1, arena->live + at,
		(arena->count - at) * sizeof(*arena->live));
	arena->live[at] = index;
	arena->count++;
	tile->address = address;
	if (address + tile->bytes > arena->high)
		arena->high = address + tile->bytes;
	return true;
}

static int assign_addresses(struct pumori_tile_program *program)
{
	struct arena arenas[PUMORI_ISA_MEMORY + 1] = {
		[PUMORI_ISA_SBUF] = { .base = program->preloaded_bytes,
				      .limit = PUMORI_ISA_SBUF_BYTES,
				      .high = program->preloaded_bytes },
		[PUMORI_ISA_PSUM] = { .limit = PUMORI_ISA_PSUM_BYTES },
		[PUMORI_ISA_MEMORY] = { .limit = UINT64_MAX / 2 },
	};
	uint8_t *placed = calloc(program->tile_count + 1, 1);
	int result = 0;

	for (unsigned int s = PUMORI_ISA_SBUF; s <= PUMORI_ISA_MEMORY; s++)
		arenas[s].live = calloc(program->tile_count + 1, sizeof(uint32_t));
	if (!placed || !arenas[PUMORI_ISA_SBUF].live || !arenas[PUMORI_ISA_PSUM].live ||
	    !arenas[PUMORI_ISA_MEMORY].live)
		result = pumori_tile_fail(program, -ENOMEM, "memory");
	for (uint32_t i = 0; i < program->instruction_count && !result; i++) {
		for (unsigned int o = 0; o < PUMORI_TILE_OPERANDS && !result; o++) {
			uint32_t index = program->instructions[i].tiles[o];
			struct pumori_tile *tile;

			if (index == PUMORI_NO_TILE || placed[index])
				continue;
			tile = &program->tiles[index];
			if (tile->preloaded || (tile->space == PUMORI_ISA_MEMORY &&
						tile->kind != PUMORI_KIND_SCRATCH))
				continue;
			placed[index] = 1;
			retire(program, &arenas[tile->space], i);
			if (!place(program, &arenas[tile->space], index))
				result = -ENOSPC;
		}
	}
	program->sbuf_bytes = arenas[PUMORI_ISA_SBUF].high;
	program->psum_bytes = arenas[PUMORI_ISA_PSUM].high;
	program->scratch_bytes = arenas[PUMORI_ISA_MEMORY].high;
	for (unsigned int s = PUMORI_ISA_SBUF; s <= PUMORI_ISA_MEMORY; s++)
		free(arenas[s].live);
	free(placed);
	return result;
}

/* Inputs, outputs, weights, scratch: the order of the variable table. */
static void number_variables(struct pumori_tile_program *program)
{
	program->variables = program->graph->input_count + program->graph->output_count -
			     program->graph->state_count;
	program->weights_variable = program->scratch_variable = UINT32_MAX;
	if (program->weights_bytes)
		program->weights_variable = program->variables++;
	if (program->scratch_bytes)
		program->scratch_variable = program->variables++;
}

static uint32_t variable_of(const struct pumori_tile_program *program, uint32_t index)
{
	const struct pumori_tile *tile = &program->tiles[index];
	uint32_t variable = 0;

	if (tile->kind == PUMORI_KIND_WEIGHTS)
		return program->weights_variable;
	if (tile->kind == PUMORI_KIND_SCRATCH)
		return program->scratch_variable;
	for (size_t i = 0; i < program->graph->input_count; i++, variable++)
		if (tile->kind == PUMORI_KIND_INPUT && program->graph->inputs[i] == tile->tensor)
			return variable;
	for (size_t i = 0; i < program->graph->output_count; i++) {
		/* A state has the variable of its input. */
		if (pumori_graph_state(program->graph, program->graph->outputs[i]))
			continue;
		if (tile->kind == PUMORI_KIND_OUTPUT && program->graph->outputs[i] == tile->tensor)
			return variable;
		variable++;
	}
	return 0;
}

static void move_side(const struct pumori_tile_program *program, uint32_t index,
		      struct pumori_isa_dma_side *side)
{
	if (index == PUMORI_NO_TILE)
		return;
	side->offset += program->tiles[index].address;
	if (side->space == PUMORI_ISA_MEMORY)
		side->variable = variable_of(program, index);
}

static void move_operand(const struct pumori_tile_program *program, uint32_t index,
			 struct pumori_isa_operand *operand)
{
	if (index != PUMORI_NO_TILE)
		operand->offset += program->tiles[index].address;
}

static void resolve(struct pumori_tile_program *program)
{
	for (uint32_t i = 0; i < program->instruction_count; i++) {
		struct pumori_tile_instruction *instruction = &program->instructions[i];
		struct pumori_isa_compute *compute = &instruction->isa.compute;
		const uint32_t *tiles = instruction->tiles;

		switch (pumori_isa_opcode_format(instruction->isa.opcode)) {
		case PUMORI_ISA_FORMAT_DMA:
			move_side(program, tiles[PUMORI_TILE_OUT], &instruction->isa.dma.destination);
			move_side(program, tiles[PUMORI_TILE_IN0], &instruction->isa.dma.source);
			move_operand(program, tiles[PUMORI_TILE_IN1], &instruction->isa.dma.index);
			break;
		case PUMORI_ISA_FORMAT_COMPUTE:
			move_operand(program, tiles[PUMORI_TILE_OUT], &compute->out);
			for (unsigned int k = 0; k < 3; k++)
				move_operand(program, tiles[PUMORI_TILE_IN0 + k], &compute->in[k]);
			if (tiles[PUMORI_TILE_ACCUMULATOR] != PUMORI_NO_TILE)
				compute->accumulator_offset +=
					program->tiles[tiles[PUMORI_TILE_ACCUMULATOR]].address;
			break;
		default:
			break;
		}
	}
}

int pumori_allocate(struct pumori_tile_program *program)
{
	int result;

	find_lives(program);
	result = assign_addresses(program);
	if (result)
		return result;
	number_variables(program);
	if (program->variables > PUMORI_ISA_VARIABLES)
		return pumori_tile_fail(program, -ENOTSUP,
					"%u inputs and outputs; the device takes %d variables",
					program->variables, PUMORI_ISA_VARIABLES);
	resolve(program);
	return 0;
}
