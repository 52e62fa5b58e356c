// SPDX-License-Identifier: MIT
/* The chip inside the process as a back end: power on, buffers, programs, jobs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "error.h"
#include "inproc.h"
#include "kernels.h"

#define HUGE_PAGE		(1ull << PUMORI_HW_HUGE_SHIFT)
#define HBM_MIN			(256ull << 20)
#define HBM_MAX			(1ull << 44)
#define VA_START		(1ull << 21)	/* address 0 stays a fault */
#define CALIBRATION_NS		2000000ull
#define CALIBRATION_ROUNDS	64
#define DEFAULT_BUDGET_MS	60000u
#define LIST_ENTRIES		(PUMORI_HW_PAGE_SIZE / sizeof(u64))

static struct inproc *device_of(struct pumori_backend *backend)
{
	return (struct inproc *)backend;
}

/** struct inproc_buffer - a piece of device memory */
struct inproc_buffer {
	struct pumori_buffer base;
	uint64_t offset;
};

/* --- Power on ----------------------------------------------------------------------------------- */

static u32 host_features(void)
{
	u32 features = 0;

#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		features |= SILICON_HOST_AVX2;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
		features |= SILICON_HOST_AVX512;
	if (__builtin_cpu_supports("avx512bf16"))
		features |= SILICON_HOST_AVX512_BF16;
	if (__builtin_cpu_supports("avx512vnni"))
		features |= SILICON_HOST_AVX512_VNNI;
#endif
	return features;
}

static int choose_kernels(const char *name, const struct silicon_kernels **kernels)
{
	static const char *const names[] = {
		[SILICON_KERNELS_BEST] = "best",
		[SILICON_KERNELS_GENERIC] = "generic",
		[SILICON_KERNELS_AVX2] = "avx2",
		[SILICON_KERNELS_AVX512] = "avx512",
	};
	u32 choice = SILICON_KERNELS_BEST;

	if (name && *name) {
		for (; choice < sizeof(names) / sizeof(names[0]); choice++)
			if (!strcmp(name, names[choice]))
				break;
		if (choice == sizeof(names) / sizeof(names[0]))
			return pumori_fail(
				PUMORI_ERROR_INVALID,
				"\"%.32s\" is no kernel set: best, generic, avx2 or avx512", name);
	}
	*kernels = silicon_kernels_select(choice, host_features());
	if (!*kernels)
		return pumori_fail(PUMORI_ERROR_UNSUPPORTED,
				   "this host cannot run the kernel set %s", names[choice]);
	return 0;
}

static uint64_t default_hbm(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t half = pages > 0 && size > 0 ? (uint64_t)pages * size / 2 : 0;

	return half > HBM_MIN ? half & ~(HUGE_PAGE - 1) : HBM_MIN;
}

static void *map_zeroed(uint64_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* The best of many short rounds: others use this machine too. */
static int calibrate(struct inproc *device)
{
	void *scratch = map_zeroed(silicon_slot_bytes());
	u64 start = inproc_time(NULL), before, after, rate, best = 0;
	u32 round, units;

	if (!scratch)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory to calibrate the kernels");
	before = start;
	for (round = 0;
	     round < CALIBRATION_ROUNDS && (round < 3 || before - start < CALIBRATION_NS);
	     round++) {
		units = silicon_calibrate(device->config.kernels, scratch);
		after = inproc_time(NULL);
		rate = (u64)units * 1000000 / (after > before ? after - before : 1);
		if (rate > best)
			best = rate;
		before = after;
	}
	munmap(scratch, silicon_slot_bytes());
	device->units_per_ms = best < 1 ? 1 : best > 1u << 24 ? 1u << 24 : (u32)best;
	silicon_set_units_per_ms(device->chip, device->units_per_ms);
	return 0;
}

static int power_on(struct inproc *device)
{
	device->chip_memory = map_zeroed(silicon_device_bytes(&device->config));
	device->store = map_zeroed(silicon_store_bytes(&device->config));
	if (!device->chip_memory || !device->store)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for the chip");
	device->chip = silicon_device_create(&device->config, device->chip_memory, device->store);
	if (!device->chip)
		return pumori_fail(PUMORI_ERROR_INVALID, "the chip refuses its configuration");
	return calibrate(device);
}

static void inproc_close(struct pumori_backend *backend)
{
	struct inproc *device = device_of(backend);
	u32 i;

	for (i = 0; i < INPROC_CORES; i++)
		if (device->core[i].device)
			inproc_core_destroy(&device->core[i]);
	if (device->chip_memory)
		munmap(device->chip_memory, silicon_device_bytes(&device->config));
	if (device->store)
		munmap(device->store, silicon_store_bytes(&device->config));
	if (device->memory.hbm_bytes)
		inproc_memory_destroy(&device->memory);
	pumori_range_destroy(&device->programs);
	pumori_range_destroy(&device->instructions);
	pumori_range_destroy(&device->queue_ids);
	pthread_mutex_destroy(&device->lock);
	free(device);
}

static const struct pumori_backend_ops inproc_ops;

static int set_up(struct inproc *device, const struct pumori_backend_open *options)
{
	uint64_t hbm_bytes = options->hbm_bytes ? options->hbm_bytes : default_hbm();
	u32 i;
	int error;

	if (options->core >= (int32_t)INPROC_CORES)
		return pumori_fail(PUMORI_ERROR_INVALID, "core %d: the chip in process has %u",
				   options->core, INPROC_CORES);
	if (hbm_bytes > HBM_MAX)
		return pumori_fail(PUMORI_ERROR_INVALID, "%llu bytes of device memory are too much",
				   (unsigned long long)hbm_bytes);
	hbm_bytes = (hbm_bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	device->config = (struct silicon_config){
		.cores = INPROC_CORES,
		.slots = INPROC_SLOTS,
		.instructions = INPROC_INSTRUCTIONS,
		.hbm_bytes = hbm_bytes,
		.serial = (u64)getpid(),
		.host = { .context = device,
			  .bus = inproc_bus,
			  .hbm = inproc_hbm,
			  .time = inproc_time },
	};
	error = choose_kernels(options->kernels, &device->config.kernels);
	if (error)
		return error;
	if (getrandom(device->config.secret, sizeof(device->config.secret), 0) < 0)
		return pumori_fail(PUMORI_ERROR_IO, "the system gives no random numbers");
	if (pumori_range_create(&device->programs, 0, PUMORI_HW_MAX_PROGRAMS) ||
	    pumori_range_create(&device->instructions, 0, INPROC_INSTRUCTIONS) ||
	    pumori_range_create(&device->queue_ids, 0, PUMORI_HW_QUEUE_IDS))
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a device");
	error = inproc_memory_create(&device->memory, hbm_bytes);
	if (error) {
		device->memory.hbm_bytes = 0;
		return error;
	}
	error = power_on(device);
	for (i = 0; i < INPROC_CORES && !error; i++)
		error = inproc_core_create(device, i);
	device->only_core = options->core;
	device->priority = options->priority;
	return error;
}

int pumori_inproc_open(struct pumori_backend **backend, const struct pumori_backend_open *options)
{
	struct inproc *device = calloc(1, sizeof(*device));
	int error;

	if (!device)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a device");
	pthread_mutex_init(&device->lock, NULL);
	device->base = (struct pumori_backend){
		.ops = &inproc_ops,
		.va_start = VA_START,
		.va_end = 1ull << PUMORI_HW_VA_BITS,
		.page_size = PUMORI_HW_PAGE_SIZE,
		.queues = options->core >= 0 ? 1 : INPROC_CORES,
	};
	error = set_up(device, options);
	if (error) {
		inproc_close(&device->base);
		return error;
	}
	*backend = &device->base;
	return 0;
}

static u64 register64(struct inproc *device, u32 offset)
{
	return silicon_register_read(device->chip, offset) |
	       (u64)silicon_register_read(device->chip, offset + 4) << 32;
}

static int inproc_info(struct pumori_backend *backend, struct pumori_device_info *info)
{
	struct inproc *device = device_of(backend);
	u32 word, i;

	info->index = -1;
	info->cores = silicon_register_read(device->chip, PUMORI_HW_REG_CORES);
	info->slots = silicon_register_read(device->chip, PUMORI_HW_REG_SLOTS);
	info->hw_version = silicon_register_read(device->chip, PUMORI_HW_REG_VERSION);
	info->isa_version = silicon_register_read(device->chip, PUMORI_HW_REG_ISA_VERSION);
	info->features = register64(device, PUMORI_HW_REG_FEATURES);
	info->serial = register64(device, PUMORI_HW_REG_SERIAL);
	info->hbm_bytes = register64(device, PUMORI_HW_REG_HBM_BYTES);
	info->clock_khz = silicon_register_read(device->chip, PUMORI_HW_REG_CLOCK_KHZ);
	info->instructions = silicon_register_read(device->chip,
						   PUMORI_HW_REG_PROGRAM_INSTRUCTIONS);
	pthread_mutex_lock(&device->memory.lock);
	info->hbm_used = device->memory.hbm_range.used;
	pthread_mutex_unlock(&device->memory.lock);
	snprintf(info->path, sizeof(info->path), "inproc");
	for (i = 0; i < PUMORI_HW_NAME_BYTES; i += sizeof(word)) {
		word = silicon_register_read(device->chip, PUMORI_HW_REG_NAME + i);
		memcpy(info->name + i, &word, sizeof(word));
	}
	snprintf(info->socket, sizeof(info->socket), "inproc");
	return 0;
}

/* --- Buffers ------------------------------------------------------------------------------------ */

/* Device memory serves for all buffers: it is as near to the CPU as any other. */
static int inproc_buffer_create(struct pumori_backend *backend, uint64_t bytes, uint32_t flags,
				struct pumori_buffer **buffer)
{
	struct inproc *device = device_of(backend);
	struct inproc_buffer *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a buffer");
	pthread_mutex_lock(&device->memory.lock);
	error = pumori_range_allocate(&device->memory.hbm_range, bytes,
				      bytes >= HUGE_PAGE ? HUGE_PAGE : PUMORI_HW_PAGE_SIZE,
				      &new->offset);
	pthread_mutex_unlock(&device->memory.lock);
	if (error) {
		free(new);
		return pumori_fail(error, "no room for %llu bytes in the %llu of device memory",
				   (unsigned long long)bytes,
				   (unsigned long long)device->memory.hbm_bytes);
	}
	new->base.data = device->memory.hbm + new->offset;
	new->base.bytes = bytes;
	new->base.flags = flags;
	*buffer = &new->base;
	return 0;
}

static int inproc_buffer_bind(struct pumori_backend *backend, struct pumori_buffer *buffer,
			      uint64_t va)
{
	struct inproc_buffer *bound = (struct inproc_buffer *)buffer;
	int error = inproc_map(&device_of(backend)->memory, va, bound->offset, buffer->bytes,
			       !(buffer->flags & PUMORI_BUFFER_READ_ONLY));

	if (!error)
		buffer->va = va;
	return error;
}

static void invalidate(struct inproc *device, uint64_t va, uint64_t bytes)
{
	u32 i;

	for (i = 0; i < INPROC_CORES; i++) {
		struct inproc_core *core = &device->core[i];
		struct pumori_hw_control command = {
			.opcode = PUMORI_HW_CONTROL_TLB_INVALIDATE,
			.address = va,
			.length = bytes,
			.target = 1,
		};

		pthread_mutex_lock(&core->command_lock);
		inproc_core_command(core, &command, NULL);
		pthread_mutex_unlock(&core->command_lock);
	}
}

static void inproc_buffer_destroy(struct pumori_backend *backend, struct pumori_buffer *buffer)
{
	struct inproc *device = device_of(backend);
	struct inproc_buffer *old = (struct inproc_buffer *)buffer;

	if (buffer->va) {
		inproc_unmap(&device->memory, buffer->va, buffer->bytes);
		invalidate(device, buffer->va, buffer->bytes);
	}
	/* The next owner finds zeroes. */
	if (buffer->bytes < HUGE_PAGE || madvise(buffer->data, buffer->bytes, MADV_DONTNEED))
		memset(buffer->data, 0, buffer->bytes);
	pthread_mutex_lock(&device->memory.lock);
	pumori_range_free(&device->memory.hbm_range, old->offset, buffer->bytes);
	pthread_mutex_unlock(&device->memory.lock);
	free(old);
}

/* --- Programs ----------------------------------------------------------------------------------- */

/* Lists of page addresses: the last word of a page that does not suffice points to the next. */
static int list_pages(struct inproc *device, const struct inproc_page *image,
		      struct inproc_page *list)
{
	uint64_t left = image->pages, page = 0, lists = 1, at;
	uint64_t *entries;
	int error;

	for (; left > LIST_ENTRIES; left -= LIST_ENTRIES - 1)
		lists++;
	error = inproc_page_create(&device->memory, lists * PUMORI_HW_PAGE_SIZE, list);
	if (error)
		return error;
	entries = list->memory;
	for (at = 0; page < image->pages; at++) {
		if (at % LIST_ENTRIES == LIST_ENTRIES - 1 && image->pages - page > 1)
			entries[at] = list->bus + (at + 1) / LIST_ENTRIES * PUMORI_HW_PAGE_SIZE;
		else
			entries[at] = image->bus + page++ * PUMORI_HW_PAGE_SIZE;
	}
	return 0;
}

static int refused(u64 fault, u64 detail)
{
	if (fault != PUMORI_HW_FAULT_ILLEGAL)
		return pumori_fail(PUMORI_ERROR_IO, "loading the program ended with fault %llu",
				   (unsigned long long)fault);
	if (detail == ~0ull)
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "the chip refuses the program image's tables");
	return pumori_fail(PUMORI_ERROR_FORMAT, "the chip refuses instruction %llu",
			   (unsigned long long)detail);
}

/* Instruction stores are per core, but filled alike. */
static int load_everywhere(struct inproc *device, const struct inproc_page *list, uint64_t bytes,
			   uint32_t program, uint32_t first)
{
	u64 fault = 0, detail = 0;
	u32 i;

	for (i = 0; i < INPROC_CORES && !fault; i++) {
		struct inproc_core *core = &device->core[i];
		struct pumori_hw_control command = {
			.opcode = PUMORI_HW_CONTROL_LOAD_PROGRAM,
			.address = list->bus,
			.length = bytes,
			.target = program,
			.argument = first,
		};

		pthread_mutex_lock(&core->command_lock);
		fault = inproc_core_command(core, &command, &detail);
		pthread_mutex_unlock(&core->command_lock);
	}
	return fault ? refused(fault, detail) : 0;
}

static void unload_everywhere(struct inproc *device, uint32_t program)
{
	u32 i;

	for (i = 0; i < INPROC_CORES; i++) {
		struct inproc_core *core = &device->core[i];
		struct pumori_hw_control command = {
			.opcode = PUMORI_HW_CONTROL_UNLOAD_PROGRAM,
			.target = program,
		};

		pthread_mutex_lock(&core->command_lock);
		inproc_core_command(core, &command, NULL);
		pthread_mutex_unlock(&core->command_lock);
	}
}

static int reserve_program(struct inproc *device, uint32_t instructions, uint32_t *program)
{
	uint64_t id, first;
	int error;

	pthread_mutex_lock(&device->lock);
	error = pumori_range_allocate(&device->programs, 1, 1, &id);
	if (!error) {
		error = pumori_range_allocate(&device->instructions, instructions, 1, &first);
		if (error)
			pumori_range_free(&device->programs, id, 1);
	}
	if (!error) {
		device->program[id].first = first;
		device->program[id].count = instructions;
		*program = id;
	}
	pthread_mutex_unlock(&device->lock);
	return error ? pumori_fail(error, "no room for %u instructions in the instruction store",
				   instructions)
		     : 0;
}

static void release_program(struct inproc *device, uint32_t program)
{
	pthread_mutex_lock(&device->lock);
	pumori_range_free(&device->instructions, device->program[program].first,
			  device->program[program].count);
	pumori_range_free(&device->programs, program, 1);
	pthread_mutex_unlock(&device->lock);
}

static int inproc_program_load(struct pumori_backend *backend, const void *image, uint64_t bytes,
			       uint32_t *program)
{
	struct inproc *device = device_of(backend);
	struct inproc_page pages = { 0 }, list = { 0 };
	struct pumori_isa_program header;
	int error;

	if (bytes < sizeof(header))
		return pumori_fail(PUMORI_ERROR_FORMAT,
				   "the program image is smaller than its header");
	error = inproc_page_create(&device->memory, bytes, &pages);
	if (error)
		return error;
	memcpy(pages.memory, image, bytes);
	memcpy(&header, pages.memory, sizeof(header));
	/* A program without instructions is refused by the chip; it needs a place to be refused at. */
	error = reserve_program(device, header.instructions ? header.instructions : 1, program);
	if (error)
		goto free_pages;
	error = list_pages(device, &pages, &list);
	if (!error)
		error = load_everywhere(device, &list, bytes, *program,
					device->program[*program].first);
	if (error) {
		unload_everywhere(device, *program);
		release_program(device, *program);
	}
	/* It has been decoded: the source is not needed any more. */
	inproc_page_destroy(&device->memory, &list);
free_pages:
	inproc_page_destroy(&device->memory, &pages);
	return error;
}

static void inproc_program_unload(struct pumori_backend *backend, uint32_t program)
{
	unload_everywhere(device_of(backend), program);
	release_program(device_of(backend), program);
}

/* --- Jobs --------------------------------------------------------------------------------------- */

static int inproc_job_create(struct pumori_backend *backend, uint32_t program, uint32_t entry,
			     uint32_t variables, uint32_t budget_ms, struct pumori_job **job)
{
	struct inproc *device = device_of(backend);
	struct inproc_job *new = calloc(1, sizeof(*new));
	int error;

	if (!new)
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a job");
	error = inproc_page_create(&device->memory, sizeof(struct pumori_hw_job), &new->descriptor);
	if (error) {
		free(new);
		return error;
	}
	((struct pumori_hw_job *)new->descriptor.memory)->variables = variables;
	new->budget_units = (u64)(budget_ms ? budget_ms : DEFAULT_BUDGET_MS) * device->units_per_ms;
	new->base = (struct pumori_job){ program, entry, variables, budget_ms };
	*job = &new->base;
	return 0;
}

static void inproc_job_variable(struct pumori_job *job, uint32_t index, uint64_t va, uint64_t bytes,
				int writable)
{
	struct pumori_hw_job *descriptor = ((struct inproc_job *)job)->descriptor.memory;

	descriptor->variable[index] = (struct pumori_hw_variable){
		.address = va,
		.length = bytes,
		.flags = writable ? PUMORI_HW_VARIABLE_WRITABLE : 0,
	};
}

static void inproc_job_destroy(struct pumori_backend *backend, struct pumori_job *job)
{
	struct inproc_job *old = (struct inproc_job *)job;

	inproc_page_destroy(&device_of(backend)->memory, &old->descriptor);
	free(old);
}

/* --- Tracing ------------------------------------------------------------------------------------ */

/* Records are taken as they are written: room that stays empty costs nothing. */
static int inproc_trace(struct pumori_backend *backend, struct silicon_trace *traces,
			uint64_t instructions)
{
	struct inproc *device = device_of(backend);
	const size_t size = sizeof(struct silicon_trace_record);
	int error = 0;
	u32 i;

	for (i = 0; i < INPROC_CORES && instructions && !error; i++) {
		traces[i].record = mmap(NULL, instructions * size, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (traces[i].record == MAP_FAILED) {
			traces[i].record = NULL;
			error = pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a trace");
		} else {
			traces[i].capacity = instructions;
		}
	}
	for (i = 0; i < INPROC_CORES && !error; i++)
		inproc_core_trace(&device->core[i], instructions ? &traces[i] : NULL);
	for (i = 0; i < INPROC_CORES && (error || !instructions); i++)
		if (traces[i].record) {
			munmap(traces[i].record, traces[i].capacity * size);
			traces[i].record = NULL;
		}
	return error;
}

static const struct pumori_backend_ops inproc_ops = {
	.close = inproc_close,
	.info = inproc_info,
	.buffer_create = inproc_buffer_create,
	.buffer_bind = inproc_buffer_bind,
	.buffer_destroy = inproc_buffer_destroy,
	.program_load = inproc_program_load,
	.program_unload = inproc_program_unload,
	.job_create = inproc_job_create,
	.job_variable = inproc_job_variable,
	.job_destroy = inproc_job_destroy,
	.queue_create = inproc_queue_create,
	.queue_destroy = inproc_queue_destroy,
	.submit = inproc_queue_submit,
	.finished = inproc_queue_finished,
	.wait = inproc_queue_wait,
	.trace = inproc_trace,
	.record = inproc_queue_record,
};
