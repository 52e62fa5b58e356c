// SPDX-License-Identifier: GPL-2.0
/*
 * Two files for root: "inject" takes "KIND [CORE [COUNT]]" and tells the kinds and what is left,
 * "reset" takes "queue ID", "core CORE" or "device".
 */

#include <linux/debugfs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#include "pumori_device.h"
#include "pumori_fault.h"
#include "pumori_reset.h"

#define LINE_BYTES	64

/* A line of user space, without its end. */
static int read_line(char *line, const char __user *data, size_t size)
{
	if (size >= LINE_BYTES)
		return -EINVAL;
	if (copy_from_user(line, data, size))
		return -EFAULT;
	line[size] = 0;
	strim(line);
	return 0;
}

static int inject_show(struct seq_file *seq, void *unused)
{
	struct pumori_device *pumori = seq->private;
	const char *name;
	u32 kind, core;
	int idx;

	seq_puts(seq, "kinds:");
	for (kind = 0; (name = pumori_fault_name(kind)); kind++)
		seq_printf(seq, " %s", name);
	seq_putc(seq, '\n');
	if (!drm_dev_enter(&pumori->drm, &idx))
		return 0;
	for (core = 0; core < pumori->info.cores; core++) {
		u32 left = pumori_read(pumori, PUMORI_HW_CORE(core, PUMORI_HW_CORE_INJECT));

		seq_printf(seq, "core %u: %s %u\n", core, pumori_fault_name(left & 0xff) ?: "?",
			   left >> 8);
	}
	drm_dev_exit(idx);
	return 0;
}

static int inject_open(struct inode *inode, struct file *file)
{
	return single_open(file, inject_show, inode->i_private);
}

static ssize_t inject_write(struct file *file, const char __user *data, size_t size, loff_t *offset)
{
	struct pumori_device *pumori = ((struct seq_file *)file->private_data)->private;
	char line[LINE_BYTES], name[LINE_BYTES];
	u32 core = 0, count = 1;
	int ret;

	ret = read_line(line, data, size);
	if (ret)
		return ret;
	if (sscanf(line, "%63s %u %u", name, &core, &count) < 1)
		return -EINVAL;
	ret = pumori_fault_find(name);
	if (ret < 0)
		return ret;
	ret = pumori_fault_inject(pumori, core, ret, count);
	return ret ?: size;
}

static const struct file_operations inject_fops = {
	.owner = THIS_MODULE,
	.open = inject_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = inject_write,
	.release = single_release,
};

static ssize_t reset_write(struct file *file, const char __user *data, size_t size, loff_t *offset)
{
	struct pumori_device *pumori = file->private_data;
	char line[LINE_BYTES];
	u32 number;
	int ret;

	ret = read_line(line, data, size);
	if (ret)
		return ret;
	if (sscanf(line, "queue %u", &number) == 1)
		ret = pumori_reset_request(pumori, PUMORI_RESET_QUEUE, number);
	else if (sscanf(line, "core %u", &number) == 1)
		ret = pumori_reset_request(pumori, PUMORI_RESET_CORE, number);
	else if (!strcmp(line, "device"))
		ret = pumori_reset_request(pumori, PUMORI_RESET_DEVICE, 0);
	else
		ret = -EINVAL;
	return ret ?: size;
}

static const struct file_operations reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = reset_write,
};

/**
 * pumori_fault_debugfs_init() - make the files
 * @drm: the device
 */
void pumori_fault_debugfs_init(struct drm_device *drm)
{
	struct pumori_device *pumori = to_pumori_device(drm);

	debugfs_create_file("inject", 0600, drm->debugfs_root, pumori, &inject_fops);
	debugfs_create_file("reset", 0200, drm->debugfs_root, pumori, &reset_fops);
}
