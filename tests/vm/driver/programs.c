/* SPDX-License-Identifier: MIT */
/*
 * Small programs, encoded by hand.
 */
#include <stdlib.h>
#include <string.h>

#include "driver_test.h"

#define CODE_OFFSET 256u

bool image_create(struct image *image, uint32_t instructions, uint32_t variables)
{
	image->size = CODE_OFFSET + (size_t)instructions * PUMORI_ISA_INSTRUCTION_BYTES;
	image->bytes = calloc(1, image->size);
	if (!image->bytes)
		return false;
	image->header = (struct pumori_isa_program *)image->bytes;
	image->entry = (struct pumori_isa_entry *)(image->header + 1);
	image->stream = (struct pumori_isa_stream_entry *)(image->entry + 1);
	image->code = (struct pumori_isa_instruction *)(image->bytes + CODE_OFFSET);
	image->header->magic = PUMORI_ISA_PROGRAM_MAGIC;
	image->header->version_major = PUMORI_ISA_VERSION_MAJOR;
	image->header->version_minor = PUMORI_ISA_VERSION_MINOR;
	image->header->entries = 1;
	image->header->streams = 1;
	image->header->instructions = instructions;
	image->header->instructions_offset = CODE_OFFSET;
	image->header->sbuf_bytes = PUMORI_ISA_SBUF_BYTES;
	image->entry->stream_count = 1;
	image->entry->variables = variables;
	image->stream->stream = PUMORI_ISA_DMA0;
	image->stream->count = instructions;
	return true;
}

void image_destroy(struct image *image)
{
	free(image->bytes);
	memset(image, 0, sizeof(*image));
}

static void memory_side(struct pumori_isa_dma_side *side, uint16_t variable, uint32_t bytes)
{
	side->space = PUMORI_ISA_MEMORY;
	side->dtype = PUMORI_ISA_UINT8;
	side->dims = 1;
	side->variable = variable;
	side->count[0] = bytes;
	side->step[0] = 1;
}

static void sbuf_side(struct pumori_isa_dma_side *side, uint32_t bytes)
{
	side->space = PUMORI_ISA_SBUF;
	side->dtype = PUMORI_ISA_UINT8;
	side->partition_count = PUMORI_ISA_PARTITIONS;
	side->partition_step = 1;
	side->dims = 1;
	side->count[0] = bytes / PUMORI_ISA_PARTITIONS;
	side->step[0] = 1;
}

bool image_copy(struct image *image, uint32_t bytes, uint32_t repeats)
{
	uint32_t pc = 0;

	if (!image_create(image, repeats > 1 ? 5 : 3, 2))
		return false;
	if (repeats > 1) {
		image->code[pc].opcode = PUMORI_ISA_LOOP_BEGIN;
		image->code[pc++].control.count = repeats;
	}
	image->code[pc].opcode = PUMORI_ISA_DMA_COPY;
	memory_side(&image->code[pc].dma.source, 0, bytes);
	sbuf_side(&image->code[pc++].dma.destination, bytes);
	image->code[pc].opcode = PUMORI_ISA_DMA_COPY;
	sbuf_side(&image->code[pc].dma.source, bytes);
	memory_side(&image->code[pc++].dma.destination, 1, bytes);
	if (repeats > 1)
		image->code[pc++].opcode = PUMORI_ISA_LOOP_END;
	image->code[pc].opcode = PUMORI_ISA_END;
	return true;
}

bool image_spin(struct image *image)
{
	if (!image_create(image, 2, 0))
		return false;
	image->code[0].opcode = PUMORI_ISA_NOP;
	image->code[1].opcode = PUMORI_ISA_BRANCH;
	return true;
}

bool image_deadlock(struct image *image)
{
	if (!image_create(image, 2, 0))
		return false;
	image->code[0].opcode = PUMORI_ISA_NOP;
	image->code[0].flags = PUMORI_ISA_WAIT0;
	image->code[0].wait[0].value = 1;
	image->code[1].opcode = PUMORI_ISA_END;
	return true;
}
