// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Save areas
 *
 * Where the chip puts the job of a queue when another queue needs its slot. An area is as large as
 * the largest job that the queue was given, but only on a core that has more queues than slots: when
 * there are so many, the queue that comes last provides for the others. Areas grow and never shrink;
 * all is allocated by whoever creates a queue or submits, never where fences are signalled.
 */

#include <linux/slab.h>

#include <pumori/hw.h>

#include "pumori_bus.h"
#include "pumori_save.h"

/* Addresses in a list page; its last word leads to the next one. */
#define LIST_PAGES	(PUMORI_HW_PAGE_SIZE / sizeof(u64) - 1)

/**
 * struct save_list - a list page and the pages that it names
 */
struct save_list {
	/** @link: in &struct pumori_save.lists */
	struct list_head link;
	/** @shared: the list page */
	struct pumori_shared shared;
	/** @page: the pages */
	struct pumori_shared page[LIST_PAGES];
};

/**
 * pumori_save_init() - an area that is not there yet
 * @save: the area
 */
void pumori_save_init(struct pumori_save *save)
{
	mutex_init(&save->lock);
	INIT_LIST_HEAD(&save->lists);
}

/* Makes a word of a list page known to the chip, which may be reading the list. */
static void set_word(struct save_list *list, u32 index, u64 bus_address)
{
	u64 *words = list->shared.address;

	/* What the page holds before the page. */
	dma_wmb();
	WRITE_ONCE(words[index], bus_address);
}

static struct save_list *add_list(struct pumori_save *save, struct pumori_bus *bus)
{
	struct save_list *list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!list)
		return ERR_PTR(-ENOMEM);
	ret = pumori_shared_alloc(bus, &list->shared);
	if (ret) {
		kfree(list);
		return ERR_PTR(ret);
	}
	if (!list_empty(&save->lists))
		set_word(list_last_entry(&save->lists, struct save_list, link), LIST_PAGES,
			 list->shared.bus_address);
	list_add_tail(&list->link, &save->lists);
	return list;
}

/**
 * pumori_save_begin() - make an empty area
 * @save: the area, which pumori_save_free() frees also after an error
 * @bus: bus of the device
 * @bus_address: set to what the queue's descriptor says of it
 */
int pumori_save_begin(struct pumori_save *save, struct pumori_bus *bus, u64 *bus_address)
{
	struct save_list *list = add_list(save, bus);

	if (IS_ERR(list))
		return PTR_ERR(list);
	*bus_address = list->shared.bus_address;
	return 0;
}

/**
 * pumori_save_free() - free an area that the chip no longer uses
 * @save: the area
 * @bus: bus of the device
 */
void pumori_save_free(struct pumori_save *save, struct pumori_bus *bus)
{
	struct save_list *list, *next;
	u32 i;

	list_for_each_entry_safe(list, next, &save->lists, link) {
		for (i = 0; i < LIST_PAGES; i++)
			pumori_shared_free(bus, &list->page[i]);
		pumori_shared_free(bus, &list->shared);
		kfree(list);
	}
	mutex_destroy(&save->lock);
}

/**
 * pumori_save_want() - a job is going to be submitted
 * @save: area of its queue
 * @bytes: what it needs there
 *
 * Return: true when the area is smaller.
 */
bool pumori_save_want(struct pumori_save *save, u64 bytes)
{
	u32 pages = DIV_ROUND_UP_ULL(bytes, PUMORI_HW_PAGE_SIZE);
	bool small;

	/* It never gets smaller. */
	if (pages <= READ_ONCE(save->pages))
		return false;
	mutex_lock(&save->lock);
	if (pages > save->wanted)
		WRITE_ONCE(save->wanted, pages);
	small = save->wanted > save->pages;
	mutex_unlock(&save->lock);
	return small;
}

/**
 * pumori_save_provide() - make an area as large as was wanted
 * @save: the area
 * @bus: bus of the device
 */
int pumori_save_provide(struct pumori_save *save, struct pumori_bus *bus)
{
	struct save_list *list;
	int ret = 0;
	u32 index;

	mutex_lock(&save->lock);
	while (save->pages < save->wanted) {
		index = save->pages % LIST_PAGES;
		if (!index && save->pages) {
			list = add_list(save, bus);
			if (IS_ERR(list)) {
				ret = PTR_ERR(list);
				break;
			}
		}
		list = list_last_entry(&save->lists, struct save_list, link);
		ret = pumori_shared_alloc(bus, &list->page[index]);
		if (ret)
			break;
		set_word(list, index, list->page[index].bus_address);
		WRITE_ONCE(save->pages, save->pages + 1);
	}
	mutex_unlock(&save->lock);
	return ret;
}
