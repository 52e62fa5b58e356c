// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Program images: header, entry table, stream table, instructions.
 *
 * Entries own consecutive streams and streams own consecutive instructions, both without a gap, so
 * that one pass over the image meets every instruction in the context of its entry and its stream.
 */
#include "helpers.h"
#include "program.h"
#include "silicon.h"

static enum silicon_refusal check_header(const struct pumori_isa_program *header, u64 bytes,
					 u32 capacity, u64 features)
{
	u64 tables;

	if (header->magic != PUMORI_ISA_PROGRAM_MAGIC)
		return SILICON_REFUSED_MAGIC;
	if (header->version_major != PUMORI_ISA_VERSION_MAJOR ||
	    header->version_minor > PUMORI_ISA_VERSION_MINOR)
		return SILICON_REFUSED_VERSION;
	if (header->features & ~features)
		return SILICON_REFUSED_FEATURES;
	if (!silicon_all_zero(header->reserved, sizeof(header->reserved)))
		return SILICON_REFUSED_RESERVED;
	if (header->sbuf_bytes > PUMORI_ISA_SBUF_BYTES || header->psum_bytes > PUMORI_ISA_PSUM_BYTES)
		return SILICON_REFUSED_FOOTPRINT;
	if (!header->entries || header->entries > header->streams ||
	    header->streams > header->instructions)
		return SILICON_REFUSED_TABLES;
	if (header->instructions > capacity)
		return SILICON_REFUSED_IMAGE;
	tables = sizeof(*header) + (u64)header->entries * sizeof(struct pumori_isa_entry) +
		 (u64)header->streams * sizeof(struct pumori_isa_stream_entry);
	if (header->instructions_offset < tables ||
	    header->instructions_offset % PUMORI_ISA_INSTRUCTION_BYTES)
		return SILICON_REFUSED_TABLES;
	if (header->instructions_offset > bytes ||
	    (bytes - header->instructions_offset) / PUMORI_ISA_INSTRUCTION_BYTES <
		    header->instructions)
		return SILICON_REFUSED_IMAGE;
	return SILICON_REFUSED_NONE;
}

enum silicon_refusal silicon_loader_begin(struct silicon_loader *loader,
					  struct silicon_image *image,
					  struct silicon_instruction *store,
					  struct silicon_table_row *rows, u32 capacity,
					  u64 features)
{
	enum silicon_refusal refusal;

	memset(loader, 0, sizeof(*loader));
	loader->image = image;
	loader->store = store;
	loader->rows = rows;
	loader->detail = ~0ull;
	if (image->bytes < sizeof(loader->header))
		return SILICON_REFUSED_IMAGE;
	if (!image->read(image, 0, &loader->header, sizeof(loader->header)))
		return SILICON_REFUSED_UNREADABLE;
	refusal = check_header(&loader->header, image->bytes, capacity, features);
	if (refusal)
		return refusal;
	loader->decoder.sbuf_bytes = loader->header.sbuf_bytes;
	loader->decoder.psum_bytes = loader->header.psum_bytes;
	return SILICON_REFUSED_NONE;
}

static enum silicon_refusal open_entry(struct silicon_loader *loader)
{
	struct pumori_isa_entry entry;
	struct silicon_table_row *row;
	u64 offset = sizeof(loader->header) + (u64)loader->entry * sizeof(entry);

	if (loader->entry == loader->header.entries)
		return SILICON_REFUSED_TABLES;
	if (!loader->image->read(loader->image, offset, &entry, sizeof(entry)))
		return SILICON_REFUSED_UNREADABLE;
	if (entry.first_stream != loader->stream || !entry.stream_count ||
	    entry.stream_count > PUMORI_ISA_STREAMS ||
	    entry.stream_count > loader->header.streams - loader->stream)
		return SILICON_REFUSED_TABLES;
	if (entry.variables > PUMORI_ISA_VARIABLES || entry.scalars > PUMORI_ISA_SCALARS ||
	    entry.flags & ~(PUMORI_ISA_ENTRY_PRELOAD | PUMORI_ISA_ENTRY_NEEDS_PRELOAD |
			    PUMORI_ISA_ENTRY_RESTARTABLE))
		return SILICON_REFUSED_ENTRY;
	if (!silicon_all_zero(entry.reserved, sizeof(entry.reserved)))
		return SILICON_REFUSED_RESERVED;
	if (loader->rows) {
		row = &loader->rows[loader->entry];
		row->entry_first = entry.first_stream;
		row->entry_streams = (u8)entry.stream_count;
		row->entry_variables = (u8)entry.variables;
		row->entry_scalars = (u8)entry.scalars;
		row->entry_flags = (u8)entry.flags;
	}
	loader->decoder.variables = entry.variables;
	loader->decoder.scalars = entry.scalars;
	memset(loader->decoder.producer, 0, sizeof(loader->decoder.producer));
	loader->seen = 0;
	loader->entry_end = loader->stream + entry.stream_count;
	loader->entry++;
	return SILICON_REFUSED_NONE;
}

static enum silicon_refusal open_stream(struct silicon_loader *loader)
{
	struct pumori_isa_stream_entry stream;
	enum silicon_refusal refusal;
	struct silicon_table_row *row;
	u64 offset;

	if (loader->stream == loader->entry_end) {
		refusal = open_entry(loader);
		if (refusal)
			return refusal;
	}
	offset = sizeof(loader->header) +
		 (u64)loader->header.entries * sizeof(struct pumori_isa_entry) +
		 (u64)loader->stream * sizeof(stream);
	if (!loader->image->read(loader->image, offset, &stream, sizeof(stream)))
		return SILICON_REFUSED_UNREADABLE;
	if (stream.first != loader->instruction || !stream.count ||
	    stream.count > loader->header.instructions - loader->instruction)
		return SILICON_REFUSED_TABLES;
	if (stream.reserved)
		return SILICON_REFUSED_RESERVED;
	if (stream.stream >= PUMORI_ISA_STREAMS || loader->seen & 1u << stream.stream)
		return SILICON_REFUSED_STREAM;
	loader->seen |= 1u << stream.stream;
	if (loader->rows) {
		row = &loader->rows[loader->stream];
		row->stream_first = stream.first;
		row->stream_count = stream.count;
		row->stream = (u8)stream.stream;
	}
	loader->decoder.stream = stream.stream;
	loader->decoder.first = stream.first;
	loader->decoder.count = stream.count;
	loader->decoder.depth = 0;
	loader->stream_end = stream.first + stream.count;
	loader->branch = stream.first;
	loader->stream++;
	return SILICON_REFUSED_NONE;
}

static enum silicon_refusal decode_next(struct silicon_loader *loader)
{
	struct pumori_isa_instruction raw;
	struct silicon_instruction scratch, *out;
	enum silicon_refusal refusal;
	u64 offset;

	offset = loader->header.instructions_offset +
		 (u64)loader->instruction * PUMORI_ISA_INSTRUCTION_BYTES;
	if (!loader->image->read(loader->image, offset, &raw, sizeof(raw)))
		return SILICON_REFUSED_UNREADABLE;
	out = loader->store ? &loader->store[loader->instruction] : &scratch;
	loader->decoder.index = loader->instruction;
	refusal = silicon_decode(&loader->decoder, &raw, out);
	if (refusal)
		return refusal;
	/* The loop is closed: tell its beginning where it ends. */
	if (loader->store && out->opcode == PUMORI_ISA_LOOP_END)
		loader->store[out->control.target - 1].control.target = loader->instruction + 1;
	loader->instruction++;
	return SILICON_REFUSED_NONE;
}

/* A branch may not enter or leave a loop, which is known when its stream is decoded to the end. */
static enum silicon_refusal check_branch(struct silicon_loader *loader)
{
	const struct silicon_instruction *branch = &loader->store[loader->branch];

	if (branch->opcode == PUMORI_ISA_BRANCH &&
	    loader->store[branch->control.target].body != branch->body)
		return SILICON_REFUSED_BRANCH;
	loader->branch++;
	return SILICON_REFUSED_NONE;
}

enum silicon_refusal silicon_loader_step(struct silicon_loader *loader, u32 instructions)
{
	enum silicon_refusal refusal;

	while (instructions-- && !loader->finished) {
		if (loader->instruction < loader->stream_end) {
			refusal = decode_next(loader);
			if (refusal)
				loader->detail = loader->instruction;
		} else if (loader->store && loader->branch < loader->stream_end) {
			refusal = check_branch(loader);
			if (refusal)
				loader->detail = loader->branch;
		} else if (loader->stream < loader->header.streams) {
			refusal = open_stream(loader);
		} else {
			if (loader->entry != loader->header.entries ||
			    loader->instruction != loader->header.instructions)
				return SILICON_REFUSED_TABLES;
			loader->finished = true;
			return SILICON_REFUSED_NONE;
		}
		if (refusal)
			return refusal;
	}
	return SILICON_REFUSED_NONE;
}

/* --- checking an image that lies in one piece --------------------------------------------------- */

struct flat_image {
	struct silicon_image image;
	const u8 *bytes;
};

static bool flat_read(struct silicon_image *image, u64 offset, void *to, u32 length)
{
	struct flat_image *flat = (struct flat_image *)image;

	if (offset > image->bytes || image->bytes - offset < length)
		return false;
	silicon_copy(to, flat->bytes + offset, length);
	return true;
}

static const char *const refusal_names[SILICON_REFUSALS_COUNT] = {
#define ROW(name, text) text,
	SILICON_REFUSALS(ROW)
#undef ROW
};

const char *silicon_program_refusal(const void *image, u64 bytes, u64 *detail)
{
	struct flat_image flat = { .image = { .read = flat_read, .bytes = bytes }, .bytes = image };
	struct silicon_loader loader;
	enum silicon_refusal refusal;

	refusal = silicon_loader_begin(&loader, &flat.image, NULL, NULL, 0xffffffffu,
				       SILICON_FEATURES);
	while (!refusal && !loader.finished)
		refusal = silicon_loader_step(&loader, 4096);
	*detail = loader.detail;
	return refusal ? refusal_names[silicon_clamp(refusal, SILICON_REFUSALS_COUNT)] : NULL;
}

u32 silicon_program_check(const void *image, u64 bytes, u64 *detail)
{
	return silicon_program_refusal(image, bytes, detail) ? PUMORI_HW_FAULT_ILLEGAL :
							       PUMORI_HW_FAULT_NONE;
}
