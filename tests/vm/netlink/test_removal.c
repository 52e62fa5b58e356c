/* SPDX-License-Identifier: MIT */
/*
 * A device that goes away while it is looked at, and comes back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink_test.h"

#define ROUNDS 10

static void see_name(void *data, uint8_t command, struct nlattr **a)
{
	(void)command;
	if (a[PUMORI_A_DEVICE_BUS_NAME])
		nla_strlcpy(data, a[PUMORI_A_DEVICE_BUS_NAME], PUMORI_BUS_NAME_BYTES + 1);
}

static bool write_name(const char *file, const char *name)
{
	int fd = open(file, O_WRONLY);
	bool written = fd >= 0 && write(fd, name, strlen(name)) == (ssize_t)strlen(name);

	if (fd >= 0)
		close(fd);
	return written;
}

/* Asks for everything, again and again, until the pipe is closed; an answer may only be right or an error. */
static int look_until_closed(int stop)
{
	static const uint8_t dumps[] = { PUMORI_CMD_DEVICE_GET, PUMORI_CMD_CORE_STATS_GET, PUMORI_CMD_CONTEXT_GET,
					 PUMORI_CMD_USER_GET, PUMORI_CMD_RAS_GET };
	struct netlink_client client;
	unsigned int round = 0;
	char byte;

	fcntl(stop, F_SETFL, O_NONBLOCK);
	if (!netlink_open(&client))
		return 1;
	while (read(stop, &byte, 1) < 0) {
		int result = netlink_request(&client, dumps[round % 5], true, -1);

		if (result)
			return 2;
		result = netlink_request(&client, round % 2 ? PUMORI_CMD_DEVICE_GET : PUMORI_CMD_HEALTH_TEST, false, 0);
		if (result && result != -ENODEV)
			return 3;
		round++;
	}
	netlink_close(&client);
	return 0;
}

static void count_notification(void *data, uint8_t command, struct nlattr **a)
{
	unsigned int *count = data;

	if (command == PUMORI_CMD_DEVICE_ADD_NTF && a[PUMORI_A_DEVICE_UUID])
		count[0]++;
	if (command == PUMORI_CMD_DEVICE_DEL_NTF && number(a[PUMORI_A_DEVICE_STATE]) == PUMORI_DEVICE_STATE_REMOVED)
		count[1]++;
}

void test_removal(void)
{
	char name[PUMORI_BUS_NAME_BYTES + 1] = "";
	unsigned int count[2] = { 0, 0 }, i, done = 0;
	struct netlink_client client, listener;
	int stop[2], status = -1;
	pid_t child;

	if (!ok(netlink_open(&client) && netlink_open(&listener), "the kernel has the family"))
		return;
	client.message = see_name;
	client.data = name;
	netlink_request(&client, PUMORI_CMD_DEVICE_GET, false, 0);
	listener.message = count_notification;
	listener.data = count;
	ok(netlink_join(&listener, PUMORI_MCGRP_DEVICES), "join the group of devices");

	if (pipe(stop))
		return;
	child = fork();
	if (child == 0) {
		close(stop[1]);
		_exit(look_until_closed(stop[0]));
	}
	for (i = 0; i < ROUNDS; i++)
		done += write_name("/sys/bus/platform/drivers/pumori/unbind", name) &&
			write_name("/sys/bus/platform/drivers/pumori/bind", name);
	close(stop[0]);
	close(stop[1]);
	waitpid(child, &status, 0);
	ok(done == ROUNDS, "%s is taken away and brought back %u times", name, done);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "whoever looks at it meanwhile gets answers or ENODEV (%d)",
	   WEXITSTATUS(status));
	while (netlink_read(&listener) == 0)
		continue;
	ok(count[0] == ROUNDS && count[1] == ROUNDS, "each time is told: %u came, %u went", count[0], count[1]);
	ok(netlink_request(&client, PUMORI_CMD_DEVICE_GET, false, 0) == 0, "the device is there at the end");
	netlink_close(&listener);
	netlink_close(&client);
}
