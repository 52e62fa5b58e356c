// SPDX-License-Identifier: MIT
/* pumori topo: where devices are in the machine, and how far from each other */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "record.h"
#include "render.h"
#include "sample.h"

#define DEVICES_SHOWN	24	/* columns of the table of links */

/* How many parts of two paths are the same from the beginning. */
static size_t common_parts(const char *a, const char *b)
{
	size_t parts = 0;

	for (; *a && *a == *b; a++, b++)
		parts += *a == '/';
	return parts + ((!*a || *a == '/') && (!*b || *b == '/'));
}

/*
 * X the device itself, PIX below one PCI bridge, NODE on one memory node, SYS anything farther; null when it is not
 * known.
 */
static const char *link_between(const struct pumori_telemetry_device *a, const struct pumori_telemetry_device *b)
{
	if (a->index == b->index)
		return "X";
	/* "", sys, devices, pciDDDD:BB, bridge */
	if (strstr(a->sysfs, "/pci") && common_parts(a->sysfs, b->sysfs) > 4)
		return "PIX";
	if (a->numa_node == PUMORI_UNKNOWN_SIGNED || b->numa_node == PUMORI_UNKNOWN_SIGNED)
		return NULL;
	return a->numa_node == b->numa_node ? "NODE" : "SYS";
}

static void record_row(struct record *row, const struct cli_sample *sample, size_t index)
{
	const struct pumori_telemetry_device *device = &sample->devices[index].info;

	record_format(row, "device", "accel%" PRIu64, device->index);
	for (size_t i = 0; i < sample->count; i++) {
		char key[16];

		snprintf(key, sizeof(key), "accel%" PRIu32, (uint32_t)sample->devices[i].info.index);
		record_string(row, key, link_between(device, &sample->devices[i].info));
	}
	cli_record_text(row, "cpus", device->cpus);
	if (device->numa_node == PUMORI_UNKNOWN_SIGNED || device->numa_node < 0)
		record_null(row, "numa_node");
	else
		record_signed(row, "numa_node", device->numa_node);
	cli_record_text(row, "bus_name", device->bus_name);
	cli_record_text(row, "socket", device->socket);
}

static int render(const struct cli_globals *globals, const struct record *record, const struct cli_sample *sample)
{
	struct cli_column columns[DEVICES_SHOWN + 6] = { { "device", "DEVICE", CLI_FORMAT_PLAIN } };
	const struct cli_section section = { "devices", NULL, columns };
	char names[DEVICES_SHOWN][16];
	size_t count = 1;

	for (size_t i = 0; i < sample->count && i < DEVICES_SHOWN; i++) {
		snprintf(names[i], sizeof(names[i]), "accel%" PRIu32, (uint32_t)sample->devices[i].info.index);
		columns[count++] = (struct cli_column){ names[i], names[i], CLI_FORMAT_PLAIN };
	}
	columns[count++] = (struct cli_column){ "cpus", "CPU AFFINITY", CLI_FORMAT_PLAIN };
	columns[count++] = (struct cli_column){ "numa_node", "NUMA", CLI_FORMAT_PLAIN };
	columns[count++] = (struct cli_column){ "bus_name", "BUS", CLI_FORMAT_PLAIN };
	columns[count++] = (struct cli_column){ "socket", "SOCKET", CLI_FORMAT_PLAIN };
	return cli_render(globals, "topo", record, &section, 1);
}

static int topo(const struct cli_call *call)
{
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	struct record *record;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	record = record_create();
	code = record ? cli_sample_take(call->globals, telemetry, 0, &sample) : cli_fail_memory();
	if (code == CLI_OK) {
		record_list(record, "devices");
		for (size_t i = 0; i < sample.count; i++)
			record_row(record_append(record, "devices"), &sample, i);
		code = render(call->globals, record, &sample);
		if (code == CLI_OK && !call->globals->json && !call->globals->csv && !call->globals->no_header)
			puts("\nX: itself; PIX: below one PCI bridge; NODE: on one memory node; SYS: farther; -: not known");
		cli_sample_free(&sample);
	}
	record_destroy(record);
	pumori_telemetry_destroy(telemetry);
	return code;
}

const struct cli_command cli_command_topo = {
	.name = "topo",
	.summary = "show where devices are, and how far from each other",
	.description = "The links between devices, the CPUs and the memory node that are near each.",
	.run = topo,
	.formats = true,
	.watch = true,
};
