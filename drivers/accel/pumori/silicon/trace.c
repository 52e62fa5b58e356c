// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * What a traced core writes for each instruction that it retired, and the energy that the modelled
 * chip is charged for it (isa.md, Energy).
 */
#include "internal.h"

/* Energy in hundredths of a picojoule. */
#define ENERGY_FETCH		44800u	/* 256 bytes of instruction, from SRAM */
#define ENERGY_SBUF_BYTE	175u
#define ENERGY_PSUM_BYTE	94u
#define ENERGY_MEMORY_BYTE	4375u
#define ENERGY_ELEMENT		169u	/* of VECTOR, SCALAR and GPSIMD: one fused multiply-add */

static u32 mac_energy(u8 dtype)
{
	switch (dtype) {
	case PUMORI_ISA_FP32:
		return 169;
	case PUMORI_ISA_FP16:
		return 72;
	case PUMORI_ISA_BF16:
		return 59;
	case PUMORI_ISA_FP8E4M3:
	case PUMORI_ISA_FP8E5M2:
		return 45;
	default:
		return 10;
	}
}

static u64 view_elements(const struct silicon_view *view)
{
	return (u64)view->count[0] * view->count[1] * view->count[2] * view->count[3];
}

/* Notes a view's place in the slot; returns the bytes that it stands for. */
static u64 take_view(const struct silicon_slot *slot, const struct silicon_view *view,
		     struct silicon_trace_operand *operand, u64 *energy)
{
	u32 size = silicon_dtype_size(view->dtype), partitions, stride, i;
	s64 low = 0, high = size, offset;
	u64 bytes;
	bool psum;

	memset(operand, 0, sizeof(*operand));
	if (!view->base)
		return 0;
	psum = view->base >= slot->psum && view->base < slot->psum + sizeof(slot->psum);
	stride = psum ? SILICON_PSUM_STRIDE : SILICON_SBUF_STRIDE;
	offset = view->base - (psum ? slot->psum : slot->sbuf);
	for (i = 0; i < 4; i++) {
		s64 reach = (s64)view->step[i] * ((s64)view->count[i] - 1);

		if (reach < 0)
			low += reach;
		else
			high += reach;
	}
	partitions = view->partition_stride ? view->partitions : 1;
	operand->psum = psum;
	operand->partition = (u16)(offset / stride);
	operand->partitions = (u16)partitions;
	operand->offset = (u32)(offset % stride + low);
	operand->extent = (u32)(high - low);
	bytes = view_elements(view) * size * partitions;
	*energy += bytes * (psum ? ENERGY_PSUM_BYTE : ENERGY_SBUF_BYTE);
	return bytes;
}

static void take_compute(const struct silicon_slot *slot, const struct silicon_task *task,
			 struct silicon_trace_record *record, u64 *energy)
{
	u64 elements = view_elements(&task->out) * task->out.partitions, i;

	record->dtype = task->in[0].base ? task->in[0].dtype : task->out.dtype;
	record->bytes = take_view(slot, &task->out, &record->out, energy);
	for (i = 0; i < 3; i++)
		record->bytes += take_view(slot, &task->in[i], &record->in[i], energy);
	if (task->in[0].base)
		elements = SILICON_MAX(elements, view_elements(&task->in[0]) * task->in[0].partitions);
	record->work = elements;
	if (task->opcode == PUMORI_ISA_MULTIPLY_MOVING) {
		record->work = view_elements(&task->in[0]) * task->stationary->rows *
			       task->stationary->columns;
		*energy += record->work * mac_energy(task->in[0].dtype);
	} else {
		*energy += elements * ENERGY_ELEMENT;
	}
}

/* The side of a DMA that lies in SBUF: rows are partitions. */
static void take_side(const struct silicon_stream *stream, const struct silicon_side *side,
		      struct silicon_trace_operand *operand)
{
	s64 low = (s64)side->offset, high;
	u32 d;

	memset(operand, 0, sizeof(*operand));
	if (side->memory)
		return;
	/* It was checked when it was issued that this is a place in SBUF. */
	for (d = 0; d < 2; d++)
		low = (s64)((u64)low + (u64)stream->bound[side->bind[d] % SILICON_BOUND_VALUES] *
					       (u64)side->bind_stride[d]);
	high = low + side->size;
	for (d = 1; d < 5; d++) {
		s64 reach = (s64)side->step[d] * side->size * ((s64)side->count[d] - 1);

		if (reach < 0)
			low += reach;
		else
			high += reach;
	}
	operand->partition = side->partition;
	operand->partitions = side->step[0] ? (u16)side->count[0] : 1;
	operand->offset = (u32)low;
	operand->extent = (u32)(high - low);
}

static void take_dma(const struct silicon_stream *stream,
		     const struct silicon_instruction *instruction,
		     struct silicon_trace_record *record, u64 *energy)
{
	const struct silicon_transfer *transfer = &stream->transfer;
	const struct silicon_dma *dma = &instruction->dma;
	const struct silicon_side *sides[2] = { &dma->source, &dma->destination };
	u32 i;

	record->dtype = transfer->source.dtype;
	record->work = transfer->elements;
	for (i = 0; i < 2; i++) {
		u64 bytes = (u64)transfer->elements * sides[i]->size;

		if (sides[i]->memory)
			record->bytes += bytes;
		*energy += bytes * (sides[i]->memory ? ENERGY_MEMORY_BYTE : ENERGY_SBUF_BYTE);
	}
	take_side(stream, &dma->source, &record->in[0]);
	take_side(stream, &dma->destination, &record->out);
}

void silicon_trace_retired(struct silicon_core *core, const struct silicon_slot *slot,
			   const struct silicon_stream *stream,
			   const struct silicon_instruction *instruction, u32 pc, u64 ready)
{
	struct silicon_trace *trace = core->trace;
	struct silicon_trace_record *record;
	u64 energy = ENERGY_FETCH;

	if (trace->count >= trace->capacity) {
		trace->lost++;
		return;
	}
	record = &trace->record[trace->count];
	memset(record, 0, sizeof(*record));
	record->begin = stream->start;
	record->end = stream->time;
	record->waited = stream->start - ready;
	record->time = stream->trace_time;
	record->host_ns = stream->trace_ns;
	record->sequence = slot->job.sequence;
	record->queue = slot->owner == SILICON_NO_QUEUE ? PUMORI_HW_NO_QUEUE :
			silicon_queue_at(core, slot->owner)->id;
	record->pc = pc - slot->job.first;
	record->opcode = instruction->opcode;
	record->stream = stream->id;
	if (instruction->format == PUMORI_ISA_FORMAT_COMPUTE)
		take_compute(slot, &stream->task, record, &energy);
	else if (instruction->format == PUMORI_ISA_FORMAT_DMA)
		take_dma(stream, instruction, record, &energy);
	record->energy_pj = energy / 100;
	silicon_store_release(&trace->count, trace->count + 1);
}

void silicon_core_trace(struct silicon_device *device, u32 number, struct silicon_trace *trace)
{
	if (number < device->config.cores)
		device->core[silicon_clamp(number, device->config.cores)].trace = trace;
}
