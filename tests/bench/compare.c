/* SPDX-License-Identifier: MIT */
/*
 * compare LIBRARY ROUNDS (NAME MODEL.onnx MODEL.pex)...
 *
 * Runs models on ONNX Runtime's CPU provider and on Pumori, in one process on one thread, in turns, so that
 * whatever disturbs the machine disturbs both. A time is one inference with its input copied in and its
 * output copied out, on both sides. Outputs are compared first: a wrong answer has no speed.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pumori/pumori.h>

#include "onnxruntime.h"

#define TURN_NS		60000000	/* how long one side runs before the other has its turn */
#define SAMPLES_MAX	200000

struct samples {
	double *ms;
	size_t count;
};

struct side {
	float *input;
	float *output;
	struct samples samples;
};

struct pair {
	const char *name;
	struct pumori_model *model;
	struct pumori_run *run;
	struct pumori_tensor *input;
	struct pumori_tensor *output;
	struct pumori_tensor_info input_info;
	struct pumori_tensor_info output_info;
	struct pumori_model_info model_info;
	struct onnxruntime_session *session;
	float *values;
	struct side pumori;
	struct side other;
};

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(struct samples *samples)
{
	qsort(samples->ms, samples->count, sizeof(double), compare_doubles);
	return samples->ms[samples->count / 2];
}

static int complain(const char *what, int error)
{
	const char *words = pumori_last_error();

	fprintf(stderr, "compare: %s: %s\n", what, words[0] ? words : pumori_error_name(error));
	return -1;
}

static int run_pumori(struct pair *pair)
{
	double start = now_ms();
	int error;

	memcpy(pumori_tensor_data(pair->input), pair->values, pair->input_info.bytes);
	error = pumori_run_execute(pair->run);
	if (error)
		return complain(pair->name, error);
	memcpy(pair->pumori.output, pumori_tensor_data(pair->output), pair->output_info.bytes);
	if (pair->pumori.samples.count < SAMPLES_MAX)
		pair->pumori.samples.ms[pair->pumori.samples.count++] = now_ms() - start;
	return 0;
}

/* The session writes into memory that is bound; the second copy is what the caller of either side makes. */
static int run_other(struct pair *pair)
{
	const char *reason = "";
	double start = now_ms();

	memcpy(pair->other.input, pair->values, pair->input_info.bytes);
	if (onnxruntime_session_run(pair->session, &reason)) {
		fprintf(stderr, "compare: %s: %s\n", pair->name, reason);
		return -1;
	}
	memcpy(pair->pumori.input, pair->other.output, pair->output_info.bytes);
	if (pair->other.samples.count < SAMPLES_MAX)
		pair->other.samples.ms[pair->other.samples.count++] = now_ms() - start;
	return 0;
}

static int turn(struct pair *pair, int (*run)(struct pair *pair))
{
	double end = now_ms() + TURN_NS * 1e-6;

	do {
		if (run(pair))
			return -1;
	} while (now_ms() < end);
	return 0;
}

/* fp32 must agree within 1e-3 and 1e-4; bf16 in direction. */
static bool outputs_agree(const struct pair *pair, double *worst, double *cosine)
{
	size_t count = pair->output_info.bytes / sizeof(float);
	double dot = 0, a2 = 0, b2 = 0;
	bool close = true;
	size_t i;

	*worst = 0;
	for (i = 0; i < count; i++) {
		double a = (double)pair->pumori.output[i];
		double b = (double)pair->other.output[i];
		double difference = fabs(a - b);

		if (!(difference <= 1e-4 + 1e-3 * fabs(b)))
			close = false;
		if (difference > *worst)
			*worst = difference;
		dot += a * b;
		a2 += a * a;
		b2 += b * b;
	}
	*cosine = dot / sqrt(a2 * b2);
	return pair->model_info.cast == PUMORI_FP32 ? close : *cosine >= 0.999;
}

static int prepare(struct pair *pair, struct pumori_device *device, struct onnxruntime *runtime,
		   const char *onnx, const char *executable)
{
	int64_t input_shape[PUMORI_RANK_MAX], output_shape[PUMORI_RANK_MAX];
	const char *reason = "";
	uint32_t state = 1;
	size_t i, count;
	int error;

	error = pumori_model_load(&pair->model, device, executable);
	if (error)
		return complain(executable, error);
	pair->input_info.size = sizeof(pair->input_info);
	pair->output_info.size = sizeof(pair->output_info);
	pair->model_info.size = sizeof(pair->model_info);
	error = pumori_model_info(pair->model, &pair->model_info);
	if (!error)
		error = pumori_model_tensor(pair->model, PUMORI_INPUT, 0, &pair->input_info);
	if (!error)
		error = pumori_model_tensor(pair->model, PUMORI_OUTPUT, 0, &pair->output_info);
	if (!error)
		error = pumori_run_create(&pair->run, pair->model);
	if (!error)
		error = pumori_tensor_create_for(&pair->input, pair->model, PUMORI_INPUT, 0);
	if (!error)
		error = pumori_tensor_create_for(&pair->output, pair->model, PUMORI_OUTPUT, 0);
	if (!error)
		error = pumori_run_bind(pair->run, PUMORI_INPUT, 0, pair->input);
	if (!error)
		error = pumori_run_bind(pair->run, PUMORI_OUTPUT, 0, pair->output);
	if (error)
		return complain(executable, error);
	if (pair->model_info.inputs != 1 || pair->model_info.outputs != 1 ||
	    pair->input_info.dtype != PUMORI_FP32 || pair->output_info.dtype != PUMORI_FP32) {
		fprintf(stderr, "compare: %s: not one fp32 input and one fp32 output\n", executable);
		return -1;
	}

	pair->values = malloc(pair->input_info.bytes);
	pair->pumori.input = malloc(pair->output_info.bytes);
	pair->pumori.output = malloc(pair->output_info.bytes);
	pair->other.input = malloc(pair->input_info.bytes);
	pair->other.output = malloc(pair->output_info.bytes);
	pair->pumori.samples.ms = malloc(SAMPLES_MAX * sizeof(double));
	pair->other.samples.ms = malloc(SAMPLES_MAX * sizeof(double));
	if (!pair->values || !pair->pumori.input || !pair->pumori.output || !pair->other.input ||
	    !pair->other.output || !pair->pumori.samples.ms || !pair->other.samples.ms) {
		fprintf(stderr, "compare: out of memory\n");
		return -1;
	}
	count = pair->input_info.bytes / sizeof(float);
	for (i = 0; i < count; i++) {
		state = state * 1664525u + 1013904223u;
		pair->values[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
	}

	for (i = 0; i < pair->input_info.rank; i++)
		input_shape[i] = (int64_t)pair->input_info.shape[i];
	for (i = 0; i < pair->output_info.rank; i++)
		output_shape[i] = (int64_t)pair->output_info.shape[i];
	if (onnxruntime_session_create(&pair->session, runtime, onnx, 1, &reason) ||
	    onnxruntime_session_bind(pair->session, pair->input_info.name, pair->other.input, input_shape,
				     pair->input_info.rank, pair->output_info.name, pair->other.output,
				     output_shape, pair->output_info.rank, &reason)) {
		fprintf(stderr, "compare: %s: %s\n", onnx, reason);
		return -1;
	}
	return 0;
}

static void release(struct pair *pair)
{
	onnxruntime_session_destroy(pair->session);
	if (pair->run)
		pumori_run_destroy(pair->run);
	if (pair->input)
		pumori_tensor_destroy(pair->input);
	if (pair->output)
		pumori_tensor_destroy(pair->output);
	if (pair->model)
		pumori_model_unload(pair->model);
	free(pair->values);
	free(pair->pumori.input);
	free(pair->pumori.output);
	free(pair->pumori.samples.ms);
	free(pair->other.input);
	free(pair->other.output);
	free(pair->other.samples.ms);
}

/* One row of the table; *@ratio is other's time over ours. */
static int compare(struct pumori_device *device, struct onnxruntime *runtime, int rounds, char **names,
		   double *ratio)
{
	struct pair pair = { .name = names[0] };
	double worst, cosine, ours, theirs;
	bool agree;
	int i, status;

	status = prepare(&pair, device, runtime, names[1], names[2]);
	/* Once each outside the clock: first touches, arenas, caches. */
	if (!status)
		status = run_pumori(&pair);
	if (!status)
		status = run_other(&pair);
	if (status) {
		release(&pair);
		return status;
	}
	agree = outputs_agree(&pair, &worst, &cosine);
	pair.pumori.samples.count = 0;
	pair.other.samples.count = 0;
	for (i = 0; i < rounds && !status; i++) {
		status = turn(&pair, run_other);
		if (!status)
			status = turn(&pair, run_pumori);
	}
	if (status) {
		release(&pair);
		return status;
	}
	/* Sorts, so that the smallest comes first. */
	ours = median(&pair.pumori.samples);
	theirs = median(&pair.other.samples);
	*ratio = theirs / ours;
	printf("%-6s %-5s %10.3f %10.3f %10.3f %10.3f %7.2f %7.2f   %s (worst %.1e, cosine %.6f)\n", pair.name,
	       pumori_dtype_name(pair.model_info.cast), pair.other.samples.ms[0], theirs, pair.pumori.samples.ms[0],
	       ours, pair.other.samples.ms[0] / pair.pumori.samples.ms[0], *ratio, agree ? "agree" : "DIFFER", worst,
	       cosine);
	fflush(stdout);
	release(&pair);
	return agree ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct pumori_device_info info = { .size = sizeof(info) };
	struct onnxruntime *runtime = NULL;
	struct pumori_device *device = NULL;
	const char *reason = "";
	double product = 1, ratio;
	int error, i, rows = 0, failed = 0;

	if (argc < 6 || (argc - 3) % 3) {
		fprintf(stderr, "usage: compare LIBRARY ROUNDS (NAME MODEL.onnx MODEL.pex)...\n");
		return 2;
	}
	if (onnxruntime_open(&runtime, argv[1], &reason)) {
		fprintf(stderr, "compare: %s: %s\n", argv[1], reason);
		return 1;
	}
	error = pumori_device_open(&device, "inproc", NULL);
	if (!error)
		error = pumori_device_info(device, &info);
	if (error) {
		complain("inproc", error);
		return 1;
	}
	printf("ONNX Runtime %s (CPU, fp32) and %s in process; one thread each, in turns; milliseconds\n",
	       onnxruntime_version(runtime), info.name);
	printf("%-6s %-5s %10s %10s %10s %10s %7s %7s   outputs\n", "model", "cast", "ORT min", "median",
	       "Pumori min", "median", "min x", "med x");
	for (i = 3; i + 2 < argc; i += 3) {
		if (compare(device, runtime, atoi(argv[2]), argv + i, &ratio)) {
			failed++;
			continue;
		}
		product *= ratio;
		rows++;
	}
	if (rows)
		printf("geometric mean of medians: %.2f times ONNX Runtime's speed\n", pow(product, 1.0 / rows));
	pumori_device_close(device);
	onnxruntime_close(runtime);
	return failed ? 1 : 0;
}
