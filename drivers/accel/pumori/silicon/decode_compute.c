// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Compute instructions: which spaces an engine reaches, and what the kernels say they execute. */
#include "decode.h"
#include "helpers.h"
#include "kernels.h"

/* Fields that an opcode uses; what it does not use must be zero. */
#define USES_OP0	(1u << 0)
#define USES_OP1	(1u << 1)
#define USES_AXES	(1u << 2)
#define USES_IMM(n)	(1u << (4 + (n)))

static const u8 uses[PUMORI_ISA_OPCODE_LIMIT] = {
	[PUMORI_ISA_TENSOR_TENSOR] = USES_OP0,
	[PUMORI_ISA_TENSOR_SCALAR] = USES_OP0 | USES_OP1 | USES_IMM(0) | USES_IMM(1),
	[PUMORI_ISA_SCALAR_TENSOR_TENSOR] = USES_OP0 | USES_OP1 | USES_IMM(0),
	[PUMORI_ISA_COPY] = USES_IMM(0),
	[PUMORI_ISA_MEMSET] = USES_IMM(0),
	[PUMORI_ISA_RANDOM] = USES_IMM(0),
	[PUMORI_ISA_REDUCE] = USES_OP0 | USES_AXES,
	[PUMORI_ISA_SCAN] = USES_OP0,
	[PUMORI_ISA_MULTIPLY_MOVING] = USES_IMM(0) | USES_IMM(1),
	[PUMORI_ISA_QUANTIZE] = USES_OP0 | USES_IMM(0) | USES_IMM(1) | USES_IMM(2) | USES_IMM(3),
	[PUMORI_ISA_WINDOW_MULTIPLY] = USES_OP0 | USES_OP1 | USES_IMM(0) | USES_IMM(1),
	[PUMORI_ISA_WINDOW_MAX] = USES_OP0 | USES_OP1 | USES_IMM(0) | USES_IMM(1),
	[PUMORI_ISA_WINDOW_SUM] = USES_OP0 | USES_OP1 | USES_IMM(0) | USES_IMM(1),
	[PUMORI_ISA_ACTIVATE] = USES_OP0 | USES_IMM(0) | USES_IMM(1) | USES_IMM(2) | USES_IMM(3),
	[PUMORI_ISA_IOTA] = USES_IMM(0) | USES_IMM(1) | USES_IMM(2),
};

static bool unused_fields_zero(u16 opcode, const struct pumori_isa_compute *raw)
{
	u8 used = uses[silicon_clamp(opcode, PUMORI_ISA_OPCODE_LIMIT)];
	u32 i;

	for (i = 0; i < 4; i++)
		if (raw->imm[i] && !(used & USES_IMM(i)))
			return false;
	return (used & USES_OP0 || !raw->op0) && (used & USES_OP1 || !raw->op1) &&
	       (used & USES_AXES || !raw->axes);
}

static bool reaches(const struct silicon_decoder *decoder, const struct pumori_isa_operand *raw,
		    bool output)
{
	if (raw->space != PUMORI_ISA_PSUM)
		return true;
	/* TENSOR writes PSUM and reads SBUF; VECTOR and SCALAR do both; GPSIMD stays in SBUF. */
	if (decoder->stream == PUMORI_ISA_TENSOR)
		return output;
	return decoder->stream == PUMORI_ISA_VECTOR || decoder->stream == PUMORI_ISA_SCALAR;
}

enum silicon_refusal silicon_decode_compute(const struct silicon_decoder *decoder, u16 opcode,
					    const struct pumori_isa_compute *raw,
					    struct silicon_compute *out)
{
	enum silicon_refusal refusal;
	u32 i;

	if (raw->reserved || raw->reserved2 || raw->modifiers & ~PUMORI_ISA_MODIFIERS ||
	    !unused_fields_zero(opcode, raw))
		return SILICON_REFUSED_RESERVED;
	refusal = silicon_decode_operand(decoder, &raw->out, true, &out->out);
	if (refusal)
		return refusal;
	if (!reaches(decoder, &raw->out, true))
		return SILICON_REFUSED_SPACE;
	if (decoder->stream == PUMORI_ISA_TENSOR && raw->out.space == PUMORI_ISA_SBUF)
		return SILICON_REFUSED_SPACE;
	for (i = 0; i < 3; i++) {
		refusal = silicon_decode_operand(decoder, &raw->in[i], false, &out->in[i]);
		if (refusal)
			return refusal;
		if (!reaches(decoder, &raw->in[i], false))
			return SILICON_REFUSED_SPACE;
	}
	if (raw->compute == PUMORI_ISA_INT64 && decoder->stream != PUMORI_ISA_GPSIMD)
		return SILICON_REFUSED_DTYPE;

	if (raw->accumulator_space == PUMORI_ISA_SBUF) {
		if (opcode != PUMORI_ISA_ACTIVATE)
			return SILICON_REFUSED_SPACE;
		if (raw->accumulator_offset % 4)
			return SILICON_REFUSED_ALIGNMENT;
		if (raw->accumulator_offset > decoder->sbuf_bytes ||
		    decoder->sbuf_bytes - raw->accumulator_offset < 4)
			return SILICON_REFUSED_BOUNDS;
		out->accumulator = 1;
		out->accumulator_offset = raw->accumulator_offset;
	} else if (raw->accumulator_space || raw->accumulator_offset) {
		return SILICON_REFUSED_SPACE;
	}

	if (!silicon_kernels_supports(opcode, raw))
		return SILICON_REFUSED_UNSUPPORTED;
	for (i = 0; i < 4; i++)
		out->imm[i] = raw->imm[i];
	out->modifiers = raw->modifiers;
	out->op0 = raw->op0;
	out->op1 = raw->op1;
	out->compute = raw->compute;
	out->axes = raw->axes;
	return SILICON_REFUSED_NONE;
}
