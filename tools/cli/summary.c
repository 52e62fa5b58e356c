// SPDX-License-Identifier: MIT
/* pumori without a command: devices and who uses them, on one screen */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "clients.h"
#include "devices.h"
#include "record.h"
#include "render.h"
#include "sample.h"

static const struct cli_column device_columns[] = {
	{ "device", "DEVICE", CLI_FORMAT_PLAIN },
	{ "chip", "CHIP", CLI_FORMAT_PLAIN },
	{ "cores", "CORES", CLI_FORMAT_PLAIN },
	{ "utilisation", "UTIL", CLI_FORMAT_PERCENT },
	{ "hbm_used", "HBM USED", CLI_FORMAT_BYTES },
	{ "hbm_bytes", "HBM", CLI_FORMAT_BYTES },
	{ "temperature_c", "TEMP C", CLI_FORMAT_SHORT },
	{ "power_w", "POWER W", CLI_FORMAT_SHORT },
	{ "processes", "PROCESSES", CLI_FORMAT_PLAIN },
	{ "state", "STATE", CLI_FORMAT_PLAIN },
	{ "bus_name", "BUS", CLI_FORMAT_PLAIN },
	{ .key = NULL },
};

static void record_devices(struct record *record, const struct cli_sample *before, const struct cli_sample *after)
{
	record_list(record, "devices");
	for (size_t i = 0; i < after->count; i++) {
		const struct cli_sampled_device *device = &after->devices[i];
		struct record *row = record_append(record, "devices");

		cli_device_record(row, &device->info);
		record_double(row, "utilisation",
			      cli_device_utilisation(cli_sample_device(before, device->info.index), device));
		record_unsigned(row, "processes", cli_count_processes(device));
	}
}

static int fill(const struct cli_globals *globals, struct record *record)
{
	const unsigned int what = CLI_SAMPLE_CORES | CLI_SAMPLE_CLIENTS;
	struct cli_sample before, after;
	struct pumori_telemetry *telemetry;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	code = cli_sample_take_any(globals, telemetry, what, &before);
	if (code == CLI_OK) {
		if (before.count)
			cli_pause(CLI_SAMPLE_MS * 1000000ull);
		code = cli_sample_take_any(globals, telemetry, what, &after);
		if (code == CLI_OK) {
			record_devices(record, &before, &after);
			cli_clients_record(record, &before, &after);
			cli_sample_free(&after);
		}
		cli_sample_free(&before);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

/* The names of all commands in lines of a screen. */
static void print_commands(void)
{
	int column = 0;

	puts("\nCommands:");
	for (const struct cli_command *const *c = cli_commands; *c; c++) {
		column += printf("%s%s", column ? ", " : "  ", (*c)->name);
		if (column > 60 && c[1]) {
			puts(",");
			column = 0;
		}
	}
	puts("\n'pumori --help' says what they do, 'man pumori' more.");
}

static int summary(const struct cli_call *call)
{
	static const struct cli_section sections[] = {
		{ "devices", NULL, device_columns },
		{ "processes", "Processes", cli_client_columns },
	};
	const struct cli_globals *globals = call->globals;
	struct record *record = record_create();
	int code;

	if (!record)
		return cli_fail_memory();
	record_string(record, "version", PUMORI_VERSION);
	record_bool(record, "driver_loaded", cli_driver_loaded());
	code = fill(globals, record);
	if (code == CLI_OK && !globals->json && !globals->csv)
		printf("pumori %s\n\n", PUMORI_VERSION);
	if (code == CLI_OK && (globals->json || globals->csv || record_list_length(record, "devices")))
		code = cli_render(globals, "summary", record, sections, sizeof(sections) / sizeof(sections[0]));
	else if (code == CLI_OK && cli_driver_loaded())
		puts("No device. The driver is loaded, but has found none; the kernel log says why ('dmesg').");
	else if (code == CLI_OK)
		puts("No device: the driver is not loaded ('modprobe pumori').\n"
		     "The chip also runs in process: add '-d inproc', or set PUMORI_DEVICE=inproc.");
	if (code == CLI_OK && !globals->json && !globals->csv && !globals->watch.given && !globals->no_header)
		print_commands();
	record_destroy(record);
	return code;
}

const struct cli_command cli_command_summary = {
	.name = "",
	.summary = "devices and who uses them",
	.run = summary,
	.formats = true,
	.watch = true,
};
