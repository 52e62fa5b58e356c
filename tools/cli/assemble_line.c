// SPDX-License-Identifier: MIT
/* One line of assembly text to one instruction. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "assembly_fields.h"
#include "options.h"
#include "pumori/pumori.h"

#define DTYPES		32
#define NAMES_MAX	96
#define WORD_BYTES	48
#define QUOTED_BYTES	40

/* What is left of a line or of a value. */
struct cursor {
	const char *at;
	const char *end;
	struct cli_assembly_error *error;
};

static int fail(struct cursor *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static int fail(struct cursor *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(c->error->message, sizeof(c->error->message), format, arguments);
	va_end(arguments);
	return -1;
}

/* How much of a wrong word a message quotes. */
static int shown(size_t length)
{
	return length < QUOTED_BYTES ? (int)length : QUOTED_BYTES;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_space(struct cursor *c)
{
	while (c->at < c->end && is_space(*c->at))
		c->at++;
}

static bool take(struct cursor *c, char wanted)
{
	if (c->at >= c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static int expect(struct cursor *c, char wanted)
{
	return take(c, wanted) ? 0 : fail(c, "'%c' expected at '%.*s'", wanted,
					  shown((size_t)(c->end - c->at)), c->at);
}

static int take_unsigned(struct cursor *c, uint64_t maximum, uint64_t *value)
{
	const char *start = c->at;
	unsigned int base = 10;

	*value = 0;
	if (c->end - c->at > 2 && c->at[0] == '0' && c->at[1] == 'x') {
		base = 16;
		c->at += 2;
		start = c->at;
	}
	for (; c->at < c->end; c->at++) {
		char digit = *c->at;
		unsigned int number;

		if (digit >= '0' && digit <= '9')
			number = (unsigned int)(digit - '0');
		else if (base == 16 && digit >= 'a' && digit <= 'f')
			number = (unsigned int)(digit - 'a') + 10;
		else
			break;
		if (__builtin_mul_overflow(*value, base, value) || __builtin_add_overflow(*value, number, value))
			return fail(c, "a number does not fit 64 bits");
	}
	if (c->at == start)
		return fail(c, "a number is expected");
	if (*value > maximum)
		return fail(c, "%" PRIu64 " is too large, at most %" PRIu64 " is possible", *value, maximum);
	return 0;
}

static int take_signed(struct cursor *c, unsigned int bits, int64_t *value)
{
	bool negative = take(c, '-');
	uint64_t magnitude;
	uint64_t maximum = (bits == 64 ? (uint64_t)INT64_MAX : (uint64_t)INT32_MAX) + negative;

	if (take_unsigned(c, maximum, &magnitude))
		return -1;
	*value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return 0;
}

/* Letters, digits, '_' and '.': names of opcodes, operations, fields. */
static size_t word_length(const struct cursor *c)
{
	size_t length = 0;

	while (c->at + length < c->end) {
		char l = c->at[length];

		if (!(l >= 'a' && l <= 'z') && !(l >= '0' && l <= '9') && l != '_' && l != '.')
			break;
		length++;
	}
	return length;
}

static bool same(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !memcmp(name, text, length);
}

/* Says that a word is unknown, and which known one is near. */
static int fail_word(struct cursor *c, const char *what, const char *text, size_t length, const char *const *names,
		     size_t count)
{
	char word[WORD_BYTES];
	const char *nearest;

	snprintf(word, sizeof(word), "%.*s", length < sizeof(word) ? (int)length : (int)sizeof(word) - 1, text);
	nearest = cli_suggest(word, names, count);
	return nearest ? fail(c, "unknown %s '%s'; did you mean '%s'?", what, word, nearest) :
			 fail(c, "unknown %s '%s'", what, word);
}

static int take_name(struct cursor *c, const char *what, const struct cli_name *names, uint32_t *value)
{
	const char *known[NAMES_MAX];
	size_t length = word_length(c), count = 0;

	for (const struct cli_name *n = names; n->name; n++) {
		if (same(n->name, c->at, length)) {
			*value = n->value;
			c->at += length;
			return 0;
		}
		if (count < NAMES_MAX)
			known[count++] = n->name;
	}
	return fail_word(c, what, c->at, length, known, count);
}

static int take_dtype(struct cursor *c, uint8_t *dtype)
{
	size_t length = word_length(c);

	for (unsigned int i = 0; i < DTYPES; i++)
		if (pumori_dtype_size((enum pumori_dtype)i) && same(pumori_dtype_name((enum pumori_dtype)i), c->at, length)) {
			*dtype = (uint8_t)i;
			c->at += length;
			return 0;
		}
	return fail(c, "unknown element type '%.*s'", shown(length), c->at);
}

static int take_register(struct cursor *c, uint8_t *number)
{
	uint64_t value;

	if (expect(c, 'r') || take_unsigned(c, PUMORI_ISA_REGISTERS - 1, &value))
		return -1;
	*number = (uint8_t)value;
	return 0;
}

static int take_bind(struct cursor *c, uint8_t *bind)
{
	size_t length = word_length(c);
	uint64_t level;

	if (same("none", c->at, length)) {
		c->at += length;
		*bind = PUMORI_ISA_BIND_NONE;
		return 0;
	}
	if (c->at < c->end && *c->at == 'r') {
		if (take_register(c, bind))
			return -1;
		*bind |= PUMORI_ISA_BIND_REGISTER(0);
		return 0;
	}
	if (length < 4 || memcmp(c->at, "loop", 4))
		return fail(c, "after '+' comes loopN, rN or none");
	c->at += 4;
	if (take_unsigned(c, PUMORI_ISA_LOOP_LEVELS - 1, &level))
		return -1;
	*bind = (uint8_t)PUMORI_ISA_BIND_LOOP(level);
	return 0;
}

/* "+loop0*64+r5*-4": at most two. */
static int take_binds(struct cursor *c, uint8_t bind[2], unsigned int bits, int64_t stride[2])
{
	stride[0] = 0;
	stride[1] = 0;
	for (unsigned int i = 0; i < 2 && take(c, '+'); i++)
		if (take_bind(c, &bind[i]) || expect(c, '*') || take_signed(c, bits, &stride[i]))
			return -1;
	return 0;
}

/* "p0+128*0" */
static int take_partitions(struct cursor *c, uint8_t *start, uint8_t *count, uint8_t *step)
{
	uint64_t value;

	if (expect(c, 'p') || take_unsigned(c, UINT8_MAX, &value))
		return -1;
	*start = (uint8_t)value;
	if (expect(c, '+') || take_unsigned(c, UINT8_MAX, &value))
		return -1;
	*count = (uint8_t)value;
	*step = 1;
	if (take(c, '*')) {
		if (take_unsigned(c, UINT8_MAX, &value))
			return -1;
		*step = (uint8_t)value;
	}
	return 0;
}

static int take_space(struct cursor *c, uint8_t *space, uint8_t *dtype)
{
	uint32_t value;

	if (take_name(c, "space", cli_space_names, &value) || expect(c, '/') || take_dtype(c, dtype) || expect(c, '/'))
		return -1;
	*space = (uint8_t)value;
	return 0;
}

static int take_operand(struct cursor *c, struct pumori_isa_operand *o)
{
	int64_t stride[2];
	uint64_t value;

	if (take_space(c, &o->space, &o->dtype) ||
	    take_partitions(c, &o->partition_start, &o->partition_count, &o->partition_step) || expect(c, '@') ||
	    take_unsigned(c, UINT32_MAX, &value) || expect(c, '['))
		return -1;
	o->offset = (uint32_t)value;
	while (!take(c, ']')) {
		int64_t step;

		if (o->dims == 4)
			return fail(c, "an operand has at most 4 dimensions");
		if ((o->dims && expect(c, ',')) || take_unsigned(c, UINT16_MAX, &value) || expect(c, ':') ||
		    take_signed(c, 32, &step))
			return -1;
		o->count[o->dims] = (uint16_t)value;
		o->step[o->dims] = (int32_t)step;
		o->dims++;
	}
	if (take_binds(c, o->bind, 32, stride))
		return -1;
	o->bind_stride[0] = (int32_t)stride[0];
	o->bind_stride[1] = (int32_t)stride[1];
	return 0;
}

static int take_dma_side(struct cursor *c, struct pumori_isa_dma_side *s)
{
	int64_t stride[2];
	uint64_t value;

	if (take_space(c, &s->space, &s->dtype))
		return -1;
	if (s->space == PUMORI_ISA_MEMORY) {
		if (expect(c, 'v') || take_unsigned(c, UINT16_MAX, &value))
			return -1;
		s->variable = (uint16_t)value;
	} else if (take_partitions(c, &s->partition_start, &s->partition_count, &s->partition_step)) {
		return -1;
	}
	if (expect(c, '@') || take_unsigned(c, UINT64_MAX, &value) || expect(c, '['))
		return -1;
	s->offset = value;
	while (!take(c, ']')) {
		int64_t step;

		if (s->dims == 5)
			return fail(c, "a side of a DMA has at most 5 dimensions");
		if ((s->dims && expect(c, ',')) || take_unsigned(c, UINT32_MAX, &value) || expect(c, ':') ||
		    take_signed(c, 32, &step))
			return -1;
		s->count[s->dims] = (uint32_t)value;
		s->step[s->dims] = (int32_t)step;
		s->dims++;
	}
	if (take_binds(c, s->bind, 64, stride))
		return -1;
	s->bind_stride[0] = stride[0];
	s->bind_stride[1] = stride[1];
	/* A STREAM. */
	if (take(c, '!'))
		s->flags = PUMORI_ISA_DMA_STREAM;
	return 0;
}

/* "1.5f" or a whole number of 32 bits */
static int take_immediate(struct cursor *c, uint32_t *bits)
{
	size_t length = (size_t)(c->end - c->at);
	char text[WORD_BYTES];
	uint64_t value;
	int64_t negative;
	float number;
	char *end;

	if (length && length < sizeof(text) && c->at[length - 1] == 'f' &&
	    !(length > 1 && c->at[0] == '0' && c->at[1] == 'x')) {
		memcpy(text, c->at, length - 1);
		text[length - 1] = '\0';
		if (strspn(text, "0123456789+-.e") != length - 1)
			return fail(c, "'%sf' is no number", text);
		number = strtof(text, &end);
		if (*end || end == text)
			return fail(c, "'%sf' is no number", text);
		memcpy(bits, &number, sizeof(*bits));
		c->at = c->end;
		return 0;
	}
	if (length && *c->at == '-') {
		if (take_signed(c, 32, &negative))
			return -1;
		*bits = (uint32_t)negative;
		return 0;
	}
	if (take_unsigned(c, UINT32_MAX, &value))
		return -1;
	*bits = (uint32_t)value;
	return 0;
}

/* The value of a field, without the name and '='. */
static int take_value(struct cursor *c, const struct cli_field *field, struct pumori_isa_instruction *instruction)
{
	void *place = (char *)instruction + field->offset;
	uint64_t number = 0;
	int64_t signed_number;
	uint32_t named = 0, bits = 0;
	uint8_t byte = 0;

	switch (field->kind) {
	case CLI_FIELD_OPERAND:
		return take_operand(c, place);
	case CLI_FIELD_DMA_SIDE:
		return take_dma_side(c, place);
	case CLI_FIELD_NUMBER:
		if (take_unsigned(c, UINT64_MAX >> (64 - 8 * field->bytes), &number))
			return -1;
		break;
	case CLI_FIELD_SIGNED:
		if (take_signed(c, 32, &signed_number))
			return -1;
		number = (uint64_t)signed_number;
		break;
	case CLI_FIELD_REGISTER:
		if (take_register(c, &byte))
			return -1;
		number = byte;
		break;
	case CLI_FIELD_DTYPE:
		if (take_dtype(c, &byte))
			return -1;
		number = byte;
		break;
	case CLI_FIELD_COMPARE:
		if (take_name(c, "comparison", cli_compare_names, &named))
			return -1;
		number = named;
		break;
	case CLI_FIELD_ALU:
		if (take_name(c, "operation", cli_alu_names, &named))
			return -1;
		number = named;
		break;
	case CLI_FIELD_OPERATION:
		if (take_name(c, "operation", cli_operation_names(instruction->opcode), &named))
			return -1;
		number = named;
		break;
	case CLI_FIELD_ACCUMULATOR: {
		uint64_t offset;

		if (take_name(c, "space", cli_space_names, &named) || expect(c, '@') ||
		    take_unsigned(c, UINT32_MAX, &offset))
			return -1;
		instruction->compute.accumulator_offset = (uint32_t)offset;
		number = named;
		break;
	}
	case CLI_FIELD_IMMEDIATE:
		if (take_immediate(c, &bits))
			return -1;
		number = bits;
		break;
	case CLI_FIELD_WORD:
	case CLI_FIELD_MODIFIERS:
		return fail(c, "'%s' takes no value", field->name);
	}
	memcpy(place, &number, field->bytes);
	return 0;
}

/* "s3>=4+loop1*2" */
static int take_wait(struct cursor *c, struct pumori_isa_instruction *instruction, unsigned int index)
{
	struct pumori_isa_wait *wait = &instruction->wait[index];
	uint64_t value;

	if (expect(c, 's') || take_unsigned(c, PUMORI_ISA_SEMAPHORES - 1, &value))
		return -1;
	wait->semaphore = (uint8_t)value;
	if (expect(c, '>') || expect(c, '=') || take_unsigned(c, UINT32_MAX, &value))
		return -1;
	wait->value = (uint32_t)value;
	if (take(c, '+')) {
		if (take_bind(c, &wait->bind) || expect(c, '*') || take_unsigned(c, UINT32_MAX, &value))
			return -1;
		wait->step = (uint32_t)value;
	}
	instruction->flags |= (uint8_t)(PUMORI_ISA_WAIT0 << index);
	return 0;
}

/* "s5+1" */
static int take_signal(struct cursor *c, struct pumori_isa_instruction *instruction)
{
	uint64_t value;

	if (expect(c, 's') || take_unsigned(c, PUMORI_ISA_SEMAPHORES - 1, &value))
		return -1;
	instruction->signal_semaphore = (uint8_t)value;
	if (expect(c, '+') || take_unsigned(c, UINT8_MAX, &value))
		return -1;
	instruction->signal_increment = (uint8_t)value;
	instruction->flags |= PUMORI_ISA_SIGNAL;
	return 0;
}

/* A word without a value: a modifier, or a field that is one. */
static int take_word(struct cursor *c, const struct cli_field *fields, const char *word, size_t length,
		     struct pumori_isa_instruction *instruction)
{
	const char *known[NAMES_MAX];
	size_t count = 0;

	for (const struct cli_field *f = fields; f->name; f++) {
		char *place = (char *)instruction + f->offset;

		if (f->kind == CLI_FIELD_WORD && same(f->name, word, length)) {
			if (*place)
				return fail(c, "'%s' is there twice", f->name);
			*place = 1;
			return 0;
		}
		known[count++] = f->name;
		if (f->kind != CLI_FIELD_MODIFIERS)
			continue;
		count--;
		for (const struct cli_name *m = cli_modifier_names; m->name; m++) {
			known[count++] = m->name;
			if (!same(m->name, word, length))
				continue;
			if (instruction->compute.modifiers & m->value)
				return fail(c, "'%s' is there twice", m->name);
			instruction->compute.modifiers |= (uint16_t)m->value;
			return 0;
		}
	}
	return fail_word(c, "word", word, length, known, count);
}

static int take_field(struct cursor *c, const struct cli_field *fields, uint32_t *seen,
		      struct pumori_isa_instruction *instruction)
{
	const char *name = c->at;
	size_t length = word_length(c);
	const char *known[NAMES_MAX];
	unsigned int bit = 0;
	size_t count = 0;
	uint32_t mark;
	int result;

	c->at += length;
	if (!length)
		return fail(c, "a field is expected at '%.*s'", shown((size_t)(c->end - name)), name);
	if (!take(c, '='))
		return take_word(c, fields, name, length, instruction);
	for (; fields[bit].name && !same(fields[bit].name, name, length); bit++)
		known[count++] = fields[bit].name;
	mark = 1u << bit;
	if (same("wait0", name, length) || same("wait1", name, length)) {
		mark = 1u << (name[4] == '0' ? 28 : 29);
		result = take_wait(c, instruction, name[4] == '1');
	} else if (same("signal", name, length)) {
		mark = 1u << 30;
		result = take_signal(c, instruction);
	} else if (fields[bit].name) {
		result = take_value(c, &fields[bit], instruction);
	} else {
		known[count++] = "wait0";
		known[count++] = "wait1";
		known[count++] = "signal";
		return fail_word(c, "field", name, length, known, count);
	}
	if (result)
		return -1;
	if (*seen & mark)
		return fail(c, "'%.*s' is there twice", (int)length, name);
	*seen |= mark;
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_bytes(struct cursor *c, struct pumori_isa_instruction *instruction)
{
	unsigned char *byte = (unsigned char *)instruction;
	size_t count = 0;

	skip_space(c);
	while (c->at < c->end && !is_space(*c->at)) {
		int high = hex_digit(c->at[0]);
		int low = c->end - c->at > 1 ? hex_digit(c->at[1]) : -1;

		if (high < 0 || low < 0)
			return fail(c, ".bytes takes pairs of hexadecimal digits");
		if (count == sizeof(*instruction))
			return fail(c, "an instruction has %zu bytes", sizeof(*instruction));
		byte[count++] = (unsigned char)(high << 4 | low);
		c->at += 2;
	}
	skip_space(c);
	if (!count || c->at < c->end)
		return fail(c, ".bytes takes one row of hexadecimal digits");
	return 0;
}

static int take_instruction(struct cursor *c, struct pumori_isa_instruction *instruction)
{
	const char *known[PUMORI_ISA_OPCODE_LIMIT];
	const struct cli_opcode *opcode = NULL;
	const struct cli_field *fields;
	size_t length = word_length(c);
	struct cursor field;
	uint32_t seen = 0;

	if (same(".bytes", c->at, length)) {
		c->at += length;
		return take_bytes(c, instruction);
	}
	for (size_t i = 0; i < cli_opcode_count; i++) {
		known[i] = cli_opcodes[i].mnemonic;
		if (same(cli_opcodes[i].mnemonic, c->at, length))
			opcode = &cli_opcodes[i];
	}
	if (!opcode)
		return fail_word(c, "instruction", c->at, length, known, cli_opcode_count);
	c->at += length;
	instruction->opcode = opcode->opcode;
	fields = cli_fields(opcode->format);
	for (;;) {
		skip_space(c);
		if (c->at >= c->end)
			return 0;
		/* A field ends at a space; what its value leaves over is an error. */
		field = *c;
		while (c->at < c->end && !is_space(*c->at))
			c->at++;
		field.end = c->at;
		if (take_field(&field, fields, &seen, instruction))
			return -1;
		if (field.at != field.end)
			return fail(c, "'%.*s' makes no sense here", shown((size_t)(field.end - field.at)),
				    field.at);
	}
}

int cli_assemble_line(const char *text, size_t bytes, struct pumori_isa_instruction *instruction,
		      struct cli_assembly_error *error)
{
	const char *comment = memchr(text, '#', bytes);
	struct cursor c = { .at = text, .end = comment ? comment : text + bytes, .error = error };
	const char *digits;

	memset(instruction, 0, sizeof(*instruction));
	error->line = 0;
	skip_space(&c);
	/* "12:" is where the disassembler found it; the place in the text decides. */
	for (digits = c.at; digits < c.end && *digits >= '0' && *digits <= '9'; digits++)
		;
	if (digits > c.at && digits < c.end && *digits == ':') {
		c.at = digits + 1;
		skip_space(&c);
	}
	return take_instruction(&c, instruction);
}
