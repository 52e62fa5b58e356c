// SPDX-License-Identifier: MIT
/* The program image: one entry, its streams, their instructions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <pumori/hw.h>

#include "passes.h"

static bool is_preloading(const struct pumori_tile_program *program)
{
	return program->preload.count != 0;
}

/* The preload entry has one queue and one variable, the weights. */
static void add_preload(struct pumori_tile_program *program,
			struct pumori_isa_stream_entry *stream, uint32_t *pc)
{
	*stream = (struct pumori_isa_stream_entry){ .stream = PUMORI_ISA_DMA0,
						    .count = program->preload.count + 1 };
	program->preload.first_pc = 0;
	*pc = stream->count;
	for (uint32_t k = 0; k < program->preload.count; k++)
		program->instructions[program->preload.order[k]].isa.dma.source.variable = 0;
}

/* The streams of the run entry; a job has at least one, be it an empty one. */
static uint32_t add_streams(struct pumori_tile_program *program,
			    struct pumori_isa_stream_entry *streams, uint32_t *pc)
{
	uint32_t count = 0;

	for (uint32_t s = 0; s < PUMORI_ISA_STREAMS; s++) {
		struct pumori_tile_stream *stream = &program->streams[s];

		if (!stream->count && (s != PUMORI_ISA_SYNC || count))
			continue;
		stream->first_pc = *pc;
		streams[count++] = (struct pumori_isa_stream_entry){
			.stream = s, .first = *pc, .count = stream->count + 1 };
		*pc += stream->count + 1;
	}
	return count;
}

static struct pumori_isa_instruction *put_stream(const struct pumori_tile_program *program,
						 const struct pumori_tile_stream *stream,
						 struct pumori_isa_instruction *code)
{
	for (uint32_t k = 0; k < stream->count; k++)
		*code++ = program->instructions[stream->order[k]].isa;
	code->opcode = PUMORI_ISA_END;
	return code + 1;
}

int pumori_encode(struct pumori_tile_program *program, void **image, size_t *bytes)
{
	struct pumori_isa_program header = {
		.magic = PUMORI_ISA_PROGRAM_MAGIC, .version_major = PUMORI_ISA_VERSION_MAJOR,
		.version_minor = PUMORI_ISA_VERSION_MINOR, .features = PUMORI_HW_FEATURE_FP32,
		/* A program without tiles still needs a footprint for its decoder's bounds. */
		.sbuf_bytes = program->sbuf_bytes ? program->sbuf_bytes : PUMORI_TILE_ALIGNMENT,
		.psum_bytes = program->psum_bytes,
	};
	struct pumori_isa_entry entries[2];
	struct pumori_isa_stream_entry streams[PUMORI_ISA_STREAMS + 1];
	struct pumori_isa_instruction *code;
	struct pumori_isa_entry *run;
	char *at;
	size_t size;

	memset(entries, 0, sizeof(entries));
	memset(streams, 0, sizeof(streams));
	if (program->graph->cast_mode == PUMORI_CAST_BFLOAT16)
		header.features |= PUMORI_HW_FEATURE_BF16;
	if (is_preloading(program)) {
		add_preload(program, streams, &header.instructions);
		entries[0] = (struct pumori_isa_entry){ .stream_count = 1, .variables = 1,
							.flags = PUMORI_ISA_ENTRY_PRELOAD |
								 PUMORI_ISA_ENTRY_RESTARTABLE };
		header.entries = header.streams = 1;
	}
	run = &entries[header.entries++];
	run->first_stream = header.streams;
	run->stream_count = add_streams(program, streams + header.streams, &header.instructions);
	run->variables = program->variables;
	run->flags = (program->graph->state_count ? 0 : PUMORI_ISA_ENTRY_RESTARTABLE) |
		     (is_preloading(program) ? PUMORI_ISA_ENTRY_NEEDS_PRELOAD : 0);
	header.streams += run->stream_count;
	size = sizeof(header) + header.entries * sizeof(entries[0]) +
	       header.streams * sizeof(streams[0]);
	header.instructions_offset = (size + PUMORI_ISA_INSTRUCTION_BYTES - 1) /
				     PUMORI_ISA_INSTRUCTION_BYTES * PUMORI_ISA_INSTRUCTION_BYTES;
	*bytes = header.instructions_offset +
		 (size_t)header.instructions * PUMORI_ISA_INSTRUCTION_BYTES;
	at = calloc(1, *bytes);
	*image = at;
	if (!at)
		return pumori_tile_fail(program, -ENOMEM, "memory");
	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), entries, header.entries * sizeof(entries[0]));
	memcpy(at + sizeof(header) + header.entries * sizeof(entries[0]), streams,
	       header.streams * sizeof(streams[0]));
	code = (struct pumori_isa_instruction *)(at + header.instructions_offset);
	if (is_preloading(program))
		code = put_stream(program, &program->preload, code);
	for (uint32_t s = 0; s < run->stream_count; s++)
		code = put_stream(program,
				  &program->streams[streams[run->first_stream + s].stream], code);
	return 0;
}
