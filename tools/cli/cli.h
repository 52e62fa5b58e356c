/* SPDX-License-Identifier: MIT */
/*
 * What the subcommands of pumori share.
 *
 * To add a subcommand: write FILE.c with its option table, its function and one
 * struct cli_command, declare that below, put it into cli_commands[] of commands.c, its section
 * into Documentation/pumori.md and its page into Documentation/man. Help and completion come from
 * the table.
 */
#ifndef PUMORI_CLI_H
#define PUMORI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "pumori/pumori.h"

/** enum cli_exit - exit codes; scripts depend on them, so values never change */
enum cli_exit {
	CLI_OK = 0,
	CLI_USAGE = 2,		/* wrong command line */
	CLI_UNSUPPORTED = 3,	/* neither this device nor this build can do it */
	CLI_PERMISSION = 4,
	CLI_INPUT = 5,		/* a file is missing, damaged, or does not fit the model */
	CLI_NO_DEVICE = 6,	/* no such device */
	CLI_JOB = 7,		/* the job faulted, was killed, or memory ran out */
	CLI_NO_DRIVER = 9,	/* the driver is not loaded */
	CLI_UNHEALTHY = 10,
	CLI_DEVICE_LOST = 15,
	CLI_TIMEOUT = 124,
	CLI_INTERNAL = 255,
};

/** struct cli_globals - options that every subcommand has */
struct cli_globals {
	/** @json: one JSON document instead of tables */
	bool json;
	/** @csv: comma-separated rows instead of tables */
	bool csv;
	/** @no_header: leave out the heading of a table or of CSV */
	bool no_header;
	/** @lines: each JSON document on one line; set while watching */
	bool lines;
	/** @watch: repeat, with this period in milliseconds */
	struct cli_number watch;
	/** @count: how often */
	struct cli_number count;
	/** @help: print the help of the command */
	bool help;
	/** @version: print the version */
	bool version;
	/** @device: which device, NULL for the default */
	const char *device;
};

struct cli_command;

/** struct cli_call - one invocation of a subcommand */
struct cli_call {
	/** @command: which */
	const struct cli_command *command;
	/** @globals: global options */
	const struct cli_globals *globals;
	/** @options: the command's own option struct, zeroed and filled */
	const void *options;
	/** @arguments: what is not an option */
	const char **arguments;
	/** @argument_count: elements of @arguments */
	size_t argument_count;
	/** @memory: what a command that is repeated keeps from one time to the next, NULL at first */
	void **memory;
};

/** struct cli_command - a row of the command table */
struct cli_command {
	/** @name: as typed */
	const char *name;
	/** @arguments: for the usage line, e.g. "MODEL.pex" */
	const char *arguments;
	/** @summary: one line of help */
	const char *summary;
	/** @description: further help, or NULL */
	const char *description;
	/** @run: does it; returns an exit code */
	int (*run)(const struct cli_call *call);
	/** @options: option table, ended by a row without name, or NULL */
	const struct cli_option *options;
	/** @options_bytes: size of the struct that @options fill */
	size_t options_bytes;
	/** @min_arguments: least number of arguments */
	size_t min_arguments;
	/** @max_arguments: largest number of arguments */
	size_t max_arguments;
	/** @formats: --json and --csv mean something here */
	bool formats;
	/** @watch: --watch and --count mean something here */
	bool watch;
	/** @repeats: does itself what --watch and --count say */
	bool repeats;
	/** @period_ms: is repeated with this period when --watch does not say otherwise; 0: only when asked for */
	uint32_t period_ms;
	/** @forget: frees @memory of a call */
	void (*forget)(void *memory);
};

extern const struct cli_command cli_command_ls;
extern const struct cli_command cli_command_info;
extern const struct cli_command cli_command_ps;
extern const struct cli_command cli_command_stats;
extern const struct cli_command cli_command_topo;
extern const struct cli_command cli_command_top;
extern const struct cli_command cli_command_monitor;
extern const struct cli_command cli_command_exporter;
extern const struct cli_command cli_command_config;
extern const struct cli_command cli_command_events;
extern const struct cli_command cli_command_ras;
extern const struct cli_command cli_command_reset;
extern const struct cli_command cli_command_health;
extern const struct cli_command cli_command_validate;
extern const struct cli_command cli_command_log;
extern const struct cli_command cli_command_run;
extern const struct cli_command cli_command_bench;
extern const struct cli_command cli_command_profile;
extern const struct cli_command cli_command_objdump;
extern const struct cli_command cli_command_as;
extern const struct cli_command cli_command_completion;

/** cli_command_summary - what runs when no command is named */
extern const struct cli_command cli_command_summary;

/** cli_commands - the command table; ended by NULL */
extern const struct cli_command *const cli_commands[];
/** cli_global_options - options that every subcommand has */
extern const struct cli_option cli_global_options[];

/** cli_main - the program without its process: parses, dispatches, returns the exit code */
int cli_main(int argc, const char *const *argv);

/* watch.c */
/** cli_watch - run @call again and again, as --watch and --count say. Return: an exit code */
int cli_watch(const struct cli_call *call);

/* help.c */
void cli_help_program(void);
void cli_help_command(const struct cli_command *command);

/* error.c */
/** cli_fail - one line on stderr; returns @code */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** cli_fail_runtime - says @what failed and why, with the runtime's own words; returns the exit code for @error */
int cli_fail_runtime(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** cli_fail_memory - host memory ran out; returns the exit code */
int cli_fail_memory(void);
/** cli_exit_code - exit code of a library error */
int cli_exit_code(int error);

/* select.c */
/** cli_root - PUMORI_TELEMETRY_ROOT of the environment: folder that stands for "/", or "" */
const char *cli_root(void);
/** cli_driver_loaded - is the kernel module there? */
bool cli_driver_loaded(void);
/** cli_is_pci_address - is it of the form "0000:00:05.0"? */
bool cli_is_pci_address(const char *text);
/**
 * cli_device_resolve - the name that the runtime knows for what the user typed
 * @selector: index, path, PCI address, UUID, serial number or "inproc"
 * @name: receives the name
 *
 * Return: an exit code; a message was printed unless it is CLI_OK.
 */
int cli_device_resolve(const char *selector, char *name, size_t bytes);
/** cli_device_open - open what -d names, or the default; prints why not. Return: an exit code */
int cli_device_open(const struct cli_globals *globals, const struct pumori_device_options *options,
		    struct pumori_device **device);

#endif
