/* SPDX-License-Identifier: MIT */
/* Devices as records. */
#ifndef PUMORI_CLI_DEVICES_H
#define PUMORI_CLI_DEVICES_H

#include "record.h"

struct cli_globals;
struct pumori_telemetry_device;

/** cli_device_record - put what is known of a device into @record; NULL does nothing */
void cli_device_record(struct record *record, const struct pumori_telemetry_device *device);
/** cli_features_record - put the names of PUMORI_HW_FEATURE_* bits into the list @key */
void cli_features_record(struct record *record, const char *key, uint64_t features);
/** cli_info_device - `pumori info` of one device. Return: an exit code */
int cli_info_device(const struct cli_globals *globals);

#endif
