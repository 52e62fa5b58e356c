// SPDX-License-Identifier: GPL-2.0
/* Attributes of the parent device: Documentation/ABI/testing/sysfs-driver-pumori. */

#include <linux/device.h>
#include <linux/math64.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include <drm/drm_drv.h>

#include "pumori_device.h"
#include "pumori_sensor.h"
#include "pumori_sysfs.h"

typedef u64 (*read_number)(struct pumori_device *pumori);

static ssize_t show_number(struct device *dev, char *page, read_number read)
{
	struct pumori_device *pumori = dev_get_drvdata(dev);
	ssize_t ret;
	int idx;

	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;
	ret = sysfs_emit(page, "%llu\n", read(pumori));
	drm_dev_exit(idx);
	return ret;
}

#define NUMBER(name)									\
	static ssize_t name##_show(struct device *dev, struct device_attribute *attribute, \
				   char *page)						\
	{										\
		return show_number(dev, page, read_##name);				\
	}										\
	static DEVICE_ATTR_RO(name)

static u64 read_npu_busy_time_us(struct pumori_device *pumori)
{
	u64 busy_ns = 0;
	u32 core;

	for (core = 0; core < pumori->info.cores; core++)
		busy_ns += pumori_read64(pumori, PUMORI_HW_CORE(core, PUMORI_HW_CORE_BUSY_NS));
	return div_u64(busy_ns, NSEC_PER_USEC);
}
NUMBER(npu_busy_time_us);

static u64 read_npu_busy_percent(struct pumori_device *pumori)
{
	struct pumori_sample sample;

	pumori_sensor_read(pumori, &sample);
	return sample.busy_percent;
}
NUMBER(npu_busy_percent);

static u64 read_npu_memory_total(struct pumori_device *pumori)
{
	return pumori->info.hbm_bytes;
}
NUMBER(npu_memory_total);

static u64 read_npu_memory_utilization(struct pumori_device *pumori)
{
	u64 used;

	mutex_lock(&pumori->hbm_lock);
	used = pumori->hbm_used;
	mutex_unlock(&pumori->hbm_lock);
	return used;
}
NUMBER(npu_memory_utilization);

static u64 read_npu_cores(struct pumori_device *pumori)
{
	return pumori->info.cores;
}
NUMBER(npu_cores);

static u64 read_npu_serial(struct pumori_device *pumori)
{
	return pumori->info.serial;
}
NUMBER(npu_serial);

static struct attribute *pumori_sysfs_attrs[] = {
	&dev_attr_npu_busy_time_us.attr,
	&dev_attr_npu_busy_percent.attr,
	&dev_attr_npu_memory_total.attr,
	&dev_attr_npu_memory_utilization.attr,
	&dev_attr_npu_cores.attr,
	&dev_attr_npu_serial.attr,
	NULL
};

static const struct attribute_group pumori_sysfs_group = {
	.attrs = pumori_sysfs_attrs,
};

const struct attribute_group *pumori_sysfs_groups[] = {
	&pumori_sysfs_group,
	NULL
};
