/* SPDX-License-Identifier: MIT */
/* First-fit allocation of ranges of numbers: device addresses, device memory, bus pages, instructions. */
#ifndef PUMORI_RUNTIME_RANGE_H
#define PUMORI_RUNTIME_RANGE_H

#include <stdint.h>

struct pumori_range_gap;

/** struct pumori_range - a space of which parts are given away; the caller's lock guards it */
struct pumori_range {
	/** @gaps: free parts, ascending, never touching each other */
	struct pumori_range_gap *gaps;
	/** @count: free parts */
	uint32_t count;
	/** @capacity: room in @gaps; always enough to free everything that is allocated now */
	uint32_t capacity;
	/** @allocated: ranges given away */
	uint32_t allocated;
	/** @used: sum of their sizes */
	uint64_t used;
};

/** pumori_range_create - the space @start .. @end. Return: 0 or PUMORI_ERROR_MEMORY */
int pumori_range_create(struct pumori_range *range, uint64_t start, uint64_t end);
void pumori_range_destroy(struct pumori_range *range);

/**
 * pumori_range_allocate - find @size, at a multiple of @alignment (a power of two)
 *
 * Return: 0, PUMORI_ERROR_MEMORY, or PUMORI_ERROR_DEVICE_MEMORY when no gap is large enough.
 */
int pumori_range_allocate(struct pumori_range *range, uint64_t size, uint64_t alignment,
			  uint64_t *start);

/** pumori_range_free - give back exactly what was allocated; cannot fail */
void pumori_range_free(struct pumori_range *range, uint64_t start, uint64_t size);

#endif
