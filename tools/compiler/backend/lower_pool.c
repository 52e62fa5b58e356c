// SPDX-License-Identifier: MIT
/* POOL2D: one WINDOW_MAX or WINDOW_SUM for each 128 channels of a band. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

/* How many elements of the map (or of the counted padding) the windows of one axis hold. */
static int64_t counted(const struct pumori_node *node, const struct pumori_window *window,
		       unsigned int axis, int64_t index)
{
	int64_t first = index * window->stride[axis] - window->pad[axis], count = 0;
	int64_t low = 0, high = window->in[axis];

	if (node->attributes.pool2d.count_include_pad) {
		low = -window->pad[axis];
		high += node->attributes.pool2d.pads[2 + axis] -
			node->attributes.pool2d.excess[axis];
	}
	for (int64_t i = 0; i < window->kernel[axis]; i++) {
		int64_t at = first + i * window->dilation[axis];

		count += at >= low && at < high;
	}
	return count;
}

/* The factors of an average where they differ: a map [1, 1, OH, OW] in the weights. */
static struct pumori_place factor_map(struct pumori_lowering *lowering,
				      const struct pumori_node *node,
				      const struct pumori_window *window, float *uniform)
{
	int64_t shape[4] = { 1, 1, window->out[0], window->out[1] };
	float *values = malloc(shape[2] * shape[3] * sizeof(*values) + 1);
	struct pumori_place place = { 0 };

	if (!values) {
		pumori_tile_fail(lowering->program, -ENOMEM, "memory");
		return place;
	}
	*uniform = NAN;
	for (int64_t y = 0; y < shape[2]; y++)
		for (int64_t x = 0; x < shape[3]; x++) {
			int64_t count = counted(node, window, 0, y) * counted(node, window, 1, x);

			values[y * shape[3] + x] = 1.0f / (float)(count ? count : 1);
		}
	*uniform = values[0];
	for (int64_t i = 1; i < shape[2] * shape[3]; i++)
		if (values[i] != values[0])
			*uniform = NAN;
	if (isnan(*uniform))
		place = pumori_lower_weights(lowering, values, PUMORI_ISA_FP32, 4, shape);
	free(values);
	return place;
}

static void window_reduce(struct pumori_lowering *lowering, const struct pumori_window *window,
			  const struct pumori_band *band, const struct pumori_place *out,
			  bool average, float factor)
{
	const struct pumori_place *in = &band->in;
	int64_t extents[4] = { band->extent[0], band->extent[1], window->kernel[0],
			       window->kernel[1] };
	int64_t in_steps[4] = { window->stride[0] * in->step[2], window->stride[1] * in->step[3],
				window->dilation[0] * in->step[2],
				window->dilation[1] * in->step[3] };
	int64_t out_steps[2] = { out->step[2], out->step[3] };

	for (int64_t c = 0, run; c < in->shape[1]; c += run) {
		struct pumori_tile_instruction *instruction;
		struct pumori_isa_compute *compute;

		run = pumori_place_run(in, c, in->shape[1] - c);
		run = pumori_place_run(out, c, run);
		instruction = pumori_tile_append(lowering->program,
						 average ? PUMORI_ISA_WINDOW_SUM :
							   PUMORI_ISA_WINDOW_MAX);
		if (!instruction)
			return;
		compute = &instruction->isa.compute;
		instruction->tiles[PUMORI_TILE_OUT] = out->tile;
		instruction->tiles[PUMORI_TILE_IN0] = in->tile;
		compute->out = pumori_place_operand(out, c, run, 0, 2, extents, out_steps);
		compute->in[0] = pumori_place_operand(in, c, run,
						      pumori_band_offset(window, band, 0, 0), 4,
						      extents, in_steps);
		compute->compute = PUMORI_ISA_FP32;
		if (average && factor != 1.0f) {
			compute->op0 = PUMORI_ISA_ALU_MULTIPLY;
			compute->imm[0] = pumori_float_bits(factor);
		}
	}
}

void pumori_lower_pool2d(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	bool average = node->attributes.pool2d.function == PUMORI_REDUCTION_MEAN;
	struct pumori_place map = { 0 };
	struct pumori_window window;
	struct pumori_bands bands;
	float factor = 1.0f;

	if (!pumori_element_is_float(node->inputs[0]->type.element)) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "pooling of integers has no lowering");
		return;
	}
	pumori_window_of(node, &window);
	if (average)
		map = factor_map(lowering, node, &window, &factor);
	pumori_bands_begin(&bands, lowering, node, &window, 0, average ? 0.0 : -INFINITY);
	while (pumori_bands_next(&bands)) {
		struct pumori_band *band = &bands.band;
		struct pumori_place sums, factors;
		int64_t starts[4] = { 0, 0, band->first[0], band->first[1] };
		int64_t extents[4] = { 1, 1, band->extent[0], band->extent[1] };

		if (!isnan(factor)) {
			window_reduce(lowering, &window, band, &band->out, average, factor);
			continue;
		}
		sums = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, 4, band->out.shape, 1u << 1);
		window_reduce(lowering, &window, band, &sums, true, 1.0f);
		factors = map;
		pumori_place_slice(&factors, starts, extents, NULL);
		factors = pumori_lower_fetch(lowering, &factors, 4, band->out.shape, 1u << 1,
					     PUMORI_ISA_FP32, false);
		pumori_emit_binary(lowering->program, &band->out, &sums, &factors,
				   PUMORI_ISA_ALU_MULTIPLY, PUMORI_ISA_FP32);
	}
}
