/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_HWMON_H
#define PUMORI_HWMON_H

#include <linux/kconfig.h>

struct pumori_device;

#if IS_REACHABLE(CONFIG_HWMON)
int pumori_hwmon_register(struct pumori_device *pumori);
#else
static inline int pumori_hwmon_register(struct pumori_device *pumori)
{
	return 0;
}
#endif

#endif
