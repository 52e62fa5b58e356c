/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The moving matrix in panels of 64 columns: what products of all element types share. */

#define MATMUL_PANEL	64u
/* Multiples of a tile; fewer where the host is slow, for a step must not take long. */
#define MATMUL_ROWS	(MATMUL_TILE_VECTORS == 4 ? 30u : 6u)

struct column_run {
	s64 offset;	/* bytes from the start of a partition */
	u32 column;	/* of the panel */
	u32 length;
};

struct panel {
	const u8 *at;		/* vector v of row k at at + k * row_step + v * 64 */
	s64 row_step;
	u32 columns;
	bool packed;		/* the last vector may be read whole */
	const s32 *sums;	/* of the columns; integers only, NULL when no row needs them */
};

/* Splits columns @first.. of a view into runs of equal steps; returns their number. */
static u32 panel_runs(const struct silicon_view *v, u32 first, u32 columns, struct column_run *runs)
{
	u32 done = 0, count = 0, inner = v->count[3];

	while (done < columns) {
		u32 index = first + done, length = SILICON_MIN(inner - index % inner, columns - done);
		s64 offset = view_offset(v, index);

		if (count && offset == runs[count - 1].offset + (s64)runs[count - 1].length * v->step[3]) {
			runs[count - 1].length += length;
		} else {
			runs[count].offset = offset;
			runs[count].column = done;
			runs[count].length = length;
			count++;
		}
		done += length;
	}
	return count;
}

/* Whether the stationary matrix is kept as pairs of BF16, and the moving one packed so. */
static bool matmul_in_pairs(u8 dtype)
{
	return dtype == PUMORI_ISA_BF16 || dtype_is_fp8(dtype);
}
