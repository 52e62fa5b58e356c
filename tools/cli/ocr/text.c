// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "ocr.h"

struct pumori_dictionary {
	char *text;		/* lines, each zero-terminated */
	const char **entry;	/* entry[i] is class i; the blank is "" */
	size_t classes;
};

static size_t count_lines(const char *text, size_t bytes)
{
	size_t lines = 0;

	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	/* The last line may go without its end. */
	return lines + (bytes && text[bytes - 1] != '\n');
}

int pumori_dictionary_create(struct pumori_dictionary **dictionary, const char *text, size_t bytes)
{
	size_t lines = count_lines(text, bytes);
	struct pumori_dictionary *d = calloc(1, sizeof(*d));
	char *line;

	if (!d)
		return -1;
	d->text = malloc(bytes + 1);
	d->entry = calloc(lines + 2, sizeof(*d->entry));
	if (!d->text || !d->entry) {
		pumori_dictionary_destroy(d);
		return -1;
	}
	memcpy(d->text, text, bytes);
	d->text[bytes] = '\0';
	d->classes = lines + 2;
	d->entry[0] = "";
	line = d->text;
	for (size_t i = 1; i <= lines; i++) {
		char *end = memchr(line, '\n', (size_t)(d->text + bytes - line));

		if (!end)
			end = d->text + bytes;
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		*end = '\0';
		d->entry[i] = line;
		line = end + 1;
	}
	d->entry[lines + 1] = " ";
	*dictionary = d;
	return 0;
}

void pumori_dictionary_destroy(struct pumori_dictionary *d)
{
	if (!d)
		return;
	free(d->text);
	free(d->entry);
	free(d);
}

size_t pumori_dictionary_classes(const struct pumori_dictionary *d)
{
	return d->classes;
}

int pumori_text_decode(const float *probabilities, size_t steps, size_t classes,
		       const struct pumori_dictionary *dictionary, char *text, size_t bytes, float *confidence)
{
	size_t before = 0, used = 0;
	int characters = 0;
	double sum = 0;

	*confidence = 0;
	if (bytes)
		text[0] = '\0';
	if (classes != dictionary->classes)
		return -1;
	for (size_t s = 0; s < steps; s++) {
		const float *row = probabilities + s * classes;
		size_t best = 0;

		for (size_t c = 1; c < classes; c++)
			if (row[c] > row[best])
				best = c;
		if (best && best != before) {
			size_t length = strlen(dictionary->entry[best]);

			if (used + length < bytes) {
				memcpy(text + used, dictionary->entry[best], length + 1);
				used += length;
			} else {
				/* Nothing may follow what was cut. */
				bytes = 0;
			}
			sum += row[best];
			characters++;
		}
		before = best;
	}
	if (characters)
		*confidence = (float)(sum / characters);
	return characters;
}
