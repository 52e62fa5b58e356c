/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The table of a kernel set, and the inner loop of DMA. Include after everything else. */

#define CONVERT_BUFFER	256u

static int convert(u8 *destination, u8 destination_dtype, s64 destination_step, const u8 *source, u8 source_dtype,
		   s64 source_step, u64 count)
{
	float buffer[CONVERT_BUFFER] __attribute__((aligned(64)));
	u32 size = silicon_dtype_size(source_dtype);

	if (destination_dtype == source_dtype && destination_step == (s64)size && source_step == (s64)size) {
		memcpy(destination, source, (size_t)(count * size));
		return 0;
	}
	/* A few at a time: the counts of rows are 32 bits. */
	while (destination_dtype == source_dtype && count) {
		u32 n = (u32)SILICON_MIN(count, 1u << 20);

		rows_move(destination, 0, destination_step, source, 0, source_step, size, 1, n);
		source += n * source_step;
		destination += n * destination_step;
		count -= n;
	}
	if (destination_dtype != source_dtype && dtype_is_float(destination_dtype) && dtype_is_float(source_dtype)) {
		while (count) {
			u32 n = (u32)SILICON_MIN(count, (u64)CONVERT_BUFFER);

			rows_load_float(buffer, source_dtype, source, 0, 1, source_step, n);
			rows_store_float(destination, destination_dtype, 0, 1, destination_step, n, buffer);
			source += n * source_step;
			destination += n * destination_step;
			count -= n;
		}
		return 0;
	}
	return scalar_convert(destination, destination_dtype, destination_step, source, source_dtype, source_step,
			      count);
}

#define KERNEL_SET(set_name) { \
	.name = set_name, \
	.run = { \
		[PUMORI_ISA_LOAD_STATIONARY] = run_load_stationary, \
		[PUMORI_ISA_MULTIPLY_MOVING] = run_multiply_moving, \
		[PUMORI_ISA_TENSOR_TENSOR] = run_chain, \
		[PUMORI_ISA_TENSOR_SCALAR] = run_chain, \
		[PUMORI_ISA_SCALAR_TENSOR_TENSOR] = run_chain, \
		[PUMORI_ISA_COPY] = run_copy, \
		[PUMORI_ISA_MEMSET] = run_memset, \
		[PUMORI_ISA_SELECT] = run_select, \
		[PUMORI_ISA_REDUCE] = run_reduce, \
		[PUMORI_ISA_SCAN] = scalar_scan, \
		[PUMORI_ISA_TRANSPOSE] = run_transpose, \
		[PUMORI_ISA_QUANTIZE] = run_quantize, \
		[PUMORI_ISA_WINDOW_MULTIPLY] = run_window, \
		[PUMORI_ISA_WINDOW_MAX] = run_window, \
		[PUMORI_ISA_WINDOW_SUM] = run_window, \
		[PUMORI_ISA_ACTIVATE] = run_activate, \
		[PUMORI_ISA_IOTA] = scalar_iota, \
		[PUMORI_ISA_RANDOM] = run_random, \
		[PUMORI_ISA_GATHER] = scalar_gather, \
		[PUMORI_ISA_SCATTER] = scalar_scatter, \
	}, \
	.convert = convert, \
	.begin = scalar_begin, \
	.end = scalar_end, \
}
