// SPDX-License-Identifier: GPL-2.0 OR MIT
/* IOTA, SCAN, GATHER and SCATTER: element by element in every set. */
#include "scalar.h"
#include "walk.h"

#define STEP_ELEMENTS	1024u

u32 scalar_iota(struct silicon_task *task, u32 budget)
{
	u32 per_partition, r, i;
	struct walk w;
	struct segment s;
	struct meter m;

	walk_shape(&w, &task->out);
	walk_add(&w, &task->out);
	walk_fold(&w, 1);
	walk_cut(&w, STEP_ELEMENTS);
	per_partition = (u32)(w.elements / w.count[0]);
	meter_start(&m, walk_segment(&w, task->cursor, &s), silicon_dtype_size(task->out.dtype), budget);
	for (;;) {
		u32 p = (u32)(m.done / per_partition), index = (u32)(m.done % per_partition);
		float start = scalar_fma((float)p, float_from_bits(task->imm[1]), float_from_bits(task->imm[0]));
		u64 first = (u64)(s64)(s32)task->imm[0] + (u64)p * (u64)(s64)(s32)task->imm[1];

		for (r = 0; r < s.rows; r++)
			for (i = 0; i < s.columns; i++, index++) {
				u8 *to = s.at[0] + r * w.step[0][3] + i * w.step[0][4];
				u64 value = first + (u64)index * (u64)(s64)(s32)task->imm[2];

				if (task->compute == PUMORI_ISA_FP32)
					element_store_float(task->out.dtype, to,
							    scalar_fma((float)index, float_from_bits(task->imm[2]),
								       start));
				else if (task->compute == PUMORI_ISA_INT32)
					element_store_s32(task->out.dtype, to, (s32)(u32)value);
				else
					element_store_s64(task->out.dtype, to, (s64)value);
			}
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}

static float float_operation(u8 operation, float a, float b)
{
	switch (operation) {
	case PUMORI_ISA_ALU_ADD:
		return a + b;
	case PUMORI_ISA_ALU_MULTIPLY:
		return a * b;
	case PUMORI_ISA_ALU_MAX:
		return a > b ? a : b;
	default:
		return a < b ? a : b;
	}
}

/* What a scan starts from: the element that changes nothing. */
static s64 scan_start(const struct silicon_task *task)
{
	bool is_float = task->compute == PUMORI_ISA_FP32, wide = task->compute == PUMORI_ISA_INT64;

	switch (task->op0) {
	case PUMORI_ISA_ALU_MULTIPLY:
		return is_float ? 0x3f800000 : 1;
	case PUMORI_ISA_ALU_MAX:
		return is_float ? 0xff800000 : wide ? (s64)0x8000000000000000ull : -2147483648ll;
	case PUMORI_ISA_ALU_MIN:
		return is_float ? 0x7f800000 : wide ? 0x7fffffffffffffffll : 2147483647ll;
	default:
		return 0;
	}
}

/* One element of a scan: combines it with the carry and stores what the mode asks for. */
static void scan_element(struct silicon_task *task, u8 *to, const u8 *from)
{
	u8 in = task->in[0].dtype, out = task->out.dtype;
	bool exclusive = task->modifiers & PUMORI_ISA_SCAN_EXCLUSIVE;
	s64 *carry = (s64 *)&task->partials[0];

	if (task->compute == PUMORI_ISA_FP32) {
		float before = float_from_bits((u32)*carry);
		float after = float_operation(task->op0, before, element_float(in, from));

		*carry = float_bits(after);
		element_store_float(out, to, exclusive ? before : after);
	} else if (task->compute == PUMORI_ISA_INT32) {
		s64 before = *carry;

		*carry = scalar_integer_operation(task->op0, before, element_s32(in, from), 32);
		element_store_s32(out, to, (s32)(exclusive ? before : *carry));
	} else {
		s64 before = *carry;

		*carry = scalar_integer_operation(task->op0, before, element_s64(in, from), 64);
		element_store_s64(out, to, exclusive ? before : *carry);
	}
}

/* The cursor is row * chunks + chunk; within a row the carry stands in the task's partials. */
u32 scalar_scan(struct silicon_task *task, u32 budget)
{
	bool reverse = task->modifiers & PUMORI_ISA_SCAN_REVERSE;
	const struct silicon_view *in = &task->in[0], *out = &task->out;
	u32 length = in->count[3], chunks = (length + STEP_ELEMENTS - 1) / STEP_ELEMENTS;
	u32 rows = in->partitions * in->count[0] * in->count[1] * in->count[2];
	struct silicon_view row_in = *in, row_out = *out;
	struct walk w;
	struct segment s;
	struct meter m;
	u32 chunk = task->cursor % chunks;

	row_in.count[3] = 1;
	row_out.count[3] = 1;
	walk_shape(&w, &row_in);
	walk_add(&w, &row_out);
	walk_add(&w, &row_in);
	walk_fold(&w, 0);
	walk_cut(&w, 1);
	meter_start(&m, (u64)(task->cursor / chunks) * length + (u64)chunk * STEP_ELEMENTS,
		    silicon_dtype_size(in->dtype) + silicon_dtype_size(out->dtype), budget);
	for (;;) {
		u32 first, count, i;

		chunk = task->cursor % chunks;
		first = chunk * STEP_ELEMENTS;
		count = SILICON_MIN(length - first, STEP_ELEMENTS);
		walk_segment(&w, task->cursor / chunks, &s);
		if (chunk == 0)
			task->partials[0] = (u64)scan_start(task);
		for (i = first; i < first + count; i++) {
			s64 index = reverse ? length - 1 - i : i;

			scan_element(task, s.at[0] + index * out->step[3], s.at[1] + index * in->step[3]);
		}
		task->finished = ++task->cursor == rows * chunks;
		if (meter_step(&m, count) || task->finished)
			return meter_units(&m, task->finished);
	}
}

/* @index brought into 0..count-1, or false. The clamp keeps a mispredicted check inside the operand. */
static bool index_resolve(s64 index, u32 count, u32 *resolved)
{
	u64 positive = (u64)(index < 0 ? index + (s64)count : index);
	u64 inside = (u64)((s64)(positive - count) >> 63) & ~(u64)((s64)positive >> 63);

	*resolved = (u32)(positive & inside);
	return inside;
}

static s64 index_load(u8 dtype, const u8 *p)
{
	s64 index = integer_load(dtype, p);

	/* An unsigned index never counts from the end. */
	if (dtype == PUMORI_ISA_UINT64 && index < 0)
		return 0x7fffffffffffffffll;
	return index;
}

static void scatter_add(const struct silicon_task *task, u8 *to, const u8 *from)
{
	u8 in = task->in[0].dtype, out = task->out.dtype;

	if (task->compute == PUMORI_ISA_FP32)
		element_store_float(out, to, element_float(out, to) + element_float(in, from));
	else if (task->compute == PUMORI_ISA_INT32)
		element_store_s32(out, to, (s32)((u32)element_s32(out, to) + (u32)element_s32(in, from)));
	else
		element_store_s64(out, to, (s64)((u64)element_s64(out, to) + (u64)element_s64(in, from)));
}

/* GATHER walks out and the indices, SCATTER the source and the indices; the table is one dimension. */
static u32 run_indexed(struct silicon_task *task, u32 budget, const struct silicon_view *dense,
		       const struct silicon_view *table)
{
	bool gather = task->opcode == PUMORI_ISA_GATHER;
	u32 size = silicon_dtype_size(dense->dtype), per_partition, r, i, index;
	struct walk w;
	struct segment s;
	struct meter m;

	walk_shape(&w, dense);
	walk_add(&w, dense);
	walk_add(&w, &task->in[1]);
	walk_fold(&w, 1);
	walk_cut(&w, STEP_ELEMENTS);
	per_partition = (u32)(w.elements / w.count[0]);
	meter_start(&m, walk_segment(&w, task->cursor, &s), 2 * size + silicon_dtype_size(task->in[1].dtype),
		    budget);
	for (;;) {
		u8 *base = table->base + m.done / per_partition * table->partition_stride;

		for (r = 0; r < s.rows; r++)
			for (i = 0; i < s.columns; i++) {
				u8 *element = s.at[0] + r * w.step[0][3] + i * w.step[0][4];
				const u8 *at = s.at[1] + r * w.step[1][3] + i * w.step[1][4];
				u8 *entry;

				if (!index_resolve(index_load(task->in[1].dtype, at), table->count[3], &index)) {
					task->fault = SILICON_TASK_INDEX;
					task->finished = 1;
					return meter_units(&m, true);
				}
				entry = base + (s64)index * table->step[3];
				if (gather)
					element_move(element, entry, size);
				else if (task->modifiers & PUMORI_ISA_SCATTER_ADD)
					scatter_add(task, entry, element);
				else
					element_move(entry, element, size);
			}
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, (u64)s.rows * s.columns) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}

u32 scalar_gather(struct silicon_task *task, u32 budget)
{
	return run_indexed(task, budget, &task->out, &task->in[0]);
}

u32 scalar_scatter(struct silicon_task *task, u32 budget)
{
	return run_indexed(task, budget, &task->in[0], &task->out);
}
