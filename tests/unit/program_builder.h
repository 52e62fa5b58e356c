/* SPDX-License-Identifier: MIT */
/* Builds program images instruction by instruction, for tests that need one by hand. */
#ifndef PUMORI_TESTS_PROGRAM_BUILDER_H
#define PUMORI_TESTS_PROGRAM_BUILDER_H

#include <pumori/isa.h>
#include <stddef.h>

#define PROGRAM_ENTRIES		8
#define PROGRAM_STREAMS		64
#define PROGRAM_INSTRUCTIONS	2048

/** struct program - an image being built */
struct program {
	struct pumori_isa_program header;
	struct pumori_isa_entry entry[PROGRAM_ENTRIES];
	struct pumori_isa_stream_entry stream[PROGRAM_STREAMS];
	struct pumori_isa_instruction instruction[PROGRAM_INSTRUCTIONS];
};

/** program_begin - an empty program with a footprint per partition */
void program_begin(struct program *program, unsigned int sbuf_bytes, unsigned int psum_bytes);
/** program_entry - open the next entry */
void program_entry(struct program *program, unsigned int variables, unsigned int scalars,
		   unsigned int flags);
/** program_stream - open the next stream of the entry */
void program_stream(struct program *program, unsigned int stream);
/**
 * program_add - append an instruction to the stream; it may be filled in until the image is written
 */
struct pumori_isa_instruction *program_add(struct program *program, unsigned int opcode);
/** program_write - the finished image, to be freed by the caller */
void *program_write(const struct program *program, size_t *bytes);

/* Parts of an instruction. */
struct pumori_isa_instruction *with_wait(struct pumori_isa_instruction *instruction,
					 unsigned int which, unsigned int semaphore,
					 unsigned int value);
struct pumori_isa_instruction *with_signal(struct pumori_isa_instruction *instruction,
					   unsigned int semaphore, unsigned int increment);
/** sbuf_row - a contiguous row of @count elements in each of @partitions */
struct pumori_isa_operand sbuf_row(unsigned int dtype, unsigned int partition,
				   unsigned int partitions, unsigned int offset,
				   unsigned int count);
struct pumori_isa_operand psum_row(unsigned int dtype, unsigned int partition,
				   unsigned int partitions, unsigned int offset,
				   unsigned int count);
/** sbuf_side - the same as a side of a DMA */
struct pumori_isa_dma_side sbuf_side(unsigned int dtype, unsigned int partition,
				     unsigned int partitions, unsigned int offset,
				     unsigned int count);
/** memory_side - @count contiguous elements of a variable */
struct pumori_isa_dma_side memory_side(unsigned int dtype, unsigned int variable,
				       unsigned long long offset, unsigned int count);

/* Whole instructions. */
struct pumori_isa_instruction *add_end(struct program *program);
struct pumori_isa_instruction *add_loop(struct program *program, unsigned int level,
					unsigned int count);
struct pumori_isa_instruction *add_loop_end(struct program *program, unsigned int level);
struct pumori_isa_instruction *add_set(struct program *program, unsigned int destination, int value);
struct pumori_isa_instruction *add_alu(struct program *program, unsigned int operation,
				       unsigned int destination, unsigned int source,
				       int immediate);
struct pumori_isa_instruction *add_branch(struct program *program, unsigned int compare,
					  unsigned int source, int immediate, unsigned int target);
struct pumori_isa_instruction *add_dma(struct program *program,
				       struct pumori_isa_dma_side destination,
				       struct pumori_isa_dma_side source);
/** add_copy - COPY of FP32 rows on VECTOR or another copying stream */
struct pumori_isa_instruction *add_copy(struct program *program, struct pumori_isa_operand out,
					struct pumori_isa_operand in);

#endif
