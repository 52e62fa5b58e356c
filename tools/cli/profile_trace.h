/* SPDX-License-Identifier: MIT */
/*
 * Profiles as Chrome trace JSON, for ui.perfetto.dev and speedscope.
 *
 * Groups of tracks ("processes"), for each profile: the application with a track a thread; for each
 * queue one in the time of the host, and one in the time of the modelled chip with a track an engine
 * and a DMA queue. On each track events are nested or follow each other.
 */
#ifndef PUMORI_CLI_PROFILE_TRACE_H
#define PUMORI_CLI_PROFILE_TRACE_H

#include "profile_file.h"

/**
 * cli_trace_write - write the trace of @count profiles
 * @fallback: path of the model of jobs whose model the profile does not know, or NULL
 *
 * Prints why it failed. Return: an exit code
 */
int cli_trace_write(const char *path, const struct cli_profile *profiles, size_t count, const char *fallback);

#endif
