// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Resets
 *
 * There are three steps. A queue is killed and leaves its core. A core is reset: the job that is to
 * blame ends as killed, others in slots of the core end as innocent. The device is reset: the chip
 * forgets everything, so that all queues end and all programs are lost, but address spaces, buffers
 * and their contents stay, and whoever makes new queues and programs goes on.
 *
 * A device that does not obey is lost. It is stopped before anything that it could still write to is
 * given back; the way out is to unbind it and bind it again.
 *
 * Resets of cores and of the device are the watchdog's alone, one at a time. Whoever wants one sets
 * a bit and waits for it.
 */

#include <linux/delay.h>
#include <linux/kobject.h>
#include <linux/rcupdate.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "pumori_core.h"
#include "pumori_coredump.h"
#include "pumori_device.h"
#include "pumori_pm.h"
#include "pumori_event.h"
#include "pumori_queue.h"
#include "pumori_reset.h"
#include "pumori_trace.h"
#include "pumori_watchdog.h"

static bool obeyed(struct pumori_device *pumori)
{
	u32 tries;

	for (tries = 0; tries < PUMORI_RESET_TRIES; tries++) {
		u32 status = pumori_read(pumori, PUMORI_HW_REG_STATUS);

		/* A device that has left its bus reads as ones. */
		if (status == ~0u)
			return false;
		if (status & PUMORI_HW_STATUS_READY)
			return true;
		fsleep(PUMORI_RESET_STEP_US);
	}
	return false;
}

/**
 * pumori_reset_device() - reset the device, for the watchdog
 * @pumori: the device
 * @reason: why, for the log
 *
 * May be called where fences are signalled.
 *
 * Return: whether it works again; else it is lost.
 */
bool pumori_reset_device(struct pumori_device *pumori, const char *reason)
{
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_RESET,
		.core = PUMORI_EVENT_DEVICE,
		.reason = "device reset",
	};
	u32 core;

	drm_warn(&pumori->drm, "the device is reset: %s\n", reason);
	pumori_coredump_take(pumori, NULL, reason);
	pumori_write(pumori, PUMORI_HW_REG_DEVICE_RESET, PUMORI_HW_RESET_KEY);
	if (!obeyed(pumori)) {
		pumori_reset_lose(pumori, "it does not obey a reset");
		return false;
	}

	/* What is loaded from here on is loaded for good. */
	WRITE_ONCE(pumori->generation, pumori->generation + 1);
	pumori_device_cancel(pumori);
	for (core = 0; core < pumori->info.cores; core++)
		pumori_core_restart(pumori->core[core]);
	pumori_device_enable(pumori);
	trace_pumori_reset(pumori, PUMORI_EVENT_DEVICE, 0);
	pumori_event_report(pumori, &event);
	return true;
}

/**
 * pumori_reset_lose() - give up a device that does not work, for the watchdog
 * @pumori: the device
 * @reason: what it failed to do, a constant string
 *
 * May be called where fences are signalled.
 */
void pumori_reset_lose(struct pumori_device *pumori, const char *reason)
{
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_LOST,
		.core = PUMORI_EVENT_DEVICE,
		.reason = reason,
	};

	drm_err(&pumori->drm, "device lost: %s\n", reason);
	pumori_coredump_take(pumori, NULL, reason);
	WRITE_ONCE(pumori->lost, true);
	/* Whoever is told that a job has ended may use its memory. */
	pumori->bus->ops->stop(pumori->bus);
	pumori_device_cancel(pumori);
	trace_pumori_reset(pumori, PUMORI_EVENT_DEVICE, -EIO);
	pumori_event_report(pumori, &event);
}

/**
 * pumori_reset_tell() - let user space know that the device was reset or is lost
 * @pumori: the device
 *
 * The DRM core has a function for this event, which expects a primary node; ours has none.
 */
void pumori_reset_tell(struct pumori_device *pumori)
{
	/* Nothing need be done after a reset; a lost device comes back when it is bound again. */
	char *environment[] = {
		pumori_device_is_lost(pumori) ? "WEDGED=rebind" : "WEDGED=none",
		NULL,
	};

	kobject_uevent_env(&pumori->drm.accel->kdev->kobj, KOBJ_CHANGE, environment);
}

static int reset_queue(struct pumori_device *pumori, u32 id)
{
	struct pumori_queue *queue;

	rcu_read_lock();
	queue = xa_load(&pumori->queues, id);
	if (queue && !kref_get_unless_zero(&queue->kref))
		queue = NULL;
	rcu_read_unlock();
	if (!queue)
		return -ENOENT;

	pumori_queue_ban(queue, PUMORI_HW_JOB_CANCELED);
	flush_work(&queue->kill);
	pumori_queue_put(queue);
	return 0;
}

static void demand(struct pumori_device *pumori, u32 bit)
{
	set_bit(bit, &pumori->reset_wanted);
	pumori_watchdog_now(pumori);
}

/**
 * pumori_reset_demand_device() - have the device reset, because it does not keep its contract
 * @pumori: the device
 *
 * Waits for the reset; holds no lock that a reset needs.
 */
void pumori_reset_demand_device(struct pumori_device *pumori)
{
	demand(pumori, PUMORI_WANT_DEVICE);
}

/**
 * pumori_reset_request() - reset a part of the device on behalf of root
 * @pumori: the device
 * @level: which part
 * @id: queue (as on the device) or core; zero for the device
 *
 * Returns when it is done; sleeps. Of a core's jobs none is to blame. When a core does not obey, the
 * device is reset.
 *
 * Return: 0, -ENOENT for a queue or core that does not exist, -ENODEV when the device is gone, -EIO
 * when it is lost.
 */
int pumori_reset_request(struct pumori_device *pumori, enum pumori_reset_level level, u32 id)
{
	int idx, ret = 0;

	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;
	pumori_pm_get(pumori);
	switch (level) {
	case PUMORI_RESET_QUEUE:
		ret = reset_queue(pumori, id);
		break;
	case PUMORI_RESET_CORE:
		if (id < pumori->info.cores)
			demand(pumori, id);
		else
			ret = -ENOENT;
		break;
	case PUMORI_RESET_DEVICE:
		demand(pumori, PUMORI_WANT_DEVICE);
		break;
	default:
		ret = -EINVAL;
	}
	if (!ret && pumori_device_is_lost(pumori))
		ret = -EIO;
	pumori_pm_put(pumori);
	drm_dev_exit(idx);
	return ret;
}
