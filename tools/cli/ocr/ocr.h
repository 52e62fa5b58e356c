/* SPDX-License-Identifier: MIT */
/*
 * From a PNG to a tensor, and from class probabilities to text, as the text models of PaddleOCR want it.
 *
 * A small library of its own: it knows neither devices nor models. Functions return 0 or -1.
 */
#ifndef PUMORI_OCR_H
#define PUMORI_OCR_H

#include <stddef.h>
#include <stdint.h>

/** struct pumori_image - pixels, row after row, three bytes each: blue, green, red */
struct pumori_image {
	uint32_t width;
	uint32_t height;
	uint8_t *pixels;
};

/**
 * pumori_image_load_png - read a PNG of any kind; what is transparent becomes white
 * @reason: receives what is wrong with it, valid until the next call in this thread
 */
int pumori_image_load_png(struct pumori_image *image, const char *path, const char **reason);
/** pumori_image_free - free the pixels; the image is empty afterwards */
void pumori_image_free(struct pumori_image *image);
/** pumori_image_rotate_180 - turn it in place */
void pumori_image_rotate_180(struct pumori_image *image);
/** pumori_image_resize - a copy of @source with @width x @height pixels, bilinear. Return: -1 when memory ran out */
int pumori_image_resize(struct pumori_image *target, const struct pumori_image *source, uint32_t width,
			uint32_t height);
/**
 * pumori_image_to_tensor - fill @tensor [3][@height][@width] (blue, green, red)
 *
 * The image is scaled to the height, its ratio kept unless it would become wider than the tensor;
 * values are (x / 255 - 0.5) / 0.5, and what is right of the image is 0. Return: -1 when memory ran out.
 */
int pumori_image_to_tensor(const struct pumori_image *image, uint32_t height, uint32_t width, float *tensor);

/** struct pumori_dictionary - what the classes of a text model stand for */
struct pumori_dictionary;

/**
 * pumori_dictionary_create - from a text with a character a line
 *
 * Class 0 is the blank, class i line i, the class after the last line a space.
 */
int pumori_dictionary_create(struct pumori_dictionary **dictionary, const char *text, size_t bytes);
void pumori_dictionary_destroy(struct pumori_dictionary *dictionary);
/** pumori_dictionary_classes - blank and space counted */
size_t pumori_dictionary_classes(const struct pumori_dictionary *dictionary);

/**
 * pumori_text_decode - greedy CTC: the most probable class of each step, repeats and blanks dropped
 * @probabilities: [@steps][@classes]
 * @text: receives the text, cut to whole characters when it does not fit, always zero-terminated
 * @confidence: mean probability of the characters, 0 when there are none
 *
 * Return: number of characters, or -1 when the dictionary has other classes.
 */
int pumori_text_decode(const float *probabilities, size_t steps, size_t classes,
		       const struct pumori_dictionary *dictionary, char *text, size_t bytes, float *confidence);

#endif
