/* SPDX-License-Identifier: MIT */
/* The sources of telemetry, as telemetry.c puts them together. */
#ifndef PUMORI_RUNTIME_TELEMETRY_H
#define PUMORI_RUNTIME_TELEMETRY_H

#include <stdbool.h>

#include "api.h"
#pragma GCC visibility push(default)
#include <pumori/telemetry.h>
#pragma GCC visibility pop

#define TELEMETRY_DEVICES_MAX	256
#define TELEMETRY_PATH_BYTES	4096

/** struct pumori_telemetry - a handle */
struct pumori_telemetry {
	/** @root: folder that stands for "/", "" for this machine */
	char *root;
	/** @foreign: @root is another machine's: files only */
	bool foreign;
};

/** struct telemetry_list - a growing array of equal elements */
struct telemetry_list {
	void *items;
	size_t count;
	size_t capacity;
	size_t stride;
};

/** telemetry_append - room for one more element, zeroed; NULL when memory ran out */
void *telemetry_append(struct telemetry_list *list);

/* Everything unknown. */
void telemetry_device_unknown(struct pumori_telemetry_device *device);
void telemetry_core_unknown(struct pumori_telemetry_core *core);
void telemetry_client_unknown(struct pumori_telemetry_client *client);

/* telemetry_sysfs.c */
/** telemetry_sysfs_devices - indices of the accel nodes that are Pumori's; returns how many */
size_t telemetry_sysfs_devices(const struct pumori_telemetry *telemetry,
			       uint32_t indices[TELEMETRY_DEVICES_MAX]);
/** telemetry_sysfs_device - add what sysfs knows of a device to what is unknown yet */
void telemetry_sysfs_device(const struct pumori_telemetry *telemetry,
			    struct pumori_telemetry_device *device);

/* telemetry_fdinfo.c */
/** struct telemetry_fdinfo - what one fdinfo file says */
struct telemetry_fdinfo {
	/** @ours: drm-driver is Pumori's */
	bool ours;
	struct pumori_telemetry_client client;
	/** @pdev: drm-pdev, or "" */
	char pdev[64];
};

/** telemetry_fdinfo_parse - read @bytes of an fdinfo file; anything else in it is passed over */
void telemetry_fdinfo_parse(const char *text, size_t bytes, struct telemetry_fdinfo *info);
/** telemetry_fdinfo_clients - append the clients of device @index that /proc shows; returns 0 or an error */
int telemetry_fdinfo_clients(const struct pumori_telemetry *telemetry, uint32_t index,
			     struct telemetry_list *clients);

/* telemetry_query.c */
/** telemetry_query_cores - append the counters of all cores of accel node @index */
int telemetry_query_cores(uint32_t index, struct telemetry_list *cores);

#endif
