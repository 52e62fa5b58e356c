// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "assembly_fields.h"
#include "pumori/pumori.h"

/* A line that is being written; @cut when it did not fit, or when a value has no text. */
struct line {
	char *text;
	size_t used;
	bool cut;
};

static void append(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void append(struct line *line, const char *format, ...)
{
	size_t room = CLI_ASSEMBLY_LINE_BYTES - line->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->used, room, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= room)
		line->cut = true;
	else
		line->used += (size_t)length;
}

static void append_name(struct line *line, const struct cli_name *names, uint32_t value)
{
	const char *name = cli_name_of(names, value);

	if (name)
		append(line, "%s", name);
	else
		line->cut = true;
}

static void append_bind(struct line *line, uint8_t bind)
{
	if (bind == PUMORI_ISA_BIND_NONE)
		append(line, "+none");
	else if (bind & 0x40)
		append(line, "+r%u", bind & ~0x40u);
	else
		append(line, "+loop%u", bind - 1u);
}

static void append_binds(struct line *line, const uint8_t bind[2], int64_t stride0, int64_t stride1)
{
	if (bind[0] || stride0 || bind[1] || stride1) {
		append_bind(line, bind[0]);
		append(line, "*%" PRId64, stride0);
	}
	if (bind[1] || stride1) {
		append_bind(line, bind[1]);
		append(line, "*%" PRId64, stride1);
	}
}

static void append_partitions(struct line *line, uint8_t start, uint8_t count, uint8_t step)
{
	append(line, "p%u+%u", start, count);
	if (step != 1)
		append(line, "*%u", step);
}

static void append_operand(struct line *line, const struct pumori_isa_operand *o)
{
	append_name(line, cli_space_names, o->space);
	append(line, "/%s/", pumori_dtype_name((enum pumori_dtype)o->dtype));
	append_partitions(line, o->partition_start, o->partition_count, o->partition_step);
	append(line, "@%u[", o->offset);
	for (unsigned int i = 0; i < o->dims && i < 4; i++)
		append(line, "%s%u:%d", i ? "," : "", o->count[i], o->step[i]);
	append(line, "]");
	append_binds(line, o->bind, o->bind_stride[0], o->bind_stride[1]);
}

static void append_dma_side(struct line *line, const struct pumori_isa_dma_side *s)
{
	append_name(line, cli_space_names, s->space);
	append(line, "/%s/", pumori_dtype_name((enum pumori_dtype)s->dtype));
	if (s->space == PUMORI_ISA_MEMORY)
		append(line, "v%u", s->variable);
	else
		append_partitions(line, s->partition_start, s->partition_count, s->partition_step);
	append(line, "@%" PRIu64 "[", (uint64_t)s->offset);
	for (unsigned int i = 0; i < s->dims && i < 5; i++)
		append(line, "%s%u:%d", i ? "," : "", s->count[i], s->step[i]);
	append(line, "]");
	append_binds(line, s->bind, s->bind_stride[0], s->bind_stride[1]);
	if (s->flags & PUMORI_ISA_DMA_STREAM)
		append(line, "!");
}

/* As a float where the instruction computes in floats and the decimal form gives the same bits back. */
static void append_immediate(struct line *line, uint32_t bits, uint8_t compute)
{
	char text[32];
	float value, back;

	memcpy(&value, &bits, sizeof(value));
	if (compute == PUMORI_ISA_FP32 && isfinite(value)) {
		snprintf(text, sizeof(text), "%.9g", value);
		back = strtof(text, NULL);
		if (!memcmp(&back, &bits, sizeof(back))) {
			append(line, "%sf", text);
			return;
		}
	}
	append(line, "0x%x", bits);
}

static uint64_t read_number(const void *place, size_t bytes)
{
	uint64_t value = 0;

	/* All targets are little-endian, as the instructions are. */
	memcpy(&value, place, bytes);
	return value;
}

static void append_field(struct line *line, const struct pumori_isa_instruction *instruction,
			 const struct cli_field *field)
{
	const void *place = (const char *)instruction + field->offset;
	uint64_t number = field->bytes <= 8 ? read_number(place, field->bytes) : 0;

	if (field->kind == CLI_FIELD_MODIFIERS) {
		for (const struct cli_name *m = cli_modifier_names; m->name; m++)
			if (number & m->value)
				append(line, " %s", m->name);
		return;
	}
	append(line, " %s", field->name);
	if (field->kind == CLI_FIELD_WORD)
		return;
	append(line, "=");
	switch (field->kind) {
	case CLI_FIELD_NUMBER:
		append(line, "%" PRIu64, number);
		break;
	case CLI_FIELD_SIGNED:
		append(line, "%" PRId32, (int32_t)number);
		break;
	case CLI_FIELD_REGISTER:
		append(line, "r%" PRIu64, number);
		break;
	case CLI_FIELD_COMPARE:
		append_name(line, cli_compare_names, (uint32_t)number);
		break;
	case CLI_FIELD_ALU:
		append_name(line, cli_alu_names, (uint32_t)number);
		break;
	case CLI_FIELD_OPERATION:
		append_name(line, cli_operation_names(instruction->opcode), (uint32_t)number);
		break;
	case CLI_FIELD_DTYPE:
		append(line, "%s", pumori_dtype_name((enum pumori_dtype)number));
		break;
	case CLI_FIELD_ACCUMULATOR:
		append_name(line, cli_space_names, (uint32_t)number);
		append(line, "@%u", instruction->compute.accumulator_offset);
		break;
	case CLI_FIELD_IMMEDIATE:
		append_immediate(line, (uint32_t)number, instruction->compute.compute);
		break;
	case CLI_FIELD_OPERAND:
		append_operand(line, place);
		break;
	case CLI_FIELD_DMA_SIDE:
		append_dma_side(line, place);
		break;
	case CLI_FIELD_WORD:
	case CLI_FIELD_MODIFIERS:
		break;
	}
}

static bool is_zero(const void *place, size_t bytes)
{
	const char *byte = place;

	for (size_t i = 0; i < bytes; i++)
		if (byte[i])
			return false;
	return true;
}

static void append_waits(struct line *line, const struct pumori_isa_instruction *instruction)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct pumori_isa_wait *wait = &instruction->wait[i];

		if (!(instruction->flags & (PUMORI_ISA_WAIT0 << i)))
			continue;
		append(line, " wait%u=s%u>=%u", i, wait->semaphore, wait->value);
		if (wait->bind) {
			append_bind(line, wait->bind);
			append(line, "*%u", wait->step);
		}
	}
	if (instruction->flags & PUMORI_ISA_SIGNAL)
		append(line, " signal=s%u+%u", instruction->signal_semaphore, instruction->signal_increment);
}

static void append_bytes(struct line *line, const struct pumori_isa_instruction *instruction)
{
	const unsigned char *byte = (const unsigned char *)instruction;
	size_t count = sizeof(*instruction);

	while (count > 1 && !byte[count - 1])
		count--;
	append(line, ".bytes ");
	for (size_t i = 0; i < count; i++)
		append(line, "%02x", byte[i]);
}

static const struct cli_opcode *find_opcode(uint16_t opcode)
{
	for (size_t i = 0; i < cli_opcode_count; i++)
		if (cli_opcodes[i].opcode == opcode)
			return &cli_opcodes[i];
	return NULL;
}

void cli_disassemble(const struct pumori_isa_instruction *instruction, char *text)
{
	const struct cli_opcode *opcode = find_opcode(instruction->opcode);
	struct line line = { .text = text };
	struct pumori_isa_instruction back;
	struct cli_assembly_error error;

	if (opcode) {
		append(&line, "%s", opcode->mnemonic);
		for (const struct cli_field *f = cli_fields(opcode->format); f->name; f++)
			if (!is_zero((const char *)instruction + f->offset, f->bytes) ||
			    (opcode->format == PUMORI_ISA_FORMAT_CONTROL && f->always >> instruction->opcode & 1))
				append_field(&line, instruction, f);
		append_waits(&line, instruction);
		/* The proof that nothing was left out: reserved bits, values out of range, unknown names. */
		if (!line.cut && !cli_assemble_line(text, line.used, &back, &error) &&
		    !memcmp(&back, instruction, sizeof(back)))
			return;
	}
	line.used = 0;
	append_bytes(&line, instruction);
}

void cli_stream_name(char *name, size_t bytes, uint32_t stream)
{
	const char *engine = cli_name_of(cli_engine_names, stream);

	if (engine)
		snprintf(name, bytes, "%s", engine);
	else if (stream >= PUMORI_ISA_DMA0 && stream < PUMORI_ISA_STREAMS)
		snprintf(name, bytes, "dma%u", stream - PUMORI_ISA_DMA0);
	else
		snprintf(name, bytes, "%u", stream);
}

void cli_entry_flags(char *text, size_t bytes, uint32_t flags)
{
	size_t used = 0;

	text[0] = '\0';
	for (const struct cli_name *f = cli_entry_flag_names; f->name && used < bytes; f++)
		if (flags & f->value) {
			used += (size_t)snprintf(text + used, bytes - used, " %s", f->name);
			flags &= ~f->value;
		}
	if (flags && used < bytes)
		snprintf(text + used, bytes - used, " flags=0x%x", flags);
}
