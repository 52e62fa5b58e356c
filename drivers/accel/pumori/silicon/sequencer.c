// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * Sequencers: the streams of a job, taken in a fixed cyclic order. Each runs until it waits for a
 * semaphore or ends; when a slice ends in between, the next one goes on at the same place. So results,
 * faults and model time follow from program and data alone.
 */
#include "internal.h"

/*
 * Model time at which the semaphore reached @value; the oldest that is still known when it is
 * older.
 */
static u64 time_of(const struct silicon_history *history, u32 signals, u32 value)
{
	u32 high = signals - 1, low, middle;

	/* Mostly it is the last signal that a waiter waited for. */
	if (!high || history->values[(high - 1) % SILICON_HISTORY] < value)
		return history->times[high % SILICON_HISTORY];
	low = high < SILICON_HISTORY ? 0 : high - (SILICON_HISTORY - 1);
	while (low < high) {
		middle = low + (high - low) / 2;
		if (history->values[middle % SILICON_HISTORY] < value)
			low = middle + 1;
		else
			high = middle;
	}
	return history->times[low % SILICON_HISTORY];
}

static u32 awaited(const struct silicon_stream *stream, const struct silicon_wait *wait)
{
	return wait->value + (u32)stream->bound[wait->bind % SILICON_BOUND_VALUES] * wait->step;
}

/*
 * False when the stream must wait; else lifts its start to the time at which the value was there.
 */
static bool satisfied(struct silicon_slot *slot, struct silicon_stream *stream,
		      const struct silicon_wait *wait)
{
	const struct silicon_semaphore *semaphore = &slot->semaphore[wait->semaphore];
	u32 value = awaited(stream, wait);
	u64 time;

	if (semaphore->value < value) {
		stream->state = SILICON_STREAM_BLOCKED;
		stream->blocked_on = wait->semaphore;
		return false;
	}
	if (value) {
		time = time_of(&slot->history[wait->semaphore], semaphore->signals, value);
		stream->start = SILICON_MAX(stream->start, time);
	}
	return true;
}

static bool may_start(struct silicon_slot *slot, struct silicon_stream *stream,
		      const struct silicon_instruction *instruction)
{
	stream->start = stream->time;
	if (instruction->flags & PUMORI_ISA_WAIT0 && !satisfied(slot, stream, &instruction->wait[0]))
		return false;
	return !(instruction->flags & PUMORI_ISA_WAIT1) ||
	       satisfied(slot, stream, &instruction->wait[1]);
}

static u32 signal(struct silicon_slot *slot, const struct silicon_stream *stream,
		  const struct silicon_instruction *instruction)
{
	struct silicon_semaphore *semaphore = &slot->semaphore[instruction->signal_semaphore];
	struct silicon_history *history = &slot->history[instruction->signal_semaphore];
	u32 position = semaphore->signals % SILICON_HISTORY;

	if (semaphore->value > 0xffffffffu - instruction->signal_increment)
		return PUMORI_HW_FAULT_OVERFLOW;
	semaphore->value += instruction->signal_increment;
	history->values[position] = semaphore->value;
	history->times[position] = stream->time;
	semaphore->signals++;
	/* Whoever waits looks again when its turn comes. */
	slot->job.runnable |= semaphore->waiters;
	semaphore->waiters = 0;
	return PUMORI_HW_FAULT_NONE;
}

/* --- control instructions ----------------------------------------------------------------------- */

static s32 register_value(const struct silicon_stream *stream, u8 number)
{
	return (s32)stream->bound[SILICON_BOUND_REGISTER + number % PUMORI_ISA_REGISTERS];
}

static void set_register(struct silicon_stream *stream, u8 number, s32 value)
{
	stream->bound[SILICON_BOUND_REGISTER + number % PUMORI_ISA_REGISTERS] = value;
}

static s32 divide(s32 a, s32 b)
{
	if (!b)
		return 0;
	return b == -1 ? (s32)-(u32)a : a / b;
}

static s32 modulo(s32 a, s32 b, bool floor)
{
	s32 rest;

	if (!b || b == -1)
		return 0;
	rest = a % b;
	return floor && rest && (rest ^ b) < 0 ? rest + b : rest;
}

static s32 calculate(u8 operation, s32 a, s32 b)
{
	switch (operation) {
	case PUMORI_ISA_ALU_ADD:
		return (s32)((u32)a + (u32)b);
	case PUMORI_ISA_ALU_SUBTRACT:
		return (s32)((u32)a - (u32)b);
	case PUMORI_ISA_ALU_MULTIPLY:
		return (s32)((u32)a * (u32)b);
	case PUMORI_ISA_ALU_DIVIDE:
		return divide(a, b);
	case PUMORI_ISA_ALU_MODULO:
		return modulo(a, b, false);
	case PUMORI_ISA_ALU_MODULO_FLOOR:
		return modulo(a, b, true);
	case PUMORI_ISA_ALU_MAX:
		return SILICON_MAX(a, b);
	case PUMORI_ISA_ALU_MIN:
		return SILICON_MIN(a, b);
	case PUMORI_ISA_ALU_EQUAL:
		return a == b;
	case PUMORI_ISA_ALU_NOT_EQUAL:
		return a != b;
	case PUMORI_ISA_ALU_LESS:
		return a < b;
	case PUMORI_ISA_ALU_LESS_EQUAL:
		return a <= b;
	case PUMORI_ISA_ALU_GREATER:
		return a > b;
	case PUMORI_ISA_ALU_GREATER_EQUAL:
		return a >= b;
	case PUMORI_ISA_ALU_LOGICAL_AND:
		return a && b;
	case PUMORI_ISA_ALU_LOGICAL_OR:
		return a || b;
	case PUMORI_ISA_ALU_LOGICAL_XOR:
		return !a != !b;
	case PUMORI_ISA_ALU_BIT_AND:
		return a & b;
	case PUMORI_ISA_ALU_BIT_OR:
		return a | b;
	case PUMORI_ISA_ALU_BIT_XOR:
		return a ^ b;
	case PUMORI_ISA_ALU_SHIFT_LEFT:
		return (s32)((u32)a << (b & 31));
	case PUMORI_ISA_ALU_SHIFT_RIGHT_LOGICAL:
		return (s32)((u32)a >> (b & 31));
	case PUMORI_ISA_ALU_SHIFT_RIGHT_ARITHMETIC:
		return a >> (b & 31);
	default:
		return a;
	}
}

static bool taken(const struct silicon_stream *stream, const struct silicon_control *control)
{
	s32 a = register_value(stream, control->source);
	s32 b = control->use_register ? register_value(stream, control->source2) : control->immediate;

	switch (control->compare) {
	case PUMORI_ISA_COMPARE_EQUAL:
		return a == b;
	case PUMORI_ISA_COMPARE_NOT_EQUAL:
		return a != b;
	case PUMORI_ISA_COMPARE_LESS:
		return a < b;
	case PUMORI_ISA_COMPARE_GREATER_EQUAL:
		return a >= b;
	default:
		return true;
	}
}

/* Opens a loop at its first iteration, or goes on behind it when there is none. */
static u32 loop_begin(struct silicon_stream *stream, const struct silicon_control *control,
		      u32 *next, u32 first)
{
	u32 count = control->count, level = control->level % PUMORI_ISA_LOOP_LEVELS;
	s32 value;

	if (control->use_register) {
		value = register_value(stream, control->source);
		if (value < 0 || (u32)value > count)
			return PUMORI_HW_FAULT_OVERFLOW;
		count = (u32)value;
	}
	if (!count) {
		*next = first + control->target;
		return PUMORI_HW_FAULT_NONE;
	}
	stream->limit[level] = count;
	stream->bound[PUMORI_ISA_BIND_LOOP(level)] = 0;
	return PUMORI_HW_FAULT_NONE;
}

static void loop_end(struct silicon_stream *stream, const struct silicon_control *control,
		     u32 *next, u32 first)
{
	u32 level = control->level % PUMORI_ISA_LOOP_LEVELS;
	s64 counter = stream->bound[PUMORI_ISA_BIND_LOOP(level)] + 1;

	if (counter < stream->limit[level]) {
		stream->bound[PUMORI_ISA_BIND_LOOP(level)] = counter;
		*next = first + control->target;
	}
}

/* Executes a control instruction; @next comes in as the following instruction. */
static u32 control(struct silicon_slot *slot, struct silicon_stream *stream,
		   const struct silicon_instruction *instruction, u32 *next, u64 *address)
{
	const struct silicon_control *operands = &instruction->control;
	struct silicon_view view;
	u32 fault;

	switch (instruction->opcode) {
	case PUMORI_ISA_END:
		stream->state = SILICON_STREAM_ENDED;
		break;
	case PUMORI_ISA_LOOP_BEGIN:
		return loop_begin(stream, operands, next, slot->job.first);
	case PUMORI_ISA_LOOP_END:
		loop_end(stream, operands, next, slot->job.first);
		break;
	case PUMORI_ISA_BRANCH:
		if (taken(stream, operands))
			*next = slot->job.first + operands->target;
		break;
	case PUMORI_ISA_REGISTER_SET:
		set_register(stream, operands->destination, operands->immediate);
		break;
	case PUMORI_ISA_REGISTER_ALU:
		set_register(stream, operands->destination,
			     calculate(operands->operation,
				       register_value(stream, operands->source),
				       operands->use_register ?
					       register_value(stream, operands->source2) :
					       operands->immediate));
		break;
	case PUMORI_ISA_REGISTER_LOAD:
		fault = silicon_operand_view(slot, stream->bound, &operands->operand, &view, address);
		if (fault)
			return fault;
		set_register(stream, operands->destination, *(const s32 *)view.base);
		break;
	case PUMORI_ISA_REGISTER_SCALAR:
		set_register(stream, operands->destination,
			     (s32)slot->job.scalar[(u32)operands->immediate % PUMORI_ISA_SCALARS]);
		break;
	default:
		break;
	}
	return PUMORI_HW_FAULT_NONE;
}

/* --- one instruction ---------------------------------------------------------------------------- */

static u32 issue(struct silicon_slot *slot, struct silicon_stream *stream,
		 const struct silicon_instruction *instruction, u64 *address)
{
	struct silicon_job *job = &slot->job;
	u64 units;
	u32 fault;

	stream->state = SILICON_STREAM_BUSY;
	if (instruction->format == PUMORI_ISA_FORMAT_COMPUTE)
		return silicon_compute_issue(slot, stream, instruction, address);
	fault = silicon_dma_issue(slot, stream, instruction, &units, address);
	/* A DMA may be long, and memory shows what it wrote: so the budget is asked before. */
	if (!fault && job->budget_units &&
	    units > job->budget_units - SILICON_MIN(job->units, job->budget_units))
		return PUMORI_HW_FAULT_BUDGET;
	return fault;
}

/* Goes on with a compute or DMA instruction; *@finished when its results are there. */
static u32 proceed(struct silicon_core *core, struct silicon_slot *slot,
		   struct silicon_stream *stream, const struct silicon_instruction *instruction,
		   u32 budget, u32 *fault, u64 *address, bool *finished)
{
	struct silicon_task *task = &stream->task;
	u32 units;

	if (instruction->format == PUMORI_ISA_FORMAT_DMA)
		return silicon_dma_step(core, slot, stream, budget, fault, address, finished);
	/* Translations are good for one slice. */
	if (stream->inplace.place && !silicon_inplace_resolve(core, slot, stream, fault, address)) {
		*finished = true;
		return 1;
	}
	units = core->device->config.kernels->run[instruction->opcode % PUMORI_ISA_OPCODE_LIMIT](
		task, budget);
	*finished = task->finished;
	if (task->fault)
		*fault = PUMORI_HW_FAULT_INDEX;
	else if (task->finished)
		slot->job.nan_count = task->nan_count > 0xffffffffu - slot->job.nan_count ?
				      0xffffffffu : slot->job.nan_count + task->nan_count;
	return units;
}

/* What a stream's unit draws in a cycle, picojoules: isa.md, section 6. */
static u32 energy_a_cycle(u32 stream)
{
	static const u16 engines[PUMORI_ISA_ENGINES] = {
		[PUMORI_ISA_TENSOR] = 6000,
		[PUMORI_ISA_VECTOR] = 900,
		[PUMORI_ISA_SCALAR] = 800,
		[PUMORI_ISA_GPSIMD] = 1200,
		[PUMORI_ISA_SYNC] = 50,
	};

	return stream < PUMORI_ISA_ENGINES ? engines[stream] : 300;
}

static u32 retire(struct silicon_core *core, struct silicon_slot *slot,
		  struct silicon_stream *stream, const struct silicon_instruction *instruction,
		  u32 next)
{
	u64 energy = (u64)instruction->cycles * energy_a_cycle(stream->id) / 1000;

	silicon_store(&core->registers.energy, core->registers.energy + energy);
	stream->time = stream->start + instruction->cycles;
	stream->pc = next;
	if (instruction->flags & PUMORI_ISA_SIGNAL)
		return signal(slot, stream, instruction);
	return PUMORI_HW_FAULT_NONE;
}

/*
 * Runs one stream until it waits, ends, faults or @budget is used up. It is compiled twice, so that
 * a core which is not traced pays nothing for those that are.
 */
static inline __attribute__((__always_inline__)) u32
run_stream(struct silicon_core *core, struct silicon_slot *slot, struct silicon_stream *stream,
	   u32 budget, u32 *fault, u64 *address, const bool traced)
{
	struct silicon_job *job = &slot->job;
	u32 used = 0, retired = 0, units, pc, next;
	u64 ready = 0, before = 0;
	bool finished;

	while (used < budget && !*fault) {
		const struct silicon_instruction *instruction = &job->code[stream->pc];

		pc = stream->pc;
		next = pc + 1;
		finished = true;
		units = 1;
		if (traced) {
			ready = stream->time;
			before = silicon_core_now(core);
		}
		if (stream->state != SILICON_STREAM_BUSY) {
			if (!may_start(slot, stream, instruction))
				break;
			if (traced) {
				stream->trace_time = before;
				stream->trace_ns = 0;
			}
			if (instruction->format == PUMORI_ISA_FORMAT_CONTROL)
				*fault = control(slot, stream, instruction, &next, address);
			else
				*fault = issue(slot, stream, instruction, address);
		}
		if (!*fault && instruction->format != PUMORI_ISA_FORMAT_CONTROL)
			units = proceed(core, slot, stream, instruction, budget - used, fault,
					address, &finished);
		used += units;
		job->units += units;
		if (traced)
			stream->trace_ns += silicon_core_now(core) - before;
		if (*fault || !finished)
			continue;
		if (stream->state == SILICON_STREAM_BUSY)
			stream->state = SILICON_STREAM_READY;
		retired++;
		*fault = retire(core, slot, stream, instruction, next);
		if (traced)
			silicon_trace_retired(core, slot, stream, instruction, pc, ready);
		/* Not in the middle of an instruction: where a slice ends must not matter. */
		if (!*fault && job->budget_units && job->units > job->budget_units)
			*fault = PUMORI_HW_FAULT_BUDGET;
		if (*fault)
			stream->pc = pc;
		if (stream->state == SILICON_STREAM_ENDED)
			break;
	}
	silicon_store(&core->registers.instructions, core->registers.instructions + retired);
	return used;
}

static u32 run_plain(struct silicon_core *core, struct silicon_slot *slot,
		     struct silicon_stream *stream, u32 budget, u32 *fault, u64 *address)
{
	return run_stream(core, slot, stream, budget, fault, address, false);
}

static __attribute__((__noinline__)) u32 run_traced(struct silicon_core *core,
						struct silicon_slot *slot,
						struct silicon_stream *stream, u32 budget,
						u32 *fault, u64 *address)
{
	return run_stream(core, slot, stream, budget, fault, address, true);
}

/* --- a job -------------------------------------------------------------------------------------- */

/* The next stream in the cyclic order, from @from on, that is not blocked. */
static u32 next_stream(u32 runnable, u32 from)
{
	u32 later = runnable & ~0u << from;

	return (u32)__builtin_ctz(later ? later : runnable);
}

static void describe(struct silicon_job *job, const struct silicon_stream *stream, u32 fault,
		     u64 address, struct silicon_end *end)
{
	end->status = PUMORI_HW_JOB_FAULT;
	end->fault = fault;
	end->pc = stream->pc - job->first;
	end->stream = stream->id;
	end->address = address;
}

u32 silicon_sequencer_run(struct silicon_core *core, struct silicon_slot *slot, u32 budget,
			  struct silicon_end *end, bool *done)
{
	struct silicon_job *job = &slot->job;
	u32 used = 0, fault = PUMORI_HW_FAULT_NONE, bit, i;
	struct silicon_stream *stream;
	u64 address = 0;

	*done = true;
	while (job->runnable) {
		if (used >= budget) {
			*done = false;
			return used;
		}
		job->turn = next_stream(job->runnable, job->turn);
		bit = 1u << job->turn;
		stream = &slot->stream[job->turn];
		if (stream->state == SILICON_STREAM_BLOCKED)
			stream->state = SILICON_STREAM_READY;
		if (core->trace)
			used += run_traced(core, slot, stream, budget - used, &fault, &address);
		else
			used += run_plain(core, slot, stream, budget - used, &fault, &address);
		if (fault) {
			describe(job, stream, fault, address, end);
			return used;
		}
		if (stream->state == SILICON_STREAM_BLOCKED) {
			job->runnable &= ~bit;
			slot->semaphore[stream->blocked_on].waiters |= bit;
		} else if (stream->state == SILICON_STREAM_ENDED) {
			job->runnable &= ~bit;
			job->ended++;
		}
		/* Else the slice is over, and this stream goes on in the next. */
	}
	if (job->ended == job->streams)
		return used;
	for (i = 0; slot->stream[i].state != SILICON_STREAM_BLOCKED; i++)
		;
	describe(job, &slot->stream[i], PUMORI_HW_FAULT_DEADLOCK, slot->stream[i].blocked_on, end);
	return used;
}
