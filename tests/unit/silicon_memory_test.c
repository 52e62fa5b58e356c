// SPDX-License-Identifier: MIT
/* What a program may touch: page tables, translations, variables, and slots that change hands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chip_rig.h"

#define PAGE	4096u
#define VA_IN	0x7f0000000000ull
#define VA_OUT	0x000000200000ull
#define PAGES	4u
#define WORDS	(PAGES * PAGE / 4)

#define COPY	0	/* variable 0 to variable 1, through SBUF */
#define DUMP	1	/* SBUF and PSUM as found to variable 1 */
#define FILL	2	/* SBUF and PSUM from variable 0 */
#define BEHIND	3	/* like COPY, by a register: scalar 0 is the first word */
#define PRELOAD	4	/* entry 0 fills SBUF, entry 1 reads it */

#define SBUF	2048u
#define PSUM	512u

struct bench {
	struct rig *rig;
	struct rig_queue *queue;
	struct rig_queue *other;
	u32 *in;
	u32 *out;
};

static void load_copy(struct rig *rig, struct program *program)
{
	struct pumori_isa_instruction *instruction;

	program_begin(program, WORDS * 4 / 64, 0);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_INT32, 0, 64, 0, WORDS / 64),
		memory_side(PUMORI_ISA_INT32, 0, 0, WORDS));
	add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, WORDS),
		sbuf_side(PUMORI_ISA_INT32, 0, 64, 0, WORDS / 64));
	add_end(program);
	assert_int_equal(rig_load_program(rig, COPY, 0, program), 0);

	program_begin(program, SBUF, 0);
	program_entry(program, 2, 1, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	instruction = program_add(program, PUMORI_ISA_REGISTER_SCALAR);
	instruction->control.destination = 5;
	instruction = add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, 16),
			      memory_side(PUMORI_ISA_INT32, 0, 0, 16));
	instruction->dma.source.bind[0] = PUMORI_ISA_BIND_REGISTER(5);
	instruction->dma.source.bind_stride[0] = 4;
	/* And SBUF, which a register can leave, too. */
	instruction = add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, 16),
			      sbuf_side(PUMORI_ISA_INT32, 0, 1, 0, 16));
	instruction->dma.source.bind[0] = PUMORI_ISA_BIND_REGISTER(5);
	instruction->dma.source.bind_stride[0] = 4;
	add_end(program);
	assert_int_equal(rig_load_program(rig, BEHIND, 60, program), 0);
}

/* DMA does not reach PSUM: VECTOR carries it. */
static void load_fill_and_dump(struct rig *rig, struct program *program)
{
	u32 words = (SBUF - PSUM) / 4, psum = PSUM / 4;

	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_DMA0);
	with_signal(add_dma(program, sbuf_side(PUMORI_ISA_INT32, 127, 1, 0, SBUF / 4),
			    memory_side(PUMORI_ISA_INT32, 0, 0, SBUF / 4)), 0, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_VECTOR);
	with_wait(add_copy(program, psum_row(PUMORI_ISA_INT32, 127, 1, 0, psum),
			   sbuf_row(PUMORI_ISA_INT32, 127, 1, 0, psum)), 0, 0, 1);
	add_end(program);
	assert_int_equal(rig_load_program(rig, FILL, 20, program), 0);

	program_begin(program, SBUF, PSUM);
	program_entry(program, 2, 0, 0);
	program_stream(program, PUMORI_ISA_VECTOR);
	/* The last bytes of SBUF are given up to show PSUM. */
	with_signal(add_copy(program, sbuf_row(PUMORI_ISA_INT32, 127, 1, SBUF - PSUM, psum),
			     psum_row(PUMORI_ISA_INT32, 127, 1, 0, psum)), 0, 1);
	add_end(program);
	program_stream(program, PUMORI_ISA_DMA0);
	with_wait(add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, words + psum),
			  sbuf_side(PUMORI_ISA_INT32, 127, 1, 0, words + psum)), 0, 0, 1);
	add_end(program);
	assert_int_equal(rig_load_program(rig, DUMP, 40, program), 0);

	program_begin(program, SBUF, 0);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_PRELOAD);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_INT32, 0, 1, 0, 16),
		memory_side(PUMORI_ISA_INT32, 0, 0, 16));
	add_end(program);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_NEEDS_PRELOAD);
	program_stream(program, PUMORI_ISA_DMA0 + 1);
	add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, 16),
		sbuf_side(PUMORI_ISA_INT32, 0, 1, 0, 16));
	add_end(program);
	assert_int_equal(rig_load_program(rig, PRELOAD, 80, program), 0);
}

static int setup_slots(void **state, u32 slots)
{
	struct bench *bench = test_calloc(1, sizeof(*bench));
	struct program *program = test_malloc(sizeof(*program));
	u32 i;

	bench->rig = rig_create(1, slots, rig_kernels(SILICON_KERNELS_GENERIC));
	assert_non_null(bench->rig);
	bench->queue = rig_queue_create(bench->rig, 0, 1, 1000);
	bench->other = rig_queue_create(bench->rig, 0, 1, 1000);
	assert_int_equal(rig_runlist(bench->rig, 2), PUMORI_HW_FAULT_NONE);
	bench->in = (u32 *)rig_buffer(bench->rig, 0, VA_IN, PAGES * PAGE, false);
	bench->out = (u32 *)rig_buffer(bench->rig, 0, VA_OUT, PAGES * PAGE, true);
	for (i = 0; i < WORDS; i++)
		bench->in[i] = i * 2654435761u | 1;
	load_copy(bench->rig, program);
	load_fill_and_dump(bench->rig, program);
	test_free(program);
	*state = bench;
	return 0;
}

static int setup(void **state)
{
	return setup_slots(state, 2);
}

static int setup_one_slot(void **state)
{
	return setup_slots(state, 1);
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	rig_destroy(bench->rig);
	test_free(bench);
	return 0;
}

static u64 submit(struct bench *bench, struct rig_queue *queue, u32 program, u32 entry)
{
	struct pumori_hw_job *job = rig_next_job(queue);

	rig_variable(job, 0, VA_IN, WORDS * 4, false);
	rig_variable(job, 1, VA_OUT, WORDS * 4, true);
	job->scalars = 1;
	return rig_submit(bench->rig, queue, program, entry);
}

static const struct pumori_hw_record *run(struct bench *bench, struct rig_queue *queue, u32 program)
{
	const struct pumori_hw_record *record =
		rig_wait(bench->rig, queue, submit(bench, queue, program, 0));

	assert_non_null(record);
	return record;
}

static void expect_fault(const struct pumori_hw_record *record, u32 fault, u32 pc, u64 address)
{
	assert_int_equal(record->status, PUMORI_HW_JOB_FAULT);
	assert_int_equal(record->fault, fault);
	assert_int_equal(record->pc, pc);
	assert_int_equal(record->stream, PUMORI_ISA_DMA0);
	assert_int_equal(record->address, address);
}

static void pages_in_any_order(void **state)
{
	struct bench *bench = *state;
	u64 hbm, i;

	/* Device memory backwards, then host memory, for the same addresses. */
	hbm = rig_hbm_alloc(bench->rig, PAGES * PAGE, PAGE);
	for (i = 0; i < PAGES; i++)
		rig_map(bench->rig, 0, VA_OUT + i * PAGE, hbm + (PAGES - 1 - i) * PAGE,
			PUMORI_HW_PTE_HBM | PUMORI_HW_PTE_WRITABLE | 0xffull << 52, false);
	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
	for (i = 0; i < PAGES; i++)
		assert_memory_equal((u8 *)bench->in + i * PAGE,
				    bench->rig->hbm + hbm + (PAGES - 1 - i) * PAGE, PAGE);
}

static void bus_pages(void **state)
{
	struct bench *bench = *state;
	u64 first = rig_bus_alloc(bench->rig, PAGES), i;

	for (i = 0; i < PAGES; i++)
		rig_map(bench->rig, 0, VA_OUT + i * PAGE, first + i * PAGE, PUMORI_HW_PTE_WRITABLE,
			false);
	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(bench->in, rig_bus(bench->rig, first), PAGES * PAGE);
}

static void huge_pages(void **state)
{
	struct bench *bench = *state;
	u64 hbm = rig_hbm_alloc(bench->rig, 2u << 20, 2u << 20);
	const u64 va = 0x40000000ull;
	struct pumori_hw_job *job;
	u64 sequence;

	rig_map(bench->rig, 0, va, hbm, PUMORI_HW_PTE_HBM | PUMORI_HW_PTE_WRITABLE, true);
	job = rig_next_job(bench->queue);
	rig_variable(job, 0, VA_IN, WORDS * 4, false);
	rig_variable(job, 1, va + (2u << 20) - WORDS * 4, WORDS * 4, true);
	sequence = rig_submit(bench->rig, bench->queue, COPY, 0);
	assert_int_equal(rig_wait(bench->rig, bench->queue, sequence)->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(bench->in, bench->rig->hbm + hbm + (2u << 20) - WORDS * 4, WORDS * 4);
}

static void unmapped_page(void **state)
{
	struct bench *bench = *state;

	rig_unmap(bench->rig, 0, VA_IN + 2 * PAGE);
	expect_fault(run(bench, bench->queue, COPY), PUMORI_HW_FAULT_MMU, 0, VA_IN + 2 * PAGE);
}

static void silicon_mmu_permission(void **state)
{
	struct bench *bench = *state;
	u64 first = rig_hbm_alloc(bench->rig, PAGE, PAGE);

	rig_map(bench->rig, 0, VA_OUT + PAGE, first, PUMORI_HW_PTE_HBM, false);
	expect_fault(run(bench, bench->queue, COPY), PUMORI_HW_FAULT_MMU, 1, VA_OUT + PAGE);
	assert_int_equal(*(u32 *)(bench->rig->hbm + first), 0);
}

static void read_only_variable(void **state)
{
	struct bench *bench = *state;
	struct pumori_hw_job *job = rig_next_job(bench->queue);
	u64 sequence;

	rig_variable(job, 0, VA_IN, WORDS * 4, false);
	rig_variable(job, 1, VA_OUT, WORDS * 4, false);
	sequence = rig_submit(bench->rig, bench->queue, COPY, 0);
	expect_fault(rig_wait(bench->rig, bench->queue, sequence), PUMORI_HW_FAULT_VARIABLE, 1,
		     VA_OUT);
	assert_int_equal(bench->out[0], 0);
}

static void short_variable(void **state)
{
	struct bench *bench = *state;
	struct pumori_hw_job *job = rig_next_job(bench->queue);
	u64 sequence;

	rig_variable(job, 0, VA_IN, WORDS * 4, false);
	rig_variable(job, 1, VA_OUT, WORDS * 4 - 1, true);
	sequence = rig_submit(bench->rig, bench->queue, COPY, 0);
	expect_fault(rig_wait(bench->rig, bench->queue, sequence), PUMORI_HW_FAULT_VARIABLE, 1,
		     VA_OUT);
	/* All is checked before anything is written. */
	assert_int_equal(bench->out[0], 0);
}

static void registers_cannot_leave(void **state)
{
	static const s32 outside[] = { -1, WORDS - 15, WORDS, 0x7fffffff, -0x7fffffff - 1 };
	struct bench *bench = *state;
	struct rig_queue *queue = bench->queue;
	struct pumori_hw_control kill = { .opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
					  .argument = PUMORI_HW_JOB_KILLED };
	struct pumori_hw_job *job;
	u64 sequence;
	u32 i;

	for (i = 0; i < SILICON_ARRAY_SIZE(outside); i++) {
		sequence = submit(bench, queue, BEHIND, 0);
		queue->job[(queue->descriptor->tail - 1) % 16]->scalar[0] = (u32)outside[i];
		expect_fault(rig_wait(bench->rig, queue, sequence), PUMORI_HW_FAULT_VARIABLE, 1,
			     VA_IN + (u64)(4 * (s64)outside[i]));
		teardown(state);
		setup(state);
		bench = *state;
		queue = bench->queue;
	}
	/* The last word that fits the variable, but not SBUF. */
	sequence = submit(bench, queue, BEHIND, 0);
	job = queue->job[(queue->descriptor->tail - 1) % 16];
	job->scalar[0] = SBUF / 4 - 15;
	expect_fault(rig_wait(bench->rig, queue, sequence), PUMORI_HW_FAULT_OPERAND, 2, SBUF - 60);
	assert_memory_equal(bench->out, bench->in + SBUF / 4 - 15, 64);
	kill.target = queue->descriptor->id;
	assert_int_equal(rig_command(bench->rig, 0, kill, NULL), 0);
}

static void broken_page_tables(void **state)
{
	u32 i;

	for (i = 0; i < 9; i++) {
		struct bench *bench = *state;
		struct rig *rig = bench->rig;
		u64 *root = rig_bus(rig, rig->space[0].root), *level2, *level1, *level0;
		u32 fault = PUMORI_HW_FAULT_MMU;

		level2 = rig_bus(rig, root[VA_IN >> 39 & 511] & PUMORI_HW_PTE_ADDRESS);
		level1 = rig_bus(rig, level2[VA_IN >> 30 & 511] & PUMORI_HW_PTE_ADDRESS);
		level0 = rig_bus(rig, level1[VA_IN >> 21 & 511] & PUMORI_HW_PTE_ADDRESS);
		switch (i) {
		case 0:
			root[VA_IN >> 39 & 511] = PUMORI_HW_PTE_VALID | 0x123000;
			fault = PUMORI_HW_FAULT_BUS;
			break;
		case 1:
			root[VA_IN >> 39 & 511] |= PUMORI_HW_PTE_HBM;
			break;
		case 2:
			level2[VA_IN >> 30 & 511] |= PUMORI_HW_PTE_LEAF;
			break;
		case 3:
			level1[VA_IN >> 21 & 511] |= PUMORI_HW_PTE_LEAF;
			break;
		case 4:
			level0[0] &= ~PUMORI_HW_PTE_LEAF;
			break;
		case 5:
			level0[0] &= ~PUMORI_HW_PTE_VALID;
			break;
		case 6:
			level0[0] = RIG_HBM_BYTES | PUMORI_HW_PTE_HBM | PUMORI_HW_PTE_LEAF |
				    PUMORI_HW_PTE_VALID;
			break;
		case 7:
			level0[0] = PUMORI_HW_PTE_ADDRESS | PUMORI_HW_PTE_LEAF | PUMORI_HW_PTE_VALID;
			fault = PUMORI_HW_FAULT_BUS;
			break;
		default:
			level1[VA_IN >> 21 & 511] = 0;
			break;
		}
		expect_fault(run(bench, bench->queue, COPY), fault, 0, VA_IN);
		teardown(state);
		setup(state);
	}
}

static void translations_are_kept_until_invalidated(void **state)
{
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct pumori_hw_control invalidate = { .opcode = PUMORI_HW_CONTROL_TLB_INVALIDATE,
						.address = VA_OUT + PAGE,
						.length = PAGE };
	u64 first = rig_hbm_alloc(rig, PAGE, PAGE);
	u32 *moved = (u32 *)(rig->hbm + first);

	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
	rig_map(rig, 0, VA_OUT + PAGE, first, PUMORI_HW_PTE_HBM | PUMORI_HW_PTE_WRITABLE, false);
	/* Another address space, then another range: the old translation may stay. */
	invalidate.target = 1;
	assert_int_equal(rig_command(rig, 0, invalidate, NULL), 0);
	invalidate.target = 0;
	invalidate.address = VA_OUT + 2 * PAGE;
	assert_int_equal(rig_command(rig, 0, invalidate, NULL), 0);
	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(moved[0], 0);
	invalidate.address = VA_OUT + PAGE;
	assert_int_equal(rig_command(rig, 0, invalidate, NULL), 0);
	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(moved, (u8 *)bench->in + PAGE, PAGE);
	/* Length zero is everything. */
	rig_unmap(rig, 0, VA_IN);
	invalidate.address = 0;
	invalidate.length = 0;
	assert_int_equal(rig_command(rig, 0, invalidate, NULL), 0);
	expect_fault(run(bench, bench->queue, COPY), PUMORI_HW_FAULT_MMU, 0, VA_IN);
}

static void address_spaces_are_apart(void **state)
{
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	struct rig_queue *foreign = rig_queue_create(rig, 1, 1, 1000);
	u32 *out = (u32 *)rig_buffer(rig, 1, VA_OUT, PAGES * PAGE, true);

	assert_int_equal(rig_runlist(rig, 3), 0);
	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
	/* The other space has no input at that address, whatever the translation buffer holds. */
	expect_fault(run(bench, foreign, COPY), PUMORI_HW_FAULT_MMU, 0, VA_IN);
	assert_int_equal(out[0], 0);
}

static void job_page_without_memory(void **state)
{
	struct bench *bench = *state;
	const struct pumori_hw_record *record;
	u64 sequence;

	bench->queue->job_address[0] = 0x1000;
	sequence = submit(bench, bench->queue, COPY, 0);
	record = rig_wait(bench->rig, bench->queue, sequence);
	assert_non_null(record);
	assert_int_equal(record->fault, PUMORI_HW_FAULT_BUS);
}

static void silicon_slot_clear(void **state)
{
	struct bench *bench = *state;
	u32 words = SBUF / 4, i, seen = 0;

	/* One slot, two queues: what the first left may not reach the second. */
	assert_int_equal(run(bench, bench->queue, FILL)->status, PUMORI_HW_JOB_DONE);
	assert_int_equal(run(bench, bench->queue, DUMP)->status, PUMORI_HW_JOB_DONE);
	for (i = 0; i < words; i++)
		seen += bench->out[i] != 0;
	assert_int_equal(seen, words);
	bench->rig->budget = 5;
	assert_int_equal(run(bench, bench->other, DUMP)->status, PUMORI_HW_JOB_DONE);
	for (i = 0; i < words; i++)
		assert_int_equal(bench->out[i], 0);
}

static u64 submit_expecting(struct bench *bench, struct rig_queue *queue, u32 program, u32 entry,
			    u64 residency)
{
	rig_next_command(queue)->residency = residency;
	return submit(bench, queue, program, entry);
}

static void residency(void **state)
{
	struct bench *bench = *state;
	struct rig *rig = bench->rig;
	const struct pumori_hw_record *record;
	u64 generation;

	record = rig_wait(rig, bench->queue, submit(bench, bench->queue, PRELOAD, 0));
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	generation = record->residency;
	assert_int_not_equal(generation, 0);
	assert_int_equal(bench->queue->completion->residency, generation);
	/* The same, whatever it is called: what the command before left. */
	record = rig_wait(rig, bench->queue,
			  submit_expecting(bench, bench->queue, PRELOAD, 1,
					   PUMORI_HW_RESIDENCY_PREVIOUS));
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	assert_true(record->started && record->ended > record->started);
	/* As long as nobody else came, SBUF is what the preload left. */
	record = rig_wait(rig, bench->queue,
			  submit_expecting(bench, bench->queue, PRELOAD, 1, generation));
	assert_int_equal(record->status, PUMORI_HW_JOB_DONE);
	assert_memory_equal(bench->in, bench->out, 64);
	record = rig_wait(rig, bench->queue,
			  submit_expecting(bench, bench->queue, PRELOAD, 1, generation + 1));
	assert_int_equal(record->status, PUMORI_HW_JOB_NOT_RESIDENT);
	/* What was refused left nothing. */
	record = rig_wait(rig, bench->queue,
			  submit_expecting(bench, bench->queue, PRELOAD, 1,
					   PUMORI_HW_RESIDENCY_PREVIOUS));
	assert_int_equal(record->status, PUMORI_HW_JOB_NOT_RESIDENT);
	/* Another program of the same queue. */
	run(bench, bench->queue, FILL);
	record = rig_wait(rig, bench->queue,
			  submit_expecting(bench, bench->queue, PRELOAD, 1, generation));
	assert_int_equal(record->status, PUMORI_HW_JOB_NOT_RESIDENT);
	/* Again resident, then another queue takes the only slot. */
	record = rig_wait(rig, bench->queue, submit(bench, bench->queue, PRELOAD, 0));
	generation = record->residency;
	run(bench, bench->other, COPY);
	assert_int_equal(bench->queue->completion->residency, 0);
	record = rig_wait(rig, bench->queue,
			  submit_expecting(bench, bench->queue, PRELOAD, 1, generation));
	assert_int_equal(record->status, PUMORI_HW_JOB_NOT_RESIDENT);
	/* Not a fault: the queue goes on. */
	assert_int_equal(run(bench, bench->queue, COPY)->status, PUMORI_HW_JOB_DONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(bus_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(huge_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(unmapped_page, setup, teardown),
		cmocka_unit_test_setup_teardown(silicon_mmu_permission, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(short_variable, setup, teardown),
		cmocka_unit_test_setup_teardown(registers_cannot_leave, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_page_tables, setup, teardown),
		cmocka_unit_test_setup_teardown(translations_are_kept_until_invalidated, setup,
						teardown),
		cmocka_unit_test_setup_teardown(address_spaces_are_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(job_page_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(silicon_slot_clear, setup_one_slot, teardown),
		cmocka_unit_test_setup_teardown(residency, setup_one_slot, teardown),
	};

	return cmocka_run_group_tests_name("silicon_memory", tests, NULL, NULL);
}
