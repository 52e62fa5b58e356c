/* SPDX-License-Identifier: MIT */
/* Exact products of 8-bit integers with zero points. */
#ifndef PUMORI_COMPILER_IMPORT_INTEGER_H
#define PUMORI_COMPILER_IMPORT_INTEGER_H

#include "importer.h"

/*
 * (a - a_zero) (b - b_zero) in int32; zero points of a's type and b's type: scalars, or one a row of
 * a and one a column of b; NULL stands for zero.
 */
struct pumori_tensor *pumori_import_integer_matmul(struct pumori_importer *importer,
						   struct pumori_tensor *a,
						   struct pumori_tensor *a_zero,
						   struct pumori_tensor *b,
						   struct pumori_tensor *b_zero);

/*
 * The convolution of x - x_zero with weight - weight_zero in int32, under the current node's
 * attributes; x_zero is a scalar, weight_zero a scalar or one an output channel. Padding counts as
 * x_zero.
 */
struct pumori_tensor *pumori_import_integer_convolution(struct pumori_importer *importer,
							struct pumori_tensor *x,
							struct pumori_tensor *x_zero,
							struct pumori_tensor *weight,
							struct pumori_tensor *weight_zero);

#endif
