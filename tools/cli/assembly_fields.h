/* SPDX-License-Identifier: MIT */
/* Which fields an instruction has and how they are called: read by assembler and disassembler alike. */
#ifndef PUMORI_CLI_ASSEMBLY_FIELDS_H
#define PUMORI_CLI_ASSEMBLY_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "pumori/isa.h"

/** enum cli_field_kind - how a field is written */
enum cli_field_kind {
	CLI_FIELD_NUMBER,	/* NAME=5, unsigned, @bytes wide */
	CLI_FIELD_SIGNED,	/* NAME=-5, 32 bits */
	CLI_FIELD_REGISTER,	/* NAME=r5 */
	CLI_FIELD_WORD,		/* NAME alone: 1 */
	CLI_FIELD_COMPARE,	/* NAME=less */
	CLI_FIELD_ALU,		/* NAME=add */
	CLI_FIELD_OPERATION,	/* NAME=add, of an activation NAME=relu */
	CLI_FIELD_DTYPE,	/* NAME=fp32 */
	CLI_FIELD_MODIFIERS,	/* words */
	CLI_FIELD_ACCUMULATOR,	/* NAME=sbuf@64 */
	CLI_FIELD_IMMEDIATE,	/* NAME=1.5f or NAME=0x3fc00000 */
	CLI_FIELD_OPERAND,	/* NAME=sbuf/fp32/p0+128@64[8:16,16:1]+loop0*64 */
	CLI_FIELD_DMA_SIDE,	/* the same, or NAME=memory/fp32/v3@64[...] */
};

/** struct cli_field - a field of one of the union's members */
struct cli_field {
	/** @name: NULL ends a table */
	const char *name;
	/** @kind: how it is written */
	enum cli_field_kind kind;
	/** @offset: in the instruction */
	size_t offset;
	/** @bytes: its size; a field that is zero is left out */
	size_t bytes;
	/** @always: bits of control opcodes (all are below 32) that show it even when it is zero */
	uint32_t always;
};

/** struct cli_name - a name with its value */
struct cli_name {
	const char *name;
	uint32_t value;
};

/** struct cli_opcode - a row of PUMORI_ISA_OPCODES */
struct cli_opcode {
	const char *mnemonic;
	uint16_t opcode;
	enum pumori_isa_format format;
};

extern const struct cli_opcode cli_opcodes[];
extern const size_t cli_opcode_count;
/** cli_fields - the table of fields of a format */
const struct cli_field *cli_fields(enum pumori_isa_format format);

/* Tables of names, each ended by a NULL name. */
extern const struct cli_name cli_alu_names[];
extern const struct cli_name cli_function_names[];
extern const struct cli_name cli_compare_names[];
extern const struct cli_name cli_modifier_names[];
extern const struct cli_name cli_space_names[];
extern const struct cli_name cli_entry_flag_names[];
extern const struct cli_name cli_engine_names[];

/** cli_name_of - name of @value, or NULL */
const char *cli_name_of(const struct cli_name *names, uint32_t value);
/** cli_operation_names - what op0 means: functions of an activation, else operations */
const struct cli_name *cli_operation_names(uint16_t opcode);

#endif
