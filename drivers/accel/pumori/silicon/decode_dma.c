// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * DMA instructions. An SBUF side is checked like an operand; a memory side is checked against its
 * variable when it is issued, for only the job knows how long the variable is.
 */
#include "decode.h"
#include "helpers.h"
#include "kernels.h"

static enum silicon_refusal decode_side(const struct silicon_decoder *decoder,
					const struct pumori_isa_dma_side *raw, bool output,
					struct silicon_side *out, u64 *elements)
{
	enum silicon_refusal refusal;
	bool registers;
	u32 i, to;

	if (raw->space != PUMORI_ISA_SBUF && raw->space != PUMORI_ISA_MEMORY)
		return SILICON_REFUSED_SPACE;
	refusal = silicon_check_pattern(decoder, raw, output, SILICON_MAX_DMA_ELEMENTS, &registers);
	if (refusal)
		return refusal;
	if (raw->space == PUMORI_ISA_MEMORY) {
		if (raw->variable >= decoder->variables || raw->variable >= PUMORI_ISA_VARIABLES)
			return SILICON_REFUSED_VARIABLE;
		/* Keeps later sums of offset, pattern and bindings far from wrapping. */
		if (raw->offset >> PUMORI_HW_VA_BITS)
			return SILICON_REFUSED_BOUNDS;
	} else if (raw->variable) {
		return SILICON_REFUSED_RESERVED;
	}

	*elements = 1;
	for (i = 0; i < 5; i++) {
		out->count[i] = 1;
		out->step[i] = 0;
	}
	for (i = 0; i < raw->dims; i++) {
		to = 5 - raw->dims + i;
		out->count[to] = raw->count[i];
		out->step[to] = raw->count[i] > 1 ? raw->step[i] : 0;
		*elements *= raw->count[i];
	}
	if (raw->space == PUMORI_ISA_SBUF) {
		out->count[0] = raw->partition_count;
		out->step[0] = raw->partition_step;
		*elements *= raw->partition_count;
	}
	for (i = 0; i < 2; i++) {
		out->bind[i] = raw->bind[i];
		out->bind_stride[i] = raw->bind_stride[i];
	}
	out->offset = raw->offset;
	out->variable = (u8)raw->variable;
	out->partition = raw->partition_start;
	out->dtype = raw->dtype;
	out->size = (u8)silicon_dtype_size(raw->dtype);
	out->memory = raw->space == PUMORI_ISA_MEMORY;
	out->registers = registers;
	return *elements > SILICON_MAX_DMA_ELEMENTS ? SILICON_REFUSED_SHAPE : SILICON_REFUSED_NONE;
}

static bool integer(u8 dtype)
{
	return dtype >= PUMORI_ISA_INT8 && dtype <= PUMORI_ISA_UINT64;
}

/* One element a row: the side whose dimension 0 is picked by the index must have that dimension. */
static enum silicon_refusal decode_index(const struct silicon_decoder *decoder,
					 const struct pumori_isa_dma *raw,
					 const struct pumori_isa_dma_side *indexed,
					 struct silicon_dma *out, u64 *rows)
{
	enum silicon_refusal refusal;
	u32 i;

	if (raw->index.space != PUMORI_ISA_SBUF || indexed->space != PUMORI_ISA_MEMORY)
		return SILICON_REFUSED_SPACE;
	refusal = silicon_decode_operand(decoder, &raw->index, false, &out->index);
	if (refusal)
		return refusal;
	if (!integer(raw->index.dtype))
		return SILICON_REFUSED_DTYPE;
	if (raw->index.partition_count != 1)
		return SILICON_REFUSED_PARTITIONS;
	*rows = 1;
	for (i = 0; i < 4; i++)
		*rows *= out->index.count[i];
	return SILICON_REFUSED_NONE;
}

/*
 * In a decoded indexed side, dimension 0 stays the row: shift a smaller pattern to fill from there.
 */
static void move_row_dimension(struct silicon_side *side, const struct pumori_isa_dma_side *raw)
{
	side->count[5 - raw->dims] = 1;
	side->step[5 - raw->dims] = 0;
	side->count[0] = raw->count[0];
	side->step[0] = raw->step[0];
}

enum silicon_refusal silicon_decode_dma(const struct silicon_decoder *decoder, u16 opcode,
					const struct pumori_isa_dma *raw, struct silicon_dma *out)
{
	u64 destination, source, row, rows;
	enum silicon_refusal refusal;

	if (raw->source.flags || raw->destination.flags & ~PUMORI_ISA_DMA_STREAM)
		return SILICON_REFUSED_RESERVED;
	if (raw->destination.flags &&
	    (opcode != PUMORI_ISA_DMA_COPY || raw->destination.space != PUMORI_ISA_SBUF ||
	     raw->source.space != PUMORI_ISA_MEMORY))
		return SILICON_REFUSED_SPACE;
	if (raw->destination.flags && raw->destination.dtype != raw->source.dtype)
		return SILICON_REFUSED_DTYPE;
	refusal = decode_side(decoder, &raw->destination, true, &out->destination, &destination);
	if (refusal)
		return refusal;
	refusal = decode_side(decoder, &raw->source, false, &out->source, &source);
	if (refusal)
		return refusal;
	if (opcode == PUMORI_ISA_DMA_COPY) {
		if (raw->index.space)
			return SILICON_REFUSED_SPACE;
		out->elements = (u32)destination;
		out->row_elements = (u32)destination;
		if (!silicon_all_zero(&raw->index, sizeof(raw->index)))
			return SILICON_REFUSED_RESERVED;
		return destination == source ? SILICON_REFUSED_NONE : SILICON_REFUSED_DMA_SHAPE;
	}
	if (opcode == PUMORI_ISA_DMA_GATHER) {
		refusal = decode_index(decoder, raw, &raw->source, out, &rows);
		if (refusal)
			return refusal;
		move_row_dimension(&out->source, &raw->source);
		row = source / raw->source.count[0];
		out->elements = (u32)destination;
		out->row_elements = (u32)row;
		return row * rows == destination ? SILICON_REFUSED_NONE : SILICON_REFUSED_DMA_SHAPE;
	}
	refusal = decode_index(decoder, raw, &raw->destination, out, &rows);
	if (refusal)
		return refusal;
	move_row_dimension(&out->destination, &raw->destination);
	row = destination / raw->destination.count[0];
	out->elements = (u32)source;
	out->row_elements = (u32)row;
	return row * rows == source ? SILICON_REFUSED_NONE : SILICON_REFUSED_DMA_SHAPE;
}
