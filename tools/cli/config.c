// SPDX-License-Identifier: MIT
/* pumori config: settings of the driver and of devices, and changing those that can be changed */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "record.h"
#include "render.h"
#include "sample.h"

#define PARAMETERS	"%s/sys/module/pumori/parameters"
#define VALUE_BYTES	256

/* Settings of a device, relative to its folder in sysfs. */
static const struct {
	const char *name;
	const char *file;
	const char *help;
} device_settings[] = {
	{ "power.control", "device/power/control", "auto: suspend when idle; on: never" },
	{ "power.autosuspend_delay_ms", "device/power/autosuspend_delay_ms", "idle time before suspending" },
	{ "power.runtime_status", "device/power/runtime_status", "active or suspended" },
	{ "sriov_numvfs", "device/sriov_numvfs", "virtual functions" },
};

static bool read_setting(const char *path, char value[VALUE_BYTES])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (file < 0)
		return false;
	length = read(file, value, VALUE_BYTES - 1);
	close(file);
	if (length < 0)
		return false;
	while (length && isspace((unsigned char)value[length - 1]))
		length--;
	value[length] = '\0';
	return true;
}

static void record_setting(struct record *record, const char *scope, const char *name, const char *path,
			   const char *help)
{
	char value[VALUE_BYTES];
	struct record *row;

	if (access(path, F_OK))
		return;
	row = record_append(record, "settings");
	record_string(row, "scope", scope);
	record_string(row, "name", name);
	record_string(row, "value", read_setting(path, value) ? value : NULL);
	record_bool(row, "writable", !access(path, W_OK));
	record_string(row, "path", path);
	record_string(row, "help", help);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void record_parameters(struct record *record)
{
	char folder[PATH_MAX / 2], path[PATH_MAX];
	struct dirent **names;
	int count;

	snprintf(folder, sizeof(folder), PARAMETERS, cli_root());
	count = scandir(folder, &names, NULL, by_name);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			record_setting(record, "driver", names[i]->d_name, path, "parameter of the module");
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static void device_setting_path(char path[PATH_MAX], const struct pumori_telemetry_device *device, size_t setting)
{
	snprintf(path, PATH_MAX, "%s/sys/class/accel/accel%" PRIu64 "/%s", cli_root(), device->index,
		 device_settings[setting].file);
}

static void record_device(struct record *record, const struct pumori_telemetry_device *device)
{
	char path[PATH_MAX], scope[32];

	snprintf(scope, sizeof(scope), "accel%" PRIu64, device->index);
	for (size_t i = 0; i < sizeof(device_settings) / sizeof(device_settings[0]); i++) {
		device_setting_path(path, device, i);
		record_setting(record, scope, device_settings[i].name, path, device_settings[i].help);
	}
}

/* What the environment says to the library. */
static void record_environment(struct record *record)
{
	static const char *const names[] = { "PUMORI_DEVICE", "PUMORI_KERNELS", "PUMORI_TELEMETRY_ROOT" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct record *row;

		if (!getenv(names[i]))
			continue;
		row = record_append(record, "settings");
		record_string(row, "scope", "environment");
		record_string(row, "name", names[i]);
		record_string(row, "value", getenv(names[i]));
		record_bool(row, "writable", false);
		record_null(row, "path");
		record_string(row, "help", "variable of the environment");
	}
}

static int write_setting(const char *path, const char *name, const char *value)
{
	int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), error = 0;

	if (file < 0) {
		error = errno;
	} else {
		if (write(file, value, strlen(value)) != (ssize_t)strlen(value))
			error = errno ? errno : EIO;
		close(file);
	}
	if (error == EACCES || error == EPERM)
		return cli_fail(CLI_PERMISSION, "may not set %s: %s; try as root", name, strerror(error));
	if (error == EINVAL || error == ERANGE)
		return cli_fail(CLI_USAGE, "'%s' is no value for %s; 'pumori config' shows the present one", value, name);
	if (error)
		return cli_fail(CLI_UNSUPPORTED, "cannot set %s: %s; 'pumori config' shows what can be set", name,
				strerror(error));
	return CLI_OK;
}

static int set(const struct cli_sample *sample, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char name[64], path[PATH_MAX];
	int code = CLI_OK;
	bool found = false;

	if (!equals || equals == assignment || (size_t)(equals - assignment) >= sizeof(name))
		return cli_fail(CLI_USAGE, "a setting is NAME=VALUE, not '%s'", assignment);
	snprintf(name, sizeof(name), "%.*s", (int)(equals - assignment), assignment);
	for (size_t s = 0; s < sizeof(device_settings) / sizeof(device_settings[0]); s++)
		for (size_t i = 0; i < sample->count && !strcmp(device_settings[s].name, name) && code == CLI_OK; i++) {
			device_setting_path(path, &sample->devices[i].info, s);
			code = write_setting(path, name, equals + 1);
			found = true;
		}
	if (found || code != CLI_OK)
		return code;
	snprintf(path, sizeof(path), PARAMETERS "/%s", cli_root(), name);
	if (!strchr(name, '/') && !access(path, F_OK) && access(path, W_OK))
		return cli_fail(CLI_UNSUPPORTED, "%s can only be set when the driver is loaded: "
				"'modprobe -r pumori && modprobe pumori %s'", name, assignment);
	if (!strchr(name, '/') && !access(path, F_OK))
		return write_setting(path, name, equals + 1);
	return cli_fail(CLI_USAGE, "no setting '%s'; 'pumori config' lists them", name);
}

static int config(const struct cli_call *call)
{
	static const struct cli_column columns[] = {
		{ "scope", "SCOPE", CLI_FORMAT_PLAIN },
		{ "name", "NAME", CLI_FORMAT_PLAIN },
		{ "value", "VALUE", CLI_FORMAT_PLAIN },
		{ "writable", "WRITABLE", CLI_FORMAT_PLAIN },
		{ "help", "MEANING", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { "settings", NULL, columns };
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	struct record *record;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	record = record_create();
	code = record ? cli_sample_take(call->globals, telemetry, 0, &sample) : cli_fail_memory();
	if (code == CLI_OK) {
		for (size_t i = 0; i < call->argument_count && code == CLI_OK; i++)
			code = set(&sample, call->arguments[i]);
		record_list(record, "settings");
		record_parameters(record);
		for (size_t i = 0; i < sample.count; i++)
			record_device(record, &sample.devices[i].info);
		record_environment(record);
		cli_sample_free(&sample);
	}
	if (code == CLI_OK)
		code = cli_render(call->globals, "config", record, &section, 1);
	record_destroy(record);
	pumori_telemetry_destroy(telemetry);
	return code;
}

const struct cli_command cli_command_config = {
	.name = "config",
	.arguments = "[NAME=VALUE...]",
	.summary = "show settings of driver and devices, or change them",
	.description = "With NAME=VALUE sets it, on all devices or those of -d, and shows the settings then.",
	.run = config,
	.max_arguments = 64,
	.formats = true,
};
