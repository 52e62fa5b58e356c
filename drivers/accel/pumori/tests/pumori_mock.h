/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A chip that does what a test tells it: registers, control commands and completions as in
 * pumori/hw.h, but no instruction is ever executed. Jobs end when the test says so, and how.
 */
#ifndef PUMORI_MOCK_H
#define PUMORI_MOCK_H

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_ioctl.h>
#include <drm/pumori_accel.h>

#include <pumori/hw.h>

#include "../pumori_bus.h"
#include "../pumori_device.h"

#define MOCK_CORES	2
#define MOCK_HBM_BYTES	BIT_ULL(26)
#define MOCK_HISTORY	128
#define MOCK_WAIT_MS	120000

/**
 * struct pumori_mock_core - one core of the mock
 */
struct pumori_mock_core {
	/** @control_head: index of the next control command */
	u32 control_head;
	/** @event_index: index of the next event */
	u32 event_index;
	/** @runlist: bus addresses of queue descriptors, copied when the command came */
	u64 runlist[64];
	/** @queues: used elements of @runlist */
	u32 queues;
};

/**
 * struct pumori_mock - a device on a mocked bus, with one open file
 */
struct pumori_mock {
	/** @base: the device under test */
	struct pumori_device base;
	/** @bus: its bus */
	struct pumori_bus bus;
	/** @test: the test */
	struct kunit *test;
	/** @filp: an open file of the device */
	struct file *filp;
	/** @file: the same for DRM */
	struct drm_file *file;
	/** @mm: the test's user memory, which a call borrows */
	struct mm_struct *mm;
	/** @user: next free byte of it */
	unsigned long user;
	/** @user_end: its end */
	unsigned long user_end;

	/** @lock: protects what follows */
	spinlock_t lock;
	/** @reg: BAR0 */
	u32 reg[PUMORI_HW_REG_BYTES / sizeof(u32)];
	/** @core: cores */
	struct pumori_mock_core core[MOCK_CORES];
	/** @silent: control commands stay unanswered, until a reset of the device */
	bool silent;
	/** @stuck: it does not obey resets */
	bool stuck;
	/** @stopped: the bus was stopped */
	bool stopped;
	/** @history: control commands in the order in which they came, of all cores */
	struct pumori_hw_control history[MOCK_HISTORY];
	/** @commands: how many there were */
	u32 commands;
	/** @core_resets: core resets asked for */
	u32 core_resets;
	/** @device_resets: device resets asked for */
	u32 device_resets;
	/** @doorbells: doorbells rung */
	u32 doorbells;
	/** @pages: pages that have a bus address now */
	atomic_t pages;
	/** @work: answers control commands */
	struct work_struct work;
};

/**
 * struct pumori_mock_queue - a queue made by pumori_mock_queue_create()
 */
struct pumori_mock_queue {
	/** @vm: id of its VM */
	u32 vm;
	/** @context: id of its context */
	u32 context;
	/** @program: id of a program whose entry 0 takes nothing */
	u32 program;
	/** @id: id in the file */
	u32 id;
	/** @core: where it runs */
	u32 core;
	/** @hw: its descriptor */
	struct pumori_hw_queue *hw;
	/** @completion: its completion page */
	struct pumori_hw_completion *completion;
	/** @head: commands that the test has ended */
	u32 head;
};

int pumori_mock_init(struct kunit *test);
void pumori_mock_exit(struct kunit *test);

/* An ioctl by its number, with @data as the core has copied it from user space. */
int pumori_mock_ioctl(struct pumori_mock *mock, unsigned int cmd, void *data);
/* Puts bytes where user space would have them; the address stays valid to the end of the test. */
u64 pumori_mock_user(struct pumori_mock *mock, const void *data, size_t size);
void pumori_mock_write(struct pumori_mock *mock, u64 to, const void *data, size_t size);
void pumori_mock_read(struct pumori_mock *mock, void *data, u64 from, size_t size);

void pumori_mock_queue_create(struct pumori_mock *mock, struct pumori_mock_queue *queue, u32 core);
u64 pumori_mock_program(struct pumori_mock *mock, u32 variables, u32 *size);
u32 pumori_mock_syncobj(struct pumori_mock *mock);
struct dma_fence *pumori_mock_fence(struct pumori_mock *mock, u32 syncobj);
int pumori_mock_submit(struct pumori_mock *mock, struct pumori_mock_queue *queue, u32 wait,
		       u32 signal, u64 *sequence);

/* Whether the ring holds @count more commands than the test has ended, within MOCK_WAIT_MS. */
bool pumori_mock_pending(struct pumori_mock_queue *queue, u32 count);
struct pumori_hw_command *pumori_mock_command(struct pumori_mock_queue *queue, u32 index);
/* Writes the records of the next @count jobs and no event. */
void pumori_mock_record(struct pumori_mock_queue *queue, u32 count, u32 status);
void pumori_mock_event(struct pumori_mock *mock, u32 core, struct pumori_hw_event event);
void pumori_mock_interrupt(struct pumori_mock *mock);
/* The next @count jobs end with @status, the driver is told and has heard of it on return. */
void pumori_mock_end(struct pumori_mock *mock, struct pumori_mock_queue *queue, u32 count,
		     u32 status);

/* How many control commands of this kind were given. */
u32 pumori_mock_commands(struct pumori_mock *mock, u32 opcode);

#define mock_wait_for(condition)						\
({										\
	unsigned long __end = jiffies + msecs_to_jiffies(MOCK_WAIT_MS);		\
	bool __met;								\
										\
	while (!(__met = (condition)) && time_before(jiffies, __end))		\
		fsleep(1000);							\
	__met;									\
})

#endif
