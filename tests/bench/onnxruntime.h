/* SPDX-License-Identifier: MIT */
/*
 * The part of ONNX Runtime that the comparison uses, over its C interface, found in a shared library at
 * run time: the project neither builds nor links against it.
 */
#ifndef PUMORI_BENCH_ONNXRUNTIME_H
#define PUMORI_BENCH_ONNXRUNTIME_H

#include <stddef.h>
#include <stdint.h>

#define ONNXRUNTIME_TENSORS	64	/* inputs or outputs of a session */
#define ONNXRUNTIME_RANK	8

/* Element types as ONNX numbers them. */
#define ONNXRUNTIME_FLOAT	1
#define ONNXRUNTIME_INT64	7

struct onnxruntime;
struct onnxruntime_session;

/** struct onnxruntime_tensor - memory of the caller, who keeps it and @name as long as it is bound */
struct onnxruntime_tensor {
	const char *name;
	int element;
	void *data;
	size_t bytes;
	int64_t shape[ONNXRUNTIME_RANK];
	size_t rank;
};

/**
 * onnxruntime_open - load the library
 * @error: receives a reason, valid until the next call
 */
int onnxruntime_open(struct onnxruntime **runtime, const char *library, const char **error);
void onnxruntime_close(struct onnxruntime *runtime);

/** onnxruntime_version - of the library */
const char *onnxruntime_version(const struct onnxruntime *runtime);

/** onnxruntime_session_create - a model with all optimisations on @threads threads, the caller's included */
int onnxruntime_session_create(struct onnxruntime_session **session, struct onnxruntime *runtime,
			       const char *model, int threads, const char **error);
void onnxruntime_session_destroy(struct onnxruntime_session *session);

/**
 * onnxruntime_session_input - name and shape (-1 where open) of an input
 *
 * Return: 0, 1 when there are not so many, negative on failure.
 */
int onnxruntime_session_input(struct onnxruntime_session *session, size_t index, char *name, size_t bytes,
			      struct onnxruntime_tensor *tensor, const char **error);

/** onnxruntime_session_bind_input - the next input; they are numbered from 0 in this order */
int onnxruntime_session_bind_input(struct onnxruntime_session *session, const struct onnxruntime_tensor *tensor,
				   const char **error);
/** onnxruntime_session_bind_output - the next output */
int onnxruntime_session_bind_output(struct onnxruntime_session *session, const struct onnxruntime_tensor *tensor,
				    const char **error);

/** onnxruntime_session_exchange - let an input and an output exchange their memory: state of the next run */
void onnxruntime_session_exchange(struct onnxruntime_session *session, size_t input, size_t output);

/** onnxruntime_session_run - one inference of what is bound */
int onnxruntime_session_run(struct onnxruntime_session *session, const char **error);

#endif
