/* SPDX-License-Identifier: MIT */
/*
 * Command-line options from tables: the table fills a struct and prints the help.
 *
 * Names are exact; an unknown one is answered with the nearest known one, never taken for it.
 */
#ifndef PUMORI_CLI_OPTIONS_H
#define PUMORI_CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

/** struct cli_strings - values of an option that may be given several times */
struct cli_strings {
	/** @items: values in order */
	const char **items;
	/** @count: how many */
	size_t count;
};

/** enum cli_option_type - what an option stores at its offset */
enum cli_option_type {
	CLI_OPTION_FLAG,	/* bool */
	CLI_OPTION_STRING,	/* const char * */
	CLI_OPTION_STRINGS,	/* struct cli_strings */
	CLI_OPTION_NUMBER,	/* struct cli_number, within minimum .. maximum */
	CLI_OPTION_SECONDS,	/* struct cli_number in milliseconds, typed as seconds with up to three decimals */
};

/** struct cli_number - value of a numeric option */
struct cli_number {
	/** @value: the number */
	uint64_t value;
	/** @given: whether the option was there */
	int given;
};

/** struct cli_option - a row of an option table */
struct cli_option {
	/** @name: without dashes; NULL ends the table */
	const char *name;
	/** @letter: short form, or 0 */
	char letter;
	/** @type: what it stores */
	enum cli_option_type type;
	/** @argument: for the help, e.g. "FILE"; NULL for a flag */
	const char *argument;
	/** @help: one line */
	const char *help;
	/** @offset: of the value in the option struct */
	size_t offset;
	/** @minimum: NUMBER: least value */
	uint64_t minimum;
	/** @maximum: NUMBER: largest value */
	uint64_t maximum;
};

/** struct cli_option_set - a table with the struct it fills */
struct cli_option_set {
	/** @options: the table, may be NULL */
	const struct cli_option *options;
	/** @values: the struct */
	void *values;
};

/**
 * cli_options_parse - parse @argv
 * @sets: tables to look an option up in, in this order
 * @arguments: receives what is not an option; room for @argc pointers
 * @argument_count: receives their number
 * @stop: nonzero: end before the first argument that is not an option
 *
 * Return: number of elements of @argv consumed, or -1 after printing what is wrong.
 */
int cli_options_parse(const struct cli_option_set *sets, size_t set_count, int argc, const char *const *argv,
		      const char **arguments, size_t *argument_count, int stop);
/** cli_options_free - free the lists that parsing made in @values */
void cli_options_free(const struct cli_option *options, void *values);
/** cli_options_help - print the table; letters that @shadow takes for itself are left out */
void cli_options_help(const struct cli_option *options, const struct cli_option *shadow);

/** cli_parse_u64 - a whole number in decimal or 0x form, nothing around it. Return: 0 or -1 */
int cli_parse_u64(const char *text, uint64_t *value);
/** cli_parse_milliseconds - seconds such as "2" or "0.25" as milliseconds. Return: 0 or -1 */
int cli_parse_milliseconds(const char *text, uint64_t *milliseconds);
/** cli_suggest - the name nearest to @typed among @names, or NULL when none is near */
const char *cli_suggest(const char *typed, const char *const *names, size_t count);

#endif
