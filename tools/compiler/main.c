// SPDX-License-Identifier: MIT
/*
 * pumori-cc: the compiler's command line. It reads options, calls the library (import, passes,
 * back end) and prints the diagnostics; nothing else happens here.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "import.h"
#include "npy.h"
#include "onnx_file.h"
#include "passes.h"
#include "state.h"

/* Exit codes, listed in the help text. */
enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,	/* broken model, missing file, out of memory */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,	/* the model is sound but uses something not supported */
};

#define MAX_OPTIONS 64

struct command {
	const char *model;
	const char *output;
	enum pumori_cast_mode cast;
	struct pumori_shape_option shapes[MAX_OPTIONS];
	struct pumori_constant_option constants[MAX_OPTIONS];
	struct pumori_state_option states[MAX_OPTIONS];
	size_t state_count;
	struct pumori_metadata metadata[MAX_OPTIONS];
	void *owned[2 * MAX_OPTIONS];		/* data read from files */
	size_t owned_count;
	struct pumori_import_options import;
	struct pumori_compile_options compile;
	bool verify;
};

static const char help[] =
	"Usage: pumori-cc MODEL.onnx -o OUTPUT.pex [OPTION]...\n"
	"Compile an ONNX model for Pumori devices.\n"
	"\n"
	"  -o, --output FILE         executable to write\n"
	"      --shape NAME=D,D,...  shape of an input (needed where the model leaves it open)\n"
	"      --cast bf16|fp32      storage and matrix operands of floats (default fp32)\n"
	"      --state IN=OUT        keep an input on the device: its next value is the output OUT\n"
	"                            ('past.*=present.*' pairs all that agree in the rest)\n"
	"      --const NAME=FILE     make an input a constant, read from a .npy file\n"
	"      --loop-limit N        trips of a loop whose end depends on the data (default 64)\n"
	"      --meta KEY=VALUE      store metadata in the executable\n"
	"      --meta KEY=@FILE      store a file's contents as metadata\n"
	"      --meta dict=FILE      the same, for the dictionary of a text model\n"
	"      --target software|silicon\n"
	"                            optimise for the software chip (default) or for hardware\n"
	"      --preload             keep weights in SBUF between runs, as far as they fit\n"
	"      --report              print the per-layer report to standard output\n"
	"      --dump-after PASS     print the graph or tile IR after a pass; 'list' names them\n"
	"      --verify              check the graph's invariants after every pass\n"
	"  -h, --help                print this help\n"
	"      --version             print the version\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 the model needs something not supported.\n";

static int usage(const char *format, const char *argument)
{
	fputs("pumori-cc: ", stderr);
	fprintf(stderr, format, argument);
	fputs("\nTry 'pumori-cc --help'.\n", stderr);
	return EXIT_USAGE;
}

static int usage_letter(int letter)
{
	const char text[] = { '-', (char)letter, '\0' };

	return usage("unknown option %s", text);
}

/* Split NAME=VALUE in place; NULL if there is no name or no '='. */
static char *split_value(char *argument)
{
	char *equals = strrchr(argument, '=');

	if (!equals || equals == argument)
		return NULL;
	*equals = '\0';
	return equals + 1;
}

static bool parse_shape(char *argument, struct pumori_shape_option *option)
{
	char *at = split_value(argument);

	option->name = argument;
	option->rank = 0;
	if (!at)
		return false;
	while (*at) {
		char *end;
		long long extent = strtoll(at, &end, 10);

		if (end == at || extent < 0 || extent > INT32_MAX ||
		    option->rank == PUMORI_MAX_RANK || (*end && (*end != ',' || !end[1])))
			return false;
		option->shape[option->rank++] = extent;
		at = *end ? end + 1 : end;
	}
	return true;
}

static int read_owned(struct command *command, const char *path, void **data, size_t *size,
		      struct pumori_diagnostics *diagnostics)
{
	int error = pumori_read_file(path, data, size, diagnostics);

	if (!error)
		command->owned[command->owned_count++] = *data;
	return error;
}

static int add_constant(struct command *command, char *argument,
			struct pumori_diagnostics *diagnostics)
{
	struct pumori_constant_option *option =
		&command->constants[command->import.constant_count];
	const char *path = split_value(argument);
	void *file, *data;
	size_t size;
	int error;

	if (!path || command->import.constant_count == MAX_OPTIONS)
		return usage("cannot use --const %s", argument);
	error = read_owned(command, path, &file, &size, diagnostics);
	if (!error)
		error = pumori_npy_parse(file, size, &option->type, &data, diagnostics);
	if (error)
		return EXIT_FAILED;
	option->name = argument;
	option->data = data;
	command->import.constant_count++;
	return EXIT_DONE;
}

static int add_metadata(struct command *command, char *argument,
			struct pumori_diagnostics *diagnostics)
{
	struct pumori_metadata *entry = &command->metadata[command->compile.metadata_count];
	char *equals = strchr(argument, '=');
	void *data;

	if (!equals || equals == argument || command->compile.metadata_count == MAX_OPTIONS)
		return usage("cannot use --meta %s", argument);
	*equals = '\0';
	entry->key = argument;
	entry->value = equals + 1;
	entry->size = strlen(equals + 1);
	/* A dictionary is always a file; for other keys '@' says so. */
	if (equals[1] == '@' || !strcmp(argument, "dict")) {
		const char *path = equals + 1 + (equals[1] == '@');

		if (read_owned(command, path, &data, &entry->size, diagnostics))
			return EXIT_FAILED;
		entry->value = data;
	}
	command->compile.metadata_count++;
	return EXIT_DONE;
}

static int add_state(struct command *command, char *argument)
{
	struct pumori_state_option *option = &command->states[command->state_count];

	option->output = split_value(argument);
	option->input = argument;
	if (!option->output || !*option->output || command->state_count == MAX_OPTIONS)
		return usage("cannot use --state %s", argument);
	command->state_count++;
	return EXIT_DONE;
}

static int list_passes(void)
{
	for (const struct pumori_pass *pass = pumori_passes; pass->name; pass++)
		printf("%-24s %s\n", pass->name, pass->summary);
	return EXIT_DONE;
}

enum {
	OPTION_SHAPE = 256, OPTION_CAST, OPTION_CONST, OPTION_META, OPTION_TARGET, OPTION_REPORT,
	OPTION_DUMP, OPTION_VERIFY, OPTION_VERSION, OPTION_PRELOAD, OPTION_STATE,
	OPTION_LOOP_LIMIT,
};

static const struct option options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "shape", required_argument, NULL, OPTION_SHAPE },
	{ "cast", required_argument, NULL, OPTION_CAST },
	{ "state", required_argument, NULL, OPTION_STATE },
	{ "const", required_argument, NULL, OPTION_CONST },
	{ "loop-limit", required_argument, NULL, OPTION_LOOP_LIMIT },
	{ "meta", required_argument, NULL, OPTION_META },
	{ "target", required_argument, NULL, OPTION_TARGET },
	{ "preload", no_argument, NULL, OPTION_PRELOAD },
	{ "report", no_argument, NULL, OPTION_REPORT },
	{ "dump-after", required_argument, NULL, OPTION_DUMP },
	{ "verify", no_argument, NULL, OPTION_VERIFY },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

/* One option; *finished is set by those that print and end the program. */
static int take_option(struct command *command, int option, bool *finished,
		       struct pumori_diagnostics *diagnostics)
{
	char *end;

	switch (option) {
	case 'o':
		command->output = optarg;
		return EXIT_DONE;
	case OPTION_SHAPE:
		if (command->import.shape_count == MAX_OPTIONS ||
		    !parse_shape(optarg, &command->shapes[command->import.shape_count]))
			return usage("cannot use --shape %s", optarg);
		command->import.shape_count++;
		return EXIT_DONE;
	case OPTION_CAST:
		command->cast = !strcmp(optarg, "bf16") ? PUMORI_CAST_BFLOAT16 :
				PUMORI_CAST_FLOAT32;
		return !strcmp(optarg, "bf16") || !strcmp(optarg, "fp32") ? EXIT_DONE :
		       usage("cannot use --cast %s", optarg);
	case OPTION_STATE:
		return add_state(command, optarg);
	case OPTION_CONST:
		return add_constant(command, optarg, diagnostics);
	case OPTION_LOOP_LIMIT:
		command->import.loop_limit = strtoll(optarg, &end, 10);
		return !*end && command->import.loop_limit > 0 ? EXIT_DONE :
		       usage("cannot use --loop-limit %s", optarg);
	case OPTION_META:
		return add_metadata(command, optarg, diagnostics);
	case OPTION_TARGET:
		command->compile.target = !strcmp(optarg, "silicon") ? PUMORI_TARGET_SILICON :
					  PUMORI_TARGET_SOFTWARE;
		return !strcmp(optarg, "silicon") || !strcmp(optarg, "software") ? EXIT_DONE :
		       usage("cannot use --target %s", optarg);
	case OPTION_PRELOAD:
		command->compile.preload = true;
		return EXIT_DONE;
	case OPTION_REPORT:
		command->compile.report = stdout;
		return EXIT_DONE;
	case OPTION_DUMP:
		*finished = !strcmp(optarg, "list");
		command->compile.dump_after = optarg;
		if (*finished)
			return list_passes();
		return pumori_has_pass(optarg) || pumori_backend_has_pass(optarg) ? EXIT_DONE :
		       usage("there is no pass %s ('--dump-after list' names them)", optarg);
	case OPTION_VERIFY:
		command->verify = true;
		return EXIT_DONE;
	case 'h':
		*finished = true;
		fputs(help, stdout);
		return EXIT_DONE;
	case OPTION_VERSION:
		*finished = true;
		puts("pumori-cc " PUMORI_VERSION);
		return EXIT_DONE;
	default:
		return usage("%s", "unknown option");
	}
}

static int parse_options(struct command *command, int argc, char **argv, bool *finished,
			 struct pumori_diagnostics *diagnostics)
{
	int option, status;

	while ((option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
		/* A short option may stand anywhere in its word; a long one is the word. */
		if (option == ':')
			return usage("%s needs a value", argv[optind - 1]);
		if (option == '?' && optopt > ' ' && optopt < 256)
			return usage_letter(optopt);
		if (option == '?')
			return usage("unknown option %s", argv[optind - 1]);
		status = take_option(command, option, finished, diagnostics);

		if (status != EXIT_DONE || *finished)
			return status;
	}
	if (optind + 1 != argc)
		return usage("%s", optind < argc ? "more than one model" : "no model given");
	if (!command->output)
		return usage("%s", "no output given (-o FILE)");
	command->model = argv[optind];
	return EXIT_DONE;
}

static int compile(struct command *command, struct pumori_diagnostics *diagnostics)
{
	struct pumori_pass_options passes = { .dump = stdout, .verify = command->verify };
	struct pumori_graph *graph;
	int error = pumori_import_file(command->model, &command->import, &graph, diagnostics);

	if (error)
		return error;
	graph->cast_mode = command->cast;
	if (command->compile.dump_after && pumori_has_pass(command->compile.dump_after))
		passes.dump_after = command->compile.dump_after;
	command->compile.dump = stdout;
	error = pumori_graph_add_states(graph, command->states, command->state_count);
	if (!error)
		error = pumori_run_passes(graph, &passes);
	if (!error)
		error = pumori_backend_compile(graph, &command->compile, diagnostics,
					       command->output);
	pumori_graph_destroy(graph);
	return error;
}

int main(int argc, char **argv)
{
	struct command command = { .output = NULL };
	struct pumori_diagnostics diagnostics;
	bool finished = false;
	int status, error;

	pumori_diagnostics_init(&diagnostics);
	command.import.shapes = command.shapes;
	command.import.constants = command.constants;
	command.compile.metadata = command.metadata;
	status = parse_options(&command, argc, argv, &finished, &diagnostics);
	if (status == EXIT_DONE && !finished) {
		error = compile(&command, &diagnostics);
		status = !error ? EXIT_DONE : diagnostics.first &&
			 diagnostics.first->code == -ENOTSUP ? EXIT_REFUSED : EXIT_FAILED;
	}
	pumori_diagnostics_print(&diagnostics, stderr);
	pumori_diagnostics_release(&diagnostics);
	for (size_t i = 0; i < command.owned_count; i++)
		free(command.owned[i]);
	return status;
}
