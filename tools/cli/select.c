// SPDX-License-Identifier: MIT
/* Which device the user means. */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "sample.h"

const char *cli_root(void)
{
	const char *root = getenv("PUMORI_TELEMETRY_ROOT");

	return root ? root : "";
}

bool cli_driver_loaded(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/module/pumori", cli_root());
	return access(path, F_OK) == 0;
}

/* DDDD:BB:DD.F, all hexadecimal */
bool cli_is_pci_address(const char *text)
{
	static const char pattern[] = "xxxx:xx:xx.x";

	if (strlen(text) != sizeof(pattern) - 1)
		return false;
	for (size_t i = 0; pattern[i]; i++)
		if (pattern[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != pattern[i])
			return false;
	return true;
}

static bool all_digits(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isdigit((unsigned char)*c))
			return false;
	return text[0] != '\0';
}

/* Serial numbers, 16 digits, and UUIDs, 32 with dashes. */
static bool is_number_or_uuid(const char *text)
{
	static const char uuid[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	size_t length = strlen(text);

	if (length != 16 && length != sizeof(uuid) - 1)
		return false;
	for (size_t i = 0; i < length; i++)
		if (length == 16 || uuid[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != '-')
			return false;
	return true;
}

/* The node of the one device that telemetry knows by that name. */
static int find_node(const char *selector, char *name, size_t bytes)
{
	const struct cli_globals globals = { .device = selector };
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	code = cli_sample_take(&globals, telemetry, 0, &sample);
	if (code == CLI_OK) {
		snprintf(name, bytes, "%s", sample.devices[0].info.node);
		cli_sample_free(&sample);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

int cli_device_resolve(const char *selector, char *name, size_t bytes)
{
	if (is_number_or_uuid(selector) || cli_is_pci_address(selector))
		return find_node(selector, name, bytes);
	if (!all_digits(selector) && selector[0] != '/' && strcmp(selector, "inproc"))
		return cli_fail(CLI_USAGE, "'%s' names no device; give an index, a path, a PCI address, a UUID, "
				"a serial number of 16 hexadecimal digits, or 'inproc'", selector);
	if (strlen(selector) >= bytes)
		return cli_fail(CLI_USAGE, "the name of the device is too long");
	strcpy(name, selector);
	return CLI_OK;
}

int cli_device_open(const struct cli_globals *globals, const struct pumori_device_options *options,
		    struct pumori_device **device)
{
	char name[256];
	int error;

	if (globals->device) {
		int code = cli_device_resolve(globals->device, name, sizeof(name));

		if (code != CLI_OK)
			return code;
	}
	error = pumori_device_open(device, globals->device ? name : NULL, options);
	if (error)
		return cli_fail_runtime(error, "cannot open device %s", globals->device ? globals->device : "(default)");
	return CLI_OK;
}
