// SPDX-License-Identifier: GPL-2.0
/* The mocked chip and short ways to the ioctls. */

#include <kunit/device.h>
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_syncobj.h>

#include <pumori/isa.h>

#include "../pumori_compat.h"
#include "../pumori_drv.h"
#include "../pumori_ring.h"
#include "pumori_mock.h"

#define USER_BYTES	BIT(18)

static struct pumori_mock *to_mock(struct pumori_bus *bus)
{
	return container_of(bus, struct pumori_mock, bus);
}

static void *pointer(u64 bus_address)
{
	return bus_address ? phys_to_virt(bus_address) : NULL;
}

static u32 *core_reg(struct pumori_mock *mock, u32 core, u32 reg)
{
	return &mock->reg[PUMORI_HW_CORE(core, reg) / sizeof(u32)];
}

static u64 core_reg64(struct pumori_mock *mock, u32 core, u32 reg)
{
	return *core_reg(mock, core, reg) | (u64)*core_reg(mock, core, reg + 4) << 32;
}

static void post_event_locked(struct pumori_mock *mock, u32 core, struct pumori_hw_event *event)
{
	struct pumori_mock_core *c = &mock->core[core];
	struct pumori_hw_event *ring = pointer(core_reg64(mock, core, PUMORI_HW_CORE_EVENT_RING));
	struct pumori_hw_event *slot = &ring[c->event_index % PUMORI_HW_EVENT_ENTRIES];

	lockdep_assert_held(&mock->lock);

	event->phase = pumori_event_phase(c->event_index++);
	memcpy(slot, event, offsetof(struct pumori_hw_event, phase));
	dma_wmb();
	WRITE_ONCE(slot->phase, event->phase);
	mock->reg[PUMORI_HW_REG_INTERRUPT_STATUS / 4] |= BIT(core);
}

static void kill_queue(struct pumori_mock_core *core, const struct pumori_hw_control *command)
{
	u32 i;

	for (i = 0; i < core->queues; i++) {
		struct pumori_hw_queue *hw = pointer(core->runlist[i]);
		struct pumori_hw_completion *completion = pointer(hw->completion);

		if (hw->id != command->target)
			continue;
		while (completion->head != READ_ONCE(hw->tail)) {
			struct pumori_hw_command *ring = pointer(hw->ring);
			u64 sequence = ring[completion->head++ % hw->ring_entries].sequence;

			completion->record[pumori_record_slot(sequence)] =
				(struct pumori_hw_record) {
					.sequence = sequence,
					.status = command->argument,
				};
			dma_wmb();
			WRITE_ONCE(completion->sequence, sequence);
		}
		completion->state = PUMORI_HW_QUEUE_KILLED;
	}
}

static void take_command(struct pumori_mock *mock, u32 index)
{
	struct pumori_mock_core *core = &mock->core[index];
	struct pumori_hw_control *ring = pointer(core_reg64(mock, index,
							    PUMORI_HW_CORE_CONTROL_RING));
	struct pumori_hw_control *command = &ring[core->control_head++ % PUMORI_HW_CONTROL_ENTRIES];
	struct pumori_hw_event event = {
		.type = PUMORI_HW_EVENT_CONTROL,
		.queue = command->opcode,
		.sequence = command->sequence,
	};

	mock->history[mock->commands++ % MOCK_HISTORY] = *command;
	switch (command->opcode) {
	case PUMORI_HW_CONTROL_RUNLIST:
		core->queues = min_t(u64, command->length, ARRAY_SIZE(core->runlist));
		memcpy(core->runlist, pointer(command->address), core->queues * sizeof(u64));
		break;
	case PUMORI_HW_CONTROL_KILL_QUEUE:
		kill_queue(core, command);
		break;
	}
	post_event_locked(mock, index, &event);
}

static void answer_work(struct work_struct *work)
{
	struct pumori_mock *mock = container_of(work, struct pumori_mock, work);
	u32 core;

	spin_lock_irq(&mock->lock);
	for (core = 0; core < MOCK_CORES && !mock->silent && !mock->stopped; core++) {
		while (mock->core[core].control_head !=
		       *core_reg(mock, core, PUMORI_HW_CORE_CONTROL_TAIL))
			take_command(mock, core);
	}
	spin_unlock_irq(&mock->lock);
	pumori_mock_interrupt(mock);
}

static u32 mock_read(struct pumori_bus *bus, u32 offset)
{
	return READ_ONCE(to_mock(bus)->reg[offset / sizeof(u32)]);
}

static void reset_locked(struct pumori_mock *mock)
{
	u32 core;

	lockdep_assert_held(&mock->lock);

	mock->device_resets++;
	mock->reg[PUMORI_HW_REG_STATUS / 4] = mock->stuck ? 0 : PUMORI_HW_STATUS_READY;
	if (mock->stuck)
		return;
	mock->silent = false;
	mock->reg[PUMORI_HW_REG_INTERRUPT_STATUS / 4] = 0;
	memset(mock->core, 0, sizeof(mock->core));
	for (core = 0; core < MOCK_CORES; core++)
		*core_reg(mock, core, PUMORI_HW_CORE_CONTROL_TAIL) = 0;
}

static void mock_write(struct pumori_bus *bus, u32 offset, u32 value)
{
	struct pumori_mock *mock = to_mock(bus);
	unsigned long flags;
	u32 core;

	spin_lock_irqsave(&mock->lock, flags);
	if (offset == PUMORI_HW_REG_INTERRUPT_STATUS)
		mock->reg[offset / 4] &= ~value;
	else if (offset == PUMORI_HW_REG_DEVICE_RESET)
		reset_locked(mock);
	else
		mock->reg[offset / 4] = value;
	for (core = 0; core < MOCK_CORES; core++) {
		if (offset == PUMORI_HW_CORE(core, PUMORI_HW_CORE_RESET)) {
			mock->core_resets++;
			if (mock->stuck)
				*core_reg(mock, core, PUMORI_HW_CORE_STATUS) =
					PUMORI_HW_CORE_STATUS_RESETTING;
		}
	}
	spin_unlock_irqrestore(&mock->lock, flags);
	if (offset >= PUMORI_HW_REG_CORE_BASE)
		queue_work(system_highpri_wq, &mock->work);
}

static void mock_doorbell(struct pumori_bus *bus, u32 core, u32 queue)
{
	struct pumori_mock *mock = to_mock(bus);
	unsigned long flags;

	spin_lock_irqsave(&mock->lock, flags);
	mock->doorbells++;
	spin_unlock_irqrestore(&mock->lock, flags);
}

static int mock_map_page(struct pumori_bus *bus, struct page *page, u64 *address)
{
	*address = page_to_phys(page);
	atomic_inc(&to_mock(bus)->pages);
	return 0;
}

static void mock_unmap_page(struct pumori_bus *bus, u64 address)
{
	atomic_dec(&to_mock(bus)->pages);
}

static int mock_hbm_populate(struct pumori_bus *bus, u64 offset, u64 size)
{
	return 0;
}

static void mock_hbm_release(struct pumori_bus *bus, u64 offset, u64 size)
{
}

static int mock_prepare_queue(struct pumori_bus *bus, u32 core)
{
	return 0;
}

static void mock_stop(struct pumori_bus *bus)
{
	struct pumori_mock *mock = to_mock(bus);

	spin_lock_irq(&mock->lock);
	mock->stopped = true;
	spin_unlock_irq(&mock->lock);
	flush_work(&mock->work);
}

static const struct pumori_bus_ops mock_bus_ops = {
	.name = "mock",
	.read = mock_read,
	.write = mock_write,
	.doorbell = mock_doorbell,
	.map_page = mock_map_page,
	.unmap_page = mock_unmap_page,
	.hbm_populate = mock_hbm_populate,
	.hbm_release = mock_hbm_release,
	.prepare_queue = mock_prepare_queue,
	.stop = mock_stop,
};

static void fill_registers(struct pumori_mock *mock)
{
	mock->reg[PUMORI_HW_REG_ID / 4] = PUMORI_HW_ID;
	mock->reg[PUMORI_HW_REG_VERSION / 4] = PUMORI_HW_VERSION_MAJOR << 16 |
					       PUMORI_HW_VERSION_MINOR;
	mock->reg[PUMORI_HW_REG_ISA_VERSION / 4] = PUMORI_ISA_VERSION_MAJOR << 16 |
						   PUMORI_ISA_VERSION_MINOR;
	mock->reg[PUMORI_HW_REG_CORES / 4] = MOCK_CORES;
	mock->reg[PUMORI_HW_REG_SLOTS / 4] = 4;
	mock->reg[PUMORI_HW_REG_HBM_BYTES / 4] = MOCK_HBM_BYTES;
	mock->reg[PUMORI_HW_REG_PROGRAM_INSTRUCTIONS / 4] = 1024;
	mock->reg[PUMORI_HW_REG_UNITS_PER_MS / 4] = 1000;
	mock->reg[PUMORI_HW_REG_CLOCK_KHZ / 4] = 1000000;
	memcpy(&mock->reg[PUMORI_HW_REG_NAME / 4], "mock", 5);
	mock->reg[PUMORI_HW_REG_STATUS / 4] = PUMORI_HW_STATUS_READY;
}

/*
 * kunit_vm_mmap() would leave the memory to the thread of the test for good, and leaks a reference of
 * it on 6.12.
 */
static void make_user_memory(struct pumori_mock *mock)
{
	mock->mm = mm_alloc();
	KUNIT_ASSERT_NOT_NULL(mock->test, mock->mm);
	mock->mm->task_size = TASK_SIZE;
	arch_pick_mmap_layout(mock->mm, &current->signal->rlim[RLIMIT_STACK]);

	kthread_use_mm(mock->mm);
	mock->user = vm_mmap(NULL, 0, USER_BYTES, PROT_READ | PROT_WRITE,
			     MAP_ANONYMOUS | MAP_PRIVATE, 0);
	kthread_unuse_mm(mock->mm);
	KUNIT_ASSERT_FALSE(mock->test, IS_ERR_VALUE(mock->user));
	mock->user_end = mock->user + USER_BYTES;
}

/**
 * pumori_mock_init() - bring up a device on the mock and open it; init function of a suite
 * @test: its priv becomes the mock
 */
int pumori_mock_init(struct kunit *test)
{
	struct device *dev = kunit_device_register(test, "pumori-mock");
	struct pumori_mock *mock;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	mock = devm_drm_dev_alloc(dev, &pumori_drm_driver, struct pumori_mock, base.drm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock);
	mock->test = test;
	mock->bus.ops = &mock_bus_ops;
	spin_lock_init(&mock->lock);
	INIT_WORK(&mock->work, answer_work);
	fill_registers(mock);
	KUNIT_ASSERT_EQ(test, 0, pumori_device_init(&mock->base, &mock->bus));
	KUNIT_ASSERT_EQ(test, 0, pumori_device_register(&mock->base));
	test->priv = mock;

	mock->filp = mock_drm_getfile(mock->base.drm.accel, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock->filp);
	mock->file = mock->filp->private_data;

	make_user_memory(mock);
	return 0;
}

/**
 * pumori_mock_exit() - close the file and take the device away; exit function of a suite
 * @test: the test
 */
void pumori_mock_exit(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;

	if (!mock)
		return;
	if (!IS_ERR_OR_NULL(mock->filp))
		__fput_sync(mock->filp);
	if (!drm_dev_is_unplugged(&mock->base.drm))
		pumori_device_unplug(&mock->base);
	if (mock->mm)
		mmput(mock->mm);
}

int pumori_mock_ioctl(struct pumori_mock *mock, unsigned int cmd, void *data)
{
	unsigned int nr = DRM_IOCTL_NR(cmd) - DRM_COMMAND_BASE;
	int ret;

	KUNIT_ASSERT_LT(mock->test, nr, pumori_drm_driver.num_ioctls);
	kthread_use_mm(mock->mm);
	ret = pumori_drm_driver.ioctls[nr].func(&mock->base.drm, data, mock->file);
	kthread_unuse_mm(mock->mm);
	return ret;
}

void pumori_mock_write(struct pumori_mock *mock, u64 to, const void *data, size_t size)
{
	unsigned long left;

	kthread_use_mm(mock->mm);
	left = copy_to_user(u64_to_user_ptr(to), data, size);
	kthread_unuse_mm(mock->mm);
	KUNIT_ASSERT_EQ(mock->test, left, 0);
}

void pumori_mock_read(struct pumori_mock *mock, void *data, u64 from, size_t size)
{
	unsigned long left;

	kthread_use_mm(mock->mm);
	left = copy_from_user(data, u64_to_user_ptr(from), size);
	kthread_unuse_mm(mock->mm);
	KUNIT_ASSERT_EQ(mock->test, left, 0);
}

u64 pumori_mock_user(struct pumori_mock *mock, const void *data, size_t size)
{
	unsigned long address = mock->user;

	mock->user += ALIGN(size, 8);
	KUNIT_ASSERT_LE(mock->test, mock->user, mock->user_end);
	pumori_mock_write(mock, address, data, size);
	return address;
}

u64 pumori_mock_program(struct pumori_mock *mock, u32 variables, u32 *size)
{
	struct {
		struct pumori_isa_program header;
		struct pumori_isa_entry entry;
		struct pumori_isa_stream_entry stream;
		u8 code[PUMORI_ISA_INSTRUCTION_BYTES] __aligned(PUMORI_ISA_INSTRUCTION_BYTES);
	} *image = kunit_kzalloc(mock->test, sizeof(*image), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(mock->test, image);
	image->header.magic = PUMORI_ISA_PROGRAM_MAGIC;
	image->header.version_major = PUMORI_ISA_VERSION_MAJOR;
	image->header.version_minor = PUMORI_ISA_VERSION_MINOR;
	image->header.entries = 1;
	image->header.streams = 1;
	image->header.instructions = 1;
	image->header.instructions_offset = (u8 *)image->code - (u8 *)image;
	image->entry.stream_count = 1;
	image->entry.variables = variables;
	image->stream.stream = PUMORI_ISA_DMA0;
	image->stream.count = 1;
	*size = sizeof(*image);
	return pumori_mock_user(mock, image, sizeof(*image));
}

void pumori_mock_queue_create(struct pumori_mock *mock, struct pumori_mock_queue *queue, u32 core)
{
	struct drm_pumori_vm_create vm = {};
	struct drm_pumori_context_create context = {};
	struct drm_pumori_queue_create create = {
		.core = core,
		.priority = DRM_PUMORI_PRIORITY_NORMAL,
	};
	struct drm_pumori_program_create program = {};
	struct kunit *test = mock->test;
	struct pumori_mock_core *c;
	u32 size;

	memset(queue, 0, sizeof(*queue));
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_VM_CREATE, &vm));
	context.vm_id = vm.id;
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_CONTEXT_CREATE,
						   &context));
	create.context_id = context.id;
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_QUEUE_CREATE, &create));
	program.vm_id = vm.id;
	program.pointer = pumori_mock_program(mock, 0, &size);
	program.size = size;
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_PROGRAM_CREATE,
						   &program));

	queue->vm = vm.id;
	queue->context = context.id;
	queue->program = program.id;
	queue->id = create.id;
	queue->core = create.assigned_core;
	/* The new one is the last on its core's list. */
	c = &mock->core[queue->core];
	KUNIT_ASSERT_GT(test, c->queues, 0);
	queue->hw = pointer(c->runlist[c->queues - 1]);
	queue->completion = pointer(queue->hw->completion);
}

u32 pumori_mock_syncobj(struct pumori_mock *mock)
{
	struct drm_syncobj *syncobj;
	u32 handle = 0;

	KUNIT_ASSERT_EQ(mock->test, 0, drm_syncobj_create(&syncobj, 0, NULL));
	KUNIT_EXPECT_EQ(mock->test, 0, drm_syncobj_get_handle(mock->file, syncobj, &handle));
	drm_syncobj_put(syncobj);
	KUNIT_ASSERT_NE(mock->test, handle, 0);
	return handle;
}

struct dma_fence *pumori_mock_fence(struct pumori_mock *mock, u32 syncobj)
{
	struct dma_fence *fence = NULL;

	KUNIT_ASSERT_EQ(mock->test, 0, drm_syncobj_find_fence(mock->file, syncobj, 0, 0, &fence));
	return fence;
}

int pumori_mock_submit(struct pumori_mock *mock, struct pumori_mock_queue *queue, u32 wait,
		       u32 signal, u64 *sequence)
{
	struct drm_pumori_sync syncs[2] = {};
	struct drm_pumori_job job = { .program_id = queue->program };
	struct drm_pumori_submit submit = {
		.queue_id = queue->id,
		.jobs = { .stride = sizeof(job), .count = 1 },
	};
	u32 count = 0;
	int ret;

	if (wait)
		syncs[count++].handle = wait;
	if (signal) {
		syncs[count].flags = DRM_PUMORI_SYNC_SIGNAL;
		syncs[count++].handle = signal;
	}
	job.syncs.stride = sizeof(syncs[0]);
	job.syncs.count = count;
	job.syncs.pointer = pumori_mock_user(mock, syncs, sizeof(syncs));
	submit.jobs.pointer = pumori_mock_user(mock, &job, sizeof(job));
	ret = pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_SUBMIT, &submit);
	if (sequence && !ret)
		pumori_mock_read(mock, sequence, submit.jobs.pointer +
				 offsetof(struct drm_pumori_job, sequence), sizeof(*sequence));
	return ret;
}

bool pumori_mock_pending(struct pumori_mock_queue *queue, u32 count)
{
	return mock_wait_for(READ_ONCE(queue->hw->tail) - queue->head >= count);
}

struct pumori_hw_command *pumori_mock_command(struct pumori_mock_queue *queue, u32 index)
{
	struct pumori_hw_command *ring = pointer(queue->hw->ring);

	return &ring[index % queue->hw->ring_entries];
}

void pumori_mock_record(struct pumori_mock_queue *queue, u32 count, u32 status)
{
	struct pumori_hw_completion *completion = queue->completion;

	for (; count--; queue->head++) {
		u64 sequence = pumori_mock_command(queue, queue->head)->sequence;

		completion->record[pumori_record_slot(sequence)] = (struct pumori_hw_record) {
			.sequence = sequence,
			.status = status,
			.fault = status == PUMORI_HW_JOB_FAULT ? PUMORI_HW_FAULT_MMU : 0,
			.device_ns = 1000,
		};
		completion->head = queue->head + 1;
		completion->progress++;
		dma_wmb();
		WRITE_ONCE(completion->sequence, sequence);
	}
}

void pumori_mock_event(struct pumori_mock *mock, u32 core, struct pumori_hw_event event)
{
	spin_lock_irq(&mock->lock);
	post_event_locked(mock, core, &event);
	spin_unlock_irq(&mock->lock);
}

void pumori_mock_interrupt(struct pumori_mock *mock)
{
	unsigned long flags;

	/* As hardware would: with interrupts off. */
	local_irq_save(flags);
	pumori_device_interrupt(&mock->base);
	local_irq_restore(flags);
}

void pumori_mock_end(struct pumori_mock *mock, struct pumori_mock_queue *queue, u32 count,
		     u32 status)
{
	KUNIT_ASSERT_TRUE(mock->test, pumori_mock_pending(queue, count));
	pumori_mock_record(queue, count, status);
	pumori_mock_event(mock, queue->core, (struct pumori_hw_event) {
		.type = status == PUMORI_HW_JOB_FAULT ? PUMORI_HW_EVENT_FAULT :
							PUMORI_HW_EVENT_JOB,
		.queue = queue->hw->id,
		.sequence = queue->completion->sequence,
	});
	pumori_mock_interrupt(mock);
}

u32 pumori_mock_commands(struct pumori_mock *mock, u32 opcode)
{
	u32 i, count = 0;

	spin_lock_irq(&mock->lock);
	for (i = 0; i < min(mock->commands, MOCK_HISTORY); i++)
		count += mock->history[i].opcode == opcode;
	spin_unlock_irq(&mock->lock);
	return count;
}
