// SPDX-License-Identifier: MIT
/* CRC-32C (Castagnoli, reflected), a byte at a time from a table made on first use of a call. */
#include "passes.h"

#define POLYNOMIAL 0x82f63b78u

uint32_t pumori_section_crc(const void *data, size_t bytes)
{
	const uint8_t *byte = data;
	uint32_t table[256], crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned int bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ POLYNOMIAL : table[i] >> 1;
	}
	while (bytes--)
		crc = crc >> 8 ^ table[(crc ^ *byte++) & 0xff];
	return ~crc;
}
