// SPDX-License-Identifier: MIT
/*
 * ONNX convolution and pooling. The primitives have two spatial dimensions: one-dimensional ones
 * get a second of extent 1, three-dimensional ones are composed along their depth.
 */
#include <string.h>

#include "import_window.h"
#include "importer.h"

#define MAX_SPATIAL 3
/* Each plane of a three-dimensional kernel becomes a convolution of its own. */
#define MAX_KERNEL_DEPTH 64

/* Window attributes of every spatial dimension, padding resolved. */
struct window {
	unsigned int rank;
	int64_t kernel[MAX_SPATIAL];
	int64_t strides[MAX_SPATIAL];
	int64_t dilations[MAX_SPATIAL];
	int64_t before[MAX_SPATIAL];
	int64_t after[MAX_SPATIAL];
	int64_t excess[MAX_SPATIAL];	/* part of after that rounding up added */
};

static void read_list(struct pumori_importer *importer, const char *name, unsigned int rank,
		      int64_t *values, int64_t value_if_absent, int64_t minimum)
{
	const int64_t *listed;
	size_t count = pumori_attribute_ints(importer, name, &listed);

	for (unsigned int i = 0; i < rank; i++)
		values[i] = i < count ? listed[i] : value_if_absent;
	if (count && count != rank)
		pumori_reject(importer, "attribute %s has %zu elements, not %u", name, count, rank);
	for (unsigned int i = 0; i < rank && !importer->error; i++)
		if (values[i] < minimum || values[i] > INT32_MAX)
			pumori_reject(importer, "attribute %s has the impossible value %lld", name,
				      (long long)values[i]);
}

/*
 * Strides, dilations and padding for @shape, a tensor's spatial extents; the kernel is known.
 * All values are below 2^31, so sums and products of two stay within 64 bits.
 */
static void read_window(struct pumori_importer *importer, struct window *window,
			const int64_t *shape, bool ceil_mode)
{
	int64_t pads[2 * MAX_SPATIAL];
	bool upper = pumori_attribute_is(importer, "auto_pad", "NOTSET", "SAME_UPPER");
	bool same = upper || pumori_attribute_is(importer, "auto_pad", "NOTSET", "SAME_LOWER");
	bool valid = pumori_attribute_is(importer, "auto_pad", "NOTSET", "VALID");

	read_list(importer, "strides", window->rank, window->strides, 1, 1);
	read_list(importer, "dilations", window->rank, window->dilations, 1, 1);
	read_list(importer, "pads", 2 * window->rank, pads, 0, INT32_MIN);
	if (!same && !valid && !pumori_attribute_is(importer, "auto_pad", "NOTSET", "NOTSET"))
		pumori_reject(importer, "unknown auto_pad");
	for (unsigned int i = 0; i < window->rank && !importer->error; i++) {
		int64_t reach = (window->kernel[i] - 1) * window->dilations[i] + 1;
		int64_t stride = window->strides[i], total, rest;

		if (shape[i] > INT32_MAX) {
			pumori_refuse(importer, "an extent of %lld is not supported",
				      (long long)shape[i]);
			return;
		}
		window->before[i] = same || valid ? 0 : pads[i];
		window->after[i] = same || valid ? 0 : pads[window->rank + i];
		window->excess[i] = 0;
		if (same) {
			total = ((shape[i] + stride - 1) / stride - 1) * stride + reach - shape[i];
			total = total < 0 ? 0 : total;
			window->before[i] = upper ? total / 2 : total - total / 2;
			window->after[i] = total - window->before[i];
		}
		rest = shape[i] + window->before[i] + window->after[i] - reach;
		if (!ceil_mode || rest < 0 || !(rest % stride))
			continue;
		/* The last window may not begin in the padding behind the map. */
		if ((rest / stride + 1) * stride >= shape[i] + window->before[i])
			continue;
		window->excess[i] = stride - rest % stride;
		window->after[i] += window->excess[i];
	}
}

/* [N, C, spatial...] with @spatial extents behind the first two dimensions. */
static struct pumori_tensor *with_spatial(struct pumori_importer *importer,
					  struct pumori_tensor *x, unsigned int count,
					  const int64_t *spatial)
{
	int64_t shape[PUMORI_MAX_RANK];

	if (!x)
		return NULL;
	memcpy(shape, x->type.shape, 2 * sizeof(*shape));
	memcpy(shape + 2, spatial, count * sizeof(*shape));
	return pumori_build_reshape(importer->graph, x, 2 + count, shape);
}

/* A map of one spatial dimension gets a second, behind it. */
static struct pumori_tensor *flat_to_map(struct pumori_importer *importer,
					 struct pumori_tensor *x)
{
	return x && x->type.rank == 3 ?
	       with_spatial(importer, x, 2, (int64_t[]){ x->type.shape[2], 1 }) : x;
}

static struct pumori_tensor *map_to_flat(struct pumori_importer *importer,
					 struct pumori_tensor *x, unsigned int rank)
{
	return x && rank == 1 ? with_spatial(importer, x, 1, (int64_t[]){ x->type.shape[2] }) : x;
}

static struct pumori_tensor *build_conv2d(struct pumori_importer *importer,
					  const struct window *window, unsigned int first,
					  int64_t groups, struct pumori_tensor *x,
					  struct pumori_tensor *weight, struct pumori_tensor *bias)
{
	union pumori_attributes attributes = { .conv2d = { .groups = groups } };
	bool flat = window->rank == 1;

	for (unsigned int i = 0; i < 2; i++) {
		bool real = !flat || !i;

		attributes.conv2d.strides[i] = real ? window->strides[first + i] : 1;
		attributes.conv2d.dilations[i] = real ? window->dilations[first + i] : 1;
		attributes.conv2d.pads[i] = real ? window->before[first + i] : 0;
		attributes.conv2d.pads[2 + i] = real ? window->after[first + i] : 0;
	}
	return pumori_build(importer->graph, PUMORI_PRIMITIVE_CONV2D, &attributes,
			    (struct pumori_tensor *[]){ x, weight, bias }, 3);
}

/* One slice of the kernel's depth: padded depth positions @tap, @tap + stride, ... as a batch. */
static struct pumori_tensor *depth_tap(struct pumori_importer *importer,
				       const struct window *window, int64_t tap, int64_t depth,
				       int64_t groups, struct pumori_tensor *x,
				       struct pumori_tensor *weight, struct pumori_tensor *bias)
{
	struct pumori_graph *graph = importer->graph;
	int64_t weight_shape[4], result_shape[5];
	struct pumori_tensor *slice, *result;

	slice = pumori_build_slice_axis(graph, weight, 2, tap, 1, 1);
	if (!slice)
		return NULL;
	memcpy(weight_shape, weight->type.shape, 2 * sizeof(int64_t));
	memcpy(weight_shape + 2, weight->type.shape + 3, 2 * sizeof(int64_t));
	slice = pumori_build_reshape(graph, slice, 4, weight_shape);
	/* x is [N, D, C, H, W]: depth positions become part of the batch. */
	x = pumori_build_slice_axis(graph, x, 1, tap * window->dilations[0], window->strides[0],
				    depth);
	if (!x)
		return NULL;
	result_shape[0] = x->type.shape[0];
	result_shape[1] = depth;
	x = pumori_build_reshape(graph, x, 4, (int64_t[]){ x->type.shape[0] * depth,
							   x->type.shape[2], x->type.shape[3],
							   x->type.shape[4] });
	result = build_conv2d(importer, window, 1, groups, x, slice, bias);
	if (!result)
		return NULL;
	memcpy(result_shape + 2, result->type.shape + 1, 3 * sizeof(int64_t));
	return pumori_build_reshape(graph, result, 5, result_shape);
}

static struct pumori_tensor *pad_axis(struct pumori_importer *importer, struct pumori_tensor *x,
				      unsigned int axis, int64_t before, int64_t after)
{
	union pumori_attributes attributes = { .pad = { .mode = PUMORI_PAD_CONSTANT } };

	if (!before && !after)
		return x;
	attributes.pad.before[axis] = before;
	attributes.pad.after[axis] = after;
	return pumori_build(importer->graph, PUMORI_PRIMITIVE_PAD, &attributes, &x, 1);
}

static struct pumori_tensor *build_conv3d(struct pumori_importer *importer,
					  const struct window *window, int64_t groups,
					  struct pumori_tensor *x, struct pumori_tensor *weight,
					  struct pumori_tensor *bias)
{
	static const unsigned int depth_first[] = { 0, 2, 1, 3, 4 };
	int64_t reach = (window->kernel[0] - 1) * window->dilations[0] + 1;
	int64_t depth = x->type.shape[2] + window->before[0] + window->after[0] - reach;
	struct pumori_tensor *sum = NULL;

	if (depth < 0) {
		pumori_reject(importer, "the kernel is deeper than its input");
		return NULL;
	}
	if (window->kernel[0] > MAX_KERNEL_DEPTH) {
		pumori_refuse(importer, "a kernel of depth %lld is not supported",
			      (long long)window->kernel[0]);
		return NULL;
	}
	depth = depth / window->strides[0] + 1;
	x = pumori_build_transpose(importer->graph, x, depth_first);
	x = pad_axis(importer, x, 1, window->before[0], window->after[0]);
	for (int64_t tap = 0; tap < window->kernel[0]; tap++) {
		struct pumori_tensor *part = depth_tap(importer, window, tap, depth, groups, x,
						       weight, tap ? NULL : bias);

		sum = tap ? pumori_build_binary(importer->graph, PUMORI_BINARY_ADD, sum, part) : part;
		if (!sum)
			return NULL;
	}
	return pumori_build_transpose(importer->graph, sum, depth_first);
}

struct pumori_tensor *pumori_import_convolution(struct pumori_importer *importer,
						struct pumori_tensor *x,
						struct pumori_tensor *weight,
						struct pumori_tensor *bias)
{
	int64_t groups = pumori_attribute_int(importer, "group", 1), kernel[MAX_SPATIAL];
	struct window window;

	if (x->type.rank < 3 || x->type.rank > 5 || weight->type.rank != x->type.rank) {
		pumori_refuse(importer, "convolution of rank %u with rank %u", x->type.rank,
			      weight->type.rank);
		return NULL;
	}
	window.rank = x->type.rank - 2;
	memcpy(window.kernel, weight->type.shape + 2, window.rank * sizeof(int64_t));
	for (unsigned int i = 0; i < window.rank; i++) {
		if (window.kernel[i] < 1 || window.kernel[i] > INT32_MAX) {
			pumori_reject(importer, "the kernel has an impossible extent");
			return NULL;
		}
	}
	if (pumori_has_attribute(importer, "kernel_shape")) {
		read_list(importer, "kernel_shape", window.rank, kernel, 1, 1);
		if (!importer->error &&
		    memcmp(kernel, window.kernel, window.rank * sizeof(int64_t)))
			pumori_reject(importer, "kernel_shape is not the shape of the weights");
	}
	read_window(importer, &window, x->type.shape + 2, false);
	if (importer->error)
		return NULL;
	if (window.rank == 3)
		return build_conv3d(importer, &window, groups, x, weight, bias);
	return map_to_flat(importer,
			   build_conv2d(importer, &window, 0, groups, flat_to_map(importer, x),
					flat_to_map(importer, weight), bias), window.rank);
}

static void import_conv(struct pumori_importer *importer, int parameter)
{
	(void)parameter;
	importer->outputs[0] = pumori_import_convolution(importer, importer->inputs[0],
							 importer->inputs[1],
							 pumori_input(importer, 2));
}

/* --- pooling --- */

static struct pumori_tensor *build_pool2d(struct pumori_importer *importer,
					  const struct window *window, const int *axes,
					  enum pumori_reduction function, bool count_include_pad,
					  struct pumori_tensor *x)
{
	union pumori_attributes attributes = {
		.pool2d = { .function = function, .count_include_pad = count_include_pad },
	};

	for (unsigned int i = 0; i < 2; i++) {
		int axis = axes[i];
		bool real = axis >= 0;

		attributes.pool2d.kernel[i] = real ? window->kernel[axis] : 1;
		attributes.pool2d.strides[i] = real ? window->strides[axis] : 1;
		attributes.pool2d.dilations[i] = real ? window->dilations[axis] : 1;
		attributes.pool2d.pads[i] = real ? window->before[axis] : 0;
		attributes.pool2d.pads[2 + i] = real ? window->after[axis] : 0;
		attributes.pool2d.excess[i] = real ? window->excess[axis] : 0;
	}
	return pumori_build(importer->graph, PUMORI_PRIMITIVE_POOL2D, &attributes, &x, 1);
}

/* Maxima and averages over a box are taken over its planes first and then along its depth. */
static struct pumori_tensor *build_pool3d(struct pumori_importer *importer,
					  const struct window *window,
					  enum pumori_reduction function, bool count_include_pad,
					  struct pumori_tensor *x)
{
	struct pumori_graph *graph = importer->graph;
	int64_t shape[5];

	memcpy(shape, x->type.shape, sizeof(shape));
	x = pumori_build_reshape(graph, x, 4, (int64_t[]){ shape[0], shape[1] * shape[2], shape[3],
							   shape[4] });
	x = build_pool2d(importer, window, (const int[]){ 1, 2 }, function, count_include_pad, x);
	if (!x)
		return NULL;
	shape[3] = x->type.shape[2];
	shape[4] = x->type.shape[3];
	x = pumori_build_reshape(graph, x, 4, (int64_t[]){ shape[0], shape[1], shape[2],
							   shape[3] * shape[4] });
	x = build_pool2d(importer, window, (const int[]){ 0, -1 }, function, count_include_pad, x);
	if (!x)
		return NULL;
	shape[2] = x->type.shape[2];
	return pumori_build_reshape(graph, x, 5, shape);
}

static void import_pool(struct pumori_importer *importer, int function)
{
	bool ceil_mode = pumori_attribute_int(importer, "ceil_mode", 0);
	bool include = function == PUMORI_REDUCTION_MEAN &&
		       pumori_attribute_int(importer, "count_include_pad", 0);
	struct pumori_tensor *x = importer->inputs[0];
	struct window window;

	if (function == PUMORI_REDUCTION_MAX)
		pumori_attribute_require(importer, "storage_order", 0);
	if (x->type.rank < 3 || x->type.rank > 5) {
		pumori_refuse(importer, "pooling of rank %u", x->type.rank);
		return;
	}
	window.rank = x->type.rank - 2;
	if (!pumori_has_attribute(importer, "kernel_shape"))
		pumori_reject(importer, "kernel_shape is missing");
	read_list(importer, "kernel_shape", window.rank, window.kernel, 1, 1);
	if (!importer->error)
		read_window(importer, &window, x->type.shape + 2, ceil_mode);
	if (importer->error)
		return;
	if (window.rank == 3)
		x = build_pool3d(importer, &window, function, include, x);
	else
		x = build_pool2d(importer, &window, (const int[]){ 0, window.rank == 2 ? 1 : -1 },
				 function, include, flat_to_map(importer, x));
	importer->outputs[0] = map_to_flat(importer, x, window.rank);
}

static void import_global_pool(struct pumori_importer *importer, int function)
{
	struct pumori_tensor *x = importer->inputs[0];
	uint32_t axes = ((uint32_t)1 << x->type.rank) - 1;

	if (x->type.rank < 3)
		pumori_reject(importer, "pooling of rank %u", x->type.rank);
	else
		importer->outputs[0] = pumori_build_reduce(importer->graph, function,
							   axes & ~(uint32_t)3, true, x);
}

/* The p-norm over all positions. */
static void import_global_lp_pool(struct pumori_importer *importer, int parameter)
{
	int64_t p = pumori_attribute_int(importer, "p", 2);
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0];
	uint32_t axes = (((uint32_t)1 << x->type.rank) - 1) & ~(uint32_t)3;

	(void)parameter;
	if (x->type.rank < 3 || p < 1 || p > 100) {
		pumori_refuse(importer, "p = %lld over rank %u", (long long)p, x->type.rank);
		return;
	}
	x = pumori_build_unary(graph, PUMORI_UNARY_ABS, 0, 0, x);
	x = pumori_build_binary_scalar(graph, PUMORI_BINARY_POWER, x, p);
	x = pumori_build_reduce(graph, PUMORI_REDUCTION_SUM, axes, true, x);
	importer->outputs[0] = pumori_build_binary_scalar(graph, PUMORI_BINARY_POWER, x, 1.0 / p);
}

const struct pumori_import_row pumori_import_conv[] = {
	{ "AveragePool", import_pool, PUMORI_REDUCTION_MEAN, 1 },
	{ "Conv", import_conv, 0, 2 },
	{ "GlobalAveragePool", import_global_pool, PUMORI_REDUCTION_MEAN, 1 },
	{ "GlobalLpPool", import_global_lp_pool, 0, 1 },
	{ "GlobalMaxPool", import_global_pool, PUMORI_REDUCTION_MAX, 1 },
	{ "MaxPool", import_pool, PUMORI_REDUCTION_MAX, 1 },
	{ .name = NULL },
};
