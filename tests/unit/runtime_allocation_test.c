// SPDX-License-Identifier: MIT
/*
 * The first allocation fails, then the second, until none does: every failure is reported, leaves
 * nothing behind, and the library goes on afterwards. The linker leads the library's calls here.
 */
#include "runtime_fixture.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static long countdown = -1;
static int armed, failed;

/* True when this call is the one to fail. */
static int fails_now(void)
{
	if (!__atomic_load_n(&armed, __ATOMIC_RELAXED))
		return 0;
	if (__atomic_fetch_sub(&countdown, 1, __ATOMIC_RELAXED) != 0)
		return 0;
	__atomic_store_n(&failed, 1, __ATOMIC_RELAXED);
	errno = ENOMEM;
	return 1;
}

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *old, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *old, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument);

void *__wrap_malloc(size_t bytes)
{
	return fails_now() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return fails_now() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *old, size_t bytes)
{
	return fails_now() ? NULL : __real_realloc(old, bytes);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
	return fails_now() ? NULL : __real_aligned_alloc(alignment, bytes);
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
	return fails_now() ? MAP_FAILED
			   : __real_mmap(address, bytes, protection, flags, file, offset);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
			  void *(*start)(void *), void *argument)
{
	return fails_now() ? EAGAIN : __real_pthread_create(thread, attributes, start, argument);
}

/** struct session - everything that an application may hold */
struct session {
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_tensor *x;
	struct pumori_tensor *y;
	struct pumori_run *run;
};

#define TRY(expression) do { \
		int status_ = (expression); \
		if (status_ < 0) \
			return status_; \
	} while (0)

static int use_model(struct session *session, const char *path)
{
	int i;

	TRY(pumori_model_load(&session->model, session->device, path));
	TRY(pumori_tensor_create_for(&session->x, session->model, PUMORI_INPUT, 0));
	TRY(pumori_tensor_create_for(&session->y, session->model, PUMORI_OUTPUT, 0));
	TRY(pumori_run_create(&session->run, session->model));
	TRY(pumori_run_bind(session->run, PUMORI_INPUT, 0, session->x));
	TRY(pumori_run_bind(session->run, PUMORI_OUTPUT, 0, session->y));
	for (i = 0; i < 64; i++)
		floats(session->x)[i] = 2;
	TRY(pumori_run_execute(session->run));
	TRY(pumori_run_submit(session->run));
	TRY(pumori_run_wait(session->run, -1));
	for (i = 0; i < 64; i++)
		if (floats(session->y)[i] != (float)i)
			return 1;
	return 0;
}

static int use_preload(struct session *session, const void *file, size_t bytes)
{
	TRY(pumori_model_load_memory(&session->model, session->device, file, bytes));
	TRY(pumori_tensor_create_for(&session->y, session->model, PUMORI_OUTPUT, 0));
	TRY(pumori_run_create(&session->run, session->model));
	TRY(pumori_run_bind(session->run, PUMORI_OUTPUT, 0, session->y));
	TRY(pumori_run_execute(session->run));
	return floats(session->y)[0] != 4;
}

static void end_use(struct session *session)
{
	pumori_run_destroy(session->run);
	pumori_tensor_destroy(session->x);
	pumori_tensor_destroy(session->y);
	pumori_model_unload(session->model);
	session->run = NULL;
	session->x = session->y = NULL;
	session->model = NULL;
}

static void expect_reported(int error, long index)
{
	if (error >= 0 || !failed)
		return;
	if (error != PUMORI_ERROR_MEMORY || !*pumori_last_error())
		print_error("allocation %ld: %s (%s)\n", index, pumori_error_name(error),
			    pumori_last_error());
	assert_int_equal(error, PUMORI_ERROR_MEMORY);
	assert_true(*pumori_last_error());
}

static long sweep_one(struct session *session, int (*step)(struct session *, void *),
		      void *argument, long index)
{
	int error;

	failed = 0;
	countdown = index;
	__atomic_store_n(&armed, 1, __ATOMIC_RELEASE);
	errno = 4711;
	error = step(session, argument);
	assert_int_equal(errno, 4711);
	__atomic_store_n(&armed, 0, __ATOMIC_RELEASE);
	/* It failed and said so, or what failed was not needed. */
	assert_true(failed || error == 0);
	expect_reported(error, index);
	assert_true(error <= 0);
	return failed;
}

struct files {
	char path[PATH_MAX];
	void *preload;
	size_t preload_bytes;
};

static int step_open(struct session *session, void *argument)
{
	(void)argument;
	return pumori_device_open(&session->device, "inproc", NULL);
}

static int step_model(struct session *session, void *argument)
{
	return use_model(session, ((struct files *)argument)->path);
}

static int step_preload(struct session *session, void *argument)
{
	struct files *files = argument;

	return use_preload(session, files->preload, files->preload_bytes);
}

static void make_files(struct files *files)
{
	const char *folder = getenv("TMPDIR");
	struct builder builder;
	size_t bytes;
	void *data;
	int file;

	snprintf(files->path, sizeof(files->path), "%s/pumori-allocation-XXXXXX",
		 folder ? folder : "/tmp");
	file = mkstemp(files->path);
	assert_true(file >= 0);
	build_scale(&builder);
	data = builder_write(&builder, &bytes);
	assert_int_equal(write(file, data, bytes), bytes);
	close(file);
	free(data);
	builder_end(&builder);
	build_preload(&builder, 4);
	files->preload = builder_write(&builder, &files->preload_bytes);
	builder_end(&builder);
}

static void test_open(void **state)
{
	struct session session = { 0 };
	long index = 0;

	(void)state;
	while (sweep_one(&session, step_open, NULL, index++)) {
		pumori_device_close(session.device);
		session.device = NULL;
	}
	pumori_device_close(session.device);
	assert_true(index > 10);
}

/* On a new device each time: also what is made on first use can fail. */
static void test_use(void **state)
{
	struct session session = { 0 };
	struct pumori_device_info before = { .size = sizeof(before) },
				  after = { .size = sizeof(after) };
	struct files files;
	long index = 0;
	int again, preload;

	(void)state;
	make_files(&files);
	for (preload = 0; preload < 2; preload++) {
		index = 0;
		do {
			OK(pumori_device_open(&session.device, "inproc", NULL));
			OK(pumori_device_info(session.device, &before));
			again = (int)sweep_one(&session, preload ? step_preload : step_model,
					       &files, index++);
			end_use(&session);
			OK(pumori_device_info(session.device, &after));
			assert_int_equal(before.hbm_used, after.hbm_used);
			/* The device is as good as before. */
			assert_int_equal(use_model(&session, files.path), 0);
			end_use(&session);
			pumori_device_close(session.device);
			session.device = NULL;
		} while (again);
		assert_true(index > 20);
	}
	unlink(files.path);
	free(files.preload);
}

/* The same device all the time: no failure may use it up. */
static void test_use_of_one_device(void **state)
{
	struct session session = { 0 };
	struct files files;
	long index;

	(void)state;
	make_files(&files);
	OK(pumori_device_open(&session.device, "inproc", NULL));
	for (index = 0; sweep_one(&session, step_model, &files, index); index++) {
		end_use(&session);
		assert_int_equal(use_preload(&session, files.preload, files.preload_bytes), 0);
		end_use(&session);
	}
	end_use(&session);
	pumori_device_close(session.device);
	unlink(files.path);
	free(files.preload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_use),
		cmocka_unit_test(test_use_of_one_device),
	};

	return cmocka_run_group_tests_name("runtime_allocation", tests, NULL, NULL);
}
