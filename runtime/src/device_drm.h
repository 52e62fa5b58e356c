/* SPDX-License-Identifier: MIT */
/* The kernel driver as a back end. */
#ifndef PUMORI_RUNTIME_DEVICE_DRM_H
#define PUMORI_RUNTIME_DEVICE_DRM_H

#include <drm/pumori_accel.h>

#include "backend.h"

/** struct drm_device - an open accel node with a VM and a context of its own */
struct drm_device {
	/** @base: what the front sees */
	struct pumori_backend base;
	/** @file: the node */
	int file;
	/** @index: N of accelN */
	int32_t index;
	/** @vm: id of the VM */
	uint32_t vm;
	/** @context: id of the context */
	uint32_t context;
	/** @core: core to run on, -1 for any */
	int32_t core;
	/** @priority: of queues */
	uint32_t priority;
	/** @poll_ns: how long to look at the completion page before sleeping */
	uint64_t poll_ns;
	/** @budget_max_ms: largest budget of a job that the driver accepts */
	uint32_t budget_max_ms;
};

/** struct drm_job - a job as SUBMIT takes it */
struct drm_job {
	/** @base: what the front sees */
	struct pumori_job base;
	/** @variable: the table */
	struct drm_pumori_variable variable[];
};

/** struct drm_queue - a queue of the kernel driver */
struct drm_queue {
	/** @base: what the front sees */
	struct pumori_backend_queue base;
	/** @id: queue id */
	uint32_t id;
	/** @completion: written by the device */
	const struct pumori_hw_completion *completion;
};

/** drm_call - an ioctl, restarted when interrupted. Return: 0 or a positive errno */
int drm_call(int file, unsigned long request, void *argument);

int drm_queue_create(struct pumori_backend *backend, struct pumori_backend_queue **queue);
void drm_queue_destroy(struct pumori_backend_queue *queue);
int drm_queue_submit(struct pumori_backend_queue *queue, struct pumori_job *job, uint64_t residency,
		     int detached, uint64_t *sequence);
uint64_t drm_queue_finished(struct pumori_backend_queue *queue);
int drm_queue_wait(struct pumori_backend_queue *queue, uint64_t sequence, int64_t timeout_ns);
int drm_queue_record(struct pumori_backend_queue *queue, uint64_t sequence,
		     struct pumori_hw_record *record);

#endif
