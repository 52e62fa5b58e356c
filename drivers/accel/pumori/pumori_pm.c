// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Power
 *
 * The device is awake while it has a job or a command to carry out, and some time after. Asleep it
 * keeps everything and does nothing.
 *
 * When the machine is suspended jobs stop where they are, and go on when it wakes up. Nobody looks at
 * the clock meanwhile: the watchdog stops before the chip and starts after it.
 */

#include <linux/pm_runtime.h>

#include "pumori_device.h"
#include "pumori_pm.h"
#include "pumori_watchdog.h"

#define AUTOSUSPEND_MS	200

/**
 * pumori_pm_init() - let the device fall asleep from now on
 * @pumori: the device, which is awake
 */
int pumori_pm_init(struct pumori_device *pumori)
{
	struct device *dev = pumori->drm.dev;

	pm_runtime_set_active(dev);
	pm_runtime_set_autosuspend_delay(dev, AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	return devm_pm_runtime_enable(dev);
}

/**
 * pumori_pm_get() - wake the device up and keep it awake
 * @pumori: the device
 *
 * Sleeps; may be called where fences are signalled. A device that goes away is as awake as it will
 * ever be.
 */
void pumori_pm_get(struct pumori_device *pumori)
{
	pm_runtime_get_sync(pumori->drm.dev);
}

/**
 * pumori_pm_get_active() - keep a device awake that somebody keeps awake already
 * @pumori: the device
 *
 * Any context.
 */
void pumori_pm_get_active(struct pumori_device *pumori)
{
	pm_runtime_get_noresume(pumori->drm.dev);
}

/**
 * pumori_pm_put() - let the device fall asleep again
 * @pumori: the device
 *
 * Any context.
 */
void pumori_pm_put(struct pumori_device *pumori)
{
	pm_runtime_mark_last_busy(pumori->drm.dev);
	pm_runtime_put_autosuspend(pumori->drm.dev);
}

/**
 * pumori_pm_suspend() - stop everything where it is, for the machine is suspended
 * @pumori: the device
 */
int pumori_pm_suspend(struct pumori_device *pumori)
{
	int ret;

	pumori_watchdog_pause(pumori);
	ret = pumori->bus->ops->pause(pumori->bus);
	if (ret)
		pumori_watchdog_resume(pumori);
	return ret;
}

/**
 * pumori_pm_resume() - undo pumori_pm_suspend()
 * @pumori: the device
 */
int pumori_pm_resume(struct pumori_device *pumori)
{
	if (!pm_runtime_status_suspended(pumori->drm.dev))
		pumori->bus->ops->resume(pumori->bus);
	pumori_watchdog_resume(pumori);
	return 0;
}
