// SPDX-License-Identifier: MIT
/* Everything that is said about commands and options comes from the tables. */
#include <stdio.h>

#include "cli.h"

void cli_help_program(void)
{
	puts("usage: pumori [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	puts("\nOptions of every command:");
	cli_options_help(cli_global_options, NULL);
	puts("\n'pumori COMMAND --help' tells more about a command.");
}

void cli_help_command(const struct cli_command *command)
{
	printf("usage: pumori %s%s%s [OPTIONS]\n\n%s\n", command->name, command->arguments ? " " : "",
	       command->arguments ? command->arguments : "", command->summary);
	if (command->description)
		printf("\n%s\n", command->description);
	if (command->options) {
		puts("\nOptions:");
		cli_options_help(command->options, NULL);
	}
	puts("\nOptions of every command:");
	cli_options_help(cli_global_options, command->options);
}
