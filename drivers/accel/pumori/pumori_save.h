/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_SAVE_H
#define PUMORI_SAVE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct pumori_bus;

/**
 * struct pumori_save - the save area of a queue
 */
struct pumori_save {
	/** @lock: protects what follows; memory is allocated under it */
	struct mutex lock;
	/** @lists: struct save_list, in the order of the area */
	struct list_head lists;
	/** @pages: pages of the area */
	u32 pages;
	/** @wanted: pages for the largest job that was ever submitted */
	u32 wanted;
};

void pumori_save_init(struct pumori_save *save);
int pumori_save_begin(struct pumori_save *save, struct pumori_bus *bus, u64 *bus_address);
void pumori_save_free(struct pumori_save *save, struct pumori_bus *bus);
bool pumori_save_want(struct pumori_save *save, u64 bytes);
int pumori_save_provide(struct pumori_save *save, struct pumori_bus *bus);

#endif
