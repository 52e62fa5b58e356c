/* SPDX-License-Identifier: MIT */
/* Reordering copies in memory. */
#ifndef PUMORI_COMPILER_SHUFFLE_H
#define PUMORI_COMPILER_SHUFFLE_H

#include "emit.h"

/*
 * Copy @source to @destination, both in memory and of one shape, by way of SBUF. False, and
 * nothing done, where a plain DMA does it as well.
 */
bool pumori_shuffle(struct pumori_tile_program *program, const struct pumori_place *destination,
		    const struct pumori_place *source);

#endif
