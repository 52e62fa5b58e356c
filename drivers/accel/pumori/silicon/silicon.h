/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The chip, as its sockets see it. Freestanding: it allocates nothing, keeps no global state, takes
 * no lock and calls nothing but the host table, memcpy, memmove and memset.
 *
 * Threads: silicon_core_run() of one core is called by one thread at a time (its NeuronCore's);
 * different cores run in parallel. Registers and doorbells may be written from any thread at any
 * time; they only publish requests, which the core takes at its next slice.
 */
#ifndef PUMORI_SILICON_H
#define PUMORI_SILICON_H

#include <pumori/hw.h>
#include <pumori/isa.h>
#include "types.h"

struct silicon_device;
struct silicon_kernels;

/**
 * struct silicon_host - what a socket offers the chip
 *
 * The functions may be called from silicon_core_run() and never sleep. A pointer that one of them
 * returned stays valid until the driver has the acknowledgement of the command that ends its use
 * (TLB_INVALIDATE, RUNLIST, UNLOAD_PROGRAM) or the device was reset.
 */
struct silicon_host {
	/** @context: passed back */
	void *context;
	/** @bus: host memory at a bus address; the range lies in one 4 KiB page. NULL: no answer */
	void *(*bus)(void *context, u64 address, u32 length);
	/**
	 * @hbm: device memory at an offset; sets @available to the bytes that follow contiguously.
	 * NULL: beyond the end, or not populated.
	 */
	void *(*hbm)(void *context, u64 offset, u64 *available);
	/** @time: monotonic nanoseconds */
	u64 (*time)(void *context);
};

/** struct silicon_config - the chip to make */
struct silicon_config {
	/** @cores: 1..PUMORI_HW_MAX_CORES */
	u32 cores;
	/** @slots: context slots a core, 1..PUMORI_HW_MAX_SLOTS */
	u32 slots;
	/** @instructions: capacity of each core's instruction store */
	u32 instructions;
	/** @hbm_bytes: device memory */
	u64 hbm_bytes;
	/** @serial: serial number */
	u64 serial;
	/** @secret: random; with it the chip seals what it keeps in host memory */
	u64 secret[2];
	/** @kernels: kernel set, from silicon_kernels_select() */
	const struct silicon_kernels *kernels;
	/** @host: copied */
	struct silicon_host host;
};

/* Sizes of the memory that the socket must provide, zeroed, 64-byte aligned. */
u64 silicon_device_bytes(const struct silicon_config *config);
u64 silicon_store_bytes(const struct silicon_config *config);
u64 silicon_slot_bytes(void);

/**
 * silicon_device_create - power the chip on
 * @memory: silicon_device_bytes(), zeroed
 * @store: silicon_store_bytes() for decoded instructions, private to the chip
 *
 * Return: the chip (it lies in @memory), or NULL for a configuration out of range.
 */
struct silicon_device *silicon_device_create(const struct silicon_config *config, void *memory, void *store);

/**
 * silicon_core_add_slot - give a core the memory of one more context slot
 *
 * May be called while the core runs, by one thread at a time.
 * Return: 0, or -1 when all slots of the core have their memory.
 */
int silicon_core_add_slot(struct silicon_device *device, u32 core, void *memory);

u32 silicon_register_read(struct silicon_device *device, u32 offset);
void silicon_register_write(struct silicon_device *device, u32 offset, u32 value);
/** silicon_doorbell - a queue's doorbell in BAR4 was written; wakes no thread by itself */
void silicon_doorbell(struct silicon_device *device, u32 queue);

/* Events of silicon_core_run(). */
#define SILICON_IDLE		(1u << 0)	/* nothing to do until a register or doorbell is written */
#define SILICON_MORE		(1u << 1)	/* budget used up, call again */
#define SILICON_INTERRUPT	(1u << 2)	/* INTERRUPT_STATUS has an enabled bit that was raised by this call */

/**
 * silicon_core_run - advance one core
 * @budget: units of work after which to return
 *
 * Bounded: at most @budget units plus one step. FPU state is prepared inside (kernels->begin/end);
 * a kernel socket brackets the call with kernel_fpu_begin()/end(). Returns SILICON_* events.
 */
u32 silicon_core_run(struct silicon_device *device, u32 core, u32 budget);

/** silicon_core_pending - true when silicon_core_run() would find work (for wait conditions) */
bool silicon_core_pending(struct silicon_device *device, u32 core);

/* --- Tracing ------------------------------------------------------------------------------------- */

/** struct silicon_trace_operand - what an instruction touched of SBUF or PSUM; zero when absent */
struct silicon_trace_operand {
	/** @offset: first byte in each partition */
	u32 offset;
	/** @extent: bytes from the first to behind the last, in each partition */
	u32 extent;
	/** @partition: first partition */
	u16 partition;
	/** @partitions: how many */
	u16 partitions;
	/** @psum: 1 for PSUM, 0 for SBUF */
	u32 psum;
};

/** struct silicon_trace_record - an instruction that retired */
struct silicon_trace_record {
	/** @begin: model cycles from the start of its job to its own */
	u64 begin;
	/** @end: to its end */
	u64 end;
	/** @waited: cycles that its stream waited for semaphores before it */
	u64 waited;
	/** @time: device time when it was issued, nanoseconds */
	u64 time;
	/** @host_ns: time spent on it */
	u64 host_ns;
	/** @sequence: of its job */
	u64 sequence;
	/** @bytes: read and written: of operands, for DMA of memory */
	u64 bytes;
	/** @work: multiply-accumulates of MULTIPLY_MOVING, else elements */
	u64 work;
	/** @energy_pj: energy on the modelled chip, picojoules */
	u64 energy_pj;
	/** @queue: queue id of its job */
	u32 queue;
	/** @pc: counted from the program's first */
	u32 pc;
	/** @opcode: enum pumori_isa_opcode */
	u8 opcode;
	/** @stream: enum pumori_isa_stream */
	u8 stream;
	/** @dtype: type of the first input, or of the output */
	u8 dtype;
	/** @reserved: zero */
	u8 reserved[5];
	/** @out: written */
	struct silicon_trace_operand out;
	/** @in: read */
	struct silicon_trace_operand in[3];
};

/** struct silicon_trace - where a core writes what it retired; the socket's memory */
struct silicon_trace {
	/** @record: the records */
	struct silicon_trace_record *record;
	/** @capacity: how many fit */
	u64 capacity;
	/** @count: written so far; each is complete before it is counted */
	u64 count;
	/** @lost: instructions that found no room */
	u64 lost;
};

/**
 * silicon_core_trace - begin to trace a core, or end it with NULL
 *
 * Not while silicon_core_run() of that core runs. Results, cycles and faults are the same as
 * without; a core that is not traced pays nothing.
 */
void silicon_core_trace(struct silicon_device *device, u32 core, struct silicon_trace *trace);

/** silicon_set_units_per_ms - result of the socket's calibration, shown in a register */
void silicon_set_units_per_ms(struct silicon_device *device, u32 units);

/**
 * silicon_calibrate - one step of a representative kernel, for timing
 * @scratch: silicon_slot_bytes() of zeroed memory
 *
 * Return: units of work done.
 */
u32 silicon_calibrate(const struct silicon_kernels *kernels, void *scratch);

/**
 * silicon_program_check - decode a program image without loading it
 * @image: the image, @bytes long
 * @detail: index of the offending instruction, or ~0
 *
 * For executable loaders and fuzzing. Return: PUMORI_HW_FAULT_NONE or _ILLEGAL.
 */
u32 silicon_program_check(const void *image, u64 bytes, u64 *detail);

/** silicon_program_refusal - the same, but says why: NULL when the image is good, else one line of text */
const char *silicon_program_refusal(const void *image, u64 bytes, u64 *detail);

#endif
