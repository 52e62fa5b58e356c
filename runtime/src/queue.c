// SPDX-License-Identifier: MIT
/* Sharing a device's queues among runs; collecting how jobs ended. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "model.h"
#include "profile.h"
#include "queue.h"

#define REPLACEMENTS	3	/* how often a submission may meet a queue that was banned meanwhile */

struct pumori_queue {
	/* Guards all but @load. */
	pthread_mutex_t lock;
	/* Signalled when the last waiter leaves. */
	pthread_cond_t quiet;
	struct pumori_backend_queue *link;
	/* Threads that wait on @link without the lock. */
	uint32_t waiters;
	/* Tickets given and not collected; written under the lock or that of all queues, read anywhere. */
	uint32_t load;
	/* Sequences oldest .. next - 1 are submitted and not collected. */
	uint64_t oldest;
	uint64_t next;
	int banned;
	/* Whose preload the slot holds, as far as is known, when all that was submitted has ended. */
	const struct pumori_model *resident;
	/* Who waits for which sequence; NULL for a preload. */
	struct pumori_ticket *pending[PUMORI_HW_RECORDS];
	/* How the last preload ended that did not end well; those behind it are only canceled. */
	struct pumori_hw_record failed;
};

static const struct pumori_backend_ops *ops_of(const struct pumori_queue *queue)
{
	return queue->link->backend->ops;
}

static uint32_t load_of(const struct pumori_queue *queue)
{
	return __atomic_load_n(&queue->load, __ATOMIC_ACQUIRE);
}

int pumori_queues_create(struct pumori_queues *queues, struct pumori_backend *backend)
{
	memset(queues, 0, sizeof(*queues));
	queues->backend = backend;
	pthread_mutex_init(&queues->lock, NULL);
	return 0;
}

static void free_queue(struct pumori_queue *queue)
{
	if (queue->link)
		ops_of(queue)->queue_destroy(queue->link);
	pthread_cond_destroy(&queue->quiet);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

void pumori_queues_destroy(struct pumori_queues *queues)
{
	uint32_t i;

	for (i = 0; i < queues->count; i++)
		free_queue(queues->queue[i]);
	pthread_mutex_destroy(&queues->lock);
}

/* For a profile: a job of @queue, in what began at @begin and ends now. */
static void note_job(const struct pumori_queue *queue, enum pumori_profile_event_type type,
		     const struct pumori_model *model, uint64_t sequence, uint64_t value,
		     uint64_t begin)
{
	struct pumori_profile_event event = {
		.type = type, .model = model ? model->number : 0, .queue = queue->link->id,
		.core = queue->link->core, .sequence = sequence, .value = value,
	};

	if (queue->link->backend->profile)
		pumori_profile_event(queue->link->backend->profile, &event, begin, NULL);
}

/* A bad end takes the queue along, or the preload, or both. */
static void judge(struct pumori_queue *queue, int error, const struct pumori_hw_record *record)
{
	if (error || (record->status != PUMORI_HW_JOB_DONE &&
		      record->status != PUMORI_HW_JOB_NOT_RESIDENT &&
		      record->status != PUMORI_HW_JOB_INNOCENT_RESET))
		queue->banned = 1;
	if (error || record->status != PUMORI_HW_JOB_DONE)
		queue->resident = NULL;
}

static void collect_preload(struct pumori_queue *queue)
{
	struct pumori_hw_record record = { 0 };
	int error = ops_of(queue)->record(queue->link, queue->oldest, &record);

	judge(queue, error, &record);
	if (!error && record.status == PUMORI_HW_JOB_FAULT)
		queue->failed = record;
}

static void collect_ticket(struct pumori_queue *queue, struct pumori_ticket *ticket)
{
	ticket->error = ops_of(queue)->record(queue->link, queue->oldest, &ticket->record);
	ticket->collected = 1;
	judge(queue, ticket->error, &ticket->record);
	/* What it waited for cannot be had: to try again would help nobody. */
	if (!ticket->error && ticket->record.status == PUMORI_HW_JOB_CANCELED && ticket->preload &&
	    ticket->preload == queue->failed.sequence)
		ticket->record = queue->failed;
	__atomic_fetch_sub(&queue->load, 1, __ATOMIC_RELEASE);
}

/* Take the records of finished jobs, so that the chip may reuse their places. With the queue's lock. */
static void collect(struct pumori_queue *queue)
{
	uint64_t finished;

	if (queue->oldest == queue->next)
		return;
	finished = ops_of(queue)->finished(queue->link);
	for (; queue->oldest < queue->next && queue->oldest <= finished; queue->oldest++) {
		struct pumori_ticket *ticket = queue->pending[queue->oldest % PUMORI_HW_RECORDS];

		if (ticket)
			collect_ticket(queue, ticket);
		else
			collect_preload(queue);
	}
}

static struct pumori_queue *new_queue(struct pumori_queues *queues, int *error)
{
	struct pumori_queue *queue = calloc(1, sizeof(*queue));

	if (!queue) {
		*error = pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a queue");
		return NULL;
	}
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->quiet, NULL);
	queue->oldest = queue->next = 1;
	*error = queues->backend->ops->queue_create(queues->backend, &queue->link);
	if (*error) {
		free_queue(queue);
		return NULL;
	}
	queues->queue[queues->count++] = queue;
	return queue;
}

static struct pumori_queue *idle_queue(struct pumori_queues *queues)
{
	uint32_t i;

	for (i = 0; i < queues->count; i++)
		if (!load_of(queues->queue[i]))
			return queues->queue[i];
	/* Finished jobs that nobody asked for yet do not make a queue busy. */
	for (i = 0; i < queues->count; i++) {
		struct pumori_queue *queue = queues->queue[i];

		if (pthread_mutex_trylock(&queue->lock))
			continue;
		collect(queue);
		pthread_mutex_unlock(&queue->lock);
		if (!load_of(queue))
			return queue;
	}
	return NULL;
}

/* Choose a queue and count the new ticket on it. */
static struct pumori_queue *pick(struct pumori_queues *queues, int *error)
{
	struct pumori_queue *queue;
	uint32_t i;

	pthread_mutex_lock(&queues->lock);
	queue = idle_queue(queues);
	*error = 0;
	if (!queue && queues->count < queues->backend->queues &&
	    queues->count < PUMORI_HW_MAX_CORES)
		queue = new_queue(queues, error);
	/* A second queue is a luxury. */
	if (!queue && queues->count) {
		*error = 0;
		queue = queues->queue[0];
		for (i = 1; i < queues->count; i++)
			if (load_of(queues->queue[i]) < load_of(queue))
				queue = queues->queue[i];
	}
	if (queue)
		__atomic_fetch_add(&queue->load, 1, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&queues->lock);
	return queue;
}

/* A banned queue answers everything that is still in it with CANCELED; then a new one takes its place. */
static int replace(struct pumori_queue *queue)
{
	struct pumori_backend *backend;
	int error;

	if (queue->link) {
		backend = queue->link->backend;
		if (queue->oldest < queue->next) {
			error = ops_of(queue)->wait(queue->link, queue->next - 1, -1);
			if (error)
				return error;
			collect(queue);
		}
		while (queue->waiters)
			pthread_cond_wait(&queue->quiet, &queue->lock);
		/* Another thread may have been here while the lock was given away. */
		if (!queue->banned)
			return 0;
		ops_of(queue)->queue_destroy(queue->link);
		queue->link = NULL;
		error = backend->ops->queue_create(backend, &queue->link);
		if (error)
			return error;
	}
	queue->oldest = queue->next = 1;
	queue->resident = NULL;
	queue->failed = (struct pumori_hw_record){ 0 };
	queue->banned = 0;
	return 0;
}

static int make_room(struct pumori_queue *queue)
{
	int error;

	collect(queue);
	while (queue->next - queue->oldest >= PUMORI_QUEUE_DEPTH) {
		error = ops_of(queue)->wait(queue->link, queue->oldest, -1);
		if (error)
			return error;
		collect(queue);
	}
	return 0;
}

static int submit_one(struct pumori_queue *queue, struct pumori_ticket *ticket,
		      const struct pumori_model *model, struct pumori_job *job, uint64_t residency,
		      int detached, uint64_t *sequence)
{
	uint64_t begin = pumori_profile_now(queue->link->backend->profile);
	int error = ops_of(queue)->submit(queue->link, job, residency, detached, sequence);

	if (error)
		return error;
	note_job(queue, PUMORI_PROFILE_SUBMIT, model, *sequence, 0, begin);
	if (queue->oldest == queue->next)
		queue->oldest = *sequence;
	queue->pending[*sequence % PUMORI_HW_RECORDS] = ticket;
	queue->next = *sequence + 1;
	return 0;
}

static int submit_locked(struct pumori_queue *queue, struct pumori_ticket *ticket,
			 const struct pumori_model *model, struct pumori_job *job,
			 struct pumori_job *preload, int detached)
{
	uint64_t sequence;
	int error;

	if (queue->banned || !queue->link) {
		error = replace(queue);
		if (error)
			return error;
	}
	error = make_room(queue);
	if (error)
		return error;
	if (queue->banned)
		return PUMORI_ERROR_KILLED;
	ticket->preload = 0;
	if (preload && queue->resident != model) {
		/* The job follows at once, for whatever slot the preload fills. */
		error = submit_one(queue, NULL, model, preload, 0, detached, &ticket->preload);
		if (error)
			return error;
	}
	queue->resident = preload ? model : NULL;
	error = submit_one(queue, ticket, model, job, preload ? PUMORI_HW_RESIDENCY_PREVIOUS : 0,
			   detached, &sequence);
	if (error)
		return error;
	ticket->sequence = sequence;
	return 0;
}

int pumori_queue_submit(struct pumori_queues *queues, struct pumori_ticket *ticket,
			const struct pumori_model *model, struct pumori_job *job,
			struct pumori_job *preload, int detached)
{
	struct pumori_queue *queue;
	int error, attempt = 0;

	queue = pick(queues, &error);
	if (!queue)
		return error;
	ticket->collected = 0;
	ticket->error = 0;
	pthread_mutex_lock(&queue->lock);
	do {
		error = submit_locked(queue, ticket, model, job, preload, detached);
		if (error == PUMORI_ERROR_KILLED)
			queue->banned = 1;
	} while (error == PUMORI_ERROR_KILLED && ++attempt < REPLACEMENTS);
	if (error)
		__atomic_fetch_sub(&queue->load, 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&queue->lock);
	if (!error)
		ticket->queue = queue;
	return error;
}

int pumori_queue_wait(struct pumori_queues *queues, struct pumori_ticket *ticket,
		      int64_t timeout_ns)
{
	struct pumori_queue *queue = ticket->queue;
	struct pumori_backend_queue *link;
	uint64_t begin = pumori_profile_now(queues->backend->profile);
	int error = 0;

	pthread_mutex_lock(&queue->lock);
	if (!ticket->collected)
		collect(queue);
	if (!ticket->collected) {
		link = queue->link;
		queue->waiters++;
		pthread_mutex_unlock(&queue->lock);
		error = link->backend->ops->wait(link, ticket->sequence, timeout_ns);
		pthread_mutex_lock(&queue->lock);
		if (!--queue->waiters)
			pthread_cond_broadcast(&queue->quiet);
		if (!error && !ticket->collected)
			collect(queue);
	}
	/* A wait that failed for good leaves a ticket that nobody may touch any more. */
	if (!ticket->collected && error && error != PUMORI_ERROR_TIMEOUT) {
		queue->pending[ticket->sequence % PUMORI_HW_RECORDS] = NULL;
		__atomic_fetch_sub(&queue->load, 1, __ATOMIC_RELEASE);
		ticket->queue = NULL;
	}
	if (ticket->collected) {
		error = ticket->error;
		ticket->queue = NULL;
		if (queues->backend->profile && queue->link)
			note_job(queue, PUMORI_PROFILE_COMPLETE, NULL, ticket->sequence,
				 ticket->record.status, begin);
	}
	pthread_mutex_unlock(&queue->lock);
	return error;
}

void pumori_queues_forget(struct pumori_queues *queues, const struct pumori_model *model)
{
	uint32_t i;

	pthread_mutex_lock(&queues->lock);
	for (i = 0; i < queues->count; i++) {
		struct pumori_queue *queue = queues->queue[i];

		pthread_mutex_lock(&queue->lock);
		if (queue->resident == model)
			queue->resident = NULL;
		pthread_mutex_unlock(&queue->lock);
	}
	pthread_mutex_unlock(&queues->lock);
}
