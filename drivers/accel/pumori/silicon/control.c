// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The control ring with its commands, and the event ring that answers. */
#include "internal.h"

/* Instructions decoded for one unit of work. */
#define DECODES_PER_UNIT	2u

/* One step can end the jobs of all slots and acknowledge a command. */
#define EVENT_RESERVE		(PUMORI_HW_MAX_SLOTS + 2u)

static bool event_room(const struct silicon_core *core)
{
	u32 unread = core->event_tail - silicon_load_acquire(&core->registers.event_head);

	return unread <= PUMORI_HW_EVENT_ENTRIES - EVENT_RESERVE;
}

bool silicon_event_room(struct silicon_core *core)
{
	if (event_room(core))
		return true;
	/* Asks for a kick, then looks again: the driver moves its index and then looks who asked. */
	silicon_store(&core->registers.event_full, 1);
	silicon_fence();
	return event_room(core);
}

void silicon_event_write(struct silicon_core *core, const struct pumori_hw_event *event)
{
	struct pumori_hw_event *slot = &core->event_ring[core->event_tail % PUMORI_HW_EVENT_ENTRIES];

	memcpy(slot, event, offsetof(struct pumori_hw_event, phase));
	silicon_store_release(&slot->phase, core->event_phase);
	core->event_tail++;
	if (!(core->event_tail % PUMORI_HW_EVENT_ENTRIES))
		core->event_phase++;
	if (event->type != PUMORI_HW_EVENT_JOB)
		core->raised = true;
	else if (!core->held_jobs++)
		core->held_since = core->now;
}

void silicon_event(struct silicon_core *core, u32 type, u32 queue, u64 sequence, u64 argument,
		   u64 detail)
{
	struct pumori_hw_event event = {
		.type = type,
		.queue = queue,
		.sequence = sequence,
		.argument = argument,
		.detail = detail,
		.time = core->now,
	};

	silicon_inject_event(core, &event);
}

bool silicon_control_pending(const struct silicon_core *core)
{
	return core->loading ||
	       silicon_load_acquire(&core->registers.control_tail) != core->control_head;
}

static void acknowledge(struct silicon_core *core, u32 status, u64 detail)
{
	core->loading = false;
	silicon_store(&core->registers.control_head, core->control_head);
	silicon_event(core, PUMORI_HW_EVENT_CONTROL, core->control.opcode, core->control.sequence,
		      status, detail);
}

/* --- programs ----------------------------------------------------------------------------------- */

/* Words of a list page that name pages, when the list goes on. */
#define LIST_WORDS	(PUMORI_HW_PAGE_SIZE / sizeof(u64))

/* Finds list page @number; every list page but the last ends with the address of the next. */
static bool find_list(struct silicon_page_image *image, u32 number)
{
	const u64 *next;

	if (number < image->list_number) {
		image->list_number = 0;
		image->list_address = image->list;
	}
	for (; image->list_number < number; image->list_number++) {
		next = silicon_bus(image->device,
				   image->list_address + (LIST_WORDS - 1) * sizeof(u64),
				   sizeof(u64), sizeof(u64));
		if (!next)
			return false;
		image->list_address = silicon_load(next);
	}
	return true;
}

static const u8 *find_page(struct silicon_page_image *image, u64 number)
{
	u64 pages = (image->image.bytes + PUMORI_HW_PAGE_SIZE - 1) / PUMORI_HW_PAGE_SIZE;
	u64 list = number / (LIST_WORDS - 1), word = number % (LIST_WORDS - 1);
	const u64 *address;

	/* A last list page may be full: then its last word is a page and not a link. */
	if (!word && list && number == pages - 1) {
		list--;
		word = LIST_WORDS - 1;
	}
	if (!find_list(image, (u32)list))
		return NULL;
	address = silicon_bus(image->device, image->list_address + word * sizeof(u64), sizeof(u64),
			      sizeof(u64));
	if (!address)
		return NULL;
	return silicon_bus(image->device, silicon_load(address), PUMORI_HW_PAGE_SIZE,
			   PUMORI_HW_PAGE_SIZE);
}

static bool page_read(struct silicon_image *base, u64 offset, void *to, u32 length)
{
	struct silicon_page_image *image = (struct silicon_page_image *)base;
	u64 number = offset / PUMORI_HW_PAGE_SIZE;

	if (offset > base->bytes || base->bytes - offset < length)
		return false;
	if (number != image->page_number) {
		image->page = find_page(image, number);
		image->page_number = image->page ? number : ~0ull;
	}
	if (!image->page)
		return false;
	silicon_copy(to, image->page + offset % PUMORI_HW_PAGE_SIZE, length);
	return true;
}

/* Whether instructions [first, first + count) of the store hold no program. */
static bool store_free(const struct silicon_core *core, u32 first, u32 count)
{
	const struct silicon_program *program;
	u32 i;

	for (i = 0; i < PUMORI_HW_MAX_PROGRAMS; i++) {
		program = &core->program[i];
		if (program->load && first < program->first + program->instructions &&
		    program->first < first + count)
			return false;
	}
	return true;
}

static u32 refused(enum silicon_refusal refusal)
{
	return refusal == SILICON_REFUSED_UNREADABLE ? PUMORI_HW_FAULT_BUS : PUMORI_HW_FAULT_ILLEGAL;
}

static u32 load_begin(struct silicon_core *core)
{
	const struct pumori_hw_control *control = &core->control;
	struct silicon_page_image *image = &core->image;
	u32 capacity = core->device->config.instructions, first = control->argument;
	enum silicon_refusal refusal;

	if (control->target >= PUMORI_HW_MAX_PROGRAMS || first >= capacity ||
	    control->length > (u64)PUMORI_ISA_INSTRUCTION_BYTES * 4 * capacity ||
	    core->program[silicon_clamp(control->target, PUMORI_HW_MAX_PROGRAMS)].load)
		return PUMORI_HW_FAULT_COMMAND;
	memset(image, 0, sizeof(*image));
	image->image.read = page_read;
	image->image.bytes = control->length;
	image->device = core->device;
	image->list = control->address;
	image->list_address = control->address;
	image->page_number = ~0ull;
	refusal = silicon_loader_begin(&core->loader, &image->image, core->store + first,
				       core->rows + first, capacity - first, SILICON_FEATURES);
	if (refusal)
		return refused(refusal);
	if (!store_free(core, first, core->loader.header.instructions))
		return PUMORI_HW_FAULT_COMMAND;
	core->loading = true;
	return PUMORI_HW_FAULT_NONE;
}

static u32 load_step(struct silicon_core *core, u32 budget)
{
	const struct pumori_isa_program *header = &core->loader.header;
	u32 before = core->loader.instruction;
	struct silicon_program *program;
	enum silicon_refusal refusal;

	refusal = silicon_loader_step(&core->loader,
				      SILICON_MIN(budget, 1u << 16) * DECODES_PER_UNIT);
	if (refusal) {
		acknowledge(core, refused(refusal), core->loader.detail);
	} else if (core->loader.finished) {
		program = &core->program[silicon_clamp(core->control.target, PUMORI_HW_MAX_PROGRAMS)];
		program->load = ++core->loads;
		program->first = core->control.argument;
		program->instructions = header->instructions;
		program->entries = header->entries;
		program->sbuf_bytes = header->sbuf_bytes;
		program->psum_bytes = header->psum_bytes;
		acknowledge(core, PUMORI_HW_FAULT_NONE, 0);
	}
	return (core->loader.instruction - before) / DECODES_PER_UNIT + 1;
}

static u32 unload(struct silicon_core *core, u32 id)
{
	u32 slots = silicon_load_acquire(&core->slots), i;
	struct silicon_program *program;

	if (id >= PUMORI_HW_MAX_PROGRAMS)
		return PUMORI_HW_FAULT_COMMAND;
	program = &core->program[silicon_clamp(id, PUMORI_HW_MAX_PROGRAMS)];
	if (!program->load)
		return PUMORI_HW_FAULT_COMMAND;
	for (i = 0; i < slots; i++)
		if (core->slot[i]->running && core->slot[i]->job.program == id)
			return PUMORI_HW_FAULT_COMMAND;
	for (i = 0; i < core->queues; i++)
		if (silicon_queue_at(core, i)->saved.valid &&
		    silicon_queue_at(core, i)->saved.program == id)
			return PUMORI_HW_FAULT_COMMAND;
	memset(program, 0, sizeof(*program));
	return PUMORI_HW_FAULT_NONE;
}

/* --- other commands ----------------------------------------------------------------------------- */

static u32 kill_queue(struct silicon_core *core, u32 id, u32 status)
{
	u32 i;

	if (status == PUMORI_HW_JOB_DONE || status > PUMORI_HW_JOB_DEVICE_LOST ||
	    status == PUMORI_HW_JOB_FAULT)
		return PUMORI_HW_FAULT_COMMAND;
	for (i = 0; i < core->queues; i++) {
		struct silicon_queue *queue = silicon_queue_at(core, i);

		if (queue->id == id) {
			silicon_queue_kill(core, queue, status);
			return PUMORI_HW_FAULT_NONE;
		}
	}
	return PUMORI_HW_FAULT_COMMAND;
}

static u32 execute(struct silicon_core *core)
{
	const struct pumori_hw_control *control = &core->control;

	if (!silicon_all_zero(control->reserved, sizeof(control->reserved)))
		return PUMORI_HW_FAULT_COMMAND;
	switch (control->opcode) {
	case PUMORI_HW_CONTROL_NOP:
		return PUMORI_HW_FAULT_NONE;
	case PUMORI_HW_CONTROL_RUNLIST:
		return silicon_runlist_replace(core, control->address, control->length);
	case PUMORI_HW_CONTROL_TLB_INVALIDATE:
		silicon_mmu_invalidate(core, control->target, control->address, control->length);
		return PUMORI_HW_FAULT_NONE;
	case PUMORI_HW_CONTROL_LOAD_PROGRAM:
		return load_begin(core);
	case PUMORI_HW_CONTROL_KILL_QUEUE:
		return kill_queue(core, control->target, control->argument);
	case PUMORI_HW_CONTROL_UNLOAD_PROGRAM:
		return unload(core, control->target);
	default:
		return PUMORI_HW_FAULT_COMMAND;
	}
}

u32 silicon_control_step(struct silicon_core *core, u32 budget)
{
	u64 detail = 0;
	u32 status;

	if (!core->loading) {
		silicon_copy(&core->control,
			     &core->control_ring[core->control_head % PUMORI_HW_CONTROL_ENTRIES],
			     sizeof(core->control));
		core->control_head++;
		status = execute(core);
		if (!core->loading) {
			if (status && core->control.opcode == PUMORI_HW_CONTROL_LOAD_PROGRAM)
				detail = ~0ull;
			acknowledge(core, status, detail);
			return 1;
		}
	}
	return load_step(core, budget);
}
