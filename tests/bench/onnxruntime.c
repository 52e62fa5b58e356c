/* SPDX-License-Identifier: MIT */
/*
 * ONNX Runtime's interface is one exported function that returns a table of functions, whose order never
 * changes. Only the rows used here are named.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "onnxruntime.h"

/* Rows of the table. */
enum {
	ROW_ERROR_MESSAGE = 2,
	ROW_CREATE_ENV = 3,
	ROW_CREATE_SESSION = 7,
	ROW_RUN = 9,
	ROW_CREATE_SESSION_OPTIONS = 10,
	ROW_SET_OPTIMIZATION_LEVEL = 23,
	ROW_SET_INTRA_THREADS = 24,
	ROW_SET_INTER_THREADS = 25,
	ROW_CREATE_TENSOR_WITH_DATA = 49,
	ROW_CREATE_CPU_MEMORY_INFO = 69,
	ROW_RELEASE_ENV = 92,
	ROW_RELEASE_STATUS = 93,
	ROW_RELEASE_MEMORY_INFO = 94,
	ROW_RELEASE_SESSION = 95,
	ROW_RELEASE_VALUE = 96,
	ROW_RELEASE_SESSION_OPTIONS = 100,
};

#define API_VERSION		13
#define LOG_ERRORS		3
#define OPTIMIZE_ALL		99
#define ELEMENT_FLOAT		1
#define ARENA_ALLOCATOR		1
#define MEMORY_DEFAULT		0

typedef void (*row)(void);

struct api_base {
	const row *(*get_api)(uint32_t version);
	const char *(*get_version)(void);
};

struct onnxruntime {
	void *library;
	const struct api_base *base;
	const row *api;
	void *env;
	void *memory;
};

struct onnxruntime_session {
	struct onnxruntime *runtime;
	void *session;
	void *input;
	void *output;
	const char *input_name;
	const char *output_name;
};

static char message[512];

static void release(const struct onnxruntime *runtime, unsigned int index, void *object)
{
	if (object)
		((void (*)(void *))runtime->api[index])(object);
}

/* Turns a status object into a code and keeps its text. */
static int check(const struct onnxruntime *runtime, void *status, const char **error)
{
	if (!status)
		return 0;
	snprintf(message, sizeof(message), "%s",
		 ((const char *(*)(const void *))runtime->api[ROW_ERROR_MESSAGE])(status));
	release(runtime, ROW_RELEASE_STATUS, status);
	*error = message;
	return -1;
}

static int fail(const char **error, const char *reason)
{
	*error = reason;
	return -1;
}

int onnxruntime_open(struct onnxruntime **result, const char *library, const char **error)
{
	struct onnxruntime *runtime = calloc(1, sizeof(*runtime));
	const struct api_base *(*get_base)(void);

	if (!runtime)
		return fail(error, "out of memory");
	runtime->library = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!runtime->library) {
		snprintf(message, sizeof(message), "%s", dlerror());
		free(runtime);
		return fail(error, message);
	}
	*(void **)&get_base = dlsym(runtime->library, "OrtGetApiBase");
	runtime->base = get_base ? get_base() : NULL;
	runtime->api = runtime->base ? runtime->base->get_api(API_VERSION) : NULL;
	if (!runtime->api) {
		onnxruntime_close(runtime);
		return fail(error, "the library offers no interface of the version wanted");
	}
	if (check(runtime, ((void *(*)(int, const char *, void **))runtime->api[ROW_CREATE_ENV])
			   (LOG_ERRORS, "bench", &runtime->env), error) ||
	    check(runtime, ((void *(*)(int, int, void **))runtime->api[ROW_CREATE_CPU_MEMORY_INFO])
			   (ARENA_ALLOCATOR, MEMORY_DEFAULT, &runtime->memory), error)) {
		onnxruntime_close(runtime);
		return -1;
	}
	*result = runtime;
	return 0;
}

void onnxruntime_close(struct onnxruntime *runtime)
{
	if (!runtime)
		return;
	if (runtime->api) {
		release(runtime, ROW_RELEASE_MEMORY_INFO, runtime->memory);
		release(runtime, ROW_RELEASE_ENV, runtime->env);
	}
	dlclose(runtime->library);
	free(runtime);
}

const char *onnxruntime_version(const struct onnxruntime *runtime)
{
	return runtime->base->get_version();
}

int onnxruntime_session_create(struct onnxruntime_session **result, struct onnxruntime *runtime,
			       const char *model, int threads, const char **error)
{
	const row *api = runtime->api;
	struct onnxruntime_session *session = calloc(1, sizeof(*session));
	void *options = NULL;
	int status;

	if (!session)
		return fail(error, "out of memory");
	session->runtime = runtime;
	status = check(runtime, ((void *(*)(void **))api[ROW_CREATE_SESSION_OPTIONS])(&options), error);
	if (!status)
		status = check(runtime, ((void *(*)(void *, int))api[ROW_SET_OPTIMIZATION_LEVEL])
					(options, OPTIMIZE_ALL), error);
	if (!status)
		status = check(runtime, ((void *(*)(void *, int))api[ROW_SET_INTRA_THREADS])
					(options, threads), error);
	if (!status)
		status = check(runtime, ((void *(*)(void *, int))api[ROW_SET_INTER_THREADS])(options, 1), error);
	if (!status)
		status = check(runtime, ((void *(*)(void *, const char *, void *, void **))api[ROW_CREATE_SESSION])
					(runtime->env, model, options, &session->session), error);
	release(runtime, ROW_RELEASE_SESSION_OPTIONS, options);
	if (status) {
		onnxruntime_session_destroy(session);
		return status;
	}
	*result = session;
	return 0;
}

void onnxruntime_session_destroy(struct onnxruntime_session *session)
{
	if (!session)
		return;
	release(session->runtime, ROW_RELEASE_VALUE, session->input);
	release(session->runtime, ROW_RELEASE_VALUE, session->output);
	release(session->runtime, ROW_RELEASE_SESSION, session->session);
	free(session);
}

static int wrap(struct onnxruntime_session *session, void **value, float *data, const int64_t *shape,
		size_t rank, const char **error)
{
	size_t bytes = sizeof(float);
	size_t i;

	for (i = 0; i < rank; i++)
		bytes *= (size_t)shape[i];
	return check(session->runtime,
		     ((void *(*)(void *, void *, size_t, const int64_t *, size_t, int, void **))
		      session->runtime->api[ROW_CREATE_TENSOR_WITH_DATA])
		     (session->runtime->memory, data, bytes, shape, rank, ELEMENT_FLOAT, value), error);
}

int onnxruntime_session_bind(struct onnxruntime_session *session, const char *input_name, float *input,
			     const int64_t *input_shape, size_t input_rank, const char *output_name, float *output,
			     const int64_t *output_shape, size_t output_rank, const char **error)
{
	session->input_name = input_name;
	session->output_name = output_name;
	if (wrap(session, &session->input, input, input_shape, input_rank, error))
		return -1;
	return wrap(session, &session->output, output, output_shape, output_rank, error);
}

int onnxruntime_session_run(struct onnxruntime_session *session, const char **error)
{
	typedef void *(*run_function)(void *session, const void *options, const char *const *input_names,
				      const void *const *inputs, size_t input_count,
				      const char *const *output_names, size_t output_count, void **outputs);
	const void *inputs[1] = { session->input };

	return check(session->runtime, ((run_function)session->runtime->api[ROW_RUN])
		     (session->session, NULL, &session->input_name, inputs, 1, &session->output_name, 1,
		      &session->output), error);
}
