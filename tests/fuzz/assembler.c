// SPDX-License-Identifier: MIT
/*
 * Assembly text, and bytes as instructions: whatever is taken has a text that gives the same bytes again.
 */
#include <stdlib.h>
#include <string.h>

#include "assembly.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct pumori_isa_instruction *instruction)
{
	char text[CLI_ASSEMBLY_LINE_BYTES];
	struct pumori_isa_instruction back;
	struct cli_assembly_error error;

	cli_disassemble(instruction, text);
	if (cli_assemble_line(text, strlen(text), &back, &error) || memcmp(&back, instruction, sizeof(back)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pumori_isa_instruction instruction;
	struct cli_assembly_error error;
	const struct pumori_isa_program *program;
	void *image;
	size_t bytes;

	memset(&instruction, 0, sizeof(instruction));
	memcpy(&instruction, data, size < sizeof(instruction) ? size : sizeof(instruction));
	round_trip(&instruction);

	if (!cli_assemble_line((const char *)data, size, &instruction, &error))
		round_trip(&instruction);
	if (cli_assemble_program((const char *)data, size, &image, &bytes, &error))
		return 0;
	program = image;
	for (uint32_t i = 0; i < program->instructions; i++) {
		memcpy(&instruction, (const char *)image + program->instructions_offset + i * sizeof(instruction),
		       sizeof(instruction));
		round_trip(&instruction);
	}
	free(image);
	return 0;
}
