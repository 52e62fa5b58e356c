/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The seam between the sequencer (which decodes, checks, resolves addresses, counts cycles) and the
 * numeric kernel sets (which compute). A set is one constant table of functions; every set gives the
 * same bytes. No float crosses this boundary by value, so that kernel code without FPU flags can call it.
 */
#ifndef PUMORI_SILICON_KERNELS_H
#define PUMORI_SILICON_KERNELS_H

#include <pumori/isa.h>
#include "types.h"

/* One unit of work is about 4096 multiply-accumulates, or 1 KiB moved; an instruction costs at least one. */
#define SILICON_UNIT_MACS	4096u
#define SILICON_UNIT_BYTES	1024u

/**
 * struct silicon_view - an operand with its address resolved and its bounds already checked
 */
struct silicon_view {
	/** @base: element (0, 0, 0, 0, 0); NULL when the operand is absent */
	u8 *base;
	/** @partition_stride: bytes between partitions, 0 when one partition serves all */
	u32 partition_stride;
	/** @partitions: number of partitions */
	u16 partitions;
	/** @dtype: enum pumori_isa_dtype */
	u8 dtype;
	/** @reserved: padding */
	u8 reserved;
	/** @count: elements per dimension, outermost first, right-aligned: unused leading ones are 1 */
	u32 count[4];
	/** @step: bytes per index, right-aligned likewise */
	s32 step[4];
};

/**
 * struct silicon_stationary - one stationary buffer of the tensor engine, private to a slot
 *
 * The layout of @data is the kernel set's own; nothing but LOAD_STATIONARY and MULTIPLY_MOVING of
 * that set reads it.
 */
struct silicon_stationary {
	/** @rows: K last loaded, 0 when nothing was */
	u16 rows;
	/** @columns: M last loaded */
	u16 columns;
	/** @dtype: element type last loaded */
	u8 dtype;
	/** @reserved: keeps @data on a cache line */
	u8 reserved[59];
	/** @data: packed elements */
	u8 data[PUMORI_ISA_STATIONARY_MAX * PUMORI_ISA_STATIONARY_MAX * 4];
};

/* Faults that data can cause; the sequencer turns them into the job's status. */
#define SILICON_TASK_OK			0
#define SILICON_TASK_INDEX		1	/* GATHER/SCATTER index out of bounds */

/**
 * struct silicon_task - one compute instruction in flight
 *
 * Filled by the sequencer at issue; the kernel keeps its progress in @cursor and may be called again
 * until @finished. What it has written, its units and its faults do not depend on where it stopped.
 */
struct silicon_task {
	/** @out: result */
	struct silicon_view out;
	/** @in: inputs */
	struct silicon_view in[3];
	/** @accumulator: ACTIVATE: FP32 sums, one a partition; base is NULL when absent */
	struct silicon_view accumulator;
	/** @stationary: tensor engine: the buffer that the instruction names */
	struct silicon_stationary *stationary;
	/** @scratch: SILICON_SCRATCH_BYTES, 64-byte aligned, undefined between calls */
	u8 *scratch;
	/** @opcode: enum pumori_isa_opcode */
	u16 opcode;
	/** @modifiers: PUMORI_ISA_ACCUMULATE and others */
	u16 modifiers;
	/** @op0: operation or function */
	u8 op0;
	/** @op1: second operation */
	u8 op1;
	/** @compute: compute type */
	u8 compute;
	/** @axes: REDUCE */
	u8 axes;
	/** @imm: immediates */
	u32 imm[4];
	/** @cursor: progress, zero at issue; meaning is the kernel's (e.g. next partition or column) */
	u32 cursor;
	/** @finished: set by the kernel when all is written */
	u8 finished;
	/** @fault: SILICON_TASK_* */
	u8 fault;
	/** @nan_count: outputs that were NaN or Inf (CHECK_NAN), saturating */
	u32 nan_count;
	/** @partials: what a reduction or scan carries from one call to the next; the kernel sets it */
	u64 partials[PUMORI_ISA_REDUCE_PARTIALS];
};

/* Panel packing of MULTIPLY_MOVING and row buffers of casting kernels. */
#define SILICON_SCRATCH_BYTES	(256 * 1024)

/**
 * struct silicon_kernels - one kernel set
 */
struct silicon_kernels {
	/** @name: "generic", "avx2", "avx512" */
	const char *name;
	/**
	 * @run: one function an opcode with format COMPUTE, NULL for the others. Does at least one step,
	 * stops once about @budget units are done, returns the units done by this call (at least 1).
	 * The sum over all calls is the same for every way of stopping.
	 */
	u32 (*run[PUMORI_ISA_OPCODE_LIMIT])(struct silicon_task *task, u32 budget);
	/**
	 * @convert: DMA inner loop: @count elements from @source (bytes @source_step apart) to @destination.
	 * Equal types move bits. Returns 0, or 1 when a 64-bit integer does not fit (what precedes is written).
	 */
	int (*convert)(u8 *destination, u8 destination_dtype, s64 destination_step,
		       const u8 *source, u8 source_dtype, s64 source_step, u64 count);
	/** @begin: puts the floating point state as the numerics demand, returns the former one */
	u32 (*begin)(void);
	/** @end: restores what @begin returned */
	void (*end)(u32 state);
};

/* enum-like choice for silicon_kernels_select(); BEST picks by what the caller says the host has. */
#define SILICON_KERNELS_BEST	0
#define SILICON_KERNELS_GENERIC	1
#define SILICON_KERNELS_AVX2	2
#define SILICON_KERNELS_AVX512	3	/* F, BW, VL, DQ, BF16 and VNNI */

/* What the host offers, found by the socket (user space: cpuid; kernel: boot_cpu_has()). */
#define SILICON_HOST_AVX2	(1u << 0)	/* AVX2 and FMA */
#define SILICON_HOST_AVX512	(1u << 1)	/* F, BW, VL, DQ */
#define SILICON_HOST_AVX512_BF16 (1u << 2)
#define SILICON_HOST_AVX512_VNNI (1u << 3)

/**
 * silicon_kernels_select - find a kernel set
 * @choice: SILICON_KERNELS_*
 * @host: SILICON_HOST_* bits
 *
 * Return: the set, or NULL when the host cannot run it or it was not built in.
 */
const struct silicon_kernels *silicon_kernels_select(u32 choice, u32 host);

/**
 * silicon_kernels_supports - whether a compute instruction is one that the kernel sets execute
 * @opcode: enum pumori_isa_opcode, one with format COMPUTE
 * @compute: its operands
 *
 * Checks element types, compute type, operations, modifiers, which operands are there, and the shapes
 * of the operands against each other and against the kernels' limits. Knows nothing of addresses:
 * bounds, alignment, spaces, streams and reserved fields are the decoder's.
 *
 * Return: true when the kernels may be called with it.
 */
bool silicon_kernels_supports(u16 opcode, const struct pumori_isa_compute *compute);

/** silicon_compute_cycles - cycles that a compute instruction takes on the modelled chip */
u64 silicon_compute_cycles(u16 opcode, const struct pumori_isa_compute *compute);

/** silicon_dma_cycles - cycles that moving @bytes takes on the modelled chip, without contention */
u64 silicon_dma_cycles(u64 bytes);

/** silicon_dtype_range - smallest and largest value of an integer type of at most 16 bits */
bool silicon_dtype_range(u8 dtype, s32 *low, s32 *high);

/** silicon_dtypes_multiply - whether the tensor engine multiplies elements of two types by each other */
bool silicon_dtypes_multiply(u8 stationary, u8 moving);

/** silicon_dtype_size - bytes of an element, 0 for what is not a type */
u32 silicon_dtype_size(u8 dtype);

#endif
