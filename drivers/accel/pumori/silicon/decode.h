/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Decoded instructions. LOAD_PROGRAM checks and decodes each instruction once; what lies in the
 * instruction store is what the sequencer executes, and nothing of it is checked again but what only
 * a register, a job's table or the page tables can tell.
 */
#ifndef PUMORI_SILICON_DECODE_H
#define PUMORI_SILICON_DECODE_H

#include <pumori/hw.h>
#include <pumori/isa.h>
#include "types.h"

/* Rows of SBUF and PSUM in a slot's memory: the 64 bytes keep partitions out of one cache set. */
#define SILICON_SBUF_STRIDE	(PUMORI_ISA_SBUF_BYTES + 64u)
#define SILICON_PSUM_STRIDE	(PUMORI_ISA_PSUM_BYTES + 64u)

/* Elements a partition that one operand may walk; together with 128 partitions it fits 32 bits. */
#define SILICON_MAX_ELEMENTS	(1u << 24)
/* Bytes that loops may move an address which a register moves too. */
#define SILICON_MAX_REACH	((s64)1 << 40)

/* What a control instruction takes on the modelled chip. */
#define SILICON_CONTROL_CYCLES	1u

/* Elements that one DMA may move. */
#define SILICON_MAX_DMA_ELEMENTS 0xffffffffu

/*
 * Bound values of a stream, indexed by PUMORI_ISA_BIND_*: [0] is zero, [1..8] loops, [0x40..]
 * registers.
 */
#define SILICON_BOUND_VALUES	128u
#define SILICON_BOUND_REGISTER	0x40u

/* struct silicon_operand.kind */
#define SILICON_KIND_DTYPE	0x1fu
#define SILICON_KIND_PSUM	0x20u
#define SILICON_KIND_BROADCAST	0x40u	/* one partition serves all */
#define SILICON_KIND_REGISTER	0x80u	/* moved by a register: range-checked at issue */

/** struct silicon_operand - a decoded access pattern, 40 bytes */
struct silicon_operand {
	/** @location: byte offset in the partition; first partition in the top 8 bits */
	u32 location;
	/** @count: right-aligned, unused leading ones are 1 */
	u16 count[4];
	/** @step: bytes, right-aligned likewise */
	s32 step[4];
	/** @bind_stride: bytes per unit of the bound value */
	s32 bind_stride[2];
	/** @bind: PUMORI_ISA_BIND_* */
	u8 bind[2];
	/** @partitions: 0 when the operand is absent */
	u8 partitions;
	/** @kind: SILICON_KIND_* */
	u8 kind;
};
#define SILICON_LOCATION_OFFSET	0x00ffffffu
#define SILICON_LOCATION_START	24

/** struct silicon_side - a decoded side of a DMA */
struct silicon_side {
	/** @offset: bytes from the start of the variable or of the partition */
	u64 offset;
	/** @bind_stride: bytes per unit of the bound value */
	s64 bind_stride[2];
	/** @count: from the outermost dimension; SBUF: [0] is the partition */
	u32 count[5];
	/** @step: elements, SBUF: bytes from partition to partition in [0] */
	s32 step[5];
	/** @bind: PUMORI_ISA_BIND_* */
	u8 bind[2];
	/** @variable: MEMORY: index */
	u8 variable;
	/** @partition: SBUF: first partition */
	u8 partition;
	/** @dtype: element type */
	u8 dtype;
	/** @size: bytes of an element */
	u8 size;
	/** @memory: 1 for MEMORY, 0 for SBUF */
	u8 memory;
	/** @registers: 1 when a register moves it */
	u8 registers;
};

/** struct silicon_wait - a decoded wait */
struct silicon_wait {
	/** @value: semaphore >= @value + bound value * @step */
	u32 value;
	/** @step: per unit of the bound value */
	u32 step;
	/** @semaphore: which */
	u8 semaphore;
	/** @bind: index of the bound value */
	u8 bind;
};

struct silicon_compute {
	/** @out: result */
	struct silicon_operand out;
	/** @in: inputs */
	struct silicon_operand in[3];
	/** @imm: immediates */
	u32 imm[4];
	/** @accumulator_offset: ACTIVATE */
	u32 accumulator_offset;
	/** @modifiers: PUMORI_ISA_ACCUMULATE and others */
	u16 modifiers;
	/** @op0: first operation */
	u8 op0;
	/** @op1: second operation */
	u8 op1;
	/** @compute: compute type */
	u8 compute;
	/** @axes: REDUCE */
	u8 axes;
	/** @accumulator: the offset counts */
	u8 accumulator;
};

struct silicon_dma {
	/** @destination: where to */
	struct silicon_side destination;
	/** @source: where from */
	struct silicon_side source;
	/** @index: DMA_GATHER and DMA_SCATTER: the row numbers */
	struct silicon_operand index;
	/** @elements: elements to move */
	u32 elements;
	/** @row_elements: DMA_GATHER and DMA_SCATTER: those of one row, else all */
	u32 row_elements;
};

struct silicon_control {
	/** @operand: REGISTER_LOAD */
	struct silicon_operand operand;
	/** @count: LOOP_BEGIN: iterations or their bound */
	u32 count;
	/**
	 * @target: where to go on, counted from the program's first; LOOP_BEGIN: behind, LOOP_END:
	 * the body
	 */
	u32 target;
	/** @immediate: constant */
	s32 immediate;
	/** @level: loop level */
	u8 level;
	/** @use_register: as encoded */
	u8 use_register;
	/** @compare: as encoded */
	u8 compare;
	/** @operation: as encoded */
	u8 operation;
	/** @destination: register */
	u8 destination;
	/** @source: register */
	u8 source;
	/** @source2: register */
	u8 source2;
};

/** struct silicon_instruction - one element of the instruction store */
struct silicon_instruction {
	/** @opcode: enum pumori_isa_opcode */
	u8 opcode;
	/** @format: enum pumori_isa_format */
	u8 format;
	/** @flags: PUMORI_ISA_WAIT0 and others */
	u8 flags;
	/** @signal_increment: added to the semaphore */
	u8 signal_increment;
	/** @signal_semaphore: which */
	u8 signal_semaphore;
	/** @stream: DMA_COPY: the destination is a STREAM */
	u8 stream;
	/** @reserved: padding */
	u8 reserved[2];
	/** @cycles: on the modelled chip */
	u32 cycles;
	/**
	 * @body: LOOP_BEGIN of the innermost loop around it, its index in the program + 1; 0
	 * outside
	 */
	u32 body;
	/** @wait: conditions to start */
	struct silicon_wait wait[2];
	union {
		struct silicon_compute compute;
		struct silicon_dma dma;
		struct silicon_control control;
	};
};

/**
 * struct silicon_table_row - element i of a program's tables
 *
 * An entry has at least one stream and a stream at least one instruction, so that a program of n
 * instructions never needs more than n rows: the tables lie beside the instructions.
 */
struct silicon_table_row {
	/** @stream_first: stream i: its first instruction, counted from the program's first */
	u32 stream_first;
	/** @stream_count: stream i: its instructions */
	u32 stream_count;
	/** @entry_first: entry i: its first stream */
	u32 entry_first;
	/** @stream: stream i: enum pumori_isa_stream */
	u8 stream;
	/** @entry_streams: entry i: number of streams */
	u8 entry_streams;
	/** @entry_variables: entry i: variables that a job must bring */
	u8 entry_variables;
	/** @entry_scalars: entry i: scalars likewise */
	u8 entry_scalars;
	/** @entry_flags: entry i: PUMORI_ISA_ENTRY_* */
	u8 entry_flags;
	/** @reserved: padding */
	u8 reserved[3];
};

/* What PUMORI_HW_REG_PROGRAM_INSTRUCTIONS counts. */
#define SILICON_STORE_BYTES	256u

_Static_assert(sizeof(struct silicon_operand) == 40, "decoded operand");
_Static_assert(sizeof(struct silicon_side) == 72, "decoded side of a DMA");
_Static_assert(sizeof(struct silicon_instruction) + sizeof(struct silicon_table_row) <=
		       SILICON_STORE_BYTES,
	       "decoded instruction and its table row");

/* What programs may ask for. */
#define SILICON_FEATURES	(PUMORI_HW_FEATURE_FP32 | PUMORI_HW_FEATURE_BF16 | \
				 PUMORI_HW_FEATURE_FP16 | \
				 PUMORI_HW_FEATURE_FP8 | PUMORI_HW_FEATURE_INT8_MATMUL | \
				 PUMORI_HW_FEATURE_STOCHASTIC)

/* Why a program was refused. */
#define SILICON_REFUSALS(X) \
	X(NONE, "accepted") \
	X(IMAGE, "image is too short or too long") \
	X(UNREADABLE, "image does not lie in host memory") \
	X(MAGIC, "not a program image") \
	X(VERSION, "made for another version of the instruction set") \
	X(FEATURES, "needs a feature that the chip has not") \
	X(FOOTPRINT, "SBUF or PSUM footprint is larger than the partition") \
	X(TABLES, "entries, streams and instructions do not tile the image") \
	X(ENTRY, "entry has bad flags, variables, scalars or streams") \
	X(STREAM, "stream id is unknown or used twice in an entry") \
	X(RESERVED, "a field that must be zero is not") \
	X(OPCODE, "no such opcode") \
	X(ENGINE, "opcode does not run on this stream") \
	X(FLAGS, "unknown instruction flag") \
	X(WAIT, "bad wait, or its value wraps") \
	X(SIGNAL, "bad signal, or a semaphore with two producers") \
	X(LOOP, "loops are not nested as they should be") \
	X(BRANCH, "branch target is outside the stream or in another loop body") \
	X(FALL_THROUGH, "stream does not end with END or an unconditional BRANCH") \
	X(REGISTER, "no such register, scalar, comparison or operation") \
	X(BINDING, "bound to a loop that is not around it, or with a bad stride") \
	X(SPACE, "operand lies where the opcode cannot reach it") \
	X(DTYPE, "element type unknown or not supported here") \
	X(PARTITIONS, "partitions out of range") \
	X(SHAPE, "dimensions or counts out of range") \
	X(ALIGNMENT, "offset is not a multiple of the element size") \
	X(BOUNDS, "pattern leaves the program's SBUF or PSUM footprint") \
	X(OVERLAP, "output overlaps itself") \
	X(UNSUPPORTED, "combination of types, operations and shapes that no kernel executes") \
	X(VARIABLE, "variable index beyond the entry's variables") \
	X(DMA_SHAPE, "sides of a DMA differ in size")

enum silicon_refusal {
#define SILICON_ROW(name, text) SILICON_REFUSED_##name,
	SILICON_REFUSALS(SILICON_ROW)
#undef SILICON_ROW
	SILICON_REFUSALS_COUNT
};

/** struct silicon_decoder - what the decoder knows about the place of an instruction */
struct silicon_decoder {
	/** @sbuf_bytes: footprint per partition */
	u32 sbuf_bytes;
	/** @psum_bytes: footprint per partition */
	u32 psum_bytes;
	/** @variables: of the entry */
	u32 variables;
	/** @scalars: of the entry */
	u32 scalars;
	/** @stream: enum pumori_isa_stream */
	u32 stream;
	/**
	 * @first: the stream's first instruction, like all indices here counted from the program's
	 * first
	 */
	u32 first;
	/** @count: instructions of the stream */
	u32 count;
	/** @index: this instruction */
	u32 index;
	/** @depth: loops open around it */
	u32 depth;
	/** @loop_begin: their LOOP_BEGIN */
	u32 loop_begin[PUMORI_ISA_LOOP_LEVELS];
	/** @loop_count: their iterations or bounds */
	u32 loop_count[PUMORI_ISA_LOOP_LEVELS];
	/** @producer: of the entry: stream + 1 that signals a semaphore, 0 for none */
	u8 producer[PUMORI_ISA_SEMAPHORES];
};

/** silicon_decode - check and decode one instruction; @raw is private to the caller */
enum silicon_refusal silicon_decode(struct silicon_decoder *decoder,
				    const struct pumori_isa_instruction *raw,
				    struct silicon_instruction *out);

/* Parts of silicon_decode(), one a file. */
enum silicon_refusal silicon_decode_operand(const struct silicon_decoder *decoder,
					    const struct pumori_isa_operand *raw, bool output,
					    struct silicon_operand *out);
enum silicon_refusal silicon_decode_compute(const struct silicon_decoder *decoder, u16 opcode,
					    const struct pumori_isa_compute *raw,
					    struct silicon_compute *out);
enum silicon_refusal silicon_decode_dma(const struct silicon_decoder *decoder, u16 opcode,
					const struct pumori_isa_dma *raw, struct silicon_dma *out);
enum silicon_refusal silicon_decode_control(struct silicon_decoder *decoder, u16 opcode,
					    const struct pumori_isa_control *raw,
					    struct silicon_control *out);
/**
 * silicon_check_pattern - check an access pattern of at most @limit elements; says whether a
 * register moves it
 */
enum silicon_refusal silicon_check_pattern(const struct silicon_decoder *decoder,
					   const struct pumori_isa_dma_side *side, bool output,
					   u64 limit, bool *registers);

#endif
