// SPDX-License-Identifier: MIT
/* Options: exact names, suggestions, ranges; and the statistics of bench. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "cli.h"
#include "session.h"

struct values {
	bool flag;
	const char *text;
	struct cli_strings list;
	struct cli_number number;
};

static const struct cli_option options[] = {
	{ .name = "flag", .letter = 'f', .type = CLI_OPTION_FLAG, .help = "a flag", .offset = offsetof(struct values, flag) },
	{ .name = "text", .letter = 't', .type = CLI_OPTION_STRING, .argument = "TEXT", .help = "a text",
	  .offset = offsetof(struct values, text) },
	{ .name = "list", .type = CLI_OPTION_STRINGS, .argument = "X", .help = "a list",
	  .offset = offsetof(struct values, list) },
	{ .name = "number", .letter = 'n', .type = CLI_OPTION_NUMBER, .argument = "N", .help = "a number",
	  .offset = offsetof(struct values, number), .minimum = 2, .maximum = 10 },
	{ .name = NULL },
};

static char messages[1024];

/* Parses @argv, NULL-terminated; what is said on stderr goes into messages[]. */
static int parse(struct values *values, const char *const *argv, const char **arguments, size_t *count, int stop)
{
	struct cli_option_set set = { options, values };
	FILE *file = tmpfile();
	size_t bytes;
	int argc = 0, saved, result;

	assert_non_null(file);
	while (argv[argc])
		argc++;
	memset(values, 0, sizeof(*values));
	fflush(stderr);
	saved = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	result = cli_options_parse(&set, 1, argc, argv, arguments, count, stop);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	bytes = fread(messages, 1, sizeof(messages) - 1, file);
	messages[bytes] = '\0';
	fclose(file);
	return result;
}

static void takes_all_forms(void **state)
{
	static const char *const argv[] = { "one", "--flag", "-t", "x", "--list=1", "--list", "2", "-n7", "two", "-", "--",
					    "--flag", NULL };
	const char *arguments[16];
	struct values values;
	size_t count;

	(void)state;
	assert_int_equal(parse(&values, argv, arguments, &count, 0), 12);
	assert_true(values.flag);
	assert_string_equal(values.text, "x");
	assert_int_equal(values.list.count, 2);
	assert_string_equal(values.list.items[0], "1");
	assert_string_equal(values.list.items[1], "2");
	assert_true(values.number.given);
	assert_int_equal(values.number.value, 7);
	assert_int_equal(count, 4);
	assert_string_equal(arguments[0], "one");
	assert_string_equal(arguments[1], "two");
	assert_string_equal(arguments[2], "-");
	assert_string_equal(arguments[3], "--flag");
	assert_string_equal(messages, "");
	cli_options_free(options, &values);
	assert_null(values.list.items);
}

static void stops_at_the_command(void **state)
{
	static const char *const argv[] = { "-f", "command", "--unknown", NULL };
	const char *arguments[4];
	struct values values;
	size_t count;

	(void)state;
	assert_int_equal(parse(&values, argv, arguments, &count, 1), 1);
	assert_true(values.flag);
}

static void refuses_what_is_wrong(void **state)
{
	static const struct {
		const char *argv[4];
		const char *message;
	} rows[] = {
		{ { "--falg" }, "did you mean '--flag'?" },
		{ { "--fla" }, "did you mean '--flag'?" },	/* a prefix is no name */
		{ { "--completely-different" }, "unknown option" },
		{ { "-x" }, "unknown option '-x'" },
		{ { "--flag=1" }, "takes no value" },
		{ { "-f1" }, "takes no value" },
		{ { "--text" }, "needs a value: --text TEXT" },
		{ { "-t" }, "needs a value" },
		{ { "--number", "1" }, "from 2 to 10, not '1'" },
		{ { "--number", "11" }, "from 2 to 10" },
		{ { "--number", "-3" }, "from 2 to 10" },
		{ { "--number", "3x" }, "from 2 to 10" },
		{ { "--number=" }, "from 2 to 10" },
		{ { "--=3" }, "unknown option" },
	};
	const char *arguments[4];
	struct values values;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(parse(&values, rows[i].argv, arguments, &count, 0), -1);
		if (!strstr(messages, rows[i].message))
			fail_msg("'%s' lacks '%s'", messages, rows[i].message);
		assert_memory_equal(messages, "pumori: ", 8);
		cli_options_free(options, &values);
	}
}

static void parses_numbers(void **state)
{
	static const char *const bad[] = { "", " 1", "+1", "-1", "1 ", "0x", "0xg", "18446744073709551616", "1e3" };
	uint64_t value;

	(void)state;
	assert_int_equal(cli_parse_u64("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(cli_parse_u64("0x10", &value), 0);
	assert_int_equal(value, 16);
	assert_int_equal(cli_parse_u64("010", &value), 0);
	assert_int_equal(value, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!cli_parse_u64(bad[i], &value))
			fail_msg("'%s' was taken", bad[i]);
}

static void suggests_the_nearest(void **state)
{
	static const char *const names[] = { "ls", "info", "run", "bench", "objdump" };

	(void)state;
	assert_string_equal(cli_suggest("bnech", names, 5), "bench");
	assert_string_equal(cli_suggest("objdmp", names, 5), "objdump");
	assert_string_equal(cli_suggest("rnu", names, 5), "run");
	assert_null(cli_suggest("xyz", names, 5));
	assert_null(cli_suggest("", names, 5));
	assert_null(cli_suggest("a-name-that-is-longer-than-any-that-could-be-known-here", names, 5));
}

/* A table in which two options share a name or a letter would hide one of them. */
static void tables_are_consistent(void **state)
{
	(void)state;
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		assert_non_null((*c)->name);
		assert_non_null((*c)->summary);
		assert_non_null((*c)->run);
		assert_true((*c)->min_arguments <= (*c)->max_arguments);
		assert_true(!(*c)->max_arguments || (*c)->arguments);
		for (const struct cli_command *const *d = c + 1; *d; d++)
			assert_string_not_equal((*c)->name, (*d)->name);
		for (const struct cli_option *o = (*c)->options; o && o->name; o++) {
			assert_non_null(o->help);
			assert_true((o->type == CLI_OPTION_FLAG) == (o->argument == NULL));
			assert_true(o->offset < (*c)->options_bytes);
			for (const struct cli_option *p = o + 1; p->name; p++) {
				assert_string_not_equal(o->name, p->name);
				assert_true(!o->letter || o->letter != p->letter);
			}
			for (const struct cli_option *g = cli_global_options; g->name; g++)
				assert_string_not_equal(o->name, g->name);
		}
	}
}

static void statistics_are_right(void **state)
{
	uint64_t samples[100];
	struct cli_statistics s;

	(void)state;
	cli_statistics(&s, samples, 0);
	assert_int_equal(s.median, 0);
	samples[0] = 7;
	cli_statistics(&s, samples, 1);
	assert_int_equal(s.minimum, 7);
	assert_int_equal(s.median, 7);
	assert_int_equal(s.p99, 7);
	assert_int_equal(s.maximum, 7);
	samples[0] = 9;
	samples[1] = 4;
	cli_statistics(&s, samples, 2);
	assert_int_equal(s.median, 6);
	assert_int_equal(s.p99, 9);
	assert_true(s.mean == 6.5);
	for (uint64_t i = 0; i < 100; i++)
		samples[i] = (i * 37) % 100 + 1;
	cli_statistics(&s, samples, 100);
	assert_int_equal(s.minimum, 1);
	assert_int_equal(s.median, 50);
	assert_int_equal(s.p99, 99);
	assert_int_equal(s.maximum, 100);
	assert_true(s.mean == 50.5);
}

static void random_inputs_are_sane(void **state)
{
	float floats[1000], again[1000];
	int64_t integers[100];
	uint16_t halves[100], bfloats[100];
	uint8_t bools[100];
	unsigned int ones = 0, negative = 0;

	(void)state;
	cli_fill_random(floats, sizeof(floats), PUMORI_FP32, 5);
	cli_fill_random(again, sizeof(again), PUMORI_FP32, 5);
	assert_memory_equal(floats, again, sizeof(floats));
	cli_fill_random(again, sizeof(again), PUMORI_FP32, 6);
	assert_memory_not_equal(floats, again, sizeof(floats));
	for (unsigned int i = 0; i < 1000; i++) {
		assert_true(floats[i] >= -1 && floats[i] < 1);
		negative += floats[i] < 0;
	}
	assert_in_range(negative, 400, 600);
	cli_fill_random(integers, sizeof(integers), PUMORI_INT64, 1);
	for (unsigned int i = 0; i < 100; i++)
		assert_in_range(integers[i], 0, 99);
	cli_fill_random(bools, sizeof(bools), PUMORI_BOOL, 1);
	for (unsigned int i = 0; i < 100; i++) {
		assert_true(bools[i] <= 1);
		ones += bools[i];
	}
	assert_in_range(ones, 20, 80);
	cli_fill_random(halves, sizeof(halves), PUMORI_FP16, 1);
	cli_fill_random(bfloats, sizeof(bfloats), PUMORI_BF16, 1);
	for (unsigned int i = 0; i < 100; i++) {
		assert_true((halves[i] & 0x7c00) < 0x3c00);	/* below one */
		assert_true((bfloats[i] & 0x7fff) <= 0x3f80);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_forms),
		cmocka_unit_test(stops_at_the_command),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(parses_numbers),
		cmocka_unit_test(suggests_the_nearest),
		cmocka_unit_test(tables_are_consistent),
		cmocka_unit_test(statistics_are_right),
		cmocka_unit_test(random_inputs_are_sane),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
