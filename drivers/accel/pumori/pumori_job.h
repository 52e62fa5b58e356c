/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_JOB_H
#define PUMORI_JOB_H

#include <drm/gpu_scheduler.h>

#include <pumori/hw.h>

#include "pumori_sync.h"

struct drm_device;
struct drm_file;
struct drm_pumori_job;
struct pumori_fence;
struct pumori_job_page;
struct pumori_program;
struct pumori_queue;

/**
 * struct pumori_job - one run of a program
 */
struct pumori_job {
	/** @base: what the scheduler knows */
	struct drm_sched_job base;
	/** @initialized: @base was initialised */
	bool initialized;
	/** @started: it was given to the chip */
	bool started;
	/** @queue: where it runs, held */
	struct pumori_queue *queue;
	/** @program: what it runs, held */
	struct pumori_program *program;
	/** @fence: its end, held */
	struct pumori_fence *fence;
	/** @page: its struct pumori_hw_job */
	struct pumori_job_page *page;
	/** @command: for the ring */
	struct pumori_hw_command command;
	/** @syncs: what user space wants to know its end by */
	struct pumori_syncs syncs;
};

extern const struct drm_sched_backend_ops pumori_sched_ops;

struct pumori_job *pumori_job_create(struct pumori_queue *queue, struct drm_file *file,
				     const struct drm_pumori_job *user);
void pumori_job_free(struct pumori_job *job);
void pumori_job_commit(struct pumori_job *job);

int pumori_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif
