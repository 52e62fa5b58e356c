/* SPDX-License-Identifier: MIT */
/* The passes over tile IR, in the order in which backend.c runs them. */
#ifndef PUMORI_COMPILER_BACKEND_PASSES_H
#define PUMORI_COMPILER_BACKEND_PASSES_H

#include "../backend.h"
#include "tile.h"

/*
 * Mark tiles that hold nothing but weights as preloaded, small ones first, as long as they take at
 * most @limit bytes of a partition together: an entry of its own then loads them once, and they stay
 * where they are between runs.
 */
int pumori_choose_preload(struct pumori_tile_program *program, uint64_t limit);
/* Is this one of the loads that the preload entry does? */
bool pumori_is_preload(const struct pumori_tile_program *program,
		       const struct pumori_tile_instruction *instruction);

/*
 * Give every tile an address by the life times of tiles in program order, and every memory tile a
 * variable; operands then hold absolute offsets. Returns -ENOSPC, without a diagnostic, when SBUF
 * does not hold all that lives at one time.
 */
int pumori_allocate(struct pumori_tile_program *program);

/*
 * Choose the stream of each instruction. On silicon, streams overlap: DMA spreads over queues and
 * copies over the engines that can do them. In software all streams share one thread.
 */
int pumori_assign_streams(struct pumori_tile_program *program, enum pumori_target target);

/*
 * Put the instructions into their streams' orders and make every dependence between streams a
 * signal and a wait. Needs addresses and streams.
 */
int pumori_insert_semaphores(struct pumori_tile_program *program);

/*
 * What an operand touches: partitions and bytes of SBUF or PSUM, or bytes of a variable. Valid once
 * operands hold absolute offsets.
 */
struct pumori_extent {
	uint8_t space;
	bool write;
	uint16_t variable;
	uint16_t first_partition, end_partition;
	uint64_t first_byte, end_byte;
};
#define PUMORI_EXTENTS_MAX 6
unsigned int pumori_instruction_extents(const struct pumori_tile_instruction *instruction,
					struct pumori_extent *extents);

/* The program image (struct pumori_isa_program and what follows), from malloc. */
int pumori_encode(struct pumori_tile_program *program, void **image, size_t *bytes);

/* Write the ELF file. */
int pumori_write_executable(struct pumori_tile_program *program, const void *image, size_t bytes,
			    const struct pumori_compile_options *options, const char *path);

/* Per node: instructions, multiply-accumulates, bytes, estimated cycles and what bounds it. */
void pumori_report(const struct pumori_tile_program *program, FILE *stream);
/* Multiply-accumulates and the estimate of cycles of the whole program. */
void pumori_count(const struct pumori_tile_program *program, uint64_t *macs, uint64_t *cycles);

uint32_t pumori_section_crc(const void *data, size_t bytes);

#endif
