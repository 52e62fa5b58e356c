/* SPDX-License-Identifier: GPL-2.0 */
/* Counted errors of a core. */
#ifndef PUMORI_RAS_H
#define PUMORI_RAS_H

#include <linux/atomic.h>
#include <linux/types.h>

#include <drm/pumori_netlink.h>

struct pumori_core;
struct pumori_hw_event;
struct pumori_hw_record;

#define PUMORI_RAS_ERRORS	(PUMORI_RAS_ERROR_NAN + 1)

/**
 * struct pumori_ras - what went wrong on a core since probe
 */
struct pumori_ras {
	/** @jobs_failed: jobs that faulted or were killed */
	atomic64_t jobs_failed;
	/** @jobs_lost: jobs that ended by a reset they were not to blame for */
	atomic64_t jobs_lost;
	/** @errors: by enum pumori_ras_error; root may set them to zero */
	atomic64_t errors[PUMORI_RAS_ERRORS];
};

const char *pumori_ras_name(u32 error);
void pumori_ras_count(struct pumori_core *core, enum pumori_ras_error error, u64 count);
void pumori_ras_job(struct pumori_core *core, u32 context, const struct pumori_hw_record *record);
void pumori_ras_ecc(struct pumori_core *core, u64 count, bool corrected);
void pumori_ras_hang(struct pumori_core *core, u32 context, const char *reason);
void pumori_ras_clear(struct pumori_core *core, u32 error);

#endif
