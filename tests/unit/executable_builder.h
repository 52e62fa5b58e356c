/* SPDX-License-Identifier: MIT */
/* Writes small executables in memory, right ones and wrong ones, and some models to put in them. */
#ifndef PUMORI_TESTS_EXECUTABLE_BUILDER_H
#define PUMORI_TESTS_EXECUTABLE_BUILDER_H

#include <pumori/executable.h>
#include <stddef.h>

#include "program_builder.h"

#define BUILDER_SECTIONS	10

/** struct builder_section - a section as it will be written */
struct builder_section {
	/** @name: its name */
	const char *name;
	/** @data: its bytes; NULL: the section is left out */
	unsigned char *data;
	/** @bytes: how many */
	size_t bytes;
	/** @type: SHT_PROGBITS */
	unsigned int type;
	/** @flags: SHF_* */
	unsigned int flags;
	/** @alignment: of its place in the file */
	unsigned int alignment;
	/** @no_checksum: leave its checksum out */
	int no_checksum;
	/** @checksum_xor: spoils its checksum */
	unsigned int checksum_xor;
	/** @size_xor: spoils the size that its checksum states */
	unsigned long long size_xor;
};

/** struct builder - an executable being built; tests may change anything before it is written */
struct builder {
	/** @section: header, program, entries, variables, weights, strings, metadata, blobs, debug, checksums */
	struct builder_section section[BUILDER_SECTIONS];
};

enum builder_index {
	BUILDER_HEADER, BUILDER_PROGRAM, BUILDER_ENTRIES, BUILDER_VARIABLES, BUILDER_WEIGHTS,
	BUILDER_STRINGS, BUILDER_METADATA, BUILDER_BLOBS, BUILDER_DEBUG, BUILDER_CHECKSUMS,
};

void builder_begin(struct builder *builder);
void builder_end(struct builder *builder);
/** builder_append - add bytes to a section, return their offset */
size_t builder_append(struct builder *builder, enum builder_index index, const void *data,
		      size_t bytes);
unsigned int builder_string(struct builder *builder, const char *text);
void builder_program(struct builder *builder, const struct program *program);
/** builder_entry - the next entry; variables that follow are its own */
void builder_entry(struct builder *builder, const char *name, unsigned int flags);
/** builder_variable - a variable of the last entry; @count elements in one dimension, or bytes when @dtype is NONE */
struct pumori_executable_variable *builder_variable(struct builder *builder, const char *name,
						    unsigned int kind, unsigned int dtype,
						    unsigned long long count,
						    unsigned long long offset);
void builder_metadata(struct builder *builder, const char *key, const char *value);
void builder_blob(struct builder *builder, const char *key, const void *value, size_t bytes);
void builder_debug(struct builder *builder, unsigned int pc, const char *node);
/** builder_write - the file's bytes, to be freed by the caller */
void *builder_write(struct builder *builder, size_t *bytes);
struct pumori_executable_header *builder_header(struct builder *builder);

/* Models, one builder each. */
/** build_copy - output y of @count fp32 (at most 4096) is input x */
void build_copy(struct builder *builder, unsigned int count);
/** build_scale - y = x * w on VECTOR, 64 fp32, w a weight of 64 fp32 (values 0.5 * i) */
void build_scale(struct builder *builder);
/** build_empty - a job that does nothing at all */
void build_empty(struct builder *builder);
/** build_forever - a job that never ends; node "spin" */
void build_forever(struct builder *builder);
/** build_long - a job of about @iterations loop passes; no tensors */
void build_long(struct builder *builder, unsigned int iterations);
/** build_fault - reads behind the end of its input x of 16 fp32; node "bad_read" */
void build_fault(struct builder *builder);
/** build_preload - a preload keeps 16 fp32 weights of value @value in SBUF, the run stores them to y */
void build_preload(struct builder *builder, float value);
/** build_state - counts: y = s, then s = s + 1; s begins as 41 */
void build_state(struct builder *builder);

#endif
