/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_DRV_H
#define PUMORI_DRV_H

#include <linux/types.h>
#include <linux/xarray.h>

#include <drm/pumori_accel.h>

struct drm_driver;
struct pumori_account;

extern const struct drm_driver pumori_drm_driver;

/**
 * struct pumori_file - what an open file owns, by id
 */
struct pumori_file {
	/** @account: who pays, held */
	struct pumori_account *account;
	/** @vms: struct pumori_vm */
	struct xarray vms;
	/** @programs: struct pumori_program */
	struct xarray programs;
	/** @contexts: struct pumori_context */
	struct xarray contexts;
	/** @queues: struct pumori_queue */
	struct xarray queues;
};

/* How many objects of a kind a file may own. */
#define PUMORI_FILE_IDS		XA_LIMIT(1, 4096)

#endif
