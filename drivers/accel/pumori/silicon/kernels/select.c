// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Which kernel set a host gets. */
#include "sets.h"

const struct silicon_kernels *silicon_kernels_select(u32 choice, u32 host)
{
#if defined(__x86_64__)
	const u32 avx512 = SILICON_HOST_AVX2 | SILICON_HOST_AVX512 | SILICON_HOST_AVX512_BF16 |
			   SILICON_HOST_AVX512_VNNI;

	if ((choice == SILICON_KERNELS_BEST || choice == SILICON_KERNELS_AVX512) && (host & avx512) == avx512)
		return &silicon_kernels_avx512;
	if ((choice == SILICON_KERNELS_BEST || choice == SILICON_KERNELS_AVX2) && (host & SILICON_HOST_AVX2))
		return &silicon_kernels_avx2;
#else
	(void)host;
#endif
	if (choice == SILICON_KERNELS_BEST || choice == SILICON_KERNELS_GENERIC)
		return &silicon_kernels_generic;
	return NULL;
}

u32 silicon_dtype_size(u8 dtype)
{
	static const u8 sizes[] = {
		[PUMORI_ISA_FP32] = 4, [PUMORI_ISA_BF16] = 2, [PUMORI_ISA_FP16] = 2,
		[PUMORI_ISA_FP8E4M3] = 1, [PUMORI_ISA_FP8E5M2] = 1,
		[PUMORI_ISA_INT8] = 1, [PUMORI_ISA_UINT8] = 1, [PUMORI_ISA_INT16] = 2, [PUMORI_ISA_UINT16] = 2,
		[PUMORI_ISA_INT32] = 4, [PUMORI_ISA_UINT32] = 4, [PUMORI_ISA_INT64] = 8, [PUMORI_ISA_UINT64] = 8,
		[PUMORI_ISA_BOOL] = 1,
	};

	return dtype < SILICON_ARRAY_SIZE(sizes) ? sizes[dtype] : 0;
}

bool silicon_dtype_range(u8 dtype, s32 *low, s32 *high)
{
	switch (dtype) {
	case PUMORI_ISA_INT8:
		*low = -128;
		*high = 127;
		return true;
	case PUMORI_ISA_UINT8:
		*low = 0;
		*high = 255;
		return true;
	case PUMORI_ISA_INT16:
		*low = -32768;
		*high = 32767;
		return true;
	case PUMORI_ISA_UINT16:
		*low = 0;
		*high = 65535;
		return true;
	default:
		return false;
	}
}

bool silicon_dtypes_multiply(u8 stationary, u8 moving)
{
	bool bytes = stationary == PUMORI_ISA_INT8 || stationary == PUMORI_ISA_UINT8;
	bool fp8 = stationary == PUMORI_ISA_FP8E4M3 || stationary == PUMORI_ISA_FP8E5M2;

	return stationary == moving || (bytes && (moving == PUMORI_ISA_INT8 || moving == PUMORI_ISA_UINT8)) ||
	       (fp8 && (moving == PUMORI_ISA_FP8E4M3 || moving == PUMORI_ISA_FP8E5M2));
}
