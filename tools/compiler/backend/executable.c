// SPDX-License-Identifier: MIT
/* The executable: an ELF file of the sections that <pumori/executable.h> describes. */
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pumori/hw.h>

#include "../state.h"
#include "passes.h"

#define SECTIONS_MAX 12

/* A byte array that grows; @failed sticks. */
struct buffer {
	uint8_t *data;
	size_t bytes, capacity;
	bool failed;
};

static size_t append(struct buffer *buffer, const void *data, size_t bytes)
{
	size_t at = buffer->bytes;

	if (buffer->failed)
		return 0;
	if (at + bytes > buffer->capacity) {
		size_t wanted = 2 * (at + bytes) + 256;
		void *larger = realloc(buffer->data, wanted);

		if (!larger) {
			buffer->failed = true;
			return 0;
		}
		buffer->data = larger;
		buffer->capacity = wanted;
	}
	memcpy(buffer->data + at, data, bytes);
	buffer->bytes += bytes;
	return at;
}

struct section {
	const char *name;
	const void *data;
	size_t bytes, alignment;
};

struct writer {
	struct pumori_tile_program *program;
	const struct pumori_compile_options *options;
	struct buffer strings, variables, metadata, blobs, debug, checksums;
	struct pumori_executable_header header;
	struct pumori_executable_entry entries[2];
	unsigned int entry_count;
	struct section sections[SECTIONS_MAX];
	unsigned int section_count;
	/* Of the last string added, which debug entries share. */
	const char *last_text;
	uint32_t last_string;
};

static uint32_t add_string(struct writer *writer, const char *text)
{
	if (!text || !*text)
		return 0;
	if (text == writer->last_text)
		return writer->last_string;
	writer->last_text = text;
	writer->last_string = append(&writer->strings, text, strlen(text) + 1);
	return writer->last_string;
}

static void add_variable(struct writer *writer, const struct pumori_executable_variable *variable)
{
	append(&writer->variables, variable, sizeof(*variable));
}

static void add_tensor(struct writer *writer, const struct pumori_tensor *tensor,
		       enum pumori_executable_kind kind, unsigned int dtype)
{
	struct pumori_executable_variable variable = {
		.name = add_string(writer, tensor->name), .kind = kind,
		.dtype = dtype, .rank = tensor->type.rank,
		.size = pumori_type_elements(&tensor->type) * pumori_isa_bytes(dtype) };

	for (unsigned int i = 0; i < tensor->type.rank; i++)
		variable.shape[i] = tensor->type.shape[i];
	add_variable(writer, &variable);
}

static void add_variables(struct writer *writer)
{
	const struct pumori_tile_program *program = writer->program;
	const struct pumori_graph *graph = program->graph;

	for (size_t i = 0; i < graph->input_count; i++) {
		const struct pumori_state *state = pumori_graph_state(graph, graph->inputs[i]);

		add_tensor(writer, graph->inputs[i], state ? PUMORI_KIND_STATE : PUMORI_KIND_INPUT,
			   state ? state->stored : pumori_isa_type(graph->inputs[i]->type.element));
	}
	for (size_t i = 0; i < graph->output_count; i++)
		if (!pumori_graph_state(graph, graph->outputs[i]))
			add_tensor(writer, graph->outputs[i], PUMORI_KIND_OUTPUT,
				   pumori_isa_type(graph->outputs[i]->type.element));
	if (program->weights_bytes)
		add_variable(writer, &(struct pumori_executable_variable){
			.name = add_string(writer, "(weights)"), .kind = PUMORI_KIND_WEIGHTS,
			.rank = 1, .shape = { program->weights_bytes },
			.size = program->weights_bytes });
	if (program->scratch_bytes)
		add_variable(writer, &(struct pumori_executable_variable){
			.name = add_string(writer, "(scratch)"), .kind = PUMORI_KIND_SCRATCH,
			.rank = 1, .shape = { program->scratch_bytes },
			.size = program->scratch_bytes });
}

static void add_stream_debug(struct writer *writer, const struct pumori_tile_stream *stream,
			     const uint32_t *names, const uint32_t *operations)
{
	uint32_t last = UINT32_MAX;

	for (uint32_t k = 0; k < stream->count; k++) {
		uint32_t node = writer->program->instructions[stream->order[k]].node;
		struct pumori_executable_debug entry = { .pc = stream->first_pc + k,
							 .node = names[node],
							 .operation = operations[node] };

		if (node == last)
			continue;
		last = node;
		append(&writer->debug, &entry, sizeof(entry));
	}
}

static void add_debug(struct writer *writer)
{
	const struct pumori_tile_program *program = writer->program;
	uint32_t *names = calloc(program->node_count + 1, sizeof(*names));
	uint32_t *operations = calloc(program->node_count + 1, sizeof(*operations));

	if (!names || !operations) {
		writer->debug.failed = true;
		free(names);
		free(operations);
		return;
	}
	for (uint32_t i = 0; i < program->node_count; i++) {
		names[i] = add_string(writer, program->nodes[i].name);
		operations[i] = add_string(writer, program->nodes[i].operation);
	}
	add_stream_debug(writer, &program->preload, names, operations);
	for (unsigned int s = 0; s < PUMORI_ISA_STREAMS; s++)
		add_stream_debug(writer, &program->streams[s], names, operations);
	free(names);
	free(operations);
}

static bool is_text(const struct pumori_metadata *metadata)
{
	return metadata->size < 256 && !memchr(metadata->value, 0, metadata->size);
}

static void add_metadata(struct writer *writer)
{
	for (size_t i = 0; i < writer->options->metadata_count; i++) {
		const struct pumori_metadata *metadata = &writer->options->metadata[i];
		struct pumori_executable_metadata entry = { .key = add_string(writer, metadata->key) };

		if (is_text(metadata)) {
			entry.value = append(&writer->strings, metadata->value, metadata->size);
			append(&writer->strings, "", 1);
		} else {
			entry.in_blobs = 1;
			entry.value = append(&writer->blobs, metadata->value, metadata->size);
			entry.size = metadata->size;
		}
		append(&writer->metadata, &entry, sizeof(entry));
	}
}

static void add_section(struct writer *writer, const char *name, const void *data, size_t bytes,
			size_t alignment)
{
	struct pumori_executable_checksum checksum = { .section = add_string(writer, name),
						       .size = bytes };

	if (!bytes)
		return;
	checksum.crc = pumori_section_crc(data, bytes);
	append(&writer->checksums, &checksum, sizeof(checksum));
	writer->sections[writer->section_count++] = (struct section){ name, data, bytes, alignment };
}

/* The string table comes last: naming the sections adds to it. */
static int make_sections(struct writer *writer, const void *image, size_t bytes)
{
	const struct pumori_tile_program *program = writer->program;
	struct pumori_executable_checksum own;
	uint64_t macs, cycles;

	append(&writer->strings, "", 1);
	writer->header = (struct pumori_executable_header){
		.magic = PUMORI_EXECUTABLE_MAGIC,
		.version_major = PUMORI_EXECUTABLE_VERSION_MAJOR,
		.version_minor = PUMORI_EXECUTABLE_VERSION_MINOR,
		.features = ((const struct pumori_isa_program *)image)->features,
		.cast = program->graph->cast_mode == PUMORI_CAST_BFLOAT16 ? PUMORI_ISA_BF16 :
									    PUMORI_ISA_FP32,
		.producer = add_string(writer, "pumori-cc " PUMORI_VERSION),
		.model = add_string(writer, program->graph->name) };
	pumori_count(program, &macs, &cycles);
	writer->header.macs = macs;
	if (program->preload.count)
		writer->entries[writer->entry_count++] = (struct pumori_executable_entry){
			.name = add_string(writer, "preload"), .variables = 1,
			.first_variable = program->weights_variable,
			.flags = PUMORI_ISA_ENTRY_PRELOAD | PUMORI_ISA_ENTRY_RESTARTABLE };
	writer->entries[writer->entry_count++] = (struct pumori_executable_entry){
		.name = add_string(writer, "run"), .variables = program->variables,
		.flags = (program->graph->state_count ? 0 : PUMORI_ISA_ENTRY_RESTARTABLE) |
			 (program->preload.count ? PUMORI_ISA_ENTRY_NEEDS_PRELOAD : 0),
		.cycles = cycles };
	add_variables(writer);
	add_debug(writer);
	add_metadata(writer);
	add_section(writer, PUMORI_SECTION_HEADER, &writer->header, sizeof(writer->header), 64);
	add_section(writer, PUMORI_SECTION_PROGRAM, image, bytes, 4096);
	add_section(writer, PUMORI_SECTION_ENTRIES, writer->entries,
		    writer->entry_count * sizeof(writer->entries[0]), 64);
	add_section(writer, PUMORI_SECTION_VARIABLES, writer->variables.data,
		    writer->variables.bytes, 64);
	add_section(writer, PUMORI_SECTION_WEIGHTS, program->weights, program->weights_bytes, 4096);
	add_section(writer, PUMORI_SECTION_METADATA, writer->metadata.data, writer->metadata.bytes,
		    64);
	add_section(writer, PUMORI_SECTION_BLOBS, writer->blobs.data, writer->blobs.bytes, 64);
	add_section(writer, PUMORI_SECTION_DEBUG, writer->debug.data, writer->debug.bytes, 64);
	own = (struct pumori_executable_checksum){
		.section = add_string(writer, PUMORI_SECTION_STRINGS) };
	own.size = writer->strings.bytes;
	own.crc = pumori_section_crc(writer->strings.data, writer->strings.bytes);
	append(&writer->checksums, &own, sizeof(own));
	writer->sections[writer->section_count++] = (struct section){
		PUMORI_SECTION_STRINGS, writer->strings.data, writer->strings.bytes, 64 };
	writer->sections[writer->section_count++] = (struct section){
		PUMORI_SECTION_CHECKSUMS, writer->checksums.data, writer->checksums.bytes, 64 };
	if (writer->strings.failed || writer->variables.failed || writer->metadata.failed ||
	    writer->blobs.failed || writer->debug.failed || writer->checksums.failed)
		return pumori_tile_fail(writer->program, -ENOMEM, "memory");
	return 0;
}

/* One section of the file; @names receives its name. */
static bool put_section(Elf *elf, const struct section *section, uint32_t type,
			struct buffer *names)
{
	Elf_Scn *scn = elf_newscn(elf);
	Elf_Data *data = scn ? elf_newdata(scn) : NULL;
	Elf64_Shdr *header = scn ? elf64_getshdr(scn) : NULL;

	if (!data || !header)
		return false;
	data->d_buf = (void *)section->data;
	data->d_size = section->bytes;
	data->d_align = section->alignment;
	data->d_type = ELF_T_BYTE;
	data->d_version = EV_CURRENT;
	header->sh_name = append(names, section->name, strlen(section->name) + 1);
	header->sh_type = type;
	header->sh_addralign = section->alignment;
	return true;
}

static bool put_file(const struct writer *writer, int fd, struct buffer *names)
{
	struct section table = { .name = ".shstrtab", .alignment = 1 };
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);
	Elf64_Ehdr *header = elf ? elf64_newehdr(elf) : NULL;
	Elf_Scn *last;
	Elf_Data *data;
	bool done = header != NULL;

	if (header) {
		header->e_ident[EI_DATA] = ELFDATA2LSB;
		header->e_type = ET_EXEC;
		header->e_machine = EM_NONE;
		header->e_version = EV_CURRENT;
	}
	append(names, "", 1);
	for (unsigned int i = 0; i < writer->section_count && done; i++)
		done = put_section(elf, &writer->sections[i], SHT_PROGBITS, names);
	done = done && put_section(elf, &table, SHT_STRTAB, names);
	if (done && !names->failed) {
		last = elf_getscn(elf, writer->section_count + 1);
		data = elf_getdata(last, NULL);
		data->d_buf = names->data;
		data->d_size = names->bytes;
		header->e_shstrndx = elf_ndxscn(last);
		done = elf_update(elf, ELF_C_WRITE) >= 0;
	}
	if (elf)
		elf_end(elf);
	return done && !names->failed;
}

int pumori_write_executable(struct pumori_tile_program *program, const void *image, size_t bytes,
			    const struct pumori_compile_options *options, const char *path)
{
	struct writer writer = { .program = program, .options = options };
	struct buffer names = { 0 };
	int fd = -1, result;

	result = make_sections(&writer, image, bytes);
	if (!result) {
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			result = pumori_error(program->diagnostics, -EIO, NULL, NULL,
					      "cannot create %s: %s", path, strerror(errno));
	}
	if (!result && (elf_version(EV_CURRENT) == EV_NONE || !put_file(&writer, fd, &names)))
		result = pumori_error(program->diagnostics, -EIO, NULL, NULL,
				      "cannot write %s: %s", path, elf_errmsg(-1));
	if (fd >= 0 && close(fd) && !result)
		result = pumori_error(program->diagnostics, -EIO, NULL, NULL,
				      "cannot write %s: %s", path, strerror(errno));
	if (fd >= 0 && result)
		unlink(path);
	free(names.data);
	free(writer.strings.data);
	free(writer.variables.data);
	free(writer.metadata.data);
	free(writer.blobs.data);
	free(writer.debug.data);
	free(writer.checksums.data);
	return result;
}
