// SPDX-License-Identifier: MIT
/* pumori objdump and pumori as: an executable's program as text, and back */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "cli.h"
#include "executable.h"

#define TEXT_MAX	(1u << 30)	/* larger texts than the largest program are a mistake */

struct objdump_options {
	bool headers;
	bool disassemble;
	const char *stream;
};

/* Strings of a file must not end a comment or steer the terminal. */
static void print_clean(const char *text)
{
	for (; *text; text++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static const char *checksum_word(enum cli_checksum state)
{
	switch (state) {
	case CLI_CHECKSUM_GOOD:
		return "good";
	case CLI_CHECKSUM_BAD:
		return "BAD";
	case CLI_CHECKSUM_NONE:
		break;
	}
	return "-";
}

static const char *kind_word(uint32_t kind)
{
	static const char *const words[] = { "?", "input", "output", "weights", "scratch", "state" };

	return kind < sizeof(words) / sizeof(words[0]) ? words[kind] : "?";
}

static void print_variables(const struct cli_executable *e, size_t entry)
{
	const struct pumori_executable_variable *variables;
	size_t count = cli_executable_entry_variables(e, entry, &variables);

	for (size_t i = 0; i < count; i++) {
		printf("#   v%-3zu %-8s %-6s [", i, kind_word(variables[i].kind),
		       pumori_dtype_name((enum pumori_dtype)variables[i].dtype));
		for (uint32_t d = 0; d < variables[i].rank && d < PUMORI_EXECUTABLE_RANK_MAX; d++)
			printf("%s%" PRIu64, d ? "," : "", (uint64_t)variables[i].shape[d]);
		printf("] %" PRIu64 " bytes", (uint64_t)variables[i].size);
		if (variables[i].kind == PUMORI_KIND_WEIGHTS || variables[i].flags & PUMORI_VARIABLE_INITIALIZED)
			printf(" at weights+%" PRIu64, (uint64_t)variables[i].offset);
		putchar(' ');
		print_clean(cli_executable_string(e, variables[i].name));
		putchar('\n');
	}
}

/* All of it in comments, so that the whole output can be assembled. */
static void print_headers(const struct cli_executable *e)
{
	printf("# %-20s %12s %10s %6s  checksum\n", "section", "bytes", "offset", "align");
	for (size_t i = 0; i < e->sections; i++)
		printf("# %-20s %12" PRIu64 " %10" PRIu64 " %6" PRIu64 "  %s\n", e->section[i].name, e->section[i].bytes,
		       e->section[i].offset, e->section[i].align, checksum_word(cli_executable_check(e, &e->section[i])));
	for (size_t i = 0; i < e->entries; i++) {
		printf("#\n# entry %zu '", i);
		print_clean(cli_executable_string(e, e->entry[i].name));
		printf("', %u variables, %" PRIu64 " cycles estimated\n", e->entry[i].variables,
		       (uint64_t)e->entry[i].cycles);
		print_variables(e, i);
	}
}

static void print_node(const struct cli_executable *e, const struct pumori_executable_debug *node)
{
	printf("\t# ");
	print_clean(cli_executable_string(e, node->node));
	printf(": ");
	print_clean(cli_executable_string(e, node->operation));
	putchar('\n');
}

static void print_instructions(const struct cli_executable *e, uint32_t first, uint32_t count)
{
	const struct pumori_executable_debug *before = NULL;
	char text[CLI_ASSEMBLY_LINE_BYTES];

	for (uint32_t i = 0; i < count; i++) {
		const struct pumori_executable_debug *node = cli_executable_node(e, first + i);

		if (node && node != before)
			print_node(e, node);
		before = node;
		cli_disassemble(&e->instruction[first + i], text);
		printf("%6u:\t%s\n", i, text);
	}
}

/* Does stream after stream take its instructions from one row without gaps? */
static bool contiguous(const struct cli_executable *e)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < e->program->streams; i++) {
		if (e->stream[i].first != next)
			return false;
		next += e->stream[i].count;
	}
	return next == e->program->instructions;
}

static void print_program_line(const struct pumori_isa_program *program)
{
	uint64_t tables = sizeof(*program) + (uint64_t)program->entries * sizeof(struct pumori_isa_entry) +
			  (uint64_t)program->streams * sizeof(struct pumori_isa_stream_entry);
	uint64_t usual = (tables + PUMORI_ISA_INSTRUCTION_BYTES - 1) / PUMORI_ISA_INSTRUCTION_BYTES *
			 PUMORI_ISA_INSTRUCTION_BYTES;

	printf(".program version=%u.%u features=0x%" PRIx64 " sbuf=%u psum=%u", program->version_major,
	       program->version_minor, (uint64_t)program->features, program->sbuf_bytes, program->psum_bytes);
	if (program->instructions_offset != usual)
		printf(" offset=%u", program->instructions_offset);
	putchar('\n');
}

static void print_program(const struct cli_executable *e)
{
	bool implied = contiguous(e);
	char name[16], flags[64];

	print_program_line(e->program);
	for (uint32_t i = 0; i < e->program->entries; i++) {
		const struct pumori_isa_entry *entry = &e->program_entry[i];

		cli_entry_flags(flags, sizeof(flags), entry->flags);
		printf(".entry first_stream=%u streams=%u variables=%u scalars=%u%s\n", entry->first_stream,
		       entry->stream_count, entry->variables, entry->scalars, flags);
	}
	for (uint32_t i = 0; i < e->program->streams; i++) {
		cli_stream_name(name, sizeof(name), e->stream[i].stream);
		if (implied) {
			printf("\n.stream %s\n", name);
			print_instructions(e, e->stream[i].first, e->stream[i].count);
		} else {
			printf(".stream %s first=%u count=%u\n", name, e->stream[i].first, e->stream[i].count);
		}
	}
	if (!implied)
		print_instructions(e, 0, e->program->instructions);
}

/* One engine's or queue's instructions alone, of all entries. */
static int print_stream(const struct cli_executable *e, const char *wanted)
{
	uint32_t stream;
	bool found = false;

	if (cli_stream_parse(wanted, strlen(wanted), &stream))
		return cli_fail(CLI_USAGE, "no stream '%s'; there are tensor, vector, scalar, gpsimd, sync, dma0 .. dma%d",
				wanted, PUMORI_ISA_DMA_QUEUES - 1);
	for (uint32_t i = 0; i < e->program->streams; i++) {
		if (e->stream[i].stream != stream)
			continue;
		if (e->stream[i].first > e->program->instructions ||
		    e->stream[i].count > e->program->instructions - e->stream[i].first)
			return cli_fail(CLI_INPUT, "stream %u does not lie in the program", i);
		printf("%s.stream %s\n", found ? "\n" : "", wanted);
		print_instructions(e, e->stream[i].first, e->stream[i].count);
		found = true;
	}
	return found ? CLI_OK : cli_fail(CLI_INPUT, "the program has no stream '%s'", wanted);
}

static int objdump(const struct cli_call *call)
{
	const struct objdump_options *options = call->options;
	bool headers = options->headers || !(options->disassemble || options->stream);
	bool code = options->disassemble || options->stream || !options->headers;
	struct cli_executable *e;
	const char *reason;
	int result = CLI_OK;

	if (cli_executable_open(&e, call->arguments[0], &reason))
		return cli_fail(CLI_INPUT, "cannot read '%s': %s", call->arguments[0], reason);
	if (headers)
		print_headers(e);
	if (headers && code)
		putchar('\n');
	if (code && !e->program)
		result = cli_fail(CLI_INPUT, "'%s' has no whole program image", call->arguments[0]);
	else if (code && options->stream)
		result = print_stream(e, options->stream);
	else if (code)
		print_program(e);
	cli_executable_close(e);
	return result;
}

static const struct cli_option objdump_options[] = {
	{ .name = "headers", .letter = 'h', .type = CLI_OPTION_FLAG, .help = "sections, entries and variables only",
	  .offset = offsetof(struct objdump_options, headers) },
	{ .name = "disassemble", .letter = 'd', .type = CLI_OPTION_FLAG, .help = "instructions only",
	  .offset = offsetof(struct objdump_options, disassemble) },
	{ .name = "stream", .type = CLI_OPTION_STRING, .argument = "STREAM",
	  .help = "instructions of one stream: tensor, vector, dma0 ...",
	  .offset = offsetof(struct objdump_options, stream) },
	{ .name = NULL },
};

const struct cli_command cli_command_objdump = {
	.name = "objdump",
	.arguments = "MODEL.pex",
	.summary = "show sections and instructions of an executable",
	.description = "The output can be given to 'pumori as', which makes the same program image of it.",
	.run = objdump,
	.options = objdump_options,
	.options_bytes = sizeof(struct objdump_options),
	.min_arguments = 1,
	.max_arguments = 1,
};

struct as_options {
	const char *output;
};

/* The whole of a file, or of standard input for "-". */
static char *read_text(const char *path, size_t *bytes)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	size_t capacity = 1u << 16;
	char *text = NULL;

	*bytes = 0;
	if (!file) {
		cli_fail(CLI_INPUT, "cannot read '%s': %s", path, strerror(errno));
		return NULL;
	}
	do {
		char *grown = realloc(text, capacity);

		if (!grown || capacity > TEXT_MAX) {
			cli_fail(CLI_INPUT, "'%s' is too large", path);
			free(grown ? grown : text);
			text = NULL;
			break;
		}
		text = grown;
		*bytes += fread(text + *bytes, 1, capacity - *bytes, file);
		capacity *= 2;
	} while (*bytes == capacity / 2);
	if (text && ferror(file)) {
		cli_fail(CLI_INPUT, "cannot read '%s': %s", path, strerror(errno));
		free(text);
		text = NULL;
	}
	if (file != stdin)
		fclose(file);
	return text;
}

static int write_image(const char *path, const void *image, size_t bytes)
{
	FILE *file = fopen(path, "wbe");
	bool failed;

	if (!file)
		return cli_fail(CLI_INPUT, "cannot write '%s': %s", path, strerror(errno));
	failed = fwrite(image, 1, bytes, file) != bytes;
	if (fclose(file) || failed)
		return cli_fail(CLI_INPUT, "cannot write '%s': %s", path, strerror(errno));
	return CLI_OK;
}

static int as(const struct cli_call *call)
{
	const struct as_options *options = call->options;
	struct cli_assembly_error error;
	void *image;
	size_t bytes, image_bytes;
	char *text;
	int code;

	if (!options->output)
		return cli_fail(CLI_USAGE, "'as' needs -o FILE for the program image");
	text = read_text(call->arguments[0], &bytes);
	if (!text)
		return CLI_INPUT;
	if (cli_assemble_program(text, bytes, &image, &image_bytes, &error)) {
		code = error.line ? cli_fail(CLI_INPUT, "%s:%zu: %s", call->arguments[0], error.line, error.message) :
				    cli_fail(CLI_INPUT, "%s: %s", call->arguments[0], error.message);
	} else {
		code = write_image(options->output, image, image_bytes);
		free(image);
	}
	free(text);
	return code;
}

static const struct cli_option as_options[] = {
	{ .name = "output", .letter = 'o', .type = CLI_OPTION_STRING, .argument = "FILE", .help = "program image to write",
	  .offset = offsetof(struct as_options, output) },
	{ .name = NULL },
};

const struct cli_command cli_command_as = {
	.name = "as",
	.arguments = "TEXT",
	.summary = "assemble the text that objdump prints into a program image",
	.description = "TEXT is a file, or '-' for standard input.",
	.run = as,
	.options = as_options,
	.options_bytes = sizeof(struct as_options),
	.min_arguments = 1,
	.max_arguments = 1,
};
