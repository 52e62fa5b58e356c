// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Access patterns: every address that loops can give is computed as an interval and compared with the
 * program's footprint once, here. An address that a register moves is compared when it is issued.
 * Operands and the sides of a DMA are checked by the same code, in the wider form of the latter.
 */
#include "decode.h"
#include "helpers.h"
#include "kernels.h"

/* Sorted by step, each step must clear everything below it: then no two elements share a byte. */
static bool overlaps_itself(const struct pumori_isa_dma_side *side, u32 size)
{
	u64 reach = size, smallest, width;
	u32 left, i, pick, done = 0;

	for (left = 0; left < side->dims; left++) {
		pick = 5;
		smallest = 0;
		for (i = 0; i < side->dims; i++) {
			width = (u64)(side->step[i] < 0 ? -(s64)side->step[i] :
							  (s64)side->step[i]) *
				size;
			if (!(done & 1u << i) && side->count[i] > 1 &&
			    (pick == 5 || width < smallest)) {
				pick = i;
				smallest = width;
			}
		}
		if (pick == 5)
			return false;
		if (smallest < reach)
			return true;
		/* At most 2^34 * 2^32 five times: beyond 2^63 no address is left anyway. */
		if (__builtin_mul_overflow(smallest, (u64)side->count[pick] - 1, &width) ||
		    __builtin_add_overflow(reach, width, &reach))
			return true;
		done |= 1u << pick;
	}
	return false;
}

static enum silicon_refusal check_partitions(const struct pumori_isa_dma_side *side, bool output)
{
	u32 last;

	if (side->space == PUMORI_ISA_MEMORY)
		return side->partition_start || side->partition_count || side->partition_step ?
		       SILICON_REFUSED_PARTITIONS : SILICON_REFUSED_NONE;
	if (side->partition_step > 1 || (output && !side->partition_step))
		return SILICON_REFUSED_PARTITIONS;
	if (!side->partition_count || side->partition_count > PUMORI_ISA_PARTITIONS)
		return SILICON_REFUSED_PARTITIONS;
	last = side->partition_start + (side->partition_count - 1u) * side->partition_step;
	return last < PUMORI_ISA_PARTITIONS ? SILICON_REFUSED_NONE : SILICON_REFUSED_PARTITIONS;
}

/* Checks one binding and adds what a loop lets it reach to [low, high]. */
static enum silicon_refusal check_binding(const struct silicon_decoder *decoder, u8 bind,
					  s64 stride, u32 size, s64 *low, s64 *high,
					  bool *registers)
{
	u32 level, count;

	if (bind == PUMORI_ISA_BIND_NONE)
		return stride ? SILICON_REFUSED_BINDING : SILICON_REFUSED_NONE;
	if (stride % (s64)size)
		return SILICON_REFUSED_ALIGNMENT;
	if (bind >= SILICON_BOUND_REGISTER) {
		if (bind >= SILICON_BOUND_VALUES)
			return SILICON_REFUSED_BINDING;
		*registers = true;
		return SILICON_REFUSED_NONE;
	}
	level = bind - PUMORI_ISA_BIND_LOOP(0);
	if (level >= decoder->depth)
		return SILICON_REFUSED_BINDING;
	count = decoder->loop_count[silicon_clamp(level, PUMORI_ISA_LOOP_LEVELS)];
	/* A loop that never runs its body has no last iteration to check. */
	count = SILICON_MAX(count, 1u);
	if (silicon_add_product(stride < 0 ? low : high, stride, (s64)count - 1))
		return SILICON_REFUSED_BOUNDS;
	return SILICON_REFUSED_NONE;
}

static enum silicon_refusal check_shape(const struct pumori_isa_dma_side *side, u32 size, u64 limit,
					s64 *low, s64 *high)
{
	u64 elements = 1;
	s64 step;
	u32 i;

	if (side->dims < 1 || side->dims > (side->space == PUMORI_ISA_MEMORY ? 5 : 4))
		return SILICON_REFUSED_SHAPE;
	for (i = 0; i < 5; i++) {
		if (i >= side->dims) {
			if (side->count[i] || side->step[i])
				return SILICON_REFUSED_SHAPE;
			continue;
		}
		if (!side->count[i] ||
		    __builtin_mul_overflow(elements, (u64)side->count[i], &elements) ||
		    elements > limit)
			return SILICON_REFUSED_SHAPE;
		step = (s64)side->step[i] * size;
		if (silicon_add_product(step < 0 ? low : high, step, (s64)side->count[i] - 1))
			return SILICON_REFUSED_BOUNDS;
	}
	return SILICON_REFUSED_NONE;
}

enum silicon_refusal silicon_check_pattern(const struct silicon_decoder *decoder,
					   const struct pumori_isa_dma_side *side, bool output,
					   u64 limit, bool *registers)
{
	u32 size = silicon_dtype_size(side->dtype), i;
	enum silicon_refusal refusal;
	s64 low = 0, high = 0, footprint;

	*registers = false;
	if (side->reserved)
		return SILICON_REFUSED_RESERVED;
	if (!size)
		return SILICON_REFUSED_DTYPE;
	refusal = check_partitions(side, output);
	if (refusal)
		return refusal;
	refusal = check_shape(side, size, limit, &low, &high);
	if (refusal)
		return refusal;
	if (side->offset % size)
		return SILICON_REFUSED_ALIGNMENT;
	if (output && overlaps_itself(side, size))
		return SILICON_REFUSED_OVERLAP;

	footprint = side->space == PUMORI_ISA_PSUM ? decoder->psum_bytes : decoder->sbuf_bytes;
	/* A register may move the pattern anywhere, but it must fit somewhere. */
	if (side->space != PUMORI_ISA_MEMORY &&
	    (low < -footprint || high > footprint || high - low > footprint))
		return SILICON_REFUSED_BOUNDS;
	for (i = 0; i < 2; i++) {
		refusal = check_binding(decoder, side->bind[i], side->bind_stride[i], size, &low,
					&high, registers);
		if (refusal)
			return refusal;
	}
	if (side->space == PUMORI_ISA_MEMORY)
		return SILICON_REFUSED_NONE;
	if (side->offset >= (u64)footprint)
		return SILICON_REFUSED_BOUNDS;
	/* Beside a register, loops must leave the sum at issue far from wrapping. */
	if (low < -SILICON_MAX_REACH || high > SILICON_MAX_REACH)
		return SILICON_REFUSED_BOUNDS;
	if (!*registers &&
	    (low < -(s64)side->offset || high > footprint - (s64)side->offset - (s64)size))
		return SILICON_REFUSED_BOUNDS;
	return SILICON_REFUSED_NONE;
}

enum silicon_refusal silicon_decode_operand(const struct silicon_decoder *decoder,
					    const struct pumori_isa_operand *raw, bool output,
					    struct silicon_operand *out)
{
	struct pumori_isa_dma_side side;
	enum silicon_refusal refusal;
	u32 size, i, to;
	bool registers;

	if (raw->space == PUMORI_ISA_UNUSED)
		return silicon_all_zero(raw, sizeof(*raw)) ? SILICON_REFUSED_NONE :
							     SILICON_REFUSED_RESERVED;
	if (raw->space != PUMORI_ISA_SBUF && raw->space != PUMORI_ISA_PSUM)
		return SILICON_REFUSED_SPACE;

	memset(&side, 0, sizeof(side));
	side.space = raw->space;
	side.dtype = raw->dtype;
	side.partition_start = raw->partition_start;
	side.partition_count = raw->partition_count;
	side.partition_step = raw->partition_step;
	side.dims = raw->dims;
	side.offset = raw->offset;
	side.reserved = raw->reserved;
	for (i = 0; i < 4; i++) {
		side.count[i] = raw->count[i];
		side.step[i] = raw->step[i];
	}
	for (i = 0; i < 2; i++) {
		side.bind[i] = raw->bind[i];
		side.bind_stride[i] = raw->bind_stride[i];
	}
	refusal = silicon_check_pattern(decoder, &side, output, SILICON_MAX_ELEMENTS, &registers);
	if (refusal)
		return refusal;

	size = silicon_dtype_size(raw->dtype);
	out->location = raw->offset | (u32)raw->partition_start << SILICON_LOCATION_START;
	for (i = 0; i < 4; i++) {
		out->count[i] = 1;
		out->step[i] = 0;
	}
	for (i = 0; i < raw->dims; i++) {
		to = 4 - raw->dims + i;
		out->count[to] = raw->count[i];
		/*
		 * A dimension of one element never moves, and its step may be anything: forget it.
		 */
		if (raw->count[i] > 1)
			out->step[to] = raw->step[i] * (s32)size;
	}
	for (i = 0; i < 2; i++) {
		out->bind[i] = raw->bind[i];
		out->bind_stride[i] = raw->bind_stride[i];
	}
	out->partitions = raw->partition_count;
	out->kind = raw->dtype;
	if (raw->space == PUMORI_ISA_PSUM)
		out->kind |= SILICON_KIND_PSUM;
	if (!raw->partition_step)
		out->kind |= SILICON_KIND_BROADCAST;
	if (registers)
		out->kind |= SILICON_KIND_REGISTER;
	return SILICON_REFUSED_NONE;
}
