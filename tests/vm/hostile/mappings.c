/* SPDX-License-Identifier: MIT */
/*
 * Classes that are about mappings and references.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define PAGES	8u
#define BYTES	(PAGES * PAGE)

static uint64_t mmap_offset(int fd, uint32_t handle)
{
	struct drm_pumori_bo_mmap_offset offset = { .handle = handle };

	return call(fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset) ? 0 : offset.offset;
}

static uint8_t *map(int fd, uint64_t offset, size_t size, int protection)
{
	void *data = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)offset);

	return data == MAP_FAILED ? NULL : data;
}

static bool holds(const uint8_t *data, uint8_t value, size_t size)
{
	while (size--) {
		if (*data++ != value)
			return false;
	}
	return true;
}

/* In a child, whose end tells: whether touching @address kills. */
static bool touch_kills(volatile uint8_t *address)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		*address = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status);
}

static void one_buffer(int fd, uint32_t flags, const char *where)
{
	uint32_t handle = buffer_of(fd, BYTES, flags, 0);
	uint64_t offset = mmap_offset(fd, handle);
	uint8_t *data, *part, *moved, *room;
	pid_t pid;
	int status = -1;

	data = map(fd, offset, BYTES, PROT_READ | PROT_WRITE);
	if (!expect(data != NULL, "%s: a mapping", where))
		return;
	memset(data, 0x11, BYTES);

	/* Partial mappings see their part; nothing lies beyond the end. */
	part = map(fd, offset, 3 * PAGE, PROT_READ | PROT_WRITE);
	if (expect(part != NULL, "%s: three pages of it", where)) {
		memset(part + 2 * PAGE, 0x22, PAGE);
		expect(holds(data + 2 * PAGE, 0x22, PAGE) && holds(data + PAGE, 0x11, PAGE), "%s: the right page", where);
		expect(touch_kills(part + 3 * PAGE - 1) == false, "%s: their last byte", where);
		munmap(part, 3 * PAGE);
	}
	memset(data, 0x11, BYTES);
	expect(!map(fd, offset, BYTES + PAGE, PROT_READ), "%s: more than it has", where);
	expect(!map(fd, offset + (PAGES - 1) * PAGE, 2 * PAGE, PROT_READ), "%s: beyond its end", where);
	expect(!map(fd, offset + BYTES, PAGE, PROT_READ), "%s: behind its end", where);
	expect(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, (off_t)offset) == MAP_FAILED, "%s: a private copy",
	       where);

	/* Dropped pages come back with the same bytes. */
	expect(madvise(data, BYTES, MADV_DONTNEED) < 0 || holds(data, 0x11, 3 * PAGE), "%s: MADV_DONTNEED", where);
	madvise(data, BYTES, MADV_DONTFORK);
	madvise(data, BYTES, MADV_DOFORK);
	madvise(data, BYTES, MADV_REMOVE);
	madvise(data, BYTES, MADV_MERGEABLE);
	madvise(data, BYTES, MADV_COLD);
	madvise(data, BYTES, MADV_PAGEOUT);
	expect(holds(data + 4 * PAGE, 0x11, PAGE), "%s: other advice", where);
	mlock(data, PAGE);
	munlock(data, PAGE);

	/* Inherited: both processes see one memory. */
	pid = fork();
	if (pid == 0) {
		data[5 * PAGE] = 0x77;
		_exit(data[0] == 0x11 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	expect(status == 0 && data[5 * PAGE] == 0x77, "%s: fork", where);
	data[5 * PAGE] = 0x11;

	/* A hole, then moved, never grown. */
	expect(mremap(data, BYTES, BYTES + PAGE, MREMAP_MAYMOVE) == MAP_FAILED, "%s: mremap cannot grow", where);
	expect(munmap(data + PAGE, PAGE) == 0, "%s: a hole", where);
	expect(touch_kills(data + PAGE), "%s: the hole is one", where);
	room = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	moved = mremap(data + 4 * PAGE, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	if (expect(moved != MAP_FAILED, "%s: mremap moves", where)) {
		expect(holds(moved, 0x11, 4 * PAGE), "%s: what was moved", where);
		expect(touch_kills(data + 4 * PAGE), "%s: and not copied", where);
		munmap(moved, 4 * PAGE);
	}
	expect(mprotect(data, PAGE, PROT_READ) == 0 && touch_kills(data), "%s: mprotect", where);
	munmap(data + 2 * PAGE, 2 * PAGE);
	munmap(data, PAGE);
}

void class_05_mappings(void)
{
	struct bench bench;
	uint32_t hidden;
	uint64_t i;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY))
		return;
	one_buffer(bench.session.fd, 0, "host");
	one_buffer(bench.session.fd, DRM_PUMORI_BO_HBM, "device");

	hidden = buffer_of(bench.session.fd, PAGE, DRM_PUMORI_BO_NO_MMAP, 0);
	expect(hidden && !mmap_offset(bench.session.fd, hidden), "a buffer that is never mapped");
	for (i = 0; i < odd_value_count; i++)
		expect(!map(bench.session.fd, odd_values[i] & ~(uint64_t)(PAGE - 1) & (~0ull >> 1) & ~(1ull << 32), PAGE, PROT_READ),
		       "an offset that nobody was given: %#llx", (unsigned long long)odd_values[i]);
	expect(mprotect((void *)(uintptr_t)bench.session.completion, PAGE, PROT_READ | PROT_WRITE) < 0,
	       "a writable completion page");
	expect(mremap((void *)(uintptr_t)bench.session.completion, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED,
	       "a larger completion page");
	bench_close(&bench);
}

/** struct holders - everything that keeps one buffer alive */
struct holders {
	int fd;
	int twin;
	int dma_buf;
	uint32_t handle;
	uint8_t *first;
	uint8_t *second;
};

static void let_go(struct holders *holders, unsigned int which)
{
	struct drm_gem_close gem_close = { .handle = holders->handle };

	switch (which) {
	case 0:
		expect(holds(holders->first, 0x3c, BYTES), "it is there as long as it is mapped");
		munmap(holders->first, BYTES);
		break;
	case 1:
		expect(holds(holders->second, 0x3c, BYTES), "it is there as long as it is mapped");
		munmap(holders->second + PAGE, BYTES - PAGE);
		munmap(holders->second, PAGE);
		break;
	case 2:
		/* After both files are closed the handle is gone already. */
		call(holders->twin, DRM_IOCTL_GEM_CLOSE, &gem_close);
		break;
	case 3:
		close(holders->dma_buf);
		break;
	case 4:
		close(holders->fd);
		break;
	default:
		close(holders->twin);
		break;
	}
}

/* One of the 720 orders of six things. */
static void in_order(unsigned int number, uint32_t flags)
{
	unsigned int left[6] = { 0, 1, 2, 3, 4, 5 }, count, pick;
	struct holders holders = { .fd = device_open() };

	holders.twin = dup(holders.fd);
	holders.handle = buffer_of(holders.fd, BYTES, flags, 0);
	holders.first = map(holders.fd, mmap_offset(holders.fd, holders.handle), BYTES, PROT_READ | PROT_WRITE);
	holders.second = map(holders.fd, mmap_offset(holders.fd, holders.handle), BYTES, PROT_READ | PROT_WRITE);
	holders.dma_buf = buffer_export(holders.fd, holders.handle, DRM_RDWR);
	if (!expect(holders.first && holders.second && holders.dma_buf >= 0, "a buffer, mapped and exported"))
		return;
	memset(holders.first, 0x3c, BYTES);
	for (count = 6; count; count--) {
		pick = number % count;
		number /= count;
		let_go(&holders, left[pick]);
		memmove(&left[pick], &left[pick + 1], (count - 1 - pick) * sizeof(left[0]));
	}
}

void class_06_reference_counts(void)
{
	struct drm_pumori_device_info before, after;
	unsigned int order;
	int64_t end;
	int fd = device_open();

	device_info(fd, &before);
	for (order = 0; order < 720; order += 7)
		in_order(order, order & 1 ? DRM_PUMORI_BO_HBM : 0);
	for (end = now_ms() + 20000; ; usleep(10000)) {
		device_info(fd, &after);
		if (after.hbm_used == before.hbm_used || now_ms() > end)
			break;
	}
	expect(after.hbm_used == before.hbm_used, "all device memory is free again");
	close(fd);
}

/* Whoever got a buffer read-only cannot make it writable, not by sharing it once more either. */
void class_09_read_only_shared(void)
{
	struct session owner, other;
	uint32_t handle, imported;
	int read_only, again;
	uint8_t *data;

	if (!expect(session_open(&owner, DRM_PUMORI_CORE_ANY) && session_open(&other, DRM_PUMORI_CORE_ANY), "two sessions"))
		return;
	handle = buffer_of(owner.fd, PAGE, 0, 0);
	data = map(owner.fd, mmap_offset(owner.fd, handle), PAGE, PROT_READ | PROT_WRITE);
	read_only = buffer_export(owner.fd, handle, 0);
	if (!expect(data && read_only >= 0, "a buffer exported read-only"))
		return;
	expect(!map(read_only, 0, PAGE, PROT_READ | PROT_WRITE), "a writable mapping of the dma-buf");
	imported = buffer_import(other.fd, read_only);
	/* An importer that cannot keep it read-only may refuse it. */
	if (imported) {
		again = buffer_export(other.fd, imported, DRM_RDWR);
		expect(again < 0 || !map(again, 0, PAGE, PROT_READ | PROT_WRITE), "a writable mapping after a second export");
		if (again >= 0)
			close(again);
	}
	munmap(data, PAGE);
	close(read_only);
	session_close(&owner);
	session_close(&other);
}
