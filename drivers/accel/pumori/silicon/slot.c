// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Context slots: whose they are, which generation of contents they hold, whose job makes room for
 * another's, and their zeroing between two owners, limited to what the first one's programs said they
 * use.
 */
#include "internal.h"

/*
 * Among equals a job is moved out only when it has been worked on for this many times the work of
 * moving it: so moving costs a bounded part of the time.
 */
#define SERVED_PER_MOVED	16u

static struct silicon_slot *slot_at(struct silicon_core *core, u32 index)
{
	return core->slot[silicon_clamp(index, PUMORI_HW_MAX_SLOTS)];
}

/* A free slot, else the one that has been idle for longest. */
static u32 find_slot(struct silicon_core *core)
{
	u32 slots = silicon_load_acquire(&core->slots), best = SILICON_NO_SLOT, i;

	for (i = 0; i < slots; i++) {
		if (core->slot[i]->owner == SILICON_NO_QUEUE)
			return i;
		if (!core->slot[i]->running &&
		    (best == SILICON_NO_SLOT || core->slot[i]->used < core->slot[best]->used))
			best = i;
	}
	return best;
}

/* Whether the job in a slot may be moved out for @queue. */
static bool may_leave(struct silicon_core *core, const struct silicon_slot *slot,
		      const struct silicon_queue *queue)
{
	const struct silicon_queue *owner = silicon_queue_at(core, slot->owner);

	if (owner->priority != queue->priority)
		return owner->priority < queue->priority && owner->save_area && !owner->unsavable;
	return owner->save_area && !owner->unsavable && owner->virtual_ns > queue->virtual_ns &&
	       slot->served >= SERVED_PER_MOVED * silicon_save_units(slot);
}

/* A busy slot that another queue needs more: of the lowest priority, then of the most time used. */
static u32 find_victim(struct silicon_core *core, const struct silicon_queue *queue)
{
	u32 slots = silicon_load_acquire(&core->slots), best = SILICON_NO_SLOT, i;
	const struct silicon_queue *owner, *chosen = NULL;

	for (i = 0; i < slots; i++) {
		if (!may_leave(core, core->slot[i], queue))
			continue;
		owner = silicon_queue_at(core, core->slot[i]->owner);
		if (chosen && (owner->priority != chosen->priority ?
				       owner->priority > chosen->priority :
				       owner->virtual_ns <= chosen->virtual_ns))
			continue;
		chosen = owner;
		best = i;
	}
	return best;
}

bool silicon_slot_obtainable(struct silicon_core *core, const struct silicon_queue *queue)
{
	/* One at a time is saved, and whoever asked for it takes up the slot. */
	return find_slot(core) != SILICON_NO_SLOT ||
	       (core->saving == SILICON_NO_SLOT && find_victim(core, queue) != SILICON_NO_SLOT);
}

/* Makes room in the middle of a job; a slot is there at once only when its job was not yet back. */
static u32 displace(struct silicon_core *core, const struct silicon_queue *queue)
{
	u32 index = core->saving == SILICON_NO_SLOT ? find_victim(core, queue) : SILICON_NO_SLOT;
	struct silicon_queue *owner;

	if (index == SILICON_NO_SLOT)
		return SILICON_NO_SLOT;
	owner = silicon_queue_at(core, slot_at(core, index)->owner);
	if (owner->saved.valid) {
		silicon_slot_release(core, owner);
		return index;
	}
	silicon_save_begin(core, index);
	return SILICON_NO_SLOT;
}

struct silicon_slot *silicon_slot_acquire(struct silicon_core *core, struct silicon_queue *queue)
{
	struct silicon_queue *former;
	struct silicon_slot *slot;
	u32 index;

	if (queue->slot != SILICON_NO_SLOT)
		return slot_at(core, queue->slot);
	index = find_slot(core);
	if (index == SILICON_NO_SLOT)
		index = displace(core, queue);
	if (index == SILICON_NO_SLOT)
		return NULL;
	slot = slot_at(core, index);
	if (slot->owner != SILICON_NO_QUEUE) {
		former = silicon_queue_at(core, slot->owner);
		former->slot = SILICON_NO_SLOT;
		silicon_queue_publish(former);
	}
	slot->owner = silicon_queue_index(core, queue);
	slot->served = 0;
	silicon_slot_soil(slot);
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
	if (core->saving == queue->slot)
		core->saving = SILICON_NO_SLOT;
	slot->owner = SILICON_NO_QUEUE;
	slot->running = false;
	queue->slot = SILICON_NO_SLOT;
}

void silicon_slot_soil(struct silicon_slot *slot)
{
	slot->clear_sbuf = SILICON_MAX(slot->clear_sbuf, slot->dirty_sbuf);
	slot->clear_psum = SILICON_MAX(slot->clear_psum, slot->dirty_psum);
	slot->clear_row = 0;
	slot->keep_sbuf = 0;
	slot->keep_psum = 0;
	slot->dirty_sbuf = 0;
	slot->dirty_psum = 0;
}

/* Clears what lies between @keep and @end of a row; returns how much that was. */
static u32 clear_row(u8 *row, u32 keep, u32 end)
{
#ifndef PUMORI_MUTATE_SBUF_CLEAR
	if (keep < end)
		memset(row + keep, 0, end - keep);
#endif
	return keep < end ? end - keep : 0;
}

u32 silicon_slot_clear(struct silicon_slot *slot, u32 budget)
{
	u32 bytes = 0, row;

	if (slot->clear_row == SILICON_SLOT_ROWS)
		return 0;
	while (slot->clear_row < SILICON_SLOT_ROWS && bytes / SILICON_UNIT_BYTES < budget) {
		row = slot->clear_row++;
		if (row < PUMORI_ISA_PARTITIONS)
			bytes += clear_row(slot->sbuf + (size_t)row * SILICON_SBUF_STRIDE,
					   slot->keep_sbuf, slot->clear_sbuf);
		else
			bytes += clear_row(slot->psum + (size_t)(row - PUMORI_ISA_PARTITIONS) *
						      SILICON_PSUM_STRIDE,
					   slot->keep_psum, slot->clear_psum);
	}
	if (slot->clear_row == SILICON_SLOT_ROWS) {
		slot->clear_sbuf = 0;
		slot->clear_psum = 0;
	}
	return bytes / SILICON_UNIT_BYTES;
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
			const struct silicon_program *program)
{
	const struct silicon_table_row *rows = &core->rows[program->first], *row;
	struct silicon_job *job = &slot->job;
	u32 i;

	row = &rows[silicon_clamp(job->entry, program->entries)];
	job->code = core->store;
	job->first = program->first;
	job->sbuf_bytes = program->sbuf_bytes;
	job->psum_bytes = program->psum_bytes;
	job->streams = SILICON_MIN((u32)row->entry_streams, (u32)PUMORI_ISA_STREAMS);
	job->units = 0;
	job->nan_count = 0;
	job->turn = 0;
	job->ended = 0;
	job->runnable = (1u << job->streams) - 1;
	for (i = 0; i < job->streams; i++)
		start_stream(&slot->stream[i], &rows[row->entry_first + i], program->first);
	memset(slot->semaphore, 0, sizeof(slot->semaphore));
	memset(slot->inplace, 0, sizeof(slot->inplace));
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
