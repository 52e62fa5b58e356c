// SPDX-License-Identifier: MIT
/* What instructions touch: one box of partitions and bytes an operand. */
#include "passes.h"

static void widen(struct pumori_extent *extent, unsigned int dims, const uint32_t *count,
		  const int32_t *step, uint64_t offset, unsigned int bytes)
{
	int64_t low = 0, high = bytes;

	for (unsigned int i = 0; i < dims; i++) {
		int64_t reach = ((int64_t)count[i] - 1) * step[i] * bytes;

		if (reach < 0)
			low += reach;
		else
			high += reach;
	}
	extent->first_byte = offset + low;
	extent->end_byte = offset + high;
}

static unsigned int add_operand(struct pumori_extent *extents, unsigned int count,
				const struct pumori_isa_operand *operand, bool write)
{
	struct pumori_extent *extent = &extents[count];
	uint32_t counts[4];

	if (operand->space == PUMORI_ISA_UNUSED)
		return count;
	for (unsigned int i = 0; i < 4; i++)
		counts[i] = operand->count[i];
	*extent = (struct pumori_extent){ .space = operand->space, .write = write,
					  .first_partition = operand->partition_start };
	extent->end_partition = operand->partition_start + 1 +
				(operand->partition_count - 1) * operand->partition_step;
	widen(extent, operand->dims, counts, operand->step, operand->offset,
	      pumori_isa_bytes(operand->dtype));
	return count + 1;
}

static unsigned int add_side(struct pumori_extent *extents, unsigned int count,
			     const struct pumori_isa_dma_side *side, bool write, bool whole)
{
	struct pumori_extent *extent = &extents[count];

	*extent = (struct pumori_extent){ .space = side->space, .write = write,
					  .variable = side->variable,
					  .first_partition = side->partition_start };
	if (side->space == PUMORI_ISA_SBUF)
		extent->end_partition = side->partition_start + 1 +
					(side->partition_count - 1) * side->partition_step;
	else
		extent->end_partition = 1;
	widen(extent, side->dims, side->count, side->step, side->offset,
	      pumori_isa_bytes(side->dtype));
	if (whole) {
		extent->first_byte = 0;
		extent->end_byte = UINT64_MAX;
	}
	return count + 1;
}

unsigned int pumori_instruction_extents(const struct pumori_tile_instruction *instruction,
					struct pumori_extent *extents)
{
	const struct pumori_isa_instruction *isa = &instruction->isa;
	const struct pumori_isa_compute *compute = &isa->compute;
	unsigned int count = 0;

	switch (pumori_isa_opcode_format(isa->opcode)) {
	case PUMORI_ISA_FORMAT_DMA:
		count = add_side(extents, count, &isa->dma.source, false,
				 isa->opcode == PUMORI_ISA_DMA_GATHER);
		count = add_side(extents, count, &isa->dma.destination, true,
				 isa->opcode == PUMORI_ISA_DMA_SCATTER);
		count = add_operand(extents, count, &isa->dma.index, false);
		break;
	case PUMORI_ISA_FORMAT_COMPUTE:
		for (unsigned int i = 0; i < 3; i++)
			count = add_operand(extents, count, &compute->in[i], false);
		count = add_operand(extents, count, &compute->out, true);
		if (compute->accumulator_space) {
			struct pumori_extent *extent = &extents[count++];

			*extent = extents[count - 2];
			extent->space = PUMORI_ISA_SBUF;
			extent->first_byte = compute->accumulator_offset;
			extent->end_byte = compute->accumulator_offset + 4;
		}
		break;
	default:
		break;
	}
	return count;
}
