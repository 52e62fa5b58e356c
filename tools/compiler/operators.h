/* SPDX-License-Identifier: MIT */
/*
 * The tables of the graph IR: element types, primitive operators and the scalar functions that
 * elementwise and reducing primitives carry. Every reader (shape rules, evaluator, printer,
 * verifier, back end) includes these rows under its own macro, so a new primitive is one row
 * here, one shape rule in shape_rules*.c and one evaluator in evaluate_*.c.
 */
#ifndef PUMORI_COMPILER_OPERATORS_H
#define PUMORI_COMPILER_OPERATORS_H

/* X(NAME, text, bytes, is_float, is_signed) */
#define PUMORI_ELEMENT_TYPES(X) \
	X(BOOL, "bool", 1, 0, 0) \
	X(INT8, "int8", 1, 0, 1) \
	X(UINT8, "uint8", 1, 0, 0) \
	X(INT16, "int16", 2, 0, 1) \
	X(UINT16, "uint16", 2, 0, 0) \
	X(INT32, "int32", 4, 0, 1) \
	X(UINT32, "uint32", 4, 0, 0) \
	X(INT64, "int64", 8, 0, 1) \
	X(UINT64, "uint64", 8, 0, 0) \
	X(FLOAT16, "float16", 2, 1, 1) \
	X(BFLOAT16, "bfloat16", 2, 1, 1) \
	X(FLOAT32, "float32", 4, 1, 1)

/*
 * X(NAME, text, minimum inputs, maximum inputs, outputs); maximum 0 = any number.
 * The meaning of inputs and attributes stands with the attribute structures in graph.h.
 */
#define PUMORI_PRIMITIVES(X) \
	X(COPY, copy, 1, 1, 1) \
	X(CAST, cast, 1, 1, 1) \
	X(UNARY, unary, 1, 1, 1) \
	X(BINARY, binary, 2, 2, 1) \
	X(SELECT, select, 3, 3, 1) \
	X(QUANTIZE, quantize, 3, 3, 1) \
	X(MATMUL, matmul, 2, 4, 1) \
	X(CONV2D, conv2d, 2, 3, 1) \
	X(POOL2D, pool2d, 1, 1, 1) \
	X(REDUCE, reduce, 1, 1, 1) \
	X(ARG_REDUCE, arg_reduce, 1, 1, 1) \
	X(SOFTMAX, softmax, 1, 1, 1) \
	X(LAYER_NORM, layer_norm, 1, 3, 1) \
	X(CUMULATIVE_SUM, cumulative_sum, 1, 1, 1) \
	X(TOP_K, top_k, 1, 1, 2) \
	X(RESHAPE, reshape, 1, 1, 1) \
	X(TRANSPOSE, transpose, 1, 1, 1) \
	X(EXPAND, expand, 1, 1, 1) \
	X(CONCAT, concat, 1, 0, 1) \
	X(SLICE, slice, 1, 1, 1) \
	X(PAD, pad, 1, 1, 1) \
	X(GATHER, gather, 2, 2, 1) \
	X(GATHER_ELEMENTS, gather_elements, 2, 2, 1) \
	X(GATHER_ND, gather_nd, 2, 2, 1) \
	X(SCATTER_ELEMENTS, scatter_elements, 3, 3, 1) \
	X(SCATTER_ND, scatter_nd, 3, 3, 1)

/*
 * Functions of one value: X(NAME, text, parameters used). x is the value, a and b the
 * parameters alpha and beta. IDENTITY as a fused activation means "none".
 */
#define PUMORI_UNARY_FUNCTIONS(X) \
	X(IDENTITY, identity, 0) \
	X(RELU, relu, 0)			/* max(x, 0) */ \
	X(CLAMP, clamp, 2)			/* min(max(x, a), b) */ \
	X(LEAKY_RELU, leaky_relu, 1)		/* x < 0 ? a * x : x */ \
	X(THRESHOLDED_RELU, thresholded_relu, 1) /* x > a ? x : 0 */ \
	X(HARD_SIGMOID, hard_sigmoid, 2)	/* min(max(a * x + b, 0), 1) */ \
	X(HARD_SWISH, hard_swish, 2)		/* x * hard_sigmoid(x; a, b) */ \
	X(SIGMOID, sigmoid, 0)			/* 1 / (1 + exp(-x)) */ \
	X(SILU, silu, 0)			/* x * sigmoid(x) */ \
	X(TANH, tanh, 0) \
	X(GELU, gelu, 0)			/* x / 2 * (1 + erf(x / sqrt 2)) */ \
	X(GELU_TANH, gelu_tanh, 0)		/* x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) */ \
	X(ELU, elu, 1)				/* x < 0 ? a * (exp(x) - 1) : x */ \
	X(SELU, selu, 2)			/* b * elu(x; a) */ \
	X(SOFTPLUS, softplus, 0)		/* log(1 + exp(x)) */ \
	X(ERF, erf, 0) \
	X(EXP, exp, 0) \
	X(LOG, log, 0) \
	X(SQRT, sqrt, 0) \
	X(RECIPROCAL, reciprocal, 0) \
	X(LINEAR, linear, 2)			/* a * x + b */ \
	X(ABS, abs, 0)				/* floats and integers */ \
	X(NEGATE, negate, 0)			/* floats and integers */ \
	X(SIGN, sign, 0)			/* floats and integers */ \
	X(FLOOR, floor, 0) \
	X(CEIL, ceil, 0) \
	X(ROUND, round, 0)			/* halves to even */ \
	X(SIN, sin, 0) \
	X(COS, cos, 0) \
	X(TAN, tan, 0) \
	X(ASIN, asin, 0) \
	X(ACOS, acos, 0) \
	X(ATAN, atan, 0) \
	X(SINH, sinh, 0) \
	X(COSH, cosh, 0) \
	X(ASINH, asinh, 0) \
	X(ACOSH, acosh, 0) \
	X(ATANH, atanh, 0) \
	X(NOT, not, 0)				/* bool: logical; integers: bitwise */ \
	X(IS_NAN, is_nan, 0)			/* to bool */ \
	X(IS_INF, is_inf, 2)			/* to bool; a: accept +Inf, b: accept -Inf */

/* What a binary function gives: its operand type, or bool. */
#define PUMORI_BINARY_FUNCTIONS(X) \
	X(ADD, add, SAME) \
	X(SUBTRACT, subtract, SAME) \
	X(MULTIPLY, multiply, SAME) \
	X(DIVIDE, divide, SAME)			/* integers: towards zero; by zero gives 0 */ \
	X(POWER, power, SAME) \
	X(MINIMUM, minimum, SAME) \
	X(MAXIMUM, maximum, SAME) \
	X(MODULO, modulo, SAME)			/* sign of the divisor; by zero gives 0 */ \
	X(REMAINDER, remainder, SAME)		/* sign of the dividend; by zero gives 0 or NaN */ \
	X(EQUAL, equal, BOOL) \
	X(LESS, less, BOOL) \
	X(LESS_OR_EQUAL, less_or_equal, BOOL) \
	X(GREATER, greater, BOOL) \
	X(GREATER_OR_EQUAL, greater_or_equal, BOOL) \
	X(AND, and, SAME)			/* bool: logical; integers: bitwise */ \
	X(OR, or, SAME) \
	X(XOR, xor, SAME) \
	X(SHIFT_LEFT, shift_left, SAME)		/* unsigned integers */ \
	X(SHIFT_RIGHT, shift_right, SAME)

#define PUMORI_REDUCTIONS(X) \
	X(SUM, sum) \
	X(MEAN, mean) \
	X(MAX, max) \
	X(MIN, min) \
	X(PRODUCT, product) \
	X(SUM_SQUARE, sum_square)

#define PUMORI_ENUM_ELEMENT(name, text, bytes, is_float, is_signed) PUMORI_ELEMENT_##name,
enum pumori_element_type {
	PUMORI_ELEMENT_TYPES(PUMORI_ENUM_ELEMENT)
	PUMORI_ELEMENT_TYPE_COUNT
};
#undef PUMORI_ENUM_ELEMENT

#define PUMORI_ENUM_PRIMITIVE(name, text, minimum, maximum, outputs) PUMORI_PRIMITIVE_##name,
enum pumori_primitive {
	PUMORI_PRIMITIVES(PUMORI_ENUM_PRIMITIVE)
	PUMORI_PRIMITIVE_COUNT
};
#undef PUMORI_ENUM_PRIMITIVE

#define PUMORI_ENUM_UNARY(name, text, parameters) PUMORI_UNARY_##name,
enum pumori_unary {
	PUMORI_UNARY_FUNCTIONS(PUMORI_ENUM_UNARY)
	PUMORI_UNARY_COUNT
};
#undef PUMORI_ENUM_UNARY

#define PUMORI_ENUM_BINARY(name, text, result) PUMORI_BINARY_##name,
enum pumori_binary {
	PUMORI_BINARY_FUNCTIONS(PUMORI_ENUM_BINARY)
	PUMORI_BINARY_COUNT
};
#undef PUMORI_ENUM_BINARY

#define PUMORI_ENUM_REDUCTION(name, text) PUMORI_REDUCTION_##name,
enum pumori_reduction {
	PUMORI_REDUCTIONS(PUMORI_ENUM_REDUCTION)
	PUMORI_REDUCTION_COUNT
};
#undef PUMORI_ENUM_REDUCTION

#endif
