/* SPDX-License-Identifier: MIT */
/* What the files of the evaluator share. */
#ifndef PUMORI_COMPILER_EVALUATE_INTERNAL_H
#define PUMORI_COMPILER_EVALUATE_INTERNAL_H

#include <errno.h>

#include "element.h"
#include "evaluate.h"

struct pumori_view {
	struct pumori_tensor_type type;
	void *data;
};

/* One evaluation: no view has a 16-bit float type. */
struct pumori_evaluation {
	const union pumori_attributes *attributes;
	struct pumori_view *inputs;
	size_t input_count;
	struct pumori_view outputs[2];
	struct pumori_diagnostics *diagnostics;
	struct pumori_location where;
};

typedef int pumori_evaluator(const struct pumori_evaluation *evaluation);

#define PUMORI_DECLARE_EVALUATOR(name, text, minimum, maximum, outputs) \
	pumori_evaluator pumori_evaluate_##text;
PUMORI_PRIMITIVES(PUMORI_DECLARE_EVALUATOR)
#undef PUMORI_DECLARE_EVALUATOR

/* Counts through all positions of a shape, last axis fastest. */
struct pumori_counter {
	unsigned int rank;
	const int64_t *shape;
	int64_t position[PUMORI_MAX_RANK];
};

static inline void pumori_counter_init(struct pumori_counter *counter, unsigned int rank,
				       const int64_t *shape)
{
	*counter = (struct pumori_counter){ .rank = rank, .shape = shape };
}

/* One step; false after the last position. */
static inline bool pumori_counter_next(struct pumori_counter *counter)
{
	for (unsigned int i = counter->rank; i-- > 0;) {
		if (++counter->position[i] < counter->shape[i])
			return true;
		counter->position[i] = 0;
	}
	return false;
}

static inline int64_t pumori_counter_offset(const struct pumori_counter *counter,
					    const int64_t *strides)
{
	int64_t offset = 0;

	for (unsigned int i = 0; i < counter->rank; i++)
		offset += counter->position[i] * strides[i];
	return offset;
}

/* Strides to walk @type with as if broadcast to @result: 0 where it is repeated. */
void pumori_broadcast_strides(const struct pumori_tensor_type *type,
			      const struct pumori_tensor_type *result, int64_t *strides);

/* The fused activation on a finished float result. */
void pumori_apply_activation(const struct pumori_activation *activation, float *data,
			     int64_t count);

#endif
