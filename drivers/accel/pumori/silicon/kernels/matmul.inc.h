/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * LOAD_STATIONARY and MULTIPLY_MOVING. The stationary matrix is kept as FP32 [K][M] (FP16 too), or for BF16 and
 * FP8, which is widened to it, as pairs [K/2][M] (element 2k in the low half); integers are in matmul_int8.inc.h.
 * The moving matrix is taken in panels of 64 columns; a step is one panel times MATMUL_ROWS rows of the result,
 * unless the result has few rows or columns (matmul_direct.inc.h).
 */

/*
 * The columns of [M][K] become rows: words are turned, two neighbouring BF16 of a row being one. Returns
 * how many elements of each of the first *@partitions rows are done.
 */
static u32 load_turned(u32 *to, const struct silicon_view *in, u32 columns, u32 size, u32 *partitions)
{
	u32 words = columns * size / 4 / 8 * 8;

	*partitions = !words ? 0 : transpose_block((u8 *)to, in->partitions * 4, in->base, in->partition_stride, 4,
						   words, in->partitions);
	return words * 4 / size;
}

/* An element, as bits of an FP32 that its form holds. */
SIMD_INLINE void matmul_put(u32 *to, u32 width, u8 dtype, u32 k, u32 column, u32 bits)
{
	if (matmul_in_pairs(dtype))
		((u16 *)to)[((size_t)(k / 2) * width + column) * 2 + k % 2] = (u16)(bits >> 16);
	else
		to[(size_t)k * width + column] = bits;
}

/* One partition of FP16 or FP8 as FP32, in scratch memory. */
static void load_narrow_row(const struct silicon_task *task, const u8 *from, u32 columns)
{
	const struct silicon_view *in = &task->in[0];
	struct column_run *runs = (struct column_run *)(task->scratch + 64 * 1024);
	u32 count = panel_runs(in, 0, columns, runs), i;

	for (i = 0; i < count; i++)
		rows_load_float((float *)task->scratch + runs[i].column, in->dtype, from + runs[i].offset, 0, 1,
				in->step[3], runs[i].length);
}

static u32 run_load_stationary(struct silicon_task *task, u32 budget)
{
	const struct silicon_view *in = &task->in[0];
	bool transposed = task->modifiers & PUMORI_ISA_LOAD_TRANSPOSED;
	u32 partitions = in->partitions, columns = view_elements(in), p, i;
	u32 rows = transposed ? columns : partitions, width = transposed ? partitions : columns;
	struct silicon_stationary *st = task->stationary;
	u32 size = silicon_dtype_size(in->dtype);
	bool narrow = in->dtype == PUMORI_ISA_FP16 || dtype_is_fp8(in->dtype);
	s64 step = view_single_step(in);
	u32 *to = (u32 *)st->data, turned_rows = 0, turned = 0;

	(void)budget;
	st->rows = (u16)rows;
	st->columns = (u16)width;
	st->dtype = in->dtype;
	if (dtype_is_int8(in->dtype)) {
		int8_load_stationary(task, transposed);
		task->finished = 1;
		return rows * width / SILICON_UNIT_BYTES + 1;
	}
	if (matmul_in_pairs(in->dtype) && rows % 2)
		memset(to + (size_t)(rows / 2) * width, 0, (size_t)width * 4);
	if (transposed && step == (s64)size && !narrow)
		turned = load_turned(to, in, columns, size, &turned_rows);
	for (p = 0; p < partitions; p++) {
		const u8 *from = in->base + (u64)p * in->partition_stride;
		bool dense = step == (s64)size && !transposed;

		if (narrow) {
			load_narrow_row(task, from, columns);
			for (i = 0; i < columns; i++)
				matmul_put(to, width, in->dtype, transposed ? i : p, transposed ? p : i,
					   ((const u32 *)task->scratch)[i]);
			continue;
		}
		if (dense && in->dtype == PUMORI_ISA_FP32) {
			memcpy(to + (size_t)p * width, from, (size_t)width * 4);
			continue;
		}
		if (dense && p % 2 == 0 && p + 1 < partitions) {
			const u16 *even = (const u16 *)from, *odd = (const u16 *)(from + in->partition_stride);
			u32 *pair = to + (size_t)(p / 2) * width;

			for (i = 0; i < width; i += LANES) {
				u32 n = SILICON_MIN(width - i, LANES);
				vi low = vi_shift_right(vf_bits(vf_load_bf16_n(even + i, n)), vi_splat(16));

				vi_store_n(pair + i, vi_or(low, vf_bits(vf_load_bf16_n(odd + i, n))), n);
			}
			p++;
			continue;
		}
		for (i = p < turned_rows ? turned : 0; i < columns; i++) {
			const u8 *element = from + (step ? i * step : view_offset(in, i));
			u32 bits = in->dtype == PUMORI_ISA_FP32 ? *(const u32 *)element :
								  (u32)*(const u16 *)element << 16;

			matmul_put(to, width, in->dtype, transposed ? i : p, transposed ? p : i, bits);
		}
	}
	task->finished = 1;
	return rows * width * size / SILICON_UNIT_BYTES + 1;
}

/* A run of FP32 columns; writes whole vectors. */
SIMD_INLINE void pack_float_run(float *to, const u8 *from, s64 step, u32 length)
{
	u32 i, j;

	for (i = 0; i < length; i += LANES) {
		u32 n = SILICON_MIN(length - i, LANES);
		const u8 *p = from + i * step;

		if (step == 4) {
			vf_store(to + i, n == LANES ? vf_load(p) : vf_load_n(p, n));
		} else if (step == 8) {
			vf_store(to + i, vf_load_even_n(p, n));
		} else {
			for (j = 0; j < n; j++)
				to[i + j] = *(const float *)(p + j * step);
		}
	}
}

SIMD_INLINE vi pack_load_bf16(const u8 *p, s64 step, u32 n)
{
	u32 lane[LANES] __attribute__((aligned(64)));
	u32 j;

	if (step == 2)
		return vf_bits(n == LANES ? vf_load_bf16(p) : vf_load_bf16_n(p, n));
	if (step == 4)
		return vf_bits(vf_load_bf16_even_n(p, n));
	for (j = 0; j < n; j++)
		lane[j] = (u32)*(const u16 *)(p + j * step) << 16;
	for (; j < LANES; j++)
		lane[j] = 0;
	return vi_load(lane);
}

/* A run of columns of a pair of BF16 rows; @odd is NULL when K ends with the even one. */
SIMD_INLINE void pack_bf16_run(u32 *to, const u8 *even, const u8 *odd, s64 step, u32 length)
{
	u32 i = 0;

#ifdef MATMUL_PAIRS_32
	for (; step == 2 && odd && i + 32 <= length; i += 32) {
		vf low, high;

		direct_pairs_32(even + i * 2, odd + i * 2, &low, &high);
		vf_store(to + i, low);
		vf_store(to + i + LANES, high);
	}
#endif
	for (; i < length; i += LANES) {
		u32 n = SILICON_MIN(length - i, LANES);
		vi pair = vi_shift_right(pack_load_bf16(even + i * step, step, n), vi_splat(16));

		if (odd)
			pair = vi_or(pair, pack_load_bf16(odd + i * step, step, n));
		vi_store(to + i, pair);
	}
}

/* The same of FP8. */
static void pack_fp8_run(u32 *to, u8 dtype, const u8 *even, const u8 *odd, s64 step, u32 length)
{
	float row[2][MATMUL_PANEL] __attribute__((aligned(64)));
	u32 i;

	rows_load_float(row[0], dtype, even, 0, 1, step, length);
	if (odd)
		rows_load_float(row[1], dtype, odd, 0, 1, step, length);
	for (i = 0; i < length; i += LANES) {
		vi pair = vi_shift_right(vi_load(row[0] + i), vi_splat(16));

		if (odd)
			pair = vi_or(pair, vi_and(vi_load(row[1] + i), vi_splat((s32)0xffff0000u)));
		vi_store(to + i, pair);
	}
}

static void panel_prepare(struct panel *x, const struct silicon_task *task, u32 first, u32 columns)
{
	const struct silicon_view *in = &task->in[0];
	struct column_run *runs = (struct column_run *)(task->scratch + 64 * 1024);
	u32 count = panel_runs(in, first, columns, runs), rows = task->stationary->rows, k, i;
	s64 step = in->step[3];
	u8 *to = task->scratch;

	x->columns = columns;
	x->sums = NULL;
	if (in->dtype == PUMORI_ISA_FP32 && count == 1 && (step == 4 || columns == 1)) {
		x->at = in->base + runs[0].offset;
		x->row_step = in->partition_stride;
		x->packed = false;
		return;
	}
	x->at = to;
	x->row_step = MATMUL_PANEL * 4;
	x->packed = true;
	if (!matmul_in_pairs(in->dtype)) {
		for (k = 0; k < rows; k++, to += MATMUL_PANEL * 4)
			for (i = 0; i < count; i++) {
				const u8 *from = in->base + (u64)k * in->partition_stride + runs[i].offset;
				float *row = (float *)to + runs[i].column;

				if (in->dtype == PUMORI_ISA_FP32)
					pack_float_run(row, from, step, runs[i].length);
				else
					rows_load_float(row, in->dtype, from, 0, 1, step, runs[i].length);
			}
		return;
	}
	for (k = 0; k < rows; k += 2, to += MATMUL_PANEL * 4)
		for (i = 0; i < count; i++) {
			const u8 *even = in->base + (u64)k * in->partition_stride + runs[i].offset;
			const u8 *odd = k + 1 < rows ? even + in->partition_stride : NULL;
			u32 *pair = (u32 *)to + runs[i].column;

			if (in->dtype == PUMORI_ISA_BF16)
				pack_bf16_run(pair, even, odd, step, runs[i].length);
			else
				pack_fp8_run(pair, in->dtype, even, odd, step, runs[i].length);
		}
}

/* A tile of the result: @rows x @vectors registers, both constants; the last vector has @last lanes. */
SIMD_INLINE void matmul_tile(u32 rows, u32 vectors, bool bf16, const u32 *a, u32 a_step, u32 depth, const u8 *b,
			     s64 b_step, bool whole, u8 *c, s64 c_step, bool accumulate, u32 last)
{
	vf acc[MATMUL_TILE_ROWS][MATMUL_TILE_VECTORS];
	u32 i, j, k;

#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
#pragma GCC unroll 4
		for (j = 0; j < vectors; j++) {
			const u8 *p = c + i * c_step + j * 64;

			if (!accumulate)
				acc[i][j] = vf_splat(0.0f);
			else
				acc[i][j] = j + 1 == vectors ? vf_load_n(p, last) : vf_load(p);
		}
	for (k = 0; k < depth; k++, a += a_step, b += b_step) {
		vf column[MATMUL_TILE_VECTORS];

#pragma GCC unroll 4
		for (j = 0; j < vectors; j++)
			column[j] = whole || j + 1 < vectors ? vf_load(b + j * 64) : vf_load_n(b + j * 64, last);
#pragma GCC unroll 6
		for (i = 0; i < rows; i++) {
			vf row = vf_splat(float_from_bits(a[i]));

#pragma GCC unroll 4
			for (j = 0; j < vectors; j++)
				acc[i][j] = bf16 ? vf_dot_bf16(acc[i][j], row, column[j]) :
						   vf_fma(row, column[j], acc[i][j]);
		}
	}
#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
#pragma GCC unroll 4
		for (j = 0; j < vectors; j++) {
			u8 *p = c + i * c_step + j * 64;

			if (j + 1 == vectors)
				vf_store_n(p, vf_canonical(acc[i][j]), last);
			else
				vf_store(p, vf_canonical(acc[i][j]));
		}
}

struct tile_call {
	const u32 *a;
	u32 a_step;
	u32 depth;
	const u8 *b;
	s64 b_step;
	u8 *c;
	s64 c_step;
	u32 last;
	bool whole;
	bool accumulate;
};

#define MATMUL_TILE(name, rows, vectors, bf16) \
static __attribute__((__noinline__)) void name(const struct tile_call *t) \
{ \
	if (t->whole) \
		matmul_tile(rows, vectors, bf16, t->a, t->a_step, t->depth, t->b, t->b_step, true, t->c, \
			    t->c_step, t->accumulate, t->last); \
	else \
		matmul_tile(rows, vectors, bf16, t->a, t->a_step, t->depth, t->b, t->b_step, false, t->c, \
			    t->c_step, t->accumulate, t->last); \
}
#define MATMUL_TILES(vectors) \
	MATMUL_TILE(tile_float_1_##vectors, 1, vectors, false) \
	MATMUL_TILE(tile_float_2_##vectors, 2, vectors, false) \
	MATMUL_TILE(tile_float_4_##vectors, 4, vectors, false) \
	MATMUL_TILE(tile_float_6_##vectors, 6, vectors, false) \
	MATMUL_TILE(tile_bf16_1_##vectors, 1, vectors, true) \
	MATMUL_TILE(tile_bf16_2_##vectors, 2, vectors, true) \
	MATMUL_TILE(tile_bf16_4_##vectors, 4, vectors, true) \
	MATMUL_TILE(tile_bf16_6_##vectors, 6, vectors, true)

MATMUL_TILES(1)
#if MATMUL_TILE_VECTORS == 4
MATMUL_TILES(2)
MATMUL_TILES(3)
MATMUL_TILES(4)
#define MATMUL_ROW(type, rows) \
	{ tile_##type##_##rows##_1, tile_##type##_##rows##_2, tile_##type##_##rows##_3, tile_##type##_##rows##_4 }
#else
#define MATMUL_ROW(type, rows)	{ tile_##type##_##rows##_1 }
#endif

/* By element type, rows (1, 2, 4, 6) and vectors. */
static void (*const matmul_tiles[2][4][MATMUL_TILE_VECTORS])(const struct tile_call *t) = {
	{ MATMUL_ROW(float, 1), MATMUL_ROW(float, 2), MATMUL_ROW(float, 4), MATMUL_ROW(float, 6) },
	{ MATMUL_ROW(bf16, 1), MATMUL_ROW(bf16, 2), MATMUL_ROW(bf16, 4), MATMUL_ROW(bf16, 6) },
};

/* Rows @first.. of the result for the panel's columns. */
static void panel_multiply(const struct panel *x, const struct silicon_task *task, u32 first, u32 rows, u8 *c,
			   s64 c_step, bool accumulate)
{
	const struct silicon_stationary *st = task->stationary;
	bool bf16 = matmul_in_pairs(st->dtype);
	u32 state = matmul_begin(bf16);
	u32 column, row, step;
	struct tile_call t = {
		.a_step = st->columns,
		.depth = bf16 ? (st->rows + 1u) / 2 : st->rows,
		.b_step = x->row_step,
		.c_step = c_step,
		.accumulate = accumulate,
	};

	for (column = 0; column < x->columns; column += MATMUL_TILE_VECTORS * LANES) {
		u32 width = SILICON_MIN(x->columns - column, MATMUL_TILE_VECTORS * LANES);
		u32 vectors = (width + LANES - 1) / LANES;

		t.last = width - (vectors - 1) * LANES;
		t.whole = x->packed || t.last == LANES;
		t.b = x->at + column * 4;
		for (row = 0; row < rows; row += step) {
			u32 left = rows - row, size = left >= 6 ? 3 : left >= 4 ? 2 : left >= 2 ? 1 : 0;

			step = size ? 2 * size : 1;
			t.a = (const u32 *)st->data + first + row;
			t.c = c + (s64)row * c_step + column * 4;
			matmul_tiles[bf16][size][vectors - 1](&t);
		}
	}
	matmul_end(bf16, state);
}

static void panel_times(const struct panel *x, const struct silicon_task *task, u32 first, u32 rows, u8 *c,
			s64 c_step, bool accumulate)
{
	if (dtype_is_int8(task->stationary->dtype))
		int8_panel_multiply(x, task, first, rows, c, c_step, accumulate);
	else
		panel_multiply(x, task, first, rows, c, c_step, accumulate);
}

/* One step: directly in the output when the panel is one run of it, else by way of a dense copy. */
static void matmul_step(const struct panel *x, struct silicon_task *task, u32 first_column, u32 first_row, u32 rows)
{
	const struct silicon_view *out = &task->out;
	struct column_run *runs = (struct column_run *)(task->scratch + 64 * 1024 + 4096);
	u32 count = panel_runs(out, first_column, x->columns, runs), r, i;
	u8 *c = out->base + (u64)first_row * out->partition_stride, *copy = task->scratch + 128 * 1024;
	bool accumulate = task->modifiers & PUMORI_ISA_ACCUMULATE;

	if (count == 1 && (out->step[3] == 4 || x->columns == 1)) {
		panel_times(x, task, first_row, rows, c + runs[0].offset, out->partition_stride, accumulate);
		return;
	}
	for (r = 0; accumulate && r < rows; r++)
		for (i = 0; i < count; i++)
			rows_move(copy + r * MATMUL_PANEL * 4 + runs[i].column * 4, 0, 4,
				  c + (u64)r * out->partition_stride + runs[i].offset, 0, out->step[3], 4, 1,
				  runs[i].length);
	panel_times(x, task, first_row, rows, copy, MATMUL_PANEL * 4, accumulate);
	for (r = 0; r < rows; r++)
		for (i = 0; i < count; i++)
			rows_move(c + (u64)r * out->partition_stride + runs[i].offset, 0, out->step[3],
				  copy + r * MATMUL_PANEL * 4 + runs[i].column * 4, 0, 4, 4, 1, runs[i].length);
}

/* How the result is cut into steps, and what computes one. */
struct matmul_plan {
	u32 panel;	/* columns */
	u32 rows;
	bool direct, narrow, int8;
	bool sums;	/* integers: see int8_prepare() */
};

static void matmul_plan(struct matmul_plan *plan, const struct silicon_task *task, u32 columns)
{
	plan->panel = MATMUL_PANEL;
	plan->rows = MATMUL_ROWS;
	plan->int8 = dtype_is_int8(task->stationary->dtype);
	plan->direct = columns > NARROW_COLUMNS && direct_fits(task);
	plan->narrow = columns <= NARROW_COLUMNS && !plan->int8;
	plan->sums = plan->int8 && int8_prepare(task);
	if (plan->direct) {
		plan->panel = DIRECT_PANEL;
		plan->rows = DIRECT_ROWS;
	} else if (plan->narrow) {
		plan->rows = NARROW_PANEL;
	}
}

static void matmul_prepare(const struct matmul_plan *plan, struct panel *x, const struct silicon_task *task, u32 first,
			   u32 columns)
{
	if (plan->direct)
		return;
	if (plan->int8)
		int8_panel_prepare(x, task, first, columns, plan->sums);
	else
		panel_prepare(x, task, first, columns);
}

static u32 run_multiply_moving(struct silicon_task *task, u32 budget)
{
	const struct silicon_stationary *st = task->stationary;
	u32 columns = view_elements(&task->in[0]), row_steps, panels, panel, first_row, width, macs, start, units;
	u32 ready = ~0u;
	struct matmul_plan plan;
	struct panel x;

	matmul_plan(&plan, task, columns);
	row_steps = (st->columns + plan.rows - 1) / plan.rows;
	panels = (columns + plan.panel - 1) / plan.panel;
	panel = task->cursor / row_steps;
	first_row = task->cursor % row_steps * plan.rows;
	width = SILICON_MIN(columns - panel * plan.panel, plan.panel);
	/* At most 128 x 128 x 512. Units are counted over all that is done, so that steps may differ in size. */
	macs = (panel * plan.panel * st->columns + first_row * width) * st->rows;
	start = macs / SILICON_UNIT_MACS;
	do {
		u32 rows = SILICON_MIN(st->columns - first_row, plan.rows);

		if (panel != ready)
			matmul_prepare(&plan, &x, task, panel * plan.panel, width);
		ready = panel;
		if (plan.direct)
			direct_step(task, panel * plan.panel, width);
		else if (plan.narrow)
			narrow_step(&x, task, first_row, rows);
		else
			matmul_step(&x, task, panel * plan.panel, first_row, rows);
		macs += rows * width * st->rows;
		task->finished = ++task->cursor == panels * row_steps;
		units = macs / SILICON_UNIT_MACS - start + task->finished;
		first_row += rows;
		if (first_row == st->columns) {
			first_row = 0;
			panel++;
			width = SILICON_MIN(columns - panel * plan.panel, plan.panel);
		}
	} while (!task->finished && (!units || units < budget));
	return units;
}
