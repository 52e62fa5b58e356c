// SPDX-License-Identifier: MIT
/* The tensor engine's instructions and the evacuation of PSUM. */
#include <errno.h>
#include <string.h>

#include "matrix.h"

unsigned int pumori_matrix_sum(unsigned int dtype)
{
	return dtype == PUMORI_ISA_INT8 || dtype == PUMORI_ISA_UINT8 ? PUMORI_ISA_INT32 :
								       PUMORI_ISA_FP32;
}

void pumori_matrix_load(struct pumori_tile_program *program, uint32_t tile,
			const struct pumori_isa_operand *operand, bool transposed)
{
	struct pumori_tile_instruction *instruction =
		pumori_tile_append(program, PUMORI_ISA_LOAD_STATIONARY);

	if (!instruction)
		return;
	instruction->tiles[PUMORI_TILE_IN0] = tile;
	instruction->isa.compute.in[0] = *operand;
	instruction->isa.compute.compute = PUMORI_ISA_FP32;
	if (transposed)
		instruction->isa.compute.modifiers = PUMORI_ISA_LOAD_TRANSPOSED;
}

void pumori_matrix_multiply(struct pumori_tile_program *program, uint32_t psum, int64_t bank,
			    int64_t rows, uint32_t tile, const struct pumori_isa_operand *moving,
			    bool accumulate)
{
	struct pumori_tile_instruction *instruction =
		pumori_tile_append(program, PUMORI_ISA_MULTIPLY_MOVING);
	unsigned int columns = 1;

	if (!instruction)
		return;
	for (unsigned int i = 0; i < moving->dims; i++)
		columns *= moving->count[i];
	instruction->tiles[PUMORI_TILE_IN0] = tile;
	instruction->tiles[PUMORI_TILE_OUT] = psum;
	instruction->isa.compute.in[0] = *moving;
	instruction->isa.compute.out = (struct pumori_isa_operand){
		.space = PUMORI_ISA_PSUM, .dtype = pumori_matrix_sum(moving->dtype), .partition_count = rows,
		.partition_step = 1, .dims = 1, .offset = bank * 4, .count = { columns },
		.step = { 1 } };
	instruction->isa.compute.compute = pumori_matrix_sum(moving->dtype);
	if (accumulate)
		instruction->isa.compute.modifiers = PUMORI_ISA_ACCUMULATE;
}

bool pumori_matrix_bias(const struct pumori_activation *activation, float *bias, size_t count)
{
	struct pumori_function function;
	bool any = false;

	if (!pumori_activation_function(activation, &function))
		function = (struct pumori_function){ .scale = 1.0f };
	for (size_t i = 0; i < count; i++) {
		bias[i] = bias[i] * function.scale + function.bias;
		any = any || bias[i] != 0.0f;
	}
	return any;
}

void pumori_matrix_evacuate(struct pumori_lowering *lowering, const struct pumori_place *out,
			    const struct pumori_place *psum,
			    const struct pumori_activation *activation, float scale,
			    const struct pumori_place *bias)
{
	struct pumori_function function;
	struct pumori_emit emit = { .opcode = PUMORI_ISA_ACTIVATE, .out = out, .in = { psum } };
	struct pumori_place wide = *out;
	bool simple = pumori_activation_function(activation, &function);

	/* Sums of integers leave as they are, exactly. */
	if (psum->dtype == PUMORI_ISA_INT32) {
		emit.opcode = PUMORI_ISA_COPY;
		pumori_emit(lowering->program, &emit);
		return;
	}
	if (!simple) {
		function = (struct pumori_function){ .scale = 1.0f };
		wide = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, out->rank, out->shape,
					      out->rows);
		emit.out = &wide;
	}
	emit.op0 = function.function;
	emit.imm[0] = pumori_float_bits(function.alpha);
	emit.imm[1] = pumori_float_bits(function.beta);
	emit.imm[2] = pumori_float_bits(function.scale * scale);
	if (bias) {
		emit.in[2] = bias;
		emit.in_mode[2] = PUMORI_WALK_ROW;
	} else {
		emit.imm[3] = pumori_float_bits(function.bias);
	}
	pumori_emit(lowering->program, &emit);
	if (!simple)
		pumori_lower_activation(lowering, out, &wide, activation, 1.0f, 0.0f);
}
