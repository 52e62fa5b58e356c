// SPDX-License-Identifier: MIT
/* pumori ls, and pumori info of a device */
#include "devices.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "pumori/hw.h"
#include "render.h"
#include "sample.h"

static const struct {
	uint64_t bit;
	const char *name;
} features[] = {
	{ PUMORI_HW_FEATURE_FP32, "fp32" },
	{ PUMORI_HW_FEATURE_BF16, "bf16" },
	{ PUMORI_HW_FEATURE_FP16, "fp16" },
	{ PUMORI_HW_FEATURE_FP8, "fp8" },
	{ PUMORI_HW_FEATURE_INT8_MATMUL, "int8-matmul" },
	{ PUMORI_HW_FEATURE_CORE_GROUPS, "core-groups" },
	{ PUMORI_HW_FEATURE_STOCHASTIC, "stochastic-rounding" },
};
#define FEATURE_COUNT (sizeof(features) / sizeof(features[0]))

void cli_features_record(struct record *record, const char *key, uint64_t bits)
{
	const char *names[FEATURE_COUNT];
	size_t count = 0;

	for (size_t i = 0; i < FEATURE_COUNT; i++)
		if (bits & features[i].bit)
			names[count++] = features[i].name;
	record_strings(record, key, names, count);
}

void cli_device_record(struct record *record, const struct pumori_telemetry_device *device)
{
	bool in_process = device->index == PUMORI_UNKNOWN;
	uint64_t ids[PUMORI_HW_MAX_CORES];
	size_t cores = 0;

	for (; device->cores != PUMORI_UNKNOWN && cores < device->cores && cores < PUMORI_HW_MAX_CORES; cores++)
		ids[cores] = cores;
	if (in_process)
		record_string(record, "device", device->node);
	else
		record_format(record, "device", "accel%" PRIu64, device->index);
	cli_record_known(record, "index", device->index);
	record_string(record, "path", device->node);
	cli_record_text(record, "socket", device->socket);
	cli_record_text(record, "bus_name", device->bus_name);
	record_string(record, "pci_address", cli_is_pci_address(device->bus_name) ? device->bus_name : NULL);
	cli_record_text(record, "uuid", device->uuid);
	if (device->serial == PUMORI_UNKNOWN)
		record_null(record, "serial");
	else
		record_format(record, "serial", "%016" PRIx64, device->serial);
	cli_record_text(record, "chip", device->name);
	record_string(record, "state", cli_state_name(device->state));
	cli_record_version(record, "hardware_version", device->hw_version);
	cli_record_version(record, "isa_version", device->isa_version);
	cli_record_text(record, "driver", device->driver);
	cli_record_version(record, "driver_version", device->driver_version);
	cli_record_known(record, "cores", device->cores);
	record_numbers(record, "core_ids", ids, cores);
	cli_record_known(record, "slots", device->slots);
	if (device->numa_node == PUMORI_UNKNOWN_SIGNED || device->numa_node < 0)
		record_null(record, "numa_node");
	else
		record_signed(record, "numa_node", device->numa_node);
	cli_record_text(record, "cpus", device->cpus);
	cli_record_known(record, "hbm_bytes", device->hbm_bytes);
	cli_record_known(record, "hbm_used", device->hbm_used);
	cli_record_known(record, "clock_khz", device->clock_khz);
	cli_record_known(record, "instruction_store", device->instructions);
	cli_record_known(record, "instructions_used", device->instructions_used);
	cli_record_known(record, "contexts", device->contexts);
	cli_record_known(record, "resets", device->resets);
	cli_record_scaled(record, "power_w", device->power_mw, 1000);
	cli_record_scaled(record, "energy_j", device->energy_uj, 1000000);
	record_double(record, "temperature_c",
		      device->temperature_mc == PUMORI_UNKNOWN_SIGNED ? NAN : (double)device->temperature_mc / 1000);
	if (device->features == PUMORI_UNKNOWN)
		record_null(record, "features");
	else
		cli_features_record(record, "features", device->features);
}

static int render_list(const struct cli_globals *globals, const struct record *record)
{
	static const struct cli_column columns[] = {
		{ "device", "DEVICE", CLI_FORMAT_PLAIN },
		{ "cores", "CORES", CLI_FORMAT_PLAIN },
		{ "core_ids", "CORE IDS", CLI_FORMAT_PLAIN },
		{ "hbm_used", "HBM USED", CLI_FORMAT_BYTES },
		{ "hbm_bytes", "HBM", CLI_FORMAT_BYTES },
		{ "state", "STATE", CLI_FORMAT_PLAIN },
		{ "socket", "SOCKET", CLI_FORMAT_PLAIN },
		{ "chip", "CHIP", CLI_FORMAT_PLAIN },
		{ "bus_name", "BUS", CLI_FORMAT_PLAIN },
		{ "cpus", "CPU AFFINITY", CLI_FORMAT_PLAIN },
		{ "numa_node", "NUMA", CLI_FORMAT_PLAIN },
		{ "driver_version", "DRIVER", CLI_FORMAT_PLAIN },
		{ "serial", "SERIAL", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { "devices", NULL, columns };

	return cli_render(globals, "ls", record, &section, 1);
}

/* The device of -d, or of the environment, asked itself. */
static int ask_device(const struct cli_globals *globals, struct pumori_device_info *info)
{
	struct pumori_device *device;
	int code = cli_device_open(globals, NULL, &device);
	int error;

	if (code != CLI_OK)
		return code;
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	error = pumori_device_info(device, info);
	pumori_device_close(device);
	return error ? cli_fail_runtime(error, "cannot ask the device") : CLI_OK;
}

/* The same words for the chip in process, which telemetry does not know. */
static void describe_in_process(struct pumori_telemetry_device *device, const struct pumori_device_info *info)
{
	*device = (struct pumori_telemetry_device){
		.index = PUMORI_UNKNOWN,
		.state = PUMORI_DEVICE_RUNNING,
		.serial = info->serial,
		.driver_version = PUMORI_UNKNOWN,
		.hw_version = info->hw_version,
		.isa_version = info->isa_version,
		.features = info->features,
		.cores = info->cores,
		.slots = info->slots,
		.clock_khz = info->clock_khz,
		.numa_node = PUMORI_UNKNOWN_SIGNED,
		.hbm_bytes = info->hbm_bytes,
		.hbm_used = info->hbm_used,
		.instructions = info->instructions,
		.instructions_used = PUMORI_UNKNOWN,
		.contexts = PUMORI_UNKNOWN,
		.resets = PUMORI_UNKNOWN,
		.power_mw = PUMORI_UNKNOWN,
		.energy_uj = PUMORI_UNKNOWN,
		.temperature_mc = PUMORI_UNKNOWN_SIGNED,
	};
	snprintf(device->node, sizeof(device->node), "%.*s", (int)sizeof(info->path), info->path);
	snprintf(device->name, sizeof(device->name), "%s", info->name);
	snprintf(device->socket, sizeof(device->socket), "%s", info->socket);
}

/* The device that -d or the environment names, or the first. */
static int record_device(const struct cli_globals *globals, struct record *record)
{
	struct cli_globals one = *globals;
	struct pumori_telemetry_device device;
	struct pumori_telemetry *telemetry;
	struct pumori_device_info info;
	struct cli_sample sample;
	char index[16];
	int code = ask_device(globals, &info);

	if (code != CLI_OK)
		return code;
	if (info.index < 0) {
		describe_in_process(&device, &info);
		cli_device_record(record, &device);
		return CLI_OK;
	}
	snprintf(index, sizeof(index), "%d", (int)info.index);
	one.device = index;
	code = cli_telemetry_open(&telemetry);
	if (code != CLI_OK)
		return code;
	code = cli_sample_take(&one, telemetry, 0, &sample);
	if (code == CLI_OK) {
		cli_device_record(record, &sample.devices[0].info);
		cli_sample_free(&sample);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

int cli_info_device(const struct cli_globals *globals)
{
	static const struct cli_column columns[] = {
		{ "device", "Device", CLI_FORMAT_PLAIN },
		{ "path", "Path", CLI_FORMAT_PLAIN },
		{ "state", "State", CLI_FORMAT_PLAIN },
		{ "socket", "Socket", CLI_FORMAT_PLAIN },
		{ "bus_name", "Bus", CLI_FORMAT_PLAIN },
		{ "pci_address", "PCI address", CLI_FORMAT_PLAIN },
		{ "numa_node", "NUMA node", CLI_FORMAT_PLAIN },
		{ "cpus", "CPU affinity", CLI_FORMAT_PLAIN },
		{ "uuid", "UUID", CLI_FORMAT_PLAIN },
		{ "serial", "Serial", CLI_FORMAT_PLAIN },
		{ "chip", "Chip", CLI_FORMAT_PLAIN },
		{ "hardware_version", "Hardware version", CLI_FORMAT_PLAIN },
		{ "isa_version", "ISA version", CLI_FORMAT_PLAIN },
		{ "driver", "Driver", CLI_FORMAT_PLAIN },
		{ "driver_version", "Driver version", CLI_FORMAT_PLAIN },
		{ "cores", "Cores", CLI_FORMAT_PLAIN },
		{ "core_ids", "Core ids", CLI_FORMAT_PLAIN },
		{ "slots", "Slots per core", CLI_FORMAT_PLAIN },
		{ "hbm_bytes", "HBM", CLI_FORMAT_BYTES },
		{ "hbm_used", "HBM used", CLI_FORMAT_BYTES },
		{ "clock_khz", "Clock (kHz)", CLI_FORMAT_PLAIN },
		{ "instruction_store", "Instruction store", CLI_FORMAT_PLAIN },
		{ "instructions_used", "Instructions used", CLI_FORMAT_PLAIN },
		{ "contexts", "Contexts", CLI_FORMAT_PLAIN },
		{ "resets", "Resets", CLI_FORMAT_PLAIN },
		{ "power_w", "Power (W)", CLI_FORMAT_PLAIN },
		{ "energy_j", "Energy (J)", CLI_FORMAT_PLAIN },
		{ "temperature_c", "Temperature (C)", CLI_FORMAT_PLAIN },
		{ "features", "Features", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { NULL, NULL, columns };
	struct record *record = record_create();
	int code;

	if (!record)
		return cli_fail_memory();
	code = record_device(globals, record);
	if (code == CLI_OK)
		code = cli_render(globals, "info", record, &section, 1);
	record_destroy(record);
	return code;
}

static int list_all(const struct cli_globals *globals, struct record *record)
{
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	code = cli_sample_take(globals, telemetry, 0, &sample);
	if (code == CLI_OK) {
		for (size_t i = 0; i < sample.count; i++)
			cli_device_record(record_append(record, "devices"), &sample.devices[i].info);
		cli_sample_free(&sample);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

static int ls(const struct cli_call *call)
{
	struct record *record = record_create();
	int code;

	if (!record)
		return cli_fail_memory();
	if (call->globals->device && !strcmp(call->globals->device, "inproc"))
		code = record_device(call->globals, record_append(record, "devices"));
	else
		code = list_all(call->globals, record);
	if (code == CLI_OK)
		code = render_list(call->globals, record);
	record_destroy(record);
	return code;
}

const struct cli_command cli_command_ls = {
	.name = "ls",
	.summary = "list the devices of this machine",
	.description = "Ends with 9 when the driver is not loaded, with 6 when it is and there is no device.",
	.run = ls,
	.formats = true,
	.watch = true,
};
