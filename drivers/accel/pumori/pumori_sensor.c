// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Sensors
 *
 * The chip counts the energy of what it retires and says what it draws without work. Once a second
 * power is taken from that, and temperature from power by a model of a package with one heat
 * resistance and one time constant. The timer is deferrable: a machine with nothing else to do is not
 * woken up by it.
 */

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include <pumori/hw.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_event.h"
#include "pumori_sensor.h"

#define PERIOD_MS		1000
/* The package: millidegrees of its surroundings, millidegrees a watt, time constant. */
#define AMBIENT_MC		35000
#define RESISTANCE_MC_A_WATT	1200
#define TIME_CONSTANT_MS	8000
/* How far it must cool down before the limit counts as passed downwards. */
#define HYSTERESIS_MC		3000

/**
 * struct pumori_sensor - what is known of the last second
 */
struct pumori_sensor {
	/** @pumori: the device */
	struct pumori_device *pumori;
	/** @lock: protects all that follows but @work */
	struct mutex lock;
	/** @sample: as of @time_ns */
	struct pumori_sample sample;
	/** @dynamic_nj: energy of the cores then */
	u64 dynamic_nj;
	/** @time_ns: when */
	u64 time_ns;
	/** @limit_mc: temperature to warn at */
	s32 limit_mc;
	/** @hot: it was warned of */
	bool hot;
	/** @work: takes the next sample */
	struct delayed_work work;
};

static u64 core_read64(struct pumori_core *core, u32 offset)
{
	return pumori_read64(core->pumori, PUMORI_HW_CORE(core->index, offset));
}

/**
 * pumori_sensor_core_energy_uj() - energy that a core has used
 * @core: the core
 */
u64 pumori_sensor_core_energy_uj(struct pumori_core *core)
{
	return div_u64(core_read64(core, PUMORI_HW_CORE_ENERGY_NJ), 1000);
}

static void report(struct pumori_sensor *sensor, const char *reason)
{
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_THERMAL,
		.core = PUMORI_EVENT_DEVICE,
		.value = sensor->sample.temperature_mc,
		.reason = reason,
	};

	pumori_event_report(sensor->pumori, &event);
}

static void watch_limit(struct pumori_sensor *sensor)
{
	s32 temperature = sensor->sample.temperature_mc;

	if (!sensor->hot && temperature > sensor->limit_mc) {
		sensor->hot = true;
		report(sensor, "temperature above its limit");
	} else if (sensor->hot && temperature < sensor->limit_mc - HYSTERESIS_MC) {
		sensor->hot = false;
		report(sensor, "temperature below its limit again");
	}
}

static void warm_up(struct pumori_sample *sample, u32 elapsed_ms)
{
	s64 goal = AMBIENT_MC + div_u64((u64)sample->power_mw * RESISTANCE_MC_A_WATT, 1000);
	s64 step = (goal - sample->temperature_mc) * min(elapsed_ms, (u32)TIME_CONSTANT_MS);

	sample->temperature_mc += div_s64(step, TIME_CONSTANT_MS);
}

static void take_sample(struct pumori_sensor *sensor)
{
	struct pumori_device *pumori = sensor->pumori;
	u32 idle_mw = pumori_read(pumori, PUMORI_HW_REG_IDLE_POWER_MW);
	struct pumori_sample *sample = &sensor->sample;
	u64 now = ktime_get_ns(), elapsed = max(now - sensor->time_ns, 1ull);
	u64 busy_ns = 0, dynamic_nj = 0, energy_nj;
	u32 core;

	for (core = 0; core < pumori->info.cores; core++) {
		busy_ns += core_read64(pumori->core[core], PUMORI_HW_CORE_BUSY_NS);
		dynamic_nj += core_read64(pumori->core[core], PUMORI_HW_CORE_ENERGY_NJ);
	}
	/* A chip that counts backwards, or has left, draws nothing. */
	if (dynamic_nj < sensor->dynamic_nj || busy_ns < sample->busy_ns)
		return;

	/* Nanojoules are milliwatts times microseconds. */
	energy_nj = dynamic_nj - sensor->dynamic_nj + div_u64(elapsed, 1000) * idle_mw;
	sample->energy_uj += div_u64(energy_nj, 1000);
	sample->power_mw = min_t(u64, div64_u64(energy_nj * 1000, elapsed), U32_MAX);
	sample->busy_percent = min_t(u64, div64_u64((busy_ns - sample->busy_ns) * 100,
						    elapsed * pumori->info.cores), 100);
	sample->busy_ns = busy_ns;
	sensor->dynamic_nj = dynamic_nj;
	sensor->time_ns = now;
	warm_up(sample, div_u64(elapsed, NSEC_PER_MSEC));
	watch_limit(sensor);
}

static void sample_work(struct work_struct *work)
{
	struct pumori_sensor *sensor = container_of(to_delayed_work(work), struct pumori_sensor,
						    work);
	int idx;

	if (!drm_dev_enter(&sensor->pumori->drm, &idx))
		return;
	mutex_lock(&sensor->lock);
	take_sample(sensor);
	mutex_unlock(&sensor->lock);
	queue_delayed_work(system_unbound_wq, &sensor->work, msecs_to_jiffies(PERIOD_MS));
	drm_dev_exit(idx);
}

/**
 * pumori_sensor_read() - what the last second was like
 * @pumori: the device, entered
 * @sample: filled in
 *
 * A sample that is too old because the machine slept is taken anew.
 */
void pumori_sensor_read(struct pumori_device *pumori, struct pumori_sample *sample)
{
	struct pumori_sensor *sensor = pumori->sensor;

	mutex_lock(&sensor->lock);
	if (ktime_get_ns() - sensor->time_ns > (u64)PERIOD_MS * NSEC_PER_MSEC)
		take_sample(sensor);
	*sample = sensor->sample;
	mutex_unlock(&sensor->lock);
}

/**
 * pumori_sensor_limit() - temperature that is warned of
 * @pumori: the device
 */
s32 pumori_sensor_limit(struct pumori_device *pumori)
{
	return READ_ONCE(pumori->sensor->limit_mc);
}

/**
 * pumori_sensor_set_limit() - change the temperature that is warned of
 * @pumori: the device, entered
 * @limit_mc: millidegrees Celsius
 */
void pumori_sensor_set_limit(struct pumori_device *pumori, s32 limit_mc)
{
	struct pumori_sensor *sensor = pumori->sensor;

	mutex_lock(&sensor->lock);
	WRITE_ONCE(sensor->limit_mc, limit_mc);
	watch_limit(sensor);
	mutex_unlock(&sensor->lock);
}

/**
 * pumori_sensor_init() - prepare for sampling
 * @pumori: the device
 */
int pumori_sensor_init(struct pumori_device *pumori)
{
	struct pumori_sensor *sensor = drmm_kzalloc(&pumori->drm, sizeof(*sensor), GFP_KERNEL);

	if (!sensor)
		return -ENOMEM;

	sensor->pumori = pumori;
	sensor->limit_mc = PUMORI_TEMPERATURE_MAX_MC;
	sensor->sample.temperature_mc = AMBIENT_MC;
	sensor->time_ns = ktime_get_ns();
	INIT_DEFERRABLE_WORK(&sensor->work, sample_work);
	pumori->sensor = sensor;
	return drmm_mutex_init(&pumori->drm, &sensor->lock);
}

/**
 * pumori_sensor_start() - take a sample each second
 * @pumori: the device, registered
 */
void pumori_sensor_start(struct pumori_device *pumori)
{
	queue_delayed_work(system_unbound_wq, &pumori->sensor->work, msecs_to_jiffies(PERIOD_MS));
}

/**
 * pumori_sensor_stop() - take no sample any more
 * @pumori: the device, unplugged
 */
void pumori_sensor_stop(struct pumori_device *pumori)
{
	cancel_delayed_work_sync(&pumori->sensor->work);
}
