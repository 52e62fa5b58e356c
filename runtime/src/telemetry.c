// SPDX-License-Identifier: MIT
/* The telemetry handle, and which source answers what. */
#include "telemetry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "error.h"

void *telemetry_append(struct telemetry_list *list)
{
	unsigned char *place;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 8;
		void *grown = reallocarray(list->items, capacity, list->stride);

		if (!grown) {
			pumori_fail(PUMORI_ERROR_MEMORY, "no memory for telemetry");
			return NULL;
		}
		list->items = grown;
		list->capacity = capacity;
	}
	place = (unsigned char *)list->items + list->count++ * list->stride;
	return memset(place, 0, list->stride);
}

void telemetry_device_unknown(struct pumori_telemetry_device *device)
{
	*device = (struct pumori_telemetry_device){
		.size = sizeof(*device),
		.index = PUMORI_UNKNOWN,
		.state = PUMORI_DEVICE_UNKNOWN,
		.serial = PUMORI_UNKNOWN,
		.driver_version = PUMORI_UNKNOWN,
		.hw_version = PUMORI_UNKNOWN,
		.isa_version = PUMORI_UNKNOWN,
		.features = PUMORI_UNKNOWN,
		.cores = PUMORI_UNKNOWN,
		.slots = PUMORI_UNKNOWN,
		.clock_khz = PUMORI_UNKNOWN,
		.numa_node = PUMORI_UNKNOWN_SIGNED,
		.hbm_bytes = PUMORI_UNKNOWN,
		.hbm_used = PUMORI_UNKNOWN,
		.instructions = PUMORI_UNKNOWN,
		.instructions_used = PUMORI_UNKNOWN,
		.contexts = PUMORI_UNKNOWN,
		.resets = PUMORI_UNKNOWN,
		.power_mw = PUMORI_UNKNOWN,
		.energy_uj = PUMORI_UNKNOWN,
		.temperature_mc = PUMORI_UNKNOWN_SIGNED,
		.events = PUMORI_UNKNOWN,
		.events_lost = PUMORI_UNKNOWN,
	};
}

void telemetry_core_unknown(struct pumori_telemetry_core *core)
{
	*core = (struct pumori_telemetry_core){
		.size = sizeof(*core),
		.index = PUMORI_UNKNOWN,
		.core = PUMORI_UNKNOWN,
		.time_ns = PUMORI_UNKNOWN,
		.busy_ns = PUMORI_UNKNOWN,
		.cycles = PUMORI_UNKNOWN,
		.instructions = PUMORI_UNKNOWN,
		.jobs = PUMORI_UNKNOWN,
		.jobs_failed = PUMORI_UNKNOWN,
		.jobs_lost = PUMORI_UNKNOWN,
		.resets = PUMORI_UNKNOWN,
		.queues = PUMORI_UNKNOWN,
		.pending = PUMORI_UNKNOWN,
		.energy_uj = PUMORI_UNKNOWN,
	};
}

void telemetry_client_unknown(struct pumori_telemetry_client *client)
{
	*client = (struct pumori_telemetry_client){
		.size = sizeof(*client),
		.index = PUMORI_UNKNOWN,
		.client = PUMORI_UNKNOWN,
		.uid = PUMORI_UNKNOWN,
		.contexts = PUMORI_UNKNOWN,
		.queues = PUMORI_UNKNOWN,
		.core_mask = PUMORI_UNKNOWN,
		.busy_ns = PUMORI_UNKNOWN,
		.cycles = PUMORI_UNKNOWN,
		.jobs = PUMORI_UNKNOWN,
		.faults = PUMORI_UNKNOWN,
		.hbm_bytes = PUMORI_UNKNOWN,
		.host_bytes = PUMORI_UNKNOWN,
	};
}

int pumori_telemetry_create(struct pumori_telemetry **telemetry,
			    const struct pumori_telemetry_options *options)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_telemetry_options known = { 0 };
	struct pumori_telemetry *new;
	const char *root;
	int error;

	if (!telemetry)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "pumori_telemetry_create: nowhere to put the handle");
	if (options) {
		size_t size = options->size;

		error = pumori_options_check(options, size, sizeof(known),
					     "pumori_telemetry_options");
		if (error)
			return error;
		memcpy(&known, options, size < sizeof(known) ? size : sizeof(known));
		if (known.flags & ~PUMORI_TELEMETRY_NO_NETLINK || known.reserved)
			return pumori_fail(PUMORI_ERROR_INVALID,
					   "pumori_telemetry_options: flags %#x", known.flags);
	}
	root = known.root ? known.root : secure_getenv("PUMORI_TELEMETRY_ROOT");
	new = calloc(1, sizeof(*new));
	if (new)
		new->root = strdup(root ? root : "");
	if (!new || !new->root) {
		free(new);
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for telemetry");
	}
	new->foreign = new->root[0] != 0;
	if (!new->foreign && !(known.flags & PUMORI_TELEMETRY_NO_NETLINK))
		new->link = telemetry_link_create();
	*telemetry = new;
	return 0;
}

void pumori_telemetry_destroy(struct pumori_telemetry *telemetry)
{
	PUMORI_KEEP_ERRNO();

	if (!telemetry)
		return;
	telemetry_link_destroy(telemetry->link);
	free(telemetry->root);
	free(telemetry);
}

/* --- Devices ------------------------------------------------------------------------------------ */

/* What the query ioctl knows; a node that cannot be opened leaves its values unknown. */
static void ask_device(struct pumori_telemetry_device *device)
{
	struct pumori_device_info info;

	if (pumori_drm_describe((uint32_t)device->index, &info) || !info.cores)
		return;
	device->state = PUMORI_DEVICE_RUNNING;
	device->serial = info.serial;
	device->driver_version = info.driver_version;
	device->hw_version = info.hw_version;
	device->isa_version = info.isa_version;
	device->features = info.features;
	device->cores = info.cores;
	device->slots = info.slots;
	device->clock_khz = info.clock_khz;
	device->hbm_bytes = info.hbm_bytes;
	device->hbm_used = info.hbm_used;
	device->instructions = info.instructions;
	snprintf(device->name, sizeof(device->name), "%s", info.name);
	snprintf(device->socket, sizeof(device->socket), "%s", info.socket);
}

static int compare_devices(const void *left, const void *right)
{
	const struct pumori_telemetry_device *a = left, *b = right;

	return (a->index > b->index) - (a->index < b->index);
}

/* The family knows all; what it does not say sysfs may. */
static int list_by_netlink(struct pumori_telemetry *telemetry, struct telemetry_list *devices)
{
	struct pumori_telemetry_device *device;
	int error = telemetry_link_devices(telemetry->link, devices);
	size_t i;

	if (error)
		return error;
	device = devices->items;
	if (devices->count)
		qsort(device, devices->count, sizeof(*device), compare_devices);
	for (i = 0; i < devices->count; i++)
		telemetry_sysfs_device(telemetry, &device[i]);
	return 0;
}

static int list_devices(struct pumori_telemetry *telemetry, struct telemetry_list *devices)
{
	uint32_t indices[TELEMETRY_DEVICES_MAX];
	size_t count, i;

	if (telemetry->link)
		return list_by_netlink(telemetry, devices);
	count = telemetry_sysfs_devices(telemetry, indices);
	for (i = 0; i < count; i++) {
		struct pumori_telemetry_device *device = telemetry_append(devices);

		if (!device)
			return PUMORI_ERROR_MEMORY;
		telemetry_device_unknown(device);
		device->index = indices[i];
		if (!telemetry->foreign)
			ask_device(device);
		telemetry_sysfs_device(telemetry, device);
	}
	return 0;
}

/* --- Answers ------------------------------------------------------------------------------------ */

/* Frees @list; gives the caller as many elements as there is room for. */
static int answer(struct telemetry_list *list, void *array, size_t capacity, const char *name)
{
	size_t stride = 0, i, count = list->count;
	int error = 0;

	if (capacity && !array)
		error = pumori_fail(PUMORI_ERROR_INVALID, "%s: no array for %zu elements", name,
				    capacity);
	/* The elements' size is the caller's: it may be built for another library. */
	if (capacity && !error)
		memcpy(&stride, array, sizeof(stride));
	for (i = 0; i < count && i < capacity && !error; i++) {
		unsigned char *place = (unsigned char *)array + i * stride;

		memcpy(place, &stride, sizeof(stride));
		error = pumori_info_copy(place, (unsigned char *)list->items + i * list->stride,
					 list->stride, name);
	}
	free(list->items);
	return error ? error : (int)count;
}

int pumori_telemetry_devices(struct pumori_telemetry *telemetry,
			     struct pumori_telemetry_device *devices, size_t capacity)
{
	PUMORI_KEEP_ERRNO();
	struct telemetry_list list = { .stride = sizeof(*devices) };
	int error;

	if (!telemetry)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_telemetry_devices: no handle");
	error = list_devices(telemetry, &list);
	if (error) {
		free(list.items);
		return error;
	}
	return answer(&list, devices, capacity, "pumori_telemetry_devices");
}

int pumori_telemetry_cores(struct pumori_telemetry *telemetry, uint32_t device,
			   struct pumori_telemetry_core *cores, size_t capacity)
{
	PUMORI_KEEP_ERRNO();
	struct telemetry_list list = { .stride = sizeof(*cores) };
	int error;

	if (!telemetry)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_telemetry_cores: no handle");
	if (telemetry->foreign)
		return pumori_fail(PUMORI_ERROR_UNSUPPORTED,
				   "files do not hold the counters of cores");
	error = telemetry->link ? telemetry_link_cores(telemetry->link, device, &list)
				: telemetry_query_cores(device, &list);
	if (error) {
		free(list.items);
		return error;
	}
	return answer(&list, cores, capacity, "pumori_telemetry_cores");
}

int pumori_telemetry_clients(struct pumori_telemetry *telemetry, uint32_t device,
			     struct pumori_telemetry_client *clients, size_t capacity)
{
	PUMORI_KEEP_ERRNO();
	struct telemetry_list list = { .stride = sizeof(*clients) };
	int error;

	if (!telemetry)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_telemetry_clients: no handle");
	error = telemetry->link ? telemetry_link_clients(telemetry->link, device, &list)
				: telemetry_fdinfo_clients(telemetry, device, &list);
	if (error) {
		free(list.items);
		return error;
	}
	return answer(&list, clients, capacity, "pumori_telemetry_clients");
}

/* --- What only the netlink family can -------------------------------------------------------------- */

static int need_link(struct pumori_telemetry *telemetry, const char *name)
{
	if (!telemetry)
		return pumori_fail(PUMORI_ERROR_INVALID, "%s: no handle", name);
	if (!telemetry->link)
		return pumori_fail(PUMORI_ERROR_UNSUPPORTED,
				   "the driver's netlink family is not there: it is not loaded, or is an older one");
	return 0;
}

int pumori_telemetry_errors(struct pumori_telemetry *telemetry, uint32_t device,
			    struct pumori_telemetry_error *errors, size_t capacity)
{
	PUMORI_KEEP_ERRNO();
	struct telemetry_list list = { .stride = sizeof(*errors) };
	int error = need_link(telemetry, "pumori_telemetry_errors");

	if (!error)
		error = telemetry_link_errors(telemetry->link, device, &list);
	if (error) {
		free(list.items);
		return error;
	}
	return answer(&list, errors, capacity, "pumori_telemetry_errors");
}

int pumori_telemetry_clear_errors(struct pumori_telemetry *telemetry, uint32_t device, int32_t core, uint32_t id)
{
	PUMORI_KEEP_ERRNO();
	int error = need_link(telemetry, "pumori_telemetry_clear_errors");

	return error ? error : telemetry_link_clear_errors(telemetry->link, device, core, id);
}

int pumori_telemetry_reset(struct pumori_telemetry *telemetry, uint32_t device, int32_t core)
{
	PUMORI_KEEP_ERRNO();
	int error = need_link(telemetry, "pumori_telemetry_reset");

	return error ? error : telemetry_link_reset(telemetry->link, device, core);
}

int pumori_telemetry_listen(struct pumori_telemetry *telemetry)
{
	PUMORI_KEEP_ERRNO();
	int error = need_link(telemetry, "pumori_telemetry_listen");

	return error ? error : telemetry_link_listen(telemetry->link);
}

int pumori_telemetry_fd(struct pumori_telemetry *telemetry)
{
	PUMORI_KEEP_ERRNO();
	int error = need_link(telemetry, "pumori_telemetry_fd");

	return error ? error : telemetry_link_fd(telemetry->link);
}

int pumori_telemetry_next_event(struct pumori_telemetry *telemetry, struct pumori_telemetry_event *event)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_telemetry_event complete;
	int found = need_link(telemetry, "pumori_telemetry_next_event");

	if (!found && telemetry_link_fd(telemetry->link) < 0)
		return PUMORI_ERROR_INVALID;
	if (!found)
		found = telemetry_link_next_event(telemetry->link, &complete);
	if (found == 1)
		found = pumori_info_copy(event, &complete, sizeof(complete), "pumori_telemetry_next_event") ? : 1;
	return found;
}
