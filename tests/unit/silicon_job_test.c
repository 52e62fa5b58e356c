// SPDX-License-Identifier: MIT
/*
 * Jobs that run: data in and out, semaphores, loops, registers; the same bytes and cycles for every
 * budget.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"

#define SBUF	8192
#define PSUM	2048
#define VA_IN	0x100000000ull
#define VA_OUT	0x200000000ull
#define WORDS	4096u

struct bench {
	struct rig *rig;
	struct rig_queue *queue;
	u32 *in;
	u32 *out;
	struct program program;
};

static int setup(void **state)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));
	u32 i;

	bench->rig = rig_create(1, 2, rig_kernels(SILICON_KERNELS_GENERIC));
	assert_non_null(bench->rig);
	bench->queue = rig_queue_create(bench->rig, 0, 1, 1000);
	assert_int_equal(rig_runlist(bench->rig, 1), PUMORI_HW_FAULT_NONE);
	bench->in = (u32 *)rig_buffer(bench->rig, 0, VA_IN, WORDS * 4, false);
	bench->out = (u32 *)rig_buffer(bench->rig, 0, VA_OUT, WORDS * 4, true);
	for (i = 0; i < WORDS; i++)
		bench->in[i] = 0x3f800000u + i * 977;
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	rig_destroy(bench->rig);
	test_free(bench);
	return 0;
}

/* Loads the program as number @id and runs its first entry with in and out as variables 0 and 1. */
static const struct pumori_hw_record *run(struct bench *bench, u32 id)
{
	struct pumori_hw_job *job;
	u64 sequence;

	assert_int_equal(rig_load_program(bench->rig, id, id * 256, &bench->program),
			 PUMORI_HW_FAULT_NONE);
	job = rig_next_job(bench->queue);
	rig_variable(job, 0, VA_IN, WORDS * 4, false);
	rig_variable(job, 1, VA_OUT, WORDS * 4, true);
	job->scalars = 2;
	job->scalar[0] = 17;
	job->scalar[1] = (u32)-5;
	sequence = rig_submit(bench->rig, bench->queue, id, 0);
	return rig_wait(bench->rig, bench->queue, sequence);
}

static void begin(struct bench *bench)
{
	program_begin(&bench->program, SBUF, PSUM);
	program_entry(&bench->program, 2, 2, 0);
}

static void empty_job(void **state)
{
	struct bench *bench = *state;
	const struct pumori_hw_record *record;
	struct pumori_hw_event event;

	begin(bench);
	program_stream(&bench->program, PUMORI_ISA_SYNC);
	add_end(&bench->program);
	record = run(bench, 0);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(record->cycles, 1);
	assert_int_equal(bench->queue->completion->state, PUMORI_HW_QUEUE_IDLE);
	assert_int_equal(bench->queue->completion->head, 1);
	assert_true(rig_event(bench->rig, 0, &event));
	assert_int_equal(event.type, PUMORI_HW_EVENT_JOB);
	assert_int_equal(event.queue, bench->queue->descriptor->id);
	assert_int_equal(event.sequence, 1);
	assert_false(rig_event(bench->rig, 0, &event));
}

static u32 core_register(struct bench *bench, u32 offset)
{
	return silicon_register_read(bench->rig->device, PUMORI_HW_CORE(0, offset));
}

static void copy_through_sbuf(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	const struct pumori_hw_record *record;

	begin(bench);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_FP32, 4, 16, 64, 256),
			    memory_side(PUMORI_ISA_FP32, 0, 0, WORDS)), 0, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_VECTOR);
	with_signal(with_wait(add_copy(program, sbuf_row(PUMORI_ISA_FP32, 32, 16, 2048, 256),
				       sbuf_row(PUMORI_ISA_FP32, 4, 16, 64, 256)), 0, 0, 1), 1, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_DMA0 + 3);
	with_wait(add_dma(program, memory_side(PUMORI_ISA_FP32, 1, 0, WORDS),
			  sbuf_side(PUMORI_ISA_FP32, 32, 16, 2048, 256)), 0, 1, 1);
	add_end(program);
	record = run(bench, 1);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(bench->in, bench->out, WORDS * 4);
	/* Each of the three waits for the one before. */
	assert_true(record->cycles > 2 * silicon_dma_cycles(WORDS * 4));
	/* Two DMAs of 1912 cycles at 300 pJ and a copy of 64 + 256 at 900 pJ, each in whole nanojoules. */
	assert_int_equal(core_register(bench, PUMORI_HW_CORE_ENERGY_NJ), 573 + 573 + 288);
}

/* A pipeline of three engines over a double buffer, with loops, bound addresses and bound waits. */
static void build_pipeline(struct bench *bench, u32 rows)
{
	struct program *program = &bench->program;
	struct pumori_isa_instruction *instruction;
	struct pumori_isa_operand out, in;

	begin(bench);
	program_stream(program, PUMORI_ISA_DMA0);
	add_loop(program, 0, rows / 2);
	add_loop(program, 1, 2);
	/* Overwrites what iteration i - 1 of the outer loop put there: VECTOR must have read it. */
	instruction = add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 64),
			      memory_side(PUMORI_ISA_FP32, 0, 0, 64));
	instruction->dma.destination.bind[0] = PUMORI_ISA_BIND_LOOP(1);
	instruction->dma.destination.bind_stride[0] = 256;
	instruction->dma.source.bind[0] = PUMORI_ISA_BIND_LOOP(0);
	instruction->dma.source.bind_stride[0] = 512;
	instruction->dma.source.bind[1] = PUMORI_ISA_BIND_LOOP(1);
	instruction->dma.source.bind_stride[1] = 256;
	with_wait(instruction, 0, 1, 0);
	instruction->wait[0].bind = PUMORI_ISA_BIND_LOOP(0);
	instruction->wait[0].step = 2;
	with_signal(instruction, 0, 1);
	add_loop_end(program, 1);
	add_loop_end(program, 0);
	add_end(program);

	program_stream(program, PUMORI_ISA_VECTOR);
	add_loop(program, 0, rows / 2);
	add_loop(program, 1, 2);
	out = sbuf_row(PUMORI_ISA_FP32, 8, 1, 0, 64);
	in = sbuf_row(PUMORI_ISA_FP32, 0, 1, 0, 64);
	out.bind[0] = PUMORI_ISA_BIND_LOOP(0);
	out.bind_stride[0] = 512;
	out.bind[1] = PUMORI_ISA_BIND_LOOP(1);
	out.bind_stride[1] = 256;
	in.bind[0] = PUMORI_ISA_BIND_LOOP(1);
	in.bind_stride[0] = 256;
	instruction = add_copy(program, out, in);
	with_wait(instruction, 0, 0, 1);
	instruction->wait[0].bind = PUMORI_ISA_BIND_LOOP(0);
	instruction->wait[0].step = 2;
	instruction->flags |= PUMORI_ISA_WAIT1;
	instruction->wait[1].semaphore = 0;
	instruction->wait[1].value = 1;
	instruction->wait[1].bind = PUMORI_ISA_BIND_LOOP(1);
	instruction->wait[1].step = 1;
	with_signal(instruction, 1, 1);
	add_loop_end(program, 1);
	add_loop_end(program, 0);
	add_end(program);

	program_stream(program, PUMORI_ISA_DMA0 + 1);
	with_wait(add_dma(program, memory_side(PUMORI_ISA_FP32, 1, 0, rows * 64),
			  sbuf_side(PUMORI_ISA_FP32, 8, 1, 0, rows * 64)), 0, 1, rows);
	add_end(program);
}

static void every_budget_gives_the_same(void **state)
{
	static const u32 budgets[] = { 100000, 1, 2, 3, 7, 0, 0, 0 };
	struct bench *bench = *state;
	const struct pumori_hw_record *record;
	u64 cycles = 0, progress = 0, before, i;
	u32 rows = 30;

	for (i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
		bench->rig->budget = budgets[i];
		memset(bench->out, 0, WORDS * 4);
		build_pipeline(bench, rows);
		before = bench->queue->completion->progress;
		record = run(bench, (u32)i);
		assert_non_null(record);
		assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
		assert_memory_equal(bench->in, bench->out, rows * 64 * 4);
		if (!i) {
			cycles = record->cycles;
			progress = bench->queue->completion->progress - before;
		}
		assert_int_equal(record->cycles, cycles);
		/* The first job also cleared its slot. */
		if (i > 1)
			assert_int_equal(bench->queue->completion->progress - before, progress);
		else if (i)
			progress = bench->queue->completion->progress - before;
	}
}

static void registers_and_branches(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	struct pumori_isa_instruction *instruction;
	const struct pumori_hw_record *record;
	u32 i;

	/*
	 * Copies word 17 + 3 * 4 - 5 = 24 of the input to word 2 of the output, by registers all
	 * the way.
	 */
	begin(bench);
	program_stream(program, PUMORI_ISA_DMA0);
	instruction = program_add(program, PUMORI_ISA_REGISTER_SCALAR);
	instruction->control.destination = 7;
	instruction->control.immediate = 0;
	instruction = program_add(program, PUMORI_ISA_REGISTER_SCALAR);
	instruction->control.destination = 8;
	instruction->control.immediate = 1;
	add_set(program, 1, 0);
	add_alu(program, PUMORI_ISA_ALU_ADD, 7, 7, 3);				/* 3: loop head */
	add_alu(program, PUMORI_ISA_ALU_ADD, 1, 1, 1);
	add_branch(program, PUMORI_ISA_COMPARE_LESS, 1, 4, 3);
	instruction = add_alu(program, PUMORI_ISA_ALU_ADD, 7, 7, 0);
	instruction->control.use_register = 1;
	instruction->control.source2 = 8;
	add_set(program, 2, 2);
	instruction = add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, 1),
			      memory_side(PUMORI_ISA_INT32, 0, 0, 1));
	instruction->dma.source.bind[0] = PUMORI_ISA_BIND_REGISTER(7);
	instruction->dma.source.bind_stride[0] = 4;
	instruction->dma.destination.bind[1] = PUMORI_ISA_BIND_REGISTER(2);
	instruction->dma.destination.bind_stride[1] = 4;
	add_end(program);
	record = run(bench, 2);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	for (i = 0; i < 8; i++)
		assert_int_equal(bench->out[i], i == 2 ? bench->in[24] : 0);
}

static void register_loop_and_load(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	struct pumori_isa_instruction *instruction;
	const struct pumori_hw_record *record;
	u32 count, i;

	/* Word 5 of the input says how many rows of two words are copied, at most six. */
	for (count = 0; count < 8; count++) {
		memset(bench->out, 0, 64);
		bench->in[5] = count;
		begin(bench);
		program_stream(program, PUMORI_ISA_DMA0);
		with_signal(add_dma(program, sbuf_side(PUMORI_ISA_INT32, 127, 1, 0, 16),
				    memory_side(PUMORI_ISA_INT32, 0, 0, 16)), 9, 1);
		instruction = program_add(program, PUMORI_ISA_REGISTER_LOAD);
		instruction->control.destination = 63;
		instruction->control.operand = sbuf_row(PUMORI_ISA_INT32, 127, 1, 20, 1);
		instruction = add_loop(program, 0, 6);
		instruction->control.use_register = 1;
		instruction->control.source = 63;
		instruction = add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, 2),
				      sbuf_side(PUMORI_ISA_INT32, 127, 1, 0, 2));
		instruction->dma.source.bind[0] = PUMORI_ISA_BIND_LOOP(0);
		instruction->dma.source.bind_stride[0] = 8;
		instruction->dma.destination.bind[0] = PUMORI_ISA_BIND_LOOP(0);
		instruction->dma.destination.bind_stride[0] = 8;
		add_loop_end(program, 0);
		add_end(program);
		if (count == 7) {
			record = run(bench, count);
			assert_non_null(record);
			assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
			assert_int_equal(record->fault, PUMORI_HW_FAULT_OVERFLOW);
			assert_int_equal(record->pc, 2);
			break;
		}
		record = run(bench, count);
		assert_non_null(record);
		assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
		for (i = 0; i < 16; i++)
			assert_int_equal(bench->out[i], i < count * 2 ? bench->in[i] : 0);
	}
}

static void deadlock_is_a_fault(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	const struct pumori_hw_record *record;

	begin(bench);
	program_stream(program, PUMORI_ISA_SYNC);
	add_end(program);
	program_stream(program, PUMORI_ISA_VECTOR);
	program_add(program, PUMORI_ISA_NOP);
	with_signal(with_wait(program_add(program, PUMORI_ISA_NOP), 0, 200, 1), 201, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_SCALAR);
	with_signal(with_wait(program_add(program, PUMORI_ISA_NOP), 0, 201, 1), 200, 1);
	add_end(program);
	record = run(bench, 0);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_DEADLOCK);
	assert_int_equal(record->stream, PUMORI_ISA_VECTOR);
	assert_int_equal(record->pc, 2);
	assert_int_equal(record->address, 200);
}

static void endless_loop_meets_its_budget(void **state)
{
	static const u32 budgets[] = { 100000, 1, 13 };
	u32 i;

	for (i = 0; i < 3; i++) {
		struct bench *bench = *state;
		const struct pumori_hw_record *record;
		struct pumori_hw_job *job;
		u64 sequence;

		bench->rig->budget = budgets[i];
		begin(bench);
		program_stream(&bench->program, PUMORI_ISA_GPSIMD);
		program_add(&bench->program, PUMORI_ISA_NOP);
		add_branch(&bench->program, PUMORI_ISA_COMPARE_ALWAYS, 0, 0, 0);
		assert_int_equal(rig_load_program(bench->rig, i, 16 * i, &bench->program), 0);
		job = rig_next_job(bench->queue);
		job->variables = 2;
		job->scalars = 2;
		rig_next_command(bench->queue)->budget_units = 501;
		sequence = rig_submit(bench->rig, bench->queue, i, 0);
		record = rig_wait(bench->rig, bench->queue, sequence);
		assert_non_null(record);
		assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
		assert_int_equal(record->fault, PUMORI_HW_FAULT_BUDGET);
		assert_int_equal(record->pc, 1);
		assert_int_equal(record->cycles, 502);
		teardown(state);
		setup(state);
	}
}

/* SCALAR signals at times 1 to 100, then VECTOR waits for one of them and works 203 cycles more. */
static u64 cycles_after_wait(struct bench *bench, u32 id, u32 value)
{
	struct program *program = &bench->program;
	const struct pumori_hw_record *record;
	u32 i;

	begin(bench);
	program_stream(program, PUMORI_ISA_SCALAR);
	for (i = 0; i < 100; i++)
		with_signal(program_add(program, PUMORI_ISA_NOP), 3, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_VECTOR);
	with_wait(program_add(program, PUMORI_ISA_NOP), 0, 3, value);
	add_loop(program, 0, 100);
	program_add(program, PUMORI_ISA_NOP);
	add_loop_end(program, 0);
	add_end(program);
	record = run(bench, id);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	return record->cycles;
}

static void model_time_follows_the_signals(void **state)
{
	struct bench *bench = *state;

	assert_int_equal(cycles_after_wait(bench, 0, 0), 203);
	assert_int_equal(cycles_after_wait(bench, 1, 100), 100 + 203);
	assert_int_equal(cycles_after_wait(bench, 2, 99), 99 + 203);
	assert_int_equal(cycles_after_wait(bench, 3, 60), 60 + 203);
	assert_int_equal(cycles_after_wait(bench, 4, 38), 38 + 203);
	/* What is older than 64 signals is taken for the oldest of them. */
	assert_int_equal(cycles_after_wait(bench, 5, 37), 37 + 203);
	assert_int_equal(cycles_after_wait(bench, 6, 36), 37 + 203);
	assert_int_equal(cycles_after_wait(bench, 7, 1), 37 + 203);
}

static void counters(void **state)
{
	struct bench *bench = *state;
	u64 cycles = cycles_after_wait(bench, 0, 100);

	assert_int_equal(core_register(bench, PUMORI_HW_CORE_JOBS), 1);
	assert_int_equal(core_register(bench, PUMORI_HW_CORE_CYCLES), cycles);
	assert_int_equal(core_register(bench, PUMORI_HW_CORE_INSTRUCTIONS), 101 + 203);
	assert_true(core_register(bench, PUMORI_HW_CORE_BUSY_NS) > 0);
}

static void nans_are_counted_when_asked(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	const struct pumori_hw_record *record;
	struct pumori_hw_job *job;
	u32 asked;

	bench->in[3] = 0x7fc00000u;
	bench->in[9] = 0xff800000u;
	begin(bench);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 2, 0, 8),
			    memory_side(PUMORI_ISA_FP32, 0, 0, 16)), 0, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_VECTOR);
	with_wait(add_copy(program, sbuf_row(PUMORI_ISA_BF16, 0, 2, 64, 8),
			   sbuf_row(PUMORI_ISA_FP32, 0, 2, 0, 8)), 0, 0, 1)->compute.modifiers =
		PUMORI_ISA_CHECK_NAN;
	/* Nobody asks for this one. */
	add_copy(program, sbuf_row(PUMORI_ISA_BF16, 0, 2, 64, 8), sbuf_row(PUMORI_ISA_FP32, 0, 2, 0, 8));
	add_end(program);
	assert_int_equal(rig_load_program(bench->rig, 0, 0, program), 0);
	for (asked = 0; asked < 2; asked++) {
		job = rig_next_job(bench->queue);
		rig_variable(job, 0, VA_IN, WORDS * 4, false);
		rig_variable(job, 1, VA_OUT, WORDS * 4, true);
		job->scalars = 2;
		rig_next_command(bench->queue)->flags = asked ? PUMORI_HW_COMMAND_CHECK_NAN : 0;
		record = rig_wait(bench->rig, bench->queue,
				  rig_submit(bench->rig, bench->queue, 0, 0));
		assert_non_null(record);
		assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
		assert_int_equal(record->nan_count, asked ? 2 : 0);
	}
}

static void product_needs_what_was_loaded(void **state)
{
	static const u8 rows[] = { 16, 15, 16 }, columns[] = { 8, 8, 7 };
	struct pumori_isa_instruction *instruction;
	const struct pumori_hw_record *record;
	u32 i;

	for (i = 0; i < 4; i++) {
		struct bench *bench = *state;
		struct program *program = &bench->program;

		begin(bench);
		program_stream(program, PUMORI_ISA_TENSOR);
		instruction = program_add(program, PUMORI_ISA_LOAD_STATIONARY);
		instruction->compute.in[0] = sbuf_row(PUMORI_ISA_FP32, 0, 16, 0, 8);
		instruction = program_add(program, PUMORI_ISA_MULTIPLY_MOVING);
		instruction->compute.in[0] = sbuf_row(PUMORI_ISA_FP32, 0, rows[i % 3], 0, 32);
		instruction->compute.out = psum_row(PUMORI_ISA_FP32, 0, columns[i % 3], 0, 32);
		/* The other buffer is empty. */
		instruction->compute.modifiers = i == 3 ? PUMORI_ISA_BUFFER1 : 0;
		add_end(program);
		record = run(bench, 0);
		assert_non_null(record);
		assert_int_equal(record->fault, i ? PUMORI_HW_FAULT_OPERAND : PUMORI_HW_FAULT_NONE);
		assert_int_equal(record->pc, i ? 1 : 0);
		teardown(state);
		setup(state);
	}
}

static void gather_and_scatter(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	struct pumori_isa_instruction *instruction;
	const struct pumori_hw_record *record;
	static const s32 rows[4] = { 3, -1, 0, 3 };
	u32 i, j;

	for (i = 0; i < 4; i++)
		bench->in[2048 + i] = (u32)rows[i];
	begin(bench);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_INT32, 0, 1, 0, 4),
		memory_side(PUMORI_ISA_INT32, 0, 8192, 4));
	/* Rows of 6 words, 8 apart, ten of them. */
	instruction = program_add(program, PUMORI_ISA_DMA_GATHER);
	instruction->dma.destination = sbuf_side(PUMORI_ISA_INT32, 2, 4, 0, 6);
	instruction->dma.source = memory_side(PUMORI_ISA_INT32, 0, 0, 10);
	instruction->dma.source.dims = 2;
	instruction->dma.source.step[0] = 8;
	instruction->dma.source.count[1] = 6;
	instruction->dma.source.step[1] = 1;
	instruction->dma.index = sbuf_row(PUMORI_ISA_INT32, 0, 1, 0, 4);
	instruction = program_add(program, PUMORI_ISA_DMA_SCATTER);
	instruction->dma.source = sbuf_side(PUMORI_ISA_INT32, 2, 4, 0, 6);
	instruction->dma.destination = memory_side(PUMORI_ISA_INT32, 1, 0, 10);
	instruction->dma.destination.dims = 2;
	instruction->dma.destination.step[0] = 8;
	instruction->dma.destination.count[1] = 6;
	instruction->dma.destination.step[1] = 1;
	instruction->dma.index = sbuf_row(PUMORI_ISA_INT32, 0, 1, 0, 4);
	add_end(program);
	record = run(bench, 0);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	for (i = 0; i < 10; i++)
		for (j = 0; j < 8; j++)
			assert_int_equal(
				bench->out[i * 8 + j],
				(i == 0 || i == 3 || i == 9) && j < 6 ? bench->in[i * 8 + j] : 0);

	bench->in[2049] = (u32)-11;
	record = run(bench, 1);
	assert_non_null(record);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_INDEX);
	assert_int_equal(record->pc, 1);
	assert_int_equal((s64)record->address, -11);
}

static void strided_dma(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	struct pumori_isa_instruction *instruction;
	const struct pumori_hw_record *record;
	u32 r, c;

	/* A transpose on the way in (64 rows of 60), reversed columns on the way out. */
	begin(bench);
	program_stream(program, PUMORI_ISA_DMA0);
	instruction = add_dma(program, sbuf_side(PUMORI_ISA_INT32, 0, 60, 0, 64),
			      memory_side(PUMORI_ISA_INT32, 0, 0, 60));
	instruction->dma.source.dims = 2;
	instruction->dma.source.step[0] = 1;
	instruction->dma.source.count[1] = 64;
	instruction->dma.source.step[1] = 60;
	instruction = add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 63 * 4, 60),
			      sbuf_side(PUMORI_ISA_INT32, 0, 60, 0, 64));
	instruction->dma.destination.dims = 2;
	instruction->dma.destination.step[0] = 64;
	instruction->dma.destination.count[1] = 64;
	instruction->dma.destination.step[1] = -1;
	add_end(program);
	record = run(bench, 0);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	for (c = 0; c < 60; c++)
		for (r = 0; r < 64; r++)
			assert_int_equal(bench->out[c * 64 + 63 - r], bench->in[r * 60 + c]);
}

static void semaphore_may_not_wrap(void **state)
{
	struct bench *bench = *state;
	struct program *program = &bench->program;
	const struct pumori_hw_record *record;

	begin(bench);
	program_stream(program, PUMORI_ISA_SYNC);
	add_loop(program, 0, 0x01010102);
	with_signal(program_add(program, PUMORI_ISA_NOP), 0, 255);
	add_loop_end(program, 0);
	add_end(program);
	bench->rig->budget = 1u << 27;
	record = run(bench, 0);
	assert_non_null(record);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_OVERFLOW);
	assert_int_equal(record->pc, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(empty_job, setup, teardown),
		cmocka_unit_test_setup_teardown(copy_through_sbuf, setup, teardown),
		cmocka_unit_test_setup_teardown(every_budget_gives_the_same, setup, teardown),
		cmocka_unit_test_setup_teardown(registers_and_branches, setup, teardown),
		cmocka_unit_test_setup_teardown(register_loop_and_load, setup, teardown),
		cmocka_unit_test_setup_teardown(deadlock_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(endless_loop_meets_its_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(model_time_follows_the_signals, setup, teardown),
		cmocka_unit_test_setup_teardown(counters, setup, teardown),
		cmocka_unit_test_setup_teardown(nans_are_counted_when_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(product_needs_what_was_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(gather_and_scatter, setup, teardown),
		cmocka_unit_test_setup_teardown(strided_dma, setup, teardown),
		cmocka_unit_test_setup_teardown(semaphore_may_not_wrap, setup, teardown),
	};

	return cmocka_run_group_tests_name("silicon_job", tests, NULL, NULL);
}
