// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * STREAM destinations: bytes that one instruction consumes, once. When the rows of the source lie evenly in
 * host memory nothing is copied; the consumer reads them there. What is kept meanwhile is the virtual address
 * alone, translated again before every step of the consumer, so that an acknowledged TLB_INVALIDATE still means
 * that nothing of the page is in use. In any other case the DMA copies, and the consumer finds the bytes in SBUF.
 */
#include "internal.h"

/* Distance of the rows of a source that has as many as the destination has partitions; false if there is none. */
static bool row_pitch(const struct silicon_walk *source, u32 rows, u32 row_elements, s64 *pitch)
{
	u32 d, outer = 5;

	if (source->run_step != source->size && row_elements > 1)
		return false;
	*pitch = (s64)row_elements * source->size;
	if (source->run == rows * row_elements)
		return true;
	if (source->run != row_elements)
		return false;
	for (d = 0; d < source->inner; d++) {
		if (source->count[d] == 1)
			continue;
		if (outer < 5)
			return false;
		outer = d;
	}
	if (outer == 5 || source->count[outer] != rows)
		return false;
	*pitch = source->step[outer];
	return *pitch > 0 && *pitch < 0x7fffffff;
}

/* The first row in host memory, when all of them lie evenly there. */
static u8 *find(struct silicon_core *core, const struct silicon_job *job, const struct silicon_inplace *inplace,
		u32 *fault, u64 *address)
{
	u64 row = inplace->va, known = row, end, before, bytes;
	u32 i, why = PUMORI_HW_FAULT_NONE;
	u8 *base = NULL, *memory;

	for (i = 0; i < inplace->rows; i++, row += inplace->pitch) {
		known = SILICON_MAX(known, row);
		for (end = row + inplace->row_bytes; known < end; known += bytes) {
			*address = known;
			memory = silicon_translate(core, job, known, false, &before, &bytes, &why);
			if (!memory) {
				*fault = why;
				return NULL;
			}
			if (!base)
				base = memory;
			if (memory != base + (known - inplace->va))
				return NULL;
		}
	}
	return base;
}

/* Slots differ in their addresses, and a job may move from one to another. */
static u32 place_of(const struct silicon_slot *slot, const u8 *sbuf)
{
	return (u32)(sbuf - slot->sbuf) + 1;
}

static struct silicon_inplace *lookup(struct silicon_slot *slot, u32 place)
{
	u32 i;

	for (i = 0; i < SILICON_INPLACE; i++)
		if (slot->inplace[i].place == place)
			return &slot->inplace[i];
	return NULL;
}

bool silicon_inplace_offer(struct silicon_core *core, struct silicon_slot *slot,
			   const struct silicon_transfer *transfer, u32 *fault, u64 *address)
{
	const struct silicon_walk *from = &transfer->source, *to = &transfer->destination;
	u32 rows = to->count[0], row_elements = transfer->elements / rows;
	struct silicon_inplace inplace, *free;
	u32 place = place_of(slot, to->memory + to->row);
	s64 pitch;

	/* What was offered there before is forgotten. */
	free = lookup(slot, place);
	if (free)
		free->place = 0;
	if (to->run != row_elements || (to->run_step != to->size && row_elements > 1) ||
	    !row_pitch(from, rows, row_elements, &pitch))
		return false;
	free = lookup(slot, 0);
	if (!free)
		return false;
	inplace.place = place;
	inplace.va = from->va + (u64)from->row;
	inplace.pitch = (u32)pitch;
	inplace.rows = rows;
	inplace.row_bytes = row_elements * from->size;
	if (!find(core, &slot->job, &inplace, fault, address))
		return false;
	*free = inplace;
	return true;
}

void silicon_inplace_take(struct silicon_slot *slot, struct silicon_stream *stream)
{
	const struct silicon_view *view = &stream->task.in[0];
	u32 elements = view->count[0] * view->count[1] * view->count[2] * view->count[3];
	u32 size = silicon_dtype_size(view->dtype);
	struct silicon_inplace *offered = lookup(slot, place_of(slot, view->base));

	if (!offered)
		return;
	/* Another shape than what was offered is a mistake of the program: it reads what SBUF holds. */
	if (view->partition_stride && offered->rows == view->partitions && offered->row_bytes == elements * size &&
	    view->count[3] == elements && (view->step[3] == (s32)size || elements == 1))
		stream->inplace = *offered;
	offered->place = 0;
}

bool silicon_inplace_resolve(struct silicon_core *core, struct silicon_slot *slot,
			     struct silicon_stream *stream, u32 *fault, u64 *address)
{
	struct silicon_view *view = &stream->task.in[0];
	u8 *base = find(core, &slot->job, &stream->inplace, fault, address);

	if (!base) {
		/* The pages were moved apart while the job ran. */
		if (!*fault)
			*fault = PUMORI_HW_FAULT_MMU;
		return false;
	}
	view->base = base;
	view->partition_stride = stream->inplace.pitch;
	return true;
}
