// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>

#include "cli.h"

int cli_fail(int code, const char *format, ...)
{
	va_list arguments;

	fputs("pumori: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return code;
}

int cli_fail_memory(void)
{
	return cli_fail(CLI_JOB, "out of host memory");
}

int cli_exit_code(int error)
{
	switch (error) {
	case PUMORI_OK:
		return CLI_OK;
	case PUMORI_ERROR_INVALID:
		return CLI_USAGE;
	case PUMORI_ERROR_NO_DEVICE:
		return cli_driver_loaded() ? CLI_NO_DEVICE : CLI_NO_DRIVER;
	case PUMORI_ERROR_PERMISSION:
		return CLI_PERMISSION;
	case PUMORI_ERROR_IO:
	case PUMORI_ERROR_FORMAT:
		return CLI_INPUT;
	case PUMORI_ERROR_VERSION:
	case PUMORI_ERROR_UNSUPPORTED:
		return CLI_UNSUPPORTED;
	case PUMORI_ERROR_MEMORY:
	case PUMORI_ERROR_DEVICE_MEMORY:
	case PUMORI_ERROR_FAULT:
	case PUMORI_ERROR_KILLED:
	case PUMORI_ERROR_BUSY:
		return CLI_JOB;
	case PUMORI_ERROR_DEVICE_LOST:
		return CLI_DEVICE_LOST;
	case PUMORI_ERROR_TIMEOUT:
		return CLI_TIMEOUT;
	default:
		return CLI_INTERNAL;
	}
}

/* What to try next, or NULL. */
static const char *hint(int error)
{
	switch (error) {
	case PUMORI_ERROR_NO_DEVICE:
		return cli_driver_loaded() ? "'pumori ls' lists the devices"
					   : "load the driver ('modprobe pumori') or use the chip in process ('-d inproc')";
	case PUMORI_ERROR_PERMISSION:
		return "join the group 'render' or run as root";
	case PUMORI_ERROR_VERSION:
		return "compile the model again with this version's pumori-cc";
	case PUMORI_ERROR_DEVICE_LOST:
		return "the kernel log says what happened ('dmesg')";
	default:
		return NULL;
	}
}

int cli_fail_runtime(int error, const char *format, ...)
{
	const char *reason = pumori_last_error();
	const char *next = hint(error);
	va_list arguments;

	fputs("pumori: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, ": %s", reason[0] ? reason : pumori_error_name(error));
	if (next)
		fprintf(stderr, "; %s", next);
	fputc('\n', stderr);
	return cli_exit_code(error);
}
