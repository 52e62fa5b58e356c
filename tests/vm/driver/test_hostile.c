/* SPDX-License-Identifier: MIT */
/*
 * A device that does not keep its contract: interrupts, events and completions get lost, come twice, late or as ones.
 * No job looks finished that is not, none waits for ever, and the kernel stays whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver_test.h"

#define WAIT_MS 120000
#define JOBS	12

/* What only delays: every job ends well. */
static void harmless(const char *kind)
{
	struct copier client, late;
	char line[64];
	bool fine;

	snprintf(line, sizeof(line), "%s 0 2", kind);
	fine = copier_open(&client, 0) && copier_runs(&client, 1) && control_write("inject", line) &&
	       copier_runs(&client, JOBS);
	ok(fine && injected(0, WAIT_MS), "%s: %u jobs end well", kind, JOBS);
	ok(context_state(&client.session) == 0, "%s: and nobody is blamed", kind);
	/* Commands of the driver meet it, too: queues, programs and mappings come and go. */
	fine = control_write("inject", line) && copier_open(&late, 0) && copier_runs(&late, JOBS);
	ok(fine && injected(0, WAIT_MS), "%s: a client comes meanwhile", kind);
	control_write("inject", line);
	copier_close(&late);
	ok(copier_runs(&client, 3), "%s: and goes", kind);
	control_write("inject", "none 0");
	copier_close(&client);
}

/* What loses the end of a job: it does not look like success, and the neighbour does not notice. */
static void broken(const char *kind)
{
	struct drm_pumori_job_query query = { 0 };
	struct copier client, beside;
	char line[64];
	int status;

	if (!ok(copier_open(&client, 0) && copier_open(&beside, 1) && copier_runs(&client, 2), "%s: two clients", kind))
		return;
	snprintf(line, sizeof(line), "%s 0", kind);
	control_write("inject", line);
	client.job.signal = 0;
	ok(submit_jobs(&client.session, &client.job, 1) == 0 && injected(0, WAIT_MS), "%s: a job meets it", kind);
	ok(copier_runs(&beside, 10), "%s: the other core does not notice", kind);
	status = -1;
	for (int64_t end = now_ms() + WAIT_MS; now_ms() < end && status; usleep(1000)) {
		status = job_query(&client.session, client.job.sequence, &query);
		if (status && errno != EBUSY && errno != ENODATA)
			break;
	}
	ok(status == 0 && query.status == PUMORI_HW_JOB_DEVICE_LOST, "%s: the job ends, not as done: %d, %u", kind, status,
	   query.status);
	refused(submit_jobs(&client.session, &client.job, 1), ECANCELED, 0, "another job on its queue");
	ok(!(context_state(&client.session) & DRM_PUMORI_CONTEXT_GUILTY), "%s: it is not blamed", kind);
	copier_close(&client);
	ok(copier_open(&client, 0) && copier_runs(&client, 5), "%s: the core goes on with another queue", kind);
	copier_close(&client);
	copier_close(&beside);
}

void test_hostile(void)
{
	static const char *const delays[] = {
		"lose-interrupt", "spurious-interrupt", "lose-event", "duplicate-event", "reorder-event", "ones-event",
		"duplicate-completion",
	};
	size_t i;

	if (!have_injection("a hostile device"))
		return;
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++)
		harmless(delays[i]);
	broken("lose-completion");
	broken("ones-completion");
}
