// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Moving a job out of its slot, into the save area of its queue, and back into whichever slot is free
 * then: state of the sequencers, stationary buffers, and of PSUM and SBUF the footprint that its
 * program declares. Both ways go in slices.
 *
 * The area lies in host memory. What the chip must be able to trust of it (program counters,
 * counters of loops, addresses) is sealed: a keyed checksum stays behind in the chip, and a job
 * whose seal is broken ends with an ECC fault.
 */
#include "internal.h"

/* Addresses in a list page; the last word leads to the next one. */
#define LIST_PAGES	(PUMORI_HW_PAGE_SIZE / sizeof(u64) - 1)
#define SEALED_PARTS	6u
#define STATIONARY_HEAD	offsetof(struct silicon_stationary, data)
#define STATIONARY_DATA	(sizeof(struct silicon_stationary) - STATIONARY_HEAD)

/* --- the seal: SipHash-2-4 ---------------------------------------------------------------------- */

static u64 rotate(u64 value, u32 bits)
{
	return value << bits | value >> (64 - bits);
}

static void mix(u64 v[4], u32 rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32) + v[3];
		v[2] += v[1];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

/* Takes @bytes in, a multiple of eight. */
static void absorb(u64 v[4], const u8 *memory, size_t bytes)
{
	u64 word;

	for (; bytes; bytes -= sizeof(word), memory += sizeof(word)) {
		memcpy(&word, memory, sizeof(word));
		v[3] ^= word;
		mix(v, 2);
		v[0] ^= word;
	}
}

/* --- what is moved ------------------------------------------------------------------------------ */

/** struct part - a piece of a slot */
struct part {
	void *memory;
	u32 bytes;
};

static struct part sealed_part(struct silicon_slot *slot, u32 index)
{
	switch (index) {
	case 0:
		return (struct part){ &slot->job, sizeof(slot->job) };
	case 1:
		return (struct part){ slot->semaphore, sizeof(slot->semaphore) };
	case 2:
		return (struct part){ slot->stream, sizeof(slot->stream) };
	case 3:
		return (struct part){ &slot->stationary[0], STATIONARY_HEAD };
	case 4:
		return (struct part){ slot->inplace, sizeof(slot->inplace) };
	default:
		return (struct part){ &slot->stationary[1], STATIONARY_HEAD };
	}
}

static u64 seal_of(const struct silicon_device *device, struct silicon_slot *slot)
{
	const u64 *secret = device->config.secret;
	u64 v[4] = { secret[0] ^ 0x736f6d6570736575ull, secret[1] ^ 0x646f72616e646f6dull,
		     secret[0] ^ 0x6c7967656e657261ull, secret[1] ^ 0x7465646279746573ull };
	struct part part;
	u64 bytes = 0;
	u32 i;

	for (i = 0; i < SEALED_PARTS; i++) {
		part = sealed_part(slot, i);
		absorb(v, part.memory, part.bytes);
		bytes += part.bytes;
	}
	bytes <<= 56;
	absorb(v, (const u8 *)&bytes, sizeof(bytes));
	v[2] ^= 0xff;
	mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* The parts that follow the sealed ones, for a footprint; false beyond the last. */
static bool data_part(struct silicon_slot *slot, const struct silicon_saved *saved, u32 index,
		      struct part *part)
{
	if (index < PUMORI_ISA_SEMAPHORES) {
		*part = (struct part){ &slot->history[index], sizeof(slot->history[0]) };
		return true;
	}
	index -= PUMORI_ISA_SEMAPHORES;
	if (index < PUMORI_ISA_STATIONARY_BUFFERS) {
		*part = (struct part){ slot->stationary[index].data, STATIONARY_DATA };
		return true;
	}
	index -= PUMORI_ISA_STATIONARY_BUFFERS;
	if (index < PUMORI_ISA_PARTITIONS) {
		*part = (struct part){ slot->psum + (size_t)index * SILICON_PSUM_STRIDE,
				       saved->psum_bytes };
		return true;
	}
	index -= PUMORI_ISA_PARTITIONS;
	*part = (struct part){ slot->sbuf + (size_t)index * SILICON_SBUF_STRIDE, saved->sbuf_bytes };
	return index < PUMORI_ISA_PARTITIONS;
}

u32 silicon_save_bytes(void)
{
	return sizeof(struct silicon_job) + sizeof(((struct silicon_slot *)0)->semaphore) +
	       sizeof(((struct silicon_slot *)0)->stream) +
	       sizeof(((struct silicon_slot *)0)->history) +
	       sizeof(((struct silicon_slot *)0)->inplace) +
	       sizeof(((struct silicon_slot *)0)->stationary);
}

static u64 footprint_units(u32 sbuf_bytes, u32 psum_bytes)
{
	return (silicon_save_bytes() + (u64)PUMORI_ISA_PARTITIONS * (sbuf_bytes + psum_bytes)) /
	       SILICON_UNIT_BYTES;
}

u64 silicon_save_units(const struct silicon_slot *slot)
{
	return footprint_units(slot->job.sbuf_bytes, slot->job.psum_bytes);
}

/* --- the area ----------------------------------------------------------------------------------- */

static void area_begin(struct silicon_area *area, u64 list)
{
	memset(area, 0, sizeof(*area));
	area->list = list;
}

/* The page that @area->position lies in. */
static u8 *area_page(const struct silicon_device *device, struct silicon_area *area)
{
	u32 number = (u32)(area->position / PUMORI_HW_PAGE_SIZE);
	const u64 *word;

	for (; area->list_number < number / LIST_PAGES; area->list_number++) {
		word = silicon_bus(device, area->list + LIST_PAGES * sizeof(u64), sizeof(u64),
				   sizeof(u64));
		area->list = word ? silicon_load(word) : 0;
		if (!area->list)
			return NULL;
	}
	word = silicon_bus(device, area->list + number % LIST_PAGES * sizeof(u64), sizeof(u64),
			   sizeof(u64));
	if (!word || !silicon_load(word))
		return NULL;
	return silicon_bus(device, silicon_load(word), PUMORI_HW_PAGE_SIZE, PUMORI_HW_PAGE_SIZE);
}

/* Copies a part from or to the area, which goes on where the last one ended. */
static bool area_copy(const struct silicon_device *device, struct silicon_area *area,
		      struct part part, bool save)
{
	u8 *memory = part.memory, *page;
	u32 offset, bytes;

	while (part.bytes) {
		offset = (u32)(area->position % PUMORI_HW_PAGE_SIZE);
		bytes = SILICON_MIN(part.bytes, PUMORI_HW_PAGE_SIZE - offset);
		page = area_page(device, area);
		if (!page)
			return false;
		if (save)
			memcpy(page + offset, memory, bytes);
		else
			memcpy(memory, page + offset, bytes);
		memory += bytes;
		part.bytes -= bytes;
		area->position += bytes;
	}
	return true;
}

static bool copy_sealed(const struct silicon_device *device, struct silicon_slot *slot, bool save)
{
	u32 i;

	for (i = 0; i < SEALED_PARTS; i++)
		if (!area_copy(device, &slot->area, sealed_part(slot, i), save))
			return false;
	return true;
}

/* --- saving ------------------------------------------------------------------------------------- */

bool silicon_save_begin(struct silicon_core *core, u32 index)
{
	struct silicon_slot *slot = core->slot[silicon_clamp(index, PUMORI_HW_MAX_SLOTS)];
	struct silicon_queue *queue = silicon_queue_at(core, slot->owner);

	area_begin(&slot->area, queue->save_area);
	slot->part = 0;
	queue->saved.sbuf_bytes = slot->job.sbuf_bytes;
	queue->saved.psum_bytes = slot->job.psum_bytes;
	queue->saved.seal = seal_of(core->device, slot);
	if (!copy_sealed(core->device, slot, true)) {
		queue->unsavable = true;
		return false;
	}
	core->saving = index;
	return true;
}

static void save_end(struct silicon_core *core, struct silicon_slot *slot)
{
	struct silicon_queue *queue = silicon_queue_at(core, slot->owner);
	struct silicon_saved *saved = &queue->saved;

	saved->flags = slot->job.flags;
	saved->program = slot->job.program;
	saved->load = slot->program;
	saved->residency = slot->residency;
	saved->started = slot->job.started;
	saved->device_ns = slot->job.device_ns;
	saved->slot = slot;
	saved->valid = true;
	silicon_slot_release(core, queue);
	silicon_queue_publish(queue);
}

u32 silicon_save_step(struct silicon_core *core, u32 budget)
{
	struct silicon_slot *slot = core->slot[silicon_clamp(core->saving, PUMORI_HW_MAX_SLOTS)];
	struct silicon_queue *queue = silicon_queue_at(core, slot->owner);
	u64 began = slot->area.position;
	struct part part;

	while (slot->area.position - began < (u64)budget * SILICON_UNIT_BYTES) {
		if (!data_part(slot, &queue->saved, slot->part++, &part)) {
			save_end(core, slot);
			break;
		}
		if (!area_copy(core->device, &slot->area, part, true)) {
			/* It stays where it is. */
			queue->unsavable = true;
			core->saving = SILICON_NO_SLOT;
			break;
		}
	}
	return (u32)((slot->area.position - began) / SILICON_UNIT_BYTES) + 1;
}

/* --- restoring ---------------------------------------------------------------------------------- */

void silicon_restore_begin(struct silicon_queue *queue, struct silicon_slot *slot)
{
	area_begin(&slot->area, queue->save_area);
	slot->part = 0;
	slot->keep_sbuf = queue->saved.sbuf_bytes;
	slot->keep_psum = queue->saved.psum_bytes;
	slot->dirty_sbuf = slot->keep_sbuf;
	slot->dirty_psum = slot->keep_psum;
	slot->running = true;
}

/* An address in the slot that was left becomes one in this slot. */
static void *moved(void *address, uintptr_t from, struct silicon_slot *slot)
{
	return address ? (void *)((uintptr_t)address - from + (uintptr_t)slot) : NULL;
}

static void move_stream(struct silicon_stream *stream, const struct silicon_instruction *code,
			uintptr_t from, struct silicon_slot *slot)
{
	struct silicon_transfer *transfer = &stream->transfer;
	struct silicon_task *task = &stream->task;
	u32 i;

	/* Between two instructions nothing has an address. */
	if (stream->state != SILICON_STREAM_BUSY)
		return;
	if (code[stream->pc].format == PUMORI_ISA_FORMAT_DMA) {
		transfer->source.memory = moved(transfer->source.memory, from, slot);
		transfer->destination.memory = moved(transfer->destination.memory, from, slot);
		transfer->indexed = moved(transfer->indexed, from, slot);
		transfer->index.base = moved(transfer->index.base, from, slot);
		return;
	}
	task->out.base = moved(task->out.base, from, slot);
	/* What is read in place gets its address anew before every step. */
	for (i = 0; i < 3; i++)
		task->in[i].base = moved(task->in[i].base, from, slot);
	task->accumulator.base = moved(task->accumulator.base, from, slot);
	task->stationary = moved(task->stationary, from, slot);
	task->scratch = slot->scratch;
}

/* The sealed parts come first; nothing of them is believed before the seal is. */
static u32 restore_sealed(struct silicon_core *core, struct silicon_queue *queue,
			  struct silicon_slot *slot)
{
	u32 i;

	if (!copy_sealed(core->device, slot, false))
		return PUMORI_HW_FAULT_BUS;
	if (seal_of(core->device, slot) != queue->saved.seal)
		return PUMORI_HW_FAULT_ECC;
	for (i = 0; i < slot->job.streams; i++)
		move_stream(&slot->stream[i], slot->job.code, (uintptr_t)queue->saved.slot, slot);
	return PUMORI_HW_FAULT_NONE;
}

static void restore_end(struct silicon_queue *queue, struct silicon_slot *slot)
{
	slot->residency = queue->saved.residency;
	slot->program = queue->saved.load;
	queue->saved.valid = false;
	silicon_queue_publish(queue);
	silicon_store(&queue->completion->residency, slot->residency);
}

u32 silicon_restore_step(struct silicon_core *core, struct silicon_queue *queue,
			 struct silicon_slot *slot, u32 budget, u32 *fault)
{
	u64 began = slot->area.position;
	struct part part;

	if (!began) {
		*fault = restore_sealed(core, queue, slot);
		if (*fault)
			return 1;
	}
	while (slot->area.position - began < (u64)budget * SILICON_UNIT_BYTES) {
		if (!data_part(slot, &queue->saved, slot->part++, &part)) {
			restore_end(queue, slot);
			break;
		}
		if (!area_copy(core->device, &slot->area, part, false)) {
			*fault = PUMORI_HW_FAULT_BUS;
			break;
		}
	}
	return (u32)((slot->area.position - began) / SILICON_UNIT_BYTES) + 1;
}
