// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: The soft socket
 *
 * The chip as software: a platform device an instance, a kernel thread a core. To everything above
 * struct pumori_bus_ops it is a device like any other. This and the other pumori_soft files are the
 * only ones that know the chip's sources.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/random.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "pumori_drv.h"
#include "pumori_pm.h"
#include "pumori_soft.h"
#include "pumori_soft_internal.h"
#include "pumori_sysfs.h"
#include "silicon/kernels.h"

#define MAX_DEVICES	16
/* A host of ordinary speed: on slower ones time limits are stretched to the same work. */
#define UNITS_PER_MS_FLOOR	20000

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "number of devices (default 1)");

static struct pumori_soft_parameters parameters = {
	.cores = 2,
	.slots = 4,
	.instructions = 65536,
};
module_param_named(cores, parameters.cores, uint, 0444);
MODULE_PARM_DESC(cores, "cores a device (default 2)");
module_param_named(slots, parameters.slots, uint, 0444);
MODULE_PARM_DESC(slots, "context slots a core, 26 MiB each once used (default 4)");
module_param_named(hbm_mb, parameters.hbm_mb, uint, 0444);
MODULE_PARM_DESC(hbm_mb, "device memory in MiB, used as needed (default a quarter of RAM)");
module_param_named(program_instructions, parameters.instructions, uint, 0444);
MODULE_PARM_DESC(program_instructions, "instructions that fit into the device (default 65536)");

static char *kernels = "best";
module_param(kernels, charp, 0444);
MODULE_PARM_DESC(kernels, "numeric kernels: best, generic, avx2 or avx512 (default best)");
static char *cpumask = "";
module_param(cpumask, charp, 0444);
MODULE_PARM_DESC(cpumask, "list of CPUs that the cores' threads may use (default all)");

static struct platform_device *platform_devices[MAX_DEVICES];

static u32 soft_read(struct pumori_bus *bus, u32 offset)
{
	return silicon_register_read(to_pumori_soft(bus)->chip, offset);
}

static void soft_write(struct pumori_bus *bus, u32 offset, u32 value)
{
	struct pumori_soft *soft = to_pumori_soft(bus);
	u32 core;

	silicon_register_write(soft->chip, offset, value);

	if (offset >= PUMORI_HW_REG_CORE_BASE) {
		pumori_soft_core_wake(soft, (offset - PUMORI_HW_REG_CORE_BASE) /
					    PUMORI_HW_REG_CORE_STRIDE);
	} else if (offset == PUMORI_HW_REG_DEVICE_RESET) {
		for (core = 0; core < soft->core_count; core++)
			pumori_soft_core_wake(soft, core);
	}
}

static void soft_doorbell(struct pumori_bus *bus, u32 core, u32 queue)
{
	struct pumori_soft *soft = to_pumori_soft(bus);

	silicon_doorbell(soft->chip, queue);
	pumori_soft_core_wake(soft, core);
}

static int soft_pause(struct pumori_bus *bus)
{
	return pumori_soft_cores_park(to_pumori_soft(bus));
}

static void soft_resume(struct pumori_bus *bus)
{
	pumori_soft_cores_unpark(to_pumori_soft(bus));
}

static void soft_stop(struct pumori_bus *bus)
{
	pumori_soft_cores_stop(to_pumori_soft(bus));
}

const struct pumori_bus_ops pumori_soft_bus_ops = {
	.name = "soft",
	.read = soft_read,
	.write = soft_write,
	.doorbell = soft_doorbell,
	.map_page = pumori_soft_map_page,
	.map_memory = pumori_soft_map_memory,
	.unmap_page = pumori_soft_unmap_page,
	.hbm_populate = pumori_soft_hbm_populate,
	.hbm_release = pumori_soft_hbm_release,
	.hbm_read = pumori_soft_hbm_read,
	.hbm_write = pumori_soft_hbm_write,
	.hbm_frame = pumori_soft_hbm_frame,
	.prepare_queue = pumori_soft_prepare_queue,
	.pause = soft_pause,
	.resume = soft_resume,
	.stop = soft_stop,
};

static u64 soft_time(void *context)
{
	return ktime_get_ns();
}

static const struct silicon_kernels *choose_kernels(const char *name)
{
	static const char *const names[] = {
		[SILICON_KERNELS_BEST] = "best",
		[SILICON_KERNELS_GENERIC] = "generic",
		[SILICON_KERNELS_AVX2] = "avx2",
		[SILICON_KERNELS_AVX512] = "avx512",
	};
	int choice = match_string(names, ARRAY_SIZE(names), name);

	if (choice < 0)
		return NULL;
	return silicon_kernels_select(choice, pumori_soft_host_features());
}

static u64 hbm_bytes(void)
{
	u64 ram = (u64)totalram_pages() << PAGE_SHIFT;
	u64 bytes = parameters.hbm_mb ? (u64)parameters.hbm_mb << 20 : ram / 4;

	return round_down(bytes, BIT_ULL(PUMORI_HW_HUGE_SHIFT));
}

static void free_chip(struct drm_device *drm, void *data)
{
	struct pumori_soft *soft = data;
	u32 core, slot;

	for (core = 0; core < soft->core_count; core++) {
		for (slot = 0; slot < soft->cores[core].slots; slot++)
			vfree(soft->cores[core].slot_memory[slot]);
	}
	vfree(soft->store);
	vfree(soft->chip_memory);
	pumori_soft_hbm_fini(soft);
	pumori_soft_bus_fini(soft);
	mutex_destroy(&soft->slots_lock);
}

static int make_chip(struct pumori_soft *soft, u64 serial)
{
	struct drm_device *drm = &soft->base.drm;
	struct silicon_config config = {
		.cores = parameters.cores,
		.slots = parameters.slots,
		.instructions = parameters.instructions,
		.hbm_bytes = hbm_bytes(),
		.serial = serial,
		.host = {
			.context = soft,
			.bus = pumori_soft_bus_pointer,
			.hbm = pumori_soft_hbm_pointer,
			.time = soft_time,
		},
	};

	config.kernels = choose_kernels(kernels);
	if (!config.kernels) {
		drm_err(drm, "kernels=%s is not known or not possible on this machine\n", kernels);
		return -EINVAL;
	}
	soft->kernels = config.kernels;

	if (pumori_soft_hbm_init(soft, config.hbm_bytes))
		return -ENOMEM;
	soft->chip_memory = pumori_soft_alloc(silicon_device_bytes(&config));
	soft->store = pumori_soft_alloc(silicon_store_bytes(&config));
	if (!soft->chip_memory || !soft->store)
		return -ENOMEM;

	get_random_bytes(config.secret, sizeof(config.secret));
	soft->chip = silicon_device_create(&config, soft->chip_memory, soft->store);
	if (!soft->chip) {
		drm_err(drm, "module parameters are out of range\n");
		return -EINVAL;
	}
	return 0;
}

static int pumori_soft_probe(struct platform_device *platform)
{
	struct pumori_soft *soft;
	u32 core;
	int ret;

	if (!parameters.cores || parameters.cores > PUMORI_HW_MAX_CORES || !parameters.slots ||
	    parameters.slots > PUMORI_HW_MAX_SLOTS ||
	    hbm_bytes() > (u64)totalram_pages() << PAGE_SHIFT) {
		dev_err(&platform->dev, "module parameters are out of range\n");
		return -EINVAL;
	}

	soft = devm_drm_dev_alloc(&platform->dev, &pumori_drm_driver, struct pumori_soft, base.drm);
	if (IS_ERR(soft))
		return PTR_ERR(soft);
	platform_set_drvdata(platform, &soft->base);

	soft->bus.ops = &pumori_soft_bus_ops;
	soft->bus.units_per_ms_floor = UNITS_PER_MS_FLOOR;
	mutex_init(&soft->slots_lock);
	pumori_soft_bus_init(soft);
	for (core = 0; core < parameters.cores; core++) {
		soft->cores[core].soft = soft;
		soft->cores[core].index = core;
		init_waitqueue_head(&soft->cores[core].wait);
	}
	soft->core_count = parameters.cores;
	ret = drmm_add_action_or_reset(&soft->base.drm, free_chip, soft);
	if (ret)
		return ret;

	ret = make_chip(soft, platform->id + 1);
	if (ret)
		return ret;
	ret = pumori_soft_calibrate(soft);
	if (ret)
		return ret;
	ret = pumori_device_init(&soft->base, &soft->bus);
	if (ret)
		return ret;
	ret = pumori_soft_cores_start(soft, cpumask);
	if (ret)
		return ret;

	ret = pumori_device_register(&soft->base);
	if (ret)
		pumori_soft_cores_stop(soft);
	return ret;
}

static void pumori_soft_remove(struct platform_device *platform)
{
	pumori_device_unplug(platform_get_drvdata(platform));
}

static int soft_suspend(struct device *dev)
{
	return pumori_pm_suspend(dev_get_drvdata(dev));
}

static int soft_wake_up(struct device *dev)
{
	return pumori_pm_resume(dev_get_drvdata(dev));
}

static int soft_runtime_suspend(struct device *dev)
{
	struct pumori_device *pumori = dev_get_drvdata(dev);

	return soft_pause(pumori->bus);
}

static int soft_runtime_resume(struct device *dev)
{
	struct pumori_device *pumori = dev_get_drvdata(dev);

	soft_resume(pumori->bus);
	return 0;
}

static const struct dev_pm_ops soft_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(soft_suspend, soft_wake_up)
	RUNTIME_PM_OPS(soft_runtime_suspend, soft_runtime_resume, NULL)
};

static struct platform_driver pumori_soft_driver = {
	.probe = pumori_soft_probe,
	.remove = pumori_soft_remove,
	.driver = {
		.name = "pumori",
		.dev_groups = pumori_sysfs_groups,
		.pm = pm_ptr(&soft_pm_ops),
	},
};

/**
 * pumori_soft_register() - make the devices that the module parameters ask for
 */
int pumori_soft_register(void)
{
	unsigned int i;
	int ret;

	if (devices > MAX_DEVICES) {
		pr_err("pumori: at most %u devices\n", MAX_DEVICES);
		return -EINVAL;
	}

	ret = platform_driver_register(&pumori_soft_driver);
	if (ret)
		return ret;

	for (i = 0; i < devices; i++) {
		platform_devices[i] = platform_device_register_simple("pumori", i, NULL, 0);
		if (IS_ERR(platform_devices[i])) {
			ret = PTR_ERR(platform_devices[i]);
			platform_devices[i] = NULL;
			pumori_soft_unregister();
			return ret;
		}
		/* Registering does not report how probing went. */
		if (!platform_get_drvdata(platform_devices[i])) {
			pumori_soft_unregister();
			return -ENODEV;
		}
	}
	return 0;
}

/**
 * pumori_soft_unregister() - undo pumori_soft_register()
 */
void pumori_soft_unregister(void)
{
	unsigned int i;

	for (i = 0; i < devices; i++)
		platform_device_unregister(platform_devices[i]);
	platform_driver_unregister(&pumori_soft_driver);
}
