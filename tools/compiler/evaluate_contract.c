// SPDX-License-Identifier: MIT
/*
 * Reference evaluation of matrix product, convolution and pooling. Sums run over the contracted
 * index in ascending order, one multiply and add a step.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_internal.h"

/* Row-major copy of the transpose of a [rows, columns] matrix of 4-byte elements. */
static void transpose_words(uint32_t *to, const uint32_t *from, int64_t rows, int64_t columns)
{
	for (int64_t i = 0; i < rows; i++)
		for (int64_t j = 0; j < columns; j++)
			to[j * rows + i] = from[i * columns + j];
}

static void multiply_float(float *c, const float *a, const float *b, int64_t m, int64_t n,
			   int64_t k)
{
	memset(c, 0, m * n * sizeof(*c));
	for (int64_t i = 0; i < m; i++) {
		for (int64_t p = 0; p < k; p++) {
			const float factor = a[i * k + p];
			const float *row = b + p * n;
			float *sum = c + i * n;

			for (int64_t j = 0; j < n; j++)
				sum[j] += factor * row[j];
		}
	}
}

static void multiply_int32(uint32_t *c, const uint32_t *a, const uint32_t *b, int64_t m,
			   int64_t n, int64_t k)
{
	memset(c, 0, m * n * sizeof(*c));
	for (int64_t i = 0; i < m; i++)
		for (int64_t p = 0; p < k; p++)
			for (int64_t j = 0; j < n; j++)
				c[i * n + j] += a[i * k + p] * b[p * n + j];
}

/* Bytes as int32 in new memory; other elements where they are. */
struct words {
	const uint32_t *data;
	uint32_t *owned;
};

static int widen(struct words *words, const struct pumori_view *view)
{
	int64_t count = pumori_type_elements(&view->type);

	words->data = view->data;
	words->owned = NULL;
	if (pumori_element_bytes(view->type.element) != 1)
		return 0;
	words->data = words->owned = malloc(count * sizeof(*words->owned) + 1);
	if (!words->owned)
		return -ENOMEM;
	for (int64_t i = 0; i < count; i++)
		words->owned[i] = view->type.element == PUMORI_ELEMENT_INT8 ?
				  (uint32_t)((const int8_t *)view->data)[i] :
				  ((const uint8_t *)view->data)[i];
	return 0;
}

int pumori_evaluate_matmul(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *a = &evaluation->inputs[0], *b = &evaluation->inputs[1];
	const struct pumori_view *y = &evaluation->outputs[0];
	bool ta = evaluation->attributes->matmul.transpose_a;
	bool tb = evaluation->attributes->matmul.transpose_b;
	bool floats = a->type.element == PUMORI_ELEMENT_FLOAT32;
	const float *factor = evaluation->input_count > 3 ? evaluation->inputs[3].data : NULL;
	int64_t m = y->type.shape[y->type.rank - 2], n = y->type.shape[y->type.rank - 1];
	int64_t k = a->type.shape[a->type.rank - 1 - ta];
	struct pumori_tensor_type batch_a = a->type, batch_b = b->type, batch = y->type;
	int64_t a_strides[PUMORI_MAX_RANK], b_strides[PUMORI_MAX_RANK];
	uint32_t *ta_copy = malloc(m * k * 4 + 1), *tb_copy = malloc(k * n * 4 + 1);
	float scale = evaluation->attributes->matmul.scale;
	const float *bias = evaluation->input_count > 2 ? evaluation->inputs[2].data : NULL;
	struct pumori_counter counter;
	struct words a_words, b_words;
	int64_t batches, index;
	int error = widen(&a_words, a) | widen(&b_words, b);

	if (!ta_copy || !tb_copy || error) {
		free(ta_copy);
		free(tb_copy);
		free(a_words.owned);
		free(b_words.owned);
		return pumori_out_of_memory(evaluation->diagnostics);
	}
	batch_a.rank -= 2;
	batch_b.rank -= 2;
	batch.rank -= 2;
	pumori_broadcast_strides(&batch_a, &batch, a_strides);
	pumori_broadcast_strides(&batch_b, &batch, b_strides);
	pumori_counter_init(&counter, batch.rank, batch.shape);
	batches = pumori_type_elements(&batch);
	for (index = 0; index < batches; index++, pumori_counter_next(&counter)) {
		const uint32_t *left = a_words.data +
				       pumori_counter_offset(&counter, a_strides) * m * k;
		const uint32_t *right = b_words.data +
					pumori_counter_offset(&counter, b_strides) * k * n;
		uint32_t *result = (uint32_t *)y->data + index * m * n;

		if (ta) {
			transpose_words(ta_copy, left, k, m);
			left = ta_copy;
		}
		if (tb) {
			transpose_words(tb_copy, right, n, k);
			right = tb_copy;
		}
		if (floats)
			multiply_float((float *)result, (const float *)left, (const float *)right,
				       m, n, k);
		else
			multiply_int32(result, left, right, m, n, k);
		for (int64_t i = 0; floats && i < m * n; i++)
			((float *)result)[i] = scale * ((float *)result)[i] +
					       (bias ? bias[i % n] : 0);
		for (int64_t i = 0; factor && i < m * n; i++) {
			float sum = (float)(int32_t)result[i];

			((float *)result)[i] = sum * *factor + bias[i % n];
		}
		for (int64_t i = 0; !floats && !factor && bias && i < m * n; i++)
			result[i] += ((const uint32_t *)bias)[i % n];
	}
	free(ta_copy);
	free(tb_copy);
	free(a_words.owned);
	free(b_words.owned);
	if (floats || factor)
		pumori_apply_activation(&evaluation->attributes->matmul.activation, y->data,
					pumori_type_elements(&y->type));
	return 0;
}

/* --- convolution --- */

struct axis_range {
	int64_t first;		/* output positions whose tap lies inside the input */
	int64_t end;
	int64_t source;		/* input position of output position 0, maybe outside */
};

static struct axis_range tap_range(int64_t input, int64_t output, int64_t pad, int64_t stride,
				   int64_t tap_offset)
{
	struct axis_range range = { .source = tap_offset - pad, .end = output };

	if (range.source < 0)
		range.first = (-range.source + stride - 1) / stride;
	while (range.end > range.first && range.source + (range.end - 1) * stride >= input)
		range.end--;
	if (range.first > range.end)
		range.first = range.end;
	return range;
}

static void add_scaled_float(float *sum, const float *x, float weight, int64_t count,
			     int64_t stride)
{
	if (stride == 1) {
		for (int64_t i = 0; i < count; i++)
			sum[i] += weight * x[i];
		return;
	}
	for (int64_t i = 0; i < count; i++)
		sum[i] += weight * x[i * stride];
}

static void add_scaled_int32(uint32_t *sum, const uint32_t *x, uint32_t weight, int64_t count,
			     int64_t stride)
{
	for (int64_t i = 0; i < count; i++)
		sum[i] += weight * x[i * stride];
}

int pumori_evaluate_conv2d(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *w = &evaluation->inputs[1];
	const struct pumori_view *y = &evaluation->outputs[0];
	const uint32_t *bias = evaluation->input_count > 2 ? evaluation->inputs[2].data : NULL;
	const int64_t *strides = evaluation->attributes->conv2d.strides;
	const int64_t *pads = evaluation->attributes->conv2d.pads;
	const int64_t *dilations = evaluation->attributes->conv2d.dilations;
	const int64_t *xs = x->type.shape, *ws = w->type.shape, *ys = y->type.shape;
	int64_t per_group = ws[0] / evaluation->attributes->conv2d.groups;
	bool floats = y->type.element == PUMORI_ELEMENT_FLOAT32;
	struct words x_words, w_words;

	if (widen(&x_words, x) | widen(&w_words, w)) {
		free(x_words.owned);
		free(w_words.owned);
		return pumori_out_of_memory(evaluation->diagnostics);
	}
	for (int64_t map = 0; map < ys[0] * ys[1]; map++) {
		int64_t n = map / ys[1], m = map % ys[1];
		uint32_t *result = (uint32_t *)y->data + map * ys[2] * ys[3];

		for (int64_t i = 0; i < ys[2] * ys[3]; i++)
			result[i] = bias ? bias[m] : 0;
		for (int64_t tap = 0; tap < ws[1] * ws[2] * ws[3]; tap++) {
			int64_t c = tap / (ws[2] * ws[3]), kh = tap / ws[3] % ws[2], kw = tap % ws[3];
			int64_t channel = m / per_group * ws[1] + c;
			const uint32_t *source =
				x_words.data + (n * xs[1] + channel) * xs[2] * xs[3];
			uint32_t weight = w_words.data[m * ws[1] * ws[2] * ws[3] + tap];
			struct axis_range rows = tap_range(xs[2], ys[2], pads[0], strides[0],
							   kh * dilations[0]);
			struct axis_range columns = tap_range(xs[3], ys[3], pads[1], strides[1],
							      kw * dilations[1]);

			for (int64_t row = rows.first; row < rows.end; row++) {
				uint32_t *sum = result + row * ys[3] + columns.first;
				const uint32_t *from = source +
					(rows.source + row * strides[0]) * xs[3] +
					columns.source + columns.first * strides[1];
				int64_t count = columns.end - columns.first;

				if (floats) {
					float factor;

					memcpy(&factor, &weight, sizeof(factor));
					add_scaled_float((float *)sum, (const float *)from, factor,
							 count, strides[1]);
				} else {
					add_scaled_int32(sum, from, weight, count, strides[1]);
				}
			}
		}
	}
	free(x_words.owned);
	free(w_words.owned);
	if (floats)
		pumori_apply_activation(&evaluation->attributes->conv2d.activation, y->data,
					pumori_type_elements(&y->type));
	return 0;
}

/* --- pooling --- */

struct window {
	int64_t first;		/* input position of tap 0 */
	int64_t counted;	/* taps that an average with padding counts */
};

/* Taps beyond the regular padding (the excess of rounding up) never count. */
static struct window place_window(const union pumori_attributes *attributes, int axis,
				  int64_t input, int64_t output_position)
{
	int64_t dilation = attributes->pool2d.dilations[axis];
	int64_t limit = input + attributes->pool2d.pads[2 + axis] -
			attributes->pool2d.excess[axis];
	struct window window = {
		.first = output_position * attributes->pool2d.strides[axis] -
			 attributes->pool2d.pads[axis],
	};

	while (window.counted < attributes->pool2d.kernel[axis] &&
	       window.first + window.counted * dilation < limit)
		window.counted++;
	return window;
}

static double pool_window(const struct pumori_evaluation *evaluation, int64_t base, int64_t row,
			  int64_t column)
{
	const union pumori_attributes *attributes = evaluation->attributes;
	const struct pumori_view *x = &evaluation->inputs[0];
	const int64_t *xs = x->type.shape, *kernel = attributes->pool2d.kernel;
	const int64_t *dilations = attributes->pool2d.dilations;
	struct window rows = place_window(attributes, 0, xs[2], row);
	struct window columns = place_window(attributes, 1, xs[3], column);
	bool maximum = attributes->pool2d.function == PUMORI_REDUCTION_MAX;
	double result = maximum ? -INFINITY : 0;
	int64_t inside = 0;

	for (int64_t tap = 0; tap < kernel[0] * kernel[1]; tap++) {
		int64_t i = rows.first + tap / kernel[1] * dilations[0];
		int64_t j = columns.first + tap % kernel[1] * dilations[1];
		double value;

		if (i < 0 || i >= xs[2] || j < 0 || j >= xs[3])
			continue;
		value = pumori_load_value(x->type.element, x->data, base + i * xs[3] + j);
		if (maximum)
			result = value > result || isnan(value) ? value : result;
		else
			result += value;
		inside++;
	}
	if (maximum)
		return result;
	if (attributes->pool2d.count_include_pad)
		inside = rows.counted * columns.counted;
	return inside ? result / inside : 0;
}

int pumori_evaluate_pool2d(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	const int64_t *xs = x->type.shape, *ys = y->type.shape;
	int64_t index = 0;

	for (int64_t map = 0; map < ys[0] * ys[1]; map++)
		for (int64_t row = 0; row < ys[2]; row++)
			for (int64_t column = 0; column < ys[3]; column++)
				pumori_store_value(y->type.element, y->data, index++,
						   pool_window(evaluation, map * xs[2] * xs[3], row,
							       column));
	return 0;
}
