/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "netlink_test.h"

static int take_message(struct nl_msg *message, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct nlattr *attributes[ATTRIBUTES + 1];
	struct netlink_client *client = data;
	struct genlmsghdr *generic = nlmsg_data(header);

	client->messages++;
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		client->interrupted = true;
	if (client->message && nla_parse(attributes, ATTRIBUTES, genlmsg_attrdata(generic, 0),
					 genlmsg_attrlen(generic, 0), NULL) == 0)
		client->message(client->data, generic->cmd, attributes);
	return NL_OK;
}

/* The text of an extended acknowledgement lies behind the request, of which a capped one has only the header. */
static void take_text(struct netlink_client *client, const struct nlmsghdr *header, const struct nlmsgerr *error)
{
	size_t skip = sizeof(*error);
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1];

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += error->msg.nlmsg_len - sizeof(struct nlmsghdr);
	skip = NLMSG_ALIGN(skip);
	if (header->nlmsg_len < NLMSG_HDRLEN + skip)
		return;
	if (nla_parse(attributes, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)nlmsg_data(header) + skip),
		      (int)(header->nlmsg_len - NLMSG_HDRLEN - skip), NULL) == 0 && attributes[NLMSGERR_ATTR_MSG])
		snprintf(client->text, sizeof(client->text), "%s", nla_get_string(attributes[NLMSGERR_ATTR_MSG]));
}

static int take_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *data)
{
	struct netlink_client *client = data;
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)error - NLMSG_HDRLEN);

	(void)from;
	client->error = error->error;
	client->done = true;
	take_text(client, header, error);
	return NL_STOP;
}

static int take_acknowledgement(struct nl_msg *message, void *data)
{
	struct netlink_client *client = data;

	(void)message;
	client->done = true;
	return NL_STOP;
}

/* The end of a dump carries its error. */
static int take_end(struct nl_msg *message, void *data)
{
	struct nlmsghdr *header = nlmsg_hdr(message);
	struct netlink_client *client = data;

	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		client->interrupted = true;
	if (header->nlmsg_len >= NLMSG_HDRLEN + sizeof(int))
		memcpy(&client->error, nlmsg_data(header), sizeof(int));
	client->done = true;
	return NL_STOP;
}

static int accept_any(struct nl_msg *message, void *data)
{
	(void)message;
	(void)data;
	return NL_OK;
}

bool netlink_open(struct netlink_client *client)
{
	int on = 1;

	memset(client, 0, sizeof(*client));
	client->socket = nl_socket_alloc();
	if (!client->socket || genl_connect(client->socket) < 0)
		return false;
	setsockopt(nl_socket_get_fd(client->socket), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(client->socket), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	client->family = genl_ctrl_resolve(client->socket, PUMORI_FAMILY_NAME);
	nl_socket_modify_cb(client->socket, NL_CB_VALID, NL_CB_CUSTOM, take_message, client);
	nl_socket_modify_cb(client->socket, NL_CB_ACK, NL_CB_CUSTOM, take_acknowledgement, client);
	nl_socket_modify_cb(client->socket, NL_CB_FINISH, NL_CB_CUSTOM, take_end, client);
	nl_socket_modify_err_cb(client->socket, NL_CB_CUSTOM, take_error, client);
	/* An interrupted dump is what some tests look for. */
	nl_socket_modify_cb(client->socket, NL_CB_DUMP_INTR, NL_CB_CUSTOM, accept_any, client);
	nl_socket_modify_cb(client->socket, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, accept_any, client);
	return client->family >= 0;
}

void netlink_close(struct netlink_client *client)
{
	nl_socket_free(client->socket);
	client->socket = NULL;
}

struct nl_msg *netlink_new(const struct netlink_client *client, uint8_t command, bool dump)
{
	struct nl_msg *message = nlmsg_alloc_size(65536);

	if (message)
		genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, client->family, 0, dump ? NLM_F_DUMP : NLM_F_ACK, command,
			    PUMORI_FAMILY_VERSION);
	return message;
}

int netlink_send(struct netlink_client *client, struct nl_msg *message)
{
	int result;

	client->error = 0;
	client->interrupted = false;
	client->done = false;
	client->messages = 0;
	client->text[0] = '\0';
	result = nl_send_auto(client->socket, message);
	nlmsg_free(message);
	if (result < 0)
		return -EIO;
	do {
		result = nl_recvmsgs_default(client->socket);
	} while (!client->done && (result >= 0 || result == -NLE_DUMP_INTR));
	return client->error ? client->error : result < 0 && result != -NLE_DUMP_INTR ? -EIO : 0;
}

int netlink_request(struct netlink_client *client, uint8_t command, bool dump, int64_t index)
{
	struct nl_msg *message = netlink_new(client, command, dump);

	if (index >= 0)
		nla_put_u32(message, PUMORI_A_DEVICE_INDEX, (uint32_t)index);
	return netlink_send(client, message);
}

bool netlink_join(struct netlink_client *client, const char *group)
{
	int id = genl_ctrl_resolve_grp(client->socket, PUMORI_FAMILY_NAME, group);

	return id >= 0 && nl_socket_add_membership(client->socket, id) == 0 &&
	       nl_socket_set_nonblocking(client->socket) == 0;
}

int netlink_read(struct netlink_client *client)
{
	char bytes[8192];
	ssize_t size = recv(nl_socket_get_fd(client->socket), bytes, sizeof(bytes), 0);
	struct nlmsghdr *header = (struct nlmsghdr *)bytes;
	struct nl_msg *message;

	if (size < 0)
		return -errno;
	message = nlmsg_convert(header);
	if (!message)
		return -ENOMEM;
	take_message(message, client);
	nlmsg_free(message);
	return 0;
}

uint64_t number(const struct nlattr *attribute)
{
	if (!attribute)
		return 0;
	switch (nla_len(attribute)) {
	case 1:
		return nla_get_u8(attribute);
	case 4:
		return nla_get_u32(attribute);
	case 8:
		return nla_get_u64((struct nlattr *)(uintptr_t)attribute);
	default:
		return 0;
	}
}

bool inject(const char *line)
{
	static const char *const files[] = {
		"/sys/kernel/debug/accel/pumori.0/inject",
		"/sys/kernel/debug/accel/0/inject",
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_WRONLY);
		bool done;

		if (fd < 0)
			continue;
		done = write(fd, line, strlen(line)) > 0;
		close(fd);
		return done;
	}
	return false;
}
