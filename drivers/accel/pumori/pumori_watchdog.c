// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Watchdog
 *
 * The chip bounds the work of a job by itself (PUMORI_HW_FAULT_BUDGET), so an endless loop needs no
 * help from here. The watchdog is for what the chip does not notice. It looks at all queues with
 * jobs on the chip, several times a second as long as there are any:
 *
 * - A queue that used HANG_MS of device time without retiring any work is killed and banned. Time
 *   in which the core served others does not count.
 * - A core on which no queue used any device time for STUCK_MS, although some have jobs, is reset;
 *   if that does not help either, the device is lost.
 * - Completions whose event got lost are delivered.
 *
 * The scheduler's time-out is not used: it measures wall-clock time from when a job was handed to
 * the chip, which says nothing while other queues run, and on 6.12 a job for which it fired by
 * mistake cannot be put back without stopping the scheduler.
 */

#include <linux/jiffies.h>
#include <linux/rcupdate.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_queue.h"
#include "pumori_watchdog.h"

#define PERIOD_MS	200
#define HANG_MS		2000
#define STUCK_MS	10000

/**
 * struct core_view - what a round saw of one core
 */
struct core_view {
	/** @waiting: a queue has jobs */
	bool waiting;
	/** @moving: a queue that has jobs made progress or used time not long ago */
	bool moving;
};

static bool has_jobs(struct pumori_queue *queue)
{
	bool empty;

	spin_lock_irq(&queue->lock);
	empty = list_empty(&queue->running);
	spin_unlock_irq(&queue->lock);
	return !empty;
}

static void look_at(struct pumori_queue *queue, struct core_view *view)
{
	const struct pumori_hw_completion *completion = queue->completion;
	struct pumori_progress *last = &queue->progress;
	u64 sequence = READ_ONCE(completion->sequence);
	u64 units = READ_ONCE(completion->progress);
	u64 busy_ns = READ_ONCE(completion->busy_ns);

	pumori_queue_complete(queue);
	if (!has_jobs(queue)) {
		last->since = 0;
		return;
	}

	view->waiting = true;
	if (!last->since || sequence != last->sequence || units != last->units) {
		*last = (struct pumori_progress) {
			.sequence = sequence,
			.units = units,
			.busy_ns = busy_ns,
			.since = jiffies ?: 1,
		};
		view->moving = true;
		return;
	}
	if (busy_ns - last->busy_ns > (u64)HANG_MS * NSEC_PER_MSEC) {
		drm_dbg(&queue->pumori->drm, "queue %u makes no progress\n", queue->id);
		pumori_queue_ban(queue);
	}
	if (time_before(jiffies, last->since + msecs_to_jiffies(STUCK_MS)))
		view->moving = true;
}

static void forget_progress(struct pumori_device *pumori, struct pumori_core *core)
{
	struct pumori_queue *queue;

	mutex_lock(&core->queues_lock);
	list_for_each_entry(queue, &core->queues, core_link)
		queue->progress.since = 0;
	mutex_unlock(&core->queues_lock);
}

static void watchdog_work(struct work_struct *work)
{
	struct pumori_device *pumori = container_of(to_delayed_work(work), struct pumori_device,
						    watchdog);
	struct core_view view[PUMORI_HW_MAX_CORES] = {};
	struct pumori_queue *queue;
	bool waiting = false;
	unsigned long id;
	u32 core;

	if (pumori_device_is_lost(pumori))
		return;

	rcu_read_lock();
	xa_for_each(&pumori->queues, id, queue) {
		if (kref_get_unless_zero(&queue->kref)) {
			look_at(queue, &view[queue->core->index]);
			pumori_queue_put(queue);
		}
	}
	rcu_read_unlock();

	for (core = 0; core < pumori->info.cores; core++) {
		waiting |= view[core].waiting;
		if (!view[core].waiting || view[core].moving)
			continue;
		drm_warn(&pumori->drm, "core %u does nothing and is reset\n", core);
		if (pumori_core_reset(pumori->core[core])) {
			pumori_device_lose(pumori, "a core cannot be reset");
			return;
		}
		forget_progress(pumori, pumori->core[core]);
	}
	if (waiting)
		pumori_watchdog_start(pumori);
}

static void watchdog_stop(struct drm_device *drm, void *unused)
{
	cancel_delayed_work_sync(&to_pumori_device(drm)->watchdog);
}

/**
 * pumori_watchdog_init() - prepare the watchdog
 * @pumori: the device
 */
int pumori_watchdog_init(struct pumori_device *pumori)
{
	INIT_DELAYED_WORK(&pumori->watchdog, watchdog_work);
	return drmm_add_action_or_reset(&pumori->drm, watchdog_stop, NULL);
}

/**
 * pumori_watchdog_start() - let the watchdog look after a job
 * @pumori: the device
 *
 * Any context; does nothing while it is already waiting.
 */
void pumori_watchdog_start(struct pumori_device *pumori)
{
	if (!pumori_device_is_lost(pumori))
		queue_delayed_work(pumori->sched_wq, &pumori->watchdog,
				   msecs_to_jiffies(PERIOD_MS));
}
