/* SPDX-License-Identifier: MIT */
/*
 * DEV_QUERY: what the device says of itself, and its growth rules.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

static void test_growth(int fd)
{
	struct {
		struct drm_pumori_device_info info;
		uint8_t beyond[64];
	} large;
	struct drm_pumori_dev_query query = { .type = DRM_PUMORI_QUERY_DEVICE };
	struct drm_pumori_device_info whole;
	uint64_t start = 0;
	size_t i, touched = 0;

	ok(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0 && query.size >= sizeof(whole.hw_version),
	   "without a pointer the size is returned");
	memset(&large, 0xa5, sizeof(large));
	query.size = sizeof(large);
	query.pointer = (uintptr_t)&large;
	ok(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0, "a larger buffer is accepted");
	for (i = 0; i < sizeof(large.beyond); i++)
		touched += large.beyond[i] != 0 && large.beyond[i] != 0xa5;
	ok(touched == 0, "what the kernel does not know is zeroed or left alone");
	query.size = sizeof(start);
	query.pointer = (uintptr_t)&start;
	device_info(fd, &whole);
	ok(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0 && memcmp(&start, &whole, sizeof(start)) == 0,
	   "a smaller buffer gets the start");
}

void test_queries(void)
{
	struct drm_pumori_dev_query query = { .type = 999 };
	struct drm_pumori_priorities_info priorities = { 0 };
	struct drm_pumori_core_info core = { 0 };
	struct drm_pumori_device_info info;
	int fd = device_open();

	if (!ok(fd >= 0, "open /dev/accel/accel0"))
		return;
	ok(device_info(fd, &info), "query the device");
	ok(info.hw_version >> 16 == PUMORI_HW_VERSION_MAJOR, "hardware version %u.%u", info.hw_version >> 16,
	   info.hw_version & 0xffff);
	ok(info.isa_version >> 16 == PUMORI_ISA_VERSION_MAJOR, "instruction set version %u.%u", info.isa_version >> 16,
	   info.isa_version & 0xffff);
	ok(info.cores >= 1 && info.cores <= PUMORI_HW_MAX_CORES, "%u cores", info.cores);
	ok(info.slots >= 1 && info.slots <= PUMORI_HW_MAX_SLOTS, "%u slots a core", info.slots);
	ok(info.hbm_bytes && info.hbm_used <= info.hbm_bytes, "device memory %llu MiB", info.hbm_bytes >> 20);
	ok(info.va_end > info.va_start && info.va_end <= 1ull << PUMORI_HW_VA_BITS, "address range");
	ok(info.page_size == PAGE, "page size");
	ok(info.job_timeout_ms && info.job_timeout_ms <= info.job_timeout_max_ms, "job budget %u ms, at most %u ms",
	   info.job_timeout_ms, info.job_timeout_max_ms);
	ok(memchr(info.name, 0, sizeof(info.name)) && info.name[0], "name %s", info.name);
	ok(memchr(info.socket, 0, sizeof(info.socket)) && info.socket[0], "socket %s", info.socket);
	ok(info.units_per_ms > 0, "calibrated: %u units a millisecond", info.units_per_ms);

	refused(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query), EINVAL, 0, "an unknown query");
	query.type = DRM_PUMORI_QUERY_DEVICE;
	query.pad = 1;
	refused(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query), EINVAL, 0, "padding that is not zero");
	query = (struct drm_pumori_dev_query){ .type = DRM_PUMORI_QUERY_DEVICE, .size = sizeof(info), .pointer = 8 };
	refused(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query), EFAULT, 0, "a bad pointer");
	query = (struct drm_pumori_dev_query){ .type = DRM_PUMORI_QUERY_CORE, .size = sizeof(core),
					       .pointer = (uintptr_t)&core };
	ok(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0, "query a core");
	query.index = info.cores;
	refused(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query), EINVAL, ENOENT, "a core that is not there");
	query = (struct drm_pumori_dev_query){ .type = DRM_PUMORI_QUERY_PRIORITIES, .size = sizeof(priorities),
					       .pointer = (uintptr_t)&priorities };
	ok(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0 && (priorities.allowed & 2), "normal priority is allowed");
	test_growth(fd);
	close(fd);
}
