/* SPDX-License-Identifier: MIT */
/* A profile as it was written, checked, and its instructions sorted into jobs. */
#ifndef PUMORI_CLI_PROFILE_FILE_H
#define PUMORI_CLI_PROFILE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pumori/profile.h"

/** CLI_PROFILE_STREAMS - streams that a job may have */
#define CLI_PROFILE_STREAMS	21u

/** struct cli_profile_job - a job, as its instructions and the host's events tell of it */
struct cli_profile_job {
	uint32_t queue;
	uint32_t core;
	uint64_t sequence;
	/** @model: number of its model in the profile, 0 when unknown */
	uint32_t model;
	/** @submitted: index of the event of its submission, or SIZE_MAX */
	size_t submitted;
	/** @completed: index of the event of its end, or SIZE_MAX */
	size_t completed;
	/** @records: indices of its instructions, in the order in which they retired */
	uint32_t *records;
	size_t record_count;
	size_t record_capacity;
	/** @begin_ns: when the host began its first instruction */
	uint64_t begin_ns;
	/** @end_ns: when it had done its last */
	uint64_t end_ns;
	/** @host_ns: time spent on instructions */
	uint64_t host_ns;
	/** @cycles: model cycles */
	uint64_t cycles;
	/** @energy_pj: of all instructions */
	uint64_t energy_pj;
};

/** struct cli_profile - a profile */
struct cli_profile {
	struct pumori_profile_header header;
	struct pumori_profile_event *events;
	struct pumori_profile_instruction *records;
	/** @models: largest number of a model */
	uint32_t models;
	struct cli_profile_job *jobs;
	size_t job_count;
	size_t job_capacity;
};

/**
 * cli_profile_parse - read @bytes of a file
 * @reason: set to why it was refused
 *
 * Return: 0, or -1 with nothing to free.
 */
int cli_profile_parse(struct cli_profile *profile, const void *data, size_t bytes, const char **reason);
/** cli_profile_load - the same from a file; prints why not. Return: an exit code */
int cli_profile_load(struct cli_profile *profile, const char *path);
/** cli_profile_is - does the file begin as a profile does? */
bool cli_profile_is(const char *path);
void cli_profile_free(struct cli_profile *profile);
/** cli_profile_model_path - path of a model by its number, NULL when it has none */
const char *cli_profile_model_path(const struct cli_profile *profile, uint32_t model);

#endif
