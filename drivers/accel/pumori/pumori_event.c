// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Events
 *
 * Events are reported in any context, also where fences are signalled, and sent by a worker. In
 * between lies a ring of fixed size for each device. The worker sends a burst at a time, so that a
 * broken device cannot keep the machine busy; what does not fit into the ring is counted, and each
 * event that is sent says how many were not. Numbers are given before an event can get lost: a gap
 * in them is what was lost between the device and the listener, for whatever reason.
 *
 * Some events can be caused by any user with a wrong program. They may fill no more than half of
 * the ring, so that those of the device itself still find room.
 */

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>

#include "pumori_device.h"
#include "pumori_event.h"
#include "pumori_netlink.h"
#include "pumori_trace.h"

#define RING	256
#define BURST	64
#define PAUSE	msecs_to_jiffies(100)

/**
 * struct pumori_events - events of a device on their way
 */
struct pumori_events {
	/** @pumori: the device */
	struct pumori_device *pumori;
	/** @lock: protects all that follows but @send and @next; taken in any context */
	spinlock_t lock;
	/** @sequence: of the last event */
	u64 sequence;
	/** @lost: events that found no room */
	u64 lost;
	/** @head: first event of @ring */
	u32 head;
	/** @count: events in @ring */
	u32 count;
	/** @ring: events that wait */
	struct pumori_event ring[RING];
	/** @send: sends a burst */
	struct delayed_work send;
	/** @next: jiffies when the next burst may be sent; used by @send alone, read by reporters */
	unsigned long next;
};

static bool take(struct pumori_events *events, struct pumori_event *event)
{
	bool taken = false;

	spin_lock_irq(&events->lock);
	if (events->count) {
		*event = events->ring[events->head];
		event->lost = events->lost;
		events->head = (events->head + 1) % RING;
		events->count--;
		taken = true;
	}
	spin_unlock_irq(&events->lock);
	return taken;
}

static void send_burst(struct work_struct *work)
{
	struct pumori_events *events = container_of(to_delayed_work(work), struct pumori_events,
						    send);
	struct pumori_event event;
	u32 i;

	WRITE_ONCE(events->next, jiffies + PAUSE);
	for (i = 0; i < BURST; i++) {
		if (!take(events, &event))
			return;
		pumori_netlink_event(events->pumori, &event);
	}
	/* There may be more; reporters that saw this work pending did not start it. */
	queue_delayed_work(system_unbound_wq, &events->send, PAUSE);
}

static bool any_user_can_cause(enum pumori_event_type type)
{
	return type == PUMORI_EVENT_TYPE_NAN || type == PUMORI_EVENT_TYPE_FAULT;
}

/**
 * pumori_event_report() - tell that something happened
 * @pumori: the device
 * @event: what; number, time and losses are filled in here
 *
 * Any context.
 */
void pumori_event_report(struct pumori_device *pumori, const struct pumori_event *event)
{
	struct pumori_events *events = pumori->events;
	u32 room = any_user_can_cause(event->type) ? RING / 2 : RING;
	unsigned long flags, now = jiffies, next;
	struct pumori_event *slot;

	spin_lock_irqsave(&events->lock, flags);
	events->sequence++;
	trace_pumori_event(pumori, event, events->sequence);
	if (events->count < room) {
		slot = &events->ring[(events->head + events->count++) % RING];
		*slot = *event;
		slot->sequence = events->sequence;
		slot->time_ns = ktime_get_ns();
	} else {
		events->lost++;
	}
	spin_unlock_irqrestore(&events->lock, flags);

	next = READ_ONCE(events->next);
	queue_delayed_work(system_unbound_wq, &events->send,
			   time_before(now, next) ? next - now : 0);
}

/**
 * pumori_events_state() - how many events there were
 * @pumori: the device
 * @sequence: number of the last one
 * @lost: how many were dropped
 */
void pumori_events_state(struct pumori_device *pumori, u64 *sequence, u64 *lost)
{
	struct pumori_events *events = pumori->events;

	spin_lock_irq(&events->lock);
	*sequence = events->sequence;
	*lost = events->lost;
	spin_unlock_irq(&events->lock);
}

static void stop(struct drm_device *drm, void *data)
{
	struct pumori_events *events = data;

	cancel_delayed_work_sync(&events->send);
}

/**
 * pumori_events_init() - prepare for events
 * @pumori: the device
 */
int pumori_events_init(struct pumori_device *pumori)
{
	struct pumori_events *events = drmm_kzalloc(&pumori->drm, sizeof(*events), GFP_KERNEL);

	if (!events)
		return -ENOMEM;

	events->pumori = pumori;
	spin_lock_init(&events->lock);
	INIT_DELAYED_WORK(&events->send, send_burst);
	events->next = jiffies;
	pumori->events = events;
	return drmm_add_action_or_reset(&pumori->drm, stop, events);
}
