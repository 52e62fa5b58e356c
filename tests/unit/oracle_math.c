// SPDX-License-Identifier: MIT
/* Documentation/isa.md, sections 3 and 5, step by step. */
#include <math.h>
#include <string.h>
#include "oracle.h"

uint32_t oracle_bits(float a)
{
	uint32_t bits;

	memcpy(&bits, &a, 4);
	return bits;
}

float oracle_from_bits(uint32_t bits)
{
	float a;

	memcpy(&a, &bits, 4);
	return a;
}

static float flush(float a)
{
	return fpclassify(a) == FP_SUBNORMAL ? copysignf(0.0f, a) : a;
}

/* a * b + c where subnormals are zero; four times the precision of FP32 decides what is subnormal. */
float oracle_bf16_step(float a, float b, float accumulator)
{
	const __float128 limit = (__float128)0x1p-126 - (__float128)0x1p-151;
	__float128 exact;

	a = flush(a);
	b = flush(b);
	accumulator = flush(accumulator);
	exact = (__float128)a * b + accumulator;
	if (exact != 0 && exact < limit && -exact < limit)
		return exact < 0 ? -0.0f : 0.0f;
	return fmaf(a, b, accumulator);
}

static double horner(double x, const double *c, int degree)
{
	double sum = c[degree];

	for (int i = degree - 1; i >= 0; i--) {
		volatile double product = sum * x;

		sum = product + c[i];
	}
	return sum;
}

static float hornerf(float x, const float *c, int degree)
{
	float sum = c[degree];

	for (int i = degree - 1; i >= 0; i--)
		sum = fmaf(sum, x, c[i]);
	return sum;
}

static int odd_integer(float y)
{
	return y == truncf(y) && fabs(fmod(y, 2.0)) == 1.0;
}

static double power_log2(double a)
{
	static const double p[] = {
		0x1.71547652b82ffp+1, 0x1.ec709dc39c97fp-1, 0x1.2776c516b5dd9p-1, 0x1.a6175665d7fbep-2,
		0x1.484fb151f36a7p-2, 0x1.0bb709d0124a9p-2, 0x1.f196c19e3f68fp-3,
	};
	int e;
	double m = frexp(a, &e);	/* 0.5 <= m < 1 */
	double s;

	if (m < 0x1.6a09e667f3bcdp-1) {
		m *= 2;
		e--;
	}
	s = (m - 1.0) / (m + 1.0);
	volatile double tail = s * horner(s * s, p, 6);

	return (double)e + tail;
}

static double power_exp2(double t)
{
	static const double q[] = {
		1, 0x1.62e42fefa39efp-1, 0x1.ebfbdff82c5aep-3, 0x1.c6b08d704a0c6p-5, 0x1.3b2ab6fb9f1a5p-7,
		0x1.5d87fe78a3f9cp-10, 0x1.430913112c61bp-13, 0x1.ffcbfc6da6ed1p-17, 0x1.62bfc2c86d700p-20,
		0x1.b524ebd13a55fp-24, 0x1.e6228acd1c6e5p-28, 0x1.e9ec1fcb69a7fp-32,
	};
	double n = rint(t);

	return ldexp(horner(t - n, q, 11), (int)n);
}

static float power(float x, float y)
{
	int negative = signbit(x) && odd_integer(y);
	double t;

	if (y == 0.0f || x == 1.0f)
		return 1.0f;
	if (isnan(x) || isnan(y))
		return NAN;
	if (isinf(y)) {
		if (fabsf(x) == 1.0f)
			return 1.0f;
		return (fabsf(x) > 1.0f) == (y > 0) ? INFINITY : 0.0f;
	}
	if (x == 0.0f || isinf(x)) {
		float result = (x == 0.0f ? y < 0 : y > 0) ? INFINITY : 0.0f;

		return negative ? -result : result;
	}
	if (x < 0 && y != truncf(y))
		return NAN;
	t = (double)y * power_log2(fabs((double)x));
	t = fmin(fmax(t, -200.0), 200.0);
	t = power_exp2(t);
	return (float)(negative ? -t : t);
}

static float modulo_floor(float a, float b)
{
	float r = fmodf(a, b);

	if (isnan(r))
		return r;
	if (r == 0.0f)
		return copysignf(0.0f, b);
	return signbit(r) != signbit(b) ? r + b : r;
}

float oracle_float_operation(uint8_t operation, float a, float b)
{
	switch (operation) {
	case PUMORI_ISA_ALU_BYPASS: return a;
	case PUMORI_ISA_ALU_ADD: return a + b;
	case PUMORI_ISA_ALU_SUBTRACT: return a - b;
	case PUMORI_ISA_ALU_MULTIPLY: return a * b;
	case PUMORI_ISA_ALU_DIVIDE: return a / b;
	case PUMORI_ISA_ALU_MAX: return a > b ? a : b;
	case PUMORI_ISA_ALU_MIN: return a < b ? a : b;
	case PUMORI_ISA_ALU_POWER: return power(a, b);
	case PUMORI_ISA_ALU_MODULO: return fmodf(a, b);
	case PUMORI_ISA_ALU_MODULO_FLOOR: return modulo_floor(a, b);
	case PUMORI_ISA_ALU_EQUAL: return a == b;
	case PUMORI_ISA_ALU_NOT_EQUAL: return a != b;
	case PUMORI_ISA_ALU_LESS: return a < b;
	case PUMORI_ISA_ALU_LESS_EQUAL: return a <= b;
	case PUMORI_ISA_ALU_GREATER: return a > b;
	case PUMORI_ISA_ALU_GREATER_EQUAL: return a >= b;
	case PUMORI_ISA_ALU_LOGICAL_AND: return a != 0 && b != 0;
	case PUMORI_ISA_ALU_LOGICAL_OR: return a != 0 || b != 0;
	default: return (a != 0) != (b != 0);	/* LOGICAL_XOR */
	}
}

#define LN2H	0x1.62e430p-1f
#define LN2L	(-0x1.05c610p-29f)

static float function_exp(float x)
{
	static const float p[] = { 0.5f, 0x1.5554d8p-3f, 0x1.555516p-5f, 0x1.12106cp-7f, 0x1.6d1606p-10f };
	float t, n, r, y;
	int k, h;

	if (isnan(x))
		return x;
	x = 89.0f < x ? 89.0f : x;
	x = -105.0f > x ? -105.0f : x;
	t = fmaf(x, 0x1.715476p+0f, 12582912.0f);
	n = t - 12582912.0f;
	k = (int)n;
	r = fmaf(n, -LN2H, x);
	r = fmaf(n, -LN2L, r);
	y = hornerf(r, p, 4);
	y = fmaf(y, r, 1.0f);
	y = fmaf(y, r, 1.0f);
	h = (int)floor(k / 2.0);
	y = y * ldexpf(1.0f, h);
	return y * ldexpf(1.0f, k - h);
}

static float function_log(float x)
{
	static const float p[] = {
		0x1.555554p-2f, -0x1.fffffcp-3f, 0x1.999da0p-3f, -0x1.555bb0p-3f, 0x1.23c874p-3f,
		-0x1.fcd1e2p-4f, 0x1.df4c32p-4f, -0x1.d79714p-4f, 0x1.1d745ap-4f,
	};
	float f, s, y, e, less = 0;
	int64_t i;

	if (isnan(x) || x < 0)
		return NAN;
	if (x == 0)
		return -INFINITY;
	if (isinf(x))
		return x;
	if (x < 0x1p-126f) {
		x *= 0x1p23f;
		less = 23;
	}
	i = (int64_t)oracle_bits(x) - 0x3f3504f3;
	e = (float)floor(i / 8388608.0);
	f = oracle_from_bits((uint32_t)((i & 0x7fffff) + 0x3f3504f3)) - 1.0f;
	e -= less;
	s = f * f;
	y = hornerf(f, p, 8) * (f * s);
	y = fmaf(e, LN2L, y);
	y = fmaf(s, -0.5f, y);
	return fmaf(e, LN2H, f + y);
}

static float function_tanh(float x)
{
	static const float p[] = {
		-0x1.555556p-2f, 0x1.1110e8p-3f, -0x1.ba088ep-5f, 0x1.64a5eep-6f, -0x1.1152f6p-7f, 0x1.2c1b1cp-9f,
	};
	float a = fabsf(x), s = x * x;

	if (isnan(x))
		return x;
	if (a < 0.625f)
		return copysignf(fmaf(x * s, hornerf(s, p, 5), x), x);
	return copysignf(1.0f - 2.0f / (function_exp(a + a) + 1.0f), x);
}

static float function_sigmoid(float x)
{
	float z = function_exp(-fabsf(x));

	return (x < 0 ? z : 1.0f) / (1.0f + z);
}

static float function_erf(float x)
{
	static const float p[] = {
		0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2d10p-4f, -0x1.b7fabap-6f, 0x1.541270p-8f,
		-0x1.a45088p-11f, 0x1.4a5690p-14f,
	};
	static const float q[] = {
		-0x1.4fb068p-12f, 0x1.2156fap+0f, 0x1.437eb4p-1f, 0x1.c2e356p-4f, -0x1.b0e246p-6f,
		0x1.37ecc6p-8f, -0x1.38e5e6p-11f, 0x1.825ce4p-15f, -0x1.b77830p-20f,
	};
	float a = 4.0f < fabsf(x) ? 4.0f : fabsf(x);

	if (isnan(x))
		return x;
	if (a < 1.0f)
		return copysignf(fmaf(x, hornerf(x * x, p, 6), x), x);
	return copysignf(1.0f - function_exp(-hornerf(a, q, 8)), x);
}

static float function_softplus(float x)
{
	float z = function_exp(-fabsf(x)), u = 1.0f + z, l = function_log(u) + (z - (u - 1.0f)) / u;

	return (0.0f > x ? 0.0f : x) + l;
}

/* Bit i (1 is the first after the point) of 2/pi. */
static unsigned int two_over_pi_bit(unsigned int i)
{
	static const char digits[] =
		"a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a";
	char c = digits[(i - 1) / 4];
	unsigned int digit = (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);

	return digit >> (3 - (i - 1) % 4) & 1;
}

static unsigned int quarter_turns(float x, double *r)
{
	int e, skip;
	uint64_t m, w[3] = { 0 }, t, q;

	x = fabsf(x);
	if (x <= 0x1.921fb6p-1f) {
		*r = x;
		return 0;
	}
	m = (uint64_t)ldexpf(frexpf(x, &e), 24);
	e -= 24;
	skip = e > 2 ? e - 2 : 0;
	for (int i = 0; i < 96; i++)
		w[i / 32] = w[i / 32] << 1 | two_over_pi_bit((unsigned int)(skip + i + 1));
	t = m * w[1] + (m * w[2] >> 32);
	t = e < 2 ? (m * w[0] << (30 + e)) + (t >> (2 - e)) : (m * w[0] << 32) + t;
	q = (t + (1ull << 61)) >> 62;
	*r = (double)(int64_t)(t - (q << 62)) * 0x1.921fb54442d18p-62;
	return q & 3;
}

static double sine_series(double r)
{
	static const double s[] = {
		0x1.fffffffffffd9p-1, -0x1.5555555550e49p-3, 0x1.1111110bd3b54p-7, -0x1.a019f89438a1fp-13,
		0x1.71d72a4b779d6p-19, -0x1.a94de9088c46dp-26,
	};

	return r * horner(r * r, s, 5);
}

static double cosine_series(double r)
{
	static const double c[] = {
		1, -0x1.fffffffffff77p-2, 0x1.555555554e6d2p-5, -0x1.6c16c163b498ep-10, 0x1.a019f7eebbb5ep-16,
		-0x1.27df3a2ecce24p-22, 0x1.1b893bd61e9c0p-29,
	};

	return horner(r * r, c, 6);
}

static float function_sine(float x)
{
	unsigned int q;
	double r, y;

	if (!isfinite(x))
		return NAN;
	q = quarter_turns(x, &r);
	y = q == 0 ? sine_series(r) : q == 1 ? cosine_series(r) : q == 2 ? -sine_series(r) : -cosine_series(r);
	return (float)(signbit(x) ? -y : y);
}

static float function_cosine(float x)
{
	unsigned int q;
	double r;

	if (!isfinite(x))
		return NAN;
	q = quarter_turns(x, &r);
	return (float)(q == 0 ? cosine_series(r) : q == 1 ? -sine_series(r) : q == 2 ? -cosine_series(r) :
		       sine_series(r));
}

float oracle_function(uint8_t function, float v, float imm0, float imm1)
{
	float t;

	switch (function) {
	case PUMORI_ISA_FUNCTION_IDENTITY: return v;
	case PUMORI_ISA_FUNCTION_RELU: return 0.0f > v ? 0.0f : v;
	case PUMORI_ISA_FUNCTION_LEAKY_RELU: return v < 0 ? v * imm0 : v;
	case PUMORI_ISA_FUNCTION_CLAMP:
		t = v > imm0 ? v : imm0;
		return t < imm1 ? t : imm1;
	case PUMORI_ISA_FUNCTION_HARD_SWISH:
		t = fmaf(v, imm0, imm1);
		t = t > 0 ? t : 0.0f;
		return v * (t < 1 ? t : 1.0f);
	case PUMORI_ISA_FUNCTION_EXP: return function_exp(v);
	case PUMORI_ISA_FUNCTION_LOG: return function_log(v);
	case PUMORI_ISA_FUNCTION_TANH: return function_tanh(v);
	case PUMORI_ISA_FUNCTION_SIGMOID: return function_sigmoid(v);
	case PUMORI_ISA_FUNCTION_SILU: return v == -INFINITY ? -0.0f : v * function_sigmoid(v);
	case PUMORI_ISA_FUNCTION_ERF: return function_erf(v);
	case PUMORI_ISA_FUNCTION_GELU:
		return v == -INFINITY ? -0.0f : (0.5f * v) * (1.0f + function_erf(v * 0x1.6a09e6p-1f));
	case PUMORI_ISA_FUNCTION_GELU_TANH:
		t = fmaf(v * v, 0x1.2444f2p-4f, 0x1.988454p+0f);
		return v == -INFINITY ? -0.0f : v * function_sigmoid(v * t);
	case PUMORI_ISA_FUNCTION_SOFTPLUS: return function_softplus(v);
	case PUMORI_ISA_FUNCTION_SQRT: return sqrtf(v);
	case PUMORI_ISA_FUNCTION_RSQRT: return 1.0f / sqrtf(v);
	case PUMORI_ISA_FUNCTION_RECIPROCAL: return 1.0f / v;
	case PUMORI_ISA_FUNCTION_SQUARE: return v * v;
	case PUMORI_ISA_FUNCTION_ABS: return fabsf(v);
	case PUMORI_ISA_FUNCTION_SIGN: return v < 0 ? -1.0f : v > 0 ? 1.0f : v;
	case PUMORI_ISA_FUNCTION_FLOOR: return floorf(v);
	case PUMORI_ISA_FUNCTION_CEIL: return ceilf(v);
	case PUMORI_ISA_FUNCTION_ROUND: return nearbyintf(v);
	case PUMORI_ISA_FUNCTION_TRUNCATE: return truncf(v);
	case PUMORI_ISA_FUNCTION_SIN: return function_sine(v);
	default: return function_cosine(v);
	}
}
