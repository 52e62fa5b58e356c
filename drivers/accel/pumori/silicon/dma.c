// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * DMA: both sides are walked in row-major order, each by its own pattern, in runs as long as both
 * sides, the current row and the pages allow. Where a run ends never depends on the budget.
 */
#include "internal.h"

/* Longest piece moved between two looks at the budget. */
#define CHUNK_ELEMENTS	16384u

#define MAX_INDEX	0x7fffffffffffffffll

/* Byte steps, and the innermost dimensions that can be walked with one step, as one run. */
static void walk_begin(struct silicon_walk *walk, const struct silicon_side *side, u32 first)
{
	u32 d;

	for (d = 0; d < 5; d++) {
		walk->count[d] = side->count[d];
		walk->step[d] = (s64)side->step[d] * side->size;
	}
	memset(walk->index, 0, sizeof(walk->index));
	if (!side->memory)
		walk->step[0] = (s64)side->step[0] * SILICON_SBUF_STRIDE;
	walk->first = first;
	walk->inner = 5;
	walk->run = 1;
	walk->run_step = side->size;
	for (d = 5; d-- > first; walk->inner = d) {
		if (walk->count[d] == 1)
			continue;
		if (walk->run == 1)
			walk->run_step = walk->step[d];
		else if (walk->step[d] != walk->run_step * walk->run)
			break;
		walk->run *= walk->count[d];
	}
	walk->left = walk->run;
	walk->position = 0;
	walk->row = 0;
	walk->dtype = side->dtype;
	walk->size = side->size;
}

static void walk_advance(struct silicon_walk *walk, u32 elements)
{
	u32 d;

	walk->left -= elements;
	walk->position += elements * walk->run_step;
	if (walk->left)
		return;
	walk->position -= walk->run * walk->run_step;
	walk->left = walk->run;
	/*
	 * After the last run this is the first one again: so a row begins where the last one did.
	 */
	for (d = walk->inner; d-- > walk->first;) {
		walk->position += walk->step[d];
		if (++walk->index[d] < walk->count[d])
			return;
		walk->position -= walk->step[d] * walk->count[d];
		walk->index[d] = 0;
	}
}

/* Adds the bindings to the offset; false when it leaves what any pattern could reach. */
static bool bound_offset(const struct silicon_stream *stream, const struct silicon_side *side,
			 s64 *offset)
{
	*offset = (s64)side->offset;
	return !silicon_add_product(offset, stream->bound[side->bind[0] % SILICON_BOUND_VALUES],
				    side->bind_stride[0]) &&
	       !silicon_add_product(offset, stream->bound[side->bind[1] % SILICON_BOUND_VALUES],
				    side->bind_stride[1]);
}

/* Whether offset and pattern stay in [0, length). */
static bool in_range(const struct silicon_side *side, s64 offset, u64 length)
{
	s64 low = offset, high = offset;
	u32 d;

	for (d = side->memory ? 0 : 1; d < 5; d++) {
		s64 step = (s64)side->step[d] * side->size;

		if (side->count[d] != 1 &&
		    silicon_add_product(step < 0 ? &low : &high, step, (s64)side->count[d] - 1))
			return false;
	}
	return low >= 0 && (u64)high < length && length - (u64)high >= side->size;
}

static u32 side_begin(struct silicon_slot *slot, const struct silicon_stream *stream,
		      const struct silicon_side *side, bool writes, u32 first,
		      struct silicon_walk *walk, u64 *address)
{
	const struct silicon_variable *variable;
	s64 offset;
	bool fits;

	fits = bound_offset(stream, side, &offset);
	*address = (u64)offset;
	walk_begin(walk, side, first);
	walk->writes = writes;
	if (side->memory) {
		variable = &slot->job.variable[silicon_clamp(side->variable, PUMORI_ISA_VARIABLES)];
		*address = variable->address + (u64)offset;
		if (!fits || !in_range(side, offset, variable->length) ||
		    (writes && !variable->writable))
			return PUMORI_HW_FAULT_VARIABLE;
		walk->memory = NULL;
		walk->va = variable->address;
		walk->row = offset;
		return PUMORI_HW_FAULT_NONE;
	}
	if (!fits || !in_range(side, offset, slot->job.sbuf_bytes))
		return PUMORI_HW_FAULT_OPERAND;
	walk->memory = slot->sbuf + (size_t)side->partition * SILICON_SBUF_STRIDE;
	walk->row = (s64)silicon_clamp((u64)offset, PUMORI_ISA_SBUF_BYTES);
	return PUMORI_HW_FAULT_NONE;
}

/* Work of one element in bytes moved: short runs and strides cost more than their bytes. */
static u32 element_weight(const struct silicon_transfer *transfer)
{
	const struct silicon_walk *source = &transfer->source, *destination = &transfer->destination;
	u32 run = SILICON_MIN(SILICON_MIN(source->run, destination->run), transfer->row_elements);
	u32 weight = SILICON_MAX(source->size, destination->size);

	if (source->run_step != source->size || destination->run_step != destination->size)
		weight = SILICON_MAX(weight, 16u);
	if (run < 64)
		weight = SILICON_MAX(weight, run < 4 ? 256u : run < 16 ? 64u : 16u);
	return weight;
}

u32 silicon_dma_issue(struct silicon_slot *slot, struct silicon_stream *stream,
		      const struct silicon_instruction *instruction, u64 *units, u64 *address)
{
	const struct silicon_dma *dma = &instruction->dma;
	struct silicon_transfer *transfer = &stream->transfer;
	bool gather = instruction->opcode == PUMORI_ISA_DMA_GATHER;
	bool scatter = instruction->opcode == PUMORI_ISA_DMA_SCATTER;
	u32 fault;

	fault = side_begin(slot, stream, &dma->source, false, gather, &transfer->source, address);
	if (!fault)
		fault = side_begin(slot, stream, &dma->destination, true, scatter,
				   &transfer->destination, address);
	if (!fault && (gather || scatter))
		fault = silicon_operand_view(slot, stream->bound, &dma->index, &transfer->index,
					     address);
	if (fault)
		return fault;
	transfer->indexed = gather ? &transfer->source : scatter ? &transfer->destination : NULL;
	transfer->pattern = transfer->indexed ? transfer->indexed->row : 0;
	transfer->elements = dma->elements;
	transfer->row_elements = dma->row_elements;
	transfer->row_left = transfer->indexed ? 0 : dma->elements;
	transfer->row = 0;
	transfer->done = 0;
	transfer->weight = element_weight(transfer);
	transfer->offer = instruction->stream;
	*units = 1 + (u64)transfer->elements * transfer->weight / SILICON_UNIT_BYTES;
	return PUMORI_HW_FAULT_NONE;
}

static s64 read_index(const u8 *element, u8 dtype)
{
	switch (dtype) {
	case PUMORI_ISA_INT8:
		return *(const s8 *)element;
	case PUMORI_ISA_UINT8:
		return *element;
	case PUMORI_ISA_INT16:
		return *(const s16 *)element;
	case PUMORI_ISA_UINT16:
		return *(const u16 *)element;
	case PUMORI_ISA_INT32:
		return *(const s32 *)element;
	case PUMORI_ISA_UINT32:
		return *(const u32 *)element;
	case PUMORI_ISA_UINT64:
		/* Beyond 2^63 it is no row either; negative would count from the end. */
		return *(const u64 *)element >> 63 ? MAX_INDEX : *(const s64 *)element;
	default:
		return *(const s64 *)element;
	}
}

/* Opens the next row of the indexed side. */
static u32 next_row(struct silicon_transfer *transfer, u64 *address)
{
	const struct silicon_view *view = &transfer->index;
	struct silicon_walk *walk = transfer->indexed;
	s64 offset = 0, row;
	u32 left = transfer->row, d;

	for (d = 4; d-- > 0; left /= view->count[d])
		offset += (s64)(left % view->count[d]) * view->step[d];
	row = read_index(view->base + offset, view->dtype);
	*address = (u64)row;
	if (row < 0)
		row += walk->count[0];
	if (row < 0 || row >= walk->count[0])
		return PUMORI_HW_FAULT_INDEX;
	row = (s64)silicon_clamp((u64)row, walk->count[0]);
	walk->row = transfer->pattern + row * walk->step[0];
	transfer->row_left = transfer->row_elements;
	transfer->row++;
	return PUMORI_HW_FAULT_NONE;
}

/*
 * The current element in host memory; lowers *elements to what can be reached from there in one
 * run.
 */
static u8 *reach(struct silicon_core *core, const struct silicon_job *job,
		 const struct silicon_walk *walk, u32 *elements, u32 *fault, u64 *address)
{
	s64 offset = walk->row + walk->position;
	u64 before, bytes, step, fit;
	u8 *memory;

	if (walk->memory)
		return walk->memory + offset;
	*address = walk->va + (u64)offset;
	memory = silicon_translate(core, job, *address, walk->writes, &before, &bytes, fault);
	if (!memory)
		return NULL;
	if (walk->run_step < 0) {
		step = (u64)-walk->run_step;
		fit = before;
	} else {
		step = (u64)walk->run_step;
		/*
		 * Variables begin on 64 bytes, and offsets are multiples of the size: no element
		 * straddles.
		 */
		fit = bytes - walk->size;
	}
	if ((*elements - 1) * step > fit)
		*elements = (u32)(fit / step) + 1;
	return memory;
}

static u32 move_run(struct silicon_core *core, const struct silicon_job *job,
		    struct silicon_transfer *transfer, u64 *address)
{
	struct silicon_walk *source = &transfer->source, *destination = &transfer->destination;
	u32 elements = SILICON_MIN(transfer->row_left, CHUNK_ELEMENTS), fault = PUMORI_HW_FAULT_NONE;
	u8 *from, *to;

	elements = SILICON_MIN(elements, SILICON_MIN(source->left, destination->left));
	from = reach(core, job, source, &elements, &fault, address);
	if (!from)
		return fault;
	to = reach(core, job, destination, &elements, &fault, address);
	if (!to)
		return fault;
	if (source->dtype == destination->dtype && source->run_step == source->size &&
	    destination->run_step == destination->size)
		memmove(to, from, (size_t)elements * source->size);
	else if (core->device->config.kernels->convert(to, destination->dtype,
						       destination->run_step, from, source->dtype,
						       source->run_step, elements))
		return PUMORI_HW_FAULT_OVERFLOW;
	walk_advance(source, elements);
	walk_advance(destination, elements);
	transfer->row_left -= elements;
	transfer->done += elements;
	return PUMORI_HW_FAULT_NONE;
}

u32 silicon_dma_step(struct silicon_core *core, struct silicon_slot *slot,
		     struct silicon_stream *stream, u32 budget, u32 *fault, u64 *address,
		     bool *finished)
{
	struct silicon_transfer *transfer = &stream->transfer;
	u64 before = (u64)transfer->done * transfer->weight / SILICON_UNIT_BYTES, units = 0;

	*finished = false;
	if (transfer->offer) {
		transfer->offer = false;
		if (silicon_inplace_offer(core, slot, transfer, fault, address))
			transfer->done = transfer->elements;
		if (*fault || transfer->done) {
			*finished = true;
			return (u32)((u64)transfer->done * transfer->weight / SILICON_UNIT_BYTES) + 1;
		}
	}
	while (transfer->done < transfer->elements) {
		if (!transfer->row_left)
			*fault = next_row(transfer, address);
		if (!*fault)
			*fault = move_run(core, &slot->job, transfer, address);
		if (*fault)
			break;
		units = (u64)transfer->done * transfer->weight / SILICON_UNIT_BYTES - before;
		if (units >= budget && transfer->done < transfer->elements)
			return (u32)units;
	}
	*finished = true;
	return (u32)units + 1;
}
