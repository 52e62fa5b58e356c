/* SPDX-License-Identifier: MIT */
/* Convolution of tensors at hand under the current node's attributes, for the integer forms. */
#ifndef PUMORI_COMPILER_IMPORT_WINDOW_H
#define PUMORI_COMPILER_IMPORT_WINDOW_H

#include "importer.h"

struct pumori_tensor *pumori_import_convolution(struct pumori_importer *importer,
						struct pumori_tensor *x,
						struct pumori_tensor *weight,
						struct pumori_tensor *bias);

#endif
