// SPDX-License-Identifier: MIT
/*
 * What each node costs by the compiler's own estimate: the tensor engine takes a column of up to
 * 128 x 128 products a cycle, the others one element a partition and cycle, DMA 64 bytes a cycle;
 * every instruction takes at least 64 cycles.
 */
#include <stdlib.h>

#include "passes.h"

#define INSTRUCTION_CYCLES 64
#define DMA_BYTES_A_CYCLE 64

enum unit { UNIT_TENSOR, UNIT_VECTOR, UNIT_SCALAR, UNIT_GPSIMD, UNIT_DMA, UNITS };

static const char *const unit_names[] = { "TENSOR", "VECTOR", "SCALAR", "GPSIMD", "DMA" };

struct cost {
	uint64_t instructions, macs, bytes;
	uint64_t cycles[UNITS];
};

static uint64_t elements(const struct pumori_isa_operand *operand)
{
	uint64_t count = 1;

	for (unsigned int i = 0; i < operand->dims; i++)
		count *= operand->count[i];
	return count;
}

static void add_cost(struct cost *cost, const struct pumori_tile_instruction *instruction,
		     uint64_t stationary_rows)
{
	const struct pumori_isa_instruction *isa = &instruction->isa;
	const struct pumori_isa_dma_side *side = &isa->dma.destination;
	uint64_t work = 0, moved = 1;
	enum unit unit = UNIT_VECTOR;

	cost->instructions++;
	switch (pumori_isa_opcode_format(isa->opcode)) {
	case PUMORI_ISA_FORMAT_DMA:
		unit = UNIT_DMA;
		for (unsigned int i = 0; i < side->dims; i++)
			moved *= side->count[i];
		if (side->space == PUMORI_ISA_SBUF)
			moved *= side->partition_count;
		moved *= pumori_isa_bytes(side->dtype);
		cost->bytes += moved;
		work = moved / DMA_BYTES_A_CYCLE;
		break;
	case PUMORI_ISA_FORMAT_COMPUTE:
		for (unsigned int i = 0; i < 3; i++)
			if (isa->compute.in[i].space && elements(&isa->compute.in[i]) > work)
				work = elements(&isa->compute.in[i]);
		if (isa->compute.out.space && elements(&isa->compute.out) > work)
			work = elements(&isa->compute.out);
		if (instruction->stream <= PUMORI_ISA_GPSIMD)
			unit = (enum unit)instruction->stream;
		if (isa->opcode == PUMORI_ISA_MULTIPLY_MOVING)
			cost->macs += work * stationary_rows * isa->compute.out.partition_count;
		if (isa->opcode == PUMORI_ISA_WINDOW_MULTIPLY)
			cost->macs += work * isa->compute.out.partition_count;
		break;
	default:
		break;
	}
	cost->cycles[unit] += work > INSTRUCTION_CYCLES ? work : INSTRUCTION_CYCLES;
}

static void add_all(const struct pumori_tile_program *program, struct cost *total,
		    struct cost *nodes)
{
	uint64_t rows = 0;

	for (uint32_t i = 0; i < program->instruction_count; i++) {
		const struct pumori_tile_instruction *instruction = &program->instructions[i];

		/* Not a run's cost. */
		if (pumori_is_preload(program, instruction))
			continue;
		if (instruction->isa.opcode == PUMORI_ISA_MULTIPLY_MOVING)
			rows = instruction->isa.compute.in[0].partition_count;
		add_cost(total, instruction, rows);
		if (nodes && instruction->node < program->node_count)
			add_cost(&nodes[instruction->node], instruction, rows);
	}
}

void pumori_count(const struct pumori_tile_program *program, uint64_t *macs, uint64_t *cycles)
{
	struct cost total = { 0 };

	add_all(program, &total, NULL);
	*macs = total.macs;
	*cycles = 0;
	for (unsigned int u = 0; u < UNITS; u++)
		if (total.cycles[u] > *cycles)
			*cycles = total.cycles[u];
}

static void print_cost(const struct cost *cost, const char *name, const char *operation,
		       FILE *stream)
{
	unsigned int bound = 0;
	uint64_t sum = 0;

	for (unsigned int u = 0; u < UNITS; u++) {
		sum += cost->cycles[u];
		if (cost->cycles[u] > cost->cycles[bound])
			bound = u;
	}
	fprintf(stream, "%8llu %12llu %10llu %10llu %-7s %s%s%s\n",
		(unsigned long long)cost->instructions, (unsigned long long)cost->macs,
		(unsigned long long)cost->bytes, (unsigned long long)sum,
		cost->instructions ? unit_names[bound] : "-", name, operation ? "  " : "",
		operation ? operation : "");
}

void pumori_report(const struct pumori_tile_program *program, FILE *stream)
{
	struct cost *nodes = calloc(program->node_count + 1, sizeof(*nodes));
	struct cost total = { 0 };

	if (!nodes)
		return;
	add_all(program, &total, nodes);
	fprintf(stream, "%8s %12s %10s %10s %-7s %s\n", "instr", "MACs", "DMA bytes", "cycles",
		"bound", "node");
	for (uint32_t i = 0; i < program->node_count; i++)
		print_cost(&nodes[i], program->nodes[i].name, program->nodes[i].operation, stream);
	print_cost(&total, "total", NULL, stream);
	fprintf(stream,
		"SBUF %llu bytes a partition (%llu preloaded), PSUM %llu, scratch %llu, weights %llu\n",
		(unsigned long long)program->sbuf_bytes,
		(unsigned long long)program->preloaded_bytes, (unsigned long long)program->psum_bytes,
		(unsigned long long)program->scratch_bytes,
		(unsigned long long)program->weights_bytes);
	free(nodes);
}
