// SPDX-License-Identifier: MIT
/* pumori ls, and pumori info of a device */
#include "devices.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "pumori/hw.h"
#include "render.h"

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

static void record_version(struct record *record, const char *key, uint32_t version)
{
	record_format(record, key, "%u.%u", version >> 16, version & 0xffff);
}

void cli_device_record(struct record *record, const struct pumori_device_info *info)
{
	uint64_t ids[PUMORI_HW_MAX_CORES];
	size_t cores = info->cores < PUMORI_HW_MAX_CORES ? info->cores : PUMORI_HW_MAX_CORES;
	char address[16];

	for (size_t i = 0; i < cores; i++)
		ids[i] = i;
	if (info->index >= 0)
		record_format(record, "device", "accel%" PRId32, info->index);
	else
		record_string(record, "device", info->path);
	if (info->index >= 0)
		record_signed(record, "index", info->index);
	else
		record_null(record, "index");
	record_string(record, "path", info->path);
	record_string(record, "socket", info->socket);
	record_string(record, "pci_address",
		      cli_device_pci_address(info->index, address, sizeof(address)) ? address : NULL);
	record_format(record, "serial", "%016" PRIx64, info->serial);
	record_string(record, "chip", info->name);
	record_version(record, "hardware_version", info->hw_version);
	record_version(record, "isa_version", info->isa_version);
	record_string(record, "driver", info->driver[0] ? info->driver : NULL);
	if (info->driver[0])
		record_version(record, "driver_version", info->driver_version);
	else
		record_null(record, "driver_version");
	record_unsigned(record, "cores", info->cores);
	record_numbers(record, "core_ids", ids, cores);
	record_unsigned(record, "slots", info->slots);
	record_unsigned(record, "hbm_bytes", info->hbm_bytes);
	record_unsigned(record, "hbm_used", info->hbm_used);
	record_unsigned(record, "clock_khz", info->clock_khz);
	record_unsigned(record, "instruction_store", info->instructions);
	cli_features_record(record, "features", info->features);
}

int cli_devices_record(struct record *record)
{
	struct pumori_device_info *infos;
	int count = cli_device_list(&infos);

	record_list(record, "devices");
	for (int i = 0; i < count; i++) {
		struct record *row = record_append(record, "devices");

		if (row)
			cli_device_record(row, &infos[i]);
	}
	free(infos);
	return count;
}

int cli_devices_render(const struct cli_globals *globals, const char *command, const struct record *record)
{
	static const struct cli_column columns[] = {
		{ "device", "DEVICE", CLI_FORMAT_PLAIN },
		{ "cores", "CORES", CLI_FORMAT_PLAIN },
		{ "core_ids", "CORE IDS", CLI_FORMAT_PLAIN },
		{ "hbm_used", "HBM USED", CLI_FORMAT_BYTES },
		{ "hbm_bytes", "HBM", CLI_FORMAT_BYTES },
		{ "socket", "SOCKET", CLI_FORMAT_PLAIN },
		{ "chip", "CHIP", CLI_FORMAT_PLAIN },
		{ "driver", "DRIVER", CLI_FORMAT_PLAIN },
		{ "driver_version", "VERSION", CLI_FORMAT_PLAIN },
		{ "serial", "SERIAL", CLI_FORMAT_PLAIN },
		{ "pci_address", "PCI", CLI_FORMAT_PLAIN },
		{ "path", "PATH", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { "devices", NULL, columns };

	return cli_render(globals, command, record, &section, 1);
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

int cli_info_device(const struct cli_globals *globals)
{
	static const struct cli_column columns[] = {
		{ "device", "Device", CLI_FORMAT_PLAIN },
		{ "path", "Path", CLI_FORMAT_PLAIN },
		{ "socket", "Socket", CLI_FORMAT_PLAIN },
		{ "pci_address", "PCI address", CLI_FORMAT_PLAIN },
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
		{ "features", "Features", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { NULL, NULL, columns };
	struct pumori_device_info info;
	struct record *record;
	int code = ask_device(globals, &info);

	if (code != CLI_OK)
		return code;
	record = record_create();
	if (!record)
		return cli_fail_memory();
	cli_device_record(record, &info);
	code = cli_render(globals, "info", record, &section, 1);
	record_destroy(record);
	return code;
}

static int list_one(const struct cli_globals *globals, struct record *record)
{
	struct pumori_device_info info;
	struct record *row;
	int code = ask_device(globals, &info);

	if (code != CLI_OK)
		return code;
	row = record_append(record, "devices");
	if (row)
		cli_device_record(row, &info);
	return cli_devices_render(globals, "ls", record);
}

static int list_all(const struct cli_globals *globals, struct record *record)
{
	int count = cli_devices_record(record);

	if (count < 0)
		return cli_fail_runtime(count, "cannot list the devices");
	if (count == 0 && !cli_driver_loaded())
		return cli_fail(CLI_NO_DRIVER, "no device: the driver is not loaded; try 'modprobe pumori', "
				"or look at the chip in process with '-d inproc'");
	if (count == 0)
		return cli_fail(CLI_NO_DEVICE, "no device: the driver is loaded but has found none; the kernel log says why "
				"('dmesg')");
	return cli_devices_render(globals, "ls", record);
}

static int ls(const struct cli_call *call)
{
	struct record *record = record_create();
	int code;

	if (!record)
		return cli_fail_memory();
	code = call->globals->device ? list_one(call->globals, record) : list_all(call->globals, record);
	record_destroy(record);
	return code;
}

const struct cli_command cli_command_ls = {
	.name = "ls",
	.summary = "list the devices of this machine",
	.description = "Ends with 9 when the driver is not loaded, with 6 when it is and there is no device.",
	.run = ls,
	.formats = true,
};
