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
	*telemetry = new;
	return 0;
}

void pumori_telemetry_destroy(struct pumori_telemetry *telemetry)
{
	PUMORI_KEEP_ERRNO();

	if (!telemetry)
		return;
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

static int list_devices(struct pumori_telemetry *telemetry, struct telemetry_list *devices)
{
	uint32_t indices[TELEMETRY_DEVICES_MAX];
	size_t count = telemetry_sysfs_devices(telemetry, indices), i;

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
	error = telemetry_query_cores(device, &list);
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
	error = telemetry_fdinfo_clients(telemetry, device, &list);
	if (error) {
		free(list.items);
		return error;
	}
	return answer(&list, clients, capacity, "pumori_telemetry_clients");
}
