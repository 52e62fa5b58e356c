// SPDX-License-Identifier: MIT
/* The tensor engine's instructions and the evacuation of PSUM. */
#include <errno.h>
#include <stdlib.h>
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

struct pumori_place pumori_matrix_pack(struct pumori_lowering *lowering, const float *values,
				       int64_t depth, int64_t columns, int64_t pitch,
				       unsigned int dtype)
{
	int64_t blocks = depth % PUMORI_ISA_PARTITIONS ? 1 : depth / PUMORI_ISA_PARTITIONS;
	int64_t shape[3] = { depth / blocks, blocks, columns };
	struct pumori_place place = { 0 };
	float *packed = malloc((size_t)depth * columns * sizeof(*packed) + 1), *to = packed;

	if (!packed) {
		pumori_tile_fail(lowering->program, -ENOMEM, "memory");
		return place;
	}
	for (int64_t row = 0; row < shape[0]; row++)
		for (int64_t block = 0; block < blocks; block++, to += columns)
			memcpy(to, values + (block * shape[0] + row) * pitch, columns * sizeof(*to));
	place = pumori_lower_weights(lowering, packed, dtype, 3, shape);
	free(packed);
	return place;
}

struct pumori_place pumori_matrix_fetch(struct pumori_lowering *lowering,
					const struct pumori_place *packed)
{
	int64_t shape[2] = { packed->shape[0] * packed->shape[1], packed->shape[2] };
	struct pumori_place tile = pumori_lower_temporary(lowering, packed->dtype, 3, packed->shape, 1);
	struct pumori_place place = pumori_place_template(packed->dtype, 2, shape, 1, NULL);

	pumori_move(lowering->program, &tile, packed);
	/* 128 rows a block: the same bytes as a matrix. */
	place.tile = tile.tile;
	return place;
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
