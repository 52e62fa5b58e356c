// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Queues: taking commands from the ring, and saying how each of them ended. */
#include "internal.h"

static struct silicon_slot *slot_of(struct silicon_core *core, const struct silicon_queue *queue)
{
	if (queue->slot == SILICON_NO_SLOT)
		return NULL;
	return core->slot[silicon_clamp(queue->slot, PUMORI_HW_MAX_SLOTS)];
}

void silicon_queue_publish(struct silicon_queue *queue)
{
	struct pumori_hw_completion *page = queue->completion;

	silicon_store(&page->progress, queue->progress);
	silicon_store(&page->busy_ns, queue->busy_ns);
	silicon_store(&page->head, queue->head);
	silicon_store(&page->state, queue->state);
	if (queue->slot == SILICON_NO_SLOT)
		silicon_store(&page->residency, 0);
}

/*
 * Record, then the sequence that makes it valid, then the page's sequence, then the event: a reader
 * who sees one of them sees everything before it.
 */
static void report(struct silicon_core *core, struct silicon_queue *queue, u64 sequence, u32 flags,
		   const struct silicon_end *end)
{
	struct pumori_hw_completion *page = queue->completion;
	struct pumori_hw_record *record = &page->record[sequence % PUMORI_HW_RECORDS];

	queue->sequence = sequence;
	queue->previous = end->status == PUMORI_HW_JOB_DONE ? end->residency : 0;
	if (silicon_inject_take(core, PUMORI_HW_INJECT_LOSE_COMPLETION))
		return;
	silicon_store(&record->sequence, 0);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	record->status = end->status;
	record->fault = end->fault;
	record->pc = end->pc;
	record->stream = end->stream;
	record->address = end->address;
	record->cycles = end->cycles;
	record->device_ns = end->device_ns;
	record->residency = end->residency;
	record->nan_count = end->nan_count;
	record->slot = end->residency ? queue->slot : 0;
	record->started = end->started;
	record->ended = core->now;
	silicon_store_release(&record->sequence, sequence);

	if (end->residency)
		silicon_store(&page->residency, end->residency);
	silicon_store(&page->device_time, core->now);
	silicon_queue_publish(queue);
	silicon_store_release(&page->sequence, sequence);
	if (silicon_inject_take(core, PUMORI_HW_INJECT_ONES_COMPLETION))
		memset(page, 0xff, sizeof(*page));

	silicon_store(&core->registers.jobs, core->registers.jobs + 1);
	silicon_store(&core->registers.cycles, core->registers.cycles + end->cycles);
	if (end->status == PUMORI_HW_JOB_FAULT)
		silicon_event(core, PUMORI_HW_EVENT_FAULT, queue->id, sequence, end->fault, 0);
	else if (flags & PUMORI_HW_COMMAND_INTERRUPT)
		silicon_event(core, PUMORI_HW_EVENT_JOB, queue->id, sequence, end->status, 0);
	if (silicon_event_room(core) &&
	    silicon_inject_take(core, PUMORI_HW_INJECT_DUPLICATE_COMPLETION))
		report(core, queue, sequence, flags, end);
}

static u64 job_cycles(const struct silicon_slot *slot)
{
	u64 cycles = 0;
	u32 i;

	for (i = 0; i < slot->job.streams; i++)
		cycles = SILICON_MAX(cycles, slot->stream[i].time);
	return cycles;
}

void silicon_queue_end(struct silicon_core *core, struct silicon_queue *queue,
		       struct silicon_end *end)
{
	struct silicon_slot *slot = slot_of(core, queue);

	if (core->saving == queue->slot)
		core->saving = SILICON_NO_SLOT;
	slot->running = false;
	slot->used = ++core->slot_clock;
	if (core->hung == queue->id)
		core->hung = PUMORI_HW_NO_QUEUE;
	queue->state = end->status == PUMORI_HW_JOB_FAULT ? PUMORI_HW_QUEUE_FAULTED :
							    PUMORI_HW_QUEUE_IDLE;
	/* What a broken job left is no preload. */
	if (end->status != PUMORI_HW_JOB_DONE)
		slot->residency = ++core->residency;
	end->cycles = job_cycles(slot);
	end->started = slot->job.started;
	end->device_ns = slot->job.device_ns;
	end->nan_count = slot->job.nan_count;
	end->residency = slot->residency;
	report(core, queue, slot->job.sequence, slot->job.flags, end);
}

/* The job that lies in the save area, or is on its way back, will not run on. */
static void end_saved(struct silicon_core *core, struct silicon_queue *queue,
		      struct silicon_end *end)
{
	queue->saved.valid = false;
	queue->state = end->status == PUMORI_HW_JOB_FAULT ? PUMORI_HW_QUEUE_FAULTED :
							    PUMORI_HW_QUEUE_IDLE;
	end->started = queue->saved.started;
	end->device_ns = queue->saved.device_ns;
	silicon_slot_release(core, queue);
	report(core, queue, queue->sequence + 1, queue->saved.flags, end);
}

void silicon_queue_kill(struct silicon_core *core, struct silicon_queue *queue, u32 status)
{
	struct silicon_end end = { .status = status };
	struct silicon_slot *slot = slot_of(core, queue);

	if (queue->saved.valid)
		end_saved(core, queue, &end);
	else if (slot && slot->running)
		silicon_queue_end(core, queue, &end);
	queue->state = PUMORI_HW_QUEUE_KILLED;
	silicon_queue_publish(queue);
}

/* Ends a command that never became a job. */
static void refuse(struct silicon_core *core, struct silicon_queue *queue, u32 flags, u32 status,
		   u32 fault)
{
	struct silicon_end end = { .status = status, .fault = fault, .started = core->now };

	if (status == PUMORI_HW_JOB_FAULT)
		queue->state = PUMORI_HW_QUEUE_FAULTED;
	report(core, queue, queue->sequence + 1, flags, &end);
}

static u32 check_command(const struct silicon_core *core, const struct silicon_queue *queue,
			 const struct pumori_hw_command *command)
{
	const struct silicon_program *program;

	if (command->opcode != PUMORI_HW_COMMAND_RUN ||
	    command->flags & ~(PUMORI_HW_COMMAND_INTERRUPT | PUMORI_HW_COMMAND_CHECK_NAN) ||
	    command->sequence != queue->sequence + 1 || command->program >= PUMORI_HW_MAX_PROGRAMS ||
	    !silicon_all_zero(command->reserved, sizeof(command->reserved)))
		return PUMORI_HW_FAULT_COMMAND;
	program = &core->program[silicon_clamp(command->program, PUMORI_HW_MAX_PROGRAMS)];
	return program->load && command->entry < program->entries ?
	       PUMORI_HW_FAULT_NONE : PUMORI_HW_FAULT_COMMAND;
}

/* Copies the job descriptor into the slot; the entry says how much of it counts. */
static u32 read_job(struct silicon_core *core, u64 address, const struct silicon_table_row *entry,
		    struct silicon_job *job)
{
	const struct pumori_hw_job *raw = silicon_bus(core->device, address, sizeof(*raw), 8);
	u32 variables, scalars, i;

	if (!raw)
		return PUMORI_HW_FAULT_BUS;
	variables = silicon_load(&raw->variables);
	scalars = silicon_load(&raw->scalars);
	if (variables > PUMORI_ISA_VARIABLES || scalars > PUMORI_ISA_SCALARS ||
	    variables < entry->entry_variables || scalars < entry->entry_scalars ||
	    raw->reserved[0] || raw->reserved[1])
		return PUMORI_HW_FAULT_COMMAND;
	memset(job->scalar, 0, sizeof(job->scalar));
	memcpy(job->scalar, raw->scalar, scalars * sizeof(job->scalar[0]));
	for (i = 0; i < variables; i++) {
		struct pumori_hw_variable variable;

		silicon_copy(&variable, &raw->variable[i], sizeof(variable));
		if (variable.address % 64 || variable.flags & ~PUMORI_HW_VARIABLE_WRITABLE ||
		    variable.reserved || variable.address >> PUMORI_HW_VA_BITS ||
		    variable.length > (1ull << PUMORI_HW_VA_BITS) - variable.address)
			return PUMORI_HW_FAULT_COMMAND;
		job->variable[i].address = variable.address;
		job->variable[i].length = variable.length;
		job->variable[i].writable = variable.flags & PUMORI_HW_VARIABLE_WRITABLE;
	}
	return PUMORI_HW_FAULT_NONE;
}

/* Takes the next command: afterwards a job runs in the queue's slot, or the command has ended. */
static void take_command(struct silicon_core *core, struct silicon_queue *queue)
{
	u32 tail = silicon_load_acquire(&queue->descriptor->tail), fault;
	const struct silicon_program *program;
	const struct silicon_table_row *row;
	struct pumori_hw_command command;
	struct silicon_slot *slot;
	u64 expected;

	if (tail - queue->head > queue->ring_entries) {
		if (queue->state == PUMORI_HW_QUEUE_KILLED) {
			queue->head = tail;
			return;
		}
		refuse(core, queue, 0, PUMORI_HW_JOB_FAULT, PUMORI_HW_FAULT_COMMAND);
		return;
	}
	silicon_copy(&command, &queue->ring[queue->head & (queue->ring_entries - 1)],
		     sizeof(command));
	if (queue->state == PUMORI_HW_QUEUE_KILLED) {
		queue->head++;
		refuse(core, queue, command.flags, PUMORI_HW_JOB_CANCELED, PUMORI_HW_FAULT_NONE);
		return;
	}
	fault = check_command(core, queue, &command);
	if (fault) {
		queue->head++;
		refuse(core, queue, command.flags, PUMORI_HW_JOB_FAULT, fault);
		return;
	}
	program = &core->program[silicon_clamp(command.program, PUMORI_HW_MAX_PROGRAMS)];
	row = &core->rows[program->first + silicon_clamp(command.entry, program->entries)];

	slot = slot_of(core, queue);
	expected = command.residency == PUMORI_HW_RESIDENCY_PREVIOUS ? queue->previous :
								      command.residency;
	if (command.residency && (!slot || slot->residency != expected ||
				  slot->program != program->load)) {
		queue->head++;
		refuse(core, queue, command.flags, PUMORI_HW_JOB_NOT_RESIDENT, PUMORI_HW_FAULT_NONE);
		return;
	}
	slot = silicon_slot_acquire(core, queue);
	if (!slot)
		return;
	queue->head++;
	fault = read_job(core, command.job, row, &slot->job);
	if (fault) {
		refuse(core, queue, command.flags, PUMORI_HW_JOB_FAULT, fault);
		return;
	}
	slot->job.sequence = command.sequence;
	slot->job.flags = command.flags;
	slot->job.program = command.program;
	slot->job.entry = command.entry;
	slot->job.restarted = false;
	slot->job.residency = command.residency;
	slot->job.budget_units = command.budget_units;
	slot->job.started = core->now;
	slot->job.device_ns = 0;
	slot->job.address_space = queue->address_space;
	slot->job.page_table = queue->page_table;
	silicon_slot_start(core, slot, program);
	queue->unsavable = false;
	queue->state = PUMORI_HW_QUEUE_RUNNING;
	silicon_store(&queue->completion->residency, slot->residency);
	silicon_queue_publish(queue);
}

static bool may_restart(const struct silicon_core *core, const struct silicon_job *job)
{
	const struct silicon_program *program =
		&core->program[silicon_clamp(job->program, PUMORI_HW_MAX_PROGRAMS)];

	return core->rows[program->first + silicon_clamp(job->entry, program->entries)].entry_flags &
	       PUMORI_ISA_ENTRY_RESTARTABLE;
}

void silicon_queue_reset(struct silicon_core *core, struct silicon_queue *queue)
{
	struct silicon_end end = { .status = PUMORI_HW_JOB_INNOCENT_RESET };
	struct silicon_slot *slot = slot_of(core, queue);
	struct silicon_job *job;

	/* What lies in a save area is out of reach of what went wrong. */
	if (!slot || !slot->running || queue->saved.valid) {
		silicon_slot_release(core, queue);
		silicon_queue_publish(queue);
		return;
	}
	job = &slot->job;
	if (!may_restart(core, job) || job->restarted || job->residency) {
		/* Nothing of it is visible, and what it needs is lost: its preload must run again. */
		if (may_restart(core, job) && !job->restarted)
			end.status = PUMORI_HW_JOB_NOT_RESIDENT;
		silicon_queue_end(core, queue, &end);
		silicon_slot_release(core, queue);
		silicon_queue_publish(queue);
		return;
	}
	if (core->saving == queue->slot)
		core->saving = SILICON_NO_SLOT;
	job->restarted = true;
	slot->program = SILICON_NO_PROGRAM;
	slot->residency = ++core->residency;
	silicon_slot_soil(slot);
	silicon_slot_start(core, slot,
			   &core->program[silicon_clamp(job->program, PUMORI_HW_MAX_PROGRAMS)]);
	silicon_store(&queue->completion->residency, slot->residency);
}

/* Gives the saved job a slot again, when one is to be had. */
static void resume(struct silicon_core *core, struct silicon_queue *queue)
{
	struct silicon_slot *slot = silicon_slot_acquire(core, queue);

	if (slot)
		silicon_restore_begin(queue, slot);
}

/* What must be done before the job in the slot runs (on); returns units, sets @fault. */
static u32 prepare(struct silicon_core *core, struct silicon_queue *queue,
		   struct silicon_slot *slot, u32 budget, u32 *fault)
{
	u32 units = silicon_slot_clear(slot, budget);

	if (queue->saved.valid && slot->clear_row == SILICON_SLOT_ROWS && units < budget)
		units += silicon_restore_step(core, queue, slot, budget - units, fault);
	return units;
}

u32 silicon_queue_run(struct silicon_core *core, struct silicon_queue *queue, u32 budget)
{
	struct silicon_slot *slot = slot_of(core, queue);
	struct silicon_end end = { .status = PUMORI_HW_JOB_DONE };
	u32 units = 0, fault = PUMORI_HW_FAULT_NONE;
	u64 before = core->now, spent;
	bool done = false;

	if (!slot || !slot->running) {
		if (queue->saved.valid)
			resume(core, queue);
		else
			take_command(core, queue);
		units = 1;
		slot = slot_of(core, queue);
	}
	if (slot && slot->running && !queue->saved.valid &&
	    silicon_inject_fault(core, slot, &end)) {
		done = true;
	} else if (slot && slot->running && silicon_inject_hang(core, queue, budget)) {
		spent = core->now - before;
		queue->busy_ns += spent;
		queue->virtual_ns += spent;
		slot->job.device_ns += spent;
		silicon_queue_publish(queue);
		return budget;
	} else if (slot && slot->running && units < budget) {
		units += prepare(core, queue, slot, budget - units, &fault);
		if (!queue->saved.valid && slot->clear_row == SILICON_SLOT_ROWS && units < budget)
			units += silicon_sequencer_run(core, slot, budget - units, &end, &done);
		slot->served += units;
	}
	spent = silicon_core_now(core) - before;
	queue->progress += units;
	queue->busy_ns += spent;
	queue->virtual_ns += spent;
	if (slot && slot->running)
		slot->job.device_ns += spent;
	if (fault) {
		end.status = PUMORI_HW_JOB_FAULT;
		end.fault = fault;
		end_saved(core, queue, &end);
	} else if (done) {
		silicon_queue_end(core, queue, &end);
	} else {
		silicon_queue_publish(queue);
	}
	return SILICON_MAX(units, 1u);
}
