// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: Accounts
 *
 * An account belongs to an open file and is kept by what the file made, so that it stays true for a
 * buffer that another process holds. Accounts of one user of a device add up in a struct
 * pumori_user, which the limits are compared with: contexts, queues, and host memory that buffers
 * keep from being swapped out. As with other limits of resources, CAP_SYS_RESOURCE goes beyond them.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <pumori/hw.h>

#include "pumori_account.h"
#include "pumori_device.h"

struct pumori_user_limits pumori_user_limits = {
	.contexts = 1024,
	.queues = 512,
};
module_param_named(user_contexts, pumori_user_limits.contexts, uint, 0644);
MODULE_PARM_DESC(user_contexts, "contexts a user may have on a device, 0 for no limit (default 1024)");
module_param_named(user_queues, pumori_user_limits.queues, uint, 0644);
MODULE_PARM_DESC(user_queues, "queues a user may have on a device, 0 for no limit (default 512)");
module_param_named(user_pinned_mb, pumori_user_limits.pinned_mb, uint, 0644);
MODULE_PARM_DESC(user_pinned_mb,
		 "host memory in MiB that a user's buffers may pin, 0 for no limit (default 0)");

static void free_users(struct drm_device *drm, void *unused)
{
	struct pumori_user *user, *next;

	list_for_each_entry_safe(user, next, &to_pumori_device(drm)->users, link)
		kfree(user);
}

/**
 * pumori_users_init() - start without any user
 * @pumori: the device
 */
int pumori_users_init(struct pumori_device *pumori)
{
	int ret = drmm_mutex_init(&pumori->drm, &pumori->users_lock);

	if (ret)
		return ret;
	INIT_LIST_HEAD(&pumori->users);
	return drmm_add_action_or_reset(&pumori->drm, free_users, NULL);
}

static struct pumori_user *user_of(struct pumori_device *pumori, kuid_t uid)
{
	struct pumori_user *user;

	lockdep_assert_held(&pumori->users_lock);

	list_for_each_entry(user, &pumori->users, link) {
		if (uid_eq(user->uid, uid))
			return user;
	}

	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user) {
		spin_lock_init(&user->lock);
		user->uid = uid;
		list_add_tail(&user->link, &pumori->users);
	}
	return user;
}

/**
 * pumori_account_create() - open an account for the calling user
 * @pumori: the device
 * @client: number of the file
 *
 * Return: the account or NULL when memory is short.
 */
struct pumori_account *pumori_account_create(struct pumori_device *pumori, u64 client)
{
	struct pumori_account *account = kzalloc(sizeof(*account), GFP_KERNEL_ACCOUNT);

	if (!account)
		return NULL;

	kref_init(&account->kref);
	account->pumori = pumori;
	account->client = client;
	mutex_lock(&pumori->users_lock);
	account->user = user_of(pumori, current_uid());
	if (account->user)
		account->user->accounts++;
	mutex_unlock(&pumori->users_lock);
	if (!account->user) {
		kfree(account);
		return NULL;
	}
	return account;
}

/**
 * pumori_account_get() - take a reference
 * @account: the account
 */
struct pumori_account *pumori_account_get(struct pumori_account *account)
{
	kref_get(&account->kref);
	return account;
}

static void account_release(struct kref *kref)
{
	struct pumori_account *account = container_of(kref, struct pumori_account, kref);
	struct pumori_device *pumori = account->pumori;
	struct pumori_user *user = account->user;

	mutex_lock(&pumori->users_lock);
	user->accounts--;
	/* Who used the device is remembered until the device goes. */
	if (!user->accounts && !atomic64_read(&user->jobs)) {
		list_del(&user->link);
		kfree(user);
	}
	mutex_unlock(&pumori->users_lock);
	kfree(account);
}

/**
 * pumori_account_put() - drop a reference
 * @account: the account, or NULL
 */
void pumori_account_put(struct pumori_account *account)
{
	if (account)
		kref_put(&account->kref, account_release);
}

static u32 *counted(struct pumori_user *user, enum pumori_charge what)
{
	return what == PUMORI_CHARGE_CONTEXT ? &user->contexts : &user->queues;
}

/**
 * pumori_account_charge() - let a user have one more of something
 * @account: on whose account
 * @what: of what
 *
 * Return: 0 or -ENOSPC.
 */
int pumori_account_charge(struct pumori_account *account, enum pumori_charge what)
{
	u32 limit = what == PUMORI_CHARGE_CONTEXT ? READ_ONCE(pumori_user_limits.contexts) :
						    READ_ONCE(pumori_user_limits.queues);
	struct pumori_user *user = account->user;
	u32 *count = counted(user, what);
	bool full;

	/* Asked first: the answer may have to be audited, which a spin lock is no place for. */
	if (limit && READ_ONCE(*count) >= limit && capable(CAP_SYS_RESOURCE))
		limit = 0;

	spin_lock(&user->lock);
	full = limit && *count >= limit;
	if (!full)
		(*count)++;
	spin_unlock(&user->lock);
	if (full)
		drm_dbg(&account->pumori->drm, "the user has %u %s already\n", limit,
			what == PUMORI_CHARGE_CONTEXT ? "contexts" : "queues");
	return full ? -ENOSPC : 0;
}

/**
 * pumori_account_uncharge() - undo pumori_account_charge()
 * @account: on whose account
 * @what: what there is one less of
 */
void pumori_account_uncharge(struct pumori_account *account, enum pumori_charge what)
{
	struct pumori_user *user = account->user;

	spin_lock(&user->lock);
	(*counted(user, what))--;
	spin_unlock(&user->lock);
}

/**
 * pumori_account_charge_memory() - let a user have more memory in buffers
 * @account: on whose account
 * @hbm: device memory, else host memory
 * @bytes: how much
 *
 * Return: 0 or -ENOSPC.
 */
int pumori_account_charge_memory(struct pumori_account *account, bool hbm, u64 bytes)
{
	u64 limit = (u64)READ_ONCE(pumori_user_limits.pinned_mb) << 20;
	struct pumori_user *user = account->user;
	bool full;

	if (hbm) {
		atomic64_add(bytes, &user->hbm_bytes);
		atomic64_add(bytes, &account->hbm_bytes);
		return 0;
	}
	if (limit && bytes > limit - min(limit, READ_ONCE(user->pinned_bytes)) &&
	    capable(CAP_SYS_RESOURCE))
		limit = 0;

	spin_lock(&user->lock);
	full = limit && bytes > limit - min(limit, user->pinned_bytes);
	if (!full)
		user->pinned_bytes += bytes;
	spin_unlock(&user->lock);
	if (full) {
		drm_dbg(&account->pumori->drm, "%llu more bytes would pin more than %llu\n", bytes,
			limit);
		return -ENOSPC;
	}
	atomic64_add(bytes, &account->host_bytes);
	return 0;
}

/**
 * pumori_account_uncharge_memory() - undo pumori_account_charge_memory()
 * @account: on whose account
 * @hbm: device memory, else host memory
 * @bytes: how much
 */
void pumori_account_uncharge_memory(struct pumori_account *account, bool hbm, u64 bytes)
{
	struct pumori_user *user = account->user;

	if (hbm) {
		atomic64_sub(bytes, &user->hbm_bytes);
		atomic64_sub(bytes, &account->hbm_bytes);
		return;
	}
	atomic64_sub(bytes, &account->host_bytes);
	spin_lock(&user->lock);
	user->pinned_bytes -= bytes;
	spin_unlock(&user->lock);
}

/**
 * pumori_account_job() - note what a finished job used
 * @account: on whose account
 * @core: where it ran
 * @record: the chip's record of the job
 *
 * Any context.
 */
void pumori_account_job(struct pumori_account *account, u32 core,
			const struct pumori_hw_record *record)
{
	atomic64_add(record->device_ns, &account->core_busy_ns[core]);
	atomic64_add(record->cycles, &account->core_cycles[core]);
	atomic64_inc(&account->jobs);
	if (record->status == PUMORI_HW_JOB_FAULT || record->status == PUMORI_HW_JOB_KILLED)
		atomic64_inc(&account->faults);
	atomic64_add(record->device_ns, &account->user->busy_ns);
	atomic64_inc(&account->user->jobs);
}

/**
 * pumori_user_info() - look at one user of a device
 * @pumori: the device
 * @number: which one, in an order that changes when a user goes
 * @info: filled in
 *
 * Return: whether there are that many.
 */
bool pumori_user_info(struct pumori_device *pumori, u32 number, struct pumori_user_info *info)
{
	struct pumori_user *user;
	bool found = false;

	mutex_lock(&pumori->users_lock);
	list_for_each_entry(user, &pumori->users, link) {
		if (number--)
			continue;
		*info = (struct pumori_user_info) {
			.uid = user->uid,
			.hbm_bytes = atomic64_read(&user->hbm_bytes),
			.busy_ns = atomic64_read(&user->busy_ns),
			.jobs = atomic64_read(&user->jobs),
		};
		spin_lock(&user->lock);
		info->contexts = user->contexts;
		info->queues = user->queues;
		info->pinned_bytes = user->pinned_bytes;
		spin_unlock(&user->lock);
		found = true;
		break;
	}
	mutex_unlock(&pumori->users_lock);
	return found;
}
