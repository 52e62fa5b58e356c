// SPDX-License-Identifier: MIT
/* Documentation/isa.md, section 2: FP16 and FP8, and rounding by chance. */
#include <math.h>
#include "oracle.h"

struct format {
	int places;		/* of the significand, behind the point */
	int lowest;		/* exponent of the smallest normal number */
	int bits;
	double largest;		/* finite */
	uint32_t overflow;	/* what is greater becomes */
	uint32_t nan;
	int infinities;
};

static struct format format_of(uint8_t dtype)
{
	if (dtype == PUMORI_ISA_FP16)
		return (struct format){ 10, -14, 16, 65504, 0x7c00, 0x7e00, 1 };
	if (dtype == PUMORI_ISA_FP8E4M3)
		return (struct format){ 3, -6, 8, 448, 0x7e, 0x7f, 0 };
	return (struct format){ 2, -14, 8, 57344, 0x7b, 0x7f, 1 };
}

float oracle_narrow_load(uint8_t dtype, uint32_t raw)
{
	struct format f = format_of(dtype);
	uint32_t sign = raw >> (f.bits - 1) & 1, exponent = raw >> f.places & ((1u << (f.bits - 1 - f.places)) - 1);
	uint32_t significand = raw & ((1u << f.places) - 1), top = (1u << (f.bits - 1 - f.places)) - 1;
	double value;

	if (f.infinities && exponent == top)
		value = significand ? NAN : INFINITY;
	else if (!f.infinities && exponent == top && significand == (1u << f.places) - 1)
		value = NAN;
	else if (!exponent)
		value = ldexp(significand, f.lowest - f.places);
	else
		value = ldexp((1u << f.places) + significand, f.lowest - f.places + (int)exponent - 1);
	return (float)(sign ? -value : value);
}

/* Encodes a magnitude that the format holds, or one beyond its largest. */
static uint32_t encode(const struct format *f, double value, uint32_t sign)
{
	uint32_t raw;
	int exponent;

	if (value > f->largest) {
		raw = f->overflow;
	} else if (value < ldexp(1, f->lowest)) {
		raw = (uint32_t)ldexp(value, f->places - f->lowest);
	} else {
		frexp(value, &exponent);
		exponent--;
		raw = (uint32_t)(exponent - f->lowest) << f->places;
		raw += (uint32_t)ldexp(value, f->places - exponent);
	}
	return raw | sign << (f->bits - 1);
}

/* The distance of neighbours around a magnitude, as an exponent. */
static int quantum(const struct format *f, double value)
{
	int exponent;

	frexp(value, &exponent);
	exponent--;
	return (value < ldexp(1, f->lowest) ? f->lowest : exponent) - f->places;
}

uint32_t oracle_narrow_store(uint8_t dtype, float value)
{
	struct format f = format_of(dtype);
	double magnitude = fabs((double)value);
	int last = quantum(&f, magnitude);

	if (isnan(value))
		return f.nan;
	if (!isinf(value))
		magnitude = ldexp(nearbyint(ldexp(magnitude, -last)), last);
	return encode(&f, magnitude, signbit(value) != 0);
}

uint32_t oracle_stochastic_store(uint8_t dtype, float value, uint32_t bits)
{
	uint32_t raw = oracle_bits(value), magnitude = raw & 0x7fffffff;
	struct format f;
	double x;
	int last;

	if (dtype == PUMORI_ISA_BF16) {
		if (isnan(value))
			return 0x7fc0;
		if (isinf(value))
			return raw >> 16;
		if (magnitude < 0x00800000)
			return raw >> 31 << 15;
		return (raw & 0x80000000) >> 16 | (magnitude + (bits & 0xffff)) >> 16;
	}
	f = format_of(dtype);
	x = fabs((double)value);
	last = quantum(&f, x);
	if (isnan(value))
		return f.nan;
	if (isinf(value))
		return encode(&f, x, signbit(value) != 0);
	if (x < ldexp(1, f.lowest)) {
		/* One addition of FP32, which rounds. */
		float sum = (float)ldexp(x, -last) + (float)ldexp(bits >> 8, -24);

		x = ldexp(floor(sum), last);
	} else {
		/* As many random bits as are cut off. */
		int cut = 23 - f.places;

		x = ldexp(floor(ldexp(x, -last) + ldexp(bits & ((1u << cut) - 1), -cut)), last);
	}
	return encode(&f, x, signbit(value) != 0);
}

static uint32_t mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x21f0aaad;
	x = (x ^ x >> 15) * 0x735a2d97;
	return x ^ x >> 15;
}

uint32_t oracle_random(uint32_t seed, uint32_t partition, uint32_t index)
{
	return mix(mix(index) + mix(seed + 0x9e3779b9 * (partition + 1)));
}
