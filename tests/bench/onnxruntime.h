/* SPDX-License-Identifier: MIT */
/*
 * The part of ONNX Runtime that the comparison uses, over its C interface, found in a shared library at
 * run time: the project neither builds nor links against it.
 */
#ifndef PUMORI_BENCH_ONNXRUNTIME_H
#define PUMORI_BENCH_ONNXRUNTIME_H

#include <stddef.h>
#include <stdint.h>

struct onnxruntime;
struct onnxruntime_session;

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

/** onnxruntime_session_bind - one fp32 input and one fp32 output in the caller's memory */
int onnxruntime_session_bind(struct onnxruntime_session *session, const char *input_name, float *input,
			     const int64_t *input_shape, size_t input_rank, const char *output_name, float *output,
			     const int64_t *output_shape, size_t output_rank, const char **error);

/** onnxruntime_session_run - one inference of what is bound */
int onnxruntime_session_run(struct onnxruntime_session *session, const char **error);

#endif
