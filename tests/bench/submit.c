// SPDX-License-Identifier: MIT
/*
 * What a job costs that does nothing: the path through library, driver and chip alone. Executed on
 * the caller's thread, and submitted and waited for; on the device that PUMORI_DEVICE names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <pumori/pumori.h>

#include "executable_builder.h"

#define ROUNDS	20
#define JOBS	2000
#define ROUND_NS	1e8	/* slow devices do fewer jobs a round */

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void check(int error, const char *what)
{
	if (error >= 0)
		return;
	fprintf(stderr, "submit: %s: %s\n", what, pumori_last_error());
	exit(1);
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static int execute(struct pumori_run *run)
{
	return pumori_run_execute(run);
}

static int submit_and_wait(struct pumori_run *run)
{
	int error = pumori_run_submit(run);

	return error ? error : pumori_run_wait(run, -1);
}

static void measure(const char *name, int (*job)(struct pumori_run *), struct pumori_run *run)
{
	double samples[ROUNDS], start;
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		start = now_ns();
		for (i = 0; i < JOBS && (i % 64 || now_ns() - start < ROUND_NS); i++)
			check(job(run), name);
		samples[round] = (now_ns() - start) / i;
	}
	qsort(samples, ROUNDS, sizeof(samples[0]), compare);
	printf("submit: %-16s min %8.0f ns, median %8.0f ns a job\n", name, samples[0],
	       samples[ROUNDS / 2]);
}

int main(void)
{
	const char *name = getenv("PUMORI_DEVICE") ? NULL : "inproc";
	struct pumori_device_info info = { .size = sizeof(info) };
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run;
	struct builder builder;
	size_t bytes;
	void *file;

	build_empty(&builder);
	file = builder_write(&builder, &bytes);
	check(pumori_device_open(&device, name, NULL), "open");
	check(pumori_device_info(device, &info), "info");
	check(pumori_model_load_memory(&model, device, file, bytes), "load");
	check(pumori_run_create(&run, model), "run");
	printf("submit: an empty job on %s (%s)\n", info.path, info.name);
	measure("execute", execute, run);
	measure("submit and wait", submit_and_wait, run);
	pumori_run_destroy(run);
	pumori_model_unload(model);
	pumori_device_close(device);
	free(file);
	builder_end(&builder);
	return 0;
}
