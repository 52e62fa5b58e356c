// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The chip as a whole: its memory, its registers, its doorbells. */
#include "internal.h"

/* 1.4 GHz, the clock that NeuronCore-v2 publishes. */
#define CLOCK_KHZ	1400000u
#define IDLE_POWER_MW	4000u
#define IDLE_POWER_CORE_MW	1500u
/*
 * Until the socket has measured: 2^14 units of 4096 multiply-accumulates are a modest host's
 * millisecond.
 */
#define DEFAULT_UNITS_PER_MS	16384u
/* Doorbells of two queues never share a page that could be mapped to different processes. */
#define PAGE_STRIDE	65536u
#define MAX_INSTRUCTIONS (1u << 24)

static bool valid(const struct silicon_config *config)
{
	return config->cores && config->cores <= PUMORI_HW_MAX_CORES && config->slots &&
	       config->slots <= PUMORI_HW_MAX_SLOTS && config->instructions &&
	       config->instructions <= MAX_INSTRUCTIONS && config->kernels && config->host.bus &&
	       config->host.hbm && config->host.time;
}

u64 silicon_device_bytes(const struct silicon_config *config)
{
	return sizeof(struct silicon_device) + (u64)config->cores * sizeof(struct silicon_core);
}

u64 silicon_store_bytes(const struct silicon_config *config)
{
	return (u64)config->cores * config->instructions * SILICON_STORE_BYTES;
}

u64 silicon_slot_bytes(void)
{
	return sizeof(struct silicon_slot);
}

void *silicon_bus(const struct silicon_device *device, u64 address, u32 length, u32 alignment)
{
	const struct silicon_host *host = &device->config.host;

	if (address % alignment || address % PUMORI_HW_PAGE_SIZE + length > PUMORI_HW_PAGE_SIZE)
		return NULL;
	return host->bus(host->context, address, length);
}

/* The chip and its kernel set, zero-padded. */
static void name(u8 *to, const char *kernels)
{
	static const char chip[] = "pumori-1 ";
	u32 i, j;

	for (i = 0; i < sizeof(chip) - 1; i++)
		to[i] = (u8)chip[i];
	for (j = 0; i < PUMORI_HW_NAME_BYTES && kernels[j]; i++, j++)
		to[i] = (u8)kernels[j];
}

struct silicon_device *silicon_device_create(const struct silicon_config *config, void *memory,
					     void *store)
{
	struct silicon_device *device = memory;
	struct silicon_core *core;
	u8 *stores = store;
	u32 i;

	if (!valid(config))
		return NULL;
	device->config = *config;
	device->units_per_ms = DEFAULT_UNITS_PER_MS;
	name(device->name, config->kernels->name);
	for (i = 0; i < config->cores; i++) {
		core = &device->core[i];
		core->device = device;
		core->number = i;
		core->serving = SILICON_NO_QUEUE;
		core->hung = PUMORI_HW_NO_QUEUE;
		core->registers.serving = PUMORI_HW_NO_QUEUE;
		core->registers.blame = PUMORI_HW_NO_QUEUE;
		core->saving = SILICON_NO_SLOT;
		core->event_phase = 1;
		core->store = (struct silicon_instruction *)stores;
		stores += (u64)config->instructions * sizeof(struct silicon_instruction);
	}
	for (i = 0; i < config->cores; i++) {
		device->core[i].rows = (struct silicon_table_row *)stores;
		stores += (u64)config->instructions * sizeof(struct silicon_table_row);
	}
	return device;
}

int silicon_core_add_slot(struct silicon_device *device, u32 number, void *memory)
{
	struct silicon_slot *slot = memory;
	struct silicon_core *core;

	if (number >= device->config.cores)
		return -1;
	core = &device->core[silicon_clamp(number, device->config.cores)];
	if (core->slots >= device->config.slots)
		return -1;
	slot->owner = SILICON_NO_QUEUE;
	core->slot[core->slots] = slot;
	silicon_store_release(&core->slots, core->slots + 1);
	silicon_core_kick(core);
	return 0;
}

void silicon_doorbell(struct silicon_device *device, u32 queue)
{
	u32 i;

	/* Only the cores know which of them serves a queue; one look at its runlist tells each. */
	(void)queue;
	for (i = 0; i < device->config.cores; i++)
		silicon_core_kick(&device->core[i]);
}

void silicon_set_units_per_ms(struct silicon_device *device, u32 units)
{
	silicon_store(&device->units_per_ms, units);
}

/* --- registers ---------------------------------------------------------------------------------- */

static u32 half(u64 value, u32 high)
{
	return (u32)(high ? value >> 32 : value);
}

static u32 name_word(const struct silicon_device *device, u32 offset)
{
	u32 word;

	memcpy(&word, &device->name[offset % PUMORI_HW_NAME_BYTES & ~3u], sizeof(word));
	return word;
}

static u32 device_status(struct silicon_device *device)
{
	u32 i;

	for (i = 0; i < device->config.cores; i++)
		if (silicon_load_acquire(&device->core[i].registers.device_reset))
			return PUMORI_HW_STATUS_RESETTING;
	return PUMORI_HW_STATUS_READY;
}

static u32 core_status(const struct silicon_core_registers *registers)
{
	u32 status = silicon_load_acquire(&registers->status);

	if (silicon_load(&registers->active))
		status |= PUMORI_HW_CORE_STATUS_BUSY;
	if (silicon_load_acquire(&registers->reset))
		status |= PUMORI_HW_CORE_STATUS_RESETTING;
	return status;
}

static u32 core_read(const struct silicon_core *core, u32 offset)
{
	const struct silicon_core_registers *registers = &core->registers;
	u32 high = offset & 4;

	switch (offset & ~7u) {
	case PUMORI_HW_CORE_CONTROL_RING:
		return half(silicon_load(&registers->control_ring), high);
	case PUMORI_HW_CORE_EVENT_RING:
		return half(silicon_load(&registers->event_ring), high);
	case PUMORI_HW_CORE_BUSY_NS:
		return half(silicon_load(&registers->busy_ns), high);
	case PUMORI_HW_CORE_CYCLES:
		return half(silicon_load(&registers->cycles), high);
	case PUMORI_HW_CORE_INSTRUCTIONS:
		return half(silicon_load(&registers->instructions), high);
	case PUMORI_HW_CORE_JOBS:
		return half(silicon_load(&registers->jobs), high);
	case PUMORI_HW_CORE_ENERGY_NJ:
		return half(silicon_load(&registers->energy), high);
	default:
		break;
	}
	switch (offset) {
	case PUMORI_HW_CORE_ENABLE:
		return silicon_load(&registers->enable);
	case PUMORI_HW_CORE_CONTROL_TAIL:
		return silicon_load(&registers->control_tail);
	case PUMORI_HW_CORE_CONTROL_HEAD:
		return silicon_load(&registers->control_head);
	case PUMORI_HW_CORE_EVENT_HEAD:
		return silicon_load(&registers->event_head);
	case PUMORI_HW_CORE_COALESCE_NS:
		return silicon_load(&registers->coalesce_ns);
	case PUMORI_HW_CORE_COALESCE_JOBS:
		return silicon_load(&registers->coalesce_jobs);
	case PUMORI_HW_CORE_STATUS:
		return core_status(registers);
	case PUMORI_HW_CORE_SERVING:
		return silicon_load(&registers->serving);
	case PUMORI_HW_CORE_BLAME:
		return silicon_load(&registers->blame);
	case PUMORI_HW_CORE_INJECT:
		return silicon_load(&registers->inject);
	default:
		return 0;
	}
}

u32 silicon_register_read(struct silicon_device *device, u32 offset)
{
	const struct silicon_config *config = &device->config;
	u32 number = (offset - PUMORI_HW_REG_CORE_BASE) / PUMORI_HW_REG_CORE_STRIDE,
	    high = offset & 4;

	if (offset % 4 || offset >= PUMORI_HW_REG_BYTES)
		return 0;
	if (silicon_load(&device->gone))
		return ~0u;
	if (offset >= PUMORI_HW_REG_CORE_BASE)
		return number < config->cores ?
		       core_read(&device->core[silicon_clamp(number, config->cores)],
				 offset % PUMORI_HW_REG_CORE_STRIDE) : 0;
	switch (offset & ~7u) {
	case PUMORI_HW_REG_FEATURES:
		return half(SILICON_FEATURES, high);
	case PUMORI_HW_REG_HBM_BYTES:
		return half(config->hbm_bytes, high);
	case PUMORI_HW_REG_SLOT_BYTES:
		return half(silicon_slot_bytes(), high);
	case PUMORI_HW_REG_TIME:
		return half(config->host.time(config->host.context), high);
	case PUMORI_HW_REG_SERIAL:
		return half(config->serial, high);
	case PUMORI_HW_REG_NAME:
	case PUMORI_HW_REG_NAME + 8:
		return name_word(device, offset - PUMORI_HW_REG_NAME);
	default:
		break;
	}
	switch (offset) {
	case PUMORI_HW_REG_ID:
		return PUMORI_HW_ID;
	case PUMORI_HW_REG_VERSION:
		return PUMORI_HW_VERSION_MAJOR << 16 | PUMORI_HW_VERSION_MINOR;
	case PUMORI_HW_REG_ISA_VERSION:
		return PUMORI_ISA_VERSION_MAJOR << 16 | PUMORI_ISA_VERSION_MINOR;
	case PUMORI_HW_REG_CORES:
		return config->cores;
	case PUMORI_HW_REG_SLOTS:
		return config->slots;
	case PUMORI_HW_REG_PAGE_STRIDE:
		return PAGE_STRIDE;
	case PUMORI_HW_REG_PROGRAM_INSTRUCTIONS:
		return config->instructions;
	case PUMORI_HW_REG_SAVE_BYTES:
		return silicon_save_bytes();
	case PUMORI_HW_REG_UNITS_PER_MS:
		return silicon_load(&device->units_per_ms);
	case PUMORI_HW_REG_CLOCK_KHZ:
		return CLOCK_KHZ;
	case PUMORI_HW_REG_IDLE_POWER_MW:
		return IDLE_POWER_MW + IDLE_POWER_CORE_MW * config->cores;
	case PUMORI_HW_REG_STATUS:
		return device_status(device);
	case PUMORI_HW_REG_INTERRUPT_STATUS:
		return silicon_load_acquire(&device->interrupt_status);
	case PUMORI_HW_REG_INTERRUPT_ENABLE:
		return silicon_load(&device->interrupt_enable);
	default:
		return 0;
	}
}

static void set_half(u64 *word, u32 high, u32 value)
{
	u64 old = silicon_load(word);

	silicon_store(word, high ? (old & 0xffffffffu) | (u64)value << 32 :
				   (old & ~0xffffffffull) | value);
}

static void core_enable(struct silicon_core_registers *registers, u32 value)
{
	if (value == silicon_load(&registers->enable))
		return;
	if (value) {
		/* Both rings start at their first element. */
		silicon_store(&registers->control_tail, 0);
		silicon_store(&registers->control_head, 0);
		silicon_store(&registers->event_head, 0);
	}
	silicon_store(&registers->enable, value);
	__atomic_add_fetch(&registers->generation, 1, __ATOMIC_RELEASE);
}

static void core_write(struct silicon_core *core, u32 offset, u32 value)
{
	struct silicon_core_registers *registers = &core->registers;

	switch (offset) {
	case PUMORI_HW_CORE_CONTROL_RING:
	case PUMORI_HW_CORE_CONTROL_RING + 4:
		set_half(&registers->control_ring, offset & 4, value);
		return;
	case PUMORI_HW_CORE_EVENT_RING:
	case PUMORI_HW_CORE_EVENT_RING + 4:
		set_half(&registers->event_ring, offset & 4, value);
		return;
	case PUMORI_HW_CORE_ENABLE:
		core_enable(registers, value & 1);
		break;
	case PUMORI_HW_CORE_CONTROL_TAIL:
		silicon_store_release(&registers->control_tail, value);
		break;
	case PUMORI_HW_CORE_EVENT_HEAD:
		silicon_store_release(&registers->event_head, value);
		silicon_fence();
		/* Mostly nobody waits for it. */
		if (!silicon_exchange(&registers->event_full, 0))
			return;
		break;
	case PUMORI_HW_CORE_COALESCE_NS:
		silicon_store(&registers->coalesce_ns, value);
		return;
	case PUMORI_HW_CORE_COALESCE_JOBS:
		silicon_store(&registers->coalesce_jobs, value);
		return;
	case PUMORI_HW_CORE_RESET:
		if (value != PUMORI_HW_RESET_KEY)
			return;
		silicon_inject_heal(core, PUMORI_HW_INJECT_STUCK);
		silicon_store_release(&registers->reset, 1);
		break;
	case PUMORI_HW_CORE_BLAME:
		silicon_store(&registers->blame, value);
		return;
	case PUMORI_HW_CORE_INJECT:
		silicon_inject(core, value);
		break;
	default:
		return;
	}
	silicon_core_kick(core);
}

static void device_reset(struct silicon_device *device)
{
	struct silicon_core_registers *registers;
	u32 i;

	silicon_store(&device->interrupt_enable, 0);
	silicon_store(&device->interrupt_status, 0);
	for (i = 0; i < device->config.cores; i++) {
		registers = &device->core[i].registers;
		silicon_store(&registers->enable, 0);
		silicon_store(&registers->reset, 0);
		silicon_inject_heal(&device->core[i], PUMORI_HW_INJECT_DEAD);
		silicon_store_release(&registers->device_reset, 1);
		silicon_core_kick(&device->core[i]);
	}
}

void silicon_register_write(struct silicon_device *device, u32 offset, u32 value)
{
	u32 number = (offset - PUMORI_HW_REG_CORE_BASE) / PUMORI_HW_REG_CORE_STRIDE;

	if (offset % 4 || offset >= PUMORI_HW_REG_BYTES || silicon_load(&device->gone))
		return;
	if (offset >= PUMORI_HW_REG_CORE_BASE) {
		if (number < device->config.cores)
			core_write(&device->core[silicon_clamp(number, device->config.cores)],
				   offset % PUMORI_HW_REG_CORE_STRIDE, value);
		return;
	}
	switch (offset) {
	case PUMORI_HW_REG_DEVICE_RESET:
		if (value == PUMORI_HW_RESET_KEY)
			device_reset(device);
		break;
	case PUMORI_HW_REG_INTERRUPT_STATUS:
		__atomic_and_fetch(&device->interrupt_status, ~value, __ATOMIC_ACQ_REL);
		break;
	case PUMORI_HW_REG_INTERRUPT_ENABLE:
		silicon_store(&device->interrupt_enable, value);
		break;
	default:
		break;
	}
}
