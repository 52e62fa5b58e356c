// SPDX-License-Identifier: MIT
/* Error codes, their names, and each thread's last failure in words. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

static _Thread_local char last_error[512];

const char *pumori_error_name(int error)
{
	switch (error) {
	case PUMORI_OK:
		return "success";
	case PUMORI_ERROR_INVALID:
		return "invalid argument";
	case PUMORI_ERROR_MEMORY:
		return "host memory exhausted";
	case PUMORI_ERROR_DEVICE_MEMORY:
		return "device memory exhausted";
	case PUMORI_ERROR_NO_DEVICE:
		return "no such device";
	case PUMORI_ERROR_PERMISSION:
		return "permission denied";
	case PUMORI_ERROR_IO:
		return "input or output error";
	case PUMORI_ERROR_FORMAT:
		return "malformed executable";
	case PUMORI_ERROR_VERSION:
		return "version not supported";
	case PUMORI_ERROR_UNSUPPORTED:
		return "feature not supported";
	case PUMORI_ERROR_FAULT:
		return "job faulted";
	case PUMORI_ERROR_KILLED:
		return "job killed";
	case PUMORI_ERROR_DEVICE_LOST:
		return "device lost";
	case PUMORI_ERROR_TIMEOUT:
		return "timed out";
	case PUMORI_ERROR_BUSY:
		return "busy";
	default:
		return error > 0 ? "success" : "unknown error";
	}
}

const char *pumori_last_error(void)
{
	return last_error;
}

uint32_t pumori_version(void)
{
	return PUMORI_VERSION_MAJOR << 16 | PUMORI_VERSION_MINOR;
}

int pumori_fail(enum pumori_error code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(last_error, sizeof(last_error), format, arguments);
	va_end(arguments);
	return code;
}

static enum pumori_error code_of_errno(int error)
{
	switch (error) {
	case EINVAL:
	case EFAULT:
	case E2BIG:
	case ERANGE:
		return PUMORI_ERROR_INVALID;
	case ENOMEM:
	case EAGAIN:
	case EMFILE:
	case ENFILE:
		return PUMORI_ERROR_MEMORY;
	case ENOSPC:
		return PUMORI_ERROR_DEVICE_MEMORY;
	case ENOENT:
	case ENXIO:
		return PUMORI_ERROR_NO_DEVICE;
	case EACCES:
	case EPERM:
		return PUMORI_ERROR_PERMISSION;
	case ENOEXEC:
		return PUMORI_ERROR_FORMAT;
	case EOPNOTSUPP:
	case ENOTTY:
	case ENOSYS:
		return PUMORI_ERROR_UNSUPPORTED;
	case ECANCELED:
		return PUMORI_ERROR_KILLED;
	case ENODEV:
		return PUMORI_ERROR_DEVICE_LOST;
	case ETIME:
	case ETIMEDOUT:
		return PUMORI_ERROR_TIMEOUT;
	case EBUSY:
		return PUMORI_ERROR_BUSY;
	default:
		return PUMORI_ERROR_IO;
	}
}

int pumori_fail_errno(int error, const char *format, ...)
{
	char text[128];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(last_error, sizeof(last_error), format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < sizeof(last_error))
		snprintf(last_error + length, sizeof(last_error) - length, ": %s",
			 strerror_r(error, text, sizeof(text)));
	return code_of_errno(error);
}

int pumori_options_check(const void *options, size_t size, size_t known, const char *name)
{
	const unsigned char *bytes = options;
	size_t i;

	if (size < sizeof(size_t) || size > 4096)
		return pumori_fail(PUMORI_ERROR_INVALID, "%s: size %zu is not that of the struct",
				   name, size);
	for (i = known; i < size; i++)
		if (bytes[i])
			return pumori_fail(
				PUMORI_ERROR_INVALID,
				"%s: byte %zu is set, but this library knows only %zu bytes", name,
				i, known);
	return 0;
}

int pumori_info_copy(void *info, const void *complete, size_t known, const char *name)
{
	size_t size;

	if (!info)
		return pumori_fail(PUMORI_ERROR_INVALID, "%s: no struct given", name);
	memcpy(&size, info, sizeof(size));
	if (size < sizeof(size_t) || size > 4096)
		return pumori_fail(PUMORI_ERROR_INVALID, "%s: size %zu is not that of the struct",
				   name, size);
	if (size > known)
		memset((char *)info + known, 0, size - known);
	else
		known = size;
	memcpy((char *)info + sizeof(size), (const char *)complete + sizeof(size),
	       known - sizeof(size));
	return 0;
}
