/* SPDX-License-Identifier: MIT */
/* The tensor engine's two instructions and the way from PSUM to where results belong. */
#ifndef PUMORI_COMPILER_MATRIX_H
#define PUMORI_COMPILER_MATRIX_H

#include "lower.h"

/* Banks that one group of accumulations takes: half of PSUM, so that two can be in flight. */
#define PUMORI_MATRIX_BANKS 4
#define PUMORI_BANK_COLUMNS PUMORI_ISA_MOVING_MAX

/* What sums of products of @dtype are: FP32 or INT32. */
unsigned int pumori_matrix_sum(unsigned int dtype);

void pumori_matrix_load(struct pumori_tile_program *program, uint32_t tile,
			const struct pumori_isa_operand *operand, bool transposed);
/* @bank is an offset in columns into the PSUM tile; @rows is M. */
void pumori_matrix_multiply(struct pumori_tile_program *program, uint32_t psum, int64_t bank,
			    int64_t rows, uint32_t tile, const struct pumori_isa_operand *moving,
			    bool accumulate);

/*
 * Constants [@depth][@columns], the rows @pitch apart, put into the weights so that each partition
 * reads one run: rows that share a partition follow each other. pumori_matrix_fetch() brings them
 * into a new tile as [depth, columns] with the rows on partitions.
 */
struct pumori_place pumori_matrix_pack(struct pumori_lowering *lowering, const float *values,
				       int64_t depth, int64_t columns, int64_t pitch,
				       unsigned int dtype);
struct pumori_place pumori_matrix_fetch(struct pumori_lowering *lowering,
					const struct pumori_place *packed);

/*
 * out = activation(psum * scale + bias), or, of integers, out = psum: @bias is NULL, or one FP32 a
 * row, which must hold what pumori_matrix_bias() made of the operator's bias.
 */
void pumori_matrix_evacuate(struct pumori_lowering *lowering, const struct pumori_place *out,
			    const struct pumori_place *psum,
			    const struct pumori_activation *activation, float scale,
			    const struct pumori_place *bias);
/*
 * Some functions scale their argument and add to it: let the bias take part. @bias has @count
 * elements; returns whether a bias is needed at all.
 */
bool pumori_matrix_bias(const struct pumori_activation *activation, float *bias, size_t count);

#endif
