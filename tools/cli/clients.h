/* SPDX-License-Identifier: MIT */
/* Who uses devices, as records. */
#ifndef PUMORI_CLI_CLIENTS_H
#define PUMORI_CLI_CLIENTS_H

#include "render.h"
#include "sample.h"

/** CLI_SAMPLE_MS - how far apart two samples of a command are that shows utilisation */
#define CLI_SAMPLE_MS	200u

/** cli_client_columns - a table of them */
extern const struct cli_column cli_client_columns[];

/** cli_clients_record - the list "processes": clients of all devices but this process; utilisation since @before */
void cli_clients_record(struct record *record, const struct cli_sample *before, const struct cli_sample *after);
/** cli_count_processes - different processes that use a device, this one left out */
size_t cli_count_processes(const struct cli_sampled_device *device);

#endif
