// SPDX-License-Identifier: MIT
/* Many threads on one device. Built with SANITIZE=thread this is also a search for races. */
#include "runtime_fixture.h"

#include <pthread.h>
#include <stdio.h>

enum { THREADS = 6 };

struct worker {
	struct pumori_device *device;
	struct pumori_model *scale;
	struct pumori_model *preload;
	struct pumori_model *bad;
	int number;
	const char *failure;
};

#define EXPECT(condition) do { \
		if (!(condition)) { \
			worker->failure = #condition; \
			return; \
		} \
	} while (0)

static void run_one(struct worker *worker, struct pumori_run *run, int round, int expected)
{
	int error;

	if ((round + worker->number) % 2) {
		error = pumori_run_execute(run);
	} else {
		EXPECT(pumori_run_submit(run) == 0);
		do {
			error = pumori_run_wait(run, round % 3 ? 200000 : -1);
		} while (error == PUMORI_ERROR_TIMEOUT);
	}
	EXPECT(error == expected);
}

static void use_scale(struct worker *worker, int rounds)
{
	struct pumori_tensor *x = NULL, *y = NULL;
	struct pumori_run *run = NULL;
	float *in, *out;
	int i, round;

	EXPECT(pumori_tensor_create_for(&x, worker->scale, PUMORI_INPUT, 0) == 0);
	EXPECT(pumori_tensor_create_for(&y, worker->scale, PUMORI_OUTPUT, 0) == 0);
	EXPECT(pumori_run_create(&run, worker->scale) == 0);
	EXPECT(pumori_run_bind(run, PUMORI_INPUT, 0, x) == 0);
	EXPECT(pumori_run_bind(run, PUMORI_OUTPUT, 0, y) == 0);
	in = pumori_tensor_data(x);
	out = pumori_tensor_data(y);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < 64; i++)
			in[i] = (float)(i + round * worker->number);
		run_one(worker, run, round, 0);
		for (i = 0; i < 64 && !worker->failure; i++)
			EXPECT(out[i] == in[i] * 0.5f * (float)i);
	}
	pumori_run_destroy(run);
	pumori_tensor_destroy(x);
	pumori_tensor_destroy(y);
}

static void use_preload(struct worker *worker, int rounds)
{
	struct pumori_tensor *y = NULL;
	struct pumori_run *run = NULL;
	int round, i;

	EXPECT(pumori_tensor_create_for(&y, worker->preload, PUMORI_OUTPUT, 0) == 0);
	EXPECT(pumori_run_create(&run, worker->preload) == 0);
	EXPECT(pumori_run_bind(run, PUMORI_OUTPUT, 0, y) == 0);
	for (round = 0; round < rounds; round++) {
		memset(pumori_tensor_data(y), 0, 64);
		run_one(worker, run, round, 0);
		for (i = 0; i < 16 && !worker->failure; i++)
			EXPECT(((float *)pumori_tensor_data(y))[i] == 7);
	}
	pumori_run_destroy(run);
	pumori_tensor_destroy(y);
}

static void use_bad(struct worker *worker, int rounds)
{
	struct pumori_tensor *x = NULL;
	struct pumori_run *run = NULL;
	int round;

	EXPECT(pumori_tensor_create_for(&x, worker->bad, PUMORI_INPUT, 0) == 0);
	EXPECT(pumori_run_create(&run, worker->bad) == 0);
	EXPECT(pumori_run_bind(run, PUMORI_INPUT, 0, x) == 0);
	for (round = 0; round < rounds; round++) {
		run_one(worker, run, round, PUMORI_ERROR_FAULT);
		EXPECT(strstr(pumori_last_error(), "bad_read"));
	}
	pumori_run_destroy(run);
	pumori_tensor_destroy(x);
}

static void load_and_unload(struct worker *worker, int rounds)
{
	struct pumori_model *model;
	struct builder builder;
	size_t bytes;
	void *file;
	int round;

	build_copy(&builder, 64);
	file = builder_write(&builder, &bytes);
	for (round = 0; round < rounds; round++) {
		struct pumori_model *own = worker->scale;

		model = NULL;
		EXPECT(pumori_model_load_memory(&model, worker->device, file, bytes) == 0);
		use_scale(worker, 1);
		EXPECT(worker->scale == own);
		pumori_model_unload(model);
	}
	free(file);
	builder_end(&builder);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pumori_device *none;
	char words[64];

	/* Each thread has words of its own. */
	snprintf(words, sizeof(words), "thread-%d", worker->number);
	if (pumori_device_open(&none, words, NULL) != PUMORI_ERROR_INVALID)
		worker->failure = "open";
	if (worker->number % 3 == 0)
		use_scale(worker, 150);
	else if (worker->number % 3 == 1)
		load_and_unload(worker, 25);
	else
		use_preload(worker, 100);
	if (!worker->failure && !strstr(pumori_last_error(), worker->number % 3 == 1 ? words : ""))
		worker->failure = "words of another thread";
	return NULL;
}

static void *work_badly(void *argument)
{
	struct worker *worker = argument;

	if (worker->number % 3)
		use_scale(worker, 60);
	else
		use_bad(worker, 40);
	return NULL;
}

static void run_threads(void *(*function)(void *), int32_t core)
{
	struct pumori_device_options options = { .size = sizeof(options),
						 .core = core,
						 .priority = 1 };
	struct pumori_device *device = open_device(&options);
	struct worker worker[THREADS] = { 0 };
	struct pumori_model *scale, *preload, *bad;
	pthread_t thread[THREADS];
	struct builder builder;
	int i;

	build_scale(&builder);
	scale = load_built(device, &builder);
	build_preload(&builder, 7);
	preload = load_built(device, &builder);
	build_fault(&builder);
	bad = load_built(device, &builder);
	for (i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){ device, scale, preload, bad, i, NULL };
		assert_int_equal(pthread_create(&thread[i], NULL, function, &worker[i]), 0);
	}
	/* What they share goes when they are done with it. */
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (i = 0; i < THREADS; i++) {
		if (worker[i].failure)
			print_error("thread %d: %s (%s)\n", i, worker[i].failure,
				    pumori_last_error());
		assert_null(worker[i].failure);
	}
	pumori_model_unload(scale);
	pumori_model_unload(preload);
	pumori_model_unload(bad);
	pumori_device_close(device);
}

static void test_threads_share_a_device(void **state)
{
	(void)state;
	run_threads(work, -1);
}

static void test_threads_share_a_core(void **state)
{
	(void)state;
	run_threads(work, 0);
}

static void test_faults_beside_others(void **state)
{
	(void)state;
	run_threads(work_badly, -1);
	run_threads(work_badly, 0);
}

static void *open_and_close(void *argument)
{
	struct worker *worker = argument;
	int i;

	for (i = 0; i < 5 && !worker->failure; i++) {
		struct pumori_device *device = NULL;

		if (pumori_device_open(&device, getenv("PUMORI_DEVICE") ? NULL : "inproc", NULL))
			worker->failure = "open";
		pumori_device_close(device);
	}
	return NULL;
}

static void test_many_devices(void **state)
{
	(void)state;
	run_threads(open_and_close, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads_share_a_device),
		cmocka_unit_test(test_threads_share_a_core),
		cmocka_unit_test(test_faults_beside_others),
		cmocka_unit_test(test_many_devices),
	};

	return cmocka_run_group_tests_name("runtime_thread", tests, NULL, NULL);
}
