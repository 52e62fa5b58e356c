// SPDX-License-Identifier: GPL-2.0
/* A core: its rings, the events it sends, its reset. */

#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_event.h"
#include "pumori_queue.h"
#include "pumori_ring.h"
#include "pumori_trace.h"

static unsigned int coalesce_us = 50;
module_param(coalesce_us, uint, 0444);
MODULE_PARM_DESC(coalesce_us, "how long a busy core may keep the end of a job to itself (default 50)");
static unsigned int coalesce_jobs = 8;
module_param(coalesce_jobs, uint, 0444);
MODULE_PARM_DESC(coalesce_jobs, "ended jobs that a busy core tells of at the latest (default 8)");

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
	/* A reset takes it, and memory may wait for a reset: who allocates under it is told at once. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&core->queues_lock);
	fs_reclaim_release(GFP_KERNEL);

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
	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_COALESCE_NS),
		     min(coalesce_us, U32_MAX / NSEC_PER_USEC) * NSEC_PER_USEC);
	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_COALESCE_JOBS),
		     coalesce_jobs);
	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_ENABLE), 1);
}

/**
 * pumori_core_restart() - let a core run again after a reset of the device
 * @core: the core, which has obeyed the reset; its control ring is closed
 *
 * May be called where fences are signalled.
 */
void pumori_core_restart(struct pumori_core *core)
{
	struct pumori_queue *queue, *next;

	/* Nobody waits for the chip with the lock held: the ring is closed. */
	mutex_lock(&core->queues_lock);
	list_for_each_entry_safe(queue, next, &core->queues, core_link)
		list_del_init(&queue->core_link);
	core->queue_count = 0;
	mutex_unlock(&core->queues_lock);

	spin_lock_irq(&core->event_lock);
	core->event_head = 0;
	memset(core->event.address, 0, PAGE_SIZE);
	spin_unlock_irq(&core->event_lock);

	spin_lock_irq(&core->control_lock);
	core->control_tail = 0;
	core->probing = false;
	memset(core->control.address, 0, PAGE_SIZE);
	pumori_core_start(core);
	core->closed = false;
	spin_unlock_irq(&core->control_lock);
}

static void handle_event(struct pumori_core *core, const struct pumori_hw_event *event)
{
	struct pumori_device *pumori = core->pumori;

	switch (event->type) {
	case PUMORI_HW_EVENT_CONTROL:
		pumori_control_acknowledge(core, event);
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
		pumori_ras_ecc(core, event->argument, event->detail != PUMORI_HW_ECC_UNCORRECTED);
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
 * pumori_core_reset() - end all jobs in the slots of a core
 * @core: the core
 * @blame: id of the queue that is guilty and is killed, or PUMORI_HW_NO_QUEUE
 *
 * Sleeps; may be called where fences are signalled.
 *
 * Return: 0, or -ETIMEDOUT when the core does not obey.
 */
int pumori_core_reset(struct pumori_core *core, u32 blame)
{
	struct pumori_device *pumori = core->pumori;
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_RESET,
		.core = core->index,
		.reason = "core reset",
	};
	u32 tries;

	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_BLAME), blame);
	pumori_write(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_RESET),
		     PUMORI_HW_RESET_KEY);
	for (tries = 0; tries < PUMORI_RESET_TRIES; tries++) {
		/* An event ring that is full for want of an interrupt would keep it from obeying. */
		pumori_core_handle_events(core);
		fsleep(PUMORI_RESET_STEP_US);
		if (!(pumori_read(pumori, PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_STATUS)) &
		      PUMORI_HW_CORE_STATUS_RESETTING)) {
			WRITE_ONCE(core->resets, core->resets + 1);
			trace_pumori_reset(pumori, core->index, 0);
			pumori_event_report(pumori, &event);
			return 0;
		}
	}
	trace_pumori_reset(pumori, core->index, -ETIMEDOUT);
	return -ETIMEDOUT;
}
