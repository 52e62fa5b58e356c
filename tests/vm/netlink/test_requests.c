/* SPDX-License-Identifier: MIT */
/*
 * What every request answers when it is well made.
 */
#include <errno.h>
#include <string.h>

#include <netlink/msg.h>

#include "netlink_test.h"

/** struct seen - what messages have told */
struct seen {
	unsigned int count;
	unsigned int complete;
	uint64_t value;
	uint8_t uuid[PUMORI_UUID_BYTES];
	char bus_name[PUMORI_BUS_NAME_BYTES + 1];
};

static void see_device(void *data, uint8_t command, struct nlattr **a)
{
	struct seen *seen = data;

	seen->count++;
	if (!a[PUMORI_A_DEVICE_UUID] || nla_len(a[PUMORI_A_DEVICE_UUID]) != PUMORI_UUID_BYTES ||
	    !a[PUMORI_A_DEVICE_BUS_NAME])
		return;
	memcpy(seen->uuid, nla_data(a[PUMORI_A_DEVICE_UUID]), PUMORI_UUID_BYTES);
	nla_strlcpy(seen->bus_name, a[PUMORI_A_DEVICE_BUS_NAME], sizeof(seen->bus_name));
	seen->value = number(a[PUMORI_A_DEVICE_CORES]);
	seen->complete += command == PUMORI_CMD_DEVICE_GET && a[PUMORI_A_DEVICE_INDEX] && a[PUMORI_A_DEVICE_STATE] &&
			  a[PUMORI_A_DEVICE_NAME] && a[PUMORI_A_DEVICE_SOCKET] && a[PUMORI_A_DEVICE_SERIAL] &&
			  a[PUMORI_A_DEVICE_HBM_TOTAL] && a[PUMORI_A_DEVICE_HBM_USED] &&
			  a[PUMORI_A_DEVICE_EVENT_SEQUENCE];
}

static void see_core(void *data, uint8_t command, struct nlattr **a)
{
	struct seen *seen = data;

	seen->count++;
	seen->value += number(a[PUMORI_A_CORE_JOBS]);
	seen->complete += command == PUMORI_CMD_CORE_STATS_GET && a[PUMORI_A_CORE_CORE] && a[PUMORI_A_CORE_TIME_NS] &&
			  a[PUMORI_A_CORE_BUSY_NS] && a[PUMORI_A_CORE_JOBS] && a[PUMORI_A_CORE_PENDING];
}

static void see_context(void *data, uint8_t command, struct nlattr **a)
{
	struct seen *seen = data;

	seen->count++;
	seen->value += number(a[PUMORI_A_CONTEXT_JOBS]);
	seen->complete += command == PUMORI_CMD_CONTEXT_GET && number(a[PUMORI_A_CONTEXT_PID]) &&
			  a[PUMORI_A_CONTEXT_UID] && a[PUMORI_A_CONTEXT_COMMAND] &&
			  strcmp(nla_get_string(a[PUMORI_A_CONTEXT_COMMAND]), "netlink-test") == 0 &&
			  number(a[PUMORI_A_CONTEXT_QUEUES]) == 1 && number(a[PUMORI_A_CONTEXT_CORE_MASK]) == 1 &&
			  number(a[PUMORI_A_CONTEXT_HBM_BYTES]) == 65536;
}

static void see_user(void *data, uint8_t command, struct nlattr **a)
{
	struct seen *seen = data;

	seen->count++;
	seen->value += number(a[PUMORI_A_USER_HBM_BYTES]);
	seen->complete += command == PUMORI_CMD_USER_GET && a[PUMORI_A_USER_UID] && number(a[PUMORI_A_USER_CONTEXTS]) &&
			  number(a[PUMORI_A_USER_QUEUES]) && number(a[PUMORI_A_USER_PINNED_BYTES]) == 8192;
}

static void see_error(void *data, uint8_t command, struct nlattr **a)
{
	struct seen *seen = data;

	seen->count++;
	if (a[PUMORI_A_RAS_ERROR_NAME] && strcmp(nla_get_string(a[PUMORI_A_RAS_ERROR_NAME]), "deadlock") == 0)
		seen->value += number(a[PUMORI_A_RAS_ERROR_VALUE]);
	seen->complete += command == PUMORI_CMD_RAS_GET && a[PUMORI_A_RAS_CORE] && a[PUMORI_A_RAS_ERROR_ID] &&
			  a[PUMORI_A_RAS_ERROR_NAME] && a[PUMORI_A_RAS_ERROR_VALUE];
}

static int ask(struct netlink_client *client, uint8_t command, bool dump, struct seen *seen,
	       void (*see)(void *, uint8_t, struct nlattr **))
{
	memset(seen, 0, sizeof(*seen));
	client->message = see;
	client->data = seen;
	return netlink_request(client, command, dump, dump ? -1 : 0);
}

static void test_selection(struct netlink_client *client, const struct seen *device)
{
	struct nl_msg *message;
	struct seen seen;

	client->message = see_device;
	client->data = &seen;
	memset(&seen, 0, sizeof(seen));
	message = netlink_new(client, PUMORI_CMD_DEVICE_GET, false);
	nla_put(message, PUMORI_A_DEVICE_UUID, PUMORI_UUID_BYTES, device->uuid);
	ok(netlink_send(client, message) == 0 && seen.complete == 1, "a device is found by its UUID");

	message = netlink_new(client, PUMORI_CMD_DEVICE_GET, false);
	nla_put_string(message, PUMORI_A_DEVICE_BUS_NAME, device->bus_name);
	ok(netlink_send(client, message) == 0 && seen.complete == 2, "a device is found by its bus name");

	message = netlink_new(client, PUMORI_CMD_CORE_STATS_GET, true);
	nla_put_string(message, PUMORI_A_DEVICE_BUS_NAME, device->bus_name);
	ok(netlink_send(client, message) == 0 && client->messages == device->value, "a dump of one device");
	ok(memcmp(device->uuid, "PUMORI\x80\x00\x80\x00", 10) == 0 && device->uuid[15] == 1,
	   "the UUID is made of the serial number");
}

static void make_deadlock(struct session *session)
{
	struct image image;
	struct job job = { .budget_ms = 2000 };

	if (!image_deadlock(&image))
		return;
	if (program_load(session, &image, &job.program, NULL) == 0)
		run_job(session, &job, 20000, NULL);
	image_destroy(&image);
}

static void test_errors(struct netlink_client *client)
{
	struct session session;
	struct seen seen;
	uint64_t before;

	ask(client, PUMORI_CMD_RAS_GET, true, &seen, see_error);
	before = seen.value;
	if (session_open(&session, 0))
		make_deadlock(&session);
	session_close(&session);
	ask(client, PUMORI_CMD_RAS_GET, true, &seen, see_error);
	ok(seen.value == before + 1, "a deadlock is counted");
	client->message = NULL;
	ok(netlink_request(client, PUMORI_CMD_RAS_CLEAR, false, 0) == 0, "root clears error counters");
	ask(client, PUMORI_CMD_RAS_GET, true, &seen, see_error);
	ok(seen.count > 0 && seen.value == 0, "cleared counters are zero");
}

static void count_tests(void *data, uint8_t command, struct nlattr **a)
{
	struct seen *seen = data;

	seen->count++;
	seen->complete += command == PUMORI_CMD_HEALTH_TEST && a[PUMORI_A_HEALTH_TEST];
}

void test_requests(void)
{
	struct seen device, seen;
	struct session session;
	struct buffer buffer, host;
	struct netlink_client client;

	if (!ok(netlink_open(&client), "the kernel has the family"))
		return;
	ok(ask(&client, PUMORI_CMD_DEVICE_GET, false, &device, see_device) == 0 && device.complete == 1,
	   "device-get of one device");
	ok(ask(&client, PUMORI_CMD_DEVICE_GET, true, &seen, see_device) == 0 && seen.complete == seen.count &&
	   seen.count >= 1, "device-get of all devices");
	test_selection(&client, &device);
	ok(ask(&client, PUMORI_CMD_CORE_STATS_GET, true, &seen, see_core) == 0 && seen.complete == seen.count &&
	   seen.count >= device.value, "core-stats-get");
	ok(ask(&client, PUMORI_CMD_RAS_GET, true, &seen, see_error) == 0 && seen.complete == seen.count &&
	   seen.count >= device.value * PUMORI_RAS_ERROR_NAN, "ras-get");

	ask(&client, PUMORI_CMD_CONTEXT_GET, true, &seen, see_context);
	ok(seen.count == 0, "there is no context without an open file");
	if (ok(session_open(&session, 0), "open the device") &&
	    buffer_create(&session, &buffer, 65536, DRM_PUMORI_BO_HBM, 1 << 20) &&
	    buffer_create(&session, &host, 8192, 0, 2 << 20)) {
		ok(ask(&client, PUMORI_CMD_CONTEXT_GET, true, &seen, see_context) == 0 && seen.count == 1 &&
		   seen.complete == 1, "context-get shows the context");
		ok(ask(&client, PUMORI_CMD_USER_GET, true, &seen, see_user) == 0 && seen.count == 1 &&
		   seen.complete == 1 && seen.value == 65536, "user-get shows what the user has");
	}
	session_close(&session);
	ask(&client, PUMORI_CMD_CONTEXT_GET, true, &seen, see_context);
	ok(seen.count == 0, "a closed context is not shown any more");

	test_errors(&client);
	ok(ask(&client, PUMORI_CMD_HEALTH_TEST, false, &seen, count_tests) == 0 && seen.complete == 1, "health-test");
	netlink_close(&client);
}
