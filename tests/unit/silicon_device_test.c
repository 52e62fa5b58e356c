// SPDX-License-Identifier: MIT
/* The front end: registers, control ring, events, runlists, priorities, kill and resets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"

#define SPIN	0	/* never ends by itself */
#define SHORT	1	/* a few instructions */
#define LONG	2	/* many */
#define FAULTS	3	/* waits for ever */

static void load_simple(struct rig *rig)
{
	struct program *program = test_malloc(sizeof(*program));

	program_begin(program, 1024, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_branch(program, PUMORI_ISA_COMPARE_ALWAYS, 0, 0, 0);
	assert_int_equal(rig_load_program(rig, SPIN, 0, program), 0);

	program_begin(program, 1024, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_end(program);
	assert_int_equal(rig_load_program(rig, SHORT, 2, program), 0);

	program_begin(program, 1024, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	add_loop(program, 0, 20000);
	program_add(program, PUMORI_ISA_NOP);
	add_loop_end(program, 0);
	add_end(program);
	assert_int_equal(rig_load_program(rig, LONG, 4, program), 0);

	program_begin(program, 1024, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	with_wait(program_add(program, PUMORI_ISA_NOP), 0, 1, 1);
	add_end(program);
	assert_int_equal(rig_load_program(rig, FAULTS, 8, program), 0);
	test_free(program);
}

static int setup(void **state)
{
	struct rig *rig = rig_create(1, 2, rig_kernels(SILICON_KERNELS_GENERIC));

	assert_non_null(rig);
	load_simple(rig);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_destroy(*state);
	return 0;
}

static u64 submit(struct rig *rig, struct rig_queue *queue, u32 program)
{
	rig_next_job(queue);
	return rig_submit(rig, queue, program, 0);
}

static const struct pumori_hw_record *record_of(const struct rig_queue *queue, u64 sequence)
{
	return &queue->completion->record[sequence % PUMORI_HW_RECORDS];
}

static void drain(struct rig *rig)
{
	struct pumori_hw_event event;

	while (rig_event(rig, 0, &event))
		;
}

static u64 read64(struct rig *rig, u32 offset)
{
	return silicon_register_read(rig->device, offset) |
	       (u64)silicon_register_read(rig->device, offset + 4) << 32;
}

static void registers(void **state)
{
	struct rig *rig = *state;
	struct silicon_config config = rig->config;
	u32 offset;

	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_ID), PUMORI_HW_ID);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_CORES), 1);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_SLOTS), 2);
	assert_int_equal(read64(rig, PUMORI_HW_REG_HBM_BYTES), RIG_HBM_BYTES);
	assert_int_equal(read64(rig, PUMORI_HW_REG_SERIAL), 0x1234567890abcdefull);
	assert_int_equal(read64(rig, PUMORI_HW_REG_SLOT_BYTES), silicon_slot_bytes());
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_PROGRAM_INSTRUCTIONS),
			 RIG_INSTRUCTIONS);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_NAME),
			 'p' | 'u' << 8 | 'm' << 16 | 'o' << 24);
	/* "pumori-1 generic" fills it. */
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_NAME + 12),
			 'e' | 'r' << 8 | 'i' << 16 | 'c' << 24);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_STATUS),
			 PUMORI_HW_STATUS_READY);
	silicon_set_units_per_ms(rig->device, 4711);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_UNITS_PER_MS), 4711);
	/* Nothing is behind the others, and nothing happens there. */
	for (offset = PUMORI_HW_REG_CORE_BASE + PUMORI_HW_REG_CORE_STRIDE;
	     offset < PUMORI_HW_REG_BYTES + 64; offset++) {
		silicon_register_write(rig->device, offset, 0xffffffffu);
		assert_int_equal(silicon_register_read(rig->device, offset), 0);
	}
	assert_int_equal(silicon_register_read(rig->device, 0xfffffffcu), 0);
	assert_int_equal(silicon_core_run(rig->device, 7, 100), SILICON_IDLE);
	assert_false(silicon_core_pending(rig->device, 7));
	assert_int_equal(silicon_core_add_slot(rig->device, 0, rig->memory), -1);

	config.cores = 0;
	assert_null(silicon_device_create(&config, rig->memory, rig->store));
	config.cores = PUMORI_HW_MAX_CORES + 1;
	assert_null(silicon_device_create(&config, rig->memory, rig->store));
	config.cores = 1;
	config.slots = PUMORI_HW_MAX_SLOTS + 1;
	assert_null(silicon_device_create(&config, rig->memory, rig->store));
}

static void interrupts(void **state)
{
	struct rig *rig = *state;
	struct pumori_hw_control nop = { .opcode = PUMORI_HW_CONTROL_NOP };

	rig_run(rig);
	silicon_register_write(rig->device, PUMORI_HW_REG_INTERRUPT_STATUS, ~0u);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_INTERRUPT_STATUS), 0);
	rig_control(rig, 0, nop);
	assert_true(silicon_core_pending(rig->device, 0));
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE | SILICON_INTERRUPT);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_INTERRUPT_STATUS), 1);
	assert_false(silicon_core_pending(rig->device, 0));
	silicon_register_write(rig->device, PUMORI_HW_REG_INTERRUPT_ENABLE, 0);
	rig_control(rig, 0, nop);
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE);
}

static u32 step_with_event(struct rig *rig, u32 budget, u32 *jobs)
{
	struct pumori_hw_event event;
	u32 events = rig_step(rig, budget);

	while (rig_event(rig, 0, &event))
		*jobs += event.type == PUMORI_HW_EVENT_JOB;
	return events;
}

static void interrupts_of_jobs_wait_for_each_other(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *spin = rig_queue_create(rig, 0, 0, 50), *queue = rig_queue_create(rig, 1, 3, 50);
	u32 i, jobs = 0, interrupts = 0;

	assert_int_equal(rig_runlist(rig, 2), 0);
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_COALESCE_JOBS), 4);
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_COALESCE_NS), ~0u);
	submit(rig, spin, SPIN);
	step_with_event(rig, 100, &jobs);
	for (i = 1; i <= 8; i++) {
		submit(rig, queue, SHORT);
		interrupts += !!(step_with_event(rig, 100, &jobs) & SILICON_INTERRUPT);
		assert_int_equal(jobs, i);
		assert_int_equal(interrupts, i / 4);
	}
	/* The oldest is old enough. */
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_COALESCE_NS), 1000000);
	submit(rig, queue, SHORT);
	assert_false(step_with_event(rig, 100, &jobs) & SILICON_INTERRUPT);
	rig->time += 1000000;
	assert_true(step_with_event(rig, 100, &jobs) & SILICON_INTERRUPT);
	/* A command's end takes along what waits. */
	submit(rig, queue, SHORT);
	assert_false(step_with_event(rig, 100, &jobs) & SILICON_INTERRUPT);
	rig_control(rig, 0, (struct pumori_hw_control){ .opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
							.target = spin->descriptor->id,
							.argument = PUMORI_HW_JOB_KILLED });
	assert_true(step_with_event(rig, 100, &jobs) & SILICON_INTERRUPT);
	/* An idle core lets nobody wait. */
	submit(rig, queue, SHORT);
	assert_true(step_with_event(rig, 100, &jobs) & SILICON_INTERRUPT);
}

static void bad_control_commands(void **state)
{
	struct rig *rig = *state;
	struct pumori_hw_control command;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	u32 opcode, i;
	u64 *list;

	for (opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM + 1; opcode < 300; opcode += 7) {
		memset(&command, 0, sizeof(command));
		command.opcode = opcode;
		assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	}
	memset(&command, 0, sizeof(command));
	command.reserved[3] = 1;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	memset(&command, 0, sizeof(command));
	command.opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM;
	command.target = 99;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.target = 0xffffffffu;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.opcode = PUMORI_HW_CONTROL_KILL_QUEUE;
	command.argument = PUMORI_HW_JOB_KILLED;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.opcode = PUMORI_HW_CONTROL_LOAD_PROGRAM;
	command.target = 50;
	command.length = 4096;
	command.address = 0x1000;
	command.argument = RIG_INSTRUCTIONS;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.argument = 100;
	command.target = PUMORI_HW_MAX_PROGRAMS;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.target = 5;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_BUS);

	/* Runlists: no host memory, too long, twice the same, a descriptor that makes no sense. */
	memset(&command, 0, sizeof(command));
	command.opcode = PUMORI_HW_CONTROL_RUNLIST;
	command.length = 1;
	command.address = 0x5000;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_BUS);
	command.length = PUMORI_HW_MAX_QUEUES + 1;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.address = rig_bus_alloc(rig, 1);
	list = rig_bus(rig, command.address);
	list[0] = list[1] = queue->address;
	command.length = 2;
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_COMMAND);
	command.length = 1;
	for (i = 0; i < 7; i++) {
		struct pumori_hw_queue good = *queue->descriptor;

		switch (i) {
		case 0:
			queue->descriptor->ring_entries = 3;
			break;
		case 1:
			queue->descriptor->ring_entries = 128;
			break;
		case 2:
			queue->descriptor->id = PUMORI_HW_QUEUE_IDS;
			break;
		case 3:
			queue->descriptor->priority = 4;
			break;
		case 4:
			queue->descriptor->page_table += 8;
			break;
		case 5:
			queue->descriptor->reserved[2] = 1;
			break;
		default:
			queue->descriptor->completion += 0x40;
			break;
		}
		assert_int_not_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_NONE);
		*queue->descriptor = good;
	}
	assert_int_equal(rig_command(rig, 0, command, NULL), PUMORI_HW_FAULT_NONE);
}

static void programs_come_and_go(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	struct pumori_hw_control unload = { .opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM,
					    .target = LONG };
	struct program *program = test_malloc(sizeof(*program));
	u64 sequence;
	u32 i;

	program_begin(program, 0, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	for (i = 0; i < 1000; i++)
		program_add(program, PUMORI_ISA_NOP);
	add_end(program);
	/*
	 * Over another program, under a taken number, beyond the end; then where there is room, in
	 * small slices.
	 */
	assert_int_equal(rig_load_program(rig, 10, 7, program), PUMORI_HW_FAULT_COMMAND);
	assert_int_equal(rig_load_program(rig, LONG, 100, program), PUMORI_HW_FAULT_COMMAND);
	assert_int_equal(rig_load_program(rig, 10, RIG_INSTRUCTIONS - 1000, program),
			 PUMORI_HW_FAULT_ILLEGAL);
	rig->budget = 3;
	assert_int_equal(rig_load_program(rig, 10, RIG_INSTRUCTIONS - 1001, program),
			 PUMORI_HW_FAULT_NONE);
	rig->budget = 1000;

	assert_int_equal(rig_runlist(rig, 1), 0);
	sequence = submit(rig, queue, 10);
	assert_int_equal(rig_wait(rig, queue, sequence)->cycles, 1001);
	/* In use it cannot be unloaded. */
	sequence = submit(rig, queue, LONG);
	rig_step(rig, 100);
	assert_int_equal(rig_command(rig, 0, unload, NULL), PUMORI_HW_FAULT_COMMAND);
	assert_int_equal(rig_wait(rig, queue, sequence)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(rig_command(rig, 0, unload, NULL), PUMORI_HW_FAULT_NONE);
	sequence = submit(rig, queue, LONG);
	assert_int_equal(rig_wait(rig, queue, sequence)->fault, PUMORI_HW_FAULT_COMMAND);
	test_free(program);
}

static void big_image_spans_list_pages(void **state)
{
	struct rig *rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_GENERIC));
	struct program *program = test_malloc(sizeof(*program));
	size_t bytes, padded = 600 * 4096;
	struct rig_queue *queue;
	u8 *image, *moved;
	u64 sequence;
	u32 i;

	(void)state;
	assert_non_null(rig);
	program_begin(program, 0, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	for (i = 0; i < PROGRAM_INSTRUCTIONS - 1; i++)
		add_alu(program, PUMORI_ISA_ALU_ADD, 1, 1, (int)i);
	add_end(program);
	image = program_write(program, &bytes);
	/* The instructions moved to the end of an image of more than 512 pages. */
	moved = calloc(1, padded);
	assert_non_null(moved);
	memcpy(moved, image, 256);
	memcpy(moved + padded - (bytes - 256), image + 256, bytes - 256);
	((struct pumori_isa_program *)moved)->instructions_offset = (u32)(padded - (bytes - 256));
	assert_int_equal(rig_load(rig, 3, 0, moved, padded, NULL), PUMORI_HW_FAULT_NONE);
	queue = rig_queue_create(rig, 0, 0, 100);
	assert_int_equal(rig_runlist(rig, 1), 0);
	sequence = submit(rig, queue, 3);
	assert_int_equal(rig_wait(rig, queue, sequence)->cycles, PROGRAM_INSTRUCTIONS);
	free(image);
	free(moved);
	test_free(program);
	rig_destroy(rig);
}

static void fault_stops_the_queue_until_killed(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100),
			 *other = rig_queue_create(rig, 1, 0, 100);
	struct pumori_hw_control kill = { .opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
					  .argument = PUMORI_HW_JOB_KILLED };
	struct pumori_hw_event event;
	u64 first, second, third;

	kill.target = queue->descriptor->id;
	assert_int_equal(rig_runlist(rig, 2), 0);
	first = submit(rig, queue, FAULTS);
	second = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, first)->fault, PUMORI_HW_FAULT_DEADLOCK);
	assert_true(rig_event(rig, 0, &event));
	assert_int_equal(event.type, PUMORI_HW_EVENT_FAULT);
	assert_int_equal(event.argument, PUMORI_HW_FAULT_DEADLOCK);
	assert_int_equal(event.sequence, first);
	assert_int_equal(queue->completion->state, PUMORI_HW_QUEUE_FAULTED);
	assert_int_equal(queue->completion->sequence, first);
	/* Others go on. */
	third = submit(rig, other, SHORT);
	assert_int_equal(rig_wait(rig, other, third)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(queue->completion->sequence, first);
	/* Killed: what waits and what comes is canceled. */
	assert_int_equal(rig_command(rig, 0, kill, NULL), 0);
	assert_int_equal(rig_wait(rig, queue, second)->status, PUMORI_HW_JOB_CANCELED);
	third = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, third)->status, PUMORI_HW_JOB_CANCELED);
	assert_int_equal(queue->completion->state, PUMORI_HW_QUEUE_KILLED);
}

static void kill_ends_a_running_job(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	struct pumori_hw_control kill = { .opcode = PUMORI_HW_CONTROL_KILL_QUEUE };
	u64 sequence, progress;

	kill.target = queue->descriptor->id;
	kill.argument = PUMORI_HW_JOB_KILLED;
	assert_int_equal(rig_runlist(rig, 1), 0);
	sequence = submit(rig, queue, SPIN);
	assert_int_equal(rig_step(rig, 500) & SILICON_MORE, SILICON_MORE);
	progress = queue->completion->progress;
	assert_in_range(progress, 400, 600);
	assert_int_equal(queue->completion->state, PUMORI_HW_QUEUE_RUNNING);
	rig_step(rig, 500);
	assert_true(queue->completion->progress > progress);
	assert_int_equal(queue->completion->sequence, 0);
	assert_int_equal(rig_command(rig, 0, kill, NULL), 0);
	assert_int_equal(record_of(queue, sequence)->status, PUMORI_HW_JOB_KILLED);
	assert_int_equal(record_of(queue, sequence)->sequence, sequence);
	assert_int_equal(queue->completion->sequence, sequence);
	assert_true(rig_run(rig));
}

static void leaving_the_runlist_ends_everything(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	u64 sequence;
	u8 page[4096];

	assert_int_equal(rig_runlist(rig, 1), 0);
	sequence = submit(rig, queue, SPIN);
	rig_step(rig, 50);
	assert_int_equal(rig_runlist(rig, 0), 0);
	assert_int_equal(record_of(queue, sequence)->status, PUMORI_HW_JOB_KILLED);
	/* After the acknowledgement nothing of it is touched. */
	memcpy(page, queue->completion, sizeof(page));
	submit(rig, queue, SHORT);
	silicon_doorbell(rig->device, queue->descriptor->id);
	assert_true(rig_run(rig));
	assert_memory_equal(page, queue->completion, sizeof(page));
	/* Back on the list it goes on behind what had ended. */
	assert_int_equal(rig_runlist(rig, 1), 0);
	assert_true(rig_run(rig));
	assert_int_equal(record_of(queue, sequence + 1)->status, PUMORI_HW_JOB_DONE);
}

static void a_runlist_change_disturbs_nobody(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100), *second;
	u64 sequence, other;

	assert_int_equal(rig_runlist(rig, 1), 0);
	sequence = submit(rig, queue, LONG);
	rig_step(rig, 1000);
	second = rig_queue_create(rig, 1, 0, 100);
	assert_int_equal(rig_runlist(rig, 2), 0);
	other = submit(rig, second, SHORT);
	assert_int_equal(rig_wait(rig, queue, sequence)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(rig_wait(rig, queue, sequence)->cycles, 1 + 2 * 20000 + 1);
	assert_int_equal(rig_wait(rig, second, other)->status, PUMORI_HW_JOB_DONE);
}

static void malformed_commands_are_faults(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue[RIG_QUEUES];
	u64 sequence[RIG_QUEUES];
	u32 i;

	for (i = 0; i < RIG_QUEUES; i++)
		queue[i] = rig_queue_create(rig, 0, 0, 100);
	assert_int_equal(rig_runlist(rig, RIG_QUEUES), 0);
	for (i = 0; i < RIG_QUEUES; i++) {
		struct pumori_hw_job *job = rig_next_job(queue[i]);
		struct pumori_hw_command *command = rig_next_command(queue[i]);

		if (i == 0)
			command->flags = 0x80;
		else if (i == 1)
			command->reserved[1] = 1;
		else if (i == 2)
			queue[i]->sequence = 7;
		else if (i == 4)
			job->reserved[1] = 5;
		else if (i == 5)
			rig_variable(job, 0, 0x1010, 64, false);
		else if (i == 6)
			rig_variable(job, 0, 1ull << 47, (1ull << 47) + 1, false);
		sequence[i] = rig_submit(rig, queue[i], i == 3 ? 1000000 : SHORT, i == 7 ? 1 : 0);
		if (i == 2)
			sequence[i] = 1;
	}
	for (i = 0; i < RIG_QUEUES; i++) {
		const struct pumori_hw_record *record = rig_wait(rig, queue[i], sequence[i]);

		assert_non_null(record);
		assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
		assert_int_equal(record->fault, PUMORI_HW_FAULT_COMMAND);
		drain(rig);
	}
}

static void wild_tail_is_a_fault(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	struct pumori_hw_control kill = { .opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
					  .argument = PUMORI_HW_JOB_KILLED };

	assert_int_equal(rig_runlist(rig, 1), 0);
	queue->descriptor->tail = 0x80000000u;
	silicon_doorbell(rig->device, queue->descriptor->id);
	assert_true(rig_run(rig));
	assert_int_equal(record_of(queue, 1)->fault, PUMORI_HW_FAULT_COMMAND);
	kill.target = queue->descriptor->id;
	assert_int_equal(rig_command(rig, 0, kill, NULL), 0);
	assert_true(rig_run(rig));
}

static void equals_share_the_core(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *a = rig_queue_create(rig, 0, 1, 50), *b = rig_queue_create(rig, 1, 1, 50);
	u32 i;

	assert_int_equal(rig_runlist(rig, 2), 0);
	submit(rig, a, SPIN);
	submit(rig, b, SPIN);
	for (i = 0; i < 200; i++)
		rig_step(rig, 100);
	/* Time is shared: neither has more than 55 of 100. */
	assert_in_range(a->completion->busy_ns * 100 /
				(a->completion->busy_ns + b->completion->busy_ns),
			45, 55);
	assert_true(a->completion->progress > 5000 && b->completion->progress > 5000);
}

static void higher_priority_goes_first(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *low = rig_queue_create(rig, 0, 0, 50),
			 *high = rig_queue_create(rig, 1, 3, 50);
	u64 sequence, before;

	assert_int_equal(rig_runlist(rig, 2), 0);
	submit(rig, low, SPIN);
	rig_step(rig, 1000);
	assert_true(low->completion->progress > 900);
	sequence = submit(rig, high, LONG);
	before = low->completion->progress;
	while (high->completion->sequence < sequence)
		rig_step(rig, 100);
	assert_true(low->completion->progress - before <= 200);
}

static void more_queues_than_slots(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue[5];
	u64 sequence[5][3];
	u32 i, j;

	for (i = 0; i < 5; i++)
		queue[i] = rig_queue_create(rig, 0, 0, 100);
	assert_int_equal(rig_runlist(rig, 5), 0);
	for (j = 0; j < 3; j++)
		for (i = 0; i < 5; i++)
			sequence[i][j] = submit(rig, queue[i], LONG);
	rig_run(rig);
	for (j = 0; j < 3; j++)
		for (i = 0; i < 5; i++)
			assert_int_equal(record_of(queue[i], sequence[i][j])->status,
					 PUMORI_HW_JOB_DONE);
}

static void full_event_ring_loses_nothing(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	struct pumori_hw_event event;
	u64 sequence = 0, last = 0;
	u32 i, unread = 0, seen = 0;

	assert_int_equal(rig_runlist(rig, 1), 0);
	for (i = 0; i < 400; i++) {
		if (queue->descriptor->tail - queue->completion->head < 16)
			sequence = submit(rig, queue, SHORT);
		rig_step(rig, 100);
	}
	/* The core has stopped with room for the worst case, and sleeps. */
	assert_in_range(queue->completion->sequence, 30, 64);
	assert_false(silicon_core_pending(rig->device, 0));
	while (last < sequence) {
		while (rig_event(rig, 0, &event)) {
			assert_int_equal(event.type, PUMORI_HW_EVENT_JOB);
			assert_int_equal(event.sequence, last + 1);
			last = event.sequence;
			seen++;
		}
		assert_true(rig_run(rig));
		assert_true(unread++ < 1000);
	}
	assert_int_equal(seen, sequence);
}

static void core_reset(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *a = rig_queue_create(rig, 0, 0, 100), *b = rig_queue_create(rig, 1, 0, 100);
	u64 first, second, idle;
	u32 i;

	assert_int_equal(rig_runlist(rig, 2), 0);
	idle = submit(rig, b, SHORT);
	rig_wait(rig, b, idle);
	first = submit(rig, a, SPIN);
	second = submit(rig, a, SHORT);
	for (i = 0; i < 10; i++)
		rig_step(rig, 100);
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_RESET), 1);
	assert_int_equal(
		silicon_register_read(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_STATUS)) &
			PUMORI_HW_CORE_STATUS_RESETTING,
		0);
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_RESET),
			       PUMORI_HW_RESET_KEY);
	assert_int_not_equal(
		silicon_register_read(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_STATUS)) &
			PUMORI_HW_CORE_STATUS_RESETTING,
		0);
	rig_step(rig, 1);
	assert_int_equal(
		silicon_register_read(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_STATUS)) &
			PUMORI_HW_CORE_STATUS_RESETTING,
		0);
	assert_int_equal(record_of(a, first)->status, PUMORI_HW_JOB_INNOCENT_RESET);
	assert_int_equal(record_of(b, idle)->status, PUMORI_HW_JOB_DONE);
	/* Queues, programs and later commands are still there; SBUF is not. */
	assert_int_equal(rig_wait(rig, a, second)->status, PUMORI_HW_JOB_DONE);
	assert_true(record_of(a, second)->residency > record_of(a, first)->residency);
}

static void device_reset(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	u64 sequence;

	assert_int_equal(rig_runlist(rig, 1), 0);
	submit(rig, queue, SPIN);
	rig_step(rig, 100);
	silicon_register_write(rig->device, PUMORI_HW_REG_DEVICE_RESET, PUMORI_HW_RESET_KEY);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_STATUS),
			 PUMORI_HW_STATUS_RESETTING);
	assert_true(silicon_core_pending(rig->device, 0));
	rig_step(rig, 1);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_STATUS),
			 PUMORI_HW_STATUS_READY);
	assert_int_equal(
		silicon_register_read(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_STATUS)), 0);
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE);
	assert_int_equal(queue->completion->sequence, 0);
	/* From nothing again. */
	rig_enable(rig, 0);
	load_simple(rig);
	memset(queue->completion, 0, 4096);
	queue->descriptor->tail = 0;
	queue->sequence = 0;
	assert_int_equal(rig_runlist(rig, 1), 0);
	sequence = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, sequence)->status, PUMORI_HW_JOB_DONE);
}

static void disabled_core_stands_still(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	u64 progress;

	assert_int_equal(rig_runlist(rig, 1), 0);
	submit(rig, queue, SPIN);
	rig_step(rig, 100);
	progress = queue->completion->progress;
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_ENABLE), 0);
	assert_true(silicon_core_pending(rig->device, 0));
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE);
	assert_int_equal(
		silicon_register_read(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_STATUS)), 0);
	assert_int_equal(queue->completion->progress, progress);
	/* Rings that do not answer leave it disabled. */
	rig->bus_limit = 0;
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_ENABLE), 1);
	rig_step(rig, 100);
	assert_int_equal(
		silicon_register_read(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_STATUS)), 0);
}

static void doorbell_only_when_asked(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	u32 tail;

	assert_int_equal(rig_runlist(rig, 1), 0);
	assert_true(rig_run(rig));
	/* Asleep: the index is where the next tail passes it. */
	assert_int_equal(queue->descriptor->event_index, queue->descriptor->tail);
	submit(rig, queue, SPIN);
	assert_true(silicon_core_pending(rig->device, 0));
	rig_step(rig, 100);
	/*
	 * Busy: the index stays behind, so that no doorbell is rung, and the core finds the command
	 * anyway.
	 */
	tail = queue->descriptor->tail;
	assert_false(tail + 1 - queue->descriptor->event_index - 1 < 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(registers, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts_of_jobs_wait_for_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_control_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(programs_come_and_go, setup, teardown),
		cmocka_unit_test(big_image_spans_list_pages),
		cmocka_unit_test_setup_teardown(fault_stops_the_queue_until_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(kill_ends_a_running_job, setup, teardown),
		cmocka_unit_test_setup_teardown(leaving_the_runlist_ends_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(a_runlist_change_disturbs_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_commands_are_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(wild_tail_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(equals_share_the_core, setup, teardown),
		cmocka_unit_test_setup_teardown(higher_priority_goes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(more_queues_than_slots, setup, teardown),
		cmocka_unit_test_setup_teardown(full_event_ring_loses_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(core_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(device_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(disabled_core_stands_still, setup, teardown),
		cmocka_unit_test_setup_teardown(doorbell_only_when_asked, setup, teardown),
	};

	return cmocka_run_group_tests_name("silicon_device", tests, NULL, NULL);
}
