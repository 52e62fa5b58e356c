// SPDX-License-Identifier: MIT
/* Executables, sound and damaged in every way that the format has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <elf.h>
#include <cmocka.h>

#include "error.h"
#include "executable.h"
#include "executable_builder.h"

static int temporary_file(char path[PATH_MAX])
{
	const char *folder = getenv("TMPDIR");

	snprintf(path, PATH_MAX, "%s/pumori-loader-XXXXXX", folder ? folder : "/tmp");
	return mkstemp(path);
}

static struct pumori_executable *open_sound(struct builder *builder)
{
	struct pumori_executable *executable = NULL;
	size_t bytes;
	void *file = builder_write(builder, &bytes);
	int error = pumori_executable_open_memory(&executable, file, bytes);

	if (error)
		print_error("%s\n", pumori_last_error());
	assert_int_equal(error, 0);
	if (executable->section[PUMORI_INDEX_WEIGHTS].data) {
		void *weights = malloc(executable->section[PUMORI_INDEX_WEIGHTS].size);

		assert_int_equal(pumori_executable_copy_weights(executable, weights), 0);
		free(weights);
	}
	pumori_executable_release(executable);
	free(file);
	builder_end(builder);
	return executable;
}

/* The file must be refused with @code, and the words must say @words. */
static void refuse_bytes(const void *file, size_t bytes, int code, const char *words)
{
	struct pumori_executable *executable = NULL;
	int error = pumori_executable_open_memory(&executable, file, bytes);

	if (!error && executable->section[PUMORI_INDEX_WEIGHTS].data) {
		void *weights = malloc(executable->section[PUMORI_INDEX_WEIGHTS].size + 1);

		error = pumori_executable_copy_weights(executable, weights);
		free(weights);
		pumori_executable_close(executable);
		executable = NULL;
	}
	assert_int_equal(error, code);
	assert_null(executable);
	if (!strstr(pumori_last_error(), words))
		print_error("\"%s\" does not say \"%s\"\n", pumori_last_error(), words);
	assert_non_null(strstr(pumori_last_error(), words));
}

static void refuse(struct builder *builder, int code, const char *words)
{
	size_t bytes;
	void *file = builder_write(builder, &bytes);

	refuse_bytes(file, bytes, code, words);
	free(file);
	builder_end(builder);
}

static void test_sound(void **state)
{
	struct pumori_executable *executable;
	struct builder builder;
	const char *value;
	size_t bytes;

	(void)state;
	build_copy(&builder, 100);
	executable = open_sound(&builder);
	assert_int_equal(executable->program.entries, 1);
	assert_int_equal(executable->variable_count, 2);
	assert_string_equal(pumori_executable_string(executable, executable->header.model),
			    "test model");
	assert_int_equal(pumori_executable_metadata_value(executable, "task", &value, &bytes), 0);
	assert_string_equal(value, "copy");
	assert_int_equal(bytes, 4);
	assert_int_equal(pumori_executable_metadata_value(executable, "dict", &value, &bytes), 0);
	assert_string_equal(value, "a\nb\nc");
	assert_int_equal(bytes, 5);
	assert_int_equal(pumori_executable_metadata_value(executable, "raw", &value, &bytes), 0);
	assert_int_equal(bytes, 3);
	assert_memory_equal(value, "\0\1\2\0", 4);
	assert_int_equal(pumori_executable_metadata_value(executable, "none", &value, &bytes),
			 PUMORI_ERROR_INVALID);
	pumori_executable_close(executable);
	build_scale(&builder);
	pumori_executable_close(open_sound(&builder));
	build_preload(&builder, 1);
	pumori_executable_close(open_sound(&builder));
	build_state(&builder);
	pumori_executable_close(open_sound(&builder));
}

static void test_debug_map(void **state)
{
	struct pumori_executable *executable;
	struct builder builder;

	(void)state;
	build_copy(&builder, 1);
	builder.section[BUILDER_DEBUG].bytes = 0;
	builder_debug(&builder, 3, "three");
	builder_debug(&builder, 5, "five");
	executable = open_sound(&builder);
	assert_null(pumori_executable_debug_find(executable, 2));
	assert_string_equal(pumori_executable_string(
				    executable, pumori_executable_debug_find(executable, 3)->node),
			    "three");
	assert_string_equal(pumori_executable_string(
				    executable, pumori_executable_debug_find(executable, 4)->node),
			    "three");
	assert_string_equal(
		pumori_executable_string(executable,
					 pumori_executable_debug_find(executable, ~0u)->node),
		"five");
	pumori_executable_close(executable);
}

static void test_file(void **state)
{
	char path[PATH_MAX];
	struct pumori_executable *executable = NULL;
	struct builder builder;
	size_t bytes;
	void *file;
	int descriptor = temporary_file(path);

	(void)state;
	assert_true(descriptor >= 0);
	assert_int_equal(pumori_executable_open(&executable, path), PUMORI_ERROR_FORMAT);
	assert_non_null(strstr(pumori_last_error(), "is empty"));
	build_scale(&builder);
	file = builder_write(&builder, &bytes);
	assert_int_equal(write(descriptor, file, bytes), bytes);
	assert_int_equal(pumori_executable_open(&executable, path), 0);
	pumori_executable_close(executable);
	assert_int_equal(ftruncate(descriptor, (off_t)bytes / 2), 0);
	assert_int_equal(pumori_executable_open(&executable, path), PUMORI_ERROR_FORMAT);
	close(descriptor);
	unlink(path);
	assert_int_equal(pumori_executable_open(&executable, path), PUMORI_ERROR_IO);
	assert_non_null(strstr(pumori_last_error(), path));
	assert_int_equal(pumori_executable_open(&executable, "/tmp"), PUMORI_ERROR_IO);
	assert_non_null(strstr(pumori_last_error(), "not a regular file"));
	free(file);
	builder_end(&builder);
}

static void test_no_executable(void **state)
{
	static unsigned char zeros[8192];
	static const char text[] =
		"#!/bin/sh\necho this is no executable of ours, and it is long enough for a header\n";
	Elf64_Ehdr *header;
	struct builder builder;
	size_t bytes;
	void *file;

	(void)state;
	refuse_bytes(zeros, sizeof(zeros), PUMORI_ERROR_FORMAT, "not an executable");
	refuse_bytes(zeros, 0, PUMORI_ERROR_FORMAT, "only 0 bytes");
	refuse_bytes(text, sizeof(text), PUMORI_ERROR_FORMAT, "not an executable");
	build_copy(&builder, 1);
	file = builder_write(&builder, &bytes);
	header = file;
	header->e_machine = EM_X86_64;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "of another kind");
	header->e_machine = EM_NONE;
	header->e_type = ET_DYN;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "of another kind");
	header->e_type = ET_EXEC;
	header->e_ident[EI_CLASS] = ELFCLASS32;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "not an executable");
	header->e_ident[EI_CLASS] = ELFCLASS64;
	header->e_shstrndx = 0x7fff;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "");
	free(file);
	builder_end(&builder);
}

/* No prefix of a file is taken for the file, and none is read beyond its end. */
static void test_truncated(void **state)
{
	struct builder builder;
	size_t bytes, length;
	char *file, *part;

	(void)state;
	build_scale(&builder);
	file = builder_write(&builder, &bytes);
	for (length = 0; length < bytes; length += length < 256 ? 1 : 61) {
		/* A copy of just that length, so that a sanitizer sees the end. */
		part = malloc(length + 1);
		memcpy(part, file, length);
		refuse_bytes(part, length, PUMORI_ERROR_FORMAT, "");
		free(part);
	}
	free(file);
	builder_end(&builder);
}

/* Any flipped bit that matters is noticed; the rest is padding and headers that nobody uses. */
static void test_flipped_bits(void **state)
{
	struct pumori_executable *executable;
	struct builder builder;
	size_t bytes, at, noticed = 0, data = 0;
	unsigned char *file, weights[4096];
	int error, i;

	(void)state;
	build_scale(&builder);
	file = builder_write(&builder, &bytes);
	for (i = 0; i < BUILDER_SECTIONS; i++)
		data += builder.section[i].bytes;
	for (at = 0; at < bytes; at++) {
		file[at] ^= 1u << at % 8;
		executable = NULL;
		error = pumori_executable_open_memory(&executable, file, bytes);
		if (!error) {
			error = pumori_executable_copy_weights(executable, weights);
			pumori_executable_close(executable);
		}
		if (error)
			noticed++;
		assert_true(!error || error == PUMORI_ERROR_FORMAT ||
			    error == PUMORI_ERROR_VERSION);
		file[at] ^= 1u << at % 8;
	}
	assert_true(noticed >= data);
	free(file);
	builder_end(&builder);
}

static void test_random_damage(void **state)
{
	struct pumori_executable *executable;
	struct builder builder;
	size_t bytes, k;
	unsigned char *file, *copy;
	unsigned int seed = 5, round;

	(void)state;
	build_preload(&builder, 2);
	file = builder_write(&builder, &bytes);
	copy = malloc(bytes);
	for (round = 0; round < 5000; round++) {
		memcpy(copy, file, bytes);
		for (k = 0; k < 1 + round % 16; k++) {
			seed = seed * 1664525 + 1013904223;
			/* Half of the damage in the headers at either end, where the structure is. */
			copy[round % 2	? seed % bytes
			     : seed % 2 ? (seed >> 8) % 64
					: bytes - 1 - (seed >> 8) % 768] = (unsigned char)(seed >>
											   24);
		}
		executable = NULL;
		if (!pumori_executable_open_memory(&executable, copy, bytes))
			pumori_executable_close(executable);
	}
	free(copy);
	free(file);
	builder_end(&builder);
}

static void test_versions(void **state)
{
	struct builder builder;

	(void)state;
	build_copy(&builder, 1);
	builder_header(&builder)->version_major = 2;
	refuse(&builder, PUMORI_ERROR_VERSION, "format version 2.0");
	build_copy(&builder, 1);
	builder_header(&builder)->version_minor = PUMORI_EXECUTABLE_VERSION_MINOR + 1;
	refuse(&builder, PUMORI_ERROR_VERSION, "format version 1.");
	build_copy(&builder, 1);
	builder_header(&builder)->magic ^= 1;
	refuse(&builder, PUMORI_ERROR_FORMAT, "magic");
	build_copy(&builder, 1);
	builder_header(&builder)->cast = PUMORI_ISA_INT8;
	refuse(&builder, PUMORI_ERROR_FORMAT, "operand type");
	build_copy(&builder, 1);
	builder_header(&builder)->reserved[6] = 1;
	refuse(&builder, PUMORI_ERROR_FORMAT, "reserved");
	build_copy(&builder, 1);
	builder_header(&builder)->producer = 1000000;
	refuse(&builder, PUMORI_ERROR_FORMAT, "outside the string table");
	build_copy(&builder, 1);
	((struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data)->version_major = 9;
	refuse(&builder, PUMORI_ERROR_VERSION, "instruction set 9");
}

static void test_sections(void **state)
{
	static const enum builder_index required[] = {
		BUILDER_HEADER, BUILDER_PROGRAM, BUILDER_ENTRIES, BUILDER_VARIABLES,
	};
	struct pumori_executable_header header;
	struct builder builder;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		build_copy(&builder, 1);
		free(builder.section[required[i]].data);
		builder.section[required[i]].data = NULL;
		builder.section[required[i]].bytes = 0;
		refuse(&builder, PUMORI_ERROR_FORMAT,
		       required[i] == BUILDER_VARIABLES ? "variables" : "is missing");
	}
	build_copy(&builder, 1);
	builder.section[BUILDER_STRINGS].name = ".strings";
	refuse(&builder, PUMORI_ERROR_FORMAT, "is missing");
	build_copy(&builder, 1);
	builder.section[BUILDER_DEBUG].name = ".pumori.unheard";
	refuse(&builder, PUMORI_ERROR_FORMAT, "unknown section .pumori.unheard");
	build_copy(&builder, 1);
	builder.section[BUILDER_DEBUG].name = PUMORI_SECTION_ENTRIES;
	refuse(&builder, PUMORI_ERROR_FORMAT, "twice");
	build_copy(&builder, 1);
	builder.section[BUILDER_DEBUG].type = SHT_NOTE;
	refuse(&builder, PUMORI_ERROR_FORMAT, "not plain data");
	build_copy(&builder, 1);
	builder.section[BUILDER_VARIABLES].flags = SHF_COMPRESSED;
	refuse(&builder, PUMORI_ERROR_FORMAT, "not plain data");
	build_copy(&builder, 1);
	builder_append(&builder, BUILDER_DEBUG, "odd", 3);
	refuse(&builder, PUMORI_ERROR_FORMAT, "not a multiple");
	build_copy(&builder, 1);
	header = *builder_header(&builder);
	builder_append(&builder, BUILDER_HEADER, &header, sizeof(header));
	refuse(&builder, PUMORI_ERROR_FORMAT, "more than one header");
	build_copy(&builder, 1);
	builder.section[BUILDER_PROGRAM].alignment = 8;
	refuse(&builder, PUMORI_ERROR_FORMAT, "not aligned");
}

static Elf64_Shdr *section_header(void *file, unsigned int index)
{
	return (Elf64_Shdr *)((char *)file + ((Elf64_Ehdr *)file)->e_shoff) + index;
}

static void test_offsets_and_overlaps(void **state)
{
	static const unsigned long long sizes[] = { 1ull << 40, ~0ull, 1ull << 63, 4096 };
	struct builder builder;
	size_t bytes, i;
	void *file;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		build_scale(&builder);
		file = builder_write(&builder, &bytes);
		/* Section 2 is the program, 3 the entries. */
		section_header(file, 2)->sh_size = sizes[i] & ~255ull;
		refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "");
		free(file);
		builder_end(&builder);
	}
	build_scale(&builder);
	file = builder_write(&builder, &bytes);
	section_header(file, 3)->sh_offset = section_header(file, 2)->sh_offset + 64;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "overlap");
	section_header(file, 3)->sh_offset = ~0ull;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "beyond the file");
	section_header(file, 3)->sh_offset = bytes - 8;
	refuse_bytes(file, bytes, PUMORI_ERROR_FORMAT, "beyond the file");
	free(file);
	builder_end(&builder);
}

static void test_checksums(void **state)
{
	struct builder builder;
	int i;

	(void)state;
	for (i = 0; i < BUILDER_CHECKSUMS; i++) {
		if (i == BUILDER_METADATA || i == BUILDER_BLOBS || i == BUILDER_DEBUG)
			build_copy(&builder, 1);
		else
			build_scale(&builder);
		builder.section[i].checksum_xor = 0x10;
		refuse(&builder, PUMORI_ERROR_FORMAT, "checksum mismatch");
		build_scale(&builder);
		builder.section[i].no_checksum = 1;
		if (builder.section[i].data)
			refuse(&builder, PUMORI_ERROR_FORMAT, "has no checksum");
		else
			builder_end(&builder);
	}
	build_scale(&builder);
	builder.section[BUILDER_ENTRIES].size_xor = 32;
	refuse(&builder, PUMORI_ERROR_FORMAT, "its checksum is for");
}

/* --- Tables -------------------------------------------------------------------------------------- */

static struct pumori_executable_variable *variable_at(struct builder *builder, unsigned int index)
{
	return (struct pumori_executable_variable *)builder->section[BUILDER_VARIABLES].data +
	       index;
}

static struct pumori_executable_entry *entry_at(struct builder *builder, unsigned int index)
{
	return (struct pumori_executable_entry *)builder->section[BUILDER_ENTRIES].data + index;
}

static struct pumori_isa_entry *image_entry_at(struct builder *builder, unsigned int index)
{
	return (struct pumori_isa_entry *)(builder->section[BUILDER_PROGRAM].data +
					   sizeof(struct pumori_isa_program)) + index;
}

static void test_variables(void **state)
{
	struct builder builder;

	(void)state;
#define REFUSE_VARIABLE(index, change, words) do { \
		build_scale(&builder); \
		variable_at(&builder, index)->change; \
		refuse(&builder, PUMORI_ERROR_FORMAT, words); \
	} while (0)
	REFUSE_VARIABLE(0, name = 0x7fffffff, "outside the string table");
	REFUSE_VARIABLE(0, kind = 0, "unknown kind");
	REFUSE_VARIABLE(0, kind = 6, "unknown kind");
	REFUSE_VARIABLE(0, flags = 2, "unknown flags");
	REFUSE_VARIABLE(0, flags = PUMORI_VARIABLE_INITIALIZED, "unknown flags");
	REFUSE_VARIABLE(0, reserved = 1, "reserved");
	REFUSE_VARIABLE(0, offset = 64, "without weights");
	REFUSE_VARIABLE(0, rank = 9, "rank 9");
	REFUSE_VARIABLE(0, rank = 0, "beyond its rank");
	REFUSE_VARIABLE(0, shape[7] = 1, "beyond its rank");
	REFUSE_VARIABLE(0, dtype = 7, "unknown element type");
	REFUSE_VARIABLE(0, dtype = PUMORI_ISA_NONE, "no element type");
	REFUSE_VARIABLE(0, size = 255, "shape needs 256 bytes");
	REFUSE_VARIABLE(0, shape[0] = 1ull << 62, "overflows");
	REFUSE_VARIABLE(1, offset = 65, "outside the weights");
	REFUSE_VARIABLE(1, offset = 128, "outside the weights");
	REFUSE_VARIABLE(1, offset = ~63ull, "outside the weights");
	REFUSE_VARIABLE(1, size = ~0ull, "outside the weights");
#undef REFUSE_VARIABLE
	build_scale(&builder);
	variable_at(&builder, 3)->name = variable_at(&builder, 0)->name;
	refuse(&builder, PUMORI_ERROR_FORMAT, "two variables are called x");
	/* Weights and scratch are not found by name. */
	build_scale(&builder);
	variable_at(&builder, 2)->name = variable_at(&builder, 0)->name;
	pumori_executable_close(open_sound(&builder));
	/* An empty tensor is one. */
	build_copy(&builder, 1);
	variable_at(&builder, 0)->shape[0] = 0;
	variable_at(&builder, 0)->size = 0;
	pumori_executable_close(open_sound(&builder));
}

static void test_entries(void **state)
{
	struct builder builder;

	(void)state;
	build_copy(&builder, 1);
	entry_at(&builder, 0)->variables = 3;
	refuse(&builder, PUMORI_ERROR_FORMAT, "outside the table");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->first_variable = ~0u;
	refuse(&builder, PUMORI_ERROR_FORMAT, "outside the table");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->variables = 1;
	refuse(&builder, PUMORI_ERROR_FORMAT, "differs from the program image");
	build_copy(&builder, 1);
	image_entry_at(&builder, 0)->variables = 3;
	refuse(&builder, PUMORI_ERROR_FORMAT, "differs from the program image");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->flags = 0;
	refuse(&builder, PUMORI_ERROR_FORMAT, "differs from the program image");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->flags = 1u << 31;
	refuse(&builder, PUMORI_ERROR_FORMAT, "unknown flags");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->reserved[1] = 1;
	refuse(&builder, PUMORI_ERROR_FORMAT, "reserved");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->name = 0x7fffffff;
	refuse(&builder, PUMORI_ERROR_FORMAT, "outside the string table");
	build_copy(&builder, 1);
	image_entry_at(&builder, 0)->scalars = 1;
	refuse(&builder, PUMORI_ERROR_UNSUPPORTED, "scalars");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->flags = image_entry_at(&builder, 0)->flags =
		PUMORI_ISA_ENTRY_NEEDS_PRELOAD;
	refuse(&builder, PUMORI_ERROR_FORMAT, "there is none");
	build_copy(&builder, 1);
	entry_at(&builder, 0)->flags = image_entry_at(&builder, 0)->flags =
		PUMORI_ISA_ENTRY_PRELOAD;
	refuse(&builder, PUMORI_ERROR_FORMAT, "weights and scratch only");
	build_empty(&builder);
	entry_at(&builder, 0)->flags = image_entry_at(&builder, 0)->flags =
		PUMORI_ISA_ENTRY_PRELOAD;
	refuse(&builder, PUMORI_ERROR_FORMAT, "no entry to run");
	build_copy(&builder, 1);
	builder_entry(&builder, "more", 0);
	refuse(&builder, PUMORI_ERROR_FORMAT, "program image has 1 entries, the entry table 2");
}

static void test_program_image(void **state)
{
	struct builder builder;
	struct pumori_isa_program *program;

	(void)state;
	build_copy(&builder, 1);
	program = (struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data;
	program->magic ^= 1;
	refuse(&builder, PUMORI_ERROR_FORMAT, "magic");
	build_copy(&builder, 1);
	program = (struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data;
	program->entries = 0x10000000;
	refuse(&builder, PUMORI_ERROR_FORMAT, "too small for its");
	build_copy(&builder, 1);
	program = (struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data;
	program->instructions = ~0u;
	refuse(&builder, PUMORI_ERROR_FORMAT, "too small for 4294967295 instructions");
	build_copy(&builder, 1);
	program = (struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data;
	program->instructions_offset = ~255u;
	refuse(&builder, PUMORI_ERROR_FORMAT, "too small");
	build_copy(&builder, 1);
	builder.section[BUILDER_PROGRAM].bytes = 10;
	refuse(&builder, PUMORI_ERROR_FORMAT, "less than its header");
}

static void test_strings_and_metadata(void **state)
{
	struct pumori_executable_metadata *metadata;
	struct builder builder;

	(void)state;
	build_copy(&builder, 1);
	builder.section[BUILDER_STRINGS].data[0] = 'x';
	refuse(&builder, PUMORI_ERROR_FORMAT, "zero byte");
#define REFUSE_METADATA(index, change, words) \
	do { \
		build_copy(&builder, 1); \
		metadata = (struct pumori_executable_metadata *)builder.section[BUILDER_METADATA] \
				   .data + \
			   (index); \
		metadata->change; \
		refuse(&builder, PUMORI_ERROR_FORMAT, words); \
	} while (0)
	REFUSE_METADATA(0, key = 0x7fffffff, "bad key");
	REFUSE_METADATA(0, value = 1ull << 40, "bad key or value");
	REFUSE_METADATA(0, size = 1, "bad key or value");
	REFUSE_METADATA(0, in_blobs = 2, "bad key or value");
	REFUSE_METADATA(1, value = 9, "outside the blobs");
	REFUSE_METADATA(1, size = ~0ull, "outside the blobs");
	REFUSE_METADATA(1, size = 8, "overlap");
#undef REFUSE_METADATA
	build_copy(&builder, 1);
	builder_debug(&builder, 0, "again");
	refuse(&builder, PUMORI_ERROR_FORMAT, "not ascending");
	build_copy(&builder, 1);
	((struct pumori_executable_debug *)builder.section[BUILDER_DEBUG].data)->node = 0x7fffffff;
	refuse(&builder, PUMORI_ERROR_FORMAT, "bad name");
	build_copy(&builder, 1);
	((struct pumori_executable_debug *)builder.section[BUILDER_DEBUG].data)->reserved = 1;
	refuse(&builder, PUMORI_ERROR_FORMAT, "bad name");
}

static void test_long_names_and_many_variables(void **state)
{
	struct builder builder;
	char name[5000];
	int i;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = 0;
	build_copy(&builder, 1);
	variable_at(&builder, 0)->name = builder_string(&builder, name);
	refuse(&builder, PUMORI_ERROR_FORMAT, "outside the string table");
	build_copy(&builder, 1);
	for (i = 0; i < PUMORI_EXECUTABLE_VARIABLES_MAX; i++)
		builder_variable(&builder, "", PUMORI_KIND_SCRATCH, PUMORI_ISA_NONE, 8, 0);
	refuse(&builder, PUMORI_ERROR_FORMAT, "at most 4096");
	build_copy(&builder, 1);
	for (i = 0; i < PUMORI_ISA_VARIABLES; i++)
		builder_variable(&builder, "", PUMORI_KIND_SCRATCH, PUMORI_ISA_NONE, 8, 0);
	refuse(&builder, PUMORI_ERROR_FORMAT, "at most 160");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_debug_map),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_no_executable),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_offsets_and_overlaps),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_program_image),
		cmocka_unit_test(test_strings_and_metadata),
		cmocka_unit_test(test_long_names_and_many_variables),
	};

	return cmocka_run_group_tests_name("runtime_loader", tests, NULL, NULL);
}
