// SPDX-License-Identifier: MIT
/* STREAM destinations: the product is the same whether the source is read in place or copied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"

#define K		96u
#define N		320u
#define PITCH		400u			/* elements from row to row of the weights */
#define WEIGHTS_BYTES	(K * PITCH * 2u)
#define PAGES		((WEIGHTS_BYTES + 4095u) / 4096u)
#define TILE		1024u			/* where the weights go in a partition */
#define SBUF		4096u
#define PSUM		2048u
#define VA_WEIGHTS	0x100000000ull
#define VA_INPUT	0x200000000ull
#define VA_OUTPUT	0x300000000ull
#define VA_TILE		0x400000000ull

enum { WEIGHTS, INPUT, OUTPUT, TILE_OUT, VARIABLES };

struct bench {
	struct rig *rig;
	struct rig_queue *queue;
	u8 *page[PAGES];
	u8 *input, *output, *tile;
};

/* Device memory in one piece, or pages in disorder. */
static struct bench *create(bool scattered)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));
	u64 address;
	u32 i, j;

	bench->rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_BEST));
	assert_non_null(bench->rig);
	bench->queue = rig_queue_create(bench->rig, 0, 1, 100000);
	assert_int_equal(rig_runlist(bench->rig, 1), 0);
	address = rig_hbm_alloc(bench->rig, PAGES * 4096, 4096);
	for (i = 0; i < PAGES; i++) {
		u64 page = address + (scattered ? PAGES - 1 - i : i) * 4096ull;

		rig_map(bench->rig, 0, VA_WEIGHTS + i * 4096ull, page, PUMORI_HW_PTE_HBM, false);
		bench->page[i] = bench->rig->hbm + page;
		for (j = 0; j < 4096; j += 2)
			*(u16 *)(bench->page[i] + j) = (u16)(0x3e00 + (i * 977 + j * 31) % 512);
	}
	bench->input = rig_buffer(bench->rig, 0, VA_INPUT, 4096, false);
	bench->output = rig_buffer(bench->rig, 0, VA_OUTPUT, 4096, true);
	bench->tile = rig_buffer(bench->rig, 0, VA_TILE, 4096, true);
	for (i = 0; i < K; i++)
		*(u16 *)(bench->input + 2 * i) = (u16)(0x3f00 + i);
	return bench;
}

static void destroy(struct bench *bench)
{
	rig_destroy(bench->rig);
	test_free(bench);
}

/* One row times the weights. @idle loops pass between the DMA and the product; @columns are consumed. */
static void load(struct bench *bench, bool stream, u32 idle, u32 columns)
{
	struct program *program = test_calloc(1, sizeof(*program));
	struct pumori_isa_instruction *instruction;

	program_begin(program, SBUF, PSUM);
	program_entry(program, VARIABLES, 0, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_BF16, 0, K, 0, 1), memory_side(PUMORI_ISA_BF16, INPUT, 0, K)),
		    0, 1);
	instruction = add_dma(program, sbuf_side(PUMORI_ISA_BF16, 0, K, TILE, N),
			      memory_side(PUMORI_ISA_BF16, WEIGHTS, 32, K));
	instruction->dma.source.dims = 2;
	instruction->dma.source.step[0] = PITCH;
	instruction->dma.source.count[1] = N;
	instruction->dma.source.step[1] = 1;
	instruction->dma.destination.flags = stream ? PUMORI_ISA_DMA_STREAM : 0;
	with_signal(instruction, 0, 1);
	with_wait(add_dma(program, memory_side(PUMORI_ISA_FP32, OUTPUT, 0, N), sbuf_side(PUMORI_ISA_FP32, 0, 1, 2048, N)),
		  0, 2, 1);
	add_dma(program, memory_side(PUMORI_ISA_BF16, TILE_OUT, 0, N), sbuf_side(PUMORI_ISA_BF16, 0, 1, TILE, N));
	add_end(program);

	program_stream(program, PUMORI_ISA_TENSOR);
	instruction = program_add(program, PUMORI_ISA_LOAD_STATIONARY);
	instruction->compute.in[0] = sbuf_row(PUMORI_ISA_BF16, 0, K, 0, 1);
	with_wait(instruction, 0, 0, 2);
	add_loop(program, 0, idle);
	add_loop_end(program, 0);
	instruction = program_add(program, PUMORI_ISA_MULTIPLY_MOVING);
	instruction->compute.in[0] = sbuf_row(PUMORI_ISA_BF16, 0, K, TILE, columns);
	instruction->compute.out = psum_row(PUMORI_ISA_FP32, 0, 1, 0, columns);
	instruction->compute.modifiers = stream ? PUMORI_ISA_STREAMED : 0;
	with_signal(instruction, 1, 1);
	add_end(program);

	program_stream(program, PUMORI_ISA_VECTOR);
	instruction = add_copy(program, sbuf_row(PUMORI_ISA_FP32, 0, 1, 2048, N), psum_row(PUMORI_ISA_FP32, 0, 1, 0, N));
	with_signal(with_wait(instruction, 0, 1, 1), 2, 1);
	add_end(program);
	assert_int_equal(rig_load_program(bench->rig, 0, 0, program), 0);
	test_free(program);
}

static u64 submit(struct bench *bench)
{
	struct pumori_hw_job *job = rig_next_job(bench->queue);

	rig_variable(job, WEIGHTS, VA_WEIGHTS, WEIGHTS_BYTES, false);
	rig_variable(job, INPUT, VA_INPUT, 4096, false);
	rig_variable(job, OUTPUT, VA_OUTPUT, 4096, true);
	rig_variable(job, TILE_OUT, VA_TILE, 4096, true);
	return rig_submit(bench->rig, bench->queue, 0, 0);
}

static void run(struct bench *bench, u32 status, u32 fault)
{
	const struct pumori_hw_record *record = rig_wait(bench->rig, bench->queue, submit(bench));

	assert_non_null(record);
	assert_int_equal(record->status, status);
	assert_int_equal(record->fault, fault);
}

static bool tile_is_zero(const struct bench *bench)
{
	u32 i;

	for (i = 0; i < N * 2; i++)
		if (bench->tile[i])
			return false;
	return true;
}

static void expect(bool scattered, u32 budget)
{
	struct bench *copied = create(scattered), *streamed = create(scattered);

	load(copied, false, 0, N);
	run(copied, PUMORI_HW_JOB_DONE, PUMORI_HW_FAULT_NONE);
	assert_false(tile_is_zero(copied));
	streamed->rig->budget = budget;
	load(streamed, true, 3, N);
	run(streamed, PUMORI_HW_JOB_DONE, PUMORI_HW_FAULT_NONE);
	assert_memory_equal(streamed->output, copied->output, N * 4);
	/* Read in place it is never in SBUF. */
	assert_int_equal(tile_is_zero(streamed), !scattered);
	destroy(copied);
	destroy(streamed);
}

static void read_in_place(void **state)
{
	(void)state;
	expect(false, 1000);
}

static void read_in_place_by_small_steps(void **state)
{
	(void)state;
	expect(false, 1);
	expect(false, 0);
}

static void copied_from_scattered_pages(void **state)
{
	(void)state;
	expect(true, 1000);
	expect(true, 1);
}

static void missing_page_faults_at_the_dma(void **state)
{
	struct bench *bench = create(false);
	const struct pumori_hw_record *record;

	(void)state;
	load(bench, true, 0, N);
	rig_unmap(bench->rig, 0, VA_WEIGHTS + 3 * 4096);
	record = rig_wait(bench->rig, bench->queue, submit(bench));
	assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_MMU);
	assert_int_equal(record->stream, PUMORI_ISA_DMA0);
	destroy(bench);
}

/* What is invalidated between the DMA and the product is never read. */
static void page_taken_away_faults_at_the_product(void **state)
{
	struct pumori_hw_control invalidate = { .opcode = PUMORI_HW_CONTROL_TLB_INVALIDATE };
	struct bench *bench = create(false);
	const struct pumori_hw_record *record;
	u64 sequence;
	u32 i;

	(void)state;
	load(bench, true, 100000, N);
	sequence = submit(bench);
	for (i = 0; i < 5000; i++)
		rig_step(bench->rig, 3);
	assert_int_equal(bench->queue->completion->sequence, 0);
	rig_unmap(bench->rig, 0, VA_WEIGHTS + 3 * 4096);
	invalidate.target = bench->queue->descriptor->address_space;
	assert_int_equal(rig_command(bench->rig, 0, invalidate, NULL), PUMORI_HW_FAULT_NONE);
	record = rig_wait(bench->rig, bench->queue, sequence);
	assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_MMU);
	assert_int_equal(record->stream, PUMORI_ISA_TENSOR);
	destroy(bench);
}

static void another_shape_reads_sbuf(void **state)
{
	struct bench *bench = create(false);
	u32 i;

	(void)state;
	load(bench, true, 0, N - 1);
	run(bench, PUMORI_HW_JOB_DONE, PUMORI_HW_FAULT_NONE);
	for (i = 0; i < (N - 1) * 4; i++)
		assert_int_equal(bench->output[i], 0);
	destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_in_place),
		cmocka_unit_test(read_in_place_by_small_steps),
		cmocka_unit_test(copied_from_scattered_pages),
		cmocka_unit_test(missing_page_faults_at_the_dma),
		cmocka_unit_test(page_taken_away_faults_at_the_product),
		cmocka_unit_test(another_shape_reads_sbuf),
	};

	return cmocka_run_group_tests_name("silicon_inplace", tests, NULL, NULL);
}
