// SPDX-License-Identifier: GPL-2.0
/*
 * A chip that does not keep its contract: lost, repeated and impossible events, nonsense in the
 * completion page, work that does not go on, silence. No job may seem to have succeeded, none may
 * stay without an end.
 */

#include <linux/dma-fence.h>

#include "pumori_mock.h"

static struct dma_fence *submit(struct pumori_mock *mock, struct pumori_mock_queue *queue)
{
	u32 signal = pumori_mock_syncobj(mock);

	KUNIT_ASSERT_EQ(mock->test, 0, pumori_mock_submit(mock, queue, 0, signal, NULL));
	KUNIT_ASSERT_TRUE(mock->test, pumori_mock_pending(queue, 1));
	return pumori_mock_fence(mock, signal);
}

static void job_event(struct pumori_mock *mock, const struct pumori_mock_queue *queue)
{
	pumori_mock_event(mock, queue->core, (struct pumori_hw_event) {
		.type = PUMORI_HW_EVENT_JOB,
		.queue = queue->hw->id,
		.sequence = queue->completion->sequence,
	});
	pumori_mock_interrupt(mock);
}

static void a_lost_event_is_made_good(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	pumori_mock_record(&queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_get_status(fence) == 1));
	dma_fence_put(fence);
}

static void events_too_many_do_nothing(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *ended, *running;

	pumori_mock_queue_create(mock, &queue, 0);
	ended = submit(mock, &queue);
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	running = submit(mock, &queue);
	job_event(mock, &queue);
	job_event(mock, &queue);
	pumori_mock_interrupt(mock);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(ended), 1);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(running), 0);
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(running), 1);
	dma_fence_put(ended);
	dma_fence_put(running);
}

static void impossible_events_do_nothing(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;
	u32 type;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	/* Queues that are not there, answers that nobody waits for, types that do not exist. */
	for (type = 0; type < 70; type++)
		pumori_mock_event(mock, type % MOCK_CORES, (struct pumori_hw_event) {
			.type = type % 7 == PUMORI_HW_EVENT_ECC ? U32_MAX : type % 7,
			.queue = type & 1 ? U32_MAX : 4711,
			.sequence = U64_MAX - type,
			.argument = U64_MAX,
		});
	pumori_mock_interrupt(mock);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), 0);
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

/* More events than the ring has slots, taken in one go after each refill. */
static void the_event_ring_wraps(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;
	u32 i;

	pumori_mock_queue_create(mock, &queue, 0);
	for (i = 0; i < 5 * PUMORI_HW_EVENT_ENTRIES / 2; i++)
		job_event(mock, &queue);
	fence = submit(mock, &queue);
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

static void all_ones_are_no_success(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	memset(queue.completion, 0xff, sizeof(*queue.completion));
	job_event(mock, &queue);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_is_signaled(fence)));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(fence), 0);
	dma_fence_put(fence);
}

static void a_missing_record_is_no_success(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	WRITE_ONCE(queue.completion->sequence, 1);
	job_event(mock, &queue);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_is_signaled(fence)));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(fence), 0);
	dma_fence_put(fence);
}

/* An unknown way to end is a failure, too. */
static void an_unknown_status_is_no_success(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	pumori_mock_end(mock, &queue, 1, 0x7fffffff);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), -EIO);
	dma_fence_put(fence);
}

static void a_sequence_that_goes_back_is_ignored(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	dma_fence_put(submit(mock, &queue));
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	fence = submit(mock, &queue);
	WRITE_ONCE(queue.completion->sequence, 0);
	job_event(mock, &queue);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), 0);
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

/* Device time passes and no work is done: the queue is killed, its neighbour is not. */
static void a_hung_queue_is_killed(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue hung, moving;
	struct dma_fence *guilty, *innocent;
	u32 kills;

	pumori_mock_queue_create(mock, &hung, 0);
	pumori_mock_queue_create(mock, &moving, 0);
	guilty = submit(mock, &hung);
	innocent = submit(mock, &moving);
	kills = pumori_mock_commands(mock, PUMORI_HW_CONTROL_KILL_QUEUE);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(({
		hung.completion->busy_ns += 20 * NSEC_PER_MSEC;
		moving.completion->busy_ns += 20 * NSEC_PER_MSEC;
		moving.completion->progress++;
		dma_fence_is_signaled(guilty);
	})));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(guilty), 0);
	KUNIT_EXPECT_EQ(test, pumori_mock_commands(mock, PUMORI_HW_CONTROL_KILL_QUEUE), kills + 1);
	KUNIT_EXPECT_EQ(test, -ECANCELED, pumori_mock_submit(mock, &hung, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(innocent), 0);
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_submit(mock, &moving, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, mock->core_resets, 0);
	dma_fence_put(guilty);
	dma_fence_put(innocent);
}

/* The device can be used: a new queue's job ends well. */
static void expect_life(struct pumori_mock *mock)
{
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	KUNIT_EXPECT_FALSE(mock->test, pumori_device_is_lost(&mock->base));
	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	pumori_mock_end(mock, &queue, 1, PUMORI_HW_JOB_DONE);
	KUNIT_EXPECT_EQ(mock->test, dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
}

/* A core that answers commands but forgot a job: the job ends, nobody else notices. */
static void a_forgotten_job_ends(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_is_signaled(fence)));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(fence), 0);
	KUNIT_EXPECT_EQ(test, mock->core_resets, 0);
	KUNIT_EXPECT_EQ(test, mock->device_resets, 0);
	expect_life(mock);
	dma_fence_put(fence);
}

/* A chip that answers no command is reset, first the core, then all of it; then it is as new. */
static void silence_is_cured_by_resets(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue, beside;
	struct dma_fence *fence, *innocent;

	pumori_mock_queue_create(mock, &queue, 0);
	pumori_mock_queue_create(mock, &beside, 1);
	mock->silent = true;
	fence = submit(mock, &queue);
	innocent = submit(mock, &beside);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_is_signaled(fence)));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(fence), 0);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_is_signaled(innocent)));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(innocent), 0);
	KUNIT_EXPECT_GE(test, mock->core_resets, 1);
	KUNIT_EXPECT_GE(test, mock->device_resets, 1);
	KUNIT_EXPECT_LT(test, pumori_mock_submit(mock, &queue, 0, 0, NULL), 0);
	expect_life(mock);
	dma_fence_put(fence);
	dma_fence_put(innocent);
}

/* One that does not obey resets either is given up within a bounded time, with all its jobs. */
static void disobedience_costs_the_device(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct drm_pumori_destroy destroy = {};
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	mock->silent = true;
	mock->stuck = true;
	destroy.id = queue.id;
	KUNIT_EXPECT_EQ(test, 0, pumori_mock_ioctl(mock, DRM_IOCTL_PUMORI_QUEUE_DESTROY,
						   &destroy));
	KUNIT_EXPECT_LT(test, dma_fence_get_status(fence), 0);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(pumori_device_is_lost(&mock->base)));
	KUNIT_EXPECT_TRUE(test, mock->stopped);
	KUNIT_EXPECT_GE(test, mock->device_resets, 1);
	dma_fence_put(fence);
}

/* A device that has left its bus reads as ones. */
static void a_device_that_left_is_lost(struct kunit *test)
{
	struct pumori_mock *mock = test->priv;
	struct pumori_mock_queue queue;
	struct dma_fence *fence;

	pumori_mock_queue_create(mock, &queue, 0);
	fence = submit(mock, &queue);
	spin_lock_irq(&mock->lock);
	mock->silent = true;
	mock->stuck = true;
	memset(mock->reg, 0xff, PUMORI_HW_REG_CORE_BASE);
	spin_unlock_irq(&mock->lock);
	KUNIT_EXPECT_TRUE(test, mock_wait_for(dma_fence_is_signaled(fence)));
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence), -ENODEV);
	KUNIT_EXPECT_LT(test, pumori_mock_submit(mock, &queue, 0, 0, NULL), 0);
	dma_fence_put(fence);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_lost_event_is_made_good),
	KUNIT_CASE(events_too_many_do_nothing),
	KUNIT_CASE(impossible_events_do_nothing),
	KUNIT_CASE(the_event_ring_wraps),
	KUNIT_CASE(all_ones_are_no_success),
	KUNIT_CASE(a_missing_record_is_no_success),
	KUNIT_CASE(an_unknown_status_is_no_success),
	KUNIT_CASE(a_sequence_that_goes_back_is_ignored),
	KUNIT_CASE(a_hung_queue_is_killed),
	KUNIT_CASE_SLOW(a_forgotten_job_ends),
	KUNIT_CASE_SLOW(silence_is_cured_by_resets),
	KUNIT_CASE_SLOW(disobedience_costs_the_device),
	KUNIT_CASE(a_device_that_left_is_lost),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_hostile",
	.init = pumori_mock_init,
	.exit = pumori_mock_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
