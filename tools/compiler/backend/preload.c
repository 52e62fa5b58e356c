// SPDX-License-Identifier: MIT
/* Which constants stay in SBUF between runs. */
#include <errno.h>
#include <stdlib.h>

#include "passes.h"

static bool loads_weights(const struct pumori_tile_program *program,
			  const struct pumori_tile_instruction *instruction)
{
	uint32_t source = instruction->tiles[PUMORI_TILE_IN0];

	return instruction->isa.opcode == PUMORI_ISA_DMA_COPY &&
	       !(instruction->isa.dma.destination.flags & PUMORI_ISA_DMA_STREAM) &&
	       source != PUMORI_NO_TILE &&
	       program->tiles[source].space == PUMORI_ISA_MEMORY &&
	       program->tiles[source].kind == PUMORI_KIND_WEIGHTS;
}

bool pumori_is_preload(const struct pumori_tile_program *program,
		       const struct pumori_tile_instruction *instruction)
{
	uint32_t tile = instruction->tiles[PUMORI_TILE_OUT];

	return tile != PUMORI_NO_TILE && program->tiles[tile].preloaded &&
	       loads_weights(program, instruction);
}

struct candidate {
	uint64_t bytes;
	uint32_t tile;
};

static int by_size(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	return a->tile < b->tile ? -1 : a->tile > b->tile;
}

int pumori_choose_preload(struct pumori_tile_program *program, uint64_t limit)
{
	struct candidate *candidates = calloc(program->tile_count + 1, sizeof(*candidates));
	bool *loaded = calloc(program->tile_count + 1, sizeof(*loaded));
	bool *changed = calloc(program->tile_count + 1, sizeof(*changed));
	uint64_t total = 0;
	uint32_t count = 0;

	if (!candidates || !loaded || !changed) {
		free(candidates);
		free(loaded);
		free(changed);
		return pumori_tile_fail(program, -ENOMEM, "memory");
	}
	for (uint32_t i = 0; i < program->instruction_count; i++) {
		const struct pumori_tile_instruction *instruction = &program->instructions[i];
		uint32_t out = instruction->tiles[PUMORI_TILE_OUT];
		uint32_t sum = instruction->tiles[PUMORI_TILE_ACCUMULATOR];

		if (sum != PUMORI_NO_TILE)
			changed[sum] = true;
		if (out != PUMORI_NO_TILE && loads_weights(program, instruction))
			loaded[out] = true;
		else if (out != PUMORI_NO_TILE)
			changed[out] = true;
	}
	for (uint32_t t = 0; t < program->tile_count; t++) {
		program->tiles[t].preloaded = false;
		if (loaded[t] && !changed[t] && program->tiles[t].space == PUMORI_ISA_SBUF)
			candidates[count++] = (struct candidate){ program->tiles[t].bytes, t };
	}
	qsort(candidates, count, sizeof(*candidates), by_size);
	for (uint32_t i = 0; i < count; i++) {
		struct pumori_tile *tile = &program->tiles[candidates[i].tile];
		uint64_t bytes = (tile->bytes + PUMORI_TILE_ALIGNMENT - 1) /
				 PUMORI_TILE_ALIGNMENT * PUMORI_TILE_ALIGNMENT;

		if (total + bytes > limit)
			break;
		tile->preloaded = true;
		tile->address = total;
		total += bytes;
	}
	program->preloaded_bytes = total;
	free(candidates);
	free(loaded);
	free(changed);
	return 0;
}
