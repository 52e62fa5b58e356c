// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Queues
 *
 * A queue is a ring that one core serves, with a scheduler of its own in front. The scheduler
 * carries dependencies alone: priorities and fairness are the chip's, and time limits are the
 * watchdog's (see pumori_watchdog.c), so its time-out is never set.
 *
 * The unit of blame is the queue: after a fault or a hang it is killed on the chip, which then
 * answers every command with PUMORI_HW_JOB_CANCELED, and it takes no submission until it is
 * destroyed.
 */

#include <linux/capability.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/pumori_accel.h>

#include "pumori_compat.h"
#include "pumori_context.h"
#include "pumori_core.h"
#include "pumori_coredump.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_gem.h"
#include "pumori_job.h"
#include "pumori_query.h"
#include "pumori_queue.h"
#include "pumori_reset.h"
#include "pumori_ring.h"
#include "pumori_vm.h"

#define QUEUE_IDS	XA_LIMIT(1, PUMORI_HW_QUEUE_IDS - 1)
/* How long the destruction of a queue waits for the scheduler. */
#define FREE_TIMEOUT_MS	1000
/* Device time before the next queue of the same priority is served. */
#define QUANTUM_MS	2

static void free_job_pages(struct pumori_queue *queue)
{
	struct pumori_job_page *page, *next;

	list_for_each_entry_safe(page, next, &queue->job_pages, link) {
		pumori_shared_free(queue->pumori->bus, &page->shared);
		kfree(page);
	}
}

static void queue_free_memory(struct pumori_queue *queue)
{
	struct pumori_bus *bus = queue->pumori->bus;

	free_job_pages(queue);
	pumori_save_free(&queue->save, bus);
	pumori_shared_free(bus, &queue->ring);
	pumori_shared_free(bus, &queue->descriptor);
	if (queue->completion_bo)
		drm_gem_object_put(&queue->completion_bo->base);
}

static void queue_release_work(struct work_struct *work)
{
	struct pumori_queue *queue = container_of(work, struct pumori_queue, release);

	drm_sched_fini(&queue->sched);
	queue_free_memory(queue);
	mutex_destroy(&queue->submit_lock);
	/* May free the device. */
	pumori_context_put(queue->context);
	kfree_rcu(queue, rcu);
}

static void queue_release(struct kref *kref)
{
	struct pumori_queue *queue = container_of(kref, struct pumori_queue, kref);

	/* The last reference may be dropped by the scheduler that is to be freed. */
	queue_work(pumori_release_wq, &queue->release);
}

/**
 * pumori_queue_get() - take a reference
 * @queue: the queue
 */
struct pumori_queue *pumori_queue_get(struct pumori_queue *queue)
{
	kref_get(&queue->kref);
	return queue;
}

/**
 * pumori_queue_put() - drop a reference
 * @queue: the queue, or NULL
 *
 * Any context.
 */
void pumori_queue_put(struct pumori_queue *queue)
{
	if (queue)
		kref_put(&queue->kref, queue_release);
}

/**
 * pumori_queue_lookup() - find a queue of a file and take a reference
 * @pfile: the file
 * @id: id of the queue in the file
 */
struct pumori_queue *pumori_queue_lookup(struct pumori_file *pfile, u32 id)
{
	struct pumori_queue *queue;

	xa_lock(&pfile->queues);
	queue = xa_load(&pfile->queues, id);
	if (queue)
		kref_get(&queue->kref);
	xa_unlock(&pfile->queues);
	return queue;
}

/* The core's list as the chip should see it. On a lost device there is nobody to tell. */
static int write_runlist(struct pumori_core *core)
{
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_RUNLIST,
		.address = core->runlist.bus_address,
		.length = core->queue_count,
	};
	u64 *list = core->runlist.address;
	struct pumori_queue *queue;
	int ret;

	lockdep_assert_held(&core->queues_lock);

	list_for_each_entry(queue, &core->queues, core_link)
		*list++ = queue->descriptor.bus_address;

	ret = pumori_control_execute(core, &command, NULL);
	if (ret > 0) {
		drm_err(&core->pumori->drm, "core %u refused its run list: %d\n", core->index, ret);
		ret = -EIO;
	}
	return ret;
}

static int attach(struct pumori_queue *queue)
{
	struct pumori_core *core = queue->core;
	int ret;

	mutex_lock(&core->queues_lock);
	if (core->queue_count == PUMORI_HW_MAX_QUEUES) {
		ret = -ENOSPC;
		goto out_unlock;
	}
	list_add_tail(&queue->core_link, &core->queues);
	core->queue_count++;
	ret = write_runlist(core);
	if (ret) {
		list_del_init(&queue->core_link);
		core->queue_count--;
	}
out_unlock:
	mutex_unlock(&core->queues_lock);
	return ret;
}

/*
 * Afterwards the chip touches nothing of the queue: it has said so, or it was reset or stopped. A
 * reset of the device may have been first.
 */
static void detach(struct pumori_queue *queue)
{
	struct pumori_core *core = queue->core;
	int ret = 0;

	mutex_lock(&core->queues_lock);
	if (!list_empty(&queue->core_link)) {
		list_del_init(&queue->core_link);
		core->queue_count--;
		ret = write_runlist(core);
	}
	mutex_unlock(&core->queues_lock);
	if (ret && !pumori_device_is_lost(queue->pumori) && !READ_ONCE(core->closed))
		pumori_reset_demand_device(queue->pumori);
}

/* Whether jobs of the core may have to make room for each other. */
static bool is_crowded(const struct pumori_core *core)
{
	return READ_ONCE(core->queue_count) > core->pumori->info.slots;
}

/**
 * pumori_queue_reserve() - see to it that a job can be saved in its middle
 * @queue: the queue
 * @footprint: bytes of SBUF and PSUM, of all partitions, that its program declares
 */
int pumori_queue_reserve(struct pumori_queue *queue, u32 footprint)
{
	u64 bytes = (u64)queue->pumori->info.save_bytes + footprint;

	if (!pumori_save_want(&queue->save, bytes))
		return 0;
	/* Told before the count is looked at: whoever makes the core crowded provides for it, else. */
	smp_mb();
	return is_crowded(queue->core) ? pumori_save_provide(&queue->save, queue->pumori->bus) : 0;
}

/* The core has become crowded: jobs that are there already have no area to be saved to. */
static int provide_for_all(struct pumori_core *core)
{
	struct pumori_queue **queues, *queue;
	u32 count = 0, i;
	int ret = 0;

	if (!is_crowded(core))
		return 0;
	queues = kvcalloc(PUMORI_HW_MAX_QUEUES, sizeof(*queues), GFP_KERNEL);
	if (!queues)
		return -ENOMEM;

	mutex_lock(&core->queues_lock);
	list_for_each_entry(queue, &core->queues, core_link)
		queues[count++] = pumori_queue_get(queue);
	mutex_unlock(&core->queues_lock);
	/* The count before what was wanted: pumori_queue_reserve() looks in the other order. */
	smp_mb();
	for (i = 0; i < count; i++) {
		if (!ret)
			ret = pumori_save_provide(&queues[i]->save, core->pumori->bus);
		pumori_queue_put(queues[i]);
	}
	kvfree(queues);
	return ret;
}

static int kill_on_chip(struct pumori_queue *queue)
{
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
		.target = queue->id,
		.argument = PUMORI_HW_JOB_KILLED,
	};

	return pumori_control_execute(queue->core, &command, NULL);
}

/* Ends what the queue has on the chip, and its being there. */
static void stop(struct pumori_queue *queue)
{
	kill_on_chip(queue);
	pumori_queue_complete(queue);
	detach(queue);
}

static void kill_work(struct work_struct *work)
{
	struct pumori_queue *queue = container_of(work, struct pumori_queue, kill);
	bool cookie = dma_fence_begin_signalling();

	pumori_coredump_take(queue->pumori, queue, queue->ban_status == PUMORI_HW_JOB_DEVICE_LOST ?
			     "the chip lost jobs of a queue" : "a queue is killed");
	stop(queue);
	pumori_queue_cancel(queue, queue->ban_status);
	dma_fence_end_signalling(cookie);
	pumori_queue_put(queue);
}

/**
 * pumori_queue_ban() - kill a queue and let it run nothing any more
 * @queue: the queue
 * @status: PUMORI_HW_JOB_* of jobs of which the chip does not say how they ended
 *
 * Any context.
 */
void pumori_queue_ban(struct pumori_queue *queue, u32 status)
{
	if (atomic_xchg(&queue->banned, 1))
		return;

	queue->ban_status = status;
	drm_dbg(&queue->pumori->drm, "queue %u is banned\n", queue->id);
	pumori_queue_get(queue);
	queue_work(queue->pumori->sched_wq, &queue->kill);
}

/**
 * pumori_queue_take_job_page() - get memory for a job descriptor
 * @queue: the queue
 */
struct pumori_job_page *pumori_queue_take_job_page(struct pumori_queue *queue)
{
	struct pumori_job_page *page;

	spin_lock_irq(&queue->lock);
	page = list_first_entry_or_null(&queue->job_pages, struct pumori_job_page, link);
	if (page)
		list_del(&page->link);
	spin_unlock_irq(&queue->lock);
	if (page)
		return page;

	page = kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);
	if (!page)
		return NULL;
	if (pumori_shared_alloc(queue->pumori->bus, &page->shared)) {
		kfree(page);
		return NULL;
	}
	return page;
}

/**
 * pumori_queue_return_job_page() - give the memory of an ended job back
 * @queue: the queue
 * @page: from pumori_queue_take_job_page(), or NULL
 */
void pumori_queue_return_job_page(struct pumori_queue *queue, struct pumori_job_page *page)
{
	unsigned long flags;

	if (!page)
		return;
	spin_lock_irqsave(&queue->lock, flags);
	list_add(&page->link, &queue->job_pages);
	spin_unlock_irqrestore(&queue->lock, flags);
}

static struct pumori_core *choose_core(struct pumori_device *pumori, u32 core)
{
	struct pumori_core *best = pumori->core[0];
	u32 i;

	if (core != DRM_PUMORI_CORE_ANY)
		return pumori->core[array_index_nospec(core, pumori->info.cores)];

	for (i = 1; i < pumori->info.cores; i++) {
		if (READ_ONCE(pumori->core[i]->queue_count) < READ_ONCE(best->queue_count))
			best = pumori->core[i];
	}
	return best;
}

static int alloc_memory(struct pumori_queue *queue, u32 priority)
{
	struct pumori_device *pumori = queue->pumori;
	struct pumori_vm *vm = pumori_context_vm(queue->context);
	struct pumori_hw_queue *descriptor;
	struct pumori_bo *bo;
	int ret;

	ret = pumori_shared_alloc(pumori->bus, &queue->descriptor);
	if (!ret)
		ret = pumori_shared_alloc(pumori->bus, &queue->ring);
	if (ret)
		return ret;

	bo = pumori_bo_create(pumori, PAGE_SIZE, 0, NULL);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	bo->read_only = true;
	queue->completion_bo = bo;
	queue->completion = page_address(bo->pages[0]);
	ret = drm_gem_create_mmap_offset(&bo->base);
	if (ret)
		return ret;

	descriptor = queue->descriptor.address;
	descriptor->address_space = pumori_vm_address_space(vm);
	descriptor->page_table = pumori_vm_root(vm);
	descriptor->ring = queue->ring.bus_address;
	descriptor->completion = bo->bus_addresses[0];
	descriptor->ring_entries = PUMORI_QUEUE_RING_ENTRIES;
	descriptor->priority = priority;
	descriptor->quantum_units = pumori_read(pumori, PUMORI_HW_REG_UNITS_PER_MS) * QUANTUM_MS;
	return pumori_save_begin(&queue->save, pumori->bus, &descriptor->save_area);
}

static int init_scheduler(struct pumori_queue *queue)
{
	struct drm_gpu_scheduler *sched = &queue->sched;
	struct drm_sched_init_args args = {
		.ops = &pumori_sched_ops,
		.submit_wq = queue->pumori->sched_wq,
		.timeout_wq = queue->pumori->sched_wq,
		.num_rqs = 1,
		.credit_limit = PUMORI_QUEUE_CREDITS,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "pumori-queue",
		.dev = queue->pumori->drm.dev,
	};
	int ret;

	ret = pumori_sched_init(sched, &args);
	if (ret)
		return ret;

	ret = drm_sched_entity_init(&queue->entity, DRM_SCHED_PRIORITY_KERNEL, &sched, 1, NULL);
	if (ret)
		drm_sched_fini(sched);
	return ret;
}

static struct pumori_queue *queue_create(struct pumori_device *pumori,
					 struct pumori_context *context, struct drm_file *file,
					 const struct drm_pumori_queue_create *args)
{
	struct pumori_queue *queue;
	int ret;

	queue = kzalloc(sizeof(*queue), GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);

	kref_init(&queue->kref);
	mutex_init(&queue->submit_lock);
	spin_lock_init(&queue->lock);
	init_waitqueue_head(&queue->ended);
	init_waitqueue_head(&queue->drained);
	INIT_LIST_HEAD(&queue->running);
	INIT_LIST_HEAD(&queue->job_pages);
	INIT_LIST_HEAD(&queue->core_link);
	pumori_save_init(&queue->save);
	INIT_WORK(&queue->kill, kill_work);
	INIT_WORK(&queue->release, queue_release_work);
	queue->pumori = pumori;
	queue->context = context;
	queue->core = choose_core(pumori, args->core);
	queue->file = file;
	get_task_comm(queue->process, current);
	queue->pid = task_tgid_nr(current);
	queue->fence_context = dma_fence_context_alloc(1);

	ret = pumori_context_add_queue(context, queue->core->index);
	if (ret)
		goto err_free;
	ret = pumori->bus->ops->prepare_queue(pumori->bus, queue->core->index);
	if (ret)
		goto err_remove_queue;
	ret = alloc_memory(queue, args->priority);
	if (ret)
		goto err_remove_queue;
	ret = init_scheduler(queue);
	if (ret)
		goto err_remove_queue;
	ret = drm_vma_node_allow(&queue->completion_bo->base.vma_node, file);
	if (ret)
		goto err_fini_scheduler;
	/* Ids are not used again soon: an event of a queue that is gone may still be in a ring. */
	xa_lock_irq(&pumori->queues);
	ret = __xa_alloc_cyclic(&pumori->queues, &queue->id, queue, QUEUE_IDS, &pumori->next_queue,
				GFP_KERNEL_ACCOUNT);
	xa_unlock_irq(&pumori->queues);
	if (ret < 0)
		goto err_revoke;
	((struct pumori_hw_queue *)queue->descriptor.address)->id = queue->id;

	ret = attach(queue);
	if (ret)
		goto err_erase;
	pumori_context_get(context);
	ret = provide_for_all(queue->core);
	if (ret) {
		pumori_queue_destroy(queue);
		return ERR_PTR(ret);
	}
	return queue;

err_erase:
	xa_erase_irq(&pumori->queues, queue->id);
	/* Whoever found the queue before has let go of it. */
	synchronize_rcu();
err_revoke:
	drm_vma_node_revoke(&queue->completion_bo->base.vma_node, file);
err_fini_scheduler:
	drm_sched_entity_fini(&queue->entity);
	drm_sched_fini(&queue->sched);
err_remove_queue:
	pumori_context_remove_queue(context, queue->core->index);
err_free:
	queue_free_memory(queue);
	mutex_destroy(&queue->submit_lock);
	kfree(queue);
	return ERR_PTR(ret);
}

/**
 * pumori_queue_destroy() - end a queue and its jobs, and drop the caller's reference
 * @queue: the queue, which its file does not know any more
 */
void pumori_queue_destroy(struct pumori_queue *queue)
{
	struct pumori_device *pumori = queue->pumori;

	mutex_lock(&queue->submit_lock);
	queue->closed = true;
	mutex_unlock(&queue->submit_lock);
	/* A kill that came later would hit whatever has the id then. */
	atomic_set(&queue->banned, 1);
	flush_work(&queue->kill);

	/* Jobs that the chip has end now, those that wait for something never start. */
	stop(queue);
	pumori_queue_cancel(queue, pumori_device_is_lost(pumori) ? PUMORI_HW_JOB_DEVICE_LOST :
								   PUMORI_HW_JOB_CANCELED);
	drm_sched_entity_fini(&queue->entity);
	pumori_queue_finish_page(queue);
	/* The scheduler frees ended jobs when it comes to it, and with them what they hold. */
	wait_event_timeout(queue->drained, !atomic_read(&queue->started),
			   msecs_to_jiffies(FREE_TIMEOUT_MS));
	drm_vma_node_revoke(&queue->completion_bo->base.vma_node, queue->file);
	queue->file = NULL;
	pumori_context_remove_queue(queue->context, queue->core->index);
	xa_erase_irq(&pumori->queues, queue->id);
	pumori_queue_put(queue);
}

/**
 * pumori_ioctl_queue_create() - DRM_IOCTL_PUMORI_QUEUE_CREATE
 * @drm: the device
 * @data: struct drm_pumori_queue_create
 * @file: the caller
 */
int pumori_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_device *pumori = to_pumori_device(drm);
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_queue_create *args = data;
	struct pumori_context *context;
	struct pumori_queue *queue;
	int ret, idx;

	if (args->flags) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}
	if (args->core != DRM_PUMORI_CORE_ANY && args->core >= pumori->info.cores) {
		drm_dbg(drm, "no core %u\n", args->core);
		return -EINVAL;
	}
	if (args->priority > DRM_PUMORI_PRIORITY_REALTIME) {
		drm_dbg(drm, "no priority %u\n", args->priority);
		return -EINVAL;
	}
	if (!(pumori_priorities_allowed() & BIT(args->priority))) {
		drm_dbg(drm, "priority %u needs CAP_SYS_NICE\n", args->priority);
		return -EACCES;
	}

	context = pumori_context_lookup(pfile, args->context_id);
	if (!context)
		return -ENOENT;
	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_put_context;
	}
	if (pumori_vm_is_banned(pumori_context_vm(context))) {
		ret = -ECANCELED;
		goto out_exit;
	}

	queue = queue_create(pumori, context, file, args);
	if (IS_ERR(queue)) {
		ret = PTR_ERR(queue);
		goto out_exit;
	}
	args->assigned_core = queue->core->index;
	args->completion_offset = drm_vma_node_offset_addr(&queue->completion_bo->base.vma_node);
	ret = xa_alloc(&pfile->queues, &args->id, queue, PUMORI_FILE_IDS, GFP_KERNEL_ACCOUNT);
	if (ret)
		pumori_queue_destroy(queue);

out_exit:
	drm_dev_exit(idx);
out_put_context:
	pumori_context_put(context);
	return ret;
}

/**
 * pumori_ioctl_queue_destroy() - DRM_IOCTL_PUMORI_QUEUE_DESTROY
 * @drm: the device
 * @data: struct drm_pumori_destroy
 * @file: the caller
 */
int pumori_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct pumori_file *pfile = file->driver_priv;
	struct drm_pumori_destroy *args = data;
	struct pumori_queue *queue;

	if (args->pad) {
		drm_dbg(drm, "padding is not zero\n");
		return -EINVAL;
	}
	queue = xa_erase(&pfile->queues, args->id);
	if (!queue)
		return -ENOENT;
	pumori_queue_destroy(queue);
	return 0;
}

static int read_record(struct pumori_queue *queue, u64 sequence, struct pumori_hw_record *record)
{
	const struct pumori_hw_completion *completion = queue->completion;
	const struct pumori_hw_record *slot = &completion->record[pumori_record_slot(sequence)];

	if (READ_ONCE(completion->sequence) < sequence)
		return -EBUSY;

	dma_rmb();
	*record = *slot;
	dma_rmb();
	/* Overwritten by a later job, before or while it was read. */
	if (record->sequence != sequence || READ_ONCE(slot->sequence) != sequence)
		return -ENODATA;
	return 0;
}

static bool has_ended(struct pumori_queue *queue, u64 sequence)
{
	return READ_ONCE(queue->completion->sequence) >= sequence;
}

static int wait_for_end(struct pumori_queue *queue, u64 sequence, s64 deadline_ns)
{
	long left = drm_timeout_abs_to_jiffies(deadline_ns);

	if (has_ended(queue, sequence))
		return 0;
	left = wait_event_interruptible_timeout(queue->ended, has_ended(queue, sequence), left);
	if (left < 0)
		return left;
	return left ? 0 : -ETIME;
}

/* The driver may hear of an end after the process has read it in the completion page. */
static u64 host_ended(struct pumori_queue *queue, u64 sequence)
{
	u64 time;

	spin_lock_irq(&queue->lock);
	time = queue->host_ended[pumori_record_slot(sequence)];
	spin_unlock_irq(&queue->lock);
	return time;
}

/**
 * pumori_ioctl_job_query() - DRM_IOCTL_PUMORI_JOB_QUERY
 * @drm: the device
 * @data: struct drm_pumori_job_query
 * @file: the caller
 *
 * Return: 0, -EBUSY while the job has not ended, -ETIME when it was waited for in vain, -ENODATA when
 * it is forgotten.
 */
int pumori_ioctl_job_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_pumori_job_query *args = data;
	struct pumori_hw_record record;
	struct pumori_queue *queue;
	u64 submitted;
	int ret;

	if (args->flags & ~DRM_PUMORI_JOB_QUERY_WAIT) {
		drm_dbg(drm, "unknown flags %x\n", args->flags);
		return -EINVAL;
	}
	if (args->pad || (args->deadline_ns && !(args->flags & DRM_PUMORI_JOB_QUERY_WAIT))) {
		drm_dbg(drm, "padding, or a deadline without a wait\n");
		return -EINVAL;
	}
	queue = pumori_queue_lookup(file->driver_priv, args->queue_id);
	if (!queue)
		return -ENOENT;

	mutex_lock(&queue->submit_lock);
	submitted = queue->sequence;
	mutex_unlock(&queue->submit_lock);
	if (!args->sequence || args->sequence > submitted) {
		drm_dbg(drm, "no job %llu was submitted\n", args->sequence);
		ret = -EINVAL;
		goto out_put;
	}

	if (args->flags & DRM_PUMORI_JOB_QUERY_WAIT) {
		ret = wait_for_end(queue, args->sequence, args->deadline_ns);
		if (ret)
			goto out_put;
	}
	ret = read_record(queue, args->sequence, &record);
	if (ret)
		goto out_put;
	args->status = record.status;
	args->fault = record.fault;
	args->pc = record.pc;
	args->stream = record.stream;
	args->address = record.address;
	args->cycles = record.cycles;
	args->device_ns = record.device_ns;
	args->residency = record.residency;
	args->started = record.started;
	args->ended = record.ended;
	args->host_ended = host_ended(queue, args->sequence);
	args->nan_count = record.nan_count;

out_put:
	pumori_queue_put(queue);
	return ret;
}
