/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pair.h"

#define TOKENS	1000	/* that every vocabulary has */

double pair_now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static int complain(const char *what, int error)
{
	const char *words = pumori_last_error();

	fprintf(stderr, "compare: %s: %s\n", what, words[0] ? words : pumori_error_name(error));
	return -1;
}

static int complain_other(const char *what, const char *reason)
{
	fprintf(stderr, "compare: %s: ONNX Runtime: %s\n", what, reason);
	return -1;
}

/* Where the next token goes: an input of its own, which changes with every run. */
static void set_position(const struct pair *pair, int64_t step)
{
	uint32_t i;

	for (i = 0; i < pair->info.inputs; i++)
		if (!strcmp(pair->inputs[i].info.name, "position"))
			*(int64_t *)pair->inputs[i].ours = step % pair->context;
}

static void record(struct samples *samples, double start)
{
	if (samples->count < PAIR_SAMPLES_MAX)
		samples->ms[samples->count++] = pair_now_ms() - start;
}

int pair_run_ours(struct pair *pair)
{
	double start;
	uint32_t i;
	int error;

	set_position(pair, pair->step[0]++);
	start = pair_now_ms();
	for (i = 0; i < pair->info.inputs; i++)
		memcpy(pumori_tensor_data(pair->inputs[i].tensor), pair->inputs[i].ours, pair->inputs[i].info.bytes);
	error = pumori_run_execute(pair->run);
	if (error)
		return complain(pair->name, error);
	for (i = 0; i < pair->info.outputs; i++)
		memcpy(pair->outputs[i].ours, pumori_tensor_data(pair->outputs[i].tensor), pair->outputs[i].info.bytes);
	record(&pair->ours, start);
	return 0;
}

/* The session writes into memory that is bound; the second copy is what the caller of either side makes. */
int pair_run_theirs(struct pair *pair)
{
	const char *reason = "";
	double start;
	uint32_t i;

	set_position(pair, pair->step[1]++);
	start = pair_now_ms();
	for (i = 0; i < pair->info.inputs; i++)
		memcpy(pair->inputs[i].bound, pair->inputs[i].ours, pair->inputs[i].info.bytes);
	if (onnxruntime_session_run(pair->session, &reason))
		return complain_other(pair->name, reason);
	for (i = 0; i < pair->state_count; i++)
		onnxruntime_session_exchange(pair->session, pair->states[i].input, pair->states[i].output);
	for (i = 0; i < pair->info.outputs; i++)
		memcpy(pair->outputs[i].theirs, pair->outputs[i].bound, pair->outputs[i].info.bytes);
	record(&pair->theirs, start);
	return 0;
}

bool pair_agrees(const struct pair *pair, double *worst, double *cosine)
{
	double dot = 0, a2 = 0, b2 = 0;
	bool close = true;
	uint32_t o;
	size_t i;

	*worst = 0;
	for (o = 0; o < pair->info.outputs; o++) {
		const float *ours = pair->outputs[o].ours, *theirs = pair->outputs[o].theirs;

		for (i = 0; i < pair->outputs[o].info.bytes / sizeof(float); i++) {
			double a = (double)ours[i], b = (double)theirs[i], difference = fabs(a - b);

			/* 1e-3 and 1e-4, as far as values about 1 go. */
			if (!(difference <= 1e-4 + 1e-3 * fabs(b)))
				close = false;
			if (!(difference <= *worst))
				*worst = difference;
			dot += a * b;
			a2 += a * a;
			b2 += b * b;
		}
	}
	*cosine = dot / sqrt(a2 * b2);
	return pair->info.cast == PUMORI_FP32 ? close : *cosine >= 0.999;
}

static size_t aligned(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Something like lines of text on paper, so that a model of images sees what it may know. */
static void draw(struct pair_tensor *tensor)
{
	size_t width = tensor->info.shape[3], height = tensor->info.shape[2], planes = tensor->info.shape[1];
	size_t pitch = height < 64 ? height : height < 320 ? 64 : height / 5;
	size_t stroke = pitch / 12, y, x, plane, line, i;
	float *values = tensor->ours;
	uint32_t state = 1;

	for (plane = 0; plane < planes; plane++)
		for (y = 0; y < height; y++)
			for (x = 0; x < width; x++)
				values[(plane * height + y) * width + x] = 0.9f + 0.1f * (float)y / (float)height;
	for (y = 0; y + pitch <= height; y += pitch)
		for (x = 2 * stroke; x + 4 * stroke < width; x += stroke + next_random(&state) % (2 * stroke)) {
			size_t first = y + pitch / 6 + next_random(&state) % (pitch / 4), last = y + pitch * 5 / 6;

			for (plane = 0; plane < planes; plane++)
				for (line = first; line < last; line++)
					for (i = 0; i < stroke / 2; i++)
						values[(plane * height + line) * width + x + i] = -0.9f;
		}
}

static void fill(struct pair_tensor *tensor)
{
	size_t count = tensor->info.bytes / (tensor->info.dtype == PUMORI_FP32 ? 4 : 8), i;
	uint32_t state = 1;

	if (tensor->info.rank == 4 && tensor->info.dtype == PUMORI_FP32) {
		draw(tensor);
		return;
	}
	for (i = 0; i < count; i++) {
		if (tensor->info.dtype == PUMORI_FP32)
			((float *)tensor->ours)[i] = (float)next_random(&state) / 8388608.0f - 1.0f;
		else
			((int64_t *)tensor->ours)[i] = next_random(&state) % TOKENS;
	}
}

static int prepare_tensor(struct pair *pair, struct pair_tensor *tensor, enum pumori_direction direction,
			  uint32_t index)
{
	int error;

	tensor->info.size = sizeof(tensor->info);
	error = pumori_model_tensor(pair->model, direction, index, &tensor->info);
	if (!error)
		error = pumori_tensor_create_for(&tensor->tensor, pair->model, direction, index);
	if (!error)
		error = pumori_run_bind(pair->run, direction, index, tensor->tensor);
	if (error)
		return complain(pair->name, error);
	if (tensor->info.dtype != PUMORI_FP32 && (direction == PUMORI_OUTPUT || tensor->info.dtype != PUMORI_INT64)) {
		fprintf(stderr, "compare: %s: tensor %s is of a type that is not compared\n", pair->name,
			tensor->info.name);
		return -1;
	}
	tensor->bound = aligned_alloc(64, aligned(tensor->info.bytes));
	tensor->ours = aligned_alloc(64, aligned(tensor->info.bytes));
	if (direction == PUMORI_OUTPUT)
		tensor->theirs = aligned_alloc(64, aligned(tensor->info.bytes));
	if (!tensor->bound || !tensor->ours || (direction == PUMORI_OUTPUT && !tensor->theirs)) {
		fprintf(stderr, "compare: out of memory\n");
		return -1;
	}
	if (direction == PUMORI_INPUT)
		fill(tensor);
	return 0;
}

/* Device, model, run and buffers; the first inference is part of the start. */
static int start_ours(struct pair *pair, struct pumori_device *device, const char *executable)
{
	double start = pair_now_ms();
	uint32_t i;
	int error;

	error = pumori_model_load(&pair->model, device, executable);
	pair->info.size = sizeof(pair->info);
	if (!error)
		error = pumori_model_info(pair->model, &pair->info);
	if (!error)
		error = pumori_run_create(&pair->run, pair->model);
	if (error)
		return complain(executable, error);
	for (i = 0; i < pair->info.inputs; i++)
		if (prepare_tensor(pair, &pair->inputs[i], PUMORI_INPUT, i))
			return -1;
	for (i = 0; i < pair->info.outputs; i++)
		if (prepare_tensor(pair, &pair->outputs[i], PUMORI_OUTPUT, i))
			return -1;
	if (pair_run_ours(pair))
		return -1;
	pair->our_start = pair_now_ms() - start;
	return 0;
}

static void describe(const struct pair_tensor *tensor, struct onnxruntime_tensor *other)
{
	uint32_t i;

	other->name = tensor->info.name;
	other->element = tensor->info.dtype == PUMORI_FP32 ? ONNXRUNTIME_FLOAT : ONNXRUNTIME_INT64;
	other->data = tensor->bound;
	other->bytes = tensor->info.bytes;
	other->rank = tensor->info.rank;
	for (i = 0; i < tensor->info.rank; i++)
		other->shape[i] = (int64_t)tensor->info.shape[i];
}

static int bind_state(struct pair *pair, const char *name, struct onnxruntime_tensor *tensor, const char **reason)
{
	struct pair_state *state = &pair->states[pair->state_count++];
	size_t i;

	if (snprintf(state->past, sizeof(state->past), "%s", name) >= (int)sizeof(state->past) ||
	    snprintf(state->present, sizeof(state->present), "present%s", name + strlen("past")) >=
		    (int)sizeof(state->present)) {
		*reason = "a state with a long name";
		return -1;
	}
	tensor->element = ONNXRUNTIME_FLOAT;
	tensor->bytes = sizeof(float);
	for (i = 0; i < tensor->rank; i++)
		tensor->bytes *= (size_t)tensor->shape[i];
	pair->context = tensor->shape[tensor->rank - 2];
	for (i = 0; i < 2; i++) {
		state->memory[i] = aligned_alloc(64, aligned(tensor->bytes));
		if (!state->memory[i]) {
			*reason = "out of memory";
			return -1;
		}
		memset(state->memory[i], 0, tensor->bytes);
	}
	tensor->name = state->past;
	tensor->data = state->memory[0];
	if (onnxruntime_session_bind_input(pair->session, tensor, reason))
		return -1;
	tensor->name = state->present;
	tensor->data = state->memory[1];
	return onnxruntime_session_bind_output(pair->session, tensor, reason);
}

static int bind_theirs(struct pair *pair, const char **reason)
{
	struct onnxruntime_tensor tensor;
	char name[128];
	uint32_t i;
	int status;

	for (i = 0; i < pair->info.outputs; i++) {
		describe(&pair->outputs[i], &tensor);
		if (onnxruntime_session_bind_output(pair->session, &tensor, reason))
			return -1;
	}
	for (size_t index = 0;; index++) {
		memset(&tensor, 0, sizeof(tensor));
		status = onnxruntime_session_input(pair->session, index, name, sizeof(name), &tensor, reason);
		if (status)
			return status < 0 ? status : 0;
		for (i = 0; i < pair->info.inputs && strcmp(pair->inputs[i].info.name, name); i++)
			;
		if (i < pair->info.inputs) {
			describe(&pair->inputs[i], &tensor);
			status = onnxruntime_session_bind_input(pair->session, &tensor, reason);
		} else if (!strncmp(name, "past", 4) && pair->state_count < ONNXRUNTIME_TENSORS) {
			pair->states[pair->state_count].input = index;
			pair->states[pair->state_count].output = pair->info.outputs + pair->state_count;
			status = bind_state(pair, name, &tensor, reason);
		} else {
			*reason = "an input that the executable does not have";
			status = -1;
		}
		if (status)
			return status;
	}
}

static int start_theirs(struct pair *pair, struct onnxruntime *runtime, const char *onnx, int threads)
{
	double start = pair_now_ms();
	const char *reason = "";

	if (onnxruntime_session_create(&pair->session, runtime, onnx, threads, &reason) ||
	    bind_theirs(pair, &reason))
		return complain_other(onnx, reason);
	if (pair_run_theirs(pair))
		return -1;
	pair->their_start = pair_now_ms() - start;
	return 0;
}

int pair_prepare(struct pair *pair, struct pumori_device *device, struct onnxruntime *runtime, const char *onnx,
		 const char *executable, int threads)
{
	pair->context = INT64_MAX;
	pair->ours.ms = malloc(PAIR_SAMPLES_MAX * sizeof(double));
	pair->theirs.ms = malloc(PAIR_SAMPLES_MAX * sizeof(double));
	if (!pair->ours.ms || !pair->theirs.ms) {
		fprintf(stderr, "compare: out of memory\n");
		return -1;
	}
	return start_ours(pair, device, executable) || start_theirs(pair, runtime, onnx, threads) ? -1 : 0;
}

static void release_tensor(struct pair_tensor *tensor)
{
	if (tensor->tensor)
		pumori_tensor_destroy(tensor->tensor);
	free(tensor->bound);
	free(tensor->ours);
	free(tensor->theirs);
}

void pair_release(struct pair *pair)
{
	size_t i;

	onnxruntime_session_destroy(pair->session);
	if (pair->run)
		pumori_run_destroy(pair->run);
	for (i = 0; i < ONNXRUNTIME_TENSORS; i++) {
		release_tensor(&pair->inputs[i]);
		release_tensor(&pair->outputs[i]);
	}
	for (i = 0; i < pair->state_count; i++) {
		free(pair->states[i].memory[0]);
		free(pair->states[i].memory[1]);
	}
	if (pair->model)
		pumori_model_unload(pair->model);
	free(pair->ours.ms);
	free(pair->theirs.ms);
}
