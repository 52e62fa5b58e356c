// SPDX-License-Identifier: MIT
/* Loading executables onto a device and describing them. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "model.h"
#include "profile.h"

#define VARIABLE_ALIGNMENT	4096u	/* of scratch and states, so that none shares a page with another */

static const struct pumori_executable_variable *variables_of(const struct pumori_model *model,
							     uint32_t entry)
{
	return &model->executable->variables[model->executable->entries[entry].first_variable];
}

static int is_private(const struct pumori_executable_variable *variable)
{
	return variable->kind == PUMORI_KIND_SCRATCH || variable->kind == PUMORI_KIND_STATE;
}

int pumori_model_private(const struct pumori_model *model, uint32_t entry, uint64_t *bytes)
{
	const struct pumori_executable_variable *variables = variables_of(model, entry);
	uint64_t total = 0, size;
	uint32_t i;

	for (i = 0; i < model->executable->entries[entry].variables; i++) {
		if (!is_private(&variables[i]))
			continue;
		if (__builtin_add_overflow(variables[i].size, VARIABLE_ALIGNMENT - 1, &size) ||
		    __builtin_add_overflow(total, size & ~(uint64_t)(VARIABLE_ALIGNMENT - 1),
					   &total))
			return pumori_fail(PUMORI_ERROR_FORMAT, "scratch and states overflow");
	}
	*bytes = total;
	return 0;
}

void pumori_model_fill_job(const struct pumori_model *model, uint32_t entry, struct pumori_job *job,
			   const struct pumori_buffer *memory)
{
	const struct pumori_backend_ops *ops = model->device->backend->ops;
	const struct pumori_executable_variable *variables = variables_of(model, entry);
	uint64_t offset = 0;
	uint32_t i;

	for (i = 0; i < model->executable->entries[entry].variables; i++) {
		const struct pumori_executable_variable *variable = &variables[i];

		/* Without weights there may still be variables of no bytes. */
		if (variable->kind == PUMORI_KIND_WEIGHTS)
			ops->job_variable(
				job, i, model->weights ? model->weights->va + variable->offset : 0,
				variable->size, 0);
		if (!is_private(variable) || !memory)
			continue;
		ops->job_variable(job, i, memory->va + offset, variable->size, 1);
		if (variable->flags & PUMORI_VARIABLE_INITIALIZED && model->weights)
			memcpy((char *)memory->data + offset,
			       (char *)model->weights->data + variable->offset, variable->size);
		offset += (variable->size + VARIABLE_ALIGNMENT - 1) &
			  ~(uint64_t)(VARIABLE_ALIGNMENT - 1);
	}
}

/* --- Loading ------------------------------------------------------------------------------------ */

static int check_device(const struct pumori_model *model)
{
	const struct pumori_executable *executable = model->executable;
	struct pumori_device_info info = { 0 };
	uint64_t missing;
	int error = model->device->backend->ops->info(model->device->backend, &info);

	if (error)
		return error;
	missing = (executable->header.features | executable->program.features) & ~info.features;
	if (missing)
		return pumori_fail(PUMORI_ERROR_UNSUPPORTED,
				   "the model needs features 0x%llx that the device lacks",
				   (unsigned long long)missing);
	if (executable->program.version_minor > (info.isa_version & 0xffff))
		return pumori_fail(PUMORI_ERROR_VERSION,
				   "the model is for instruction set %u.%u, the device has %u.%u",
				   executable->program.version_major,
				   executable->program.version_minor, info.isa_version >> 16,
				   info.isa_version & 0xffff);
	return 0;
}

static int load_weights(struct pumori_model *model)
{
	const struct pumori_section *weights = &model->executable->section[PUMORI_INDEX_WEIGHTS];
	int error;

	if (!weights->data)
		return 0;
	error = pumori_buffer_create(model->device, weights->size,
				     PUMORI_BUFFER_DEVICE | PUMORI_BUFFER_READ_ONLY,
				     &model->weights);
	if (error)
		return error;
	return pumori_executable_copy_weights(model->executable, model->weights->data);
}

static int load_program(struct pumori_model *model)
{
	const struct pumori_section *image = &model->executable->section[PUMORI_INDEX_PROGRAM];
	struct pumori_backend *backend = model->device->backend;
	int error = backend->ops->program_load(backend, image->data, image->size, &model->program);

	model->program_loaded = !error;
	return error;
}

/* The entry that runs is the first that is not a preload. */
static int prepare_entries(struct pumori_model *model)
{
	const struct pumori_executable_entry *entries = model->executable->entries;
	struct pumori_backend *backend = model->device->backend;
	uint64_t bytes;
	uint32_t preload;
	int error;

	while (entries[model->entry].flags & PUMORI_ISA_ENTRY_PRELOAD)
		model->entry++;
	if (!(entries[model->entry].flags & PUMORI_ISA_ENTRY_NEEDS_PRELOAD))
		return 0;
	for (preload = 0; !(entries[preload].flags & PUMORI_ISA_ENTRY_PRELOAD); preload++)
		;
	error = pumori_model_private(model, preload, &bytes);
	if (!error && bytes)
		error = pumori_buffer_create(model->device, bytes, PUMORI_BUFFER_DEVICE,
					     &model->preload_scratch);
	if (!error)
		error = backend->ops->job_create(backend, model->program, preload,
						 entries[preload].variables,
						 model->device->budget_ms, &model->preload);
	if (!error)
		pumori_model_fill_job(model, preload, model->preload, model->preload_scratch);
	return error;
}

static void free_model(struct pumori_model *model)
{
	struct pumori_backend *backend = model->device->backend;

	if (model->preload) {
		pumori_queues_forget(&model->device->queues, model);
		backend->ops->job_destroy(backend, model->preload);
	}
	if (model->program_loaded)
		backend->ops->program_unload(backend, model->program);
	pumori_buffer_destroy(model->device, model->preload_scratch);
	pumori_buffer_destroy(model->device, model->weights);
	pumori_executable_close(model->executable);
	pumori_device_put(model->device);
	free(model);
}

static int load(struct pumori_model **model, struct pumori_device *device,
		struct pumori_executable *executable)
{
	struct pumori_model *new = calloc(1, sizeof(*new));
	int error;

	if (!new) {
		pumori_executable_close(executable);
		return pumori_fail(PUMORI_ERROR_MEMORY, "no memory for a model");
	}
	new->device = pumori_device_get(device);
	new->executable = executable;
	new->references = 1;
	error = check_device(new);
	if (!error)
		error = load_weights(new);
	if (!error)
		error = load_program(new);
	if (!error)
		error = prepare_entries(new);
	if (error) {
		free_model(new);
		return error;
	}
	pumori_executable_release(executable);
	*model = new;
	return 0;
}

int pumori_model_load(struct pumori_model **model, struct pumori_device *device, const char *path)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_executable *executable;
	uint64_t begin;
	int error;

	if (!model || !device || !path)
		return pumori_fail(
			PUMORI_ERROR_INVALID,
			"pumori_model_load: no device, no path or nowhere to put the model");
	begin = pumori_profile_now(device->backend->profile);
	error = pumori_executable_open(&executable, path);
	if (!error)
		error = load(model, device, executable);
	if (!error)
		(*model)->number = pumori_profile_model(device->backend->profile, path, begin);
	return error;
}

int pumori_model_load_memory(struct pumori_model **model, struct pumori_device *device,
			     const void *data, size_t bytes)
{
	PUMORI_KEEP_ERRNO();
	struct pumori_executable *executable;
	uint64_t begin;
	int error;

	if (!model || !device || !data)
		return pumori_fail(
			PUMORI_ERROR_INVALID,
			"pumori_model_load_memory: no device, no data or nowhere to put the model");
	begin = pumori_profile_now(device->backend->profile);
	error = pumori_executable_open_memory(&executable, data, bytes);
	if (!error)
		error = load(model, device, executable);
	if (!error)
		(*model)->number = pumori_profile_model(device->backend->profile, "", begin);
	return error;
}

struct pumori_model *pumori_model_get(struct pumori_model *model)
{
	__atomic_fetch_add(&model->references, 1, __ATOMIC_RELAXED);
	return model;
}

void pumori_model_put(struct pumori_model *model)
{
	if (!__atomic_sub_fetch(&model->references, 1, __ATOMIC_ACQ_REL))
		free_model(model);
}

void pumori_model_unload(struct pumori_model *model)
{
	PUMORI_KEEP_ERRNO();

	if (model)
		pumori_model_put(model);
}

/* --- Describing --------------------------------------------------------------------------------- */

static uint32_t kind_of(enum pumori_direction direction)
{
	return direction == PUMORI_INPUT ? PUMORI_KIND_INPUT : PUMORI_KIND_OUTPUT;
}

static uint32_t count_kind(const struct pumori_model *model, uint32_t kind)
{
	const struct pumori_executable_variable *variables = variables_of(model, model->entry);
	uint32_t i, count = 0;

	for (i = 0; i < model->executable->entries[model->entry].variables; i++)
		count += variables[i].kind == kind;
	return count;
}

int pumori_model_info(struct pumori_model *model, struct pumori_model_info *info)
{
	PUMORI_KEEP_ERRNO();
	const struct pumori_executable_variable *variables;
	struct pumori_model_info complete = { 0 };
	const struct pumori_executable *executable;
	uint32_t i;

	if (!model)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_model_info: no model");
	executable = model->executable;
	complete.name = pumori_executable_string(executable, executable->header.model);
	complete.producer = pumori_executable_string(executable, executable->header.producer);
	complete.inputs = count_kind(model, PUMORI_KIND_INPUT);
	complete.outputs = count_kind(model, PUMORI_KIND_OUTPUT);
	complete.instructions = executable->program.instructions;
	complete.cast = executable->header.cast;
	complete.weight_bytes = executable->section[PUMORI_INDEX_WEIGHTS].size;
	complete.macs = executable->header.macs;
	complete.estimated_cycles = executable->entries[model->entry].cycles;
	variables = variables_of(model, model->entry);
	for (i = 0; i < executable->entries[model->entry].variables; i++)
		if (variables[i].kind == PUMORI_KIND_SCRATCH)
			complete.scratch_bytes += variables[i].size;
	return pumori_info_copy(info, &complete, sizeof(complete), "pumori_model_info");
}

int pumori_model_variable(const struct pumori_model *model, enum pumori_direction direction,
			  uint32_t index, const struct pumori_executable_variable **variable,
			  uint32_t *slot)
{
	const struct pumori_executable_variable *variables = variables_of(model, model->entry);
	uint32_t i, seen = 0;

	if (direction != PUMORI_INPUT && direction != PUMORI_OUTPUT)
		return pumori_fail(PUMORI_ERROR_INVALID, "direction %d is neither input nor output",
				   (int)direction);
	for (i = 0; i < model->executable->entries[model->entry].variables; i++) {
		if (variables[i].kind != kind_of(direction) || seen++ != index)
			continue;
		*variable = &variables[i];
		if (slot)
			*slot = i;
		return 0;
	}
	return pumori_fail(PUMORI_ERROR_INVALID, "there is no %s %u, the model has %u",
			   direction == PUMORI_INPUT ? "input" : "output", index, seen);
}

int pumori_model_tensor(struct pumori_model *model, enum pumori_direction direction, uint32_t index,
			struct pumori_tensor_info *info)
{
	PUMORI_KEEP_ERRNO();
	const struct pumori_executable_variable *variable;
	struct pumori_tensor_info complete = { 0 };
	uint32_t i;
	int error;

	if (!model)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_model_tensor: no model");
	error = pumori_model_variable(model, direction, index, &variable, NULL);
	if (error)
		return error;
	complete.name = pumori_executable_string(model->executable, variable->name);
	complete.dtype = variable->dtype;
	complete.rank = variable->rank;
	for (i = 0; i < variable->rank; i++)
		complete.shape[i] = variable->shape[i];
	complete.bytes = variable->size;
	return pumori_info_copy(info, &complete, sizeof(complete), "pumori_model_tensor");
}

int pumori_model_metadata(struct pumori_model *model, const char *key, const char **value,
			  size_t *bytes)
{
	const char *found;
	size_t size;

	if (!model || !key)
		return pumori_fail(PUMORI_ERROR_INVALID,
				   "pumori_model_metadata: no model or no key");
	if (pumori_executable_metadata_value(model->executable, key, &found, &size))
		return pumori_fail(PUMORI_ERROR_INVALID, "the model has no metadata \"%.64s\"",
				   key);
	if (value)
		*value = found;
	if (bytes)
		*bytes = size;
	return 0;
}
