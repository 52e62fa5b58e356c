// SPDX-License-Identifier: GPL-2.0
/* Arrays in user memory whose elements may be older or newer than the kernel's. */

#include <linux/mm.h>
#include <linux/uaccess.h>
#include <kunit/visibility.h>

#include <drm/pumori_accel.h>

#include "pumori_array.h"

/**
 * pumori_array_check() - check count and stride before anything is allocated
 * @array: the array, already copied from user space
 * @first_size: size of an element in the first version of the interface
 * @max_count: largest count
 */
int pumori_array_check(const struct drm_pumori_array *array, size_t first_size, u32 max_count)
{
	u64 end;

	if (array->count > max_count)
		return -EINVAL;
	if (!array->count)
		return 0;
	if (array->stride < first_size || array->stride > PAGE_SIZE)
		return -EINVAL;
	if (check_add_overflow(array->pointer, (u64)array->stride * array->count, &end))
		return -EINVAL;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pumori_array_check);

static void __user *element_pointer(const struct drm_pumori_array *array, u32 index)
{
	return u64_to_user_ptr(array->pointer + (u64)array->stride * index);
}

/**
 * pumori_array_read() - copy one element
 * @array: checked array
 * @index: which one
 * @element: where to; what an older caller does not know is zero
 * @size: size of the kernel's element
 *
 * Return: 0, -EFAULT, or -E2BIG when a newer caller uses a field that is not known here.
 */
int pumori_array_read(const struct drm_pumori_array *array, u32 index, void *element, size_t size)
{
	return copy_struct_from_user(element, size, element_pointer(array, index), array->stride);
}

/**
 * pumori_array_write_u64() - write one field of an element back
 * @array: checked array
 * @index: which element
 * @offset: where the field is; part of the first version
 * @value: its value
 */
int pumori_array_write_u64(const struct drm_pumori_array *array, u32 index, size_t offset,
			   u64 value)
{
	u8 __user *field = (u8 __user *)element_pointer(array, index) + offset;

	return copy_to_user(field, &value, sizeof(value)) ? -EFAULT : 0;
}
