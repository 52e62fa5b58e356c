/* SPDX-License-Identifier: MIT */
/* A thread's last failure in words. */
#ifndef PUMORI_RUNTIME_ERROR_H
#define PUMORI_RUNTIME_ERROR_H

#include "api.h"

/** pumori_fail - remember a failure in words; returns @code */
int pumori_fail(enum pumori_error code, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** pumori_fail_errno - same for a system call that failed with @error (positive); returns the code that stands for it */
int pumori_fail_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** pumori_options_check - an option struct of @size bytes, of which the library knows @known: what it does not know must be zero */
int pumori_options_check(const void *options, size_t size, size_t known, const char *name);

/** pumori_info_copy - fill a caller's info struct, whose first member is its size, from a complete one of @known bytes */
int pumori_info_copy(void *info, const void *complete, size_t known, const char *name);

#endif
