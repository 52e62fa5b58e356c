// SPDX-License-Identifier: MIT
/* pumori ps: which processes use which device */
#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "clients.h"
#include "record.h"

const struct cli_column cli_client_columns[] = {
	{ "device", "DEVICE", CLI_FORMAT_PLAIN },
	{ "pid", "PID", CLI_FORMAT_PLAIN },
	{ "user", "USER", CLI_FORMAT_PLAIN },
	{ "command", "COMMAND", CLI_FORMAT_PLAIN },
	{ "cores", "CORES", CLI_FORMAT_PLAIN },
	{ "utilisation", "UTIL", CLI_FORMAT_PERCENT },
	{ "busy_ns", "TIME", CLI_FORMAT_NANOSECONDS },
	{ "hbm_bytes", "HBM", CLI_FORMAT_BYTES },
	{ "host_bytes", "HOST", CLI_FORMAT_BYTES },
	{ "jobs", "JOBS", CLI_FORMAT_PLAIN },
	{ .key = NULL },
};

static void record_user(struct record *row, uint64_t uid)
{
	struct passwd entry, *found = NULL;
	char buffer[1024];

	if (uid == PUMORI_UNKNOWN) {
		record_null(row, "user");
		return;
	}
	if (!getpwuid_r((uid_t)uid, &entry, buffer, sizeof(buffer), &found) && found)
		record_string(row, "user", found->pw_name);
	else
		record_format(row, "user", "%" PRIu64, uid);
}

static void record_cores(struct record *row, uint64_t mask)
{
	uint64_t cores[64];
	size_t count = 0;

	if (mask == PUMORI_UNKNOWN) {
		record_null(row, "cores");
		return;
	}
	for (uint64_t i = 0; i < 64; i++)
		if (mask >> i & 1)
			cores[count++] = i;
	record_numbers(row, "cores", cores, count);
}

/* Device time of a client per second; it may have several cores at once. */
static double utilisation(const struct cli_sampled_device *before, const struct pumori_telemetry_client *client,
			  uint64_t elapsed_ns)
{
	for (size_t i = 0; before && i < before->client_count; i++)
		if (before->clients[i].client == client->client && before->clients[i].pid == client->pid)
			return cli_rate(before->clients[i].busy_ns, client->busy_ns, elapsed_ns) / 1e9;
	return NAN;
}

void cli_clients_record(struct record *record, const struct cli_sample *before, const struct cli_sample *after)
{
	record_list(record, "processes");
	for (size_t i = 0; i < after->count; i++) {
		const struct cli_sampled_device *device = &after->devices[i];
		const struct cli_sampled_device *earlier = cli_sample_device(before, device->info.index);

		for (size_t j = 0; j < device->client_count; j++) {
			const struct pumori_telemetry_client *client = &device->clients[j];
			struct record *row;

			if (client->pid == (uint64_t)getpid())
				continue;
			row = record_append(record, "processes");
			record_format(row, "device", "accel%" PRIu64, client->index);
			cli_record_known(row, "pid", client->pid ? client->pid : PUMORI_UNKNOWN);
			record_user(row, client->uid);
			cli_record_known(row, "uid", client->uid);
			cli_record_text(row, "command", client->command);
			cli_record_known(row, "client", client->client);
			cli_record_known(row, "contexts", client->contexts);
			cli_record_known(row, "queues", client->queues);
			record_cores(row, client->core_mask);
			record_double(row, "utilisation",
				      utilisation(earlier, client, after->time_ns - before->time_ns));
			cli_record_known(row, "busy_ns", client->busy_ns);
			cli_record_known(row, "cycles", client->cycles);
			cli_record_known(row, "jobs", client->jobs);
			cli_record_known(row, "faults", client->faults);
			cli_record_known(row, "hbm_bytes", client->hbm_bytes);
			cli_record_known(row, "host_bytes", client->host_bytes);
		}
	}
}

size_t cli_count_processes(const struct cli_sampled_device *device)
{
	size_t count = 0;

	for (size_t i = 0; i < device->client_count; i++) {
		bool counts = device->clients[i].pid != (uint64_t)getpid();

		for (size_t j = 0; j < i && counts; j++)
			counts = device->clients[j].pid != device->clients[i].pid;
		count += counts;
	}
	return count;
}

static int ps(const struct cli_call *call)
{
	static const struct cli_section section = { "processes", NULL, cli_client_columns };
	struct pumori_telemetry *telemetry;
	struct cli_sample before, after;
	struct record *record;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	record = record_create();
	code = record ? cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CLIENTS, &before) : cli_fail_memory();
	if (code == CLI_OK) {
		cli_pause(CLI_SAMPLE_MS * 1000000ull);
		code = cli_sample_take(call->globals, telemetry, CLI_SAMPLE_CLIENTS, &after);
		if (code == CLI_OK) {
			cli_clients_record(record, &before, &after);
			code = cli_render(call->globals, "ps", record, &section, 1);
			cli_sample_free(&after);
		}
		cli_sample_free(&before);
	}
	record_destroy(record);
	pumori_telemetry_destroy(telemetry);
	return code;
}

const struct cli_command cli_command_ps = {
	.name = "ps",
	.summary = "list the processes that use a device",
	.description = "Your own processes, with privileges those of all users. UTIL is device time during 0.2 s, where one\n"
		       "core is 100 %; TIME all device time of the open file.",
	.run = ps,
	.formats = true,
	.watch = true,
};
