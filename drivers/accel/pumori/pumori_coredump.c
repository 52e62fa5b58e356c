// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Core dumps
 *
 * When a queue is banned or the device is reset, what the device looked like is kept for
 * /sys/class/devcoredump: text, for people. The state is copied into memory that was allocated at
 * probe, for that happens where fences are signalled; a worker makes the text of it. Only the first of
 * several failures is kept until its text is made, and the kernel keeps that until it was read, for
 * five minutes or until the device goes. It holds addresses and code, never contents of buffers.
 */

#include <linux/devcoredump.h>
#include <linux/ktime.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <pumori/hw.h>
#include <pumori/isa.h>

#include "pumori_core.h"
#include "pumori_coredump.h"
#include "pumori_decode.h"
#include "pumori_device.h"
#include "pumori_drv.h"
#include "pumori_program.h"
#include "pumori_queue.h"
#include "pumori_ring.h"

#define TEXT_BYTES	(64 * 1024)
/* How many of the last events are told. */
#define EVENTS		16

/**
 * struct pumori_coredump - what a device looked like
 */
struct pumori_coredump {
	/** @pumori: the device */
	struct pumori_device *pumori;
	/** @busy: bit 0: what follows is in use */
	unsigned long busy;
	/** @work: makes the text */
	struct work_struct work;
	/** @reason: why it was taken */
	const char *reason;
	/** @time: when */
	ktime_t time;
	/** @registers: of the device and of each core, by offset / 4 */
	u32 registers[PUMORI_HW_REG_BYTES / sizeof(u32)];
	/** @queue: id of the queue that is to blame, 0 for none: then what follows is not valid */
	u32 queue;
	/** @core: its core */
	u32 core;
	/** @process: whose it is */
	char process[TASK_COMM_LEN];
	/** @pid: likewise */
	pid_t pid;
	/** @pushed: last job that the chip was given */
	u64 pushed;
	/** @descriptor: its descriptor */
	struct pumori_hw_queue descriptor;
	/** @ring: its ring */
	struct pumori_hw_command ring[PUMORI_QUEUE_RING_ENTRIES];
	/** @completion: its completion page */
	struct pumori_hw_completion completion;
	/** @event_head: index of the next event of the core */
	u32 event_head;
	/** @events: event ring of the core */
	struct pumori_hw_event events[PUMORI_HW_EVENT_ENTRIES];
	/** @known: @instruction is the one that faulted */
	bool known;
	/** @instruction: the instruction */
	struct pumori_isa_instruction instruction;
};

static const char *const statuses[] = {
	[PUMORI_HW_JOB_DONE] = "done", [PUMORI_HW_JOB_FAULT] = "fault",
	[PUMORI_HW_JOB_NOT_RESIDENT] = "not resident", [PUMORI_HW_JOB_KILLED] = "killed",
	[PUMORI_HW_JOB_INNOCENT_RESET] = "innocent reset", [PUMORI_HW_JOB_CANCELED] = "cancelled",
	[PUMORI_HW_JOB_DEVICE_LOST] = "device lost",
};

static const char *const faults[] = {
	[PUMORI_HW_FAULT_NONE] = "none", [PUMORI_HW_FAULT_ILLEGAL] = "illegal instruction",
	[PUMORI_HW_FAULT_MMU] = "mmu", [PUMORI_HW_FAULT_VARIABLE] = "variable",
	[PUMORI_HW_FAULT_OPERAND] = "operand", [PUMORI_HW_FAULT_INDEX] = "index",
	[PUMORI_HW_FAULT_OVERFLOW] = "overflow", [PUMORI_HW_FAULT_DEADLOCK] = "deadlock",
	[PUMORI_HW_FAULT_BUDGET] = "budget", [PUMORI_HW_FAULT_COMMAND] = "command",
	[PUMORI_HW_FAULT_BUS] = "bus", [PUMORI_HW_FAULT_ECC] = "ecc",
};

static const u32 device_registers[] = {
	PUMORI_HW_REG_ID, PUMORI_HW_REG_VERSION, PUMORI_HW_REG_STATUS,
	PUMORI_HW_REG_INTERRUPT_STATUS, PUMORI_HW_REG_INTERRUPT_ENABLE, PUMORI_HW_REG_UNITS_PER_MS,
};

static const u32 core_registers[] = {
	PUMORI_HW_CORE_ENABLE, PUMORI_HW_CORE_STATUS, PUMORI_HW_CORE_CONTROL_TAIL,
	PUMORI_HW_CORE_CONTROL_HEAD, PUMORI_HW_CORE_EVENT_HEAD, PUMORI_HW_CORE_SERVING,
	PUMORI_HW_CORE_BLAME, PUMORI_HW_CORE_INJECT, PUMORI_HW_CORE_BUSY_NS,
	PUMORI_HW_CORE_BUSY_NS + 4, PUMORI_HW_CORE_CYCLES, PUMORI_HW_CORE_CYCLES + 4,
	PUMORI_HW_CORE_INSTRUCTIONS, PUMORI_HW_CORE_INSTRUCTIONS + 4, PUMORI_HW_CORE_JOBS,
};

static const char *const core_names[] = {
	"enable", "status", "control_tail", "control_head", "event_head", "serving", "blame",
	"inject", "busy_ns", "busy_ns_high", "cycles", "cycles_high", "instructions",
	"instructions_high", "jobs",
};

static const char *const device_names[] = {
	"id", "version", "status", "interrupt_status", "interrupt_enable", "units_per_ms",
};

static const char *name_of(const char *const *names, size_t count, u32 value)
{
	return value < count && names[value] ? names[value] : "?";
}

/* The job that faulted, or else the one that should have ended next. */
static const struct pumori_hw_record *find_record(const struct pumori_coredump *dump)
{
	u64 sequence = dump->completion.sequence;
	const struct pumori_hw_record *record;

	record = &dump->completion.record[pumori_record_slot(sequence)];
	return record->sequence == sequence && record->status == PUMORI_HW_JOB_FAULT ? record : NULL;
}

static const struct pumori_hw_command *find_command(const struct pumori_coredump *dump,
						    u64 sequence)
{
	u32 i;

	for (i = 0; i < PUMORI_QUEUE_RING_ENTRIES; i++) {
		if (dump->ring[i].sequence == sequence)
			return &dump->ring[i];
	}
	return NULL;
}

static void print_job(struct drm_printer *p, const struct pumori_coredump *dump)
{
	const struct pumori_hw_record *record = find_record(dump);
	const u8 *bytes = (const u8 *)&dump->instruction;
	u32 i;

	if (!record) {
		drm_printf(p, "job: sequence %llu, no record\n", dump->completion.sequence + 1);
		return;
	}
	drm_printf(p, "job: sequence %llu, %s, fault %s, stream ", record->sequence,
		   name_of(statuses, ARRAY_SIZE(statuses), record->status),
		   name_of(faults, ARRAY_SIZE(faults), record->fault));
	pumori_decode_stream(p, record->stream);
	drm_printf(p, ", pc %u, address %#llx, cycles %llu, device_ns %llu\n", record->pc,
		   record->address, record->cycles, record->device_ns);
	if (!dump->known)
		return;
	drm_puts(p, "instruction: ");
	pumori_decode(p, &dump->instruction);
	drm_puts(p, "\nbytes:");
	for (i = 0; i < sizeof(dump->instruction); i++)
		drm_printf(p, "%s%02x", i % 16 ? "" : i % 64 ? " " : "\n ", bytes[i]);
	drm_puts(p, "\n");
}

static void print_queue(struct drm_printer *p, const struct pumori_coredump *dump)
{
	const struct pumori_hw_completion *page = &dump->completion;
	u32 i, index;

	drm_printf(p, "queue: %u on core %u, priority %u, address space %u, page table %#llx\n",
		   dump->queue, dump->core, dump->descriptor.priority,
		   dump->descriptor.address_space, dump->descriptor.page_table);
	drm_printf(p, "process: %s[%d]\n", dump->process, dump->pid);
	print_job(p, dump);
	drm_printf(p, "completion: sequence %llu of %llu, progress %llu, busy_ns %llu, state %u\n",
		   page->sequence, dump->pushed, page->progress, page->busy_ns, page->state);
	drm_printf(p, "ring: head %u, tail %u\n", page->head, dump->descriptor.tail);
	for (i = 0; i < PUMORI_QUEUE_RING_ENTRIES; i++) {
		const struct pumori_hw_command *command = &dump->ring[i];

		if (command->sequence)
			drm_printf(p, "  %2u: sequence %llu, program %u, entry %u, job %#llx, budget %llu\n",
				   i, command->sequence, command->program, command->entry,
				   command->job, command->budget_units);
	}
	drm_printf(p, "events: head %u\n", dump->event_head);
	for (i = 0; i < EVENTS && i < dump->event_head; i++) {
		const struct pumori_hw_event *event;

		index = dump->event_head - 1 - i;
		event = &dump->events[index % PUMORI_HW_EVENT_ENTRIES];
		drm_printf(p, "  %u: type %u, queue %u, sequence %llu, argument %llu, time %llu\n",
			   index, event->type, event->queue, event->sequence, event->argument,
			   event->time);
	}
}

static void print_registers(struct drm_printer *p, const struct pumori_coredump *dump)
{
	u32 core, i;

	drm_puts(p, "registers:\n");
	for (i = 0; i < ARRAY_SIZE(device_registers); i++)
		drm_printf(p, "  %s: %#010x\n", device_names[i],
			   dump->registers[device_registers[i] / sizeof(u32)]);
	for (core = 0; core < dump->pumori->info.cores; core++) {
		drm_printf(p, "core %u:\n", core);
		for (i = 0; i < ARRAY_SIZE(core_registers); i++)
			drm_printf(p, "  %s: %#010x\n", core_names[i],
				   dump->registers[PUMORI_HW_CORE(core, core_registers[i]) /
						   sizeof(u32)]);
	}
}

static void print(struct drm_printer *p, const struct pumori_coredump *dump)
{
	const struct pumori_hw_info *info = &dump->pumori->info;
	struct timespec64 time = ktime_to_timespec64(dump->time);

	drm_puts(p, "pumori core dump, version 1\n");
	drm_printf(p, "reason: %s\n", dump->reason);
	drm_printf(p, "time: %lld.%09ld\n", time.tv_sec, time.tv_nsec);
	drm_printf(p, "kernel: %s\n", init_utsname()->release);
	drm_printf(p, "device: %s, serial %llu, hardware %#x, instruction set %#x\n", info->name,
		   info->serial, info->version, info->isa_version);
	if (dump->queue)
		print_queue(p, dump);
	print_registers(p, dump);
}

static void coredump_work(struct work_struct *work)
{
	struct pumori_coredump *dump = container_of(work, struct pumori_coredump, work);
	char *text = vzalloc(TEXT_BYTES);
	struct drm_print_iterator iterator = { .data = text, .remain = TEXT_BYTES };
	struct drm_printer p = drm_coredump_printer(&iterator);

	if (text) {
		print(&p, dump);
		/* Frees the text, now or when the dump goes. */
		dev_coredumpv(dump->pumori->drm.dev, text, TEXT_BYTES - iterator.remain, GFP_KERNEL);
	}
	clear_bit_unlock(0, &dump->busy);
}

static void copy_registers(struct pumori_coredump *dump)
{
	struct pumori_device *pumori = dump->pumori;
	u32 core, i;

	for (i = 0; i < ARRAY_SIZE(device_registers); i++)
		dump->registers[device_registers[i] / sizeof(u32)] =
			pumori_read(pumori, device_registers[i]);
	for (core = 0; core < pumori->info.cores; core++) {
		for (i = 0; i < ARRAY_SIZE(core_registers); i++) {
			u32 offset = PUMORI_HW_CORE(core, core_registers[i]);

			dump->registers[offset / sizeof(u32)] = pumori_read(pumori, offset);
		}
	}
}

static void copy_instruction(struct pumori_coredump *dump)
{
	const struct pumori_hw_record *record = find_record(dump);
	const struct pumori_hw_command *command;

	dump->known = false;
	command = record ? find_command(dump, record->sequence) : NULL;
	if (command)
		dump->known = !pumori_program_instruction(dump->pumori, command->program, record->pc,
							  &dump->instruction);
}

static void copy_queue(struct pumori_coredump *dump, const struct pumori_queue *queue)
{
	dump->queue = queue->id;
	dump->core = queue->core->index;
	memcpy(dump->process, queue->process, sizeof(dump->process));
	dump->pid = queue->pid;
	dump->pushed = READ_ONCE(queue->pushed);
	memcpy(&dump->descriptor, queue->descriptor.address, sizeof(dump->descriptor));
	memcpy(dump->ring, queue->ring.address, sizeof(dump->ring));
	memcpy(&dump->completion, queue->completion, sizeof(dump->completion));
	dump->event_head = READ_ONCE(queue->core->event_head);
	memcpy(dump->events, queue->core->event.address, sizeof(dump->events));
	copy_instruction(dump);
}

/**
 * pumori_coredump_take() - keep what the device looks like now
 * @pumori: the device
 * @queue: the queue that is to blame, or NULL
 * @reason: why, a constant
 *
 * Allocates nothing. Does nothing while the text of an earlier dump is being made.
 */
void pumori_coredump_take(struct pumori_device *pumori, struct pumori_queue *queue,
			  const char *reason)
{
	struct pumori_coredump *dump = pumori->coredump;

	if (test_and_set_bit_lock(0, &dump->busy))
		return;
	dump->reason = reason;
	dump->time = ktime_get_real();
	dump->queue = 0;
	copy_registers(dump);
	if (queue)
		copy_queue(dump, queue);
	queue_work(system_dfl_wq, &dump->work);
}

/**
 * pumori_coredump_end() - let no dump of a device that goes away be left
 * @pumori: the device
 */
void pumori_coredump_end(struct pumori_device *pumori)
{
	/* Never cleared: no other one comes. */
	while (test_and_set_bit_lock(0, &pumori->coredump->busy))
		flush_work(&pumori->coredump->work);
	dev_coredump_put(pumori->drm.dev);
}

static void coredump_stop(struct drm_device *drm, void *unused)
{
	cancel_work_sync(&to_pumori_device(drm)->coredump->work);
}

/**
 * pumori_coredump_init() - prepare for the worst
 * @pumori: the device
 */
int pumori_coredump_init(struct pumori_device *pumori)
{
	struct pumori_coredump *dump = drmm_kzalloc(&pumori->drm, sizeof(*dump), GFP_KERNEL);

	if (!dump)
		return -ENOMEM;
	dump->pumori = pumori;
	INIT_WORK(&dump->work, coredump_work);
	pumori->coredump = dump;
	return drmm_add_action_or_reset(&pumori->drm, coredump_stop, NULL);
}
