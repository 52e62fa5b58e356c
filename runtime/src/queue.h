/* SPDX-License-Identifier: MIT */
/*
 * The queues of a device, as its runs share them. A run goes to an idle queue, a new one while
 * the device has cores without one, else to the least loaded. A queue whose job faulted is
 * banned by the device: it is replaced once its last job has been accounted for.
 */
#ifndef PUMORI_RUNTIME_QUEUE_H
#define PUMORI_RUNTIME_QUEUE_H

#include <pthread.h>

#include "backend.h"

struct pumori_model;
struct pumori_queue;

/* The chip remembers how the last PUMORI_HW_RECORDS jobs of a queue ended; a preload may come between. */
#define PUMORI_QUEUE_DEPTH	(PUMORI_HW_RECORDS - 3)

/**
 * struct pumori_ticket - a submission and, once it is known, how it ended
 *
 * The owner keeps it at its place until @queue is NULL again.
 */
struct pumori_ticket {
	/** @queue: where it is pending or was left unread, NULL when idle; owner only */
	struct pumori_queue *queue;
	/** @sequence: its number there */
	uint64_t sequence;
	/** @preload: number of the preload that went before it, or 0 */
	uint64_t preload;
	/** @collected: @record is valid; guarded by the queue's lock */
	int collected;
	/** @error: the record could not be had */
	int error;
	/** @record: how it ended */
	struct pumori_hw_record record;
};

/** struct pumori_queues - all queues of a device */
struct pumori_queues {
	/** @backend: their device */
	struct pumori_backend *backend;
	/** @lock: guards the members below */
	pthread_mutex_t lock;
	/** @count: queues made */
	uint32_t count;
	/** @queue: the queues; those made are never removed before the device */
	struct pumori_queue *queue[PUMORI_HW_MAX_CORES];
};

int pumori_queues_create(struct pumori_queues *queues, struct pumori_backend *backend);
void pumori_queues_destroy(struct pumori_queues *queues);

/**
 * pumori_queue_submit - start a job
 * @model: whose job it is
 * @preload: job that fills the slot's memory as @job expects it, or NULL
 * @detached: run it even if nobody waits
 *
 * Waits only when the queue is full. @preload goes before it when the slot does not hold @model's data.
 */
int pumori_queue_submit(struct pumori_queues *queues, struct pumori_ticket *ticket,
			const struct pumori_model *model, struct pumori_job *job,
			struct pumori_job *preload, int detached);

/** pumori_queue_wait - wait for a ticket; on success its record or error is there and its queue is left */
int pumori_queue_wait(struct pumori_queues *queues, struct pumori_ticket *ticket,
		      int64_t timeout_ns);

/** pumori_queues_forget - @model goes away: no queue may think that it holds its data */
void pumori_queues_forget(struct pumori_queues *queues, const struct pumori_model *model);

#endif
