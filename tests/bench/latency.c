// SPDX-License-Identifier: MIT
/*
 * What submission costs in a virtual machine, beside what the block layer takes for something as small:
 *
 *   latency job COUNT [POLL_US]      empty jobs, one after the other
 *   latency read COUNT PATH          4 KiB direct reads by io_uring, one after the other
 *   latency rate SECONDS PROCESSES   empty jobs, as many as go through
 *
 * A job is one pumori_run_execute() on the device that PUMORI_DEVICE names, 0xffffffff for POLL_US is never.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <pumori/pumori.h>

#include "executable_builder.h"

#define WARM_UP	50
#define DEPTH	16	/* runs that a process has under way when it counts what goes through */
#define BLOCK	4096

static void fail(const char *what)
{
	fprintf(stderr, "latency: %s: %s\n", what, pumori_last_error());
	exit(1);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static void print(const char *name, double *samples, int count)
{
	qsort(samples, (size_t)count, sizeof(samples[0]), compare);
	printf("%s: median %.1f us, p99 %.1f us", name, samples[count / 2] / 1000,
	       samples[count * 99 / 100] / 1000);
}

/* --- jobs --------------------------------------------------------------------------------------- */

struct client {
	struct pumori_device *device;
	struct pumori_model *model;
	struct pumori_run *run[DEPTH];
};

static void open_client(struct client *client, uint32_t poll_us)
{
	struct pumori_device_options options = { .size = sizeof(options), .core = -1, .priority = 1,
						 .poll_us = poll_us };
	struct builder builder;
	size_t bytes;
	void *file;
	int i;

	build_empty(&builder);
	file = builder_write(&builder, &bytes);
	if (pumori_device_open(&client->device, NULL, &options) ||
	    pumori_model_load_memory(&client->model, client->device, file, bytes))
		fail("open");
	for (i = 0; i < DEPTH; i++)
		if (pumori_run_create(&client->run[i], client->model))
			fail("run");
	free(file);
	builder_end(&builder);
}

static void close_client(struct client *client)
{
	int i;

	for (i = 0; i < DEPTH; i++)
		pumori_run_destroy(client->run[i]);
	pumori_model_unload(client->model);
	pumori_device_close(client->device);
}

/* How often threads of the driver, its workers and this thread went to sleep: as often as they were woken. */
static unsigned long sleeps(void)
{
	unsigned long sum = 0, value;
	char path[300], line[128];
	struct dirent *entry;
	DIR *processes = opendir("/proc");
	FILE *file;
	int wanted;

	while (processes && (entry = readdir(processes))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		wanted = atoi(entry->d_name) == getpid();
		while (fgets(line, sizeof(line), file)) {
			if (!strncmp(line, "Name:\tpumori", 12) || !strncmp(line, "Name:\tkworker", 13))
				wanted = 1;
			if (wanted && sscanf(line, "voluntary_ctxt_switches: %lu", &value) == 1)
				sum += value;
		}
		fclose(file);
	}
	if (processes)
		closedir(processes);
	return sum;
}

static void measure_jobs(int count, uint32_t poll_us)
{
	double *samples = calloc((size_t)count, sizeof(samples[0])), start;
	unsigned long before = 0;
	struct client client;
	int i;

	open_client(&client, poll_us);
	for (i = -WARM_UP; i < count; i++) {
		if (!i)
			before = sleeps();
		start = now_ns();
		if (pumori_run_execute(client.run[0]))
			fail("execute");
		if (i >= 0)
			samples[i] = now_ns() - start;
	}
	before = sleeps() - before;
	print(poll_us == PUMORI_POLL_NEVER ? "empty job" : "empty job, polled", samples, count);
	printf(", %.2f wake-ups a job\n", (double)before / count);
	close_client(&client);
	free(samples);
}

/* --- reads -------------------------------------------------------------------------------------- */

static void fail_errno(const char *what)
{
	perror(what);
	exit(1);
}

static void measure_reads(int count, const char *path)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 1, &params), file = open(path, O_RDONLY | O_DIRECT), i;
	double *samples = calloc((size_t)count, sizeof(samples[0])), start;
	struct io_uring_sqe *entry;
	char *submission, *completion;
	uint32_t *tail, *index, *head, *completion_tail;
	void *block = aligned_alloc(BLOCK, BLOCK);

	if (ring < 0 || file < 0)
		fail_errno(path);
	submission = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(uint32_t),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	completion = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
			  PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	entry = mmap(NULL, sizeof(*entry), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (submission == MAP_FAILED || completion == MAP_FAILED || entry == MAP_FAILED)
		fail_errno("io_uring");
	tail = (uint32_t *)(submission + params.sq_off.tail);
	index = (uint32_t *)(submission + params.sq_off.array);
	head = (uint32_t *)(completion + params.cq_off.head);
	completion_tail = (uint32_t *)(completion + params.cq_off.tail);
	for (i = -WARM_UP; i < count; i++) {
		start = now_ns();
		memset(entry, 0, sizeof(*entry));
		entry->opcode = IORING_OP_READ;
		entry->fd = file;
		entry->addr = (uintptr_t)block;
		entry->len = BLOCK;
		index[*tail % params.sq_entries] = 0;
		__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
		if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
			fail_errno("io_uring_enter");
		if (__atomic_load_n(completion_tail, __ATOMIC_ACQUIRE) == *head)
			fail_errno("no completion");
		__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
		if (i >= 0)
			samples[i] = now_ns() - start;
	}
	print("4 KiB read by io_uring", samples, count);
	printf("\n");
	close(file);
	close(ring);
	free(block);
	free(samples);
}

/* --- rate --------------------------------------------------------------------------------------- */

/* Submits until the time is over; the jobs counted are those that have ended. */
static unsigned long run_until(double end)
{
	unsigned long jobs = 0;
	struct client client;
	int i;

	open_client(&client, 0);
	for (i = 0; i < DEPTH; i++)
		if (pumori_run_submit(client.run[i]))
			fail("submit");
	while (now_ns() < end)
		for (i = 0; i < DEPTH; i++, jobs++)
			if (pumori_run_wait(client.run[i], -1) || pumori_run_submit(client.run[i]))
				fail("submit");
	close_client(&client);
	return jobs;
}

static void measure_rate(int seconds, int processes)
{
	double start = now_ns();
	unsigned long jobs, sum = 0;
	int results[2], i;

	if (pipe(results))
		fail_errno("pipe");
	for (i = 0; i < processes; i++) {
		if (fork())
			continue;
		jobs = run_until(start + seconds * 1e9);
		_exit(write(results[1], &jobs, sizeof(jobs)) != sizeof(jobs));
	}
	for (i = 0; i < processes && read(results[0], &jobs, sizeof(jobs)) == sizeof(jobs); i++)
		sum += jobs;
	while (wait(NULL) > 0)
		;
	printf("%2d processes: %.0f jobs a second\n", processes, (double)sum * 1e9 / (now_ns() - start));
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "job"))
		measure_jobs(atoi(argv[2]), argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 0) : 0);
	else if (argc == 4 && !strcmp(argv[1], "read"))
		measure_reads(atoi(argv[2]), argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "rate"))
		measure_rate(atoi(argv[2]), atoi(argv[3]));
	else
		return 2;
	return 0;
}
