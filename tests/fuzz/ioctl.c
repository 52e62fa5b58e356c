/* SPDX-License-Identifier: MIT */
/*
 * ioctl SEED CALLS: random calls of the driver that know its grammar. Every ioctl is a row of fields; a field says
 * what would make sense in it, and gets that most of the time, else something odd. What calls return (ids, handles,
 * offsets) feeds later calls. Two threads work on the same files, so that objects end while they are used.
 *
 * Runs in a machine whose kernel has the checkers: what it finds is what they find, and a device that does not run a
 * plain job afterwards. The same seed makes the same calls in each thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../vm/driver/driver_test.h"

#define FILES		3
#define POOL		24
#define THREADS		2
#define MAPPINGS	16
#define LENGTH(array)	(sizeof(array) / sizeof((array)[0]))

/* What calls return and others want. */
enum pool { POOL_NONE, VM, BUFFER, PROGRAM, CONTEXT, QUEUE, SYNCOBJ, DMA_BUF, POOLS };

/* What would make sense in a field. */
enum kind {
	ZERO,		/* padding and reserved fields */
	FLAGS,		/* any subset of the mask in @detail */
	SMALL,		/* below @detail */
	BYTES,		/* a size in pages, seldom large */
	ADDRESS,	/* a device address out of a few */
	ID,		/* of pool @detail */
	RESULT,		/* filled by the kernel: into pool @detail */
	ARRAY,		/* struct drm_pumori_array of rows @detail */
	IMAGE,		/* pointer to a program image */
	OUTPUT,		/* pointer to memory for a result */
};

struct field {
	uint16_t offset;
	uint16_t size;
	enum kind kind;
	uint32_t detail;
};

struct row {
	const char *name;
	unsigned long cmd;
	size_t size;
	unsigned int weight;
	struct field field[12];
};

#define F(type, member, kind, detail) \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), kind, detail }

/* Elements of arrays. */
enum element { OP, JOB, VARIABLE, SCALAR, SYNC, ELEMENTS };
static const struct row elements[ELEMENTS] = {
	[OP] = { "bind_op", 0, sizeof(struct drm_pumori_bind_op), 0, {
		F(drm_pumori_bind_op, flags, FLAGS, 0x101), F(drm_pumori_bind_op, handle, ID, BUFFER),
		F(drm_pumori_bind_op, offset, SMALL, 2), F(drm_pumori_bind_op, va, ADDRESS, 0),
		F(drm_pumori_bind_op, size, BYTES, 0) } },
	[JOB] = { "job", 0, sizeof(struct drm_pumori_job), 0, {
		F(drm_pumori_job, program_id, ID, PROGRAM), F(drm_pumori_job, entry, SMALL, 1),
		F(drm_pumori_job, flags, FLAGS, 1), F(drm_pumori_job, budget_ms, SMALL, 30),
		F(drm_pumori_job, variables, ARRAY, VARIABLE), F(drm_pumori_job, scalars, ARRAY, SCALAR),
		F(drm_pumori_job, syncs, ARRAY, SYNC) } },
	[VARIABLE] = { "variable", 0, sizeof(struct drm_pumori_variable), 0, {
		F(drm_pumori_variable, va, ADDRESS, 0), F(drm_pumori_variable, size, BYTES, 0),
		F(drm_pumori_variable, flags, FLAGS, 1), F(drm_pumori_variable, pad, ZERO, 0) } },
	[SCALAR] = { "scalar", 0, 4, 0, { { 0, 4, SMALL, 1000 } } },
	[SYNC] = { "sync", 0, sizeof(struct drm_pumori_sync), 0, {
		F(drm_pumori_sync, flags, FLAGS, DRM_PUMORI_SYNC_SIGNAL | 1), F(drm_pumori_sync, handle, ID, SYNCOBJ),
		F(drm_pumori_sync, value, SMALL, 3) } },
};

#define CALL(name, type) #name, DRM_IOCTL_##name, sizeof(struct type)
static const struct row calls[] = {
	{ CALL(PUMORI_DEV_QUERY, drm_pumori_dev_query), 2, {
		F(drm_pumori_dev_query, type, SMALL, 3), F(drm_pumori_dev_query, index, SMALL, 2),
		F(drm_pumori_dev_query, size, SMALL, 400), F(drm_pumori_dev_query, pad, ZERO, 0),
		F(drm_pumori_dev_query, pointer, OUTPUT, 0) } },
	{ CALL(PUMORI_VM_CREATE, drm_pumori_vm_create), 2, {
		F(drm_pumori_vm_create, flags, ZERO, 0), F(drm_pumori_vm_create, id, RESULT, VM) } },
	{ CALL(PUMORI_VM_DESTROY, drm_pumori_destroy), 1, {
		F(drm_pumori_destroy, id, ID, VM), F(drm_pumori_destroy, pad, ZERO, 0) } },
	{ CALL(PUMORI_VM_BIND, drm_pumori_vm_bind), 12, {
		F(drm_pumori_vm_bind, vm_id, ID, VM), F(drm_pumori_vm_bind, flags, FLAGS, 1),
		F(drm_pumori_vm_bind, ops, ARRAY, OP), F(drm_pumori_vm_bind, syncs, ARRAY, SYNC) } },
	{ CALL(PUMORI_BO_CREATE, drm_pumori_bo_create), 6, {
		F(drm_pumori_bo_create, size, BYTES, 0), F(drm_pumori_bo_create, flags, FLAGS, 3),
		F(drm_pumori_bo_create, vm_id, ID, VM), F(drm_pumori_bo_create, handle, RESULT, BUFFER),
		F(drm_pumori_bo_create, pad, ZERO, 0) } },
	{ CALL(PUMORI_BO_MMAP_OFFSET, drm_pumori_bo_mmap_offset), 2, {
		F(drm_pumori_bo_mmap_offset, handle, ID, BUFFER), F(drm_pumori_bo_mmap_offset, flags, ZERO, 0) } },
	{ CALL(PUMORI_BO_WAIT, drm_pumori_bo_wait), 2, {
		F(drm_pumori_bo_wait, handle, ID, BUFFER), F(drm_pumori_bo_wait, flags, ZERO, 0),
		F(drm_pumori_bo_wait, timeout_ns, SMALL, 1000) } },
	{ CALL(PUMORI_BO_MADVISE, drm_pumori_bo_madvise), 2, {
		F(drm_pumori_bo_madvise, handle, ID, BUFFER), F(drm_pumori_bo_madvise, advice, FLAGS, 1),
		F(drm_pumori_bo_madvise, pad, ZERO, 0) } },
	{ CALL(PUMORI_BO_LABEL, drm_pumori_bo_label), 1, {
		F(drm_pumori_bo_label, handle, ID, BUFFER), F(drm_pumori_bo_label, size, SMALL, 300),
		F(drm_pumori_bo_label, pointer, OUTPUT, 0) } },
	{ CALL(PUMORI_BO_SYNC, drm_pumori_bo_sync), 1, {
		F(drm_pumori_bo_sync, handle, ID, BUFFER), F(drm_pumori_bo_sync, flags, FLAGS, 3),
		F(drm_pumori_bo_sync, offset, SMALL, 2), F(drm_pumori_bo_sync, size, BYTES, 0) } },
	{ CALL(PUMORI_PROGRAM_CREATE, drm_pumori_program_create), 4, {
		F(drm_pumori_program_create, vm_id, ID, VM), F(drm_pumori_program_create, flags, ZERO, 0),
		F(drm_pumori_program_create, pointer, IMAGE, 0), F(drm_pumori_program_create, id, RESULT, PROGRAM),
		F(drm_pumori_program_create, pad, ZERO, 0) } },
	{ CALL(PUMORI_PROGRAM_DESTROY, drm_pumori_destroy), 1, {
		F(drm_pumori_destroy, id, ID, PROGRAM), F(drm_pumori_destroy, pad, ZERO, 0) } },
	{ CALL(PUMORI_CONTEXT_CREATE, drm_pumori_context_create), 3, {
		F(drm_pumori_context_create, vm_id, ID, VM), F(drm_pumori_context_create, flags, ZERO, 0),
		F(drm_pumori_context_create, id, RESULT, CONTEXT), F(drm_pumori_context_create, pad, ZERO, 0) } },
	{ CALL(PUMORI_CONTEXT_DESTROY, drm_pumori_destroy), 1, {
		F(drm_pumori_destroy, id, ID, CONTEXT), F(drm_pumori_destroy, pad, ZERO, 0) } },
	{ CALL(PUMORI_CONTEXT_QUERY, drm_pumori_context_query), 2, {
		F(drm_pumori_context_query, id, ID, CONTEXT) } },
	{ CALL(PUMORI_QUEUE_CREATE, drm_pumori_queue_create), 4, {
		F(drm_pumori_queue_create, context_id, ID, CONTEXT), F(drm_pumori_queue_create, flags, ZERO, 0),
		F(drm_pumori_queue_create, core, SMALL, 2), F(drm_pumori_queue_create, priority, SMALL, 4),
		F(drm_pumori_queue_create, id, RESULT, QUEUE) } },
	{ CALL(PUMORI_QUEUE_DESTROY, drm_pumori_destroy), 2, {
		F(drm_pumori_destroy, id, ID, QUEUE), F(drm_pumori_destroy, pad, ZERO, 0) } },
	{ CALL(PUMORI_SUBMIT, drm_pumori_submit), 20, {
		F(drm_pumori_submit, queue_id, ID, QUEUE), F(drm_pumori_submit, flags, ZERO, 0),
		F(drm_pumori_submit, jobs, ARRAY, JOB) } },
	{ CALL(PUMORI_JOB_QUERY, drm_pumori_job_query), 4, {
		F(drm_pumori_job_query, queue_id, ID, QUEUE), F(drm_pumori_job_query, flags, FLAGS, 1),
		F(drm_pumori_job_query, sequence, SMALL, 6), F(drm_pumori_job_query, deadline_ns, SMALL, 1000) } },
	{ CALL(GEM_CLOSE, drm_gem_close), 2, {
		F(drm_gem_close, handle, ID, BUFFER), F(drm_gem_close, pad, ZERO, 0) } },
	{ CALL(PRIME_HANDLE_TO_FD, drm_prime_handle), 2, {
		F(drm_prime_handle, handle, ID, BUFFER), F(drm_prime_handle, flags, FLAGS, DRM_RDWR | DRM_CLOEXEC),
		F(drm_prime_handle, fd, RESULT, DMA_BUF) } },
	{ CALL(PRIME_FD_TO_HANDLE, drm_prime_handle), 2, {
		F(drm_prime_handle, fd, ID, DMA_BUF), F(drm_prime_handle, handle, RESULT, BUFFER) } },
	{ CALL(SYNCOBJ_CREATE, drm_syncobj_create), 2, {
		F(drm_syncobj_create, flags, FLAGS, 1), F(drm_syncobj_create, handle, RESULT, SYNCOBJ) } },
	{ CALL(SYNCOBJ_DESTROY, drm_syncobj_destroy), 1, {
		F(drm_syncobj_destroy, handle, ID, SYNCOBJ), F(drm_syncobj_destroy, pad, ZERO, 0) } },
};

/* Shared by the threads, without a lock: that ids are stale is the point. */
static atomic_int files[FILES];
static atomic_uint pools[POOLS][POOL];
static atomic_ulong offsets[MAPPINGS];
static unsigned int total_weight;

/** struct fuzzer - one thread */
struct fuzzer {
	uint64_t seed;
	uint32_t count;
	uint32_t accepted[LENGTH(calls)];
	struct image image[3];
	void *mapping[MAPPINGS];
	uint8_t output[512];
	/* Arrays of the call being made. */
	uint8_t arena[16384];
	size_t used;
};

static uint32_t below(struct fuzzer *fuzzer, uint32_t limit)
{
	fuzzer->seed = fuzzer->seed * 6364136223846793005ull + 1442695040888963407ull;
	return limit ? (uint32_t)(fuzzer->seed >> 33) % limit : 0;
}

static bool one_in(struct fuzzer *fuzzer, uint32_t n)
{
	return below(fuzzer, n) == 0;
}

static uint64_t odd(struct fuzzer *fuzzer)
{
	static const uint64_t values[] = { 0, 1, 7, 63, 64, PAGE - 1, PAGE + 1, 1ull << 31, 0xfffffffe, 0xffffffff, 1ull << 32,
		1ull << 47, 1ull << 48, (1ull << 63) - 1, 1ull << 63, ~0ull - PAGE + 1, ~0ull - 1, ~0ull };

	return one_in(fuzzer, 3) ? fuzzer->seed : values[below(fuzzer, LENGTH(values))];
}

static void fill_row(struct fuzzer *fuzzer, const struct row *row, uint8_t *data, int depth);

static struct drm_pumori_array make_array(struct fuzzer *fuzzer, enum element element, int depth)
{
	const struct row *row = &elements[element];
	struct drm_pumori_array array = { .stride = (uint32_t)row->size };
	uint32_t i;

	array.count = element == VARIABLE ? 2 : element == SCALAR ? 0 : below(fuzzer, 4);
	if (fuzzer->used + array.count * row->size > sizeof(fuzzer->arena))
		array.count = 0;
	array.pointer = (uintptr_t)(fuzzer->arena + fuzzer->used);
	fuzzer->used += (array.count * row->size + 7) & ~(size_t)7;
	for (i = 0; i < array.count; i++)
		fill_row(fuzzer, row, (uint8_t *)(uintptr_t)array.pointer + i * row->size, depth + 1);
	if (one_in(fuzzer, 60))
		array.stride = (uint32_t)odd(fuzzer);
	if (one_in(fuzzer, 60))
		array.count = (uint32_t)odd(fuzzer);
	if (one_in(fuzzer, 60))
		array.pointer = odd(fuzzer);
	return array;
}

static uint64_t sensible(struct fuzzer *fuzzer, const struct field *field, uint8_t *data)
{
	struct image *image;

	switch (field->kind) {
	case FLAGS:
		return below(fuzzer, 0x7fffffff) & field->detail;
	case SMALL:
		return field->detail == 2 ? (uint64_t)below(fuzzer, 2) * PAGE : below(fuzzer, field->detail);
	case BYTES:
		return (uint64_t)PAGE << (one_in(fuzzer, 12) ? below(fuzzer, 14) : below(fuzzer, 3));
	case ADDRESS:
		return (1ull << 32) + (uint64_t)below(fuzzer, 6) * (one_in(fuzzer, 4) ? 1u << 21 : PAGE);
	case ID:
		return one_in(fuzzer, 12) ? 0 : atomic_load(&pools[field->detail][below(fuzzer, POOL)]);
	case IMAGE:
		image = &fuzzer->image[below(fuzzer, LENGTH(fuzzer->image))];
		((struct drm_pumori_program_create *)data)->size = image->size;
		if (one_in(fuzzer, 3))
			image->bytes[below(fuzzer, (uint32_t)image->size)] ^= (uint8_t)(1u << below(fuzzer, 8));
		return (uintptr_t)image->bytes;
	case OUTPUT:
		return (uintptr_t)fuzzer->output;
	default:
		return 0;
	}
}

static void fill_row(struct fuzzer *fuzzer, const struct row *row, uint8_t *data, int depth)
{
	const struct field *field;

	memset(data, 0, row->size);
	for (field = row->field; field < row->field + LENGTH(row->field) && field->size; field++) {
		uint64_t value;

		if (field->kind == ARRAY) {
			struct drm_pumori_array array = { 0 };

			/* Asynchronous binding alone takes syncs. */
			if (row->cmd != DRM_IOCTL_PUMORI_VM_BIND || field->detail != SYNC || one_in(fuzzer, 8))
				array = make_array(fuzzer, (enum element)field->detail, depth);
			memcpy(data + field->offset, &array, sizeof(array));
			continue;
		}
		value = one_in(fuzzer, 40) ? odd(fuzzer) : sensible(fuzzer, field, data);
		memcpy(data + field->offset, &value, field->size);
	}
}

/* What the call has returned, for others to use. */
static void keep_results(struct fuzzer *fuzzer, const struct row *row, const uint8_t *data)
{
	const struct field *field;
	uint32_t value, old;

	for (field = row->field; field < row->field + LENGTH(row->field) && field->size; field++) {
		if (field->kind != RESULT)
			continue;
		memcpy(&value, data + field->offset, sizeof(value));
		old = atomic_exchange(&pools[field->detail][below(fuzzer, POOL)], value);
		if (field->detail == DMA_BUF && old)
			close((int)old);
	}
	if (row->cmd == DRM_IOCTL_PUMORI_BO_MMAP_OFFSET)
		atomic_store(&offsets[below(fuzzer, MAPPINGS)], ((const struct drm_pumori_bo_mmap_offset *)data)->offset);
	if (row->cmd == DRM_IOCTL_PUMORI_QUEUE_CREATE)
		atomic_store(&offsets[below(fuzzer, MAPPINGS)],
			     ((const struct drm_pumori_queue_create *)data)->completion_offset);
}

static void random_mapping(struct fuzzer *fuzzer, int fd)
{
	void **slot = &fuzzer->mapping[below(fuzzer, MAPPINGS)];

	if (*slot) {
		if (one_in(fuzzer, 3))
			madvise(*slot, 2 * PAGE, MADV_DONTNEED);
		munmap(*slot, 2 * PAGE);
		*slot = NULL;
		return;
	}
	*slot = mmap(NULL, PAGE << below(fuzzer, 2), one_in(fuzzer, 3) ? PROT_READ : PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     (off_t)atomic_load(&offsets[below(fuzzer, MAPPINGS)]));
	if (*slot == MAP_FAILED)
		*slot = NULL;
}

static void *run(void *argument)
{
	struct fuzzer *fuzzer = argument;
	union {
		uint64_t aligned;
		uint8_t bytes[256];
	} data;
	uint32_t i, pick, which;

	for (i = 0; i < fuzzer->count; i++) {
		atomic_int *file = &files[below(fuzzer, FILES)];

		if (one_in(fuzzer, 400))
			close(atomic_exchange(file, device_open()));
		if (one_in(fuzzer, 10))
			random_mapping(fuzzer, atomic_load(file));
		pick = below(fuzzer, total_weight);
		for (which = 0; pick >= calls[which].weight; which++)
			pick -= calls[which].weight;
		fuzzer->used = 0;
		fill_row(fuzzer, &calls[which], data.bytes, 0);
		if (ioctl(atomic_load(file), calls[which].cmd, &data) == 0) {
			fuzzer->accepted[which]++;
			keep_results(fuzzer, &calls[which], data.bytes);
		}
	}
	for (i = 0; i < MAPPINGS; i++) {
		if (fuzzer->mapping[i])
			munmap(fuzzer->mapping[i], 2 * PAGE);
	}
	return NULL;
}

/* The device as a well-behaved client finds it afterwards. */
static bool still_works(void)
{
	struct session session;
	struct buffer source, target;
	struct job job = { .variables = 2 };
	struct image image;
	bool works;

	works = session_open(&session, DRM_PUMORI_CORE_ANY) && buffer_create(&session, &source, PAGE, 0, 1ull << 32) &&
		buffer_create(&session, &target, PAGE, DRM_PUMORI_BO_HBM, 2ull << 32) && image_copy(&image, PAGE, 1) &&
		program_load(&session, &image, &job.program, NULL) == 0;
	if (works) {
		memset(source.data, 0x42, PAGE);
		job.variable[0] = (struct drm_pumori_variable){ .va = 1ull << 32, .size = PAGE };
		job.variable[1] = (struct drm_pumori_variable){ .va = 2ull << 32, .size = PAGE,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
		works = run_job(&session, &job, 120000, NULL) == PUMORI_HW_JOB_DONE &&
			memcmp(source.data, target.data, PAGE) == 0;
	}
	session_close(&session);
	return works;
}

int main(int argc, char **argv)
{
	static struct fuzzer fuzzer[THREADS];
	pthread_t thread[THREADS];
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t i, k, accepted;

	note("seed %llu", (unsigned long long)seed);
	for (i = 0; i < LENGTH(calls); i++)
		total_weight += calls[i].weight;
	for (i = 0; i < FILES; i++)
		atomic_store(&files[i], device_open());
	for (i = 0; i < THREADS; i++) {
		fuzzer[i].seed = seed * THREADS + i;
		fuzzer[i].count = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 10000;
		if (!image_copy(&fuzzer[i].image[0], PAGE, 1) || !image_copy(&fuzzer[i].image[1], PAGE, 50) ||
		    !image_deadlock(&fuzzer[i].image[2]) || pthread_create(&thread[i], NULL, run, &fuzzer[i]))
			return 1;
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (k = 0; k < LENGTH(calls); k++) {
		accepted = 0;
		for (i = 0; i < THREADS; i++)
			accepted += fuzzer[i].accepted[k];
		/* A grammar that never makes a valid call tests only the first check. */
		ok(accepted > 0, "%s: %u calls were accepted", calls[k].name, accepted);
	}
	for (i = 0; i < FILES; i++)
		close(atomic_load(&files[i]));
	ok(still_works(), "the device runs a plain job afterwards");
	return tap_finish();
}
