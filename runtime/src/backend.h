/* SPDX-License-Identifier: MIT */
/*
 * The seam between the front of the runtime and what it runs on: the kernel driver's ioctls, or the
 * chip inside the process. Above it nothing knows which one it is.
 *
 * Errors are PUMORI_ERROR_* with words in the last error. Operations may be called by several
 * threads at once, except that the front calls those of one queue that submit under its lock.
 */
#ifndef PUMORI_RUNTIME_BACKEND_H
#define PUMORI_RUNTIME_BACKEND_H

#include <pumori/hw.h>

#include "api.h"

struct pumori_backend_ops;
struct pumori_profile;
struct silicon_trace;

/** struct pumori_backend - an open device; each implementation embeds it first */
struct pumori_backend {
	/** @ops: its operations */
	const struct pumori_backend_ops *ops;
	/** @va_start: first device address that may be bound */
	uint64_t va_start;
	/** @va_end: first address beyond */
	uint64_t va_end;
	/** @page_size: granularity of buffers and bindings */
	uint64_t page_size;
	/** @queues: how many queues it pays to have: one a core that may be used */
	uint32_t queues;
	/** @profile: what it does is recorded there, or NULL */
	struct pumori_profile *profile;
};

/** struct pumori_backend_open - what the caller asked for, environment included */
struct pumori_backend_open {
	/** @path: device node, or NULL in process */
	const char *path;
	/** @core: core index, -1 for any */
	int32_t core;
	/** @priority: 0..3 */
	uint32_t priority;
	/** @hbm_bytes: in process: device memory, 0 for the default */
	uint64_t hbm_bytes;
	/** @kernels: in process: name of the kernel set, NULL for the best */
	const char *kernels;
	/** @poll_us: as in struct pumori_device_options */
	uint32_t poll_us;
};

/** struct pumori_buffer - device memory that the CPU sees too; each implementation embeds it first */
struct pumori_buffer {
	/** @data: the CPU's mapping */
	void *data;
	/** @bytes: size, a multiple of the page size */
	uint64_t bytes;
	/** @va: device address once it is bound, else 0 */
	uint64_t va;
	/** @flags: PUMORI_BUFFER_* */
	uint32_t flags;
};

#define PUMORI_BUFFER_DEVICE	(1u << 0)	/* prefer device memory over host memory */
#define PUMORI_BUFFER_READ_ONLY	(1u << 1)	/* the device may not write it */

/** struct pumori_job - a program entry with its variable table, prepared so that submitting it is short */
struct pumori_job {
	/** @program: back end's program id */
	uint32_t program;
	/** @entry: entry of the program */
	uint32_t entry;
	/** @variables: size of the table */
	uint32_t variables;
	/** @budget_ms: bound of device time, 0 for the default */
	uint32_t budget_ms;
};

/** struct pumori_backend_queue - jobs that run in order; each implementation embeds it first */
struct pumori_backend_queue {
	/** @backend: its device */
	struct pumori_backend *backend;
	/** @id: queue id on the device */
	uint32_t id;
	/** @core: core that it is on; ~0 when the back end does not know */
	uint32_t core;
};

/** struct pumori_backend_ops - what a back end can do */
struct pumori_backend_ops {
	/** @close: everything made on it is gone already */
	void (*close)(struct pumori_backend *backend);
	/** @info: fill everything but the size */
	int (*info)(struct pumori_backend *backend, struct pumori_device_info *info);

	/** @buffer_create: zeroed and mapped; @bytes is a multiple of the page size */
	int (*buffer_create)(struct pumori_backend *backend, uint64_t bytes, uint32_t flags,
			     struct pumori_buffer **buffer);
	/** @buffer_bind: make it reachable at @va */
	int (*buffer_bind)(struct pumori_backend *backend, struct pumori_buffer *buffer,
			   uint64_t va);
	/** @buffer_destroy: unbinds first; no job uses it any more */
	void (*buffer_destroy)(struct pumori_backend *backend, struct pumori_buffer *buffer);

	/** @program_load: PUMORI_ERROR_FORMAT when the chip refuses it */
	int (*program_load)(struct pumori_backend *backend, const void *image, uint64_t bytes,
			    uint32_t *program);
	/** @program_unload: no job uses it any more */
	void (*program_unload)(struct pumori_backend *backend, uint32_t program);

	/** @job_create: a job whose table is empty */
	int (*job_create)(struct pumori_backend *backend, uint32_t program, uint32_t entry,
			  uint32_t variables, uint32_t budget_ms, struct pumori_job **job);
	/** @job_variable: set an element of the table; not while the job is pending */
	void (*job_variable)(struct pumori_job *job, uint32_t index, uint64_t va, uint64_t bytes,
			     int writable);
	void (*job_destroy)(struct pumori_backend *backend, struct pumori_job *job);

	/** @queue_create: a new queue, on the core and with the priority that the device was opened with */
	int (*queue_create)(struct pumori_backend *backend, struct pumori_backend_queue **queue);
	/** @queue_destroy: ends what is still pending */
	void (*queue_destroy)(struct pumori_backend_queue *queue);
	/**
	 * @submit: queue @job for a slot of generation @residency (0: any, or PUMORI_HW_RESIDENCY_PREVIOUS); at most PUMORI_HW_RECORDS - 1
	 * may be unfinished. With @detached somebody must run it even if nobody waits.
	 */
	int (*submit)(struct pumori_backend_queue *queue, struct pumori_job *job,
		      uint64_t residency, int detached, uint64_t *sequence);
	/** @finished: sequence of the last finished job; never blocks */
	uint64_t (*finished)(struct pumori_backend_queue *queue);
	/** @wait: until @sequence is finished; @timeout_ns relative, negative for ever. 0 or PUMORI_ERROR_TIMEOUT or worse */
	int (*wait)(struct pumori_backend_queue *queue, uint64_t sequence, int64_t timeout_ns);
	/**
	 * @trace: give each core room for @instructions records, from now on, or, with 0, end that
	 * and free them. @traces has an element a core. NULL: this back end cannot
	 */
	int (*trace)(struct pumori_backend *backend, struct silicon_trace *traces,
		     uint64_t instructions);
	/** @record: how a finished job, one of the last PUMORI_HW_RECORDS, ended */
	int (*record)(struct pumori_backend_queue *queue, uint64_t sequence,
		      struct pumori_hw_record *record);
};

/* The two back ends. */
int pumori_inproc_open(struct pumori_backend **backend, const struct pumori_backend_open *options);
int pumori_drm_open(struct pumori_backend **backend, const struct pumori_backend_open *options);

/** pumori_drm_describe - info of accel node @index without opening a context; PUMORI_ERROR_NO_DEVICE when it is another driver's */
int pumori_drm_describe(uint32_t index, struct pumori_device_info *info);

#endif
