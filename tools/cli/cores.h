/* SPDX-License-Identifier: MIT */
/* Counters of cores as records. */
#ifndef PUMORI_CLI_CORES_H
#define PUMORI_CLI_CORES_H

#include "sample.h"

/** cli_cores_record - the list "cores" with rates since @before; says why when there are none. Return: an exit code */
int cli_cores_record(struct record *record, const struct cli_sample *before, const struct cli_sample *after);

#endif
