// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A core's main loop: resets, control commands, then jobs, until the budget is used up or nothing
 * is left.
 */
#include "internal.h"

u64 silicon_core_now(struct silicon_core *core)
{
	const struct silicon_host *host = &core->device->config.host;

	core->now = host->time(host->context);
	return core->now;
}

void silicon_core_kick(struct silicon_core *core)
{
	silicon_store_release(&core->registers.kick, 1);
}

/* Back to the state after power-on, but for the memory of slots and what lies in it. */
static void forget(struct silicon_core *core)
{
	u32 slots = silicon_load_acquire(&core->slots), i;

	core->running = false;
	core->loading = false;
	core->control_ring = NULL;
	core->event_ring = NULL;
	core->control_head = 0;
	core->event_tail = 0;
	core->event_phase = 1;
	core->queues = 0;
	core->serving = SILICON_NO_QUEUE;
	core->hung = PUMORI_HW_NO_QUEUE;
	core->holds = false;
	silicon_store(&core->registers.serving, PUMORI_HW_NO_QUEUE);
	silicon_store(&core->registers.blame, PUMORI_HW_NO_QUEUE);
	core->saving = SILICON_NO_SLOT;
	core->held_jobs = 0;
	for (i = 0; i < slots; i++) {
		core->slot[i]->owner = SILICON_NO_QUEUE;
		core->slot[i]->running = false;
	}
	memset(core->program, 0, sizeof(core->program));
	silicon_mmu_reset(core);
	silicon_store(&core->registers.control_head, 0);
	silicon_store_release(&core->registers.status, 0);
}

static void start(struct silicon_core *core)
{
	struct silicon_core_registers *registers = &core->registers;

	core->control_ring = silicon_bus(core->device, silicon_load(&registers->control_ring),
					 PUMORI_HW_PAGE_SIZE, PUMORI_HW_PAGE_SIZE);
	core->event_ring = silicon_bus(core->device, silicon_load(&registers->event_ring),
				       PUMORI_HW_PAGE_SIZE, PUMORI_HW_PAGE_SIZE);
	if (!core->control_ring || !core->event_ring)
		return;
	core->running = true;
	silicon_store_release(&registers->status, PUMORI_HW_CORE_STATUS_ENABLED);
}

/* All slots are emptied; jobs in them end or begin again, queues and programs stay. */
static void core_reset(struct silicon_core *core)
{
	u32 blame = silicon_exchange(&core->registers.blame, PUMORI_HW_NO_QUEUE);
	struct silicon_queue *queue;
	u32 i;

	for (i = 0; i < core->queues; i++) {
		queue = silicon_queue_at(core, i);
		if (queue->id == blame)
			silicon_queue_kill(core, queue, PUMORI_HW_JOB_KILLED);
		silicon_queue_reset(core, queue);
	}
	silicon_mmu_reset(core);
	silicon_store_release(&core->registers.reset, 0);
}

/* Obeys RESET and ENABLE; returns whether the core runs. */
static bool obey_registers(struct silicon_core *core)
{
	struct silicon_core_registers *registers = &core->registers;
	u32 generation;

	if (silicon_load_acquire(&registers->device_reset)) {
		forget(core);
		silicon_store_release(&registers->device_reset, 0);
	}
	generation = silicon_load_acquire(&registers->generation);
	if (!silicon_load(&registers->enable) || generation != core->generation) {
		if (core->running)
			forget(core);
		core->generation = generation;
		if (silicon_load(&registers->enable))
			start(core);
	}
	if (silicon_load_acquire(&registers->reset)) {
		if (!core->running)
			silicon_store_release(&registers->reset, 0);
		else if (silicon_event_room(core))
			core_reset(core);
	}
	return core->running;
}

/* Works until the budget is used up (then true) or nothing is left to do. */
static bool work(struct silicon_core *core, u32 budget)
{
	struct silicon_queue *queue;
	u32 used = 0, units;

	while (used < budget) {
		/*
		 * Without room to say what happens, nothing new happens: EVENT_HEAD wakes the core.
		 */
		if (!silicon_event_room(core))
			return false;
		if (silicon_control_pending(core))
			used += silicon_control_step(core, (budget - used + 1) / 2);
		if (used < budget && core->saving != SILICON_NO_SLOT) {
			used += silicon_save_step(core, budget - used);
			continue;
		}
		queue = used < budget && silicon_event_room(core) ? silicon_runlist_pick(core) : NULL;
		if (queue) {
			silicon_store(&core->registers.serving, queue->id);
			units = silicon_queue_run(core, queue,
						  SILICON_MIN(budget - used, core->quantum_left));
			core->quantum_left -= SILICON_MIN(units, core->quantum_left);
			used += units;
		} else if (!silicon_control_pending(core) && silicon_runlist_sleep(core)) {
			return false;
		}
	}
	return true;
}

/* Whether the core does nothing at all, on request. */
static bool paralysed(const struct silicon_core *core)
{
	return silicon_injected(core, PUMORI_HW_INJECT_STUCK) ||
	       silicon_injected(core, PUMORI_HW_INJECT_DEAD) || silicon_load(&core->device->gone);
}

/* Whether ended jobs have waited for their interrupt for long enough, or are many. */
static bool held_enough(const struct silicon_core *core)
{
	u32 jobs = silicon_load(&core->registers.coalesce_jobs);

	return core->held_jobs >= jobs ||
	       core->now - core->held_since >= silicon_load(&core->registers.coalesce_ns);
}

u32 silicon_core_run(struct silicon_device *device, u32 number, u32 budget)
{
	const struct silicon_kernels *kernels = device->config.kernels;
	struct silicon_core *core;
	u32 state, events, bit;
	u64 began;
	bool more = false;

	if (number >= device->config.cores)
		return SILICON_IDLE;
	core = &device->core[silicon_clamp(number, device->config.cores)];
	core->raised = false;
	silicon_exchange(&core->registers.kick, 0);
	if (paralysed(core)) {
		silicon_store(&core->registers.active, 0);
		return SILICON_IDLE;
	}
	began = silicon_core_now(core);
	if (obey_registers(core)) {
		if (silicon_event_room(core) &&
		    silicon_inject_take(core, PUMORI_HW_INJECT_ECC_CORRECTED))
			silicon_event(core, PUMORI_HW_EVENT_ECC, 0, 0, 1, 0);
		state = kernels->begin();
		more = work(core, SILICON_MAX(budget, 1u));
		kernels->end(state);
		/* The rest of a count of events comes with the next runs. */
		if (silicon_injected(core, PUMORI_HW_INJECT_ECC_CORRECTED) && silicon_event_room(core))
			more = true;
		silicon_store(&core->registers.busy_ns,
			      core->registers.busy_ns + (silicon_core_now(core) - began));
	}
	silicon_store(&core->registers.active, more);
	events = more ? SILICON_MORE : SILICON_IDLE;
	if (silicon_inject_take(core, PUMORI_HW_INJECT_SPURIOUS_INTERRUPT))
		events |= SILICON_INTERRUPT;
	if (core->held_jobs && (!more || held_enough(core)))
		core->raised = true;
	if (core->raised)
		core->held_jobs = 0;
	if (core->raised && !silicon_inject_take(core, PUMORI_HW_INJECT_LOSE_INTERRUPT)) {
		bit = 1u << core->number;
		__atomic_or_fetch(&device->interrupt_status, bit, __ATOMIC_RELEASE);
		if (silicon_load(&device->interrupt_enable) & bit)
			events |= SILICON_INTERRUPT;
	}
	return events;
}

bool silicon_core_pending(struct silicon_device *device, u32 number)
{
	const struct silicon_core_registers *registers;

	if (number >= device->config.cores)
		return false;
	registers = &device->core[silicon_clamp(number, device->config.cores)].registers;
	return silicon_load_acquire(&registers->kick) || silicon_load(&registers->active);
}
