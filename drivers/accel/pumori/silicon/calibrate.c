// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A representative piece of work, for the socket to time: a full fp32 tile through the tensor
 * engine.
 */
#include "internal.h"

static void fill(struct silicon_view *view, u8 *base, u32 stride, u32 partitions, u32 columns)
{
	u32 i;

	memset(view, 0, sizeof(*view));
	view->base = base;
	view->partition_stride = stride;
	view->partitions = (u16)partitions;
	view->dtype = PUMORI_ISA_FP32;
	for (i = 0; i < 4; i++)
		view->count[i] = 1;
	view->count[3] = columns;
	view->step[3] = 4;
}

static u32 run(const struct silicon_kernels *kernels, struct silicon_task *task, u16 opcode)
{
	u32 units = 0;

	task->opcode = opcode;
	task->cursor = 0;
	task->finished = 0;
	while (!task->finished)
		units += kernels->run[opcode](task, 0xffffffffu);
	return units;
}

u32 silicon_calibrate(const struct silicon_kernels *kernels, void *scratch)
{
	struct silicon_slot *slot = scratch;
	struct silicon_task *task = &slot->stream[0].task;
	u32 state, units;

	memset(task, 0, sizeof(*task));
	task->stationary = &slot->stationary[0];
	task->scratch = slot->scratch;
	task->compute = PUMORI_ISA_FP32;
	state = kernels->begin();
	fill(&task->in[0], slot->sbuf, SILICON_SBUF_STRIDE, PUMORI_ISA_PARTITIONS,
	     PUMORI_ISA_STATIONARY_MAX);
	units = run(kernels, task, PUMORI_ISA_LOAD_STATIONARY);
	fill(&task->in[0], slot->sbuf, SILICON_SBUF_STRIDE, PUMORI_ISA_PARTITIONS,
	     PUMORI_ISA_MOVING_MAX);
	fill(&task->out, slot->psum, SILICON_PSUM_STRIDE, PUMORI_ISA_STATIONARY_MAX,
	     PUMORI_ISA_MOVING_MAX);
	units += run(kernels, task, PUMORI_ISA_MULTIPLY_MOVING);
	kernels->end(state);
	return units;
}
