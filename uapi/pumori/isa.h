/* SPDX-License-Identifier: MIT */
/*
 * Contract 3: the instruction set (compiler <-> device).
 *
 * The prose, the numerics and the cost of every row are in Documentation/isa.md; this header is the
 * one machine-readable copy of encodings and limits. Decoder, encoder, validator, disassembler and
 * tests all expand PUMORI_ISA_OPCODES().
 */
#ifndef _UAPI_PUMORI_ISA_H_
#define _UAPI_PUMORI_ISA_H_

#include <linux/types.h>

#define PUMORI_ISA_VERSION_MAJOR	1
#define PUMORI_ISA_VERSION_MINOR	1

/* Geometry of a NeuronCore, as NeuronCore-v2 publishes it. */
#define PUMORI_ISA_PARTITIONS		128
#define PUMORI_ISA_SBUF_BYTES		(192 * 1024)	/* per partition */
#define PUMORI_ISA_PSUM_BYTES		(16 * 1024)	/* per partition */
#define PUMORI_ISA_PSUM_BANK_BYTES	2048		/* 512 fp32 per partition */
#define PUMORI_ISA_PSUM_BANKS		8
#define PUMORI_ISA_SEMAPHORES		256
#define PUMORI_ISA_REGISTERS		64		/* 32 bits each, per stream */
#define PUMORI_ISA_LOOP_LEVELS		8		/* nested loops per stream */
#define PUMORI_ISA_STATIONARY_MAX	128		/* rows (K) and columns (M) of the array */
#define PUMORI_ISA_MOVING_MAX		512		/* columns (N) of one MULTIPLY_MOVING */
#define PUMORI_ISA_STATIONARY_BUFFERS	2
#define PUMORI_ISA_DMA_QUEUES		16
#define PUMORI_ISA_ENGINES		5
#define PUMORI_ISA_STREAMS		(PUMORI_ISA_ENGINES + PUMORI_ISA_DMA_QUEUES)
#define PUMORI_ISA_VARIABLES		160		/* entries of a job's variable table */
#define PUMORI_ISA_SCALARS		16		/* 32-bit job scalars */
#define PUMORI_ISA_INSTRUCTION_BYTES	256
#define PUMORI_ISA_REDUCE_PARTIALS	16		/* interleaved partial sums of a reduction */

/**
 * enum pumori_isa_stream - who executes an instruction stream
 * @PUMORI_ISA_TENSOR: matrix products
 * @PUMORI_ISA_VECTOR: elementwise operations, reductions, windows
 * @PUMORI_ISA_SCALAR: functions of one argument
 * @PUMORI_ISA_GPSIMD: all integer widths, gather, scatter, search
 * @PUMORI_ISA_SYNC: control alone
 * @PUMORI_ISA_DMA0: DMA queue q is stream PUMORI_ISA_DMA0 + q
 *
 * Streams run asynchronously and meet only at semaphores. A DMA queue is a stream like any other;
 * it executes DMA and control instructions only.
 */
enum pumori_isa_stream {
	PUMORI_ISA_TENSOR = 0,
	PUMORI_ISA_VECTOR = 1,
	PUMORI_ISA_SCALAR = 2,
	PUMORI_ISA_GPSIMD = 3,
	PUMORI_ISA_SYNC = 4,
	PUMORI_ISA_DMA0 = 5,
};

/** enum pumori_isa_dtype - element types; storage sizes as the name says, BOOL is one byte 0 or 1 */
enum pumori_isa_dtype {
	PUMORI_ISA_NONE = 0,
	PUMORI_ISA_FP32 = 1,
	PUMORI_ISA_BF16 = 2,
	PUMORI_ISA_FP16 = 3,
	PUMORI_ISA_FP8E4M3 = 4,
	PUMORI_ISA_FP8E5M2 = 5,
	PUMORI_ISA_INT8 = 8,
	PUMORI_ISA_UINT8 = 9,
	PUMORI_ISA_INT16 = 10,
	PUMORI_ISA_UINT16 = 11,
	PUMORI_ISA_INT32 = 12,
	PUMORI_ISA_UINT32 = 13,
	PUMORI_ISA_INT64 = 14,
	PUMORI_ISA_UINT64 = 15,
	PUMORI_ISA_BOOL = 16,
};

/** enum pumori_isa_space - where an operand lies */
enum pumori_isa_space {
	PUMORI_ISA_UNUSED = 0,
	PUMORI_ISA_SBUF = 1,
	PUMORI_ISA_PSUM = 2,
	PUMORI_ISA_MEMORY = 3,	/* DMA only: a variable of the job */
};

/* Which streams may hold an opcode. */
#define PUMORI_ISA_ON_TENSOR	(1u << PUMORI_ISA_TENSOR)
#define PUMORI_ISA_ON_VECTOR	(1u << PUMORI_ISA_VECTOR)
#define PUMORI_ISA_ON_SCALAR	(1u << PUMORI_ISA_SCALAR)
#define PUMORI_ISA_ON_GPSIMD	(1u << PUMORI_ISA_GPSIMD)
#define PUMORI_ISA_ON_DMA	(1u << PUMORI_ISA_DMA0)	/* any DMA queue */
#define PUMORI_ISA_ON_ANY	0x3fu
#define PUMORI_ISA_ON_ELEMENTWISE (PUMORI_ISA_ON_VECTOR | PUMORI_ISA_ON_GPSIMD)
#define PUMORI_ISA_ON_COPYING	(PUMORI_ISA_ON_VECTOR | PUMORI_ISA_ON_SCALAR | PUMORI_ISA_ON_GPSIMD)

/** enum pumori_isa_format - which member of the instruction's union an opcode uses */
enum pumori_isa_format {
	PUMORI_ISA_FORMAT_CONTROL = 0,
	PUMORI_ISA_FORMAT_COMPUTE = 1,
	PUMORI_ISA_FORMAT_DMA = 2,
};

/**
 * PUMORI_ISA_OPCODES() - the closed table of opcodes
 * @X: macro that makes what is wanted of a row
 *
 * X(name, value, mnemonic, streams, format, inputs, has_output)
 * @inputs counts the tensor inputs that must be present; optional [P,1] operands (bias, scale) may
 * follow, see the opcode's page. Zero is not an opcode: memory of zeros faults.
 */
#define PUMORI_ISA_OPCODES(X) \
	X(NOP,               1, "nop",               PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(END,               2, "end",               PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(LOOP_BEGIN,        3, "loop",              PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(LOOP_END,          4, "endloop",           PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(BRANCH,            5, "branch",            PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(REGISTER_SET,      6, "set",               PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(REGISTER_ALU,      7, "alu",               PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(REGISTER_LOAD,     8, "load",              PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(REGISTER_SCALAR,   9, "scalar",            PUMORI_ISA_ON_ANY, CONTROL, 0, 0) \
	X(LOAD_STATIONARY,  16, "load_stationary",   PUMORI_ISA_ON_TENSOR, COMPUTE, 1, 0) \
	X(MULTIPLY_MOVING,  17, "multiply_moving",   PUMORI_ISA_ON_TENSOR, COMPUTE, 1, 1) \
	X(TENSOR_TENSOR,    32, "tensor_tensor",     PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 2, 1) \
	X(TENSOR_SCALAR,    33, "tensor_scalar",     PUMORI_ISA_ON_COPYING, COMPUTE, 1, 1) \
	X(SCALAR_TENSOR_TENSOR, 34, "scalar_tensor_tensor", PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 2, 1) \
	X(COPY,             35, "copy",              PUMORI_ISA_ON_COPYING, COMPUTE, 1, 1) \
	X(MEMSET,           36, "memset",            PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 0, 1) \
	X(SELECT,           37, "select",            PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 3, 1) \
	X(REDUCE,           38, "reduce",            PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 1, 1) \
	X(SCAN,             39, "scan",              PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 1, 1) \
	X(TRANSPOSE,        40, "transpose",         PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 1, 1) \
	X(WINDOW_MULTIPLY,  41, "window_multiply",   PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 2, 1) \
	X(WINDOW_MAX,       42, "window_max",        PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 1, 1) \
	X(WINDOW_SUM,       43, "window_sum",        PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 1, 1) \
	X(QUANTIZE,         44, "quantize",          PUMORI_ISA_ON_COPYING, COMPUTE, 1, 1) \
	X(ACTIVATE,         48, "activate",          PUMORI_ISA_ON_SCALAR, COMPUTE, 1, 1) \
	X(IOTA,             56, "iota",              PUMORI_ISA_ON_GPSIMD, COMPUTE, 0, 1) \
	X(GATHER,           57, "gather",            PUMORI_ISA_ON_GPSIMD, COMPUTE, 2, 1) \
	X(SCATTER,          58, "scatter",           PUMORI_ISA_ON_GPSIMD, COMPUTE, 2, 1) \
	X(RANDOM,           59, "random",            PUMORI_ISA_ON_ELEMENTWISE, COMPUTE, 0, 1) \
	X(DMA_COPY,         64, "dma_copy",          PUMORI_ISA_ON_DMA, DMA, 1, 1) \
	X(DMA_GATHER,       65, "dma_gather",        PUMORI_ISA_ON_DMA, DMA, 2, 1) \
	X(DMA_SCATTER,      66, "dma_scatter",       PUMORI_ISA_ON_DMA, DMA, 2, 1)

enum pumori_isa_opcode {
#define PUMORI_ISA_ROW(name, value, mnemonic, streams, format, inputs, output) PUMORI_ISA_##name = value,
	PUMORI_ISA_OPCODES(PUMORI_ISA_ROW)
#undef PUMORI_ISA_ROW
};
#define PUMORI_ISA_OPCODE_LIMIT		128	/* every opcode is below */

/**
 * PUMORI_ISA_ALU_OPS() - binary operations of the VECTOR and GPSIMD engines
 * @X: macro that makes what is wanted of a row
 *
 * X(name, value, mnemonic). In floating point a op b is one IEEE operation, nearest-even.
 * MAX is (a > b ? a : b), MIN is (a < b ? a : b), also for NaN and signed zeros. Comparisons and
 * logical operations give 0 or 1 in the output's type. Bit operations and shifts need an integer
 * compute type; a shift count is taken modulo the width. Integer DIVIDE truncates, by zero gives 0;
 * MODULO takes the dividend's sign (C), MODULO_FLOOR the divisor's.
 */
#define PUMORI_ISA_ALU_OPS(X) \
	X(BYPASS, 0, "bypass") \
	X(ADD, 1, "add") \
	X(SUBTRACT, 2, "subtract") \
	X(MULTIPLY, 3, "multiply") \
	X(DIVIDE, 4, "divide") \
	X(MAX, 5, "max") \
	X(MIN, 6, "min") \
	X(POWER, 7, "power") \
	X(MODULO, 8, "modulo") \
	X(MODULO_FLOOR, 9, "modulo_floor") \
	X(EQUAL, 16, "equal") \
	X(NOT_EQUAL, 17, "not_equal") \
	X(LESS, 18, "less") \
	X(LESS_EQUAL, 19, "less_equal") \
	X(GREATER, 20, "greater") \
	X(GREATER_EQUAL, 21, "greater_equal") \
	X(LOGICAL_AND, 24, "logical_and") \
	X(LOGICAL_OR, 25, "logical_or") \
	X(LOGICAL_XOR, 26, "logical_xor") \
	X(BIT_AND, 32, "bit_and") \
	X(BIT_OR, 33, "bit_or") \
	X(BIT_XOR, 34, "bit_xor") \
	X(SHIFT_LEFT, 35, "shift_left") \
	X(SHIFT_RIGHT_LOGICAL, 36, "shift_right_logical") \
	X(SHIFT_RIGHT_ARITHMETIC, 37, "shift_right_arithmetic")

enum pumori_isa_alu_op {
#define PUMORI_ISA_ROW(name, value, mnemonic) PUMORI_ISA_ALU_##name = value,
	PUMORI_ISA_ALU_OPS(PUMORI_ISA_ROW)
#undef PUMORI_ISA_ROW
};
#define PUMORI_ISA_ALU_LIMIT		64

/**
 * PUMORI_ISA_FUNCTIONS() - functions of ACTIVATE
 * @X: macro that makes what is wanted of a row
 *
 * X(name, value, mnemonic). The argument is v = in0 * scale + bias as one FMA. Each function is a
 * documented sequence of IEEE operations (Documentation/isa.md), the same on every host.
 * CLAMP is min(max(v, imm0), imm1); LEAKY_RELU v < 0 ? v * imm0 : v;
 * HARD_SWISH v * min(max(v * imm0 + imm1, 0), 1).
 */
#define PUMORI_ISA_FUNCTIONS(X) \
	X(IDENTITY, 0, "identity") \
	X(RELU, 1, "relu") \
	X(LEAKY_RELU, 2, "leaky_relu") \
	X(CLAMP, 3, "clamp") \
	X(HARD_SWISH, 4, "hard_swish") \
	X(EXP, 5, "exp") \
	X(LOG, 6, "log") \
	X(TANH, 7, "tanh") \
	X(SIGMOID, 8, "sigmoid") \
	X(SILU, 9, "silu") \
	X(ERF, 10, "erf") \
	X(GELU, 11, "gelu") \
	X(GELU_TANH, 12, "gelu_tanh") \
	X(SOFTPLUS, 13, "softplus") \
	X(SQRT, 14, "sqrt") \
	X(RSQRT, 15, "rsqrt") \
	X(RECIPROCAL, 16, "reciprocal") \
	X(SQUARE, 17, "square") \
	X(ABS, 18, "abs") \
	X(SIGN, 19, "sign") \
	X(FLOOR, 20, "floor") \
	X(CEIL, 21, "ceil") \
	X(ROUND, 22, "round") \
	X(TRUNCATE, 23, "truncate") \
	X(SIN, 24, "sin") \
	X(COS, 25, "cos")

enum pumori_isa_function {
#define PUMORI_ISA_ROW(name, value, mnemonic) PUMORI_ISA_FUNCTION_##name = value,
	PUMORI_ISA_FUNCTIONS(PUMORI_ISA_ROW)
#undef PUMORI_ISA_ROW
};
#define PUMORI_ISA_FUNCTION_LIMIT	32

/* Bindings: what moves an operand's address, a wait's value or a count at run time. */
#define PUMORI_ISA_BIND_NONE		0
#define PUMORI_ISA_BIND_LOOP(level)	(1 + (level))		/* counter of loop level 0..7 */
#define PUMORI_ISA_BIND_REGISTER(r)	(0x40 | (r))		/* register r, as signed 32 bits */

/**
 * struct pumori_isa_operand - an access pattern in SBUF or PSUM
 *
 * Element (p, i0..i3) lies in partition @partition_start + p * @partition_step at byte
 * @offset + sum(i * @step) * size of @dtype + sum(bound value * @bind_stride).
 * A compute instruction walks partitions, then dimension 0 (outermost) to 3 (innermost).
 */
struct pumori_isa_operand {
	/** @space: enum pumori_isa_space; UNUSED means that the operand is absent and all zero */
	__u8 space;
	/** @dtype: enum pumori_isa_dtype */
	__u8 dtype;
	/** @partition_start: first partition, 0..127 */
	__u8 partition_start;
	/** @partition_count: partitions, 1..128 */
	__u8 partition_count;
	/** @partition_step: 1, or 0 to read one partition for all (inputs only) */
	__u8 partition_step;
	/** @dims: dimensions used, 1..4; they fill count[] and step[] from index 0, the rest is zero */
	__u8 dims;
	/** @bind: PUMORI_ISA_BIND_*, each moves the address by its stride */
	__u8 bind[2];
	/** @offset: bytes from the start of the partition, a multiple of the element size */
	__u32 offset;
	/** @count: elements per dimension, 1..65535 */
	__u16 count[4];
	/** @step: elements from one index to the next; 0 repeats (inputs only) */
	__s32 step[4];
	/** @bind_stride: bytes per unit of the bound value */
	__s32 bind_stride[2];
	/** @reserved: must be zero */
	__u32 reserved;
};

/**
 * struct pumori_isa_dma_side - source or destination of a DMA
 *
 * Both sides hold the same number of elements and are walked in row-major order (SBUF: partition
 * outermost), each by its own shape. The element type may differ: the DMA casts.
 */
struct pumori_isa_dma_side {
	/** @space: SBUF or MEMORY */
	__u8 space;
	/** @dtype: enum pumori_isa_dtype */
	__u8 dtype;
	/** @partition_start: SBUF: first partition; MEMORY: zero */
	__u8 partition_start;
	/** @partition_count: SBUF: partitions, 1..128; MEMORY: zero */
	__u8 partition_count;
	/** @partition_step: SBUF: 1, or 0 (source only); MEMORY: zero */
	__u8 partition_step;
	/** @dims: 1..4 in SBUF, 1..5 in MEMORY */
	__u8 dims;
	/** @bind: PUMORI_ISA_BIND_* */
	__u8 bind[2];
	/** @offset: bytes from the start of the partition or of the variable */
	__u64 offset;
	/** @variable: MEMORY: index into the job's variable table */
	__u16 variable;
	/** @flags: PUMORI_ISA_DMA_STREAM or zero */
	__u16 flags;
	/** @count: elements per dimension */
	__u32 count[5];
	/** @step: elements from one index to the next */
	__s32 step[5];
	/** @reserved: must be zero */
	__u32 reserved;
	/** @bind_stride: bytes per unit of the bound value */
	__s64 bind_stride[2];
};

/*
 * pumori_isa_dma_side.flags, destinations of DMA_COPY from MEMORY to SBUF without a cast: what is moved is
 * consumed by one instruction with STREAMED, whose in0 is the same pattern, and is undefined for any other.
 */
#define PUMORI_ISA_DMA_STREAM		(1u << 0)

/** struct pumori_isa_wait - hold the instruction until a semaphore has reached a value */
struct pumori_isa_wait {
	/** @semaphore: 0..255 */
	__u8 semaphore;
	/** @bind: PUMORI_ISA_BIND_NONE or _LOOP: moves @value by @step for each iteration */
	__u8 bind;
	/** @reserved: must be zero */
	__u16 reserved;
	/** @value: semaphore >= @value + bound value * @step, in 32 bits without wrap */
	__u32 value;
	/** @step: added per unit of the bound value; zero when not bound */
	__u32 step;
};

/* pumori_isa_instruction.flags */
#define PUMORI_ISA_WAIT0		(1u << 0)	/* wait[0] counts */
#define PUMORI_ISA_WAIT1		(1u << 1)
#define PUMORI_ISA_SIGNAL		(1u << 2)	/* signal when the results are visible */
#define PUMORI_ISA_FLAGS		0x07u

/* pumori_isa_compute.modifiers */
#define PUMORI_ISA_ACCUMULATE		(1u << 0)	/* MULTIPLY_MOVING: add to PSUM, else overwrite; WINDOW_*: add to out */
#define PUMORI_ISA_LOAD_TRANSPOSED	(1u << 1)	/* LOAD_STATIONARY: in0 is [M][K] */
#define PUMORI_ISA_BUFFER1		(1u << 2)	/* stationary buffer 1, else 0 */
#define PUMORI_ISA_REVERSE0		(1u << 3)	/* op0 with its operands exchanged */
#define PUMORI_ISA_REVERSE1		(1u << 4)	/* op1 with its operands exchanged */
#define PUMORI_ISA_CHECK_NAN		(1u << 5)	/* count outputs that are NaN or Inf in the job's status */
#define PUMORI_ISA_SCAN_EXCLUSIVE	(1u << 6)
#define PUMORI_ISA_SCAN_REVERSE		(1u << 7)
#define PUMORI_ISA_SCATTER_ADD		(1u << 8)
#define PUMORI_ISA_STOCHASTIC		(1u << 9)	/* COPY: rounds up or down by chance */
#define PUMORI_ISA_STREAMED		(1u << 10)	/* MULTIPLY_MOVING: in0 is a STREAM destination, consumed here */
#define PUMORI_ISA_MODIFIERS		0x7ffu

/**
 * struct pumori_isa_compute - operands of TENSOR, VECTOR, SCALAR and GPSIMD instructions
 *
 * What each opcode reads (counts of inputs equal those of @out unless it says otherwise; a [P,1]
 * operand has one element a partition, FP32 or the compute type):
 *
 * - LOAD_STATIONARY: in0 [K partitions][M], or with LOAD_TRANSPOSED [M partitions][K].
 * - MULTIPLY_MOVING: in0 [K][N], out PSUM FP32 [M][N]; any type of floating point; K and M must be those last loaded into the buffer.
 *   INT8 and UINT8, each by each: out INT32, compute type INT32, zero points of the stationary and the
 *   moving matrix in1 and in2 ([M,1], INT32) or imm0 and imm1.
 * - TENSOR_TENSOR: out = in0 op0 in1.
 * - TENSOR_SCALAR: out = (in0 op0 s0) op1 s1, s0 = in1 [P,1] or imm0, s1 = in2 [P,1] or imm1.
 * - SCALAR_TENSOR_TENSOR: out = (in0 op0 s0) op1 in1, s0 = in2 [P,1] or imm0.
 * - COPY: out = in0, cast. Equal types move bits. STOCHASTIC: to BF16, FP16 or FP8, rounded up or down by
 *   chance; the seed is in1 [P,1] (INT32) or imm0.
 * - MEMSET: out = imm0, bits of the compute type, cast.
 * - SELECT: out = in0 != 0 ? in1 : in2.
 * - REDUCE: op0 (ADD, MULTIPLY, MAX, MIN, LOGICAL_AND/OR, BIT_*) over the last @axes dimensions of in0;
 *   out has the leading dims - axes dimensions (or one of count 1).
 * - SCAN: running op0 along the innermost dimension.
 * - TRANSPOSE: out[i][p] = in0[p][i]: in0 [P][F], out [F partitions][P], F <= 128, same type.
 * - WINDOW_MULTIPLY: in0 {oy, ox, ky, kx} (its pattern carries stride and dilation), in1 [P]{ky, kx},
 *   in2 optional [P,1] bias: out[oy][ox] = sum of taps in ascending order, each one FMA, starting from
 *   the bias (or out with ACCUMULATE); then op0 imm0, op1 imm1 (both with REVERSE available).
 * - WINDOW_MAX, WINDOW_SUM: same without weights; then op0 imm0, op1 imm1.
 * - QUANTIZE: out (INT8, UINT8, INT16, UINT16) = min(max(round((in0 + b) op0 s) + z, imm2), imm3); op0
 *   MULTIPLY or DIVIDE, compute type FP32; s = in1 (FP32) or imm0; in0 INT32: b = in2 (INT32) or 0,
 *   z = imm1; any other in0: b = 0, z = in2 or imm1. in1 and in2 are [P,1] or have the shape of out.
 * - ACTIVATE: out = function(in0 * s + b), s = in1 [P,1] or imm2, b = in2 [P,1] or imm3;
 *   imm0 and imm1 are the function's parameters. With @accumulator_space set, the sum of the outputs
 *   (before the cast) of each partition is stored as one FP32.
 * - IOTA: out = imm0 + p * imm1 + flattened index * imm2, exact in the compute type.
 * - GATHER: out[p][i] = in0[p][in1[p][i]]; in0 one dimension, in1 integers, negative counts from the end,
 *   out of bounds is a fault.
 * - RANDOM: out = random bits (compute type INT32) or numbers in [0, 1) (FP32); the seed is in0 [P,1] (INT32)
 *   or imm0.
 * - SCATTER: out[p][in1[p][i]] = in0[p][i] in ascending i; out one dimension; SCATTER_ADD adds.
 */
struct pumori_isa_compute {
	/** @out: result */
	struct pumori_isa_operand out;
	/** @in: inputs */
	struct pumori_isa_operand in[3];
	/** @op0: enum pumori_isa_alu_op; ACTIVATE: enum pumori_isa_function */
	__u8 op0;
	/** @op1: enum pumori_isa_alu_op */
	__u8 op1;
	/** @compute: FP32, INT32 or (GPSIMD only) INT64: inputs are cast to it, results from it */
	__u8 compute;
	/** @axes: REDUCE: trailing dimensions to reduce, 1..4 */
	__u8 axes;
	/** @modifiers: PUMORI_ISA_ACCUMULATE and the others above */
	__u16 modifiers;
	/** @accumulator_space: ACTIVATE: UNUSED or SBUF */
	__u8 accumulator_space;
	/** @reserved: must be zero */
	__u8 reserved;
	/** @accumulator_offset: ACTIVATE: byte offset in the output's partitions, multiple of 4 */
	__u32 accumulator_offset;
	/** @imm: immediates, bits of FP32 or of a 32-bit integer as the compute type says */
	__u32 imm[4];
	/** @reserved2: must be zero */
	__u32 reserved2;
};

/**
 * struct pumori_isa_dma - operands of DMA instructions
 *
 * - DMA_COPY: destination = source.
 * - DMA_GATHER: destination row i = source row index[i]: the source is MEMORY, its dimension 0 is
 *   the row (count = number of rows addressable, step = row pitch); index is SBUF, one partition,
 *   integers, one element for each row of the destination; negative counts from the end, out of
 *   bounds is a fault.
 * - DMA_SCATTER: destination (MEMORY) row index[i] = source row i.
 * A cast from 64-bit to 32-bit integers that would change the value is a fault.
 */
struct pumori_isa_dma {
	/** @destination: where to */
	struct pumori_isa_dma_side destination;
	/** @source: where from */
	struct pumori_isa_dma_side source;
	/** @index: DMA_GATHER, DMA_SCATTER */
	struct pumori_isa_operand index;
};

/* pumori_isa_control.compare */
#define PUMORI_ISA_COMPARE_ALWAYS	0
#define PUMORI_ISA_COMPARE_EQUAL	1
#define PUMORI_ISA_COMPARE_NOT_EQUAL	2
#define PUMORI_ISA_COMPARE_LESS		3	/* signed */
#define PUMORI_ISA_COMPARE_GREATER_EQUAL 4	/* signed */

/**
 * struct pumori_isa_control - operands of control instructions
 *
 * - LOOP_BEGIN: @level must be the current nesting depth; runs the body @count times, or register
 *   @source times when @use_register (then @count is the bound; more or negative is a fault; zero
 *   skips the body).
 * - LOOP_END: closes @level.
 * - BRANCH: to instruction @target (index within the stream) when register @source compares with
 *   @immediate, or with register @source2 when @use_register. Target and branch share one loop body.
 * - REGISTER_SET: register @destination = @immediate.
 * - REGISTER_ALU: register @destination = register @source @operation (@immediate, or register
 *   @source2 when @use_register); enum pumori_isa_alu_op on signed 32 bits.
 * - REGISTER_LOAD: register @destination = first element of @operand (INT32, SBUF).
 * - REGISTER_SCALAR: register @destination = job scalar @immediate.
 */
struct pumori_isa_control {
	/** @level: loop level, 0..7 */
	__u8 level;
	/** @use_register: 0 or 1 */
	__u8 use_register;
	/** @compare: PUMORI_ISA_COMPARE_* */
	__u8 compare;
	/** @operation: enum pumori_isa_alu_op */
	__u8 operation;
	/** @destination: register, 0..63 */
	__u8 destination;
	/** @source: register, 0..63 */
	__u8 source;
	/** @source2: register, 0..63 */
	__u8 source2;
	/** @reserved: must be zero */
	__u8 reserved;
	/** @count: iterations, or their bound */
	__u32 count;
	/** @target: instruction index within the stream */
	__u32 target;
	/** @immediate: constant */
	__s32 immediate;
	/** @reserved2: must be zero */
	__u32 reserved2;
	/** @operand: REGISTER_LOAD */
	struct pumori_isa_operand operand;
};

/** struct pumori_isa_instruction - 256 bytes; whatever an opcode does not use must be zero */
struct pumori_isa_instruction {
	/** @opcode: enum pumori_isa_opcode */
	__u16 opcode;
	/** @flags: PUMORI_ISA_WAIT0 and the others above */
	__u8 flags;
	/** @signal_increment: SIGNAL: added to the semaphore, 1..255 */
	__u8 signal_increment;
	/** @signal_semaphore: SIGNAL: 0..255; only one stream may signal a given semaphore */
	__u8 signal_semaphore;
	/** @signal_core: must be zero (peers of a core group will be named here) */
	__u8 signal_core;
	/** @reserved: must be zero */
	__u16 reserved;
	/** @wait: conditions to start */
	struct pumori_isa_wait wait[2];
	union {
		struct pumori_isa_compute compute;
		struct pumori_isa_dma dma;
		struct pumori_isa_control control;
		__u8 bytes[224];
	};
};

/*
 * A program image: what PROGRAM_CREATE copies and a core's LOAD_PROGRAM command decodes.
 * Header, entries, streams, then instructions from a multiple of 256 bytes on.
 */
#define PUMORI_ISA_PROGRAM_MAGIC	0x504d5550u	/* "PUMP" */

/** struct pumori_isa_program - header of a program image */
struct pumori_isa_program {
	/** @magic: PUMORI_ISA_PROGRAM_MAGIC */
	__u32 magic;
	/** @version_major: PUMORI_ISA_VERSION_MAJOR */
	__u16 version_major;
	/** @version_minor: oldest minor version that understands the program */
	__u16 version_minor;
	/** @features: PUMORI_HW_FEATURE_* bits that the program needs */
	__u64 features;
	/** @entries: elements of the entry table, which follows the header */
	__u32 entries;
	/** @streams: elements of the stream table, which follows the entries */
	__u32 streams;
	/** @instructions: number of instructions */
	__u32 instructions;
	/** @instructions_offset: bytes from the start of the image, multiple of 256 */
	__u32 instructions_offset;
	/** @sbuf_bytes: SBUF used per partition; no operand may reach beyond */
	__u32 sbuf_bytes;
	/** @psum_bytes: PSUM used per partition */
	__u32 psum_bytes;
	/** @reserved: must be zero */
	__u32 reserved[6];
};

/** struct pumori_isa_entry - an entry point: the streams that one job runs */
struct pumori_isa_entry {
	/** @first_stream: index into the stream table: entries own consecutive streams, in order and without a gap */
	__u32 first_stream;
	/** @stream_count: 1..PUMORI_ISA_STREAMS, each stream id at most once */
	__u32 stream_count;
	/** @variables: size of the variable table that a job must bring */
	__u32 variables;
	/** @scalars: job scalars that the entry reads */
	__u32 scalars;
	/** @flags: PUMORI_ISA_ENTRY_* */
	__u32 flags;
	/** @reserved: must be zero */
	__u32 reserved[3];
};

#define PUMORI_ISA_ENTRY_PRELOAD	(1u << 0)	/* fills SBUF with what later entries expect there */
#define PUMORI_ISA_ENTRY_NEEDS_PRELOAD	(1u << 1)	/* expects SBUF as a preload entry of this program left it */
#define PUMORI_ISA_ENTRY_RESTARTABLE	(1u << 2)	/* writes no state in place: may be run again from its start */

/** struct pumori_isa_stream_entry - one stream of instructions */
struct pumori_isa_stream_entry {
	/** @stream: enum pumori_isa_stream, DMA queue q is PUMORI_ISA_DMA0 + q */
	__u32 stream;
	/** @first: its first instruction: streams own consecutive instructions, in order and without a gap */
	__u32 first;
	/** @count: instructions; the last one is END or an unconditional BRANCH */
	__u32 count;
	/** @reserved: must be zero */
	__u32 reserved;
};

#endif
