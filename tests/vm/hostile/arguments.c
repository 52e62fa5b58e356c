/* SPDX-License-Identifier: MIT */
/*
 * Classes that are about what a call is told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hostile.h"

static bool fits(uint64_t offset, uint64_t size, uint64_t limit)
{
	return size && offset <= limit && size <= limit - offset && !((offset | size) % PAGE);
}

void class_01_offset_and_size_wrap(void)
{
	struct drm_pumori_device_info info;
	struct bench bench;
	uint32_t i, j;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY))
		return;
	device_info(bench.session.fd, &info);
	for (i = 0; i < odd_value_count; i++) {
		for (j = 0; j < odd_value_count; j++) {
			uint64_t a = odd_values[i], b = odd_values[j];
			struct job job = bench.job;
			bool bound = bind_range(&bench.session, 0, bench.source.handle, a, 3ull << 32, b) == 0;

			expect(bound == fits(a, b, PAGE), "bind of buffer offset %#llx, size %#llx", (unsigned long long)a,
			       (unsigned long long)b);
			bound = bind_range(&bench.session, DRM_PUMORI_BIND_UNMAP, 0, 0, a, b) == 0;
			expect(!bound || (!((a | b) % PAGE) && a >= info.va_start && fits(a, b, info.va_end)),
			       "unbind of %#llx, size %#llx", (unsigned long long)a, (unsigned long long)b);
			job.variable[0].va = a;
			job.variable[0].size = b;
			expect(submit_jobs(&bench.session, &job, 1) == 0 ||
			       errno == EINVAL || errno == ECANCELED, "a variable at %#llx of %#llx",
			       (unsigned long long)a, (unsigned long long)b);
		}
	}
	bench_close(&bench);
}

void class_02_zero_length(void)
{
	struct drm_pumori_bo_create create = { 0 };
	struct drm_pumori_program_create program = { .pointer = 4096 };
	struct drm_pumori_dev_query query = { .type = DRM_PUMORI_QUERY_DEVICE, .pointer = 8 };
	struct drm_pumori_submit submit = { 0 };
	struct drm_pumori_vm_bind bind = { 0 };
	struct bench bench;
	struct job job;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY))
		return;
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) < 0 && errno == EINVAL, "a buffer");
	create.flags = DRM_PUMORI_BO_HBM;
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) < 0 && errno == EINVAL, "device memory");
	program.vm_id = bench.session.vm;
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_PROGRAM_CREATE, &program) < 0 && errno == EINVAL, "a program");
	expect(bind_range(&bench.session, 0, bench.source.handle, 0, SOURCE_VA, 0) < 0 && errno == EINVAL, "a binding");
	expect(bind_range(&bench.session, DRM_PUMORI_BIND_UNMAP, 0, 0, SOURCE_VA, 0) < 0 && errno == EINVAL, "its end");
	bind.vm_id = bench.session.vm;
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_VM_BIND, &bind) == 0, "no operations at all are no error");
	submit.queue_id = bench.session.queue;
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_SUBMIT, &submit) < 0 && errno == EINVAL, "no jobs");
	job = bench.job;
	job.variable[0].size = 0;
	expect(submit_jobs(&bench.session, &job, 1) < 0 && errno == EINVAL, "a variable");
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0 && query.size, "an answer of no bytes");
	expect(mmap(NULL, 0, PROT_READ, MAP_SHARED, bench.session.fd, 0) == MAP_FAILED, "a mapping");
	expect(bench_works(&bench), "the same objects still work");
	bench_close(&bench);
}

/* The same wrong id wherever an id is taken. */
static void wrong_id(struct bench *bench, uint32_t id, const char *what)
{
	struct drm_pumori_destroy destroy = { .id = id };
	struct drm_pumori_context_create context = { .vm_id = id };
	struct drm_pumori_queue_create queue = { .context_id = id, .core = DRM_PUMORI_CORE_ANY };
	struct drm_pumori_context_query query = { .id = id };
	struct drm_pumori_job_query job_args = { .queue_id = id, .sequence = 1 };
	struct drm_pumori_bo_create buffer = { .size = PAGE, .vm_id = id };
	struct drm_pumori_bo_mmap_offset offset = { .handle = id };
	struct drm_gem_close gem_close = { .handle = id };
	struct session other = bench->session;
	struct job job = bench->job;
	int fd = bench->session.fd;

	expect(call(fd, DRM_IOCTL_PUMORI_VM_DESTROY, &destroy) < 0, "%s as VM to destroy", what);
	expect(call(fd, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy) < 0, "%s as program to destroy", what);
	expect(call(fd, DRM_IOCTL_PUMORI_CONTEXT_DESTROY, &destroy) < 0, "%s as context to destroy", what);
	expect(call(fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy) < 0, "%s as queue to destroy", what);
	expect(call(fd, DRM_IOCTL_PUMORI_CONTEXT_CREATE, &context) < 0, "%s as VM of a context", what);
	expect(call(fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue) < 0, "%s as context of a queue", what);
	expect(call(fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &query) < 0, "%s as context to query", what);
	expect(call(fd, DRM_IOCTL_PUMORI_JOB_QUERY, &job_args) < 0, "%s as queue to query", what);
	expect(id == 0 || call(fd, DRM_IOCTL_PUMORI_BO_CREATE, &buffer) < 0, "%s as VM of a buffer", what);
	expect(call(fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset) < 0, "%s as buffer to map", what);
	expect(call(fd, DRM_IOCTL_GEM_CLOSE, &gem_close) < 0, "%s as handle to close", what);
	expect(bind_range(&bench->session, 0, id, 0, 3ull << 32, PAGE) < 0, "%s as buffer to bind", what);
	expect(buffer_export(fd, id, 0) < 0, "%s as buffer to export", what);
	other.queue = id;
	expect(submit_jobs(&other, &job, 1) < 0, "%s as queue of a job", what);
	job.program = id;
	expect(submit_jobs(&bench->session, &job, 1) < 0, "%s as program of a job", what);
	job = bench->job;
	job.signal = id;
	expect(id == 0 || submit_jobs(&bench->session, &job, 1) < 0, "%s as syncobj", what);
}

void class_03_bogus_handles(void)
{
	struct drm_gem_close gem_close;
	struct drm_pumori_destroy destroy;
	struct bench bench, foreign;
	uint32_t spare, i;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY) || !bench_open(&foreign, DRM_PUMORI_CORE_ANY))
		return;
	wrong_id(&bench, 0, "0");
	wrong_id(&bench, 4097, "4097");
	wrong_id(&bench, 0x7fffffff, "0x7fffffff");
	wrong_id(&bench, 0xffffffff, "0xffffffff");
	/* A handle that exists in another file alone. */
	for (i = 0; i < 20; i++)
		spare = buffer_of(foreign.session.fd, PAGE, 0, 0);
	expect(bind_range(&bench.session, 0, spare, 0, 3ull << 32, PAGE) < 0 && errno == ENOENT, "a foreign buffer");
	gem_close.handle = spare;
	expect(call(bench.session.fd, DRM_IOCTL_GEM_CLOSE, &gem_close) < 0, "a foreign buffer to close");

	/* Bound memory outlives its handle; a closed handle names nothing. */
	gem_close.handle = bench.source.handle;
	expect(call(bench.session.fd, DRM_IOCTL_GEM_CLOSE, &gem_close) == 0, "close a bound buffer");
	expect(call(bench.session.fd, DRM_IOCTL_GEM_CLOSE, &gem_close) < 0, "close it twice");
	expect(bind_range(&bench.session, 0, bench.source.handle, 0, 3ull << 32, PAGE) < 0, "bind it");
	expect(bench_works(&bench), "its mapping is still there");
	destroy = (struct drm_pumori_destroy){ .id = bench.job.program };
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy) == 0, "destroy the program");
	expect(submit_jobs(&bench.session, &bench.job, 1) < 0 && errno == ENOENT, "run it");
	destroy.id = bench.session.vm;
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_VM_DESTROY, &destroy) == 0, "destroy the VM below its context");
	expect(bind_range(&bench.session, 0, 1, 0, SOURCE_VA, PAGE) < 0 && errno == ENOENT, "bind into it");
	expect(bench_works(&foreign), "the other file's objects are untouched");
	bench_close(&bench);
	bench_close(&foreign);
}

/* What a second thread scribbles over while the first one submits it. */
struct shared_call {
	struct drm_pumori_job job;
	struct drm_pumori_variable variable[2];
	struct drm_pumori_sync sync;
	struct drm_pumori_bind_op op;
	struct image image;
	volatile bool end;
};

static void *scribble(void *argument)
{
	struct shared_call *shared = argument;
	volatile uint32_t *words = (volatile uint32_t *)shared;
	volatile uint32_t *code = (volatile uint32_t *)shared->image.bytes;
	const uint32_t size = offsetof(struct shared_call, image) / 4;
	struct drm_pumori_job good = shared->job;
	uint32_t seed = 1;

	while (!shared->end) {
		uint32_t index, old;

		seed = seed * 1664525u + 1013904223u;
		index = (seed >> 8) % size;
		old = words[index];
		words[index] = seed & 64 ? (uint32_t)odd_values[(seed >> 3) % odd_value_count] : old + 1;
		words[index] = old;
		index = (seed >> 8) % (uint32_t)(shared->image.size / 4);
		old = code[index];
		code[index] = seed;
		code[index] = old;
		if (!(seed & 0xff00))
			shared->job = good;
	}
	return NULL;
}

void class_04_memory_that_changes_meanwhile(void)
{
	struct shared_call *shared = calloc(1, sizeof(*shared));
	struct drm_pumori_submit submit = { 0 };
	struct drm_pumori_vm_bind bind = { 0 };
	uint32_t accepted = 0, i, id;
	struct bench bench;
	pthread_t thread;
	int64_t end;

	if (!shared || !bench_open(&bench, DRM_PUMORI_CORE_ANY) || !image_copy(&shared->image, PAGE, 1))
		return;
	shared->variable[0] = bench.job.variable[0];
	shared->variable[1] = bench.job.variable[1];
	shared->sync = (struct drm_pumori_sync){ .flags = DRM_PUMORI_SYNC_SIGNAL, .handle = syncobj_create(bench.session.fd) };
	shared->op = (struct drm_pumori_bind_op){ .handle = bench.source.handle, .va = 3ull << 32, .size = PAGE };
	shared->job = (struct drm_pumori_job){
		.program_id = bench.job.program,
		.variables = { .stride = sizeof(shared->variable[0]), .count = 2, .pointer = (uintptr_t)shared->variable },
		.syncs = { .stride = sizeof(shared->sync), .count = 1, .pointer = (uintptr_t)&shared->sync },
	};
	submit.queue_id = bench.session.queue;
	submit.jobs = (struct drm_pumori_array){ .stride = sizeof(shared->job), .count = 1, .pointer = (uintptr_t)&shared->job };
	bind.vm_id = bench.session.vm;
	bind.ops = (struct drm_pumori_array){ .stride = sizeof(shared->op), .count = 1, .pointer = (uintptr_t)&shared->op };
	if (!expect(pthread_create(&thread, NULL, scribble, shared) == 0, "a second thread"))
		return;
	for (i = 0, end = now_ms() + 1500; now_ms() < end; i++) {
		struct drm_pumori_destroy destroy = { 0 };

		accepted += call(bench.session.fd, DRM_IOCTL_PUMORI_SUBMIT, &submit) == 0;
		call(bench.session.fd, DRM_IOCTL_PUMORI_VM_BIND, &bind);
		if (i % 8 == 0 && program_load(&bench.session, &shared->image, &id, NULL) == 0) {
			destroy.id = id;
			expect(call(bench.session.fd, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy) == 0, "destroy a program");
		}
		/* A job that was accepted with a bad address faults, and its queue with it. */
		if (i % 16 == 0 && submit_jobs(&bench.session, &bench.job, 1) < 0 && errno == ECANCELED) {
			destroy.id = bench.session.queue;
			call(bench.session.fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy);
			expect(session_add_queue(&bench.session, DRM_PUMORI_CORE_ANY), "a new queue");
			submit.queue_id = bench.session.queue;
		}
	}
	shared->end = true;
	pthread_join(thread, NULL);
	expect(i > 0 && accepted > 0, "%u of %u submissions were accepted", accepted, i);
	bench_close(&bench);
	image_destroy(&shared->image);
	free(shared);
}

/* Programs that differ from a good one in a few bits: refused, or harmless to what the job was not given. */
void class_12_programs_with_mistakes(void)
{
	struct image image, mutant;
	struct bench bench;
	struct buffer canary;
	uint32_t seed = 12, loaded = 0, i, k, wrong = 0;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY) || !image_copy(&image, PAGE, 1) || !image_copy(&mutant, PAGE, 1) ||
	    !expect(buffer_create(&bench.session, &canary, 16 * PAGE, 0, TARGET_VA + PAGE), "a canary beside the target"))
		return;
	memset(canary.data, 0x5c, canary.size);
	for (i = 0; i < 300; i++) {
		struct job job = bench.job;
		struct drm_pumori_destroy destroy;

		memcpy(mutant.bytes, image.bytes, image.size);
		for (k = 0; k <= i % 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			mutant.bytes[(seed >> 8) % image.size] ^= (uint8_t)(1u << (seed & 7));
		}
		job.budget_ms = 50;
		if (program_load(&bench.session, &mutant, &job.program, NULL))
			continue;
		loaded++;
		if (submit_jobs(&bench.session, &job, 1) == 0)
			expect(completed(&bench.session, job.sequence, WAIT_MS), "mutant %u ends", i);
		destroy = (struct drm_pumori_destroy){ .id = job.program };
		call(bench.session.fd, DRM_IOCTL_PUMORI_PROGRAM_DESTROY, &destroy);
		if (submit_jobs(&bench.session, &bench.job, 1) < 0) {
			destroy.id = bench.session.queue;
			call(bench.session.fd, DRM_IOCTL_PUMORI_QUEUE_DESTROY, &destroy);
			expect(session_add_queue(&bench.session, DRM_PUMORI_CORE_ANY), "a new queue");
		}
	}
	for (i = 0; i < canary.size; i++)
		wrong += canary.data[i] != 0x5c;
	expect(wrong == 0, "%u bytes beside the target changed", wrong);
	expect(loaded > 0, "%u mutants were loaded", loaded);
	image_destroy(&image);
	image_destroy(&mutant);
	bench_close(&bench);
}

static bool all_zero(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	while (size--) {
		if (*byte++)
			return false;
	}
	return true;
}

/* Twice with different bytes in the buffer: what the kernel does not write shows. */
static void query_twice(int fd, uint32_t type, size_t size, const char *what)
{
	uint8_t first[512], second[512];
	struct drm_pumori_dev_query query;
	size_t i, unwritten = 0;

	memset(first, 0xa5, sizeof(first));
	memset(second, 0x5a, sizeof(second));
	query = (struct drm_pumori_dev_query){ .type = type, .size = sizeof(first), .pointer = (uintptr_t)first };
	expect(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0, "%s", what);
	query.size = sizeof(second);
	query.pointer = (uintptr_t)second;
	expect(call(fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0 && query.pad == 0, "%s", what);
	for (i = 0; i < sizeof(first); i++)
		unwritten += first[i] == 0xa5 && second[i] == 0x5a;
	expect(unwritten == 0, "%s: %zu bytes are not written", what, unwritten);
	expect(all_zero(first + query.size, sizeof(first) - query.size) && query.size >= size, "%s: zeroes behind", what);
}

static void check_new_memory(struct session *session, uint32_t flags, const char *where)
{
	struct drm_pumori_bo_create create = { .size = 4u << 20, .flags = flags };
	struct drm_pumori_bo_mmap_offset offset = { 0 };
	struct drm_gem_close gem_close;
	uint8_t *data;
	int i;

	for (i = 0; i < 4; i++) {
		if (!expect(call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create) == 0, "%s memory", where))
			return;
		offset = (struct drm_pumori_bo_mmap_offset){ .handle = create.handle };
		call(session->fd, DRM_IOCTL_PUMORI_BO_MMAP_OFFSET, &offset);
		data = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, session->fd, (off_t)offset.offset);
		if (expect(data != MAP_FAILED, "map it")) {
			expect(all_zero(data, create.size), "new %s memory is zero", where);
			memset(data, 0xee, create.size);
			munmap(data, create.size);
		}
		gem_close = (struct drm_gem_close){ .handle = create.handle };
		call(session->fd, DRM_IOCTL_GEM_CLOSE, &gem_close);
	}
}

void class_14_kernel_bytes_to_user_space(void)
{
	struct drm_pumori_device_info info;
	struct drm_pumori_bo_create buffer = { .size = PAGE };
	struct drm_pumori_job_query query;
	struct pumori_hw_completion page;
	struct bench bench;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY))
		return;
	query_twice(bench.session.fd, DRM_PUMORI_QUERY_DEVICE, sizeof(struct drm_pumori_device_info), "device");
	query_twice(bench.session.fd, DRM_PUMORI_QUERY_CORE, sizeof(struct drm_pumori_core_info), "core");
	query_twice(bench.session.fd, DRM_PUMORI_QUERY_PRIORITIES, sizeof(struct drm_pumori_priorities_info), "priorities");
	device_info(bench.session.fd, &info);
	expect(info.pad == 0, "padding");
	expect(all_zero(info.name + strnlen((char *)info.name, sizeof(info.name)),
			sizeof(info.name) - strnlen((char *)info.name, sizeof(info.name))), "the name's tail");
	expect(all_zero(info.socket + strnlen((char *)info.socket, sizeof(info.socket)),
			sizeof(info.socket) - strnlen((char *)info.socket, sizeof(info.socket))), "the socket's tail");
	expect(call(bench.session.fd, DRM_IOCTL_PUMORI_BO_CREATE, &buffer) == 0 && buffer.pad == 0, "a buffer's padding");

	expect(bench_works(&bench), "a job");
	memcpy(&page, (const void *)(uintptr_t)bench.session.completion, sizeof(page));
	expect(all_zero(page.reserved, sizeof(page.reserved)), "reserved bytes of the completion page");
	expect(all_zero(&page.record[2], sizeof(page.record) - 2 * sizeof(page.record[0])), "records of jobs that never were");
	memset(&query, 0, sizeof(query));
	expect(job_query(&bench.session, 1, &query) == 0 && query.fault == 0 && query.pc == 0 && query.address == 0,
	       "a job without a fault");
	check_new_memory(&bench.session, 0, "host");
	check_new_memory(&bench.session, DRM_PUMORI_BO_HBM, "device");
	bench_close(&bench);
}

void class_16_index_out_of_range(void)
{
	static const uint32_t indices[] = { 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 1u << 16,
		1u << 30, (1u << 31) - 1, 1u << 31, 0xfffffffeu };
	struct drm_pumori_device_info info;
	struct bench bench;
	uint32_t i;

	if (!bench_open(&bench, DRM_PUMORI_CORE_ANY))
		return;
	device_info(bench.session.fd, &info);
	for (i = 0; i < ARRAY_LENGTH(indices); i++) {
		uint32_t index = indices[i];
		struct drm_pumori_queue_create queue = { .context_id = bench.session.context, .core = index };
		struct drm_pumori_core_info core;
		struct drm_pumori_dev_query query = { .type = DRM_PUMORI_QUERY_CORE, .index = index,
						      .size = sizeof(core), .pointer = (uintptr_t)&core };
		struct job job = bench.job;

		expect((call(bench.session.fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue) == 0) == (index < info.cores),
		       "core %u", index);
		expect((call(bench.session.fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) == 0) == (index < info.cores),
		       "query of core %u", index);
		queue.core = 0;
		queue.priority = index;
		expect(call(bench.session.fd, DRM_IOCTL_PUMORI_QUEUE_CREATE, &queue) < 0, "priority %u", index);
		query.index = 0;
		query.type = index + 16;
		expect(call(bench.session.fd, DRM_IOCTL_PUMORI_DEV_QUERY, &query) < 0, "query %u", index + 16);
		job.entry = index;
		expect(submit_jobs(&bench.session, &job, 1) < 0, "entry %u", index);
	}
	expect(bench_works(&bench), "the valid ones still work");
	bench_close(&bench);
}
