// SPDX-License-Identifier: MIT
/* The builder: compute instructions over whole places. */
#include <errno.h>
#include <string.h>

#include "emit.h"

uint32_t pumori_float_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

unsigned int pumori_compute_type(unsigned int dtype)
{
	switch (dtype) {
	case PUMORI_ISA_UINT32:
	case PUMORI_ISA_INT64:
	case PUMORI_ISA_UINT64:
		return PUMORI_ISA_INT64;
	case PUMORI_ISA_BOOL:
	case PUMORI_ISA_INT8:
	case PUMORI_ISA_UINT8:
	case PUMORI_ISA_INT16:
	case PUMORI_ISA_UINT16:
	case PUMORI_ISA_INT32:
		return PUMORI_ISA_INT32;
	default:
		return PUMORI_ISA_FP32;
	}
}

/* Extent 1 along inner axes where a place is walked without them: one shape for the walk. */
void pumori_emit(struct pumori_tile_program *program, const struct pumori_emit *emit)
{
	const struct pumori_place *places[PUMORI_WALK_PLACES];
	enum pumori_walk_mode modes[PUMORI_WALK_PLACES];
	int position[PUMORI_WALK_PLACES];
	struct pumori_walk walk;
	unsigned int count = 0, leader = 0;

	if (program->error)
		return;
	/* The walk takes its shape from the first place: one that has all dimensions. */
	for (int i = 0; i < 3; i++) {
		if (!emit->in[i])
			continue;
		position[count] = i + 1;
		modes[count] = emit->in_mode[i];
		places[count++] = emit->in[i];
	}
	position[count] = 0;
	modes[count] = emit->out_mode;
	places[count++] = emit->out;
	if (emit->accumulator) {
		position[count] = PUMORI_TILE_ACCUMULATOR;
		modes[count] = PUMORI_WALK_ROW;
		places[count++] = emit->accumulator;
	}
	while (leader + 1 < count && (modes[leader] != PUMORI_WALK_ALL || places[leader]->spread))
		leader++;
	if (leader) {
		const struct pumori_place *place = places[0];
		enum pumori_walk_mode mode = modes[0];
		int where = position[0];

		places[0] = places[leader];
		modes[0] = modes[leader];
		position[0] = position[leader];
		places[leader] = place;
		modes[leader] = mode;
		position[leader] = where;
	}
	pumori_walk_begin(&walk, program, places, modes, count, emit->inner);
	while (pumori_walk_next(&walk)) {
		struct pumori_tile_instruction *instruction = pumori_tile_append(program,
										emit->opcode);
		struct pumori_isa_compute *compute;

		if (!instruction)
			return;
		compute = &instruction->isa.compute;
		for (unsigned int p = 0; p < count; p++) {
			instruction->tiles[position[p]] = places[p]->tile;
			if (position[p] == PUMORI_TILE_ACCUMULATOR) {
				compute->accumulator_space = PUMORI_ISA_SBUF;
				compute->accumulator_offset = walk.operand[p].offset;
			} else if (position[p] == 0) {
				compute->out = walk.operand[p];
			} else {
				compute->in[position[p] - 1] = walk.operand[p];
			}
		}
		compute->op0 = emit->op0;
		compute->op1 = emit->op1;
		compute->compute = emit->compute ? emit->compute : PUMORI_ISA_FP32;
		if (emit->opcode == PUMORI_ISA_REDUCE)
			compute->axes = walk.inner_dims ? walk.inner_dims : 1;
		compute->modifiers = emit->modifiers;
		memcpy(compute->imm, emit->imm, sizeof(compute->imm));
	}
}

void pumori_emit_fill(struct pumori_tile_program *program, const struct pumori_place *out,
		      double value)
{
	struct pumori_emit emit = { .opcode = PUMORI_ISA_MEMSET, .out = out,
				    .compute = pumori_compute_type(out->dtype) };

	emit.imm[0] = emit.compute == PUMORI_ISA_FP32 ? pumori_float_bits((float)value) :
							(uint32_t)(int32_t)value;
	if (emit.compute != PUMORI_ISA_FP32 && (double)(int32_t)value != value)
		pumori_tile_fail(program, -ENOTSUP, "a fill value beyond 32 bits");
	pumori_emit(program, &emit);
}

void pumori_emit_activate(struct pumori_tile_program *program, const struct pumori_place *out,
			  const struct pumori_place *in, enum pumori_isa_function function,
			  float scale, float bias, float alpha, float beta)
{
	pumori_emit(program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_ACTIVATE, .out = out, .in = { in }, .op0 = function,
		.imm = { pumori_float_bits(alpha), pumori_float_bits(beta),
			 pumori_float_bits(scale), pumori_float_bits(bias) } });
}

void pumori_emit_scalar(struct pumori_tile_program *program, const struct pumori_place *out,
			const struct pumori_place *in, enum pumori_isa_alu_op op0, float imm0,
			enum pumori_isa_alu_op op1, float imm1)
{
	pumori_emit(program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_TENSOR_SCALAR, .out = out, .in = { in }, .op0 = op0,
		.op1 = op1, .imm = { pumori_float_bits(imm0), pumori_float_bits(imm1) } });
}

void pumori_emit_binary(struct pumori_tile_program *program, const struct pumori_place *out,
			const struct pumori_place *a, const struct pumori_place *b,
			enum pumori_isa_alu_op op, unsigned int compute)
{
	pumori_emit(program, &(struct pumori_emit){ .opcode = PUMORI_ISA_TENSOR_TENSOR, .out = out,
						    .in = { a, b }, .op0 = op,
						    .compute = compute });
}

void pumori_emit_reduce(struct pumori_tile_program *program, const struct pumori_place *out,
			const struct pumori_place *in, enum pumori_isa_alu_op op,
			unsigned int inner)
{
	pumori_emit(program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_REDUCE, .out = out, .out_mode = PUMORI_WALK_OUTER,
		.in = { in }, .inner = inner, .op0 = op,
		.compute = pumori_compute_type(in->dtype) });
}

/* Fill @count elements from @from of each row, by @lines lines @pitch apart. */
static void fill_lines(struct pumori_tile_program *program, const struct pumori_place *place,
		       int64_t from, int64_t lines, int64_t pitch, int64_t count, double value)
{
	struct pumori_place strip = *place;
	int64_t shape[PUMORI_MAX_RANK];

	if (!count || !lines)
		return;
	memcpy(shape, place->shape, sizeof(shape));
	strip.shape[strip.rank - 2] = lines;
	strip.shape[strip.rank - 1] = count;
	strip.step[strip.rank - 2] = pitch;
	strip.step[strip.rank - 1] = 1;
	strip.offset = from;
	pumori_emit_fill(program, &strip, value);
}

void pumori_emit_halo(struct pumori_tile_program *program, const struct pumori_place *place,
		      double value)
{
	int64_t height = place->shape[place->rank - 2], width = place->shape[place->rank - 1];
	int64_t pitch = place->step[place->rank - 2];
	int64_t start = place->offset - place->halo[1] - place->halo[0] * pitch;
	int64_t below = place->offset + height * pitch - (pitch - width);

	/* Above with the first left margin; between the rows; below with the last right margin. */
	fill_lines(program, place, start, 1, 1, place->offset - start, value);
	fill_lines(program, place, place->offset + width, height - 1, pitch, pitch - width, value);
	fill_lines(program, place, below, 1, 1, (pitch - width) + place->halo[2] * pitch, value);
}
