// SPDX-License-Identifier: MIT
#include "selftest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pumori/pumori.h"
#include "selftest/model.h"
#include "session.h"

#define RUNS		3
#define OUTPUTS		3

extern const char cli_selftest_image[], cli_selftest_image_end[];

/* The right answers. */
struct answers {
	float scores[SELFTEST_ROWS][SELFTEST_COLUMNS];
	float best[SELFTEST_ROWS];
	float turned[SELFTEST_ROWS][SELFTEST_COLUMNS];
};

struct parts {
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run;
	struct pumori_tensor *input;
	struct pumori_tensor *outputs[OUTPUTS];
};

static void compute(struct answers *answers, unsigned int seed)
{
	for (unsigned int r = 0; r < SELFTEST_ROWS; r++) {
		answers->best[r] = 0;
		for (unsigned int c = 0; c < SELFTEST_COLUMNS; c++) {
			float sum = selftest_bias(c);

			for (unsigned int k = 0; k < SELFTEST_INNER; k++)
				sum += selftest_input(r, k, seed) * selftest_weight(k, c);
			sum = sum > 0 ? sum : 0;
			answers->scores[r][c] = sum;
			answers->turned[SELFTEST_ROWS - 1 - r][c] = sum;
			if (sum > answers->best[r])
				answers->best[r] = sum;
		}
	}
}

static uint64_t compare(const struct parts *parts, const struct answers *answers)
{
	const struct {
		const float *values;
		size_t count;
	} wanted[OUTPUTS] = {
		{ answers->scores[0], SELFTEST_ROWS * SELFTEST_COLUMNS },
		{ answers->best, SELFTEST_ROWS },
		{ answers->turned[0], SELFTEST_ROWS * SELFTEST_COLUMNS },
	};
	uint64_t wrong = 0;

	for (size_t o = 0; o < OUTPUTS; o++) {
		const float *found = pumori_tensor_data(parts->outputs[o]);

		for (size_t i = 0; i < wanted[o].count; i++)
			wrong += found[i] != wanted[o].values[i];
	}
	return wrong;
}

static int prepare(struct parts *parts, const char *name, const struct pumori_device_options *options)
{
	int error = pumori_device_open(&parts->device, name, options);

	if (!error)
		error = pumori_model_load_memory(&parts->model, parts->device, cli_selftest_image,
						 (size_t)(cli_selftest_image_end - cli_selftest_image));
	if (!error)
		error = pumori_run_create(&parts->run, parts->model);
	if (!error)
		error = pumori_tensor_create_for(&parts->input, parts->model, PUMORI_INPUT, 0);
	if (!error)
		error = pumori_run_bind(parts->run, PUMORI_INPUT, 0, parts->input);
	for (uint32_t i = 0; i < OUTPUTS && !error; i++) {
		error = pumori_tensor_create_for(&parts->outputs[i], parts->model, PUMORI_OUTPUT, i);
		if (!error)
			error = pumori_run_bind(parts->run, PUMORI_OUTPUT, i, parts->outputs[i]);
	}
	return error;
}

static int run_once(struct parts *parts, struct answers *answers, unsigned int seed, struct cli_selftest_result *result)
{
	struct pumori_run_status status = { .size = sizeof(status) };
	float *input = pumori_tensor_data(parts->input);
	uint64_t start, elapsed;
	int error;

	for (unsigned int i = 0; i < SELFTEST_ROWS * SELFTEST_INNER; i++)
		input[i] = selftest_input(i / SELFTEST_INNER, i % SELFTEST_INNER, seed);
	start = cli_now_ns();
	error = pumori_run_execute(parts->run);
	elapsed = cli_now_ns() - start;
	if (!error)
		error = pumori_run_status(parts->run, &status);
	if (error)
		return error;
	compute(answers, seed);
	result->wrong += compare(parts, answers);
	result->cycles = status.cycles;
	if (!result->run_ns || elapsed < result->run_ns)
		result->run_ns = elapsed;
	return 0;
}

void cli_selftest_core(const char *name, const char *kernels, uint32_t core, struct cli_selftest_result *result)
{
	const struct pumori_device_options options = {
		.size = sizeof(options), .core = (int32_t)core, .priority = 1, .kernels = kernels,
	};
	struct answers *answers = malloc(sizeof(*answers));
	struct parts parts = { .device = NULL };
	uint64_t start = cli_now_ns();

	memset(result, 0, sizeof(*result));
	result->error = answers ? prepare(&parts, name, &options) : PUMORI_ERROR_MEMORY;
	result->load_ns = cli_now_ns() - start;
	for (unsigned int i = 0; i < RUNS && !result->error; i++)
		result->error = run_once(&parts, answers, i + 1, result);
	if (result->error)
		snprintf(result->detail, sizeof(result->detail), "%s",
			 pumori_last_error()[0] ? pumori_last_error() : pumori_error_name(result->error));
	else if (result->wrong)
		snprintf(result->detail, sizeof(result->detail), "%llu elements are wrong",
			 (unsigned long long)result->wrong);
	pumori_run_destroy(parts.run);
	pumori_tensor_destroy(parts.input);
	for (size_t i = 0; i < OUTPUTS; i++)
		pumori_tensor_destroy(parts.outputs[i]);
	pumori_model_unload(parts.model);
	pumori_device_close(parts.device);
	free(answers);
}
