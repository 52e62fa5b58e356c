/* SPDX-License-Identifier: MIT */
/*
 * Contract 2: registers, rings, page tables, events (driver <-> device). Prose: Documentation/hardware.md.
 *
 * Everything here that lies in host memory is written by one side and read by the other; all fields
 * are little-endian. "Bus address" is what the device uses to reach host memory; the driver alone
 * writes descriptors, rings and page tables, and no process can map them (the completion page may be
 * mapped read-only).
 */
#ifndef _UAPI_PUMORI_HW_H_
#define _UAPI_PUMORI_HW_H_

#include <linux/types.h>

/* --- Registers, BAR0, 32 bits each; 64-bit ones are low word first ------------------------------ */
#define PUMORI_HW_REG_ID		0x000	/* PUMORI_HW_ID */
#define PUMORI_HW_REG_VERSION		0x004	/* major << 16 | minor of this contract */
#define PUMORI_HW_REG_ISA_VERSION	0x008	/* major << 16 | minor of isa.h */
#define PUMORI_HW_REG_FEATURES		0x010	/* 64: PUMORI_HW_FEATURE_*; ignore unknown bits */
#define PUMORI_HW_REG_CORES		0x018	/* NeuronCores, at most PUMORI_HW_MAX_CORES */
#define PUMORI_HW_REG_SLOTS		0x01c	/* context slots a core */
#define PUMORI_HW_REG_HBM_BYTES		0x020	/* 64: device memory */
#define PUMORI_HW_REG_PAGE_STRIDE	0x028	/* bytes between doorbells of two queues in BAR4 */
#define PUMORI_HW_REG_PROGRAM_INSTRUCTIONS 0x02c /* capacity of each core's instruction store */
#define PUMORI_HW_REG_SLOT_BYTES	0x030	/* 64: memory of one slot (SBUF, PSUM, progress) */
#define PUMORI_HW_REG_UNITS_PER_MS	0x038	/* calibrated units of work a millisecond, may change */
#define PUMORI_HW_REG_CLOCK_KHZ		0x03c	/* model clock that cycles count */
#define PUMORI_HW_REG_NAME		0x040	/* 16 bytes of ASCII: the kernel set or chip stepping */
#define PUMORI_HW_REG_SERIAL		0x050	/* 64: serial number */
#define PUMORI_HW_REG_STATUS		0x060	/* PUMORI_HW_STATUS_* */
#define PUMORI_HW_REG_DEVICE_RESET	0x064	/* write PUMORI_HW_RESET_KEY: reset all; STATUS says when done */
#define PUMORI_HW_REG_INTERRUPT_STATUS	0x068	/* bit per core: its event ring has news; write 1 to clear */
#define PUMORI_HW_REG_INTERRUPT_ENABLE	0x06c	/* bit per core */
#define PUMORI_HW_REG_SAVE_BYTES	0x070	/* of a saved job, besides its program's footprint in SBUF and PSUM */
#define PUMORI_HW_REG_IDLE_POWER_MW	0x074	/* what the chip draws without work, milliwatts */
#define PUMORI_HW_REG_TIME		0x078	/* 64: device time, nanoseconds */
/* One block a core, PUMORI_HW_CORE(c, reg) */
#define PUMORI_HW_REG_CORE_BASE		0x1000
#define PUMORI_HW_REG_CORE_STRIDE	0x100
#define PUMORI_HW_CORE(core, reg)	(PUMORI_HW_REG_CORE_BASE + (core) * PUMORI_HW_REG_CORE_STRIDE + (reg))
#define PUMORI_HW_CORE_CONTROL_RING	0x00	/* 64: bus address of the control ring (one 4 KiB page) */
#define PUMORI_HW_CORE_EVENT_RING	0x08	/* 64: bus address of the event ring (one 4 KiB page) */
#define PUMORI_HW_CORE_ENABLE		0x10	/* write 1 after both rings are set; 0 stops the core */
#define PUMORI_HW_CORE_CONTROL_TAIL	0x14	/* write: index after the last control command */
#define PUMORI_HW_CORE_CONTROL_HEAD	0x18	/* read: index of the next command the core will take */
#define PUMORI_HW_CORE_EVENT_HEAD	0x1c	/* write: index after the last event the driver has read */
#define PUMORI_HW_CORE_RESET		0x20	/* write PUMORI_HW_RESET_KEY: empty all slots of the core */
#define PUMORI_HW_CORE_STATUS		0x24	/* PUMORI_HW_CORE_STATUS_* */
#define PUMORI_HW_CORE_BUSY_NS		0x28	/* 64: time with work, nanoseconds */
#define PUMORI_HW_CORE_CYCLES		0x30	/* 64: model cycles of finished jobs */
#define PUMORI_HW_CORE_INSTRUCTIONS	0x38	/* 64: instructions retired */
#define PUMORI_HW_CORE_JOBS		0x40	/* 64: jobs finished, with any status */
#define PUMORI_HW_CORE_SERVING		0x48	/* id of the queue served last, PUMORI_HW_NO_QUEUE for none */
#define PUMORI_HW_CORE_BLAME		0x4c	/* id of the queue that CORE_RESET kills; reset makes it NO_QUEUE */
#define PUMORI_HW_CORE_INJECT		0x50	/* PUMORI_HW_INJECT_* | count << 8: misbehave, to test drivers; reads what is left */
#define PUMORI_HW_CORE_ENERGY_NJ	0x58	/* 64: energy of retired instructions, nanojoules */
#define PUMORI_HW_CORE_COALESCE_NS	0x60	/* see COALESCE_JOBS; 0: every job interrupts */
#define PUMORI_HW_CORE_COALESCE_JOBS	0x64	/* an interrupt for ended jobs waits until there are so many, the
						 * oldest is COALESCE_NS old, or the core has nothing to do */
#define PUMORI_HW_REG_BYTES		0x4000

#define PUMORI_HW_ID			0x52554d50u	/* "PMUR" */
#define PUMORI_HW_VERSION_MAJOR		1
#define PUMORI_HW_VERSION_MINOR		2
#define PUMORI_HW_MAX_CORES		16
#define PUMORI_HW_MAX_SLOTS		16
#define PUMORI_HW_RESET_KEY		0x51e9e7u
#define PUMORI_HW_NAME_BYTES		16

#define PUMORI_HW_FEATURE_FP32		(1ull << 0)
#define PUMORI_HW_FEATURE_BF16		(1ull << 1)
#define PUMORI_HW_FEATURE_FP16		(1ull << 2)
#define PUMORI_HW_FEATURE_FP8		(1ull << 3)
#define PUMORI_HW_FEATURE_INT8_MATMUL	(1ull << 4)
#define PUMORI_HW_FEATURE_CORE_GROUPS	(1ull << 5)
#define PUMORI_HW_FEATURE_STOCHASTIC	(1ull << 6)

#define PUMORI_HW_STATUS_READY		(1u << 0)
#define PUMORI_HW_STATUS_RESETTING	(1u << 1)
#define PUMORI_HW_STATUS_DEAD		(1u << 2)

#define PUMORI_HW_CORE_STATUS_ENABLED	(1u << 0)
#define PUMORI_HW_CORE_STATUS_BUSY	(1u << 1)
#define PUMORI_HW_CORE_STATUS_RESETTING	(1u << 2)

/* How a core can be told to misbehave. The first group happens count times (0 counts as 1). */
#define PUMORI_HW_INJECT_NONE		0	/* nothing any more */
#define PUMORI_HW_INJECT_ECC_CORRECTED	1	/* an ECC event */
#define PUMORI_HW_INJECT_ECC		2	/* an ECC event, and a running job ends with FAULT_ECC */
#define PUMORI_HW_INJECT_LOSE_INTERRUPT	3	/* events are written, the interrupt does not come */
#define PUMORI_HW_INJECT_SPURIOUS_INTERRUPT 4	/* an interrupt without a reason */
#define PUMORI_HW_INJECT_LOSE_EVENT	5	/* an event is not written */
#define PUMORI_HW_INJECT_DUPLICATE_EVENT 6	/* an event is written twice */
#define PUMORI_HW_INJECT_REORDER_EVENT	7	/* an event is written after the one that follows it */
#define PUMORI_HW_INJECT_ONES_EVENT	8	/* an event is all ones but for its phase */
#define PUMORI_HW_INJECT_LOSE_COMPLETION 9	/* a job ends and nothing says so */
#define PUMORI_HW_INJECT_DUPLICATE_COMPLETION 10 /* a job ends twice */
#define PUMORI_HW_INJECT_ONES_COMPLETION 11	/* a job ends with a completion page of ones */
/* These stay until what is named ends them. */
#define PUMORI_HW_INJECT_HANG		12	/* a running job takes time and retires nothing; KILL_QUEUE */
#define PUMORI_HW_INJECT_STUCK		13	/* no job and no command is served; CORE_RESET */
#define PUMORI_HW_INJECT_DEAD		14	/* the core does not even obey CORE_RESET; DEVICE_RESET */
#define PUMORI_HW_INJECT_GONE		15	/* registers of the device read as ones, nothing works; never */

/* --- Rings ------------------------------------------------------------------------------------- */

/* Control ring: 64 commands in one page; indices run freely modulo 2^32, slot = index % 64. */
#define PUMORI_HW_CONTROL_ENTRIES	64
#define PUMORI_HW_CONTROL_NOP		0
#define PUMORI_HW_CONTROL_RUNLIST	1	/* replace the core's list of queues */
#define PUMORI_HW_CONTROL_TLB_INVALIDATE 2	/* forget translations of an address space */
#define PUMORI_HW_CONTROL_LOAD_PROGRAM	3	/* decode a program image into the instruction store */
#define PUMORI_HW_CONTROL_KILL_QUEUE	4	/* end the queue's running job; skip what its ring holds */
#define PUMORI_HW_CONTROL_UNLOAD_PROGRAM 5	/* no job may use the program any more */

/**
 * struct pumori_hw_control - a privileged command to one core, taken between two slices
 *
 * Commands of one core are taken in order; each is acknowledged by an event that carries its sequence.
 */
struct pumori_hw_control {
	/** @opcode: PUMORI_HW_CONTROL_* */
	__u32 opcode;
	/** @sequence: returned in the acknowledging event */
	__u32 sequence;
	/**
	 * @address: RUNLIST: bus address of an array of queue descriptor bus addresses (one page);
	 * LOAD_PROGRAM: bus address of a page of bus addresses of the image's 4 KiB pages;
	 * TLB_INVALIDATE: first VA
	 */
	__u64 address;
	/**
	 * @length: RUNLIST: number of queues (at most 512); LOAD_PROGRAM: bytes of the image
	 * (at most 512 pages a list page; longer images chain, the last word of a full page points on);
	 * TLB_INVALIDATE: bytes, 0 for everything
	 */
	__u64 length;
	/** @target: TLB_INVALIDATE: address space id; KILL_QUEUE: queue id; *_PROGRAM: program id, 0..1023 */
	__u32 target;
	/** @argument: LOAD_PROGRAM: first instruction in the store; KILL_QUEUE: PUMORI_HW_JOB_* to report */
	__u32 argument;
	/** @reserved: must be zero */
	__u64 reserved[4];
};

#define PUMORI_HW_MAX_PROGRAMS		1024
#define PUMORI_HW_MAX_QUEUES		512	/* on one runlist */

/* Event ring: 64 events in one page; the device writes @phase last, 1 in its first pass, then 2, ... */
#define PUMORI_HW_EVENT_ENTRIES		64
#define PUMORI_HW_EVENT_CONTROL		1	/* a control command is done: argument = status, 0 or PUMORI_HW_FAULT_* */
#define PUMORI_HW_EVENT_JOB		2	/* jobs of a queue ended: read its completion page */
#define PUMORI_HW_EVENT_FAULT		3	/* a job ended with a fault; the queue stands still until it is killed */
#define PUMORI_HW_EVENT_ECC		4	/* memory errors: argument = count, detail = PUMORI_HW_ECC_* */
#define PUMORI_HW_ECC_CORRECTED		0
#define PUMORI_HW_ECC_UNCORRECTED	1

/** struct pumori_hw_event - from a core to the driver */
struct pumori_hw_event {
	/** @type: PUMORI_HW_EVENT_* */
	__u32 type;
	/** @queue: queue id; CONTROL: opcode */
	__u32 queue;
	/** @sequence: job or control sequence */
	__u64 sequence;
	/** @argument: see the type */
	__u64 argument;
	/** @detail: CONTROL of a refused LOAD_PROGRAM: index of the offending instruction; ECC: PUMORI_HW_ECC_* */
	__u64 detail;
	/** @time: device time, nanoseconds */
	__u64 time;
	/** @reserved: zero */
	__u64 reserved[2];
	/** @reserved2: zero */
	__u32 reserved2;
	/** @phase: pass over the ring, starting at 1: written last */
	__u32 phase;
};

/* --- Queues ------------------------------------------------------------------------------------ */

/**
 * struct pumori_hw_queue - queue descriptor, one a queue, in host memory that only the driver maps
 *
 * It lies in one page with the shadow doorbell. The device reads it when the runlist names it.
 */
struct pumori_hw_queue {
	/** @id: queue id, unique on the device, below PUMORI_HW_QUEUE_IDS */
	__u32 id;
	/** @address_space: id of the page table, tags the TLB */
	__u32 address_space;
	/** @page_table: bus address of the root page table */
	__u64 page_table;
	/** @ring: bus address of the ring, @ring_entries of struct pumori_hw_command, page-aligned */
	__u64 ring;
	/** @completion: bus address of struct pumori_hw_completion */
	__u64 completion;
	/** @ring_entries: power of two, at most 64 (one page) */
	__u32 ring_entries;
	/** @priority: 0 (low) .. 3 (high) */
	__u32 priority;
	/** @quantum_units: units of work before the next queue of equal priority is served */
	__u32 quantum_units;
	/** @reserved: must be zero */
	__u32 reserved[5];
	/** @tail: shadow doorbell: index after the last command, written by the driver; runs freely like head */
	__u32 tail;
	/**
	 * @event_index: written by the device before it sleeps. The driver writes @tail, orders that
	 * before reading this (full barrier), and rings the doorbell when
	 * (u32)(new tail - event_index - 1) < (u32)(new tail - old tail)
	 */
	__u32 event_index;
	/**
	 * @save_area: bus address of the first page of a list: 511 bus addresses of pages, then that of the
	 * next list page; zeroes where nothing is yet, which may be filled in while the queue is on a
	 * runlist. Jobs are saved there: SAVE_BYTES and 128 times their program's sbuf_bytes +
	 * psum_bytes. Zero when there is none, and then no job of the queue leaves its slot
	 */
	__u64 save_area;
	/** @reserved2: must be zero */
	__u64 reserved2[6];
};
#define PUMORI_HW_QUEUE_IDS		65536
#define PUMORI_HW_NO_QUEUE		0xffffffffu

#define PUMORI_HW_COMMAND_RUN		1

/** struct pumori_hw_command - one job, 64 bytes in a queue's ring */
struct pumori_hw_command {
	/** @opcode: PUMORI_HW_COMMAND_RUN */
	__u32 opcode;
	/** @flags: PUMORI_HW_COMMAND_* below */
	__u32 flags;
	/** @sequence: of the queue, ascending by one, never 0 */
	__u64 sequence;
	/** @job: bus address of struct pumori_hw_job */
	__u64 job;
	/** @program: program id */
	__u32 program;
	/** @entry: index into the program's entries */
	__u32 entry;
	/** @residency: expected residency generation of the slot, 0 for any, PUMORI_HW_RESIDENCY_PREVIOUS */
	__u64 residency;
	/** @budget_units: absolute bound of work, 0 for none */
	__u64 budget_units;
	/** @reserved: must be zero */
	__u64 reserved[2];
};
/* What the command before this one left, if it ended with DONE: so a preload and its job go together. */
#define PUMORI_HW_RESIDENCY_PREVIOUS	(~0ull)
#define PUMORI_HW_COMMAND_INTERRUPT	(1u << 0)	/* raise an event when done */
#define PUMORI_HW_COMMAND_CHECK_NAN	(1u << 1)	/* count NaN and Inf where instructions ask for it */

/** struct pumori_hw_variable - what a DMA's variable index means in this job */
struct pumori_hw_variable {
	/** @address: device VA, at least 64-byte aligned */
	__u64 address;
	/** @length: bytes; a DMA that reaches beyond faults */
	__u64 length;
	/** @flags: PUMORI_HW_VARIABLE_WRITABLE */
	__u32 flags;
	/** @reserved: must be zero */
	__u32 reserved;
};
#define PUMORI_HW_VARIABLE_WRITABLE	(1u << 0)

/** struct pumori_hw_job - job descriptor, one page of host memory that is not written while the job is pending */
struct pumori_hw_job {
	/** @variables: used elements of @variable */
	__u32 variables;
	/** @scalars: used elements of @scalar */
	__u32 scalars;
	/** @scalar: job scalars for REGISTER_SCALAR */
	__u32 scalar[16];
	/** @reserved: must be zero */
	__u32 reserved[2];
	/** @variable: the table; 160 entries fit the page */
	struct pumori_hw_variable variable[160];
};

/* How a job ended. */
#define PUMORI_HW_JOB_DONE		0
#define PUMORI_HW_JOB_FAULT		1	/* fault says which */
#define PUMORI_HW_JOB_NOT_RESIDENT	2	/* the slot's generation is not the expected one; nothing ran */
#define PUMORI_HW_JOB_KILLED		3	/* by the driver: watchdog or teardown */
#define PUMORI_HW_JOB_INNOCENT_RESET	4	/* the core was reset for another's fault */
#define PUMORI_HW_JOB_CANCELED		5	/* skipped: its queue had been killed before */
#define PUMORI_HW_JOB_DEVICE_LOST	6	/* written by the driver on unplug */

#define PUMORI_HW_FAULT_NONE		0
#define PUMORI_HW_FAULT_ILLEGAL		1	/* illegal instruction, found at load */
#define PUMORI_HW_FAULT_MMU		2	/* address: not mapped, not writable, or no such HBM */
#define PUMORI_HW_FAULT_VARIABLE	3	/* address: outside the variable, or a write to a read-only one */
#define PUMORI_HW_FAULT_OPERAND		4	/* a register-driven address left SBUF or PSUM */
#define PUMORI_HW_FAULT_INDEX		5	/* GATHER/SCATTER/DMA index out of bounds */
#define PUMORI_HW_FAULT_OVERFLOW	6	/* a cast changed a 64-bit integer, a semaphore would wrap, a loop bound was passed */
#define PUMORI_HW_FAULT_DEADLOCK	7	/* all streams wait */
#define PUMORI_HW_FAULT_BUDGET		8	/* budget_units used up */
#define PUMORI_HW_FAULT_COMMAND		9	/* malformed command, unknown program or entry, too few variables */
#define PUMORI_HW_FAULT_BUS		10	/* host memory did not answer */
#define PUMORI_HW_FAULT_ECC		11	/* uncorrectable memory error */

/** struct pumori_hw_record - how one job ended */
struct pumori_hw_record {
	/** @sequence: written last (0 while the record is being written) */
	__u64 sequence;
	/** @status: PUMORI_HW_JOB_* */
	__u32 status;
	/** @fault: PUMORI_HW_FAULT_* */
	__u32 fault;
	/** @pc: faulting instruction, counted from the program's first */
	__u32 pc;
	/** @stream: its stream */
	__u32 stream;
	/** @address: faulting address */
	__u64 address;
	/** @cycles: model cycles */
	__u64 cycles;
	/** @device_ns: time the core spent on the job */
	__u64 device_ns;
	/** @residency: generation of the slot it ran in */
	__u64 residency;
	/** @nan_count: checked outputs that were NaN or Inf */
	__u32 nan_count;
	/** @slot: slot it ran in */
	__u32 slot;
	/** @started: device time at which its command was taken, nanoseconds */
	__u64 started;
	/** @ended: device time at which it ended */
	__u64 ended;
};

#define PUMORI_HW_RECORDS		50

/** struct pumori_hw_completion - completion page: written by the device, mapped read-only to the process */
struct pumori_hw_completion {
	/** @sequence: last finished sequence of the queue; all up to it are finished. Written after the record */
	__u64 sequence;
	/** @progress: units of work retired for this queue, for watchdogs */
	__u64 progress;
	/** @device_time: device time of the last completion, nanoseconds */
	__u64 device_time;
	/** @residency: current generation of the queue's slot, 0 when it has none */
	__u64 residency;
	/** @busy_ns: device time used by the queue */
	__u64 busy_ns;
	/** @head: ring index after the last command taken */
	__u32 head;
	/** @state: PUMORI_HW_QUEUE_* */
	__u32 state;
	/** @reserved: zero */
	__u64 reserved[2];
	/** @record: job with sequence s is in record[s % PUMORI_HW_RECORDS] */
	struct pumori_hw_record record[PUMORI_HW_RECORDS];
};
#define PUMORI_HW_QUEUE_IDLE		0
#define PUMORI_HW_QUEUE_RUNNING		1
#define PUMORI_HW_QUEUE_FAULTED		2	/* stands still until KILL_QUEUE */
#define PUMORI_HW_QUEUE_KILLED		3	/* answers every command with CANCELED */

/* --- Page tables -------------------------------------------------------------------------------- */
/*
 * 48-bit VA, four levels of 512 entries: VA bits 47..39, 38..30, 29..21, 20..12. A level-1 entry
 * (29..21) with LEAF maps 2 MiB; level-0 entries map 4 KiB and always carry LEAF.
 */
#define PUMORI_HW_VA_BITS		48
#define PUMORI_HW_PAGE_SHIFT		12
#define PUMORI_HW_PAGE_SIZE		4096
#define PUMORI_HW_HUGE_SHIFT		21
#define PUMORI_HW_PT_LEVELS		4
#define PUMORI_HW_PT_ENTRIES		512
#define PUMORI_HW_PTE_VALID		(1ull << 0)
#define PUMORI_HW_PTE_WRITABLE		(1ull << 1)
#define PUMORI_HW_PTE_HBM		(1ull << 2)	/* address is an HBM offset, else a bus address */
#define PUMORI_HW_PTE_LEAF		(1ull << 3)
#define PUMORI_HW_PTE_ADDRESS		0x000ffffffffff000ull

#endif
