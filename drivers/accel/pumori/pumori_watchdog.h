/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_WATCHDOG_H
#define PUMORI_WATCHDOG_H

struct pumori_device;

int pumori_watchdog_init(struct pumori_device *pumori);
void pumori_watchdog_start(struct pumori_device *pumori);

#endif
