/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_SYSFS_H
#define PUMORI_SYSFS_H

struct attribute_group;

/* Attributes of the parent device, whose driver data is the struct pumori_device. */
extern const struct attribute_group *pumori_sysfs_groups[];

#endif
