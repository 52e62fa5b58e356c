/* SPDX-License-Identifier: MIT */
/*
 * An executable as a file to look at, without a device.
 *
 * The runtime refuses a damaged file as a whole; a tool for looking at it does better when it shows what
 * is still there. So only what is needed for safe access is checked here, and checksums are reported.
 */
#ifndef PUMORI_CLI_EXECUTABLE_H
#define PUMORI_CLI_EXECUTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "pumori/executable.h"
#include "pumori/isa.h"

#define CLI_EXECUTABLE_SECTIONS_MAX 64

/** struct cli_section_view - a section of the file */
struct cli_section_view {
	/** @name: valid as long as the executable */
	const char *name;
	/** @data: its bytes */
	const uint8_t *data;
	/** @bytes: how many */
	uint64_t bytes;
	/** @offset: in the file */
	uint64_t offset;
	/** @align: alignment that the file claims */
	uint64_t align;
};

/** enum cli_checksum - what the checksum table says of a section */
enum cli_checksum {
	CLI_CHECKSUM_NONE,
	CLI_CHECKSUM_GOOD,
	CLI_CHECKSUM_BAD,
};

/** struct cli_executable - a mapped file; tables point into it, counts are those that lie inside */
struct cli_executable {
	const uint8_t *file;
	size_t file_bytes;
	/** @section: all sections with a name */
	struct cli_section_view section[CLI_EXECUTABLE_SECTIONS_MAX];
	size_t sections;
	const struct pumori_executable_header *header;
	const struct pumori_executable_entry *entry;
	size_t entries;
	const struct pumori_executable_variable *variable;
	size_t variables;
	const struct pumori_executable_metadata *metadata;
	size_t metadata_count;
	const struct pumori_executable_debug *debug;
	size_t debug_count;
	const struct cli_section_view *strings;
	const struct cli_section_view *blobs;
	/** @program: image; NULL when it is not whole */
	const struct pumori_isa_program *program;
	const struct pumori_isa_entry *program_entry;
	const struct pumori_isa_stream_entry *stream;
	const struct pumori_isa_instruction *instruction;
};

/**
 * cli_executable_open - map @path and find its tables
 * @reason: receives what is wrong with it, in words
 *
 * Return: 0, or -1 and @reason.
 */
int cli_executable_open(struct cli_executable **executable, const char *path, const char **reason);
void cli_executable_close(struct cli_executable *executable);
/** cli_executable_string - string at @offset; "" for one outside the table */
const char *cli_executable_string(const struct cli_executable *executable, uint32_t offset);
/** cli_executable_section - section of that name, or NULL */
const struct cli_section_view *cli_executable_section(const struct cli_executable *executable, const char *name);
/** cli_executable_check - compare a section with its checksum */
enum cli_checksum cli_executable_check(const struct cli_executable *executable, const struct cli_section_view *section);
/** cli_executable_entry_variables - variables of entry @index that lie in the table */
size_t cli_executable_entry_variables(const struct cli_executable *executable, size_t index,
				      const struct pumori_executable_variable **variables);
/** cli_executable_node - debug element that instruction @pc belongs to, or NULL */
const struct pumori_executable_debug *cli_executable_node(const struct cli_executable *executable, uint32_t pc);
/** cli_executable_metadata_value - value of an element; *@bytes of it. NULL when it lies outside the file's tables */
const char *cli_executable_metadata_value(const struct cli_executable *executable,
					  const struct pumori_executable_metadata *metadata, size_t *bytes);
/** cli_executable_is - does the file at @path begin like an executable or any ELF file? */
int cli_executable_is(const char *path);

#endif
