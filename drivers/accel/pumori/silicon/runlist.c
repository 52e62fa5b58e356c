// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * The runlist of a core: which queues it serves, and which of them next: by priority, then by device
 * time used. A new list is built beside the old one, so that a bad one changes nothing.
 */
#include "internal.h"

struct silicon_queue *silicon_queue_at(struct silicon_core *core, u32 index)
{
	return &core->queue[core->bank & 1][silicon_clamp(index, PUMORI_HW_MAX_QUEUES)];
}

u32 silicon_queue_index(const struct silicon_core *core, const struct silicon_queue *queue)
{
	return (u32)(queue - core->queue[core->bank & 1]);
}

static bool well_formed(const struct pumori_hw_queue *raw)
{
	return raw->id < PUMORI_HW_QUEUE_IDS && raw->ring_entries && raw->ring_entries <= 64 &&
	       !(raw->ring_entries & (raw->ring_entries - 1)) && raw->priority <= 3 &&
	       !(raw->page_table % PUMORI_HW_PAGE_SIZE) && !(raw->ring % PUMORI_HW_PAGE_SIZE) &&
	       !(raw->save_area % PUMORI_HW_PAGE_SIZE) &&
	       silicon_all_zero(raw->reserved, sizeof(raw->reserved)) &&
	       silicon_all_zero(raw->reserved2, sizeof(raw->reserved2));
}

/* Reads a descriptor and maps what it names. */
static u32 read_descriptor(struct silicon_core *core, u64 address, struct silicon_queue *queue)
{
	const struct silicon_device *device = core->device;
	struct pumori_hw_queue raw;

	memset(queue, 0, sizeof(*queue));
	queue->descriptor_address = address;
	queue->descriptor = silicon_bus(device, address, sizeof(raw), 8);
	if (!queue->descriptor)
		return PUMORI_HW_FAULT_BUS;
	silicon_copy(&raw, queue->descriptor, sizeof(raw));
	if (!well_formed(&raw))
		return PUMORI_HW_FAULT_COMMAND;
	queue->ring = silicon_bus(device, raw.ring, raw.ring_entries * sizeof(*queue->ring),
				  PUMORI_HW_PAGE_SIZE);
	queue->completion = silicon_bus(device, raw.completion, sizeof(*queue->completion), 64);
	if (!queue->ring || !queue->completion)
		return PUMORI_HW_FAULT_BUS;
	queue->id = raw.id;
	queue->address_space = raw.address_space;
	queue->page_table = raw.page_table;
	queue->ring_entries = raw.ring_entries;
	queue->priority = raw.priority;
	queue->quantum_units = raw.quantum_units;
	queue->save_area = raw.save_area;
	queue->slot = SILICON_NO_SLOT;
	queue->state = PUMORI_HW_QUEUE_IDLE;
	/* A queue that comes back goes on where its completion page says that it stopped. */
	queue->head = queue->completion->head;
	queue->sequence = queue->completion->sequence;
	queue->busy_ns = queue->completion->busy_ns;
	queue->progress = queue->completion->progress;
	return PUMORI_HW_FAULT_NONE;
}

static struct silicon_queue *find_old(struct silicon_core *core, u64 address, u32 id)
{
	u32 i;

	for (i = 0; i < core->queues; i++) {
		struct silicon_queue *queue = silicon_queue_at(core, i);

		if (queue->descriptor_address == address && queue->id == id)
			return queue;
	}
	return NULL;
}

static u32 stage(struct silicon_core *core, const u64 *addresses, u32 count,
		 struct silicon_queue *staged)
{
	struct silicon_queue *old;
	u32 fault, i, j;

	for (i = 0; i < count; i++) {
		fault = read_descriptor(core, silicon_load(&addresses[i]), &staged[i]);
		if (fault)
			return fault;
		for (j = 0; j < i; j++)
			if (staged[j].id == staged[i].id)
				return PUMORI_HW_FAULT_COMMAND;
		old = find_old(core, staged[i].descriptor_address, staged[i].id);
		if (old)
			old->kept = true;
	}
	return PUMORI_HW_FAULT_NONE;
}

/* What a queue that stays has of its own. */
static void carry_over(struct silicon_core *core, struct silicon_queue *staged, u32 index,
		       const struct silicon_queue *old)
{
	staged->state = old->state;
	staged->head = old->head;
	staged->previous = old->previous;
	staged->sequence = old->sequence;
	staged->progress = old->progress;
	staged->busy_ns = old->busy_ns;
	staged->virtual_ns = old->virtual_ns;
	staged->awake = old->awake;
	staged->save_area = old->save_area;
	staged->unsavable = old->unsavable;
	staged->saved = old->saved;
	staged->slot = old->slot;
	if (staged->slot != SILICON_NO_SLOT)
		core->slot[silicon_clamp(staged->slot, PUMORI_HW_MAX_SLOTS)]->owner = index;
}

u32 silicon_runlist_replace(struct silicon_core *core, u64 list, u64 count)
{
	struct silicon_queue *staged = core->queue[~core->bank & 1], *old;
	const u64 *addresses = NULL;
	u32 fault = PUMORI_HW_FAULT_NONE, i;

	if (count > PUMORI_HW_MAX_QUEUES)
		return PUMORI_HW_FAULT_COMMAND;
	if (count) {
		addresses = silicon_bus(core->device, list, (u32)count * sizeof(u64), sizeof(u64));
		if (!addresses)
			return PUMORI_HW_FAULT_BUS;
	}
	for (i = 0; i < core->queues; i++)
		silicon_queue_at(core, i)->kept = false;
	fault = stage(core, addresses, (u32)count, staged);
	if (fault)
		return fault;

	/* Whoever leaves is touched for the last time before the acknowledgement. */
	for (i = 0; i < core->queues; i++) {
		old = silicon_queue_at(core, i);
		if (old->kept)
			continue;
		/* There may be more saved jobs than the event ring has room for. */
		old->saved.flags = 0;
		silicon_queue_kill(core, old, PUMORI_HW_JOB_KILLED);
		silicon_slot_release(core, old);
		silicon_queue_publish(old);
	}
	for (i = 0; i < (u32)count; i++) {
		old = find_old(core, staged[i].descriptor_address, staged[i].id);
		if (old)
			carry_over(core, &staged[i], i, old);
	}
	core->bank ^= 1;
	core->queues = (u32)count;
	core->serving = SILICON_NO_QUEUE;
	return PUMORI_HW_FAULT_NONE;
}

static bool running(struct silicon_core *core, const struct silicon_queue *queue)
{
	return queue->slot != SILICON_NO_SLOT &&
	       core->slot[silicon_clamp(queue->slot, PUMORI_HW_MAX_SLOTS)]->running;
}

static bool waiting(const struct silicon_queue *queue)
{
	return queue->saved.valid ||
	       silicon_load_acquire(&queue->descriptor->tail) != queue->head;
}

static bool has_work(struct silicon_core *core, struct silicon_queue *queue)
{
	if (queue->state == PUMORI_HW_QUEUE_FAULTED)
		return false;
	if (running(core, queue))
		return queue->slot != core->saving;
	if (!waiting(queue)) {
		queue->awake = false;
		return false;
	}
	if (!queue->awake) {
		/* Sleeping saves no time up. */
		queue->virtual_ns = SILICON_MAX(queue->virtual_ns, core->floor_ns);
		queue->awake = true;
	}
	return queue->state == PUMORI_HW_QUEUE_KILLED || queue->slot != SILICON_NO_SLOT ||
	       silicon_slot_obtainable(core, queue);
}

static bool better(const struct silicon_queue *a, const struct silicon_queue *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->virtual_ns < b->virtual_ns;
}

struct silicon_queue *silicon_runlist_pick(struct silicon_core *core)
{
	struct silicon_queue *best = NULL, *served = NULL, *queue;
	u32 i, index;

	for (i = 0; i < core->queues; i++) {
		/* From behind the current one on, so that equals take turns. */
		index = core->serving == SILICON_NO_QUEUE ? i :
							    (core->serving + 1 + i) % core->queues;
		queue = silicon_queue_at(core, index);
		if (!has_work(core, queue))
			continue;
		if (index == core->serving)
			served = queue;
		if (!best || better(queue, best))
			best = queue;
	}
	if (!best)
		return NULL;
	if (served && core->quantum_left && served->priority >= best->priority)
		return served;
	core->serving = silicon_queue_index(core, best);
	core->quantum_left = SILICON_MAX(best->quantum_units, 1u);
	core->floor_ns = SILICON_MAX(core->floor_ns, best->virtual_ns);
	return best;
}

bool silicon_runlist_sleep(struct silicon_core *core)
{
	struct silicon_queue *queue;
	u32 i;

	for (i = 0; i < core->queues; i++) {
		queue = silicon_queue_at(core, i);
		silicon_store(&queue->descriptor->event_index, queue->head);
	}
	/*
	 * The driver writes its tail, then reads the index; the core the other way round: one of
	 * them sees.
	 */
	silicon_fence();
	for (i = 0; i < core->queues; i++)
		if (has_work(core, silicon_queue_at(core, i)))
			return false;
	return true;
}
