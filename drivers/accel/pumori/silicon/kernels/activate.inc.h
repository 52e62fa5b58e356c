/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* ACTIVATE: function(in0 * scale + bias), rows of FP32 and BF16 in place. */

struct activate_rows {
	const u8 *in;
	s64 in_row;
	u8 *out;
	s64 out_row;
	const u8 *scale, *bias;		/* FP32 */
	s64 scale_row, bias_row;	/* bytes from the value of one row to that of the next */
	bool column_scales;		/* one scale and bias a column instead */
	vf imm0, imm1;
	u32 rows, columns;
};

#define ACTIVATE_IN_BF16	1u
#define ACTIVATE_OUT_BF16	2u

SIMD_INLINE void activate_store(u8 *out, vf y, u32 n, u32 kind)
{
	y = vf_canonical(y);
	if (kind & ACTIVATE_OUT_BF16) {
		if (n == LANES)
			vf_store_bf16(out, y);
		else
			vf_store_bf16_n(out, y, n);
	} else if (n == LANES) {
		vf_store(out, y);
	} else {
		vf_store_n(out, y, n);
	}
}

/* @function and @kind are constants wherever this is used. */
SIMD_INLINE void activate_loop(const struct activate_rows *x, u8 function, u32 kind)
{
	const u32 in_size = kind & ACTIVATE_IN_BF16 ? 2 : 4, out_size = kind & ACTIVATE_OUT_BF16 ? 2 : 4;
	const vf imm0 = x->imm0, imm1 = x->imm1;
	u32 r, i;

	for (r = 0; r < x->rows; r++) {
		const u8 *in = x->in + r * x->in_row;
		u8 *out = x->out + r * x->out_row;
		const float *scale_at = (const float *)(x->scale + r * x->scale_row);
		const float *bias_at = (const float *)(x->bias + r * x->bias_row);
		vf scale = vf_splat(*scale_at), bias = vf_splat(*bias_at);

		for (i = 0; i + LANES <= x->columns; i += LANES) {
			vf v = kind & ACTIVATE_IN_BF16 ? vf_load_bf16(in + i * in_size) : vf_load(in + i * in_size);

			v = function_apply(function, vf_fma(v, scale, bias), imm0, imm1);
			activate_store(out + i * out_size, v, LANES, kind);
		}
		if (i < x->columns) {
			u32 n = x->columns - i;
			vf v = kind & ACTIVATE_IN_BF16 ? vf_load_bf16_n(in + i * in_size, n) :
							 vf_load_n(in + i * in_size, n);

			v = function_apply(function, vf_fma(v, scale, bias), imm0, imm1);
			activate_store(out + i * out_size, v, n, kind);
		}
	}
}

/* Rows of FP32 with a scale and a bias for each element: v first, then the function on dense rows. */
static void activate_scale_columns(const struct activate_rows *x, float *to)
{
	u32 r, i;

	for (r = 0; r < x->rows; r++, to += x->columns) {
		const float *in = (const float *)(x->in + r * x->in_row);
		const float *scale = (const float *)(x->scale + r * x->scale_row);
		const float *bias = (const float *)(x->bias + r * x->bias_row);

		for (i = 0; i < x->columns; i += LANES) {
			u32 n = SILICON_MIN(x->columns - i, LANES);
			vf v = vf_fma(vf_load_n(in + i, n), vf_load_n(scale + i, n), vf_load_n(bias + i, n));

			vf_store_n(to + i, v, n);
		}
	}
}

/*
 * A function each, not inlined: what the generic set spills for one would else add up with all others
 * in a frame that no kernel stack can hold.
 */
#define ACTIVATE_LOOP(function, suffix, kind) \
	static __attribute__((__noinline__)) void activate_##function##suffix(const struct activate_rows *x) \
	{ \
		activate_loop(x, PUMORI_ISA_FUNCTION_##function, kind); \
	}
/* Functions that cost less than a row buffer. */
#define ACTIVATE_LOOPS(function) \
	ACTIVATE_LOOP(function, , 0) \
	ACTIVATE_LOOP(function, _to_bf16, ACTIVATE_OUT_BF16) \
	ACTIVATE_LOOP(function, _from_bf16, ACTIVATE_IN_BF16) \
	ACTIVATE_LOOP(function, _in_bf16, ACTIVATE_IN_BF16 | ACTIVATE_OUT_BF16)

ACTIVATE_LOOPS(IDENTITY)
ACTIVATE_LOOPS(RELU)
ACTIVATE_LOOPS(LEAKY_RELU)
ACTIVATE_LOOPS(CLAMP)
ACTIVATE_LOOPS(HARD_SWISH)
ACTIVATE_LOOPS(SQUARE)
ACTIVATE_LOOP(EXP, , 0)
ACTIVATE_LOOP(LOG, , 0)
ACTIVATE_LOOP(TANH, , 0)
ACTIVATE_LOOP(SIGMOID, , 0)
ACTIVATE_LOOP(SILU, , 0)
ACTIVATE_LOOP(ERF, , 0)
ACTIVATE_LOOP(GELU, , 0)
ACTIVATE_LOOP(GELU_TANH, , 0)
ACTIVATE_LOOP(SOFTPLUS, , 0)
ACTIVATE_LOOP(SQRT, , 0)
ACTIVATE_LOOP(RSQRT, , 0)
ACTIVATE_LOOP(RECIPROCAL, , 0)
ACTIVATE_LOOP(ABS, , 0)
ACTIVATE_LOOP(SIGN, , 0)
ACTIVATE_LOOP(FLOOR, , 0)
ACTIVATE_LOOP(CEIL, , 0)
ACTIVATE_LOOP(ROUND, , 0)
ACTIVATE_LOOP(TRUNCATE, , 0)
ACTIVATE_LOOP(SIN, , 0)
ACTIVATE_LOOP(COS, , 0)

#define ACTIVATE_CASE(function) \
	case PUMORI_ISA_FUNCTION_##function: \
		activate_##function(x); \
		return
#define ACTIVATE_CASE_ANY(function) \
	case PUMORI_ISA_FUNCTION_##function: \
		if (kind == 0) \
			activate_##function(x); \
		else if (kind == ACTIVATE_OUT_BF16) \
			activate_##function##_to_bf16(x); \
		else if (kind == ACTIVATE_IN_BF16) \
			activate_##function##_from_bf16(x); \
		else \
			activate_##function##_in_bf16(x); \
		return

static bool activate_takes_bf16(u8 function)
{
	return function <= PUMORI_ISA_FUNCTION_HARD_SWISH || function == PUMORI_ISA_FUNCTION_SQUARE;
}

static void activate_dispatch(const struct activate_rows *x, u8 function, u32 kind)
{
	switch (function) {
	ACTIVATE_CASE_ANY(IDENTITY);
	ACTIVATE_CASE_ANY(RELU);
	ACTIVATE_CASE_ANY(LEAKY_RELU);
	ACTIVATE_CASE_ANY(CLAMP);
	ACTIVATE_CASE_ANY(HARD_SWISH);
	ACTIVATE_CASE_ANY(SQUARE);
	ACTIVATE_CASE(EXP);
	ACTIVATE_CASE(LOG);
	ACTIVATE_CASE(TANH);
	ACTIVATE_CASE(SIGMOID);
	ACTIVATE_CASE(SILU);
	ACTIVATE_CASE(ERF);
	ACTIVATE_CASE(GELU);
	ACTIVATE_CASE(GELU_TANH);
	ACTIVATE_CASE(SOFTPLUS);
	ACTIVATE_CASE(SQRT);
	ACTIVATE_CASE(RSQRT);
	ACTIVATE_CASE(RECIPROCAL);
	ACTIVATE_CASE(ABS);
	ACTIVATE_CASE(SIGN);
	ACTIVATE_CASE(FLOOR);
	ACTIVATE_CASE(CEIL);
	ACTIVATE_CASE(ROUND);
	ACTIVATE_CASE(TRUNCATE);
	ACTIVATE_CASE(SIN);
	ACTIVATE_CASE(COS);
	}
}

struct activate {
	struct walk walk;
	u8 scale_operand, bias_operand;	/* of the walk; 0 stands for the immediate */
	bool in_direct, out_direct, columns;
	u32 kind;
	u32 bytes;
};

static void activate_plan(struct activate *a, const struct silicon_task *task)
{
	struct walk *w = &a->walk;
	bool bf16 = activate_takes_bf16(task->op0);
	u8 in = task->in[0].dtype, out = task->out.dtype;
	u32 dense;

	walk_shape(w, &task->out);
	walk_add(w, &task->out);
	walk_add(w, &task->in[0]);
	a->scale_operand = 0;
	a->bias_operand = 0;
	if (task->in[1].base) {
		a->scale_operand = (u8)w->operands;
		walk_add_column(w, &task->in[1]);
	}
	if (task->in[2].base) {
		a->bias_operand = (u8)w->operands;
		walk_add_column(w, &task->in[2]);
	}
	walk_fold(w, task->accumulator.base ? 1 : 0);
	a->columns = (a->scale_operand && w->step[a->scale_operand][4]) ||
		     (a->bias_operand && w->step[a->bias_operand][4]);
	a->kind = 0;
	a->in_direct = in == PUMORI_ISA_FP32 && w->step[1][4] == 4;
	a->out_direct = out == PUMORI_ISA_FP32 && w->step[0][4] == 4;
	/* Sums are taken of FP32 results, so these pass through a buffer. */
	if (task->accumulator.base)
		a->out_direct = false;
	if (bf16 && !a->columns && in == PUMORI_ISA_BF16 && w->step[1][4] == 2) {
		a->in_direct = true;
		a->kind |= ACTIVATE_IN_BF16;
	}
	if (bf16 && out == PUMORI_ISA_BF16 && w->step[0][4] == 2 && !task->accumulator.base) {
		a->out_direct = true;
		a->kind |= ACTIVATE_OUT_BF16;
	}
	a->bytes = silicon_dtype_size(in) + silicon_dtype_size(out);
	/* Functions that cost much take shorter steps. */
	dense = bf16 ? SEGMENT_DENSE : SEGMENT_DENSE / 4;
	walk_cut(w, a->in_direct && a->out_direct && !a->columns ? dense : ROWS_BUFFER);
	w->group = SILICON_MIN(w->group, ROWS_BUFFER);
	w->groups = (w->count[3] + w->group - 1) / w->group;
	w->segments = w->count[0] * w->count[1] * w->count[2] * w->groups * w->chunks;
}

/* The scale or bias of a segment as FP32: one a row, or one an element when @columns. */
static void activate_parameter(const struct activate *a, const struct segment *s, u32 operand, u8 dtype,
			       const u32 *immediate, u8 *buffer, const u8 **at, s64 *row_step)
{
	const struct walk *w = &a->walk;
	u32 columns = a->columns ? s->columns : 1;

	if (!operand) {
		*at = (const u8 *)immediate;
		*row_step = 0;
		if (a->columns) {
			u32 i;

			for (i = 0; i < s->columns; i++)
				((u32 *)buffer)[i] = *immediate;
			*at = buffer;
		}
		return;
	}
	rows_load_float((float *)buffer, dtype, s->at[operand], w->step[operand][3], s->rows,
			w->step[operand][4], columns);
	*at = buffer;
	*row_step = (s64)columns * 4;
}

/* Adds dense values to sixteen partial sums; the first one goes to partial @phase. */
static void partials_add(float *partials, u32 phase, const float *values, u32 count)
{
	u32 i = 0;
	vf sum;

	for (; i < count && phase % LANES; i++, phase++)
		partials[phase % LANES] += values[i];
	sum = vf_load(partials);
	for (; i + LANES <= count; i += LANES)
		sum = vf_add(sum, vf_load(values + i));
	if (i < count)
		sum = vf_add(sum, vf_load_n(values + i, count - i));
	vf_store(partials, sum);
}

static float partials_sum(const float *partials)
{
	float p[LANES];
	u32 half, i;

	memcpy(p, partials, sizeof(p));
	for (half = LANES / 2; half; half /= 2)
		for (i = 0; i < half; i++)
			p[i] += p[i + half];
	return p[0];
}

static void activate_segment(const struct activate *a, struct silicon_task *task, const struct segment *s)
{
	const struct walk *w = &a->walk;
	u8 *buffer = task->scratch, *result = task->scratch + ROWS_BUFFER * 4;
	struct activate_rows x;

	x.rows = s->rows;
	x.columns = s->columns;
	x.imm0 = vf_splat(float_from_bits(task->imm[0]));
	x.imm1 = vf_splat(float_from_bits(task->imm[1]));
	activate_parameter(a, s, a->scale_operand, task->in[1].dtype, &task->imm[2],
			   task->scratch + 2 * ROWS_BUFFER * 4, &x.scale, &x.scale_row);
	activate_parameter(a, s, a->bias_operand, task->in[2].dtype, &task->imm[3],
			   task->scratch + 3 * ROWS_BUFFER * 4, &x.bias, &x.bias_row);
	x.in = s->at[1];
	x.in_row = w->step[1][3];
	if (!a->in_direct) {
		rows_load_float((float *)buffer, task->in[0].dtype, s->at[1], w->step[1][3], s->rows,
				w->step[1][4], s->columns);
		x.in = buffer;
		x.in_row = (s64)s->columns * 4;
	}
	if (a->columns) {
		static const u32 one = 0x3f800000, minus_zero = 0x80000000;

		activate_scale_columns(&x, (float *)buffer);
		/* v * 1 + -0 is v, whatever v is. */
		x.in = buffer;
		x.in_row = (s64)s->columns * 4;
		x.scale = (const u8 *)&one;
		x.bias = (const u8 *)&minus_zero;
		x.scale_row = 0;
		x.bias_row = 0;
	}
	x.out = a->out_direct ? s->at[0] : result;
	x.out_row = a->out_direct ? w->step[0][3] : (s64)s->columns * 4;
	activate_dispatch(&x, task->op0, a->kind);
	if (!a->out_direct)
		rows_store_float(s->at[0], task->out.dtype, w->step[0][3], s->rows, w->step[0][4], s->columns,
				 (const float *)result);
}

static u32 run_activate(struct silicon_task *task, u32 budget)
{
	float *partials = (float *)task->partials;
	struct activate a;
	struct segment s;
	struct meter m;
	u32 per_partition;
	u64 before;

	activate_plan(&a, task);
	per_partition = a.walk.segments / a.walk.count[0];
	before = walk_segment(&a.walk, task->cursor, &s);
	meter_start(&m, before, a.bytes, budget);
	for (;;) {
		activate_segment(&a, task, &s);
		task_count_nonfinite(task, &a.walk, &s);
		if (task->accumulator.base) {
			u32 p = task->cursor / per_partition;
			u64 of_partition = a.walk.elements / a.walk.count[0];

			if (task->cursor % per_partition == 0)
				memset(partials, 0, LANES * sizeof(*partials));
			partials_add(partials, (u32)((m.done - p * of_partition) % LANES),
				     (const float *)(task->scratch + ROWS_BUFFER * 4), s.rows * s.columns);
			if ((task->cursor + 1) % per_partition == 0)
				element_store_float(PUMORI_ISA_FP32,
						    task->accumulator.base + (u64)p * task->accumulator.partition_stride,
						    partials_sum(partials));
		}
		task->finished = ++task->cursor == a.walk.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&a.walk, task->cursor, &s);
	}
}
