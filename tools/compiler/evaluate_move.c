// SPDX-License-Identifier: MIT
/* Reference evaluation of primitives that only move elements. */
#include <string.h>

#include "evaluate_internal.h"

int pumori_evaluate_reshape(const struct pumori_evaluation *evaluation)
{
	return pumori_evaluate_copy(evaluation);
}

/* Fill @y in order from @x, reading at @offset plus the position times @strides. */
static void gather_strided(const struct pumori_view *y, const struct pumori_view *x,
			   int64_t offset, const int64_t *strides)
{
	size_t bytes = pumori_element_bytes(y->type.element);
	int64_t count = pumori_type_elements(&y->type);
	struct pumori_counter counter;

	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter))
		memcpy((char *)y->data + i * bytes,
		       (char *)x->data + (offset + pumori_counter_offset(&counter, strides)) * bytes,
		       bytes);
}

int pumori_evaluate_transpose(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	int64_t own[PUMORI_MAX_RANK], strides[PUMORI_MAX_RANK];

	pumori_type_strides(&x->type, own);
	for (unsigned int i = 0; i < x->type.rank; i++)
		strides[i] = own[evaluation->attributes->transpose.permutation[i]];
	gather_strided(&evaluation->outputs[0], x, 0, strides);
	return 0;
}

int pumori_evaluate_expand(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	int64_t strides[PUMORI_MAX_RANK];

	pumori_broadcast_strides(&x->type, &evaluation->outputs[0].type, strides);
	gather_strided(&evaluation->outputs[0], x, 0, strides);
	return 0;
}

int pumori_evaluate_slice(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0];
	int64_t own[PUMORI_MAX_RANK], strides[PUMORI_MAX_RANK], offset = 0;

	pumori_type_strides(&x->type, own);
	for (unsigned int i = 0; i < x->type.rank; i++) {
		strides[i] = own[i] * evaluation->attributes->slice.steps[i];
		offset += own[i] * evaluation->attributes->slice.starts[i];
	}
	gather_strided(&evaluation->outputs[0], x, offset, strides);
	return 0;
}

int pumori_evaluate_concat(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *y = &evaluation->outputs[0];
	unsigned int axis = evaluation->attributes->concat.axis;
	size_t inner = pumori_element_bytes(y->type.element), to = 0;
	int64_t outer = 1;

	for (unsigned int i = 0; i < axis; i++)
		outer *= y->type.shape[i];
	for (unsigned int i = axis + 1; i < y->type.rank; i++)
		inner *= y->type.shape[i];
	for (int64_t block = 0; block < outer; block++) {
		for (size_t i = 0; i < evaluation->input_count; i++) {
			const struct pumori_view *x = &evaluation->inputs[i];
			size_t bytes = x->type.shape[axis] * inner;

			if (bytes)
				memcpy((char *)y->data + to, (char *)x->data + block * bytes, bytes);
			to += bytes;
		}
	}
	return 0;
}

/* The source position of a padded position, or -1 for the constant. */
static int64_t unpad(enum pumori_pad_mode mode, int64_t position, int64_t extent)
{
	if (position >= 0 && position < extent)
		return position;
	switch (mode) {
	case PUMORI_PAD_EDGE:
		return position < 0 ? 0 : extent - 1;
	case PUMORI_PAD_REFLECT:
		return position < 0 ? -position : 2 * (extent - 1) - position;
	default:
		return -1;
	}
}

int pumori_evaluate_pad(const struct pumori_evaluation *evaluation)
{
	const struct pumori_view *x = &evaluation->inputs[0], *y = &evaluation->outputs[0];
	enum pumori_pad_mode mode = evaluation->attributes->pad.mode;
	size_t bytes = pumori_element_bytes(y->type.element);
	int64_t count = pumori_type_elements(&y->type), strides[PUMORI_MAX_RANK];
	struct pumori_counter counter;
	unsigned char filler[8];

	if (pumori_element_is_float(y->type.element))
		pumori_store_value(y->type.element, filler, 0, evaluation->attributes->pad.value);
	else
		pumori_store_integer(y->type.element, filler, 0,
				     (int64_t)evaluation->attributes->pad.value);
	pumori_type_strides(&x->type, strides);
	pumori_counter_init(&counter, y->type.rank, y->type.shape);
	for (int64_t i = 0; i < count; i++, pumori_counter_next(&counter)) {
		const void *source = x->data;
		int64_t offset = 0;

		for (unsigned int axis = 0; axis < y->type.rank && source; axis++) {
			int64_t position = unpad(mode, counter.position[axis] -
						 evaluation->attributes->pad.before[axis],
						 x->type.shape[axis]);

			if (position < 0)
				source = NULL;
			offset += position * strides[axis];
		}
		memcpy((char *)y->data + i * bytes,
		       source ? (const void *)((const char *)source + offset * bytes) : filler, bytes);
	}
	return 0;
}
