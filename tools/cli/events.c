// SPDX-License-Identifier: MIT
/* pumori events: what happens to devices, as it happens */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "record.h"
#include "render.h"
#include "sample.h"
#include "session.h"

struct options {
	struct cli_number limit;
	struct cli_number seconds;
};

static const char *type_name(uint64_t type)
{
	static const struct {
		uint64_t type;
		const char *name;
	} names[] = {
		{ PUMORI_EVENT_HANG, "hang" }, { PUMORI_EVENT_RESET, "reset" }, { PUMORI_EVENT_ECC, "ecc" },
		{ PUMORI_EVENT_THERMAL, "thermal" }, { PUMORI_EVENT_NAN, "nan" }, { PUMORI_EVENT_FAULT, "fault" },
		{ PUMORI_EVENT_DEVICE_LOST, "lost" }, { PUMORI_EVENT_DEVICE_ADDED, "added" },
		{ PUMORI_EVENT_DEVICE_REMOVED, "removed" }, { PUMORI_EVENT_DEVICE_CHANGED, "changed" },
		{ PUMORI_EVENT_OVERRUN, "overrun" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "unknown";
}

/* The time of an event as a person reads it; events carry that of a clock that began at boot. */
static void record_time(struct record *row, uint64_t time_ns)
{
	struct timespec wall;
	struct tm local;
	char text[32];
	uint64_t age;
	time_t second;

	if (time_ns == PUMORI_UNKNOWN)
		time_ns = cli_now_ns();
	clock_gettime(CLOCK_REALTIME, &wall);
	age = cli_now_ns() > time_ns ? cli_now_ns() - time_ns : 0;
	second = wall.tv_sec - (time_t)(age / 1000000000u);
	if (localtime_r(&second, &local) && strftime(text, sizeof(text), "%F %T", &local))
		record_string(row, "time", text);
	else
		record_null(row, "time");
	record_unsigned(row, "time_ns", time_ns);
}

static int print_event(struct cli_globals *globals, const struct pumori_telemetry_event *event)
{
	/* Wide enough for what follows: rows are printed one by one. */
	static const struct cli_column columns[] = {
		{ "time", "TIME               ", CLI_FORMAT_PLAIN },
		{ "device", "DEVICE", CLI_FORMAT_PLAIN },
		{ "event", "EVENT  ", CLI_FORMAT_PLAIN },
		{ "core", "CORE", CLI_FORMAT_PLAIN },
		{ "context", "CONTEXT", CLI_FORMAT_PLAIN },
		{ "value", "VALUE", CLI_FORMAT_PLAIN },
		{ "sequence", "SEQUENCE", CLI_FORMAT_PLAIN },
		{ "lost", "LOST", CLI_FORMAT_PLAIN },
		{ "reason", "REASON", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { "events", NULL, columns };
	struct record *record = record_create(), *row;
	int code;

	if (!record)
		return cli_fail_memory();
	row = record_append(record, "events");
	record_time(row, event->time_ns);
	if (event->index == PUMORI_UNKNOWN)
		record_null(row, "device");
	else
		record_format(row, "device", "accel%" PRIu64, event->index);
	record_string(row, "event", type_name(event->type));
	cli_record_known(row, "core", event->core);
	cli_record_known(row, "context", event->context);
	if (event->value == PUMORI_UNKNOWN_SIGNED)
		record_null(row, "value");
	else
		record_signed(row, "value", event->value);
	cli_record_known(row, "fault", event->fault);
	if (event->corrected == PUMORI_UNKNOWN)
		record_null(row, "corrected");
	else
		record_bool(row, "corrected", event->corrected);
	cli_record_known(row, "sequence", event->sequence);
	cli_record_known(row, "lost", event->lost);
	record_string(row, "state", cli_state_name(event->state));
	cli_record_text(row, "bus_name", event->bus_name);
	if (event->type == PUMORI_EVENT_OVERRUN)
		record_string(row, "reason", "events came faster than they were read; what follows is the present state");
	else if (event->reason[0])
		record_string(row, "reason", event->reason);
	else
		record_string(row, "reason", cli_state_name(event->state));
	code = cli_render(globals, "events", record, &section, 1);
	record_destroy(record);
	globals->no_header = true;
	fflush(stdout);
	return code;
}

/* After an overrun: where every device is now. */
static int print_state(struct cli_globals *globals, struct pumori_telemetry *telemetry)
{
	struct cli_sample sample;
	int code = cli_sample_take_any(globals, telemetry, 0, &sample);

	if (code != CLI_OK)
		return code;
	for (size_t i = 0; i < sample.count && code == CLI_OK; i++) {
		const struct pumori_telemetry_device *device = &sample.devices[i].info;
		const struct pumori_telemetry_event event = {
			.type = PUMORI_EVENT_DEVICE_CHANGED, .index = device->index, .sequence = device->events,
			.time_ns = PUMORI_UNKNOWN, .core = PUMORI_UNKNOWN, .context = PUMORI_UNKNOWN,
			.fault = PUMORI_UNKNOWN, .corrected = PUMORI_UNKNOWN, .value = PUMORI_UNKNOWN_SIGNED,
			.lost = device->events_lost, .state = device->state,
		};

		code = print_event(globals, &event);
	}
	cli_sample_free(&sample);
	return code;
}

/* Is the event about a device that -d names? Those that are gone count, for they cannot be asked. */
static bool is_wanted(const struct cli_sample *wanted, const struct cli_globals *globals,
		      const struct pumori_telemetry_event *event)
{
	return !globals->device || event->type >= PUMORI_EVENT_OVERRUN || cli_sample_device(wanted, event->index);
}

static int wait_for_events(struct pumori_telemetry *telemetry, uint64_t end_ns)
{
	struct pollfd poll_fd = { .fd = pumori_telemetry_fd(telemetry), .events = POLLIN };
	uint64_t now = cli_now_ns();
	int timeout = end_ns == UINT64_MAX ? -1 : now >= end_ns ? 0 : (int)((end_ns - now) / 1000000u + 1);

	/* A signal ends the process or does not matter. */
	return poll(&poll_fd, 1, timeout) < 0 && errno != EINTR ? -1 : 0;
}

static int follow(const struct cli_call *call, struct pumori_telemetry *telemetry, const struct cli_sample *wanted)
{
	const struct options *options = call->options;
	struct cli_globals globals = *call->globals;
	uint64_t end_ns = options->seconds.given ? cli_now_ns() + options->seconds.value * 1000000u : UINT64_MAX;
	struct pumori_telemetry_event event = { .size = sizeof(event) };
	uint64_t count = 0;
	int found = 0, code = CLI_OK;

	globals.lines = true;
	while (code == CLI_OK && (!options->limit.given || count < options->limit.value)) {
		found = pumori_telemetry_next_event(telemetry, &event);
		if (found < 0)
			return cli_fail_runtime(found, "cannot read events");
		if (found && is_wanted(wanted, &globals, &event)) {
			code = print_event(&globals, &event);
			if (code == CLI_OK && event.type == PUMORI_EVENT_OVERRUN)
				code = print_state(&globals, telemetry);
			count++;
		}
		if (!found && cli_now_ns() >= end_ns)
			break;
		if (!found && wait_for_events(telemetry, end_ns))
			return cli_fail(CLI_INTERNAL, "cannot wait for events: %s", strerror(errno));
	}
	return code;
}

static int events(const struct cli_call *call)
{
	struct pumori_telemetry *telemetry;
	struct cli_sample wanted;
	int code = cli_telemetry_open(&telemetry), error;

	if (code != CLI_OK)
		return code;
	/* Before looking who is there, so that nothing is missed in between. */
	error = pumori_telemetry_listen(telemetry);
	if (error == PUMORI_ERROR_UNSUPPORTED)
		code = cli_fail_no_family();
	else if (error)
		code = cli_fail_runtime(error, "cannot listen to events");
	if (code == CLI_OK)
		code = cli_sample_take_any(call->globals, telemetry, 0, &wanted);
	if (code == CLI_OK) {
		code = follow(call, telemetry, &wanted);
		cli_sample_free(&wanted);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "limit", .letter = 'n', .type = CLI_OPTION_NUMBER, .argument = "N", .help = "end after N events",
	  .offset = offsetof(struct options, limit), .minimum = 1, .maximum = UINT64_MAX },
	{ .name = "seconds", .letter = 's', .type = CLI_OPTION_SECONDS, .argument = "S", .help = "end after S seconds",
	  .offset = offsetof(struct options, seconds), .maximum = 1000000000 },
	{ .name = NULL },
};

const struct cli_command cli_command_events = {
	.name = "events",
	.summary = "print what happens to devices, as it happens",
	.description = "Hangs, resets, memory errors, temperature, faults, and devices that come, go or change, one a line,\n"
		       "until interrupted.",
	.run = events,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
};
