// SPDX-License-Identifier: GPL-2.0
/* Netlink: what only an administrator may ask for. */

#include <net/netlink.h>

#include <drm/drm_drv.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_health.h"
#include "pumori_netlink_internal.h"
#include "pumori_ras.h"
#include "pumori_reset.h"

static_assert((int)PUMORI_A_RAS_CORE == (int)PUMORI_A_HEALTH_CORE);

/* Room for a nest of a test: three numbers and two short strings. */
#define TEST_BYTES	256

/*
 * The device of a request of an administrator, with a reference and entered; and the core, which is
 * @none when the request names none.
 */
static struct pumori_device *begin(struct sk_buff *skb, struct genl_info *info, u32 none,
				   u32 *core, int *idx)
{
	struct nlattr *attribute = info->attrs[PUMORI_A_HEALTH_CORE];
	struct pumori_device *pumori;

	if (!pumori_netlink_is_admin(skb, info->extack))
		return ERR_PTR(-EPERM);
	pumori = pumori_netlink_select(info);
	if (IS_ERR(pumori))
		return pumori;

	*core = attribute ? nla_get_u32(attribute) : none;
	if (attribute && *core >= pumori->info.cores) {
		NL_SET_ERR_MSG_ATTR(info->extack, attribute, "the device has no such core");
		pumori_netlink_deselect(pumori);
		return ERR_PTR(-EINVAL);
	}
	if (!drm_dev_enter(&pumori->drm, idx)) {
		NL_SET_ERR_MSG(info->extack, "the device is going away");
		pumori_netlink_deselect(pumori);
		return ERR_PTR(-ENODEV);
	}
	return pumori;
}

static void end(struct pumori_device *pumori, int idx)
{
	drm_dev_exit(idx);
	pumori_netlink_deselect(pumori);
}

/**
 * pumori_netlink_ras_clear() - ras-clear
 * @skb: the request
 * @info: the request
 */
int pumori_netlink_ras_clear(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attribute = info->attrs[PUMORI_A_RAS_ERROR_ID];
	u32 error = attribute ? nla_get_u32(attribute) : 0;
	struct pumori_device *pumori;
	u32 core, i;
	int idx;

	pumori = begin(skb, info, PUMORI_HW_MAX_CORES, &core, &idx);
	if (IS_ERR(pumori))
		return PTR_ERR(pumori);

	for (i = 0; i < pumori->info.cores; i++) {
		if (core == PUMORI_HW_MAX_CORES || core == i)
			pumori_ras_clear(pumori->core[i], error);
	}
	end(pumori, idx);
	return 0;
}

/**
 * pumori_netlink_reset() - reset
 * @skb: the request
 * @info: the request
 */
int pumori_netlink_reset(struct sk_buff *skb, struct genl_info *info)
{
	struct pumori_device *pumori;
	int idx, ret;
	u32 core;

	pumori = begin(skb, info, PUMORI_HW_MAX_CORES, &core, &idx);
	if (IS_ERR(pumori))
		return PTR_ERR(pumori);

	if (core == PUMORI_HW_MAX_CORES)
		ret = pumori_reset_request(pumori, PUMORI_RESET_DEVICE, 0);
	else
		ret = pumori_reset_request(pumori, PUMORI_RESET_CORE, core);
	end(pumori, idx);
	if (ret)
		NL_SET_ERR_MSG(info->extack, "the reset did not help");
	return ret;
}

static int put_result(struct sk_buff *skb, const struct pumori_health_result *result)
{
	struct nlattr *nest = nla_nest_start(skb, PUMORI_A_HEALTH_TEST);

	if (!nest || nla_put_string(skb, PUMORI_A_TEST_NAME, result->name) ||
	    (result->core != PUMORI_HEALTH_DEVICE &&
	     nla_put_u32(skb, PUMORI_A_TEST_CORE, result->core)) ||
	    nla_put_u8(skb, PUMORI_A_TEST_PASSED, !result->detail) ||
	    nla_put_uint(skb, PUMORI_A_TEST_DURATION_NS, result->duration_ns) ||
	    (result->detail && nla_put_string(skb, PUMORI_A_TEST_DETAIL, result->detail)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int run_tests(struct sk_buff *skb, struct pumori_device *pumori, u32 core)
{
	struct pumori_health_result result;
	u32 i;
	int ret;

	for (i = 0; i < pumori_health_tests(pumori); i++) {
		if (!pumori_health_run(pumori, i, core, &result))
			continue;
		ret = put_result(skb, &result);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * pumori_netlink_health_test() - health-test
 * @skb: the request
 * @info: the request
 */
int pumori_netlink_health_test(struct sk_buff *skb, struct genl_info *info)
{
	struct pumori_device *pumori;
	struct sk_buff *reply;
	int idx, ret = -ENOMEM;
	void *header;
	u32 core;

	pumori = begin(skb, info, PUMORI_HEALTH_DEVICE, &core, &idx);
	if (IS_ERR(pumori))
		return PTR_ERR(pumori);

	reply = genlmsg_new((1 + pumori_health_tests(pumori)) * TEST_BYTES, GFP_KERNEL);
	if (!reply)
		goto out_end;
	header = genlmsg_put_reply(reply, info, &pumori_genl_family, 0, PUMORI_CMD_HEALTH_TEST);
	ret = header ? pumori_netlink_put_selector(reply, pumori) : -EMSGSIZE;
	if (!ret)
		ret = run_tests(reply, pumori, core);
	if (ret) {
		nlmsg_free(reply);
		goto out_end;
	}
	genlmsg_end(reply, header);
	ret = genlmsg_reply(reply, info);

out_end:
	end(pumori, idx);
	return ret;
}
