// SPDX-License-Identifier: MIT
/* The driver's netlink family: requests, and events on a socket of their own. */
#include <drm/pumori_netlink.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "error.h"
#include "telemetry.h"

/* Dumps that something changed in are repeated; when it changes all the time, the last one counts. */
#define DUMP_ATTEMPTS		5
/* Room for some thousand events between two looks. */
#define EVENT_BUFFER_BYTES	(1 << 20)
#define WORDS_BYTES		128

/** struct telemetry_link - the family */
struct telemetry_link {
	/** @socket: for requests */
	struct nl_sock *socket;
	/** @family: its number */
	int family;
	/** @events: for events, or NULL */
	struct nl_sock *events;
	/** @queue: events that were received and not asked for yet */
	struct telemetry_list queue;
	/** @taken: of them already */
	size_t taken;
};

/** struct answer - to a request */
struct answer {
	/** @list: where elements go */
	struct telemetry_list *list;
	/** @take: reads a message into the list; 0 or an error */
	int (*take)(struct nlmsghdr *message, struct telemetry_list *list);
	/** @failed: of @take */
	int failed;
	/** @error: errno of the kernel's answer, positive */
	int error;
	/** @words: what the kernel says of it */
	char words[WORDS_BYTES];
	/** @done: it has been answered */
	bool done;
};

static int fail_link(int error, const char *what)
{
	if (error == -NLE_NOMEM)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for %s", what);
	return pumori_fail(PUMORI_ERROR_IO, "%s: %s", what, nl_geterror(error));
}

struct telemetry_link *telemetry_link_create(void)
{
	struct telemetry_link *link = calloc(1, sizeof(*link));
	int one = 1;

	if (!link)
		return NULL;
	link->queue.stride = sizeof(struct pumori_telemetry_event);
	link->socket = nl_socket_alloc();
	if (!link->socket || genl_connect(link->socket))
		goto fail;
	link->family = genl_ctrl_resolve(link->socket, PUMORI_FAMILY_NAME);
	if (link->family < 0)
		goto fail;
	/* Without them errors have no words; that is all. */
	setsockopt(nl_socket_get_fd(link->socket), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	return link;
fail:
	telemetry_link_destroy(link);
	return NULL;
}

void telemetry_link_destroy(struct telemetry_link *link)
{
	if (!link)
		return;
	if (link->events)
		nl_socket_free(link->events);
	if (link->socket)
		nl_socket_free(link->socket);
	free(link->queue.items);
	free(link);
}

/* --- Requests ----------------------------------------------------------------------------------- */

static int on_message(struct nl_msg *message, void *argument)
{
	struct answer *answer = argument;

	if (answer->take && !answer->failed)
		answer->failed = answer->take(nlmsg_hdr(message), answer->list);
	return NL_OK;
}

static int on_end(struct nl_msg *message, void *argument)
{
	struct answer *answer = argument;

	(void)message;
	answer->done = true;
	return NL_STOP;
}

/* The text of an extended acknowledgement lies behind the copy of the request. */
static void read_words(const struct nlmsgerr *error, char words[WORDS_BYTES])
{
	const struct nlmsghdr *header = (const struct nlmsghdr *)error - 1;
	size_t offset = sizeof(*error);
	struct nlattr *attributes[NLMSGERR_ATTR_MAX + 1], *text;

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED) && error->msg.nlmsg_len >= sizeof(error->msg))
		offset += error->msg.nlmsg_len - sizeof(error->msg);
	if (header->nlmsg_len < sizeof(*header) + offset)
		return;
	if (nla_parse(attributes, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)error + offset),
		      (int)(header->nlmsg_len - sizeof(*header) - offset), NULL))
		return;
	text = attributes[NLMSGERR_ATTR_MSG];
	if (text)
		snprintf(words, WORDS_BYTES, "%.*s", nla_len(text), (const char *)nla_data(text));
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *argument)
{
	struct answer *answer = argument;

	(void)from;
	answer->error = -error->error;
	answer->done = true;
	read_words(error, answer->words);
	return NL_STOP;
}

/* Sends @message, which is used up, and reads all of the answer; -NLE_DUMP_INTR when it is not consistent. */
static int exchange(struct telemetry_link *link, struct nl_msg *message, struct answer *answer)
{
	struct nl_cb *callbacks = nl_cb_alloc(NL_CB_DEFAULT);
	int error = callbacks ? nl_send_auto(link->socket, message) : -NLE_NOMEM;

	nlmsg_free(message);
	if (error >= 0) {
		nl_cb_set(callbacks, NL_CB_VALID, NL_CB_CUSTOM, on_message, answer);
		nl_cb_set(callbacks, NL_CB_FINISH, NL_CB_CUSTOM, on_end, answer);
		nl_cb_set(callbacks, NL_CB_ACK, NL_CB_CUSTOM, on_end, answer);
		nl_cb_err(callbacks, NL_CB_CUSTOM, on_error, answer);
		error = 0;
		while (!answer->done && (error >= 0 || error == -NLE_DUMP_INTR)) {
			int result = nl_recvmsgs(link->socket, callbacks);

			/* What was interrupted goes on to its end. */
			if (result < 0 && error != -NLE_DUMP_INTR)
				error = result;
			if (result < 0 && result != -NLE_DUMP_INTR)
				break;
		}
	}
	if (callbacks)
		nl_cb_put(callbacks);
	return error;
}

static struct nl_msg *new_request(struct telemetry_link *link, uint8_t command, int flags, uint64_t index)
{
	struct nl_msg *message = nlmsg_alloc();

	if (message && (!genlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, link->family, 0, flags, command,
				     PUMORI_FAMILY_VERSION) ||
			(index != PUMORI_UNKNOWN && nla_put_u32(message, PUMORI_A_DEVICE_INDEX, (uint32_t)index)))) {
		nlmsg_free(message);
		message = NULL;
	}
	return message;
}

static int result_of(const struct answer *answer, int error, const char *what)
{
	if (answer->failed)
		return answer->failed;
	if (answer->error == ENODEV)
		return pumori_fail(PUMORI_ERROR_NO_DEVICE, "%s: %s", what,
				   answer->words[0] ? answer->words : "no such device");
	if (answer->error && answer->words[0])
		return pumori_fail_errno(answer->error, "%s (%s)", what, answer->words);
	if (answer->error)
		return pumori_fail_errno(answer->error, "%s", what);
	return error < 0 ? fail_link(error, what) : 0;
}

static int dump(struct telemetry_link *link, uint8_t command, uint64_t index,
		int (*take)(struct nlmsghdr *message, struct telemetry_list *list), struct telemetry_list *list,
		const char *what)
{
	size_t before = list->count;
	int error, attempt = 0;

	do {
		struct answer answer = { .list = list, .take = take };
		struct nl_msg *message = new_request(link, command, NLM_F_DUMP, index);

		if (!message)
			return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a request");
		list->count = before;
		error = exchange(link, message, &answer);
		if (error == -NLE_DUMP_INTR && !answer.failed && ++attempt < DUMP_ATTEMPTS)
			continue;
		if (error == -NLE_DUMP_INTR)
			error = 0;
		return result_of(&answer, error, what);
	} while (true);
}

#define TAKE(name, type) \
	static int take_##name(struct nlmsghdr *message, struct telemetry_list *list) \
	{ \
		type element, *place; \
		\
		if (!telemetry_read_##name(message, &element)) \
			return 0; \
		place = telemetry_append(list); \
		if (!place) \
			return PUMORI_ERROR_MEMORY; \
		*place = element; \
		return 0; \
	}
TAKE(device, struct pumori_telemetry_device)
TAKE(core, struct pumori_telemetry_core)
TAKE(error, struct pumori_telemetry_error)
TAKE(event, struct pumori_telemetry_event)

static void add(uint64_t *sum, uint64_t value)
{
	if (*sum == PUMORI_UNKNOWN || value == PUMORI_UNKNOWN || __builtin_add_overflow(*sum, value, sum))
		*sum = PUMORI_UNKNOWN;
}

/* Contexts of one open file are one client. */
static int take_context(struct nlmsghdr *message, struct telemetry_list *list)
{
	struct pumori_telemetry_client element, *known = list->items;
	size_t i;

	if (!telemetry_read_context(message, &element))
		return 0;
	for (i = 0; i < list->count; i++)
		if (known[i].index == element.index && known[i].client == element.client &&
		    element.client != PUMORI_UNKNOWN)
			break;
	if (i == list->count) {
		known = telemetry_append(list);
		if (!known)
			return PUMORI_ERROR_MEMORY;
		*known = element;
		return 0;
	}
	known = &known[i];
	known->contexts++;
	known->core_mask |= element.core_mask;
	add(&known->queues, element.queues);
	add(&known->busy_ns, element.busy_ns);
	add(&known->cycles, element.cycles);
	add(&known->jobs, element.jobs);
	add(&known->faults, element.faults);
	return 0;
}

int telemetry_link_devices(struct telemetry_link *link, struct telemetry_list *devices)
{
	return dump(link, PUMORI_CMD_DEVICE_GET, PUMORI_UNKNOWN, take_device, devices, "cannot list the devices");
}

int telemetry_link_cores(struct telemetry_link *link, uint32_t index, struct telemetry_list *cores)
{
	return dump(link, PUMORI_CMD_CORE_STATS_GET, index, take_core, cores, "cannot read the counters of cores");
}

int telemetry_link_clients(struct telemetry_link *link, uint32_t index, struct telemetry_list *clients)
{
	return dump(link, PUMORI_CMD_CONTEXT_GET, index, take_context, clients, "cannot list contexts");
}

int telemetry_link_errors(struct telemetry_link *link, uint32_t index, struct telemetry_list *errors)
{
	return dump(link, PUMORI_CMD_RAS_GET, index, take_error, errors, "cannot read the error counters");
}

static int order(struct telemetry_link *link, struct nl_msg *message, const char *what)
{
	struct answer answer = { .list = NULL };
	int error = exchange(link, message, &answer);

	return result_of(&answer, error, what);
}

int telemetry_link_clear_errors(struct telemetry_link *link, uint32_t index, int32_t core, uint32_t id)
{
	struct nl_msg *message = new_request(link, PUMORI_CMD_RAS_CLEAR, NLM_F_ACK, index);

	if (!message || (core >= 0 && nla_put_u32(message, PUMORI_A_RAS_CORE, (uint32_t)core)) ||
	    (id && nla_put_u32(message, PUMORI_A_RAS_ERROR_ID, id))) {
		nlmsg_free(message);
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a request");
	}
	return order(link, message, "cannot clear the error counters");
}

int telemetry_link_reset(struct telemetry_link *link, uint32_t index, int32_t core)
{
	struct nl_msg *message = new_request(link, PUMORI_CMD_RESET, NLM_F_ACK, index);

	if (!message || (core >= 0 && nla_put_u32(message, PUMORI_A_HEALTH_CORE, (uint32_t)core))) {
		nlmsg_free(message);
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a request");
	}
	return order(link, message, core >= 0 ? "cannot reset the core" : "cannot reset the device");
}

/* --- Events ------------------------------------------------------------------------------------- */

static int on_event(struct nl_msg *message, void *argument)
{
	struct telemetry_link *link = argument;

	/* Memory that ran out is as bad as a buffer that did. */
	return take_event(nlmsg_hdr(message), &link->queue) ? NL_STOP : NL_OK;
}

static int join(struct telemetry_link *link, struct nl_sock *socket)
{
	static const char *const groups[] = { PUMORI_MCGRP_DEVICES, PUMORI_MCGRP_EVENTS };
	size_t i;

	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int group = genl_ctrl_resolve_grp(link->socket, PUMORI_FAMILY_NAME, groups[i]);
		int error = group < 0 ? group : nl_socket_add_membership(socket, group);

		if (error < 0)
			return error;
	}
	return 0;
}

int telemetry_link_listen(struct telemetry_link *link)
{
	struct nl_sock *socket;
	int error;

	if (link->events)
		return 0;
	socket = nl_socket_alloc();
	if (!socket)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a socket");
	nl_socket_disable_seq_check(socket);
	error = genl_connect(socket);
	if (!error)
		error = nl_socket_set_nonblocking(socket);
	if (!error)
		error = nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, on_event, link);
	/* A small buffer loses events sooner, and says so. */
	if (!error)
		nl_socket_set_buffer_size(socket, EVENT_BUFFER_BYTES, 0);
	if (!error)
		error = join(link, socket);
	if (error) {
		nl_socket_free(socket);
		return fail_link(error, "cannot listen");
	}
	link->events = socket;
	return 0;
}

int telemetry_link_fd(struct telemetry_link *link)
{
	return link->events ? nl_socket_get_fd(link->events)
			    : pumori_fail(PUMORI_ERROR_INVALID, "pumori_telemetry_listen() comes first");
}

int telemetry_link_next_event(struct telemetry_link *link, struct pumori_telemetry_event *event)
{
	int error;

	if (link->taken == link->queue.count) {
		link->taken = link->queue.count = 0;
		error = nl_recvmsgs_default(link->events);
		/* ENOBUFS: the kernel had more than the socket could hold. */
		if (error == -NLE_NOMEM) {
			*event = (struct pumori_telemetry_event){
				.size = sizeof(*event), .type = PUMORI_EVENT_OVERRUN, .index = PUMORI_UNKNOWN,
				.sequence = PUMORI_UNKNOWN, .time_ns = PUMORI_UNKNOWN, .core = PUMORI_UNKNOWN,
				.context = PUMORI_UNKNOWN, .fault = PUMORI_UNKNOWN, .corrected = PUMORI_UNKNOWN,
				.value = PUMORI_UNKNOWN_SIGNED, .lost = PUMORI_UNKNOWN,
			};
			return 1;
		}
		if (error < 0 && error != -NLE_AGAIN)
			return fail_link(error, "cannot read events");
	}
	if (link->taken == link->queue.count)
		return 0;
	*event = ((struct pumori_telemetry_event *)link->queue.items)[link->taken++];
	return 1;
}
