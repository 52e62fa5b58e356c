/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_IMAGE_H
#define PUMORI_IMAGE_H

#include <linux/types.h>

#include "pumori_bus.h"

/**
 * struct pumori_image - bytes from user space in pages that only the kernel and the chip can reach
 */
struct pumori_image {
	/** @bus: bus of the device */
	struct pumori_bus *bus;
	/** @size: bytes */
	u64 size;
	/** @page_count: length of @pages */
	u32 page_count;
	/** @list_count: length of @lists */
	u32 list_count;
	/** @pages: the bytes */
	struct pumori_shared *pages;
	/** @lists: bus addresses of @pages, as LOAD_PROGRAM wants them */
	struct pumori_shared *lists;
};

int pumori_image_init(struct pumori_image *image, struct pumori_bus *bus, u64 user, u64 size);
void pumori_image_free_lists(struct pumori_image *image);
void pumori_image_fini(struct pumori_image *image);
int pumori_image_read(const struct pumori_image *image, u64 offset, void *to, u64 size);
u32 pumori_image_lists(u32 pages);

#endif
