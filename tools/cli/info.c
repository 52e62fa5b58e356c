// SPDX-License-Identifier: MIT
/* pumori info: a model, read from its file alone, or a device */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assembly.h"
#include "cli.h"
#include "devices.h"
#include "executable.h"
#include "render.h"

#define METADATA_SHOWN 200	/* longer values are told by their size */

static void record_shape(struct record *row, const struct pumori_executable_variable *variable)
{
	uint64_t shape[PUMORI_EXECUTABLE_RANK_MAX];
	uint32_t rank = variable->rank < PUMORI_EXECUTABLE_RANK_MAX ? variable->rank : PUMORI_EXECUTABLE_RANK_MAX;

	for (uint32_t i = 0; i < rank; i++)
		shape[i] = variable->shape[i];
	record_numbers(row, "shape", shape, rank);
}

static const char *list_of_kind(uint32_t kind)
{
	switch (kind) {
	case PUMORI_KIND_INPUT:
		return "inputs";
	case PUMORI_KIND_OUTPUT:
		return "outputs";
	case PUMORI_KIND_STATE:
		return "states";
	default:
		return NULL;
	}
}

/* Inputs, outputs and states of the entry that runs; sizes of everything. */
static void record_variables(struct record *record, const struct cli_executable *e)
{
	const struct pumori_executable_variable *variables = NULL;
	uint64_t scratch = 0;
	size_t count = 0, run = 0;

	while (run < e->entries && e->entry[run].flags & PUMORI_ISA_ENTRY_PRELOAD)
		run++;
	if (run < e->entries)
		count = cli_executable_entry_variables(e, run, &variables);
	record_list(record, "inputs");
	record_list(record, "outputs");
	record_list(record, "states");
	for (size_t i = 0; i < count; i++) {
		const char *list = list_of_kind(variables[i].kind);
		struct record *row;

		if (variables[i].kind == PUMORI_KIND_SCRATCH)
			scratch += variables[i].size;
		if (!list)
			continue;
		row = record_append(record, list);
		record_string(row, "name", cli_executable_string(e, variables[i].name));
		record_string(row, "dtype", pumori_dtype_name((enum pumori_dtype)variables[i].dtype));
		record_shape(row, &variables[i]);
		record_unsigned(row, "bytes", variables[i].size);
	}
	record_unsigned(record, "scratch_bytes", scratch);
}

static void record_program(struct record *record, const struct cli_executable *e)
{
	record_list(record, "entries");
	for (size_t i = 0; i < e->entries; i++) {
		struct record *row = record_append(record, "entries");

		record_string(row, "name", cli_executable_string(e, e->entry[i].name));
		record_unsigned(row, "variables", e->entry[i].variables);
		record_unsigned(row, "estimated_cycles", e->entry[i].cycles);
		record_bool(row, "preload", e->entry[i].flags & PUMORI_ISA_ENTRY_PRELOAD);
		record_bool(row, "restartable", e->entry[i].flags & PUMORI_ISA_ENTRY_RESTARTABLE);
	}
	record_list(record, "streams");
	if (!e->program) {
		record_null(record, "instructions");
		record_null(record, "sbuf_bytes");
		record_null(record, "psum_bytes");
		return;
	}
	record_unsigned(record, "instructions", e->program->instructions);
	record_unsigned(record, "sbuf_bytes", e->program->sbuf_bytes);
	record_unsigned(record, "psum_bytes", e->program->psum_bytes);
	for (uint32_t i = 0; i < e->program->entries; i++) {
		const struct pumori_isa_entry *entry = &e->program_entry[i];

		for (uint32_t s = 0; s < entry->stream_count && s < PUMORI_ISA_STREAMS; s++) {
			struct record *row;
			char name[16];

			if (entry->first_stream >= e->program->streams || s >= e->program->streams - entry->first_stream)
				break;
			row = record_append(record, "streams");
			cli_stream_name(name, sizeof(name), e->stream[entry->first_stream + s].stream);
			record_string(row, "entry", i < e->entries ? cli_executable_string(e, e->entry[i].name) : NULL);
			record_string(row, "stream", name);
			record_unsigned(row, "instructions", e->stream[entry->first_stream + s].count);
		}
	}
}

/* Instructions and nodes of one operator of the source graph. */
struct operation {
	char name[48];
	uint64_t nodes;
	uint64_t instructions;
};

/* A stretch of instructions: what they belong to. */
struct stretch {
	size_t operation;
	uint32_t node;
};

static int by_instructions(const void *a, const void *b)
{
	const struct operation *left = a, *right = b;

	if (left->instructions != right->instructions)
		return left->instructions < right->instructions ? 1 : -1;
	return strcmp(left->name, right->name);
}

static int by_node(const void *a, const void *b)
{
	const struct stretch *left = a, *right = b;

	if (left->operation != right->operation)
		return left->operation < right->operation ? -1 : 1;
	return left->node < right->node ? -1 : left->node > right->node;
}

/* Index of the operator that @text ("Conv 1x3x48x320 ...") begins with. */
static size_t find_operation(struct operation *operations, size_t *count, const char *text)
{
	size_t length = strcspn(text, " ([");
	size_t i;

	if (length >= sizeof(operations->name))
		length = sizeof(operations->name) - 1;
	for (i = 0; i < *count; i++)
		if (strlen(operations[i].name) == length && !memcmp(operations[i].name, text, length))
			return i;
	memcpy(operations[i].name, text, length);
	(*count)++;
	return i;
}

static size_t count_operations(const struct cli_executable *e, struct operation *operations, struct stretch *stretches)
{
	uint32_t end = e->program ? e->program->instructions : 0;
	size_t count = 0, used = 0;

	for (size_t i = 0; i < e->debug_count; i++) {
		const char *text = cli_executable_string(e, e->debug[i].operation);
		uint32_t next = i + 1 < e->debug_count ? e->debug[i + 1].pc : end;

		if (!text[0])
			continue;
		stretches[used].operation = find_operation(operations, &count, text);
		stretches[used].node = e->debug[i].node;
		if (next > e->debug[i].pc)
			operations[stretches[used].operation].instructions += next - e->debug[i].pc;
		used++;
	}
	/* Each stream has its stretch of a node; the node counts once. */
	qsort(stretches, used, sizeof(*stretches), by_node);
	for (size_t i = 0; i < used; i++)
		if (!i || by_node(&stretches[i - 1], &stretches[i]))
			operations[stretches[i].operation].nodes++;
	return count;
}

static int record_operations(struct record *record, const struct cli_executable *e)
{
	struct operation *operations = calloc(e->debug_count + 1, sizeof(*operations));
	struct stretch *stretches = calloc(e->debug_count + 1, sizeof(*stretches));
	size_t count = 0;
	int code = CLI_OK;

	record_list(record, "operations");
	if (operations && stretches)
		count = count_operations(e, operations, stretches);
	else
		code = cli_fail_memory();
	if (count)
		qsort(operations, count, sizeof(*operations), by_instructions);
	for (size_t i = 0; i < count; i++) {
		struct record *row = record_append(record, "operations");

		record_string(row, "operation", operations[i].name);
		record_unsigned(row, "nodes", operations[i].nodes);
		record_unsigned(row, "instructions", operations[i].instructions);
	}
	free(operations);
	free(stretches);
	return code;
}

static bool is_text(const char *value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)value[i] < 0x20 && value[i] != '\n' && value[i] != '\r' && value[i] != '\t')
			return false;
	return true;
}

static void record_metadata(struct record *record, const struct cli_executable *e)
{
	record_list(record, "metadata");
	for (size_t i = 0; i < e->metadata_count; i++) {
		struct record *row = record_append(record, "metadata");
		char text[METADATA_SHOWN + 1];
		size_t bytes;
		const char *value = cli_executable_metadata_value(e, &e->metadata[i], &bytes);

		record_string(row, "key", cli_executable_string(e, e->metadata[i].key));
		record_unsigned(row, "bytes", bytes);
		if (value && bytes <= METADATA_SHOWN && is_text(value, bytes)) {
			memcpy(text, value, bytes);
			text[bytes] = '\0';
			record_string(row, "value", text);
		} else {
			record_null(row, "value");
		}
	}
}

/* Damaged sections go into the list "damaged". */
static size_t record_damage(struct record *record, const struct cli_executable *e)
{
	const char *damaged[CLI_EXECUTABLE_SECTIONS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < e->sections; i++)
		if (cli_executable_check(e, &e->section[i]) == CLI_CHECKSUM_BAD)
			damaged[count++] = e->section[i].name;
	record_strings(record, "damaged_sections", damaged, count);
	return count;
}

static int render_model(const struct cli_globals *globals, const struct record *record)
{
	static const struct cli_column head[] = {
		{ "path", "File", CLI_FORMAT_PLAIN },
		{ "model", "Model", CLI_FORMAT_PLAIN },
		{ "producer", "Producer", CLI_FORMAT_PLAIN },
		{ "version", "Format version", CLI_FORMAT_PLAIN },
		{ "cast", "Matrix operands", CLI_FORMAT_PLAIN },
		{ "features", "Needs", CLI_FORMAT_PLAIN },
		{ "file_bytes", "File size", CLI_FORMAT_BYTES },
		{ "weight_bytes", "Weights", CLI_FORMAT_BYTES },
		{ "scratch_bytes", "Scratch", CLI_FORMAT_BYTES },
		{ "sbuf_bytes", "SBUF per partition", CLI_FORMAT_BYTES },
		{ "psum_bytes", "PSUM per partition", CLI_FORMAT_BYTES },
		{ "instructions", "Instructions", CLI_FORMAT_PLAIN },
		{ "macs", "Multiply-adds", CLI_FORMAT_COUNT },
		{ "damaged_sections", "Damaged sections", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column tensor[] = {
		{ "name", "NAME", CLI_FORMAT_PLAIN },
		{ "dtype", "TYPE", CLI_FORMAT_PLAIN },
		{ "shape", "SHAPE", CLI_FORMAT_SHAPE },
		{ "bytes", "BYTES", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column entry[] = {
		{ "name", "NAME", CLI_FORMAT_PLAIN },
		{ "variables", "VARIABLES", CLI_FORMAT_PLAIN },
		{ "estimated_cycles", "ESTIMATED CYCLES", CLI_FORMAT_PLAIN },
		{ "restartable", "RESTARTABLE", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column stream[] = {
		{ "entry", "ENTRY", CLI_FORMAT_PLAIN },
		{ "stream", "STREAM", CLI_FORMAT_PLAIN },
		{ "instructions", "INSTRUCTIONS", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column operation[] = {
		{ "operation", "OPERATION", CLI_FORMAT_PLAIN },
		{ "nodes", "NODES", CLI_FORMAT_PLAIN },
		{ "instructions", "INSTRUCTIONS", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column metadata[] = {
		{ "key", "KEY", CLI_FORMAT_PLAIN },
		{ "value", "VALUE", CLI_FORMAT_PLAIN },
		{ "bytes", "BYTES", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section sections[] = {
		{ NULL, NULL, head },
		{ "inputs", "Inputs", tensor },
		{ "outputs", "Outputs", tensor },
		{ "states", "States", tensor },
		{ "entries", "Entries", entry },
		{ "streams", "Streams", stream },
		{ "operations", "Operations", operation },
		{ "metadata", "Metadata", metadata },
	};

	return cli_render(globals, "info", record, sections, sizeof(sections) / sizeof(sections[0]));
}

static int info_model(const struct cli_globals *globals, const char *path)
{
	const struct cli_section_view *weights;
	struct cli_executable *e;
	struct record *record;
	const char *reason;
	size_t damaged;
	int code;

	if (cli_executable_open(&e, path, &reason))
		return cli_fail(CLI_INPUT, "cannot read '%s': %s", path, reason);
	record = record_create();
	if (!record) {
		cli_executable_close(e);
		return cli_fail_memory();
	}
	weights = cli_executable_section(e, PUMORI_SECTION_WEIGHTS);
	record_string(record, "path", path);
	record_string(record, "model", cli_executable_string(e, e->header->model));
	record_string(record, "producer", cli_executable_string(e, e->header->producer));
	record_format(record, "version", "%u.%u", e->header->version_major, e->header->version_minor);
	record_string(record, "cast", pumori_dtype_name((enum pumori_dtype)e->header->cast));
	cli_features_record(record, "features", e->header->features);
	record_unsigned(record, "file_bytes", e->file_bytes);
	record_unsigned(record, "weight_bytes", weights ? weights->bytes : 0);
	record_unsigned(record, "macs", e->header->macs);
	record_variables(record, e);
	record_program(record, e);
	code = record_operations(record, e);
	record_metadata(record, e);
	damaged = record_damage(record, e);
	if (code == CLI_OK)
		code = render_model(globals, record);
	if (code == CLI_OK && (damaged || !e->program))
		code = cli_fail(CLI_INPUT, "'%s' is damaged and will not load; compile or copy it again", path);
	record_destroy(record);
	cli_executable_close(e);
	return code;
}

static int info(const struct cli_call *call)
{
	struct cli_globals globals = *call->globals;
	const char *subject = call->argument_count ? call->arguments[0] : NULL;

	if (subject && cli_executable_is(subject))
		return info_model(&globals, subject);
	/* A name with a dot or a slash that is no device node was meant as a file. */
	if (subject && strncmp(subject, "/dev/", 5) && (strchr(subject, '/') || strstr(subject, ".pex")))
		return info_model(&globals, subject);
	if (subject && access(subject, F_OK) == 0 && strncmp(subject, "/dev/", 5))
		return info_model(&globals, subject);
	if (subject)
		globals.device = subject;
	return cli_info_device(&globals);
}

const struct cli_command cli_command_info = {
	.name = "info",
	.arguments = "[MODEL.pex | DEVICE]",
	.summary = "describe a model or a device",
	.description = "A model is read from its file; no device is needed. Without an argument the device is described\n"
		       "that -d names, or the default one.",
	.run = info,
	.max_arguments = 1,
	.formats = true,
};
