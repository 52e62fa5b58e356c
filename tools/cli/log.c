// SPDX-License-Identifier: MIT
/* pumori log: everything that helps to find what is wrong, in one archive */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "record.h"
#include "render.h"
#include "sample.h"

/* A file of sysfs is a page; the kernel log is cut here. */
#define FILE_BYTES	(4u << 20)
#define ATTRIBUTE_BYTES	65536u
#define DEPTH_MAX	4

extern char **environ;

struct options {
	const char *output;
};

/** struct bundle - an archive in the making */
struct bundle {
	/** @folder: where its files are gathered */
	char folder[64];
	/** @name: folder in the archive */
	char name[64];
	/** @record: list "files" with what went in, and what did not and why */
	struct record *record;
};

static void note(struct bundle *bundle, const char *file, uint64_t bytes, const char *error)
{
	struct record *row = record_append(bundle->record, "files");

	record_string(row, "file", file);
	cli_record_known(row, "bytes", bytes);
	record_string(row, "error", error);
}

/* Makes the folders above @path. */
static void make_parents(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0700);
		*slash = '/';
	}
}

static int create_file(const struct bundle *bundle, const char *file, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s/%s", bundle->folder, bundle->name, file) >= PATH_MAX)
		return -1;
	make_parents(path);
	return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

/* The beginning of a file under the same path. */
static void copy_file(struct bundle *bundle, const char *source, size_t limit)
{
	const char *name = source + (source[0] == '/');
	char path[PATH_MAX], buffer[16384];
	int in = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out;
	uint64_t bytes = 0;
	ssize_t got = 0;

	if (in < 0) {
		if (errno != ENOENT)
			note(bundle, name, PUMORI_UNKNOWN, strerror(errno));
		return;
	}
	out = create_file(bundle, name, path);
	while (out >= 0 && bytes < limit && (got = read(in, buffer, sizeof(buffer))) > 0) {
		if (write(out, buffer, (size_t)got) != got)
			break;
		bytes += (uint64_t)got;
	}
	if (out < 0 || (got < 0 && !bytes))
		note(bundle, name, PUMORI_UNKNOWN, strerror(errno));
	else
		note(bundle, name, bytes, NULL);
	if (out >= 0)
		close(out);
	close(in);
}

/* Readable attributes of a folder of sysfs, and of folders below it; links lead out of it and are left. */
static void copy_attributes(struct bundle *bundle, const char *folder, int depth)
{
	struct dirent *entry;
	DIR *directory = opendir(folder);

	if (!directory)
		return;
	while ((entry = readdir(directory)) != NULL) {
		char path[PATH_MAX];
		struct stat status;

		if (entry->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= PATH_MAX)
			continue;
		if (lstat(path, &status))
			continue;
		/* Device memory and configuration space are nobody's business. */
		if (S_ISREG(status.st_mode) && status.st_mode & 0444 && strncmp(entry->d_name, "resource", 8) &&
		    strcmp(entry->d_name, "config") && strcmp(entry->d_name, "rom"))
			copy_file(bundle, path, ATTRIBUTE_BYTES);
		else if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX)
			copy_attributes(bundle, path, depth + 1);
	}
	closedir(directory);
}

/* Runs a program with its output going into the bundle; what it complains about goes there, too. */
static void copy_output(struct bundle *bundle, const char *file, const char *program, char *const *arguments)
{
	posix_spawn_file_actions_t actions;
	char path[PATH_MAX];
	struct stat status;
	int out = create_file(bundle, file, path), error, ended = 0;
	pid_t child;

	if (out < 0) {
		note(bundle, file, PUMORI_UNKNOWN, strerror(errno));
		return;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	error = posix_spawnp(&child, program, &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	while (!error && waitpid(child, &ended, 0) < 0 && errno == EINTR)
		;
	if (error)
		note(bundle, file, PUMORI_UNKNOWN, strerror(error));
	else
		note(bundle, file, !fstat(out, &status) ? (uint64_t)status.st_size : PUMORI_UNKNOWN,
		     WIFEXITED(ended) && !WEXITSTATUS(ended) ? NULL : "the command reported a failure, see the file");
	close(out);
}

static void copy_answers(struct bundle *bundle)
{
	static const char *const commands[] = { "ls", "stats", "ps", "topo", "config", "health", "validate" };

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char *arguments[] = { "pumori", (char *)commands[i], "--json", NULL };
		char file[32];

		snprintf(file, sizeof(file), "%s.json", commands[i]);
		copy_output(bundle, file, "/proc/self/exe", arguments);
	}
}

static void copy_system(struct bundle *bundle)
{
	static const char *const files[] = {
		"/proc/version", "/proc/cmdline", "/proc/cpuinfo", "/proc/meminfo", "/proc/modules", "/etc/os-release",
		"/sys/kernel/debug/devices_deferred",
	};
	char *dmesg[] = { "dmesg", "--ctime", NULL };
	char *lspci[] = { "lspci", "-nnk", NULL };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		copy_file(bundle, files[i], FILE_BYTES);
	copy_output(bundle, "dmesg.txt", "dmesg", dmesg);
	copy_output(bundle, "lspci.txt", "lspci", lspci);
	copy_attributes(bundle, "/sys/module/pumori", 0);
}

static int copy_devices(struct bundle *bundle, const struct cli_globals *globals)
{
	struct pumori_telemetry *telemetry;
	struct cli_sample sample;
	char path[PATH_MAX], device[PATH_MAX];
	int code = cli_telemetry_open(&telemetry);

	if (code != CLI_OK)
		return code;
	code = cli_sample_take_any(globals, telemetry, 0, &sample);
	for (size_t i = 0; code == CLI_OK && i < sample.count; i++) {
		snprintf(path, sizeof(path), "/sys/class/accel/accel%" PRIu64 "/device", sample.devices[i].info.index);
		if (realpath(path, device))
			copy_attributes(bundle, device, 0);
		snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%" PRIu64, sample.devices[i].info.index);
		copy_attributes(bundle, path, 0);
	}
	if (code == CLI_OK)
		cli_sample_free(&sample);
	pumori_telemetry_destroy(telemetry);
	copy_attributes(bundle, "/sys/class/devcoredump", 0);
	return code;
}

/* --- The archive -------------------------------------------------------------------------------- */

static int run_tar(const struct bundle *bundle, int out)
{
	char *arguments[] = {
		"tar", "--create", "--gzip", "--directory", (char *)bundle->folder, (char *)bundle->name, NULL,
	};
	posix_spawn_file_actions_t actions;
	int error, ended = 0;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (error)
		return cli_fail(CLI_INPUT, "cannot run tar: %s; install it", strerror(error));
	while (waitpid(child, &ended, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(ended) && !WEXITSTATUS(ended) ? CLI_OK :
	       cli_fail(CLI_INPUT, "tar failed; is the disk full?");
}

static int write_archive(const struct bundle *bundle, const char *output)
{
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int code;

	if (out < 0)
		return cli_fail(CLI_INPUT, "cannot write '%s': %s; name another file with --output", output,
				strerror(errno));
	code = run_tar(bundle, out);
	if (close(out) && code == CLI_OK)
		code = cli_fail(CLI_INPUT, "cannot write '%s': %s", output, strerror(errno));
	return code;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int begin(struct bundle *bundle)
{
	const char *parent = getenv("TMPDIR");
	char path[PATH_MAX], stamp[32];
	time_t now = time(NULL);
	struct tm local;

	if (!localtime_r(&now, &local))
		memset(&local, 0, sizeof(local));
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &local);
	snprintf(bundle->name, sizeof(bundle->name), "pumori-log-%s", stamp);
	if (!parent || strlen(parent) > 32)
		parent = "/tmp";
	snprintf(bundle->folder, sizeof(bundle->folder), "%s/pumori-log-XXXXXX", parent);
	if (!mkdtemp(bundle->folder))
		return cli_fail(CLI_INPUT, "cannot make a folder below %s: %s; set TMPDIR", parent, strerror(errno));
	snprintf(path, sizeof(path), "%s/%s", bundle->folder, bundle->name);
	mkdir(path, 0700);
	return CLI_OK;
}

static int log_bundle(const struct cli_call *call)
{
	static const struct cli_column head[] = {
		{ "archive", "Archive", CLI_FORMAT_PLAIN },
		{ "bytes", "Size", CLI_FORMAT_BYTES },
		{ "collected", "Files", CLI_FORMAT_PLAIN },
		{ .key = NULL },
	};
	static const struct cli_section section = { NULL, NULL, head };
	const struct options *options = call->options;
	struct bundle bundle = { .record = NULL };
	char output[PATH_MAX];
	struct stat status;
	int code;

	if (cli_root()[0])
		return cli_fail(CLI_USAGE, "PUMORI_TELEMETRY_ROOT shows another machine; unset it");
	bundle.record = record_create();
	if (!bundle.record)
		return cli_fail_memory();
	code = begin(&bundle);
	if (code == CLI_OK) {
		copy_answers(&bundle);
		copy_system(&bundle);
		code = copy_devices(&bundle, call->globals);
		if (code == CLI_OK) {
			snprintf(output, sizeof(output), "%s%s", options->output ? options->output : bundle.name,
				 options->output ? "" : ".tar.gz");
			code = write_archive(&bundle, output);
		}
		nftw(bundle.folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	}
	if (code == CLI_OK) {
		record_string(bundle.record, "archive", output);
		cli_record_known(bundle.record, "bytes", !stat(output, &status) ? (uint64_t)status.st_size : PUMORI_UNKNOWN);
		record_unsigned(bundle.record, "collected", record_list_length(bundle.record, "files"));
		code = cli_render(call->globals, "log", bundle.record, &section, 1);
	}
	record_destroy(bundle.record);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "output", .letter = 'o', .type = CLI_OPTION_STRING, .argument = "FILE",
	  .help = "archive to write, pumori-log-DATE.tar.gz without it", .offset = offsetof(struct options, output) },
	{ .name = NULL },
};

const struct cli_command cli_command_log = {
	.name = "log",
	.summary = "gather everything that helps to find what is wrong",
	.description = "Answers of the other commands, the kernel's log, the files of driver and devices in sysfs and debugfs,\n"
		       "and device core dumps, as far as you may read them, in one archive. Nothing is sent anywhere.",
	.run = log_bundle,
	.options = options,
	.options_bytes = sizeof(struct options),
	.formats = true,
};
