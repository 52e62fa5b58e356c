// SPDX-License-Identifier: MIT
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define NAMES_MAX 64
#define NAME_BYTES 48

int cli_parse_u64(const char *text, uint64_t *value)
{
	unsigned long long number;
	char *end;

	/* strtoull would take a sign and leading space. */
	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	number = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	if (errno || *end)
		return -1;
	*value = number;
	return 0;
}

int cli_parse_milliseconds(const char *text, uint64_t *milliseconds)
{
	static const char digits[] = "0123456789";
	size_t whole = strspn(text, digits);
	size_t decimals = text[whole] == '.' ? strspn(text + whole + 1, digits) : 0;
	size_t end = text[whole] == '.' ? whole + 1 + decimals : whole;
	uint64_t value = 0;

	if (!whole || whole > 9 || text[end] || decimals > 3 || (text[whole] == '.' && !decimals))
		return -1;
	for (size_t i = 0; i < whole; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 1; i <= 3; i++)
		value = value * 10 + (i <= decimals ? (uint64_t)(text[whole + i] - '0') : 0);
	*milliseconds = value;
	return 0;
}

/* Edit distance in which exchanging two neighbours counts once; strings beyond the bound count as far. */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][NAME_BYTES + 1];
	size_t n = strlen(a), m = strlen(b);

	if (n > NAME_BYTES || m > NAME_BYTES)
		return NAME_BYTES;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    earlier[j - 2] + 1 < best)
				best = earlier[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *cli_suggest(const char *typed, const char *const *names, size_t count)
{
	const char *nearest = NULL;
	size_t best = NAME_BYTES;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(typed, names[i]);
		size_t longer = strlen(typed) > strlen(names[i]) ? strlen(typed) : strlen(names[i]);

		/* A third of the letters may be wrong: "lst" means ls, "benhc" bench, "xyz" nothing. */
		if (d < best && d * 3 <= longer + 1) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}

static int unknown_option(const struct cli_option_set *sets, size_t set_count, const char *typed, size_t length)
{
	const char *names[NAMES_MAX];
	char copy[NAME_BYTES + 1];
	const char *nearest = NULL;
	size_t count = 0;

	if (length <= NAME_BYTES) {
		memcpy(copy, typed, length);
		copy[length] = '\0';
		for (size_t s = 0; s < set_count; s++)
			for (const struct cli_option *o = sets[s].options; o && o->name && count < NAMES_MAX; o++)
				names[count++] = o->name;
		nearest = cli_suggest(copy, names, count);
	}
	if (nearest)
		cli_fail(CLI_USAGE, "unknown option '--%.*s'; did you mean '--%s'?", (int)length, typed, nearest);
	else
		cli_fail(CLI_USAGE, "unknown option '--%.*s'; see --help", (int)length, typed);
	return -1;
}

static const struct cli_option *find_name(const struct cli_option_set *sets, size_t set_count, const char *name,
					  size_t length, void **values)
{
	for (size_t s = 0; s < set_count; s++)
		for (const struct cli_option *o = sets[s].options; o && o->name; o++)
			if (strlen(o->name) == length && !memcmp(o->name, name, length)) {
				*values = sets[s].values;
				return o;
			}
	return NULL;
}

static const struct cli_option *find_letter(const struct cli_option_set *sets, size_t set_count, char letter,
					    void **values)
{
	for (size_t s = 0; s < set_count; s++)
		for (const struct cli_option *o = sets[s].options; o && o->name; o++)
			if (o->letter && o->letter == letter) {
				*values = sets[s].values;
				return o;
			}
	return NULL;
}

static int store(const struct cli_option *option, void *values, const char *argument)
{
	void *place = (char *)values + option->offset;

	switch (option->type) {
	case CLI_OPTION_FLAG:
		*(bool *)place = true;
		return 0;
	case CLI_OPTION_STRING:
		*(const char **)place = argument;
		return 0;
	case CLI_OPTION_STRINGS: {
		struct cli_strings *strings = place;
		const char **items = realloc(strings->items, (strings->count + 1) * sizeof(*items));

		if (!items) {
			cli_fail_memory();
			return -1;
		}
		strings->items = items;
		strings->items[strings->count++] = argument;
		return 0;
	}
	case CLI_OPTION_NUMBER: {
		struct cli_number *number = place;

		if (cli_parse_u64(argument, &number->value) || number->value < option->minimum ||
		    number->value > option->maximum) {
			cli_fail(CLI_USAGE, "--%s needs a number from %llu to %llu, not '%s'", option->name,
				 (unsigned long long)option->minimum, (unsigned long long)option->maximum, argument);
			return -1;
		}
		number->given = 1;
		return 0;
	}
	case CLI_OPTION_SECONDS: {
		struct cli_number *number = place;

		if (cli_parse_milliseconds(argument, &number->value) || number->value < option->minimum ||
		    number->value > option->maximum) {
			cli_fail(CLI_USAGE, "--%s needs seconds from %g to %g, not '%s'", option->name,
				 (double)option->minimum / 1000, (double)option->maximum / 1000, argument);
			return -1;
		}
		number->given = 1;
		return 0;
	}
	}
	return -1;
}

/* Parses the option at argv[0]; returns the number of elements it took, or -1. */
static int parse_option(const struct cli_option_set *sets, size_t set_count, int argc, const char *const *argv)
{
	const char *text = argv[0];
	const char *argument = NULL;
	const struct cli_option *option;
	void *values = NULL;

	if (text[1] == '-') {
		const char *name = text + 2;
		const char *equals = strchr(name, '=');
		size_t length = equals ? (size_t)(equals - name) : strlen(name);

		option = find_name(sets, set_count, name, length, &values);
		if (!option)
			return unknown_option(sets, set_count, name, length);
		if (equals)
			argument = equals + 1;
	} else {
		option = find_letter(sets, set_count, text[1], &values);
		if (!option) {
			cli_fail(CLI_USAGE, "unknown option '-%c'; see --help", text[1]);
			return -1;
		}
		if (text[2])
			argument = text + 2;
	}

	if (option->type == CLI_OPTION_FLAG) {
		if (argument) {
			cli_fail(CLI_USAGE, "--%s takes no value", option->name);
			return -1;
		}
		return store(option, values, NULL) ? -1 : 1;
	}
	if (argument)
		return store(option, values, argument) ? -1 : 1;
	if (argc < 2) {
		cli_fail(CLI_USAGE, "--%s needs a value: --%s %s", option->name, option->name, option->argument);
		return -1;
	}
	return store(option, values, argv[1]) ? -1 : 2;
}

int cli_options_parse(const struct cli_option_set *sets, size_t set_count, int argc, const char *const *argv,
		      const char **arguments, size_t *argument_count, int stop)
{
	bool only_arguments = false;
	int i = 0;

	*argument_count = 0;
	while (i < argc) {
		const char *text = argv[i];

		if (only_arguments || text[0] != '-' || !text[1]) {
			if (stop)
				return i;
			arguments[(*argument_count)++] = text;
			i++;
		} else if (!strcmp(text, "--")) {
			only_arguments = true;
			i++;
		} else {
			int taken = parse_option(sets, set_count, argc - i, argv + i);

			if (taken < 0)
				return -1;
			i += taken;
		}
	}
	return i;
}

void cli_options_free(const struct cli_option *options, void *values)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (o->type == CLI_OPTION_STRINGS) {
			struct cli_strings *strings = (void *)((char *)values + o->offset);

			free(strings->items);
			strings->items = NULL;
			strings->count = 0;
		}
}

static bool takes_letter(const struct cli_option *options, char letter)
{
	for (const struct cli_option *o = options; o && o->name; o++)
		if (o->letter == letter)
			return true;
	return false;
}

void cli_options_help(const struct cli_option *options, const struct cli_option *shadow)
{
	for (const struct cli_option *o = options; o && o->name; o++) {
		bool letter = o->letter && !takes_letter(shadow, o->letter);
		char left[NAME_BYTES];

		snprintf(left, sizeof(left), "%c%c%c --%s%s%s", letter ? '-' : ' ', letter ? o->letter : ' ',
			 letter ? ',' : ' ', o->name, o->argument ? " " : "", o->argument ? o->argument : "");
		printf("  %-28s %s\n", left, o->help);
	}
}
