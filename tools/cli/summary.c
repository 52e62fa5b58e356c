// SPDX-License-Identifier: MIT
#include "summary.h"

#include <stdio.h>

#include "cli.h"
#include "devices.h"
#include "render.h"

int cli_summary(const struct cli_globals *globals)
{
	struct record *record;
	int count;
	int code = CLI_OK;

	if (globals->json || globals->csv)
		return cli_fail(CLI_USAGE, "a command is missing; 'pumori ls' lists the devices");
	printf("pumori %s\n\n", PUMORI_VERSION);
	record = record_create();
	if (!record)
		return cli_fail_memory();
	count = cli_devices_record(record);
	if (count > 0)
		code = cli_devices_render(globals, "ls", record);
	else if (count < 0)
		printf("The devices cannot be listed: %s\n", pumori_error_name(count));
	else if (cli_driver_loaded())
		puts("No device. The driver is loaded, but has found none.");
	else
		puts("No device: the driver is not loaded ('modprobe pumori').\n"
		     "The chip also runs in process: add '-d inproc', or set PUMORI_DEVICE=inproc.");
	record_destroy(record);
	if (code != CLI_OK)
		return code;
	puts("\nCommands:");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	puts("\n'pumori --help' tells more.");
	return CLI_OK;
}
