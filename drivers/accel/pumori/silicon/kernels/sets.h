/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The kernel sets that are built in. */
#ifndef PUMORI_SILICON_KERNELS_SETS_H
#define PUMORI_SILICON_KERNELS_SETS_H

#include "../kernels.h"

extern const struct silicon_kernels silicon_kernels_generic;
#if defined(__x86_64__)
extern const struct silicon_kernels silicon_kernels_avx2;
extern const struct silicon_kernels silicon_kernels_avx512;
#endif

#endif
