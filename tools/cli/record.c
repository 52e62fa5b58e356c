// SPDX-License-Identifier: MIT
#include "record.h"

#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record is a view of a json-c object; the root owns the object and all views below it. */
struct record {
	struct json_object *object;
	struct record *root;
	struct record *next;	/* root: its views, to free */
	bool failed;
};

struct record *record_create(void)
{
	struct record *record = calloc(1, sizeof(*record));

	if (!record)
		return NULL;
	record->root = record;
	record->object = json_object_new_object();
	if (!record->object) {
		free(record);
		return NULL;
	}
	return record;
}

void record_destroy(struct record *record)
{
	struct record *view;

	if (!record)
		return;
	json_object_put(record->object);
	for (view = record; view; view = record) {
		record = view->next;
		free(view);
	}
}

bool record_failed(const struct record *record)
{
	return record->root->failed;
}

struct json_object *record_json(const struct record *record)
{
	return record->object;
}

/* Takes over @value. */
static bool add(struct record *record, const char *key, struct json_object *value)
{
	if (record && value && !json_object_object_add(record->object, key, value))
		return true;
	json_object_put(value);
	if (record)
		record->root->failed = true;
	return false;
}

void record_null(struct record *record, const char *key)
{
	if (record && json_object_object_add(record->object, key, NULL))
		record->root->failed = true;
}

/* Length of the UTF-8 sequence at @text, 0 when it is malformed. */
static size_t utf8_length(const unsigned char *text)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t length;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] < 0xe0)
		length = 2;
	else if (text[0] >= 0xe0 && text[0] < 0xf0)
		length = 3;
	else if (text[0] >= 0xf0 && text[0] < 0xf5)
		length = 4;
	else
		return 0;
	point = text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	return length;
}

static struct json_object *new_string(const char *value)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t bytes = strlen(value);
	struct json_object *object;
	char *clean;
	size_t used = 0;

	if (bytes > (size_t)INT32_MAX / 4)
		return NULL;
	clean = malloc(bytes * 3 + 1);
	if (!clean)
		return NULL;
	for (const unsigned char *c = (const unsigned char *)value; *c;) {
		size_t length = utf8_length(c);

		if (length) {
			memcpy(clean + used, c, length);
			used += length;
			c += length;
		} else {
			memcpy(clean + used, replacement, 3);
			used += 3;
			c++;
		}
	}
	object = json_object_new_string_len(clean, (int)used);
	free(clean);
	return object;
}

void record_string(struct record *record, const char *key, const char *value)
{
	if (value)
		add(record, key, new_string(value));
	else
		record_null(record, key);
}

void record_format(struct record *record, const char *key, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		add(record, key, NULL);
		return;
	}
	record_string(record, key, text);
	free(text);
}

void record_unsigned(struct record *record, const char *key, uint64_t value)
{
	add(record, key, json_object_new_uint64(value));
}

void record_signed(struct record *record, const char *key, int64_t value)
{
	add(record, key, json_object_new_int64(value));
}

void record_double(struct record *record, const char *key, double value)
{
	char text[32];

	if (!isfinite(value)) {
		record_null(record, key);
		return;
	}
	/* Nine digits: more would be noise in a measurement, and make the text differ by rounding. */
	snprintf(text, sizeof(text), "%.9g", value);
	add(record, key, json_object_new_double_s(value, text));
}

void record_bool(struct record *record, const char *key, bool value)
{
	add(record, key, json_object_new_boolean(value));
}

static void add_list(struct record *record, const char *key, struct json_object *list, bool complete)
{
	if (complete) {
		add(record, key, list);
		return;
	}
	json_object_put(list);
	if (record)
		record->root->failed = true;
}

void record_numbers(struct record *record, const char *key, const uint64_t *values, size_t count)
{
	struct json_object *list = json_object_new_array();
	bool complete = list != NULL;

	for (size_t i = 0; i < count && complete; i++) {
		struct json_object *number = json_object_new_uint64(values[i]);

		if (!number || json_object_array_add(list, number)) {
			json_object_put(number);
			complete = false;
		}
	}
	add_list(record, key, list, complete);
}

void record_strings(struct record *record, const char *key, const char *const *values, size_t count)
{
	struct json_object *list = json_object_new_array();
	bool complete = list != NULL;

	for (size_t i = 0; i < count && complete; i++) {
		struct json_object *string = new_string(values[i]);

		if (!string || json_object_array_add(list, string)) {
			json_object_put(string);
			complete = false;
		}
	}
	add_list(record, key, list, complete);
}

/* A view of a new object that is not yet part of anything. */
static struct record *new_view(struct record *record)
{
	struct record *view = record_create();

	if (!view) {
		record->root->failed = true;
		return NULL;
	}
	view->root = record->root;
	view->next = record->root->next;
	record->root->next = view;
	return view;
}

void record_list(struct record *record, const char *key)
{
	if (record && !json_object_object_get_ex(record->object, key, NULL))
		add(record, key, json_object_new_array());
}

size_t record_list_length(const struct record *record, const char *key)
{
	struct json_object *list;

	return json_object_object_get_ex(record->object, key, &list) ? json_object_array_length(list) : 0;
}

struct record *record_append(struct record *record, const char *key)
{
	struct json_object *list;
	struct record *view;

	record_list(record, key);
	if (!record || !json_object_object_get_ex(record->object, key, &list))
		return NULL;
	view = new_view(record);
	if (view && json_object_array_add(list, view->object)) {
		json_object_put(view->object);
		view->object = NULL;
		record->root->failed = true;
		return NULL;
	}
	return view;
}
