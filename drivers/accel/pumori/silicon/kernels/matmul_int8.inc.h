/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Products of bytes. The hosts' instructions multiply unsigned bytes by signed ones, so the moving matrix is
 * taken as x' = x + 128 if it is signed, the stationary one as s' = s - 128 if it is not; rows beyond K are
 * zero. With the zero points that remain, Z = zx + 128 or zx and E = 128 - zs or -zs,
 *
 *   sum (s - zs) (x - zx) = sum s' x' - Z sum s' + E (sum x' - K Z)
 *
 * in 32 bits that wrap, so that nothing of it rounds. A word holds four rows of a column; the stationary matrix
 * has INT8_WORDS words for them (simd_*.h says which), and behind its words the sums of s' of each column.
 */

#define INT8_SUMS	(48u * 1024u)	/* offset in the stationary data */
#define INT8_ONES	0x01010101

/* What one instruction adds to the products: in scratch memory, made anew by each call. */
struct int8_terms {
	s32 constant[PUMORI_ISA_STATIONARY_MAX];	/* -Z sum s' - E K Z */
	s32 factor[PUMORI_ISA_STATIONARY_MAX];		/* E */
	s32 sums[MATMUL_PANEL];				/* of x', of the panel's columns */
};

SIMD_INLINE struct int8_terms *int8_terms_of(const struct silicon_task *task)
{
	return (struct int8_terms *)(task->scratch + 72 * 1024);
}

/* What brings four rows into the form that is multiplied: the sign bits of those that are there. */
SIMD_INLINE u32 int8_flip(bool flip, u32 rows)
{
	u32 signs = flip ? 0x80808080u : 0;

	return rows < 4 ? signs & ((1u << 8 * rows) - 1) : signs;
}

/* A run of columns of up to four rows as words; writes sixteen at a time. Rows that are NULL count as zero. */
static void int8_pack_run(u32 *to, const u8 *const *row, s64 step, u32 length, u32 flip)
{
	u8 copy[4][LANES] __attribute__((aligned(16))) = { { 0 } };
	const u8 *const dense[4] = { copy[0], copy[1], copy[2], copy[3] };
	const u8 *at[4] = { row[0], row[1], row[2], row[3] };
	bool whole = row[3] && step == 1;
	u32 i = 0, j, r;

#ifdef INT8_PACK_64
	for (; whole && i + 64 <= length; i += 64) {
		int8_interleave_64(to + i, at, flip);
		for (r = 0; r < 4; r++)
			at[r] += 64;
	}
#endif
	for (; whole && i + LANES <= length; i += LANES) {
		int8_interleave_16(to + i, at, flip);
		for (r = 0; r < 4; r++)
			at[r] += LANES;
	}
	for (; i < length; i += LANES) {
		u32 n = SILICON_MIN(length - i, LANES);

		for (r = 0; r < 4 && at[r]; r++) {
			for (j = 0; j < n; j++)
				copy[r][j] = at[r][j * step];
			at[r] += LANES * step;
		}
		int8_interleave_16(to + i, dense, flip);
	}
}

/* Four rows of a matrix from row @k on. */
static void int8_pack_rows(u32 *to, const struct silicon_view *in, u32 k, const struct column_run *runs, u32 count,
			   bool flip)
{
	u32 rows = SILICON_MIN(in->partitions - k, 4u), i, r;
	const u8 *row[4] = { NULL, NULL, NULL, NULL };

	for (i = 0; i < count; i++) {
		for (r = 0; r < rows; r++)
			row[r] = in->base + (u64)(k + r) * in->partition_stride + runs[i].offset;
		int8_pack_run(to + runs[i].column, row, in->step[3], runs[i].length, int8_flip(flip, rows));
	}
}

/* Words of four rows as the stationary matrix has them. */
SIMD_INLINE void int8_store_words(u32 *to, u32 columns, vi quad, u32 n)
{
#if INT8_WORDS == 1
	(void)columns;
	vi_store_n(to, quad, n);
#else
	const vi low = vi_splat(0xffff), half = vi_splat(16), most = vi_splat(24);
	vi row0 = vi_shift_arithmetic(vi_shift_left(quad, most), most);
	vi row1 = vi_shift_arithmetic(vi_shift_left(quad, half), most);
	vi row2 = vi_shift_arithmetic(vi_shift_left(quad, vi_splat(8)), most);
	vi row3 = vi_shift_arithmetic(quad, most);

	vi_store_n(to, vi_or(vi_and(row0, low), vi_shift_left(row2, half)), n);
	vi_store_n(to + columns, vi_or(vi_and(row1, low), vi_shift_left(row3, half)), n);
#endif
}

/* One column of the matrix, as bytes: its words lie as far apart as the matrix is wide. */
static void int8_store_column(u32 *to, u32 columns, const u8 *bytes, u32 rows, bool flip)
{
	u32 k, quad;

	for (k = 0; k < rows; k += 4, to += INT8_WORDS * columns) {
		memcpy(&quad, bytes + k, 4);
		quad ^= int8_flip(flip, rows - k);
#if INT8_WORDS == 1
		*to = quad;
#else
		*to = (u16)(s8)quad | (u32)(u16)(s8)(quad >> 16) << 16;
		to[columns] = (u16)(s8)(quad >> 8) | (u32)(u16)(s8)(quad >> 24) << 16;
#endif
	}
}

SIMD_INLINE vi int8_second_word(const u32 *words, u32 columns, u32 n)
{
#if INT8_WORDS == 1
	(void)words, (void)columns, (void)n;
	return vi_splat(0);
#else
	return vi_load_n(words + columns, n);
#endif
}

static void int8_load_stationary(struct silicon_task *task, bool transposed)
{
	const struct silicon_view *in = &task->in[0];
	struct column_run *runs = (struct column_run *)(task->scratch + 64 * 1024);
	u32 elements = view_elements(in), count = panel_runs(in, 0, elements, runs);
	u32 rows = task->stationary->rows, columns = task->stationary->columns, i, k, r;
	u32 *words = (u32 *)task->stationary->data, *quads = (u32 *)task->scratch;
	bool flip = in->dtype == PUMORI_ISA_UINT8;
	s32 *sums = (s32 *)(task->stationary->data + INT8_SUMS);

	for (k = 0; !transposed && k < rows; k += 4) {
		u32 *to = words + (size_t)(k / 4) * INT8_WORDS * columns;

		int8_pack_rows(quads, in, k, runs, count, flip);
		for (i = 0; i < columns; i += LANES)
			int8_store_words(to + i, columns, vi_load(quads + i), SILICON_MIN(columns - i, LANES));
	}
	for (i = 0; transposed && i < columns; i++) {
		const u8 *from = in->base + (u64)i * in->partition_stride;
		u8 *bytes = task->scratch;

		for (r = 0; r < count; r++)
			rows_move(bytes + runs[r].column, 0, 1, from + runs[r].offset, 0, in->step[3], 1, 1,
				  runs[r].length);
		memset(bytes + rows, 0, 4);
		int8_store_column(words + i, columns, bytes, rows, flip);
	}
	for (i = 0; i < columns; i += LANES) {
		const u32 *at = words + i, n = SILICON_MIN(columns - i, LANES);
		vi sum = vi_splat(0);

		for (k = 0; k < rows; k += 4, at += INT8_WORDS * columns)
			sum = int8_dot(sum, vi_splat(INT8_ONES), vi_load_n(at, n), int8_second_word(at, columns, n));
		vi_store_n(sums + i, sum, n);
	}
}

/* A zero point of a row of the result. */
static u32 int8_zero_point(const struct silicon_view *column, u32 row, u32 immediate)
{
	return column->base ? *(const u32 *)(column->base + (u64)row * column->partition_stride) : immediate;
}

/* The terms of each row; says whether any needs the sums of the moving columns. */
static bool int8_prepare(const struct silicon_task *task)
{
	const struct silicon_stationary *st = task->stationary;
	const u32 *sums = (const u32 *)(st->data + INT8_SUMS);
	struct int8_terms *terms = int8_terms_of(task);
	u32 stationary_shift = st->dtype == PUMORI_ISA_UINT8 ? 128 : 0;
	u32 moving_shift = task->in[0].dtype == PUMORI_ISA_INT8 ? 128 : 0, row, any = 0;

	for (row = 0; row < st->columns; row++) {
		u32 factor = stationary_shift - int8_zero_point(&task->in[1], row, task->imm[0]);
		u32 zero = moving_shift + int8_zero_point(&task->in[2], row, task->imm[1]);

		terms->factor[row] = (s32)factor;
		terms->constant[row] = (s32)(0 - zero * sums[row] - factor * st->rows * zero);
		any |= factor;
	}
	return any;
}

static void int8_panel_prepare(struct panel *x, const struct silicon_task *task, u32 first, u32 columns, bool sums)
{
	const struct silicon_view *in = &task->in[0];
	struct column_run *runs = (struct column_run *)(task->scratch + 64 * 1024);
	u32 count = panel_runs(in, first, columns, runs), rows = task->stationary->rows, k, i;
	struct int8_terms *terms = int8_terms_of(task);
	u32 *to = (u32 *)task->scratch;

	x->columns = columns;
	x->at = task->scratch;
	x->row_step = MATMUL_PANEL * 4;
	x->packed = true;
	x->sums = sums ? terms->sums : NULL;
	for (k = 0; k < rows; k += 4, to += MATMUL_PANEL)
		int8_pack_rows(to, in, k, runs, count, in->dtype == PUMORI_ISA_INT8);
	for (i = 0; sums && i < columns; i += LANES) {
		const vi ones = vi_splat(INT8_WORDS == 1 ? INT8_ONES : 0x00010001);
		const u8 *at = x->at + i * 4;
		vi sum = vi_splat(0);

		for (k = 0; k < rows; k += 4, at += x->row_step)
			sum = int8_dot(sum, vi_load(at), ones, ones);
		vi_store(terms->sums + i, sum);
	}
}

struct int8_call {
	const u32 *a;
	u32 columns;		/* of the stationary matrix */
	u32 depth;
	const u8 *b;
	s64 b_step;
	u8 *c;
	s64 c_step;
	const s32 *constant;
	const s32 *factor;
	const s32 *sums;	/* or NULL */
	u32 last;
	bool accumulate;
};

/* A tile of the result: @rows x @vectors registers, both constants; the last vector has @last lanes. */
SIMD_INLINE void int8_tile(u32 rows, u32 vectors, const struct int8_call *t)
{
	const u32 *a = t->a, columns = t->columns;
	const u8 *b = t->b;
	const s64 b_step = t->b_step;
	vi acc[MATMUL_TILE_ROWS][MATMUL_TILE_VECTORS];
	u32 i, j, k;

#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
#pragma GCC unroll 4
		for (j = 0; j < vectors; j++) {
			const u8 *p = t->c + i * t->c_step + j * 64;

			acc[i][j] = vi_splat(t->constant[i]);
			if (t->sums)
				acc[i][j] = vi_add(acc[i][j], vi_mul(vi_splat(t->factor[i]),
								     vi_load(t->sums + j * LANES)));
			if (t->accumulate)
				acc[i][j] = vi_add(acc[i][j], j + 1 == vectors ? vi_load_n(p, t->last) : vi_load(p));
		}
	for (k = t->depth; k; k--, a += INT8_WORDS * columns, b += b_step) {
		vi column[MATMUL_TILE_VECTORS];

#pragma GCC unroll 4
		for (j = 0; j < vectors; j++)
			column[j] = vi_load(b + j * 64);
#pragma GCC unroll 6
		for (i = 0; i < rows; i++) {
			vi row = vi_splat((s32)a[i]);
			vi row2 = INT8_WORDS == 1 ? row : vi_splat((s32)a[columns + i]);

#pragma GCC unroll 4
			for (j = 0; j < vectors; j++)
				acc[i][j] = int8_dot(acc[i][j], column[j], row, row2);
		}
	}
#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
#pragma GCC unroll 4
		for (j = 0; j < vectors; j++) {
			u8 *p = t->c + i * t->c_step + j * 64;

			if (j + 1 == vectors)
				vi_store_n(p, acc[i][j], t->last);
			else
				vi_store(p, acc[i][j]);
		}
}

#define INT8_TILE(rows, vectors) \
static __attribute__((__noinline__)) void int8_tile_##rows##_##vectors(const struct int8_call *t) \
{ \
	int8_tile(rows, vectors, t); \
}
#define INT8_TILES(vectors)	INT8_TILE(1, vectors) INT8_TILE(2, vectors) INT8_TILE(4, vectors) INT8_TILE(6, vectors)

INT8_TILES(1)
#if MATMUL_TILE_VECTORS == 4
INT8_TILES(2)
INT8_TILES(3)
INT8_TILES(4)
#define INT8_ROW(rows) \
	{ int8_tile_##rows##_1, int8_tile_##rows##_2, int8_tile_##rows##_3, int8_tile_##rows##_4 }
#else
#define INT8_ROW(rows)	{ int8_tile_##rows##_1 }
#endif

/* By rows (1, 2, 4, 6) and vectors. */
static void (*const int8_tiles[4][MATMUL_TILE_VECTORS])(const struct int8_call *t) = {
	INT8_ROW(1), INT8_ROW(2), INT8_ROW(4), INT8_ROW(6),
};

/* Rows @first.. of the result for the panel's columns. */
static void int8_panel_multiply(const struct panel *x, const struct silicon_task *task, u32 first, u32 rows, u8 *c,
				s64 c_step, bool accumulate)
{
	const struct silicon_stationary *st = task->stationary;
	const struct int8_terms *terms = int8_terms_of(task);
	u32 column, row, step;
	struct int8_call t = {
		.columns = st->columns,
		.depth = (st->rows + 3u) / 4,
		.b_step = x->row_step,
		.c_step = c_step,
		.accumulate = accumulate,
	};

	for (column = 0; column < x->columns; column += MATMUL_TILE_VECTORS * LANES) {
		u32 width = SILICON_MIN(x->columns - column, MATMUL_TILE_VECTORS * LANES);
		u32 vectors = (width + LANES - 1) / LANES;

		t.last = width - (vectors - 1) * LANES;
		t.b = x->at + column * 4;
		t.sums = x->sums ? x->sums + column : NULL;
		for (row = 0; row < rows; row += step) {
			u32 left = SILICON_MIN(rows - row, (u32)INT8_TILE_ROWS);
			u32 size = left >= 6 ? 3 : left >= 4 ? 2 : left >= 2 ? 1 : 0;

			step = size ? 2 * size : 1;
			t.a = (const u32 *)st->data + first + row;
			t.c = c + (s64)row * c_step + column * 4;
			t.constant = terms->constant + first + row;
			t.factor = terms->factor + first + row;
			int8_tiles[size][vectors - 1](&t);
		}
	}
}
