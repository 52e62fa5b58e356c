// SPDX-License-Identifier: MIT
/* The command line of pumori-cc: exit codes, streams and what is left on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler_model.h"

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT

static char compiler[4096];		/* beside this test, two folders up */
static char folder[] = "/tmp/pumori-test-XXXXXX";
static char text[8192];			/* what the last run printed, both streams */

/* Run pumori-cc in the scratch folder; its exit status. */
static int run(const char *arguments)
{
	char command[8192];
	FILE *stream;
	size_t length;
	int status;

	snprintf(command, sizeof(command), "cd %s && '%s' %s 2>&1", folder, compiler, arguments);
	stream = popen(command, "r");
	assert_non_null(stream);
	length = fread(text, 1, sizeof(text) - 1, stream);
	text[length] = '\0';
	status = pclose(stream);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static bool exists(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !access(path, R_OK);
}

static void write_model(const char *name, const char *operator_type, int64_t batch)
{
	int64_t shape[] = { batch, 4 };
	struct model model;
	char path[128];
	FILE *file;

	model_init(&model, 13);
	model_input(&model, "x", FLOAT, 2, shape);
	model_node(&model, operator_type, "x", "y");
	model_output(&model, "y");
	model_pack(&model);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(model.bytes, model.size, 1, file), 1);
	fclose(file);
	model_release(&model);
}

static int make_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	write_model("good.onnx", "Exp", 2);
	write_model("dynamic.onnx", "Exp", -1);
	write_model("refused.onnx", "Frobnicate", 2);
	return 0;
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void information(void **state)
{
	(void)state;
	assert_int_equal(run("--help"), 0);
	assert_non_null(strstr(text, "Usage: pumori-cc MODEL.onnx"));
	assert_int_equal(run("--version"), 0);
	assert_memory_equal(text, "pumori-cc ", 10);
	assert_int_equal(run("--dump-after list"), 0);
	assert_non_null(strstr(text, "fold-constants"));
}

static void wrong_usage(void **state)
{
	static const char *const wrong[] = {
		"", "good.onnx", "-o out.pex", "good.onnx other.onnx -o out.pex", "--frobnicate",
		"good.onnx -o", "good.onnx -o out.pex --shape x", "good.onnx -o out.pex --shape x=a",
		"good.onnx -o out.pex --shape x=1,", "good.onnx -o out.pex --shape =1",
		"good.onnx -o out.pex --shape x=-1", "good.onnx -o out.pex --shape x=1,1,1,1,1,1,1,1,1",
		"good.onnx -o out.pex --cast fp64", "good.onnx -o out.pex --target both",
		"good.onnx -o out.pex --meta key", "good.onnx -o out.pex --dump-after nothing",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run(wrong[i]), 2);
		assert_memory_equal(text, "pumori-cc: ", 11);
	}
	assert_false(exists("out.pex"));
	/* What is wrong is named. */
	assert_int_equal(run("model.onnx --bogus -o out.pex"), 2);
	assert_non_null(strstr(text, "unknown option --bogus"));
	assert_int_equal(run("model.onnx -x -o out.pex"), 2);
	assert_non_null(strstr(text, "unknown option -x"));
	assert_int_equal(run("model.onnx --output"), 2);
	assert_non_null(strstr(text, "--output needs a value"));
}

static void failures(void **state)
{
	(void)state;
	assert_int_equal(run("nothing.onnx -o out.pex"), 1);
	assert_non_null(strstr(text, "cannot open nothing.onnx"));
	assert_int_equal(run("good.onnx -o out.pex --meta dict=nothing.txt"), 1);
	assert_int_equal(run("good.onnx -o out.pex --const x=good.onnx"), 1);
	assert_non_null(strstr(text, "not a .npy file"));
	assert_int_equal(run("good.onnx -o no-such-folder/out.pex"), 1);
	assert_int_equal(run("dynamic.onnx -o out.pex"), 1);
	assert_non_null(strstr(text, "tensor 'x': the shape of this input is dynamic: [batch,4]"));
	assert_int_equal(run("good.onnx -o out.pex --shape z=2,4"), 1);
	assert_non_null(strstr(text, "no such input"));
	assert_int_equal(run("refused.onnx -o out.pex"), 3);
	assert_non_null(strstr(text, "error: Frobnicate 'y': this operator is not supported"));
	assert_false(exists("out.pex"));
}

static void executables(void **state)
{
	char magic[4] = "", path[128];
	FILE *file;

	(void)state;
	assert_int_equal(run("good.onnx -o out.pex"), 0);
	assert_string_equal(text, "");
	snprintf(path, sizeof(path), "%s/out.pex", folder);
	file = fopen(path, "rb");
	assert_non_null(file);
	assert_int_equal(fread(magic, sizeof(magic), 1, file), 1);
	fclose(file);
	assert_memory_equal(magic, "\x7f" "ELF", 4);
	assert_int_equal(run("dynamic.onnx -o shaped.pex --shape x=3,4 --cast bf16"), 0);
	assert_true(exists("shaped.pex"));
	assert_int_equal(run("good.onnx -o meta.pex --meta task=none --meta dict=good.onnx"), 0);
	assert_true(exists("meta.pex"));
	assert_int_equal(run("good.onnx -o out.pex --dump-after fuse-activation --verify"), 0);
	assert_non_null(strstr(text, "y: float32[2,4] = unary(x) function=exp"));
	assert_int_equal(run("good.onnx -o out.pex --report"), 0);
	assert_true(strlen(text) > 0);
}

static void output_is_reproducible(void **state)
{
	char command[256];

	(void)state;
	assert_int_equal(run("good.onnx -o first.pex"), 0);
	assert_int_equal(run("good.onnx -o second.pex"), 0);
	snprintf(command, sizeof(command), "cmp %s/first.pex %s/second.pex", folder, folder);
	assert_int_equal(system(command), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(information),
		cmocka_unit_test(wrong_usage),
		cmocka_unit_test(failures),
		cmocka_unit_test(executables),
		cmocka_unit_test(output_is_reproducible),
	};
	char *here = realpath(argc ? argv[0] : ".", NULL), *slash = here ? strrchr(here, '/') : NULL;

	if (!slash)
		return 1;
	*slash = '\0';
	snprintf(compiler, sizeof(compiler), "%s/../../pumori-cc", here);
	free(here);
	return cmocka_run_group_tests_name("pumori-cc", tests, make_folder, remove_folder);
}
