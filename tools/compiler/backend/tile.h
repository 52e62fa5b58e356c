/* SPDX-License-Identifier: MIT */
/*
 * Tile IR: what the lowering functions build and the passes behind them place, order and encode.
 *
 * A tile is a piece of SBUF, PSUM or device memory without an address. An instruction is the ISA's
 * own, with operand offsets that count from the start of the tile each operand names. Program
 * order is the meaning: an instruction sees what all earlier ones wrote, on whatever stream either
 * is put later. Lowering functions therefore never think about addresses, engines' order or
 * semaphores.
 *
 * The first failure sticks in @error (with a diagnostic); later calls do nothing, so a lowering
 * function may run to its end and the driver looks once a node.
 */
#ifndef PUMORI_COMPILER_TILE_H
#define PUMORI_COMPILER_TILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <pumori/executable.h>
#include <pumori/isa.h>

#include "../graph.h"

#define PUMORI_NO_TILE UINT32_MAX
#define PUMORI_NO_STREAM 0xff

/* Tiles start at multiples of this many bytes of a partition, or of memory. */
#define PUMORI_TILE_ALIGNMENT 64

struct pumori_tile {
	enum pumori_isa_space space;
	enum pumori_executable_kind kind;	/* MEMORY only */
	uint64_t bytes;				/* of a partition; MEMORY: in all */
	const struct pumori_tensor *tensor;	/* inputs and outputs */
	uint64_t address;			/* allocation's result; weights: offset in the section */
	uint32_t first, last;			/* instructions that use it, while allocating */
	bool used;
	bool preloaded;				/* constants that stay in SBUF between runs */
};

/* Operands of a tile instruction that name tiles. */
enum {
	PUMORI_TILE_OUT = 0,		/* DMA: destination; also holds ACTIVATE's accumulator */
	PUMORI_TILE_IN0 = 1,		/* DMA: source */
	PUMORI_TILE_IN1 = 2,		/* DMA: index */
	PUMORI_TILE_IN2 = 3,
	PUMORI_TILE_ACCUMULATOR = 4,
	PUMORI_TILE_OPERANDS = 5,
};

struct pumori_tile_instruction {
	struct pumori_isa_instruction isa;
	uint32_t tiles[PUMORI_TILE_OPERANDS];
	uint32_t node;			/* index in the program's nodes */
	uint8_t stream;
};

/* Where instructions come from, for reports and the debug map. */
struct pumori_tile_node {
	const char *name;
	const char *operation;
};

struct pumori_tile_stream {
	uint32_t *order;		/* indices of program->instructions */
	uint32_t count;
	uint32_t first_pc;
};

struct pumori_tile_program {
	struct pumori_diagnostics *diagnostics;
	struct pumori_graph *graph;
	int error;

	struct pumori_tile *tiles;
	uint32_t tile_count, tile_capacity;
	struct pumori_tile_instruction *instructions;
	uint32_t instruction_count, instruction_capacity;
	struct pumori_tile_node *nodes;
	uint32_t node_count, node_capacity;
	uint32_t node;			/* current */

	uint8_t *weights;
	uint64_t weights_bytes, weights_capacity;

	/* Results of the passes. */
	uint64_t sbuf_bytes, psum_bytes, scratch_bytes;
	uint64_t preloaded_bytes;	/* of a partition, from address 0 on */
	struct pumori_tile_stream preload;	/* loads of preloaded tiles, in one queue */
	struct pumori_tile_stream streams[PUMORI_ISA_STREAMS];
	uint32_t variables;
	uint32_t scratch_variable, weights_variable;
};

struct pumori_tile_program *pumori_tile_program_create(struct pumori_graph *graph,
						       struct pumori_diagnostics *diagnostics);
void pumori_tile_program_destroy(struct pumori_tile_program *program);

/* From here on instructions belong to the node @name. */
void pumori_tile_begin_node(struct pumori_tile_program *program, const char *name,
			    const char *operation);

/* Record a failure (the first one stays). Returns @code. */
int pumori_tile_fail(struct pumori_tile_program *program, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

uint32_t pumori_tile_sbuf(struct pumori_tile_program *program, uint64_t bytes);
uint32_t pumori_tile_psum(struct pumori_tile_program *program, uint32_t banks);
uint32_t pumori_tile_scratch(struct pumori_tile_program *program, uint64_t bytes);
uint32_t pumori_tile_variable(struct pumori_tile_program *program,
			      enum pumori_executable_kind kind,
			      const struct pumori_tensor *tensor);
/*
 * Room for constants; *@data is where to write them and stays valid until the next call. NULL
 * after a failure.
 */
uint32_t pumori_tile_weights(struct pumori_tile_program *program, uint64_t bytes, void **data);

/*
 * Append an instruction and return it for filling, or NULL after a failure. All operands are
 * absent, all tiles unnamed. The pointer is valid until the next one is appended.
 */
struct pumori_tile_instruction *pumori_tile_append(struct pumori_tile_program *program,
						   enum pumori_isa_opcode opcode);

enum pumori_isa_dtype pumori_isa_type(enum pumori_element_type element);
unsigned int pumori_isa_bytes(unsigned int dtype);
bool pumori_isa_is_float(unsigned int dtype);
enum pumori_isa_format pumori_isa_opcode_format(unsigned int opcode);
const char *pumori_isa_opcode_name(unsigned int opcode);

/* Text form, one line an instruction (tile_print.c). */
void pumori_tile_print(const struct pumori_tile_program *program, FILE *stream);

#endif
