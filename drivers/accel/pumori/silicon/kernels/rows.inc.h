/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Rows between operands of any type and dense rows of the compute type. The loops over types are
 * plain: only what models spend time on is written with vectors.
 */

#define ROWS_BUFFER	512u	/* elements of a row buffer */

#define ROWS_EACH(statement) \
	do { \
		u32 r_, i_; \
		for (r_ = 0; r_ < rows; r_++) { \
			const u8 *p = from + r_ * row_step; \
			for (i_ = 0; i_ < columns; i_++, p += step, to++) \
				statement; \
		} \
	} while (0)
#define ROWS_LOAD(expression)	ROWS_EACH(*to = (expression))
/* Sixteen at a time, and what is left one by one. */
#define ROWS_LOAD_DENSE(statement, expression, size) \
	do { \
		u32 r_, i_; \
		for (r_ = 0; r_ < rows; r_++) { \
			const u8 *p = from + r_ * row_step; \
			for (i_ = 0; i_ + LANES <= columns; i_ += LANES, p += LANES * (size), to += LANES) \
				statement; \
			for (; i_ < columns; i_++, p += (size), to++) \
				*to = (expression); \
		} \
	} while (0)

static void rows_load_float(float *to, u8 dtype, const u8 *from, s64 row_step, u32 rows, s64 step,
			    u32 columns)
{
	u32 r, i;

	switch (dtype) {
	case PUMORI_ISA_FP32:
		if (step == 4) {
			for (r = 0; r < rows; r++, to += columns)
				memcpy(to, from + r * row_step, columns * 4);
			return;
		}
		ROWS_LOAD(*(const float *)p);
		return;
	case PUMORI_ISA_BF16:
		if (step == 2) {
			for (r = 0; r < rows; r++, to += columns) {
				const u16 *p = (const u16 *)(from + r * row_step);

				for (i = 0; i + LANES <= columns; i += LANES)
					vf_store(to + i, vf_load_bf16(p + i));
				if (i < columns)
					vf_store_n(to + i, vf_load_bf16_n(p + i, columns - i), columns - i);
			}
			return;
		}
		ROWS_LOAD(bf16_to_float(*(const u16 *)p));
		return;
	case PUMORI_ISA_FP16:
		if (step == 2) {
			ROWS_LOAD_DENSE(vf_store(to, vf_load_fp16(p)), narrow_to_float(&narrow_fp16, *(const u16 *)p), 2);
			return;
		}
		ROWS_LOAD(narrow_to_float(&narrow_fp16, *(const u16 *)p));
		return;
	case PUMORI_ISA_FP8E4M3:
		if (step == 1) {
			ROWS_LOAD_DENSE(vf_store(to, narrow_widen(&narrow_fp8e4m3, vi_load_u8(p))),
					narrow_to_float(&narrow_fp8e4m3, *p), 1);
			return;
		}
		ROWS_LOAD(narrow_to_float(&narrow_fp8e4m3, *p));
		return;
	case PUMORI_ISA_FP8E5M2:
		if (step == 1) {
			ROWS_LOAD_DENSE(vf_store(to, narrow_widen(&narrow_fp8e5m2, vi_load_u8(p))),
					narrow_to_float(&narrow_fp8e5m2, *p), 1);
			return;
		}
		ROWS_LOAD(narrow_to_float(&narrow_fp8e5m2, *p));
		return;
	case PUMORI_ISA_INT8:
		if (step == 1) {
			ROWS_LOAD_DENSE(vf_store(to, vi_to_vf(vi_load_s8(p))), (float)*(const s8 *)p, 1);
			return;
		}
		ROWS_LOAD((float)*(const s8 *)p);
		return;
	case PUMORI_ISA_UINT8:
		if (step == 1) {
			ROWS_LOAD_DENSE(vf_store(to, vi_to_vf(vi_load_u8(p))), (float)*p, 1);
			return;
		}
		ROWS_LOAD((float)*p);
		return;
	case PUMORI_ISA_INT32:
		if (step == 4) {
			ROWS_LOAD_DENSE(vf_store(to, vi_to_vf(vi_load(p))), (float)*(const s32 *)p, 4);
			return;
		}
		ROWS_LOAD((float)*(const s32 *)p);
		return;
	default:
		ROWS_LOAD(element_float(dtype, p));
	}
}

static void rows_load_s32(s32 *to, u8 dtype, const u8 *from, s64 row_step, u32 rows, s64 step, u32 columns)
{
	switch (dtype) {
	case PUMORI_ISA_INT8:
		if (step == 1) {
			ROWS_LOAD_DENSE(vi_store(to, vi_load_s8(p)), *(const s8 *)p, 1);
			return;
		}
		ROWS_LOAD(*(const s8 *)p);
		return;
	case PUMORI_ISA_UINT8:
		if (step == 1) {
			ROWS_LOAD_DENSE(vi_store(to, vi_load_u8(p)), *p, 1);
			return;
		}
		ROWS_LOAD(*p);
		return;
	case PUMORI_ISA_INT32:
	case PUMORI_ISA_UINT32:
		ROWS_LOAD(*(const s32 *)p);
		return;
	default:
		ROWS_LOAD(element_s32(dtype, p));
	}
}
#undef ROWS_LOAD_DENSE
#undef ROWS_LOAD
#undef ROWS_EACH

#define ROWS_EACH(statement) \
	do { \
		u32 r_, i_; \
		for (r_ = 0; r_ < rows; r_++) { \
			u8 *p = to + r_ * row_step; \
			for (i_ = 0; i_ < columns; i_++, p += step, from++) \
				statement; \
		} \
	} while (0)

static void rows_store_float(u8 *to, u8 dtype, s64 row_step, u32 rows, s64 step, u32 columns,
			     const float *from)
{
	u32 r, i;

	switch (dtype) {
	case PUMORI_ISA_FP32:
		if (step == 4) {
			for (r = 0; r < rows; r++, from += columns) {
				float *p = (float *)(to + r * row_step);

				for (i = 0; i + LANES <= columns; i += LANES)
					vf_store(p + i, vf_canonical(vf_load(from + i)));
				if (i < columns)
					vf_store_n(p + i, vf_canonical(vf_load_n(from + i, columns - i)),
						   columns - i);
			}
			return;
		}
		ROWS_EACH(*(float *)p = float_canonical(*from));
		return;
	case PUMORI_ISA_BF16:
		if (step == 2) {
			for (r = 0; r < rows; r++, from += columns) {
				u16 *p = (u16 *)(to + r * row_step);

				for (i = 0; i + LANES <= columns; i += LANES)
					vf_store_bf16(p + i, vf_canonical(vf_load(from + i)));
				if (i < columns)
					vf_store_bf16_n(p + i, vf_canonical(vf_load_n(from + i, columns - i)),
							columns - i);
			}
			return;
		}
		ROWS_EACH(*(u16 *)p = bf16_from_float(*from));
		return;
	case PUMORI_ISA_FP16:
		for (; step == 2 && rows; rows--, to += row_step, from += columns) {
			for (i = 0; i + LANES <= columns; i += LANES)
				vi_store_16(to + i * 2, narrow_round(&narrow_fp16, vf_load(from + i)));
			for (; i < columns; i++)
				((u16 *)to)[i] = (u16)narrow_from_float(&narrow_fp16, from[i]);
		}
		ROWS_EACH(*(u16 *)p = (u16)narrow_from_float(&narrow_fp16, *from));
		return;
	case PUMORI_ISA_FP8E4M3:
		for (; step == 1 && rows; rows--, to += row_step, from += columns) {
			for (i = 0; i + LANES <= columns; i += LANES)
				vi_store_8(to + i, narrow_round(&narrow_fp8e4m3, vf_load(from + i)));
			for (; i < columns; i++)
				to[i] = (u8)narrow_from_float(&narrow_fp8e4m3, from[i]);
		}
		ROWS_EACH(*p = (u8)narrow_from_float(&narrow_fp8e4m3, *from));
		return;
	case PUMORI_ISA_FP8E5M2:
		for (; step == 1 && rows; rows--, to += row_step, from += columns) {
			for (i = 0; i + LANES <= columns; i += LANES)
				vi_store_8(to + i, narrow_round(&narrow_fp8e5m2, vf_load(from + i)));
			for (; i < columns; i++)
				to[i] = (u8)narrow_from_float(&narrow_fp8e5m2, from[i]);
		}
		ROWS_EACH(*p = (u8)narrow_from_float(&narrow_fp8e5m2, *from));
		return;
	case PUMORI_ISA_BOOL:
		ROWS_EACH(*p = *from != 0.0f);
		return;
	default:
		ROWS_EACH(element_store_float(dtype, p, *from));
	}
}

static void rows_store_s32(u8 *to, u8 dtype, s64 row_step, u32 rows, s64 step, u32 columns, const s32 *from)
{
	switch (dtype) {
	case PUMORI_ISA_INT32:
	case PUMORI_ISA_UINT32:
		ROWS_EACH(*(s32 *)p = *from);
		return;
	case PUMORI_ISA_INT8:
	case PUMORI_ISA_UINT8:
		for (; step == 1 && rows; rows--, to += row_step, from += columns) {
			u32 i;

			for (i = 0; i + LANES <= columns; i += LANES)
				vi_store_8(to + i, vi_load(from + i));
			for (; i < columns; i++)
				to[i] = (u8)from[i];
		}
		ROWS_EACH(*p = (u8)*from);
		return;
	case PUMORI_ISA_BOOL:
		ROWS_EACH(*p = *from != 0);
		return;
	default:
		ROWS_EACH(element_store_s32(dtype, p, *from));
	}
}
#undef ROWS_EACH

/* Bits of rows of equal types. */
static void rows_move(u8 *to, s64 to_row, s64 to_step, const u8 *from, s64 from_row, s64 from_step,
		      u32 size, u32 rows, u32 columns)
{
	u32 r, i;

	for (r = 0; r < rows; r++, to += to_row, from += from_row) {
		const u8 *source = from;
		u8 *p = to;

		if (to_step == (s64)size && from_step == (s64)size)
			memcpy(to, from, (size_t)columns * size);
		else if (size == 4)
			for (i = 0; i < columns; i++, p += to_step, source += from_step)
				*(u32 *)p = *(const u32 *)source;
		else if (size == 2)
			for (i = 0; i < columns; i++, p += to_step, source += from_step)
				*(u16 *)p = *(const u16 *)source;
		else
			for (i = 0; i < columns; i++, p += to_step, source += from_step)
				element_move(p, source, size);
	}
}

/* Whether rows of this operand can be used where they lie. */
SIMD_INLINE bool rows_dense(const struct walk *w, u32 operand, u8 dtype, u8 compute)
{
	bool same = dtype == compute || (compute == PUMORI_ISA_INT32 && dtype == PUMORI_ISA_UINT32);

	return same && w->step[operand][4] == 4;
}
