// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Health
 *
 * Tests that can run beside jobs: whether registers answer with what they said at probe, whether
 * each core is enabled, takes commands and drops translations. None needs a context, and none
 * changes what a job sees.
 */

#include <linux/ktime.h>

#include <pumori/hw.h>

#include "pumori_core.h"
#include "pumori_device.h"
#include "pumori_health.h"

/* An address space that no VM has: its translations may be dropped at any time. */
#define NO_ADDRESS_SPACE	0xffffffffu

static const char *test_registers(struct pumori_device *pumori)
{
	u32 status;

	if (pumori_read(pumori, PUMORI_HW_REG_ID) != PUMORI_HW_ID)
		return "the ID register is wrong";
	if (pumori_read(pumori, PUMORI_HW_REG_CORES) != pumori->info.cores ||
	    pumori_read64(pumori, PUMORI_HW_REG_SERIAL) != pumori->info.serial)
		return "capabilities have changed since probe";
	status = pumori_read(pumori, PUMORI_HW_REG_STATUS);
	if (!(status & PUMORI_HW_STATUS_READY) || status & PUMORI_HW_STATUS_DEAD)
		return "the device is not ready";
	return NULL;
}

static const char *execute(struct pumori_core *core, u32 opcode)
{
	struct pumori_hw_control command = {
		.opcode = opcode,
		.target = NO_ADDRESS_SPACE,
	};

	return pumori_control_execute(core, &command, NULL) ? "a command was not carried out" :
							      NULL;
}

static const char *test_commands(struct pumori_core *core)
{
	return execute(core, PUMORI_HW_CONTROL_NOP);
}

static const char *test_invalidation(struct pumori_core *core)
{
	return execute(core, PUMORI_HW_CONTROL_TLB_INVALIDATE);
}

static const char *test_status(struct pumori_core *core)
{
	u32 status = pumori_read(core->pumori,
				 PUMORI_HW_CORE(core->index, PUMORI_HW_CORE_STATUS));

	return status & PUMORI_HW_CORE_STATUS_ENABLED ? NULL : "the core is not enabled";
}

/**
 * struct health_test - a test, of the device or of a core
 */
struct health_test {
	/** @name: for people */
	const char *name;
	/** @device: tests the device; returns what is wrong */
	const char *(*device)(struct pumori_device *pumori);
	/** @core: tests a core; returns what is wrong */
	const char *(*core)(struct pumori_core *core);
};

static const struct health_test tests[] = {
	{ "registers", test_registers, NULL },
	{ "core-status", NULL, test_status },
	{ "core-commands", NULL, test_commands },
	{ "core-invalidation", NULL, test_invalidation },
};

/**
 * pumori_health_tests() - number of tests of a device and all of its cores
 * @pumori: the device
 */
u32 pumori_health_tests(struct pumori_device *pumori)
{
	return ARRAY_SIZE(tests) * pumori->info.cores;
}

/**
 * pumori_health_run() - run a test
 * @pumori: the device, entered
 * @number: below pumori_health_tests()
 * @core: the only core to test, or PUMORI_HEALTH_DEVICE
 * @result: filled in
 *
 * Return: whether there is such a test.
 */
bool pumori_health_run(struct pumori_device *pumori, u32 number, u32 core,
		       struct pumori_health_result *result)
{
	const struct health_test *test = &tests[number % ARRAY_SIZE(tests)];
	u32 at = number / ARRAY_SIZE(tests);
	u64 start = ktime_get_ns();

	if (test->device) {
		if (at || core != PUMORI_HEALTH_DEVICE)
			return false;
		*result = (struct pumori_health_result) {
			.core = PUMORI_HEALTH_DEVICE,
			.detail = test->device(pumori),
		};
	} else {
		if (core != PUMORI_HEALTH_DEVICE && core != at)
			return false;
		*result = (struct pumori_health_result) {
			.core = at,
			.detail = test->core(pumori->core[at]),
		};
	}
	result->name = test->name;
	result->duration_ns = ktime_get_ns() - start;
	return true;
}
