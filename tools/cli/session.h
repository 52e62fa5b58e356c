/* SPDX-License-Identifier: MIT */
/* A model on a device with memory for all its inputs and outputs, ready to run. */
#ifndef PUMORI_CLI_SESSION_H
#define PUMORI_CLI_SESSION_H

#include "cli.h"

/** struct cli_tensor - an input or output with its memory */
struct cli_tensor {
	/** @info: name, type, shape; the name lives as long as the session */
	struct pumori_tensor_info info;
	/** @tensor: the memory, bound to the run */
	struct pumori_tensor *tensor;
	/** @data: its mapping */
	void *data;
	/** @filled: input: somebody wrote it */
	bool filled;
};

/** struct cli_session - all that a run needs */
struct cli_session {
	/** @path: of the model */
	const char *path;
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run;
	struct pumori_device_info device_info;
	struct pumori_model_info model_info;
	struct cli_tensor *inputs;
	struct cli_tensor *outputs;
	/** @status: of the last run */
	struct pumori_run_status status;
	/** @elapsed_ns: wall time of the last run */
	uint64_t elapsed_ns;
};

struct record;

/** cli_session_open - load @path on @device, which stays the caller's. Return: an exit code, all freed on failure */
int cli_session_open(struct cli_session *session, struct pumori_device *device, const char *path);
void cli_session_close(struct cli_session *session);
/** cli_session_execute - one run, timed. Return: an exit code */
int cli_session_execute(struct cli_session *session);
/** cli_session_metadata - value of @key as a string in the model, or NULL */
const char *cli_session_metadata(const struct cli_session *session, const char *key, size_t *bytes);
/** cli_session_record - put model, device, times and cycles into @record */
void cli_session_record(const struct cli_session *session, struct record *record);
/** cli_session_outputs - put the list "outputs" into @record: names, shapes, checksums */
void cli_session_outputs(const struct cli_session *session, struct record *record);
/** cli_fill_random - values from a seed: floats between -1 and 1, whole numbers from 0 to 99 */
void cli_fill_random(void *data, uint64_t bytes, enum pumori_dtype dtype, uint64_t seed);
/** cli_now_ns - a clock that only goes forward */
uint64_t cli_now_ns(void);

#endif
