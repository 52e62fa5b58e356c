/* SPDX-License-Identifier: MIT */
/* An open device: its back end, its address space, its queues. */
#ifndef PUMORI_RUNTIME_DEVICE_H
#define PUMORI_RUNTIME_DEVICE_H

#include <pthread.h>

#include "backend.h"
#include "queue.h"
#include "range.h"

/** struct pumori_device - shared by everything made on it, and gone with the last of these */
struct pumori_device {
	/** @backend: what it runs on */
	struct pumori_backend *backend;
	/** @references: the caller's and one for each model, tensor */
	uint32_t references;
	/** @budget_ms: bound of device time for a run */
	uint32_t budget_ms;
	/** @lock: guards @addresses */
	pthread_mutex_t lock;
	/** @addresses: device addresses not yet bound */
	struct pumori_range addresses;
	/** @queues: where runs go */
	struct pumori_queues queues;
};

struct pumori_device *pumori_device_get(struct pumori_device *device);
void pumori_device_put(struct pumori_device *device);

/** pumori_buffer_create - a buffer of at least @bytes, mapped for the CPU and bound for the device */
int pumori_buffer_create(struct pumori_device *device, uint64_t bytes, uint32_t flags,
			 struct pumori_buffer **buffer);
void pumori_buffer_destroy(struct pumori_device *device, struct pumori_buffer *buffer);

#endif
