/* SPDX-License-Identifier: MIT */
/* Arrays in NumPy's file format (.npy, versions 1.0 to 3.0): C order, little-endian, no objects. */
#ifndef PUMORI_CLI_NPY_H
#define PUMORI_CLI_NPY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "pumori/pumori.h"

/** struct cli_npy - what the header says */
struct cli_npy {
	/** @dtype: element type */
	enum pumori_dtype dtype;
	/** @rank: dimensions */
	uint32_t rank;
	/** @shape: dimensions, outermost first */
	uint64_t shape[PUMORI_RANK_MAX];
	/** @bytes: size of the elements */
	uint64_t bytes;
	/** @data_offset: where they begin in the file */
	size_t data_offset;
};

/**
 * cli_npy_parse - read the header at the start of @data, of which @bytes are there
 * @reason: receives what is wrong, in words
 *
 * The elements themselves need not be there. Return: 0 or -1.
 */
int cli_npy_parse(struct cli_npy *npy, const void *data, size_t bytes, const char **reason);

/**
 * cli_npy_read - read the elements of a file into @destination
 * @dtype, @rank, @shape: what they must be; bf16 is read from uint16, for NumPy has no such type
 *
 * Return: 0 or -1 with a message of at most @message_bytes in @message.
 */
int cli_npy_read(const char *path, enum pumori_dtype dtype, uint32_t rank, const uint64_t *shape, void *destination,
		 char *message, size_t message_bytes);

/** cli_npy_write - write a file, version 1.0; bf16 as uint16. Return: 0 or -1 with @message */
int cli_npy_write(const char *path, enum pumori_dtype dtype, uint32_t rank, const uint64_t *shape, const void *data,
		  uint64_t bytes, char *message, size_t message_bytes);

/** cli_shape_text - "[1,3,48,320]" into @text, cut when it does not fit */
void cli_shape_text(char *text, size_t bytes, const uint64_t *shape, uint32_t rank);

#endif
