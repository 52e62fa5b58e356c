// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Cycles of the modelled chip, at a reference clock of 1.4 GHz; Documentation/isa.md has the table. They
 * depend on the instruction alone, so that every socket and every kernel set counts the same.
 */
#include "../kernels.h"

#define ISSUE_CYCLES		64u	/* fill and drain of an engine's pipeline */
#define DMA_CYCLES		1400u	/* a descriptor's latency, about a microsecond */
#define DMA_BYTES_A_CYCLE	32u	/* of one queue */
#define SERIAL_FACTOR		4u	/* GATHER, SCATTER and INT64: one element in four cycles */

static u64 elements(const struct pumori_isa_operand *operand)
{
	u64 count = 1;
	u32 d;

	if (operand->space == PUMORI_ISA_UNUSED)
		return 0;
	for (d = 0; d < 4 && d < operand->dims; d++)
		count *= operand->count[d];
	return count;
}

u64 silicon_compute_cycles(u16 opcode, const struct pumori_isa_compute *compute)
{
	u64 out = elements(&compute->out), in = elements(&compute->in[0]), longest = SILICON_MAX(out, in);
	u32 passes = compute->in[0].dtype == PUMORI_ISA_FP32 ? 4 : 1;

	switch (opcode) {
	case PUMORI_ISA_LOAD_STATIONARY:
		return SILICON_MAX(compute->in[0].partition_count, 64u) * passes;
	case PUMORI_ISA_MULTIPLY_MOVING:
		return SILICON_MAX(in, 64u) * passes;
	case PUMORI_ISA_GATHER:
	case PUMORI_ISA_SCATTER:
		return ISSUE_CYCLES + SERIAL_FACTOR * longest;
	default:
		if (compute->compute == PUMORI_ISA_INT64)
			longest *= SERIAL_FACTOR;
		return ISSUE_CYCLES + longest;
	}
}

u64 silicon_dma_cycles(u64 bytes)
{
	return DMA_CYCLES + (bytes + DMA_BYTES_A_CYCLE - 1) / DMA_BYTES_A_CYCLE;
}
