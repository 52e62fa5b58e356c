// SPDX-License-Identifier: MIT
/* Opening an executable: finding its sections, copying its tables, checksums. */
#include <fcntl.h>
#include <gelf.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "error.h"
#include "executable.h"

/* What a section must look like. Element size 0: bytes. */
static const struct section_rule {
	const char *name;
	uint32_t element;
	uint32_t alignment;
	int required;
} section_rules[PUMORI_SECTIONS] = {
	[PUMORI_INDEX_HEADER] = { PUMORI_SECTION_HEADER, sizeof(struct pumori_executable_header), 1,
				  1 },
	[PUMORI_INDEX_PROGRAM] = { PUMORI_SECTION_PROGRAM, 0, 4096, 1 },
	[PUMORI_INDEX_ENTRIES] = { PUMORI_SECTION_ENTRIES, sizeof(struct pumori_executable_entry),
				   1, 1 },
	[PUMORI_INDEX_VARIABLES] = { PUMORI_SECTION_VARIABLES,
				     sizeof(struct pumori_executable_variable), 1, 0 },
	[PUMORI_INDEX_WEIGHTS] = { PUMORI_SECTION_WEIGHTS, 0, 4096, 0 },
	[PUMORI_INDEX_STRINGS] = { PUMORI_SECTION_STRINGS, 0, 1, 1 },
	[PUMORI_INDEX_METADATA] = { PUMORI_SECTION_METADATA,
				    sizeof(struct pumori_executable_metadata), 1, 0 },
	[PUMORI_INDEX_BLOBS] = { PUMORI_SECTION_BLOBS, 0, 1, 0 },
	[PUMORI_INDEX_DEBUG] = { PUMORI_SECTION_DEBUG, sizeof(struct pumori_executable_debug), 1,
				 0 },
	[PUMORI_INDEX_CHECKSUMS] = { PUMORI_SECTION_CHECKSUMS,
				     sizeof(struct pumori_executable_checksum), 1, 1 },
};

static pthread_once_t elf_once = PTHREAD_ONCE_INIT;

static void elf_prepare(void)
{
	elf_version(EV_CURRENT);
}

static int format_error_elf(const char *what)
{
	const char *reason = elf_errmsg(-1);

	return pumori_fail(PUMORI_ERROR_FORMAT, "not an executable: %s (%s)", what,
			   reason ? reason : "no reason given");
}

static int section_index(const char *name)
{
	int i;

	for (i = 0; i < PUMORI_SECTIONS; i++)
		if (!strcmp(name, section_rules[i].name))
			return i;
	return -1;
}

static int take_section(struct pumori_executable *executable, const char *name,
			const GElf_Shdr *header)
{
	const struct section_rule *rule;
	struct pumori_section *section;
	int i, index = section_index(name);

	if (index < 0)
		return pumori_fail(PUMORI_ERROR_FORMAT, "unknown section %.64s", name);
	rule = &section_rules[index];
	section = &executable->section[index];
	if (section->data)
		return pumori_fail(PUMORI_ERROR_FORMAT, "section %s is there twice", name);
	if (header->sh_type != SHT_PROGBITS || header->sh_flags & SHF_COMPRESSED)
		return pumori_fail(PUMORI_ERROR_FORMAT, "section %s is not plain data", name);
	if (header->sh_offset > executable->file_bytes ||
	    header->sh_size > executable->file_bytes - header->sh_offset)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "section %s reaches beyond the file: truncated?", name);
	if (header->sh_offset % rule->alignment)
		return pumori_fail(PUMORI_ERROR_FORMAT, "section %s is not aligned to %u bytes",
				   name, rule->alignment);
	if (rule->element && header->sh_size % rule->element)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "section %s: size %llu is not a multiple of %u", name,
				   (unsigned long long)header->sh_size, rule->element);
	section->data = executable->file + header->sh_offset;
	section->size = header->sh_size;
	for (i = 0; i < PUMORI_SECTIONS; i++) {
		const struct pumori_section *other = &executable->section[i];

		if (i != index && other->data && section->size && other->size &&
		    section->data < other->data + other->size &&
		    other->data < section->data + section->size)
			return pumori_fail(PUMORI_ERROR_FORMAT, "sections %s and %s overlap", name,
					   section_rules[i].name);
	}
	return 0;
}

/* libelf finds the section headers and their names; offsets and sizes are taken as claims to be checked. */
static int find_sections(struct pumori_executable *executable, Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Ehdr header;
	GElf_Shdr section;
	const char *name;
	size_t names;
	int i, error;

	if (elf_kind(elf) != ELF_K_ELF)
		return pumori_fail(PUMORI_ERROR_FORMAT, "not an executable: no ELF file");
	/* Copies: in the file they may lie at any address. */
	if (gelf_getclass(elf) != ELFCLASS64 || !gelf_getehdr(elf, &header))
		return format_error_elf("no 64-bit ELF file");
	if (header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_type != ET_EXEC ||
	    header.e_machine != EM_NONE)
		return pumori_fail(
			PUMORI_ERROR_FORMAT,
			"not an executable: an ELF file of another kind (type %u, machine %u)",
			header.e_type, header.e_machine);
	if (elf_getshdrstrndx(elf, &names))
		return format_error_elf("no section names");
	while ((scn = elf_nextscn(elf, scn)) != NULL) {
		if (!gelf_getshdr(scn, &section))
			return format_error_elf("bad section header");
		name = elf_strptr(elf, names, section.sh_name);
		if (!name)
			return format_error_elf("bad section name");
		if (strncmp(name, ".pumori.", 8))
			continue;
		error = take_section(executable, name, &section);
		if (error)
			return error;
	}
	for (i = 0; i < PUMORI_SECTIONS; i++)
		if (section_rules[i].required && !executable->section[i].data)
			return pumori_fail(PUMORI_ERROR_FORMAT, "section %s is missing",
					   section_rules[i].name);
	if (executable->section[PUMORI_INDEX_HEADER].size !=
	    sizeof(struct pumori_executable_header))
		return pumori_fail(PUMORI_ERROR_FORMAT, "more than one header");
	return 0;
}

/* Copy a section; @extra zeroed bytes follow. An absent section becomes an empty copy. */
static void *copy_section(const struct pumori_section *section, size_t extra)
{
	unsigned char *copy;

	if (section->size > SIZE_MAX - extra - 1)
		return NULL;
	copy = malloc(section->size + extra + 1);
	if (!copy)
		return NULL;
	if (section->size)
		memcpy(copy, section->data, section->size);
	memset(copy + section->size, 0, extra + 1);
	return copy;
}

static int check_version(const struct pumori_executable *executable)
{
	const struct pumori_executable_header *header = &executable->header;

	if (header->magic != PUMORI_EXECUTABLE_MAGIC)
		return pumori_fail(PUMORI_ERROR_FORMAT, "header has a wrong magic number");
	if (header->version_major != PUMORI_EXECUTABLE_VERSION_MAJOR ||
	    header->version_minor > PUMORI_EXECUTABLE_VERSION_MINOR)
		return pumori_fail(PUMORI_ERROR_VERSION,
				   "file has format version %u.%u, this library reads %u.%u",
				   header->version_major, header->version_minor,
				   PUMORI_EXECUTABLE_VERSION_MAJOR,
				   PUMORI_EXECUTABLE_VERSION_MINOR);
	return 0;
}

/* The sums that the file states, each for one section that is there. */
static int read_checksums(struct pumori_executable *executable)
{
	const struct pumori_section *table = &executable->section[PUMORI_INDEX_CHECKSUMS];
	const struct pumori_section *strings = &executable->section[PUMORI_INDEX_STRINGS];
	uint64_t i, count = table->size / sizeof(struct pumori_executable_checksum);
	int index;

	for (i = 0; i < count; i++) {
		struct pumori_executable_checksum checksum;

		memcpy(&checksum, table->data + i * sizeof(checksum), sizeof(checksum));
		if (checksum.section >= strings->size)
			return pumori_fail(PUMORI_ERROR_FORMAT, "checksum %llu: bad section name",
					   (unsigned long long)i);
		index = section_index(executable->strings + checksum.section);
		if (index < 0 || index == PUMORI_INDEX_CHECKSUMS ||
		    !executable->section[index].data)
			return pumori_fail(
				PUMORI_ERROR_FORMAT,
				"checksum %llu is for section \"%.64s\", which is not there",
				(unsigned long long)i, executable->strings + checksum.section);
		if (executable->section[index].summed)
			return pumori_fail(PUMORI_ERROR_FORMAT, "section %s has two checksums",
					   section_rules[index].name);
		if (executable->section[index].size != checksum.size)
			return pumori_fail(PUMORI_ERROR_FORMAT,
					   "section %s has %llu bytes, its checksum is for %llu",
					   section_rules[index].name,
					   (unsigned long long)executable->section[index].size,
					   (unsigned long long)checksum.size);
		executable->section[index].summed = 1;
		executable->section[index].crc = checksum.crc;
	}
	for (index = 0; index < PUMORI_SECTIONS; index++)
		if (index != PUMORI_INDEX_CHECKSUMS && executable->section[index].data &&
		    !executable->section[index].summed)
			return pumori_fail(PUMORI_ERROR_FORMAT, "section %s has no checksum",
					   section_rules[index].name);
	return 0;
}

static int check_sum(const struct pumori_executable *executable, int index, const void *data)
{
	const struct pumori_section *section = &executable->section[index];

	if (!section->data || pumori_crc32c(0, data, section->size) == section->crc)
		return 0;
	return pumori_fail(PUMORI_ERROR_FORMAT, "section %s is damaged: checksum mismatch",
			   section_rules[index].name);
}

/* What is summed is the copy that will be used. */
static int check_sums(const struct pumori_executable *executable)
{
	const struct {
		int index;
		const void *data;
	} copies[] = {
		{ PUMORI_INDEX_HEADER, &executable->header },
		{ PUMORI_INDEX_PROGRAM, executable->section[PUMORI_INDEX_PROGRAM].data },
		{ PUMORI_INDEX_ENTRIES, executable->entries },
		{ PUMORI_INDEX_VARIABLES, executable->variables },
		{ PUMORI_INDEX_STRINGS, executable->strings },
		{ PUMORI_INDEX_METADATA, executable->metadata },
		{ PUMORI_INDEX_BLOBS, executable->blobs },
		{ PUMORI_INDEX_DEBUG, executable->debug },
	};
	size_t i;
	int error;

	for (i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		error = check_sum(executable, copies[i].index, copies[i].data);
		if (error)
			return error;
	}
	return 0;
}

static int copy_program_tables(struct pumori_executable *executable)
{
	const struct pumori_section *image = &executable->section[PUMORI_INDEX_PROGRAM];
	struct pumori_isa_program *program = &executable->program;
	uint64_t bytes;

	if (image->size < sizeof(*program))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "program image has %llu bytes, less than its header",
				   (unsigned long long)image->size);
	memcpy(program, image->data, sizeof(*program));
	bytes = (uint64_t)program->entries * sizeof(struct pumori_isa_entry);
	if (bytes > image->size - sizeof(*program))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "program image is too small for its %u entries",
				   program->entries);
	executable->program_entries = malloc(bytes + 1);
	if (!executable->program_entries)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for %u program entries",
				   program->entries);
	memcpy(executable->program_entries, image->data + sizeof(*program), bytes);
	return 0;
}

static int copy_tables(struct pumori_executable *executable)
{
	struct pumori_section *sections = executable->section;
	int error;

	memcpy(&executable->header, sections[PUMORI_INDEX_HEADER].data, sizeof(executable->header));
	/* First of all, so that a newer file is called newer and not damaged. */
	error = check_version(executable);
	if (error)
		return error;
	executable->entries = copy_section(&sections[PUMORI_INDEX_ENTRIES], 0);
	executable->variables = copy_section(&sections[PUMORI_INDEX_VARIABLES], 0);
	executable->strings = copy_section(&sections[PUMORI_INDEX_STRINGS], 0);
	executable->metadata = copy_section(&sections[PUMORI_INDEX_METADATA], 0);
	executable->blobs = copy_section(&sections[PUMORI_INDEX_BLOBS], 0);
	executable->debug = copy_section(&sections[PUMORI_INDEX_DEBUG], 0);
	if (!executable->entries || !executable->variables || !executable->strings ||
	    !executable->metadata || !executable->blobs || !executable->debug)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for the executable's tables");
	executable->variable_count = sections[PUMORI_INDEX_VARIABLES].size /
				     sizeof(*executable->variables);
	executable->metadata_count = sections[PUMORI_INDEX_METADATA].size /
				     sizeof(*executable->metadata);
	executable->debug_count = sections[PUMORI_INDEX_DEBUG].size / sizeof(*executable->debug);
	error = read_checksums(executable);
	if (error)
		return error;
	error = check_sums(executable);
	if (error)
		return error;
	return copy_program_tables(executable);
}

static int open_bytes(struct pumori_executable *executable)
{
	Elf *elf;
	int error;

	if (executable->file_bytes < sizeof(Elf64_Ehdr))
		return pumori_fail(PUMORI_ERROR_FORMAT, "not an executable: only %llu bytes",
				   (unsigned long long)executable->file_bytes);
	pthread_once(&elf_once, elf_prepare);
	/* libelf takes a plain pointer, but opened like this it only reads. */
	elf = elf_memory((char *)(uintptr_t)executable->file, executable->file_bytes);
	if (!elf)
		return format_error_elf("no ELF file");
	error = find_sections(executable, elf);
	elf_end(elf);
	if (error)
		return error;
	error = copy_tables(executable);
	if (error)
		return error;
	return pumori_executable_check(executable);
}

int pumori_executable_open_memory(struct pumori_executable **executable, const void *data,
				  uint64_t bytes)
{
	struct pumori_executable *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for an executable");
	new->file = data;
	new->file_bytes = bytes;
	error = open_bytes(new);
	if (error) {
		pumori_executable_close(new);
		return error;
	}
	*executable = new;
	return 0;
}

static int map_file(struct pumori_executable *executable, const char *path)
{
	struct stat status;
	void *mapping;
	int error = 0, file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (file < 0)
		goto fail;
	if (fstat(file, &status))
		goto fail;
	if (!S_ISREG(status.st_mode)) {
		error = pumori_fail(PUMORI_ERROR_IO, "%s is not a regular file", path);
	} else if (!status.st_size) {
		error = pumori_fail(PUMORI_ERROR_FORMAT, "%s is empty", path);
	} else {
		mapping = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
		if (mapping == MAP_FAILED)
			goto fail;
		executable->file = mapping;
		executable->file_bytes = status.st_size;
		executable->mapped = 1;
	}
	close(file);
	return error;
fail:
	error = errno == ENOMEM ? PUMORI_ERROR_MEMORY : PUMORI_ERROR_IO;
	if (errno == EACCES || errno == EPERM)
		error = PUMORI_ERROR_PERMISSION;
	pumori_fail_errno(errno, "cannot read %s", path);
	if (file >= 0)
		close(file);
	return error;
}

int pumori_executable_open(struct pumori_executable **executable, const char *path)
{
	struct pumori_executable *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for an executable");
	error = map_file(new, path);
	if (!error)
		error = open_bytes(new);
	if (error) {
		pumori_executable_close(new);
		return error;
	}
	*executable = new;
	return 0;
}

void pumori_executable_release(struct pumori_executable *executable)
{
	int i;

	if (executable->mapped)
		munmap((void *)(uintptr_t)executable->file, executable->file_bytes);
	executable->mapped = 0;
	executable->file = NULL;
	executable->file_bytes = 0;
	for (i = 0; i < PUMORI_SECTIONS; i++)
		executable->section[i].data = NULL;
}

void pumori_executable_close(struct pumori_executable *executable)
{
	if (!executable)
		return;
	pumori_executable_release(executable);
	free(executable->program_entries);
	free(executable->entries);
	free(executable->variables);
	free(executable->strings);
	free(executable->metadata);
	free(executable->blobs);
	free(executable->debug);
	free(executable);
}

const char *pumori_executable_string(const struct pumori_executable *executable, uint32_t offset)
{
	return executable->strings + offset;
}

int pumori_executable_copy_weights(const struct pumori_executable *executable, void *destination)
{
	const struct pumori_section *weights = &executable->section[PUMORI_INDEX_WEIGHTS];

	if (!weights->data ||
	    pumori_crc32c_copy(0, destination, weights->data, weights->size) == weights->crc)
		return 0;
	return pumori_fail(PUMORI_ERROR_FORMAT, "section %s is damaged: checksum mismatch",
			   PUMORI_SECTION_WEIGHTS);
}

int pumori_executable_metadata_value(const struct pumori_executable *executable, const char *key,
				     const char **value, size_t *bytes)
{
	uint64_t i;

	for (i = 0; i < executable->metadata_count; i++) {
		const struct pumori_executable_metadata *metadata = &executable->metadata[i];

		if (strcmp(executable->strings + metadata->key, key))
			continue;
		*value = (metadata->in_blobs ? executable->blobs : executable->strings) + metadata->value;
		*bytes = metadata->in_blobs ? metadata->size : strlen(*value);
		return 0;
	}
	return PUMORI_ERROR_INVALID;
}

const struct pumori_executable_debug *pumori_executable_debug_find(
	const struct pumori_executable *executable, uint32_t pc)
{
	uint64_t low = 0, high = executable->debug_count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (executable->debug[middle].pc <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &executable->debug[low - 1] : NULL;
}
