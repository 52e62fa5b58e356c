// SPDX-License-Identifier: MIT
/* What the chip in the process reaches: host pages by bus address, device memory, page tables. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "error.h"
#include "inproc.h"

#define PAGE		PUMORI_HW_PAGE_SIZE
#define HUGE_PAGE	(1ull << PUMORI_HW_HUGE_SHIFT)
#define BUS_PAGES	(1ull << 21)	/* 8 GiB of rings, tables and program images */

/* Reserved, not populated: the kernel gives zeroed pages when they are touched. */
static void *reserve(uint64_t bytes, uint64_t alignment)
{
	unsigned char *mapping, *aligned;

	mapping = mmap(NULL, bytes + alignment, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapping == MAP_FAILED)
		return NULL;
	aligned = (unsigned char *)(((uintptr_t)mapping + alignment - 1) &
				    ~(uintptr_t)(alignment - 1));
	if (aligned > mapping)
		munmap(mapping, aligned - mapping);
	if (mapping + alignment > aligned)
		munmap(aligned + bytes, mapping + alignment - aligned);
	return aligned;
}

static uint64_t random_base(void)
{
	uint64_t random = 0;

	/* Not a secret: it only keeps bus addresses from looking like anything else. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uintptr_t)&random >> 4;
	return (1ull << 46) + ((random & 0xffff) << 34);
}

int inproc_memory_create(struct inproc_memory *memory, uint64_t hbm_bytes)
{
	memset(memory, 0, sizeof(*memory));
	memory->bus_base = random_base();
	memory->hbm_bytes = hbm_bytes;
	pthread_mutex_init(&memory->lock, NULL);
	memory->bus_table = reserve(BUS_PAGES * sizeof(void *), PAGE);
	memory->hbm = reserve(hbm_bytes, HUGE_PAGE);
	memory->table_capacity = 64;
	memory->tables = calloc(memory->table_capacity, sizeof(*memory->tables));
	if (!memory->bus_table || !memory->hbm || !memory->tables ||
	    pumori_range_create(&memory->bus_pages, 0, BUS_PAGES) ||
	    pumori_range_create(&memory->hbm_range, 0, hbm_bytes) ||
	    inproc_page_create(memory, PAGE, &memory->tables[0])) {
		inproc_memory_destroy(memory);
		return pumori_fail(PUMORI_ERROR_MEMORY,
				   "cannot reserve %llu MiB of device memory in process",
				   (unsigned long long)(hbm_bytes >> 20));
	}
	memory->table_count = 1;
	/* A hint: small pages work too. */
	madvise(memory->hbm, hbm_bytes, MADV_HUGEPAGE);
	return 0;
}

void inproc_memory_destroy(struct inproc_memory *memory)
{
	uint32_t i;

	for (i = 0; i < memory->table_count; i++)
		inproc_page_destroy(memory, &memory->tables[i]);
	free(memory->tables);
	if (memory->hbm)
		munmap(memory->hbm, memory->hbm_bytes);
	if (memory->bus_table)
		munmap(memory->bus_table, BUS_PAGES * sizeof(void *));
	pumori_range_destroy(&memory->bus_pages);
	pumori_range_destroy(&memory->hbm_range);
	pthread_mutex_destroy(&memory->lock);
}

static int create_page(struct inproc_memory *memory, uint64_t bytes, struct inproc_page *page)
{
	uint64_t i, first, pages = (bytes + PAGE - 1) / PAGE;
	int error;

	page->memory = aligned_alloc(PAGE, pages * PAGE);
	if (!page->memory)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for %llu bytes",
				   (unsigned long long)bytes);
	error = pumori_range_allocate(&memory->bus_pages, pages, 1, &first);
	if (error) {
		free(page->memory);
		page->memory = NULL;
		return pumori_fail(error, "no bus addresses for %llu bytes",
				   (unsigned long long)bytes);
	}
	memset(page->memory, 0, pages * PAGE);
	for (i = 0; i < pages; i++)
		__atomic_store_n(&memory->bus_table[first + i], (char *)page->memory + i * PAGE,
				 __ATOMIC_RELEASE);
	page->pages = pages;
	page->bus = memory->bus_base + first * PAGE;
	return 0;
}

int inproc_page_create(struct inproc_memory *memory, uint64_t bytes, struct inproc_page *page)
{
	int error;

	pthread_mutex_lock(&memory->lock);
	error = create_page(memory, bytes, page);
	pthread_mutex_unlock(&memory->lock);
	return error;
}

void inproc_page_destroy(struct inproc_memory *memory, struct inproc_page *page)
{
	uint64_t i, first;

	if (!page->memory)
		return;
	first = (page->bus - memory->bus_base) / PAGE;
	for (i = 0; i < page->pages; i++)
		__atomic_store_n(&memory->bus_table[first + i], NULL, __ATOMIC_RELEASE);
	pthread_mutex_lock(&memory->lock);
	pumori_range_free(&memory->bus_pages, first, page->pages);
	pthread_mutex_unlock(&memory->lock);
	free(page->memory);
	page->memory = NULL;
}

void *inproc_bus(void *context, u64 address, u32 length)
{
	struct inproc_memory *memory = &((struct inproc *)context)->memory;
	u64 page = (address - memory->bus_base) / PAGE, offset = address % PAGE;
	char *host;

	if (page >= BUS_PAGES || offset + length > PAGE)
		return NULL;
	host = __atomic_load_n(&memory->bus_table[page], __ATOMIC_ACQUIRE);
	return host ? host + offset : NULL;
}

void *inproc_hbm(void *context, u64 offset, u64 *available)
{
	struct inproc_memory *memory = &((struct inproc *)context)->memory;

	if (offset >= memory->hbm_bytes)
		return NULL;
	*available = memory->hbm_bytes - offset;
	return memory->hbm + offset;
}

/* --- Page tables, under the memory's lock -------------------------------------------------------- */

static uint64_t *table_at(struct inproc_memory *memory, uint64_t entry)
{
	uint64_t page = ((entry & PUMORI_HW_PTE_ADDRESS) - memory->bus_base) / PAGE;

	return memory->bus_table[page];
}

static int add_table(struct inproc_memory *memory, uint64_t *entry)
{
	struct inproc_page page, *tables;
	int error;

	if (memory->table_count == memory->table_capacity) {
		tables = realloc(memory->tables, 2 * memory->table_capacity * sizeof(*tables));
		if (!tables)
			return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for page tables");
		memory->tables = tables;
		memory->table_capacity *= 2;
	}
	error = create_page(memory, PAGE, &page);
	if (error)
		return error;
	memory->tables[memory->table_count++] = page;
	__atomic_store_n(entry, page.bus | PUMORI_HW_PTE_VALID, __ATOMIC_RELEASE);
	return 0;
}

/* The entry of @va in the table of @level, or NULL. With @create, missing tables are made. */
static uint64_t *find_entry(struct inproc_memory *memory, uint64_t va, uint32_t level, bool create,
			    int *error)
{
	uint64_t *table = memory->tables[0].memory, *entry;
	uint32_t at = PUMORI_HW_PT_LEVELS - 1;

	for (;; at--) {
		entry = &table[va >> (PUMORI_HW_PAGE_SHIFT + 9 * at) & (PUMORI_HW_PT_ENTRIES - 1)];
		if (at == level || *entry & PUMORI_HW_PTE_LEAF)
			return entry;
		if (!(*entry & PUMORI_HW_PTE_VALID)) {
			if (!create)
				return NULL;
			*error = add_table(memory, entry);
			if (*error)
				return NULL;
		}
		table = table_at(memory, *entry);
	}
}

static void unmap_locked(struct inproc_memory *memory, uint64_t va, uint64_t bytes)
{
	uint64_t *entry, part;

	for (; bytes; va += part, bytes -= part) {
		part = PAGE;
		entry = find_entry(memory, va, 0, false, NULL);
		if (!entry || !(*entry & PUMORI_HW_PTE_LEAF))
			continue;
		/* The walk ends at a large page, which always belongs to one mapping as a whole. */
		if (entry == find_entry(memory, va, 1, false, NULL))
			part = HUGE_PAGE;
		__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
	}
}

/* A level-1 entry that once pointed to a table keeps it: small pages serve there for ever. */
int inproc_map(struct inproc_memory *memory, uint64_t va, uint64_t offset, uint64_t bytes,
	       bool writable)
{
	uint64_t flags = PUMORI_HW_PTE_VALID | PUMORI_HW_PTE_HBM | PUMORI_HW_PTE_LEAF |
			 (writable ? PUMORI_HW_PTE_WRITABLE : 0);
	uint64_t *entry, part, done;
	int error = 0;

	pthread_mutex_lock(&memory->lock);
	for (done = 0; done < bytes; done += part) {
		part = (va + done) % HUGE_PAGE || (offset + done) % HUGE_PAGE ||
				       bytes - done < HUGE_PAGE
			       ? PAGE
			       : HUGE_PAGE;
		entry = find_entry(memory, va + done, part == PAGE ? 0 : 1, true, &error);
		if (entry && *entry & PUMORI_HW_PTE_VALID) {
			part = PAGE;
			entry = find_entry(memory, va + done, 0, true, &error);
		}
		if (!entry) {
			unmap_locked(memory, va, done);
			break;
		}
		__atomic_store_n(entry, (offset + done) | flags, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&memory->lock);
	return error;
}

void inproc_unmap(struct inproc_memory *memory, uint64_t va, uint64_t bytes)
{
	pthread_mutex_lock(&memory->lock);
	unmap_locked(memory, va, bytes);
	pthread_mutex_unlock(&memory->lock);
}
