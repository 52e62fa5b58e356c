// SPDX-License-Identifier: MIT
/* pumori run: one inference, from .npy files to .npy files, or from an image to its text */
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "npy.h"
#include "render.h"
#include "session.h"

#define PATH_BYTES	4096
#define MESSAGE_BYTES	256
#define NAME_BYTES	200

static struct cli_tensor *find_input(struct cli_session *session, const char *name, size_t length)
{
	for (uint32_t i = 0; i < session->model_info.inputs; i++)
		if (strlen(session->inputs[i].info.name) == length &&
		    !memcmp(session->inputs[i].info.name, name, length))
			return &session->inputs[i];
	return NULL;
}

static int fail_unknown_input(const struct cli_session *session, const char *name, size_t length)
{
	const char **names = calloc(session->model_info.inputs + 1, sizeof(*names));
	const char *nearest = NULL;
	char typed[64];

	if (names && length < sizeof(typed)) {
		memcpy(typed, name, length);
		typed[length] = '\0';
		for (uint32_t i = 0; i < session->model_info.inputs; i++)
			names[i] = session->inputs[i].info.name;
		nearest = cli_suggest(typed, names, session->model_info.inputs);
	}
	if (nearest)
		cli_fail(CLI_USAGE, "the model has no input '%.*s'; did you mean '%s'?", (int)length, name, nearest);
	else
		cli_fail(CLI_USAGE, "the model has no input '%.*s'; 'pumori info %s' lists them", (int)length, name,
			 session->path);
	free(names);
	return CLI_USAGE;
}

/* --input NAME=FILE; a model with one input takes FILE alone. */
static int read_input(struct cli_session *session, const char *text)
{
	const char *equals = strchr(text, '=');
	char message[MESSAGE_BYTES];
	struct cli_tensor *input;
	const char *path;

	if (equals) {
		input = find_input(session, text, (size_t)(equals - text));
		path = equals + 1;
		if (!input)
			return fail_unknown_input(session, text, (size_t)(equals - text));
	} else if (session->model_info.inputs == 1) {
		input = &session->inputs[0];
		path = text;
	} else {
		return cli_fail(CLI_USAGE, "--input needs NAME=FILE.npy, not '%s'", text);
	}
	if (input->filled)
		return cli_fail(CLI_USAGE, "the input '%s' is given twice", input->info.name);
	if (cli_npy_read(path, input->info.dtype, input->info.rank, input->info.shape, input->data, message,
			 sizeof(message)))
		return cli_fail(CLI_INPUT, "cannot use '%s' for input '%s': %s", path, input->info.name, message);
	input->filled = true;
	return CLI_OK;
}

static int fail_missing(const struct cli_session *session)
{
	for (uint32_t i = 0; i < session->model_info.inputs; i++) {
		const struct pumori_tensor_info *info = &session->inputs[i].info;
		char shape[128];

		if (session->inputs[i].filled)
			continue;
		cli_shape_text(shape, sizeof(shape), info->shape, info->rank);
		cli_fail(CLI_USAGE, "no data for input '%s', %s %s", info->name, pumori_dtype_name(info->dtype), shape);
	}
	return cli_fail(CLI_USAGE, "give --input NAME=FILE.npy for each, or --random SEED");
}

int cli_run_fill(struct cli_session *session, const struct cli_strings *files, const struct cli_number *seed)
{
	bool missing = false;

	for (size_t i = 0; i < files->count; i++) {
		int code = read_input(session, files->items[i]);

		if (code != CLI_OK)
			return code;
	}
	for (uint32_t i = 0; i < session->model_info.inputs; i++) {
		struct cli_tensor *input = &session->inputs[i];

		if (input->filled)
			continue;
		if (seed->given) {
			cli_fill_random(input->data, input->info.bytes, input->info.dtype, seed->value + i);
			input->filled = true;
		}
		missing |= !input->filled;
	}
	return missing ? fail_missing(session) : CLI_OK;
}

/* Names of a graph may hold slashes and worse; a file of the folder must not leave it. */
static void file_name(char *name, size_t bytes, const char *tensor)
{
	size_t used = 0;

	for (; *tensor && used + 1 < bytes; tensor++) {
		char c = *tensor;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
			     c == '-' || (c == '.' && used);

		name[used++] = plain ? c : '_';
	}
	name[used] = '\0';
}

/* Would an output before @index be written to the same file? */
static bool is_taken(const struct cli_session *session, uint32_t index, const char *name)
{
	char other[NAME_BYTES];

	for (uint32_t i = 0; i < index; i++) {
		file_name(other, sizeof(other), session->outputs[i].info.name);
		if (!strcmp(name, other))
			return true;
	}
	return false;
}

static int write_outputs(const struct cli_session *session, const char *folder)
{
	char message[MESSAGE_BYTES];

	if (mkdir(folder, 0777) && errno != EEXIST)
		return cli_fail(CLI_INPUT, "cannot make the folder '%s': %s", folder, strerror(errno));
	for (uint32_t i = 0; i < session->model_info.outputs; i++) {
		const struct cli_tensor *output = &session->outputs[i];
		char name[NAME_BYTES], path[PATH_BYTES], suffix[16] = "";

		file_name(name, sizeof(name), output->info.name);
		if (!name[0] || is_taken(session, i, name))
			snprintf(suffix, sizeof(suffix), "~%u", i);
		if (snprintf(path, sizeof(path), "%s/%s%s.npy", folder, name, suffix) >= (int)sizeof(path))
			return cli_fail(CLI_USAGE, "the name of the folder is too long");
		if (cli_npy_write(path, output->info.dtype, output->info.rank, output->info.shape, output->data,
				  output->info.bytes, message, sizeof(message)))
			return cli_fail(CLI_INPUT, "cannot write '%s': %s", path, message);
	}
	return CLI_OK;
}

static int run_arrays(const struct cli_call *call, struct cli_session *session)
{
	static const struct cli_column head[] = {
		{ "model", "Model", CLI_FORMAT_PLAIN },
		{ "device", "Device", CLI_FORMAT_PLAIN },
		{ "chip", "Chip", CLI_FORMAT_PLAIN },
		{ "time_ns", "Time", CLI_FORMAT_NANOSECONDS },
		{ "device_ns", "Device time", CLI_FORMAT_NANOSECONDS },
		{ "cycles", "Cycles", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_column output[] = {
		{ "name", "OUTPUT", CLI_FORMAT_PLAIN },
		{ "dtype", "TYPE", CLI_FORMAT_PLAIN },
		{ "shape", "SHAPE", CLI_FORMAT_SHAPE },
		{ "bytes", "BYTES", CLI_FORMAT_PLAIN },
		{ "crc32c", "CRC-32C", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section sections[] = {
		{ NULL, NULL, head },
		{ "outputs", "Outputs", output },
	};
	const struct cli_run_options *options = call->options;
	struct record *record;
	int code = cli_run_fill(session, &options->inputs, &options->random);

	if (code == CLI_OK)
		code = cli_session_execute(session);
	if (code == CLI_OK && options->output)
		code = write_outputs(session, options->output);
	if (code != CLI_OK)
		return code;
	record = record_create();
	if (!record)
		return cli_fail_memory();
	cli_session_record(session, record);
	cli_session_outputs(session, record);
	code = cli_render(call->globals, "run", record, sections, 2);
	record_destroy(record);
	return code;
}

static int run(const struct cli_call *call)
{
	const struct cli_run_options *options = call->options;
	struct pumori_device_options device_options = {
		.size = sizeof(device_options),
		.core = options->core.given ? (int32_t)options->core.value : -1,
		.priority = 1,
		.kernels = options->kernels,
		.budget_ms = (uint32_t)options->budget.value,
	};
	struct cli_session session;
	struct pumori_device *device;
	int code;

	if (options->image && (options->inputs.count || options->random.given))
		return cli_fail(CLI_USAGE, "--image is the input; --input and --random do not go with it");
	if (!options->image && (options->text || options->cls))
		return cli_fail(CLI_USAGE, "--text and --cls go with --image FILE.png");
	code = cli_device_open(call->globals, &device_options, &device);
	if (code != CLI_OK)
		return code;
	code = cli_session_open(&session, device, call->arguments[0]);
	if (code == CLI_OK) {
		code = options->image ? cli_run_image(call, &session) : run_arrays(call, &session);
		if (code == CLI_OK && options->image && options->output)
			code = write_outputs(&session, options->output);
		cli_session_close(&session);
	}
	pumori_device_close(device);
	return code;
}

static const struct cli_option run_options[] = {
	{ .name = "input", .letter = 'i', .type = CLI_OPTION_STRINGS, .argument = "NAME=FILE.npy",
	  .help = "data of an input", .offset = offsetof(struct cli_run_options, inputs) },
	{ .name = "random", .type = CLI_OPTION_NUMBER, .argument = "SEED", .help = "fill the other inputs from a seed",
	  .offset = offsetof(struct cli_run_options, random), .maximum = UINT64_MAX },
	{ .name = "output", .letter = 'o', .type = CLI_OPTION_STRING, .argument = "FOLDER",
	  .help = "write each output to FOLDER/NAME.npy", .offset = offsetof(struct cli_run_options, output) },
	{ .name = "image", .type = CLI_OPTION_STRING, .argument = "FILE.png",
	  .help = "input of a model whose metadata name its task", .offset = offsetof(struct cli_run_options, image) },
	{ .name = "cls", .type = CLI_OPTION_STRING, .argument = "MODEL.pex",
	  .help = "turn the image first when this model says 180", .offset = offsetof(struct cli_run_options, cls) },
	{ .name = "text", .type = CLI_OPTION_FLAG, .help = "print the text in the image and nothing else",
	  .offset = offsetof(struct cli_run_options, text) },
	{ .name = "core", .type = CLI_OPTION_NUMBER, .argument = "N", .help = "core to run on, else any",
	  .offset = offsetof(struct cli_run_options, core), .maximum = 15 },
	{ .name = "kernels", .type = CLI_OPTION_STRING, .argument = "SET",
	  .help = "in process: generic, avx2, avx512 or best", .offset = offsetof(struct cli_run_options, kernels) },
	{ .name = "budget", .type = CLI_OPTION_NUMBER, .argument = "MS", .help = "bound of the device time",
	  .offset = offsetof(struct cli_run_options, budget), .minimum = 1, .maximum = UINT32_MAX },
	{ .name = NULL },
};

const struct cli_command cli_command_run = {
	.name = "run",
	.arguments = "MODEL.pex",
	.summary = "run a model once",
	.run = run,
	.description = "Inputs and outputs are NumPy files in C order; bf16 travels as uint16. The checksum of an output\n"
		       "is the CRC-32C of its bytes. A model compiled with '--meta task=ocr --meta dict=FILE' reads the\n"
		       "text in an image; one with '--meta task=cls' tells whether a line of text stands on its head.",
	.options = run_options,
	.options_bytes = sizeof(struct cli_run_options),
	.min_arguments = 1,
	.max_arguments = 1,
	.formats = true,
};
