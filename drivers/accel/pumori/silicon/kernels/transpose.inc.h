/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* TRANSPOSE: partitions become the free dimension. A step is a block of output partitions. */

#define TRANSPOSE_BLOCK	16u

/* Bytes from element 0 to element @index in the row-major order of a view's free dimensions. */
SIMD_INLINE s64 view_offset(const struct silicon_view *v, u32 index)
{
	s64 offset = 0;
	u32 d;

	for (d = 4; d-- > 0;) {
		if (v->count[d] == 1)
			continue;
		offset += (s64)(index % v->count[d]) * v->step[d];
		index /= v->count[d];
	}
	return offset;
}

SIMD_INLINE u32 view_elements(const struct silicon_view *v)
{
	return v->count[0] * v->count[1] * v->count[2] * v->count[3];
}

/* The step of a view whose free dimensions fold into one, or 0 (which may also mean that all repeat). */
SIMD_INLINE s64 view_single_step(const struct silicon_view *v)
{
	s64 step = 0, expected = 0;
	bool seen = false;
	u32 d;

	for (d = 4; d-- > 0;) {
		if (v->count[d] == 1)
			continue;
		if (!seen)
			step = v->step[d];
		else if (v->step[d] != expected)
			return 0;
		seen = true;
		expected = (s64)v->step[d] * v->count[d];
	}
	return step;
}

static u32 run_transpose(struct silicon_task *task, u32 budget)
{
	const struct silicon_view *in = &task->in[0], *out = &task->out;
	u32 size = silicon_dtype_size(in->dtype), rows = in->partitions, columns = view_elements(in);
	s64 in_step = view_single_step(in), out_step = view_single_step(out);
	struct meter m;
	u32 f, p;

	meter_start(&m, (u64)task->cursor * TRANSPOSE_BLOCK * rows, 2 * size, budget);
	for (;;) {
		u32 first = task->cursor * TRANSPOSE_BLOCK;
		u32 block = SILICON_MIN(columns - first, TRANSPOSE_BLOCK);

		p = 0;
		if (in_step == (s64)size && out_step == (s64)size)
			p = transpose_block(out->base + (u64)first * out->partition_stride,
					    out->partition_stride, in->base + (u64)first * size,
					    in->partition_stride, size, block, rows);
		for (; p < rows; p++) {
			u8 *to = out->base + (u64)first * out->partition_stride +
				 (out_step ? p * out_step : view_offset(out, p));
			const u8 *from = in->base + (u64)p * in->partition_stride;

			for (f = 0; f < block; f++, to += out->partition_stride)
				element_move(to, from + (in_step ? (s64)(first + f) * in_step :
							 view_offset(in, first + f)), size);
		}
		task->cursor++;
		task->finished = task->cursor * TRANSPOSE_BLOCK >= columns;
		if (meter_step(&m, (u64)block * rows) || task->finished)
			return meter_units(&m, task->finished);
	}
}
