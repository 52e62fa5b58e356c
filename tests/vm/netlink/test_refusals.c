/* SPDX-License-Identifier: MIT */
/*
 * Requests with something wrong: every attribute of every request with a wrong length, attributes that the
 * request does not take, values out of range. Each must be refused with a text.
 */
#include <errno.h>
#include <string.h>

#include <netlink/msg.h>

#include "netlink_test.h"

static const struct request {
	const char *name;
	uint8_t command;
	bool dump;
	int highest;	/* attribute that it takes */
} requests[] = {
	{ "device-get", PUMORI_CMD_DEVICE_GET, false, PUMORI_A_DEVICE_UUID },
	{ "dump of device-get", PUMORI_CMD_DEVICE_GET, true, PUMORI_A_DEVICE_UUID },
	{ "core-stats-get", PUMORI_CMD_CORE_STATS_GET, true, PUMORI_A_CORE_UUID },
	{ "context-get", PUMORI_CMD_CONTEXT_GET, true, PUMORI_A_CONTEXT_UUID },
	{ "user-get", PUMORI_CMD_USER_GET, true, PUMORI_A_USER_UUID },
	{ "ras-get", PUMORI_CMD_RAS_GET, true, PUMORI_A_RAS_UUID },
	{ "ras-clear", PUMORI_CMD_RAS_CLEAR, false, PUMORI_A_RAS_ERROR_ID },
	{ "reset", PUMORI_CMD_RESET, false, PUMORI_A_HEALTH_CORE },
	{ "health-test", PUMORI_CMD_HEALTH_TEST, false, PUMORI_A_HEALTH_CORE },
};

/* Right lengths: of a number 4, of the bus name anything up to its limit, of the UUID 16. */
static bool wrong_length(int attribute, size_t length, const char *bytes)
{
	switch (attribute) {
	case PUMORI_A_DEVICE_BUS_NAME:
		return !memchr(bytes, 0, length) || strlen(bytes) > PUMORI_BUS_NAME_BYTES;
	case PUMORI_A_DEVICE_UUID:
		return length != PUMORI_UUID_BYTES;
	default:
		return length != sizeof(uint32_t);
	}
}

static int send_bytes(struct netlink_client *client, const struct request *request, int attribute, size_t length,
		      const char *bytes)
{
	struct nl_msg *message = netlink_new(client, request->command, request->dump);

	/* With a selector that is right, but for the attribute under test. */
	if (attribute != PUMORI_A_DEVICE_INDEX)
		nla_put_u32(message, PUMORI_A_DEVICE_INDEX, 0);
	nla_put(message, attribute, (int)length, bytes);
	return netlink_send(client, message);
}

static void test_lengths(struct netlink_client *client, const struct request *request)
{
	static const size_t lengths[] = { 0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 63, 64, 65, 100, 4096, 30000 };
	static char bytes[30000];
	unsigned int accepted = 0, silent = 0, tried = 0;
	int attribute;
	size_t i;

	memset(bytes, 'a', sizeof(bytes));
	for (attribute = 1; attribute <= request->highest; attribute++) {
		for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			if (!wrong_length(attribute, lengths[i], bytes))
				continue;
			tried++;
			if (send_bytes(client, request, attribute, lengths[i], bytes) != -EINVAL &&
			    client->error != -ERANGE) {
				accepted++;
				note("attribute %d of %zu bytes: %d", attribute, lengths[i], client->error);
			} else if (!client->text[0]) {
				silent++;
			}
		}
	}
	ok(tried > 0 && accepted == 0 && silent == 0, "%s: %u attributes of wrong length are refused with a text",
	   request->name, tried);
}

static void test_unknown(struct netlink_client *client, const struct request *request)
{
	static const int beyond[] = { 1, 2, 3, 10, 100, 0x3ff0 };
	unsigned int accepted = 0;
	uint32_t zero = 0;
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		int attribute = request->highest + beyond[i];

		if (send_bytes(client, request, attribute, sizeof(zero), (char *)&zero) != -EINVAL || !client->text[0])
			accepted++;
	}
	ok(accepted == 0, "%s: attributes that it does not take are refused with a text", request->name);
}

static void test_selectors(struct netlink_client *client, const struct request *request)
{
	static const char nobody[PUMORI_UUID_BYTES] = { 1 };
	struct nl_msg *message;
	bool passed;

	if (!request->dump)
		ok(netlink_request(client, request->command, false, -1) == -EINVAL && client->text[0],
		   "%s without a selector is refused: %s", request->name, client->text);
	passed = netlink_request(client, request->command, request->dump, 4000000000) == -ENODEV && client->text[0];
	passed = send_bytes(client, request, PUMORI_A_DEVICE_UUID, sizeof(nobody), nobody) == -ENODEV && passed;
	message = netlink_new(client, request->command, request->dump);
	nla_put_string(message, PUMORI_A_DEVICE_BUS_NAME, "pumori.12345");
	ok(netlink_send(client, message) == -ENODEV && client->text[0] && passed,
	   "%s of a device that is not there is refused: %s", request->name, client->text);
}

static void test_values(struct netlink_client *client)
{
	static const struct {
		uint8_t command;
		int attribute;
		uint32_t value;
	} wrong[] = {
		{ PUMORI_CMD_RESET, PUMORI_A_HEALTH_CORE, 15 },
		{ PUMORI_CMD_RESET, PUMORI_A_HEALTH_CORE, 16 },
		{ PUMORI_CMD_RESET, PUMORI_A_HEALTH_CORE, 0xffffffff },
		{ PUMORI_CMD_HEALTH_TEST, PUMORI_A_HEALTH_CORE, 15 },
		{ PUMORI_CMD_HEALTH_TEST, PUMORI_A_HEALTH_CORE, 0xffffffff },
		{ PUMORI_CMD_RAS_CLEAR, PUMORI_A_RAS_CORE, 15 },
		{ PUMORI_CMD_RAS_CLEAR, PUMORI_A_RAS_ERROR_ID, 0 },
		{ PUMORI_CMD_RAS_CLEAR, PUMORI_A_RAS_ERROR_ID, PUMORI_RAS_ERROR_NAN + 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct nl_msg *message = netlink_new(client, wrong[i].command, false);
		int result;

		nla_put_u32(message, PUMORI_A_DEVICE_INDEX, 0);
		nla_put_u32(message, wrong[i].attribute, wrong[i].value);
		result = netlink_send(client, message);
		ok((result == -EINVAL || result == -ERANGE) && client->text[0],
		   "command %u: attribute %d of value %u is refused: %s", wrong[i].command, wrong[i].attribute,
		   wrong[i].value, client->text);
	}
}

void test_refusals(void)
{
	struct netlink_client client;
	size_t i;

	if (!ok(netlink_open(&client), "the kernel has the family"))
		return;
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		test_lengths(&client, &requests[i]);
		test_unknown(&client, &requests[i]);
		test_selectors(&client, &requests[i]);
	}
	test_values(&client);
	ok(netlink_request(&client, PUMORI_CMD_CORE_STATS_GET, false, 0) == -EOPNOTSUPP,
	   "a dump cannot be asked for as a single answer");
	ok(netlink_request(&client, PUMORI_CMD_RESET, true, 0) == -EOPNOTSUPP, "a reset is no dump");
	ok(netlink_request(&client, PUMORI_CMD_EVENT_NTF, false, 0) == -EOPNOTSUPP, "a notification is no request");
	ok(netlink_request(&client, 200, false, 0) == -EOPNOTSUPP, "an unknown command is refused");
	netlink_close(&client);
}
