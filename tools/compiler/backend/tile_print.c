// SPDX-License-Identifier: MIT
/* The text form of tile IR: one line an instruction, before and after allocation. */
#include <string.h>

#include "tile.h"

static const char *const space_names[] = { "none", "sbuf", "psum", "memory" };

static const char *type_name(unsigned int dtype)
{
	for (unsigned int i = 0; i < PUMORI_ELEMENT_TYPE_COUNT; i++)
		if (pumori_isa_type((enum pumori_element_type)i) == dtype)
			return pumori_element_name((enum pumori_element_type)i);
	return "?";
}

static const char *alu_name(unsigned int op)
{
	switch (op) {
#define ALU_ROW(name, value, mnemonic) case value: return mnemonic;
	PUMORI_ISA_ALU_OPS(ALU_ROW)
#undef ALU_ROW
	}
	return "?";
}

static const char *function_name(unsigned int function)
{
	switch (function) {
#define FUNCTION_ROW(name, value, mnemonic) case value: return mnemonic;
	PUMORI_ISA_FUNCTIONS(FUNCTION_ROW)
#undef FUNCTION_ROW
	}
	return "?";
}

static void print_operand(const char *role, uint32_t tile,
			  const struct pumori_isa_operand *operand, FILE *stream)
{
	if (operand->space == PUMORI_ISA_UNUSED)
		return;
	fprintf(stream, " %s=%%%d:%s[%u+%u%s]@%u %s{", role, (int)tile,
		space_names[operand->space & 3], operand->partition_start,
		operand->partition_count, operand->partition_step ? "" : " same", operand->offset,
		type_name(operand->dtype));
	for (unsigned int i = 0; i < operand->dims && i < 4; i++)
		fprintf(stream, "%s%u:%d", i ? "," : "", operand->count[i], operand->step[i]);
	fputc('}', stream);
}

static void print_side(const char *role, uint32_t tile, const struct pumori_isa_dma_side *side,
		       FILE *stream)
{
	fprintf(stream, " %s=%%%d:%s", role, (int)tile, space_names[side->space & 3]);
	if (side->space == PUMORI_ISA_SBUF)
		fprintf(stream, "[%u+%u%s]", side->partition_start, side->partition_count,
			side->partition_step ? "" : " same");
	else
		fprintf(stream, "[v%u]", side->variable);
	fprintf(stream, "@%llu %s{", (unsigned long long)side->offset, type_name(side->dtype));
	for (unsigned int i = 0; i < side->dims && i < 5; i++)
		fprintf(stream, "%s%u:%d", i ? "," : "", side->count[i], side->step[i]);
	fputc('}', stream);
}

static void print_compute(const struct pumori_tile_instruction *instruction, FILE *stream)
{
	const struct pumori_isa_compute *compute = &instruction->isa.compute;
	static const char *const roles[] = { "in0", "in1", "in2" };

	if (instruction->isa.opcode == PUMORI_ISA_ACTIVATE)
		fprintf(stream, " %s", function_name(compute->op0));
	else if (compute->op0 || compute->op1)
		fprintf(stream, " %s %s", alu_name(compute->op0), alu_name(compute->op1));
	print_operand("out", instruction->tiles[PUMORI_TILE_OUT], &compute->out, stream);
	for (unsigned int i = 0; i < 3; i++)
		print_operand(roles[i], instruction->tiles[PUMORI_TILE_IN0 + i], &compute->in[i],
			      stream);
	if (compute->accumulator_space)
		fprintf(stream, " sum=%%%d@%u",
			(int)instruction->tiles[PUMORI_TILE_ACCUMULATOR],
			compute->accumulator_offset);
	if (compute->axes)
		fprintf(stream, " axes=%u", compute->axes);
	if (compute->modifiers)
		fprintf(stream, " modifiers=0x%x", compute->modifiers);
	for (unsigned int i = 0; i < 4; i++) {
		float value;

		if (!compute->imm[i])
			continue;
		memcpy(&value, &compute->imm[i], sizeof(value));
		if (compute->compute == PUMORI_ISA_FP32)
			fprintf(stream, " imm%u=%g", i, value);
		else
			fprintf(stream, " imm%u=%d", i, (int)compute->imm[i]);
	}
}

void pumori_tile_print(const struct pumori_tile_program *program, FILE *stream)
{
	uint32_t node = UINT32_MAX;

	for (uint32_t i = 0; i < program->instruction_count; i++) {
		const struct pumori_tile_instruction *instruction = &program->instructions[i];
		const struct pumori_isa_instruction *isa = &instruction->isa;

		if (instruction->node != node && instruction->node < program->node_count) {
			node = instruction->node;
			fprintf(stream, "; %s (%s)\n", program->nodes[node].name,
				program->nodes[node].operation);
		}
		fprintf(stream, "%6u ", i);
		if (instruction->stream != PUMORI_NO_STREAM)
			fprintf(stream, "s%-2u ", instruction->stream);
		fputs(pumori_isa_opcode_name(isa->opcode), stream);
		if (pumori_isa_opcode_format(isa->opcode) == PUMORI_ISA_FORMAT_COMPUTE) {
			print_compute(instruction, stream);
		} else if (pumori_isa_opcode_format(isa->opcode) == PUMORI_ISA_FORMAT_DMA) {
			print_side("to", instruction->tiles[0], &isa->dma.destination, stream);
			print_side("from", instruction->tiles[1], &isa->dma.source, stream);
			print_operand("index", instruction->tiles[2], &isa->dma.index, stream);
		}
		for (unsigned int w = 0; w < 2; w++)
			if (isa->flags & (PUMORI_ISA_WAIT0 << w))
				fprintf(stream, " wait s%u>=%u", isa->wait[w].semaphore,
					isa->wait[w].value);
		if (isa->flags & PUMORI_ISA_SIGNAL)
			fprintf(stream, " signal");
		fputc('\n', stream);
	}
}
