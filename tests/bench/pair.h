/* SPDX-License-Identifier: MIT */
/*
 * One model on both sides: ONNX Runtime and Pumori, with the same inputs. What the executable keeps as
 * state is an input "past.*" and an output "present.*" of the ONNX model, exchanged after every run.
 */
#ifndef PUMORI_BENCH_PAIR_H
#define PUMORI_BENCH_PAIR_H

#include <stdbool.h>

#include <pumori/pumori.h>

#include "onnxruntime.h"

#define PAIR_SAMPLES_MAX	200000

struct samples {
	double *ms;
	size_t count;
};

/* A tensor that the caller sees, with the caller's own copy of it. */
struct pair_tensor {
	struct pumori_tensor_info info;
	struct pumori_tensor *tensor;	/* of the Pumori side, bound */
	void *bound;			/* of the other side */
	void *ours, *theirs;		/* inputs: both the same values; outputs: what was read last */
};

struct pair_state {
	char past[32], present[32];
	size_t input, output;		/* numbers in the session */
	void *memory[2];
};

struct pair {
	const char *name;
	struct pumori_model *model;
	struct pumori_run *run;
	struct pumori_model_info info;
	struct onnxruntime_session *session;
	struct pair_tensor inputs[ONNXRUNTIME_TENSORS], outputs[ONNXRUNTIME_TENSORS];
	struct pair_state states[ONNXRUNTIME_TENSORS];
	size_t state_count;
	int64_t step[2];		/* runs of either side: the position of the next token */
	int64_t context;		/* positions that there are */
	struct samples ours, theirs;
	double our_start, their_start;	/* ms of load and first inference */
};

double pair_now_ms(void);

/* Load both sides and run each once. Complains on stderr; 0 or negative. */
int pair_prepare(struct pair *pair, struct pumori_device *device, struct onnxruntime *runtime, const char *onnx,
		 const char *executable, int threads);
void pair_release(struct pair *pair);

/* One inference with its inputs copied in and its outputs copied out. */
int pair_run_ours(struct pair *pair);
int pair_run_theirs(struct pair *pair);

/* The outputs read last: largest difference, cosine, and whether they are the same result. */
bool pair_agrees(const struct pair *pair, double *worst, double *cosine);

#endif
