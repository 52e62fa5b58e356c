/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The sixteen lanes of simd.h as two AVX registers. */
#ifndef PUMORI_SILICON_KERNELS_SIMD_AVX2_H
#define PUMORI_SILICON_KERNELS_SIMD_AVX2_H

typedef struct { __m256 l, h; } vf;
typedef struct { __m256i l, h; } vi;
typedef vf vm;	/* all bits of a lane set, or none */

#define VF(low, high)	((vf){ .l = (low), .h = (high) })
#define VI(low, high)	((vi){ .l = (low), .h = (high) })

SIMD_INLINE vi vi_mask_first(u32 n)
{
	const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);

	return VI(_mm256_cmpgt_epi32(_mm256_set1_epi32((s32)n), index),
		  _mm256_cmpgt_epi32(_mm256_set1_epi32((s32)n - 8), index));
}

SIMD_INLINE vm vm_first(u32 n)
{
	vi mask = vi_mask_first(n);

	return VF(_mm256_castsi256_ps(mask.l), _mm256_castsi256_ps(mask.h));
}

SIMD_INLINE vf vf_splat(float a) { return VF(_mm256_set1_ps(a), _mm256_set1_ps(a)); }
SIMD_INLINE vi vi_splat(s32 a) { return VI(_mm256_set1_epi32(a), _mm256_set1_epi32(a)); }

SIMD_INLINE vf vf_load(const void *p)
{
	return VF(_mm256_loadu_ps(p), _mm256_loadu_ps((const float *)p + 8));
}

SIMD_INLINE vf vf_load_n(const void *p, u32 n)
{
	vi mask = vi_mask_first(n);

	return VF(_mm256_maskload_ps(p, mask.l), _mm256_maskload_ps((const float *)p + 8, mask.h));
}

SIMD_INLINE void vf_store(void *p, vf a)
{
	_mm256_storeu_ps(p, a.l);
	_mm256_storeu_ps((float *)p + 8, a.h);
}

SIMD_INLINE void vf_store_n(void *p, vf a, u32 n)
{
	vi mask = vi_mask_first(n);

	_mm256_maskstore_ps(p, mask.l, a.l);
	_mm256_maskstore_ps((float *)p + 8, mask.h, a.h);
}

SIMD_INLINE vi vf_bits(vf a) { return VI(_mm256_castps_si256(a.l), _mm256_castps_si256(a.h)); }
SIMD_INLINE vf vi_float(vi a) { return VF(_mm256_castsi256_ps(a.l), _mm256_castsi256_ps(a.h)); }
SIMD_INLINE vi vi_load(const void *p) { return vf_bits(vf_load(p)); }
SIMD_INLINE vi vi_load_n(const void *p, u32 n) { return vf_bits(vf_load_n(p, n)); }
SIMD_INLINE void vi_store(void *p, vi a) { vf_store(p, vi_float(a)); }
SIMD_INLINE void vi_store_n(void *p, vi a, u32 n) { vf_store_n(p, vi_float(a), n); }

#define VF_BINARY(name, instruction) \
	SIMD_INLINE vf name(vf a, vf b) { return VF(instruction(a.l, b.l), instruction(a.h, b.h)); }
#define VI_BINARY(name, instruction) \
	SIMD_INLINE vi name(vi a, vi b) { return VI(instruction(a.l, b.l), instruction(a.h, b.h)); }
#define VF_COMPARE(name, predicate) \
	SIMD_INLINE vm name(vf a, vf b) \
	{ return VF(_mm256_cmp_ps(a.l, b.l, predicate), _mm256_cmp_ps(a.h, b.h, predicate)); }
#define VF_ROUND(name, mode) \
	SIMD_INLINE vf name(vf a) { return VF(_mm256_round_ps(a.l, mode), _mm256_round_ps(a.h, mode)); }

VF_BINARY(vf_add, _mm256_add_ps)
VF_BINARY(vf_sub, _mm256_sub_ps)
VF_BINARY(vf_mul, _mm256_mul_ps)
VF_BINARY(vf_div, _mm256_div_ps)
VF_BINARY(vf_max, _mm256_max_ps)
VF_BINARY(vf_min, _mm256_min_ps)
VF_BINARY(vm_and, _mm256_and_ps)
VF_BINARY(vm_or, _mm256_or_ps)
VF_BINARY(vm_xor, _mm256_xor_ps)
VF_COMPARE(vf_greater, _CMP_GT_OQ)
VF_COMPARE(vf_greater_equal, _CMP_GE_OQ)
VF_COMPARE(vf_less, _CMP_LT_OQ)
VF_COMPARE(vf_less_equal, _CMP_LE_OQ)
VF_COMPARE(vf_equal, _CMP_EQ_OQ)
VF_COMPARE(vf_not_equal, _CMP_NEQ_UQ)
VF_ROUND(vf_nearest, 0x08)
VF_ROUND(vf_floor, 0x09)
VF_ROUND(vf_ceil, 0x0a)
VF_ROUND(vf_truncate, 0x0b)
VI_BINARY(vi_add, _mm256_add_epi32)
VI_BINARY(vi_sub, _mm256_sub_epi32)
VI_BINARY(vi_mul, _mm256_mullo_epi32)
VI_BINARY(vi_and, _mm256_and_si256)
VI_BINARY(vi_or, _mm256_or_si256)
VI_BINARY(vi_xor, _mm256_xor_si256)
VI_BINARY(vi_max, _mm256_max_epi32)
VI_BINARY(vi_min, _mm256_min_epi32)
VI_BINARY(vi_shift_left, _mm256_sllv_epi32)
VI_BINARY(vi_shift_right, _mm256_srlv_epi32)
VI_BINARY(vi_shift_arithmetic, _mm256_srav_epi32)

SIMD_INLINE vf vf_fma(vf a, vf b, vf c)
{
	return VF(_mm256_fmadd_ps(a.l, b.l, c.l), _mm256_fmadd_ps(a.h, b.h, c.h));
}

SIMD_INLINE vf vf_sqrt(vf a) { return VF(_mm256_sqrt_ps(a.l), _mm256_sqrt_ps(a.h)); }

SIMD_INLINE vm vf_unordered(vf a)
{
	return VF(_mm256_cmp_ps(a.l, a.l, _CMP_UNORD_Q), _mm256_cmp_ps(a.h, a.h, _CMP_UNORD_Q));
}

SIMD_INLINE vf vf_select(vm m, vf a, vf b)
{
	return VF(_mm256_blendv_ps(b.l, a.l, m.l), _mm256_blendv_ps(b.h, a.h, m.h));
}

SIMD_INLINE vi vi_select(vm m, vi a, vi b)
{
	return vf_bits(vf_select(m, vi_float(a), vi_float(b)));
}

/* Nearest-even. */
SIMD_INLINE vf vi_to_vf(vi a) { return VF(_mm256_cvtepi32_ps(a.l), _mm256_cvtepi32_ps(a.h)); }

SIMD_INLINE vm vi_greater(vi a, vi b)
{
	return vi_float(VI(_mm256_cmpgt_epi32(a.l, b.l), _mm256_cmpgt_epi32(a.h, b.h)));
}

SIMD_INLINE vm vi_equal(vi a, vi b)
{
	return vi_float(VI(_mm256_cmpeq_epi32(a.l, b.l), _mm256_cmpeq_epi32(a.h, b.h)));
}

SIMD_INLINE __m256 bf16_widen(__m128i halves)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

SIMD_INLINE vf vf_load_bf16(const void *p)
{
	return VF(bf16_widen(_mm_loadu_si128(p)), bf16_widen(_mm_loadu_si128((const __m128i *)p + 1)));
}

SIMD_INLINE vf vf_load_bf16_n(const void *p, u32 n)
{
	u16 copy[16] __attribute__((aligned(32))) = { 0 };
	u32 i;

	for (i = 0; i < n; i++)
		copy[i] = ((const u16 *)p)[i];
	return vf_load_bf16(copy);
}

/* Nearest-even in the upper half of each lane; subnormals become zero. Callers pass canonical NaN. */
SIMD_INLINE __m256i bf16_round(__m256 a)
{
	__m256i bits = _mm256_castps_si256(a);
	__m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
	__m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
	__m256i exponent = _mm256_and_si256(bits, _mm256_set1_epi32(0x7f800000));
	__m256i tiny = _mm256_cmpeq_epi32(exponent, _mm256_setzero_si256());
	__m256i special = _mm256_cmpeq_epi32(exponent, _mm256_set1_epi32(0x7f800000));
	__m256i sign = _mm256_and_si256(bits, _mm256_set1_epi32((s32)0x80000000u));

	rounded = _mm256_blendv_epi8(rounded, sign, tiny);
	rounded = _mm256_blendv_epi8(rounded, bits, special);
	return _mm256_srli_epi32(rounded, 16);
}

SIMD_INLINE void vf_store_bf16(void *p, vf a)
{
	__m256i packed = _mm256_packus_epi32(bf16_round(a.l), bf16_round(a.h));

	_mm256_storeu_si256(p, _mm256_permute4x64_epi64(packed, 0xd8));
}

SIMD_INLINE void vf_store_bf16_n(void *p, vf a, u32 n)
{
	u16 copy[16] __attribute__((aligned(32)));
	u32 i;

	vf_store_bf16(copy, a);
	for (i = 0; i < n; i++)
		((u16 *)p)[i] = copy[i];
}

/* Every second element, from p on; the last one read is p[2 * (n - 1)]. */
SIMD_INLINE vf vf_load_even_n(const void *p, u32 n)
{
	u32 span = n ? 2 * n - 1 : 0;
	vf low = vf_load_n(p, span < 16 ? span : 16);
	vf high = vf_load_n((const float *)p + 16, span < 16 ? 0 : span - 16);
	__m256 l = _mm256_shuffle_ps(low.l, low.h, 0x88);
	__m256 h = _mm256_shuffle_ps(high.l, high.h, 0x88);

	return VF(_mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(l), 0xd8)),
		  _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(h), 0xd8)));
}

SIMD_INLINE vf vf_load_bf16_even_n(const void *p, u32 n)
{
	float copy[16] __attribute__((aligned(32))) = { 0 };
	u32 i;

	for (i = 0; i < n; i++)
		((u32 *)(void *)copy)[i] = (u32)((const u16 *)p)[2 * i] << 16;
	return vf_load(copy);
}

/* Lanes 0..n-1 of the result are lanes n..2n-1 of @a; n is 8, 4, 2 or 1. */
SIMD_INLINE vf vf_upper(vf a, u32 n)
{
	switch (n) {
	case 8:
		return VF(a.h, a.h);
	case 4:
		return VF(_mm256_permute2f128_ps(a.l, a.l, 1), a.h);
	case 2:
		return VF(_mm256_permute_ps(a.l, 0x0e), a.h);
	default:
		return VF(_mm256_permute_ps(a.l, 0x01), a.h);
	}
}

#define MATMUL_TILE_ROWS	6
#define MATMUL_TILE_VECTORS	1

SIMD_INLINE __m256 bf16_odd(__m256 pairs)
{
	return _mm256_and_ps(pairs, _mm256_castsi256_ps(_mm256_set1_epi32((s32)0xffff0000u)));
}

SIMD_INLINE __m256 bf16_even(__m256 pairs)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(pairs), 16));
}

/* acc + odd * odd, then + even * even; matmul_begin() makes subnormals zero throughout. */
SIMD_INLINE vf vf_dot_bf16(vf acc, vf a, vf b)
{
	acc.l = _mm256_fmadd_ps(bf16_odd(a.l), bf16_odd(b.l), acc.l);
	acc.h = _mm256_fmadd_ps(bf16_odd(a.h), bf16_odd(b.h), acc.h);
	acc.l = _mm256_fmadd_ps(bf16_even(a.l), bf16_even(b.l), acc.l);
	acc.h = _mm256_fmadd_ps(bf16_even(a.h), bf16_even(b.h), acc.h);
	return acc;
}

SIMD_INLINE u32 matmul_begin(bool pairs)
{
	u32 state = 0, flush = 0x9fc0;	/* flush results to zero, take subnormal inputs for zero */

	if (pairs) {
		__asm__ volatile("vstmxcsr %0" : "=m"(state) : : "memory");
		__asm__ volatile("vldmxcsr %0" : : "m"(flush) : "memory");
	}
	return state;
}

SIMD_INLINE void matmul_end(bool pairs, u32 state)
{
	if (pairs)
		__asm__ volatile("vldmxcsr %0" : : "m"(state) : "memory");
}

/*
 * acc + the sum of four products of unsigned bytes and signed ones. There is no such instruction that does not
 * saturate, so the stationary matrix is kept in 16 bits: rows 0 and 2 of four in one word, 1 and 3 in another.
 */
#define INT8_WORDS	2
#define INT8_TILE_ROWS	4
SIMD_INLINE vi int8_dot(vi acc, vi u, vi s02, vi s13)
{
	const __m256i low = _mm256_set1_epi32(0x00ff00ff);

	acc.l = _mm256_add_epi32(acc.l, _mm256_madd_epi16(_mm256_and_si256(u.l, low), s02.l));
	acc.h = _mm256_add_epi32(acc.h, _mm256_madd_epi16(_mm256_and_si256(u.h, low), s02.h));
	acc.l = _mm256_add_epi32(acc.l, _mm256_madd_epi16(_mm256_srli_epi16(u.l, 8), s13.l));
	acc.h = _mm256_add_epi32(acc.h, _mm256_madd_epi16(_mm256_srli_epi16(u.h, 8), s13.h));
	return acc;
}

SIMD_INLINE vi vi_load_s8(const void *p)
{
	__m128i bytes = _mm_loadu_si128(p);

	return VI(_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(_mm_srli_si128(bytes, 8)));
}

SIMD_INLINE vi vi_load_u8(const void *p)
{
	__m128i bytes = _mm_loadu_si128(p);

	return VI(_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)));
}

/* The low byte of each lane. */
SIMD_INLINE void vi_store_8(void *p, vi a)
{
	const __m256i low = _mm256_set1_epi32(0xff);
	__m256i words = _mm256_packus_epi32(_mm256_and_si256(a.l, low), _mm256_and_si256(a.h, low));
	__m256i bytes;

	words = _mm256_permute4x64_epi64(words, 0xd8);
	bytes = _mm256_packus_epi16(words, words);
	_mm_storeu_si128(p, _mm256_castsi256_si128(_mm256_permute4x64_epi64(bytes, 0xd8)));
}

/* Of integers only. */
SIMD_INLINE vi vf_to_vi(vf a) { return VI(_mm256_cvtps_epi32(a.l), _mm256_cvtps_epi32(a.h)); }

#include "int8_x86.h"
#include "transpose_x86.h"

#endif
