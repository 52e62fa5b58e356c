// SPDX-License-Identifier: MIT
/*
 * What sysfs says of a device: its place in the machine, hwmon, and the attributes of the driver.
 * Files may vanish, be unreadable or hold anything: then a value stays unknown.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "telemetry.h"

#define CLASS_FOLDER	"/sys/class/accel"
#define NODE_FOLDER	"/dev/accel"
#define DRIVER_NAME	"pumori"
#define TEXT_BYTES	256

static bool path_of(const struct pumori_telemetry *telemetry, char path[TELEMETRY_PATH_BYTES],
		    uint32_t index, const char *rest)
{
	int length = snprintf(path, TELEMETRY_PATH_BYTES, "%s" CLASS_FOLDER "/accel%u/%s",
			      telemetry->root, index, rest);

	return length > 0 && length < TELEMETRY_PATH_BYTES;
}

/* One line of a small file, printable, without what surrounds it. */
static bool read_line(const char *path, char *text, size_t bytes)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t length;
	size_t i;

	if (file < 0)
		return false;
	length = read(file, text, bytes - 1);
	close(file);
	if (length <= 0)
		return false;
	for (i = 0; i < (size_t)length && isprint((unsigned char)text[i]); i++)
		;
	while (i && text[i - 1] == ' ')
		i--;
	text[i] = 0;
	return i > 0;
}

static bool read_signed(const char *path, int64_t *value)
{
	char text[TEXT_BYTES], *end;
	long long number;

	if (!read_line(path, text, sizeof(text)))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return false;
	*value = number;
	return true;
}

static bool read_unsigned(const char *path, uint64_t *value)
{
	int64_t number;

	if (!read_signed(path, &number) || number < 0)
		return false;
	*value = (uint64_t)number;
	return true;
}

static bool link_name(const char *path, char *name, size_t bytes)
{
	char target[TELEMETRY_PATH_BYTES];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *last;

	if (length <= 0)
		return false;
	target[length] = 0;
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (!*last || strlen(last) >= bytes)
		return false;
	strcpy(name, last);
	return true;
}

static int compare_indices(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

/* "accelN" with N in at most six digits */
static bool node_index(const char *name, uint32_t *index)
{
	size_t digits;

	if (strncmp(name, "accel", 5))
		return false;
	digits = strspn(name + 5, "0123456789");
	if (!digits || digits > 6 || name[5 + digits])
		return false;
	*index = (uint32_t)strtoul(name + 5, NULL, 10);
	return true;
}

static bool is_ours(const struct pumori_telemetry *telemetry, uint32_t index)
{
	char path[TELEMETRY_PATH_BYTES], name[TEXT_BYTES];

	return path_of(telemetry, path, index, "device/driver") &&
	       link_name(path, name, sizeof(name)) &&
	       !strncmp(name, DRIVER_NAME, strlen(DRIVER_NAME));
}

size_t telemetry_sysfs_devices(const struct pumori_telemetry *telemetry,
			       uint32_t indices[TELEMETRY_DEVICES_MAX])
{
	char path[TELEMETRY_PATH_BYTES];
	struct dirent *entry;
	size_t count = 0;
	uint32_t index;
	DIR *folder;

	if (snprintf(path, sizeof(path), "%s" CLASS_FOLDER, telemetry->root) >= (int)sizeof(path))
		return 0;
	folder = opendir(path);
	if (!folder)
		return 0;
	while (count < TELEMETRY_DEVICES_MAX && (entry = readdir(folder)) != NULL)
		if (node_index(entry->d_name, &index) && is_ours(telemetry, index))
			indices[count++] = index;
	closedir(folder);
	qsort(indices, count, sizeof(*indices), compare_indices);
	return count;
}

/* The first hwmon folder of the device; it has its own number in the system. */
static bool hwmon_folder(const struct pumori_telemetry *telemetry, uint32_t index, char *rest,
			 size_t bytes)
{
	char path[TELEMETRY_PATH_BYTES];
	struct dirent *entry;
	bool found = false;
	DIR *folder;

	if (!path_of(telemetry, path, index, "device/hwmon"))
		return false;
	folder = opendir(path);
	if (!folder)
		return false;
	while (!found && (entry = readdir(folder)) != NULL)
		found = !strncmp(entry->d_name, "hwmon", 5) &&
			snprintf(rest, bytes, "device/hwmon/%s", entry->d_name) < (int)bytes;
	closedir(folder);
	return found;
}

static void read_hwmon(const struct pumori_telemetry *telemetry,
		       struct pumori_telemetry_device *device)
{
	char path[TELEMETRY_PATH_BYTES], folder[TEXT_BYTES], rest[TEXT_BYTES + 32];
	static const char *const power[] = { "power1_average", "power1_input" };
	uint32_t index = (uint32_t)device->index;
	uint64_t microwatts;
	size_t i;

	if (!hwmon_folder(telemetry, index, folder, sizeof(folder)))
		return;
	snprintf(rest, sizeof(rest), "%s/temp1_input", folder);
	if (device->temperature_mc == PUMORI_UNKNOWN_SIGNED && path_of(telemetry, path, index, rest))
		read_signed(path, &device->temperature_mc);
	snprintf(rest, sizeof(rest), "%s/energy1_input", folder);
	if (device->energy_uj == PUMORI_UNKNOWN && path_of(telemetry, path, index, rest))
		read_unsigned(path, &device->energy_uj);
	for (i = 0; i < sizeof(power) / sizeof(power[0]); i++) {
		snprintf(rest, sizeof(rest), "%s/%s", folder, power[i]);
		if (device->power_mw == PUMORI_UNKNOWN && path_of(telemetry, path, index, rest) &&
		    read_unsigned(path, &microwatts))
			device->power_mw = microwatts / 1000;
	}
}

/* Where the link to the parent leads, as seen from the root. */
static void read_folder(const struct pumori_telemetry *telemetry,
			struct pumori_telemetry_device *device)
{
	char path[TELEMETRY_PATH_BYTES], *real, *root;

	if (!path_of(telemetry, path, (uint32_t)device->index, "device"))
		return;
	real = realpath(path, NULL);
	root = realpath(telemetry->foreign ? telemetry->root : "/", NULL);
	if (real && root) {
		size_t skip = strcmp(root, "/") ? strlen(root) : 0;

		if (!strncmp(real, root, skip) && strlen(real + skip) < sizeof(device->sysfs))
			strcpy(device->sysfs, real + skip);
	}
	free(root);
	free(real);
}

void telemetry_sysfs_device(const struct pumori_telemetry *telemetry,
			    struct pumori_telemetry_device *device)
{
	uint32_t index = (uint32_t)device->index;
	char path[TELEMETRY_PATH_BYTES], text[TEXT_BYTES];

	snprintf(device->node, sizeof(device->node), NODE_FOLDER "/accel%u", index);
	snprintf(device->driver, sizeof(device->driver), DRIVER_NAME);
	if (!device->bus_name[0] && path_of(telemetry, path, index, "device"))
		link_name(path, device->bus_name, sizeof(device->bus_name));
	read_folder(telemetry, device);
	if (device->numa_node == PUMORI_UNKNOWN_SIGNED &&
	    path_of(telemetry, path, index, "device/numa_node"))
		read_signed(path, &device->numa_node);
	if (path_of(telemetry, path, index, "device/local_cpulist") &&
	    read_line(path, text, sizeof(text)) && strlen(text) < sizeof(device->cpus))
		strcpy(device->cpus, text);
	if (device->hbm_bytes == PUMORI_UNKNOWN &&
	    path_of(telemetry, path, index, "device/npu_memory_total"))
		read_unsigned(path, &device->hbm_bytes);
	if (device->hbm_used == PUMORI_UNKNOWN &&
	    path_of(telemetry, path, index, "device/npu_memory_utilization"))
		read_unsigned(path, &device->hbm_used);
	read_hwmon(telemetry, device);
}
