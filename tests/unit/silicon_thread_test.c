// SPDX-License-Identifier: MIT
/*
 * The chip on a thread of its own, which sleeps when it may: no command, doorbell, event or register write
 * of another thread gets lost.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "chip_rig.h"

#define JOBS		3000u
#define SECONDS		60

struct bench {
	struct rig *rig;
	struct rig_queue *queue[2];
	pthread_t thread;
	bool stop;
	/** @sleeps: times that the core had nothing to do */
	u32 sleeps;
};

/* As a socket does: asleep until something is pending. */
static void *core_thread(void *argument)
{
	struct bench *bench = argument;

	while (!__atomic_load_n(&bench->stop, __ATOMIC_ACQUIRE)) {
		if (!silicon_core_pending(bench->rig->device, 0)) {
			__atomic_add_fetch(&bench->sleeps, 1, __ATOMIC_RELAXED);
			sched_yield();
			continue;
		}
		silicon_core_run(bench->rig->device, 0, 50);
	}
	return NULL;
}

static int setup(void **state)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));
	struct program *program = test_malloc(sizeof(*program));
	u32 i;

	bench->rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_GENERIC));
	assert_non_null(bench->rig);
	for (i = 0; i < 2; i++)
		bench->queue[i] = rig_queue_create(bench->rig, 0, 0, 20);
	assert_int_equal(rig_runlist(bench->rig, 2), 0);
	program_begin(program, 64, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_end(program);
	assert_int_equal(rig_load_program(bench->rig, 0, 0, program), 0);
	program_begin(program, 64, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_branch(program, PUMORI_ISA_COMPARE_ALWAYS, 0, 0, 0);
	assert_int_equal(rig_load_program(bench->rig, 1, 8, program), 0);
	test_free(program);
	assert_true(rig_run(bench->rig));
	assert_int_equal(pthread_create(&bench->thread, NULL, core_thread, bench), 0);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	__atomic_store_n(&bench->stop, true, __ATOMIC_RELEASE);
	pthread_join(bench->thread, NULL);
	rig_destroy(bench->rig);
	test_free(bench);
	return 0;
}

static u64 finished(const struct rig_queue *queue)
{
	return __atomic_load_n(&queue->completion->sequence, __ATOMIC_ACQUIRE);
}

/* Gives the core time; false when too much of it has passed. */
static bool wait_a_little(time_t since)
{
	sched_yield();
	return time(NULL) - since < SECONDS;
}

/* Reads events until the one that acknowledges @sequence, or all there are when it is 0. */
static bool read_events(struct bench *bench, u32 sequence, u32 *jobs)
{
	struct pumori_hw_event event;

	while (rig_event(bench->rig, 0, &event)) {
		if (event.type == PUMORI_HW_EVENT_JOB)
			(*jobs)++;
		else if (event.type == PUMORI_HW_EVENT_CONTROL && event.sequence == sequence)
			return true;
	}
	return false;
}

static void one_after_the_other(void **state)
{
	struct bench *bench = *state;
	time_t start = time(NULL);
	u32 i, jobs = 0;
	u64 sequence;

	/* Each time the core has gone to sleep, or is about to, or not yet. */
	for (i = 0; i < JOBS; i++) {
		rig_next_job(bench->queue[0]);
		sequence = rig_submit(bench->rig, bench->queue[0], 0, 0);
		while (finished(bench->queue[0]) < sequence)
			if (!wait_a_little(start))
				fail_msg("job %u of %u was never seen", i, JOBS);
		read_events(bench, 0, &jobs);
	}
	while (jobs < JOBS && wait_a_little(start))
		read_events(bench, 0, &jobs);
	assert_int_equal(jobs, JOBS);
	assert_true(__atomic_load_n(&bench->sleeps, __ATOMIC_RELAXED) > 0);
}

static void two_queues_and_control(void **state)
{
	struct pumori_hw_control invalidate = { .opcode = PUMORI_HW_CONTROL_TLB_INVALIDATE };
	struct bench *bench = *state;
	time_t start = time(NULL);
	u32 i, jobs = 0, sequence;

	for (i = 0; i < JOBS; i++) {
		struct rig_queue *queue = bench->queue[i % 2];

		while (queue->sequence - finished(queue) >= queue->descriptor->ring_entries) {
			read_events(bench, 0, &jobs);
			assert_true(wait_a_little(start));
		}
		rig_next_job(queue);
		rig_submit(bench->rig, queue, 0, 0);
		if (i % 50 == 0) {
			sequence = rig_control(bench->rig, 0, invalidate);
			while (!read_events(bench, sequence, &jobs))
				if (!wait_a_little(start))
					fail_msg("command %u was never acknowledged", sequence);
		}
	}
	while (jobs < JOBS && wait_a_little(start))
		read_events(bench, 0, &jobs);
	assert_int_equal(jobs, JOBS);
}

static void resets_while_it_runs(void **state)
{
	struct bench *bench = *state;
	time_t start = time(NULL);
	u32 i, jobs = 0;
	u64 sequence;

	for (i = 0; i < 200; i++) {
		rig_next_job(bench->queue[0]);
		sequence = rig_submit(bench->rig, bench->queue[0], 1, 0);
		while (__atomic_load_n(&bench->queue[0]->completion->state, __ATOMIC_RELAXED) !=
		       PUMORI_HW_QUEUE_RUNNING)
			assert_true(wait_a_little(start));
		silicon_register_write(bench->rig->device,
				       PUMORI_HW_CORE(0, PUMORI_HW_CORE_RESET), PUMORI_HW_RESET_KEY);
		while (finished(bench->queue[0]) < sequence)
			assert_true(wait_a_little(start));
		assert_int_equal(
			bench->queue[0]->completion->record[sequence % PUMORI_HW_RECORDS].status,
			PUMORI_HW_JOB_INNOCENT_RESET);
		read_events(bench, 0, &jobs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_after_the_other, setup, teardown),
		cmocka_unit_test_setup_teardown(two_queues_and_control, setup, teardown),
		cmocka_unit_test_setup_teardown(resets_while_it_runs, setup, teardown),
	};

	return cmocka_run_group_tests_name("silicon_thread", tests, NULL, NULL);
}
