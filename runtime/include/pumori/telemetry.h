/* SPDX-License-Identifier: MIT */
/*
 * libpumori, the telemetry part: what every device of this machine does, for tools and monitors.
 * Prose: Documentation/telemetry.md.
 *
 * Nothing here opens a context, runs a job or keeps a process of its own. Answers come from the
 * driver's generic netlink family where the kernel has it, else from sysfs, fdinfo and the query
 * ioctl; what no source knows is PUMORI_UNKNOWN (or an empty string), never 0.
 *
 * Errors, structs that begin with their size, and pumori_last_error() are as in pumori.h. A handle
 * belongs to one thread at a time; different handles are independent.
 */
#ifndef PUMORI_TELEMETRY_H
#define PUMORI_TELEMETRY_H

#include <pumori/pumori.h>

#if defined(__cplusplus)
extern "C" {
#endif

/** PUMORI_UNKNOWN - value of a number that no source knows */
#define PUMORI_UNKNOWN UINT64_MAX
/** PUMORI_UNKNOWN_SIGNED - the same for numbers that may be negative */
#define PUMORI_UNKNOWN_SIGNED INT64_MIN

struct pumori_telemetry;

/** struct pumori_telemetry_options - where to look */
struct pumori_telemetry_options {
	/** @size: sizeof(struct pumori_telemetry_options) */
	size_t size;
	/**
	 * @root: folder that stands for "/", with sys and proc below it (as a support bundle has
	 * them); NULL for this machine. With it only files are read. PUMORI_TELEMETRY_ROOT in the
	 * environment stands for it when it is NULL.
	 */
	const char *root;
	/** @flags: PUMORI_TELEMETRY_* */
	uint32_t flags;
	/** @reserved: zero */
	uint32_t reserved;
};

/** PUMORI_TELEMETRY_NO_NETLINK - use the other sources even where the kernel has the family */
#define PUMORI_TELEMETRY_NO_NETLINK (1u << 0)

/**
 * pumori_telemetry_create - start to look
 * @options: NULL for defaults
 */
int pumori_telemetry_create(struct pumori_telemetry **telemetry,
			    const struct pumori_telemetry_options *options);
void pumori_telemetry_destroy(struct pumori_telemetry *telemetry);

/* --- State -------------------------------------------------------------------------------------- */

/** enum pumori_telemetry_state - whether a device can be used; values are stable */
enum pumori_telemetry_state {
	PUMORI_DEVICE_UNKNOWN = 0,
	PUMORI_DEVICE_RUNNING = 1,
	PUMORI_DEVICE_RESETTING = 2,	/* a reset of the whole device is under way */
	PUMORI_DEVICE_LOST = 3,		/* it does not answer */
	PUMORI_DEVICE_REMOVED = 4,	/* it is gone; only events say so */
};

/** struct pumori_telemetry_device - a device as its driver sees it */
struct pumori_telemetry_device {
	/** @size: sizeof(struct pumori_telemetry_device), set by the caller in the first element */
	size_t size;
	/** @index: N of /dev/accel/accelN */
	uint64_t index;
	/** @state: enum pumori_telemetry_state */
	uint64_t state;
	/** @serial: serial number */
	uint64_t serial;
	/** @driver_version: of the ioctl interface, major << 16 | minor */
	uint64_t driver_version;
	/** @hw_version: major << 16 | minor */
	uint64_t hw_version;
	/** @isa_version: major << 16 | minor */
	uint64_t isa_version;
	/** @features: PUMORI_HW_FEATURE_* */
	uint64_t features;
	/** @cores: NeuronCores */
	uint64_t cores;
	/** @slots: context slots a core */
	uint64_t slots;
	/** @clock_khz: model clock that cycles count */
	uint64_t clock_khz;
	/** @numa_node: nearest memory node, -1 for none */
	int64_t numa_node;
	/** @hbm_bytes: device memory */
	uint64_t hbm_bytes;
	/** @hbm_used: of it in buffers */
	uint64_t hbm_used;
	/** @instructions: capacity of the instruction store */
	uint64_t instructions;
	/** @instructions_used: of it in use */
	uint64_t instructions_used;
	/** @contexts: of all users */
	uint64_t contexts;
	/** @resets: of the whole device since the driver found it */
	uint64_t resets;
	/** @power_mw: power of the modelled chip, milliwatts */
	uint64_t power_mw;
	/** @energy_uj: energy of the modelled chip since the driver found it, microjoules */
	uint64_t energy_uj;
	/** @temperature_mc: temperature of the modelled chip, millidegrees Celsius */
	int64_t temperature_mc;
	/** @events: sequence number of the last event, 0 for none */
	uint64_t events;
	/** @events_lost: events that were never sent because there were too many */
	uint64_t events_lost;
	/** @node: device node, "/dev/accel/accel0" */
	char node[64];
	/** @bus_name: of the parent device; for PCI the address, "0000:00:05.0" */
	char bus_name[64];
	/** @sysfs: folder of the parent device, "/sys/devices/..." */
	char sysfs[256];
	/** @uuid: "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
	char uuid[40];
	/** @name: of the chip or its numeric kernels */
	char name[32];
	/** @socket: "soft" or "pci" */
	char socket[16];
	/** @driver: kernel driver */
	char driver[16];
	/** @cpus: CPUs that are near, as a list "0-3,8" */
	char cpus[64];
};

/**
 * pumori_telemetry_devices - the devices of this machine, by index
 * @devices: array of @capacity elements, the first with its size set; may be NULL when @capacity is 0
 *
 * Return: number of devices (may exceed @capacity), or an error.
 */
int pumori_telemetry_devices(struct pumori_telemetry *telemetry,
			     struct pumori_telemetry_device *devices, size_t capacity);

/** struct pumori_telemetry_core - counters of a core; but for @queues and @pending they never go back while the driver has the device */
struct pumori_telemetry_core {
	/** @size: sizeof(struct pumori_telemetry_core), set by the caller in the first element */
	size_t size;
	/** @index: device */
	uint64_t index;
	/** @core: number of the core on it */
	uint64_t core;
	/** @time_ns: CLOCK_MONOTONIC when the counters were read, nanoseconds */
	uint64_t time_ns;
	/** @busy_ns: time with work, nanoseconds */
	uint64_t busy_ns;
	/** @cycles: model cycles of finished jobs */
	uint64_t cycles;
	/** @instructions: retired */
	uint64_t instructions;
	/** @jobs: ended, with any status */
	uint64_t jobs;
	/** @jobs_failed: ended with a fault or were killed */
	uint64_t jobs_failed;
	/** @jobs_lost: ended by a reset that they were not to blame for */
	uint64_t jobs_lost;
	/** @resets: of the core */
	uint64_t resets;
	/** @queues: on the core now */
	uint64_t queues;
	/** @pending: jobs running or waiting now */
	uint64_t pending;
	/** @energy_uj: energy of the modelled core, microjoules */
	uint64_t energy_uj;
};

/**
 * pumori_telemetry_cores - counters of all cores of a device
 * @device: its index
 * @cores: array of @capacity elements, the first with its size set; may be NULL when @capacity is 0
 *
 * Without the netlink family the device node is opened, which takes its permission.
 *
 * Return: number of cores (may exceed @capacity), or an error.
 */
int pumori_telemetry_cores(struct pumori_telemetry *telemetry, uint32_t device,
			   struct pumori_telemetry_core *cores, size_t capacity);

/** struct pumori_telemetry_client - an open file of a device, and what its process uses */
struct pumori_telemetry_client {
	/** @size: sizeof(struct pumori_telemetry_client), set by the caller in the first element */
	size_t size;
	/** @index: device */
	uint64_t index;
	/** @client: number of the open file, as drm-client-id in fdinfo */
	uint64_t client;
	/** @pid: process, 0 when it is not visible here */
	uint64_t pid;
	/** @uid: its user */
	uint64_t uid;
	/** @contexts: that it has */
	uint64_t contexts;
	/** @queues: that it has */
	uint64_t queues;
	/** @core_mask: bit per core on which it has a queue */
	uint64_t core_mask;
	/** @busy_ns: device time, nanoseconds */
	uint64_t busy_ns;
	/** @cycles: model cycles */
	uint64_t cycles;
	/** @jobs: ended */
	uint64_t jobs;
	/** @faults: ended with a fault or were killed */
	uint64_t faults;
	/** @hbm_bytes: device memory */
	uint64_t hbm_bytes;
	/** @host_bytes: host memory in its buffers */
	uint64_t host_bytes;
	/** @command: name of the process, as the kernel has it */
	char command[32];
};

/**
 * pumori_telemetry_clients - who uses a device
 * @device: its index
 * @clients: array of @capacity elements, the first with its size set; may be NULL when @capacity is 0
 *
 * The caller's own processes; those of other users too when the caller is privileged.
 *
 * Return: number of clients (may exceed @capacity), or an error.
 */
int pumori_telemetry_clients(struct pumori_telemetry *telemetry, uint32_t device,
			     struct pumori_telemetry_client *clients, size_t capacity);

/** struct pumori_telemetry_error - an error counter of a core; needs the netlink family */
struct pumori_telemetry_error {
	/** @size: sizeof(struct pumori_telemetry_error), set by the caller in the first element */
	size_t size;
	/** @index: device */
	uint64_t index;
	/** @core: number of the core on it */
	uint64_t core;
	/** @id: enum pumori_ras_error (drm/pumori_netlink.h) */
	uint64_t id;
	/** @value: how often since the driver found the device, or since it was cleared */
	uint64_t value;
	/** @name: "ecc-corrected" ... */
	char name[32];
};

/**
 * pumori_telemetry_errors - error counters of a device
 *
 * Return: number of counters (may exceed @capacity), PUMORI_ERROR_UNSUPPORTED without the netlink family, or an error.
 */
int pumori_telemetry_errors(struct pumori_telemetry *telemetry, uint32_t device,
			    struct pumori_telemetry_error *errors, size_t capacity);

/* --- Orders: need the netlink family, and CAP_SYS_ADMIN in the initial user namespace ------------ */

/** pumori_telemetry_clear_errors - set counters of core @core (-1: all) and of kind @id (0: all) to zero */
int pumori_telemetry_clear_errors(struct pumori_telemetry *telemetry, uint32_t device, int32_t core, uint32_t id);
/**
 * pumori_telemetry_reset - reset core @core, or with -1 the whole device; returns when it is done
 *
 * Jobs of the core end with PUMORI_ERROR_KILLED or run again, those of the other cores go on.
 */
int pumori_telemetry_reset(struct pumori_telemetry *telemetry, uint32_t device, int32_t core);

/* --- Events: need the netlink family ------------------------------------------------------------- */

/** enum pumori_telemetry_event_type - what happened; values are stable, the first seven are those of drm/pumori_netlink.h */
enum pumori_telemetry_event_type {
	PUMORI_EVENT_HANG = 1,		/* a queue or a core made no progress and was stopped */
	PUMORI_EVENT_RESET = 2,		/* a core, or the whole device, was reset */
	PUMORI_EVENT_ECC = 3,		/* @value memory errors, @corrected or not */
	PUMORI_EVENT_THERMAL = 4,	/* the temperature passed a limit; @value is it, millidegrees Celsius */
	PUMORI_EVENT_NAN = 5,		/* @value checked outputs of a job were NaN or infinite */
	PUMORI_EVENT_FAULT = 6,		/* a job ended with @fault */
	PUMORI_EVENT_DEVICE_LOST = 7,	/* the device does not answer any more */
	PUMORI_EVENT_DEVICE_ADDED = 100,
	PUMORI_EVENT_DEVICE_REMOVED = 101,
	PUMORI_EVENT_DEVICE_CHANGED = 102, /* its @state */
	PUMORI_EVENT_OVERRUN = 200,	/* events came faster than they were read: ask for everything anew */
};

/** struct pumori_telemetry_event - something that happened to a device */
struct pumori_telemetry_event {
	/** @size: sizeof(struct pumori_telemetry_event), set by the caller */
	size_t size;
	/** @type: enum pumori_telemetry_event_type */
	uint64_t type;
	/** @index: device */
	uint64_t index;
	/** @sequence: of the device's events, ascending by one */
	uint64_t sequence;
	/** @time_ns: CLOCK_MONOTONIC, nanoseconds */
	uint64_t time_ns;
	/** @core: core that it concerns */
	uint64_t core;
	/** @context: context that it concerns */
	uint64_t context;
	/** @fault: PUMORI_HW_FAULT_* */
	uint64_t fault;
	/** @corrected: of ECC: 1 when the errors were corrected */
	uint64_t corrected;
	/** @value: see the type */
	int64_t value;
	/** @lost: events of the device that were never sent, in all */
	uint64_t lost;
	/** @state: of DEVICE_*: enum pumori_telemetry_state */
	uint64_t state;
	/** @bus_name: of the parent device */
	char bus_name[64];
	/** @reason: in words */
	char reason[128];
};

/** pumori_telemetry_listen - begin to listen; PUMORI_ERROR_UNSUPPORTED without the netlink family */
int pumori_telemetry_listen(struct pumori_telemetry *telemetry);
/** pumori_telemetry_fd - readable when there are events; valid as long as the handle. PUMORI_ERROR_INVALID before pumori_telemetry_listen() */
int pumori_telemetry_fd(struct pumori_telemetry *telemetry);
/** pumori_telemetry_next_event - the next event, never blocks. Return: 1, 0 when there is none, or an error */
int pumori_telemetry_next_event(struct pumori_telemetry *telemetry, struct pumori_telemetry_event *event);

#if defined(__cplusplus)
}
#endif

#endif
