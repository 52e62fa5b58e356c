/* SPDX-License-Identifier: GPL-2.0 */
/* What happens to a device, for whoever listens. */
#ifndef PUMORI_EVENT_H
#define PUMORI_EVENT_H

#include <linux/types.h>

#include <drm/pumori_netlink.h>

struct pumori_device;
struct pumori_events;

/* Core of an event that concerns the whole device. */
#define PUMORI_EVENT_DEVICE	0xffffffffu

/**
 * struct pumori_event - something that happened; the reporter fills in all but the first three
 */
struct pumori_event {
	/** @sequence: of the device */
	u64 sequence;
	/** @time_ns: CLOCK_MONOTONIC */
	u64 time_ns;
	/** @lost: events of the device that were dropped until this one was sent */
	u64 lost;
	/** @type: what happened */
	enum pumori_event_type type;
	/** @core: where, or PUMORI_EVENT_DEVICE */
	u32 core;
	/** @context: number of the context on the device, 0 for none */
	u32 context;
	/** @fault: PUMORI_HW_FAULT_*, for faults */
	u32 fault;
	/** @corrected: for memory errors */
	bool corrected;
	/** @value: how many, or millidegrees */
	u64 value;
	/** @reason: in words, a constant string */
	const char *reason;
};

int pumori_events_init(struct pumori_device *pumori);
void pumori_event_report(struct pumori_device *pumori, const struct pumori_event *event);
void pumori_events_state(struct pumori_device *pumori, u64 *sequence, u64 *lost);

#endif
