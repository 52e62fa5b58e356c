/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Sixteen lanes, whatever the host has. A kernel set defines SIMD_SET_AVX512, SIMD_SET_AVX2 or
 * SIMD_SET_GENERIC before it includes this; the same names then stand for its instructions, so that
 * one text of a kernel gives the same operations in the same order on every set.
 *
 *   vf   16 x fp32        vi   16 x 32-bit integers        vm   16 truth values
 *
 * Functions that end in _n touch the first n lanes only (0..16); what they do not load is zero.
 */
#ifndef PUMORI_SILICON_KERNELS_SIMD_H
#define PUMORI_SILICON_KERNELS_SIMD_H

#include "../kernels.h"

#define LANES		16u
#define SIMD_INLINE	static inline __attribute__((always_inline))

#define CANONICAL_NAN	0x7fc00000u

#if defined(SIMD_SET_AVX512) || defined(SIMD_SET_AVX2)
/* The compiler's header would pull in malloc through this one, which a kernel does not have. */
#define _MM_MALLOC_H_INCLUDED
#define __MM_MALLOC_H
#include <immintrin.h>
#endif

#if defined(SIMD_SET_AVX512)
#include "simd_avx512.h"
#elif defined(SIMD_SET_AVX2)
#include "simd_avx2.h"
#else
#include "simd_generic.h"
#endif

#ifndef SIMD_FUNCTION
#define SIMD_FUNCTION	SIMD_INLINE
#endif
#ifndef SIMD_REGISTERS
#define SIMD_REGISTERS	16
#endif

/* What every set derives from its own primitives. */

SIMD_INLINE vf vf_canonical(vf a)
{
	return vf_select(vf_unordered(a), vi_float(vi_splat((s32)CANONICAL_NAN)), a);
}

SIMD_INLINE vf vf_negate(vf a)
{
	return vi_float(vi_xor(vf_bits(a), vi_splat((s32)0x80000000u)));
}

SIMD_INLINE vf vf_abs(vf a)
{
	return vi_float(vi_and(vf_bits(a), vi_splat(0x7fffffff)));
}

/* The magnitude of @a with the sign of @b. */
SIMD_INLINE vf vf_copysign(vf a, vf b)
{
	return vi_float(vi_or(vi_and(vf_bits(a), vi_splat(0x7fffffff)),
			      vi_and(vf_bits(b), vi_splat((s32)0x80000000u))));
}

/* 1.0 where true, else 0.0. */
SIMD_INLINE vf vf_truth(vm mask)
{
	return vf_select(mask, vf_splat(1.0f), vf_splat(0.0f));
}

#endif
