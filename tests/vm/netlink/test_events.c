/* SPDX-License-Identifier: MIT */
/*
 * Events: what they carry, and that a listener learns what it missed when there are too many of them, or
 * when it does not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/msg.h>

#include "netlink_test.h"

#define BURST 20000

/** struct heard - what a listener has heard */
struct heard {
	unsigned int events;
	unsigned int of_type[PUMORI_EVENT_TYPE_LOST + 1];
	unsigned int incomplete;
	unsigned int disordered;
	uint64_t first;
	uint64_t last;
	uint64_t lost;
	uint64_t value;
	uint64_t time;
	uint64_t context;
	char reason[64];
};

static void hear(void *data, uint8_t command, struct nlattr **a)
{
	struct heard *heard = data;
	uint64_t type = number(a[PUMORI_A_EVENT_TYPE]), sequence = number(a[PUMORI_A_EVENT_SEQUENCE]);

	if (command != PUMORI_CMD_EVENT_NTF || !sequence || type < 1 || type > PUMORI_EVENT_TYPE_LOST ||
	    !a[PUMORI_A_EVENT_REASON] || !a[PUMORI_A_EVENT_INDEX] || !a[PUMORI_A_EVENT_UUID] ||
	    !a[PUMORI_A_EVENT_LOST]) {
		heard->incomplete++;
		return;
	}
	heard->disordered += sequence <= heard->last || number(a[PUMORI_A_EVENT_LOST]) < heard->lost ||
			     number(a[PUMORI_A_EVENT_TIME_NS]) < heard->time;
	heard->first = heard->first ? heard->first : sequence;
	heard->last = sequence;
	heard->lost = number(a[PUMORI_A_EVENT_LOST]);
	heard->time = number(a[PUMORI_A_EVENT_TIME_NS]);
	heard->value = number(a[PUMORI_A_EVENT_VALUE]);
	heard->context = number(a[PUMORI_A_EVENT_CONTEXT]);
	heard->events++;
	heard->of_type[type]++;
	nla_strlcpy(heard->reason, a[PUMORI_A_EVENT_REASON], sizeof(heard->reason));
}

/* Reads until nothing comes for @quiet milliseconds, at most @limit; whether messages were dropped on the way. */
static bool listen_for(struct netlink_client *client, int quiet, int limit)
{
	struct pollfd wait = { .fd = nl_socket_get_fd(client->socket), .events = POLLIN };
	int64_t end = now_ms() + limit;
	bool overrun = false;

	while (now_ms() < end && poll(&wait, 1, quiet) > 0) {
		int result;

		do {
			result = netlink_read(client);
			overrun = overrun || result == -ENOBUFS;
		} while (result == 0);
	}
	return overrun;
}

static bool listener_open(struct netlink_client *client, struct heard *heard)
{
	if (!netlink_open(client) || !netlink_join(client, PUMORI_MCGRP_EVENTS))
		return false;
	memset(heard, 0, sizeof(*heard));
	client->message = hear;
	client->data = heard;
	return true;
}

static void see_state(void *data, uint8_t command, struct nlattr **a)
{
	uint64_t *state = data;

	(void)command;
	state[0] = number(a[PUMORI_A_DEVICE_EVENT_SEQUENCE]);
	state[1] = number(a[PUMORI_A_DEVICE_EVENTS_LOST]);
}

static void event_state(uint64_t *state)
{
	struct netlink_client client;

	state[0] = state[1] = 0;
	if (netlink_open(&client)) {
		client.message = see_state;
		client.data = state;
		netlink_request(&client, PUMORI_CMD_DEVICE_GET, false, 0);
	}
	netlink_close(&client);
}

/* Waits for something to come at all, which a busy machine may take long for, and reads what comes with it. */
static void listen_for_event(struct netlink_client *client)
{
	struct pollfd wait = { .fd = nl_socket_get_fd(client->socket), .events = POLLIN };

	if (poll(&wait, 1, 30000) > 0)
		listen_for(client, 500, 10000);
}

/* Reads until every event since @before was heard or is counted as lost; @after is the state then. */
static void listen_for_all(struct netlink_client *client, const struct heard *heard, const uint64_t *before,
			   uint64_t *after)
{
	int64_t end = now_ms() + 60000;

	do {
		listen_for(client, 50, 500);
		event_state(after);
	} while (heard->events + (after[1] - before[1]) < after[0] - before[0] && now_ms() < end);
}

static void test_kinds(void)
{
	struct netlink_client client;
	struct heard heard;
	struct session session;
	struct image image;
	struct job job = { .budget_ms = 2000 };

	if (!ok(listener_open(&client, &heard), "join the group of events"))
		return;
	ok(inject("ecc-corrected 0 1"), "inject a memory error");
	listen_for_event(&client);
	ok(heard.of_type[PUMORI_EVENT_TYPE_ECC] == 1 && heard.value == 1 && !heard.incomplete,
	   "a corrected memory error is told: %s", heard.reason);

	if (session_open(&session, 0) && image_deadlock(&image)) {
		if (program_load(&session, &image, &job.program, NULL) == 0)
			run_job(&session, &job, 20000, NULL);
		image_destroy(&image);
	}
	session_close(&session);
	listen_for_event(&client);
	ok(heard.of_type[PUMORI_EVENT_TYPE_FAULT] == 1 && heard.context && !heard.incomplete,
	   "a fault is told with its context: %s", heard.reason);
	netlink_close(&client);
}

static void test_reset_event(void)
{
	struct netlink_client client, admin;
	struct heard heard;
	struct nl_msg *message;
	int result;

	if (!listener_open(&client, &heard) || !netlink_open(&admin))
		return;
	message = netlink_new(&admin, PUMORI_CMD_RESET, false);
	nla_put_u32(message, PUMORI_A_HEALTH_INDEX, 0);
	nla_put_u32(message, PUMORI_A_HEALTH_CORE, 1);
	result = netlink_send(&admin, message);
	ok(result == 0, "root resets a core: %s", admin.text);
	listen_for_event(&client);
	ok(heard.of_type[PUMORI_EVENT_TYPE_RESET] >= 1 && !heard.incomplete, "the reset is told: %s", heard.reason);
	netlink_close(&admin);
	netlink_close(&client);
}

static bool set_temperature_limit(const char *millidegrees)
{
	glob_t found;
	bool done = false;

	if (glob("/sys/class/accel/accel0/device/hwmon/hwmon*/temp1_max", 0, NULL, &found) == 0) {
		int fd = open(found.gl_pathv[0], O_WRONLY);

		done = fd >= 0 && write(fd, millidegrees, strlen(millidegrees)) > 0;
		if (fd >= 0)
			close(fd);
	}
	globfree(&found);
	return done;
}

static void test_thermal_event(void)
{
	struct netlink_client client;
	struct heard heard;

	if (!listener_open(&client, &heard) || !set_temperature_limit("1000"))
		return;
	listen_for_event(&client);
	ok(heard.of_type[PUMORI_EVENT_TYPE_THERMAL] == 1 && heard.value > 1000 && !heard.incomplete,
	   "a limit below the temperature is told at once: %s", heard.reason);
	set_temperature_limit("95000");
	listen_for_event(&client);
	ok(heard.of_type[PUMORI_EVENT_TYPE_THERMAL] == 2 && heard.value < 95000,
	   "and that it is above the temperature again: %s", heard.reason);
	netlink_close(&client);
}

/* More events than the driver sends: those that are not sent are counted, and numbers have gaps. */
static void test_burst(void)
{
	struct netlink_client client;
	struct heard heard;
	uint64_t before[2], after[2];
	int64_t start;

	if (!listener_open(&client, &heard))
		return;
	nl_socket_set_buffer_size(client.socket, 4 << 20, 0);
	event_state(before);
	ok(inject("ecc-corrected 0 20000"), "inject %d memory errors", BURST);
	start = now_ms();
	do {
		listen_for(&client, 1, 10);
		event_state(after);
	} while (after[0] - before[0] < BURST && now_ms() - start < 60000);
	note("%d events in %lld ms", BURST, (long long)(now_ms() - start));
	listen_for_all(&client, &heard, before, after);
	ok(after[0] - before[0] >= BURST, "all are numbered");
	ok(heard.events > 0 && heard.events < BURST && heard.disordered == 0 && heard.incomplete == 0,
	   "%u of them are sent, in order", heard.events);
	ok(after[1] > before[1] && heard.events + (after[1] - before[1]) == after[0] - before[0],
	   "%llu were dropped and are counted", (unsigned long long)(after[1] - before[1]));
	ok(heard.lost > before[1], "the last event says that some are missing");
	netlink_close(&client);
}

/* A listener that never reads must not hold anyone up, and is told of its own losses. */
static void test_silent_listener(void)
{
	struct netlink_client silent, client;
	struct heard heard, unread;
	uint64_t before[2], after[2];
	int64_t end = now_ms() + 60000;
	int size = 2048;
	bool overrun;

	if (!listener_open(&silent, &unread) || !listener_open(&client, &heard))
		return;
	setsockopt(nl_socket_get_fd(silent.socket), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	event_state(before);
	inject("ecc-corrected 0 500");
	do {
		listen_for(&client, 50, 500);
		event_state(after);
	} while (after[0] - before[0] < 500 && now_ms() < end);
	listen_for_all(&client, &heard, before, after);
	ok(heard.events > 64, "events reach one listener although another one does not read");
	overrun = listen_for(&silent, 100, 10000);
	ok(overrun && unread.events < heard.events, "the other one learns that it lost some");
	ok(unread.events && unread.last < heard.last, "and from the numbers, which");
	netlink_close(&silent);
	netlink_close(&client);
}

void test_events(void)
{
	test_kinds();
	test_reset_event();
	test_thermal_event();
	test_burst();
	test_silent_listener();
}
