// SPDX-License-Identifier: MIT
/* The program in Documentation/runtime.md works as it stands there. */
#include "runtime_fixture.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Its main(), renamed when it is compiled. */
int example_main(int argc, char **argv);

static void test_example(void **state)
{
	const char *folder = getenv("TMPDIR");
	char path[PATH_MAX], *arguments[] = { (char *)"example", path, NULL };
	struct builder builder;
	size_t bytes;
	void *data;
	int file;

	(void)state;
	snprintf(path, sizeof(path), "%s/pumori-example-XXXXXX", folder ? folder : "/tmp");
	file = mkstemp(path);
	assert_true(file >= 0);
	build_copy(&builder, 10);
	data = builder_write(&builder, &bytes);
	assert_int_equal(write(file, data, bytes), bytes);
	setenv("PUMORI_DEVICE", "inproc", 0);
	assert_int_equal(example_main(2, arguments), 0);
	assert_int_equal(ftruncate(file, 100), 0);
	assert_int_equal(example_main(2, arguments), 1);
	close(file);
	unlink(path);
	assert_int_equal(example_main(2, arguments), 1);
	free(data);
	builder_end(&builder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
	};

	return cmocka_run_group_tests_name("runtime_example", tests, NULL, NULL);
}
