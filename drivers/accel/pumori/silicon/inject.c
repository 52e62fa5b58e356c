// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Misbehaviour on request (PUMORI_HW_CORE_INJECT), so that drivers can be tested against a chip that
 * does not keep its contract. The register is one word, kind and count: whoever meets the place where
 * its kind happens takes one of the count.
 */
#include "internal.h"

#define KIND(word)	((word) & 0xffu)
#define ONE		(1u << 8)

void silicon_inject(struct silicon_core *core, u32 word)
{
	u32 kind = KIND(word);

	if (kind > PUMORI_HW_INJECT_GONE)
		return;
	if (kind == PUMORI_HW_INJECT_GONE)
		silicon_store_release(&core->device->gone, 1);
	if (kind && word < ONE)
		word += ONE;
	silicon_store_release(&core->registers.inject, word);
}

void silicon_inject_heal(struct silicon_core *core, u32 worst)
{
	u32 word = silicon_load(&core->registers.inject);

	if (KIND(word) >= PUMORI_HW_INJECT_HANG && KIND(word) <= worst)
		silicon_store_release(&core->registers.inject, 0);
}

bool silicon_injected(const struct silicon_core *core, u32 kind)
{
	return KIND(silicon_load_acquire(&core->registers.inject)) == kind;
}

bool silicon_inject_take(struct silicon_core *core, u32 kind)
{
	u32 word = silicon_load_acquire(&core->registers.inject);

	if (KIND(word) != kind)
		return false;
	/* Loses against a register write that comes between, which is as good as one that came before. */
	if (!__atomic_compare_exchange_n(&core->registers.inject, &word,
					 word < 2 * ONE ? 0 : word - ONE, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	return true;
}

bool silicon_inject_fault(struct silicon_core *core, const struct silicon_slot *slot,
			  struct silicon_end *end)
{
	const struct silicon_stream *stream = &slot->stream[slot->job.turn];

	if (!silicon_inject_take(core, PUMORI_HW_INJECT_ECC))
		return false;
	silicon_event(core, PUMORI_HW_EVENT_ECC, 0, 0, 1, PUMORI_HW_ECC_UNCORRECTED);
	end->status = PUMORI_HW_JOB_FAULT;
	end->fault = PUMORI_HW_FAULT_ECC;
	end->pc = stream->pc - slot->job.first;
	end->stream = stream->id;
	end->address = 0;
	return true;
}

bool silicon_inject_hang(struct silicon_core *core, struct silicon_queue *queue, u32 budget)
{
	u32 i;

	if (core->hung == PUMORI_HW_NO_QUEUE && silicon_inject_take(core, PUMORI_HW_INJECT_HANG))
		core->hung = queue->id;
	if (core->hung != queue->id)
		return false;
	/* Time passes: one look at the clock a unit. */
	for (i = 0; i < budget && i < 1024; i++)
		silicon_core_now(core);
	return true;
}

void silicon_inject_event(struct silicon_core *core, struct pumori_hw_event *event)
{
	if (!silicon_load(&core->registers.inject) && !core->holds) {
		silicon_event_write(core, event);
		return;
	}
	if (silicon_inject_take(core, PUMORI_HW_INJECT_LOSE_EVENT))
		return;
	if (silicon_inject_take(core, PUMORI_HW_INJECT_REORDER_EVENT)) {
		core->held = *event;
		core->holds = true;
		return;
	}
	if (silicon_inject_take(core, PUMORI_HW_INJECT_ONES_EVENT))
		memset(event, 0xff, sizeof(*event));
	if (silicon_event_room(core) && silicon_inject_take(core, PUMORI_HW_INJECT_DUPLICATE_EVENT))
		silicon_event_write(core, event);
	silicon_event_write(core, event);
	if (core->holds) {
		core->holds = false;
		silicon_event_write(core, &core->held);
	}
}
