// SPDX-License-Identifier: MIT
/* Element types: sizes and names. */
#include "api.h"

size_t pumori_dtype_size(enum pumori_dtype dtype)
{
	switch (dtype) {
	case PUMORI_FP8E4M3:
	case PUMORI_FP8E5M2:
	case PUMORI_INT8:
	case PUMORI_UINT8:
	case PUMORI_BOOL:
		return 1;
	case PUMORI_BF16:
	case PUMORI_FP16:
	case PUMORI_INT16:
	case PUMORI_UINT16:
		return 2;
	case PUMORI_FP32:
	case PUMORI_INT32:
	case PUMORI_UINT32:
		return 4;
	case PUMORI_INT64:
	case PUMORI_UINT64:
		return 8;
	default:
		return 0;
	}
}

const char *pumori_dtype_name(enum pumori_dtype dtype)
{
	static const char *const names[] = {
		[PUMORI_NONE] = "none",
		[PUMORI_FP32] = "fp32",
		[PUMORI_BF16] = "bf16",
		[PUMORI_FP16] = "fp16",
		[PUMORI_FP8E4M3] = "fp8e4m3",
		[PUMORI_FP8E5M2] = "fp8e5m2",
		[PUMORI_INT8] = "int8",
		[PUMORI_UINT8] = "uint8",
		[PUMORI_INT16] = "int16",
		[PUMORI_UINT16] = "uint16",
		[PUMORI_INT32] = "int32",
		[PUMORI_UINT32] = "uint32",
		[PUMORI_INT64] = "int64",
		[PUMORI_UINT64] = "uint64",
		[PUMORI_BOOL] = "bool",
	};

	if ((unsigned int)dtype >= sizeof(names) / sizeof(names[0]) || !names[dtype])
		return "unknown";
	return names[dtype];
}
