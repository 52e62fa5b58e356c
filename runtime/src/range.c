// SPDX-License-Identifier: MIT
/* First-fit allocation of ranges of numbers from a sorted array of gaps. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "range.h"

struct pumori_range_gap {
	uint64_t start;
	uint64_t end;
};

int pumori_range_create(struct pumori_range *range, uint64_t start, uint64_t end)
{
	memset(range, 0, sizeof(*range));
	range->gaps = malloc(8 * sizeof(*range->gaps));
	if (!range->gaps)
		return PUMORI_ERROR_MEMORY;
	range->capacity = 8;
	range->count = 1;
	range->gaps[0] = (struct pumori_range_gap){ start, end };
	return 0;
}

void pumori_range_destroy(struct pumori_range *range)
{
	free(range->gaps);
	range->gaps = NULL;
}

/* n ranges in use leave at most n + 1 gaps: with that much room, freeing never needs memory. */
static int reserve(struct pumori_range *range)
{
	struct pumori_range_gap *gaps;
	uint32_t capacity;

	if (range->capacity >= range->allocated + 3)
		return 0;
	capacity = range->capacity * 2;
	gaps = realloc(range->gaps, capacity * sizeof(*gaps));
	if (!gaps)
		return PUMORI_ERROR_MEMORY;
	range->gaps = gaps;
	range->capacity = capacity;
	return 0;
}

static void insert_gap(struct pumori_range *range, uint32_t index, uint64_t start, uint64_t end)
{
	memmove(&range->gaps[index + 1], &range->gaps[index],
		(range->count - index) * sizeof(*range->gaps));
	range->gaps[index] = (struct pumori_range_gap){ start, end };
	range->count++;
}

static void remove_gap(struct pumori_range *range, uint32_t index)
{
	range->count--;
	memmove(&range->gaps[index], &range->gaps[index + 1],
		(range->count - index) * sizeof(*range->gaps));
}

int pumori_range_allocate(struct pumori_range *range, uint64_t size, uint64_t alignment,
			  uint64_t *start)
{
	uint32_t i;

	if (reserve(range))
		return PUMORI_ERROR_MEMORY;
	for (i = 0; i < range->count; i++) {
		struct pumori_range_gap gap = range->gaps[i];
		uint64_t first = (gap.start + alignment - 1) & ~(alignment - 1);

		if (first < gap.start || first > gap.end || gap.end - first < size)
			continue;
		if (first > gap.start) {
			range->gaps[i].end = first;
			if (gap.end > first + size)
				insert_gap(range, i + 1, first + size, gap.end);
		} else if (gap.end > first + size) {
			range->gaps[i].start = first + size;
		} else {
			remove_gap(range, i);
		}
		range->allocated++;
		range->used += size;
		*start = first;
		return 0;
	}
	return PUMORI_ERROR_DEVICE_MEMORY;
}

void pumori_range_free(struct pumori_range *range, uint64_t start, uint64_t size)
{
	uint64_t end = start + size;
	uint32_t i = 0;

	while (i < range->count && range->gaps[i].start < start)
		i++;
	range->allocated--;
	range->used -= size;
	if (i > 0 && range->gaps[i - 1].end == start) {
		range->gaps[i - 1].end = end;
		if (i < range->count && range->gaps[i].start == end) {
			range->gaps[i - 1].end = range->gaps[i].end;
			remove_gap(range, i);
		}
	} else if (i < range->count && range->gaps[i].start == end) {
		range->gaps[i].start = start;
	} else {
		insert_gap(range, i, start, end);
	}
}
