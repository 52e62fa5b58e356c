/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Products that would use a packed panel only once or twice: with few rows of the result the moving matrix is
 * read where it lies, with few columns the stationary one is what vectors are loaded from.
 */

#define DIRECT_ROWS	6u	/* most rows of the result that read the moving matrix in place */
#define DIRECT_PANEL	(4 * MATMUL_TILE_VECTORS * LANES)
#define NARROW_COLUMNS	8u	/* most columns of the result that go through the stationary matrix */
#define NARROW_PANEL	(MATMUL_TILE_VECTORS * LANES)

/* One vector of columns of two BF16 rows, as pairs; @odd may be NULL. */
SIMD_INLINE vf direct_pairs(const u8 *even, const u8 *odd, u32 n)
{
	vi pair = vi_shift_right(vf_bits(n == LANES ? vf_load_bf16(even) : vf_load_bf16_n(even, n)), vi_splat(16));

	if (odd)
		pair = vi_or(pair, vf_bits(n == LANES ? vf_load_bf16(odd) : vf_load_bf16_n(odd, n)));
	return vi_float(pair);
}

/* Whether two vectors of columns at a time are kept in the order that is cheapest to make pairs in. */
#ifdef MATMUL_PAIRS_32
#define DIRECT_MIXED(bf16, vectors)	((bf16) && (vectors) % 2 == 0)
#else
#define DIRECT_MIXED(bf16, vectors)	false
SIMD_INLINE void mixed_pairs(const u8 *even, const u8 *odd, vf *low, vf *high)
{
	*low = direct_pairs(even, odd, LANES);
	*high = direct_pairs(even + 32, odd ? odd + 32 : NULL, LANES);
}

SIMD_INLINE void mixed_load(const u8 *p, vf *low, vf *high)
{
	*low = vf_load(p);
	*high = vf_load(p + 64);
}

SIMD_INLINE void mixed_store(u8 *p, vf low, vf high)
{
	vf_store(p, low);
	vf_store(p + 64, high);
}
#endif

struct direct_call {
	const u32 *a;
	u32 a_step;
	u32 rows_k;		/* K */
	const u8 *b;
	s64 b_step;
	u8 *c;
	s64 c_step;
	u32 last;		/* lanes of the last vector */
	bool accumulate;
};

typedef vf direct_sums[DIRECT_ROWS][4 * MATMUL_TILE_VECTORS];

/* One row of the moving matrix, or two of BF16, of which the second may be missing. */
SIMD_INLINE void direct_row(u32 rows, u32 vectors, bool bf16, direct_sums acc, const u32 *a, const u8 *b, const u8 *odd,
			    u32 last)
{
	vf row[DIRECT_ROWS];
	u32 i, j;

#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
		row[i] = vf_splat(float_from_bits(a[i]));
#pragma GCC unroll 16
	for (j = 0; j < vectors; j++) {
		vf column, next = row[0];

		if (DIRECT_MIXED(bf16, vectors))
			mixed_pairs(b + j * 32, odd ? odd + j * 32 : NULL, &column, &next);
		else if (bf16)
			column = direct_pairs(b + j * 32, odd ? odd + j * 32 : NULL, last);
		else
			column = vectors == 1 ? vf_load_n(b, last) : vf_load(b + j * 64);
#pragma GCC unroll 6
		for (i = 0; i < rows; i++) {
			acc[i][j] = bf16 ? vf_dot_bf16(acc[i][j], row[i], column) : vf_fma(row[i], column, acc[i][j]);
			if (DIRECT_MIXED(bf16, vectors))
				acc[i][j + 1] = vf_dot_bf16(acc[i][j + 1], row[i], next);
		}
		if (DIRECT_MIXED(bf16, vectors))
			j++;
	}
}

/* @rows x @vectors results; @rows, @vectors and @bf16 are constants wherever this is used. */
SIMD_INLINE void direct_tile(u32 rows, u32 vectors, bool bf16, const struct direct_call *t)
{
	const u32 *a = t->a;
	const u8 *b = t->b;
	const u32 last = vectors == 1 ? t->last : LANES, a_step = t->a_step;
	const s64 b_step = t->b_step;
	direct_sums acc;
	u32 i, j, k;

#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
#pragma GCC unroll 16
		for (j = 0; j < vectors; j++) {
			const u8 *p = t->c + i * t->c_step + j * 64;

			if (!t->accumulate)
				acc[i][j] = vf_splat(0.0f);
			else if (!DIRECT_MIXED(bf16, vectors))
				acc[i][j] = vectors == 1 ? vf_load_n(p, last) : vf_load(p);
			else if (j % 2 == 0)
				mixed_load(p, &acc[i][j], &acc[i][j + 1]);
		}
	if (bf16) {
		for (k = t->rows_k / 2; k; k--, a += a_step, b += 2 * b_step)
			direct_row(rows, vectors, true, acc, a, b, b + b_step, last);
		if (t->rows_k % 2)
			direct_row(rows, vectors, true, acc, a, b, NULL, last);
	} else {
		for (k = t->rows_k; k; k--, a += a_step, b += b_step)
			direct_row(rows, vectors, false, acc, a, b, NULL, last);
	}
#pragma GCC unroll 6
	for (i = 0; i < rows; i++)
#pragma GCC unroll 16
		for (j = 0; j < vectors; j++) {
			u8 *p = t->c + i * t->c_step + j * 64;

			if (DIRECT_MIXED(bf16, vectors) && j % 2 == 0)
				mixed_store(p, vf_canonical(acc[i][j]), vf_canonical(acc[i][j + 1]));
			else if (!DIRECT_MIXED(bf16, vectors) && vectors == 1)
				vf_store_n(p, vf_canonical(acc[i][j]), last);
			else if (!DIRECT_MIXED(bf16, vectors))
				vf_store(p, vf_canonical(acc[i][j]));
		}
}

#define DIRECT_TILE(rows, vectors) \
static __attribute__((__noinline__)) void direct_float_##rows##_##vectors(const struct direct_call *t) \
{ \
	direct_tile(rows, vectors, false, t); \
} \
static __attribute__((__noinline__)) void direct_bf16_##rows##_##vectors(const struct direct_call *t) \
{ \
	direct_tile(rows, vectors, true, t); \
}

DIRECT_TILE(1, 1)
DIRECT_TILE(2, 1)
DIRECT_TILE(4, 1)
DIRECT_TILE(6, 1)
#if MATMUL_TILE_VECTORS == 4
DIRECT_TILE(1, 16)
DIRECT_TILE(1, 4)
DIRECT_TILE(2, 8)
DIRECT_TILE(2, 4)
DIRECT_TILE(4, 4)
DIRECT_TILE(6, 4)
#else
DIRECT_TILE(1, 4)
DIRECT_TILE(2, 2)
#endif

struct direct_kind {
	u32 rows, vectors;
	void (*run[2])(const struct direct_call *t);	/* FP32, BF16 */
};
#define DIRECT_KIND(rows, vectors) \
	{ rows, vectors, { direct_float_##rows##_##vectors, direct_bf16_##rows##_##vectors } }

/* The first that fits is taken. */
static const struct direct_kind direct_kinds[] = {
#if MATMUL_TILE_VECTORS == 4
	DIRECT_KIND(6, 4), DIRECT_KIND(6, 1), DIRECT_KIND(4, 4), DIRECT_KIND(4, 1), DIRECT_KIND(2, 8),
	DIRECT_KIND(2, 4), DIRECT_KIND(2, 1), DIRECT_KIND(1, 16), DIRECT_KIND(1, 4), DIRECT_KIND(1, 1),
#else
	DIRECT_KIND(6, 1), DIRECT_KIND(4, 1), DIRECT_KIND(2, 2), DIRECT_KIND(2, 1), DIRECT_KIND(1, 4),
	DIRECT_KIND(1, 1),
#endif
};

/* Columns @first.. of all rows. */
static void direct_step(const struct silicon_task *task, u32 first, u32 columns)
{
	const struct silicon_view *in = &task->in[0], *out = &task->out;
	const struct silicon_stationary *st = task->stationary;
	bool bf16 = st->dtype == PUMORI_ISA_BF16;
	u32 size = bf16 ? 2 : 4, row, column, state = matmul_begin(bf16);
	const struct direct_kind *kind = direct_kinds;
	struct direct_call t = {
		.a_step = st->columns,
		.rows_k = st->rows,
		.b_step = in->partition_stride,
		.c_step = out->partition_stride,
		.accumulate = task->modifiers & PUMORI_ISA_ACCUMULATE,
	};

	for (row = 0; row < st->columns; row += kind->rows) {
		for (column = 0; column < columns; column += kind->vectors * LANES) {
			kind = direct_kinds;
			while (kind->rows > st->columns - row ||
			       (kind->vectors > 1 && kind->vectors * LANES > columns - column))
				kind++;
			t.last = SILICON_MIN(columns - column, LANES);
			t.a = (const u32 *)st->data + row;
			t.b = in->base + (u64)(first + column) * size;
			t.c = out->base + (u64)row * out->partition_stride + (u64)(first + column) * 4;
			kind->run[bf16](&t);
		}
	}
	matmul_end(bf16, state);
}

/* Whether the moving matrix and the result can be used where they lie. */
static bool direct_fits(const struct silicon_task *task)
{
	u8 dtype = task->in[0].dtype;
	u32 size = dtype == PUMORI_ISA_BF16 ? 2 : 4;

	return task->stationary->columns <= DIRECT_ROWS && (dtype == PUMORI_ISA_FP32 || dtype == PUMORI_ISA_BF16) &&
	       view_single_step(&task->in[0]) == (s64)size && view_single_step(&task->out) == 4;
}

/* @vectors is a constant wherever this is used. */
SIMD_INLINE void narrow_tile(u32 vectors, bool pairs, const u32 *a, u32 a_step, u32 depth, const u8 *b, s64 b_step,
			     float *acc)
{
	vf sum[MATMUL_TILE_VECTORS];
	u32 j, k;

#pragma GCC unroll 4
	for (j = 0; j < vectors; j++)
		sum[j] = vf_load(acc + j * LANES);
	for (k = 0; k < depth; k++, a += a_step, b += b_step) {
		vf x = vf_splat(*(const float *)b);

#pragma GCC unroll 4
		for (j = 0; j < vectors; j++)
			sum[j] = pairs ? vf_dot_bf16(sum[j], vf_load(a + j * LANES), x) :
					 vf_fma(vf_load(a + j * LANES), x, sum[j]);
	}
#pragma GCC unroll 4
	for (j = 0; j < vectors; j++)
		vf_store(acc + j * LANES, vf_canonical(sum[j]));
}

static __attribute__((__noinline__)) void narrow_float(const u32 *a, u32 a_step, u32 depth, const u8 *b, s64 b_step,
						       float *acc)
{
	narrow_tile(MATMUL_TILE_VECTORS, false, a, a_step, depth, b, b_step, acc);
}

static __attribute__((__noinline__)) void narrow_pairs(const u32 *a, u32 a_step, u32 depth, const u8 *b, s64 b_step,
						       float *acc)
{
	narrow_tile(MATMUL_TILE_VECTORS, true, a, a_step, depth, b, b_step, acc);
}

/* Rows @first.. of a panel of few columns; what is computed beyond the stationary matrix is thrown away. */
static void narrow_step(const struct panel *x, struct silicon_task *task, u32 first, u32 rows)
{
	float acc[NARROW_PANEL] __attribute__((aligned(64)));
	const struct silicon_stationary *st = task->stationary;
	const struct silicon_view *out = &task->out;
	bool pairs = matmul_in_pairs(st->dtype);
	const u32 *a = (const u32 *)st->data + first;
	u32 depth = pairs ? (st->rows + 1u) / 2 : st->rows, n, i, state = matmul_begin(pairs);

	memset(acc, 0, sizeof(acc));
	for (n = 0; n < x->columns; n++) {
		u8 *c = out->base + (u64)first * out->partition_stride + view_offset(out, n);

		for (i = 0; i < rows; i++)
			acc[i] = task->modifiers & PUMORI_ISA_ACCUMULATE ?
				 *(const float *)(c + (u64)i * out->partition_stride) : 0.0f;
		if (pairs)
			narrow_pairs(a, st->columns, depth, x->at + n * 4, x->row_step, acc);
		else
			narrow_float(a, st->columns, depth, x->at + n * 4, x->row_step, acc);
		for (i = 0; i < rows; i++)
			*(float *)(c + (u64)i * out->partition_stride) = acc[i];
	}
	matmul_end(pairs, state);
}
