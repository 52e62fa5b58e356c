/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Resets. Callers of pumori_reset_request() make sure that root asks; the rest is the watchdog's.
 */
#ifndef PUMORI_RESET_H
#define PUMORI_RESET_H

#include <linux/types.h>

struct pumori_core;
struct pumori_device;

/**
 * enum pumori_reset_level - how much is reset
 */
enum pumori_reset_level {
	/** @PUMORI_RESET_QUEUE: a queue is killed and banned; the others of its core go on */
	PUMORI_RESET_QUEUE,
	/** @PUMORI_RESET_CORE: all jobs in slots of a core end; other cores go on */
	PUMORI_RESET_CORE,
	/** @PUMORI_RESET_DEVICE: all queues and programs end, the device can be used anew */
	PUMORI_RESET_DEVICE,
};

int pumori_reset_request(struct pumori_device *pumori, enum pumori_reset_level level, u32 id);

void pumori_reset_demand_device(struct pumori_device *pumori);
bool pumori_reset_device(struct pumori_device *pumori, const char *reason);
void pumori_reset_tell(struct pumori_device *pumori);
void pumori_reset_lose(struct pumori_device *pumori, const char *reason);

#endif
