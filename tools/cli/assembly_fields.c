// SPDX-License-Identifier: MIT
#include "assembly_fields.h"

#include <string.h>

const struct cli_opcode cli_opcodes[] = {
#define PUMORI_ISA_ROW(name, value, mnemonic, streams, format, inputs, output) \
	{ mnemonic, value, PUMORI_ISA_FORMAT_##format },
	PUMORI_ISA_OPCODES(PUMORI_ISA_ROW)
#undef PUMORI_ISA_ROW
};
const size_t cli_opcode_count = sizeof(cli_opcodes) / sizeof(cli_opcodes[0]);

#define PUMORI_ISA_ROW(name, value, mnemonic) { mnemonic, value },
const struct cli_name cli_alu_names[] = { PUMORI_ISA_ALU_OPS(PUMORI_ISA_ROW) { NULL, 0 } };
const struct cli_name cli_function_names[] = { PUMORI_ISA_FUNCTIONS(PUMORI_ISA_ROW) { NULL, 0 } };
#undef PUMORI_ISA_ROW

const struct cli_name cli_compare_names[] = {
	{ "always", PUMORI_ISA_COMPARE_ALWAYS },
	{ "equal", PUMORI_ISA_COMPARE_EQUAL },
	{ "not_equal", PUMORI_ISA_COMPARE_NOT_EQUAL },
	{ "less", PUMORI_ISA_COMPARE_LESS },
	{ "greater_equal", PUMORI_ISA_COMPARE_GREATER_EQUAL },
	{ NULL, 0 },
};

const struct cli_name cli_modifier_names[] = {
	{ "accumulate", PUMORI_ISA_ACCUMULATE },
	{ "load_transposed", PUMORI_ISA_LOAD_TRANSPOSED },
	{ "buffer1", PUMORI_ISA_BUFFER1 },
	{ "reverse0", PUMORI_ISA_REVERSE0 },
	{ "reverse1", PUMORI_ISA_REVERSE1 },
	{ "check_nan", PUMORI_ISA_CHECK_NAN },
	{ "scan_exclusive", PUMORI_ISA_SCAN_EXCLUSIVE },
	{ "scan_reverse", PUMORI_ISA_SCAN_REVERSE },
	{ "scatter_add", PUMORI_ISA_SCATTER_ADD },
	{ "stochastic", PUMORI_ISA_STOCHASTIC },
	{ "streamed", PUMORI_ISA_STREAMED },
	{ NULL, 0 },
};

const struct cli_name cli_space_names[] = {
	{ "sbuf", PUMORI_ISA_SBUF },
	{ "psum", PUMORI_ISA_PSUM },
	{ "memory", PUMORI_ISA_MEMORY },
	{ NULL, 0 },
};

const struct cli_name cli_entry_flag_names[] = {
	{ "preload", PUMORI_ISA_ENTRY_PRELOAD },
	{ "needs_preload", PUMORI_ISA_ENTRY_NEEDS_PRELOAD },
	{ "restartable", PUMORI_ISA_ENTRY_RESTARTABLE },
	{ NULL, 0 },
};

const struct cli_name cli_engine_names[] = {
	{ "tensor", PUMORI_ISA_TENSOR },
	{ "vector", PUMORI_ISA_VECTOR },
	{ "scalar", PUMORI_ISA_SCALAR },
	{ "gpsimd", PUMORI_ISA_GPSIMD },
	{ "sync", PUMORI_ISA_SYNC },
	{ NULL, 0 },
};

#define FIELD(member, field) \
	offsetof(struct pumori_isa_instruction, member.field), \
	sizeof(((struct pumori_isa_instruction *)0)->member.field)
#define ON(opcode) (1u << PUMORI_ISA_##opcode)

static const struct cli_field compute_fields[] = {
	{ "out", CLI_FIELD_OPERAND, FIELD(compute, out), 0 },
	{ "in0", CLI_FIELD_OPERAND, FIELD(compute, in[0]), 0 },
	{ "in1", CLI_FIELD_OPERAND, FIELD(compute, in[1]), 0 },
	{ "in2", CLI_FIELD_OPERAND, FIELD(compute, in[2]), 0 },
	{ "op0", CLI_FIELD_OPERATION, FIELD(compute, op0), 0 },
	{ "op1", CLI_FIELD_ALU, FIELD(compute, op1), 0 },
	{ "compute", CLI_FIELD_DTYPE, FIELD(compute, compute), 0 },
	{ "axes", CLI_FIELD_NUMBER, FIELD(compute, axes), 0 },
	{ "imm0", CLI_FIELD_IMMEDIATE, FIELD(compute, imm[0]), 0 },
	{ "imm1", CLI_FIELD_IMMEDIATE, FIELD(compute, imm[1]), 0 },
	{ "imm2", CLI_FIELD_IMMEDIATE, FIELD(compute, imm[2]), 0 },
	{ "imm3", CLI_FIELD_IMMEDIATE, FIELD(compute, imm[3]), 0 },
	{ "modifiers", CLI_FIELD_MODIFIERS, FIELD(compute, modifiers), 0 },
	{ "accumulator", CLI_FIELD_ACCUMULATOR, FIELD(compute, accumulator_space), 0 },
	{ .name = NULL },
};

static const struct cli_field dma_fields[] = {
	{ "destination", CLI_FIELD_DMA_SIDE, FIELD(dma, destination), 0 },
	{ "source", CLI_FIELD_DMA_SIDE, FIELD(dma, source), 0 },
	{ "index", CLI_FIELD_OPERAND, FIELD(dma, index), 0 },
	{ .name = NULL },
};

static const struct cli_field control_fields[] = {
	{ "level", CLI_FIELD_NUMBER, FIELD(control, level), ON(LOOP_BEGIN) | ON(LOOP_END) },
	{ "count", CLI_FIELD_NUMBER, FIELD(control, count), ON(LOOP_BEGIN) },
	{ "target", CLI_FIELD_NUMBER, FIELD(control, target), ON(BRANCH) },
	{ "destination", CLI_FIELD_REGISTER, FIELD(control, destination),
	  ON(REGISTER_SET) | ON(REGISTER_ALU) | ON(REGISTER_LOAD) | ON(REGISTER_SCALAR) },
	{ "operation", CLI_FIELD_ALU, FIELD(control, operation), ON(REGISTER_ALU) },
	{ "compare", CLI_FIELD_COMPARE, FIELD(control, compare), 0 },
	{ "source", CLI_FIELD_REGISTER, FIELD(control, source), ON(REGISTER_ALU) },
	{ "source2", CLI_FIELD_REGISTER, FIELD(control, source2), 0 },
	{ "use_register", CLI_FIELD_WORD, FIELD(control, use_register), 0 },
	{ "immediate", CLI_FIELD_SIGNED, FIELD(control, immediate), ON(REGISTER_SET) | ON(REGISTER_SCALAR) },
	{ "operand", CLI_FIELD_OPERAND, FIELD(control, operand), 0 },
	{ .name = NULL },
};

const struct cli_field *cli_fields(enum pumori_isa_format format)
{
	switch (format) {
	case PUMORI_ISA_FORMAT_COMPUTE:
		return compute_fields;
	case PUMORI_ISA_FORMAT_DMA:
		return dma_fields;
	case PUMORI_ISA_FORMAT_CONTROL:
		return control_fields;
	}
	return NULL;
}

const char *cli_name_of(const struct cli_name *names, uint32_t value)
{
	for (; names->name; names++)
		if (names->value == value)
			return names->name;
	return NULL;
}

const struct cli_name *cli_operation_names(uint16_t opcode)
{
	return opcode == PUMORI_ISA_ACTIVATE ? cli_function_names : cli_alu_names;
}
