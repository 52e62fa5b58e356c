/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What every file of the chip may need: atomics, speculation-safe indices, checked addition. */
#ifndef PUMORI_SILICON_HELPERS_H
#define PUMORI_SILICON_HELPERS_H

#include "types.h"

/* Registers are written by any thread, rings and pages are shared with the driver. */
#define silicon_load(pointer)		__atomic_load_n(pointer, __ATOMIC_RELAXED)
#define silicon_load_acquire(pointer)	__atomic_load_n(pointer, __ATOMIC_ACQUIRE)
#define silicon_store(pointer, value)	__atomic_store_n(pointer, value, __ATOMIC_RELAXED)
#define silicon_store_release(pointer, value) __atomic_store_n(pointer, value, __ATOMIC_RELEASE)
#define silicon_exchange(pointer, value) __atomic_exchange_n(pointer, value, __ATOMIC_ACQ_REL)
#define silicon_fence()			__atomic_thread_fence(__ATOMIC_SEQ_CST)

/**
 * silicon_clamp - @index when it is below @size, else 0, without a branch
 *
 * For every index that a program or its data controls: a branch that checked it may be predicted
 * wrongly, and the access behind it must not leave its array even then (Spectre v1).
 */
static inline u64 silicon_clamp(u64 index, u64 size)
{
	u64 mask;

	/* Hides the value, so that the compiler cannot turn the mask back into a branch. */
	__asm__("" : "+r"(index));
	mask = ~(u64)((s64)(index | (size - 1 - index)) >> 63);
	return index & mask;
}

/** silicon_add_product - add a product to a sum; returns true on overflow */
static inline bool silicon_add_product(s64 *sum, s64 a, s64 b)
{
	s64 product;

	return __builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*sum, product, sum);
}

/** silicon_copy - take a private copy of shared memory; the compiler may not look at the original again */
static inline void silicon_copy(void *to, const void *from, size_t length)
{
	memcpy(to, from, length);
	__asm__ __volatile__("" : : : "memory");
}

static inline bool silicon_all_zero(const void *bytes, size_t length)
{
	const u8 *byte = bytes;
	u8 any = 0;

	while (length--)
		any |= *byte++;
	return !any;
}

#endif
