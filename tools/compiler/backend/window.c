// SPDX-License-Identifier: MIT
/* Windows over maps, in bands. */
#include <errno.h>
#include <string.h>

#include "window.h"

#define MAP_ROWS (1u << 1)
#define BAND_BYTES (36 * 1024)
/* Of an operand's dimension. */
#define KERNEL_MAX 4096

void pumori_window_of(const struct pumori_node *node, struct pumori_window *window)
{
	bool conv = node->primitive == PUMORI_PRIMITIVE_CONV2D;

	pumori_window_margins(node, window->margins);
	for (unsigned int i = 0; i < 2; i++) {
		window->in[i] = node->inputs[0]->type.shape[2 + i];
		window->out[i] = node->outputs[0]->type.shape[2 + i];
		if (conv) {
			window->kernel[i] = node->inputs[1]->type.shape[2 + i];
			window->stride[i] = node->attributes.conv2d.strides[i];
			window->dilation[i] = node->attributes.conv2d.dilations[i];
			window->pad[i] = node->attributes.conv2d.pads[i];
		} else {
			window->kernel[i] = node->attributes.pool2d.kernel[i];
			window->stride[i] = node->attributes.pool2d.strides[i];
			window->dilation[i] = node->attributes.pool2d.dilations[i];
			window->pad[i] = node->attributes.pool2d.pads[i];
		}
	}
}

static bool has_margins(const struct pumori_place *place, const int64_t *margins)
{
	for (unsigned int i = 0; i < 4; i++)
		if (place->halo[i] < margins[i])
			return false;
	return true;
}

/* Input elements that @outputs neighbouring outputs read along an axis. */
static int64_t reach(const struct pumori_window *window, unsigned int axis, int64_t outputs)
{
	return (outputs - 1) * window->stride[axis] +
	       (window->kernel[axis] - 1) * window->dilation[axis] + 1;
}

void pumori_bands_begin(struct pumori_bands *bands, struct pumori_lowering *lowering,
			const struct pumori_node *node, const struct pumori_window *window,
			unsigned int dtype, double padding)
{
	const struct pumori_tensor_type *in = &node->inputs[0]->type;
	const struct pumori_tensor_type *out = &node->outputs[0]->type;
	int64_t blocks, in_row, out_row;
	struct pumori_place *place = &bands->in;
	bool margins = false, in_memory;

	memset(bands, 0, sizeof(*bands));
	bands->lowering = lowering;
	bands->window = window;
	bands->in = pumori_lower_input(lowering, node, 0);
	bands->out = pumori_lower_output(lowering, node, 0);
	bands->padding = padding;
	bands->images = out->shape[0];
	if (window->kernel[0] > KERNEL_MAX || window->kernel[1] > KERNEL_MAX)
		pumori_tile_fail(lowering->program, -ENOTSUP, "a window larger than %d", KERNEL_MAX);
	for (unsigned int i = 0; i < 4; i++)
		margins = margins || window->margins[i];
	in_memory = place->space == PUMORI_ISA_MEMORY;
	bands->dtype = dtype ? dtype : place->dtype;
	bands->direct = !in_memory && !place->spread && place->dtype == bands->dtype &&
			(pumori_place_row_axes(place) & ~MAP_ROWS) == 0 &&
			(in->shape[1] == 1 || (place->rows & MAP_ROWS)) &&
			(!margins || (padding == 0 && has_margins(place, window->margins)));
	for (unsigned int axis = 0; axis < 2; axis++)
		bands->step[axis] = window->out[axis] < 32768 ? window->out[axis] : 32768;
	if (bands->direct && bands->out.space != PUMORI_ISA_MEMORY)
		return;
	/* Shrink the band until a temporary input and a temporary output fit. */
	blocks = (in->shape[1] + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS;
	in_row = blocks * pumori_isa_bytes(bands->dtype);
	blocks = (out->shape[1] + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS;
	out_row = blocks * 4;
	for (unsigned int axis = 0; axis < 2; axis++) {
		int64_t *step = &bands->step[axis];

		while (*step > 1 &&
		       ((!bands->direct && reach(window, 0, bands->step[0]) *
					   reach(window, 1, bands->step[1]) * in_row > BAND_BYTES) ||
			(bands->out.space == PUMORI_ISA_MEMORY &&
			 bands->step[0] * bands->step[1] * out_row > BAND_BYTES)))
			*step = *step > 8 ? *step * 3 / 4 : *step - 1;
	}
}

/* A copy of what the band reads, with margins. */
static void load_band(struct pumori_bands *bands)
{
	const struct pumori_window *window = bands->window;
	struct pumori_band *band = &bands->band;
	struct pumori_tile_program *program = bands->lowering->program;
	int64_t starts[4] = { band->image, 0, 0, 0 };
	int64_t extents[4] = { 1, bands->in.shape[1], 0, 0 };
	int64_t halo[4];
	struct pumori_place part = bands->in;

	for (unsigned int i = 0; i < 2; i++) {
		int64_t from = band->first[i] * window->stride[i] - window->pad[i];
		int64_t to = from + reach(window, i, band->extent[i]);
		int64_t first = from < 0 ? 0 : from, last = to > window->in[i] ? window->in[i] : to;

		/* Even a band of nothing but padding has one true line, to hang margins on. */
		if (first > window->in[i] - 1)
			first = window->in[i] - 1;
		if (last <= first)
			last = first + 1;
		starts[2 + i] = band->origin[i] = first;
		extents[2 + i] = last - first;
		halo[i] = first > from ? first - from : 0;
		halo[2 + i] = to > last ? to - last : 0;
	}
	if (!pumori_place_slice(&part, starts, extents, NULL)) {
		part = pumori_lower_spill(bands->lowering, &bands->in);
		pumori_place_slice(&part, starts, extents, NULL);
	}
	band->in = pumori_place_sbuf(program, bands->dtype, 4, extents, MAP_ROWS, halo);
	if (halo[0] | halo[1] | halo[2] | halo[3])
		pumori_emit_halo(program, &band->in, bands->padding);
	pumori_move(program, &band->in, &part);
}

static void make_band(struct pumori_bands *bands)
{
	struct pumori_band *band = &bands->band;
	int64_t starts[4] = { band->image, 0, 0, 0 };
	int64_t extents[4] = { 1, bands->in.shape[1], bands->in.shape[2], bands->in.shape[3] };

	for (unsigned int i = 0; i < 2; i++) {
		int64_t left = bands->window->out[i] - band->first[i];

		band->extent[i] = left < bands->step[i] ? left : bands->step[i];
		band->origin[i] = 0;
	}
	if (bands->direct) {
		band->in = bands->in;
		pumori_place_slice(&band->in, starts, extents, NULL);
	} else {
		load_band(bands);
	}
	starts[2] = band->first[0];
	starts[3] = band->first[1];
	extents[1] = bands->out.shape[1];
	extents[2] = band->extent[0];
	extents[3] = band->extent[1];
	band->target = bands->out;
	pumori_place_slice(&band->target, starts, extents, NULL);
	band->store = bands->out.space == PUMORI_ISA_MEMORY;
	band->out = band->store ? pumori_lower_temporary(bands->lowering, bands->out.dtype, 4,
							 extents, MAP_ROWS) :
				  band->target;
}

bool pumori_bands_next(struct pumori_bands *bands)
{
	struct pumori_band *band = &bands->band;

	if (bands->started) {
		if (band->store)
			pumori_move(bands->lowering->program, &band->target, &band->out);
		band->first[1] += bands->step[1];
		if (band->first[1] >= bands->window->out[1]) {
			band->first[1] = 0;
			band->first[0] += bands->step[0];
		}
		if (band->first[0] >= bands->window->out[0]) {
			band->first[0] = 0;
			band->image++;
		}
	}
	bands->started = true;
	if (band->image >= bands->images || bands->lowering->program->error)
		return false;
	make_band(bands);
	return true;
}

int64_t pumori_band_offset(const struct pumori_window *window, const struct pumori_band *band,
			   int64_t y, int64_t x)
{
	int64_t row = (band->first[0] + y) * window->stride[0] - window->pad[0] - band->origin[0];
	int64_t column = (band->first[1] + x) * window->stride[1] - window->pad[1] -
			 band->origin[1];

	return row * band->in.step[2] + column * band->in.step[3];
}
