/* SPDX-License-Identifier: MIT */
#ifndef PUMORI_CLI_SUMMARY_H
#define PUMORI_CLI_SUMMARY_H

struct cli_globals;

/** cli_summary - what `pumori` alone prints: the devices, or how to get one, and the commands */
int cli_summary(const struct cli_globals *globals);

#endif
