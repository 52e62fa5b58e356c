/* SPDX-License-Identifier: MIT */
/*
 * Instructions and programs as text, both ways. The form is described in Documentation/pumori.md.
 *
 * Every instruction, valid or not, has a text that gives the same 256 bytes back: what the fields
 * cannot say is printed as ".bytes". Opcodes, operations and functions come from the tables of isa.h.
 */
#ifndef PUMORI_CLI_ASSEMBLY_H
#define PUMORI_CLI_ASSEMBLY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "pumori/isa.h"

#define CLI_ASSEMBLY_LINE_BYTES	1536	/* enough for any instruction */
#define CLI_ASSEMBLY_MESSAGE_BYTES 200

/** struct cli_assembly_error - what is wrong with a text */
struct cli_assembly_error {
	/** @line: counted from 1; 0 when it concerns no line */
	size_t line;
	/** @message: in words */
	char message[CLI_ASSEMBLY_MESSAGE_BYTES];
};

/** cli_disassemble - one instruction as one line without its end; @text has room for CLI_ASSEMBLY_LINE_BYTES */
void cli_disassemble(const struct pumori_isa_instruction *instruction, char *text);

/** cli_assemble_line - the instruction that the line @text of @bytes means. Return: 0 or -1 with @error */
int cli_assemble_line(const char *text, size_t bytes, struct pumori_isa_instruction *instruction,
		      struct cli_assembly_error *error);

/**
 * cli_assemble_program - a program image from a whole text
 * @image: receives the image, to be freed
 *
 * Only the text is checked; whether the chip takes the program is for its decoder to say.
 * Return: 0 or -1 with @error.
 */
int cli_assemble_program(const char *text, size_t bytes, void **image, size_t *image_bytes,
			 struct cli_assembly_error *error);

/** cli_stream_name - "tensor", "dma3" ... of a stream into @name; "17" for one that does not exist */
void cli_stream_name(char *name, size_t bytes, uint32_t stream);
/** cli_stream_parse - the stream of that name. Return: 0 or -1 */
int cli_stream_parse(const char *name, size_t bytes, uint32_t *stream);
/** cli_entry_flags - names of PUMORI_ISA_ENTRY_* bits, and of bits without a name, each after a space */
void cli_entry_flags(char *text, size_t bytes, uint32_t flags);

#endif
