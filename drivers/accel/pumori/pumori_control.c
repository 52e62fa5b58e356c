// SPDX-License-Identifier: GPL-2.0
/*
 * Control commands: privileged requests to one core, taken in order and acknowledged by an event.
 *
 * Nothing here allocates, and the lock is never held while waiting, so that commands can be
 * executed where fences depend on it. Nobody who waits looks at the clock: the watchdog does, and it
 * answers for a core that does not. When that takes a reset of the device, the answer comes after the
 * chip has obeyed or was stopped, so that whoever gets it may free what the chip was using.
 */

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_pm.h"
#include "pumori_watchdog.h"

#define MAX_TRIES	3

static int try_start(struct pumori_core *core, struct pumori_request *request,
		     const struct pumori_hw_control *command)
{
	struct pumori_hw_control *ring = core->control.address;
	struct pumori_device *pumori = core->pumori;
	unsigned long flags;
	int ret = 0;
	u32 slot;

	spin_lock_irqsave(&core->control_lock, flags);
	slot = core->control_tail % PUMORI_HW_CONTROL_ENTRIES;
	if (core->closed) {
		ret = -EIO;
	} else if (core->request[slot]) {
		/* A slot is free when the command before it in the slot was answered. */
		ret = -EBUSY;
	} else {
		*request = (struct pumori_request) { .sequence = core->control_tail + 1 };
		core->request[slot] = request;
		ring[slot] = *command;
		ring[slot].sequence = request->sequence;
		core->control_tail++;
		/* The command before its announcement. */
		dma_wmb();
		pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_CONTROL_TAIL),
			     core->control_tail);
	}
	spin_unlock_irqrestore(&core->control_lock, flags);
	if (!ret)
		pumori_watchdog_start(pumori);
	return ret;
}

/* Under the lock: whoever waits for the request in @slot need not wait any longer. */
static void answer(struct pumori_core *core, u32 slot, int error)
{
	struct pumori_request *request = core->request[slot];

	lockdep_assert_held(&core->control_lock);

	core->request[slot] = NULL;
	request->error = error;
	/* Pairs with the acquire in pumori_control_finish(). */
	smp_store_release(&request->done, true);
	wake_up_all(&core->control_wait);
}

/**
 * pumori_control_start() - give a core a command
 * @core: the core
 * @request: where the answer goes; stays valid until pumori_control_finish()
 * @command: the command; its sequence is filled in
 *
 * Return: 0, or -EIO from a core that takes no commands, when there is nothing to finish.
 */
int pumori_control_start(struct pumori_core *core, struct pumori_request *request,
			 struct pumori_hw_control *command)
{
	int ret;

	wait_event(core->control_wait, (ret = try_start(core, request, command)) != -EBUSY);
	return ret;
}

/**
 * pumori_control_finish() - wait for the answer to a command
 * @core: the core
 * @request: as given to pumori_control_start()
 *
 * Return: 0 when the core has acknowledged, whatever its answer; -EAGAIN when it did what it was told
 * and the acknowledgement got lost; -EIO when it was reset or stopped instead.
 */
int pumori_control_finish(struct pumori_core *core, struct pumori_request *request)
{
	unsigned long flags;

	/* Pairs with the release in answer(): done means that the answer is there. */
	wait_event(core->control_wait, smp_load_acquire(&request->done));
	/* An answer that is being delivered right now ends before the request does. */
	spin_lock_irqsave(&core->control_lock, flags);
	spin_unlock_irqrestore(&core->control_lock, flags);
	return request->error;
}

/**
 * pumori_control_execute() - have a core carry out a command
 * @core: the core
 * @command: the command
 * @detail: set to the detail of the answer, may be NULL
 *
 * Return: PUMORI_HW_FAULT_* as the core answered (0 is success), or a negative error.
 */
int pumori_control_execute(struct pumori_core *core, struct pumori_hw_control *command, u64 *detail)
{
	struct pumori_hw_control undo = {
		.opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM,
		.target = command->target,
	};
	struct pumori_request request;
	u32 tries;
	int ret;

	pumori_pm_get(core->pumori);
	/* A command whose answer got lost can be repeated, a load when it was undone. */
	for (tries = 0; tries < MAX_TRIES; tries++) {
		ret = pumori_control_start(core, &request, command);
		if (!ret)
			ret = pumori_control_finish(core, &request);
		if (ret != -EAGAIN)
			break;
		if (command->opcode == PUMORI_HW_CONTROL_LOAD_PROGRAM)
			pumori_control_execute(core, &undo, NULL);
	}
	pumori_pm_put(core->pumori);
	if (ret)
		return -EIO;
	if (detail)
		*detail = request.detail;
	return request.status;
}

/**
 * pumori_control_invalidate() - make all cores forget translations
 * @pumori: the device
 * @address_space: whose translations
 * @va: first address
 * @size: bytes, 0 for the whole address space
 *
 * When it returns no core can use the old translations any more: it has said so, or it was reset or
 * stopped, which has the same effect.
 *
 * Return: 0, or -EIO on a lost device.
 */
int pumori_control_invalidate(struct pumori_device *pumori, u32 address_space, u64 va, u64 size)
{
	struct pumori_request request[PUMORI_HW_MAX_CORES];
	unsigned long started = 0;
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_TLB_INVALIDATE,
		.address = va,
		.length = size,
		.target = address_space,
	};
	u32 core;

	pumori_pm_get(pumori);
	for (core = 0; core < pumori->info.cores; core++) {
		if (!pumori_control_start(pumori->core[core], &request[core], &command))
			__set_bit(core, &started);
	}
	for_each_set_bit(core, &started, pumori->info.cores)
		pumori_control_finish(pumori->core[core], &request[core]);
	pumori_pm_put(pumori);
	return pumori_device_is_lost(pumori) ? -EIO : 0;
}

/**
 * pumori_control_acknowledge() - a core has answered
 * @core: the core
 * @event: its answer
 *
 * Any context.
 */
void pumori_control_acknowledge(struct pumori_core *core, const struct pumori_hw_event *event)
{
	u32 slot = ((u32)event->sequence - 1) % PUMORI_HW_CONTROL_ENTRIES;
	struct pumori_request *request;
	unsigned long flags;

	spin_lock_irqsave(&core->control_lock, flags);
	core->life++;
	request = core->request[slot];
	/* An answer may come twice, or after the watchdog has given it up. */
	if (request && request->sequence == event->sequence) {
		request->status = event->argument;
		request->detail = event->detail;
		answer(core, slot, 0);
	}
	spin_unlock_irqrestore(&core->control_lock, flags);
}

/**
 * pumori_control_probe() - ask a core that does nothing whether it is there, once
 * @core: the core
 *
 * For the watchdog. Return: whether it has answered.
 */
bool pumori_control_probe(struct pumori_core *core)
{
	static const struct pumori_hw_control command = { .opcode = PUMORI_HW_CONTROL_NOP };

	if (!core->probing)
		core->probing = !try_start(core, &core->probe, &command);
	/* Pairs with the release in acknowledge(): done means that the answer is there. */
	return core->probing && smp_load_acquire(&core->probe.done) && core->probe.error != -EIO;
}

/**
 * pumori_control_look() - look after commands that are not answered
 * @core: the core
 * @limit: how many looks a command may take
 *
 * For the watchdog. A command that the core has carried out without our hearing of it ends here.
 *
 * Return: whether a command is overdue.
 */
bool pumori_control_look(struct pumori_core *core, u32 limit)
{
	u32 head = pumori_read(core->pumori,
			       PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_CONTROL_HEAD));
	bool overdue = false;
	u32 slot;

	spin_lock_irq(&core->control_lock);
	for (slot = 0; slot < PUMORI_HW_CONTROL_ENTRIES; slot++) {
		struct pumori_request *request = core->request[slot];

		if (!request)
			continue;
		request->looks++;
		if (request->looks > 1 && (s32)(head - request->sequence) >= 0) {
			core->life++;
			answer(core, slot, -EAGAIN);
		} else if (request->looks >= limit) {
			overdue = true;
		}
	}
	spin_unlock_irq(&core->control_lock);
	return overdue;
}

/**
 * pumori_control_pending() - whether a core owes an answer
 * @core: the core
 */
bool pumori_control_pending(struct pumori_core *core)
{
	bool pending = false;
	u32 slot;

	spin_lock_irq(&core->control_lock);
	for (slot = 0; slot < PUMORI_HW_CONTROL_ENTRIES; slot++)
		pending |= !!core->request[slot];
	spin_unlock_irq(&core->control_lock);
	return pending;
}

/**
 * pumori_control_forgive() - give a core that was reset time to answer
 * @core: the core
 */
void pumori_control_forgive(struct pumori_core *core)
{
	u32 slot;

	spin_lock_irq(&core->control_lock);
	for (slot = 0; slot < PUMORI_HW_CONTROL_ENTRIES; slot++) {
		if (core->request[slot])
			core->request[slot]->looks = 0;
	}
	spin_unlock_irq(&core->control_lock);
}

/**
 * pumori_control_close() - answer for a core that does nothing any more
 * @core: the core, which was reset with its device or stopped
 */
void pumori_control_close(struct pumori_core *core)
{
	u32 slot;

	spin_lock_irq(&core->control_lock);
	core->closed = true;
	for (slot = 0; slot < PUMORI_HW_CONTROL_ENTRIES; slot++) {
		if (core->request[slot])
			answer(core, slot, -EIO);
	}
	wake_up_all(&core->control_wait);
	spin_unlock_irq(&core->control_lock);
}
