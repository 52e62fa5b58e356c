// SPDX-License-Identifier: MIT
#include "profile_usage.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pumori/isa.h"

/* Bytes of a partition that are looked at as one. */
#define BLOCK_BYTES	256u
#define SBUF_BLOCKS	(PUMORI_ISA_SBUF_BYTES / BLOCK_BYTES)
#define PSUM_BLOCKS	(PUMORI_ISA_PSUM_BYTES / BLOCK_BYTES)
#define BLOCKS		(SBUF_BLOCKS + PSUM_BLOCKS)

/** struct block - BLOCK_BYTES of a partition */
struct block {
	/** @written: bin in which what it holds began to be written, plus one; 0: nothing yet */
	uint16_t written;
	/** @read: bin of the last read since, plus one; 0: none */
	uint16_t read;
};

struct memory {
	struct block block[PUMORI_ISA_PARTITIONS][BLOCKS];
};

/* What a block held from its first write to its last read is over. */
static void close_block(struct cli_usage *usage, struct block *block, bool psum)
{
	int64_t *curve = psum ? usage->psum : usage->sbuf;

	if (block->written && block->read >= block->written) {
		curve[block->written - 1] += BLOCK_BYTES;
		curve[block->read] -= BLOCK_BYTES;
	}
}

static void touch(struct cli_usage *usage, struct memory *memory, const struct pumori_profile_operand *operand,
		  uint32_t bin, bool write)
{
	uint32_t blocks = operand->psum ? PSUM_BLOCKS : SBUF_BLOCKS;
	uint32_t first = operand->offset / BLOCK_BYTES, last;
	uint64_t end = (uint64_t)operand->offset + operand->extent;

	if (!operand->extent || first >= blocks)
		return;
	last = (uint32_t)((end - 1) / BLOCK_BYTES < blocks ? (end - 1) / BLOCK_BYTES : blocks - 1);
	for (uint32_t p = operand->partition; p < (uint32_t)operand->partition + operand->partitions && p < PUMORI_ISA_PARTITIONS; p++)
		for (uint32_t b = first; b <= last; b++) {
			struct block *block = &memory->block[p][operand->psum ? SBUF_BLOCKS + b : b];

			if (!write) {
				if (block->written && bin + 1 > block->read)
					block->read = (uint16_t)(bin + 1);
			} else if (!block->written || block->read) {
				/* Another value; before it was read, a write builds the same one up. */
				close_block(usage, block, operand->psum);
				block->written = (uint16_t)(bin + 1);
				block->read = 0;
			}
		}
}

/* Adds @amount to the pieces between two cycles, in proportion. */
static void spread(double *curve, const struct cli_usage *usage, uint64_t begin, uint64_t end, double amount)
{
	uint64_t length = end > begin ? end - begin : 1;

	for (uint64_t at = begin; at < begin + length;) {
		uint64_t bin = at / usage->bin_cycles;
		uint64_t next = (bin + 1) * usage->bin_cycles;

		if (next > begin + length)
			next = begin + length;
		curve[bin < CLI_USAGE_BINS ? bin : CLI_USAGE_BINS - 1] += amount * (double)(next - at) / (double)length;
		at = next;
	}
}

static uint32_t bin_of(const struct cli_usage *usage, uint64_t cycle)
{
	uint64_t bin = cycle / usage->bin_cycles;

	return bin < usage->bins ? (uint32_t)bin : usage->bins - 1;
}

int cli_usage_compute(struct cli_usage *usage, const struct cli_profile *profile, const struct cli_profile_job *job)
{
	struct memory *memory = calloc(1, sizeof(*memory));

	memset(usage, 0, sizeof(*usage));
	if (!memory)
		return -1;
	usage->bin_cycles = job->cycles / CLI_USAGE_BINS + 1;
	usage->bins = (uint32_t)(job->cycles / usage->bin_cycles + 1);
	if (usage->bins > CLI_USAGE_BINS)
		usage->bins = CLI_USAGE_BINS;
	/* In the order of execution, which is one that the semaphores allow. */
	for (size_t i = 0; i < job->record_count; i++) {
		const struct pumori_profile_instruction *record = &profile->records[job->records[i]];

		for (size_t k = 0; k < 3; k++)
			touch(usage, memory, &record->in[k], bin_of(usage, record->end), false);
		touch(usage, memory, &record->out, bin_of(usage, record->begin), true);
		if (record->stream >= PUMORI_ISA_DMA0)
			spread(usage->memory, usage, record->begin, record->end, (double)record->bytes);
		spread(usage->energy_pj, usage, record->begin, record->end, (double)record->energy_pj);
	}
	for (uint32_t p = 0; p < PUMORI_ISA_PARTITIONS; p++)
		for (uint32_t b = 0; b < BLOCKS; b++)
			close_block(usage, &memory->block[p][b], b >= SBUF_BLOCKS);
	free(memory);
	/* From steps to levels. */
	for (uint32_t b = 1; b < usage->bins; b++) {
		usage->sbuf[b] += usage->sbuf[b - 1];
		usage->psum[b] += usage->psum[b - 1];
	}
	return 0;
}
