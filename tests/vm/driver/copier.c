/* SPDX-License-Identifier: MIT */
/*
 * Those who misbehave and those who must not notice.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define SOURCE_VA	(1ull << 32)
#define TARGET_VA	(2ull << 32)
#define BYTES		(16u * 1024)
#define WAIT_MS		120000

bool copier_prepare(struct copier *client)
{
	struct image image;
	bool loaded;

	client->job = (struct job){ .variables = 2 };
	client->job.variable[0] = (struct drm_pumori_variable){ .va = SOURCE_VA, .size = BYTES };
	client->job.variable[1] = (struct drm_pumori_variable){ .va = TARGET_VA, .size = BYTES,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
	if (!image_copy(&image, BYTES, 1))
		return false;
	loaded = program_load(&client->session, &image, &client->job.program, NULL) == 0;
	image_destroy(&image);
	return loaded;
}

bool copier_open(struct copier *client, uint32_t core)
{
	memset(client, 0, sizeof(*client));
	return session_open(&client->session, core) &&
	       buffer_create(&client->session, &client->source, BYTES, 0, SOURCE_VA) &&
	       buffer_create(&client->session, &client->target, BYTES, DRM_PUMORI_BO_HBM, TARGET_VA) &&
	       copier_prepare(client);
}

int copier_run(struct copier *client)
{
	static uint8_t pattern;
	int status;

	memset(client->source.data, ++pattern, BYTES);
	status = run_job(&client->session, &client->job, WAIT_MS, NULL);
	if (status == PUMORI_HW_JOB_DONE && memcmp(client->source.data, client->target.data, BYTES)) {
		note("a copy differs");
		return -1;
	}
	return status;
}

bool copier_runs(struct copier *client, uint32_t count)
{
	uint32_t i;
	int status;

	for (i = 0; i < count; i++) {
		status = copier_run(client);
		if (status != PUMORI_HW_JOB_DONE) {
			note("copy %u of %u: status %d", i + 1, count, status);
			return false;
		}
	}
	return true;
}

void copier_close(struct copier *client)
{
	session_close(&client->session);
}

uint32_t context_state(struct session *session)
{
	struct drm_pumori_context_query query = { .id = session->context };

	return call(session->fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &query) ? ~0u : query.state;
}

bool context_counts(struct session *session, uint64_t faults, uint64_t losses)
{
	struct drm_pumori_context_query query = { .id = session->context };

	if (call(session->fd, DRM_IOCTL_PUMORI_CONTEXT_QUERY, &query))
		return false;
	if (query.faults != faults || query.losses != losses)
		note("%llu faults, %llu losses", (unsigned long long)query.faults, (unsigned long long)query.losses);
	return query.faults == faults && query.losses == losses;
}

bool spin_open(struct session *session, struct job *job, uint32_t core, uint32_t priority)
{
	struct image image;
	bool fine;

	*job = (struct job){ .budget_ms = 9000 };
	if (!session_open_priority(session, core, priority) || !image_spin(&image))
		return false;
	fine = program_load(session, &image, &job->program, NULL) == 0 && submit_jobs(session, job, 1) == 0;
	image_destroy(&image);
	while (fine && session->completion->state != PUMORI_HW_QUEUE_RUNNING && !completed(session, job->sequence, 0))
		usleep(1000);
	return fine;
}

static int open_control(const char *file, int flags)
{
	char pattern[128];
	glob_t found;
	int fd = -1;

	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/accel/pumori.*/%s", file);
	if (glob(pattern, 0, NULL, &found) == 0) {
		fd = open(found.gl_pathv[0], flags | O_CLOEXEC);
		globfree(&found);
	}
	return fd;
}

bool control_write(const char *file, const char *line)
{
	int fd = open_control(file, O_WRONLY);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
	close(fd);
	return written;
}

bool injected(uint32_t core, int64_t ms)
{
	int64_t end = now_ms() + ms;
	char text[2048], wanted[32];
	ssize_t length;
	int fd;

	snprintf(wanted, sizeof(wanted), "\ncore %u: none", core);
	do {
		fd = open_control("inject", O_RDONLY);
		if (fd < 0)
			return false;
		length = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[length < 0 ? 0 : length] = 0;
		if (strstr(text, wanted))
			return true;
		usleep(1000);
	} while (now_ms() < end);
	return false;
}

bool have_injection(const char *what)
{
	int fd = open_control("inject", O_WRONLY);

	if (fd < 0) {
		ok(true, "%s # SKIP the kernel has no debugfs", what);
		return false;
	}
	close(fd);
	return true;
}

bool driver_bind(const char *what)
{
	static const char device[] = "pumori.0";
	char path[64];
	bool told;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/pumori/%s", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	told = write(fd, device, sizeof(device) - 1) == (ssize_t)(sizeof(device) - 1);
	close(fd);
	return told;
}

bool device_appears(int64_t ms)
{
	int64_t end = now_ms() + ms;

	while (access("/dev/accel/accel0", F_OK)) {
		if (now_ms() > end)
			return false;
		usleep(10000);
	}
	return true;
}
