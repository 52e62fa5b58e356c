// SPDX-License-Identifier: MIT
/* pumori bench: how long runs of a model take */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "render.h"
#include "run.h"
#include "session.h"

#define DEFAULT_ITERATIONS	100
#define DEFAULT_WARMUP		10

struct bench_options {
	struct cli_strings inputs;
	struct cli_number iterations;
	struct cli_number warmup;
	struct cli_number threads;
	struct cli_number core;
	const char *kernels;
};

/* Where threads wait until all are warm, or until one could not be started. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t missing;
	bool cancelled;
};

/* One thread: a session of its own, so that runs do not wait for each other's buffers. */
struct worker {
	struct cli_session session;
	struct gate *gate;
	uint64_t *elapsed;	/* nanoseconds of each run */
	uint64_t *device;
	uint64_t iterations;
	uint64_t warmup;
	uint64_t began;
	uint64_t ended;
	int code;
};

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

void cli_statistics(struct cli_statistics *statistics, uint64_t *samples, uint64_t count)
{
	double sum = 0;

	memset(statistics, 0, sizeof(*statistics));
	if (!count)
		return;
	qsort(samples, count, sizeof(*samples), compare);
	for (uint64_t i = 0; i < count; i++)
		sum += (double)samples[i];
	statistics->minimum = samples[0];
	statistics->median = count % 2 ? samples[count / 2] :
			     samples[count / 2 - 1] + (samples[count / 2] - samples[count / 2 - 1]) / 2;
	/* Nearest rank: the least sample that 99 of 100 do not exceed. */
	statistics->p99 = samples[(count * 99 + 99) / 100 - 1];
	statistics->maximum = samples[count - 1];
	statistics->mean = sum / (double)count;
}

/* Returns whether to go on. */
static bool pass_gate(struct gate *gate)
{
	bool go;

	pthread_mutex_lock(&gate->lock);
	gate->missing--;
	pthread_cond_broadcast(&gate->changed);
	while (gate->missing && !gate->cancelled)
		pthread_cond_wait(&gate->changed, &gate->lock);
	go = !gate->cancelled;
	pthread_mutex_unlock(&gate->lock);
	return go;
}

static void cancel_gate(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->cancelled = true;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	for (uint64_t i = 0; i < worker->warmup && worker->code == CLI_OK; i++)
		worker->code = cli_session_execute(&worker->session);
	if (!pass_gate(worker->gate))
		return NULL;
	worker->began = cli_now_ns();
	for (uint64_t i = 0; i < worker->iterations && worker->code == CLI_OK; i++) {
		worker->code = cli_session_execute(&worker->session);
		worker->elapsed[i] = worker->session.elapsed_ns;
		worker->device[i] = worker->session.status.device_ns;
	}
	worker->ended = cli_now_ns();
	return NULL;
}

static int run_workers(struct worker *workers, size_t count)
{
	struct gate gate = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.missing = count,
	};
	pthread_t *threads = calloc(count, sizeof(*threads));
	size_t started = 1;
	int code = CLI_OK;

	if (!threads)
		return cli_fail_memory();
	for (size_t i = 0; i < count; i++)
		workers[i].gate = &gate;
	while (started < count && !pthread_create(&threads[started], NULL, work, &workers[started]))
		started++;
	if (started < count) {
		cancel_gate(&gate);
		code = cli_fail(CLI_JOB, "the system starts only %zu of %zu threads", started, count);
	} else {
		work(&workers[0]);
	}
	for (size_t i = 1; i < started; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < count && code == CLI_OK; i++)
		code = workers[i].code;
	free(threads);
	return code;
}

static void record_statistics(struct record *record, const char *key, uint64_t *samples, uint64_t count)
{
	struct record *row = record_append(record, "measures");
	struct cli_statistics statistics;

	cli_statistics(&statistics, samples, count);
	record_string(row, "measure", key);
	record_unsigned(row, "min_ns", statistics.minimum);
	record_unsigned(row, "median_ns", statistics.median);
	record_unsigned(row, "p99_ns", statistics.p99);
	record_unsigned(row, "max_ns", statistics.maximum);
	record_double(row, "mean_ns", statistics.mean);
}

static int report(const struct cli_call *call, const struct worker *workers, size_t threads, uint64_t *elapsed,
		  uint64_t *device)
{
	static const struct cli_column head[] = {
		{ "model", "Model", CLI_FORMAT_PLAIN },
		{ "cast", "Matrix operands", CLI_FORMAT_PLAIN },
		{ "device", "Device", CLI_FORMAT_PLAIN },
		{ "chip", "Chip", CLI_FORMAT_PLAIN },
		{ "threads", "Threads", CLI_FORMAT_PLAIN },
		{ "iterations", "Runs", CLI_FORMAT_PLAIN },
		{ "throughput", "Runs a second", CLI_FORMAT_PLAIN },
		{ "macs_per_second", "Multiply-adds/s", CLI_FORMAT_COUNT },
		{ "cycles", "Cycles a run", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column measure[] = {
		{ "measure", "TIME", CLI_FORMAT_PLAIN },
		{ "min_ns", "MIN", CLI_FORMAT_NANOSECONDS },
		{ "median_ns", "MEDIAN", CLI_FORMAT_NANOSECONDS },
		{ "p99_ns", "P99", CLI_FORMAT_NANOSECONDS },
		{ "max_ns", "MAX", CLI_FORMAT_NANOSECONDS },
		{ "mean_ns", "MEAN", CLI_FORMAT_NANOSECONDS },
		{ .key = NULL },
	};
	static const struct cli_section sections[] = {
		{ NULL, NULL, head },
		{ "measures", "Times of a run", measure },
	};
	const struct cli_session *session = &workers[0].session;
	uint64_t total = workers[0].iterations * threads;
	uint64_t began = workers[0].began, ended = workers[0].ended;
	struct record *record = record_create();
	double seconds;
	int code;

	if (!record)
		return cli_fail_memory();
	for (size_t i = 1; i < threads; i++) {
		if (workers[i].began < began)
			began = workers[i].began;
		if (workers[i].ended > ended)
			ended = workers[i].ended;
	}
	seconds = (double)(ended - began) / 1e9;
	record_string(record, "path", session->path);
	record_string(record, "model", session->model_info.name);
	record_string(record, "cast", pumori_dtype_name(session->model_info.cast));
	record_string(record, "device", session->device_info.path);
	record_string(record, "socket", session->device_info.socket);
	record_string(record, "chip", session->device_info.name);
	record_unsigned(record, "threads", threads);
	record_unsigned(record, "iterations", total);
	record_unsigned(record, "warmup", workers[0].warmup);
	record_double(record, "throughput", (double)total / seconds);
	if (session->model_info.macs)
		record_double(record, "macs_per_second", (double)session->model_info.macs * (double)total / seconds);
	else
		record_null(record, "macs_per_second");
	record_unsigned(record, "cycles", session->status.cycles);
	record_statistics(record, "latency", elapsed, total);
	record_statistics(record, "device", device, total);
	code = cli_render(call->globals, "bench", record, sections, 2);
	record_destroy(record);
	return code;
}

static int measure(const struct cli_call *call, struct pumori_device *device, struct worker *workers, size_t threads,
		   uint64_t *elapsed, uint64_t *device_ns)
{
	const struct bench_options *options = call->options;
	uint64_t iterations = options->iterations.given ? options->iterations.value : DEFAULT_ITERATIONS;
	/* Without files the inputs are always the same, so that runs can be compared. */
	struct cli_number seed = { .value = 1, .given = 1 };
	size_t opened = 0;
	int code = CLI_OK;

	while (opened < threads && code == CLI_OK) {
		struct worker *worker = &workers[opened];

		code = cli_session_open(&worker->session, device, call->arguments[0]);
		if (code != CLI_OK)
			break;
		worker->elapsed = elapsed + opened * iterations;
		worker->device = device_ns + opened * iterations;
		worker->iterations = iterations;
		worker->warmup = options->warmup.given ? options->warmup.value : DEFAULT_WARMUP;
		opened++;
		code = cli_run_fill(&worker->session, &options->inputs, &seed);
	}
	if (code == CLI_OK)
		code = run_workers(workers, threads);
	if (code == CLI_OK)
		code = report(call, workers, threads, elapsed, device_ns);
	while (opened)
		cli_session_close(&workers[--opened].session);
	return code;
}

static int bench(const struct cli_call *call)
{
	const struct bench_options *options = call->options;
	struct pumori_device_options device_options = {
		.size = sizeof(device_options),
		.core = options->core.given ? (int32_t)options->core.value : -1,
		.priority = 1,
		.kernels = options->kernels,
	};
	size_t threads = options->threads.given ? options->threads.value : 1;
	uint64_t iterations = options->iterations.given ? options->iterations.value : DEFAULT_ITERATIONS;
	struct worker *workers = calloc(threads, sizeof(*workers));
	uint64_t *elapsed = calloc(threads * iterations, sizeof(*elapsed));
	uint64_t *device_ns = calloc(threads * iterations, sizeof(*device_ns));
	struct pumori_device *device;
	int code;

	if (!workers || !elapsed || !device_ns)
		code = cli_fail_memory();
	else
		code = cli_device_open(call->globals, &device_options, &device);
	if (code == CLI_OK) {
		code = measure(call, device, workers, threads, elapsed, device_ns);
		pumori_device_close(device);
	}
	free(workers);
	free(elapsed);
	free(device_ns);
	return code;
}

static const struct cli_option bench_options[] = {
	{ .name = "iterations", .letter = 'n', .type = CLI_OPTION_NUMBER, .argument = "N",
	  .help = "measured runs of each thread, 100 without it", .offset = offsetof(struct bench_options, iterations),
	  .minimum = 1, .maximum = 10000000 },
	{ .name = "warmup", .letter = 'w', .type = CLI_OPTION_NUMBER, .argument = "N",
	  .help = "runs before, 10 without it", .offset = offsetof(struct bench_options, warmup), .maximum = 10000000 },
	{ .name = "threads", .letter = 't', .type = CLI_OPTION_NUMBER, .argument = "N",
	  .help = "threads that run the model at once", .offset = offsetof(struct bench_options, threads), .minimum = 1,
	  .maximum = 64 },
	{ .name = "input", .letter = 'i', .type = CLI_OPTION_STRINGS, .argument = "NAME=FILE.npy",
	  .help = "data of an input, else random numbers", .offset = offsetof(struct bench_options, inputs) },
	{ .name = "core", .type = CLI_OPTION_NUMBER, .argument = "N", .help = "core to run on, else any",
	  .offset = offsetof(struct bench_options, core), .maximum = 15 },
	{ .name = "kernels", .type = CLI_OPTION_STRING, .argument = "SET",
	  .help = "in process: generic, avx2, avx512 or best", .offset = offsetof(struct bench_options, kernels) },
	{ .name = NULL },
};

const struct cli_command cli_command_bench = {
	.name = "bench",
	.arguments = "MODEL.pex",
	.summary = "measure how long a model takes",
	.description = "Latency is the wall time of a run as the caller sees it, device the core's own time.",
	.run = bench,
	.options = bench_options,
	.options_bytes = sizeof(struct bench_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.formats = true,
};
