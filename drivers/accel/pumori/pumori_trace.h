/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of the driver: Documentation/accel/pumori-telemetry.rst. What the scheduler traces by
 * itself is not repeated here.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pumori

#if !defined(PUMORI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PUMORI_TRACE_H

#include <linux/tracepoint.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>

#include <pumori/hw.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_event.h"
#include "pumori_queue.h"

DECLARE_EVENT_CLASS(pumori_job,
	TP_PROTO(const struct pumori_queue *queue, const struct pumori_hw_command *command),
	TP_ARGS(queue, command),
	TP_STRUCT__entry(
		__string(device, dev_name(queue->pumori->drm.dev))
		__field(u32, core)
		__field(u32, queue)
		__field(u64, fence_context)
		__field(u64, sequence)
		__field(u32, program)
		__field(u32, entry)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->core = queue->core->index;
		__entry->queue = queue->id;
		__entry->fence_context = queue->fence_context;
		__entry->sequence = command->sequence;
		__entry->program = command->program;
		__entry->entry = command->entry;
	),
	TP_printk("dev=%s core=%u queue=%u fence=%llu:%llu program=%u entry=%u",
		  __get_str(device), __entry->core, __entry->queue, __entry->fence_context,
		  __entry->sequence, __entry->program, __entry->entry)
);

DEFINE_EVENT(pumori_job, pumori_job_submit,
	TP_PROTO(const struct pumori_queue *queue, const struct pumori_hw_command *command),
	TP_ARGS(queue, command)
);

DEFINE_EVENT(pumori_job, pumori_job_run,
	TP_PROTO(const struct pumori_queue *queue, const struct pumori_hw_command *command),
	TP_ARGS(queue, command)
);

TRACE_EVENT(pumori_job_done,
	TP_PROTO(const struct pumori_queue *queue, const struct pumori_hw_record *record),
	TP_ARGS(queue, record),
	TP_STRUCT__entry(
		__string(device, dev_name(queue->pumori->drm.dev))
		__field(u32, core)
		__field(u32, queue)
		__field(u64, fence_context)
		__field(u64, sequence)
		__field(u32, status)
		__field(u64, cycles)
		__field(u64, device_ns)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->core = queue->core->index;
		__entry->queue = queue->id;
		__entry->fence_context = queue->fence_context;
		__entry->sequence = record->sequence;
		__entry->status = record->status;
		__entry->cycles = record->cycles;
		__entry->device_ns = record->device_ns;
	),
	TP_printk("dev=%s core=%u queue=%u fence=%llu:%llu status=%u cycles=%llu device_ns=%llu",
		  __get_str(device), __entry->core, __entry->queue, __entry->fence_context,
		  __entry->sequence, __entry->status, __entry->cycles, __entry->device_ns)
);

TRACE_EVENT(pumori_job_fault,
	TP_PROTO(const struct pumori_queue *queue, const struct pumori_hw_record *record),
	TP_ARGS(queue, record),
	TP_STRUCT__entry(
		__string(device, dev_name(queue->pumori->drm.dev))
		__field(u32, core)
		__field(u32, queue)
		__field(u64, sequence)
		__field(u32, fault)
		__field(u32, pc)
		__field(u32, stream)
		__field(u64, address)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->core = queue->core->index;
		__entry->queue = queue->id;
		__entry->sequence = record->sequence;
		__entry->fault = record->fault;
		__entry->pc = record->pc;
		__entry->stream = record->stream;
		__entry->address = record->address;
	),
	TP_printk("dev=%s core=%u queue=%u sequence=%llu fault=%u pc=%u stream=%u address=%#llx",
		  __get_str(device), __entry->core, __entry->queue, __entry->sequence,
		  __entry->fault, __entry->pc, __entry->stream, __entry->address)
);

TRACE_EVENT(pumori_bind,
	TP_PROTO(struct pumori_device *pumori, u32 address_space, u32 flags, u64 va, u64 size),
	TP_ARGS(pumori, address_space, flags, va, size),
	TP_STRUCT__entry(
		__string(device, dev_name(pumori->drm.dev))
		__field(u32, address_space)
		__field(u32, flags)
		__field(u64, va)
		__field(u64, size)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->address_space = address_space;
		__entry->flags = flags;
		__entry->va = va;
		__entry->size = size;
	),
	TP_printk("dev=%s address_space=%u flags=%#x va=%#llx size=%#llx",
		  __get_str(device), __entry->address_space, __entry->flags, __entry->va,
		  __entry->size)
);

TRACE_EVENT(pumori_reset,
	TP_PROTO(struct pumori_device *pumori, u32 core, int result),
	TP_ARGS(pumori, core, result),
	TP_STRUCT__entry(
		__string(device, dev_name(pumori->drm.dev))
		__field(u32, core)
		__field(int, result)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->core = core;
		__entry->result = result;
	),
	TP_printk("dev=%s core=%d result=%d", __get_str(device), (int)__entry->core,
		  __entry->result)
);

TRACE_EVENT(pumori_event,
	TP_PROTO(struct pumori_device *pumori, const struct pumori_event *event, u64 sequence),
	TP_ARGS(pumori, event, sequence),
	TP_STRUCT__entry(
		__string(device, dev_name(pumori->drm.dev))
		__field(u64, sequence)
		__field(u32, type)
		__field(u32, core)
		__field(u32, context)
		__field(u64, value)
		__string(reason, event->reason)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->sequence = sequence;
		__entry->type = event->type;
		__entry->core = event->core;
		__entry->context = event->context;
		__entry->value = event->value;
		__assign_str(reason);
	),
	TP_printk("dev=%s sequence=%llu type=%u core=%d context=%u value=%llu reason=%s",
		  __get_str(device), __entry->sequence, __entry->type, (int)__entry->core,
		  __entry->context, __entry->value, __get_str(reason))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE pumori_trace
#include <trace/define_trace.h>
