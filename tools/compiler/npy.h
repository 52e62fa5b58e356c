/* SPDX-License-Identifier: MIT */
/* Reading NumPy's .npy format: a constant input from a file. */
#ifndef PUMORI_COMPILER_NPY_H
#define PUMORI_COMPILER_NPY_H

#include "graph.h"

/* On success *data points into @file. Only C order and little endian are accepted. */
int pumori_npy_parse(void *file, size_t size, struct pumori_tensor_type *type, void **data,
		     struct pumori_diagnostics *diagnostics);

#endif
