/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Random bits by counting: those of an element depend on the seed, its partition and its number there alone, so
 * that nothing has to be kept, and a task may stop anywhere. RANDOM, and COPY with STOCHASTIC.
 */

#define RANDOM_WEYL	0x9e3779b9u

SCALAR_INLINE u32 random_mix(u32 x)
{
	x ^= x >> 16;
	x *= 0x21f0aaad;
	x ^= x >> 15;
	x *= 0x735a2d97;
	return x ^ x >> 15;
}

SIMD_INLINE vi random_mix_lanes(vi x)
{
	x = vi_xor(x, vi_shift_right(x, vi_splat(16)));
	x = vi_mul(x, vi_splat(0x21f0aaad));
	x = vi_xor(x, vi_shift_right(x, vi_splat(15)));
	x = vi_mul(x, vi_splat(0x735a2d97));
	return vi_xor(x, vi_shift_right(x, vi_splat(15)));
}

/* What tells partitions apart. */
static u32 random_key(const struct silicon_task *task, const struct silicon_view *seed, u32 partition)
{
	u32 bits = seed->base ? *(const u32 *)(seed->base + (u64)partition * seed->partition_stride) : task->imm[0];

	return random_mix(bits + RANDOM_WEYL * (partition + 1));
}

/* The bits of elements @first.. of a partition; writes whole vectors. */
static void random_row(u32 *to, u32 key, u32 first, u32 count)
{
	static const u32 lanes[LANES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
	vi index = vi_add(vi_load(lanes), vi_splat((s32)first));
	u32 i;

	for (i = 0; i < count; i += LANES, index = vi_add(index, vi_splat(LANES)))
		vi_store(to + i, random_mix_lanes(vi_add(random_mix_lanes(index), vi_splat((s32)key))));
}

static u32 run_random(struct silicon_task *task, u32 budget)
{
	u32 *bits = (u32 *)task->scratch, per_partition, n, i;
	struct walk w;
	struct segment s;
	struct meter m;

	walk_shape(&w, &task->out);
	walk_add(&w, &task->out);
	walk_fold(&w, 1);
	walk_cut(&w, ROWS_BUFFER);
	per_partition = (u32)(w.elements / w.count[0]);
	meter_start(&m, walk_segment(&w, task->cursor, &s), silicon_dtype_size(task->out.dtype), budget);
	for (;;) {
		u32 partition = (u32)(m.done / per_partition);

		n = s.rows * s.columns;
		random_row(bits, random_key(task, &task->in[0], partition), (u32)(m.done % per_partition), n);
		for (i = 0; i < n && task->compute == PUMORI_ISA_FP32; i += LANES) {
			vi fraction = vi_shift_right(vi_load(bits + i), vi_splat(8));

			vf_store(bits + i, vf_mul(vi_to_vf(fraction), vf_splat(0x1p-24f)));
		}
		compute_store(task->compute, s.at[0], task->out.dtype, w.step[0][3], s.rows, w.step[0][4], s.columns,
			      bits);
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, n) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}

/* Up or down, the likelier the nearer: random bits are added to what is cut off. */
SIMD_INLINE vi stochastic_narrow(const struct narrow_format *f, vf a, vi bits)
{
	vi magnitude = vi_and(vf_bits(a), vi_splat(0x7fffffff)), cut = vi_splat((1 << f->shift) - 1);
	vf fraction = vf_mul(vi_to_vf(vi_shift_right(bits, vi_splat(8))), vf_splat(0x1p-24f));
	/* Beyond the smallest normal number this is not used, and must only convert. */
	vf places = vf_mul(vf_min(vi_float(magnitude), vi_float(vi_splat((s32)f->smallest))),
			   vi_float(vi_splat((s32)f->places)));

	return narrow_finish(f, a, magnitude, narrow_normal(f, magnitude, vi_and(bits, cut)),
			     vf_to_vi(vf_truncate(vf_add(places, fraction))));
}

/* Subnormals become zero. */
SIMD_INLINE vi stochastic_bf16(vf a, vi bits)
{
	vi raw = vf_bits(a), magnitude = vi_and(raw, vi_splat(0x7fffffff)), up;
	vi sign = vi_and(raw, vi_splat((s32)0x80000000u));

	up = vi_add(magnitude, vi_and(bits, vi_splat(0xffff)));
	up = vi_select(vi_greater(magnitude, vi_splat(0x7f7fffff)), magnitude, up);
	up = vi_select(vi_greater(vi_splat(0x00800000), magnitude), vi_splat(0), up);
	up = vi_or(up, sign);
	up = vi_select(vf_unordered(a), vi_splat(CANONICAL_NAN), up);
	return vi_shift_right(up, vi_splat(16));
}

static void stochastic_row(u32 *bits, const float *values, u32 count, u8 dtype)
{
	u32 i;

	for (i = 0; i < count; i += LANES) {
		vf a = vf_load(values + i);
		vi random = vi_load(bits + i);

		if (dtype == PUMORI_ISA_BF16)
			random = stochastic_bf16(a, random);
		else if (dtype == PUMORI_ISA_FP16)
			random = stochastic_narrow(&narrow_fp16, a, random);
		else if (dtype == PUMORI_ISA_FP8E4M3)
			random = stochastic_narrow(&narrow_fp8e4m3, a, random);
		else
			random = stochastic_narrow(&narrow_fp8e5m2, a, random);
		vi_store(bits + i, random);
	}
}

static u32 copy_stochastic(struct silicon_task *task, u32 budget)
{
	u8 out = task->out.dtype, in = task->in[0].dtype;
	u32 size = silicon_dtype_size(out), *bits = (u32 *)task->scratch, per_partition, r, i;
	float *values = (float *)(task->scratch + ROWS_BUFFER * 4);
	struct walk w;
	struct segment s;
	struct meter m;

	walk_shape(&w, &task->out);
	walk_add(&w, &task->out);
	walk_add(&w, &task->in[0]);
	walk_fold(&w, 1);
	walk_cut(&w, ROWS_BUFFER);
	per_partition = (u32)(w.elements / w.count[0]);
	meter_start(&m, walk_segment(&w, task->cursor, &s), size + silicon_dtype_size(in), budget);
	for (;;) {
		u32 partition = (u32)(m.done / per_partition), n = s.rows * s.columns;
		const u32 *from = bits;

		random_row(bits, random_key(task, &task->in[1], partition), (u32)(m.done % per_partition), n);
		rows_load_float(values, in, s.at[1], w.step[1][3], s.rows, w.step[1][4], s.columns);
		stochastic_row(bits, values, n, out);
		for (r = 0; r < s.rows; r++) {
			u8 *to = s.at[0] + r * w.step[0][3];

			for (i = 0; i < s.columns; i++, to += w.step[0][4], from++) {
				if (size == 2)
					*(u16 *)to = (u16)*from;
				else
					*to = (u8)*from;
			}
		}
		task_count_nonfinite(task, &w, &s);
		task->finished = ++task->cursor == w.segments;
		if (meter_step(&m, n) || task->finished)
			return meter_units(&m, task->finished);
		walk_segment(&w, task->cursor, &s);
	}
}
