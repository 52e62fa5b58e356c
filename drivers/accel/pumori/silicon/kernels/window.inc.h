/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * WINDOW_MULTIPLY, WINDOW_MAX, WINDOW_SUM: all taps of sixteen neighbouring outputs in one register,
 * four registers at a time.
 */

#define WINDOW_TAPS	4096u	/* offsets, and weights of a partition, that the scratch memory holds */
#define WINDOW_SLOTS	4u
#define WINDOW_SEGMENT	2048u	/* outputs */
#define WINDOW_WEIGHTS	(WINDOW_SEGMENT * 4)	/* of the scratch memory: weights, then offsets */

enum window_kind {
	WINDOW_FLOAT,		/* FP32, neighbours side by side */
	WINDOW_BF16,
	WINDOW_FLOAT_EVEN,	/* every second element */
	WINDOW_BF16_EVEN,
	WINDOW_ANY,		/* any type and step */
};

/* Up to sixteen outputs of one row. */
struct window_slot {
	const u8 *in;
	float *acc;
	u32 n;
};

struct window {
	struct walk walk;
	u32 ky, kx;
	s64 y_step, x_step;	/* of the taps */
	const s32 *offsets;	/* bytes to each of the next @taps taps */
	u32 taps;
	s64 column_step;	/* from one output's input to the next */
	const float *weights;
	u8 dtype;
	u8 opcode;
	u8 kind;
	bool post0, post1;
	u32 bytes;
};

static __attribute__((__noinline__)) void window_gather(float *to, const u8 *from, u8 dtype, s64 step, u32 n)
{
	rows_load_float(to, dtype, from, 0, 1, step, n);
}

SIMD_INLINE vf window_load(const struct window *x, const u8 *p, u32 n, u32 kind, bool full)
{
	float lane[LANES] __attribute__((aligned(64)));

	switch (kind) {
	case WINDOW_FLOAT:
		return full ? vf_load(p) : vf_load_n(p, n);
	case WINDOW_BF16:
		return full ? vf_load_bf16(p) : vf_load_bf16_n(p, n);
	case WINDOW_FLOAT_EVEN:
		return vf_load_even_n(p, full ? LANES : n);
	case WINDOW_BF16_EVEN:
		return vf_load_bf16_even_n(p, full ? LANES : n);
	default:
		vf_store(lane, vf_splat(0.0f));
		window_gather(lane, p, x->dtype, x->column_step, n);
		return vf_load(lane);
	}
}

/* All taps of @count slots, which is a constant, as are @opcode, @kind and @full. */
SIMD_INLINE void window_taps(const struct window *x, const struct window_slot *slot, u32 count, u8 opcode,
			     u32 kind, bool full)
{
	const float *weights = x->weights;
	const s32 *offsets = x->offsets;
	const u8 *in[WINDOW_SLOTS];
	vf acc[WINDOW_SLOTS];
	u32 taps = x->taps, t, j;

#pragma GCC unroll 4
	for (j = 0; j < count; j++) {
		in[j] = slot[j].in;
		acc[j] = full ? vf_load(slot[j].acc) : vf_load_n(slot[j].acc, slot[j].n);
	}
	for (t = 0; t < taps; t++) {
		vf w = opcode == PUMORI_ISA_WINDOW_MULTIPLY ? vf_splat(weights[t]) : acc[0];
		s64 at = offsets[t];

#pragma GCC unroll 4
		for (j = 0; j < count; j++) {
			vf v = window_load(x, in[j] + at, slot[j].n, kind, full);

			if (opcode == PUMORI_ISA_WINDOW_MULTIPLY)
				acc[j] = vf_fma(v, w, acc[j]);
			else if (opcode == PUMORI_ISA_WINDOW_MAX)
				acc[j] = vf_max(acc[j], v);
			else
				acc[j] = vf_add(acc[j], v);
		}
	}
#pragma GCC unroll 4
	for (j = 0; j < count; j++) {
		if (full)
			vf_store(slot[j].acc, acc[j]);
		else
			vf_store_n(slot[j].acc, acc[j], slot[j].n);
	}
}

SIMD_INLINE void window_run_slots(const struct window *x, const struct window_slot *slot, u32 count, u8 opcode,
				  u32 kind)
{
	u32 j;

	if (count == WINDOW_SLOTS) {
		if (slot[0].n == LANES && slot[1].n == LANES && slot[2].n == LANES && slot[3].n == LANES)
			window_taps(x, slot, WINDOW_SLOTS, opcode, kind, true);
		else
			window_taps(x, slot, WINDOW_SLOTS, opcode, kind, false);
		return;
	}
	for (j = 0; j < count; j++)
		window_taps(x, slot + j, 1, opcode, kind, false);
}

/* A function each, not inlined: the frame of one must fit a kernel stack. */
#define WINDOW_RUN(opcode, kind) \
	static __attribute__((__noinline__)) void window_run_##opcode##_##kind(const struct window *x, \
			const struct window_slot *slot, u32 count) \
	{ \
		window_run_slots(x, slot, count, PUMORI_ISA_##opcode, WINDOW_##kind); \
	}
#define WINDOW_SLOTS_FUNCTION(name, opcode) \
	WINDOW_RUN(opcode, FLOAT) \
	WINDOW_RUN(opcode, BF16) \
	WINDOW_RUN(opcode, FLOAT_EVEN) \
	WINDOW_RUN(opcode, BF16_EVEN) \
	WINDOW_RUN(opcode, ANY) \
	static void name(const struct window *x, const struct window_slot *slot, u32 count) \
	{ \
		switch (x->kind) { \
		case WINDOW_FLOAT: \
			window_run_##opcode##_FLOAT(x, slot, count); \
			return; \
		case WINDOW_BF16: \
			window_run_##opcode##_BF16(x, slot, count); \
			return; \
		case WINDOW_FLOAT_EVEN: \
			window_run_##opcode##_FLOAT_EVEN(x, slot, count); \
			return; \
		case WINDOW_BF16_EVEN: \
			window_run_##opcode##_BF16_EVEN(x, slot, count); \
			return; \
		default: \
			window_run_##opcode##_ANY(x, slot, count); \
			return; \
		} \
	}

WINDOW_SLOTS_FUNCTION(window_multiply_slots, WINDOW_MULTIPLY)
WINDOW_SLOTS_FUNCTION(window_max_slots, WINDOW_MAX)
WINDOW_SLOTS_FUNCTION(window_sum_slots, WINDOW_SUM)

static void window_plan(struct window *x, const struct silicon_task *task)
{
	const struct silicon_view *in = &task->in[0];
	struct silicon_view source = *in;
	struct walk *w = &x->walk;
	u32 d, size = silicon_dtype_size(in->dtype);

	x->opcode = (u8)task->opcode;
	x->dtype = in->dtype;
	x->ky = in->count[2];
	x->kx = in->count[3];
	x->y_step = in->step[2];
	x->x_step = in->step[3];
	for (d = 0; d < 4; d++) {
		source.count[d] = d < 2 ? 1 : in->count[d - 2];
		source.step[d] = d < 2 ? 0 : in->step[d - 2];
	}
	walk_shape(w, &source);
	walk_add(w, &task->out);
	walk_add(w, &source);
	walk_fold(w, 1);
	walk_cut(w, WINDOW_SEGMENT);
	x->column_step = w->step[1][4];
	if (in->dtype == PUMORI_ISA_FP32 && x->column_step == 4)
		x->kind = WINDOW_FLOAT;
	else if (in->dtype == PUMORI_ISA_BF16 && x->column_step == 2)
		x->kind = WINDOW_BF16;
	else if (in->dtype == PUMORI_ISA_FP32 && x->column_step == 8)
		x->kind = WINDOW_FLOAT_EVEN;
	else if (in->dtype == PUMORI_ISA_BF16 && x->column_step == 4)
		x->kind = WINDOW_BF16_EVEN;
	else
		x->kind = WINDOW_ANY;
	x->post0 = task->op0 != PUMORI_ISA_ALU_BYPASS || (task->modifiers & PUMORI_ISA_REVERSE0);
	x->post1 = task->op1 != PUMORI_ISA_ALU_BYPASS || (task->modifiers & PUMORI_ISA_REVERSE1);
	x->bytes = size + silicon_dtype_size(task->out.dtype) + x->ky * x->kx / 4;
}

/* Lists taps @first.. as far as there is room. */
static void window_list_taps(struct window *x, const struct silicon_task *task, u32 first)
{
	s32 *offsets = (s32 *)(task->scratch + WINDOW_WEIGHTS + WINDOW_TAPS * 4);
	u32 y = first / x->kx, k = first % x->kx, all = x->ky * x->kx;

	x->offsets = offsets;
	for (x->taps = 0; x->taps < WINDOW_TAPS && first + x->taps < all; x->taps++) {
		offsets[x->taps] = (s32)(y * x->y_step + k * x->x_step);
		if (++k == x->kx) {
			k = 0;
			y++;
		}
	}
}

/* The weights of partition @p as dense FP32. */
static void window_weights(struct window *x, const struct silicon_task *task, u32 p)
{
	const struct silicon_view *in = &task->in[1];
	float *weights = (float *)(task->scratch + WINDOW_WEIGHTS);

	if (task->opcode != PUMORI_ISA_WINDOW_MULTIPLY)
		return;
	rows_load_float(weights, in->dtype, in->base + (u64)p * in->partition_stride, in->step[2], x->ky,
			in->step[3], x->kx);
	x->weights = weights;
}

/* What the accumulation starts from. */
static void window_start(const struct window *x, const struct silicon_task *task, const struct segment *s,
			 u32 p, float *acc)
{
	const struct walk *w = &x->walk;
	float start = 0.0f;
	u32 i;

	if (task->modifiers & PUMORI_ISA_ACCUMULATE) {
		rows_load_float(acc, task->out.dtype, s->at[0], w->step[0][3], s->rows, w->step[0][4],
				s->columns);
		return;
	}
	if (task->opcode == PUMORI_ISA_WINDOW_MAX)
		start = float_from_bits(0xff800000);
	else if (task->opcode == PUMORI_ISA_WINDOW_MULTIPLY && task->in[2].base)
		start = element_float(task->in[2].dtype,
				      task->in[2].base + (u64)p * task->in[2].partition_stride);
	for (i = 0; i < s->rows * s->columns; i += LANES)
		vf_store(acc + i, vf_splat(start));
}

static void window_post(const struct window *x, const struct silicon_task *task, float *acc, u32 count)
{
	struct row_binary post = {
		.out = (u8 *)acc,
		.a = { .at = (const u8 *)acc },
		.b = { .at = (const u8 *)&task->imm[0], .splat = true },
		.rows = 1,
		.columns = count,
	};

	if (x->post0)
		float_binary(&post, task->op0, task->modifiers & PUMORI_ISA_REVERSE0);
	post.b.at = (const u8 *)&task->imm[1];
	if (x->post1)
		float_binary(&post, task->op1, task->modifiers & PUMORI_ISA_REVERSE1);
}

#if SIMD_REGISTERS >= 32
/*
 * 3 x 3 and 5 x 5 windows that move by one row: @rows outputs above each other share what they read, with all weights
 * in registers. An input row serves tap row i - r of output row r, so that the taps of each output still ascend.
 * @side, @rows, @blocks and @kind are constants.
 */
SIMD_INLINE void window_square(const struct window *x, const u8 *in, float *acc_at, u32 pitch, u32 columns, u32 side,
			       u32 rows, u32 blocks, u32 kind)
{
	const u32 size = kind == WINDOW_BF16 ? 2 : 4;
	vf weight[25], acc[4][2];
	u32 last = columns - (blocks - 1) * LANES, i, k, r, b;

#pragma GCC unroll 25
	for (i = 0; i < side * side; i++)
		weight[i] = vf_splat(x->weights[i]);
#pragma GCC unroll 4
	for (r = 0; r < rows; r++)
#pragma GCC unroll 2
		for (b = 0; b < blocks; b++)
			acc[r][b] = b + 1 < blocks ? vf_load(acc_at + r * pitch) :
						     vf_load_n(acc_at + r * pitch + b * LANES, last);
#pragma GCC unroll 8
	for (i = 0; i < rows + side - 1; i++, in += x->y_step)
#pragma GCC unroll 5
		for (k = 0; k < side; k++)
#pragma GCC unroll 2
			for (b = 0; b < blocks; b++) {
				const u8 *p = in + k * x->x_step + b * LANES * size;
				u32 n = b + 1 < blocks ? LANES : last;
				vf v = kind == WINDOW_BF16 ? vf_load_bf16_n(p, n) : vf_load_n(p, n);

#pragma GCC unroll 4
				for (r = 0; r < rows; r++)
					if (i >= r && i - r < side)
						acc[r][b] = vf_fma(v, weight[(i - r) * side + k], acc[r][b]);
			}
#pragma GCC unroll 4
	for (r = 0; r < rows; r++)
#pragma GCC unroll 2
		for (b = 0; b < blocks; b++)
			vf_store_n(acc_at + r * pitch + b * LANES, acc[r][b], b + 1 < blocks ? LANES : last);
}

/* Rows of a segment by fours, threes and twos; returns how many. */
#define WINDOW_SQUARE(side, kind, blocks) \
static __attribute__((__noinline__)) u32 window_square_##side##_##kind(const struct window *x, \
		const struct segment *s, float *acc) \
{ \
	u32 r, i, rows, width; \
	for (r = 0; r + 2 <= s->rows; r += rows) { \
		rows = SILICON_MIN(s->rows - r, 4u); \
		for (i = 0; i < s->columns; i += width) { \
			const u8 *in = s->at[1] + r * x->walk.step[1][3] + i * x->column_step; \
			float *to = acc + r * s->columns + i; \
			u32 left = s->columns - i; \
			width = rows == 4 && left > LANES ? LANES * blocks : LANES; \
			left = SILICON_MIN(left, width); \
			if (left > LANES) \
				window_square(x, in, to, s->columns, left, side, 4, blocks, WINDOW_##kind); \
			else if (rows == 4) \
				window_square(x, in, to, s->columns, left, side, 4, 1, WINDOW_##kind); \
			else if (rows == 3) \
				window_square(x, in, to, s->columns, left, side, 3, 1, WINDOW_##kind); \
			else \
				window_square(x, in, to, s->columns, left, side, 2, 1, WINDOW_##kind); \
		} \
	} \
	return r; \
}
WINDOW_SQUARE(3, FLOAT, 2)
WINDOW_SQUARE(3, BF16, 2)
WINDOW_SQUARE(5, FLOAT, 1)
WINDOW_SQUARE(5, BF16, 1)

static u32 window_squares(const struct window *x, const struct segment *s, float *acc)
{
	bool bf16 = x->kind == WINDOW_BF16;

	if (x->opcode != PUMORI_ISA_WINDOW_MULTIPLY || x->kx != x->ky || x->walk.step[1][3] != x->y_step ||
	    (x->kind != WINDOW_FLOAT && !bf16))
		return 0;
	if (x->kx == 3)
		return bf16 ? window_square_3_BF16(x, s, acc) : window_square_3_FLOAT(x, s, acc);
	if (x->kx == 5)
		return bf16 ? window_square_5_BF16(x, s, acc) : window_square_5_FLOAT(x, s, acc);
	return 0;
}
#else
SIMD_INLINE u32 window_squares(const struct window *x, const struct segment *s, float *acc)
{
	(void)x, (void)s, (void)acc;
	return 0;
}
#endif

/* Accumulates the listed taps into all outputs of a segment. */
static void window_accumulate(const struct window *x, const struct segment *s, float *acc)
{
	const struct walk *w = &x->walk;
	struct window_slot slot[WINDOW_SLOTS];
	u32 count = 0, r, i;

	for (r = window_squares(x, s, acc); r < s->rows; r++) {
		for (i = 0; i < s->columns; i += LANES) {
			slot[count].in = s->at[1] + r * w->step[1][3] + i * x->column_step;
			slot[count].acc = acc + r * s->columns + i;
			slot[count].n = SILICON_MIN(s->columns - i, LANES);
			count++;
			if (count < WINDOW_SLOTS && (r + 1 < s->rows || i + LANES < s->columns))
				continue;
			if (x->opcode == PUMORI_ISA_WINDOW_MULTIPLY)
				window_multiply_slots(x, slot, count);
			else if (x->opcode == PUMORI_ISA_WINDOW_MAX)
				window_max_slots(x, slot, count);
			else
				window_sum_slots(x, slot, count);
			count = 0;
		}
	}
}

static void window_segment(struct window *x, struct silicon_task *task, const struct segment *s, u32 p)
{
	const struct walk *w = &x->walk;
	float *acc = (float *)task->scratch;
	u32 all = x->ky * x->kx, first = 0;

	window_start(x, task, s, p, acc);
	do {
		/* One list serves all segments unless there are more taps than it holds. */
		if (all > WINDOW_TAPS)
			window_list_taps(x, task, first);
		window_accumulate(x, s, acc);
		first += x->taps;
	} while (first < all);
	window_post(x, task, acc, s->rows * s->columns);
	rows_store_float(s->at[0], task->out.dtype, w->step[0][3], s->rows, w->step[0][4], s->columns, acc);
}

static u32 run_window(struct silicon_task *task, u32 budget)
{
	struct window x;
	struct segment s;
	struct meter m;
	u32 per_partition, p;

	window_plan(&x, task);
	window_list_taps(&x, task, 0);
	per_partition = x.walk.segments / x.walk.count[0];
	meter_start(&m, walk_segment(&x.walk, task->cursor, &s), x.bytes, budget);
	p = task->cursor / per_partition;
	window_weights(&x, task, p);
	for (;;) {
		window_segment(&x, task, &s, p);
		task_count_nonfinite(task, &x.walk, &s);
		task->finished = ++task->cursor == x.walk.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		if (task->cursor % per_partition == 0)
			window_weights(&x, task, ++p);
		walk_segment(&x.walk, task->cursor, &s);
	}
}
