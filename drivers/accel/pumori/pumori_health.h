/* SPDX-License-Identifier: GPL-2.0 */
/* Tests of a device that do not disturb the jobs it has. */
#ifndef PUMORI_HEALTH_H
#define PUMORI_HEALTH_H

#include <linux/types.h>

struct pumori_device;

/* Core of a test that concerns the whole device. */
#define PUMORI_HEALTH_DEVICE	0xffffffffu

/**
 * struct pumori_health_result - how a test ended
 */
struct pumori_health_result {
	/** @name: of the test */
	const char *name;
	/** @core: which core, or PUMORI_HEALTH_DEVICE */
	u32 core;
	/** @detail: what was wrong, NULL when nothing was */
	const char *detail;
	/** @duration_ns: how long it took */
	u64 duration_ns;
};

u32 pumori_health_tests(struct pumori_device *pumori);
bool pumori_health_run(struct pumori_device *pumori, u32 number, u32 core,
		       struct pumori_health_result *result);

#endif
