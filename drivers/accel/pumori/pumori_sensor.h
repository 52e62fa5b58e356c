/* SPDX-License-Identifier: GPL-2.0 */
/* Utilisation, power and temperature: sampled once a second, shown by hwmon, sysfs and netlink. */
#ifndef PUMORI_SENSOR_H
#define PUMORI_SENSOR_H

#include <linux/types.h>

struct pumori_core;
struct pumori_device;

/* The temperature at which an event is sent, until somebody sets another one. */
#define PUMORI_TEMPERATURE_MAX_MC	95000

/**
 * struct pumori_sample - what the last second was like
 */
struct pumori_sample {
	/** @busy_percent: mean over the cores */
	u32 busy_percent;
	/** @power_mw: milliwatts */
	u32 power_mw;
	/** @temperature_mc: millidegrees Celsius */
	s32 temperature_mc;
	/** @energy_uj: microjoules since probe */
	u64 energy_uj;
	/** @busy_ns: time with work since probe, summed over the cores */
	u64 busy_ns;
};

int pumori_sensor_init(struct pumori_device *pumori);
void pumori_sensor_start(struct pumori_device *pumori);
void pumori_sensor_stop(struct pumori_device *pumori);
void pumori_sensor_read(struct pumori_device *pumori, struct pumori_sample *sample);
u64 pumori_sensor_core_energy_uj(struct pumori_core *core);
s32 pumori_sensor_limit(struct pumori_device *pumori);
void pumori_sensor_set_limit(struct pumori_device *pumori, s32 limit_mc);

#endif
