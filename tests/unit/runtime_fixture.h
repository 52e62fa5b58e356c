/* SPDX-License-Identifier: MIT */
/* What tests of the C API share: a device, models from builders, and calls that check their manners. */
#ifndef PUMORI_TESTS_RUNTIME_FIXTURE_H
#define PUMORI_TESTS_RUNTIME_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pumori/pumori.h>

#include "executable_builder.h"

/* Every call in these tests must leave errno alone, whatever becomes of it. */
#define CALL(expression) __extension__ ({ \
		int result_; \
		errno = 4711; \
		result_ = (expression); \
		assert_int_equal(errno, 4711); \
		result_; \
	})

/* A call that must succeed; its words are shown when it does not. */
#define OK(expression) \
	do { \
		int status_ = CALL(expression); \
		if (status_ < 0) \
			print_error("%s: %s (%s)\n", #expression, pumori_last_error(), \
				    pumori_error_name(status_)); \
		assert_true(status_ >= 0); \
	} while (0)

/* A call that must fail with a code, and say something. */
#define FAILS(code, words, expression) \
	do { \
		assert_int_equal(CALL(expression), code); \
		if (!strstr(pumori_last_error(), words)) \
			print_error("%s: \"%s\" does not say \"%s\"\n", #expression, \
				    pumori_last_error(), words); \
		assert_non_null(strstr(pumori_last_error(), words)); \
	} while (0)

/* The environment may name another device and so run all of this on the driver. */
static inline struct pumori_device *open_device(const struct pumori_device_options *options)
{
	struct pumori_device *device = NULL;

	OK(pumori_device_open(&device, getenv("PUMORI_DEVICE") ? NULL : "inproc", options));
	return device;
}

static inline int on_inproc(void)
{
	const char *name = getenv("PUMORI_DEVICE");

	return !name || !strcmp(name, "inproc");
}

/* Load what @builder holds, which is used up. */
static inline struct pumori_model *load_built(struct pumori_device *device, struct builder *builder)
{
	struct pumori_model *model = NULL;
	size_t bytes;
	void *file = builder_write(builder, &bytes);

	OK(pumori_model_load_memory(&model, device, file, bytes));
	free(file);
	builder_end(builder);
	return model;
}

/** struct bound - a run with tensors for all inputs and outputs */
struct bound {
	struct pumori_run *run;
	struct pumori_tensor *input[4];
	struct pumori_tensor *output[4];
};

static inline struct bound bind_all(struct pumori_model *model)
{
	struct pumori_model_info info = { .size = sizeof(info) };
	struct bound bound = { 0 };
	uint32_t i;

	OK(pumori_model_info(model, &info));
	OK(pumori_run_create(&bound.run, model));
	for (i = 0; i < info.inputs; i++) {
		OK(pumori_tensor_create_for(&bound.input[i], model, PUMORI_INPUT, i));
		OK(pumori_run_bind(bound.run, PUMORI_INPUT, i, bound.input[i]));
	}
	for (i = 0; i < info.outputs; i++) {
		OK(pumori_tensor_create_for(&bound.output[i], model, PUMORI_OUTPUT, i));
		OK(pumori_run_bind(bound.run, PUMORI_OUTPUT, i, bound.output[i]));
	}
	return bound;
}

static inline void release(struct bound *bound)
{
	int i;

	pumori_run_destroy(bound->run);
	for (i = 0; i < 4; i++) {
		pumori_tensor_destroy(bound->input[i]);
		pumori_tensor_destroy(bound->output[i]);
	}
}

static inline float *floats(struct pumori_tensor *tensor)
{
	return pumori_tensor_data(tensor);
}

#endif
