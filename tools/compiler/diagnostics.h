/* SPDX-License-Identifier: MIT */
/*
 * Diagnostics: what the compiler has to say about a model, as a list.
 *
 * No function of the compiler library prints or exits. A function that fails returns a negative
 * errno value and has added at least one error here, naming the ONNX node, its operator, the
 * tensor concerned (each may be absent), the reason, and what the user can do about it.
 */
#ifndef PUMORI_COMPILER_DIAGNOSTICS_H
#define PUMORI_COMPILER_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum pumori_severity {
	PUMORI_SEVERITY_WARNING,
	PUMORI_SEVERITY_ERROR,
};

/* Where a message belongs. Every field may be NULL; strings are copied when a message is added. */
struct pumori_location {
	const char *node;	/* name of the ONNX node */
	const char *operator_type;	/* its operator, as ONNX spells it */
	const char *tensor;
};

struct pumori_diagnostic {
	struct pumori_diagnostic *next;
	enum pumori_severity severity;
	int code;		/* negative errno: -EINVAL broken, -ENOTSUP refused, -ENOMEM, -EIO */
	char *node;
	char *operator_type;
	char *tensor;
	char *reason;
	char *advice;		/* what to do, or NULL */
};

struct pumori_diagnostics {
	struct pumori_diagnostic *first;
	struct pumori_diagnostic *last;
	size_t error_count;
	size_t warning_count;
	bool incomplete;	/* a message was lost for want of memory or beyond the limit */
};

/* After this many messages further ones only set @incomplete. */
#define PUMORI_DIAGNOSTICS_LIMIT 200

void pumori_diagnostics_init(struct pumori_diagnostics *diagnostics);
void pumori_diagnostics_release(struct pumori_diagnostics *diagnostics);

/*
 * Add an error and return @code, so that callers can write `return pumori_error(...)`.
 * @where and @advice may be NULL.
 */
int pumori_error(struct pumori_diagnostics *diagnostics, int code,
		 const struct pumori_location *where, const char *advice,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

void pumori_warning(struct pumori_diagnostics *diagnostics, const struct pumori_location *where,
		    const char *advice, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The usual answer to a failed allocation: adds "out of memory", returns -ENOMEM. */
int pumori_out_of_memory(struct pumori_diagnostics *diagnostics);

/* Write one message as a line of text: "error: Conv 'conv_3': reason (advice)". */
void pumori_diagnostic_print(const struct pumori_diagnostic *diagnostic, FILE *stream);
void pumori_diagnostics_print(const struct pumori_diagnostics *diagnostics, FILE *stream);

#endif
