// SPDX-License-Identifier: MIT
/* The kernel driver as a back end: opening a node, its VM, buffers, programs, jobs. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "device_drm.h"
#include "error.h"

#define DRIVER_NAME	"pumori"
#define POLL_US		5	/* about what sleeping and waking up costs */
#define NODE_FORMAT	"/dev/accel/accel%u"
#define CLASS_FORMAT	"/sys/class/accel/accel%u/device/driver"

static struct drm_device *device_of(struct pumori_backend *backend)
{
	return (struct drm_device *)backend;
}

/** struct drm_buffer - a buffer object */
struct drm_buffer {
	struct pumori_buffer base;
	uint32_t handle;
};

int drm_call(int file, unsigned long request, void *argument)
{
	return drmIoctl(file, request, argument) ? errno : 0;
}

/* --- Opening and describing --------------------------------------------------------------------- */

static int check_driver(int file, const char *path, uint32_t *version)
{
	drmVersionPtr answer = drmGetVersion(file);
	int error = 0;

	if (!answer)
		return pumori_fail(PUMORI_ERROR_NO_DEVICE, "%s is no DRM device", path);
	if (strcmp(answer->name, DRIVER_NAME))
		error = pumori_fail(PUMORI_ERROR_NO_DEVICE, "%s belongs to the driver %.32s", path,
				    answer->name);
	else if (answer->version_major != DRM_PUMORI_DRIVER_MAJOR)
		error = pumori_fail(PUMORI_ERROR_VERSION,
				    "%s: driver version %d.%d, this library knows %d", path,
				    answer->version_major, answer->version_minor,
				    DRM_PUMORI_DRIVER_MAJOR);
	*version = (uint32_t)answer->version_major << 16 | (uint32_t)answer->version_minor;
	drmFreeVersion(answer);
	return error;
}

static int query_device(int file, struct drm_pumori_device_info *info)
{
	struct drm_pumori_dev_query query = {
		.type = DRM_PUMORI_QUERY_DEVICE,
		.size = sizeof(*info),
		.pointer = (uintptr_t)info,
	};
	int error = drm_call(file, DRM_IOCTL_PUMORI_DEV_QUERY, &query);

	return error ? pumori_fail_errno(error, "cannot query the device") : 0;
}

static void fill_info(struct pumori_device_info *info, const struct drm_pumori_device_info *device,
		      int32_t index, uint32_t driver_version)
{
	info->index = index;
	info->cores = device->cores;
	info->slots = device->slots;
	info->hw_version = device->hw_version;
	info->isa_version = device->isa_version;
	info->driver_version = driver_version;
	info->features = device->features;
	info->serial = device->serial;
	info->hbm_bytes = device->hbm_bytes;
	info->hbm_used = device->hbm_used;
	info->clock_khz = device->clock_khz;
	info->instructions = device->instructions;
	snprintf(info->path, sizeof(info->path), NODE_FORMAT, (uint32_t)index);
	snprintf(info->name, sizeof(info->name), "%.*s", (int)sizeof(device->name),
		 (const char *)device->name);
	snprintf(info->socket, sizeof(info->socket), "%.*s", (int)sizeof(device->socket),
		 (const char *)device->socket);
	snprintf(info->driver, sizeof(info->driver), DRIVER_NAME);
}

/* A node that may not be opened is still a device of this machine when its driver is ours. */
static int describe_closed(uint32_t index, struct pumori_device_info *info)
{
	char link[64], target[256];
	const char *name;
	ssize_t length;

	snprintf(link, sizeof(link), CLASS_FORMAT, index);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return PUMORI_ERROR_NO_DEVICE;
	target[length] = 0;
	name = strrchr(target, '/');
	if (strncmp(name ? name + 1 : target, DRIVER_NAME, strlen(DRIVER_NAME)))
		return PUMORI_ERROR_NO_DEVICE;
	info->index = (int32_t)index;
	snprintf(info->path, sizeof(info->path), NODE_FORMAT, index);
	snprintf(info->driver, sizeof(info->driver), DRIVER_NAME);
	return 0;
}

int pumori_drm_describe(uint32_t index, struct pumori_device_info *info)
{
	struct drm_pumori_device_info device = { 0 };
	uint32_t version;
	char path[64];
	int file, error;

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	snprintf(path, sizeof(path), NODE_FORMAT, index);
	file = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return describe_closed(index, info);
	error = check_driver(file, path, &version);
	if (!error)
		error = query_device(file, &device);
	close(file);
	if (error)
		return error == PUMORI_ERROR_VERSION ? error : PUMORI_ERROR_NO_DEVICE;
	fill_info(info, &device, (int32_t)index, version);
	return 0;
}

static const struct pumori_backend_ops drm_ops;

static int create_vm(struct drm_device *device)
{
	struct drm_pumori_vm_create vm = { 0 };
	struct drm_pumori_context_create context = { 0 };
	int error = drm_call(device->file, DRM_IOCTL_PUMORI_VM_CREATE, &vm);

	if (error)
		return pumori_fail_errno(error, "cannot create an address space");
	device->vm = vm.id;
	context.vm_id = vm.id;
	error = drm_call(device->file, DRM_IOCTL_PUMORI_CONTEXT_CREATE, &context);
	if (error)
		return pumori_fail_errno(error, "cannot create a context");
	device->context = context.id;
	return 0;
}

static uint64_t poll_ns(uint32_t microseconds)
{
	if (microseconds == PUMORI_POLL_NEVER)
		return 0;
	if (microseconds)
		return microseconds * 1000ull;
	/* Alone on the only processor, a thread that polls is what it waits for. */
	return sysconf(_SC_NPROCESSORS_ONLN) == 1 ? 0 : POLL_US * 1000ull;
}

static int set_up(struct drm_device *device, const struct pumori_backend_open *options)
{
	struct drm_pumori_device_info info = { 0 };
	uint32_t version;
	int error = check_driver(device->file, options->path, &version);

	if (!error)
		error = query_device(device->file, &info);
	if (error)
		return error;
	if (info.hw_version >> 16 != PUMORI_HW_VERSION_MAJOR)
		return pumori_fail(PUMORI_ERROR_VERSION,
				   "%s: hardware version %u.%u, this library knows %u",
				   options->path, info.hw_version >> 16, info.hw_version & 0xffff,
				   PUMORI_HW_VERSION_MAJOR);
	if (options->core >= 0 && (uint32_t)options->core >= info.cores)
		return pumori_fail(PUMORI_ERROR_INVALID, "core %d: %s has %u", options->core,
				   options->path, info.cores);
	if (!info.page_size || info.page_size & (info.page_size - 1) ||
	    info.va_start >= info.va_end)
		return pumori_fail(PUMORI_ERROR_IO, "%s: the driver reports page size %u",
				   options->path, info.page_size);
	device->base = (struct pumori_backend){
		.ops = &drm_ops,
		/* 0 means "not bound". */
		.va_start = info.va_start ? info.va_start : info.page_size,
		.va_end = info.va_end,
		.page_size = info.page_size,
		.queues = options->core >= 0 ? 1 : info.cores,
	};
	device->core = options->core;
	device->priority = options->priority;
	device->poll_ns = poll_ns(options->poll_us);
	device->budget_max_ms = info.job_timeout_max_ms;
	return create_vm(device);
}

static void drm_close(struct pumori_backend *backend)
{
	struct drm_device *device = device_of(backend);

	/* VM and context go with the file. */
	close(device->file);
	free(device);
}

int pumori_drm_open(struct pumori_backend **backend, const struct pumori_backend_open *options)
{
	struct drm_device *device = calloc(1, sizeof(*device));
	int error;

	if (!device)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a device");
	device->index = (int32_t)strtol(strpbrk(options->path, "0123456789"), NULL, 10);
	device->file = open(options->path, O_RDWR | O_CLOEXEC);
	if (device->file < 0) {
		error = pumori_fail_errno(errno, "cannot open %s", options->path);
		if (error == PUMORI_ERROR_DEVICE_LOST)
			error = PUMORI_ERROR_NO_DEVICE;
		free(device);
		return error;
	}
	error = set_up(device, options);
	if (error) {
		drm_close(&device->base);
		return error;
	}
	*backend = &device->base;
	return 0;
}

static int drm_info(struct pumori_backend *backend, struct pumori_device_info *info)
{
	struct drm_device *device = device_of(backend);
	struct drm_pumori_device_info answer = { 0 };
	uint32_t version;
	int error = check_driver(device->file, "device", &version);

	if (!error)
		error = query_device(device->file, &answer);
	if (!error)
		fill_info(info, &answer, device->index, version);
	return error;
}

/* --- Buffers ------------------------------------------------------------------------------------ */

static int bind_range(struct drm_device *device, uint32_t flags, uint32_t handle, uint64_t va,
		      uint64_t bytes)
{
	struct drm_pumori_bind_op operation = {
		.flags = flags, .handle = handle, .va = va, .size = bytes
	};
	struct drm_pumori_vm_bind bind = {
		.vm_id = device->vm,
		.ops = { sizeof(operation), 1, (uintptr_t)&operation },
		.syncs = { sizeof(struct drm_pumori_sync), 0, 0 },
	};

	return drm_call(device->file, DRM_IOCTL_PUMORI_VM_BIND, &bind);
}

static void free_buffer(struct drm_device *device, struct drm_buffer *buffer)
{
	if (buffer->base.data)
		munmap(buffer->base.data, buffer->base.bytes);
	drmCloseBufferHandle(device->file, buffer->handle);
	free(buffer);
}

static int map_buffer(struct drm_device *device, struct drm_buffer *buffer)
{
	struct drm_pumori_bo_mmap_offset offset = { .handle = buffer->handle };
	int error = drm_call(device->file, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset);
	void *data;

	if (error)
		return pumori_fail_errno(error, "cannot map a buffer");
	data = mmap(NULL, buffer->base.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, device->file,
		    offset.offset);
	if (data == MAP_FAILED)
		return pumori_fail_errno(errno, "cannot map a buffer of %llu bytes",
					 (unsigned long long)buffer->base.bytes);
	buffer->base.data = data;
	return 0;
}

static int drm_buffer_create(struct pumori_backend *backend, uint64_t bytes, uint32_t flags,
			     struct pumori_buffer **buffer)
{
	struct drm_device *device = device_of(backend);
	struct drm_pumori_bo_create create = {
		.size = bytes,
		.flags = flags & PUMORI_BUFFER_DEVICE ? DRM_PUMORI_BO_HBM : 0,
		.vm_id = device->vm,
	};
	struct drm_buffer *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a buffer");
	error = drm_call(device->file, DRM_IOCTL_PUMORI_BO_CREATE, &create);
	if (error) {
		free(new);
		return pumori_fail_errno(error, "cannot create a buffer of %llu bytes",
					 (unsigned long long)bytes);
	}
	new->handle = create.handle;
	new->base.bytes = bytes;
	new->base.flags = flags;
	error = map_buffer(device, new);
	if (error) {
		free_buffer(device, new);
		return error;
	}
	*buffer = &new->base;
	return 0;
}

static int drm_buffer_bind(struct pumori_backend *backend, struct pumori_buffer *buffer,
			   uint64_t va)
{
	uint32_t flags = DRM_PUMORI_BIND_MAP |
			 (buffer->flags & PUMORI_BUFFER_READ_ONLY ? DRM_PUMORI_BIND_READONLY : 0);
	int error = bind_range(device_of(backend), flags, ((struct drm_buffer *)buffer)->handle, va,
			       buffer->bytes);

	if (error)
		return pumori_fail_errno(error, "cannot bind %llu bytes at 0x%llx",
					 (unsigned long long)buffer->bytes, (unsigned long long)va);
	buffer->va = va;
	return 0;
}

static void drm_buffer_destroy(struct pumori_backend *backend, struct pumori_buffer *buffer)
{
	if (buffer->va)
		bind_range(device_of(backend), DRM_PUMORI_BIND_UNMAP, 0, buffer->va, buffer->bytes);
	free_buffer(device_of(backend), (struct drm_buffer *)buffer);
}

/* --- Programs and jobs -------------------------------------------------------------------------- */

static int drm_program_load(struct pumori_backend *backend, const void *image, uint64_t bytes,
			    uint32_t *program)
{
	struct drm_device *device = device_of(backend);
	struct drm_pumori_program_create create = {
		.vm_id = device->vm,
		.pointer = (uintptr_t)image,
		.size = bytes,
		.error_detail = ~0ull,
	};
	int error = drm_call(device->file, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &create);

	if (error == ENOEXEC && create.error_detail != ~0ull)
		return pumori_fail(PUMORI_ERROR_FORMAT, "the chip refuses instruction %llu",
				   (unsigned long long)create.error_detail);
	if (error == ENOEXEC)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "the chip refuses the program image's tables");
	if (error)
		return pumori_fail_errno(error, "cannot load a program of %llu bytes",
					 (unsigned long long)bytes);
	*program = create.id;
	return 0;
}

static void drm_program_unload(struct pumori_backend *backend, uint32_t program)
{
	struct drm_pumori_destroy destroy = { .id = program };

	drm_call(device_of(backend)->file, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy);
}

static int drm_job_create(struct pumori_backend *backend, uint32_t program, uint32_t entry,
			  uint32_t variables, uint32_t budget_ms, struct pumori_job **job)
{
	struct drm_device *device = device_of(backend);
	struct drm_job *new;

	if (budget_ms > device->budget_max_ms)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "a budget of %u ms is above the device's limit of %u", budget_ms,
				   device->budget_max_ms);
	new = calloc(1, sizeof(*new) + variables * sizeof(new->variable[0]));
	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a job");
	new->base = (struct pumori_job){ program, entry, variables, budget_ms };
	*job = &new->base;
	return 0;
}

static void drm_job_variable(struct pumori_job *job, uint32_t index, uint64_t va, uint64_t bytes,
			     int writable)
{
	((struct drm_job *)job)->variable[index] = (struct drm_pumori_variable){
		.va = va,
		.size = bytes,
		.flags = writable ? DRM_PUMORI_VARIABLE_WRITABLE : 0,
	};
}

static void drm_job_destroy(struct pumori_backend *backend, struct pumori_job *job)
{
	(void)backend;
	free(job);
}

static const struct pumori_backend_ops drm_ops = {
	.close = drm_close,
	.info = drm_info,
	.buffer_create = drm_buffer_create,
	.buffer_bind = drm_buffer_bind,
	.buffer_destroy = drm_buffer_destroy,
	.program_load = drm_program_load,
	.program_unload = drm_program_unload,
	.job_create = drm_job_create,
	.job_variable = drm_job_variable,
	.job_destroy = drm_job_destroy,
	.queue_create = drm_queue_create,
	.queue_destroy = drm_queue_destroy,
	.submit = drm_queue_submit,
	.finished = drm_queue_finished,
	.wait = drm_queue_wait,
	.record = drm_queue_record,
};
