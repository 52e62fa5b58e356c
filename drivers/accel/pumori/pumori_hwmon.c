// SPDX-License-Identifier: GPL-2.0
/* Power, energy and temperature for hwmon: Documentation/ABI/testing/sysfs-driver-pumori. */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/hwmon.h>
#include <linux/minmax.h>

#include <drm/drm_drv.h>

#include "pumori_device.h"
#include "pumori_hwmon.h"
#include "pumori_sensor.h"

static umode_t is_visible(const void *data, enum hwmon_sensor_types type, u32 attribute,
			  int channel)
{
	return type == hwmon_temp && attribute == hwmon_temp_max ? 0644 : 0444;
}

static int read_value(struct pumori_device *pumori, enum hwmon_sensor_types type, u32 attribute,
		      long *value)
{
	struct pumori_sample sample;

	pumori_sensor_read(pumori, &sample);
	switch (type) {
	case hwmon_temp:
		*value = attribute == hwmon_temp_max ? pumori_sensor_limit(pumori) :
						       sample.temperature_mc;
		return 0;
	case hwmon_power:
		*value = min_t(u64, (u64)sample.power_mw * 1000, LONG_MAX);
		return 0;
	case hwmon_energy:
		*value = min_t(u64, sample.energy_uj, LONG_MAX);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attribute, int channel,
		      long *value)
{
	struct pumori_device *pumori = dev_get_drvdata(dev);
	int ret, idx;

	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;
	ret = read_value(pumori, type, attribute, value);
	drm_dev_exit(idx);
	return ret;
}

static int hwmon_read_label(struct device *dev, enum hwmon_sensor_types type, u32 attribute,
			    int channel, const char **label)
{
	*label = "package";
	return 0;
}

static int hwmon_write(struct device *dev, enum hwmon_sensor_types type, u32 attribute,
		       int channel, long value)
{
	struct pumori_device *pumori = dev_get_drvdata(dev);
	int idx;

	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;
	pumori_sensor_set_limit(pumori, clamp(value, 0L, 150000L));
	drm_dev_exit(idx);
	return 0;
}

static const struct hwmon_ops operations = {
	.is_visible = is_visible,
	.read = hwmon_read,
	.read_string = hwmon_read_label,
	.write = hwmon_write,
};

static const struct hwmon_channel_info *const channels[] = {
	HWMON_CHANNEL_INFO(temp, HWMON_T_INPUT | HWMON_T_MAX | HWMON_T_LABEL),
	HWMON_CHANNEL_INFO(power, HWMON_P_INPUT | HWMON_P_LABEL),
	HWMON_CHANNEL_INFO(energy, HWMON_E_INPUT | HWMON_E_LABEL),
	NULL
};

static const struct hwmon_chip_info chip = {
	.ops = &operations,
	.info = channels,
};

/**
 * pumori_hwmon_register() - show the sensors as long as the driver is bound
 * @pumori: the device
 */
int pumori_hwmon_register(struct pumori_device *pumori)
{
	struct device *hwmon;

	hwmon = devm_hwmon_device_register_with_info(pumori->drm.dev, "pumori", pumori, &chip,
						     NULL);
	return PTR_ERR_OR_ZERO(hwmon);
}
