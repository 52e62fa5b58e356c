// SPDX-License-Identifier: MIT
/*
 * Random programs through the whole chip against the oracle: nested loops, addresses bound to loops and
 * registers, instructions that work on what earlier ones left. Every kernel set, every way to slice, and
 * with the job moved out of its slot and back again and again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"
#include "oracle.h"

#define SBUF 1024u /* of each partition: two halves, which take turns as input and output */
#define PSUM		512u
#define HALF		(SBUF / 2)
#define BYTES		(SBUF * PUMORI_ISA_PARTITIONS)
#define CASES		60u
#define BODY		6u	/* instructions in the inner loop */
#define MAX_LOOP	4u
#define VA_IN		0x100000000ull
#define VA_OUT		0x200000000ull
#define REGISTER	11u
#define URGENT		64u	/* the program of the queue that comes between */

static const u8 operations[] = {
	PUMORI_ISA_ALU_ADD, PUMORI_ISA_ALU_SUBTRACT, PUMORI_ISA_ALU_MULTIPLY, PUMORI_ISA_ALU_MAX,
	PUMORI_ISA_ALU_MIN, PUMORI_ISA_ALU_LESS,     PUMORI_ISA_ALU_EQUAL,
};
static const u8 dtypes[] = { PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_INT32, PUMORI_ISA_INT8,
			     PUMORI_ISA_UINT16 };
static const u8 opcodes[] = {
	PUMORI_ISA_COPY,
	PUMORI_ISA_TENSOR_TENSOR,
	PUMORI_ISA_TENSOR_SCALAR,
	PUMORI_ISA_MEMSET,
	PUMORI_ISA_SELECT,
	PUMORI_ISA_REDUCE,
	PUMORI_ISA_SCALAR_TENSOR_TENSOR,
};

struct bench {
	struct rig *rig;
	struct rig_queue *queue;
	/** @urgent: takes the only slot whenever it has a job */
	struct rig_queue *urgent;
	u8 *in;
	u8 *out;
	u64 random;
	/* Of the program under construction. */
	u32 loops[2];
	s32 value;
};

static u32 draw(struct bench *bench, u32 below)
{
	bench->random = bench->random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(bench->random >> 33) % below;
}

/* Leaves something in SBUF that would be noticed. */
static void load_urgent(struct rig *rig)
{
	struct program *program = test_malloc(sizeof(*program));
	struct pumori_isa_instruction *instruction;

	program_begin(program, SBUF, PSUM);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_VECTOR);
	instruction = program_add(program, PUMORI_ISA_MEMSET);
	instruction->compute.compute = PUMORI_ISA_INT32;
	instruction->compute.imm[0] = 0x5a5a5a5a;
	instruction->compute.out = sbuf_row(PUMORI_ISA_INT32, 0, 128, 0, SBUF / 4);
	add_end(program);
	assert_int_equal(rig_load_program(rig, URGENT, RIG_INSTRUCTIONS - 8, program), 0);
	test_free(program);
}

static int start(void **state, u32 choice)
{
	const struct silicon_kernels *kernels = rig_kernels(choice);
	struct bench *bench;

	*state = NULL;
	if (!kernels)
		return 0;
	bench = test_calloc(1, sizeof(*bench));
	bench->random = 7;
	bench->rig = rig_create(1, 1, kernels);
	assert_non_null(bench->rig);
	bench->queue = rig_queue_create(bench->rig, 0, 1, 1000);
	rig_save_area(bench->rig, bench->queue, SBUF, PSUM);
	bench->urgent = rig_queue_create(bench->rig, 0, 3, 1000);
	assert_int_equal(rig_runlist(bench->rig, 2), 0);
	load_urgent(bench->rig);
	bench->in = rig_buffer(bench->rig, 0, VA_IN, BYTES, false);
	bench->out = rig_buffer(bench->rig, 0, VA_OUT, BYTES, true);
	*state = bench;
	return 0;
}

static int setup_generic(void **state)
{
	return start(state, SILICON_KERNELS_GENERIC);
}

static int setup_avx2(void **state)
{
	return start(state, SILICON_KERNELS_AVX2);
}

static int setup_avx512(void **state)
{
	return start(state, SILICON_KERNELS_AVX512);
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	if (bench) {
		rig_destroy(bench->rig);
		test_free(bench);
	}
	return 0;
}

/* Counts and steps in a half, moved by up to two bindings; false when it does not fit. */
static bool place(struct bench *bench, struct pumori_isa_operand *operand, u32 half)
{
	s32 size = (s32)oracle_size(operand->dtype), low = 0, high = size, room, d, i, most,
	    always = 0;

	for (d = 0; d < operand->dims; d++) {
		s32 reach = (operand->count[d] - 1) * operand->step[d] * size;

		*(reach < 0 ? &low : &high) += reach;
	}
	for (i = 0; i < 2; i++) {
		operand->bind[i] = (u8[]){ PUMORI_ISA_BIND_NONE, PUMORI_ISA_BIND_LOOP(0),
					   PUMORI_ISA_BIND_LOOP(1),
					   PUMORI_ISA_BIND_REGISTER(REGISTER) }[draw(bench, 4)];
		if (!operand->bind[i])
			continue;
		operand->bind_stride[i] = ((s32)draw(bench, 9) - 4) * size;
		if (operand->bind[i] >= 0x40) {
			always += operand->bind_stride[i] * bench->value;
			continue;
		}
		most = operand->bind_stride[i] * (s32)(bench->loops[operand->bind[i] - 1] - 1);
		*(most < 0 ? &low : &high) += most;
	}
	room = (s32)HALF - (high - low);
	if (room < 0)
		return false;
	room = (s32)(half * HALF) - low + (s32)draw(bench, (u32)(room / size + 1)) * size - always;
	/* A register may bring it back from anywhere, but the offset itself is in the footprint. */
	if (room < 0 || room >= (s32)SBUF)
		return false;
	operand->offset = (u32)room;
	return true;
}

static bool choose_operand(struct bench *bench, struct pumori_isa_operand *operand,
			   const struct pumori_isa_operand *like, bool output, u32 half)
{
	u32 d, reach = 1;

	operand->space = PUMORI_ISA_SBUF;
	operand->dtype = dtypes[draw(bench, sizeof(dtypes))];
	operand->partition_count = like->partition_count;
	operand->partition_start =
		(u8)draw(bench, PUMORI_ISA_PARTITIONS + 1 - operand->partition_count);
	operand->partition_step = output || draw(bench, 5) ? 1 : 0;
	operand->dims = like->dims;
	for (d = operand->dims; d-- > 0;) {
		operand->count[d] = like->count[d];
		operand->step[d] = (s32)(reach + draw(bench, 2));
		if (!output && !draw(bench, 4))
			operand->step[d] = (s32)draw(bench, 5) - 2;
		reach = (u32)abs(operand->step[d]) * operand->count[d];
	}
	return place(bench, operand, half);
}

static bool choose(struct bench *bench, struct pumori_isa_instruction *instruction, u32 half)
{
	struct pumori_isa_compute *compute = &instruction->compute;
	struct pumori_isa_operand like = { 0 };
	u32 i, inputs = 1;

	instruction->opcode = opcodes[draw(bench, sizeof(opcodes))];
	compute->compute = draw(bench, 3) ? PUMORI_ISA_FP32 : PUMORI_ISA_INT32;
	like.partition_count = (u8)(1 + draw(bench, draw(bench, 3) ? 8 : 128));
	like.dims = (u8)(1 + draw(bench, 3));
	for (i = 0; i < like.dims; i++)
		like.count[i] = (u16)(1 + draw(bench, 6));
	switch (instruction->opcode) {
	case PUMORI_ISA_SELECT:
		inputs = 3;
		break;
	case PUMORI_ISA_MEMSET:
		inputs = 0;
		compute->imm[0] =
			draw(bench, 1000) + (compute->compute == PUMORI_ISA_FP32 ? 0x3f800000u : 0);
		break;
	case PUMORI_ISA_TENSOR_SCALAR:
		compute->op1 = operations[draw(bench, sizeof(operations))];
		compute->imm[1] = compute->compute == PUMORI_ISA_FP32 ? 0x40400000u : 3;
		compute->op0 = operations[draw(bench, sizeof(operations))];
		compute->imm[0] = compute->compute == PUMORI_ISA_FP32 ? 0x3f000000u : 2;
		break;
	case PUMORI_ISA_SCALAR_TENSOR_TENSOR:
		compute->op1 = operations[draw(bench, sizeof(operations))];
		compute->op0 = operations[draw(bench, sizeof(operations))];
		compute->imm[0] = compute->compute == PUMORI_ISA_FP32 ? 0x3f000000u : 2;
		inputs = 2;
		break;
	case PUMORI_ISA_TENSOR_TENSOR:
		compute->op0 = operations[draw(bench, sizeof(operations))];
		inputs = 2;
		break;
	case PUMORI_ISA_REDUCE:
		compute->op0 = PUMORI_ISA_ALU_ADD;
		compute->axes = 1;
		like.dims = 3;
		like.count[0] = (u16)(1 + draw(bench, 4));
		like.count[1] = (u16)(1 + draw(bench, 4));
		like.count[2] = (u16)(1 + draw(bench, 8));
		break;
	default:
		break;
	}
	for (i = 0; i < inputs; i++)
		if (!choose_operand(bench, &compute->in[i], &like, false, half))
			return false;
	if (instruction->opcode == PUMORI_ISA_REDUCE) {
		like.dims = 2;
		like.count[2] = 0;
	}
	return choose_operand(bench, &compute->out, &like, true, !half) &&
	       silicon_kernels_supports(instruction->opcode, compute);
}

static void build(struct bench *bench, struct program *program, struct pumori_isa_instruction *body)
{
	u32 i;

	bench->loops[0] = 1 + draw(bench, MAX_LOOP);
	bench->loops[1] = 1 + draw(bench, MAX_LOOP);
	bench->value = (s32)draw(bench, 31) - 15;
	for (i = 0; i < BODY; i++)
		do
			memset(&body[i], 0, sizeof(body[i]));
		while (!choose(bench, &body[i], i % 2));

	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_UINT8, 0, 128, 0, SBUF),
			    memory_side(PUMORI_ISA_UINT8, 0, 0, BYTES)), 0, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_DMA0 + 1);
	with_wait(add_dma(program, memory_side(PUMORI_ISA_UINT8, 1, 0, BYTES),
			  sbuf_side(PUMORI_ISA_UINT8, 0, 128, 0, SBUF)), 0, 1, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_VECTOR);
	with_wait(add_set(program, REGISTER, bench->value), 0, 0, 1);
	add_loop(program, 0, bench->loops[0]);
	add_loop(program, 1, bench->loops[1]);
	for (i = 0; i < BODY; i++)
		*program_add(program, 0) = body[i];
	add_loop_end(program, 1);
	add_loop_end(program, 0);
	with_signal(add_end(program), 1, 1);
}

/* The same by the oracle, one instruction after the other, on a copy of the input. */
static void interpret(struct bench *bench, const struct pumori_isa_instruction *body,
		      struct oracle_machine *machine)
{
	u32 i;

	machine->registers[REGISTER] = bench->value;
	for (machine->loop[0] = 0; machine->loop[0] < bench->loops[0]; machine->loop[0]++)
		for (machine->loop[1] = 0; machine->loop[1] < bench->loops[1]; machine->loop[1]++)
			for (i = 0; i < BODY; i++)
				assert_int_equal(oracle_compute(machine, &body[i]), 0);
}

/* Numbers that stay finite for a while, in whatever type they are read. */
static void fill(struct bench *bench)
{
	u32 i, word;

	for (i = 0; i < BYTES; i += 4) {
		word = draw(bench, 2) ? 0x3f800000u + (draw(bench, 0x1000000)) : draw(bench, 200);
		memcpy(bench->in + i, &word, 4);
	}
	memset(bench->out, 0, BYTES);
}

/* Runs the job with another one coming between at random points; returns how often it made room. */
static u32 interrupt(struct bench *bench, u64 sequence)
{
	const struct pumori_hw_completion *page = bench->queue->completion;
	struct pumori_hw_event event;
	u32 moves = 0;

	while (page->sequence < sequence) {
		while (rig_event(bench->rig, 0, &event))
			;
		rig_step(bench->rig, 1 + draw(bench, 40));
		if (page->sequence == sequence || draw(bench, 4))
			continue;
		rig_next_job(bench->urgent);
		rig_submit(bench->rig, bench->urgent, URGENT, 0);
		while (bench->urgent->completion->sequence < bench->urgent->sequence)
			rig_step(bench->rig, 1 + draw(bench, 40));
		moves += page->residency == 0;
	}
	return moves;
}

static void programs(void **state)
{
	static const u32 budgets[] = { 1u << 20, 1, 0, 0 };
	struct bench *bench = *state;
	struct pumori_isa_instruction *body;
	struct oracle_machine *machine;
	struct program *program;
	u32 number, modes, b, moves = 0;
	u64 sequence;

	if (!bench)
		skip();
	body = test_calloc(BODY, sizeof(*body));
	program = test_malloc(sizeof(*program));
	machine = test_calloc(1, sizeof(*machine));
	machine->sbuf = test_malloc(BYTES);
	machine->psum = test_calloc(PUMORI_ISA_PARTITIONS, PSUM);
	machine->sbuf_stride = SBUF;
	machine->psum_stride = PSUM;
	for (number = 0; number < CASES; number++) {
		u64 cycles = 0;

		build(bench, program, body);
		fill(bench);
		memcpy(machine->sbuf, bench->in, BYTES);
		interpret(bench, body, machine);
		assert_int_equal(rig_load_program(bench->rig, number, number * 32, program), 0);
		modes = SILICON_ARRAY_SIZE(budgets) - (number % 4 != 0);
		for (b = 0; b < modes; b++) {
			struct pumori_hw_job *job = rig_next_job(bench->queue);
			const struct pumori_hw_record *record;

			bench->rig->budget = budgets[b];
			memset(bench->out, 0, BYTES);
			rig_variable(job, 0, VA_IN, BYTES, false);
			rig_variable(job, 1, VA_OUT, BYTES, true);
			sequence = rig_submit(bench->rig, bench->queue, number, 0);
			if (b == 3)
				moves += interrupt(bench, sequence);
			record = rig_wait(bench->rig, bench->queue, sequence);
			assert_non_null(record);
			assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
			if (memcmp(bench->out, machine->sbuf, BYTES))
				fail_msg("program %u with budget %u is not what the oracle says",
					 number, budgets[b]);
			assert_true(!b || record->cycles == cycles);
			cycles = record->cycles;
		}
	}
	assert_true(moves > CASES / 4);
	test_free(machine->sbuf);
	test_free(machine->psum);
	test_free(machine);
	test_free(program);
	test_free(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "programs_generic", programs, setup_generic, teardown, NULL },
		{ "programs_avx2", programs, setup_avx2, teardown, NULL },
		{ "programs_avx512", programs, setup_avx512, teardown, NULL },
	};

	return cmocka_run_group_tests_name("silicon_random", tests, NULL, NULL);
}
