// SPDX-License-Identifier: GPL-2.0
/* Bring-up and end of a device, above whatever bus it is on. */

#include <linux/dma-fence.h>
#include <linux/math64.h>
#include <kunit/visibility.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pumori_account.h"
#include "pumori_core.h"
#include "pumori_coredump.h"
#include "pumori_debugfs.h"
#include "pumori_device.h"
#include "pumori_event.h"
#include "pumori_fault.h"
#include "pumori_hbm.h"
#include "pumori_hwmon.h"
#include "pumori_madvise.h"
#include "pumori_netlink.h"
#include "pumori_pm.h"
#include "pumori_program.h"
#include "pumori_queue.h"
#include "pumori_sensor.h"
#include "pumori_vm.h"
#include "pumori_watchdog.h"

static int read_info(struct pumori_device *pumori)
{
	struct pumori_hw_info *info = &pumori->info;
	u32 id = pumori_read(pumori, PUMORI_HW_REG_ID);
	u32 word, i;

	if (id != PUMORI_HW_ID) {
		drm_err(&pumori->drm, "not a Pumori device: id %08x\n", id);
		return -ENODEV;
	}

	info->version = pumori_read(pumori, PUMORI_HW_REG_VERSION);
	if (info->version >> 16 != PUMORI_HW_VERSION_MAJOR) {
		drm_err(&pumori->drm, "unknown hardware version %08x\n", info->version);
		return -ENODEV;
	}

	info->isa_version = pumori_read(pumori, PUMORI_HW_REG_ISA_VERSION);
	info->features = pumori_read64(pumori, PUMORI_HW_REG_FEATURES);
	info->serial = pumori_read64(pumori, PUMORI_HW_REG_SERIAL);
	info->hbm_bytes = pumori_read64(pumori, PUMORI_HW_REG_HBM_BYTES);
	info->cores = pumori_read(pumori, PUMORI_HW_REG_CORES);
	info->slots = pumori_read(pumori, PUMORI_HW_REG_SLOTS);
	info->save_bytes = pumori_read(pumori, PUMORI_HW_REG_SAVE_BYTES);
	info->instructions = pumori_read(pumori, PUMORI_HW_REG_PROGRAM_INSTRUCTIONS);
	info->clock_khz = pumori_read(pumori, PUMORI_HW_REG_CLOCK_KHZ);
	for (i = 0; i < PUMORI_HW_NAME_BYTES; i += sizeof(word)) {
		word = pumori_read(pumori, PUMORI_HW_REG_NAME + i);
		memcpy(info->name + i, &word, sizeof(word));
	}

	if (!info->cores || info->cores > PUMORI_HW_MAX_CORES || !info->slots ||
	    !info->instructions) {
		drm_err(&pumori->drm, "impossible capabilities: %u cores, %u slots\n",
			info->cores, info->slots);
		return -ENODEV;
	}
	if (!(pumori_read(pumori, PUMORI_HW_REG_STATUS) & PUMORI_HW_STATUS_READY)) {
		drm_err(&pumori->drm, "the device is not ready\n");
		return -EIO;
	}
	return 0;
}

static void destroy_tables(struct drm_device *drm, void *unused)
{
	struct pumori_device *pumori = to_pumori_device(drm);

	xa_destroy(&pumori->contexts);
	xa_destroy(&pumori->queues);
	ida_destroy(&pumori->address_spaces);
}

static void destroy_workqueue_action(struct drm_device *drm, void *wq)
{
	destroy_workqueue(wq);
}

/**
 * pumori_device_init() - bring a device up, short of making it visible
 * @pumori: the device, zeroed but for @drm
 * @bus: its bus, ready for use
 */
int pumori_device_init(struct pumori_device *pumori, struct pumori_bus *bus)
{
	struct drm_device *drm = &pumori->drm;
	u32 core;
	int ret;

	pumori->bus = bus;
	ret = read_info(pumori);
	if (ret)
		return ret;

	ida_init(&pumori->address_spaces);
	xa_init_flags(&pumori->queues, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_IRQ);
	xa_init_flags(&pumori->contexts, XA_FLAGS_ALLOC1);
	ret = drmm_add_action_or_reset(drm, destroy_tables, NULL);
	if (ret)
		return ret;

	ret = pumori_users_init(pumori);
	if (!ret)
		ret = pumori_events_init(pumori);
	if (!ret)
		ret = pumori_sensor_init(pumori);
	if (ret)
		return ret;

	/* Job and bind work must make progress when memory is short. */
	pumori->sched_wq = alloc_workqueue("pumori-sched", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!pumori->sched_wq)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(drm, destroy_workqueue_action, pumori->sched_wq);
	if (ret)
		return ret;

	pumori->reset_wq = alloc_ordered_workqueue("pumori-reset", WQ_MEM_RECLAIM);
	if (!pumori->reset_wq)
		return -ENOMEM;
	ret = drmm_add_action_or_reset(drm, destroy_workqueue_action, pumori->reset_wq);
	if (ret)
		return ret;

	ret = pumori_hbm_init(pumori);
	if (ret)
		return ret;

	ret = pumori_madvise_init(pumori);
	if (ret)
		return ret;

	ret = pumori_store_init(pumori);
	if (ret)
		return ret;

	ret = pumori_coredump_init(pumori);
	if (ret)
		return ret;

	ret = pumori_watchdog_init(pumori);
	if (ret)
		return ret;

	for (core = 0; core < pumori->info.cores; core++) {
		ret = pumori_core_init(pumori, core);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_device_init);

/**
 * pumori_device_enable() - let the chip raise interrupts
 * @pumori: the device
 */
void pumori_device_enable(struct pumori_device *pumori)
{
	pumori_write(pumori, PUMORI_HW_REG_INTERRUPT_ENABLE, BIT(pumori->info.cores) - 1);
}

/**
 * pumori_device_register() - let the cores run and make the device visible
 * @pumori: the device
 */
int pumori_device_register(struct pumori_device *pumori)
{
	u32 core;
	int ret;

	pumori_device_enable(pumori);
	for (core = 0; core < pumori->info.cores; core++)
		pumori_core_start(pumori->core[core]);

	pumori_fault_debugfs_init(&pumori->drm);
	pumori_mapping_debugfs_init(&pumori->drm);
	pumori_debugfs_init(&pumori->drm);
	ret = drm_dev_register(&pumori->drm, 0);
	if (ret)
		return ret;

	ret = pumori_netlink_add(pumori);
	if (ret)
		goto err_unplug;
	ret = pumori_hwmon_register(pumori);
	if (ret)
		goto err_remove;
	pumori_sensor_start(pumori);

	ret = pumori_pm_init(pumori);
	if (ret) {
		pumori_device_unplug(pumori);
		return ret;
	}

	drm_info(&pumori->drm, "%s: %u cores, %llu MiB of device memory, %s socket\n",
		 pumori->info.name, pumori->info.cores, pumori->info.hbm_bytes >> 20,
		 pumori->bus->ops->name);
	return 0;

err_remove:
	pumori_netlink_remove(pumori);
err_unplug:
	drm_dev_unplug(&pumori->drm);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_device_register);

/**
 * pumori_device_cancel() - end what waits for a chip that was reset or stopped
 * @pumori: the device
 *
 * May be called where fences are signalled.
 */
void pumori_device_cancel(struct pumori_device *pumori)
{
	u32 core;

	for (core = 0; core < pumori->info.cores; core++)
		pumori_control_close(pumori->core[core]);
	pumori_queue_cancel_all(pumori);
}

/**
 * pumori_device_unplug() - end the use of a device that goes away
 * @pumori: the device
 *
 * Ioctls that are under way finish first; those that follow get -ENODEV. Jobs end with
 * PUMORI_HW_JOB_DEVICE_LOST, mappings stay readable.
 */
void pumori_device_unplug(struct pumori_device *pumori)
{
	drm_dev_unplug(&pumori->drm);
	pumori_netlink_remove(pumori);
	pumori_sensor_stop(pumori);
	WRITE_ONCE(pumori->lost, true);
	pumori_watchdog_cancel(pumori);
	pumori->bus->ops->stop(pumori->bus);
	pumori_device_cancel(pumori);
	pumori_coredump_end(pumori);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_device_unplug);

/**
 * pumori_device_interrupt() - handle what the chip has to say
 * @pumori: the device
 *
 * Called by the bus in any context, on several CPUs at a time.
 */
void pumori_device_interrupt(struct pumori_device *pumori)
{
	unsigned long status = pumori_read(pumori, PUMORI_HW_REG_INTERRUPT_STATUS);
	bool cookie = dma_fence_begin_signalling();
	unsigned int core;

	/* Cleared before the rings are read: what comes later raises a new interrupt. */
	pumori_write(pumori, PUMORI_HW_REG_INTERRUPT_STATUS, status);
	for_each_set_bit(core, &status, pumori->info.cores)
		pumori_core_handle_events(pumori->core[core]);
	dma_fence_end_signalling(cookie);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_device_interrupt);

/**
 * pumori_device_budget_units() - convert a time limit to units of work
 * @pumori: the device
 * @milliseconds: the limit
 */
u64 pumori_device_budget_units(struct pumori_device *pumori, u32 milliseconds)
{
	u32 rate = pumori_read(pumori, PUMORI_HW_REG_UNITS_PER_MS);

	return (u64)milliseconds * max3(rate, pumori->bus->units_per_ms_floor, 1u);
}
