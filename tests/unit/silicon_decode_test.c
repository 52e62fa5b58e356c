// SPDX-License-Identifier: MIT
/* Every refusal of the decoder, by name and place; and that a sound program is not refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../drivers/accel/pumori/silicon/decode.h"
#include "chip_rig.h"

#define SBUF 4096u
#define PSUM 1024u

static const char *const names[] = {
#define ROW(name, text) text,
	SILICON_REFUSALS(ROW)
#undef ROW
};

/* Which refusals a test has met: in the end all of them. */
static bool met[SILICON_REFUSALS_COUNT];
static struct program good;

/* What the instructions of the good program are. */
enum place {
	LOOP,
	DMA_IN,
	LOAD,
	SET,
	BRANCH,
	LOOP_END,
	GATHER,
	DMA_END,
	ALU,
	SCALAR,
	COPY,
	ACTIVATE,
	REGISTER_LOOP,
	REGISTER_LOOP_END,
	NOP,
	VECTOR_END,
	STATIONARY,
	MOVING,
	TENSOR_END,
	PLACES,
};

static void build(void)
{
	struct program *program = &good;
	struct pumori_isa_instruction *instruction;

	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 3, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0 + 15);
	add_loop(program, 0, 4);
	instruction = add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 8, 0, 128),
			      memory_side(PUMORI_ISA_FP32, 1, 64, 1024));
	instruction->dma.destination.bind[0] = PUMORI_ISA_BIND_LOOP(0);
	instruction->dma.destination.bind_stride[0] = 1024;
	with_signal(with_wait(instruction, 0, 9, 0), 3, 1);
	instruction->wait[0].bind = PUMORI_ISA_BIND_LOOP(0);
	instruction->wait[0].step = 1;
	instruction = program_add(program, PUMORI_ISA_REGISTER_LOAD);
	instruction->control.operand = sbuf_row(PUMORI_ISA_INT32, 0, 1, 0, 1);
	add_set(program, 1, -5);
	add_branch(program, PUMORI_ISA_COMPARE_LESS, 1, 3, LOOP_END);
	add_loop_end(program, 0);
	instruction = program_add(program, PUMORI_ISA_DMA_GATHER);
	instruction->dma.destination = sbuf_side(PUMORI_ISA_BF16, 0, 4, 0, 16);
	instruction->dma.source = memory_side(PUMORI_ISA_FP32, 0, 0, 100);
	instruction->dma.source.dims = 2;
	instruction->dma.source.step[0] = 16;
	instruction->dma.source.count[1] = 16;
	instruction->dma.source.step[1] = 1;
	instruction->dma.index = sbuf_row(PUMORI_ISA_INT32, 0, 1, 0, 4);
	add_end(program);

	program_stream(program, PUMORI_ISA_VECTOR);
	add_alu(program, PUMORI_ISA_ALU_ADD, 3, 3, 1);
	instruction = program_add(program, PUMORI_ISA_REGISTER_SCALAR);
	instruction->control.destination = 4;
	instruction->control.immediate = 2;
	instruction = add_copy(program, sbuf_row(PUMORI_ISA_FP32, 0, 128, 512, 128),
			       psum_row(PUMORI_ISA_FP32, 0, 128, 0, 128));
	with_signal(instruction, 9, 4);
	/* A second kind of copy, whose input a register moves. */
	instruction = add_copy(program, sbuf_row(PUMORI_ISA_FP32, 0, 128, 512, 128),
			       sbuf_row(PUMORI_ISA_FP32, 0, 128, 0, 128));
	instruction->compute.in[0].bind[1] = PUMORI_ISA_BIND_REGISTER(4);
	instruction->compute.in[0].bind_stride[1] = 4;
	instruction = add_loop(program, 0, 9);
	instruction->control.use_register = 1;
	instruction->control.source = 3;
	add_loop_end(program, 0);
	program_add(program, PUMORI_ISA_NOP);
	add_end(program);

	program_stream(program, PUMORI_ISA_TENSOR);
	instruction = program_add(program, PUMORI_ISA_LOAD_STATIONARY);
	instruction->compute.in[0] = sbuf_row(PUMORI_ISA_FP32, 0, 64, 0, 32);
	instruction = program_add(program, PUMORI_ISA_MULTIPLY_MOVING);
	instruction->compute.in[0] = sbuf_row(PUMORI_ISA_FP32, 0, 64, 0, 256);
	instruction->compute.out = psum_row(PUMORI_ISA_FP32, 0, 32, 0, 256);
	add_end(program);
}

/* Makes a sound QUANTIZE of a copy. */
static void quantize(struct pumori_isa_instruction *instruction)
{
	instruction->opcode = PUMORI_ISA_QUANTIZE;
	instruction->compute.out.dtype = PUMORI_ISA_INT8;
	instruction->compute.compute = PUMORI_ISA_FP32;
	instruction->compute.op0 = PUMORI_ISA_ALU_MULTIPLY;
	instruction->compute.imm[2] = (u32)-128;
	instruction->compute.imm[3] = 99;
}

static struct program *fresh(struct program *program)
{
	*program = good;
	return program;
}

/*
 * The same answer from the checker and from LOAD_PROGRAM; @place is the offending instruction or
 * -1.
 */
static void expect(const struct program *program, enum silicon_refusal refusal, int place)
{
	struct rig *rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_GENERIC));
	u64 detail = 0, loaded = 0;
	const char *name;
	size_t bytes;
	void *image;
	u32 status;

	assert_non_null(rig);
	image = program_write(program, &bytes);
	name = silicon_program_refusal(image, bytes, &detail);
	met[refusal] = true;
	status = rig_load(rig, 0, 0, image, bytes, &loaded);
	free(image);
	rig_destroy(rig);
	if (!refusal) {
		if (name)
			fail_msg("a sound program is refused: %s at %llu", name,
				 (unsigned long long)detail);
		assert_int_equal(status, PUMORI_HW_FAULT_NONE);
		return;
	}
	if (!name)
		fail_msg("accepted, though: %s", names[refusal]);
	assert_string_equal(name, names[refusal]);
	assert_int_equal(detail, (u64)place);
	assert_int_equal(status, PUMORI_HW_FAULT_ILLEGAL);
	assert_int_equal(loaded, detail);
}

static void sound_program(void **state)
{
	(void)state;
	assert_int_equal(good.header.instructions, PLACES);
	expect(&good, SILICON_REFUSED_NONE, 0);
	/* The longest stream that ends with a branch instead. */
	fresh(&good);
}

#define CHANGE(refusal, place, ...) do { \
	struct program *p = fresh(test_malloc(sizeof(*p))); \
	struct pumori_isa_instruction *i = &p->instruction[(place) < 0 ? 0 : (place)]; \
	(void)i; \
	__VA_ARGS__; \
	expect(p, SILICON_REFUSED_##refusal, place); \
	test_free(p); \
} while (0)

static void headers(void **state)
{
	u64 detail;

	(void)state;
	CHANGE(MAGIC, -1, p->header.magic++);
	CHANGE(VERSION, -1, p->header.version_major++);
	CHANGE(VERSION, -1, p->header.version_minor = PUMORI_ISA_VERSION_MINOR + 1);
	CHANGE(FEATURES, -1, p->header.features = 1ull << 62);
	CHANGE(FEATURES, -1, p->header.features = 1ull << 63);
	CHANGE(FOOTPRINT, -1, p->header.sbuf_bytes = PUMORI_ISA_SBUF_BYTES + 1);
	CHANGE(FOOTPRINT, -1, p->header.psum_bytes = PUMORI_ISA_PSUM_BYTES + 1);
	CHANGE(RESERVED, -1, p->header.reserved[5] = 1);
	CHANGE(TABLES, -1, p->entry[0].first_stream = 1);
	CHANGE(TABLES, -1, p->entry[0].stream_count = 0);
	CHANGE(TABLES, -1, p->entry[0].stream_count = 22);
	CHANGE(TABLES, -1, p->stream[0].first = 1);
	CHANGE(TABLES, -1, p->stream[2].count = 0);
	CHANGE(TABLES, -1, p->stream[2].count = 100);
	CHANGE(ENTRY, -1, p->entry[0].variables = PUMORI_ISA_VARIABLES + 1);
	CHANGE(ENTRY, -1, p->entry[0].scalars = PUMORI_ISA_SCALARS + 1);
	CHANGE(ENTRY, -1, p->entry[0].flags = 0x80);
	CHANGE(RESERVED, -1, p->entry[0].reserved[0] = 1);
	CHANGE(RESERVED, -1, p->stream[0].reserved = 1);
	CHANGE(STREAM, -1, p->stream[1].stream = PUMORI_ISA_STREAMS);
	CHANGE(STREAM, -1, p->stream[1].stream = PUMORI_ISA_DMA0 + 15);
	/* An image that ends too early; one that is nowhere is the front end's test. */
	assert_string_equal(silicon_program_refusal("", 0, &detail), names[SILICON_REFUSED_IMAGE]);
	assert_int_equal(silicon_program_check("", 0, &detail), PUMORI_HW_FAULT_ILLEGAL);
	met[SILICON_REFUSED_IMAGE] = true;
	met[SILICON_REFUSED_UNREADABLE] = true;
}

static void truncated_images(void **state)
{
	size_t bytes, length;
	u8 *image = program_write(&good, &bytes), *exact;
	u64 detail;

	(void)state;
	for (length = 0; length < bytes; length += 13) {
		/* A copy of just this size, so that a sanitizer sees every step beyond. */
		exact = malloc(length + !length);
		memcpy(exact, image, length);
		assert_non_null(silicon_program_refusal(exact, length, &detail));
		free(exact);
	}
	assert_null(silicon_program_refusal(image, bytes, &detail));
	free(image);
}

static void frames(void **state)
{
	(void)state;
	CHANGE(OPCODE, NOP, i->opcode = 0);
	CHANGE(OPCODE, NOP, i->opcode = 127);
	CHANGE(OPCODE, NOP, i->opcode = 0xffff);
	CHANGE(ENGINE, NOP, i->opcode = PUMORI_ISA_DMA_COPY);
	CHANGE(ENGINE, NOP, i->opcode = PUMORI_ISA_MULTIPLY_MOVING);
	CHANGE(FLAGS, NOP, i->flags = 0x10);
	CHANGE(RESERVED, NOP, i->reserved = 1);
	CHANGE(RESERVED, NOP, i->bytes[223] = 1);
	CHANGE(RESERVED, NOP, i->signal_semaphore = 1);
	CHANGE(RESERVED, NOP, i->wait[1].value = 1);
	CHANGE(RESERVED, DMA_IN, i->wait[0].reserved = 1);
	CHANGE(WAIT, DMA_IN, i->wait[0].value = 0xffffffffu);
	CHANGE(WAIT, DMA_IN, i->wait[0].step = 0x60000000);
	CHANGE(WAIT, DMA_IN, i->wait[0].bind = PUMORI_ISA_BIND_LOOP(1));
	CHANGE(WAIT, DMA_IN, i->wait[0].bind = PUMORI_ISA_BIND_REGISTER(0));
	CHANGE(WAIT, DMA_IN, i->wait[0].bind = 0);
	CHANGE(SIGNAL, DMA_IN, i->signal_increment = 0);
	CHANGE(SIGNAL, DMA_IN, i->signal_core = 1);
	CHANGE(SIGNAL, COPY, i->signal_semaphore = 3);
	CHANGE(FALL_THROUGH, VECTOR_END, i->opcode = PUMORI_ISA_NOP);
	CHANGE(FALL_THROUGH, VECTOR_END, i->opcode = PUMORI_ISA_BRANCH,
	       i->control.compare = PUMORI_ISA_COMPARE_EQUAL);
}

static void control(void **state)
{
	(void)state;
	CHANGE(LOOP, LOOP, i->control.level = 1);
	CHANGE(LOOP, LOOP_END, i->control.level = 1);
	CHANGE(LOOP, REGISTER_LOOP_END, memset(i, 0, sizeof(*i)), i->opcode = PUMORI_ISA_LOOP_END,
	       i->control.level = 0, p->instruction[REGISTER_LOOP].opcode = PUMORI_ISA_NOP,
	       memset(&p->instruction[REGISTER_LOOP].control, 0, sizeof(p->instruction[0].control)));
	CHANGE(LOOP, VECTOR_END, p->instruction[REGISTER_LOOP_END].opcode = PUMORI_ISA_NOP);
	CHANGE(BRANCH, BRANCH, i->control.target = 100);
	/* Known only when the stream is decoded: so only the chip says it. */
	CHANGE(RESERVED, BRANCH, i->control.source2 = 1);
	CHANGE(RESERVED, BRANCH, i->control.compare = PUMORI_ISA_COMPARE_ALWAYS);
	CHANGE(REGISTER, BRANCH, i->control.compare = 5);
	CHANGE(REGISTER, BRANCH, i->control.source = 64);
	CHANGE(REGISTER, SET, i->control.destination = 64);
	CHANGE(REGISTER, ALU, i->control.operation = 63);
	CHANGE(REGISTER, ALU, i->control.operation = PUMORI_ISA_ALU_POWER);
	CHANGE(REGISTER, SCALAR, i->control.immediate = 3);
	CHANGE(REGISTER, SCALAR, i->control.immediate = -1);
	CHANGE(REGISTER, REGISTER_LOOP, i->control.use_register = 2);
	CHANGE(RESERVED, SET, i->control.count = 1);
	CHANGE(RESERVED, NOP, i->control.level = 1);
	CHANGE(SPACE, LOAD, i->control.operand.space = PUMORI_ISA_PSUM);
	CHANGE(DTYPE, LOAD, i->control.operand.dtype = PUMORI_ISA_FP32);
}

static void branch_into_another_body(void **state)
{
	struct rig *rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_GENERIC));
	struct program *program = fresh(test_malloc(sizeof(*program)));
	size_t bytes;
	u64 detail;
	void *image;

	(void)state;
	program->instruction[BRANCH].control.target = GATHER;
	image = program_write(program, &bytes);
	assert_int_equal(rig_load(rig, 0, 0, image, bytes, &detail), PUMORI_HW_FAULT_ILLEGAL);
	assert_int_equal(detail, BRANCH);
	free(image);
	test_free(program);
	rig_destroy(rig);
}

static void operands(void **state)
{
	(void)state;
	CHANGE(SPACE, COPY, i->compute.out.space = PUMORI_ISA_MEMORY);
	CHANGE(SPACE, COPY, i->compute.out.space = 9);
	CHANGE(SPACE, MOVING, i->compute.out.space = PUMORI_ISA_SBUF);
	CHANGE(SPACE, MOVING, i->compute.in[0].space = PUMORI_ISA_PSUM);
	CHANGE(SPACE, COPY, i->compute.accumulator_space = PUMORI_ISA_SBUF);
	CHANGE(DTYPE, COPY, i->compute.out.dtype = 0);
	CHANGE(DTYPE, COPY, i->compute.out.dtype = 200);
	CHANGE(DTYPE, COPY, i->compute.compute = PUMORI_ISA_INT64);
	CHANGE(RESERVED, COPY, i->compute.out.reserved = 1);
	CHANGE(RESERVED, COPY, i->compute.in[2].offset = 4);
	CHANGE(RESERVED, COPY, i->compute.modifiers = 0x8000);
	CHANGE(UNSUPPORTED, COPY, i->compute.out.count[0] = 127);
	CHANGE(UNSUPPORTED, COPY, i->opcode = PUMORI_ISA_TENSOR_SCALAR, i->compute.op0 = 63);
	CHANGE(UNSUPPORTED, MOVING, i->compute.imm[1] = 128);
	CHANGE(UNSUPPORTED, MOVING, i->compute.in[0].dtype = PUMORI_ISA_INT8);
	CHANGE(UNSUPPORTED, MOVING, i->compute.in[1] = sbuf_row(PUMORI_ISA_FP32, 0, 32, 0, 1));
	CHANGE(UNSUPPORTED, COPY, i->opcode = PUMORI_ISA_QUANTIZE);
	CHANGE(UNSUPPORTED, COPY, quantize(i), i->compute.imm[1] = 128);
	CHANGE(UNSUPPORTED, COPY, quantize(i), i->compute.imm[3] = 128);
	CHANGE(UNSUPPORTED, COPY, quantize(i), i->compute.imm[2] = 100);
	CHANGE(UNSUPPORTED, COPY, quantize(i), i->compute.op0 = PUMORI_ISA_ALU_ADD);
	CHANGE(UNSUPPORTED, COPY, quantize(i), i->compute.out.dtype = PUMORI_ISA_BF16);
	CHANGE(UNSUPPORTED, COPY, quantize(i), i->compute.in[1] = sbuf_row(PUMORI_ISA_FP32, 0, 128, 0, 2));
	CHANGE(RESERVED, COPY, i->compute.op0 = PUMORI_ISA_ALU_ADD);
	CHANGE(RESERVED, COPY, i->compute.op1 = PUMORI_ISA_ALU_ADD);
	CHANGE(RESERVED, COPY, i->compute.axes = 1);
	CHANGE(RESERVED, COPY, i->compute.imm[3] = 1);
	CHANGE(PARTITIONS, COPY, i->compute.out.partition_count = 0);
	CHANGE(PARTITIONS, COPY, i->compute.out.partition_count = 129);
	CHANGE(PARTITIONS, COPY, i->compute.out.partition_start = 1);
	CHANGE(PARTITIONS, COPY, i->compute.out.partition_step = 0);
	CHANGE(PARTITIONS, COPY, i->compute.in[0].partition_step = 2);
	CHANGE(SHAPE, COPY, i->compute.in[0].dims = 0);
	CHANGE(SHAPE, COPY, i->compute.in[0].dims = 5);
	CHANGE(SHAPE, COPY, i->compute.in[0].dims = 2);
	CHANGE(SHAPE, COPY, i->compute.in[0].count[1] = 2);
	CHANGE(SHAPE, COPY, i->compute.in[0].step[3] = 2);
	CHANGE(SHAPE, COPY, i->compute.in[0].dims = 2, i->compute.in[0].count[0] = 65535,
	       i->compute.in[0].count[1] = 65535, i->compute.in[0].step[0] = 0);
	CHANGE(ALIGNMENT, COPY, i->compute.in[0].offset = 2);
	CHANGE(ALIGNMENT, ACTIVATE, i->compute.in[0].bind_stride[1] = 6);
	CHANGE(BINDING, COPY, i->compute.in[0].bind_stride[1] = 4);
	CHANGE(BINDING, COPY, i->compute.in[0].bind[0] = PUMORI_ISA_BIND_LOOP(0));
	CHANGE(BINDING, ACTIVATE, i->compute.in[0].bind[0] = 0x80);
	CHANGE(BOUNDS, COPY, i->compute.in[0].offset = PSUM - 508);
	CHANGE(BOUNDS, COPY, i->compute.in[0].offset = 0xfffffffcu);
	CHANGE(BOUNDS, COPY, i->compute.out.offset = SBUF - 508);
	CHANGE(BOUNDS, COPY, i->compute.out.step[0] = 8);
	CHANGE(BOUNDS, COPY, i->compute.out.step[0] = -2);
	CHANGE(BOUNDS, COPY, i->compute.out.step[0] = 0x7fffffff);
	CHANGE(BOUNDS, ACTIVATE, i->compute.in[0].step[0] = 9);
	CHANGE(OVERLAP, COPY, i->compute.out.step[0] = 0);
	CHANGE(OVERLAP, COPY, i->compute.out.dims = 2, i->compute.out.count[0] = 64,
	       i->compute.out.count[1] = 2, i->compute.out.step[0] = 1, i->compute.out.step[1] = 1);
	/* A loop that carries the pattern out in its last iteration only. */
	CHANGE(BOUNDS, DMA_IN, i->dma.destination.bind_stride[0] = 1216);
	CHANGE(BOUNDS, DMA_IN, i->dma.destination.bind_stride[0] = -4);
	CHANGE(BOUNDS, DMA_IN, p->instruction[LOOP].control.count = 5);
	CHANGE(BOUNDS, DMA_IN, p->instruction[LOOP].control.count = 0xffffffffu,
	       i->dma.destination.bind_stride[0] = 0x7ffffffffffffffcll);
}

static void dma(void **state)
{
	(void)state;
	CHANGE(SPACE, DMA_IN, i->dma.destination.space = PUMORI_ISA_PSUM);
	CHANGE(SPACE, DMA_IN, i->dma.index = sbuf_row(PUMORI_ISA_INT32, 0, 1, 0, 4));
	CHANGE(SPACE, GATHER, memset(&i->dma.index, 0, sizeof(i->dma.index)));
	CHANGE(DTYPE, GATHER, i->dma.index.dtype = PUMORI_ISA_FP32);
	CHANGE(PARTITIONS, GATHER, i->dma.index.partition_count = 2);
	CHANGE(PARTITIONS, DMA_IN, i->dma.source.partition_count = 1);
	CHANGE(VARIABLE, DMA_IN, i->dma.source.variable = 2);
	CHANGE(VARIABLE, DMA_IN, i->dma.source.variable = 0xffff);
	CHANGE(RESERVED, DMA_IN, i->dma.destination.variable = 1);
	CHANGE(RESERVED, DMA_IN, i->dma.destination.flags = 2);
	CHANGE(RESERVED, DMA_IN, i->dma.source.flags = PUMORI_ISA_DMA_STREAM);
	CHANGE(DTYPE, DMA_IN, i->dma.destination.flags = PUMORI_ISA_DMA_STREAM, i->dma.source.dtype = PUMORI_ISA_INT32);
	CHANGE(SPACE, GATHER, i->dma.destination.flags = PUMORI_ISA_DMA_STREAM);
	CHANGE(RESERVED, DMA_IN, i->dma.source.reserved = 1);
	CHANGE(DMA_SHAPE, DMA_IN, i->dma.source.count[0] = 1023);
	CHANGE(DMA_SHAPE, GATHER, i->dma.index.count[0] = 3);
	CHANGE(ALIGNMENT, DMA_IN, i->dma.source.offset = 65);
	CHANGE(BOUNDS, DMA_IN, i->dma.source.offset = 1ull << 63);
	CHANGE(OVERLAP, GATHER, i->dma.destination.step[0] = 0);
	CHANGE(SHAPE, DMA_IN, i->dma.source.dims = 3, i->dma.source.count[0] = 0xffffffffu,
	       i->dma.source.count[1] = 0xffffffffu, i->dma.source.count[2] = 0xffffffffu);
}

static void every_refusal_was_met(void **state)
{
	u32 refusal;

	(void)state;
	for (refusal = 0; refusal < SILICON_REFUSALS_COUNT; refusal++)
		if (!met[refusal])
			fail_msg("no test for: %s", names[refusal]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_program),
		cmocka_unit_test(headers),
		cmocka_unit_test(truncated_images),
		cmocka_unit_test(frames),
		cmocka_unit_test(control),
		cmocka_unit_test(branch_into_another_body),
		cmocka_unit_test(operands),
		cmocka_unit_test(dma),
		cmocka_unit_test(every_refusal_was_met),
	};

	build();
	return cmocka_run_group_tests_name("silicon_decode", tests, NULL, NULL);
}
