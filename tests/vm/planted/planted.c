// SPDX-License-Identifier: MIT
/*
 * Bugs on purpose, one a load: a KUnit case that passes while a worker does something wrong. A runner that
 * looks at the results of cases alone would call it a success.
 */
#include <kunit/test.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

static char *bug = "none";
module_param(bug, charp, 0444);
MODULE_PARM_DESC(bug, "none, warn, use-after-free, shift, sleep, order or leak");

static DEFINE_MUTEX(first_lock);
static DEFINE_MUTEX(second_lock);
static DEFINE_SPINLOCK(spin);
static volatile int width = 40;
static volatile int result;

static void use_after_free(void)
{
	int *memory = kzalloc(64, GFP_KERNEL);

	kfree(memory);
	result = READ_ONCE(*memory);
}

static void wrong_order(void)
{
	mutex_lock(&first_lock);
	mutex_lock(&second_lock);
	mutex_unlock(&second_lock);
	mutex_unlock(&first_lock);
	mutex_lock(&second_lock);
	mutex_lock(&first_lock);
	mutex_unlock(&first_lock);
	mutex_unlock(&second_lock);
}

static void misbehave(struct work_struct *work)
{
	if (!strcmp(bug, "warn")) {
		WARN_ON(1);
	} else if (!strcmp(bug, "use-after-free")) {
		use_after_free();
	} else if (!strcmp(bug, "shift")) {
		result = 1 << width;
	} else if (!strcmp(bug, "sleep")) {
		spin_lock(&spin);
		might_sleep();
		spin_unlock(&spin);
	} else if (!strcmp(bug, "order")) {
		wrong_order();
	} else if (!strcmp(bug, "leak")) {
		OPTIMIZER_HIDE_VAR(work);
		result = kzalloc(64, GFP_KERNEL) != NULL;
	}
}
static DECLARE_WORK(work, misbehave);

static void passes(struct kunit *test)
{
	schedule_work(&work);
	flush_work(&work);
	KUNIT_EXPECT_TRUE(test, true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(passes),
	{}
};

static struct kunit_suite suite = {
	.name = "planted",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("Bugs that a test runner must find");
MODULE_LICENSE("Dual MIT/GPL");
