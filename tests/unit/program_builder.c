// SPDX-License-Identifier: MIT
#include "program_builder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void program_begin(struct program *program, unsigned int sbuf_bytes, unsigned int psum_bytes)
{
	memset(program, 0, sizeof(*program));
	program->header.magic = PUMORI_ISA_PROGRAM_MAGIC;
	program->header.version_major = PUMORI_ISA_VERSION_MAJOR;
	program->header.sbuf_bytes = sbuf_bytes;
	program->header.psum_bytes = psum_bytes;
}

void program_entry(struct program *program, unsigned int variables, unsigned int scalars,
		   unsigned int flags)
{
	struct pumori_isa_entry *entry = &program->entry[program->header.entries++];

	assert(program->header.entries <= PROGRAM_ENTRIES);
	entry->first_stream = program->header.streams;
	entry->variables = variables;
	entry->scalars = scalars;
	entry->flags = flags;
}

void program_stream(struct program *program, unsigned int stream)
{
	struct pumori_isa_stream_entry *row = &program->stream[program->header.streams++];

	assert(program->header.streams <= PROGRAM_STREAMS);
	row->stream = stream;
	row->first = program->header.instructions;
	program->entry[program->header.entries - 1].stream_count++;
}

struct pumori_isa_instruction *program_add(struct program *program, unsigned int opcode)
{
	struct pumori_isa_instruction *instruction =
		&program->instruction[program->header.instructions++];

	assert(program->header.instructions <= PROGRAM_INSTRUCTIONS);
	program->stream[program->header.streams - 1].count++;
	instruction->opcode = (__u16)opcode;
	return instruction;
}

void *program_write(const struct program *program, size_t *bytes)
{
	struct pumori_isa_program header = program->header;
	size_t tables = sizeof(header), offset;
	unsigned char *image;

	tables += header.entries * sizeof(program->entry[0]) +
		  header.streams * sizeof(program->stream[0]);
	offset = (tables + PUMORI_ISA_INSTRUCTION_BYTES - 1) / PUMORI_ISA_INSTRUCTION_BYTES *
		 PUMORI_ISA_INSTRUCTION_BYTES;
	header.instructions_offset = (__u32)offset;
	*bytes = offset + header.instructions * sizeof(program->instruction[0]);
	image = calloc(1, *bytes);
	assert(image);
	memcpy(image, &header, sizeof(header));
	memcpy(image + sizeof(header), program->entry, header.entries * sizeof(program->entry[0]));
	memcpy(image + sizeof(header) + header.entries * sizeof(program->entry[0]), program->stream,
	       header.streams * sizeof(program->stream[0]));
	memcpy(image + offset, program->instruction,
	       header.instructions * sizeof(program->instruction[0]));
	return image;
}

struct pumori_isa_instruction *with_wait(struct pumori_isa_instruction *instruction,
					 unsigned int which, unsigned int semaphore,
					 unsigned int value)
{
	instruction->flags |= which ? PUMORI_ISA_WAIT1 : PUMORI_ISA_WAIT0;
	instruction->wait[which].semaphore = (__u8)semaphore;
	instruction->wait[which].value = value;
	return instruction;
}

struct pumori_isa_instruction *with_signal(struct pumori_isa_instruction *instruction,
					   unsigned int semaphore, unsigned int increment)
{
	instruction->flags |= PUMORI_ISA_SIGNAL;
	instruction->signal_semaphore = (__u8)semaphore;
	instruction->signal_increment = (__u8)increment;
	return instruction;
}

struct pumori_isa_operand sbuf_row(unsigned int dtype, unsigned int partition,
				   unsigned int partitions, unsigned int offset, unsigned int count)
{
	struct pumori_isa_operand operand = {
		.space = PUMORI_ISA_SBUF,
		.dtype = (__u8)dtype,
		.partition_start = (__u8)partition,
		.partition_count = (__u8)partitions,
		.partition_step = 1,
		.dims = 1,
		.offset = offset,
		.count = { (__u16)count },
		.step = { 1 },
	};

	return operand;
}

struct pumori_isa_operand psum_row(unsigned int dtype, unsigned int partition,
				   unsigned int partitions, unsigned int offset, unsigned int count)
{
	struct pumori_isa_operand operand = sbuf_row(dtype, partition, partitions, offset, count);

	operand.space = PUMORI_ISA_PSUM;
	return operand;
}

struct pumori_isa_dma_side sbuf_side(unsigned int dtype, unsigned int partition,
				     unsigned int partitions, unsigned int offset,
				     unsigned int count)
{
	struct pumori_isa_dma_side side = {
		.space = PUMORI_ISA_SBUF,
		.dtype = (__u8)dtype,
		.partition_start = (__u8)partition,
		.partition_count = (__u8)partitions,
		.partition_step = 1,
		.dims = 1,
		.offset = offset,
		.count = { count },
		.step = { 1 },
	};

	return side;
}

struct pumori_isa_dma_side memory_side(unsigned int dtype, unsigned int variable,
				       unsigned long long offset, unsigned int count)
{
	struct pumori_isa_dma_side side = {
		.space = PUMORI_ISA_MEMORY,
		.dtype = (__u8)dtype,
		.dims = 1,
		.offset = offset,
		.variable = (__u16)variable,
		.count = { count },
		.step = { 1 },
	};

	return side;
}

struct pumori_isa_instruction *add_end(struct program *program)
{
	return program_add(program, PUMORI_ISA_END);
}

struct pumori_isa_instruction *add_loop(struct program *program, unsigned int level,
					unsigned int count)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_LOOP_BEGIN);

	instruction->control.level = (__u8)level;
	instruction->control.count = count;
	return instruction;
}

struct pumori_isa_instruction *add_loop_end(struct program *program, unsigned int level)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_LOOP_END);

	instruction->control.level = (__u8)level;
	return instruction;
}

struct pumori_isa_instruction *add_set(struct program *program, unsigned int destination, int value)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_REGISTER_SET);

	instruction->control.destination = (__u8)destination;
	instruction->control.immediate = value;
	return instruction;
}

struct pumori_isa_instruction *add_alu(struct program *program, unsigned int operation,
				       unsigned int destination, unsigned int source, int immediate)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_REGISTER_ALU);

	instruction->control.operation = (__u8)operation;
	instruction->control.destination = (__u8)destination;
	instruction->control.source = (__u8)source;
	instruction->control.immediate = immediate;
	return instruction;
}

struct pumori_isa_instruction *add_branch(struct program *program, unsigned int compare,
					  unsigned int source, int immediate, unsigned int target)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_BRANCH);

	instruction->control.compare = (__u8)compare;
	instruction->control.source = (__u8)source;
	instruction->control.immediate = immediate;
	instruction->control.target = target;
	return instruction;
}

struct pumori_isa_instruction *add_dma(struct program *program,
				       struct pumori_isa_dma_side destination,
				       struct pumori_isa_dma_side source)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_DMA_COPY);

	instruction->dma.destination = destination;
	instruction->dma.source = source;
	return instruction;
}

struct pumori_isa_instruction *add_copy(struct program *program, struct pumori_isa_operand out,
					struct pumori_isa_operand in)
{
	struct pumori_isa_instruction *instruction = program_add(program, PUMORI_ISA_COPY);

	instruction->compute.out = out;
	instruction->compute.in[0] = in;
	instruction->compute.compute = PUMORI_ISA_FP32;
	return instruction;
}
