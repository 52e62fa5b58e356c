// SPDX-License-Identifier: MIT
/* What an executable's tables say, checked against each other and against the program image. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "executable.h"

#define NAME_MAX_BYTES	4096	/* keeps comparing names cheap, whatever a file says */
#define ENTRY_FLAGS	(PUMORI_ISA_ENTRY_PRELOAD | PUMORI_ISA_ENTRY_NEEDS_PRELOAD | PUMORI_ISA_ENTRY_RESTARTABLE)

static int bad_string(const struct pumori_executable *executable, uint64_t offset)
{
	return offset >= executable->section[PUMORI_INDEX_STRINGS].size;
}

static int bad_name(const struct pumori_executable *executable, uint64_t offset)
{
	uint64_t left;

	if (bad_string(executable, offset))
		return 1;
	left = executable->section[PUMORI_INDEX_STRINGS].size - offset;
	return strnlen(executable->strings + offset,
		       left < NAME_MAX_BYTES ? left : NAME_MAX_BYTES) == NAME_MAX_BYTES;
}

static int not_zero(const void *data, size_t bytes)
{
	const unsigned char *byte = data;

	while (bytes--)
		if (*byte++)
			return 1;
	return 0;
}

static int check_header(const struct pumori_executable *executable)
{
	const struct pumori_executable_header *header = &executable->header;
	uint64_t strings = executable->section[PUMORI_INDEX_STRINGS].size;

	if (!strings || executable->strings[0] || executable->strings[strings - 1])
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "string table does not begin and end with a zero byte");
	if (bad_name(executable, header->producer) || bad_name(executable, header->model))
		return pumori_fail(PUMORI_ERROR_FORMAT, "header: name outside the string table");
	if (header->cast != PUMORI_ISA_FP32 && header->cast != PUMORI_ISA_BF16)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "header: matrix operand type %u is neither fp32 nor bf16",
				   header->cast);
	if (not_zero(header->reserved, sizeof(header->reserved)))
		return pumori_fail(PUMORI_ERROR_FORMAT, "header: reserved bytes are set");
	return 0;
}

static int check_program(const struct pumori_executable *executable)
{
	const struct pumori_isa_program *program = &executable->program;
	uint64_t entries = executable->section[PUMORI_INDEX_ENTRIES].size /
			   sizeof(*executable->entries);
	uint64_t image = executable->section[PUMORI_INDEX_PROGRAM].size;

	if (program->magic != PUMORI_ISA_PROGRAM_MAGIC)
		return pumori_fail(PUMORI_ERROR_FORMAT, "program image has a wrong magic number");
	if (program->version_major != PUMORI_ISA_VERSION_MAJOR)
		return pumori_fail(PUMORI_ERROR_VERSION,
				   "program is for instruction set %u.%u, this library knows %u.%u",
				   program->version_major, program->version_minor,
				   PUMORI_ISA_VERSION_MAJOR, PUMORI_ISA_VERSION_MINOR);
	if (!program->entries || program->entries != entries)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "program image has %u entries, the entry table %" PRIu64,
				   program->entries, entries);
	if (program->entries > PUMORI_EXECUTABLE_ENTRIES_MAX)
		return pumori_fail(PUMORI_ERROR_FORMAT, "%u entries, at most %u are allowed",
				   program->entries, PUMORI_EXECUTABLE_ENTRIES_MAX);
	if (program->instructions_offset > image ||
	    (uint64_t)program->instructions * PUMORI_ISA_INSTRUCTION_BYTES >
		    image - program->instructions_offset)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "program image of %" PRIu64
				   " bytes is too small for %u instructions",
				   image, program->instructions);
	return 0;
}

/* Dense and row-major: the size follows from type and shape. */
static int check_shape(const struct pumori_executable *executable,
		       const struct pumori_executable_variable *variable)
{
	const char *name = executable->strings + variable->name;
	uint64_t element = pumori_dtype_size(variable->dtype), size = element;
	uint32_t i;

	if (variable->rank > PUMORI_EXECUTABLE_RANK_MAX)
		return pumori_fail(PUMORI_ERROR_FORMAT, "variable %.64s: rank %u is above %u", name,
				   variable->rank, PUMORI_EXECUTABLE_RANK_MAX);
	for (i = variable->rank; i < PUMORI_EXECUTABLE_RANK_MAX; i++)
		if (variable->shape[i])
			return pumori_fail(PUMORI_ERROR_FORMAT,
					   "variable %.64s: shape beyond its rank", name);
	if (variable->dtype == PUMORI_ISA_NONE) {
		if (variable->kind == PUMORI_KIND_WEIGHTS || variable->kind == PUMORI_KIND_SCRATCH)
			return 0;
		return pumori_fail(PUMORI_ERROR_FORMAT, "variable %.64s has no element type", name);
	}
	if (!element)
		return pumori_fail(PUMORI_ERROR_FORMAT, "variable %.64s: unknown element type %u",
				   name, variable->dtype);
	for (i = 0; i < variable->rank; i++)
		if (__builtin_mul_overflow(size, variable->shape[i], &size))
			return pumori_fail(PUMORI_ERROR_FORMAT, "variable %.64s: shape overflows",
					   name);
	if (size != variable->size)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "variable %.64s: shape needs %" PRIu64
				   " bytes, size says %" PRIu64,
				   name, size, (uint64_t)variable->size);
	return 0;
}

static int check_variable(const struct pumori_executable *executable, uint64_t index)
{
	const struct pumori_executable_variable *variable = &executable->variables[index];
	uint64_t weights = executable->section[PUMORI_INDEX_WEIGHTS].size;
	const char *name;
	int in_weights;

	if (bad_name(executable, variable->name))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "variable %" PRIu64 ": name outside the string table", index);
	name = executable->strings + variable->name;
	if (variable->kind < PUMORI_KIND_INPUT || variable->kind > PUMORI_KIND_STATE)
		return pumori_fail(PUMORI_ERROR_FORMAT, "variable %.64s: unknown kind %u", name,
				   variable->kind);
	if (variable->flags & ~PUMORI_VARIABLE_INITIALIZED ||
	    (variable->flags && variable->kind != PUMORI_KIND_STATE) || variable->reserved)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "variable %.64s: unknown flags or reserved bytes set", name);
	in_weights = variable->kind == PUMORI_KIND_WEIGHTS ||
		     variable->flags & PUMORI_VARIABLE_INITIALIZED;
	if (!in_weights && variable->offset)
		return pumori_fail(PUMORI_ERROR_FORMAT, "variable %.64s: an offset without weights",
				   name);
	if (in_weights && (variable->offset % 64 || variable->offset > weights ||
			   variable->size > weights - variable->offset))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "variable %.64s: bytes %" PRIu64 " + %" PRIu64
				   " lie outside the weights or are not aligned",
				   name, (uint64_t)variable->offset, (uint64_t)variable->size);
	return check_shape(executable, variable);
}

/* A caller finds inputs, outputs and states by name. */
static int check_names(const struct pumori_executable *executable,
		       const struct pumori_executable_entry *entry)
{
	const struct pumori_executable_variable *variables =
		&executable->variables[entry->first_variable];
	uint32_t i, j;

	for (i = 0; i < entry->variables; i++) {
		if (variables[i].kind == PUMORI_KIND_WEIGHTS ||
		    variables[i].kind == PUMORI_KIND_SCRATCH)
			continue;
		for (j = 0; j < i; j++) {
			if (variables[j].kind == PUMORI_KIND_WEIGHTS ||
			    variables[j].kind == PUMORI_KIND_SCRATCH)
				continue;
			if (!strcmp(executable->strings + variables[i].name,
				    executable->strings + variables[j].name))
				return pumori_fail(PUMORI_ERROR_FORMAT,
						   "two variables are called %.64s",
						   executable->strings + variables[i].name);
		}
	}
	return 0;
}

static int check_entry(const struct pumori_executable *executable, uint32_t index)
{
	const struct pumori_executable_entry *entry = &executable->entries[index];
	const struct pumori_isa_entry *image = &executable->program_entries[index];
	uint32_t i;

	if (bad_name(executable, entry->name))
		return pumori_fail(PUMORI_ERROR_FORMAT, "entry %u: name outside the string table",
				   index);
	if (entry->flags & ~ENTRY_FLAGS || not_zero(entry->reserved, sizeof(entry->reserved)))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "entry %u: unknown flags or reserved bytes set", index);
	if (entry->flags & PUMORI_ISA_ENTRY_PRELOAD &&
	    entry->flags & PUMORI_ISA_ENTRY_NEEDS_PRELOAD)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "entry %u both preloads and needs a preload", index);
	if (entry->first_variable > executable->variable_count ||
	    entry->variables > executable->variable_count - entry->first_variable)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "entry %u: variables %u + %u are outside the table", index,
				   entry->first_variable, entry->variables);
	if (entry->variables > PUMORI_ISA_VARIABLES)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "entry %u: %u variables, at most %u are possible", index,
				   entry->variables, PUMORI_ISA_VARIABLES);
	if (entry->variables != image->variables || entry->flags != image->flags)
		return pumori_fail(PUMORI_ERROR_FORMAT, "entry %u differs from the program image's",
				   index);
	if (image->scalars)
		return pumori_fail(PUMORI_ERROR_UNSUPPORTED, "entry %u needs job scalars", index);
	if (entry->flags & PUMORI_ISA_ENTRY_PRELOAD)
		for (i = 0; i < entry->variables; i++) {
			uint32_t kind = executable->variables[entry->first_variable + i].kind;

			if (kind != PUMORI_KIND_WEIGHTS && kind != PUMORI_KIND_SCRATCH)
				return pumori_fail(
					PUMORI_ERROR_FORMAT,
					"entry %u: a preload has weights and scratch only", index);
		}
	return check_names(executable, entry);
}

static int check_entries(const struct pumori_executable *executable)
{
	uint32_t i, all = 0, runs = 0;
	int error;

	for (i = 0; i < executable->program.entries; i++) {
		error = check_entry(executable, i);
		if (error)
			return error;
		all |= executable->entries[i].flags;
		runs += !(executable->entries[i].flags & PUMORI_ISA_ENTRY_PRELOAD);
	}
	if (!runs)
		return pumori_fail(PUMORI_ERROR_FORMAT, "no entry to run");
	if (all & PUMORI_ISA_ENTRY_NEEDS_PRELOAD && !(all & PUMORI_ISA_ENTRY_PRELOAD))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "an entry needs a preload, but there is none");
	return 0;
}

/* Values from the blobs move to a buffer where a zero byte follows each. */
static int check_metadata(struct pumori_executable *executable)
{
	uint64_t i, blobs = executable->section[PUMORI_INDEX_BLOBS].size, total = 0, used = 0;
	char *values;

	for (i = 0; i < executable->metadata_count; i++) {
		const struct pumori_executable_metadata *metadata = &executable->metadata[i];

		if (bad_name(executable, metadata->key) || metadata->in_blobs > 1 ||
		    (!metadata->in_blobs &&
		     (bad_string(executable, metadata->value) || metadata->size)))
			return pumori_fail(PUMORI_ERROR_FORMAT,
					   "metadata %" PRIu64 ": bad key or value", i);
		if (!metadata->in_blobs)
			continue;
		if (metadata->value > blobs || metadata->size > blobs - metadata->value)
			return pumori_fail(PUMORI_ERROR_FORMAT,
					   "metadata %.64s: value lies outside the blobs",
					   executable->strings + metadata->key);
		total += metadata->size;
		if (total > blobs)
			return pumori_fail(PUMORI_ERROR_FORMAT, "metadata %.64s: values overlap",
					   executable->strings + metadata->key);
	}
	values = calloc(1, total + executable->metadata_count + 1);
	if (!values)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for metadata");
	for (i = 0; i < executable->metadata_count; i++) {
		struct pumori_executable_metadata *metadata = &executable->metadata[i];

		if (!metadata->in_blobs)
			continue;
		memcpy(values + used, executable->blobs + metadata->value, metadata->size);
		metadata->value = used;
		used += metadata->size + 1;
	}
	free(executable->blobs);
	executable->blobs = values;
	return 0;
}

static int check_debug(const struct pumori_executable *executable)
{
	uint64_t i;

	for (i = 0; i < executable->debug_count; i++) {
		const struct pumori_executable_debug *debug = &executable->debug[i];

		if (bad_string(executable, debug->node) ||
		    bad_string(executable, debug->operation) || debug->reserved)
			return pumori_fail(PUMORI_ERROR_FORMAT,
					   "debug map, element %" PRIu64 ": bad name", i);
		if (i && debug->pc <= executable->debug[i - 1].pc)
			return pumori_fail(PUMORI_ERROR_FORMAT,
					   "debug map, element %" PRIu64 ": not ascending", i);
	}
	return 0;
}

int pumori_executable_check(struct pumori_executable *executable)
{
	uint64_t i;
	int error = check_header(executable);

	if (error)
		return error;
	error = check_program(executable);
	if (error)
		return error;
	if (executable->variable_count > PUMORI_EXECUTABLE_VARIABLES_MAX)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "%" PRIu64 " variables, at most %u are allowed",
				   executable->variable_count, PUMORI_EXECUTABLE_VARIABLES_MAX);
	for (i = 0; i < executable->variable_count; i++) {
		error = check_variable(executable, i);
		if (error)
			return error;
	}
	error = check_entries(executable);
	if (error)
		return error;
	error = check_metadata(executable);
	if (error)
		return error;
	return check_debug(executable);
}
