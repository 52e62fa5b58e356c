// SPDX-License-Identifier: MIT
/*
 * What the chip spends on an instruction beside its arithmetic, and a product by one row whose weights do not fit
 * in any cache: BF16 read in place should take half of the time that FP32 read in place takes. With an argument only
 * the first. Times are of the processor, not of the wall.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../unit/chip_rig.h"

#define ROUNDS		2000u
#define BODY		16u		/* instructions of a loop */
#define SAMPLES		15u
#define WEIGHTS		(80u << 20)	/* elements: 160 MiB of BF16 */
#define N		512u
#define K		128u
#define TILES		(WEIGHTS / (K * N))
#define VA_WEIGHTS	0x100000000ull

static uint64_t now(void)
{
	struct timespec t;

	/* Of this process alone: what others do to a shared machine shows in the caches only. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds of one job. */
static double job_ns(struct rig *rig, struct rig_queue *queue)
{
	struct pumori_hw_job *job = rig_next_job(queue);
	const struct pumori_hw_record *record;
	uint64_t start = now(), sequence;

	if (rig->hbm_used)
		rig_variable(job, 0, VA_WEIGHTS, rig->config.hbm_bytes, false);
	sequence = rig_submit(rig, queue, 0, 0);
	record = rig_wait(rig, queue, sequence);
	if (!record || record->status != PUMORI_HW_JOB_DONE) {
		fprintf(stderr, "the job failed\n");
		exit(1);
	}
	return (double)(now() - start);
}

static void print_samples(const char *name, double *sample, double divisor, const char *unit)
{
	qsort(sample, SAMPLES, sizeof(*sample), by_value);
	printf("%-48s %8.1f %8.1f %s\n", name, sample[0] / divisor, sample[SAMPLES / 2] / divisor, unit);
	fflush(stdout);
}

static struct pumori_isa_instruction *add_tiny(struct program *program, uint32_t offset)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_TENSOR_SCALAR);

	instruction->compute.compute = PUMORI_ISA_FP32;
	instruction->compute.out = sbuf_row(PUMORI_ISA_FP32, 0, 1, offset, 1);
	instruction->compute.in[0] = instruction->compute.out;
	instruction->compute.op0 = PUMORI_ISA_ALU_ADD;
	instruction->compute.imm[0] = 0x3f800000;
	return instruction;
}

static struct pumori_isa_instruction *add_one(struct program *program, unsigned int kind, unsigned int i)
{
	switch (kind) {
	case 0:
		return program_add(program, PUMORI_ISA_NOP);
	case 1:
		return add_tiny(program, 4 * i);
	default:
		return add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 256 + 64 * i, 16),
			       sbuf_side(PUMORI_ISA_FP32, 1, 1, 256 + 64 * i, 16));
	}
}

/* Streams of one kind of instruction; with @meet, two of them that wait for each other at each. */
static void issue_cost(const char *name, unsigned int kind, bool meet)
{
	static const unsigned int streams[3][2] = { { PUMORI_ISA_SYNC, PUMORI_ISA_GPSIMD },
						    { PUMORI_ISA_VECTOR, PUMORI_ISA_GPSIMD },
						    { PUMORI_ISA_DMA0, PUMORI_ISA_DMA0 + 1 } };
	struct rig *rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_BEST));
	struct program *program = calloc(1, sizeof(*program));
	struct rig_queue *queue;
	double sample[SAMPLES];

	if (!rig || !program)
		exit(1);
	rig->budget = 100000;
	program_begin(program, 4096, 0);
	program_entry(program, 0, 0, 0);
	for (unsigned int s = 0; s < (meet ? 2 : 1); s++) {
		program_stream(program, streams[kind][s]);
		add_loop(program, 0, ROUNDS);
		for (unsigned int i = 0; i < BODY; i++) {
			struct pumori_isa_instruction *instruction = add_one(program, kind, i + s * BODY);

			if (!meet)
				continue;
			/* The second stream follows the first, which waits for its last one. */
			with_wait(instruction, 0, !s, s ? i + 1 : i);
			instruction->wait[0].bind = PUMORI_ISA_BIND_LOOP(0);
			instruction->wait[0].step = BODY;
			with_signal(instruction, s, 1);
		}
		add_loop_end(program, 0);
		add_end(program);
	}
	queue = rig_queue_create(rig, 0, 1, 1000000);
	if (rig_runlist(rig, 1) || rig_load_program(rig, 0, 0, program)) {
		fprintf(stderr, "%s: refused\n", name);
		exit(1);
	}
	for (unsigned int i = 0; i < SAMPLES; i++)
		sample[i] = job_ns(rig, queue);
	print_samples(name, sample, (double)ROUNDS * BODY * (meet ? 2 : 1), "ns an instruction");
	free(program);
	rig_destroy(rig);
}

/* All tiles of the weights, two at a time under way. */
static struct rig *weights_create(uint8_t dtype, bool stream)
{
	uint32_t size = dtype == PUMORI_ISA_BF16 ? 2 : 4, bytes = WEIGHTS * size;
	struct rig *rig = rig_create_sized(1, 1, rig_kernels(SILICON_KERNELS_BEST), bytes);
	struct program *program = calloc(1, sizeof(*program));
	struct pumori_isa_instruction *instruction;

	if (!rig || !program)
		exit(1);
	rig->budget = 100000;
	rig->hbm_used = bytes;
	for (uint64_t i = 0; i < bytes; i += 2u << 20)
		rig_map(rig, 0, VA_WEIGHTS + i, i, PUMORI_HW_PTE_HBM, true);
	program_begin(program, 16384, 4096);
	program_entry(program, 1, 0, 0);
	for (unsigned int half = 0; half < 2; half++) {
		program_stream(program, PUMORI_ISA_DMA0 + half);
		add_loop(program, 0, TILES / 2);
		instruction = add_dma(program, sbuf_side(dtype, 0, K, 4096 + half * 4096, N),
				      memory_side(dtype, 0, (uint64_t)half * K * N * size, K * N));
		instruction->dma.source.bind[0] = PUMORI_ISA_BIND_LOOP(0);
		instruction->dma.source.bind_stride[0] = 2ll * K * N * size;
		instruction->dma.destination.flags = stream ? PUMORI_ISA_DMA_STREAM : 0;
		/* A half is free when the product before has taken it. */
		with_wait(instruction, 0, 2 + half, 0);
		instruction->wait[0].bind = PUMORI_ISA_BIND_LOOP(0);
		instruction->wait[0].step = 1;
		with_signal(instruction, half, 1);
		add_loop_end(program, 0);
		add_end(program);
	}
	program_stream(program, PUMORI_ISA_TENSOR);
	instruction = program_add(program, PUMORI_ISA_LOAD_STATIONARY);
	instruction->compute.in[0] = sbuf_row(dtype, 0, K, 0, 1);
	add_loop(program, 0, TILES / 2);
	for (unsigned int half = 0; half < 2; half++) {
		instruction = program_add(program, PUMORI_ISA_MULTIPLY_MOVING);
		instruction->compute.in[0] = sbuf_row(dtype, 0, K, 4096 + half * 4096, N);
		instruction->compute.out = psum_row(PUMORI_ISA_FP32, 0, 1, half * 2048, N);
		instruction->compute.modifiers = PUMORI_ISA_ACCUMULATE | (stream ? PUMORI_ISA_STREAMED : 0);
		with_wait(instruction, 0, half, 1);
		instruction->wait[0].bind = PUMORI_ISA_BIND_LOOP(0);
		instruction->wait[0].step = 1;
		with_signal(instruction, 2 + half, 1);
	}
	add_loop_end(program, 0);
	add_end(program);
	rig_queue_create(rig, 0, 1, 1000000);
	if (rig_runlist(rig, 1) || rig_load_program(rig, 0, 0, program)) {
		fprintf(stderr, "weights: refused\n");
		exit(1);
	}
	free(program);
	return rig;
}

static void weights(void)
{
	static const char *const names[] = { "1 x 160 MiB BF16, read in place", "1 x 320 MiB FP32, read in place",
					     "1 x 160 MiB BF16, copied to SBUF" };
	struct rig *rig[3] = { weights_create(PUMORI_ISA_BF16, true), weights_create(PUMORI_ISA_FP32, true),
			       weights_create(PUMORI_ISA_BF16, false) };
	double sample[3][SAMPLES];

	for (unsigned int i = 0; i < SAMPLES; i++)
		for (unsigned int k = 0; k < 3; k++)
			sample[k][i] = job_ns(rig[k], &rig[k]->queue[0]);
	for (unsigned int k = 0; k < 3; k++) {
		print_samples(names[k], sample[k], 1e6, "ms");
		rig_destroy(rig[k]);
	}
	printf("%-48s %8.2f %8.2f times\n", "FP32 / BF16, both in place", sample[1][0] / sample[0][0],
	       sample[1][SAMPLES / 2] / sample[0][SAMPLES / 2]);
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("%-48s %8s %8s\n", "", "min", "median");
	issue_cost("nop", 0, false);
	issue_cost("tensor_scalar of one element", 1, false);
	issue_cost("dma of 64 bytes", 2, false);
	issue_cost("nop, each with a wait and a signal", 0, true);
	issue_cost("tensor_scalar, each with a wait and a signal", 1, true);
	issue_cost("dma of 64 bytes, each with a wait and a signal", 2, true);
	if (argc < 2)
		weights();
	return 0;
}
