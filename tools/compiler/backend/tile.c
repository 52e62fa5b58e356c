// SPDX-License-Identifier: MIT
/* The container of tile IR. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tile.h"

/* A program beyond this many instructions fits no instruction store; stop before memory does. */
#define INSTRUCTION_LIMIT (1u << 20)

static const struct {
	enum pumori_isa_dtype dtype;
	unsigned char bytes;
	bool is_float;
} isa_types[] = {
	[PUMORI_ELEMENT_BOOL] = { PUMORI_ISA_BOOL, 1, false },
	[PUMORI_ELEMENT_INT8] = { PUMORI_ISA_INT8, 1, false },
	[PUMORI_ELEMENT_UINT8] = { PUMORI_ISA_UINT8, 1, false },
	[PUMORI_ELEMENT_INT16] = { PUMORI_ISA_INT16, 2, false },
	[PUMORI_ELEMENT_UINT16] = { PUMORI_ISA_UINT16, 2, false },
	[PUMORI_ELEMENT_INT32] = { PUMORI_ISA_INT32, 4, false },
	[PUMORI_ELEMENT_UINT32] = { PUMORI_ISA_UINT32, 4, false },
	[PUMORI_ELEMENT_INT64] = { PUMORI_ISA_INT64, 8, false },
	[PUMORI_ELEMENT_UINT64] = { PUMORI_ISA_UINT64, 8, false },
	[PUMORI_ELEMENT_FLOAT16] = { PUMORI_ISA_FP16, 2, true },
	[PUMORI_ELEMENT_BFLOAT16] = { PUMORI_ISA_BF16, 2, true },
	[PUMORI_ELEMENT_FLOAT32] = { PUMORI_ISA_FP32, 4, true },
};

static const struct {
	const char *mnemonic;
	enum pumori_isa_format format;
} opcode_table[PUMORI_ISA_OPCODE_LIMIT] = {
#define OPCODE_ROW(name, value, mnemonic, streams, format, inputs, output) \
	[value] = { mnemonic, PUMORI_ISA_FORMAT_##format },
	PUMORI_ISA_OPCODES(OPCODE_ROW)
#undef OPCODE_ROW
};

enum pumori_isa_dtype pumori_isa_type(enum pumori_element_type element)
{
	return isa_types[element].dtype;
}

unsigned int pumori_isa_bytes(unsigned int dtype)
{
	for (size_t i = 0; i < PUMORI_ELEMENT_TYPE_COUNT; i++)
		if (isa_types[i].dtype == dtype)
			return isa_types[i].bytes;
	return 0;
}

bool pumori_isa_is_float(unsigned int dtype)
{
	for (size_t i = 0; i < PUMORI_ELEMENT_TYPE_COUNT; i++)
		if (isa_types[i].dtype == dtype)
			return isa_types[i].is_float;
	return false;
}

enum pumori_isa_format pumori_isa_opcode_format(unsigned int opcode)
{
	return opcode_table[opcode % PUMORI_ISA_OPCODE_LIMIT].format;
}

const char *pumori_isa_opcode_name(unsigned int opcode)
{
	const char *name = opcode_table[opcode % PUMORI_ISA_OPCODE_LIMIT].mnemonic;

	return name ? name : "?";
}

struct pumori_tile_program *pumori_tile_program_create(struct pumori_graph *graph,
						       struct pumori_diagnostics *diagnostics)
{
	struct pumori_tile_program *program = calloc(1, sizeof(*program));

	if (!program) {
		pumori_out_of_memory(diagnostics);
		return NULL;
	}
	program->graph = graph;
	program->diagnostics = diagnostics;
	return program;
}

void pumori_tile_program_destroy(struct pumori_tile_program *program)
{
	if (!program)
		return;
	for (unsigned int i = 0; i < PUMORI_ISA_STREAMS; i++)
		free(program->streams[i].order);
	free(program->preload.order);
	free(program->tiles);
	free(program->instructions);
	free(program->nodes);
	free(program->weights);
	free(program);
}

int pumori_tile_fail(struct pumori_tile_program *program, int code, const char *format, ...)
{
	struct pumori_location where = { 0 };
	char reason[512];
	va_list arguments;

	if (program->error)
		return program->error;
	program->error = code;
	if (code == -ENOMEM)
		return pumori_out_of_memory(program->diagnostics);
	if (program->node < program->node_count) {
		where.node = program->nodes[program->node].name;
		where.operator_type = program->nodes[program->node].operation;
	}
	va_start(arguments, format);
	vsnprintf(reason, sizeof(reason), format, arguments);
	va_end(arguments);
	return pumori_error(program->diagnostics, code, &where, NULL, "%s", reason);
}

/* Make room for one more element of an array; false after a failure. */
static bool grow(struct pumori_tile_program *program, void **array, uint32_t count,
		 uint32_t *capacity, size_t size)
{
	uint32_t wanted = *capacity ? *capacity * 2 : 64;
	void *larger;

	if (program->error)
		return false;
	if (count < *capacity)
		return true;
	larger = realloc(*array, wanted * size);
	if (!larger) {
		pumori_tile_fail(program, -ENOMEM, "memory");
		return false;
	}
	*array = larger;
	*capacity = wanted;
	return true;
}

void pumori_tile_begin_node(struct pumori_tile_program *program, const char *name,
			    const char *operation)
{
	if (!grow(program, (void **)&program->nodes, program->node_count, &program->node_capacity,
		  sizeof(*program->nodes)))
		return;
	program->node = program->node_count++;
	program->nodes[program->node] = (struct pumori_tile_node){ name, operation };
}

static uint32_t add_tile(struct pumori_tile_program *program, struct pumori_tile tile)
{
	if (!grow(program, (void **)&program->tiles, program->tile_count, &program->tile_capacity,
		  sizeof(*program->tiles)))
		return PUMORI_NO_TILE;
	program->tiles[program->tile_count] = tile;
	return program->tile_count++;
}

uint32_t pumori_tile_sbuf(struct pumori_tile_program *program, uint64_t bytes)
{
	return add_tile(program, (struct pumori_tile){ .space = PUMORI_ISA_SBUF,
						       .bytes = bytes ? bytes : 1 });
}

uint32_t pumori_tile_psum(struct pumori_tile_program *program, uint32_t banks)
{
	return add_tile(program, (struct pumori_tile){
		.space = PUMORI_ISA_PSUM, .bytes = (uint64_t)banks * PUMORI_ISA_PSUM_BANK_BYTES });
}

uint32_t pumori_tile_scratch(struct pumori_tile_program *program, uint64_t bytes)
{
	return add_tile(program, (struct pumori_tile){ .space = PUMORI_ISA_MEMORY,
						       .kind = PUMORI_KIND_SCRATCH,
						       .bytes = bytes ? bytes : 1 });
}

uint32_t pumori_tile_variable(struct pumori_tile_program *program,
			      enum pumori_executable_kind kind,
			      const struct pumori_tensor *tensor)
{
	return add_tile(program, (struct pumori_tile){ .space = PUMORI_ISA_MEMORY, .kind = kind,
						       .bytes = pumori_type_bytes(&tensor->type),
						       .tensor = tensor });
}

uint32_t pumori_tile_weights(struct pumori_tile_program *program, uint64_t bytes, void **data)
{
	uint64_t rounded = (bytes + PUMORI_TILE_ALIGNMENT - 1) &
			   ~(uint64_t)(PUMORI_TILE_ALIGNMENT - 1);
	uint64_t offset = program->weights_bytes;
	uint32_t tile;

	*data = NULL;
	if (program->error)
		return PUMORI_NO_TILE;
	if (offset + rounded > program->weights_capacity) {
		uint64_t wanted = 2 * (offset + rounded);
		void *larger = realloc(program->weights, wanted);

		if (!larger) {
			pumori_tile_fail(program, -ENOMEM, "memory");
			return PUMORI_NO_TILE;
		}
		program->weights = larger;
		program->weights_capacity = wanted;
	}
	tile = add_tile(program, (struct pumori_tile){ .space = PUMORI_ISA_MEMORY,
						       .kind = PUMORI_KIND_WEIGHTS,
						       .bytes = bytes, .address = offset });
	if (tile == PUMORI_NO_TILE)
		return tile;
	memset(program->weights + offset, 0, rounded);
	*data = program->weights + offset;
	program->weights_bytes = offset + rounded;
	return tile;
}

struct pumori_tile_instruction *pumori_tile_append(struct pumori_tile_program *program,
						   enum pumori_isa_opcode opcode)
{
	struct pumori_tile_instruction *instruction;

	if (!program->error && program->instruction_count >= INSTRUCTION_LIMIT)
		pumori_tile_fail(program, -ENOTSUP,
				 "the program needs more than %u instructions", INSTRUCTION_LIMIT);
	if (!grow(program, (void **)&program->instructions, program->instruction_count,
		  &program->instruction_capacity, sizeof(*program->instructions)))
		return NULL;
	instruction = &program->instructions[program->instruction_count++];
	memset(instruction, 0, sizeof(*instruction));
	instruction->isa.opcode = opcode;
	for (unsigned int i = 0; i < PUMORI_TILE_OPERANDS; i++)
		instruction->tiles[i] = PUMORI_NO_TILE;
	instruction->node = program->node;
	instruction->stream = PUMORI_NO_STREAM;
	return instruction;
}
