// SPDX-License-Identifier: GPL-2.0
/* A core: its rings, the events it sends, its reset. */

#include <linux/delay.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_queue.h"
#include "pumori_ring.h"

static void core_fini(struct drm_device *drm, void *data)
{
	struct pumori_core *core = data;
	struct pumori_bus *bus = core->pumori->bus;

	pumori_shared_free(bus, &core->runlist);
	pumori_shared_free(bus, &core->event);
	pumori_shared_free(bus, &core->control);
}

/**
 * pumori_core_init() - allocate what a core needs
 * @pumori: the device
 * @index: number of the core
 */
int pumori_core_init(struct pumori_device *pumori, u32 index)
{
	struct pumori_core *core;
	int ret;

	core = drmm_kzalloc(&pumori->drm, sizeof(*core), GFP_KERNEL);
	if (!core)
		return -ENOMEM;

	core->pumori = pumori;
	core->index = index;
	spin_lock_init(&core->control_lock);
	spin_lock_init(&core->event_lock);
	init_waitqueue_head(&core->control_wait);
	INIT_LIST_HEAD(&core->queues);
	ret = drmm_mutex_init(&pumori->drm, &core->queues_lock);
	if (ret)
		return ret;

	ret = drmm_add_action(&pumori->drm, core_fini, core);
	if (ret)
		return ret;

	ret = pumori_shared_alloc(pumori->bus, &core->control);
	if (!ret)
		ret = pumori_shared_alloc(pumori->bus, &core->event);
	if (!ret)
		ret = pumori_shared_alloc(pumori->bus, &core->runlist);
	if (ret)
		return ret;

	pumori->core[index] = core;
	return 0;
}

/**
 * pumori_core_start() - tell the chip about the rings and let the core run
 * @core: the core
 */
void pumori_core_start(struct pumori_core *core)
{
	struct pumori_device *pumori = core->pumori;

	pumori_write64(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_CONTROL_RING),
		       core->control.bus_address);
	pumori_write64(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_EVENT_RING),
		       core->event.bus_address);
	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_ENABLE), 1);
}

static void acknowledge(struct pumori_core *core, const struct pumori_hw_event *event)
{
	u32 sequence = event->sequence;
	u32 slot = (sequence - 1) % PUMORI_HW_CONTROL_ENTRIES;
	struct pumori_request *request;
	unsigned long flags;

	spin_lock_irqsave(&core->control_lock, flags);
	request = core->request[slot];
	if (request && request->sequence == sequence) {
		core->request[slot] = NULL;
		request->status = event->argument;
		request->detail = event->detail;
		/* Pairs with the acquire in pumori_control_finish(). */
		smp_store_release(&request->done, true);
	}
	wake_up_all(&core->control_wait);
	spin_unlock_irqrestore(&core->control_lock, flags);
}

static void handle_event(struct pumori_core *core, const struct pumori_hw_event *event)
{
	struct pumori_device *pumori = core->pumori;

	switch (event->type) {
	case PUMORI_HW_EVENT_CONTROL:
		acknowledge(core, event);
		break;
	case PUMORI_HW_EVENT_JOB:
		pumori_queue_handle_event(pumori, event->queue, false);
		break;
	case PUMORI_HW_EVENT_FAULT:
		pumori_queue_handle_event(pumori, event->queue, true);
		break;
	case PUMORI_HW_EVENT_ECC:
		dev_warn_ratelimited(pumori->drm.dev, "core %u: %llu memory errors\n", core->index,
				     event->argument);
		break;
	default:
		drm_dbg(&pumori->drm, "core %u: unknown event %u\n", core->index, event->type);
		break;
	}
}

/**
 * pumori_core_handle_events() - take what is in the event ring
 * @core: the core
 *
 * Any context.
 */
void pumori_core_handle_events(struct pumori_core *core)
{
	const struct pumori_hw_event *ring = core->event.address;
	unsigned long flags;
	u32 first;

	spin_lock_irqsave(&core->event_lock, flags);
	first = core->event_head;
	for (;;) {
		u32 index = core->event_head;
		const struct pumori_hw_event *slot = &ring[index % PUMORI_HW_EVENT_ENTRIES];
		struct pumori_hw_event event;

		if (READ_ONCE(slot->phase) != pumori_event_phase(index))
			break;
		/* The phase before what it vouches for. */
		dma_rmb();
		event = *slot;
		core->event_head++;
		handle_event(core, &event);
	}
	if (core->event_head != first)
		pumori_write(core->pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_EVENT_HEAD),
			     core->event_head);
	spin_unlock_irqrestore(&core->event_lock, flags);
}

/**
 * pumori_core_wake() - let everyone who waits for the core look at the device's state again
 * @core: the core
 */
void pumori_core_wake(struct pumori_core *core)
{
	wake_up_all(&core->control_wait);
}

/**
 * pumori_core_reset() - end all jobs of a core that makes no progress
 * @core: the core
 *
 * Sleeps; may be called where fences are signalled.
 */
int pumori_core_reset(struct pumori_core *core)
{
	struct pumori_device *pumori = core->pumori;
	unsigned long end = jiffies + msecs_to_jiffies(1000);

	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_RESET),
		     PUMORI_HW_RESET_KEY);
	do {
		fsleep(1000);
		if (!(pumori_read(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_STATUS)) &
		      PUMORI_HW_CORE_STATUS_RESETTING)) {
			mutex_lock(&core->queues_lock);
			core->resets++;
			mutex_unlock(&core->queues_lock);
			return 0;
		}
	} while (time_before(jiffies, end));
	return -ETIMEDOUT;
}
