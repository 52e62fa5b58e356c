// SPDX-License-Identifier: MIT
/*
 * ONNX Resize and Upsample. Both are separable: each axis is resized by itself, either by
 * repeating elements, by a gather with constant indices (nearest), or by a product with a constant
 * matrix of interpolation weights (linear and cubic).
 */
#include <math.h>
#include <string.h>

#include "importer.h"

enum coordinate_mode { HALF_PIXEL, PYTORCH_HALF_PIXEL, ALIGN_CORNERS, ASYMMETRIC, CROP };
enum nearest_mode { ROUND_PREFER_FLOOR, ROUND_PREFER_CEIL, NEAREST_FLOOR, NEAREST_CEIL };
enum interpolation { NEAREST, LINEAR, CUBIC };

struct resize {
	enum interpolation interpolation;
	enum coordinate_mode coordinates;
	enum nearest_mode nearest;
	float cubic_a;
	bool exclude_outside;
	float extrapolation;
	float scales[PUMORI_MAX_RANK];
	float roi[2 * PUMORI_MAX_RANK];		/* starts, then ends */
	int64_t sizes[PUMORI_MAX_RANK];
};

/*
 * Where position @i of the result lies in the input. The result's size counts before it is rounded
 * down, as the operator's definition has it.
 */
static double source_position(const struct resize *resize, unsigned int axis, unsigned int rank,
			      int64_t extent, int64_t i)
{
	double scale = resize->scales[axis], size = extent * scale;
	double start = resize->roi[axis], end = resize->roi[rank + axis];

	switch (resize->coordinates) {
	case PYTORCH_HALF_PIXEL:
		if (resize->sizes[axis] <= 1)
			return 0;
		/* fall through */
	case HALF_PIXEL:
		return (i + 0.5) / scale - 0.5;
	case ALIGN_CORNERS:
		return resize->sizes[axis] > 1 ? i * (extent - 1) / (size - 1) : 0;
	case ASYMMETRIC:
		return i / scale;
	case CROP:
		break;
	}
	size = resize->sizes[axis];
	return size > 1 ? start * (extent - 1) + i * (end - start) * (extent - 1) / (size - 1) :
	       0.5 * (start + end) * (extent - 1);
}

static int64_t nearest_index(enum nearest_mode mode, double x, int64_t extent)
{
	double index;

	switch (mode) {
	case ROUND_PREFER_FLOOR:
		index = ceil(x - 0.5);
		break;
	case ROUND_PREFER_CEIL:
		index = floor(x + 0.5);
		break;
	case NEAREST_FLOOR:
		index = floor(x);
		break;
	default:
		index = ceil(x);
		break;
	}
	return index < 0 ? 0 : index > extent - 1 ? extent - 1 : (int64_t)index;
}

/* Weights of the taps around @x: at floor(x) - lead, and on. Returns how many. */
static unsigned int tap_weights(const struct resize *resize, double fraction, double *weights)
{
	double a = resize->cubic_a, t = fraction;

	if (resize->interpolation == LINEAR) {
		weights[0] = 1 - t;
		weights[1] = t;
		return 2;
	}
	weights[0] = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
	weights[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
	weights[2] = ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1;
	weights[3] = ((a * (2 - t) - 5 * a) * (2 - t) + 8 * a) * (2 - t) - 4 * a;
	return 4;
}

/* One column of the interpolation matrix [extent, size]. */
static void fill_column(const struct resize *resize, float *matrix, int64_t extent, int64_t size,
			int64_t column, double x)
{
	double weights[4], sum = 0;
	unsigned int count = tap_weights(resize, x - floor(x), weights);
	int64_t first = (int64_t)floor(x) - (count == 4);

	for (unsigned int tap = 0; tap < count; tap++) {
		if (resize->exclude_outside && (first + tap < 0 || first + tap >= extent))
			weights[tap] = 0;
		sum += weights[tap];
	}
	for (unsigned int tap = 0; tap < count; tap++) {
		int64_t row = first + tap;

		row = row < 0 ? 0 : row >= extent ? extent - 1 : row;
		matrix[row * size + column] += weights[tap] / (resize->exclude_outside ? sum : 1);
	}
}

/* Multiply one axis by a matrix: bring it last, multiply, bring it back. */
static struct pumori_tensor *interpolate(struct pumori_importer *importer,
					 const struct resize *resize, struct pumori_tensor *x,
					 unsigned int axis)
{
	struct pumori_graph *graph = importer->graph;
	unsigned int rank = x->type.rank, permutation[PUMORI_MAX_RANK];
	int64_t extent = x->type.shape[axis], size = resize->sizes[axis];
	struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_FLOAT32, .rank = 2, .shape = { extent, size },
	};
	struct pumori_tensor *matrix = pumori_graph_add_constant(graph, NULL, &type, NULL);

	if (!matrix)
		return NULL;
	for (int64_t i = 0; i < size; i++)
		fill_column(resize, matrix->data, extent, size, i,
			    source_position(resize, axis, rank, extent, i));
	matrix = pumori_build_cast(graph, matrix, x->type.element);
	for (unsigned int i = 0; i < rank; i++)
		permutation[i] = i;
	permutation[axis] = rank - 1;
	permutation[rank - 1] = axis;
	x = pumori_build_transpose(graph, x, permutation);
	if (rank == 1)
		x = pumori_build_reshape(graph, x, 2, (int64_t[]){ 1, extent });
	x = pumori_build_matmul(graph, x, matrix);
	if (rank == 1)
		return pumori_build_reshape(graph, x, 1, &size);
	return pumori_build_transpose(graph, x, permutation);
}

/* @times of the last axes without blending: broadcasting alone, of all axes at once. */
static struct pumori_tensor *repeat_elements(struct pumori_graph *graph, struct pumori_tensor *x,
					     const int64_t *times)
{
	int64_t split[PUMORI_MAX_RANK], wide[PUMORI_MAX_RANK], result[PUMORI_MAX_RANK];
	unsigned int rank = x->type.rank, count = 0;

	for (unsigned int i = 0; i < rank; i++) {
		split[count] = wide[count] = x->type.shape[i];
		result[i] = x->type.shape[i] * times[i];
		count++;
		if (times[i] > 1) {
			split[count] = 1;
			wide[count++] = times[i];
		}
	}
	x = pumori_build_reshape(graph, x, count, split);
	x = pumori_build_expand(graph, x, count, wide);
	return pumori_build_reshape(graph, x, rank, result);
}

/* Elements by an index list, or, where they repeat evenly, a note in @times; @rank counts what that takes. */
static struct pumori_tensor *pick_nearest(struct pumori_importer *importer,
					  const struct resize *resize, struct pumori_tensor *x,
					  unsigned int axis, unsigned int *rank, int64_t *times)
{
	struct pumori_graph *graph = importer->graph;
	int64_t extent = x->type.shape[axis], size = resize->sizes[axis];
	struct pumori_tensor *indices = pumori_graph_add_int64s(graph, NULL, size);
	bool repeats = !(size % extent) && *rank < PUMORI_MAX_RANK && resize->coordinates != CROP;
	int64_t *values;

	if (!indices)
		return NULL;
	values = indices->data;
	for (int64_t i = 0; i < size; i++) {
		double position = source_position(resize, axis, x->type.rank, extent, i);

		values[i] = nearest_index(resize->nearest, position, extent);
		repeats = repeats && values[i] == i / (size / extent);
	}
	if (!repeats)
		return pumori_build_gather(graph, axis, x, indices);
	times[axis] = size / extent;
	(*rank)++;
	return x;
}

/* With crop, what lies outside the input becomes the extrapolation value. */
static struct pumori_tensor *extrapolate(struct pumori_importer *importer,
					 const struct resize *resize, struct pumori_tensor *x,
					 unsigned int axis, int64_t extent)
{
	struct pumori_graph *graph = importer->graph;
	struct pumori_tensor_type type = {
		.element = PUMORI_ELEMENT_BOOL, .rank = 1, .shape = { resize->sizes[axis] },
	};
	struct pumori_tensor *inside = pumori_graph_add_constant(graph, NULL, &type, NULL);
	bool all = true;

	if (!inside || !x)
		return NULL;
	for (int64_t i = 0; i < type.shape[0]; i++) {
		double position = source_position(resize, axis, x->type.rank, extent, i);

		((unsigned char *)inside->data)[i] = position >= 0 && position <= extent - 1;
		all = all && ((unsigned char *)inside->data)[i];
	}
	if (all)
		return x;
	return pumori_build_select(graph, pumori_along_axis(importer, inside, axis, x->type.rank), x,
				   pumori_graph_add_scalar(graph, x->type.element,
							   resize->extrapolation));
}

static void resize_all(struct pumori_importer *importer, const struct resize *resize)
{
	struct pumori_tensor *x = importer->inputs[0];
	struct pumori_tensor_type result = x->type;
	int64_t times[PUMORI_MAX_RANK];
	unsigned int rank = result.rank;

	for (unsigned int i = 0; i < PUMORI_MAX_RANK; i++)
		times[i] = 1;
	memcpy(result.shape, resize->sizes, sizeof(result.shape));
	if (!pumori_type_check(&result) || !pumori_type_elements(&result) ||
	    !pumori_type_elements(&x->type)) {
		pumori_reject(importer, "its input or result is empty or too large");
		return;
	}
	for (unsigned int axis = 0; axis < result.rank && x; axis++) {
		int64_t extent = x->type.shape[axis];

		if (resize->sizes[axis] == extent && resize->scales[axis] == 1 &&
		    (resize->coordinates != CROP ||
		     (resize->roi[axis] == 0 && resize->roi[result.rank + axis] == 1)))
			continue;
		/* Matrices and index lists are made here and now: they must be of sane size. */
		if ((double)extent * resize->sizes[axis] > PUMORI_IMPORT_MAX_MADE) {
			pumori_refuse(importer, "resizing %lld elements to %lld", (long long)extent,
				      (long long)resize->sizes[axis]);
			return;
		}
		x = resize->interpolation == NEAREST ? pick_nearest(importer, resize, x, axis, &rank, times) :
		    interpolate(importer, resize, x, axis);
		if (resize->coordinates == CROP)
			x = extrapolate(importer, resize, x, axis, extent);
	}
	importer->outputs[0] = rank > result.rank && x ?
			       repeat_elements(importer->graph, x, times) : x;
}

/* Choose among names; the position of the one the attribute has. */
static int read_choice(struct pumori_importer *importer, const char *attribute,
		       const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (pumori_attribute_is(importer, attribute, names[0], names[i]))
			return i;
	pumori_refuse(importer, "this %s is not supported", attribute);
	return 0;
}

/* Sizes from scales, or scales from sizes. */
static void read_sizes(struct pumori_importer *importer, struct resize *resize, size_t scale_input,
		       size_t size_input)
{
	const struct pumori_tensor_type *type = &importer->inputs[0]->type;
	int scale_count = pumori_input_floats(importer, scale_input, resize->scales,
					      PUMORI_MAX_RANK, 0);
	int size_count = importer->error ? 0 :
			 pumori_input_integers(importer, size_input, resize->sizes,
					       PUMORI_MAX_RANK, 0);

	if (importer->error)
		return;
	if ((unsigned int)(scale_count ? scale_count : size_count) != type->rank) {
		pumori_reject(importer, "scales or sizes do not fit rank %u", type->rank);
		return;
	}
	for (unsigned int i = 0; i < type->rank; i++) {
		double extent = type->shape[i];

		if (!scale_count) {
			resize->scales[i] = resize->sizes[i] / extent;
			continue;
		}
		if (resize->coordinates == CROP)
			extent *= resize->roi[type->rank + i] - resize->roi[i];
		extent = floor(extent * resize->scales[i]);
		if (!(extent >= 0 && extent <= INT32_MAX)) {
			pumori_reject(importer, "a scale is not sensible");
			return;
		}
		resize->sizes[i] = extent;
	}
}

static void import_resize(struct pumori_importer *importer, int parameter)
{
	static const char *const modes[] = { "nearest", "linear", "cubic" };
	static const char *const coordinates[] = {
		"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
		"tf_crop_and_resize",
	};
	static const char *const nearest[] = {
		"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
	};
	struct resize resize = { .interpolation = NEAREST };
	unsigned int rank = importer->inputs[0]->type.rank;
	bool old = importer->opset < 11;

	(void)parameter;
	/* Later opsets can smooth while shrinking, keep the aspect ratio, or list the axes. */
	pumori_attribute_require(importer, "antialias", 0);
	if (!pumori_attribute_is(importer, "keep_aspect_ratio_policy", "stretch", "stretch"))
		pumori_refuse(importer, "this keep_aspect_ratio_policy is not supported");
	resize.interpolation = read_choice(importer, "mode", modes, 3);
	resize.coordinates = old ? ASYMMETRIC :
			     (enum coordinate_mode)read_choice(importer,
							       "coordinate_transformation_mode",
							       coordinates, 5);
	resize.nearest = old ? NEAREST_FLOOR :
			 (enum nearest_mode)read_choice(importer, "nearest_mode", nearest, 4);
	resize.cubic_a = pumori_attribute_float(importer, "cubic_coeff_a", -0.75f);
	resize.exclude_outside = pumori_attribute_int(importer, "exclude_outside", 0);
	resize.extrapolation = pumori_attribute_float(importer, "extrapolation_value", 0);
	if (resize.coordinates == CROP && !importer->error &&
	    pumori_input_floats(importer, 1, resize.roi, 2 * PUMORI_MAX_RANK, 0) != 2 * (int)rank &&
	    !importer->error)
		pumori_reject(importer, "roi does not fit rank %u", rank);
	if (!importer->error)
		read_sizes(importer, &resize, old ? 1 : 2, 3);
	if (!importer->error)
		resize_all(importer, &resize);
}

/* Opset 7 has the scales as attribute, 9 as input. */
static void import_upsample(struct pumori_importer *importer, int parameter)
{
	static const char *const modes[] = { "nearest", "linear" };
	struct resize resize = { .coordinates = ASYMMETRIC, .nearest = NEAREST_FLOOR };
	const float *scales;
	size_t count = pumori_attribute_floats(importer, "scales", &scales);

	(void)parameter;
	resize.interpolation = read_choice(importer, "mode", modes, 2);
	if (count && !importer->error) {
		struct pumori_tensor_type type = {
			.element = PUMORI_ELEMENT_FLOAT32, .rank = 1, .shape = { (int64_t)count },
		};
		struct pumori_tensor *inputs[2] = {
			importer->inputs[0],
			pumori_graph_add_constant(importer->graph, NULL, &type, scales),
		};
		struct pumori_tensor **given = importer->inputs;

		importer->inputs = inputs;
		importer->input_count = 2;
		if (inputs[1])
			read_sizes(importer, &resize, 1, 2);
		importer->inputs = given;
		importer->input_count = importer->node->n_input;
	} else if (!importer->error) {
		read_sizes(importer, &resize, 1, 2);
	}
	if (!importer->error)
		resize_all(importer, &resize);
}

const struct pumori_import_row pumori_import_resize[] = {
	{ "Resize", import_resize, 0, 1 },
	{ "Upsample", import_upsample, 0, 1 },
	{ .name = NULL },
};
