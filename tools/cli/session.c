// SPDX-License-Identifier: MIT
#include "session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checksum.h"
#include "record.h"

uint64_t cli_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int open_tensors(struct cli_session *session, enum pumori_direction direction, struct cli_tensor *tensors,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int error;

		tensors[i].info.size = sizeof(tensors[i].info);
		error = pumori_model_tensor(session->model, direction, i, &tensors[i].info);
		if (!error)
			error = pumori_tensor_create_for(&tensors[i].tensor, session->model, direction, i);
		if (!error)
			error = pumori_run_bind(session->run, direction, i, tensors[i].tensor);
		if (error)
			return error;
		tensors[i].data = pumori_tensor_data(tensors[i].tensor);
	}
	return 0;
}

static int open_model(struct cli_session *session, struct pumori_device *device)
{
	int error;

	session->device_info.size = sizeof(session->device_info);
	session->model_info.size = sizeof(session->model_info);
	session->status.size = sizeof(session->status);
	error = pumori_device_info(device, &session->device_info);
	if (!error)
		error = pumori_model_load(&session->model, device, session->path);
	if (!error)
		error = pumori_model_info(session->model, &session->model_info);
	if (!error)
		error = pumori_run_create(&session->run, session->model);
	return error;
}

int cli_session_open(struct cli_session *session, struct pumori_device *device, const char *path)
{
	int error, code;

	memset(session, 0, sizeof(*session));
	session->path = path;
	session->device = device;
	error = open_model(session, device);
	if (!error) {
		session->inputs = calloc(session->model_info.inputs + 1, sizeof(*session->inputs));
		session->outputs = calloc(session->model_info.outputs + 1, sizeof(*session->outputs));
		if (!session->inputs || !session->outputs) {
			cli_session_close(session);
			return cli_fail_memory();
		}
		error = open_tensors(session, PUMORI_INPUT, session->inputs, session->model_info.inputs);
	}
	if (!error)
		error = open_tensors(session, PUMORI_OUTPUT, session->outputs, session->model_info.outputs);
	if (!error)
		return CLI_OK;
	code = cli_fail_runtime(error, "cannot load '%s'", path);
	cli_session_close(session);
	return code;
}

static void close_tensors(struct cli_tensor *tensors, uint32_t count)
{
	for (uint32_t i = 0; tensors && i < count; i++)
		pumori_tensor_destroy(tensors[i].tensor);
	free(tensors);
}

void cli_session_close(struct cli_session *session)
{
	if (session->run)
		pumori_run_destroy(session->run);
	close_tensors(session->inputs, session->model_info.inputs);
	close_tensors(session->outputs, session->model_info.outputs);
	if (session->model)
		pumori_model_unload(session->model);
	memset(session, 0, sizeof(*session));
}

int cli_session_execute(struct cli_session *session)
{
	uint64_t start = cli_now_ns();
	int error = pumori_run_execute(session->run);

	session->elapsed_ns = cli_now_ns() - start;
	if (error)
		return cli_fail_runtime(error, "the run of '%s' failed", session->path);
	error = pumori_run_status(session->run, &session->status);
	if (error)
		return cli_fail_runtime(error, "the run of '%s' has no status", session->path);
	return CLI_OK;
}

const char *cli_session_metadata(const struct cli_session *session, const char *key, size_t *bytes)
{
	const char *value;

	return pumori_model_metadata(session->model, key, &value, bytes) ? NULL : value;
}

void cli_session_record(const struct cli_session *session, struct record *record)
{
	record_string(record, "path", session->path);
	record_string(record, "model", session->model_info.name);
	record_string(record, "cast", pumori_dtype_name(session->model_info.cast));
	record_string(record, "device", session->device_info.path);
	record_string(record, "socket", session->device_info.socket);
	record_string(record, "chip", session->device_info.name);
	record_unsigned(record, "time_ns", session->elapsed_ns);
	record_unsigned(record, "device_ns", session->status.device_ns);
	record_unsigned(record, "cycles", session->status.cycles);
}

void cli_session_outputs(const struct cli_session *session, struct record *record)
{
	record_list(record, "outputs");
	for (uint32_t i = 0; i < session->model_info.outputs; i++) {
		const struct cli_tensor *output = &session->outputs[i];
		struct record *row = record_append(record, "outputs");

		record_string(row, "name", output->info.name);
		record_string(row, "dtype", pumori_dtype_name(output->info.dtype));
		record_numbers(row, "shape", output->info.shape, output->info.rank);
		record_unsigned(row, "bytes", output->info.bytes);
		record_format(row, "crc32c", "%08x", pumori_crc32c(0, output->data, output->info.bytes));
	}
}

/* splitmix64: each seed gives a stream of its own. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t random_element(enum pumori_dtype dtype, uint64_t bits)
{
	uint64_t sign = bits >> 63;
	float value = (float)(int32_t)(bits >> 32 & 0xffffff) / 0x800000 - 1.0f;
	uint32_t word;

	memcpy(&word, &value, sizeof(word));
	switch (dtype) {
	case PUMORI_FP32:
		return word;
	case PUMORI_BF16:
		return word >> 16;
	/* The narrow ones lie between 0.5 and 1 in either direction: exponent -1, any mantissa. */
	case PUMORI_FP16:
		return sign << 15 | 14u << 10 | (bits & 0x3ff);
	case PUMORI_FP8E4M3:
		return sign << 7 | 6u << 3 | (bits & 7);
	case PUMORI_FP8E5M2:
		return sign << 7 | 14u << 2 | (bits & 3);
	case PUMORI_BOOL:
		return bits & 1;
	default:
		return bits % 100;
	}
}

void cli_fill_random(void *data, uint64_t bytes, enum pumori_dtype dtype, uint64_t seed)
{
	size_t size = pumori_dtype_size(dtype) ? pumori_dtype_size(dtype) : 1;
	char *place = data;

	for (uint64_t i = 0; i < bytes / size; i++) {
		uint64_t element = random_element(dtype, next_random(&seed));

		memcpy(place + i * size, &element, size);
	}
}
