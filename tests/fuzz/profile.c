// SPDX-License-Identifier: MIT
/* Profiles: any bytes are refused or read, and what was read can be summed up and measured. */
#include <stdint.h>
#include <stdlib.h>

#include "profile_file.h"
#include "profile_summary.h"
#include "profile_usage.h"
#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct cli_usage usage;
	struct cli_profile profile;
	struct record *record;
	const char *reason;

	if (cli_profile_parse(&profile, data, bytes, &reason)) {
		if (!reason)
			abort();
		return 0;
	}
	record = record_create();
	if (record)
		cli_profile_record(record, &profile, 1, NULL);
	record_destroy(record);
	for (size_t i = 0; i < profile.job_count && i < 4; i++)
		cli_usage_compute(&usage, &profile, &profile.jobs[i]);
	cli_profile_free(&profile);
	return 0;
}
