/* SPDX-License-Identifier: MIT */
/*
 * An executable, opened and checked. Every table is a private copy, so what was checked stays true
 * while the file changes; only program and weights are read in place, and whoever copies the weights
 * checks their checksum on the way (pumori_executable_copy_weights()).
 */
#ifndef PUMORI_RUNTIME_EXECUTABLE_H
#define PUMORI_RUNTIME_EXECUTABLE_H

#include <pumori/executable.h>
#include <pumori/isa.h>

#include "api.h"

enum pumori_section_index {
	PUMORI_INDEX_HEADER,
	PUMORI_INDEX_PROGRAM,
	PUMORI_INDEX_ENTRIES,
	PUMORI_INDEX_VARIABLES,
	PUMORI_INDEX_WEIGHTS,
	PUMORI_INDEX_STRINGS,
	PUMORI_INDEX_METADATA,
	PUMORI_INDEX_BLOBS,
	PUMORI_INDEX_DEBUG,
	PUMORI_INDEX_CHECKSUMS,
	PUMORI_SECTIONS,
};

/** struct pumori_section - bytes of one section in the file */
struct pumori_section {
	/** @data: its bytes in the file's mapping; NULL when the section is absent */
	const unsigned char *data;
	/** @size: how many */
	uint64_t size;
	/** @crc: checksum that the file states */
	uint32_t crc;
	/** @summed: the file states one */
	uint32_t summed;
};

/** struct pumori_executable - an executable's tables */
struct pumori_executable {
	/** @file: mapping or caller's memory */
	const unsigned char *file;
	/** @file_bytes: its size */
	uint64_t file_bytes;
	/** @mapped: @file is to be unmapped */
	int mapped;
	/** @section: where in the file each section lies */
	struct pumori_section section[PUMORI_SECTIONS];
	/** @header: copy of the header */
	struct pumori_executable_header header;
	/** @program: copy of the program image's header */
	struct pumori_isa_program program;
	/** @program_entries: copy of the image's entry table */
	struct pumori_isa_entry *program_entries;
	/** @entries: entry table, as many elements as @program says */
	struct pumori_executable_entry *entries;
	/** @variables: variable table */
	struct pumori_executable_variable *variables;
	/** @variable_count: its elements */
	uint64_t variable_count;
	/** @strings: zero-terminated strings; offset 0 is "" */
	char *strings;
	/** @metadata: keys and values */
	struct pumori_executable_metadata *metadata;
	/** @metadata_count: its elements */
	uint64_t metadata_count;
	/** @blobs: large values; a zero byte follows each */
	char *blobs;
	/** @debug: from instructions to nodes */
	struct pumori_executable_debug *debug;
	/** @debug_count: its elements */
	uint64_t debug_count;
};

/**
 * pumori_executable_open - map and check a file, all but the weights' checksum
 *
 * Return: 0, or PUMORI_ERROR_IO, _MEMORY, _FORMAT or _VERSION with words in pumori_last_error().
 */
int pumori_executable_open(struct pumori_executable **executable, const char *path);

/** pumori_executable_open_memory - same for @bytes at @data, which must stay until closed or released */
int pumori_executable_open_memory(struct pumori_executable **executable, const void *data,
				  uint64_t bytes);

/** pumori_executable_release - let the file go; the tables stay, program and weights are gone */
void pumori_executable_release(struct pumori_executable *executable);
void pumori_executable_close(struct pumori_executable *executable);

/** pumori_executable_string - a checked string offset as a string */
const char *pumori_executable_string(const struct pumori_executable *executable, uint32_t offset);

/** pumori_executable_copy_weights - copy all weights to @destination and check them; PUMORI_ERROR_FORMAT when damaged */
int pumori_executable_copy_weights(const struct pumori_executable *executable, void *destination);

/** pumori_executable_metadata_value - index of @key's value, or PUMORI_ERROR_INVALID without touching the last error */
int pumori_executable_metadata_value(const struct pumori_executable *executable, const char *key,
				     const char **value, size_t *bytes);

/** pumori_executable_debug_find - the node that instruction @pc belongs to, or NULL */
const struct pumori_executable_debug *pumori_executable_debug_find(
	const struct pumori_executable *executable, uint32_t pc);

/* --- executable_check.c: what the tables say, once they are copied ------------------------------ */

/** pumori_executable_check - all tables against each other and the program image */
int pumori_executable_check(struct pumori_executable *executable);

#endif
