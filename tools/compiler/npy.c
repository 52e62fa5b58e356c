// SPDX-License-Identifier: MIT
/* The .npy format: magic, version, length, a Python literal as header, raw data. */
#include "npy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct pumori_diagnostics *diagnostics, const char *reason)
{
	return pumori_error(diagnostics, -EINVAL, NULL,
			    "numpy.save() writes the format expected", "not a .npy file: %s", reason);
}

static bool find_type(const char *descr, enum pumori_element_type *element)
{
	static const struct {
		const char *name;
		enum pumori_element_type element;
	} types[] = {
		{ "'<f4'", PUMORI_ELEMENT_FLOAT32 }, { "'<f2'", PUMORI_ELEMENT_FLOAT16 },
		{ "'<i8'", PUMORI_ELEMENT_INT64 }, { "'<i4'", PUMORI_ELEMENT_INT32 },
		{ "'<i2'", PUMORI_ELEMENT_INT16 }, { "'|i1'", PUMORI_ELEMENT_INT8 },
		{ "'<u8'", PUMORI_ELEMENT_UINT64 }, { "'<u4'", PUMORI_ELEMENT_UINT32 },
		{ "'<u2'", PUMORI_ELEMENT_UINT16 }, { "'|u1'", PUMORI_ELEMENT_UINT8 },
		{ "'|b1'", PUMORI_ELEMENT_BOOL },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strncmp(descr, types[i].name, 5))
			continue;
		*element = types[i].element;
		return true;
	}
	return false;
}

/* The text behind a key of the header, or NULL. */
static const char *value_of(const char *header, const char *key)
{
	const char *at = strstr(header, key);

	if (!at)
		return NULL;
	at += strlen(key);
	while (*at == ':' || *at == ' ')
		at++;
	return at;
}

static bool parse_shape(const char *at, struct pumori_tensor_type *type)
{
	if (*at++ != '(')
		return false;
	while (*at != ')') {
		char *end;
		long long extent = strtoll(at, &end, 10);

		if (end == at || extent < 0 || type->rank == PUMORI_MAX_RANK)
			return false;
		type->shape[type->rank++] = extent;
		at = end;
		while (*at == ',' || *at == ' ')
			at++;
	}
	return true;
}

int pumori_npy_parse(void *file, size_t size, struct pumori_tensor_type *type, void **data,
		     struct pumori_diagnostics *diagnostics)
{
	const unsigned char *bytes = file;
	const char *descr, *order, *shape;
	char header[1024];
	size_t length, start;

	memset(type, 0, sizeof(*type));
	if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) || bytes[6] < 1 || bytes[6] > 3)
		return refuse(diagnostics, "no magic number");
	start = bytes[6] == 1 ? 10 : 12;
	length = bytes[8] | bytes[9] << 8;
	if (bytes[6] > 1)
		length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	if (length >= sizeof(header) || length > size - start)
		return refuse(diagnostics, "its header is too long");
	memcpy(header, bytes + start, length);
	header[length] = '\0';
	descr = value_of(header, "'descr'");
	order = value_of(header, "'fortran_order'");
	shape = value_of(header, "'shape'");
	if (!descr || !order || !shape || !find_type(descr, &type->element))
		return refuse(diagnostics, "unknown element type");
	if (strncmp(order, "False", 5))
		return refuse(diagnostics, "it is in Fortran order");
	if (!parse_shape(shape, type) || !pumori_type_check(type) ||
	    pumori_type_bytes(type) != size - start - length)
		return refuse(diagnostics, "its shape does not fit its size");
	*data = (char *)file + start + length;
	return 0;
}
