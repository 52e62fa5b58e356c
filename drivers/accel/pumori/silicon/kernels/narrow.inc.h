/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* FP16 and FP8 in vectors: the sequences of scalar.h on sixteen lanes, each lane holding the bits of one element. */

SIMD_INLINE vf narrow_widen(const struct narrow_format *f, vi raw)
{
	vi sign = vi_shift_left(vi_shift_right(raw, vi_splat((s32)f->bits - 1)), vi_splat(31));
	vi magnitude = vi_and(raw, vi_splat((1 << (f->bits - 1)) - 1)), special;
	vf a = vf_mul(vi_float(vi_shift_left(magnitude, vi_splat((s32)f->shift))),
		      vi_float(vi_splat((s32)f->widen)));

	special = vi_splat(0x7fc00000);
	if (f->infinity)
		special = vi_select(vi_equal(magnitude, vi_splat((s32)f->infinity)), vi_splat(0x7f800000), special);
	a = vf_select(vi_greater(magnitude, vi_splat((s32)f->special - 1)), vi_float(special), a);
	return vi_float(vi_or(vf_bits(a), sign));
}

/* What is not below the smallest normal number: @add is what rounds. */
SIMD_INLINE vi narrow_normal(const struct narrow_format *f, vi magnitude, vi add)
{
	vi raw = vi_sub(vi_add(magnitude, add), vi_splat((s32)f->rebias));

	return vi_min(vi_shift_right(raw, vi_splat((s32)f->shift)), vi_splat((s32)f->largest));
}

SIMD_INLINE vi narrow_finish(const struct narrow_format *f, vf a, vi magnitude, vi normal, vi subnormal)
{
	vi sign = vi_shift_left(vi_shift_right(vf_bits(a), vi_splat(31)), vi_splat((s32)f->bits - 1));
	vi raw = vi_select(vi_greater(vi_splat((s32)f->smallest), magnitude), subnormal, normal);

	return vi_select(vf_unordered(a), vi_splat((s32)f->nan), vi_or(raw, sign));
}

/* Nearest-even. */
SIMD_INLINE vi narrow_round(const struct narrow_format *f, vf a)
{
	vi magnitude = vi_and(vf_bits(a), vi_splat(0x7fffffff)), odd, subnormal;
	vf sum = vf_add(vi_float(magnitude), vi_float(vi_splat((s32)f->magic)));

	subnormal = vi_sub(vf_bits(sum), vi_splat((s32)f->magic));
	odd = vi_and(vi_shift_right(magnitude, vi_splat((s32)f->shift)), vi_splat(1));
	odd = vi_add(odd, vi_splat((1 << (f->shift - 1)) - 1));
	return narrow_finish(f, a, magnitude, narrow_normal(f, magnitude, odd), subnormal);
}

/* Sixteen elements at any address. */
SIMD_INLINE vf vf_load_fp16(const void *p)
{
	return narrow_widen(&narrow_fp16, vi_shift_right(vf_bits(vf_load_bf16(p)), vi_splat(16)));
}

/* The low half of each lane. */
SIMD_INLINE void vi_store_16(void *p, vi a)
{
	u32 lane[LANES] __attribute__((aligned(64)));
	u32 i;

	vi_store(lane, a);
	for (i = 0; i < LANES; i++)
		((u16 *)p)[i] = (u16)lane[i];
}
