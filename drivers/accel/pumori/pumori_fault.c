// SPDX-License-Identifier: GPL-2.0
/* Faults on request: the chip carries them out (PUMORI_HW_CORE_INJECT), here they have names. */

#include <linux/string.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include <pumori/hw.h>

#include "pumori_device.h"
#include "pumori_fault.h"
#include "pumori_pm.h"

#define MAX_COUNT	0xffffffu

static const char *const names[] = {
	[PUMORI_HW_INJECT_NONE] = "none",
	[PUMORI_HW_INJECT_ECC_CORRECTED] = "ecc-corrected",
	[PUMORI_HW_INJECT_ECC] = "ecc",
	[PUMORI_HW_INJECT_LOSE_INTERRUPT] = "lose-interrupt",
	[PUMORI_HW_INJECT_SPURIOUS_INTERRUPT] = "spurious-interrupt",
	[PUMORI_HW_INJECT_LOSE_EVENT] = "lose-event",
	[PUMORI_HW_INJECT_DUPLICATE_EVENT] = "duplicate-event",
	[PUMORI_HW_INJECT_REORDER_EVENT] = "reorder-event",
	[PUMORI_HW_INJECT_ONES_EVENT] = "ones-event",
	[PUMORI_HW_INJECT_LOSE_COMPLETION] = "lose-completion",
	[PUMORI_HW_INJECT_DUPLICATE_COMPLETION] = "duplicate-completion",
	[PUMORI_HW_INJECT_ONES_COMPLETION] = "ones-completion",
	[PUMORI_HW_INJECT_HANG] = "hang",
	[PUMORI_HW_INJECT_STUCK] = "stuck",
	[PUMORI_HW_INJECT_DEAD] = "dead",
	[PUMORI_HW_INJECT_GONE] = "gone",
};

/**
 * pumori_fault_inject() - have a core misbehave
 * @pumori: the device
 * @core: which core
 * @kind: PUMORI_HW_INJECT_*, NONE ends what was asked for before
 * @count: how often, for what happens once at a time; at most 2^24 - 1
 *
 * Return: 0, -EINVAL for what does not exist, -ENODEV when the device is gone.
 */
int pumori_fault_inject(struct pumori_device *pumori, u32 core, u32 kind, u32 count)
{
	int idx;

	if (core >= pumori->info.cores || kind >= ARRAY_SIZE(names) || count > MAX_COUNT)
		return -EINVAL;
	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;

	drm_info(&pumori->drm, "core %u: %s injected\n", core, names[kind]);
	pumori_pm_get(pumori);
	pumori_write(pumori, PUMORI_HW_CORE(core, PUMORI_HW_CORE_INJECT), kind | count << 8);
	pumori_pm_put(pumori);
	drm_dev_exit(idx);
	return 0;
}

/**
 * pumori_fault_find() - kind of a fault
 * @name: its name
 *
 * Return: PUMORI_HW_INJECT_* or -EINVAL.
 */
int pumori_fault_find(const char *name)
{
	return match_string(names, ARRAY_SIZE(names), name);
}

/**
 * pumori_fault_name() - name of a fault
 * @kind: PUMORI_HW_INJECT_*
 *
 * Return: the name, or NULL when there is no such kind.
 */
const char *pumori_fault_name(u32 kind)
{
	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}
