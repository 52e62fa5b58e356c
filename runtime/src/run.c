// SPDX-License-Identifier: MIT
/* Runs: bindings, submission, waiting, and what became of a job. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "model.h"
#include "tensor.h"

#define ATTEMPTS	8	/* how often in a row a job may lose its preload or its core */
/*
 * How often in a row a job may stand behind one that faults. Each time is the end of somebody's
 * job, so many neighbours that all fault delay a run but do not fail it; a driver that cancels for
 * no reason ends it after all.
 */
#define CANCELS		10000

/** struct pumori_run - one invocation at a time of a model */
struct pumori_run {
	/** @model: its model */
	struct pumori_model *model;
	/** @job: entry and variable table */
	struct pumori_job *job;
	/** @memory: scratch and states, NULL when there are none */
	struct pumori_buffer *memory;
	/** @variables: size of the table */
	uint32_t variables;
	/** @unbound: inputs and outputs that have no tensor yet */
	uint32_t unbound;
	/** @tensors: what is bound, by index in the table */
	struct pumori_tensor **tensors;
	/** @ticket: the submission */
	struct pumori_ticket ticket;
	/** @attempts: submissions of the invocation that lost their preload or their core */
	uint32_t attempts;
	/** @cancels: submissions of the invocation that stood behind a job that faulted */
	uint32_t cancels;
	/** @finished: the last invocation is over; @result and the ticket's record are valid */
	int finished;
	/** @result: of the last invocation */
	int result;
};

/* --- Making and binding ------------------------------------------------------------------------- */

static void free_run(struct pumori_run *run)
{
	struct pumori_backend *backend = run->model->device->backend;
	uint32_t i;

	if (run->job)
		backend->ops->job_destroy(backend, run->job);
	pumori_buffer_destroy(run->model->device, run->memory);
	if (run->tensors)
		for (i = 0; i < run->variables; i++)
			if (run->tensors[i])
				pumori_tensor_put(run->tensors[i]);
	free(run->tensors);
	pumori_model_put(run->model);
	free(run);
}

static uint32_t count_bindings(const struct pumori_run *run)
{
	const struct pumori_executable *executable = run->model->executable;
	const struct pumori_executable_entry *entry = &executable->entries[run->model->entry];
	uint32_t i, count = 0;

	for (i = 0; i < entry->variables; i++) {
		uint32_t kind = executable->variables[entry->first_variable + i].kind;

		count += kind == PUMORI_KIND_INPUT || kind == PUMORI_KIND_OUTPUT;
	}
	return count;
}

int pumori_run_create(struct pumori_run **run, struct pumori_model *model)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_backend *backend;
	struct pumori_run *new;
	uint64_t bytes = 0;
	int error;

	if (!run || !model)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "pumori_run_create: no model, or nowhere to put the run");
	backend = model->device->backend;
	new = calloc(1, sizeof(*new));
	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a run");
	new->model = pumori_model_get(model);
	new->variables = model->executable->entries[model->entry].variables;
	new->tensors = calloc(new->variables + 1, sizeof(*new->tensors));
	if (new->tensors)
		error = pumori_model_private(model, model->entry, &bytes);
	else
		error = pumori_fail(PUMORI_ERROR_MEMORY, "no memory for %u bindings",
				    new->variables);
	if (!error && bytes)
		error = pumori_buffer_create(model->device, bytes, PUMORI_BUFFER_DEVICE,
					     &new->memory);
	if (!error)
		error = backend->ops->job_create(backend, model->program, model->entry,
						 new->variables, model->device->budget_ms,
						 &new->job);
	if (error) {
		free_run(new);
		return error;
	}
	pumori_model_fill_job(model, model->entry, new->job, new->memory);
	new->unbound = count_bindings(new);
	*run = new;
	return 0;
}

static int is_pending(const struct pumori_run *run)
{
	return run->ticket.queue != NULL;
}

void pumori_run_destroy(struct pumori_run *run)
{
	PUMORI_KEEP_ERRNO();

	if (!run)
		return;
	if (is_pending(run))
		pumori_queue_wait(&run->model->device->queues, &run->ticket, -1);
	free_run(run);
}

int pumori_run_bind(struct pumori_run *run, enum pumori_direction direction, uint32_t index,
		    struct pumori_tensor *tensor)
{
	PUMORI_KEEP_ERRNO();
	const struct pumori_executable_variable *variable;
	uint32_t slot;
	int error;

	if (!run || !tensor)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_run_bind: no run or no tensor");
	if (is_pending(run))
		return pumori_fail(PUMORI_ERROR_BUSY, "pumori_run_bind: the run is pending");
	error = pumori_model_variable(run->model, direction, index, &variable, &slot);
	if (error)
		return error;
	if (tensor->device != run->model->device)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "the tensor is of another device than the model");
	if (tensor->bytes < variable->size)
		return pumori_fail(
			PUMORI_ERROR_INVALID, "%.64s needs %llu bytes, the tensor has %llu",
			pumori_executable_string(run->model->executable, variable->name),
			(unsigned long long)variable->size, (unsigned long long)tensor->bytes);
	pumori_tensor_get(tensor);
	if (run->tensors[slot])
		pumori_tensor_put(run->tensors[slot]);
	else
		run->unbound--;
	run->tensors[slot] = tensor;
	run->model->device->backend->ops->job_variable(run->job, slot, tensor->buffer->va,
						       variable->size, direction == PUMORI_OUTPUT);
	return 0;
}

/* --- What became of a job ----------------------------------------------------------------------- */

static const char *fault_name(uint32_t fault)
{
	static const char *const names[] = {
		[PUMORI_HW_FAULT_NONE] = "no fault",
		[PUMORI_HW_FAULT_ILLEGAL] = "illegal instruction",
		[PUMORI_HW_FAULT_MMU] = "address not mapped or not writable",
		[PUMORI_HW_FAULT_VARIABLE] =
			"access outside a variable or a write to a read-only one",
		[PUMORI_HW_FAULT_OPERAND] = "operand address outside SBUF or PSUM",
		[PUMORI_HW_FAULT_INDEX] = "index out of bounds",
		[PUMORI_HW_FAULT_OVERFLOW] = "integer or semaphore overflow",
		[PUMORI_HW_FAULT_DEADLOCK] = "all streams wait for each other",
		[PUMORI_HW_FAULT_BUDGET] = "time budget used up",
		[PUMORI_HW_FAULT_COMMAND] = "malformed command",
		[PUMORI_HW_FAULT_BUS] = "host memory did not answer",
		[PUMORI_HW_FAULT_ECC] = "uncorrectable memory error",
	};

	return fault < sizeof(names) / sizeof(names[0]) ? names[fault] : "unknown fault";
}

static const struct pumori_executable_debug *faulting_node(const struct pumori_run *run)
{
	return pumori_executable_debug_find(run->model->executable, run->ticket.record.pc);
}

static int faulted(const struct pumori_run *run)
{
	const struct pumori_hw_record *record = &run->ticket.record;
	const struct pumori_executable_debug *debug = faulting_node(run);

	return pumori_fail(
		record->fault == PUMORI_HW_FAULT_BUDGET ? PUMORI_ERROR_KILLED : PUMORI_ERROR_FAULT,
		"%s: instruction %u, stream %u, address 0x%llx%s%.200s", fault_name(record->fault),
		record->pc, record->stream, (unsigned long long)record->address,
		debug ? ", node " : "",
		debug ? pumori_executable_string(run->model->executable, debug->node) : "");
}

static int result_of(const struct pumori_run *run)
{
	switch (run->ticket.record.status) {
	case PUMORI_HW_JOB_DONE:
		return 0;
	case PUMORI_HW_JOB_FAULT:
		return faulted(run);
	case PUMORI_HW_JOB_NOT_RESIDENT:
		return pumori_fail(PUMORI_ERROR_KILLED,
				   "the slot lost the model's data %u times in a row",
				   run->attempts);
	case PUMORI_HW_JOB_KILLED:
		return pumori_fail(PUMORI_ERROR_KILLED,
				   "the job was killed by the watchdog or a reset");
	case PUMORI_HW_JOB_INNOCENT_RESET:
		return pumori_fail(PUMORI_ERROR_KILLED,
				   "the core was reset for another job's fault");
	case PUMORI_HW_JOB_CANCELED:
		return pumori_fail(PUMORI_ERROR_KILLED,
				   "the job was canceled: one before it in the queue had faulted");
	case PUMORI_HW_JOB_DEVICE_LOST:
		return pumori_fail(PUMORI_ERROR_DEVICE_LOST, "the device is gone");
	default:
		return pumori_fail(PUMORI_ERROR_IO, "the job ended with the unknown status %u",
				   run->ticket.record.status);
	}
}

/* Jobs that did not run, or that can run again from their start, through no fault of their own. */
static int try_again(struct pumori_run *run)
{
	uint32_t flags = run->model->executable->entries[run->model->entry].flags;

	switch (run->ticket.record.status) {
	case PUMORI_HW_JOB_CANCELED:
		return ++run->cancels < CANCELS;
	case PUMORI_HW_JOB_NOT_RESIDENT:
		return ++run->attempts < ATTEMPTS;
	case PUMORI_HW_JOB_INNOCENT_RESET:
		return flags & PUMORI_ISA_ENTRY_RESTARTABLE && ++run->attempts < ATTEMPTS;
	default:
		return 0;
	}
}

/* --- Submitting and waiting --------------------------------------------------------------------- */

static int start(struct pumori_run *run, int detached)
{
	return pumori_queue_submit(&run->model->device->queues, &run->ticket, run->model, run->job,
				   run->model->preload, detached);
}

static int finish(struct pumori_run *run, int result)
{
	run->finished = 1;
	run->result = result;
	return result;
}

/* With a finite time-out that passes, the run stays pending. */
static int wait_for(struct pumori_run *run, int64_t timeout_ns)
{
	int error;

	for (;;) {
		error = pumori_queue_wait(&run->model->device->queues, &run->ticket, timeout_ns);
		if (error == PUMORI_ERROR_TIMEOUT)
			return error;
		if (error)
			return finish(run, error);
		if (!try_again(run))
			return finish(run, result_of(run));
		error = start(run, timeout_ns >= 0);
		if (error)
			return finish(run, error);
	}
}

static int prepare(struct pumori_run *run)
{
	if (!run)
		return pumori_fail(PUMORI_ERROR_INVALID, "no run");
	if (is_pending(run) && wait_for(run, 0) == PUMORI_ERROR_TIMEOUT)
		return pumori_fail(PUMORI_ERROR_BUSY, "the run is still pending");
	if (run->unbound)
		return pumori_fail(PUMORI_ERROR_INVALID, "%u inputs or outputs have no tensor",
				   run->unbound);
	run->finished = 0;
	run->attempts = 0;
	run->cancels = 0;
	return 0;
}

int pumori_run_submit(struct pumori_run *run)
{
	PUMORI_KEEP_ERRNO();
	int error = prepare(run);

	return error ? error : start(run, 1);
}

int pumori_run_wait(struct pumori_run *run, int64_t timeout_ns)
{
	PUMORI_KEEP_ERRNO();

	if (!run)
		return pumori_fail(PUMORI_ERROR_INVALID, "no run");
	if (is_pending(run))
		return wait_for(run, timeout_ns);
	if (!run->finished)
		return pumori_fail(PUMORI_ERROR_INVALID, "the run was not submitted");
	return run->result;
}

int pumori_run_execute(struct pumori_run *run)
{
	PUMORI_KEEP_ERRNO();
	int error = prepare(run);

	if (!error)
		error = start(run, 0);
	return error ? error : wait_for(run, -1);
}

int pumori_run_status(struct pumori_run *run, struct pumori_run_status *status)
{
	PUMORI_KEEP_ERRNO();
	const struct pumori_hw_record *record;
	const struct pumori_executable_debug *debug;
	struct pumori_run_status complete = { 0 };

	if (!run)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_run_status: no run");
	if (!run->finished)
		return pumori_fail(is_pending(run) ? PUMORI_ERROR_BUSY : PUMORI_ERROR_INVALID,
				   "the run has not been waited for");
	record = &run->ticket.record;
	complete.job_status = record->status;
	complete.fault = record->fault;
	complete.pc = record->pc;
	complete.stream = record->stream;
	complete.address = record->address;
	complete.cycles = record->cycles;
	complete.device_ns = record->device_ns;
	complete.nan_count = record->nan_count;
	if (record->status == PUMORI_HW_JOB_FAULT) {
		debug = faulting_node(run);
		if (debug)
			complete.node = pumori_executable_string(run->model->executable,
								 debug->node);
	}
	return pumori_info_copy(status, &complete, sizeof(complete), "pumori_run_status");
}
