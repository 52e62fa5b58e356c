/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the units of the netlink family. */
#ifndef PUMORI_NETLINK_INTERNAL_H
#define PUMORI_NETLINK_INTERNAL_H

#include <linux/types.h>

#include <net/genetlink.h>

#include <drm/pumori_netlink.h>

struct netlink_callback;
struct nlattr;
struct pumori_device;
struct sk_buff;

/* Every set of attributes begins with these three. */
#define PUMORI_A_INDEX		((int)PUMORI_A_DEVICE_INDEX)
#define PUMORI_A_BUS_NAME	((int)PUMORI_A_DEVICE_BUS_NAME)
#define PUMORI_A_UUID		((int)PUMORI_A_DEVICE_UUID)
#define PUMORI_A_SELECTOR_MAX	PUMORI_A_UUID
#define PUMORI_SAME_SELECTOR(set)						\
	static_assert((int)PUMORI_A_##set##_INDEX == PUMORI_A_INDEX &&		\
		      (int)PUMORI_A_##set##_BUS_NAME == PUMORI_A_BUS_NAME &&	\
		      (int)PUMORI_A_##set##_UUID == PUMORI_A_UUID)

/**
 * struct pumori_dump - where a dump goes on, in the netlink callback
 */
struct pumori_dump {
	/** @index: device that comes next */
	unsigned long index;
	/** @part: core, context, user that comes next on it */
	unsigned long part;
	/** @error: error counter that comes next */
	u32 error;
};

/**
 * typedef pumori_dump_device - put the parts of one device into a dump
 *
 * Returns 0 when all are in it, -EMSGSIZE when the message is full and the next one goes on where the
 * dump says.
 */
typedef int (*pumori_dump_device)(struct pumori_device *pumori, struct sk_buff *skb,
				  struct netlink_callback *cb, struct pumori_dump *dump);

extern struct genl_family pumori_genl_family;
/* Changed whenever a device or context comes or goes, so that a dump can notice. */
extern atomic_t pumori_devices_generation;
extern atomic_t pumori_contexts_generation;

struct pumori_device *pumori_netlink_select(const struct genl_info *info);
void pumori_netlink_deselect(struct pumori_device *pumori);
bool pumori_netlink_is_admin(struct sk_buff *skb, struct netlink_ext_ack *extack);
int pumori_netlink_put_selector(struct sk_buff *skb, struct pumori_device *pumori);
void *pumori_netlink_dump_header(struct sk_buff *skb, struct netlink_callback *cb, u8 command);

int pumori_netlink_dump_start(struct netlink_callback *cb);
int pumori_netlink_dump(struct sk_buff *skb, struct netlink_callback *cb, unsigned int generation,
			pumori_dump_device dump_device);

int pumori_netlink_core_stats_dump(struct sk_buff *skb, struct netlink_callback *cb);
int pumori_netlink_context_dump(struct sk_buff *skb, struct netlink_callback *cb);
int pumori_netlink_user_dump(struct sk_buff *skb, struct netlink_callback *cb);
int pumori_netlink_ras_dump(struct sk_buff *skb, struct netlink_callback *cb);

int pumori_netlink_ras_clear(struct sk_buff *skb, struct genl_info *info);
int pumori_netlink_reset(struct sk_buff *skb, struct genl_info *info);
int pumori_netlink_health_test(struct sk_buff *skb, struct genl_info *info);

#endif
