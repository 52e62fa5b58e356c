/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family: Documentation/accel/pumori-netlink.rst. */
#ifndef PUMORI_NETLINK_H
#define PUMORI_NETLINK_H

#include <linux/types.h>

#include <drm/pumori_netlink.h>

struct pumori_device;
struct pumori_event;

int pumori_netlink_register(void);
void pumori_netlink_unregister(void);
int pumori_netlink_add(struct pumori_device *pumori);
void pumori_netlink_remove(struct pumori_device *pumori);
void pumori_netlink_event(struct pumori_device *pumori, const struct pumori_event *event);
void pumori_netlink_contexts_changed(void);

#endif
