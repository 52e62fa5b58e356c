// SPDX-License-Identifier: MIT
/* Ranges and profiles: what the file holds, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "executable_builder.h"
#include <pumori/isa.h>
#include <pumori/profile.h>

/** struct file - a profile as it lies in its file */
struct file {
	struct pumori_profile_header header;
	struct pumori_profile_event *events;
	struct pumori_profile_instruction *instructions;
};

static char path[] = "/tmp/pumori-profile-XXXXXX";

static int make_path(void **state)
{
	int file;

	(void)state;
	memcpy(path + strlen(path) - 6, "XXXXXX", 6);
	file = mkstemp(path);
	if (file < 0)
		return -1;
	close(file);
	return 0;
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

static struct file read_file(void)
{
	struct file file;
	FILE *stream = fopen(path, "rb");

	assert_non_null(stream);
	assert_int_equal(fread(&file.header, sizeof(file.header), 1, stream), 1);
	file.events = calloc(file.header.events + 1, sizeof(*file.events));
	file.instructions = calloc(file.header.instructions + 1, sizeof(*file.instructions));
	assert_int_equal(fread(file.events, sizeof(*file.events), file.header.events, stream), file.header.events);
	assert_int_equal(fread(file.instructions, sizeof(*file.instructions), file.header.instructions, stream),
			 file.header.instructions);
	assert_int_equal(fgetc(stream), EOF);
	fclose(stream);
	return file;
}

static void free_file(struct file *file)
{
	free(file->events);
	free(file->instructions);
}

static const struct pumori_profile_event *find(const struct file *file, uint32_t type, const char *name)
{
	for (uint64_t i = 0; i < file->header.events; i++)
		if (file->events[i].type == type && !strcmp(file->events[i].name, name))
			return &file->events[i];
	fail_msg("no event %u \"%s\"", type, name);
	return NULL;
}

static struct pumori_device *open_device(void)
{
	struct pumori_device *device;

	assert_int_equal(pumori_device_open(&device, "inproc", NULL), 0);
	return device;
}

/* y = x * w, once; returns the model cycles. */
static uint64_t run_scale(struct pumori_device *device)
{
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_tensor *x, *y;
	struct pumori_model *model;
	struct builder builder;
	struct pumori_run *run;
	size_t bytes;
	void *data;

	build_scale(&builder);
	data = builder_write(&builder, &bytes);
	builder_end(&builder);
	assert_int_equal(pumori_model_load_memory(&model, device, data, bytes), 0);
	free(data);
	assert_int_equal(pumori_tensor_create_for(&x, model, PUMORI_INPUT, 0), 0);
	assert_int_equal(pumori_tensor_create_for(&y, model, PUMORI_OUTPUT, 0), 0);
	assert_int_equal(pumori_run_create(&run, model), 0);
	assert_int_equal(pumori_run_bind(run, PUMORI_INPUT, 0, x), 0);
	assert_int_equal(pumori_run_bind(run, PUMORI_OUTPUT, 0, y), 0);
	for (int i = 0; i < 64; i++)
		((float *)pumori_tensor_data(x))[i] = 2;
	assert_int_equal(pumori_run_execute(run), 0);
	for (int i = 0; i < 64; i++)
		assert_true(((float *)pumori_tensor_data(y))[i] == (float)i);
	assert_int_equal(pumori_run_status(run, &status), 0);
	pumori_run_destroy(run);
	pumori_tensor_destroy(x);
	pumori_tensor_destroy(y);
	pumori_model_unload(model);
	return status.cycles;
}

static void test_every_instruction_is_recorded(void **state)
{
	struct pumori_device *device = open_device();
	uint64_t plain = run_scale(device), last = 0, multiplied = 0;
	struct file file;

	(void)state;
	assert_int_equal(pumori_profile_start(device, path, NULL), 0);
	assert_int_equal(run_scale(device), plain);
	assert_int_equal(pumori_profile_stop(device), 0);
	/* What is not profiled is not in it. */
	assert_int_equal(run_scale(device), plain);
	file = read_file();
	assert_int_equal(file.header.magic, PUMORI_PROFILE_MAGIC);
	assert_int_equal(file.header.instructions, 6);
	assert_int_equal(file.header.lost, 0);
	for (uint64_t i = 0; i < file.header.instructions; i++) {
		const struct pumori_profile_instruction *instruction = &file.instructions[i];

		last = instruction->end > last ? instruction->end : last;
		assert_true(instruction->begin <= instruction->end);
		assert_true(instruction->energy_pj >= 448);
		if (instruction->opcode == PUMORI_ISA_TENSOR_TENSOR) {
			multiplied++;
			assert_int_equal(instruction->stream, PUMORI_ISA_VECTOR);
			assert_int_equal(instruction->work, 64);
			assert_int_equal(instruction->bytes, 3 * 64 * 4);
			assert_int_equal(instruction->out.extent * instruction->out.partitions, 64 * 4);
			assert_int_equal(instruction->out.psum, 0);
		}
	}
	assert_int_equal(multiplied, 1);
	assert_int_equal(last, plain);
	free_file(&file);
	pumori_device_close(device);
}

static void test_what_finds_no_room_is_counted(void **state)
{
	const struct pumori_profile_options options = { .size = sizeof(options), .instructions = 4 };
	struct pumori_device *device = open_device();
	struct file file;

	(void)state;
	assert_int_equal(pumori_profile_start(device, path, &options), 0);
	run_scale(device);
	assert_int_equal(pumori_profile_stop(device), 0);
	file = read_file();
	assert_int_equal(file.header.instructions, 4);
	assert_int_equal(file.header.lost, 2);
	free_file(&file);
	pumori_device_close(device);
}

static void test_the_host_side_is_recorded(void **state)
{
	struct pumori_device *device = open_device();
	const struct pumori_profile_event *outer, *inner, *submit, *complete;
	struct file file;

	(void)state;
	assert_int_equal(pumori_profile_start(device, path, NULL), 0);
	assert_int_equal(pumori_range_push("outer"), 0);
	assert_int_equal(pumori_range_push("inner"), 1);
	run_scale(device);
	assert_int_equal(pumori_mark("here"), 0);
	assert_int_equal(pumori_range_pop(), 1);
	assert_int_equal(pumori_range_pop(), 0);
	assert_int_equal(pumori_profile_stop(device), 0);
	file = read_file();
	outer = find(&file, PUMORI_PROFILE_RANGE, "outer");
	inner = find(&file, PUMORI_PROFILE_RANGE, "inner");
	submit = find(&file, PUMORI_PROFILE_SUBMIT, "");
	complete = find(&file, PUMORI_PROFILE_COMPLETE, "");
	find(&file, PUMORI_PROFILE_MARK, "here");
	assert_true(find(&file, PUMORI_PROFILE_MEMORY, "")->value > 0);
	assert_int_equal(find(&file, PUMORI_PROFILE_MODEL, "")->model, 1);
	assert_int_equal(submit->model, 1);
	assert_int_equal(submit->sequence, complete->sequence);
	assert_int_equal(submit->queue, file.instructions[0].queue);
	assert_int_equal(submit->sequence, file.instructions[0].sequence);
	assert_true(outer->begin_ns <= inner->begin_ns && inner->begin_ns <= submit->begin_ns);
	assert_true(submit->end_ns <= complete->end_ns && complete->end_ns <= inner->end_ns);
	assert_true(inner->end_ns <= outer->end_ns);
	free_file(&file);
	pumori_device_close(device);
}

static void test_ranges_need_no_profile(void **state)
{
	char name[200];

	(void)state;
	assert_int_equal(pumori_range_pop(), PUMORI_ERROR_INVALID);
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = 0;
	for (int i = 0; i < 100; i++)
		assert_int_equal(pumori_range_push(name), i);
	for (int i = 100; i-- > 0;)
		assert_int_equal(pumori_range_pop(), i);
	assert_int_equal(pumori_range_pop(), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_range_push(NULL), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_mark(NULL), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_mark("nothing listens"), 0);
}

/* A range that began before the profile is not in it, and its end does no harm. */
static void test_a_range_that_was_there_before(void **state)
{
	struct pumori_device *device = open_device();
	struct file file;

	(void)state;
	pumori_range_push("before");
	assert_int_equal(pumori_profile_start(device, path, NULL), 0);
	pumori_range_pop();
	pumori_range_push("within");
	pumori_range_pop();
	assert_int_equal(pumori_profile_stop(device), 0);
	file = read_file();
	assert_int_equal(file.header.events, 1);
	find(&file, PUMORI_PROFILE_RANGE, "within");
	free_file(&file);
	pumori_device_close(device);
}

static void test_refusals(void **state)
{
	struct pumori_profile_options options = { .size = sizeof(options), .instructions = UINT64_MAX };
	struct pumori_device *device = open_device();

	(void)state;
	assert_int_equal(pumori_profile_stop(device), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_profile_stop(NULL), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_profile_start(NULL, path, NULL), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_profile_start(device, NULL, NULL), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_profile_start(device, path, &options), PUMORI_ERROR_INVALID);
	assert_int_equal(pumori_profile_start(device, "/proc/none/profile", NULL), PUMORI_ERROR_IO);
	assert_int_equal(pumori_profile_start(device, path, NULL), 0);
	assert_int_equal(pumori_profile_start(device, path, NULL), PUMORI_ERROR_BUSY);
	/* Closing a device ends its profile. */
	pumori_device_close(device);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_instruction_is_recorded, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_what_finds_no_room_is_counted, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_the_host_side_is_recorded, make_path, remove_path),
		cmocka_unit_test(test_ranges_need_no_profile),
		cmocka_unit_test_setup_teardown(test_a_range_that_was_there_before, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_refusals, make_path, remove_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
