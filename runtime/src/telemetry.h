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
	/** @link: the netlink family, or NULL where there is none */
	struct telemetry_link *link;
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

/* telemetry_netlink.c: requests */
/** telemetry_link_create - connect to the family; NULL when the kernel has none */
struct telemetry_link *telemetry_link_create(void);
void telemetry_link_destroy(struct telemetry_link *link);
/* Each appends what the family knows; PUMORI_UNKNOWN as @index stands for all devices. */
int telemetry_link_devices(struct telemetry_link *link, struct telemetry_list *devices);
int telemetry_link_cores(struct telemetry_link *link, uint32_t index, struct telemetry_list *cores);
int telemetry_link_clients(struct telemetry_link *link, uint32_t index, struct telemetry_list *clients);
int telemetry_link_errors(struct telemetry_link *link, uint32_t index, struct telemetry_list *errors);
int telemetry_link_clear_errors(struct telemetry_link *link, uint32_t index, int32_t core, uint32_t id);
int telemetry_link_reset(struct telemetry_link *link, uint32_t index, int32_t core);
int telemetry_link_listen(struct telemetry_link *link);
int telemetry_link_fd(struct telemetry_link *link);
int telemetry_link_next_event(struct telemetry_link *link, struct pumori_telemetry_event *event);

/* telemetry_attributes.c: messages, from whoever may have sent them */
struct nlmsghdr;
bool telemetry_read_device(struct nlmsghdr *message, struct pumori_telemetry_device *device);
bool telemetry_read_core(struct nlmsghdr *message, struct pumori_telemetry_core *core);
/** telemetry_read_context - a context as the client that it belongs to */
bool telemetry_read_context(struct nlmsghdr *message, struct pumori_telemetry_client *client);
bool telemetry_read_error(struct nlmsghdr *message, struct pumori_telemetry_error *error);
/** telemetry_read_event - a notification of either group */
bool telemetry_read_event(struct nlmsghdr *message, struct pumori_telemetry_event *event);

#endif
