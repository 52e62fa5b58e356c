// SPDX-License-Identifier: MIT
/* Counters of cores by the query ioctl: what works where the kernel has no netlink family. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "device_drm.h"
#include "error.h"
#include "telemetry.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int query_core(int file, uint32_t index, uint32_t number, struct telemetry_list *cores)
{
	struct drm_pumori_core_info info = { 0 };
	struct drm_pumori_dev_query query = {
		.type = DRM_PUMORI_QUERY_CORE,
		.index = number,
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};
	struct pumori_telemetry_core *core;
	int error = drm_call(file, DRM_IOCTL_PUMORI_DEV_QUERY, &query);

	if (error)
		return pumori_fail_errno(error, "cannot query core %u of accel%u", number, index);
	core = telemetry_append(cores);
	if (!core)
		return PUMORI_ERROR_MEMORY;
	telemetry_core_unknown(core);
	core->index = index;
	core->core = number;
	core->time_ns = now_ns();
	core->busy_ns = info.busy_ns;
	core->cycles = info.cycles;
	core->instructions = info.instructions;
	core->jobs = info.jobs;
	core->queues = info.queues;
	core->resets = info.resets;
	return 0;
}

int telemetry_query_cores(uint32_t index, struct telemetry_list *cores)
{
	struct pumori_device_info info;
	char path[64];
	uint32_t i;
	int file, error;

	error = pumori_drm_describe(index, &info);
	if (error)
		return pumori_fail(error, "accel%u is no device of Pumori's", index);
	snprintf(path, sizeof(path), "%s", info.path);
	file = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return pumori_fail_errno(errno, "cannot open %s", path);
	for (i = 0; i < info.cores && !error; i++)
		error = query_core(file, index, i, cores);
	close(file);
	return error;
}
