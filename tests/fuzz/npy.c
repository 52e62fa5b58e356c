// SPDX-License-Identifier: MIT
/* Headers of .npy files: what is taken describes an array that can be. */
#include <stdlib.h>

#include "npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cli_npy npy;
	const char *reason = NULL;
	uint64_t bytes;

	if (cli_npy_parse(&npy, data, size, &reason)) {
		if (!reason)
			abort();
		return 0;
	}
	bytes = pumori_dtype_size(npy.dtype);
	for (uint32_t i = 0; i < npy.rank; i++)
		if (__builtin_mul_overflow(bytes, npy.shape[i], &bytes))
			abort();
	if (!pumori_dtype_size(npy.dtype) || npy.rank > PUMORI_RANK_MAX || npy.data_offset > size || bytes != npy.bytes)
		abort();
	return 0;
}
