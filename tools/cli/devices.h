/* SPDX-License-Identifier: MIT */
/* Devices as records. */
#ifndef PUMORI_CLI_DEVICES_H
#define PUMORI_CLI_DEVICES_H

#include "record.h"

struct cli_globals;
struct pumori_device_info;

/** cli_device_record - put what is known of a device into @record; NULL does nothing */
void cli_device_record(struct record *record, const struct pumori_device_info *info);
/**
 * cli_devices_record - put all devices of this machine into the list "devices" of @record
 *
 * Return: number of devices, or a negative PUMORI_ERROR_*.
 */
int cli_devices_record(struct record *record);
/** cli_devices_render - print the list that cli_devices_record() made. Return: an exit code */
int cli_devices_render(const struct cli_globals *globals, const char *command, const struct record *record);
/** cli_features_record - put the names of PUMORI_HW_FEATURE_* bits into the list @key */
void cli_features_record(struct record *record, const char *key, uint64_t features);
/** cli_info_device - `pumori info` of one device. Return: an exit code */
int cli_info_device(const struct cli_globals *globals);

#endif
