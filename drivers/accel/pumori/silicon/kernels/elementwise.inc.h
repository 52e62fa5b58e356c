/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* TENSOR_TENSOR, TENSOR_SCALAR, SCALAR_TENSOR_TENSOR, SELECT, COPY and MEMSET. */

/* Segments are longer when every operand is used in place. */
#define SEGMENT_DENSE	4096u

/* A row operand of the compute type: dense rows, or one value for a whole row. */
struct row_operand {
	const u8 *at;
	s64 row_step;
	bool splat;
};

struct row_binary {
	u8 *out;
	s64 out_row;
	struct row_operand a, b;	/* @a is never a splat */
	u32 rows, columns;
};

/* @operation is a constant wherever this is used. */
SIMD_INLINE vf float_apply(u8 operation, vf a, vf b)
{
	const vf zero = vf_splat(0.0f);

	switch (operation) {
	case PUMORI_ISA_ALU_ADD:
		return vf_add(a, b);
	case PUMORI_ISA_ALU_SUBTRACT:
		return vf_sub(a, b);
	case PUMORI_ISA_ALU_MULTIPLY:
		return vf_mul(a, b);
	case PUMORI_ISA_ALU_DIVIDE:
		return vf_div(a, b);
	case PUMORI_ISA_ALU_MAX:
		return vf_max(a, b);
	case PUMORI_ISA_ALU_MIN:
		return vf_min(a, b);
	case PUMORI_ISA_ALU_EQUAL:
		return vf_truth(vf_equal(a, b));
	case PUMORI_ISA_ALU_NOT_EQUAL:
		return vf_truth(vf_not_equal(a, b));
	case PUMORI_ISA_ALU_LESS:
		return vf_truth(vf_less(a, b));
	case PUMORI_ISA_ALU_LESS_EQUAL:
		return vf_truth(vf_less_equal(a, b));
	case PUMORI_ISA_ALU_GREATER:
		return vf_truth(vf_greater(a, b));
	case PUMORI_ISA_ALU_GREATER_EQUAL:
		return vf_truth(vf_greater_equal(a, b));
	case PUMORI_ISA_ALU_LOGICAL_AND:
		return vf_truth(vm_and(vf_not_equal(a, zero), vf_not_equal(b, zero)));
	case PUMORI_ISA_ALU_LOGICAL_OR:
		return vf_truth(vm_or(vf_not_equal(a, zero), vf_not_equal(b, zero)));
	case PUMORI_ISA_ALU_LOGICAL_XOR:
		return vf_truth(vm_xor(vf_not_equal(a, zero), vf_not_equal(b, zero)));
	default:
		return a;
	}
}

SIMD_INLINE vi integer_truth(vm mask)
{
	return vi_select(mask, vi_splat(1), vi_splat(0));
}

SIMD_INLINE vi integer_apply(u8 operation, vi a, vi b)
{
	const vi one = vi_splat(1), zero = vi_splat(0);

	switch (operation) {
	case PUMORI_ISA_ALU_ADD:
		return vi_add(a, b);
	case PUMORI_ISA_ALU_SUBTRACT:
		return vi_sub(a, b);
	case PUMORI_ISA_ALU_MULTIPLY:
		return vi_mul(a, b);
	case PUMORI_ISA_ALU_MAX:
		return vi_max(a, b);
	case PUMORI_ISA_ALU_MIN:
		return vi_min(a, b);
	case PUMORI_ISA_ALU_EQUAL:
		return integer_truth(vi_equal(a, b));
	case PUMORI_ISA_ALU_NOT_EQUAL:
		return vi_sub(one, integer_truth(vi_equal(a, b)));
	case PUMORI_ISA_ALU_LESS:
		return integer_truth(vi_greater(b, a));
	case PUMORI_ISA_ALU_LESS_EQUAL:
		return vi_sub(one, integer_truth(vi_greater(a, b)));
	case PUMORI_ISA_ALU_GREATER:
		return integer_truth(vi_greater(a, b));
	case PUMORI_ISA_ALU_GREATER_EQUAL:
		return vi_sub(one, integer_truth(vi_greater(b, a)));
	case PUMORI_ISA_ALU_LOGICAL_AND:
		return vi_select(vi_equal(a, zero), zero, vi_sub(one, integer_truth(vi_equal(b, zero))));
	case PUMORI_ISA_ALU_LOGICAL_OR:
		return vi_sub(one, integer_truth(vi_equal(vi_or(a, b), zero)));
	case PUMORI_ISA_ALU_LOGICAL_XOR:
		return vi_xor(integer_truth(vi_equal(a, zero)), integer_truth(vi_equal(b, zero)));
	case PUMORI_ISA_ALU_BIT_AND:
		return vi_and(a, b);
	case PUMORI_ISA_ALU_BIT_OR:
		return vi_or(a, b);
	case PUMORI_ISA_ALU_BIT_XOR:
		return vi_xor(a, b);
	case PUMORI_ISA_ALU_SHIFT_LEFT:
		return vi_shift_left(a, vi_and(b, vi_splat(31)));
	case PUMORI_ISA_ALU_SHIFT_RIGHT_LOGICAL:
		return vi_shift_right(a, vi_and(b, vi_splat(31)));
	case PUMORI_ISA_ALU_SHIFT_RIGHT_ARITHMETIC:
		return vi_shift_arithmetic(a, vi_and(b, vi_splat(31)));
	default:
		return a;
	}
}

/* The same loop in both types; @reverse exchanges the operands. */
#define ROW_LOOPS(name, vector, broadcast, scalar, load, load_n, store, store_n, apply, clean) \
SIMD_INLINE void name(const struct row_binary *x, u8 operation, bool reverse) \
{ \
	u32 r, i; \
	for (r = 0; r < x->rows; r++) { \
		const scalar *a = (const scalar *)(x->a.at + r * x->a.row_step); \
		const scalar *b = (const scalar *)(x->b.at + r * x->b.row_step); \
		scalar *out = (scalar *)(x->out + r * x->out_row); \
		u32 n = x->columns; \
		if (x->b.splat) { \
			const vector one = broadcast(*b); \
			for (i = 0; i + LANES <= n; i += LANES) { \
				vector v = load(a + i); \
				store(out + i, clean(reverse ? apply(operation, one, v) : \
							       apply(operation, v, one))); \
			} \
			if (i < n) { \
				vector v = load_n(a + i, n - i); \
				store_n(out + i, clean(reverse ? apply(operation, one, v) : \
								 apply(operation, v, one)), n - i); \
			} \
			continue; \
		} \
		for (i = 0; i + LANES <= n; i += LANES) { \
			vector v = load(a + i), w = load(b + i); \
			store(out + i, clean(reverse ? apply(operation, w, v) : apply(operation, v, w))); \
		} \
		if (i < n) { \
			vector v = load_n(a + i, n - i), w = load_n(b + i, n - i); \
			store_n(out + i, clean(reverse ? apply(operation, w, v) : apply(operation, v, w)), \
				n - i); \
		} \
	} \
}

SIMD_INLINE vi vi_as_is(vi a)
{
	return a;
}

ROW_LOOPS(float_rows, vf, vf_splat, float, vf_load, vf_load_n, vf_store, vf_store_n, float_apply, vf_canonical)
ROW_LOOPS(integer_rows, vi, vi_splat, s32, vi_load, vi_load_n, vi_store, vi_store_n, integer_apply, vi_as_is)

/* Operations without vectors. */
static void float_rows_scalar(const struct row_binary *x, float (*operation)(float, float), bool reverse)
{
	u32 r, i;

	for (r = 0; r < x->rows; r++) {
		const float *a = (const float *)(x->a.at + r * x->a.row_step);
		const float *b = (const float *)(x->b.at + r * x->b.row_step);
		float *out = (float *)(x->out + r * x->out_row);

		for (i = 0; i < x->columns; i++) {
			float v = a[i], w = x->b.splat ? *b : b[i];

			out[i] = float_canonical(reverse ? operation(w, v) : operation(v, w));
		}
	}
}

static void integer_rows_scalar(const struct row_binary *x, u8 operation, bool reverse)
{
	u32 r, i;

	for (r = 0; r < x->rows; r++) {
		const s32 *a = (const s32 *)(x->a.at + r * x->a.row_step);
		const s32 *b = (const s32 *)(x->b.at + r * x->b.row_step);
		s32 *out = (s32 *)(x->out + r * x->out_row);

		for (i = 0; i < x->columns; i++) {
			s32 v = a[i], w = x->b.splat ? *b : b[i];

			out[i] = (s32)scalar_integer_operation(operation, reverse ? w : v, reverse ? v : w, 32);
		}
	}
}

/* A function each, not inlined: the frames of all of them together fit no kernel stack. */
#define FLOAT_ROWS(operation, suffix, reverse) \
	static __attribute__((__noinline__)) void float_##operation##suffix(const struct row_binary *x) \
	{ \
		float_rows(x, PUMORI_ISA_ALU_##operation, reverse); \
	}
#define FLOAT_ROWS_REVERSIBLE(operation) \
	FLOAT_ROWS(operation, , false) \
	FLOAT_ROWS(operation, _reversed, true)

FLOAT_ROWS(ADD, , false)
FLOAT_ROWS(MULTIPLY, , false)
FLOAT_ROWS(EQUAL, , false)
FLOAT_ROWS(NOT_EQUAL, , false)
FLOAT_ROWS(LOGICAL_AND, , false)
FLOAT_ROWS(LOGICAL_OR, , false)
FLOAT_ROWS(LOGICAL_XOR, , false)
FLOAT_ROWS_REVERSIBLE(SUBTRACT)
FLOAT_ROWS_REVERSIBLE(DIVIDE)
FLOAT_ROWS_REVERSIBLE(MAX)
FLOAT_ROWS_REVERSIBLE(MIN)
FLOAT_ROWS_REVERSIBLE(LESS)
FLOAT_ROWS_REVERSIBLE(LESS_EQUAL)
FLOAT_ROWS_REVERSIBLE(GREATER)
FLOAT_ROWS_REVERSIBLE(GREATER_EQUAL)
FLOAT_ROWS_REVERSIBLE(BYPASS)

#define FLOAT_CASE(operation) \
	case PUMORI_ISA_ALU_##operation: \
		float_##operation(x); \
		return
#define FLOAT_CASE_REVERSIBLE(operation) \
	case PUMORI_ISA_ALU_##operation: \
		if (reverse) \
			float_##operation##_reversed(x); \
		else \
			float_##operation(x); \
		return

static void float_binary(const struct row_binary *x, u8 operation, bool reverse)
{
	switch (operation) {
	FLOAT_CASE(ADD);
	FLOAT_CASE(MULTIPLY);
	FLOAT_CASE(EQUAL);
	FLOAT_CASE(NOT_EQUAL);
	FLOAT_CASE(LOGICAL_AND);
	FLOAT_CASE(LOGICAL_OR);
	FLOAT_CASE(LOGICAL_XOR);
	FLOAT_CASE_REVERSIBLE(SUBTRACT);
	FLOAT_CASE_REVERSIBLE(DIVIDE);
	FLOAT_CASE_REVERSIBLE(MAX);
	FLOAT_CASE_REVERSIBLE(MIN);
	FLOAT_CASE_REVERSIBLE(LESS);
	FLOAT_CASE_REVERSIBLE(LESS_EQUAL);
	FLOAT_CASE_REVERSIBLE(GREATER);
	FLOAT_CASE_REVERSIBLE(GREATER_EQUAL);
	FLOAT_CASE_REVERSIBLE(BYPASS);
	case PUMORI_ISA_ALU_POWER:
		float_rows_scalar(x, scalar_power, reverse);
		return;
	case PUMORI_ISA_ALU_MODULO:
		float_rows_scalar(x, scalar_modulo, reverse);
		return;
	case PUMORI_ISA_ALU_MODULO_FLOOR:
		float_rows_scalar(x, scalar_modulo_floor, reverse);
		return;
	}
}

#define INTEGER_ROWS(operation) \
	static __attribute__((__noinline__)) void integer_##operation(const struct row_binary *x) \
	{ \
		integer_rows(x, PUMORI_ISA_ALU_##operation, false); \
	}

INTEGER_ROWS(ADD)
INTEGER_ROWS(MULTIPLY)
INTEGER_ROWS(MAX)
INTEGER_ROWS(MIN)
INTEGER_ROWS(EQUAL)
INTEGER_ROWS(NOT_EQUAL)
INTEGER_ROWS(LOGICAL_AND)
INTEGER_ROWS(LOGICAL_OR)
INTEGER_ROWS(LOGICAL_XOR)
INTEGER_ROWS(BIT_AND)
INTEGER_ROWS(BIT_OR)
INTEGER_ROWS(BIT_XOR)
INTEGER_ROWS(BYPASS)
INTEGER_ROWS(SUBTRACT)
INTEGER_ROWS(LESS)
INTEGER_ROWS(LESS_EQUAL)
INTEGER_ROWS(GREATER)
INTEGER_ROWS(GREATER_EQUAL)
INTEGER_ROWS(SHIFT_LEFT)
INTEGER_ROWS(SHIFT_RIGHT_LOGICAL)
INTEGER_ROWS(SHIFT_RIGHT_ARITHMETIC)

#define INTEGER_CASE(operation) \
	case PUMORI_ISA_ALU_##operation: \
		integer_##operation(x); \
		return

static void integer_binary(const struct row_binary *x, u8 operation, bool reverse)
{
	switch (operation) {
	INTEGER_CASE(ADD);
	INTEGER_CASE(MULTIPLY);
	INTEGER_CASE(MAX);
	INTEGER_CASE(MIN);
	INTEGER_CASE(EQUAL);
	INTEGER_CASE(NOT_EQUAL);
	INTEGER_CASE(LOGICAL_AND);
	INTEGER_CASE(LOGICAL_OR);
	INTEGER_CASE(LOGICAL_XOR);
	INTEGER_CASE(BIT_AND);
	INTEGER_CASE(BIT_OR);
	INTEGER_CASE(BIT_XOR);
	default:
		break;
	}
	if (reverse) {
		integer_rows_scalar(x, operation, true);
		return;
	}
	switch (operation) {
	INTEGER_CASE(BYPASS);
	INTEGER_CASE(SUBTRACT);
	INTEGER_CASE(LESS);
	INTEGER_CASE(LESS_EQUAL);
	INTEGER_CASE(GREATER);
	INTEGER_CASE(GREATER_EQUAL);
	INTEGER_CASE(SHIFT_LEFT);
	INTEGER_CASE(SHIFT_RIGHT_LOGICAL);
	INTEGER_CASE(SHIFT_RIGHT_ARITHMETIC);
	default:
		integer_rows_scalar(x, operation, false);
	}
}

/* The operands of a chain: what each stage combines with the result so far. */
struct chain_stage {
	u8 operation;
	bool reverse;
	u8 operand;		/* of the walk; 0 stands for the immediate */
	u8 dtype;
	u32 immediate;
};

struct chain {
	struct walk walk;
	struct chain_stage stage[2];
	u32 stages;
	u32 bytes;	/* an element, of all operands */
};

static void chain_plan(struct chain *c, struct silicon_task *task)
{
	bool tensor_tensor = task->opcode == PUMORI_ISA_TENSOR_TENSOR;
	bool tensor_scalar = task->opcode == PUMORI_ISA_TENSOR_SCALAR;
	const struct silicon_view *scalar0 = tensor_scalar ? &task->in[1] : &task->in[2];
	struct walk *w = &c->walk;

	walk_shape(w, &task->out);
	walk_add(w, &task->out);
	walk_add(w, &task->in[0]);
	c->stages = tensor_tensor ? 1 : 2;
	memset(c->stage, 0, sizeof(c->stage));
	c->stage[0].operation = task->op0;
	c->stage[0].reverse = task->modifiers & PUMORI_ISA_REVERSE0;
	c->stage[0].immediate = task->imm[0];
	c->stage[1].operation = task->op1;
	c->stage[1].reverse = task->modifiers & PUMORI_ISA_REVERSE1;
	c->stage[1].immediate = task->imm[1];
	c->bytes = silicon_dtype_size(task->out.dtype) + silicon_dtype_size(task->in[0].dtype);
	if (tensor_tensor) {
		c->stage[0].operand = 2;
		c->stage[0].dtype = task->in[1].dtype;
		walk_add(w, &task->in[1]);
		c->bytes += silicon_dtype_size(task->in[1].dtype);
	} else {
		if (scalar0->base) {
			c->stage[0].operand = (u8)w->operands;
			c->stage[0].dtype = scalar0->dtype;
			walk_add_column(w, scalar0);
		}
		if (tensor_scalar && task->in[2].base) {
			c->stage[1].operand = (u8)w->operands;
			c->stage[1].dtype = task->in[2].dtype;
			walk_add_column(w, &task->in[2]);
		}
		if (!tensor_scalar) {
			c->stage[1].operand = (u8)w->operands;
			c->stage[1].dtype = task->in[1].dtype;
			walk_add(w, &task->in[1]);
			c->bytes += silicon_dtype_size(task->in[1].dtype);
		} else if (task->op1 == PUMORI_ISA_ALU_BYPASS && !c->stage[1].reverse) {
			c->stages = 1;
		}
	}
	walk_fold(w, 0);
}

static void compute_load(u8 compute, void *to, u8 dtype, const u8 *from, s64 row_step, u32 rows, s64 step,
			 u32 columns)
{
	if (compute == PUMORI_ISA_FP32)
		rows_load_float(to, dtype, from, row_step, rows, step, columns);
	else
		rows_load_s32(to, dtype, from, row_step, rows, step, columns);
}

static void compute_store(u8 compute, u8 *to, u8 dtype, s64 row_step, u32 rows, s64 step, u32 columns,
			  const void *from)
{
	if (compute == PUMORI_ISA_FP32)
		rows_store_float(to, dtype, row_step, rows, step, columns, from);
	else
		rows_store_s32(to, dtype, row_step, rows, step, columns, from);
}

/* Operand @k of the walk as rows of the compute type, in place if it can be, else in @buffer. */
static void chain_operand(const struct chain *c, u8 compute, const struct segment *s, u32 k, u8 dtype,
			  u8 *buffer, struct row_operand *x)
{
	const struct walk *w = &c->walk;

	x->splat = false;
	if (rows_dense(w, k, dtype, compute)) {
		x->at = s->at[k];
		x->row_step = w->step[k][3];
		return;
	}
	compute_load(compute, buffer, dtype, s->at[k], w->step[k][3], s->rows, w->step[k][4], s->columns);
	x->at = buffer;
	x->row_step = (s64)s->columns * 4;
}

static void chain_segment(const struct chain *c, struct silicon_task *task, const struct segment *s)
{
	const struct walk *w = &c->walk;
	u8 compute = task->compute, *scratch = task->scratch;
	bool out_dense = rows_dense(w, 0, task->out.dtype, compute);
	u8 *result = scratch + 3 * ROWS_BUFFER * 4;
	struct row_binary x;
	u32 i;

	x.rows = s->rows;
	x.columns = s->columns;
	chain_operand(c, compute, s, 1, task->in[0].dtype, scratch, &x.a);
	for (i = 0; i < c->stages; i++) {
		const struct chain_stage *stage = &c->stage[i];
		bool in_place = out_dense && i + 1 == c->stages;

		if (!stage->operand) {
			x.b.at = (const u8 *)&stage->immediate;
			x.b.row_step = 0;
			x.b.splat = true;
		} else if (w->step[stage->operand][4] == 0) {
			/* One value a row: convert just that one. */
			compute_load(compute, scratch + (1 + i) * ROWS_BUFFER * 4, stage->dtype,
				     s->at[stage->operand], w->step[stage->operand][3], s->rows, 0, 1);
			x.b.at = scratch + (1 + i) * ROWS_BUFFER * 4;
			x.b.row_step = 4;
			x.b.splat = true;
		} else {
			chain_operand(c, compute, s, stage->operand, stage->dtype,
				      scratch + (1 + i) * ROWS_BUFFER * 4, &x.b);
		}
		x.out = in_place ? s->at[0] : result;
		x.out_row = in_place ? w->step[0][3] : (s64)s->columns * 4;
		if (compute == PUMORI_ISA_FP32)
			float_binary(&x, stage->operation, stage->reverse);
		else
			integer_binary(&x, stage->operation, stage->reverse);
		x.a.at = x.out;
		x.a.row_step = x.out_row;
	}
	if (!out_dense)
		compute_store(compute, s->at[0], task->out.dtype, w->step[0][3], s->rows, w->step[0][4],
			      s->columns, result);
}

/* Whether a tensor operand needs a row buffer. */
SIMD_INLINE bool chain_buffers(const struct chain *c, const struct silicon_task *task)
{
	u32 i;

	if (!rows_dense(&c->walk, 0, task->out.dtype, task->compute) ||
	    !rows_dense(&c->walk, 1, task->in[0].dtype, task->compute))
		return true;
	for (i = 0; i < c->stages; i++)
		if (c->stage[i].operand && c->walk.step[c->stage[i].operand][4] != 0 &&
		    !rows_dense(&c->walk, c->stage[i].operand, c->stage[i].dtype, task->compute))
			return true;
	return false;
}

static u32 run_chain(struct silicon_task *task, u32 budget)
{
	struct chain c;
	struct segment s;
	struct meter m;
	u64 before;

	if (task->compute == PUMORI_ISA_INT64)
		return scalar_integer64(task, budget);
	chain_plan(&c, task);
	/* Values of rows that hold one element each also go through a buffer: keep rows below its size. */
	walk_cut(&c.walk, chain_buffers(&c, task) ? ROWS_BUFFER : SEGMENT_DENSE);
	c.walk.group = SILICON_MIN(c.walk.group, ROWS_BUFFER);
	c.walk.groups = (c.walk.count[3] + c.walk.group - 1) / c.walk.group;
	c.walk.segments = c.walk.count[0] * c.walk.count[1] * c.walk.count[2] * c.walk.groups * c.walk.chunks;
	before = walk_segment(&c.walk, task->cursor, &s);
	meter_start(&m, before, c.bytes, budget);
	for (;;) {
		chain_segment(&c, task, &s);
		task_count_nonfinite(task, &c.walk, &s);
		task->finished = ++task->cursor == c.walk.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&c.walk, task->cursor, &s);
	}
}

static u32 run_select(struct silicon_task *task, u32 budget)
{
	struct chain c;
	struct walk *w = &c.walk;
	struct segment s;
	struct meter m;
	u32 i;

	if (task->compute == PUMORI_ISA_INT64)
		return scalar_integer64(task, budget);
	walk_shape(w, &task->out);
	walk_add(w, &task->out);
	c.bytes = silicon_dtype_size(task->out.dtype);
	for (i = 0; i < 3; i++) {
		walk_add(w, &task->in[i]);
		c.bytes += silicon_dtype_size(task->in[i].dtype);
	}
	walk_fold(w, 0);
	walk_cut(w, ROWS_BUFFER);
	meter_start(&m, walk_segment(w, task->cursor, &s), c.bytes, budget);
	for (;;) {
		u8 *condition = task->scratch, *result = condition + 3 * ROWS_BUFFER * 4;
		u8 *yes = condition + ROWS_BUFFER * 4, *no = condition + 2 * ROWS_BUFFER * 4;
		u32 n = s.rows * s.columns;

		rows_load_float((float *)condition, task->in[0].dtype, s.at[1], w->step[1][3], s.rows,
				w->step[1][4], s.columns);
		compute_load(task->compute, yes, task->in[1].dtype, s.at[2], w->step[2][3], s.rows,
			     w->step[2][4], s.columns);
		compute_load(task->compute, no, task->in[2].dtype, s.at[3], w->step[3][3], s.rows,
			     w->step[3][4], s.columns);
		for (i = 0; i < n; i += LANES) {
			vm mask = vf_not_equal(vf_load(condition + i * 4), vf_splat(0.0f));

			vf_store(result + i * 4, vf_select(mask, vf_load(yes + i * 4), vf_load(no + i * 4)));
		}
		compute_store(task->compute, s.at[0], task->out.dtype, w->step[0][3], s.rows, w->step[0][4],
			      s.columns, result);
		task_count_nonfinite(task, w, &s);
		task->finished = ++task->cursor == w->segments;
		if (meter_step(&m, n) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(w, task->cursor, &s);
	}
}

static u32 copy_stochastic(struct silicon_task *task, u32 budget);

static void copy_segment(struct silicon_task *task, const struct walk *w, const struct segment *s)
{
	u8 to = task->out.dtype, from = task->in[0].dtype;
	u32 r;

	if (to == from) {
		rows_move(s->at[0], w->step[0][3], w->step[0][4], s->at[1], w->step[1][3], w->step[1][4],
			  silicon_dtype_size(to), s->rows, s->columns);
	} else if (dtype_is_float(to) || dtype_is_float(from)) {
		float *buffer = (float *)task->scratch;

		rows_load_float(buffer, from, s->at[1], w->step[1][3], s->rows, w->step[1][4], s->columns);
		rows_store_float(s->at[0], to, w->step[0][3], s->rows, w->step[0][4], s->columns, buffer);
	} else {
		for (r = 0; r < s->rows; r++) {
			u8 *out = s->at[0] + r * w->step[0][3];
			const u8 *in = s->at[1] + r * w->step[1][3];
			u32 i;

			for (i = 0; i < s->columns; i++)
				integer_store(to, out + i * w->step[0][4],
					      integer_load(from, in + i * w->step[1][4]));
		}
	}
}

static u32 run_copy(struct silicon_task *task, u32 budget)
{
	struct walk w;
	struct segment s;
	struct meter m;

	if (task->modifiers & PUMORI_ISA_STOCHASTIC)
		return copy_stochastic(task, budget);
	walk_shape(&w, &task->out);
	walk_add(&w, &task->out);
	walk_add(&w, &task->in[0]);
	walk_fold(&w, 0);
	walk_cut(&w, task->out.dtype == task->in[0].dtype ? SEGMENT_DENSE : ROWS_BUFFER);
	meter_start(&m, walk_segment(&w, task->cursor, &s),
		    silicon_dtype_size(task->out.dtype) + silicon_dtype_size(task->in[0].dtype), budget);
	for (;;) {
		copy_segment(task, &w, &s);
		task_count_nonfinite(task, &w, &s);
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}

/* An immediate as an element of the output's type, in the first bytes of @element. */
static void immediate_element(const struct silicon_task *task, u8 *element)
{
	u8 dtype = task->out.dtype;

	if (task->compute == PUMORI_ISA_FP32)
		element_store_float(dtype, element, float_from_bits(task->imm[0]));
	else
		element_store_s64(dtype, element, (s32)task->imm[0]);
}

static u32 run_memset(struct silicon_task *task, u32 budget)
{
	u8 element[8] __attribute__((aligned(8))) = { 0 };
	u32 size = silicon_dtype_size(task->out.dtype);
	struct walk w;
	struct segment s;
	struct meter m;
	u32 r;

	immediate_element(task, element);
	walk_shape(&w, &task->out);
	walk_add(&w, &task->out);
	walk_fold(&w, 0);
	walk_cut(&w, SEGMENT_DENSE);
	meter_start(&m, walk_segment(&w, task->cursor, &s), size, budget);
	for (;;) {
		bool zero = *(const u64 *)element == 0 && w.step[0][4] == (s64)size;

		for (r = 0; r < s.rows; r++) {
			u8 *out = s.at[0] + r * w.step[0][3];

			if (zero)
				memset(out, 0, (size_t)s.columns * size);
			else
				rows_move(out, 0, w.step[0][4], element, 0, 0, size, 1, s.columns);
		}
		task_count_nonfinite(task, &w, &s);
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}
