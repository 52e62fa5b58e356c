// SPDX-License-Identifier: MIT
/* Element access and conversion; see element.h. */
#include "element.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static float float_from_bits(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static uint32_t bits_from_float(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

float pumori_float16_to_float32(uint16_t bits)
{
	uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
	uint32_t exponent = bits >> 10 & 0x1f;
	uint32_t mantissa = bits & 0x3ff;
	float value;

	if (exponent == 0x1f)
		return float_from_bits(sign | 0x7f800000 | mantissa << 13);
	if (exponent)
		return float_from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
	value = mantissa * 0x1p-24f;
	return sign ? -value : value;
}

uint16_t pumori_float32_to_float16(float value)
{
	uint32_t bits = bits_from_float(value);
	uint16_t sign = bits >> 16 & 0x8000;
	uint32_t magnitude = bits & 0x7fffffff;
	uint32_t rounded;

	if (magnitude > 0x7f800000)
		return sign | 0x7e00;
	if (magnitude >= 0x477ff000)		/* rounds to 65536 or beyond */
		return sign | 0x7c00;
	if (magnitude < 0x38800000)		/* subnormal: units of 2^-24 */
		return sign | (uint16_t)lrintf(float_from_bits(magnitude) * 0x1p24f);
	rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
	return sign | (uint16_t)((rounded >> 13) - (112 << 10));
}

float pumori_bfloat16_to_float32(uint16_t bits)
{
	return float_from_bits((uint32_t)bits << 16);
}

uint16_t pumori_float32_to_bfloat16(float value)
{
	uint32_t bits = bits_from_float(value);

	if ((bits & 0x7fffffff) > 0x7f800000)
		return bits >> 16 | 0x40;
	return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

#define LOAD(type) ({ type element_; \
	memcpy(&element_, (const char *)data + index * sizeof(type), sizeof(type)); element_; })
#define STORE(type, number) do { \
	type element_ = (number); \
	memcpy((char *)data + index * sizeof(type), &element_, sizeof(type)); \
} while (0)

double pumori_load_value(enum pumori_element_type element, const void *data, size_t index)
{
	switch (element) {
	case PUMORI_ELEMENT_FLOAT32:
		return LOAD(float);
	case PUMORI_ELEMENT_FLOAT16:
		return pumori_float16_to_float32(LOAD(uint16_t));
	case PUMORI_ELEMENT_BFLOAT16:
		return pumori_bfloat16_to_float32(LOAD(uint16_t));
	case PUMORI_ELEMENT_UINT64:
		return LOAD(uint64_t);
	default:
		return pumori_load_integer(element, data, index);
	}
}

static int64_t saturate(double value, double low, double high, int64_t minimum, int64_t maximum)
{
	if (isnan(value))
		return 0;
	if (value <= low)
		return minimum;
	if (value >= high)
		return maximum;
	return (int64_t)value;
}

void pumori_store_value(enum pumori_element_type element, void *data, size_t index, double value)
{
	switch (element) {
	case PUMORI_ELEMENT_FLOAT32:
		STORE(float, value);
		return;
	case PUMORI_ELEMENT_FLOAT16:
		STORE(uint16_t, pumori_float32_to_float16(value));
		return;
	case PUMORI_ELEMENT_BFLOAT16:
		STORE(uint16_t, pumori_float32_to_bfloat16(value));
		return;
	case PUMORI_ELEMENT_BOOL:
		STORE(uint8_t, value != 0);
		return;
	case PUMORI_ELEMENT_INT8:
		STORE(int8_t, saturate(value, INT8_MIN, INT8_MAX, INT8_MIN, INT8_MAX));
		return;
	case PUMORI_ELEMENT_UINT8:
		STORE(uint8_t, saturate(value, 0, UINT8_MAX, 0, UINT8_MAX));
		return;
	case PUMORI_ELEMENT_INT16:
		STORE(int16_t, saturate(value, INT16_MIN, INT16_MAX, INT16_MIN, INT16_MAX));
		return;
	case PUMORI_ELEMENT_UINT16:
		STORE(uint16_t, saturate(value, 0, UINT16_MAX, 0, UINT16_MAX));
		return;
	case PUMORI_ELEMENT_INT32:
		STORE(int32_t, saturate(value, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX));
		return;
	case PUMORI_ELEMENT_UINT32:
		STORE(uint32_t, saturate(value, 0, UINT32_MAX, 0, UINT32_MAX));
		return;
	case PUMORI_ELEMENT_INT64:
		STORE(int64_t, saturate(value, -0x1p63, 0x1p63, INT64_MIN, INT64_MAX));
		return;
	case PUMORI_ELEMENT_UINT64:
		if (value >= 0x1p64)
			STORE(uint64_t, UINT64_MAX);
		else
			STORE(uint64_t, value > 0 ? (uint64_t)value : 0);
		return;
	case PUMORI_ELEMENT_TYPE_COUNT:
		return;
	}
}

int64_t pumori_load_integer(enum pumori_element_type element, const void *data, size_t index)
{
	switch (element) {
	case PUMORI_ELEMENT_BOOL:
	case PUMORI_ELEMENT_UINT8:
		return LOAD(uint8_t);
	case PUMORI_ELEMENT_INT8:
		return LOAD(int8_t);
	case PUMORI_ELEMENT_INT16:
		return LOAD(int16_t);
	case PUMORI_ELEMENT_UINT16:
		return LOAD(uint16_t);
	case PUMORI_ELEMENT_INT32:
		return LOAD(int32_t);
	case PUMORI_ELEMENT_UINT32:
		return LOAD(uint32_t);
	case PUMORI_ELEMENT_INT64:
	case PUMORI_ELEMENT_UINT64:
		return LOAD(int64_t);
	default:
		return 0;
	}
}

void pumori_store_integer(enum pumori_element_type element, void *data, size_t index,
			  int64_t value)
{
	switch (element) {
	case PUMORI_ELEMENT_BOOL:
		STORE(uint8_t, value != 0);
		return;
	case PUMORI_ELEMENT_INT8:
	case PUMORI_ELEMENT_UINT8:
		STORE(uint8_t, value);
		return;
	case PUMORI_ELEMENT_INT16:
	case PUMORI_ELEMENT_UINT16:
		STORE(uint16_t, value);
		return;
	case PUMORI_ELEMENT_INT32:
	case PUMORI_ELEMENT_UINT32:
		STORE(uint32_t, value);
		return;
	case PUMORI_ELEMENT_INT64:
	case PUMORI_ELEMENT_UINT64:
		STORE(int64_t, value);
		return;
	default:
		return;
	}
}
