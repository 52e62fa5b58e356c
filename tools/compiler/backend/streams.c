// SPDX-License-Identifier: MIT
/* Engine choice: the stream of each instruction. */
#include "passes.h"

#define WEIGHTS_QUEUE PUMORI_ISA_DMA0
#define TENSORS_QUEUE (PUMORI_ISA_DMA0 + 1)

static uint8_t choose(const struct pumori_tile_program *program,
		      const struct pumori_tile_instruction *instruction)
{
	const struct pumori_isa_instruction *isa = &instruction->isa;
	uint32_t source = instruction->tiles[PUMORI_TILE_IN0];

	switch (isa->opcode) {
	case PUMORI_ISA_LOAD_STATIONARY:
	case PUMORI_ISA_MULTIPLY_MOVING:
		return PUMORI_ISA_TENSOR;
	case PUMORI_ISA_ACTIVATE:
		return PUMORI_ISA_SCALAR;
	case PUMORI_ISA_IOTA:
	case PUMORI_ISA_GATHER:
	case PUMORI_ISA_SCATTER:
		return PUMORI_ISA_GPSIMD;
	case PUMORI_ISA_DMA_COPY:
	case PUMORI_ISA_DMA_GATHER:
	case PUMORI_ISA_DMA_SCATTER:
		/* Weights wait for nobody: in a queue of their own they run ahead. */
		return source != PUMORI_NO_TILE &&
		       program->tiles[source].kind == PUMORI_KIND_WEIGHTS ?
		       WEIGHTS_QUEUE : TENSORS_QUEUE;
	default:
		return isa->compute.compute == PUMORI_ISA_INT64 ? PUMORI_ISA_GPSIMD :
								  PUMORI_ISA_VECTOR;
	}
}

int pumori_assign_streams(struct pumori_tile_program *program)
{
	for (uint32_t i = 0; i < program->instruction_count; i++)
		program->instructions[i].stream = choose(program, &program->instructions[i]);
	return program->error;
}
