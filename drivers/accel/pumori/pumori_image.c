// SPDX-License-Identifier: GPL-2.0
/*
 * A program image on its way to the chip. It is copied from user space once; what is checked, what
 * the driver remembers and what the chip decodes are the same bytes.
 */

#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <kunit/visibility.h>

#include <pumori/hw.h>

#include "pumori_image.h"

#define LIST_WORDS	(PUMORI_HW_PAGE_SIZE / sizeof(u64))

/**
 * pumori_image_lists() - list pages that name a number of pages
 * @pages: number of pages, not zero
 *
 * A full list page that is not the last gives its last word to the next list page.
 */
u32 pumori_image_lists(u32 pages)
{
	if (pages <= LIST_WORDS)
		return 1;
	return 1 + DIV_ROUND_UP(pages - LIST_WORDS, LIST_WORDS - 1);
}
EXPORT_SYMBOL_IF_KUNIT(pumori_image_lists);

static void fill_lists(struct pumori_image *image)
{
	u32 list, page = 0;

	for (list = 0; list < image->list_count; list++) {
		u64 *words = image->lists[list].address;
		bool last = list == image->list_count - 1;
		u32 slots = last ? LIST_WORDS : LIST_WORDS - 1;
		u32 slot;

		for (slot = 0; slot < slots && page < image->page_count; slot++)
			words[slot] = image->pages[page++].bus_address;
		if (!last)
			words[LIST_WORDS - 1] = image->lists[list + 1].bus_address;
	}
}

/**
 * pumori_image_init() - copy an image from user space
 * @image: filled in
 * @bus: bus of the device
 * @user: user address
 * @size: bytes, bounded by the caller, not zero
 */
int pumori_image_init(struct pumori_image *image, struct pumori_bus *bus, u64 user, u64 size)
{
	u32 i;
	int ret;

	image->bus = bus;
	image->size = size;
	image->page_count = DIV_ROUND_UP_ULL(size, PUMORI_HW_PAGE_SIZE);
	image->list_count = pumori_image_lists(image->page_count);
	image->pages = kvcalloc(image->page_count, sizeof(*image->pages), GFP_KERNEL_ACCOUNT);
	image->lists = kvcalloc(image->list_count, sizeof(*image->lists), GFP_KERNEL_ACCOUNT);
	ret = -ENOMEM;
	if (!image->pages || !image->lists)
		goto err_fini;

	for (i = 0; i < image->page_count; i++) {
		u64 offset = (u64)i * PUMORI_HW_PAGE_SIZE;
		u64 bytes = min_t(u64, size - offset, PUMORI_HW_PAGE_SIZE);

		ret = fatal_signal_pending(current) ? -EINTR :
						      pumori_shared_alloc(bus, &image->pages[i]);
		if (ret)
			goto err_fini;
		ret = -EFAULT;
		if (copy_from_user(image->pages[i].address, u64_to_user_ptr(user + offset), bytes))
			goto err_fini;
	}
	for (i = 0; i < image->list_count; i++) {
		ret = pumori_shared_alloc(bus, &image->lists[i]);
		if (ret)
			goto err_fini;
	}
	fill_lists(image);
	return 0;

err_fini:
	pumori_image_fini(image);
	return ret;
}

/**
 * pumori_image_free_lists() - free what the chip needs no more of an image that it has decoded
 * @image: the image
 */
void pumori_image_free_lists(struct pumori_image *image)
{
	u32 i;

	for (i = 0; image->lists && i < image->list_count; i++)
		pumori_shared_free(image->bus, &image->lists[i]);
	kvfree(image->lists);
	image->lists = NULL;
}

/**
 * pumori_image_fini() - free an image
 * @image: the image
 */
void pumori_image_fini(struct pumori_image *image)
{
	u32 i;

	pumori_image_free_lists(image);
	for (i = 0; image->pages && i < image->page_count; i++)
		pumori_shared_free(image->bus, &image->pages[i]);
	kvfree(image->pages);
	image->pages = NULL;
}

/**
 * pumori_image_read() - copy bytes out of the image
 * @image: the image
 * @offset: first byte
 * @to: where to
 * @size: how many
 *
 * Return: 0, or -EINVAL when the image ends before.
 */
int pumori_image_read(const struct pumori_image *image, u64 offset, void *to, u64 size)
{
	if (offset > image->size || size > image->size - offset)
		return -EINVAL;

	while (size) {
		u64 at = offset % PUMORI_HW_PAGE_SIZE;
		u64 bytes = min_t(u64, size, PUMORI_HW_PAGE_SIZE - at);

		memcpy(to, image->pages[offset / PUMORI_HW_PAGE_SIZE].address + at, bytes);
		to += bytes;
		offset += bytes;
		size -= bytes;
	}
	return 0;
}
