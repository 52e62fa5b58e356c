// SPDX-License-Identifier: GPL-2.0
/* Errors: counted by kind for each core, and told as events. */

#include <pumori/hw.h>

#include "pumori_core.h"
#include "pumori_event.h"
#include "pumori_ras.h"

static const char *const names[PUMORI_RAS_ERRORS] = {
	[PUMORI_RAS_ERROR_ECC_CORRECTED] = "ecc-corrected",
	[PUMORI_RAS_ERROR_ECC_UNCORRECTED] = "ecc-uncorrected",
	[PUMORI_RAS_ERROR_ILLEGAL_INSTRUCTION] = "illegal-instruction",
	[PUMORI_RAS_ERROR_MMU_FAULT] = "mmu-fault",
	[PUMORI_RAS_ERROR_RANGE_FAULT] = "range-fault",
	[PUMORI_RAS_ERROR_OVERFLOW_FAULT] = "overflow-fault",
	[PUMORI_RAS_ERROR_DEADLOCK] = "deadlock",
	[PUMORI_RAS_ERROR_BUDGET] = "budget",
	[PUMORI_RAS_ERROR_COMMAND_FAULT] = "command-fault",
	[PUMORI_RAS_ERROR_BUS_ERROR] = "bus-error",
	[PUMORI_RAS_ERROR_HANG] = "hang",
	[PUMORI_RAS_ERROR_NAN] = "nan",
};

/**
 * struct fault_kind - what a fault of the chip counts as
 */
struct fault_kind {
	/** @error: the counter, 0 for none */
	enum pumori_ras_error error;
	/** @reason: for the event */
	const char *reason;
};

static const struct fault_kind faults[] = {
	[PUMORI_HW_FAULT_ILLEGAL] = { PUMORI_RAS_ERROR_ILLEGAL_INSTRUCTION, "illegal instruction" },
	[PUMORI_HW_FAULT_MMU] = { PUMORI_RAS_ERROR_MMU_FAULT, "address not mapped" },
	[PUMORI_HW_FAULT_VARIABLE] = { PUMORI_RAS_ERROR_RANGE_FAULT, "access outside a variable" },
	[PUMORI_HW_FAULT_OPERAND] = { PUMORI_RAS_ERROR_RANGE_FAULT, "operand outside its memory" },
	[PUMORI_HW_FAULT_INDEX] = { PUMORI_RAS_ERROR_RANGE_FAULT, "index out of bounds" },
	[PUMORI_HW_FAULT_OVERFLOW] = { PUMORI_RAS_ERROR_OVERFLOW_FAULT, "overflow" },
	[PUMORI_HW_FAULT_DEADLOCK] = { PUMORI_RAS_ERROR_DEADLOCK, "all streams wait" },
	[PUMORI_HW_FAULT_BUDGET] = { PUMORI_RAS_ERROR_BUDGET, "budget used up" },
	[PUMORI_HW_FAULT_COMMAND] = { PUMORI_RAS_ERROR_COMMAND_FAULT, "malformed command" },
	[PUMORI_HW_FAULT_BUS] = { PUMORI_RAS_ERROR_BUS_ERROR, "host memory did not answer" },
	/* The chip tells memory errors by an event of their own, which is what is counted. */
	[PUMORI_HW_FAULT_ECC] = { 0, "uncorrectable memory error" },
};

/**
 * pumori_ras_name() - name of a counter
 * @error: enum pumori_ras_error
 *
 * Return: the name, or NULL when there is no such counter.
 */
const char *pumori_ras_name(u32 error)
{
	return error < PUMORI_RAS_ERRORS ? names[error] : NULL;
}

/**
 * pumori_ras_count() - count errors
 * @core: where
 * @error: which
 * @count: how many
 *
 * Any context.
 */
void pumori_ras_count(struct pumori_core *core, enum pumori_ras_error error, u64 count)
{
	atomic64_add(count, &core->ras.errors[error]);
}

static void note_fault(struct pumori_core *core, u32 context, u32 fault)
{
	static const struct fault_kind unknown = { 0, "unknown fault" };
	const struct fault_kind *kind = &unknown;
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_FAULT,
		.core = core->index,
		.context = context,
		.fault = fault,
	};

	if (fault < ARRAY_SIZE(faults) && faults[fault].reason)
		kind = &faults[fault];
	if (kind->error)
		pumori_ras_count(core, kind->error, 1);
	event.reason = kind->reason;
	pumori_event_report(core->pumori, &event);
}

/**
 * pumori_ras_job() - note how a job ended
 * @core: where it ran
 * @context: number of its context on the device
 * @record: the chip's record
 *
 * Any context.
 */
void pumori_ras_job(struct pumori_core *core, u32 context, const struct pumori_hw_record *record)
{
	switch (record->status) {
	case PUMORI_HW_JOB_FAULT:
		atomic64_inc(&core->ras.jobs_failed);
		note_fault(core, context, record->fault);
		break;
	case PUMORI_HW_JOB_KILLED:
		atomic64_inc(&core->ras.jobs_failed);
		break;
	case PUMORI_HW_JOB_INNOCENT_RESET:
	case PUMORI_HW_JOB_DEVICE_LOST:
		atomic64_inc(&core->ras.jobs_lost);
		break;
	}

	if (record->nan_count) {
		struct pumori_event event = {
			.type = PUMORI_EVENT_TYPE_NAN,
			.core = core->index,
			.context = context,
			.value = record->nan_count,
			.reason = "outputs are NaN or infinite",
		};

		pumori_ras_count(core, PUMORI_RAS_ERROR_NAN, record->nan_count);
		pumori_event_report(core->pumori, &event);
	}
}

/**
 * pumori_ras_ecc() - note memory errors
 * @core: where
 * @count: how many
 * @corrected: whether the chip corrected them
 *
 * Any context.
 */
void pumori_ras_ecc(struct pumori_core *core, u64 count, bool corrected)
{
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_ECC,
		.core = core->index,
		.value = count,
		.corrected = corrected,
		.reason = corrected ? "memory errors corrected" : "memory errors not correctable",
	};

	pumori_ras_count(core, corrected ? PUMORI_RAS_ERROR_ECC_CORRECTED :
					   PUMORI_RAS_ERROR_ECC_UNCORRECTED, count);
	pumori_event_report(core->pumori, &event);
}

/**
 * pumori_ras_hang() - note that the watchdog had to act
 * @core: where
 * @context: number of the context to blame, 0 for none
 * @reason: why, a constant string
 *
 * Any context.
 */
void pumori_ras_hang(struct pumori_core *core, u32 context, const char *reason)
{
	struct pumori_event event = {
		.type = PUMORI_EVENT_TYPE_HANG,
		.core = core->index,
		.context = context,
		.reason = reason,
	};

	pumori_ras_count(core, PUMORI_RAS_ERROR_HANG, 1);
	pumori_event_report(core->pumori, &event);
}

/**
 * pumori_ras_clear() - set counters to zero
 * @core: of which core
 * @error: which one, 0 for all
 */
void pumori_ras_clear(struct pumori_core *core, u32 error)
{
	u32 i;

	for (i = 1; i < PUMORI_RAS_ERRORS; i++) {
		if (!error || error == i)
			atomic64_set(&core->ras.errors[i], 0);
	}
}
