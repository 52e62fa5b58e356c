// SPDX-License-Identifier: MIT
/* pumori completion: the tables as a script for bash */
#include <stdio.h>

#include "cli.h"

static void print_options(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		printf(" --%s", o->name);
}

/* Global options after which comes a value, as patterns. */
static void print_valued(const struct cli_option *options)
{
	for (const struct cli_option *o = options; o->name; o++)
		if (o->argument)
			printf(" | --%s", o->name);
}

static int completion(const struct cli_call *call)
{
	(void)call;
	puts("# Completion of pumori for bash; made by 'pumori completion'.\n"
	     "_pumori()\n"
	     "{\n"
	     "\tlocal current=${COMP_WORDS[COMP_CWORD]} command= options= i\n"
	     "\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tcase ${COMP_WORDS[i]} in");
	printf("\t\t-d");
	print_valued(cli_global_options);
	puts(") ((i++)) ;;\n"
	     "\t\t-*) ;;\n"
	     "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\n"
	     "\tcase $command in");
	printf("\t'') options='");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		printf("%s%s", c == cli_commands ? "" : " ", (*c)->name);
	print_options(cli_global_options);
	puts("' ;;");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		printf("\t%s) options='", (*c)->name);
		print_options((*c)->options);
		print_options(cli_global_options);
		puts("' ;;");
	}
	/* Devices have names to offer; every other value is a file or cannot be guessed. */
	puts("\tesac\n"
	     "\n"
	     "\tcase $command:${COMP_WORDS[COMP_CWORD - 1]} in\n"
	     "\t:-d | *:--device)\n"
	     "\t\tCOMPREPLY=($(compgen -W \"inproc $(compgen -G '/dev/accel/accel*')\" -- \"$current\"))\n"
	     "\t\treturn\n"
	     "\t\t;;\n"
	     "\tesac\n"
	     "\tCOMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
	     "\t[[ -n $command && $current != -* ]] && COMPREPLY=($(compgen -f -- \"$current\"))\n"
	     "}\n"
	     "complete -o filenames -F _pumori pumori");
	return CLI_OK;
}

const struct cli_command cli_command_completion = {
	.name = "completion",
	.summary = "print a completion script for bash",
	.description = "For a shell that runs: eval \"$(pumori completion)\". 'make install' installs it.",
	.run = completion,
};
