// SPDX-License-Identifier: MIT
/* ONNX operators that move or reinterpret elements. */
#include <string.h>

#include "element.h"
#include "importer.h"

static void import_reshape(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	bool allow_zero = pumori_attribute_int(importer, "allowzero", 0);
	int64_t shape[PUMORI_MAX_RANK], elements = pumori_type_elements(&x->type), known = 1;
	int rank = pumori_input_integers(importer, 1, shape, PUMORI_MAX_RANK, 0), inferred = -1;

	(void)parameter;
	for (int i = 0; i < rank; i++) {
		if (shape[i] == 0 && !allow_zero) {
			if (i >= (int)x->type.rank) {
				pumori_reject(importer, "dimension %d is to be copied, but there is none",
					      i);
				return;
			}
			shape[i] = x->type.shape[i];
		}
		if (shape[i] == -1 && inferred < 0)
			inferred = i;
		else if (shape[i] < 0 || __builtin_mul_overflow(known, shape[i], &known))
			known = 0;
	}
	if (rank < 0)
		return;
	if (inferred >= 0) {
		if (!known || elements % known) {
			pumori_reject(importer, "%lld elements do not fit the shape it asks for",
				      (long long)elements);
			return;
		}
		shape[inferred] = elements / known;
	}
	importer->outputs[0] = pumori_build_reshape(importer->graph, x, rank, shape);
}

static void import_flatten(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	int64_t axis = pumori_attribute_int(importer, "axis", 1), shape[2] = { 1, 1 };

	(void)parameter;
	if (axis != x->type.rank)
		axis = pumori_axis(importer, axis, x->type.rank);
	for (unsigned int i = 0; i < x->type.rank; i++)
		shape[i >= axis] *= x->type.shape[i];
	importer->outputs[0] = pumori_build_reshape(importer->graph, x, 2, shape);
}

static void import_squeeze(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	int64_t axes[PUMORI_MAX_RANK], shape[PUMORI_MAX_RANK];
	int count = pumori_integers(importer, "axes", 1, axes, PUMORI_MAX_RANK);
	uint32_t mask = 0;
	unsigned int rank = 0;

	(void)parameter;
	if (importer->error)
		return;
	if (count >= 0)
		mask = pumori_axes(importer, axes, count, x->type.rank);
	for (unsigned int i = 0; i < x->type.rank; i++) {
		bool drop = count >= 0 ? mask >> i & 1 : x->type.shape[i] == 1;

		if (drop && x->type.shape[i] != 1)
			pumori_reject(importer, "axis %u has %lld elements, not 1", i,
				      (long long)x->type.shape[i]);
		if (!drop)
			shape[rank++] = x->type.shape[i];
	}
	if (!importer->error)
		importer->outputs[0] = pumori_build_reshape(importer->graph, x, rank, shape);
}

static void import_unsqueeze(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	int64_t axes[PUMORI_MAX_RANK], shape[PUMORI_MAX_RANK];
	int count = pumori_integers(importer, "axes", 1, axes, PUMORI_MAX_RANK);
	unsigned int rank = x->type.rank, from = 0;
	uint32_t mask;

	(void)parameter;
	if (count < 0) {
		if (!importer->error)
			pumori_reject(importer, "axes are missing");
		return;
	}
	rank += count;
	if (rank > PUMORI_MAX_RANK) {
		pumori_refuse(importer, "its result has more than %d dimensions", PUMORI_MAX_RANK);
		return;
	}
	mask = pumori_axes(importer, axes, count, rank);
	if (importer->error)
		return;
	for (unsigned int i = 0; i < rank; i++)
		shape[i] = mask >> i & 1 ? 1 : x->type.shape[from++];
	importer->outputs[0] = pumori_build_reshape(importer->graph, x, rank, shape);
}

static void import_transpose(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	unsigned int permutation[PUMORI_MAX_RANK];
	const int64_t *listed;
	size_t count = pumori_attribute_ints(importer, "perm", &listed);

	(void)parameter;
	if (count && count != x->type.rank) {
		pumori_reject(importer, "perm has %zu elements, the input %u dimensions", count,
			      x->type.rank);
		return;
	}
	for (unsigned int i = 0; i < x->type.rank; i++)
		permutation[i] = count ? pumori_axis(importer, listed[i], x->type.rank) :
				 x->type.rank - 1 - i;
	if (!importer->error)
		importer->outputs[0] = pumori_build_transpose(importer->graph, x, permutation);
}

static void import_concat(struct pumori_importer *importer, int parameter)
{
	unsigned int axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", 1),
					importer->inputs[0]->type.rank);

	(void)parameter;
	if (!importer->error)
		importer->outputs[0] = pumori_build_concat(importer->graph, axis, importer->inputs,
							   importer->input_count);
}

/* --- slicing --- */

static int64_t bounded(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* Start and number of elements of one axis, as numpy reads start:end:step. */
static void slice_axis(union pumori_attributes *attributes, unsigned int axis, int64_t extent,
		       int64_t start, int64_t end, int64_t step)
{
	int64_t low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1, span;

	start = start < 0 ? bounded(start, -extent - 1, 0) + extent : start;
	end = end < 0 ? bounded(end, -extent - 1, 0) + extent : end;
	start = bounded(start, low, high);
	end = bounded(end, low, high);
	span = step > 0 ? end - start : start - end;
	/* A step past the end is the same as one onto it, and its negation cannot overflow. */
	step = bounded(step, -extent - 1, extent + 1);
	attributes->slice.extents[axis] =
		span > 0 ? (span - 1) / (step > 0 ? step : -step) + 1 : 0;
	attributes->slice.starts[axis] = attributes->slice.extents[axis] ? start : 0;
	attributes->slice.steps[axis] = step;
}

static void import_slice(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	union pumori_attributes attributes = { .slice = { .starts = { 0 } } };
	int64_t starts[PUMORI_MAX_RANK], ends[PUMORI_MAX_RANK], axes[PUMORI_MAX_RANK];
	int64_t steps[PUMORI_MAX_RANK];
	int start_count = pumori_integers(importer, "starts", 1, starts, PUMORI_MAX_RANK);
	int end_count = pumori_integers(importer, "ends", 2, ends, PUMORI_MAX_RANK);
	int axis_count = pumori_integers(importer, "axes", 3, axes, PUMORI_MAX_RANK);
	int step_count = pumori_input_integers(importer, 4, steps, PUMORI_MAX_RANK, -1);

	(void)parameter;
	if (importer->error)
		return;
	if (start_count != end_count || (axis_count >= 0 && axis_count != start_count) ||
	    (step_count >= 0 && step_count != start_count) || start_count > (int)x->type.rank ||
	    start_count < 0) {
		pumori_reject(importer, "starts, ends, axes and steps differ in length");
		return;
	}
	for (unsigned int i = 0; i < x->type.rank; i++) {
		attributes.slice.steps[i] = 1;
		attributes.slice.extents[i] = x->type.shape[i];
	}
	for (int i = 0; i < start_count; i++) {
		int64_t step = step_count >= 0 ? steps[i] : 1;
		unsigned int axis = pumori_axis(importer, axis_count >= 0 ? axes[i] : i,
						x->type.rank);

		if (!step)
			pumori_reject(importer, "a step is zero");
		if (importer->error)
			return;
		slice_axis(&attributes, axis, x->type.shape[axis], starts[i], ends[i], step);
	}
	importer->outputs[0] = pumori_build(importer->graph, PUMORI_PRIMITIVE_SLICE, &attributes, &x,
					    1);
}

static void import_split(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	unsigned int axis = pumori_axis(importer, pumori_attribute_int(importer, "axis", 0),
					x->type.rank);
	int64_t sizes[PUMORI_IMPORT_MAX_OUTPUTS], start = 0;
	int count = pumori_integers(importer, "split", 1, sizes, PUMORI_IMPORT_MAX_OUTPUTS);
	size_t outputs = importer->node->n_output;
	int64_t equal = (x->type.shape[axis] + (int64_t)outputs - 1) / (outputs ? (int64_t)outputs : 1);

	(void)parameter;
	/* With num_outputs the last part may be smaller; without, all parts are equal. */
	pumori_attribute_require(importer, "num_outputs", outputs);
	if (importer->error)
		return;
	if (!outputs || outputs > PUMORI_IMPORT_MAX_OUTPUTS) {
		pumori_refuse(importer, "%zu outputs are not supported", outputs);
		return;
	}
	if (count >= 0 && (size_t)count != outputs) {
		pumori_reject(importer, "split has %d elements for %zu outputs", count, outputs);
		return;
	}
	for (size_t i = 0; i < outputs; i++) {
		int64_t extent = x->type.shape[axis];
		int64_t size = count >= 0 ? sizes[i] : equal < extent - start ? equal : extent - start;
		bool uneven = count < 0 && extent % (int64_t)outputs;

		if (size < 0 || size > extent - start ||
		    (uneven && !pumori_has_attribute(importer, "num_outputs"))) {
			pumori_reject(importer, "%lld elements cannot be split so",
				      (long long)extent);
			return;
		}
		importer->outputs[i] = pumori_build_slice_axis(importer->graph, x, axis,
							       size ? start : 0, 1, size);
		start += size;
	}
	if (start != x->type.shape[axis])
		pumori_reject(importer, "the parts do not add up to %lld elements",
			      (long long)x->type.shape[axis]);
}

/* --- growing --- */

static void import_expand(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	struct pumori_tensor_type wanted = { .element = x->type.element }, result;
	int rank = pumori_input_integers(importer, 1, wanted.shape, PUMORI_MAX_RANK, 0);

	(void)parameter;
	if (rank < 0)
		return;
	wanted.rank = rank;
	if (!pumori_type_check(&wanted) || !pumori_broadcast(&x->type, &wanted, &result))
		pumori_reject(importer, "its input does not broadcast to the shape it asks for");
	else
		importer->outputs[0] = pumori_build_expand(importer->graph, x, result.rank,
							   result.shape);
}

/* Repeating an axis: [n] becomes [repeats, n] by broadcasting, and that [repeats * n]. */
static struct pumori_tensor *repeat_axis(struct pumori_importer *importer, struct pumori_tensor *x,
					 unsigned int axis, int64_t repeats)
{
	struct pumori_graph *graph = importer->graph;
	int64_t shape[3] = { 1, 1, 1 }, result[PUMORI_MAX_RANK];
	unsigned int rank;

	if (!x || repeats == 1)
		return x;
	rank = x->type.rank;
	memcpy(result, x->type.shape, sizeof(result));
	for (unsigned int i = 0; i < rank; i++)
		shape[i < axis ? 0 : 2] *= x->type.shape[i];
	if (__builtin_mul_overflow(result[axis], repeats, &result[axis])) {
		pumori_reject(importer, "its result is too large");
		return NULL;
	}
	x = pumori_build_reshape(graph, x, 3, shape);
	shape[1] = repeats;
	x = pumori_build_expand(graph, x, 3, shape);
	return pumori_build_reshape(graph, x, rank, result);
}

static void import_tile(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	unsigned int rank = x->type.rank;
	int64_t repeats[PUMORI_MAX_RANK];
	int count = pumori_input_integers(importer, 1, repeats, PUMORI_MAX_RANK, 0);

	(void)parameter;
	if (count < 0)
		return;
	if ((unsigned int)count != rank) {
		pumori_reject(importer, "%d repeats for %u dimensions", count, rank);
		return;
	}
	for (unsigned int i = 0; i < rank; i++) {
		if (repeats[i] < 0) {
			pumori_reject(importer, "negative repeats");
			return;
		}
		x = repeat_axis(importer, x, i, repeats[i]);
	}
	importer->outputs[0] = x;
}

/* --- padding --- */

static bool read_pad_mode(struct pumori_importer *importer, union pumori_attributes *attributes)
{
	if (pumori_attribute_is(importer, "mode", "constant", "constant"))
		attributes->pad.mode = PUMORI_PAD_CONSTANT;
	else if (pumori_attribute_is(importer, "mode", "constant", "edge"))
		attributes->pad.mode = PUMORI_PAD_EDGE;
	else if (pumori_attribute_is(importer, "mode", "constant", "reflect"))
		attributes->pad.mode = PUMORI_PAD_REFLECT;
	else
		pumori_refuse(importer, "this mode is not supported");
	return !importer->error;
}

/* The filler is an attribute before opset 11, then an optional scalar of the data's type. */
static bool read_pad_value(struct pumori_importer *importer, union pumori_attributes *attributes)
{
	struct pumori_tensor *value = pumori_input(importer, 2);

	attributes->pad.value = pumori_attribute_float(importer, "value", 0);
	if (!value)
		return true;
	if (!pumori_tensor_is_constant(value) || pumori_type_elements(&value->type) != 1) {
		pumori_refuse(importer, "the value to pad with must be a constant scalar");
		return false;
	}
	attributes->pad.value = pumori_load_value(value->type.element, value->data, 0);
	return true;
}

/* From opset 18 on pads may be of some axes only. Returns the count for all, or -1. */
static int spread_pads(struct pumori_importer *importer, int64_t *pads, int count,
		       unsigned int rank)
{
	int64_t axes[PUMORI_MAX_RANK], all[2 * PUMORI_MAX_RANK] = { 0 };
	int axis_count = pumori_input_integers(importer, 3, axes, PUMORI_MAX_RANK, 0);

	if (importer->error)
		return -1;
	pumori_axes(importer, axes, axis_count, rank);
	if (importer->error || count != 2 * axis_count) {
		if (!importer->error)
			pumori_reject(importer, "%d pads for %d axes", count, axis_count);
		return -1;
	}
	for (int i = 0; i < axis_count; i++) {
		unsigned int axis = pumori_axis(importer, axes[i], rank);

		all[axis] = pads[i];
		all[rank + axis] = pads[axis_count + i];
	}
	memcpy(pads, all, sizeof(all));
	return 2 * rank;
}

static void import_pad(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor *x = importer->inputs[0];
	union pumori_attributes attributes = { .pad = { .mode = PUMORI_PAD_CONSTANT } };
	int64_t pads[2 * PUMORI_MAX_RANK];
	unsigned int rank = x->type.rank;
	int count = pumori_integers(importer, "pads", 1, pads, 2 * PUMORI_MAX_RANK);

	(void)parameter;
	if (importer->error || !read_pad_mode(importer, &attributes) ||
	    !read_pad_value(importer, &attributes))
		return;
	if (pumori_input(importer, 3))
		count = spread_pads(importer, pads, count, rank);
	if (count != 2 * (int)rank) {
		if (!importer->error)
			pumori_reject(importer, "%d pads for %u dimensions", count, rank);
		return;
	}
	/* Negative pads crop first. */
	for (unsigned int i = 0; i < rank && x; i++) {
		int64_t before = pads[i], after = pads[rank + i], extent = x->type.shape[i];
		int64_t crop_before = before < 0 ? -bounded(before, -extent, 0) : 0;
		int64_t crop_after = after < 0 ? -bounded(after, crop_before - extent, 0) : 0;

		extent -= crop_before + crop_after;
		x = pumori_build_slice_axis(importer->graph, x, i, extent ? crop_before : 0, 1,
					    extent);
		attributes.pad.before[i] = before > 0 ? before : 0;
		attributes.pad.after[i] = after > 0 ? after : 0;
	}
	importer->outputs[0] = pumori_build(importer->graph, PUMORI_PRIMITIVE_PAD, &attributes, &x,
					    1);
}

/* --- blocks of space and depth --- */

static void import_depth_to_space(struct pumori_importer *importer, int parameter)
{
	/* Position of the block's two axes and of the channels among [N, b, b, C, H, W] or CRD's. */
	static const unsigned int dcr[] = { 0, 3, 4, 1, 5, 2 }, crd[] = { 0, 1, 4, 2, 5, 3 };
	struct pumori_tensor *x = importer->inputs[0];
	int64_t block = pumori_attribute_int(importer, "blocksize", 0);
	bool depth_first = pumori_attribute_is(importer, "mode", "DCR", "DCR");
	const int64_t *s = x->type.shape;

	(void)parameter;
	if (!depth_first && !pumori_attribute_is(importer, "mode", "DCR", "CRD"))
		pumori_reject(importer, "mode is neither DCR nor CRD");
	if (x->type.rank != 4 || block < 1 || block > INT16_MAX || s[1] % (block * block))
		pumori_reject(importer, "a block of %lld does not fit its input", (long long)block);
	if (importer->error)
		return;
	{
		int64_t channels = s[1] / (block * block);
		int64_t split[6] = { s[0], block, block, channels, s[2], s[3] };
		int64_t merged[4] = { s[0], channels, s[2] * block, s[3] * block };

		if (!depth_first) {
			split[1] = channels;
			split[3] = block;
		}
		x = pumori_build_reshape(importer->graph, x, 6, split);
		x = pumori_build_transpose(importer->graph, x, depth_first ? dcr : crd);
		importer->outputs[0] = pumori_build_reshape(importer->graph, x, 4, merged);
	}
}

static void import_space_to_depth(struct pumori_importer *importer, int parameter)
{
	static const unsigned int permutation[] = { 0, 3, 5, 1, 2, 4 };
	struct pumori_tensor *x = importer->inputs[0];
	int64_t block = pumori_attribute_int(importer, "blocksize", 0);
	const int64_t *s = x->type.shape;

	(void)parameter;
	if (x->type.rank != 4 || block < 1 || block > INT16_MAX || s[2] % block || s[3] % block) {
		pumori_reject(importer, "a block of %lld does not fit its input", (long long)block);
		return;
	}
	{
		int64_t split[6] = { s[0], s[1], s[2] / block, block, s[3] / block, block };
		int64_t merged[4] = { s[0], s[1] * block * block, s[2] / block, s[3] / block };

		x = pumori_build_reshape(importer->graph, x, 6, split);
		x = pumori_build_transpose(importer->graph, x, permutation);
		importer->outputs[0] = pumori_build_reshape(importer->graph, x, 4, merged);
	}
}

/* --- shapes as data --- */

static void import_shape_of(struct pumori_importer *importer, int parameter)
{
	const struct pumori_tensor_type *type = &importer->inputs[0]->type;
	int64_t start = pumori_attribute_int(importer, "start", 0);
	int64_t end = pumori_attribute_int(importer, "end", type->rank);

	(void)parameter;
	start = bounded(start < 0 ? start + type->rank : start, 0, type->rank);
	end = bounded(end < 0 ? end + type->rank : end, start, type->rank);
	importer->outputs[0] = pumori_graph_add_int64s(importer->graph, type->shape + start,
						       end - start);
}

static void import_size(struct pumori_importer *importer, int parameter)
{
	struct pumori_tensor_type type = { .element = PUMORI_ELEMENT_INT64 };
	int64_t elements = pumori_type_elements(&importer->inputs[0]->type);

	(void)parameter;
	importer->outputs[0] = pumori_graph_add_constant(importer->graph, NULL, &type, &elements);
}

const struct pumori_import_row pumori_import_shape[] = {
	{ "Concat", import_concat, 0, 1 },
	{ "DepthToSpace", import_depth_to_space, 0, 1 },
	{ "Expand", import_expand, 0, 2 },
	{ "Flatten", import_flatten, 0, 1 },
	{ "Pad", import_pad, 0, 1 },
	{ "Reshape", import_reshape, 0, 2 },
	{ "Shape", import_shape_of, 0, 1 },
	{ "Size", import_size, 0, 1 },
	{ "Slice", import_slice, 0, 1 },
	{ "SpaceToDepth", import_space_to_depth, 0, 1 },
	{ "Split", import_split, 0, 1 },
	{ "Squeeze", import_squeeze, 0, 1 },
	{ "Tile", import_tile, 0, 2 },
	{ "Transpose", import_transpose, 0, 1 },
	{ "Unsqueeze", import_unsqueeze, 0, 1 },
	{ .name = NULL },
};
