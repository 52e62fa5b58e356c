/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Program images: checked and decoded in bounded steps. */
#ifndef PUMORI_SILICON_PROGRAM_H
#define PUMORI_SILICON_PROGRAM_H

#include "decode.h"

/** struct silicon_image - where the bytes of an image come from */
struct silicon_image {
	/**
	 * @read: copies @length bytes from @offset, once; the range does not cross a 4 KiB page.
	 * Returns false when they cannot be read.
	 */
	bool (*read)(struct silicon_image *image, u64 offset, void *to, u32 length);
	/** @bytes: length of the image */
	u64 bytes;
};

/** struct silicon_loader - one image on its way into the store */
struct silicon_loader {
	/** @image: source; the reader's own data follow in the caller's structure */
	struct silicon_image *image;
	/** @store: first instruction of the program, or NULL to check only */
	struct silicon_instruction *store;
	/** @rows: first row of its tables, or NULL */
	struct silicon_table_row *rows;
	/** @header: copy of the header */
	struct pumori_isa_program header;
	/** @decoder: place of the next instruction */
	struct silicon_decoder decoder;
	/** @entry: next entry to open */
	u32 entry;
	/** @entry_end: streams up to here belong to the open entry */
	u32 entry_end;
	/** @stream: next stream to open */
	u32 stream;
	/** @stream_end: instructions up to here belong to the open stream */
	u32 stream_end;
	/** @instruction: next instruction to decode */
	u32 instruction;
	/** @branch: next instruction of the finished stream whose branch target is to be checked */
	u32 branch;
	/** @seen: streams ids of the open entry, a bit each */
	u32 seen;
	/** @detail: after a refusal: the offending instruction, or ~0 */
	u64 detail;
	/** @finished: all is decoded */
	bool finished;
};

/** silicon_loader_begin - check the header; @store and @rows hold @capacity elements */
enum silicon_refusal silicon_loader_begin(struct silicon_loader *loader,
					  struct silicon_image *image,
					  struct silicon_instruction *store,
					  struct silicon_table_row *rows, u32 capacity,
					  u64 features);
/** silicon_loader_step - decode up to @instructions more; sets @finished */
enum silicon_refusal silicon_loader_step(struct silicon_loader *loader, u32 instructions);

#endif
