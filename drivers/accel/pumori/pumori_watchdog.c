// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Watchdog
 *
 * The chip bounds the work of a job by itself (PUMORI_HW_FAULT_BUDGET), so an endless loop needs no
 * help from here. The watchdog is for what the chip does not notice. As long as there is work or a
 * command without an answer it looks several times a second:
 *
 * - A queue that used hang_ms of device time without retiring any work is killed and banned. Time
 *   in which the core served others does not count.
 * - A queue that stands still although its core serves others that do not come before it, or
 *   answers commands, has lost its completions. It is killed, too, but not blamed.
 * - A core that neither works nor answers is reset. The queue that it served last is to blame.
 * - When a core shows no sign of life since its last reset, the device is reset.
 * - Interrupts, doorbells and acknowledgements that got lost are made up for.
 *
 * The last limits are in looks and not in time: a machine that was stopped, or an emulator that got
 * no time, has not given the chip any either.
 *
 * The scheduler's time-out is not used: it measures wall-clock time from when a job was handed to
 * the chip, which says nothing while other queues run, and on 6.12 a job for which it fired by
 * mistake cannot be put back without stopping the scheduler.
 */

#include <linux/dma-fence.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pumori_context.h"
#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_pm.h"
#include "pumori_queue.h"
#include "pumori_reset.h"
#include "pumori_watchdog.h"

#define PERIOD_MS	200

static unsigned int hang_ms = 2000;
module_param(hang_ms, uint, 0444);
MODULE_PARM_DESC(hang_ms, "device time a queue may use without any progress (default 2000)");
static unsigned int stuck_ms = 4000;
module_param(stuck_ms, uint, 0444);
MODULE_PARM_DESC(stuck_ms, "time in which a core must do something or answer (default 4000)");

/**
 * struct core_view - what a round saw of one core
 */
struct core_view {
	/** @waiting: a queue has jobs */
	bool waiting;
	/** @stalled: the most rounds that a queue with jobs stands still for */
	u32 stalled;
	/** @moving: a queue that has jobs used time since the last round */
	bool moving;
	/** @priority: the highest of those that move */
	u32 priority;
	/** @answers: it does not work, but it answers */
	bool answers;
	/** @guilty: a queue that it could not be made to kill, or PUMORI_HW_NO_QUEUE */
	u32 guilty;
};

static u32 stall_limit(void)
{
	return max(stuck_ms / PERIOD_MS, 2u);
}

static bool has_jobs(struct pumori_queue *queue)
{
	bool empty;

	spin_lock_irq(&queue->lock);
	empty = list_empty(&queue->running);
	spin_unlock_irq(&queue->lock);
	return !empty;
}

static u32 priority_of(const struct pumori_queue *queue)
{
	return ((const struct pumori_hw_queue *)queue->descriptor.address)->priority;
}

/* What a queue has done since the last round. */
static void look_at(struct pumori_queue *queue, struct core_view *view)
{
	const struct pumori_hw_completion *completion = queue->completion;
	struct pumori_progress *last = &queue->progress, now;

	/* The chip writes the time last: whoever sees it sees the progress made in it. */
	now.busy_ns = READ_ONCE(completion->busy_ns);
	dma_rmb();
	now.units = READ_ONCE(completion->progress);
	now.sequence = READ_ONCE(completion->sequence);
	now.stalled = 0;
	now.known = true;

	pumori_queue_complete(queue);
	if (!has_jobs(queue)) {
		last->known = false;
		return;
	}

	view->waiting = true;
	if (!last->known) {
		now.since_ns = now.busy_ns;
		*last = now;
		return;
	}
	if (now.sequence != last->sequence || now.units != last->units) {
		now.since_ns = now.busy_ns;
		*last = now;
	} else if (now.busy_ns != last->busy_ns) {
		last->busy_ns = now.busy_ns;
		last->stalled = 0;
		if (now.busy_ns - last->since_ns > (u64)hang_ms * NSEC_PER_MSEC) {
			drm_dbg(&queue->pumori->drm, "queue %u makes no progress\n", queue->id);
			pumori_ras_hang(queue->core, pumori_context_number(queue->context),
					"a queue makes no progress");
			pumori_queue_ban(queue, PUMORI_HW_JOB_CANCELED);
		}
	} else {
		last->stalled++;
		view->stalled = max(view->stalled, last->stalled);
		if (atomic_read(&queue->banned))
			view->guilty = queue->id;
		return;
	}
	view->moving = true;
	view->priority = max(view->priority, priority_of(queue));
}

/* What that means for a queue that stands still. */
static void judge(struct pumori_queue *queue, const struct core_view *view)
{
	struct pumori_device *pumori = queue->pumori;
	u32 stalled = queue->progress.stalled;

	if (!queue->progress.known || !stalled)
		return;
	/* The chip may not have heard of what it has to do. */
	pumori->bus->ops->doorbell(pumori->bus, queue->core->index, queue->id);
	if (stalled < stall_limit())
		return;
	/* Others may come first, or have all the slots; a job without one lies in its save area. */
	if (view->moving && (priority_of(queue) < view->priority ||
			     !READ_ONCE(queue->completion->residency) ||
			     READ_ONCE(queue->completion->head) != READ_ONCE(queue->tail)))
		return;
	if (!view->moving && !view->answers)
		return;
	drm_warn(&pumori->drm, "core %u has lost jobs of queue %u\n", queue->core->index, queue->id);
	pumori_ras_hang(queue->core, pumori_context_number(queue->context),
			"a core has lost jobs of a queue");
	pumori_queue_ban(queue, PUMORI_HW_JOB_DEVICE_LOST);
}

static void for_each_queue(struct pumori_device *pumori, struct core_view *view,
			   void (*function)(struct pumori_queue *queue, struct core_view *view))
{
	struct pumori_queue *queue;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&pumori->queues, id, queue) {
		if (kref_get_unless_zero(&queue->kref)) {
			function(queue, &view[queue->core->index]);
			pumori_queue_put(queue);
		}
	}
	rcu_read_unlock();
}

static void judge_queue(struct pumori_queue *queue, struct core_view *view)
{
	judge(queue, view);
}

static void forget_progress(struct pumori_queue *queue, struct core_view *view)
{
	queue->progress.known = false;
}

/* Takes what the chip says about a queue for a hint only. */
static u32 find_guilty(struct pumori_core *core, const struct core_view *view)
{
	struct pumori_queue *queue;
	u32 id = view->guilty;

	if (id == PUMORI_HW_NO_QUEUE)
		id = pumori_read(core->pumori,
				 PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_SERVING));
	rcu_read_lock();
	queue = xa_load(&core->pumori->queues, id);
	if (!queue || !kref_get_unless_zero(&queue->kref))
		queue = NULL;
	rcu_read_unlock();
	if (!queue)
		return PUMORI_HW_NO_QUEUE;
	if (queue->core == core && has_jobs(queue))
		pumori_queue_ban(queue, PUMORI_HW_JOB_CANCELED);
	else
		id = PUMORI_HW_NO_QUEUE;
	pumori_queue_put(queue);
	return id;
}

/* Whether the core works again. */
static bool reset_core(struct pumori_core *core, u32 guilty, const char *reason)
{
	struct pumori_device *pumori = core->pumori;

	drm_warn(&pumori->drm, "core %u is reset: %s\n", core->index, reason);
	if (pumori_core_reset(core, guilty))
		return false;
	core->reset_life = READ_ONCE(core->life);
	core->probing = false;
	pumori_control_forgive(core);
	return true;
}

/* What a round has to do about a core. Returns false when only a reset of the device helps. */
static bool treat(struct pumori_core *core, struct core_view *view)
{
	bool overdue = pumori_control_look(core, stall_limit());

	if (view->moving) {
		core->probing = false;
		spin_lock_irq(&core->control_lock);
		core->life++;
		spin_unlock_irq(&core->control_lock);
	}
	if (test_and_clear_bit(core->index, &core->pumori->reset_wanted))
		return reset_core(core, PUMORI_HW_NO_QUEUE, "on demand");
	if (overdue) {
		if (core->resets && core->reset_life == READ_ONCE(core->life))
			return false;
		pumori_ras_hang(core, 0, "a core does not answer");
		return reset_core(core, find_guilty(core, view), "it does not answer");
	}
	if (view->waiting && !view->moving && view->stalled >= stall_limit() / 2)
		view->answers = pumori_control_probe(core);
	return true;
}

/*
 * Looks at everything once; returns whether there is something to look at next time, and sets @reset
 * when the device was reset or lost.
 */
static bool look(struct pumori_device *pumori, bool *reset)
{
	struct core_view view[PUMORI_HW_MAX_CORES] = {};
	const char *reason = NULL;
	bool again = false;
	u32 core;

	if (pumori_read(pumori, PUMORI_HW_REG_ID) != PUMORI_HW_ID) {
		pumori_reset_lose(pumori, "it has left its bus");
		*reset = true;
		return false;
	}
	for (core = 0; core < pumori->info.cores; core++) {
		view[core].guilty = PUMORI_HW_NO_QUEUE;
		pumori_core_handle_events(pumori->core[core]);
	}
	for_each_queue(pumori, view, look_at);
	for (core = 0; core < pumori->info.cores; core++) {
		u32 resets = pumori->core[core]->resets;

		if (!treat(pumori->core[core], &view[core]))
			reason = "a core does not answer after its reset";
		/* Whoever was reset gets all the time again. */
		if (pumori->core[core]->resets != resets)
			for_each_queue(pumori, view, forget_progress);
	}
	for_each_queue(pumori, view, judge_queue);

	if (test_and_clear_bit(PUMORI_WANT_DEVICE, &pumori->reset_wanted))
		reason = "on demand";
	if (reason) {
		pumori_reset_device(pumori, reason);
		*reset = true;
		return false;
	}
	for (core = 0; core < pumori->info.cores; core++)
		again |= view[core].waiting || pumori_control_pending(pumori->core[core]);
	return again;
}

/* Whoever queued the work keeps the device awake until its end. */
static void watchdog_work(struct work_struct *work)
{
	struct pumori_device *pumori = container_of(to_delayed_work(work), struct pumori_device,
						    watchdog);
	bool again = false, cookie, reset = false;

	if (!pumori_device_is_lost(pumori) && !READ_ONCE(pumori->paused)) {
		cookie = dma_fence_begin_signalling();
		again = look(pumori, &reset);
		dma_fence_end_signalling(cookie);
	}
	if (reset)
		pumori_reset_tell(pumori);
	if (again)
		pumori_watchdog_start(pumori);
	pumori_pm_put(pumori);
}

static void watchdog_stop(struct drm_device *drm, void *unused)
{
	pumori_watchdog_cancel(to_pumori_device(drm));
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
 * pumori_watchdog_start() - let the watchdog look after a job or a command
 * @pumori: the device, which the caller keeps awake
 *
 * Any context; does nothing while it is already waiting.
 */
void pumori_watchdog_start(struct pumori_device *pumori)
{
	if (pumori_device_is_lost(pumori) || READ_ONCE(pumori->paused))
		return;
	pumori_pm_get_active(pumori);
	if (!queue_delayed_work(pumori->reset_wq, &pumori->watchdog, msecs_to_jiffies(PERIOD_MS)))
		pumori_pm_put(pumori);
}

/**
 * pumori_watchdog_now() - let the watchdog look at once, and wait for it
 * @pumori: the device, which the caller keeps awake
 */
void pumori_watchdog_now(struct pumori_device *pumori)
{
	if (pumori_device_is_lost(pumori))
		return;
	pumori_pm_get_active(pumori);
	if (mod_delayed_work(pumori->reset_wq, &pumori->watchdog, 0))
		pumori_pm_put(pumori);
	flush_delayed_work(&pumori->watchdog);
}

/**
 * pumori_watchdog_cancel() - wait for the end of a round and let no other one begin
 * @pumori: the device, which is lost or paused
 */
void pumori_watchdog_cancel(struct pumori_device *pumori)
{
	if (cancel_delayed_work_sync(&pumori->watchdog))
		pumori_pm_put(pumori);
}

/**
 * pumori_watchdog_pause() - look at nothing while the chip stands still
 * @pumori: the device
 */
void pumori_watchdog_pause(struct pumori_device *pumori)
{
	WRITE_ONCE(pumori->paused, true);
	pumori_watchdog_cancel(pumori);
}

/**
 * pumori_watchdog_resume() - undo pumori_watchdog_pause()
 * @pumori: the device
 */
void pumori_watchdog_resume(struct pumori_device *pumori)
{
	WRITE_ONCE(pumori->paused, false);
	/* There may be work from before, or work that came meanwhile. */
	pumori_pm_get(pumori);
	pumori_watchdog_start(pumori);
	pumori_pm_put(pumori);
}
