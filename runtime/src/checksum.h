/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli), the checksum of an executable's sections. */
#ifndef PUMORI_RUNTIME_CHECKSUM_H
#define PUMORI_RUNTIME_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/** pumori_crc32c - continue a checksum that starts as 0 */
uint32_t pumori_crc32c(uint32_t crc, const void *data, size_t bytes);

/** pumori_crc32c_copy - same, while copying @source to @destination: every byte is read once */
uint32_t pumori_crc32c_copy(uint32_t crc, void *destination, const void *source, size_t bytes);

/** pumori_crc32c_table - the implementation for hosts without the instruction; same result */
uint32_t pumori_crc32c_table(uint32_t crc, const void *data, size_t bytes);

#endif
