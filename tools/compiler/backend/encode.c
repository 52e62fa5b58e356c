// SPDX-License-Identifier: MIT
/* The program image: one entry, its streams, their instructions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pumori/hw.h>

#include "passes.h"

int pumori_encode(struct pumori_tile_program *program, void **image, size_t *bytes)
{
	struct pumori_isa_program header = {
		.magic = PUMORI_ISA_PROGRAM_MAGIC, .version_major = PUMORI_ISA_VERSION_MAJOR,
		.version_minor = PUMORI_ISA_VERSION_MINOR, .features = PUMORI_HW_FEATURE_FP32,
		.entries = 1,
		/* A program without tiles still needs a footprint for its decoder's bounds. */
		.sbuf_bytes = program->sbuf_bytes ? program->sbuf_bytes : PUMORI_TILE_ALIGNMENT,
		.psum_bytes = program->psum_bytes,
	};
	struct pumori_isa_entry entry = { .variables = program->variables,
					  .flags = PUMORI_ISA_ENTRY_RESTARTABLE };
	struct pumori_isa_stream_entry streams[PUMORI_ISA_STREAMS];
	struct pumori_isa_instruction *code;
	uint32_t pc = 0;
	size_t size;

	memset(streams, 0, sizeof(streams));
	if (program->graph->cast_mode == PUMORI_CAST_BFLOAT16)
		header.features |= PUMORI_HW_FEATURE_BF16;
	for (uint32_t s = 0; s < PUMORI_ISA_STREAMS; s++) {
		struct pumori_tile_stream *stream = &program->streams[s];

		/* A job has at least one stream, be it an empty one. */
		if (!stream->count && s != PUMORI_ISA_SYNC)
			continue;
		if (!stream->count && header.streams)
			continue;
		stream->first_pc = pc;
		streams[header.streams++] = (struct pumori_isa_stream_entry){
			.stream = s, .first = pc, .count = stream->count + 1 };
		pc += stream->count + 1;
	}
	entry.stream_count = header.streams;
	header.instructions = pc;
	size = sizeof(header) + sizeof(entry) + header.streams * sizeof(streams[0]);
	header.instructions_offset = (size + PUMORI_ISA_INSTRUCTION_BYTES - 1) /
				     PUMORI_ISA_INSTRUCTION_BYTES * PUMORI_ISA_INSTRUCTION_BYTES;
	*bytes = header.instructions_offset + (size_t)pc * PUMORI_ISA_INSTRUCTION_BYTES;
	*image = calloc(1, *bytes);
	if (!*image)
		return pumori_tile_fail(program, -ENOMEM, "memory");
	memcpy(*image, &header, sizeof(header));
	memcpy((char *)*image + sizeof(header), &entry, sizeof(entry));
	memcpy((char *)*image + sizeof(header) + sizeof(entry), streams,
	       header.streams * sizeof(streams[0]));
	code = (struct pumori_isa_instruction *)((char *)*image + header.instructions_offset);
	for (uint32_t i = 0; i < header.streams; i++) {
		const struct pumori_tile_stream *stream = &program->streams[streams[i].stream];

		for (uint32_t k = 0; k < stream->count; k++)
			*code++ = program->instructions[stream->order[k]].isa;
		code++->opcode = PUMORI_ISA_END;
	}
	return 0;
}
