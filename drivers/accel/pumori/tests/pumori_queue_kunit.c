// SPDX-License-Identifier: GPL-2.0
/* Queues on the mocked chip: order of jobs and fences, what one queue's end means for others. */

#include <linux/dma-fence.h>

#include <drm/drm_drv.h>

#include "../pumori_queue.h"
#include "pumori_mock.h"

static int status_of(struct dma_fence *fence)
{
	return dma_fence_get_status(fence);
}

/* A job with a fence of its own, which the caller puts. */
static struct dma_fence *submit(struct pumori_mock *mock, struct pumori_mock_queue *queue,
				u32 wait)
{
	u32 signal = pumori_mock_syncobj(mock);

	KUNIT_ASSERT_EQ(mock->test, 0, pumori_mock_submit(mock, queue, wait, signal, NULL));
	return pumori_mock_fence(mock, signal);
}

static void sequences_ascend(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue first, second;
	u64 sequence, i;

	pumori_mock_queue_create(mock, &first, 0);
	pumori_mock_queue_create(mock, &second, 1);
	for (i = 1; i <= 3; i++) {
		KUNIT_EXPECT_EQ(test, 0, pumori_mock_submit(mock, &first, 0, 0, &sequence));
		KUNIT_EXPECT_EQ(test, sequence, i);
	}
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_submit(mock, &second, 0, 0, &sequence));
	KUNIT_EXPECT_EQ(test, sequence, 1);
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&first, 3));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, pumori_mock_command(&first, i)->sequence, i + 1);
}

static void fences_signal_in_order(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence[3];
	u32 i;

	pumori_mock_queue_create(mock, &queue, 0);
	for (i = 0; i < 3; i++) {
		fence[i] = submit(mock, &queue, 0);
		KUNIT_EXPECT_EQ(test, status_of(fence[i]), 0);
	}
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, status_of(fence[0]), 1);
	KUNIT_EXPECT_EQ(test, status_of(fence[1]), 0);
	pumori_mock_end(mock, &queue, 2, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, status_of(fence[1]), 1);
	KUNIT_EXPECT_EQ(test, status_of(fence[2]), 1);
	for (i = 0; i < 3; i++)
		dma_fence_put(fence[i]);
}

static void a_wait_holds_a_job_back(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue first, second;
	struct dma_fence *fence;
	u32 gate;

	pumori_mock_queue_create(mock, &first, 0);
	pumori_mock_queue_create(mock, &second, 1);
	gate = pumori_mock_syncobj(mock);
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &first, 0, gate, NULL));
	fence = submit(mock, &second, gate);
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&first, 1));
	flush_workqueue(mock->base.sched_wq);
	KUNIT_EXPECT_EQ(test, READ_ONCE(second.hw->tail), 0);
	pumori_mock_end(mock, &first, 1, PUMORI_HW_JOB_DONE);
	pumori_mock_end(mock, &second, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, status_of(fence), 1);
	dma_fence_put(fence);
}

/* The ring keeps the order by itself: the chip gets both jobs at once. */
static void a_wait_for_the_own_queue_does_not(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	u32 gate;

	pumori_mock_queue_create(mock, &queue, 0);
	gate = pumori_mock_syncobj(mock);
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &queue, 0, gate, NULL));
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &queue, gate, 0, NULL));
	KUNIT_EXPECT_TRUE(test, pumori_mock_pending(&queue, 2));
}

static void an_array_is_all_or_nothing(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_job jobs[2] = {};
	struct drm_pumori_submit args = {
		.jobs = { .stride = sizeof(jobs[0]), .count = ARRAY_SIZE(jobs) },
	};
	struct pumori_mock_queue queue;
	u64 sequence;

	pumori_mock_queue_create(mock, &queue, 0);
	jobs[0].program_id = queue.program;
	jobs[1].program_id = queue.program;
	jobs[1].entry = 7;
	args.queue_id = queue.id;
	args.jobs.pointer = pumori_mock_user(mock, jobs, sizeof(jobs));
	KUNIT_EXPECT_EQ(test, -EINVAL, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_SUBMIT, &args));
	flush_workqueue(mock->base.sched_wq);
	KUNIT_EXPECT_EQ(test, READ_ONCE(queue.hw->tail), 0);
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_submit(mock, &queue, 0, 0, &sequence));
	KUNIT_EXPECT_EQ(test, sequence, 1);
}

/* There are never more jobs in the ring than there are records for how they end. */
static void the_ring_is_never_overrun(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	const u32 jobs = 3 * PUMORI_QUEUE_RING_ENTRIES / 2;
	struct pumori_mock_queue queue;
	struct dma_fence *last = NULL;
	u32 i;

	pumori_mock_queue_create(mock, &queue, 0);
	for (i = 0; i < jobs; i++) {
		dma_fence_put(last);
		last = submit(mock, &queue, 0);
	}
	for (i = 0; i < jobs; i++) {
		pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
		KUNIT_EXPECT_LE(test, READ_ONCE(queue.hw->tail) - queue.head,
				PUMORI_QUEUE_CREDITS);
	}
	KUNIT_EXPECT_EQ(test, status_of(last), 1);
	KUNIT_EXPECT_EQ(test, queue.completion->sequence, jobs);
	dma_fence_put(last);
}

static void a_fault_bans_the_queue_alone(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_context_query query = {};
	struct pumori_mock_queue guilty, innocent;
	struct dma_fence *faulting, *behind, *beside;

	pumori_mock_queue_create(mock, &guilty, 0);
	pumori_mock_queue_create(mock, &innocent, 0);
	faulting = submit(mock, &guilty, 0);
	behind = submit(mock, &guilty, 0);
	beside = submit(mock, &innocent, 0);
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&guilty, 2));
	pumori_mock_end(mock, &guilty, 1, PUMORI_HW_JOB_FAULT);
	KUNIT_EXPECT_EQ(test, status_of(faulting), -EIO);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(status_of(behind) == -ECANCELED));
	KUNIT_EXPECT_GE(test, pumori_mock_commands(mock, PUMORI_HW_CONTROL_KILL_QUEUE), 1);
	KUNIT_EXPECT_EQ(test, -ECANCELED, pumori_mock_submit(mock, &guilty, 0, 0, NULL));

	KUNIT_EXPECT_EQ(test, status_of(beside), 0);
	pumori_mock_end(mock, &innocent, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, status_of(beside), 1);
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_submit(mock, &innocent, 0, 0, NULL));

	query.id = guilty.context;
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &query));
	KUNIT_EXPECT_TRUE(test, query.state & DRM_PUMORI_CONTEXT_GUILTY);
	query = (struct drm_pumori_context_query) { .id = innocent.context };
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &query));
	KUNIT_EXPECT_EQ(test, query.state, 0);
	dma_fence_put(faulting);
	dma_fence_put(behind);
	dma_fence_put(beside);
}

static void destroying_cancels_what_runs(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_destroy destroy = {};
	struct pumori_mock_queue queue;
	struct dma_fence *running;

	pumori_mock_queue_create(mock, &queue, 0);
	running = submit(mock, &queue, 0);
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&queue, 1));
	destroy.id = queue.id;
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_QUEUE_DESTROY,
						   &destroy));
	KUNIT_EXPECT_EQ(test, status_of(running), -ECANCELED);
	KUNIT_EXPECT_EQ(test, -ENOENT, pumori_mock_submit(mock, &queue, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, mock->core[queue.core].queues, 0);
	dma_fence_put(running);
}

/* A job that still waits for something never starts, and its fence says so. */
static void destroying_cancels_what_waits(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_destroy destroy = {};
	struct pumori_mock_queue first, second;
	struct dma_fence *waiting;
	u32 gate;

	pumori_mock_queue_create(mock, &first, 0);
	pumori_mock_queue_create(mock, &second, 1);
	gate = pumori_mock_syncobj(mock);
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &first, 0, gate, NULL));
	waiting = submit(mock, &second, gate);
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&first, 1));
	destroy.id = second.id;
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_QUEUE_DESTROY,
						   &destroy));
	pumori_mock_end(mock, &first, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(status_of(waiting) < 0));
	dma_fence_put(waiting);
}

static void unplugging_ends_all_jobs(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_bo_create create = { .size = PAGE_SIZE };
	struct pumori_mock_queue queue;
	struct dma_fence *fence[2];
	u32 i;

	pumori_mock_queue_create(mock, &queue, 0);
	for (i = 0; i < ARRAY_SIZE(fence); i++)
		fence[i] = submit(mock, &queue, 0);
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&queue, ARRAY_SIZE(fence)));
	pumori_device_unplug(&mock->base);
	KUNIT_EXPECT_TRUE(test, mock->stopped);
	for (i = 0; i < ARRAY_SIZE(fence); i++) {
		KUNIT_EXPECT_EQ(test, status_of(fence[i]), -ENODEV);
		KUNIT_EXPECT_EQ(test, queue.completion->record[i + 1].status,
				PUMORI_HW_JOB_DEVICE_LOST);
		dma_fence_put(fence[i]);
	}
	KUNIT_EXPECT_EQ(test, queue.completion->sequence, ARRAY_SIZE(fence));
	KUNIT_EXPECT_EQ(test, -ENODEV, pumori_mock_submit(mock, &queue, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, -ENODEV, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_BO_CREATE,
							 &create));
}

/* The register is rung only when the chip asked to be woken. */
static void the_doorbell_is_rung_on_demand(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	u32 before;

	pumori_mock_queue_create(mock, &queue, 0);
	/* Asleep at index 0: the first job rings. */
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &queue, 0, 0, NULL));
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&queue, 1));
	KUNIT_EXPECT_TRUE(test, mock_wait_for(READ_ONCE(mock->doorbells) == 1));
	before = mock->doorbells;
	/* Awake: it asked for an index that lies behind. */
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &queue, 0, 0, NULL));
	KUNIT_ASSERT_TRUE(test, pumori_mock_pending(&queue, 2));
	flush_workqueue(mock->base.sched_wq);
	KUNIT_EXPECT_EQ(test, mock->doorbells, before);
	WRITE_ONCE(queue.hw->event_index, 2);
	KUNIT_ASSERT_EQ(test, 0, pumori_mock_submit(mock, &queue, 0, 0, NULL));
	KUNIT_EXPECT_TRUE(test, mock_wait_for(READ_ONCE(mock->doorbells) == before + 1));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sequences_ascend),
	KUNIT_CASE(fences_signal_in_order),
	KUNIT_CASE(a_wait_holds_a_job_back),
	KUNIT_CASE(a_wait_for_the_own_queue_does_not),
	KUNIT_CASE(an_array_is_all_or_nothing),
	KUNIT_CASE(the_ring_is_never_overrun),
	KUNIT_CASE(a_fault_bans_the_queue_alone),
	KUNIT_CASE(destroying_cancels_what_runs),
	KUNIT_CASE(destroying_cancels_what_waits),
	KUNIT_CASE(unplugging_ends_all_jobs),
	KUNIT_CASE(the_doorbell_is_rung_on_demand),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_queue",
	.init = pumori_mock_init,
	.exit = pumori_mock_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
