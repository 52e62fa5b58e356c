/* SPDX-License-Identifier: MIT */
/*
 * More device memory in use than there is: whoever waits makes room, and nobody's bytes are lost.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver_test.h"

#define BYTES		(64u * 1024)
#define HBM_VA		(1ull << 33)
#define HOST_VA		(2ull << 33)
#define CLIENTS		3
#define ROUNDS		12

/* A client with one large buffer in device memory, and a job that copies its end to the host. */
struct tenant {
	struct session session;
	struct buffer hbm;
	struct buffer host;
	struct job job;
};

/* Three of these do not fit, two do. */
static uint64_t large(void)
{
	struct drm_pumori_device_info info;
	int fd = device_open();

	device_info(fd, &info);
	close(fd);
	return info.hbm_bytes * 3 / 8 & ~(uint64_t)(PAGE - 1);
}

static uint8_t byte_of(uint64_t offset, unsigned int seed)
{
	return (uint8_t)(offset * 31 + (offset >> 12) * 7 + seed);
}

static void fill(struct tenant *client, unsigned int seed)
{
	uint64_t i;

	for (i = 0; i < client->hbm.size; i++)
		client->hbm.data[i] = byte_of(i, seed);
}

static bool intact(const struct tenant *client, unsigned int seed)
{
	uint64_t i;

	for (i = 0; i < client->hbm.size; i++) {
		if (client->hbm.data[i] != byte_of(i, seed))
			return false;
	}
	return true;
}

static bool tenant_open(struct tenant *client, uint64_t size)
{
	struct image image;
	bool fine;

	memset(client, 0, sizeof(*client));
	if (!session_open(&client->session, DRM_PUMORI_CORE_ANY) ||
	    !buffer_create(&client->session, &client->hbm, size, DRM_PUMORI_BO_HBM, HBM_VA) ||
	    !buffer_create(&client->session, &client->host, BYTES, 0, HOST_VA) || !image_copy(&image, BYTES, 1))
		return false;
	client->job.variables = 2;
	client->job.variable[0] = (struct drm_pumori_variable){ .va = HBM_VA + client->hbm.size - BYTES, .size = BYTES };
	client->job.variable[1] = (struct drm_pumori_variable){ .va = HOST_VA, .size = BYTES,
								.flags = DRM_PUMORI_VARIABLE_WRITABLE };
	fine = program_load(&client->session, &image, &client->job.program, NULL) == 0;
	image_destroy(&image);
	return fine;
}

static bool copies(struct tenant *client, unsigned int seed)
{
	uint64_t i, start = client->hbm.size - BYTES;

	memset(client->host.data, 0, BYTES);
	if (run_job(&client->session, &client->job, 60000, NULL) != PUMORI_HW_JOB_DONE)
		return false;
	for (i = 0; i < BYTES; i++) {
		if (client->host.data[i] != byte_of(start + i, seed))
			return false;
	}
	return true;
}

static void test_taking_turns(void)
{
	struct drm_pumori_device_info info;
	struct tenant client[CLIENTS];
	uint64_t size = large();
	unsigned int i, round;
	bool fine = true;

	for (i = 0; i < CLIENTS; i++) {
		if (!ok(tenant_open(&client[i], size), "client %u has a buffer of three eighths of device memory", i))
			return;
		fill(&client[i], i);
	}
	device_info(client[0].session.fd, &info);
	ok(info.hbm_used <= info.hbm_bytes && info.hbm_used >= 2 * size, "no more is used than there is");
	for (i = 0; i < CLIENTS; i++)
		fine = fine && intact(&client[i], i);
	ok(fine, "the CPU sees the bytes of all, wherever they are");
	for (round = 0; round < 2; round++)
		for (i = 0; i < CLIENTS; i++)
			fine = fine && copies(&client[i], i);
	ok(fine, "jobs of all, in turns, see theirs");
	for (i = 0; i < CLIENTS; i++)
		fine = fine && intact(&client[i], i);
	ok(fine, "every byte came back each time");

	/* Written while evicted, by the CPU; read by the device. */
	fill(&client[0], 100);
	ok(copies(&client[0], 100), "what the CPU writes to an evicted buffer the device reads");
	/* Written by the device, then evicted. */
	client[0].job.variable[0].va = HOST_VA;
	client[0].job.variable[1].va = HBM_VA;
	memset(client[0].host.data, 0xa5, BYTES);
	ok(run_job(&client[0].session, &client[0].job, 60000, NULL) == PUMORI_HW_JOB_DONE &&
	   copies(&client[1], 1) && copies(&client[2], 2) && client[0].hbm.data[0] == 0xa5 &&
	   memcmp(client[0].hbm.data, client[0].hbm.data + 1, BYTES - 1) == 0, "what the device wrote survives eviction");
	for (i = 0; i < CLIENTS; i++)
		session_close(&client[i].session);
}

/* One address space that needs more than there is can never run. */
static void test_too_much(void)
{
	struct tenant client, other;
	struct drm_pumori_bo_create create = { .size = large(), .flags = DRM_PUMORI_BO_HBM };
	struct drm_gem_close gone = { 0 };
	uint32_t second, third;

	if (!ok(tenant_open(&client, large()), "a client"))
		return;
	fill(&client, 7);
	create.vm_id = client.session.vm;
	second = buffer_of(client.session.fd, create.size, create.flags, client.session.vm);
	ok(second != 0, "a second private buffer fits");
	refused(call(client.session.fd, DRM_IOCTL_PUMORI_BO_CREATE, &create), ENOSPC, 0, "a third one, which cannot");

	/* A shareable one is another matter, as long as they are not needed together. */
	gone.handle = second;
	call(client.session.fd, DRM_IOCTL_GEM_CLOSE, &gone);
	second = buffer_of(client.session.fd, create.size, create.flags, 0);
	third = buffer_of(client.session.fd, create.size, create.flags, 0);
	ok(second && third, "shareable buffers that are not bound make room for each other");
	ok(bind_range(&client.session, 0, second, 0, 5ull << 33, create.size) == 0, "one is bound");
	ok(copies(&client, 7), "jobs run");
	ok(bind_range(&client.session, 0, third, 0, 6ull << 33, create.size) == 0, "the other one, too");
	refused(submit_jobs(&client.session, &client.job, 1), ENOSPC, 0, "a job that would need all three");
	ok(bind_range(&client.session, DRM_PUMORI_BIND_UNMAP, 0, 0, 6ull << 33, create.size) == 0 && copies(&client, 7),
	   "with one unbound jobs run again");
	if (ok(tenant_open(&other, large()), "another client")) {
		fill(&other, 8);
		ok(copies(&other, 8) && copies(&client, 7) && copies(&other, 8), "both run in turns");
		session_close(&other.session);
	}
	session_close(&client.session);
}

/* Room that a running job uses is waited for. */
static void test_busy(void)
{
	struct tenant client, other;
	struct drm_pumori_device_info info;
	struct job spin = { .budget_ms = 200 };
	struct image image;
	uint64_t size;

	device_info((client.session.fd = device_open()), &info);
	close(client.session.fd);
	size = info.hbm_bytes / 4 * 3;
	if (!ok(tenant_open(&client, size), "a client with most of device memory") || !image_spin(&image))
		return;
	fill(&client, 3);
	ok(program_load(&client.session, &image, &spin.program, NULL) == 0 && submit_jobs(&client.session, &spin, 1) == 0,
	   "its job uses up its budget");
	ok(tenant_open(&other, size), "another client gets the memory after that");
	ok(completed(&client.session, spin.sequence, 0), "and not before");
	ok(intact(&client, 3), "no byte is lost");
	image_destroy(&image);
	session_close(&client.session);
	session_close(&other.session);
}

static bool compete(unsigned int seed)
{
	struct tenant client;
	unsigned int round;
	bool fine = tenant_open(&client, large());

	if (fine)
		fill(&client, seed);
	for (round = 0; round < ROUNDS && fine; round++)
		fine = copies(&client, seed);
	fine = fine && intact(&client, seed);
	session_close(&client.session);
	return fine;
}

/* Each holds what the others want. */
static void test_contention(void)
{
	unsigned int i, failed = 0;
	int status;

	for (i = 0; i < 2 * CLIENTS; i++) {
		if (fork() == 0)
			_exit(compete(i) ? 0 : 1);
	}
	for (i = 0; i < 2 * CLIENTS; i++) {
		if (wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status))
			failed++;
	}
	ok(failed == 0, "%u processes compete for the room of two: all get their bytes", 2 * CLIENTS);
}

void test_evict(void)
{
	struct drm_pumori_device_info before, after;
	int fd = device_open();

	device_info(fd, &before);
	test_taking_turns();
	test_too_much();
	test_busy();
	test_contention();
	device_info(fd, &after);
	ok(after.hbm_used == before.hbm_used, "all device memory is free again");
	close(fd);
}
