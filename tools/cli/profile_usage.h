/* SPDX-License-Identifier: MIT */
/* How much of SBUF and PSUM a job held, how much it moved and what it drew, over its model time. */
#ifndef PUMORI_CLI_PROFILE_USAGE_H
#define PUMORI_CLI_PROFILE_USAGE_H

#include "profile_file.h"

/** CLI_USAGE_BINS - pieces of equal length that a job's time is cut into */
#define CLI_USAGE_BINS	256u

/** struct cli_usage - the curves of a job */
struct cli_usage {
	/** @bin_cycles: model cycles of a piece, at least 1 */
	uint64_t bin_cycles;
	/** @bins: pieces used */
	uint32_t bins;
	/** @sbuf: bytes that were written and are read later */
	int64_t sbuf[CLI_USAGE_BINS + 1];
	/** @psum: likewise */
	int64_t psum[CLI_USAGE_BINS + 1];
	/** @memory: bytes moved from and to memory in the piece */
	double memory[CLI_USAGE_BINS + 1];
	/** @energy_pj: energy in the piece */
	double energy_pj[CLI_USAGE_BINS + 1];
};

/** cli_usage_compute - Return: 0, or -1 when memory ran out */
int cli_usage_compute(struct cli_usage *usage, const struct cli_profile *profile, const struct cli_profile_job *job);

#endif
