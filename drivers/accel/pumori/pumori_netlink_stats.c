// SPDX-License-Identifier: GPL-2.0
/* Netlink: dumps of cores, contexts, users and errors. */

#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>

#include <net/netlink.h>
#include <net/sock.h>

#include <pumori/hw.h>

#include "pumori_account.h"
#include "pumori_context.h"
#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_netlink_internal.h"
#include "pumori_ras.h"
#include "pumori_sensor.h"

static u64 core_counter(struct pumori_core *core, u32 offset)
{
	return pumori_read64(core->pumori, PUMORI_HW_CORE(core->index, offset));
}

static int put_core(struct sk_buff *skb, struct pumori_core *core)
{
	if (pumori_netlink_put_selector(skb, core->pumori) ||
	    nla_put_u32(skb, PUMORI_A_CORE_CORE, core->index) ||
	    nla_put_uint(skb, PUMORI_A_CORE_TIME_NS, ktime_get_ns()) ||
	    nla_put_uint(skb, PUMORI_A_CORE_BUSY_NS,
			 core_counter(core, PUMORI_HW_CORE_BUSY_NS)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_CYCLES, core_counter(core, PUMORI_HW_CORE_CYCLES)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_INSTRUCTIONS,
			 core_counter(core, PUMORI_HW_CORE_INSTRUCTIONS)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_JOBS, core_counter(core, PUMORI_HW_CORE_JOBS)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_JOBS_FAILED,
			 atomic64_read(&core->ras.jobs_failed)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_JOBS_LOST, atomic64_read(&core->ras.jobs_lost)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_RESETS, READ_ONCE(core->resets)) ||
	    nla_put_u32(skb, PUMORI_A_CORE_QUEUES, READ_ONCE(core->queue_count)) ||
	    nla_put_u32(skb, PUMORI_A_CORE_PENDING, atomic_read(&core->pending)) ||
	    nla_put_uint(skb, PUMORI_A_CORE_ENERGY_UJ, pumori_sensor_core_energy_uj(core)))
		return -EMSGSIZE;
	return 0;
}

static int dump_cores(struct pumori_device *pumori, struct sk_buff *skb,
		      struct netlink_callback *cb, struct pumori_dump *dump)
{
	for (; dump->part < pumori->info.cores; dump->part++) {
		void *header = pumori_netlink_dump_header(skb, cb, PUMORI_CMD_CORE_STATS_GET);

		if (!header)
			return -EMSGSIZE;
		if (put_core(skb, pumori->core[dump->part])) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
	}
	return 0;
}

/**
 * pumori_netlink_core_stats_dump() - core-stats-get
 * @skb: where
 * @cb: the dump
 */
int pumori_netlink_core_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pumori_netlink_dump(skb, cb, atomic_read(&pumori_devices_generation), dump_cores);
}

/*
 * Users of containers may have the same number and yet nothing to do with each other, so what is
 * shown must also be of a process that the caller can see.
 */
static bool may_see_context(struct netlink_callback *cb, const struct pumori_context_info *info,
			    pid_t pid)
{
	return netlink_capable(cb->skb, CAP_SYS_ADMIN) ||
	       (pid && uid_eq(info->uid, NETLINK_CREDS(cb->skb)->uid));
}

static int put_context(struct sk_buff *skb, struct pumori_device *pumori,
		       const struct pumori_context_info *info, pid_t pid, uid_t uid)
{
	if (pumori_netlink_put_selector(skb, pumori) ||
	    nla_put_u32(skb, PUMORI_A_CONTEXT_CONTEXT, info->id) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_CLIENT, info->client) ||
	    nla_put_u32(skb, PUMORI_A_CONTEXT_PID, pid) ||
	    nla_put_u32(skb, PUMORI_A_CONTEXT_UID, uid) ||
	    nla_put_string(skb, PUMORI_A_CONTEXT_COMMAND, info->command) ||
	    nla_put_u32(skb, PUMORI_A_CONTEXT_STATE, info->state) ||
	    nla_put_u32(skb, PUMORI_A_CONTEXT_QUEUES, info->queues) ||
	    nla_put_u32(skb, PUMORI_A_CONTEXT_CORE_MASK, info->core_mask) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_BUSY_NS, info->busy_ns) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_CYCLES, info->cycles) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_JOBS, info->jobs) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_FAULTS, info->faults) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_HBM_BYTES, info->hbm_bytes) ||
	    nla_put_uint(skb, PUMORI_A_CONTEXT_HOST_BYTES, info->host_bytes))
		return -EMSGSIZE;
	return 0;
}

static int dump_context(struct pumori_device *pumori, struct sk_buff *skb,
			struct netlink_callback *cb, const struct pumori_context_info *info)
{
	pid_t pid = pid_nr_ns(info->pid, task_active_pid_ns(current));
	uid_t uid = from_kuid_munged(sk_user_ns(NETLINK_CB(cb->skb).sk), info->uid);
	void *header;

	if (!may_see_context(cb, info, pid))
		return 0;
	header = pumori_netlink_dump_header(skb, cb, PUMORI_CMD_CONTEXT_GET);
	if (!header)
		return -EMSGSIZE;
	if (put_context(skb, pumori, info, pid, uid)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int dump_contexts(struct pumori_device *pumori, struct sk_buff *skb,
			 struct netlink_callback *cb, struct pumori_dump *dump)
{
	struct pumori_context_info info;
	int ret;

	while (pumori_context_info(pumori, &dump->part, &info)) {
		ret = dump_context(pumori, skb, cb, &info);
		put_pid(info.pid);
		if (ret)
			return ret;
		dump->part++;
		cond_resched();
	}
	return 0;
}

/**
 * pumori_netlink_context_dump() - context-get
 * @skb: where
 * @cb: the dump
 */
int pumori_netlink_context_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	unsigned int generation = atomic_read(&pumori_devices_generation) +
				  atomic_read(&pumori_contexts_generation);

	return pumori_netlink_dump(skb, cb, generation, dump_contexts);
}

static int put_user_info(struct sk_buff *skb, struct pumori_device *pumori,
			 const struct pumori_user_info *info, uid_t uid)
{
	u64 pinned_max = (u64)READ_ONCE(pumori_user_limits.pinned_mb) << 20;

	if (pumori_netlink_put_selector(skb, pumori) ||
	    nla_put_u32(skb, PUMORI_A_USER_UID, uid) ||
	    nla_put_u32(skb, PUMORI_A_USER_CONTEXTS, info->contexts) ||
	    nla_put_u32(skb, PUMORI_A_USER_CONTEXTS_MAX,
			READ_ONCE(pumori_user_limits.contexts)) ||
	    nla_put_u32(skb, PUMORI_A_USER_QUEUES, info->queues) ||
	    nla_put_u32(skb, PUMORI_A_USER_QUEUES_MAX, READ_ONCE(pumori_user_limits.queues)) ||
	    nla_put_uint(skb, PUMORI_A_USER_HBM_BYTES, info->hbm_bytes) ||
	    nla_put_uint(skb, PUMORI_A_USER_PINNED_BYTES, info->pinned_bytes) ||
	    nla_put_uint(skb, PUMORI_A_USER_PINNED_MAX, pinned_max) ||
	    nla_put_uint(skb, PUMORI_A_USER_BUSY_NS, info->busy_ns) ||
	    nla_put_uint(skb, PUMORI_A_USER_JOBS, info->jobs))
		return -EMSGSIZE;
	return 0;
}

/* A sum over all processes of a user is nothing for one who sees only some of them. */
static bool may_see_user(struct netlink_callback *cb, kuid_t uid)
{
	return netlink_capable(cb->skb, CAP_SYS_ADMIN) ||
	       (task_active_pid_ns(current) == &init_pid_ns &&
		uid_eq(uid, NETLINK_CREDS(cb->skb)->uid));
}

static int dump_users(struct pumori_device *pumori, struct sk_buff *skb,
		      struct netlink_callback *cb, struct pumori_dump *dump)
{
	struct user_namespace *ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	struct pumori_user_info info;
	void *header;

	for (; pumori_user_info(pumori, dump->part, &info); dump->part++) {
		if (!may_see_user(cb, info.uid))
			continue;
		header = pumori_netlink_dump_header(skb, cb, PUMORI_CMD_USER_GET);
		if (!header)
			return -EMSGSIZE;
		if (put_user_info(skb, pumori, &info, from_kuid_munged(ns, info.uid))) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
	}
	return 0;
}

/**
 * pumori_netlink_user_dump() - user-get
 * @skb: where
 * @cb: the dump
 */
int pumori_netlink_user_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pumori_netlink_dump(skb, cb, atomic_read(&pumori_devices_generation), dump_users);
}

static int dump_error(struct pumori_core *core, u32 error, struct sk_buff *skb,
		      struct netlink_callback *cb)
{
	void *header = pumori_netlink_dump_header(skb, cb, PUMORI_CMD_RAS_GET);

	if (!header)
		return -EMSGSIZE;
	if (pumori_netlink_put_selector(skb, core->pumori) ||
	    nla_put_u32(skb, PUMORI_A_RAS_CORE, core->index) ||
	    nla_put_u32(skb, PUMORI_A_RAS_ERROR_ID, error) ||
	    nla_put_string(skb, PUMORI_A_RAS_ERROR_NAME, pumori_ras_name(error)) ||
	    nla_put_uint(skb, PUMORI_A_RAS_ERROR_VALUE,
			 atomic64_read(&core->ras.errors[error]))) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

static int dump_errors(struct pumori_device *pumori, struct sk_buff *skb,
		       struct netlink_callback *cb, struct pumori_dump *dump)
{
	int ret;

	for (; dump->part < pumori->info.cores; dump->part++, dump->error = 0) {
		for (; dump->error + 1 < PUMORI_RAS_ERRORS; dump->error++) {
			ret = dump_error(pumori->core[dump->part], dump->error + 1, skb, cb);
			if (ret)
				return ret;
		}
	}
	return 0;
}

/**
 * pumori_netlink_ras_dump() - ras-get
 * @skb: where
 * @cb: the dump
 */
int pumori_netlink_ras_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pumori_netlink_dump(skb, cb, atomic_read(&pumori_devices_generation), dump_errors);
}
