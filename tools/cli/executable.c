// SPDX-License-Identifier: MIT
#include "executable.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"

/* @count elements of @size at @offset within @bytes? */
static int inside(uint64_t offset, uint64_t count, uint64_t size, uint64_t bytes)
{
	uint64_t total;

	return !__builtin_mul_overflow(count, size, &total) && offset <= bytes && total <= bytes - offset;
}

static int map_file(struct cli_executable *e, const char *path, const char **reason)
{
	struct stat status;
	void *map;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		*reason = strerror(errno);
		return -1;
	}
	if (fstat(fd, &status)) {
		*reason = strerror(errno);
	} else if (!S_ISREG(status.st_mode)) {
		*reason = "not a regular file";
	} else if (status.st_size < (off_t)sizeof(Elf64_Ehdr)) {
		*reason = "too short for an executable";
	} else {
		map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (map != MAP_FAILED) {
			e->file = map;
			e->file_bytes = (size_t)status.st_size;
			close(fd);
			return 0;
		}
		*reason = strerror(errno);
	}
	close(fd);
	return -1;
}

static int find_sections(struct cli_executable *e, const char **reason)
{
	Elf64_Ehdr elf;
	Elf64_Shdr names;
	const char *strings;

	memcpy(&elf, e->file, sizeof(elf));
	if (memcmp(elf.e_ident, ELFMAG, SELFMAG) || elf.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf.e_ident[EI_DATA] != ELFDATA2LSB) {
		*reason = "not an executable of pumori-cc (no 64-bit little-endian ELF file)";
		return -1;
	}
	if (elf.e_shentsize != sizeof(Elf64_Shdr) || elf.e_shstrndx >= elf.e_shnum ||
	    !inside(elf.e_shoff, elf.e_shnum, sizeof(Elf64_Shdr), e->file_bytes)) {
		*reason = "the section table does not lie in the file";
		return -1;
	}
	memcpy(&names, e->file + elf.e_shoff + elf.e_shstrndx * sizeof(names), sizeof(names));
	if (!inside(names.sh_offset, names.sh_size, 1, e->file_bytes) || !names.sh_size ||
	    e->file[names.sh_offset + names.sh_size - 1]) {
		*reason = "the table of section names is damaged";
		return -1;
	}
	strings = (const char *)e->file + names.sh_offset;

	for (size_t i = 0; i < elf.e_shnum; i++) {
		struct cli_section_view *view = &e->section[e->sections];
		Elf64_Shdr section;

		memcpy(&section, e->file + elf.e_shoff + i * sizeof(section), sizeof(section));
		if (section.sh_type == SHT_NULL || section.sh_type == SHT_NOBITS)
			continue;
		if (section.sh_name >= names.sh_size ||
		    !inside(section.sh_offset, section.sh_size, 1, e->file_bytes)) {
			*reason = "a section does not lie in the file";
			return -1;
		}
		if (e->sections == CLI_EXECUTABLE_SECTIONS_MAX) {
			*reason = "too many sections";
			return -1;
		}
		view->name = strings + section.sh_name;
		view->data = e->file + section.sh_offset;
		view->bytes = section.sh_size;
		view->offset = section.sh_offset;
		view->align = section.sh_addralign;
		e->sections++;
	}
	return 0;
}

const struct cli_section_view *cli_executable_section(const struct cli_executable *e, const char *name)
{
	for (size_t i = 0; i < e->sections; i++)
		if (!strcmp(e->section[i].name, name))
			return &e->section[i];
	return NULL;
}

/* A table of @size elements, or none when it is missing or badly aligned. */
static const void *table(const struct cli_executable *e, const char *name, size_t size, size_t *count)
{
	const struct cli_section_view *view = cli_executable_section(e, name);

	*count = 0;
	if (!view || (uintptr_t)view->data % 8)
		return NULL;
	*count = view->bytes / size;
	return view->data;
}

static void find_program(struct cli_executable *e)
{
	const struct cli_section_view *view = cli_executable_section(e, PUMORI_SECTION_PROGRAM);
	const struct pumori_isa_program *program;
	uint64_t entries_end, streams_end;

	if (!view || (uintptr_t)view->data % 8 || view->bytes < sizeof(*program))
		return;
	program = (const void *)view->data;
	entries_end = sizeof(*program) + (uint64_t)program->entries * sizeof(struct pumori_isa_entry);
	streams_end = entries_end + (uint64_t)program->streams * sizeof(struct pumori_isa_stream_entry);
	if (program->magic != PUMORI_ISA_PROGRAM_MAGIC || streams_end > view->bytes ||
	    program->instructions_offset % 8 || program->instructions_offset < streams_end ||
	    !inside(program->instructions_offset, program->instructions, PUMORI_ISA_INSTRUCTION_BYTES, view->bytes))
		return;
	e->program = program;
	e->program_entry = (const void *)(view->data + sizeof(*program));
	e->stream = (const void *)(view->data + entries_end);
	e->instruction = (const void *)(view->data + program->instructions_offset);
}

static int find_tables(struct cli_executable *e, const char **reason)
{
	size_t headers;

	e->header = table(e, PUMORI_SECTION_HEADER, sizeof(*e->header), &headers);
	if (!headers || e->header->magic != PUMORI_EXECUTABLE_MAGIC) {
		*reason = "not an executable of pumori-cc (no " PUMORI_SECTION_HEADER ")";
		return -1;
	}
	if (e->header->version_major != PUMORI_EXECUTABLE_VERSION_MAJOR) {
		*reason = "an executable of another version; compile the model again with this version's pumori-cc";
		return -1;
	}
	e->strings = cli_executable_section(e, PUMORI_SECTION_STRINGS);
	if (!e->strings || !e->strings->bytes || e->strings->data[e->strings->bytes - 1]) {
		*reason = "the strings are missing or damaged";
		return -1;
	}
	e->blobs = cli_executable_section(e, PUMORI_SECTION_BLOBS);
	e->entry = table(e, PUMORI_SECTION_ENTRIES, sizeof(*e->entry), &e->entries);
	e->variable = table(e, PUMORI_SECTION_VARIABLES, sizeof(*e->variable), &e->variables);
	e->metadata = table(e, PUMORI_SECTION_METADATA, sizeof(*e->metadata), &e->metadata_count);
	e->debug = table(e, PUMORI_SECTION_DEBUG, sizeof(*e->debug), &e->debug_count);
	find_program(e);
	return 0;
}

int cli_executable_open(struct cli_executable **executable, const char *path, const char **reason)
{
	struct cli_executable *e = calloc(1, sizeof(*e));

	if (!e) {
		*reason = "out of host memory";
		return -1;
	}
	if (map_file(e, path, reason) || find_sections(e, reason) || find_tables(e, reason)) {
		cli_executable_close(e);
		return -1;
	}
	*executable = e;
	return 0;
}

void cli_executable_close(struct cli_executable *e)
{
	if (!e)
		return;
	if (e->file)
		munmap((void *)e->file, e->file_bytes);
	free(e);
}

const char *cli_executable_string(const struct cli_executable *e, uint32_t offset)
{
	return offset < e->strings->bytes ? (const char *)e->strings->data + offset : "";
}

enum cli_checksum cli_executable_check(const struct cli_executable *e, const struct cli_section_view *section)
{
	const struct pumori_executable_checksum *sums;
	size_t count;

	sums = table(e, PUMORI_SECTION_CHECKSUMS, sizeof(*sums), &count);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(cli_executable_string(e, sums[i].section), section->name))
			return sums[i].size == section->bytes &&
			       sums[i].crc == pumori_crc32c(0, section->data, section->bytes) ? CLI_CHECKSUM_GOOD :
											     CLI_CHECKSUM_BAD;
	return CLI_CHECKSUM_NONE;
}

size_t cli_executable_entry_variables(const struct cli_executable *e, size_t index,
				      const struct pumori_executable_variable **variables)
{
	const struct pumori_executable_entry *entry;

	*variables = NULL;
	if (index >= e->entries)
		return 0;
	entry = &e->entry[index];
	if (!entry->variables || entry->first_variable > e->variables ||
	    entry->variables > e->variables - entry->first_variable)
		return 0;
	*variables = e->variable + entry->first_variable;
	return entry->variables;
}

const struct pumori_executable_debug *cli_executable_node(const struct cli_executable *e, uint32_t pc)
{
	size_t low = 0, high = e->debug_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (e->debug[middle].pc <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &e->debug[low - 1] : NULL;
}

const char *cli_executable_metadata_value(const struct cli_executable *e,
					  const struct pumori_executable_metadata *metadata, size_t *bytes)
{
	const char *value;

	*bytes = 0;
	if (metadata->in_blobs) {
		if (!e->blobs || !inside(metadata->value, metadata->size, 1, e->blobs->bytes))
			return NULL;
		*bytes = metadata->size;
		return (const char *)e->blobs->data + metadata->value;
	}
	if (metadata->value > UINT32_MAX)
		return NULL;
	value = cli_executable_string(e, (uint32_t)metadata->value);
	*bytes = strlen(value);
	return value;
}

int cli_executable_is(const char *path)
{
	char magic[SELFMAG];
	struct stat status;
	int fd, is;

	if (stat(path, &status) || !S_ISREG(status.st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	is = read(fd, magic, sizeof(magic)) == (ssize_t)sizeof(magic) && !memcmp(magic, ELFMAG, SELFMAG);
	close(fd);
	return is;
}
