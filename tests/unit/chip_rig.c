// SPDX-License-Identifier: MIT
#include "chip_rig.h"

#include <stdlib.h>

#define PAGE PUMORI_HW_PAGE_SIZE

static void *bus(void *context, u64 address, u32 length)
{
	struct rig *rig = context;
	u64 offset = address - RIG_BUS_BASE;

	if (offset >= rig->bus_limit || rig->bus_limit - offset < length)
		return NULL;
	return rig->bus + offset;
}

static void *hbm(void *context, u64 offset, u64 *available)
{
	struct rig *rig = context;

	if (offset >= rig->config.hbm_bytes)
		return NULL;
	*available = rig->config.hbm_bytes - offset;
	return rig->hbm + offset;
}

static u64 device_time(void *context)
{
	struct rig *rig = context;

	return rig->time += 100;
}

const struct silicon_kernels *rig_kernels(u32 choice)
{
	u32 host = 0;

#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		host |= SILICON_HOST_AVX2;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
		host |= SILICON_HOST_AVX512;
	if (__builtin_cpu_supports("avx512bf16"))
		host |= SILICON_HOST_AVX512_BF16;
	if (__builtin_cpu_supports("avx512vnni"))
		host |= SILICON_HOST_AVX512_VNNI;
#endif
	return silicon_kernels_select(choice, host);
}

static void *zeroed(size_t alignment, size_t bytes)
{
	void *memory = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);

	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

struct rig *rig_create(u32 cores, u32 slots, const struct silicon_kernels *kernels)
{
	return rig_create_sized(cores, slots, kernels, RIG_HBM_BYTES);
}

struct rig *rig_create_sized(u32 cores, u32 slots, const struct silicon_kernels *kernels, u32 hbm_bytes)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	u32 core, slot;

	if (!rig)
		return NULL;
	rig->config.cores = cores;
	rig->config.slots = slots;
	rig->config.instructions = RIG_INSTRUCTIONS;
	rig->config.hbm_bytes = hbm_bytes;
	rig->config.serial = 0x1234567890abcdefull;
	rig->config.secret[0] = 0x0706050403020100ull;
	rig->config.secret[1] = 0x0f0e0d0c0b0a0908ull;
	rig->config.kernels = kernels;
	rig->config.host.context = rig;
	rig->config.host.bus = bus;
	rig->config.host.hbm = hbm;
	rig->config.host.time = device_time;
	rig->random = 12345;
	rig->budget = 1000;
	rig->bus_limit = RIG_BUS_BYTES;
	rig->memory = zeroed(64, silicon_device_bytes(&rig->config));
	rig->store = zeroed(64, silicon_store_bytes(&rig->config));
	rig->bus = zeroed(PAGE, RIG_BUS_BYTES);
	rig->hbm = zeroed(1u << 21, hbm_bytes);
	if (!rig->memory || !rig->store || !rig->bus || !rig->hbm)
		goto failed;
	rig->device = silicon_device_create(&rig->config, rig->memory, rig->store);
	if (!rig->device)
		goto failed;
	for (core = 0; core < cores; core++) {
		for (slot = 0; slot < slots; slot++) {
			/* calloc() leaves most of it to be touched by whoever uses it. */
			rig->slot[core][slot] = calloc(1, silicon_slot_bytes() + 64);
			if (!rig->slot[core][slot])
				goto failed;
			silicon_core_add_slot(
				rig->device, core,
				(void *)(((uintptr_t)rig->slot[core][slot] + 63) & ~(uintptr_t)63));
		}
		rig->control_page[core] = rig_bus_alloc(rig, 1);
		rig->event_page[core] = rig_bus_alloc(rig, 1);
		rig_enable(rig, core);
	}
	for (slot = 0; slot < RIG_SPACES; slot++)
		rig->space[slot].root = rig_bus_alloc(rig, 1);
	return rig;

failed:
	rig_destroy(rig);
	return NULL;
}

void rig_destroy(struct rig *rig)
{
	u32 core, slot;

	for (core = 0; core < PUMORI_HW_MAX_CORES; core++)
		for (slot = 0; slot < PUMORI_HW_MAX_SLOTS; slot++)
			free(rig->slot[core][slot]);
	free(rig->memory);
	free(rig->store);
	free(rig->bus);
	free(rig->hbm);
	free(rig);
}

u64 rig_bus_alloc(struct rig *rig, u32 pages)
{
	u64 address = RIG_BUS_BASE + rig->bus_used;

	if (rig->bus_used + pages * PAGE > RIG_BUS_BYTES)
		abort();
	memset(rig->bus + rig->bus_used, 0, pages * PAGE);
	rig->bus_used += pages * PAGE;
	return address;
}

void *rig_bus(struct rig *rig, u64 address)
{
	return rig->bus + (address - RIG_BUS_BASE);
}

u64 rig_hbm_alloc(struct rig *rig, u32 bytes, u32 alignment)
{
	u64 offset = ((u64)rig->hbm_used + alignment - 1) / alignment * alignment;

	if (offset + bytes > rig->config.hbm_bytes)
		abort();
	rig->hbm_used = (u32)offset + bytes;
	return offset;
}

static u64 *leaf(struct rig *rig, u32 space, u64 va, u32 last)
{
	u64 *table = rig_bus(rig, rig->space[space].root);
	u32 level;

	for (level = PUMORI_HW_PT_LEVELS - 1; level > last; level--) {
		u64 *entry = &table[va >> (PUMORI_HW_PAGE_SHIFT + 9 * level) &
				    (PUMORI_HW_PT_ENTRIES - 1)];

		if (!*entry)
			*entry = rig_bus_alloc(rig, 1) | PUMORI_HW_PTE_VALID;
		table = rig_bus(rig, *entry & PUMORI_HW_PTE_ADDRESS);
	}
	return &table[va >> (PUMORI_HW_PAGE_SHIFT + 9 * last) & (PUMORI_HW_PT_ENTRIES - 1)];
}

void rig_map(struct rig *rig, u32 space, u64 va, u64 address, u64 flags, bool huge)
{
	*leaf(rig, space, va, huge) = address | flags | PUMORI_HW_PTE_VALID | PUMORI_HW_PTE_LEAF;
}

void rig_unmap(struct rig *rig, u32 space, u64 va)
{
	*leaf(rig, space, va, 0) = 0;
}

u8 *rig_buffer(struct rig *rig, u32 space, u64 va, u32 bytes, bool writable)
{
	u64 offset = rig_hbm_alloc(rig, (bytes + PAGE - 1) / PAGE * PAGE, PAGE);
	u32 i;

	for (i = 0; i < bytes; i += PAGE)
		rig_map(rig, space, va + i, offset + i,
			PUMORI_HW_PTE_HBM | (writable ? PUMORI_HW_PTE_WRITABLE : 0), false);
	return rig->hbm + offset;
}

void rig_enable(struct rig *rig, u32 core)
{
	struct silicon_device *device = rig->device;
	u64 rings[2] = { rig->control_page[core], rig->event_page[core] };
	u32 i;

	for (i = 0; i < 2; i++) {
		memset(rig_bus(rig, rings[i]), 0, PAGE);
		silicon_register_write(device, PUMORI_HW_CORE(core, i * 8), (u32)rings[i]);
		silicon_register_write(device, PUMORI_HW_CORE(core, i * 8 + 4),
				       (u32)(rings[i] >> 32));
	}
	rig->control[core] = rig_bus(rig, rings[0]);
	rig->events[core] = rig_bus(rig, rings[1]);
	rig->control_tail[core] = 0;
	rig->event_head[core] = 0;
	silicon_register_write(device, PUMORI_HW_CORE(core, PUMORI_HW_CORE_ENABLE), 1);
	silicon_register_write(device, PUMORI_HW_REG_INTERRUPT_ENABLE,
			       silicon_register_read(device, PUMORI_HW_REG_INTERRUPT_ENABLE) |
				       1u << core);
}

u32 rig_control(struct rig *rig, u32 core, struct pumori_hw_control command)
{
	u32 tail = rig->control_tail[core]++;

	command.sequence = ++rig->control_sequence[core];
	rig->control[core][tail % PUMORI_HW_CONTROL_ENTRIES] = command;
	silicon_register_write(rig->device, PUMORI_HW_CORE(core, PUMORI_HW_CORE_CONTROL_TAIL),
			       tail + 1);
	return command.sequence;
}

bool rig_event(struct rig *rig, u32 core, struct pumori_hw_event *event)
{
	u32 head = rig->event_head[core];
	struct pumori_hw_event *next = &rig->events[core][head % PUMORI_HW_EVENT_ENTRIES];

	/* The phase is written last, and read first. */
	if (__atomic_load_n(&next->phase, __ATOMIC_ACQUIRE) != head / PUMORI_HW_EVENT_ENTRIES + 1)
		return false;
	*event = *next;
	rig->event_head[core] = head + 1;
	silicon_register_write(rig->device, PUMORI_HW_CORE(core, PUMORI_HW_CORE_EVENT_HEAD),
			       head + 1);
	return true;
}

static u32 draw(struct rig *rig)
{
	rig->random = rig->random * 1664525 + 1013904223;
	return rig->random >> 8;
}

u32 rig_step(struct rig *rig, u32 budget)
{
	return silicon_core_run(rig->device, 0, budget);
}

static u32 slice(struct rig *rig)
{
	return rig->budget ? rig->budget : 1 + draw(rig) % 300;
}

u32 rig_acknowledge(struct rig *rig, u32 core, u32 sequence, u64 *detail)
{
	struct pumori_hw_event event;
	u32 i;

	for (i = 0; i < 1000000; i++) {
		while (rig_event(rig, core, &event))
			if (event.type == PUMORI_HW_EVENT_CONTROL && event.sequence == sequence) {
				if (detail)
					*detail = event.detail;
				return (u32)event.argument;
			}
		silicon_core_run(rig->device, core, slice(rig));
	}
	return ~0u;
}

u32 rig_command(struct rig *rig, u32 core, struct pumori_hw_control command, u64 *detail)
{
	return rig_acknowledge(rig, core, rig_control(rig, core, command), detail);
}

u32 rig_load(struct rig *rig, u32 id, u32 first, const void *image, size_t bytes, u64 *detail)
{
	struct pumori_hw_control command = {
		.opcode = PUMORI_HW_CONTROL_LOAD_PROGRAM,
		.length = bytes,
		.target = id,
		.argument = first,
	};
	u32 mark = rig->bus_used, pages = (u32)((bytes + PAGE - 1) / PAGE), i, word, status;
	u64 list = rig_bus_alloc(rig, 1), page;

	command.address = list;
	for (i = 0, word = 0; i < pages; i++) {
		if (word == 511 && i + 1 < pages) {
			page = rig_bus_alloc(rig, 1);
			((u64 *)rig_bus(rig, list))[511] = page;
			list = page;
			word = 0;
		}
		page = rig_bus_alloc(rig, 1);
		memcpy(rig_bus(rig, page), (const u8 *)image + (size_t)i * PAGE,
		       SILICON_MIN((size_t)PAGE, bytes - (size_t)i * PAGE));
		((u64 *)rig_bus(rig, list))[word++] = page;
	}
	status = rig_command(rig, 0, command, detail);
	/* The chip never looks at the image again. */
	memset(rig->bus + mark, 0xa5, rig->bus_used - mark);
	rig->bus_used = mark;
	return status;
}

u32 rig_load_program(struct rig *rig, u32 id, u32 first, const struct program *program)
{
	size_t bytes;
	void *image = program_write(program, &bytes);
	u32 status = rig_load(rig, id, first, image, bytes, NULL);

	free(image);
	return status;
}

struct rig_queue *rig_queue_create(struct rig *rig, u32 space, u32 priority, u32 quantum)
{
	struct rig_queue *queue = &rig->queue[rig->queues];
	u64 ring = rig_bus_alloc(rig, 1), completion = rig_bus_alloc(rig, 1);
	u32 i;

	queue->address = rig_bus_alloc(rig, 1);
	queue->descriptor = rig_bus(rig, queue->address);
	queue->ring = rig_bus(rig, ring);
	queue->completion = rig_bus(rig, completion);
	queue->descriptor->id = 100 + rig->queues;
	queue->descriptor->address_space = space;
	queue->descriptor->page_table = rig->space[space].root;
	queue->descriptor->ring = ring;
	queue->descriptor->completion = completion;
	queue->descriptor->ring_entries = 16;
	queue->descriptor->priority = priority;
	queue->descriptor->quantum_units = quantum;
	for (i = 0; i < 16; i++) {
		queue->job_address[i] = rig_bus_alloc(rig, 1);
		queue->job[i] = rig_bus(rig, queue->job_address[i]);
	}
	rig->queues++;
	return queue;
}

void rig_save_area(struct rig *rig, struct rig_queue *queue, u32 sbuf_bytes, u32 psum_bytes)
{
	u32 bytes = silicon_register_read(rig->device, PUMORI_HW_REG_SAVE_BYTES) +
		    PUMORI_ISA_PARTITIONS * (sbuf_bytes + psum_bytes);
	u32 pages = (bytes + PAGE - 1) / PAGE, i;
	u64 *list = NULL;

	for (i = 0; i < pages; i++) {
		if (i % 511 == 0) {
			u64 next = rig_bus_alloc(rig, 1);

			if (list)
				list[511] = next;
			else
				queue->descriptor->save_area = next;
			list = rig_bus(rig, next);
		}
		list[i % 511] = rig_bus_alloc(rig, 1);
	}
}

u32 rig_runlist(struct rig *rig, u32 count)
{
	struct pumori_hw_control command = { .opcode = PUMORI_HW_CONTROL_RUNLIST, .length = count };
	u32 mark = rig->bus_used, i, status;
	u64 *list;

	command.address = rig_bus_alloc(rig, 1);
	list = rig_bus(rig, command.address);
	for (i = 0; i < count; i++)
		list[i] = rig->queue[i].address;
	status = rig_command(rig, 0, command, NULL);
	rig->bus_used = mark;
	return status;
}

static u32 position(const struct rig_queue *queue)
{
	return queue->descriptor->tail % queue->descriptor->ring_entries;
}

struct pumori_hw_job *rig_next_job(struct rig_queue *queue)
{
	struct pumori_hw_job *job = queue->job[position(queue)];

	memset(job, 0, sizeof(*job));
	return job;
}

struct pumori_hw_command *rig_next_command(struct rig_queue *queue)
{
	struct pumori_hw_command *command = &queue->ring[position(queue)];

	memset(command, 0, sizeof(*command));
	queue->prepared = true;
	return command;
}

u64 rig_submit(struct rig *rig, struct rig_queue *queue, u32 program, u32 entry)
{
	struct pumori_hw_command *command = queue->prepared ? &queue->ring[position(queue)] :
							      rig_next_command(queue);
	u32 tail = queue->descriptor->tail;

	queue->prepared = false;
	command->opcode = PUMORI_HW_COMMAND_RUN;
	command->flags |= PUMORI_HW_COMMAND_INTERRUPT;
	command->sequence = ++queue->sequence;
	command->job = queue->job_address[position(queue)];
	command->program = program;
	command->entry = entry;
	__atomic_store_n(&queue->descriptor->tail, tail + 1, __ATOMIC_SEQ_CST);
	if (tail + 1 - __atomic_load_n(&queue->descriptor->event_index, __ATOMIC_SEQ_CST) - 1 < 1)
		silicon_doorbell(rig->device, queue->descriptor->id);
	return queue->sequence;
}

void rig_variable(struct pumori_hw_job *job, u32 index, u64 va, u64 length, bool writable)
{
	job->variables = SILICON_MAX(job->variables, index + 1);
	job->variable[index].address = va;
	job->variable[index].length = length;
	job->variable[index].flags = writable ? PUMORI_HW_VARIABLE_WRITABLE : 0;
}

bool rig_run(struct rig *rig)
{
	u32 i;

	for (i = 0; i < 2000000; i++)
		if (rig_step(rig, slice(rig)) & SILICON_IDLE && !silicon_core_pending(rig->device, 0))
			return true;
	return false;
}

const struct pumori_hw_record *rig_wait(struct rig *rig, const struct rig_queue *queue, u64 sequence)
{
	const struct pumori_hw_record *record =
		&queue->completion->record[sequence % PUMORI_HW_RECORDS];

	rig_run(rig);
	return queue->completion->sequence >= sequence && record->sequence == sequence ? record :
											 NULL;
}
