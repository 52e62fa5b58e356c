// SPDX-License-Identifier: MIT
/* Reading ONNX files; see onnx_file.h. */
#include "onnx_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES ((long)1 << 31)
/* protobuf-c recurses a message at a time, so depth is bounded before it sees the bytes. */
#define MAX_MESSAGE_DEPTH 64

int pumori_read_file(const char *path, void **data, size_t *size,
		     struct pumori_diagnostics *diagnostics)
{
	FILE *file = fopen(path, "rb");
	long length = -1;

	*data = NULL;
	if (!file)
		return pumori_error(diagnostics, -errno, NULL, NULL, "cannot open %s: %s", path,
				    strerror(errno));
	if (!fseek(file, 0, SEEK_END))
		length = ftell(file);
	if (length < 0 || length > MAX_FILE_BYTES || fseek(file, 0, SEEK_SET)) {
		fclose(file);
		return pumori_error(diagnostics, -EIO, NULL,
				    "weights beyond 2 GiB belong into external data files",
				    "%s is not a file of at most 2 GiB", path);
	}
	*data = malloc(length ? length : 1);
	*size = length;
	if (*data && fread(*data, 1, length, file) != (size_t)length) {
		free(*data);
		*data = NULL;
		fclose(file);
		return pumori_error(diagnostics, -EIO, NULL, NULL, "cannot read %s", path);
	}
	fclose(file);
	return *data ? 0 : pumori_out_of_memory(diagnostics);
}

/* --- depth of nesting, found without recursion on untrusted depth --- */

static bool read_varint(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t byte = *(*at)++;

		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return true;
	}
	return false;
}

static bool depth_bounded(const uint8_t *at, const uint8_t *end,
			  const ProtobufCMessageDescriptor *descriptor, unsigned int depth)
{
	while (at < end) {
		const ProtobufCFieldDescriptor *field;
		uint64_t tag, length;

		if (!read_varint(&at, end, &tag))
			return false;
		switch (tag & 7) {
		case 0:
			if (!read_varint(&at, end, &length))
				return false;
			continue;
		case 1:
			length = 8;
			break;
		case 2:
			if (!read_varint(&at, end, &length))
				return false;
			break;
		case 5:
			length = 4;
			break;
		default:
			return false;
		}
		if (length > (uint64_t)(end - at) || tag >> 3 > UINT32_MAX)
			return false;
		field = protobuf_c_message_descriptor_get_field(descriptor, tag >> 3);
		if ((tag & 7) == 2 && field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
		    (!depth || !depth_bounded(at, at + length, field->descriptor, depth - 1)))
			return false;
		at += length;
	}
	return true;
}

static int parse(const void *data, size_t size, const ProtobufCMessageDescriptor *descriptor,
		 ProtobufCMessage **message, struct pumori_diagnostics *diagnostics)
{
	const uint8_t *bytes = data;

	*message = NULL;
	if (depth_bounded(bytes, bytes + size, descriptor, MAX_MESSAGE_DEPTH))
		*message = protobuf_c_message_unpack(descriptor, NULL, size, data);
	if (!*message)
		return pumori_error(diagnostics, -EINVAL, NULL, NULL,
				    "not an ONNX file, or a damaged one");
	return 0;
}

int pumori_onnx_parse(const void *data, size_t size, Onnx__ModelProto **model,
		      struct pumori_diagnostics *diagnostics)
{
	ProtobufCMessage *message;
	int error = parse(data, size, &onnx__model_proto__descriptor, &message, diagnostics);

	*model = (Onnx__ModelProto *)message;
	return error;
}

int pumori_onnx_parse_tensor(const void *data, size_t size, Onnx__TensorProto **tensor,
			     struct pumori_diagnostics *diagnostics)
{
	ProtobufCMessage *message;
	int error = parse(data, size, &onnx__tensor_proto__descriptor, &message, diagnostics);

	*tensor = (Onnx__TensorProto *)message;
	return error;
}

/* --- tensors --- */

int pumori_onnx_element(int32_t data_type, enum pumori_element_type *element,
			struct pumori_diagnostics *diagnostics,
			const struct pumori_location *where)
{
	static const struct {
		const char *name;
		int element;		/* negative: refused */
	} types[] = {
		[ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT] = { "float", PUMORI_ELEMENT_FLOAT32 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__UINT8] = { "uint8", PUMORI_ELEMENT_UINT8 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__INT8] = { "int8", PUMORI_ELEMENT_INT8 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__UINT16] = { "uint16", PUMORI_ELEMENT_UINT16 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__INT16] = { "int16", PUMORI_ELEMENT_INT16 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__INT32] = { "int32", PUMORI_ELEMENT_INT32 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__INT64] = { "int64", PUMORI_ELEMENT_INT64 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__STRING] = { "string", -1 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__BOOL] = { "bool", PUMORI_ELEMENT_BOOL },
		[ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16] = { "float16", PUMORI_ELEMENT_FLOAT16 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE] = { "double", -1 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__UINT32] = { "uint32", PUMORI_ELEMENT_UINT32 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__UINT64] = { "uint64", PUMORI_ELEMENT_UINT64 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64] = { "complex64", -1 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX128] = { "complex128", -1 },
		[ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16] = { "bfloat16", PUMORI_ELEMENT_BFLOAT16 },
	};

	if (data_type <= 0 || (size_t)data_type >= sizeof(types) / sizeof(types[0]))
		return pumori_error(diagnostics, -EINVAL, where, NULL, "unknown element type %d",
				    data_type);
	if (types[data_type].element < 0)
		return pumori_error(diagnostics, -ENOTSUP, where,
				    data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ?
				    "convert the model to float32" : NULL,
				    "element type %s is not supported", types[data_type].name);
	*element = types[data_type].element;
	return 0;
}

/* The file @location below @folder; it may not leave the folder. */
static FILE *open_external(const char *folder, const char *location)
{
	char *path;
	FILE *file = NULL;
	bool inside = *location && *location != '/';

	for (const char *part = location; inside && part; part = strchr(part, '/')) {
		part += *part == '/';
		inside = strncmp(part, "..", 2) || (part[2] && part[2] != '/');
	}
	path = inside ? malloc(strlen(folder) + strlen(location) + 2) : NULL;
	if (path) {
		sprintf(path, "%s/%s", folder, location);
		file = fopen(path, "rb");
	}
	free(path);
	return file;
}

static bool parse_size(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= INT64_MAX;
}

static int read_external(const Onnx__TensorProto *tensor, const char *folder, size_t bytes,
			 void *data, struct pumori_diagnostics *diagnostics,
			 const struct pumori_location *where)
{
	const char *location = NULL;
	uint64_t offset = 0, length = bytes;
	bool read;
	FILE *file;

	for (size_t i = 0; i < tensor->n_external_data; i++) {
		const Onnx__StringStringEntryProto *entry = tensor->external_data[i];

		if (!entry->key || !entry->value)
			continue;
		if (!strcmp(entry->key, "location"))
			location = entry->value;
		if ((!strcmp(entry->key, "offset") && !parse_size(entry->value, &offset)) ||
		    (!strcmp(entry->key, "length") && !parse_size(entry->value, &length)))
			return pumori_error(diagnostics, -EINVAL, where, NULL,
					    "its external data has a broken %s", entry->key);
	}
	if (!location || !folder || length != bytes)
		return pumori_error(diagnostics, -EINVAL, where, NULL,
				    "its external data has no file or another size than its shape");
	file = open_external(folder, location);
	if (!file)
		return pumori_error(diagnostics, -EIO, where,
				    "external data lies beside or below the model",
				    "cannot open its external data '%s'", location);
	read = !fseeko(file, offset, SEEK_SET) && fread(data, 1, bytes, file) == bytes;
	fclose(file);
	if (!read)
		return pumori_error(diagnostics, -EIO, where, NULL,
				    "its external data '%s' is too short", location);
	return 0;
}

/* Copy from the typed fields of the message; false if the number of elements is wrong. */
static bool copy_typed(const Onnx__TensorProto *tensor, enum pumori_element_type element,
		       size_t count, void *data)
{
	size_t bytes = pumori_element_bytes(element);

	switch (element) {
	case PUMORI_ELEMENT_FLOAT32:
		if (tensor->n_float_data != count)
			return false;
		if (count)
			memcpy(data, tensor->float_data, count * bytes);
		return true;
	case PUMORI_ELEMENT_INT64:
		if (tensor->n_int64_data != count)
			return false;
		if (count)
			memcpy(data, tensor->int64_data, count * bytes);
		return true;
	case PUMORI_ELEMENT_UINT32:
	case PUMORI_ELEMENT_UINT64:
		if (tensor->n_uint64_data != count)
			return false;
		for (size_t i = 0; i < count; i++)
			memcpy((char *)data + i * bytes, &tensor->uint64_data[i], bytes);
		return true;
	default:
		/* Everything of up to 32 bits lies in the low bytes of int32_data. */
		if (tensor->n_int32_data != count)
			return false;
		for (size_t i = 0; i < count; i++)
			memcpy((char *)data + i * bytes, &tensor->int32_data[i], bytes);
		return true;
	}
}

int pumori_onnx_tensor_data(const Onnx__TensorProto *tensor, const char *folder,
			    struct pumori_tensor_type *type, void **data,
			    struct pumori_diagnostics *diagnostics,
			    const struct pumori_location *where)
{
	size_t bytes, available = 0;
	bool external = tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	int error;

	*data = NULL;
	memset(type, 0, sizeof(*type));
	error = pumori_onnx_element(tensor->data_type, &type->element, diagnostics, where);
	if (error)
		return error;
	if (tensor->n_dims > PUMORI_MAX_RANK)
		return pumori_error(diagnostics, -ENOTSUP, where, NULL,
				    "%zu dimensions, at most %d are supported", tensor->n_dims,
				    PUMORI_MAX_RANK);
	type->rank = tensor->n_dims;
	for (size_t i = 0; i < tensor->n_dims; i++)
		type->shape[i] = tensor->dims[i];
	if (!pumori_type_check(type))
		return pumori_error(diagnostics, -EINVAL, where, NULL,
				    "its shape is negative, or larger than the compiler handles");
	bytes = pumori_type_bytes(type);
	/* Nothing is allocated for a shape that no data stands behind. */
	available = tensor->raw_data.len + tensor->n_float_data * sizeof(float) +
		    tensor->n_int32_data * sizeof(int32_t) + tensor->n_int64_data * sizeof(int64_t) +
		    tensor->n_uint64_data * sizeof(uint64_t);
	if (!external && bytes > available)
		return pumori_error(diagnostics, -EINVAL, where, NULL,
				    "it has less data than its shape says");
	*data = calloc(1, bytes ? bytes : 1);
	if (!*data)
		return pumori_out_of_memory(diagnostics);
	if (external) {
		error = read_external(tensor, folder, bytes, *data, diagnostics, where);
	} else if (tensor->has_raw_data ? tensor->raw_data.len != bytes :
		   !copy_typed(tensor, type->element, pumori_type_elements(type), *data)) {
		error = pumori_error(diagnostics, -EINVAL, where, NULL,
				     "its data has another size than its shape says");
	} else if (tensor->has_raw_data && bytes) {
		memcpy(*data, tensor->raw_data.data, bytes);
	}
	/* Bools are 0 or 1 from here on. */
	for (size_t i = 0; !error && type->element == PUMORI_ELEMENT_BOOL && i < bytes; i++)
		((unsigned char *)*data)[i] = ((unsigned char *)*data)[i] != 0;
	if (error) {
		free(*data);
		*data = NULL;
	}
	return error;
}
