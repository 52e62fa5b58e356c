/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Bytes of four rows side by side, for the sets of x86. */
#ifndef PUMORI_SILICON_KERNELS_INT8_X86_H
#define PUMORI_SILICON_KERNELS_INT8_X86_H

/* 16 columns of four rows of bytes, as 16 words; row 0 in the lowest byte. */
SIMD_INLINE void int8_interleave_16(u32 *to, const u8 *const *row, u32 flip)
{
	const __m128i flips = _mm_set1_epi32((s32)flip);
	__m128i a = _mm_loadu_si128((const __m128i *)row[0]), b = _mm_loadu_si128((const __m128i *)row[1]);
	__m128i c = _mm_loadu_si128((const __m128i *)row[2]), d = _mm_loadu_si128((const __m128i *)row[3]);
	__m128i ab = _mm_unpacklo_epi8(a, b), cd = _mm_unpacklo_epi8(c, d);
	__m128i *out = (__m128i *)to;

	_mm_storeu_si128(out, _mm_xor_si128(_mm_unpacklo_epi16(ab, cd), flips));
	_mm_storeu_si128(out + 1, _mm_xor_si128(_mm_unpackhi_epi16(ab, cd), flips));
	ab = _mm_unpackhi_epi8(a, b);
	cd = _mm_unpackhi_epi8(c, d);
	_mm_storeu_si128(out + 2, _mm_xor_si128(_mm_unpacklo_epi16(ab, cd), flips));
	_mm_storeu_si128(out + 3, _mm_xor_si128(_mm_unpackhi_epi16(ab, cd), flips));
}

#endif
