// SPDX-License-Identifier: MIT
/*
 * CONV2D. Channels lie on partitions. Dense and grouped convolutions are matrix products, one for
 * each tap, of shifted windows of the padded map, accumulated in PSUM; with few input channels the
 * taps go onto partitions first. Depthwise ones are one WINDOW_MULTIPLY for each 128 channels.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "window.h"

/* Bytes of a partition that the weights of one pass may take. */
#define WEIGHT_BYTES (40 * 1024)

/* Depthwise products of bytes are added up in FP32: so many of 127 * 255 and -128 * 255 are exact. */
#define MAX_EXACT_TAPS 512

struct conv {
	struct pumori_lowering *lowering;
	const struct pumori_node *node;
	const struct pumori_activation *activation;
	unsigned int dtype, weight_dtype;	/* as the tensor engine takes them */
	int64_t channels, outputs, groups;	/* of the whole convolution */
	int64_t taps;
	int64_t row_taps;			/* of a channel, on partitions of their own: 1, KW or all */
	float *weights, *bias;			/* NULL when computed at run time */
	struct pumori_place weights_place;	/* [M, C / groups, KH, KW], then */
	bool has_bias;
	struct pumori_place bias_place;		/* [M] in SBUF, FP32 */
	struct pumori_place *packed;		/* weights by group and part, rank 0 until packed */
};

static int64_t minimum(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* The bias, one FP32 a row, loaded for the node. */
static void load_bias(struct conv *conv)
{
	int64_t shape[1] = { conv->outputs };
	struct pumori_place memory;

	if (!conv->has_bias)
		return;
	if (conv->bias)
		memory = pumori_lower_weights(conv->lowering, conv->bias, PUMORI_ISA_FP32, 1, shape);
	else
		memory = pumori_lower_input(conv->lowering, conv->node, 2);
	conv->bias_place = pumori_lower_temporary(conv->lowering, PUMORI_ISA_FP32, 1, shape, 1);
	pumori_move(conv->lowering->program, &conv->bias_place, &memory);
}

/* Rows @first .. @first + @count - 1 of the bias as a place of @out's shape. */
static struct pumori_place bias_rows(const struct conv *conv, int64_t first,
				     const struct pumori_place *out)
{
	struct pumori_place place = *out;

	place.tile = conv->bias_place.tile;
	place.space = PUMORI_ISA_SBUF;
	place.dtype = PUMORI_ISA_FP32;
	place.first_row = first;
	place.offset = 0;
	place.block_step = conv->bias_place.block_step;
	return place;
}

/*
 * A pass of matrix products: weights [K rows][taps][M] for output channels first_output ..
 * first_output + outputs - 1, which form one group's part.
 */
struct pass {
	const struct pumori_window *window;
	const struct pumori_band *band;
	struct pumori_place weights;	/* [K, taps * M] */
	int64_t first_channel, channels;
	int64_t weight_row;		/* of the weights place, for first_channel */
	int64_t first_output, outputs, pitch;	/* @pitch: M of a tap in the weights */
	int64_t weight_column;
	int64_t taps;
};

/* The rectangle of the band that one bank or one group of banks holds. */
struct patch {
	int64_t y, x, rows, columns;
};

static void multiply(const struct conv *conv, const struct pass *pass, uint32_t psum,
		     int64_t output, int64_t rows, const struct patch *banks, unsigned int count)
{
	const struct pumori_window *window = pass->window;
	const struct pumori_place *in = &pass->band->in;
	struct pumori_tile_program *program = conv->lowering->program;
	bool accumulate = false;

	for (int64_t k = 0, run; k < pass->channels; k += run) {
		run = pumori_place_run(in, pass->first_channel + k, pass->channels - k);
		run = pumori_place_run(&pass->weights, pass->weight_row + k, run);
		for (int64_t tap = 0; tap < pass->taps; tap++) {
			int64_t shift = tap / window->kernel[1] * window->dilation[0] * in->step[2] +
					tap % window->kernel[1] * window->dilation[1] * in->step[3];
			int64_t extent[1] = { rows }, step[1] = { 1 };
			struct pumori_isa_operand operand = pumori_place_operand(
				&pass->weights, pass->weight_row + k, run,
				tap * pass->pitch + pass->weight_column + output, 1, extent, step);

			pumori_matrix_load(program, pass->weights.tile, &operand, false);
			for (unsigned int b = 0; b < count; b++) {
				int64_t extents[2] = { banks[b].rows, banks[b].columns };
				int64_t steps[1][PUMORI_MAX_RANK] = {
					{ window->stride[0] * in->step[2],
					  window->stride[1] * in->step[3] } };
				unsigned int inner = 0, dims;

				dims = pumori_collapse(2, extents, steps, 1, &inner);
				if (!dims) {
					dims = 1;
					extents[0] = 1;
					steps[0][0] = 1;
				}
				operand = pumori_place_operand(
					in, pass->first_channel + k, run,
					shift + pumori_band_offset(window, pass->band, banks[b].y,
								   banks[b].x),
					dims, extents, steps[0]);
				pumori_matrix_multiply(program, psum, b * PUMORI_BANK_COLUMNS,
						       rows, in->tile, &operand, accumulate);
			}
			accumulate = true;
		}
	}
}

/* From PSUM to the output: all banks of equal shape at once. */
static void evacuate(const struct conv *conv, const struct pass *pass, uint32_t psum,
		     int64_t output, int64_t rows, const struct patch *banks, unsigned int count)
{
	const struct pumori_place *out = &pass->band->out;
	unsigned int equal = 1;

	if (!count)
		return;
	while (equal < count && banks[equal].rows == banks[0].rows &&
	       banks[equal].columns == banks[0].columns)
		equal++;
	for (unsigned int from = 0, banks_now; from < count; from += banks_now) {
		struct pumori_place target = *out, source, bias;
		const struct patch *bank = &banks[from];
		int64_t next;

		banks_now = from == 0 ? equal : 1;
		next = banks_now == 1 ? 0 :
		       (bank[1].y - bank->y) * out->step[2] + (bank[1].x - bank->x) * out->step[3];
		target.rank = 4;
		target.rows = 1;
		target.first_row = out->first_row + pass->first_output + output;
		target.offset = out->offset + bank->y * out->step[2] + bank->x * out->step[3];
		target.shape[0] = rows;
		target.shape[1] = banks_now;
		target.shape[2] = bank->rows;
		target.shape[3] = bank->columns;
		target.step[1] = next;
		target.step[2] = out->step[2];
		target.step[3] = out->step[3];
		memset(target.halo, 0, sizeof(target.halo));
		source = target;
		source.tile = psum;
		source.space = PUMORI_ISA_PSUM;
		source.dtype = pumori_matrix_sum(conv->dtype);
		source.first_row = 0;
		source.offset = (int64_t)from * PUMORI_BANK_COLUMNS;
		source.step[1] = PUMORI_BANK_COLUMNS;
		source.step[2] = bank->columns;
		source.step[3] = 1;
		source.block_step = 0;
		if (conv->has_bias)
			bias = bias_rows(conv, pass->first_output + output, &target);
		pumori_matrix_evacuate(conv->lowering, &target, &source, conv->activation, 1.0f,
				       conv->has_bias ? &bias : NULL);
	}
}

/* Does the whole band count as one line, because neither side has margins between its lines? */
static bool is_flat(const struct pass *pass)
{
	const struct pumori_window *window = pass->window;
	const struct pumori_band *band = pass->band;

	return pass->taps == 1 && window->stride[0] == 1 && window->stride[1] == 1 &&
	       band->in.step[2] == band->extent[1] * band->in.step[3] &&
	       band->out.step[2] == band->extent[1] * band->out.step[3];
}

static void run_pass(const struct conv *conv, const struct pass *pass)
{
	const struct pumori_band *band = pass->band;
	bool flat = is_flat(pass);
	int64_t height = flat ? 1 : band->extent[0];
	int64_t width = flat ? band->extent[0] * band->extent[1] : band->extent[1];
	int64_t lines = width > PUMORI_BANK_COLUMNS ? 1 : PUMORI_BANK_COLUMNS / width;

	for (int64_t m = 0, rows; m < pass->outputs; m += rows) {
		struct patch banks[PUMORI_MATRIX_BANKS];
		unsigned int count = 0;
		uint32_t psum = PUMORI_NO_TILE;
		int64_t y = 0, x = 0;

		rows = minimum(pass->outputs - m, PUMORI_ISA_STATIONARY_MAX);
		rows = pumori_place_run(&band->out, pass->first_output + m, rows);
		if (conv->has_bias)
			rows = pumori_place_run(&conv->bias_place, pass->first_output + m, rows);
		while (y < height && !conv->lowering->program->error) {
			struct patch *bank = &banks[count++];

			bank->y = y;
			bank->x = x;
			bank->rows = minimum(lines, height - y);
			bank->columns = minimum(width - x, PUMORI_BANK_COLUMNS);
			x += bank->columns;
			if (x >= width) {
				x = 0;
				y += bank->rows;
			}
			/* Banks of one group must be evenly spaced in the output. */
			if (count == PUMORI_MATRIX_BANKS || y >= height ||
			    (width > PUMORI_BANK_COLUMNS && x == 0)) {
				psum = pumori_tile_psum(conv->lowering->program, count);
				multiply(conv, pass, psum, m, rows, banks, count);
				evacuate(conv, pass, psum, m, rows, banks, count);
				count = 0;
			}
		}
	}
}

/*
 * Weights of a pass as [channels][taps on rows][other taps][outputs] of the group @group; channel c of the
 * pass is input channel c of the group.
 */
static struct pumori_place pack_weights(const struct conv *conv, int64_t group, int64_t first,
					int64_t outputs)
{
	int64_t depth = conv->channels / conv->groups;
	int64_t width = conv->outputs / conv->groups;
	int64_t rest = conv->taps / conv->row_taps;
	struct pumori_place memory = { 0 };
	float *values = malloc((size_t)depth * conv->taps * outputs * sizeof(*values) + 1);

	if (!values) {
		pumori_tile_fail(conv->lowering->program, -ENOMEM, "memory");
		return memory;
	}
	for (int64_t c = 0; c < depth; c++)
		for (int64_t tap = 0; tap < conv->taps; tap++) {
			int64_t row = c * conv->row_taps + tap % conv->row_taps;
			float *to = values + (row * rest + tap / conv->row_taps) * outputs;

			for (int64_t m = 0; m < outputs; m++)
				to[m] = conv->weights[((group * width + first + m) * depth + c) *
						      conv->taps + tap];
		}
	memory = pumori_matrix_pack(conv->lowering, values, depth * conv->row_taps, rest * outputs,
				    rest * outputs, conv->weight_dtype);
	free(values);
	return memory;
}

/* Weights that are computed at run time: turned around on their way into SBUF. */
static struct pumori_place turn_weights(const struct conv *conv, int64_t group, int64_t first,
					int64_t outputs)
{
	static const unsigned int order[4] = { 1, 2, 3, 0 };
	int64_t width = conv->outputs / conv->groups;
	struct pumori_place view = conv->weights_place, place;
	int64_t starts[4] = { group * width + first, 0, 0, 0 };
	int64_t extents[4] = { outputs, view.shape[1], view.shape[2], view.shape[3] };
	int64_t shape[2] = { view.shape[1], conv->taps * outputs };

	pumori_place_slice(&view, starts, extents, NULL);
	pumori_place_permute(&view, order);
	if (conv->row_taps > 1) {
		shape[0] = view.shape[0] * conv->taps;
		shape[1] = outputs;
	}
	place = pumori_lower_temporary(conv->lowering, conv->weight_dtype, 4, view.shape,
				       conv->row_taps > 1 ? 7 : 1);
	pumori_move(conv->lowering->program, &place, &view);
	pumori_place_reshape(&place, 2, shape);
	return place;
}

/* The same in SBUF; packed once, however often it is loaded. */
static struct pumori_place load_weights(const struct conv *conv, size_t index, int64_t group,
					int64_t first, int64_t outputs)
{
	struct pumori_place *memory = &conv->packed[index];

	if (!conv->weights)
		return turn_weights(conv, group, first, outputs);
	if (!memory->rank)
		*memory = pack_weights(conv, group, first, outputs);
	return pumori_matrix_fetch(conv->lowering, memory);
}

/* All groups' weights in the rows of their input channels: [C][taps][M / groups]. */
static struct pumori_place load_grouped(const struct conv *conv)
{
	int64_t depth = conv->channels / conv->groups;
	int64_t width = conv->outputs / conv->groups;
	int64_t shape[2] = { conv->channels, conv->taps * width };
	struct pumori_place memory = { 0 }, place;
	float *values = malloc((size_t)conv->channels * conv->taps * width * sizeof(*values) + 1);

	if (!values) {
		pumori_tile_fail(conv->lowering->program, -ENOMEM, "memory");
		return memory;
	}
	for (int64_t c = 0; c < conv->channels; c++)
		for (int64_t tap = 0; tap < conv->taps; tap++)
			for (int64_t m = 0; m < width; m++)
				values[(c * conv->taps + tap) * width + m] =
					conv->weights[((c / depth * width + m) * depth +
						       c % depth) * conv->taps + tap];
	memory = pumori_lower_weights(conv->lowering, values, conv->weight_dtype, 2, shape);
	free(values);
	place = pumori_lower_temporary(conv->lowering, conv->weight_dtype, 2, shape, 1);
	pumori_move(conv->lowering->program, &place, &memory);
	return place;
}

/*
 * Copy windows onto partitions of their own: [C * row_taps] rows. With all taps there, they are of the output's
 * size, and @point is the window that is left; with a line of taps, of so many lines as the others reach.
 */
static void taps_to_rows(const struct conv *conv, const struct pumori_window *window,
			 const struct pumori_band *band, struct pumori_band *spread,
			 struct pumori_window *point)
{
	const struct pumori_place *in = &band->in;
	bool line = conv->row_taps < conv->taps;
	int64_t lines = line ? (band->extent[0] - 1) * window->stride[0] +
			       (window->kernel[0] - 1) * window->dilation[0] + 1 : band->extent[0];
	int64_t line_step = (line ? 1 : window->stride[0]) * in->step[2];
	bool whole = window->stride[1] == 1 && line_step == in->step[2] && in->step[3] == 1;
	int64_t pitch = whole ? in->step[2] : band->extent[1];
	int64_t shape[4] = { 1, conv->channels * conv->row_taps, lines, pitch };
	struct pumori_tile_program *program = conv->lowering->program;

	*point = *window;
	for (unsigned int i = 0; i < 2; i++) {
		spread->first[i] = spread->origin[i] = point->pad[i] = 0;
		if (i || !line)
			point->kernel[i] = point->stride[i] = point->dilation[i] = 1;
	}
	spread->in = pumori_lower_temporary(conv->lowering, conv->dtype, 4, shape, 1u << 1);
	for (int64_t c = 0; c < conv->channels; c++) {
		struct pumori_tile_instruction *instruction = pumori_tile_append(
			program, PUMORI_ISA_DMA_COPY);
		int64_t row = in->first_row + c;
		struct pumori_isa_dma *dma;

		if (!instruction)
			return;
		dma = &instruction->isa.dma;
		instruction->tiles[PUMORI_TILE_OUT] = spread->in.tile;
		instruction->tiles[PUMORI_TILE_IN0] = in->tile;
		/* Lines that stay as they are go as one run. */
		dma->destination = (struct pumori_isa_dma_side){
			.space = PUMORI_ISA_SBUF, .dtype = conv->dtype,
			.partition_start = c * conv->row_taps, .partition_count = conv->row_taps,
			.partition_step = 1, .dims = 1,
			.count = { (lines - 1) * pitch + band->extent[1] }, .step = { 1 } };
		dma->source = (struct pumori_isa_dma_side){
			.space = PUMORI_ISA_SBUF, .dtype = in->dtype,
			.partition_start = row % PUMORI_ISA_PARTITIONS, .partition_count = 1,
			.partition_step = 1, .dims = whole ? 3 : 4,
			.offset = (uint64_t)(in->offset +
					     row / PUMORI_ISA_PARTITIONS * in->block_step +
					     pumori_band_offset(window, band, 0, 0)) *
				  pumori_isa_bytes(in->dtype),
			.count = { conv->row_taps / window->kernel[1], window->kernel[1], lines,
				   band->extent[1] },
			.step = { window->dilation[0] * in->step[2],
				  window->dilation[1] * in->step[3], line_step,
				  window->stride[1] * in->step[3] } };
		if (whole) {
			dma->source.count[2] = (lines - 1) * pitch + band->extent[1];
			dma->source.step[2] = 1;
			dma->source.count[3] = 0;
			dma->source.step[3] = 0;
		}
	}
}

/* With few channels taps go onto partitions, too: all of them, or those of a line. */
static int64_t choose_row_taps(const struct conv *conv, const struct pumori_window *window)
{
	if (conv->groups > 1 || conv->taps == 1)
		return 1;
	if (conv->channels <= 16 && conv->channels * conv->taps <= PUMORI_ISA_PARTITIONS)
		return conv->taps;
	if (conv->weights && conv->channels < 32 && window->kernel[1] > 1 &&
	    conv->channels * window->kernel[1] <= PUMORI_ISA_PARTITIONS)
		return window->kernel[1];
	return 1;
}

static void lower_dense(struct conv *conv, const struct pumori_window *window)
{
	int64_t depth = conv->channels / conv->groups, width = conv->outputs / conv->groups;
	int64_t blocks = (depth + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS;
	int64_t bytes = blocks * conv->taps * pumori_isa_bytes(conv->dtype);
	int64_t part = width, parts;
	struct pumori_place weights = { 0 };
	struct pumori_bands bands;
	bool grouped = conv->groups > 1 && conv->weights && (conv->channels + 127) / 128 * conv->taps * width *
					   pumori_isa_bytes(conv->dtype) <= WEIGHT_BYTES;
	bool once = grouped;

	if (bytes * part > WEIGHT_BYTES) {
		part = WEIGHT_BYTES / bytes / PUMORI_ISA_PARTITIONS * PUMORI_ISA_PARTITIONS;
		if (part < PUMORI_ISA_PARTITIONS)
			part = minimum(width, PUMORI_ISA_PARTITIONS);
	}
	parts = (width + part - 1) / part;
	conv->row_taps = choose_row_taps(conv, window);
	conv->packed = calloc(conv->groups * parts, sizeof(*conv->packed));
	if (!conv->packed) {
		pumori_tile_fail(conv->lowering->program, -ENOMEM, "memory");
		return;
	}
	if (grouped) {
		weights = load_grouped(conv);
	} else if (conv->groups == 1 && parts == 1) {
		weights = load_weights(conv, 0, 0, 0, width);
		once = true;
	}
	pumori_bands_begin(&bands, conv->lowering, conv->node, window, conv->dtype, 0.0);
	while (pumori_bands_next(&bands)) {
		struct pumori_band spread = bands.band;
		struct pumori_window point;
		struct pass pass = { .window = window, .band = &bands.band, .taps = conv->taps };

		if (conv->row_taps > 1) {
			taps_to_rows(conv, window, &bands.band, &spread, &point);
			pass.window = &point;
			pass.band = &spread;
			pass.taps = conv->taps / conv->row_taps;
		}
		for (int64_t g = 0; g < conv->groups; g++) {
			for (int64_t m = 0; m < width; m += part) {
				pass.outputs = minimum(part, width - m);
				pass.first_output = g * width + m;
				pass.first_channel = g * depth;
				pass.channels = depth * conv->row_taps;
				pass.pitch = pass.outputs;
				pass.weight_row = grouped ? g * depth : 0;
				pass.weights = once ? weights :
					       load_weights(conv, g * parts + m / part, g, m,
							    pass.outputs);
				run_pass(conv, &pass);
			}
		}
	}
}

/* What WINDOW_MULTIPLY can do to its sums: two operations with immediates. */
struct tail {
	unsigned int op[2];
	float value[2];
};

static bool fits_tail(const struct pumori_function *function, struct tail *tail)
{
	memset(tail, 0, sizeof(*tail));
	switch (function->function) {
	case PUMORI_ISA_FUNCTION_IDENTITY:
		return true;
	case PUMORI_ISA_FUNCTION_RELU:
		tail->op[0] = PUMORI_ISA_ALU_MAX;
		return true;
	case PUMORI_ISA_FUNCTION_CLAMP:
		tail->op[0] = PUMORI_ISA_ALU_MAX;
		tail->value[0] = function->alpha;
		tail->op[1] = PUMORI_ISA_ALU_MIN;
		tail->value[1] = function->beta;
		return true;
	default:
		return false;
	}
}

static void window_multiply(const struct conv *conv, const struct pumori_window *window,
			    const struct pumori_band *band, const struct pumori_place *out,
			    const struct pumori_place *weights, const struct tail *tail)
{
	const struct pumori_place *in = &band->in;
	int64_t extents[4] = { band->extent[0], band->extent[1], window->kernel[0],
			       window->kernel[1] };
	int64_t in_steps[4] = { window->stride[0] * in->step[2], window->stride[1] * in->step[3],
				window->dilation[0] * in->step[2],
				window->dilation[1] * in->step[3] };
	int64_t out_steps[2] = { out->step[2], out->step[3] };
	int64_t taps[2] = { window->kernel[1], 1 }, one[1] = { 1 };

	for (int64_t c = 0, run; c < conv->channels; c += run) {
		struct pumori_tile_instruction *instruction;
		struct pumori_isa_compute *compute;

		run = pumori_place_run(in, c, conv->channels - c);
		run = pumori_place_run(out, c, run);
		run = pumori_place_run(weights, c, run);
		instruction = pumori_tile_append(conv->lowering->program,
						 PUMORI_ISA_WINDOW_MULTIPLY);
		if (!instruction)
			return;
		compute = &instruction->isa.compute;
		instruction->tiles[PUMORI_TILE_OUT] = out->tile;
		instruction->tiles[PUMORI_TILE_IN0] = in->tile;
		instruction->tiles[PUMORI_TILE_IN1] = weights->tile;
		compute->out = pumori_place_operand(out, c, run, 0, 2, extents, out_steps);
		compute->in[0] = pumori_place_operand(in, c, run,
						      pumori_band_offset(window, band, 0, 0), 4,
						      extents, in_steps);
		compute->in[1] = pumori_place_operand(weights, c, run, 0, 2, extents + 2, taps);
		if (conv->has_bias) {
			instruction->tiles[PUMORI_TILE_IN2] = conv->bias_place.tile;
			compute->in[2] = pumori_place_operand(&conv->bias_place, c, run, 0, 1, one,
							      one);
		}
		compute->compute = PUMORI_ISA_FP32;
		compute->op0 = tail->op[0];
		compute->op1 = tail->op[1];
		compute->imm[0] = pumori_float_bits(tail->value[0]);
		compute->imm[1] = pumori_float_bits(tail->value[1]);
	}
}

static void lower_depthwise(struct conv *conv, const struct pumori_window *window)
{
	int64_t shape[2] = { conv->channels, conv->taps };
	struct pumori_place memory, weights;
	struct pumori_function function;
	struct pumori_bands bands;
	struct tail tail;
	bool simple, fused;

	/* A function that scales its argument scales the weights instead. */
	simple = pumori_activation_function(conv->activation, &function);
	if (!simple)
		function = (struct pumori_function){ .scale = 1.0f };
	fused = fits_tail(&function, &tail) && simple;
	if (!fused)
		memset(&tail, 0, sizeof(tail));
	if (conv->weights) {
		for (int64_t i = 0; i < conv->channels * conv->taps; i++)
			conv->weights[i] *= function.scale;
		memory = pumori_lower_weights(conv->lowering, conv->weights, PUMORI_ISA_FP32, 2,
					      shape);
	} else {
		memory = conv->weights_place;
		pumori_place_reshape(&memory, 2, shape);
	}
	weights = pumori_lower_temporary(conv->lowering, PUMORI_ISA_FP32, 2, shape, 1);
	pumori_move(conv->lowering->program, &weights, &memory);
	pumori_bands_begin(&bands, conv->lowering, conv->node, window, 0, 0.0);
	while (pumori_bands_next(&bands)) {
		struct pumori_band *band = &bands.band;
		struct pumori_place out = band->out;

		if (fused) {
			window_multiply(conv, window, band, &out, &weights, &tail);
			continue;
		}
		if (out.dtype != PUMORI_ISA_FP32 || !simple)
			out = pumori_lower_temporary(conv->lowering, PUMORI_ISA_FP32, 4, out.shape,
						     1u << 1);
		window_multiply(conv, window, band, &out, &weights, &tail);
		if (simple)
			pumori_emit_activate(conv->lowering->program, &band->out, &out,
					     function.function, 1.0f, 0.0f, function.alpha,
					     function.beta);
		else
			pumori_lower_activation(conv->lowering, &band->out, &out,
						conv->activation, 1.0f, 0.0f);
	}
}

/* The node's activation over its finished output. */
static void apply_activation(const struct conv *conv)
{
	const struct pumori_tensor *tensor = conv->node->outputs[0];
	struct pumori_place out = conv->lowering->places[tensor->index];
	struct pumori_region region;

	pumori_region_begin(&region, 4, out.shape, 1u << 1, 0, 4, PUMORI_REGION_BYTES);
	while (pumori_region_next(&region) && !conv->lowering->program->error) {
		struct pumori_place part = pumori_region_part(conv->lowering, &region, &out);
		struct pumori_place source = pumori_lower_fetch(conv->lowering, &part, 4,
								part.shape, 1u << 1, part.dtype,
								false);
		struct pumori_place result = pumori_lower_temporary(
			conv->lowering, part.dtype, 4, part.shape, 1u << 1);

		pumori_lower_activation(conv->lowering, &result, &source,
					&conv->node->attributes.conv2d.activation, 1.0f, 0.0f);
		pumori_move(conv->lowering->program, &part, &result);
	}
}

void pumori_lower_conv2d(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	const struct pumori_tensor *weights = node->inputs[1];
	const struct pumori_tensor *bias = node->input_count > 2 ? node->inputs[2] : NULL;
	static const struct pumori_activation plain = { .function = PUMORI_UNARY_IDENTITY };
	struct pumori_window window;
	struct conv conv = {
		.lowering = lowering, .node = node,
		.activation = &node->attributes.conv2d.activation,
		.dtype = pumori_matrix_type(lowering->graph, node->inputs[0]->type.element),
		.weight_dtype = pumori_matrix_type(lowering->graph, weights->type.element),
		.channels = node->inputs[0]->type.shape[1],
		.outputs = node->outputs[0]->type.shape[1],
		.groups = node->attributes.conv2d.groups,
	};

	if (pumori_element_bytes(node->inputs[0]->type.element) != 1 ?
	    !pumori_element_is_float(node->inputs[0]->type.element) : bias != NULL) {
		pumori_tile_fail(lowering->program, -ENOTSUP,
				 "convolutions of %s have no lowering",
				 pumori_element_name(node->inputs[0]->type.element));
		return;
	}
	pumori_window_of(node, &window);
	conv.taps = window.kernel[0] * window.kernel[1];
	if (pumori_tensor_is_constant(weights) && (!bias || pumori_tensor_is_constant(bias))) {
		conv.weights = pumori_lower_floats(lowering, weights);
		conv.bias = bias ? pumori_lower_floats(lowering, bias) :
				   calloc(conv.outputs + 1, sizeof(float));
		if (!conv.weights || !conv.bias) {
			pumori_tile_fail(lowering->program, -ENOMEM, "memory");
			free(conv.weights);
			free(conv.bias);
			return;
		}
		conv.has_bias = pumori_matrix_bias(conv.activation, conv.bias, conv.outputs);
	} else {
		/* What folds into constants stays outside: the function comes in a pass of its own. */
		conv.weights_place = pumori_lower_input(lowering, node, 1);
		if (conv.weights_place.space != PUMORI_ISA_MEMORY)
			conv.weights_place = pumori_lower_spill(lowering, &conv.weights_place);
		conv.has_bias = bias != NULL;
		conv.activation = &plain;
	}
	load_bias(&conv);
	if (conv.groups == conv.channels && conv.groups > 1 && conv.taps > MAX_EXACT_TAPS &&
	    pumori_matrix_sum(conv.dtype) == PUMORI_ISA_INT32)
		pumori_tile_fail(lowering->program, -ENOTSUP,
				 "depthwise convolutions of bytes take %d taps", MAX_EXACT_TAPS);
	if (conv.groups == conv.channels && conv.outputs == conv.channels && conv.groups > 1)
		lower_depthwise(&conv, &window);
	else
		lower_dense(&conv, &window);
	if (conv.activation == &plain &&
	    node->attributes.conv2d.activation.function != PUMORI_UNARY_IDENTITY)
		apply_activation(&conv);
	free(conv.weights);
	free(conv.bias);
	free(conv.packed);
}
