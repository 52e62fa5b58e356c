/* SPDX-License-Identifier: GPL-2.0 */
/* Who uses a device: an account an open file, summed up by user, with the limits of a user. */
#ifndef PUMORI_ACCOUNT_H
#define PUMORI_ACCOUNT_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <pumori/hw.h>

struct drm_device;
struct pumori_device;
struct pumori_hw_record;

/**
 * struct pumori_user - what one user has of a device, over all files
 */
struct pumori_user {
	/** @link: in &struct pumori_device.users, protected by its users_lock */
	struct list_head link;
	/** @uid: the user */
	kuid_t uid;
	/** @accounts: open files and what is left of them, protected by users_lock */
	u32 accounts;
	/** @lock: protects @contexts, @queues and @pinned_bytes */
	spinlock_t lock;
	/** @contexts: contexts now */
	u32 contexts;
	/** @queues: queues now */
	u32 queues;
	/** @pinned_bytes: host memory of buffers now */
	u64 pinned_bytes;
	/** @hbm_bytes: device memory of buffers now */
	atomic64_t hbm_bytes;
	/** @busy_ns: device time of finished jobs */
	atomic64_t busy_ns;
	/** @jobs: finished jobs */
	atomic64_t jobs;
};

/**
 * struct pumori_account - what one open file has and had
 */
struct pumori_account {
	/** @kref: the file, its contexts and its buffers */
	struct kref kref;
	/** @pumori: the device, which outlives the account */
	struct pumori_device *pumori;
	/** @user: who opened the file */
	struct pumori_user *user;
	/** @client: number of the file, as in fdinfo */
	u64 client;
	/** @hbm_bytes: device memory of buffers now */
	atomic64_t hbm_bytes;
	/** @host_bytes: host memory of buffers now */
	atomic64_t host_bytes;
	/** @core_busy_ns: device time of finished jobs, by core */
	atomic64_t core_busy_ns[PUMORI_HW_MAX_CORES];
	/** @core_cycles: model cycles of finished jobs, by core */
	atomic64_t core_cycles[PUMORI_HW_MAX_CORES];
	/** @jobs: finished jobs */
	atomic64_t jobs;
	/** @faults: jobs that faulted or were killed */
	atomic64_t faults;
};

/**
 * enum pumori_charge - what a user may have only so much of
 */
enum pumori_charge {
	/** @PUMORI_CHARGE_CONTEXT: contexts */
	PUMORI_CHARGE_CONTEXT,
	/** @PUMORI_CHARGE_QUEUE: queues */
	PUMORI_CHARGE_QUEUE,
};

/**
 * struct pumori_user_info - an account of a user, as of one moment
 */
struct pumori_user_info {
	/** @uid: the user */
	kuid_t uid;
	/** @contexts: contexts now */
	u32 contexts;
	/** @queues: queues now */
	u32 queues;
	/** @hbm_bytes: device memory of buffers now */
	u64 hbm_bytes;
	/** @pinned_bytes: host memory of buffers now */
	u64 pinned_bytes;
	/** @busy_ns: device time of finished jobs */
	u64 busy_ns;
	/** @jobs: finished jobs */
	u64 jobs;
};

/**
 * struct pumori_user_limits - what a user may have, 0 for no limit
 */
struct pumori_user_limits {
	/** @contexts: contexts */
	unsigned int contexts;
	/** @queues: queues */
	unsigned int queues;
	/** @pinned_mb: host memory of buffers, MiB */
	unsigned int pinned_mb;
};

extern struct pumori_user_limits pumori_user_limits;

int pumori_users_init(struct pumori_device *pumori);
bool pumori_user_info(struct pumori_device *pumori, u32 number, struct pumori_user_info *info);

struct pumori_account *pumori_account_create(struct pumori_device *pumori, u64 client);
struct pumori_account *pumori_account_get(struct pumori_account *account);
void pumori_account_put(struct pumori_account *account);

int pumori_account_charge(struct pumori_account *account, enum pumori_charge what);
void pumori_account_uncharge(struct pumori_account *account, enum pumori_charge what);
int pumori_account_charge_memory(struct pumori_account *account, bool hbm, u64 bytes);
void pumori_account_uncharge_memory(struct pumori_account *account, bool hbm, u64 bytes);
void pumori_account_job(struct pumori_account *account, u32 core,
			const struct pumori_hw_record *record);

#endif
