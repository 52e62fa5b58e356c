// SPDX-License-Identifier: MIT
/* The command table, and the way from a command line to a command. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define COMMANDS_MAX 64

const struct cli_command *const cli_commands[] = {
	&cli_command_ls,
	&cli_command_info,
	&cli_command_ps,
	&cli_command_stats,
	&cli_command_topo,
	&cli_command_top,
	&cli_command_monitor,
	&cli_command_exporter,
	&cli_command_events,
	&cli_command_ras,
	&cli_command_health,
	&cli_command_validate,
	&cli_command_reset,
	&cli_command_config,
	&cli_command_run,
	&cli_command_bench,
	&cli_command_profile,
	&cli_command_objdump,
	&cli_command_as,
	&cli_command_log,
	&cli_command_completion,
	NULL,
};

const struct cli_option cli_global_options[] = {
	{ .name = "device", .letter = 'd', .type = CLI_OPTION_STRING, .argument = "DEVICE",
	  .help = "index, path, PCI address, UUID, serial number, or inproc", .offset = offsetof(struct cli_globals, device) },
	{ .name = "json", .type = CLI_OPTION_FLAG, .help = "print one JSON document",
	  .offset = offsetof(struct cli_globals, json) },
	{ .name = "csv", .type = CLI_OPTION_FLAG, .help = "print comma-separated rows",
	  .offset = offsetof(struct cli_globals, csv) },
	{ .name = "no-header", .type = CLI_OPTION_FLAG, .help = "no heading above tables and CSV",
	  .offset = offsetof(struct cli_globals, no_header) },
	{ .name = "watch", .type = CLI_OPTION_SECONDS, .argument = "S", .help = "repeat every S seconds",
	  .offset = offsetof(struct cli_globals, watch), .minimum = 50, .maximum = 86400000 },
	{ .name = "count", .type = CLI_OPTION_NUMBER, .argument = "N", .help = "repeat N times",
	  .offset = offsetof(struct cli_globals, count), .minimum = 1, .maximum = UINT32_MAX },
	{ .name = "help", .letter = 'h', .type = CLI_OPTION_FLAG, .help = "print this help",
	  .offset = offsetof(struct cli_globals, help) },
	{ .name = "version", .type = CLI_OPTION_FLAG, .help = "print the version",
	  .offset = offsetof(struct cli_globals, version) },
	{ .name = NULL },
};

static const struct cli_command *find_command(const char *name)
{
	const char *names[COMMANDS_MAX];
	const char *nearest;
	size_t count = 0;

	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		if (!strcmp((*c)->name, name))
			return *c;
		if (count < COMMANDS_MAX)
			names[count++] = (*c)->name;
	}
	nearest = cli_suggest(name, names, count);
	if (nearest)
		cli_fail(CLI_USAGE, "no command '%s'; did you mean '%s'?", name, nearest);
	else
		cli_fail(CLI_USAGE, "no command '%s'; 'pumori --help' lists them", name);
	return NULL;
}

static int check_call(const struct cli_call *call)
{
	const struct cli_command *command = call->command;

	if (call->globals->json && call->globals->csv)
		return cli_fail(CLI_USAGE, "--json and --csv exclude each other");
	if ((call->globals->json || call->globals->csv) && !command->formats)
		return cli_fail(CLI_USAGE, "'%s' prints text only", command->name);
	if ((call->globals->watch.given || call->globals->count.given) && !command->watch && !command->repeats)
		return cli_fail(CLI_USAGE, "'%s' cannot be repeated with --watch", command->name);
	if (call->argument_count < command->min_arguments)
		return cli_fail(CLI_USAGE, "'%s' needs %s; see 'pumori %s --help'", command->name, command->arguments,
				command->name);
	if (call->argument_count > command->max_arguments)
		return cli_fail(CLI_USAGE, "'%s' does not take the argument '%s'; see 'pumori %s --help'", command->name,
				call->arguments[command->max_arguments], command->name);
	return CLI_OK;
}

static int run_command(const struct cli_command *command, struct cli_globals *globals, int argc,
		       const char *const *argv)
{
	void *options = calloc(1, command->options_bytes ? command->options_bytes : 1);
	const char **arguments = calloc((size_t)argc + 1, sizeof(*arguments));
	struct cli_option_set sets[] = {
		{ command->options, options },
		{ cli_global_options, globals },
	};
	void *memory = NULL;
	struct cli_call call = {
		.memory = &memory,
		.command = command,
		.globals = globals,
		.options = options,
		.arguments = arguments,
	};
	int code;

	if (!options || !arguments) {
		code = cli_fail_memory();
	} else if (cli_options_parse(sets, 2, argc, argv, arguments, &call.argument_count, 0) < 0) {
		code = CLI_USAGE;
	} else if (globals->help) {
		cli_help_command(command);
		code = CLI_OK;
	} else {
		code = check_call(&call);
		if (code == CLI_OK && !command->repeats && (globals->watch.given || globals->count.given || command->period_ms))
			code = cli_watch(&call);
		else if (code == CLI_OK)
			code = command->run(&call);
	}
	if (memory && command->forget)
		command->forget(memory);
	if (options)
		cli_options_free(command->options, options);
	free(arguments);
	free(options);
	return code;
}

/* A full disk or a closed pipe must not look like success. */
static int finish(int code)
{
	if ((fflush(stdout) || ferror(stdout)) && code == CLI_OK)
		return cli_fail(CLI_INPUT, "cannot write the output: %s", strerror(errno));
	return code;
}

int cli_main(int argc, const char *const *argv)
{
	struct cli_globals globals = { .json = false };
	struct cli_option_set set = { cli_global_options, &globals };
	const struct cli_command *command;
	const char *none[1];
	size_t no_arguments;
	int taken;

	if (argc > 0) {
		argc--;
		argv++;
	}
	taken = cli_options_parse(&set, 1, argc, argv, none, &no_arguments, 1);
	if (taken < 0)
		return CLI_USAGE;
	argc -= taken;
	argv += taken;
	if (globals.version) {
		printf("pumori %s\n", PUMORI_VERSION);
		return finish(CLI_OK);
	}
	if (argc == 0 && globals.help) {
		cli_help_program();
		return finish(CLI_OK);
	}
	if (argc == 0)
		return finish(run_command(&cli_command_summary, &globals, 0, argv));
	command = find_command(argv[0]);
	if (!command)
		return CLI_USAGE;
	return finish(run_command(command, &globals, argc - 1, argv + 1));
}
