// SPDX-License-Identifier: GPL-2.0
/* Resets that somebody asks for. */

#include <linux/rcupdate.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_queue.h"
#include "pumori_reset.h"

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

	pumori_queue_ban(queue);
	flush_work(&queue->kill);
	pumori_queue_put(queue);
	return 0;
}

/**
 * pumori_reset_request() - reset a part of the device on behalf of root
 * @pumori: the device
 * @level: which part
 * @id: queue or core
 *
 * Returns when it is done; sleeps.
 *
 * Return: 0, -ENOENT for a queue or core that does not exist, -ENODEV when the device is gone, -EIO
 * when it cannot be reset.
 */
int pumori_reset_request(struct pumori_device *pumori, enum pumori_reset_level level, u32 id)
{
	int idx, ret;

	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;
	switch (level) {
	case PUMORI_RESET_QUEUE:
		ret = reset_queue(pumori, id);
		break;
	case PUMORI_RESET_CORE:
		if (id < pumori->info.cores)
			ret = pumori_core_reset(pumori->core[id]) ? -EIO : 0;
		else
			ret = -ENOENT;
		break;
	case PUMORI_RESET_DEVICE:
		pumori_device_lose(pumori, "reset was asked for");
		ret = 0;
		break;
	default:
		ret = -EINVAL;
	}
	drm_dev_exit(idx);
	return ret;
}
