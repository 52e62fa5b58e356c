// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Integer operations one by one, and every instruction whose compute type is INT64. */
#include "scalar.h"
#include "walk.h"

#define STEP_ELEMENTS	256u

static s64 wrap(u64 value, u32 width)
{
	return width == 32 ? (s64)(s32)(u32)value : (s64)value;
}

static s64 integer_power(s64 base, s64 exponent, u32 width)
{
	u64 result = 1, factor = (u64)base;

	if (exponent < 0) {
		if (base == 1)
			return 1;
		if (base == -1)
			return exponent & 1 ? -1 : 1;
		return 0;
	}
	for (; exponent; exponent >>= 1, factor *= factor)
		if (exponent & 1)
			result *= factor;
	return wrap(result, width);
}

static s64 integer_divide(s64 a, s64 b, u32 width)
{
	if (b == 0)
		return 0;
	if (b == -1)
		return wrap(-(u64)a, width);
	return a / b;
}

static s64 integer_modulo(s64 a, s64 b, bool to_floor)
{
	s64 r;

	if (b == 0 || b == -1)
		return 0;
	r = a % b;
	return to_floor && r && (r < 0) != (b < 0) ? r + b : r;
}

s64 scalar_integer_operation(u8 operation, s64 a, s64 b, u32 width)
{
	u32 shift = (u32)b & (width - 1);
	u64 bits = width == 32 ? (u32)a : (u64)a;

	switch (operation) {
	case PUMORI_ISA_ALU_ADD:
		return wrap((u64)a + (u64)b, width);
	case PUMORI_ISA_ALU_SUBTRACT:
		return wrap((u64)a - (u64)b, width);
	case PUMORI_ISA_ALU_MULTIPLY:
		return wrap((u64)a * (u64)b, width);
	case PUMORI_ISA_ALU_DIVIDE:
		return integer_divide(a, b, width);
	case PUMORI_ISA_ALU_MAX:
		return a > b ? a : b;
	case PUMORI_ISA_ALU_MIN:
		return a < b ? a : b;
	case PUMORI_ISA_ALU_POWER:
		return integer_power(a, b, width);
	case PUMORI_ISA_ALU_MODULO:
		return integer_modulo(a, b, false);
	case PUMORI_ISA_ALU_MODULO_FLOOR:
		return integer_modulo(a, b, true);
	case PUMORI_ISA_ALU_EQUAL:
		return a == b;
	case PUMORI_ISA_ALU_NOT_EQUAL:
		return a != b;
	case PUMORI_ISA_ALU_LESS:
		return a < b;
	case PUMORI_ISA_ALU_LESS_EQUAL:
		return a <= b;
	case PUMORI_ISA_ALU_GREATER:
		return a > b;
	case PUMORI_ISA_ALU_GREATER_EQUAL:
		return a >= b;
	case PUMORI_ISA_ALU_LOGICAL_AND:
		return a && b;
	case PUMORI_ISA_ALU_LOGICAL_OR:
		return a || b;
	case PUMORI_ISA_ALU_LOGICAL_XOR:
		return !a != !b;
	case PUMORI_ISA_ALU_BIT_AND:
		return a & b;
	case PUMORI_ISA_ALU_BIT_OR:
		return a | b;
	case PUMORI_ISA_ALU_BIT_XOR:
		return a ^ b;
	case PUMORI_ISA_ALU_SHIFT_LEFT:
		return wrap(bits << shift, width);
	case PUMORI_ISA_ALU_SHIFT_RIGHT_LOGICAL:
		return wrap(bits >> shift, width);
	case PUMORI_ISA_ALU_SHIFT_RIGHT_ARITHMETIC:
		return a >> shift;
	default:
		return a;
	}
}

static s64 operate(const struct silicon_task *task, u32 stage, s64 a, s64 b)
{
	u8 operation = stage ? task->op1 : task->op0;
	bool reverse = task->modifiers & (stage ? PUMORI_ISA_REVERSE1 : PUMORI_ISA_REVERSE0);

	return scalar_integer_operation(operation, reverse ? b : a, reverse ? a : b, 64);
}

/* The [P,1] operand @in of a chain for one element, or its immediate. */
static s64 scalar_operand(const struct silicon_task *task, const struct segment *s, u32 in, u32 operand,
			  u32 immediate)
{
	if (!operand)
		return (s32)immediate;
	return element_s64(task->in[in].dtype, s->at[operand]);
}

struct plan64 {
	struct walk walk;
	u32 operand[3];	/* of the walk, by input; 0 when absent */
	u32 bytes;
};

static void plan_elementwise(struct plan64 *x, const struct silicon_task *task)
{
	bool columns_from1 = task->opcode == PUMORI_ISA_TENSOR_SCALAR;
	bool columns_from2 = columns_from1 || task->opcode == PUMORI_ISA_SCALAR_TENSOR_TENSOR;
	u32 i;

	walk_shape(&x->walk, &task->out);
	walk_add(&x->walk, &task->out);
	x->bytes = silicon_dtype_size(task->out.dtype);
	for (i = 0; i < 3; i++) {
		x->operand[i] = 0;
		if (!task->in[i].base)
			continue;
		x->operand[i] = x->walk.operands;
		if ((i == 1 && columns_from1) || (i == 2 && columns_from2)) {
			walk_add_column(&x->walk, &task->in[i]);
		} else {
			walk_add(&x->walk, &task->in[i]);
			x->bytes += silicon_dtype_size(task->in[i].dtype);
		}
	}
	walk_fold(&x->walk, 0);
	walk_cut(&x->walk, STEP_ELEMENTS);
}

static s64 element64(const struct silicon_task *task, const struct plan64 *x, const struct segment *s)
{
	s64 a = element_s64(task->in[0].dtype, s->at[1]);

	switch (task->opcode) {
	case PUMORI_ISA_TENSOR_TENSOR:
		return operate(task, 0, a, element_s64(task->in[1].dtype, s->at[2]));
	case PUMORI_ISA_TENSOR_SCALAR:
		a = operate(task, 0, a, scalar_operand(task, s, 1, x->operand[1], task->imm[0]));
		return operate(task, 1, a, scalar_operand(task, s, 2, x->operand[2], task->imm[1]));
	case PUMORI_ISA_SCALAR_TENSOR_TENSOR:
		a = operate(task, 0, a, scalar_operand(task, s, 2, x->operand[2], task->imm[0]));
		return operate(task, 1, a, element_s64(task->in[1].dtype, s->at[x->operand[1]]));
	default:	/* SELECT */
		if (element_float(task->in[0].dtype, s->at[1]) != 0.0f)
			return element_s64(task->in[1].dtype, s->at[2]);
		return element_s64(task->in[2].dtype, s->at[3]);
	}
}

static u32 run_elementwise(struct silicon_task *task, u32 budget)
{
	struct plan64 x;
	struct segment s, e;
	struct meter m;
	u32 r, i, k;

	plan_elementwise(&x, task);
	meter_start(&m, walk_segment(&x.walk, task->cursor, &s), x.bytes, budget);
	for (;;) {
		for (r = 0; r < s.rows; r++) {
			for (k = 0; k < x.walk.operands; k++)
				e.at[k] = s.at[k] + r * x.walk.step[k][3];
			for (i = 0; i < s.columns; i++) {
				element_store_s64(task->out.dtype, e.at[0], element64(task, &x, &e));
				for (k = 0; k < x.walk.operands; k++)
					e.at[k] += x.walk.step[k][4];
			}
		}
		task_count_nonfinite(task, &x.walk, &s);
		task->finished = ++task->cursor == x.walk.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&x.walk, task->cursor, &s);
	}
}

/* REDUCE: integer operations may be taken in any order. The cursor counts input elements' segments. */
static u32 run_reduction(struct silicon_task *task, u32 budget)
{
	const struct silicon_view *in = &task->in[0];
	struct silicon_view out = task->out;
	struct walk w;
	struct segment s;
	struct meter m;
	u32 d, per_output = 1, r, i;
	s64 *partial = (s64 *)task->partials;

	for (d = 0; d < 4; d++)
		out.step[d] = d + task->axes < 4 ? task->out.step[d + task->axes] : 0;
	for (d = 4u - task->axes; d < 4; d++)
		per_output *= in->count[d];
	walk_shape(&w, in);
	walk_add(&w, &out);
	walk_add(&w, in);
	walk_cut(&w, STEP_ELEMENTS);
	meter_start(&m, walk_segment(&w, task->cursor, &s), silicon_dtype_size(in->dtype), budget);
	for (;;) {
		u64 done = m.done;

		for (r = 0; r < s.rows; r++)
			for (i = 0; i < s.columns; i++, done++) {
				u8 *to = s.at[0] + r * w.step[0][3] + i * w.step[0][4];
				s64 value = element_s64(in->dtype,
							s.at[1] + r * w.step[1][3] + i * w.step[1][4]);

				if (done % per_output == 0) {
					bool logical = task->op0 == PUMORI_ISA_ALU_LOGICAL_AND ||
						       task->op0 == PUMORI_ISA_ALU_LOGICAL_OR;

					*partial = logical ? value != 0 : value;
				} else {
					*partial = scalar_integer_operation(task->op0, *partial, value, 64);
				}
				if ((done + 1) % per_output == 0)
					element_store_s64(task->out.dtype, to, *partial);
			}
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}

u32 scalar_integer64(struct silicon_task *task, u32 budget)
{
	if (task->opcode == PUMORI_ISA_REDUCE)
		return run_reduction(task, budget);
	return run_elementwise(task, budget);
}
