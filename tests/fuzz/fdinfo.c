// SPDX-License-Identifier: MIT
/* fdinfo of any process, which may hold anything: what is found is a string or a number. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "telemetry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct telemetry_fdinfo info;

	telemetry_fdinfo_parse((const char *)data, bytes, &info);
	if (strnlen(info.pdev, sizeof(info.pdev)) == sizeof(info.pdev) || info.client.pid || info.client.command[0])
		abort();
	return 0;
}
