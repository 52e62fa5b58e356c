// SPDX-License-Identifier: MIT
/* .npy files: what NumPy writes is read, what is damaged is refused with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "npy.h"

#define FILE_BYTES 8192

/* A file in memory with @header as it stands; returns its size. */
static size_t make_file(char *file, int version, const char *header)
{
	size_t length = strlen(header);
	size_t start = version == 1 ? 10 : 12;

	memcpy(file, "\x93NUMPY", 6);
	file[6] = (char)version;
	file[7] = 0;
	file[8] = (char)length;
	file[9] = (char)(length >> 8);
	if (version != 1) {
		file[10] = (char)(length >> 16);
		file[11] = (char)(length >> 24);
	}
	memcpy(file + start, header, length);
	return start + length;
}

static void assert_refused(const char *header, const char *reason_part)
{
	char file[FILE_BYTES];
	struct cli_npy npy;
	const char *reason = NULL;
	size_t bytes = make_file(file, 1, header);

	assert_int_equal(cli_npy_parse(&npy, file, bytes, &reason), -1);
	assert_non_null(strstr(reason, reason_part));
}

static void reads_versions_and_types(void **state)
{
	static const struct {
		const char *descr;
		enum pumori_dtype dtype;
		size_t size;
	} rows[] = {
		{ "<f4", PUMORI_FP32, 4 }, { "<f2", PUMORI_FP16, 2 }, { "|i1", PUMORI_INT8, 1 }, { "|u1", PUMORI_UINT8, 1 },
		{ "<i2", PUMORI_INT16, 2 }, { "<u2", PUMORI_UINT16, 2 }, { "<i4", PUMORI_INT32, 4 },
		{ "<u4", PUMORI_UINT32, 4 }, { "<i8", PUMORI_INT64, 8 }, { "<u8", PUMORI_UINT64, 8 }, { "|b1", PUMORI_BOOL, 1 },
	};
	char file[FILE_BYTES], header[256];
	struct cli_npy npy;
	const char *reason;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int version = 1; version <= 3; version++) {
			size_t bytes;

			snprintf(header, sizeof(header), "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }   \n",
				 rows[i].descr);
			bytes = make_file(file, version, header);
			assert_int_equal(cli_npy_parse(&npy, file, bytes, &reason), 0);
			assert_int_equal(npy.dtype, rows[i].dtype);
			assert_int_equal(npy.rank, 2);
			assert_int_equal(npy.shape[0], 2);
			assert_int_equal(npy.shape[1], 3);
			assert_int_equal(npy.bytes, 6 * rows[i].size);
			assert_int_equal(npy.data_offset, bytes);
		}
}

static void reads_shapes(void **state)
{
	static const struct {
		const char *text;
		uint32_t rank;
		uint64_t elements;
	} rows[] = {
		{ "()", 0, 1 }, { "(7,)", 1, 7 }, { "(7L,)", 1, 7 }, { "(2, 0, 3)", 3, 0 }, { "(1,2,3,4,5,6,7,8)", 8, 40320 },
	};
	char file[FILE_BYTES], header[256];
	struct cli_npy npy;
	const char *reason;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(header, sizeof(header), "{\"shape\": %s, \"fortran_order\": False, \"descr\": \"<f4\"}", rows[i].text);
		assert_int_equal(cli_npy_parse(&npy, file, make_file(file, 1, header), &reason), 0);
		assert_int_equal(npy.rank, rows[i].rank);
		assert_int_equal(npy.bytes, rows[i].elements * 4);
	}
}

static void refuses_what_is_damaged(void **state)
{
	(void)state;
	assert_refused("", "damaged");
	assert_refused("{", "damaged");
	assert_refused("{'descr': '<f4', 'fortran_order': False}", "damaged");
	assert_refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "damaged");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "damaged");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", "damaged");
	assert_refused("{'descr': '<f4', 'fortran_order': Perhaps, 'shape': (1,)}", "damaged");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1", "shape");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "shape");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}", "shape");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "shape");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "dimensions");
	assert_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "larger");
	assert_refused("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "Fortran");
	assert_refused("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "big-endian");
	assert_refused("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "double");
	assert_refused("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "type");
	assert_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "type");
	assert_refused("{'descr': '<f4", "type");
}

static void refuses_every_cut(void **state)
{
	char file[FILE_BYTES];
	size_t bytes = make_file(file, 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n");
	struct cli_npy npy;
	const char *reason;

	(void)state;
	assert_int_equal(cli_npy_parse(&npy, file, bytes, &reason), 0);
	for (size_t i = 0; i < bytes; i++) {
		/* A copy of exactly that size, so that a sanitizer sees every byte read beyond. */
		char *cut = malloc(i ? i : 1);

		assert_non_null(cut);
		memcpy(cut, file, i);
		assert_int_equal(cli_npy_parse(&npy, cut, i, &reason), -1);
		free(cut);
	}
	file[6] = 9;
	assert_int_equal(cli_npy_parse(&npy, file, bytes, &reason), -1);
	assert_non_null(strstr(reason, "version"));
}

static void survives_flipped_bytes(void **state)
{
	char file[FILE_BYTES];
	size_t bytes = make_file(file, 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n");
	unsigned int accepted = 0;

	(void)state;
	for (size_t i = 0; i < bytes; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct cli_npy npy;
			const char *reason = NULL;

			file[i] ^= (char)(1 << bit);
			if (cli_npy_parse(&npy, file, bytes, &reason) == 0) {
				accepted++;
				assert_true(npy.data_offset <= bytes);
			} else {
				assert_non_null(reason);
			}
			file[i] ^= (char)(1 << bit);
		}
	/* Minor version, digits of the shape, type letters, spaces may change; nearly all else may not. */
	assert_in_range(accepted, 1, 60);
}

struct folder {
	char path[64];
	char file[96];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return -1;
	strcpy(folder->path, "/tmp/pumori-npy-XXXXXX");
	if (!mkdtemp(folder->path))
		return -1;
	snprintf(folder->file, sizeof(folder->file), "%s/a.npy", folder->path);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	rmdir(folder->path);
	free(folder);
	return 0;
}

static void writes_what_it_reads(void **state)
{
	static const uint64_t shapes[][4] = { { 0 }, { 6 }, { 2, 3 }, { 1, 2, 3, 1 } };
	static const uint32_t ranks[] = { 0, 1, 2, 4 };
	struct folder *folder = *state;
	float data[6] = { 1.5f, -2, 0, 3e30f, -0.0f, 1e-40f };
	float back[6];
	char message[200];

	for (size_t i = 0; i < 4; i++) {
		uint64_t bytes = i ? sizeof(data) : sizeof(data[0]);

		memset(back, 0xff, sizeof(back));
		assert_int_equal(cli_npy_write(folder->file, PUMORI_FP32, ranks[i], shapes[i], data, bytes, message,
					       sizeof(message)), 0);
		assert_int_equal(cli_npy_read(folder->file, PUMORI_FP32, ranks[i], shapes[i], back, message,
					      sizeof(message)), 0);
		assert_memory_equal(data, back, bytes);
	}
}

static void aligns_the_elements(void **state)
{
	struct folder *folder = *state;
	uint64_t shape[8];
	char message[200], header[1024];
	uint8_t byte[1] = { 1 };

	for (size_t i = 0; i < 8; i++)
		shape[i] = 1;
	for (uint32_t rank = 0; rank <= 8; rank++) {
		struct cli_npy npy;
		const char *reason;
		FILE *file;
		size_t bytes;

		assert_int_equal(cli_npy_write(folder->file, PUMORI_UINT8, rank, shape, byte, 1, message,
					       sizeof(message)), 0);
		file = fopen(folder->file, "rb");
		assert_non_null(file);
		bytes = fread(header, 1, sizeof(header), file);
		fclose(file);
		assert_int_equal(cli_npy_parse(&npy, header, bytes, &reason), 0);
		assert_int_equal(npy.data_offset % 64, 0);
		assert_int_equal(npy.data_offset + 1, bytes);
		assert_int_equal(header[npy.data_offset - 1], '\n');
	}
}

static void says_what_does_not_fit(void **state)
{
	struct folder *folder = *state;
	uint64_t shape[2] = { 2, 3 }, other[2] = { 3, 2 };
	float data[6] = { 0 };
	char message[200];
	FILE *file;

	assert_int_equal(cli_npy_read(folder->file, PUMORI_FP32, 2, shape, data, message, sizeof(message)), -1);
	assert_non_null(strstr(message, "No such file"));
	assert_int_equal(cli_npy_write(folder->file, PUMORI_FP32, 2, shape, data, sizeof(data), message,
				       sizeof(message)), 0);
	assert_int_equal(cli_npy_read(folder->file, PUMORI_INT32, 2, shape, data, message, sizeof(message)), -1);
	assert_non_null(strstr(message, "fp32"));
	assert_non_null(strstr(message, "int32"));
	assert_int_equal(cli_npy_read(folder->file, PUMORI_FP32, 2, other, data, message, sizeof(message)), -1);
	assert_non_null(strstr(message, "[2,3]"));
	assert_non_null(strstr(message, "[3,2]"));
	file = fopen(folder->file, "ab");
	assert_non_null(file);
	fputc(0, file);
	fclose(file);
	assert_int_equal(cli_npy_read(folder->file, PUMORI_FP32, 2, shape, data, message, sizeof(message)), -1);
	assert_non_null(strstr(message, "goes on"));
	assert_int_equal(truncate(folder->file, 130), 0);
	assert_int_equal(cli_npy_read(folder->file, PUMORI_FP32, 2, shape, data, message, sizeof(message)), -1);
	assert_non_null(strstr(message, "cut off"));
	assert_int_equal(cli_npy_write(folder->file, PUMORI_FP8E4M3, 2, shape, data, 6, message, sizeof(message)), -1);
}

static void carries_bf16_as_uint16(void **state)
{
	struct folder *folder = *state;
	uint64_t shape[1] = { 2 };
	uint16_t data[2] = { 0x3f80, 0xc000 }, back[2] = { 0 };
	char message[200];

	assert_int_equal(cli_npy_write(folder->file, PUMORI_BF16, 1, shape, data, 4, message, sizeof(message)), 0);
	assert_int_equal(cli_npy_read(folder->file, PUMORI_UINT16, 1, shape, back, message, sizeof(message)), 0);
	assert_memory_equal(data, back, sizeof(data));
	memset(back, 0, sizeof(back));
	assert_int_equal(cli_npy_read(folder->file, PUMORI_BF16, 1, shape, back, message, sizeof(message)), 0);
	assert_memory_equal(data, back, sizeof(data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_versions_and_types),
		cmocka_unit_test(reads_shapes),
		cmocka_unit_test(refuses_what_is_damaged),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(survives_flipped_bytes),
		cmocka_unit_test_setup_teardown(writes_what_it_reads, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(aligns_the_elements, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(says_what_does_not_fit, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(carries_bf16_as_uint16, make_folder, remove_folder),
	};

	return cmocka_run_group_tests_name("npy", tests, NULL, NULL);
}
