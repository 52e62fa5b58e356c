/* SPDX-License-Identifier: MIT */
/* A tensor: memory that the application writes or reads and the device reaches. */
#ifndef PUMORI_RUNTIME_TENSOR_H
#define PUMORI_RUNTIME_TENSOR_H

#include "device.h"

/** struct pumori_tensor - shared by the caller and the runs that it is bound to */
struct pumori_tensor {
	/** @device: its device */
	struct pumori_device *device;
	/** @references: the caller's and one a binding */
	uint32_t references;
	/** @bytes: size as asked for */
	uint64_t bytes;
	/** @buffer: its memory */
	struct pumori_buffer *buffer;
};

struct pumori_tensor *pumori_tensor_get(struct pumori_tensor *tensor);
void pumori_tensor_put(struct pumori_tensor *tensor);

#endif
