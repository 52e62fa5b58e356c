// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "kernels_rig.h"

uint32_t rig_host(void)
{
	uint32_t host = 0;

#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		host |= SILICON_HOST_AVX2;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
		host |= SILICON_HOST_AVX512;
	if (__builtin_cpu_supports("avx512bf16"))
		host |= SILICON_HOST_AVX512_BF16;
	if (__builtin_cpu_supports("avx512vnni"))
		host |= SILICON_HOST_AVX512_VNNI;
#endif
	return host;
}

void rig_create(struct rig *rig, uint64_t seed, size_t sbuf_stride, size_t psum_stride)
{
	memset(rig, 0, sizeof(*rig));
	rig->random = seed * 2654435761u + 88172645463325252ull;
	rig->sbuf_stride = sbuf_stride;
	rig->psum_stride = psum_stride;
	rig->sbuf_bytes = sbuf_stride * PUMORI_ISA_PARTITIONS;
	rig->psum_bytes = psum_stride * PUMORI_ISA_PARTITIONS;
	rig->sbuf = aligned_alloc(64, rig->sbuf_bytes);
	rig->psum = aligned_alloc(64, rig->psum_bytes);
	rig->stationary = aligned_alloc(64, 2 * sizeof(*rig->stationary));
	rig->scratch = aligned_alloc(64, SILICON_SCRATCH_BYTES);
	if (!rig->sbuf || !rig->psum || !rig->stationary || !rig->scratch)
		abort();
	memset(rig->scratch, 0xa5, SILICON_SCRATCH_BYTES);
	memset(rig->stationary, 0, 2 * sizeof(*rig->stationary));
}

void rig_destroy(struct rig *rig)
{
	free(rig->sbuf);
	free(rig->psum);
	free(rig->stationary);
	free(rig->scratch);
}

static uint64_t random_bits(struct rig *rig)
{
	rig->random ^= rig->random << 13;
	rig->random ^= rig->random >> 7;
	rig->random ^= rig->random << 17;
	return rig->random * 0x2545f4914f6cdd1dull;
}

uint32_t rig_random(struct rig *rig, uint32_t below)
{
	return (uint32_t)((random_bits(rig) >> 32) * below >> 32);
}

static uint32_t special_float(struct rig *rig)
{
	static const uint32_t values[] = {
		0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345,
		1, 0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff, 0x4b000000, 0x4f000000,
		0x5f000000, 0xcf000000, 0x3f000000, 0xbf000000, 0x40000000, 0x42b17218, 0xc2cff1b5, 0x3f490fdb,
	};

	return values[rig_random(rig, sizeof(values) / sizeof(values[0]))];
}

void rig_fill(struct rig *rig, uint8_t *at, size_t bytes, uint8_t dtype, unsigned int mode)
{
	unsigned int size = oracle_size(dtype);

	for (size_t i = 0; i + size <= bytes; i += size) {
		uint64_t raw = random_bits(rig);

		if (dtype == PUMORI_ISA_FP32 || dtype == PUMORI_ISA_BF16) {
			uint32_t bits = (uint32_t)raw;

			if (mode == 0)
				bits = oracle_bits((float)((int32_t)bits >> 8) * 0x1p-21f);
			else if (mode == 2)
				bits = special_float(rig);
			raw = dtype == PUMORI_ISA_BF16 ? bits >> 16 : bits;
		} else if (dtype >= PUMORI_ISA_FP16 && dtype <= PUMORI_ISA_FP8E5M2) {
			/* Any bits, but plain numbers on request. */
			if (mode == 0)
				raw = oracle_narrow_store(dtype, (float)((int32_t)raw >> 16) * 0x1p-9f);
			else if (mode == 2)
				raw = oracle_narrow_store(dtype, oracle_from_bits(special_float(rig)));
		} else if (mode == 0) {
			raw = (uint64_t)((int64_t)(raw >> 32 & 0xff) - 100);
		} else if (mode == 2) {
			uint64_t top = 1ull << (8 * size - 1);

			raw = (uint64_t[]){ 0, 1, ~0ull, top, top - 1, 31, 7 }[rig_random(rig, 7)];
		}
		memcpy(at + i, &raw, size);
	}
}

static void view_of(const struct rig *rig, const struct pumori_isa_operand *operand, struct silicon_view *view)
{
	bool psum = operand->space == PUMORI_ISA_PSUM;
	size_t stride = psum ? rig->psum_stride : rig->sbuf_stride;
	unsigned int unused = 4u - operand->dims;

	memset(view, 0, sizeof(*view));
	if (operand->space == PUMORI_ISA_UNUSED)
		return;
	view->base = (psum ? rig->psum : rig->sbuf) + operand->partition_start * stride + operand->offset;
	view->partition_stride = operand->partition_step ? (uint32_t)stride : 0;
	view->partitions = operand->partition_count;
	view->dtype = operand->dtype;
	for (unsigned int d = 0; d < 4; d++) {
		view->count[d] = d < unused ? 1 : operand->count[d - unused];
		view->step[d] = d < unused ? 0 : operand->step[d - unused] * (int32_t)oracle_size(operand->dtype);
	}
}

uint64_t rig_run(struct rig *rig, const struct silicon_kernels *kernels,
		 const struct pumori_isa_instruction *instruction, uint32_t budget, uint8_t *fault)
{
	const struct pumori_isa_compute *c = &instruction->compute;
	struct silicon_task task;
	uint64_t units = 0;
	uint32_t state;

	memset(&task, 0, sizeof(task));
	view_of(rig, &c->out, &task.out);
	for (int i = 0; i < 3; i++)
		view_of(rig, &c->in[i], &task.in[i]);
	if (c->accumulator_space != PUMORI_ISA_UNUSED) {
		task.accumulator.base = rig->sbuf + c->out.partition_start * rig->sbuf_stride + c->accumulator_offset;
		task.accumulator.partition_stride = (uint32_t)rig->sbuf_stride;
		task.accumulator.partitions = c->out.partition_count;
		task.accumulator.dtype = PUMORI_ISA_FP32;
		for (int d = 0; d < 4; d++)
			task.accumulator.count[d] = 1;
	}
	task.stationary = &rig->stationary[c->modifiers & PUMORI_ISA_BUFFER1 ? 1 : 0];
	task.scratch = rig->scratch;
	task.opcode = instruction->opcode;
	task.modifiers = c->modifiers;
	task.op0 = c->op0;
	task.op1 = c->op1;
	task.compute = c->compute;
	task.axes = c->axes;
	memcpy(task.imm, c->imm, sizeof(task.imm));
	memset(task.partials, 0x5a, sizeof(task.partials));
	state = kernels->begin();
	while (!task.finished) {
		uint32_t done = kernels->run[task.opcode](&task, budget ? budget : 1 + rig_random(rig, 40));

		if (!done)
			abort();
		units += done;
		/* Nothing may rest in the scratch memory between calls. */
		if (!budget && rig_random(rig, 4) == 0)
			memset(rig->scratch, (int)rig_random(rig, 256), SILICON_SCRATCH_BYTES);
	}
	kernels->end(state);
	rig->nonfinite = task.nan_count;
	*fault = task.fault;
	return units;
}

void rig_pattern(struct rig *rig, struct pumori_isa_operand *operand, uint8_t dtype, unsigned int dims,
		 unsigned int elements, const uint16_t *counts, bool output)
{
	unsigned int order[4] = { 0, 1, 2, 3 }, kind = rig_random(rig, 4), d;
	int64_t span = 1;

	memset(operand, 0, sizeof(*operand));
	operand->space = PUMORI_ISA_SBUF;
	operand->dtype = dtype;
	operand->partition_step = 1;
	if (counts) {
		for (dims = 0; dims < 4 && counts[dims]; dims++)
			operand->count[dims] = counts[dims];
	} else {
		unsigned int left = elements;

		for (d = 0; d < dims; d++) {
			operand->count[d] = (uint16_t)(1 + rig_random(rig, d + 1 == dims ? left : left < 20 ? left : 20));
			left /= operand->count[d];
			if (!left)
				left = 1;
		}
	}
	operand->dims = (uint8_t)dims;
	/* Nested strides in a random order of the dimensions, dense half of the time. */
	if (kind == 3)
		for (d = dims; d-- > 1;) {
			unsigned int other = rig_random(rig, d + 1), swap = order[d];

			order[d] = order[other];
			order[other] = swap;
		}
	for (d = dims; d-- > 0;) {
		unsigned int k = order[d];

		if (kind >= 2 && rig_random(rig, 2))
			span += rig_random(rig, 4);
		operand->step[k] = (int32_t)span;
		if (kind == 3 && rig_random(rig, 4) == 0)
			operand->step[k] = -operand->step[k];
		span *= operand->count[k];
		if (!output && kind >= 2 && rig_random(rig, 4) == 0)
			operand->step[k] = 0;
	}
	if (dims > 0 && kind == 1 && rig_random(rig, 3) == 0)
		for (d = 0; d < dims; d++)
			operand->step[d] *= 2;
}

bool rig_place(struct rig *rig, struct pumori_isa_operand *operand, size_t offset, size_t bytes)
{
	unsigned int size = oracle_size(operand->dtype);
	int64_t low = 0, high = 0, room;

	for (unsigned int d = 0; d < operand->dims; d++) {
		int64_t reach = (int64_t)operand->step[d] * (operand->count[d] - 1);

		if (reach < 0)
			low += reach;
		else
			high += reach;
	}
	room = (int64_t)(bytes / size) - (high - low + 1);
	if (room < 0)
		return false;
	operand->offset = (uint32_t)(offset + (size_t)(rig_random(rig, (uint32_t)room + 1) - low) * size);
	return true;
}
