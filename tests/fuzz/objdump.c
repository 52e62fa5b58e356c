// SPDX-License-Identifier: MIT
/* Damaged executables in the tools that look at them: pumori info and pumori objdump, with all they print. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static int fd;
static char path[64];
static FILE *nowhere;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fd = memfd_create("executable", 0);
	nowhere = fopen("/dev/null", "w");
	if (fd < 0 || !nowhere)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *objdump[] = { "pumori", "objdump", path };
	const char *info[] = { "pumori", "info", path, "--json" };

	FILE *out = stdout, *err = stderr;

	if (ftruncate(fd, (off_t)size) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	/* What the tool says is not looked at; libFuzzer's own words are. */
	stdout = nowhere;
	stderr = nowhere;
	cli_main(3, objdump);
	cli_main(4, info);
	stdout = out;
	stderr = err;
	return 0;
}
