/* SPDX-License-Identifier: MIT */
/*
 * The chip inside the process, and the part of a driver that it needs: bus addresses, device memory,
 * page tables, control rings, queues. All of it as the kernel driver does it, after hw.h.
 */
#ifndef PUMORI_RUNTIME_INPROC_H
#define PUMORI_RUNTIME_INPROC_H

#include <pthread.h>
#include <stdbool.h>

#include "backend.h"
#include "range.h"
#include "silicon.h"

#define INPROC_CORES		2u
#define INPROC_SLOTS		4u
#define INPROC_INSTRUCTIONS	(1u << 20)

/* --- Memory: inproc_memory.c -------------------------------------------------------------------- */

/** struct inproc_page - host memory that the chip reaches by bus address */
struct inproc_page {
	/** @memory: whole 4 KiB pages, zeroed */
	void *memory;
	/** @bus: bus address of the first; the others follow */
	uint64_t bus;
	/** @pages: how many */
	uint64_t pages;
};

/** struct inproc_memory - what the chip reaches */
struct inproc_memory {
	/** @lock: guards the ranges and the page tables */
	pthread_mutex_t lock;
	/** @bus_base: first bus address, random: nobody may take bus addresses for pointers */
	uint64_t bus_base;
	/** @bus_table: host memory of each bus page; read by chip threads without the lock */
	void **bus_table;
	/** @bus_pages: bus pages not in use */
	struct pumori_range bus_pages;
	/** @hbm: device memory */
	unsigned char *hbm;
	/** @hbm_bytes: its size */
	uint64_t hbm_bytes;
	/** @hbm_range: what is not in use */
	struct pumori_range hbm_range;
	/** @tables: page tables; [0] is the root */
	struct inproc_page *tables;
	/** @table_count: used elements */
	uint32_t table_count;
	/** @table_capacity: room */
	uint32_t table_capacity;
};

int inproc_memory_create(struct inproc_memory *memory, uint64_t hbm_bytes);
void inproc_memory_destroy(struct inproc_memory *memory);
/** inproc_page_create - zeroed host memory with bus addresses */
int inproc_page_create(struct inproc_memory *memory, uint64_t bytes, struct inproc_page *page);
void inproc_page_destroy(struct inproc_memory *memory, struct inproc_page *page);
/** inproc_map - enter @bytes of device memory from @offset on into the page table at @va */
int inproc_map(struct inproc_memory *memory, uint64_t va, uint64_t offset, uint64_t bytes,
	       bool writable);
/** inproc_unmap - remove entries; the translations of the cores are the caller's */
void inproc_unmap(struct inproc_memory *memory, uint64_t va, uint64_t bytes);
/* The chip's doors. */
void *inproc_bus(void *context, u64 address, u32 length);
void *inproc_hbm(void *context, u64 offset, u64 *available);

/* --- The chip and its cores --------------------------------------------------------------------- */

struct inproc_queue;

/** struct inproc_core - a core, run by whichever thread needs its result, or by its worker */
struct inproc_core {
	/** @device: its device */
	struct inproc *device;
	/** @index: core number */
	u32 index;
	/** @command_lock: held for a control command from sending it to its acknowledgement */
	pthread_mutex_t command_lock;
	/** @post_lock: held while the control ring is written */
	pthread_mutex_t post_lock;
	/** @lock: guards the members down to @worker_running */
	pthread_mutex_t lock;
	/** @changed: something finished, or nobody drives any more */
	pthread_cond_t changed;
	/** @work: there is work for the worker */
	pthread_cond_t work;
	/** @driving: a thread is in silicon_core_run() */
	bool driving;
	/** @detached: jobs were submitted that nobody may wait for */
	bool detached;
	/** @stop: the device is being closed; atomic */
	bool stop;
	/** @worker_running: @worker exists */
	bool worker_running;
	/** @worker: runs detached jobs */
	pthread_t worker;
	/** @waiters: threads in @changed; atomic */
	u32 waiters;
	/** @pages: control ring, event ring, runlist */
	struct inproc_page pages;
	/** @control_tail: index after the last command posted */
	u32 control_tail;
	/** @acknowledged: sequence of the last acknowledged command; atomic */
	u32 acknowledged;
	/** @event_head: next event; whoever drives */
	u32 event_head;
	/** @result: of each command: 0 or PUMORI_HW_FAULT_* */
	u64 result[PUMORI_HW_CONTROL_ENTRIES];
	/** @detail: of each command */
	u64 detail[PUMORI_HW_CONTROL_ENTRIES];
	/** @queues: on the runlist; guarded by @command_lock */
	struct inproc_queue *queues[PUMORI_HW_MAX_SLOTS];
	/** @queue_count: how many; atomic */
	u32 queue_count;
	/** @slots: memory of the slots */
	void *slots[PUMORI_HW_MAX_SLOTS];
	/** @slot_count: how many */
	u32 slot_count;
};

/** struct inproc - the device */
struct inproc {
	/** @base: what the front sees */
	struct pumori_backend base;
	/** @memory: what the chip reaches */
	struct inproc_memory memory;
	/** @config: of the chip */
	struct silicon_config config;
	/** @chip: the chip */
	struct silicon_device *chip;
	/** @chip_memory: its state */
	void *chip_memory;
	/** @store: its instruction store */
	void *store;
	/** @core: its cores */
	struct inproc_core core[INPROC_CORES];
	/** @only_core: core to use, -1 for any */
	int32_t only_core;
	/** @priority: of queues */
	u32 priority;
	/** @units_per_ms: speed of the kernel set on this host */
	u32 units_per_ms;
	/** @lock: guards the members below */
	pthread_mutex_t lock;
	/** @programs: program ids not in use */
	struct pumori_range programs;
	/** @instructions: parts of the instruction store not in use */
	struct pumori_range instructions;
	/** @queue_ids: queue ids not in use */
	struct pumori_range queue_ids;
	/** @program: where each loaded program lies in the store */
	struct {
		u32 first;
		u32 count;
	} program[PUMORI_HW_MAX_PROGRAMS];
};

/** struct inproc_job - a job whose descriptor the chip can read */
struct inproc_job {
	/** @base: what the front sees */
	struct pumori_job base;
	/** @descriptor: one page with struct pumori_hw_job */
	struct inproc_page descriptor;
	/** @budget_units: bound of work */
	u64 budget_units;
};

/** struct inproc_queue - a queue of one core */
struct inproc_queue {
	/** @base: what the front sees */
	struct pumori_backend_queue base;
	/** @core: where it runs */
	struct inproc_core *core;
	/** @pages: descriptor, ring, completion page */
	struct inproc_page pages;
	/** @descriptor: with the shadow doorbell */
	struct pumori_hw_queue *descriptor;
	/** @ring: commands */
	struct pumori_hw_command *ring;
	/** @completion: written by the chip */
	const struct pumori_hw_completion *completion;
	/** @tail: index after the last command */
	u32 tail;
	/** @sequence: of the last command */
	u64 sequence;
};

/** inproc_core_wait - make @done(@argument) true, by running the core or by waiting for who does */
int inproc_core_wait(struct inproc_core *core, bool (*done)(const void *), const void *argument,
		     int64_t timeout_ns);
/** inproc_core_trace - set or end the trace of a core, between two slices */
void inproc_core_trace(struct inproc_core *core, struct silicon_trace *trace);
/** inproc_core_detach - see to it that the core runs though nobody waits */
int inproc_core_detach(struct inproc_core *core);
/** inproc_core_command - send a control command, wait for its result: 0 or PUMORI_HW_FAULT_* */
u64 inproc_core_command(struct inproc_core *core, struct pumori_hw_control *command, u64 *detail);
int inproc_core_create(struct inproc *device, u32 index);
void inproc_core_destroy(struct inproc_core *core);
/** inproc_time - monotonic nanoseconds */
u64 inproc_time(void *context);

/* --- Queues: inproc_queue.c --------------------------------------------------------------------- */

int inproc_queue_create(struct pumori_backend *backend, struct pumori_backend_queue **queue);
void inproc_queue_destroy(struct pumori_backend_queue *queue);
int inproc_queue_submit(struct pumori_backend_queue *queue, struct pumori_job *job,
			uint64_t residency, int detached, uint64_t *sequence);
uint64_t inproc_queue_finished(struct pumori_backend_queue *queue);
int inproc_queue_wait(struct pumori_backend_queue *queue, uint64_t sequence, int64_t timeout_ns);
int inproc_queue_record(struct pumori_backend_queue *queue, uint64_t sequence,
			struct pumori_hw_record *record);

#endif
