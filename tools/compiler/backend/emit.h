/* SPDX-License-Identifier: MIT */
/*
 * The builder: instructions over whole places. Each function cuts its places into as many
 * instructions as rows, dimensions and counts demand.
 */
#ifndef PUMORI_COMPILER_EMIT_H
#define PUMORI_COMPILER_EMIT_H

#include "place.h"

/*
 * One compute instruction over places of one shape and one assignment of rows. @inner is the mask
 * of axes that stay innermost (what REDUCE reduces, SCAN runs along, GATHER indexes).
 */
struct pumori_emit {
	enum pumori_isa_opcode opcode;
	const struct pumori_place *out;
	const struct pumori_place *in[3];
	enum pumori_walk_mode out_mode, in_mode[3];
	const struct pumori_place *accumulator;	/* [rows] FP32 of the same rows as @out */
	unsigned int inner;
	unsigned int op0, op1;
	unsigned int compute;			/* 0: FP32 */
	unsigned int modifiers;
	uint32_t imm[4];
};

void pumori_emit(struct pumori_tile_program *program, const struct pumori_emit *emit);

uint32_t pumori_float_bits(float value);

/* Shorthands. */
void pumori_emit_fill(struct pumori_tile_program *program, const struct pumori_place *out,
		      double value);
/* out = function(in * scale + bias) */
void pumori_emit_activate(struct pumori_tile_program *program, const struct pumori_place *out,
			  const struct pumori_place *in, enum pumori_isa_function function,
			  float scale, float bias, float alpha, float beta);
/* out = (in op0 imm0) op1 imm1 in FP32 */
void pumori_emit_scalar(struct pumori_tile_program *program, const struct pumori_place *out,
			const struct pumori_place *in, enum pumori_isa_alu_op op0, float imm0,
			enum pumori_isa_alu_op op1, float imm1);
void pumori_emit_binary(struct pumori_tile_program *program, const struct pumori_place *out,
			const struct pumori_place *a, const struct pumori_place *b,
			enum pumori_isa_alu_op op, unsigned int compute);
/* out = reduction of @in over the axes @inner; out has extent 1 there, or is walked without them */
void pumori_emit_reduce(struct pumori_tile_program *program, const struct pumori_place *out,
			const struct pumori_place *in, enum pumori_isa_alu_op op,
			unsigned int inner);

/* The compute type for values of @dtype: FP32, INT32, or INT64 where 32 bits do not hold them. */
unsigned int pumori_compute_type(unsigned int dtype);

/* Zero the margins of a map's place. */
void pumori_emit_halo(struct pumori_tile_program *program, const struct pumori_place *place,
		      double value);

/*
 * Copy @source to @destination, places of one shape, wherever they lie and however their axes are
 * assigned (move.c).
 */
void pumori_move(struct pumori_tile_program *program, const struct pumori_place *destination,
		 const struct pumori_place *source);

/* Do two places of one shape have their rows on the same partitions' axes? */
bool pumori_same_rows(const struct pumori_place *a, const struct pumori_place *b);

#endif
