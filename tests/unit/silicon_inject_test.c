// SPDX-License-Identifier: MIT
/* A chip that is told to misbehave does so, as often as it is told, until what shall end it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"

#define SPIN	0	/* never ends by itself */
#define SHORT	1	/* a few instructions */

static int setup(void **state)
{
	struct rig *rig = rig_create(1, 2, rig_kernels(SILICON_KERNELS_GENERIC));
	struct program *program = test_malloc(sizeof(*program));

	assert_non_null(rig);
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
	test_free(program);
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	rig_destroy(*state);
	return 0;
}

static void inject(struct rig *rig, u32 kind, u32 count)
{
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_INJECT),
			       kind | count << 8);
}

static u32 core_register(struct rig *rig, u32 offset)
{
	return silicon_register_read(rig->device, PUMORI_HW_CORE(0, offset));
}

static u64 submit(struct rig *rig, struct rig_queue *queue, u32 program)
{
	memset(rig_next_job(queue), 0, sizeof(struct pumori_hw_job));
	return rig_submit(rig, queue, program, 0);
}

static struct rig_queue *one_queue(struct rig *rig)
{
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100);
	struct pumori_hw_event event;

	assert_int_equal(rig_runlist(rig, 1), 0);
	while (rig_event(rig, 0, &event))
		;
	silicon_register_write(rig->device, PUMORI_HW_REG_INTERRUPT_ENABLE, 1);
	return queue;
}

/* How many slices of @count raise an interrupt. */
static u32 interrupts(struct rig *rig, u32 count)
{
	u32 raised = 0;

	while (count--)
		raised += !!(rig_step(rig, 100) & SILICON_INTERRUPT);
	return raised;
}

static u32 events(struct rig *rig, struct pumori_hw_event *last)
{
	struct pumori_hw_event event;
	u32 count = 0;

	while (rig_event(rig, 0, &event)) {
		count++;
		*last = event;
	}
	return count;
}

static void unknown_kinds_do_nothing(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = one_queue(rig);
	u64 sequence;

	inject(rig, PUMORI_HW_INJECT_GONE + 1, 1);
	inject(rig, 0xff, 1);
	sequence = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, sequence)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_ID), PUMORI_HW_ID);
}

static void memory_error_ends_one_job(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = rig_queue_create(rig, 0, 0, 100), *other = rig_queue_create(rig, 0, 0, 100);
	const struct pumori_hw_record *record;
	u64 sequence;

	assert_int_equal(rig_runlist(rig, 2), 0);
	sequence = submit(rig, queue, SPIN);
	rig_step(rig, 100);
	inject(rig, PUMORI_HW_INJECT_ECC, 1);
	record = rig_wait(rig, queue, sequence);
	assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_ECC);
	assert_true(record->pc < 2);
	sequence = submit(rig, other, SHORT);
	assert_int_equal(rig_wait(rig, other, sequence)->status, PUMORI_HW_JOB_DONE);
}

static void corrected_error_is_told(void **state)
{
	struct rig *rig = *state;
	struct pumori_hw_event event;

	one_queue(rig);
	inject(rig, PUMORI_HW_INJECT_ECC_CORRECTED, 2);
	assert_int_equal(interrupts(rig, 5), 2);
	assert_int_equal(events(rig, &event), 2);
	assert_int_equal(event.type, PUMORI_HW_EVENT_ECC);
}

/* Nobody kicks the core again, and EVENT_HEAD stays where it is: it must not sleep on what is left. */
static void a_count_of_errors_needs_one_kick(void **state)
{
	struct rig *rig = *state;
	struct pumori_hw_event event;

	one_queue(rig);
	inject(rig, PUMORI_HW_INJECT_ECC_CORRECTED, 20);
	for (int i = 0; i < 100 && silicon_core_pending(rig->device, 0); i++)
		silicon_core_run(rig->device, 0, 1000);
	assert_int_equal(events(rig, &event), 20);
}

static void interrupts_get_lost_and_come_unasked(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = one_queue(rig);
	struct pumori_hw_event event;

	silicon_register_write(rig->device, PUMORI_HW_REG_INTERRUPT_STATUS, 1);
	inject(rig, PUMORI_HW_INJECT_LOSE_INTERRUPT, 1);
	submit(rig, queue, SHORT);
	assert_int_equal(interrupts(rig, 5), 0);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_INTERRUPT_STATUS) & 1, 0);
	assert_int_equal(events(rig, &event), 1);
	inject(rig, PUMORI_HW_INJECT_SPURIOUS_INTERRUPT, 2);
	assert_int_equal(interrupts(rig, 5), 2);
	assert_int_equal(events(rig, &event), 0);
}

static void events_get_lost_doubled_late_and_broken(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = one_queue(rig);
	struct pumori_hw_event event;
	u64 first, second;

	inject(rig, PUMORI_HW_INJECT_LOSE_EVENT, 1);
	first = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, first)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(events(rig, &event), 0);

	inject(rig, PUMORI_HW_INJECT_DUPLICATE_EVENT, 1);
	first = submit(rig, queue, SHORT);
	rig_wait(rig, queue, first);
	assert_int_equal(events(rig, &event), 2);

	inject(rig, PUMORI_HW_INJECT_REORDER_EVENT, 1);
	first = submit(rig, queue, SHORT);
	second = submit(rig, queue, SHORT);
	rig_wait(rig, queue, second);
	assert_true(rig_event(rig, 0, &event));
	assert_int_equal(event.sequence, second);
	assert_true(rig_event(rig, 0, &event));
	assert_int_equal(event.sequence, first);

	inject(rig, PUMORI_HW_INJECT_ONES_EVENT, 1);
	first = submit(rig, queue, SHORT);
	rig_wait(rig, queue, first);
	assert_int_equal(events(rig, &event), 1);
	assert_int_equal(event.type, 0xffffffffu);
}

static void completions_get_lost_doubled_and_broken(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = one_queue(rig);
	struct pumori_hw_event event;
	u64 first, second;

	inject(rig, PUMORI_HW_INJECT_LOSE_COMPLETION, 1);
	first = submit(rig, queue, SHORT);
	assert_true(rig_run(rig));
	assert_true(queue->completion->sequence < first);
	second = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, second)->status, PUMORI_HW_JOB_DONE);
	assert_true(queue->completion->record[first % PUMORI_HW_RECORDS].sequence != first);
	events(rig, &event);

	inject(rig, PUMORI_HW_INJECT_DUPLICATE_COMPLETION, 1);
	first = submit(rig, queue, SHORT);
	assert_int_equal(rig_wait(rig, queue, first)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(events(rig, &event), 2);

	inject(rig, PUMORI_HW_INJECT_ONES_COMPLETION, 1);
	submit(rig, queue, SHORT);
	assert_true(rig_run(rig));
	assert_true(queue->completion->sequence == ~0ull);
}

static void hang_takes_time_until_killed(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *hung = rig_queue_create(rig, 0, 0, 100), *other = rig_queue_create(rig, 0, 0, 100);
	u64 first, second, progress, busy_ns;
	u32 i;

	assert_int_equal(rig_runlist(rig, 2), 0);
	first = submit(rig, hung, SPIN);
	rig_step(rig, 100);
	inject(rig, PUMORI_HW_INJECT_HANG, 1);
	rig_step(rig, 100);
	progress = hung->completion->progress;
	busy_ns = hung->completion->busy_ns;
	for (i = 0; i < 10; i++)
		rig_step(rig, 100);
	assert_true(hung->completion->progress == progress);
	assert_true(hung->completion->busy_ns > busy_ns);
	/* Others are served beside it. */
	second = submit(rig, other, SHORT);
	assert_int_equal(rig_wait(rig, other, second)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(rig_command(rig, 0, (struct pumori_hw_control){
		.opcode = PUMORI_HW_CONTROL_KILL_QUEUE, .target = hung->descriptor->id,
		.argument = PUMORI_HW_JOB_KILLED }, NULL), 0);
	assert_int_equal(rig_wait(rig, hung, first)->status, PUMORI_HW_JOB_KILLED);
}

static void stuck_core_obeys_its_reset(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *guilty = rig_queue_create(rig, 0, 0, 100), *innocent = rig_queue_create(rig, 0, 0, 100);
	u64 first, behind, second;
	u32 i;

	assert_int_equal(rig_runlist(rig, 2), 0);
	first = submit(rig, guilty, SPIN);
	behind = submit(rig, guilty, SHORT);
	second = submit(rig, innocent, SPIN);
	for (i = 0; i < 10; i++)
		rig_step(rig, 100);
	inject(rig, PUMORI_HW_INJECT_STUCK, 1);
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE);
	rig_control(rig, 0, (struct pumori_hw_control){ .opcode = PUMORI_HW_CONTROL_NOP });
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE);
	assert_int_not_equal(core_register(rig, PUMORI_HW_CORE_SERVING), PUMORI_HW_NO_QUEUE);

	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_BLAME),
			       guilty->descriptor->id);
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_RESET),
			       PUMORI_HW_RESET_KEY);
	assert_int_equal(rig_wait(rig, guilty, first)->status, PUMORI_HW_JOB_KILLED);
	assert_int_equal(rig_wait(rig, guilty, behind)->status, PUMORI_HW_JOB_CANCELED);
	assert_int_equal(rig_wait(rig, innocent, second)->status, PUMORI_HW_JOB_INNOCENT_RESET);
	assert_int_equal(core_register(rig, PUMORI_HW_CORE_BLAME), PUMORI_HW_NO_QUEUE);
	second = submit(rig, innocent, SHORT);
	assert_int_equal(rig_wait(rig, innocent, second)->status, PUMORI_HW_JOB_DONE);
}

static void dead_core_obeys_device_reset_alone(void **state)
{
	struct rig *rig = *state;

	one_queue(rig);
	inject(rig, PUMORI_HW_INJECT_DEAD, 1);
	silicon_register_write(rig->device, PUMORI_HW_CORE(0, PUMORI_HW_CORE_RESET),
			       PUMORI_HW_RESET_KEY);
	rig_step(rig, 100);
	assert_int_not_equal(core_register(rig, PUMORI_HW_CORE_STATUS) & PUMORI_HW_CORE_STATUS_RESETTING, 0);
	silicon_register_write(rig->device, PUMORI_HW_REG_DEVICE_RESET, PUMORI_HW_RESET_KEY);
	rig_step(rig, 100);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_STATUS),
			 PUMORI_HW_STATUS_READY);
}

static void gone_device_answers_ones(void **state)
{
	struct rig *rig = *state;
	struct rig_queue *queue = one_queue(rig);
	u64 sequence;

	inject(rig, PUMORI_HW_INJECT_GONE, 1);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_ID), 0xffffffffu);
	assert_int_equal(core_register(rig, PUMORI_HW_CORE_STATUS), 0xffffffffu);
	silicon_register_write(rig->device, PUMORI_HW_REG_DEVICE_RESET, PUMORI_HW_RESET_KEY);
	inject(rig, PUMORI_HW_INJECT_NONE, 0);
	sequence = submit(rig, queue, SHORT);
	assert_int_equal(rig_step(rig, 100), SILICON_IDLE);
	assert_true(queue->completion->sequence < sequence);
	assert_int_equal(silicon_register_read(rig->device, PUMORI_HW_REG_STATUS), 0xffffffffu);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(unknown_kinds_do_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_error_ends_one_job, setup, teardown),
		cmocka_unit_test_setup_teardown(corrected_error_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(a_count_of_errors_needs_one_kick, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts_get_lost_and_come_unasked, setup, teardown),
		cmocka_unit_test_setup_teardown(events_get_lost_doubled_late_and_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(completions_get_lost_doubled_and_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(hang_takes_time_until_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(stuck_core_obeys_its_reset, setup, teardown),
		cmocka_unit_test_setup_teardown(dead_core_obeys_device_reset_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(gone_device_answers_ones, setup, teardown),
	};

	return cmocka_run_group_tests_name("silicon_inject", tests, NULL, NULL);
}
