// SPDX-License-Identifier: MIT
/* REDUCE, SOFTMAX, LAYER_NORM, ARG_REDUCE, CUMULATIVE_SUM: statistics along free axes. */
#include <errno.h>
#include <string.h>

#include "lower.h"

/* A place of @in's rows with extent 1 along @axes. */
static struct pumori_place statistic(struct pumori_lowering *lowering,
				     const struct pumori_place *in, unsigned int axes,
				     unsigned int dtype)
{
	int64_t shape[PUMORI_MAX_RANK];

	for (unsigned int i = 0; i < in->rank; i++)
		shape[i] = axes & (1u << i) ? 1 : in->shape[i];
	return pumori_lower_temporary(lowering, dtype, in->rank, shape, in->rows);
}

/* out = in op statistic, where @value has extent 1 along the axes it was taken over. */
static void apply(struct pumori_lowering *lowering, const struct pumori_place *out,
		  const struct pumori_place *in, const struct pumori_place *value,
		  enum pumori_isa_alu_op op)
{
	struct pumori_place wide = *value;

	if (!pumori_place_broadcast(&wide, in->rank, in->shape))
		pumori_tile_fail(lowering->program, -EINVAL, "shapes that do not broadcast");
	if (pumori_place_is_column(&wide))
		pumori_emit(lowering->program, &(struct pumori_emit){
			.opcode = PUMORI_ISA_TENSOR_SCALAR, .out = out, .in = { in, &wide },
			.in_mode = { PUMORI_WALK_ALL, PUMORI_WALK_ROW }, .op0 = op });
	else
		pumori_emit_binary(lowering->program, out, in, &wide, op, PUMORI_ISA_FP32);
}

static int64_t extent_of(const struct pumori_place *place, unsigned int axes)
{
	int64_t count = 1;

	for (unsigned int i = 0; i < place->rank; i++)
		if (axes & (1u << i))
			count *= place->shape[i];
	return count;
}

static void reduce_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			const struct pumori_place *out, const struct pumori_place *in)
{
	unsigned int axes = node->attributes.reduce.axes;
	struct pumori_place sum, squares;

	switch (node->attributes.reduce.function) {
	default:
	case PUMORI_REDUCTION_SUM:
		pumori_emit_reduce(lowering->program, out, in, PUMORI_ISA_ALU_ADD, axes);
		break;
	case PUMORI_REDUCTION_MEAN:
		sum = statistic(lowering, in, axes, PUMORI_ISA_FP32);
		pumori_emit_reduce(lowering->program, &sum, in, PUMORI_ISA_ALU_ADD, axes);
		pumori_emit_scalar(lowering->program, out, &sum, PUMORI_ISA_ALU_MULTIPLY,
				   1.0f / (float)extent_of(in, axes), PUMORI_ISA_ALU_BYPASS, 0.0f);
		break;
	case PUMORI_REDUCTION_MAX:
		pumori_emit_reduce(lowering->program, out, in, PUMORI_ISA_ALU_MAX, axes);
		break;
	case PUMORI_REDUCTION_MIN:
		pumori_emit_reduce(lowering->program, out, in, PUMORI_ISA_ALU_MIN, axes);
		break;
	case PUMORI_REDUCTION_PRODUCT:
		pumori_emit_reduce(lowering->program, out, in, PUMORI_ISA_ALU_MULTIPLY, axes);
		break;
	case PUMORI_REDUCTION_SUM_SQUARE:
		squares = pumori_lower_temporary(lowering,
						 pumori_isa_is_float(in->dtype) ? PUMORI_ISA_FP32 :
										  in->dtype,
						 in->rank, in->shape, in->rows);
		pumori_emit_binary(lowering->program, &squares, in, in, PUMORI_ISA_ALU_MULTIPLY,
				   pumori_compute_type(in->dtype));
		pumori_emit_reduce(lowering->program, out, &squares, PUMORI_ISA_ALU_ADD, axes);
		break;
	}
}

void pumori_lower_reduce(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	enum pumori_reduction function = node->attributes.reduce.function;

	if (!pumori_element_is_float(node->inputs[0]->type.element) &&
	    (function == PUMORI_REDUCTION_MEAN ||
	     node->inputs[0]->type.element == PUMORI_ELEMENT_UINT64)) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "reduction '%s' of %s has no lowering",
				 pumori_reduction_name(function),
				 pumori_element_name(node->inputs[0]->type.element));
		return;
	}
	pumori_lower_regions(lowering, node, node->attributes.reduce.axes, reduce_core);
}

/* Is there nothing but @axes on the free dimension, so that statistics are one a row? */
static bool row_statistics(const struct pumori_place *in, unsigned int axes)
{
	for (unsigned int i = 0; i < in->rank; i++)
		if (!((in->rows | axes) & (1u << i)) && in->shape[i] != 1)
			return false;
	return true;
}

/* out = function(in + bias[row]), sum[row] = sum of out */
static void activate_rows(struct pumori_lowering *lowering, const struct pumori_place *out,
			  const struct pumori_place *in, enum pumori_isa_function function,
			  const struct pumori_place *bias, const struct pumori_place *sum)
{
	struct pumori_place wide;
	struct pumori_emit emit = { .opcode = PUMORI_ISA_ACTIVATE, .out = out, .in = { in },
				    .op0 = function, .accumulator = sum };

	emit.imm[2] = pumori_float_bits(1.0f);
	if (bias) {
		wide = *bias;
		pumori_place_broadcast(&wide, in->rank, in->shape);
		emit.in[2] = &wide;
		emit.in_mode[2] = PUMORI_WALK_ROW;
	}
	pumori_emit(lowering->program, &emit);
}

static struct pumori_place work_place(struct pumori_lowering *lowering,
				      const struct pumori_place *out)
{
	if (out->dtype == PUMORI_ISA_FP32 && out->first_row == 0)
		return *out;
	return pumori_lower_temporary(lowering, PUMORI_ISA_FP32, out->rank, out->shape, out->rows);
}

static void softmax_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			 const struct pumori_place *out, const struct pumori_place *in)
{
	struct pumori_tile_program *program = lowering->program;
	unsigned int axes = 1u << node->attributes.softmax.axis;
	struct pumori_place top = statistic(lowering, in, axes, PUMORI_ISA_FP32);
	struct pumori_place sum = statistic(lowering, in, axes, PUMORI_ISA_FP32);
	struct pumori_place work = work_place(lowering, out), shifted;

	pumori_emit_reduce(program, &top, in, PUMORI_ISA_ALU_MAX, axes);
	if (node->attributes.softmax.logarithm) {
		shifted = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank, in->shape,
						 in->rows);
		apply(lowering, &shifted, in, &top, PUMORI_ISA_ALU_SUBTRACT);
		pumori_emit_activate(program, &work, &shifted, PUMORI_ISA_FUNCTION_EXP, 1.0f, 0.0f,
				     0.0f, 0.0f);
		pumori_emit_reduce(program, &sum, &work, PUMORI_ISA_ALU_ADD, axes);
		pumori_emit_activate(program, &sum, &sum, PUMORI_ISA_FUNCTION_LOG, 1.0f, 0.0f, 0.0f,
				     0.0f);
		apply(lowering, out, &shifted, &sum, PUMORI_ISA_ALU_SUBTRACT);
		return;
	}
	if (row_statistics(in, axes) && pumori_place_rows(in) > 1) {
		pumori_emit_scalar(program, &top, &top, PUMORI_ISA_ALU_MULTIPLY, -1.0f,
				   PUMORI_ISA_ALU_BYPASS, 0.0f);
		activate_rows(lowering, &work, in, PUMORI_ISA_FUNCTION_EXP, &top, &sum);
	} else {
		apply(lowering, &work, in, &top, PUMORI_ISA_ALU_SUBTRACT);
		pumori_emit_activate(program, &work, &work, PUMORI_ISA_FUNCTION_EXP, 1.0f, 0.0f,
				     0.0f, 0.0f);
		pumori_emit_reduce(program, &sum, &work, PUMORI_ISA_ALU_ADD, axes);
	}
	pumori_emit_activate(program, &sum, &sum, PUMORI_ISA_FUNCTION_RECIPROCAL, 1.0f, 0.0f, 0.0f,
			     0.0f);
	apply(lowering, out, &work, &sum, PUMORI_ISA_ALU_MULTIPLY);
}

void pumori_lower_softmax(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 1u << node->attributes.softmax.axis, softmax_core);
}

static unsigned int norm_axes(const struct pumori_node *node)
{
	unsigned int axes = 0;

	for (unsigned int i = node->attributes.layer_norm.axis; i < node->inputs[0]->type.rank; i++)
		axes |= 1u << i;
	return axes;
}

static void layer_norm_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			    const struct pumori_place *out, const struct pumori_place *inputs)
{
	struct pumori_tile_program *program = lowering->program;
	const struct pumori_place *in = &inputs[0];
	unsigned int axes = norm_axes(node);
	float scale = 1.0f / (float)extent_of(in, axes);
	struct pumori_place mean = statistic(lowering, in, axes, PUMORI_ISA_FP32);
	struct pumori_place variance = statistic(lowering, in, axes, PUMORI_ISA_FP32);
	struct pumori_place centred = work_place(lowering, out), squares;

	pumori_emit_reduce(program, &mean, in, PUMORI_ISA_ALU_ADD, axes);
	pumori_emit_scalar(program, &mean, &mean, PUMORI_ISA_ALU_MULTIPLY, scale,
			   PUMORI_ISA_ALU_BYPASS, 0.0f);
	apply(lowering, &centred, in, &mean, PUMORI_ISA_ALU_SUBTRACT);
	squares = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank, in->shape, in->rows);
	if (row_statistics(in, axes)) {
		activate_rows(lowering, &squares, &centred, PUMORI_ISA_FUNCTION_SQUARE, NULL,
			      &variance);
	} else {
		pumori_emit_binary(program, &squares, &centred, &centred, PUMORI_ISA_ALU_MULTIPLY,
				   PUMORI_ISA_FP32);
		pumori_emit_reduce(program, &variance, &squares, PUMORI_ISA_ALU_ADD, axes);
	}
	pumori_emit_activate(program, &variance, &variance, PUMORI_ISA_FUNCTION_RSQRT, scale,
			     node->attributes.layer_norm.epsilon, 0.0f, 0.0f);
	if (node->input_count == 1) {
		apply(lowering, out, &centred, &variance, PUMORI_ISA_ALU_MULTIPLY);
		return;
	}
	apply(lowering, &centred, &centred, &variance, PUMORI_ISA_ALU_MULTIPLY);
	pumori_emit_binary(program, node->input_count == 2 ? out : &centred, &centred, &inputs[1],
			   PUMORI_ISA_ALU_MULTIPLY, PUMORI_ISA_FP32);
	if (node->input_count > 2)
		pumori_emit_binary(program, out, &centred, &inputs[2], PUMORI_ISA_ALU_ADD,
				   PUMORI_ISA_FP32);
}

void pumori_lower_layer_norm(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, norm_axes(node), layer_norm_core);
}

/* The first (or last) index whose element equals the extreme one. */
static void arg_reduce_core(struct pumori_lowering *lowering, const struct pumori_node *node,
			    const struct pumori_place *out, const struct pumori_place *in)
{
	struct pumori_tile_program *program = lowering->program;
	unsigned int axis = node->attributes.arg_reduce.axis, axes = 1u << axis;
	bool last = node->attributes.arg_reduce.last;
	unsigned int compute = pumori_compute_type(in->dtype);
	int64_t shape[PUMORI_MAX_RANK], one[PUMORI_MAX_RANK];
	struct pumori_place extreme, equal, order, none, chosen, index;

	for (unsigned int i = 0; i < in->rank; i++) {
		shape[i] = i == axis ? in->shape[i] : 1;
		one[i] = 1;
	}
	extreme = statistic(lowering, in, axes, in->dtype);
	pumori_emit_reduce(program, &extreme, in,
			   node->attributes.arg_reduce.minimum ? PUMORI_ISA_ALU_MIN :
								 PUMORI_ISA_ALU_MAX, axes);
	pumori_place_broadcast(&extreme, in->rank, in->shape);
	equal = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank, in->shape, in->rows);
	pumori_emit_binary(program, &equal, in, &extreme, PUMORI_ISA_ALU_EQUAL, compute);
	order = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank, shape, in->rows);
	pumori_emit(program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_IOTA, .out = &order,
		.imm = { 0, 0, pumori_float_bits(1.0f) } });
	pumori_place_broadcast(&order, in->rank, in->shape);
	none = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank, one, in->rows);
	pumori_emit_fill(program, &none, last ? -1.0 : (double)in->shape[axis]);
	pumori_place_broadcast(&none, in->rank, in->shape);
	chosen = pumori_lower_temporary(lowering, PUMORI_ISA_FP32, in->rank, in->shape, in->rows);
	pumori_emit(program, &(struct pumori_emit){ .opcode = PUMORI_ISA_SELECT, .out = &chosen,
						    .in = { &equal, &order, &none } });
	index = statistic(lowering, in, axes, PUMORI_ISA_FP32);
	pumori_emit_reduce(program, &index, &chosen, last ? PUMORI_ISA_ALU_MAX : PUMORI_ISA_ALU_MIN,
			   axes);
	pumori_emit_activate(program, out, &index, PUMORI_ISA_FUNCTION_IDENTITY, 1.0f, 0.0f, 0.0f,
			     0.0f);
}

void pumori_lower_arg_reduce(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	/* Indices pass through FP32. */
	if (node->inputs[0]->type.shape[node->attributes.arg_reduce.axis] > 1 << 24 ||
	    node->inputs[0]->type.element == PUMORI_ELEMENT_UINT64) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "the axis is too long");
		return;
	}
	pumori_lower_regions(lowering, node, 1u << node->attributes.arg_reduce.axis,
			     arg_reduce_core);
}

static void cumulative_sum_core(struct pumori_lowering *lowering, const struct pumori_node *node,
				const struct pumori_place *out, const struct pumori_place *in)
{
	unsigned int axis = node->attributes.cumulative_sum.axis;
	unsigned int modifiers = 0;

	if (in->shape[axis] == 1) {
		if (node->attributes.cumulative_sum.exclusive)
			pumori_emit_fill(lowering->program, out, 0.0);
		else
			pumori_move(lowering->program, out, in);
		return;
	}
	if (node->attributes.cumulative_sum.exclusive)
		modifiers |= PUMORI_ISA_SCAN_EXCLUSIVE;
	if (node->attributes.cumulative_sum.reverse)
		modifiers |= PUMORI_ISA_SCAN_REVERSE;
	pumori_emit(lowering->program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_SCAN, .out = out, .in = { in }, .inner = 1u << axis,
		.op0 = PUMORI_ISA_ALU_ADD, .compute = pumori_compute_type(in->dtype),
		.modifiers = modifiers });
}

void pumori_lower_cumulative_sum(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	pumori_lower_regions(lowering, node, 1u << node->attributes.cumulative_sum.axis,
			     cumulative_sum_core);
}
