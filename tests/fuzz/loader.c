// SPDX-License-Identifier: MIT
/*
 * The executable loader: any bytes are refused or loaded, and what was loaded can be read in full.
 * The mutator repairs the checksums of what still looks like an executable, or else no change would
 * ever get past them.
 */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "error.h"
#include "executable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t capacity, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t capacity);

static volatile size_t sink;

static void read_strings(const struct pumori_executable *executable)
{
	const struct pumori_executable_debug *debug;
	const char *value;
	size_t length;
	uint64_t i;

	sink += strlen(pumori_executable_string(executable, executable->header.model));
	sink += strlen(pumori_executable_string(executable, executable->header.producer));
	for (i = 0; i < executable->variable_count; i++)
		sink += strlen(pumori_executable_string(executable, executable->variables[i].name));
	for (i = 0; i < executable->program.entries; i++)
		sink += strlen(pumori_executable_string(executable, executable->entries[i].name));
	for (i = 0; i < executable->metadata_count; i++) {
		const char *key = pumori_executable_string(executable, executable->metadata[i].key);

		if (pumori_executable_metadata_value(executable, key, &value, &length) ||
		    value[length])
			abort();
		sink += strlen(value);
	}
	for (i = 0; i <= executable->program.instructions && i < 4096; i++) {
		debug = pumori_executable_debug_find(executable, (uint32_t)i);
		if (debug)
			sink += strlen(pumori_executable_string(executable, debug->node)) +
				strlen(pumori_executable_string(executable, debug->operation));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct pumori_executable *executable = NULL;
	void *weights;
	int error = pumori_executable_open_memory(&executable, data, bytes);

	if (error) {
		/* Every refusal has words and leaves nothing. */
		if (executable || !*pumori_last_error())
			abort();
		return 0;
	}
	read_strings(executable);
	weights = malloc(executable->section[PUMORI_INDEX_WEIGHTS].size + 1);
	if (weights)
		sink += (size_t)pumori_executable_copy_weights(executable, weights);
	free(weights);
	pumori_executable_release(executable);
	read_strings(executable);
	pumori_executable_close(executable);
	return 0;
}

/* --- The mutator -------------------------------------------------------------------------------- */

static int read_section(const uint8_t *data, size_t bytes, const Elf64_Ehdr *header,
			unsigned int index, Elf64_Shdr *section)
{
	uint64_t at = header->e_shoff + (uint64_t)index * sizeof(*section);

	if (header->e_shoff > bytes || at > bytes || bytes - at < sizeof(*section))
		return 0;
	memcpy(section, data + at, sizeof(*section));
	return section->sh_offset <= bytes && section->sh_size <= bytes - section->sh_offset;
}

/* The sums are in the order of the sections: the builder and the compiler write both alike. */
static void repair(uint8_t *data, size_t bytes)
{
	struct pumori_executable_checksum sum;
	Elf64_Shdr table, section;
	Elf64_Ehdr header;
	unsigned int i, sections;
	uint64_t k, at;

	if (bytes < sizeof(header))
		return;
	memcpy(&header, data, sizeof(header));
	sections = header.e_shnum;
	/* The checksums come last but one: names follow. */
	if (sections < 4 || sections > 32 ||
	    !read_section(data, bytes, &header, sections - 2, &table))
		return;
	for (i = 1, k = 0; i < sections - 2; i++, k++) {
		if (!read_section(data, bytes, &header, i, &section) ||
		    (k + 1) * sizeof(sum) > table.sh_size)
			return;
		at = table.sh_offset + k * sizeof(sum);
		memcpy(&sum, data + at, sizeof(sum));
		sum.crc = pumori_crc32c(0, data + section.sh_offset, section.sh_size);
		sum.size = section.sh_size;
		memcpy(data + at, &sum, sizeof(sum));
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t capacity, unsigned int seed)
{
	bytes = LLVMFuzzerMutate(data, bytes, capacity);
	if (seed % 8)
		repair(data, bytes);
	return bytes;
}
