// SPDX-License-Identifier: MIT
/* Reference evaluation along axes: reductions, arg max, softmax, layer norm, running sums, top k. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_internal.h"

/* The elements that one reduced result is made of, as a walk over the input. */
struct reduction {
	unsigned int rank;
	int64_t shape[PUMORI_MAX_RANK];
	int64_t strides[PUMORI_MAX_RANK];
	int64_t count;
};

static double reduce_float(enum pumori_reduction function, const struct reduction *inner,
			   const float *data)
{
	struct pumori_counter counter;
	double result = function == PUMORI_REDUCTION_PRODUCT ? 1 :
			function == PUMORI_REDUCTION_MAX ? -INFINITY :
			function == PUMORI_REDUCTION_MIN ? INFINITY : 0;

	pumori_counter_init(&counter, inner->rank, inner->shape);
	for (int64_t i = 0; i < inner->count; i++, pumori_counter_next(&counter)) {
		double value = data[pumori_counter_offset(&counter, inner->strides)];

		switch (function) {
		case PUMORI_REDUCTION_SUM:
		case PUMORI_REDUCTION_MEAN:
			result += value;
			break;
		case PUMORI_REDUCTION_SUM_SQUARE:
			result += value * value;
			break;
		case PUMORI_REDUCTION_PRODUCT:
			result *= value;
			break;
		case PUMORI_REDUCTION_MAX:
			result = value > result || isnan(value) ? value : result;
			break;
		case PUMORI_REDUCTION_MIN:
			result = value < result || isnan(value) ? value : result;
			break;
		case PUMORI_REDUCTION_COUNT:
			break;
		}
	}
	return function == PUMORI_REDUCTION_MEAN ? result / inner->count : result;
}

static int64_t reduce_integer(enum pumori_reduction function, enum pumori_element_type element,
			      const struct reduction *inner, const void *data, int64_t base)
{
	bool wide = element == PUMORI_ELEMENT_UINT64;
	uint64_t result = function == PUMORI_REDUCTION_PRODUCT;
	struct pumori_counter counter;

	pumori_counter_init(&counter, inner->rank, inner->shape);
	for (int64_t i = 0; i < inner->count; i++, pumori_counter_next(&counter)) {
		int64_t at = base + pumori_counter_offset(&counter, inner->strides);
		uint64_t value = pumori_load_integer(element, data, at);
		bool less = wide ? value < result : (int64_t)value < (int64_t)result;

		switch (function) {
		case PUMORI_REDUCTION_SUM:
		case PUMORI_REDUCTION_MEAN:
			result += value;
			break;
		case PUMORI_REDUCTION_SUM_SQUARE:
			result += value * value;
			break;
		case PUMORI_REDUCTION_PRODUCT:
			result *= value;
			break;
		case PUMORI_REDUCTION_MAX:
			result = i && less ? result : value;
			break;
		case PUMORI_REDUCTION_MIN:
			result = !i || less ? value : result;
			break;
		case PUMORI_REDUCTION_COUNT:
			break;
		}
	}
	if (function == PUMORI_REDUCTION_MEAN && inner->count)
		return wide ? result / inner->count : (uint64_t)((int64_t)result / inner->count);
	return result;
}

int pumori_evaluate_reduce(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	enum pumori_reduction function = evaluation->attributes->reduce.function;
	int64_t count = pumori_type_elements(&y->type), strides[PUMORI_MAX_RANK];
	struct reduction inner = { .count = 1 };
	struct pumori_counter counter;

	pumori_type_strides(&x->type, strides);
	for (unsigned int i = 0; i < x->type.rank; i++) {
		if (!(evaluation->attributes->reduce.axes >> i & 1))
			continue;
		inner.shape[inner.rank] = x->type.shape[i];
		inner.strides[inner.rank++] = strides[i];
		inner.count *= x->type.shape[i];
	}
	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		int64_t base = pumori_counter_offset(&counter, strides);

		if (x->type.element == PUMORI_ELEMENT_FLOAT32)
			((float *)y->data)[i] = reduce_float(function, &inner,
							     (const float *)x->data + base);
		else
			pumori_store_integer(y->type.element, y->data, i,
					     reduce_integer(function, x->type.element, &inner,
							    x->data, base));
	}
	return 0;
}

/* --- one axis at a time: lanes are the elements along the axis --- */

struct lanes {
	int64_t outer;		/* lanes are outer x inner */
	int64_t length;
	int64_t inner;		/* also the stride along a lane */
};

static struct lanes lanes_of(const struct pumori_tensor_type *type, unsigned int axis)
{
	struct lanes lanes = { .outer = 1, .length = type->shape[axis], .inner = 1 };

	for (unsigned int i = 0; i < type->rank; i++) {
		if (i < axis)
			lanes.outer *= type->shape[i];
		if (i > axis)
			lanes.inner *= type->shape[i];
	}
	return lanes;
}

static int64_t lane_start(const struct lanes *lanes, int64_t lane)
{
	return lane / lanes->inner * lanes->length * lanes->inner + lane % lanes->inner;
}

/* -1, 0 or 1; of any element type. */
static int compare(const struct pumori_view *x, int64_t i, int64_t j)
{
	if (pumori_element_is_float(x->type.element)) {
		double a = pumori_load_value(x->type.element, x->data, i);
		double b = pumori_load_value(x->type.element, x->data, j);

		return (a > b) - (a < b);
	} else {
		int64_t a = pumori_load_integer(x->type.element, x->data, i);
		int64_t b = pumori_load_integer(x->type.element, x->data, j);

		if (x->type.element == PUMORI_ELEMENT_UINT64)
			return ((uint64_t)a > (uint64_t)b) - ((uint64_t)a < (uint64_t)b);
		return (a > b) - (a < b);
	}
}

int pumori_evaluate_arg_reduce(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	struct lanes lanes = lanes_of(&x->type, evaluation->attributes->arg_reduce.axis);
	int sign = evaluation->attributes->arg_reduce.minimum ? -1 : 1;
	bool last = evaluation->attributes->arg_reduce.last;
	int64_t *result = evaluation->outputs[0].data;

	for (int64_t lane = 0; lane < lanes.outer * lanes.inner; lane++) {
		int64_t start = lane_start(&lanes, lane), best = 0;

		for (int64_t i = 1; i < lanes.length; i++) {
			int order = sign * compare(x, start + i * lanes.inner,
						   start + best * lanes.inner);

			if (order > 0 || (!order && last))
				best = i;
		}
		result[lane] = best;
	}
	return 0;
}

int pumori_evaluate_softmax(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	struct lanes lanes = lanes_of(&x->type, evaluation->attributes->softmax.axis);
	const float *from = x->data;
	float *to = evaluation->outputs[0].data;

	for (int64_t lane = 0; lane < lanes.outer * lanes.inner; lane++) {
		int64_t start = lane_start(&lanes, lane);
		double maximum = -INFINITY, sum = 0;

		for (int64_t i = 0; i < lanes.length; i++)
			maximum = fmax(maximum, from[start + i * lanes.inner]);
		for (int64_t i = 0; i < lanes.length; i++)
			sum += exp(from[start + i * lanes.inner] - maximum);
		for (int64_t i = 0; i < lanes.length; i++) {
			double value = from[start + i * lanes.inner] - maximum;

			to[start + i * lanes.inner] = evaluation->attributes->softmax.logarithm ?
				value - log(sum) : exp(value) / sum;
		}
	}
	return 0;
}

int pumori_evaluate_layer_norm(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	const float *scale = evaluation->input_count > 1 ? evaluation->inputs[1].data : NULL;
	const float *bias = evaluation->input_count > 2 ? evaluation->inputs[2].data : NULL;
	int64_t length = 1, rows;

	for (unsigned int i = evaluation->attributes->layer_norm.axis; i < x->type.rank; i++)
		length *= x->type.shape[i];
	rows = length ? pumori_type_elements(&x->type) / length : 0;
	for (int64_t row = 0; row < rows; row++) {
		const float *from = (const float *)x->data + row * length;
		float *to = (float *)evaluation->outputs[0].data + row * length;
		double mean = 0, variance = 0, factor;

		for (int64_t i = 0; i < length; i++)
			mean += from[i];
		mean /= length;
		for (int64_t i = 0; i < length; i++)
			variance += (from[i] - mean) * (from[i] - mean);
		factor = 1 / sqrt(variance / length + evaluation->attributes->layer_norm.epsilon);
		for (int64_t i = 0; i < length; i++)
			to[i] = (from[i] - mean) * factor * (scale ? scale[i] : 1) +
				(bias ? bias[i] : 0);
	}
	return 0;
}

int pumori_evaluate_cumulative_sum(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	enum pumori_element_type element = x->type.element;
	struct lanes lanes = lanes_of(&x->type, evaluation->attributes->cumulative_sum.axis);
	bool exclusive = evaluation->attributes->cumulative_sum.exclusive;
	bool reverse = evaluation->attributes->cumulative_sum.reverse;

	for (int64_t lane = 0; lane < lanes.outer * lanes.inner; lane++) {
		uint64_t integer = 0;
		double number = 0;

		for (int64_t step = 0; step < lanes.length; step++) {
			int64_t i = reverse ? lanes.length - 1 - step : step;
			int64_t at = lane_start(&lanes, lane) + i * lanes.inner;
			double before = number;
			uint64_t integer_before = integer;

			if (pumori_element_is_float(element)) {
				number += pumori_load_value(element, x->data, at);
				pumori_store_value(element, y->data, at,
						   exclusive ? before : number);
			} else {
				integer += pumori_load_integer(element, x->data, at);
				pumori_store_integer(element, y->data, at,
						     exclusive ? integer_before : integer);
			}
		}
	}
	return 0;
}

int pumori_evaluate_top_k(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	const struct pumori_view *values = &evaluation->outputs[0];
	struct lanes lanes = lanes_of(&x->type, evaluation->attributes->top_k.axis);
	int sign = evaluation->attributes->top_k.smallest ? -1 : 1;
	size_t bytes = pumori_element_bytes(x->type.element);
	int64_t k = evaluation->attributes->top_k.k;
	int64_t *indices = evaluation->outputs[1].data;
	bool *taken = calloc(lanes.length + 1, 1);

	if (!taken)
		return pumori_out_of_memory(evaluation->diagnostics);
	for (int64_t lane = 0; lane < lanes.outer * lanes.inner; lane++) {
		int64_t start = lane_start(&lanes, lane);
		int64_t to = lane / lanes.inner * k * lanes.inner + lane % lanes.inner;

		memset(taken, 0, lanes.length);
		for (int64_t rank = 0; rank < k; rank++, to += lanes.inner) {
			int64_t best = -1;

			for (int64_t i = 0; i < lanes.length; i++)
				if (!taken[i] && (best < 0 ||
						  sign * compare(x, start + i * lanes.inner,
								 start + best * lanes.inner) > 0))
					best = i;
			taken[best] = true;
			memcpy((char *)values->data + to * bytes,
			       (char *)x->data + (start + best * lanes.inner) * bytes, bytes);
			indices[to] = best;
		}
	}
	free(taken);
	return 0;
}
