/* SPDX-License-Identifier: MIT */
/*
 * What it costs to bind and to unbind 1 GiB of device memory: where the address allows leaves of 2 MiB, and 4 KiB
 * beside, where it does not. In turns; the least and the median.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../vm/driver/driver_test.h"

#define BYTES	(1ull << 30)
#define ALIGNED	(1ull << 40)
#define ROUNDS	21

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void print(const char *what, double *samples)
{
	qsort(samples, ROUNDS, sizeof(*samples), compare);
	printf("%-28s %10.0f us at least, median %10.0f us\n", what, samples[0], samples[ROUNDS / 2]);
}

int main(void)
{
	static double bound[2][ROUNDS], unbound[2][ROUNDS];
	struct session session;
	struct drm_pumori_bo_create create = { .size = BYTES, .flags = DRM_PUMORI_BO_HBM };
	int round, small;

	if (!session_open(&session, DRM_PUMORI_CORE_ANY)) {
		fprintf(stderr, "bind: no device\n");
		return 1;
	}
	create.vm_id = session.vm;
	if (call(session.fd, DRM_IOCTL_PUMORI_BO_CREATE, &create)) {
		perror("bind: 1 GiB of device memory");
		return 1;
	}
	for (round = 0; round < ROUNDS; round++) {
		for (small = 0; small < 2; small++) {
			uint64_t va = ALIGNED + (small ? PAGE : 0);
			double start = now_us(), middle;

			if (bind_range(&session, 0, create.handle, 0, va, BYTES)) {
				perror("bind");
				return 1;
			}
			middle = now_us();
			if (bind_range(&session, DRM_PUMORI_BIND_UNMAP, 0, 0, va, BYTES)) {
				perror("unbind");
				return 1;
			}
			bound[small][round] = middle - start;
			unbound[small][round] = now_us() - middle;
		}
	}
	print("bind 1 GiB, 2 MiB pages", bound[0]);
	print("bind 1 GiB, 4 KiB pages", bound[1]);
	print("unbind 1 GiB, 2 MiB pages", unbound[0]);
	print("unbind 1 GiB, 4 KiB pages", unbound[1]);
	printf("4 KiB pages cost %.0f times as much to bind, %.0f times to unbind (medians)\n",
	       bound[1][ROUNDS / 2] / bound[0][ROUNDS / 2], unbound[1][ROUNDS / 2] / unbound[0][ROUNDS / 2]);
	session_close(&session);
	return 0;
}
