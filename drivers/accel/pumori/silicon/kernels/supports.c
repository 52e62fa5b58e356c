// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Which compute instructions the kernels execute. The decoder asks before anything runs: what passes
 * here never meets a case that a kernel does not handle.
 */
#include "../kernels.h"

/* Keeps cursors and element counts of any instruction far inside 32 bits. */
#define ELEMENTS_MAX	(1u << 24)
#define WINDOW_TAPS_MAX	4096u

struct shape {
	u32 partitions;
	u32 count[4];	/* right-aligned */
	u32 elements;	/* of a partition */
	u8 dims;
	u8 dtype;
	bool present;
};

#define COMPUTE_FP32	(1u << PUMORI_ISA_FP32)
#define COMPUTE_INT32	(1u << PUMORI_ISA_INT32)
#define COMPUTE_INT64	(1u << PUMORI_ISA_INT64)
#define COMPUTE_NONE	(1u << PUMORI_ISA_NONE)
#define COMPUTE_ALL	(COMPUTE_FP32 | COMPUTE_INT32 | COMPUTE_INT64)
/* The instruction moves or casts directly; a compute type may stand there and means nothing. */
#define COMPUTE_ANY	(COMPUTE_ALL | COMPUTE_NONE)

struct rule {
	u8 inputs;	/* tensors, in[0] on */
	u8 columns;	/* optional [P,1] operands that may follow */
	u32 compute;
	u16 modifiers;
	bool shaped;	/* these operands may have out's shape, and types of their own */
};

static const struct rule rules[PUMORI_ISA_OPCODE_LIMIT] = {
	[PUMORI_ISA_LOAD_STATIONARY] = { 1, 0, COMPUTE_ANY, PUMORI_ISA_LOAD_TRANSPOSED | PUMORI_ISA_BUFFER1, false },
	[PUMORI_ISA_MULTIPLY_MOVING] = { 1, 2, COMPUTE_ANY,
				       PUMORI_ISA_ACCUMULATE | PUMORI_ISA_BUFFER1 | PUMORI_ISA_STREAMED, false },
	[PUMORI_ISA_TENSOR_TENSOR] = { 2, 0, COMPUTE_ALL, PUMORI_ISA_REVERSE0 | PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_TENSOR_SCALAR] = { 1, 2, COMPUTE_ALL,
				       PUMORI_ISA_REVERSE0 | PUMORI_ISA_REVERSE1 | PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_SCALAR_TENSOR_TENSOR] = { 2, 1, COMPUTE_ALL,
					      PUMORI_ISA_REVERSE0 | PUMORI_ISA_REVERSE1 | PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_COPY] = { 1, 1, COMPUTE_ANY, PUMORI_ISA_CHECK_NAN | PUMORI_ISA_STOCHASTIC, true },
	[PUMORI_ISA_MEMSET] = { 0, 0, COMPUTE_ALL, PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_SELECT] = { 3, 0, COMPUTE_ALL, PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_REDUCE] = { 1, 0, COMPUTE_ALL, 0, false },
	[PUMORI_ISA_SCAN] = { 1, 0, COMPUTE_ALL, PUMORI_ISA_SCAN_EXCLUSIVE | PUMORI_ISA_SCAN_REVERSE, false },
	[PUMORI_ISA_TRANSPOSE] = { 1, 0, COMPUTE_ANY, 0, false },
	[PUMORI_ISA_QUANTIZE] = { 1, 2, COMPUTE_FP32, 0, true },
	[PUMORI_ISA_WINDOW_MULTIPLY] = { 2, 1, COMPUTE_FP32, PUMORI_ISA_ACCUMULATE | PUMORI_ISA_REVERSE0 |
					 PUMORI_ISA_REVERSE1 | PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_WINDOW_MAX] = { 1, 0, COMPUTE_FP32, PUMORI_ISA_ACCUMULATE | PUMORI_ISA_REVERSE0 |
				    PUMORI_ISA_REVERSE1 | PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_WINDOW_SUM] = { 1, 0, COMPUTE_FP32, PUMORI_ISA_ACCUMULATE | PUMORI_ISA_REVERSE0 |
				    PUMORI_ISA_REVERSE1 | PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_ACTIVATE] = { 1, 2, COMPUTE_FP32, PUMORI_ISA_CHECK_NAN, false },
	[PUMORI_ISA_IOTA] = { 0, 0, COMPUTE_ALL, 0, false },
	[PUMORI_ISA_RANDOM] = { 0, 1, COMPUTE_FP32 | COMPUTE_INT32, 0, true },
	[PUMORI_ISA_GATHER] = { 2, 0, COMPUTE_ANY, 0, false },
	[PUMORI_ISA_SCATTER] = { 2, 0, COMPUTE_ANY, PUMORI_ISA_SCATTER_ADD, false },
};

static bool dtype_known(u8 dtype)
{
	return silicon_dtype_size(dtype) != 0;
}

static bool dtype_integer(u8 dtype)
{
	return dtype >= PUMORI_ISA_INT8 && dtype <= PUMORI_ISA_UINT64;
}

/* Reads a pattern; false when its type is unknown or it has more elements than kernels count. */
static bool shape_read(const struct pumori_isa_operand *operand, struct shape *shape)
{
	u64 elements = 1;
	u32 d;

	memset(shape, 0, sizeof(*shape));
	shape->present = operand->space != PUMORI_ISA_UNUSED;
	if (!shape->present)
		return true;
	if (operand->dims < 1 || operand->dims > 4 || !dtype_known(operand->dtype))
		return false;
	shape->partitions = operand->partition_count;
	shape->dims = operand->dims;
	shape->dtype = operand->dtype;
	for (d = 0; d < 4; d++) {
		u32 unused = 4u - operand->dims;

		shape->count[d] = d < unused ? 1 : operand->count[d - unused];
		if (!shape->count[d])
			return false;
		elements *= shape->count[d];
		if (elements > ELEMENTS_MAX)
			return false;
	}
	shape->elements = (u32)elements;
	return true;
}

static bool shapes_equal(const struct shape *a, const struct shape *b)
{
	return a->partitions == b->partitions && a->count[0] == b->count[0] &&
	       a->count[1] == b->count[1] && a->count[2] == b->count[2] && a->count[3] == b->count[3];
}

static bool one_dimension(const struct shape *shape)
{
	return shape->count[3] == shape->elements;
}

static bool alu_supported(u8 operation, u8 compute)
{
	if (operation <= PUMORI_ISA_ALU_MODULO_FLOOR)
		return true;
	if (operation >= PUMORI_ISA_ALU_EQUAL && operation <= PUMORI_ISA_ALU_GREATER_EQUAL)
		return true;
	if (operation >= PUMORI_ISA_ALU_LOGICAL_AND && operation <= PUMORI_ISA_ALU_LOGICAL_XOR)
		return true;
	return compute != PUMORI_ISA_FP32 && operation >= PUMORI_ISA_ALU_BIT_AND &&
	       operation <= PUMORI_ISA_ALU_SHIFT_RIGHT_ARITHMETIC;
}

static bool reduction_supported(u8 operation, u8 compute)
{
	switch (operation) {
	case PUMORI_ISA_ALU_ADD:
	case PUMORI_ISA_ALU_MULTIPLY:
	case PUMORI_ISA_ALU_MAX:
	case PUMORI_ISA_ALU_MIN:
	case PUMORI_ISA_ALU_LOGICAL_AND:
	case PUMORI_ISA_ALU_LOGICAL_OR:
		return true;
	case PUMORI_ISA_ALU_BIT_AND:
	case PUMORI_ISA_ALU_BIT_OR:
	case PUMORI_ISA_ALU_BIT_XOR:
		return compute != PUMORI_ISA_FP32;
	default:
		return false;
	}
}

static bool reduce_supported(const struct pumori_isa_compute *compute, const struct shape *out,
			     const struct shape *in)
{
	u32 axes = compute->axes, d;

	if (axes < 1 || axes > in->dims || out->partitions != in->partitions ||
	    !reduction_supported(compute->op0, compute->compute))
		return false;
	for (d = 0; d < 4; d++) {
		u32 expected = d >= axes ? in->count[d - axes] : 1;

		if (out->count[d] != expected)
			return false;
	}
	return true;
}

static bool window_supported(const struct pumori_isa_compute *compute, u16 opcode, const struct shape *out,
			     const struct shape *in)
{
	u32 taps = in[0].count[2] * in[0].count[3];

	if (in[0].dims != 4 || out->partitions != in[0].partitions || out->count[0] != 1 || out->count[1] != 1 ||
	    out->count[2] != in[0].count[0] || out->count[3] != in[0].count[1])
		return false;
	if (!alu_supported(compute->op0, PUMORI_ISA_FP32) || !alu_supported(compute->op1, PUMORI_ISA_FP32))
		return false;
	if (opcode != PUMORI_ISA_WINDOW_MULTIPLY)
		return true;
	return taps <= WINDOW_TAPS_MAX && in[1].partitions == out->partitions && in[1].elements == taps &&
	       in[1].count[3] == in[0].count[3] && in[1].count[2] == in[0].count[2];
}

static bool tensor_supported(u16 opcode, const struct pumori_isa_compute *compute, const struct shape *out,
			     const struct shape *in)
{
	bool bytes = in->dtype == PUMORI_ISA_INT8 || in->dtype == PUMORI_ISA_UINT8;

	if ((in->dtype < PUMORI_ISA_FP32 || in->dtype > PUMORI_ISA_FP8E5M2) && !bytes)
		return false;
	if (in->partitions > PUMORI_ISA_STATIONARY_MAX || compute->op0 || compute->op1)
		return false;
	if (opcode == PUMORI_ISA_LOAD_STATIONARY)
		return !out->present && in->elements <= PUMORI_ISA_STATIONARY_MAX;
	if (out->elements != in->elements || in->elements > PUMORI_ISA_MOVING_MAX)
		return false;
	if (bytes)
		return out->dtype == PUMORI_ISA_INT32 && compute->compute == PUMORI_ISA_INT32 &&
		       (!in[1].present || in[1].dtype == PUMORI_ISA_INT32) &&
		       (!in[2].present || in[2].dtype == PUMORI_ISA_INT32);
	/* Zero points are of integers. */
	return out->dtype == PUMORI_ISA_FP32 && !in[1].present && !in[2].present && !compute->imm[0] &&
	       !compute->imm[1];
}

/* An operand with one element a partition, or with out's shape. */
static bool shape_broadcasts(const struct shape *in, const struct shape *out)
{
	return !in->present || shapes_equal(in, out) || (in->elements == 1 && in->partitions == out->partitions);
}

static bool quantize_supported(const struct pumori_isa_compute *compute, const struct shape *out,
			       const struct shape *in)
{
	s32 low, high, first = (s32)compute->imm[2], last = (s32)compute->imm[3], zero = (s32)compute->imm[1];

	if (!silicon_dtype_range(out->dtype, &low, &high) || !shapes_equal(out, &in[0]))
		return false;
	if (first < low || last > high || first > last || zero < low || zero > high)
		return false;
	if (compute->op0 != PUMORI_ISA_ALU_MULTIPLY && compute->op0 != PUMORI_ISA_ALU_DIVIDE)
		return false;
	return !compute->op1 && shape_broadcasts(&in[1], out) && shape_broadcasts(&in[2], out) &&
	       (!in[1].present || in[1].dtype == PUMORI_ISA_FP32) &&
	       (!in[2].present || in[2].dtype == PUMORI_ISA_INT32);
}

static bool seed_supported(const struct shape *in, const struct shape *out)
{
	return !in->present || (in->dtype == PUMORI_ISA_INT32 && in->elements == 1 && in->partitions == out->partitions);
}

static bool operands_supported(u16 opcode, const struct pumori_isa_compute *compute, const struct shape *out,
			       const struct shape *in)
{
	switch (opcode) {
	case PUMORI_ISA_LOAD_STATIONARY:
	case PUMORI_ISA_MULTIPLY_MOVING:
		return tensor_supported(opcode, compute, out, in);
	case PUMORI_ISA_TENSOR_TENSOR:
		return shapes_equal(out, &in[0]) && shapes_equal(out, &in[1]) &&
		       alu_supported(compute->op0, compute->compute);
	case PUMORI_ISA_SCALAR_TENSOR_TENSOR:
		if (!shapes_equal(out, &in[1]))
			return false;
		__attribute__((__fallthrough__));
	case PUMORI_ISA_TENSOR_SCALAR:
		return shapes_equal(out, &in[0]) && alu_supported(compute->op0, compute->compute) &&
		       alu_supported(compute->op1, compute->compute);
	case PUMORI_ISA_COPY:
		if (!(compute->modifiers & PUMORI_ISA_STOCHASTIC))
			return shapes_equal(out, &in[0]) && !in[1].present && !compute->imm[0];
		return shapes_equal(out, &in[0]) && seed_supported(&in[1], out) && out->dtype > PUMORI_ISA_FP32 &&
		       out->dtype <= PUMORI_ISA_FP8E5M2;
	case PUMORI_ISA_RANDOM:
		return seed_supported(&in[0], out);
	case PUMORI_ISA_SELECT:
		return shapes_equal(out, &in[0]) && shapes_equal(out, &in[1]) && shapes_equal(out, &in[2]);
	case PUMORI_ISA_REDUCE:
		return reduce_supported(compute, out, in);
	case PUMORI_ISA_SCAN:
		return shapes_equal(out, &in[0]) && compute->op0 != PUMORI_ISA_ALU_LOGICAL_AND &&
		       compute->op0 != PUMORI_ISA_ALU_LOGICAL_OR && reduction_supported(compute->op0, PUMORI_ISA_FP32);
	case PUMORI_ISA_TRANSPOSE:
		return out->dtype == in[0].dtype && out->partitions == in[0].elements &&
		       out->elements == in[0].partitions;
	case PUMORI_ISA_QUANTIZE:
		return quantize_supported(compute, out, in);
	case PUMORI_ISA_WINDOW_MULTIPLY:
	case PUMORI_ISA_WINDOW_MAX:
	case PUMORI_ISA_WINDOW_SUM:
		return window_supported(compute, opcode, out, in);
	case PUMORI_ISA_ACTIVATE:
		return shapes_equal(out, &in[0]) && compute->op0 <= PUMORI_ISA_FUNCTION_COS && !compute->op1;
	case PUMORI_ISA_GATHER:
		return shapes_equal(out, &in[1]) && out->dtype == in[0].dtype && dtype_integer(in[1].dtype) &&
		       one_dimension(&in[0]) && in[0].partitions == out->partitions;
	case PUMORI_ISA_SCATTER:
		if (compute->modifiers & PUMORI_ISA_SCATTER_ADD ? compute->compute == PUMORI_ISA_NONE :
								  out->dtype != in[0].dtype)
			return false;
		return shapes_equal(&in[0], &in[1]) && dtype_integer(in[1].dtype) && one_dimension(out) &&
		       in[0].partitions == out->partitions;
	default:
		return true;
	}
}

bool silicon_kernels_supports(u16 opcode, const struct pumori_isa_compute *compute)
{
	const struct rule *rule;
	struct shape out, in[3];
	u32 i;

	if (opcode >= PUMORI_ISA_OPCODE_LIMIT)
		return false;
	rule = &rules[opcode];
	if (!rule->compute || compute->compute > 31 || !(rule->compute & 1u << compute->compute))
		return false;
	if (compute->modifiers & ~rule->modifiers)
		return false;
	if (!shape_read(&compute->out, &out))
		return false;
	if (!out.present && opcode != PUMORI_ISA_LOAD_STATIONARY)
		return false;
	for (i = 0; i < 3; i++) {
		if (!shape_read(&compute->in[i], &in[i]))
			return false;
		if (i < rule->inputs && !in[i].present)
			return false;
		if (i < rule->inputs || !in[i].present)
			continue;
		/* An optional operand, one element a partition. */
		if (i >= (u32)rule->inputs + rule->columns)
			return false;
		if (rule->shaped)
			continue;
		if (in[i].elements != 1 ||
		    in[i].partitions != out.partitions ||
		    (in[i].dtype != PUMORI_ISA_FP32 && in[i].dtype != compute->compute))
			return false;
	}
	if (opcode != PUMORI_ISA_REDUCE && compute->axes)
		return false;
	if (opcode != PUMORI_ISA_ACTIVATE && compute->accumulator_space)
		return false;
	return operands_supported(opcode, compute, &out, in);
}
