// SPDX-License-Identifier: MIT
/*
 * Random DMAs against a copy of one element after the other: patterns of every shape on both sides, casts,
 * bindings, gather and scatter, over pages that lie anywhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"
#include "oracle.h"

#define SBUF		1024u				/* of each partition */
#define SBUF_ALL	(SBUF * PUMORI_ISA_PARTITIONS)
#define MEMORY		32768u				/* of source and destination variable */
#define CASES		400u
#define NO_ROW		(~0ull)

/* Variables of the job. */
enum { SOURCE, DESTINATION, SBUF_IN, SBUF_OUT, VARIABLES };

static const u64 va[VARIABLES] = { 0x10000000000ull, 0x20000000ull, 0x7fff00000000ull,
				   0x400000000ull };
static const u32 length[VARIABLES] = { MEMORY, MEMORY, SBUF_ALL, SBUF_ALL };
static const u8 dtypes[] = {
	PUMORI_ISA_FP32,  PUMORI_ISA_BF16,   PUMORI_ISA_INT8,  PUMORI_ISA_UINT8,
	PUMORI_ISA_INT16, PUMORI_ISA_UINT16, PUMORI_ISA_INT32, PUMORI_ISA_UINT32,
	PUMORI_ISA_INT64, PUMORI_ISA_UINT64, PUMORI_ISA_BOOL,
};

struct bench {
	struct rig *rig;
	struct rig_queue *queue;
	/** @page: where each 4 KiB page of each variable lies */
	u8 *page[VARIABLES][SBUF_ALL / 4096];
	/** @model: what the variables should hold; SBUF_OUT is SBUF itself */
	u8 *model[VARIABLES];
	u64 random;
};

static u32 draw(struct bench *bench, u32 below)
{
	bench->random = bench->random * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(bench->random >> 33) % below;
}

/* Host pages, single pages of device memory and large ones, in no order. */
static void map_all(struct bench *bench)
{
	u32 v, i;

	for (v = 0; v < VARIABLES; v++)
		for (i = 0; i < length[v] / 4096; i++) {
			u64 flags = v == DESTINATION || v == SBUF_OUT ? PUMORI_HW_PTE_WRITABLE : 0,
			    address;

			if ((i + v) % 3 == 0) {
				address = rig_bus_alloc(bench->rig, 1);
				bench->page[v][i] = rig_bus(bench->rig, address);
			} else {
				address = rig_hbm_alloc(bench->rig, 4096, 4096 << (i % 2));
				bench->page[v][i] = bench->rig->hbm + address;
				flags |= PUMORI_HW_PTE_HBM;
			}
			rig_map(bench->rig, 0, va[v] + i * 4096u, address, flags, false);
		}
}

static int setup(void **state)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));
	u32 v;

	bench->random = 20;
	bench->rig = rig_create(1, 1, rig_kernels(SILICON_KERNELS_BEST));
	assert_non_null(bench->rig);
	bench->queue = rig_queue_create(bench->rig, 0, 1, 1000);
	assert_int_equal(rig_runlist(bench->rig, 1), 0);
	map_all(bench);
	for (v = 0; v < VARIABLES; v++)
		bench->model[v] = test_malloc(length[v]);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	u32 v;

	for (v = 0; v < VARIABLES; v++)
		test_free(bench->model[v]);
	rig_destroy(bench->rig);
	test_free(bench);
	return 0;
}

/* Small counts whose product is @elements, in up to @dims dimensions. */
static u32 split(struct bench *bench, u32 elements, u32 dims, u32 *count)
{
	u32 d, factor;

	for (d = 0; d + 1 < dims && elements > 1; d++) {
		do
			factor = 1 + draw(bench, SILICON_MIN(elements, 12u));
		while (elements % factor);
		count[d] = factor;
		elements /= factor;
	}
	count[d] = elements;
	return d + 1;
}

/* Steps that never let two elements of an output meet; inputs may repeat and go back. */
static void choose_steps(struct bench *bench, struct pumori_isa_dma_side *side, bool output)
{
	u32 order[5], d, i, swap, reach = 1;

	for (d = 0; d < side->dims; d++)
		order[d] = d;
	for (d = side->dims; d-- > 1;) {
		i = draw(bench, 3) ? d : draw(bench, d + 1);
		swap = order[d];
		order[d] = order[i];
		order[i] = swap;
	}
	for (i = side->dims; i-- > 0;) {
		d = order[i];
		if (!output && !draw(bench, 5)) {
			side->step[d] = (s32)draw(bench, 4);
			continue;
		}
		side->step[d] = (s32)(reach + (draw(bench, 3) ? 0 : draw(bench, 3)));
		reach = (u32)side->step[d] * side->count[d];
		if (!draw(bench, 4))
			side->step[d] = -side->step[d];
	}
}

/*
 * Byte of an element, relative to the side's offset; SBUF rows are SBUF bytes apart in the model.
 */
static s64 element_at(const struct pumori_isa_dma_side *side, u64 element, u32 first)
{
	u32 size = oracle_size(side->dtype), d;
	s64 at = 0;

	for (d = side->dims; d-- > first; element /= side->count[d])
		at += (s64)(element % side->count[d]) * side->step[d] * size;
	if (side->space == PUMORI_ISA_SBUF)
		at += (s64)(element % side->partition_count) * side->partition_step * SBUF;
	return at;
}

/* Puts the pattern into [from, to) of its partition or variable, part of the way by a binding. */
static bool place(struct bench *bench, struct pumori_isa_dma_side *side, u32 from, u32 to, s32 *moved)
{
	s64 low = 0, high = 0, room;
	u32 size = oracle_size(side->dtype), d, slots;
	u64 offset;

	for (d = 0; d < side->dims; d++) {
		s64 reach = (s64)(side->count[d] - 1) * side->step[d] * size;

		*(reach < 0 ? &low : &high) += reach;
	}
	room = (s64)to - from - (high - low) - size;
	if (room < 0)
		return false;
	slots = (u32)(room / size) + 1;
	offset = from + (u64)-low + (u64)draw(bench, slots) * size;
	*moved = 0;
	if (!draw(bench, 3)) {
		/* Register 5 is 3: the instruction's own offset is elsewhere. */
		side->bind[draw(bench, 2)] = PUMORI_ISA_BIND_REGISTER(5);
		side->bind_stride[side->bind[0] ? 0 : 1] = -(s64)size * (1 + draw(bench, 4));
		*moved = (s32)(3 * side->bind_stride[side->bind[0] ? 0 : 1]);
		if (offset + (u64)-(s64)*moved >= to) {
			memset(side->bind, 0, sizeof(side->bind));
			memset(side->bind_stride, 0, sizeof(side->bind_stride));
			*moved = 0;
		}
	}
	side->offset = offset - (u64)(s64)*moved;
	return true;
}

static bool choose_side(struct bench *bench, struct pumori_isa_dma_side *side, u32 elements,
			bool output, u32 rows, s32 *moved)
{
	u32 partitions;

	memset(side, 0, sizeof(*side));
	side->space = rows || draw(bench, 2) ? PUMORI_ISA_MEMORY : PUMORI_ISA_SBUF;
	side->dtype = dtypes[draw(bench, sizeof(dtypes))];
	if (side->space == PUMORI_ISA_MEMORY) {
		side->variable = output ? DESTINATION : SOURCE;
		side->dims = rows ? 1 : 0;
		side->count[0] = rows;
		side->dims = (u8)(side->dims + split(bench, elements, 1 + draw(bench, rows ? 4 : 5),
						    side->count + side->dims));
		choose_steps(bench, side, output);
		return place(bench, side, 0, MEMORY, moved);
	}
	do
		partitions = 1 + draw(bench, PUMORI_ISA_PARTITIONS);
	while (elements % partitions);
	side->partition_count = (u8)partitions;
	side->partition_step = output || draw(bench, 6) ? 1 : 0;
	side->partition_start = (u8)draw(bench, PUMORI_ISA_PARTITIONS + 1 - partitions);
	side->dims = (u8)split(bench, elements / partitions, 1 + draw(bench, 4), side->count);
	choose_steps(bench, side, output);
	/* Source and destination have each a half of SBUF; the index lies behind them. */
	return place(bench, side, output ? 512 : 0, output ? 960 : 512, moved);
}

static u8 *model_at(struct bench *bench, const struct pumori_isa_dma_side *side, s32 moved,
		    u64 element, u64 row)
{
	bool memory = side->space == PUMORI_ISA_MEMORY;
	u8 *base = memory ? bench->model[side->variable] :
			    bench->model[SBUF_OUT] + side->partition_start * SBUF;
	s64 at = (s64)side->offset + moved + element_at(side, element, row == NO_ROW ? 0 : 1);

	if (row != NO_ROW)
		at += (s64)row * side->step[0] * (s64)oracle_size(side->dtype);
	return base + at;
}

/* One element after the other; the fault that ends it. */
static u32 expected(struct bench *bench, const struct pumori_isa_instruction *instruction,
		    u32 elements, u32 rows, const s32 moved[2])
{
	const struct pumori_isa_dma *dma = &instruction->dma;
	bool gather = instruction->opcode == PUMORI_ISA_DMA_GATHER;
	bool scatter = instruction->opcode == PUMORI_ISA_DMA_SCATTER;
	const struct pumori_isa_dma_side *indexed = gather ? &dma->source : &dma->destination;
	u32 each = elements / rows, i;
	s16 index;

	for (i = 0; i < elements; i++) {
		u64 from_row = NO_ROW, to_row = NO_ROW, row = 0;

		if (gather || scatter) {
			memcpy(&index, bench->model[SBUF_OUT] + dma->index.offset + i / each * 2, 2);
			row = (u64)(index < 0 ? index + (s64)indexed->count[0] : index);
			if (row >= indexed->count[0])
				return PUMORI_HW_FAULT_INDEX;
			*(gather ? &from_row : &to_row) = row;
		}
		if (oracle_convert(model_at(bench, &dma->destination, moved[1],
					    to_row == NO_ROW ? i : i % each, to_row),
				   dma->destination.dtype,
				   model_at(bench, &dma->source, moved[0],
					    from_row == NO_ROW ? i : i % each, from_row),
				   dma->source.dtype))
			return PUMORI_HW_FAULT_OVERFLOW;
	}
	return PUMORI_HW_FAULT_NONE;
}

static void fill(struct bench *bench)
{
	u32 v, i;

	for (v = 0; v < VARIABLES; v++)
		for (i = 0; i < length[v]; i++) {
			/* Mostly small numbers in every type, so that casts mean something. */
			bench->model[v][i] = (u8)(i % 8 < 1 + draw(bench, 4) ? draw(bench, 256) : 0);
			bench->page[v][i / 4096][i % 4096] = bench->model[v][i];
		}
	/* SBUF is loaded from one variable and stored to another. */
	memcpy(bench->model[SBUF_OUT], bench->model[SBUF_IN], SBUF_ALL);
}

static void compare(struct bench *bench, u32 variable, u32 number)
{
	u32 i;

	for (i = 0; i < length[variable]; i++)
		if (bench->page[variable][i / 4096][i % 4096] != bench->model[variable][i])
			fail_msg("case %u: byte %u of variable %u is %02x, not %02x", number, i,
				 variable, bench->page[variable][i / 4096][i % 4096],
				 bench->model[variable][i]);
}

static const struct pumori_hw_record *run(struct bench *bench, const struct program *program,
					  u32 entry)
{
	struct pumori_hw_control unload = { .opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM };
	struct pumori_hw_job *job = rig_next_job(bench->queue);
	const struct pumori_hw_record *record;
	u32 v;

	assert_int_equal(rig_load_program(bench->rig, 0, 0, program), 0);
	for (v = 0; v < VARIABLES; v++)
		rig_variable(job, v, va[v], length[v], v == DESTINATION || v == SBUF_OUT);
	record = rig_wait(bench->rig, bench->queue, rig_submit(bench->rig, bench->queue, 0, entry));
	assert_non_null(record);
	assert_int_equal(rig_command(bench->rig, 0, unload, NULL), 0);
	return record;
}

/* Fills @instruction with a random DMA; false when what was drawn does not fit. */
static bool choose(struct bench *bench, struct pumori_isa_instruction *instruction, u32 *elements,
		   u32 *rows, s32 moved[2])
{
	u32 kind = draw(bench, 4), row = 1 + draw(bench, 40), addressable = 1 + draw(bench, 30);
	bool gather = kind == 1, scatter = kind == 2;

	instruction->opcode = gather  ? PUMORI_ISA_DMA_GATHER :
			      scatter ? PUMORI_ISA_DMA_SCATTER :
					PUMORI_ISA_DMA_COPY;
	*rows = gather || scatter ? 1 + draw(bench, 20) : 1;
	*elements = gather || scatter ? row * *rows : 1 + draw(bench, draw(bench, 4) ? 300 : 3000);
	if (gather || scatter) {
		instruction->dma.index = sbuf_row(PUMORI_ISA_INT16, 0, 1, 960, *rows);
		if (draw(bench, 2))
			instruction->dma.index.partition_step = 0;
	}
	return choose_side(bench, &instruction->dma.source, gather ? row : *elements, false,
			   gather ? addressable : 0, &moved[0]) &&
	       choose_side(bench, &instruction->dma.destination, scatter ? row : *elements, true,
			   scatter ? addressable : 0, &moved[1]);
}

static void random_dmas(void **state)
{
	struct bench *bench = *state;
	struct program *program = test_malloc(sizeof(*program));
	u32 number, done = 0, faults = 0, elements, rows, fault, i;
	const struct pumori_hw_record *record;
	struct pumori_hw_control kill = { .opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
					  .argument = PUMORI_HW_JOB_KILLED };
	struct pumori_isa_instruction dma;
	s32 moved[2];

	for (number = 0; number < CASES; number++) {
		memset(&dma, 0, sizeof(dma));
		if (!choose(bench, &dma, &elements, &rows, moved))
			continue;
		fill(bench);
		/* Row numbers that mostly exist. */
		for (i = 0; i < rows && dma.dma.index.space; i++) {
			u32 count = dma.opcode == PUMORI_ISA_DMA_GATHER ?
					    dma.dma.source.count[0] :
					    dma.dma.destination.count[0];
			s16 index = (s16)((s32)draw(bench, 2 * count) - (s32)count);

			if (!draw(bench, 100))
				index = (s16)(count + draw(bench, 100));
			memcpy(bench->model[SBUF_OUT] + 960 + i * 2, &index, 2);
			bench->page[SBUF_IN][0][960 + i * 2] = (u8)index;
			bench->page[SBUF_IN][0][961 + i * 2] = (u8)((u16)index >> 8);
		}
		program_begin(program, SBUF, 0);
		program_entry(program, VARIABLES, 0, 0);
		program_stream(program, PUMORI_ISA_DMA0 + 2);
		add_dma(program, sbuf_side(PUMORI_ISA_UINT8, 0, 128, 0, SBUF),
			memory_side(PUMORI_ISA_UINT8, SBUF_IN, 0, SBUF_ALL));
		add_set(program, 5, 3);
		*program_add(program, 0) = dma;
		add_end(program);
		program_entry(program, VARIABLES, 0, 0);
		program_stream(program, PUMORI_ISA_DMA0);
		add_dma(program, memory_side(PUMORI_ISA_UINT8, SBUF_OUT, 0, SBUF_ALL),
			sbuf_side(PUMORI_ISA_UINT8, 0, 128, 0, SBUF));
		add_end(program);

		bench->rig->budget = number % 2 ? 0 : 100000;
		fault = expected(bench, &dma, elements, rows, moved);
		record = run(bench, program, 0);
		if (record->fault != fault)
			fail_msg("case %u: fault %u, not %u", number, record->fault, fault);
		compare(bench, DESTINATION, number);
		if (!fault) {
			assert_int_equal(run(bench, program, 1)->status, PUMORI_HW_JOB_DONE);
			compare(bench, SBUF_OUT, number);
		} else {
			/* A queue that faulted is of no use any more. */
			kill.target = bench->queue->descriptor->id;
			assert_int_equal(rig_command(bench->rig, 0, kill, NULL), 0);
			assert_int_equal(rig_runlist(bench->rig, 0), 0);
			bench->queue->descriptor->id++;
			assert_int_equal(rig_runlist(bench->rig, 1), 0);
			faults++;
		}
		done++;
	}
	test_free(program);
	/* The generator must not have refused nearly everything. */
	assert_true(done > CASES / 4 && faults > 2 && faults < done / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_dmas, setup, teardown),
	};

	return cmocka_run_group_tests_name("silicon_dma", tests, NULL, NULL);
}
