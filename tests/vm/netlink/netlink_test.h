/* SPDX-License-Identifier: MIT */
/*
 * Tests of the driver's netlink family with a client of its own on libnl, which can also say things
 * that a well-behaved client would not. One program, run in virtual machines; prints TAP.
 */
#ifndef PUMORI_NETLINK_TEST_H
#define PUMORI_NETLINK_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netlink/attr.h>
#include <netlink/netlink.h>

#include <drm/pumori_netlink.h>

#include "../driver/driver_test.h"

/* More than any set of attributes of the family has. */
#define ATTRIBUTES 64

/** struct netlink_client - a socket of the family */
struct netlink_client {
	struct nl_sock *socket;
	int family;
	/* Answer to the last request. */
	int error;
	bool interrupted;
	bool done;
	unsigned int messages;
	char text[160];
	/* Called for each message, when set. */
	void (*message)(void *data, uint8_t command, struct nlattr **attributes);
	void *data;
};

/* client.c */
bool netlink_open(struct netlink_client *client);
void netlink_close(struct netlink_client *client);
/** netlink_new - a request, to which attributes can be added; netlink_send() frees it */
struct nl_msg *netlink_new(const struct netlink_client *client, uint8_t command, bool dump);
/** netlink_send - send and read all answers; returns the kernel's error, 0 or negative */
int netlink_send(struct netlink_client *client, struct nl_msg *message);
/** netlink_request - the same with the device's index as only attribute; none when it is negative */
int netlink_request(struct netlink_client *client, uint8_t command, bool dump, int64_t index);
/** netlink_join - listen to a group, without waiting in netlink_read() */
bool netlink_join(struct netlink_client *client, const char *group);
/** netlink_read - take one message of a group; 0, -EAGAIN when there is none, -ENOBUFS after losses */
int netlink_read(struct netlink_client *client);
/** number - value of an attribute of 1, 4 or 8 bytes, 0 when it is missing */
uint64_t number(const struct nlattr *attribute);
/** inject - have the chip of device 0 misbehave through debugfs: "KIND CORE COUNT" */
bool inject(const char *line);

/* test_*.c */
void test_requests(void);
void test_refusals(void);
void test_owners(void);
void test_events(void);
void test_removal(void);
void test_fuzz(void);

#endif
