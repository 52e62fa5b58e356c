/* SPDX-License-Identifier: MIT */
/* Running an executable through libpumori; apart from the rest because both have a pumori_tensor. */
#ifndef PUMORI_CONFORMANCE_EXECUTE_H
#define PUMORI_CONFORMANCE_EXECUTE_H

#include <stddef.h>

struct execute_value {
	const char *name;
	const void *data;
	size_t bytes;
};

/*
 * Load the executable on the device that PUMORI_DEVICE names (in process by default), run it once
 * and copy output @i, whose size must be outputs[i].bytes, to outputs[i].data's memory. Returns 0,
 * or negative with the reason in @text.
 */
int conformance_execute(const char *path, const struct execute_value *inputs, size_t input_count,
			const struct execute_value *outputs, size_t output_count, char *text,
			size_t size);

#endif
