// SPDX-License-Identifier: GPL-2.0
/*
 * What the ioctls refuse: each row takes a call that is accepted, breaks one field, and says what
 * the answer must be. A row also proves that the unbroken call is accepted, so nothing is refused
 * for another reason.
 */

#include <linux/limits.h>

#include <drm/drm_drv.h>

#include "pumori_mock.h"

#define VA	0x40000000ull
#define BAD	0xdeadull

/* Calls that are accepted. */
enum valid {
	DEV_QUERY, CORE_QUERY, VM_CREATE, VM_DESTROY, VM_BIND, VM_UNBIND, BO_CREATE, HBM_CREATE,
	BO_MMAP_OFFSET, PROGRAM_CREATE, PROGRAM_DESTROY, CONTEXT_CREATE, CONTEXT_DESTROY,
	CONTEXT_QUERY, QUEUE_CREATE, QUEUE_DESTROY, SUBMIT, SUBMIT_POINT, BO_WAIT, BO_MADVISE,
	BO_LABEL, BO_SYNC, JOB_QUERY,
};

/**
 * struct call - arguments of one call and everything they point to
 */
struct call {
	/** @cmd: the ioctl */
	unsigned int cmd;
	/** @top: which of the structs below is its argument */
	void *top;
	/** @dev_query: argument */
	struct drm_pumori_dev_query dev_query;
	/** @vm_create: argument */
	struct drm_pumori_vm_create vm_create;
	/** @destroy: argument */
	struct drm_pumori_destroy destroy;
	/** @vm_bind: argument */
	struct drm_pumori_vm_bind vm_bind;
	/** @bo_create: argument */
	struct drm_pumori_bo_create bo_create;
	/** @bo_mmap_offset: argument */
	struct drm_pumori_bo_mmap_offset bo_mmap_offset;
	/** @bo_wait: argument */
	struct drm_pumori_bo_wait bo_wait;
	/** @bo_madvise: argument */
	struct drm_pumori_bo_madvise bo_madvise;
	/** @bo_label: argument */
	struct drm_pumori_bo_label bo_label;
	/** @bo_sync: argument */
	struct drm_pumori_bo_sync bo_sync;
	/** @program_create: argument */
	struct drm_pumori_program_create program_create;
	/** @context_create: argument */
	struct drm_pumori_context_create context_create;
	/** @context_query: argument */
	struct drm_pumori_context_query context_query;
	/** @queue_create: argument */
	struct drm_pumori_queue_create queue_create;
	/** @submit: argument */
	struct drm_pumori_submit submit;
	/** @job_query: argument */
	struct drm_pumori_job_query job_query;
	/** @op: what @vm_bind points to */
	struct drm_pumori_bind_op op;
	/** @job: what @submit points to */
	struct drm_pumori_job job;
	/** @variable: what @job points to */
	struct drm_pumori_variable variable;
	/** @sync: what @job points to */
	struct drm_pumori_sync sync;
	/** @user: where @op, @job, @variable and @sync lie for user space */
	u64 user[4];
};

/**
 * struct row - one refusal
 */
struct row {
	/** @name: call, field and value */
	const char *name;
	/** @valid: the call */
	enum valid valid;
	/** @offset: of the field in struct call */
	size_t offset;
	/** @size: of the field */
	size_t size;
	/** @value: what breaks it */
	u64 value;
	/** @expected: the answer */
	int expected;
};

#define ROW(call_, field, value_, expected_) {						\
	.name = #call_ ": " #field " = " #value_,					\
	.valid = call_,									\
	.offset = offsetof(struct call, field),						\
	.size = sizeof_field(struct call, field),					\
	.value = value_,								\
	.expected = expected_,								\
}

/* What every array of elements is asked for. */
#define ROWS_ARRAY(call_, field)							\
	ROW(call_, field.stride, 0, -EINVAL),						\
	ROW(call_, field.stride, 3, -EINVAL),						\
	ROW(call_, field.stride, PAGE_SIZE + 8, -EINVAL),				\
	ROW(call_, field.pointer, U64_MAX - 1, -EINVAL),				\
	ROW(call_, field.pointer, 8, -EFAULT)

static const struct row rows[] = {
	ROW(DEV_QUERY, dev_query.type, 99, -EINVAL),
	ROW(DEV_QUERY, dev_query.type, U32_MAX, -EINVAL),
	ROW(DEV_QUERY, dev_query.index, 1, -EINVAL),
	ROW(DEV_QUERY, dev_query.pad, 1, -EINVAL),
	ROW(DEV_QUERY, dev_query.pointer, 8, -EFAULT),
	ROW(DEV_QUERY, dev_query.pointer, U64_MAX, -EFAULT),
	ROW(CORE_QUERY, dev_query.index, MOCK_CORES, -EINVAL),
	ROW(CORE_QUERY, dev_query.index, U32_MAX, -EINVAL),
	ROW(CORE_QUERY, dev_query.pad, BIT(31), -EINVAL),

	ROW(VM_CREATE, vm_create.flags, BIT(30), -EINVAL),
	ROW(VM_DESTROY, destroy.id, 0, -ENOENT),
	ROW(VM_DESTROY, destroy.id, BAD, -ENOENT),
	ROW(VM_DESTROY, destroy.pad, 1, -EINVAL),

	ROW(VM_BIND, vm_bind.vm_id, 0, -ENOENT),
	ROW(VM_BIND, vm_bind.vm_id, BAD, -ENOENT),
	ROW(VM_BIND, vm_bind.flags, BIT(30), -EINVAL),
	ROW(VM_BIND, vm_bind.syncs.count, 1, -EINVAL),
	ROW(VM_BIND, vm_bind.ops.count, U32_MAX, -EINVAL),
	ROWS_ARRAY(VM_BIND, vm_bind.ops),
	ROW(VM_BIND, op.flags, 77, -EINVAL),
	ROW(VM_BIND, op.flags, BIT(30), -EINVAL),
	ROW(VM_BIND, op.handle, 0, -ENOENT),
	ROW(VM_BIND, op.handle, BAD, -ENOENT),
	ROW(VM_BIND, op.offset, 1, -EINVAL),
	ROW(VM_BIND, op.offset, PAGE_SIZE, -EINVAL),
	ROW(VM_BIND, op.offset, U64_MAX - PAGE_SIZE + 1, -EINVAL),
	ROW(VM_BIND, op.va, 0, -EINVAL),
	ROW(VM_BIND, op.va, VA + 1, -EINVAL),
	ROW(VM_BIND, op.va, BIT_ULL(PUMORI_HW_VA_BITS), -EINVAL),
	ROW(VM_BIND, op.va, U64_MAX - PAGE_SIZE + 1, -EINVAL),
	ROW(VM_BIND, op.size, 0, -EINVAL),
	ROW(VM_BIND, op.size, 1, -EINVAL),
	ROW(VM_BIND, op.size, 2 * PAGE_SIZE, -EINVAL),
	ROW(VM_BIND, op.size, U64_MAX - PAGE_SIZE + 1, -EINVAL),
	ROW(VM_BIND, op.size, BIT_ULL(63), -EINVAL),
	ROW(VM_UNBIND, op.handle, 1, -EINVAL),
	ROW(VM_UNBIND, op.offset, PAGE_SIZE, -EINVAL),
	ROW(VM_UNBIND, op.flags, DRM_PUMORI_BIND_UNMAP | DRM_PUMORI_BIND_READONLY, -EINVAL),
	ROW(VM_UNBIND, op.size, 0, -EINVAL),
	ROW(VM_UNBIND, op.va, 0, -EINVAL),

	ROW(BO_CREATE, bo_create.size, 0, -EINVAL),
	ROW(BO_CREATE, bo_create.size, U64_MAX, -ENOMEM),
	ROW(BO_CREATE, bo_create.size, BIT_ULL(63), -ENOMEM),
	ROW(BO_CREATE, bo_create.flags, BIT(30), -EINVAL),
	ROW(BO_CREATE, bo_create.vm_id, BAD, -ENOENT),
	ROW(BO_CREATE, bo_create.pad, 1, -EINVAL),
	ROW(HBM_CREATE, bo_create.size, 0, -EINVAL),
	ROW(HBM_CREATE, bo_create.size, MOCK_HBM_BYTES + 1, -ENOSPC),
	ROW(HBM_CREATE, bo_create.size, U64_MAX, -ENOSPC),
	ROW(BO_MMAP_OFFSET, bo_mmap_offset.handle, 0, -ENOENT),
	ROW(BO_MMAP_OFFSET, bo_mmap_offset.handle, BAD, -ENOENT),
	ROW(BO_MMAP_OFFSET, bo_mmap_offset.flags, BIT(30), -EINVAL),

	ROW(BO_WAIT, bo_wait.handle, 0, -ENOENT),
	ROW(BO_WAIT, bo_wait.handle, BAD, -ENOENT),
	ROW(BO_WAIT, bo_wait.flags, BIT(30), -EINVAL),
	ROW(BO_MADVISE, bo_madvise.handle, 0, -ENOENT),
	ROW(BO_MADVISE, bo_madvise.handle, BAD, -ENOENT),
	ROW(BO_MADVISE, bo_madvise.advice, 77, -EINVAL),
	ROW(BO_MADVISE, bo_madvise.pad, 1, -EINVAL),
	ROW(BO_LABEL, bo_label.handle, 0, -ENOENT),
	ROW(BO_LABEL, bo_label.handle, BAD, -ENOENT),
	ROW(BO_LABEL, bo_label.size, DRM_PUMORI_LABEL_BYTES + 1, -E2BIG),
	ROW(BO_LABEL, bo_label.size, U32_MAX, -E2BIG),
	ROW(BO_LABEL, bo_label.pointer, 8, -EFAULT),
	ROW(BO_SYNC, bo_sync.handle, 0, -ENOENT),
	ROW(BO_SYNC, bo_sync.handle, BAD, -ENOENT),
	ROW(BO_SYNC, bo_sync.flags, 0, -EINVAL),
	ROW(BO_SYNC, bo_sync.flags, BIT(30), -EINVAL),
	ROW(BO_SYNC, bo_sync.offset, PAGE_SIZE, -EINVAL),
	ROW(BO_SYNC, bo_sync.offset, U64_MAX, -EINVAL),
	ROW(BO_SYNC, bo_sync.size, 0, -EINVAL),
	ROW(BO_SYNC, bo_sync.size, U64_MAX, -EINVAL),

	ROW(PROGRAM_CREATE, program_create.vm_id, 0, -ENOENT),
	ROW(PROGRAM_CREATE, program_create.vm_id, BAD, -ENOENT),
	ROW(PROGRAM_CREATE, program_create.flags, BIT(30), -EINVAL),
	ROW(PROGRAM_CREATE, program_create.pad, 1, -EINVAL),
	ROW(PROGRAM_CREATE, program_create.pointer, 8, -EFAULT),
	ROW(PROGRAM_CREATE, program_create.pointer, U64_MAX, -EFAULT),
	ROW(PROGRAM_CREATE, program_create.size, 0, -EINVAL),
	ROW(PROGRAM_CREATE, program_create.size, 1, -EINVAL),
	ROW(PROGRAM_CREATE, program_create.size, U64_MAX, -ENOSPC),
	ROW(PROGRAM_DESTROY, destroy.id, 0, -ENOENT),
	ROW(PROGRAM_DESTROY, destroy.id, BAD, -ENOENT),
	ROW(PROGRAM_DESTROY, destroy.pad, 1, -EINVAL),

	ROW(CONTEXT_CREATE, context_create.vm_id, 0, -ENOENT),
	ROW(CONTEXT_CREATE, context_create.vm_id, BAD, -ENOENT),
	ROW(CONTEXT_CREATE, context_create.flags, BIT(30), -EINVAL),
	ROW(CONTEXT_CREATE, context_create.pad, 1, -EINVAL),
	ROW(CONTEXT_DESTROY, destroy.id, 0, -ENOENT),
	ROW(CONTEXT_DESTROY, destroy.id, BAD, -ENOENT),
	ROW(CONTEXT_DESTROY, destroy.pad, 1, -EINVAL),
	ROW(CONTEXT_QUERY, context_query.id, 0, -ENOENT),
	ROW(CONTEXT_QUERY, context_query.id, BAD, -ENOENT),

	ROW(QUEUE_CREATE, queue_create.context_id, 0, -ENOENT),
	ROW(QUEUE_CREATE, queue_create.context_id, BAD, -ENOENT),
	ROW(QUEUE_CREATE, queue_create.flags, BIT(30), -EINVAL),
	ROW(QUEUE_CREATE, queue_create.core, MOCK_CORES, -EINVAL),
	ROW(QUEUE_CREATE, queue_create.core, DRM_PUMORI_CORE_ANY - 1, -EINVAL),
	ROW(QUEUE_CREATE, queue_create.priority, DRM_PUMORI_PRIORITY_REALTIME + 1, -EINVAL),
	ROW(QUEUE_CREATE, queue_create.priority, U32_MAX, -EINVAL),
	ROW(QUEUE_DESTROY, destroy.id, 0, -ENOENT),
	ROW(QUEUE_DESTROY, destroy.id, BAD, -ENOENT),
	ROW(QUEUE_DESTROY, destroy.pad, 1, -EINVAL),

	ROW(SUBMIT, submit.queue_id, 0, -ENOENT),
	ROW(SUBMIT, submit.queue_id, BAD, -ENOENT),
	ROW(SUBMIT, submit.flags, BIT(30), -EINVAL),
	ROW(SUBMIT, submit.jobs.count, 0, -EINVAL),
	ROW(SUBMIT, submit.jobs.count, U32_MAX, -EINVAL),
	ROWS_ARRAY(SUBMIT, submit.jobs),
	ROW(SUBMIT, job.program_id, 0, -ENOENT),
	ROW(SUBMIT, job.program_id, BAD, -ENOENT),
	ROW(SUBMIT, job.entry, 1, -EINVAL),
	ROW(SUBMIT, job.entry, U32_MAX, -EINVAL),
	ROW(SUBMIT, job.flags, BIT(30), -EINVAL),
	ROW(SUBMIT, job.budget_ms, U32_MAX, -EINVAL),
	ROW(SUBMIT, job.variables.count, 0, -EINVAL),
	ROW(SUBMIT, job.variables.count, 2, -EINVAL),
	ROW(SUBMIT, job.variables.count, U32_MAX, -EINVAL),
	ROWS_ARRAY(SUBMIT, job.variables),
	ROW(SUBMIT, job.scalars.count, 1, -EINVAL),
	ROW(SUBMIT, job.scalars.count, U32_MAX, -EINVAL),
	ROW(SUBMIT, job.syncs.count, U32_MAX, -EINVAL),
	ROWS_ARRAY(SUBMIT, job.syncs),
	ROW(SUBMIT, variable.va, 0, -EINVAL),
	ROW(SUBMIT, variable.va, VA + 1, -EINVAL),
	ROW(SUBMIT, variable.va, U64_MAX - 63, -EINVAL),
	ROW(SUBMIT, variable.size, 0, -EINVAL),
	ROW(SUBMIT, variable.size, U64_MAX, -EINVAL),
	ROW(SUBMIT, variable.flags, BIT(30), -EINVAL),
	ROW(SUBMIT, variable.pad, 1, -EINVAL),
	ROW(SUBMIT, sync.flags, DRM_PUMORI_SYNC_SIGNAL | BIT(30), -EINVAL),
	ROW(SUBMIT, sync.flags, DRM_PUMORI_SYNC_SIGNAL | DRM_PUMORI_SYNC_TYPE_MASK, -EINVAL),
	ROW(SUBMIT, sync.flags, DRM_PUMORI_SYNC_SYNCOBJ, -EINVAL),
	ROW(SUBMIT, sync.handle, 0, -ENOENT),
	ROW(SUBMIT, sync.handle, BAD, -ENOENT),
	ROW(SUBMIT, sync.value, 1, -EINVAL),
	ROW(SUBMIT_POINT, sync.value, 0, -EINVAL),

	ROW(JOB_QUERY, job_query.queue_id, 0, -ENOENT),
	ROW(JOB_QUERY, job_query.queue_id, BAD, -ENOENT),
	ROW(JOB_QUERY, job_query.flags, BIT(30), -EINVAL),
	ROW(JOB_QUERY, job_query.deadline_ns, 1, -EINVAL),
	ROW(JOB_QUERY, job_query.pad, 1, -EINVAL),
	ROW(JOB_QUERY, job_query.sequence, 0, -EINVAL),
	ROW(JOB_QUERY, job_query.sequence, 2, -EINVAL),
	ROW(JOB_QUERY, job_query.sequence, U64_MAX, -EINVAL),
};

static void set_call(struct call *call, unsigned int cmd, void *top)
{
	call->cmd = cmd;
	call->top = top;
}

static u32 make_buffer(struct pumori_mock *mock, u32 vm)
{
	struct drm_pumori_bo_create create = { .size = PAGE_SIZE, .vm_id = vm };

	KUNIT_ASSERT_EQ(mock->test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_BO_CREATE,
							 &create));
	return create.handle;
}

static u32 make_program(struct pumori_mock *mock, struct drm_pumori_program_create *create, u32 vm)
{
	u32 size;

	*create = (struct drm_pumori_program_create) { .vm_id = vm };
	create->pointer = pumori_mock_program(mock, 1, &size);
	create->size = size;
	KUNIT_ASSERT_EQ(mock->test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_PROGRAM_CREATE,
							 create));
	return create->id;
}

static void make_bind(struct pumori_mock *mock, struct call *call, u32 vm, bool map)
{
	call->op = (struct drm_pumori_bind_op) { .va = VA, .size = PAGE_SIZE };
	if (map)
		call->op.handle = make_buffer(mock, vm);
	else
		call->op.flags = DRM_PUMORI_BIND_UNMAP;
	call->user[0] = pumori_mock_user(mock, &call->op, sizeof(call->op));
	call->vm_bind = (struct drm_pumori_vm_bind) {
		.vm_id = vm,
		.ops = { .stride = sizeof(call->op), .count = 1, .pointer = call->user[0] },
	};
	set_call(call, DRM_IOCTL_PUMORI_VM_BIND, &call->vm_bind);
}

static void make_submit(struct pumori_mock *mock, struct call *call,
			const struct pumori_mock_queue *queue, bool point)
{
	struct drm_pumori_program_create program;

	call->variable = (struct drm_pumori_variable) { .va = VA, .size = 64 };
	call->sync = (struct drm_pumori_sync) {
		.flags = DRM_PUMORI_SYNC_SIGNAL | (point ? DRM_PUMORI_SYNC_TIMELINE : 0),
		.handle = pumori_mock_syncobj(mock),
		.value = point ? 5 : 0,
	};
	call->user[1] = pumori_mock_user(mock, &call->variable, sizeof(call->variable));
	call->user[2] = pumori_mock_user(mock, &call->sync, sizeof(call->sync));
	call->job = (struct drm_pumori_job) {
		.program_id = make_program(mock, &program, queue->vm),
		.variables = { .stride = sizeof(call->variable), .count = 1,
			       .pointer = call->user[1] },
		.syncs = { .stride = sizeof(call->sync), .count = 1, .pointer = call->user[2] },
	};
	call->user[3] = pumori_mock_user(mock, &call->job, sizeof(call->job));
	call->submit = (struct drm_pumori_submit) {
		.queue_id = queue->id,
		.jobs = { .stride = sizeof(call->job), .count = 1, .pointer = call->user[3] },
	};
	set_call(call, DRM_IOCTL_PUMORI_SUBMIT, &call->submit);
}

static void make_query(struct pumori_mock *mock, struct call *call, u32 type, size_t size)
{
	static const u8 nothing[256];

	call->dev_query = (struct drm_pumori_dev_query) {
		.type = type,
		.size = size,
		.pointer = pumori_mock_user(mock, nothing, sizeof(nothing)),
	};
	set_call(call, DRM_IOCTL_PUMORI_DEV_QUERY, &call->dev_query);
}

static void make_destroy(struct call *call, unsigned int cmd, u32 id)
{
	call->destroy = (struct drm_pumori_destroy) { .id = id };
	set_call(call, cmd, &call->destroy);
}

/* A call that would be accepted, with objects of its own. */
static void make_valid(struct pumori_mock *mock, enum valid valid, struct call *call)
{
	struct pumori_mock_queue queue;

	pumori_mock_queue_create(mock, &queue, 0);
	switch (valid) {
	case DEV_QUERY:
		make_query(mock, call, DRM_PUMORI_QUERY_DEVICE,
			   sizeof(struct drm_pumori_device_info));
		break;
	case CORE_QUERY:
		make_query(mock, call, DRM_PUMORI_QUERY_CORE, sizeof(struct drm_pumori_core_info));
		break;
	case VM_CREATE:
		set_call(call, DRM_IOCTL_PUMORI_VM_CREATE, &call->vm_create);
		break;
	case VM_DESTROY:
		make_destroy(call, DRM_IOCTL_PUMORI_VM_DESTROY, queue.vm);
		break;
	case VM_BIND:
	case VM_UNBIND:
		make_bind(mock, call, queue.vm, valid == VM_BIND);
		break;
	case BO_CREATE:
	case HBM_CREATE:
		call->bo_create = (struct drm_pumori_bo_create) {
			.size = PAGE_SIZE,
			.flags = valid == HBM_CREATE ? DRM_PUMORI_BO_HBM : 0,
			.vm_id = queue.vm,
		};
		set_call(call, DRM_IOCTL_PUMORI_BO_CREATE, &call->bo_create);
		break;
	case BO_MMAP_OFFSET:
		call->bo_mmap_offset.handle = make_buffer(mock, queue.vm);
		set_call(call, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &call->bo_mmap_offset);
		break;
	case BO_WAIT:
		call->bo_wait.handle = make_buffer(mock, queue.vm);
		set_call(call, DRM_IOCTL_PUMORI_BO_WAIT, &call->bo_wait);
		break;
	case BO_MADVISE:
		call->bo_madvise.handle = make_buffer(mock, queue.vm);
		set_call(call, DRM_IOCTL_PUMORI_BO_MADVISE, &call->bo_madvise);
		break;
	case BO_LABEL:
		call->bo_label.handle = make_buffer(mock, queue.vm);
		call->bo_label.size = 4;
		call->bo_label.pointer = pumori_mock_user(mock, "name", 4);
		set_call(call, DRM_IOCTL_PUMORI_BO_LABEL, &call->bo_label);
		break;
	case BO_SYNC:
		call->bo_sync = (struct drm_pumori_bo_sync) {
			.handle = make_buffer(mock, queue.vm),
			.flags = DRM_PUMORI_SYNC_TO_DEVICE,
			.size = PAGE_SIZE,
		};
		set_call(call, DRM_IOCTL_PUMORI_BO_SYNC, &call->bo_sync);
		break;
	case PROGRAM_CREATE:
		make_program(mock, &call->program_create, queue.vm);
		set_call(call, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &call->program_create);
		break;
	case PROGRAM_DESTROY:
		make_destroy(call, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, queue.program);
		break;
	case CONTEXT_CREATE:
		call->context_create.vm_id = queue.vm;
		set_call(call, DRM_IOCTL_PUMORI_CONTEXT_CREATE, &call->context_create);
		break;
	case CONTEXT_DESTROY:
		make_destroy(call, DRM_IOCTL_PUMORI_CONTEXT_DESTROY, queue.context);
		break;
	case CONTEXT_QUERY:
		call->context_query.id = queue.context;
		set_call(call, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &call->context_query);
		break;
	case QUEUE_CREATE:
		call->queue_create.context_id = queue.context;
		call->queue_create.priority = DRM_PUMORI_PRIORITY_NORMAL;
		set_call(call, DRM_IOCTL_PUMORI_QUEUE_CREATE, &call->queue_create);
		break;
	case QUEUE_DESTROY:
		make_destroy(call, DRM_IOCTL_PUMORI_QUEUE_DESTROY, queue.id);
		break;
	case SUBMIT:
	case SUBMIT_POINT:
		make_submit(mock, call, &queue, valid == SUBMIT_POINT);
		break;
	case JOB_QUERY:
		KUNIT_ASSERT_EQ(mock->test, 0, pumori_mock_submit(mock, &queue, 0, 0, NULL));
		pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
		call->job_query.queue_id = queue.id;
		call->job_query.sequence = 1;
		set_call(call, DRM_IOCTL_PUMORI_JOB_QUERY, &call->job_query);
		break;
	}
}

static int carry_out(struct pumori_mock *mock, struct call *call)
{
	if (call->user[0])
		pumori_mock_write(mock, call->user[0], &call->op, sizeof(call->op));
	if (call->user[1])
		pumori_mock_write(mock, call->user[1], &call->variable, sizeof(call->variable));
	if (call->user[2])
		pumori_mock_write(mock, call->user[2], &call->sync, sizeof(call->sync));
	if (call->user[3])
		pumori_mock_write(mock, call->user[3], &call->job, sizeof(call->job));
	return pumori_mock_ioctl(mock, call->cmd, call->top);
}

static void describe(const struct row *row, char *description)
{
	strscpy(description, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rows, rows, describe);

static void refuses(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct pumori_mock *mock = test->priv;
	struct call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, call);
	make_valid(mock, row->valid, call);
	KUNIT_EXPECT_EQ(test, 0, carry_out(mock, call));

	memset(call, 0, sizeof(*call));
	make_valid(mock, row->valid, call);
	/* Little-endian: the value's low bytes come first. */
	memcpy((u8 *)call + row->offset, &row->value, row->size);
	KUNIT_EXPECT_EQ(test, row->expected, carry_out(mock, call));
}

/* A new ioctl needs rows of its own. */
static void every_ioctl_has_a_row(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct call *call = kunit_kzalloc(test, sizeof(*call), GFP_KERNEL);
	unsigned long seen = 0;
	int valid;

	KUNIT_ASSERT_NOT_NULL(test, call);
	for (valid = 0; valid <= JOB_QUERY; valid++) {
		make_valid(mock, valid, call);
		seen |= BIT(DRM_IOCTL_NR(call->cmd) - DRM_COMMAND_BASE);
	}
	KUNIT_EXPECT_EQ(test, hweight_long(seen), mock->base.drm.driver->num_ioctls);
}

/* A newer caller's field that is not known here may be there as long as it is zero. */
static void elements_grow(struct kunit *test)
{
	struct {
		struct drm_pumori_bind_op op;
		u64 newer;
	} larger = { .op = { .va = VA, .size = PAGE_SIZE } };
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_vm_bind bind = {
		.ops = { .stride = sizeof(larger), .count = 1 },
	};
	struct pumori_mock_queue queue;

	pumori_mock_queue_create(mock, &queue, 0);
	larger.op.handle = make_buffer(mock, queue.vm);
	bind.vm_id = queue.vm;
	bind.ops.pointer = pumori_mock_user(mock, &larger, sizeof(larger));
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_VM_BIND, &bind));
	larger.newer = 1;
	bind.ops.pointer = pumori_mock_user(mock, &larger, sizeof(larger));
	KUNIT_EXPECT_EQ(test, -E2BIG, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_VM_BIND, &bind));
}

/* Refused calls leave nothing behind: repeated ones need no more pages than the first. */
static void refusals_leave_nothing(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct call *submit = kunit_kzalloc(test, sizeof(*submit), GFP_KERNEL);
	struct call *bind = kunit_kzalloc(test, sizeof(*bind), GFP_KERNEL);
	struct pumori_mock_queue queue;
	int pages, i;

	KUNIT_ASSERT_NOT_NULL(test, submit);
	KUNIT_ASSERT_NOT_NULL(test, bind);
	pumori_mock_queue_create(mock, &queue, 0);
	make_submit(mock, submit, &queue, false);
	submit->sync.handle = BAD;
	make_bind(mock, bind, queue.vm, true);
	bind->op.size = 2 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -ENOENT, carry_out(mock, submit));
	pages = atomic_read(&mock->pages);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, -ENOENT, carry_out(mock, submit));
		KUNIT_EXPECT_EQ(test, -EINVAL, carry_out(mock, bind));
	}
	KUNIT_EXPECT_EQ(test, pages, atomic_read(&mock->pages));
	KUNIT_EXPECT_EQ(test, 0, READ_ONCE(queue.hw->tail));
}

static struct kunit_case cases[] = {
	KUNIT_CASE_PARAM(refuses, rows_gen_params),
	KUNIT_CASE(every_ioctl_has_a_row),
	KUNIT_CASE(elements_grow),
	KUNIT_CASE(refusals_leave_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_uapi",
	.init = pumori_mock_init,
	.exit = pumori_mock_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
