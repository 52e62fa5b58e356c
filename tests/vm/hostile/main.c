/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hostile.h"

#define NOBODY	65534

const uint64_t odd_values[] = {
	0, 1, 63, PAGE - 1, PAGE, PAGE + 1, (1ull << 31), (1ull << 32) - PAGE, 1ull << 32, (1ull << 47),
	(1ull << 48) - PAGE, 1ull << 48, (1ull << 63) - PAGE, 1ull << 63, (1ull << 63) + PAGE, ~0ull - 2 * PAGE + 1,
	~0ull - PAGE + 1, ~0ull - PAGE, ~0ull - 1, ~0ull,
};
const uint32_t odd_value_count = ARRAY_LENGTH(odd_values);

static const struct {
	void (*run)(void);
	const char *name;
} classes[] = {
	{ class_01_offset_and_size_wrap, "class 1: offset and size that wrap" },
	{ class_02_zero_length, "class 2: zero length" },
	{ class_03_bogus_handles, "class 3: handles that are bogus, closed, foreign or of another kind" },
	{ class_04_memory_that_changes_meanwhile, "class 4: counts and pointers that change during the call" },
	{ class_05_mappings, "class 5: partial, moved, dropped and inherited mappings" },
	{ class_06_reference_counts, "class 6: mappings, handles and files closed in every order" },
	{ class_07_lifetime_of_processes, "class 7: processes that end before their jobs" },
	{ class_08_failed_create_then_close, "class 8: creation that fails, then close" },
	{ class_09_read_only_shared, "class 9: read-only buffers that are shared again" },
	{ class_10_reset_and_removal, "class 10: removal with work under way" },
	{ class_11_completion_against_creation, "class 11: completion against creation and destruction" },
	{ class_12_programs_with_mistakes, "class 12: programs with mistakes" },
	{ class_13_failing_probe, "class 13: every step of the probe fails" },
	{ class_14_kernel_bytes_to_user_space, "class 14: no bytes of the kernel in any output" },
	{ class_15_names_of_old_fences, "class 15: fences that outlive what they come from" },
	{ class_16_index_out_of_range, "class 16: cores, priorities and kinds out of range" },
};

static unsigned int failed_claims;

bool expect(bool true_claim, const char *format, ...)
{
	char text[256];
	va_list arguments;

	if (true_claim)
		return true;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (failed_claims++ < 20)
		note("not so: %s (%s)", text, strerror(errno));
	return false;
}

bool bench_open(struct bench *bench, uint32_t core)
{
	struct image image;

	memset(bench, 0, sizeof(*bench));
	if (!session_open(&bench->session, core) ||
	    !buffer_create(&bench->session, &bench->source, PAGE, 0, SOURCE_VA) ||
	    !buffer_create(&bench->session, &bench->target, PAGE, DRM_PUMORI_BO_HBM, TARGET_VA) ||
	    !image_copy(&image, PAGE, 1))
		return expect(false, "a session");
	bench->job.variables = 2;
	bench->job.variable[0] = (struct drm_pumori_variable){ .va = SOURCE_VA, .size = PAGE };
	bench->job.variable[1] = (struct drm_pumori_variable){ .va = TARGET_VA, .size = PAGE,
							       .flags = DRM_PUMORI_VARIABLE_WRITABLE };
	if (program_load(&bench->session, &image, &bench->job.program, NULL))
		return expect(false, "a program");
	image_destroy(&image);
	return true;
}

void bench_close(struct bench *bench)
{
	session_close(&bench->session);
}

bool bench_works(struct bench *bench)
{
	struct job job = bench->job;
	uint32_t i;

	for (i = 0; i < PAGE; i++)
		bench->source.data[i] = (uint8_t)(bench->source.data[i] * 5 + i + 1);
	memset(bench->target.data, 0, PAGE);
	return run_job(&bench->session, &job, WAIT_MS, NULL) == PUMORI_HW_JOB_DONE &&
	       memcmp(bench->source.data, bench->target.data, PAGE) == 0;
}

bool device_works(void)
{
	struct bench bench;
	bool works = bench_open(&bench, DRM_PUMORI_CORE_ANY) && bench_works(&bench);

	bench_close(&bench);
	return works;
}

/* Gives up everything but what any user has; /proc/self stays readable. */
static bool become_nobody(void)
{
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 && geteuid() == NOBODY;
}

/* hostile [NUMBER...]: all classes, or those whose numbers are given. */
int main(int argc, char **argv)
{
	uint32_t i;
	int k;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!ok(helper_start(), "a helper with privileges") || !ok(become_nobody(), "and a process without"))
		return tap_finish();
	for (i = 0; i < ARRAY_LENGTH(classes); i++) {
		bool wanted = argc == 1;

		for (k = 1; k < argc; k++)
			wanted = wanted || atoi(argv[k]) == (int)i + 1;
		if (!wanted)
			continue;
		failed_claims = 0;
		classes[i].run();
		expect(device_works(), "the device serves the next client");
		ok(failed_claims == 0, "%s", classes[i].name);
	}
	helper_stop();
	return tap_finish();
}
