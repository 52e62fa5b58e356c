// SPDX-License-Identifier: MIT
/*
 * Are dependent instructions of different streams ordered? One thread that runs all streams in turn
 * may hide a missing semaphore, so this test looks at the encoded image alone: it runs waits and
 * signals with vector clocks and checks each pair of instructions that touch the same bytes, one of
 * them writing. What instructions touch is worked out anew here, element by element where it matters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../drivers/accel/pumori/silicon/silicon.h"
#include "../../tools/compiler/backend/lower.h"
#include "../../tools/compiler/backend/passes.h"
#include "backend_bench.h"

struct touch {
	unsigned int space, variable;
	bool write;
	int64_t p0, p1, b0, b1;
};

struct step {
	const struct pumori_isa_instruction *isa;
	unsigned int stream;
	uint32_t clock[PUMORI_ISA_STREAMS];	/* instructions of each stream done before it */
	uint32_t position;
	struct touch touches[6];
	unsigned int touch_count;
};

static unsigned int dtype_bytes(unsigned int dtype)
{
	static const unsigned char bytes[] = { 0, 4, 2, 2, 1, 1, 0, 0, 1, 1, 2, 2, 4, 4, 8, 8, 1 };

	return bytes[dtype];
}

static void span(struct touch *touch, int64_t offset, unsigned int dims, const int64_t *count,
		 const int64_t *step, unsigned int bytes)
{
	touch->b0 = offset;
	touch->b1 = offset + bytes;
	for (unsigned int i = 0; i < dims; i++) {
		if (step[i] < 0)
			touch->b0 += (count[i] - 1) * step[i] * bytes;
		else
			touch->b1 += (count[i] - 1) * step[i] * bytes;
	}
}

static void add_operand(struct step *step, const struct pumori_isa_operand *operand, bool write)
{
	struct touch *touch = &step->touches[step->touch_count];
	int64_t count[4], steps[4];

	if (!operand->space)
		return;
	for (unsigned int i = 0; i < 4; i++) {
		count[i] = operand->count[i];
		steps[i] = operand->step[i];
	}
	*touch = (struct touch){ .space = operand->space, .write = write,
				 .p0 = operand->partition_start };
	touch->p1 = touch->p0 + 1 + (operand->partition_count - 1) * operand->partition_step;
	span(touch, operand->offset, operand->dims, count, steps, dtype_bytes(operand->dtype));
	step->touch_count++;
}

static void add_side(struct step *step, const struct pumori_isa_dma_side *side, bool write)
{
	struct touch *touch = &step->touches[step->touch_count++];
	int64_t count[5], steps[5];

	for (unsigned int i = 0; i < 5; i++) {
		count[i] = side->count[i];
		steps[i] = side->step[i];
	}
	*touch = (struct touch){ .space = side->space, .variable = side->variable, .write = write,
				 .p0 = side->partition_start, .p1 = side->partition_start + 1 };
	if (side->space == PUMORI_ISA_SBUF)
		touch->p1 += (side->partition_count - 1) * side->partition_step;
	span(touch, side->offset, side->dims, count, steps, dtype_bytes(side->dtype));
}

static void look(struct step *step)
{
	const struct pumori_isa_compute *compute = &step->isa->compute;

	if (step->isa->opcode >= PUMORI_ISA_DMA_COPY) {
		add_side(step, &step->isa->dma.source, false);
		add_side(step, &step->isa->dma.destination, true);
		add_operand(step, &step->isa->dma.index, false);
	} else if (step->isa->opcode >= PUMORI_ISA_LOAD_STATIONARY) {
		for (unsigned int i = 0; i < 3; i++)
			add_operand(step, &compute->in[i], false);
		add_operand(step, &compute->out, true);
		if (compute->accumulator_space) {
			struct touch *touch = &step->touches[step->touch_count++];

			*touch = step->touches[step->touch_count - 2];
			touch->space = PUMORI_ISA_SBUF;
			touch->b0 = compute->accumulator_offset;
			touch->b1 = touch->b0 + 4;
		}
	}
}

static bool conflict(const struct step *a, const struct step *b)
{
	for (unsigned int i = 0; i < a->touch_count; i++)
		for (unsigned int j = 0; j < b->touch_count; j++) {
			const struct touch *x = &a->touches[i], *y = &b->touches[j];

			if (x->space == y->space && x->variable == y->variable &&
			    (x->write || y->write) && x->p0 < y->p1 && y->p0 < x->p1 &&
			    x->b0 < y->b1 && y->b0 < x->b1)
				return true;
		}
	return false;
}

/* Run all streams as far as their waits let them; clocks say who is known to have finished. */
static size_t schedule(const struct pumori_isa_program *program, struct step *steps)
{
	const struct pumori_isa_entry *entry = (const void *)(program + 1);
	const struct pumori_isa_stream_entry *streams = (const void *)(entry + 1);
	const struct pumori_isa_instruction *code =
		(const void *)((const char *)program + program->instructions_offset);
	uint32_t at[PUMORI_ISA_STREAMS] = { 0 }, value[PUMORI_ISA_SEMAPHORES] = { 0 };
	/* What a semaphore's value n tells: the clock of the instruction that made it n. */
	uint32_t (*told)[PUMORI_ISA_STREAMS] = calloc((size_t)(program->instructions + 1) *
						      PUMORI_ISA_STREAMS, sizeof(*told));
	uint32_t now[PUMORI_ISA_STREAMS][PUMORI_ISA_STREAMS] = { { 0 } };
	size_t count = 0;
	bool moved = true;

	assert_non_null(told);
	while (moved) {
		moved = false;
		for (uint32_t s = 0; s < program->streams; s++) {
			const struct pumori_isa_instruction *isa = &code[streams[s].first + at[s]];
			unsigned int stream = streams[s].stream;
			struct step *step = &steps[count];
			bool ready = at[s] < streams[s].count;

			for (unsigned int w = 0; w < 2 && ready; w++)
				if (isa->flags & (PUMORI_ISA_WAIT0 << w))
					ready = value[isa->wait[w].semaphore] >= isa->wait[w].value;
			if (!ready)
				continue;
			moved = true;
			for (unsigned int w = 0; w < 2; w++) {
				unsigned int from = isa->wait[w].semaphore;

				if (!(isa->flags & (PUMORI_ISA_WAIT0 << w)))
					continue;
				/* Semaphore number and producing stream are the same here. */
				for (unsigned int t = 0; t < PUMORI_ISA_STREAMS; t++) {
					uint32_t known = told[isa->wait[w].value * PUMORI_ISA_STREAMS +
							      from][t];

					if (known > now[stream][t])
						now[stream][t] = known;
				}
			}
			*step = (struct step){ .isa = isa, .stream = stream };
			memcpy(step->clock, now[stream], sizeof(step->clock));
			step->position = ++now[stream][stream];
			look(step);
			if (isa->flags & PUMORI_ISA_SIGNAL) {
				assert_int_equal(isa->signal_semaphore, stream);
				value[stream] += isa->signal_increment;
				memcpy(told[value[stream] * PUMORI_ISA_STREAMS + stream], now[stream],
				       sizeof(now[stream]));
			}
			at[s]++;
			count++;
		}
	}
	free(told);
	assert_int_equal(count, program->instructions);	/* else: a deadlock */
	return count;
}

static void *encode(struct bench_graph *bench, enum pumori_target target, size_t *bytes)
{
	struct pumori_layout *layouts = pumori_layout_assign(bench->graph, 160 * 1024);
	struct pumori_tile_program *program = pumori_tile_program_create(bench->graph,
									 &bench->diagnostics);
	void *image = NULL;

	assert_non_null(layouts);
	assert_non_null(program);
	assert_int_equal(pumori_lower(bench->graph, layouts, program), 0);
	assert_int_equal(pumori_allocate(program), 0);
	assert_int_equal(pumori_assign_streams(program, target), 0);
	assert_int_equal(pumori_insert_semaphores(program), 0);
	assert_int_equal(pumori_encode(program, &image, bytes), 0);
	pumori_tile_program_destroy(program);
	free(layouts);
	return image;
}

static struct pumori_tensor *conv(struct bench_graph *bench, struct pumori_tensor *x,
				  int64_t outputs, int64_t kernel, int64_t groups)
{
	int64_t shape[4] = { outputs, x->type.shape[1] / groups, kernel, kernel };
	union pumori_attributes a = { .conv2d = { { 1, 1 }, { kernel / 2, kernel / 2, kernel / 2, kernel / 2 },
						  { 1, 1 }, groups, { PUMORI_UNARY_ELU, 1, 0 } } };
	struct pumori_tensor *inputs[3] = { x, bench_constant(bench, 4, shape, -0.1f, 0.1f),
					    bench_constant(bench, 1, &outputs, -0.1f, 0.1f) };

	return bench_node(bench, PUMORI_PRIMITIVE_CONV2D, &a, inputs, 3);
}

/* A small network that uses every engine, with tiles that are reused again and again. */
static void build(struct bench_graph *bench)
{
	int64_t shape[4] = { 1, bench_range(&bench->random, 1, 40), bench_range(&bench->random, 5, 40),
			     bench_range(&bench->random, 5, 40) };
	struct pumori_tensor *x = bench_input(bench, PUMORI_ELEMENT_FLOAT32, 4, shape), *y;
	union pumori_attributes a;

	for (unsigned int i = 0; i < 4; i++) {
		x = conv(bench, x, bench_range(&bench->random, 1, 200), 1 + 2 * bench_range(&bench->random, 0, 1), 1);
		y = conv(bench, x, x->type.shape[1], 3, x->type.shape[1]);
		a = (union pumori_attributes){ .binary = { .function = PUMORI_BINARY_ADD } };
		x = bench_node(bench, PUMORI_PRIMITIVE_BINARY, &a, (struct pumori_tensor *[]){ x, y }, 2);
		a = (union pumori_attributes){ .softmax = { bench_range(&bench->random, 1, 3), false } };
		y = bench_node(bench, PUMORI_PRIMITIVE_SOFTMAX, &a, &x, 1);
		a = (union pumori_attributes){ .concat = { 1 } };
		x = bench_node(bench, PUMORI_PRIMITIVE_CONCAT, &a, (struct pumori_tensor *[]){ x, y }, 2);
		a = (union pumori_attributes){ .arg_reduce = { .axis = 3 } };
		bench_output(bench, bench_node(bench, PUMORI_PRIMITIVE_ARG_REDUCE, &a, &x, 1));
	}
	bench_output(bench, x);
}

static size_t unordered(const struct step *steps, size_t count, bool print)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++) {
			const struct step *a = &steps[i], *b = &steps[j];

			if (a->stream == b->stream || b->clock[a->stream] >= a->position ||
			    a->clock[b->stream] >= b->position || !conflict(a, b))
				continue;
			if (print && !found)
				fprintf(stderr, "stream %u instruction %u and stream %u instruction %u meet\n",
					a->stream, a->position, b->stream, b->position);
			found++;
		}
	return found;
}

static struct step *steps_of(const struct pumori_isa_program *program, size_t *count)
{
	struct step *steps = calloc(program->instructions + 1, sizeof(*steps));

	assert_non_null(steps);
	*count = schedule(program, steps);
	return steps;
}

static void test_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		struct bench_graph bench;
		struct step *steps;
		size_t bytes, count;
		uint64_t detail;
		void *image;

		bench_begin(&bench, seed);
		build(&bench);
		image = encode(&bench, seed % 2 ? PUMORI_TARGET_SILICON : PUMORI_TARGET_SOFTWARE, &bytes);
		assert_int_equal(silicon_program_check(image, bytes, &detail), PUMORI_HW_FAULT_NONE);
		steps = steps_of(image, &count);
		assert_int_equal(unordered(steps, count, true), 0);
		free(steps);
		free(image);
		pumori_graph_destroy(bench.graph);
		pumori_diagnostics_release(&bench.diagnostics);
	}
}

/* The check itself must see a semaphore that is missing. */
static void test_missing_wait(void **state)
{
	struct pumori_isa_instruction *code;
	struct pumori_isa_program *program;
	struct bench_graph bench;
	unsigned int noticed = 0, taken = 0;
	size_t bytes;

	(void)state;
	bench_begin(&bench, 3);
	build(&bench);
	program = encode(&bench, PUMORI_TARGET_SILICON, &bytes);
	code = (void *)((char *)program + program->instructions_offset);
	for (uint32_t i = 0; i < program->instructions && taken < 12; i++) {
		struct pumori_isa_instruction kept = code[i];
		struct step *steps;
		size_t count;

		if (!(kept.flags & PUMORI_ISA_WAIT0))
			continue;
		code[i].flags &= ~(PUMORI_ISA_WAIT0 | PUMORI_ISA_WAIT1);
		steps = steps_of(program, &count);
		noticed += unordered(steps, count, false) != 0;
		taken++;
		free(steps);
		code[i] = kept;
	}
	/* Every wait is there for a reason. */
	assert_int_equal(taken, 12);
	assert_int_equal(noticed, taken);
	free(program);
	pumori_graph_destroy(bench.graph);
	pumori_diagnostics_release(&bench.diagnostics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_missing_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
