// SPDX-License-Identifier: MIT
/* Text and bytes of instructions: each gives the other back, and a wrong text is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assembly.h"
#include "assembly_fields.h"

static uint64_t state_of_random;

static uint64_t random64(void)
{
	uint64_t z = state_of_random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Small numbers are as likely as large ones: both have a text of their own. */
static uint64_t random_below(uint64_t limit)
{
	uint64_t bits = random64();

	return bits & 1 ? (bits >> 1) % limit : (bits >> 1) % (limit < 5 ? limit : 5);
}

static int32_t random_signed(void)
{
	uint64_t bits = random64();

	return bits & 1 ? (int32_t)(bits >> 32) : (int32_t)(bits >> 1 & 15) - 8;
}

static uint8_t random_bind(bool registers)
{
	switch (random_below(registers ? 3 : 2)) {
	case 0:
		return PUMORI_ISA_BIND_NONE;
	case 1:
		return (uint8_t)PUMORI_ISA_BIND_LOOP(random_below(PUMORI_ISA_LOOP_LEVELS));
	default:
		return (uint8_t)PUMORI_ISA_BIND_REGISTER(random_below(PUMORI_ISA_REGISTERS));
	}
}

static uint8_t random_dtype(void)
{
	static const uint8_t types[] = { 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

	return types[random64() % sizeof(types)];
}

static void random_operand(struct pumori_isa_operand *o)
{
	o->space = random64() & 1 ? PUMORI_ISA_SBUF : PUMORI_ISA_PSUM;
	o->dtype = random_dtype();
	o->partition_start = (uint8_t)random_below(128);
	o->partition_count = (uint8_t)(1 + random_below(128));
	o->partition_step = random64() & 1;
	o->dims = (uint8_t)(1 + random_below(4));
	o->offset = (uint32_t)random_below(PUMORI_ISA_SBUF_BYTES);
	for (unsigned int i = 0; i < o->dims; i++) {
		o->count[i] = (uint16_t)(1 + random_below(65535));
		o->step[i] = random_signed();
	}
	for (unsigned int i = 0; i < 2; i++) {
		o->bind[i] = random_bind(true);
		if (o->bind[i])
			o->bind_stride[i] = random_signed();
	}
}

static void random_side(struct pumori_isa_dma_side *s)
{
	s->space = random64() & 1 ? PUMORI_ISA_SBUF : PUMORI_ISA_MEMORY;
	s->dtype = random_dtype();
	if (s->space == PUMORI_ISA_MEMORY) {
		s->variable = (uint16_t)random_below(PUMORI_ISA_VARIABLES);
		s->offset = random64() >> random_below(64);
	} else {
		s->partition_start = (uint8_t)random_below(128);
		s->partition_count = (uint8_t)(1 + random_below(128));
		s->partition_step = random64() & 1;
		s->offset = random_below(PUMORI_ISA_SBUF_BYTES);
	}
	s->dims = (uint8_t)(1 + random_below(s->space == PUMORI_ISA_MEMORY ? 5 : 4));
	for (unsigned int i = 0; i < s->dims; i++) {
		s->count[i] = (uint32_t)(1 + random_below(UINT32_MAX));
		s->step[i] = random_signed();
	}
	for (unsigned int i = 0; i < 2; i++) {
		s->bind[i] = random_bind(true);
		if (s->bind[i])
			s->bind_stride[i] = (int64_t)(random64() >> random_below(64));
	}
}

static uint8_t random_name(const struct cli_name *names)
{
	size_t count = 0;

	while (names[count].name)
		count++;
	return (uint8_t)names[random64() % count].value;
}

static void random_compute(struct pumori_isa_compute *c, uint16_t opcode)
{
	random_operand(&c->out);
	for (unsigned int i = 0; i < 3; i++)
		if (random64() & 1)
			random_operand(&c->in[i]);
	c->op0 = random_name(cli_operation_names(opcode));
	c->op1 = random_name(cli_alu_names);
	c->compute = random64() & 1 ? PUMORI_ISA_FP32 : random64() & 1 ? PUMORI_ISA_INT32 : PUMORI_ISA_INT64;
	c->axes = (uint8_t)random_below(5);
	c->modifiers = random64() & PUMORI_ISA_MODIFIERS;
	if (random64() & 1) {
		c->accumulator_space = PUMORI_ISA_SBUF;
		c->accumulator_offset = (uint32_t)random_below(PUMORI_ISA_SBUF_BYTES);
	}
	for (unsigned int i = 0; i < 4; i++)
		c->imm[i] = random64() & 1 ? (uint32_t)random64() : (uint32_t)random_below(100);
}

static void random_control(struct pumori_isa_control *c, uint16_t opcode)
{
	c->level = (uint8_t)random_below(PUMORI_ISA_LOOP_LEVELS);
	c->use_register = random64() & 1;
	c->compare = random_name(cli_compare_names);
	c->operation = random_name(cli_alu_names);
	c->destination = (uint8_t)random_below(PUMORI_ISA_REGISTERS);
	c->source = (uint8_t)random_below(PUMORI_ISA_REGISTERS);
	c->source2 = (uint8_t)random_below(PUMORI_ISA_REGISTERS);
	c->count = (uint32_t)random_below(UINT32_MAX);
	c->target = (uint32_t)random_below(UINT32_MAX);
	c->immediate = random_signed();
	if (opcode == PUMORI_ISA_REGISTER_LOAD)
		random_operand(&c->operand);
}

/* Every field of the opcode's format has a value that the field may hold. */
static void random_instruction(struct pumori_isa_instruction *instruction, const struct cli_opcode *opcode)
{
	memset(instruction, 0, sizeof(*instruction));
	instruction->opcode = opcode->opcode;
	instruction->flags = random64() & PUMORI_ISA_FLAGS;
	for (unsigned int i = 0; i < 2; i++) {
		struct pumori_isa_wait *wait = &instruction->wait[i];

		if (!(instruction->flags & (PUMORI_ISA_WAIT0 << i)))
			continue;
		wait->semaphore = (uint8_t)random64();
		wait->value = (uint32_t)random_below(UINT32_MAX);
		wait->bind = random_bind(false);
		if (wait->bind)
			wait->step = (uint32_t)random_below(UINT32_MAX);
	}
	if (instruction->flags & PUMORI_ISA_SIGNAL) {
		instruction->signal_semaphore = (uint8_t)random64();
		instruction->signal_increment = (uint8_t)(1 + random_below(255));
	}
	switch (opcode->format) {
	case PUMORI_ISA_FORMAT_COMPUTE:
		random_compute(&instruction->compute, opcode->opcode);
		break;
	case PUMORI_ISA_FORMAT_DMA:
		random_side(&instruction->dma.destination);
		random_side(&instruction->dma.source);
		if (random64() & 1)
			random_operand(&instruction->dma.index);
		break;
	case PUMORI_ISA_FORMAT_CONTROL:
		random_control(&instruction->control, opcode->opcode);
		break;
	}
}

static void assert_round_trip(const struct pumori_isa_instruction *instruction, char *text)
{
	struct pumori_isa_instruction back;
	struct cli_assembly_error error;

	memset(&back, 0xff, sizeof(back));
	cli_disassemble(instruction, text);
	if (cli_assemble_line(text, strlen(text), &back, &error))
		fail_msg("'%s': %s", text, error.message);
	if (memcmp(instruction, &back, sizeof(back)))
		fail_msg("'%s' gives other bytes", text);
}

static void every_opcode_comes_back(void **state)
{
	char text[CLI_ASSEMBLY_LINE_BYTES];

	(void)state;
	state_of_random = 1;
	for (size_t i = 0; i < cli_opcode_count; i++)
		for (unsigned int n = 0; n < 500; n++) {
			struct pumori_isa_instruction instruction;

			random_instruction(&instruction, &cli_opcodes[i]);
			assert_round_trip(&instruction, text);
			/* Fields with lawful values are readable, never raw bytes. */
			assert_memory_equal(text, cli_opcodes[i].mnemonic, strlen(cli_opcodes[i].mnemonic));
		}
}

static void every_name_comes_back(void **state)
{
	static const struct cli_name *const tables[] = { cli_alu_names, cli_function_names };
	char text[CLI_ASSEMBLY_LINE_BYTES];
	struct pumori_isa_instruction instruction;

	(void)state;
	for (size_t t = 0; t < 2; t++)
		for (const struct cli_name *n = tables[t]; n->name; n++) {
			memset(&instruction, 0, sizeof(instruction));
			instruction.opcode = t ? PUMORI_ISA_ACTIVATE : PUMORI_ISA_TENSOR_TENSOR;
			instruction.compute.op0 = (uint8_t)n->value;
			assert_round_trip(&instruction, text);
			if (n->value)
				assert_non_null(strstr(text, n->name));
		}
	for (unsigned int bit = 0; bit < 16; bit++) {
		memset(&instruction, 0, sizeof(instruction));
		instruction.opcode = PUMORI_ISA_COPY;
		instruction.compute.modifiers = (uint16_t)(1u << bit);
		assert_round_trip(&instruction, text);
		assert_int_equal(text[0] != '.', (PUMORI_ISA_MODIFIERS >> bit & 1));
	}
}

/* Reserved bits, unknown opcodes, values out of range: no field says them, the bytes do. */
static void any_bytes_come_back(void **state)
{
	char text[CLI_ASSEMBLY_LINE_BYTES];
	struct pumori_isa_instruction instruction;
	unsigned int raw = 0;

	(void)state;
	state_of_random = 2;
	memset(&instruction, 0, sizeof(instruction));
	assert_round_trip(&instruction, text);
	memset(&instruction, 0xff, sizeof(instruction));
	assert_round_trip(&instruction, text);
	for (size_t i = 0; i < cli_opcode_count; i++) {
		for (unsigned int n = 0; n < 200; n++) {
			unsigned char *byte = (unsigned char *)&instruction;

			random_instruction(&instruction, &cli_opcodes[i]);
			byte[random64() % sizeof(instruction)] ^= (unsigned char)(1u << random64() % 8);
			assert_round_trip(&instruction, text);
			raw += text[0] == '.';
		}
		for (size_t b = 0; b < sizeof(instruction); b++) {
			random_instruction(&instruction, &cli_opcodes[i]);
			((unsigned char *)&instruction)[b] = (unsigned char)random64();
			assert_round_trip(&instruction, text);
		}
	}
	assert_true(raw > 0);
}

static void assert_line_refused(const char *text, const char *part)
{
	struct pumori_isa_instruction instruction;
	struct cli_assembly_error error;

	if (!cli_assemble_line(text, strlen(text), &instruction, &error))
		fail_msg("'%s' was taken", text);
	if (!strstr(error.message, part))
		fail_msg("'%s' is refused with '%s' rather than '%s'", text, error.message, part);
}

static void wrong_lines_are_refused(void **state)
{
	(void)state;
	assert_line_refused("cpoy", "did you mean 'copy'?");
	assert_line_refused("xyzzy", "unknown instruction");
	assert_line_refused("", "unknown instruction");
	assert_line_refused("nop nop", "unknown word 'nop'");
	assert_line_refused("copy inn0=5", "did you mean 'in0'?");
	assert_line_refused("copy accumulate accumulate", "twice");
	assert_line_refused("copy op0=add op0=add", "twice");
	assert_line_refused("copy op0=ad", "did you mean 'add'?");
	assert_line_refused("activate op0=rellu", "did you mean 'relu'?");
	assert_line_refused("copy compute=fp31", "element type");
	assert_line_refused("copy axes=256", "at most 255");
	assert_line_refused("copy axes=", "number");
	assert_line_refused("copy axes=1x", "makes no sense");
	assert_line_refused("copy axes=99999999999999999999", "64 bits");
	assert_line_refused("copy imm0=1.5.5f", "no number");
	assert_line_refused("copy imm0=infinityf", "no number");
	assert_line_refused("copy imm0=4294967296", "too large");
	assert_line_refused("copy in0=sbuf/fp32/p0+1@0[1:1,1:1,1:1,1:1,1:1]", "at most 4");
	assert_line_refused("copy in0=sbuf/fp32/p0+1@0[1:1", "','");
	assert_line_refused("copy in0=sbuf/fp32/p0@0[1:1]", "'+'");
	assert_line_refused("copy in0=dram/fp32/p0+1@0[1:1]", "space");
	assert_line_refused("copy in0=sbuf/fp32/p0+1@0[65536:1]", "at most 65535");
	assert_line_refused("copy in0=sbuf/fp32/p0+1@0[1:2147483648]", "too large");
	assert_line_refused("copy in0=sbuf/fp32/p0+1@0[1:1]+loop8*1", "at most 7");
	assert_line_refused("copy in0=sbuf/fp32/p0+1@0[1:1]+loop0*1+loop1*1+loop2*1", "makes no sense");
	assert_line_refused("dma_copy source=memory/fp32/p0+1@0[1:1]", "'v'");
	assert_line_refused("dma_copy source=memory/fp32/v0@0[1:1,1:1,1:1,1:1,1:1,1:1]", "at most 5");
	assert_line_refused("set destination=r64", "at most 63");
	assert_line_refused("set destination=5", "'r'");
	assert_line_refused("nop wait0=s256>=1", "at most 255");
	assert_line_refused("nop wait0=s1=1", "'>'");
	assert_line_refused("nop signal=s1", "'+'");
	assert_line_refused(".bytes", "hexadecimal");
	assert_line_refused(".bytes 0", "hexadecimal");
	assert_line_refused(".bytes 0x12", "hexadecimal");
	assert_line_refused(".bytes 00 00", "one row");
}

static void comments_and_numbers_are_passed_over(void **state)
{
	static const char *const texts[] = { "nop", "  nop  ", "12: nop # a comment", "\tnop#x", "nop\r" };
	struct pumori_isa_instruction instruction;
	struct cli_assembly_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(cli_assemble_line(texts[i], strlen(texts[i]), &instruction, &error), 0);
		assert_int_equal(instruction.opcode, PUMORI_ISA_NOP);
	}
}

static void a_program_is_laid_out(void **state)
{
	static const char text[] =
		"# a program by hand\n"
		".program version=1.0 features=0x1 sbuf=4096 psum=2048\n"
		".entry first_stream=0 streams=2 variables=3 scalars=1 restartable\n"
		".stream vector\n"
		"	nop\n"
		"	end\n"
		"\n"
		".stream dma15\n"
		"	end signal=s1+2\n";
	const struct pumori_isa_program *program;
	const struct pumori_isa_entry *entry;
	const struct pumori_isa_stream_entry *stream;
	const struct pumori_isa_instruction *instruction;
	struct cli_assembly_error error;
	void *image;
	size_t bytes;

	(void)state;
	assert_int_equal(cli_assemble_program(text, sizeof(text) - 1, &image, &bytes, &error), 0);
	program = image;
	assert_int_equal(program->magic, PUMORI_ISA_PROGRAM_MAGIC);
	assert_int_equal(program->version_major, 1);
	assert_int_equal(program->features, 1);
	assert_int_equal(program->sbuf_bytes, 4096);
	assert_int_equal(program->psum_bytes, 2048);
	assert_int_equal(program->entries, 1);
	assert_int_equal(program->streams, 2);
	assert_int_equal(program->instructions, 3);
	assert_int_equal(program->instructions_offset % PUMORI_ISA_INSTRUCTION_BYTES, 0);
	assert_int_equal(bytes, program->instructions_offset + 3 * PUMORI_ISA_INSTRUCTION_BYTES);
	entry = (const void *)(program + 1);
	assert_int_equal(entry->stream_count, 2);
	assert_int_equal(entry->variables, 3);
	assert_int_equal(entry->scalars, 1);
	assert_int_equal(entry->flags, PUMORI_ISA_ENTRY_RESTARTABLE);
	stream = (const void *)(entry + 1);
	assert_int_equal(stream[0].stream, PUMORI_ISA_VECTOR);
	assert_int_equal(stream[0].first, 0);
	assert_int_equal(stream[0].count, 2);
	assert_int_equal(stream[1].stream, PUMORI_ISA_DMA0 + 15);
	assert_int_equal(stream[1].first, 2);
	assert_int_equal(stream[1].count, 1);
	instruction = (const void *)((const char *)image + program->instructions_offset);
	assert_int_equal(instruction[2].signal_increment, 2);
	free(image);
}

static void assert_program_refused(const char *text, size_t line, const char *part)
{
	struct cli_assembly_error error;
	void *image;
	size_t bytes;

	if (!cli_assemble_program(text, strlen(text), &image, &bytes, &error)) {
		free(image);
		fail_msg("'%s' was taken", text);
	}
	assert_int_equal(error.line, line);
	if (!strstr(error.message, part))
		fail_msg("'%s' is refused with '%s' rather than '%s'", text, error.message, part);
}

static void wrong_programs_are_refused(void **state)
{
	(void)state;
	assert_program_refused("", 0, "no .program");
	assert_program_refused("nop\n", 0, "no .program");
	assert_program_refused(".program\n.program\n", 2, "second");
	assert_program_refused(".program version=1\n", 1, "two numbers");
	assert_program_refused(".program version=1.70000\n", 1, "number up to 65535");
	assert_program_refused(".program sbuf=-1\n", 1, "number");
	assert_program_refused(".program offset=8\n", 0, "cannot begin");
	assert_program_refused(".program size=8\n", 1, "does not know");
	assert_program_refused(".program\n.entry what=1\n", 2, "does not know");
	assert_program_refused(".program\n\n.stream dma16\n", 3, "no stream");
	assert_program_refused(".program\n.stream\n", 2, "name");
	assert_program_refused(".program\n.segment x\n", 2, "no directive");
	assert_program_refused(".program\n.stream sync\nend\nnopp\n", 4, "did you mean 'nop'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_opcode_comes_back),
		cmocka_unit_test(every_name_comes_back),
		cmocka_unit_test(any_bytes_come_back),
		cmocka_unit_test(wrong_lines_are_refused),
		cmocka_unit_test(comments_and_numbers_are_passed_over),
		cmocka_unit_test(a_program_is_laid_out),
		cmocka_unit_test(wrong_programs_are_refused),
	};

	return cmocka_run_group_tests_name("assembly", tests, NULL, NULL);
}
