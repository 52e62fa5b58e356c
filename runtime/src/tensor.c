// SPDX-License-Identifier: MIT
/* Tensors: device memory that the application sees. */
#include <stdlib.h>

#include "error.h"
#include "model.h"
#include "tensor.h"

int pumori_tensor_create(struct pumori_tensor **tensor, struct pumori_device *device,
			 uint64_t bytes)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_tensor *new;
	int error;

	if (!tensor || !device)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "pumori_tensor_create: no device, or nowhere to put the tensor");
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

int pumori_tensor_create_for(struct pumori_tensor **tensor, struct pumori_model *model,
			     enum pumori_direction direction, uint32_t index)
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
