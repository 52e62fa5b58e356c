/* SPDX-License-Identifier: MIT */
/* A test in the layout of the ONNX backend tests: model.onnx and test_data_set_N/{input,output}_M.pb. */
#ifndef PUMORI_CONFORMANCE_TEST_CASE_H
#define PUMORI_CONFORMANCE_TEST_CASE_H

#include "../../tools/compiler/import.h"

#define CONFORMANCE_MAX_VALUES 64

struct conformance_value {
	char *name;			/* of the graph's input; NULL for outputs */
	struct pumori_tensor_type type;
	void *data;			/* NULL: a kind of value the harness does not read */
};

struct conformance_case {
	char *folder;
	void *model;
	size_t model_size;
	struct pumori_diagnostics diagnostics;	/* of reading */
	/* The data set at hand. */
	struct conformance_value inputs[CONFORMANCE_MAX_VALUES];
	size_t input_count;
	struct conformance_value outputs[CONFORMANCE_MAX_VALUES];
	size_t output_count;
};

/* Open a folder; 0, or negative with the reason in test->diagnostics. */
int conformance_open(struct conformance_case *test, const char *folder);
void conformance_close(struct conformance_case *test);

/* Read data set @number; 1, 0 if there is none, or negative. */
int conformance_read_set(struct conformance_case *test, unsigned int number);

/*
 * What the compiler may know: shapes. Data is passed only for names in @constants (of
 * @constant_count), which the caller counts apart.
 */
struct conformance_options {
	struct pumori_import_options import;
	struct pumori_shape_option shapes[CONFORMANCE_MAX_VALUES];
	struct pumori_constant_option constants[CONFORMANCE_MAX_VALUES];
};
void conformance_options(const struct conformance_case *test, const char *const *constants,
			 size_t constant_count, struct conformance_options *options);

/* The input called @name of the data set at hand, or NULL. */
const struct conformance_value *conformance_input(const struct conformance_case *test,
						  const char *name);

/*
 * Compare a result with the expectation: |a - b| <= atol + rtol * |b|, NaN equals NaN, integers
 * exactly. Returns true, or false with the first difference in @text.
 */
bool conformance_compare(const struct conformance_value *expected,
			 const struct pumori_tensor_type *type, const void *data, double rtol,
			 double atol, char *text, size_t size);

#endif
