// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Issue of compute instructions: decoded operands become views of the slot's memory. */
#include "internal.h"

/* An address moved by a register: the whole pattern must stay in the footprint. */
static bool in_footprint(const struct silicon_operand *operand, s64 offset, s64 footprint)
{
	s64 low = offset, high = offset;
	u32 i;

	if (offset < 0 || offset > footprint)
		return false;
	for (i = 0; i < 4; i++) {
		s64 reach = (s64)operand->step[i] * (operand->count[i] - 1);

		if (reach < 0)
			low += reach;
		else
			high += reach;
	}
	return low >= 0 && high + silicon_dtype_size(operand->kind & SILICON_KIND_DTYPE) <= footprint;
}

u32 silicon_operand_view(struct silicon_slot *slot, const s64 *bound,
			 const struct silicon_operand *operand, struct silicon_view *view,
			 u64 *address)
{
	u32 psum = operand->kind & SILICON_KIND_PSUM, stride, partition, i;
	s64 offset = operand->location & SILICON_LOCATION_OFFSET;
	u8 *memory;

	if (!operand->partitions) {
		view->base = NULL;
		return PUMORI_HW_FAULT_NONE;
	}
	/*
	 * An unbound one reads bound[0], which is always zero. Registers may bring the sum just beyond
	 * 63 bits: that is negative, and no footprint reaches there.
	 */
	offset = (s64)((u64)offset +
		       (u64)bound[operand->bind[0] % SILICON_BOUND_VALUES] *
			       (u64)(s64)operand->bind_stride[0] +
		       (u64)bound[operand->bind[1] % SILICON_BOUND_VALUES] *
			       (u64)(s64)operand->bind_stride[1]);
	if (operand->kind & SILICON_KIND_REGISTER &&
	    !in_footprint(operand, offset, psum ? slot->job.psum_bytes : slot->job.sbuf_bytes)) {
		*address = (u64)offset;
		return PUMORI_HW_FAULT_OPERAND;
	}
	partition = operand->location >> SILICON_LOCATION_START;
	if (psum) {
		stride = SILICON_PSUM_STRIDE;
		memory = slot->psum;
		offset = (s64)silicon_clamp((u64)offset, PUMORI_ISA_PSUM_BYTES);
	} else {
		stride = SILICON_SBUF_STRIDE;
		memory = slot->sbuf;
		offset = (s64)silicon_clamp((u64)offset, PUMORI_ISA_SBUF_BYTES);
	}
	view->base = memory + (size_t)partition * stride + offset;
	view->partition_stride = operand->kind & SILICON_KIND_BROADCAST ? 0 : stride;
	view->partitions = operand->partitions;
	view->dtype = operand->kind & SILICON_KIND_DTYPE;
	view->reserved = 0;
	for (i = 0; i < 4; i++) {
		view->count[i] = operand->count[i];
		view->step[i] = operand->step[i];
	}
	return PUMORI_HW_FAULT_NONE;
}

/* One FP32 in each partition of the output. */
static void accumulator_view(struct silicon_slot *slot, const struct silicon_compute *compute,
			     struct silicon_view *view)
{
	u32 i;

	if (!compute->accumulator) {
		view->base = NULL;
		return;
	}
	view->base =
		slot->sbuf +
		(size_t)(compute->out.location >> SILICON_LOCATION_START) * SILICON_SBUF_STRIDE +
		compute->accumulator_offset;
	view->partition_stride = SILICON_SBUF_STRIDE;
	view->partitions = compute->out.partitions;
	view->dtype = PUMORI_ISA_FP32;
	view->reserved = 0;
	for (i = 0; i < 4; i++) {
		view->count[i] = 1;
		view->step[i] = 0;
	}
}

u32 silicon_compute_issue(struct silicon_slot *slot, struct silicon_stream *stream,
			  const struct silicon_instruction *instruction, u64 *address)
{
	const struct silicon_compute *compute = &instruction->compute;
	struct silicon_task *task = &stream->task;
	u32 fault, i;

	fault = silicon_operand_view(slot, stream->bound, &compute->out, &task->out, address);
	for (i = 0; i < 3 && !fault; i++)
		fault = silicon_operand_view(slot, stream->bound, &compute->in[i], &task->in[i],
					     address);
	if (fault)
		return fault;
	accumulator_view(slot, compute, &task->accumulator);
	task->stationary = &slot->stationary[compute->modifiers & PUMORI_ISA_BUFFER1 ? 1 : 0];
	task->scratch = slot->scratch;
	task->opcode = instruction->opcode;
	task->modifiers = compute->modifiers;
	if (!(slot->job.flags & PUMORI_HW_COMMAND_CHECK_NAN))
		task->modifiers &= (u16)~PUMORI_ISA_CHECK_NAN;
	task->op0 = compute->op0;
	task->op1 = compute->op1;
	task->compute = compute->compute;
	task->axes = compute->axes;
	for (i = 0; i < 4; i++)
		task->imm[i] = compute->imm[i];
	task->cursor = 0;
	task->finished = 0;
	task->fault = SILICON_TASK_OK;
	stream->inplace.place = 0;
	if (compute->modifiers & PUMORI_ISA_STREAMED)
		silicon_inplace_take(slot, stream);
	task->nan_count = 0;

	/*
	 * What was loaded is known only now: the array must hold what the instruction multiplies
	 * by.
	 */
	if (instruction->opcode == PUMORI_ISA_MULTIPLY_MOVING &&
	    (task->stationary->rows != task->in[0].partitions ||
	     task->stationary->columns != task->out.partitions ||
	     !silicon_dtypes_multiply(task->stationary->dtype, task->in[0].dtype))) {
		*address = task->stationary->rows;
		return PUMORI_HW_FAULT_OPERAND;
	}
	return PUMORI_HW_FAULT_NONE;
}
