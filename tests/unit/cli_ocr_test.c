// SPDX-License-Identifier: MIT
/* PNG to tensor, probabilities to text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ocr/ocr.h"

struct file {
	char path[64];
};

static int make_file(void **state)
{
	struct file *file = calloc(1, sizeof(*file));
	int fd;

	if (!file)
		return -1;
	strcpy(file->path, "/tmp/pumori-png-XXXXXX");
	fd = mkstemp(file->path);
	if (fd < 0)
		return -1;
	close(fd);
	*state = file;
	return 0;
}

static int remove_file(void **state)
{
	struct file *file = *state;

	unlink(file->path);
	free(file);
	return 0;
}

static void write_png(const char *path, uint32_t format, uint32_t width, uint32_t height, const void *pixels)
{
	png_image png = { .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = format };

	assert_true(png_image_write_to_file(&png, path, 0, pixels, 0, NULL));
}

static void reads_colours_in_order(void **state)
{
	static const uint8_t rgb[] = { 10, 20, 30, 40, 50, 60 };
	const struct file *file = *state;
	struct pumori_image image;
	const char *reason;

	write_png(file->path, PNG_FORMAT_RGB, 2, 1, rgb);
	assert_int_equal(pumori_image_load_png(&image, file->path, &reason), 0);
	assert_int_equal(image.width, 2);
	assert_int_equal(image.height, 1);
	assert_int_equal(image.pixels[0], 30);
	assert_int_equal(image.pixels[1], 20);
	assert_int_equal(image.pixels[2], 10);
	assert_int_equal(image.pixels[3], 60);
	pumori_image_free(&image);
	assert_null(image.pixels);
}

static void makes_grey_and_transparent_plain(void **state)
{
	static const uint8_t grey[] = { 0, 128, 255 };
	static const uint8_t rgba[] = { 0, 0, 0, 0, 0, 0, 0, 255 };
	const struct file *file = *state;
	struct pumori_image image;
	const char *reason;

	write_png(file->path, PNG_FORMAT_GRAY, 3, 1, grey);
	assert_int_equal(pumori_image_load_png(&image, file->path, &reason), 0);
	for (unsigned int i = 0; i < 9; i++)
		assert_int_equal(image.pixels[i], grey[i / 3]);
	pumori_image_free(&image);
	write_png(file->path, PNG_FORMAT_RGBA, 2, 1, rgba);
	assert_int_equal(pumori_image_load_png(&image, file->path, &reason), 0);
	for (unsigned int i = 0; i < 6; i++)
		assert_int_equal(image.pixels[i], i < 3 ? 255 : 0);
	pumori_image_free(&image);
}

static void refuses_damaged_files(void **state)
{
	static uint8_t pixels[64 * 64 * 3];
	const struct file *file = *state;
	struct pumori_image image;
	const char *reason = NULL;
	char *bytes;
	size_t size;
	FILE *f;

	assert_int_equal(pumori_image_load_png(&image, "/nonexistent/a.png", &reason), -1);
	assert_non_null(strstr(reason, "No such file"));
	assert_int_equal(pumori_image_load_png(&image, file->path, &reason), -1);
	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)(i * i >> 3);
	write_png(file->path, PNG_FORMAT_RGB, 64, 64, pixels);
	f = fopen(file->path, "rb");
	assert_non_null(f);
	bytes = malloc(1 << 16);
	assert_non_null(bytes);
	size = fread(bytes, 1, 1 << 16, f);
	fclose(f);
	/* Cut anywhere before the image data end, flipped anywhere in the header: refused, never crashed. */
	for (size_t cut = 0; cut < size - 20; cut += size / 40 + 1) {
		f = fopen(file->path, "wb");
		assert_non_null(f);
		fwrite(bytes, 1, cut, f);
		fclose(f);
		reason = NULL;
		assert_int_equal(pumori_image_load_png(&image, file->path, &reason), -1);
		assert_non_null(reason);
		assert_null(image.pixels);
	}
	for (size_t flip = 0; flip < 33; flip++) {
		bytes[flip] ^= 0x41;
		f = fopen(file->path, "wb");
		assert_non_null(f);
		fwrite(bytes, 1, size, f);
		fclose(f);
		bytes[flip] ^= 0x41;
		assert_int_equal(pumori_image_load_png(&image, file->path, &reason), -1);
	}
	free(bytes);
}

static struct pumori_image make_image(uint32_t width, uint32_t height)
{
	struct pumori_image image = { .width = width, .height = height, .pixels = malloc((size_t)width * height * 3) };

	assert_non_null(image.pixels);
	for (size_t i = 0; i < (size_t)width * height * 3; i++)
		image.pixels[i] = (uint8_t)(i * 7 + i / 50);
	return image;
}

static void equal_size_changes_nothing(void **state)
{
	struct pumori_image image = make_image(17, 5), target;

	(void)state;
	assert_int_equal(pumori_image_resize(&target, &image, 17, 5), 0);
	assert_memory_equal(image.pixels, target.pixels, 17 * 5 * 3);
	pumori_image_free(&target);
	pumori_image_free(&image);
}

/* Against the definition, in double precision: pixel centres at half units, edges repeated. */
static void resizes_as_defined(void **state)
{
	static const uint32_t sizes[][4] = { { 17, 5, 40, 48 }, { 100, 30, 31, 7 }, { 1, 1, 9, 9 }, { 64, 2, 1, 1 },
					     { 3, 200, 320, 48 } };

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		uint32_t w = sizes[s][0], h = sizes[s][1], tw = sizes[s][2], th = sizes[s][3];
		struct pumori_image image = make_image(w, h), target;

		assert_int_equal(pumori_image_resize(&target, &image, tw, th), 0);
		for (uint32_t y = 0; y < th; y++)
			for (uint32_t x = 0; x < tw; x++)
				for (uint32_t c = 0; c < 3; c++) {
					double fx = (x + 0.5) * w / tw - 0.5, fy = (y + 0.5) * h / th - 0.5;
					double value, upper, lower;
					uint32_t x0, x1, y0, y1;

					fx = fx < 0 ? 0 : fx > w - 1 ? w - 1 : fx;
					fy = fy < 0 ? 0 : fy > h - 1 ? h - 1 : fy;
					x0 = (uint32_t)fx;
					y0 = (uint32_t)fy;
					x1 = x0 + 1 < w ? x0 + 1 : x0;
					y1 = y0 + 1 < h ? y0 + 1 : y0;
					upper = image.pixels[(y0 * w + x0) * 3 + c] * (1 - (fx - x0)) +
						image.pixels[(y0 * w + x1) * 3 + c] * (fx - x0);
					lower = image.pixels[(y1 * w + x0) * 3 + c] * (1 - (fx - x0)) +
						image.pixels[(y1 * w + x1) * 3 + c] * (fx - x0);
					value = upper * (1 - (fy - y0)) + lower * (fy - y0);
					value -= target.pixels[(y * tw + x) * 3 + c];
					assert_true(value > -0.7 && value < 0.7);
				}
		pumori_image_free(&target);
		pumori_image_free(&image);
	}
}

static void turns_by_180(void **state)
{
	struct pumori_image image = make_image(3, 3), copy = make_image(3, 3);

	(void)state;
	pumori_image_rotate_180(&image);
	for (unsigned int i = 0; i < 9; i++)
		assert_memory_equal(image.pixels + i * 3, copy.pixels + (8 - i) * 3, 3);
	pumori_image_rotate_180(&image);
	assert_memory_equal(image.pixels, copy.pixels, 27);
	pumori_image_free(&image);
	pumori_image_free(&copy);
}

static void fills_and_pads_the_tensor(void **state)
{
	struct pumori_image image = make_image(3, 4);
	float tensor[3 * 8 * 20];

	(void)state;
	for (size_t i = 0; i < 12; i++) {
		image.pixels[i * 3] = 255;	/* blue */
		image.pixels[i * 3 + 1] = 0;
		image.pixels[i * 3 + 2] = 51;
	}
	assert_int_equal(pumori_image_to_tensor(&image, 8, 20, tensor), 0);
	for (unsigned int y = 0; y < 8; y++)
		for (unsigned int x = 0; x < 20; x++) {
			float *pixel = tensor + y * 20 + x;

			/* 3 x 4 becomes 6 x 8. */
			assert_true(pixel[0] == (x < 6 ? 1.0f : 0.0f));
			assert_true(pixel[160] == (x < 6 ? -1.0f : 0.0f));
			assert_true(x < 6 ? pixel[320] > -0.61f && pixel[320] < -0.59f : pixel[320] == 0.0f);
		}
	/* Too wide: squeezed to the whole width. */
	pumori_image_free(&image);
	image = make_image(400, 4);
	memset(image.pixels, 255, 400 * 4 * 3);
	assert_int_equal(pumori_image_to_tensor(&image, 8, 20, tensor), 0);
	for (size_t i = 0; i < 3 * 8 * 20; i++)
		assert_true(tensor[i] == 1.0f);
	/* The scaled width is rounded up: 5 x 4 at height 2 takes 3 columns. */
	pumori_image_free(&image);
	image = make_image(5, 4);
	memset(image.pixels, 255, 5 * 4 * 3);
	assert_int_equal(pumori_image_to_tensor(&image, 2, 4, tensor), 0);
	assert_true(tensor[2] == 1.0f);
	assert_true(tensor[3] == 0.0f);
	pumori_image_free(&image);
}

/* One row of probabilities for each letter of @best, with the class of its digit most probable. */
static int decode(const struct pumori_dictionary *dictionary, const char *best, size_t classes, char *text, size_t bytes,
		  float *confidence)
{
	float probabilities[32 * 16];
	size_t steps = strlen(best);

	for (size_t s = 0; s < steps; s++)
		for (size_t c = 0; c < classes; c++)
			probabilities[s * classes + c] = c == (size_t)(best[s] - '0') ? 0.5f + (float)s / 64 : 0.01f;
	return pumori_text_decode(probabilities, steps, classes, dictionary, text, bytes, confidence);
}

static void decodes_greedily(void **state)
{
	static const char dict[] = "a\nb\n\xe4\xb8\xad";
	static const struct {
		const char *best;
		const char *text;
		int characters;
		float confidence;
	} rows[] = {
		{ "0000", "", 0, 0 },
		{ "1", "a", 1, 0.5f },
		{ "111", "a", 1, 0.5f },		/* repeats are one */
		{ "1011", "aa", 2, 0.5f + 1.0f / 64 },	/* parted by a blank they are two */
		{ "0123", "ab\xe4\xb8\xad", 3, 0.5f + 2.0f / 64 },
		{ "142", "a b", 3, 0.5f + 1.0f / 64 },	/* the last class is a space */
	};
	struct pumori_dictionary *dictionary;
	float confidence;
	char text[64];

	(void)state;
	assert_int_equal(pumori_dictionary_create(&dictionary, dict, sizeof(dict) - 1), 0);
	assert_int_equal(pumori_dictionary_classes(dictionary), 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(decode(dictionary, rows[i].best, 5, text, sizeof(text), &confidence), rows[i].characters);
		assert_string_equal(text, rows[i].text);
		assert_true(confidence > rows[i].confidence - 1e-6f && confidence < rows[i].confidence + 1e-6f);
	}
	assert_int_equal(decode(dictionary, "1", 6, text, sizeof(text), &confidence), -1);
	pumori_dictionary_destroy(dictionary);
}

static void cuts_between_characters(void **state)
{
	static const char dict[] = "\xe4\xb8\xad\nx\n";
	struct pumori_dictionary *dictionary;
	float confidence;
	char text[8];

	(void)state;
	assert_int_equal(pumori_dictionary_create(&dictionary, dict, sizeof(dict) - 1), 0);
	assert_int_equal(pumori_dictionary_classes(dictionary), 4);
	memset(text, 'z', sizeof(text));
	assert_int_equal(decode(dictionary, "10102", 4, text, 7, &confidence), 3);
	assert_string_equal(text, "\xe4\xb8\xad\xe4\xb8\xad");
	assert_int_equal(decode(dictionary, "212", 4, text, 4, &confidence), 3);
	assert_string_equal(text, "x");		/* what was cut is followed by nothing */
	assert_int_equal(text[7], 'z');
	assert_int_equal(decode(dictionary, "2", 4, text, 1, &confidence), 1);
	assert_string_equal(text, "");
	pumori_dictionary_destroy(dictionary);
}

static void reads_dictionaries(void **state)
{
	static const struct {
		const char *text;
		size_t classes;
	} rows[] = { { "", 2 }, { "\n", 3 }, { "a", 3 }, { "a\n", 3 }, { "a\r\nb\r\n", 4 }, { "\n\n", 4 } };
	struct pumori_dictionary *dictionary;
	float confidence;
	char text[8];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(pumori_dictionary_create(&dictionary, rows[i].text, strlen(rows[i].text)), 0);
		assert_int_equal(pumori_dictionary_classes(dictionary), rows[i].classes);
		if (i == 4) {
			assert_int_equal(decode(dictionary, "21", 4, text, sizeof(text), &confidence), 2);
			assert_string_equal(text, "ba");
		}
		pumori_dictionary_destroy(dictionary);
	}
	pumori_dictionary_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_colours_in_order, make_file, remove_file),
		cmocka_unit_test_setup_teardown(makes_grey_and_transparent_plain, make_file, remove_file),
		cmocka_unit_test_setup_teardown(refuses_damaged_files, make_file, remove_file),
		cmocka_unit_test(equal_size_changes_nothing),
		cmocka_unit_test(resizes_as_defined),
		cmocka_unit_test(turns_by_180),
		cmocka_unit_test(fills_and_pads_the_tensor),
		cmocka_unit_test(decodes_greedily),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(reads_dictionaries),
	};

	return cmocka_run_group_tests_name("ocr", tests, NULL, NULL);
}
