// SPDX-License-Identifier: GPL-2.0
/* Device memory: who gets it, who makes room, on a device whose memory is an array. */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <drm/drm_exec.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/pumori_accel.h>

#include "../pumori_device.h"
#include "../pumori_evict.h"
#include "../pumori_gem.h"
#include "../pumori_hbm.h"
#include "../pumori_madvise.h"

#define HBM_BYTES	(8u << 20)
#define HALF		(HBM_BYTES / 2)

/**
 * struct fixture - a device without a chip
 */
struct fixture {
	/** @pumori: the device */
	struct pumori_device *pumori;
	/** @bus: its bus */
	struct pumori_bus bus;
	/** @memory: device memory */
	u8 *memory;
	/** @populated: bytes with memory behind them */
	u64 populated;
	/** @mapped: pages with a bus address */
	u32 mapped;
};

static struct fixture *fixture_of(struct pumori_bus *bus)
{
	return container_of(bus, struct fixture, bus);
}

static int map_page(struct pumori_bus *bus, struct page *page, u64 *address)
{
	fixture_of(bus)->mapped++;
	*address = page_to_pfn(page);
	return 0;
}

static void unmap_page(struct pumori_bus *bus, u64 address)
{
	fixture_of(bus)->mapped--;
}

static int populate(struct pumori_bus *bus, u64 offset, u64 size)
{
	fixture_of(bus)->populated += size;
	memset(fixture_of(bus)->memory + offset, 0, size);
	return 0;
}

static void release(struct pumori_bus *bus, u64 offset, u64 size)
{
	fixture_of(bus)->populated -= size;
}

static void read_page(struct pumori_bus *bus, u64 offset, void *to)
{
	memcpy(to, fixture_of(bus)->memory + offset, PAGE_SIZE);
}

static void write_page(struct pumori_bus *bus, u64 offset, const void *from)
{
	memcpy(fixture_of(bus)->memory + offset, from, PAGE_SIZE);
}

static const struct pumori_bus_ops array_ops = {
	.name = "array",
	.map_page = map_page,
	.unmap_page = unmap_page,
	.hbm_populate = populate,
	.hbm_release = release,
	.hbm_read = read_page,
	.hbm_write = write_page,
};

static const struct drm_driver plain_driver = {
	.driver_features = DRIVER_GEM | DRIVER_COMPUTE_ACCEL,
};

static int fixture_init(struct kunit *test)
{
	struct fixture *fixture = kunit_kzalloc(test, sizeof(*fixture), GFP_KERNEL);
	struct device *dev = drm_kunit_helper_alloc_device(test);

	KUNIT_ASSERT_NOT_NULL(test, fixture);
	KUNIT_ASSERT_FALSE(test, IS_ERR(dev));
	fixture->memory = vmalloc(HBM_BYTES);
	KUNIT_ASSERT_NOT_NULL(test, fixture->memory);
	fixture->bus.ops = &array_ops;
	fixture->pumori = drm_kunit_helper_alloc_drm_device_with_driver(test, dev,
									struct pumori_device, drm,
									&plain_driver);
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture->pumori));
	fixture->pumori->bus = &fixture->bus;
	fixture->pumori->info.hbm_bytes = HBM_BYTES;
	KUNIT_ASSERT_EQ(test, 0, pumori_hbm_init(fixture->pumori));
	KUNIT_ASSERT_EQ(test, 0, pumori_madvise_init(fixture->pumori));
	test->priv = fixture;
	return 0;
}

static void fixture_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;

	if (!fixture)
		return;
	KUNIT_EXPECT_EQ(test, fixture->populated, 0);
	KUNIT_EXPECT_EQ(test, fixture->mapped, 0);
	KUNIT_EXPECT_EQ(test, fixture->pumori->hbm_used, 0);
	vfree(fixture->memory);
}

static struct pumori_bo *create(struct kunit *test, u64 size)
{
	struct fixture *fixture = test->priv;

	return pumori_bo_create(fixture->pumori, size, DRM_PUMORI_BO_HBM, NULL);
}

static void put(struct pumori_bo *bo)
{
	drm_gem_object_put(&bo->base);
}

/* Brings a buffer back as a submission would; @needed, if any, is needed by it, too. */
static int restore(struct pumori_bo *bo, struct pumori_bo *needed)
{
	struct drm_exec exec;
	int ret = 0;

	drm_exec_init(&exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &bo->base);
		if (!ret && needed)
			ret = drm_exec_lock_obj(&exec, &needed->base);
		if (!ret && bo->place == PUMORI_BO_EVICTED)
			ret = pumori_bo_restore(bo, &exec);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	drm_exec_fini(&exec);
	return ret;
}

static void ranges_are_aligned(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_bo *small = create(test, PAGE_SIZE), *large = create(test, HALF);

	KUNIT_ASSERT_FALSE(test, IS_ERR(small));
	KUNIT_ASSERT_FALSE(test, IS_ERR(large));
	KUNIT_EXPECT_EQ(test, 0, large->hbm.start & (BIT_ULL(PUMORI_HW_HUGE_SHIFT) - 1));
	KUNIT_EXPECT_EQ(test, fixture->pumori->hbm_used, PAGE_SIZE + HALF);
	KUNIT_EXPECT_EQ(test, fixture->populated, PAGE_SIZE + HALF);
	put(small);
	put(large);
}

static void the_oldest_makes_room(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_bo *a = create(test, HALF), *b = create(test, HALF), *c;

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	/* Used last, so @b is the older one. */
	pumori_hbm_touch(fixture->pumori, a->hbm_group);
	c = create(test, HALF);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	KUNIT_EXPECT_EQ(test, a->place, PUMORI_BO_HBM);
	KUNIT_EXPECT_EQ(test, b->place, PUMORI_BO_EVICTED);
	KUNIT_EXPECT_EQ(test, c->place, PUMORI_BO_HBM);
	KUNIT_EXPECT_EQ(test, fixture->pumori->hbm_used, HBM_BYTES);
	put(a);
	put(b);
	put(c);
}

static void bytes_come_back(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct pumori_bo *a = create(test, HALF), *b;
	u32 i, wrong = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	for (i = 0; i < HALF; i++)
		fixture->memory[a->hbm.start + i] = i * 7 + (i >> 12);
	b = create(test, HBM_BYTES);
	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	KUNIT_EXPECT_EQ(test, a->place, PUMORI_BO_EVICTED);
	KUNIT_EXPECT_EQ(test, 0, restore(a, NULL));
	KUNIT_EXPECT_EQ(test, b->place, PUMORI_BO_EVICTED);
	KUNIT_EXPECT_NULL(test, a->pages);
	for (i = 0; i < HALF; i++)
		wrong += fixture->memory[a->hbm.start + i] != (u8)(i * 7 + (i >> 12));
	KUNIT_EXPECT_EQ(test, wrong, 0);
	put(a);
	put(b);
}

static void pinned_stays(struct kunit *test)
{
	struct pumori_bo *a = create(test, HALF), *b;

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	a->pins = 1;
	b = create(test, HBM_BYTES);
	KUNIT_EXPECT_EQ(test, PTR_ERR(b), -ENOSPC);
	KUNIT_EXPECT_EQ(test, a->place, PUMORI_BO_HBM);
	a->pins = 0;
	put(a);
}

static void what_is_needed_stays(struct kunit *test)
{
	struct pumori_bo *a = create(test, HBM_BYTES), *b = create(test, HALF);

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	KUNIT_EXPECT_EQ(test, restore(a, b), -ENOSPC);
	KUNIT_EXPECT_EQ(test, b->place, PUMORI_BO_HBM);
	KUNIT_EXPECT_EQ(test, restore(a, NULL), 0);
	put(a);
	put(b);
}

static void too_large_evicts_nobody(struct kunit *test)
{
	struct pumori_bo *a = create(test, HALF);

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	KUNIT_EXPECT_EQ(test, PTR_ERR(create(test, HBM_BYTES + PAGE_SIZE)), -ENOSPC);
	KUNIT_EXPECT_EQ(test, a->place, PUMORI_BO_HBM);
	put(a);
}

/* Only the buffers around one hole go, not all that are older than its last one. */
static void no_more_than_needed(struct kunit *test)
{
	struct pumori_bo *bo[4], *large;
	u32 i, evicted = 0;

	for (i = 0; i < ARRAY_SIZE(bo); i++) {
		bo[i] = create(test, HBM_BYTES / 4);
		KUNIT_ASSERT_FALSE(test, IS_ERR(bo[i]));
	}
	large = create(test, HALF);
	KUNIT_ASSERT_FALSE(test, IS_ERR(large));
	for (i = 0; i < ARRAY_SIZE(bo); i++) {
		evicted += bo[i]->place == PUMORI_BO_EVICTED;
		put(bo[i]);
	}
	KUNIT_EXPECT_EQ(test, evicted, 2);
	put(large);
}

static const char *fence_name(struct dma_fence *fence)
{
	return "test";
}

static const struct dma_fence_ops fence_ops = {
	.get_driver_name = fence_name,
	.get_timeline_name = fence_name,
};

static void add_fence(struct kunit *test, struct pumori_bo *bo, struct dma_fence *fence)
{
	dma_resv_lock(bo->base.resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, dma_resv_reserve_fences(bo->base.resv, 1));
	dma_resv_add_fence(bo->base.resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(bo->base.resv);
}

static void idle_before_busy(struct kunit *test)
{
	struct pumori_bo *a = create(test, HALF), *b = create(test, HALF), *c;
	static DEFINE_SPINLOCK(lock);
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &fence_ops, &lock, dma_fence_context_alloc(1), 1);
	add_fence(test, a, fence);
	/* @a is older, but a job uses it. */
	c = create(test, HALF);
	KUNIT_ASSERT_FALSE(test, IS_ERR(c));
	KUNIT_EXPECT_EQ(test, a->place, PUMORI_BO_HBM);
	KUNIT_EXPECT_EQ(test, b->place, PUMORI_BO_EVICTED);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	put(a);
	put(b);
	put(c);
}

/**
 * struct rival - somebody who holds a buffer's reservation
 */
struct rival {
	/** @work: does so */
	struct work_struct work;
	/** @bo: the buffer */
	struct pumori_bo *bo;
	/** @holds: it has the lock */
	struct completion holds;
	/** @leave: it shall let go */
	struct completion leave;
};

static void hold(struct work_struct *work)
{
	struct rival *rival = container_of(work, struct rival, work);
	struct ww_acquire_ctx ticket;

	ww_acquire_init(&ticket, &reservation_ww_class);
	dma_resv_lock(rival->bo->base.resv, &ticket);
	ww_acquire_done(&ticket);
	complete(&rival->holds);
	wait_for_completion(&rival->leave);
	dma_resv_unlock(rival->bo->base.resv);
	ww_acquire_fini(&ticket);
}

/* Whoever came first has the only victim: the later one backs off, begins again, and gets it. */
static void back_off(struct kunit *test)
{
	struct pumori_bo *a = create(test, HBM_BYTES), *b = create(test, HALF);
	struct rival rival = { .bo = b };
	struct drm_exec exec;
	u32 tries = 0;
	int first = 0, ret = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(a));
	KUNIT_ASSERT_FALSE(test, IS_ERR(b));
	init_completion(&rival.holds);
	init_completion(&rival.leave);
	INIT_WORK_ONSTACK(&rival.work, hold);
	schedule_work(&rival.work);
	wait_for_completion(&rival.holds);

	drm_exec_init(&exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &a->base);
		if (!ret && a->place == PUMORI_BO_EVICTED)
			ret = pumori_bo_restore(a, &exec);
		if (!tries++) {
			first = ret;
			complete(&rival.leave);
		}
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	drm_exec_fini(&exec);
	flush_work(&rival.work);
	destroy_work_on_stack(&rival.work);

	KUNIT_EXPECT_EQ(test, first, -EDEADLK);
	KUNIT_EXPECT_GT(test, tries, 1);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, a->place, PUMORI_BO_HBM);
	KUNIT_EXPECT_EQ(test, b->place, PUMORI_BO_EVICTED);
	put(a);
	put(b);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ranges_are_aligned),
	KUNIT_CASE(the_oldest_makes_room),
	KUNIT_CASE(bytes_come_back),
	KUNIT_CASE(pinned_stays),
	KUNIT_CASE(what_is_needed_stays),
	KUNIT_CASE(too_large_evicts_nobody),
	KUNIT_CASE(no_more_than_needed),
	KUNIT_CASE(idle_before_busy),
	KUNIT_CASE(back_off),
	{}
};

static struct kunit_suite suite = {
	.name = "pumori_hbm",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
