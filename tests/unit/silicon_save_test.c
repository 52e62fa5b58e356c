// SPDX-License-Identifier: MIT
/*
 * More queues than slots: jobs that make room for others in their middle, what may happen to them
 * meanwhile, and which jobs survive the reset of their core.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"

#define SBUF	1024u
#define PSUM	512u
#define WORDS	4096u
#define VA_IN	0x100000000ull
#define VA_OUT	0x200000000ull
#define QUEUES	5u

/* Programs. */
#define SPIN	0u	/* never ends by itself */
#define SHORT	1u	/* a few instructions */
#define FILL	2u	/* leaves ones in all of its SBUF */
#define DUMP	3u	/* writes its SBUF to variable 1 */
#define PRELOAD	4u	/* entry 0 brings variable 0 into SBUF, entry 1 waits long and writes it to variable 1 */
#define COPY	5u	/* a slow copy of variable 0 to variable 1; may begin again */

struct bench {
	struct rig *rig;
	struct rig_queue *queue[QUEUES];
	u32 *in;
	u32 *out;
};

static void add_delay(struct program *program, u32 rounds)
{
	add_loop(program, 0, rounds);
	program_add(program, PUMORI_ISA_NOP);
	add_loop_end(program, 0);
}

static void load(struct bench *bench, u32 id, struct program *program)
{
	assert_int_equal(rig_load_program(bench->rig, id, id * 32, program), PUMORI_HW_FAULT_NONE);
}

static void load_moves(struct bench *bench, struct program *program)
{
	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_PRELOAD);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_UINT32, 0, 16, 0, SBUF / 4),
		memory_side(PUMORI_ISA_UINT32, 0, 0, WORDS));
	add_end(program);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_NEEDS_PRELOAD | PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_delay(program, 5000);
	add_dma(program, memory_side(PUMORI_ISA_UINT32, 1, 0, WORDS),
		sbuf_side(PUMORI_ISA_UINT32, 0, 16, 0, SBUF / 4));
	add_end(program);
	load(bench, PRELOAD, program);

	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_UINT32, 0, 16, 0, SBUF / 4),
		memory_side(PUMORI_ISA_UINT32, 0, 0, WORDS));
	add_delay(program, 5000);
	add_dma(program, memory_side(PUMORI_ISA_UINT32, 1, 0, WORDS),
		sbuf_side(PUMORI_ISA_UINT32, 0, 16, 0, SBUF / 4));
	add_end(program);
	load(bench, COPY, program);
}

static void load_programs(struct bench *bench)
{
	struct program *program = test_malloc(sizeof(*program));
	struct pumori_isa_instruction *instruction;

	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_branch(program, PUMORI_ISA_COMPARE_ALWAYS, 0, 0, 0);
	load(bench, SPIN, program);

	program_begin(program, 64, 0);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_end(program);
	load(bench, SHORT, program);

	program_begin(program, SBUF, 0);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_VECTOR);
	instruction = program_add(program, PUMORI_ISA_MEMSET);
	instruction->compute.compute = PUMORI_ISA_INT32;
	instruction->compute.imm[0] = ~0u;
	instruction->compute.out = sbuf_row(PUMORI_ISA_INT32, 0, 128, 0, SBUF / 4);
	add_end(program);
	load(bench, FILL, program);

	program_begin(program, SBUF, 0);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, memory_side(PUMORI_ISA_UINT32, 1, 0, WORDS),
		sbuf_side(PUMORI_ISA_UINT32, 0, 16, 0, SBUF / 4));
	add_end(program);
	load(bench, DUMP, program);
	load_moves(bench, program);
	test_free(program);
}

static int start(void **state, u32 slots)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));
	u32 i;

	bench->rig = rig_create(1, slots, rig_kernels(SILICON_KERNELS_GENERIC));
	assert_non_null(bench->rig);
	for (i = 0; i < QUEUES; i++) {
		/* The last one is urgent, and has no need for an area. */
		bench->queue[i] = rig_queue_create(bench->rig, 0, i == QUEUES - 1 ? 3 : 1, 100);
		if (i < QUEUES - 1)
			rig_save_area(bench->rig, bench->queue[i], SBUF, PSUM);
	}
	assert_int_equal(rig_runlist(bench->rig, QUEUES), PUMORI_HW_FAULT_NONE);
	load_programs(bench);
	bench->in = (u32 *)rig_buffer(bench->rig, 0, VA_IN, WORDS * 4, false);
	bench->out = (u32 *)rig_buffer(bench->rig, 0, VA_OUT, WORDS * 4, true);
	for (i = 0; i < WORDS; i++)
		bench->in[i] = 0x01000193u * (i + 1);
	*state = bench;
	return 0;
}

static int one_slot(void **state)
{
	return start(state, 1);
}

static int two_slots(void **state)
{
	return start(state, 2);
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	rig_destroy(bench->rig);
	test_free(bench);
	return 0;
}

static u64 submit(struct bench *bench, u32 queue, u32 program, u32 entry)
{
	struct pumori_hw_job *job = rig_next_job(bench->queue[queue]);

	rig_variable(job, 0, VA_IN, WORDS * 4, false);
	rig_variable(job, 1, VA_OUT, WORDS * 4, true);
	return rig_submit(bench->rig, bench->queue[queue], program, entry);
}

static const struct pumori_hw_record *run(struct bench *bench, u32 queue, u32 program, u32 entry)
{
	u64 sequence = submit(bench, queue, program, entry);

	return rig_wait(bench->rig, bench->queue[queue], sequence);
}

static const struct pumori_hw_record *record_of(struct bench *bench, u32 queue, u64 sequence)
{
	return &bench->queue[queue]->completion->record[sequence % PUMORI_HW_RECORDS];
}

static void step(struct bench *bench, u32 slices, u32 budget)
{
	struct pumori_hw_event event;

	while (slices--) {
		rig_step(bench->rig, budget);
		while (rig_event(bench->rig, 0, &event))
			;
	}
}

/* Lets the urgent queue have a job done; returns the slices of ten units that this took. */
static u32 interrupt(struct bench *bench)
{
	u64 sequence = submit(bench, QUEUES - 1, SHORT, 0);
	u32 slices = 0;

	while (bench->queue[QUEUES - 1]->completion->sequence < sequence) {
		step(bench, 1, 10);
		assert_true(slices++ < 100000);
	}
	return slices;
}

/* Units of work that moving a job with the footprint of SPIN takes. */
static u32 move_units(struct bench *bench)
{
	u32 bytes = silicon_register_read(bench->rig->device, PUMORI_HW_REG_SAVE_BYTES) +
		    PUMORI_ISA_PARTITIONS * (SBUF + PSUM);

	return bytes / 1024;
}

static void command(struct bench *bench, u32 opcode, u32 target, u32 argument, u32 status)
{
	struct pumori_hw_control control = { .opcode = opcode, .target = target, .argument = argument };

	assert_int_equal(rig_command(bench->rig, 0, control, NULL), status);
}

static void reset(struct bench *bench)
{
	silicon_register_write(bench->rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_RESET),
			       PUMORI_HW_RESET_KEY);
	step(bench, 1, 1);
}

/* --- sharing ------------------------------------------------------------------------------------ */

static void endless_jobs_share_too_few_slots(void **state)
{
	struct bench *bench = *state;
	u64 sum = 0;
	u32 i;

	for (i = 0; i < 4; i++)
		submit(bench, i, SPIN, 0);
	step(bench, 20000, 100);
	for (i = 0; i < 4; i++)
		sum += bench->queue[i]->completion->busy_ns;
	for (i = 0; i < 4; i++)
		assert_in_range(bench->queue[i]->completion->busy_ns * 400 / sum, 90, 110);
}

static void urgent_job_waits_for_one_move(void **state)
{
	struct bench *bench = *state;
	u32 i;

	submit(bench, 0, SPIN, 0);
	submit(bench, 1, SPIN, 0);
	step(bench, 100, 100);
	/* However young the others are: one is moved out, the slot cleared. */
	for (i = 0; i < 5; i++) {
		assert_in_range(interrupt(bench), 1, (2 * move_units(bench) + 100) / 10);
		step(bench, 200, 10);
	}
}

static void without_an_area_nobody_makes_room(void **state)
{
	struct bench *bench = *state;
	u64 sequence;

	submit(bench, QUEUES - 1, SPIN, 0);
	step(bench, 1, 100);
	bench->queue[0]->descriptor->priority = 3;
	assert_int_equal(rig_runlist(bench->rig, QUEUES), 0);
	sequence = submit(bench, 0, SHORT, 0);
	step(bench, 2000, 100);
	assert_true(bench->queue[0]->completion->sequence < sequence);
	command(bench, PUMORI_HW_CONTROL_KILL_QUEUE, bench->queue[QUEUES - 1]->descriptor->id,
		PUMORI_HW_JOB_KILLED, 0);
	step(bench, 100, 100);
	assert_int_equal(bench->queue[0]->completion->sequence, sequence);
}

static void short_area_leaves_the_job_alone(void **state)
{
	struct bench *bench = *state;
	u64 *list = rig_bus(bench->rig, bench->queue[0]->descriptor->save_area), urgent, sequence;
	u32 i;

	/* It ends in the sealed parts, or among the others. */
	for (i = 0; i < 2; i++) {
		list[i ? 100 : 3] = 0;
		sequence = submit(bench, 0, COPY, 0);
		step(bench, 20, 100);
		urgent = submit(bench, QUEUES - 1, SHORT, 0);
		step(bench, 20, 100);
		assert_true(bench->queue[QUEUES - 1]->completion->sequence < urgent);
		assert_int_equal(rig_wait(bench->rig, bench->queue[0], sequence)->status,
				 PUMORI_HW_JOB_DONE);
		assert_memory_equal(bench->in, bench->out, WORDS * 4);
		assert_int_equal(bench->queue[QUEUES - 1]->completion->sequence, urgent);
		list[3] = list[4];
	}
}

/* --- what happens to a job that is away --------------------------------------------------------- */

static void preload_survives_a_move(void **state)
{
	struct bench *bench = *state;
	const struct pumori_hw_record *record = run(bench, 0, PRELOAD, 0);
	u64 generation = record->residency, sequence;

	rig_next_command(bench->queue[0])->residency = generation;
	sequence = submit(bench, 0, PRELOAD, 1);
	step(bench, 10, 100);
	interrupt(bench);
	assert_int_equal(bench->queue[0]->completion->residency, 0);
	assert_int_equal(bench->queue[0]->completion->state, PUMORI_HW_QUEUE_RUNNING);
	record = rig_wait(bench->rig, bench->queue[0], sequence);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(record->residency, generation);
	assert_memory_equal(bench->in, bench->out, WORDS * 4);
}

static void kill_of_a_saved_job(void **state)
{
	struct bench *bench = *state;
	u64 sequence = submit(bench, 0, SPIN, 0);
	u32 id = bench->queue[0]->descriptor->id;

	step(bench, 10, 100);
	submit(bench, QUEUES - 1, SPIN, 0);
	step(bench, 100, 100);
	assert_int_equal(bench->queue[0]->completion->residency, 0);
	/* Its program is still in use. */
	command(bench, PUMORI_HW_CONTROL_UNLOAD_PROGRAM, SPIN, 0, PUMORI_HW_FAULT_COMMAND);
	command(bench, PUMORI_HW_CONTROL_KILL_QUEUE, id, PUMORI_HW_JOB_KILLED, 0);
	assert_int_equal(bench->queue[0]->completion->sequence, sequence);
	assert_int_equal(record_of(bench, 0, sequence)->status, PUMORI_HW_JOB_KILLED);
	assert_true(record_of(bench, 0, sequence)->device_ns > 0);
}

static void kill_in_the_middle_of_a_move(void **state)
{
	struct bench *bench = *state;
	u32 i, id = bench->queue[0]->descriptor->id, urgent = bench->queue[QUEUES - 1]->descriptor->id;
	u64 sequence;

	/* On its way out, and on its way back. */
	for (i = 0; i < 60; i++) {
		sequence = submit(bench, 0, SPIN, 0);
		step(bench, 10, 100);
		submit(bench, QUEUES - 1, SHORT, 0);
		step(bench, i, 20);
		command(bench, PUMORI_HW_CONTROL_KILL_QUEUE, id, PUMORI_HW_JOB_KILLED, 0);
		assert_int_equal(record_of(bench, 0, sequence)->status, PUMORI_HW_JOB_KILLED);
		assert_int_equal(run(bench, QUEUES - 1, SHORT, 0)->status, PUMORI_HW_JOB_DONE);
		/* A queue that comes back is new. */
		command(bench, PUMORI_HW_CONTROL_KILL_QUEUE, urgent, PUMORI_HW_JOB_KILLED, 0);
		assert_int_equal(rig_runlist(bench->rig, 0), 0);
		assert_int_equal(rig_runlist(bench->rig, QUEUES), 0);
	}
}

static void broken_seal_is_a_memory_error(void **state)
{
	struct bench *bench = *state;
	u64 *list = rig_bus(bench->rig, bench->queue[0]->descriptor->save_area), sequence;

	sequence = submit(bench, 0, COPY, 0);
	step(bench, 10, 100);
	submit(bench, QUEUES - 1, SPIN, 0);
	step(bench, 200, 100);
	assert_int_equal(bench->queue[0]->completion->residency, 0);
	((u8 *)rig_bus(bench->rig, list[1]))[77] ^= 4;
	command(bench, PUMORI_HW_CONTROL_KILL_QUEUE, bench->queue[QUEUES - 1]->descriptor->id,
		PUMORI_HW_JOB_KILLED, 0);
	step(bench, 100, 100);
	assert_int_equal(bench->queue[0]->completion->sequence, sequence);
	assert_int_equal(record_of(bench, 0, sequence)->status, PUMORI_HW_JOB_FAULT);
	assert_int_equal(record_of(bench, 0, sequence)->fault, PUMORI_HW_FAULT_ECC);
	assert_int_equal(bench->queue[0]->completion->state, PUMORI_HW_QUEUE_FAULTED);
}

static void nothing_of_another_is_left(void **state)
{
	struct bench *bench = *state;
	u32 i;

	/* A small program first, so that its footprint is not all that must be cleared. */
	run(bench, 0, FILL, 0);
	run(bench, 1, SHORT, 0);
	run(bench, 1, DUMP, 0);
	for (i = 0; i < WORDS; i++)
		assert_int_equal(bench->out[i], 0);
}

/* --- reset -------------------------------------------------------------------------------------- */

static void restartable_job_begins_again(void **state)
{
	struct bench *bench = *state;
	u64 sequence = submit(bench, 0, COPY, 0), other = submit(bench, 1, SPIN, 0);
	const struct pumori_hw_record *record;

	step(bench, 20, 50);
	reset(bench);
	assert_int_equal(record_of(bench, 1, other)->status, PUMORI_HW_JOB_INNOCENT_RESET);
	record = rig_wait(bench->rig, bench->queue[0], sequence);
	assert_non_null(record);
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(bench->in, bench->out, WORDS * 4);
	assert_int_equal(record->cycles, run(bench, 0, COPY, 0)->cycles);
	/* Once: what is reset again and again is not innocent. */
	sequence = submit(bench, 0, COPY, 0);
	step(bench, 20, 50);
	reset(bench);
	step(bench, 20, 50);
	reset(bench);
	assert_int_equal(record_of(bench, 0, sequence)->status, PUMORI_HW_JOB_INNOCENT_RESET);
}

static void reset_takes_the_preload(void **state)
{
	struct bench *bench = *state;
	u64 sequence;

	rig_next_command(bench->queue[0])->residency = run(bench, 0, PRELOAD, 0)->residency;
	sequence = submit(bench, 0, PRELOAD, 1);
	step(bench, 10, 50);
	reset(bench);
	assert_int_equal(record_of(bench, 0, sequence)->status, PUMORI_HW_JOB_NOT_RESIDENT);
}

static void saved_job_outlives_a_reset(void **state)
{
	struct bench *bench = *state;
	u64 sequence = submit(bench, 0, COPY, 0);

	step(bench, 10, 50);
	submit(bench, QUEUES - 1, SPIN, 0);
	step(bench, 200, 100);
	assert_int_equal(bench->queue[0]->completion->residency, 0);
	reset(bench);
	assert_int_equal(rig_wait(bench->rig, bench->queue[0], sequence)->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(bench->in, bench->out, WORDS * 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(endless_jobs_share_too_few_slots, two_slots, teardown),
		cmocka_unit_test_setup_teardown(urgent_job_waits_for_one_move, two_slots, teardown),
		cmocka_unit_test_setup_teardown(without_an_area_nobody_makes_room, one_slot, teardown),
		cmocka_unit_test_setup_teardown(short_area_leaves_the_job_alone, one_slot, teardown),
		cmocka_unit_test_setup_teardown(preload_survives_a_move, one_slot, teardown),
		cmocka_unit_test_setup_teardown(kill_of_a_saved_job, one_slot, teardown),
		cmocka_unit_test_setup_teardown(kill_in_the_middle_of_a_move, one_slot, teardown),
		cmocka_unit_test_setup_teardown(broken_seal_is_a_memory_error, one_slot, teardown),
		cmocka_unit_test_setup_teardown(nothing_of_another_is_left, one_slot, teardown),
		cmocka_unit_test_setup_teardown(restartable_job_begins_again, two_slots, teardown),
		cmocka_unit_test_setup_teardown(reset_takes_the_preload, one_slot, teardown),
		cmocka_unit_test_setup_teardown(saved_job_outlives_a_reset, one_slot, teardown),
	};

	return cmocka_run_group_tests_name("silicon_save", tests, NULL, NULL);
}
