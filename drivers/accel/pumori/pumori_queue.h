/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_QUEUE_H
#define PUMORI_QUEUE_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>

#include <pumori/hw.h>

#include "pumori_bus.h"
#include "pumori_save.h"

struct drm_device;
struct drm_file;
struct pumori_bo;
struct pumori_context;
struct pumori_core;
struct pumori_device;
struct pumori_fence;
struct pumori_file;

#define PUMORI_QUEUE_RING_ENTRIES	64
/* Jobs that the chip has at a time: fewer than records, so that none is lost before it is read. */
#define PUMORI_QUEUE_CREDITS		32

/**
 * struct pumori_job_page - memory for a job descriptor, kept by the queue for its next job
 */
struct pumori_job_page {
	/** @shared: the page */
	struct pumori_shared shared;
	/** @link: in &struct pumori_queue.job_pages */
	struct list_head link;
};

/**
 * struct pumori_progress - what the watchdog saw last
 */
struct pumori_progress {
	/** @known: the queue had jobs then; what follows is valid */
	bool known;
	/** @sequence: last finished job */
	u64 sequence;
	/** @units: work retired */
	u64 units;
	/** @busy_ns: device time used */
	u64 busy_ns;
	/** @since_ns: device time used when work was retired last */
	u64 since_ns;
	/** @stalled: rounds in which nothing of the above changed */
	u32 stalled;
};

/**
 * struct pumori_queue - jobs that run in order on one core
 */
struct pumori_queue {
	/** @kref: file, jobs, and work under way */
	struct kref kref;
	/** @pumori: the device */
	struct pumori_device *pumori;
	/** @context: who pays and is blamed, held */
	struct pumori_context *context;
	/** @core: where it runs */
	struct pumori_core *core;
	/** @id: on the device */
	u32 id;
	/** @sched: carries dependencies */
	struct drm_gpu_scheduler sched;
	/** @entity: of @sched */
	struct drm_sched_entity entity;
	/** @fence_context: timeline of its jobs */
	u64 fence_context;
	/** @descriptor: struct pumori_hw_queue */
	struct pumori_shared descriptor;
	/** @ring: command ring */
	struct pumori_shared ring;
	/** @save: save area */
	struct pumori_save save;
	/** @completion_bo: the completion page, held; user space may map it */
	struct pumori_bo *completion_bo;
	/** @completion: its contents */
	struct pumori_hw_completion *completion;
	/** @process: name of who made it */
	char process[TASK_COMM_LEN];
	/** @pid: likewise */
	pid_t pid;
	/** @file: which file may map @completion_bo; valid until the queue is destroyed */
	struct drm_file *file;

	/** @submit_lock: keeps submissions in order; protects @sequence and @closed */
	struct mutex submit_lock;
	/** @sequence: of the last job submitted */
	u64 sequence;
	/** @closed: destroyed by its file */
	bool closed;
	/** @banned: a job of it faulted or hung; nothing may be submitted any more */
	atomic_t banned;
	/** @ban_status: PUMORI_HW_JOB_* of jobs that a ban ended; set by who set @banned */
	u32 ban_status;

	/**
	 * @lock: protects what follows, and the writing of @completion by the driver. Taken in any
	 * context.
	 */
	spinlock_t lock;
	/** @running: fences of jobs that the chip has, in order */
	struct list_head running;
	/** @pushed: sequence of the last job that the chip was given */
	u64 pushed;
	/** @tail: index after the last command in the ring */
	u32 tail;
	/** @cancelled: PUMORI_HW_JOB_* that new jobs end with at once, 0 while the chip has them */
	u32 cancelled;
	/** @job_pages: free job pages */
	struct list_head job_pages;

	/** @started: jobs that were given to the chip and are not freed yet */
	atomic_t started;
	/** @ended: woken when jobs have ended */
	wait_queue_head_t ended;
	/** @host_ended: when the driver heard of the end of each of the last jobs, protected by @lock */
	u64 host_ended[PUMORI_HW_RECORDS];
	/** @drained: woken when @running becomes empty or @started zero */
	wait_queue_head_t drained;
	/** @progress: used by the watchdog alone */
	struct pumori_progress progress;
	/** @core_link: in &struct pumori_core.queues, protected by its queues_lock */
	struct list_head core_link;
	/** @kill: kills the queue on the chip */
	struct work_struct kill;
	/** @release: frees the queue when @kref dropped to zero */
	struct work_struct release;
	/** @rcu: events look queues up without a lock */
	struct rcu_head rcu;
};

struct pumori_queue *pumori_queue_lookup(struct pumori_file *pfile, u32 id);
struct pumori_queue *pumori_queue_get(struct pumori_queue *queue);
void pumori_queue_put(struct pumori_queue *queue);
void pumori_queue_destroy(struct pumori_queue *queue);
void pumori_queue_ban(struct pumori_queue *queue, u32 status);
int pumori_queue_reserve(struct pumori_queue *queue, u32 footprint);

struct pumori_job_page *pumori_queue_take_job_page(struct pumori_queue *queue);
void pumori_queue_return_job_page(struct pumori_queue *queue, struct pumori_job_page *page);
void pumori_queue_push(struct pumori_queue *queue, const struct pumori_hw_command *command,
		       struct pumori_fence *fence);
void pumori_queue_complete(struct pumori_queue *queue);
void pumori_queue_cancel(struct pumori_queue *queue, u32 status);
void pumori_queue_finish_page(struct pumori_queue *queue);
void pumori_queue_handle_event(struct pumori_device *pumori, u32 id, bool fault);
void pumori_queue_cancel_all(struct pumori_device *pumori);

int pumori_ioctl_queue_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_queue_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_job_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif
