// SPDX-License-Identifier: MIT
/* Shape rules of the primitives that contract: matrix product, convolution and pooling. */
#include <string.h>

#include "shape_rules.h"

/* Bytes are multiplied in any mixture of signs, and summed up in int32. */
static bool are_bytes(const struct pumori_tensor_type *a, const struct pumori_tensor_type *b)
{
	return (a->element == PUMORI_ELEMENT_INT8 || a->element == PUMORI_ELEMENT_UINT8) &&
	       (b->element == PUMORI_ELEMENT_INT8 || b->element == PUMORI_ELEMENT_UINT8);
}

int pumori_rule_matmul(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *a = rule->inputs[0], *b = rule->inputs[1];
	struct pumori_tensor_type batch_a = *a, batch_b = *b, *result = &rule->outputs[0];
	bool bytes = are_bytes(a, b), ta = rule->attributes->matmul.transpose_a, tb = rule->attributes->matmul.transpose_b;
	char left[128], right[128];
	int64_t m, n, k;

	pumori_type_format(a, left, sizeof(left));
	pumori_type_format(b, right, sizeof(right));
	if ((a->element != b->element && !bytes) || a->rank < 2 || b->rank < 2)
		return pumori_rule_refuse(rule, "cannot multiply %s by %s", left, right);
	if (!pumori_element_is_float(a->element) &&
	    ((a->element != PUMORI_ELEMENT_INT32 && !bytes) || rule->attributes->matmul.scale != 1))
		return pumori_rule_refuse(rule, "matrix product of %s",
					  pumori_element_name(a->element));
	m = a->shape[a->rank - 2 + ta];
	k = a->shape[a->rank - 1 - ta];
	n = b->shape[b->rank - 1 - tb];
	if (k != b->shape[b->rank - 2 + tb])
		return pumori_rule_refuse(rule, "cannot multiply %s by %s", left, right);
	batch_a.rank -= 2;
	batch_b.rank -= 2;
	if (!pumori_broadcast(&batch_a, &batch_b, result))
		return pumori_rule_refuse(rule, "cannot multiply %s by %s", left, right);
	if (bytes)
		result->element = rule->input_count > 3 ? PUMORI_ELEMENT_FLOAT32 :
							  PUMORI_ELEMENT_INT32;
	result->shape[result->rank++] = m;
	result->shape[result->rank++] = n;
	if (rule->input_count > 2) {
		const struct pumori_tensor_type *bias = rule->inputs[2];

		if (bias->element != result->element || bias->rank != 1 || bias->shape[0] != n)
			return pumori_rule_refuse(rule, "its bias is not a vector of %lld",
						  (long long)n);
	}
	if (rule->input_count > 3 && (!bytes || rule->inputs[3]->element != PUMORI_ELEMENT_FLOAT32 ||
				      pumori_type_elements(rule->inputs[3]) != 1))
		return pumori_rule_refuse(rule, "its factor is not one float32 for products of bytes");
	return pumori_rule_check_activation(rule, &rule->attributes->matmul.activation);
}

/*
 * The extent a window of @kernel taps leaves of @extent elements, all arithmetic checked.
 * Negative means that the window does not fit or the numbers make no sense.
 */
static int64_t window_extent(int64_t extent, int64_t before, int64_t after, int64_t kernel,
			     int64_t stride, int64_t dilation)
{
	const int64_t limit = INT64_C(1) << 31;
	int64_t reach;

	if (kernel < 1 || stride < 1 || dilation < 1 || kernel > limit || dilation > limit ||
	    before < -limit || before > limit || after < -limit || after > limit || extent > limit)
		return -1;
	if (__builtin_mul_overflow(kernel - 1, dilation, &reach) || reach > 4 * limit)
		return -1;
	extent += before + after - reach - 1;
	return extent < 0 ? -1 : extent / stride + 1;
}

int pumori_rule_conv2d(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0], *weight = rule->inputs[1];
	struct pumori_tensor_type *result = &rule->outputs[0];
	int64_t groups = rule->attributes->conv2d.groups;
	char left[128], right[128];

	pumori_type_format(x, left, sizeof(left));
	pumori_type_format(weight, right, sizeof(right));
	if (x->rank != 4 || weight->rank != 4 ||
	    (!are_bytes(x, weight) &&
	     (x->element != weight->element ||
	      (!pumori_element_is_float(x->element) && x->element != PUMORI_ELEMENT_INT32))))
		return pumori_rule_refuse(rule, "cannot convolve %s with %s", left, right);
	if (groups < 1 || x->shape[1] % groups || weight->shape[0] % groups ||
	    weight->shape[1] != x->shape[1] / groups)
		return pumori_rule_refuse(rule, "cannot convolve %s with %s in %lld groups", left,
					  right, (long long)groups);
	*result = *x;
	if (are_bytes(x, weight))
		result->element = PUMORI_ELEMENT_INT32;
	result->shape[1] = weight->shape[0];
	for (unsigned int i = 0; i < 2; i++) {
		result->shape[2 + i] =
			window_extent(x->shape[2 + i], rule->attributes->conv2d.pads[i],
				      rule->attributes->conv2d.pads[2 + i], weight->shape[2 + i],
				      rule->attributes->conv2d.strides[i],
				      rule->attributes->conv2d.dilations[i]);
		if (result->shape[2 + i] < 0)
			return pumori_rule_refuse(rule, "the kernel %s does not fit into %s", right,
						  left);
	}
	if (rule->input_count > 2) {
		const struct pumori_tensor_type *bias = rule->inputs[2];

		if (bias->element != result->element || bias->rank != 1 ||
		    bias->shape[0] != weight->shape[0])
			return pumori_rule_refuse(rule, "its bias is not a vector of %lld",
						  (long long)weight->shape[0]);
	}
	return pumori_rule_check_activation(rule, &rule->attributes->conv2d.activation);
}

int pumori_rule_pool2d(const struct pumori_rule *rule)
{
	const struct pumori_tensor_type *x = rule->inputs[0];
	struct pumori_tensor_type *result = &rule->outputs[0];
	enum pumori_reduction function = rule->attributes->pool2d.function;
	char text[128];

	pumori_type_format(x, text, sizeof(text));
	if (x->rank != 4 || x->element == PUMORI_ELEMENT_BOOL ||
	    (function != PUMORI_REDUCTION_MAX && function != PUMORI_REDUCTION_MEAN))
		return pumori_rule_refuse(rule, "cannot pool %s", text);
	*result = *x;
	for (unsigned int i = 0; i < 2; i++) {
		int64_t before = rule->attributes->pool2d.pads[i];
		int64_t after = rule->attributes->pool2d.pads[2 + i];
		int64_t excess = rule->attributes->pool2d.excess[i];

		result->shape[2 + i] =
			window_extent(x->shape[2 + i], before, after,
				      rule->attributes->pool2d.kernel[i],
				      rule->attributes->pool2d.strides[i],
				      rule->attributes->pool2d.dilations[i]);
		if (before < 0 || excess < 0 || after < excess || result->shape[2 + i] < 0)
			return pumori_rule_refuse(rule, "the window does not fit into %s", text);
	}
	return 0;
}
