/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The sixteen lanes of simd.h as the compiler's vectors, for a host about which nothing is known. */
#ifndef PUMORI_SILICON_KERNELS_SIMD_GENERIC_H
#define PUMORI_SILICON_KERNELS_SIMD_GENERIC_H

#include "scalar.h"

typedef float vf __attribute__((vector_size(64)));
typedef s32 vi __attribute__((vector_size(64)));
typedef u32 vu __attribute__((vector_size(64)));
typedef vi vm;	/* -1 or 0 */
/* As they lie in memory, at any address. */
typedef float vf_memory __attribute__((vector_size(64), aligned(1), may_alias));
typedef s32 vi_memory __attribute__((vector_size(64), aligned(1), may_alias));

/* Lanes live on the stack here: functions called by many get a frame of their own. */
#define SIMD_FUNCTION	static __attribute__((__noinline__))

#define SIXTEEN(a)	{ a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a }

SIMD_INLINE vf vf_splat(float a) { return (vf)SIXTEEN(a); }
SIMD_INLINE vi vi_splat(s32 a) { return (vi)SIXTEEN(a); }
SIMD_INLINE vf vf_load(const void *p) { return *(const vf_memory *)p; }
SIMD_INLINE vi vi_load(const void *p) { return *(const vi_memory *)p; }
SIMD_INLINE void vf_store(void *p, vf a) { *(vf_memory *)p = a; }
SIMD_INLINE void vi_store(void *p, vi a) { *(vi_memory *)p = a; }
SIMD_INLINE vi vf_bits(vf a) { return (vi)a; }
SIMD_INLINE vf vi_float(vi a) { return (vf)a; }

SIMD_INLINE vm vm_first(u32 n)
{
	const vi index = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

	return index < vi_splat((s32)n);
}

SIMD_INLINE vf vf_load_n(const void *p, u32 n)
{
	float lane[16] __attribute__((aligned(64))) = { 0 };

	memcpy(lane, p, n * 4);
	return vf_load(lane);
}

SIMD_INLINE void vf_store_n(void *p, vf a, u32 n)
{
	memcpy(p, &a, n * 4);
}

SIMD_INLINE vi vi_load_n(const void *p, u32 n) { return vf_bits(vf_load_n(p, n)); }
SIMD_INLINE void vi_store_n(void *p, vi a, u32 n) { vf_store_n(p, vi_float(a), n); }

SIMD_INLINE vi vi_select(vm m, vi a, vi b) { return (a & m) | (b & ~m); }
SIMD_INLINE vf vf_select(vm m, vf a, vf b) { return vi_float(vi_select(m, vf_bits(a), vf_bits(b))); }

SIMD_INLINE vf vf_add(vf a, vf b) { return a + b; }
SIMD_INLINE vf vf_sub(vf a, vf b) { return a - b; }
SIMD_INLINE vf vf_mul(vf a, vf b) { return a * b; }
SIMD_INLINE vf vf_div(vf a, vf b) { return a / b; }
SIMD_INLINE vm vf_greater(vf a, vf b) { return a > b; }
SIMD_INLINE vm vf_greater_equal(vf a, vf b) { return a >= b; }
SIMD_INLINE vm vf_less(vf a, vf b) { return a < b; }
SIMD_INLINE vm vf_less_equal(vf a, vf b) { return a <= b; }
SIMD_INLINE vm vf_equal(vf a, vf b) { return a == b; }
SIMD_INLINE vm vf_not_equal(vf a, vf b) { return a != b; }
SIMD_INLINE vm vf_unordered(vf a) { return a != a; }
SIMD_INLINE vf vf_max(vf a, vf b) { return vf_select(a > b, a, b); }
SIMD_INLINE vf vf_min(vf a, vf b) { return vf_select(a < b, a, b); }
SIMD_INLINE vm vm_and(vm a, vm b) { return a & b; }
SIMD_INLINE vm vm_or(vm a, vm b) { return a | b; }
SIMD_INLINE vm vm_xor(vm a, vm b) { return a ^ b; }

/* What plain C has no vectors for goes lane by lane, out of line: inlined it would swamp the compiler. */
#define EACH_LANE(name, parameters, expression) \
static __attribute__((__noinline__)) void name parameters \
{ \
	u32 i; \
	for (i = 0; i < 16; i++) \
		to[i] = (expression); \
}
EACH_LANE(lanes_fma, (float *to, const float *a, const float *b), scalar_fma(a[i], b[i], to[i]))
EACH_LANE(lanes_dot_bf16, (float *to, const u32 *a, const u32 *b), scalar_dot_bf16(to[i], a[i], b[i]))
EACH_LANE(lanes_sqrt, (float *to), scalar_sqrt(to[i]))
EACH_LANE(lanes_nearest, (float *to), scalar_nearest(to[i]))
EACH_LANE(lanes_floor, (float *to), scalar_floor(to[i]))
EACH_LANE(lanes_ceil, (float *to), scalar_ceil(to[i]))
EACH_LANE(lanes_truncate, (float *to), scalar_truncate(to[i]))
EACH_LANE(lanes_to_float, (float *to, const s32 *a), (float)a[i])

SIMD_INLINE vf vf_fma(vf a, vf b, vf c)
{
	lanes_fma((float *)&c, (const float *)&a, (const float *)&b);
	return c;
}

/* acc + odd * odd, then + even * even; subnormals are zero throughout. */
SIMD_INLINE vf vf_dot_bf16(vf acc, vf a, vf b)
{
	lanes_dot_bf16((float *)&acc, (const u32 *)&a, (const u32 *)&b);
	return acc;
}

#define LANES_UNARY(name, lanes) \
	SIMD_INLINE vf name(vf a) { lanes((float *)&a); return a; }
LANES_UNARY(vf_sqrt, lanes_sqrt)
LANES_UNARY(vf_nearest, lanes_nearest)
LANES_UNARY(vf_floor, lanes_floor)
LANES_UNARY(vf_ceil, lanes_ceil)
LANES_UNARY(vf_truncate, lanes_truncate)

/* Nearest-even. */
SIMD_INLINE vf vi_to_vf(vi a)
{
	vf to;

	lanes_to_float((float *)&to, (const s32 *)&a);
	return to;
}

SIMD_INLINE vi vi_add(vi a, vi b) { return (vi)((vu)a + (vu)b); }
SIMD_INLINE vi vi_sub(vi a, vi b) { return (vi)((vu)a - (vu)b); }
SIMD_INLINE vi vi_mul(vi a, vi b) { return (vi)((vu)a * (vu)b); }
SIMD_INLINE vi vi_and(vi a, vi b) { return a & b; }
SIMD_INLINE vi vi_or(vi a, vi b) { return a | b; }
SIMD_INLINE vi vi_xor(vi a, vi b) { return a ^ b; }
SIMD_INLINE vi vi_max(vi a, vi b) { return vi_select(a > b, a, b); }
SIMD_INLINE vi vi_min(vi a, vi b) { return vi_select(a < b, a, b); }
/* Shift counts are below 32. */
SIMD_INLINE vi vi_shift_left(vi a, vi n) { return (vi)((vu)a << (vu)n); }
SIMD_INLINE vi vi_shift_right(vi a, vi n) { return (vi)((vu)a >> (vu)n); }
SIMD_INLINE vi vi_shift_arithmetic(vi a, vi n) { return a >> n; }
SIMD_INLINE vm vi_greater(vi a, vi b) { return a > b; }
SIMD_INLINE vm vi_equal(vi a, vi b) { return a == b; }

static __attribute__((__noinline__)) void lanes_load_bf16(u32 *to, const u16 *from, u32 n, u32 step)
{
	u32 i;

	for (i = 0; i < n; i++)
		to[i] = (u32)from[i * step] << 16;
	for (; i < 16; i++)
		to[i] = 0;
}

SIMD_INLINE vf vf_load_bf16_n(const void *p, u32 n)
{
	vf to;

	lanes_load_bf16((u32 *)&to, p, n, 1);
	return to;
}

SIMD_INLINE vf vf_load_bf16(const void *p) { return vf_load_bf16_n(p, 16); }

SIMD_INLINE vf vf_load_bf16_even_n(const void *p, u32 n)
{
	vf to;

	lanes_load_bf16((u32 *)&to, p, n, 2);
	return to;
}

/* Every second element, from p on; the last one read is p[2 * (n - 1)]. */
static __attribute__((__noinline__)) void lanes_load_even(float *to, const float *from, u32 n)
{
	u32 i;

	for (i = 0; i < 16; i++)
		to[i] = i < n ? from[2 * i] : 0.0f;
}

SIMD_INLINE vf vf_load_even_n(const void *p, u32 n)
{
	vf to;

	lanes_load_even((float *)&to, p, n);
	return to;
}

static __attribute__((__noinline__)) void lanes_store_bf16(u16 *to, const float *from, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		to[i] = bf16_from_float(from[i]);
}

SIMD_INLINE void vf_store_bf16_n(void *p, vf a, u32 n) { lanes_store_bf16(p, (const float *)&a, n); }
SIMD_INLINE void vf_store_bf16(void *p, vf a) { vf_store_bf16_n(p, a, 16); }

/* Lanes 0..n-1 of the result are lanes n..2n-1 of @a; n is 8, 4, 2 or 1. */
SIMD_INLINE vf vf_upper(vf a, u32 n)
{
	memcpy(&a, (const float *)&a + n, n * 4);
	return a;
}

#define MATMUL_TILE_ROWS	6
#define MATMUL_TILE_VECTORS	1

/* acc + the sum of four products of unsigned bytes and signed ones. */
#define INT8_WORDS	1
#define INT8_TILE_ROWS	2
static __attribute__((__noinline__)) void lanes_dot_int8(s32 *to, const u32 *u, const u32 *s)
{
	u32 i;

	for (i = 0; i < 16; i++)
		to[i] = (s32)((u32)to[i] + (u32)((s32)(u[i] & 0xff) * (s8)s[i]) +
			      (u32)((s32)(u[i] >> 8 & 0xff) * (s8)(s[i] >> 8)) +
			      (u32)((s32)(u[i] >> 16 & 0xff) * (s8)(s[i] >> 16)) +
			      (u32)((s32)(u[i] >> 24) * (s8)(s[i] >> 24)));
}

SIMD_INLINE vi int8_dot(vi acc, vi u, vi s, vi unused)
{
	(void)unused;
	lanes_dot_int8((s32 *)&acc, (const u32 *)&u, (const u32 *)&s);
	return acc;
}

SIMD_INLINE void int8_interleave_16(u32 *to, const u8 *const *row, u32 flip)
{
	u32 i;

	for (i = 0; i < 16; i++)
		to[i] = (row[0][i] | (u32)row[1][i] << 8 | (u32)row[2][i] << 16 | (u32)row[3][i] << 24) ^ flip;
}

EACH_LANE(lanes_load_s8, (s32 *to, const s8 *a), a[i])
EACH_LANE(lanes_load_u8, (s32 *to, const u8 *a), a[i])
EACH_LANE(lanes_store_8, (u8 *to, const s32 *a), (u8)a[i])
EACH_LANE(lanes_to_integer, (s32 *to, const float *a), (s32)a[i])

SIMD_INLINE vi vi_load_s8(const void *p)
{
	vi to;

	lanes_load_s8((s32 *)&to, p);
	return to;
}

SIMD_INLINE vi vi_load_u8(const void *p)
{
	vi to;

	lanes_load_u8((s32 *)&to, p);
	return to;
}

/* The low byte of each lane. */
SIMD_INLINE void vi_store_8(void *p, vi a) { lanes_store_8(p, (const s32 *)&a); }

/* Of integers only. */
SIMD_INLINE vi vf_to_vi(vf a)
{
	vi to;

	lanes_to_integer((s32 *)&to, (const float *)&a);
	return to;
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

SIMD_INLINE u32 transpose_block(u8 *out, u32 out_stride, const u8 *in, u32 in_stride, u32 size, u32 columns,
				u32 rows)
{
	(void)out, (void)out_stride, (void)in, (void)in_stride, (void)size, (void)columns, (void)rows;
	return 0;
}

#endif
