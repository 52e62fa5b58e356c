// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Netlink
 *
 * The family, its operations and policies as Documentation/netlink/specs/pumori.yaml has them, and
 * how a request finds its device. Requests run in parallel: nothing here relies on genetlink's lock.
 *
 * A device is in the table from its registration to its removal. A request takes a reference and
 * enters the device, so that it cannot go away under it; a dump does so anew for each message.
 */

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/xarray.h>

#include <net/net_namespace.h>
#include <net/netlink.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/pumori_accel.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_event.h"
#include "pumori_netlink.h"
#include "pumori_netlink_internal.h"
#include "pumori_sensor.h"

PUMORI_SAME_SELECTOR(CORE);
PUMORI_SAME_SELECTOR(CONTEXT);
PUMORI_SAME_SELECTOR(USER);
PUMORI_SAME_SELECTOR(RAS);
PUMORI_SAME_SELECTOR(HEALTH);
PUMORI_SAME_SELECTOR(EVENT);

enum {
	GROUP_DEVICES,
	GROUP_EVENTS,
};

/* Devices by the number of their node; its lock is held for changes and for taking a reference. */
static DEFINE_XARRAY(devices);

atomic_t pumori_devices_generation = ATOMIC_INIT(1);
atomic_t pumori_contexts_generation = ATOMIC_INIT(1);

/* --- Which device ------------------------------------------------------------------------------ */

/* UUID version 8: "PUMORI" and the serial number. */
static void device_uuid(struct pumori_device *pumori, u8 *uuid)
{
	u64 serial = pumori->info.serial;

	memcpy(uuid, "PUMORI", 6);
	put_unaligned_be16(0x8000 | serial >> 52, uuid + 6);
	put_unaligned_be16(0x8000 | (serial >> 48 & 0xf), uuid + 8);
	put_unaligned_be48(serial & GENMASK_ULL(47, 0), uuid + 10);
}

static u32 device_index(struct pumori_device *pumori)
{
	return pumori->drm.accel->index;
}

/**
 * pumori_netlink_put_selector() - say which device it is
 * @skb: the message
 * @pumori: the device
 */
int pumori_netlink_put_selector(struct sk_buff *skb, struct pumori_device *pumori)
{
	u8 uuid[PUMORI_UUID_BYTES];

	device_uuid(pumori, uuid);
	if (nla_put_u32(skb, PUMORI_A_INDEX, device_index(pumori)) ||
	    nla_put_string(skb, PUMORI_A_BUS_NAME, dev_name(pumori->drm.dev)) ||
	    nla_put(skb, PUMORI_A_UUID, sizeof(uuid), uuid))
		return -EMSGSIZE;
	return 0;
}

static bool is_selected(struct pumori_device *pumori, struct nlattr *const *attributes)
{
	u8 uuid[PUMORI_UUID_BYTES];

	device_uuid(pumori, uuid);
	return (!attributes[PUMORI_A_INDEX] ||
		nla_get_u32(attributes[PUMORI_A_INDEX]) == device_index(pumori)) &&
	       (!attributes[PUMORI_A_BUS_NAME] ||
		!nla_strcmp(attributes[PUMORI_A_BUS_NAME], dev_name(pumori->drm.dev))) &&
	       (!attributes[PUMORI_A_UUID] ||
		!memcmp(nla_data(attributes[PUMORI_A_UUID]), uuid, sizeof(uuid)));
}

static bool has_selector(struct nlattr *const *attributes)
{
	return attributes && (attributes[PUMORI_A_INDEX] || attributes[PUMORI_A_BUS_NAME] ||
			      attributes[PUMORI_A_UUID]);
}

/* The first device from @index on that the attributes select, with a reference; or NULL. */
static struct pumori_device *next_device(unsigned long *index, struct nlattr *const *attributes)
{
	struct pumori_device *pumori;

	xa_lock(&devices);
	xa_for_each_start(&devices, *index, pumori, *index) {
		if (!has_selector(attributes) || is_selected(pumori, attributes)) {
			drm_dev_get(&pumori->drm);
			break;
		}
	}
	xa_unlock(&devices);
	return pumori;
}

/**
 * pumori_netlink_select() - find the device that a request is about
 * @info: the request
 *
 * Return: the device with a reference, or an error that the request was told the reason of.
 */
struct pumori_device *pumori_netlink_select(const struct genl_info *info)
{
	struct pumori_device *pumori;
	unsigned long index = 0;

	if (!has_selector(info->attrs)) {
		NL_SET_ERR_MSG(info->extack, "index, bus-name or uuid must select a device");
		return ERR_PTR(-EINVAL);
	}
	pumori = next_device(&index, info->attrs);
	if (!pumori) {
		NL_SET_ERR_MSG(info->extack, "there is no such device");
		return ERR_PTR(-ENODEV);
	}
	return pumori;
}

/**
 * pumori_netlink_deselect() - drop what pumori_netlink_select() took
 * @pumori: the device
 */
void pumori_netlink_deselect(struct pumori_device *pumori)
{
	drm_dev_put(&pumori->drm);
}

/**
 * pumori_netlink_is_admin() - whether a request may change a device
 * @skb: the request
 * @extack: where to say why not
 */
bool pumori_netlink_is_admin(struct sk_buff *skb, struct netlink_ext_ack *extack)
{
	if (netlink_capable(skb, CAP_SYS_ADMIN))
		return true;
	NL_SET_ERR_MSG(extack, "this needs CAP_SYS_ADMIN in the initial user namespace");
	return false;
}

/* --- What a device is -------------------------------------------------------------------------- */

static u32 context_count(struct pumori_device *pumori)
{
	struct pumori_context *context;
	unsigned long id;
	u32 count = 0;

	xa_for_each(&pumori->contexts, id, context)
		count++;
	return count;
}

static int put_capabilities(struct sk_buff *skb, struct pumori_device *pumori)
{
	const struct pumori_hw_info *info = &pumori->info;
	u32 uapi = DRM_PUMORI_DRIVER_MAJOR << 16 | DRM_PUMORI_DRIVER_MINOR;

	if (nla_put_string(skb, PUMORI_A_DEVICE_NAME, info->name) ||
	    nla_put_string(skb, PUMORI_A_DEVICE_SOCKET, pumori->bus->ops->name) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_SERIAL, info->serial) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_HW_VERSION, info->version) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_ISA_VERSION, info->isa_version) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_UAPI_VERSION, uapi) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_FEATURES, info->features) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_CORES, info->cores) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_SLOTS, info->slots) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_CLOCK_KHZ, info->clock_khz) ||
	    nla_put_s32(skb, PUMORI_A_DEVICE_NUMA_NODE, dev_to_node(pumori->drm.dev)) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_HBM_TOTAL, info->hbm_bytes) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_INSTRUCTIONS_TOTAL, info->instructions))
		return -EMSGSIZE;
	return 0;
}

static int put_use(struct sk_buff *skb, struct pumori_device *pumori)
{
	u64 hbm_used, sequence, lost;
	struct pumori_sample sample;
	u32 store_used;

	mutex_lock(&pumori->hbm_lock);
	hbm_used = pumori->hbm_used;
	mutex_unlock(&pumori->hbm_lock);
	mutex_lock(&pumori->store_lock);
	store_used = pumori->store_used;
	mutex_unlock(&pumori->store_lock);
	pumori_events_state(pumori, &sequence, &lost);
	pumori_sensor_read(pumori, &sample);

	if (nla_put_uint(skb, PUMORI_A_DEVICE_HBM_USED, hbm_used) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_INSTRUCTIONS_USED, store_used) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_CONTEXTS, context_count(pumori)) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_RESETS, READ_ONCE(pumori->generation)) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_POWER_MW, sample.power_mw) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_ENERGY_UJ, sample.energy_uj) ||
	    nla_put_s32(skb, PUMORI_A_DEVICE_TEMPERATURE_MC, sample.temperature_mc) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_EVENT_SEQUENCE, sequence) ||
	    nla_put_uint(skb, PUMORI_A_DEVICE_EVENTS_LOST, lost))
		return -EMSGSIZE;
	return 0;
}

static int fill_device(struct sk_buff *skb, struct pumori_device *pumori, bool removed)
{
	u32 state = removed ? PUMORI_DEVICE_STATE_REMOVED :
		    pumori_device_is_lost(pumori) ? PUMORI_DEVICE_STATE_LOST :
						    PUMORI_DEVICE_STATE_RUNNING;

	if (pumori_netlink_put_selector(skb, pumori) ||
	    nla_put_u32(skb, PUMORI_A_DEVICE_STATE, state))
		return -EMSGSIZE;
	if (removed)
		return 0;
	return put_capabilities(skb, pumori) ?: put_use(skb, pumori);
}

static int device_get_do(struct sk_buff *skb, struct genl_info *info)
{
	struct pumori_device *pumori = pumori_netlink_select(info);
	struct sk_buff *reply;
	int ret = -ENOMEM, idx;
	void *header;

	if (IS_ERR(pumori))
		return PTR_ERR(pumori);
	if (!drm_dev_enter(&pumori->drm, &idx)) {
		NL_SET_ERR_MSG(info->extack, "the device is going away");
		ret = -ENODEV;
		goto out_deselect;
	}

	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		goto out_exit;
	header = genlmsg_put_reply(reply, info, &pumori_genl_family, 0, PUMORI_CMD_DEVICE_GET);
	ret = header ? fill_device(reply, pumori, false) : -EMSGSIZE;
	if (ret) {
		nlmsg_free(reply);
		goto out_exit;
	}
	genlmsg_end(reply, header);
	ret = genlmsg_reply(reply, info);

out_exit:
	drm_dev_exit(idx);
out_deselect:
	pumori_netlink_deselect(pumori);
	return ret;
}

/* --- Dumps ------------------------------------------------------------------------------------- */

/**
 * pumori_netlink_dump_start() - check the selector of a dump
 * @cb: the dump
 */
int pumori_netlink_dump_start(struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	struct pumori_device *pumori;

	if (!has_selector(info->attrs))
		return 0;
	pumori = pumori_netlink_select(info);
	if (IS_ERR(pumori))
		return PTR_ERR(pumori);
	pumori_netlink_deselect(pumori);
	return 0;
}

/**
 * pumori_netlink_dump_header() - begin a message of a dump
 * @skb: where
 * @cb: the dump
 * @command: PUMORI_CMD_*
 *
 * Return: for genlmsg_end(), or NULL when there is no room.
 */
void *pumori_netlink_dump_header(struct sk_buff *skb, struct netlink_callback *cb, u8 command)
{
	void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &pumori_genl_family, NLM_F_MULTI, command);

	if (header)
		genl_dump_check_consistent(cb, header);
	return header;
}

/**
 * pumori_netlink_dump() - go over the devices that a dump is about
 * @skb: where to put them
 * @cb: the dump
 * @generation: number that changes when what is dumped comes or goes
 * @dump_device: puts one device
 */
int pumori_netlink_dump(struct sk_buff *skb, struct netlink_callback *cb, unsigned int generation,
			pumori_dump_device dump_device)
{
	struct pumori_dump *dump = (struct pumori_dump *)cb->ctx;
	struct nlattr *const *attributes = genl_info_dump(cb)->attrs;
	struct pumori_device *pumori;
	int ret = 0, idx;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));

	/* Zero would mean that nobody looks. */
	cb->seq = generation ?: 1;
	while (!ret && (pumori = next_device(&dump->index, attributes))) {
		if (drm_dev_enter(&pumori->drm, &idx)) {
			ret = dump_device(pumori, skb, cb, dump);
			drm_dev_exit(idx);
		}
		drm_dev_put(&pumori->drm);
		if (!ret) {
			dump->index++;
			dump->part = 0;
			dump->error = 0;
		}
	}
	/* What did not fit comes with the next message, unless not even one part fits an empty one. */
	return skb->len ? skb->len : ret;
}

static int dump_one_device(struct pumori_device *pumori, struct sk_buff *skb,
			   struct netlink_callback *cb, struct pumori_dump *dump)
{
	void *header = pumori_netlink_dump_header(skb, cb, PUMORI_CMD_DEVICE_GET);

	if (!header)
		return -EMSGSIZE;
	if (fill_device(skb, pumori, false)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int device_get_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pumori_netlink_dump(skb, cb, atomic_read(&pumori_devices_generation),
				   dump_one_device);
}

/* --- Notifications ----------------------------------------------------------------------------- */

static void tell(struct net *net, struct sk_buff *skb, void *header, unsigned int group)
{
	genlmsg_end(skb, header);
	/* That nobody listens any more is no error, and losses are the listeners' to notice. */
	genlmsg_multicast_netns(&pumori_genl_family, net, skb, 0, group, GFP_KERNEL);
}

static void notify_device(struct pumori_device *pumori, u8 command, bool removed)
{
	struct sk_buff *skb;
	struct net *net;
	void *header;

	down_read(&net_rwsem);
	for_each_net(net) {
		if (!genl_has_listeners(&pumori_genl_family, net, GROUP_DEVICES))
			continue;
		skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
		if (!skb)
			break;
		header = genlmsg_put(skb, 0, 0, &pumori_genl_family, 0, command);
		if (header && !fill_device(skb, pumori, removed))
			tell(net, skb, header, GROUP_DEVICES);
		else
			nlmsg_free(skb);
	}
	up_read(&net_rwsem);
}

static int put_event(struct sk_buff *skb, struct pumori_device *pumori,
		     const struct pumori_event *event, bool with_context)
{
	if (pumori_netlink_put_selector(skb, pumori) ||
	    nla_put_uint(skb, PUMORI_A_EVENT_SEQUENCE, event->sequence) ||
	    nla_put_uint(skb, PUMORI_A_EVENT_TIME_NS, event->time_ns) ||
	    nla_put_u32(skb, PUMORI_A_EVENT_TYPE, event->type) ||
	    nla_put_string(skb, PUMORI_A_EVENT_REASON, event->reason) ||
	    nla_put_uint(skb, PUMORI_A_EVENT_LOST, event->lost))
		return -EMSGSIZE;
	if (event->core != PUMORI_EVENT_DEVICE &&
	    nla_put_u32(skb, PUMORI_A_EVENT_CORE, event->core))
		return -EMSGSIZE;
	if (with_context && event->context &&
	    nla_put_u32(skb, PUMORI_A_EVENT_CONTEXT, event->context))
		return -EMSGSIZE;

	switch (event->type) {
	case PUMORI_EVENT_TYPE_FAULT:
		return nla_put_u32(skb, PUMORI_A_EVENT_FAULT, event->fault);
	case PUMORI_EVENT_TYPE_ECC:
		if (nla_put_u8(skb, PUMORI_A_EVENT_CORRECTED, event->corrected))
			return -EMSGSIZE;
		fallthrough;
	case PUMORI_EVENT_TYPE_NAN:
	case PUMORI_EVENT_TYPE_THERMAL:
		return nla_put_uint(skb, PUMORI_A_EVENT_VALUE, event->value);
	default:
		return 0;
	}
}

/**
 * pumori_netlink_event() - send an event to everyone who listens
 * @pumori: the device
 * @event: the event
 *
 * In other network namespances than the first nobody learns which context it was.
 */
void pumori_netlink_event(struct pumori_device *pumori, const struct pumori_event *event)
{
	struct sk_buff *skb;
	struct net *net;
	void *header;

	down_read(&net_rwsem);
	for_each_net(net) {
		if (!genl_has_listeners(&pumori_genl_family, net, GROUP_EVENTS))
			continue;
		skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
		if (!skb)
			break;
		header = genlmsg_put(skb, 0, 0, &pumori_genl_family, 0, PUMORI_CMD_EVENT_NTF);
		if (header && !put_event(skb, pumori, event, net_eq(net, &init_net)))
			tell(net, skb, header, GROUP_EVENTS);
		else
			nlmsg_free(skb);
	}
	up_read(&net_rwsem);

	/* What happened may have changed what state the device is in. */
	if (event->core == PUMORI_EVENT_DEVICE && event->type != PUMORI_EVENT_TYPE_THERMAL)
		notify_device(pumori, PUMORI_CMD_DEVICE_CHANGE_NTF, false);
}

/**
 * pumori_netlink_contexts_changed() - note that a context came or went
 */
void pumori_netlink_contexts_changed(void)
{
	atomic_inc(&pumori_contexts_generation);
}

/**
 * pumori_netlink_add() - let a device be found
 * @pumori: the device, registered
 */
int pumori_netlink_add(struct pumori_device *pumori)
{
	int ret;

	ret = xa_insert(&devices, device_index(pumori), pumori, GFP_KERNEL);
	if (ret)
		return ret;
	atomic_inc(&pumori_devices_generation);
	notify_device(pumori, PUMORI_CMD_DEVICE_ADD_NTF, false);
	return 0;
}

/**
 * pumori_netlink_remove() - let a device that goes away not be found any more
 * @pumori: the device
 */
void pumori_netlink_remove(struct pumori_device *pumori)
{
	if (xa_cmpxchg(&devices, device_index(pumori), pumori, NULL, 0) != pumori)
		return;
	atomic_inc(&pumori_devices_generation);
	notify_device(pumori, PUMORI_CMD_DEVICE_DEL_NTF, true);
}

/* --- The family -------------------------------------------------------------------------------- */

#define SELECTOR_POLICY									\
	[PUMORI_A_INDEX] = { .type = NLA_U32 },						\
	[PUMORI_A_BUS_NAME] = { .type = NLA_NUL_STRING, .len = PUMORI_BUS_NAME_BYTES },	\
	[PUMORI_A_UUID] = NLA_POLICY_EXACT_LEN(PUMORI_UUID_BYTES)

static const struct nla_policy selector_policy[PUMORI_A_SELECTOR_MAX + 1] = {
	SELECTOR_POLICY,
};

static const struct nla_policy ras_policy[PUMORI_A_RAS_ERROR_ID + 1] = {
	SELECTOR_POLICY,
	[PUMORI_A_RAS_CORE] = NLA_POLICY_MAX(NLA_U32, PUMORI_HW_MAX_CORES - 1),
	[PUMORI_A_RAS_ERROR_ID] = NLA_POLICY_RANGE(NLA_U32, PUMORI_RAS_ERROR_ECC_CORRECTED,
						   PUMORI_RAS_ERROR_NAN),
};

static const struct nla_policy health_policy[PUMORI_A_HEALTH_CORE + 1] = {
	SELECTOR_POLICY,
	[PUMORI_A_HEALTH_CORE] = NLA_POLICY_MAX(NLA_U32, PUMORI_HW_MAX_CORES - 1),
};

#define DUMP(command, function)							\
	{									\
		.cmd = PUMORI_CMD_##command,					\
		.start = pumori_netlink_dump_start,				\
		.dumpit = (function),						\
		.policy = selector_policy,					\
		.maxattr = PUMORI_A_SELECTOR_MAX,				\
		.flags = GENL_CMD_CAP_DUMP,					\
	}
#define DO(command, function, attributes)					\
	{									\
		.cmd = PUMORI_CMD_##command,					\
		.doit = (function),						\
		.policy = (attributes),						\
		.maxattr = ARRAY_SIZE(attributes) - 1,				\
		.flags = GENL_CMD_CAP_DO,					\
	}

static const struct genl_split_ops operations[] = {
	DO(DEVICE_GET, device_get_do, selector_policy),
	DUMP(DEVICE_GET, device_get_dump),
	DUMP(CORE_STATS_GET, pumori_netlink_core_stats_dump),
	DUMP(CONTEXT_GET, pumori_netlink_context_dump),
	DUMP(USER_GET, pumori_netlink_user_dump),
	DUMP(RAS_GET, pumori_netlink_ras_dump),
	DO(RAS_CLEAR, pumori_netlink_ras_clear, ras_policy),
	DO(RESET, pumori_netlink_reset, health_policy),
	DO(HEALTH_TEST, pumori_netlink_health_test, health_policy),
};

static const struct genl_multicast_group groups[] = {
	[GROUP_DEVICES] = { .name = PUMORI_MCGRP_DEVICES },
	[GROUP_EVENTS] = { .name = PUMORI_MCGRP_EVENTS },
};

struct genl_family pumori_genl_family __ro_after_init = {
	.name = PUMORI_FAMILY_NAME,
	.version = PUMORI_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.split_ops = operations,
	.n_split_ops = ARRAY_SIZE(operations),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/**
 * pumori_netlink_register() - offer the family, before there is a device
 */
int pumori_netlink_register(void)
{
	return genl_register_family(&pumori_genl_family);
}

/**
 * pumori_netlink_unregister() - end the family, when there is no device any more
 */
void pumori_netlink_unregister(void)
{
	genl_unregister_family(&pumori_genl_family);
}
