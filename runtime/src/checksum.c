// SPDX-License-Identifier: MIT
/* CRC-32C: with the host's instruction where it has one, else from a table. */
#include <pthread.h>
#include <string.h>

#include "checksum.h"

#define POLYNOMIAL	0x82f63b78u	/* 0x1edc6f41, bits reversed */
#define COPY_BYTES	(16 * 1024)	/* copied, then summed while it is in the nearest cache */

static uint32_t table[256];
static uint32_t (*update)(uint32_t crc, const unsigned char *data, size_t bytes);
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t update_table(uint32_t crc, const unsigned char *data, size_t bytes)
{
	while (bytes--)
		crc = table[(crc ^ *data++) & 0xff] ^ crc >> 8;
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2")))
static uint32_t update_sse42(uint32_t crc, const unsigned char *data, size_t bytes)
{
	uint64_t wide = crc;

	for (; bytes >= 8; bytes -= 8, data += 8) {
		uint64_t word;

		memcpy(&word, data, 8);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = wide;
	while (bytes--)
		crc = __builtin_ia32_crc32qi(crc, *data++);
	return crc;
}
#endif

static void prepare(void)
{
	uint32_t i, bit;

	for (i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[i] = crc;
	}
	update = update_table;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		update = update_sse42;
#endif
}

uint32_t pumori_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	pthread_once(&once, prepare);
	return ~update(~crc, data, bytes);
}

uint32_t pumori_crc32c_table(uint32_t crc, const void *data, size_t bytes)
{
	pthread_once(&once, prepare);
	return ~update_table(~crc, data, bytes);
}

uint32_t pumori_crc32c_copy(uint32_t crc, void *destination, const void *source, size_t bytes)
{
	char *to = destination;
	const char *from = source;

	while (bytes) {
		size_t part = bytes < COPY_BYTES ? bytes : COPY_BYTES;

		memcpy(to, from, part);
		crc = pumori_crc32c(crc, to, part);
		to += part;
		from += part;
		bytes -= part;
	}
	return crc;
}
