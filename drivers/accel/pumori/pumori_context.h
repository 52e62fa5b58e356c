/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_CONTEXT_H
#define PUMORI_CONTEXT_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct drm_device;
struct drm_file;
struct pumori_context;
struct pumori_device;
struct pumori_file;
struct pumori_hw_record;
struct pumori_vm;

/**
 * struct pumori_context_info - a context as of one moment
 */
struct pumori_context_info {
	/** @id: number on the device */
	u32 id;
	/** @client: number of its file */
	u64 client;
	/** @pid: process that made it, with a reference */
	struct pid *pid;
	/** @uid: who opened its file */
	kuid_t uid;
	/** @command: name of the process */
	char command[TASK_COMM_LEN];
	/** @state: DRM_PUMORI_CONTEXT_* */
	u32 state;
	/** @queues: queues now */
	u32 queues;
	/** @core_mask: bit per core with a queue of it */
	u32 core_mask;
	/** @busy_ns: device time of finished jobs */
	u64 busy_ns;
	/** @cycles: model cycles of finished jobs */
	u64 cycles;
	/** @jobs: finished jobs */
	u64 jobs;
	/** @faults: jobs that faulted or were killed */
	u64 faults;
	/** @hbm_bytes: device memory of its file's buffers */
	u64 hbm_bytes;
	/** @host_bytes: host memory of its file's buffers */
	u64 host_bytes;
};

struct pumori_context *pumori_context_lookup(struct pumori_file *pfile, u32 id);
struct pumori_context *pumori_context_get(struct pumori_context *context);
void pumori_context_put(struct pumori_context *context);
struct pumori_vm *pumori_context_vm(const struct pumori_context *context);
u32 pumori_context_number(const struct pumori_context *context);
int pumori_context_add_queue(struct pumori_context *context, u32 core);
void pumori_context_remove_queue(struct pumori_context *context, u32 core);
bool pumori_context_info(struct pumori_device *pumori, unsigned long *number,
			 struct pumori_context_info *info);
void pumori_context_account(struct pumori_context *context, u32 core,
			    const struct pumori_hw_record *record);

int pumori_ioctl_context_create(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_context_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int pumori_ioctl_context_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif
