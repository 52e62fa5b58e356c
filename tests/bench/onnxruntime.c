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
	ROW_INPUT_COUNT = 30,
	ROW_INPUT_TYPE = 33,
	ROW_INPUT_NAME = 36,
	ROW_CREATE_TENSOR_WITH_DATA = 49,
	ROW_CAST_TO_TENSOR_TYPE = 55,
	ROW_DIMENSION_COUNT = 61,
	ROW_DIMENSIONS = 62,
	ROW_CREATE_CPU_MEMORY_INFO = 69,
	ROW_ALLOCATOR_FREE = 76,
	ROW_DEFAULT_ALLOCATOR = 78,
	ROW_RELEASE_ENV = 92,
	ROW_RELEASE_STATUS = 93,
	ROW_RELEASE_MEMORY_INFO = 94,
	ROW_RELEASE_SESSION = 95,
	ROW_RELEASE_VALUE = 96,
	ROW_RELEASE_TYPE = 98,
	ROW_RELEASE_SESSION_OPTIONS = 100,
};

#define API_VERSION		13
#define LOG_ERRORS		3
#define OPTIMIZE_ALL		99
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
	void *input_values[ONNXRUNTIME_TENSORS];
	void *output_values[ONNXRUNTIME_TENSORS];
	const char *input_names[ONNXRUNTIME_TENSORS];
	const char *output_names[ONNXRUNTIME_TENSORS];
	size_t input_count;
	size_t output_count;
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
	size_t i;

	if (!session)
		return;
	for (i = 0; i < session->input_count; i++)
		release(session->runtime, ROW_RELEASE_VALUE, session->input_values[i]);
	for (i = 0; i < session->output_count; i++)
		release(session->runtime, ROW_RELEASE_VALUE, session->output_values[i]);
	release(session->runtime, ROW_RELEASE_SESSION, session->session);
	free(session);
}

int onnxruntime_session_input(struct onnxruntime_session *session, size_t index, char *name, size_t bytes,
			      struct onnxruntime_tensor *tensor, const char **error)
{
	const row *api = session->runtime->api;
	void *allocator = NULL, *type = NULL;
	const void *tensor_type = NULL;
	char *text = NULL;
	size_t count = 0;

	if (check(session->runtime, ((void *(*)(const void *, size_t *))api[ROW_INPUT_COUNT])
		  (session->session, &count), error))
		return -1;
	if (index >= count)
		return 1;
	if (check(session->runtime, ((void *(*)(void **))api[ROW_DEFAULT_ALLOCATOR])(&allocator), error) ||
	    check(session->runtime, ((void *(*)(const void *, size_t, void *, char **))api[ROW_INPUT_NAME])
		  (session->session, index, allocator, &text), error))
		return -1;
	snprintf(name, bytes, "%s", text);
	((void *(*)(void *, void *))api[ROW_ALLOCATOR_FREE])(allocator, text);
	if (check(session->runtime, ((void *(*)(const void *, size_t, void **))api[ROW_INPUT_TYPE])
		  (session->session, index, &type), error))
		return -1;
	if (check(session->runtime, ((void *(*)(const void *, const void **))api[ROW_CAST_TO_TENSOR_TYPE])
		  (type, &tensor_type), error) ||
	    check(session->runtime, ((void *(*)(const void *, size_t *))api[ROW_DIMENSION_COUNT])
		  (tensor_type, &tensor->rank), error) ||
	    tensor->rank > ONNXRUNTIME_RANK ||
	    check(session->runtime, ((void *(*)(const void *, int64_t *, size_t))api[ROW_DIMENSIONS])
		  (tensor_type, tensor->shape, tensor->rank), error)) {
		release(session->runtime, ROW_RELEASE_TYPE, type);
		return -1;
	}
	release(session->runtime, ROW_RELEASE_TYPE, type);
	return 0;
}

static int wrap(struct onnxruntime_session *session, void **value, const struct onnxruntime_tensor *tensor,
		const char **error)
{
	return check(session->runtime,
		     ((void *(*)(void *, void *, size_t, const int64_t *, size_t, int, void **))
		      session->runtime->api[ROW_CREATE_TENSOR_WITH_DATA])
		     (session->runtime->memory, tensor->data, tensor->bytes, tensor->shape, tensor->rank,
		      tensor->element, value), error);
}

int onnxruntime_session_bind_input(struct onnxruntime_session *session, const struct onnxruntime_tensor *tensor,
				   const char **error)
{
	if (session->input_count == ONNXRUNTIME_TENSORS)
		return fail(error, "too many inputs");
	session->input_names[session->input_count] = tensor->name;
	return wrap(session, &session->input_values[session->input_count++], tensor, error);
}

int onnxruntime_session_bind_output(struct onnxruntime_session *session, const struct onnxruntime_tensor *tensor,
				    const char **error)
{
	if (session->output_count == ONNXRUNTIME_TENSORS)
		return fail(error, "too many outputs");
	session->output_names[session->output_count] = tensor->name;
	return wrap(session, &session->output_values[session->output_count++], tensor, error);
}

void onnxruntime_session_exchange(struct onnxruntime_session *session, size_t input, size_t output)
{
	void *value = session->input_values[input];

	session->input_values[input] = session->output_values[output];
	session->output_values[output] = value;
}

int onnxruntime_session_run(struct onnxruntime_session *session, const char **error)
{
	typedef void *(*run_function)(void *session, const void *options, const char *const *input_names,
				      void *const *inputs, size_t input_count, const char *const *output_names,
				      size_t output_count, void **outputs);

	return check(session->runtime, ((run_function)session->runtime->api[ROW_RUN])
		     (session->session, NULL, session->input_names, session->input_values, session->input_count,
		      session->output_names, session->output_count, session->output_values), error);
}
