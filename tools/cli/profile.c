// SPDX-License-Identifier: MIT
/* pumori profile: what a model, or an application, does on the chip, instruction by instruction */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "executable.h"
#include "profile_file.h"
#include "profile_summary.h"
#include "profile_trace.h"
#include "record.h"
#include "run.h"
#include "session.h"

#define DEFAULT_RUNS	3
#define PROFILES_MAX	64

extern char **environ;

struct options {
	struct cli_strings inputs;
	struct cli_number random;
	struct cli_number runs;
	struct cli_number core;
	const char *kernels;
	const char *output;
};

/** struct folder - where profiles are written before they are read */
struct folder {
	char path[PATH_MAX];
};

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int folder_create(struct folder *folder)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || !*parent || strlen(parent) > PATH_MAX / 2)
		parent = "/tmp";
	snprintf(folder->path, sizeof(folder->path), "%s/pumori-profile-XXXXXX", parent);
	if (!mkdtemp(folder->path))
		return cli_fail(CLI_INPUT, "cannot make a folder below %s: %s; set TMPDIR", parent, strerror(errno));
	return CLI_OK;
}

static void folder_remove(const struct folder *folder)
{
	nftw(folder->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- A model ------------------------------------------------------------------------------------ */

static int run_model(const struct cli_call *call, struct pumori_device *device)
{
	const struct options *options = call->options;
	const struct cli_number seed = { options->random.given ? options->random.value : 1, 1 };
	uint64_t runs = options->runs.given ? options->runs.value : DEFAULT_RUNS;
	struct cli_session session;
	int code = cli_session_open(&session, device, call->arguments[0]);

	if (code != CLI_OK)
		return code;
	pumori_range_push("inputs");
	code = cli_run_fill(&session, &options->inputs, &seed);
	pumori_range_pop();
	for (uint64_t i = 0; i < runs && code == CLI_OK; i++) {
		char name[32];

		snprintf(name, sizeof(name), "run %llu", (unsigned long long)i);
		pumori_range_push(name);
		code = cli_session_execute(&session);
		pumori_range_pop();
	}
	cli_session_close(&session);
	return code;
}

static int profile_model(const struct cli_call *call, const struct folder *folder)
{
	const struct options *options = call->options;
	const struct pumori_device_options device_options = {
		.size = sizeof(device_options),
		.core = options->core.given ? (int32_t)options->core.value : -1,
		.priority = 1,
		.kernels = options->kernels,
	};
	struct cli_globals globals = *call->globals;
	struct pumori_device *device;
	char path[PATH_MAX + 16];
	int code, error;

	/* Instructions are traced in the process only; model time is the same everywhere. */
	if (!globals.device)
		globals.device = "inproc";
	code = cli_device_open(&globals, &device_options, &device);
	if (code != CLI_OK)
		return code;
	snprintf(path, sizeof(path), "%s/model.profile", folder->path);
	error = pumori_profile_start(device, path, NULL);
	if (error) {
		pumori_device_close(device);
		return cli_fail_runtime(error, "cannot profile device %s", globals.device);
	}
	code = run_model(call, device);
	error = pumori_profile_stop(device);
	pumori_device_close(device);
	if (error && code == CLI_OK)
		return cli_fail_runtime(error, "cannot profile '%s'", call->arguments[0]);
	return code;
}

/* --- An application ----------------------------------------------------------------------------- */

static int run_application(const struct cli_call *call, const struct folder *folder)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	int error, ended = 0;
	pid_t child;

	setenv("PUMORI_PROFILE", folder->path, 1);
	/* Only the chip in process can be traced. */
	setenv("PUMORI_DEVICE", "inproc", 1);
	fflush(stdout);
	error = posix_spawnp(&child, call->arguments[0], NULL, NULL, (char *const *)call->arguments, environ);
	unsetenv("PUMORI_PROFILE");
	if (error)
		return cli_fail(CLI_INPUT, "cannot run '%s': %s", call->arguments[0], strerror(error));
	/* What is interrupted is the application; what it did until then is worth seeing. */
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	while (waitpid(child, &ended, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (!WIFEXITED(ended) || WEXITSTATUS(ended))
		cli_fail(CLI_JOB, "'%s' failed; what follows is what it did before", call->arguments[0]);
	return CLI_OK;
}

/* --- What was written --------------------------------------------------------------------------- */

static int load_folder(const struct folder *folder, struct cli_profile *profiles, size_t *count)
{
	DIR *directory = opendir(folder->path);
	struct dirent *entry;
	int code = CLI_OK;

	while (directory && code == CLI_OK && *count < PROFILES_MAX && (entry = readdir(directory)) != NULL) {
		char path[2 * PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder->path, entry->d_name);
		code = cli_profile_load(&profiles[*count], path);
		*count += code == CLI_OK;
	}
	if (directory)
		closedir(directory);
	if (code == CLI_OK && !*count)
		return cli_fail(CLI_INPUT, "nothing was profiled: the application opened no device, "
				"was killed, or closes none before it ends");
	return code;
}

static int show(const struct cli_call *call, const struct cli_profile *profiles, size_t count, const char *fallback)
{
	const struct options *options = call->options;
	struct record *record = record_create();
	int code = record ? cli_profile_record(record, profiles, count, fallback) : cli_fail_memory();

	if (code == CLI_OK && options->output)
		code = cli_trace_write(options->output, profiles, count, fallback);
	if (code == CLI_OK) {
		record_string(record, "trace", options->output);
		code = cli_profile_render(call->globals, record);
	}
	record_destroy(record);
	return code;
}

static int profile(const struct cli_call *call)
{
	struct cli_profile *profiles = calloc(PROFILES_MAX, sizeof(*profiles));
	bool model = cli_executable_is(call->arguments[0]) && strstr(call->arguments[0], ".pex");
	struct folder folder;
	size_t count = 0;
	int code;

	if (!profiles)
		return cli_fail_memory();
	/* A name that ends so was meant as a model, even when there is no such file. */
	if (call->argument_count == 1 && strstr(call->arguments[0], ".pex"))
		model = true;
	if (call->argument_count == 1 && cli_profile_is(call->arguments[0])) {
		code = cli_profile_load(&profiles[0], call->arguments[0]);
		count = code == CLI_OK;
	} else {
		code = folder_create(&folder);
		if (code == CLI_OK) {
			code = model ? profile_model(call, &folder) : run_application(call, &folder);
			if (code == CLI_OK)
				code = load_folder(&folder, profiles, &count);
			folder_remove(&folder);
		}
	}
	if (code == CLI_OK)
		code = show(call, profiles, count, model ? call->arguments[0] : NULL);
	for (size_t i = 0; i < count; i++)
		cli_profile_free(&profiles[i]);
	free(profiles);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "output", .letter = 'o', .type = CLI_OPTION_STRING, .argument = "TRACE.json",
	  .help = "write a Chrome trace, for ui.perfetto.dev and speedscope", .offset = offsetof(struct options, output) },
	{ .name = "input", .letter = 'i', .type = CLI_OPTION_STRINGS, .argument = "NAME=FILE.npy",
	  .help = "data of an input, as in run", .offset = offsetof(struct options, inputs) },
	{ .name = "random", .type = CLI_OPTION_NUMBER, .argument = "SEED",
	  .help = "random data for inputs without a file, 1 without it", .offset = offsetof(struct options, random),
	  .maximum = UINT64_MAX },
	{ .name = "runs", .letter = 'n', .type = CLI_OPTION_NUMBER, .argument = "N", .help = "runs, 3 without it",
	  .offset = offsetof(struct options, runs), .minimum = 1, .maximum = 100000 },
	{ .name = "core", .type = CLI_OPTION_NUMBER, .argument = "N", .help = "core to run on, else any",
	  .offset = offsetof(struct options, core), .maximum = INT32_MAX },
	{ .name = "kernels", .type = CLI_OPTION_STRING, .argument = "SET", .help = "generic, avx2, avx512 or best",
	  .offset = offsetof(struct options, kernels) },
	{ .name = NULL },
};

const struct cli_command cli_command_profile = {
	.name = "profile",
	.arguments = "MODEL.pex | FILE.profile | -- COMMAND...",
	.summary = "show what each layer and engine takes, and trace every instruction",
	.description = "Runs a model, or an application with its arguments, on the chip in process and shows the fastest run of\n"
		       "each model: layers with what holds them up, engines, time on this host, predicted time, cycles and\n"
		       "energy on the modelled chip.",
	.run = profile,
	.options = options,
	.options_bytes = sizeof(struct options),
	.min_arguments = 1,
	.max_arguments = 4096,
	.formats = true,
};
