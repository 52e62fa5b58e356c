/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* QUANTIZE: scaled, rounded, moved by a zero point and limited, in one pass. */

struct quantize_rows {
	const u8 *in;		/* INT32 or FP32 */
	s64 in_row;
	const u8 *scale;	/* FP32: one a row, or dense */
	s64 scale_row;
	const u8 *bias;		/* INT32 likewise; with FP32 inputs the zero points */
	s64 bias_row;
	u8 *out;		/* bytes, or words that are cast later */
	s64 out_row;
	s32 zero_point;
	s32 low, high;
	s32 type_low, type_high;	/* limits of zero points that are data */
	u32 rows, columns;
};

#define QUANTIZE_INTEGER	1u	/* of INT32 */
#define QUANTIZE_DIVIDE		2u
#define QUANTIZE_DENSE_SCALE	4u
#define QUANTIZE_DENSE_BIAS	8u
#define QUANTIZE_BYTES		16u

/* One vector; @kind is a constant wherever this is used. */
SIMD_INLINE vi quantize_apply(u32 kind, const struct quantize_rows *x, vi in, vf scale, vi bias)
{
	vi zero_point = vi_splat(x->zero_point);
	vf v;

	if (kind & QUANTIZE_INTEGER) {
		v = vi_to_vf(vi_add(in, bias));
	} else {
		v = vi_float(in);
		zero_point = vi_max(vi_min(bias, vi_splat(x->type_high)), vi_splat(x->type_low));
	}
	v = kind & QUANTIZE_DIVIDE ? vf_div(v, scale) : vf_mul(v, scale);
	/* The limits are integers that FP32 holds: limiting before rounding is the same. NaN becomes the low one. */
	v = vf_max(v, vi_to_vf(vi_sub(vi_splat(x->low), zero_point)));
	v = vf_min(v, vi_to_vf(vi_sub(vi_splat(x->high), zero_point)));
	return vi_add(vf_to_vi(vf_nearest(v)), zero_point);
}

SIMD_INLINE void quantize_loop(const struct quantize_rows *x, u32 kind)
{
	const u32 size = kind & QUANTIZE_BYTES ? 1 : 4;
	u32 r, i, j;

	for (r = 0; r < x->rows; r++) {
		const u8 *in = x->in + r * x->in_row;
		const u8 *scale_at = x->scale + r * x->scale_row, *bias_at = x->bias + r * x->bias_row;
		vf scale = vf_splat(*(const float *)scale_at);
		vi bias = vi_splat(*(const s32 *)bias_at);
		u8 *out = x->out + r * x->out_row;

		for (i = 0; i + LANES <= x->columns; i += LANES) {
			vi y;

			if (kind & QUANTIZE_DENSE_SCALE)
				scale = vf_load(scale_at + i * 4);
			if (kind & QUANTIZE_DENSE_BIAS)
				bias = vi_load(bias_at + i * 4);
			y = quantize_apply(kind, x, vi_load(in + i * 4), scale, bias);
			if (kind & QUANTIZE_BYTES)
				vi_store_8(out + i * size, y);
			else
				vi_store(out + i * size, y);
		}
		if (i < x->columns) {
			u32 n = x->columns - i;
			s32 lane[LANES] __attribute__((aligned(64)));

			if (kind & QUANTIZE_DENSE_SCALE)
				scale = vf_load_n(scale_at + i * 4, n);
			if (kind & QUANTIZE_DENSE_BIAS)
				bias = vi_load_n(bias_at + i * 4, n);
			vi_store(lane, quantize_apply(kind, x, vi_load_n(in + i * 4, n), scale, bias));
			for (j = 0; j < n; j++) {
				if (kind & QUANTIZE_BYTES)
					out[i + j] = (u8)lane[j];
				else
					((s32 *)out)[i + j] = lane[j];
			}
		}
	}
}

#define QUANTIZE_LOOP(name, kind) \
	static __attribute__((__noinline__)) void name(const struct quantize_rows *x) \
	{ \
		quantize_loop(x, kind); \
	}
QUANTIZE_LOOP(quantize_integer, QUANTIZE_INTEGER)
QUANTIZE_LOOP(quantize_integer_dense, QUANTIZE_INTEGER | QUANTIZE_DENSE_SCALE | QUANTIZE_DENSE_BIAS)
QUANTIZE_LOOP(quantize_integer_bytes, QUANTIZE_INTEGER | QUANTIZE_BYTES)
QUANTIZE_LOOP(quantize_integer_dense_bytes,
	      QUANTIZE_INTEGER | QUANTIZE_DENSE_SCALE | QUANTIZE_DENSE_BIAS | QUANTIZE_BYTES)
QUANTIZE_LOOP(quantize_integer_divide, QUANTIZE_INTEGER | QUANTIZE_DIVIDE)
QUANTIZE_LOOP(quantize_integer_divide_dense,
	      QUANTIZE_INTEGER | QUANTIZE_DIVIDE | QUANTIZE_DENSE_SCALE | QUANTIZE_DENSE_BIAS)
QUANTIZE_LOOP(quantize_float, 0)
QUANTIZE_LOOP(quantize_float_dense, QUANTIZE_DENSE_SCALE | QUANTIZE_DENSE_BIAS)
QUANTIZE_LOOP(quantize_float_bytes, QUANTIZE_BYTES)
QUANTIZE_LOOP(quantize_float_divide, QUANTIZE_DIVIDE)
QUANTIZE_LOOP(quantize_float_divide_dense, QUANTIZE_DIVIDE | QUANTIZE_DENSE_SCALE | QUANTIZE_DENSE_BIAS)
QUANTIZE_LOOP(quantize_float_divide_bytes, QUANTIZE_DIVIDE | QUANTIZE_BYTES)

/* By QUANTIZE_INTEGER and QUANTIZE_DIVIDE, dense parameters, bytes; NULL where words must do. */
static void (*const quantize_loops[4][2][2])(const struct quantize_rows *x) = {
	{ { quantize_float, quantize_float_bytes }, { quantize_float_dense, NULL } },
	{ { quantize_integer, quantize_integer_bytes }, { quantize_integer_dense, quantize_integer_dense_bytes } },
	{ { quantize_float_divide, quantize_float_divide_bytes }, { quantize_float_divide_dense, NULL } },
	{ { quantize_integer_divide, NULL }, { quantize_integer_divide_dense, NULL } },
};

struct quantize {
	struct walk walk;
	u8 scale_operand, bias_operand;	/* of the walk; 0 stands for the immediate */
	bool integer, dense;		/* parameters change within a row */
	bool bytes;			/* written in place */
	bool in_place;			/* read in place */
	void (*loop)(const struct quantize_rows *x);
};

static void quantize_plan(struct quantize *q, const struct silicon_task *task)
{
	u8 in = task->in[0].dtype, out = task->out.dtype;
	struct walk *w = &q->walk;
	u32 kind;

	walk_shape(w, &task->out);
	walk_add(w, &task->out);
	walk_add(w, &task->in[0]);
	q->scale_operand = 0;
	q->bias_operand = 0;
	if (task->in[1].base) {
		q->scale_operand = (u8)w->operands;
		walk_add_broadcast(w, &task->in[1]);
	}
	if (task->in[2].base) {
		q->bias_operand = (u8)w->operands;
		walk_add_broadcast(w, &task->in[2]);
	}
	walk_fold(w, 0);
	walk_cut(w, ROWS_BUFFER);
	q->integer = in == PUMORI_ISA_INT32;
	q->dense = (q->scale_operand && w->step[q->scale_operand][4]) ||
		   (q->bias_operand && w->step[q->bias_operand][4]);
	q->in_place = (in == PUMORI_ISA_INT32 || in == PUMORI_ISA_FP32) && w->step[1][4] == 4;
	kind = q->integer + 2u * (task->op0 == PUMORI_ISA_ALU_DIVIDE);
	q->loop = quantize_loops[kind][q->dense][1];
	q->bytes = q->loop && silicon_dtype_size(out) == 1 && w->step[0][4] == 1;
	if (!q->bytes)
		q->loop = quantize_loops[kind][q->dense][0];
}

/* Parameters of a segment: one a row, or one an element if any of them changes within a row. */
static void quantize_parameter(const struct quantize *q, const struct segment *s, u32 operand, const u32 *immediate,
			       u8 *buffer, const u8 **at, s64 *row_step)
{
	const struct walk *w = &q->walk;
	u32 i;

	*at = (const u8 *)immediate;
	*row_step = 0;
	if (operand && (!q->dense || w->step[operand][4] == 4)) {
		*at = s->at[operand];
		*row_step = w->step[operand][3];
	} else if (operand) {
		rows_move(buffer, (s64)s->columns * 4, 4, s->at[operand], w->step[operand][3], w->step[operand][4], 4,
			  s->rows, s->columns);
		*at = buffer;
		*row_step = (s64)s->columns * 4;
	} else if (q->dense) {
		for (i = 0; i < s->columns; i++)
			((u32 *)buffer)[i] = *immediate;
		*at = buffer;
	}
}

static void quantize_segment(const struct quantize *q, struct silicon_task *task, const struct segment *s)
{
	const struct walk *w = &q->walk;
	u8 *values = task->scratch, *result = values + ROWS_BUFFER * 4;
	const u32 nothing = q->integer ? 0 : task->imm[1];
	struct quantize_rows x;

	x.rows = s->rows;
	x.columns = s->columns;
	x.zero_point = (s32)task->imm[1];
	x.low = (s32)task->imm[2];
	x.high = (s32)task->imm[3];
	silicon_dtype_range(task->out.dtype, &x.type_low, &x.type_high);
	quantize_parameter(q, s, q->scale_operand, &task->imm[0], task->scratch + 2 * ROWS_BUFFER * 4, &x.scale,
			   &x.scale_row);
	quantize_parameter(q, s, q->bias_operand, &nothing, task->scratch + 3 * ROWS_BUFFER * 4, &x.bias, &x.bias_row);
	x.in = s->at[1];
	x.in_row = w->step[1][3];
	if (!q->in_place) {
		compute_load(q->integer ? PUMORI_ISA_INT32 : PUMORI_ISA_FP32, values, task->in[0].dtype, s->at[1],
			     w->step[1][3], s->rows, w->step[1][4], s->columns);
		x.in = values;
		x.in_row = (s64)s->columns * 4;
	}
	x.out = q->bytes ? s->at[0] : result;
	x.out_row = q->bytes ? w->step[0][3] : (s64)s->columns * 4;
	q->loop(&x);
	if (!q->bytes)
		rows_store_s32(s->at[0], task->out.dtype, w->step[0][3], s->rows, w->step[0][4], s->columns,
			       (const s32 *)result);
}

static u32 run_quantize(struct silicon_task *task, u32 budget)
{
	struct quantize q;
	struct segment s;
	struct meter m;

	quantize_plan(&q, task);
	meter_start(&m, walk_segment(&q.walk, task->cursor, &s),
		    silicon_dtype_size(task->out.dtype) + silicon_dtype_size(task->in[0].dtype), budget);
	for (;;) {
		quantize_segment(&q, task, &s);
		task->finished = ++task->cursor == q.walk.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&q.walk, task->cursor, &s);
	}
}
