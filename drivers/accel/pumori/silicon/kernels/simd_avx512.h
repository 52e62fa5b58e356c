/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The sixteen lanes of simd.h as one AVX-512 register. */
#ifndef PUMORI_SILICON_KERNELS_SIMD_AVX512_H
#define PUMORI_SILICON_KERNELS_SIMD_AVX512_H

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

SIMD_INLINE vm vm_first(u32 n)
{
	return (vm)_bzhi_u32(0xffff, n);
}

SIMD_INLINE vf vf_splat(float a) { return _mm512_set1_ps(a); }
SIMD_INLINE vf vf_load(const void *p) { return _mm512_loadu_ps(p); }
SIMD_INLINE vf vf_load_n(const void *p, u32 n) { return _mm512_maskz_loadu_ps(vm_first(n), p); }
SIMD_INLINE void vf_store(void *p, vf a) { _mm512_storeu_ps(p, a); }
SIMD_INLINE void vf_store_n(void *p, vf a, u32 n) { _mm512_mask_storeu_ps(p, vm_first(n), a); }

SIMD_INLINE vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
SIMD_INLINE vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
SIMD_INLINE vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
SIMD_INLINE vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
SIMD_INLINE vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
SIMD_INLINE vf vf_sqrt(vf a) { return _mm512_sqrt_ps(a); }
SIMD_INLINE vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
SIMD_INLINE vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
SIMD_INLINE vf vf_nearest(vf a) { return _mm512_roundscale_ps(a, 0x08); }
SIMD_INLINE vf vf_floor(vf a) { return _mm512_roundscale_ps(a, 0x09); }
SIMD_INLINE vf vf_ceil(vf a) { return _mm512_roundscale_ps(a, 0x0a); }
SIMD_INLINE vf vf_truncate(vf a) { return _mm512_roundscale_ps(a, 0x0b); }

SIMD_INLINE vm vf_greater(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
SIMD_INLINE vm vf_greater_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
SIMD_INLINE vm vf_less(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
SIMD_INLINE vm vf_less_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
SIMD_INLINE vm vf_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }
SIMD_INLINE vm vf_not_equal(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }
SIMD_INLINE vm vf_unordered(vf a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }
SIMD_INLINE vf vf_select(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }

SIMD_INLINE vm vm_and(vm a, vm b) { return a & b; }
SIMD_INLINE vm vm_or(vm a, vm b) { return a | b; }
SIMD_INLINE vm vm_xor(vm a, vm b) { return a ^ b; }

SIMD_INLINE vi vf_bits(vf a) { return _mm512_castps_si512(a); }
SIMD_INLINE vf vi_float(vi a) { return _mm512_castsi512_ps(a); }
/* Nearest-even. */
SIMD_INLINE vf vi_to_vf(vi a) { return _mm512_cvtepi32_ps(a); }

SIMD_INLINE vi vi_splat(s32 a) { return _mm512_set1_epi32(a); }
SIMD_INLINE vi vi_load(const void *p) { return _mm512_loadu_si512(p); }
SIMD_INLINE vi vi_load_n(const void *p, u32 n) { return _mm512_maskz_loadu_epi32(vm_first(n), p); }
SIMD_INLINE void vi_store(void *p, vi a) { _mm512_storeu_si512(p, a); }
SIMD_INLINE void vi_store_n(void *p, vi a, u32 n) { _mm512_mask_storeu_epi32(p, vm_first(n), a); }
SIMD_INLINE vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
SIMD_INLINE vi vi_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
SIMD_INLINE vi vi_mul(vi a, vi b) { return _mm512_mullo_epi32(a, b); }
SIMD_INLINE vi vi_and(vi a, vi b) { return _mm512_and_si512(a, b); }
SIMD_INLINE vi vi_or(vi a, vi b) { return _mm512_or_si512(a, b); }
SIMD_INLINE vi vi_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
SIMD_INLINE vi vi_max(vi a, vi b) { return _mm512_max_epi32(a, b); }
SIMD_INLINE vi vi_min(vi a, vi b) { return _mm512_min_epi32(a, b); }
/* Shift counts are below 32. */
SIMD_INLINE vi vi_shift_left(vi a, vi n) { return _mm512_sllv_epi32(a, n); }
SIMD_INLINE vi vi_shift_right(vi a, vi n) { return _mm512_srlv_epi32(a, n); }
SIMD_INLINE vi vi_shift_arithmetic(vi a, vi n) { return _mm512_srav_epi32(a, n); }
SIMD_INLINE vm vi_greater(vi a, vi b) { return _mm512_cmpgt_epi32_mask(a, b); }
SIMD_INLINE vm vi_equal(vi a, vi b) { return _mm512_cmpeq_epi32_mask(a, b); }
SIMD_INLINE vi vi_select(vm m, vi a, vi b) { return _mm512_mask_blend_epi32(m, b, a); }

SIMD_INLINE vf vf_load_bf16(const void *p)
{
	__m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(p));

	return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

SIMD_INLINE vf vf_load_bf16_n(const void *p, u32 n)
{
	__m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(vm_first(n), p));

	return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

/* Callers pass canonical NaN. */
SIMD_INLINE void vf_store_bf16(void *p, vf a)
{
	_mm256_storeu_si256(p, (__m256i)_mm512_cvtneps_pbh(a));
}

SIMD_INLINE void vf_store_bf16_n(void *p, vf a, u32 n)
{
	_mm256_mask_storeu_epi16(p, vm_first(n), (__m256i)_mm512_cvtneps_pbh(a));
}

/* Every second element, from p on; the last one read is p[2 * (n - 1)]. */
SIMD_INLINE vf vf_load_even_n(const void *p, u32 n)
{
	const __m512i pick = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
	u32 span = n ? 2 * n - 1 : 0;
	__m512 low = _mm512_maskz_loadu_ps(vm_first(span < 16 ? span : 16), p);
	__m512 high = _mm512_maskz_loadu_ps(vm_first(span < 16 ? 0 : span - 16), (const float *)p + 16);

	return _mm512_permutex2var_ps(low, pick, high);
}

SIMD_INLINE vf vf_load_bf16_even_n(const void *p, u32 n)
{
	u32 span = n ? 2 * n - 1 : 0;
	__m512i pairs = _mm512_maskz_loadu_epi16(_bzhi_u32(0xffffffff, span), p);

	return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}

/* Lanes 0..n-1 of the result are lanes n..2n-1 of @a; n is 8, 4, 2 or 1. */
SIMD_INLINE vf vf_upper(vf a, u32 n)
{
	const __m512i index = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

	return _mm512_permutexvar_ps(_mm512_add_epi32(index, _mm512_set1_epi32((s32)n)), a);
}

/* Enough registers for all weights of a 5 x 5 window. */
#define SIMD_REGISTERS	32

#define MATMUL_TILE_ROWS	6
#define MATMUL_TILE_VECTORS	4

/* acc + odd * odd, then + even * even; subnormals are zero throughout. */
SIMD_INLINE vf vf_dot_bf16(vf acc, vf a, vf b)
{
	return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b);
}

SIMD_INLINE u32 matmul_begin(bool pairs)
{
	(void)pairs;
	return 0;
}

SIMD_INLINE void matmul_end(bool pairs, u32 state)
{
	(void)pairs;
	(void)state;
}

/*
 * acc + the sum of four products of unsigned bytes and signed ones. The intrinsic costs GCC 12 a register move an
 * instruction. One word of the stationary matrix holds four rows of a column.
 */
#define INT8_WORDS	1
#define INT8_TILE_ROWS	6
SIMD_INLINE vi int8_dot(vi acc, vi u, vi s, vi unused)
{
	(void)unused;
	__asm__("vpdpbusd %2, %1, %0" : "+v"(acc) : "v"(u), "v"(s));
	return acc;
}

/* 64 columns of four rows of bytes, as 64 words. */
#define INT8_PACK_64
SIMD_INLINE void int8_interleave_64(u32 *to, const u8 *const *row, u32 flip)
{
	/* Lane i of 128 bits takes the columns that lane i of each result holds. */
	const __m512i spread = _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0);
	const __m512i flips = _mm512_set1_epi32((s32)flip);
	__m512i a = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(row[0]));
	__m512i b = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(row[1]));
	__m512i c = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(row[2]));
	__m512i d = _mm512_permutexvar_epi32(spread, _mm512_loadu_si512(row[3]));
	__m512i ab = _mm512_unpacklo_epi8(a, b), cd = _mm512_unpacklo_epi8(c, d);

	_mm512_storeu_si512(to, _mm512_xor_si512(_mm512_unpacklo_epi16(ab, cd), flips));
	_mm512_storeu_si512(to + 16, _mm512_xor_si512(_mm512_unpackhi_epi16(ab, cd), flips));
	ab = _mm512_unpackhi_epi8(a, b);
	cd = _mm512_unpackhi_epi8(c, d);
	_mm512_storeu_si512(to + 32, _mm512_xor_si512(_mm512_unpacklo_epi16(ab, cd), flips));
	_mm512_storeu_si512(to + 48, _mm512_xor_si512(_mm512_unpackhi_epi16(ab, cd), flips));
}

SIMD_INLINE vi vi_load_s8(const void *p) { return _mm512_cvtepi8_epi32(_mm_loadu_si128(p)); }
SIMD_INLINE vi vi_load_u8(const void *p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(p)); }
/* The low byte of each lane. */
SIMD_INLINE void vi_store_8(void *p, vi a) { _mm_storeu_si128(p, _mm512_cvtepi32_epi8(a)); }
/* Of integers only. */
SIMD_INLINE vi vf_to_vi(vf a) { return _mm512_cvtps_epi32(a); }

/* Interleaves 32 columns of two BF16 rows into two registers of pairs; @odd may be NULL. */
#define MATMUL_PAIRS_32
SIMD_INLINE void direct_pairs_32(const u8 *even, const u8 *odd, vf *low, vf *high)
{
	const __m512i pick = _mm512_set_epi32(0x002f000f, 0x002e000e, 0x002d000d, 0x002c000c, 0x002b000b, 0x002a000a,
					      0x00290009, 0x00280008, 0x00270007, 0x00260006, 0x00250005, 0x00240004,
					      0x00230003, 0x00220002, 0x00210001, 0x00200000);
	__m512i a = _mm512_loadu_si512(even), b = odd ? _mm512_loadu_si512(odd) : _mm512_setzero_si512();

	*low = _mm512_castsi512_ps(_mm512_permutex2var_epi16(a, pick, b));
	*high = _mm512_castsi512_ps(_mm512_permutex2var_epi16(a, _mm512_add_epi16(pick, _mm512_set1_epi16(16)), b));
}

/*
 * The same within 128 bits, which costs half: the first register has columns 0..3, 8..11, 16..19 and 24..27 of 32.
 */
SIMD_INLINE void mixed_pairs(const u8 *even, const u8 *odd, vf *low, vf *high)
{
	__m512i a = _mm512_loadu_si512(even), b = odd ? _mm512_loadu_si512(odd) : _mm512_setzero_si512();

	*low = _mm512_castsi512_ps(_mm512_unpacklo_epi16(a, b));
	*high = _mm512_castsi512_ps(_mm512_unpackhi_epi16(a, b));
}

SIMD_INLINE void mixed_load(const u8 *p, vf *low, vf *high)
{
	const __m512i pick = _mm512_set_epi32(27, 26, 25, 24, 19, 18, 17, 16, 11, 10, 9, 8, 3, 2, 1, 0);
	vf a = vf_load(p), b = vf_load(p + 64);

	*low = _mm512_permutex2var_ps(a, pick, b);
	*high = _mm512_permutex2var_ps(a, _mm512_add_epi32(pick, _mm512_set1_epi32(4)), b);
}

SIMD_INLINE void mixed_store(u8 *p, vf low, vf high)
{
	const __m512i pick = _mm512_set_epi32(23, 22, 21, 20, 7, 6, 5, 4, 19, 18, 17, 16, 3, 2, 1, 0);

	vf_store(p, _mm512_permutex2var_ps(low, pick, high));
	vf_store(p + 64, _mm512_permutex2var_ps(low, _mm512_add_epi32(pick, _mm512_set1_epi32(8)), high));
}

#include "int8_x86.h"
#include "transpose_x86.h"

#endif
