/* SPDX-License-Identifier: MIT */
/* What convolutions and poolings share: windows over maps, in bands that fit into SBUF. */
#ifndef PUMORI_COMPILER_WINDOW_H
#define PUMORI_COMPILER_WINDOW_H

#include "lower.h"

/* Index 0 is the vertical axis, 1 the horizontal one. */
struct pumori_window {
	int64_t in[2], out[2], kernel[2], stride[2], dilation[2], pad[2];
	int64_t margins[4];
};

void pumori_window_of(const struct pumori_node *node, struct pumori_window *window);

/* A rectangle of the output of one image, and the part of the input that it reads. */
struct pumori_band {
	int64_t image;
	int64_t first[2], extent[2];	/* of the output */
	struct pumori_place in;		/* [1, C, height, width] with the margins it needs */
	int64_t origin[2];		/* where in's first element lies in the whole map */
	struct pumori_place out;	/* [1, M, extent], in SBUF */
	struct pumori_place target;	/* where @out goes when it is a temporary tile */
	bool store;
};

/* Walks over all images and bands. */
struct pumori_bands {
	struct pumori_lowering *lowering;
	const struct pumori_window *window;
	struct pumori_place in, out;
	unsigned int dtype;		/* that the input must have */
	double padding;
	bool direct;			/* the input can be read where it is */
	int64_t images, step[2];
	struct pumori_band band;
	bool started;
};

/*
 * Start with node's input 0 and output 0. The input is used in place if it lies in SBUF with
 * channels as rows, in type @dtype (0: any) and with margins of @padding wide enough.
 */
void pumori_bands_begin(struct pumori_bands *bands, struct pumori_lowering *lowering,
			const struct pumori_node *node, const struct pumori_window *window,
			unsigned int dtype, double padding);
/* The next band, with its input loaded and its output made; stores the former one's output. */
bool pumori_bands_next(struct pumori_bands *bands);

/* Elements from in's first to the first tap of output (y, x) of the band. */
int64_t pumori_band_offset(const struct pumori_window *window, const struct pumori_band *band,
			   int64_t y, int64_t x);

#endif
