/* SPDX-License-Identifier: MIT */
/*
 * Who sees what, and who may change what: other users, and other network namespaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink_test.h"

#define NOBODY 65534

/* Exit status of a child: what it could see and do. */
#define SEES_DEVICE	1
#define SEES_CONTEXTS	2
#define SEES_USERS	4
#define MAY_CHANGE	8
#define IS_TOLD_WHY	16
#define FAILED		64

static int look(void)
{
	struct netlink_client client;
	int seen = 0;

	if (!netlink_open(&client))
		return FAILED;
	if (netlink_request(&client, PUMORI_CMD_DEVICE_GET, true, -1) == 0 && client.messages)
		seen |= SEES_DEVICE;
	if (netlink_request(&client, PUMORI_CMD_CONTEXT_GET, true, -1) == 0 && client.messages)
		seen |= SEES_CONTEXTS;
	if (netlink_request(&client, PUMORI_CMD_USER_GET, true, -1) == 0 && client.messages)
		seen |= SEES_USERS;
	if (netlink_request(&client, PUMORI_CMD_RAS_CLEAR, false, 0) != -EPERM)
		seen |= MAY_CHANGE;
	if (netlink_request(&client, PUMORI_CMD_RESET, false, 0) != -EPERM ||
	    netlink_request(&client, PUMORI_CMD_HEALTH_TEST, false, 0) != -EPERM)
		seen |= MAY_CHANGE;
	if (client.text[0])
		seen |= IS_TOLD_WHY;
	netlink_close(&client);
	return seen;
}

/* What another user, in the namespaces that @flags ask for, sees of a device that root uses. */
static int look_as_nobody(int flags)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (flags && unshare(flags))
			_exit(FAILED);
		if (setgid(NOBODY) || setuid(NOBODY))
			_exit(FAILED);
		_exit(look());
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return FAILED;
	return WEXITSTATUS(status);
}

/* Root of a user namespace is nobody outside of it. */
static int look_as_root_of_namespace(void)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(setgid(NOBODY) || setuid(NOBODY) || unshare(CLONE_NEWUSER | CLONE_NEWNET) ? FAILED : look());
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return FAILED;
	return WEXITSTATUS(status);
}

void test_owners(void)
{
	struct session session;
	int seen;

	if (!ok(session_open(&session, 0), "root has a context"))
		return;
	seen = look_as_nobody(0);
	ok(seen == (SEES_DEVICE | IS_TOLD_WHY), "another user sees the device, no context, and may change nothing (%d)",
	   seen);
	if (access("/proc/self/ns/net", F_OK) == 0) {
		seen = look_as_nobody(CLONE_NEWNET);
		ok(seen == (SEES_DEVICE | IS_TOLD_WHY), "the same in another network namespace (%d)", seen);
	}
	if (access("/proc/self/ns/user", F_OK) == 0 && access("/proc/self/ns/net", F_OK) == 0) {
		seen = look_as_root_of_namespace();
		ok(seen == FAILED || seen == (SEES_DEVICE | IS_TOLD_WHY), "the same for root of a user namespace (%d)", seen);
	}
	session_close(&session);
}
