// SPDX-License-Identifier: MIT
/*
 * MATMUL. The rows of A become the columns of the stationary operand (read transposed when they lie
 * on partitions, as they are when K does), B moves with K on partitions, and the product arrives
 * with A's rows on partitions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"

#define GROUP_COLUMNS (PUMORI_MATRIX_BANKS * PUMORI_BANK_COLUMNS)
/* Bytes of a partition that a whole operand may take to be loaded once. */
#define OPERAND_BYTES (40 * 1024)
/* Most rows of A for which B is read where it is. */
#define STREAMED_ROWS 16
/* Columns of B that lie together then: memory is read from one end to the other. */
#define STREAMED_COLUMNS 256
#define ROWS 1u
#define COLUMNS 2u

struct product {
	struct pumori_lowering *lowering;
	const struct pumori_node *node;
	unsigned int dtype[2];		/* of A and B as the tensor engine takes them */
	int64_t m, n, k;
	struct pumori_place a, b, out, bias;	/* [M, K], [K, N], [M, N], [1, N] */
	bool has_bias;
	struct pumori_place factor;	/* [128, 1], of sums of bytes that become floats */
	bool has_factor;
	bool k_on_rows;			/* A has K on partitions */
	float *constant;		/* B [K][N], when it is one constant matrix; then @b is a mere shape */
	struct pumori_place *packed;	/* its parts, by @part; rank 0 until packed */
	size_t packed_count;
};

static int64_t minimum(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct pumori_place rectangle(struct product *product, const struct pumori_place *place,
				     int64_t row, int64_t rows, int64_t column, int64_t columns)
{
	int64_t starts[2] = { row, column }, extents[2] = { rows, columns };
	struct pumori_place part = *place;

	if (!pumori_place_slice(&part, starts, extents, NULL))
		pumori_tile_fail(product->lowering->program, -EINVAL, "a matrix that cannot be cut");
	return part;
}

static uint64_t operand_bytes(const struct product *product, int64_t rows, int64_t columns)
{
	return (uint64_t)(rows + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS * columns *
	       pumori_isa_bytes(product->dtype[0]);
}

/* One block of up to 128 rows of the product, one group of banks wide, from A and B in SBUF. */
static void accumulate(struct product *product, uint32_t psum, const struct pumori_place *a,
		       const struct pumori_place *b, int64_t rows, int64_t columns, int64_t depth,
		       bool first)
{
	struct pumori_tile_program *program = product->lowering->program;

	for (int64_t k = 0, run; k < depth; k += run) {
		struct pumori_isa_operand operand;
		int64_t counts[1], steps[1];

		run = pumori_place_run(b, k, depth - k);
		if (product->k_on_rows) {
			run = pumori_place_run(a, k, run);
			counts[0] = rows;
			steps[0] = a->step[0];
			operand = pumori_place_operand(a, k, run, 0, 1, counts, steps);
		} else {
			counts[0] = run;
			steps[0] = a->step[1];
			operand = pumori_place_operand(a, 0, rows, k * a->step[1], 1, counts,
						       steps);
		}
		pumori_matrix_load(program, a->tile, &operand, !product->k_on_rows);
		for (int64_t n = 0; n < columns; n += PUMORI_BANK_COLUMNS) {
			counts[0] = minimum(columns - n, PUMORI_BANK_COLUMNS);
			steps[0] = b->step[1];
			operand = pumori_place_operand(b, k, run, n * b->step[1], 1, counts, steps);
			pumori_matrix_multiply(program, psum, n, rows, b->tile, &operand,
					       !first || k > 0);
		}
	}
}

/* activation(sums * factor + bias), the factor being one number on all partitions. */
static void finish_bytes(struct product *product, const struct pumori_place *target,
			 const struct pumori_place *sums, const struct pumori_place *bias)
{
	const struct pumori_activation *activation = &product->node->attributes.matmul.activation;
	bool plain = activation->function == PUMORI_UNARY_IDENTITY;
	struct pumori_place factor = product->factor, wide = *target;

	factor.shape[0] = target->shape[0];
	pumori_place_broadcast(&factor, 2, target->shape);
	if (!plain)
		wide = pumori_lower_temporary(product->lowering, PUMORI_ISA_FP32, 2, target->shape, ROWS);
	pumori_emit(product->lowering->program, &(struct pumori_emit){
		.opcode = PUMORI_ISA_SCALAR_TENSOR_TENSOR, .out = &wide,
		.in = { sums, bias, &factor }, .in_mode = { 0, 0, PUMORI_WALK_ROW },
		.op0 = PUMORI_ISA_ALU_MULTIPLY, .op1 = PUMORI_ISA_ALU_ADD });
	if (!plain)
		pumori_lower_activation(product->lowering, target, &wide, activation, 1.0f, 0.0f);
}

static void finish(struct product *product, uint32_t psum, const struct pumori_place *out,
		   const struct pumori_place *bias)
{
	const struct pumori_activation *activation =
		&product->node->attributes.matmul.activation;
	float scale = product->node->attributes.matmul.scale;
	struct pumori_place source = *out, target = *out, wide;
	struct pumori_lowering *lowering = product->lowering;
	bool store = out->space == PUMORI_ISA_MEMORY;

	if (store)
		target = pumori_lower_temporary(lowering, out->dtype, 2, out->shape, ROWS);
	source.tile = psum;
	source.space = PUMORI_ISA_PSUM;
	source.dtype = pumori_matrix_sum(product->dtype[0]);
	source.rows = ROWS;
	source.first_row = source.offset = source.block_step = 0;
	source.step[1] = 1;
	if (product->has_factor) {
		finish_bytes(product, &target, &source, bias);
	} else if (source.dtype == PUMORI_ISA_INT32) {
		pumori_matrix_evacuate(lowering, &target, &source, activation, 1.0f, NULL);
	} else if (!bias) {
		pumori_lower_activation(lowering, &target, &source, activation, scale, 0.0f);
	} else {
		wide = activation->function == PUMORI_UNARY_IDENTITY ? target : source;
		if (scale == 1.0f)
			pumori_emit_binary(lowering->program, &wide, &source, bias,
					   PUMORI_ISA_ALU_ADD, PUMORI_ISA_FP32);
		else
			pumori_emit(lowering->program, &(struct pumori_emit){
				.opcode = PUMORI_ISA_SCALAR_TENSOR_TENSOR, .out = &wide,
				.in = { &source, bias }, .op0 = PUMORI_ISA_ALU_MULTIPLY,
				.op1 = PUMORI_ISA_ALU_ADD, .imm = { pumori_float_bits(scale) } });
		if (activation->function != PUMORI_UNARY_IDENTITY)
			pumori_lower_activation(lowering, &target, &source, activation, 1.0f, 0.0f);
	}
	if (store)
		pumori_move(lowering->program, out, &target);
}

static struct pumori_place fetch(struct product *product, const struct pumori_place *place,
				 unsigned int operand, unsigned int rows)
{
	return pumori_lower_fetch(product->lowering, place, 2, place->shape, rows,
				  product->dtype[operand], true);
}

/* Rows and columns of B in SBUF; constants are packed once, however often they are loaded. */
static struct pumori_place fetch_b(struct product *product, const struct pumori_place *b,
				   int64_t row, int64_t rows, int64_t column, int64_t columns,
				   size_t index)
{
	struct pumori_place part;

	if (!product->constant) {
		part = rectangle(product, b, row, rows, column, columns);
		return fetch(product, &part, 1, ROWS);
	}
	if (index >= product->packed_count) {
		size_t wanted = 2 * index + 8;
		struct pumori_place *larger = realloc(product->packed, wanted * sizeof(*larger));

		if (!larger) {
			pumori_tile_fail(product->lowering->program, -ENOMEM, "memory");
			return *b;
		}
		memset(larger + product->packed_count, 0,
		       (wanted - product->packed_count) * sizeof(*larger));
		product->packed = larger;
		product->packed_count = wanted;
	}
	if (!product->packed[index].rank)
		product->packed[index] = pumori_matrix_pack(
			product->lowering, product->constant + row * product->n + column, rows, columns,
			product->n, product->dtype[1]);
	return pumori_matrix_fetch(product->lowering, &product->packed[index]);
}

static struct pumori_place fetch_bias(struct product *product, int64_t rows, int64_t column,
				      int64_t columns)
{
	struct pumori_place part = rectangle(product, &product->bias, 0, 1, column, columns);
	int64_t shape[2] = { rows, columns };

	return pumori_lower_fetch(product->lowering, &part, 2, shape, ROWS, PUMORI_ISA_FP32, false);
}

/* A part of a constant B that one product consumes, and which therefore need not be copied. */
static struct pumori_place stream_b(struct product *product, int64_t row, int64_t rows,
				    int64_t column, int64_t columns)
{
	struct pumori_tile_program *program = product->lowering->program;
	struct pumori_place packed = pumori_matrix_pack(
		product->lowering, product->constant + row * product->n + column, rows, columns,
		product->n, product->dtype[1]);
	struct pumori_place place = pumori_matrix_fetch(product->lowering, &packed);

	if (!program->error)
		program->instructions[program->instruction_count - 1].isa.dma.destination.flags =
			PUMORI_ISA_DMA_STREAM;
	return place;
}

/* Each element of B is used once: all rows of A are in the array at the same time. */
static void multiply_streamed(struct product *product, const struct pumori_place *a)
{
	struct pumori_tile_program *program = product->lowering->program;

	for (int64_t n = 0; n < product->n && !program->error; n += GROUP_COLUMNS) {
		int64_t columns = minimum(GROUP_COLUMNS, product->n - n);
		uint32_t psum = pumori_tile_psum(program, (columns + PUMORI_BANK_COLUMNS - 1) /
							  PUMORI_BANK_COLUMNS);
		struct pumori_place out, bias;

		for (int64_t k = 0; k < product->k; k += PUMORI_ISA_PARTITIONS) {
			int64_t run = minimum(product->k - k, PUMORI_ISA_PARTITIONS);
			struct pumori_place parts[GROUP_COLUMNS / STREAMED_COLUMNS];
			struct pumori_isa_operand operand;
			int64_t counts[1], steps[1];

			for (int64_t c = 0; c < columns; c += STREAMED_COLUMNS)
				parts[c / STREAMED_COLUMNS] = stream_b(
					product, k, run, n + c,
					minimum(columns - c, STREAMED_COLUMNS));
			counts[0] = product->k_on_rows ? product->m : run;
			steps[0] = product->k_on_rows ? a->step[0] : a->step[1];
			operand = product->k_on_rows ?
				  pumori_place_operand(a, k, run, 0, 1, counts, steps) :
				  pumori_place_operand(a, 0, product->m, k * a->step[1], 1, counts, steps);
			pumori_matrix_load(program, a->tile, &operand, !product->k_on_rows);
			for (int64_t c = 0; c < columns && !program->error; c += STREAMED_COLUMNS) {
				const struct pumori_place *part = &parts[c / STREAMED_COLUMNS];

				counts[0] = minimum(columns - c, STREAMED_COLUMNS);
				steps[0] = 1;
				operand = pumori_place_operand(part, 0, run, 0, 1, counts, steps);
				pumori_matrix_multiply(program, psum, c, product->m, part->tile,
						       &operand, k > 0);
				if (!program->error)
					program->instructions[program->instruction_count - 1]
						.isa.compute.modifiers |= PUMORI_ISA_STREAMED;
			}
		}
		out = rectangle(product, &product->out, 0, product->m, n, columns);
		if (product->has_bias)
			bias = fetch_bias(product, product->m, n, columns);
		finish(product, psum, &out, product->has_bias ? &bias : NULL);
	}
}

/*
 * Where the copy costs more than reading where prefetching does not help: few rows, and an array
 * that holds them as A lies.
 */
static bool may_stream(const struct product *product, const struct pumori_place *a)
{
	if (!product->constant || product->m > STREAMED_ROWS || a->space == PUMORI_ISA_MEMORY)
		return false;
	if (product->out.space != PUMORI_ISA_MEMORY &&
	    pumori_place_run(&product->out, 0, product->m) < product->m)
		return false;
	return product->k_on_rows ? !(a->first_row % PUMORI_ISA_PARTITIONS) :
				    pumori_place_run(a, 0, product->m) == product->m;
}

static void multiply(struct product *product)
{
	struct pumori_tile_program *program = product->lowering->program;
	unsigned int a_rows = product->k_on_rows ? COLUMNS : ROWS;
	int64_t width = minimum(product->n, GROUP_COLUMNS), depth = product->k;
	struct pumori_place a = product->a, b = product->b;
	bool a_whole, b_whole, b_group;

	a_whole = a.space != PUMORI_ISA_MEMORY ||
		  (product->k_on_rows ? operand_bytes(product, product->k, product->m) :
					operand_bytes(product, product->m, product->k)) <=
		  OPERAND_BYTES;
	b_whole = b.space != PUMORI_ISA_MEMORY ||
		  operand_bytes(product, product->k, product->n) <= OPERAND_BYTES;
	if (a_whole)
		a = fetch(product, &a, 0, a_rows);
	if (may_stream(product, &a)) {
		multiply_streamed(product, &a);
		return;
	}
	if (b_whole)
		b = fetch_b(product, &b, 0, product->k, 0, product->n, 0);
	/* A part of K at a time where a block of A or a group of B's columns is too large. */
	while (!b_whole && operand_bytes(product, depth, width) > OPERAND_BYTES) {
		if (width > PUMORI_BANK_COLUMNS)
			width = PUMORI_BANK_COLUMNS;
		else
			depth = (depth / 2 + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS *
				PUMORI_ISA_PARTITIONS;
	}
	while (!a_whole && !product->k_on_rows &&
	       (uint64_t)depth * pumori_isa_bytes(product->dtype[0]) > OPERAND_BYTES)
		depth = (depth / 2 + PUMORI_ISA_PARTITIONS - 1) / PUMORI_ISA_PARTITIONS *
			PUMORI_ISA_PARTITIONS;
	b_group = !b_whole && depth >= product->k;
	for (int64_t n = 0; n < product->n && !program->error; n += width) {
		int64_t columns = minimum(width, product->n - n);
		struct pumori_place group = b, bias;

		if (b_whole)
			group = rectangle(product, &b, 0, product->k, n, columns);
		if (b_group)
			group = fetch_b(product, &b, 0, product->k, n, columns, n / width);
		if (product->has_bias)
			bias = fetch_bias(product, minimum(product->m, PUMORI_ISA_PARTITIONS), n,
					  columns);
		for (int64_t m = 0, rows; m < product->m && !program->error; m += rows) {
			uint32_t psum = pumori_tile_psum(program, (columns + PUMORI_BANK_COLUMNS - 1) /
								  PUMORI_BANK_COLUMNS);
			struct pumori_place out, addend;

			rows = minimum(product->m - m, PUMORI_ISA_STATIONARY_MAX);
			if (a.space != PUMORI_ISA_MEMORY && !product->k_on_rows)
				rows = pumori_place_run(&a, m, rows);
			if (product->out.space != PUMORI_ISA_MEMORY)
				rows = pumori_place_run(&product->out, m, rows);
			for (int64_t k = 0; k < product->k; k += depth) {
				int64_t part = minimum(depth, product->k - k);
				struct pumori_place block, slab = group;

				block = rectangle(product, &a, m, rows, k, part);
				if (!a_whole)
					block = fetch(product, &block, 0, a_rows);
				if (!b_whole && !b_group) {
					slab = fetch_b(product, &b, k, part, n, columns,
						       n / width * ((product->k + depth - 1) / depth) +
						       k / depth);
				} else if (depth < product->k) {
					slab = rectangle(product, &group, k, part, 0, columns);
				}
				accumulate(product, psum, &block, &slab, rows, columns, part,
					   k == 0);
			}
			out = rectangle(product, &product->out, m, rows, n, columns);
			if (product->has_bias) {
				addend = bias;
				addend.shape[0] = rows;
			}
			finish(product, psum, &out, product->has_bias ? &addend : NULL);
		}
	}
}

/* Constant operands go into the weights in the matrix type, B as [.., K, N]. */
static struct pumori_place operand(struct product *product, size_t index, bool transposed)
{
	const struct pumori_tensor *tensor = product->node->inputs[index];
	struct pumori_lowering *lowering = product->lowering;
	unsigned int order[PUMORI_MAX_RANK], rank = tensor->type.rank;
	struct pumori_place place;

	if (!pumori_tensor_is_constant(tensor) || !pumori_element_is_float(tensor->type.element)) {
		place = pumori_lower_input(lowering, product->node, index);
	} else if (transposed) {
		int64_t rows = tensor->type.shape[rank - 2], columns = tensor->type.shape[rank - 1];
		float *values = pumori_lower_floats(lowering, tensor), *turned;
		int64_t count = pumori_type_elements(&tensor->type), shape[PUMORI_MAX_RANK];

		turned = malloc(count * sizeof(*turned) + 1);
		memset(&place, 0, sizeof(place));
		if (!values || !turned) {
			pumori_tile_fail(lowering->program, -ENOMEM, "memory");
		} else {
			for (int64_t i = 0; i < count; i++) {
				int64_t matrix = i / (rows * columns), rest = i % (rows * columns);

				turned[matrix * rows * columns + rest % columns * rows +
				       rest / columns] = values[i];
			}
			memcpy(shape, tensor->type.shape, sizeof(shape));
			shape[rank - 2] = columns;
			shape[rank - 1] = rows;
			place = pumori_lower_weights(lowering, turned, product->dtype[index], rank,
						     shape);
		}
		free(values);
		free(turned);
		return place;
	} else {
		return pumori_lower_constant(lowering, tensor, product->dtype[index]);
	}
	if (transposed) {
		for (unsigned int i = 0; i < rank; i++)
			order[i] = i;
		order[rank - 2] = rank - 1;
		order[rank - 1] = rank - 2;
		if (!pumori_place_permute(&place, order))
			pumori_tile_fail(lowering->program, -ENOTSUP, "a matrix that cannot be turned");
	}
	return place;
}

/* B [K][N] if it is one constant matrix, from malloc; else NULL. */
static float *constant_matrix(struct product *product)
{
	const struct pumori_tensor *tensor = product->node->inputs[1];
	float *values, *turned;

	if (!pumori_tensor_is_constant(tensor) ||
	    pumori_type_elements(&tensor->type) != product->k * product->n)
		return NULL;
	values = pumori_lower_floats(product->lowering, tensor);
	if (!values || !product->node->attributes.matmul.transpose_b)
		return values;
	turned = malloc((size_t)product->k * product->n * sizeof(*turned) + 1);
	if (!turned)
		pumori_tile_fail(product->lowering->program, -ENOMEM, "memory");
	for (int64_t n = 0; n < product->n && turned; n++)
		for (int64_t k = 0; k < product->k; k++)
			turned[k * product->n + n] = values[n * product->k + k];
	free(values);
	return turned;
}

/* A matrix in memory that nobody reads: its parts are packed apart. */
static struct pumori_place shape_of_b(const struct product *product)
{
	int64_t shape[2] = { product->k, product->n };

	return pumori_place_memory(PUMORI_NO_TILE, product->dtype[1], 2, shape);
}

/* The matrix number @batch (in the broadcast batch dimensions of the output) of @place. */
static struct pumori_place matrix_of(struct product *product, struct pumori_place *place,
				     int64_t batch)
{
	const struct pumori_tensor_type *out = &product->node->outputs[0]->type;
	int64_t starts[PUMORI_MAX_RANK] = { 0 }, extents[PUMORI_MAX_RANK];
	unsigned int shift = out->rank - place->rank;
	struct pumori_place part = *place;

	for (unsigned int i = out->rank - 2; i-- > 0;) {
		int64_t index = batch % out->shape[i];

		batch /= out->shape[i];
		if (i < shift)
			continue;
		extents[i - shift] = 1;
		starts[i - shift] = place->shape[i - shift] == 1 ? 0 : index;
	}
	extents[place->rank - 2] = place->shape[place->rank - 2];
	extents[place->rank - 1] = place->shape[place->rank - 1];
	if (!pumori_place_slice(&part, starts, extents, NULL)) {
		*place = pumori_lower_spill(product->lowering, place);
		part = *place;
		pumori_place_slice(&part, starts, extents, NULL);
	}
	if (!pumori_place_reshape(&part, 2, extents + place->rank - 2))
		pumori_tile_fail(product->lowering->program, -EINVAL, "a matrix that cannot be cut");
	return part;
}

/* @place [.., M, K] as one matrix of all its rows. */
static struct pumori_place flatten(struct product *product, const struct pumori_place *place)
{
	struct pumori_place view = *place;
	int64_t shape[2] = { pumori_place_elements(place) / place->shape[place->rank - 1],
			     place->shape[place->rank - 1] };

	if (pumori_place_reshape(&view, 2, shape))
		return view;
	view = pumori_lower_spill(product->lowering, place);
	pumori_place_reshape(&view, 2, shape);
	return view;
}

/* One copy of the factor for each partition. */
static void load_factor(struct product *product)
{
	int64_t one[2] = { 1, 1 }, shape[2] = { PUMORI_ISA_PARTITIONS, 1 };
	struct pumori_place place = pumori_lower_input(product->lowering, product->node, 3);

	if (!pumori_place_reshape(&place, 2, one)) {
		place = pumori_lower_spill(product->lowering, &place);
		pumori_place_reshape(&place, 2, one);
	}
	product->factor = pumori_lower_fetch(product->lowering, &place, 2, shape, ROWS,
					     PUMORI_ISA_FP32, true);
	product->has_factor = true;
}

static bool k_on_rows(const struct pumori_place *a)
{
	return a->space != PUMORI_ISA_MEMORY && !a->spread &&
	       pumori_place_row_axes(a) == COLUMNS;
}

void pumori_lower_matmul(struct pumori_lowering *lowering, const struct pumori_node *node)
{
	const struct pumori_tensor_type *out = &node->outputs[0]->type;
	unsigned int rows = lowering->layouts[node->outputs[0]->index].place.rows;
	struct product product = {
		.lowering = lowering, .node = node,
		.dtype = { pumori_matrix_type(lowering->graph, node->inputs[0]->type.element),
			   pumori_matrix_type(lowering->graph, node->inputs[1]->type.element) },
		.m = out->shape[out->rank - 2], .n = out->shape[out->rank - 1],
		.k = node->attributes.matmul.transpose_a ?
		     node->inputs[0]->type.shape[node->inputs[0]->type.rank - 2] :
		     node->inputs[0]->type.shape[node->inputs[0]->type.rank - 1],
		.has_bias = node->input_count > 2,
	};
	struct pumori_place a, b, target;
	int64_t batches = 1;

	if (pumori_element_bytes(node->inputs[0]->type.element) != 1 ?
	    !pumori_element_is_float(node->inputs[0]->type.element) :
	    product.has_bias && node->input_count < 4) {
		pumori_tile_fail(lowering->program, -ENOTSUP,
				 "matrix products of %s have no lowering",
				 pumori_element_name(node->inputs[0]->type.element));
		return;
	}
	if (!product.k) {
		pumori_tile_fail(lowering->program, -ENOTSUP, "a matrix product without terms");
		return;
	}
	a = operand(&product, 0, node->attributes.matmul.transpose_a);
	if (rows == (1u << (out->rank - 1)) - 1)
		product.constant = constant_matrix(&product);
	b = product.constant ? shape_of_b(&product) :
	    operand(&product, 1, node->attributes.matmul.transpose_b);
	if (product.has_bias) {
		int64_t shape[2] = { 1, product.n };

		product.bias = pumori_lower_input(lowering, node, 2);
		if (!pumori_place_reshape(&product.bias, 2, shape)) {
			product.bias = pumori_lower_spill(lowering, &product.bias);
			pumori_place_reshape(&product.bias, 2, shape);
		}
	}
	if (node->input_count > 3)
		load_factor(&product);
	target = pumori_lower_output(lowering, node, 0);
	if (lowering->program->error) {
		free(product.constant);
		return;
	}
	for (unsigned int i = 0; i + 2 < out->rank; i++)
		batches *= out->shape[i];
	/* One B for all: all rows of all batches are one matrix. */
	if (rows == (1u << (out->rank - 1)) - 1 && pumori_place_elements(&b) ==
						   product.k * product.n) {
		int64_t shape[2] = { product.k, product.n };

		product.m *= batches;
		product.a = flatten(&product, &a);
		product.b = b;
		if (!pumori_place_reshape(&product.b, 2, shape)) {
			product.b = pumori_lower_spill(lowering, &b);
			pumori_place_reshape(&product.b, 2, shape);
		}
		product.out = flatten(&product, &target);
		product.k_on_rows = k_on_rows(&product.a);
		multiply(&product);
		free(product.constant);
		free(product.packed);
		return;
	}
	for (int64_t batch = 0; batch < batches && !lowering->program->error; batch++) {
		product.a = matrix_of(&product, &a, batch);
		product.b = matrix_of(&product, &b, batch);
		product.out = matrix_of(&product, &target, batch);
		product.k_on_rows = k_on_rows(&product.a);
		multiply(&product);
	}
}
