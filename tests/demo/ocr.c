/* SPDX-License-Identifier: MIT */
/*
 * ocr MODEL.pex IMAGE.png [RUNS]: reads a line of text with a model on a Pumori device.
 *
 * The device is what PUMORI_DEVICE names, else the first one, /dev/accel/accel0.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <pumori/pumori.h>

#include "../../tools/cli/ocr/ocr.h"

struct reader {
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run;
	struct pumori_tensor *input;
	struct pumori_tensor *output;
	struct pumori_tensor_info input_info;
	struct pumori_tensor_info output_info;
	struct pumori_dictionary *dictionary;
};

static int fail(const char *what, int error)
{
	const char *words = pumori_last_error();

	fprintf(stderr, "ocr: %s: %s\n", what, words[0] ? words : pumori_error_name(error));
	return 1;
}

static double now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int reader_open(struct reader *reader, const char *path)
{
	const char *text;
	size_t bytes;
	int error;

	error = pumori_device_open(&reader->device, NULL, NULL);
	if (error)
		return fail("device", error);
	error = pumori_model_load(&reader->model, reader->device, path);
	if (error)
		return fail(path, error);
	reader->input_info.size = sizeof(reader->input_info);
	reader->output_info.size = sizeof(reader->output_info);
	error = pumori_model_tensor(reader->model, PUMORI_INPUT, 0, &reader->input_info);
	if (!error)
		error = pumori_model_tensor(reader->model, PUMORI_OUTPUT, 0, &reader->output_info);
	if (!error)
		error = pumori_model_metadata(reader->model, "dict", &text, &bytes);
	if (error)
		return fail(path, error);
	if (reader->input_info.rank != 4 || reader->output_info.rank != 3 ||
	    pumori_dictionary_create(&reader->dictionary, text, bytes)) {
		fprintf(stderr, "ocr: %s is not a text model\n", path);
		return 1;
	}

	/* Tensors are device-visible memory that is mapped here: nothing is copied to run. */
	error = pumori_run_create(&reader->run, reader->model);
	if (!error)
		error = pumori_tensor_create_for(&reader->input, reader->model, PUMORI_INPUT, 0);
	if (!error)
		error = pumori_tensor_create_for(&reader->output, reader->model, PUMORI_OUTPUT, 0);
	if (!error)
		error = pumori_run_bind(reader->run, PUMORI_INPUT, 0, reader->input);
	if (!error)
		error = pumori_run_bind(reader->run, PUMORI_OUTPUT, 0, reader->output);
	return error ? fail(path, error) : 0;
}

static int reader_read(struct reader *reader, const char *path, int runs)
{
	const uint64_t *shape = reader->output_info.shape;
	struct pumori_device_info device = { .size = sizeof(device) };
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_image image;
	const char *reason = "";
	double start, time, best = 0, on_core = 0;
	char text[512];
	float confidence;
	int error, i;

	if (pumori_image_load_png(&image, path, &reason)) {
		fprintf(stderr, "ocr: %s: %s\n", path, reason);
		return 1;
	}
	error = pumori_image_to_tensor(&image, (uint32_t)reader->input_info.shape[2],
				       (uint32_t)reader->input_info.shape[3], pumori_tensor_data(reader->input));
	pumori_image_free(&image);
	if (error) {
		fprintf(stderr, "ocr: out of memory\n");
		return 1;
	}
	for (i = 0; i < runs; i++) {
		start = now_ms();
		error = pumori_run_execute(reader->run);
		if (error)
			return fail("run", error);
		time = now_ms() - start;
		if (i && time >= best)
			continue;
		best = time;
		pumori_run_status(reader->run, &status);
		on_core = (double)status.device_ns / 1e6;
	}
	if (pumori_text_decode(pumori_tensor_data(reader->output), shape[1], shape[2], reader->dictionary, text,
			       sizeof(text), &confidence) < 0) {
		fprintf(stderr, "ocr: the dictionary does not fit the model\n");
		return 1;
	}
	pumori_device_info(reader->device, &device);
	printf("text        %s\n", text);
	printf("confidence  %.4f\n", (double)confidence);
	printf("device      %s (%s, %s)\n", device.path, device.name, device.socket);
	printf("time        %.2f ms an inference, best of %d; %.2f ms on the core\n", best, runs,
	       on_core);
	return 0;
}

static void reader_close(struct reader *reader)
{
	if (reader->run)
		pumori_run_destroy(reader->run);
	if (reader->input)
		pumori_tensor_destroy(reader->input);
	if (reader->output)
		pumori_tensor_destroy(reader->output);
	if (reader->model)
		pumori_model_unload(reader->model);
	if (reader->device)
		pumori_device_close(reader->device);
	if (reader->dictionary)
		pumori_dictionary_destroy(reader->dictionary);
}

int main(int argc, char **argv)
{
	struct reader reader = { 0 };
	int runs = argc > 3 ? atoi(argv[3]) : 3;
	int status;

	if (argc < 3 || argc > 4 || runs < 1) {
		fprintf(stderr, "usage: ocr MODEL.pex IMAGE.png [RUNS]\n");
		return 2;
	}
	status = reader_open(&reader, argv[1]);
	if (!status)
		status = reader_read(&reader, argv[2], runs);
	reader_close(&reader);
	return status;
}
