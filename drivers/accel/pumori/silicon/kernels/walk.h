/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Walking several operands in step: the partitions and four dimensions of their patterns are folded
 * into as few as their strides allow, then cut into segments (some whole rows, or a part of one row).
 * The number of a segment is the cursor of a task.
 */
#ifndef PUMORI_SILICON_KERNELS_WALK_H
#define PUMORI_SILICON_KERNELS_WALK_H

#include "scalar.h"

#define WALK_OPERANDS	4u
#define WALK_DIMS	5u

struct walk {
	u32 operands;
	u32 count[WALK_DIMS];			/* folded; the last two are rows and columns */
	s64 step[WALK_OPERANDS][WALK_DIMS];	/* bytes */
	u8 *base[WALK_OPERANDS];
	u32 chunk;				/* columns of a segment */
	u32 chunks;				/* segments a row, 1 when segments hold several rows */
	u32 group;				/* rows of a segment */
	u32 groups;				/* segments a block of rows */
	u32 segments;
	u64 elements;				/* of all segments */
};

/* One segment: where it starts in each operand, and its shape. */
struct segment {
	u8 *at[WALK_OPERANDS];
	u32 rows;
	u32 columns;
};

SCALAR_INLINE void walk_shape(struct walk *w, const struct silicon_view *shape)
{
	u32 d;

	w->operands = 0;
	w->count[0] = shape->partitions;
	for (d = 0; d < 4; d++)
		w->count[d + 1] = shape->count[d];
}

SCALAR_INLINE void walk_add(struct walk *w, const struct silicon_view *view)
{
	u32 k = w->operands++, d;

	w->base[k] = view->base;
	w->step[k][0] = view->partition_stride;
	for (d = 0; d < 4; d++)
		w->step[k][d + 1] = view->step[d];
}

/* An operand with one element a partition. */
SCALAR_INLINE void walk_add_column(struct walk *w, const struct silicon_view *view)
{
	u32 k = w->operands++, d;

	w->base[k] = view->base;
	w->step[k][0] = view->partition_stride;
	for (d = 1; d < WALK_DIMS; d++)
		w->step[k][d] = 0;
}

/* An operand with one element a partition, or with as many as the shape. */
SCALAR_INLINE void walk_add_broadcast(struct walk *w, const struct silicon_view *view)
{
	if (view->count[0] * view->count[1] * view->count[2] * view->count[3] == 1)
		walk_add_column(w, view);
	else
		walk_add(w, view);
}

/*
 * Folds dimensions @first.. (0: all, 1: partitions stay dimension 0) and right-aligns what is left.
 */
SCALAR_INLINE void walk_fold(struct walk *w, u32 first)
{
	u32 kept = first, d, k, shift;

	for (d = first; d < WALK_DIMS; d++) {
		bool merge = kept > first;

		if (w->count[d] == 1)
			continue;
		for (k = 0; k < w->operands; k++)
			if (merge && w->step[k][kept - 1] != w->step[k][d] * (s64)w->count[d])
				merge = false;
		if (merge) {
			w->count[kept - 1] *= w->count[d];
			for (k = 0; k < w->operands; k++)
				w->step[k][kept - 1] = w->step[k][d];
			continue;
		}
		w->count[kept] = w->count[d];
		for (k = 0; k < w->operands; k++)
			w->step[k][kept] = w->step[k][d];
		kept++;
	}
	shift = WALK_DIMS - kept;
	if (!shift)
		return;
	for (d = WALK_DIMS; d-- > first;) {
		bool present = d >= first + shift;

		w->count[d] = present ? w->count[d - shift] : 1;
		for (k = 0; k < w->operands; k++)
			w->step[k][d] = present ? w->step[k][d - shift] : 0;
	}
}

/* Cuts into segments of at most @limit elements; @whole_rows forbids several rows in one. */
SCALAR_INLINE void walk_cut(struct walk *w, u32 limit)
{
	u32 rows = w->count[WALK_DIMS - 2], columns = w->count[WALK_DIMS - 1];
	u32 outer = w->count[0] * w->count[1] * w->count[2];

	w->chunk = SILICON_MIN(columns, limit);
	w->chunks = w->chunk == columns ? 1 : (columns + limit - 1) / limit;
	w->group = w->chunks > 1 ? 1 : SILICON_MIN(rows, SILICON_MAX(limit / columns, 1u));
	w->groups = w->group == rows ? 1 : (rows + w->group - 1) / w->group;
	w->segments = outer * w->groups * w->chunks;
	w->elements = (u64)outer * rows * columns;
}

/* Finds segment @cursor; returns the number of elements that come before it. */
SCALAR_INLINE u64 walk_segment(const struct walk *w, u32 cursor, struct segment *s)
{
	u32 rows = w->count[WALK_DIMS - 2], columns = w->count[WALK_DIMS - 1];
	u32 index[WALK_DIMS];
	u32 rest = cursor, d, k;
	u64 before;

	index[4] = w->chunks > 1 ? rest % w->chunks : 0;
	rest = w->chunks > 1 ? rest / w->chunks : rest;
	index[3] = w->groups > 1 ? rest % w->groups : 0;
	rest = w->groups > 1 ? rest / w->groups : rest;
	before = (u64)rest * rows * columns;
	for (d = 3; d-- > 1;) {
		index[d] = w->count[d] > 1 ? rest % w->count[d] : 0;
		rest = w->count[d] > 1 ? rest / w->count[d] : rest;
	}
	index[0] = rest;
	index[3] *= w->group;
	index[4] *= w->chunk;
	before += (u64)index[3] * columns + index[4];
	s->rows = SILICON_MIN(w->group, rows - index[3]);
	s->columns = SILICON_MIN(w->chunk, columns - index[4]);
	for (k = 0; k < w->operands; k++) {
		s64 offset = 0;

		for (d = 0; d < WALK_DIMS; d++)
			offset += w->step[k][d] * (s64)index[d];
		s->at[k] = w->base[k] + offset;
	}
	return before;
}

/*
 * Units of a task are counted by elements done, so that their sum is the same wherever it stops:
 * bytes / SILICON_UNIT_BYTES over the whole task, rounded down, and one more with the last element.
 */
struct meter {
	u64 done;	/* elements */
	u64 start;	/* units before this call */
	u32 bytes;	/* per element */
	u32 budget;
};

SCALAR_INLINE void meter_start(struct meter *m, u64 done, u32 bytes, u32 budget)
{
	m->done = done;
	m->bytes = bytes;
	m->start = done * bytes / SILICON_UNIT_BYTES;
	m->budget = budget;
}

/* Counts @elements; true when the call should end. At the end of the task, call meter_units(). */
SCALAR_INLINE bool meter_step(struct meter *m, u64 elements)
{
	u64 units;

	m->done += elements;
	units = m->done * m->bytes / SILICON_UNIT_BYTES - m->start;
	return units && units >= m->budget;
}

SCALAR_INLINE u32 meter_units(const struct meter *m, bool finished)
{
	return (u32)(m->done * m->bytes / SILICON_UNIT_BYTES - m->start) + finished;
}

/* NaN and Inf among stored results. */
SCALAR_INLINE u32 walk_count_nonfinite(const u8 *at, u8 dtype, s64 row_step, u32 rows, s64 step,
				       u32 columns)
{
	u32 count = 0, r, i;

	for (r = 0; r < rows; r++)
		for (i = 0; i < columns; i++) {
			const u8 *p = at + r * row_step + i * step;

			if (dtype == PUMORI_ISA_FP32)
				count += (*(const u32 *)p & 0x7f800000) == 0x7f800000;
			else if (dtype == PUMORI_ISA_BF16)
				count += (*(const u16 *)p & 0x7f80) == 0x7f80;
			else if (dtype == PUMORI_ISA_FP16)
				count += (*(const u16 *)p & 0x7fff) >= narrow_fp16.special;
			else if (dtype == PUMORI_ISA_FP8E4M3)
				count += (*p & 0x7f) >= narrow_fp8e4m3.special;
			else if (dtype == PUMORI_ISA_FP8E5M2)
				count += (*p & 0x7f) >= narrow_fp8e5m2.special;
		}
	return count;
}

SCALAR_INLINE void task_count_nonfinite(struct silicon_task *task, const struct walk *w,
					const struct segment *s)
{
	u32 count;

	if (!(task->modifiers & PUMORI_ISA_CHECK_NAN))
		return;
	count = walk_count_nonfinite(s->at[0], task->out.dtype, w->step[0][3], s->rows, w->step[0][4],
				     s->columns);
	task->nan_count = count > ~task->nan_count ? ~0u : task->nan_count + count;
}

#endif
