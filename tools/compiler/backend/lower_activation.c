// SPDX-License-Identifier: MIT
/* Functions of one float: one ACTIVATE where the ISA has it, a short sequence where it has not. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lower.h"

/* The ISA's function plus one; 0 where it has none. */
static const unsigned char functions[PUMORI_UNARY_COUNT] = {
#define FUNCTION(name, function) [PUMORI_UNARY_##name] = PUMORI_ISA_FUNCTION_##function + 1
	FUNCTION(IDENTITY, IDENTITY),
	FUNCTION(RELU, RELU),
	FUNCTION(CLAMP, CLAMP),
	FUNCTION(LEAKY_RELU, LEAKY_RELU),
	FUNCTION(HARD_SIGMOID, CLAMP),
	FUNCTION(HARD_SWISH, HARD_SWISH),
	FUNCTION(SIGMOID, SIGMOID),
	FUNCTION(SILU, SILU),
	FUNCTION(TANH, TANH),
	FUNCTION(GELU, GELU),
	FUNCTION(GELU_TANH, GELU_TANH),
	FUNCTION(SOFTPLUS, SOFTPLUS),
	FUNCTION(ERF, ERF),
	FUNCTION(EXP, EXP),
	FUNCTION(LOG, LOG),
	FUNCTION(SQRT, SQRT),
	FUNCTION(RECIPROCAL, RECIPROCAL),
	FUNCTION(LINEAR, IDENTITY),
	FUNCTION(ABS, ABS),
	FUNCTION(NEGATE, IDENTITY),
	FUNCTION(SIGN, SIGN),
	FUNCTION(FLOOR, FLOOR),
	FUNCTION(CEIL, CEIL),
	FUNCTION(ROUND, ROUND),
	FUNCTION(SIN, SIN),
	FUNCTION(COS, COS),
#undef FUNCTION
};

bool pumori_activation_function(const struct pumori_activation *activation,
				struct pumori_function *function)
{
	*function = (struct pumori_function){ .scale = 1.0f };

	if (!functions[activation->function])
		return false;
	function->function = functions[activation->function] - 1;
	switch (activation->function) {
	case PUMORI_UNARY_CLAMP:
	case PUMORI_UNARY_LEAKY_RELU:
	case PUMORI_UNARY_HARD_SWISH:
		function->alpha = activation->alpha;
		function->beta = activation->beta;
		break;
	case PUMORI_UNARY_HARD_SIGMOID:
		function->scale = activation->alpha;
		function->bias = activation->beta;
		function->beta = 1.0f;
		break;
	case PUMORI_UNARY_LINEAR:
		function->scale = activation->alpha;
		function->bias = activation->beta;
		break;
	case PUMORI_UNARY_NEGATE:
		function->scale = -1.0f;
		break;
	default:
		break;
	}
	/* A parameter that the function does not read stays zero in the instruction. */
	if (function->function == PUMORI_ISA_FUNCTION_LEAKY_RELU)
		function->beta = 0.0f;
	return true;
}

static struct pumori_place like(struct pumori_lowering *lowering, const struct pumori_place *place)
{
	return pumori_lower_temporary(lowering, PUMORI_ISA_FP32, place->rank, place->shape,
				      place->rows);
}

/* a * b + c without an instruction of its own: two operations of TENSOR_SCALAR. */
static void multiply_add(struct pumori_tile_program *program, const struct pumori_place *out,
			 const struct pumori_place *in, float factor, float addend)
{
	pumori_emit_scalar(program, out, in, PUMORI_ISA_ALU_MULTIPLY, factor, PUMORI_ISA_ALU_ADD,
			   addend);
}

static void activate(struct pumori_tile_program *program, const struct pumori_place *out,
		     const struct pumori_place *in, enum pumori_isa_function function)
{
	pumori_emit_activate(program, out, in, function, 1.0f, 0.0f, 0.0f, 0.0f);
}

static void binary(struct pumori_tile_program *program, const struct pumori_place *out,
		   const struct pumori_place *a, const struct pumori_place *b,
		   enum pumori_isa_alu_op op)
{
	pumori_emit_binary(program, out, a, b, op, PUMORI_ISA_FP32);
}

/*
 * atan(x): by symmetry and atan(x) = pi/2 - atan(1/x) the argument comes into [0, 1], where an odd
 * minimax polynomial of degree 17 is good to about 2e-7.
 */
static void arctangent(struct pumori_lowering *lowering, const struct pumori_place *out,
		       const struct pumori_place *in)
{
	static const float coefficients[] = { 0.0028662257f, -0.0161657367f, 0.0429096138f,
					      -0.0752896400f, 0.1065626393f, -0.1420889944f,
					      0.1999355085f, -0.3333314528f };
	struct pumori_tile_program *program = lowering->program;
	struct pumori_place magnitude = like(lowering, in), inverse = like(lowering, in);
	struct pumori_place x = like(lowering, in), square = like(lowering, in);
	struct pumori_place sum = like(lowering, in), large = like(lowering, in);

	activate(program, &magnitude, in, PUMORI_ISA_FUNCTION_ABS);
	pumori_emit_scalar(program, &large, &magnitude, PUMORI_ISA_ALU_GREATER, 1.0f,
			   PUMORI_ISA_ALU_BYPASS, 0.0f);
	pumori_emit_scalar(program, &inverse, &magnitude, PUMORI_ISA_ALU_MAX, 1.0f,
			   PUMORI_ISA_ALU_BYPASS, 0.0f);
	activate(program, &inverse, &inverse, PUMORI_ISA_FUNCTION_RECIPROCAL);
	pumori_emit_scalar(program, &x, &magnitude, PUMORI_ISA_ALU_MIN, 1.0f,
			   PUMORI_ISA_ALU_BYPASS, 0.0f);
	/* The quotient of min(|x|, 1) and max(|x|, 1) is |x| or 1 / |x|. */
	binary(program, &x, &x, &inverse, PUMORI_ISA_ALU_MULTIPLY);
	binary(program, &square, &x, &x, PUMORI_ISA_ALU_MULTIPLY);
	multiply_add(program, &sum, &square, coefficients[0], coefficients[1]);
	for (unsigned int i = 2; i < 8; i++) {
		binary(program, &sum, &sum, &square, PUMORI_ISA_ALU_MULTIPLY);
		pumori_emit_scalar(program, &sum, &sum, PUMORI_ISA_ALU_ADD, coefficients[i],
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
	}
	binary(program, &sum, &sum, &square, PUMORI_ISA_ALU_MULTIPLY);
	binary(program, &sum, &sum, &x, PUMORI_ISA_ALU_MULTIPLY);
	binary(program, &sum, &sum, &x, PUMORI_ISA_ALU_ADD);
	/* large: pi/2 - sum, else sum; then the sign. */
	multiply_add(program, &inverse, &sum, -1.0f, 1.57079632679f);
	pumori_emit(program, &(struct pumori_emit){ .opcode = PUMORI_ISA_SELECT, .out = &sum,
						    .in = { &large, &inverse, &sum } });
	activate(program, &x, in, PUMORI_ISA_FUNCTION_SIGN);
	binary(program, out, &sum, &x, PUMORI_ISA_ALU_MULTIPLY);
}

/* asin(x) = atan(x / sqrt((1 - x) (1 + x))); acos(x) = pi/2 - asin(x). */
static void arcsine(struct pumori_lowering *lowering, const struct pumori_place *out,
		    const struct pumori_place *in, bool cosine)
{
	struct pumori_tile_program *program = lowering->program;
	struct pumori_place a = like(lowering, in), b = like(lowering, in);

	multiply_add(program, &a, in, -1.0f, 1.0f);
	multiply_add(program, &b, in, 1.0f, 1.0f);
	binary(program, &a, &a, &b, PUMORI_ISA_ALU_MULTIPLY);
	activate(program, &a, &a, PUMORI_ISA_FUNCTION_SQRT);
	binary(program, &b, in, &a, PUMORI_ISA_ALU_DIVIDE);
	if (cosine) {
		arctangent(lowering, &a, &b);
		multiply_add(program, out, &a, -1.0f, 1.57079632679f);
	} else {
		arctangent(lowering, out, &b);
	}
}

static void compose(struct pumori_lowering *lowering, const struct pumori_place *out,
		    const struct pumori_place *in, const struct pumori_activation *activation)
{
	struct pumori_tile_program *program = lowering->program;
	struct pumori_place a, b;
	float scale = 1.0f;

	switch (activation->function) {
	case PUMORI_UNARY_SELU:
		scale = activation->beta;
		/* fallthrough */
	case PUMORI_UNARY_ELU:
		a = like(lowering, in);
		b = like(lowering, in);
		pumori_emit_scalar(program, &a, in, PUMORI_ISA_ALU_MIN, 0.0f,
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
		activate(program, &a, &a, PUMORI_ISA_FUNCTION_EXP);
		pumori_emit_scalar(program, &a, &a, PUMORI_ISA_ALU_SUBTRACT, 1.0f,
				   PUMORI_ISA_ALU_MULTIPLY, activation->alpha * scale);
		pumori_emit_scalar(program, &b, in, PUMORI_ISA_ALU_MAX, 0.0f,
				   PUMORI_ISA_ALU_MULTIPLY, scale);
		binary(program, out, &a, &b, PUMORI_ISA_ALU_ADD);
		break;
	case PUMORI_UNARY_THRESHOLDED_RELU:
		a = like(lowering, in);
		b = like(lowering, in);
		pumori_emit_scalar(program, &a, in, PUMORI_ISA_ALU_GREATER, activation->alpha,
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
		pumori_emit_fill(program, &b, 0.0);
		pumori_emit(program, &(struct pumori_emit){ .opcode = PUMORI_ISA_SELECT,
							    .out = out, .in = { &a, in, &b } });
		break;
	case PUMORI_UNARY_TAN:
		a = like(lowering, in);
		b = like(lowering, in);
		activate(program, &a, in, PUMORI_ISA_FUNCTION_SIN);
		activate(program, &b, in, PUMORI_ISA_FUNCTION_COS);
		binary(program, out, &a, &b, PUMORI_ISA_ALU_DIVIDE);
		break;
	case PUMORI_UNARY_SINH:
	case PUMORI_UNARY_COSH:
		a = like(lowering, in);
		b = like(lowering, in);
		activate(program, &a, in, PUMORI_ISA_FUNCTION_EXP);
		pumori_emit_activate(program, &b, in, PUMORI_ISA_FUNCTION_EXP, -1.0f, 0.0f, 0.0f,
				     0.0f);
		binary(program, &a, &a, &b,
		       activation->function == PUMORI_UNARY_SINH ? PUMORI_ISA_ALU_SUBTRACT :
								   PUMORI_ISA_ALU_ADD);
		pumori_emit_scalar(program, out, &a, PUMORI_ISA_ALU_MULTIPLY, 0.5f,
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
		break;
	case PUMORI_UNARY_ASINH:
	case PUMORI_UNARY_ACOSH: {
		bool sine = activation->function == PUMORI_UNARY_ASINH;

		a = like(lowering, in);
		b = like(lowering, in);
		activate(program, &a, in, PUMORI_ISA_FUNCTION_ABS);
		binary(program, &b, in, in, PUMORI_ISA_ALU_MULTIPLY);
		pumori_emit_activate(program, &b, &b, PUMORI_ISA_FUNCTION_SQRT, 1.0f,
				     sine ? 1.0f : -1.0f, 0.0f, 0.0f);
		binary(program, &a, &a, &b, PUMORI_ISA_ALU_ADD);
		activate(program, sine ? &a : out, &a, PUMORI_ISA_FUNCTION_LOG);
		if (sine) {
			activate(program, &b, in, PUMORI_ISA_FUNCTION_SIGN);
			binary(program, out, &a, &b, PUMORI_ISA_ALU_MULTIPLY);
		}
		break;
	}
	case PUMORI_UNARY_ATANH:
		a = like(lowering, in);
		b = like(lowering, in);
		multiply_add(program, &a, in, 1.0f, 1.0f);
		multiply_add(program, &b, in, -1.0f, 1.0f);
		binary(program, &a, &a, &b, PUMORI_ISA_ALU_DIVIDE);
		activate(program, &a, &a, PUMORI_ISA_FUNCTION_LOG);
		pumori_emit_scalar(program, out, &a, PUMORI_ISA_ALU_MULTIPLY, 0.5f,
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
		break;
	case PUMORI_UNARY_ATAN:
		arctangent(lowering, out, in);
		break;
	case PUMORI_UNARY_ASIN:
	case PUMORI_UNARY_ACOS:
		arcsine(lowering, out, in, activation->function == PUMORI_UNARY_ACOS);
		break;
	default:
		pumori_tile_fail(program, -ENOTSUP, "function '%s' has no lowering",
				 pumori_unary_name(activation->function));
	}
}

void pumori_lower_activation(struct pumori_lowering *lowering, const struct pumori_place *out,
			     const struct pumori_place *in,
			     const struct pumori_activation *activation, float scale, float bias)
{
	struct pumori_function function;
	struct pumori_place argument = *in;

	if (pumori_activation_function(activation, &function) &&
	    ((scale == 1.0f && bias == 0.0f) ||
	     (function.scale == 1.0f && function.bias == 0.0f))) {
		if (function.scale == 1.0f && function.bias == 0.0f) {
			function.scale = scale;
			function.bias = bias;
		}
		pumori_emit_activate(lowering->program, out, in, function.function,
				     function.scale, function.bias, function.alpha,
				     function.beta);
		return;
	}
	/* Sequences read their argument more than once: from SBUF, scaled. */
	if (scale != 1.0f || bias != 0.0f || in->space != PUMORI_ISA_SBUF ||
	    in->tile == out->tile) {
		argument = like(lowering, in);
		pumori_emit_activate(lowering->program, &argument, in,
				     PUMORI_ISA_FUNCTION_IDENTITY, scale, bias, 0.0f, 0.0f);
	}
	if (pumori_activation_function(activation, &function))
		pumori_emit_activate(lowering->program, out, &argument, function.function,
				     function.scale, function.bias, function.alpha,
				     function.beta);
	else
		compose(lowering, out, &argument, activation);
}
