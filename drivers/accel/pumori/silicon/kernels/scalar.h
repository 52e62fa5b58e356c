/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * One element at a time: IEEE operations that plain C lacks, reading and writing elements of any type,
 * and the kernels that every set shares because they gain nothing from vectors.
 */
#ifndef PUMORI_SILICON_KERNELS_SCALAR_H
#define PUMORI_SILICON_KERNELS_SCALAR_H

#include "../kernels.h"

#define SCALAR_INLINE	static inline __attribute__((always_inline))

SCALAR_INLINE u32 float_bits(float a)
{
	u32 bits;

	memcpy(&bits, &a, sizeof(bits));
	return bits;
}

SCALAR_INLINE float float_from_bits(u32 bits)
{
	float a;

	memcpy(&a, &bits, sizeof(a));
	return a;
}

SCALAR_INLINE u64 double_bits(double a)
{
	u64 bits;

	memcpy(&bits, &a, sizeof(bits));
	return bits;
}

SCALAR_INLINE double double_from_bits(u64 bits)
{
	double a;

	memcpy(&a, &bits, sizeof(a));
	return a;
}

SCALAR_INLINE float float_canonical(float a)
{
	return a != a ? float_from_bits(0x7fc00000) : a;
}

SCALAR_INLINE float float_copysign(float magnitude, float sign)
{
	return float_from_bits((float_bits(magnitude) & 0x7fffffff) | (float_bits(sign) & 0x80000000));
}

/*
 * a * b is exact in double; the sum is rounded to odd there, which makes the rounding to float right.
 */
SCALAR_INLINE float scalar_fma(float a, float b, float c)
{
	double product = (double)a * b;
	double sum = product + c;
	double from_c = sum - product;
	double lost = (product - (sum - from_c)) + (c - from_c);
	u64 bits = double_bits(sum);

	/* A NaN compares false: infinities and NaNs stay as they are. */
	if ((lost < 0 || lost > 0) && !(bits & 1))
		bits += (lost > 0) == (sum > 0) ? 1 : -(u64)1;
	return (float)double_from_bits(bits);
}

/* Subnormals become zero with their sign. */
SCALAR_INLINE float float_flush(float a)
{
	u32 bits = float_bits(a);

	return bits & 0x7f800000 ? a : float_from_bits(bits & 0x80000000);
}

/* The same with subnormal operands and results zero; tininess is detected after rounding. */
SCALAR_INLINE float scalar_fma_flush(float a, float b, float c)
{
	double product = (double)float_flush(a) * float_flush(b), addend = float_flush(c);
	double sum = product + addend;
	double from_c = sum - product;
	double lost = (product - (sum - from_c)) + (addend - from_c);
	u64 bits = double_bits(sum);

	if ((lost < 0 || lost > 0) && !(bits & 1))
		bits += (lost > 0) == (sum > 0) ? 1 : -(u64)1;
	/* What rounds to less than 2^-126 with 24 bits. */
	if ((bits & 0x7fffffffffffffffull) < 0x380ffffff0000000ull)
		bits &= 0x8000000000000000ull;
	return (float)double_from_bits(bits);
}

/* One step of a BF16 product: the odd elements of the pairs @a and @b first, then the even ones. */
SCALAR_INLINE float scalar_dot_bf16(float acc, u32 a, u32 b)
{
	acc = scalar_fma_flush(float_from_bits(a & 0xffff0000), float_from_bits(b & 0xffff0000), acc);
	return scalar_fma_flush(float_from_bits(a << 16), float_from_bits(b << 16), acc);
}

SCALAR_INLINE float scalar_sqrt(float a)
{
	return __builtin_sqrtf(a);
}

/* From 2^23 on every float is an integer. */
SCALAR_INLINE bool float_is_large(float a)
{
	return (float_bits(a) & 0x7fffffff) >= 0x4b000000;
}

SCALAR_INLINE float scalar_truncate(float a)
{
	return float_is_large(a) ? a : float_copysign((float)(s32)a, a);
}

SCALAR_INLINE float scalar_nearest(float a)
{
	float magic = float_copysign(8388608.0f, a);

	return float_is_large(a) ? a : float_copysign((a + magic) - magic, a);
}

SCALAR_INLINE float scalar_floor(float a)
{
	float whole = scalar_truncate(a);

	return whole > a ? whole - 1.0f : whole;
}

SCALAR_INLINE float scalar_ceil(float a)
{
	float whole = scalar_truncate(a);

	return whole < a ? float_copysign(whole + 1.0f, a) : whole;
}

SCALAR_INLINE float bf16_to_float(u16 a)
{
	return float_from_bits((u32)a << 16);
}

SCALAR_INLINE u16 bf16_from_float(float a)
{
	u32 bits = float_bits(a);
	u32 exponent = bits & 0x7f800000;

	if (a != a)
		return 0x7fc0;
	if (!exponent)
		return (u16)(bits >> 16 & 0x8000);
	return (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/*
 * FP16, FP8E4M3 and FP8E5M2: FP32 holds all their values. One description of each serves single elements here
 * and vectors in narrow.inc.h.
 */
struct narrow_format {
	u32 shift;	/* bits of an FP32 significand that are cut off */
	u32 rebias;	/* difference of the exponents' biases, as bits of FP32 */
	u32 widen;	/* 2 to that difference, as FP32 */
	u32 smallest;	/* smallest normal number, as FP32 */
	u32 magic;	/* FP32 whose last place is the smallest subnormal number */
	u32 places;	/* 1 / smallest subnormal number, as FP32 */
	u32 largest;	/* what greater values become: FP16 infinity, FP8 the largest finite number */
	u32 infinity;	/* 0 if there is none */
	u32 special;	/* from here on, magnitudes are infinite or NaN */
	u32 nan;	/* the canonical one */
	u32 bits;
};

static const struct narrow_format narrow_fp16 = {
	.shift = 13, .rebias = 112u << 23, .widen = 0x77800000, .smallest = 0x38800000, .magic = 0x3f000000,
	.places = 0x4b800000, .largest = 0x7c00, .infinity = 0x7c00, .special = 0x7c00, .nan = 0x7e00, .bits = 16,
};

static const struct narrow_format narrow_fp8e4m3 = {
	.shift = 20, .rebias = 120u << 23, .widen = 0x7b800000, .smallest = 0x3c800000, .magic = 0x46800000,
	.places = 0x44000000, .largest = 0x7e, .infinity = 0, .special = 0x7f, .nan = 0x7f, .bits = 8,
};

static const struct narrow_format narrow_fp8e5m2 = {
	.shift = 21, .rebias = 112u << 23, .widen = 0x77800000, .smallest = 0x38800000, .magic = 0x43000000,
	.places = 0x47800000, .largest = 0x7b, .infinity = 0x7c, .special = 0x7c, .nan = 0x7f, .bits = 8,
};

SCALAR_INLINE float narrow_to_float(const struct narrow_format *f, u32 raw)
{
	u32 sign = raw >> (f->bits - 1) << 31, magnitude = raw & ((1u << (f->bits - 1)) - 1);
	float a;

	if (magnitude >= f->special)
		return float_from_bits(sign | (magnitude == f->infinity ? 0x7f800000 : 0x7fc00000));
	a = float_from_bits(magnitude << f->shift) * float_from_bits(f->widen);
	return float_from_bits(float_bits(a) | sign);
}

/* Nearest-even. */
SCALAR_INLINE u32 narrow_from_float(const struct narrow_format *f, float a)
{
	u32 bits = float_bits(a), magnitude = bits & 0x7fffffff, sign = bits >> 31 << (f->bits - 1), raw;
	float sum;

	if (a != a)
		return f->nan;
	if (magnitude < f->smallest) {
		sum = float_from_bits(magnitude) + float_from_bits(f->magic);
		return sign | (float_bits(sum) - f->magic);
	}
	raw = (magnitude + (1u << (f->shift - 1)) - 1 + (magnitude >> f->shift & 1) - f->rebias) >> f->shift;
	return sign | SILICON_MIN(raw, f->largest);
}

/* Truncates, saturates, and takes NaN for 0. */
SCALAR_INLINE s32 s32_from_float(float a)
{
	if (a >= 2147483648.0f)
		return 0x7fffffff;
	if (a > -2147483648.0f)
		return (s32)a;
	return a != a ? 0 : (s32)0x80000000u;
}

SCALAR_INLINE s64 s64_from_float(float a)
{
	if (a >= 9223372036854775808.0f)
		return 0x7fffffffffffffffll;
	if (a > -9223372036854775808.0f)
		return (s64)a;
	return a != a ? 0 : (s64)0x8000000000000000ull;
}

SCALAR_INLINE u64 u64_from_float(float a)
{
	if (a >= 18446744073709551616.0f)
		return ~0ull;
	return a > 0.0f ? (u64)a : 0;
}

SCALAR_INLINE s64 saturate(s64 a, s64 low, s64 high)
{
	return a < low ? low : a > high ? high : a;
}

SCALAR_INLINE bool dtype_is_float(u8 dtype)
{
	return dtype >= PUMORI_ISA_FP32 && dtype <= PUMORI_ISA_FP8E5M2;
}

SCALAR_INLINE bool dtype_is_fp8(u8 dtype)
{
	return dtype == PUMORI_ISA_FP8E4M3 || dtype == PUMORI_ISA_FP8E5M2;
}

/* What the tensor engine multiplies as integers. */
SCALAR_INLINE bool dtype_is_int8(u8 dtype)
{
	return dtype == PUMORI_ISA_INT8 || dtype == PUMORI_ISA_UINT8;
}

/* Elements of the integer types, sign- or zero-extended. */
SCALAR_INLINE s64 integer_load(u8 dtype, const u8 *p)
{
	switch (dtype) {
	case PUMORI_ISA_INT8:
		return *(const s8 *)p;
	case PUMORI_ISA_UINT8:
		return *p;
	case PUMORI_ISA_INT16:
		return *(const s16 *)p;
	case PUMORI_ISA_UINT16:
		return *(const u16 *)p;
	case PUMORI_ISA_INT32:
		return *(const s32 *)p;
	case PUMORI_ISA_UINT32:
		return *(const u32 *)p;
	case PUMORI_ISA_BOOL:
		return *p != 0;
	default:
		return *(const s64 *)p;
	}
}

/* Wraps to the type's width. */
SCALAR_INLINE void integer_store(u8 dtype, u8 *p, s64 value)
{
	switch (dtype) {
	case PUMORI_ISA_INT8:
	case PUMORI_ISA_UINT8:
		*p = (u8)value;
		break;
	case PUMORI_ISA_INT16:
	case PUMORI_ISA_UINT16:
		*(u16 *)p = (u16)value;
		break;
	case PUMORI_ISA_INT32:
	case PUMORI_ISA_UINT32:
		*(u32 *)p = (u32)value;
		break;
	case PUMORI_ISA_BOOL:
		*p = value != 0;
		break;
	default:
		*(s64 *)p = value;
	}
}

/* Any type to FP32, nearest-even. */
SCALAR_INLINE float element_float(u8 dtype, const u8 *p)
{
	switch (dtype) {
	case PUMORI_ISA_FP32:
		return *(const float *)p;
	case PUMORI_ISA_BF16:
		return bf16_to_float(*(const u16 *)p);
	case PUMORI_ISA_FP16:
		return narrow_to_float(&narrow_fp16, *(const u16 *)p);
	case PUMORI_ISA_FP8E4M3:
		return narrow_to_float(&narrow_fp8e4m3, *p);
	case PUMORI_ISA_FP8E5M2:
		return narrow_to_float(&narrow_fp8e5m2, *p);
	case PUMORI_ISA_UINT64:
		return (float)*(const u64 *)p;
	default:
		return (float)integer_load(dtype, p);
	}
}

SCALAR_INLINE void element_store_float(u8 dtype, u8 *p, float value)
{
	switch (dtype) {
	case PUMORI_ISA_FP32:
		*(float *)p = float_canonical(value);
		break;
	case PUMORI_ISA_BF16:
		*(u16 *)p = bf16_from_float(value);
		break;
	case PUMORI_ISA_FP16:
		*(u16 *)p = (u16)narrow_from_float(&narrow_fp16, value);
		break;
	case PUMORI_ISA_FP8E4M3:
		*p = (u8)narrow_from_float(&narrow_fp8e4m3, value);
		break;
	case PUMORI_ISA_FP8E5M2:
		*p = (u8)narrow_from_float(&narrow_fp8e5m2, value);
		break;
	case PUMORI_ISA_INT8:
		*p = (u8)saturate(s32_from_float(value), -128, 127);
		break;
	case PUMORI_ISA_UINT8:
		*p = (u8)saturate(s32_from_float(value), 0, 255);
		break;
	case PUMORI_ISA_INT16:
		*(u16 *)p = (u16)saturate(s32_from_float(value), -32768, 32767);
		break;
	case PUMORI_ISA_UINT16:
		*(u16 *)p = (u16)saturate(s32_from_float(value), 0, 65535);
		break;
	case PUMORI_ISA_INT32:
		*(s32 *)p = s32_from_float(value);
		break;
	case PUMORI_ISA_UINT32:
		*(u32 *)p = (u32)saturate(s64_from_float(value), 0, 0xffffffffll);
		break;
	case PUMORI_ISA_INT64:
		*(s64 *)p = s64_from_float(value);
		break;
	case PUMORI_ISA_UINT64:
		*(u64 *)p = u64_from_float(value);
		break;
	default:
		*p = value != 0.0f;
	}
}

/* Any type to INT32 (integers wrap, floats saturate), as 32 bits. */
SCALAR_INLINE s32 element_s32(u8 dtype, const u8 *p)
{
	if (dtype_is_float(dtype))
		return s32_from_float(element_float(dtype, p));
	return (s32)(u32)(u64)integer_load(dtype, p);
}

SCALAR_INLINE s64 element_s64(u8 dtype, const u8 *p)
{
	if (dtype_is_float(dtype))
		return s64_from_float(element_float(dtype, p));
	return integer_load(dtype, p);
}

SCALAR_INLINE void element_store_s32(u8 dtype, u8 *p, s32 value)
{
	if (dtype_is_float(dtype))
		element_store_float(dtype, p, (float)value);
	else
		integer_store(dtype, p, value);
}

SCALAR_INLINE void element_store_s64(u8 dtype, u8 *p, s64 value)
{
	if (dtype_is_float(dtype))
		element_store_float(dtype, p, (float)value);
	else
		integer_store(dtype, p, value);
}

/* Bits of an element of @size bytes. */
SCALAR_INLINE void element_move(u8 *to, const u8 *from, u32 size)
{
	switch (size) {
	case 1:
		*to = *from;
		break;
	case 2:
		*(u16 *)to = *(const u16 *)from;
		break;
	case 4:
		*(u32 *)to = *(const u32 *)from;
		break;
	default:
		*(u64 *)to = *(const u64 *)from;
	}
}

/* scalar.c: element by element, any type to any type. Returns what silicon_kernels.convert does. */
int scalar_convert(u8 *destination, u8 destination_dtype, s64 destination_step,
		   const u8 *source, u8 source_dtype, s64 source_step, u64 count);

/* scalar_functions.c */
float scalar_power(float base, float exponent);
float scalar_modulo(float a, float b);
float scalar_modulo_floor(float a, float b);
float scalar_sine(float a);
float scalar_cosine(float a);

/* scalar_integer.c: TENSOR_TENSOR and the other operations with compute type INT64 */
s64 scalar_integer_operation(u8 operation, s64 a, s64 b, u32 width);
u32 scalar_integer64(struct silicon_task *task, u32 budget);

/* scalar_kernels.c: kernels that all sets share */
u32 scalar_iota(struct silicon_task *task, u32 budget);
u32 scalar_gather(struct silicon_task *task, u32 budget);
u32 scalar_scatter(struct silicon_task *task, u32 budget);
u32 scalar_scan(struct silicon_task *task, u32 budget);
u32 scalar_begin(void);
void scalar_end(u32 state);

#endif
