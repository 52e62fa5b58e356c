// SPDX-License-Identifier: MIT
/* Running an executable; see execute.h. */
#include "execute.h"

#include <pumori/pumori.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TENSORS 64

struct session {
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run;
	struct pumori_tensor *inputs[MAX_TENSORS];
	struct pumori_tensor *outputs[MAX_TENSORS];
	struct pumori_model_info info;
};

static const struct execute_value *find(const struct execute_value *values, size_t count,
					const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(values[i].name, name))
			return &values[i];
	return NULL;
}

static int open_session(struct session *session, const char *path)
{
	int error = pumori_device_open(&session->device,
				       getenv("PUMORI_DEVICE") ? NULL : "inproc", NULL);

	session->info.size = sizeof(session->info);
	if (!error)
		error = pumori_model_load(&session->model, session->device, path);
	if (!error)
		error = pumori_model_info(session->model, &session->info);
	if (!error)
		error = pumori_run_create(&session->run, session->model);
	return error;
}

static void close_session(struct session *session)
{
	if (session->run)
		pumori_run_destroy(session->run);
	for (size_t i = 0; i < MAX_TENSORS; i++) {
		if (session->inputs[i])
			pumori_tensor_destroy(session->inputs[i]);
		if (session->outputs[i])
			pumori_tensor_destroy(session->outputs[i]);
	}
	if (session->model)
		pumori_model_unload(session->model);
	if (session->device)
		pumori_device_close(session->device);
}

/* A tensor for input or output @index, bound; its name and size are checked. */
static int bind(struct session *session, enum pumori_direction direction, uint32_t index,
		const struct execute_value *values, size_t count, struct pumori_tensor **tensor,
		const struct execute_value **value)
{
	struct pumori_tensor_info info = { .size = sizeof(info) };
	int error = pumori_model_tensor(session->model, direction, index, &info);

	if (error)
		return error;
	*value = find(values, count, info.name);
	if (!*value || (*value)->bytes != info.bytes)
		return PUMORI_ERROR_INVALID;
	error = pumori_tensor_create_for(tensor, session->model, direction, index);
	return error ? error : pumori_run_bind(session->run, direction, index, *tensor);
}

static int run_session(struct session *session, const struct execute_value *inputs,
		       size_t input_count, const struct execute_value *outputs,
		       size_t output_count)
{
	const struct execute_value *value;
	int error = 0;

	if (session->info.inputs > MAX_TENSORS || session->info.outputs != output_count)
		return PUMORI_ERROR_INVALID;
	for (uint32_t i = 0; !error && i < session->info.inputs; i++) {
		error = bind(session, PUMORI_INPUT, i, inputs, input_count, &session->inputs[i],
			     &value);
		if (!error && value->bytes)
			memcpy(pumori_tensor_data(session->inputs[i]), value->data, value->bytes);
	}
	for (uint32_t i = 0; !error && i < session->info.outputs; i++)
		error = bind(session, PUMORI_OUTPUT, i, outputs, output_count,
			     &session->outputs[i], &value);
	if (!error)
		error = pumori_run_execute(session->run);
	for (uint32_t i = 0; !error && i < session->info.outputs; i++) {
		struct pumori_tensor_info info = { .size = sizeof(info) };
		void *memory;

		error = pumori_model_tensor(session->model, PUMORI_OUTPUT, i, &info);
		if (error)
			break;
		value = find(outputs, output_count, info.name);
		memcpy(&memory, &value->data, sizeof(memory));
		memcpy(memory, pumori_tensor_data(session->outputs[i]), value->bytes);
	}
	return error;
}

int conformance_execute(const char *path, const struct execute_value *inputs, size_t input_count,
			const struct execute_value *outputs, size_t output_count, char *text,
			size_t size)
{
	struct session session = { .device = NULL };
	int error = open_session(&session, path);

	if (!error)
		error = run_session(&session, inputs, input_count, outputs, output_count);
	if (error)
		snprintf(text, size, "%s: %s", pumori_error_name(error), pumori_last_error());
	close_session(&session);
	return error;
}
