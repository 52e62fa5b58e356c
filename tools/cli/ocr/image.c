// SPDX-License-Identifier: MIT
#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocr.h"

#define SIDE_MAX	65535u		/* pixels in a row or column */
#define PIXELS_MAX	(1u << 26)	/* of a file: 192 MiB decoded */
#define WEIGHT_BITS	11		/* of the bilinear weights, as OpenCV has them */

int pumori_image_load_png(struct pumori_image *image, const char *path, const char **reason)
{
	static _Thread_local char message[64];
	const png_color white = { 255, 255, 255 };
	png_image png = { .version = PNG_IMAGE_VERSION };
	FILE *file = fopen(path, "rbe");
	uint8_t *pixels = NULL;

	memset(image, 0, sizeof(*image));
	if (!file) {
		*reason = strerror(errno);
		return -1;
	}
	if (!png_image_begin_read_from_stdio(&png, file)) {
		snprintf(message, sizeof(message), "%s", png.message);
		*reason = message;
		fclose(file);
		return -1;
	}
	png.format = PNG_FORMAT_BGR;
	if (png.width > SIDE_MAX || png.height > SIDE_MAX || (uint64_t)png.width * png.height > PIXELS_MAX) {
		*reason = "the image is too large";
	} else {
		pixels = malloc(PNG_IMAGE_SIZE(png));
		*reason = "out of host memory";
	}
	if (pixels && png_image_finish_read(&png, &white, pixels, 0, NULL)) {
		image->width = png.width;
		image->height = png.height;
		image->pixels = pixels;
		fclose(file);
		return 0;
	}
	if (pixels) {
		snprintf(message, sizeof(message), "%s", png.message);
		*reason = message;
	}
	free(pixels);
	png_image_free(&png);
	fclose(file);
	return -1;
}

void pumori_image_free(struct pumori_image *image)
{
	free(image->pixels);
	memset(image, 0, sizeof(*image));
}

void pumori_image_rotate_180(struct pumori_image *image)
{
	size_t count = (size_t)image->width * image->height;

	for (size_t i = 0; i < count / 2; i++) {
		uint8_t pixel[3];
		uint8_t *a = image->pixels + i * 3;
		uint8_t *b = image->pixels + (count - 1 - i) * 3;

		memcpy(pixel, a, 3);
		memcpy(a, b, 3);
		memcpy(b, pixel, 3);
	}
}

/* Where a target row or column comes from: two neighbours and the weight of the second. */
struct tap {
	uint32_t first;
	uint32_t second;
	uint32_t weight;
};

static void make_taps(struct tap *taps, uint32_t from, uint32_t to)
{
	double scale = (double)from / to;

	/* Centres of pixels lie at half units; beyond the outermost centres the edge repeats. */
	for (uint32_t i = 0; i < to; i++) {
		double at = (i + 0.5) * scale - 0.5;
		uint32_t whole;

		if (at < 0)
			at = 0;
		whole = (uint32_t)at;
		if (whole >= from - 1) {
			taps[i] = (struct tap){ from - 1, from - 1, 0 };
			continue;
		}
		taps[i].first = whole;
		taps[i].second = whole + 1;
		taps[i].weight = (uint32_t)((at - whole) * (1 << WEIGHT_BITS) + 0.5);
	}
}

int pumori_image_resize(struct pumori_image *target, const struct pumori_image *source, uint32_t width,
			uint32_t height)
{
	const uint32_t one = 1u << WEIGHT_BITS;
	struct tap *taps = malloc(((size_t)width + height) * sizeof(*taps));
	uint8_t *pixels = malloc((size_t)width * height * 3);

	if (!taps || !pixels) {
		free(taps);
		free(pixels);
		return -1;
	}
	make_taps(taps, source->width, width);
	make_taps(taps + width, source->height, height);
	for (uint32_t y = 0; y < height; y++) {
		const struct tap *row = &taps[width + y];
		const uint8_t *above = source->pixels + (size_t)row->first * source->width * 3;
		const uint8_t *below = source->pixels + (size_t)row->second * source->width * 3;

		for (uint32_t x = 0; x < width; x++) {
			const struct tap *column = &taps[x];

			for (uint32_t c = 0; c < 3; c++) {
				size_t left = (size_t)column->first * 3 + c, right = (size_t)column->second * 3 + c;
				uint32_t upper = above[left] * (one - column->weight) + above[right] * column->weight;
				uint32_t lower = below[left] * (one - column->weight) + below[right] * column->weight;
				uint32_t sum = upper * (one - row->weight) + lower * row->weight;

				pixels[((size_t)y * width + x) * 3 + c] =
					(uint8_t)((sum + (1u << (2 * WEIGHT_BITS - 1))) >> 2 * WEIGHT_BITS);
			}
		}
	}
	free(taps);
	target->width = width;
	target->height = height;
	target->pixels = pixels;
	return 0;
}

int pumori_image_to_tensor(const struct pumori_image *image, uint32_t height, uint32_t width, float *tensor)
{
	/* The scaled width, rounded up. */
	uint64_t wanted = ((uint64_t)image->width * height + image->height - 1) / image->height;
	uint32_t used = wanted < width ? (uint32_t)wanted : width;
	struct pumori_image scaled;

	if (pumori_image_resize(&scaled, image, used, height))
		return -1;
	for (uint32_t c = 0; c < 3; c++)
		for (uint32_t y = 0; y < height; y++) {
			float *row = tensor + ((size_t)c * height + y) * width;

			for (uint32_t x = 0; x < used; x++)
				row[x] = (scaled.pixels[((size_t)y * used + x) * 3 + c] / 255.0f - 0.5f) / 0.5f;
			for (uint32_t x = used; x < width; x++)
				row[x] = 0;
		}
	pumori_image_free(&scaled);
	return 0;
}
