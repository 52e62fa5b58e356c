/* SPDX-License-Identifier: MIT */
/*
 * Limits of a user: contexts, queues and host memory, over all of the user's files, given back when they
 * close. Root goes beyond them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver_test.h"

#define NOBODY 65534

static bool set_limit(const char *name, const char *value)
{
	char path[96];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "/sys/module/pumori/parameters/%s", name);
	fd = open(path, O_WRONLY);
	done = fd >= 0 && write(fd, value, strlen(value)) > 0;
	if (fd >= 0)
		close(fd);
	return done;
}

static int add_context(struct session *session)
{
	struct drm_pumori_context_create create = { .vm_id = session->vm };

	return call(session->fd, DRM_IOCTL_PUMORI_CONTEXT_CREATE, &create);
}

static int add_memory(struct session *session, uint64_t size, uint32_t *handle)
{
	struct drm_pumori_bo_create create = { .size = size, .vm_id = session->vm };
	int result = call(session->fd, DRM_IOCTL_PUMORI_BO_CREATE, &create);

	*handle = create.handle;
	return result;
}

static void free_memory(struct session *session, uint32_t handle)
{
	struct drm_gem_close gem_close = { .handle = handle };

	call(session->fd, DRM_IOCTL_GEM_CLOSE, &gem_close);
}

/* Two of each are allowed; a session has one context and one queue. */
static int use_as_nobody(void)
{
	struct session first, second;
	uint32_t handle, more;

	if (setgid(NOBODY) || setuid(NOBODY) || !session_open(&first, 0) || !session_open(&second, 0))
		return 1;
	if (add_context(&first) != -1 || errno != ENOSPC)
		return 2;
	if (session_add_queue(&second, 0) || errno != ENOSPC)
		return 3;
	session_close(&second);
	if (add_context(&first) || !session_add_queue(&first, 0))
		return 4;
	if (add_memory(&first, 1536 << 10, &handle))
		return 5;
	if (add_memory(&first, 1 << 20, &more) != -1 || errno != ENOSPC)
		return 6;
	free_memory(&first, handle);
	if (add_memory(&first, 1 << 20, &more))
		return 7;
	session_close(&first);
	return 0;
}

void test_quotas(void)
{
	struct session session[3];
	int status = -1, i, opened = 0;
	uint32_t handle;
	pid_t child;

	ok(set_limit("user_contexts", "2") && set_limit("user_queues", "2") && set_limit("user_pinned_mb", "2"),
	   "set limits");
	chmod("/dev/accel/accel0", 0666);
	child = fork();
	if (child == 0)
		_exit(use_as_nobody());
	waitpid(child, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	   "a user is refused a third context and queue, and too much memory, until some is given back (step %d)",
	   WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	for (i = 0; i < 3; i++)
		opened += session_open(&session[i], 0);
	ok(opened == 3 && add_memory(&session[0], 4 << 20, &handle) == 0, "root goes beyond the limits");
	for (i = 0; i < 3; i++)
		session_close(&session[i]);
	set_limit("user_contexts", "1024");
	set_limit("user_queues", "512");
	set_limit("user_pinned_mb", "0");
}
