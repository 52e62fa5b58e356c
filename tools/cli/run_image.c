// SPDX-License-Identifier: MIT
/* pumori run --image: from a picture of a line to its text, or to the way it stands */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ocr/ocr.h"
#include "render.h"
#include "run.h"
#include "session.h"

#define TURN_CONFIDENCE	0.9f	/* the image is turned only when the classifier is this sure */

/** struct findings - what the models said of an image */
struct findings {
	char *text;
	float confidence;
	int angle;		/* 0 or 180, -1 when nobody asked */
	float angle_probability;
};

static bool has_task(const struct cli_session *session, const char *task)
{
	size_t bytes;
	const char *value = cli_session_metadata(session, "task", &bytes);

	return value && !strcmp(value, task);
}

static int fail_shape(const struct cli_session *session, const char *wanted)
{
	return cli_fail(CLI_INPUT, "'%s' has %s, so --image does not fit it", session->path, wanted);
}

/* One input [1][3][height][width] of floats, filled with the image. */
static int fill_image(struct cli_session *session, const struct pumori_image *image)
{
	const struct pumori_tensor_info *info = &session->inputs[0].info;

	if (session->model_info.inputs != 1 || session->model_info.outputs != 1)
		return fail_shape(session, "not one input and one output");
	if (info->dtype != PUMORI_FP32 || info->rank != 4 || info->shape[0] != 1 || info->shape[1] != 3 ||
	    !info->shape[2] || !info->shape[3] || info->shape[2] > UINT16_MAX || info->shape[3] > UINT16_MAX)
		return fail_shape(session, "an input other than fp32 [1,3,height,width]");
	if (pumori_image_to_tensor(image, (uint32_t)info->shape[2], (uint32_t)info->shape[3], session->inputs[0].data))
		return cli_fail_memory();
	return CLI_OK;
}

static int classify(struct cli_session *session, const struct pumori_image *image, struct findings *findings)
{
	int code = fill_image(session, image);
	const struct pumori_tensor_info *info;
	const float *probability;

	if (code == CLI_OK)
		code = cli_session_execute(session);
	if (code != CLI_OK)
		return code;
	info = &session->outputs[0].info;
	if (info->dtype != PUMORI_FP32 || info->bytes != 2 * sizeof(float))
		return fail_shape(session, "an output other than two fp32 probabilities");
	probability = session->outputs[0].data;
	findings->angle = probability[1] > probability[0] ? 180 : 0;
	findings->angle_probability = probability[findings->angle == 180];
	return CLI_OK;
}

static int read_text(struct cli_session *session, const struct pumori_image *image, struct findings *findings)
{
	const struct pumori_tensor_info *info = &session->outputs[0].info;
	struct pumori_dictionary *dictionary;
	size_t bytes, room;
	const char *text = cli_session_metadata(session, "dict", &bytes);
	int code;

	if (!text)
		return cli_fail(CLI_INPUT, "'%s' has no dictionary; compile it with '--meta dict=FILE'", session->path);
	code = fill_image(session, image);
	if (code == CLI_OK)
		code = cli_session_execute(session);
	if (code != CLI_OK)
		return code;
	if (info->dtype != PUMORI_FP32 || info->rank != 3 || info->shape[0] != 1)
		return fail_shape(session, "an output other than fp32 [1,steps,classes]");
	if (pumori_dictionary_create(&dictionary, text, bytes))
		return cli_fail_memory();
	/* Four bytes a character are enough for any; a longer entry is cut. */
	room = info->shape[1] * 4 + 1;
	findings->text = malloc(room);
	if (!findings->text)
		code = cli_fail_memory();
	else if (pumori_text_decode(session->outputs[0].data, info->shape[1], info->shape[2], dictionary,
				    findings->text, room, &findings->confidence) < 0)
		code = cli_fail(CLI_INPUT, "'%s' has %" PRIu64 " classes, but its dictionary %zu", session->path,
				info->shape[2], pumori_dictionary_classes(dictionary));
	pumori_dictionary_destroy(dictionary);
	return code;
}

/* Asks the model of --cls and turns the image when it is sure. */
static int turn(const char *path, struct pumori_device *device, struct pumori_image *image, struct findings *findings)
{
	struct cli_session session;
	int code = cli_session_open(&session, device, path);

	if (code != CLI_OK)
		return code;
	if (!has_task(&session, "cls"))
		code = cli_fail(CLI_INPUT, "'%s' is no classifier; compile it with '--meta task=cls'", path);
	if (code == CLI_OK)
		code = classify(&session, image, findings);
	cli_session_close(&session);
	if (code == CLI_OK && findings->angle == 180 && findings->angle_probability > TURN_CONFIDENCE)
		pumori_image_rotate_180(image);
	return code;
}

static int print(const struct cli_call *call, const struct cli_session *session, const struct findings *findings)
{
	static const struct cli_column lines[] = {
		{ "text", "Text", CLI_FORMAT_PLAIN },
		{ "confidence", "Confidence", CLI_FORMAT_PERCENT },
		{ "angle", "Angle", CLI_FORMAT_PLAIN },
		{ "angle_probability", "Probability", CLI_FORMAT_PERCENT },
		{ "device", "Device", CLI_FORMAT_PLAIN },
		{ "chip", "Chip", CLI_FORMAT_PLAIN },
		{ "time_ns", "Time per inference", CLI_FORMAT_NANOSECONDS },
		{ "device_ns", "Device time", CLI_FORMAT_NANOSECONDS },
		{ "cycles", "Cycles", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column output[] = {
		{ "name", "OUTPUT", CLI_FORMAT_PLAIN },
		{ "crc32c", "CRC-32C", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section sections[] = {
		{ NULL, NULL, lines },
		{ "outputs", NULL, output },
	};
	struct record *record = record_create();
	int code;

	if (!record)
		return cli_fail_memory();
	if (findings->text) {
		record_string(record, "text", findings->text);
		record_double(record, "confidence", findings->confidence);
	}
	if (findings->angle >= 0) {
		record_signed(record, "angle", findings->angle);
		record_double(record, "angle_probability", findings->angle_probability);
	}
	cli_session_record(session, record);
	cli_session_outputs(session, record);
	code = cli_render(call->globals, "run", record, sections, 2);
	record_destroy(record);
	return code;
}

int cli_run_image(const struct cli_call *call, struct cli_session *session)
{
	const struct cli_run_options *options = call->options;
	struct findings findings = { .angle = -1 };
	struct pumori_image image;
	const char *reason;
	int code = CLI_OK;

	if (!has_task(session, "ocr") && !has_task(session, "cls"))
		return cli_fail(CLI_INPUT, "'%s' does not say what to do with an image; compile it with '--meta task=ocr' "
				"or '--meta task=cls'", session->path);
	if (pumori_image_load_png(&image, options->image, &reason))
		return cli_fail(CLI_INPUT, "cannot read the image '%s': %s", options->image, reason);
	if (options->cls)
		code = turn(options->cls, session->device, &image, &findings);
	if (code == CLI_OK)
		code = has_task(session, "ocr") ? read_text(session, &image, &findings) :
						  classify(session, &image, &findings);
	if (code == CLI_OK && !options->text)
		code = print(call, session, &findings);
	else if (code == CLI_OK && findings.text)
		puts(findings.text);
	else if (code == CLI_OK)
		printf("%d\n", findings.angle);
	free(findings.text);
	pumori_image_free(&image);
	return code;
}
