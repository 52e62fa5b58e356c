/* SPDX-License-Identifier: MIT */
/*
 * Random messages, in a number that fits a test run: requests of right shape with random attributes, and
 * bytes of no shape at all. The kernel's own checkers say whether anything broke; here it must go on answering.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "netlink_test.h"

#define MESSAGES 20000

static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t random_below(uint32_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % bound;
}

static size_t random_attributes(unsigned char *bytes, size_t room)
{
	size_t used = 0;
	uint32_t count = random_below(8);

	while (count-- && used + 64 < room) {
		struct nlattr *attribute = (struct nlattr *)(bytes + used);
		size_t length = random_below(8) ? random_below(24) : random_below(60), i;

		attribute->nla_type = (uint16_t)(random_below(16) ? random_below(12) : random_below(65536));
		attribute->nla_len = (uint16_t)(NLA_HDRLEN + length);
		for (i = 0; i < length; i++)
			bytes[used + NLA_HDRLEN + i] = (unsigned char)(random_below(3) ? 0 : random_below(256));
		used += NLA_ALIGN(attribute->nla_len);
		if (!random_below(32))
			attribute->nla_len = (uint16_t)random_below(65536);
	}
	return used;
}

static size_t random_message(const struct netlink_client *client, unsigned char *bytes, size_t room)
{
	struct nlmsghdr *header = (struct nlmsghdr *)bytes;
	struct genlmsghdr *generic = (struct genlmsghdr *)(bytes + NLMSG_HDRLEN);
	size_t length = NLMSG_HDRLEN + GENL_HDRLEN, i;

	memset(bytes, 0, room);
	if (!random_below(16)) {
		length = NLMSG_HDRLEN + random_below(64);
		for (i = 0; i < length; i++)
			bytes[i] = (unsigned char)random_below(256);
	} else {
		generic->cmd = (uint8_t)(random_below(16) ? random_below(PUMORI_CMD_MAX + 2) : random_below(256));
		/* Never a reset: it would cost the other tests their device. */
		if (generic->cmd == PUMORI_CMD_RESET)
			generic->cmd = PUMORI_CMD_RAS_CLEAR;
		generic->version = PUMORI_FAMILY_VERSION;
		length += random_attributes(bytes + length, room - length);
		header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (random_below(2) ? NLM_F_DUMP : 0) |
						 (random_below(2) ? NLM_F_ACK : 0));
	}
	header->nlmsg_type = (uint16_t)client->family;
	header->nlmsg_len = (uint32_t)(random_below(64) ? length : random_below(4096));
	return length;
}

void test_fuzz(void)
{
	_Alignas(8) unsigned char bytes[2048], answer[16384];
	struct netlink_client client, control;
	unsigned int i, sent = 0;

	if (!ok(netlink_open(&client) && netlink_open(&control), "the kernel has the family"))
		return;
	nl_socket_set_nonblocking(client.socket);
	for (i = 0; i < MESSAGES; i++) {
		size_t length = random_message(&client, bytes, sizeof(bytes));

		sent += send(nl_socket_get_fd(client.socket), bytes, length, 0) > 0;
		while (recv(nl_socket_get_fd(client.socket), answer, sizeof(answer), 0) > 0)
			continue;
	}
	ok(sent > MESSAGES / 2, "%u random messages are sent", sent);
	ok(netlink_request(&control, PUMORI_CMD_DEVICE_GET, false, 0) == 0, "the kernel still answers");
	netlink_close(&control);
	netlink_close(&client);
}
