// SPDX-License-Identifier: MIT
/* CAST, UNARY, BINARY, SELECT, QUANTIZE. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lower.h"

static void cast_core(struct pumori_lowering *lowering, const struct pumori_node *node,
		      const struct pumori_place *out, const struct pumori_place *inputs)
{
	bool from_float = pumori_isa_is_float(inputs[0].dtype);

	(void)node;
	if (out->dtype == PUMORI_ISA_BOOL && inputs[0].dtype != PUMORI_ISA_BOOL)
		pumori_emit(lowering->program, &(struct pumori_emit){
			.opcode = PUMORI_ISA_TENSOR_SCALAR, .out = out, .in = { &inputs[0] },
			.op0 = PUMORI_ISA_ALU_NOT_EQUAL,
			.compute = pumori_compute_type(inputs[0].dtype) });
	else if (from_float && !pumori_isa_is_float(out->dtype))
		pumori_emit_activate(lowering->program, out, &inputs[0],
				     PUMORI_ISA_FUNCTION_TRUNCATE, 1.0f, 0.0f, 0.0f, 0.0f);
	else
		pumori_move(lowering->program, out, &inputs[0]);
}

void pumori_lower_cast(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 0, cast_core);
}

static void scalar_integer(struct pumori_lowering *lowering, const struct pumori_place *out,
			   const struct pumori_place *in, enum pumori_isa_alu_op op, int32_t value,
			   unsigned int modifiers)
{
	pumori_emit(lowering->program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_TENSOR_SCALAR, .out = out, .in = { in }, .op0 = op,
		.compute = pumori_compute_type(in->dtype), .modifiers = modifiers,
		.imm = { (uint32_t)value } });
}

static void integer_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			 const struct pumori_place *out, const struct pumori_place *in)
{
	struct pumori_tile_program *program = lowering->program;
	unsigned int compute = pumori_compute_type(in->dtype);
	struct pumori_place other;

	switch (node->attributes.unary.function) {
	case PUMORI_UNARY_IDENTITY:
		pumori_move(program, out, in);
		break;
	case PUMORI_UNARY_NOT:
		if (in->dtype == PUMORI_ISA_BOOL)
			scalar_integer(lowering, out, in, PUMORI_ISA_ALU_EQUAL, 0, 0);
		else
			scalar_integer(lowering, out, in, PUMORI_ISA_ALU_BIT_XOR, -1, 0);
		break;
	case PUMORI_UNARY_NEGATE:
		scalar_integer(lowering, out, in, PUMORI_ISA_ALU_SUBTRACT, 0,
			       PUMORI_ISA_REVERSE0);
		break;
	case PUMORI_UNARY_RELU:
		scalar_integer(lowering, out, in, PUMORI_ISA_ALU_MAX, 0, 0);
		break;
	case PUMORI_UNARY_ABS:
	case PUMORI_UNARY_SIGN:
		other = pumori_lower_temporary(lowering, in->dtype, in->rank, in->shape, in->rows);
		if (node->attributes.unary.function == PUMORI_UNARY_ABS) {
			scalar_integer(lowering, &other, in, PUMORI_ISA_ALU_SUBTRACT, 0,
				       PUMORI_ISA_REVERSE0);
			pumori_emit_binary(program, out, in, &other, PUMORI_ISA_ALU_MAX, compute);
			break;
		}
		scalar_integer(lowering, &other, in, PUMORI_ISA_ALU_MIN, 1, 0);
		scalar_integer(lowering, out, &other, PUMORI_ISA_ALU_MAX, -1, 0);
		break;
	default:
		pumori_tile_fail(program, -ENOTSUP, "function '%s' of integers has no lowering",
				 pumori_unary_name(node->attributes.unary.function));
	}
}

static void unary_core(struct pumori_lowering *lowering, const struct pumori_node *node,
		       const struct pumori_place *out, const struct pumori_place *in)
{
	const struct pumori_activation *function = &node->attributes.unary;
	struct pumori_tile_program *program = lowering->program;
	struct pumori_place magnitude;
	float infinity = INFINITY;

	if (!pumori_isa_is_float(in->dtype)) {
		integer_core(lowering, node, out, in);
		return;
	}
	switch (function->function) {
	case PUMORI_UNARY_IS_NAN:
		pumori_emit_binary(program, out, in, in, PUMORI_ISA_ALU_NOT_EQUAL,
				   PUMORI_ISA_FP32);
		break;
	case PUMORI_UNARY_IS_INF:
		if (function->alpha != 0.0f && function->beta != 0.0f) {
			magnitude = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank,
							   in->shape, in->rows);
			pumori_emit_activate(program, &magnitude, in, PUMORI_ISA_FUNCTION_ABS, 1.0f,
					     0.0f, 0.0f, 0.0f);
			in = &magnitude;
		} else if (function->alpha == 0.0f && function->beta == 0.0f) {
			pumori_emit_fill(program, out, 0.0);
			break;
		} else if (function->beta != 0.0f) {
			infinity = -INFINITY;
		}
		pumori_emit_scalar(program, out, in, PUMORI_ISA_ALU_EQUAL, infinity,
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
		break;
	default:
		pumori_lower_activation(lowering, out, in, function, 1.0f, 0.0f);
	}
}

void pumori_lower_unary(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 0, unary_core);
}

static const struct {
	unsigned char operation, integer_operation;
	bool needs_sign;	/* unsigned 64-bit operands would be taken for signed ones */
} binary_table[PUMORI_BINARY_COUNT] = {
#define SAME(name, operation) [PUMORI_BINARY_##name] = { PUMORI_ISA_ALU_##operation, \
							PUMORI_ISA_ALU_##operation, false }
#define SIGNED(name, operation) [PUMORI_BINARY_##name] = { PUMORI_ISA_ALU_##operation, \
							  PUMORI_ISA_ALU_##operation, true }
	SAME(ADD, ADD), SAME(SUBTRACT, SUBTRACT), SAME(MULTIPLY, MULTIPLY), SIGNED(DIVIDE, DIVIDE),
	SAME(POWER, POWER), SIGNED(MINIMUM, MIN), SIGNED(MAXIMUM, MAX),
	SIGNED(MODULO, MODULO_FLOOR), SIGNED(REMAINDER, MODULO), SAME(EQUAL, EQUAL),
	SIGNED(LESS, LESS), SIGNED(LESS_OR_EQUAL, LESS_EQUAL), SIGNED(GREATER, GREATER),
	SIGNED(GREATER_OR_EQUAL, GREATER_EQUAL), SAME(SHIFT_LEFT, SHIFT_LEFT),
	SAME(SHIFT_RIGHT, SHIFT_RIGHT_LOGICAL),
	[PUMORI_BINARY_AND] = { PUMORI_ISA_ALU_LOGICAL_AND, PUMORI_ISA_ALU_BIT_AND, false },
	[PUMORI_BINARY_OR] = { PUMORI_ISA_ALU_LOGICAL_OR, PUMORI_ISA_ALU_BIT_OR, false },
	[PUMORI_BINARY_XOR] = { PUMORI_ISA_ALU_LOGICAL_XOR, PUMORI_ISA_ALU_BIT_XOR, false },
#undef SAME
#undef SIGNED
};

/* Is the operand one value, so that an immediate can stand for it? */
static bool immediate_of(const struct pumori_tensor *tensor, unsigned int compute, uint32_t *bits)
{
	size_t count = pumori_type_elements(&tensor->type);
	size_t bytes = pumori_element_bytes(tensor->type.element);
	const uint8_t *data = tensor->data;
	int64_t integer = 0;
	double value;

	if (!pumori_tensor_is_constant(tensor) || !count)
		return false;
	if (compute == PUMORI_ISA_FP32) {
		if (!pumori_tensor_is_uniform(tensor, &value))
			return false;
		*bits = pumori_float_bits((float)value);
		return true;
	}
	for (size_t i = 1; i < count; i++)
		if (memcmp(data, data + i * bytes, bytes))
			return false;
	memcpy(&integer, data, bytes);
	if (bytes < 8 && pumori_element_is_signed(tensor->type.element))
		integer = (int64_t)((uint64_t)integer << (64 - 8 * bytes)) >> (64 - 8 * bytes);
	if (integer != (int32_t)integer)
		return false;
	*bits = (uint32_t)integer;
	return true;
}

/* Is there one element a partition, in a type that TENSOR_SCALAR takes? */
static bool one_a_row(const struct pumori_place *place, unsigned int compute)
{
	return (place->dtype == compute || place->dtype == PUMORI_ISA_FP32) &&
	       pumori_place_is_column(place);
}

static bool commutes(unsigned int operation)
{
	return operation == PUMORI_ISA_ALU_ADD || operation == PUMORI_ISA_ALU_MULTIPLY;
}

static void binary_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			const struct pumori_place *out, const struct pumori_place *inputs)
{
	const struct pumori_activation *activation = &node->attributes.binary.activation;
	unsigned int function = node->attributes.binary.function;
	unsigned int dtype = inputs[0].dtype, compute = pumori_compute_type(dtype), operation;
	struct pumori_place result = *out, wide;
	bool fused = activation->function == PUMORI_UNARY_RELU;
	uint32_t bits;

	operation = dtype == PUMORI_ISA_BOOL || compute == PUMORI_ISA_FP32 ?
		    binary_table[function].operation : binary_table[function].integer_operation;
	if (compute == PUMORI_ISA_INT64 && dtype == PUMORI_ISA_UINT64 &&
	    (binary_table[function].needs_sign || operation == PUMORI_ISA_ALU_POWER)) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "'%s' of uint64 has no lowering",
				 pumori_binary_name(function));
		return;
	}
	if (activation->function != PUMORI_UNARY_IDENTITY && out->dtype != PUMORI_ISA_FP32)
		result = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, out->rank, out->shape,
						out->rows);
	for (unsigned int i = 2; i-- > 0;) {
		struct pumori_emit emit = { .opcode = PUMORI_ISA_TENSOR_SCALAR,
					    .op0 = operation, .compute = compute };
		const struct pumori_place *other = &inputs[1 - i];

		if (i == 0 && !commutes(operation))
			emit.modifiers = PUMORI_ISA_REVERSE0;
		if (immediate_of(node->inputs[i], compute, &bits)) {
			emit.imm[0] = bits;
		} else if (one_a_row(&inputs[i], compute) && !one_a_row(other, compute)) {
			emit.in[1] = &inputs[i];
			emit.in_mode[1] = PUMORI_WALK_ROW;
		} else {
			continue;
		}
		/* The other operand must have its own rows: its shape leads. */
		emit.in[0] = other;
		emit.out = fused ? out : &result;
		if (fused)
			emit.op1 = PUMORI_ISA_ALU_MAX;
		pumori_emit(lowering->program, &emit);
		if (!fused && activation->function != PUMORI_UNARY_IDENTITY)
			pumori_lower_activation(lowering, out, &result, activation, 1.0f, 0.0f);
		return;
	}
	wide = result;
	pumori_emit_binary(lowering->program, &wide, &inputs[0], &inputs[1], operation, compute);
	if (activation->function != PUMORI_UNARY_IDENTITY)
		pumori_lower_activation(lowering, out, &wide, activation, 1.0f, 0.0f);
}

void pumori_lower_binary(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 0, binary_core);
}

static void select_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			const struct pumori_place *out, const struct pumori_place *inputs)
{
	(void)node;
	pumori_emit(lowering->program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_SELECT, .out = out,
		.in = { &inputs[0], &inputs[1], &inputs[2] },
		.compute = pumori_compute_type(out->dtype) });
}

void pumori_lower_select(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 0, select_core);
}

/* An operand of QUANTIZE: an immediate, one element a row, or the output's shape. */
static void quantize_operand(struct pumori_lowering *lowering, const struct pumori_node *node,
			     struct pumori_place *places, unsigned int index, unsigned int dtype,
			     struct pumori_emit *emit)
{
	struct pumori_place *place = &places[index];
	uint32_t bits;

	if (immediate_of(node->inputs[index], dtype, &bits)) {
		emit->imm[index - 1] = bits;
		return;
	}
	if (place->dtype != dtype) {
		struct pumori_place wide = pumori_lower_temporary(lowering, dtype, place->rank,
								  place->shape, place->rows);

		pumori_move(lowering->program, &wide, place);
		*place = wide;
	}
	emit->in[index] = place;
	if (pumori_place_is_column(place))
		emit->in_mode[index] = PUMORI_WALK_ROW;
}

static void quantize_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			  const struct pumori_place *out, const struct pumori_place *inputs)
{
	struct pumori_place places[3] = { inputs[0], inputs[1], inputs[2] };
	bool is_signed = out->dtype == PUMORI_ISA_INT8;
	struct pumori_emit emit = {
		.opcode = PUMORI_ISA_QUANTIZE, .out = out, .in = { &places[0] },
		.op0 = node->attributes.quantize.multiply ? PUMORI_ISA_ALU_MULTIPLY :
							    PUMORI_ISA_ALU_DIVIDE,
		.imm = { 0, 0, (uint32_t)(is_signed ? -128 : 0), is_signed ? 127 : 255 } };

	quantize_operand(lowering, node, places, 1, PUMORI_ISA_FP32, &emit);
	/* The zero point of sums is an immediate: in2 is what is added before they are scaled. */
	if (places[0].dtype == PUMORI_ISA_INT32 &&
	    !immediate_of(node->inputs[2], PUMORI_ISA_INT32, &emit.imm[1])) {
		pumori_tile_fail(lowering->program, -ENOTSUP,
				 "a zero point of sums that depends on the data");
		return;
	}
	quantize_operand(lowering, node, places, 2, PUMORI_ISA_INT32, &emit);
	pumori_emit(lowering->program, &emit);
}

void pumori_lower_quantize(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 0, quantize_core);
}
