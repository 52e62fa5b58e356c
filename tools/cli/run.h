/* SPDX-License-Identifier: MIT */
#ifndef PUMORI_CLI_RUN_H
#define PUMORI_CLI_RUN_H

#include "cli.h"

struct cli_session;

/** struct cli_run_options - options of pumori run */
struct cli_run_options {
	struct cli_strings inputs;
	struct cli_number random;
	const char *output;
	const char *image;
	const char *cls;
	bool text;
	struct cli_number core;
	const char *kernels;
	struct cli_number budget;
};

/** cli_run_fill - fill all inputs from files or from the seed; says what is missing. Return: an exit code */
int cli_run_fill(struct cli_session *session, const struct cli_strings *files, const struct cli_number *seed);
/** cli_run_image - pumori run with an image. Return: an exit code */
int cli_run_image(const struct cli_call *call, struct cli_session *session);

#endif
