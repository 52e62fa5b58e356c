/* SPDX-License-Identifier: MIT */
/* Reading and writing single elements of any type, and the 16-bit float formats. */
#ifndef PUMORI_COMPILER_ELEMENT_H
#define PUMORI_COMPILER_ELEMENT_H

#include <stddef.h>
#include <stdint.h>

#include "operators.h"

float pumori_float16_to_float32(uint16_t bits);
uint16_t pumori_float32_to_float16(float value);	/* nearest even */
float pumori_bfloat16_to_float32(uint16_t bits);
uint16_t pumori_float32_to_bfloat16(float value);	/* nearest even */

/* Element number @index of @data as a double; 64-bit integers beyond 2^53 round. */
double pumori_load_value(enum pumori_element_type element, const void *data, size_t index);
/* Integers truncate towards zero and saturate, NaN becomes 0; bool is value != 0. */
void pumori_store_value(enum pumori_element_type element, void *data, size_t index,
			double value);

/* Element number @index of an integer or bool tensor; uint64 wraps to int64. */
int64_t pumori_load_integer(enum pumori_element_type element, const void *data, size_t index);
/* The low bits of @value; bool is value != 0. */
void pumori_store_integer(enum pumori_element_type element, void *data, size_t index,
			  int64_t value);

#endif
