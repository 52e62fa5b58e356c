/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * State of the chip: device, cores, queues, slots, streams. Only register words are shared between
 * threads (helpers.h says how); everything else of a core belongs to the thread that runs it.
 */
#ifndef PUMORI_SILICON_INTERNAL_H
#define PUMORI_SILICON_INTERNAL_H

#include "decode.h"
#include "helpers.h"
#include "kernels.h"
#include "program.h"
#include "silicon.h"

/* --- MMU ---------------------------------------------------------------------------------------- */

#define SILICON_TLB_ENTRIES	512	/* 4 KiB pages */
#define SILICON_TLB_HUGE_ENTRIES 64	/* 2 MiB pages */

/** struct silicon_tlb_entry - one cached translation */
struct silicon_tlb_entry {
	/** @page: VA of its first byte */
	u64 page;
	/** @base: where that byte lies in host memory */
	u8 *base;
	/** @bytes: bytes that follow contiguously, 0 when the entry is empty */
	u32 bytes;
	/** @address_space: tag */
	u32 address_space;
	/** @writable: permission */
	bool writable;
};

struct silicon_mmu {
	/** @small: direct-mapped by page number */
	struct silicon_tlb_entry small[SILICON_TLB_ENTRIES];
	/** @huge: likewise */
	struct silicon_tlb_entry huge[SILICON_TLB_HUGE_ENTRIES];
};

/* --- Streams and jobs --------------------------------------------------------------------------- */

/* Signals whose model time a semaphore remembers. */
#define SILICON_HISTORY		64u

/** struct silicon_semaphore - a semaphore of the running job */
struct silicon_semaphore {
	/** @value: now */
	u32 value;
	/** @signals: signals so far */
	u32 signals;
	/** @waiters: a bit for each blocked stream of the job */
	u32 waiters;
	/** @reserved: padding */
	u32 reserved;
};

/**
 * struct silicon_history - when a semaphore got where; apart from it, so that a job starts with
 * little to clear
 */
struct silicon_history {
	/** @values: ring of values reached, at the number of the signal */
	u32 values[SILICON_HISTORY];
	/** @times: model time at which each was reached */
	u64 times[SILICON_HISTORY];
};

/** struct silicon_walk - one side of a DMA under way */
struct silicon_walk {
	/** @memory: SBUF: address that offset 0 stands for; NULL for MEMORY */
	u8 *memory;
	/** @va: MEMORY: address that offset 0 stands for */
	u64 va;
	/** @row: byte offset of the pattern, or of the current row of an indexed side */
	s64 row;
	/** @position: byte offset of the current element from @row */
	s64 position;
	/** @step: bytes per dimension */
	s64 step[5];
	/** @count: elements per dimension */
	u32 count[5];
	/** @index: current index per dimension */
	u32 index[5];
	/** @first: outermost dimension walked: 1 for an indexed side, else 0 */
	u32 first;
	/** @inner: outermost of the dimensions that one run covers */
	u32 inner;
	/** @run: elements of a run */
	u32 run;
	/** @left: elements left of the current one */
	u32 left;
	/** @run_step: bytes from element to element of a run */
	s64 run_step;
	/** @dtype: element type */
	u8 dtype;
	/** @size: bytes of an element */
	u8 size;
	/** @writes: destination */
	bool writes;
};

/** struct silicon_transfer - a DMA under way */
struct silicon_transfer {
	/** @source: from */
	struct silicon_walk source;
	/** @destination: to */
	struct silicon_walk destination;
	/** @indexed: the walk whose rows the index picks, or NULL */
	struct silicon_walk *indexed;
	/** @index: the row numbers */
	struct silicon_view index;
	/** @pattern: offset of row 0 of @indexed */
	s64 pattern;
	/** @row: next row */
	u32 row;
	/** @row_elements: elements of a row */
	u32 row_elements;
	/** @row_left: elements left of the current row */
	u32 row_left;
	/** @elements: elements in all */
	u32 elements;
	/** @done: elements moved */
	u32 done;
	/** @weight: work of one element, in bytes moved */
	u32 weight;
	/** @offer: STREAM: look whether it can be read in place, before anything is moved */
	bool offer;
};

/* STREAM destinations that wait for their consumers. */
#define SILICON_INPLACE		32u

/** struct silicon_inplace - rows in memory that are read where they lie */
struct silicon_inplace {
	/** @va: address of the first */
	u64 va;
	/** @place: where the program believes it to be: byte of the slot's SBUF + 1, 0 for none */
	u32 place;
	/** @pitch: bytes from one row to the next */
	u32 pitch;
	/** @rows: as many as partitions */
	u32 rows;
	/** @row_bytes: bytes of a row */
	u32 row_bytes;
};

#define SILICON_STREAM_READY	0
#define SILICON_STREAM_BUSY	1	/* an instruction stopped in its middle */
#define SILICON_STREAM_BLOCKED	2	/* waits for a semaphore */
#define SILICON_STREAM_ENDED	3

/** struct silicon_stream - a sequencer */
struct silicon_stream {
	/** @pc: store index of the next instruction */
	u32 pc;
	/** @state: SILICON_STREAM_* */
	u8 state;
	/** @id: enum pumori_isa_stream */
	u8 id;
	/** @blocked_on: semaphore */
	u8 blocked_on;
	/** @reserved: padding */
	u8 reserved;
	/** @time: model time at which its last instruction ended */
	u64 time;
	/** @start: model time at which the current one started */
	u64 start;
	/** @trace_time: while tracing: device time at which the current one started */
	u64 trace_time;
	/** @trace_ns: while tracing: time spent on it so far */
	u64 trace_ns;
	/** @limit: iterations of each open loop */
	u32 limit[PUMORI_ISA_LOOP_LEVELS];
	/** @bound: what operands may be bound to: zero, loop counters, registers */
	s64 bound[SILICON_BOUND_VALUES];
	/** @inplace: what the task's first input is read from, if anything but SBUF and PSUM */
	struct silicon_inplace inplace;
	union {
		/** @task: a compute instruction under way */
		struct silicon_task task;
		/** @transfer: a DMA under way */
		struct silicon_transfer transfer;
	};
};

/** struct silicon_variable - a copy of struct pumori_hw_variable */
struct silicon_variable {
	u64 address;
	u64 length;
	bool writable;
};

/** struct silicon_end - how a job ended */
struct silicon_end {
	/** @status: PUMORI_HW_JOB_* */
	u32 status;
	/** @fault: PUMORI_HW_FAULT_* */
	u32 fault;
	/** @pc: faulting instruction, counted from the program's first */
	u32 pc;
	/** @stream: its stream */
	u32 stream;
	/** @address: faulting address */
	u64 address;
	/** @cycles: model cycles */
	u64 cycles;
	/** @started: device time at which its command was taken */
	u64 started;
	/** @device_ns: time the core spent on it */
	u64 device_ns;
	/** @residency: generation of its slot, 0 when it had none */
	u64 residency;
	/** @nan_count: checked outputs that were NaN or Inf */
	u32 nan_count;
};

/** struct silicon_job - the job that runs in a slot */
struct silicon_job {
	/** @sequence: of its command */
	u64 sequence;
	/** @flags: PUMORI_HW_COMMAND_* */
	u32 flags;
	/** @program: program id */
	u32 program;
	/** @entry: of the program */
	u32 entry;
	/** @restarted: a core reset made it begin again */
	bool restarted;
	/** @residency: generation that its command expected, 0 for any */
	u64 residency;
	/** @budget_units: absolute bound, 0 for none */
	u64 budget_units;
	/** @units: work retired by finished instructions */
	u64 units;
	/** @started: device time at which its command was taken */
	u64 started;
	/** @device_ns: time spent on it */
	u64 device_ns;
	/** @nan_count: saturating */
	u32 nan_count;
	/** @streams: how many */
	u32 streams;
	/** @runnable: a bit for each stream that is not blocked and has not ended */
	u32 runnable;
	/** @turn: stream whose turn it is */
	u32 turn;
	/** @ended: streams that have */
	u32 ended;
	/** @code: the instruction store */
	const struct silicon_instruction *code;
	/** @first: the program's first instruction in it */
	u32 first;
	/** @sbuf_bytes: footprint per partition */
	u32 sbuf_bytes;
	/** @psum_bytes: footprint per partition */
	u32 psum_bytes;
	/** @address_space: tag of its translations */
	u32 address_space;
	/** @page_table: bus address of the root */
	u64 page_table;
	/** @scalar: job scalars */
	u32 scalar[PUMORI_ISA_SCALARS];
	/** @variable: the table */
	struct silicon_variable variable[PUMORI_ISA_VARIABLES];
};

/* --- Slots -------------------------------------------------------------------------------------- */

#define SILICON_NO_QUEUE	0xffffffffu
#define SILICON_NO_SLOT		0xffffffffu
#define SILICON_NO_PROGRAM	0

/** struct silicon_area - a place in a save area */
struct silicon_area {
	/** @list: bus address of the current list page */
	u64 list;
	/** @list_number: how many came before it */
	u32 list_number;
	/** @position: bytes saved or restored */
	u64 position;
};

/** struct silicon_slot - a context slot: all that one job at a time computes in */
struct silicon_slot {
	/** @owner: index of the queue that it belongs to, or SILICON_NO_QUEUE */
	u32 owner;
	/** @running: a job is in it */
	bool running;
	/** @residency: generation; changes whenever what lies in SBUF may have changed hands */
	u64 residency;
	/** @program: load number of the program that last ran in it */
	u64 program;
	/** @used: core's slot clock when a job last ended in it */
	u64 used;
	/** @dirty_sbuf: bytes of each SBUF partition that the owner's programs may have written */
	u32 dirty_sbuf;
	/** @dirty_psum: bytes of each PSUM partition likewise */
	u32 dirty_psum;
	/** @clear_sbuf: bytes of each SBUF partition to clear for a new owner */
	u32 clear_sbuf;
	/** @clear_psum: bytes of each PSUM partition likewise */
	u32 clear_psum;
	/** @clear_row: next row to clear, SILICON_SLOT_ROWS when all are */
	u32 clear_row;
	/** @keep_sbuf: bytes of each SBUF partition that need no clearing: they are restored */
	u32 keep_sbuf;
	/** @keep_psum: bytes of each PSUM partition likewise */
	u32 keep_psum;
	/** @served: units of work since its owner got it */
	u64 served;
	/** @area: how far its job is saved or restored */
	struct silicon_area area;
	/** @part: next part of it to save or restore */
	u32 part;
	/** @job: what runs */
	struct silicon_job job;
	/** @semaphore: of the job */
	struct silicon_semaphore semaphore[PUMORI_ISA_SEMAPHORES];
	/** @history: of each semaphore */
	struct silicon_history history[PUMORI_ISA_SEMAPHORES];
	/** @stream: of the job, in the order of the entry */
	struct silicon_stream stream[PUMORI_ISA_STREAMS];
	/** @inplace: STREAM destinations that wait for their consumers */
	struct silicon_inplace inplace[SILICON_INPLACE];
	/** @stationary: of the tensor engine */
	struct silicon_stationary stationary[PUMORI_ISA_STATIONARY_BUFFERS]
		__attribute__((aligned(64)));
	/** @scratch: for kernels */
	u8 scratch[SILICON_SCRATCH_BYTES] __attribute__((aligned(64)));
	/** @psum: rows */
	u8 psum[PUMORI_ISA_PARTITIONS * SILICON_PSUM_STRIDE] __attribute__((aligned(64)));
	/** @sbuf: rows */
	u8 sbuf[PUMORI_ISA_PARTITIONS * SILICON_SBUF_STRIDE] __attribute__((aligned(64)));
};
#define SILICON_SLOT_ROWS	(2u * PUMORI_ISA_PARTITIONS)

/* --- Queues ------------------------------------------------------------------------------------- */

/** struct silicon_saved - a job that lies in its queue's save area */
struct silicon_saved {
	/** @valid: there is one */
	bool valid;
	/** @flags: of its command */
	u32 flags;
	/** @program: program id */
	u32 program;
	/** @sbuf_bytes: footprint per partition */
	u32 sbuf_bytes;
	/** @psum_bytes: footprint per partition */
	u32 psum_bytes;
	/** @load: number of the program's load */
	u64 load;
	/** @residency: generation of what was saved */
	u64 residency;
	/** @started: device time at which its command was taken */
	u64 started;
	/** @device_ns: time spent on the job */
	u64 device_ns;
	/** @seal: checksum of what the chip must be able to trust */
	u64 seal;
	/** @slot: where it ran; addresses in it need moving */
	const struct silicon_slot *slot;
};

/** struct silicon_queue - a queue on the runlist */
struct silicon_queue {
	/** @id: queue id */
	u32 id;
	/** @state: PUMORI_HW_QUEUE_* */
	u32 state;
	/** @descriptor: host memory; only tail and event_index are looked at after it was taken */
	struct pumori_hw_queue *descriptor;
	/** @descriptor_address: its bus address, by which a queue is recognised */
	u64 descriptor_address;
	/** @ring: host memory */
	const struct pumori_hw_command *ring;
	/** @completion: host memory */
	struct pumori_hw_completion *completion;
	/** @page_table: bus address of the root */
	u64 page_table;
	/** @address_space: tag */
	u32 address_space;
	/** @ring_entries: power of two */
	u32 ring_entries;
	/** @priority: 0..3 */
	u32 priority;
	/** @quantum_units: work before an equal gets its turn */
	u32 quantum_units;
	/** @save_area: bus address of its first list page, 0 when there is none */
	u64 save_area;
	/** @unsavable: the area is too small for the running job, or does not answer */
	bool unsavable;
	/** @saved: the running job, when it has no slot */
	struct silicon_saved saved;
	/** @head: next command to take */
	u32 head;
	/** @slot: slot that it owns, or SILICON_NO_SLOT */
	u32 slot;
	/** @previous: generation that the last command left, 0 when it did not end with DONE */
	u64 previous;
	/** @sequence: last finished */
	u64 sequence;
	/** @progress: units retired */
	u64 progress;
	/** @busy_ns: device time used */
	u64 busy_ns;
	/** @virtual_ns: device time used, lifted to the floor of the core when it wakes up */
	u64 virtual_ns;
	/** @awake: had work when the core last looked */
	bool awake;
	/** @kept: on the next runlist too */
	bool kept;
};

/* --- Cores -------------------------------------------------------------------------------------- */

/** struct silicon_program - a loaded program */
struct silicon_program {
	/** @load: number of the load, never 0 for a loaded program */
	u64 load;
	/** @first: first instruction in the store */
	u32 first;
	/** @instructions: how many */
	u32 instructions;
	/** @entries: elements of the entry table */
	u32 entries;
	/** @sbuf_bytes: footprint */
	u32 sbuf_bytes;
	/** @psum_bytes: footprint */
	u32 psum_bytes;
};

/** struct silicon_page_image - an image that lies in scattered pages of host memory */
struct silicon_page_image {
	/** @image: what the loader sees */
	struct silicon_image image;
	/** @device: for its bus */
	struct silicon_device *device;
	/** @list: bus address of the first list page */
	u64 list;
	/** @list_number: number of the list page found last */
	u32 list_number;
	/** @list_address: its bus address */
	u64 list_address;
	/** @page_number: number of the page found last, ~0 for none */
	u64 page_number;
	/** @page: that page */
	const u8 *page;
};

/** struct silicon_core_registers - words that any thread may write or read */
struct silicon_core_registers {
	u64 control_ring;
	u64 event_ring;
	u32 enable;
	/** @generation: counts writes of 1 to ENABLE */
	u32 generation;
	u32 control_tail;
	u32 control_head;
	u32 event_head;
	u32 reset;
	u32 device_reset;
	u32 status;
	/** @event_full: the core waits for EVENT_HEAD to move */
	u32 event_full;
	/** @coalesce_ns: PUMORI_HW_CORE_COALESCE_NS */
	u32 coalesce_ns;
	/** @coalesce_jobs: PUMORI_HW_CORE_COALESCE_JOBS */
	u32 coalesce_jobs;
	/** @kick: something was written since the core last looked */
	u32 kick;
	/** @active: the core stopped with work left */
	u32 active;
	/** @serving: id of the queue served last, or PUMORI_HW_NO_QUEUE */
	u32 serving;
	/** @blame: id of the queue that a reset kills, or PUMORI_HW_NO_QUEUE */
	u32 blame;
	/** @inject: PUMORI_HW_INJECT_* | count << 8 */
	u32 inject;
	u64 busy_ns;
	u64 cycles;
	u64 instructions;
	u64 jobs;
	/** @energy: nanojoules of retired instructions */
	u64 energy;
};

/** struct silicon_core - a NeuronCore with its front end */
struct silicon_core {
	/** @registers: shared words */
	struct silicon_core_registers registers __attribute__((aligned(64)));
	/** @device: the chip */
	struct silicon_device *device __attribute__((aligned(64)));
	/** @number: which core */
	u32 number;
	/** @generation: of ENABLE, that the state below belongs to */
	u32 generation;
	/** @running: enabled, with both rings mapped */
	bool running;
	/** @raised: an event was written in this call of silicon_core_run() that cannot wait */
	bool raised;
	/** @held_jobs: events of ended jobs whose interrupt waits */
	u32 held_jobs;
	/** @held_since: device time of the first of them */
	u64 held_since;
	/** @now: device time last read */
	u64 now;
	/** @control_ring: host memory */
	const struct pumori_hw_control *control_ring;
	/** @event_ring: host memory */
	struct pumori_hw_event *event_ring;
	/** @control_head: next command */
	u32 control_head;
	/** @event_tail: next event */
	u32 event_tail;
	/** @event_phase: pass over the event ring, starting at 1 */
	u32 event_phase;
	/** @control: the command being executed */
	struct pumori_hw_control control;
	/** @loading: @control is a LOAD_PROGRAM in its middle */
	bool loading;
	/** @loader: its state */
	struct silicon_loader loader;
	/** @image: its source */
	struct silicon_page_image image;
	/** @store: instruction store of the core */
	struct silicon_instruction *store;
	/** @rows: table rows of the store */
	struct silicon_table_row *rows;
	/** @loads: LOAD_PROGRAM commands so far */
	u64 loads;
	/** @program: by id */
	struct silicon_program program[PUMORI_HW_MAX_PROGRAMS];
	/** @slots: slots with memory; grows while the core runs */
	u32 slots;
	/** @slot: their memory */
	struct silicon_slot *slot[PUMORI_HW_MAX_SLOTS];
	/** @residency: last generation given */
	u64 residency;
	/** @slot_clock: counts ended jobs, to find the slot idle for longest */
	u64 slot_clock;
	/** @trace: where to write retired instructions, or NULL */
	struct silicon_trace *trace;
	/** @saving: slot whose job is being saved, or SILICON_NO_SLOT */
	u32 saving;
	/** @mmu: translations of all slots */
	struct silicon_mmu mmu;
	/** @queues: queues on the runlist */
	u32 queues;
	/** @bank: which half of @queue is the runlist; the other one is where the next is built */
	u32 bank;
	/** @serving: queue served last, or SILICON_NO_QUEUE */
	u32 serving;
	/** @quantum_left: units left of its quantum */
	u32 quantum_left;
	/** @hung: id of the queue whose job hangs on request, or PUMORI_HW_NO_QUEUE */
	u32 hung;
	/** @holds: @held waits for the next event */
	bool holds;
	/** @held: an event held back on request */
	struct pumori_hw_event held;
	/** @floor_ns: virtual time of the queue served last */
	u64 floor_ns;
	/** @queue: two runlists */
	struct silicon_queue queue[2][PUMORI_HW_MAX_QUEUES];
};

/** struct silicon_device - the chip */
struct silicon_device {
	/** @config: as given */
	struct silicon_config config;
	/** @units_per_ms: calibration */
	u32 units_per_ms;
	/** @interrupt_status: a bit per core */
	u32 interrupt_status __attribute__((aligned(64)));
	/** @interrupt_enable: likewise */
	u32 interrupt_enable;
	/** @gone: nothing works any more, on request */
	u32 gone;
	/** @name: for PUMORI_HW_REG_NAME */
	u8 name[PUMORI_HW_NAME_BYTES];
	/** @core: config.cores of them */
	struct silicon_core core[] __attribute__((aligned(64)));
};

/* --- Functions, by file ------------------------------------------------------------------------- */

/**
 * silicon_bus - host memory at a bus address, refused when it would cross a page or is misaligned
 */
void *silicon_bus(const struct silicon_device *device, u64 address, u32 length, u32 alignment);

/* control.c */
bool silicon_control_pending(const struct silicon_core *core);
u32 silicon_control_step(struct silicon_core *core, u32 budget);
/** silicon_event_room - whether all events that one step can bring have room */
bool silicon_event_room(struct silicon_core *core);
/** silicon_event - write an event; time, phase and the rest are filled in */
void silicon_event(struct silicon_core *core, u32 type, u32 queue, u64 sequence, u64 argument,
		   u64 detail);

/** silicon_event_write - put an event into the ring; time and phase are filled in */
void silicon_event_write(struct silicon_core *core, const struct pumori_hw_event *event);

/* inject.c */
/** silicon_inject - the register was written */
void silicon_inject(struct silicon_core *core, u32 word);
/** silicon_inject_heal - end a lasting misbehaviour that is not worse than @worst */
void silicon_inject_heal(struct silicon_core *core, u32 worst);
/** silicon_injected - whether misbehaviour of a kind is asked for */
bool silicon_injected(const struct silicon_core *core, u32 kind);
/** silicon_inject_take - the same, once for each that was asked for */
bool silicon_inject_take(struct silicon_core *core, u32 kind);
/** silicon_inject_fault - whether the slot's job ends with a memory error; then @end says how */
bool silicon_inject_fault(struct silicon_core *core, const struct silicon_slot *slot,
			  struct silicon_end *end);
/** silicon_inject_hang - whether the queue's job hangs; then it has taken some time */
bool silicon_inject_hang(struct silicon_core *core, struct silicon_queue *queue, u32 budget);
/** silicon_inject_event - write an event in the way that was asked for */
void silicon_inject_event(struct silicon_core *core, struct pumori_hw_event *event);

/* runlist.c */
/**
 * silicon_runlist_replace - returns PUMORI_HW_FAULT_*; the old list stays when the new one is bad
 */
u32 silicon_runlist_replace(struct silicon_core *core, u64 list, u64 count);
struct silicon_queue *silicon_runlist_pick(struct silicon_core *core);
/** silicon_runlist_sleep - ask for doorbells; false when a command came in meanwhile */
bool silicon_runlist_sleep(struct silicon_core *core);
struct silicon_queue *silicon_queue_at(struct silicon_core *core, u32 index);
u32 silicon_queue_index(const struct silicon_core *core, const struct silicon_queue *queue);

/* queue.c */
u32 silicon_queue_run(struct silicon_core *core, struct silicon_queue *queue, u32 budget);
/** silicon_queue_end - the job in the queue's slot is over: record, completion, event */
void silicon_queue_end(struct silicon_core *core, struct silicon_queue *queue,
		       struct silicon_end *end);
/** silicon_queue_reset - the core is reset: the slot is lost, its job ends or begins again */
void silicon_queue_reset(struct silicon_core *core, struct silicon_queue *queue);
/** silicon_queue_kill - end the running job with @status and answer the rest with CANCELED */
void silicon_queue_kill(struct silicon_core *core, struct silicon_queue *queue, u32 status);
void silicon_queue_publish(struct silicon_queue *queue);

/* slot.c */
/** silicon_slot_obtainable - whether a queue without a slot would get one, if need be by saving a job */
bool silicon_slot_obtainable(struct silicon_core *core, const struct silicon_queue *queue);
/**
 * silicon_slot_acquire - the queue's slot, after finding it one; NULL when all are in the middle of
 * jobs: then one of them may be on its way to its save area
 */
struct silicon_slot *silicon_slot_acquire(struct silicon_core *core, struct silicon_queue *queue);
/** silicon_slot_soil - all that was written so far is to be cleared before anything runs again */
void silicon_slot_soil(struct silicon_slot *slot);
/** silicon_slot_clear - some of that clearing; returns units, sets clear_row */
u32 silicon_slot_clear(struct silicon_slot *slot, u32 budget);
void silicon_slot_release(struct silicon_core *core, struct silicon_queue *queue);
/** silicon_slot_start - put a job, whose command and descriptor were read, into its first state */
void silicon_slot_start(struct silicon_core *core, struct silicon_slot *slot,
			const struct silicon_program *program);

/* save.c */
/** silicon_save_bytes - what a job takes in a save area besides its footprint */
u32 silicon_save_bytes(void);
/** silicon_save_units - work of moving the slot's job */
u64 silicon_save_units(const struct silicon_slot *slot);
/** silicon_save_begin - start to save the job in a slot; false when its queue's area does not allow it */
bool silicon_save_begin(struct silicon_core *core, u32 index);
/** silicon_save_step - go on; returns units. At the end the slot is free */
u32 silicon_save_step(struct silicon_core *core, u32 budget);
/** silicon_restore_begin - start to bring the queue's saved job into its slot */
void silicon_restore_begin(struct silicon_queue *queue, struct silicon_slot *slot);
/** silicon_restore_step - go on; returns units, sets @fault. At the end nothing is saved any more */
u32 silicon_restore_step(struct silicon_core *core, struct silicon_queue *queue,
			 struct silicon_slot *slot, u32 budget, u32 *fault);

/* sequencer.c */
/**
 * silicon_sequencer_run - advance a job; returns units done, fills @end and sets @done when it is
 * over
 */
u32 silicon_sequencer_run(struct silicon_core *core, struct silicon_slot *slot, u32 budget,
			  struct silicon_end *end, bool *done);

/* trace.c */
/** silicon_trace_retired - note an instruction that has just retired; @ready: when its stream was */
void silicon_trace_retired(struct silicon_core *core, const struct silicon_slot *slot,
			   const struct silicon_stream *stream,
			   const struct silicon_instruction *instruction, u32 pc, u64 ready);

/* compute.c */
/** silicon_compute_issue - fill the stream's task; returns PUMORI_HW_FAULT_* */
u32 silicon_compute_issue(struct silicon_slot *slot, struct silicon_stream *stream,
			  const struct silicon_instruction *instruction, u64 *address);
/** silicon_operand_view - resolve an operand; returns PUMORI_HW_FAULT_* */
u32 silicon_operand_view(struct silicon_slot *slot, const s64 *bound,
			 const struct silicon_operand *operand, struct silicon_view *view,
			 u64 *address);

/* dma.c */
/**
 * silicon_dma_issue - resolve and check both sides; returns PUMORI_HW_FAULT_*, sets the units it
 * will take
 */
u32 silicon_dma_issue(struct silicon_slot *slot, struct silicon_stream *stream,
		      const struct silicon_instruction *instruction, u64 *units, u64 *address);
/** silicon_dma_step - move some; returns units, sets @fault and @finished */
u32 silicon_dma_step(struct silicon_core *core, struct silicon_slot *slot,
		     struct silicon_stream *stream, u32 budget, u32 *fault, u64 *address,
		     bool *finished);

/* inplace.c */
/** silicon_inplace_offer - true when the source need not be copied; sets @fault when it is not there */
bool silicon_inplace_offer(struct silicon_core *core, struct silicon_slot *slot,
			   const struct silicon_transfer *transfer, u32 *fault, u64 *address);
/** silicon_inplace_take - the stream's task consumes what was offered as its first input */
void silicon_inplace_take(struct silicon_slot *slot, struct silicon_stream *stream);
/** silicon_inplace_resolve - where that lies now; false and @fault when it does not */
bool silicon_inplace_resolve(struct silicon_core *core, struct silicon_slot *slot,
			     struct silicon_stream *stream, u32 *fault, u64 *address);

/* core.c */
/** silicon_core_now - read the device time */
u64 silicon_core_now(struct silicon_core *core);
/** silicon_core_kick - something was written that the core should look at */
void silicon_core_kick(struct silicon_core *core);

/* mmu.c */
/**
 * silicon_translate - host memory behind a VA
 * @before: set to the bytes that precede it contiguously
 * @bytes: set to the bytes from it on
 * @fault: set when NULL is returned
 */
u8 *silicon_translate(struct silicon_core *core, const struct silicon_job *job, u64 va, bool write,
		      u64 *before, u64 *bytes, u32 *fault);
void silicon_mmu_invalidate(struct silicon_core *core, u32 address_space, u64 va, u64 length);
void silicon_mmu_reset(struct silicon_core *core);

#endif
