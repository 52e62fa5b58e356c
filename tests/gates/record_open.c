/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a program: writes every path that it opens to the file that RECORD_OPEN names.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int open(const char *path, int flags, ...);
EXPORT int open64(const char *path, int flags, ...);
EXPORT int openat(int folder, const char *path, int flags, ...);
EXPORT FILE *fopen(const char *path, const char *mode);
EXPORT FILE *fopen64(const char *path, const char *mode);

static void record(const char *path)
{
	const char *name = getenv("RECORD_OPEN");
	long file;

	if (!name)
		return;
	file = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (file < 0)
		return;
	if (write((int)file, path, strlen(path)) < 0 || write((int)file, "\n", 1) < 0)
		_exit(126);
	close((int)file);
}

#define OPEN_BODY(folder)						\
	va_list arguments;						\
	mode_t mode;							\
									\
	va_start(arguments, flags);					\
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(arguments, mode_t) : 0; \
	va_end(arguments);						\
	record(path);							\
	return (int)syscall(SYS_openat, folder, path, flags, mode)

int open(const char *path, int flags, ...)
{
	OPEN_BODY(AT_FDCWD);
}

int open64(const char *path, int flags, ...)
{
	OPEN_BODY(AT_FDCWD);
}

int openat(int folder, const char *path, int flags, ...)
{
	OPEN_BODY(folder);
}

typedef FILE *(*fopen_function)(const char *path, const char *mode);

FILE *fopen(const char *path, const char *mode)
{
	fopen_function next = (fopen_function)dlsym(RTLD_NEXT, "fopen");

	record(path);
	return next(path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	fopen_function next = (fopen_function)dlsym(RTLD_NEXT, "fopen64");

	record(path);
	return next(path, mode);
}
