// SPDX-License-Identifier: MIT
/*
 * A core of the chip in the process has no thread of its own: whoever waits for a result runs the
 * core until it is there, one thread at a time, and wakes the others when something may have changed
 * for them. A worker thread exists once jobs were submitted that nobody waits for at once.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "error.h"
#include "inproc.h"

#define SECOND_NS	1000000000ull

u64 inproc_time(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void post(struct inproc_core *core, struct pumori_hw_control *command)
{
	struct pumori_hw_control *ring = core->pages.memory;

	pthread_mutex_lock(&core->post_lock);
	/* One command a core at a time, and one KILL_QUEUE a queue: 64 places are enough. */
	command->sequence = core->control_tail + 1;
	ring[core->control_tail % PUMORI_HW_CONTROL_ENTRIES] = *command;
	core->control_tail++;
	silicon_register_write(core->device->chip,
			       PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_CONTROL_TAIL),
			       core->control_tail);
	pthread_mutex_unlock(&core->post_lock);
}

/* A queue whose job faulted stands still until it is killed; then it answers with CANCELED. */
static void kill_queue(struct inproc_core *core, u32 id)
{
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
		.target = id,
		.argument = PUMORI_HW_JOB_KILLED,
	};

	post(core, &command);
}

static void take_event(struct inproc_core *core, const struct pumori_hw_event *event)
{
	u32 sequence = (u32)event->sequence;

	switch (event->type) {
	case PUMORI_HW_EVENT_CONTROL:
		core->result[sequence % PUMORI_HW_CONTROL_ENTRIES] = event->argument;
		core->detail[sequence % PUMORI_HW_CONTROL_ENTRIES] = event->detail;
		__atomic_store_n(&core->acknowledged, sequence, __ATOMIC_RELEASE);
		break;
	case PUMORI_HW_EVENT_FAULT:
		kill_queue(core, event->queue);
		break;
	default:
		break;
	}
}

static void take_events(struct inproc_core *core)
{
	const struct pumori_hw_event *ring =
		(const void *)((const char *)core->pages.memory + PUMORI_HW_PAGE_SIZE), *event;
	u32 head = core->event_head;

	for (;; head++) {
		event = &ring[head % PUMORI_HW_EVENT_ENTRIES];
		if (__atomic_load_n(&event->phase, __ATOMIC_ACQUIRE) !=
		    head / PUMORI_HW_EVENT_ENTRIES + 1)
			break;
		take_event(core, event);
	}
	if (head == core->event_head)
		return;
	core->event_head = head;
	silicon_register_write(core->device->chip,
			       PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_EVENT_HEAD), head);
}

/* Run the core until @done, a waiter wants to look, or there is nothing to do. */
static bool drive(struct inproc_core *core, bool (*done)(const void *), const void *argument)
{
	struct silicon_device *chip = core->device->chip;
	u32 events;

	do {
		events = silicon_core_run(chip, core->index, core->device->units_per_ms);
		take_events(core);
	} while (!done(argument) && !__atomic_load_n(&core->waiters, __ATOMIC_RELAXED) &&
		 (events & SILICON_MORE || silicon_core_pending(chip, core->index)));
	return events & SILICON_MORE || silicon_core_pending(chip, core->index);
}

/* With the lock: let one thread drive for a while. */
static bool drive_locked(struct inproc_core *core, bool (*done)(const void *), const void *argument)
{
	bool more;

	core->driving = true;
	pthread_mutex_unlock(&core->lock);
	more = drive(core, done, argument);
	pthread_mutex_lock(&core->lock);
	core->driving = false;
	if (core->waiters)
		pthread_cond_broadcast(&core->changed);
	if (core->detached)
		pthread_cond_signal(&core->work);
	return more;
}

static struct timespec deadline_after(int64_t timeout_ns)
{
	u64 now = inproc_time(NULL), deadline;
	struct timespec time;

	if (__builtin_add_overflow(now, (u64)timeout_ns, &deadline) || deadline > (u64)INT64_MAX)
		deadline = INT64_MAX;
	time.tv_sec = deadline / SECOND_NS;
	time.tv_nsec = deadline % SECOND_NS;
	return time;
}

int inproc_core_wait(struct inproc_core *core, bool (*done)(const void *), const void *argument,
		     int64_t timeout_ns)
{
	struct timespec deadline = { 0 };
	int error = 0;

	if (timeout_ns > 0)
		deadline = deadline_after(timeout_ns);
	pthread_mutex_lock(&core->lock);
	while (!done(argument)) {
		if (!timeout_ns) {
			error = PUMORI_ERROR_TIMEOUT;
			break;
		}
		/* A thread with little time leaves the work to the worker, which is there: see inproc_core_detach(). */
		if (!core->driving && timeout_ns < 0) {
			drive_locked(core, done, argument);
			continue;
		}
		__atomic_fetch_add(&core->waiters, 1, __ATOMIC_RELAXED);
		if (timeout_ns < 0)
			pthread_cond_wait(&core->changed, &core->lock);
		else if (pthread_cond_timedwait(&core->changed, &core->lock, &deadline))
			error = done(argument) ? 0 : PUMORI_ERROR_TIMEOUT;
		__atomic_fetch_sub(&core->waiters, 1, __ATOMIC_RELAXED);
		if (error)
			break;
	}
	pthread_mutex_unlock(&core->lock);
	return error ? pumori_fail(error, "not finished in time") : 0;
}

void inproc_core_trace(struct inproc_core *core, struct silicon_trace *trace)
{
	pthread_mutex_lock(&core->lock);
	while (core->driving) {
		__atomic_fetch_add(&core->waiters, 1, __ATOMIC_RELAXED);
		pthread_cond_wait(&core->changed, &core->lock);
		__atomic_fetch_sub(&core->waiters, 1, __ATOMIC_RELAXED);
	}
	silicon_core_trace(core->device->chip, core->index, trace);
	pthread_mutex_unlock(&core->lock);
}

/* --- The worker --------------------------------------------------------------------------------- */

static bool stopped(const void *argument)
{
	const struct inproc_core *core = argument;

	return __atomic_load_n(&core->stop, __ATOMIC_RELAXED);
}

static void *work(void *argument)
{
	struct inproc_core *core = argument;

	pthread_mutex_lock(&core->lock);
	while (!stopped(core)) {
		if (core->driving || !core->detached)
			pthread_cond_wait(&core->work, &core->lock);
		else if (!drive_locked(core, stopped, core) &&
			 !silicon_core_pending(core->device->chip, core->index))
			core->detached = false;
	}
	pthread_mutex_unlock(&core->lock);
	return NULL;
}

int inproc_core_detach(struct inproc_core *core)
{
	sigset_t all, before;
	int error = 0;

	pthread_mutex_lock(&core->lock);
	if (!core->worker_running) {
		/* The application's signals are none of the worker's business. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &before);
		error = pthread_create(&core->worker, NULL, work, core);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		core->worker_running = !error;
	}
	if (!error) {
		core->detached = true;
		pthread_cond_signal(&core->work);
	}
	pthread_mutex_unlock(&core->lock);
	return error ? pumori_fail(PUMORI_ERROR_MEMORY, "cannot start a worker thread") : 0;
}

/* --- Control commands --------------------------------------------------------------------------- */

struct acknowledgement {
	const struct inproc_core *core;
	u32 sequence;
};

static bool acknowledged(const void *argument)
{
	const struct acknowledgement *wanted = argument;
	u32 now = __atomic_load_n(&wanted->core->acknowledged, __ATOMIC_ACQUIRE);

	return (int32_t)(now - wanted->sequence) >= 0;
}

u64 inproc_core_command(struct inproc_core *core, struct pumori_hw_control *command, u64 *detail)
{
	struct acknowledgement wanted = { .core = core };
	u64 result;

	post(core, command);
	wanted.sequence = command->sequence;
	inproc_core_wait(core, acknowledged, &wanted, -1);
	result = core->result[command->sequence % PUMORI_HW_CONTROL_ENTRIES];
	if (detail)
		*detail = core->detail[command->sequence % PUMORI_HW_CONTROL_ENTRIES];
	return result;
}

static void set_register64(struct inproc_core *core, u32 offset, u64 value)
{
	silicon_register_write(core->device->chip, PUMORI_HW_CORE(core->index, offset), (u32)value);
	silicon_register_write(core->device->chip, PUMORI_HW_CORE(core->index, offset + 4),
			       (u32)(value >> 32));
}

int inproc_core_create(struct inproc *device, u32 index)
{
	struct inproc_core *core = &device->core[index];
	pthread_condattr_t attributes;
	int error;

	core->device = device;
	core->index = index;
	error = inproc_page_create(&device->memory, 3 * PUMORI_HW_PAGE_SIZE, &core->pages);
	if (error)
		return error;
	pthread_mutex_init(&core->command_lock, NULL);
	pthread_mutex_init(&core->post_lock, NULL);
	pthread_mutex_init(&core->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&core->changed, &attributes);
	pthread_cond_init(&core->work, &attributes);
	pthread_condattr_destroy(&attributes);
	set_register64(core, PUMORI_HW_CORE_CONTROL_RING, core->pages.bus);
	set_register64(core, PUMORI_HW_CORE_EVENT_RING, core->pages.bus + PUMORI_HW_PAGE_SIZE);
	silicon_register_write(device->chip, PUMORI_HW_CORE(index, PUMORI_HW_CORE_ENABLE), 1);
	return 0;
}

void inproc_core_destroy(struct inproc_core *core)
{
	u32 i;

	if (!core->pages.memory)
		return;
	if (core->worker_running) {
		pthread_mutex_lock(&core->lock);
		__atomic_store_n(&core->stop, true, __ATOMIC_RELAXED);
		pthread_cond_signal(&core->work);
		pthread_mutex_unlock(&core->lock);
		pthread_join(core->worker, NULL);
	}
	for (i = 0; i < core->slot_count; i++)
		munmap(core->slots[i], silicon_slot_bytes());
	inproc_page_destroy(&core->device->memory, &core->pages);
	pthread_cond_destroy(&core->work);
	pthread_cond_destroy(&core->changed);
	pthread_mutex_destroy(&core->lock);
	pthread_mutex_destroy(&core->post_lock);
	pthread_mutex_destroy(&core->command_lock);
}
