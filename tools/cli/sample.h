/* SPDX-License-Identifier: MIT */
/* Devices with their cores and users, as telemetry shows them at one moment. */
#ifndef PUMORI_CLI_SAMPLE_H
#define PUMORI_CLI_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pumori/telemetry.h"

struct cli_globals;
struct record;

/** struct cli_sampled_device - one device of a sample */
struct cli_sampled_device {
	struct pumori_telemetry_device info;
	/** @cores: counters; NULL when @core_error */
	struct pumori_telemetry_core *cores;
	size_t core_count;
	/** @core_error: why there are no counters, or 0 */
	int core_error;
	/** @clients: who uses it */
	struct pumori_telemetry_client *clients;
	size_t client_count;
};

/** struct cli_sample - what was seen */
struct cli_sample {
	struct cli_sampled_device *devices;
	size_t count;
	/** @time_ns: CLOCK_MONOTONIC when it was taken */
	uint64_t time_ns;
};

/* What to ask for beside the devices. */
#define CLI_SAMPLE_CORES	(1u << 0)
#define CLI_SAMPLE_CLIENTS	(1u << 1)

/** cli_telemetry_open - a handle; prints why not. Return: an exit code */
int cli_telemetry_open(struct pumori_telemetry **telemetry);
/**
 * cli_sample_take - look at all devices, or those that -d names (a list with commas)
 * @what: CLI_SAMPLE_*
 *
 * That there is no device, or not the one asked for, is printed. Return: an exit code, nothing to free on failure
 */
int cli_sample_take(const struct cli_globals *globals, struct pumori_telemetry *telemetry, unsigned int what,
		    struct cli_sample *sample);
/** cli_sample_take_any - the same, but no device is no error: the sample is empty then */
int cli_sample_take_any(const struct cli_globals *globals, struct pumori_telemetry *telemetry, unsigned int what,
			struct cli_sample *sample);
void cli_sample_free(struct cli_sample *sample);
/** cli_sample_device - the device of @index, or NULL */
const struct cli_sampled_device *cli_sample_device(const struct cli_sample *sample, uint64_t index);

/** cli_fail_no_device - says that there is none, and why. Return: the exit code */
int cli_fail_no_device(void);

/** cli_fail_no_family - says that the driver's netlink family is not there. Return: the exit code */
int cli_fail_no_family(void);

/** cli_rate - increase of a counter a second between two readings @elapsed_ns apart; NAN when it is not known */
double cli_rate(uint64_t before, uint64_t after, uint64_t elapsed_ns);
/** cli_core_utilisation - part of the time between two readings that a core had work, 0 to 1; NAN when not known */
double cli_core_utilisation(const struct pumori_telemetry_core *before, const struct pumori_telemetry_core *after);
/** cli_device_utilisation - the mean of a device's cores; NAN when not known */
double cli_device_utilisation(const struct cli_sampled_device *before, const struct cli_sampled_device *after);

/** cli_state_name - of enum pumori_telemetry_state; NULL for unknown */
const char *cli_state_name(uint64_t state);
/** cli_record_known - a number, or null when it is PUMORI_UNKNOWN */
void cli_record_known(struct record *record, const char *key, uint64_t value);
/** cli_record_scaled - @value / @divisor as a fraction, or null */
void cli_record_scaled(struct record *record, const char *key, uint64_t value, double divisor);
/** cli_record_version - major << 16 | minor, or null */
void cli_record_version(struct record *record, const char *key, uint64_t version);
/** cli_record_text - a string, or null when it is empty */
void cli_record_text(struct record *record, const char *key, const char *text);

/** cli_pause - sleep; whole when signals come in between */
void cli_pause(uint64_t nanoseconds);

#endif
