/* SPDX-License-Identifier: MIT */
/* A sample as Prometheus text, format 0.0.4. */
#ifndef PUMORI_CLI_METRICS_H
#define PUMORI_CLI_METRICS_H

#include <stddef.h>

#include "sample.h"

/** struct cli_metrics - what was told before, so that no counter ever goes back */
struct cli_metrics;

struct cli_metrics *cli_metrics_create(void);
void cli_metrics_destroy(struct cli_metrics *metrics);
/**
 * cli_metrics_text - the text of a sample, to be freed; NULL when memory ran out
 * @errors: error counters, @error_count of them
 */
char *cli_metrics_text(struct cli_metrics *metrics, const struct cli_sample *sample,
		       const struct pumori_telemetry_error *errors, size_t error_count, size_t *bytes);

#endif
