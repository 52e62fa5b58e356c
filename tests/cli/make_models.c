// SPDX-License-Identifier: MIT
/*
 * make_models FOLDER: writes small models as files, those of tests/unit/executable_builder.h and some that only the
 * tool's tests need, and an image.
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/executable_builder.h"

#define IMAGE_WIDTH	4
#define IMAGE_HEIGHT	2

static void make_copy(struct builder *builder)
{
	build_copy(builder, 64);
}

/* A value that needs care in every view. */
static void make_odd(struct builder *builder)
{
	build_copy(builder, 4);
	builder_metadata(builder, "note", "a \"quoted\" note, with a comma\nand a line");
}

/* The streams of scale, listed in another order than their instructions have. */
static void make_swapped(struct builder *builder)
{
	struct pumori_isa_program *program;
	struct pumori_isa_stream_entry *stream, first;

	build_scale(builder);
	program = (void *)builder->section[BUILDER_PROGRAM].data;
	stream = (void *)((char *)(program + 1) + program->entries * sizeof(struct pumori_isa_entry));
	first = stream[0];
	stream[0] = stream[1];
	stream[1] = first;
}

/* Two outputs whose names make the same file name. */
static void make_twins(struct builder *builder)
{
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 64, 0);
	program_entry(program, 3, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_INT32, 0, 1, 0, 4), memory_side(PUMORI_ISA_INT32, 0, 0, 4));
	add_dma(program, memory_side(PUMORI_ISA_INT32, 1, 0, 4), sbuf_side(PUMORI_ISA_INT32, 0, 1, 0, 4));
	add_dma(program, memory_side(PUMORI_ISA_INT32, 2, 0, 3), sbuf_side(PUMORI_ISA_INT32, 0, 1, 4, 3));
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", PUMORI_ISA_ENTRY_RESTARTABLE);
	builder_variable(builder, "x", PUMORI_KIND_INPUT, PUMORI_ISA_INT32, 4, 0);
	builder_variable(builder, "../a/y", PUMORI_KIND_OUTPUT, PUMORI_ISA_INT32, 4, 0);
	builder_variable(builder, "../a:y", PUMORI_KIND_OUTPUT, PUMORI_ISA_INT32, 3, 0);
	free(program);
}

static void set_shape(struct pumori_executable_variable *variable, unsigned int rank, const unsigned int *shape)
{
	variable->rank = rank;
	for (unsigned int i = 0; i < rank; i++)
		variable->shape[i] = shape[i];
}

/*
 * A "text model" whose probabilities are the blue plane of its image: rows are steps, columns are blank, a, b and
 * space.
 */
static void make_ocr(struct builder *builder)
{
	static const unsigned int image[] = { 1, 3, IMAGE_HEIGHT, IMAGE_WIDTH }, text[] = { 1, IMAGE_HEIGHT, IMAGE_WIDTH };
	const unsigned int count = IMAGE_WIDTH * IMAGE_HEIGHT;
	struct program *program = calloc(1, sizeof(*program));

	program_begin(program, 64, 0);
	program_entry(program, 2, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, count), memory_side(PUMORI_ISA_FP32, 0, 0, count));
	add_dma(program, memory_side(PUMORI_ISA_FP32, 1, 0, count), sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, count));
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_entry(builder, "run", PUMORI_ISA_ENTRY_RESTARTABLE);
	set_shape(builder_variable(builder, "x", PUMORI_KIND_INPUT, PUMORI_ISA_FP32, 3 * count, 0), 4, image);
	set_shape(builder_variable(builder, "y", PUMORI_KIND_OUTPUT, PUMORI_ISA_FP32, count, 0), 3, text);
	builder_metadata(builder, "task", "ocr");
	builder_blob(builder, "dict", "a\nb\n", 4);
	free(program);
}

/* A "classifier" that always says the same: @upright and @turned are its probabilities. */
static void make_classifier(struct builder *builder, float upright, float turned)
{
	static const unsigned int image[] = { 1, 3, IMAGE_HEIGHT, IMAGE_WIDTH }, classes[] = { 1, 2 };
	struct program *program = calloc(1, sizeof(*program));
	const float weights[16] = { upright, turned };

	program_begin(program, 64, 0);
	program_entry(program, 3, 0, PUMORI_ISA_ENTRY_RESTARTABLE);
	program_stream(program, PUMORI_ISA_DMA0);
	add_dma(program, sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 2), memory_side(PUMORI_ISA_FP32, 1, 0, 2));
	add_dma(program, memory_side(PUMORI_ISA_FP32, 2, 0, 2), sbuf_side(PUMORI_ISA_FP32, 0, 1, 0, 2));
	add_end(program);
	builder_begin(builder);
	builder_program(builder, program);
	builder_append(builder, BUILDER_WEIGHTS, weights, sizeof(weights));
	builder_entry(builder, "run", PUMORI_ISA_ENTRY_RESTARTABLE);
	set_shape(builder_variable(builder, "x", PUMORI_KIND_INPUT, PUMORI_ISA_FP32, 3 * IMAGE_WIDTH * IMAGE_HEIGHT, 0), 4,
		  image);
	builder_variable(builder, "w", PUMORI_KIND_WEIGHTS, PUMORI_ISA_NONE, sizeof(weights), 0);
	set_shape(builder_variable(builder, "y", PUMORI_KIND_OUTPUT, PUMORI_ISA_FP32, 2, 0), 2, classes);
	builder_metadata(builder, "task", "cls");
	free(program);
}

static void make_turned(struct builder *builder)
{
	make_classifier(builder, 0.0625f, 0.9375f);
}

static void make_unsure(struct builder *builder)
{
	make_classifier(builder, 0.125f, 0.875f);
}

/* Upright it reads "a ", on its head "b". */
static int write_image(const char *folder)
{
	png_image png = { .version = PNG_IMAGE_VERSION, .width = IMAGE_WIDTH, .height = IMAGE_HEIGHT, .format = PNG_FORMAT_BGR };
	unsigned char pixels[IMAGE_HEIGHT][IMAGE_WIDTH][3];
	char path[4096];

	memset(pixels, 0, sizeof(pixels));
	pixels[0][1][0] = 255;
	pixels[1][3][0] = 255;
	snprintf(path, sizeof(path), "%s/image.png", folder);
	return png_image_write_to_file(&png, path, 0, pixels, 0, NULL) ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*build)(struct builder *builder);
	} models[] = {
		{ "copy", make_copy },	 { "scale", build_scale }, { "empty", build_empty },   { "forever", build_forever },
		{ "fault", build_fault }, { "state", build_state }, { "odd", make_odd },
		{ "swapped", make_swapped },
		{ "twins", make_twins },  { "ocr", make_ocr },	    { "turned", make_turned },	{ "unsure", make_unsure },
	};

	if (argc != 2) {
		fputs("usage: make_models FOLDER\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		struct builder builder;
		char path[4096];
		size_t bytes;
		void *data;
		FILE *file;

		models[i].build(&builder);
		data = builder_write(&builder, &bytes);
		builder_end(&builder);
		snprintf(path, sizeof(path), "%s/%s.pex", argv[1], models[i].name);
		file = fopen(path, "wb");
		if (!file || fwrite(data, 1, bytes, file) != bytes || fclose(file)) {
			perror(path);
			return 1;
		}
		free(data);
	}
	if (write_image(argv[1])) {
		fputs("make_models: cannot write the image\n", stderr);
		return 1;
	}
	return 0;
}
