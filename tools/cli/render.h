/* SPDX-License-Identifier: MIT */
/* One way from a record to the screen: tables, JSON and CSV. */
#ifndef PUMORI_CLI_RENDER_H
#define PUMORI_CLI_RENDER_H

#include "record.h"

struct cli_globals;

/** enum cli_format - how a table shows a value; CSV and JSON always have the plain one */
enum cli_format {
	CLI_FORMAT_PLAIN,
	CLI_FORMAT_BYTES,	/* bytes: "1.5 GiB" */
	CLI_FORMAT_NANOSECONDS,	/* nanoseconds: "1.25 ms" */
	CLI_FORMAT_COUNT,	/* a large number: "1.3 M" */
	CLI_FORMAT_SHAPE,	/* a list of dimensions: "1x3x48x320" */
	CLI_FORMAT_PERCENT,	/* a fraction: "98.7 %" */
	CLI_FORMAT_SHORT,	/* a number with four digits: "12.57" */
};

/** CLI_SCALED_BYTES - room for any number that cli_format_number() makes */
#define CLI_SCALED_BYTES 32
/** cli_format_number - a number as a person reads it into @out; false, and nothing, for the plain form */
bool cli_format_number(char out[CLI_SCALED_BYTES], double value, enum cli_format format);

/** struct cli_column - one value of a record in a table */
struct cli_column {
	/** @key: of the value; NULL ends the list */
	const char *key;
	/** @heading: above the column, or before the value */
	const char *heading;
	/** @format: how it is shown */
	enum cli_format format;
};

/** struct cli_section - a part of a text view */
struct cli_section {
	/** @list: key of a list of records: a table with a row for each; NULL: the record itself, a line for each value */
	const char *list;
	/** @title: above a table, or NULL */
	const char *title;
	/** @columns: what is shown */
	const struct cli_column *columns;
};

/**
 * cli_render - print @record as the global options say
 * @command: name for the JSON envelope
 * @sections: the text view; CSV prints the first table of it, or when there is none the first section as one row
 *
 * Return: an exit code.
 */
int cli_render(const struct cli_globals *globals, const char *command, const struct record *record,
	       const struct cli_section *sections, size_t section_count);

#endif
