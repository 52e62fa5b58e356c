// SPDX-License-Identifier: MIT
/* Which device the user means. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"

bool cli_driver_loaded(void)
{
	return access("/sys/module/pumori", F_OK) == 0;
}

int cli_device_list(struct pumori_device_info **infos)
{
	struct pumori_device_info *list = NULL;
	size_t capacity = 0;

	*infos = NULL;
	for (;;) {
		int found = pumori_device_list(list, capacity);

		if (found < 0 || (size_t)found <= capacity) {
			if (found <= 0) {
				free(list);
				list = NULL;
			}
			*infos = list;
			return found;
		}
		/* A device may appear between two calls, hence the loop. */
		free(list);
		capacity = (size_t)found;
		list = calloc(capacity, sizeof(*list));
		if (!list)
			return PUMORI_ERROR_MEMORY;
		for (size_t i = 0; i < capacity; i++)
			list[i].size = sizeof(*list);
	}
}

/* DDDD:BB:DD.F, all hexadecimal */
static bool is_pci_address(const char *text)
{
	static const char pattern[] = "xxxx:xx:xx.x";

	if (strlen(text) != sizeof(pattern) - 1)
		return false;
	for (size_t i = 0; pattern[i]; i++)
		if (pattern[i] == 'x' ? !isxdigit((unsigned char)text[i]) : text[i] != pattern[i])
			return false;
	return true;
}

bool cli_device_pci_address(int32_t index, char *address, size_t bytes)
{
	char path[64];
	char target[256];
	const char *name;
	ssize_t length;

	if (index < 0)
		return false;
	snprintf(path, sizeof(path), "/sys/class/accel/accel%d/device", (int)index);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return false;
	target[length] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (!is_pci_address(name) || strlen(name) >= bytes)
		return false;
	strcpy(address, name);
	return true;
}

static bool all_digits(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!isdigit((unsigned char)*c))
			return false;
	return text[0] != '\0';
}

/* A serial number is printed, and taken, as 16 hexadecimal digits. */
static bool parse_serial(const char *text, uint64_t *serial)
{
	char *end;

	if (strlen(text) != 16)
		return false;
	for (const char *c = text; *c; c++)
		if (!isxdigit((unsigned char)*c))
			return false;
	errno = 0;
	*serial = strtoull(text, &end, 16);
	return !errno && !*end;
}

int cli_device_resolve(const char *selector, char *name, size_t bytes)
{
	struct pumori_device_info *infos;
	uint64_t serial = 0;
	bool by_serial = parse_serial(selector, &serial);
	bool by_pci = is_pci_address(selector);
	int count, code = CLI_NO_DEVICE;

	if (!by_serial && !by_pci) {
		if (!all_digits(selector) && selector[0] != '/' && strcmp(selector, "inproc"))
			return cli_fail(CLI_USAGE, "'%s' names no device; give an index, a path, a PCI address, "
					"a serial number of 16 hexadecimal digits, or 'inproc'", selector);
		if (strlen(selector) >= bytes)
			return cli_fail(CLI_USAGE, "the name of the device is too long");
		strcpy(name, selector);
		return CLI_OK;
	}

	count = cli_device_list(&infos);
	if (count < 0)
		return cli_fail_runtime(count, "cannot list the devices");
	for (int i = 0; i < count && code != CLI_OK; i++) {
		char address[16];

		if ((by_serial && infos[i].serial == serial) ||
		    (by_pci && cli_device_pci_address(infos[i].index, address, sizeof(address)) &&
		     !strcasecmp(address, selector))) {
			snprintf(name, bytes, "%s", infos[i].path);
			code = CLI_OK;
		}
	}
	free(infos);
	if (code != CLI_OK && !cli_driver_loaded())
		return cli_fail(CLI_NO_DRIVER, "no device '%s': the driver is not loaded; try 'modprobe pumori'", selector);
	if (code != CLI_OK)
		return cli_fail(code, "no device '%s'; 'pumori ls' lists the devices", selector);
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
