// SPDX-License-Identifier: MIT
#include "top_view.h"

#include <inttypes.h>
#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "render.h"

#define BAR_HIGH	0.8

/** struct place - where the next text goes */
struct place {
	struct cli_screen *screen;
	int row;
	int column;
	enum cli_role role;
};

static void __attribute__((format(printf, 2, 3))) put(struct place *place, const char *format, ...)
{
	char text[CLI_SCREEN_COLUMNS_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (const char *c = text; *c && place->row < place->screen->rows; c++, place->column++)
		if (place->column < place->screen->columns) {
			/* Names of processes are anything. */
			place->screen->text[place->row][place->column] = *c < ' ' || *c > '~' ? '?' : *c;
			place->screen->role[place->row][place->column] = (uint8_t)place->role;
		}
}

static void next_row(struct place *place)
{
	place->row++;
	place->column = 0;
	place->role = CLI_ROLE_PLAIN;
}

static void put_bar(struct place *place, double fraction, int width)
{
	enum cli_role before = place->role;
	int full = isnan(fraction) ? 0 : (int)(fraction * width + 0.5);

	put(place, "[");
	for (int i = 0; i < width; i++) {
		place->role = i < full ? fraction > BAR_HIGH ? CLI_ROLE_BAR_HIGH : CLI_ROLE_BAR : before;
		put(place, "%s", i < full ? "|" : " ");
	}
	place->role = before;
	put(place, "]");
}

static void put_percent(struct place *place, double fraction)
{
	if (isnan(fraction))
		put(place, "     -");
	else
		put(place, "%5.1f%%", fraction * 100);
}

static void put_scaled(struct place *place, uint64_t value, enum cli_format format, int width)
{
	char text[CLI_SCALED_BYTES];

	if (value == PUMORI_UNKNOWN)
		snprintf(text, sizeof(text), "-");
	else
		cli_format_number(text, (double)value, format);
	put(place, "%*s", width, text);
}

/* --- The history -------------------------------------------------------------------------------- */

static struct cli_top_history *history_of(struct cli_top *top, uint64_t index, uint64_t core)
{
	for (size_t i = 0; i < top->histories; i++)
		if (top->history[i].index == index && top->history[i].core == core)
			return &top->history[i];
	if (top->histories == CLI_TOP_CORES_MAX)
		return NULL;
	top->history[top->histories] = (struct cli_top_history){ .index = index, .core = core };
	return &top->history[top->histories++];
}

void cli_top_remember(struct cli_top *top)
{
	for (size_t i = 0; i < top->after.count; i++) {
		const struct cli_sampled_device *device = &top->after.devices[i];
		const struct cli_sampled_device *before = cli_sample_device(&top->before, device->info.index);

		for (size_t c = 0; before && c < device->core_count && c < before->core_count; c++) {
			const struct pumori_telemetry_core *now = &device->cores[c], *then = &before->cores[c];
			struct cli_top_history *history = history_of(top, device->info.index, now->core);

			if (!history || now->jobs == PUMORI_UNKNOWN || now->busy_ns == PUMORI_UNKNOWN ||
			    now->jobs <= then->jobs || now->busy_ns < then->busy_ns)
				continue;
			history->job_ns[history->count++ % CLI_TOP_HISTORY] =
				(double)(now->busy_ns - then->busy_ns) / (double)(now->jobs - then->jobs);
		}
	}
}

static int compare_doubles(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double cli_top_percentile(const struct cli_top_history *history, double fraction)
{
	size_t count = history->count < CLI_TOP_HISTORY ? (size_t)history->count : CLI_TOP_HISTORY;
	double sorted[CLI_TOP_HISTORY];
	size_t rank;

	if (!count)
		return NAN;
	memcpy(sorted, history->job_ns, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_doubles);
	rank = (size_t)ceil(fraction * (double)count);
	return sorted[rank ? rank - 1 : 0];
}

/* --- Devices and cores -------------------------------------------------------------------------- */

static void draw_device(struct place *place, const struct cli_top *top, const struct cli_sampled_device *device)
{
	const struct pumori_telemetry_device *info = &device->info;
	const char *state = cli_state_name(info->state);
	double used = info->hbm_bytes && info->hbm_bytes != PUMORI_UNKNOWN && info->hbm_used != PUMORI_UNKNOWN ?
		      (double)info->hbm_used / (double)info->hbm_bytes : NAN;

	place->role = info->state == PUMORI_DEVICE_RUNNING || !state ? CLI_ROLE_TITLE : CLI_ROLE_ALARM;
	put(place, "accel%-3" PRIu64 " %-9s", info->index, state ? state : "-");
	place->role = CLI_ROLE_PLAIN;
	put(place, " UTIL");
	put_percent(place, cli_device_utilisation(cli_sample_device(&top->before, info->index), device));
	put(place, "  HBM ");
	put_bar(place, used, place->screen->columns > 100 ? 20 : 8);
	put_scaled(place, info->hbm_used, CLI_FORMAT_BYTES, 9);
	put(place, "/");
	put_scaled(place, info->hbm_bytes, CLI_FORMAT_BYTES, 8);
	if (info->power_mw != PUMORI_UNKNOWN)
		put(place, " %6.2f W", (double)info->power_mw / 1000);
	if (info->temperature_mc != PUMORI_UNKNOWN_SIGNED)
		put(place, " %4.1f C", (double)info->temperature_mc / 1000);
	next_row(place);
}

static void draw_core(struct place *place, const struct cli_top *top, const struct pumori_telemetry_core *before,
		      const struct pumori_telemetry_core *core)
{
	double busy = before ? cli_core_utilisation(before, core) : NAN;
	double rate = before ? cli_rate(before->jobs, core->jobs, core->time_ns - before->time_ns) : NAN;
	int bar = place->screen->columns - 64;
	char text[CLI_SCALED_BYTES];

	put(place, "  core %-2" PRIu64 " ", core->core);
	put_bar(place, busy, bar < 4 ? 4 : bar);
	put_percent(place, busy);
	if (isnan(rate))
		put(place, "        - /s");
	else
		put(place, " %8.1f /s", rate);
	for (size_t i = 0; i < top->histories; i++) {
		const struct cli_top_history *history = &top->history[i];

		if (history->index != core->index || history->core != core->core || !history->count)
			continue;
		cli_format_number(text, cli_top_percentile(history, 0.5), CLI_FORMAT_NANOSECONDS);
		put(place, "  p50 %8s", text);
		cli_format_number(text, cli_top_percentile(history, 0.99), CLI_FORMAT_NANOSECONDS);
		put(place, "  p99 %8s", text);
	}
	next_row(place);
}

static void draw_cores(struct place *place, const struct cli_top *top)
{
	for (size_t i = 0; i < top->after.count; i++) {
		const struct cli_sampled_device *device = &top->after.devices[i];
		const struct cli_sampled_device *before = cli_sample_device(&top->before, device->info.index);

		draw_device(place, top, device);
		for (size_t c = 0; c < device->core_count; c++)
			draw_core(place, top, before && c < before->core_count ? &before->cores[c] : NULL,
				  &device->cores[c]);
		if (!device->core_count) {
			put(place, "  its counters cannot be read");
			next_row(place);
		}
	}
}

/* --- Processes ---------------------------------------------------------------------------------- */

/** struct process - a row of the table */
struct process {
	const struct pumori_telemetry_client *client;
	double utilisation;
};

/* Unknown is less than anything. */
static double key_of(const struct process *process, enum cli_top_sort sort)
{
	const struct pumori_telemetry_client *client = process->client;

	switch (sort) {
	case CLI_TOP_BY_MEMORY:
		return client->hbm_bytes == PUMORI_UNKNOWN ? -1 : (double)client->hbm_bytes;
	case CLI_TOP_BY_TIME:
		return client->busy_ns == PUMORI_UNKNOWN ? -1 : (double)client->busy_ns;
	case CLI_TOP_BY_PID:
		return -(double)client->pid;
	default:
		return isnan(process->utilisation) ? -1 : process->utilisation;
	}
}

static int compare_processes(const void *left, const void *right, void *argument)
{
	const struct process *a = left, *b = right;
	const struct cli_top *top = argument;
	double first = key_of(a, top->sort), second = key_of(b, top->sort);

	if (first != second)
		return (first < second) == !top->reversed ? 1 : -1;
	return (a->client->pid > b->client->pid) - (a->client->pid < b->client->pid);
}

static double utilisation_of(const struct cli_top *top, const struct pumori_telemetry_client *client)
{
	const struct cli_sampled_device *before = cli_sample_device(&top->before, client->index);

	for (size_t i = 0; before && i < before->client_count; i++)
		if (before->clients[i].client == client->client && before->clients[i].pid == client->pid)
			return cli_rate(before->clients[i].busy_ns, client->busy_ns,
					top->after.time_ns - top->before.time_ns) / 1e9;
	return NAN;
}

static void draw_process(struct place *place, const struct process *process)
{
	const struct pumori_telemetry_client *client = process->client;
	struct passwd *user = client->uid == PUMORI_UNKNOWN ? NULL : getpwuid((uid_t)client->uid);
	char name[24];

	if (user)
		snprintf(name, sizeof(name), "%s", user->pw_name);
	else
		snprintf(name, sizeof(name), "%" PRId64, client->uid == PUMORI_UNKNOWN ? -1 : (int64_t)client->uid);
	put(place, "%7" PRIu64 " %-9.9s accel%-3" PRIu64, client->pid, name, client->index);
	put_percent(place, process->utilisation);
	put_scaled(place, client->hbm_bytes, CLI_FORMAT_BYTES, 10);
	put_scaled(place, client->host_bytes, CLI_FORMAT_BYTES, 10);
	put_scaled(place, client->busy_ns, CLI_FORMAT_NANOSECONDS, 9);
	put(place, " %s", client->command[0] ? client->command : "-");
	next_row(place);
}

static void draw_processes(struct place *place, const struct cli_top *top, int last_row)
{
	static const char *const sorts[] = { "UTIL", "HBM", "TIME", "PID" };
	struct process *processes;
	size_t count = 0, capacity = 1;

	for (size_t i = 0; i < top->after.count; i++)
		capacity += top->after.devices[i].client_count;
	processes = calloc(capacity, sizeof(*processes));
	for (size_t i = 0; processes && i < top->after.count; i++)
		for (size_t k = 0; k < top->after.devices[i].client_count; k++) {
			const struct pumori_telemetry_client *client = &top->after.devices[i].clients[k];

			if (client->pid != (uint64_t)getpid())
				processes[count++] = (struct process){ client, utilisation_of(top, client) };
		}
	if (count)
		qsort_r(processes, count, sizeof(*processes), compare_processes, (void *)top);
	place->role = CLI_ROLE_HEADING;
	put(place, "    PID USER      DEVICE     UTIL       HBM      HOST     TIME COMMAND");
	put(place, "%*s", place->screen->columns, "");
	place->column = place->screen->columns - 12 > 70 ? place->screen->columns - 12 : 70;
	put(place, "by %s %s", sorts[top->sort], top->reversed ? "^" : "");
	next_row(place);
	for (size_t i = top->scroll; i < count && place->row < last_row; i++)
		draw_process(place, &processes[i]);
	if (!count)
		put(place, "no process uses a device, or none that you may see");
	free(processes);
}

/* --- The screen --------------------------------------------------------------------------------- */

static void clear(struct cli_screen *screen, int rows, int columns)
{
	screen->rows = rows < 1 ? 1 : rows > CLI_SCREEN_ROWS_MAX ? CLI_SCREEN_ROWS_MAX : rows;
	screen->columns = columns < 1 ? 1 : columns > CLI_SCREEN_COLUMNS_MAX ? CLI_SCREEN_COLUMNS_MAX : columns;
	for (int r = 0; r < screen->rows; r++) {
		memset(screen->text[r], ' ', (size_t)screen->columns);
		screen->text[r][screen->columns] = '\0';
		memset(screen->role[r], CLI_ROLE_PLAIN, (size_t)screen->columns);
	}
}

void cli_top_draw(struct cli_screen *screen, const struct cli_top *top, int rows, int columns)
{
	static const char *const pages[] = { "all", "cores", "processes" };
	struct place place = { .screen = screen, .role = CLI_ROLE_TITLE };
	int last_row;

	clear(screen, rows, columns);
	last_row = screen->rows - 1;
	put(&place, "pumori top  %zu device%s  %s", top->after.count, top->after.count == 1 ? "" : "s", pages[top->page]);
	place.column = screen->columns - 24 > place.column ? screen->columns - 24 : place.column + 2;
	put(&place, "every %g s  %s", (double)top->period_ms / 1000, top->clock);
	next_row(&place);
	if (!top->after.count) {
		put(&place, "No device.");
		next_row(&place);
	}
	if (top->page != CLI_TOP_PROCESSES) {
		draw_cores(&place, top);
		next_row(&place);
	}
	if (top->page != CLI_TOP_CORES && place.row < last_row)
		draw_processes(&place, top, last_row);
	/* The keys stand over whatever reached the last row. */
	if (screen->rows > 1) {
		memset(screen->text[last_row], ' ', (size_t)screen->columns);
		memset(screen->role[last_row], CLI_ROLE_PLAIN, (size_t)screen->columns);
		place = (struct place){ screen, last_row, 0, CLI_ROLE_KEYS };
		put(&place, "q quit  Tab page  s sort  r reverse  up/down scroll  +/- period  Space now");
	}
}
