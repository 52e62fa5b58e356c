// SPDX-License-Identifier: MIT
/*
 * Who uses a device, from /proc/PID/fdinfo. The keys are those of the kernel's DRM usage stats.
 * Processes come and go while this looks, and a file may hold anything.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "telemetry.h"

#define DRIVER_NAME	"pumori"
#define NODE_PREFIX	"/dev/accel/accel"
#define ACCEL_MAJOR	261u
#define FDINFO_BYTES	16384u

/* --- One file ----------------------------------------------------------------------------------- */

/* A number and its unit, as bytes, nanoseconds or cycles; false when it is none or too large. */
static bool parse_amount(const char *text, size_t bytes, uint64_t *amount)
{
	static const struct {
		const char *unit;
		uint64_t factor;
	} units[] = {
		{ "", 1 }, { "ns", 1 }, { "KiB", 1ull << 10 }, { "MiB", 1ull << 20 }, { "GiB", 1ull << 30 },
	};
	uint64_t value = 0;
	size_t at = 0, i;

	if (!bytes || !isdigit((unsigned char)text[0]))
		return false;
	for (; at < bytes && isdigit((unsigned char)text[at]); at++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[at] - '0'), &value))
			return false;
	while (at < bytes && text[at] == ' ')
		at++;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].unit) == bytes - at &&
		    !memcmp(units[i].unit, text + at, bytes - at))
			/* The largest value means "unknown". */
			return !__builtin_mul_overflow(value, units[i].factor, amount) &&
			       *amount != PUMORI_UNKNOWN;
	return false;
}

static void add_amount(uint64_t *sum, uint64_t amount)
{
	uint64_t before = *sum == PUMORI_UNKNOWN ? 0 : *sum;

	if (!__builtin_add_overflow(before, amount, &before) && before != PUMORI_UNKNOWN)
		*sum = before;
}

static bool begins(const char *key, size_t bytes, const char *prefix)
{
	return bytes >= strlen(prefix) && !memcmp(key, prefix, strlen(prefix));
}

static bool is(const char *key, size_t bytes, const char *name)
{
	return bytes == strlen(name) && !memcmp(key, name, bytes);
}

static void copy_text(char *place, size_t room, const char *text, size_t bytes)
{
	if (bytes < room) {
		memcpy(place, text, bytes);
		place[bytes] = 0;
	}
}

/* "drm-engine-core3": a bit in the mask of cores once it was busy. */
static void take_engine(struct pumori_telemetry_client *client, const char *name, size_t bytes,
			uint64_t busy_ns)
{
	uint64_t core;

	add_amount(&client->busy_ns, busy_ns);
	if (busy_ns && begins(name, bytes, "core") && parse_amount(name + 4, bytes - 4, &core) &&
	    core < 64) {
		if (client->core_mask == PUMORI_UNKNOWN)
			client->core_mask = 0;
		client->core_mask |= 1ull << core;
	}
}

static void take_pair(struct telemetry_fdinfo *info, const char *key, size_t key_bytes,
		      const char *value, size_t value_bytes)
{
	struct pumori_telemetry_client *client = &info->client;
	uint64_t amount = 0;
	bool number = parse_amount(value, value_bytes, &amount);

	if (is(key, key_bytes, "drm-driver"))
		info->ours = is(value, value_bytes, DRIVER_NAME);
	else if (is(key, key_bytes, "drm-pdev"))
		copy_text(info->pdev, sizeof(info->pdev), value, value_bytes);
	else if (!number)
		return;
	else if (is(key, key_bytes, "drm-client-id"))
		client->client = amount;
	else if (begins(key, key_bytes, "drm-engine-capacity-"))
		return;
	else if (begins(key, key_bytes, "drm-engine-"))
		take_engine(client, key + 11, key_bytes - 11, amount);
	else if (begins(key, key_bytes, "drm-cycles-"))
		add_amount(&client->cycles, amount);
	else if (is(key, key_bytes, "drm-total-hbm"))
		client->hbm_bytes = amount;
	else if (begins(key, key_bytes, "drm-total-"))
		add_amount(&client->host_bytes, amount);
	else if (is(key, key_bytes, "pumori-contexts"))
		client->contexts = amount;
	else if (is(key, key_bytes, "pumori-queues"))
		client->queues = amount;
	else if (is(key, key_bytes, "pumori-jobs"))
		client->jobs = amount;
	else if (is(key, key_bytes, "pumori-faults"))
		client->faults = amount;
}

void telemetry_fdinfo_parse(const char *text, size_t bytes, struct telemetry_fdinfo *info)
{
	const char *end = text + bytes;

	memset(info, 0, sizeof(*info));
	telemetry_client_unknown(&info->client);
	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		const char *colon, *value;

		if (!line_end)
			line_end = end;
		colon = memchr(text, ':', (size_t)(line_end - text));
		if (colon) {
			for (value = colon + 1; value < line_end && isblank((unsigned char)*value); value++)
				;
			take_pair(info, text, (size_t)(colon - text), value, (size_t)(line_end - value));
		}
		text = line_end < end ? line_end + 1 : end;
	}
}

/* --- All processes ------------------------------------------------------------------------------ */

/* Is descriptor @name of the folder @fds an open file of accel node @index? */
static bool is_node(int fds, const char *name, uint32_t index)
{
	char target[64], wanted[64];
	struct stat status;
	ssize_t length = readlinkat(fds, name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = 0;
	/* What is no device node at all is most of what there is: no further call for it. */
	if (strncmp(target, "/dev/", 5) && target[0] == '/')
		return false;
	snprintf(wanted, sizeof(wanted), NODE_PREFIX "%u", index);
	if (!strncmp(target, wanted, strlen(wanted)) &&
	    (!target[strlen(wanted)] || target[strlen(wanted)] == ' '))
		return true;
	/* A container may have it under another name. */
	return !fstatat(fds, name, &status, 0) && S_ISCHR(status.st_mode) &&
	       major(status.st_rdev) == ACCEL_MAJOR && minor(status.st_rdev) == index;
}

static size_t read_at(int folder, const char *name, char *text, size_t bytes)
{
	int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t used = 0;
	ssize_t length;

	if (file < 0)
		return 0;
	while (used < bytes && (length = read(file, text + used, bytes - used)) > 0)
		used += (size_t)length;
	close(file);
	return used;
}

static bool is_known(const struct telemetry_list *clients, uint64_t client)
{
	const struct pumori_telemetry_client *known = clients->items;
	size_t i;

	for (i = 0; i < clients->count; i++)
		if (known[i].client == client && client != PUMORI_UNKNOWN)
			return true;
	return false;
}

static int take_descriptor(int process, const char *name, uint32_t index, uint64_t pid,
			   struct telemetry_list *clients)
{
	char path[32], text[FDINFO_BYTES], command[32];
	struct pumori_telemetry_client *client;
	struct telemetry_fdinfo info;
	struct stat status;
	size_t length;

	if (snprintf(path, sizeof(path), "fdinfo/%s", name) >= (int)sizeof(path))
		return 0;
	telemetry_fdinfo_parse(text, read_at(process, path, text, sizeof(text)), &info);
	/* Duplicates and inherited descriptors are one client. */
	if (!info.ours || is_known(clients, info.client.client))
		return 0;
	client = telemetry_append(clients);
	if (!client)
		return PUMORI_ERROR_MEMORY;
	*client = info.client;
	client->index = index;
	client->pid = pid;
	if (!fstat(process, &status))
		client->uid = status.st_uid;
	length = read_at(process, "comm", command, sizeof(command) - 1);
	while (length && !isprint((unsigned char)command[length - 1]))
		length--;
	copy_text(client->command, sizeof(client->command), command, length);
	return 0;
}

static int take_process(int proc, const char *name, uint32_t index, struct telemetry_list *clients)
{
	int process = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fds, error = 0;
	struct dirent *entry;
	DIR *folder;

	if (process < 0)
		return 0;
	fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fds < 0 ? NULL : fdopendir(fds);
	if (!folder) {
		if (fds >= 0)
			close(fds);
		close(process);
		return 0;
	}
	while (!error && (entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) && is_node(fds, entry->d_name, index))
			error = take_descriptor(process, entry->d_name, index,
						strtoull(name, NULL, 10), clients);
	closedir(folder);
	close(process);
	return error;
}

int telemetry_fdinfo_clients(const struct pumori_telemetry *telemetry, uint32_t index,
			     struct telemetry_list *clients)
{
	char path[TELEMETRY_PATH_BYTES];
	struct dirent *entry;
	int error = 0;
	DIR *folder;

	if (snprintf(path, sizeof(path), "%s/proc", telemetry->root) >= (int)sizeof(path))
		return pumori_fail(PUMORI_ERROR_INVALID, "the path of the root is too long");
	folder = opendir(path);
	if (!folder)
		return pumori_fail_errno(errno, "cannot read %s", path);
	while (!error && (entry = readdir(folder)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			error = take_process(dirfd(folder), entry->d_name, index, clients);
	closedir(folder);
	return error;
}
