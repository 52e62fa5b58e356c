// SPDX-License-Identifier: MIT
/*
 * Arbitrary program images, decoded and run on a small chip.
 *
 * The first byte says how: raw, repaired or tidied. A repaired image gets a sound header and tables, and
 * every instruction that the decoder refuses is replaced by a NOP, so that the others are reached; a tidied
 * one has the fields of its instructions brought near to what is legal before. What is
 * accepted runs twice, in one go and in small slices, with the same job: how it ends, its cycles and
 * every byte of memory must be the same. A job that takes too long is killed as a watchdog would.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/chip_rig.h"

#define VA_IN		0x100000000ull
#define VA_OUT		0x200000000ull
#define BYTES		16384u
#define CONTROL_BYTES	16u
#define MAX_STREAMS	4u
#define MAX_UNITS	4000u
#define MAX_SLICES	1000u

#define CHECK(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
		abort(); \
	} \
} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rig *rig;
static u8 *memory_in, *memory_out;
static u32 bus_mark;

static void power_on(void)
{
	rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_BEST));
	CHECK(rig);
	memory_in = rig_buffer(rig, 0, VA_IN, BYTES, false);
	memory_out = rig_buffer(rig, 0, VA_OUT, BYTES, true);
	/* The middle of the output is a hole, so that translations fail, too. */
	rig_unmap(rig, 0, VA_OUT + BYTES / 2);
	bus_mark = rig->bus_used;
}

/* The same state before every run, whatever the last one did. */
static void reset(void)
{
	u32 i;

	silicon_register_write(rig->device, PUMORI_HW_REG_DEVICE_RESET, PUMORI_HW_RESET_KEY);
	rig_step(rig, 1);
	CHECK(silicon_register_read(rig->device, PUMORI_HW_REG_STATUS) == PUMORI_HW_STATUS_READY);
	memset(rig->bus + bus_mark, 0, rig->bus_used - bus_mark);
	rig->bus_used = bus_mark;
	rig->queues = 0;
	memset(rig->queue, 0, sizeof(rig->queue));
	rig->budget = 1u << 20;
	rig_enable(rig, 0);
	for (i = 0; i < BYTES; i++)
		memory_in[i] = (u8)(i * 7 + (i >> 8));
	memset(memory_out, 0x5a, BYTES);
}

static u8 tidy_dtype(u8 dtype)
{
	static const u8 known[] = {
		PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_INT32, PUMORI_ISA_UINT8, PUMORI_ISA_INT8,
		PUMORI_ISA_INT16, PUMORI_ISA_INT64, PUMORI_ISA_BOOL, PUMORI_ISA_FP16, PUMORI_ISA_FP8E4M3,
		PUMORI_ISA_FP8E5M2,
	};

	return known[dtype % sizeof(known)];
}

/* A pattern that has a chance to fit: small, and mostly in bounds. */
static void tidy_operand(struct pumori_isa_operand *operand, const struct pumori_isa_operand *like)
{
	u32 i;

	operand->space = operand->space % 4 == 2 ? PUMORI_ISA_PSUM : PUMORI_ISA_SBUF;
	operand->dtype = tidy_dtype(operand->dtype);
	operand->partition_start %= 64;
	operand->partition_count = like ? like->partition_count : 1 + operand->partition_count % 32;
	operand->partition_step = operand->partition_step % 8 != 0;
	operand->dims = like ? like->dims : 1 + operand->dims % 4;
	operand->offset = operand->offset % 512 & ~7u;
	operand->reserved = 0;
	for (i = 0; i < 4; i++) {
		operand->count[i] = i >= operand->dims ? 0 :
				    like	       ? like->count[i] :
							 1 + operand->count[i] % 8;
		operand->step[i] = i >= operand->dims ? 0 : operand->step[i] % 16;
	}
	for (i = 0; i < 2; i++) {
		operand->bind[i] = operand->bind[i] & 1 ? operand->bind[i] % 3 :
							  operand->bind[i] & 0x43;
		operand->bind_stride[i] = operand->bind[i] ? operand->bind_stride[i] % 64 * 8 : 0;
	}
}

static void tidy_side(struct pumori_isa_dma_side *side, const struct pumori_isa_dma_side *like,
		      u8 variable)
{
	u32 i;

	memset(&side->reserved, 0, sizeof(side->reserved));
	side->flags &= like ? 0 : PUMORI_ISA_DMA_STREAM;
	side->dtype = tidy_dtype(side->dtype);
	side->space = side->space & 1 ? PUMORI_ISA_MEMORY : PUMORI_ISA_SBUF;
	side->dims = like ? like->dims : 1 + side->dims % 4;
	side->offset = side->offset % 2048 & ~7ull;
	for (i = 0; i < 5; i++) {
		side->count[i] = i >= side->dims ? 0 :
				 like		 ? like->count[i] :
						   1 + side->count[i] % 16;
		side->step[i] = i >= side->dims ? 0 : side->step[i] % 64;
	}
	for (i = 0; i < 2; i++) {
		side->bind[i] = side->bind[i] & 1 ? side->bind[i] % 3 : side->bind[i] & 0x43;
		side->bind_stride[i] = side->bind[i] ? side->bind_stride[i] % 512 * 8 : 0;
	}
	if (side->space == PUMORI_ISA_MEMORY) {
		side->partition_start = side->partition_count = side->partition_step = 0;
		side->variable = variable;
	} else {
		/* As many elements as the other side, which has no partitions. */
		side->partition_start %= 128;
		side->partition_count = 1;
		side->partition_step = 1;
		side->variable = 0;
	}
}

/* Types that go with each other, into PSUM. */
static void tidy_product(struct pumori_isa_compute *compute, u16 opcode)
{
	static const u8 types[] = { PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_FP16, PUMORI_ISA_FP8E4M3,
				    PUMORI_ISA_INT8, PUMORI_ISA_UINT8 };
	bool integers;

	compute->in[0].dtype = types[compute->in[0].dtype % sizeof(types)];
	integers = compute->in[0].dtype >= PUMORI_ISA_INT8;
	compute->op0 = compute->op1 = compute->axes = 0;
	if (opcode == PUMORI_ISA_LOAD_STATIONARY)
		return;
	compute->out.space = PUMORI_ISA_PSUM;
	compute->out.dtype = integers ? PUMORI_ISA_INT32 : PUMORI_ISA_FP32;
	compute->compute = compute->out.dtype;
	if (!integers) {
		memset(&compute->in[1], 0, 2 * sizeof(compute->in[1]));
		memset(compute->imm, 0, sizeof(compute->imm));
	}
}

/*
 * Brings the fields of an instruction near to what is legal; what is still wrong becomes a NOP
 * later.
 */
static void tidy(struct pumori_isa_instruction *instruction, u32 stream)
{
	static const u8 by_stream[6][12] = {
		{ 16, 17, 17, 16, 17, 3, 4, 1, 6, 5, 17, 16 }, { 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 44, 59 },
		{ 33, 35, 48, 48, 48, 3, 4, 6, 7, 8, 44, 35 }, { 56, 57, 58, 35, 32, 38, 36, 3, 4, 8, 59, 44 },
		{ 3, 4, 5, 6, 7, 8, 9, 1, 7, 5, 8, 7 }, { 64, 64, 65, 66, 3, 4, 6, 7, 8, 64, 64, 64 },
	};
	struct pumori_isa_compute *compute = &instruction->compute;
	struct pumori_isa_dma *dma = &instruction->dma;
	u32 i;

	instruction->opcode = by_stream[SILICON_MIN(stream, 5u)][instruction->opcode % 12];
	instruction->reserved = 0;
	instruction->signal_core = 0;
	instruction->flags &= PUMORI_ISA_FLAGS;
	for (i = 0; i < 2; i++) {
		if (!(instruction->flags & 1u << i))
			memset(&instruction->wait[i], 0, sizeof(instruction->wait[i]));
		instruction->wait[i].reserved = 0;
		instruction->wait[i].bind = 0;
		instruction->wait[i].step = 0;
		instruction->wait[i].value %= 4;
		instruction->wait[i].semaphore %= 4;
	}
	if (!(instruction->flags & PUMORI_ISA_SIGNAL))
		instruction->signal_increment = instruction->signal_semaphore = 0;
	if (instruction->opcode >= PUMORI_ISA_DMA_COPY) {
		tidy_side(&dma->destination, NULL, 1);
		tidy_side(&dma->source, &dma->destination, 0);
		if (dma->destination.flags)
			dma->source.dtype = dma->destination.dtype;
		if (instruction->opcode == PUMORI_ISA_DMA_COPY)
			memset(&dma->index, 0, sizeof(dma->index));
		else
			tidy_operand(&dma->index, NULL);
		memset(instruction->bytes + sizeof(*dma), 0,
		       sizeof(instruction->bytes) - sizeof(*dma));
		return;
	}
	if (instruction->opcode < PUMORI_ISA_LOAD_STATIONARY)
		return;
	compute->reserved = 0;
	compute->reserved2 = 0;
	compute->compute = compute->compute & 1 ? PUMORI_ISA_FP32 : PUMORI_ISA_INT32;
	tidy_operand(&compute->out, NULL);
	for (i = 0; i < 3; i++) {
		if (compute->in[i].space)
			tidy_operand(&compute->in[i], &compute->out);
		else
			memset(&compute->in[i], 0, sizeof(compute->in[i]));
	}
	if (instruction->opcode == PUMORI_ISA_LOAD_STATIONARY)
		memset(&compute->out, 0, sizeof(compute->out));
	if (compute->accumulator_space)
		compute->accumulator_space = PUMORI_ISA_SBUF;
	compute->accumulator_offset =
		compute->accumulator_space ? compute->accumulator_offset % 512 & ~3u : 0;
	if (instruction->opcode == PUMORI_ISA_COPY)
		compute->op0 = compute->op1 = compute->axes = 0;
	if (instruction->opcode == PUMORI_ISA_MULTIPLY_MOVING || instruction->opcode == PUMORI_ISA_LOAD_STATIONARY)
		tidy_product(compute, instruction->opcode);
	if (instruction->opcode == PUMORI_ISA_QUANTIZE) {
		compute->compute = PUMORI_ISA_FP32;
		compute->out.dtype = compute->op1 & 1 ? PUMORI_ISA_INT8 : PUMORI_ISA_UINT8;
		compute->op0 = compute->op0 & 1 ? PUMORI_ISA_ALU_DIVIDE : PUMORI_ISA_ALU_MULTIPLY;
		compute->op1 = compute->axes = 0;
		compute->in[1].dtype = compute->in[1].space ? PUMORI_ISA_FP32 : 0;
		compute->in[2].dtype = compute->in[2].space ? PUMORI_ISA_INT32 : 0;
		compute->imm[1] %= 128;
		compute->imm[2] %= 64;
		compute->imm[3] = 64 + compute->imm[3] % 64;
	}
}

static void add_input(struct program *program, const uint8_t *data, bool tidied)
{
	struct pumori_isa_instruction *instruction = program_add(program, 0);

	memcpy(instruction, data, sizeof(*instruction));
	if (tidied)
		tidy(instruction, program->stream[program->header.streams - 1].stream);
}

/* A sound frame around the instructions of the input. */
static void *repair(const uint8_t *data, size_t size, size_t *bytes)
{
	static struct program program;
	u32 count, streams, i, j, each;

	size -= SILICON_MIN(size, (size_t)CONTROL_BYTES);
	count = (u32)(size / PUMORI_ISA_INSTRUCTION_BYTES);
	if (!count || count > 64)
		return NULL;
	streams = 1 + data[1] % MAX_STREAMS;
	program_begin(&program, 64 + data[2] * 64u, data[3] * 16u);
	program_entry(&program, 2, 2, 0);
	each = (count + streams - 1) / streams;
	for (i = 0; i < streams; i++) {
		/* Distinct ids: one of each kind, as the input chooses. */
		program_stream(&program,
			       i ? (data[4 + i] % 5 + i * 5) % PUMORI_ISA_STREAMS : data[4] % 5);
		for (j = i * each; j < SILICON_MIN(count, (i + 1) * each); j++)
			add_input(&program, data + CONTROL_BYTES + j * PUMORI_ISA_INSTRUCTION_BYTES,
				  data[0] & 2);
		add_end(&program);
	}
	return program_write(&program, bytes);
}

/*
 * Replaces what the decoder refuses until it refuses nothing; false when it is not about
 * instructions.
 */
static bool mend(u8 *image, size_t bytes)
{
	const struct pumori_isa_program *header = (const void *)image;
	struct pumori_isa_instruction *instructions = (void *)(image + header->instructions_offset);
	u64 detail, last = ~0ull;
	u32 i, j;

	for (i = 0; i < 2 * header->instructions && silicon_program_refusal(image, bytes, &detail);
	     i++) {
		if (detail >= header->instructions)
			return false;
		/* An END that comes too early for its loops: nothing of the stream is left then. */
		if (instructions[detail].opcode == PUMORI_ISA_END || detail == last)
			for (j = 0; j < detail; j++)
				if (instructions[j].opcode == PUMORI_ISA_LOOP_BEGIN ||
				    instructions[j].opcode == PUMORI_ISA_LOOP_END)
					instructions[j].opcode = PUMORI_ISA_NOP,
					memset(&instructions[j].control, 0,
					       sizeof(instructions[j].control));
		if (instructions[detail].opcode != PUMORI_ISA_END) {
			memset(&instructions[detail], 0, sizeof(instructions[detail]));
			instructions[detail].opcode = PUMORI_ISA_NOP;
		}
		last = detail;
	}
	return !silicon_program_refusal(image, bytes, &detail);
}

/* Runs the job to its end, or kills it; true when it ended by itself. */
static bool finish(const struct rig_queue *queue, u32 budget, struct pumori_hw_record *record)
{
	struct pumori_hw_control kill = { .opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
					  .target = queue->descriptor->id,
					  .argument = PUMORI_HW_JOB_KILLED };
	u32 i;

	for (i = 0; i < MAX_SLICES && !queue->completion->sequence; i++)
		rig_step(rig, budget ? budget :
				       1 + (rig->random = rig->random * 1664525 + 1013904223) % 97);
	if (!queue->completion->sequence)
		CHECK(rig_command(rig, 0, kill, NULL) == PUMORI_HW_FAULT_NONE);
	*record = queue->completion->record[1];
	CHECK(queue->completion->sequence == 1 && record->sequence == 1);
	return record->status != PUMORI_HW_JOB_KILLED;
}

static bool run(const void *image, size_t bytes, u32 budget, struct pumori_hw_record *record)
{
	struct rig_queue *queue;
	struct pumori_hw_job *job;
	u32 status;

	reset();
	status = rig_load(rig, 0, 0, image, bytes, NULL);
	if (status) {
		CHECK(status == PUMORI_HW_FAULT_ILLEGAL);
		return false;
	}
	queue = rig_queue_create(rig, 0, 0, 1000);
	CHECK(rig_runlist(rig, 1) == PUMORI_HW_FAULT_NONE);
	job = rig_next_job(queue);
	rig_variable(job, 0, VA_IN, BYTES, false);
	rig_variable(job, 1, VA_OUT, BYTES, true);
	job->scalars = 2;
	job->scalar[0] = 3;
	job->scalar[1] = (u32)-1;
	rig_next_command(queue)->budget_units = MAX_UNITS;
	rig_submit(rig, queue, 0, 0);
	return finish(queue, budget, record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u8 first[BYTES];
	struct pumori_hw_record a, b;
	u8 *image;
	size_t bytes;

	if (!rig)
		power_on();
	if (size < CONTROL_BYTES)
		return 0;
	if (data[0] & 1) {
		image = repair(data, size, &bytes);
		if (!image)
			return 0;
		if (!mend(image, bytes))
			goto out;
	} else {
		bytes = size - CONTROL_BYTES;
		if (bytes > 256 * 1024)
			return 0;
		/* Exactly as long as it says, so that a sanitizer sees every step beyond. */
		image = malloc(bytes + !bytes);
		CHECK(image);
		memcpy(image, data + CONTROL_BYTES, bytes);
	}
	if (run(image, bytes, 1u << 12, &a)) {
		memcpy(first, memory_out, BYTES);
		if (run(image, bytes, 0, &b)) {
			CHECK(a.status == b.status && a.fault == b.fault && a.pc == b.pc &&
			      a.stream == b.stream && a.address == b.address &&
			      a.cycles == b.cycles && a.nan_count == b.nan_count);
			CHECK(!memcmp(first, memory_out, BYTES));
		}
	}
out:
	free(image);
	return 0;
}
