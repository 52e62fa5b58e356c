// SPDX-License-Identifier: MIT
/* pumori validate: is everything installed rightly, from the processor to the last core? */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "cli.h"
#include "sample.h"
#include "selftest.h"

static void check_library(struct cli_checks *checks)
{
	uint32_t version = pumori_version(), built = PUMORI_VERSION_MAJOR << 16 | PUMORI_VERSION_MINOR;

	cli_check(checks, "library", "version",
		  version >> 16 == PUMORI_VERSION_MAJOR && version >= built ? CLI_CHECK_PASSED : CLI_CHECK_FAILED,
		  CLI_UNSUPPORTED, "install tool and library of one version", "%u.%u, the tool was built for %u.%u",
		  version >> 16, version & 0xffff, built >> 16, built & 0xffff);
}

/* Every kernel set that the processor can run gives the same answers in the same cycles. */
static uint64_t check_kernels(struct cli_checks *checks)
{
	static const char *const sets[] = { "generic", "avx2", "avx512" };
	uint64_t cycles = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		char subject[32];

		snprintf(subject, sizeof(subject), "kernels %s", sets[i]);
		cli_check_cores(checks, subject, "inproc", sets[i], 1, &cycles);
	}
	return cycles;
}

static bool check_driver(struct cli_checks *checks)
{
	if (!cli_driver_loaded()) {
		cli_check(checks, "driver", "loaded", CLI_CHECK_FAILED, CLI_NO_DRIVER, "modprobe pumori",
			  "the module is not there; only the chip in process can be used");
		return false;
	}
	cli_check(checks, "driver", "loaded", CLI_CHECK_PASSED, CLI_OK, NULL, "yes");
	return true;
}

/* Group and mode that the udev rule gives. */
static void check_node(struct cli_checks *checks, const char *subject, const char *node)
{
	struct group entry, *found = NULL;
	struct stat status;
	char buffer[1024];
	const char *group;

	if (stat(node, &status)) {
		cli_check(checks, subject, "node", CLI_CHECK_FAILED, CLI_NO_DEVICE, "udevadm trigger --subsystem-match=accel",
			  "%s: %s", node, strerror(errno));
		return;
	}
	group = !getgrgid_r(status.st_gid, &entry, buffer, sizeof(buffer), &found) && found ? found->gr_name : "?";
	if (access(node, R_OK | W_OK))
		cli_check(checks, subject, "node", CLI_CHECK_FAILED, CLI_PERMISSION,
			  "join the group 'render', or install the udev rule 60-pumori.rules",
			  "%s may not be opened: group %s, mode %04o", node, group, status.st_mode & 07777u);
	else
		cli_check(checks, subject, "node", CLI_CHECK_PASSED, CLI_OK, NULL, "%s, group %s, mode %04o", node, group,
			  status.st_mode & 07777u);
}

static int check_devices(const struct cli_globals *globals, struct cli_checks *checks, uint64_t *cycles)
{
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	code = cli_sample_take_any(globals, telemetry, 0, &sample);
	if (code == CLI_OK) {
		cli_check(checks, "driver", "devices", sample.count ? CLI_CHECK_PASSED : CLI_CHECK_FAILED, CLI_NO_DEVICE,
			  "the kernel log says why it found none ('dmesg')", "%zu", sample.count);
		for (size_t i = 0; i < sample.count; i++) {
			const struct pumori_telemetry_device *device = &sample.devices[i].info;
			char subject[32];

			snprintf(subject, sizeof(subject), "accel%" PRIu64, device->index);
			check_node(checks, subject, device->node);
			if (device->cores != PUMORI_UNKNOWN)
				cli_check_cores(checks, subject, device->node, NULL, (uint32_t)device->cores, cycles);
		}
		cli_sample_free(&sample);
	}
	pumori_telemetry_destroy(telemetry);
	return code;
}

static int validate(const struct cli_call *call)
{
	struct cli_checks checks = { .record = record_create() };
	struct cli_globals globals = *call->globals;
	bool in_process = globals.device && !strcmp(globals.device, "inproc");
	uint64_t cycles;
	int code = CLI_OK;

	if (!checks.record)
		return cli_fail_memory();
	check_library(&checks);
	cycles = check_kernels(&checks);
	if (!in_process && check_driver(&checks))
		code = check_devices(&globals, &checks, &cycles);
	if (code == CLI_OK)
		code = cli_checks_render(&globals, "validate", &checks);
	record_destroy(checks.record);
	return code;
}

const struct cli_command cli_command_validate = {
	.name = "validate",
	.summary = "check the whole installation",
	.description = "The library, every kernel set that the processor can run, the driver, its nodes and their permissions,\n"
		       "and a small model with known answers on each core, which must also take the cycles that the chip in\n"
		       "process takes. With '-d inproc' the driver is left out. Ends with the code of the first failure.",
	.run = validate,
	.formats = true,
};
