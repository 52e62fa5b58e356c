/* SPDX-License-Identifier: MIT */
#ifndef PUMORI_CLI_BENCH_H
#define PUMORI_CLI_BENCH_H

#include <stdint.h>

/** struct cli_statistics - of samples in nanoseconds */
struct cli_statistics {
	uint64_t minimum;
	uint64_t median;
	uint64_t p99;
	uint64_t maximum;
	double mean;
};

/** cli_statistics - sorts @samples on the way; all zero when there are none */
void cli_statistics(struct cli_statistics *statistics, uint64_t *samples, uint64_t count);

#endif
