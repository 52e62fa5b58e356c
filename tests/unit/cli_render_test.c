// SPDX-License-Identifier: MIT
/* One record, three views; unknown is null, never 0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "render.h"

#define OUTPUT_BYTES 8192

static const struct cli_column columns[] = {
	{ "name", "NAME", CLI_FORMAT_PLAIN },
	{ "bytes", "BYTES", CLI_FORMAT_BYTES },
	{ "shape", "SHAPE", CLI_FORMAT_SHAPE },
	{ "good", "GOOD", CLI_FORMAT_PLAIN },
	{ "missing", "MISSING", CLI_FORMAT_PLAIN },
	{ .key = NULL },
};
static const struct cli_column lines[] = {
	{ "title", "Title", CLI_FORMAT_PLAIN },
	{ "time", "Time taken", CLI_FORMAT_NANOSECONDS },
	{ "part", "Part", CLI_FORMAT_PERCENT },
	{ "never", "Never", CLI_FORMAT_PLAIN },
	{ .key = NULL },
};
static const struct cli_section sections[] = {
	{ NULL, NULL, lines },
	{ "rows", "Rows", columns },
};

/* What a rendering prints on standard output. */
static void capture(const struct cli_globals *globals, const struct record *record, char *output)
{
	FILE *file = tmpfile();
	int saved;
	size_t bytes;

	assert_non_null(file);
	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
	assert_int_equal(cli_render(globals, "test", record, sections, 2), CLI_OK);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	rewind(file);
	bytes = fread(output, 1, OUTPUT_BYTES - 1, file);
	output[bytes] = '\0';
	fclose(file);
}

static struct record *make_record(void)
{
	static const uint64_t shape[] = { 1, 3, 48 };
	struct record *record = record_create();
	struct record *row;

	assert_non_null(record);
	record_string(record, "title", "a, \"b\"");
	record_unsigned(record, "time", 1234567);
	record_double(record, "part", 0.5);
	record_list(record, "rows");
	row = record_append(record, "rows");
	record_string(row, "name", "first");
	record_unsigned(row, "bytes", 1536);
	record_numbers(row, "shape", shape, 3);
	record_bool(row, "good", true);
	record_null(row, "missing");
	row = record_append(record, "rows");
	record_string(row, "name", "zwei\xc3\xa4, \"quoted\"\n");
	record_unsigned(row, "bytes", UINT64_MAX);
	record_numbers(row, "shape", shape, 0);
	record_bool(row, "good", false);
	assert_false(record_failed(record));
	return record;
}

static void prints_tables(void **state)
{
	struct cli_globals globals = { .json = false };
	struct record *record = make_record();
	char output[OUTPUT_BYTES];

	(void)state;
	capture(&globals, record, output);
	assert_string_equal(output,
			    "Title:      a, \"b\"\n"
			    "Time taken: 1.23 ms\n"
			    "Part:       50.0 %\n"
			    "\n"
			    "Rows:\n"
			    "NAME              BYTES         SHAPE   GOOD  MISSING\n"
			    "first             1.50 KiB      1x3x48  yes   -\n"
			    "zwei\xc3\xa4, \"quoted\"?  16777216 TiB  scalar  no    -\n");
	globals.no_header = true;
	capture(&globals, record, output);
	assert_null(strstr(output, "NAME"));
	assert_null(strstr(output, "Rows"));
	assert_non_null(strstr(output, "first"));
	record_destroy(record);
}

static void prints_csv(void **state)
{
	struct cli_globals globals = { .csv = true };
	struct record *record = make_record();
	char output[OUTPUT_BYTES];

	(void)state;
	capture(&globals, record, output);
	assert_string_equal(output,
			    "name,bytes,shape,good,missing\n"
			    "first,1536,1x3x48,true,\n"
			    "\"zwei\xc3\xa4, \"\"quoted\"\"\n\",18446744073709551615,,false,\n");
	globals.no_header = true;
	capture(&globals, record, output);
	assert_memory_equal(output, "first,", 6);
	record_destroy(record);
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	assert_true(json_object_object_get_ex(object, key, &value));
	return value;
}

static void prints_json(void **state)
{
	struct cli_globals globals = { .json = true };
	struct record *record = make_record();
	struct json_object *root, *rows, *row;
	char output[OUTPUT_BYTES];

	(void)state;
	capture(&globals, record, output);
	root = json_tokener_parse(output);
	assert_non_null(root);
	assert_string_equal(json_object_get_string(member(root, "schema")), "pumori/1");
	assert_string_equal(json_object_get_string(member(root, "command")), "test");
	rows = member(member(root, "data"), "rows");
	assert_int_equal(json_object_array_length(rows), 2);
	row = json_object_array_get_idx(rows, 0);
	assert_int_equal(json_object_get_int64(member(row, "bytes")), 1536);
	assert_null(member(row, "missing"));
	row = json_object_array_get_idx(rows, 1);
	assert_string_equal(json_object_get_string(member(row, "name")), "zwei\xc3\xa4, \"quoted\"\n");
	assert_true(json_object_get_uint64(member(row, "bytes")) == UINT64_MAX);
	assert_int_equal(json_object_array_length(member(row, "shape")), 0);
	json_object_put(root);
	record_destroy(record);
}

static void unknown_is_null(void **state)
{
	struct record *record = record_create();
	struct json_object *data;

	(void)state;
	assert_non_null(record);
	record_double(record, "nan", NAN);
	record_double(record, "infinity", -INFINITY);
	record_string(record, "string", NULL);
	data = record_json(record);
	assert_null(member(data, "nan"));
	assert_null(member(data, "infinity"));
	assert_null(member(data, "string"));
	assert_false(record_failed(record));
	record_destroy(record);
}

static void bad_utf8_is_replaced(void **state)
{
	static const char *const rows[][2] = {
		{ "plain", "plain" },
		{ "\xe4\xb8\xad\xf0\x9f\x98\x80", "\xe4\xb8\xad\xf0\x9f\x98\x80" },
		{ "a\xff" "b", "a\xef\xbf\xbd" "b" },
		{ "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd" },			/* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },	/* surrogate */
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe4\xb8", "\xef\xbf\xbd\xef\xbf\xbd" },			/* cut */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record *record = record_create();

		assert_non_null(record);
		record_string(record, "text", rows[i][0]);
		assert_string_equal(json_object_get_string(member(record_json(record), "text")), rows[i][1]);
		record_destroy(record);
	}
}

static void scales_numbers(void **state)
{
	static const struct {
		uint64_t value;
		const char *text;
	} rows[] = {
		{ 0, "0 ns" }, { 999, "999 ns" }, { 1000, "1.00 us" }, { 15500000, "15.5 ms" }, { 250000000, "250 ms" },
		{ 3000000000u, "3.00 s" }, { 7200000000000u, "7200 s" },
	};
	struct cli_globals globals = { .json = false };
	char output[OUTPUT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record *record = record_create();

		assert_non_null(record);
		record_unsigned(record, "time", rows[i].value);
		capture(&globals, record, output);
		assert_non_null(strstr(output, rows[i].text));
		record_destroy(record);
	}
}

/* A command may fill a record whose parts could not be made; nothing must crash. */
static void null_records_are_taken(void **state)
{
	(void)state;
	record_string(NULL, "a", "b");
	record_unsigned(NULL, "a", 1);
	record_null(NULL, "a");
	record_list(NULL, "a");
	record_numbers(NULL, "a", NULL, 0);
	record_strings(NULL, "a", NULL, 0);
	record_format(NULL, "a", "%d", 1);
	assert_null(record_append(NULL, "a"));
	record_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prints_tables),
		cmocka_unit_test(prints_csv),
		cmocka_unit_test(prints_json),
		cmocka_unit_test(unknown_is_null),
		cmocka_unit_test(bad_utf8_is_replaced),
		cmocka_unit_test(scales_numbers),
		cmocka_unit_test(null_records_are_taken),
	};

	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
