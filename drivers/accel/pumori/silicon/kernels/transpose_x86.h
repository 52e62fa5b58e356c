/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Blocks of 8 x 8 elements turned in registers; both x86 sets use it. */
#ifndef PUMORI_SILICON_KERNELS_TRANSPOSE_X86_H
#define PUMORI_SILICON_KERNELS_TRANSPOSE_X86_H

SIMD_INLINE void transpose_8x8_words(u8 *out, u32 out_stride, const u8 *in, u32 in_stride)
{
	__m256 r[8], t[8];
	u32 i;

#pragma GCC unroll 8
	for (i = 0; i < 8; i++)
		r[i] = _mm256_loadu_ps((const float *)(in + (size_t)i * in_stride));
#pragma GCC unroll 4
	for (i = 0; i < 8; i += 2) {
		t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
		t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
	}
#pragma GCC unroll 2
	for (i = 0; i < 8; i += 4) {
		r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
		r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
		r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
		r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
	}
#pragma GCC unroll 4
	for (i = 0; i < 4; i++) {
		_mm256_storeu_ps((float *)(out + (size_t)i * out_stride),
				 _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
		_mm256_storeu_ps((float *)(out + (size_t)(i + 4) * out_stride),
				 _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
	}
}

SIMD_INLINE void transpose_8x8_halves(u8 *out, u32 out_stride, const u8 *in, u32 in_stride)
{
	__m128i r[8], t[8];
	u32 i;

#pragma GCC unroll 8
	for (i = 0; i < 8; i++)
		r[i] = _mm_loadu_si128((const __m128i *)(in + (size_t)i * in_stride));
#pragma GCC unroll 4
	for (i = 0; i < 4; i++) {
		t[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
		t[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
	}
#pragma GCC unroll 4
	for (i = 0; i < 4; i++) {
		r[2 * i] = _mm_unpacklo_epi16(t[i], t[i + 4]);
		r[2 * i + 1] = _mm_unpackhi_epi16(t[i], t[i + 4]);
	}
#pragma GCC unroll 4
	for (i = 0; i < 4; i++) {
		t[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
		t[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
	}
#pragma GCC unroll 8
	for (i = 0; i < 8; i++)
		_mm_storeu_si128((__m128i *)(out + (size_t)i * out_stride), t[i]);
}

/* Turns whole blocks of 2- and 4-byte elements; returns the rows done. */
static u32 transpose_block(u8 *out, u32 out_stride, const u8 *in, u32 in_stride, u32 size, u32 columns, u32 rows)
{
	u32 row, column;

	if (columns % 8 || (size != 2 && size != 4))
		return 0;
	for (row = 0; row + 8 <= rows; row += 8)
		for (column = 0; column < columns; column += 8) {
			u8 *to = out + (size_t)column * out_stride + row * size;
			const u8 *from = in + (size_t)row * in_stride + column * size;

			if (size == 4)
				transpose_8x8_words(to, out_stride, from, in_stride);
			else
				transpose_8x8_halves(to, out_stride, from, in_stride);
		}
	return row;
}

#endif
