// SPDX-License-Identifier: MIT
/* Executables in memory, written with libelf. */
#include <assert.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checksum.h"
#include "executable_builder.h"

static const char *const section_names[BUILDER_SECTIONS] = {
	PUMORI_SECTION_HEADER,	  PUMORI_SECTION_PROGRAM, PUMORI_SECTION_ENTRIES,
	PUMORI_SECTION_VARIABLES, PUMORI_SECTION_WEIGHTS, PUMORI_SECTION_STRINGS,
	PUMORI_SECTION_METADATA,  PUMORI_SECTION_BLOBS,	  PUMORI_SECTION_DEBUG,
	PUMORI_SECTION_CHECKSUMS,
};

size_t builder_append(struct builder *builder, enum builder_index index, const void *data,
		      size_t bytes)
{
	struct builder_section *section = &builder->section[index];
	size_t offset = section->bytes;

	section->data = realloc(section->data, offset + bytes + 1);
	assert(section->data);
	if (bytes)
		memcpy(section->data + offset, data, bytes);
	section->bytes = offset + bytes;
	return offset;
}

struct pumori_executable_header *builder_header(struct builder *builder)
{
	return (struct pumori_executable_header *)builder->section[BUILDER_HEADER].data;
}

unsigned int builder_string(struct builder *builder, const char *text)
{
	return (unsigned int)builder_append(builder, BUILDER_STRINGS, text, strlen(text) + 1);
}

void builder_begin(struct builder *builder)
{
	struct pumori_executable_header header = {
		.magic = PUMORI_EXECUTABLE_MAGIC,
		.version_major = PUMORI_EXECUTABLE_VERSION_MAJOR,
		.version_minor = PUMORI_EXECUTABLE_VERSION_MINOR,
		.cast = PUMORI_ISA_FP32,
		.macs = 1234,
	};
	int i;

	memset(builder, 0, sizeof(*builder));
	for (i = 0; i < BUILDER_SECTIONS; i++) {
		builder->section[i].name = section_names[i];
		builder->section[i].type = SHT_PROGBITS;
		builder->section[i].alignment =
			i == BUILDER_PROGRAM || i == BUILDER_WEIGHTS ? 4096 : 8;
	}
	builder_string(builder, "");
	header.producer = builder_string(builder, "builder 1.0");
	header.model = builder_string(builder, "test model");
	builder_append(builder, BUILDER_HEADER, &header, sizeof(header));
}

void builder_end(struct builder *builder)
{
	int i;

	for (i = 0; i < BUILDER_SECTIONS; i++)
		free(builder->section[i].data);
}

void builder_program(struct builder *builder, const struct program *program)
{
	size_t bytes;
	void *image = program_write(program, &bytes);

	builder_append(builder, BUILDER_PROGRAM, image, bytes);
	free(image);
}

void builder_entry(struct builder *builder, const char *name, unsigned int flags)
{
	struct pumori_executable_entry entry = {
		.name = builder_string(builder, name),
		.first_variable = (__u32)(builder->section[BUILDER_VARIABLES].bytes /
					  sizeof(struct pumori_executable_variable)),
		.flags = flags,
		.cycles = 99,
	};

	builder_append(builder, BUILDER_ENTRIES, &entry, sizeof(entry));
}

static unsigned int element_bytes(unsigned int dtype)
{
	switch (dtype) {
	case PUMORI_ISA_FP32:
	case PUMORI_ISA_INT32:
		return 4;
	case PUMORI_ISA_INT64:
		return 8;
	default:
		return 1;
	}
}

struct pumori_executable_variable *builder_variable(struct builder *builder, const char *name,
						    unsigned int kind, unsigned int dtype,
						    unsigned long long count,
						    unsigned long long offset)
{
	struct builder_section *entries = &builder->section[BUILDER_ENTRIES];
	struct pumori_executable_variable variable = {
		.name = builder_string(builder, name),
		.kind = kind,
		.dtype = dtype,
		.rank = dtype != PUMORI_ISA_NONE,
		.shape = { dtype != PUMORI_ISA_NONE ? count : 0 },
		.size = count * element_bytes(dtype),
		.offset = offset,
	};
	size_t at = builder_append(builder, BUILDER_VARIABLES, &variable, sizeof(variable));

	((struct pumori_executable_entry *)(entries->data + entries->bytes) - 1)->variables++;
	return (struct pumori_executable_variable *)(builder->section[BUILDER_VARIABLES].data + at);
}

void builder_metadata(struct builder *builder, const char *key, const char *value)
{
	struct pumori_executable_metadata metadata = {
		.key = builder_string(builder, key),
		.value = builder_string(builder, value),
	};

	builder_append(builder, BUILDER_METADATA, &metadata, sizeof(metadata));
}

void builder_blob(struct builder *builder, const char *key, const void *value, size_t bytes)
{
	struct pumori_executable_metadata metadata = {
		.key = builder_string(builder, key),
		.in_blobs = 1,
		.value = builder_append(builder, BUILDER_BLOBS, value, bytes),
		.size = bytes,
	};

	builder_append(builder, BUILDER_METADATA, &metadata, sizeof(metadata));
}

void builder_debug(struct builder *builder, unsigned int pc, const char *node)
{
	struct pumori_executable_debug debug = {
		.pc = pc,
		.node = builder_string(builder, node),
		.operation = builder_string(builder, "Operation [1]"),
	};

	builder_append(builder, BUILDER_DEBUG, &debug, sizeof(debug));
}

static void add_checksums(struct builder *builder)
{
	int i;

	/* Names first: they are part of what is summed. */
	unsigned int names[BUILDER_SECTIONS];

	for (i = 0; i < BUILDER_CHECKSUMS; i++)
		names[i] = builder_string(builder, section_names[i]);
	builder_append(builder, BUILDER_CHECKSUMS, NULL, 0);
	for (i = 0; i < BUILDER_CHECKSUMS; i++) {
		const struct builder_section *section = &builder->section[i];
		struct pumori_executable_checksum checksum = {
			.section = names[i],
			.crc = pumori_crc32c(0, section->data, section->bytes) ^
			       section->checksum_xor,
			.size = section->bytes ^ section->size_xor,
		};

		if (section->data && !section->no_checksum)
			builder_append(builder, BUILDER_CHECKSUMS, &checksum, sizeof(checksum));
	}
}

static void add_section(Elf *elf, const struct builder_section *section, size_t name)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = elf_newdata(scn);
	Elf64_Shdr *header = elf64_getshdr(scn);

	data->d_buf = section->data;
	data->d_size = section->bytes;
	data->d_align = section->alignment;
	data->d_type = ELF_T_BYTE;
	header->sh_name = (Elf64_Word)name;
	header->sh_type = section->type;
	header->sh_flags = section->flags;
	header->sh_addralign = section->alignment;
}

void *builder_write(struct builder *builder, size_t *bytes)
{
	struct builder_section names = { .type = SHT_STRTAB, .alignment = 1 };
	int i, file = memfd_create("executable", MFD_CLOEXEC);
	Elf64_Ehdr *header;
	Elf *elf;
	void *out;

	assert(file >= 0);
	add_checksums(builder);
	elf_version(EV_CURRENT);
	elf = elf_begin(file, ELF_C_WRITE, NULL);
	assert(elf);
	header = elf64_newehdr(elf);
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_type = ET_EXEC;
	header->e_machine = EM_NONE;
	header->e_version = EV_CURRENT;
	names.data = calloc(1, 1024);
	names.bytes = 1;
	for (i = 0; i < BUILDER_SECTIONS; i++) {
		if (!builder->section[i].data)
			continue;
		add_section(elf, &builder->section[i], names.bytes);
		strcpy((char *)names.data + names.bytes, builder->section[i].name);
		names.bytes += strlen(builder->section[i].name) + 1;
	}
	i = (int)names.bytes;
	strcpy((char *)names.data + names.bytes, ".shstrtab");
	names.bytes += strlen(".shstrtab") + 1;
	add_section(elf, &names, (size_t)i);
	for (i = 0; elf_getscn(elf, (size_t)i + 1); i++)
		;
	header->e_shstrndx = (Elf64_Half)i;
	if (elf_update(elf, ELF_C_WRITE) < 0)
		assert(!"elf_update failed");
	elf_end(elf);
	free(names.data);
	*bytes = (size_t)lseek(file, 0, SEEK_END);
	out = malloc(*bytes);
	assert(out);
	i = pread(file, out, *bytes, 0) == (ssize_t)*bytes;
	assert(i);
	close(file);
	return out;
}

/* --- Models ------------------------------------------------------------------------------------- */

void build_copy(struct builder *builder, unsigned int count)
{
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 16384, 0);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, count),
		memory_side(PUMORI_ISA_FP32, 0, 0, count));
	add_dma(program, memory_side(PUMORI_ISA_FP32, 1, 0, count),
		sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, count));
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", PUMORI_ISA_ENTRY_RESTARTABLE);
	builder_variable(builder, "x", PUMORI_KIND_INPUT, PUMORI_ISA_FP32, count, 0);
	builder_variable(builder, "y", PUMORI_KIND_OUTPUT, PUMORI_ISA_FP32, count, 0);
	builder_debug(builder, 0, "copy");
	builder_metadata(builder, "task", "copy");
	builder_blob(builder, "dict", "a\nb\nc", 5);
	builder_blob(builder, "raw", "\0\1\2", 3);
	free(program);
}

void build_scale(struct builder *builder)
{
	struct program *program = calloc(1, sizeof(*program));
	struct pumori_isa_instruction *multiply;
	float weights[64];
	int i;

	program_begin(program, 4096, 0);
	program_entry(program, 4, 0, 0);
	program_stream(program, PUMORI_ISA_VECTOR);
	multiply = with_signal(with_wait(program_add(program, PUMORI_ISA_TENSOR_TENSOR), 0, 0, 2),
			       1, 1);
	multiply->compute.out = sbuf_row(PUMORI_ISA_FP32, 0, 1, 512, 64);
	multiply->compute.in[0] = sbuf_row(PUMORI_ISA_FP32, 0, 1, 0, 64);
	multiply->compute.in[1] = sbuf_row(PUMORI_ISA_FP32, 0, 1, 256, 64);
	multiply->compute.op0 = PUMORI_ISA_ALU_MULTIPLY;
	multiply->compute.compute = PUMORI_ISA_FP32;
	add_end(program);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 64),
			    memory_side(PUMORI_ISA_FP32, 0, 0, 64)),
		    0, 1);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 256, 64),
			    memory_side(PUMORI_ISA_FP32, 1, 0, 64)),
		    0, 1);
	with_wait(add_dma(program, memory_side(PUMORI_ISA_FP32, 3, 0, 64),
			  sbuf_side(PUMORI_ISA_FP32, 0, 1, 512, 64)),
		  0, 1, 1);
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	for (i = 0; i < 64; i++)
		weights[i] = 0.5f * (float)i;
	builder_append(builder, BUILDER_WEIGHTS,
		       "padding before the constants ...................................", 64);
	builder_append(builder, BUILDER_WEIGHTS, weights, sizeof(weights));
	builder_entry(builder, "run", 0);
	builder_variable(builder, "x", PUMORI_KIND_INPUT, PUMORI_ISA_FP32, 64, 0);
	builder_variable(builder, "w", PUMORI_KIND_WEIGHTS, PUMORI_ISA_NONE, 256, 64);
	builder_variable(builder, "t", PUMORI_KIND_SCRATCH, PUMORI_ISA_NONE, 100, 0);
	builder_variable(builder, "y", PUMORI_KIND_OUTPUT, PUMORI_ISA_FP32, 64, 0);
	free(program);
}

void build_empty(struct builder *builder)
{
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 0, 0);
	program_entry(program, 0, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_SYNC);
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", PUMORI_ISA_ENTRY_RESTARTABLE);
	free(program);
}

void build_forever(struct builder *builder)
{
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 0, 0);
	program_entry(program, 0, 0, 0);
	program_stream(program, PUMORI_ISA_SYNC);
	program_add(program, PUMORI_ISA_NOP);
	add_branch(program, PUMORI_ISA_COMPARE_ALWAYS, 0, 0, 0);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", 0);
	builder_debug(builder, 0, "spin");
	free(program);
}

void build_long(struct builder *builder, unsigned int iterations)
{
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 0, 0);
	program_entry(program, 0, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_SYNC);
	add_loop(program, 0, iterations);
	program_add(program, PUMORI_ISA_NOP);
	add_loop_end(program, 0);
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", PUMORI_ISA_ENTRY_RESTARTABLE);
	free(program);
}

void build_fault(struct builder *builder)
{
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 4096, 0);
	program_entry(program, 1, 0, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	program_add(program, PUMORI_ISA_NOP);
	add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 17),
		memory_side(PUMORI_ISA_FP32, 0, 0, 17));
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", 0);
	builder_variable(builder, "x", PUMORI_KIND_INPUT, PUMORI_ISA_FP32, 16, 0);
	builder_debug(builder, 0, "good");
	builder_debug(builder, 1, "bad_read");
	builder_debug(builder, 2, "after");
	free(program);
}

void build_preload(struct builder *builder, float value)
{
	struct program *program = calloc(1, sizeof(*program));
	float weights[16];
	int i;

	program_begin(program, 4096, 0);
	program_entry(program, 1, 0, PUMORI_ISA_ENTRY_NEEDS_PRELOAD | PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, memory_side(PUMORI_ISA_FP32, 0, 0, 16),
		sbuf_side(PUMORI_ISA_FP32, 3, 1, 128, 16));
	add_end(program);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_PRELOAD);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_FP32, 3, 1, 128, 16),
		memory_side(PUMORI_ISA_FP32, 0, 0, 16));
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	for (i = 0; i < 16; i++)
		weights[i] = value;
	builder_append(builder, BUILDER_WEIGHTS, weights, sizeof(weights));
	builder_entry(builder, "run",
		      PUMORI_ISA_ENTRY_NEEDS_PRELOAD | PUMORI_ISA_ENTRY_RESTARTABLE);
	builder_variable(builder, "y", PUMORI_KIND_OUTPUT, PUMORI_ISA_FP32, 16, 0);
	builder_entry(builder, "preload", PUMORI_ISA_ENTRY_PRELOAD);
	builder_variable(builder, "w", PUMORI_KIND_WEIGHTS, PUMORI_ISA_NONE, 64, 0);
	builder_variable(builder, "t", PUMORI_KIND_SCRATCH, PUMORI_ISA_NONE, 8192, 0);
	free(program);
}

void build_state(struct builder *builder)
{
	struct program *program = calloc(1, sizeof(*program));
	struct pumori_isa_instruction *add;
	const float first = 41;
	const float one = 1;
	unsigned int bits;

	memcpy(&bits, &one, sizeof(bits));
	program_begin(program, 4096, 0);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_VECTOR);
	add = with_signal(with_wait(program_add(program, PUMORI_ISA_TENSOR_SCALAR), 0, 0, 1), 1, 1);
	add->compute.out = sbuf_row(PUMORI_ISA_FP32, 0, 1, 64, 1);
	add->compute.in[0] = sbuf_row(PUMORI_ISA_FP32, 0, 1, 0, 1);
	add->compute.op0 = PUMORI_ISA_ALU_ADD;
	add->compute.compute = PUMORI_ISA_FP32;
	add->compute.imm[0] = bits;
	add_end(program);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 1),
			    memory_side(PUMORI_ISA_FP32, 0, 0, 1)),
		    0, 1);
	add_dma(program, memory_side(PUMORI_ISA_FP32, 1, 0, 1),
		sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 1));
	with_wait(add_dma(program, memory_side(PUMORI_ISA_FP32, 0, 0, 1),
			  sbuf_side(PUMORI_ISA_FP32, 0, 1, 64, 1)),
		  0, 1, 1);
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_append(builder, BUILDER_WEIGHTS, &first, sizeof(first));
	builder_entry(builder, "run", 0);
	builder_variable(builder, "s", PUMORI_KIND_STATE, PUMORI_ISA_FP32, 1, 0)->flags =
		PUMORI_VARIABLE_INITIALIZED;
	builder_variable(builder, "y", PUMORI_KIND_OUTPUT, PUMORI_ISA_FP32, 1, 0);
	free(program);
}
