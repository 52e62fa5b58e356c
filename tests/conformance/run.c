// SPDX-License-Identifier: MIT
/*
 * conformance-run [-v] [-b] [-c] [-l LIST] [-r TABLE] FOLDER...
 *
 * Compiles and runs tests in the layout of the ONNX backend tests and compares the outputs:
 * relative tolerance 1e-3, absolute 1e-7. A FOLDER is a test or holds tests. The compiler gets the
 * model and the shapes of the inputs, never their data. Each test runs in a process of its own, so
 * that a crash or a hang is one failed test.
 *
 *   -v  print every test, not only the failures
 *   -b  compile with --cast bf16, tolerance 5e-2 of the largest value of an output
 *   -c  where a test refuses because an operand that steers shapes is not constant, bind trailing
 *       inputs as constants; such tests are counted apart
 *   -l  what to expect: "NAME" passes, "NAME constants" passes with -c, "NAME: reason" differs and
 *       is skipped. A listed test that does not pass is a failure
 *   -r  where refusals are documented: a row "| name | reason |" each. A refusal that is not there,
 *       or for another reason, is a failure
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../tools/compiler/backend.h"
#include "../../tools/compiler/element.h"
#include "../../tools/compiler/onnx_file.h"
#include "../../tools/compiler/passes.h"
#include "execute.h"
#include "test_case.h"

#define TIME_LIMIT_SECONDS 120

enum outcome { PASSED, PASSED_BOUND, FAILED, REFUSED, OUTCOMES };

struct settings {
	bool verbose;
	bool bfloat16;
	bool bind;
	char *list;
	char *refusals;
	char executable[64];	/* scratch file */
	unsigned int counts[OUTCOMES];
};

/* What crosses the pipe from the test's process. */
struct result {
	enum outcome outcome;
	char text[512];
};

static void describe(const struct pumori_diagnostics *diagnostics, struct result *result)
{
	const struct pumori_diagnostic *first = diagnostics->first;

	if (!first)
		snprintf(result->text, sizeof(result->text), "failed without a diagnostic");
	else
		snprintf(result->text, sizeof(result->text), "%s%s%s",
			 first->operator_type ? first->operator_type : "",
			 first->operator_type ? ": " : "", first->reason);
}

static double largest(const struct conformance_value *value)
{
	int64_t count = pumori_type_elements(&value->type);
	double result = 0;

	for (int64_t i = 0; i < count; i++) {
		double x = fabs(pumori_load_value(value->type.element, value->data, i));

		if (isfinite(x) && x > result)
			result = x;
	}
	return result;
}

static void execute(const struct settings *settings, const struct conformance_case *test,
		    struct execute_value *outputs, const struct pumori_tensor_type *types,
		    size_t output_count, struct result *result)
{
	struct execute_value inputs[CONFORMANCE_MAX_VALUES];
	size_t input_count = 0;

	for (size_t i = 0; i < test->input_count; i++)
		if (test->inputs[i].data)
			inputs[input_count++] = (struct execute_value){
				test->inputs[i].name, test->inputs[i].data,
				pumori_type_bytes(&test->inputs[i].type),
			};
	result->outcome = FAILED;
	if (conformance_execute(settings->executable, inputs, input_count, outputs, output_count,
				result->text, sizeof(result->text)))
		return;
	for (size_t i = 0; i < output_count; i++) {
		const struct conformance_value *expected = &test->outputs[i];
		double atol = 1e-7;

		if (i >= test->output_count || !expected->data) {
			snprintf(result->text, sizeof(result->text), "no expectation for output %zu", i);
			return;
		}
		if (settings->bfloat16)
			atol += 5e-2 * largest(expected);
		if (!conformance_compare(expected, &types[i], outputs[i].data, 1e-3, atol,
					 result->text, sizeof(result->text)))
			return;
	}
	result->outcome = PASSED;
}

static void run_set(const struct settings *settings, const struct conformance_case *test,
		    size_t bound, struct result *result)
{
	const char *constants[CONFORMANCE_MAX_VALUES];
	struct execute_value outputs[CONFORMANCE_MAX_VALUES];
	struct pumori_tensor_type types[CONFORMANCE_MAX_VALUES];
	struct pumori_compile_options compile = { .target = PUMORI_TARGET_SOFTWARE };
	struct pumori_pass_options passes = { .verify = true };
	struct conformance_options options;
	struct pumori_diagnostics diagnostics;
	struct pumori_graph *graph;
	size_t output_count = 0;
	int error;

	pumori_diagnostics_init(&diagnostics);
	for (size_t i = 0; i < bound; i++)
		constants[i] = test->inputs[test->input_count - 1 - i].name;
	conformance_options(test, constants, bound, &options);
	error = pumori_import(test->model, test->model_size, &options.import, &graph, &diagnostics);
	if (!error) {
		output_count = graph->output_count < CONFORMANCE_MAX_VALUES ? graph->output_count :
			       CONFORMANCE_MAX_VALUES;
		for (size_t i = 0; i < output_count; i++) {
			types[i] = graph->outputs[i]->type;
			outputs[i].name = strdup(graph->outputs[i]->name);
			outputs[i].bytes = pumori_type_bytes(&types[i]);
			outputs[i].data = calloc(1, outputs[i].bytes + 1);
		}
		graph->cast_mode = settings->bfloat16 ? PUMORI_CAST_BFLOAT16 : PUMORI_CAST_FLOAT32;
		error = pumori_run_passes(graph, &passes);
	}
	if (!error)
		error = pumori_backend_compile(graph, &compile, &diagnostics, settings->executable);
	if (error) {
		describe(&diagnostics, result);
		result->outcome = diagnostics.first && error != -ENOMEM ? REFUSED : FAILED;
	} else {
		execute(settings, test, outputs, types, output_count, result);
	}
	for (size_t i = 0; i < output_count; i++) {
		free((void *)outputs[i].name);
		free((void *)outputs[i].data);
	}
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
}

static void run_bound(const struct settings *settings, const struct conformance_case *test,
		      struct result *result)
{
	struct result refusal = *result;

	for (size_t bound = 1; result->outcome == REFUSED && bound <= test->input_count; bound++)
		run_set(settings, test, bound, result);
	if (result->outcome == PASSED)
		result->outcome = PASSED_BOUND;
	else if (result->outcome == REFUSED)
		*result = refusal;
}

static void run_test(const struct settings *settings, const char *folder, struct result *result)
{
	struct conformance_case test;
	enum outcome worst = PASSED;

	result->outcome = FAILED;
	if (conformance_open(&test, folder)) {
		describe(&test.diagnostics, result);
		conformance_close(&test);
		return;
	}
	for (unsigned int set = 0; worst <= PASSED_BOUND; set++) {
		int found = conformance_read_set(&test, set);

		if (found <= 0) {
			if (found < 0 || !set) {
				snprintf(result->text, sizeof(result->text), "cannot read data set %u",
					 set);
				worst = FAILED;
			}
			break;
		}
		run_set(settings, &test, 0, result);
		if (result->outcome == REFUSED && settings->bind && strstr(result->text, "constant"))
			run_bound(settings, &test, result);
		if (result->outcome > worst)
			worst = result->outcome;
	}
	result->outcome = worst;
	conformance_close(&test);
}

/* In a process of its own, with a time limit. */
static void run_guarded(const struct settings *settings, const char *folder,
			struct result *result)
{
	int status = 0, ends[2];
	pid_t child;

	memset(result, 0, sizeof(*result));
	result->outcome = FAILED;
	fflush(stdout);
	if (pipe(ends))
		return;
	child = fork();
	if (!child) {
		struct result own = { .outcome = FAILED };

		close(ends[0]);
		alarm(TIME_LIMIT_SECONDS);
		run_test(settings, folder, &own);
		_exit(write(ends[1], &own, sizeof(own)) != sizeof(own));
	}
	close(ends[1]);
	if (child < 0 || read(ends[0], result, sizeof(*result)) != sizeof(*result)) {
		if (child > 0)
			waitpid(child, &status, 0);
		snprintf(result->text, sizeof(result->text), "ended by signal %d (%s)",
			 WTERMSIG(status), WTERMSIG(status) == SIGALRM ? "time limit" :
			 strsignal(WTERMSIG(status)));
		result->outcome = FAILED;
	} else {
		waitpid(child, &status, 0);
	}
	close(ends[0]);
}

/* What the list says behind a test's name, or NULL. */
static const char *find_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == '\n') && strchr("\n: ", at[length]))
			return at + length;
	return NULL;
}

static bool is_documented(const struct settings *settings, const char *name, const char *reason)
{
	char row[1024];

	if (!settings->refusals)
		return true;
	snprintf(row, sizeof(row), "\n| %s | %s |\n", name, reason);
	return strstr(settings->refusals, row);
}

static void report(struct settings *settings, const char *folder, struct result *result)
{
	static const char *const words[] = { "PASS", "PASS", "FAIL", "refused" };
	const char *name = strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder;
	const char *listed = find_listed(settings->list, name);
	bool known = listed && *listed == ':';
	bool must_pass = listed && !known && (*listed != ' ' || settings->bind);
	enum outcome outcome = result->outcome;

	if (outcome == FAILED && known)
		outcome = REFUSED;
	if (outcome == REFUSED && (must_pass || (!known && !is_documented(settings, name,
									  result->text))))
		outcome = FAILED;
	settings->counts[outcome]++;
	if (!settings->verbose && outcome != FAILED)
		return;
	printf("%s %s%s", words[outcome], name, outcome == PASSED_BOUND ? " constants" : "");
	if (outcome == REFUSED)
		printf(" (%s)", known && *result->text == '\0' ? "known difference" : result->text);
	else if (*result->text && outcome == FAILED)
		printf(": %s%s", result->outcome == REFUSED && !must_pass ?
		       "refused, but not so in the table of refusals: " : "", result->text);
	putchar('\n');
}

static int is_test(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void run_folder(struct settings *settings, const char *folder)
{
	char path[4096];
	struct dirent **entries;
	struct result result;
	int count;

	snprintf(path, sizeof(path), "%s/model.onnx", folder);
	if (!access(path, R_OK)) {
		run_guarded(settings, folder, &result);
		report(settings, folder, &result);
		return;
	}
	count = scandir(folder, &entries, is_test, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s/model.onnx", folder, entries[i]->d_name);
		if (!access(path, R_OK)) {
			snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			run_guarded(settings, path, &result);
			report(settings, path, &result);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static char *read_text(const char *path)
{
	struct pumori_diagnostics diagnostics;
	void *data = NULL;
	size_t size = 0;
	char *text;

	pumori_diagnostics_init(&diagnostics);
	if (pumori_read_file(path, &data, &size, &diagnostics))
		pumori_diagnostics_print(&diagnostics, stderr);
	pumori_diagnostics_release(&diagnostics);
	text = data ? strndup(data, size) : NULL;
	free(data);
	return text;
}

int main(int argc, char **argv)
{
	struct settings settings = { .executable = "/tmp/pumori-conformance-XXXXXX" };
	int option, scratch;

	while ((option = getopt(argc, argv, "vbcl:r:")) != -1) {
		switch (option) {
		case 'v':
			settings.verbose = true;
			break;
		case 'b':
			settings.bfloat16 = true;
			break;
		case 'c':
			settings.bind = true;
			break;
		case 'l':
			settings.list = read_text(optarg);
			if (!settings.list)
				return 2;
			break;
		case 'r':
			settings.refusals = read_text(optarg);
			if (!settings.refusals)
				return 2;
			break;
		default:
			return 2;
		}
	}
	if (optind == argc) {
		fputs("usage: conformance-run [-v] [-b] [-c] [-l LIST] [-r TABLE] FOLDER...\n",
		      stderr);
		return 2;
	}
	scratch = mkstemp(settings.executable);
	if (scratch < 0)
		return 1;
	close(scratch);
	for (int i = optind; i < argc; i++)
		run_folder(&settings, argv[i]);
	unlink(settings.executable);
	free(settings.list);
	free(settings.refusals);
	if (settings.bind)
		printf("%u of the passed tests had inputs bound as constants\n",
		       settings.counts[PASSED_BOUND]);
	printf("%u passed, %u failed, %u skipped\n",
	       settings.counts[PASSED] + settings.counts[PASSED_BOUND], settings.counts[FAILED],
	       settings.counts[REFUSED]);
	return settings.counts[FAILED] != 0;
}
