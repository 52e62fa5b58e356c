// SPDX-License-Identifier: MIT
/* Tensors and element types. */
#include <stdlib.h>

#include "error.h"
#include "model.h"
#include "tensor.h"

size_t pumori_dtype_size(enum pumori_dtype dtype)
{
	switch (dtype) {
	case PUMORI_FP8E4M3:
	case PUMORI_FP8E5M2:
	case PUMORI_INT8:
	case PUMORI_UINT8:
	case PUMORI_BOOL:
		return 1;
	case PUMORI_BF16:
	case PUMORI_FP16:
	case PUMORI_INT16:
	case PUMORI_UINT16:
		return 2;
	case PUMORI_FP32:
	case PUMORI_INT32:
	case PUMORI_UINT32:
		return 4;
	case PUMORI_INT64:
	case PUMORI_UINT64:
		return 8;
	default:
		return 0;
	}
}

const char *pumori_dtype_name(enum pumori_dtype dtype)
{
	static const char *const names[] = {
		[PUMORI_NONE] = "none",
		[PUMORI_FP32] = "fp32",
		[PUMORI_BF16] = "bf16",
		[PUMORI_FP16] = "fp16",
		[PUMORI_FP8E4M3] = "fp8e4m3",
		[PUMORI_FP8E5M2] = "fp8e5m2",
		[PUMORI_INT8] = "int8",
		[PUMORI_UINT8] = "uint8",
		[PUMORI_INT16] = "int16",
		[PUMORI_UINT16] = "uint16",
		[PUMORI_INT32] = "int32",
		[PUMORI_UINT32] = "uint32",
		[PUMORI_INT64] = "int64",
		[PUMORI_UINT64] = "uint64",
		[PUMORI_BOOL] = "bool",
	};

	if ((unsigned int)dtype >= sizeof(names) / sizeof(names[0]) || !names[dtype])
		return "unknown";
	return names[dtype];
}

int pumori_tensor_create(struct pumori_tensor **tensor, struct pumori_device *device, uint64_t bytes)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_tensor *new;
	int error;

	if (!tensor || !device)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_tensor_create: no device, or nowhere to put the tensor");
	new = calloc(1, sizeof(*new));
	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a tensor");
	error = pumori_buffer_create(device, bytes, 0, &new->buffer);
	if (error) {
		free(new);
		return error;
	}
	new->device = pumori_device_get(device);
	new->references = 1;
	new->bytes = bytes;
	*tensor = new;
	return 0;
}

int pumori_tensor_create_for(struct pumori_tensor **tensor, struct pumori_model *model, enum pumori_direction direction,
			     uint32_t index)
{
	PUMORI_KEEP_ERRNO();
	const struct pumori_executable_variable *variable;
	int error;

	if (!model)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_tensor_create_for: no model");
	error = pumori_model_variable(model, direction, index, &variable, NULL);
	if (error)
		return error;
	return pumori_tensor_create(tensor, model->device, variable->size);
}

struct pumori_tensor *pumori_tensor_get(struct pumori_tensor *tensor)
{
	__atomic_fetch_add(&tensor->references, 1, __ATOMIC_RELAXED);
	return tensor;
}

void pumori_tensor_put(struct pumori_tensor *tensor)
{
	if (__atomic_sub_fetch(&tensor->references, 1, __ATOMIC_ACQ_REL))
		return;
	pumori_buffer_destroy(tensor->device, tensor->buffer);
	pumori_device_put(tensor->device);
	free(tensor);
}

void pumori_tensor_destroy(struct pumori_tensor *tensor)
{
	PUMORI_KEEP_ERRNO();

	if (tensor)
		pumori_tensor_put(tensor);
}

void *pumori_tensor_data(struct pumori_tensor *tensor)
{
	return tensor ? tensor->buffer->data : NULL;
}

uint64_t pumori_tensor_bytes(const struct pumori_tensor *tensor)
{
	return tensor ? tensor->bytes : 0;
}
