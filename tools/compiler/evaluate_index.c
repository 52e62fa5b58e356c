// SPDX-License-Identifier: MIT
/* Reference evaluation of gathers and scatters. */
#include <string.h>

#include "evaluate_internal.h"

/* Index number @at, counted from the front; -EINVAL, with a diagnostic, when out of range. */
static int load_index(const struct pumori_evaluation *evaluation, int64_t at, int64_t extent,
		      int64_t *index)
{
	const struct pumori_view *indices = &evaluation->inputs[1];
	int64_t value = pumori_load_integer(indices->type.element, indices->data, at);

	*index = 0;
	if (value < -extent || value >= extent)
		return pumori_error(evaluation->diagnostics, -EINVAL, &evaluation->where, NULL,
				    "index %lld is out of range for an extent of %lld",
				    (long long)value, (long long)extent);
	*index = value < 0 ? value + extent : value;
	return 0;
}

int pumori_evaluate_gather(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	unsigned int axis = evaluation->attributes->gather.axis;
	int64_t picks = pumori_type_elements(&evaluation->inputs[1].type), outer = 1;
	size_t inner = pumori_element_bytes(x->type.element), to = 0;

	for (unsigned int i = 0; i < axis; i++)
		outer *= x->type.shape[i];
	for (unsigned int i = axis + 1; i < x->type.rank; i++)
		inner *= x->type.shape[i];
	if (!inner)
		return 0;
	for (int64_t block = 0; block < outer; block++) {
		for (int64_t pick = 0; pick < picks; pick++, to += inner) {
			int64_t index;

			if (load_index(evaluation, pick, x->type.shape[axis], &index))
				return -EINVAL;
			memcpy((char *)y->data + to,
			       (char *)x->data + (block * x->type.shape[axis] + index) * inner,
			       inner);
		}
	}
	return 0;
}

int pumori_evaluate_gather_elements(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	unsigned int axis = evaluation->attributes->gather_elements.axis;
	size_t bytes = pumori_element_bytes(x->type.element);
	int64_t count = pumori_type_elements(&y->type), strides[PUMORI_MAX_RANK];
	struct pumori_counter counter;

	pumori_type_strides(&x->type, strides);
	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		int64_t index, offset = pumori_counter_offset(&counter, strides);

		if (load_index(evaluation, i, x->type.shape[axis], &index))
			return -EINVAL;
		offset += (index - counter.position[axis]) * strides[axis];
		memcpy((char *)y->data + i * bytes, (char *)x->data + offset * bytes, bytes);
	}
	return 0;
}

/* Combine @count elements of @update into @target. */
static void scatter_into(enum pumori_scatter_mode mode, enum pumori_element_type element,
			 void *target, int64_t to, const void *update, int64_t from, int64_t count)
{
	size_t bytes = pumori_element_bytes(element);

	if (mode == PUMORI_SCATTER_REPLACE) {
		memcpy((char *)target + to * bytes, (const char *)update + from * bytes,
		       count * bytes);
		return;
	}
	for (int64_t i = 0; i < count; i++) {
		if (pumori_element_is_float(element)) {
			float a = pumori_load_value(element, target, to + i);
			float b = pumori_load_value(element, update, from + i);

			pumori_store_value(element, target, to + i,
					   mode == PUMORI_SCATTER_ADD ? a + b : a * b);
		} else {
			uint64_t a = pumori_load_integer(element, target, to + i);
			uint64_t b = pumori_load_integer(element, update, from + i);

			pumori_store_integer(element, target, to + i,
					     mode == PUMORI_SCATTER_ADD ? a + b : a * b);
		}
	}
}

int pumori_evaluate_scatter_elements(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *updates = &evaluation->inputs[2];
	const struct pumori_view *y = &evaluation->outputs[0];
	unsigned int axis = evaluation->attributes->scatter_elements.axis;
	int64_t count = pumori_type_elements(&updates->type), strides[PUMORI_MAX_RANK];
	struct pumori_counter counter;

	pumori_evaluate_copy(evaluation);
	pumori_type_strides(&y->type, strides);
	pumori_counter_init(&counter, updates->type.rank, updates->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		int64_t index, offset = pumori_counter_offset(&counter, strides);

		if (load_index(evaluation, i, y->type.shape[axis], &index))
			return -EINVAL;
		offset += (index - counter.position[axis]) * strides[axis];
		scatter_into(evaluation->attributes->scatter_elements.mode, y->type.element,
			     y->data, offset, updates->data, i, 1);
	}
	return 0;
}

/*
 * Walk index tuples: tuple number @at of @tuple indices addresses dimensions @first and on of
 * @type; the element offset of what it addresses is added to *offset.
 */
static int tuple_offset(const struct pumori_evaluation *evaluation, int64_t at, int64_t tuple,
			unsigned int first, const struct pumori_tensor_type *type, int64_t *offset)
{
	int64_t strides[PUMORI_MAX_RANK];

	pumori_type_strides(type, strides);
	for (int64_t i = 0; i < tuple; i++) {
		int64_t index;

		if (load_index(evaluation, at * tuple + i, type->shape[first + i], &index))
			return -EINVAL;
		*offset += index * strides[first + i];
	}
	return 0;
}

/* Elements behind one index tuple. */
static int64_t block_elements(const struct pumori_tensor_type *type, unsigned int addressed)
{
	int64_t count = 1;

	for (unsigned int i = addressed; i < type->rank; i++)
		count *= type->shape[i];
	return count;
}

int pumori_evaluate_gather_nd(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *indices = &evaluation->inputs[1];
	unsigned int batch_dimensions = evaluation->attributes->gather_nd.batch_dimensions;
	int64_t tuple = indices->type.shape[indices->type.rank - 1];
	int64_t tuples = pumori_type_elements(&indices->type) / tuple;
	int64_t block = block_elements(&x->type, batch_dimensions + tuple);
	int64_t per_batch, batches = 1;
	size_t bytes = pumori_element_bytes(x->type.element) * block;

	for (unsigned int i = 0; i < batch_dimensions; i++)
		batches *= x->type.shape[i];
	per_batch = batches ? tuples / batches : 0;
	for (int64_t i = 0; i < tuples && bytes; i++) {
		int64_t offset = i / per_batch * block_elements(&x->type, batch_dimensions);

		if (tuple_offset(evaluation, i, tuple, batch_dimensions, &x->type, &offset))
			return -EINVAL;
		memcpy((char *)evaluation->outputs[0].data + i * bytes,
		       (char *)x->data + offset / block * bytes, bytes);
	}
	return 0;
}

int pumori_evaluate_scatter_nd(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *indices = &evaluation->inputs[1];
	const struct pumori_view *updates = &evaluation->inputs[2];
	const struct pumori_view *y = &evaluation->outputs[0];
	int64_t tuple = indices->type.shape[indices->type.rank - 1];
	int64_t tuples = pumori_type_elements(&indices->type) / tuple;
	int64_t block = block_elements(&y->type, tuple);

	pumori_evaluate_copy(evaluation);
	for (int64_t i = 0; i < tuples && block; i++) {
		int64_t offset = 0;

		if (tuple_offset(evaluation, i, tuple, 0, &y->type, &offset))
			return -EINVAL;
		scatter_into(evaluation->attributes->scatter_nd.mode, y->type.element, y->data,
			     offset, updates->data, i * block, block);
	}
	return 0;
}
