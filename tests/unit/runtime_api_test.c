// SPDX-License-Identifier: MIT
/* The contract of every function of the C API, right and wrong use. */
#include "runtime_fixture.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int temporary_file(char path[PATH_MAX])
{
	const char *folder = getenv("TMPDIR");

	snprintf(path, PATH_MAX, "%s/pumori-api-XXXXXX", folder ? folder : "/tmp");
	return mkstemp(path);
}

static void test_device_open(void **state)
{
	struct pumori_device_options options = { .size = sizeof(options),
						 .core = -1,
						 .priority = 1 };
	struct pumori_device *device = NULL;
	struct {
		struct pumori_device_options options;
		uint64_t future;
	} longer = { .options = options };

	(void)state;
	FAILS(PUMORI_ERROR_INVALID, "nowhere", pumori_device_open(NULL, "inproc", NULL));
	FAILS(PUMORI_ERROR_INVALID, "no device name",
	      pumori_device_open(&device, "/dev/null", NULL));
	FAILS(PUMORI_ERROR_INVALID, "no device name",
	      pumori_device_open(&device, "/dev/accel/accel", NULL));
	FAILS(PUMORI_ERROR_INVALID, "no device name",
	      pumori_device_open(&device, "inprocess", NULL));
	FAILS(PUMORI_ERROR_INVALID, "no device name", pumori_device_open(&device, "-1", NULL));
	FAILS(PUMORI_ERROR_NO_DEVICE, "accel199", pumori_device_open(&device, "199", NULL));
	FAILS(PUMORI_ERROR_NO_DEVICE, "accel198",
	      pumori_device_open(&device, "/dev/accel/accel198", NULL));
	assert_null(device);

	OK(pumori_device_open(&device, "inproc", &options));
	pumori_device_close(device);
	/* A struct of an older library is shorter, one of a newer library longer. */
	options.size = offsetof(struct pumori_device_options, hbm_bytes);
	options.hbm_bytes = ~0ull;
	OK(pumori_device_open(&device, "inproc", &options));
	pumori_device_close(device);
	options.size = sizeof(options);
	options.hbm_bytes = 0;
	longer.options.size = sizeof(longer);
	OK(pumori_device_open(&device, "inproc", &longer.options));
	pumori_device_close(device);
	longer.future = 1;
	FAILS(PUMORI_ERROR_INVALID, "knows only",
	      pumori_device_open(&device, "inproc", &longer.options));

	options.size = 0;
	FAILS(PUMORI_ERROR_INVALID, "size 0", pumori_device_open(&device, "inproc", &options));
	options.size = sizeof(options);
	options.core = 2;
	FAILS(PUMORI_ERROR_INVALID, "core 2", pumori_device_open(&device, "inproc", &options));
	options.core = -2;
	FAILS(PUMORI_ERROR_INVALID, "core -2", pumori_device_open(&device, "inproc", &options));
	options.core = -1;
	options.priority = 4;
	FAILS(PUMORI_ERROR_INVALID, "priority 4", pumori_device_open(&device, "inproc", &options));
	options.priority = 1;
	options.kernels = "abacus";
	FAILS(PUMORI_ERROR_INVALID, "\"abacus\" is no kernel set",
	      pumori_device_open(&device, "inproc", &options));
	options.kernels = NULL;
	options.hbm_bytes = 1ull << 60;
	FAILS(PUMORI_ERROR_INVALID, "too much", pumori_device_open(&device, "inproc", &options));
	pumori_device_close(NULL);
}

static void test_device_names_from_the_environment(void **state)
{
	struct pumori_device_info info = { .size = sizeof(info) };
	struct pumori_device *device = NULL;
	char *saved = getenv("PUMORI_DEVICE"), *kernels = getenv("PUMORI_KERNELS");
	char before[64] = "", kernels_before[64] = "";

	(void)state;
	snprintf(before, sizeof(before), "%s", saved ? saved : "");
	snprintf(kernels_before, sizeof(kernels_before), "%s", kernels ? kernels : "");
	setenv("PUMORI_DEVICE", "inproc", 1);
	setenv("PUMORI_KERNELS", "generic", 1);
	OK(pumori_device_open(&device, NULL, NULL));
	OK(pumori_device_info(device, &info));
	assert_string_equal(info.path, "inproc");
	assert_string_equal(info.name, "pumori-1 generic");
	pumori_device_close(device);
	setenv("PUMORI_KERNELS", "abacus", 1);
	FAILS(PUMORI_ERROR_INVALID, "abacus", pumori_device_open(&device, NULL, NULL));
	unsetenv("PUMORI_KERNELS");
	setenv("PUMORI_DEVICE", "197", 1);
	FAILS(PUMORI_ERROR_NO_DEVICE, "accel197", pumori_device_open(&device, NULL, NULL));
	unsetenv("PUMORI_DEVICE");
	if (saved)
		setenv("PUMORI_DEVICE", before, 1);
	if (kernels)
		setenv("PUMORI_KERNELS", kernels_before, 1);
}

static void test_device_list(void **state)
{
	struct pumori_device_info infos[4];
	struct pumori_device *device;
	int i, count, opened;

	(void)state;
	for (i = 0; i < 4; i++)
		infos[i] = (struct pumori_device_info){ .size = sizeof(infos[i]) };
	FAILS(PUMORI_ERROR_INVALID, "no array", pumori_device_list(NULL, 1));
	count = CALL(pumori_device_list(NULL, 0));
	assert_true(count >= 0);
	assert_int_equal(CALL(pumori_device_list(infos, 4)), count);
	for (i = 0; i < count && i < 4; i++) {
		assert_int_equal(strncmp(infos[i].path, "/dev/accel/accel", 16), 0);
		assert_true(infos[i].index >= 0);
		assert_string_equal(infos[i].driver, "pumori");
	}
	/* Without a name the first of them is opened, and if there is none, that is said. */
	if (getenv("PUMORI_DEVICE"))
		return;
	opened = CALL(pumori_device_open(&device, NULL, NULL));
	assert_int_equal(opened, count ? 0 : PUMORI_ERROR_NO_DEVICE);
	if (!opened)
		pumori_device_close(device);
}

static void test_device_info(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_device_info info = { .size = sizeof(info) }, part;
	struct {
		struct pumori_device_info info;
		uint64_t future;
	} longer;
	struct pumori_tensor *tensor;
	uint64_t before;

	(void)state;
	OK(pumori_device_info(device, &info));
	assert_int_equal(info.size, sizeof(info));
	assert_true(info.cores >= 1 && info.slots >= 1 && info.instructions >= 1024 &&
		    info.clock_khz > 0);
	assert_int_equal(info.hw_version >> 16, 1);
	assert_int_equal(info.isa_version >> 16, 1);
	assert_true(info.features & 1);
	assert_true(info.hbm_bytes >= 1 << 20);
	assert_true(strlen(info.name) > 0);
	if (on_inproc()) {
		assert_int_equal(info.index, -1);
		assert_int_equal(info.cores, 2);
		assert_string_equal(info.socket, "inproc");
		assert_string_equal(info.driver, "");
		assert_int_equal(info.driver_version, 0);
		assert_true(info.hbm_used <= info.hbm_bytes);
		before = info.hbm_used;
		OK(pumori_tensor_create(&tensor, device, 5000));
		OK(pumori_device_info(device, &info));
		assert_int_equal(info.hbm_used, before + 8192);
		pumori_tensor_destroy(tensor);
		OK(pumori_device_info(device, &info));
		assert_int_equal(info.hbm_used, before);
	}
	memset(&part, 0xee, sizeof(part));
	part.size = offsetof(struct pumori_device_info, hw_version);
	OK(pumori_device_info(device, &part));
	assert_int_equal(part.cores, info.cores);
	assert_int_equal(part.hw_version, 0xeeeeeeee);
	longer.info.size = sizeof(longer);
	longer.future = 5;
	OK(pumori_device_info(device, &longer.info));
	assert_int_equal(longer.future, 0);
	info.size = 0;
	FAILS(PUMORI_ERROR_INVALID, "size 0", pumori_device_info(device, &info));
	FAILS(PUMORI_ERROR_INVALID, "no struct", pumori_device_info(device, NULL));
	FAILS(PUMORI_ERROR_INVALID, "no device", pumori_device_info(NULL, &info));
	pumori_device_close(device);
}

static void test_model_load(void **state)
{
	char path[PATH_MAX];
	struct pumori_device *device = open_device(NULL);
	struct pumori_device_info before = { .size = sizeof(before) },
				  after = { .size = sizeof(after) };
	struct pumori_model *model = NULL;
	struct builder builder;
	int file = temporary_file(path);
	size_t bytes;
	char *data;

	(void)state;
	OK(pumori_device_info(device, &before));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_model_load(&model, device, NULL));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_model_load(&model, NULL, path));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_model_load(NULL, device, path));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_model_load_memory(&model, device, NULL, 10));
	FAILS(PUMORI_ERROR_FORMAT, "is empty", pumori_model_load(&model, device, path));
	build_scale(&builder);
	data = builder_write(&builder, &bytes);
	assert_int_equal(write(file, data, bytes), bytes);
	OK(pumori_model_load(&model, device, path));
	pumori_model_unload(model);
	model = NULL;
	/* Weights are checked while they are copied; nothing stays behind. */
	data[bytes / 2] ^= 1;
	memset(data + bytes / 3, 0x5a, bytes / 3);
	FAILS(PUMORI_ERROR_FORMAT, "", pumori_model_load_memory(&model, device, data, bytes));
	free(data);
	builder_end(&builder);
	build_scale(&builder);
	builder.section[BUILDER_WEIGHTS].checksum_xor = 1;
	data = builder_write(&builder, &bytes);
	FAILS(PUMORI_ERROR_FORMAT, "weights is damaged",
	      pumori_model_load_memory(&model, device, data, bytes));
	free(data);
	builder_end(&builder);
	/* What the chip refuses. */
	build_copy(&builder, 8);
	((struct pumori_isa_instruction *)(builder.section[BUILDER_PROGRAM].data + 256))[1].opcode =
		0x7f;
	data = builder_write(&builder, &bytes);
	FAILS(PUMORI_ERROR_FORMAT, "refuses instruction 1",
	      pumori_model_load_memory(&model, device, data, bytes));
	free(data);
	builder_end(&builder);
	/* What the device does not have. */
	build_copy(&builder, 8);
	builder_header(&builder)->features = 1ull << 63;
	data = builder_write(&builder, &bytes);
	FAILS(PUMORI_ERROR_UNSUPPORTED, "0x8000000000000000",
	      pumori_model_load_memory(&model, device, data, bytes));
	free(data);
	builder_end(&builder);
	build_copy(&builder, 8);
	((struct pumori_isa_program *)builder.section[BUILDER_PROGRAM].data)->version_minor = 77;
	data = builder_write(&builder, &bytes);
	FAILS(PUMORI_ERROR_VERSION, "instruction set 1.77",
	      pumori_model_load_memory(&model, device, data, bytes));
	free(data);
	builder_end(&builder);
	assert_null(model);
	OK(pumori_device_info(device, &after));
	assert_int_equal(before.hbm_used, after.hbm_used);
	close(file);
	unlink(path);
	FAILS(PUMORI_ERROR_IO, path, pumori_model_load(&model, device, path));
	pumori_model_unload(NULL);
	pumori_device_close(device);
}

static void test_model_description(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_model_info info = { .size = sizeof(info) };
	struct pumori_tensor_info tensor = { .size = sizeof(tensor) };
	struct pumori_model *model;
	struct builder builder;
	const char *value;
	size_t bytes;

	(void)state;
	build_scale(&builder);
	builder_metadata(&builder, "task", "scaling");
	model = load_built(device, &builder);
	OK(pumori_model_info(model, &info));
	assert_string_equal(info.name, "test model");
	assert_string_equal(info.producer, "builder 1.0");
	assert_int_equal(info.inputs, 1);
	assert_int_equal(info.outputs, 1);
	assert_int_equal(info.instructions, 6);
	assert_int_equal(info.cast, PUMORI_FP32);
	assert_int_equal(info.weight_bytes, 320);
	assert_int_equal(info.scratch_bytes, 100);
	assert_int_equal(info.macs, 1234);
	assert_int_equal(info.estimated_cycles, 99);
	OK(pumori_model_tensor(model, PUMORI_OUTPUT, 0, &tensor));
	assert_string_equal(tensor.name, "y");
	assert_int_equal(tensor.dtype, PUMORI_FP32);
	assert_int_equal(tensor.rank, 1);
	assert_int_equal(tensor.shape[0], 64);
	assert_int_equal(tensor.shape[1], 0);
	assert_int_equal(tensor.bytes, 256);
	FAILS(PUMORI_ERROR_INVALID, "no input 1",
	      pumori_model_tensor(model, PUMORI_INPUT, 1, &tensor));
	FAILS(PUMORI_ERROR_INVALID, "no output 4294967295",
	      pumori_model_tensor(model, PUMORI_OUTPUT, ~0u, &tensor));
	FAILS(PUMORI_ERROR_INVALID, "direction 3",
	      pumori_model_tensor(model, (enum pumori_direction)3, 0, &tensor));
	FAILS(PUMORI_ERROR_INVALID, "no model",
	      pumori_model_tensor(NULL, PUMORI_INPUT, 0, &tensor));
	FAILS(PUMORI_ERROR_INVALID, "no model", pumori_model_info(NULL, &info));
	OK(pumori_model_metadata(model, "task", &value, &bytes));
	assert_string_equal(value, "scaling");
	assert_int_equal(bytes, 7);
	OK(pumori_model_metadata(model, "task", NULL, NULL));
	FAILS(PUMORI_ERROR_INVALID, "no metadata \"tusk\"",
	      pumori_model_metadata(model, "tusk", &value, &bytes));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_model_metadata(model, NULL, &value, &bytes));
	pumori_model_unload(model);
	pumori_device_close(device);
}

static void test_tensors(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_tensor *tensor = NULL, *other;
	struct pumori_model *model;
	struct builder builder;
	const char zeros[100] = { 0 };
	int round;

	(void)state;
	FAILS(PUMORI_ERROR_INVALID, "", pumori_tensor_create(NULL, device, 1));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_tensor_create(&tensor, NULL, 1));
	FAILS(PUMORI_ERROR_DEVICE_MEMORY, "address", pumori_tensor_create(&tensor, device, ~0ull));
	assert_int_equal(CALL(pumori_tensor_create(&tensor, device, 1ull << 46)) < 0, 1);
	assert_null(tensor);
	/* Memory is zeroed for every owner, be it small or large. */
	for (round = 0; round < 3; round++) {
		OK(pumori_tensor_create(&tensor, device, 100));
		OK(pumori_tensor_create(&other, device, 5 << 20));
		assert_int_equal(pumori_tensor_bytes(tensor), 100);
		assert_int_equal(pumori_tensor_bytes(other), 5 << 20);
		assert_memory_equal(pumori_tensor_data(tensor), zeros, 100);
		assert_memory_equal((char *)pumori_tensor_data(other) + (5 << 20) - 100, zeros,
				    100);
		memset(pumori_tensor_data(tensor), 0xff, 100);
		memset(pumori_tensor_data(other), 0xff, 5 << 20);
		pumori_tensor_destroy(tensor);
		pumori_tensor_destroy(other);
	}
	OK(pumori_tensor_create(&tensor, device, 0));
	assert_int_equal(pumori_tensor_bytes(tensor), 0);
	assert_non_null(pumori_tensor_data(tensor));
	pumori_tensor_destroy(tensor);
	build_copy(&builder, 10);
	model = load_built(device, &builder);
	OK(pumori_tensor_create_for(&tensor, model, PUMORI_INPUT, 0));
	assert_int_equal(pumori_tensor_bytes(tensor), 40);
	pumori_tensor_destroy(tensor);
	FAILS(PUMORI_ERROR_INVALID, "no input 1",
	      pumori_tensor_create_for(&tensor, model, PUMORI_INPUT, 1));
	FAILS(PUMORI_ERROR_INVALID, "no model",
	      pumori_tensor_create_for(&tensor, NULL, PUMORI_INPUT, 0));
	pumori_tensor_destroy(NULL);
	assert_null(pumori_tensor_data(NULL));
	assert_int_equal(pumori_tensor_bytes(NULL), 0);
	pumori_model_unload(model);
	pumori_device_close(device);
}

static void test_device_memory_runs_out(void **state)
{
	struct pumori_device_options options = {
		.size = sizeof(options), .core = -1, .priority = 1, .hbm_bytes = 8 << 20
	};
	struct pumori_device *device;
	struct pumori_tensor *tensor[3];

	(void)state;
	OK(pumori_device_open(&device, "inproc", &options));
	OK(pumori_tensor_create(&tensor[0], device, 4 << 20));
	OK(pumori_tensor_create(&tensor[1], device, 4 << 20));
	FAILS(PUMORI_ERROR_DEVICE_MEMORY, "device memory",
	      pumori_tensor_create(&tensor[2], device, 1));
	pumori_tensor_destroy(tensor[0]);
	OK(pumori_tensor_create(&tensor[2], device, 1));
	pumori_tensor_destroy(tensor[1]);
	pumori_tensor_destroy(tensor[2]);
	pumori_device_close(device);
}

static void test_run_misuse(void **state)
{
	struct pumori_device *device = open_device(NULL), *second = open_device(NULL);
	struct pumori_run_status status = { .size = sizeof(status) };
	struct pumori_tensor *x, *y, *small, *foreign;
	struct pumori_model *model;
	struct pumori_run *run = NULL;
	struct builder builder;

	(void)state;
	build_copy(&builder, 10);
	model = load_built(device, &builder);
	FAILS(PUMORI_ERROR_INVALID, "", pumori_run_create(NULL, model));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_run_create(&run, NULL));
	OK(pumori_run_create(&run, model));
	OK(pumori_tensor_create(&x, device, 40));
	OK(pumori_tensor_create(&y, device, 4000));
	OK(pumori_tensor_create(&small, device, 39));
	OK(pumori_tensor_create(&foreign, second, 40));
	FAILS(PUMORI_ERROR_INVALID, "no run", pumori_run_submit(NULL));
	FAILS(PUMORI_ERROR_INVALID, "no run", pumori_run_execute(NULL));
	FAILS(PUMORI_ERROR_INVALID, "no run", pumori_run_wait(NULL, 0));
	FAILS(PUMORI_ERROR_INVALID, "2 inputs or outputs", pumori_run_submit(run));
	FAILS(PUMORI_ERROR_INVALID, "not submitted", pumori_run_wait(run, -1));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_run_status(run, &status));
	FAILS(PUMORI_ERROR_INVALID, "", pumori_run_status(NULL, &status));
	FAILS(PUMORI_ERROR_INVALID, "no tensor", pumori_run_bind(run, PUMORI_INPUT, 0, NULL));
	FAILS(PUMORI_ERROR_INVALID, "no run", pumori_run_bind(NULL, PUMORI_INPUT, 0, x));
	FAILS(PUMORI_ERROR_INVALID, "no input 1", pumori_run_bind(run, PUMORI_INPUT, 1, x));
	FAILS(PUMORI_ERROR_INVALID, "direction",
	      pumori_run_bind(run, (enum pumori_direction)0, 0, x));
	FAILS(PUMORI_ERROR_INVALID, "x needs 40 bytes, the tensor has 39",
	      pumori_run_bind(run, PUMORI_INPUT, 0, small));
	FAILS(PUMORI_ERROR_INVALID, "another device",
	      pumori_run_bind(run, PUMORI_INPUT, 0, foreign));
	OK(pumori_run_bind(run, PUMORI_INPUT, 0, x));
	FAILS(PUMORI_ERROR_INVALID, "1 inputs or outputs", pumori_run_execute(run));
	OK(pumori_run_bind(run, PUMORI_OUTPUT, 0, y));
	/* Binding again replaces. */
	OK(pumori_run_bind(run, PUMORI_INPUT, 0, x));
	OK(pumori_run_execute(run));
	OK(pumori_run_status(run, &status));
	assert_int_equal(status.job_status, 0);
	FAILS(PUMORI_ERROR_INVALID, "no struct", pumori_run_status(run, NULL));
	pumori_run_destroy(run);
	pumori_run_destroy(NULL);
	pumori_tensor_destroy(x);
	pumori_tensor_destroy(y);
	pumori_tensor_destroy(small);
	pumori_tensor_destroy(foreign);
	pumori_model_unload(model);
	pumori_device_close(device);
	pumori_device_close(second);
}

/* The order in which objects are destroyed does not matter. */
static void test_destruction_is_deferred(void **state)
{
	struct pumori_device *device = open_device(NULL);
	struct pumori_model *model;
	struct builder builder;
	struct bound bound;
	int i;

	(void)state;
	build_copy(&builder, 10);
	model = load_built(device, &builder);
	bound = bind_all(model);
	pumori_device_close(device);
	pumori_model_unload(model);
	for (i = 0; i < 10; i++)
		floats(bound.input[0])[i] = (float)i;
	pumori_tensor_destroy(bound.input[0]);
	bound.input[0] = NULL;
	OK(pumori_run_execute(bound.run));
	for (i = 0; i < 10; i++)
		assert_true(floats(bound.output[0])[i] == (float)i);
	OK(pumori_run_submit(bound.run));
	release(&bound);
}

/* A library that prints would mix its words with the application's. */
static void test_nothing_is_printed(void **state)
{
	int pipes[2], out = dup(1), err = dup(2);
	struct pumori_device *device = NULL;
	struct pumori_model *model = NULL;
	struct builder builder;
	struct bound bound;
	char byte;

	(void)state;
	assert_int_equal(pipe2(pipes, O_NONBLOCK), 0);
	fflush(stdout);
	fflush(stderr);
	dup2(pipes[1], 1);
	dup2(pipes[1], 2);
	pumori_device_open(&device, "nowhere", NULL);
	pumori_device_open(&device, "196", NULL);
	pumori_device_list(NULL, 0);
	pumori_device_open(&device, getenv("PUMORI_DEVICE") ? NULL : "inproc", NULL);
	pumori_model_load_memory(&model, device, "rubbish", 7);
	build_fault(&builder);
	model = load_built(device, &builder);
	bound = bind_all(model);
	pumori_run_execute(bound.run);
	release(&bound);
	pumori_model_unload(model);
	pumori_device_close(device);
	fflush(stdout);
	fflush(stderr);
	dup2(out, 1);
	dup2(err, 2);
	assert_int_equal(read(pipes[0], &byte, 1), -1);
	close(pipes[0]);
	close(pipes[1]);
	close(out);
	close(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_open),
		cmocka_unit_test(test_device_names_from_the_environment),
		cmocka_unit_test(test_device_list),
		cmocka_unit_test(test_device_info),
		cmocka_unit_test(test_model_load),
		cmocka_unit_test(test_model_description),
		cmocka_unit_test(test_tensors),
		cmocka_unit_test(test_device_memory_runs_out),
		cmocka_unit_test(test_run_misuse),
		cmocka_unit_test(test_destruction_is_deferred),
		cmocka_unit_test(test_nothing_is_printed),
	};

	return cmocka_run_group_tests_name("runtime_api", tests, NULL, NULL);
}
