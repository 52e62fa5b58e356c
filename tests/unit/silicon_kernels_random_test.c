// SPDX-License-Identifier: MIT
/*
 * Random instructions of every opcode, run by every kernel set and by the oracle: the whole memory must agree, and
 * neither bytes, units nor faults may depend on where a task stops.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "kernels_rig.h"

#define SBUF_STRIDE	(16 * 1024 + 64)
#define PSUM_STRIDE	(4 * 1024 + 64)
#define REGION		(4 * 1024)	/* of a partition, for each operand */
#define MAX_CASES	400
/* Sanitizers look at the same code paths ten times as long: a part of the cases is enough for them. */
#ifdef __SANITIZE_ADDRESS__
#define CASES(count)	((count) / 8)
#else
#define CASES(count)	(count)
#endif

struct opcode_test {
	const char *name;
	uint16_t opcode;
	unsigned int cases;
	char title[4][64];
	uint64_t units[MAX_CASES];	/* of the first set that ran */
};

static const struct {
	const char *name;
	uint32_t choice;
} sets[] = {
	{ "generic", SILICON_KERNELS_GENERIC },
	{ "avx2", SILICON_KERNELS_AVX2 },
	{ "avx512", SILICON_KERNELS_AVX512 },
};

static const uint8_t dtypes[] = {
	PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_INT8, PUMORI_ISA_UINT8,
	PUMORI_ISA_INT16, PUMORI_ISA_UINT16, PUMORI_ISA_INT32, PUMORI_ISA_UINT32, PUMORI_ISA_INT64,
	PUMORI_ISA_UINT64, PUMORI_ISA_BOOL, PUMORI_ISA_FP16, PUMORI_ISA_FP8E4M3, PUMORI_ISA_FP8E5M2,
};
static const uint8_t alu[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 24, 25, 26, 32, 33, 34, 35, 36, 37 };
static const uint8_t reductions[] = { 1, 3, 5, 6, 24, 25, 32, 33, 34 };

#define PICK(rig, array)	(array)[rig_random(rig, sizeof(array) / sizeof((array)[0]))]

static uint8_t pick_dtype(struct rig *rig)
{
	return PICK(rig, dtypes);
}

/* An operand in region @k with the shape @counts, or as the output's when it is NULL. */
static bool operand(struct rig *rig, struct pumori_isa_compute *c, struct pumori_isa_operand *o, unsigned int k,
		    uint8_t dtype, const uint16_t *counts)
{
	uint8_t partitions = c->out.partition_count;

	rig_pattern(rig, o, dtype, 0, 0, counts, false);
	o->partition_count = partitions;
	o->partition_start = (uint8_t)rig_random(rig, PUMORI_ISA_PARTITIONS + 1 - partitions);
	if (rig_random(rig, 8) == 0)
		o->partition_step = 0;
	return rig_place(rig, o, k * REGION, REGION);
}

static bool column(struct rig *rig, struct pumori_isa_compute *c, unsigned int input)
{
	static const uint16_t one[] = { 1, 0 };

	if (rig_random(rig, 2))
		return true;
	return operand(rig, c, &c->in[input], 1 + input, rig_random(rig, 2) ? PUMORI_ISA_FP32 : c->compute, one);
}

static bool seed(struct rig *rig, struct pumori_isa_compute *c, unsigned int input)
{
	static const uint16_t one[] = { 1, 0 };

	return rig_random(rig, 2) || operand(rig, c, &c->in[input], 1 + input, PUMORI_ISA_INT32, one);
}

static void output(struct rig *rig, struct pumori_isa_compute *c, uint8_t dtype, unsigned int dims, unsigned int elements,
		   const uint16_t *counts)
{
	rig_pattern(rig, &c->out, dtype, dims, elements, counts, true);
	c->out.partition_count = (uint8_t)(1 + rig_random(rig, rig_random(rig, 6) ? 5 : 128));
	c->out.partition_start = (uint8_t)rig_random(rig, PUMORI_ISA_PARTITIONS + 1 - c->out.partition_count);
}

static unsigned int pick_elements(struct rig *rig)
{
	static const unsigned int limits[] = { 1, 3, 17, 40, 200, 1000 };

	return PICK(rig, limits);
}

static void copy_counts(uint16_t *to, const struct pumori_isa_operand *o)
{
	memset(to, 0, 5 * sizeof(*to));
	memcpy(to, o->count, o->dims * sizeof(*to));
}

static bool generate_elementwise(struct rig *rig, uint16_t opcode, struct pumori_isa_compute *c)
{
	bool inputs_by_opcode[3] = { true, true, true };
	uint16_t counts[5];

	output(rig, c, pick_dtype(rig), 1 + rig_random(rig, 4), pick_elements(rig), NULL);
	copy_counts(counts, &c->out);
	if (!rig_place(rig, &c->out, 0, REGION))
		return false;
	if (opcode == PUMORI_ISA_MEMSET || opcode == PUMORI_ISA_IOTA)
		return true;
	if (opcode == PUMORI_ISA_RANDOM)
		return seed(rig, c, 0);
	inputs_by_opcode[1] = opcode == PUMORI_ISA_TENSOR_TENSOR || opcode == PUMORI_ISA_SCALAR_TENSOR_TENSOR ||
			      opcode == PUMORI_ISA_SELECT;
	inputs_by_opcode[2] = opcode == PUMORI_ISA_SELECT;
	for (unsigned int i = 0; i < 3; i++)
		if (inputs_by_opcode[i] && !operand(rig, c, &c->in[i], 1 + i, pick_dtype(rig), counts))
			return false;
	if (opcode == PUMORI_ISA_TENSOR_SCALAR || opcode == PUMORI_ISA_ACTIVATE)
		return column(rig, c, 1) && column(rig, c, 2);
	if (opcode == PUMORI_ISA_SCALAR_TENSOR_TENSOR)
		return column(rig, c, 2);
	if (opcode == PUMORI_ISA_COPY) {
		c->imm[0] = 0;
		if (c->out.dtype <= PUMORI_ISA_FP32 || c->out.dtype > PUMORI_ISA_FP8E5M2 || rig_random(rig, 2))
			return true;
		c->modifiers |= PUMORI_ISA_STOCHASTIC;
		c->imm[0] = rig_random(rig, ~0u);
		return seed(rig, c, 1);
	}
	return true;
}

static bool generate_window(struct rig *rig, uint16_t opcode, struct pumori_isa_compute *c)
{
	uint16_t out[3] = { (uint16_t)(1 + rig_random(rig, 6)), (uint16_t)(1 + rig_random(rig, 60)), 0 };
	uint16_t taps[3] = { (uint16_t)(1 + rig_random(rig, 4)), (uint16_t)(1 + rig_random(rig, 4)), 0 };
	uint16_t all[5] = { out[0], out[1], taps[0], taps[1], 0 };
	struct pumori_isa_operand *in = &c->in[0];
	uint8_t dtype = pick_dtype(rig);

	output(rig, c, pick_dtype(rig), 0, 0, out);
	if (!rig_place(rig, &c->out, 0, REGION))
		return false;
	rig_pattern(rig, in, dtype, 0, 0, all, false);
	in->partition_count = c->out.partition_count;
	in->partition_start = (uint8_t)rig_random(rig, PUMORI_ISA_PARTITIONS + 1 - in->partition_count);
	/* As convolutions have it most of the time: overlapping windows of a padded map. */
	if (rig_random(rig, 5)) {
		int32_t stride = 1 + (int32_t)rig_random(rig, 3), dilation = 1 + (int32_t)rig_random(rig, 2);
		int32_t width = out[1] * stride + taps[1] * dilation + (int32_t)rig_random(rig, 3);

		in->step[0] = width * stride;
		in->step[1] = stride;
		in->step[2] = width * dilation;
		in->step[3] = dilation;
	}
	if (!rig_place(rig, in, REGION, REGION))
		return false;
	if (opcode != PUMORI_ISA_WINDOW_MULTIPLY)
		return true;
	return operand(rig, c, &c->in[1], 2, pick_dtype(rig), taps) && column(rig, c, 2);
}

static bool generate_reduce(struct rig *rig, struct pumori_isa_compute *c)
{
	struct pumori_isa_operand *in = &c->in[0];
	uint16_t counts[5] = { 0 };
	unsigned int kept;

	rig_pattern(rig, in, pick_dtype(rig), 1 + rig_random(rig, 4), pick_elements(rig), NULL, false);
	c->axes = (uint8_t)(1 + rig_random(rig, in->dims));
	kept = in->dims - c->axes;
	memcpy(counts, in->count, kept * sizeof(counts[0]));
	if (!kept)
		counts[0] = 1;
	output(rig, c, pick_dtype(rig), 0, 0, counts);
	in->partition_count = c->out.partition_count;
	return rig_place(rig, &c->out, 0, REGION) && rig_place(rig, in, REGION, REGION);
}

/* A parameter of QUANTIZE: absent, one a partition, one an element, or one an element of the free axis. */
static bool parameter(struct rig *rig, struct pumori_isa_compute *c, unsigned int input, uint8_t dtype,
		      const uint16_t *counts)
{
	static const uint16_t one[] = { 1, 0 };

	if (rig_random(rig, 3) == 0)
		return true;
	return operand(rig, c, &c->in[input], 1 + input, dtype, rig_random(rig, 2) ? one : counts);
}

static bool generate_quantize(struct rig *rig, struct pumori_isa_compute *c)
{
	static const uint8_t to[] = { PUMORI_ISA_INT8, PUMORI_ISA_UINT8, PUMORI_ISA_INT16, PUMORI_ISA_UINT16 };
	static const uint8_t from[] = { PUMORI_ISA_INT32, PUMORI_ISA_FP32, PUMORI_ISA_BF16, PUMORI_ISA_INT32 };
	static const float scales[] = { 1, 0.5f, 1.0f / 3, 0.013f, -0.25f, 1e-9f, 1e30f };
	bool divide = rig_random(rig, 3) == 0;
	uint16_t counts[5];
	int32_t low, high;

	output(rig, c, PICK(rig, to), 1 + rig_random(rig, 4), pick_elements(rig), NULL);
	copy_counts(counts, &c->out);
	silicon_dtype_range(c->out.dtype, &low, &high);
	c->compute = PUMORI_ISA_FP32;
	c->op0 = divide ? PUMORI_ISA_ALU_DIVIDE : PUMORI_ISA_ALU_MULTIPLY;
	c->imm[0] = oracle_bits(PICK(rig, scales));
	c->imm[1] = (uint32_t)(low + (int32_t)rig_random(rig, (uint32_t)(high - low) + 1));
	c->imm[2] = (uint32_t)(rig_random(rig, 2) ? low : low + (int32_t)rig_random(rig, 50));
	c->imm[3] = (uint32_t)(rig_random(rig, 2) ? high : high - (int32_t)rig_random(rig, 50));
	return rig_place(rig, &c->out, 0, REGION) &&
	       operand(rig, c, &c->in[0], 1, rig_random(rig, 5) ? PICK(rig, from) : pick_dtype(rig), counts) &&
	       parameter(rig, c, 1, PUMORI_ISA_FP32, counts) && parameter(rig, c, 2, PUMORI_ISA_INT32, counts);
}

static bool generate_transpose(struct rig *rig, struct pumori_isa_compute *c)
{
	struct pumori_isa_operand *in = &c->in[0];
	uint8_t dtype = pick_dtype(rig);
	uint16_t rows, columns;

	rig_pattern(rig, in, dtype, 1 + rig_random(rig, 2), 1 + rig_random(rig, 128), NULL, false);
	columns = in->count[0] * (in->dims > 1 ? in->count[1] : 1);
	if (columns > 128)
		return false;
	rows = (uint16_t)(1 + rig_random(rig, 128));
	in->partition_count = (uint8_t)rows;
	rig_pattern(rig, &c->out, dtype, 0, 0, (uint16_t[]){ rows, 0 }, true);
	c->out.partition_count = (uint8_t)columns;
	return rig_place(rig, in, REGION, REGION) && rig_place(rig, &c->out, 0, REGION);
}

static bool generate_indexed(struct rig *rig, uint16_t opcode, struct pumori_isa_compute *c)
{
	static const uint8_t index_types[] = { PUMORI_ISA_INT8, PUMORI_ISA_INT16, PUMORI_ISA_INT32, PUMORI_ISA_INT64 };
	bool gather = opcode == PUMORI_ISA_GATHER;
	struct pumori_isa_operand *table = gather ? &c->in[0] : &c->out, *dense = gather ? &c->out : &c->in[0];
	uint8_t dtype = pick_dtype(rig);
	uint16_t counts[5], entries = (uint16_t)(100 + rig_random(rig, 40));

	rig_pattern(rig, dense, dtype, 1 + rig_random(rig, 4), pick_elements(rig), NULL, gather);
	copy_counts(counts, dense);
	rig_pattern(rig, table, dtype, 0, 0, (uint16_t[]){ entries, 0 }, !gather);
	rig_pattern(rig, &c->in[1], PICK(rig, index_types), 0, 0, counts, false);
	c->out.partition_count = (uint8_t)(1 + rig_random(rig, 5));
	c->in[0].partition_count = c->in[1].partition_count = c->out.partition_count;
	if (!gather && rig_random(rig, 2)) {
		c->modifiers |= PUMORI_ISA_SCATTER_ADD;
		c->in[0].dtype = pick_dtype(rig);
	}
	return rig_place(rig, &c->out, 0, REGION) && rig_place(rig, &c->in[0], REGION, REGION) &&
	       rig_place(rig, &c->in[1], 2 * REGION, REGION);
}

static void generate_operations(struct rig *rig, uint16_t opcode, struct pumori_isa_compute *c)
{
	static const uint8_t computes[] = { PUMORI_ISA_FP32, PUMORI_ISA_FP32, PUMORI_ISA_INT32, PUMORI_ISA_INT64 };
	bool window = opcode >= PUMORI_ISA_WINDOW_MULTIPLY && opcode <= PUMORI_ISA_WINDOW_SUM;
	static const float scalars[] = { 0, 1, -1, 2, 0.5f, 3, 6, -0.25f, 1e-3f, 1e30f, 1.0f / 6 };

	c->compute = window || opcode == PUMORI_ISA_ACTIVATE ? PUMORI_ISA_FP32 : PICK(rig, computes);
	for (int i = 0; i < 4; i++) {
		c->imm[i] = rig_random(rig, 4) ? (uint32_t)rig_random(rig, 40) - 20 : rig_random(rig, ~0u);
		if (c->compute == PUMORI_ISA_FP32)
			c->imm[i] = rig_random(rig, 8) ? oracle_bits(PICK(rig, scalars)) : rig_random(rig, ~0u);
	}
	switch (opcode) {
	case PUMORI_ISA_TENSOR_TENSOR:
		c->op0 = PICK(rig, alu);
		c->modifiers |= rig_random(rig, 2) ? PUMORI_ISA_REVERSE0 : 0;
		break;
	case PUMORI_ISA_TENSOR_SCALAR: case PUMORI_ISA_SCALAR_TENSOR_TENSOR:
	case PUMORI_ISA_WINDOW_MULTIPLY: case PUMORI_ISA_WINDOW_MAX: case PUMORI_ISA_WINDOW_SUM:
		c->op0 = rig_random(rig, 3) ? PICK(rig, alu) : PUMORI_ISA_ALU_BYPASS;
		c->op1 = rig_random(rig, 2) ? PICK(rig, alu) : PUMORI_ISA_ALU_BYPASS;
		c->modifiers |= rig_random(rig, 3) ? 0 : PUMORI_ISA_REVERSE0;
		c->modifiers |= rig_random(rig, 3) ? 0 : PUMORI_ISA_REVERSE1;
		if (window && rig_random(rig, 3) == 0)
			c->modifiers |= PUMORI_ISA_ACCUMULATE;
		break;
	case PUMORI_ISA_REDUCE:
		c->op0 = PICK(rig, reductions);
		break;
	case PUMORI_ISA_SCAN:
		c->op0 = reductions[rig_random(rig, 4)];
		c->modifiers |= rig_random(rig, 2) ? PUMORI_ISA_SCAN_EXCLUSIVE : 0;
		c->modifiers |= rig_random(rig, 2) ? PUMORI_ISA_SCAN_REVERSE : 0;
		break;
	case PUMORI_ISA_ACTIVATE:
		c->op0 = (uint8_t)rig_random(rig, PUMORI_ISA_FUNCTION_COS + 1);
		if (rig_random(rig, 3) == 0) {
			c->accumulator_space = PUMORI_ISA_SBUF;
			c->accumulator_offset = SBUF_STRIDE - 64;
		}
		break;
	}
}

static bool generate(struct rig *rig, uint16_t opcode, struct pumori_isa_instruction *instruction)
{
	struct pumori_isa_compute *c = &instruction->compute;
	bool ok;

	memset(instruction, 0, sizeof(*instruction));
	instruction->opcode = opcode;
	generate_operations(rig, opcode, c);
	switch (opcode) {
	case PUMORI_ISA_REDUCE: ok = generate_reduce(rig, c); break;
	case PUMORI_ISA_QUANTIZE: ok = generate_quantize(rig, c); break;
	case PUMORI_ISA_TRANSPOSE: ok = generate_transpose(rig, c); break;
	case PUMORI_ISA_GATHER: case PUMORI_ISA_SCATTER: ok = generate_indexed(rig, opcode, c); break;
	case PUMORI_ISA_WINDOW_MULTIPLY: case PUMORI_ISA_WINDOW_MAX: case PUMORI_ISA_WINDOW_SUM:
		ok = generate_window(rig, opcode, c);
		break;
	default: ok = generate_elementwise(rig, opcode, c);
	}
	if (rig_random(rig, 4) == 0)
		c->modifiers |= PUMORI_ISA_CHECK_NAN;
	if (!ok)
		return false;
	if (!silicon_kernels_supports(opcode, c)) {
		c->modifiers &= (uint16_t)~PUMORI_ISA_CHECK_NAN;
		return silicon_kernels_supports(opcode, c);
	}
	return true;
}

static void fill(struct rig *rig, const struct pumori_isa_compute *c, bool small_indices)
{
	for (unsigned int k = 0; k < 4; k++) {
		uint8_t dtype = k ? c->in[k - 1].dtype : c->out.dtype;
		unsigned int mode = rig_random(rig, 3);

		/* Indices stay in bounds most of the time: -100..155 in a table of 100 to 140. */
		if (small_indices && k == 2)
			mode = 0;
		for (unsigned int p = 0; p < PUMORI_ISA_PARTITIONS; p++)
			rig_fill(rig, rig->sbuf + p * rig->sbuf_stride + k * REGION, REGION,
				 dtype ? dtype : PUMORI_ISA_FP32, mode);
	}
	if (small_indices && rig_random(rig, 8))
		for (unsigned int p = 0; p < PUMORI_ISA_PARTITIONS; p++)
			for (unsigned int i = 0; i < REGION / oracle_size(c->in[1].dtype); i++) {
				int64_t index = (int64_t)rig_random(rig, 200) - 100;

				memcpy(rig->sbuf + p * rig->sbuf_stride + 2 * REGION + i * oracle_size(c->in[1].dtype),
				       &index, oracle_size(c->in[1].dtype));
			}
}

static void describe(const struct opcode_test *test, unsigned int number, const char *set,
		     const struct pumori_isa_compute *c)
{
	print_message("%s case %u, set %s: compute %u op0 %u op1 %u axes %u modifiers 0x%x\n", test->name, number, set,
		      c->compute, c->op0, c->op1, c->axes, c->modifiers);
	for (int k = 0; k < 4; k++) {
		const struct pumori_isa_operand *o = k ? &c->in[k - 1] : &c->out;

		if (o->space)
			print_message("  %d: dtype %u partitions %u+%u x%u offset %u counts %u %u %u %u steps %d %d %d %d\n",
				      k, o->dtype, o->partition_start, o->partition_count, o->partition_step, o->offset,
				      o->count[0], o->count[1], o->count[2], o->count[3], o->step[0], o->step[1],
				      o->step[2], o->step[3]);
	}
}

static void compare(const struct rig *rig, const uint8_t *expected, const struct opcode_test *test,
		    unsigned int number, const char *set, const struct pumori_isa_compute *c)
{
	size_t i = 0;

	if (!memcmp(rig->sbuf, expected, rig->sbuf_bytes))
		return;
	while (rig->sbuf[i] == expected[i])
		i++;
	describe(test, number, set, c);
	i -= i % 4;
	fail_msg("partition %zu byte %zu: 0x%02x%02x%02x%02x, not 0x%02x%02x%02x%02x", i / rig->sbuf_stride,
		 i % rig->sbuf_stride, rig->sbuf[i + 3], rig->sbuf[i + 2], rig->sbuf[i + 1], rig->sbuf[i],
		 expected[i + 3], expected[i + 2], expected[i + 1], expected[i]);
}

static void random_instructions(struct opcode_test *test, const struct silicon_kernels *kernels, const char *set)
{
	static const uint32_t budgets[] = { ~0u, 1, 0 };
	static struct oracle_machine machine;
	struct rig rig;
	uint8_t *before, *expected;

	rig_create(&rig, test->opcode, SBUF_STRIDE, PSUM_STRIDE);
	before = malloc(rig.sbuf_bytes);
	expected = malloc(rig.sbuf_bytes);
	for (unsigned int number = 0; number < test->cases; number++) {
		struct pumori_isa_instruction instruction;
		uint64_t units[3], nonfinite;
		uint8_t fault;
		int expected_fault;
		struct rig replay;

		while (!generate(&rig, test->opcode, &instruction))
			;
		fill(&rig, &instruction.compute,
		     test->opcode == PUMORI_ISA_GATHER || test->opcode == PUMORI_ISA_SCATTER);
		memcpy(before, rig.sbuf, rig.sbuf_bytes);
		machine.sbuf = expected;
		machine.psum = rig.psum;
		machine.sbuf_stride = rig.sbuf_stride;
		machine.psum_stride = rig.psum_stride;
		machine.nonfinite = 0;
		memcpy(expected, before, rig.sbuf_bytes);
		expected_fault = oracle_compute(&machine, &instruction);
		nonfinite = machine.nonfinite;
		/* The budgets of a run must not change the cases of the next one. */
		replay = rig;
		for (int b = 0; b < 3; b++) {
			memcpy(rig.sbuf, before, rig.sbuf_bytes);
			units[b] = rig_run(&replay, kernels, &instruction, budgets[b], &fault);
			compare(&rig, expected, test, number, set, &instruction.compute);
			assert_int_equal(fault, expected_fault ? SILICON_TASK_INDEX : SILICON_TASK_OK);
			assert_int_equal(units[b], units[0]);
			assert_int_equal(replay.nonfinite, nonfinite);
		}
		if (!test->units[number])
			test->units[number] = units[0];
		assert_int_equal(units[0], test->units[number]);
	}
	free(before);
	free(expected);
	rig_destroy(&rig);
}

struct set_test {
	struct opcode_test *test;
	unsigned int set;
};

static void run_set(void **state)
{
	const struct set_test *x = *state;
	const struct silicon_kernels *kernels = silicon_kernels_select(sets[x->set].choice, rig_host());

	if (!kernels) {
		print_message("# SKIP this host lacks %s\n", sets[x->set].name);
		skip();
	}
	random_instructions(x->test, kernels, sets[x->set].name);
}

int main(int argc, char **argv)
{
	static struct opcode_test tests[] = {
		{ .name = "tensor_tensor", .opcode = PUMORI_ISA_TENSOR_TENSOR, .cases = CASES(300) },
		{ .name = "tensor_scalar", .opcode = PUMORI_ISA_TENSOR_SCALAR, .cases = CASES(300) },
		{ .name = "scalar_tensor_tensor", .opcode = PUMORI_ISA_SCALAR_TENSOR_TENSOR, .cases = CASES(200) },
		{ .name = "copy", .opcode = PUMORI_ISA_COPY, .cases = CASES(300) },
		{ .name = "memset", .opcode = PUMORI_ISA_MEMSET, .cases = CASES(60) },
		{ .name = "select", .opcode = PUMORI_ISA_SELECT, .cases = CASES(100) },
		{ .name = "reduce", .opcode = PUMORI_ISA_REDUCE, .cases = CASES(300) },
		{ .name = "scan", .opcode = PUMORI_ISA_SCAN, .cases = CASES(100) },
		{ .name = "quantize", .opcode = PUMORI_ISA_QUANTIZE, .cases = CASES(300) },
		{ .name = "transpose", .opcode = PUMORI_ISA_TRANSPOSE, .cases = CASES(80) },
		{ .name = "window_multiply", .opcode = PUMORI_ISA_WINDOW_MULTIPLY, .cases = CASES(200) },
		{ .name = "window_max", .opcode = PUMORI_ISA_WINDOW_MAX, .cases = CASES(100) },
		{ .name = "window_sum", .opcode = PUMORI_ISA_WINDOW_SUM, .cases = CASES(100) },
		{ .name = "activate", .opcode = PUMORI_ISA_ACTIVATE, .cases = CASES(400) },
		{ .name = "iota", .opcode = PUMORI_ISA_IOTA, .cases = CASES(60) },
		{ .name = "random", .opcode = PUMORI_ISA_RANDOM, .cases = CASES(60) },
		{ .name = "gather", .opcode = PUMORI_ISA_GATHER, .cases = CASES(100) },
		{ .name = "scatter", .opcode = PUMORI_ISA_SCATTER, .cases = CASES(100) },
	};
	enum { OPCODES = sizeof(tests) / sizeof(tests[0]) };
	static struct set_test states[3 * OPCODES];
	static struct CMUnitTest units[3 * OPCODES];
	size_t count = 0;

	for (unsigned int i = 0; i < OPCODES; i++) {
		/* For debugging: one opcode alone, by name. */
		if (argc > 1 && strcmp(argv[1], tests[i].name))
			continue;
		for (unsigned int set = 0; set < 3; set++) {
			snprintf(tests[i].title[set], sizeof(tests[i].title[set]), "%s on %s", tests[i].name, sets[set].name);
			states[count] = (struct set_test){ .test = &tests[i], .set = set };
			units[count] = (struct CMUnitTest){
				.name = tests[i].title[set],
				.test_func = run_set,
				.initial_state = &states[count],
			};
			count++;
		}
	}
	return _cmocka_run_group_tests("silicon_kernels_random", units, count, NULL, NULL);
}
