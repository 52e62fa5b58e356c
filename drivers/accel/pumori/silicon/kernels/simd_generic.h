/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The sixteen lanes of simd.h as arrays, in plain C. */
#ifndef PUMORI_SILICON_KERNELS_SIMD_GENERIC_H
#define PUMORI_SILICON_KERNELS_SIMD_GENERIC_H

#include "scalar.h"

typedef struct { float lane[16]; } vf;
typedef struct { s32 lane[16]; } vi;
typedef struct { s32 lane[16]; } vm;	/* -1 or 0 */

#define EACH_LANE(type, expression) \
	do { \
		type r_; \
		u32 i; \
		for (i = 0; i < 16; i++) \
			r_.lane[i] = (expression); \
		return r_; \
	} while (0)

SIMD_INLINE vm vm_first(u32 n) { EACH_LANE(vm, i < n ? -1 : 0); }

SIMD_INLINE vf vf_splat(float a) { EACH_LANE(vf, a); }
SIMD_INLINE vf vf_load(const void *p) { EACH_LANE(vf, ((const float *)p)[i]); }
SIMD_INLINE vf vf_load_n(const void *p, u32 n) { EACH_LANE(vf, i < n ? ((const float *)p)[i] : 0.0f); }

SIMD_INLINE void vf_store(void *p, vf a)
{
	u32 i;

	for (i = 0; i < 16; i++)
		((float *)p)[i] = a.lane[i];
}

SIMD_INLINE void vf_store_n(void *p, vf a, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		((float *)p)[i] = a.lane[i];
}

SIMD_INLINE vf vf_add(vf a, vf b) { EACH_LANE(vf, a.lane[i] + b.lane[i]); }
SIMD_INLINE vf vf_sub(vf a, vf b) { EACH_LANE(vf, a.lane[i] - b.lane[i]); }
SIMD_INLINE vf vf_mul(vf a, vf b) { EACH_LANE(vf, a.lane[i] * b.lane[i]); }
SIMD_INLINE vf vf_div(vf a, vf b) { EACH_LANE(vf, a.lane[i] / b.lane[i]); }
SIMD_INLINE vf vf_fma(vf a, vf b, vf c) { EACH_LANE(vf, scalar_fma(a.lane[i], b.lane[i], c.lane[i])); }
SIMD_INLINE vf vf_sqrt(vf a) { EACH_LANE(vf, scalar_sqrt(a.lane[i])); }
SIMD_INLINE vf vf_max(vf a, vf b) { EACH_LANE(vf, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
SIMD_INLINE vf vf_min(vf a, vf b) { EACH_LANE(vf, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]); }
SIMD_INLINE vf vf_nearest(vf a) { EACH_LANE(vf, scalar_nearest(a.lane[i])); }
SIMD_INLINE vf vf_floor(vf a) { EACH_LANE(vf, scalar_floor(a.lane[i])); }
SIMD_INLINE vf vf_ceil(vf a) { EACH_LANE(vf, scalar_ceil(a.lane[i])); }
SIMD_INLINE vf vf_truncate(vf a) { EACH_LANE(vf, scalar_truncate(a.lane[i])); }

SIMD_INLINE vm vf_greater(vf a, vf b) { EACH_LANE(vm, -(a.lane[i] > b.lane[i])); }
SIMD_INLINE vm vf_greater_equal(vf a, vf b) { EACH_LANE(vm, -(a.lane[i] >= b.lane[i])); }
SIMD_INLINE vm vf_less(vf a, vf b) { EACH_LANE(vm, -(a.lane[i] < b.lane[i])); }
SIMD_INLINE vm vf_less_equal(vf a, vf b) { EACH_LANE(vm, -(a.lane[i] <= b.lane[i])); }
SIMD_INLINE vm vf_equal(vf a, vf b) { EACH_LANE(vm, -(a.lane[i] == b.lane[i])); }
SIMD_INLINE vm vf_not_equal(vf a, vf b) { EACH_LANE(vm, -(a.lane[i] != b.lane[i])); }
SIMD_INLINE vm vf_unordered(vf a) { EACH_LANE(vm, -(a.lane[i] != a.lane[i])); }
SIMD_INLINE vf vf_select(vm m, vf a, vf b) { EACH_LANE(vf, m.lane[i] ? a.lane[i] : b.lane[i]); }

SIMD_INLINE vm vm_and(vm a, vm b) { EACH_LANE(vm, a.lane[i] & b.lane[i]); }
SIMD_INLINE vm vm_or(vm a, vm b) { EACH_LANE(vm, a.lane[i] | b.lane[i]); }
SIMD_INLINE vm vm_xor(vm a, vm b) { EACH_LANE(vm, a.lane[i] ^ b.lane[i]); }

SIMD_INLINE vi vf_bits(vf a)
{
	vi r;

	memcpy(&r, &a, sizeof(r));
	return r;
}

SIMD_INLINE vf vi_float(vi a)
{
	vf r;

	memcpy(&r, &a, sizeof(r));
	return r;
}

/* Nearest-even. */
SIMD_INLINE vf vi_to_vf(vi a) { EACH_LANE(vf, (float)a.lane[i]); }
/* Truncates; meaningful only within the range of 32 bits. */
SIMD_INLINE vi vf_to_vi(vf a)
{
	EACH_LANE(vi, a.lane[i] >= -2147483648.0f && a.lane[i] < 2147483648.0f ? (s32)a.lane[i] : 0);
}

SIMD_INLINE vi vi_splat(s32 a) { EACH_LANE(vi, a); }
SIMD_INLINE vi vi_load(const void *p) { EACH_LANE(vi, ((const s32 *)p)[i]); }
SIMD_INLINE vi vi_load_n(const void *p, u32 n) { EACH_LANE(vi, i < n ? ((const s32 *)p)[i] : 0); }

SIMD_INLINE void vi_store(void *p, vi a)
{
	u32 i;

	for (i = 0; i < 16; i++)
		((s32 *)p)[i] = a.lane[i];
}

SIMD_INLINE void vi_store_n(void *p, vi a, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		((s32 *)p)[i] = a.lane[i];
}

SIMD_INLINE vi vi_add(vi a, vi b) { EACH_LANE(vi, (s32)((u32)a.lane[i] + (u32)b.lane[i])); }
SIMD_INLINE vi vi_sub(vi a, vi b) { EACH_LANE(vi, (s32)((u32)a.lane[i] - (u32)b.lane[i])); }
SIMD_INLINE vi vi_mul(vi a, vi b) { EACH_LANE(vi, (s32)((u32)a.lane[i] * (u32)b.lane[i])); }
SIMD_INLINE vi vi_and(vi a, vi b) { EACH_LANE(vi, a.lane[i] & b.lane[i]); }
SIMD_INLINE vi vi_or(vi a, vi b) { EACH_LANE(vi, a.lane[i] | b.lane[i]); }
SIMD_INLINE vi vi_xor(vi a, vi b) { EACH_LANE(vi, a.lane[i] ^ b.lane[i]); }
SIMD_INLINE vi vi_max(vi a, vi b) { EACH_LANE(vi, a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]); }
SIMD_INLINE vi vi_min(vi a, vi b) { EACH_LANE(vi, a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]); }
/* Shift counts are below 32. */
SIMD_INLINE vi vi_shift_left(vi a, vi n) { EACH_LANE(vi, (s32)((u32)a.lane[i] << n.lane[i])); }
SIMD_INLINE vi vi_shift_right(vi a, vi n) { EACH_LANE(vi, (s32)((u32)a.lane[i] >> n.lane[i])); }
SIMD_INLINE vi vi_shift_arithmetic(vi a, vi n) { EACH_LANE(vi, a.lane[i] >> n.lane[i]); }
SIMD_INLINE vm vi_greater(vi a, vi b) { EACH_LANE(vm, -(a.lane[i] > b.lane[i])); }
SIMD_INLINE vm vi_equal(vi a, vi b) { EACH_LANE(vm, -(a.lane[i] == b.lane[i])); }
SIMD_INLINE vi vi_select(vm m, vi a, vi b) { EACH_LANE(vi, m.lane[i] ? a.lane[i] : b.lane[i]); }

SIMD_INLINE vf vf_load_bf16(const void *p) { EACH_LANE(vf, bf16_to_float(((const u16 *)p)[i])); }

SIMD_INLINE vf vf_load_bf16_n(const void *p, u32 n)
{
	EACH_LANE(vf, i < n ? bf16_to_float(((const u16 *)p)[i]) : 0.0f);
}

SIMD_INLINE void vf_store_bf16_n(void *p, vf a, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		((u16 *)p)[i] = bf16_from_float(a.lane[i]);
}

SIMD_INLINE void vf_store_bf16(void *p, vf a) { vf_store_bf16_n(p, a, 16); }

/* Every second element, from p on; the last one read is p[2 * (n - 1)]. */
SIMD_INLINE vf vf_load_even_n(const void *p, u32 n)
{
	EACH_LANE(vf, i < n ? ((const float *)p)[2 * i] : 0.0f);
}

SIMD_INLINE vf vf_load_bf16_even_n(const void *p, u32 n)
{
	EACH_LANE(vf, i < n ? bf16_to_float(((const u16 *)p)[2 * i]) : 0.0f);
}

#define MATMUL_TILE_ROWS	6
#define MATMUL_TILE_VECTORS	1

/* acc + odd * odd, then + even * even; subnormals are zero throughout. */
SIMD_INLINE vf vf_dot_bf16(vf acc, vf a, vf b)
{
	EACH_LANE(vf, scalar_dot_bf16(acc.lane[i], float_bits(a.lane[i]), float_bits(b.lane[i])));
}

SIMD_INLINE u32 matmul_begin(u8 dtype)
{
	(void)dtype;
	return 0;
}

SIMD_INLINE void matmul_end(u8 dtype, u32 state)
{
	(void)dtype;
	(void)state;
}

SIMD_INLINE u32 transpose_block(u8 *out, u32 out_stride, const u8 *in, u32 in_stride, u32 size, u32 columns,
				u32 rows)
{
	(void)out, (void)out_stride, (void)in, (void)in_stride, (void)size, (void)columns, (void)rows;
	return 0;
}

#endif
