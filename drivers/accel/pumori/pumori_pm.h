/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_PM_H
#define PUMORI_PM_H

struct pumori_device;

int pumori_pm_init(struct pumori_device *pumori);
void pumori_pm_get(struct pumori_device *pumori);
void pumori_pm_get_active(struct pumori_device *pumori);
void pumori_pm_put(struct pumori_device *pumori);
int pumori_pm_suspend(struct pumori_device *pumori);
int pumori_pm_resume(struct pumori_device *pumori);

#endif
