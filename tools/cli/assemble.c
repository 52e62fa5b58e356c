// SPDX-License-Identifier: MIT
/* A whole program: directives, then streams of instructions. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "assembly_fields.h"
#include "options.h"

#define WORDS_MAX	16
#define QUOTED_BYTES	40

/* A growing array of elements of one size. */
struct array {
	void *data;
	size_t count;
	size_t capacity;
};

struct assembler {
	struct pumori_isa_program program;
	bool has_program;
	struct array entries;		/* struct pumori_isa_entry */
	struct array streams;		/* struct pumori_isa_stream_entry */
	struct array instructions;	/* struct pumori_isa_instruction */
	bool open;			/* the last stream takes the instructions that follow */
	struct cli_assembly_error *error;
};

/* A part of a directive: "sbuf=4096" or "preload". */
struct word {
	const char *name;
	size_t name_length;
	const char *value;		/* NULL without '=' */
	size_t value_length;
};

static int fail(struct assembler *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct assembler *a, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(a->error->message, sizeof(a->error->message), format, arguments);
	va_end(arguments);
	return -1;
}

/* How much of a wrong word a message quotes. */
static int shown(size_t length)
{
	return length < QUOTED_BYTES ? (int)length : QUOTED_BYTES;
}

static void *push(struct assembler *a, struct array *array, size_t size)
{
	if (array->count == array->capacity) {
		size_t capacity = array->capacity ? array->capacity * 2 : 16;
		void *data = realloc(array->data, capacity * size);

		if (!data) {
			fail(a, "out of host memory");
			return NULL;
		}
		array->data = data;
		array->capacity = capacity;
	}
	return memset((char *)array->data + array->count++ * size, 0, size);
}

static size_t split(struct word *words, const char *text, const char *end)
{
	size_t count = 0;

	while (text < end) {
		const char *start, *equals;

		while (text < end && (*text == ' ' || *text == '\t' || *text == '\r'))
			text++;
		if (text == end)
			break;
		if (count == WORDS_MAX)
			return WORDS_MAX + 1;
		start = text;
		while (text < end && *text != ' ' && *text != '\t' && *text != '\r')
			text++;
		equals = memchr(start, '=', (size_t)(text - start));
		words[count].name = start;
		words[count].name_length = (size_t)((equals ? equals : text) - start);
		words[count].value = equals ? equals + 1 : NULL;
		words[count].value_length = equals ? (size_t)(text - equals - 1) : 0;
		count++;
	}
	return count;
}

static bool is(const struct word *word, const char *name)
{
	return strlen(name) == word->name_length && !memcmp(name, word->name, word->name_length);
}

static int number(struct assembler *a, const struct word *word, uint64_t maximum, uint64_t *value)
{
	char text[24];

	if (word->value && word->value_length && word->value_length < sizeof(text)) {
		memcpy(text, word->value, word->value_length);
		text[word->value_length] = '\0';
		if (!cli_parse_u64(text, value) && *value <= maximum)
			return 0;
	}
	return fail(a, "'%.*s' needs a number up to %" PRIu64, (int)word->name_length, word->name, maximum);
}

static int number32(struct assembler *a, const struct word *word, uint32_t *place)
{
	uint64_t value;

	if (number(a, word, UINT32_MAX, &value))
		return -1;
	*place = (uint32_t)value;
	return 0;
}

static int unknown(struct assembler *a, const char *directive, const struct word *word)
{
	return fail(a, "%s does not know '%.*s'", directive, shown(word->name_length),
		    word->name);
}

/* "version=1.0": two numbers with a dot between them */
static int version(struct assembler *a, const struct word *word)
{
	struct word part = *word;
	const char *dot = word->value ? memchr(word->value, '.', word->value_length) : NULL;
	uint64_t major, minor;

	if (!dot)
		return fail(a, "'version' needs two numbers such as 1.0");
	part.value_length = (size_t)(dot - part.value);
	if (number(a, &part, UINT16_MAX, &major))
		return -1;
	part.value = dot + 1;
	part.value_length = word->value_length - part.value_length - 1;
	if (number(a, &part, UINT16_MAX, &minor))
		return -1;
	a->program.version_major = (uint16_t)major;
	a->program.version_minor = (uint16_t)minor;
	return 0;
}

static int directive_program(struct assembler *a, const struct word *words, size_t count)
{
	if (a->has_program)
		return fail(a, "a second .program");
	a->has_program = true;
	for (size_t i = 0; i < count; i++) {
		uint64_t features;
		int result;

		if (is(&words[i], "version")) {
			result = version(a, &words[i]);
		} else if (is(&words[i], "features")) {
			result = number(a, &words[i], UINT64_MAX, &features);
			if (!result)
				a->program.features = features;
		} else if (is(&words[i], "sbuf")) {
			result = number32(a, &words[i], &a->program.sbuf_bytes);
		} else if (is(&words[i], "psum")) {
			result = number32(a, &words[i], &a->program.psum_bytes);
		} else if (is(&words[i], "offset")) {
			result = number32(a, &words[i], &a->program.instructions_offset);
		} else {
			result = unknown(a, ".program", &words[i]);
		}
		if (result)
			return -1;
	}
	return 0;
}

static int directive_entry(struct assembler *a, const struct word *words, size_t count)
{
	struct pumori_isa_entry *entry = push(a, &a->entries, sizeof(*entry));

	if (!entry)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct cli_name *flag = cli_entry_flag_names;
		uint32_t more;
		int result = 0;

		while (flag->name && !is(&words[i], flag->name))
			flag++;
		if (flag->name) {
			entry->flags |= flag->value;
		} else if (is(&words[i], "flags")) {
			result = number32(a, &words[i], &more);
			if (!result)
				entry->flags |= more;
		} else if (is(&words[i], "first_stream")) {
			result = number32(a, &words[i], &entry->first_stream);
		} else if (is(&words[i], "streams")) {
			result = number32(a, &words[i], &entry->stream_count);
		} else if (is(&words[i], "variables")) {
			result = number32(a, &words[i], &entry->variables);
		} else if (is(&words[i], "scalars")) {
			result = number32(a, &words[i], &entry->scalars);
		} else {
			result = unknown(a, ".entry", &words[i]);
		}
		if (result)
			return -1;
	}
	return 0;
}

static int directive_stream(struct assembler *a, const struct word *words, size_t count)
{
	struct pumori_isa_stream_entry *stream;
	bool explicit_place = false;

	if (!count || words[0].value)
		return fail(a, ".stream needs the name of an engine or DMA queue");
	stream = push(a, &a->streams, sizeof(*stream));
	if (!stream)
		return -1;
	if (cli_stream_parse(words[0].name, words[0].name_length, &stream->stream))
		return fail(a, "no stream '%.*s'; there are tensor, vector, scalar, gpsimd, sync, dma0 .. dma%d",
			    shown(words[0].name_length), words[0].name,
			    PUMORI_ISA_DMA_QUEUES - 1);
	stream->first = (uint32_t)a->instructions.count;
	for (size_t i = 1; i < count; i++) {
		int result;

		if (is(&words[i], "first"))
			result = number32(a, &words[i], &stream->first);
		else if (is(&words[i], "count"))
			result = number32(a, &words[i], &stream->count);
		else
			result = unknown(a, ".stream", &words[i]);
		if (result)
			return -1;
		explicit_place = true;
	}
	a->open = !explicit_place;
	return 0;
}

static int directive(struct assembler *a, const char *text, const char *end)
{
	static const struct {
		const char *name;
		int (*run)(struct assembler *a, const struct word *words, size_t count);
	} directives[] = {
		{ ".program", directive_program },
		{ ".entry", directive_entry },
		{ ".stream", directive_stream },
	};
	struct word words[WORDS_MAX];
	size_t count = split(words, text, end);

	if (count > WORDS_MAX)
		return fail(a, "too many words");
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (is(&words[0], directives[i].name))
			return directives[i].run(a, words + 1, count - 1);
	return fail(a, "no directive '%.*s'; there are .program, .entry, .stream and .bytes",
		    shown(words[0].name_length), words[0].name);
}

static int line(struct assembler *a, const char *text, const char *end)
{
	const char *comment = memchr(text, '#', (size_t)(end - text));
	struct pumori_isa_instruction *instruction;

	if (comment)
		end = comment;
	while (text < end && (*text == ' ' || *text == '\t' || *text == '\r'))
		text++;
	while (end > text && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (text == end)
		return 0;
	if (*text == '.' && (end - text < 6 || memcmp(text, ".bytes", 6)))
		return directive(a, text, end);
	if (a->instructions.count >= UINT32_MAX / PUMORI_ISA_INSTRUCTION_BYTES / 2)
		return fail(a, "too many instructions");
	instruction = push(a, &a->instructions, sizeof(*instruction));
	if (!instruction)
		return -1;
	if (a->open)
		((struct pumori_isa_stream_entry *)a->streams.data)[a->streams.count - 1].count++;
	return cli_assemble_line(text, (size_t)(end - text), instruction, a->error);
}

static int layout(struct assembler *a, void **image, size_t *image_bytes)
{
	size_t entries_bytes = a->entries.count * sizeof(struct pumori_isa_entry);
	size_t streams_bytes = a->streams.count * sizeof(struct pumori_isa_stream_entry);
	size_t tables = sizeof(a->program) + entries_bytes + streams_bytes;
	size_t aligned = (tables + PUMORI_ISA_INSTRUCTION_BYTES - 1) / PUMORI_ISA_INSTRUCTION_BYTES *
			 PUMORI_ISA_INSTRUCTION_BYTES;
	size_t instructions_bytes = a->instructions.count * sizeof(struct pumori_isa_instruction);
	uint32_t limit = 1u << 30;
	char *bytes;

	if (!a->program.instructions_offset)
		a->program.instructions_offset = (uint32_t)aligned;
	if (a->program.instructions_offset < tables || a->program.instructions_offset > limit)
		return fail(a, "instructions cannot begin at %u", a->program.instructions_offset);
	a->program.magic = PUMORI_ISA_PROGRAM_MAGIC;
	a->program.entries = (uint32_t)a->entries.count;
	a->program.streams = (uint32_t)a->streams.count;
	a->program.instructions = (uint32_t)a->instructions.count;
	*image_bytes = a->program.instructions_offset + instructions_bytes;
	bytes = calloc(1, *image_bytes);
	if (!bytes)
		return fail(a, "out of host memory");
	memcpy(bytes, &a->program, sizeof(a->program));
	if (entries_bytes)
		memcpy(bytes + sizeof(a->program), a->entries.data, entries_bytes);
	if (streams_bytes)
		memcpy(bytes + sizeof(a->program) + entries_bytes, a->streams.data, streams_bytes);
	if (instructions_bytes)
		memcpy(bytes + a->program.instructions_offset, a->instructions.data, instructions_bytes);
	*image = bytes;
	return 0;
}

int cli_assemble_program(const char *text, size_t bytes, void **image, size_t *image_bytes,
			 struct cli_assembly_error *error)
{
	struct assembler a = {
		.program.version_major = PUMORI_ISA_VERSION_MAJOR,
		.program.version_minor = PUMORI_ISA_VERSION_MINOR,
		.error = error,
	};
	const char *end = text + bytes;
	size_t number_of_line = 0;
	int result = 0;

	while (text < end && !result) {
		const char *next = memchr(text, '\n', (size_t)(end - text));

		number_of_line++;
		result = line(&a, text, next ? next : end);
		text = next ? next + 1 : end;
	}
	error->line = result ? number_of_line : 0;
	if (!result && !a.has_program)
		result = fail(&a, "the text has no .program line");
	if (!result)
		result = layout(&a, image, image_bytes);
	free(a.entries.data);
	free(a.streams.data);
	free(a.instructions.data);
	return result;
}

int cli_stream_parse(const char *name, size_t bytes, uint32_t *stream)
{
	char known[16];

	for (uint32_t i = 0; i < PUMORI_ISA_STREAMS; i++) {
		cli_stream_name(known, sizeof(known), i);
		if (strlen(known) == bytes && !memcmp(known, name, bytes)) {
			*stream = i;
			return 0;
		}
	}
	return -1;
}
