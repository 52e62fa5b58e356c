/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_CORE_H
#define PUMORI_CORE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <pumori/hw.h>

#include "pumori_bus.h"
#include "pumori_ras.h"

struct pumori_device;
struct pumori_queue;

/**
 * struct pumori_request - a control command under way
 */
struct pumori_request {
	/** @sequence: of the command */
	u32 sequence;
	/** @looks: how often the watchdog found it unanswered, protected by control_lock */
	u32 looks;
	/** @done: there will be no other answer; the fields below are valid */
	bool done;
	/**
	 * @error: 0; -EAGAIN when the command was carried out but its acknowledgement got lost; -EIO
	 * when the chip was reset or stopped before it answered
	 */
	int error;
	/** @status: PUMORI_HW_FAULT_*, 0 for success */
	u32 status;
	/** @detail: as in struct pumori_hw_event */
	u64 detail;
};

/**
 * struct pumori_core - the driver's side of one core
 */
struct pumori_core {
	/** @pumori: device of the core */
	struct pumori_device *pumori;
	/** @index: number of the core */
	u32 index;
	/** @control: control ring */
	struct pumori_shared control;
	/** @event: event ring */
	struct pumori_shared event;
	/** @runlist: page that RUNLIST commands point to */
	struct pumori_shared runlist;

	/**
	 * @control_lock: protects @control_tail, @closed, @life, @request and the control ring; taken
	 * in any context
	 */
	spinlock_t control_lock;
	/** @closed: the chip was reset or stopped and takes no command */
	bool closed;
	/** @life: counts acknowledgements, and looks of the watchdog that saw work being done */
	u32 life;
	/** @control_tail: index after the last command; the command's sequence is the index + 1 */
	u32 control_tail;
	/** @request: who waits for the command in each slot of the ring */
	struct pumori_request *request[PUMORI_HW_CONTROL_ENTRIES];
	/** @control_wait: woken when a command is answered */
	wait_queue_head_t control_wait;

	/** @event_lock: protects @event_head */
	spinlock_t event_lock;
	/** @event_head: index of the next event */
	u32 event_head;

	/**
	 * @queues_lock: protects @queues, @queue_count and @runlist. Held while the chip
	 * acknowledges a run list, never while allocating.
	 */
	struct mutex queues_lock;
	/** @queues: queues that run on the core */
	struct list_head queues;
	/** @queue_count: length of @queues */
	u32 queue_count;
	/** @resets: core resets since probe; written by the watchdog */
	u32 resets;
	/** @reset_life: @life at the last reset, used by the watchdog alone */
	u32 reset_life;
	/** @probe: the watchdog's question whether anybody is there */
	struct pumori_request probe;
	/** @probing: @probe was asked since the core did nothing; used by the watchdog alone */
	bool probing;

	/** @pending: jobs that the core has and that have not ended */
	atomic_t pending;
	/** @ras: what went wrong */
	struct pumori_ras ras;
};

int pumori_core_init(struct pumori_device *pumori, u32 index);
void pumori_core_start(struct pumori_core *core);
void pumori_core_restart(struct pumori_core *core);
void pumori_core_handle_events(struct pumori_core *core);
int pumori_core_reset(struct pumori_core *core, u32 blame);

bool pumori_control_probe(struct pumori_core *core);
bool pumori_control_pending(struct pumori_core *core);
bool pumori_control_look(struct pumori_core *core, u32 limit);
void pumori_control_forgive(struct pumori_core *core);
void pumori_control_close(struct pumori_core *core);
void pumori_control_acknowledge(struct pumori_core *core, const struct pumori_hw_event *event);
int pumori_control_start(struct pumori_core *core, struct pumori_request *request,
			 struct pumori_hw_control *command);
int pumori_control_finish(struct pumori_core *core, struct pumori_request *request);
int pumori_control_execute(struct pumori_core *core, struct pumori_hw_control *command,
			   u64 *detail);
int pumori_control_invalidate(struct pumori_device *pumori, u32 address_space, u64 va, u64 size);

#endif
