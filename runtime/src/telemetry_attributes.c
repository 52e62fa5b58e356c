// SPDX-License-Identifier: MIT
/* Messages of the driver's netlink family as structs. What is missing, too short or unknown stays unknown. */
#include <drm/pumori_netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <string.h>

#include "telemetry.h"

/* No set has more attributes; those beyond are of a newer kernel. */
#define ATTRIBUTES_MAX	63

/** struct attributes - of one message */
struct attributes {
	struct nlattr *attribute[ATTRIBUTES_MAX + 1];
};

static bool parse(struct nlmsghdr *message, struct attributes *attributes)
{
	return genlmsg_valid_hdr(message, 0) &&
	       !genlmsg_parse(message, 0, attributes->attribute, ATTRIBUTES_MAX, NULL);
}

/* Numbers have 1, 4 or 8 bytes, as the set or the value wants. */
static uint64_t get_unsigned(const struct attributes *attributes, int type)
{
	const struct nlattr *attribute = attributes->attribute[type];

	if (!attribute)
		return PUMORI_UNKNOWN;
	switch (nla_len(attribute)) {
	case 1:
		return nla_get_u8(attribute);
	case 4:
		return nla_get_u32(attribute);
	case 8:
		return nla_get_u64((struct nlattr *)attribute);
	default:
		return PUMORI_UNKNOWN;
	}
}

static int64_t get_signed32(const struct attributes *attributes, int type)
{
	const struct nlattr *attribute = attributes->attribute[type];

	if (!attribute || nla_len(attribute) != 4)
		return PUMORI_UNKNOWN_SIGNED;
	return (int32_t)nla_get_u32(attribute);
}

static void get_text(const struct attributes *attributes, int type, char *text, size_t bytes)
{
	const struct nlattr *attribute = attributes->attribute[type];
	size_t length;

	if (!attribute)
		return;
	length = strnlen(nla_data(attribute), (size_t)nla_len(attribute));
	snprintf(text, bytes, "%.*s", (int)(length < bytes ? length : bytes - 1),
		 (const char *)nla_data(attribute));
}

static void get_uuid(const struct attributes *attributes, int type, char text[40])
{
	const struct nlattr *attribute = attributes->attribute[type];
	const unsigned char *byte;
	size_t used = 0, i;

	if (!attribute || nla_len(attribute) != PUMORI_UUID_BYTES)
		return;
	byte = nla_data(attribute);
	for (i = 0; i < PUMORI_UUID_BYTES; i++)
		used += (size_t)snprintf(text + used, 40 - used, "%s%02x",
					 i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", byte[i]);
}

/* Ours begin with 0 for "unknown". */
static uint64_t get_state(const struct attributes *attributes)
{
	uint64_t state = get_unsigned(attributes, PUMORI_A_DEVICE_STATE);

	return state <= PUMORI_DEVICE_STATE_REMOVED ? state + 1 : PUMORI_DEVICE_UNKNOWN;
}

bool telemetry_read_device(struct nlmsghdr *message, struct pumori_telemetry_device *device)
{
	struct attributes a;

	telemetry_device_unknown(device);
	if (!parse(message, &a))
		return false;
	device->index = get_unsigned(&a, PUMORI_A_DEVICE_INDEX);
	device->state = get_state(&a);
	device->serial = get_unsigned(&a, PUMORI_A_DEVICE_SERIAL);
	device->driver_version = get_unsigned(&a, PUMORI_A_DEVICE_UAPI_VERSION);
	device->hw_version = get_unsigned(&a, PUMORI_A_DEVICE_HW_VERSION);
	device->isa_version = get_unsigned(&a, PUMORI_A_DEVICE_ISA_VERSION);
	device->features = get_unsigned(&a, PUMORI_A_DEVICE_FEATURES);
	device->cores = get_unsigned(&a, PUMORI_A_DEVICE_CORES);
	device->slots = get_unsigned(&a, PUMORI_A_DEVICE_SLOTS);
	device->clock_khz = get_unsigned(&a, PUMORI_A_DEVICE_CLOCK_KHZ);
	device->numa_node = get_signed32(&a, PUMORI_A_DEVICE_NUMA_NODE);
	device->hbm_bytes = get_unsigned(&a, PUMORI_A_DEVICE_HBM_TOTAL);
	device->hbm_used = get_unsigned(&a, PUMORI_A_DEVICE_HBM_USED);
	device->instructions = get_unsigned(&a, PUMORI_A_DEVICE_INSTRUCTIONS_TOTAL);
	device->instructions_used = get_unsigned(&a, PUMORI_A_DEVICE_INSTRUCTIONS_USED);
	device->contexts = get_unsigned(&a, PUMORI_A_DEVICE_CONTEXTS);
	device->resets = get_unsigned(&a, PUMORI_A_DEVICE_RESETS);
	device->power_mw = get_unsigned(&a, PUMORI_A_DEVICE_POWER_MW);
	device->energy_uj = get_unsigned(&a, PUMORI_A_DEVICE_ENERGY_UJ);
	device->temperature_mc = get_signed32(&a, PUMORI_A_DEVICE_TEMPERATURE_MC);
	device->events = get_unsigned(&a, PUMORI_A_DEVICE_EVENT_SEQUENCE);
	device->events_lost = get_unsigned(&a, PUMORI_A_DEVICE_EVENTS_LOST);
	get_text(&a, PUMORI_A_DEVICE_BUS_NAME, device->bus_name, sizeof(device->bus_name));
	get_uuid(&a, PUMORI_A_DEVICE_UUID, device->uuid);
	get_text(&a, PUMORI_A_DEVICE_NAME, device->name, sizeof(device->name));
	get_text(&a, PUMORI_A_DEVICE_SOCKET, device->socket, sizeof(device->socket));
	/* It names folders of sysfs. */
	return device->index <= UINT32_MAX;
}

bool telemetry_read_core(struct nlmsghdr *message, struct pumori_telemetry_core *core)
{
	struct attributes a;

	telemetry_core_unknown(core);
	if (!parse(message, &a))
		return false;
	core->index = get_unsigned(&a, PUMORI_A_CORE_INDEX);
	core->core = get_unsigned(&a, PUMORI_A_CORE_CORE);
	core->time_ns = get_unsigned(&a, PUMORI_A_CORE_TIME_NS);
	core->busy_ns = get_unsigned(&a, PUMORI_A_CORE_BUSY_NS);
	core->cycles = get_unsigned(&a, PUMORI_A_CORE_CYCLES);
	core->instructions = get_unsigned(&a, PUMORI_A_CORE_INSTRUCTIONS);
	core->jobs = get_unsigned(&a, PUMORI_A_CORE_JOBS);
	core->jobs_failed = get_unsigned(&a, PUMORI_A_CORE_JOBS_FAILED);
	core->jobs_lost = get_unsigned(&a, PUMORI_A_CORE_JOBS_LOST);
	core->resets = get_unsigned(&a, PUMORI_A_CORE_RESETS);
	core->queues = get_unsigned(&a, PUMORI_A_CORE_QUEUES);
	core->pending = get_unsigned(&a, PUMORI_A_CORE_PENDING);
	core->energy_uj = get_unsigned(&a, PUMORI_A_CORE_ENERGY_UJ);
	return core->index <= UINT32_MAX && core->core <= UINT32_MAX;
}

bool telemetry_read_context(struct nlmsghdr *message, struct pumori_telemetry_client *client)
{
	struct attributes a;

	telemetry_client_unknown(client);
	if (!parse(message, &a))
		return false;
	client->index = get_unsigned(&a, PUMORI_A_CONTEXT_INDEX);
	client->client = get_unsigned(&a, PUMORI_A_CONTEXT_CLIENT);
	client->pid = get_unsigned(&a, PUMORI_A_CONTEXT_PID);
	client->uid = get_unsigned(&a, PUMORI_A_CONTEXT_UID);
	client->contexts = 1;
	client->queues = get_unsigned(&a, PUMORI_A_CONTEXT_QUEUES);
	client->core_mask = get_unsigned(&a, PUMORI_A_CONTEXT_CORE_MASK);
	client->busy_ns = get_unsigned(&a, PUMORI_A_CONTEXT_BUSY_NS);
	client->cycles = get_unsigned(&a, PUMORI_A_CONTEXT_CYCLES);
	client->jobs = get_unsigned(&a, PUMORI_A_CONTEXT_JOBS);
	client->faults = get_unsigned(&a, PUMORI_A_CONTEXT_FAULTS);
	client->hbm_bytes = get_unsigned(&a, PUMORI_A_CONTEXT_HBM_BYTES);
	client->host_bytes = get_unsigned(&a, PUMORI_A_CONTEXT_HOST_BYTES);
	get_text(&a, PUMORI_A_CONTEXT_COMMAND, client->command, sizeof(client->command));
	if (client->pid == PUMORI_UNKNOWN)
		client->pid = 0;
	return client->index <= UINT32_MAX;
}

bool telemetry_read_error(struct nlmsghdr *message, struct pumori_telemetry_error *error)
{
	struct attributes a;

	memset(error, 0, sizeof(*error));
	if (!parse(message, &a))
		return false;
	error->index = get_unsigned(&a, PUMORI_A_RAS_INDEX);
	error->core = get_unsigned(&a, PUMORI_A_RAS_CORE);
	error->id = get_unsigned(&a, PUMORI_A_RAS_ERROR_ID);
	error->value = get_unsigned(&a, PUMORI_A_RAS_ERROR_VALUE);
	get_text(&a, PUMORI_A_RAS_ERROR_NAME, error->name, sizeof(error->name));
	return error->index <= UINT32_MAX;
}

static void read_happening(const struct attributes *a, struct pumori_telemetry_event *event)
{
	event->type = get_unsigned(a, PUMORI_A_EVENT_TYPE);
	event->sequence = get_unsigned(a, PUMORI_A_EVENT_SEQUENCE);
	event->time_ns = get_unsigned(a, PUMORI_A_EVENT_TIME_NS);
	event->core = get_unsigned(a, PUMORI_A_EVENT_CORE);
	event->context = get_unsigned(a, PUMORI_A_EVENT_CONTEXT);
	event->fault = get_unsigned(a, PUMORI_A_EVENT_FAULT);
	event->corrected = get_unsigned(a, PUMORI_A_EVENT_CORRECTED);
	event->lost = get_unsigned(a, PUMORI_A_EVENT_LOST);
	if (a->attribute[PUMORI_A_EVENT_VALUE])
		event->value = (int64_t)get_unsigned(a, PUMORI_A_EVENT_VALUE);
	get_text(a, PUMORI_A_EVENT_REASON, event->reason, sizeof(event->reason));
}

bool telemetry_read_event(struct nlmsghdr *message, struct pumori_telemetry_event *event)
{
	struct attributes a;

	*event = (struct pumori_telemetry_event){
		.size = sizeof(*event), .sequence = PUMORI_UNKNOWN, .time_ns = PUMORI_UNKNOWN,
		.core = PUMORI_UNKNOWN, .context = PUMORI_UNKNOWN, .fault = PUMORI_UNKNOWN,
		.corrected = PUMORI_UNKNOWN, .value = PUMORI_UNKNOWN_SIGNED, .lost = PUMORI_UNKNOWN,
	};
	if (!parse(message, &a))
		return false;
	event->index = get_unsigned(&a, PUMORI_A_DEVICE_INDEX);
	get_text(&a, PUMORI_A_DEVICE_BUS_NAME, event->bus_name, sizeof(event->bus_name));
	switch (genlmsg_hdr(message)->cmd) {
	case PUMORI_CMD_EVENT_NTF:
		read_happening(&a, event);
		return true;
	case PUMORI_CMD_DEVICE_ADD_NTF:
		event->type = PUMORI_EVENT_DEVICE_ADDED;
		break;
	case PUMORI_CMD_DEVICE_DEL_NTF:
		event->type = PUMORI_EVENT_DEVICE_REMOVED;
		break;
	case PUMORI_CMD_DEVICE_CHANGE_NTF:
		event->type = PUMORI_EVENT_DEVICE_CHANGED;
		break;
	default:
		return false;
	}
	event->state = get_state(&a);
	return true;
}
