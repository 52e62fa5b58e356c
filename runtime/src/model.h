/* SPDX-License-Identifier: MIT */
/* A model: an executable whose weights and program are on a device. */
#ifndef PUMORI_RUNTIME_MODEL_H
#define PUMORI_RUNTIME_MODEL_H

#include "device.h"
#include "executable.h"

/** struct pumori_model - shared by the caller and its runs; not written after it was loaded */
struct pumori_model {
	/** @device: its device */
	struct pumori_device *device;
	/** @references: the caller's and one a run */
	uint32_t references;
	/** @executable: its tables */
	struct pumori_executable *executable;
	/** @weights: all constants, NULL when there are none */
	struct pumori_buffer *weights;
	/** @program: the back end's program id */
	uint32_t program;
	/** @program_loaded: @program counts */
	int program_loaded;
	/** @number: of the model in a profile, 0 when it was loaded without one */
	uint32_t number;
	/** @entry: index of the entry that runs */
	uint32_t entry;
	/** @preload: job that fills a slot as @entry expects it, or NULL */
	struct pumori_job *preload;
	/** @preload_scratch: its scratch memory, or NULL */
	struct pumori_buffer *preload_scratch;
};

struct pumori_model *pumori_model_get(struct pumori_model *model);
void pumori_model_put(struct pumori_model *model);

/** pumori_model_variable - input or output @index of the entry that runs; @slot: its index in the job's table (may be NULL) */
int pumori_model_variable(const struct pumori_model *model, enum pumori_direction direction,
			  uint32_t index, const struct pumori_executable_variable **variable,
			  uint32_t *slot);

/** pumori_model_private - memory that a job of @entry needs for itself: scratch and state */
int pumori_model_private(const struct pumori_model *model, uint32_t entry, uint64_t *bytes);

/**
 * pumori_model_fill_job - set weights, scratch and state in a job's table
 * @memory: pumori_model_private() bytes, or NULL when that is 0
 *
 * Also gives states their initial values.
 */
void pumori_model_fill_job(const struct pumori_model *model, uint32_t entry, struct pumori_job *job,
			   const struct pumori_buffer *memory);

#endif
