// SPDX-License-Identifier: MIT
/* Shape rules of elementwise, moving and indexing primitives. Contractions: shape_rules_contract.c. */
#include <string.h>

#include "shape_rules.h"

static const struct {
	pumori_shape_rule *rule;
	size_t minimum;
	size_t maximum;
	size_t outputs;
} rules[] = {
#define RULE_ROW(name, text, minimum, maximum, outputs) \
	{ pumori_rule_##text, minimum, maximum, outputs },
	PUMORI_PRIMITIVES(RULE_ROW)
};

int pumori_infer(enum pumori_primitive primitive, const union pumori_attributes *attributes,
		 const struct pumori_tensor_type *const *inputs, size_t input_count,
		 struct pumori_tensor_type *outputs, struct pumori_diagnostics *diagnostics,
		 const struct pumori_location *where)
{
	struct pumori_rule rule = {
		.attributes = attributes, .inputs = inputs, .input_count = input_count,
		.outputs = outputs, .diagnostics = diagnostics, .where = where,
	};
	int error;

	if (input_count < rules[primitive].minimum ||
	    (rules[primitive].maximum && input_count > rules[primitive].maximum))
		return pumori_rule_refuse(&rule, "%s of %zu inputs",
					  pumori_primitive_name(primitive), input_count);
	memset(outputs, 0, rules[primitive].outputs * sizeof(*outputs));
	error = rules[primitive].rule(&rule);
	for (size_t i = 0; !error && i < rules[primitive].outputs; i++)
		if (!pumori_type_check(&outputs[i]))
			return pumori_rule_refuse(&rule, "its result is larger than the compiler handles");
	return error;
}

static bool is_float(const struct pumori_tensor_type *type)
{
	return pumori_element_is_float(type->element);
}

static bool is_index(const struct pumori_tensor_type *type)
{
	return type->element == PUMORI_ELEMENT_INT64 || type->element == PUMORI_ELEMENT_INT32;
}

int pumori_rule_check_activation(const struct pumori_rule *rule,
				 const struct pumori_activation *activation)
{
	if ((unsigned int)activation->function >= PUMORI_UNARY_COUNT)
		return pumori_rule_refuse(rule, "unknown activation %d", activation->function);
	if (activation->function != PUMORI_UNARY_IDENTITY && !is_float(&rule->outputs[0]))
		return pumori_rule_refuse(rule, "an activation needs a floating-point result");
	return 0;
}

int pumori_rule_copy(const struct pumori_rule *rule)
{
	rule->outputs[0] = *rule->inputs[0];
	return 0;
}

int pumori_rule_cast(const struct pumori_rule *rule)
{
	rule->outputs[0] = *rule->inputs[0];
	rule->outputs[0].element = rule->attributes->cast.element;
	return 0;
}

int pumori_rule_unary(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	bool fits = is_float(x);

	rule->outputs[0] = *x;
	switch (rule->attributes->unary.function) {
	case PUMORI_UNARY_IDENTITY:
		fits = true;
		break;
	case PUMORI_UNARY_NOT:
		fits = !fits;
		break;
	case PUMORI_UNARY_RELU:
	case PUMORI_UNARY_ABS:
	case PUMORI_UNARY_NEGATE:
	case PUMORI_UNARY_SIGN:
		fits = x->element != PUMORI_ELEMENT_BOOL;
		break;
	case PUMORI_UNARY_IS_NAN:
	case PUMORI_UNARY_IS_INF:
		rule->outputs[0].element = PUMORI_ELEMENT_BOOL;
		break;
	default:
		break;
	}
	if ((unsigned int)rule->attributes->unary.function >= PUMORI_UNARY_COUNT || !fits)
		return pumori_rule_refuse(rule, "%s is not defined on %s",
					  pumori_unary_name(rule->attributes->unary.function),
					  pumori_element_name(x->element));
	return 0;
}

static bool binary_fits(enum pumori_binary function, enum pumori_element_type element)
{
	switch (function) {
	case PUMORI_BINARY_EQUAL:
		return true;
	case PUMORI_BINARY_AND:
	case PUMORI_BINARY_OR:
	case PUMORI_BINARY_XOR:
		return !pumori_element_is_float(element);
	case PUMORI_BINARY_SHIFT_LEFT:
	case PUMORI_BINARY_SHIFT_RIGHT:
		return !pumori_element_is_float(element) && !pumori_element_is_signed(element) &&
		       element != PUMORI_ELEMENT_BOOL;
	default:
		return element != PUMORI_ELEMENT_BOOL;
	}
}

static int refuse_broadcast(const struct pumori_rule *rule, const struct pumori_tensor_type *a,
			    const struct pumori_tensor_type *b)
{
	char left[128], right[128];

	pumori_type_format(a, left, sizeof(left));
	pumori_type_format(b, right, sizeof(right));
	return pumori_rule_refuse(rule, "%s and %s do not fit together", left, right);
}

int pumori_rule_binary(const struct pumori_rule *rule)
{
	static const bool gives_bool[] = {
#define RESULT_SAME false
#define RESULT_BOOL true
#define RESULT_ROW(name, text, result) RESULT_##result,
		PUMORI_BINARY_FUNCTIONS(RESULT_ROW)
	};
	const struct pumori_tensor_type *a = rule->inputs[0], *b = rule->inputs[1];
	enum pumori_binary function = rule->attributes->binary.function;

	if (a->element != b->element || !pumori_broadcast(a, b, &rule->outputs[0]))
		return refuse_broadcast(rule, a, b);
	if ((unsigned int)function >= PUMORI_BINARY_COUNT || !binary_fits(function, a->element))
		return pumori_rule_refuse(rule, "%s is not defined on %s",
					  pumori_binary_name(function),
					  pumori_element_name(a->element));
	if (gives_bool[function])
		rule->outputs[0].element = PUMORI_ELEMENT_BOOL;
	return pumori_rule_check_activation(rule, &rule->attributes->binary.activation);
}

int pumori_rule_select(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *condition = rule->inputs[0];
	const struct pumori_tensor_type *a = rule->inputs[1], *b = rule->inputs[2];
	struct pumori_tensor_type both;

	if (condition->element != PUMORI_ELEMENT_BOOL)
		return pumori_rule_refuse(rule, "the condition is %s, not bool",
					  pumori_element_name(condition->element));
	if (a->element != b->element || !pumori_broadcast(a, b, &both))
		return refuse_broadcast(rule, a, b);
	if (!pumori_broadcast(&both, condition, &rule->outputs[0]))
		return refuse_broadcast(rule, &both, condition);
	return 0;
}

int pumori_rule_quantize(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	enum pumori_element_type element = rule->attributes->quantize.element;
	struct pumori_tensor_type both;

	if ((!pumori_element_is_float(x->element) && x->element != PUMORI_ELEMENT_INT32) ||
	    rule->inputs[1]->element != PUMORI_ELEMENT_FLOAT32 ||
	    rule->inputs[2]->element != PUMORI_ELEMENT_INT32 ||
	    (element != PUMORI_ELEMENT_INT8 && element != PUMORI_ELEMENT_UINT8))
		return pumori_rule_refuse(rule, "%s cannot be quantised to %s",
					  pumori_element_name(x->element),
					  pumori_element_name(element));
	for (unsigned int i = 1; i < 3; i++)
		if (!pumori_broadcast(x, rule->inputs[i], &both) || !pumori_shape_equal(x, &both))
			return refuse_broadcast(rule, x, rule->inputs[i]);
	rule->outputs[0] = *x;
	rule->outputs[0].element = element;
	return 0;
}

/* --- along one axis --- */

static int check_axis(const struct pumori_rule *rule, unsigned int axis)
{
	if (axis >= rule->inputs[0]->rank)
		return pumori_rule_refuse(rule, "axis %u of a tensor of rank %u", axis,
					  rule->inputs[0]->rank);
	return 0;
}

int pumori_rule_reduce(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	uint32_t axes = rule->attributes->reduce.axes;
	enum pumori_reduction function = rule->attributes->reduce.function;

	if (!axes || axes >> x->rank || (unsigned int)function >= PUMORI_REDUCTION_COUNT)
		return pumori_rule_refuse(rule, "reduces axes 0x%x of a tensor of rank %u", axes,
					  x->rank);
	if (x->element == PUMORI_ELEMENT_BOOL)
		return pumori_rule_refuse(rule, "%s is not defined on bool",
					  pumori_reduction_name(function));
	rule->outputs[0] = *x;
	for (unsigned int i = 0; i < x->rank; i++) {
		if (!(axes >> i & 1))
			continue;
		if (!x->shape[i] && (function == PUMORI_REDUCTION_MAX ||
				     function == PUMORI_REDUCTION_MIN))
			return pumori_rule_refuse(rule, "%s of no elements",
						  pumori_reduction_name(function));
		rule->outputs[0].shape[i] = 1;
	}
	return 0;
}

int pumori_rule_arg_reduce(const struct pumori_rule *rule)
{
	unsigned int axis = rule->attributes->arg_reduce.axis;

	if (check_axis(rule, axis))
		return -EINVAL;
	if (!rule->inputs[0]->shape[axis])
		return pumori_rule_refuse(rule, "index of the extreme of no elements");
	rule->outputs[0] = *rule->inputs[0];
	rule->outputs[0].element = PUMORI_ELEMENT_INT64;
	rule->outputs[0].shape[axis] = 1;
	return 0;
}

int pumori_rule_softmax(const struct pumori_rule *rule)
{
	if (!is_float(rule->inputs[0]))
		return pumori_rule_refuse(rule, "softmax of %s",
					  pumori_element_name(rule->inputs[0]->element));
	rule->outputs[0] = *rule->inputs[0];
	return check_axis(rule, rule->attributes->softmax.axis);
}

int pumori_rule_layer_norm(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	unsigned int axis = rule->attributes->layer_norm.axis;
	struct pumori_tensor_type normalised = { .element = x->element };

	if (check_axis(rule, axis))
		return -EINVAL;
	if (!is_float(x))
		return pumori_rule_refuse(rule, "normalises %s", pumori_element_name(x->element));
	normalised.rank = x->rank - axis;
	for (unsigned int i = axis; i < x->rank; i++)
		normalised.shape[i - axis] = x->shape[i];
	for (size_t i = 1; i < rule->input_count; i++)
		if (!pumori_type_equal(rule->inputs[i], &normalised))
			return refuse_broadcast(rule, x, rule->inputs[i]);
	rule->outputs[0] = *x;
	return 0;
}

int pumori_rule_cumulative_sum(const struct pumori_rule *rule)
{
	if (rule->inputs[0]->element == PUMORI_ELEMENT_BOOL)
		return pumori_rule_refuse(rule, "sums bool");
	rule->outputs[0] = *rule->inputs[0];
	return check_axis(rule, rule->attributes->cumulative_sum.axis);
}

int pumori_rule_top_k(const struct pumori_rule *rule)
{
	unsigned int axis = rule->attributes->top_k.axis;
	int64_t k = rule->attributes->top_k.k;

	if (check_axis(rule, axis))
		return -EINVAL;
	if (k < 0 || k > rule->inputs[0]->shape[axis])
		return pumori_rule_refuse(rule, "top %lld of %lld elements", (long long)k,
					  (long long)rule->inputs[0]->shape[axis]);
	rule->outputs[0] = *rule->inputs[0];
	rule->outputs[0].shape[axis] = k;
	rule->outputs[1] = rule->outputs[0];
	rule->outputs[1].element = PUMORI_ELEMENT_INT64;
	return 0;
}

/* --- moving --- */

int pumori_rule_reshape(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	struct pumori_tensor_type *result = &rule->outputs[0];

	result->element = x->element;
	result->rank = rule->attributes->reshape.rank;
	memcpy(result->shape, rule->attributes->reshape.shape, sizeof(result->shape));
	if (!pumori_type_check(result) || pumori_type_elements(result) != pumori_type_elements(x)) {
		char from[128];

		pumori_type_format(x, from, sizeof(from));
		return pumori_rule_refuse(rule, "cannot reshape %s to another number of elements",
					  from);
	}
	return 0;
}

int pumori_rule_transpose(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	uint32_t seen = 0;

	rule->outputs[0] = *x;
	for (unsigned int i = 0; i < x->rank; i++) {
		unsigned int from = rule->attributes->transpose.permutation[i];

		if (from >= x->rank || seen >> from & 1)
			return pumori_rule_refuse(rule, "its permutation is not one");
		seen |= (uint32_t)1 << from;
		rule->outputs[0].shape[i] = x->shape[from];
	}
	return 0;
}

int pumori_rule_expand(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	struct pumori_tensor_type wanted = { .element = x->element };

	wanted.rank = rule->attributes->expand.rank;
	memcpy(wanted.shape, rule->attributes->expand.shape, sizeof(wanted.shape));
	if (!pumori_type_check(&wanted) || !pumori_broadcast(x, &wanted, &rule->outputs[0]) ||
	    !pumori_shape_equal(&wanted, &rule->outputs[0]))
		return refuse_broadcast(rule, x, &wanted);
	return 0;
}

int pumori_rule_concat(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *first = rule->inputs[0];
	struct pumori_tensor_type *result = &rule->outputs[0];
	unsigned int axis = rule->attributes->concat.axis;

	if (check_axis(rule, axis))
		return -EINVAL;
	*result = *first;
	for (size_t i = 1; i < rule->input_count; i++) {
		struct pumori_tensor_type other = *rule->inputs[i];

		if (other.rank != first->rank)
			return refuse_broadcast(rule, first, rule->inputs[i]);
		other.shape[axis] = first->shape[axis];
		if (!pumori_type_equal(first, &other))
			return refuse_broadcast(rule, first, rule->inputs[i]);
		if (__builtin_add_overflow(result->shape[axis], rule->inputs[i]->shape[axis],
					   &result->shape[axis]))
			return pumori_rule_refuse(rule, "its result is too large");
	}
	return 0;
}

int pumori_rule_slice(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];

	rule->outputs[0] = *x;
	for (unsigned int i = 0; i < x->rank; i++) {
		int64_t start = rule->attributes->slice.starts[i];
		int64_t step = rule->attributes->slice.steps[i];
		int64_t extent = rule->attributes->slice.extents[i];
		int64_t last;

		if (!step || extent < 0)
			return pumori_rule_refuse(rule, "its step is zero on axis %u", i);
		rule->outputs[0].shape[i] = extent;
		if (!extent)
			continue;
		if (__builtin_mul_overflow(extent - 1, step, &last) ||
		    __builtin_add_overflow(last, start, &last) || start < 0 ||
		    start >= x->shape[i] || last < 0 || last >= x->shape[i])
			return pumori_rule_refuse(rule, "it reaches outside axis %u", i);
	}
	return 0;
}

int pumori_rule_pad(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	enum pumori_pad_mode mode = rule->attributes->pad.mode;

	rule->outputs[0] = *x;
	for (unsigned int i = 0; i < x->rank; i++) {
		int64_t before = rule->attributes->pad.before[i];
		int64_t after = rule->attributes->pad.after[i];

		if (before < 0 || after < 0 ||
		    __builtin_add_overflow(before, after, &rule->outputs[0].shape[i]) ||
		    __builtin_add_overflow(rule->outputs[0].shape[i], x->shape[i],
					   &rule->outputs[0].shape[i]))
			return pumori_rule_refuse(rule, "impossible padding of axis %u", i);
		if (mode == PUMORI_PAD_REFLECT && (before || after) &&
		    (before >= x->shape[i] || after >= x->shape[i]))
			return pumori_rule_refuse(rule, "reflects more of axis %u than there is", i);
		if (mode == PUMORI_PAD_EDGE && (before || after) && !x->shape[i])
			return pumori_rule_refuse(rule, "repeats the edge of empty axis %u", i);
	}
	return 0;
}

/* --- indexing --- */

static int check_indices(const struct pumori_rule *rule)
{
	if (!is_index(rule->inputs[1]))
		return pumori_rule_refuse(rule, "its indices are %s, not int32 or int64",
					  pumori_element_name(rule->inputs[1]->element));
	return 0;
}

int pumori_rule_gather(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0], *indices = rule->inputs[1];
	struct pumori_tensor_type *result = &rule->outputs[0];
	unsigned int axis = rule->attributes->gather.axis;

	if (check_axis(rule, axis) || check_indices(rule))
		return -EINVAL;
	if (x->rank - 1 + indices->rank > PUMORI_MAX_RANK)
		return pumori_rule_refuse(rule, "its result has more than %d dimensions",
					  PUMORI_MAX_RANK);
	result->element = x->element;
	for (unsigned int i = 0; i < axis; i++)
		result->shape[result->rank++] = x->shape[i];
	for (unsigned int i = 0; i < indices->rank; i++)
		result->shape[result->rank++] = indices->shape[i];
	for (unsigned int i = axis + 1; i < x->rank; i++)
		result->shape[result->rank++] = x->shape[i];
	return 0;
}

/* The shape of indices may only be smaller than x's, except along the axis. */
static int check_inside(const struct pumori_rule *rule, unsigned int axis)
{
	const struct pumori_tensor_type *x = rule->inputs[0], *indices = rule->inputs[1];

	if (check_axis(rule, axis) || check_indices(rule))
		return -EINVAL;
	if (x->rank != indices->rank)
		return refuse_broadcast(rule, x, indices);
	for (unsigned int i = 0; i < x->rank; i++)
		if (i != axis && indices->shape[i] > x->shape[i])
			return refuse_broadcast(rule, x, indices);
	return 0;
}

int pumori_rule_gather_elements(const struct pumori_rule *rule)
{
	if (check_inside(rule, rule->attributes->gather_elements.axis))
		return -EINVAL;
	rule->outputs[0] = *rule->inputs[1];
	rule->outputs[0].element = rule->inputs[0]->element;
	return 0;
}

/* Check the index tuples [.., n] of gather_nd and scatter_nd and give n. */
static int check_tuples(const struct pumori_rule *rule, unsigned int batch_dimensions,
			unsigned int *tuple)
{
	const struct pumori_tensor_type *x = rule->inputs[0], *indices = rule->inputs[1];

	if (check_indices(rule))
		return -EINVAL;
	if (!indices->rank || !x->rank || batch_dimensions >= indices->rank ||
	    batch_dimensions >= x->rank)
		return refuse_broadcast(rule, x, indices);
	for (unsigned int i = 0; i < batch_dimensions; i++)
		if (x->shape[i] != indices->shape[i])
			return refuse_broadcast(rule, x, indices);
	if (indices->shape[indices->rank - 1] < 1 ||
	    indices->shape[indices->rank - 1] > x->rank - batch_dimensions)
		return refuse_broadcast(rule, x, indices);
	*tuple = indices->shape[indices->rank - 1];
	if (indices->rank - 1 + x->rank - *tuple - batch_dimensions > PUMORI_MAX_RANK)
		return pumori_rule_refuse(rule, "its result has more than %d dimensions",
					  PUMORI_MAX_RANK);
	return 0;
}

/* indices.shape[:-1] followed by the dimensions of x that no index addresses. */
static void tuple_shape(const struct pumori_rule *rule, unsigned int batch_dimensions,
			unsigned int tuple, struct pumori_tensor_type *result)
{
	const struct pumori_tensor_type *x = rule->inputs[0], *indices = rule->inputs[1];

	memset(result, 0, sizeof(*result));
	result->element = x->element;
	for (unsigned int i = 0; i + 1 < indices->rank; i++)
		result->shape[result->rank++] = indices->shape[i];
	for (unsigned int i = batch_dimensions + tuple; i < x->rank; i++)
		result->shape[result->rank++] = x->shape[i];
}

int pumori_rule_gather_nd(const struct pumori_rule *rule)
{
	unsigned int batch_dimensions = rule->attributes->gather_nd.batch_dimensions, tuple;

	if (check_tuples(rule, batch_dimensions, &tuple))
		return -EINVAL;
	tuple_shape(rule, batch_dimensions, tuple, &rule->outputs[0]);
	return 0;
}

static int check_scatter_mode(const struct pumori_rule *rule, enum pumori_scatter_mode mode)
{
	if (mode != PUMORI_SCATTER_REPLACE && rule->inputs[0]->element == PUMORI_ELEMENT_BOOL)
		return pumori_rule_refuse(rule, "arithmetic on bool");
	return 0;
}

int pumori_rule_scatter_elements(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *updates = rule->inputs[2];

	if (check_inside(rule, rule->attributes->scatter_elements.axis) ||
	    check_scatter_mode(rule, rule->attributes->scatter_elements.mode))
		return -EINVAL;
	if (updates->element != rule->inputs[0]->element ||
	    !pumori_shape_equal(updates, rule->inputs[1]))
		return refuse_broadcast(rule, rule->inputs[1], updates);
	rule->outputs[0] = *rule->inputs[0];
	return 0;
}

int pumori_rule_scatter_nd(const struct pumori_rule *rule)
{
	struct pumori_tensor_type expected;
	unsigned int tuple;

	if (check_tuples(rule, 0, &tuple) ||
	    check_scatter_mode(rule, rule->attributes->scatter_nd.mode))
		return -EINVAL;
	tuple_shape(rule, 0, tuple, &expected);
	if (!pumori_type_equal(&expected, rule->inputs[2]))
		return refuse_broadcast(rule, &expected, rule->inputs[2]);
	rule->outputs[0] = *rule->inputs[0];
	return 0;
}
