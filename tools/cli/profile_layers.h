/* SPDX-License-Identifier: MIT */
/* What a job did, layer by layer and engine by engine. */
#ifndef PUMORI_CLI_PROFILE_LAYERS_H
#define PUMORI_CLI_PROFILE_LAYERS_H

#include "executable.h"
#include "profile_file.h"

/** struct cli_layer - a stretch of the program that belongs to one node of the source graph */
struct cli_layer {
	/** @node: of the source graph, or a stand-in when the model does not say */
	const char *node;
	/** @operation: with its shape */
	const char *operation;
	uint64_t instructions;
	/** @begin: first model cycle of its instructions */
	uint64_t begin;
	/** @end: last */
	uint64_t end;
	/** @busy: model cycles of its instructions, by stream */
	uint64_t busy[CLI_PROFILE_STREAMS];
	/** @waited: model cycles that streams waited for semaphores in it */
	uint64_t waited;
	uint64_t host_ns;
	uint64_t energy_pj;
	uint64_t bytes;
	uint64_t macs;
};

/** struct cli_layers - all layers of a program, by their first instruction */
struct cli_layers {
	/** @executable: the model, or NULL */
	struct cli_executable *executable;
	struct cli_layer *layers;
	size_t count;
	/** @layer_of: layer of each element of the model's debug table */
	size_t *layer_of;
};

/** cli_layers_open - the layers of the model at @path, all empty; one for everything when it cannot be read. Return: 0 or -1: no memory */
int cli_layers_open(struct cli_layers *layers, const char *path);
void cli_layers_close(struct cli_layers *layers);
/** cli_layers_find - index of the layer of an instruction */
size_t cli_layers_find(const struct cli_layers *layers, uint32_t pc);
/** cli_layers_add - add what a job did */
void cli_layers_add(struct cli_layers *layers, const struct cli_profile *profile, const struct cli_profile_job *job);
/**
 * cli_layer_bound - what held the layer up: name of the stream that was busy longest into @name, or "waiting" when that
 * was less than half of the time from its first instruction to its last
 */
void cli_layer_bound(const struct cli_layer *layer, char *name, size_t bytes);

#endif
