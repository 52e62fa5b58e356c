/* SPDX-License-Identifier: MIT */
/*
 * compare LIBRARY ROUNDS THREADS JSON (NAME MODEL.onnx MODEL.pex)...
 *
 * Runs models on ONNX Runtime's CPU provider and on Pumori, in one process, in turns, so that whatever
 * disturbs the machine disturbs both. A time is one inference with its inputs copied in and its outputs
 * copied out, on both sides. Outputs are compared first: a wrong answer has no speed.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"

#define TURN_MS		60	/* how long one side runs before the other has its turn */
#define CHECKED_RUNS	4	/* states grow over several */

/* What one kind of models has come to: bf16, fp32, or dynamically quantised ones on both sides. */
enum { BF16, FP32, INT8, KINDS };

struct total {
	double product[2];	/* of the ratios of minima and of medians */
	double worst;
	int rows;
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts, so that the smallest comes first. */
static double median(struct samples *samples)
{
	qsort(samples->ms, samples->count, sizeof(double), compare_doubles);
	return samples->ms[samples->count / 2];
}

static int turn(struct pair *pair, int (*run)(struct pair *pair))
{
	double end = pair_now_ms() + TURN_MS;

	do {
		if (run(pair))
			return -1;
	} while (pair_now_ms() < end);
	return 0;
}

static int kind_of(const struct pair *pair)
{
	size_t length = strlen(pair->name);

	if (length > 5 && !strcmp(pair->name + length - 5, "-int8"))
		return INT8;
	return pair->info.cast == PUMORI_FP32 ? FP32 : BF16;
}

static void add_row(struct total *total, double by_min, double by_median)
{
	if (!total->rows++) {
		total->product[0] = total->product[1] = 1;
		total->worst = by_median;
	}
	total->product[0] *= by_min;
	total->product[1] *= by_median;
	if (by_median < total->worst)
		total->worst = by_median;
}

static void report(struct pair *pair, FILE *json, struct total *totals, bool agree, double worst, double cosine)
{
	/* In this order: the minima are known once the samples are sorted. */
	double ours = median(&pair->ours), theirs = median(&pair->theirs);
	double our_min = pair->ours.ms[0], their_min = pair->theirs.ms[0];
	const char *cast = pumori_dtype_name(pair->info.cast);

	printf("%-17s %-5s %10.3f %10.3f %10.3f %10.3f %7.2f %7.2f %7.1f   %s (worst %.1e, cosine %.6f)\n", pair->name,
	       cast, their_min, theirs, our_min, ours, their_min / our_min, theirs / ours,
	       pair->their_start / pair->our_start, agree ? "agree" : "DIFFER", worst, cosine);
	fflush(stdout);
	if (json)
		fprintf(json, "%s  {\"model\": \"%s\", \"cast\": \"%s\", \"other_min_ms\": %.6f, \"other_median_ms\": %.6f, "
			"\"min_ms\": %.6f, \"median_ms\": %.6f, \"ratio_min\": %.4f, \"ratio_median\": %.4f, "
			"\"other_start_ms\": %.3f, \"start_ms\": %.3f, \"agree\": %s, \"worst\": %.3e, \"cosine\": %.7f}",
			ftell(json) > 4 ? ",\n" : "", pair->name, cast, their_min, theirs, our_min, ours,
			their_min / our_min, theirs / ours, pair->their_start, pair->our_start,
			agree ? "true" : "false", worst, cosine);
	if (agree)
		add_row(&totals[kind_of(pair)], their_min / our_min, theirs / ours);
}

static int compare(struct pair *pair, struct pumori_device *device, struct onnxruntime *runtime, int rounds,
		   int threads, char **names, FILE *json, struct total *totals)
{
	double worst = 0, cosine = 1, run_worst, run_cosine;
	bool agree = true;
	int i;

	pair->name = names[0];
	if (pair_prepare(pair, device, runtime, names[1], names[2], threads))
		return -1;
	for (i = 0; i < CHECKED_RUNS; i++) {
		agree = pair_agrees(pair, &run_worst, &run_cosine) && agree;
		worst = fmax(worst, run_worst);
		cosine = fmin(cosine, run_cosine);
		if (pair_run_ours(pair) || pair_run_theirs(pair))
			return -1;
	}
	pair->ours.count = 0;
	pair->theirs.count = 0;
	for (i = 0; i < rounds; i++)
		if (turn(pair, pair_run_theirs) || turn(pair, pair_run_ours))
			return -1;
	report(pair, json, totals, agree, worst, cosine);
	return agree ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct pumori_device_info info = { .size = sizeof(info) };
	struct onnxruntime *runtime = NULL;
	struct pumori_device *device = NULL;
	static const char *const kinds[KINDS] = { "bf16", "fp32", "int8" };
	struct total totals[KINDS] = { 0 };
	const char *reason = "";
	FILE *json;
	int error, i, failed = 0, threads;

	if (argc < 8 || (argc - 5) % 3) {
		fprintf(stderr, "usage: compare LIBRARY ROUNDS THREADS JSON (NAME MODEL.onnx MODEL.pex)...\n");
		return 2;
	}
	threads = atoi(argv[3]);
	if (onnxruntime_open(&runtime, argv[1], &reason)) {
		fprintf(stderr, "compare: %s: %s\n", argv[1], reason);
		return 1;
	}
	error = pumori_device_open(&device, "inproc", NULL);
	if (!error)
		error = pumori_device_info(device, &info);
	if (error) {
		fprintf(stderr, "compare: inproc: %s\n", pumori_last_error());
		return 1;
	}
	json = fopen(argv[4], "w");
	if (!json) {
		perror(argv[4]);
		return 1;
	}
	fprintf(json, "[\n");
	printf("ONNX Runtime %s (CPU) and %s in process; %d thread%s, in turns; milliseconds\n",
	       onnxruntime_version(runtime), info.name, threads, threads == 1 ? " each" : "s for ONNX Runtime");
	printf("%-17s %-5s %10s %10s %10s %10s %7s %7s %7s   outputs\n", "model", "cast", "ORT min", "median",
	       "Pumori min", "median", "min x", "med x", "start x");
	for (i = 5; i + 2 < argc; i += 3) {
		struct pair *pair = calloc(1, sizeof(*pair));

		if (!pair || compare(pair, device, runtime, atoi(argv[2]), threads, argv + i, json, totals))
			failed++;
		if (pair)
			pair_release(pair);
		free(pair);
	}
	for (i = 0; i < KINDS; i++)
		if (totals[i].rows)
			printf("%s, %d models: %.2f times ONNX Runtime's speed by minima, %.2f by medians (geometric means), "
			       "worst %.2f\n", kinds[i], totals[i].rows,
			       pow(totals[i].product[0], 1.0 / totals[i].rows),
			       pow(totals[i].product[1], 1.0 / totals[i].rows), totals[i].worst);
	fprintf(json, "\n]\n");
	fclose(json);
	pumori_device_close(device);
	onnxruntime_close(runtime);
	return failed ? 1 : 0;
}
