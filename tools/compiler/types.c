// SPDX-License-Identifier: MIT
/* Element types, tensor types and the names in the tables of operators.h. */
#include <string.h>

#include "graph.h"

static const struct {
	const char *name;
	unsigned char bytes;
	bool is_float;
	bool is_signed;
} element_table[] = {
#define ELEMENT_ROW(name, text, bytes, is_float, is_signed) { text, bytes, is_float, is_signed },
	PUMORI_ELEMENT_TYPES(ELEMENT_ROW)
};

static const char *const primitive_names[] = {
#define PRIMITIVE_ROW(name, text, minimum, maximum, outputs) #text,
	PUMORI_PRIMITIVES(PRIMITIVE_ROW)
};

static const char *const unary_names[] = {
#define UNARY_ROW(name, text, parameters) #text,
	PUMORI_UNARY_FUNCTIONS(UNARY_ROW)
};

static const char *const binary_names[] = {
#define BINARY_ROW(name, text, result) #text,
	PUMORI_BINARY_FUNCTIONS(BINARY_ROW)
};

static const char *const reduction_names[] = {
#define REDUCTION_ROW(name, text) #text,
	PUMORI_REDUCTIONS(REDUCTION_ROW)
};

size_t pumori_element_bytes(enum pumori_element_type element)
{
	return element_table[element].bytes;
}

bool pumori_element_is_float(enum pumori_element_type element)
{
	return element_table[element].is_float;
}

bool pumori_element_is_signed(enum pumori_element_type element)
{
	return element_table[element].is_signed;
}

const char *pumori_element_name(enum pumori_element_type element)
{
	return element_table[element].name;
}

const char *pumori_primitive_name(enum pumori_primitive primitive)
{
	return primitive_names[primitive];
}

const char *pumori_unary_name(enum pumori_unary function)
{
	return unary_names[function];
}

const char *pumori_binary_name(enum pumori_binary function)
{
	return binary_names[function];
}

const char *pumori_reduction_name(enum pumori_reduction function)
{
	return reduction_names[function];
}

int64_t pumori_type_elements(const struct pumori_tensor_type *type)
{
	int64_t count = 1;

	for (unsigned int i = 0; i < type->rank; i++)
		count *= type->shape[i];
	return count;
}

size_t pumori_type_bytes(const struct pumori_tensor_type *type)
{
	return (size_t)pumori_type_elements(type) * pumori_element_bytes(type->element);
}

bool pumori_type_check(const struct pumori_tensor_type *type)
{
	uint64_t bytes;

	if ((unsigned int)type->element >= PUMORI_ELEMENT_TYPE_COUNT ||
	    type->rank > PUMORI_MAX_RANK)
		return false;
	bytes = pumori_element_bytes(type->element);
	/* An extent of 0 must not hide an overflowing product of the others: strides use them. */
	for (unsigned int i = 0; i < type->rank; i++) {
		int64_t extent = type->shape[i];

		if (extent < 0)
			return false;
		if (extent == 0)
			continue;
		if (__builtin_mul_overflow(bytes, (uint64_t)extent, &bytes) ||
		    bytes > PUMORI_MAX_TENSOR_BYTES)
			return false;
	}
	return true;
}

bool pumori_shape_equal(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b)
{
	if (a->rank != b->rank)
		return false;
	for (unsigned int i = 0; i < a->rank; i++)
		if (a->shape[i] != b->shape[i])
			return false;
	return true;
}

bool pumori_type_equal(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b)
{
	return a->element == b->element && pumori_shape_equal(a, b);
}

void pumori_type_strides(const struct pumori_tensor_type *type, int64_t *strides)
{
	int64_t stride = 1;

	for (unsigned int i = type->rank; i-- > 0;) {
		strides[i] = stride;
		stride *= type->shape[i];
	}
}

void pumori_type_format(const struct pumori_tensor_type *type, char *text, size_t size)
{
	size_t length = snprintf(text, size, "%s[", pumori_element_name(type->element));

	for (unsigned int i = 0; i < type->rank && length < size; i++)
		length += snprintf(text + length, size - length, "%s%lld", i ? "," : "",
				   (long long)type->shape[i]);
	if (length < size)
		snprintf(text + length, size - length, "]");
}

bool pumori_broadcast(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b,
		      struct pumori_tensor_type *result)
{
	unsigned int rank = a->rank > b->rank ? a->rank : b->rank;

	memset(result, 0, sizeof(*result));
	result->element = a->element;
	result->rank = rank;
	for (unsigned int i = 0; i < rank; i++) {
		int64_t x = i + a->rank < rank ? 1 : a->shape[i + a->rank - rank];
		int64_t y = i + b->rank < rank ? 1 : b->shape[i + b->rank - rank];

		if (x != y && x != 1 && y != 1)
			return false;
		result->shape[i] = x == 1 ? y : x;
	}
	return true;
}
