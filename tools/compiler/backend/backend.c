// SPDX-License-Identifier: MIT
/* The back end's one screen: passes in order, and another try with less in SBUF where it was short. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../backend.h"
#include "lower.h"
#include "passes.h"

/*
 * Bytes of a partition for tensors that stay in SBUF between nodes. The first that lets everything
 * fit is taken; with 0 every tensor lives in device memory and only the tiles of one node at a
 * time are in SBUF.
 */
static const uint32_t budgets[] = { 160 * 1024, 112 * 1024, 64 * 1024, 24 * 1024, 0 };

/* What a chip holds unless it is configured for more. */
#define STORE_INSTRUCTIONS 65536

/* Most bytes of a partition for weights that stay between runs. */
#define PRELOAD_BYTES (128 * 1024)

static const char *const pass_names[] = { "layout", "tile", "allocate", "streams", "semaphores" };

bool pumori_backend_has_pass(const char *name)
{
	for (size_t i = 0; i < sizeof(pass_names) / sizeof(pass_names[0]); i++)
		if (!strcmp(name, pass_names[i]))
			return true;
	return false;
}

static bool dumps(const struct pumori_compile_options *options, const char *name)
{
	return options->dump && options->dump_after && !strcmp(options->dump_after, name);
}

/* Weights stay in SBUF as far as there is room beside what a run needs. */
static int allocate(struct pumori_tile_program *program,
		    const struct pumori_compile_options *options)
{
	uint64_t limit = options->preload ? PRELOAD_BYTES : 0;
	int result;

	for (;;) {
		result = pumori_choose_preload(program, limit);
		if (!result)
			result = pumori_allocate(program);
		if (result != -ENOSPC || !limit)
			return result;
		limit = limit > PRELOAD_BYTES / 8 ? limit / 2 : 0;
	}
}

static int run_passes(struct pumori_tile_program *program, const struct pumori_layout *layouts,
		      const struct pumori_compile_options *options, const char *path)
{
	void *image = NULL;
	size_t bytes;
	int result;

	result = pumori_lower(program->graph, layouts, program);
	if (result)
		return result;
	if (dumps(options, "tile"))
		pumori_tile_print(program, options->dump);
	result = allocate(program, options);
	if (result)
		return result;
	if (program->instruction_count > STORE_INSTRUCTIONS)
		pumori_warning(program->diagnostics, NULL, NULL,
			       "%u instructions: a chip's instruction store holds %d by default",
			       program->instruction_count, STORE_INSTRUCTIONS);
	if (dumps(options, "layout"))
		pumori_layout_print(program->graph, layouts, options->dump);
	if (dumps(options, "allocate"))
		pumori_tile_print(program, options->dump);
	result = pumori_assign_streams(program, options->target);
	if (!result && dumps(options, "streams"))
		pumori_tile_print(program, options->dump);
	if (!result)
		result = pumori_insert_semaphores(program);
	if (!result && dumps(options, "semaphores"))
		pumori_tile_print(program, options->dump);
	if (!result)
		result = pumori_encode(program, &image, &bytes);
	if (!result && options->report)
		pumori_report(program, options->report);
	if (!result)
		result = pumori_write_executable(program, image, bytes, options, path);
	free(image);
	return result;
}

int pumori_backend_compile(struct pumori_graph *graph,
			   const struct pumori_compile_options *options,
			   struct pumori_diagnostics *diagnostics, const char *output_path)
{
	int result = -ENOSPC;

	for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]) && result == -ENOSPC; i++) {
		bool limited = options->resident_bytes && options->resident_bytes < budgets[i];
		struct pumori_layout *layouts = pumori_layout_assign(
			graph, limited ? options->resident_bytes : budgets[i]);
		struct pumori_tile_program *program = pumori_tile_program_create(graph, diagnostics);

		if (layouts && program)
			result = run_passes(program, layouts, options, output_path);
		else
			result = program ? pumori_out_of_memory(diagnostics) : -ENOMEM;
		pumori_tile_program_destroy(program);
		free(layouts);
	}
	if (result == -ENOSPC)
		return pumori_error(diagnostics, -ENOTSUP, NULL, NULL,
				    "one node alone needs more than %d bytes of a partition of SBUF",
				    PUMORI_ISA_SBUF_BYTES);
	return result;
}
