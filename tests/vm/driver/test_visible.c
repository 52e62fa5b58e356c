/* SPDX-License-Identifier: MIT */
/*
 * Not a test by itself: a client that runs a job and prints its own fdinfo and what debugfs says meanwhile, for
 * the script of the suite to look at.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "driver_test.h"

static void print_lines(const char *prefix, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		printf("%s %s", prefix, line);
	fclose(file);
}

static void print_debugfs(void)
{
	static const char *const files[] = { "gems", "vas", "queues", "rings", "cores" };
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/accel/pumori.0/%s", files[i]);
		print_lines(files[i], path);
	}
}

void test_visible(void)
{
	struct session session;
	struct buffer in, out;
	struct image image;
	struct job job = { .budget_ms = 5000, .variables = 2 };
	char path[64];

	if (!ok(session_open(&session, 0), "open the device"))
		return;
	ok(buffer_create(&session, &in, 65536, DRM_PUMORI_BO_HBM, 4 << 20) &&
	   buffer_create(&session, &out, 8192, 0, 8 << 20), "make buffers");
	if (image_copy(&image, 4096, 1)) {
		job.variable[0] = (struct drm_pumori_variable){ .va = in.va, .size = 4096 };
		job.variable[1] = (struct drm_pumori_variable){ .va = out.va, .size = 4096,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
		ok(program_load(&session, &image, &job.program, NULL) == 0, "load a program");
		ok(run_job(&session, &job, 20000, NULL) == PUMORI_HW_JOB_DONE, "run a job");
		image_destroy(&image);
	}
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", session.fd);
	print_lines("fdinfo", path);
	print_debugfs();
	session_close(&session);
}
