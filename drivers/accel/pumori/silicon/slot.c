// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Context slots: whose they are, which generation of contents they hold, and their zeroing between two
 * owners, limited to what the first one's programs said they use.
 */
#include "internal.h"

static struct silicon_slot *slot_at(struct silicon_core *core, u32 index)
{
	return core->slot[silicon_clamp(index, PUMORI_HW_MAX_SLOTS)];
}

/* A free slot, else the one that has been idle for longest. */
static u32 find_slot(struct silicon_core *core, u32 slots)
{
	u32 best = SILICON_NO_SLOT, i;

	for (i = 0; i < slots; i++) {
		if (core->slot[i]->owner == SILICON_NO_QUEUE)
			return i;
		if (!core->slot[i]->running &&
		    (best == SILICON_NO_SLOT || core->slot[i]->used < core->slot[best]->used))
			best = i;
	}
	return best;
}

bool silicon_slot_free(struct silicon_core *core)
{
	return find_slot(core, silicon_load_acquire(&core->slots)) != SILICON_NO_SLOT;
}

struct silicon_slot *silicon_slot_acquire(struct silicon_core *core, struct silicon_queue *queue)
{
	u32 slots = silicon_load_acquire(&core->slots), index;
	struct silicon_queue *former;
	struct silicon_slot *slot;

	if (queue->slot != SILICON_NO_SLOT)
		return slot_at(core, queue->slot);
	index = find_slot(core, slots);
	if (index == SILICON_NO_SLOT)
		return NULL;
	slot = slot_at(core, index);
	if (slot->owner != SILICON_NO_QUEUE) {
		former = silicon_queue_at(core, slot->owner);
		former->slot = SILICON_NO_SLOT;
		silicon_queue_publish(former);
	}
	slot->owner = silicon_queue_index(core, queue);
	slot->clear_row = 0;
	slot->program = SILICON_NO_PROGRAM;
	slot->residency = ++core->residency;
	queue->slot = index;
	return slot;
}

void silicon_slot_release(struct silicon_core *core, struct silicon_queue *queue)
{
	struct silicon_slot *slot;

	if (queue->slot == SILICON_NO_SLOT)
		return;
	slot = slot_at(core, queue->slot);
	slot->owner = SILICON_NO_QUEUE;
	slot->running = false;
	queue->slot = SILICON_NO_SLOT;
}

u32 silicon_slot_clear(struct silicon_slot *slot, u32 budget)
{
	u32 units = 0, bytes, row;

	while (slot->clear_row < SILICON_SLOT_ROWS && units < budget) {
		row = slot->clear_row++;
#ifndef PUMORI_MUTATE_SBUF_CLEAR
		if (row < PUMORI_ISA_PARTITIONS) {
			bytes = slot->dirty_sbuf;
			memset(slot->sbuf + (size_t)row * SILICON_SBUF_STRIDE, 0, bytes);
		} else {
			row -= PUMORI_ISA_PARTITIONS;
			bytes = slot->dirty_psum;
			memset(slot->psum + (size_t)row * SILICON_PSUM_STRIDE, 0, bytes);
		}
#else
		bytes = row;
#endif
		units += bytes / SILICON_UNIT_BYTES;
	}
	if (slot->clear_row == SILICON_SLOT_ROWS) {
		slot->dirty_sbuf = 0;
		slot->dirty_psum = 0;
	}
	return units;
}

static void start_stream(struct silicon_stream *stream, const struct silicon_table_row *row,
			 u32 first)
{
	stream->pc = first + row->stream_first;
	stream->state = SILICON_STREAM_READY;
	stream->id = row->stream;
	stream->blocked_on = 0;
	stream->time = 0;
	stream->start = 0;
	memset(stream->bound, 0, sizeof(stream->bound));
}

void silicon_slot_start(struct silicon_core *core, struct silicon_slot *slot,
			const struct silicon_program *program, u32 entry)
{
	const struct silicon_table_row *rows = &core->rows[program->first], *row;
	struct silicon_job *job = &slot->job;
	u32 i;

	row = &rows[silicon_clamp(entry, program->entries)];
	job->code = core->store;
	job->first = program->first;
	job->sbuf_bytes = program->sbuf_bytes;
	job->psum_bytes = program->psum_bytes;
	job->streams = SILICON_MIN((u32)row->entry_streams, (u32)PUMORI_ISA_STREAMS);
	job->units = 0;
	job->device_ns = 0;
	job->nan_count = 0;
	job->turn = 0;
	job->ended = 0;
	job->runnable = (1u << job->streams) - 1;
	for (i = 0; i < job->streams; i++)
		start_stream(&slot->stream[i], &rows[row->entry_first + i], program->first);
	memset(slot->semaphore, 0, sizeof(slot->semaphore));
	for (i = 0; i < PUMORI_ISA_STATIONARY_BUFFERS; i++)
		slot->stationary[i].rows = 0;

	/* Another program may have written anywhere: what a former preload left counts no more. */
	if (slot->program != program->load) {
		if (slot->program != SILICON_NO_PROGRAM)
			slot->residency = ++core->residency;
		slot->program = program->load;
	}
	slot->dirty_sbuf = SILICON_MAX(slot->dirty_sbuf, program->sbuf_bytes);
	slot->dirty_psum = SILICON_MAX(slot->dirty_psum, program->psum_bytes);
	slot->running = true;
}
