/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "queries", test_queries },
	{ "memory", test_memory },
	{ "bind", test_bind },
	{ "bind_async", test_bind_async },
	{ "share", test_share },
	{ "rights", test_rights },
	{ "evict", test_evict },
	{ "programs", test_programs },
	{ "jobs", test_jobs },
	{ "sharing", test_sharing },
	{ "faults", test_faults },
	{ "blame", test_blame },
	{ "resets", test_resets },
	{ "hostile", test_hostile },
	{ "coredump", test_coredump },
	{ "lifecycle", test_lifecycle },
	{ "power", test_power },
	{ "teardown", test_teardown },
	{ "unplug", test_unplug },
	{ "failures", test_failures },
	{ "visible", test_visible },
	{ "quotas", test_quotas },
};

int main(int argc, char **argv)
{
	size_t i;
	int k;

	/* What test_lifecycle executes: a process that keeps nothing of the one before but its id. */
	if (argc == 2 && strcmp(argv[1], "pause") == 0)
		return pause();
	for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		bool wanted = argc == 1;

		for (k = 1; k < argc; k++)
			wanted = wanted || strcmp(argv[k], groups[i].name) == 0;
		if (wanted) {
			note("%s", groups[i].name);
			groups[i].run();
		}
	}
	return tap_finish();
}
