/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The functions of ACTIVATE on sixteen lanes. Documentation/isa.md gives the same sequences step by
 * step with their error bounds; a change here is a change of the instruction set.
 */

#define FUNCTION_LOG2E		0x1.715476p+0f
#define FUNCTION_LN2_HIGH	0x1.62e430p-1f
#define FUNCTION_LN2_LOW	(-0x1.05c610p-29f)
/* Adding and subtracting 1.5 * 2^23 rounds to an integer, which also stands in the low bits. */
#define FUNCTION_MAGIC		12582912.0f
#define FUNCTION_MAGIC_BITS	0x4b400000

SIMD_INLINE vf function_polynomial(vf x, const float *coefficients, u32 degree)
{
	vf sum = vf_splat(coefficients[degree]);
	u32 i;

#pragma GCC unroll 16
	for (i = degree; i-- > 0;)
		sum = vf_fma(sum, x, vf_splat(coefficients[i]));
	return sum;
}

/* 2^k for k in the range of normal numbers. */
SIMD_INLINE vf function_power_of_two(vi k)
{
	return vi_float(vi_shift_left(vi_add(k, vi_splat(127)), vi_splat(23)));
}

SIMD_FUNCTION vf function_exp(vf x)
{
	static const float q[] = { 0.5f, 0x1.5554d8p-3f, 0x1.555516p-5f, 0x1.12106cp-7f, 0x1.6d1606p-10f };
	vf shifted, n, r, p;
	vi k, half;

	x = vf_min(vf_splat(89.0f), x);
	x = vf_max(vf_splat(-105.0f), x);
	shifted = vf_fma(x, vf_splat(FUNCTION_LOG2E), vf_splat(FUNCTION_MAGIC));
	n = vf_sub(shifted, vf_splat(FUNCTION_MAGIC));
	k = vi_sub(vf_bits(shifted), vi_splat(FUNCTION_MAGIC_BITS));
	r = vf_fma(n, vf_splat(-FUNCTION_LN2_HIGH), x);
	r = vf_fma(n, vf_splat(-FUNCTION_LN2_LOW), r);
	p = function_polynomial(r, q, 4);
	p = vf_fma(p, r, vf_splat(1.0f));
	p = vf_fma(p, r, vf_splat(1.0f));
	/* In two factors, for 2^k itself may be subnormal or too large. */
	half = vi_shift_arithmetic(k, vi_splat(1));
	p = vf_mul(p, function_power_of_two(half));
	return vf_mul(p, function_power_of_two(vi_sub(k, half)));
}

SIMD_FUNCTION vf function_log(vf x)
{
	static const float p[] = {
		0x1.555554p-2f, -0x1.fffffcp-3f, 0x1.999da0p-3f, -0x1.555bb0p-3f, 0x1.23c874p-3f,
		-0x1.fcd1e2p-4f, 0x1.df4c32p-4f, -0x1.d79714p-4f, 0x1.1d745ap-4f,
	};
	const vf zero = vf_splat(0.0f), infinity = vi_float(vi_splat(0x7f800000));
	vm subnormal = vf_less(x, vf_splat(0x1p-126f));
	vf scaled = vf_select(subnormal, vf_mul(x, vf_splat(0x1p23f)), x);
	vi from_half = vi_sub(vf_bits(scaled), vi_splat(0x3f3504f3));	/* square root of 1/2 */
	vi exponent = vi_shift_arithmetic(from_half, vi_splat(23));
	vf f, e, s, y;

	f = vi_float(vi_add(vi_and(from_half, vi_splat(0x7fffff)), vi_splat(0x3f3504f3)));
	f = vf_sub(f, vf_splat(1.0f));
	e = vi_to_vf(exponent);
	e = vf_select(subnormal, vf_sub(e, vf_splat(23.0f)), e);
	s = vf_mul(f, f);
	y = vf_mul(function_polynomial(f, p, 8), vf_mul(f, s));
	y = vf_fma(e, vf_splat(FUNCTION_LN2_LOW), y);
	y = vf_fma(s, vf_splat(-0.5f), y);
	y = vf_fma(e, vf_splat(FUNCTION_LN2_HIGH), vf_add(f, y));
	y = vf_select(vf_equal(x, infinity), x, y);
	y = vf_select(vf_equal(x, zero), vf_negate(infinity), y);
	return vf_select(vf_greater_equal(x, zero), y, vi_float(vi_splat((s32)CANONICAL_NAN)));
}

SIMD_FUNCTION vf function_tanh(vf x)
{
	static const float p[] = {
		-0x1.555556p-2f, 0x1.1110e8p-3f, -0x1.ba088ep-5f, 0x1.64a5eep-6f, -0x1.1152f6p-7f,
		0x1.2c1b1cp-9f,
	};
	vf magnitude = vf_abs(x), s = vf_mul(x, x), near_zero, far;

	near_zero = vf_fma(vf_mul(x, s), function_polynomial(s, p, 5), x);
	far = vf_add(function_exp(vf_add(magnitude, magnitude)), vf_splat(1.0f));
	far = vf_sub(vf_splat(1.0f), vf_div(vf_splat(2.0f), far));
	return vf_copysign(vf_select(vf_less(magnitude, vf_splat(0.625f)), near_zero, far), x);
}

SIMD_FUNCTION vf function_sigmoid(vf x)
{
	vf z = function_exp(vf_negate(vf_abs(x)));
	vf numerator = vf_select(vf_less(x, vf_splat(0.0f)), z, vf_splat(1.0f));

	return vf_div(numerator, vf_add(vf_splat(1.0f), z));
}

/* What x times a factor that vanishes at minus infinity is there. */
SIMD_INLINE vf function_vanish(vf x, vf y)
{
	vm end = vf_equal(x, vi_float(vi_splat((s32)0xff800000u)));

	return vf_select(end, vf_splat(-0.0f), y);
}

SIMD_INLINE vf function_silu(vf x)
{
	return function_vanish(x, vf_mul(x, function_sigmoid(x)));
}

SIMD_FUNCTION vf function_erf(vf x)
{
	static const float p[] = {
		0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2d10p-4f, -0x1.b7fabap-6f, 0x1.541270p-8f,
		-0x1.a45088p-11f, 0x1.4a5690p-14f,
	};
	static const float q[] = {
		-0x1.4fb068p-12f, 0x1.2156fap+0f, 0x1.437eb4p-1f, 0x1.c2e356p-4f, -0x1.b0e246p-6f,
		0x1.37ecc6p-8f, -0x1.38e5e6p-11f, 0x1.825ce4p-15f, -0x1.b77830p-20f,
	};
	vf magnitude = vf_min(vf_splat(4.0f), vf_abs(x)), near_zero, far;

	near_zero = vf_fma(x, function_polynomial(vf_mul(x, x), p, 6), x);
	far = function_exp(vf_negate(function_polynomial(magnitude, q, 8)));
	far = vf_sub(vf_splat(1.0f), far);
	return vf_copysign(vf_select(vf_less(magnitude, vf_splat(1.0f)), near_zero, far), x);
}

SIMD_INLINE vf function_gelu(vf x)
{
	vf factor = vf_add(vf_splat(1.0f), function_erf(vf_mul(x, vf_splat(0x1.6a09e6p-1f))));

	return function_vanish(x, vf_mul(vf_mul(vf_splat(0.5f), x), factor));
}

SIMD_INLINE vf function_gelu_tanh(vf x)
{
	/* x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3) */
	vf u = vf_fma(vf_mul(x, x), vf_splat(0x1.2444f2p-4f), vf_splat(0x1.988454p+0f));

	return function_vanish(x, vf_mul(x, function_sigmoid(vf_mul(x, u))));
}

SIMD_INLINE vf function_softplus(vf x)
{
	vf z = function_exp(vf_negate(vf_abs(x))), u = vf_add(vf_splat(1.0f), z);
	vf lost = vf_sub(z, vf_sub(u, vf_splat(1.0f)));
	vf l = vf_add(function_log(u), vf_div(lost, u));

	return vf_add(vf_max(vf_splat(0.0f), x), l);
}

SIMD_INLINE vf function_sign(vf x)
{
	vf y = vf_select(vf_greater(x, vf_splat(0.0f)), vf_splat(1.0f), x);

	return vf_select(vf_less(x, vf_splat(0.0f)), vf_splat(-1.0f), y);
}

#define FUNCTION_EACH_LANE(name, scalar) \
static __attribute__((__noinline__)) void name(float *lane) \
{ \
	u32 i; \
	for (i = 0; i < LANES; i++) \
		lane[i] = scalar(lane[i]); \
}
FUNCTION_EACH_LANE(function_sine_lanes, scalar_sine)
FUNCTION_EACH_LANE(function_cosine_lanes, scalar_cosine)

SIMD_INLINE vf function_by_lane(vf x, void (*each)(float *lane))
{
	float lane[LANES] __attribute__((aligned(64)));

	vf_store(lane, x);
	each(lane);
	return vf_load(lane);
}

/* @function is a constant wherever this is used. */
SIMD_INLINE vf function_apply(u8 function, vf v, vf imm0, vf imm1)
{
	const vf zero = vf_splat(0.0f), one = vf_splat(1.0f);

	switch (function) {
	case PUMORI_ISA_FUNCTION_RELU:
		return vf_max(zero, v);
	case PUMORI_ISA_FUNCTION_LEAKY_RELU:
		return vf_select(vf_less(v, zero), vf_mul(v, imm0), v);
	case PUMORI_ISA_FUNCTION_CLAMP:
		return vf_min(vf_max(v, imm0), imm1);
	case PUMORI_ISA_FUNCTION_HARD_SWISH:
		return vf_mul(v, vf_min(vf_max(vf_fma(v, imm0, imm1), zero), one));
	case PUMORI_ISA_FUNCTION_EXP:
		return function_exp(v);
	case PUMORI_ISA_FUNCTION_LOG:
		return function_log(v);
	case PUMORI_ISA_FUNCTION_TANH:
		return function_tanh(v);
	case PUMORI_ISA_FUNCTION_SIGMOID:
		return function_sigmoid(v);
	case PUMORI_ISA_FUNCTION_SILU:
		return function_silu(v);
	case PUMORI_ISA_FUNCTION_ERF:
		return function_erf(v);
	case PUMORI_ISA_FUNCTION_GELU:
		return function_gelu(v);
	case PUMORI_ISA_FUNCTION_GELU_TANH:
		return function_gelu_tanh(v);
	case PUMORI_ISA_FUNCTION_SOFTPLUS:
		return function_softplus(v);
	case PUMORI_ISA_FUNCTION_SQRT:
		return vf_sqrt(v);
	case PUMORI_ISA_FUNCTION_RSQRT:
		return vf_div(one, vf_sqrt(v));
	case PUMORI_ISA_FUNCTION_RECIPROCAL:
		return vf_div(one, v);
	case PUMORI_ISA_FUNCTION_SQUARE:
		return vf_mul(v, v);
	case PUMORI_ISA_FUNCTION_ABS:
		return vf_abs(v);
	case PUMORI_ISA_FUNCTION_SIGN:
		return function_sign(v);
	case PUMORI_ISA_FUNCTION_FLOOR:
		return vf_floor(v);
	case PUMORI_ISA_FUNCTION_CEIL:
		return vf_ceil(v);
	case PUMORI_ISA_FUNCTION_ROUND:
		return vf_nearest(v);
	case PUMORI_ISA_FUNCTION_TRUNCATE:
		return vf_truncate(v);
	case PUMORI_ISA_FUNCTION_SIN:
		return function_by_lane(v, function_sine_lanes);
	case PUMORI_ISA_FUNCTION_COS:
		return function_by_lane(v, function_cosine_lanes);
	default:
		return v;
	}
}
