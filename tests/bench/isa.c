// SPDX-License-Identifier: MIT
/*
 * Host cost of the chip's instructions, per kernel set, and the rate of the tile product beside the peak of this
 * machine measured in the same run. Usage: isa [SET [NAME]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../unit/kernels_rig.h"

#define SBUF_STRIDE	(192 * 1024 + 64)
#define PSUM_STRIDE	(16 * 1024 + 64)
#define SAMPLES		40
#define SAMPLE_NS	300000

enum { FP32 = PUMORI_ISA_FP32, BF16 = PUMORI_ISA_BF16, INT8 = PUMORI_ISA_INT8, UINT8 = PUMORI_ISA_UINT8,
       INT32 = PUMORI_ISA_INT32 };

/* One line of the table. */
struct row {
	const char *name;
	uint16_t opcode;
	uint8_t op0;
	/* Element types and shapes of output and first input; what the other operands are follows from the opcode. */
	uint8_t out_dtype, in_dtype;
	uint8_t out_partitions, in_partitions;
	uint16_t out[4], in[4];
	int32_t in_step[4];	/* if not all zero */
	uint8_t axes;
};

static const struct row rows[] = {
	{ "multiply 128x128x512 bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x128x512 fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x128x512 int8", PUMORI_ISA_MULTIPLY_MOVING, 0, INT32, INT8, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x128x512 uint8", PUMORI_ISA_MULTIPLY_MOVING, 0, INT32, UINT8, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x128x{12,40} int8", PUMORI_ISA_MULTIPLY_MOVING, 0, INT32, INT8, 128, 128, { 480 }, { 12, 40 }, { 42, 1 }, 0 },
	{ "multiply 128x128x{12,40} bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 128, 128, { 480 }, { 12, 40 }, { 42, 1 }, 0 },
	{ "multiply 128x128x{12,40} fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 128, 128, { 480 }, { 12, 40 }, { 42, 1 }, 0 },
	{ "multiply 120x120x40 bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 120, 120, { 40 }, { 40 }, { 0 }, 0 },
	{ "multiply 120x120x40 fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 120, 120, { 40 }, { 40 }, { 0 }, 0 },
	{ "multiply 16x64x480 fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 64, 16, { 480 }, { 480 }, { 0 }, 0 },
	{ "multiply 16x16x512 bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 16, 16, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x1x512 fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 1, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x1x512 bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 1, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x4x512 fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 4, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x4x512 bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 4, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "multiply 128x128x1 fp32", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, FP32, 128, 128, { 1 }, { 1 }, { 0 }, 0 },
	{ "multiply 128x128x1 bf16", PUMORI_ISA_MULTIPLY_MOVING, 0, FP32, BF16, 128, 128, { 1 }, { 1 }, { 0 }, 0 },
	{ "load_stationary 128x128 bf16", PUMORI_ISA_LOAD_STATIONARY, 0, 0, BF16, 0, 128, { 0 }, { 128 }, { 0 }, 0 },
	{ "load_stationary 128x128 fp32", PUMORI_ISA_LOAD_STATIONARY, 0, 0, FP32, 0, 128, { 0 }, { 128 }, { 0 }, 0 },
	{ "load_stationary 128x128 int8", PUMORI_ISA_LOAD_STATIONARY, 0, 0, INT8, 0, 128, { 0 }, { 128 }, { 0 }, 0 },
	{ "quantize int32-int8", PUMORI_ISA_QUANTIZE, PUMORI_ISA_ALU_MULTIPLY, INT8, INT32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "quantize fp32-uint8", PUMORI_ISA_QUANTIZE, PUMORI_ISA_ALU_MULTIPLY, UINT8, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate identity int32-fp32", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_IDENTITY, FP32, INT32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate identity fp32-bf16", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_IDENTITY, BF16, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate relu fp32-fp32", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_RELU, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate hard_swish fp32-bf16", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_HARD_SWISH, BF16, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate relu {12,40} to halo", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_RELU, FP32, FP32, 128, 128, { 12, 40 }, { 12, 40 }, { 42, 1 }, 0 },
	{ "activate exp fp32", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_EXP, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate silu fp32-bf16", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_SILU, BF16, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate gelu fp32", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_GELU, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate log fp32", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_LOG, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "activate sin fp32", PUMORI_ISA_ACTIVATE, PUMORI_ISA_FUNCTION_SIN, FP32, FP32, 128, 128, { 64 }, { 64 }, { 0 }, 0 },
	{ "tensor_tensor add fp32", PUMORI_ISA_TENSOR_TENSOR, PUMORI_ISA_ALU_ADD, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "tensor_tensor add bf16", PUMORI_ISA_TENSOR_TENSOR, PUMORI_ISA_ALU_ADD, BF16, BF16, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "tensor_tensor add {12,40} halo", PUMORI_ISA_TENSOR_TENSOR, PUMORI_ISA_ALU_ADD, FP32, FP32, 128, 128, { 12, 40 }, { 12, 40 }, { 42, 1 }, 0 },
	{ "tensor_tensor power fp32", PUMORI_ISA_TENSOR_TENSOR, PUMORI_ISA_ALU_POWER, FP32, FP32, 128, 128, { 64 }, { 64 }, { 0 }, 0 },
	{ "tensor_scalar multiply fp32", PUMORI_ISA_TENSOR_SCALAR, PUMORI_ISA_ALU_MULTIPLY, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "tensor_scalar [128,1]", PUMORI_ISA_TENSOR_SCALAR, PUMORI_ISA_ALU_MULTIPLY, FP32, FP32, 128, 128, { 1 }, { 1 }, { 0 }, 0 },
	{ "tensor_scalar [1,1]", PUMORI_ISA_TENSOR_SCALAR, PUMORI_ISA_ALU_MULTIPLY, FP32, FP32, 1, 1, { 1 }, { 1 }, { 0 }, 0 },
	{ "copy fp32", PUMORI_ISA_COPY, 0, FP32, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "copy fp32-bf16", PUMORI_ISA_COPY, 0, BF16, FP32, 128, 128, { 512 }, { 512 }, { 0 }, 0 },
	{ "memset", PUMORI_ISA_MEMSET, 0, FP32, 0, 128, 0, { 512 }, { 0 }, { 0 }, 0 },
	{ "reduce add 512 fp32", PUMORI_ISA_REDUCE, PUMORI_ISA_ALU_ADD, FP32, FP32, 128, 128, { 1 }, { 512 }, { 0 }, 1 },
	{ "reduce max {8,40} fp32", PUMORI_ISA_REDUCE, PUMORI_ISA_ALU_MAX, FP32, FP32, 128, 128, { 8 }, { 8, 40 }, { 0 }, 1 },
	{ "reduce max {40,8} strided", PUMORI_ISA_REDUCE, PUMORI_ISA_ALU_MAX, FP32, FP32, 128, 128, { 40 }, { 40, 8 }, { 1, 40 }, 1 },
	{ "transpose 128x128 fp32", PUMORI_ISA_TRANSPOSE, 0, FP32, FP32, 128, 128, { 128 }, { 128 }, { 0 }, 0 },
	{ "transpose 128x128 bf16", PUMORI_ISA_TRANSPOSE, 0, BF16, BF16, 128, 128, { 128 }, { 128 }, { 0 }, 0 },
	{ "window 3x3 {24,96} fp32", PUMORI_ISA_WINDOW_MULTIPLY, 0, FP32, FP32, 128, 128, { 24, 96 }, { 24, 96, 3, 3 }, { 98, 1, 98, 1 }, 0 },
	{ "window 3x3 {24,96} bf16", PUMORI_ISA_WINDOW_MULTIPLY, 0, BF16, BF16, 128, 128, { 24, 96 }, { 24, 96, 3, 3 }, { 98, 1, 98, 1 }, 0 },
	{ "window 5x5 {12,40} fp32", PUMORI_ISA_WINDOW_MULTIPLY, 0, FP32, FP32, 128, 128, { 12, 40 }, { 12, 40, 5, 5 }, { 44, 1, 44, 1 }, 0 },
	{ "window 5x5 {3,160} bf16", PUMORI_ISA_WINDOW_MULTIPLY, 0, BF16, BF16, 128, 128, { 3, 160 }, { 3, 160, 5, 5 }, { 164, 1, 164, 1 }, 0 },
	{ "window 3x3 s2 {12,48} fp32", PUMORI_ISA_WINDOW_MULTIPLY, 0, FP32, FP32, 128, 128, { 12, 48 }, { 12, 48, 3, 3 }, { 196, 2, 98, 1 }, 0 },
	{ "window_max 2x2 s2 {12,48} fp32", PUMORI_ISA_WINDOW_MAX, 0, FP32, FP32, 128, 128, { 12, 48 }, { 12, 48, 2, 2 }, { 192, 2, 96, 1 }, 0 },
	{ "iota", PUMORI_ISA_IOTA, 0, FP32, 0, 1, 0, { 512 }, { 0 }, { 0 }, 0 },
	{ "scan add", PUMORI_ISA_SCAN, PUMORI_ISA_ALU_ADD, FP32, FP32, 128, 128, { 64 }, { 64 }, { 0 }, 0 },
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void operand(struct pumori_isa_operand *o, uint8_t dtype, uint8_t partitions, const uint16_t *count,
		    const int32_t *step, uint32_t offset)
{
	int32_t span = 1;

	memset(o, 0, sizeof(*o));
	if (!partitions)
		return;
	o->space = PUMORI_ISA_SBUF;
	o->dtype = dtype;
	o->partition_count = partitions;
	o->partition_step = 1;
	o->offset = offset;
	while (o->dims < 4 && count[o->dims]) {
		o->count[o->dims] = count[o->dims];
		o->dims++;
	}
	for (int d = o->dims - 1; d >= 0; d--) {
		o->step[d] = step && (step[0] || step[1]) ? step[d] : span;
		span *= count[d];
	}
}

static uint64_t elements(const uint16_t *count)
{
	uint64_t n = 1;

	for (int d = 0; d < 4 && count[d]; d++)
		n *= count[d];
	return n;
}

static void instruction_of(const struct row *row, struct pumori_isa_instruction *instruction)
{
	struct pumori_isa_compute *c = &instruction->compute;

	memset(instruction, 0, sizeof(*instruction));
	instruction->opcode = row->opcode;
	c->op0 = row->op0;
	c->axes = row->axes;
	c->compute = FP32;
	operand(&c->out, row->out_dtype, row->out_partitions, row->out, NULL, 0);
	operand(&c->in[0], row->in_dtype, row->in_partitions, row->in, row->in_step, 64 * 1024);
	if (row->opcode == PUMORI_ISA_TENSOR_TENSOR)
		operand(&c->in[1], row->in_dtype, row->in_partitions, row->in, row->in_step, 128 * 1024);
	if (row->opcode == PUMORI_ISA_WINDOW_MULTIPLY)
		operand(&c->in[1], FP32, row->in_partitions, (const uint16_t[]){ row->in[2], row->in[3], 0 }, NULL,
			128 * 1024);
	if (row->opcode == PUMORI_ISA_MULTIPLY_MOVING) {
		c->out.space = PUMORI_ISA_PSUM;
		c->compute = row->out_dtype;
	}
	if (row->opcode == PUMORI_ISA_QUANTIZE) {
		/* A scale and a bias a channel, as an evacuation has; without a bias as an activation has it. */
		c->imm[3] = 127;
		operand(&c->in[1], FP32, row->in_partitions, (const uint16_t[]){ 1, 0 }, NULL, 160 * 1024);
		if (row->in_dtype == INT32)
			operand(&c->in[2], INT32, row->in_partitions, (const uint16_t[]){ 1, 0 }, NULL, 160 * 1024);
	}
	if (row->opcode == PUMORI_ISA_ACTIVATE) {
		c->imm[0] = oracle_bits(1.0f / 6);
		c->imm[1] = oracle_bits(0.5f);
		c->imm[2] = oracle_bits(1.0f);
		/* A column of biases, as an evacuation has. */
		operand(&c->in[2], FP32, row->in_partitions, (const uint16_t[]){ 1, 0 }, NULL, 160 * 1024);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(struct rig *rig, const struct silicon_kernels *kernels, const struct row *row)
{
	struct pumori_isa_instruction instruction;
	double sample[SAMPLES], flops = 0, bytes;
	uint64_t repeat = 1, took;
	char rate[48];
	uint8_t fault;

	if (row->opcode == PUMORI_ISA_MULTIPLY_MOVING) {
		/* What it multiplies by. */
		const struct row load = {
			.opcode = PUMORI_ISA_LOAD_STATIONARY, .in_dtype = row->in_dtype,
			.in_partitions = row->in_partitions, .in = { row->out_partitions },
		};

		instruction_of(&load, &instruction);
		rig_run(rig, kernels, &instruction, ~0u, &fault);
		flops = 2.0 * row->in_partitions * row->out_partitions * (double)elements(row->out);
	}
	if (row->opcode == PUMORI_ISA_WINDOW_MULTIPLY)
		flops = 2.0 * row->in_partitions * (double)elements(row->in);
	instruction_of(row, &instruction);
	if (!silicon_kernels_supports(row->opcode, &instruction.compute)) {
		printf("%-32s refused\n", row->name);
		exit(1);
	}
	bytes = (double)elements(row->in) * row->in_partitions * oracle_size(row->in_dtype);
	if (row->out_partitions)
		bytes += (double)elements(row->out) * row->out_partitions * oracle_size(row->out_dtype);
	do {
		uint64_t start = now();

		for (uint64_t i = 0; i < repeat; i++)
			rig_run(rig, kernels, &instruction, ~0u, &fault);
		took = now() - start;
		repeat *= 2;
	} while (took < SAMPLE_NS / 2);
	repeat /= 2;
	for (int s = 0; s < SAMPLES; s++) {
		uint64_t start = now();

		for (uint64_t i = 0; i < repeat; i++)
			rig_run(rig, kernels, &instruction, ~0u, &fault);
		sample[s] = (double)(now() - start) / (double)repeat;
	}
	qsort(sample, SAMPLES, sizeof(sample[0]), by_value);
	if (flops != 0)
		snprintf(rate, sizeof(rate), "%.1f GF/s", flops / sample[0]);
	else
		snprintf(rate, sizeof(rate), "%.1f GB/s", bytes / sample[0]);
	printf("%-8s %-32s %10.0f %10.0f   %s\n", kernels->name, row->name, sample[0], sample[SAMPLES / 2], rate);
	fflush(stdout);
}

#if defined(__x86_64__)
/* Sixteen independent chains of one instruction: the most that this core can do. */
#define CHAIN_16(instruction, registers) \
	instruction " " registers "0\n" instruction " " registers "1\n" instruction " " registers "2\n" \
	instruction " " registers "3\n" instruction " " registers "4\n" instruction " " registers "5\n" \
	instruction " " registers "6\n" instruction " " registers "7\n" instruction " " registers "8\n" \
	instruction " " registers "9\n" instruction " " registers "10\n" instruction " " registers "11\n" \
	instruction " " registers "12\n" instruction " " registers "13\n"

static void peak(const char *name, void (*chains)(long), double flops)
{
	double best = 0;

	for (int i = 0; i < 10; i++) {
		uint64_t start = now();

		chains(20000);
		best = SILICON_MAX(best, flops * 14 * 20000 / (double)(now() - start));
	}
	printf("peak     %-32s %32.1f GF/s\n", name, best);
}

#define PEAK(name, instruction, registers) \
static void name(long count) \
{ \
	__asm__ volatile("1:\n" CHAIN_16(instruction, registers) "dec %0\njnz 1b\n" : "+r"(count) : : \
			 "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
			 "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc"); \
}
PEAK(peak_fma_256, "vfmadd231ps %%ymm14, %%ymm15,", "%%ymm")
PEAK(peak_fma_512, "vfmadd231ps %%zmm14, %%zmm15,", "%%zmm")
PEAK(peak_int8_512, "vpdpbusd %%zmm14, %%zmm15,", "%%zmm")
PEAK(peak_bf16_512, "vdpbf16ps %%zmm14, %%zmm15,", "%%zmm")

static void print_peaks(void)
{
	uint32_t host = rig_host();

	if (host & SILICON_HOST_AVX2)
		peak("fp32 FMA, 256 bits", peak_fma_256, 16);
	if (host & SILICON_HOST_AVX512)
		peak("fp32 FMA, 512 bits", peak_fma_512, 32);
	if (host & SILICON_HOST_AVX512_BF16)
		peak("bf16 dot product, 512 bits", peak_bf16_512, 64);
	if (host & SILICON_HOST_AVX512_VNNI)
		peak("int8 dot product, 512 bits", peak_int8_512, 128);
}
#else
static void print_peaks(void)
{
}
#endif

int main(int argc, char **argv)
{
	static const uint32_t choices[] = { SILICON_KERNELS_AVX512, SILICON_KERNELS_AVX2, SILICON_KERNELS_GENERIC };
	struct rig rig;

	rig_create(&rig, 1, SBUF_STRIDE, PSUM_STRIDE);
	for (int p = 0; p < PUMORI_ISA_PARTITIONS; p++)
		for (size_t i = 0; i < SBUF_STRIDE / 4; i++) {
			/* Both halves are small BF16 numbers, and the whole is a small FP32 number. */
			uint32_t bits = 0x3f003f00 + rig_random(&rig, 128) + (rig_random(&rig, 128) << 16);

			memcpy(rig.sbuf + p * SBUF_STRIDE + 4 * i, &bits, 4);
		}
	memset(rig.psum, 0, rig.psum_bytes);
	print_peaks();
	printf("%-8s %-32s %10s %10s\n", "set", "instruction", "min ns", "median ns");
	for (int set = 0; set < 3; set++) {
		const struct silicon_kernels *kernels = silicon_kernels_select(choices[set], rig_host());

		if (!kernels || (argc > 1 && strcmp(argv[1], kernels->name)))
			continue;
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			if (argc < 3 || strstr(rows[i].name, argv[2]))
				measure(&rig, kernels, &rows[i]);
	}
	rig_destroy(&rig);
	return 0;
}
