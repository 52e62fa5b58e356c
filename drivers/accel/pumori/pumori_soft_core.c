// SPDX-License-Identifier: GPL-2.0
/*
 * The cores of the soft socket: a thread each.
 *
 * A thread is hardware to the rest of the driver. While it has work, fences depend on it: it
 * allocates nothing and takes no lock that anyone holds while allocating. It works in slices, each
 * a section of floating point code in which nothing is preempted; a slice is sized in units of
 * work, and the size follows what slices really take.
 */

#include <linux/cpumask.h>
#include <linux/dma-fence.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/vmalloc.h>

#include <asm/fpu/api.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "pumori_core.h"
#include "pumori_soft_internal.h"
#include "silicon/kernels.h"

/* How long a slice should take, and how long it may before the next one is made smaller. */
#define SLICE_NS	50000
#define SLICE_LIMIT_NS	80000
#define MIN_BUDGET	1
#define MAX_BUDGET	BIT(20)
#define CALIBRATION_STEPS	16

static u32 run_slice(struct pumori_soft_core *core)
{
	struct pumori_soft *soft = core->soft;
	u32 events;
	u64 took;

	kernel_fpu_begin();
	took = ktime_get_ns();
	events = silicon_core_run(soft->chip, core->index, core->budget);
	took = ktime_get_ns() - took;
	kernel_fpu_end();

	/* Kinds of work differ in time a unit, and hosts change their clock. */
	if (took > SLICE_LIMIT_NS)
		core->budget = max(core->budget / 2, MIN_BUDGET);
	else if (events & SILICON_MORE && took < SLICE_NS / 2)
		core->budget = min(core->budget + core->budget / 4 + 1, MAX_BUDGET);
	return events;
}

static int core_thread(void *data)
{
	struct pumori_soft_core *core = data;
	struct pumori_soft *soft = core->soft;
	bool cookie;

	set_user_nice(current, 10);
	while (!kthread_should_stop()) {
		if (kthread_should_park()) {
			kthread_parkme();
			continue;
		}
		wait_event_idle(core->wait, kthread_should_stop() || kthread_should_park() ||
				silicon_core_pending(soft->chip, core->index));

		cookie = dma_fence_begin_signalling();
		while (!kthread_should_stop() && !kthread_should_park()) {
			u32 events = run_slice(core);

			if (events & SILICON_INTERRUPT)
				pumori_device_interrupt(&soft->base);
			if (!(events & SILICON_MORE))
				break;
			cond_resched_tasks_rcu_qs();
		}
		dma_fence_end_signalling(cookie);
	}
	return 0;
}

/**
 * pumori_soft_core_wake() - the chip has something to do
 * @soft: the device
 * @core: on which core
 *
 * Any context.
 */
void pumori_soft_core_wake(struct pumori_soft *soft, u32 core)
{
	if (core < soft->core_count)
		wake_up(&soft->cores[core].wait);
}

static int start_core(struct pumori_soft *soft, u32 index, const struct cpumask *mask)
{
	struct pumori_soft_core *core = &soft->cores[index];
	struct task_struct *thread;

	thread = kthread_create(core_thread, core, "pumori%d-core%u",
				soft->base.drm.accel ? soft->base.drm.accel->index : 0, index);
	if (IS_ERR(thread))
		return PTR_ERR(thread);

	if (mask)
		set_cpus_allowed_ptr(thread, mask);
	/* A thread that stopped by itself could not be stopped again. */
	get_task_struct(thread);
	core->thread = thread;
	wake_up_process(thread);
	return 0;
}

/**
 * pumori_soft_cores_start() - start the threads
 * @soft: the device
 * @cpus: list of CPUs they may run on, or an empty string
 */
int pumori_soft_cores_start(struct pumori_soft *soft, const char *cpus)
{
	cpumask_var_t mask;
	u32 core;
	int ret;

	if (!alloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	if (*cpus) {
		ret = cpulist_parse(cpus, mask);
		if (!ret && !cpumask_intersects(mask, cpu_online_mask))
			ret = -EINVAL;
		if (ret) {
			drm_err(&soft->base.drm, "no usable list of CPUs: %s\n", cpus);
			goto out_free;
		}
	}

	for (core = 0; core < soft->core_count; core++) {
		ret = start_core(soft, core, *cpus ? mask : NULL);
		if (ret) {
			pumori_soft_cores_stop(soft);
			goto out_free;
		}
	}
	ret = 0;

out_free:
	free_cpumask_var(mask);
	return ret;
}

/**
 * pumori_soft_cores_stop() - stop the threads, in the middle of whatever they do
 * @soft: the device
 */
void pumori_soft_cores_stop(struct pumori_soft *soft)
{
	u32 core;

	for (core = 0; core < soft->core_count; core++) {
		struct task_struct *thread = soft->cores[core].thread;

		if (!thread)
			continue;
		kthread_stop(thread);
		put_task_struct(thread);
		soft->cores[core].thread = NULL;
	}
}

/**
 * pumori_soft_cores_park() - let the threads stand still, in the middle of whatever they do
 * @soft: the device
 */
int pumori_soft_cores_park(struct pumori_soft *soft)
{
	u32 core;
	int ret;

	for (core = 0; core < soft->core_count; core++) {
		struct pumori_soft_core *at = &soft->cores[core];

		if (!at->thread || at->parked)
			continue;
		ret = kthread_park(at->thread);
		if (ret) {
			pumori_soft_cores_unpark(soft);
			return ret;
		}
		at->parked = true;
	}
	return 0;
}

/**
 * pumori_soft_cores_unpark() - let the threads go on
 * @soft: the device
 */
void pumori_soft_cores_unpark(struct pumori_soft *soft)
{
	u32 core;

	for (core = 0; core < soft->core_count; core++) {
		struct pumori_soft_core *at = &soft->cores[core];

		if (at->thread && at->parked)
			kthread_unpark(at->thread);
		at->parked = false;
	}
}

/**
 * pumori_soft_calibrate() - find out how fast this host is
 * @soft: the device, whose threads do not run yet
 */
int pumori_soft_calibrate(struct pumori_soft *soft)
{
	void *scratch = pumori_soft_alloc(silicon_slot_bytes());
	u64 best = 0;
	u32 core, i;

	if (!scratch)
		return -ENOMEM;

	for (i = 0; i < CALIBRATION_STEPS; i++) {
		u64 took, rate;
		u32 units;

		kernel_fpu_begin();
		took = ktime_get_ns();
		units = silicon_calibrate(soft->kernels, scratch);
		took = ktime_get_ns() - took;
		kernel_fpu_end();

		/* Whatever disturbs makes it slower: the fastest is the truest. */
		rate = div64_u64((u64)units * NSEC_PER_MSEC, max(took, 1));
		best = max(best, rate);
		cond_resched();
	}
	vfree(scratch);

	best = clamp(best, 1, U32_MAX);
	silicon_set_units_per_ms(soft->chip, best);
	for (core = 0; core < soft->core_count; core++)
		soft->cores[core].budget = clamp(div_u64(best * SLICE_NS, NSEC_PER_MSEC),
						 MIN_BUDGET, MAX_BUDGET);
	return 0;
}

/**
 * pumori_soft_prepare_queue() - give a core the memory of one more slot, if it lacks one
 * @bus: the bus
 * @core: the core
 *
 * Slots are allocated as queues come, each once, and kept: a slot is large.
 */
int pumori_soft_prepare_queue(struct pumori_bus *bus, u32 core)
{
	struct pumori_soft *soft = to_pumori_soft(bus);
	struct pumori_soft_core *at = &soft->cores[core];
	int ret = 0;
	void *memory;

	mutex_lock(&soft->slots_lock);
	if (at->slots < soft->base.info.slots &&
	    READ_ONCE(soft->base.core[core]->queue_count) >= at->slots) {
		memory = vmalloc_huge(silicon_slot_bytes(), GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
		if (!memory) {
			/* The first slot is a must, the others save time. */
			ret = at->slots ? 0 : -ENOMEM;
		} else if (silicon_core_add_slot(soft->chip, core, memory)) {
			vfree(memory);
		} else {
			at->slot_memory[at->slots++] = memory;
		}
	}
	mutex_unlock(&soft->slots_lock);
	return ret;
}
