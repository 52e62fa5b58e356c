// SPDX-License-Identifier: GPL-2.0
/* What /proc/PID/fdinfo says of an open file: Documentation/accel/pumori-telemetry.rst. */

#include <linux/dma-resv.h>
#include <linux/idr.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include "pumori_account.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_fdinfo.h"
#include "pumori_gem.h"

/**
 * struct memory - buffers by where they are: in device memory or in system memory
 */
struct memory {
	/** @hbm: those that belong into device memory */
	struct drm_memory_stats hbm;
	/** @host: those that belong into host memory, and what is there of the others */
	struct drm_memory_stats host;
};

static void add_buffer(struct memory *memory, struct drm_gem_object *obj)
{
	struct pumori_bo *bo = to_pumori_bo(obj);
	struct drm_memory_stats *stats = bo->flags & DRM_PUMORI_BO_HBM ? &memory->hbm :
									 &memory->host;
	enum pumori_bo_place place = READ_ONCE(bo->place);

	if (drm_gem_object_is_shared_for_memory_stats(obj))
		stats->shared += obj->size;
	else
		stats->private += obj->size;
	if (place == PUMORI_BO_EVICTED)
		memory->host.resident += obj->size;
	else
		stats->resident += obj->size;
	/* Jobs are explicit users, whose fences nobody else waits for. */
	if (!dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP))
		stats->active += obj->size;
}

static void show_memory(struct drm_printer *printer, struct drm_file *file)
{
	struct drm_gem_object *obj;
	struct memory memory = {};
	int id;

	spin_lock(&file->table_lock);
	idr_for_each_entry(&file->object_idr, obj, id) {
		/* A handle is reserved before its object is there. */
		if (obj)
			add_buffer(&memory, obj);
	}
	spin_unlock(&file->table_lock);

	drm_print_memory_stats(printer, &memory.hbm, DRM_GEM_OBJECT_RESIDENT, "hbm");
	drm_print_memory_stats(printer, &memory.host, DRM_GEM_OBJECT_RESIDENT, "memory");
}

static u32 count(struct xarray *objects)
{
	unsigned long id;
	u32 number = 0;
	void *object;

	xa_for_each(objects, id, object)
		number++;
	return number;
}

/**
 * pumori_show_fdinfo() - &struct drm_driver.show_fdinfo
 * @printer: where
 * @file: whose
 */
void pumori_show_fdinfo(struct drm_printer *printer, struct drm_file *file)
{
	struct pumori_device *pumori = to_pumori_device(file->minor->dev);
	struct pumori_file *pfile = file->driver_priv;
	struct pumori_account *account = pfile->account;
	u32 core;

	for (core = 0; core < pumori->info.cores; core++) {
		drm_printf(printer, "drm-engine-core%u:\t%llu ns\n", core,
			   (u64)atomic64_read(&account->core_busy_ns[core]));
		drm_printf(printer, "drm-cycles-core%u:\t%llu\n", core,
			   (u64)atomic64_read(&account->core_cycles[core]));
		drm_printf(printer, "drm-maxfreq-core%u:\t%llu Hz\n", core,
			   (u64)pumori->info.clock_khz * 1000);
	}
	show_memory(printer, file);
	drm_printf(printer, "pumori-contexts:\t%u\n", count(&pfile->contexts));
	drm_printf(printer, "pumori-queues:\t%u\n", count(&pfile->queues));
	drm_printf(printer, "pumori-jobs:\t%llu\n", (u64)atomic64_read(&account->jobs));
	drm_printf(printer, "pumori-faults:\t%llu\n", (u64)atomic64_read(&account->faults));
}
