// SPDX-License-Identifier: MIT
/* Engine choice: the stream of each instruction. */
#include "passes.h"

/*
 * Weights wait for nobody: in queues of their own they run ahead. The other queues carry tensors.
 * In software one queue of each kind is enough.
 */
#define WEIGHTS_QUEUE PUMORI_ISA_DMA0
#define WEIGHTS_QUEUES 6

struct turns {
	unsigned int weights, tensors, copies;
};

static uint8_t choose(const struct pumori_tile_program *program,
		      const struct pumori_tile_instruction *instruction, bool overlap,
		      struct turns *turns)
{
	unsigned int weights = overlap ? WEIGHTS_QUEUES : 1;
	unsigned int tensors = overlap ? PUMORI_ISA_DMA_QUEUES - WEIGHTS_QUEUES : 1;
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
		if (source != PUMORI_NO_TILE &&
		    program->tiles[source].kind == PUMORI_KIND_WEIGHTS)
			return WEIGHTS_QUEUE + turns->weights++ % weights;
		return WEIGHTS_QUEUE + weights + turns->tensors++ % tensors;
	case PUMORI_ISA_COPY:
	case PUMORI_ISA_TENSOR_SCALAR:
		if (overlap && isa->compute.compute != PUMORI_ISA_INT64 && turns->copies++ % 2)
			return PUMORI_ISA_SCALAR;
		/* fallthrough */
	default:
		return isa->compute.compute == PUMORI_ISA_INT64 ? PUMORI_ISA_GPSIMD :
								  PUMORI_ISA_VECTOR;
	}
}

int pumori_assign_streams(struct pumori_tile_program *program, enum pumori_target target)
{
	struct turns turns = { 0 };

	for (uint32_t i = 0; i < program->instruction_count; i++)
		program->instructions[i].stream = choose(program, &program->instructions[i],
							 target == PUMORI_TARGET_SILICON, &turns);
	return program->error;
}
