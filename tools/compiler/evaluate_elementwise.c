// SPDX-License-Identifier: MIT
/* Reference evaluation of elementwise primitives: copy, cast, unary, binary, select, quantize. */
#include <math.h>
#include <string.h>

#include "evaluate_internal.h"

void pumori_broadcast_strides(const struct pumori_tensor_type *type,
			      const struct pumori_tensor_type *result, int64_t *strides)
{
	unsigned int lead = result->rank - type->rank;
	int64_t own[PUMORI_MAX_RANK];

	pumori_type_strides(type, own);
	for (unsigned int i = 0; i < result->rank; i++)
		strides[i] = i < lead || type->shape[i - lead] == 1 ? 0 : own[i - lead];
}

int pumori_evaluate_copy(const struct pumori_evaluation *evaluation)
{
	size_t bytes = pumori_type_bytes(&evaluation->outputs[0].type);

	if (bytes)
		memcpy(evaluation->outputs[0].data, evaluation->inputs[0].data, bytes);
	return 0;
}

int pumori_evaluate_cast(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	int64_t count = pumori_type_elements(&y->type);
	bool integers = !pumori_element_is_float(x->type.element) &&
			!pumori_element_is_float(y->type.element);

	for (int64_t i = 0; i < count; i++) {
		/* Between integers the low bits stay, from floats values saturate. */
		if (integers)
			pumori_store_integer(y->type.element, y->data, i,
					     pumori_load_integer(x->type.element, x->data, i));
		else
			pumori_store_value(y->type.element, y->data, i,
					   pumori_load_value(x->type.element, x->data, i));
	}
	return 0;
}

/* --- unary --- */

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static float clamp(float x, float low, float high)
{
	x = x < low ? low : x;
	return x > high ? high : x;
}

float pumori_unary_value(const struct pumori_activation *function, float x)
{
	float a = function->alpha, b = function->beta;

	switch (function->function) {
	case PUMORI_UNARY_IDENTITY:
		return x;
	case PUMORI_UNARY_RELU:
		return x < 0 ? 0 : x;
	case PUMORI_UNARY_CLAMP:
		return clamp(x, a, b);
	case PUMORI_UNARY_LEAKY_RELU:
		return x < 0 ? a * x : x;
	case PUMORI_UNARY_THRESHOLDED_RELU:
		return x > a ? x : 0;
	case PUMORI_UNARY_HARD_SIGMOID:
		return clamp(a * x + b, 0, 1);
	case PUMORI_UNARY_HARD_SWISH:
		return x * clamp(a * x + b, 0, 1);
	case PUMORI_UNARY_SIGMOID:
		return sigmoid(x);
	case PUMORI_UNARY_SILU:
		return x * sigmoid(x);
	case PUMORI_UNARY_TANH:
		return tanh(x);
	case PUMORI_UNARY_GELU:
		return x / 2.0 * (1 + erf(x / sqrt(2)));
	case PUMORI_UNARY_GELU_TANH:
		return x / 2.0 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
	case PUMORI_UNARY_ELU:
		return x < 0 ? a * expm1(x) : x;
	case PUMORI_UNARY_SELU:
		return b * (x < 0 ? a * expm1(x) : x);
	case PUMORI_UNARY_SOFTPLUS:
		return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
	case PUMORI_UNARY_ERF:
		return erf(x);
	case PUMORI_UNARY_EXP:
		return exp(x);
	case PUMORI_UNARY_LOG:
		return log(x);
	case PUMORI_UNARY_SQRT:
		return sqrtf(x);
	case PUMORI_UNARY_RECIPROCAL:
		return 1 / x;
	case PUMORI_UNARY_LINEAR:
		return a * x + b;
	case PUMORI_UNARY_ABS:
		return fabsf(x);
	case PUMORI_UNARY_NEGATE:
		return -x;
	case PUMORI_UNARY_SIGN:
		return isnan(x) ? x : (x > 0) - (x < 0);
	case PUMORI_UNARY_FLOOR:
		return floorf(x);
	case PUMORI_UNARY_CEIL:
		return ceilf(x);
	case PUMORI_UNARY_ROUND:
		return rintf(x);
	case PUMORI_UNARY_SIN:
		return sin(x);
	case PUMORI_UNARY_COS:
		return cos(x);
	case PUMORI_UNARY_TAN:
		return tan(x);
	case PUMORI_UNARY_ASIN:
		return asin(x);
	case PUMORI_UNARY_ACOS:
		return acos(x);
	case PUMORI_UNARY_ATAN:
		return atan(x);
	case PUMORI_UNARY_SINH:
		return sinh(x);
	case PUMORI_UNARY_COSH:
		return cosh(x);
	case PUMORI_UNARY_ASINH:
		return asinh(x);
	case PUMORI_UNARY_ACOSH:
		return acosh(x);
	case PUMORI_UNARY_ATANH:
		return atanh(x);
	case PUMORI_UNARY_IS_NAN:
		return isnan(x);
	case PUMORI_UNARY_IS_INF:
		return isinf(x) && (x > 0 ? a : b) != 0;
	case PUMORI_UNARY_NOT:
	case PUMORI_UNARY_COUNT:
		break;
	}
	return x;
}

void pumori_apply_activation(const struct pumori_activation *activation, float *data,
			     int64_t count)
{
	if (activation->function == PUMORI_UNARY_IDENTITY)
		return;
	for (int64_t i = 0; i < count; i++)
		data[i] = pumori_unary_value(activation, data[i]);
}

static int64_t unary_integer(enum pumori_unary function, enum pumori_element_type element,
			     int64_t x)
{
	switch (function) {
	case PUMORI_UNARY_RELU:
		return pumori_element_is_signed(element) && x < 0 ? 0 : x;
	case PUMORI_UNARY_ABS:
		return pumori_element_is_signed(element) && x < 0 ? (int64_t)-(uint64_t)x : x;
	case PUMORI_UNARY_NEGATE:
		return (int64_t)-(uint64_t)x;
	case PUMORI_UNARY_SIGN:
		return pumori_element_is_signed(element) ? (x > 0) - (x < 0) : x != 0;
	case PUMORI_UNARY_NOT:
		return element == PUMORI_ELEMENT_BOOL ? !x : ~x;
	default:
		return x;
	}
}

int pumori_evaluate_unary(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	const struct pumori_activation *function = &evaluation->attributes->unary;
	int64_t count = pumori_type_elements(&x->type);
	const float *values = x->data;

	for (int64_t i = 0; i < count; i++) {
		if (x->type.element != PUMORI_ELEMENT_FLOAT32)
			pumori_store_integer(y->type.element, y->data, i,
					     unary_integer(function->function, x->type.element,
							   pumori_load_integer(x->type.element,
									       x->data, i)));
		else
			pumori_store_value(y->type.element, y->data, i,
					   pumori_unary_value(function, values[i]));
	}
	return 0;
}

/* --- binary --- */

static float binary_float(enum pumori_binary function, float a, float b)
{
	switch (function) {
	case PUMORI_BINARY_ADD:
		return a + b;
	case PUMORI_BINARY_SUBTRACT:
		return a - b;
	case PUMORI_BINARY_MULTIPLY:
		return a * b;
	case PUMORI_BINARY_DIVIDE:
		return a / b;
	case PUMORI_BINARY_POWER:
		return pow(a, b);
	case PUMORI_BINARY_MINIMUM:
		return a < b || isnan(a) ? a : b;
	case PUMORI_BINARY_MAXIMUM:
		return a > b || isnan(a) ? a : b;
	case PUMORI_BINARY_MODULO: {
		float remainder = fmodf(a, b);

		return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
	}
	case PUMORI_BINARY_REMAINDER:
		return fmodf(a, b);
	case PUMORI_BINARY_EQUAL:
		return a == b;
	case PUMORI_BINARY_LESS:
		return a < b;
	case PUMORI_BINARY_LESS_OR_EQUAL:
		return a <= b;
	case PUMORI_BINARY_GREATER:
		return a > b;
	case PUMORI_BINARY_GREATER_OR_EQUAL:
		return a >= b;
	default:
		return a;
	}
}

static int64_t power_integer(int64_t base, int64_t exponent)
{
	uint64_t result = 1, factor = base;

	if (exponent < 0)
		return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
	for (; exponent; exponent >>= 1) {
		if (exponent & 1)
			result *= factor;
		factor *= factor;
	}
	return result;
}

/* Quotient, remainder and comparisons differ for uint64, whose values do not fit int64. */
static int64_t binary_uint64(enum pumori_binary function, uint64_t a, uint64_t b)
{
	switch (function) {
	case PUMORI_BINARY_DIVIDE:
		return b ? a / b : 0;
	case PUMORI_BINARY_MODULO:
	case PUMORI_BINARY_REMAINDER:
		return b ? a % b : 0;
	case PUMORI_BINARY_MINIMUM:
		return a < b ? a : b;
	case PUMORI_BINARY_MAXIMUM:
		return a > b ? a : b;
	case PUMORI_BINARY_LESS:
		return a < b;
	case PUMORI_BINARY_LESS_OR_EQUAL:
		return a <= b;
	case PUMORI_BINARY_GREATER:
		return a > b;
	default:
		return a >= b;
	}
}

static bool differs_for_uint64(enum pumori_binary function)
{
	switch (function) {
	case PUMORI_BINARY_DIVIDE:
	case PUMORI_BINARY_MODULO:
	case PUMORI_BINARY_REMAINDER:
	case PUMORI_BINARY_MINIMUM:
	case PUMORI_BINARY_MAXIMUM:
	case PUMORI_BINARY_LESS:
	case PUMORI_BINARY_LESS_OR_EQUAL:
	case PUMORI_BINARY_GREATER:
	case PUMORI_BINARY_GREATER_OR_EQUAL:
		return true;
	default:
		return false;
	}
}

static int64_t binary_integer(enum pumori_binary function, enum pumori_element_type element,
			      int64_t a, int64_t b)
{
	unsigned int bits = 8 * pumori_element_bytes(element);

	if (element == PUMORI_ELEMENT_UINT64 && differs_for_uint64(function))
		return binary_uint64(function, a, b);
	switch (function) {
	case PUMORI_BINARY_ADD:
		return (uint64_t)a + (uint64_t)b;
	case PUMORI_BINARY_SUBTRACT:
		return (uint64_t)a - (uint64_t)b;
	case PUMORI_BINARY_MULTIPLY:
		return (uint64_t)a * (uint64_t)b;
	case PUMORI_BINARY_DIVIDE:
		return b == -1 ? (int64_t)-(uint64_t)a : b ? a / b : 0;
	case PUMORI_BINARY_POWER:
		return power_integer(a, b);
	case PUMORI_BINARY_MINIMUM:
		return a < b ? a : b;
	case PUMORI_BINARY_MAXIMUM:
		return a > b ? a : b;
	case PUMORI_BINARY_MODULO: {
		int64_t remainder = b && b != -1 ? a % b : 0;

		return remainder && (remainder < 0) != (b < 0) ? remainder + b : remainder;
	}
	case PUMORI_BINARY_REMAINDER:
		return b && b != -1 ? a % b : 0;
	case PUMORI_BINARY_EQUAL:
		return a == b;
	case PUMORI_BINARY_LESS:
		return a < b;
	case PUMORI_BINARY_LESS_OR_EQUAL:
		return a <= b;
	case PUMORI_BINARY_GREATER:
		return a > b;
	case PUMORI_BINARY_GREATER_OR_EQUAL:
		return a >= b;
	case PUMORI_BINARY_AND:
		return a & b;
	case PUMORI_BINARY_OR:
		return a | b;
	case PUMORI_BINARY_XOR:
		return a ^ b;
	case PUMORI_BINARY_SHIFT_LEFT:
		return (uint64_t)b >= bits ? 0 : (int64_t)((uint64_t)a << b);
	case PUMORI_BINARY_SHIFT_RIGHT:
		return (uint64_t)b >= bits ? 0 : (int64_t)((uint64_t)a >> b);
	case PUMORI_BINARY_COUNT:
		break;
	}
	return a;
}

int pumori_evaluate_binary(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *a = &evaluation->inputs[0], *b = &evaluation->inputs[1];
	const struct pumori_view *y = &evaluation->outputs[0];
	enum pumori_binary function = evaluation->attributes->binary.function;
	enum pumori_element_type element = a->type.element;
	int64_t a_strides[PUMORI_MAX_RANK], b_strides[PUMORI_MAX_RANK];
	int64_t count = pumori_type_elements(&y->type);
	const float *a_values = a->data, *b_values = b->data;
	struct pumori_counter counter;

	pumori_broadcast_strides(&a->type, &y->type, a_strides);
	pumori_broadcast_strides(&b->type, &y->type, b_strides);
	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		int64_t ai = pumori_counter_offset(&counter, a_strides);
		int64_t bi = pumori_counter_offset(&counter, b_strides);

		if (element == PUMORI_ELEMENT_FLOAT32)
			pumori_store_value(y->type.element, y->data, i,
					   binary_float(function, a_values[ai], b_values[bi]));
		else
			pumori_store_integer(y->type.element, y->data, i,
					     binary_integer(function, element,
							    pumori_load_integer(element, a->data, ai),
							    pumori_load_integer(element, b->data, bi)));
	}
	if (y->type.element == PUMORI_ELEMENT_FLOAT32)
		pumori_apply_activation(&evaluation->attributes->binary.activation, y->data, count);
	return 0;
}

int pumori_evaluate_select(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *inputs = evaluation->inputs, *y = &evaluation->outputs[0];
	size_t bytes = pumori_element_bytes(y->type.element);
	int64_t count = pumori_type_elements(&y->type);
	const unsigned char *condition = inputs[0].data;
	int64_t strides[3][PUMORI_MAX_RANK];
	struct pumori_counter counter;

	for (unsigned int i = 0; i < 3; i++)
		pumori_broadcast_strides(&inputs[i].type, &y->type, strides[i]);
	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		unsigned int taken = condition[pumori_counter_offset(&counter, strides[0])] ? 1 : 2;

		memcpy((char *)y->data + i * bytes,
		       (char *)inputs[taken].data +
		       pumori_counter_offset(&counter, strides[taken]) * bytes, bytes);
	}
	return 0;
}

int pumori_evaluate_quantize(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	bool is_signed = y->type.element == PUMORI_ELEMENT_INT8;
	double low = is_signed ? -128 : 0, high = is_signed ? 127 : 255;
	int64_t count = pumori_type_elements(&y->type), strides[2][PUMORI_MAX_RANK];
	struct pumori_counter counter;

	for (unsigned int i = 0; i < 2; i++)
		pumori_broadcast_strides(&evaluation->inputs[1 + i].type, &y->type, strides[i]);
	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		float value = (float)pumori_load_value(x->type.element, x->data, i);
		float scale = ((const float *)evaluation->inputs[1].data)
				      [pumori_counter_offset(&counter, strides[0])];
		double zero = ((const int32_t *)evaluation->inputs[2].data)
				      [pumori_counter_offset(&counter, strides[1])], sum;

		value = evaluation->attributes->quantize.multiply ? value * scale : value / scale;
		sum = nearbyint((double)value) + zero;
		pumori_store_value(y->type.element, y->data, i,
				   sum >= low ? sum <= high ? sum : high : low);
	}
	return 0;
}
