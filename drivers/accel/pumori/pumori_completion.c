// SPDX-License-Identifier: GPL-2.0
/*
 * Commands to the chip and their end.
 *
 * The chip writes the completion page; the driver writes it only for jobs that the chip will never
 * see, when the queue has been taken off its core or the chip has stopped, so that whoever polls
 * the page gets an answer.
 */

#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "pumori_context.h"
#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_fence.h"
#include "pumori_queue.h"
#include "pumori_ras.h"
#include "pumori_ring.h"
#include "pumori_trace.h"
#include "pumori_watchdog.h"

static int status_to_error(u32 status)
{
	switch (status) {
	case PUMORI_HW_JOB_DONE:
		return 0;
	case PUMORI_HW_JOB_NOT_RESIDENT:
		return -EAGAIN;
	case PUMORI_HW_JOB_KILLED:
	case PUMORI_HW_JOB_CANCELED:
	case PUMORI_HW_JOB_INNOCENT_RESET:
		return -ECANCELED;
	case PUMORI_HW_JOB_DEVICE_LOST:
		return -ENODEV;
	default:
		return -EIO;
	}
}

static void write_record(struct pumori_queue *queue, u64 sequence, u32 status)
{
	struct pumori_hw_completion *completion = queue->completion;
	struct pumori_hw_record *record = &completion->record[pumori_record_slot(sequence)];

	lockdep_assert_held(&queue->lock);

	WRITE_ONCE(record->sequence, 0);
	/* A reader that sees new contents does not see the old number... */
	smp_wmb();
	memset_after(record, 0, sequence);
	record->status = status;
	/* ...one that sees the new number sees all of them... */
	smp_wmb();
	WRITE_ONCE(record->sequence, sequence);
	/* ...and one that sees the job finished sees its record. */
	smp_wmb();
	WRITE_ONCE(completion->sequence, sequence);
}

static void end_job(struct pumori_queue *queue, struct pumori_fence *fence)
{
	u64 sequence = fence->base.seqno;
	struct pumori_hw_record record;

	record = queue->completion->record[pumori_record_slot(sequence)];
	/* A chip that does not say how a job ended is not believed that it ended well. */
	if (record.sequence != sequence)
		record = (struct pumori_hw_record) { .status = PUMORI_HW_JOB_DEVICE_LOST };

	trace_pumori_job_done(queue, &record);
	if (record.status == PUMORI_HW_JOB_FAULT)
		trace_pumori_job_fault(queue, &record);
	queue->host_ended[pumori_record_slot(sequence)] = ktime_get_ns();
	pumori_context_account(queue->context, queue->core->index, &record);
	pumori_ras_job(queue->core, pumori_context_number(queue->context), &record);
	pumori_fence_signal(fence, status_to_error(record.status));
}

static void complete_locked(struct pumori_queue *queue)
{
	u64 finished = READ_ONCE(queue->completion->sequence);
	struct pumori_fence *fence, *next;
	bool ended = false;

	/* A chip that has finished what it never got is not believed anything. */
	if (finished > queue->pushed) {
		pumori_queue_ban(queue, PUMORI_HW_JOB_DEVICE_LOST);
		return;
	}
	/* The sequence before the records that it vouches for. */
	dma_rmb();
	list_for_each_entry_safe(fence, next, &queue->running, link) {
		if (fence->base.seqno > finished)
			break;
		list_del_init(&fence->link);
		atomic_dec(&queue->core->pending);
		end_job(queue, fence);
		pumori_fence_put(fence);
		ended = true;
	}
	if (ended)
		wake_up_all(&queue->ended);
	if (list_empty(&queue->running))
		wake_up_all(&queue->drained);
}

/**
 * pumori_queue_complete() - signal the fences of jobs that have ended
 * @queue: the queue
 *
 * Any context.
 */
void pumori_queue_complete(struct pumori_queue *queue)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	complete_locked(queue);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * pumori_queue_push() - give the chip a job
 * @queue: the queue
 * @command: what to do; there is room in the ring
 * @fence: the job's fence
 *
 * Any context. On a cancelled queue the job ends at once.
 */
void pumori_queue_push(struct pumori_queue *queue, const struct pumori_hw_command *command,
		       struct pumori_fence *fence)
{
	struct pumori_hw_command *ring = queue->ring.address;
	struct pumori_hw_queue *descriptor = queue->descriptor.address;
	struct pumori_bus *bus = queue->pumori->bus;
	bool needs_doorbell = false;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	dma_fence_get(&fence->base);
	list_add_tail(&fence->link, &queue->running);
	queue->pushed = command->sequence;
	queue->host_ended[pumori_record_slot(command->sequence)] = 0;
	atomic_inc(&queue->core->pending);
	trace_pumori_job_run(queue, command);
	if (queue->cancelled) {
		write_record(queue, command->sequence, queue->cancelled);
		complete_locked(queue);
	} else {
		ring[queue->tail % PUMORI_QUEUE_RING_ENTRIES] = *command;
		queue->tail++;
		/* The command before the tail. */
		dma_wmb();
		WRITE_ONCE(descriptor->tail, queue->tail);
		/* The tail before the question whether the chip has seen it. */
		mb();
		needs_doorbell = pumori_ring_needs_doorbell(READ_ONCE(descriptor->event_index),
							    queue->tail - 1, queue->tail);
	}
	spin_unlock_irqrestore(&queue->lock, flags);

	if (needs_doorbell)
		bus->ops->doorbell(bus, queue->core->index, queue->id);
	pumori_watchdog_start(queue->pumori);
}

/**
 * pumori_queue_cancel() - end all jobs of a queue that the chip does not serve any more
 * @queue: the queue
 * @status: PUMORI_HW_JOB_* for these and all later jobs
 *
 * Any context.
 */
void pumori_queue_cancel(struct pumori_queue *queue, u32 status)
{
	struct pumori_fence *fence;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	/* What the chip did finish did finish. */
	complete_locked(queue);
	if (!queue->cancelled)
		queue->cancelled = status;
	if (queue->completion->sequence > queue->pushed)
		WRITE_ONCE(queue->completion->sequence, queue->pushed);
	list_for_each_entry(fence, &queue->running, link)
		write_record(queue, fence->base.seqno, queue->cancelled);
	WRITE_ONCE(queue->completion->state, PUMORI_HW_QUEUE_KILLED);
	complete_locked(queue);
	spin_unlock_irqrestore(&queue->lock, flags);
}

/**
 * pumori_queue_finish_page() - leave no job without an answer in the completion page
 * @queue: the queue, closed and cancelled
 */
void pumori_queue_finish_page(struct pumori_queue *queue)
{
	u64 sequence;

	spin_lock_irq(&queue->lock);
	sequence = queue->completion->sequence;
	/* Of more jobs than there are records only the last ones can be told. */
	if (queue->sequence - sequence > PUMORI_HW_RECORDS)
		sequence = queue->sequence - PUMORI_HW_RECORDS;
	while (sequence < queue->sequence)
		write_record(queue, ++sequence, queue->cancelled);
	spin_unlock_irq(&queue->lock);
	wake_up_all(&queue->ended);
}

/**
 * pumori_queue_handle_event() - the chip says that jobs of a queue have ended
 * @pumori: the device
 * @id: id of the queue
 * @fault: the last one ended with a fault, and the queue waits to be killed
 *
 * Any context.
 */
void pumori_queue_handle_event(struct pumori_device *pumori, u32 id, bool fault)
{
	struct pumori_queue *queue;

	rcu_read_lock();
	queue = xa_load(&pumori->queues, id);
	/* A queue may be gone before its last event is read. */
	if (queue && kref_get_unless_zero(&queue->kref)) {
		if (fault)
			pumori_queue_ban(queue, PUMORI_HW_JOB_CANCELED);
		pumori_queue_complete(queue);
		pumori_queue_put(queue);
	}
	rcu_read_unlock();
}

/**
 * pumori_queue_cancel_all() - end all jobs of a lost device
 * @pumori: the device
 */
void pumori_queue_cancel_all(struct pumori_device *pumori)
{
	struct pumori_queue *queue;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&pumori->queues, id, queue) {
		if (kref_get_unless_zero(&queue->kref)) {
			pumori_queue_cancel(queue, PUMORI_HW_JOB_DEVICE_LOST);
			pumori_queue_put(queue);
		}
	}
	rcu_read_unlock();
}
