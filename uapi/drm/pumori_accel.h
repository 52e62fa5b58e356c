/* SPDX-License-Identifier: MIT */
/*
 * Contract 1: the ioctls of /dev/accel/accel* (kernel <-> user). Prose: Documentation/accel/pumori-uapi.rst.
 *
 * Rules: fixed-width types, naturally aligned, explicit padding that must be zero, unknown flags are
 * refused with -EINVAL, pointers are __u64. Structs may grow at their end; zero keeps the old
 * meaning. Arrays carry count and stride. Every addition bumps the driver's minor version.
 * Ids (VM, program, context, queue) are per file and never 0.
 */
#ifndef _UAPI_DRM_PUMORI_ACCEL_H_
#define _UAPI_DRM_PUMORI_ACCEL_H_

/* User space finds it through libdrm (pkg-config --cflags libdrm). */
#ifdef __KERNEL__
#include <drm/drm.h>
#else
#include <drm.h>
#endif

#if defined(__cplusplus)
extern "C" {
#endif

#define DRM_PUMORI_DRIVER_MAJOR		1
#define DRM_PUMORI_DRIVER_MINOR		2

/** enum drm_pumori_ioctl_id - append only */
enum drm_pumori_ioctl_id {
	DRM_PUMORI_DEV_QUERY = 0,
	DRM_PUMORI_VM_CREATE,
	DRM_PUMORI_VM_DESTROY,
	DRM_PUMORI_VM_BIND,
	DRM_PUMORI_BO_CREATE,
	DRM_PUMORI_BO_MMAP_OFFSET,
	DRM_PUMORI_PROGRAM_CREATE,
	DRM_PUMORI_PROGRAM_DESTROY,
	DRM_PUMORI_CONTEXT_CREATE,
	DRM_PUMORI_CONTEXT_DESTROY,
	DRM_PUMORI_CONTEXT_QUERY,
	DRM_PUMORI_QUEUE_CREATE,
	DRM_PUMORI_QUEUE_DESTROY,
	DRM_PUMORI_SUBMIT,
	DRM_PUMORI_JOB_QUERY,
	DRM_PUMORI_BO_WAIT,
	DRM_PUMORI_BO_MADVISE,
	DRM_PUMORI_BO_LABEL,
	DRM_PUMORI_BO_SYNC,
};

/** struct drm_pumori_array - an array in user memory whose elements can grow */
struct drm_pumori_array {
	/** @stride: bytes from one element to the next, at least the size known when the caller was built */
	__u32 stride;
	/** @count: number of elements */
	__u32 count;
	/** @pointer: user address of the first element */
	__u64 pointer;
};

/** enum drm_pumori_query_type - what DEV_QUERY returns */
enum drm_pumori_query_type {
	/** @DRM_PUMORI_QUERY_DEVICE: struct drm_pumori_device_info */
	DRM_PUMORI_QUERY_DEVICE = 0,
	/** @DRM_PUMORI_QUERY_CORE: struct drm_pumori_core_info of core @index */
	DRM_PUMORI_QUERY_CORE,
	/** @DRM_PUMORI_QUERY_PRIORITIES: struct drm_pumori_priorities_info */
	DRM_PUMORI_QUERY_PRIORITIES,
};

/** struct drm_pumori_dev_query - with @pointer 0 only @size is returned, else min(size) bytes are copied, the rest zeroed */
struct drm_pumori_dev_query {
	/** @type: enum drm_pumori_query_type */
	__u32 type;
	/** @index: which one, for queries of several */
	__u32 index;
	/** @size: in: bytes at @pointer; out: bytes that the kernel knows */
	__u32 size;
	/** @pad: must be zero */
	__u32 pad;
	/** @pointer: user memory for the result */
	__u64 pointer;
};

/** struct drm_pumori_device_info - answer to DRM_PUMORI_QUERY_DEVICE */
struct drm_pumori_device_info {
	/** @hw_version: major << 16 | minor of the hardware contract */
	__u32 hw_version;
	/** @isa_version: major << 16 | minor of the instruction set */
	__u32 isa_version;
	/** @features: PUMORI_HW_FEATURE_* */
	__u64 features;
	/** @serial: serial number */
	__u64 serial;
	/** @cores: number of NeuronCores */
	__u32 cores;
	/** @slots: context slots a core */
	__u32 slots;
	/** @hbm_bytes: device memory */
	__u64 hbm_bytes;
	/** @hbm_used: device memory in buffer objects now */
	__u64 hbm_used;
	/** @va_start: first VA that VM_BIND accepts */
	__u64 va_start;
	/** @va_end: first VA beyond */
	__u64 va_end;
	/** @instructions: capacity of the instruction store */
	__u32 instructions;
	/** @instructions_used: instructions loaded now, by all processes */
	__u32 instructions_used;
	/** @clock_khz: model clock of cycle counts */
	__u32 clock_khz;
	/** @units_per_ms: calibrated speed */
	__u32 units_per_ms;
	/** @max_variables: variables a job may bring */
	__u32 max_variables;
	/** @max_jobs: jobs in one SUBMIT */
	__u32 max_jobs;
	/** @job_timeout_ms: default budget of a job */
	__u32 job_timeout_ms;
	/** @job_timeout_max_ms: largest budget that SUBMIT accepts */
	__u32 job_timeout_max_ms;
	/** @page_size: granularity of binding and of buffer sizes */
	__u32 page_size;
	/** @pad: zero */
	__u32 pad;
	/** @name: chip name, zero-terminated */
	__u8 name[32];
	/** @socket: "soft" or "pci", zero-terminated */
	__u8 socket[16];
};

/** struct drm_pumori_core_info - answer to DRM_PUMORI_QUERY_CORE */
struct drm_pumori_core_info {
	/** @busy_ns: time with work since probe */
	__u64 busy_ns;
	/** @cycles: model cycles of finished jobs */
	__u64 cycles;
	/** @instructions: retired */
	__u64 instructions;
	/** @jobs: finished */
	__u64 jobs;
	/** @queues: queues on the core now */
	__u32 queues;
	/** @resets: core resets since probe */
	__u32 resets;
};

/** struct drm_pumori_priorities_info - answer to DRM_PUMORI_QUERY_PRIORITIES */
struct drm_pumori_priorities_info {
	/** @allowed: bit per priority 0..3 that the caller may use */
	__u32 allowed;
	/** @pad: zero */
	__u32 pad;
};

/** struct drm_pumori_vm_create - make an address space */
struct drm_pumori_vm_create {
	/** @flags: must be zero */
	__u32 flags;
	/** @id: out */
	__u32 id;
};

/** struct drm_pumori_destroy - VM_DESTROY, PROGRAM_DESTROY, CONTEXT_DESTROY, QUEUE_DESTROY */
struct drm_pumori_destroy {
	/** @id: what to destroy. Objects in use by others live on until those are gone */
	__u32 id;
	/** @pad: must be zero */
	__u32 pad;
};

#define DRM_PUMORI_SYNC_SYNCOBJ		0	/* binary syncobj */
#define DRM_PUMORI_SYNC_TIMELINE	1	/* timeline syncobj, @value is the point */
#define DRM_PUMORI_SYNC_TYPE_MASK	0xffu
#define DRM_PUMORI_SYNC_SIGNAL		(1u << 31)	/* signal when done; else wait before starting */

/** struct drm_pumori_sync - one fence to wait for or to signal. A point to wait for must have been submitted */
struct drm_pumori_sync {
	/** @flags: DRM_PUMORI_SYNC_* */
	__u32 flags;
	/** @handle: syncobj */
	__u32 handle;
	/** @value: timeline point, else zero */
	__u64 value;
};

#define DRM_PUMORI_BIND_MAP		0
#define DRM_PUMORI_BIND_UNMAP		1
#define DRM_PUMORI_BIND_OP_MASK		0xffu
#define DRM_PUMORI_BIND_READONLY	(1u << 8)	/* the device may not write */

/** struct drm_pumori_bind_op - map or unmap one range; all values multiples of the page size */
struct drm_pumori_bind_op {
	/** @flags: DRM_PUMORI_BIND_* */
	__u32 flags;
	/** @handle: buffer object (MAP), else zero */
	__u32 handle;
	/** @offset: into the buffer object (MAP), else zero */
	__u64 offset;
	/** @va: first device VA */
	__u64 va;
	/** @size: bytes, not zero */
	__u64 size;
};

#define DRM_PUMORI_VM_BIND_ASYNC	(1u << 0)	/* when the syncs say so, in the order of calls */

/**
 * struct drm_pumori_vm_bind - change mappings; all of @ops or, on any error, none of them
 *
 * What goes wrong after an asynchronous call has returned bans the VM.
 */
struct drm_pumori_vm_bind {
	/** @vm_id: the VM */
	__u32 vm_id;
	/** @flags: DRM_PUMORI_VM_BIND_* */
	__u32 flags;
	/** @ops: struct drm_pumori_bind_op */
	struct drm_pumori_array ops;
	/** @syncs: struct drm_pumori_sync; only with ASYNC, else count must be zero */
	struct drm_pumori_array syncs;
};

#define DRM_PUMORI_BO_HBM		(1u << 0)	/* in device memory, else in host memory */
#define DRM_PUMORI_BO_NO_MMAP		(1u << 1)	/* can never be mapped by the CPU */

/** struct drm_pumori_bo_create - make a buffer object, zeroed */
struct drm_pumori_bo_create {
	/** @size: in: bytes, not zero; out: rounded up to pages */
	__u64 size;
	/** @flags: DRM_PUMORI_BO_* */
	__u32 flags;
	/** @vm_id: private to this VM (cheapest to submit), or 0: shareable */
	__u32 vm_id;
	/** @handle: out: GEM handle; DRM_IOCTL_GEM_CLOSE frees it */
	__u32 handle;
	/** @pad: must be zero */
	__u32 pad;
};

/** struct drm_pumori_bo_mmap_offset - where to mmap() a buffer object on the device file */
struct drm_pumori_bo_mmap_offset {
	/** @handle: buffer object */
	__u32 handle;
	/** @flags: must be zero */
	__u32 flags;
	/** @offset: out */
	__u64 offset;
};

/** struct drm_pumori_program_create - copy code into the chip's instruction store */
struct drm_pumori_program_create {
	/** @vm_id: VM whose contexts may run it */
	__u32 vm_id;
	/** @flags: must be zero */
	__u32 flags;
	/** @pointer: program image, struct pumori_isa_program */
	__u64 pointer;
	/** @size: bytes of the image */
	__u64 size;
	/** @id: out */
	__u32 id;
	/** @pad: must be zero */
	__u32 pad;
	/** @error_detail: out, with -ENOEXEC: index of the illegal instruction, or ~0 */
	__u64 error_detail;
};

/** struct drm_pumori_context_create - a client of one VM: accounting and blame */
struct drm_pumori_context_create {
	/** @vm_id: its VM */
	__u32 vm_id;
	/** @flags: must be zero */
	__u32 flags;
	/** @id: out */
	__u32 id;
	/** @pad: must be zero */
	__u32 pad;
};

#define DRM_PUMORI_CONTEXT_GUILTY	(1u << 0)	/* a job of it faulted or was killed by the watchdog */
#define DRM_PUMORI_CONTEXT_INNOCENT	(1u << 1)	/* a job of it was lost to another's reset */
#define DRM_PUMORI_CONTEXT_VM_BANNED	(1u << 2)	/* its VM is unusable */

/** struct drm_pumori_context_query - reset status and use */
struct drm_pumori_context_query {
	/** @id: context */
	__u32 id;
	/** @state: out: DRM_PUMORI_CONTEXT_* */
	__u32 state;
	/** @busy_ns: out: device time used */
	__u64 busy_ns;
	/** @jobs: out: jobs finished */
	__u64 jobs;
	/** @faults: out: jobs that ended with a fault or were killed */
	__u64 faults;
	/** @losses: out: jobs lost to another's fault or to the device; since 1.2 */
	__u64 losses;
};

#define DRM_PUMORI_CORE_ANY		0xffffffffu
#define DRM_PUMORI_PRIORITY_LOW		0
#define DRM_PUMORI_PRIORITY_NORMAL	1
#define DRM_PUMORI_PRIORITY_HIGH	2	/* needs CAP_SYS_NICE */
#define DRM_PUMORI_PRIORITY_REALTIME	3	/* needs CAP_SYS_NICE */

/** struct drm_pumori_queue_create - a queue of jobs that run in order */
struct drm_pumori_queue_create {
	/** @context_id: its context */
	__u32 context_id;
	/** @flags: must be zero */
	__u32 flags;
	/** @core: core index, or DRM_PUMORI_CORE_ANY: the kernel picks the one with the fewest queues */
	__u32 core;
	/** @priority: DRM_PUMORI_PRIORITY_* */
	__u32 priority;
	/** @id: out */
	__u32 id;
	/** @assigned_core: out */
	__u32 assigned_core;
	/** @completion_offset: out: mmap() offset of the read-only struct pumori_hw_completion, one page */
	__u64 completion_offset;
};

#define DRM_PUMORI_VARIABLE_WRITABLE	(1u << 0)

/** struct drm_pumori_variable - device memory that a job may reach */
struct drm_pumori_variable {
	/** @va: device VA, multiple of 64 */
	__u64 va;
	/** @size: bytes */
	__u64 size;
	/** @flags: DRM_PUMORI_VARIABLE_* */
	__u32 flags;
	/** @pad: must be zero */
	__u32 pad;
};

#define DRM_PUMORI_JOB_CHECK_NAN	(1u << 0)

/** struct drm_pumori_job - one run of a program entry */
struct drm_pumori_job {
	/** @program_id: program of the queue's VM */
	__u32 program_id;
	/** @entry: entry of the program */
	__u32 entry;
	/** @flags: DRM_PUMORI_JOB_* */
	__u32 flags;
	/** @budget_ms: absolute bound of device time, 0: the default */
	__u32 budget_ms;
	/** @residency: expected residency generation of the slot, 0: any, PUMORI_HW_RESIDENCY_PREVIOUS */
	__u64 residency;
	/** @variables: struct drm_pumori_variable, as many as the entry declares */
	struct drm_pumori_array variables;
	/** @scalars: __u32 each, as many as the entry declares */
	struct drm_pumori_array scalars;
	/** @syncs: struct drm_pumori_sync; waits and signals of this job */
	struct drm_pumori_array syncs;
	/** @sequence: out: number of the job in its queue, as in the completion page */
	__u64 sequence;
};

/** struct drm_pumori_submit - queue jobs; all of them or, on any error, none */
struct drm_pumori_submit {
	/** @queue_id: the queue */
	__u32 queue_id;
	/** @flags: must be zero */
	__u32 flags;
	/** @jobs: struct drm_pumori_job */
	struct drm_pumori_array jobs;
};

#define DRM_PUMORI_JOB_QUERY_WAIT	(1u << 0)	/* wait until the job has ended */

/** struct drm_pumori_job_query - how a finished job ended, as long as the queue remembers (50 jobs) */
struct drm_pumori_job_query {
	/** @queue_id: the queue */
	__u32 queue_id;
	/** @flags: DRM_PUMORI_JOB_QUERY_* */
	__u32 flags;
	/** @sequence: the job */
	__u64 sequence;
	/** @status: out: PUMORI_HW_JOB_* */
	__u32 status;
	/** @fault: out: PUMORI_HW_FAULT_* */
	__u32 fault;
	/** @pc: out: faulting instruction */
	__u32 pc;
	/** @stream: out: its stream */
	__u32 stream;
	/** @address: out: faulting address */
	__u64 address;
	/** @cycles: out: model cycles */
	__u64 cycles;
	/** @device_ns: out: device time */
	__u64 device_ns;
	/** @deadline_ns: with WAIT: when to give up with -ETIME, CLOCK_MONOTONIC; else zero */
	__s64 deadline_ns;
	/** @residency: out: generation of the slot it ran in */
	__u64 residency;
	/** @started: out: when the device took it up, on the device's clock */
	__u64 started;
	/** @ended: out: when it ended, on the device's clock */
	__u64 ended;
	/** @host_ended: out: when the driver heard of its end, CLOCK_MONOTONIC; 0 when it has not yet */
	__u64 host_ended;
	/** @nan_count: out: checked results that were NaN or Inf */
	__u32 nan_count;
	/** @pad: zero */
	__u32 pad;
};

/** struct drm_pumori_bo_wait - wait until no job uses a buffer object; -ETIME when that takes too long */
struct drm_pumori_bo_wait {
	/** @handle: buffer object. A private one is in use as long as any job of its VM is not done */
	__u32 handle;
	/** @flags: must be zero */
	__u32 flags;
	/** @timeout_ns: until when, in CLOCK_MONOTONIC; 0: do not wait */
	__s64 timeout_ns;
};

#define DRM_PUMORI_MADVISE_WILLNEED	0	/* keep the contents */
#define DRM_PUMORI_MADVISE_DONTNEED	1	/* they may go when memory is short */

/** struct drm_pumori_bo_madvise - say whether the contents of a buffer object are worth keeping */
struct drm_pumori_bo_madvise {
	/** @handle: buffer object, not an imported one */
	__u32 handle;
	/** @advice: DRM_PUMORI_MADVISE_* */
	__u32 advice;
	/** @retained: out: 0: the contents are gone for good, else 1 */
	__u32 retained;
	/** @pad: must be zero */
	__u32 pad;
};

#define DRM_PUMORI_LABEL_BYTES		256

/** struct drm_pumori_bo_label - name a buffer object, for who looks at the device's memory */
struct drm_pumori_bo_label {
	/** @handle: buffer object */
	__u32 handle;
	/** @size: bytes of the name, at most DRM_PUMORI_LABEL_BYTES; 0 takes the name away */
	__u32 size;
	/** @pointer: the name, no terminating zero needed */
	__u64 pointer;
};

#define DRM_PUMORI_SYNC_TO_DEVICE	(1u << 0)	/* what the CPU wrote the device shall see */
#define DRM_PUMORI_SYNC_FROM_DEVICE	(1u << 1)	/* what the device wrote the CPU shall see */

/** struct drm_pumori_bo_sync - make a range coherent, where the hardware does not; jobs on it must have ended */
struct drm_pumori_bo_sync {
	/** @handle: buffer object */
	__u32 handle;
	/** @flags: DRM_PUMORI_SYNC_TO_DEVICE, _FROM_DEVICE or both */
	__u32 flags;
	/** @offset: first byte */
	__u64 offset;
	/** @size: bytes, not zero */
	__u64 size;
};

#define DRM_PUMORI_IOCTL(dir, nr, type) DRM_##dir(DRM_COMMAND_BASE + DRM_PUMORI_##nr, struct drm_pumori_##type)

#define DRM_IOCTL_PUMORI_DEV_QUERY	DRM_PUMORI_IOCTL(IOWR, DEV_QUERY, dev_query)
#define DRM_IOCTL_PUMORI_VM_CREATE	DRM_PUMORI_IOCTL(IOWR, VM_CREATE, vm_create)
#define DRM_IOCTL_PUMORI_VM_DESTROY	DRM_PUMORI_IOCTL(IOW, VM_DESTROY, destroy)
#define DRM_IOCTL_PUMORI_VM_BIND	DRM_PUMORI_IOCTL(IOW, VM_BIND, vm_bind)
#define DRM_IOCTL_PUMORI_BO_CREATE	DRM_PUMORI_IOCTL(IOWR, BO_CREATE, bo_create)
#define DRM_IOCTL_PUMORI_BO_MMAP_OFFSET	DRM_PUMORI_IOCTL(IOWR, BO_MMAP_OFFSET, bo_mmap_offset)
#define DRM_IOCTL_PUMORI_PROGRAM_CREATE	DRM_PUMORI_IOCTL(IOWR, PROGRAM_CREATE, program_create)
#define DRM_IOCTL_PUMORI_PROGRAM_DESTROY DRM_PUMORI_IOCTL(IOW, PROGRAM_DESTROY, destroy)
#define DRM_IOCTL_PUMORI_CONTEXT_CREATE	DRM_PUMORI_IOCTL(IOWR, CONTEXT_CREATE, context_create)
#define DRM_IOCTL_PUMORI_CONTEXT_DESTROY DRM_PUMORI_IOCTL(IOW, CONTEXT_DESTROY, destroy)
#define DRM_IOCTL_PUMORI_CONTEXT_QUERY	DRM_PUMORI_IOCTL(IOWR, CONTEXT_QUERY, context_query)
#define DRM_IOCTL_PUMORI_QUEUE_CREATE	DRM_PUMORI_IOCTL(IOWR, QUEUE_CREATE, queue_create)
#define DRM_IOCTL_PUMORI_QUEUE_DESTROY	DRM_PUMORI_IOCTL(IOW, QUEUE_DESTROY, destroy)
#define DRM_IOCTL_PUMORI_SUBMIT		DRM_PUMORI_IOCTL(IOWR, SUBMIT, submit)
#define DRM_IOCTL_PUMORI_JOB_QUERY	DRM_PUMORI_IOCTL(IOWR, JOB_QUERY, job_query)
#define DRM_IOCTL_PUMORI_BO_WAIT	DRM_PUMORI_IOCTL(IOW, BO_WAIT, bo_wait)
#define DRM_IOCTL_PUMORI_BO_MADVISE	DRM_PUMORI_IOCTL(IOWR, BO_MADVISE, bo_madvise)
#define DRM_IOCTL_PUMORI_BO_LABEL	DRM_PUMORI_IOCTL(IOW, BO_LABEL, bo_label)
#define DRM_IOCTL_PUMORI_BO_SYNC	DRM_PUMORI_IOCTL(IOW, BO_SYNC, bo_sync)

#if defined(__cplusplus)
}
#endif

#endif
