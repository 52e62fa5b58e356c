// SPDX-License-Identifier: MIT
/* Ranges and marks of the application, and which profiles want them. */
#include "profile_ranges.h"

#include <pthread.h>
#include <stdio.h>

#include "error.h"
#include "profile.h"

#define DEPTH_MAX	64
#define PROFILES_MAX	16

/* Profiles under way; few, for a process has few devices. */
static struct pumori_profile *profiles[PROFILES_MAX];
static pthread_mutex_t profiles_lock = PTHREAD_MUTEX_INITIALIZER;
/* How many; read without the lock, so that ranges cost little while there is none. */
static int active;

/** struct range - one that the thread has begun */
struct range {
	/** @begin_ns: 0 when nothing was profiled then */
	uint64_t begin_ns;
	/** @name: as given, cut */
	char name[PUMORI_PROFILE_NAME];
};

static __thread struct range ranges[DEPTH_MAX];
static __thread unsigned int depth;

void pumori_ranges_add(struct pumori_profile *profile)
{
	pthread_mutex_lock(&profiles_lock);
	if (active < PROFILES_MAX)
		profiles[__atomic_fetch_add(&active, 1, __ATOMIC_RELEASE)] = profile;
	pthread_mutex_unlock(&profiles_lock);
}

void pumori_ranges_remove(struct pumori_profile *profile)
{
	pthread_mutex_lock(&profiles_lock);
	for (int i = 0; i < active; i++)
		if (profiles[i] == profile) {
			profiles[i] = profiles[active - 1];
			__atomic_fetch_sub(&active, 1, __ATOMIC_RELEASE);
			break;
		}
	pthread_mutex_unlock(&profiles_lock);
}

static int is_active(void)
{
	return __atomic_load_n(&active, __ATOMIC_RELAXED);
}

static void record(enum pumori_profile_event_type type, uint64_t value, uint64_t begin_ns, const char *name)
{
	pthread_mutex_lock(&profiles_lock);
	for (int i = 0; i < active; i++) {
		struct pumori_profile_event event = { .type = type, .value = value };

		pumori_profile_event(profiles[i], &event, begin_ns ? begin_ns : pumori_profile_now(profiles[i]), name);
	}
	pthread_mutex_unlock(&profiles_lock);
}

int pumori_range_push(const char *name)
{
	PUMORI_KEEP_ERRNO();

	if (!name)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_range_push: no name");
	if (depth < DEPTH_MAX) {
		ranges[depth].begin_ns = 0;
		if (is_active()) {
			pthread_mutex_lock(&profiles_lock);
			if (active)
				ranges[depth].begin_ns = pumori_profile_now(profiles[0]);
			pthread_mutex_unlock(&profiles_lock);
			snprintf(ranges[depth].name, sizeof(ranges[depth].name), "%s", name);
		}
	}
	return (int)depth++;
}

int pumori_range_pop(void)
{
	PUMORI_KEEP_ERRNO();

	if (!depth)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_range_pop: no range of this thread is open");
	depth--;
	if (depth < DEPTH_MAX && ranges[depth].begin_ns && is_active())
		record(PUMORI_PROFILE_RANGE, depth, ranges[depth].begin_ns, ranges[depth].name);
	return (int)depth;
}

int pumori_mark(const char *name)
{
	PUMORI_KEEP_ERRNO();

	if (!name)
		return pumori_fail(PUMORI_ERROR_INVALID, "pumori_mark: no name");
	if (is_active())
		record(PUMORI_PROFILE_MARK, 0, 0, name);
	return 0;
}
