/* SPDX-License-Identifier: MIT */
/* A small model with known answers, run on each core of a device. */
#ifndef PUMORI_CLI_SELFTEST_H
#define PUMORI_CLI_SELFTEST_H

#include <stdint.h>

struct cli_globals;
struct record;

/** struct cli_selftest_result - how the test of a core ended */
struct cli_selftest_result {
	/** @error: 0, or the runtime's error that ended it */
	int error;
	/** @wrong: elements of outputs that are not what they should be */
	uint64_t wrong;
	/** @load_ns: wall time from opening the device to the loaded model */
	uint64_t load_ns;
	/** @run_ns: wall time of the fastest run */
	uint64_t run_ns;
	/** @cycles: model cycles of a run */
	uint64_t cycles;
	/** @detail: what is wrong, in words; "" when nothing is */
	char detail[256];
};

/**
 * cli_selftest_core - run the model on one core
 * @name: device, as pumori_device_open() takes it
 * @kernels: in process: kernel set, or NULL
 */
void cli_selftest_core(const char *name, const char *kernels, uint32_t core, struct cli_selftest_result *result);

#endif
