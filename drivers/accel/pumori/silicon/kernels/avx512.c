// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The kernels of this folder for one kind of host: see simd.h. */
#define SIMD_SET_AVX512
#include "simd.h"
#include "scalar.h"
#include "sets.h"
#include "walk.h"

#include "narrow.inc.h"
#include "rows.inc.h"
#include "elementwise.inc.h"
#include "functions.inc.h"
#include "activate.inc.h"
#include "quantize.inc.h"
#include "random.inc.h"
#include "reduce.inc.h"
#include "window.inc.h"
#include "transpose.inc.h"
#include "matmul_panel.inc.h"
#include "matmul_int8.inc.h"
#include "matmul_direct.inc.h"
#include "matmul.inc.h"
#include "set.inc.h"

const struct silicon_kernels silicon_kernels_avx512 = KERNEL_SET("avx512");
