// SPDX-License-Identifier: MIT
#include "render.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define SCHEMA "pumori/1"
#define COLUMNS_MAX 32

/* A growing string. */
struct text {
	char *bytes;
	size_t used;
	size_t capacity;
	bool failed;
};

static void text_append(struct text *text, const char *bytes, size_t count)
{
	if (text->capacity - text->used <= count && !text->failed) {
		size_t capacity = (text->used + count + 1) * 2;
		char *grown = realloc(text->bytes, capacity);

		if (grown) {
			text->bytes = grown;
			text->capacity = capacity;
		} else {
			text->failed = true;
		}
	}
	if (text->failed)
		return;
	memcpy(text->bytes + text->used, bytes, count);
	text->used += count;
	text->bytes[text->used] = '\0';
}

static void scale(char *out, double value, double base, const char *const *units, size_t count)
{
	size_t unit = 0;

	while (unit + 1 < count && value >= base) {
		value /= base;
		unit++;
	}
	/* Whole units are whole; others have three digits. */
	if (unit == 0)
		snprintf(out, CLI_SCALED_BYTES, "%.0f%s%s", value, units[0][0] ? " " : "", units[0]);
	else
		snprintf(out, CLI_SCALED_BYTES, "%.*f %s", value >= 100 ? 0 : value >= 10 ? 1 : 2, value, units[unit]);
}

bool cli_format_number(char out[CLI_SCALED_BYTES], double value, enum cli_format format)
{
	static const char *const bytes[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	static const char *const times[] = { "ns", "us", "ms", "s" };
	static const char *const counts[] = { "", "K", "M", "G", "T" };

	switch (format) {
	case CLI_FORMAT_BYTES:
		scale(out, value, 1024, bytes, 5);
		return true;
	case CLI_FORMAT_NANOSECONDS:
		scale(out, value, 1000, times, 4);
		return true;
	case CLI_FORMAT_COUNT:
		scale(out, value, 1000, counts, 5);
		return true;
	case CLI_FORMAT_PERCENT:
		snprintf(out, CLI_SCALED_BYTES, "%.1f %%", value * 100);
		return true;
	case CLI_FORMAT_SHORT:
		snprintf(out, CLI_SCALED_BYTES, "%.4g", value);
		return true;
	default:
		return false;
	}
}

/* Appends a value as plain text; strings from files must not steer the terminal. */
static void append_value(struct text *text, struct json_object *value, enum cli_format format, bool table)
{
	char scaled[CLI_SCALED_BYTES];

	switch (json_object_get_type(value)) {
	case json_type_null:
		if (table)
			text_append(text, "-", 1);
		break;
	case json_type_boolean:
		if (table)
			text_append(text, json_object_get_boolean(value) ? "yes" : "no",
				    json_object_get_boolean(value) ? 3 : 2);
		else
			text_append(text, json_object_get_boolean(value) ? "true" : "false",
				    json_object_get_boolean(value) ? 4 : 5);
		break;
	case json_type_int:
	case json_type_double:
		if (table && cli_format_number(scaled, json_object_get_double(value), format)) {
			text_append(text, scaled, strlen(scaled));
		} else {
			const char *plain = json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);

			text_append(text, plain, strlen(plain));
		}
		break;
	case json_type_string: {
		const char *string = json_object_get_string(value);

		for (const char *c = string; *c; c++) {
			char byte = (unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c;

			text_append(text, table ? &byte : c, 1);
		}
		break;
	}
	case json_type_array:
		for (size_t i = 0; i < json_object_array_length(value); i++) {
			if (i)
				text_append(text, format == CLI_FORMAT_SHAPE ? "x" : " ", 1);
			append_value(text, json_object_array_get_idx(value, i), CLI_FORMAT_PLAIN, table);
		}
		if (table && json_object_array_length(value) == 0)
			text_append(text, format == CLI_FORMAT_SHAPE ? "scalar" : "-",
				    format == CLI_FORMAT_SHAPE ? 6 : 1);
		break;
	case json_type_object:
		break;
	}
}

/* The value of a column as a fresh string, or NULL when memory ran out. */
static char *column_text(struct json_object *object, const struct cli_column *column, bool table)
{
	struct text text = { .bytes = NULL };
	struct json_object *value = NULL;

	text_append(&text, "", 0);
	json_object_object_get_ex(object, column->key, &value);
	append_value(&text, value, column->format, table);
	if (text.failed) {
		free(text.bytes);
		return NULL;
	}
	return text.bytes;
}

/* Columns of a terminal that @text takes, one for each code point. */
static int width(const char *text)
{
	int columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static size_t count_columns(const struct cli_column *columns)
{
	size_t count = 0;

	while (count < COLUMNS_MAX && columns[count].key)
		count++;
	return count;
}

static void print_row(char *const *cells, const int *widths, size_t columns)
{
	for (size_t c = 0; c < columns; c++) {
		fputs(cells[c], stdout);
		if (c + 1 < columns)
			printf("%*s", widths[c] - width(cells[c]) + 2, "");
	}
	putchar('\n');
}

static int render_table(const struct cli_globals *globals, struct json_object *list, const struct cli_section *section)
{
	size_t columns = count_columns(section->columns);
	size_t rows = json_object_array_length(list);
	char **cells = calloc(rows * columns + 1, sizeof(*cells));
	char *headings[COLUMNS_MAX];
	int widths[COLUMNS_MAX] = { 0 };
	int code = CLI_OK;

	if (!cells)
		return cli_fail_memory();
	/* One of several tables: nothing to show needs no heading. */
	if (!rows && section->title)
		columns = 0;
	for (size_t c = 0; c < columns; c++) {
		headings[c] = (char *)section->columns[c].heading;
		/* Rows that come one by one stand below each other. */
		if (!globals->no_header || globals->lines)
			widths[c] = width(headings[c]);
	}
	for (size_t i = 0; i < rows * columns && code == CLI_OK; i++) {
		cells[i] = column_text(json_object_array_get_idx(list, i / columns), &section->columns[i % columns], true);
		if (!cells[i])
			code = cli_fail_memory();
		else if (width(cells[i]) > widths[i % columns])
			widths[i % columns] = width(cells[i]);
	}
	if (code == CLI_OK && columns) {
		if (section->title && !globals->no_header)
			printf("\n%s:\n", section->title);
		if (!globals->no_header)
			print_row(headings, widths, columns);
		for (size_t r = 0; r < rows; r++)
			print_row(cells + r * columns, widths, columns);
	}
	for (size_t i = 0; i < rows * columns; i++)
		free(cells[i]);
	free(cells);
	return code;
}

static int render_lines(struct json_object *object, const struct cli_section *section)
{
	int widest = 0;

	for (const struct cli_column *c = section->columns; c->key; c++)
		if (width(c->heading) > widest)
			widest = width(c->heading);
	for (const struct cli_column *c = section->columns; c->key; c++) {
		char *value;

		/* A value that the command did not even look for takes no line. */
		if (!json_object_object_get_ex(object, c->key, NULL))
			continue;
		value = column_text(object, c, true);
		if (!value)
			return cli_fail_memory();
		printf("%s:%*s%s\n", c->heading, widest - width(c->heading) + 1, "", value);
		free(value);
	}
	return CLI_OK;
}

static void print_csv_field(const char *field)
{
	if (!strpbrk(field, ",\"\r\n")) {
		fputs(field, stdout);
		return;
	}
	putchar('"');
	for (; *field; field++) {
		if (*field == '"')
			putchar('"');
		putchar(*field);
	}
	putchar('"');
}

static int print_csv_row(struct json_object *object, const struct cli_column *columns)
{
	for (const struct cli_column *c = columns; c->key; c++) {
		char *value = column_text(object, c, false);

		if (!value)
			return cli_fail_memory();
		if (c != columns)
			putchar(',');
		print_csv_field(value);
		free(value);
	}
	putchar('\n');
	return CLI_OK;
}

static int render_csv(const struct cli_globals *globals, struct json_object *data, const struct cli_section *sections,
		      size_t section_count)
{
	const struct cli_section *section = sections;
	struct json_object *list = NULL;
	int code = CLI_OK;

	for (size_t i = 0; i < section_count; i++)
		if (sections[i].list) {
			section = &sections[i];
			break;
		}
	if (!globals->no_header) {
		for (const struct cli_column *c = section->columns; c->key; c++)
			printf("%s%s", c == section->columns ? "" : ",", c->key);
		putchar('\n');
	}
	if (!section->list)
		return print_csv_row(data, section->columns);
	json_object_object_get_ex(data, section->list, &list);
	for (size_t i = 0; list && i < json_object_array_length(list) && code == CLI_OK; i++)
		code = print_csv_row(json_object_array_get_idx(list, i), section->columns);
	return code;
}

static int render_json(const struct cli_globals *globals, const char *command, struct json_object *data)
{
	int style = globals->lines ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	struct json_object *envelope = json_object_new_object();
	struct json_object *schema = json_object_new_string(SCHEMA);
	struct json_object *name = json_object_new_string(command);
	const char *text;

	if (!envelope || !schema || !name || json_object_object_add(envelope, "schema", schema) ||
	    json_object_object_add(envelope, "command", name) ||
	    json_object_object_add(envelope, "data", json_object_get(data)))
		return cli_fail_memory();
	text = json_object_to_json_string_ext(envelope, style | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return cli_fail_memory();
	puts(text);
	json_object_put(envelope);
	return CLI_OK;
}

int cli_render(const struct cli_globals *globals, const char *command, const struct record *record,
	       const struct cli_section *sections, size_t section_count)
{
	struct json_object *data = record_json(record);
	int code = CLI_OK;

	if (record_failed(record))
		return cli_fail_memory();
	if (globals->json)
		return render_json(globals, command, data);
	if (globals->csv)
		return render_csv(globals, data, sections, section_count);
	for (size_t i = 0; i < section_count && code == CLI_OK; i++) {
		struct json_object *list;

		if (!sections[i].list)
			code = render_lines(data, &sections[i]);
		else if (json_object_object_get_ex(data, sections[i].list, &list))
			code = render_table(globals, list, &sections[i]);
	}
	return code;
}
