// SPDX-License-Identifier: MIT
/*
 * Imports every ONNX node test that Debian ships and compares the reference evaluator with the
 * expected outputs, once on the graph as imported and once after all passes. A wrong number is a
 * failure; a refusal with a reason is a skip, unless the list says that the test passes. Operands
 * that steer shapes are bound as constants where needed, which is counted apart.
 *
 * compiler_evaluate_test [-v] [-l LIST] [FOLDER...]
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../tools/compiler/evaluate.h"
#include "../../tools/compiler/onnx_file.h"
#include "../../tools/compiler/passes.h"
#include "../conformance/test_case.h"

#define DATA "/usr/include/onnx/backend/test/data/node"

enum outcome { PASSED, FAILED, SKIPPED };

static bool verbose;

static bool compare_outputs(const struct conformance_case *test, const struct pumori_graph *graph,
			    const struct pumori_binding *outputs, char *text, size_t size)
{
	for (size_t i = 0; i < graph->output_count; i++) {
		const struct conformance_value *expected = &test->outputs[i];

		if (i >= test->output_count || !expected->data) {
			snprintf(text, size, "no expectation for output %zu", i);
			return false;
		}
		if (!conformance_compare(expected, &graph->outputs[i]->type, outputs[i].data, 1e-3,
					 1e-7, text, size))
			return false;
	}
	return true;
}

/* Evaluate @graph on the data set at hand. */
static bool evaluate(const struct conformance_case *test, struct pumori_graph *graph,
		     struct pumori_diagnostics *diagnostics, char *text, size_t size)
{
	struct pumori_binding inputs[CONFORMANCE_MAX_VALUES], outputs[CONFORMANCE_MAX_VALUES];
	bool good = false;

	for (size_t i = 0; i < graph->input_count; i++) {
		const struct conformance_value *value =
			conformance_input(test, graph->inputs[i]->name);

		inputs[i].tensor = graph->inputs[i];
		inputs[i].data = value ? value->data : NULL;
	}
	for (size_t i = 0; i < graph->output_count; i++) {
		outputs[i].tensor = graph->outputs[i];
		outputs[i].data = malloc(pumori_type_bytes(&graph->outputs[i]->type) + 1);
	}
	if (pumori_evaluate_graph(graph, inputs, graph->input_count, outputs, graph->output_count,
				  diagnostics))
		snprintf(text, size, "%s", diagnostics->first->reason);
	else
		good = compare_outputs(test, graph, outputs, text, size);
	for (size_t i = 0; i < graph->output_count; i++)
		free(outputs[i].data);
	return good;
}

/*
 * @bound: how many inputs, from the last one back, are bound as constants. Inputs that steer
 * shapes come behind the data in every operator.
 */
static enum outcome run_set(const struct conformance_case *test, size_t bound, char *text,
			    size_t size)
{
	const char *constants[CONFORMANCE_MAX_VALUES];
	struct conformance_options options;
	struct pumori_diagnostics diagnostics;
	struct pumori_pass_options passes = { .verify = true };
	struct pumori_graph *graph;
	enum outcome outcome = FAILED;

	pumori_diagnostics_init(&diagnostics);
	for (size_t i = 0; i < bound; i++)
		constants[i] = test->inputs[test->input_count - 1 - i].name;
	conformance_options(test, constants, bound, &options);
	if (pumori_import(test->model, test->model_size, &options.import, &graph, &diagnostics)) {
		const struct pumori_diagnostic *first = diagnostics.first;

		snprintf(text, size, "%s%s%s", first && first->operator_type ?
			 first->operator_type : "", first && first->operator_type ? ": " : "",
			 first ? first->reason : "failed without a diagnostic");
		outcome = first ? SKIPPED : FAILED;
	} else if (pumori_graph_verify(graph)) {
		snprintf(text, size, "after import: %s", diagnostics.first->reason);
	} else if (!evaluate(test, graph, &diagnostics, text, size)) {
		outcome = FAILED;
	} else if (pumori_run_passes(graph, &passes)) {
		snprintf(text, size, "passes: %s", diagnostics.first->reason);
	} else if (evaluate(test, graph, &diagnostics, text, size)) {
		outcome = PASSED;
	} else {
		char wrong[256];

		snprintf(wrong, sizeof(wrong), "%.200s", text);
		snprintf(text, size, "after passes: %s", wrong);
	}
	pumori_graph_destroy(graph);
	pumori_diagnostics_release(&diagnostics);
	return outcome;
}

static enum outcome run_case(const char *folder, bool *with_constants, char *text, size_t size)
{
	struct conformance_case test;
	enum outcome outcome = SKIPPED;

	if (conformance_open(&test, folder)) {
		snprintf(text, size, "%s", test.diagnostics.first->reason);
		outcome = FAILED;
	}
	for (unsigned int set = 0; outcome != FAILED; set++) {
		int found = conformance_read_set(&test, set);

		if (found <= 0) {
			if (found < 0 || !set) {
				snprintf(text, size, "cannot read data set %u", set);
				outcome = FAILED;
			}
			break;
		}
		outcome = run_set(&test, 0, text, size);
		if (outcome == SKIPPED && strstr(text, "constant")) {
			char refusal[512];

			snprintf(refusal, sizeof(refusal), "%s", text);
			for (size_t bound = 1; outcome == SKIPPED && bound <= test.input_count; bound++)
				outcome = run_set(&test, bound, text, size);
			if (outcome == PASSED)
				*with_constants = true;
			else if (outcome == SKIPPED)
				snprintf(text, size, "%s", refusal);
		}
		if (outcome == SKIPPED)
			break;
		if (outcome == PASSED)
			*text = '\0';
	}
	conformance_close(&test);
	return outcome;
}

/*
 * What the list says of a test: "name" alone means that it passes, "name: reason" that a
 * difference is known and meant.
 */
static const char *find_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == '\n') &&
		    (at[length] == '\n' || !at[length] || at[length] == ':'))
			return at + length;
	return NULL;
}

static int directories(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "test_", 5);
}

static void run_folder(const char *folder, const char *list, unsigned int *counts)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, directories, alphasort);
	unsigned int bound = 0;

	for (int i = 0; i < count; i++) {
		char path[4096], text[512] = "";
		bool with_constants = false;
		enum outcome outcome;
		const char *listed;

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		outcome = run_case(path, &with_constants, text, sizeof(text));
		bound += with_constants;
		listed = find_listed(list, entries[i]->d_name);
		if (outcome == SKIPPED && listed && *listed != ':')
			outcome = FAILED;
		if (outcome == FAILED && listed && *listed == ':')
			outcome = SKIPPED;
		counts[outcome]++;
		if (outcome == FAILED || verbose)
			printf("%s %s%s%s\n", outcome == PASSED ? "PASS" :
			       outcome == FAILED ? "FAIL" : "refused", entries[i]->d_name,
			       *text ? ": " : "", text);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	printf("%u of them with constant inputs\n", bound);
}

int main(int argc, char **argv)
{
	const char *list_path = "tests/conformance/evaluated.txt";
	struct pumori_diagnostics diagnostics;
	unsigned int counts[3] = { 0 };
	void *list = NULL;
	size_t size = 0;
	int option;

	while ((option = getopt(argc, argv, "vl:")) != -1) {
		if (option == 'l')
			list_path = optarg;
		else if (option == 'v')
			verbose = true;
		else
			return 2;
	}
	if (optind == argc && access(DATA, R_OK)) {
		printf("skipped: " DATA " is missing (package libonnx-testdata)\n");
		return 77;
	}
	pumori_diagnostics_init(&diagnostics);
	if (pumori_read_file(list_path, &list, &size, &diagnostics))
		pumori_diagnostics_print(&diagnostics, stdout);
	pumori_diagnostics_release(&diagnostics);
	if (list)
		((char *)list)[size ? size - 1 : 0] = '\0';
	for (int i = optind; i < argc; i++)
		run_folder(argv[i], list, counts);
	if (optind == argc)
		run_folder(DATA, list, counts);
	printf("%u passed, %u failed, %u skipped\n", counts[PASSED], counts[FAILED],
	       counts[SKIPPED]);
	free(list);
	return counts[FAILED] || !list;
}
