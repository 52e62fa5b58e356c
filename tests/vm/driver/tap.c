/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "driver_test.h"

static int tests;
static int failures;

bool ok(bool passed, const char *format, ...)
{
	va_list arguments;

	tests++;
	if (!passed)
		failures++;
	printf("%sok %d - ", passed ? "" : "not ", tests);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
	return passed;
}

void note(const char *format, ...)
{
	va_list arguments;

	printf("# ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	fflush(stdout);
}

bool refused(int result, int expected, int other, const char *what)
{
	int error = result < 0 ? errno : 0;
	bool passed = error == expected || (other && error == other);

	if (!passed)
		note("%s", error ? strerror(error) : "it was accepted");
	return ok(passed, "%s is refused", what);
}

int tap_finish(void)
{
	printf("1..%d\n", tests);
	return failures ? 1 : 0;
}
