/* SPDX-License-Identifier: MIT */
/*
 * What a command found out: named values in order, and lists of records. A command
 * fills one and every view (table, JSON, CSV) reads it. An unknown value is null, never 0.
 *
 * Memory may run out in any of these calls; it is remembered, and record_failed() tells at the end.
 */
#ifndef PUMORI_CLI_RECORD_H
#define PUMORI_CLI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/** struct record - an ordered set of named values */
struct record;

struct record *record_create(void);
void record_destroy(struct record *record);
/** record_failed - has an allocation failed while filling? */
bool record_failed(const struct record *record);
/** record_json - the values as json-c sees them */
struct json_object *record_json(const struct record *record);

void record_null(struct record *record, const char *key);
/** record_string - NULL is null; bytes that are not UTF-8 are replaced */
void record_string(struct record *record, const char *key, const char *value);
void record_format(struct record *record, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void record_unsigned(struct record *record, const char *key, uint64_t value);
void record_signed(struct record *record, const char *key, int64_t value);
/** record_double - NaN and infinities are null: JSON has no word for them */
void record_double(struct record *record, const char *key, double value);
void record_bool(struct record *record, const char *key, bool value);
/** record_numbers - a list of numbers, such as a shape */
void record_numbers(struct record *record, const char *key, const uint64_t *values, size_t count);
/** record_strings - a list of strings */
void record_strings(struct record *record, const char *key, const char *const *values, size_t count);
/**
 * record_append - a new element of the list @key, which is made when it is not there
 *
 * It lives as long as @record. Return: NULL when memory ran out, which every call above takes.
 */
struct record *record_append(struct record *record, const char *key);
/** record_list_length - elements of the list @key, 0 when there is none */
size_t record_list_length(const struct record *record, const char *key);
/** record_list - make sure that the list @key is there, even when it stays empty */
void record_list(struct record *record, const char *key);

#endif
