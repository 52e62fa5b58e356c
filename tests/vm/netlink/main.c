/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "netlink_test.h"

static const struct {
	const char *name;
	void (*run)(void);
} groups[] = {
	{ "requests", test_requests },
	{ "refusals", test_refusals },
	{ "owners", test_owners },
	{ "events", test_events },
	{ "fuzz", test_fuzz },
	{ "removal", test_removal },
};

int main(int argc, char **argv)
{
	size_t i;
	int k;

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
