/* SPDX-License-Identifier: GPL-2.0 */
/* Arithmetic on ring indices, which run freely modulo 2^32. */
#ifndef PUMORI_RING_H
#define PUMORI_RING_H

#include <linux/types.h>

#include <pumori/hw.h>

/**
 * pumori_event_phase() - the phase that marks an event as written
 * @index: free-running index of the event
 */
static inline u32 pumori_event_phase(u32 index)
{
	return index / PUMORI_HW_EVENT_ENTRIES + 1;
}

/**
 * pumori_ring_needs_doorbell() - whether moving a tail passes the index the chip asked for
 * @event_index: what the chip wrote
 * @before: tail before
 * @after: tail after
 *
 * The chip sleeps when it has taken everything up to @event_index; it wants to be woken by a tail
 * that goes beyond.
 */
static inline bool pumori_ring_needs_doorbell(u32 event_index, u32 before, u32 after)
{
	return (u32)(after - event_index - 1) < (u32)(after - before);
}

/**
 * pumori_record_slot() - where the completion page keeps the record of a job
 * @sequence: of the job
 */
static inline u32 pumori_record_slot(u64 sequence)
{
	return sequence % PUMORI_HW_RECORDS;
}

#endif
