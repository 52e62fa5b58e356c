/* SPDX-License-Identifier: MIT */
/*
 * libpumori, the profiling part: ranges that an application names, and a file with all that the
 * chip in the process did. Prose: Documentation/profile.md. `pumori profile` makes such files and
 * turns them into traces and summaries.
 *
 * Errors, structs that begin with their size, and threads are as in pumori.h.
 */
#ifndef PUMORI_PROFILE_H
#define PUMORI_PROFILE_H

#include <pumori/pumori.h>

#if defined(__cplusplus)
extern "C" {
#endif

/* --- Ranges ------------------------------------------------------------------------------------- */

/**
 * pumori_range_push - the calling thread begins something that has a name
 *
 * Ranges of a thread are nested, at most 64 deep; deeper ones are counted but not recorded. Of the
 * name 63 bytes are kept. Costs a few nanoseconds while nothing is profiled. Return: depth before it, or an error.
 */
int pumori_range_push(const char *name);
/** pumori_range_pop - the innermost range ends. Return: depth after it, or PUMORI_ERROR_INVALID when there is none */
int pumori_range_pop(void);
/** pumori_mark - something happened now */
int pumori_mark(const char *name);

/* --- Profiles ----------------------------------------------------------------------------------- */

/** struct pumori_profile_options - what to record */
struct pumori_profile_options {
	/** @size: sizeof(struct pumori_profile_options) */
	size_t size;
	/** @instructions: most instructions a core, 0 for 4194304; those beyond are counted as lost */
	uint64_t instructions;
};

/**
 * pumori_profile_start - record what @device does from now on
 * @path: file to write; it is made now and complete after pumori_profile_stop()
 * @options: NULL for defaults
 *
 * One profile a device. PUMORI_ERROR_UNSUPPORTED on a driver's device: instructions are traced in
 * the process only, where model time is the same. PUMORI_PROFILE in the environment names a folder;
 * then each device that is opened in the process is profiled from open to close, into files of it.
 */
int pumori_profile_start(struct pumori_device *device, const char *path, const struct pumori_profile_options *options);
/** pumori_profile_stop - complete the file. Nothing may be pending on the device */
int pumori_profile_stop(struct pumori_device *device);

/* --- The file: header, events, instructions; all in the byte order of the host ------------------- */

#define PUMORI_PROFILE_MAGIC	0x52504d55u
#define PUMORI_PROFILE_VERSION	1
#define PUMORI_PROFILE_NAME	64

/** struct pumori_profile_header - what the file begins with */
struct pumori_profile_header {
	/** @magic: PUMORI_PROFILE_MAGIC */
	uint32_t magic;
	/** @version: PUMORI_PROFILE_VERSION */
	uint32_t version;
	/** @event_bytes: size of an event */
	uint32_t event_bytes;
	/** @instruction_bytes: size of an instruction */
	uint32_t instruction_bytes;
	/** @events: how many follow the header */
	uint64_t events;
	/** @instructions: how many follow the events */
	uint64_t instructions;
	/** @lost: instructions and events that found no room */
	uint64_t lost;
	/** @begin_ns: CLOCK_MONOTONIC at the start, nanoseconds */
	uint64_t begin_ns;
	/** @end_ns: at the end */
	uint64_t end_ns;
	/** @clock_khz: model clock */
	uint32_t clock_khz;
	/** @cores: of the device */
	uint32_t cores;
	/** @process: process id */
	uint32_t process;
	/** @reserved: zero */
	uint32_t reserved;
	/** @chip: name of the chip */
	char chip[32];
};

/** enum pumori_profile_event_type - what an event is; values are stable */
enum pumori_profile_event_type {
	PUMORI_PROFILE_RANGE = 1,	/* of the application: begin, end, @value is its depth */
	PUMORI_PROFILE_MARK = 2,	/* of the application: begin */
	PUMORI_PROFILE_MODEL = 3,	/* a model was loaded: @model, name is its path or "", begin, end */
	PUMORI_PROFILE_SUBMIT = 4,	/* a job was submitted: @model, @queue, @core, @sequence, begin, end */
	PUMORI_PROFILE_COMPLETE = 5,	/* its end was seen: the same; @value is PUMORI_HW_JOB_*; begin is that of the wait */
	PUMORI_PROFILE_MEMORY = 6,	/* device memory in use became @value bytes: begin */
};

/** struct pumori_profile_event - something on the side of the host */
struct pumori_profile_event {
	/** @begin_ns: CLOCK_MONOTONIC, nanoseconds */
	uint64_t begin_ns;
	/** @end_ns: not before @begin_ns */
	uint64_t end_ns;
	/** @value: see the type */
	uint64_t value;
	/** @sequence: of a job, in its queue */
	uint64_t sequence;
	/** @type: enum pumori_profile_event_type */
	uint32_t type;
	/** @thread: thread id */
	uint32_t thread;
	/** @model: number of a model, from 1 in the order of loading */
	uint32_t model;
	/** @queue: queue of a job */
	uint32_t queue;
	/** @core: core of @queue */
	uint32_t core;
	/** @reserved: zero */
	uint32_t reserved;
	/** @name: zero-terminated; the end of a long path is what is kept */
	char name[256];
};

/** struct pumori_profile_operand - a part of SBUF or PSUM; zero when absent */
struct pumori_profile_operand {
	/** @offset: first byte in each partition */
	uint32_t offset;
	/** @extent: bytes in each partition */
	uint32_t extent;
	/** @partition: first partition */
	uint16_t partition;
	/** @partitions: how many */
	uint16_t partitions;
	/** @psum: 1 for PSUM, 0 for SBUF */
	uint32_t psum;
};

/** struct pumori_profile_instruction - an instruction that a core retired */
struct pumori_profile_instruction {
	/** @begin: model cycles since the start of its job */
	uint64_t begin;
	/** @end: likewise */
	uint64_t end;
	/** @waited: model cycles that its stream waited for semaphores before it */
	uint64_t waited;
	/** @begin_ns: CLOCK_MONOTONIC when the host began it, nanoseconds */
	uint64_t begin_ns;
	/** @host_ns: time that the host spent on it */
	uint64_t host_ns;
	/** @sequence: of its job */
	uint64_t sequence;
	/** @bytes: of operands; of DMA instructions those in memory */
	uint64_t bytes;
	/** @work: multiply-accumulates of MULTIPLY_MOVING, else elements */
	uint64_t work;
	/** @energy_pj: picojoules on the modelled chip (isa.md, Energy) */
	uint64_t energy_pj;
	/** @queue: of its job */
	uint32_t queue;
	/** @pc: counted from the program's first */
	uint32_t pc;
	/** @core: where it ran */
	uint32_t core;
	/** @opcode: enum pumori_isa_opcode */
	uint8_t opcode;
	/** @stream: enum pumori_isa_stream */
	uint8_t stream;
	/** @dtype: enum pumori_dtype of its first input */
	uint8_t dtype;
	/** @reserved: zero */
	uint8_t reserved;
	/** @out: written */
	struct pumori_profile_operand out;
	/** @in: read */
	struct pumori_profile_operand in[3];
};

#if defined(__cplusplus)
}
#endif

#endif
