/* SPDX-License-Identifier: MIT */
#ifndef PUMORI_CLI_PROFILE_SUMMARY_H
#define PUMORI_CLI_PROFILE_SUMMARY_H

#include "profile_file.h"

struct cli_globals;
struct record;

/** cli_profile_record - put models, engines and layers of the fastest run of each model into @record. Return: an exit code */
int cli_profile_record(struct record *record, const struct cli_profile *profiles, size_t count, const char *fallback);
/** cli_profile_render - print that. Return: an exit code */
int cli_profile_render(const struct cli_globals *globals, struct record *record);

#endif
