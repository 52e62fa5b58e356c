// SPDX-License-Identifier: MIT
/* Finding, opening and describing devices; buffers in a device's address space. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "error.h"
#include "profile.h"

#define NODE_FOLDER	"/dev/accel"
#define CLASS_FOLDER	"/sys/class/accel"
#define NODE_PREFIX	"/dev/accel/accel"
#define HUGE_PAGE	(1ull << PUMORI_HW_HUGE_SHIFT)
#define NODES_MAX	256

static int compare_numbers(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* "N", in decimal digits only */
static int parse_number(const char *text, uint32_t *number)
{
	uint32_t value = 0, digits = 0;

	for (; *text; text++, digits++) {
		if (*text < '0' || *text > '9' || digits == 6)
			return 0;
		value = value * 10 + (*text - '0');
	}
	*number = value;
	return digits > 0;
}

static uint32_t scan_folder(const char *folder, uint32_t *numbers, uint32_t count)
{
	struct dirent *entry;
	DIR *directory = opendir(folder);
	uint32_t number, i;

	if (!directory)
		return count;
	while (count < NODES_MAX && (entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, "accel", 5) || !parse_number(entry->d_name + 5, &number))
			continue;
		for (i = 0; i < count && numbers[i] != number; i++)
			;
		if (i == count)
			numbers[count++] = number;
	}
	closedir(directory);
	return count;
}

/* All accel nodes of the machine: libdrm knows only /dev/dri, and either folder may be hidden in a container. */
static uint32_t find_nodes(uint32_t numbers[NODES_MAX])
{
	uint32_t count = scan_folder(CLASS_FOLDER, numbers, 0);

	count = scan_folder(NODE_FOLDER, numbers, count);
	qsort(numbers, count, sizeof(*numbers), compare_numbers);
	return count;
}

int pumori_device_list(struct pumori_device_info *infos, size_t capacity)
{
	PUMORI_KEEP_ERRNO();
	uint32_t numbers[NODES_MAX], count, i;
	struct pumori_device_info info;
	unsigned char *place = (unsigned char *)infos;
	size_t stride = 0;
	int error, found = 0;

	if (capacity) {
		if (!infos)
			return pumori_fail(PUMORI_ERROR_INVALID,
					   "pumori_device_list: no array for %zu devices",
					   capacity);
		/* The element's size is the caller's: it may be built for an older library. */
		stride = infos->size;
	}
	count = find_nodes(numbers);
	for (i = 0; i < count; i++) {
		error = pumori_drm_describe(numbers[i], &info);
		if (error == PUMORI_ERROR_NO_DEVICE)
			continue;
		if (error)
			return error;
		if ((size_t)found < capacity) {
			error = pumori_info_copy(place + found * stride, &info, sizeof(info),
						 "pumori_device_list");
			if (error)
				return error;
		}
		found++;
	}
	return found;
}

static int find_first(char *path, size_t bytes)
{
	uint32_t numbers[NODES_MAX], count = find_nodes(numbers), i;
	struct pumori_device_info info;

	for (i = 0; i < count; i++)
		if (!pumori_drm_describe(numbers[i], &info)) {
			snprintf(path, bytes, "%s", info.path);
			return 0;
		}
	return pumori_fail(
		PUMORI_ERROR_NO_DEVICE,
		"no Pumori device under " NODE_FOLDER
		"; is the driver loaded? (\"inproc\" names the chip inside the process)");
}

static int open_backend(struct pumori_backend **backend, const char *name,
			struct pumori_backend_open *options)
{
	char path[64];
	uint32_t number;
	int error;

	if (!name)
		name = secure_getenv("PUMORI_DEVICE");
	if (!name || !*name) {
		error = find_first(path, sizeof(path));
		if (error)
			return error;
		options->path = path;
		return pumori_drm_open(backend, options);
	}
	if (!strcmp(name, "inproc")) {
		options->path = NULL;
		return pumori_inproc_open(backend, options);
	}
	if (parse_number(name, &number)) {
		snprintf(path, sizeof(path), NODE_PREFIX "%u", number);
		options->path = path;
		return pumori_drm_open(backend, options);
	}
	if (!strncmp(name, NODE_PREFIX, strlen(NODE_PREFIX)) &&
	    parse_number(name + strlen(NODE_PREFIX), &number)) {
		options->path = name;
		return pumori_drm_open(backend, options);
	}
	return pumori_fail(PUMORI_ERROR_INVALID,
			   "\"%.64s\" is no device name: " NODE_PREFIX "N, N or inproc", name);
}

static int read_options(const struct pumori_device_options *options,
			struct pumori_backend_open *request, uint32_t *budget_ms)
{
	struct pumori_device_options known = { .core = -1, .priority = 1 };
	size_t size;
	int error;

	if (options) {
		size = options->size;
		error = pumori_options_check(options, size, sizeof(known), "pumori_device_options");
		if (error)
			return error;
		memcpy(&known, options, size < sizeof(known) ? size : sizeof(known));
		if (known.core < -1 || known.priority > 3)
			return pumori_fail(PUMORI_ERROR_INVALID,
					   "pumori_device_options: core %d, priority %u",
					   known.core, known.priority);
	}
	request->core = known.core;
	request->priority = known.priority;
	request->hbm_bytes = known.hbm_bytes;
	request->kernels = known.kernels ? known.kernels : secure_getenv("PUMORI_KERNELS");
	request->poll_us = known.poll_us;
	*budget_ms = known.budget_ms;
	return 0;
}

int pumori_device_open(struct pumori_device **device, const char *name,
		       const struct pumori_device_options *options)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_backend_open request = { 0 };
	struct pumori_device *new;
	int error;

	if (!device)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "pumori_device_open: nowhere to put the device");
	new = calloc(1, sizeof(*new));
	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a device");
	error = read_options(options, &request, &new->budget_ms);
	if (!error)
		error = open_backend(&new->backend, name, &request);
	if (error)
		goto fail;
	error = pumori_range_create(&new->addresses, new->backend->va_start, new->backend->va_end);
	if (error) {
		new->backend->ops->close(new->backend);
		pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a device");
		goto fail;
	}
	pthread_mutex_init(&new->lock, NULL);
	pumori_queues_create(&new->queues, new->backend);
	new->references = 1;
	error = pumori_profile_environment(new);
	if (error) {
		pumori_device_put(new);
		return error;
	}
	*device = new;
	return 0;
fail:
	free(new);
	return error;
}

struct pumori_device *pumori_device_get(struct pumori_device *device)
{
	__atomic_fetch_add(&device->references, 1, __ATOMIC_RELAXED);
	return device;
}

void pumori_device_put(struct pumori_device *device)
{
	if (__atomic_sub_fetch(&device->references, 1, __ATOMIC_ACQ_REL))
		return;
	pumori_queues_destroy(&device->queues);
	/* What the environment asked for ends here; nobody is left to tell that it could not be written. */
	if (device->backend->profile)
		pumori_profile_stop(device);
	device->backend->ops->close(device->backend);
	pumori_range_destroy(&device->addresses);
	pthread_mutex_destroy(&device->lock);
	free(device);
}

void pumori_device_close(struct pumori_device *device)
{
	PUMORI_KEEP_ERRNO();

	if (device)
		pumori_device_put(device);
}

int pumori_device_info(struct pumori_device *device, struct pumori_device_info *info)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_device_info complete = { 0 };
	int error;

	if (!device)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_device_info: no device");
	error = device->backend->ops->info(device->backend, &complete);
	if (error)
		return error;
	return pumori_info_copy(info, &complete, sizeof(complete), "pumori_device_info");
}

int pumori_buffer_create(struct pumori_device *device, uint64_t bytes, uint32_t flags,
			 struct pumori_buffer **buffer)
{
	struct pumori_backend *backend = device->backend;
	struct pumori_buffer *new;
	uint64_t va, size;
	int error;

	/* An empty tensor has an address too. */
	if (!bytes)
		bytes = 1;
	if (bytes > backend->va_end - backend->va_start)
		return pumori_fail(PUMORI_ERROR_DEVICE_MEMORY,
				   "%llu bytes are more than the device can address",
				   (unsigned long long)bytes);
	size = (bytes + backend->page_size - 1) & ~(backend->page_size - 1);
	pthread_mutex_lock(&device->lock);
	error = pumori_range_allocate(&device->addresses, size,
				      size >= HUGE_PAGE ? HUGE_PAGE : backend->page_size, &va);
	pthread_mutex_unlock(&device->lock);
	if (error)
		return pumori_fail(error, "no room for %llu bytes in the address space",
				   (unsigned long long)size);
	error = backend->ops->buffer_create(backend, size, flags, &new);
	if (!error) {
		error = backend->ops->buffer_bind(backend, new, va);
		if (!error) {
			*buffer = new;
			return 0;
		}
		backend->ops->buffer_destroy(backend, new);
	}
	pthread_mutex_lock(&device->lock);
	pumori_range_free(&device->addresses, va, size);
	pthread_mutex_unlock(&device->lock);
	return error;
}

void pumori_buffer_destroy(struct pumori_device *device, struct pumori_buffer *buffer)
{
	uint64_t va, size;

	if (!buffer)
		return;
	va = buffer->va;
	size = buffer->bytes;
	device->backend->ops->buffer_destroy(device->backend, buffer);
	pthread_mutex_lock(&device->lock);
	pumori_range_free(&device->addresses, va, size);
	pthread_mutex_unlock(&device->lock);
}
