// SPDX-License-Identifier: MIT
/* Queues of the chip in the process: descriptor, ring, shadow doorbell, completion page. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "error.h"
#include "inproc.h"

#define RING_ENTRIES	64u
#define QUANTUM_MS	2u

static struct inproc_queue *queue_of(struct pumori_backend_queue *queue)
{
	return (struct inproc_queue *)queue;
}

/* Tell the core which queues there are. With the command lock. */
static void send_runlist(struct inproc_core *core)
{
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_RUNLIST,
		.address = core->pages.bus + 2 * PUMORI_HW_PAGE_SIZE,
		.length = core->queue_count,
	};
	u64 *list = (u64 *)((char *)core->pages.memory + 2 * PUMORI_HW_PAGE_SIZE);
	u32 i;

	for (i = 0; i < core->queue_count; i++)
		list[i] = core->queues[i]->pages.bus;
	inproc_core_command(core, &command, NULL);
}

static int add_slot(struct inproc_core *core)
{
	void *slot = mmap(NULL, silicon_slot_bytes(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (slot == MAP_FAILED)
		return pumori_fail(PUMORI_ERROR_MEMORY,
				   "no memory for a context slot of %llu bytes",
				   (unsigned long long)silicon_slot_bytes());
	madvise(slot, silicon_slot_bytes(), MADV_HUGEPAGE);
	silicon_core_add_slot(core->device->chip, core->index, slot);
	core->slots[core->slot_count++] = slot;
	return 0;
}

static struct inproc_core *choose_core(struct inproc *device)
{
	struct inproc_core *core = &device->core[0];
	u32 i;

	if (device->only_core >= 0)
		return &device->core[device->only_core];
	for (i = 1; i < device->config.cores; i++)
		if (__atomic_load_n(&device->core[i].queue_count, __ATOMIC_RELAXED) <
		    __atomic_load_n(&core->queue_count, __ATOMIC_RELAXED))
			core = &device->core[i];
	return core;
}

static int add_to_runlist(struct inproc_core *core, struct inproc_queue *queue)
{
	int error = 0;

	pthread_mutex_lock(&core->command_lock);
	if (core->queue_count == core->device->config.slots)
		error = pumori_fail(PUMORI_ERROR_DEVICE_MEMORY, "core %u has no free context slot",
				    core->index);
	else if (core->queue_count == core->slot_count)
		error = add_slot(core);
	if (!error) {
		core->queues[core->queue_count] = queue;
		__atomic_store_n(&core->queue_count, core->queue_count + 1, __ATOMIC_RELAXED);
		send_runlist(core);
	}
	pthread_mutex_unlock(&core->command_lock);
	return error;
}

int inproc_queue_create(struct pumori_backend *backend, struct pumori_backend_queue **queue)
{
	struct inproc *device = (struct inproc *)backend;
	struct inproc_queue *new = calloc(1, sizeof(*new));
	uint64_t id;
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a queue");
	new->base.backend = backend;
	error = inproc_page_create(&device->memory, 3 * PUMORI_HW_PAGE_SIZE, &new->pages);
	if (error)
		goto free_queue;
	pthread_mutex_lock(&device->lock);
	error = pumori_range_allocate(&device->queue_ids, 1, 1, &id);
	pthread_mutex_unlock(&device->lock);
	if (error) {
		pumori_fail(error, "no queue id is free");
		goto free_pages;
	}
	new->descriptor = new->pages.memory;
	new->ring = (void *)((char *)new->pages.memory + PUMORI_HW_PAGE_SIZE);
	new->completion = (void *)((char *)new->pages.memory + 2 * PUMORI_HW_PAGE_SIZE);
	*new->descriptor = (struct pumori_hw_queue){
		.id = id,
		.address_space = 1,
		.page_table = device->memory.tables[0].bus,
		.ring = new->pages.bus + PUMORI_HW_PAGE_SIZE,
		.completion = new->pages.bus + 2 * PUMORI_HW_PAGE_SIZE,
		.ring_entries = RING_ENTRIES,
		.priority = device->priority,
		.quantum_units = QUANTUM_MS * device->units_per_ms,
	};
	new->core = choose_core(device);
	new->base.id = (uint32_t)id;
	new->base.core = new->core->index;
	error = add_to_runlist(new->core, new);
	if (error)
		goto free_id;
	*queue = &new->base;
	return 0;
free_id:
	pthread_mutex_lock(&device->lock);
	pumori_range_free(&device->queue_ids, id, 1);
	pthread_mutex_unlock(&device->lock);
free_pages:
	inproc_page_destroy(&device->memory, &new->pages);
free_queue:
	free(new);
	return error;
}

void inproc_queue_destroy(struct pumori_backend_queue *queue)
{
	struct inproc_queue *old = queue_of(queue);
	struct inproc_core *core = old->core;
	struct inproc *device = core->device;
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_KILL_QUEUE,
		.target = old->descriptor->id,
		.argument = PUMORI_HW_JOB_KILLED,
	};
	u32 i;

	pthread_mutex_lock(&core->command_lock);
	inproc_core_command(core, &command, NULL);
	for (i = 0; core->queues[i] != old; i++)
		;
	core->queues[i] = core->queues[core->queue_count - 1];
	__atomic_store_n(&core->queue_count, core->queue_count - 1, __ATOMIC_RELAXED);
	send_runlist(core);
	pthread_mutex_unlock(&core->command_lock);
	pthread_mutex_lock(&device->lock);
	pumori_range_free(&device->queue_ids, old->descriptor->id, 1);
	pthread_mutex_unlock(&device->lock);
	inproc_page_destroy(&device->memory, &old->pages);
	free(old);
}

int inproc_queue_submit(struct pumori_backend_queue *queue, struct pumori_job *job,
			uint64_t residency, int detached, uint64_t *sequence)
{
	struct inproc_queue *to = queue_of(queue);
	struct inproc_job *what = (struct inproc_job *)job;
	struct pumori_hw_queue *descriptor = to->descriptor;
	u32 event_index;

	to->ring[to->tail % RING_ENTRIES] = (struct pumori_hw_command){
		.opcode = PUMORI_HW_COMMAND_RUN,
		.flags = PUMORI_HW_COMMAND_CHECK_NAN,
		.sequence = to->sequence + 1,
		.job = what->descriptor.bus,
		.program = job->program,
		.entry = job->entry,
		.residency = residency,
		.budget_units = what->budget_units,
	};
	if (detached) {
		int error = inproc_core_detach(to->core);

		if (error)
			return error;
	}
	to->sequence++;
	to->tail++;
	/* The command before the index; the index before the question whether the chip sleeps. */
	__atomic_store_n(&descriptor->tail, to->tail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event_index = __atomic_load_n(&descriptor->event_index, __ATOMIC_RELAXED);
	if (to->tail - event_index - 1 < 1)
		silicon_doorbell(to->core->device->chip, descriptor->id);
	/* The worker may have looked before the job was there. */
	if (detached)
		inproc_core_detach(to->core);
	*sequence = to->sequence;
	return 0;
}

uint64_t inproc_queue_finished(struct pumori_backend_queue *queue)
{
	return __atomic_load_n(&queue_of(queue)->completion->sequence, __ATOMIC_ACQUIRE);
}

struct wanted {
	const struct pumori_hw_completion *completion;
	u64 sequence;
};

static bool finished(const void *argument)
{
	const struct wanted *wanted = argument;

	return __atomic_load_n(&wanted->completion->sequence, __ATOMIC_ACQUIRE) >= wanted->sequence;
}

int inproc_queue_wait(struct pumori_backend_queue *queue, uint64_t sequence, int64_t timeout_ns)
{
	struct inproc_queue *on = queue_of(queue);
	struct wanted wanted = { on->completion, sequence };

	return inproc_core_wait(on->core, finished, &wanted, timeout_ns);
}

int inproc_queue_record(struct pumori_backend_queue *queue, uint64_t sequence,
			struct pumori_hw_record *record)
{
	*record = queue_of(queue)->completion->record[sequence % PUMORI_HW_RECORDS];
	if (record->sequence == sequence)
		return 0;
	return pumori_fail(PUMORI_ERROR_IO, "the record of job %llu is gone",
			   (unsigned long long)sequence);
}
