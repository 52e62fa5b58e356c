/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_ARRAY_H
#define PUMORI_ARRAY_H

#include <linux/types.h>

struct drm_pumori_array;

int pumori_array_check(const struct drm_pumori_array *array, size_t first_size, u32 max_count);
int pumori_array_read(const struct drm_pumori_array *array, u32 index, void *element, size_t size);
int pumori_array_write_u64(const struct drm_pumori_array *array, u32 index, size_t offset,
			   u64 value);

#endif
