// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver engineer wants to see: buffers and mappings of all files, queues with their rings,
 * cores. Text for people, no interface for programs. Injection of faults and forced resets are in
 * pumori_fault_debugfs.c.
 */

#include <linux/dma-resv.h>
#include <linux/idr.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include <pumori/hw.h>

#include "pumori_account.h"
#include "pumori_context.h"
#include "pumori_core.h"
#include "pumori_debugfs.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_gem.h"
#include "pumori_queue.h"
#include "pumori_vm.h"
#include "pumori_vm_internal.h"

static struct drm_device *device_of(struct seq_file *seq)
{
	struct drm_debugfs_entry *entry = seq->private;

	return entry->dev;
}

static void show_gem(struct seq_file *seq, u64 client, int handle, struct drm_gem_object *obj)
{
	static const char *const places[] = {
		[PUMORI_BO_HOST] = "host",
		[PUMORI_BO_HBM] = "hbm",
		[PUMORI_BO_EVICTED] = "evicted",
	};
	struct pumori_bo *bo = to_pumori_bo(obj);

	seq_printf(seq, "%6llu %6d %12zu %-8s %8s %#x\n", client, handle, obj->size,
		   places[READ_ONCE(bo->place)], bo->owner ? "private" : "shared", bo->flags);
}

static int gems_show(struct seq_file *seq, void *unused)
{
	struct drm_device *drm = device_of(seq);
	struct drm_gem_object *obj;
	struct drm_file *file;
	int handle;

	seq_puts(seq, "client handle        bytes place    sharing  flags\n");
	mutex_lock(&drm->filelist_mutex);
	list_for_each_entry(file, &drm->filelist, lhead) {
		spin_lock(&file->table_lock);
		idr_for_each_entry(&file->object_idr, obj, handle) {
			if (obj)
				show_gem(seq, file->client_id, handle, obj);
		}
		spin_unlock(&file->table_lock);
	}
	mutex_unlock(&drm->filelist_mutex);
	return 0;
}

static void show_vm(struct seq_file *seq, struct drm_file *file, unsigned long id)
{
	struct pumori_vm *vm = pumori_vm_lookup(file->driver_priv, id);

	if (!vm)
		return;
	seq_printf(seq, "client %llu, VM %lu, address space %u%s\n", file->client_id, id,
		   vm->address_space, pumori_vm_is_banned(vm) ? ", banned" : "");
	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	drm_debugfs_gpuva_info(seq, &vm->base);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));
	pumori_vm_put(vm);
}

static int vas_show(struct seq_file *seq, void *unused)
{
	struct drm_device *drm = device_of(seq);
	struct drm_file *file;

	mutex_lock(&drm->filelist_mutex);
	list_for_each_entry(file, &drm->filelist, lhead) {
		struct pumori_file *pfile = file->driver_priv;
		struct pumori_vm *vm;
		unsigned long id;

		xa_for_each(&pfile->vms, id, vm)
			show_vm(seq, file, id);
	}
	mutex_unlock(&drm->filelist_mutex);
	return 0;
}

static void show_queue(struct seq_file *seq, struct pumori_queue *queue)
{
	const struct pumori_hw_completion *completion = queue->completion;
	const struct pumori_hw_queue *descriptor = queue->descriptor.address;

	seq_printf(seq, "%5u %4u %7u %8u %6u %9llu %9llu %12llu %14llu %s\n", queue->id,
		   queue->core->index, pumori_context_number(queue->context),
		   descriptor->priority, READ_ONCE(descriptor->tail),
		   READ_ONCE(queue->sequence), READ_ONCE(completion->sequence),
		   READ_ONCE(completion->progress), READ_ONCE(completion->busy_ns),
		   atomic_read(&queue->banned) ? "banned" : "");
}

static int queues_show(struct seq_file *seq, void *unused)
{
	struct pumori_device *pumori = to_pumori_device(device_of(seq));
	struct pumori_queue *queue;
	unsigned long id;

	seq_puts(seq, "queue core context priority   tail submitted  finished     progress        busy_ns\n");
	rcu_read_lock();
	xa_for_each(&pumori->queues, id, queue) {
		if (kref_get_unless_zero(&queue->kref)) {
			show_queue(seq, queue);
			pumori_queue_put(queue);
		}
	}
	rcu_read_unlock();
	return 0;
}

static void show_ring(struct seq_file *seq, struct pumori_queue *queue)
{
	const struct pumori_hw_command *ring = queue->ring.address;
	u32 tail = READ_ONCE(queue->tail), head = READ_ONCE(queue->completion->head);
	u32 i;

	seq_printf(seq, "queue %u: head %u, tail %u\n", queue->id, head, tail);
	/* The chip writes the head: it is believed only as far as the ring goes. */
	for (i = tail - min(tail - head, (u32)PUMORI_QUEUE_RING_ENTRIES); i != tail; i++) {
		const struct pumori_hw_command *command = &ring[i % PUMORI_QUEUE_RING_ENTRIES];

		seq_printf(seq, "  %u: sequence %llu, program %u, entry %u, flags %#x, budget %llu\n",
			   i, command->sequence, command->program, command->entry,
			   command->flags, command->budget_units);
	}
}

static int rings_show(struct seq_file *seq, void *unused)
{
	struct pumori_device *pumori = to_pumori_device(device_of(seq));
	struct pumori_queue *queue;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&pumori->queues, id, queue) {
		if (kref_get_unless_zero(&queue->kref)) {
			show_ring(seq, queue);
			pumori_queue_put(queue);
		}
	}
	rcu_read_unlock();
	return 0;
}

static void show_core(struct seq_file *seq, struct pumori_core *core)
{
	struct pumori_device *pumori = core->pumori;
	u32 c = core->index;

	seq_printf(seq, "%4u %6x %6u %7d %6u %8u %8u %12llu %14llu %14llu\n", c,
		   pumori_read(pumori, PUMORI_HW_CORE(c, PUMORI_HW_CORE_STATUS)),
		   READ_ONCE(core->queue_count), atomic_read(&core->pending),
		   READ_ONCE(core->resets), READ_ONCE(core->control_tail),
		   READ_ONCE(core->event_head),
		   pumori_read64(pumori, PUMORI_HW_CORE(c, PUMORI_HW_CORE_JOBS)),
		   pumori_read64(pumori, PUMORI_HW_CORE(c, PUMORI_HW_CORE_CYCLES)),
		   pumori_read64(pumori, PUMORI_HW_CORE(c, PUMORI_HW_CORE_BUSY_NS)));
}

static int cores_show(struct seq_file *seq, void *unused)
{
	struct pumori_device *pumori = to_pumori_device(device_of(seq));
	u32 core;
	int idx;

	if (!drm_dev_enter(&pumori->drm, &idx))
		return -ENODEV;
	seq_puts(seq, "core status queues pending resets  control   events         jobs         cycles        busy_ns\n");
	for (core = 0; core < pumori->info.cores; core++)
		show_core(seq, pumori->core[core]);
	drm_dev_exit(idx);
	return 0;
}

static const struct drm_debugfs_info files[] = {
	{ "gems", gems_show },
	{ "vas", vas_show },
	{ "queues", queues_show },
	{ "rings", rings_show },
	{ "cores", cores_show },
};

/**
 * pumori_debugfs_init() - make the files
 * @drm: the device
 */
void pumori_debugfs_init(struct drm_device *drm)
{
	drm_debugfs_add_files(drm, files, ARRAY_SIZE(files));
}
