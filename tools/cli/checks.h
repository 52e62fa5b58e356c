/* SPDX-License-Identifier: MIT */
/* Lists of checks with their results, as health and validate print them. */
#ifndef PUMORI_CLI_CHECKS_H
#define PUMORI_CLI_CHECKS_H

#include <stdint.h>

#include "record.h"

struct cli_globals;

/** enum cli_check_result - how a check ended */
enum cli_check_result {
	CLI_CHECK_PASSED,
	CLI_CHECK_FAILED,
	CLI_CHECK_SKIPPED,	/* it does not apply here, or could not be carried out */
};

/** struct cli_checks - checks so far */
struct cli_checks {
	/** @record: has the list "checks" */
	struct record *record;
	/** @failed: how many */
	uint64_t failed;
	/** @code: exit code of the first failure, CLI_OK without one */
	int code;
};

/**
 * cli_check - add the result of a check
 * @subject: device, or what else was checked
 * @code: exit code that a failure leads to
 * @next: what to try when it failed, or NULL
 * @format: details
 */
void cli_check(struct cli_checks *checks, const char *subject, const char *name, enum cli_check_result result, int code,
	       const char *next, const char *format, ...) __attribute__((format(printf, 7, 8)));
/**
 * cli_check_cores - the self test on each core of a device
 * @reference_cycles: model cycles that each must take; 0: those of the first are taken
 */
void cli_check_cores(struct cli_checks *checks, const char *subject, const char *name, const char *kernels,
		     uint32_t cores, uint64_t *reference_cycles);
/** cli_checks_render - print them. Return: an exit code, that of the first failure if there was one */
int cli_checks_render(const struct cli_globals *globals, const char *command, struct cli_checks *checks);

#endif
