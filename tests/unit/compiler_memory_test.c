// SPDX-License-Identifier: MIT
/*
 * Out of memory at every place: import and passes with the first allocation failing, then the
 * second, and so on until a run is clean. Nothing crashes, nothing leaks (under ASan), and every
 * failure is reported. The linker sends the compiler's allocations here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "onnx_file.h"
#include "passes.h"

#define SEEDS "tests/fuzz/corpus/onnx"

static long countdown = -1;	/* allocations until the one that fails; negative: none does */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
	return fails() ? NULL : __real_strndup(text, size);
}

/* One run with allocation number @failing failing; false when it was never reached. */
static bool run(const void *data, size_t size, long failing)
{
	struct pumori_import_options options = { .folder = NULL };
	struct pumori_pass_options passes = { .verify = false };
	struct pumori_diagnostics diagnostics;
	struct pumori_graph *graph;
	bool reached;
	int error;

	pumori_diagnostics_init(&diagnostics);
	countdown = failing;
	error = pumori_import(data, size, &options, &graph, &diagnostics);
	assert_int_equal(error < 0, graph == NULL);
	if (!error)
		error = pumori_run_passes(graph, &passes);
	reached = countdown < 0;
	countdown = -1;
	assert_true(error <= 0);
	if (error)
		assert_true(diagnostics.error_count > 0);
	if (!reached)
		assert_int_equal(error, 0);
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
	return reached;
}

static void every_allocation_may_fail(void **state)
{
	DIR *folder = opendir(SEEDS);
	unsigned int models = 0;
	struct dirent *entry;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		struct pumori_diagnostics diagnostics;
		char path[512];
		void *data;
		size_t size;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), SEEDS "/%s", entry->d_name);
		pumori_diagnostics_init(&diagnostics);
		assert_int_equal(pumori_read_file(path, &data, &size, &diagnostics), 0);
		/* All of the first, then fewer and fewer: the later ones repeat the same code. */
		for (long failing = 0; run(data, size, failing); failing += 1 + failing / 64)
			continue;
		free(data);
		models++;
	}
	closedir(folder);
	assert_true(models >= 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_may_fail),
	};

	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
