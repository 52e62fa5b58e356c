// SPDX-License-Identifier: MIT
#include "checks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "cli.h"
#include "render.h"
#include "selftest.h"

#define DETAIL_BYTES	320

static const char *const result_names[] = { "passed", "failed", "skipped" };

void cli_check(struct cli_checks *checks, const char *subject, const char *name, enum cli_check_result result, int code,
	       const char *next, const char *format, ...)
{
	struct record *row = record_append(checks->record, "checks");
	char detail[DETAIL_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	record_string(row, "subject", subject);
	record_string(row, "check", name);
	record_string(row, "result", result_names[result]);
	record_string(row, "detail", detail);
	record_string(row, "next", result == CLI_CHECK_FAILED ? next : NULL);
	if (result != CLI_CHECK_FAILED)
		return;
	checks->failed++;
	if (checks->code == CLI_OK)
		checks->code = code;
}

static void check_core(struct cli_checks *checks, const char *subject, const char *name, const char *kernels,
		       uint32_t core, uint64_t *reference_cycles)
{
	struct cli_selftest_result result;
	char title[32];

	snprintf(title, sizeof(title), "core %u", core);
	cli_selftest_core(name, kernels, core, &result);
	if (result.error == PUMORI_ERROR_PERMISSION) {
		cli_check(checks, subject, title, CLI_CHECK_FAILED, CLI_PERMISSION,
			  "join the group 'render' or run as root", "%s", result.detail);
	} else if (result.error == PUMORI_ERROR_UNSUPPORTED) {
		cli_check(checks, subject, title, CLI_CHECK_SKIPPED, CLI_OK, NULL, "%s", result.detail);
	} else if (result.error == PUMORI_ERROR_DEVICE_LOST) {
		cli_check(checks, subject, title, CLI_CHECK_FAILED, CLI_DEVICE_LOST, "'pumori reset', then look at 'dmesg'",
			  "%s", result.detail);
	} else if (result.error || result.wrong) {
		cli_check(checks, subject, title, CLI_CHECK_FAILED, CLI_UNHEALTHY, "'pumori reset', then try again",
			  "%s", result.detail);
	} else if (*reference_cycles && *reference_cycles != result.cycles) {
		cli_check(checks, subject, title, CLI_CHECK_FAILED, CLI_UNHEALTHY,
			  "library and driver are of different builds: install both anew",
			  "right answers, but %" PRIu64 " cycles instead of %" PRIu64, result.cycles, *reference_cycles);
	} else {
		*reference_cycles = result.cycles;
		cli_check(checks, subject, title, CLI_CHECK_PASSED, CLI_OK, NULL,
			  "right answers, %" PRIu64 " cycles, %.3f ms a run, %.1f ms to load", result.cycles,
			  (double)result.run_ns / 1e6, (double)result.load_ns / 1e6);
	}
}

void cli_check_cores(struct cli_checks *checks, const char *subject, const char *name, const char *kernels,
		     uint32_t cores, uint64_t *reference_cycles)
{
	for (uint32_t core = 0; core < cores; core++)
		check_core(checks, subject, name, kernels, core, reference_cycles);
}

int cli_checks_render(const struct cli_globals *globals, const char *command, struct cli_checks *checks)
{
	static const struct cli_column columns[] = {
		{ "subject", "SUBJECT", CLI_FORMAT_PLAIN },
		{ "check", "CHECK", CLI_FORMAT_PLAIN },
		{ "result", "RESULT", CLI_FORMAT_PLAIN },
		{ "detail", "DETAIL", CLI_FORMAT_PLAIN },
		{ "next", "TRY", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { "checks", NULL, columns };
	int code;

	record_list(checks->record, "checks");
	record_bool(checks->record, "passed", !checks->failed);
	record_unsigned(checks->record, "failed", checks->failed);
	code = cli_render(globals, command, checks->record, &section, 1);
	if (code != CLI_OK || !checks->failed)
		return code;
	return cli_fail(checks->code, "%" PRIu64 " check%s failed; the last column says what to try",
			checks->failed, checks->failed == 1 ? "" : "s");
}
