// SPDX-License-Identifier: GPL-2.0
/*
 * Control commands: privileged requests to one core, taken in order and acknowledged by an event.
 *
 * Nothing here allocates, and the lock is never held while waiting, so that commands can be
 * executed where fences depend on it. A core acknowledges within a slice; one that does not answer
 * for PUMORI_ANSWER_TIMEOUT_MS costs the device.
 */

#include <linux/jiffies.h>

#include "pumori_core.h"
#include "pumori_device.h"

static bool try_start(struct pumori_core *core, struct pumori_request *request,
		      const struct pumori_hw_control *command)
{
	struct pumori_hw_control *ring = core->control.address;
	struct pumori_device *pumori = core->pumori;
	bool started = false;
	unsigned long flags;
	u32 slot;

	spin_lock_irqsave(&core->control_lock, flags);
	slot = core->control_tail % PUMORI_HW_CONTROL_ENTRIES;
	/* A slot is free when the command before it in the slot was acknowledged. */
	if (!core->request[slot]) {
		request->sequence = core->control_tail + 1;
		request->done = false;
		core->request[slot] = request;
		ring[slot] = *command;
		ring[slot].sequence = request->sequence;
		core->control_tail++;
		/* The command before its announcement. */
		dma_wmb();
		pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_CONTROL_TAIL),
			     core->control_tail);
		started = true;
	}
	spin_unlock_irqrestore(&core->control_lock, flags);
	return started;
}

/**
 * pumori_control_start() - give a core a command
 * @core: the core
 * @request: where the answer goes; stays valid until pumori_control_finish()
 * @command: the command; its sequence is filled in
 *
 * Return: 0, or -EIO on a lost device, when there is nothing to finish.
 */
int pumori_control_start(struct pumori_core *core, struct pumori_request *request,
			 struct pumori_hw_control *command)
{
	struct pumori_device *pumori = core->pumori;
	long left = msecs_to_jiffies(PUMORI_ANSWER_TIMEOUT_MS);

	if (pumori_device_is_lost(pumori))
		return -EIO;

	left = wait_event_timeout(core->control_wait,
				  pumori_device_is_lost(pumori) ||
				  try_start(core, request, command), left);
	if (!left)
		pumori_device_lose(pumori, "control ring stays full");
	/* Lost after the command was taken up: pumori_control_finish() must not be left out. */
	if (!left || pumori_device_is_lost(pumori)) {
		pumori_control_finish(core, request);
		return -EIO;
	}
	return 0;
}

/**
 * pumori_control_finish() - wait for the answer to a command
 * @core: the core
 * @request: as given to pumori_control_start()
 *
 * Return: 0 when the core has acknowledged, whatever its answer; -EIO on a lost device.
 */
int pumori_control_finish(struct pumori_core *core, struct pumori_request *request)
{
	struct pumori_device *pumori = core->pumori;
	unsigned long flags;
	long left;
	u32 slot;

	/* Pairs with the release in acknowledge(): done means that the answer is there. */
	left = wait_event_timeout(core->control_wait,
				  smp_load_acquire(&request->done) || pumori_device_is_lost(pumori),
				  msecs_to_jiffies(PUMORI_ANSWER_TIMEOUT_MS));
	if (!left)
		pumori_device_lose(pumori, "no answer to a control command");

	/* An acknowledgement that is being delivered right now ends before the request does. */
	spin_lock_irqsave(&core->control_lock, flags);
	slot = (request->sequence - 1) % PUMORI_HW_CONTROL_ENTRIES;
	if (core->request[slot] == request)
		core->request[slot] = NULL;
	spin_unlock_irqrestore(&core->control_lock, flags);

	return request->done ? 0 : -EIO;
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
	struct pumori_request request = {};
	int ret;

	ret = pumori_control_start(core, &request, command);
	if (!ret)
		ret = pumori_control_finish(core, &request);
	if (ret)
		return ret;
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
 * Return: 0 when no core can use the old translations any more. -EIO on a lost device, whose reset
 * has the same effect.
 */
int pumori_control_invalidate(struct pumori_device *pumori, u32 address_space, u64 va, u64 size)
{
	struct pumori_request request[PUMORI_HW_MAX_CORES] = {};
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_TLB_INVALIDATE,
		.address = va,
		.length = size,
		.target = address_space,
	};
	u32 started, core;
	int ret = 0;

	for (started = 0; started < pumori->info.cores && !ret; started++)
		ret = pumori_control_start(pumori->core[started], &request[started], &command);
	/* The one that failed to start was finished by pumori_control_start(). */
	if (ret)
		started--;
	for (core = 0; core < started; core++) {
		int finished = pumori_control_finish(pumori->core[core], &request[core]);

		ret = ret ?: finished;
	}
	return ret;
}
