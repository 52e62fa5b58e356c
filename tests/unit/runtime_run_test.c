// SPDX-License-Identifier: MIT
/* Runs: results, states, preloads, faults, limits, many at once. The same on any device. */
#include "runtime_fixture.h"

#include <pumori/hw.h>

#define SECOND	1000000000ll

static void test_scale(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_model *model;
	struct builder builder;
	struct bound bound;
	int i, round;

	(void)state;
	build_scale(&builder);
	model = load_built(device, &builder);
	bound = bind_all(model);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 64; i++)
			floats(bound.input[0])[i] = (float)(i + round);
		if (round == 1) {
			OK(pumori_run_submit(bound.run));
			OK(pumori_run_wait(bound.run, 20 * SECOND));
		} else {
			OK(pumori_run_execute(bound.run));
		}
		for (i = 0; i < 64; i++)
			assert_true(floats(bound.output[0])[i] ==
				    (float)(i + round) * 0.5f * (float)i);
		OK(pumori_run_status(bound.run, &status));
		assert_int_equal(status.job_status, PUMORI_HW_JOB_DONE);
		assert_true(status.cycles > 0);
		assert_null(status.node);
	}
	/* The result stays until the next submission. */
	OK(pumori_run_wait(bound.run, 0));
	release(&bound);
	pumori_model_unload(model);
	pumori_device_close(device);
}

static void test_state_is_kept_between_runs(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_model *model;
	struct builder builder;
	struct bound first, second;
	int i;

	(void)state;
	build_state(&builder);
	model = load_built(device, &builder);
	first = bind_all(model);
	second = bind_all(model);
	for (i = 0; i < 5; i++) {
		OK(pumori_run_execute(first.run));
		assert_true(floats(first.output[0])[0] == (float)(41 + i));
	}
	/* Each run has a state of its own. */
	OK(pumori_run_execute(second.run));
	assert_true(floats(second.output[0])[0] == 41);
	release(&first);
	release(&second);
	pumori_model_unload(model);
	pumori_device_close(device);
}

static void expect_all(const struct bound *bound, float value)
{
	int i;

	for (i = 0; i < 16; i++)
		assert_true(floats(bound->output[0])[i] == value);
}

/* Two models with data in SBUF and one without share the device; each finds its own data. */
static void test_preload(void **state)
{
	struct pumori_device_options options = { .size = sizeof(options),
						 .core = 0,
						 .priority = 1 };
	struct pumori_device *device = open_device(&options);
	struct pumori_model *a, *b, *plain;
	struct builder builder;
	struct bound run_a, run_b, run_plain;
	int round;

	(void)state;
	build_preload(&builder, 1.5f);
	a = load_built(device, &builder);
	build_preload(&builder, 2.5f);
	b = load_built(device, &builder);
	build_copy(&builder, 1000);
	plain = load_built(device, &builder);
	run_a = bind_all(a);
	run_b = bind_all(b);
	run_plain = bind_all(plain);
	memset(floats(run_plain.input[0]), 0x77, 4000);
	for (round = 0; round < 4; round++) {
		OK(pumori_run_execute(run_a.run));
		expect_all(&run_a, 1.5f);
		OK(pumori_run_execute(run_a.run));
		expect_all(&run_a, 1.5f);
		OK(pumori_run_execute(run_plain.run));
		OK(pumori_run_submit(run_a.run));
		OK(pumori_run_submit(run_b.run));
		OK(pumori_run_wait(run_a.run, -1));
		OK(pumori_run_wait(run_b.run, -1));
		expect_all(&run_a, 1.5f);
		expect_all(&run_b, 2.5f);
		memset(floats(run_a.output[0]), 0, 64);
		memset(floats(run_b.output[0]), 0, 64);
	}
	/* A model loaded where another was does not inherit its data. */
	release(&run_b);
	pumori_model_unload(b);
	build_preload(&builder, 3.5f);
	b = load_built(device, &builder);
	run_b = bind_all(b);
	OK(pumori_run_execute(run_b.run));
	expect_all(&run_b, 3.5f);
	release(&run_a);
	release(&run_b);
	release(&run_plain);
	pumori_model_unload(a);
	pumori_model_unload(b);
	pumori_model_unload(plain);
	pumori_device_close(device);
}

static void test_fault(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_model *bad, *good;
	struct builder builder;
	struct bound faulty, sound;
	int round;

	(void)state;
	build_fault(&builder);
	bad = load_built(device, &builder);
	build_scale(&builder);
	good = load_built(device, &builder);
	faulty = bind_all(bad);
	sound = bind_all(good);
	for (round = 0; round < 12; round++) {
		FAILS(PUMORI_ERROR_FAULT, "bad_read", pumori_run_execute(faulty.run));
		OK(pumori_run_status(faulty.run, &status));
		assert_int_equal(status.job_status, PUMORI_HW_JOB_FAULT);
		assert_int_equal(status.fault, PUMORI_HW_FAULT_VARIABLE);
		assert_int_equal(status.pc, 1);
		assert_int_equal(status.stream, PUMORI_ISA_DMA0);
		assert_string_equal(status.node, "bad_read");
		assert_int_equal(CALL(pumori_run_wait(faulty.run, -1)), PUMORI_ERROR_FAULT);
		/* The queue is banned, the device is not. */
		OK(pumori_run_execute(sound.run));
	}
	release(&faulty);
	release(&sound);
	pumori_model_unload(bad);
	pumori_model_unload(good);
	pumori_device_close(device);
}

/* Jobs behind a faulting one in its queue are run again elsewhere. */
static void test_fault_hurts_nobody_else(void **state)
{
	enum { RUNS = 12 };
	struct pumori_device_options options = { .size = sizeof(options),
						 .core = 0,
						 .priority = 1 };
	struct pumori_device *device = open_device(&options);
	struct pumori_model *bad, *good;
	struct builder builder;
	struct bound run[RUNS];
	int i, k;

	(void)state;
	build_fault(&builder);
	bad = load_built(device, &builder);
	build_scale(&builder);
	good = load_built(device, &builder);
	for (i = 0; i < RUNS; i++)
		run[i] = bind_all(i % 4 == 1 ? bad : good);
	for (i = 0; i < RUNS; i++)
		for (k = 0; k < 16; k++)
			floats(run[i].input[0])[k] = (float)(i * k);
	for (i = 0; i < RUNS; i++)
		OK(pumori_run_submit(run[i].run));
	for (i = RUNS - 1; i >= 0; i--) {
		if (i % 4 == 1) {
			assert_int_equal(CALL(pumori_run_wait(run[i].run, -1)), PUMORI_ERROR_FAULT);
			continue;
		}
		OK(pumori_run_wait(run[i].run, -1));
		for (k = 0; k < 16; k++)
			assert_true(floats(run[i].output[0])[k] ==
				    (float)(i * k) * 0.5f * (float)k);
	}
	for (i = 0; i < RUNS; i++)
		release(&run[i]);
	pumori_model_unload(bad);
	pumori_model_unload(good);
	pumori_device_close(device);
}

static void test_budget(void **state)
{
	struct pumori_device_options options = {
		.size = sizeof(options), .core = -1, .priority = 1, .budget_ms = 20
	};
	struct pumori_device *device = open_device(&options);
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_model *endless, *good;
	struct builder builder;
	struct bound spin, sound;

	(void)state;
	build_forever(&builder);
	endless = load_built(device, &builder);
	build_copy(&builder, 4);
	good = load_built(device, &builder);
	spin = bind_all(endless);
	sound = bind_all(good);
	FAILS(PUMORI_ERROR_KILLED, "", pumori_run_execute(spin.run));
	OK(pumori_run_status(spin.run, &status));
	assert_true(status.job_status == PUMORI_HW_JOB_KILLED ||
		    (status.job_status == PUMORI_HW_JOB_FAULT &&
		     status.fault == PUMORI_HW_FAULT_BUDGET));
	OK(pumori_run_execute(sound.run));
	OK(pumori_run_submit(spin.run));
	assert_int_equal(CALL(pumori_run_submit(spin.run)), PUMORI_ERROR_BUSY);
	assert_int_equal(CALL(pumori_run_wait(spin.run, -1)), PUMORI_ERROR_KILLED);
	release(&spin);
	release(&sound);
	pumori_model_unload(endless);
	pumori_model_unload(good);
	pumori_device_close(device);
}

static void test_timeouts(void **state)
{
	struct pumori_device_options options = {
		.size = sizeof(options), .core = -1, .priority = 1, .budget_ms = 2000
	};
	struct pumori_device *device = open_device(&options);
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_model *model;
	struct builder builder;
	struct bound bound;
	int error;

	(void)state;
	build_forever(&builder);
	model = load_built(device, &builder);
	bound = bind_all(model);
	OK(pumori_run_submit(bound.run));
	assert_int_equal(CALL(pumori_run_wait(bound.run, 0)), PUMORI_ERROR_TIMEOUT);
	assert_int_equal(CALL(pumori_run_wait(bound.run, 1000000)), PUMORI_ERROR_TIMEOUT);
	assert_int_equal(CALL(pumori_run_status(bound.run, &status)), PUMORI_ERROR_BUSY);
	assert_int_equal(CALL(pumori_run_submit(bound.run)), PUMORI_ERROR_BUSY);
	assert_int_equal(CALL(pumori_run_execute(bound.run)), PUMORI_ERROR_BUSY);
	do {
		error = CALL(pumori_run_wait(bound.run, SECOND / 10));
	} while (error == PUMORI_ERROR_TIMEOUT);
	assert_int_equal(error, PUMORI_ERROR_KILLED);
	/* Destroying a pending run waits for it. */
	OK(pumori_run_submit(bound.run));
	release(&bound);
	pumori_model_unload(model);
	pumori_device_close(device);
}

/* More submissions than a queue remembers, waited for in any order. */
static void test_many_pending(void **state)
{
	enum { RUNS = 300 };
	static struct bound run[RUNS];
	struct pumori_device *device = open_device(NULL);
	struct pumori_model *model;
	struct builder builder;
	int i, k, at;

	(void)state;
	build_copy(&builder, 16);
	model = load_built(device, &builder);
	for (i = 0; i < RUNS; i++) {
		run[i] = bind_all(model);
		for (k = 0; k < 16; k++)
			floats(run[i].input[0])[k] = (float)(i * 16 + k);
	}
	for (i = 0; i < RUNS; i++)
		OK(pumori_run_submit(run[i].run));
	for (i = 0; i < RUNS; i++) {
		at = i * 7 % RUNS;
		OK(pumori_run_wait(run[at].run, -1));
		assert_memory_equal(floats(run[at].input[0]), floats(run[at].output[0]), 64);
	}
	for (i = 0; i < RUNS; i++)
		release(&run[i]);
	pumori_model_unload(model);
	pumori_device_close(device);
}

/* Models come and go: nothing of the device is used up. */
static void test_many_loads(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_model *model;
	struct builder builder;
	struct bound bound;
	int i;

	(void)state;
	for (i = 0; i < 1200; i++) {
		if (i % 2)
			build_copy(&builder, 16);
		else
			build_scale(&builder);
		model = load_built(device, &builder);
		if (i % 16 == 0) {
			bound = bind_all(model);
			OK(pumori_run_execute(bound.run));
			release(&bound);
		}
		pumori_model_unload(model);
	}
	pumori_device_close(device);
}

/* A program image longer than one list of its pages. */
static void test_long_program(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_isa_instruction *instructions;
	struct pumori_isa_program *header;
	struct pumori_isa_stream_entry *stream;
	struct pumori_model *model;
	struct builder builder;
	struct bound bound;
	uint32_t i, length;

	(void)state;
	/* 512 pages hold 8192 instructions; header and tables take the place of one. */
	for (length = 8190; length <= 16390; length += length < 8193 ? 1 : 8193) {
		build_empty(&builder);
		header = (struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data;
		stream = (void *)(builder.section[BUILDER_PROGRAM].data + sizeof(*header) +
				  sizeof(struct pumori_isa_entry));
		header->instructions = stream->count = length;
		builder.section[BUILDER_PROGRAM].bytes = header->instructions_offset;
		instructions = calloc(length, sizeof(*instructions));
		for (i = 0; i < length; i++)
			instructions[i].opcode = i == length - 1 ? PUMORI_ISA_END : PUMORI_ISA_NOP;
		builder_append(&builder, BUILDER_PROGRAM, instructions,
			       length * sizeof(*instructions));
		free(instructions);
		model = load_built(device, &builder);
		bound = bind_all(model);
		OK(pumori_run_execute(bound.run));
		release(&bound);
		pumori_model_unload(model);
	}
	pumori_device_close(device);
}

static void test_large_tensors(void **state)
{
	enum { ELEMENTS = 4096 };
	struct pumori_device *device = open_device(NULL);
	struct pumori_tensor *input, *output, *filler;
	struct pumori_model *model;
	struct pumori_run *run;
	struct builder builder;
	int i, round;

	(void)state;
	build_copy(&builder, ELEMENTS);
	model = load_built(device, &builder);
	OK(pumori_run_create(&run, model));
	for (round = 0; round < 8; round++) {
		/* Sizes around those of large pages, at places that change. */
		OK(pumori_tensor_create(&filler, device, 4096 * (uint64_t)(round + 1)));
		OK(pumori_tensor_create(&input, device,
					(2 << 20) + 4096 * (uint64_t)(round % 3 - 1)));
		OK(pumori_tensor_create(&output, device, (4 << 20) - 4096 * (uint64_t)(round % 2)));
		for (i = 0; i < ELEMENTS; i++)
			floats(input)[i] = (float)(i + round);
		OK(pumori_run_bind(run, PUMORI_INPUT, 0, input));
		OK(pumori_run_bind(run, PUMORI_OUTPUT, 0, output));
		OK(pumori_run_execute(run));
		assert_memory_equal(floats(input), floats(output), ELEMENTS * sizeof(float));
		if (round % 2)
			pumori_tensor_destroy(filler);
		pumori_tensor_destroy(input);
		pumori_tensor_destroy(output);
		if (round % 2 == 0)
			pumori_tensor_destroy(filler);
	}
	pumori_run_destroy(run);
	pumori_model_unload(model);
	pumori_device_close(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scale),
		cmocka_unit_test(test_state_is_kept_between_runs),
		cmocka_unit_test(test_preload),
		cmocka_unit_test(test_fault),
		cmocka_unit_test(test_fault_hurts_nobody_else),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_many_pending),
		cmocka_unit_test(test_many_loads),
		cmocka_unit_test(test_long_program),
		cmocka_unit_test(test_large_tensors),
	};

	return cmocka_run_group_tests_name("runtime_run", tests, NULL, NULL);
}
