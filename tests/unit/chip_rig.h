/* SPDX-License-Identifier: MIT */
/*
 * A chip on a bench: host memory with bus addresses, device memory, page tables, rings. It does what a
 * driver does, one step at a time, so that a test can also do it wrong.
 */
#ifndef PUMORI_TESTS_CHIP_RIG_H
#define PUMORI_TESTS_CHIP_RIG_H

#include "../../drivers/accel/pumori/silicon/kernels.h"
#include "../../drivers/accel/pumori/silicon/silicon.h"
#include "program_builder.h"

#define RIG_BUS_BASE	0x7a5000000000ull	/* bus addresses are nothing else */
#define RIG_BUS_BYTES	(8u << 20)
#define RIG_HBM_BYTES	(8u << 20)
#define RIG_QUEUES	8
#define RIG_SPACES	4
#define RIG_INSTRUCTIONS 4096

/** struct rig_space - an address space */
struct rig_space {
	u64 root;
};

/** struct rig_queue - the driver's side of a queue */
struct rig_queue {
	u64 address;
	struct pumori_hw_queue *descriptor;
	struct pumori_hw_command *ring;
	struct pumori_hw_completion *completion;
	/** @job_address: a page per ring entry */
	u64 job_address[64];
	struct pumori_hw_job *job[64];
	u64 sequence;
	/** @prepared: rig_next_command() was called for the next job */
	bool prepared;
};

struct rig {
	struct silicon_config config;
	struct silicon_device *device;
	void *memory;
	void *store;
	void *slot[PUMORI_HW_MAX_CORES][PUMORI_HW_MAX_SLOTS];
	u8 *bus;
	u8 *hbm;
	/** @bus_used: bytes given out by rig_bus_alloc() */
	u32 bus_used;
	/** @hbm_used: likewise */
	u32 hbm_used;
	/** @bus_limit: bus addresses beyond it do not answer */
	u64 bus_limit;
	/** @time: device time, advances at every look at it */
	u64 time;
	struct pumori_hw_control *control[PUMORI_HW_MAX_CORES];
	struct pumori_hw_event *events[PUMORI_HW_MAX_CORES];
	u32 control_tail[PUMORI_HW_MAX_CORES];
	u32 control_sequence[PUMORI_HW_MAX_CORES];
	u32 event_head[PUMORI_HW_MAX_CORES];
	u64 control_page[PUMORI_HW_MAX_CORES];
	u64 event_page[PUMORI_HW_MAX_CORES];
	struct rig_queue queue[RIG_QUEUES];
	u32 queues;
	struct rig_space space[RIG_SPACES];
	/** @budget: units per slice for rig_run(); 0 draws one from 1 to 300 each time */
	u32 budget;
	u32 random;
};

/**
 * rig_create - a chip with its cores enabled and every slot's memory given; NULL when out of memory
 */
struct rig *rig_create(u32 cores, u32 slots, const struct silicon_kernels *kernels);
/** rig_create_sized - the same with another amount of device memory */
struct rig *rig_create_sized(u32 cores, u32 slots, const struct silicon_kernels *kernels, u32 hbm_bytes);
void rig_destroy(struct rig *rig);
/** rig_kernels - a kernel set by SILICON_KERNELS_*, NULL when this host cannot run it */
const struct silicon_kernels *rig_kernels(u32 choice);

u64 rig_bus_alloc(struct rig *rig, u32 pages);
void *rig_bus(struct rig *rig, u64 address);
u64 rig_hbm_alloc(struct rig *rig, u32 bytes, u32 alignment);

/** rig_map - enter one leaf; @flags are PUMORI_HW_PTE_*; @huge for 2 MiB */
void rig_map(struct rig *rig, u32 space, u64 va, u64 address, u64 flags, bool huge);
/** rig_unmap - take the leaf of a 4 KiB page away; the chip is not told */
void rig_unmap(struct rig *rig, u32 space, u64 va);
/** rig_buffer - map fresh device memory at @va, return it */
u8 *rig_buffer(struct rig *rig, u32 space, u64 va, u32 bytes, bool writable);

/** rig_enable - power the rings of a core up, or up again */
void rig_enable(struct rig *rig, u32 core);
/** rig_control - put a command on a control ring; returns its sequence */
u32 rig_control(struct rig *rig, u32 core, struct pumori_hw_control command);
/**
 * rig_acknowledge - run until the command is acknowledged; returns its status, ~0 when that never
 * comes
 */
u32 rig_acknowledge(struct rig *rig, u32 core, u32 sequence, u64 *detail);
/** rig_command - both */
u32 rig_command(struct rig *rig, u32 core, struct pumori_hw_control command, u64 *detail);

/** rig_load - load an image on core 0; returns the status */
u32 rig_load(struct rig *rig, u32 id, u32 first, const void *image, size_t bytes, u64 *detail);
u32 rig_load_program(struct rig *rig, u32 id, u32 first, const struct program *program);
/** rig_queue_create - a queue in an address space, not yet on a runlist */
struct rig_queue *rig_queue_create(struct rig *rig, u32 space, u32 priority, u32 quantum);
/** rig_save_area - give a queue a save area for jobs of a footprint, before it is on a runlist */
void rig_save_area(struct rig *rig, struct rig_queue *queue, u32 sbuf_bytes, u32 psum_bytes);
/** rig_runlist - put the first @count queues on core 0 */
u32 rig_runlist(struct rig *rig, u32 count);

/**
 * rig_submit - put a job on a queue; its job page must be filled in before. Returns its sequence
 */
u64 rig_submit(struct rig *rig, struct rig_queue *queue, u32 program, u32 entry);
/** rig_next_job - the job page that the next rig_submit() will use */
struct pumori_hw_job *rig_next_job(struct rig_queue *queue);
/**
 * rig_next_command - the ring entry that the next rig_submit() fills in but for what is already set
 */
struct pumori_hw_command *rig_next_command(struct rig_queue *queue);
void rig_variable(struct pumori_hw_job *job, u32 index, u64 va, u64 length, bool writable);

/** rig_step - one slice of core 0 */
u32 rig_step(struct rig *rig, u32 budget);
/**
 * rig_run - run core 0 until it is idle; false when it does not come to rest within a generous
 * bound
 */
bool rig_run(struct rig *rig);
/** rig_wait - run until the job has ended; its record, or NULL */
const struct pumori_hw_record *rig_wait(struct rig *rig, const struct rig_queue *queue, u64 sequence);
/** rig_event - take the next event of a core; false when there is none */
bool rig_event(struct rig *rig, u32 core, struct pumori_hw_event *event);

#endif
