// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Functions of one element that need more than single precision: power, modulo, sine and cosine. They
 * use IEEE double operations without contraction, or integers, so that every host gives the same bits.
 */
#include "scalar.h"

#define DOUBLE_MAGIC	6755399441055744.0	/* 1.5 * 2^52: adding and subtracting it rounds */

static double polynomial(double x, const double *coefficients, int degree)
{
	double sum = coefficients[degree];

	while (degree-- > 0)
		sum = sum * x + coefficients[degree];
	return sum;
}

/* log2 of a positive, finite, normal double. */
static double log2_of(double a)
{
	static const double p[] = {
		0x1.71547652b82ffp+1, 0x1.ec709dc39c97fp-1, 0x1.2776c516b5dd9p-1, 0x1.a6175665d7fbep-2,
		0x1.484fb151f36a7p-2, 0x1.0bb709d0124a9p-2, 0x1.f196c19e3f68fp-3,
	};
	s64 from_half = (s64)(double_bits(a) - 0x3fe6a09e667f3bcdull);	/* square root of 1/2 */
	s64 exponent = from_half >> 52;
	double m = double_from_bits(double_bits(a) - ((u64)exponent << 52));
	double s = (m - 1.0) / (m + 1.0);

	return (double)exponent + s * polynomial(s * s, p, 6);
}

/* 2^t for |t| <= 200. */
static double exp2_of(double t)
{
	static const double p[] = {
		1.0, 0x1.62e42fefa39efp-1, 0x1.ebfbdff82c5aep-3, 0x1.c6b08d704a0c6p-5,
		0x1.3b2ab6fb9f1a5p-7, 0x1.5d87fe78a3f9cp-10, 0x1.430913112c61bp-13, 0x1.ffcbfc6da6ed1p-17,
		0x1.62bfc2c86d700p-20, 0x1.b524ebd13a55fp-24, 0x1.e6228acd1c6e5p-28, 0x1.e9ec1fcb69a7fp-32,
	};
	double shifted = t + DOUBLE_MAGIC;
	double n = shifted - DOUBLE_MAGIC;
	u64 k = double_bits(shifted) - 0x4338000000000000ull;

	return polynomial(t - n, p, 11) * double_from_bits((k + 1023) << 52);
}

static bool is_integer(float a)
{
	return float_is_large(a) || scalar_truncate(a) == a;
}

static bool is_odd_integer(float a)
{
	/* From 2^24 on every float is even. */
	return is_integer(a) && (float_bits(a) & 0x7fffffff) < 0x4b800000 && ((s32)a & 1);
}

float scalar_power(float base, float exponent)
{
	const float infinity = float_from_bits(0x7f800000);
	u32 magnitude = float_bits(base) & 0x7fffffff;
	bool negative, grows;
	double t;

	if (exponent == 0.0f || base == 1.0f)
		return 1.0f;
	if (base != base || exponent != exponent)
		return float_from_bits(0x7fc00000);
	grows = exponent > 0.0f;
	if (exponent == infinity || exponent == -infinity) {
		if (magnitude == 0x3f800000)
			return 1.0f;
		return (magnitude > 0x3f800000) == grows ? infinity : 0.0f;
	}
	negative = base < 0.0f || (magnitude == 0 && float_bits(base));
	negative = negative && is_odd_integer(exponent);
	if (magnitude == 0 || magnitude == 0x7f800000) {
		float result = (magnitude != 0) == grows ? infinity : 0.0f;

		return negative ? -result : result;
	}
	if (base < 0.0f && !is_integer(exponent))
		return float_from_bits(0x7fc00000);
	t = (double)exponent * log2_of((double)float_from_bits(magnitude));
	t = t > 200.0 ? 200.0 : t < -200.0 ? -200.0 : t;
	t = exp2_of(t);
	return (float)(negative ? -t : t);
}

/* The remainder is exact: long division of the significands. */
float scalar_modulo(float a, float b)
{
	u32 x = float_bits(a) & 0x7fffffff, y = float_bits(b) & 0x7fffffff, sign = float_bits(a) & 0x80000000;
	u32 ex = x >> 23, ey = y >> 23, mx = x & 0x7fffff, my = y & 0x7fffff;

	if (x >= 0x7f800000 || y == 0 || y > 0x7f800000)
		return float_from_bits(0x7fc00000);
	if (x < y)
		return a;
	mx = ex ? mx | 0x800000 : mx;
	my = ey ? my | 0x800000 : my;
	ex = ex ? ex : 1;
	ey = ey ? ey : 1;
	/* A subnormal divisor may fit more than once. */
	mx %= my;
	for (; ex > ey; ex--) {
		mx <<= 1;
		mx = mx >= my ? mx - my : mx;
	}
	if (!mx)
		return float_from_bits(sign);
	while (mx < 0x800000 && ex > 1) {
		mx <<= 1;
		ex--;
	}
	return float_from_bits(sign | (mx < 0x800000 ? mx : ex << 23 | (mx & 0x7fffff)));
}

float scalar_modulo_floor(float a, float b)
{
	float r = scalar_modulo(a, b);

	if (r == 0.0f)
		return float_copysign(0.0f, b);
	return (r < 0.0f) != (b < 0.0f) ? r + b : r;
}

/*
 * Writes a = q * pi/2 + r with r in about [-pi/4, pi/4] and returns q modulo 4. The product of the
 * significand with 2/pi is taken from a window of its bits that leaves out multiples of 4.
 */
static u32 reduce_angle(float a, double *remainder)
{
	static const u32 two_over_pi[] = {
		0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab,
		0xdebbc561, 0xb7246e3a,
	};
	u32 bits = float_bits(a) & 0x7fffffff, skip, word, shift, i, w[3];
	u64 significand = (bits & 0x7fffff) | 0x800000, turns, quadrant;
	s32 exponent = (s32)(bits >> 23) - 150;

	if (bits <= 0x3f490fdb) {
		*remainder = (double)float_from_bits(bits);
		return 0;
	}
	skip = exponent > 2 ? (u32)exponent - 2 : 0;
	word = skip / 32;
	shift = skip % 32;
	for (i = 0; i < 3; i++)
		w[i] = (u32)((((u64)two_over_pi[word + i] << 32) | two_over_pi[word + i + 1]) << shift >> 32);
	turns = significand * w[1] + (significand * w[2] >> 32);
	/* Two bits of quadrant, 62 of fraction; what is shifted out above are whole turns. */
	if (exponent < 2)
		turns = (significand * w[0] << (30 + exponent)) + (turns >> (2 - exponent));
	else
		turns += significand * w[0] << 32;
	quadrant = (turns + (1ull << 61)) >> 62;
	*remainder = (double)(s64)(turns - (quadrant << 62)) * 0x1.921fb54442d18p-62;
	return (u32)quadrant & 3;
}

static double sine_of(double r)
{
	static const double p[] = {
		0x1.fffffffffffd9p-1, -0x1.5555555550e49p-3, 0x1.1111110bd3b54p-7, -0x1.a019f89438a1fp-13,
		0x1.71d72a4b779d6p-19, -0x1.a94de9088c46dp-26,
	};

	return r * polynomial(r * r, p, 5);
}

static double cosine_of(double r)
{
	static const double p[] = {
		1.0, -0x1.fffffffffff77p-2, 0x1.555555554e6d2p-5, -0x1.6c16c163b498ep-10,
		0x1.a019f7eebbb5ep-16, -0x1.27df3a2ecce24p-22, 0x1.1b893bd61e9c0p-29,
	};

	return polynomial(r * r, p, 6);
}

float scalar_sine(float a)
{
	double r, y;
	u32 quadrant;

	if ((float_bits(a) & 0x7fffffff) >= 0x7f800000)
		return float_from_bits(0x7fc00000);
	quadrant = reduce_angle(a, &r);
	y = quadrant & 1 ? cosine_of(r) : sine_of(r);
	y = quadrant & 2 ? -y : y;
	return (float)(float_bits(a) >> 31 ? -y : y);
}

float scalar_cosine(float a)
{
	double r, y;
	u32 quadrant;

	if ((float_bits(a) & 0x7fffffff) >= 0x7f800000)
		return float_from_bits(0x7fc00000);
	quadrant = reduce_angle(a, &r);
	y = quadrant & 1 ? sine_of(r) : cosine_of(r);
	return (float)(quadrant == 1 || quadrant == 2 ? -y : y);
}
