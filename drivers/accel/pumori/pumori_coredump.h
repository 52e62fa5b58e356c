/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PUMORI_COREDUMP_H
#define PUMORI_COREDUMP_H

struct pumori_coredump;
struct pumori_device;
struct pumori_queue;

int pumori_coredump_init(struct pumori_device *pumori);
void pumori_coredump_take(struct pumori_device *pumori, struct pumori_queue *queue,
			  const char *reason);
void pumori_coredump_end(struct pumori_device *pumori);

#endif
