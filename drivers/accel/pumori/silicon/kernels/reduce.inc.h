/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * REDUCE over trailing dimensions. Reduced element i goes to partial i mod 16; partials that got no
 * element take no part; the others are combined by the tree (i, i+8), (i, i+4), (i, i+2), (i, i+1).
 */

struct reduce {
	struct walk outer;	/* out and the start of its reduced elements */
	struct walk inner;	/* the reduced elements of one output */
	u32 chunks;
};

static void reduce_plan(struct reduce *r, const struct silicon_task *task)
{
	const struct silicon_view *in = &task->in[0];
	/* The view is right-aligned: its last dimensions are the reduced ones. */
	struct silicon_view outer = *in, inner = *in, out = task->out;
	u32 d, reduced = task->axes;

	inner.partitions = 1;
	for (d = 0; d < 4; d++) {
		if (d >= 4 - reduced) {
			outer.count[d] = 1;
			outer.step[d] = 0;
		} else {
			inner.count[d] = 1;
			inner.step[d] = 0;
		}
	}
	/* Bring the output's dimensions under those that are kept. */
	for (d = 0; d < 4; d++) {
		bool kept = d < 4 - reduced;

		out.count[d] = outer.count[d];
		out.step[d] = 0;
		if (kept && d + reduced < 4)
			out.step[d] = task->out.step[d + reduced];
	}
	walk_shape(&r->outer, &outer);
	walk_add(&r->outer, &out);
	walk_add(&r->outer, &outer);
	walk_fold(&r->outer, 0);
	walk_cut(&r->outer, 1);
	walk_shape(&r->inner, &inner);
	walk_add(&r->inner, &inner);
	walk_fold(&r->inner, 0);
	walk_cut(&r->inner, ROWS_BUFFER);
	r->chunks = r->inner.segments;
}

/* @operation is a constant wherever this is used. */
SIMD_INLINE void reduce_float_rows(float *partials, u32 phase, const float *values, u32 count, u8 operation)
{
	u32 i = 0;
	vf sum;

	for (; i < count && phase % LANES; i++, phase++) {
		vf v = float_apply(operation, vf_splat(partials[phase % LANES]), vf_splat(values[i]));

		vf_store_n(partials + phase % LANES, v, 1);
	}
	sum = vf_load(partials);
	for (; i + LANES <= count; i += LANES)
		sum = float_apply(operation, sum, vf_load(values + i));
	if (i < count) {
		vf last = float_apply(operation, sum, vf_load_n(values + i, count - i));

		sum = vf_select(vm_first(count - i), last, sum);
	}
	vf_store(partials, sum);
}

SIMD_INLINE void reduce_integer_rows(s32 *partials, u32 phase, const s32 *values, u32 count, u8 operation)
{
	u32 i = 0;
	vi sum;

	for (; i < count && phase % LANES; i++, phase++) {
		vi v = integer_apply(operation, vi_splat(partials[phase % LANES]), vi_splat(values[i]));

		vi_store_n(partials + phase % LANES, v, 1);
	}
	sum = vi_load(partials);
	for (; i + LANES <= count; i += LANES)
		sum = integer_apply(operation, sum, vi_load(values + i));
	if (i < count) {
		vi last = integer_apply(operation, sum, vi_load_n(values + i, count - i));

		sum = vi_select(vm_first(count - i), last, sum);
	}
	vi_store(partials, sum);
}

#define REDUCE_CASES(X) \
	X(ADD) X(MULTIPLY) X(MAX) X(MIN) X(LOGICAL_AND) X(LOGICAL_OR)
#define REDUCE_INTEGER_CASES(X) \
	REDUCE_CASES(X) X(BIT_AND) X(BIT_OR) X(BIT_XOR)

static void reduce_float(float *partials, u32 phase, const float *values, u32 count, u8 operation)
{
#define REDUCE_CASE(name) \
	case PUMORI_ISA_ALU_##name: \
		reduce_float_rows(partials, phase, values, count, PUMORI_ISA_ALU_##name); \
		return;
	switch (operation) {
	REDUCE_CASES(REDUCE_CASE)
	}
#undef REDUCE_CASE
}

static void reduce_integer(s32 *partials, u32 phase, const s32 *values, u32 count, u8 operation)
{
#define REDUCE_CASE(name) \
	case PUMORI_ISA_ALU_##name: \
		reduce_integer_rows(partials, phase, values, count, PUMORI_ISA_ALU_##name); \
		return;
	switch (operation) {
	REDUCE_INTEGER_CASES(REDUCE_CASE)
	}
#undef REDUCE_CASE
}

static void reduce_start(void *partials, u8 compute, u8 operation)
{
	bool is_float = compute == PUMORI_ISA_FP32;
	u32 start = 0, i;

	switch (operation) {
	case PUMORI_ISA_ALU_MULTIPLY:
	case PUMORI_ISA_ALU_LOGICAL_AND:
		start = is_float ? 0x3f800000 : 1;
		break;
	case PUMORI_ISA_ALU_MAX:
		start = is_float ? 0xff800000 : 0x80000000;
		break;
	case PUMORI_ISA_ALU_MIN:
		start = is_float ? 0x7f800000 : 0x7fffffff;
		break;
	case PUMORI_ISA_ALU_BIT_AND:
		start = ~0u;
		break;
	}
	for (i = 0; i < LANES; i++)
		((u32 *)partials)[i] = start;
}

/* The tree over sixteen partials, in registers. @operation is a constant wherever this is used. */
SIMD_INLINE void reduce_float_tree(float *partials, u8 operation)
{
	vf v = vf_load(partials);
	u32 half;

#pragma GCC unroll 4
	for (half = LANES / 2; half; half /= 2)
		v = float_apply(operation, v, vf_upper(v, half));
	vf_store_n(partials, v, 1);
}

/* The tree over the first min(@count, 16) partials; the result is partial 0. */
static void reduce_tree(void *partials, u8 compute, u8 operation, u64 count)
{
	u32 present = (u32)SILICON_MIN(count, (u64)LANES), half;

	if (compute == PUMORI_ISA_FP32 && present == LANES) {
		if (operation == PUMORI_ISA_ALU_ADD) {
			reduce_float_tree(partials, PUMORI_ISA_ALU_ADD);
			return;
		}
		if (operation == PUMORI_ISA_ALU_MAX) {
			reduce_float_tree(partials, PUMORI_ISA_ALU_MAX);
			return;
		}
	}
	for (half = LANES / 2; half; half /= 2) {
		u32 n = present > half ? present - half : 0;

		if (!n)
			continue;
		if (compute == PUMORI_ISA_FP32)
			reduce_float(partials, 0, (float *)partials + half, n, operation);
		else
			reduce_integer(partials, 0, (s32 *)partials + half, n, operation);
		present = half;
	}
}

static void reduce_segment(const struct walk *w, struct silicon_task *task, const struct segment *s, u32 phase)
{
	u8 compute = task->compute;
	const u8 *values = s->at[0];
	u32 count = s->rows * s->columns;

	if (!rows_dense(w, 0, task->in[0].dtype, compute) || s->rows > 1) {
		compute_load(compute, task->scratch, task->in[0].dtype, s->at[0], w->step[0][3], s->rows,
			     w->step[0][4], s->columns);
		values = task->scratch;
	}
	if (compute == PUMORI_ISA_FP32)
		reduce_float((float *)task->partials, phase, (const float *)values, count, task->op0);
	else
		reduce_integer((s32 *)task->partials, phase, (const s32 *)values, count, task->op0);
}

static u32 run_reduce(struct silicon_task *task, u32 budget)
{
	struct reduce r;
	struct segment out, s;
	struct meter m;
	u64 before;

	if (task->compute == PUMORI_ISA_INT64)
		return scalar_integer64(task, budget);
	reduce_plan(&r, task);
	before = walk_segment(&r.inner, task->cursor % r.chunks, &s);
	meter_start(&m, task->cursor / r.chunks * r.inner.elements + before,
		    silicon_dtype_size(task->in[0].dtype), budget);
	for (;;) {
		u32 chunk = task->cursor % r.chunks;

		walk_segment(&r.outer, task->cursor / r.chunks, &out);
		r.inner.base[0] = out.at[1];
		before = walk_segment(&r.inner, chunk, &s);
		if (chunk == 0)
			reduce_start(task->partials, task->compute, task->op0);
		reduce_segment(&r.inner, task, &s, (u32)(before % LANES));
		if (chunk + 1 == r.chunks) {
			reduce_tree(task->partials, task->compute, task->op0, r.inner.elements);
			if (task->compute == PUMORI_ISA_FP32)
				element_store_float(task->out.dtype, out.at[0], *(float *)task->partials);
			else
				element_store_s32(task->out.dtype, out.at[0], *(s32 *)task->partials);
		}
		task->finished = ++task->cursor == r.outer.segments * r.chunks;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
	}
}
