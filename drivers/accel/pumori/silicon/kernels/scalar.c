// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Conversion between any two types, and the floating point state. */
#include "scalar.h"

/* Bits of elements of a size that the compiler knows. */
#define MOVE_ELEMENTS(bytes) \
	for (; count; count--, destination += destination_step, source += source_step) \
		memcpy(destination, source, bytes)

static void move_elements(u8 *destination, s64 destination_step, const u8 *source, s64 source_step, u32 size,
			  u64 count)
{
	switch (size) {
	case 1:
		MOVE_ELEMENTS(1);
		break;
	case 2:
		MOVE_ELEMENTS(2);
		break;
	case 4:
		MOVE_ELEMENTS(4);
		break;
	default:
		MOVE_ELEMENTS(8);
		break;
	}
}

int scalar_convert(u8 *destination, u8 destination_dtype, s64 destination_step, const u8 *source, u8 source_dtype,
		   s64 source_step, u64 count)
{
	u32 size = silicon_dtype_size(source_dtype);
	bool through_float = dtype_is_float(destination_dtype) || dtype_is_float(source_dtype);
	bool checked = silicon_dtype_size(destination_dtype) == 4 && size == 8 && !through_float;

	if (destination_dtype == source_dtype) {
		move_elements(destination, destination_step, source, source_step, size, count);
		return 0;
	}
	for (; count; count--, destination += destination_step, source += source_step) {
		if (through_float) {
			element_store_float(destination_dtype, destination, element_float(source_dtype, source));
		} else {
			s64 value = integer_load(source_dtype, source);

			if (checked) {
				bool is_signed = destination_dtype == PUMORI_ISA_INT32;

				if (source_dtype == PUMORI_ISA_UINT64 && value < 0)
					return 1;
				if (value < (is_signed ? -2147483648ll : 0) ||
				    value > (is_signed ? 2147483647ll : 4294967295ll))
					return 1;
			}
			integer_store(destination_dtype, destination, value);
		}
	}
	return 0;
}

#if defined(__x86_64__)
u32 scalar_begin(void)
{
	u32 former, wanted = 0x1f80;	/* nearest-even, subnormals, no traps */

	__asm__ volatile("stmxcsr %0" : "=m"(former) : : "memory");
	__asm__ volatile("ldmxcsr %0" : : "m"(wanted) : "memory");
	return former;
}

void scalar_end(u32 state)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(state) : "memory");
}
#else
u32 scalar_begin(void)
{
	return 0;
}

void scalar_end(u32 state)
{
	(void)state;
}
#endif
