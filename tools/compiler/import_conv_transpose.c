// SPDX-License-Identifier: MIT
/*
 * ONNX ConvTranspose, composed of convolutions. In general: zeros between the input's elements,
 * then a convolution with the flipped kernel. Where windows do not overlap (kernel = stride, no
 * padding) nothing meets: a 1x1 convolution makes all elements of a window as channels, which are
 * then moved to their places.
 */
#include <string.h>

#include "importer.h"

struct transposed {
	int64_t kernel[2], strides[2], dilations[2], before[2], after[2];
	int64_t extra[2];		/* output_padding: more room at the end */
	int64_t groups, outputs;	/* output channels in all */
};

static void read_list(struct pumori_importer *importer, const char *name, unsigned int rank,
		      unsigned int offset, int64_t *values, int64_t value_if_absent)
{
	const int64_t *listed;
	size_t count = pumori_attribute_ints(importer, name, &listed);

	for (unsigned int i = 0; i < 2; i++)
		values[i] = i < rank && offset + i < count ? listed[offset + i] : value_if_absent;
	for (unsigned int i = 0; i < 2 && !importer->error; i++)
		if (values[i] < 0 || values[i] > INT16_MAX)
			pumori_refuse(importer, "%s of %lld is not supported", name,
				      (long long)values[i]);
}

/* Padding that makes the output as large as asked for. */
static void read_output_shape(struct pumori_importer *importer, struct transposed *transposed,
			      unsigned int rank, const int64_t *shape)
{
	bool upper = pumori_attribute_is(importer, "auto_pad", "NOTSET", "SAME_UPPER");
	bool lower = pumori_attribute_is(importer, "auto_pad", "NOTSET", "SAME_LOWER");
	const int64_t *wanted;
	size_t count = pumori_attribute_ints(importer, "output_shape", &wanted);

	if (importer->error || (!count && !upper && !lower))
		return;
	if (count && count < rank) {
		pumori_reject(importer, "output_shape has %zu elements", count);
		return;
	}
	for (unsigned int i = 0; i < rank; i++) {
		int64_t size = count ? wanted[count - rank + i] : shape[i] * transposed->strides[i];
		int64_t total = transposed->strides[i] * (shape[i] - 1) + transposed->extra[i] +
				(transposed->kernel[i] - 1) * transposed->dilations[i] + 1;

		if (size < 1 || size > INT32_MAX) {
			pumori_reject(importer, "output_shape makes no sense");
			return;
		}
		/* A larger output than there is material for is filled at the end. */
		if (size > total) {
			transposed->extra[i] += size - total;
			total = size;
		}
		transposed->before[i] = lower ? (total - size + 1) / 2 : (total - size) / 2;
		transposed->after[i] = total - size - transposed->before[i];
	}
}

static bool read_attributes(struct pumori_importer *importer, struct transposed *transposed)
{
	const struct pumori_tensor_type *x = &importer->inputs[0]->type;
	const struct pumori_tensor_type *weight = &importer->inputs[1]->type;
	unsigned int rank = x->rank - 2;
	const int64_t *listed;
	size_t count;

	for (unsigned int i = 0; i < 2; i++) {
		transposed->kernel[i] = i < rank ? weight->shape[2 + i] : 1;
		if (transposed->kernel[i] < 1 || transposed->kernel[i] > INT16_MAX ||
		    (i < rank && (x->shape[2 + i] < 1 || x->shape[2 + i] > INT32_MAX)))
			pumori_refuse(importer, "this extent is not supported");
	}
	count = pumori_attribute_ints(importer, "kernel_shape", &listed);
	if (count && (count != rank || memcmp(listed, weight->shape + 2, rank * sizeof(*listed))))
		pumori_reject(importer, "kernel_shape is not the shape of the weights");
	read_list(importer, "strides", rank, 0, transposed->strides, 1);
	read_list(importer, "dilations", rank, 0, transposed->dilations, 1);
	read_list(importer, "pads", rank, 0, transposed->before, 0);
	read_list(importer, "pads", rank, rank, transposed->after, 0);
	read_list(importer, "output_padding", rank, 0, transposed->extra, 0);
	transposed->groups = pumori_attribute_int(importer, "group", 1);
	if (!importer->error && (transposed->strides[0] < 1 || transposed->strides[1] < 1 ||
				 transposed->dilations[0] < 1 || transposed->dilations[1] < 1))
		pumori_reject(importer, "a stride or dilation is zero");
	if (!importer->error && (transposed->groups < 1 || weight->shape[0] != x->shape[1] ||
				 x->shape[1] % transposed->groups))
		pumori_reject(importer, "the weights do not fit the input's channels");
	if (!importer->error) {
		transposed->outputs = weight->shape[1] * transposed->groups;
		read_output_shape(importer, transposed, rank, x->shape + 2);
	}
	return !importer->error;
}

/* [N, C, H, W] to [N, C, (H - 1) * s + 1, (W - 1) * s + 1] with zeros between. */
static struct pumori_tensor *spread_out(struct pumori_graph *graph, struct pumori_tensor *x,
					const int64_t *strides)
{
	union pumori_attributes attributes = { .pad = { .mode = PUMORI_PAD_CONSTANT } };
	const int64_t *s = x->type.shape;
	int64_t split[6] = { s[0], s[1], s[2], 1, s[3], 1 };
	int64_t merged[4] = { s[0], s[1], s[2] * strides[0], s[3] * strides[1] };
	int64_t rows = s[2], columns = s[3];

	if (strides[0] == 1 && strides[1] == 1)
		return x;
	attributes.pad.after[3] = strides[0] - 1;
	attributes.pad.after[5] = strides[1] - 1;
	x = pumori_build_reshape(graph, x, 6, split);
	x = pumori_build(graph, PUMORI_PRIMITIVE_PAD, &attributes, &x, 1);
	x = pumori_build_reshape(graph, x, 4, merged);
	x = pumori_build_slice_axis(graph, x, 2, 0, 1, (rows - 1) * strides[0] + 1);
	return pumori_build_slice_axis(graph, x, 3, 0, 1, (columns - 1) * strides[1] + 1);
}

/* [C, M / g, KH, KW] to the flipped [M, C / g, KH, KW]. */
static struct pumori_tensor *flip(struct pumori_graph *graph, struct pumori_tensor *weight,
				  int64_t groups)
{
	static const unsigned int swap[] = { 0, 2, 1, 3, 4 };
	const int64_t *s = weight->type.shape;
	int64_t grouped[5] = { groups, s[0] / groups, s[1], s[2], s[3] };
	int64_t result[4] = { s[1] * groups, s[0] / groups, s[2], s[3] };

	weight = pumori_build_reshape(graph, weight, 5, grouped);
	weight = pumori_build_transpose(graph, weight, swap);
	weight = pumori_build_reshape(graph, weight, 4, result);
	if (result[2] > 1)
		weight = pumori_build_slice_axis(graph, weight, 2, result[2] - 1, -1, result[2]);
	if (result[3] > 1)
		weight = pumori_build_slice_axis(graph, weight, 3, result[3] - 1, -1, result[3]);
	return weight;
}

static struct pumori_tensor *build_general(struct pumori_graph *graph,
					   const struct transposed *transposed,
					   struct pumori_tensor *x, struct pumori_tensor *weight,
					   struct pumori_tensor *bias)
{
	union pumori_attributes attributes = {
		.conv2d = { .strides = { 1, 1 }, .groups = transposed->groups },
	};

	for (unsigned int i = 0; i < 2; i++) {
		int64_t reach = (transposed->kernel[i] - 1) * transposed->dilations[i];

		attributes.conv2d.dilations[i] = transposed->dilations[i];
		attributes.conv2d.pads[i] = reach - transposed->before[i];
		attributes.conv2d.pads[2 + i] = reach - transposed->after[i] + transposed->extra[i];
	}
	x = spread_out(graph, x, transposed->strides);
	weight = flip(graph, weight, transposed->groups);
	return pumori_build(graph, PUMORI_PRIMITIVE_CONV2D, &attributes,
			    (struct pumori_tensor *[]){ x, weight, bias }, 3);
}

static bool is_separate(const struct transposed *transposed)
{
	for (unsigned int i = 0; i < 2; i++)
		if (transposed->kernel[i] != transposed->strides[i] ||
		    transposed->dilations[i] != 1 || transposed->before[i] ||
		    transposed->after[i] || transposed->extra[i])
			return false;
	return transposed->groups == 1;
}

/* A vector [M] with each element repeated @times. */
static struct pumori_tensor *repeat(struct pumori_graph *graph, struct pumori_tensor *vector,
				    int64_t times)
{
	int64_t shape[2] = { vector->type.shape[0], 1 }, flat = shape[0] * times;

	vector = pumori_build_reshape(graph, vector, 2, shape);
	shape[1] = times;
	vector = pumori_build_expand(graph, vector, 2, shape);
	return pumori_build_reshape(graph, vector, 1, &flat);
}

static struct pumori_tensor *build_separate(struct pumori_graph *graph,
					    const struct transposed *transposed,
					    struct pumori_tensor *x, struct pumori_tensor *weight,
					    struct pumori_tensor *bias)
{
	static const unsigned int to_front[] = { 1, 2, 3, 0 }, places[] = { 0, 1, 4, 2, 5, 3 };
	union pumori_attributes attributes = {
		.conv2d = { .strides = { 1, 1 }, .dilations = { 1, 1 }, .groups = 1 },
	};
	int64_t m = transposed->outputs, kh = transposed->kernel[0], kw = transposed->kernel[1];
	int64_t n = x->type.shape[0], c = x->type.shape[1];
	int64_t h = x->type.shape[2], w = x->type.shape[3];

	weight = pumori_build_transpose(graph, weight, to_front);
	weight = pumori_build_reshape(graph, weight, 4, (int64_t[]){ m * kh * kw, c, 1, 1 });
	if (bias)
		bias = repeat(graph, bias, kh * kw);
	x = pumori_build(graph, PUMORI_PRIMITIVE_CONV2D, &attributes,
			 (struct pumori_tensor *[]){ x, weight, bias }, 3);
	x = pumori_build_reshape(graph, x, 6, (int64_t[]){ n, m, kh, kw, h, w });
	x = pumori_build_transpose(graph, x, places);
	return pumori_build_reshape(graph, x, 4, (int64_t[]){ n, m, h * kh, w * kw });
}

static void import_conv_transpose(struct pumori_importer *importer, int parameter)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor *x = importer->inputs[0], *weight = importer->inputs[1];
	struct pumori_tensor *bias = pumori_input(importer, 2);
	unsigned int rank = x->type.rank;
	struct transposed transposed;

	(void)parameter;
	if (rank < 3 || rank > 4 || weight->type.rank != rank) {
		pumori_refuse(importer, "rank %u is not supported", rank);
		return;
	}
	if (bias && bias->type.rank != 1) {
		pumori_reject(importer, "its bias is not a vector");
		return;
	}
	if (!read_attributes(importer, &transposed))
		return;
	if (rank == 3) {
		x = pumori_build_reshape(graph, x, 4, (int64_t[]){ x->type.shape[0],
								   x->type.shape[1],
								   x->type.shape[2], 1 });
		weight = pumori_build_reshape(graph, weight, 4,
					      (int64_t[]){ weight->type.shape[0],
							   weight->type.shape[1],
							   weight->type.shape[2], 1 });
	}
	if (!x || !weight)
		return;
	x = is_separate(&transposed) ? build_separate(graph, &transposed, x, weight, bias) :
	    build_general(graph, &transposed, x, weight, bias);
	if (rank == 3 && x)
		x = pumori_build_reshape(graph, x, 3, (int64_t[]){ x->type.shape[0],
								   x->type.shape[1],
								   x->type.shape[2] });
	importer->outputs[0] = x;
}

const struct pumori_import_row pumori_import_transposed[] = {
	{ "ConvTranspose", import_conv_transpose, 0, 2 },
	{ .name = NULL },
};
