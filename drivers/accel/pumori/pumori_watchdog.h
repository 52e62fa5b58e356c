/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_WATCHDOG_H
#define PUMORI_WATCHDOG_H

#include <pumori/hw.h>

struct pumori_device;

/* Bit of &struct pumori_device.reset_wanted beside one a core. */
#define PUMORI_WANT_DEVICE	PUMORI_HW_MAX_CORES

int pumori_watchdog_init(struct pumori_device *pumori);
void pumori_watchdog_start(struct pumori_device *pumori);
void pumori_watchdog_now(struct pumori_device *pumori);
void pumori_watchdog_cancel(struct pumori_device *pumori);
void pumori_watchdog_pause(struct pumori_device *pumori);
void pumori_watchdog_resume(struct pumori_device *pumori);

#endif
